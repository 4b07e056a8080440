//! Reduction of networks with two time scales: who is fast, what the slow equations are, and how far they can be trusted.
//!
//! [`Scales`] finds the time scales along a trajectory, [`Plan`] says what follows from taking species or reactions as
//! fast, [`Reduction`] solves the fast equations in symbols and writes the reduced network, [`Errors`] estimates its error,
//! and [`reduce`] tries what the diagnosis suggests and chooses. [`compare_noise`] simulates both networks.
//!
//! ```
//! use kurtz_dynamics::progress::Silent;
//! use kurtz_learn::reduce::{Flow, Kind, ReduceSettings, reduce};
//! use kurtz_model::{Kinetics, Network};
//!
//! // An enzyme that is scarce: S and P are slow, E and ES fast.
//! let network = Network::builder()
//!     .volume(1000.0)
//!     .species("S", "concentration(1)").species("E", "concentration(0.001)")
//!     .species("ES", "concentration(0)").species("P", "concentration(0)")
//!     .parameter("k1", 10).parameter("k_1", 5).parameter("k2", 5)
//!     .reaction("S + E <-> ES @ k1, k_1")
//!     .reaction("catalysis: ES -> E + P @ k2")
//!     .build()?;
//! let kinetics = Kinetics::new(&network)?;
//! let flow = Flow::new(&kinetics)?;
//! let outcome = reduce(&flow, &ReduceSettings::default(), &Silent)?;
//! let best = outcome.best().expect("the tool finds the Michaelis-Menten law");
//! assert_eq!(best.kind, Kind::Qssa);
//! let text = best.reduction.as_ref().expect("written").network.to_crn();
//! assert!(text.contains("catalysis: S -> P @ rate(k1*k2*E_total*S/("), "{text}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod behaviour;
mod choose;
mod error;
mod estimate;
mod flow;
mod manifold;
mod plan;
mod reduction;
mod scales;
mod shares;
mod solve;
mod stochastic;
mod write;

pub use behaviour::{Behaviour, Behaviours, behaviour};
pub use choose::{Candidate, Outcome, ReduceSettings, describe, reduce};
pub use error::ReduceError;
pub use estimate::{Errors, TAIL, Window};
pub use flow::Flow;
pub use manifold::{Corrected, Manifold, SlowFlow};
pub use plan::{Balance, Combination, Kind, Plan, Remaining, Weights, pairs};
pub use reduction::Reduction;
pub use scales::{ScaleSettings, Scales, Split};
pub use solve::{Root, Solved, Term};
pub use stochastic::{Comparison, Noise, StochasticSettings, compare_noise};
