//! Many random reactions while something flows slowly: no integrator, hardly any work for an event.
//!
//! Where all propensities are products of amounts, reactions are drawn by rejection: each has an upper bound that holds
//! while the amounts it reads stay within intervals around their values; candidates come at the sum of the bounds, and one
//! of reaction j with bound b_j happens with probability a_j / b_j, its propensity at that very time (Thanh, Priami &
//! Zunino 2014, doi:10.1063/1.4896985). That is exact whatever moves the amounts, so that nothing needs to be integrated
//! but the flow itself.
//!
//! The flow is followed by its Taylor polynomial f + G (x - x_0) around a point x_0, renewed when an amount has moved from
//! there by more than eta of its size, and by steps that move no amount by more than that. With eta^2 = 2 r both its
//! remainder and the error of a step are of the order of the relative tolerance r.

use super::plan::Plan;
use super::process::{LOOK, Process};
use super::product::Product;
use super::program::Compiled;
use super::rows::Rows;
use super::switches::has_switch;
use crate::method::Stop;
use crate::progress::Progress;
use kurtz_model::expression::Expression;
use kurtz_model::{ReactionId, Symbol, System, Variable};
use std::sync::Arc;

/// More reactions are left to the general way, which chooses in logarithmic time.
const MOST_REACTIONS: usize = 64;
/// Factors of a product.
const FACTORS: usize = 4;
/// Reactions are summed in blocks of so many.
const BLOCK: usize = 8;
pub(super) const BLOCKS: usize = MOST_REACTIONS / BLOCK;
/// Amounts from here on are kept in an interval rather than exactly.
const LARGE: f64 = 100.0;
/// After so many steps without a candidate the integrator is asked instead, and after as few as that many would have
/// been needed it is no longer.
const FEW: usize = 60;
/// Half the width of that interval, relative to the amount.
const WIDTH: f64 = 0.05;

/// A system in this form.
#[derive(Debug)]
pub(super) struct Swift {
    /// Position after the state: an amount that is always 1, for factors that are not there.
    pub(super) one: usize,
    pub(super) products: Vec<Flat>,
    /// Changes by each reaction, and what has to be there of amounts that flow.
    pub(super) changes: Vec<Vec<(usize, f64)>>,
    pub(super) needs: Vec<Vec<(usize, f64)>>,
    /// Reactions that read a position.
    pub(super) readers: Vec<Vec<u32>>,
    is_watched: Vec<bool>,
    /// Positions that flow, and whether each position does.
    flowing: Vec<usize>,
    is_flowing: Vec<bool>,
    /// Positions that the flow reads.
    read: Vec<usize>,
    /// Which of these flow too: their places in `read` and in `flowing`.
    links: Vec<(usize, usize)>,
    /// The flow and its derivatives, `[flowing]` and `[flowing x read]`.
    taylor: Compiled,
}

/// constant times the product of (amount - offset).
#[derive(Clone, Copy, Debug)]
pub(super) struct Flat {
    constant: f64,
    /// Whether there are more than two factors.
    is_long: bool,
    slots: [u32; FACTORS],
    offsets: [f64; FACTORS],
}

impl Flat {
    #[inline(always)]
    pub fn value(&self, amounts: &[f64]) -> f64 {
        let factor = |k: usize| (amounts[self.slots[k] as usize] - self.offsets[k]).max(0.0);
        let short = self.constant * factor(0) * factor(1);
        if self.is_long { short * factor(2) * factor(3) } else { short }
    }
}

