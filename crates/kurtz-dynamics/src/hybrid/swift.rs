//! Many random reactions while something flows slowly: no integrator, hardly any work for an event.
//!
//! Where all propensities are products of amounts, reactions are drawn from partial propensities ([`super::partial`]) that
//! are exact in what jumps and upper bounds in what flows: an amount that flows is replaced by the upper end of an interval
//! around it. Candidates come at the total of the bounds, and one of reaction j with bound b_j happens with probability
//! a_j / b_j, its propensity at that very time (V. H. Thanh, C. Priami, R. Zunino, J. Chem. Phys. 141 (2014) 134116,
//! doi:10.1063/1.4896985). That is exact whatever moves the amounts, so that nothing needs to be integrated but the flow
//! itself; and only candidates that read what flows ask for it.
//!
//! The flow is followed by its Taylor polynomial f + G (x - x_0) around a point x_0, renewed when an amount has moved from
//! there by more than eta of its size, in steps of second order that move no amount by more than that. With eta^2 = 2 r both
//! the remainder and the error of a step are of the order of the relative tolerance r. A step ends early where a reaction
//! changes what the flow reads.

use super::partial::{Draws, MOST_AMOUNTS, Partials, Sums, Walk};
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
/// After so many steps without a candidate the integrator is asked instead, and after as few as that many would have
/// been needed it is no longer.
const FEW: usize = 60;
/// Rounds of the loop without a walk, after walks that led nowhere.
const LONGEST_PAUSE: u32 = 31;
/// Half the width of the interval of what flows, relative to the amount.
const HALF_WIDTH: f64 = 0.05;

/// A system in this form.
#[derive(Debug)]
pub(super) struct Swift {
    /// Number of quantities of the state.
    pub(super) state: usize,
    pub(super) partials: Partials,
    reactions: Vec<Reaction>,
    /// Positions that flow, and of each position which of these it is.
    flowing: Vec<usize>,
    flow_of: Vec<Option<usize>>,
    /// Positions that the flow reads.
    read: Vec<usize>,
    /// Which of these flow too: their places in `read` and in `flowing`.
    links: Vec<(usize, usize)>,
    /// The flow and its derivatives, `[flowing]` and `[flowing x read]`.
    taylor: Compiled,
}

/// What a reaction has to do with the flow and with conditions.
#[derive(Clone, Debug, Default)]
struct Reaction {
    /// Its propensity, if that reads what flows.
    varying: Option<Product>,
    /// Changes of what flows, `[(place in flowing, change)]`, and what has to be there.
    changes: Vec<(usize, f64)>,
    needs: Vec<(usize, f64)>,
    /// Whether it has one or the other.
    is_varying: bool,
    /// Whether it changes what the flow reads or is.
    bends: bool,
    is_watched: bool,
}

/// All propensities as products, if they are: what the swift ways start from.
pub(super) fn products(system: &System, reactions: &[ReactionId]) -> Option<Vec<Product>> {
    if reactions.is_empty() || reactions.len() > MOST_REACTIONS || system.state().len() > MOST_AMOUNTS {
        return None;
    }
    let product = |&id: &ReactionId| Product::of(system, &system.propensity(id));
    let products: Option<Vec<Product>> = reactions.iter().map(product).collect();
    products.filter(|all| all.iter().all(|p| p.constant >= 0.0 && p.constant.is_finite()))
}

