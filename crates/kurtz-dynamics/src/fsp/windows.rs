//! The adaptive march: windows of time, crossed again on more states when too much leaks.

use crate::error::DynamicsError;
use crate::fsp::generator::Generator;
use crate::fsp::propagation::{Crossed, Outcome, Window};
use crate::fsp::space::StateSpace;
use crate::fsp::transitions::Transitions;
use crate::fsp::{FspSettings, FspSolution, FspStatistics, Propagation, Stop, krylov, uniformisation};
use crate::progress::Progress;
use crate::stats::Distribution;
use kurtz_model::Kinetics;
use std::sync::Arc;

/// Shares of the tolerance: what may leave the state space (at its edges and by pruning), and the propagators' own.
const LEAK_SHARE: f64 = 0.8;
const PROPAGATOR_SHARE: f64 = 0.2;

/// Of what may still leave, the part that pruning may take after a window.
const PRUNE_SHARE: f64 = 0.1;

/// A first set of states this large, before anything is known.
const FIRST_STATES: usize = 64;

/// Length of the first window in units of 1 / (largest exit rate), and the longest (short windows waste Poisson
/// tails; long ones leak late and are crossed again at full cost).
const FIRST_WINDOW: f64 = 64.0;
const LONGEST_WINDOW: f64 = 2048.0;

/// The longest window once the law changes no more; its Poisson weights still fit into memory easily.
const LONGEST_REST: f64 = 1e9;

/// Largest exit rate times last time, and number of states, from which Krylov projection was measured to be faster.
const STIFF: f64 = 10_000.0;
const LARGE: usize = 2_000;

/// Steps in which the way to the last time is reported.
const PROGRESS_STEPS: u64 = 1000;

/// States are dropped only if that frees this fraction of them or of the largest exit rate.
const WORTH_PRUNING: f64 = 0.3;

/// A march in progress.
struct March<'a> {
    transitions: Transitions<'a>,
    settings: &'a FspSettings,
    space: StateSpace,
    generator: Generator,
    law: Vec<f64>,
    time: f64,
    horizon: f64,
    first_rate: f64,
    /// Mass leaked and pruned so far.
    leaked: f64,
    /// Errors of the propagators so far.
    error: f64,
    statistics: FspStatistics,
}

pub(super) fn solve(
    kinetics: &Kinetics,
    initial: Option<&Distribution>,
    times: &[f64],
    settings: &FspSettings,
    progress: &dyn Progress,
) -> Result<FspSolution, DynamicsError> {
    check_settings(settings)?;
    check_times(times)?;
    let transitions = Transitions::new(kinetics)?;
    let names: Arc<[String]> = transitions.names().into();
    let initial_error = initial.map_or(0.0, Distribution::error_bound);
    progress.begin("master equation", PROGRESS_STEPS);
    let mut reported = 0;
    let mut march = March::new(transitions, initial, *times.last().expect("checked"), settings)?;
    let mut solution = FspSolution {
        times: Vec::new(),
        distributions: Vec::new(),
        leaked: Vec::new(),
        stop: Stop::Finished,
        statistics: FspStatistics::default(),
    };
    let mut length = FIRST_WINDOW;
    let mut grown = false;
    while solution.times.len() < times.len() {
        let end = march.window_end(length);
        let pending = &times[solution.times.len()..];
        let inside = pending.iter().take_while(|&&t| t <= end).count();
        let mut offsets: Vec<f64> = pending[..inside].iter().map(|t| t - march.time).collect();
        if inside == 0 || pending[inside - 1] < end {
            offsets.push(end - march.time);
        }
        let (outcome, allowance) = march.cross(&offsets, end, progress);
        match outcome {
            Outcome::Crossed(crossed) => {
                for (i, at) in crossed.iter().take(inside).enumerate() {
                    let bound = initial_error + march.leaked + march.error + at.leaked + at.error;
                    let states = march.space.states().clone();
                    let law = Distribution::from_sorted(names.clone(), states, at.law.clone(), bound);
                    solution.times.push(pending[i]);
                    solution.distributions.push(law);
                    solution.leaked.push(march.leaked + at.leaked);
                }
                let at_rest = crossed.iter().all(|at| at.at_rest);
                march.advance(crossed.into_iter().next_back().expect("a window has an end"), end, allowance);
                if at_rest {
                    length = (16.0 * length).min(LONGEST_REST);
                } else if !grown {
                    length = (2.0 * length).min(LONGEST_WINDOW);
                }
                grown = false;
                let done = (PROGRESS_STEPS as f64 * end / march.horizon.max(f64::MIN_POSITIVE)) as u64;
                progress.advance(done.saturating_sub(reported));
                reported = reported.max(done);
            }
            Outcome::Leaking(flux) => {
                grown = true;
                length = (0.5 * length).max(0.5 * FIRST_WINDOW);
                if let Some(stop) = march.grow(&flux, allowance)? {
                    solution.stop = stop;
                    break;
                }
            }
            Outcome::Cancelled => {
                solution.stop = Stop::Cancelled { time: march.time };
                break;
            }
        }
        if march.statistics.work > settings.max_work {
            solution.stop = march.work_limit(march.statistics.work, &[]);
            break;
        }
    }
    if solution.times.len() == times.len() {
        solution.stop = Stop::Finished;
    }
    solution.statistics = march.statistics;
    Ok(solution)
}

