//! Inputs of subnets as formulas: printed in LaTeX, and their size.

use super::graph::{Graph, Node, Operation};
use super::inputs::{InputSettings, LatentForm, record};
use crate::error::LearnError;
use kurtz_model::expression::latex_of_name;
use std::collections::HashMap;

/// One input written out.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFormula {
    /// The name of the input, such as `eat(Ca, IP3): W_Ca`.
    pub name: String,
    /// The formula in LaTeX, in terms of standard parameters and latents.
    pub latex: String,
    /// Nodes of its syntax tree: one for each occurrence of a symbol or number, each sum and product of any number of parts,
    /// each quotient and root. Parts that occur twice count twice (Ernst et al. 2021, Fig. 12).
    pub tree_nodes: u64,
    /// Additions, multiplications, divisions and roots if equal parts are computed once.
    pub operations: usize,
}

impl InputSettings {
    /// All inputs written out, in their order.
    ///
    /// # Errors
    /// As [`InputSettings::build`].
    pub fn formulas(&self) -> Result<Vec<InputFormula>, LearnError> {
        let graph = Graph::default();
        let recorded = record(self, &graph)?;
        let places: Vec<u32> = recorded.nodes.iter().map(|&n| graph.place(n)).collect();
        let operations = graph.operations();
        let mut writer = Writer { operations: &operations, symbols: self.symbols(), sizes: HashMap::new() };
        let formula = |(name, place): (String, u32)| InputFormula {
            name,
            latex: writer.write(place, Level::Sum),
            tree_nodes: writer.size(place),
            operations: super::program::Program::new(&graph, &[Node::At(&graph, place)]).operations(),
        };
        Ok(recorded.names.into_iter().zip(places).map(formula).collect())
    }

    /// The symbols of the inputs of the graph, in LaTeX.
    fn symbols(&self) -> Vec<String> {
        let (visible, hidden) = (&self.candidates.visible, &self.candidates.hidden);
        let several = |h: &String| if hidden.len() > 1 { format!(",{}", latex_of_name(h)) } else { String::new() };
        let mut symbols = Vec::new();
        for h in hidden {
            let name = |v: &String| format!("\\hat{{W}}_{{{}{}}}", latex_of_name(v), several(h));
            symbols.extend(visible.iter().map(name));
        }
        symbols.extend(visible.iter().map(|v| format!("\\hat{{b}}_{{{}}}", latex_of_name(v))));
        symbols.push("\\sigma^2".into());
        symbols.extend(hidden.iter().map(|h| format!("\\mu_{{{}}}", latex_of_name(h))));
        match self.latent_form {
            LatentForm::Diagonal => symbols.extend(hidden.iter().map(|h| format!("\\Sigma_{{{}}}", latex_of_name(h)))),
            LatentForm::Root => {
                let pairs = (0..hidden.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
                let name = |i: usize| latex_of_name(&hidden[i]);
                symbols.extend(pairs.map(|(i, j)| format!("R_{{{},{}}}", name(i), name(j))));
            }
        }
        symbols
    }
}

/// What a printed part stands in, and so when it needs parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Sum,
    Product,
    Power,
}

struct Writer<'a> {
    operations: &'a [Operation],
    symbols: Vec<String>,
    sizes: HashMap<u32, u64>,
}

