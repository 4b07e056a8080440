//! Which of the candidates are there: as [`crate::structure::select_terms`], for any predictor whose first parameters are
//! rate constants, with candidates that are known to be there or whose constants are fixed.

use super::offer::{Given, Offer};
use super::subsets::best_non_negative_subsets;
use crate::error::LearnError;
use crate::fit::{Fit, FitSettings, Predictor, Restriction, WeightedData, fit_restricted, linearise};
use crate::linear::{Compressed, Matrix};
use crate::structure::{SelectionSettings, Structure, StructureSet, Subset};
use kurtz_dynamics::Progress;
use std::collections::BTreeMap;

/// Widens the window of the linearised search, whose scores are approximate.
const WIDER: f64 = 1.5;
const ROUNDS: usize = 6;

/// The question: which of the candidates of an offer, given data.
pub(crate) struct Selection<'a> {
    pub predictor: &'a dyn Predictor,
    pub data: &'a WeightedData,
    pub offer: &'a Offer,
    pub penalty: f64,
    pub settings: &'a SelectionSettings,
    pub fits: &'a FitSettings,
    pub progress: &'a dyn Progress,
}

/// The answer.
pub(crate) struct Selected {
    /// Terms are all candidates that are there, those known or fixed included; scores count those chosen.
    pub structures: StructureSet,
    /// The problem linearised at the best, in the terms `open`; unknown initial values are taken at their best.
    pub problem: Compressed,
    /// Candidates whose constants are to be found: the optional ones, then the known ones.
    pub open: Vec<usize>,
}

