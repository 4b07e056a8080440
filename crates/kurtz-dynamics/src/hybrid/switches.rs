//! Comparisons and steps: where laws and conditions change their form.
//!
//! A right-hand side with `piecewise`, `floor` or comparisons is smooth between the times at which one of these changes
//! its value. While the engine integrates it holds them at their values (*modes*), so that the integrator sees a smooth
//! field however long its steps are; it then looks where in a step the first of them would have changed, stops there and
//! goes on with the new mode. Comparisons in triggers are watched in the same way.

use super::program::{Compiled, mode};
use kurtz_model::expression::{BinaryOperator, Expression, Function};
use kurtz_model::{CompartmentId, Symbol, System};
use std::collections::HashMap;

/// Comparisons and steps whose value can change while nothing jumps.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    nodes: Vec<Expression>,
    /// Places of the nodes by their fingerprints.
    places: HashMap<u64, Vec<usize>>,
}

/// Whether something can change while nothing jumps.
pub(super) fn is_moving(expression: &Expression, is_flowing: &impl Fn(Symbol) -> bool) -> bool {
    expression.symbols().into_iter().any(|s| s == Symbol::Time || is_flowing(s))
}

fn is_switch(node: &Expression) -> bool {
    match node {
        Expression::Binary(operator, ..) => operator.is_comparison(),
        Expression::Call(function, _) => matches!(function, Function::Floor | Function::Ceil),
        _ => false,
    }
}

/// Whether an expression has a comparison or a step.
pub(super) fn has_switch(expression: &Expression) -> bool {
    let mut found = false;
    expression.replace(|node| {
        found |= is_switch(node);
        None
    });
    found
}

impl Collected {
    fn place(&mut self, node: &Expression) -> usize {
        let alike = self.places.entry(node.fingerprint()).or_default();
        alike.iter().copied().find(|&place| &self.nodes[place] == node).unwrap_or_else(|| {
            alike.push(self.nodes.len());
            self.nodes.push(node.clone());
            self.nodes.len() - 1
        })
    }

    /// The expression with its switches replaced by modes.
    pub fn freeze(
        &mut self,
        system: &System,
        expression: &Expression,
        is_flowing: &impl Fn(Symbol) -> bool,
    ) -> Expression {
        expression.replace(|node| {
            let is_moving_switch = is_switch(node) && is_moving(node, is_flowing);
            is_moving_switch.then(|| Expression::Symbol(mode(system, self.place(node))))
        })
    }

    /// Takes in the switches of a condition.
    pub fn watch(&mut self, expression: &Expression, is_flowing: &impl Fn(Symbol) -> bool) {
        expression.replace(|node| {
            if is_switch(node) && is_moving(node, is_flowing) {
                self.place(node);
            }
            None
        });
    }

    /// Takes in the switches inside those collected so far: an argument jumps where they change.
    pub fn watch_inside(&mut self, is_flowing: &impl Fn(Symbol) -> bool) {
        for k in 0..self.nodes.len() {
            self.watch(&argument(&self.nodes[k]), is_flowing);
        }
    }

    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Of each switch, whether it goes by the clock: whether its argument depends on nothing that flows and is linear in
    /// time as long as the switches inside stay, which go by the clock themselves.
    fn by_the_clock(&self, is_flowing: &impl Fn(Symbol) -> bool) -> Vec<bool> {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        // Those inside are smaller.
        order.sort_by_cached_key(|&k| self.nodes[k].stored_nodes());
        let mut found = vec![false; self.nodes.len()];
        for k in order {
            let argument = argument(&self.nodes[k]);
            let mut is_clock = !argument.symbols().into_iter().any(is_flowing);
            let frozen = argument.replace(|part| {
                let inner = is_clock && is_switch(part) && is_moving(part, is_flowing);
                inner.then(|| {
                    let alike = self.places.get(&part.fingerprint());
                    let place = alike.and_then(|alike| alike.iter().find(|&&place| &self.nodes[place] == part));
                    is_clock &= place.is_some_and(|&place| found[place]);
                    // Held, so that any symbol but the time will do.
                    Expression::Symbol(Symbol::Compartment(CompartmentId(u32::MAX)))
                })
            });
            found[k] = is_clock && !frozen.derivative(Symbol::Time).depends_on(Symbol::Time);
        }
        found
    }
}

