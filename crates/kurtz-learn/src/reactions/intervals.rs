//! Intervals by profile chi-square on the linearised problem, with all rates >= 0.
//!
//! The interval of a rate holds the values at which chi-square, with the other rates chosen best, rises by less than the
//! quantile; at the bound it is one-sided. (Raue et al. 2009, Bioinformatics 25, 1923; the quadratic form of chi-square
//! is accurate where the intervals are small against the rates.)

use crate::linear::{Compressed, Matrix, non_negative};

/// Values of one term that the data allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub best: f64,
    pub lower: f64,
    /// Infinite if nothing bounds it.
    pub upper: f64,
}

/// The range of term `j` in which chi-square rises by at most `rise` above `best`, the minimum over all `x`.
pub(crate) fn profile(problem: &Compressed, bounded: &[bool], x: &[f64], j: usize, rise: f64) -> Range {
    let others: Vec<usize> = (0..problem.terms()).filter(|&i| i != j).collect();
    let bounds: Vec<bool> = others.iter().map(|&i| bounded[i]).collect();
    let all: Vec<usize> = (0..others.len()).collect();
    let at = |value: f64| -> f64 {
        let p = problem.terms();
        let rows = Matrix::from_fn(p, p, |i, k| match k + 1 == p {
            true => problem.z[i] - problem.r[(i, j)] * value,
            false => problem.r[(i, others[k])],
        });
        let rest = Compressed::new(&rows);
        problem.rest + rest.residual(&non_negative(&rest, &all, &bounds))
    };
    let line = problem.residual(x) + rise;
    let scale = (0..=j).map(|i| problem.r[(i, j)].powi(2)).sum::<f64>().sqrt();
    if scale == 0.0 {
        return Range { best: x[j], lower: if bounded[j] { 0.0 } else { f64::NEG_INFINITY }, upper: f64::INFINITY };
    }
    let first = rise.sqrt() / scale;
    let upper = edge(&at, x[j], first, f64::INFINITY, line);
    let end = if bounded[j] { 0.0 } else { f64::NEG_INFINITY };
    let lower = if bounded[j] && at(0.0) <= line { 0.0 } else { edge(&at, x[j], -first, end, line) };
    Range { best: x[j], lower, upper }
}

/// Walks from `inside` in growing steps until `at` exceeds the line, then bisects; infinite if that takes 1e9 first steps.
fn edge(at: &impl Fn(f64) -> f64, inside: f64, first: f64, end: f64, line: f64) -> f64 {
    let (mut inside, mut step) = (inside, first);
    let beyond = |v: f64| if first > 0.0 { v >= end } else { v <= end };
    let mut outside = inside + step;
    for count in 0.. {
        if beyond(outside) && end.is_finite() {
            outside = end;
            break;
        }
        if at(outside) > line {
            break;
        }
        if count > 30 {
            return first.signum() * f64::INFINITY;
        }
        inside = outside;
        step *= 2.0;
        outside += step;
    }
    for _ in 0..50 {
        let middle = 0.5 * (inside + outside);
        if at(middle) > line { outside = middle } else { inside = middle }
    }
    0.5 * (inside + outside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_bounds_the_profile_is_the_estimate_and_its_standard_error() {
        let rows = Matrix::from_fn(9, 4, |i, j| ((i * j + i) as f64).cos() + if j == 3 { i as f64 } else { 0.0 });
        let problem = Compressed::new(&rows);
        let x = problem.solve(&[0, 1, 2]).unwrap().x;
        let inverse = problem.inverse_information(&[0, 1, 2]).unwrap();
        for j in 0..3 {
            let range = profile(&problem, &[false; 3], &x, j, 3.84);
            let half = (3.84 * inverse[(j, j)]).sqrt();
            assert!((range.upper - x[j] - half).abs() < 1e-8 * half && (x[j] - range.lower - half).abs() < 1e-8 * half);
        }
    }

    #[test]
    fn an_undetermined_rate_has_no_upper_end() {
        // Only the difference of the two terms is seen; both can grow together.
        let rows = Matrix::from_fn(5, 3, |i, j| [i as f64 + 1.0, -(i as f64) - 1.0, 2.0 * (i as f64 + 1.0)][j]);
        let problem = Compressed::new(&rows);
        let range = profile(&problem, &[true; 2], &[2.0, 0.0], 0, 3.84);
        assert!(range.upper.is_infinite() && range.lower > 1.5, "{range:?}");
    }
}
