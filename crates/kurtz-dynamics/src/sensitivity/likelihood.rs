//! Likelihood ratios: the score-function or Girsanov estimator.
//!
//! How likely a trajectory is depends on a parameter p; the derivative of the logarithm of that is the weight
//!
//! W(t) = sum over events (d a_j / dp) / a_j - integral of sum_j d a_j / dp,
//!
//! with propensities a_j in the state before each event. Its mean is 0, and `d<n>/dp = <n W> = <(n - <n>) W>`: the centred
//! form has the smaller variance, since n W fluctuates with all of n. It grows with the number of events of the reactions
//! that p is in: in proportion to t for what is at rest.

use super::{BLOCK, STRIDE, Sensitivities, check_times, parameter_named};
use crate::error::DynamicsError;
use crate::mass_action::compile;
use crate::method::{Halt, Method, Sampler, Stop};
use crate::moments::sensitivity::Response;
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::Direct;
use kurtz_model::expression::Program;
use kurtz_model::{Expression, Kinetics, ReactionId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of [`likelihood_ratios`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LikelihoodRatio {
    /// Events of a trajectory after which it is given up. Default 1e9.
    pub max_events: u64,
}

impl Default for LikelihoodRatio {
    fn default() -> Self {
        LikelihoodRatio { max_events: 1_000_000_000 }
    }
}

/// Estimates how the means of the counts of all species at `times` depend on the parameters of these names, from
/// `trajectories` exact trajectories for all of them: those of [`Direct`] at this seed.
///
/// Parameters that others are defined by move these too. The same numbers on any number of threads.
///
/// # Errors
/// A parameter that the network does not have, or that the initial state depends on, or at whose value a reaction cannot
/// happen that could at another; laws that depend on time; counts that are not whole; times that do not increase.
///
/// # Complexity
/// An event costs what it costs the direct method, and the derivatives of all propensities by all parameters.
///
/// # References
/// S. Plyasunov & A. P. Arkin, J. Comput. Phys. 221 (2007) 724-738, doi:10.1016/j.jcp.2006.06.047.
pub fn likelihood_ratios(
    kinetics: &Kinetics,
    parameters: &[String],
    times: &[f64],
    trajectories: u64,
    seed: u64,
    settings: &LikelihoodRatio,
    progress: &dyn Progress,
) -> Result<Sensitivities, DynamicsError> {
    if trajectories < 2 {
        let (setting, value) = ("the number of trajectories", trajectories as f64);
        return Err(DynamicsError::BadSetting { setting, value, expected: "it must be at least 2" });
    }
    check_times(times)?;
    crate::ssa::refuse_time_dependence("likelihood ratios", kinetics)?;
    let network = kinetics.network();
    let ids = parameters.iter().map(|name| parameter_named(network, name)).collect::<Result<Vec<_>, _>>()?;
    let species = network.species.len();
    let mut found = Sensitivities::empty(network, parameters, times, trajectories);
    found.values = ids.iter().map(|id| kinetics.parameters()[id.index()]).collect();
    found.derivatives = vec![0.0; ids.len() * times.len() * species];
    found.standard_errors = found.derivatives.clone();
    progress.begin("trajectories", trajectories);
    let slopes = Slopes::new(kinetics, parameters)?;
    let sums = match sampled(kinetics, &slopes, times, trajectories, seed, settings, progress)? {
        Ok(sums) => sums,
        Err(halt) => {
            found.halt = Some(halt);
            return Ok(found);
        }
    };
    let n = trajectories as f64;
    for (mean, (sum, &from)) in found.means.iter_mut().zip(sums.counts.iter().zip(sums.from.iter().cycle())) {
        *mean = from + sum / n;
    }
    for (place, [xw, xww, xxww]) in sums.products.iter().enumerate() {
        let [w, ww] = sums.weights[place / species].map(|sum| sum / n);
        let x = sums.counts[place % (times.len() * species)] / n;
        let covariance = xw / n - x * w;
        let square = (xxww - 2.0 * x * xww) / n + x * x * ww;
        found.derivatives[place] = covariance * n / (n - 1.0);
        found.standard_errors[place] = ((square - covariance * covariance).max(0.0) / (n - 1.0)).sqrt();
    }
    Ok(found)
}

/// Derivatives of propensities by the parameters.
struct Slopes<'a> {
    names: &'a [String],
    /// Which derivatives are not 0: position of the parameter, and of the reaction among `reactions`.
    entries: Vec<(usize, usize)>,
    /// The reactions that have some.
    reactions: Vec<ReactionId>,
    /// The derivatives, then the propensities of `reactions`.
    program: Program,
}

impl<'a> Slopes<'a> {
    fn new(kinetics: &Kinetics, names: &'a [String]) -> Result<Self, DynamicsError> {
        let network = kinetics.network();
        let laws: Vec<Expression> =
            (0..network.reactions.len()).map(|j| network.propensity_expression(ReactionId::from(j))).collect();
        let (mut entries, mut reactions, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        for (k, name) in names.iter().enumerate() {
            let response = Response::new(kinetics, parameter_named(network, name)?);
            if let Some(s) = response.initial.iter().position(|&change| change != 0.0) {
                let problem = format!("the initial amount of `{}` depends on it", network.species[s].name);
                return Err(DynamicsError::NoLikelihoodRatio { parameter: name.clone(), problem });
            }
            for (j, law) in laws.iter().enumerate() {
                let terms = response.of(law);
                if let Some(sum) = terms.into_iter().map(|(change, slope)| change * slope).reduce(|a, b| a + b) {
                    let id = ReactionId::from(j);
                    let place = reactions.iter().position(|&r| r == id).unwrap_or(reactions.len());
                    if place == reactions.len() {
                        reactions.push(id);
                    }
                    entries.push((k, place));
                    outputs.push(sum.simplify());
                }
            }
        }
        outputs.extend(reactions.iter().map(|r| laws[r.index()].clone()));
        Ok(Slopes { names, entries, reactions, program: compile(kinetics, &outputs) })
    }

    /// That a reaction which cannot happen could, were the parameter another.
    fn impossible(&self, kinetics: &Kinetics, entry: usize) -> DynamicsError {
        let (k, place) = self.entries[entry];
        let reaction = &kinetics.network().reactions[self.reactions[place].index()].name;
        let problem = format!("at its value reaction `{reaction}` cannot happen where it could at another");
        DynamicsError::NoLikelihoodRatio { parameter: self.names[k].clone(), problem }
    }
}

/// Sums over trajectories of x, the counts less those at the start `from`, and of the weights w.
struct Sums {
    from: Vec<f64>,
    /// x, `[times x species]`.
    counts: Vec<f64>,
    /// w and w^2, `[parameters x times]`.
    weights: Vec<[f64; 2]>,
    /// x w, x w^2 and x^2 w^2, `[parameters x times x species]`.
    products: Vec<[f64; 3]>,
}

impl Sums {
    fn new(from: &[f64], parameters: usize, times: usize) -> Self {
        Sums {
            from: from.to_vec(),
            counts: vec![0.0; times * from.len()],
            weights: vec![[0.0; 2]; parameters * times],
            products: vec![[0.0; 3]; parameters * times * from.len()],
        }
    }

    /// Adds the state and the weights, `[parameters]`, of a trajectory at time `row` of `times`.
    fn add(&mut self, row: usize, times: usize, state: &[f64], weights: &[f64]) {
        let n = state.len();
        for (i, (&x, from)) in state.iter().zip(&self.from).enumerate() {
            let x = x - from;
            self.counts[row * n + i] += x;
            for (k, w) in weights.iter().enumerate() {
                let sums = &mut self.products[(k * times + row) * n + i];
                *sums = [sums[0] + x * w, sums[1] + x * w * w, sums[2] + x * x * w * w];
            }
        }
        for (k, w) in weights.iter().enumerate() {
            let sums = &mut self.weights[k * times + row];
            *sums = [sums[0] + w, sums[1] + w * w];
        }
    }

    fn merge(&mut self, other: &Sums) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.weights.iter_mut().zip(&other.weights).for_each(|(a, b)| (0..2).for_each(|i| a[i] += b[i]));
        self.products.iter_mut().zip(&other.products).for_each(|(a, b)| (0..3).for_each(|i| a[i] += b[i]));
    }
}

/// Why a trajectory is of no use.
enum Failure {
    Halt(Halt),
    Refused(DynamicsError),
}

fn sampled(
    kinetics: &Kinetics,
    slopes: &Slopes<'_>,
    times: &[f64],
    trajectories: u64,
    seed: u64,
    settings: &LikelihoodRatio,
    progress: &dyn Progress,
) -> Result<Result<Sums, Halt>, DynamicsError> {
    let method = Direct { max_events: settings.max_events };
    let initial = kinetics.initial_counts()?;
    let from: Vec<f64> = initial.iter().map(|&n| n as f64).collect();
    drop(method.sampler(kinetics)?);
    let block = |first: u64| -> Result<Sums, Failure> {
        let mut weighted = Weighted::new(slopes, method.sampler(kinetics).expect("one was made before"), from.len());
        let mut sums = Sums::new(&from, slopes.names.len(), times.len());
        for trajectory in first..(first + BLOCK).min(trajectories) {
            weighted.sampler.start(0.0, &initial, SimRng::new(seed, trajectory, Purpose::Events));
            match weighted.run(times, &mut sums, progress) {
                Ok(()) => {}
                Err(Trouble::Stopped(stop)) => return Err(Failure::Halt(Halt { trajectory, stop })),
                Err(Trouble::Impossible(entry)) => return Err(Failure::Refused(slopes.impossible(kinetics, entry))),
            }
            progress.advance(1);
        }
        Ok(sums)
    };
    let starts: Vec<u64> = (0..trajectories).step_by(BLOCK as usize).collect();
    let blocks: Vec<Result<Sums, Failure>> = starts.into_par_iter().map(block).collect();
    let mut total = Sums::new(&from, slopes.names.len(), times.len());
    for block in blocks {
        match block {
            Ok(sums) => total.merge(&sums),
            Err(Failure::Halt(halt)) => return Ok(Err(halt)),
            Err(Failure::Refused(error)) => return Err(error),
        }
    }
    Ok(Ok(total))
}

/// Why a trajectory could not be weighted: it stopped, or an entry of the slopes is not 0 where its propensity is.
enum Trouble {
    Stopped(Stop),
    Impossible(usize),
}

/// A trajectory in progress and its weights.
struct Weighted<'a> {
    slopes: &'a Slopes<'a>,
    sampler: Box<dyn Sampler>,
    state: Vec<f64>,
    /// `[parameters]`.
    weights: Vec<f64>,
    /// Sums of derivatives over reactions in the present state, `[parameters]`.
    totals: Vec<f64>,
    seen: Vec<f64>,
    registers: Vec<f64>,
    outputs: Vec<f64>,
}

