//! One engine for networks with rules, events, changing compartments, time-dependent rates and continuous reactions.
//!
//! A trajectory is a *piecewise-deterministic process*. Its state is everything that changes: amounts of species,
//! parameters, sizes of compartments. Each reaction is either *discrete*, happening molecule by molecule at random times,
//! or *continuous*, flowing at its rate; rate rules flow too, assignment rules are computed where they are read, and
//! events happen at their exact times. [`Partition`] says which reactions flow:
//!
//! | partition | what it is |
//! |---|---|
//! | [`Partition::Discrete`] | exact stochastic simulation, with rules and events |
//! | [`Partition::Continuous`] | the deterministic equations with events, see [`integrate`] |
//! | [`Partition::Mixed`] | a hybrid of both |
//!
//! **Random times.** A discrete reaction happens when the integral of the total propensity reaches an exponential variate
//! of mean 1. Where propensities stay constant between jumps that is a division; where they change with time or with what
//! flows, the integral is one more variable of the equations, and its crossing is located on the interpolant of the step.
//! Events do not disturb the variate, so the law is exact but for the tolerance of the integration, and a trajectory does
//! not depend on the times at which it is looked at.
//!
//! **Currents in fixed steps.** [`Treatment::FixedSteps`] is how such hybrids were published: currents pass by whole
//! molecules every so often, the remainder carried along, and propensities do not see them before the next reaction. Its
//! error is of the order of the step, and the amounts stay counts. The integrated treatment has no step, and amounts that
//! flow are real; neither has the shot noise of the currents.
//!
//! **Events** mean what SBML Level 3 Version 2 (section 4.11) says. Conditions on the time alone are met at the very
//! floating-point number; others are located on the interpolant to its resolution. Comparisons, `floor` and `ceil` in
//! right-hand sides are held while the integrator steps and located in the same way, so that short pulses and jumps of the
//! equations are neither stepped over nor smeared.
//!
//! **Amounts that flow.** A species that continuous reactions change has a real amount: half a molecule is the expected
//! number in a population too large for its grain to matter, and says that the partition is doubtful if it is met often. A
//! discrete reaction takes whole molecules; where there are fewer than it takes of an amount that flows, it does not
//! happen. Whatever the reactions conserve is conserved: by discrete ones exactly, by continuous ones to rounding.

mod discrete;
mod fixed;
mod integrate;
mod partial;
mod partition;
mod plan;
mod preparation;
mod process;
mod product;
mod program;
mod rows;
mod sampler;
mod schedule;
mod search;
mod stretch;
mod swift;
mod switches;

pub use integrate::{Course, Equations, Integrate, integrate};
pub use partition::{Partition, Treatment};
pub use preparation::{Phase, Preparation, Prepared, Spread, Variates};
pub use sampler::{Hybrid, WithPreparation};

#[cfg(test)]
mod tests;
