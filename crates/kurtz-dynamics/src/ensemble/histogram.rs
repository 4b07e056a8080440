//! Joint distributions on the grid.

use super::checkpoint::{put_number, take_number};
use super::recorder::{Layout, Recorder};
use crate::method::Block;
use kurtz_model::SpeciesId;
use std::collections::{BTreeMap, HashMap};

/// Counts how many trajectories are in each state of some species, at some or all grid times.
#[derive(Clone, Debug, Default)]
pub struct HistogramRecorder {
    /// The species whose joint state is counted, in this order; all if empty.
    pub species: Vec<SpeciesId>,
    /// Positions in the grid; all if empty.
    pub times: Vec<usize>,
    layout: Option<Layout>,
}

/// Sampled joint distributions of the counts of some species.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Names of the species.
    pub species: Vec<String>,
    /// Times, `[times]`.
    pub times: Vec<f64>,
    /// Number of trajectories.
    pub trajectories: u64,
    /// At each time, the states found and in how many trajectories; sorted by state.
    pub states: Vec<BTreeMap<Vec<i64>, u64>>,
}

impl Histogram {
    /// The distribution at time position `t` of the species at `position` alone: count and frequency, sorted.
    pub fn marginal(&self, t: usize, position: usize) -> BTreeMap<i64, u64> {
        let mut marginal = BTreeMap::new();
        for (state, n) in &self.states[t] {
            *marginal.entry(state[position]).or_insert(0) += n;
        }
        marginal
    }

    /// The fraction of trajectories that are in `state` at time position `t`.
    pub fn frequency(&self, t: usize, state: &[i64]) -> f64 {
        self.states[t].get(state).map_or(0.0, |&n| n as f64 / self.trajectories as f64)
    }
}

impl HistogramRecorder {
    /// Counts joint states of `species` (all if empty) at grid positions `times` (all if empty).
    pub fn new(species: Vec<SpeciesId>, times: Vec<usize>) -> Self {
        HistogramRecorder { species, times, layout: None }
    }
}

impl Recorder for HistogramRecorder {
    /// States of the chosen species, `[chosen times x trajectories x species]`.
    type Part = Vec<i64>;
    type Total = Vec<HashMap<Box<[i64]>, u64>>;
    type Output = Histogram;

    fn needs_counts(&self) -> bool {
        true
    }

    fn begin(&mut self, layout: &Layout, _first: &Block) -> Self::Total {
        if self.species.is_empty() {
            self.species = (0..layout.variables.len()).map(SpeciesId::from).collect();
        }
        if self.times.is_empty() {
            self.times = (0..layout.times.len()).collect();
        }
        self.layout = Some(layout.clone());
        vec![HashMap::new(); self.times.len()]
    }

    fn reduce(&self, block: &Block) -> Vec<i64> {
        let mut states = Vec::with_capacity(self.times.len() * block.trajectories() * self.species.len());
        for &t in &self.times {
            for i in 0..block.trajectories() {
                let state = &block.trajectory(i)[t * block.variables..][..block.variables];
                states.extend(self.species.iter().map(|s| state[s.index()] as i64));
            }
        }
        states
    }

    fn merge(&self, total: &mut Self::Total, part: Vec<i64>) {
        let per_time = part.len() / total.len().max(1);
        if per_time == 0 {
            return;
        }
        for (found, states) in total.iter_mut().zip(part.chunks_exact(per_time)) {
            for state in states.chunks_exact(self.species.len()) {
                match found.get_mut(state) {
                    Some(n) => *n += 1,
                    None => drop(found.insert(state.into(), 1)),
                }
            }
        }
    }

    fn save(&self, total: &Self::Total, out: &mut Vec<u8>) -> bool {
        for found in total {
            put_number(out, found.len() as u64);
            for (state, n) in found {
                state.iter().for_each(|&x| put_number(out, x as u64));
                put_number(out, *n);
            }
        }
        true
    }

    fn load(&self, bytes: &mut &[u8]) -> Option<Self::Total> {
        let mut total = Vec::with_capacity(self.times.len());
        for _ in &self.times {
            let mut found = HashMap::new();
            for _ in 0..take_number(bytes)? {
                let state = self.species.iter().map(|_| take_number(bytes).map(|x| x as i64));
                let state = state.collect::<Option<Box<[i64]>>>()?;
                found.insert(state, take_number(bytes)?);
            }
            total.push(found);
        }
        Some(total)
    }

    fn finish(self, total: Self::Total, trajectories: u64) -> Histogram {
        let layout = self.layout.expect("begin comes first");
        let sorted = |found: HashMap<Box<[i64]>, u64>| found.into_iter().map(|(s, n)| (s.into_vec(), n)).collect();
        Histogram {
            species: self.species.iter().map(|s| layout.variables[s.index()].clone()).collect(),
            times: self.times.iter().map(|&t| layout.times[t]).collect(),
            trajectories,
            states: total.into_iter().map(sorted).collect(),
        }
    }
}
