//! Birth-death networks of one species.

use super::{Law, Matrix, solve_linear};

/// 0 -> A at `k`, A -> 0 at `d` a molecule, from `initial` molecules, at `time`.
///
/// The sum of a Poisson number with mean k/d (1 - p) and a binomial one of `initial` trials with p = exp(-d t).
pub fn immigration_death(k: f64, d: f64, initial: u32, time: f64) -> Law {
    let p = (-d * time).exp();
    let (q, n) = (1.0 - p, f64::from(initial));
    let poisson = k / d * q;
    Law { mean: n * p + poisson, variance: n * p * q + poisson, kappa4: n * p * q * (1.0 - 6.0 * p * q) + poisson }
}

/// Covariance of the count at `earlier` with that at `later` in [`immigration_death`]: Var(earlier) exp(-d (t - s)).
pub fn immigration_death_autocovariance(k: f64, d: f64, initial: u32, earlier: f64, later: f64) -> f64 {
    immigration_death(k, d, initial, earlier).variance * (-d * (later - earlier)).exp()
}

/// Poisson probabilities of 0, 1, ..., `largest`.
pub fn poisson(mean: f64, largest: usize) -> Vec<f64> {
    let mut p = (-mean).exp();
    (0..=largest)
        .map(|n| {
            let this = p;
            p *= mean / (n + 1) as f64;
            this
        })
        .collect()
}

/// A -> 2A at `k` (Yule's pure birth), from `initial` molecules, at `time`: a sum of geometric laws with p = exp(-k t).
pub fn yule(k: f64, initial: u32, time: f64) -> Law {
    let p = (-k * time).exp();
    let (q, n) = (1.0 - p, f64::from(initial));
    Law {
        mean: n / p,
        variance: n * q / (p * p),
        // A geometric law has excess kurtosis 6 + p^2 / q.
        kappa4: n * (6.0 * q * q + p * p * q) / p.powi(4),
    }
}

/// Probabilities at `time` of a chain on 0 ... `states` - 1 that starts in `start` and goes from i to i + 1 at
/// `up(i)` and to i - 1 at `down(i)`, by the exponential of its dense generator.
pub fn birth_death_law(
    states: usize,
    up: impl Fn(usize) -> f64,
    down: impl Fn(usize) -> f64,
    start: usize,
    time: f64,
) -> Vec<f64> {
    let mut generator = Matrix::zeros(states);
    for i in 0..states {
        if i + 1 < states {
            generator[(i + 1, i)] += up(i);
            generator[(i, i)] -= up(i);
        }
        if i > 0 {
            generator[(i - 1, i)] += down(i);
            generator[(i, i)] -= down(i);
        }
    }
    let mut p = vec![0.0; states];
    p[start] = 1.0;
    solve_linear(&generator, &p, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law_of(p: &[f64]) -> Law {
        let mean: f64 = p.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
        let central = |e| p.iter().enumerate().map(|(n, p)| (n as f64 - mean).powi(e) * p).sum::<f64>();
        let variance = central(2);
        Law { mean, variance, kappa4: central(4) - 3.0 * variance * variance }
    }

    fn assert_close(a: Law, b: Law) {
        for (a, b) in [(a.mean, b.mean), (a.variance, b.variance), (a.kappa4, b.kappa4)] {
            assert!((a - b).abs() < 1e-7 * (1.0 + b.abs()), "{a} {b}");
        }
    }

    #[test]
    fn closed_forms_agree_with_the_master_equation() {
        let immigration = birth_death_law(60, |_| 3.0, |n| 0.5 * n as f64, 4, 1.5);
        assert_close(law_of(&immigration), immigration_death(3.0, 0.5, 4, 1.5));
        let births = birth_death_law(160, |n| 0.8 * n as f64, |_| 0.0, 3, 1.0);
        assert_close(law_of(&births), yule(0.8, 3, 1.0));
        let late = birth_death_law(60, |_| 3.0, |n| 0.5 * n as f64, 4, 60.0);
        assert!(late.iter().zip(poisson(6.0, 59)).all(|(a, b)| (a - b).abs() < 1e-10));
    }
}
