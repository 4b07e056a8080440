//! What a program can do in one step.

use super::super::{BinaryOperator, Function, larger, power, smaller};

/// A step of a program. Operands are registers, the first being the one written; a final constant is a place in the
/// table of constants.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub(super) enum Instruction {
    Constant(u32, u32),
    Add(u32, u32, u32),
    AddConstant(u32, u32, u32),
    Subtract(u32, u32, u32),
    /// constant - register
    SubtractFrom(u32, u32, u32),
    Multiply(u32, u32, u32),
    MultiplyConstant(u32, u32, u32),
    Divide(u32, u32, u32),
    DivideConstant(u32, u32, u32),
    /// constant / register
    DivideInto(u32, u32, u32),
    Negate(u32, u32),
    Not(u32, u32),
    Sqrt(u32, u32),
    Abs(u32, u32),
    Smaller(u32, u32, u32),
    Larger(u32, u32, u32),
    Less(u32, u32, u32),
    LessEqual(u32, u32, u32),
    /// target, condition, value if it is not 0, value if it is 0
    Select(u32, u32, u32, u32),
    /// Operators that are seldom needed.
    Binary(BinaryOperator, u32, u32, u32),
    /// Functions of one argument that are not vectorised.
    Call(Function, u32, u32),
}

impl Instruction {
    /// Carries out this step in every lane.
    #[inline(always)]
    pub(super) fn execute<const L: usize>(self, constants: &[f64], registers: &mut [[f64; L]]) {
        use Instruction as I;
        let get = |r: u32| registers[r as usize];
        let constant = |c: u32| constants[c as usize];
        let (target, value) = match self {
            I::Constant(t, c) => (t, [constant(c); L]),
            I::Add(t, a, b) => (t, zip(get(a), get(b), |a, b| a + b)),
            I::AddConstant(t, a, c) => (t, map(get(a), constant(c), |a, c| a + c)),
            I::Subtract(t, a, b) => (t, zip(get(a), get(b), |a, b| a - b)),
            I::SubtractFrom(t, a, c) => (t, map(get(a), constant(c), |a, c| c - a)),
            I::Multiply(t, a, b) => (t, zip(get(a), get(b), |a, b| a * b)),
            I::MultiplyConstant(t, a, c) => (t, map(get(a), constant(c), |a, c| a * c)),
            I::Divide(t, a, b) => (t, zip(get(a), get(b), |a, b| a / b)),
            I::DivideConstant(t, a, c) => (t, map(get(a), constant(c), |a, c| a / c)),
            I::DivideInto(t, a, c) => (t, map(get(a), constant(c), |a, c| c / a)),
            I::Negate(t, a) => (t, get(a).map(|a| -a)),
            I::Not(t, a) => (t, get(a).map(|a| truth(a == 0.0))),
            I::Sqrt(t, a) => (t, get(a).map(f64::sqrt)),
            I::Abs(t, a) => (t, get(a).map(f64::abs)),
            I::Smaller(t, a, b) => (t, zip(get(a), get(b), smaller)),
            I::Larger(t, a, b) => (t, zip(get(a), get(b), larger)),
            I::Less(t, a, b) => (t, zip(get(a), get(b), |a, b| truth(a < b))),
            I::LessEqual(t, a, b) => (t, zip(get(a), get(b), |a, b| truth(a <= b))),
            I::Select(t, condition, a, b) => {
                let (condition, a, b) = (get(condition), get(a), get(b));
                let mut value = [0.0; L];
                for l in 0..L {
                    value[l] = if condition[l] != 0.0 { a[l] } else { b[l] };
                }
                (t, value)
            }
            I::Binary(BinaryOperator::Power, t, a, b) => (t, zip(get(a), get(b), power)),
            I::Binary(operator, t, a, b) => (t, zip(get(a), get(b), |a, b| operator.apply(a, b))),
            I::Call(function, t, a) => (t, get(a).map(|a| function.apply(&[a]))),
        };
        registers[target as usize] = value;
    }
}

#[inline(always)]
fn zip<const L: usize>(a: [f64; L], b: [f64; L], f: impl Fn(f64, f64) -> f64) -> [f64; L] {
    let mut value = [0.0; L];
    for l in 0..L {
        value[l] = f(a[l], b[l]);
    }
    value
}

#[inline(always)]
fn map<const L: usize>(a: [f64; L], c: f64, f: impl Fn(f64, f64) -> f64) -> [f64; L] {
    a.map(|a| f(a, c))
}

fn truth(claim: bool) -> f64 {
    if claim { 1.0 } else { 0.0 }
}
