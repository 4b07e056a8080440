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
use crate::condition::Condition;
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
    /// Whether all subsets were searched (their scores linearised around the best structure, the leading ones refitted)
    /// and the search came to rest; otherwise there may be more equivalent structures, or a better one.
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
        for round in 1..=ROUNDS {
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
            complete &= subsets.len() <= self.settings.max_refits && (next == reference || round < ROUNDS);
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
        let filled: Vec<Condition> = conditions.iter().map(Condition::with_missing_covariances_at_zero).collect();
        let form = IntegralForm::new(library, &filled)?;
        let zero = vec![0.0; library.term_count()];
        let (problem, _) = form.compressed(&zero, Weighting::Full)?;
        let (subsets, _) = best_subsets(&problem, self.bounded, self.penalty, 1e3, self.settings.max_subsets);
        let mut refusal = LearnError::NotIdentifiable {
            what: "any structure".into(),
            reason: "no subset of the candidate terms describes the data; offer other terms".into(),
        };
        for subset in subsets.iter().filter(|s| !s.terms.is_empty()).take(20) {
            let start = subset.spread(self.bounded.len());
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

    /// The fit of a subset; `None` if it cannot be integrated, or if a coefficient goes to its bound.
    fn refit(&self, shooting: &Shooting<'_>, subset: &Subset) -> Option<Fit> {
        let p = self.bounded.len();
        let start = shooting.with_initial_values(&subset.spread(self.bounded.len()));
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
    use crate::synthetic::ExactMoments;
    use crate::testing;

    /// The terms of eq. 11 that are there: A in dA/dt; A and B in dB/dt.
    const TRUTH: [usize; 3] = [0, 5, 6];
    /// Their values.
    const VALUES: [f64; 3] = [0.00792, 1.09208, -0.31];

    /// What the search finds in synthetic weekly means, with the given numbers of trajectories, for each seed.
    fn search(experiments: &[(f64, u64)], seeds: std::ops::Range<u64>) -> Vec<StructureSet> {
        let exact: Vec<ExactMoments> = experiments.iter().map(|&(n, _)| testing::exact(n, 20, 1)).collect();
        let library = PolynomialLibrary::full(testing::species(), 1, 2);
        let search = |seed: u64| {
            let draws = exact.iter().zip(experiments).enumerate();
            let conditions = draws.map(|(k, (exact, &(_, n)))| exact.draw_condition(n, 1000 * k as u64 + seed, 1));
            let data = WeightedData::new(conditions.collect::<Result<_, _>>().unwrap(), Weighting::Full).unwrap();
            let (selection, fits, steps) =
                (SelectionSettings::default(), FitSettings::default(), ShootingSettings::default());
            select_terms(&library, &data, &[false; 10], &selection, &fits, &steps).unwrap()
        };
        seeds.map(search).collect()
    }

    fn exact_count(sets: &[StructureSet]) -> usize {
        sets.iter().filter(|s| s.best().terms == TRUTH).count()
    }

    fn holds_truth(set: &StructureSet) -> bool {
        set.structures.iter().any(|s| s.terms == TRUTH)
    }

    /// Errors in standard errors and against the accuracy asked for: 1.5e-4 absolute, 0.12 %, 0.15 %.
    fn assert_accurate(set: &StructureSet) {
        let fit = &set.best().fit;
        for ((&j, value), line) in TRUTH.iter().zip(VALUES).zip([1.5e-4, 0.0012 * 1.09208, 0.0015 * 0.31]) {
            let error = fit.parameters[j] - value;
            assert!(error.abs() < line, "term {j}: {error}");
            assert!(error.abs() < 4.9 * fit.standard_error(j), "term {j}: {error} +- {}", fit.standard_error(j));
        }
    }

    #[test]
    fn three_initial_conditions_give_the_exact_structure() {
        let sets = search(&[(5.0, 333_333), (10.0, 333_333), (20.0, 333_334)], 0..4);
        assert_eq!(exact_count(&sets), 4);
        sets.iter().for_each(assert_accurate);
        assert!(sets.iter().all(|s| s.complete));
    }

    #[test]
    fn one_initial_condition_gives_it_with_a_million_trajectories() {
        let sets = search(&[(10.0, 1_000_000)], 0..4);
        assert_eq!(exact_count(&sets), 4);
        sets.iter().for_each(assert_accurate);
    }

    #[test]
    fn with_too_few_trajectories_the_truth_is_among_the_equivalent_structures() {
        // With 1e4 trajectories from one initial state, A and A^2 in dA/dt cannot be told apart.
        let sets = search(&[(10.0, 10_000)], 0..3);
        assert!(sets.iter().all(holds_truth));
        assert!(sets.iter().all(|s| s.structures.len() > 1), "several structures are equivalent");
    }

    #[test]
    #[ignore = "two minutes: 200 seeds each; cargo test -p kurtz-learn -- --ignored two_hundred"]
    fn structure_over_two_hundred_seeds() {
        let three = search(&[(5.0, 333_333), (10.0, 333_333), (20.0, 333_334)], 0..200);
        let one = search(&[(10.0, 1_000_000)], 0..200);
        for (name, sets) in [("three initial conditions", &three), ("one", &one)] {
            let size = sets.iter().map(|s| s.structures.len()).sum::<usize>() as f64 / 200.0;
            let inside = sets.iter().filter(|s| holds_truth(s)).count();
            println!(
                "{name}: exact {}/200, truth among equivalent {inside}/200, mean size {size:.2}",
                exact_count(sets)
            );
        }
        assert!(exact_count(&three) >= 190 && three.iter().all(holds_truth));
        assert!(exact_count(&one) >= 150 && one.iter().all(holds_truth));
        three.iter().filter(|s| s.best().terms == TRUTH).for_each(assert_accurate);
    }
}
