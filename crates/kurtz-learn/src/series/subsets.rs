//! The best subsets of non-negative terms, where many terms are linear combinations of others.
//!
//! Reactions with the same reactants are collinear in the rate equations, so that no full fit exists to start from.
//! Branch and bound over non-negative least squares needs none: the support of the solution with all terms allowed says
//! on which term to branch, and its residual bounds all subsets of them. (Lawson & Hanson 1974, chapter 23; Furnival &
//! Wilson 1974, doi:10.2307/1267601.)

use crate::linear::{Compressed, non_negative};
use crate::structure::Subset;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

/// A part of all subsets: those that contain `included` and only terms of `allowed`.
struct Node {
    included: Vec<usize>,
    allowed: Vec<usize>,
    /// The best solution with all of `allowed`, `[terms]`.
    x: Vec<f64>,
    residual: f64,
    /// Score of `included` alone.
    alone: f64,
    /// No subset of this node has a lower score.
    bound: f64,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    /// The lowest bound first in a heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other.bound.total_cmp(&self.bound).then_with(|| other.included.cmp(&self.included))
    }
}

/// All subsets of positive terms whose score (residual plus `penalty` per term) is within `window` of the best, best
/// first, and whether the search was complete within `most` nodes.
pub(crate) fn best_non_negative_subsets(
    problem: &Compressed,
    penalty: f64,
    window: f64,
    most: usize,
) -> (Vec<Subset>, bool) {
    let mut search = Search { problem, penalty, best: f64::INFINITY, found: BTreeMap::new() };
    let all: Vec<usize> = (0..problem.terms()).collect();
    let mut heap = BinaryHeap::new();
    let alone = search.score(&[]);
    heap.extend(search.node(Vec::new(), all, None, alone));
    let mut left = most;
    let complete = loop {
        let Some(node) = heap.pop() else { break true };
        if node.bound > search.best + window {
            break true;
        }
        if left == 0 {
            break false;
        }
        left -= 1;
        search.branch(node, &mut heap);
    };
    let line = search.best + window;
    let mut found: Vec<Subset> = search.found.into_values().filter(|s| s.score <= line).collect();
    found.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| a.terms.cmp(&b.terms)));
    (found, complete)
}

struct Search<'a> {
    problem: &'a Compressed,
    penalty: f64,
    best: f64,
    found: BTreeMap<Vec<usize>, Subset>,
}

impl Search<'_> {
    /// Score of a subset; it is remembered if all its terms are positive.
    fn score(&mut self, terms: &[usize]) -> f64 {
        if let Some(subset) = self.found.get(terms) {
            return subset.score;
        }
        let x = non_negative(self.problem, terms, &vec![true; self.problem.terms()]);
        let score = self.problem.residual(&x) + self.penalty * terms.len() as f64;
        if terms.iter().all(|&j| x[j] > 0.0) {
            let coefficients = terms.iter().map(|&j| x[j]).collect();
            self.found.insert(terms.to_vec(), Subset { terms: terms.to_vec(), coefficients, score });
            self.best = self.best.min(score);
        }
        score
    }

    fn node(
        &self,
        included: Vec<usize>,
        allowed: Vec<usize>,
        solution: Option<(Vec<f64>, f64)>,
        alone: f64,
    ) -> Option<Node> {
        let (x, residual) = solution.unwrap_or_else(|| {
            let x = non_negative(self.problem, &allowed, &vec![true; self.problem.terms()]);
            let residual = self.problem.residual(&x);
            (x, residual)
        });
        // Either nothing is added to `included`, or at least one more term is paid for.
        let bound = alone.min(residual + self.penalty * (included.len() + 1) as f64);
        Some(Node { included, allowed, x, residual, alone, bound })
    }

    fn branch(&mut self, node: Node, heap: &mut BinaryHeap<Node>) {
        let mut support: Vec<usize> = node.allowed.iter().copied().filter(|&j| node.x[j] > 0.0).collect();
        support.sort_unstable();
        self.score(&support);
        // The term whose loss would cost most decides first.
        let weight = |j: usize| node.x[j] * (0..=j).map(|i| self.problem.r[(i, j)].powi(2)).sum::<f64>().sqrt();
        let open = support.iter().copied().filter(|j| !node.included.contains(j));
        let Some(term) = open.max_by(|&a, &b| weight(a).total_cmp(&weight(b))) else { return };
        let mut included = node.included.clone();
        included.push(term);
        included.sort_unstable();
        let alone = self.score(&included);
        let same = Some((node.x, node.residual));
        heap.extend(self.node(included, node.allowed.clone(), same, alone));
        let without: Vec<usize> = node.allowed.into_iter().filter(|&j| j != term).collect();
        heap.extend(self.node(node.included, without, None, node.alone));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Matrix;
    use proptest::prelude::*;

    fn brute_force(problem: &Compressed, penalty: f64, window: f64) -> Vec<Subset> {
        let p = problem.terms();
        let mut all = Vec::new();
        for mask in 0u32..1 << p {
            let terms: Vec<usize> = (0..p).filter(|j| mask >> j & 1 == 1).collect();
            let x = non_negative(problem, &terms, &vec![true; p]);
            if terms.iter().all(|&j| x[j] > 0.0) {
                let coefficients = terms.iter().map(|&j| x[j]).collect();
                let score = problem.residual(&x) + penalty * terms.len() as f64;
                all.push(Subset { terms, coefficients, score });
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
        ) {
            let mut rows = Matrix::from_rows(12, 8, values);
            (0..12).for_each(|i| rows[(i, 7)] += size * (rows[(i, 1)] + 0.5 * rows[(i, 4)]));
            let problem = Compressed::new(&rows);
            let (found, complete) = best_non_negative_subsets(&problem, 1.5, 4.0, 10_000);
            let expected = brute_force(&problem, 1.5, 4.0);
            prop_assert!(complete);
            prop_assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                prop_assert!((a.score - b.score).abs() < 1e-9);
                prop_assert_eq!(&a.terms, &b.terms);
            }
        }
    }

    #[test]
    fn dependent_terms_are_listed_as_equals() {
        // The third term is the sum of the first two; the data are the first two.
        let rows = Matrix::from_fn(8, 4, |i, j| {
            let (a, b) = ((i as f64 + 1.0).sin() + 2.0, (i as f64).cos() + 2.0);
            [a, b, a + b, 20.0 * a + 30.0 * b][j]
        });
        let (found, complete) = best_non_negative_subsets(&Compressed::new(&rows), 1.0, 0.5, 1000);
        assert!(complete);
        // 2a + 3b as {a, b} or {b, a + b}, not {a, a + b}, which would need -a.
        let terms: Vec<&[usize]> = found.iter().map(|s| s.terms.as_slice()).collect();
        assert_eq!(terms, [&[0, 1][..], &[1, 2]]);
    }
}
