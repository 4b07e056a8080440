//! The linear noise approximation against exact moments, the master equation and closed forms.

use super::*;
use crate::fsp::{self, FspSettings};
use crate::testing::networks::*;
use kurtz_testkit::oracle;

#[test]
fn first_order_networks_have_exact_means_and_covariances() {
    let times: Vec<f64> = (0..=4).map(|t| 5.0 * f64::from(t)).collect();
    let series = LinearNoise::default().solve(&epidermis(), &times).expect("good").series();
    for (t, &time) in times.iter().enumerate() {
        for (m, exact) in oracle::epidermis_moments(time).into_iter().enumerate() {
            assert!((series.value(t, m) - exact).abs() < 1e-6 * (1.0 + exact.abs()), "{time} {m}");
        }
    }
}

/// 0 -> A, 2A -> 0 at c(0) = 3: Kurtz's limit and its corrections.
fn dimer_decay(volume: f64) -> Kinetics {
    kinetics(&format!("species A = {}\nvolume {volume}\n 0 -> A @ 1\n 2 A -> 0 @ 1", 3.0 * volume))
}

#[test]
fn the_correction_of_means_is_that_of_the_expansion_in_the_volume() {
    // V (<n>/V - c) as V grows, from the master equation; an independent program.
    let published = [(0.5, 0.187_859), (1.0, 0.157_939), (2.0, 0.133_051), (5.0, 0.125_053)];
    let times: Vec<f64> = published.iter().map(|p| p.0).collect();
    let settings = LinearNoise { corrected_means: true, ..LinearNoise::default() };
    let solution = settings.solve(&dimer_decay(1000.0), &times).expect("good");
    for (t, (time, coefficient)) in published.into_iter().enumerate() {
        assert!((solution.correction[t] - coefficient).abs() < 1e-6, "{time}: {}", solution.correction[t]);
    }
}

// Errors of means and variances against finite state projection: order 1 in 1 / V without, 2 with the correction.
#[test]
fn errors_fall_with_the_volume_at_the_order_of_the_expansion() {
    let times = [0.5, 2.0];
    let settings = LinearNoise { corrected_means: true, ..LinearNoise::default() };
    let errors = [20.0, 40.0, 80.0].map(|volume| {
        let kinetics = dimer_decay(volume);
        let exact = fsp::solve(&kinetics, &times, &FspSettings { tolerance: 1e-12, ..FspSettings::default() });
        let exact = exact.expect("small").moments(2).expect("good");
        let found = settings.solve(&kinetics, &times).expect("good");
        let mean = |t: usize| exact.value(t, 0) / volume;
        let plain = (0..2).map(|t| (found.macroscopic[t] / volume - mean(t)).abs()).fold(0.0, f64::max);
        let corrected = (0..2).map(|t| (found.means()[t] / volume - mean(t)).abs()).fold(0.0, f64::max);
        let spread = |t: usize| (found.covariance[t] - exact.value(t, 1)).abs() / volume;
        [plain, corrected, spread(0).max(spread(1))]
    });
    for (k, order) in [(0, 1.0), (1, 2.0), (2, 1.0)] {
        for pair in errors.windows(2) {
            let found = (pair[0][k] / pair[1][k]).log2();
            assert!((found - order).abs() < 0.1, "{k}: order {found}, errors {errors:?}");
        }
    }
}

#[test]
fn correlations_in_time_are_those_of_the_exact_process() {
    let times = [0.0, 0.5, 1.0, 3.0];
    let found = LinearNoise::default().correlations(&immigration_death(30.0, 0.5, 20), &times).expect("good");
    for (i, &s) in times.iter().enumerate() {
        for (j, &t) in times.iter().enumerate() {
            let exact = oracle::immigration_death_autocovariance(30.0, 0.5, 20, s.min(t), s.max(t));
            assert!((found[i * times.len() + j] - exact).abs() < 1e-5, "{s} {t}");
        }
    }
}

#[test]
fn stationary_fluctuations_of_immigration_and_death_are_those_of_an_ornstein_uhlenbeck_process() {
    let (k, d) = (300.0, 0.5);
    let stationary = LinearNoise::default().stationary(&immigration_death(k, d, 0)).expect("it settles");
    assert!((stationary.macroscopic[0] - k / d).abs() < 1e-3);
    assert!((stationary.covariance[0] - k / d).abs() < 1e-3);
    let lags = [0.0, 1.0, 4.0];
    for (lag, found) in lags.iter().zip(stationary.autocovariance(&lags).expect("good")) {
        assert!((found - k / d * (-d * lag).exp()).abs() < 1e-3);
    }
    let frequencies = [0.1, 1.0, 10.0];
    for (w, found) in frequencies.iter().zip(stationary.spectrum(&frequencies)) {
        let exact = 2.0 * k / (w * w + d * d) / std::f64::consts::TAU;
        assert!((found / exact - 1.0).abs() < 1e-6, "{w}: {found} {exact}");
    }
}

#[test]
fn spectra_of_closed_networks_integrate_to_the_variances() {
    let network =
        kinetics("species A = 300, B = 0, C = 100\n A -> B @ 1\n B -> A @ 2\n B + C -> 2 C @ 0.01\n C -> A @ 1");
    let stationary = LinearNoise::default().stationary(&network).expect("it settles");
    // Trapezoids in ln w, even in w; what is left out beyond is below 1e-3.
    let grid: Vec<f64> = (0..4000).map(|i| 10f64.powf(-5.0 + f64::from(i) * 10.0 / 3999.0)).collect();
    let spectrum = stationary.spectrum(&grid);
    let n = stationary.species.len();
    for i in 0..n {
        let integral: f64 =
            (1..grid.len()).map(|k| (grid[k] - grid[k - 1]) * (spectrum[k * n + i] + spectrum[(k - 1) * n + i])).sum();
        let variance = stationary.covariance[i * n + i];
        assert!((integral / variance - 1.0).abs() < 2e-3, "{i}: {integral} {variance}");
    }
    let total: f64 = stationary.covariance.iter().sum();
    assert!(total.abs() < 1e-3, "the sum of all does not fluctuate: {total}");
}

#[test]
fn what_never_settles_is_said() {
    let growing = "species A = 1\n A -> 2 A @ 1";
    let drifting = "species A = 1\n 0 -> A @ 3";
    let cycling = "convention power\n volume 1000\n species X = concentration(1), Y = concentration(1)\n 0 -> X @ 1\n \
                   2 X + Y -> 3 X @ 1\n X -> Y @ 3\n X -> 0 @ 1";
    for (text, name) in [(growing, "`A`"), (drifting, "`A`"), (cycling, "never come to rest")] {
        let error = LinearNoise::default().stationary(&kinetics(text)).expect_err("it never settles").to_string();
        assert!(error.contains(name) && error.contains("never come to rest"), "{error}");
    }
}
