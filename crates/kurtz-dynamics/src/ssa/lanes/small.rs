//! Small mass-action networks in lanes: everything is computed anew after every event, without a branch.

use super::kernel::{Kernel, cumulate};
use super::pack::Pack;
use crate::ssa::small::Small;

/// The tables of [`Small`] with states in lanes.
#[derive(Clone, Debug)]
pub(super) struct SmallLanes<V: Pack, const M: usize, const S: usize, const O: usize> {
    tables: Small<M, S, O>,
    /// Net change of each species by each reaction, as far as there are reactions.
    change: [[f64; 8]; S],
    state: [V; S],
    next: V::Index,
}

impl<V: Pack, const M: usize, const S: usize, const O: usize> SmallLanes<V, M, S, O> {
    pub fn new(tables: &Small<M, S, O>) -> Self {
        let mut change = [[0.0; 8]; S];
        for (s, change) in change.iter_mut().enumerate() {
            for j in 0..M.min(8) {
                change[j] = tables.change[j][s];
            }
        }
        let mut state = [V::splat(0.0); S];
        state[S - 1] = V::splat(1.0);
        SmallLanes { tables: tables.clone(), change, state, next: V::zero() }
    }
}

impl<V: Pack, const M: usize, const S: usize, const O: usize> Kernel<V> for SmallLanes<V, M, S, O> {
    fn load(&mut self, lane: usize, counts: &[i64]) {
        V::set_index(&mut self.next, lane, 0);
        for (s, &n) in counts.iter().enumerate() {
            self.state[s].set(lane, n as f64 - self.change[s][0]);
        }
    }

    #[inline(always)]
    fn fire(&mut self) {
        for s in 0..self.tables.species {
            self.state[s] = self.state[s].add(V::lookup(&self.change[s], self.next));
        }
    }

    #[inline(always)]
    fn draw(&mut self, uniform: V) -> V {
        let Small { constant, slot, offset, .. } = &self.tables;
        let at = |o: usize, j: usize| self.state[slot[o][j] & (S - 1)];
        let mut a: [V; M] = std::array::from_fn(|j| V::splat(constant[j]).mul(at(0, j)));
        for o in 1..O {
            for j in 0..M {
                a[j] = a[j].mul(at(o, j).sub(V::splat(offset[o][j])));
            }
        }
        cumulate(&mut a);
        let total = a[M - 1];
        // 0 < u < 1 strictly, hence 0 < target < total: a reaction of propensity 0 is never chosen.
        let target = uniform.mul(total);
        self.next = a[..M - 1].iter().fold(V::zero(), |next, sum| V::count(next, sum.at_most(target)));
        total
    }

    #[inline(always)]
    fn waiting(exponential: V, total: V) -> V {
        exponential.div(total)
    }

    #[inline(always)]
    fn copy_values(&self, lane: usize, values: &mut [f64]) {
        values.iter_mut().zip(&self.state).for_each(|(value, x)| *value = x.get(lane));
    }
}
