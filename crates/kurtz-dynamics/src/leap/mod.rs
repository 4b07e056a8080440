//! Approximate stochastic simulation: many events at a time.
//!
//! | method | amounts | small counts | error | when |
//! |---|---|---|---|---|
//! | [`TauLeaping`] | whole | exact | order 2 in epsilon, estimated by [`leap_error`] | counts of hundreds and more |
//! | [`ImplicitTauLeaping`] | whole | exact | order 1 | and some reversible reactions are very fast |
//! | [`Langevin`] | real | wrong below tens | that of the equation, and of order 2 in epsilon | counts of hundreds and more everywhere |
//! | [`AdaptiveHybrid`] | real where large | exact | both | some species few (genes), others very many |
//!
//! All of them share one loop. Time passes in *holds* of constant rates (see `path`), whose lengths follow from the
//! state alone. What happened by a time inside a hold is drawn from the law of a Poisson process (or Brownian motion)
//! given its end, from random bits of that hold: a trajectory is a function of (seed, index), whatever the output grid.
//!
//! Where a leap would be of fewer than ten events, exact simulation takes over; a leap that would leave fewer than no
//! molecules is cut to its first half, again and again.

mod bridge;
mod implicit;
mod network;
mod pair;
mod path;
mod pilot;
mod rule;
mod sampler;

pub use pilot::{Bias, Judgement, LeapError, Pilot, judge, leap_error};
pub use rule::Scheme;

use crate::error::DynamicsError;
use crate::method::{BatchSampler, Method, Sampler};
use kurtz_model::Kinetics;
use rule::{Exactness, Noise, Rule, Stiffness};
use sampler::Leaper;
use serde::{Deserialize, Serialize};

/// Default bound on relative changes of propensities (Cao, Gillespie & Petzold 2006).
pub const DEFAULT_EPSILON: f64 = 0.03;
/// Default limit of leaps per trajectory.
pub const DEFAULT_MAX_LEAPS: u64 = 100_000_000;

/// A method that leaps: its error can be estimated by [`leap_error`].
pub trait Leaping: Method {
    /// Bound on the relative change of any propensity in a leap.
    fn epsilon(&self) -> f64;

    /// The same method with another bound.
    fn with_epsilon(&self, epsilon: f64) -> Box<dyn Leaping>;

    /// What it does, checked.
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "only this module can make or read one")]
    fn rule(&self) -> Result<Rule, DynamicsError>;
}

/// The leaping method of this name, with its default settings.
pub fn leaping_named(name: &str) -> Option<Box<dyn Leaping>> {
    let all: [Box<dyn Leaping>; 4] = [
        Box::new(TauLeaping::default()),
        Box::new(ImplicitTauLeaping::default()),
        Box::new(Langevin::default()),
        Box::new(AdaptiveHybrid::default()),
    ];
    all.into_iter().find(|m| m.name() == name)
}

macro_rules! leaping {
    ($method:ty, $name:literal, $references:expr) => {
        impl Method for $method {
            fn name(&self) -> &'static str {
                $name
            }

            fn references(&self) -> &'static [&'static str] {
                &$references
            }

            fn sampler(&self, _kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
                Err(DynamicsError::NoSingleEvents { method: $name })
            }

            fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
                Ok(Box::new(Leaper::new(kinetics, self.rule()?)?))
            }
        }

        impl Leaping for $method {
            fn epsilon(&self) -> f64 {
                self.epsilon
            }

            fn with_epsilon(&self, epsilon: f64) -> Box<dyn Leaping> {
                Box::new(Self { epsilon, ..self.clone() })
            }

            #[allow(private_interfaces, reason = "see the trait")]
            fn rule(&self) -> Result<Rule, DynamicsError> {
                check("epsilon", self.epsilon, 1e-6, 0.5, "it must be from 1e-6 to 0.5")?;
                self.own_rule()
            }
        }
    };
}

