//! Recorded formulas compiled to a straight line of operations on packs of points.
//!
//! Each operation acts on a block of points at once, so that deciding which it is costs little; values live in a small
//! number of slots, each freed after its last use, so that they stay in the first-level cache. Nothing is allocated after
//! a thread's first call.

use super::graph::{Graph, Node, Operation};
use std::cell::RefCell;
use std::collections::HashMap;

/// Points whose values are computed together, at the least: a vector register of the widest kind.
const LANES: usize = 8;
/// Packs of [`LANES`] points in a block of many points.
const WIDE: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Pack([f64; LANES]);

#[derive(Clone, Copy, Debug)]
enum Step {
    Input { row: u32, to: u32 },
    Number { value: f64, to: u32 },
    Add { a: u32, b: u32, to: u32 },
    Subtract { a: u32, b: u32, to: u32 },
    Multiply { a: u32, b: u32, to: u32 },
    Divide { a: u32, b: u32, to: u32 },
    SquareRoot { a: u32, to: u32 },
    Output { row: u32, from: u32 },
}

/// A compiled list of formulas.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    slots: usize,
    steps: Vec<Step>,
    /// Operations, without loads, numbers and stores.
    operations: usize,
}

impl Program {
    /// Compiles the formulas `outputs` of a graph.
    pub(crate) fn new(graph: &Graph, outputs: &[Node<'_>]) -> Self {
        let places: Vec<u32> = outputs.iter().map(|&o| graph.place(o)).collect();
        let operations = graph.operations();
        let order = schedule(&operations, &places);
        let mut last_use: HashMap<u32, usize> = HashMap::new();
        for (time, &(id, _)) in order.iter().enumerate() {
            last_use.insert(id, time);
            operations[id as usize].operands().for_each(|a| {
                last_use.insert(a, time);
            });
        }
        let (mut free, mut slots, mut slot_of) = (Vec::new(), 0_u32, HashMap::new());
        let mut steps = Vec::with_capacity(order.len());
        let mut arithmetic = 0;
        for (time, &(id, output)) in order.iter().enumerate() {
            if let Some(row) = output {
                steps.push(Step::Output { row, from: slot_of[&id] });
                if last_use[&id] == time {
                    free.push(slot_of[&id]);
                }
                continue;
            }
            let operation = operations[id as usize];
            let slot = |a: u32| slot_of[&a];
            let operands: Vec<u32> = operation.operands().collect();
            let sources: Vec<u32> = operands.iter().map(|&a| slot(a)).collect();
            let mut ended: Vec<u32> = operands.iter().filter(|a| last_use[a] == time).map(|&a| slot(a)).collect();
            ended.sort_unstable();
            ended.dedup();
            free.extend(ended);
            let to = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            let (a, b) = (sources.first().copied().unwrap_or(0), sources.last().copied().unwrap_or(0));
            steps.push(match operation {
                Operation::Input(row) => Step::Input { row, to },
                Operation::Number(bits) => Step::Number { value: f64::from_bits(bits), to },
                Operation::Add(..) => Step::Add { a, b, to },
                Operation::Subtract(..) => Step::Subtract { a, b, to },
                Operation::Multiply(..) => Step::Multiply { a, b, to },
                Operation::Divide(..) => Step::Divide { a, b, to },
                Operation::SquareRoot(_) => Step::SquareRoot { a, to },
            });
            arithmetic += usize::from(!operands.is_empty());
            slot_of.insert(id, to);
        }
        Program { slots: slots as usize, steps, operations: arithmetic }
    }

    /// Number of arithmetical operations a point.
    pub(crate) fn operations(&self) -> usize {
        self.operations
    }

    /// Evaluates at `count` points. Input `i` of point `p` is `read(i)[p]`; `write(o, p, values)` gets output `o` of the points from
    /// `p` on, a few at a time.
    pub(crate) fn evaluate<'a>(
        &self,
        count: usize,
        read: impl Fn(usize) -> &'a [f64],
        mut write: impl FnMut(usize, usize, &[f64]),
    ) {
        SCRATCH.with_borrow_mut(|scratch| {
            if scratch.len() < self.slots * WIDE {
                scratch.resize(self.slots * WIDE, Pack::default());
            }
            let mut start = 0;
            while start < count {
                let points = count - start;
                if points > LANES {
                    let points = points.min(LANES * WIDE);
                    self.block::<WIDE>(start, points, scratch, &read, &mut write);
                    start += points;
                } else {
                    self.block::<1>(start, points, scratch, &read, &mut write);
                    start += points;
                }
            }
        });
    }

