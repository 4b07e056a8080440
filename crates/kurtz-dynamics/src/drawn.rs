//! Extrinsic noise: parameters that differ from trajectory to trajectory.

use crate::error::DynamicsError;
use crate::method::{BatchSampler, Block, BlockTask, Halt, Method, Sampler, Stop};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::variates::{exp, gamma, ln, normal, poisson};
use kurtz_model::kinetics::{Changes, KineticsError};
use kurtz_model::{Kinetics, Network};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The law of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Law {
    /// Log-normal, by its mean > 0 and coefficient of variation >= 0 (standard deviation / mean).
    LogNormal {
        /// Mean.
        mean: f64,
        /// Coefficient of variation.
        cv: f64,
    },
    /// Gamma, by its mean > 0 and coefficient of variation > 0.
    Gamma {
        /// Mean.
        mean: f64,
        /// Coefficient of variation.
        cv: f64,
    },
    /// Normal, by its mean and standard deviation >= 0; a value that the model cannot take ends the run.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Uniform between two values.
    Uniform {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// Poisson, by its mean >= 0: for initial counts.
    Poisson {
        /// Mean.
        mean: f64,
    },
}

impl Law {
    /// What is wrong with its numbers, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        let is_good = |x: f64| x.is_finite();
        match *self {
            Law::LogNormal { mean, cv } if !(is_good(mean) && mean > 0.0 && is_good(cv) && cv >= 0.0) => {
                Some("a log-normal law has a mean > 0 and a coefficient of variation >= 0")
            }
            Law::Gamma { mean, cv } if !(is_good(mean) && mean > 0.0 && is_good(cv) && cv > 0.0) => {
                Some("a gamma law has a mean > 0 and a coefficient of variation > 0")
            }
            Law::Normal { mean, sd } if !(is_good(mean) && is_good(sd) && sd >= 0.0) => {
                Some("a normal law has a mean and a standard deviation >= 0")
            }
            Law::Uniform { low, high } if !(is_good(low) && is_good(high) && low <= high) => {
                Some("a uniform law has a lowest value and a highest one that is not below it")
            }
            Law::Poisson { mean } if !(is_good(mean) && (0.0..1e15).contains(&mean)) => {
                Some("a Poisson law has a mean >= 0")
            }
            _ => None,
        }
    }

    /// A value.
    pub fn draw(&self, rng: &mut SimRng) -> f64 {
        match *self {
            Law::LogNormal { mean, cv } => {
                let variance = ln(1.0 + cv * cv);
                mean * exp(variance.sqrt() * normal(rng) - variance / 2.0)
            }
            Law::Gamma { mean, cv } => mean * cv * cv * gamma(1.0 / (cv * cv), rng),
            Law::Normal { mean, sd } => mean + sd * normal(rng),
            Law::Uniform { low, high } => low + (high - low) * rng.uniform(),
            Law::Poisson { mean } => poisson(mean, rng),
        }
    }
}

/// A quantity that each trajectory draws for itself: a parameter, or the initial amount of a species.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draw {
    /// Its name.
    pub name: String,
    /// Its law, in the unit in which the network gives it.
    pub law: Law,
}

impl std::str::FromStr for Draw {
    type Err = String;

    /// Reads `name ~ lognormal(mean, cv)`, `gamma(mean, cv)`, `normal(mean, sd)`, `uniform(low, high)` or `poisson(mean)`.
    fn from_str(text: &str) -> Result<Self, String> {
        let forms = "lognormal(mean, cv), gamma(mean, cv), normal(mean, sd), uniform(low, high) or poisson(mean)";
        let wrong = || format!("`{text}` is not of the form NAME ~ LAW, with the law {forms}");
        let (name, law) = text.split_once('~').ok_or_else(wrong)?;
        let (kind, rest) = law.trim().split_once('(').ok_or_else(wrong)?;
        let inside = rest.trim_end().strip_suffix(')').ok_or_else(wrong)?;
        let number =
            |x: &str| x.trim().parse::<f64>().map_err(|_| format!("`{}` in `{text}` is not a number", x.trim()));
        let numbers = inside.split(',').map(number).collect::<Result<Vec<f64>, String>>()?;
        let law = match (kind.trim(), &numbers[..]) {
            ("lognormal", &[mean, cv]) => Law::LogNormal { mean, cv },
            ("gamma", &[mean, cv]) => Law::Gamma { mean, cv },
            ("normal", &[mean, sd]) => Law::Normal { mean, sd },
            ("uniform", &[low, high]) => Law::Uniform { low, high },
            ("poisson", &[mean]) => Law::Poisson { mean },
            _ => return Err(wrong()),
        };
        if let Some(problem) = law.problem() {
            return Err(format!("`{text}`: {problem}"));
        }
        let name = name.trim().trim_matches('`');
        if name.is_empty() { Err(wrong()) } else { Ok(Draw { name: name.into(), law }) }
    }
}

