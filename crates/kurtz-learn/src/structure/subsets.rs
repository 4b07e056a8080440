//! The best subsets of the terms of a least-squares problem, none left out.
//!
//! No subset can have a smaller residual than all terms together, so a good subset found quickly bounds the size of those
//! worth looking at; if they are few they are all solved. Else branch and bound from the full set downwards:
//! dropping a term can only raise the residual, so a set that is already too bad ends its branch (G. M. Furnival, R. W.
//! Wilson, Technometrics 16 (1974) 499-511).

use crate::linear::{Compressed, non_negative};
use std::collections::BTreeMap;

/// A subset of the terms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subset {
    /// Positions, increasing.
    pub terms: Vec<usize>,
    /// Coefficients, in that order.
    pub coefficients: Vec<f64>,
    /// Residual plus penalty per term.
    pub score: f64,
}

impl Subset {
    /// The coefficients of all `terms` terms, zero for those left out.
    pub fn spread(&self, terms: usize) -> Vec<f64> {
        let mut all = vec![0.0; terms];
        self.terms.iter().zip(&self.coefficients).for_each(|(&j, &x)| all[j] = x);
        all
    }
}

/// All subsets whose score is within `window` of the best, best first, and whether the search was complete.
///
/// With `bounded`, coefficients so marked must be positive: a subset whose best solution has one at zero is the smaller
/// subset, and not listed. Linearly dependent subsets are not listed either: smaller ones do the same.
pub(crate) fn best_subsets(
    problem: &Compressed,
    bounded: &[bool],
    penalty: f64,
    window: f64,
    max_subsets: usize,
) -> (Vec<Subset>, bool) {
    let p = problem.terms();
    let all: Vec<usize> = (0..p).collect();
    let everything = non_negative(problem, &all, bounded);
    let least = problem.residual(&everything);
    let mut search =
        Search { problem, bounded, penalty, window, best: f64::INFINITY, found: BTreeMap::new(), left: max_subsets };
    search.step_by_step((0..p).filter(|&j| everything[j] != 0.0).collect());
    let size = ((search.best + window - least) / penalty).floor().min(p as f64) as usize;
    let complete = if subsets_up_to(p, size) <= max_subsets as f64 {
        (0..=size).for_each(|size| search.enumerate(&mut Vec::with_capacity(size), 0, size));
        true
    } else {
        search.visit(&search.by_importance(), 0, least);
        search.left > 0
    };
    let line = search.best + window;
    let found = search.found;
    // What a term that hardly lowers the residual is added to says the same without it.
    let is_padded = |s: &Subset| {
        (0..s.terms.len()).any(|k| {
            let mut without = s.terms.clone();
            without.remove(k);
            found.get(&without).is_some_and(|w| w.score + penalty - s.score < LEAST_GAIN)
        })
    };
    let mut found: Vec<Subset> = found.values().filter(|s| s.score <= line && !is_padded(s)).cloned().collect();
    found.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| a.terms.cmp(&b.terms)));
    (found, complete)
}

/// A term that lowers the residual (in units of chi-square) by less is padding.
const LEAST_GAIN: f64 = 1e-2;

/// How many subsets of `p` terms have at most `size`.
fn subsets_up_to(p: usize, size: usize) -> f64 {
    let (mut count, mut sum) = (1.0, 1.0);
    for k in 1..=size {
        count *= (p - k + 1) as f64 / k as f64;
        sum += count;
    }
    sum
}

struct Search<'a> {
    problem: &'a Compressed,
    bounded: &'a [bool],
    penalty: f64,
    window: f64,
    best: f64,
    found: BTreeMap<Vec<usize>, Subset>,
    left: usize,
}