fn check_settings(settings: &FspSettings) -> Result<(), DynamicsError> {
    let bad = |setting, value, expected| Err(DynamicsError::BadSetting { setting, value, expected });
    if !(settings.tolerance > 0.0 && settings.tolerance < 1.0) {
        return bad("tolerance", settings.tolerance, "it must be above 0 and below 1");
    }
    if settings.max_states == 0 || settings.max_states > u32::MAX as usize {
        return bad("max_states", settings.max_states as f64, "it must be between 1 and 2^32 - 1");
    }
    if settings.max_work.is_nan() || settings.max_work <= 0.0 {
        return bad("max_work", settings.max_work, "it must be above 0");
    }
    if !(2..=100).contains(&settings.krylov_dimension) {
        return bad("krylov_dimension", settings.krylov_dimension as f64, "it must be between 2 and 100");
    }
    Ok(())
}

fn check_times(times: &[f64]) -> Result<(), DynamicsError> {
    if times.is_empty() {
        return Err(DynamicsError::NoTimes);
    }
    for (index, &value) in times.iter().enumerate() {
        if !value.is_finite() || value < 0.0 || (index > 0 && value <= times[index - 1]) {
            return Err(DynamicsError::BadGrid { index, value });
        }
    }
    Ok(())
}

impl<'a> March<'a> {
    fn new(
        transitions: Transitions<'a>,
        initial: Option<&Distribution>,
        horizon: f64,
        settings: &'a FspSettings,
    ) -> Result<Self, DynamicsError> {
        let (states, law) = match initial {
            None => (transitions.initial()?, vec![1.0]),
            Some(law) => {
                if law.species() != transitions.names() {
                    return Err(DynamicsError::InitialSpecies {
                        found: law.species().to_vec(),
                        expected: transitions.names(),
                    });
                }
                if law.states().iter().any(|&n| n < 0) {
                    return Err(DynamicsError::InitialLaw { problem: "has negative counts" });
                }
                if law.total() <= 0.0 {
                    return Err(DynamicsError::InitialLaw { problem: "has no mass" });
                }
                (law.states().to_vec(), law.probabilities().to_vec())
            }
        };
        let mut space = StateSpace::new(states, &transitions)?;
        let seeds: Vec<usize> = (0..space.len()).collect();
        let positions = space.grow(&seeds, FIRST_STATES, settings.max_states, &transitions)?;
        let law = spread(&law, &positions, space.len());
        let generator = Generator::new(&space, &transitions);
        let first_rate = generator.rate();
        let statistics = FspStatistics { most_states: space.len(), ..FspStatistics::default() };
        Ok(March {
            transitions,
            settings,
            space,
            generator,
            law,
            time: 0.0,
            horizon,
            first_rate,
            leaked: 0.0,
            error: 0.0,
            statistics,
        })
    }

