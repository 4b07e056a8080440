//! Stationary laws: detected, and averaged over time.
//!
//! Several independent trajectories run to a time T. Their later half is cut into two windows. If the averages of the two
//! (of the numbers and of their squares) do not differ by more than the scatter of the trajectories allows, the process is
//! taken to be at rest in the later half; else T is doubled. This is Geweke's comparison of windows, with standard errors
//! from independent trajectories, which need no model of the correlation in time. Averages over the later half and their
//! standard errors come from the same scatter. Where trajectories disagree far more than each fluctuates, some of them sit
//! in different places for longer than T: that is told by the ratio of Gelman and Rubin.

use crate::ensemble::{Ensemble, Windows, WindowsRecorder};
use crate::error::DynamicsError;
use crate::method::{Halt, Method, Model};
use crate::progress::Progress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of [`stationary`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stationarity {
    /// Independent trajectories, at least 8. Default 64.
    pub trajectories: u64,
    /// Times at which each is looked at in every quarter, at least 4. Default 250.
    pub samples: usize,
    /// How often the time may be doubled. Default 10.
    pub doublings: u32,
}

impl Default for Stationarity {
    fn default() -> Self {
        Stationarity { trajectories: 64, samples: 250, doublings: 10 }
    }
}

/// A stationary law, or what was found instead.
#[derive(Clone, Debug, PartialEq)]
pub struct StationaryLaw {
    /// Whether the process was found at rest.
    pub is_stationary: bool,
    /// The time T of the last attempt; averages are over its later half.
    pub time: f64,
    /// Each quantity.
    pub quantities: Vec<Quantity>,
    /// Number of trajectories.
    pub trajectories: u64,
    /// The trajectory that could not be followed, if there was one, or an interruption.
    pub halt: Option<Halt>,
}

/// One quantity at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// Its mean.
    pub mean: f64,
    /// Standard error of the mean, correlations in time included.
    pub mean_error: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// Standard error of that.
    pub deviation_error: f64,
    /// Difference of the means of the two windows, in standard errors.
    pub drift: f64,
    /// Square root of (variance within and between trajectories) / (variance within): 1 if all saw the same law.
    pub agreement: f64,
    /// Its law: rounded value and how often it was seen.
    pub law: BTreeMap<i64, u64>,
}

/// Windows: four, of which the later two are compared.
const WINDOWS: usize = 4;
/// Differences beyond so many standard errors say that the process is not at rest: of a hundred comparisons at rest one
/// reaches this in about 200 cases (with Student's law of 63 degrees of freedom).
const LINE: f64 = 4.2;
/// Trajectories that disagree by more than this have not seen the same law.
const DISAGREEMENT: f64 = 1.2;

/// Follows trajectories of `model` to `time`, and twice as far as often as allowed, until they are at rest.
///
/// # Errors
/// As [`Ensemble::run`]; settings out of range. That rest was not found is part of the result.
///
/// # References
/// J. Geweke, Bayesian Statistics 4 (1992) 169-193; A. Gelman & D. B. Rubin, Statist. Sci. 7 (1992) 457-472,
/// doi:10.1214/ss/1177011136.
pub fn stationary<'a>(
    model: impl Into<Model<'a>>,
    method: &dyn Method,
    time: f64,
    seed: u64,
    settings: &Stationarity,
    progress: &dyn Progress,
) -> Result<StationaryLaw, DynamicsError> {
    let check = |setting, value: f64, least: f64, expected| {
        if value >= least { Ok(()) } else { Err(DynamicsError::BadSetting { setting, value, expected }) }
    };
    check("the number of trajectories", settings.trajectories as f64, 8.0, "it must be at least 8")?;
    check("samples", settings.samples as f64, 4.0, "it must be at least 4")?;
    check("the time", time, f64::MIN_POSITIVE, "it must be > 0")?;
    let model = model.into();
    let mut time = time;
    for doubling in 0..=settings.doublings {
        let steps = WINDOWS * settings.samples;
        let ensemble = Ensemble::new(model, method, settings.trajectories, seed, time, steps);
        let outcome = ensemble.run(WindowsRecorder::new(WINDOWS), progress)?;
        let windows = outcome.output.unwrap_or_default();
        if outcome.halt.is_some() {
            return Ok(StationaryLaw {
                is_stationary: false,
                time,
                quantities: Vec::new(),
                trajectories: settings.trajectories,
                halt: outcome.halt,
            });
        }
        let (quantities, is_at_rest) = judge(&windows);
        if is_at_rest || doubling == settings.doublings {
            let trajectories = settings.trajectories;
            return Ok(StationaryLaw { is_stationary: is_at_rest, time, quantities, trajectories, halt: None });
        }
        time *= 2.0;
    }
    unreachable!("the last attempt returns")
}

