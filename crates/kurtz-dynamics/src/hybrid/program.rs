//! Programs over the one array of inputs that the engine keeps: state, time, modes.

use crate::moments::program::with_scratch;
use kurtz_model::expression::{Expression, Program};
use kurtz_model::{Symbol, System, Variable};

/// Expressions compiled over the engine's inputs.
#[derive(Clone, Debug)]
pub(super) struct Compiled(Program);

impl Compiled {
    /// Compiles resolved expressions; `modes` is the number of modes behind state and time.
    pub fn new(system: &System, modes: usize, expressions: &[Expression]) -> Self {
        let (state, parameters) = (system.state().len(), system.network().parameters.len());
        let place = |symbol| {
            let place = match symbol {
                Symbol::Time => Some(state),
                // Modes come after state and time.
                Symbol::Parameter(p) if p.index() >= parameters => Some(state + 1 + p.index() - parameters),
                symbol => Variable::of(symbol).and_then(|v| system.position(v)),
            };
            place.map(|i| u32::try_from(i).expect("fewer than 2^32 inputs"))
        };
        let program = Program::compile_at(expressions, state + 1 + modes, place, |_| None);
        Compiled(program.expect("resolved expressions read inputs only"))
    }

    /// Number of outputs.
    pub fn count(&self) -> usize {
        self.0.output_count()
    }

    /// The values at `inputs`.
    pub fn evaluate(&self, inputs: &[f64], out: &mut [f64]) {
        with_scratch(self.0.register_count(), |registers| self.0.evaluate_from(|i| inputs[i], registers, out));
    }

    /// The values where the i-th input is `input(i)`.
    pub fn evaluate_from(&self, input: impl Fn(usize) -> f64, out: &mut [f64]) {
        with_scratch(self.0.register_count(), |registers| self.0.evaluate_from(input, registers, out));
    }

    /// As [`Compiled::evaluate_from`], in these `registers`.
    #[inline]
    pub fn evaluate_in(&self, input: impl Fn(usize) -> f64, registers: &mut [f64], out: &mut [f64]) {
        self.0.evaluate_from(input, registers, out);
    }

    /// Registers that [`Compiled::evaluate_in`] needs.
    pub fn register_count(&self) -> usize {
        self.0.register_count()
    }

    /// The value of the only output.
    pub fn one(&self, inputs: &[f64]) -> f64 {
        let mut out = [0.0];
        self.evaluate(inputs, &mut out);
        out[0]
    }
}

/// The symbol of a mode: a parameter beyond those of the network.
pub(super) fn mode(system: &System, k: usize) -> Symbol {
    Symbol::Parameter((system.network().parameters.len() + k).into())
}