impl Swift {
    /// The system in this form, if all its discrete reactions are products and its rates are smooth functions of the state
    /// alone.
    pub fn new(
        system: &System,
        reactions: &[ReactionId],
        flowing: &[usize],
        rates: &[Expression],
        is_watched: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let n = system.state().len();
        let is_smooth = |e: &Expression| !e.depends_on(Symbol::Time) && !has_switch(e);
        if flowing.is_empty() || !rates.iter().all(is_smooth) {
            return None;
        }
        let products = products(system, reactions)?;
        let mut flow_of = vec![None; n];
        flowing.iter().enumerate().for_each(|(v, &i)| flow_of[i] = Some(v));
        let mut read: Vec<usize> =
            rates.iter().flat_map(Expression::symbols).filter_map(|s| system.position(Variable::of(s)?)).collect();
        read.sort_unstable();
        read.dedup();
        let gradient = rates
            .iter()
            .flat_map(|rate| read.iter().map(|&i| rate.derivative(system.state()[i].into())).collect::<Vec<_>>());
        let taylor: Vec<Expression> = rates.iter().cloned().chain(gradient).collect();
        let all_changes: Vec<Vec<(usize, f64)>> =
            reactions.iter().map(|&id| super::discrete::state_change(system, id)).collect();
        let of_counts: Vec<Vec<(usize, f64)>> = all_changes
            .iter()
            .map(|change| change.iter().copied().filter(|&(i, _)| flow_of[i].is_none()).collect())
            .collect();
        let reaction = |(product, all): (&Product, &Vec<(usize, f64)>)| {
            let changes: Vec<_> = all.iter().filter_map(|&(i, d)| Some((flow_of[i]?, d))).collect();
            let needs: Vec<_> = changes.iter().filter(|(_, d)| *d < 0.0).map(|&(v, d)| (v, -d)).collect();
            let varying = product.factors.iter().any(|&(i, _)| flow_of[i].is_some()).then(|| product.clone());
            Reaction {
                is_varying: varying.is_some() || !needs.is_empty(),
                varying,
                needs,
                bends: !changes.is_empty() || all.iter().any(|(i, _)| read.contains(i)),
                is_watched: all.iter().any(|&(i, _)| is_watched(i)),
                changes,
            }
        };
        let mut partials = Partials::new(n, &products, &of_counts)?;
        let described: Vec<Reaction> = products.iter().zip(&all_changes).map(reaction).collect();
        let at = |place| described.get(partials.reaction(place)).cloned().unwrap_or_default();
        let reactions: Vec<Reaction> = (0..partials.places()).map(at).collect();
        let is_special = |r: &Reaction| r.is_varying || r.bends || r.is_watched;
        (0..reactions.len()).filter(|&place| is_special(&reactions[place])).for_each(|place| partials.heed(place));
        Some(Swift {
            state: n,
            reactions,
            partials,
            flowing: flowing.to_vec(),
            flow_of,
            taylor: Compiled::new(system, 0, &taylor),
            links: (0..read.len()).filter_map(|k| Some((k, flowing.iter().position(|&f| f == read[k])?))).collect(),
            read,
        })
    }
}

/// Amounts, bounds and flow while a trajectory is followed in this way.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// What jumps as it is, what flows by its upper bound.
    draws: Draws,
    /// What flows, `[flowing]`, at the time `since`, and the lower ends of the intervals.
    flows: Vec<f64>,
    since: f64,
    lowest: Vec<f64>,
    /// Until when the present speed may be used.
    until: f64,
    /// Where the Taylor polynomial is taken, `[read]`, and how far it may be used.
    reference: Vec<f64>,
    reach: Vec<f64>,
    /// The polynomial, `[flowing + flowing x read]`.
    taylor: Vec<f64>,
    /// The flow at `since` and its derivative along itself, `[flowing]`.
    speed: Vec<f64>,
    bend: Vec<f64>,
    eta: f64,
    inputs: Vec<f64>,
}

impl Course {
    fn start(&mut self, swift: &Swift, inputs: &[f64], tolerance: f64, now: f64, stop: f64) -> Sums {
        self.eta = (2.0 * tolerance).sqrt();
        self.inputs.clear();
        self.inputs.extend_from_slice(&inputs[..=swift.state]);
        self.flows.clear();
        self.flows.extend(swift.flowing.iter().map(|&i| inputs[i]));
        self.since = now;
        self.lowest.resize(swift.flowing.len(), 0.0);
        self.reference.resize(swift.read.len(), 0.0);
        self.reach.resize(swift.read.len(), 0.0);
        self.taylor.resize(swift.taylor.count(), 0.0);
        self.speed.resize(swift.flowing.len(), 0.0);
        self.bend.resize(swift.flowing.len(), 0.0);
        self.draws.start(&swift.partials, &inputs[..swift.state]);
        (0..swift.flowing.len()).for_each(|v| self.enclose(swift, v));
        self.draws.renew(&swift.partials);
        let sums = self.draws.sums();
        self.expand(swift);
        self.go_on(swift, stop, sums)
    }

