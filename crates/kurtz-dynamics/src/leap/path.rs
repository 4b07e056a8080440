//! One trajectory, hold by hold.
//!
//! A *hold* is a stretch of time over which every reaction has a constant rate. All methods here are made of holds: an
//! explicit leap of order 1 is one, of order 2 two, an implicit leap is one with a correction at its end, and exact
//! simulation is a hold up to the next event. Whoever drives the path draws how often each reaction happens in a hold:
//! alone ([`super::sampler`]), or two paths at once with common noise ([`super::pair`]).

use super::implicit::{Implicit, Leap};
use super::network::{Network, Workspace};
use super::rule::{Exactness, Noise, Rule, Scheme, WORTHWHILE};
use crate::method::Stop;
use crate::rng::SimRng;
use crate::ssa::watch::MAX_COUNT;
use kurtz_model::SpeciesId;
use std::sync::Arc;

/// A pair within so many standard deviations of equilibrium is in it.
const EQUILIBRIUM_NOISE: f64 = 5.0;
/// Explicit leaps are at most this many epsilon times the fastest relaxation time: 0.3 of it at the default. The rule of
/// Cao et al. bounds changes alone, and lets leaps of large numbers in equilibrium exceed what is stable.
const RELAXED: f64 = 10.0;
/// Relaxation times that a pair has been in equilibrium before leaps over it are implicit: backward Euler is not the way to
/// get there.
const SETTLED: f64 = 8.0;

/// What kind of hold it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing can happen any more.
    Rest,
    /// Exact: up to the next event.
    Burst,
    /// A leap at the rates of its start.
    Whole,
    /// The first half of a leap of order 2.
    First,
    /// The second half.
    Second,
    /// A leap whose end is the solution of an equation.
    Implicit,
}

/// The present hold of a trajectory.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub network: Arc<Network>,
    pub rule: Rule,
    /// When the hold began, and the state then, `[species]`.
    pub time: f64,
    pub state: Vec<f64>,
    /// Rates during the hold, `[reactions]`.
    pub rates: Vec<f64>,
    /// Reactions that happen one by one: the first event of them ends the hold.
    pub is_exact: Vec<bool>,
    /// Sum of their rates.
    pub exact_total: f64,
    pub length: f64,
    pub hold: Hold,
    /// Random bits of this hold, for what is asked about times within it.
    pub key: u64,
    /// A time, and random bits for the fluctuations of the one implicit leap that passes it: paths that share them agree
    /// there in what is fast. Infinite if there is none.
    pub landmark: (f64, u64),
    /// Leaps so far.
    pub leaps: u64,
    /// Propensities at the start of the leap.
    base: Vec<f64>,
    is_second_due: bool,
    rigidities: Vec<f64>,
    relaxations: Vec<f64>,
    /// Since when each reaction has been in partial equilibrium with its reverse; infinite if it is not.
    balanced_since: Vec<f64>,
    /// Reactions that have been so for long.
    is_fast: Vec<bool>,
    /// Where deviations grow or fall fastest, `[species]`.
    direction: Vec<f64>,
    drift: Vec<f64>,
    spread: Vec<f64>,
    room: Workspace,
    next: Vec<f64>,
    implicit: Option<Implicit>,
    /// Fractions of events that real extents have left, `[reactions]`.
    fractions: Vec<f64>,
}

impl Path {
    pub fn new(network: Arc<Network>, rule: Rule) -> Self {
        let (n, m) = (network.species, network.reactions);
        Path {
            implicit: rule.stiff.map(|_| Implicit::new(&network)),
            room: network.workspace(),
            network,
            rule,
            time: 0.0,
            state: vec![0.0; n],
            rates: vec![0.0; m],
            is_exact: vec![false; m],
            exact_total: 0.0,
            length: 0.0,
            hold: Hold::Rest,
            key: 0,
            landmark: (f64::INFINITY, 0),
            leaps: 0,
            base: vec![0.0; m],
            is_second_due: false,
            rigidities: vec![0.0; n],
            relaxations: vec![0.0; m],
            balanced_since: vec![f64::INFINITY; m],
            is_fast: vec![false; m],
            direction: vec![1.0; n],
            drift: vec![0.0; n],
            spread: vec![0.0; n],
            next: vec![0.0; n],
            fractions: vec![0.0; m],
        }
    }

    /// Whether amounts are whole numbers.
    pub fn is_whole(&self) -> bool {
        self.rule.noise == Noise::Poisson
    }