    /// The end of a window of dimensionless length `length`; the horizon if it is near.
    fn window_end(&self, length: f64) -> f64 {
        if self.generator.rate() == 0.0 {
            return self.horizon;
        }
        let end = self.time + length / self.generator.rate();
        let rest = self.horizon - end;
        // A last window of a quarter of the length or less is joined to the one before.
        if rest * self.generator.rate() <= 0.25 * length { self.horizon } else { end }
    }

    /// Crosses the window to `end`; also returns the mass that may still be lost by then.
    fn cross(&mut self, offsets: &[f64], end: f64, progress: &dyn Progress) -> (Outcome, f64) {
        let earned = if self.horizon > 0.0 { self.settings.tolerance * end / self.horizon } else { 0.0 };
        let allowance = (LEAK_SHARE * earned - self.leaked).max(0.0);
        let window = Window {
            generator: &self.generator,
            start: &self.law,
            offsets,
            leak_allowed: (1.0 - PRUNE_SHARE) * allowance,
            error_allowed: (PROPAGATOR_SHARE * earned - self.error).max(0.0),
            progress,
        };
        let mut products = 0;
        let length = (end - self.time) * self.generator.rate();
        let outcome = match self.propagation(length, window.error_allowed, &mut products) {
            Propagation::Krylov => {
                self.statistics.windows[1] += 1;
                krylov::cross(&window, self.settings.krylov_dimension, &mut products)
            }
            _ => {
                self.statistics.windows[0] += 1;
                uniformisation::cross(&window, &mut products)
            }
        };
        self.statistics.products += products;
        self.statistics.work += products as f64 * self.generator.work() as f64;
        (outcome, allowance)
    }

    /// How to cross a window. Krylov projection needs a third of the products of uniformisation on stiff problems,
    /// but a product costs it more, a small dense exponential comes on top, and it does not notice rest.
    fn propagation(&self, length: f64, error_allowed: f64, products: &mut u64) -> Propagation {
        if self.settings.propagation != Propagation::Auto {
            return self.settings.propagation;
        }
        if self.generator.rate() * self.horizon < STIFF || self.space.len() < LARGE {
            return Propagation::Uniformisation;
        }
        let mut next = vec![0.0; self.law.len()];
        self.generator.multiply(&self.law, &mut next);
        *products += 1;
        let moved: f64 = self.law.iter().zip(&next).map(|(a, b)| (a - b).abs()).sum();
        if moved * length <= error_allowed { Propagation::Uniformisation } else { Propagation::Krylov }
    }

    /// Takes over the law at the end of a window and drops states that have become negligible.
    fn advance(&mut self, crossed: Crossed, end: f64, allowance: f64) {
        self.law = crossed.law;
        self.time = end;
        self.leaked += crossed.leaked;
        self.error += crossed.error;
        self.statistics.negativity += crossed.negativity;
        self.prune(PRUNE_SHARE * allowance);
    }

    /// Drops states whose probabilities sum to less than `budget`, if that makes the rest cheaper.
    fn prune(&mut self, budget: f64) {
        let n = self.space.len();
        let threshold = budget / n as f64;
        let keep: Vec<bool> = self.law.iter().map(|&p| p >= threshold).collect();
        let kept = keep.iter().filter(|&&k| k).count();
        if kept == 0 || kept == n {
            return;
        }
        let exit = |i: usize| self.space.propensities(i).iter().sum::<f64>();
        let rate = (0..n).filter(|&i| keep[i]).map(exit).fold(0.0, f64::max);
        let frees_states = n >= 2 * FIRST_STATES && (kept as f64) < (1.0 - WORTH_PRUNING) * n as f64;
        if !frees_states && rate > (1.0 - WORTH_PRUNING) * self.generator.rate() {
            return;
        }
        self.leaked += self.law.iter().zip(&keep).filter(|(_, k)| !**k).map(|(p, _)| p).sum::<f64>();
        self.law = self.law.iter().zip(&keep).filter(|(_, k)| **k).map(|(p, _)| *p).collect();
        self.space.retain(&keep);
        self.generator = Generator::new(&self.space, &self.transitions);
        self.statistics.pruned += 1;
    }

