//! What a program can do in one step.

use super::super::{BinaryOperator, Function, larger, power, smaller};

/// An operation on registers, carried out on a run of rows. A row names the register written, then the operands; a
/// `Constant` operand is a place in the table of constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Operation {
    Constant,
    Add,
    AddConstant,
    Subtract,
    /// constant - register
    SubtractFrom,
    Multiply,
    Square,
    MultiplyConstant,
    Divide,
    DivideConstant,
    /// constant / register
    DivideInto,
    Negate,
    Not,
    Sqrt,
    Abs,
    Smaller,
    Larger,
    Less,
    LessEqual,
    /// Of a condition, the value if it is not 0 and the value if it is 0.
    Select,
    Power,
    Equal,
    NotEqual,
    And,
    Or,
    /// A function of one argument that is not vectorised.
    Call(Function),
}

/// Registers (or places of constants): the one written, then the operands; what is not used is 0.
pub(super) type Row = [u32; 4];

impl Operation {
    /// Carries out this operation for each row in turn, in every lane.
    ///
    /// The loops over rows are inside the choice of the operation, so that the choice costs little where a network has
    /// many laws of the same form.
    #[inline(always)]
    pub(super) fn execute<const L: usize>(self, rows: &[Row], constants: &[f64], registers: &mut [[f64; L]]) {
        use BinaryOperator as B;
        use Operation as O;
        match self {
            O::Constant => rows.iter().for_each(|&[t, c, ..]| registers[t as usize] = [constants[c as usize]; L]),
            O::Add => zip(rows, registers, |a, b| a + b),
            O::AddConstant => map(rows, constants, registers, |a, c| a + c),
            O::Subtract => zip(rows, registers, |a, b| a - b),
            O::SubtractFrom => map(rows, constants, registers, |a, c| c - a),
            O::Multiply => zip(rows, registers, |a, b| a * b),
            O::Square => apply(rows, registers, |a| a * a),
            O::MultiplyConstant => map(rows, constants, registers, |a, c| a * c),
            O::Divide => zip(rows, registers, |a, b| a / b),
            O::DivideConstant => map(rows, constants, registers, |a, c| a / c),
            O::DivideInto => map(rows, constants, registers, |a, c| c / a),
            O::Negate => apply(rows, registers, |a| -a),
            O::Not => apply(rows, registers, |a| truth(a == 0.0)),
            O::Sqrt => apply(rows, registers, f64::sqrt),
            O::Abs => apply(rows, registers, f64::abs),
            O::Smaller => zip(rows, registers, smaller),
            O::Larger => zip(rows, registers, larger),
            O::Less => zip(rows, registers, |a, b| truth(a < b)),
            O::LessEqual => zip(rows, registers, |a, b| truth(a <= b)),
            O::Select => {
                for &[t, condition, a, b] in rows {
                    let (c, a, b) = (registers[condition as usize], registers[a as usize], registers[b as usize]);
                    let target = &mut registers[t as usize];
                    for l in 0..L {
                        target[l] = if c[l] != 0.0 { a[l] } else { b[l] };
                    }
                }
            }
            O::Power => zip(rows, registers, power),
            O::Equal => zip(rows, registers, |a, b| B::Equal.apply(a, b)),
            O::NotEqual => zip(rows, registers, |a, b| B::NotEqual.apply(a, b)),
            O::And => zip(rows, registers, |a, b| B::And.apply(a, b)),
            O::Or => zip(rows, registers, |a, b| B::Or.apply(a, b)),
            O::Call(function) => call(function, rows, registers),
        }
    }
}

#[inline(always)]
fn zip<const L: usize>(rows: &[Row], registers: &mut [[f64; L]], f: impl Fn(f64, f64) -> f64) {
    for &[t, a, b, _] in rows {
        let (a, b) = (registers[a as usize], registers[b as usize]);
        let target = &mut registers[t as usize];
        for l in 0..L {
            target[l] = f(a[l], b[l]);
        }
    }
}

#[inline(always)]
fn map<const L: usize>(rows: &[Row], constants: &[f64], registers: &mut [[f64; L]], f: impl Fn(f64, f64) -> f64) {
    for &[t, a, c, _] in rows {
        let (a, c) = (registers[a as usize], constants[c as usize]);
        let target = &mut registers[t as usize];
        for l in 0..L {
            target[l] = f(a[l], c);
        }
    }
}

#[inline(always)]
fn apply<const L: usize>(rows: &[Row], registers: &mut [[f64; L]], f: impl Fn(f64) -> f64) {
    for &[t, a, ..] in rows {
        let a = registers[a as usize];
        let target = &mut registers[t as usize];
        for l in 0..L {
            target[l] = f(a[l]);
        }
    }
}

/// Out of line, as it is slow anyway and the other loops should stay together.
#[inline(never)]
fn call<const L: usize>(function: Function, rows: &[Row], registers: &mut [[f64; L]]) {
    apply(rows, registers, |a| function.apply(&[a]));
}

#[inline(always)]
fn truth(claim: bool) -> f64 {
    if claim { 1.0 } else { 0.0 }
}
