//! First-passage times: when a condition first holds.

use crate::error::DynamicsError;
use crate::method::{Halt, Method, Stop};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use kurtz_model::expression::Program;
use kurtz_model::{Expression, Kinetics, ReactionId, Symbol};
use rayon::prelude::*;

/// When a condition first holds, over many trajectories.
///
/// Times are exact: the condition is looked at after every event that could change it, not on a grid. A trajectory in
/// which it does not hold by `end` is *censored*: its time is known to be later, no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Passages {
    /// The time in each trajectory; infinite where it was not reached by the end, `[trajectories]`.
    pub times: Vec<f64>,
    /// State at that time, or at the end, `[trajectories x species]`.
    pub states: Vec<i64>,
    /// When trajectories were given up.
    pub end: f64,
    /// Of the trajectories that did not get there, those that never can: nothing happens any more.
    pub absorbed: u64,
    /// The trajectory that could not be followed, if there was one, or an interruption; those before it are kept.
    pub halt: Option<Halt>,
}

/// Trajectories between two questions whether to give up.
const BLOCK: u64 = 64;

/// Samples first-passage times of trajectories 0 to `trajectories` - 1 of `seed` up to time `end`: those of the ensemble
/// of that seed, the same on any number of threads.
///
/// `condition` is an expression over counts and parameters that holds where it is not 0.
///
/// # Errors
/// A method that gives no single events; a condition that reads the time; counts that are not whole; an end that is not a
/// time.
pub fn first_passages(
    kinetics: &Kinetics,
    method: &dyn Method,
    condition: &Expression,
    trajectories: u64,
    seed: u64,
    end: f64,
    progress: &dyn Progress,
) -> Result<Passages, DynamicsError> {
    if end.is_nan() || end <= 0.0 {
        return Err(DynamicsError::BadSetting { setting: "end", value: end, expected: "it must be a time > 0" });
    }
    if condition.depends_on(Symbol::Time) {
        return Err(DynamicsError::TimedCondition);
    }
    let initial = kinetics.initial_counts()?;
    let species = initial.len();
    let program = crate::mass_action::compile(kinetics, std::slice::from_ref(condition));
    let watched: Vec<bool> = (0..species).map(|s| condition.depends_on(Symbol::Species(s.into()))).collect();
    let matters = |j: usize| kinetics.state_change(ReactionId::from(j)).iter().any(|(s, _)| watched[s.index()]);
    let matters: Vec<bool> = (0..kinetics.network().reactions.len()).map(matters).collect();
    drop(method.sampler(kinetics)?);
    progress.begin("trajectories", trajectories);
    let block = |first: u64| -> Result<Vec<Passage>, Halt> {
        let mut sampler = method.sampler(kinetics).expect("the method has made one before");
        let mut look =
            Look { program: &program, registers: vec![0.0; program.register_count()], values: vec![0.0; species] };
        let last = (first + BLOCK).min(trajectories);
        let mut found = Vec::with_capacity((last - first) as usize);
        for trajectory in first..last {
            sampler.start(0.0, &initial, SimRng::new(seed, trajectory, Purpose::Events));
            let mut events = 0u64;
            let mut passage = Passage { time: f64::INFINITY, state: vec![0; species], is_absorbed: false };
            sampler.copy_values(&mut look.values);
            if look.holds() {
                passage.time = 0.0;
            } else {
                loop {
                    match sampler.next_event(end) {
                        Ok(event) => {
                            events += 1;
                            if events.is_multiple_of(4096) && progress.cancelled() {
                                return Err(Halt { trajectory, stop: Stop::Cancelled });
                            }
                            if matters[event.reaction.index()] {
                                sampler.copy_values(&mut look.values);
                                if look.holds() {
                                    passage.time = event.time;
                                    break;
                                }
                            }
                        }
                        Err(Stop::Horizon) => break,
                        Err(Stop::Absorbed { .. }) => {
                            passage.is_absorbed = true;
                            break;
                        }
                        Err(stop) => return Err(Halt { trajectory, stop }),
                    }
                }
            }
            sampler.copy_counts(&mut passage.state);
            found.push(passage);
            progress.advance(1);
        }
        Ok(found)
    };
    let starts: Vec<u64> = (0..trajectories).step_by(BLOCK as usize).collect();
    let blocks: Vec<Result<Vec<Passage>, Halt>> = starts.into_par_iter().map(block).collect();
    let mut passages = Passages { times: Vec::new(), states: Vec::new(), end, absorbed: 0, halt: None };
    for block in blocks {
        match block {
            Ok(found) => {
                for passage in found {
                    passages.times.push(passage.time);
                    passages.states.extend(passage.state);
                    passages.absorbed += u64::from(passage.is_absorbed);
                }
            }
            Err(halt) => {
                passages.halt = Some(halt);
                break;
            }
        }
    }
    Ok(passages)
}

