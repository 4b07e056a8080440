use super::*;
use crate::testing::noise;

fn curve(n: usize, step: f64, sigma: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut random = noise(seed);
    let exact: Vec<f64> = (0..n).map(|t| (0.5 * t as f64 * step).sin() + 0.1 * t as f64 * step).collect();
    let series = exact.iter().map(|x| x + sigma * random()).collect();
    (exact, series)
}

/// Gaussian elimination with pivots.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap();
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            for j in k..n {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - sum) / a[k][k];
    }
    b
}

/// Lagged diffusivity as published: dense, in the derivative u, with updates u - H^(-1) g from u = 0.
fn dense_total_variation(z: &[f64], alpha: f64, epsilon: f64, dx: f64, iterations: usize) -> Vec<f64> {
    let n = z.len() - 1;
    let mut u = vec![0.0; n];
    for _ in 0..iterations {
        let mut h = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..n {
                // A^T A for A with dx on and below the diagonal.
                h[i][j] = dx * dx * (n - i.max(j)) as f64;
            }
        }
        for i in 0..n - 1 {
            let e = 1.0 / (((u[i + 1] - u[i]) / dx).powi(2) + epsilon).sqrt();
            let w = alpha * dx * e / (dx * dx);
            h[i][i] += w;
            h[i + 1][i + 1] += w;
            h[i][i + 1] -= w;
            h[i + 1][i] -= w;
        }
        let transposed = |r: &[f64]| -> Vec<f64> { (0..n).map(|i| dx * r[i..].iter().sum::<f64>()).collect() };
        let data = transposed(&(1..=n).map(|t| z[t] - z[0]).collect::<Vec<_>>());
        let gradient: Vec<f64> =
            (0..n).map(|i| h[i].iter().zip(&u).map(|(a, b)| a * b).sum::<f64>() - data[i]).collect();
        u.iter_mut().zip(solve(h, gradient)).for_each(|(u, s)| *u -= s);
    }
    u
}

#[test]
fn total_variation_equals_the_dense_published_iteration() {
    for (dx, alpha, epsilon) in [(1.0, 100.0, 1e-6), (0.1, 10.0, 1e-2), (1.0, 0.05, 1e-6), (0.1, 1e-3, 1e-6)] {
        let (_, series) = curve(61, 0.1, 0.05, 3);
        let method = TotalVariation { alpha: Amount::Fixed(alpha), epsilon, step: Some(dx), ..Default::default() };
        let smoothed = method.differentiate(&series, dx).unwrap();
        let expected = dense_total_variation(&series, alpha, epsilon, dx, 10);
        let scale = expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (a, b) in smoothed.slopes.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-9 * scale, "dx {dx}, alpha {alpha}: {a} {b}");
        }
        assert_eq!(smoothed.values[0], series[0]);
    }
}

#[test]
fn units_of_steps_and_of_time_convert_as_stated() {
    let (_, series) = curve(400, 0.1, 0.05, 4);
    let steps = TotalVariation::default().differentiate(&series, 0.1).unwrap();
    let seconds = TotalVariation { alpha: Amount::Fixed(10.0), epsilon: 1e-2, step: None, ..Default::default() };
    let seconds = seconds.differentiate(&series, 0.1).unwrap();
    for (a, b) in steps.slopes.iter().zip(&seconds.slopes) {
        assert!((a - b).abs() < 1e-10);
    }
}

#[test]
fn leverages_are_the_derivatives_of_smoothed_values() {
    let (_, series) = curve(40, 0.1, 0.05, 5);
    let methods = [
        // Converged.
        Derivative::TotalVariation(TotalVariation { iterations: 300, epsilon: 1e-3, ..Default::default() }),
        Derivative::TotalVariation(TotalVariation {
            alpha: Amount::Fixed(0.5),
            iterations: 300,
            epsilon: 1e-3,
            anchored: false,
            ..Default::default()
        }),
        Derivative::SmoothingSpline(SmoothingSpline { lambda: Amount::Fixed(0.02) }),
        Derivative::SavitzkyGolay(SavitzkyGolay { window: 9, degree: 2 }),
        Derivative::Kalman(Kalman { ratio: Some(50.0) }),
    ];
    for method in methods {
        let smoothed = method.differentiate(&series, 0.1).unwrap();
        for t in [0, 1, 2, 17, 38, 39] {
            let mut moved = series.clone();
            moved[t] += 1e-5;
            let up = method.differentiate(&moved, 0.1).unwrap().values[t];
            moved[t] -= 2e-5;
            let change = (up - method.differentiate(&moved, 0.1).unwrap().values[t]) / 2e-5;
            assert!((change - smoothed.leverage[t]).abs() < 1e-6, "{} {t}: {change}", method.name());
        }
    }
}