impl Writer<'_> {
    /// The terms of a sum and whether each is subtracted.
    fn terms(&self, id: u32, negative: bool, all: &mut Vec<(bool, u32)>) {
        match self.operations[id as usize] {
            Operation::Add(a, b) => {
                self.terms(a, negative, all);
                self.terms(b, negative, all);
            }
            Operation::Subtract(a, b) => {
                self.terms(a, negative, all);
                self.terms(b, !negative, all);
            }
            _ => all.push((negative, id)),
        }
    }

    fn factors(&self, id: u32, all: &mut Vec<u32>) {
        match self.operations[id as usize] {
            Operation::Multiply(a, b) => {
                self.factors(a, all);
                self.factors(b, all);
            }
            _ => all.push(id),
        }
    }

    fn size(&mut self, id: u32) -> u64 {
        if let Some(&size) = self.sizes.get(&id) {
            return size;
        }
        let parts: Vec<u32> = match self.operations[id as usize] {
            Operation::Input(_) | Operation::Number(_) => Vec::new(),
            Operation::Add(..) | Operation::Subtract(..) => {
                let mut terms = Vec::new();
                self.terms(id, false, &mut terms);
                terms.into_iter().map(|(_, t)| t).collect()
            }
            Operation::Multiply(..) => {
                let mut factors = Vec::new();
                self.factors(id, &mut factors);
                factors
            }
            Operation::Divide(a, b) => vec![a, b],
            Operation::SquareRoot(a) => vec![a],
        };
        let size = 1 + parts.into_iter().map(|p| self.size(p)).sum::<u64>();
        self.sizes.insert(id, size);
        size
    }

    fn number(&self, id: u32) -> Option<f64> {
        match self.operations[id as usize] {
            Operation::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn write(&self, id: u32, level: Level) -> String {
        let (own, text) = match self.operations[id as usize] {
            Operation::Input(i) => {
                let symbol = self.symbols[i as usize].clone();
                // A symbol that carries an exponent already needs braces before it takes another.
                return if level == Level::Power && symbol.contains('^') { format!("({symbol})") } else { symbol };
            }
            Operation::Number(bits) => {
                let value = f64::from_bits(bits);
                (if value < 0.0 { Level::Sum } else { Level::Power }, format!("{value}"))
            }
            Operation::Add(..) | Operation::Subtract(..) => {
                let mut terms = Vec::new();
                self.terms(id, false, &mut terms);
                (Level::Sum, self.write_sum(&terms))
            }
            Operation::Multiply(..) => {
                let (negative, product) = self.write_product(id);
                (
                    if negative { Level::Sum } else { Level::Product },
                    if negative { format!("-{product}") } else { product },
                )
            }
            Operation::Divide(a, b) => {
                (Level::Product, format!("\\frac{{{}}}{{{}}}", self.write(a, Level::Sum), self.write(b, Level::Sum)))
            }
            Operation::SquareRoot(a) => (Level::Power, format!("\\sqrt{{{}}}", self.write(a, Level::Sum))),
        };
        if own < level { format!("\\left({text}\\right)") } else { text }
    }

    fn write_sum(&self, terms: &[(bool, u32)]) -> String {
        let mut text = String::new();
        for &(subtracted, term) in terms {
            let (negative, written) = match self.operations[term as usize] {
                Operation::Multiply(..) => self.write_product(term),
                Operation::Number(bits) if f64::from_bits(bits) < 0.0 => (true, format!("{}", -f64::from_bits(bits))),
                _ => (false, self.write(term, Level::Product)),
            };
            let sign = match (subtracted != negative, text.is_empty()) {
                (true, true) => "-",
                (true, false) => " - ",
                (false, true) => "",
                (false, false) => " + ",
            };
            text += sign;
            text += &written;
        }
        text
    }

    /// Whether a product is negative, and its absolute value written.
    fn write_product(&self, id: u32) -> (bool, String) {
        let mut factors = Vec::new();
        self.factors(id, &mut factors);
        let number: f64 = factors.iter().filter_map(|&f| self.number(f)).product();
        let mut powers: Vec<(u32, usize)> = Vec::new();
        for &factor in factors.iter().filter(|&&f| self.number(f).is_none()) {
            match powers.iter_mut().find(|(f, _)| *f == factor) {
                Some((_, power)) => *power += 1,
                None => powers.push((factor, 1)),
            }
        }
        let mut parts: Vec<String> = Vec::new();
        if number.abs() != 1.0 {
            parts.push(format!("{}", number.abs()));
        }
        parts.extend(powers.into_iter().map(|(factor, power)| match power {
            1 => self.write(factor, Level::Product),
            _ => format!("{}^{{{power}}}", self.write(factor, Level::Power)),
        }));
        (number < 0.0, parts.join(" "))
    }
}