struct Passage {
    time: f64,
    state: Vec<i64>,
    is_absorbed: bool,
}

/// Looks whether the condition holds.
struct Look<'a> {
    program: &'a Program,
    registers: Vec<f64>,
    values: Vec<f64>,
}

impl Look<'_> {
    fn holds(&mut self) -> bool {
        let (values, mut out) = (&self.values, [0.0]);
        let input = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
        self.program.evaluate_from(input, &mut self.registers, &mut out);
        out[0] != 0.0 && !out[0].is_nan()
    }
}

impl Passages {
    /// Number of trajectories.
    pub fn trajectories(&self) -> usize {
        self.times.len()
    }

    /// Number of trajectories that got there by the end.
    pub fn reached(&self) -> usize {
        self.times.iter().filter(|t| t.is_finite()).count()
    }

    /// The fraction that have not got there by `time`, which is not after the end, and its standard error.
    pub fn survival(&self, time: f64) -> (f64, f64) {
        let n = self.times.len() as f64;
        let p = self.times.iter().filter(|t| **t > time).count() as f64 / n;
        (p, (p * (1.0 - p) / n).sqrt())
    }

    /// Mean of the time and its standard error; `None` if some trajectory is censored.
    pub fn mean(&self) -> Option<(f64, f64)> {
        let n = self.times.len() as f64;
        if self.reached() < self.times.len() || self.times.len() < 2 {
            return None;
        }
        let (mean, variance) = self.mean_and_variance();
        Some((mean, (variance / n).sqrt()))
    }

    /// Standard deviation of the time; `None` if some trajectory is censored.
    pub fn deviation(&self) -> Option<f64> {
        self.mean().map(|_| self.mean_and_variance().1.sqrt())
    }

