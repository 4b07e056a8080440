//! The loop: all lanes take a step at once; a lane that passes a time of the grid is recorded, one that ends refilled.

use super::kernel::Kernel;
use super::logarithm::exponential;
use super::pack::Pack;
use crate::method::{Block, BlockTask, Halt, Stop};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::watch::{MAX_COUNT, Watch};
use kurtz_model::SpeciesId;

/// The lanes of one vector.
#[derive(Clone, Debug)]
struct Group<V: Pack, K> {
    kernel: K,
    random: [V::Bits; 4],
    /// Time of the event that is next, and of the one before it.
    next: V,
    last: V,
    total: V,
    /// Next time of the grid.
    horizon: V,
    /// Lanes without a trajectory; what they compute is of no use.
    idle: u32,
}

/// What a lane follows.
#[derive(Clone, Debug)]
struct Lane {
    /// Position of the trajectory in the block.
    trajectory: usize,
    /// Next position on the grid.
    at: usize,
    /// Steps of all lanes when it was loaded.
    born: u64,
    watch: Watch,
}

/// `G` vectors of lanes, which take turns so that one can compute while the other waits for its results.
#[derive(Clone, Debug)]
pub(super) struct Batch<V: Pack, K, const G: usize> {
    groups: [Group<V, K>; G],
    /// `[group x lane]`.
    lanes: Vec<Lane>,
    initial: Vec<i64>,
    values: Vec<f64>,
    steps: u64,
    /// Number of steps after which a look at some lane is due.
    due: u64,
}

/// Why a block was not finished.
pub(super) enum Interrupted {
    /// The caller gave up.
    Cancelled(Halt),
    /// A trajectory that cannot be completed: a method that follows one at a time can say why.
    Trouble,
}

/// Where the trajectories of a block come from, and go to.
struct Work<'a> {
    task: &'a BlockTask<'a>,
    block: &'a mut Block,
    /// Trajectories begun.
    begun: usize,
    /// Lanes in use.
    active: usize,
}

impl<V: Pack, K: Kernel<V>, const G: usize> Batch<V, K, G> {
    pub fn new(kernel: &K, initial: &[i64], max_events: u64) -> Self {
        let group = Group {
            kernel: kernel.clone(),
            random: [V::no_bits(); 4],
            next: V::splat(0.0),
            last: V::splat(0.0),
            total: V::splat(0.0),
            horizon: V::splat(0.0),
            idle: 0,
        };
        let lane = Lane { trajectory: 0, at: 0, born: 0, watch: Watch::new(max_events) };
        Batch {
            groups: std::array::from_fn(|_| group.clone()),
            lanes: vec![lane; G * V::LANES],
            initial: initial.to_vec(),
            values: vec![0.0; initial.len()],
            steps: 0,
            due: 0,
        }
    }

    /// Samples a block, which fits the task, whose grid is not empty.
    #[inline(always)]
    pub fn sample(
        &mut self,
        task: &BlockTask<'_>,
        block: &mut Block,
        progress: &dyn Progress,
    ) -> Result<(), Interrupted> {
        (self.steps, self.due) = (0, u64::MAX);
        let mut work = Work { task, block, begun: 0, active: 0 };
        self.groups.iter_mut().for_each(|group| group.idle = 0);
        for lane in 0..self.lanes.len() {
            work.active += 1;
            self.refill(lane, &mut work);
        }
        while work.active > 0 {
            let late = self.run(self.due - self.steps);
            for (g, late) in late.into_iter().enumerate() {
                let mut late = late;
                while late != 0 {
                    let l = late.trailing_zeros() as usize;
                    late &= late - 1;
                    self.settle(g * V::LANES + l, &mut work)?;
                }
            }
            if self.steps >= self.due {
                self.look(&work, progress)?;
            }
        }
        Ok(())
    }

    fn is_idle(&self, index: usize) -> bool {
        self.groups[index / V::LANES].idle >> (index % V::LANES) & 1 == 1
    }

    /// Events of a lane; the first step of each only loads its state.
    fn events(&self, lane: &Lane) -> u64 {
        (self.steps - lane.born).saturating_sub(1)
    }

