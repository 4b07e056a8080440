//! The choice of the vector instructions, once a block and while the program runs.
#![allow(unsafe_code, reason = "code for instructions that not every processor has is called after asking for them")]

use super::Form;
use super::batch::{Batch, Interrupted};
use super::flat::FlatLanes;
use super::kernel::Kernel;
use super::pack::{Eight, Pack};
use super::small::SmallLanes;
use crate::method::{Block, BlockTask};
use crate::progress::Progress;

#[cfg(target_arch = "x86_64")]
use super::avx512::Register;

/// What the processor can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isa {
    /// Lanes in registers of AVX-512.
    Avx512,
    /// Eight lanes, vectorised by the compiler for AVX2.
    Avx2,
    /// Eight lanes, vectorised by the compiler for what every processor of the kind has (SSE2, NEON).
    Plain,
}

impl Isa {
    /// All that this processor can do, the best first.
    pub fn available() -> Vec<Isa> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx512f")
                && std::is_x86_feature_detected!("avx512dq")
                && std::is_x86_feature_detected!("avx512vl")
                && std::is_x86_feature_detected!("avx512bw")
            {
                found.push(Isa::Avx512);
            }
            if std::is_x86_feature_detected!("avx2") {
                found.push(Isa::Avx2);
            }
        }
        found.push(Isa::Plain);
        found
    }
}

/// Samples blocks in lanes.
pub(super) trait InLanes: Send {
    /// Number of lanes.
    fn lanes(&self) -> usize;

    /// As [`Batch::sample`].
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Interrupted>;
}

/// Vectors that take turns. Two hide the latencies of small networks; large ones have enough to do in one.
const TURNS: usize = 2;

struct On<V: Pack, K, const G: usize> {
    batch: Batch<V, K, G>,
    isa: Isa,
}

/// A sampler of the network in this form.
///
/// # Panics
/// If the processor does not have the instructions.
pub(super) fn in_lanes(form: &Form, initial: &[i64], max_events: u64, isa: Isa) -> Box<dyn InLanes> {
    assert!(Isa::available().contains(&isa), "the processor has these instructions");
    macro_rules! make {
        ($kernel:ident, $tables:expr, $turns:expr) => {
            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => {
                    let kernel = $kernel::new($tables);
                    Box::new(On::<Register, _, { $turns }> { batch: Batch::new(&kernel, initial, max_events), isa })
                        as Box<dyn InLanes>
                }
                _ => {
                    let kernel = $kernel::new($tables);
                    Box::new(On::<Eight, _, 1> { batch: Batch::new(&kernel, initial, max_events), isa })
                }
            }
        };
    }
    match form {
        Form::Four1(small) => make!(SmallLanes, small, TURNS),
        Form::Four2(small) => make!(SmallLanes, small, TURNS),
        Form::Four3(small) => make!(SmallLanes, small, TURNS),
        Form::Eight1(small) => make!(SmallLanes, small, TURNS),
        Form::Eight2(small) => make!(SmallLanes, small, TURNS),
        Form::Eight3(small) => make!(SmallLanes, small, TURNS),
        Form::Flat(tables) => make!(FlatLanes, tables, 1),
    }
}

#[cfg(target_arch = "x86_64")]
impl<K: Kernel<Register>, const G: usize> InLanes for On<Register, K, G> {
    fn lanes(&self) -> usize {
        G * Register::LANES
    }

    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Interrupted> {
        // SAFETY: `in_lanes` makes this type only after `Isa::available` found the features.
        unsafe { sample_avx512(&mut self.batch, task, block, progress) }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
fn sample_avx512<K: Kernel<Register>, const G: usize>(
    batch: &mut Batch<Register, K, G>,
    task: &BlockTask<'_>,
    block: &mut Block,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    batch.sample(task, block, progress)
}

impl<K: Kernel<Eight>, const G: usize> InLanes for On<Eight, K, G> {
    fn lanes(&self) -> usize {
        G * Eight::LANES
    }

    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Interrupted> {
        match self.isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `in_lanes` sets this only after `Isa::available` found the feature.
            Isa::Avx2 => unsafe { sample_avx2(&mut self.batch, task, block, progress) },
            _ => self.batch.sample(task, block, progress),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sample_avx2<K: Kernel<Eight>, const G: usize>(
    batch: &mut Batch<Eight, K, G>,
    task: &BlockTask<'_>,
    block: &mut Block,
    progress: &dyn Progress,
) -> Result<(), Interrupted> {
    batch.sample(task, block, progress)
}