    /// The amount at a position of the state, at `since`.
    #[inline]
    fn amount(&self, swift: &Swift, i: usize) -> f64 {
        match swift.flow_of[i] {
            Some(v) => self.flows[v],
            None => self.draws.amount(i),
        }
    }

    /// The size of an amount, for relative errors: at least one molecule.
    fn size(amount: f64) -> f64 {
        amount.abs().max(1.0)
    }

    /// Chooses the interval of what flows anew: wide enough for a step.
    fn enclose(&mut self, swift: &Swift, v: usize) {
        let (x, i) = (self.flows[v], swift.flowing[v]);
        let half = HALF_WIDTH.max(4.0 * self.eta) * Self::size(x);
        self.lowest[v] = x - half;
        self.draws.add(&swift.partials, i, (x + half).max(0.0) - self.draws.amount(i));
    }

    /// Writes the amounts at `since` into the inputs of programs.
    fn write(&self, swift: &Swift, inputs: &mut [f64]) {
        self.draws.copy_to(&mut inputs[..swift.state]);
        swift.flowing.iter().zip(&self.flows).for_each(|(&i, &x)| inputs[i] = x);
    }

    /// Takes the Taylor polynomial of the flow at the present amounts.
    fn expand(&mut self, swift: &Swift) {
        let mut inputs = std::mem::take(&mut self.inputs);
        self.write(swift, &mut inputs);
        swift.taylor.evaluate(&inputs, &mut self.taylor);
        for (k, &i) in swift.read.iter().enumerate() {
            self.reference[k] = inputs[i];
            self.reach[k] = self.eta * Self::size(inputs[i]);
        }
        self.inputs = inputs;
    }

    /// Renews intervals that what flows has come close to the end of, and begins a step towards `stop`; the sums then.
    #[inline]
    fn go_on(&mut self, swift: &Swift, stop: f64, mut sums: Sums) -> Sums {
        let mut is_outside = false;
        for (v, &i) in swift.flowing.iter().enumerate() {
            let x = self.flows[v];
            let margin = 1.5 * self.eta * Self::size(x);
            // A slightly negative amount has the upper bound 0.
            if (x + margin).max(0.0) > self.draws.amount(i) || x - margin < self.lowest[v] {
                self.enclose(swift, v);
                is_outside = true;
            }
        }
        if is_outside {
            self.draws.renew(&swift.partials);
            sums = self.draws.sums();
        }
        self.find_speed(swift);
        self.until = self.since + self.longest_step(swift, stop - self.since);
        sums
    }

