//! An indexed priority queue: the earliest of many times, each of which can change.

/// Children of a node; four are next to each other in a line of cache or two.
const FAN: usize = 4;

/// Times by index, in a heap that knows where each of them is (Gibson & Bruck 2000, section 3.2).
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// Time and index, a heap with the smallest first.
    heap: Vec<(f64, u32)>,
    /// Place of each index in the heap.
    place: Vec<u32>,
}

impl Queue {
    /// Takes over these times, none of which is NaN.
    pub fn fill(&mut self, times: impl Iterator<Item = f64>) {
        self.heap.clear();
        self.heap.extend(times.zip(0..));
        self.place.clear();
        self.place.extend(0..self.heap.len() as u32);
        for at in (0..self.heap.len().div_ceil(FAN)).rev() {
            self.sink(at);
        }
    }

    /// The earliest time and its index; infinite if there is none.
    pub fn first(&self) -> (f64, usize) {
        self.heap.first().map_or((f64::INFINITY, 0), |&(time, i)| (time, i as usize))
    }

    /// The time of an index.
    pub fn time(&self, i: usize) -> f64 {
        self.heap[self.place[i] as usize].0
    }

    /// Changes the time of an index.
    pub fn put(&mut self, i: usize, time: f64) {
        let at = self.place[i] as usize;
        let before = std::mem::replace(&mut self.heap[at].0, time);
        if time < before { self.rise(at) } else { self.sink(at) }
    }

    fn rise(&mut self, mut at: usize) {
        let moving = self.heap[at];
        while at > 0 {
            let above = (at - 1) / FAN;
            if self.heap[above].0 <= moving.0 {
                break;
            }
            self.set(at, self.heap[above]);
            at = above;
        }
        self.set(at, moving);
    }

    fn sink(&mut self, mut at: usize) {
        let moving = self.heap[at];
        loop {
            let children = at * FAN + 1..(at * FAN + 1 + FAN).min(self.heap.len());
            let earliest = children.min_by(|&a, &b| self.heap[a].0.total_cmp(&self.heap[b].0));
            match earliest {
                Some(child) if self.heap[child].0 < moving.0 => {
                    self.set(at, self.heap[child]);
                    at = child;
                }
                _ => break,
            }
        }
        self.set(at, moving);
    }

    fn set(&mut self, at: usize, entry: (f64, u32)) {
        self.heap[at] = entry;
        self.place[entry.1 as usize] = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, SimRng};

    #[test]
    fn the_first_is_always_the_earliest() {
        let mut rng = SimRng::new(1, 0, Purpose::Events);
        for n in [1, 2, 5, 64, 200] {
            let mut times: Vec<f64> = (0..n).map(|_| rng.uniform()).collect();
            let mut queue = Queue::default();
            queue.fill(times.iter().copied());
            for _ in 0..2000 {
                let i = (rng.uniform() * n as f64) as usize;
                times[i] = if rng.uniform() < 0.1 { f64::INFINITY } else { rng.uniform() };
                queue.put(i, times[i]);
                let earliest = times.iter().copied().fold(f64::INFINITY, f64::min);
                let (time, first) = queue.first();
                assert_eq!((time, times[first]), (earliest, earliest));
                assert_eq!(queue.time(i), times[i]);
            }
        }
    }
}
