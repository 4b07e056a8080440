//! Ensembles: many trajectories, of which only what was asked for is kept.
//!
//! Trajectory i of seed s is a function of (s, i) alone. Work is split in blocks whose size does not depend on the
//! number of threads; workers sample and reduce blocks in any order, and the reductions are put together in the order
//! of the blocks. Hence the same bits for 1, 2 or 7 threads, and after an interruption the result is that of the
//! blocks finished so far without a gap.

mod checkpoint;
mod cross_products;
mod halves;
mod histogram;
mod moments;
mod paths;
mod recorder;
mod stream;
mod windows;
mod workers;

pub use checkpoint::Checkpoint;
pub use halves::Halves;
pub use histogram::{Histogram, HistogramRecorder};
pub use moments::MomentRecorder;
pub use paths::{Finals, FinalsRecorder, Paths, PathsRecorder};
pub use recorder::{Layout, Recorder};
pub use stream::{PathSink, StreamRecorder};
pub use windows::{Windows, WindowsRecorder};

use crate::error::DynamicsError;
use crate::method::{BatchSampler, BlockTask, Halt, Method, Model};
use crate::progress::Progress;
use kurtz_model::System;
use kurtz_model::system::Observable;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

/// Which trajectories of a network to sample, and when to look at them.
#[derive(Clone, Debug)]
pub struct Ensemble<'a> {
    /// The network.
    pub model: Model<'a>,
    /// How to sample it.
    pub method: &'a dyn Method,
    /// Number of trajectories, with indices 0 to `trajectories` - 1.
    pub trajectories: u64,
    /// Seed.
    pub seed: u64,
    /// Times to be recorded, in the network's unit, increasing, from 0 on; trajectories start at 0.
    pub times: Vec<f64>,
    /// What to record; the amounts of all species if empty.
    pub observables: Vec<Observable>,
}

/// What came of an ensemble.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<T> {
    /// What the recorders kept; `None` if not even the first block of trajectories was finished.
    pub output: Option<T>,
    /// Number of trajectories behind it: all of them, or whole blocks from the first on without a gap.
    pub trajectories: u64,
    /// Events in these trajectories.
    pub events: u64,
    /// Number of these trajectories that were absorbed (nothing can happen any more) by the last grid time.
    pub absorbed: u64,
    /// Why it is not all of them, if so: the first trajectory that could not be completed, or an interruption.
    pub halt: Option<Halt>,
}

/// Why an ensemble did not begin.
enum Begin {
    Halt(Halt),
    Error(DynamicsError),
}

/// Largest number of trajectories in a block.
const LARGEST_BLOCK: u64 = 256;
/// Blocks are made smaller, down to single trajectories, if there would be fewer than this many.
const ENOUGH_BLOCKS: u64 = 256;
/// Trajectories that a lane follows one after the other in a block, so that few lanes are empty at its end ...
const ROUNDS: u64 = 8;
/// ... unless blocks would become fewer than this; but lanes are filled once in any case.
const FEWEST_BLOCKS: u64 = 8;
/// Values that a block may hold, beyond one trajectory (32 MB).
const VALUES_IN_BLOCK: usize = 1 << 22;

impl<'a> Ensemble<'a> {
    /// An ensemble recorded at `steps` + 1 equally spaced times from 0 to `end`.
    pub fn new(
        model: impl Into<Model<'a>>,
        method: &'a dyn Method,
        trajectories: u64,
        seed: u64,
        end: f64,
        steps: usize,
    ) -> Self {
        let times = (0..=steps).map(|i| end * i as f64 / steps.max(1) as f64).collect();
        Ensemble::at(model, method, trajectories, seed, times)
    }

    /// An ensemble recorded at `times`.
    pub fn at(
        model: impl Into<Model<'a>>,
        method: &'a dyn Method,
        trajectories: u64,
        seed: u64,
        times: Vec<f64>,
    ) -> Self {
        Ensemble { model: model.into(), method, trajectories, seed, times, observables: Vec::new() }
    }

    /// Records these instead of the amounts of all species.
    pub fn observing(mut self, observables: Vec<Observable>) -> Self {
        self.observables = observables;
        self
    }