    /// Computes the flow at the present amounts.
    #[inline]
    fn find_speed(&mut self, swift: &Swift) {
        let width = swift.read.len();
        let is_far = (0..width).any(|k| {
            let moved = self.amount(swift, swift.read[k]) - self.reference[k];
            moved.abs() > self.reach[k]
        });
        if is_far {
            self.expand(swift);
        }
        let (values, gradient) = self.taylor.split_at(swift.flowing.len());
        for v in 0..self.speed.len() {
            let mut sum = values[v];
            for (k, &i) in swift.read.iter().enumerate() {
                let moved = match swift.flow_of[i] {
                    Some(w) => self.flows[w],
                    None => self.draws.amount(i),
                } - self.reference[k];
                sum += gradient[v * width + k] * moved;
            }
            self.speed[v] = sum;
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
        for v in 0..swift.flowing.len() {
            let most = self.eta * Self::size(self.flows[v]);
            let (speed, bend) = (self.speed[v].abs(), self.bend[v].abs());
            if step * (speed + 0.5 * step * bend) > most {
                step = step.min(most / speed).min((most / bend).sqrt()) / 1.5;
            }
        }
        step
    }

    /// What flows, at `time`.
    #[inline]
    fn moved(&self, v: usize, time: f64) -> f64 {
        let step = time - self.since;
        self.flows[v] + step * (self.speed[v] + 0.5 * step * self.bend[v])
    }

    /// Lets the flow pass until `time`.
    #[inline]
    fn advance(&mut self, time: f64) {
        for v in 0..self.flows.len() {
            self.flows[v] = self.moved(v, time);
        }
        self.since = time;
    }

    /// Whether a candidate happens, at `time` and of a reaction that reads or takes what flows.
    #[inline]
    fn happens(&self, swift: &Swift, reaction: &Reaction, place: usize, part: f64, time: f64) -> bool {
        if let Some(product) = &reaction.varying {
            let mut a = product.constant;
            for &(i, offset) in &product.factors {
                let amount = match swift.flow_of[i] {
                    Some(v) => self.moved(v, time),
                    None => self.draws.amount(i),
                };
                a *= (amount - offset).max(0.0);
            }
            if part * self.draws.propensity(&swift.partials, place) >= a {
                return false;
            }
        }
        reaction.needs.iter().all(|&(v, need)| self.moved(v, time) >= need)
    }
}

impl Process {
    /// As `jump_to`, where something flows: reactions happen up to `stop`, or until one that triggers or clocks may heed.
    pub(super) fn run_swiftly(&mut self, stop: f64, rows: &mut Rows, progress: &dyn Progress) -> Result<bool, Stop> {
        let plan: Arc<Plan> = Arc::clone(&self.plan);
        let Some(swift) = &plan.swift else { return Ok(false) };
        let mut course = std::mem::take(&mut self.course);
        let mut now = self.time();
        let sums = course.start(swift, &self.inputs, self.numerics.relative_tolerance, now, stop);
        let result = self.follow(&plan, swift, &mut course, sums, &mut now, stop, rows, progress);
        course.advance(now);
        course.write(swift, &mut self.inputs);
        self.set_time(now);
        self.course = course;
        result.map_err(|stop| self.with_counts(stop))
    }

