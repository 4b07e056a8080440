//! From expressions to instructions: equal parts merged, constants folded, registers shared.

use super::super::{BinaryOperator as B, Expression, Function, Symbol, UnaryOperator, graph};
use super::operation::{Operation, Row};
use super::{Program, Run, UnboundSymbol};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Number of a value.
type Id = u32;

/// A value, computed once. Operands have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Value {
    /// Bits of a number.
    Constant(u64),
    Input(u32),
    Unary(UnaryOperator, Id),
    Binary(B, Id, Id),
    Smaller(Id, Id),
    Larger(Id, Id),
    Call(Function, Id),
    Select(Id, Id, Id),
}

impl Program {
    /// Compiles `outputs`, functions of the symbols `inputs`; all other symbols must have a constant value.
    ///
    /// # Errors
    /// A symbol is neither an input nor a constant.
    pub fn compile(
        outputs: &[Expression],
        inputs: &[Symbol],
        constant: impl Fn(Symbol) -> Option<f64>,
    ) -> Result<Program, UnboundSymbol> {
        let places: HashMap<Symbol, u32> = (0..).zip(inputs).map(|(i, &s)| (s, i)).collect();
        Self::compile_at(outputs, inputs.len(), |symbol| places.get(&symbol).copied(), constant)
    }

    /// As [`Self::compile`], where `place` says which of so many inputs a symbol is: many small programs over the same
    /// inputs then need no list of them each.
    ///
    /// # Errors
    /// A symbol is neither an input nor a constant.
    pub fn compile_at(
        outputs: &[Expression],
        inputs: usize,
        place: impl Fn(Symbol) -> Option<u32>,
        constant: impl Fn(Symbol) -> Option<f64>,
    ) -> Result<Program, UnboundSymbol> {
        let mut values = Values::default();
        let mut unbound = None;
        let mut results = Vec::new();
        // One walk over all outputs, as if they were arguments, meets what they share only once.
        let together = Expression::call(Function::Min, outputs.iter().cloned());
        let root = std::ptr::from_ref(&together);
        graph::fold(&together, |node, operands: &mut [Id]| {
            if std::ptr::eq(root, node) {
                results = operands.to_vec();
                return 0;
            }
            match node {
                Expression::Number(x) => values.constant(*x),
                Expression::Symbol(s) => match (place(*s), constant(*s)) {
                    (Some(i), _) => values.value(Value::Input(i)),
                    (None, Some(x)) => values.constant(x),
                    (None, None) => {
                        unbound.get_or_insert(UnboundSymbol { symbol: *s });
                        0
                    }
                },
                Expression::Unary(operator, _) => values.unary(*operator, operands[0]),
                Expression::Binary(operator, ..) => values.binary(*operator, operands[0], operands[1]),
                Expression::Call(function, _) => values.call(*function, operands),
                Expression::Piecewise(..) => {
                    let (pieces, otherwise) = operands.as_chunks::<2>();
                    let select = |otherwise, &[value, condition]: &[Id; 2]| values.select(condition, value, otherwise);
                    pieces.iter().rev().fold(otherwise[0], select)
                }
            }
        });
        match unbound {
            Some(unbound) => Err(unbound),
            None => Ok(values.emit(inputs, &results)),
        }
    }
}

#[derive(Default)]
struct Values {
    values: Vec<Value>,
    ids: HashMap<Value, Id>,
}

impl Values {
    fn value(&mut self, value: Value) -> Id {
        let next = self.values.len() as Id;
        *self.ids.entry(value).or_insert_with(|| {
            self.values.push(value);
            next
        })
    }

    fn constant(&mut self, x: f64) -> Id {
        self.value(Value::Constant(x.to_bits()))
    }