/// Another method, on parameters that each trajectory draws from their laws.
///
/// Trajectory i draws from a stream of its own, in the order of the draws, so that its parameters do not depend on the
/// method. Whatever the network defines by a drawn parameter follows it.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// How trajectories are followed.
    pub method: Arc<dyn Method>,
    /// What they draw.
    pub draws: Vec<Draw>,
}

impl Method for Drawn {
    fn name(&self) -> &'static str {
        self.method.name()
    }

    fn references(&self) -> &'static [&'static str] {
        self.method.references()
    }

    fn sampler(&self, _kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        Err(DynamicsError::NoSingleEvents { method: self.name() })
    }

    fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        let network = kinetics.network().clone();
        let parameter = |name: &str| network.parameter_named(name).is_some();
        for (i, draw) in self.draws.iter().enumerate() {
            let is_species = network.species_named(&draw.name).is_some();
            if !parameter(&draw.name) && !is_species {
                let names = network.parameters.iter().map(|p| p.name.clone());
                let known = names.chain(network.species.iter().map(|s| s.name.clone())).collect();
                let (kind, name) = ("parameter or species", draw.name.clone());
                return Err(KineticsError::Unknown { kind, name, known }.into());
            }
            if let Some(problem) = draw.law.problem() {
                return Err(DynamicsError::BadDraw { name: draw.name.clone(), problem: problem.into() });
            }
            if self.draws[..i].iter().any(|other| other.name == draw.name) {
                return Err(DynamicsError::BadDraw { name: draw.name.clone(), problem: "it is drawn twice".into() });
            }
        }
        let is_whole = self.method.batch_sampler(kinetics)?.is_whole();
        Ok(Box::new(DrawnSampler { drawn: self.clone(), network, is_whole, one: Block::default() }))
    }
}

struct DrawnSampler {
    drawn: Drawn,
    network: Network,
    is_whole: bool,
    one: Block,
}

impl DrawnSampler {
    /// The sampler of one trajectory, at its own parameters.
    fn sampler(&self, seed: u64, trajectory: u64) -> Result<Box<dyn BatchSampler>, Stop> {
        let mut rng = SimRng::new(seed, trajectory, Purpose::Parameters);
        let mut changes = Changes::default();
        for Draw { name, law } in &self.drawn.draws {
            let list = if self.network.parameter_named(name).is_some() {
                &mut changes.parameters
            } else {
                &mut changes.initial
            };
            list.push((name.clone(), law.draw(&mut rng)));
        }
        let refused = |reason: String| {
            let all = changes.parameters.iter().chain(&changes.initial);
            let drawn = all.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
            Stop::BadDraw { drawn, reason }
        };
        let kinetics = Kinetics::with_changes(&self.network, &changes).map_err(|e| refused(e.to_string()))?;
        self.drawn.method.batch_sampler(&kinetics).map_err(|e| refused(e.to_string()))
    }
}

