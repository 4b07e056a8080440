//! Two independent measurements out of one ensemble.

use super::recorder::{Layout, Recorder};
use crate::method::Block;

/// Records the trajectories with even and those with odd indices apart.
///
/// What the one half says is held out of what the other half says, whatever the noise is like over time.
#[derive(Clone, Debug)]
pub struct Halves<R> {
    even: R,
    odd: R,
}

impl<R: Clone> Halves<R> {
    /// Each half by a recorder like this one.
    pub fn new(recorder: R) -> Self {
        Halves { even: recorder.clone(), odd: recorder }
    }
}

impl<R: Recorder> Recorder for Halves<R> {
    type Part = [Option<R::Part>; 2];
    type Total = [R::Total; 2];
    type Output = [R::Output; 2];

    fn needs_counts(&self) -> bool {
        self.even.needs_counts()
    }

    fn begin(&mut self, layout: &Layout, first: &Block) -> Self::Total {
        [self.even.begin(layout, first), self.odd.begin(layout, first)]
    }

    fn reduce(&self, block: &Block) -> Self::Part {
        let half = |recorder: &R, parity: u64| {
            let half = half_of(block, parity);
            (half.trajectories() > 0).then(|| recorder.reduce(&half))
        };
        [half(&self.even, 0), half(&self.odd, 1)]
    }

    fn merge(&self, total: &mut Self::Total, part: Self::Part) {
        for ((recorder, total), part) in [&self.even, &self.odd].into_iter().zip(total).zip(part) {
            if let Some(part) = part {
                recorder.merge(total, part);
            }
        }
    }

    fn save(&self, total: &Self::Total, out: &mut Vec<u8>) -> bool {
        self.even.save(&total[0], out) && self.odd.save(&total[1], out)
    }

    fn load(&self, bytes: &mut &[u8]) -> Option<Self::Total> {
        Some([self.even.load(bytes)?, self.odd.load(bytes)?])
    }

    fn finish(self, total: Self::Total, trajectories: u64) -> Self::Output {
        let [even, odd] = total;
        [self.even.finish(even, trajectories.div_ceil(2)), self.odd.finish(odd, trajectories / 2)]
    }
}

/// The trajectories of a block whose indices have this parity; they count their own indices, so that none is left out.
fn half_of(block: &Block, parity: u64) -> Block {
    let places: Vec<usize> = (0..block.trajectories()).filter(|&k| (block.first + k as u64) % 2 == parity).collect();
    Block {
        first: (block.first + 1 - parity) / 2,
        times: block.times,
        variables: block.variables,
        values: places.iter().flat_map(|&k| block.trajectory(k)).copied().collect(),
        events: places.iter().map(|&k| block.events[k]).collect(),
        absorbed: places.iter().map(|&k| block.absorbed[k]).collect(),
    }
}
