//! The deterministic door: the equations of a network with its rules and events.

use super::Partition;
use super::plan::Plan;
use super::process::{Numerics, Process};
use super::rows::Rows;
use super::sampler::check_tolerances;
use crate::error::DynamicsError;
use crate::method::Stop;
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use kurtz_model::System;
use kurtz_model::system::Observable;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Settings of [`integrate`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Integrate {
    /// Relative tolerance, in [1e-14, 1). Default 1e-8.
    pub relative_tolerance: f64,
    /// Absolute tolerance of a quantity whose size is 1 or larger; of smaller ones it is less in proportion. Default: a
    /// thousandth of the relative tolerance, times the size of each quantity.
    pub absolute_tolerance: Option<f64>,
    /// Steps of the integrator after which it gives up. Default 1e7.
    pub max_steps: usize,
    /// Seed of the lots that are drawn among events of equal priority at the same time. Default 0.
    pub seed: u64,
}

impl Default for Integrate {
    fn default() -> Self {
        Integrate { relative_tolerance: 1e-8, absolute_tolerance: None, max_steps: 10_000_000, seed: 0 }
    }
}

/// What a network does over time, by its equations.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Names of the observables.
    pub names: Vec<String>,
    /// The times that were reached.
    pub times: Vec<f64>,
    /// Values of the observables, `[times x observables]`; at each time, after everything that happens then.
    pub values: Vec<f64>,
    /// Why the last time was not reached, if so.
    pub stop: Option<Stop>,
}

impl Course {
    /// The values at the `index`-th time, `[observables]`.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.names.len()..][..self.names.len()]
    }

    /// One observable over time.
    pub fn column(&self, observable: usize) -> Vec<f64> {
        self.values.iter().skip(observable).step_by(self.names.len().max(1)).copied().collect()
    }
}

/// Integrates all reactions and rules of a system from time 0, with its events, in the amounts of the network.
///
/// `times` increase and are not negative; the last one ends the integration. To integrate more than once, see [`Equations`].
///
/// # Errors
/// Settings out of their range, and times that do not increase. That the end was not reached is part of the result.
///
/// # Example
/// ```
/// use kurtz_dynamics::hybrid::{Integrate, integrate};
/// use kurtz_dynamics::progress::Silent;
/// use kurtz_model::{Network, System};
///
/// let network = Network::builder().species("A", 8).reaction("decay: A -> 0 @ 0.5").build()?;
/// let system = System::new(&network, &Default::default())?;
/// let course = integrate(&system, &[0.0, 2.0], &system.amounts(), &Integrate::default(), &Silent)?;
/// assert!((course.row(1)[0] - 8.0 * (-1.0_f64).exp()).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn integrate(
    system: &System,
    times: &[f64],
    observables: &[Observable],
    settings: &Integrate,
    progress: &dyn Progress,
) -> Result<Course, DynamicsError> {
    check_tolerances(settings.relative_tolerance, settings.absolute_tolerance)?;
    check_times(times)?;
    Equations::new(system, observables)?.integrate(times, settings, progress)
}

/// The equations of a system, compiled: what is done once for many integrations.
#[derive(Clone, Debug)]
pub struct Equations {
    plan: Arc<Plan>,
    names: Vec<String>,
}

impl Equations {
    /// Compiles the equations of all reactions and rules, and what is to be observed.
    ///
    /// # Errors
    /// Systems that cannot be followed by equations.
    pub fn new(system: &System, observables: &[Observable]) -> Result<Self, DynamicsError> {
        let plan = Arc::new(Plan::new(system, &Partition::Continuous, observables)?);
        Ok(Equations { plan, names: observables.iter().map(|o| o.name.clone()).collect() })
    }

    /// Integrates as [`integrate`] does.
    ///
    /// # Errors
    /// As [`integrate`].
    pub fn integrate(
        &self,
        times: &[f64],
        settings: &Integrate,
        progress: &dyn Progress,
    ) -> Result<Course, DynamicsError> {
        check_tolerances(settings.relative_tolerance, settings.absolute_tolerance)?;
        check_times(times)?;
        let numerics = Numerics {
            relative_tolerance: settings.relative_tolerance,
            absolute_tolerance: settings.absolute_tolerance,
            max_steps: settings.max_steps,
            max_events: u64::MAX,
        };
        let width = self.names.len();
        let mut values = vec![f64::NAN; times.len() * width];
        let mut rows = Rows::new(times, width, &mut values);
        let rng = SimRng::new(settings.seed, 0, Purpose::Events);
        let mut process = Process::new(Arc::clone(&self.plan), numerics);
        let stop = process.run(0.0, &self.plan.initial, rng, &mut rows, progress).err();
        let written = rows.written();
        values.truncate(written * width);
        Ok(Course { names: self.names.clone(), times: times[..written].to_vec(), values, stop })
    }
}

fn check_times(times: &[f64]) -> Result<(), DynamicsError> {
    if times.is_empty() {
        return Err(DynamicsError::NoTimes);
    }
    let mut before = -f64::MIN_POSITIVE;
    for (index, &value) in times.iter().enumerate() {
        if !(value.is_finite() && value > before) {
            return Err(DynamicsError::BadGrid { index, value });
        }
        before = value;
    }
    Ok(())
}
