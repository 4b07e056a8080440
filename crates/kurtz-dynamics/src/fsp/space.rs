//! The finite set of states, which grows and shrinks by need.

use crate::error::DynamicsError;
use crate::fsp::transitions::Transitions;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

/// Distinct states in lexicographic order, with the propensities of all transitions out of each.
///
/// The order has three uses. A transition shifts all states by the same vector and so keeps their order: sources and
/// targets are matched by walking along two sorted lists, without a hash. Neighbours in the last coordinate are
/// neighbours in memory, which keeps matrix-vector products in cache. And the laws that come out are sorted already.
pub(super) struct StateSpace {
    width: usize,
    jumps: usize,
    /// `[states x species]`
    states: Arc<Vec<i64>>,
    /// `[states x jumps]`
    propensities: Vec<f64>,
}

impl StateSpace {
    /// The space of the given states, `[states x species]`, distinct and sorted.
    pub(super) fn new(states: Vec<i64>, transitions: &Transitions) -> Result<Self, DynamicsError> {
        let (width, jumps) = (transitions.width(), transitions.len());
        let mut scratch = transitions.scratch();
        let mut propensities = Vec::with_capacity(states.len() / width * jumps);
        for state in states.chunks_exact(width) {
            transitions.propensities(state, &mut scratch, &mut propensities)?;
        }
        Ok(StateSpace { width, jumps, states: Arc::new(states), propensities })
    }

    pub(super) fn len(&self) -> usize {
        self.states.len() / self.width
    }

    pub(super) fn state(&self, i: usize) -> &[i64] {
        &self.states[i * self.width..(i + 1) * self.width]
    }

    /// All states, `[states x species]`.
    pub(super) fn states(&self) -> &Arc<Vec<i64>> {
        &self.states
    }

    /// Propensities of all transitions out of state `i`, `[jumps]`.
    pub(super) fn propensities(&self, i: usize) -> &[f64] {
        &self.propensities[i * self.jumps..(i + 1) * self.jumps]
    }

    fn contains(&self, state: &[i64]) -> bool {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.state(middle).cmp(state) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return true,
            }
        }
        false
    }

    /// Adds states that the seeds lead to, one transition further at a time, until at least `enough` are added or
    /// none is left; stops with what it has once the space holds `limit` states. Returns the new positions of the
    /// states there were.
    pub(super) fn grow(
        &mut self,
        seeds: &[usize],
        enough: usize,
        limit: usize,
        transitions: &Transitions,
    ) -> Result<Vec<usize>, DynamicsError> {
        let width = self.width;
        let mut scratch = transitions.scratch();
        let mut known: HashSet<Box<[i64]>> = HashSet::new();
        let mut found: Vec<i64> = Vec::new();
        let mut rates: Vec<f64> = Vec::new();
        let mut target = vec![0; width];
        let mut step = |from: &[i64], rates: &[f64], found: &mut Vec<i64>| {
            for (jump, &rate) in rates.iter().enumerate() {
                if rate > 0.0 {
                    for (t, (n, d)) in target.iter_mut().zip(from.iter().zip(transitions.change(jump))) {
                        *t = n + d;
                    }
                    if !self.contains(&target) && known.insert(target.as_slice().into()) {
                        found.extend_from_slice(&target);
                    }
                }
            }
        };
        for &seed in seeds {
            step(self.state(seed), self.propensities(seed), &mut found);
        }
        let mut visited = 0;
        while visited < found.len() {
            // `visited..layer_end` is one layer: everything at the same number of transitions from the seeds.
            let layer_end = found.len();
            for start in (visited..layer_end).step_by(width) {
                let state: Vec<i64> = found[start..start + width].to_vec();
                transitions.propensities(&state, &mut scratch, &mut rates)?;
                let number = found.len() / width;
                if layer_end / width < enough && self.len() + number < limit {
                    step(&state, &rates[rates.len() - self.jumps..], &mut found);
                }
            }
            visited = layer_end;
        }
        Ok(self.merge(&found, &rates))
    }

    /// Inserts states that are not in the space yet; returns the new positions of those that were.
    fn merge(&mut self, found: &[i64], rates: &[f64]) -> Vec<usize> {
        let (width, jumps) = (self.width, self.jumps);
        let new_state = |i: usize| &found[i * width..(i + 1) * width];
        let mut order: Vec<usize> = (0..found.len() / width).collect();
        order.sort_unstable_by(|&a, &b| new_state(a).cmp(new_state(b)));
        let mut states = Vec::with_capacity(self.states.len() + found.len());
        let mut propensities = Vec::with_capacity(self.propensities.len() + rates.len());
        let mut positions = Vec::with_capacity(self.len());
        let mut pending = order.into_iter().peekable();
        for i in 0..=self.len() {
            while let Some(j) = pending.next_if(|&j| i == self.len() || new_state(j) < self.state(i)) {
                states.extend_from_slice(new_state(j));
                propensities.extend_from_slice(&rates[j * jumps..(j + 1) * jumps]);
            }
            if i < self.len() {
                positions.push(states.len() / width);
                states.extend_from_slice(self.state(i));
                propensities.extend_from_slice(self.propensities(i));
            }
        }
        self.states = Arc::new(states);
        self.propensities = propensities;
        positions
    }

    /// Drops the states that are not to be kept.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let mut states = Vec::new();
        let mut propensities = Vec::new();
        for i in (0..self.len()).filter(|&i| keep[i]) {
            states.extend_from_slice(self.state(i));
            propensities.extend_from_slice(self.propensities(i));
        }
        self.states = Arc::new(states);
        self.propensities = propensities;
    }
}
