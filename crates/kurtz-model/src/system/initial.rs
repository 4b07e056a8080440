//! Where everything starts: values that are defined by each other.

use crate::expression::{Expression, Symbol};
use crate::kinetics::KineticsError;
use crate::network::{Initial, Network, RuleKind, Value, Variable};

/// Values of all quantities at time 0 in the network's own units, in the order of [`Network::variables`].
///
/// An assignment rule wins over the value given. Values may be anything, not a number included.
///
/// # Errors
/// Definitions that go in circles.
pub(crate) fn initial_values(network: &Network) -> Result<Vec<f64>, KineticsError> {
    let variables: Vec<Variable> = network.variables().collect();
    let mut definitions: Vec<Definition> = variables.iter().map(|&v| Definition::of(network, v)).collect();
    for rule in network.rules.iter().filter(|rule| rule.kind == RuleKind::Assignment) {
        definitions[network.variable_index(rule.variable)] =
            Definition { value: Source::Expression(&rule.expression), times: None };
    }
    let needs = |i: usize| definitions[i].needs(network);
    let order = sorted(definitions.len(), needs).map_err(|cycle| {
        let through: Vec<String> = cycle.iter().map(|&i| network.variable_name(variables[i]).to_owned()).collect();
        KineticsError::Cycle { name: through[0].clone(), through }
    })?;
    let mut values = vec![f64::NAN; definitions.len()];
    for i in order {
        let known = |symbol| Variable::of(symbol).map_or(0.0, |v| values[network.variable_index(v)]);
        let factor = definitions[i].times.map_or(1.0, |v| values[network.variable_index(v)]);
        let value = match definitions[i].value {
            Source::Value(Value::Quantity(q)) => {
                let scale = q.unit.coherent_scale(&network.volume_unit, &network.time_unit);
                let amount = q.unit.dimension.map_or(0, |d| d.amount);
                q.value * scale / network.amount_unit.scale.powi(amount.into())
            }
            Source::Value(Value::Expression(e)) | Source::Expression(e) => e.evaluate(&known),
        };
        values[i] = factor * value;
    }
    Ok(values)
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Value(&'a Value),
    Expression(&'a Expression),
}

/// What a quantity is at the start: a value, times the size of a compartment.
struct Definition<'a> {
    value: Source<'a>,
    times: Option<Variable>,
}

impl<'a> Definition<'a> {
    fn of(network: &'a Network, variable: Variable) -> Self {
        let (value, times) = match variable {
            Variable::Parameter(p) => (&network.parameters[p.index()].value, None),
            Variable::Compartment(c) => (&network.compartments[c.index()].size, None),
            Variable::Species(s) => {
                let species = &network.species[s.index()];
                match &species.initial {
                    Initial::Count(value) => (value, None),
                    Initial::Concentration(value) => (value, Some(Variable::Compartment(species.compartment))),
                }
            }
        };
        Definition { value: Source::Value(value), times }
    }

    fn needs(&self, network: &Network) -> Vec<usize> {
        let symbols = match self.value {
            Source::Value(Value::Quantity(_)) => Vec::new(),
            Source::Value(Value::Expression(e)) | Source::Expression(e) => e.symbols(),
        };
        let read = symbols.into_iter().filter_map(Variable::of).chain(self.times);
        read.map(|v| network.variable_index(v)).collect()
    }
}

/// The numbers 0 to `count` - 1, each after those it needs; or a cycle, its first number repeated at the end.
pub(super) fn sorted(count: usize, needs: impl Fn(usize) -> Vec<usize>) -> Result<Vec<usize>, Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; count];
    let mut order = Vec::with_capacity(count);
    // A walk with its own stack: chains may be long.
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    for first in 0..count {
        let mut next = Some(first);
        loop {
            if let Some(i) = next.take() {
                match marks[i] {
                    Mark::Done => {}
                    Mark::Open => {
                        let start = open.iter().position(|&(o, _)| o == i).unwrap_or(0);
                        return Err(open[start..].iter().map(|&(o, _)| o).chain([i]).collect());
                    }
                    Mark::New => {
                        marks[i] = Mark::Open;
                        open.push((i, needs(i)));
                    }
                }
            }
            let Some((i, needs)) = open.last_mut() else { break };
            next = needs.pop();
            if next.is_none() {
                marks[*i] = Mark::Done;
                order.push(*i);
                open.pop();
            }
        }
    }
    Ok(order)
}

/// Whether an expression reads nothing that could differ from its value at the start.
pub(crate) fn reads_only(expression: &Expression, is_fixed: impl Fn(Variable) -> bool) -> bool {
    let fixed = |symbol: Symbol| Variable::of(symbol).is_some_and(&is_fixed);
    expression.symbols().into_iter().all(fixed)
}