/// Explicit tau-leaping with adaptive leaps: in a leap of length tau every reaction happens a Poisson number of times.
///
/// Leaps are the longest that change no propensity by more than a fraction epsilon, in mean and standard deviation (Cao,
/// Gillespie & Petzold 2006). Reactions that could use up a reactant within `critical_threshold` events happen one
/// by one at exact times, so that no count is ever negative. With the trapezoidal scheme of Anderson & Koyama (2012) rates
/// follow the state within the leap and the weak error is of order 2: at epsilon 0.03 typically some tenths of a percent
/// of the standard deviation, where the usual Euler leaps are off by some percent or more.
///
/// Not for stiff networks (leaps follow the fastest reaction), and of no use where all counts are below a hundred: it
/// then does what [`crate::ssa::Direct`] does.
///
/// # Complexity
/// A leap costs two evaluations of all propensities and two Poisson variates for each reaction.
///
/// # References
/// Y. Cao, D. T. Gillespie & L. R. Petzold, J. Chem. Phys. 124 (2006) 044109, doi:10.1063/1.2159468;
/// D. F. Anderson & M. Koyama, Multiscale Model. Simul. 10 (2012) 1493-1524, doi:10.1137/110849699.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TauLeaping {
    /// Bound on the relative change of any propensity in one leap, in [1e-6, 0.5]. Default 0.03.
    pub epsilon: f64,
    /// A reaction that could exhaust a reactant within this many events is critical, at least 2. Default 10.
    pub critical_threshold: u32,
    /// How rates follow the state within a leap. Default trapezoidal.
    pub scheme: Scheme,
    /// Leaps after which a trajectory is given up. Default 1e8.
    pub max_leaps: u64,
}

impl Default for TauLeaping {
    fn default() -> Self {
        TauLeaping {
            epsilon: DEFAULT_EPSILON,
            critical_threshold: 10,
            scheme: Scheme::default(),
            max_leaps: DEFAULT_MAX_LEAPS,
        }
    }
}

impl TauLeaping {
    fn own_rule(&self) -> Result<Rule, DynamicsError> {
        check_threshold(self.critical_threshold)?;
        Ok(Rule {
            name: "tau-leap",
            epsilon: self.epsilon,
            noise: Noise::Poisson,
            exact: Exactness::Critical(f64::from(self.critical_threshold)),
            scheme: self.scheme,
            stiff: None,
            max_leaps: self.max_leaps,
        })
    }
}

leaping!(TauLeaping, "tau-leap", ["gillespie2001", "cao2006tau", "anderson2012"]);

/// Tau-leaping that turns implicit where fast reversible reactions are in equilibrium, for stiff networks.
///
/// Where leaps that ignore reactions in partial equilibrium with their reverses could be `gain` times longer than those
/// that do not, they are (Cao, Gillespie & Petzold 2007), and end in the solution of implicit equations: backward Euler for
/// the fast reactions, the trapezoidal rule for all others. Backward Euler damps the fluctuations of what is fast; they are
/// restored by noise whose covariance makes the stationary law of the linearised fast reactions exact for any length of the
/// leap. Elsewhere leaps are explicit, as in [`TauLeaping`].
///
/// The number of a fast species at two times within one implicit leap is the same but for what is slow: correlations
/// in time shorter than a leap are not resolved.
///
/// # Complexity
/// An implicit leap solves linear equations in all species a few times: O(N^3) for N species, some hundreds at most.
///
/// # References
/// Y. Cao, D. T. Gillespie & L. R. Petzold, J. Chem. Phys. 126 (2007) 224101, doi:10.1063/1.2745299.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImplicitTauLeaping {
    /// Bound on the relative change of any propensity in one leap, in [1e-6, 0.5]. Default 0.03.
    pub epsilon: f64,
    /// A reaction that could exhaust a reactant within this many events is critical, at least 2. Default 10.
    pub critical_threshold: u32,
    /// Two reactions that undo each other are in partial equilibrium if their propensities differ by at most this
    /// fraction, in (0, 1). Default 0.05 (Cao et al. 2007).
    pub equilibrium: f64,
    /// Leaps are implicit where they can be this many times longer, at least 1. Default 100 (Cao et al. 2007).
    pub gain: f64,
    /// Leaps after which a trajectory is given up. Default 1e8.
    pub max_leaps: u64,
}

impl Default for ImplicitTauLeaping {
    fn default() -> Self {
        ImplicitTauLeaping {
            epsilon: DEFAULT_EPSILON,
            critical_threshold: 10,
            equilibrium: 0.05,
            gain: 100.0,
            max_leaps: DEFAULT_MAX_LEAPS,
        }
    }
}

impl ImplicitTauLeaping {
    fn own_rule(&self) -> Result<Rule, DynamicsError> {
        check_threshold(self.critical_threshold)?;
        check("equilibrium", self.equilibrium, 1e-6, 0.999, "it must be between 0 and 1")?;
        check("gain", self.gain, 1.0, 1e12, "it must be at least 1")?;
        Ok(Rule {
            name: "implicit-tau-leap",
            epsilon: self.epsilon,
            noise: Noise::Poisson,
            exact: Exactness::Critical(f64::from(self.critical_threshold)),
            scheme: Scheme::Trapezoidal,
            stiff: Some(Stiffness { equilibrium: self.equilibrium, gain: self.gain }),
            max_leaps: self.max_leaps,
        })
    }
}

leaping!(ImplicitTauLeaping, "implicit-tau-leap", ["cao2007", "cao2006tau"]);

