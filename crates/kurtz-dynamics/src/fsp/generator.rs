//! The generator of the master equation on a finite set of states, as a sparse matrix.

use crate::fsp::space::StateSpace;
use crate::fsp::transitions::Transitions;
use rayon::prelude::*;

/// Rows per task; products of fewer rows are not worth a second thread.
const ROWS_PER_TASK: usize = 1 << 14;

/// The generator A of the truncated master equation dp/dt = A p, stored as P = I + A / rate.
///
/// `rate` is the largest exit rate, so that all entries of P are non-negative. Row i of P gathers what flows into
/// state i (compressed sparse rows); what leaves the set of states goes to a sink that is kept apart.
pub(super) struct Generator {
    row_start: Vec<u32>,
    column: Vec<u32>,
    value: Vec<f64>,
    diagonal: Vec<f64>,
    /// States with a transition out of the set, and the rate of it divided by `rate`.
    boundary: Vec<(u32, f64)>,
    rate: f64,
}

impl Generator {
    pub(super) fn new(space: &StateSpace, transitions: &Transitions) -> Self {
        let (n, jumps) = (space.len(), transitions.len());
        let mut row_start = Vec::with_capacity(n + 1);
        let mut column = Vec::with_capacity(n * jumps);
        let mut value = Vec::with_capacity(n * jumps);
        let mut stays_inside = vec![false; n * jumps];
        // For each transition, the first state that could still be a source of the row at hand.
        let mut cursor = vec![0usize; jumps];
        row_start.push(0);
        for i in 0..n {
            let target = space.state(i);
            for jump in 0..jumps {
                let change = transitions.change(jump);
                let source = || target.iter().zip(change).map(|(n, d)| n - d);
                while cursor[jump] < n && space.state(cursor[jump]).iter().copied().cmp(source()).is_lt() {
                    cursor[jump] += 1;
                }
                let j = cursor[jump];
                if j < n && space.state(j).iter().copied().eq(source()) {
                    stays_inside[j * jumps + jump] = true;
                    let rate = space.propensities(j)[jump];
                    if rate > 0.0 {
                        column.push(j as u32);
                        value.push(rate);
                    }
                }
            }
            row_start.push(column.len() as u32);
        }
        let exit: Vec<f64> = (0..n).map(|i| space.propensities(i).iter().sum()).collect();
        let rate = exit.iter().copied().fold(0.0, f64::max);
        let scale = if rate > 0.0 { 1.0 / rate } else { 0.0 };
        value.iter_mut().for_each(|v| *v *= scale);
        let diagonal = exit.iter().map(|&e| (1.0 - e * scale).max(0.0)).collect();
        let mut boundary = Vec::new();
        for i in 0..n {
            let leaving: f64 =
                (0..jumps).filter(|&r| !stays_inside[i * jumps + r]).map(|r| space.propensities(i)[r]).sum();
            if leaving > 0.0 {
                boundary.push((i as u32, leaving * scale));
            }
        }
        Generator { row_start, column, value, diagonal, boundary, rate }
    }

    /// Number of states.
    pub(super) fn len(&self) -> usize {
        self.diagonal.len()
    }

    /// Multiplications in one product.
    pub(super) fn work(&self) -> usize {
        self.value.len() + self.diagonal.len()
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
        if y.len() < 2 * ROWS_PER_TASK {
            self.multiply_rows(0, x, y);
        } else {
            y.par_chunks_mut(ROWS_PER_TASK).enumerate().for_each(|(k, rows)| {
                self.multiply_rows(k * ROWS_PER_TASK, x, rows);
            });
        }
    }

    fn multiply_rows(&self, first: usize, x: &[f64], y: &mut [f64]) {
        let last = first + y.len();
        let mut start = self.row_start[first] as usize;
        let rows = y.iter_mut().zip(&x[first..last]).zip(&self.diagonal[first..last]);
        for (((y, x_i), d), &end) in rows.zip(&self.row_start[first + 1..=last]) {
            let end = end as usize;
            let mut sum = d * x_i;
            for (&j, v) in self.column[start..end].iter().zip(&self.value[start..end]) {
                sum += v * x[j as usize];
            }
            *y = sum;
            start = end;
        }
    }
}
