//! Methods that leap, judged before they are used.

use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::leap::{self, Judgement, LeapError, Pilot};
use kurtz_dynamics::method::{Halt, Method};
use kurtz_model::{Kinetics, SpeciesId};
use serde::{Deserialize, Serialize};

/// How methods that leap go about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Leaping {
    /// Bound on the relative change of propensities in a leap. Default: 0.03, or what keeps to the tolerance of the pilot;
    /// a bound that is given is kept, and the error found is stated only.
    pub epsilon: Option<f64>,
    /// How the error is estimated, and how large it may be.
    pub pilot: Pilot,
}

/// Output times that the pilot looks at, at most.
const PILOT_TIMES: usize = 20;

/// A method and its error, or how its pilot ended.
pub(super) type Judged = Result<(Box<dyn Method>, LeapError), Halt>;

/// The leaping method of this name with an epsilon that keeps to the tolerance; `None` of methods that do not leap.
///
/// # Errors
/// Settings out of range; a network that the method does not follow; a tolerance that cannot be kept.
pub(super) fn judged(
    name: &str,
    settings: &Leaping,
    kinetics: &Kinetics,
    species: &[SpeciesId],
    times: &[f64],
    seed: u64,
    progress: &dyn Progress,
) -> Result<Option<Judged>, Error> {
    let Some(method) = leap::leaping_named(name) else { return Ok(None) };
    let pilot = &settings.pilot;
    if !(pilot.tolerance > 0.0 && pilot.tolerance.is_finite()) {
        return Err(Error::Setting {
            setting: "tolerance",
            found: pilot.tolerance.to_string(),
            expected: "the largest systematic error, in standard deviations, must be > 0",
        });
    }
    let later: Vec<f64> = times.iter().copied().filter(|&t| t > 0.0).collect();
    let stride = later.len().div_ceil(PILOT_TIMES).max(1);
    // From the end backwards, so that the last time is among them.
    let mut looked_at: Vec<f64> = later.iter().rev().step_by(stride).copied().collect();
    looked_at.reverse();
    if let Some(epsilon) = settings.epsilon {
        let method = method.with_epsilon(epsilon);
        let pairs = (pilot.most_pairs / 16).max(40);
        let found = leap::leap_error(&*method, kinetics, species, &looked_at, pairs, seed, progress)?;
        return Ok(Some(found.map(|error| (method as Box<dyn Method>, error))));
    }
    match leap::judge(&*method, kinetics, species, &looked_at, pilot, seed, progress)? {
        Judgement::Good(method, error) => Ok(Some(Ok((method, error)))),
        Judgement::Halted(halt) => Ok(Some(Err(halt))),
        Judgement::TooFar(error) => Err(Error::Declined {
            method: format!("method `{name}`"),
            reason: format!(
                "its systematic error may reach {:.1} % of a standard deviation even at epsilon {} ({}); take an exact \
                 method, or allow more with --error",
                100.0 * error.bound(),
                error.epsilon,
                worst(&error),
            ),
        }),
    }
}

/// What the error of a method is, in a sentence.
pub fn statement(name: &str, error: &LeapError) -> String {
    let percent = |x: f64| format!("{:.2} %", 100.0 * x);
    format!(
        "{name} at epsilon {}: systematic errors are below {} (means) and {} (standard deviations) of a standard deviation, \
         or of a molecule where that is more: estimates {} +- {} and {} +- {}, and three standard errors, from {} coupled \
         pairs of trajectories",
        error.epsilon,
        percent(error.mean.bound()),
        percent(error.deviation.bound()),
        percent(error.mean.estimate),
        percent(error.mean.standard_error),
        percent(error.deviation.estimate),
        percent(error.deviation.standard_error),
        error.pairs,
    )
}

fn worst(error: &LeapError) -> String {
    let (what, bias) = if error.mean.bound() > error.deviation.bound() {
        ("mean", &error.mean)
    } else {
        ("standard deviation", &error.deviation)
    };
    format!(
        "{what} of `{}` at time {}: {:.1} +- {:.1} %",
        bias.species,
        bias.time,
        100.0 * bias.estimate,
        100.0 * bias.standard_error
    )
}
