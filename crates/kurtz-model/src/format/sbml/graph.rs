//! Mathematics as it is read: a store of parts in which equal parts are kept once.
//!
//! Names are still those of SBML; what a species stands for is decided later. Parts have larger numbers than the parts
//! they are made of, so that nothing here recurses, and expanding a function costs as many steps as its stored body has
//! parts, however large the tree it stands for.

use crate::expression::{BinaryOperator, Function, UnaryOperator};
use std::collections::HashMap;

/// Number of a part.
pub(super) type Id = u32;

/// More parts than this are not stored.
pub(super) const MOST_PARTS: usize = 1_000_000;
/// Expanding functions may look at this many parts in all.
const MOST_STEPS: usize = 20_000_000;

/// A part of the mathematics.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Bits of a number.
    Number(u64),
    Time,
    /// Something with an id in the file, by its place in the list of all.
    Thing(u32),
    /// An argument of the function being defined.
    Argument(u32),
    /// The derivative by time of a name.
    RateOf(Id),
    Unary(UnaryOperator, Id),
    Binary(BinaryOperator, Id, Id),
    Call(Function, Box<[Id]>),
    /// Value, condition, ..., otherwise.
    Piecewise(Box<[Id]>),
}

impl Part {
    /// Calls `see` with each part it is made of, in reading order.
    pub fn for_each_operand(&self, mut see: impl FnMut(Id)) {
        match self {
            Part::Number(_) | Part::Time | Part::Thing(_) | Part::Argument(_) => {}
            Part::RateOf(a) | Part::Unary(_, a) => see(*a),
            Part::Binary(_, a, b) => {
                see(*a);
                see(*b);
            }
            Part::Call(_, operands) | Part::Piecewise(operands) => operands.iter().for_each(|&id| see(id)),
        }
    }
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Graph {
    parts: Vec<Part>,
    /// Whether a part contains an argument of a function.
    open: Vec<bool>,
    ids: HashMap<Part, Id>,
    /// While a function is expanded, what replaces the parts of its body; otherwise empty.
    replaced: Vec<Option<Id>>,
    steps: usize,
    full: bool,
}

impl Graph {
    /// The part of this number.
    pub fn part(&self, id: Id) -> &Part {
        &self.parts[id as usize]
    }

    /// Whether a part was not stored, or a function not expanded, because there are too many: what has been read since
    /// means nothing.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The number of a part; once the store is full, that of some part.
    pub fn store(&mut self, part: Part) -> Id {
        if let Some(&id) = self.ids.get(&part) {
            return id;
        }
        if self.parts.len() >= MOST_PARTS {
            self.full = true;
            return 0;
        }
        let id = self.parts.len() as Id;
        let mut open = matches!(part, Part::Argument(_));
        part.for_each_operand(|operand| open |= self.open[operand as usize]);
        self.open.push(open);
        self.parts.push(part.clone());
        self.ids.insert(part, id);
        id
    }

    pub fn number(&mut self, x: f64) -> Id {
        self.store(Part::Number(x.to_bits()))
    }

    pub fn binary(&mut self, operator: BinaryOperator, a: Id, b: Id) -> Id {
        self.store(Part::Binary(operator, a, b))
    }

    pub fn unary(&mut self, operator: UnaryOperator, a: Id) -> Id {
        self.store(Part::Unary(operator, a))
    }

    pub fn call(&mut self, function: Function, a: Id) -> Id {
        self.store(Part::Call(function, Box::new([a])))
    }

    /// A body with its arguments replaced.
    pub fn expand(&mut self, body: Id, arguments: &[Id]) -> Id {
        if !self.open[body as usize] {
            return body;
        }
        // Which parts of the body contain arguments, by a walk; then these in ascending order, operands first.
        let mut replaced = std::mem::take(&mut self.replaced);
        replaced.resize(self.parts.len(), None);
        replaced[body as usize] = Some(body);
        let mut order = vec![body];
        let mut next = 0;
        while next < order.len() {
            let open = &self.open;
            self.parts[order[next] as usize].for_each_operand(|operand| {
                let place = &mut replaced[operand as usize];
                if open[operand as usize] && place.is_none() {
                    *place = Some(operand);
                    order.push(operand);
                }
            });
            next += 1;
        }
        self.steps += order.len();
        self.full |= self.steps > MOST_STEPS;
        order.sort_unstable();
        for &id in &order {
            let new = |id: Id| replaced[id as usize].unwrap_or(id);
            let part = match &self.parts[id as usize] {
                Part::Argument(i) => {
                    replaced[id as usize] = arguments.get(*i as usize).copied().or(Some(0));
                    continue;
                }
                Part::RateOf(a) => Part::RateOf(new(*a)),
                Part::Unary(operator, a) => Part::Unary(*operator, new(*a)),
                Part::Binary(operator, a, b) => Part::Binary(*operator, new(*a), new(*b)),
                Part::Call(function, operands) => Part::Call(*function, operands.iter().map(|&a| new(a)).collect()),
                Part::Piecewise(operands) => Part::Piecewise(operands.iter().map(|&a| new(a)).collect()),
                closed => closed.clone(),
            };
            if self.full {
                break;
            }
            replaced[id as usize] = Some(self.store(part));
        }
        let expanded = replaced[body as usize].unwrap_or(body);
        for id in order {
            replaced[id as usize] = None;
        }
        self.replaced = replaced;
        expanded
    }
}
