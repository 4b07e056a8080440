//! Comparing samples with the truth in standard errors.

use crate::oracle::Law;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// How often one comparison may fail although nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FalsePositive(pub f64);

impl FalsePositive {
    /// The number of standard errors that a Gaussian exceeds, on either side, with this probability.
    pub fn standard_errors(self) -> f64 {
        Normal::standard().inverse_cdf(1.0 - self.0 / 2.0)
    }
}

/// Mean and variance (divided by the number) of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// Size of the sample.
    pub number: u64,
}

impl Sampled {
    /// Of these numbers.
    pub fn of(sample: impl IntoIterator<Item = f64>) -> Self {
        let sample: Vec<f64> = sample.into_iter().collect();
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        Sampled { mean, variance, number: sample.len() as u64 }
    }
}

/// Fails unless `value` is within the line of `truth`; `standard_error` should come from an oracle.
///
/// # Panics
/// If it is not; the message has all numbers.
#[track_caller]
pub fn assert_z(what: &str, value: f64, truth: f64, standard_error: f64, line: FalsePositive) {
    if standard_error == 0.0 {
        assert!(value == truth, "{what}: {value} but exactly {truth} expected");
        return;
    }
    let z = (value - truth) / standard_error;
    assert!(z.abs() < line.standard_errors(), "{what}: {value} but {truth} expected, {z:.2} standard errors off");
}

/// Fails unless mean and variance of each sample agree with the law it was drawn from: two comparisons a sample.
///
/// The standard error of the variance is sqrt((mu_4 - mu_2^2) / N), with the fourth central moment of the oracle.
///
/// # Panics
/// If one does not agree, or there are not as many samples as laws.
#[track_caller]
pub fn assert_moments(samples: &[Sampled], laws: &[Law], line: FalsePositive) {
    assert_eq!(samples.len(), laws.len());
    for (i, (sample, law)) in samples.iter().zip(laws).enumerate() {
        let n = sample.number as f64;
        assert_z(&format!("mean {i}"), sample.mean, law.mean, (law.variance / n).sqrt(), line);
        let error = ((law.fourth() - law.variance * law.variance) / n).sqrt();
        // Dividing by N, a sample's variance is (N - 1) / N of the law's in the mean.
        assert_z(&format!("variance {i}"), sample.variance, law.variance * (n - 1.0) / n, error, line);
    }
}

/// A chi-square statistic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquare {
    /// sum of (observed - expected)^2 / expected.
    pub statistic: f64,
    /// Degrees of freedom: bins - 1.
    pub freedom: usize,
}

impl ChiSquare {
    /// The probability of a statistic at least as large if the sample is from the law.
    pub fn p_value(&self) -> f64 {
        ChiSquared::new(self.freedom as f64).expect("at least two bins").sf(self.statistic)
    }

    /// Fails if the sample is that unlikely.
    ///
    /// # Panics
    /// If the p-value is below the line.
    #[track_caller]
    pub fn assert_plausible(&self, line: FalsePositive) {
        let p = self.p_value();
        assert!(p > line.0, "chi-square {:.1} with {} degrees of freedom, p = {p:.1e}", self.statistic, self.freedom);
    }
}

/// Compares how often each state was found with its probability.
///
/// Neighbouring states are pooled until each bin expects at least 10; what is left over, and all probability beyond the
/// states given, joins the last bin.
///
/// # Panics
/// If less than two bins remain.
pub fn chi_square(observed: &[u64], probabilities: &[f64], number: u64) -> ChiSquare {
    let total = number as f64;
    let mut bins: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    for (&o, &p) in observed.iter().zip(probabilities) {
        let last = bins.last_mut().expect("never empty");
        *last = (last.0 + o as f64, last.1 + p * total);
        if last.1 >= 10.0 {
            bins.push((0.0, 0.0));
        }
    }
    let rest = bins.pop().expect("never empty");
    let beyond = (
        total - bins.iter().map(|b| b.0).sum::<f64>() - rest.0,
        total - bins.iter().map(|b| b.1).sum::<f64>() - rest.1,
    );
    let last = bins.last_mut().expect("a bin that expects at least 10");
    *last = (last.0 + rest.0 + beyond.0, last.1 + rest.1 + beyond.1);
    assert!(bins.len() >= 2, "fewer than two bins expect 10 or more");
    let statistic = bins.iter().map(|(o, e)| (o - e).powi(2) / e).sum();
    ChiSquare { statistic, freedom: bins.len() - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_one_in_a_million_is_at_4_89() {
        assert!((FalsePositive(1e-6).standard_errors() - 4.8916).abs() < 1e-4);
    }

    #[test]
    fn chi_square_pools_small_bins_and_accepts_the_expected() {
        let chi2 = chi_square(&[50, 25, 12, 6, 3, 2], &[0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625], 100);
        // 50; 25; 12.5; and 6.25 + 3.125 + 1.5625 + beyond = 12.5 with 6 + 3 + 2 + 2 seen.
        assert_eq!(chi2.freedom, 3);
        assert!((chi2.statistic - (0.25 / 12.5 + 0.25 / 12.5)).abs() < 1e-12);
        assert!(chi2.p_value() > 0.99);
    }

    #[test]
    #[should_panic(expected = "standard errors off")]
    fn a_mean_off_by_six_standard_errors_fails() {
        let law = Law { mean: 1.0, variance: 1.0, kappa4: 0.0 };
        assert_moments(&[Sampled { mean: 1.06, variance: 1.0, number: 10_000 }], &[law], FalsePositive(1e-6));
    }
}
