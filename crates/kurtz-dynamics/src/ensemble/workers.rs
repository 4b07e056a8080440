//! Workers take blocks as they come; their reductions are merged in order.

use super::checkpoint::{Checkpoint, put_number, take_number};
use super::recorder::Recorder;
use crate::method::{BatchSampler, Block, BlockTask, Halt, Stop};
use crate::progress::Progress;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Time between two checkpoints.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(10);

/// The reduction of one block.
pub(super) struct Finished<P> {
    part: P,
    trajectories: u64,
    events: u64,
    absorbed: u64,
}

impl<P> Finished<P> {
    pub fn of<R: Recorder<Part = P>>(recorder: &R, block: &Block) -> Self {
        Finished {
            part: recorder.reduce(block),
            trajectories: block.trajectories() as u64,
            events: block.events.iter().sum(),
            absorbed: block.absorbed.iter().filter(|t| t.is_finite()).count() as u64,
        }
    }
}

/// What a worker works with: a sampler, and the block that it sampled last.
pub(super) struct Bench {
    sampler: Box<dyn BatchSampler>,
    pub block: Block,
}

impl Bench {
    pub fn new(sampler: Box<dyn BatchSampler>) -> Self {
        Bench { sampler, block: Block::default() }
    }

    /// Samples a block, whether or not the work was given up before.
    pub fn sample(&mut self, task: &BlockTask<'_>, progress: &dyn Progress) -> Result<(), Halt> {
        self.sampler.sample(task, &mut self.block, progress)
    }

    /// Samples a block, unless the work was given up.
    pub fn sample_unless_cancelled(&mut self, task: &BlockTask<'_>, progress: &dyn Progress) -> Result<(), Halt> {
        if progress.cancelled() {
            return Err(Halt { trajectory: task.first, stop: Stop::Cancelled });
        }
        self.sample(task, progress)
    }
}

/// What is merged so far.
pub(super) struct Merged<T> {
    pub total: T,
    pub trajectories: u64,
    pub events: u64,
    pub absorbed: u64,
    pub halt: Option<Halt>,
}

impl<T> Merged<T> {
    /// Nothing merged yet.
    pub fn nothing(total: T) -> Self {
        Merged { total, trajectories: 0, events: 0, absorbed: 0, halt: None }
    }
}

/// The next block and what is merged before it, from a checkpoint; `None` if it is none of this ensemble.
pub(super) fn restored<R: Recorder>(recorder: &R, state: &[u8]) -> Option<(u64, Merged<R::Total>)> {
    let mut bytes = state;
    let next = take_number(&mut bytes)?;
    let (trajectories, events) = (take_number(&mut bytes)?, take_number(&mut bytes)?);
    let absorbed = take_number(&mut bytes)?;
    let total = recorder.load(&mut bytes)?;
    bytes.is_empty().then_some((next, Merged { total, trajectories, events, absorbed, halt: None }))
}

struct Queue<P, T> {
    merged: Merged<T>,
    /// The block to be merged next.
    next: u64,
    /// Blocks that came before their turn.
    waiting: BTreeMap<u64, Result<Finished<P>, Halt>>,
    saved: Instant,
}

/// The blocks that nobody has taken, for those who sample before there is a line and after.
pub(super) struct Untaken {
    next: AtomicU64,
    end: u64,
    is_halted: AtomicBool,
}

impl Untaken {
    pub fn new(blocks: Range<u64>) -> Self {
        Untaken { next: AtomicU64::new(blocks.start), end: blocks.end, is_halted: AtomicBool::new(false) }
    }

    /// Leaves out the blocks before this one.
    pub fn go_on_from(&self, block: u64) {
        self.next.store(block, Ordering::Relaxed);
    }

    /// The next one, unless the work has ended.
    pub fn take(&self) -> Option<u64> {
        if self.is_halted() {
            return None;
        }
        Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|&block| block < self.end)
    }

    /// Ends the work: no more blocks are taken, and nobody waits for one.
    pub fn halt(&self) {
        self.is_halted.store(true, Ordering::Relaxed);
    }

    pub fn is_halted(&self) -> bool {
        self.is_halted.load(Ordering::Relaxed)
    }
}

/// Progress as those see it who sample before there is a line: their work ends if that of the first block has failed, which is
/// then all that is told.
pub(super) struct Early<'a> {
    pub progress: &'a dyn Progress,
    pub untaken: &'a Untaken,
}

impl Progress for Early<'_> {
    fn cancelled(&self) -> bool {
        self.untaken.is_halted() || self.progress.cancelled()
    }
}

