//! The laws of the variates: moments, whole laws by chi-square, extreme parameters, stability of values.

use super::*;
use crate::rng::{Purpose, SimRng};
use kurtz_testkit::statistics::assert_z;
use kurtz_testkit::{FalsePositive, chi_square};
use statrs::distribution::{Binomial, ContinuousCDF, Discrete, DiscreteCDF, Normal, Poisson};

const LINE: FalsePositive = FalsePositive(1e-6);

fn rng(stream: u64) -> SimRng {
    SimRng::new(11, stream, Purpose::Events)
}

#[test]
fn logarithm_and_exponential_have_the_digits_of_the_system() {
    for i in 0..20_000 {
        let x = (f64::from(i) / 500.0 - 20.0).exp2() * (1.0 + f64::from(i % 97) / 97.0);
        assert!((ln(x) - x.ln()).abs() <= 1e-15 * x.ln().abs().max(1.0), "{x}");
        let y = f64::from(i) / 15.0 - 690.0;
        assert!((exp(y) / y.exp() - 1.0).abs() < 2e-15 * (1.0 + y.abs() / 10.0), "{y}");
        let z = f64::from(i) / 20_001.0 - 0.5;
        assert!((super::logarithm::ln_1p(z) - z.ln_1p()).abs() <= 1e-15 * z.ln_1p().abs(), "{z}");
    }
}

// Each mean: chi-square of 40 000 variates against the law, and mean and variance in their standard errors.
#[test]
fn poisson_variates_have_their_law_for_small_and_large_means() {
    let n = 40_000;
    for (stream, mean) in [0.01, 0.7, 4.0, 9.999, 10.0, 15.5, 60.0, 999.0, 3e4].into_iter().enumerate() {
        let mut rng = rng(stream as u64);
        let sample: Vec<f64> = (0..n).map(|_| poisson(mean, &mut rng)).collect();
        let law = Poisson::new(mean).expect("good");
        let low = (mean - 8.0 * mean.sqrt()).max(0.0).floor();
        let width = (16.0 * mean.sqrt() + 20.0).ceil();
        let bin = (width / 200.0).ceil();
        let bins = (width / bin).ceil() as usize;
        let mut observed = vec![0; bins];
        sample.iter().for_each(|k| observed[(((k - low) / bin) as usize).min(bins - 1)] += 1);
        let cdf = |x: f64| if x < 0.0 { 0.0 } else { law.cdf(x as u64) };
        let probabilities: Vec<f64> =
            (0..bins).map(|i| cdf(low + bin * (i + 1) as f64 - 1.0) - cdf(low + bin * i as f64 - 1.0)).collect();
        if mean > 0.5 {
            chi_square(&observed, &probabilities, n).assert_plausible(LINE);
        }
        moments(&sample, mean, mean, mean + 3.0 * mean * mean);
    }
}

/// Compares mean and variance with those of a law whose fourth central moment is known.
fn moments(sample: &[f64], mean: f64, variance: f64, fourth: f64) {
    let n = sample.len() as f64;
    let sampled = sample.iter().sum::<f64>() / n;
    assert_z("mean", sampled, mean, (variance / n).sqrt(), LINE);
    let second = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    assert_z("variance", second, variance, ((fourth - variance * variance) / n).sqrt(), LINE);
}

#[test]
fn poisson_variates_of_huge_means_keep_mean_and_variance() {
    for (stream, mean) in [1e8, 1e12, 4e15].into_iter().enumerate() {
        let mut rng = rng(100 + stream as u64);
        let sample: Vec<f64> = (0..40_000).map(|_| (poisson(mean, &mut rng) - mean) / mean.sqrt()).collect();
        moments(&sample, 0.0, 1.0, 3.0);
        // The whole law is Gaussian to 1 / sqrt(mean): 40 bins of equal probability, P(chi2_39 > 94) = 1e-6.
        let gauss = Normal::standard();
        let mut bins = [0.0; 40];
        sample.iter().for_each(|z| bins[(gauss.cdf(*z) * 40.0) as usize] += 1.0);
        let chi2: f64 = bins.iter().map(|k| (k - 1000.0f64).powi(2) / 1000.0).sum();
        assert!(chi2 < 94.0, "{mean}: {chi2}");
    }
}

