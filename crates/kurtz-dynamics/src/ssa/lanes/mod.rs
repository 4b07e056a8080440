//! The direct method for many trajectories at once, each in a lane of a vector of numbers.
//!
//! All lanes take a step together: in each the reaction that is next happens, propensities are computed anew, the next
//! reaction and its time are drawn, without a branch. A lane that passes a time of the grid is recorded, one that ends is
//! given the next trajectory. Every lane draws from the stream of its own trajectory, by exactly rounded operations only,
//! so that a trajectory does not depend on its neighbours, on its lane, or on the processor ([`pack`]).

mod alone;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod batch;
mod flat;
mod isa;
mod kernel;
mod logarithm;
mod pack;
mod small;

use super::DEFAULT_MAX_EVENTS;
use super::direct::Direct;
use super::propensities::refuse_time_dependence;
use super::simulate::Exact;
use super::small::Small;
use crate::error::DynamicsError;
use crate::method::{BatchSampler, Block, BlockTask, Halt, Method, OneByOne, Sampler};
use crate::progress::Progress;
use alone::{FlatAlone, InLane};
use batch::Interrupted;
use flat::Flat;
use isa::{InLanes, Isa, in_lanes};
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Reactions up to which all propensities of a state are computed anew after every event; beyond, vectors lose against
/// updates of the few that change (`docs/reference/methods.md` has the measurements).
pub const LARGEST_IN_LANES: usize = 128;

/// Gillespie's direct method with many trajectories side by side in the lanes of vector registers.
///
/// Exact, and equal in law to [`Direct`], from which it differs in how it makes an exponential variate of random bits
/// (-ln u). Use it for ensembles of networks of up to [`LARGEST_IN_LANES`] reactions; larger ones are followed as by
/// [`Direct`]. Vectors are those of AVX-512, AVX2, or what every processor has, chosen while the program runs; the
/// numbers are the same.
///
/// # Complexity
/// An event costs O(M) for M reactions, a lane's share of some M vector operations.
///
/// # References
/// D. T. Gillespie, J. Phys. Chem. 81 (1977) 2340-2361, doi:10.1021/j100540a008.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lanes {
    /// Events after which a trajectory is given up, at least 1. Default 1e9.
    pub max_events: u64,
}

impl Default for Lanes {
    fn default() -> Self {
        Lanes { max_events: DEFAULT_MAX_EVENTS }
    }
}

/// A network in the cheapest form that fits it.
#[derive(Clone, Debug)]
enum Form {
    Four1(Small<4, 4, 1>),
    Four2(Small<4, 4, 2>),
    Four3(Small<4, 4, 3>),
    Eight1(Small<8, 8, 1>),
    Eight2(Small<8, 8, 2>),
    Eight3(Small<8, 8, 3>),
    Flat(Arc<Flat>),
}

impl Form {
    /// `None` if the network is too large for lanes.
    fn of(kinetics: &Kinetics) -> Option<Self> {
        let small = Small::new(kinetics).map(Form::Four1);
        let small = small.or_else(|| Small::new(kinetics).map(Form::Four2));
        let small = small.or_else(|| Small::new(kinetics).map(Form::Four3));
        let small = small.or_else(|| Small::new(kinetics).map(Form::Eight1));
        let small = small.or_else(|| Small::new(kinetics).map(Form::Eight2));
        let small = small.or_else(|| Small::new(kinetics).map(Form::Eight3));
        let fits = kinetics.network().reactions.len() <= LARGEST_IN_LANES;
        small.or_else(|| fits.then(|| Form::Flat(Arc::new(Flat::new(kinetics)))))
    }

    fn alone(&self, max_events: u64) -> Box<dyn Sampler> {
        macro_rules! exact {
            ($network:expr) => {
                Box::new(Exact::<_, InLane>::new($network, max_events))
            };
        }
        match self {
            Form::Four1(small) => exact!(small.clone()),
            Form::Four2(small) => exact!(small.clone()),
            Form::Four3(small) => exact!(small.clone()),
            Form::Eight1(small) => exact!(small.clone()),
            Form::Eight2(small) => exact!(small.clone()),
            Form::Eight3(small) => exact!(small.clone()),
            Form::Flat(tables) => exact!(FlatAlone::new(tables)),
        }
    }
}

impl Lanes {
    fn on(&self, isa: Isa, kinetics: &Kinetics, form: &Form) -> Result<LaneSampler, DynamicsError> {
        let initial = kinetics.initial_counts()?;
        Ok(LaneSampler {
            lanes: in_lanes(form, &initial, self.max_events, isa),
            alone: OneByOne::new(form.alone(self.max_events), initial),
            isa,
        })
    }
}

impl Method for Lanes {
    fn name(&self) -> &'static str {
        "lanes"
    }

    fn references(&self) -> &'static [&'static str] {
        &["gillespie1977"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        match Form::of(kinetics) {
            Some(form) => Ok(form.alone(self.max_events)),
            None => Direct { max_events: self.max_events }.sampler(kinetics),
        }
    }

    fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        match Form::of(kinetics) {
            Some(form) => Ok(Box::new(self.on(Isa::available()[0], kinetics, &form)?)),
            None => Direct { max_events: self.max_events }.batch_sampler(kinetics),
        }
    }
}

/// Blocks of trajectories in lanes.
struct LaneSampler {
    lanes: Box<dyn InLanes>,
    /// For what is too little for lanes, and to say why a trajectory ended early: the same trajectories.
    alone: OneByOne,
    isa: Isa,
}

/// Trajectories below which lanes would mostly be empty.
const FEWEST: usize = 3;

impl BatchSampler for LaneSampler {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        if task.trajectories < FEWEST || task.times.is_empty() {
            return self.alone.sample(task, block, progress);
        }
        block.reset(task, self.alone.variables());
        match self.lanes.sample(task, block, progress) {
            Ok(()) => Ok(()),
            Err(Interrupted::Cancelled(halt)) => Err(halt),
            Err(Interrupted::Trouble) => self.alone.sample(task, block, progress),
        }
    }

    fn lanes(&self) -> usize {
        self.lanes.lanes()
    }
}

impl std::fmt::Debug for LaneSampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneSampler").field("isa", &self.isa).field("lanes", &self.lanes.lanes()).finish()
    }
}

#[cfg(test)]
mod tests;