    fn sampler(&self) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        match self.model {
            Model::Kinetics(kinetics) if self.observables.is_empty() => self.method.batch_sampler(kinetics),
            Model::Kinetics(kinetics) => {
                let system = System::new(kinetics.network(), &Default::default())?;
                self.method.system_sampler(&system, &self.observables)
            }
            Model::System(system) if self.observables.is_empty() => {
                self.method.system_sampler(system, &system.amounts())
            }
            Model::System(system) => self.method.system_sampler(system, &self.observables),
        }
    }

    /// Names of what is recorded.
    fn variables(&self) -> Vec<String> {
        if self.observables.is_empty() {
            self.model.network().species.iter().map(|s| s.name.clone()).collect()
        } else {
            self.observables.iter().map(|o| o.name.clone()).collect()
        }
    }

    /// Trajectories per block for a method that follows `lanes` side by side; not a function of the number of threads.
    fn block_size(&self, lanes: usize) -> u64 {
        let per_trajectory = self.times.len() * self.variables().len();
        let fits = (VALUES_IN_BLOCK / per_trajectory.max(1)) as u64;
        let lanes = lanes as u64;
        let full = if lanes > 1 { (ROUNDS * lanes).min(self.trajectories / FEWEST_BLOCKS).max(lanes) } else { 1 };
        (self.trajectories / ENOUGH_BLOCKS).max(full).clamp(1, LARGEST_BLOCK.min(fits.max(1)))
    }

    /// Samples the ensemble on the threads of the current rayon pool.
    ///
    /// `progress` counts trajectories.
    ///
    /// # Errors
    /// If the method cannot simulate the network, the initial state is not whole, there are no trajectories, or the
    /// grid is not increasing. That a trajectory could not be completed is no error: see [`Outcome::halt`].
    ///
    /// # Panics
    /// If a recorder panics.
    pub fn run<R: Recorder>(&self, recorder: R, progress: &dyn Progress) -> Result<Outcome<R::Output>, DynamicsError> {
        self.run_from(recorder, None, progress)
    }

    /// As [`Ensemble::run`], keeping its state in a checkpoint now and then and when it ends early, and going on from what
    /// the checkpoint has: with the same bits as if it had never stopped.
    ///
    /// # Errors
    /// As [`Ensemble::run`]; a checkpoint of another ensemble.
    pub fn run_from<R: Recorder>(
        &self,
        mut recorder: R,
        checkpoint: Option<&dyn Checkpoint>,
        progress: &dyn Progress,
    ) -> Result<Outcome<R::Output>, DynamicsError> {
        self.check()?;
        let sampler = self.sampler()?;
        let block_size = self.block_size(sampler.lanes());
        let task = |block: u64| BlockTask {
            seed: self.seed,
            first: block * block_size,
            trajectories: block_size.min(self.trajectories - block * block_size) as usize,
            start: 0.0,
            times: &self.times,
        };
        progress.begin("trajectories", self.trajectories);
        if recorder.needs_counts() && !sampler.is_whole() {
            return Err(DynamicsError::NotWhole);
        }
        let blocks: Range<u64> = 0..self.trajectories.div_ceil(block_size);
        let workers = (rayon::current_num_threads() as u64).min(blocks.end);
        let state = checkpoint.and_then(Checkpoint::load);
        let goes_on = state.is_some();
        let layout = Layout { variables: self.variables(), times: self.times.clone(), trajectories: self.trajectories };
        let untaken = workers::Untaken::new(1..blocks.end);
        // Nothing if the first block could not be finished.
        let line = OnceLock::new();
        let no_sampler = Mutex::new(None);
        let first = rayon::scope(|scope| {
            for _ in 1..workers {
                // Whoever works makes its own sampler and keeps it: what two threads write to would lie side by side if one of
                // them had made both, and each would wait for the other's lines of the cache.
                scope.spawn(|_| {
                    // Nobody waits for a worker that panicked.
                    let _guard = workers::OnPanic(|| untaken.halt());
                    let sampler = match self.sampler() {
                        Ok(sampler) => sampler,
                        Err(error) => {
                            untaken.halt();
                            if let Ok(mut first) = no_sampler.lock() {
                                first.get_or_insert(error);
                            }
                            return;
                        }
                    };
                    let mut bench = workers::Bench::new(sampler);
                    // Without waiting for the first block, unless a checkpoint may have what would be sampled.
                    let block = if goes_on { None } else { untaken.take() };
                    let early = workers::Early { progress, untaken: &untaken };
                    let sampled = block.map(|block| (block, bench.sample_unless_cancelled(&task(block), &early)));
                    if let Some(line) = line.wait() {
                        workers::AssemblyLine::work(line, &mut bench, sampled, task);
                    }
                });
            }
            // The recorder sees the first block before it reduces any.
            let end = || {
                untaken.halt();
                let _ = line.set(None);
            };
            let _guard = workers::OnPanic(end);
            let mut bench = workers::Bench::new(sampler);
            let mut begin = || {
                // Also where the work was given up already, if only to go on: what is merged is told.
                let first = if goes_on {
                    bench.sample(&task(0), progress)
                } else {
                    bench.sample_unless_cancelled(&task(0), progress)
                };
                first.map_err(Begin::Halt)?;
                let total = recorder.begin(&layout, &bench.block);
                let Some(state) = &state else { return Ok((0, workers::Merged::nothing(total))) };
                let (next, merged) = workers::restored(&recorder, state)
                    .filter(|(next, _)| *next <= blocks.end)
                    .ok_or(Begin::Error(DynamicsError::BadCheckpoint))?;
                untaken.go_on_from(next);
                progress.advance(merged.trajectories);
                Ok((next, merged))
            };
            let merged = begin().inspect_err(|_| end())?;
            let begun = workers::AssemblyLine::new(recorder, merged, &untaken, workers, checkpoint, progress);
            let line = line.get_or_init(|| Some(begun)).as_ref();
            let sampled = (!goes_on).then_some((0, Ok(())));
            line.into_iter().for_each(|line| line.work(&mut bench, sampled.clone(), task));
            Ok(())
        });
        if let Some(error) = no_sampler.into_inner().ok().flatten() {
            return Err(error);
        }
        let mut outcome = Outcome { output: None, trajectories: 0, events: 0, absorbed: 0, halt: None };
        match first {
            Ok(()) => {}
            Err(Begin::Error(error)) => return Err(error),
            Err(Begin::Halt(halt)) => outcome.halt = Some(halt),
        }
        if let Some(line) = line.into_inner().flatten() {
            let (recorder, done) = line.finish();
            outcome.trajectories = done.trajectories;
            outcome.events = done.events;
            outcome.absorbed = done.absorbed;
            outcome.halt = done.halt;
            outcome.output = Some(recorder.finish(done.total, outcome.trajectories));
        }
        Ok(outcome)
    }

    fn check(&self) -> Result<(), DynamicsError> {
        if self.trajectories == 0 {
            return Err(DynamicsError::BadSetting {
                setting: "the number of trajectories",
                value: 0.0,
                expected: "it must be at least 1",
            });
        }
        let mut before = -f64::MIN_POSITIVE;
        for (index, &value) in self.times.iter().enumerate() {
            if !(value.is_finite() && value > before) {
                return Err(DynamicsError::BadGrid { index, value });
            }
            before = value;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