/// The quantities over the later half, and whether they are at rest there.
fn judge(windows: &Windows) -> (Vec<Quantity>, bool) {
    let n = windows.variables.len();
    let trajectories = windows.means.len() / (WINDOWS * n).max(1);
    let at = |values: &[f64], i: usize, w: usize, v: usize| values[(i * WINDOWS + w) * n + v];
    let mut quantities = Vec::with_capacity(n);
    let mut is_at_rest = true;
    for v in 0..n {
        let pick = |values: &[f64], w: usize| (0..trajectories).map(|i| at(values, i, w, v)).collect::<Vec<f64>>();
        let (m2, m3) = (pick(&windows.means, 2), pick(&windows.means, 3));
        let (s2, s3) = (pick(&windows.squares, 2), pick(&windows.squares, 3));
        let both = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| 0.5 * (a + b)).collect::<Vec<f64>>();
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| b - a).collect::<Vec<f64>>();
        let (means, squares) = (both(&m2, &m3), both(&s2, &s3));
        let mean = mean_and_error(&means);
        // Var = <x^2> - m^2, whose influence on each trajectory is its square less 2 m its mean.
        let influence: Vec<f64> = squares.iter().zip(&means).map(|(s, x)| s - 2.0 * mean.0 * x).collect();
        let (shifted, variance_error) = mean_and_error(&influence);
        let variance = (shifted + mean.0 * mean.0).max(0.0);
        let deviation = variance.sqrt();
        let of = |(mean, error): (f64, f64)| if error > 0.0 { mean / error } else { 0.0 };
        let drift = of(mean_and_error(&difference(&m2, &m3)));
        let drift_of_squares = of(mean_and_error(&difference(&s2, &s3)));
        let within: f64 =
            squares.iter().zip(&means).map(|(s, x)| (s - x * x).max(0.0)).sum::<f64>() / trajectories as f64;
        let between = mean.1 * mean.1 * trajectories as f64;
        let agreement = if within > 0.0 {
            ((within + between) / within).sqrt()
        } else if between > 0.0 {
            f64::INFINITY
        } else {
            1.0
        };
        is_at_rest &= drift.abs() < LINE && drift_of_squares.abs() < LINE && agreement < DISAGREEMENT;
        quantities.push(Quantity {
            name: windows.variables[v].clone(),
            mean: mean.0,
            mean_error: mean.1,
            deviation,
            deviation_error: if deviation > 0.0 { variance_error / (2.0 * deviation) } else { 0.0 },
            drift,
            agreement,
            law: windows.laws[v].clone(),
        });
    }
    (quantities, is_at_rest)
}

/// Mean of independent values and its standard error.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::ssa::Direct;
    use crate::testing::networks::*;
    use kurtz_testkit::FalsePositive;
    use kurtz_testkit::statistics::assert_z;

    fn found(kinetics: &kurtz_model::Kinetics, time: f64, settings: &Stationarity) -> StationaryLaw {
        stationary(kinetics, &Direct::default(), time, 5, settings, &Silent).expect("good")
    }

    // Standard errors are those of the found law, from 64 trajectories: Student's law asks for 5.6 of them at 1e-6.
    #[test]
    fn immigration_and_death_come_to_rest_at_the_poisson_law_however_short_the_first_attempt() {
        let line = FalsePositive(2e-8);
        let law = found(&immigration_death(20.0, 0.5, 400), 0.5, &Stationarity::default());
        assert!(law.is_stationary && law.time > 8.0, "{}", law.time);
        let quantity = &law.quantities[0];
        assert_z("mean", quantity.mean, 40.0, quantity.mean_error, line);
        assert_z("deviation", quantity.deviation, 40f64.sqrt(), quantity.deviation_error, line);
        // Averages over T/2 of an autocorrelation exp(-d s): error^2 = 2 Var / (d T/2) / 64, for long T.
        let expected = (2.0 * 40.0 / (0.5 * law.time / 2.0) / 64.0).sqrt();
        assert!((quantity.mean_error / expected - 1.0).abs() < 0.5, "{} {expected}", quantity.mean_error);
        let total: u64 = quantity.law.values().sum();
        assert_eq!(total, 64 * 500);
        let fraction = quantity.law.get(&40).copied().unwrap_or(0) as f64 / total as f64;
        assert!((fraction - 0.063).abs() < 0.015, "{fraction}");
    }

    #[test]
    fn what_grows_is_not_at_rest_and_what_is_absorbed_is() {
        let few = Stationarity { doublings: 3, trajectories: 16, samples: 20 };
        assert!(!found(&kinetics("species A = 10\n 0 -> A @ 5"), 10.0, &few).is_stationary);
        let dead = found(&kinetics("species A = 10\n A -> 0 @ 1"), 100.0, &few);
        assert!(dead.is_stationary && dead.quantities[0].mean == 0.0);
    }

    // Schloegl's network switches between 80 and 560 molecules in thousands of time units: trajectories that start between
    // the two do not agree by then.
    #[test]
    fn trajectories_in_different_wells_do_not_pass_for_rest() {
        let few = Stationarity { doublings: 0, trajectories: 16, samples: 20 };
        let law = found(&schloegl(), 10.0, &few);
        assert!(!law.is_stationary && law.quantities[0].agreement > 2.0, "{:?}", law.quantities[0].agreement);
    }
}
