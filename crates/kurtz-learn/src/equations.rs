//! Right-hand sides of the observed quantities themselves, with no reactions assumed: sparse polynomials by evidence.

use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{FitSettings, LibraryModel, Shooting, ShootingSettings, WeightedData, Weighting, linearise};
use crate::identifiability::Identifiability;
use crate::library::{Library, PolynomialLibrary};
use crate::reactions::{structure_reports, structure_verdicts};
use crate::report::{DataSummary, Estimate, Goodness, Level, StructureReport, Verdict, finite};
use crate::structure::{SelectionSettings, StructureSet, select_terms};
use kurtz_ode::VectorField;
use serde::{Deserialize, Serialize};

/// Settings of [`learn_equations`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EquationSettings {
    /// Lowest degree of the monomials, 0 or 1. Default 1: no constant.
    pub lowest: u32,
    /// Highest degree of the monomials, 1 to 4. Default 2.
    pub order: u32,
    /// How terms are chosen.
    pub selection: SelectionSettings,
    /// How each structure is fitted.
    pub fit: FitSettings,
    /// How the equations are integrated.
    pub shooting: ShootingSettings,
}

impl Default for EquationSettings {
    fn default() -> Self {
        EquationSettings {
            lowest: 1,
            order: 2,
            selection: SelectionSettings::default(),
            fit: FitSettings::default(),
            shooting: ShootingSettings::default(),
        }
    }
}

/// Learned equations dx/dt = f(x): a vector field like any other.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedEquations {
    /// The terms that may be there.
    pub library: PolynomialLibrary,
    /// Their coefficients, zero for those left out.
    pub coefficients: Vec<f64>,
    /// What is known about them.
    pub report: EquationReport,
    /// The structures behind the report, with their covariances.
    pub structures: StructureSet,
}

/// What is known about learned equations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EquationReport {
    /// The data used.
    pub data: DataSummary,
    /// Each equation.
    pub equations: Vec<Equation>,
    /// The chosen structure and those that the data cannot tell from it, the best first.
    pub structures: Vec<StructureReport>,
    /// Whether all structures were searched.
    pub structures_complete: bool,
    /// What each term had to gain in chi-square to be kept.
    pub penalty_per_term: f64,
    /// How well the chosen structure describes the data.
    pub goodness: Goodness,
    /// What the data determine of all terms together.
    pub identifiability: Identifiability,
    /// Conclusions, in words.
    pub verdicts: Vec<Verdict>,
}

/// One learned equation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equation {
    /// The quantity whose derivative it gives.
    pub state: String,
    /// Its terms: monomial and coefficient, with the interval of two standard errors.
    pub terms: Vec<(String, Estimate)>,
}

/// Chooses polynomial right-hand sides for the observables of some conditions (say, means of counts: eq. 11 of Yang et
/// al. 2020) by evidence over all subsets of the monomials.
///
/// # Errors
/// No conditions, conditions that observe different things, degrees out of range, equations that cannot be integrated.
pub fn learn_equations(conditions: &[Condition], settings: &EquationSettings) -> Result<LearnedEquations, LearnError> {
    let first = conditions.first().ok_or(LearnError::Empty { what: "conditions" })?;
    if settings.lowest > settings.order || !(1..=4).contains(&settings.order) {
        let (what, value) = ("the degree of the library".into(), f64::from(settings.order));
        return Err(LearnError::BadValue { what, value, expected: "degrees go from 0 or 1 up to at most 4" });
    }
    let library = PolynomialLibrary::full(first.observables.clone(), settings.lowest, settings.order);
    let p = library.term_count();
    // A subset is a branch of a binary tree; beyond this the search is hopeless.
    const LIMIT: usize = 40;
    if p > LIMIT {
        return Err(LearnError::TooManyCandidates { count: p, limit: LIMIT });
    }
    let data = WeightedData::new(conditions.to_vec(), Weighting::Full)?;
    let free = vec![false; p];
    let structures = select_terms(&library, &data, &free, &settings.selection, &settings.fit, &settings.shooting)?;
    let best = structures.best();
    let model = LibraryModel(&library);
    let shooting = Shooting::new(&model, conditions)?.refined_at(&best.fit.parameters, &settings.shooting)?;
    let all: Vec<usize> = (0..best.fit.parameters.len()).collect();
    let problem = linearise(&shooting, &data, &best.fit.parameters, &all)?.without_trailing(p);
    let identifiability = Identifiability::of(&problem, &library.term_names());
    let goodness = data.goodness(best.fit.chi2, best.fit.degrees_of_freedom);
    let mut verdicts = vec![goodness.verdict()];
    verdicts.extend(structure_verdicts(&structures, "terms"));
    if conditions.len() == 1 && structures.structures.len() > 1 {
        verdicts.push(Verdict::new(
            Level::Caution,
            "one initial state tells little about structure; the same number of trajectories from several would tell more",
        ));
    }
    let report = EquationReport {
        data: DataSummary::of(&data),
        equations: equations(&library, &structures),
        structures: structure_reports(&structures, &library.term_names()),
        structures_complete: structures.complete,
        penalty_per_term: structures.penalty,
        goodness,
        identifiability,
        verdicts,
    };
    let coefficients = best.fit.parameters[..p].to_vec();
    Ok(LearnedEquations { library, coefficients, report, structures })
}