impl BatchSampler for DrawnSampler {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        let variables = self.network.species.len();
        block.reset(task, variables);
        let size = task.times.len() * variables;
        for i in 0..task.trajectories {
            let trajectory = task.first + i as u64;
            let mut sampler = self.sampler(task.seed, trajectory).map_err(|stop| Halt { trajectory, stop })?;
            let single = BlockTask { first: trajectory, trajectories: 1, ..*task };
            sampler.sample(&single, &mut self.one, progress)?;
            block.values[i * size..][..size].copy_from_slice(&self.one.values);
            block.events[i] = self.one.events[0];
            block.absorbed[i] = self.one.absorbed[0];
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::{Ensemble, FinalsRecorder, MomentRecorder};
    use crate::leap::TauLeaping;
    use crate::progress::Silent;
    use crate::ssa::Direct;
    use crate::testing::networks::*;
    use kurtz_testkit::statistics::assert_z;
    use kurtz_testkit::{FalsePositive, Sampled};

    const LINE: FalsePositive = FalsePositive(1e-6);

    fn drawn(method: Arc<dyn Method>, draws: &[&str]) -> Drawn {
        Drawn { method, draws: draws.iter().map(|d| d.parse().expect("good")).collect() }
    }

    #[test]
    fn laws_have_the_means_and_deviations_that_they_are_given_by() {
        let n = 100_000;
        for (text, mean, sd, excess) in [
            // Excess kurtosis of the log-normal law with w = 1 + cv^2: w^4 + 2 w^3 + 3 w^2 - 6.
            ("k ~ lognormal(3, 0.2)", 3.0, 0.6, 1.04f64.powi(4) + 2.0 * 1.04f64.powi(3) + 3.0 * 1.04f64.powi(2) - 6.0),
            ("k ~ gamma(3, 0.5)", 3.0, 1.5, 6.0 * 0.25),
            ("k ~ normal(3, 0.5)", 3.0, 0.5, 0.0),
            ("k ~ uniform(2, 5)", 3.5, 3.0 / 12f64.sqrt(), -1.2),
            ("k ~ poisson(4)", 4.0, 2.0, 0.25),
        ] {
            let draw: Draw = text.parse().expect("good");
            let mut rng = SimRng::new(3, 0, Purpose::Parameters);
            let sample = Sampled::of((0..n).map(|_| draw.law.draw(&mut rng)));
            assert_z(text, sample.mean, mean, sd / f64::from(n).sqrt(), LINE);
            let error = sd * sd * ((2.0 + excess) / f64::from(n)).sqrt();
            assert_z(text, sample.variance, sd * sd, error, LINE);
        }
    }

    // A at rest is Poisson given k, so that mean = E[k]/d and variance = E[k]/d + Var(k)/d^2.
    #[test]
    fn births_at_a_drawn_rate_have_the_variance_of_a_mixed_poisson_law() {
        let kinetics = kinetics("species A = 0\n parameter k = 20\n 0 -> A @ k\n A -> 0 @ 1");
        let (n, mean, sd) = (10_000, 20.0, 8.0);
        for method in [Arc::new(Direct::default()) as Arc<dyn Method>, Arc::new(TauLeaping::default())] {
            let method = drawn(method, &["k ~ gamma(20, 0.4)"]);
            let run = Ensemble::new(&kinetics, &method, n, 3, 40.0, 1).run(MomentRecorder::new(2, 2), &Silent);
            let series = run.expect("good").output.expect("finished");
            assert_z("mean", series.value(1, 0), mean, ((mean + sd * sd) / n as f64).sqrt(), LINE);
            let error = series.standard_error(1, 1).expect("recorded");
            assert_z("variance", series.value(1, 1), mean + sd * sd, error, LINE);
        }
    }

    #[test]
    fn a_trajectory_draws_the_same_whatever_the_block_and_the_other_draws_follow() {
        let kinetics = kinetics("species A = 5\n parameter k = 20, d = k / 20\n 0 -> A @ k\n A -> 0 @ d");
        let method = drawn(Arc::new(Direct::default()), &["k ~ lognormal(20, 0.5)", "A ~ poisson(30)"]);
        let finals = |n| {
            let run = Ensemble::new(&kinetics, &method, n, 3, 2.0, 1).run(FinalsRecorder, &Silent);
            run.expect("good").output.expect("finished").values
        };
        let (short, long) = (finals(100), finals(900));
        assert_eq!(short[..], long[..100]);
    }

    #[test]
    fn bad_draws_are_told() {
        for text in ["k", "k ~ 3", "k ~ lognormal(1)", "k ~ lognormal(-1, 0.2)", "~ normal(1, 1)", "k ~ normal(a, 1)"] {
            assert!(text.parse::<Draw>().is_err(), "{text}");
        }
        let kinetics = kinetics("species A = 0\n parameter k = 20\n 0 -> A @ k");
        let unknown = drawn(Arc::new(Direct::default()), &["j ~ normal(1, 1)"]);
        assert!(unknown.batch_sampler(&kinetics).err().expect("unknown").to_string().contains("`j`"));
        let twice = drawn(Arc::new(Direct::default()), &["k ~ normal(1, 1)", "k ~ normal(1, 1)"]);
        assert!(matches!(twice.batch_sampler(&kinetics), Err(DynamicsError::BadDraw { .. })));
        let negative = drawn(Arc::new(Direct::default()), &["k ~ normal(0, 1)"]);
        let run = Ensemble::new(&kinetics, &negative, 100, 3, 2.0, 1).run(FinalsRecorder, &Silent).expect("good");
        assert!(matches!(run.halt.expect("some are negative").stop, Stop::BadDraw { .. }));
    }
}