    /// Adds states behind the boundary states through which too much leaked.
    fn grow(&mut self, flux: &[f64], allowance: f64) -> Result<Option<Stop>, DynamicsError> {
        self.statistics.repeated += 1;
        self.statistics.grown += 1;
        let boundary = self.generator.boundary();
        let mut by_flux: Vec<usize> = (0..flux.len()).collect();
        by_flux.sort_by(|&i, &j| flux[j].total_cmp(&flux[i]));
        // Leave out the boundary states that together leak a tenth of what is allowed.
        let mut rest = 0.0;
        while let Some(&weakest) = by_flux.last() {
            if by_flux.len() == 1 || rest + flux[weakest] > 0.1 * allowance {
                break;
            }
            rest += flux[weakest];
            by_flux.pop();
        }
        let mut seeds: Vec<usize> = by_flux.iter().map(|&i| boundary[i].0 as usize).collect();
        seeds.sort_unstable();
        let enough = FIRST_STATES.max(self.space.len() / 4);
        let limit = self.settings.max_states;
        let before = self.space.len();
        let positions = self.space.grow(&seeds, enough, limit, &self.transitions)?;
        let seeds: Vec<usize> = seeds.iter().map(|&i| positions[i]).collect();
        self.law = spread(&self.law, &positions, self.space.len());
        self.generator = Generator::new(&self.space, &self.transitions);
        self.statistics.most_states = self.statistics.most_states.max(self.space.len());
        if self.space.len() >= limit {
            let growing = self.growing(&seeds);
            return Ok(Some(Stop::StateLimit { time: self.time, states: before, limit, growing }));
        }
        let left = self.generator.rate() * (self.horizon - self.time) * self.generator.work() as f64;
        if self.generator.rate() > 10.0 * self.first_rate && left > self.settings.max_work {
            return Ok(Some(self.work_limit(self.statistics.work + left, &seeds)));
        }
        Ok(None)
    }

    fn work_limit(&self, work: f64, seeds: &[usize]) -> Stop {
        Stop::WorkLimit {
            time: self.time,
            states: self.space.len(),
            rate: self.generator.rate(),
            work,
            limit: self.settings.max_work,
            growing: self.growing(seeds),
        }
    }

    /// Species that grow by some transition possible in the seeds, with the range of counts held.
    fn growing(&self, seeds: &[usize]) -> Vec<(String, [i64; 2])> {
        let names = self.transitions.names();
        let width = self.transitions.width();
        let possible = |jump: usize| seeds.iter().any(|&i| self.space.propensities(i)[jump] > 0.0);
        let jumps: Vec<usize> = (0..self.transitions.len()).filter(|&j| possible(j)).collect();
        (0..width)
            .filter(|&s| jumps.iter().any(|&j| self.transitions.change(j)[s] > 0))
            .map(|s| {
                let counts = || self.space.states().iter().skip(s).step_by(width).copied();
                (names[s].clone(), [counts().min().unwrap_or(0), counts().max().unwrap_or(0)])
            })
            .collect()
    }
}

/// The law on a larger space, given where its states have gone.
fn spread(law: &[f64], positions: &[usize], length: usize) -> Vec<f64> {
    let mut spread = vec![0.0; length];
    for (&p, &i) in law.iter().zip(positions) {
        spread[i] = p;
    }
    spread
}
