//! Exact stochastic simulation: trajectories whose law is exactly that of the chemical master equation.
//!
//! [`Direct`], [`Lanes`] and [`FirstReaction`] are equal in law and differ in cost; [`automatic`] chooses. Each is a rule
//! by which the next event is drawn; the loop that carries events out (`simulate`), the two ways to keep propensities (`small`, for networks whose
//! propensities fit in registers, and `sparse`, for all others) and the watch against explosions are shared.

/// The sampler of `$rule` in the cheapest form that fits the network.
macro_rules! dispatch {
    ($kinetics:expr, $max_events:expr, $rule:ty, $sums:ty; $(($m:literal, $s:literal, $o:literal)),*) => {{
        $(if let Some(network) = Small::<$m, $s, $o>::new($kinetics) {
            Box::new(Exact::<_, $rule>::new(network, $max_events)) as Box<dyn Sampler>
        } else)* {
            Box::new(Exact::<_, $rule>::new(Sparse::<$sums>::new($kinetics), $max_events))
        }
    }};
    ($kinetics:expr, $max_events:expr, $rule:ty, $sums:ty) => {
        $crate::ssa::dispatch!($kinetics, $max_events, $rule, $sums; (4, 4, 1), (4, 4, 2), (4, 4, 3),
            (8, 8, 1), (8, 8, 2), (8, 8, 3))
    };
}
use dispatch;

mod choice;
mod composition_rejection;
mod direct;
mod first_reaction;
mod lanes;
mod next_reaction;
mod propensities;
mod queue;
mod rejection;
mod simulate;
mod small;
mod sorting;
mod sparse;
pub(crate) mod sum_tree;
mod trace;
pub(crate) mod watch;

pub use choice::automatic;
pub use composition_rejection::CompositionRejection;
pub use direct::Direct;
pub use first_reaction::FirstReaction;
pub use lanes::{LARGEST_IN_LANES, Lanes};
pub use next_reaction::NextReaction;
pub(crate) use propensities::refuse_time_dependence;
pub use rejection::Rejection;
pub use sorting::SortingDirect;
pub use trace::Trace;

/// Default limit of events per trajectory.
pub const DEFAULT_MAX_EVENTS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests;