    fn known(&self, id: Id) -> Option<f64> {
        match self.values[id as usize] {
            Value::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn unary(&mut self, operator: UnaryOperator, a: Id) -> Id {
        match (operator, self.values[a as usize]) {
            (_, Value::Constant(bits)) => self.constant(operator.apply(f64::from_bits(bits))),
            (UnaryOperator::Negate, Value::Unary(UnaryOperator::Negate, inner)) => inner,
            _ => self.value(Value::Unary(operator, a)),
        }
    }

    fn binary(&mut self, operator: B, a: Id, b: Id) -> Id {
        let (x, y) = (self.known(a), self.known(b));
        if let (Some(x), Some(y)) = (x, y) {
            return self.constant(operator.apply(x, y));
        }
        // Only rewritings that keep every bit.
        let (smaller, larger) = (a.min(b), a.max(b));
        let value = match (operator, x, y) {
            (B::Multiply, Some(1.0), _) => return b,
            (B::Multiply | B::Divide, _, Some(1.0)) => return a,
            (B::Subtract, _, Some(y)) => {
                let negated = self.constant(-y);
                Value::Binary(B::Add, a.min(negated), a.max(negated))
            }
            (B::Divide, _, Some(y)) if is_power_of_two(y) => {
                let inverse = self.constant(1.0 / y);
                Value::Binary(B::Multiply, a.min(inverse), a.max(inverse))
            }
            (B::Power, _, Some(n)) if n.abs() <= f64::from(super::super::MULTIPLIED_POWERS) && n == n.trunc() => {
                return self.whole_power(a, n as i32);
            }
            (B::Greater, ..) => Value::Binary(B::Less, b, a),
            (B::GreaterEqual, ..) => Value::Binary(B::LessEqual, b, a),
            (B::Add | B::Multiply | B::Equal | B::NotEqual | B::And | B::Or, ..) => {
                Value::Binary(operator, smaller, larger)
            }
            _ => Value::Binary(operator, a, b),
        };
        self.value(value)
    }

    /// x^n by the multiplications of [`power`](super::super::power).
    fn whole_power(&mut self, x: Id, n: i32) -> Id {
        let mut times = |a, b| self.binary(B::Multiply, a, b);
        let positive = match n.abs() {
            0 => None,
            1 => Some(x),
            2 => Some(times(x, x)),
            3 => {
                let square = times(x, x);
                Some(times(square, x))
            }
            n => {
                let square = times(x, x);
                let fourth = times(square, square);
                Some(match n {
                    4 => fourth,
                    5 => times(fourth, x),
                    6 => times(fourth, square),
                    7 => {
                        let sixth = times(fourth, square);
                        times(sixth, x)
                    }
                    _ => times(fourth, fourth),
                })
            }
        };
        let one = self.constant(1.0);
        match positive {
            None => one,
            Some(power) if n < 0 => self.binary(B::Divide, one, power),
            Some(power) => power,
        }
    }

    fn call(&mut self, function: Function, arguments: &[Id]) -> Id {
        let known: Option<Vec<f64>> = arguments.iter().map(|&a| self.known(a)).collect();
        if let Some(known) = known {
            return self.constant(function.apply(&known));
        }
        let pair: fn(Id, Id) -> Value = match function {
            Function::Min => Value::Smaller,
            Function::Max => Value::Larger,
            _ => return self.value(Value::Call(function, arguments[0])),
        };
        arguments[1..].iter().fold(arguments[0], |a, &b| self.value(pair(a, b)))
    }

    fn select(&mut self, condition: Id, value: Id, otherwise: Id) -> Id {
        match self.known(condition) {
            Some(0.0) => otherwise,
            Some(_) => value,
            None if value == otherwise => value,
            None => self.value(Value::Select(condition, value, otherwise)),
        }
    }

    /// The operation that computes a value, its operands in registers, and its constant if it has one.
    fn step(&self, value: Value) -> Option<Step> {
        use Operation as O;
        let step =
            |operation, operands: &[Id], constant| Some(Step { operation, operands: operands.to_vec(), constant });
        match value {
            Value::Input(_) => None,
            Value::Constant(bits) => step(O::Constant, &[], Some(f64::from_bits(bits))),
            Value::Unary(UnaryOperator::Negate, a) => step(O::Negate, &[a], None),
            Value::Unary(UnaryOperator::Not, a) => step(O::Not, &[a], None),
            Value::Binary(operator, a, b) => match (operator, self.known(a), self.known(b)) {
                (B::Add, Some(_), _) => step(O::AddConstant, &[b], self.known(a)),
                (B::Add, _, Some(_)) => step(O::AddConstant, &[a], self.known(b)),
                (B::Subtract, Some(_), _) => step(O::SubtractFrom, &[b], self.known(a)),
                (B::Multiply, Some(_), _) => step(O::MultiplyConstant, &[b], self.known(a)),
                (B::Multiply, _, Some(_)) => step(O::MultiplyConstant, &[a], self.known(b)),
                (B::Divide, Some(_), _) => step(O::DivideInto, &[b], self.known(a)),
                (B::Divide, _, Some(_)) => step(O::DivideConstant, &[a], self.known(b)),
                (B::Add, ..) => step(O::Add, &[a, b], None),
                (B::Subtract, ..) => step(O::Subtract, &[a, b], None),
                (B::Multiply, ..) if a == b => step(O::Square, &[a], None),
                (B::Multiply, ..) => step(O::Multiply, &[a, b], None),
                (B::Divide, ..) => step(O::Divide, &[a, b], None),
                (B::Power, ..) => step(O::Power, &[a, b], None),
                (B::Less, ..) => step(O::Less, &[a, b], None),
                (B::LessEqual, ..) => step(O::LessEqual, &[a, b], None),
                (B::Greater, ..) => step(O::Less, &[b, a], None),
                (B::GreaterEqual, ..) => step(O::LessEqual, &[b, a], None),
                (B::Equal, ..) => step(O::Equal, &[a, b], None),
                (B::NotEqual, ..) => step(O::NotEqual, &[a, b], None),
                (B::And, ..) => step(O::And, &[a, b], None),
                (B::Or, ..) => step(O::Or, &[a, b], None),
            },
            Value::Smaller(a, b) => step(O::Smaller, &[a, b], None),
            Value::Larger(a, b) => step(O::Larger, &[a, b], None),
            Value::Call(Function::Sqrt, a) => step(O::Sqrt, &[a], None),
            Value::Call(Function::Abs, a) => step(O::Abs, &[a], None),
            Value::Call(function, a) => step(O::Call(function), &[a], None),
            Value::Select(condition, a, b) => step(O::Select, &[condition, a, b], None),
        }
    }

    /// The program for the values that `outputs` need.
    fn emit(&self, inputs: usize, outputs: &[Id]) -> Program {
        let mut steps: Vec<Option<Step>> = vec![None; self.values.len()];
        let mut needed = vec![false; self.values.len()];
        outputs.iter().for_each(|&id| needed[id as usize] = true);
        for id in (0..self.values.len()).rev() {
            if needed[id] {
                steps[id] = self.step(self.values[id]);
                steps[id].iter().flat_map(|step| &step.operands).for_each(|&a| needed[a as usize] = true);
            }
        }
        let mut registers = Registers::new(self.values.len());
        let mut gathered = Vec::new();
        for id in (0..self.values.len()).filter(|&id| needed[id]) {
            if let Value::Input(i) = self.values[id] {
                registers.assign(id as Id);
                gathered.push(i);
            }
        }
        let order = schedule(&steps);
        outputs.iter().for_each(|&id| registers.uses[id as usize] += 1);
        for step in steps.iter().flatten() {
            step.operands.iter().for_each(|&a| registers.uses[a as usize] += 1);
        }

        let mut runs: Vec<Run> = Vec::new();
        let mut rows = Vec::with_capacity(order.len());
        let mut constants: Vec<f64> = Vec::new();
        let mut places: HashMap<u64, u32> = HashMap::new();
        for id in order {
            let Some(step) = &steps[id as usize] else {
                continue;
            };
            let mut row: Row = [0; 4];
            for (place, &a) in row[1..].iter_mut().zip(&step.operands) {
                *place = registers.of(a);
            }
            if let Some(x) = step.constant {
                row[1 + step.operands.len()] = *places.entry(x.to_bits()).or_insert_with(|| {
                    constants.push(x);
                    (constants.len() - 1) as u32
                });
            }
            step.operands.iter().for_each(|&a| registers.release(a));
            row[0] = registers.assign(id);
            rows.push(row);
            match runs.last_mut() {
                Some(run) if run.operation == step.operation => run.count += 1,
                _ => runs.push(Run { operation: step.operation, count: 1 }),
            }
        }
        Program {
            inputs,
            gathered,
            runs,
            rows,
            constants,
            registers: registers.count as usize,
            outputs: outputs.iter().map(|&id| registers.of(id)).collect(),
        }
    }
}

/// How a value is computed.
#[derive(Clone, Debug)]
struct Step {
    operation: Operation,
    /// At most three, fewer than three if there is a constant.
    operands: Vec<Id>,
    constant: Option<f64>,
}

/// Orders the steps so that each comes after its operands and equal operations follow each other where they can.
///
/// The next run is always of the operation of which most steps are ready.
fn schedule(steps: &[Option<Step>]) -> Vec<Id> {
    let mut waiting_for: Vec<u32> = vec![0; steps.len()];
    let mut users: Vec<Vec<Id>> = vec![Vec::new(); steps.len()];
    let mut ready: BTreeMap<Operation, VecDeque<Id>> = BTreeMap::new();
    for (id, step) in steps.iter().enumerate() {
        let Some(step) = step else {
            continue;
        };
        for &a in step.operands.iter().filter(|&&a| steps[a as usize].is_some()) {
            waiting_for[id] += 1;
            users[a as usize].push(id as Id);
        }
        if waiting_for[id] == 0 {
            ready.entry(step.operation).or_default().push_back(id as Id);
        }
    }
    let mut order = Vec::new();
    while let Some((&operation, _)) = ready.iter().max_by_key(|(_, ids)| ids.len()).filter(|(_, ids)| !ids.is_empty()) {
        while let Some(id) = ready.get_mut(&operation).and_then(VecDeque::pop_front) {
            order.push(id);
            for &user in &users[id as usize] {
                waiting_for[user as usize] -= 1;
                if waiting_for[user as usize] == 0
                    && let Some(step) = &steps[user as usize]
                {
                    ready.entry(step.operation).or_default().push_back(user);
                }
            }
        }
    }
    order
}

/// Registers, given out and taken back.
struct Registers {
    /// Of each value, its register.
    place: Vec<u32>,
    /// Of each value, how often it will still be read; outputs once too often.
    uses: Vec<u32>,
    free: Vec<u32>,
    count: u32,
}

impl Registers {
    fn new(values: usize) -> Self {
        Registers { place: vec![0; values], uses: vec![0; values], free: Vec::new(), count: 0 }
    }

    fn assign(&mut self, id: Id) -> u32 {
        let register = self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        });
        self.place[id as usize] = register;
        register
    }

    fn of(&self, id: Id) -> u32 {
        self.place[id as usize]
    }

    fn release(&mut self, id: Id) {
        let uses = &mut self.uses[id as usize];
        *uses -= 1;
        if *uses == 0 {
            self.free.push(self.place[id as usize]);
        }
    }
}

/// Whether dividing by this is the same, bit for bit, as multiplying by its inverse.
fn is_power_of_two(x: f64) -> bool {
    const MANTISSA: u64 = (1 << 52) - 1;
    x.to_bits() & MANTISSA == 0 && x.is_normal() && (1.0 / x).is_normal()
}
