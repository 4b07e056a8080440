//! The generator of the master equation on a finite set of states, as a sparse matrix.

use crate::fsp::space::StateSpace;
use crate::fsp::transitions::Transitions;
use rayon::prelude::*;

/// Rows that are worked on together, small enough to stay in the first cache.
const BLOCK: usize = 1 << 11;

/// Blocks per task; products of fewer than two tasks are not worth a second thread.
const BLOCKS_PER_TASK: usize = 8;

/// The generator A of the truncated master equation dp/dt = A p, stored as P = I + A / rate.
///
/// `rate` is the largest exit rate, so that all entries of P are non-negative; what leaves the set of states goes to
/// a sink that is kept apart.
///
/// A transition shifts every state by the same vector, and the states are sorted: where neighbours i, i + 1, ... in
/// the list have their sources at neighbours j, j + 1, ..., the entries of P form a *run* along a diagonal. Runs are as
/// long as the last species' range of counts, need no column indices, and are multiplied with vector instructions.
pub(super) struct Generator {
    /// Runs of all blocks, block by block, in each transition by transition.
    runs: Vec<Run>,
    /// Where the runs of each block start; one more at the end.
    block_start: Vec<usize>,
    /// The entries of all runs.
    values: Vec<f64>,
    diagonal: Vec<f64>,
    /// States with a transition out of the set, and the rate of it divided by `rate`.
    boundary: Vec<(u32, f64)>,
    rate: f64,
}

/// Entries of P at (row, source), (row + 1, source + 1), ...
#[derive(Clone, Copy)]
struct Run {
    row: u32,
    source: u32,
    length: u32,
    /// Position of the first entry.
    first: usize,
}

impl Generator {
    pub(super) fn new(space: &StateSpace, transitions: &Transitions) -> Self {
        let (n, jumps) = (space.len(), transitions.len());
        let exit: Vec<f64> = (0..n).map(|i| space.propensities(i).iter().sum()).collect();
        let rate = exit.iter().copied().fold(0.0, f64::max);
        let scale = if rate > 0.0 { 1.0 / rate } else { 0.0 };
        let mut generator = Generator {
            runs: Vec::new(),
            block_start: vec![0],
            values: Vec::with_capacity(n * jumps),
            diagonal: exit.iter().map(|&e| (1.0 - e * scale).max(0.0)).collect(),
            boundary: Vec::new(),
            rate,
        };
        let mut stays_inside = vec![false; n * jumps];
        // For each transition, the first state that could still be a source of the row at hand.
        let mut cursor = vec![0usize; jumps];
        for start in (0..n).step_by(BLOCK) {
            for jump in 0..jumps {
                let change = transitions.change(jump);
                let j = &mut cursor[jump];
                let mut continues = false;
                for i in start..n.min(start + BLOCK) {
                    let source = || space.state(i).iter().zip(change).map(|(n, d)| n - d);
                    let before = *j;
                    while *j < n && space.state(*j).iter().copied().cmp(source()).is_lt() {
                        *j += 1;
                    }
                    if *j < n && space.state(*j).iter().copied().eq(source()) {
                        stays_inside[*j * jumps + jump] = true;
                        generator.push(i, *j, space.propensities(*j)[jump] * scale, continues && *j == before);
                        // The next source of a run is the next state.
                        *j += 1;
                        continues = true;
                    } else {
                        continues = false;
                    }
                }
            }
            generator.block_start.push(generator.runs.len());
        }
        for i in 0..n {
            let leaving: f64 =
                (0..jumps).filter(|&r| !stays_inside[i * jumps + r]).map(|r| space.propensities(i)[r]).sum();
            if leaving > 0.0 {
                generator.boundary.push((i as u32, leaving * scale));
            }
        }
        generator
    }

    fn push(&mut self, row: usize, source: usize, value: f64, continues: bool) {
        match self.runs.last_mut() {
            Some(run) if continues => run.length += 1,
            _ => {
                let first = self.values.len();
                self.runs.push(Run { row: row as u32, source: source as u32, length: 1, first });
            }
        }
        self.values.push(value);
    }

    /// Number of states.
    pub(super) fn len(&self) -> usize {
        self.diagonal.len()
    }

    /// Multiplications in one product.
    pub(super) fn work(&self) -> usize {
        self.values.len() + self.diagonal.len()
    }

    /// Largest exit rate: one unit of the dimensionless time of [`Generator::multiply`] is 1 / rate.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// States with a transition out of the set, and the dimensionless rate of it.
    pub(super) fn boundary(&self) -> &[(u32, f64)] {
        &self.boundary
    }

    /// y = P x. Each row is summed in the same order for any number of threads.
    pub(super) fn multiply(&self, x: &[f64], y: &mut [f64]) {
        let rows_per_task = BLOCK * BLOCKS_PER_TASK;
        if y.len() < 2 * rows_per_task {
            self.multiply_blocks(0, x, y);
        } else {
            y.par_chunks_mut(rows_per_task).enumerate().for_each(|(k, rows)| {
                self.multiply_blocks(k * BLOCKS_PER_TASK, x, rows);
            });
        }
    }

    fn multiply_blocks(&self, first_block: usize, x: &[f64], y: &mut [f64]) {
        for (k, rows) in y.chunks_mut(BLOCK).enumerate() {
            let block = first_block + k;
            let start = block * BLOCK;
            let range = start..start + rows.len();
            for ((y, x), d) in rows.iter_mut().zip(&x[range.clone()]).zip(&self.diagonal[range]) {
                *y = d * x;
            }
            for run in &self.runs[self.block_start[block]..self.block_start[block + 1]] {
                let (row, source) = (run.row as usize - start, run.source as usize);
                let (first, length) = (run.first, run.length as usize);
                let y = &mut rows[row..row + length];
                let x = &x[source..source + length];
                let values = &self.values[first..first + length];
                for ((y, x), v) in y.iter_mut().zip(x).zip(values) {
                    *y += v * x;
                }
            }
        }
    }
}
