//! Which terms the equations of the means have (eq. 11), from one initial state and from several.

use super::Settings;
use super::sampling::Sampled;
use crate::Error;
use crate::study::simulate::halted;
use crate::study::{ModelFile, output_times};
use kurtz_dynamics::Progress;
use kurtz_dynamics::ensemble::{Ensemble, MomentRecorder};
use kurtz_dynamics::method::method_named;
use kurtz_dynamics::moments::{ClosedMoments, Form, MomentHierarchy, Sensitivity};
use kurtz_learn::Condition;
use kurtz_learn::design::{Advice, rate_proposals, usual_proposals};
use kurtz_learn::fit::{FitSettings, ShootingSettings, WeightedData, Weighting};
use kurtz_learn::library::{Library, PolynomialLibrary};
use kurtz_learn::structure::{SelectionSettings, StructureSet, select_terms};
use kurtz_model::Kinetics;
use kurtz_model::kinetics::Changes;
use kurtz_ode::VectorField;
use kurtz_report::{Cell, Check, Section, Table, plain};

/// Coefficients of smaller size are rounding errors of zero: those that are there are of the size of rate constants.
pub const NOTHING: f64 = 1e-12;

/// Structures found for the equations of the means.
pub struct Structures {
    library: PolynomialLibrary,
    /// The true coefficients, `[terms]`.
    truth: Vec<f64>,
    single: StructureSet,
    /// Which further experiment would tell apart what one initial state leaves open, the most telling first.
    advice: Vec<Advice>,
    several: StructureSet,
    single_name: String,
    several_name: String,
}

/// Searches all subsets of the terms up to second order, from one and from several initial states.
pub fn run(
    settings: &Settings,
    model: &ModelFile,
    sampled: &Sampled,
    progress: &dyn Progress,
) -> Result<Structures, Error> {
    let species = sampled.moments.species.clone();
    let library = PolynomialLibrary::full(species.clone(), 1, 2);
    let truth = true_coefficients(model, &library)?;
    let one = vec![Condition::from_moments("ensemble", &sampled.moments, 1)?];
    let single = search(&library, one.clone())?;
    let advice = advise(&library, one, &single)?;
    let share = settings.trajectories / settings.founders.len().max(1) as u64;
    let mut conditions = Vec::new();
    for &founders in &settings.founders {
        conditions.push(sample(settings, model, founders, share, progress)?);
    }
    let names: Vec<String> = settings.founders.iter().map(u32::to_string).collect();
    Ok(Structures {
        single_name: format!("{} trajectories from one initial state", settings.trajectories),
        several_name: format!("{share} trajectories each from {} = {}", species[0], names.join(", ")),
        single,
        advice,
        several: search(&library, conditions)?,
        library,
        truth,
    })
}

fn search(library: &PolynomialLibrary, conditions: Vec<Condition>) -> Result<StructureSet, Error> {
    let data = WeightedData::new(conditions, Weighting::Full)?;
    let free = vec![false; library.term_count()];
    let (selection, fits, steps) = (SelectionSettings::default(), FitSettings::default(), ShootingSettings::default());
    Ok(select_terms(library, &data, &free, &selection, &fits, &steps)?)
}

fn advise(
    library: &PolynomialLibrary,
    conditions: Vec<Condition>,
    structures: &StructureSet,
) -> Result<Vec<Advice>, Error> {
    let data = WeightedData::new(conditions, Weighting::Full)?;
    Ok(rate_proposals(library, &data, structures, &usual_proposals(&data), &ShootingSettings::default())?)
}

/// The means of an ensemble from another number of founders.
fn sample(
    settings: &Settings,
    model: &ModelFile,
    founders: u32,
    trajectories: u64,
    progress: &dyn Progress,
) -> Result<Condition, Error> {
    let network = model.kinetics.network();
    let initial = vec![(network.species[0].name.clone(), f64::from(founders))];
    let kinetics = Kinetics::with_changes(network, &Changes { initial, ..Changes::default() })?;
    let method = method_named("direct")?;
    // Each initial state has trajectories of its own, independent of those of the ensemble.
    let seed = settings.seed.wrapping_add(1000 + u64::from(founders));
    let times = output_times(0.0, settings.end, settings.steps)?;
    let ensemble = Ensemble::at(&kinetics, method.as_ref(), trajectories, seed, times);
    let outcome = ensemble.run(MomentRecorder::new(1, 1), progress)?;
    if let Some(halt) = &outcome.halt {
        return Err(halted(halt, &model.network, method.name()));
    }
    let Some(moments) = outcome.output else { return Err(Error::Interrupted) };
    Ok(Condition::from_moments(format!("{founders} founders"), &moments, 1)?)
}