impl Swift {
    /// The system in this form, if all its discrete reactions (numbers of events per time in terms of the state) are
    /// products and its rates are smooth functions of the state alone.
    pub fn new(
        system: &System,
        reactions: &[(ReactionId, Expression)],
        flowing: &[usize],
        rates: &[Expression],
        is_watched: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let n = system.state().len();
        let is_smooth = |e: &Expression| !e.depends_on(Symbol::Time) && !has_switch(e);
        if flowing.is_empty()
            || reactions.is_empty()
            || reactions.len() > MOST_REACTIONS
            || !rates.iter().all(is_smooth)
        {
            return None;
        }
        let mut is_flowing = vec![false; n];
        flowing.iter().for_each(|&i| is_flowing[i] = true);
        let (mut products, mut changes, mut needs) = (Vec::new(), Vec::new(), Vec::new());
        let mut readers = vec![Vec::new(); n];
        for (j, (id, _)) in reactions.iter().enumerate() {
            let product = Product::of(system, &system.propensity(*id))?;
            if product.factors.len() > FACTORS || !(product.constant >= 0.0 && product.constant.is_finite()) {
                return None;
            }
            let (mut slots, mut offsets) = ([n as u32; FACTORS], [0.0; FACTORS]);
            for (k, &(i, offset)) in product.factors.iter().enumerate() {
                (slots[k], offsets[k]) = (i as u32, offset);
                if !readers[i].contains(&(j as u32)) {
                    readers[i].push(j as u32);
                }
            }
            products.push(Flat { constant: product.constant, is_long: product.factors.len() > 2, slots, offsets });
            let change = super::discrete::state_change(system, *id);
            needs.push(change.iter().filter(|&&(i, d)| d < 0.0 && is_flowing[i]).map(|&(i, d)| (i, -d)).collect());
            changes.push(change);
        }
        let mut read: Vec<usize> =
            rates.iter().flat_map(Expression::symbols).filter_map(|s| system.position(Variable::of(s)?)).collect();
        read.sort_unstable();
        read.dedup();
        let gradient = rates
            .iter()
            .flat_map(|rate| read.iter().map(|&i| rate.derivative(system.state()[i].into())).collect::<Vec<_>>());
        let taylor: Vec<Expression> = rates.iter().cloned().chain(gradient).collect();
        Some(Swift {
            one: n,
            products,
            is_watched: changes.iter().map(|change| change.iter().any(|&(i, _)| is_watched(i))).collect(),
            changes,
            needs,
            readers,
            flowing: flowing.to_vec(),
            is_flowing,
            taylor: Compiled::new(system, 0, &taylor),
            links: (0..read.len()).filter_map(|k| Some((k, flowing.iter().position(|&f| f == read[k])?))).collect(),
            read,
        })
    }
}

/// Amounts, bounds and flow while a trajectory is followed in this way.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// Amounts, the highest that bounds allow for, and the lowest; `[state + 1]`.
    pub(super) amounts: Vec<f64>,
    highest: Vec<f64>,
    lowest: Vec<f64>,
    /// Bounds of propensities, padded to whole blocks.
    pub(super) bounds: Vec<f64>,
    /// Where the Taylor polynomial is taken, `[read]`, and how far it may be used.
    reference: Vec<f64>,
    reach: Vec<f64>,
    /// The polynomial, `[flowing + flowing x read]`.
    taylor: Vec<f64>,
    /// The flow now and its derivative along itself, `[flowing]`.
    speed: Vec<f64>,
    bend: Vec<f64>,
    eta: f64,
}

impl Course {
    pub(super) fn start(&mut self, swift: &Swift, inputs: &[f64], tolerance: f64) {
        let n = swift.one;
        self.eta = (2.0 * tolerance).sqrt();
        for amounts in [&mut self.amounts, &mut self.highest, &mut self.lowest] {
            amounts.clear();
            amounts.extend_from_slice(&inputs[..n]);
            amounts.push(1.0);
        }
        self.bounds.clear();
        self.bounds.resize(swift.products.len().next_multiple_of(BLOCK), 0.0);
        (0..n).for_each(|i| self.enclose(swift, i));
        for (j, product) in swift.products.iter().enumerate() {
            self.bounds[j] = product.value(&self.highest);
        }
        self.reference.resize(swift.read.len(), 0.0);
        self.reach.resize(swift.read.len(), 0.0);
        self.taylor.resize(swift.taylor.count(), 0.0);
        self.speed.resize(swift.flowing.len(), 0.0);
        self.bend.resize(swift.flowing.len(), 0.0);
        self.expand(swift);
    }

    /// Sums of the bounds of the first block, the first two, and so on; the last one is the sum of all.
    #[inline]
    pub(super) fn sums(&self) -> [f64; BLOCKS] {
        let mut sums = [0.0; BLOCKS];
        let mut total = 0.0;
        let mut blocks = self.bounds.as_chunks::<BLOCK>().0.iter();
        for sum in &mut sums {
            if let Some([a, b, c, d, e, f, g, h]) = blocks.next() {
                total += ((a + b) + (c + d)) + ((e + f) + (g + h));
            }
            *sum = total;
        }
        sums
    }

    /// The size of an amount, for relative errors: at least one molecule.
    fn size(&self, i: usize) -> f64 {
        self.amounts[i].abs().max(1.0)
    }