    pub fn start(&mut self, time: f64, state: &[f64]) {
        self.time = time;
        self.state.copy_from_slice(state);
        self.is_second_due = false;
        self.leaps = 0;
        self.fractions.fill(0.0);
        self.balanced_since.fill(f64::INFINITY);
        self.is_exact.fill(false);
        self.landmark = (f64::INFINITY, 0);
    }

    /// Begins the next hold: its kind, rates and length.
    pub fn begin(&mut self, rng: &mut SimRng) -> Result<(), Stop> {
        let is_whole = self.is_whole();
        self.key = rng.bits();
        if self.is_second_due {
            self.is_second_due = false;
            self.network.propensities(self.time, &self.state, is_whole, &mut self.rates)?;
            for (rate, base) in self.rates.iter_mut().zip(&self.base) {
                *rate = (2.0 * *rate - base).max(0.0);
            }
            self.hold = Hold::Second;
            self.sum_exact();
            return Ok(());
        }
        self.leaps += 1;
        if self.leaps > self.rule.max_leaps {
            return Err(Stop::StepLimit { time: self.time, steps: self.leaps - 1 });
        }
        self.network.propensities(self.time, &self.state, is_whole, &mut self.base)?;
        let total: f64 = self.base.iter().sum();
        if !total.is_finite() {
            return Err(Stop::Explosion { time: self.time, events: self.leaps });
        }
        self.choose_exact(rng);
        self.rates.copy_from_slice(&self.base);
        self.sum_exact();
        self.length = f64::INFINITY;
        if total == 0.0 {
            self.hold = Hold::Rest;
            return Ok(());
        }
        let (explicit, implicit) = self.select();
        // No leap of more than 2^40 events: what is longer is as good as constant.
        let longest = (1u64 << 40) as f64 / total;
        let (explicit, stiff) = (explicit.min(longest), implicit.min(longest));
        let mut is_stiff = self.rule.stiff.is_some_and(|rule| stiff > rule.gain * explicit);
        if is_stiff && let Some(implicit) = &mut self.implicit {
            if self.time + stiff >= self.landmark.0 {
                self.key = self.landmark.1;
                self.landmark.0 = f64::INFINITY;
            }
            is_stiff = implicit.prepare(&self.network, &self.state, &self.base, &self.is_fast, self.key);
        }
        let tau = if is_stiff { stiff } else { explicit };
        let all_exact = self.rates.iter().zip(&self.is_exact).all(|(&a, &exact)| exact || a == 0.0);
        if all_exact || (is_whole && tau * total < WORTHWHILE) {
            self.make_burst(rng);
        } else if is_stiff {
            self.hold = Hold::Implicit;
            self.length = tau;
        } else if self.rule.scheme == Scheme::Euler {
            self.hold = Hold::Whole;
            self.length = tau;
        } else {
            self.hold = Hold::First;
            self.length = tau / 2.0;
        }
        Ok(())
    }

    /// Makes the hold one of exact simulation.
    pub fn make_burst(&mut self, rng: &mut SimRng) {
        if !self.is_whole() {
            for j in 0..self.fractions.len() {
                if self.fractions[j] > 0.0 {
                    self.round(j, rng);
                }
            }
            self.state.iter_mut().for_each(|x| *x = x.round());
        }
        self.hold = Hold::Burst;
        self.length = f64::INFINITY;
        self.is_exact.fill(true);
        self.sum_exact();
    }

    /// Goes on from a state that exact simulation has reached.
    pub fn resume(&mut self, time: f64, state: &[f64]) {
        self.time = time;
        self.state.copy_from_slice(state);
        self.is_second_due = false;
    }

    fn sum_exact(&mut self) {
        let exact = self.rates.iter().zip(&self.is_exact).filter(|(_, exact)| **exact);
        self.exact_total = exact.map(|(a, _)| a).sum();
    }

    /// Marks the reactions that happen one by one until the end of the leap.
    fn choose_exact(&mut self, rng: &mut SimRng) {
        for j in 0..self.base.len() {
            let is_exact = match self.rule.exact {
                Exactness::Never => false,
                Exactness::Critical(times) => self.base[j] > 0.0 && self.network.possible(j, &self.state) < times,
                Exactness::Small(amount) => self.network.smallest(j, &self.state) < amount,
            };
            if is_exact && !self.is_exact[j] && self.fractions[j] > 0.0 {
                self.round(j, rng);
            }
            self.is_exact[j] = is_exact;
            if is_exact && !self.is_whole() && !self.network.is_possible(j, &self.state) {
                self.base[j] = 0.0;
            }
        }
    }

