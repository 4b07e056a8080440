//! What the loop over lanes needs of a network.

use super::pack::Pack;

/// The states of a vector of lanes, and in each lane the reaction that is to happen next.
pub(super) trait Kernel<V: Pack>: Clone + Send {
    /// Takes over the state of a lane, `[species]`, such that it is reached by the first [`Kernel::fire`] to come.
    fn load(&mut self, lane: usize, counts: &[i64]);

    /// Carries out the reaction that is next in each lane.
    fn fire(&mut self);

    /// Sum of all propensities; and chooses the reaction that is next, given a uniform number.
    ///
    /// The sum is NaN in a lane in which a propensity is bad or a count negative.
    fn draw(&mut self, uniform: V) -> V;

    /// Mean time to the next event given as -ln u: infinite if none can happen, NaN if something is wrong.
    fn waiting(exponential: V, total: V) -> V;

    /// Writes the counts of a lane, `[species]`.
    fn copy_values(&self, lane: usize, values: &mut [f64]);
}

/// a_0, a_0 + a_1, ..., never decreasing, and equal where a_j = 0; in an order with few steps that wait for others.
#[inline(always)]
pub(in crate::ssa) fn cumulate<V: Pack>(a: &mut [V]) {
    // Pairs first: within a pair a_j + a_(j+1) >= a_j, and rounding keeps the order.
    let mut before = V::splat(0.0);
    let (pairs, rest) = a.as_chunks_mut::<2>();
    for pair in pairs {
        let both = pair[0].add(pair[1]);
        pair[0] = pair[0].add(before);
        before = before.add(both);
        pair[1] = before;
    }
    for last in rest {
        *last = last.add(before);
    }
}