/// All switches, compiled; the first ones are the modes.
#[derive(Clone, Debug)]
pub(super) struct Switches {
    /// Number of modes.
    pub modes: usize,
    /// Values of the modes.
    pub mode_values: Compiled,
    /// Those whose argument is linear in time, piece by piece, and depends on nothing else that flows.
    pub clocks: Clocks,
    /// All others.
    pub dense: Dense,
}

/// Switches by the clock: when they change is known in advance.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    /// Whether each is a comparison (its argument passes 0) or a step (it passes whole numbers).
    is_comparison: Vec<bool>,
    /// Whether the argument has switches inside.
    has_pieces: Vec<bool>,
    values: Compiled,
    /// Argument and its derivative by time, of each.
    lines: Compiled,
}

/// Switches that are found by looking along the solution.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    /// Which of them is a mode.
    pub is_mode: Vec<bool>,
    pub values: Compiled,
    /// Arguments, of which comparisons look at the sign.
    pub arguments: Compiled,
    pub is_comparison: Vec<bool>,
    /// The values at the very place where each changes.
    pub at_change: Vec<AtChange>,
    /// Arguments that the integrator should follow as well, since they can bend where the state does not.
    pub curved: Vec<Expression>,
}

/// The value of a switch where its argument is 0, or a whole number of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum AtChange {
    /// This.
    Value(f64),
    /// The larger one of those around it.
    Larger,
    /// The smaller one of those around it.
    Smaller,
}

impl AtChange {
    fn of(node: &Expression) -> Self {
        use BinaryOperator::{Equal, GreaterEqual, LessEqual};
        match node {
            Expression::Binary(operator, ..) => {
                AtChange::Value(f64::from(u8::from(matches!(operator, Equal | GreaterEqual | LessEqual))))
            }
            Expression::Call(Function::Ceil, _) => AtChange::Smaller,
            _ => AtChange::Larger,
        }
    }

    /// Whether it is the new value already, of one that changes from `before` to `after`.
    pub fn is_new(self, before: f64, after: f64) -> bool {
        match self {
            AtChange::Value(value) => value == after,
            AtChange::Larger => after > before,
            AtChange::Smaller => after < before,
        }
    }
}

/// What a switch looks at: a - b of a comparison, the argument of a step.
fn argument(node: &Expression) -> Expression {
    match node {
        Expression::Binary(_, a, b) => Expression::Binary(BinaryOperator::Subtract, a.clone(), b.clone()),
        Expression::Call(_, arguments) => arguments[0].clone(),
        other => other.clone(),
    }
}

impl Switches {
    /// Compiles what was collected; the first `modes` switches are modes.
    pub fn new(
        system: &System,
        collected: &Collected,
        modes: usize,
        is_flowing: &impl Fn(Symbol) -> bool,
        flowing: &[Symbol],
    ) -> Self {
        let compile = |expressions: &[Expression]| Compiled::new(system, modes, expressions);
        let (mut clocks, mut dense) = (Vec::new(), Vec::new());
        let by_the_clock = collected.by_the_clock(is_flowing);
        for (k, node) in collected.nodes.iter().enumerate() {
            let argument = argument(node);
            if by_the_clock[k] {
                let slope = argument.derivative(Symbol::Time);
                clocks.push((node, argument, slope));
            } else {
                dense.push((k, node, argument));
            }
        }
        let is_comparison = |node: &Expression| matches!(node, Expression::Binary(..));
        let lines: Vec<Expression> = clocks.iter().flat_map(|(_, a, slope)| [a.clone(), slope.clone()]).collect();
        let nodes: Vec<Expression> = clocks.iter().map(|(node, ..)| (*node).clone()).collect();
        let clocks = Clocks {
            is_comparison: nodes.iter().map(is_comparison).collect(),
            has_pieces: clocks.iter().map(|(_, argument, _)| has_switch(argument)).collect(),
            values: compile(&nodes),
            lines: compile(&lines),
        };
        let nodes: Vec<Expression> = dense.iter().map(|(_, node, _)| (*node).clone()).collect();
        let arguments: Vec<Expression> = dense.iter().map(|(.., a)| a.clone()).collect();
        let is_curved = |a: &&Expression| {
            let moves = flowing.iter().copied().chain([Symbol::Time]);
            moves.filter(|&s| a.depends_on(s)).any(|s| is_moving(&a.derivative(s), is_flowing))
        };
        let mut curved: Vec<Expression> = arguments.iter().filter(is_curved).cloned().collect();
        if curved.is_empty() && flowing.is_empty() {
            // Who looks along a solution needs one.
            curved.extend(arguments.first().cloned());
        }
        let dense = Dense {
            is_mode: dense.iter().map(|&(k, ..)| k < modes).collect(),
            is_comparison: nodes.iter().map(is_comparison).collect(),
            values: compile(&nodes),
            at_change: nodes.iter().map(AtChange::of).collect(),
            curved,
            arguments: compile(&arguments),
        };
        Switches { modes, mode_values: compile(&collected.nodes[..modes]), clocks, dense }
    }
}

