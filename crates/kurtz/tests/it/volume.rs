//! Kurtz's limit: how the mean concentration approaches the mass-action equation as the volume grows.

use crate::{assert_close, bound, law_of, laws};
use kurtz::model::kinetics::Changes;

const TIMES: [f64; 4] = [0.5, 1.0, 2.0, 5.0];

/// dc/dt = 1 - c^2 from c = 3: c = coth(t + artanh(1/3)).
fn limit(time: f64) -> f64 {
    1.0 / (time + (1.0f64 / 3.0).atanh()).tanh()
}

/// <n>/V - c at each time.
fn biases(volume: f64) -> Vec<f64> {
    let kinetics = bound("kurtz-limit", Changes { volume: Some(volume), ..Changes::default() });
    let means = laws(&kinetics, &TIMES).into_iter().map(|law| law_of(&law, "A").mean / volume);
    means.zip(TIMES).map(|(mean, time)| mean - limit(time)).collect()
}

/// V (<n>/V - c) by an independent program at V = 10, 100, 1000, and its limit m with m' = -2 c m - s + c, where
/// s' = -4 c s + 1 + 2 c^2 is the variance of the linear noise approximation.
pub fn biases_are_those_of_the_system_size_expansion() {
    let expansion = [0.187859, 0.157939, 0.133051, 0.125053];
    let measured = [
        (10.0, [0.19001019, 0.16014592, 0.13548126, 0.12746006], 1e-8),
        (100.0, [0.1881, 0.1582, 0.1333, 0.1253], 5e-5),
        (1000.0, [0.18788, 0.15796, 0.13307, 0.12508], 5e-6),
    ];
    let mut largest = Vec::new();
    for (volume, truth, half_a_digit) in measured {
        let biases = biases(volume);
        for (bias, truth) in biases.iter().zip(truth) {
            assert_close(&format!("V = {volume}"), volume * bias, truth, half_a_digit);
        }
        if volume >= 100.0 {
            for (bias, m) in biases.iter().zip(expansion) {
                assert!((volume * bias / m - 1.0).abs() < 0.01, "V = {volume}: {} but {m} expected", volume * bias);
            }
        }
        let relative = biases.iter().zip(TIMES).map(|(bias, time)| (bias / limit(time)).abs());
        largest.push((volume.ln(), relative.fold(0.0, f64::max).ln()));
    }
    let slope = (largest[2].1 - largest[0].1) / (largest[2].0 - largest[0].0);
    assert!((slope + 1.0).abs() < 0.02, "the error falls as V^{slope}");
}