impl Search<'_> {
    /// A good subset to begin with: from `terms`, whatever change of one term (out, in, exchanged) lowers the score most.
    fn step_by_step(&mut self, mut terms: Vec<usize>) {
        let p = self.problem.terms();
        let mut current = self.offer(&terms).unwrap_or(f64::INFINITY);
        for _ in 0..4 * p {
            let mut trials = Vec::new();
            for k in 0..terms.len() {
                let mut without = terms.clone();
                without.remove(k);
                trials.push(without);
            }
            let outside: Vec<usize> = (0..p).filter(|j| !terms.contains(j)).collect();
            for &j in &outside {
                trials.push(terms.iter().copied().chain([j]).collect());
                for k in 0..terms.len() {
                    let mut exchanged = terms.clone();
                    exchanged[k] = j;
                    trials.push(exchanged);
                }
            }
            let scored = trials.into_iter().filter_map(|t| self.offer(&t).map(|score| (score, t)));
            let Some((score, best)) = scored.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
            if score >= current {
                break;
            }
            (current, terms) = (score, best);
        }
    }

    /// All subsets of `size` terms that begin with `chosen` and go on from `next`.
    fn enumerate(&mut self, chosen: &mut Vec<usize>, next: usize, size: usize) {
        if chosen.len() == size {
            self.offer(chosen);
            return;
        }
        for j in next..=self.problem.terms() + chosen.len() - size {
            if j < self.problem.terms() {
                chosen.push(j);
                self.enumerate(chosen, j + 1, size);
                chosen.pop();
            }
        }
    }

    /// The terms, the most telling first: dropping one of them ends the largest branch.
    fn by_importance(&self) -> Vec<usize> {
        let p = self.problem.terms();
        let alone = |j: usize| self.problem.solve(&[j]).map_or(f64::INFINITY, |s| s.residual);
        let without = |j: usize| {
            let others: Vec<usize> = (0..p).filter(|&i| i != j).collect();
            self.problem.solve(&others).map_or(0.0, |s| s.residual)
        };
        let keys: Vec<(f64, f64)> = (0..p).map(|j| (without(j), alone(j))).collect();
        let mut order: Vec<usize> = (0..p).collect();
        order.sort_by(|&i, &j| keys[j].0.total_cmp(&keys[i].0).then(keys[i].1.total_cmp(&keys[j].1)));
        order
    }

    /// Visits `kept` and all its subsets that contain its first `fixed` terms; none has a residual below `floor`.
    fn visit(&mut self, kept: &[usize], fixed: usize, floor: f64) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let residual = match self.problem.solve(kept) {
            Some(solution) if self.is_inside(kept, &solution.x) => {
                self.keep(kept, &solution.x, solution.residual);
                solution.residual
            }
            Some(_) => self.problem.residual(&non_negative(self.problem, kept, self.bounded)),
            None => floor,
        };
        let residual = residual.max(floor);
        if residual + self.penalty * fixed as f64 > self.best + self.window {
            return;
        }
        for i in fixed..kept.len() {
            let mut child = kept.to_vec();
            child.remove(i);
            self.visit(&child, i, residual);
        }
    }

    fn is_inside(&self, terms: &[usize], x: &[f64]) -> bool {
        terms.iter().zip(x).all(|(&j, &x)| !self.bounded[j] || x > 0.0)
    }

    /// Solves a subset and keeps it if it is good; its score, if it has a solution inside the bounds.
    fn offer(&mut self, terms: &[usize]) -> Option<f64> {
        let solution = self.problem.solve(terms).filter(|s| self.is_inside(terms, &s.x))?;
        self.keep(terms, &solution.x, solution.residual);
        Some(solution.residual + self.penalty * terms.len() as f64)
    }

    fn keep(&mut self, terms: &[usize], x: &[f64], residual: f64) {
        let score = residual + self.penalty * terms.len() as f64;
        if score > self.best + self.window {
            return;
        }
        self.best = self.best.min(score);
        let mut pairs: Vec<(usize, f64)> = terms.iter().copied().zip(x.iter().copied()).collect();
        pairs.sort_by_key(|&(j, _)| j);
        let (terms, coefficients): (Vec<usize>, Vec<f64>) = pairs.into_iter().unzip();
        self.found.insert(terms.clone(), Subset { terms, coefficients, score });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Matrix;
    use proptest::prelude::*;

    fn brute_force(problem: &Compressed, bounded: bool, penalty: f64, window: f64) -> Vec<Subset> {
        let mut all = Vec::new();
        for mask in 0u32..1 << problem.terms() {
            let terms: Vec<usize> = (0..problem.terms()).filter(|j| mask >> j & 1 == 1).collect();
            if let Some(s) = problem.solve(&terms)
                && (!bounded || s.x.iter().all(|v| *v > 0.0))
            {
                let score = s.residual + penalty * terms.len() as f64;
                all.push(Subset { terms, coefficients: s.x, score });
            }
        }
        all.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| a.terms.cmp(&b.terms)));
        let line = all[0].score + window;
        let is_padded = |s: &Subset| {
            let inside = |t: &Subset| t.terms.len() + 1 == s.terms.len() && t.terms.iter().all(|j| s.terms.contains(j));
            all.iter().any(|t| inside(t) && t.score + penalty - s.score < LEAST_GAIN)
        };
        all.iter().filter(|s| s.score <= line && !is_padded(s)).cloned().collect()
    }

    proptest! {
        #[test]
        fn the_search_finds_what_brute_force_finds(
            values in prop::collection::vec(-1.0..1.0f64, 12 * 8),
            size in 0.1..30.0f64,
            bounded: bool,
        ) {
            let mut rows = Matrix::from_rows(12, 8, values);
            (0..12).for_each(|i| rows[(i, 7)] += size * (rows[(i, 1)] + 0.5 * rows[(i, 4)]));
            let problem = Compressed::new(&rows);
            let expected = brute_force(&problem, bounded, 1.5, 4.0);
            // By enumeration, and by branch and bound: with 127 allowed the 128 subsets cannot be enumerated.
            for max_subsets in [1000, 127] {
                let (found, complete) = best_subsets(&problem, &[bounded; 7], 1.5, 4.0, max_subsets);
                prop_assert!(complete || max_subsets == 127);
                if !complete {
                    continue;
                }
                prop_assert_eq!(found.len(), expected.len());
                for (a, b) in found.iter().zip(&expected) {
                    prop_assert!((a.score - b.score).abs() < 1e-9);
                    prop_assert_eq!(&a.terms, &b.terms);
                }
            }
        }
    }
}
