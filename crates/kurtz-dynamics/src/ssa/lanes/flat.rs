//! Networks of some dozens of reactions, mass action or not: every propensity is computed anew after every event.
//!
//! For vectors of lanes, each of which has another reaction happen, that is the only way; up to some hundred reactions
//! it is also the fastest. Reactions are sorted by the form of their laws, so that few loops run through all of them.

use super::kernel::{Kernel, cumulate};
use super::pack::Pack;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};
use std::sync::Arc;

/// A network in flat tables; positions are those of its reactions sorted by the form of their laws.
#[derive(Debug)]
pub(super) struct Flat {
    pub kinetics: Kinetics,
    /// The reaction at each position.
    pub order: Vec<ReactionId>,
    /// Propensities that are constant.
    constants: Vec<f64>,
    /// c x_s.
    first: Vec<(f64, usize)>,
    /// c x_s (x_t - offset).
    second: Vec<(f64, usize, usize, f64)>,
    /// c times the factors (x_s - offset) of a range.
    products: Vec<(f64, std::ops::Range<usize>)>,
    factors: Vec<(usize, f64)>,
    /// Species changed by a reaction, and the (position, change) of those reactions as a range of `changes`.
    columns: Vec<(usize, std::ops::Range<usize>)>,
    changes: Vec<(usize, f64)>,
    /// Species that a law given as an expression could make negative.
    pub guarded: Vec<usize>,
    /// Net change in the reaction at position 0.
    first_change: Vec<f64>,
}

impl Flat {
    pub fn new(kinetics: &Kinetics) -> Self {
        let table = kinetics.mass_action();
        let factors_of = |i: usize| -> Vec<(usize, f64)> {
            let reactants = table.reactants_of(i).iter();
            reactants.flat_map(|&(s, order)| (0..order).map(move |used| (s.index(), f64::from(used)))).collect()
        };
        let species = kinetics.network().species.len();
        let mut flat = Flat {
            kinetics: kinetics.clone(),
            order: Vec::new(),
            constants: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
            products: Vec::new(),
            factors: Vec::new(),
            columns: Vec::new(),
            changes: Vec::new(),
            guarded: Vec::new(),
            first_change: vec![0.0; species],
        };
        for size in 0..=3 {
            for (i, &reaction) in table.reactions.iter().enumerate() {
                let (constant, factors) = (table.constants[i], factors_of(i));
                if factors.len().min(3) != size {
                    continue;
                }
                flat.order.push(reaction);
                match factors[..] {
                    [] => flat.constants.push(constant),
                    [(s, _)] => flat.first.push((constant, s)),
                    [(s, _), (t, offset)] => flat.second.push((constant, s, t, offset)),
                    _ => {
                        let start = flat.factors.len();
                        flat.factors.extend(factors);
                        flat.products.push((constant, start..flat.factors.len()));
                    }
                }
            }
        }
        for &reaction in kinetics.general_reactions() {
            flat.order.push(reaction);
            let taken = kinetics.state_change(reaction).iter().filter(|(_, n)| *n < 0);
            flat.guarded.extend(taken.map(|(s, _)| s.index()));
        }
        flat.guarded.sort_unstable();
        flat.guarded.dedup();
        for s in 0..species {
            let start = flat.changes.len();
            for (position, &reaction) in flat.order.iter().enumerate() {
                let change = kinetics.state_change(reaction).iter().find(|(id, _)| *id == SpeciesId::from(s));
                if let Some(&(_, n)) = change {
                    flat.changes.push((position, n as f64));
                }
            }
            if flat.changes.len() > start {
                flat.columns.push((s, start..flat.changes.len()));
            }
        }
        if let Some(&reaction) = flat.order.first() {
            for &(s, n) in kinetics.state_change(reaction) {
                flat.first_change[s.index()] = n as f64;
            }
        }
        flat
    }

    /// Where the laws given as expressions begin.
    fn general(&self) -> usize {
        self.order.len() - self.kinetics.general_reactions().len()
    }

    /// The mass-action propensities.
    #[inline(always)]
    fn mass_action<V: Pack>(&self, x: &[V], a: &mut [V]) {
        let (constants, a) = a.split_at_mut(self.constants.len());
        for (a, &c) in constants.iter_mut().zip(&self.constants) {
            *a = V::splat(c);
        }
        let (first, a) = a.split_at_mut(self.first.len());
        for (a, &(c, s)) in first.iter_mut().zip(&self.first) {
            *a = V::splat(c).mul(x[s]);
        }
        let (second, a) = a.split_at_mut(self.second.len());
        for (a, &(c, s, t, offset)) in second.iter_mut().zip(&self.second) {
            *a = V::splat(c).mul(x[s]).mul(x[t].sub(V::splat(offset)));
        }
        for (a, (c, range)) in a.iter_mut().zip(&self.products) {
            *a = self.factors[range.clone()]
                .iter()
                .fold(V::splat(*c), |a, &(s, offset)| a.mul(x[s].sub(V::splat(offset))));
        }
    }
}