    /// Chooses the interval of an amount anew.
    fn enclose(&mut self, swift: &Swift, i: usize) {
        let x = self.amounts[i];
        let half = if swift.is_flowing[i] {
            // Wide enough for a step of the flow.
            WIDTH.max(4.0 * self.eta) * self.size(i)
        } else if x >= LARGE {
            WIDTH * x
        } else {
            0.0
        };
        (self.lowest[i], self.highest[i]) = (x - half, x + half);
    }

    /// Renews interval and bounds if an amount left its interval; `margin` is how close to its end it may come.
    #[inline]
    pub(super) fn heed(&mut self, swift: &Swift, i: usize, margin: f64) {
        let x = self.amounts[i];
        if x + margin > self.highest[i] || x - margin < self.lowest[i] {
            self.enclose(swift, i);
            for &j in &swift.readers[i] {
                self.bounds[j as usize] = swift.products[j as usize].value(&self.highest);
            }
        }
    }

    /// Takes the Taylor polynomial of the flow at the present amounts.
    fn expand(&mut self, swift: &Swift) {
        swift.taylor.evaluate(&self.amounts, &mut self.taylor);
        for (k, &i) in swift.read.iter().enumerate() {
            self.reference[k] = self.amounts[i];
            self.reach[k] = self.eta * self.size(i);
        }
    }

    /// Computes the flow at the present amounts.
    #[inline]
    fn find_speed(&mut self, swift: &Swift) {
        let is_near = |(k, &i): (usize, &usize)| (self.amounts[i] - self.reference[k]).abs() <= self.reach[k];
        if !swift.read.iter().enumerate().all(is_near) {
            self.expand(swift);
        }
        let (values, gradient) = self.taylor.split_at(swift.flowing.len());
        let width = swift.read.len();
        for (v, speed) in self.speed.iter_mut().enumerate() {
            let mut sum = values[v];
            for (k, &i) in swift.read.iter().enumerate() {
                sum += gradient[v * width + k] * (self.amounts[i] - self.reference[k]);
            }
            *speed = sum;
        }
        for (v, bend) in self.bend.iter_mut().enumerate() {
            let mut sum = 0.0;
            for &(k, w) in &swift.links {
                sum += gradient[v * width + k] * self.speed[w];
            }
            *bend = sum;
        }
    }

    /// The longest step that moves no amount by more than eta of its size.
    #[inline]
    fn longest_step(&self, swift: &Swift, wanted: f64) -> f64 {
        let mut step = wanted;
        for (v, &i) in swift.flowing.iter().enumerate() {
            let most = self.eta * self.size(i);
            let moves = |step: f64| step * self.speed[v].abs() + 0.5 * step * step * self.bend[v].abs();
            if moves(step) > most {
                step = step.min(most / self.speed[v].abs()).min((most / self.bend[v].abs()).sqrt()) / 1.5;
            }
        }
        step
    }

    /// Position `v` of the flow after `step`.
    #[inline]
    fn moved(&self, swift: &Swift, v: usize, step: f64) -> f64 {
        self.amounts[swift.flowing[v]] + step * (self.speed[v] + 0.5 * step * self.bend[v])
    }
}

impl Process {
    /// As `jump_to`, where something flows: reactions happen up to `stop`, or until one that triggers or clocks may heed.
    pub(super) fn run_swiftly(&mut self, stop: f64, rows: &mut Rows, progress: &dyn Progress) -> Result<bool, Stop> {
        let plan: Arc<Plan> = Arc::clone(&self.plan);
        let Some(swift) = &plan.swift else { return Ok(false) };
        let mut course = std::mem::take(&mut self.course);
        course.start(swift, &self.inputs, self.numerics.relative_tolerance);
        let result = self.follow(&plan, swift, &mut course, stop, rows, progress);
        self.inputs[..swift.one].copy_from_slice(&course.amounts[..swift.one]);
        self.course = course;
        result
    }

