//! Expressions compiled to a flat form for speed.

mod compile;
mod operation;

use super::Symbol;
use operation::{Operation, Row};

/// Several expressions over the same inputs, as a straight line of operations on registers.
///
/// Equal parts of all the expressions are computed once, constant parts when compiling. A program gives the bits of
/// [`Expression::evaluate`](super::Expression::evaluate): it rewrites only what cannot change them, never fuses a
/// product into a sum, and computes whole powers up to 8 in the order that [`power`](super::power) documents. (Bits
/// of exp, log and the like are those of the system's mathematics library.) All pieces of a piecewise are computed and
/// one is selected, so that what is not a number in the others does not matter. Operations are ordered so that equal
/// ones follow each other where they can: networks with many laws of one form run through few loops.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Length of the input.
    inputs: usize,
    /// Inputs copied to the first registers.
    gathered: Vec<u32>,
    /// Operations, each for as many of the rows as it says.
    runs: Vec<Run>,
    rows: Vec<Row>,
    constants: Vec<f64>,
    registers: usize,
    /// Register of each output.
    outputs: Vec<u32>,
}

/// An operation and how many rows it is for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    operation: Operation,
    count: u32,
}

/// An expression to be compiled contains a symbol that is neither an input nor a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{symbol:?} is neither an input nor given a value")]
pub struct UnboundSymbol {
    /// The symbol.
    pub symbol: Symbol,
}

impl Program {
    /// Number of inputs.
    pub fn input_count(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// Number of registers that an evaluation needs.
    pub fn register_count(&self) -> usize {
        self.registers
    }

    /// Number of instructions.
    pub fn instruction_count(&self) -> usize {
        self.rows.len()
    }

    /// Number of instructions that call a function of the mathematics library, and of those that raise to a power. They
    /// are not vectorised: in lanes each costs as much as that many single calls.
    pub fn call_counts(&self) -> (usize, usize) {
        let count = |is: fn(Operation) -> bool| {
            self.runs.iter().filter(|run| is(run.operation)).map(|run| run.count as usize).sum()
        };
        (count(|o| matches!(o, Operation::Call(_))), count(|o| o == Operation::Power))
    }

    /// Evaluates all expressions: `inputs` to `outputs`, both in the order given when compiling.
    ///
    /// `registers` is room to work in; what it held does not matter.
    ///
    /// # Panics
    /// If the lengths are not [`Program::input_count`], at least [`Program::register_count`], and
    /// [`Program::output_count`].
    pub fn evaluate(&self, inputs: &[f64], registers: &mut [f64], outputs: &mut [f64]) {
        assert_eq!(inputs.len(), self.inputs, "one value for each input");
        self.evaluate_from(|i| inputs[i], registers, outputs);
    }

    /// As [`Program::evaluate`], reading the i-th input as `input(i)`.
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    pub fn evaluate_from(&self, input: impl Fn(usize) -> f64, registers: &mut [f64], outputs: &mut [f64]) {
        self.evaluate_lanes_from::<1>(|i| [input(i)], registers.as_chunks_mut().0, outputs.as_chunks_mut().0);
    }

    /// Evaluates all expressions for `L` states at once, `inputs` and `outputs` being `[inputs][lane]` and
    /// `[outputs][lane]`. Every lane has the bits of [`Program::evaluate`].
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    pub fn evaluate_lanes<const L: usize>(
        &self,
        inputs: &[[f64; L]],
        registers: &mut [[f64; L]],
        outputs: &mut [[f64; L]],
    ) {
        assert_eq!(inputs.len(), self.inputs, "one value for each input");
        self.evaluate_lanes_from(|i| inputs[i], registers, outputs);
    }

    /// As [`Program::evaluate_lanes`], reading the i-th input as `input(i)`.
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    #[inline]
    pub fn evaluate_lanes_from<const L: usize>(
        &self,
        input: impl Fn(usize) -> [f64; L],
        registers: &mut [[f64; L]],
        outputs: &mut [[f64; L]],
    ) {
        self.evaluate_lanes_inlined(input, registers, outputs);
    }

    /// As [`Program::evaluate_lanes_from`], always inlined: for callers that are compiled for other vector instructions
    /// than the rest of the program.
    ///
    /// # Panics
    /// As [`Program::evaluate`].
    #[inline(always)]
    pub fn evaluate_lanes_inlined<const L: usize>(
        &self,
        input: impl Fn(usize) -> [f64; L],
        registers: &mut [[f64; L]],
        outputs: &mut [[f64; L]],
    ) {
        assert!(registers.len() >= self.registers, "{} registers are needed", self.registers);
        assert_eq!(outputs.len(), self.outputs.len(), "one place for each output");
        let registers = &mut registers[..self.registers];
        for (register, &i) in registers.iter_mut().zip(&self.gathered) {
            *register = input(i as usize);
        }
        let mut rows = &self.rows[..];
        for run in &self.runs {
            let (now, later) = rows.split_at(run.count as usize);
            run.operation.execute(now, &self.constants, registers);
            rows = later;
        }
        for (output, &register) in outputs.iter_mut().zip(&self.outputs) {
            *output = registers[register as usize];
        }
    }
}

#[cfg(test)]
mod tests;