impl Clocks {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.is_comparison.is_empty()
    }

    /// The first time after the present one, `inputs[time]`, at which a switch has another value; infinite if never.
    ///
    /// It is the smallest floating-point number of that kind as far as rounding in the arguments allows.
    pub fn next(&self, inputs: &mut [f64], time: usize) -> f64 {
        let count = self.is_comparison.len();
        if count == 0 {
            return f64::INFINITY;
        }
        let now = inputs[time];
        let (mut values, mut others) = (vec![0.0; count], vec![0.0; count]);
        self.values.evaluate(inputs, &mut values);
        let mut differs = |inputs: &mut [f64], at: f64| {
            inputs[time] = at;
            self.values.evaluate(inputs, &mut others);
            inputs[time] = now;
            values.iter().zip(&others).any(|(a, b)| a != b)
        };
        if differs(inputs, now.next_up()) {
            return now.next_up();
        }
        let (mut from_zero, mut from_now) = (vec![0.0; 2 * count], vec![0.0; 2 * count]);
        self.lines.evaluate(inputs, &mut from_now);
        inputs[time] = 0.0;
        self.lines.evaluate(inputs, &mut from_zero);
        inputs[time] = now;
        let mut candidates: Vec<f64> = Vec::new();
        let lines = from_zero.chunks_exact(2).zip(from_now.chunks_exact(2));
        for ((k, is_comparison), (from_zero, from_now)) in self.is_comparison.iter().enumerate().zip(lines) {
            // The present piece does not reach back to 0.
            let (origin, line) = if self.has_pieces[k] { (now, from_now) } else { (0.0, from_zero) };
            let (at_origin, slope) = (line[0], line[1]);
            let mut meets = |level: f64| candidates.push(origin + (level - at_origin) / slope);
            if *is_comparison {
                meets(0.0);
            } else {
                let present = at_origin + slope * (now - origin);
                meets(present.floor());
                meets(present.ceil());
                meets(if slope > 0.0 { present.floor() + 1.0 } else { present.ceil() - 1.0 });
            }
        }
        candidates.retain(|&t| t > now && t.is_finite());
        candidates.sort_by(f64::total_cmp);
        for root in candidates {
            // Rounding can put the change some units in the last place beside the root.
            let unit = root.next_up() - root;
            let mut low = now;
            for offset in [-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0, 64.0, 4096.0, 1e6] {
                let at = root + offset * unit;
                if at <= now {
                    continue;
                }
                if !differs(inputs, at) {
                    low = at;
                    continue;
                }
                let mut high = at;
                while low.next_up() < high {
                    let middle = low + (high - low) / 2.0;
                    if middle <= low || middle >= high {
                        break;
                    }
                    if differs(inputs, middle) { high = middle } else { low = middle }
                }
                return high;
            }
        }
        f64::INFINITY
    }
}