/// A propensity that may be one; NaN otherwise.
#[inline(always)]
pub(super) fn checked<V: Pack>(a: V) -> V {
    a.select(V::splat(0.0).at_most(a), V::splat(f64::NAN))
}

/// The waiting time of mean 1 / `total`: infinite if the total is too small to matter, NaN if it is no number.
#[inline(always)]
pub(super) fn waiting_time<V: Pack>(exponential: V, total: V) -> V {
    // Below the smallest normal number products with the sum lose their relative precision, and the mean waiting time
    // is beyond every horizon.
    let large = V::splat(f64::MIN_POSITIVE).at_most(total);
    exponential.div(total.select(large, V::splat(0.0)).add(total.sub(total)))
}

/// States in lanes.
#[derive(Clone, Debug)]
pub(super) struct FlatLanes<V: Pack> {
    tables: Arc<Flat>,
    state: Vec<V>,
    /// Propensities, then their running sums, by position.
    sums: Vec<V>,
    /// Where the reaction at a position is next.
    next: Vec<V::Mask>,
    inputs: Vec<[f64; 8]>,
    outputs: Vec<[f64; 8]>,
    registers: Vec<[f64; 8]>,
}

impl<V: Pack> FlatLanes<V> {
    pub fn new(tables: &Arc<Flat>) -> Self {
        let (species, reactions) = (tables.kinetics.network().species.len(), tables.order.len());
        let program = tables.kinetics.general_program();
        let has_general = program.output_count() > 0;
        let none = V::and_not(V::everywhere(), V::everywhere());
        FlatLanes {
            tables: Arc::clone(tables),
            state: vec![V::splat(0.0); species],
            sums: vec![V::splat(0.0); reactions],
            next: vec![none; reactions],
            inputs: vec![[f64::NAN; 8]; if has_general { program.input_count() } else { 0 }],
            outputs: vec![[0.0; 8]; program.output_count()],
            registers: vec![[0.0; 8]; if has_general { program.register_count() } else { 0 }],
        }
    }

    /// The propensities of laws given as expressions; NaN where one is bad or a count negative.
    #[inline(always)]
    fn general(&mut self, start: usize) {
        for (input, x) in self.inputs.iter_mut().zip(&self.state) {
            (0..V::LANES).for_each(|l| input[l] = x.get(l));
        }
        let program = self.tables.kinetics.general_program();
        let inputs = &self.inputs;
        program.evaluate_lanes_inlined::<8>(|i| inputs[i], &mut self.registers, &mut self.outputs);
        for (a, output) in self.sums[start..].iter_mut().zip(&self.outputs) {
            (0..V::LANES).for_each(|l| a.set(l, output[l]));
            *a = checked(*a);
        }
        let lowest = self.tables.guarded.iter().fold(V::splat(0.0), |lowest, &s| self.state[s].min(lowest));
        // Not a number where a count is negative.
        let good = checked(lowest);
        self.sums[start] = self.sums[start].add(good);
    }
}

impl<V: Pack> Kernel<V> for FlatLanes<V> {
    fn load(&mut self, lane: usize, counts: &[i64]) {
        let change = self.tables.first_change.iter();
        for ((x, &n), change) in self.state.iter_mut().zip(counts).zip(change) {
            x.set(lane, n as f64 - change);
        }
        for (j, next) in self.next.iter_mut().enumerate() {
            V::set_mask(next, lane, j == 0);
        }
    }

    #[inline(always)]
    fn fire(&mut self) {
        let tables = &*self.tables;
        for (s, range) in &tables.columns {
            let changes = tables.changes[range.clone()].iter();
            self.state[*s] = changes.fold(self.state[*s], |x, &(j, n)| x.add_where(self.next[j], n));
        }
    }

    #[inline(always)]
    fn draw(&mut self, uniform: V) -> V {
        let start = self.tables.general();
        self.tables.mass_action(&self.state, &mut self.sums[..start]);
        if start < self.sums.len() {
            self.general(start);
        }
        cumulate(&mut self.sums);
        let total = self.sums.last().copied().unwrap_or(V::splat(0.0));
        let target = uniform.mul(total);
        let mut before = V::everywhere();
        for (next, sum) in self.next.iter_mut().zip(&self.sums) {
            let passed = sum.at_most(target);
            *next = V::and_not(before, passed);
            before = passed;
        }
        total
    }

    #[inline(always)]
    fn waiting(exponential: V, total: V) -> V {
        waiting_time(exponential, total)
    }

    #[inline(always)]
    fn copy_values(&self, lane: usize, values: &mut [f64]) {
        values.iter_mut().zip(&self.state).for_each(|(value, x)| *value = x.get(lane));
    }
}
