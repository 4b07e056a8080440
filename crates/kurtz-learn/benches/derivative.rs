//! Derivatives of a series of 401 values: total variation as published (issue: at most 0.1 ms), and the alternatives.
//!
//! `cargo bench -p kurtz-learn --bench derivative`

use divan::{Bencher, black_box};
use kurtz_learn::derivative::{Amount, Derivative, Kalman, SavitzkyGolay, SmoothingSpline, TotalVariation};

fn main() {
    divan::main();
}

/// A sine with deterministic noise.
fn series() -> Vec<f64> {
    (0..401).map(|t| 0.2 * (0.04 * f64::from(t)).sin() + 0.02 * (f64::from(t * t % 97) / 97.0 - 0.5)).collect()
}

fn measure(bencher: Bencher, method: Derivative) {
    let series = series();
    bencher.bench_local(|| method.differentiate(black_box(&series), 0.1).expect("the series is long enough"));
}

#[divan::bench]
fn total_variation_as_published(bencher: Bencher) {
    measure(bencher, Derivative::TotalVariation(TotalVariation::default()));
}

#[divan::bench]
fn total_variation_by_cross_validation(bencher: Bencher) {
    let alpha = Amount::CrossValidation;
    measure(bencher, Derivative::TotalVariation(TotalVariation { alpha, ..Default::default() }));
}

#[divan::bench]
fn smoothing_spline_by_cross_validation(bencher: Bencher) {
    measure(bencher, Derivative::SmoothingSpline(SmoothingSpline::default()));
}

#[divan::bench]
fn savitzky_golay(bencher: Bencher) {
    measure(bencher, Derivative::SavitzkyGolay(SavitzkyGolay::default()));
}

#[divan::bench]
fn kalman_of_largest_likelihood(bencher: Bencher) {
    measure(bencher, Derivative::Kalman(Kalman::default()));
}
