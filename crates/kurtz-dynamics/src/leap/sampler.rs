//! Trajectories one at a time: draws what happens in each hold.

use super::bridge::{brownian_bridge, poisson_bridge};
use super::network::Network;
use super::path::{Hold, Path};
use super::rule::{BURST, Noise, Rule};
use crate::error::DynamicsError;
use crate::method::{BatchSampler, Block, BlockTask, Halt, Method, Sampler, Stop};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::Direct;
use crate::variates::{normal, poisson};
use kurtz_model::Kinetics;
use std::sync::Arc;

/// Holds between two questions whether to give up.
const STRIDE: u64 = 256;
/// Halvings of a hold that would end below zero before exact simulation takes over.
const MOST_CUTS: u32 = 20;
/// Ways to bridge a hold that are tried before its begin is shown.
const MOST_BRIDGES: u64 = 16;
/// Events of the longest exact stretch; stretches that follow each other double.
const LONGEST_BURST: u64 = 6400;

/// The number of events in a time of constant rate, of this expectation.
#[inline]
pub(super) fn events(noise: Noise, expected: f64, rng: &mut SimRng) -> f64 {
    match noise {
        _ if expected == 0.0 => 0.0,
        Noise::Poisson => poisson(expected, rng),
        Noise::Gaussian => expected + expected.sqrt() * normal(rng),
    }
}

/// Which of the reactions marked, with probabilities in proportion to their rates.
pub(super) fn choose(rates: &[f64], is_marked: &[bool], total: f64, rng: &mut SimRng) -> usize {
    let mut left = rng.uniform() * total;
    let mut last = 0;
    for (j, (&rate, _)) in
        rates.iter().zip(is_marked).enumerate().filter(|(_, (rate, marked))| **marked && **rate > 0.0)
    {
        last = j;
        if left < rate {
            break;
        }
        left -= rate;
    }
    last
}

/// A sampler of blocks.
pub(super) struct Leaper {
    path: Path,
    initial: Vec<f64>,
    exact: Box<dyn Sampler>,
    rng: SimRng,
    extents: Vec<f64>,
    bridged: Vec<f64>,
    scratch: Vec<f64>,
    counts: Vec<i64>,
    burst: u64,
    holds: u64,
    events: f64,
    absorbed: f64,
}

impl Leaper {
    pub fn new(kinetics: &Kinetics, rule: Rule) -> Result<Self, DynamicsError> {
        crate::ssa::refuse_time_dependence(rule.name, kinetics)?;
        let initial = kinetics.initial_counts()?.into_iter().map(|n| n as f64).collect();
        let network = Arc::new(Network::new(kinetics));
        let (n, m) = (network.species, network.reactions);
        Ok(Leaper {
            path: Path::new(network, rule),
            initial,
            exact: Direct::default().sampler(kinetics)?,
            rng: SimRng::new(0, 0, Purpose::Events),
            extents: vec![0.0; m],
            bridged: vec![0.0; m],
            scratch: vec![0.0; n],
            counts: vec![0; n],
            burst: BURST,
            holds: 0,
            events: 0.0,
            absorbed: f64::INFINITY,
        })
    }

    /// Follows one trajectory over `times`, writing `[times x species]` to `out`.
    fn run(
        &mut self,
        start: f64,
        rng: SimRng,
        times: &[f64],
        out: &mut [f64],
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let initial = std::mem::take(&mut self.initial);
        self.path.start(start, &initial);
        self.initial = initial;
        self.rng = rng;
        (self.burst, self.holds, self.events, self.absorbed) = (BURST, 0, 0.0, f64::INFINITY);
        let mut rows = Rows { times, written: 0, out };
        while rows.written < times.len() {
            self.holds += 1;
            if self.holds.is_multiple_of(STRIDE) {
                if progress.cancelled() {
                    return Err(Stop::Cancelled);
                }
                self.path.overflow().map_or(Ok(()), Err)?;
            }
            self.path.begin(&mut self.rng)?;
            match self.path.hold {
                Hold::Rest => {
                    self.absorbed = self.path.time;
                    rows.finish(&self.path.state);
                }
                Hold::Burst => self.exactly(&mut rows, progress)?,
                _ => self.leap(&mut rows, progress)?,
            }
        }
        Ok(())
    }

