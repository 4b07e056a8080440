//! Search for structure: all subsets of the terms by a linearised problem, the leading ones refitted exactly.
//!
//! 1. A first structure comes from the integral form, which needs no start.
//! 2. Around the best structure found so far the predictions are linearised in *all* terms, present or not; one
//!    orthogonal compression then gives the score of every subset.
//! 3. Those near the best are refitted by shooting, from their linearised coefficients. If one of them beats the
//!    structure around which the problem was linearised, step 2 repeats around it.
//!
//! Neither greedy elimination nor thresholds on coefficients are involved: on collinear libraries both fail even with
//! abundant data.

use super::criterion::SelectionSettings;
use super::subsets::{Subset, best_subsets};
use crate::error::LearnError;
use crate::fit::IntegralForm;
use crate::fit::{
    Fit, FitSettings, LibraryModel, Predictor, Restriction, Shooting, ShootingSettings, WeightedData, Weighting,
    fit_restricted, linearise,
};
use crate::library::Library;
use std::collections::BTreeMap;

/// One structure, fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    /// Positions of its terms in the library, increasing.
    pub terms: Vec<usize>,
    /// Its fit; parameters are over all terms of the library, zero for those left out.
    pub fit: Fit,
    /// Chi-square plus the penalty of its terms, less that of the best structure: twice the log of the odds against it.
    pub score: f64,
}

/// The best structure and those that the data cannot tell from it.
#[derive(Clone, Debug, PartialEq)]
pub struct StructureSet {
    /// Structures by score, the best first.
    pub structures: Vec<Structure>,
    /// What each term was asked to bring.
    pub penalty: f64,
    /// Whether all subsets were searched; otherwise there may be more equivalent structures, or a better one.
    pub complete: bool,
}

impl StructureSet {
    /// The best structure.
    pub fn best(&self) -> &Structure {
        &self.structures[0]
    }
}

/// Widens the window of the linearised search, whose scores are approximate.
const WIDER: f64 = 2.0;
const ROUNDS: usize = 6;

/// Chooses terms of a library by evidence, those marked in `non_negative` with coefficients > 0 only.
///
/// The conditions observe the states of the library.
///
/// # Errors
/// Too few data, conditions that do not fit, and no structure that can be integrated.
pub fn select_terms(
    library: &dyn Library,
    data: &WeightedData,
    non_negative: &[bool],
    settings: &SelectionSettings,
    fits: &FitSettings,
    shooting: &ShootingSettings,
) -> Result<StructureSet, LearnError> {
    let p = library.term_count();
    if non_negative.len() != p {
        let what = "marks of non-negative coefficients".into();
        return Err(LearnError::Length { what, expected: p, found: non_negative.len() });
    }
    if p == 0 {
        return Err(LearnError::Empty { what: "candidate terms" });
    }
    let model = LibraryModel(library);
    let search = Search {
        data,
        bounded: non_negative,
        penalty: settings.penalty.per_term(data, p),
        settings,
        fits,
        steps: shooting,
        model: &model,
    };
    search.run(library)
}

struct Search<'a> {
    data: &'a WeightedData,
    bounded: &'a [bool],
    penalty: f64,
    settings: &'a SelectionSettings,
    fits: &'a FitSettings,
    steps: &'a ShootingSettings,
    model: &'a LibraryModel<'a>,
}