#[test]
fn the_kalman_smoother_is_the_smoothing_spline() {
    let (_, series) = curve(80, 0.1, 0.05, 6);
    let spline = SmoothingSpline { lambda: Amount::Fixed(0.02) }.differentiate(&series, 0.1).unwrap();
    let kalman = Kalman { ratio: Some(50.0) }.differentiate(&series, 0.1).unwrap();
    for (a, b) in spline.values.iter().zip(&kalman.values) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn lines_pass_every_method_unchanged() {
    let series: Vec<f64> = (0..50).map(|t| 2.0 - 0.3 * f64::from(t)).collect();
    for method in Derivative::all() {
        let smoothed = method.differentiate(&series, 0.5).unwrap();
        assert!(smoothed.slopes.iter().all(|s| (s + 0.6).abs() < 1e-6), "{}", method.name());
        assert_eq!((smoothed.values.len(), smoothed.slopes.len(), smoothed.leverage.len()), (50, 49, 50));
    }
}

#[test]
fn derivatives_are_near_the_truth_with_the_amount_chosen() {
    // The noise alone would give slopes with errors of 0.05 sqrt(2) / 0.1 = 0.7.
    let (exact, series) = curve(400, 0.1, 0.05, 7);
    let slopes: Vec<f64> = exact.windows(2).map(|x| (x[1] - x[0]) / 0.1).collect();
    for method in Derivative::all() {
        let smoothed = method.differentiate(&series, 0.1).unwrap();
        let sum: f64 = smoothed.slopes.iter().zip(&slopes).map(|(a, b)| (a - b).powi(2)).sum();
        let rms = (sum / 399.0).sqrt();
        let most = if method.name() == "savitzky-golay" { 0.12 } else { 0.05 };
        assert!(rms < most, "{}: {rms}", method.name());
    }
    let noise = Amount::Discrepancy(0.05);
    let method = TotalVariation { alpha: noise, anchored: false, ..Default::default() };
    let smoothed = method.differentiate(&series, 0.1).unwrap();
    assert!((smoothed.error_against(&series).sqrt() - 0.05).abs() < 1e-4);
}

#[test]
fn kalman_errors_are_as_large_as_the_errors() {
    let mut z2 = 0.0;
    for seed in 0..20 {
        let (exact, series) = curve(200, 0.1, 0.05, 100 + seed);
        let smoothed = Kalman::default().differentiate(&series, 0.1).unwrap();
        let errors = smoothed.errors.unwrap();
        z2 += (0..200).map(|t| ((smoothed.values[t] - exact[t]) / errors[t]).powi(2)).sum::<f64>() / 200.0;
    }
    // A sine is smoother than a walk, so that errors are rather too large; 20 x some 15 independent values.
    assert!((0.5..1.3).contains(&(z2 / 20.0)), "{}", z2 / 20.0);
}

#[test]
fn the_second_half_of_trajectories_finds_noise_that_stays() {
    // Noise with a memory of some 10 steps: left-out values of the same series miss it, another series does not.
    let n = 400;
    let measured = |seed: u64| -> Vec<f64> {
        let mut random = noise(seed);
        let mut state = 0.0;
        let (exact, _) = curve(n, 0.1, 0.0, 1);
        exact
            .into_iter()
            .map(|x| {
                state = 0.9 * state + 0.43 * 0.1 * random();
                x + state
            })
            .collect()
    };
    let (one, two) = (measured(1), measured(2));
    let amounts = [1e-4, 1e-2, 1.0, 10.0];
    let methods = amounts.map(|l| Derivative::SmoothingSpline(SmoothingSpline { lambda: Amount::Fixed(l) }));
    let (alone, _) = choose(&methods, &one, None, 0.1).unwrap();
    let (with, errors) = choose(&methods, &one, Some(&two), 0.1).unwrap();
    assert!(with > alone, "{with} {alone}");
    assert!(errors.iter().all(|e| *e >= errors[with]));
}

#[test]
fn bad_series_and_settings_are_refused() {
    assert!(Derivative::default().differentiate(&[1.0, 2.0], 1.0).is_err());
    assert!(Derivative::default().differentiate(&[1.0, f64::NAN, 2.0, 3.0], 1.0).is_err());
    assert!(Derivative::default().differentiate(&[1.0; 5], 0.0).is_err());
    let series = [1.0; 30];
    assert!(SavitzkyGolay { window: 20, degree: 3 }.differentiate(&series, 1.0).is_err());
    assert!(TotalVariation { alpha: Amount::Fixed(-1.0), ..Default::default() }.differentiate(&series, 1.0).is_err());
    assert!(choose(&[], &series, None, 1.0).is_err());
    let text = r#"{"method": "total-variation", "alpha": {"fixed": 5000.0}}"#;
    let read: Derivative = serde_json::from_str(text).unwrap();
    assert_eq!(read, Derivative::TotalVariation(TotalVariation { alpha: Amount::Fixed(5000.0), ..Default::default() }));
}
