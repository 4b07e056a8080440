//! How the numbers of a kinetics move when one parameter moves.

use kurtz_model::{Expression, Initial, Kinetics, ParameterId, Symbol, Value};

/// Derivatives of everything in a [`Kinetics`] by one parameter. What is defined by that parameter moves along; if it
/// is itself defined by others, those stay.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// `[parameters]`.
    pub parameters: Vec<f64>,
    /// Compartment sizes, `[compartments]`.
    pub volumes: Vec<f64>,
    /// Initial numbers of molecules, `[species]`.
    pub initial: Vec<f64>,
}

impl Response {
    pub(crate) fn new(kinetics: &Kinetics, moved: ParameterId) -> Self {
        let network = kinetics.network();
        let mut parameters: Vec<Option<f64>> = vec![None; network.parameters.len()];
        parameters[moved.index()] = Some(1.0);
        for p in 0..parameters.len() {
            respond(kinetics, p, &mut parameters);
        }
        let parameters: Vec<f64> = parameters.into_iter().map(|d| d.unwrap_or(0.0)).collect();
        let mut response = Response { parameters, volumes: vec![0.0; network.compartments.len()], initial: Vec::new() };
        for (c, compartment) in network.compartments.iter().enumerate() {
            if let Value::Expression(e) = &compartment.size {
                response.volumes[c] = response.value_of(kinetics, e, 0.0);
            }
        }
        response.initial = network
            .species
            .iter()
            .enumerate()
            .map(|(s, species)| {
                let value_change = |value: &Value| match value {
                    Value::Quantity(_) => 0.0,
                    Value::Expression(e) => response.value_of(kinetics, e, 0.0),
                };
                let c = species.compartment.index();
                let volume = kinetics.volumes()[c];
                match &species.initial {
                    Initial::Count(value) => value_change(value),
                    Initial::Concentration(value) => {
                        volume * value_change(value) + kinetics.initial()[s] / volume * response.volumes[c]
                    }
                }
            })
            .collect();
        response
    }

    /// The derivative of an expression at fixed species: a sum of numbers times expressions.
    pub(crate) fn of(&self, expression: &Expression) -> Vec<(f64, Expression)> {
        let change = |symbol: &Symbol| match symbol {
            Symbol::Parameter(p) => self.parameters[p.index()],
            Symbol::Compartment(c) => self.volumes[c.index()],
            Symbol::Species(_) | Symbol::Time => 0.0,
        };
        let symbols = distinct_symbols(expression).into_iter();
        let terms = symbols.map(|s| (change(&s), s)).filter(|&(change, _)| change != 0.0);
        terms.map(|(change, s)| (change, expression.derivative(s))).collect()
    }

    /// The derivative of the value of an expression free of species that fluctuate; clamped species are counts.
    pub(crate) fn value_of(&self, kinetics: &Kinetics, expression: &Expression, time: f64) -> f64 {
        let value = |e: &Expression| {
            e.evaluate(&|s| {
                kinetics.value_of(s, time, &|i| kinetics.initial().get(i.index()).copied().unwrap_or(f64::NAN))
            })
        };
        let explicit: f64 = self.of(expression).iter().map(|(change, slope)| change * value(slope)).sum();
        let through_clamped = distinct_symbols(expression).into_iter().map(|symbol| match symbol {
            Symbol::Species(s) => {
                let change = self.initial.get(s.index()).copied().unwrap_or(0.0);
                if change == 0.0 { 0.0 } else { change * value(&expression.derivative(symbol)) }
            }
            _ => 0.0,
        });
        explicit + through_clamped.sum::<f64>()
    }
}

/// Symbols of an expression, each once, sorted.
pub(crate) fn distinct_symbols(expression: &Expression) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    expression.for_each_symbol(&mut |s| symbols.push(s));
    symbols.sort_unstable();
    symbols.dedup();
    symbols
}

/// Fills in the derivative of a parameter, after those of the parameters that define it. Definitions have no cycles,
/// since the kinetics could be bound.
fn respond(kinetics: &Kinetics, parameter: usize, known: &mut Vec<Option<f64>>) {
    if known[parameter].is_some() {
        return;
    }
    let mut change = 0.0;
    if let Value::Expression(e) = &kinetics.network().parameters[parameter].value {
        for symbol in distinct_symbols(e) {
            if let Symbol::Parameter(q) = symbol {
                respond(kinetics, q.index(), known);
                let slope = known[q.index()].unwrap_or(0.0);
                if slope != 0.0 {
                    change += slope * e.derivative(symbol).evaluate(&|s| kinetics.value_of(s, 0.0, &|_| f64::NAN));
                }
            }
        }
    }
    known[parameter] = Some(change);
}