#[test]
fn binomial_variates_have_their_law() {
    let n = 40_000;
    let cases = [(1.0, 0.3), (7.0, 0.5), (40.0, 0.2), (40.0, 0.9), (25.0, 0.5), (1e3, 0.013), (1e3, 0.5), (1e9, 3e-9)];
    for (stream, (trials, p)) in cases.into_iter().enumerate() {
        let mut rng = rng(200 + stream as u64);
        let sample: Vec<f64> = (0..n).map(|_| binomial(trials, p, &mut rng)).collect();
        let law = Binomial::new(p, trials as u64).expect("good");
        let (mean, variance) = (trials * p, trials * p * (1.0 - p));
        let low = (mean - 8.0 * variance.sqrt() - 5.0).max(0.0).floor();
        let high = (mean + 8.0 * variance.sqrt() + 10.0).min(trials);
        let mut observed = vec![0; (high - low) as usize + 1];
        sample.iter().for_each(|k| observed[((k - low) as usize).min((high - low) as usize)] += 1);
        let probabilities: Vec<f64> = (0..observed.len()).map(|i| law.pmf((low as usize + i) as u64)).collect();
        chi_square(&observed, &probabilities, n).assert_plausible(LINE);
        moments(&sample, mean, variance, variance * (1.0 + 3.0 * variance * (1.0 - 2.0 / trials)));
    }
    for (stream, trials) in [1e10, 4e15].into_iter().enumerate() {
        let mut rng = rng(300 + stream as u64);
        let spread = (trials * 0.25 * 0.75f64).sqrt();
        let z = |rng: &mut SimRng| (binomial(trials, 0.75, rng) - 0.75 * trials) / spread;
        let sample: Vec<f64> = (0..40_000).map(|_| z(&mut rng)).collect();
        moments(&sample, 0.0, 1.0, 3.0);
    }
    let mut rng = rng(400);
    assert_eq!(
        (binomial(5.0, 0.0, &mut rng), binomial(5.0, 1.0, &mut rng), binomial(0.0, 0.5, &mut rng)),
        (0.0, 5.0, 0.0)
    );
}

#[test]
fn normal_variates_are_normal_in_the_body_and_in_the_tail() {
    let n = 1_000_000;
    let mut rng = rng(500);
    let (mut bins, mut tail) = ([0.0; 50], 0.0);
    let (mut sum, mut square, mut fourth) = (0.0, 0.0, 0.0);
    let edges: Vec<f64> = (1..50).map(|i| Normal::standard().inverse_cdf(f64::from(i) / 50.0)).collect();
    for _ in 0..n {
        let x = normal(&mut rng);
        sum += x;
        square += x * x;
        fourth += x.powi(4);
        tail += f64::from(u8::from(x.abs() > 3.654_152_885_361_009));
        bins[edges.partition_point(|e| *e < x)] += 1.0;
    }
    let n = f64::from(n);
    assert_z("mean", sum / n, 0.0, (1.0 / n).sqrt(), LINE);
    assert_z("variance", square / n, 1.0, (2.0 / n).sqrt(), LINE);
    assert_z("fourth", fourth / n, 3.0, (96.0 / n).sqrt(), LINE);
    let beyond = 2.0 * Normal::standard().cdf(-3.654_152_885_361_009);
    assert_z("tail", tail / n, beyond, (beyond / n).sqrt(), LINE);
    // 49 degrees of freedom: P(chi2 > 109) = 1e-6.
    let chi2: f64 = bins.iter().map(|k| (k - n / 50.0).powi(2) / (n / 50.0)).sum();
    assert!(chi2 < 109.0, "chi2 = {chi2}");
}

#[test]
fn gamma_variates_have_their_moments() {
    for (stream, shape) in [0.2, 1.0, 7.5].into_iter().enumerate() {
        let mut rng = rng(600 + stream as u64);
        let sample: Vec<f64> = (0..100_000).map(|_| gamma(shape, &mut rng)).collect();
        moments(&sample, shape, shape, 3.0 * shape * shape + 6.0 * shape);
    }
}

#[test]
fn variates_keep_their_values() {
    // A change here changes every leap: list it in CHANGELOG.md.
    let mut rng = SimRng::new(42, 7, Purpose::Events);
    let drawn = [
        poisson(3.0, &mut rng),
        poisson(1e6, &mut rng),
        binomial(1e6, 0.3, &mut rng),
        binomial(30.0, 0.1, &mut rng),
        normal(&mut rng),
        gamma(2.5, &mut rng),
    ];
    assert_eq!(drawn.map(f64::to_bits), VALUES);
}
const VALUES: [u64; 6] = [
    0,
    4_696_829_690_621_460_480,
    4_688_896_181_651_111_936,
    4_617_315_517_961_601_024,
    4_603_451_186_138_555_863,
    4_612_619_488_254_092_689,
];
