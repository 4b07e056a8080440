//! Least squares with non-negative unknowns.
//!
//! C. L. Lawson, R. J. Hanson, Solving Least Squares Problems (1974), chapter 23.

use super::compressed::Compressed;

/// Minimises |R x - z| subject to x_j >= 0 for those terms of `subset` marked in `bounded`; other terms are zero.
///
/// Returns x of all terms, `[terms]`. Free terms that are linearly dependent on others stay zero.
pub(crate) fn non_negative(problem: &Compressed, subset: &[usize], bounded: &[bool]) -> Vec<f64> {
    let p = problem.terms();
    let scale: Vec<f64> = (0..p).map(|j| problem.r.column(j).iter().map(|v| v * v).sum::<f64>().sqrt()).collect();
    let size = (problem.z.iter().map(|v| v * v).sum::<f64>() + problem.rest).sqrt();
    let mut passive: Vec<usize> = Vec::new();
    for j in subset.iter().copied().filter(|&j| !bounded[j]) {
        passive.push(j);
        if problem.solve(&passive).is_none() {
            passive.pop();
        }
    }
    let mut x = vec![0.0; p];
    if let Some(solution) = problem.solve(&passive) {
        passive.iter().zip(solution.x).for_each(|(&j, value)| x[j] = value);
    }
    let mut refused = vec![false; p];
    for _ in 0..10 * p + 10 {
        // The steepest way down among the terms at zero.
        let fitted = problem.r.times_vector(&x);
        let gradient = |j: usize| -> f64 { (0..=j).map(|i| problem.r[(i, j)] * (problem.z[i] - fitted[i])).sum() };
        let entering = subset
            .iter()
            .copied()
            .filter(|&j| bounded[j] && !passive.contains(&j) && !refused[j] && scale[j] > 0.0)
            .map(|j| (j, gradient(j) / scale[j]))
            .filter(|&(_, slope)| slope > 1e-12 * size)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((entering, _)) = entering else { break };
        passive.push(entering);
        let mut moved = false;
        while let Some(solution) = problem.solve(&passive) {
            let blocked = passive.iter().zip(&solution.x).filter(|&(&j, &value)| bounded[j] && value <= 0.0);
            let step = blocked.map(|(&j, &value)| x[j] / (x[j] - value)).fold(f64::INFINITY, f64::min);
            if step == f64::INFINITY {
                passive.iter().zip(&solution.x).for_each(|(&j, &value)| x[j] = value);
                moved = true;
                break;
            }
            let step = if step.is_finite() { step } else { 0.0 };
            passive.iter().zip(&solution.x).for_each(|(&j, &value)| x[j] += step * (value - x[j]));
            moved |= step > 0.0;
            let line = |j: usize| 1e-14 * size / scale[j];
            passive.retain(|&j| {
                let keep = !bounded[j] || x[j] > line(j);
                if !keep {
                    x[j] = 0.0;
                }
                keep
            });
        }
        if moved {
            refused.fill(false);
        } else {
            // Rounding, or a term that depends on those already in: leave it out until something else moves.
            passive.retain(|&j| j != entering);
            x[entering] = 0.0;
            refused[entering] = true;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Matrix;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn solutions_satisfy_the_kuhn_tucker_conditions(values in prop::collection::vec(-1.0..1.0f64, 8 * 6)) {
            let rows = Matrix::from_rows(8, 6, values);
            let problem = Compressed::new(&rows);
            let all: Vec<usize> = (0..5).collect();
            let x = non_negative(&problem, &all, &[true; 5]);
            let residual: Vec<f64> =
                (0..8).map(|i| rows[(i, 5)] - (0..5).map(|j| rows[(i, j)] * x[j]).sum::<f64>()).collect();
            for j in 0..5 {
                let slope: f64 = (0..8).map(|i| rows[(i, j)] * residual[i]).sum();
                prop_assert!(x[j] >= 0.0);
                if x[j] > 0.0 {
                    prop_assert!(slope.abs() < 1e-9, "inside: the gradient vanishes, {slope}");
                } else {
                    prop_assert!(slope < 1e-9, "at the bound: the gradient points outwards, {slope}");
                }
            }
        }
    }

    #[test]
    fn free_terms_may_be_negative() {
        // b = 2 e0 - 3 e1: with both bounded only the first is used.
        let rows = Matrix::from_rows(2, 3, vec![1.0, 0.0, 2.0, 0.0, 1.0, -3.0]);
        let problem = Compressed::new(&rows);
        assert_eq!(non_negative(&problem, &[0, 1], &[true, true]), [2.0, 0.0]);
        let x = non_negative(&problem, &[0, 1], &[true, false]);
        assert!((x[0] - 2.0).abs() < 1e-14 && (x[1] + 3.0).abs() < 1e-14);
    }

    #[test]
    fn dependent_columns_do_not_trap_it() {
        let rows = Matrix::from_fn(6, 4, |i, j| [1.0, i as f64, 1.0 + i as f64, 3.0 + 2.0 * i as f64][j]);
        let problem = Compressed::new(&rows);
        let x = non_negative(&problem, &[0, 1, 2], &[true; 3]);
        assert!(x.iter().all(|v| *v >= 0.0) && problem.residual(&x) < 1e-20, "{x:?}");
    }
}
