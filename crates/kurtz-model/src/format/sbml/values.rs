//! Numbers at the start: what stoichiometries are whole, which compartments are empty, and whether definitions go in
//! circles.

use crate::expression::Symbol;
use crate::network::{Initial, Network, Value};

/// Values at the start, by the lists of the network; species as amounts.
pub(super) struct Start {
    pub compartments: Vec<f64>,
    pub parameters: Vec<f64>,
    #[allow(dead_code)]
    pub species: Vec<f64>,
}

/// What is set at the start, one after the other.
pub(super) struct Order<'a> {
    network: &'a Network,
    values: Vec<Option<f64>>,
}

/// Computes all values at the start.
///
/// # Errors
/// Quantities that need each other, the first one last again.
pub(super) fn start(network: &Network) -> Result<Start, Vec<Symbol>> {
    let all = symbols(network);
    let mut order = Order { network, values: vec![None; all.len()] };
    let mut open = vec![false; all.len()];
    for &symbol in &all {
        if order.value(symbol).is_some() {
            continue;
        }
        let mut path = vec![(symbol, order.needs(symbol))];
        open[order.place(symbol)] = true;
        while let Some((symbol, needs)) = path.last_mut() {
            let symbol = *symbol;
            match needs.pop() {
                None => {
                    order.compute(symbol);
                    open[order.place(symbol)] = false;
                    path.pop();
                }
                Some(next) if order.value(next).is_some() => {}
                Some(next) if open[order.place(next)] => {
                    let from = path.iter().position(|&(s, _)| s == next).unwrap_or(0);
                    return Err(path[from..].iter().map(|&(s, _)| s).chain([next]).collect());
                }
                Some(next) => {
                    open[order.place(next)] = true;
                    let needs = order.needs(next);
                    path.push((next, needs));
                }
            }
        }
    }
    let mut values = order.values.into_iter().map(|value| value.unwrap_or(f64::NAN));
    let mut take = |count: usize| values.by_ref().take(count).collect::<Vec<f64>>();
    Ok(Start {
        compartments: take(network.compartments.len()),
        parameters: take(network.parameters.len()),
        species: take(network.species.len()),
    })
}

fn symbols(network: &Network) -> Vec<Symbol> {
    let compartments = (0..network.compartments.len()).map(|i| Symbol::Compartment(i.into()));
    let parameters = (0..network.parameters.len()).map(|i| Symbol::Parameter(i.into()));
    let species = (0..network.species.len()).map(|i| Symbol::Species(i.into()));
    compartments.chain(parameters).chain(species).collect()
}

impl Order<'_> {
    /// The place of a quantity in the list of all; only of those that have a definition.
    fn place(&self, symbol: Symbol) -> usize {
        let (compartments, parameters) = (self.network.compartments.len(), self.network.parameters.len());
        match symbol {
            Symbol::Compartment(c) => c.index(),
            Symbol::Parameter(p) => compartments + p.index(),
            Symbol::Species(s) => compartments + parameters + s.index(),
            Symbol::Time => unreachable!("time has no definition"),
        }
    }

    fn value(&self, symbol: Symbol) -> Option<f64> {
        if symbol == Symbol::Time { Some(0.0) } else { self.values[self.place(symbol)] }
    }

    fn definition(&self, symbol: Symbol) -> (&Value, Option<Symbol>) {
        match symbol {
            Symbol::Compartment(c) => (&self.network.compartments[c.index()].size, None),
            Symbol::Parameter(p) => (&self.network.parameters[p.index()].value, None),
            Symbol::Species(s) => {
                let species = &self.network.species[s.index()];
                match &species.initial {
                    Initial::Count(value) => (value, None),
                    Initial::Concentration(value) => (value, Some(Symbol::Compartment(species.compartment))),
                }
            }
            Symbol::Time => unreachable!("time has no definition"),
        }
    }

    fn needs(&self, symbol: Symbol) -> Vec<Symbol> {
        let (value, size) = self.definition(symbol);
        let mut needs = match value {
            Value::Quantity(_) => Vec::new(),
            Value::Expression(e) => e.symbols(),
        };
        needs.extend(size);
        needs
    }

    fn compute(&mut self, symbol: Symbol) {
        let known = |s: Symbol| self.value(s).unwrap_or(f64::NAN);
        let (value, size) = self.definition(symbol);
        let number = match value {
            Value::Quantity(q) => q.value,
            Value::Expression(e) => e.evaluate(&known),
        };
        let place = self.place(symbol);
        self.values[place] = Some(number * size.map_or(1.0, known));
    }
}