    fn follow(
        &mut self,
        plan: &Plan,
        swift: &Swift,
        course: &mut Course,
        sums: Sums,
        now: &mut f64,
        stop: f64,
        rows: &mut Rows,
        progress: &dyn Progress,
    ) -> Result<bool, Stop> {
        let partials = &swift.partials;
        let (rng, left) = (self.rng.clone(), self.remaining);
        let mut walk = Walk { rng, now: *now, left, sums, events: self.events, last: self.last };
        let mut until_look = walk.events + LOOK as u64;
        let mut in_vain = 0;
        // Where nearly every reaction needs attention, walking is tried now and then.
        let (mut wait, mut pause) = (0, 0);
        let result = loop {
            let limit = course.until.min(stop);
            if limit.is_nan() || limit < walk.now {
                let names = plan.flow.positions.iter().map(|&i| plan.system.state_names()[i].clone()).collect();
                let stop = kurtz_ode::Stop::NotFinite { time: walk.now, variable: 0 };
                break Err(Stop::Flow { stop, names });
            }
            if wait > 0 {
                wait -= 1;
            } else {
                let before = walk.events;
                course.draws.walk(partials, &mut walk, limit.min(rows.next()));
                let has_walked = walk.events != before;
                in_vain = if has_walked { 0 } else { in_vain };
                pause = if has_walked { 0 } else { (2 * pause + 1).min(LONGEST_PAUSE) };
                wait = pause;
            }
            let total = walk.sums.total();
            let candidate = walk.now + walk.left / total;
            let is_candidate = candidate <= limit;
            let next = if is_candidate { candidate } else { limit };
            if rows.next() < next {
                self.write_rows(plan, swift, course, next, rows);
            }
            if !is_candidate {
                walk.left = (walk.left - total * (next - walk.now)).max(0.0);
                walk.now = next;
                if next >= stop {
                    break Ok(false);
                }
                course.advance(next);
                walk.sums = course.go_on(swift, stop, walk.sums);
                in_vain += 1;
                self.memory.steps += 1;
                if self.memory.steps.is_multiple_of(LOOK) {
                    if progress.cancelled() {
                        break Err(Stop::Cancelled);
                    }
                    if self.memory.steps > self.numerics.max_steps {
                        let stop = kurtz_ode::Stop::MaxSteps { time: next };
                        break Err(Stop::Flow { stop, names: plan.system.state_names() });
                    }
                }
                if in_vain > FEW {
                    // Reactions are rare here: better steps are worth their cost. What is left of the exponential variate
                    // is one again.
                    self.memory.is_sparse = true;
                    break Ok(true);
                }
                continue;
            }
            walk.now = next;
            in_vain = 0;
            let drawn = course.draws.choose(partials, &walk.sums, walk.rng.uniform(), walk.rng.uniform());
            walk.left = walk.rng.exponential();
            let Some(place) = drawn else { continue };
            let reaction = &swift.reactions[place];
            if reaction.is_varying && !course.happens(swift, reaction, place, walk.rng.uniform(), next) {
                continue;
            }
            let Some(after) = course.draws.fire(partials, place) else {
                course.advance(next);
                break Err(self.negative_amount(partials.reaction(place), |i| course.amount(swift, i), next));
            };
            walk.sums = after;
            if reaction.bends {
                course.advance(next);
                reaction.changes.iter().for_each(|&(v, change)| course.flows[v] += change);
                walk.sums = course.go_on(swift, stop, walk.sums);
            }
            walk.events += 1;
            walk.last = next;
            if walk.events >= until_look {
                until_look = walk.events + LOOK as u64;
                self.events = walk.events;
                self.set_time(next);
                course.write(swift, &mut self.inputs);
                if let Err(stop) = self.look_around(total, rows.end(), progress) {
                    break Err(stop);
                }
            }
            if reaction.is_watched {
                break Ok(false);
            }
        };
        *now = walk.now;
        (self.rng, self.remaining, self.events, self.last) = (walk.rng, walk.left, walk.events, walk.last);
        result
    }

    /// Writes the rows before `time`.
    #[inline(never)]
    fn write_rows(&mut self, plan: &Plan, swift: &Swift, course: &Course, time: f64, rows: &mut Rows) {
        course.write(swift, &mut self.inputs);
        while rows.next() < time {
            let at = rows.next();
            for (v, &i) in swift.flowing.iter().enumerate() {
                self.inputs[i] = course.moved(v, at);
            }
            rows.write(plan, &mut self.inputs);
        }
    }

    /// Whether reactions have become frequent enough, after the integrator followed the flow from `before` to a reaction.
    pub(super) fn is_swift_again(&mut self, before: f64) -> bool {
        let plan = Arc::clone(&self.plan);
        let Some(swift) = &plan.swift else { return false };
        let mut course = std::mem::take(&mut self.course);
        let (now, gap) = (self.time(), self.time() - before);
        course.start(swift, &self.inputs, self.numerics.relative_tolerance, now, now + gap);
        let is_again = course.longest_step(swift, gap) * (FEW / 4) as f64 > gap;
        self.course = course;
        is_again
    }

    /// Says which amount reaction `reaction` would make negative; it has not happened.
    #[cold]
    pub(super) fn negative_amount(&self, reaction: usize, amount: impl Fn(usize) -> f64, time: f64) -> Stop {
        let id = self.plan.swift_reactions[reaction];
        let changes = super::discrete::state_change(&self.plan.system, id);
        let missing = changes.iter().find(|&&(i, d)| amount(i) + d < 0.0).map_or(0, |&(i, _)| i);
        let species = super::process::species_at(&self.plan, missing);
        Stop::NegativeCount { time, reaction: id, species, counts: Vec::new() }
    }

    /// Adds the state to an end that is told with it.
    pub(super) fn with_counts(&self, stop: Stop) -> Stop {
        match stop {
            Stop::NegativeCount { time, reaction, species, .. } => {
                Stop::NegativeCount { time, reaction, species, counts: self.counts() }
            }
            other => other,
        }
    }
}
