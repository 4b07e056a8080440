//! Two trajectories at once, by a coarse and a fine rule, with as much common noise as their rates allow.
//!
//! Each reaction is split into events of both paths (at the smaller of their rates) and events of one of them (Anderson &
//! Higham 2012), or driven by the same Brownian motion. Each path alone has the law that it would have alone; their
//! difference is small, and so its mean is known from few pairs. Holds of the two need not be nested (Lester, Yates,
//! Giles & Baker 2015).

use super::network::Network;
use super::path::{Hold, Path};
use super::rule::{Noise, Rule};
use super::sampler::{choose, events};
use crate::method::Stop;
use crate::progress::Progress;
use crate::rng::SimRng;
use crate::variates::normal;
use std::sync::Arc;

/// Steps between two questions whether to give up.
const STRIDE: u64 = 256;

/// One of the two, and how often reactions happened in its present hold.
struct Side {
    path: Path,
    extents: Vec<f64>,
    end: f64,
}

impl Side {
    fn begin(&mut self, rng: &mut SimRng) -> Result<(), Stop> {
        self.path.begin(rng)?;
        self.extents.fill(0.0);
        self.end = self.path.time + self.path.length;
        Ok(())
    }

    /// Ends the hold at `time`.
    fn end(&mut self, time: f64, fired: Option<usize>, rng: &mut SimRng) -> Result<(), Stop> {
        let elapsed = (time - self.path.time).max(0.0);
        if self.path.finish(elapsed, &mut self.extents, fired) {
            let ends = fired.is_some();
            self.path.commit(elapsed, &self.extents, ends);
        } else {
            // Once in a very long while; what is below zero is left out.
            let mut state = self.path.state.clone();
            self.path.state_after(elapsed, &self.extents, &mut state);
            state.iter_mut().for_each(|x| *x = x.max(0.0));
            self.path.resume(time, &state);
        }
        self.path.time = time;
        self.begin(rng)
    }
}

/// A coupled pair of samplers.
pub(super) struct Pair {
    coarse: Side,
    fine: Side,
    common: Vec<f64>,
    is_single: Vec<bool>,
    scratch: Vec<f64>,
}

impl Pair {
    pub fn new(network: &Arc<Network>, coarse: Rule, fine: Rule) -> Self {
        let m = network.reactions;
        let side = |rule| Side { path: Path::new(Arc::clone(network), rule), extents: vec![0.0; m], end: 0.0 };
        Pair {
            coarse: side(coarse),
            fine: side(fine),
            common: vec![0.0; m],
            is_single: vec![false; m],
            scratch: vec![0.0; network.species],
        }
    }

    /// Follows both over `times`, writing `[times x species]` of each.
    pub fn run(
        &mut self,
        initial: &[f64],
        mut rng: SimRng,
        times: &[f64],
        coarse_out: &mut [f64],
        fine_out: &mut [f64],
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let n = initial.len();
        let rng = &mut rng;
        // The fluctuations of what is fast are drawn anew in every implicit leap. Both paths have the same ones in the leap
        // that passes a row, and so differ there by what is slow alone; each row has its own, so that each path alone has
        // its law.
        let landmark = |row: usize, rng: &mut SimRng| times.get(row).map_or((f64::INFINITY, 0), |&t| (t, rng.bits()));
        let first = landmark(0, rng);
        for side in [&mut self.coarse, &mut self.fine] {
            side.path.start(0.0, initial);
            side.path.landmark = first;
            side.begin(rng)?;
        }
        let (mut now, mut row, mut steps) = (0.0, 0, 0u64);
        while row < times.len() {
            steps += 1;
            if steps.is_multiple_of(STRIDE) && progress.cancelled() {
                return Err(Stop::Cancelled);
            }
            if times[row] <= now {
                for (side, out) in [(&mut self.coarse, &mut *coarse_out), (&mut self.fine, &mut *fine_out)] {
                    let elapsed = now - side.path.time;
                    if !side.path.state_after(elapsed, &side.extents, &mut self.scratch) {
                        self.scratch.copy_from_slice(&side.path.state);
                    }
                    out[row * n..][..n].copy_from_slice(&self.scratch);
                }
                row += 1;
                let next = landmark(row, rng);
                self.coarse.path.landmark = next;
                self.fine.path.landmark = next;
                continue;
            }
            let horizon = times[row].min(self.coarse.end).min(self.fine.end);
            now = self.advance(now, horizon, rng)?;
            for side in [&mut self.coarse, &mut self.fine] {
                if side.end <= now {
                    side.end(now, None, rng)?;
                }
            }
        }
        Ok(())
    }

    /// Lets both run to `horizon`, or to the first event of a reaction that is exact in one of them; the time reached.
    fn advance(&mut self, now: f64, horizon: f64, rng: &mut SimRng) -> Result<f64, Stop> {
        let (c, f) = (&mut self.coarse, &mut self.fine);
        let mut total = 0.0;
        for j in 0..self.common.len() {
            self.is_single[j] = c.path.is_exact[j] || f.path.is_exact[j];
            self.common[j] = c.path.rates[j].max(f.path.rates[j]);
            total += if self.is_single[j] { self.common[j] } else { 0.0 };
        }
        let (mut until, mut single) = (horizon, None);
        if total > 0.0 {
            let wait = rng.exponential() / total;
            if now + wait < horizon {
                until = now + wait;
                single = Some(choose(&self.common, &self.is_single, total, rng));
            }
        }
        let span = until - now;
        for j in 0..self.common.len() {
            let (a, b) = (c.path.rates[j], f.path.rates[j]);
            if self.is_single[j] || a + b == 0.0 {
                continue;
            }
            if c.path.rule.noise == Noise::Gaussian {
                let motion = span.sqrt() * normal(rng);
                c.extents[j] += a * span + a.sqrt() * motion;
                f.extents[j] += b * span + b.sqrt() * motion;
            } else {
                let both = events(Noise::Poisson, a.min(b) * span, rng);
                let more = events(Noise::Poisson, (a - b).abs() * span, rng);
                c.extents[j] += if a > b { both + more } else { both };
                f.extents[j] += if a > b { both } else { both + more };
            }
        }
        let Some(j) = single else { return Ok(until) };
        // A point of the line from 0 to the larger rate: both paths have the event if it lies below both rates.
        let point = rng.uniform() * self.common[j];
        for side in [c, f] {
            if point >= side.path.rates[j] {
                continue;
            }
            if side.path.is_exact[j] || side.path.hold == Hold::Burst {
                side.end(until, Some(j), rng)?;
            } else {
                side.extents[j] += 1.0;
            }
        }
        Ok(until)
    }
}
