//! The chemical master equation by finite state projection.
//!
//! The law p(t) of the state obeys dp/dt = A p. Restricted to finitely many states, with everything that leaves them
//! collected in an absorbing sink, it stays below the exact law in every state, and what is in the sink is exactly
//! what is missing: the mass leaked is the 1-norm error (Munsky & Khammash 2006, doi:10.1063/1.2145882, theorem 2.1,
//! 2.2). [`solve`] lets the set of states grow and shrink so that this error keeps within a tolerance.

mod dense_exponential;
mod generator;
mod krylov;
mod poisson;
mod propagation;
mod space;
mod transitions;
mod uniformisation;
mod windows;

#[cfg(test)]
mod tests;

use crate::error::DynamicsError;
use crate::moment_series::MomentSeries;
use crate::progress::{Progress, Silent};
use crate::stats::{Distribution, StatsError};
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the law is carried over a time on a fixed set of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Propagation {
    /// Krylov for large stiff problems (largest exit rate times last time above 10 000, at least 2 000 states, law
    /// not at rest), where it was measured to be faster; uniformisation elsewhere.
    #[default]
    Auto,
    /// Uniformisation: never negative, its truncation error is a bound. Work grows with the largest exit rate times
    /// time.
    Uniformisation,
    /// Krylov projection: less work for stiff networks; its error is an estimate, and small negative
    /// probabilities are set to zero and added to the error.
    Krylov,
}

/// Settings of finite state projection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FspSettings {
    /// Error allowed at the last time, in the 1-norm (mass leaked, pruned and lost to truncation), in (0, 1).
    /// Earlier times get their proportional share. Krylov projection does not get below about 1e-12; rounding
    /// (about 1e-16 a product) is not counted by either propagation. Default 1e-8.
    pub tolerance: f64,
    /// Stop when more states than this are needed. One takes roughly 150 bytes with uniformisation, 400 with Krylov.
    /// Default 1 000 000.
    pub max_states: usize,
    /// Stop when more multiplications than this are needed, or would be at the present rates; 1e9 take about a
    /// second. It ends networks that explode. Default 2e11.
    pub max_work: f64,
    /// How the law is propagated. Default `auto`.
    pub propagation: Propagation,
    /// Dimension of Krylov spaces, 2 to 100. Default 30 (Expokit).
    pub krylov_dimension: usize,
}

impl Default for FspSettings {
    fn default() -> Self {
        FspSettings {
            tolerance: 1e-8,
            max_states: 1_000_000,
            max_work: 2e11,
            propagation: Propagation::Auto,
            krylov_dimension: 30,
        }
    }
}

/// How a solution ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// All times were reached.
    Finished,
    /// More states were needed than [`FspSettings::max_states`].
    StateLimit {
        /// The time reached.
        time: f64,
        /// Number of states at that time.
        states: usize,
        /// The limit.
        limit: usize,
        /// Species whose counts the missing states would have to extend, and the range of counts held.
        growing: Vec<(String, [i64; 2])>,
    },
    /// More multiplications were needed than [`FspSettings::max_work`].
    WorkLimit {
        /// The time reached.
        time: f64,
        /// Number of states at that time.
        states: usize,
        /// The largest exit rate, per time.
        rate: f64,
        /// Multiplications done and still needed at that rate.
        work: f64,
        /// The limit.
        limit: f64,
        /// Species whose counts were still growing, and the range of counts held.
        growing: Vec<(String, [i64; 2])>,
    },
    /// Interrupted from outside.
    Cancelled {
        /// The time reached.
        time: f64,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let ranges = |growing: &[(String, [i64; 2])]| {
            let each: Vec<String> =
                growing.iter().map(|(name, [low, high])| format!("{name} (held: {low} to {high})")).collect();
            if each.is_empty() { "no species in particular".to_owned() } else { each.join(", ") }
        };
        match self {
            Stop::Finished => write!(f, "all times reached"),
            Stop::StateLimit { time, states, limit, growing } => write!(
                f,
                "the state space needs more than {limit} states at time {time} (it holds {states}); growing: {}; \
                 allow more states, more error, or a shorter time",
                ranges(growing)
            ),
            Stop::WorkLimit { time, states, rate, work, limit, growing } => write!(
                f,
                "at time {time}, with {states} states and rates up to {rate:.3e}, {work:.1e} multiplications are \
                 needed, more than {limit:.1e}; growing: {}; if the network does not explode, allow more work, or \
                 more error",
                ranges(growing)
            ),
            Stop::Cancelled { time } => write!(f, "interrupted at time {time}"),
        }
    }
}

/// What was done to find a solution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FspStatistics {
    /// Matrix-vector products.
    pub products: u64,
    /// Multiplications in them.
    pub work: f64,
    /// Windows of time crossed with uniformisation and with Krylov projection.
    pub windows: [u64; 2],
    /// Windows that leaked and were crossed again.
    pub repeated: u64,
    /// How often the state space grew and shrank.
    pub grown: u64,
    /// How often states were dropped.
    pub pruned: u64,
    /// Largest number of states held.
    pub most_states: usize,
    /// Sum of the negative probabilities that were set to zero (Krylov only; already within the errors).
    pub negativity: f64,
}

/// The law of the state at each time.
#[derive(Clone, Debug)]
pub struct FspSolution {
    /// The times reached, `[times]`; all that were asked for if `stop` is [`Stop::Finished`].
    pub times: Vec<f64>,
    /// The laws, `[times]`. The error bound of each holds the mass leaked, pruned and truncated until then, and the
    /// error of the initial law.
    pub distributions: Vec<Distribution>,
    /// Mass lost through the edges of the state space until each time (leaked and pruned), `[times]`.
    pub leaked: Vec<f64>,
    /// How the solution ended.
    pub stop: Stop,
    /// What was done.
    pub statistics: FspStatistics,
}

impl FspSolution {
    /// Means and central moments up to `order`.
    ///
    /// # Errors
    /// A solution that reached no time.
    pub fn moments(&self, order: u32) -> Result<MomentSeries, StatsError> {
        Distribution::moment_series(&self.times, &self.distributions, order)
    }
}

/// Solves the master equation of `kinetics` from its initial state.
///
/// The laws are over the species that can change (clamped ones are left out), in the order of the network. The
/// result does not depend on the number of threads.
///
/// # Errors
/// Whatever cannot be described by a master equation with constant rates ([`DynamicsError`]). A state space or an amount
/// of work beyond the limits is no error but a [`Stop`], with the laws at the times reached until then.
///
/// # Complexity
/// Uniformisation: (largest exit rate) x (time) products of (states) x (distinct transitions) multiplications.
///
/// # References
/// Munsky & Khammash 2006, doi:10.1063/1.2145882.
pub fn solve(kinetics: &Kinetics, times: &[f64], settings: &FspSettings) -> Result<FspSolution, DynamicsError> {
    windows::solve(kinetics, None, times, settings, &Silent)
}

/// Solves the master equation from any law of the initial state (`None`: the network's own initial state).
///
/// # Errors
/// As [`solve`]; also an initial law over other species than those that can change, or with negative counts.
pub fn solve_from(
    kinetics: &Kinetics,
    initial: Option<&Distribution>,
    times: &[f64],
    settings: &FspSettings,
    progress: &dyn Progress,
) -> Result<FspSolution, DynamicsError> {
    windows::solve(kinetics, initial, times, settings, progress)
}