    /// Rounds the extent of a reaction to a whole number of events, up with the probability of its fraction: amounts
    /// keep their means, and all that reactions conserve.
    fn round(&mut self, j: usize, rng: &mut SimRng) {
        let fraction = std::mem::replace(&mut self.fractions[j], 0.0);
        let by = if rng.uniform() < fraction { 1.0 - fraction } else { -fraction };
        self.network.add(j, by, &mut self.state);
        // Rounding errors of many additions are far below 1e-6; amounts that all reactions left whole are whole again.
        for &(s, _) in self.network.change(j) {
            let x = &mut self.state[s as usize];
            if (*x - x.round()).abs() < 1e-6 {
                *x = x.round();
            }
            *x = x.max(0.0);
        }
    }

    /// The longest leaps that change no propensity by more than epsilon (Cao, Gillespie & Petzold 2006): of all
    /// reactions that leap, and of those among them that are not in partial equilibrium with their reverse (Cao, Gillespie
    /// & Petzold 2007).
    fn select(&mut self) -> (f64, f64) {
        let network = Arc::clone(&self.network);
        network.rigidities(&self.state, &self.base, &mut self.room, &mut self.rigidities);
        let explicit = self.longest(&network, |_| true).min(RELAXED * self.rule.epsilon / self.fastest(&network));
        let Some(stiff) = self.rule.stiff else { return (explicit, 0.0) };
        network.relaxations(&self.room, &mut self.relaxations);
        for j in 0..network.reactions {
            self.balanced_since[j] = match network.reverse[j].filter(|&k| self.is_balanced(j, k, stiff.equilibrium)) {
                Some(_) => self.balanced_since[j].min(self.time),
                None => f64::INFINITY,
            };
        }
        let is_settled = |j: usize| {
            network.reverse[j].is_some_and(|k| {
                let relaxation = self.relaxations[j] + self.relaxations[k];
                self.time - self.balanced_since[j] >= SETTLED / relaxation
            })
        };
        let is_fast: Vec<bool> = (0..network.reactions).map(is_settled).collect();
        if !is_fast.contains(&true) {
            return (explicit, 0.0);
        }
        let slow = network.fastest_own(&self.room, &is_fast, &mut self.drift);
        let implicit = self.longest(&network, |j| !is_fast[j]).min(RELAXED * self.rule.epsilon / slow);
        self.is_fast = is_fast;
        (explicit, implicit)
    }

    /// Estimates the fastest rate at which deviations grow or fall: the spectral radius of the Jacobian, by steps of the
    /// power method that go on from leap to leap.
    fn fastest(&mut self, network: &Network) -> f64 {
        let is_first = self.leaps == 1;
        if is_first {
            self.direction.iter_mut().enumerate().for_each(|(i, v)| *v = 1.0 + 0.1 * (i % 7) as f64);
        }
        let mut fastest = 0.0f64;
        for _ in 0..if is_first { 8 } else { 2 } {
            // Two directions in turn, of complex eigenvalues, give larger and smaller factors.
            fastest = network.power_step(&self.room, &mut self.direction, &mut self.drift).max(0.5 * fastest);
        }
        if fastest == 0.0 {
            self.direction.iter_mut().enumerate().for_each(|(i, v)| *v = 1.0 + 0.1 * (i % 7) as f64);
        }
        fastest
    }

    /// Whether two reactions that undo each other are in partial equilibrium.
    fn is_balanced(&self, j: usize, k: usize, tolerance: f64) -> bool {
        let (a, b) = (self.base[j], self.base[k]);
        // In equilibrium a - b fluctuates: with the relaxation rate r of the pair its variance is r (a + b) / 2. To ask
        // for less would choose among the states, and narrow their law.
        let relaxation = self.relaxations[j] + self.relaxations[k];
        let noise = (relaxation.max(0.0) * (a + b) / 2.0).sqrt();
        let is_leaping = !self.is_exact[j] && !self.is_exact[k] && a > 0.0 && b > 0.0 && relaxation > 0.0;
        is_leaping && (a - b).abs() <= tolerance * a.min(b) + EQUILIBRIUM_NOISE * noise
    }

