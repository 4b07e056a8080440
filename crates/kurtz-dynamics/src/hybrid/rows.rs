//! Writing what is observed at the times asked for.

use super::plan::Plan;

/// A run of laws that read the time takes so many steps at least.
const FEWEST_STEPS: usize = 50;
/// However many rows are asked for, they force no more steps than this.
const MOST_STEPS: usize = 10_000;

/// Rows of one trajectory, written in order of time.
pub(super) struct Rows<'a> {
    times: &'a [f64],
    written: usize,
    width: usize,
    out: &'a mut [f64],
}

impl<'a> Rows<'a> {
    /// Rows at `times` of `width` values each, into `out`, `[times x width]`.
    pub fn new(times: &'a [f64], width: usize, out: &'a mut [f64]) -> Self {
        Rows { times, written: 0, width, out }
    }

    /// The last time.
    pub fn end(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    /// The longest step for laws that read the time, which no step control can foresee: a row, and a part of the whole.
    pub fn longest_step(&self) -> f64 {
        self.end() / self.times.len().saturating_sub(1).clamp(FEWEST_STEPS, MOST_STEPS) as f64
    }

    /// How many rows have been written.
    pub fn written(&self) -> usize {
        self.written
    }

    /// The time of the next row; infinite if there is none.
    pub fn next(&self) -> f64 {
        self.times.get(self.written).copied().unwrap_or(f64::INFINITY)
    }

    /// Writes the rows before `time` for a state that stays until then; only the time in `inputs` is changed meanwhile.
    #[inline]
    pub fn write_before(&mut self, time: f64, plan: &Plan, inputs: &mut [f64]) {
        while self.next() < time {
            self.write(plan, inputs);
        }
    }

    /// Writes the rows that are left.
    pub fn finish(&mut self, plan: &Plan, inputs: &mut [f64]) {
        while self.written < self.times.len() {
            self.write(plan, inputs);
        }
    }

    /// Writes the next row from `inputs`, whose time is replaced meanwhile.
    pub fn write(&mut self, plan: &Plan, inputs: &mut [f64]) {
        let place = plan.time();
        let now = std::mem::replace(&mut inputs[place], self.times[self.written]);
        let out = &mut self.out[self.written * self.width..][..self.width];
        plan.observables.evaluate(inputs, out);
        inputs[place] = now;
        self.written += 1;
    }
}
