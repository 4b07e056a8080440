//! From expressions to instructions: equal parts merged, constants folded, registers shared.

use super::super::{BinaryOperator as B, Expression, Function, Symbol, UnaryOperator, graph};
use super::instruction::Instruction as I;
use super::{Program, UnboundSymbol};
use std::collections::HashMap;

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

impl Value {
    fn operands(self) -> impl Iterator<Item = Id> {
        let operands = match self {
            Value::Constant(_) | Value::Input(_) => [None; 3],
            Value::Unary(_, a) | Value::Call(_, a) => [Some(a), None, None],
            Value::Binary(_, a, b) | Value::Smaller(a, b) | Value::Larger(a, b) => [Some(a), Some(b), None],
            Value::Select(a, b, c) => [Some(a), Some(b), Some(c)],
        };
        operands.into_iter().flatten()
    }
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
                Expression::Symbol(s) => match (places.get(s), constant(*s)) {
                    (Some(&i), _) => values.value(Value::Input(i)),
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
            None => Ok(values.emit(inputs.len(), &results)),
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

    /// Instructions for the values that `outputs` need, with registers shared between values that are not needed at
    /// the same time.
    fn emit(&self, inputs: usize, outputs: &[Id]) -> Program {
        // Constants that stand beside the operands of sums, products and quotients need no register.
        let beside = |value: Value| match value {
            Value::Binary(B::Add | B::Subtract | B::Multiply | B::Divide, a, b) => {
                [a, b].into_iter().find(|&id| self.known(id).is_some())
            }
            _ => None,
        };
        let in_registers = |value: Value| value.operands().filter(move |&id| beside(value) != Some(id));

        const NEVER: usize = usize::MAX;
        let mut last_use = vec![NEVER; self.values.len()];
        for &id in outputs {
            last_use[id as usize] = self.values.len();
        }
        for (at, &value) in self.values.iter().enumerate().rev() {
            if last_use[at] != NEVER {
                for id in in_registers(value).filter(|&id| last_use[id as usize] == NEVER).collect::<Vec<_>>() {
                    last_use[id as usize] = at;
                }
            }
        }

        let mut program = Program {
            inputs,
            gathered: Vec::new(),
            instructions: Vec::new(),
            constants: Vec::new(),
            registers: 0,
            outputs: Vec::new(),
        };
        let mut register = vec![0u32; self.values.len()];
        let needed = |id: usize| last_use[id] != NEVER;
        for (id, value) in self.values.iter().enumerate().filter(|&(id, _)| needed(id)) {
            if let Value::Input(i) = *value {
                register[id] = program.gathered.len() as u32;
                program.gathered.push(i);
            }
        }
        program.registers = program.gathered.len();
        let mut free: Vec<u32> = Vec::new();
        let mut constants: HashMap<u64, u32> = HashMap::new();
        for (id, &value) in self.values.iter().enumerate().filter(|&(id, _)| needed(id)) {
            if matches!(value, Value::Input(_)) {
                continue;
            }
            let mut released: Vec<Id> = in_registers(value).filter(|&a| last_use[a as usize] == id).collect();
            released.sort_unstable();
            released.dedup();
            free.extend(released.iter().map(|&a| register[a as usize]));
            let target = free.pop().unwrap_or_else(|| {
                program.registers += 1;
                (program.registers - 1) as u32
            });
            register[id] = target;
            let mut constant = |x: f64| {
                *constants.entry(x.to_bits()).or_insert_with(|| {
                    program.constants.push(x);
                    (program.constants.len() - 1) as u32
                })
            };
            let at = |id: Id| register[id as usize];
            let known = |id: Id| self.known(id);
            program.instructions.push(match value {
                Value::Input(_) => continue,
                Value::Constant(bits) => I::Constant(target, constant(f64::from_bits(bits))),
                Value::Unary(UnaryOperator::Negate, a) => I::Negate(target, at(a)),
                Value::Unary(UnaryOperator::Not, a) => I::Not(target, at(a)),
                Value::Binary(operator, a, b) => match (operator, known(a), known(b)) {
                    (B::Add, Some(x), _) => I::AddConstant(target, at(b), constant(x)),
                    (B::Add, _, Some(y)) => I::AddConstant(target, at(a), constant(y)),
                    (B::Subtract, Some(x), _) => I::SubtractFrom(target, at(b), constant(x)),
                    (B::Multiply, Some(x), _) => I::MultiplyConstant(target, at(b), constant(x)),
                    (B::Multiply, _, Some(y)) => I::MultiplyConstant(target, at(a), constant(y)),
                    (B::Divide, Some(x), _) => I::DivideInto(target, at(b), constant(x)),
                    (B::Divide, _, Some(y)) => I::DivideConstant(target, at(a), constant(y)),
                    (B::Subtract, _, Some(y)) => I::AddConstant(target, at(a), constant(-y)),
                    (B::Add, ..) => I::Add(target, at(a), at(b)),
                    (B::Subtract, ..) => I::Subtract(target, at(a), at(b)),
                    (B::Multiply, ..) => I::Multiply(target, at(a), at(b)),
                    (B::Divide, ..) => I::Divide(target, at(a), at(b)),
                    (B::Less, ..) => I::Less(target, at(a), at(b)),
                    (B::LessEqual, ..) => I::LessEqual(target, at(a), at(b)),
                    _ => I::Binary(operator, target, at(a), at(b)),
                },
                Value::Smaller(a, b) => I::Smaller(target, at(a), at(b)),
                Value::Larger(a, b) => I::Larger(target, at(a), at(b)),
                Value::Call(Function::Sqrt, a) => I::Sqrt(target, at(a)),
                Value::Call(Function::Abs, a) => I::Abs(target, at(a)),
                Value::Call(function, a) => I::Call(function, target, at(a)),
                Value::Select(condition, a, b) => I::Select(target, at(condition), at(a), at(b)),
            });
        }
        program.outputs = outputs.iter().map(|&id| register[id as usize]).collect();
        program
    }
}

/// Whether dividing by this is the same, bit for bit, as multiplying by its inverse.
fn is_power_of_two(x: f64) -> bool {
    const MANTISSA: u64 = (1 << 52) - 1;
    x.to_bits() & MANTISSA == 0 && x.is_normal() && (1.0 / x).is_normal()
}