    fn longest(&mut self, network: &Network, counts: impl Fn(usize) -> bool) -> f64 {
        self.drift.fill(0.0);
        self.spread.fill(0.0);
        for j in 0..self.base.len() {
            let a = self.base[j];
            if a == 0.0 || self.is_exact[j] || !counts(j) {
                continue;
            }
            for &(s, n) in network.change(j) {
                self.drift[s as usize] += n * a;
                self.spread[s as usize] += n * n * a;
            }
        }
        let mut longest = f64::INFINITY;
        for i in 0..self.state.len() {
            let g = self.rigidities[i];
            if g > 0.0 && self.spread[i] > 0.0 {
                let allowed = (self.rule.epsilon * self.state[i] / g).max(1.0);
                longest = longest.min(allowed / self.drift[i].abs()).min(allowed * allowed / self.spread[i]);
            }
        }
        longest
    }

    /// The state `elapsed` after the hold began, reactions having had `extents` until then, in `out`; false if there would
    /// be fewer than none of a species, or a leap is too long to be solved for.
    pub fn state_after(&mut self, elapsed: f64, extents: &[f64], out: &mut [f64]) -> bool {
        out.copy_from_slice(&self.state);
        for (j, &extent) in extents.iter().enumerate() {
            if extent != 0.0 {
                self.network.add(j, extent, out);
            }
        }
        if self.hold == Hold::Implicit
            && let Some(implicit) = &mut self.implicit
        {
            let leap = Leap { rates: &self.rates, is_exact: &self.is_exact, extents, tau: elapsed, key: self.key };
            if !implicit.solve(&self.network, &self.state, &leap, out) {
                return false;
            }
        }
        !self.is_whole() || out.iter().all(|&x| x >= 0.0)
    }

    /// Prepares the end of the hold, `elapsed` after its begin, one of the exact reactions having `fired` at that moment;
    /// false as [`Path::state_after`]. Real extents are taken back where amounts would be negative.
    pub fn finish(&mut self, elapsed: f64, extents: &mut [f64], fired: Option<usize>) -> bool {
        let mut next = std::mem::take(&mut self.next);
        let is_good = self.state_after(elapsed, extents, &mut next);
        if is_good && !self.is_whole() {
            self.keep_above_zero(extents, &mut next);
        }
        if let Some(j) = fired.filter(|_| is_good) {
            self.network.add(j, 1.0, &mut next);
        }
        let is_good = is_good && next.iter().all(|&x| x >= 0.0);
        self.next = next;
        is_good
    }

    /// Ends the hold as prepared. A second half follows the first unless the leap `ends` here.
    pub fn commit(&mut self, elapsed: f64, extents: &[f64], ends: bool) {
        if !self.is_whole() {
            for (fraction, extent) in self.fractions.iter_mut().zip(extents) {
                let sum = *fraction + extent;
                *fraction = sum - sum.floor();
            }
        }
        std::mem::swap(&mut self.state, &mut self.next);
        self.time += elapsed;
        self.is_second_due = self.hold == Hold::First && !ends;
    }

    /// Where real amounts would be negative, takes back as much of the reactions that consumed them.
    pub fn keep_above_zero(&self, extents: &mut [f64], state: &mut [f64]) {
        for _ in 0..4 {
            let Some(worst) =
                (0..state.len()).filter(|&i| state[i] < 0.0).min_by(|&a, &b| state[a].total_cmp(&state[b]))
            else {
                return;
            };
            let missing = -state[worst];
            let taken = |j: usize, extents: &[f64]| -> f64 {
                let own = self.network.change(j).iter().find(|(s, _)| *s as usize == worst);
                own.map_or(0.0, |&(_, n)| (-n * extents[j]).max(0.0))
            };
            let total: f64 = (0..extents.len()).map(|j| taken(j, extents)).sum();
            if total <= 0.0 {
                break;
            }
            let back = (missing / total).min(1.0);
            for j in 0..extents.len() {
                if taken(j, extents) > 0.0 {
                    let by = back * extents[j];
                    extents[j] -= by;
                    self.network.add(j, -by, state);
                }
            }
            state[worst] = state[worst].max(0.0);
        }
        state.iter_mut().for_each(|x| *x = x.max(0.0));
    }

    /// The first species with more molecules than are counted exactly.
    pub fn overflow(&self) -> Option<Stop> {
        let species = self.state.iter().position(|&x| x > MAX_COUNT).map(SpeciesId::from)?;
        Some(Stop::CountOverflow { time: self.time, species })
    }
}
