//! Single trajectories out of an ensemble: on the grid, or only how they end.
//!
//! Every event of a trajectory of an ensemble is had from [`crate::ssa::Trace`]: it is the same trajectory.

use super::checkpoint::{put_values, take_values};
use super::recorder::{Layout, Recorder};
use crate::method::Block;

/// Keeps the first few trajectories on the grid.
#[derive(Clone, Debug)]
pub struct PathsRecorder {
    /// How many.
    pub trajectories: u64,
    layout: Option<Layout>,
}

/// Trajectories on the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// Names of the species, or of what else is observed.
    pub variables: Vec<String>,
    /// Times, `[times]`.
    pub times: Vec<f64>,
    /// Number of trajectories, with indices from 0 on.
    pub trajectories: usize,
    /// Values (counts of species), `[trajectories x times x variables]`.
    pub values: Vec<f64>,
}

impl PathsRecorder {
    /// Keeps the first `trajectories` trajectories.
    pub fn new(trajectories: u64) -> Self {
        PathsRecorder { trajectories, layout: None }
    }
}

impl Recorder for PathsRecorder {
    type Part = Vec<f64>;
    type Total = Vec<f64>;
    type Output = Paths;

    fn begin(&mut self, layout: &Layout, _first: &Block) -> Vec<f64> {
        self.layout = Some(layout.clone());
        Vec::new()
    }

    fn reduce(&self, block: &Block) -> Vec<f64> {
        let wanted = self.trajectories.saturating_sub(block.first).min(block.trajectories() as u64) as usize;
        block.values[..wanted * block.times * block.variables].to_vec()
    }

    fn merge(&self, total: &mut Vec<f64>, part: Vec<f64>) {
        total.extend(part);
    }

    fn save(&self, total: &Vec<f64>, out: &mut Vec<u8>) -> bool {
        put_values(out, total);
        true
    }

    fn load(&self, bytes: &mut &[u8]) -> Option<Vec<f64>> {
        take_values(bytes)
    }

    fn finish(self, total: Vec<f64>, trajectories: u64) -> Paths {
        let layout = self.layout.expect("begin comes first");
        Paths {
            variables: layout.variables,
            times: layout.times,
            trajectories: self.trajectories.min(trajectories) as usize,
            values: total,
        }
    }
}

/// Keeps of every trajectory its last state, number of events and time of absorption.
#[derive(Clone, Debug, Default)]
pub struct FinalsRecorder;

/// How every trajectory ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finals {
    /// Values (counts of species) at the last grid time, `[trajectories x variables]`.
    pub values: Vec<f64>,
    /// Events, `[trajectories]`.
    pub events: Vec<u64>,
    /// Time from which on nothing can happen, infinite if not absorbed, `[trajectories]`.
    pub absorbed: Vec<f64>,
}

impl Recorder for FinalsRecorder {
    type Part = Finals;
    type Total = Finals;
    type Output = Finals;

    fn begin(&mut self, _layout: &Layout, _first: &Block) -> Finals {
        Finals::default()
    }

    fn reduce(&self, block: &Block) -> Finals {
        let last = |i| &block.trajectory(i)[block.times.saturating_sub(1) * block.variables..];
        Finals {
            values: (0..block.trajectories()).flat_map(|i| last(i).iter().copied()).collect(),
            events: block.events.clone(),
            absorbed: block.absorbed.clone(),
        }
    }

    fn merge(&self, total: &mut Finals, part: Finals) {
        total.values.extend(part.values);
        total.events.extend(part.events);
        total.absorbed.extend(part.absorbed);
    }

    fn finish(self, total: Finals, _trajectories: u64) -> Finals {
        total
    }
}