    fn follow(
        &mut self,
        plan: &Plan,
        swift: &Swift,
        course: &mut Course,
        stop: f64,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<bool, Stop> {
        let mut now = self.time();
        let mut left = self.remaining;
        let mut steps = 0usize;
        let mut in_vain = 0;
        let end = loop {
            let sums = course.sums();
            let total = sums[BLOCKS - 1];
            course.find_speed(swift);
            let candidate = left / total;
            let wanted = candidate.min(stop - now);
            let step = course.longest_step(swift, wanted);
            if step.is_nan() || step < 0.0 {
                let names = plan.flow.positions.iter().map(|&i| plan.system.state_names()[i].clone()).collect();
                let reason = kurtz_ode::Stop::NotFinite { time: now, variable: 0 };
                self.set_time(now);
                return Err(Stop::Flow { stop: reason, names });
            }
            let is_candidate = step == candidate;
            let next = if step == stop - now { stop } else { now + step };
            while rows.next() < next {
                let at = rows.next();
                self.inputs[..swift.one].copy_from_slice(&course.amounts[..swift.one]);
                for (v, &i) in swift.flowing.iter().enumerate() {
                    self.inputs[i] = course.moved(swift, v, at - now);
                }
                rows.write(plan, &mut self.inputs);
            }
            for (v, &i) in swift.flowing.iter().enumerate() {
                course.amounts[i] = course.moved(swift, v, step);
            }
            now = next;
            steps += 1;
            if steps.is_multiple_of(LOOK) {
                self.set_time(now);
                self.inputs[..swift.one].copy_from_slice(&course.amounts[..swift.one]);
                self.look_around(rows.end(), progress)?;
                self.memory.steps += LOOK;
                if self.memory.steps > self.numerics.max_steps {
                    let stop = kurtz_ode::Stop::MaxSteps { time: now };
                    return Err(Stop::Flow { stop, names: plan.system.state_names() });
                }
            }
            let mut heeded = false;
            in_vain += 1;
            if is_candidate {
                in_vain = 0;
                left = self.rng.exponential();
                // One number chooses the reaction and decides whether it happens: what is left of it within the bound
                // of the reaction is uniform again.
                let drawn = choose(&sums, &course.bounds, self.rng.uniform() * total);
                if let Some((j, height)) = drawn
                    && height < swift.products[j].value(&course.amounts)
                    && swift.needs[j].iter().all(|&(i, need)| course.amounts[i] >= need)
                {
                    for &(i, change) in &swift.changes[j] {
                        course.amounts[i] += change;
                        if course.amounts[i] < 0.0 && plan.is_whole[i] {
                            course.amounts[i] -= change;
                            self.set_time(now);
                            return Err(self.negative_amount(swift, course, j, i));
                        }
                        course.heed(swift, i, 0.0);
                    }
                    self.events += 1;
                    self.last = now;
                    heeded = swift.is_watched[j];
                }
            } else {
                left -= total * step;
            }
            for v in 0..swift.flowing.len() {
                let i = swift.flowing[v];
                course.heed(swift, i, 1.5 * course.eta * course.size(i));
            }
            if now >= stop || heeded {
                break false;
            }
            if in_vain > FEW {
                // Reactions are rare here: better steps are worth their cost. What is left of the exponential variate is
                // one again.
                self.memory.is_sparse = true;
                break true;
            }
        };
        self.set_time(now);
        self.remaining = left;
        Ok(end)
    }

    /// Whether reactions have become frequent enough, after the integrator followed the flow from `before` to a reaction.
    pub(super) fn is_swift_again(&mut self, before: f64) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(swift) = &plan.swift else { return false };
        let mut course = std::mem::take(&mut self.course);
        course.start(swift, &self.inputs, self.numerics.relative_tolerance);
        course.find_speed(swift);
        let gap = self.time() - before;
        let is_again = course.longest_step(swift, gap) * (FEW / 4) as f64 > gap;
        self.course = course;
        is_again
    }

    #[cold]
    pub(super) fn negative_amount(&mut self, swift: &Swift, course: &Course, reaction: usize, position: usize) -> Stop {
        self.inputs[..swift.one].copy_from_slice(&course.amounts[..swift.one]);
        let counts = self.counts();
        let species = super::process::species_at(&self.plan, position);
        let reaction = self.plan.swift_reactions[reaction];
        Stop::NegativeCount { time: self.time(), reaction, species, counts }
    }
}

/// The reaction in whose bound `target` falls, and how high above the beginning of the bound.
#[inline(always)]
pub(super) fn choose(sums: &[f64; BLOCKS], bounds: &[f64], target: f64) -> Option<(usize, f64)> {
    // Counting instead of looking: which reaction it is cannot be predicted.
    let block = sums.iter().map(|&sum| usize::from(sum <= target)).sum::<usize>().min(BLOCKS - 1);
    let target = target - if block > 0 { sums[block - 1] } else { 0.0 };
    let bounds = bounds.as_chunks::<BLOCK>().0.get(block)?;
    let (mut sum, mut below, mut i) = (0.0, 0.0, 0);
    for &bound in bounds {
        sum += bound;
        let is_below = sum <= target;
        i += usize::from(is_below);
        below = if is_below { sum } else { below };
    }
    // Rounding can lead beyond the last one.
    (i < BLOCK).then_some((block * BLOCK + i, target - below))
}