    /// Evaluates `points` <= W * LANES points from `start`.
    #[inline(always)]
    fn block<'a, const W: usize>(
        &self,
        start: usize,
        points: usize,
        slots: &mut [Pack],
        read: &impl Fn(usize) -> &'a [f64],
        write: &mut impl FnMut(usize, usize, &[f64]),
    ) {
        #[inline(always)]
        fn at<const W: usize>(slots: &[Pack], slot: u32) -> &[Pack; W] {
            slots[slot as usize * W..].first_chunk().expect("slots are of this size")
        }
        #[inline(always)]
        fn binary<const W: usize>(slots: &mut [Pack], a: u32, b: u32, to: u32, f: impl Fn(f64, f64) -> f64) {
            let (x, y) = (*at::<W>(slots, a), *at::<W>(slots, b));
            let z: &mut [Pack; W] = slots[to as usize * W..].first_chunk_mut().expect("slots are of this size");
            for w in 0..W {
                for l in 0..LANES {
                    z[w].0[l] = f(x[w].0[l], y[w].0[l]);
                }
            }
        }
        for step in &self.steps {
            match *step {
                Step::Input { row, to } => {
                    let values = &read(row as usize)[start..start + points];
                    for w in 0..W {
                        let pack = &mut slots[to as usize * W + w].0;
                        for l in 0..LANES {
                            // Places beyond the last point repeat it: nothing there can overflow that did not before.
                            pack[l] = values[(w * LANES + l).min(points - 1)];
                        }
                    }
                }
                Step::Number { value, to } => slots[to as usize * W..][..W].fill(Pack([value; LANES])),
                Step::Add { a, b, to } => binary::<W>(slots, a, b, to, |x, y| x + y),
                Step::Subtract { a, b, to } => binary::<W>(slots, a, b, to, |x, y| x - y),
                Step::Multiply { a, b, to } => binary::<W>(slots, a, b, to, |x, y| x * y),
                Step::Divide { a, b, to } => binary::<W>(slots, a, b, to, |x, y| x / y),
                Step::SquareRoot { a, to } => binary::<W>(slots, a, a, to, |x, _| x.sqrt()),
                Step::Output { row, from } => {
                    for (w, pack) in at::<W>(slots, from).iter().enumerate() {
                        let first = w * LANES;
                        if first < points {
                            write(row as usize, start + first, &pack.0[..LANES.min(points - first)]);
                        }
                    }
                }
            }
        }
    }
}

/// The nodes that outputs need, each after its operands and soon before its use, and when each output is due.
fn schedule(operations: &[Operation], outputs: &[u32]) -> Vec<(u32, Option<u32>)> {
    let mut order = Vec::new();
    let mut done = vec![false; operations.len()];
    for (row, &output) in outputs.iter().enumerate() {
        let mut stack = vec![(output, false)];
        while let Some((id, ready)) = stack.pop() {
            if done[id as usize] {
                continue;
            }
            if ready {
                done[id as usize] = true;
                order.push((id, None));
            } else {
                stack.push((id, true));
                stack.extend(operations[id as usize].operands().map(|a| (a, false)));
            }
        }
        order.push((output, Some(u32::try_from(row).expect("few outputs"))));
    }
    order
}

thread_local! {
    static SCRATCH: RefCell<Vec<Pack>> = const { RefCell::new(Vec::new()) };
}
