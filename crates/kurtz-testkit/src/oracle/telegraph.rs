//! A gene that switches: Off -> On (`on`), On -> Off (`off`), On -> On + M (`k`), M -> 0 (`d`).

use super::{Law, Matrix, solve_linear};

/// Mean and variance of M at `time`, from the gene off and no M.
pub fn telegraph_moments(on: f64, off: f64, k: f64, d: f64, time: f64) -> (f64, f64) {
    // y = (1, <g>, <m>, <g m>, <m^2>), with g the number (0 or 1) of active genes.
    let matrix = Matrix::from_rows(&[
        &[0.0, 0.0, 0.0, 0.0, 0.0],
        &[on, -(on + off), 0.0, 0.0, 0.0],
        &[0.0, k, -d, 0.0, 0.0],
        &[0.0, k, on, -(on + off + d), 0.0],
        &[0.0, k, d, 2.0 * k, -2.0 * d],
    ]);
    let y = solve_linear(&matrix, &[1.0, 0.0, 0.0, 0.0, 0.0], time);
    (y[2], y[4] - y[2] * y[2])
}

/// The stationary probabilities of M = 0, 1, ..., `largest`: Poisson with a mean that is k/d times a Beta(a, b)
/// variate, a = on/d, b = off/d (Peccoud & Ycart 1995, doi:10.1006/tpbi.1995.1027).
///
/// p(m) = x^m / m! (a)_m / (a + b)_m exp(-x) sum_i (b)_i / (a + b + m)_i x^i / i! with x = k/d; all terms positive.
pub fn telegraph_stationary(on: f64, off: f64, k: f64, d: f64, largest: usize) -> Vec<f64> {
    let (a, b, x) = (on / d, off / d, k / d);
    let mut front = (-x).exp();
    (0..=largest)
        .map(|m| {
            let m = m as f64;
            let (mut term, mut series, mut i) = (1.0, 0.0, 0.0);
            while term > 1e-18 * series {
                series += term;
                term *= (b + i) / (a + b + m + i) * x / (i + 1.0);
                i += 1.0;
            }
            let p = front * series;
            front *= x / (m + 1.0) * (a + m) / (a + b + m);
            p
        })
        .collect()
}

/// Mean, variance and fourth cumulant of [`telegraph_stationary`].
pub fn telegraph_stationary_law(on: f64, off: f64, k: f64, d: f64) -> Law {
    let p = telegraph_stationary(on, off, k, d, (4.0 * k / d) as usize + 60);
    let mean: f64 = p.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
    let central = |e| p.iter().enumerate().map(|(n, p)| (n as f64 - mean).powi(e) * p).sum::<f64>();
    Law { mean, variance: central(2), kappa4: central(4) - 3.0 * central(2).powi(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stationary_law_has_the_known_mean_and_variance() {
        let (on, off, k, d) = (0.4, 0.7, 12.0, 0.9);
        let law = telegraph_stationary_law(on, off, k, d);
        let (a, b, x) = (on / d, off / d, k / d);
        let mean = x * a / (a + b);
        assert!((law.mean - mean).abs() < 1e-9);
        let variance = mean + x * x * a * b / ((a + b).powi(2) * (a + b + 1.0));
        assert!((law.variance - variance).abs() < 1e-8);
        let (late_mean, late_variance) = telegraph_moments(on, off, k, d, 200.0);
        assert!((late_mean - mean).abs() < 1e-9 && (late_variance - variance).abs() < 1e-8);
    }
}