impl<'a> Weighted<'a> {
    fn new(slopes: &'a Slopes<'a>, sampler: Box<dyn Sampler>, species: usize) -> Self {
        Weighted {
            slopes,
            sampler,
            state: vec![0.0; species],
            weights: vec![0.0; slopes.names.len()],
            totals: vec![0.0; slopes.names.len()],
            seen: vec![0.0; slopes.names.len()],
            registers: vec![0.0; slopes.program.register_count()],
            outputs: vec![0.0; slopes.program.output_count()],
        }
    }

    /// Follows the trajectory that has been started over `times`.
    fn run(&mut self, times: &[f64], sums: &mut Sums, progress: &dyn Progress) -> Result<(), Trouble> {
        let Some(&end) = times.last() else { return Ok(()) };
        self.weights.fill(0.0);
        let (mut time, mut row, mut events) = (0.0, 0, 0u64);
        loop {
            self.look()?;
            let event = match self.sampler.next_event(end) {
                Ok(event) => Some(event),
                Err(stop) if stop.is_complete() => None,
                Err(stop) => return Err(Trouble::Stopped(stop)),
            };
            let until = event.map_or(f64::INFINITY, |event| event.time);
            while row < times.len() && times[row] < until {
                for ((seen, weight), total) in self.seen.iter_mut().zip(&self.weights).zip(&self.totals) {
                    *seen = weight - total * (times[row] - time);
                }
                sums.add(row, times.len(), &self.state, &self.seen);
                row += 1;
            }
            let Some(event) = event.filter(|_| row < times.len()) else { return Ok(()) };
            for (weight, total) in self.weights.iter_mut().zip(&self.totals) {
                *weight -= total * (event.time - time);
            }
            let count = self.slopes.entries.len();
            for (entry, &(k, place)) in self.slopes.entries.iter().enumerate() {
                if self.slopes.reactions[place] == event.reaction {
                    self.weights[k] += self.outputs[entry] / self.outputs[count + place];
                }
            }
            time = event.time;
            events += 1;
            if events.is_multiple_of(STRIDE) && progress.cancelled() {
                return Err(Trouble::Stopped(Stop::Cancelled));
            }
        }
    }

