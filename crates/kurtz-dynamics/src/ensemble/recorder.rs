//! What is kept of each trajectory.

use crate::method::Block;

/// What every recorder is told before the first block.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Names of what is observed: all species unless something else was asked for, `[variables]`.
    pub variables: Vec<String>,
    /// The time grid, `[times]`.
    pub times: Vec<f64>,
    /// How many trajectories there will be, if nothing interrupts.
    pub trajectories: u64,
}

/// Reduces blocks of trajectories to what is to be kept of them, and puts the reductions together.
///
/// [`Recorder::reduce`] runs on many threads at once, [`Recorder::merge`] always in the order of the blocks, so that
/// results are the same bits for any number of threads. Several recorders at once are a tuple, one that may be absent
/// an `Option`, several of a kind a `Vec`.
pub trait Recorder: Send + Sync {
    /// What is kept of one block.
    type Part: Send;
    /// What is kept of all blocks so far.
    type Total: Send;
    /// What the caller gets.
    type Output;

    /// Whether it works with whole numbers only.
    fn needs_counts(&self) -> bool {
        false
    }

    /// Prepares for an ensemble, having seen its first block (from which, for example, to guess where means lie).
    fn begin(&mut self, layout: &Layout, first: &Block) -> Self::Total;

    /// Reduces a block.
    fn reduce(&self, block: &Block) -> Self::Part;

    /// Adds the reduction of the next block.
    fn merge(&self, total: &mut Self::Total, part: Self::Part);

    /// Writes a total for a checkpoint; false, the default, if this recorder cannot.
    fn save(&self, _total: &Self::Total, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// Takes a total that [`Recorder::save`] wrote from the front; `None` if it is none of this ensemble.
    fn load(&self, _bytes: &mut &[u8]) -> Option<Self::Total> {
        None
    }

    /// The result of the first `trajectories` trajectories.
    fn finish(self, total: Self::Total, trajectories: u64) -> Self::Output;
}

impl Recorder for () {
    type Part = ();
    type Total = ();
    type Output = ();
    fn begin(&mut self, _: &Layout, _: &Block) {}
    fn reduce(&self, _: &Block) {}
    fn merge(&self, _: &mut (), _: ()) {}
    fn save(&self, _: &(), _: &mut Vec<u8>) -> bool {
        true
    }
    fn load(&self, _: &mut &[u8]) -> Option<()> {
        Some(())
    }
    fn finish(self, _: (), _: u64) {}
}

macro_rules! tuple {
    ($($name:ident $i:tt),*) => {
        impl<$($name: Recorder),*> Recorder for ($($name,)*) {
            type Part = ($($name::Part,)*);
            type Total = ($($name::Total,)*);
            type Output = ($($name::Output,)*);
            fn needs_counts(&self) -> bool {
                $(self.$i.needs_counts())||*
            }
            fn begin(&mut self, layout: &Layout, first: &Block) -> Self::Total {
                ($(self.$i.begin(layout, first),)*)
            }
            fn reduce(&self, block: &Block) -> Self::Part {
                ($(self.$i.reduce(block),)*)
            }
            fn merge(&self, total: &mut Self::Total, part: Self::Part) {
                $(self.$i.merge(&mut total.$i, part.$i);)*
            }
            fn save(&self, total: &Self::Total, out: &mut Vec<u8>) -> bool {
                $(self.$i.save(&total.$i, out))&&*
            }
            fn load(&self, bytes: &mut &[u8]) -> Option<Self::Total> {
                Some(($(self.$i.load(bytes)?,)*))
            }
            fn finish(self, total: Self::Total, trajectories: u64) -> Self::Output {
                ($(self.$i.finish(total.$i, trajectories),)*)
            }
        }
    };
}
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

impl<R: Recorder> Recorder for Option<R> {
    type Part = Option<R::Part>;
    type Total = Option<R::Total>;
    type Output = Option<R::Output>;
    fn needs_counts(&self) -> bool {
        self.as_ref().is_some_and(Recorder::needs_counts)
    }
    fn begin(&mut self, layout: &Layout, first: &Block) -> Self::Total {
        self.as_mut().map(|r| r.begin(layout, first))
    }
    fn reduce(&self, block: &Block) -> Self::Part {
        self.as_ref().map(|r| r.reduce(block))
    }
    fn merge(&self, total: &mut Self::Total, part: Self::Part) {
        if let (Some(r), Some(total), Some(part)) = (self, total, part) {
            r.merge(total, part);
        }
    }
    fn save(&self, total: &Self::Total, out: &mut Vec<u8>) -> bool {
        match (self, total) {
            (Some(r), Some(total)) => r.save(total, out),
            _ => true,
        }
    }
    fn load(&self, bytes: &mut &[u8]) -> Option<Self::Total> {
        match self {
            Some(r) => r.load(bytes).map(Some),
            None => Some(None),
        }
    }
    fn finish(self, total: Self::Total, trajectories: u64) -> Self::Output {
        Some(self?.finish(total?, trajectories))
    }
}

impl<R: Recorder> Recorder for Vec<R> {
    type Part = Vec<R::Part>;
    type Total = Vec<R::Total>;
    type Output = Vec<R::Output>;
    fn needs_counts(&self) -> bool {
        self.iter().any(Recorder::needs_counts)
    }
    fn begin(&mut self, layout: &Layout, first: &Block) -> Self::Total {
        self.iter_mut().map(|r| r.begin(layout, first)).collect()
    }
    fn reduce(&self, block: &Block) -> Self::Part {
        self.iter().map(|r| r.reduce(block)).collect()
    }
    fn merge(&self, total: &mut Self::Total, part: Self::Part) {
        self.iter().zip(total).zip(part).for_each(|((r, total), part)| r.merge(total, part));
    }
    fn save(&self, total: &Self::Total, out: &mut Vec<u8>) -> bool {
        self.iter().zip(total).all(|(r, total)| r.save(total, out))
    }
    fn load(&self, bytes: &mut &[u8]) -> Option<Self::Total> {
        self.iter().map(|r| r.load(bytes)).collect()
    }
    fn finish(self, total: Self::Total, trajectories: u64) -> Self::Output {
        self.into_iter().zip(total).map(|(r, total)| r.finish(total, trajectories)).collect()
    }
}
