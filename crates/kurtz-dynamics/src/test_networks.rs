//! For tests: networks from text, and derivatives against differences.

use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, Network, Value};
use kurtz_ode::VectorField;

/// The network of a `.crn` text.
pub(crate) fn network(text: &str) -> Network {
    match kurtz_model::format::crn::parse(text, "test") {
        Ok((network, _)) => network,
        Err(problems) => panic!("{problems}"),
    }
}

/// The network of a `.crn` text with its own values.
pub(crate) fn kinetics(text: &str) -> Kinetics {
    Kinetics::new(&network(text)).expect("the values are good")
}

/// Largest deviation of a Jacobian from central differences, relative to 1 + its entry.
pub(crate) fn jacobian_error(field: &dyn VectorField, time: f64, x: &[f64]) -> f64 {
    let n = field.dimension();
    let mut jacobian = vec![f64::NAN; n * n];
    assert!(field.jacobian(time, x, &mut jacobian));
    let mut largest = 0.0;
    for k in 0..n {
        let step = 1e-5 * (1.0 + x[k].abs());
        let at = |sign: f64| {
            let (mut moved, mut dx) = (x.to_vec(), vec![0.0; n]);
            moved[k] += sign * step;
            field.evaluate(time, &moved, &mut dx);
            dx
        };
        let (up, down) = (at(1.0), at(-1.0));
        for i in 0..n {
            let (exact, difference) = (jacobian[i * n + k], (up[i] - down[i]) / (2.0 * step));
            let error = (exact - difference).abs() / (1.0 + exact.abs());
            largest = if error > largest || error.is_nan() { error } else { largest };
        }
    }
    largest
}

/// Largest deviation of a parameter Jacobian (over all parameters of the network) from central differences between
/// networks with changed values, relative to 1 + its entry.
pub(crate) fn parameter_jacobian_error<F: VectorField>(
    kinetics: &Kinetics,
    make: &dyn Fn(&Kinetics) -> F,
    time: f64,
    x: &[f64],
) -> f64 {
    let field = make(kinetics);
    let (n, p) = (field.dimension(), field.parameter_count());
    let mut exact = vec![f64::NAN; n * p];
    field.parameter_jacobian(time, x, &mut exact);
    let mut largest: f64 = 0.0;
    for k in 0..p {
        let step = 1e-6 * (1.0 + kinetics.parameters()[k].abs());
        let at = |sign: f64| {
            let mut dx = vec![0.0; n];
            make(&moved(kinetics, k, sign * step)).evaluate(time, x, &mut dx);
            dx
        };
        let (up, down) = (at(1.0), at(-1.0));
        for i in 0..n {
            let difference = (up[i] - down[i]) / (2.0 * step);
            let error = (exact[i * p + k] - difference).abs() / (1.0 + difference.abs());
            assert!(error.is_finite(), "entry {i}, {k}");
            largest = largest.max(error);
        }
    }
    largest
}

/// The kinetics with one parameter changed; one that was defined by others no longer is.
pub(crate) fn moved(kinetics: &Kinetics, parameter: usize, by: f64) -> Kinetics {
    let mut network = kinetics.network().clone();
    let value = kinetics.parameters()[parameter] + by;
    let unit = kurtz_model::Unit::unspecified();
    network.parameters[parameter].value = Value::Quantity(kurtz_model::Quantity { value, unit });
    Kinetics::with_changes(&network, &Changes::default()).expect("a small change is good")
}
