//! Integrals of sampled functions, linear in the samples.

use crate::linear::Matrix;

/// Number of samples through which a polynomial is laid for each interval: exact to degree 5.
const POINTS: usize = 6;

/// Weights w of the integrals from the first time to each later one, int f dt ~ sum_l w_il f(t_l),
/// `[(times - 1) x times]`.
///
/// In each interval the polynomial through the nearest six samples is integrated, so that the error falls like the
/// sixth power of the spacing.
pub(crate) fn cumulative_weights(times: &[f64]) -> Matrix {
    let n = times.len();
    let points = POINTS.min(n);
    let mut weights = Matrix::zeros(n - 1, n);
    for i in 0..n - 1 {
        if i > 0 {
            for l in 0..n {
                weights[(i, l)] = weights[(i - 1, l)];
            }
        }
        let first = (i + 1).saturating_sub(points / 2).min(n - points);
        let nodes = &times[first..first + points];
        let (middle, half) = (0.5 * (times[i] + times[i + 1]), 0.5 * (times[i + 1] - times[i]));
        // Three Gauss points integrate degree 5 exactly.
        for (x, w) in [(-0.6f64.sqrt(), 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.6f64.sqrt(), 5.0 / 9.0)] {
            let t = middle + half * x;
            for (l, &node) in nodes.iter().enumerate() {
                let others = nodes.iter().enumerate().filter(|&(m, _)| m != l);
                let basis: f64 = others.map(|(_, &other)| (t - other) / (node - other)).product();
                weights[(i, first + l)] += half * w * basis;
            }
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_of_degree_five_are_integrated_exactly_on_any_grid() {
        let times = [0.0, 0.3, 0.5, 1.1, 1.9, 2.0, 2.7, 3.5];
        let weights = cumulative_weights(&times);
        let values: Vec<f64> = times.iter().map(|t: &f64| 1.0 - 2.0 * t + t.powi(5)).collect();
        for i in 0..times.len() - 1 {
            let t = times[i + 1];
            let exact = t - t * t + t.powi(6) / 6.0;
            assert!((weights.times_vector(&values)[i] - exact).abs() < 1e-10 * (1.0 + exact.abs()));
        }
        let two = cumulative_weights(&[0.0, 2.0]);
        assert!(two.as_slice().iter().all(|w| (w - 1.0).abs() < 1e-14), "two samples give the trapezoid");
    }
}