/// The chemical Langevin equation dx = sum_j v_j (a_j dt + sqrt(a_j) dW_j), by leaps with real, Gaussian numbers of events.
///
/// Steps are chosen as those of [`TauLeaping`]; the scheme is of weak order 2 (Anderson & Mattingly 2011). Amounts are real
/// numbers. The equation itself has no meaning below zero; here, where a step would lead there, as much of the reactions
/// that consumed the species is taken back as leaves it at zero, so that everything that reactions conserve is conserved.
/// Propensities that are negative for fractions of molecules count as zero.
///
/// Its law differs from that of the network by terms of relative order 1 / n (skewness, tails, rare switching); use it
/// where all counts stay in the hundreds and more. That error is *not* in what [`leap_error`] estimates, which is that of
/// the steps.
///
/// # References
/// D. T. Gillespie, J. Chem. Phys. 113 (2000) 297-306, doi:10.1063/1.481811; D. F. Anderson & J. C. Mattingly, Commun.
/// Math. Sci. 9 (2011) 301-318, doi:10.4310/CMS.2011.v9.n1.a15.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Langevin {
    /// Bound on the relative change of any propensity in one step, in [1e-6, 0.5]. Default 0.03.
    pub epsilon: f64,
    /// Steps after which a trajectory is given up. Default 1e8.
    pub max_steps: u64,
}

impl Default for Langevin {
    fn default() -> Self {
        Langevin { epsilon: DEFAULT_EPSILON, max_steps: DEFAULT_MAX_LEAPS }
    }
}

impl Langevin {
    fn own_rule(&self) -> Result<Rule, DynamicsError> {
        Ok(Rule {
            name: "langevin",
            epsilon: self.epsilon,
            noise: Noise::Gaussian,
            exact: Exactness::Never,
            scheme: Scheme::Trapezoidal,
            stiff: None,
            max_leaps: self.max_steps,
        })
    }
}

leaping!(Langevin, "langevin", ["gillespie2000", "anderson2011"]);

/// Exact events where molecules are few, the chemical Langevin equation where they are many.
///
/// A reaction is exact while any species that it needs or changes has fewer than `threshold` molecules; its events happen
/// at exact times, at rates that follow the state within each step to order 2. All others are followed as in [`Langevin`].
/// The partition is made anew for every step. A reaction that turns exact has its real number of events rounded to a whole
/// one, up with the probability of its fraction, so that means and conserved sums stay; while nothing is large the
/// method is exact simulation.
///
/// For genes and their many products. [`leap_error`] compares with half the epsilon *and* twice the threshold, so that the
/// error of the partition is part of its estimate.
///
/// # References
/// H. Salis & Y. Kaznessis, J. Chem. Phys. 122 (2005) 054103, doi:10.1063/1.1835951; A. Duncan, R. Erban & K. Zygalakis,
/// J. Comput. Phys. 326 (2016) 398-419, doi:10.1016/j.jcp.2016.08.034.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptiveHybrid {
    /// Bound on the relative change of any propensity in one step, in [1e-6, 0.5]. Default 0.03.
    pub epsilon: f64,
    /// Number of molecules of a species below which reactions are exact, at least 10. Default 200.
    pub threshold: u32,
    /// Steps after which a trajectory is given up. Default 1e8.
    pub max_steps: u64,
}

impl Default for AdaptiveHybrid {
    fn default() -> Self {
        AdaptiveHybrid { epsilon: DEFAULT_EPSILON, threshold: 200, max_steps: DEFAULT_MAX_LEAPS }
    }
}

impl AdaptiveHybrid {
    fn own_rule(&self) -> Result<Rule, DynamicsError> {
        check("threshold", f64::from(self.threshold), 10.0, f64::INFINITY, "it must be at least 10")?;
        Ok(Rule {
            name: "adaptive-hybrid",
            epsilon: self.epsilon,
            noise: Noise::Gaussian,
            exact: Exactness::Small(f64::from(self.threshold)),
            scheme: Scheme::Trapezoidal,
            stiff: None,
            max_leaps: self.max_steps,
        })
    }
}

leaping!(AdaptiveHybrid, "adaptive-hybrid", ["salis2005", "gillespie2000", "anderson2011"]);

fn check_threshold(threshold: u32) -> Result<(), DynamicsError> {
    check("critical_threshold", f64::from(threshold), 2.0, f64::INFINITY, "it must be at least 2")
}

fn check(
    setting: &'static str,
    value: f64,
    least: f64,
    most: f64,
    expected: &'static str,
) -> Result<(), DynamicsError> {
    if value >= least && value <= most { Ok(()) } else { Err(DynamicsError::BadSetting { setting, value, expected }) }
}

#[cfg(test)]
mod tests;