pub(super) struct AssemblyLine<'a, R: Recorder> {
    recorder: R,
    untaken: &'a Untaken,
    progress: &'a dyn Progress,
    /// How many work.
    workers: u64,
    checkpoint: Option<&'a dyn Checkpoint>,
    queue: Mutex<Queue<R::Part, R::Total>>,
    moved: Condvar,
}

impl<'a, R: Recorder> AssemblyLine<'a, R> {
    /// A line on which all blocks before `next` are `merged` already.
    pub fn new(
        recorder: R,
        (next, merged): (u64, Merged<R::Total>),
        untaken: &'a Untaken,
        workers: u64,
        checkpoint: Option<&'a dyn Checkpoint>,
        progress: &'a dyn Progress,
    ) -> Self {
        AssemblyLine {
            recorder,
            untaken,
            workers,
            checkpoint,
            queue: Mutex::new(Queue { merged, next, waiting: BTreeMap::new(), saved: Instant::now() }),
            moved: Condvar::new(),
            progress,
        }
    }

    /// Takes in the block `sampled`, if there is one, then samples and takes in blocks until none is left.
    pub fn work<'t>(
        &self,
        bench: &mut Bench,
        sampled: Option<(u64, Result<(), Halt>)>,
        task: impl Fn(u64) -> BlockTask<'t>,
    ) {
        let mut sampled = sampled;
        loop {
            let (index, result) = match sampled.take() {
                Some(sampled) => sampled,
                None => {
                    let Some(index) = self.untaken.take() else { return };
                    (index, bench.sample_unless_cancelled(&task(index), self.progress))
                }
            };
            self.put(index, result.map(|()| Finished::of(&self.recorder, &bench.block)));
            self.wait_for_others(index, 4 * self.workers);
        }
    }

    /// Takes in a block; merges it and those that waited for it if it is its turn.
    fn put(&self, index: u64, result: Result<Finished<R::Part>, Halt>) {
        let mut queue = self.queue.lock().expect("no recorder panics while merging");
        queue.waiting.insert(index, result);
        let mut steps = 0;
        while queue.merged.halt.is_none()
            && let next = queue.next
            && let Some(result) = queue.waiting.remove(&next)
        {
            match result {
                Ok(finished) => {
                    queue.next += 1;
                    self.recorder.merge(&mut queue.merged.total, finished.part);
                    queue.merged.trajectories += finished.trajectories;
                    queue.merged.events += finished.events;
                    queue.merged.absorbed += finished.absorbed;
                    steps += finished.trajectories;
                }
                // The block that halted stays the next one: whoever goes on from a checkpoint samples it again.
                Err(halt) => {
                    queue.merged.halt = Some(halt);
                    self.untaken.halt();
                }
            }
        }
        if queue.saved.elapsed() > BETWEEN_CHECKPOINTS {
            self.save(&mut queue);
        }
        drop(queue);
        self.moved.notify_all();
        if steps > 0 {
            self.progress.advance(steps);
        }
    }

    /// Lets a worker wait that is far ahead, so that reductions do not pile up behind a slow block.
    ///
    /// The block waited for is in the hands of a worker that runs, so the wait ends.
    fn wait_for_others(&self, index: u64, ahead: u64) {
        let mut queue = self.queue.lock().expect("no recorder panics while merging");
        while index > queue.next + ahead && !self.untaken.is_halted() && !self.progress.cancelled() {
            let wait = std::time::Duration::from_millis(100);
            (queue, _) = self.moved.wait_timeout(queue, wait).expect("no recorder panics while merging");
        }
    }

    /// Keeps what is merged in the checkpoint, if there is one.
    fn save(&self, queue: &mut Queue<R::Part, R::Total>) {
        queue.saved = Instant::now();
        let Some(checkpoint) = self.checkpoint else { return };
        let (merged, mut state) = (&queue.merged, Vec::new());
        for number in [queue.next, merged.trajectories, merged.events, merged.absorbed] {
            put_number(&mut state, number);
        }
        if self.recorder.save(&merged.total, &mut state) {
            checkpoint.save(&state);
        }
    }

    /// The recorder and what is merged; if that is not all, it is kept in the checkpoint.
    pub fn finish(self) -> (R, Merged<R::Total>) {
        let mut queue = self.queue.lock().expect("no recorder panics while merging");
        if queue.merged.halt.is_some() {
            self.save(&mut queue);
        }
        drop(queue);
        (self.recorder, self.queue.into_inner().expect("no recorder panics while merging").merged)
    }
}

/// Does something if the thread panics.
pub(super) struct OnPanic<F: Fn()>(pub F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}
