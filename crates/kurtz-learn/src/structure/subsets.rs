//! The best subsets of the terms of a least-squares problem, by branch and bound over all of them.
//!
//! G. M. Furnival, R. W. Wilson, Technometrics 16 (1974) 499-511: dropping a term can only raise the residual, so a set
//! that is already too bad ends its branch.

use crate::linear::{Compressed, non_negative};

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
/// subset, and not listed.
pub(crate) fn best_subsets(
    problem: &Compressed,
    bounded: &[bool],
    penalty: f64,
    window: f64,
    max_subsets: usize,
) -> (Vec<Subset>, bool) {
    let p = problem.terms();
    let mut search =
        Search { problem, bounded, penalty, window, best: f64::INFINITY, found: Vec::new(), left: max_subsets };
    // The most telling terms first: dropping one of them ends the largest branch.
    let alone = |j: usize| problem.solve(&[j]).map_or(f64::INFINITY, |s| s.residual);
    let rises = |j: usize| {
        let others: Vec<usize> = (0..p).filter(|&i| i != j).collect();
        problem.solve(&others).map_or(0.0, |s| s.residual)
    };
    let keys: Vec<(f64, f64)> = (0..p).map(|j| (rises(j), alone(j))).collect();
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|&i, &j| keys[j].0.total_cmp(&keys[i].0).then(keys[i].1.total_cmp(&keys[j].1)));
    search.visit(&order, 0, problem.rest);
    let complete = search.left > 0;
    let line = search.best + window;
    let mut found = search.found;
    found.retain(|s| s.score <= line);
    found.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| a.terms.cmp(&b.terms)));
    (found, complete)
}

struct Search<'a> {
    problem: &'a Compressed,
    bounded: &'a [bool],
    penalty: f64,
    window: f64,
    best: f64,
    found: Vec<Subset>,
    left: usize,
}

impl Search<'_> {
    /// Visits `kept` and all its subsets that contain its first `fixed` terms; none has a residual below `floor`.
    fn visit(&mut self, kept: &[usize], fixed: usize, floor: f64) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let mut residual = floor;
        if let Some(solution) = self.problem.solve(kept) {
            residual = solution.residual;
            if kept.iter().zip(&solution.x).all(|(&j, &x)| !self.bounded[j] || x > 0.0) {
                self.offer(kept, &solution.x, residual);
            } else {
                residual = self.problem.residual(&non_negative(self.problem, kept, self.bounded));
            }
        }
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

    fn offer(&mut self, kept: &[usize], x: &[f64], residual: f64) {
        let score = residual + self.penalty * kept.len() as f64;
        if score > self.best + self.window {
            return;
        }
        self.best = self.best.min(score);
        let mut pairs: Vec<(usize, f64)> = kept.iter().copied().zip(x.iter().copied()).collect();
        pairs.sort_by_key(|&(j, _)| j);
        let (terms, coefficients) = pairs.into_iter().unzip();
        self.found.push(Subset { terms, coefficients, score });
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
        all.retain(|s| s.score <= line);
        all
    }

    proptest! {
        #[test]
        fn branch_and_bound_finds_what_brute_force_finds(
            values in prop::collection::vec(-1.0..1.0f64, 12 * 8),
            size in 0.1..30.0f64,
            bounded: bool,
        ) {
            let mut rows = Matrix::from_rows(12, 8, values);
            (0..12).for_each(|i| rows[(i, 7)] += size * (rows[(i, 1)] + 0.5 * rows[(i, 4)]));
            let problem = Compressed::new(&rows);
            let (found, complete) = best_subsets(&problem, &[bounded; 7], 1.5, 4.0, 1000);
            let expected = brute_force(&problem, bounded, 1.5, 4.0);
            prop_assert!(complete);
            prop_assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                prop_assert!((a.score - b.score).abs() < 1e-9);
                prop_assert_eq!(&a.terms, &b.terms);
            }
        }
    }
}