    /// Takes so many steps, or fewer until an event comes after the next time of the grid in some lane: those lanes.
    #[inline(always)]
    fn run(&mut self, steps: u64) -> [u32; G] {
        let all = (1 << V::LANES) - 1;
        for step in 1..=steps {
            let mut late = [0; G];
            for (group, late) in self.groups.iter_mut().zip(&mut late) {
                group.kernel.fire();
                group.last = group.next;
                let waiting = exponential(V::open_unit(V::next_bits(&mut group.random)));
                let uniform = V::open_unit(V::next_bits(&mut group.random));
                group.total = group.kernel.draw(uniform);
                group.next = group.last.add(K::waiting(waiting, group.total));
                // Not so for NaN: that lane is late too.
                let due = V::mask_bits(group.next.at_most(group.horizon));
                *late = (due | group.idle) ^ all;
            }
            if late.iter().fold(0, |any, late| any | late) != 0 {
                self.steps += step;
                return late;
            }
        }
        self.steps += steps;
        [0; G]
    }

    /// Records a lane whose next event comes after the next time of the grid.
    #[inline(always)]
    fn settle(&mut self, index: usize, work: &mut Work<'_>) -> Result<(), Interrupted> {
        let (g, l) = (index / V::LANES, index % V::LANES);
        let next = self.groups[g].next.get(l);
        if next.is_nan() {
            return Err(Interrupted::Trouble);
        }
        let species = self.initial.len();
        let Lane { trajectory, mut at, .. } = self.lanes[index];
        let times = work.task.times;
        while at < times.len() && times[at] < next {
            let row = &mut work.block.values[(trajectory * times.len() + at) * species..][..species];
            self.groups[g].kernel.copy_values(l, row);
            at += 1;
        }
        if at < times.len() {
            self.lanes[index].at = at;
            self.groups[g].horizon.set(l, times[at]);
            return Ok(());
        }
        work.block.events[trajectory] = self.events(&self.lanes[index]);
        if next == f64::INFINITY {
            work.block.absorbed[trajectory] = self.groups[g].last.get(l);
        }
        self.refill(index, work);
        Ok(())
    }

    /// Gives a lane the next trajectory, if there is one.
    fn refill(&mut self, index: usize, work: &mut Work<'_>) {
        let (group, l) = (&mut self.groups[index / V::LANES], index % V::LANES);
        if work.begun == work.task.trajectories {
            group.idle |= 1 << l;
            work.active -= 1;
            return;
        }
        let lane = &mut self.lanes[index];
        (lane.trajectory, lane.at, lane.born) = (work.begun, 0, self.steps);
        lane.watch.start(work.task.start);
        self.due = self.due.min(self.steps + 1 + lane.watch.budget(0));
        let rng = SimRng::new(work.task.seed, work.task.first + work.begun as u64, Purpose::Events);
        for (bits, word) in group.random.iter_mut().zip(rng.state()) {
            V::set_bits(bits, l, word);
        }
        group.kernel.load(l, &self.initial);
        group.next.set(l, work.task.start);
        group.horizon.set(l, work.task.times[0]);
        work.begun += 1;
    }

    /// Looks at lanes of which a look is due.
    #[cold]
    #[inline(never)]
    fn look(&mut self, work: &Work<'_>, progress: &dyn Progress) -> Result<(), Interrupted> {
        self.due = u64::MAX;
        for index in (0..self.lanes.len()).filter(|&i| !self.is_idle(i)).collect::<Vec<_>>() {
            let events = self.events(&self.lanes[index]);
            if self.lanes[index].watch.is_due(events) {
                self.look_at(index, events, work, progress)?;
            }
            self.due = self.due.min(self.steps + self.lanes[index].watch.budget(events).max(1));
        }
        Ok(())
    }

    fn look_at(
        &mut self,
        index: usize,
        events: u64,
        work: &Work<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Interrupted> {
        let (group, l) = (&self.groups[index / V::LANES], index % V::LANES);
        group.kernel.copy_values(l, &mut self.values);
        let values = &self.values;
        let time = group.last.get(l);
        let overflow = || {
            let species = values.iter().position(|&x| x > MAX_COUNT)?;
            Some(Stop::CountOverflow { time, species: SpeciesId::from(species) })
        };
        let lane = &mut self.lanes[index];
        match lane.watch.judge(group.total.get(l), overflow, time, events, group.horizon.get(l), progress) {
            None => Ok(()),
            Some(Stop::Cancelled) => {
                let trajectory = work.task.first + lane.trajectory as u64;
                Err(Interrupted::Cancelled(Halt { trajectory, stop: Stop::Cancelled }))
            }
            Some(_) => Err(Interrupted::Trouble),
        }
    }
}