    /// Carries out a hold in which reactions leap.
    fn leap(&mut self, rows: &mut Rows<'_>, progress: &dyn Progress) -> Result<(), Stop> {
        self.burst = BURST;
        let (path, rng) = (&mut self.path, &mut self.rng);
        let (mut elapsed, mut fired) = (path.length, None);
        if path.exact_total > 0.0 {
            let wait = rng.exponential() / path.exact_total;
            if wait < elapsed {
                elapsed = wait;
                fired = Some(choose(&path.rates, &path.is_exact, path.exact_total, rng));
            }
        }
        for j in 0..self.extents.len() {
            let rate = if path.is_exact[j] { 0.0 } else { path.rates[j] };
            self.extents[j] = events(path.rule.noise, rate * elapsed, rng);
        }
        let mut cuts = 0;
        while !path.finish(elapsed, &mut self.extents, fired) {
            // What happened in the first half of the same hold; the next leap begins there.
            cuts += 1;
            if cuts > MOST_CUTS {
                path.make_burst(rng);
                return self.exactly(rows, progress);
            }
            let key = rng.bits();
            for (j, extent) in self.extents.iter_mut().enumerate() {
                *extent = match path.rule.noise {
                    Noise::Poisson => poisson_bridge(*extent, 0.5, key, j),
                    Noise::Gaussian => 0.5 * *extent + (path.rates[j] * elapsed).sqrt() * brownian_bridge(0.5, key, j),
                };
            }
            elapsed *= 0.5;
            fired = None;
        }
        self.write_inside(elapsed, rows);
        self.path.commit(elapsed, &self.extents, fired.is_some() || cuts > 0);
        self.events += self.extents.iter().map(|e| e.abs()).sum::<f64>() + f64::from(u8::from(fired.is_some()));
        Ok(())
    }

    /// Writes the rows that fall inside the hold, which lasts `elapsed`.
    fn write_inside(&mut self, elapsed: f64, rows: &mut Rows<'_>) {
        let path = &mut self.path;
        while let Some(time) = rows.next().filter(|&t| t < path.time + elapsed) {
            let fraction = ((time - path.time) / elapsed).clamp(0.0, 1.0);
            let mut is_good = false;
            for attempt in 0..MOST_BRIDGES {
                let key = path.key.wrapping_add(attempt);
                for (j, &extent) in self.extents.iter().enumerate() {
                    self.bridged[j] = match path.rule.noise {
                        _ if path.is_exact[j] => 0.0,
                        Noise::Poisson => poisson_bridge(extent, fraction, key, j),
                        Noise::Gaussian => {
                            fraction * extent + (path.rates[j] * elapsed).sqrt() * brownian_bridge(fraction, key, j)
                        }
                    };
                }
                is_good = path.state_after(fraction * elapsed, &self.bridged, &mut self.scratch);
                if is_good {
                    break;
                }
            }
            if !is_good {
                self.scratch.copy_from_slice(&path.state);
            }
            if !path.is_whole() {
                path.keep_above_zero(&mut self.bridged, &mut self.scratch);
            }
            rows.write(&self.scratch);
        }
    }

    /// Simulates exactly for a number of events.
    fn exactly(&mut self, rows: &mut Rows<'_>, progress: &dyn Progress) -> Result<(), Stop> {
        let path = &mut self.path;
        self.counts.iter_mut().zip(&path.state).for_each(|(n, x)| *n = x.round() as i64);
        self.exact.start(path.time, &self.counts, SimRng::new(path.key, 0, Purpose::Burst));
        let mut left = self.burst;
        self.burst = (2 * self.burst).min(LONGEST_BURST);
        while let Some(time) = rows.next() {
            match self.exact.next_event(time) {
                Ok(_) => left -= 1,
                Err(Stop::Horizon) => {
                    self.exact.copy_values(&mut self.scratch);
                    rows.write(&self.scratch);
                }
                Err(Stop::Absorbed { since }) => {
                    self.absorbed = since;
                    self.exact.copy_values(&mut self.scratch);
                    rows.finish(&self.scratch);
                }
                Err(stop) => return Err(stop),
            }
            if left == 0 {
                break;
            }
        }
        self.events += self.exact.events() as f64;
        self.exact.copy_values(&mut self.scratch);
        path.resume(self.exact.time(), &self.scratch);
        if progress.cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

/// Rows of one trajectory, written in order of time.
struct Rows<'a> {
    times: &'a [f64],
    written: usize,
    out: &'a mut [f64],
}

impl Rows<'_> {
    fn next(&self) -> Option<f64> {
        self.times.get(self.written).copied()
    }

    fn write(&mut self, state: &[f64]) {
        self.out[self.written * state.len()..][..state.len()].copy_from_slice(state);
        self.written += 1;
    }

    fn finish(&mut self, state: &[f64]) {
        while self.written < self.times.len() {
            self.write(state);
        }
    }
}

impl BatchSampler for Leaper {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        let species = self.initial.len();
        block.reset(task, species);
        let size = task.times.len() * species;
        for i in 0..task.trajectories {
            let trajectory = task.first + i as u64;
            let rng = SimRng::new(task.seed, trajectory, Purpose::Events);
            let out = &mut block.values[i * size..][..size];
            self.run(task.start, rng, task.times, out, progress).map_err(|stop| Halt { trajectory, stop })?;
            block.events[i] = self.events as u64;
            block.absorbed[i] = self.absorbed;
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.path.is_whole()
    }
}
