//! The queue of a scan: trajectories of all conditions, taken by all threads as they come, so that none waits for the end of a
//! condition.

use super::condition::{Condition, Reduction};
use super::store::Store;
use super::{Job, Settings};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::method::{BatchSampler, Block, BlockTask};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// Blocks of a condition at most; they hold one trajectory or more.
const MOST_BLOCKS: u64 = 100;

/// The values of a condition that is being sampled.
struct Sheet {
    /// `[variables][trajectories x times]`; empty before the first block and after the last.
    values: Vec<Vec<f64>>,
    left: usize,
    events: u64,
    seconds: f64,
}

/// First and one past the last output time of windows.
#[derive(Clone, Copy)]
pub(super) struct Windows {
    pub ensemble: (usize, usize),
    pub trace: (usize, usize),
}

struct Queue<'a> {
    settings: &'a Settings,
    jobs: &'a [Job],
    wanted: &'a [usize],
    times: &'a [f64],
    windows: Windows,
    variables: &'a [String],
    store: &'a Store,
    progress: &'a dyn Progress,
    /// Trajectories of a block, and blocks of a condition.
    size: u64,
    blocks: usize,
    next: AtomicUsize,
    stopped: AtomicBool,
    sheets: Vec<Mutex<Sheet>>,
    finished: Mutex<Vec<(usize, Condition)>>,
    failed: Mutex<Option<Error>>,
    begun: Instant,
}

/// Samples the wanted conditions; each is stored as soon as it is finished.
pub(super) fn sample(
    settings: &Settings,
    jobs: &[Job],
    wanted: &[usize],
    times: &[f64],
    windows: Windows,
    variables: &[String],
    store: &Store,
    progress: &dyn Progress,
) -> Result<Vec<(usize, Condition)>, Error> {
    let size = settings.trajectories.div_ceil(MOST_BLOCKS);
    let blocks = settings.trajectories.div_ceil(size) as usize;
    let sheet = |_: &usize| Mutex::new(Sheet { values: Vec::new(), left: blocks, events: 0, seconds: 0.0 });
    progress.begin("trajectories", settings.trajectories * wanted.len() as u64);
    let queue = Queue {
        sheets: wanted.iter().map(sheet).collect(),
        next: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
        finished: Mutex::new(Vec::new()),
        failed: Mutex::new(None),
        begun: Instant::now(),
        settings,
        jobs,
        wanted,
        times,
        windows,
        variables,
        store,
        progress,
        size,
        blocks,
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| queue.work());
        }
    });
    match queue.failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(queue.finished.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)),
    }
}

impl Queue<'_> {
    /// Takes blocks until there are none.
    fn work(&self) {
        let mut bench: Option<(usize, Box<dyn BatchSampler>)> = None;
        let mut block = Block::default();
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            let (place, index) = (task / self.blocks, (task % self.blocks) as u64);
            if place >= self.wanted.len() || self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = self.take(place, index, &mut bench, &mut block) {
                self.stopped.store(true, Ordering::Relaxed);
                let mut failed = self.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                failed.get_or_insert(error);
                return;
            }
        }
    }

    fn take(
        &self,
        place: usize,
        index: u64,
        bench: &mut Option<(usize, Box<dyn BatchSampler>)>,
        block: &mut Block,
    ) -> Result<(), Error> {
        let job = &self.jobs[self.wanted[place]];
        if bench.as_ref().is_none_or(|(at, _)| *at != place) {
            *bench = Some((place, job.method.system_sampler(&job.system, &job.observables)?));
        }
        let Some((_, sampler)) = bench else { return Ok(()) };
        let first = index * self.size;
        let trajectories = self.size.min(self.settings.trajectories - first) as usize;
        let task = BlockTask { seed: job.seed, first, trajectories, start: 0.0, times: self.times };
        let begun = Instant::now();
        let sampled = if self.progress.cancelled() {
            return Err(Error::Interrupted);
        } else {
            sampler.sample(&task, block, self.progress)
        };
        sampled.map_err(|halt| crate::study::simulate::halted(&halt, job.system.network(), job.method.name()))?;
        self.put(place, block, begun.elapsed().as_secs_f64())?;
        self.progress.advance(trajectories as u64);
        Ok(())
    }

    /// Takes in a block; the one who brings the last block of a condition finishes it.
    fn put(&self, place: usize, block: &Block, seconds: f64) -> Result<(), Error> {
        let job = &self.jobs[self.wanted[place]];
        let (times, width) = (self.times.len(), self.variables.len());
        let mut sheet = self.sheets[place].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sheet.values.is_empty() {
            sheet.values = vec![vec![0.0; self.settings.trajectories as usize * times]; width];
        }
        for i in 0..block.trajectories() {
            let path = block.trajectory(i);
            let from = (block.first as usize + i) * times;
            for (v, values) in sheet.values.iter_mut().enumerate() {
                let divisor = job.units[v].1;
                for (t, value) in values[from..from + times].iter_mut().enumerate() {
                    *value = path[t * width + v] / divisor;
                }
            }
        }
        sheet.left -= 1;
        sheet.events += block.events.iter().sum::<u64>();
        sheet.seconds += seconds;
        if sheet.left > 0 {
            return Ok(());
        }
        let values = std::mem::take(&mut sheet.values);
        let (events, seconds) = (sheet.events, sheet.seconds);
        drop(sheet);
        let condition = self.finish(job, &values, events, seconds)?;
        self.store.write(&condition)?;
        let mut finished = self.finished.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        finished.push((self.wanted[place], condition));
        let (done, all) = (finished.len(), self.wanted.len());
        drop(finished);
        let left = self.begun.elapsed().as_secs_f64() * (all - done) as f64 / done as f64;
        self.progress.message(&format!(
            "{}: {events} events in {seconds:.1} s; {done} of {all} conditions, about {} left",
            job.point.name(),
            duration(left)
        ));
        Ok(())
    }

    fn finish(&self, job: &Job, values: &[Vec<f64>], events: u64, seconds: f64) -> Result<Condition, Error> {
        let reduction = Reduction {
            times: self.times,
            window: self.windows.ensemble,
            trace_window: self.windows.trace,
            ceiling: self.settings.trace_ceiling.unwrap_or(f64::INFINITY),
            prominence: self.settings.prominence,
            resamples: self.settings.resamples,
            keep: self.settings.keep,
            seed: job.seed,
        };
        let trajectories = self.settings.trajectories as usize;
        let courses = self.variables.iter().zip(&job.units).zip(values);
        let courses = courses.map(|((name, (unit, _)), values)| reduction.course(name, unit, values, trajectories));
        Ok(Condition {
            identity: job.identity.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            point: job.point.clone(),
            trajectories: self.settings.trajectories,
            events,
            seconds,
            times: self.times.to_vec(),
            window: self.windows.ensemble,
            courses: courses.collect::<Result<_, _>>()?,
        })
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