impl Search<'_> {
    fn run(&self, library: &dyn Library) -> Result<StructureSet, LearnError> {
        let mut fitted: BTreeMap<Vec<usize>, Fit> = BTreeMap::new();
        let (mut reference, mut shooting) = self.first(library, &mut fitted)?;
        let mut complete = true;
        for _ in 0..ROUNDS {
            let fit = &fitted[&reference];
            let p = self.bounded.len();
            let all: Vec<usize> = (0..shooting.parameter_count()).collect();
            let problem = linearise(&shooting, self.data, &fit.parameters, &all)?.shifted(&fit.parameters);
            // Unknown initial values are always in; they cost nothing.
            let problem = problem.without_trailing(p);
            let window = WIDER * self.settings.window + self.penalty;
            let (subsets, searched) =
                best_subsets(&problem, self.bounded, self.penalty, window, self.settings.max_subsets);
            complete = searched;
            let mut best = self.score(&reference, fit);
            let mut next = reference.clone();
            for subset in subsets.iter().take(self.settings.max_refits) {
                if subset.terms.is_empty() {
                    continue;
                }
                if !fitted.contains_key(&subset.terms)
                    && let Some(fit) = self.refit(&shooting, subset)
                {
                    fitted.insert(subset.terms.clone(), fit);
                }
                if let Some(fit) = fitted.get(&subset.terms)
                    && self.score(&subset.terms, fit) < best - 1e-6
                {
                    best = self.score(&subset.terms, fit);
                    next.clone_from(&subset.terms);
                }
            }
            complete &= subsets.len() <= self.settings.max_refits;
            if next == reference {
                break;
            }
            reference = next;
            shooting = Shooting::new(self.model, self.data.conditions())?
                .refined_at(&fitted[&reference].parameters, self.steps)?;
        }
        let best = self.score(&reference, &fitted[&reference]);
        let mut structures: Vec<Structure> = fitted
            .into_iter()
            .map(|(terms, fit)| Structure { score: self.score(&terms, &fit) - best, terms, fit })
            .filter(|s| s.score <= self.settings.window)
            .collect();
        structures.sort_by(|a, b| a.score.total_cmp(&b.score));
        Ok(StructureSet { structures, penalty: self.penalty, complete })
    }

    fn score(&self, terms: &[usize], fit: &Fit) -> f64 {
        fit.chi2 + self.penalty * terms.len() as f64
    }

    /// A first structure by the integral form, refitted by shooting.
    fn first(
        &self,
        library: &dyn Library,
        fitted: &mut BTreeMap<Vec<usize>, Fit>,
    ) -> Result<(Vec<usize>, Shooting<'_>), LearnError> {
        let conditions = self.data.conditions();
        let form = IntegralForm::new(library, conditions)?;
        let zero = vec![0.0; library.term_count()];
        let problem = form.compressed(&zero, Weighting::Full)?;
        let (subsets, _) = best_subsets(&problem, self.bounded, self.penalty, 1e3, self.settings.max_subsets);
        let mut refusal = LearnError::NotIdentifiable {
            what: "any structure".into(),
            reason: "no subset of the candidate terms describes the data; offer other terms".into(),
        };
        for subset in subsets.iter().filter(|s| !s.terms.is_empty()).take(20) {
            let start = self.full(subset);
            let shooting = Shooting::new(self.model, conditions)?;
            let start = shooting.with_initial_values(&start);
            match shooting.refined_at(&start, self.steps) {
                Ok(shooting) => {
                    if let Some(fit) = self.refit(&shooting, subset) {
                        fitted.insert(subset.terms.clone(), fit);
                        return Ok((subset.terms.clone(), shooting));
                    }
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn full(&self, subset: &Subset) -> Vec<f64> {
        let mut parameters = vec![0.0; self.bounded.len()];
        subset.terms.iter().zip(&subset.coefficients).for_each(|(&j, &x)| parameters[j] = x);
        parameters
    }

    /// The fit of a subset; `None` if it cannot be integrated, or if a coefficient goes to its bound.
    fn refit(&self, shooting: &Shooting<'_>, subset: &Subset) -> Option<Fit> {
        let p = self.bounded.len();
        let start = shooting.with_initial_values(&self.full(subset));
        let free = subset.terms.iter().copied().chain(p..start.len()).collect();
        let bounded = self.bounded.iter().copied().chain((p..start.len()).map(|_| false)).collect();
        let fit = fit_restricted(shooting, self.data, &start, &Restriction { free, bounded }, self.fits).ok()?;
        let inside = subset.terms.iter().all(|&j| !self.bounded[j] || fit.parameters[j] > 0.0);
        (inside && fit.chi2.is_finite()).then_some(fit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::PolynomialLibrary;
    use crate::testing;

    /// The terms of eq. 11 that are there: A in dA/dt; A and B in dB/dt.
    const TRUTH: [usize; 3] = [0, 5, 6];

    fn search(initial: &[(f64, u64)], seed: u64, settings: &SelectionSettings) -> StructureSet {
        let library = PolynomialLibrary::full(testing::species(), 1, 2);
        let conditions = initial.iter().enumerate().map(|(k, &(n, trajectories))| {
            testing::exact(n, 20, 1).draw_condition(trajectories, 1000 * k as u64 + seed, 1).unwrap()
        });
        let data = WeightedData::new(conditions.collect(), Weighting::Full).unwrap();
        select_terms(&library, &data, &[false; 10], settings, &FitSettings::default(), &ShootingSettings::default())
            .unwrap()
    }

    #[test]
    #[ignore = "experiment"]
    fn experiment() {
        let seeds: u64 = std::env::var("SEEDS").map_or(40, |s| s.parse().unwrap());
        for (name, initial) in [
            ("three 1e6", vec![(5.0, 333_333), (10.0, 333_333), (20.0, 333_334)]),
            ("one 1e6", vec![(10.0, 1_000_000)]),
            ("one 1e5", vec![(10.0, 100_000)]),
            ("one 1e4", vec![(10.0, 10_000)]),
        ] {
            let (mut exact, mut inside, mut size, mut incomplete) = (0, 0, 0, 0);
            let clock = std::time::Instant::now();
            for seed in 0..seeds {
                let set = search(&initial, seed, &SelectionSettings::default());
                exact += u32::from(set.best().terms == TRUTH);
                let place = set.structures.iter().position(|s| s.terms == TRUTH);
                inside += u32::from(place.is_some());
                size += set.structures.len();
                incomplete += u32::from(!set.complete);
                if set.best().terms != TRUTH {
                    let score = place.map(|p| set.structures[p].score);
                    println!(
                        "   seed {seed}: {:?} chi2 {:.1}, truth at {score:?}",
                        set.best().terms,
                        set.best().fit.chi2
                    );
                }
            }
            println!(
                "{name}: exact {exact}/{seeds}, inside {inside}, mean size {:.1}, incomplete {incomplete}, {:.0} ms each",
                size as f64 / seeds as f64,
                clock.elapsed().as_secs_f64() * 1e3 / seeds as f64
            );
        }
    }
}