    fn mean_and_variance(&self) -> (f64, f64) {
        let n = self.times.len() as f64;
        let mean = self.times.iter().sum::<f64>() / n;
        (mean, self.times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    /// Mean of the lesser of the time and the end, and its standard error: known however many are censored.
    pub fn restricted_mean(&self) -> (f64, f64) {
        let n = self.times.len() as f64;
        let time = |t: &f64| t.min(self.end);
        let mean = self.times.iter().map(time).sum::<f64>() / n;
        let variance = self.times.iter().map(|t| (time(t) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        (mean, (variance / n).sqrt())
    }

    /// The time by which a fraction of all trajectories got there; `None` if fewer did by the end.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let mut sorted = self.times.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (fraction * sorted.len() as f64).ceil().max(1.0) as usize - 1;
        sorted.get(rank).copied().filter(|t| t.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::methods;
    use crate::progress::{Cancel, Silent};
    use crate::ssa::Direct;
    use crate::testing::networks::*;
    use kurtz_model::format::crn;
    use kurtz_testkit::statistics::assert_z;
    use kurtz_testkit::{FalsePositive, chi_square};

    const LINE: FalsePositive = FalsePositive(1e-6);

    fn passages(kinetics: &Kinetics, condition: &str, n: u64, end: f64) -> Passages {
        let condition = crn::condition(condition, kinetics.network()).expect("good");
        first_passages(kinetics, &Direct::default(), &condition, n, 7, end, &Silent).expect("good")
    }

    // The time of the 5th arrival of a Poisson process of rate 2 is Gamma(5, 1/2): mean 2.5, variance 1.25.
    #[test]
    fn the_fifth_arrival_comes_at_the_times_of_a_gamma_law() {
        let kinetics = kinetics("species A = 0\n 0 -> A @ 2");
        let n = 20_000;
        let found = passages(&kinetics, "A >= 5", n, 1e3);
        let (mean, _) = found.mean().expect("nobody is censored");
        assert_z("mean", mean, 2.5, (1.25 / n as f64).sqrt(), LINE);
        // Fourth central moment of Gamma(k, s): (3 k^2 + 6 k) s^4.
        let error = (((105.0 / 16.0) - 1.25f64.powi(2)) / n as f64).sqrt();
        assert_z("variance", found.deviation().expect("known").powi(2), 1.25, error, LINE);
        // Whole law, by the Poisson probabilities of fewer than five arrivals.
        let survival =
            |t: f64| (0..5).fold((1.0, 0.0), |(p, s), k| (p * 2.0 * t / f64::from(k + 1), s + p)).1 * (-2.0 * t).exp();
        let edges: Vec<f64> = (0..=20).map(|i| 0.3 * f64::from(i)).collect();
        let observed: Vec<u64> =
            edges.windows(2).map(|e| found.times.iter().filter(|t| **t > e[0] && **t <= e[1]).count() as u64).collect();
        let expected: Vec<f64> = edges.windows(2).map(|e| survival(e[0]) - survival(e[1])).collect();
        chi_square(&observed, &expected, n).assert_plausible(LINE);
    }

    #[test]
    fn what_is_not_reached_by_the_end_is_censored() {
        let kinetics = kinetics("species A = 0\n 0 -> A @ 2");
        let (n, end) = (20_000, 1.0);
        let found = passages(&kinetics, "A >= 1", n, end);
        let p = (-2.0f64 * end).exp();
        assert_z("survival", found.survival(end).0, p, (p * (1.0 - p) / n as f64).sqrt(), LINE);
        assert!(found.mean().is_none() && found.quantile(0.99).is_none());
        // E min(T, 1) = (1 - e^-2) / 2; its second moment is 1/2 - 3/2 e^-2.
        let restricted = (1.0 - p) / 2.0;
        let error = ((0.5 - 1.5 * p - restricted * restricted) / n as f64).sqrt();
        assert_z("restricted mean", found.restricted_mean().0, restricted, error, LINE);
        let median = found.quantile(0.5).expect("reached");
        // Density 2 e^-ln 2 = 1 at the median.
        assert_z("median", median, 0.5f64.ln() / -2.0, 0.5 / (n as f64).sqrt(), LINE);
    }

    #[test]
    fn extinction_is_certain_or_not_and_absorbed_trajectories_are_counted() {
        // Birth 1, death 2 from one individual: extinct for certain. At the end all are.
        let dying = passages(&kinetics("species A = 3\n A -> 2 A @ 1\n A -> 0 @ 2"), "A == 0", 500, 1e6);
        assert_eq!((dying.reached(), dying.absorbed), (500, 0));
        // It never gets to 4 after A has died out: absorbed.
        let rarely = passages(&kinetics("species A = 3\n A -> 2 A @ 1\n A -> 0 @ 2"), "A >= 40", 500, 1e6);
        assert_eq!(rarely.reached() as u64 + rarely.absorbed, 500);
        // From 3 to 40 before 0 at odds 2: (2^3 - 1) / (2^40 - 1).
        assert_eq!(rarely.reached(), 0);
        let at_once = passages(&kinetics("species A = 3\n A -> 0 @ 2"), "A < 5", 10, 1.0);
        assert!(at_once.times.iter().all(|t| *t == 0.0));
    }

    #[test]
    fn exact_methods_agree_and_threads_do_not_matter() {
        let kinetics = dimerisation(0.02, 0.1, 40);
        let condition = crn::condition("B >= 12 && A < 20", kinetics.network()).expect("good");
        let mut means = Vec::new();
        for method in methods() {
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| first_passages(&kinetics, &*method, &condition, 3_000, 5, 1e3, &Silent))
            };
            let Ok(found) = run(1) else { continue };
            assert_eq!(found, run(3).expect("good"));
            means.push(found.mean().expect("reached"));
        }
        assert!(means.len() >= 2);
        for (mean, error) in &means {
            assert_z("mean", *mean, means[0].0, (error * error + means[0].1.powi(2)).sqrt().max(1e-12), LINE);
        }
    }

    #[test]
    fn what_cannot_be_watched_is_refused() {
        let kinetics = kinetics("species A = 3\n A -> 0 @ 2");
        let timed = crn::condition("A < time", kinetics.network()).expect("good");
        let refused = first_passages(&kinetics, &Direct::default(), &timed, 10, 1, 1.0, &Silent);
        assert!(matches!(refused, Err(DynamicsError::TimedCondition)));
        assert!(crn::condition("B > 3", kinetics.network()).is_err());
        assert!(crn::condition("A > 3, after 2", kinetics.network()).is_err());
        let cancel = Cancel::new();
        cancel.cancel();
        let condition = crn::condition("A > 1000", kinetics.network()).expect("good");
        let endless = crate::testing::networks::kinetics("species A = 10\n A -> A @ 1000");
        let stopped = first_passages(&endless, &Direct::default(), &condition, 10, 1, 1e9, &cancel).expect("good");
        assert_eq!(stopped.halt.expect("cancelled").stop, Stop::Cancelled);
    }
}