impl Selection<'_> {
    /// Searches from several sets of parameters; terms of a start are those with a positive constant.
    ///
    /// # Errors
    /// No start from which anything can be fitted; interruption.
    pub fn run(&self, starts: &[Vec<f64>]) -> Result<Selected, LearnError> {
        let optional: Vec<usize> = self.which(Given::Open);
        let known: Vec<usize> = self.which(Given::Known);
        let open: Vec<usize> = optional.iter().chain(&known).copied().collect();
        let mut fitted: BTreeMap<Vec<usize>, Fit> = BTreeMap::new();
        let mut refusal = LearnError::NotIdentifiable {
            what: "any structure".into(),
            reason: "no set of the candidate reactions describes the data; offer others".into(),
        };
        for start in starts {
            self.check_cancelled()?;
            let terms: Vec<usize> = optional.iter().copied().filter(|&j| start[j] > 0.0).collect();
            match self.fit(&terms, &known, start) {
                Ok(fit) => self.remember(&mut fitted, fit, &optional),
                Err(error) => refusal = error,
            }
        }
        let Some(mut reference) = self.best_of(&fitted) else { return Err(refusal) };
        let mut complete = true;
        for _ in 0..ROUNDS {
            let fit = &fitted[&reference];
            let here = fit.parameters.clone();
            let problem = self.linearised(&here, &open)?;
            let problem = problem.without_trailing(optional.len());
            let window = WIDER * self.settings.window;
            let (subsets, searched) =
                best_non_negative_subsets(&problem, self.penalty, window, self.settings.max_subsets);
            complete = searched && subsets.len() <= self.settings.max_refits;
            self.progress.begin("fitting structures", subsets.len().min(self.settings.max_refits) as u64);
            for subset in subsets.iter().take(self.settings.max_refits) {
                self.check_cancelled()?;
                self.progress.advance(1);
                self.refit(subset, &optional, &known, &here, &mut fitted);
            }
            let next = self.best_of(&fitted).expect("it holds the reference");
            if self.score(&next, &fitted[&next]) > self.score(&reference, &fitted[&reference]) - 1e-6 {
                break;
            }
            reference = next;
        }
        let best = self.score(&reference, &fitted[&reference]);
        let problem = self.linearised(&fitted[&reference].parameters, &open)?;
        let mut structures: Vec<Structure> = fitted
            .into_iter()
            .map(|(terms, fit)| Structure { score: self.score(&terms, &fit) - best, terms: self.present(&terms), fit })
            .filter(|s| s.score <= self.settings.window)
            .collect();
        structures.sort_by(|a, b| a.score.total_cmp(&b.score));
        Ok(Selected { structures: StructureSet { structures, penalty: self.penalty, complete }, problem, open })
    }

    fn which(&self, given: Given) -> Vec<usize> {
        (0..self.offer.given.len()).filter(|&j| self.offer.given[j] == given).collect()
    }

    fn check_cancelled(&self) -> Result<(), LearnError> {
        if self.progress.cancelled() { Err(LearnError::Cancelled) } else { Ok(()) }
    }

    /// Chosen terms and those that are there anyway.
    fn present(&self, chosen: &[usize]) -> Vec<usize> {
        let there = |j: &usize| self.offer.given[*j] != Given::Open || chosen.contains(j);
        (0..self.offer.given.len()).filter(there).collect()
    }

    fn score(&self, chosen: &[usize], fit: &Fit) -> f64 {
        fit.chi2 + self.penalty * chosen.len() as f64
    }

    fn best_of(&self, fitted: &BTreeMap<Vec<usize>, Fit>) -> Option<Vec<usize>> {
        let scores = fitted.iter().map(|(terms, fit)| (self.score(terms, fit), terms));
        scores.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, terms)| terms.clone())
    }

    /// The problem around given parameters in the constants of `open`.
    fn linearised(&self, here: &[f64], open: &[usize]) -> Result<Compressed, LearnError> {
        let first = self.offer.given.len();
        let by: Vec<usize> = open.iter().copied().chain(first..here.len()).collect();
        let values: Vec<f64> = by.iter().map(|&j| here[j]).collect();
        Ok(linearise(self.predictor, self.data, here, &by)?.shifted(&values).without_trailing(open.len()))
    }

    fn fit(&self, terms: &[usize], known: &[usize], start: &[f64]) -> Result<Fit, LearnError> {
        let first = self.offer.given.len();
        let mut from = start.to_vec();
        for j in (0..first).filter(|j| self.offer.given[*j] == Given::Open && !terms.contains(j)) {
            from[j] = 0.0;
        }
        let free = terms.iter().chain(known).copied().chain(first..from.len()).collect();
        // Amounts at the start are not negative either.
        let restriction = Restriction { free, bounded: vec![true; from.len()] };
        fit_restricted(self.predictor, self.data, &from, &restriction, self.fits)
    }

    /// Files a fit under the terms that are positive in it.
    fn remember(&self, fitted: &mut BTreeMap<Vec<usize>, Fit>, fit: Fit, optional: &[usize]) {
        let terms: Vec<usize> = optional.iter().copied().filter(|&j| fit.parameters[j] > 0.0).collect();
        if fit.chi2.is_finite() && fitted.get(&terms).is_none_or(|old| fit.chi2 < old.chi2) {
            fitted.insert(terms, fit);
        }
    }

    fn refit(
        &self,
        subset: &Subset,
        optional: &[usize],
        known: &[usize],
        here: &[f64],
        fitted: &mut BTreeMap<Vec<usize>, Fit>,
    ) {
        let terms: Vec<usize> = subset.terms.iter().map(|&i| optional[i]).collect();
        if fitted.contains_key(&terms) {
            return;
        }
        let mut start = here.to_vec();
        optional.iter().for_each(|&j| start[j] = 0.0);
        terms.iter().zip(&subset.coefficients).for_each(|(&j, &k)| start[j] = k);
        // Far from the reference the linear estimate may lie where the equations blow up; the reference does not.
        let fit = self.fit(&terms, known, &start).or_else(|_| {
            terms.iter().filter(|&&j| here[j] > 0.0).for_each(|&j| start[j] = here[j]);
            self.fit(&terms, known, &start)
        });
        if let Ok(fit) = fit {
            self.remember(fitted, fit, optional);
        }
    }
}

/// The problem in the terms of `open` alone, others zero except those fixed.
pub(crate) fn restrict(problem: &Compressed, open: &[usize], fixed: &[(usize, f64)]) -> Compressed {
    let (p, q) = (problem.terms(), open.len());
    let rows = Matrix::from_fn(p, q + 1, |i, k| match k == q {
        true => problem.z[i] - fixed.iter().map(|&(j, value)| problem.r[(i, j)] * value).sum::<f64>(),
        false => problem.r[(i, open[k])],
    });
    let mut restricted = Compressed::new(&rows);
    restricted.rest += problem.rest;
    restricted
}