fn equations(library: &PolynomialLibrary, structures: &StructureSet) -> Vec<Equation> {
    let best = structures.best();
    let term = |j: usize| {
        let (value, error) = (best.fit.parameters[j], best.fit.standard_error(j));
        let (lower, upper) = (finite(value - 1.96 * error), finite(value + 1.96 * error));
        (library.monomial_name(j), Estimate { value, standard_error: finite(error), lower, upper })
    };
    let equation = |(i, state): (usize, String)| {
        let here = best.terms.iter().copied().filter(|&j| library.terms()[j].equation == i);
        Equation { state, terms: here.map(term).collect() }
    };
    library.state_names().into_iter().enumerate().map(equation).collect()
}

impl VectorField for LearnedEquations {
    fn dimension(&self) -> usize {
        self.library.dimension()
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        dx.fill(0.0);
        for (term, &theta) in self.library.terms().iter().zip(&self.coefficients).filter(|(_, t)| **t != 0.0) {
            let powers = term.powers.iter().zip(x).map(|(&e, &v)| v.powi(i32::try_from(e).unwrap_or(0)));
            dx[term.equation] += theta * powers.product::<f64>();
        }
    }

    fn jacobian(&self, _time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        let (n, p) = (self.library.dimension(), self.library.term_count());
        let mut gradients = vec![0.0; n * p * n];
        self.library.jacobian(x, &mut gradients);
        for (i, k) in (0..n * n).map(|e| (e / n, e % n)) {
            jacobian[i * n + k] = (0..p).map(|j| self.coefficients[j] * gradients[(i * p + j) * n + k]).sum();
        }
        true
    }

    fn names(&self) -> Vec<String> {
        self.library.state_names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_means_of_the_epidermis_give_eq_11_with_three_terms() {
        let condition = testing::exact(10.0, 20, 1).draw_condition(1_000_000, 1, 1).unwrap();
        let learned = learn_equations(&[condition], &EquationSettings::default()).unwrap();
        let terms: Vec<Vec<&str>> =
            learned.report.equations.iter().map(|e| e.terms.iter().map(|(m, _)| m.as_str()).collect()).collect();
        assert_eq!(terms, [vec!["<A>"], vec!["<A>", "<B>"]]);
        let mut dx = [0.0; 2];
        learned.evaluate(0.0, &[10.0, 5.0], &mut dx);
        assert!((dx[0] - 0.0792).abs() < 2e-3 && (dx[1] - (10.9208 - 1.55)).abs() < 0.02, "{dx:?}");
        let mut jacobian = [0.0; 4];
        assert!(learned.jacobian(0.0, &[10.0, 5.0], &mut jacobian));
        assert!((jacobian[2] - 1.092).abs() < 2e-3 && jacobian[1] == 0.0);
        // The library is collinear on these data: that is why structure is hard.
        assert!(learned.report.identifiability.condition.unwrap() > 1e3);
    }

    #[test]
    fn uncertain_starts_are_estimated_along() {
        // dx/dt = 1 - 0.5 x, measured singly with error 0.02 from the start on.
        let times: Vec<f64> = (0..30).map(|i| 0.3 * f64::from(i)).collect();
        let noise = |i: usize| 0.02 * ((i * i) as f64 * 1.7).sin() * 1.4;
        let values: Vec<f64> = times.iter().enumerate().map(|(i, t)| 2.0 - 1.5 * (-0.5 * t).exp() + noise(i)).collect();
        let covariance: Vec<f64> = (0..900).map(|e| if e % 31 == 0 { 4e-4 } else { 0.0 }).collect();
        let condition = Condition::new("c", times, vec!["x".into()], values, covariance, 1.0).unwrap();
        let settings = EquationSettings { lowest: 0, ..Default::default() };
        let learned = learn_equations(&[condition], &settings).unwrap();
        let fit = &learned.structures.best().fit;
        assert_eq!(learned.structures.best().terms, [0, 1]);
        assert_eq!(fit.parameters.len(), 4, "three terms and the start");
        for (j, truth) in [(0, 1.0), (1, -0.5), (3, 0.5)] {
            assert!((fit.parameters[j] - truth).abs() < 4.9 * fit.standard_error(j), "{fit:?}");
        }
    }
}