    /// Computes derivatives and propensities of the present state.
    fn look(&mut self) -> Result<(), Trouble> {
        self.sampler.copy_values(&mut self.state);
        let state = &self.state;
        let input = |i: usize| state.get(i).copied().unwrap_or(f64::NAN);
        self.slopes.program.evaluate_from(input, &mut self.registers, &mut self.outputs);
        self.totals.fill(0.0);
        let count = self.slopes.entries.len();
        for (entry, &(k, place)) in self.slopes.entries.iter().enumerate() {
            let slope = self.outputs[entry];
            if slope != 0.0 && self.outputs[count + place] <= 0.0 || !slope.is_finite() {
                return Err(Trouble::Impossible(entry));
            }
            self.totals[k] += slope;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsp::{self, FspSettings};
    use crate::progress::Silent;
    use crate::testing::networks::*;
    use kurtz_testkit::FalsePositive;
    use kurtz_testkit::statistics::assert_z;

    const LINE: FalsePositive = FalsePositive(1e-6);

    fn of(kinetics: &Kinetics, names: &[&str], times: &[f64], n: u64) -> Result<Sensitivities, DynamicsError> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        likelihood_ratios(kinetics, &names, times, n, 5, &LikelihoodRatio::default(), &Silent)
    }

    /// d<first species>/dp at `time` by central differences between solutions of the master equation.
    fn exact(text: &dyn Fn(f64) -> String, value: f64, time: f64) -> f64 {
        let settings = FspSettings { tolerance: 1e-12, ..FspSettings::default() };
        let mean = |value: f64| {
            let law = fsp::solve(&kinetics(&text(value)), &[time], &settings).expect("small");
            law.moments(1).expect("good").value(0, 0)
        };
        (mean(value * 1.001) - mean(value * 0.999)) / (0.002 * value)
    }

    #[test]
    fn immigration_and_death_have_the_derivatives_of_the_closed_form_from_one_ensemble() {
        let (k, d, n0) = (20.0, 0.5, 10.0);
        let kinetics = kinetics("species A = 10\n parameter k = 20, d = 0.5\n 0 -> A @ k\n A -> 0 @ d");
        let times = [1.0, 4.0];
        let found = of(&kinetics, &["k", "d"], &times, 40_000).expect("good");
        for (t, &time) in times.iter().enumerate() {
            let p = (-d * time).exp();
            let by_k = (1.0 - p) / d;
            let by_d = -n0 * time * p - k / (d * d) * (1.0 - p) + k / d * time * p;
            assert_z("k", found.derivatives[t], by_k, found.standard_errors[t], LINE);
            assert_z("d", found.derivatives[2 + t], by_d, found.standard_errors[2 + t], LINE);
            let (mean, variance) = (n0 * p + k / d * (1.0 - p), n0 * p * (1.0 - p) + k / d * (1.0 - p));
            assert_z("mean", found.means[t], mean, (variance / 40_000.0).sqrt(), LINE);
            // The variance of (n - <n>) W is Var(n) Var(W) + 2 Cov^2 of normal laws, Var(W) = t / k; a quarter for that
            // they are not, and for sampling.
            let expected = ((variance * time / k + by_k * by_k) / 40_000.0).sqrt();
            assert!(
                (found.standard_errors[t] / expected - 1.0).abs() < 0.25,
                "{} {expected}",
                found.standard_errors[t]
            );
        }
    }

    // The mean of each weight is 0, its variance the integral of (da/dp)^2 / a, here k t / k^2.
    #[test]
    fn weights_have_mean_zero_and_the_variance_of_the_score() {
        let dimer = kinetics(
            "species A = 40, B = 0\n parameter on = 0.02, off = 0.3\n 2 A -> B @ on\n B -> 2 A @ off\n 0 -> A @ 7",
        );
        let names = ["on".to_owned(), "off".to_owned()];
        let slopes = Slopes::new(&dimer, &names).expect("good");
        let n = 20_000;
        let sums = sampled(&dimer, &slopes, &[0.2, 1.0], n, 9, &LikelihoodRatio::default(), &Silent);
        let Ok(Ok(sums)) = sums else { panic!("good") };
        for [w, ww] in sums.weights {
            assert_z("weight", w / n as f64, 0.0, (ww / n as f64 / n as f64).sqrt(), LINE);
        }
        let flow = kinetics("species A = 0\n parameter k = 8\n 0 -> A @ k");
        let names = ["k".to_owned()];
        let slopes = Slopes::new(&flow, &names).expect("good");
        let Ok(Ok(sums)) = sampled(&flow, &slopes, &[2.0], n, 9, &LikelihoodRatio::default(), &Silent) else {
            panic!("good")
        };
        let (mean, square) = (sums.weights[0][0] / n as f64, sums.weights[0][1] / n as f64);
        assert_z("mean", mean, 0.0, (2.0 / 8.0 / n as f64).sqrt(), LINE);
        // W = (N - k t) / k: the fourth central moment of a Poisson number is m + 3 m^2.
        let (m, k) = (16.0f64, 8.0f64);
        assert_z("square", square, m / k / k, ((m + 2.0 * m * m) / k.powi(4) / n as f64).sqrt(), LINE);
    }

    #[test]
    fn laws_of_all_forms_have_the_derivatives_of_the_master_equation() {
        let dimer = |on: f64| {
            format!("species A = 40, B = 0\n parameter on = {on}\n volume 2\n 2 A -> B @ on\n B -> 2 A @ 0.3")
        };
        let hill = |k: f64| {
            format!(
                "species A = 12\n parameter k = {k}\n volume 1.5\n 0 -> A @ rate(30/(1 + ([A]/k)^2))\n A -> 0 @ propensity(A*A/(A + k))"
            )
        };
        let defined =
            |k: f64| format!("species A = 0\n parameter k = {k}, twice = 2*k + 1\n 0 -> A @ twice\n A -> 0 @ k/3");
        let texts: [&dyn Fn(f64) -> String; 3] = [&dimer, &hill, &defined];
        for ((name, value), text) in [("on", 0.02), ("k", 6.0), ("k", 4.0)].into_iter().zip(texts) {
            let found = of(&kinetics(&text(value)), &[name], &[0.3, 1.0], 20_000).expect("good");
            let species = found.species.len();
            for (t, &time) in found.times.iter().enumerate() {
                let place = t * species;
                let (derivative, error) = (found.derivatives[place], found.standard_errors[place]);
                let truth = exact(text, value, time);
                assert_z(name, derivative, truth, error, LINE);
                // A test that can fail: the derivative is many standard errors from 0.
                assert!(truth.abs() > 8.0 * error, "{name} {truth} {error}");
            }
        }
    }

    #[test]
    fn one_and_three_threads_give_the_same_bits() {
        let kinetics = kinetics("species A = 10\n parameter k = 20, d = 0.5\n 0 -> A @ k\n A -> 0 @ d");
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| of(&kinetics, &["k", "d"], &[0.0, 1.0, 2.0], 300)).expect("good")
        };
        let one = run(1);
        assert_eq!(one, run(3));
        assert_eq!(one.derivatives[0], 0.0);
    }

    #[test]
    fn what_has_no_likelihood_ratio_is_refused() {
        let message =
            |text: &str, name: &str| of(&kinetics(text), &[name], &[1.0], 10).expect_err("refused").to_string();
        let off = message("species A = 10\n parameter k = 0\n make: 0 -> A @ k\n A -> 0 @ 1", "k");
        assert!(off.contains("`make` cannot happen"), "{off}");
        let initial = message("species A = n\n parameter n = 10\n A -> 0 @ 1", "n");
        assert!(initial.contains("initial amount of `A`"), "{initial}");
        assert!(message("species A = 10\n A -> 0 @ 1", "j").contains("`j`"));
        assert!(
            message("species A = 10\n parameter k = 1\n A -> 0 @ propensity(A*k*(1+sin(time)))", "k").contains("time")
        );
        let kinetics = kinetics("species A = 10\n parameter k = 1\n A -> 0 @ k");
        assert!(of(&kinetics, &["k"], &[1.0, 1.0], 10).is_err() && of(&kinetics, &["k"], &[1.0], 1).is_err());
    }
}