/// The coefficients of the equations of the means, which are linear, in the terms of a library.
pub fn true_coefficients(model: &ModelFile, library: &PolynomialLibrary) -> Result<Vec<f64>, Error> {
    let hierarchy = MomentHierarchy::derive(model.kinetics.network(), 1, Form::Central)?;
    let field = ClosedMoments::new(&hierarchy, &model.kinetics, None, Sensitivity::None)?;
    let n = field.dimension();
    let mut jacobian = vec![0.0; n * n];
    field.jacobian(0.0, &vec![0.0; n], &mut jacobian);
    let coefficient = |term: &kurtz_learn::library::Term| {
        let linear = term.powers.iter().sum::<u32>() == 1;
        let of = term.powers.iter().position(|&e| e == 1);
        of.filter(|_| linear).map_or(0.0, |k| jacobian[term.equation * n + k])
    };
    Ok(library.terms().iter().map(coefficient).collect())
}

impl Structures {
    fn true_terms(&self) -> Vec<usize> {
        (0..self.truth.len()).filter(|&j| self.truth[j].abs() > NOTHING).collect()
    }

    fn holds_truth(&self, set: &StructureSet) -> bool {
        set.structures.iter().any(|s| s.terms == self.true_terms())
    }

    /// A sentence for the summary.
    pub fn summary(&self) -> String {
        let found = |set: &StructureSet| {
            if set.best().terms == self.true_terms() { "exactly the true terms" } else { "not exactly the true terms" }
        };
        format!(
            "For the equations of the means, {} give {} with {} structures that the data cannot tell apart; {} give {} \
             with {}.",
            self.single_name,
            found(&self.single),
            self.single.structures.len(),
            self.several_name,
            found(&self.several),
            self.several.structures.len()
        )
    }

    /// What was compared with the truth.
    pub fn checks(&self) -> Vec<Check> {
        let terms = |set: &StructureSet| {
            let names = self.library.term_names();
            set.best().terms.iter().map(|&j| names[j].clone()).collect::<Vec<_>>().join(", ")
        };
        vec![
            Check::claim(
                "structure of the means (11), one initial state",
                "the truth among the equivalent structures",
                format!("{} structures; best: {}", self.single.structures.len(), terms(&self.single)),
                "contained",
                self.holds_truth(&self.single),
            ),
            Check::claim(
                "structure of the means (11), several initial states",
                "exactly the true terms",
                terms(&self.several),
                "exactly",
                self.several.best().terms == self.true_terms(),
            ),
        ]
    }

    /// The section of the report.
    pub fn section(&self) -> Section {
        let names = self.library.term_names();
        let mut coefficients = Table::new(["term", "true", "one initial state", "several initial states"]);
        let cell = |set: &StructureSet, j: usize| match set.best().terms.contains(&j) {
            true => Cell::estimate(set.best().fit.parameters[j], set.best().fit.standard_error(j)),
            false => Cell::text("–"),
        };
        for (j, name) in names.iter().enumerate() {
            let truth = if self.truth[j] == 0.0 { Cell::text("–") } else { Cell::digits(self.truth[j], 5) };
            coefficients.push([Cell::text(plain(name)), truth, cell(&self.single, j), cell(&self.several, j)]);
        }
        let listing = |set: &StructureSet| {
            let mut table = Table::new(["terms", "χ²", "score"]);
            for s in set.structures.iter().take(10) {
                let terms: Vec<&str> = s.terms.iter().map(|&j| names[j].as_str()).collect();
                table.push([
                    Cell::text(plain(&terms.join(", "))),
                    Cell::digits(s.fit.chi2, 5),
                    Cell::digits(s.score, 3),
                ]);
            }
            table
        };
        let mut advice =
            Table::new(["further experiment", "least gain of χ² over a structure left", "gain of information"]);
        for a in self.advice.iter().take(6) {
            let least = a.least_separation.map_or(Cell::text("nothing left to separate"), |x| Cell::digits(x, 3));
            advice.push([Cell::text(plain(&a.proposal.name)), least, Cell::digits(a.information_gain, 3)]);
        }
        Section::new("Structure of the equations of the means")
            .paragraph(
                "All subsets of the ten terms of eq. 11 are compared by the χ² of their best fit, weighed by the \
                 sampling covariance, plus ln N for each term, with N the number of trajectories. Structures within 10 of \
                 the best are listed: data that cannot tell them apart say so.",
            )
            .table(coefficients.caption("Coefficients of the best structure."))
            .table(listing(&self.single).caption(format!("Structures by score: {}.", self.single_name)))
            .table(advice.caption(
                "What to do next, from the data of one initial state: experiments with as many trajectories again, by what \
                 they can be expected to bring. Information: gain of the logarithm of the determinant over all ten terms.",
            ))
            .table(listing(&self.several).caption(format!("Structures by score: {}.", self.several_name)))
    }
}
