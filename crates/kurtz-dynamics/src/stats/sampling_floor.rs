//! How far a histogram is from its own law by chance alone.

use crate::stats::Distribution;
use statrs::function::gamma::ln_gamma;

/// Expected total variation between the histogram of `samples` independent draws and the law they come from.
///
/// Distances between histograms below this say nothing about the laws. Each state contributes half the mean absolute
/// deviation of its binomial count X ~ B(N, p), by de Moivre
/// E|X - N p| = 2 v C(N, v) p^v (1 - p)^(N - v + 1) with v = floor(N p) + 1.
///
/// # References
/// P. Diaconis & S. Zabell, Statistical Science 6 (1991) 284-302.
pub fn sampling_floor(law: &Distribution, samples: u64) -> f64 {
    let n = samples as f64;
    let deviation: f64 = law.probabilities().iter().map(|&p| mean_absolute_deviation(n, p)).sum();
    0.5 * deviation / n
}

/// E|X - N p| of X ~ B(N, p).
fn mean_absolute_deviation(n: f64, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 || n == 0.0 {
        return 0.0;
    }
    let v = (n * p).floor() + 1.0;
    let log_binomial = ln_gamma(n + 1.0) - ln_gamma(v + 1.0) - ln_gamma(n - v + 1.0);
    2.0 * v * (log_binomial + v * p.ln() + (n - v + 1.0) * (-p).ln_1p()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn de_moivre_agrees_with_the_sum_over_the_binomial_law() {
        for (n, p) in [(1u32, 0.3), (7, 0.5), (40, 0.025), (40, 0.9), (100, 1e-4)] {
            let mut mass = (1.0f64 - p).powi(n as i32);
            let mut by_sum = 0.0;
            for k in 0..=n {
                by_sum += mass * (f64::from(k) - f64::from(n) * p).abs();
                mass *= p / (1.0 - p) * f64::from(n - k) / f64::from(k + 1);
            }
            let closed = mean_absolute_deviation(f64::from(n), p);
            assert!((closed - by_sum).abs() < 1e-12 * by_sum, "n {n}, p {p}: {closed} {by_sum}");
        }
    }

    #[test]
    fn the_floor_of_a_fair_coin_shrinks_with_the_root_of_the_sample() {
        // Normal limit: E|X/N - 1/2| = sqrt(1 / (2 pi N)).
        let coin = Distribution::new(&["X".to_owned()], vec![0, 1], vec![0.5, 0.5]).unwrap();
        let floor = sampling_floor(&coin, 1_000_000);
        assert!((floor - (1.0 / (2.0 * std::f64::consts::PI * 1e6)).sqrt()).abs() < 1e-3 * floor);
    }
}
