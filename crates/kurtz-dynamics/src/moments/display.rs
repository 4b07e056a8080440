//! Moment equations as text and in LaTeX, the right-hand sides collected per moment.

use super::closure::{Closure, definitions};
use super::hierarchy::MomentHierarchy;
use super::names::{latex_of_moment, text_of_moment};
use super::symbol::{Form, MomentPolynomial, MomentSymbol};
use kurtz_model::expression::Names;
use kurtz_model::polynomial::{Monomial, Polynomial, join_terms};
use kurtz_model::{Expression, Symbol};

/// A piece of a printed product: where it stands, and what is printed.
type Piece = (Place, String);

/// Constants stand first, then sums in parentheses, then moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Constant(usize),
    Group,
    Moment(usize),
}

/// The two ways to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Text,
    Latex,
}

impl MomentHierarchy {
    /// The equations as text, one a line, e.g. `d<A>/dt = lambda*(r1 - r2)*<A>`; then, given a closure, what it puts in
    /// the place of the higher moments.
    pub fn to_text(&self, closure: Option<&dyn Closure>) -> String {
        let mut text = String::new();
        for (symbol, equation) in self.symbols().iter().zip(&self.equations) {
            text += &format!("d{}/dt = {}\n", self.name(symbol, Style::Text), self.sum(equation, Style::Text));
        }
        if let Some(closure) = closure.filter(|_| !self.closes()) {
            text += &format!("\nclosure {}:\n", closure.name());
            for (symbol, rule) in self.definitions(closure) {
                text += &format!("{} = {}\n", self.name(&symbol, Style::Text), self.sum(&rule, Style::Text));
            }
        }
        text
    }

    /// The equations in LaTeX, as one `aligned` environment (package amsmath); then, given a closure, what it puts in
    /// the place of the higher moments.
    pub fn to_latex(&self, closure: Option<&dyn Closure>) -> String {
        let mut lines = Vec::new();
        for (symbol, equation) in self.symbols().iter().zip(&self.equations) {
            let (name, sum) = (self.name(symbol, Style::Latex), self.sum(equation, Style::Latex));
            lines.push(format!("\\frac{{\\mathrm{{d}}{name}}}{{\\mathrm{{d}}t}} &= {sum}"));
        }
        if let Some(closure) = closure.filter(|_| !self.closes()) {
            for (symbol, rule) in self.definitions(closure) {
                let (name, sum) = (self.name(&symbol, Style::Latex), self.sum(&rule, Style::Latex));
                lines.push(format!("{name} &= {sum}"));
            }
        }
        format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}\n", lines.join(" \\\\\n"))
    }

    /// A polynomial in the symbols of this hierarchy as text, collected per moment.
    pub fn polynomial_text(&self, polynomial: &MomentPolynomial) -> String {
        self.sum(polynomial, Style::Text)
    }

    /// A polynomial in the symbols of this hierarchy in LaTeX, collected per moment.
    pub fn polynomial_latex(&self, polynomial: &MomentPolynomial) -> String {
        self.sum(polynomial, Style::Latex)
    }

    /// What a closure puts in the place of the higher moments.
    fn definitions(&self, closure: &dyn Closure) -> Vec<(MomentSymbol, MomentPolynomial)> {
        let needed = self.higher_moments().iter().map(|i| MomentSymbol::moment(i.clone(), self.form));
        definitions(closure, needed, self.order, self.form)
    }

    fn sum(&self, polynomial: &MomentPolynomial, style: Style) -> String {
        // Positions stand for the order of the symbols, which strings have not.
        let symbols: Vec<&MomentSymbol> = polynomial.symbols().into_iter().collect();
        let piece = |symbol: &MomentSymbol| -> Piece {
            let position = symbols.binary_search(&symbol).unwrap_or(usize::MAX);
            let place = if symbol.index().is_some() { Place::Moment(position) } else { Place::Constant(position) };
            (place, self.name(symbol, style))
        };
        let printed = polynomial.renamed(piece);
        let mut terms = Vec::new();
        for (moments, coefficient) in printed.collected(|(place, _)| matches!(place, Place::Moment(_))) {
            let (common, number, rest) = coefficient.factored();
            // A sum of terms that are all negative has its sign before the parentheses.
            let negative = rest.terms().all(|(_, c)| c.is_negative());
            let rest = if negative { -rest } else { rest };
            let stands_alone = moments.factors().is_empty() && common.factors().is_empty() && number.is_one();
            let group = match (rest.as_constant(), style) {
                (Some(one), _) if one.is_one() => Monomial::one(),
                _ if stands_alone => {
                    terms.push((negative, write(&rest, style)));
                    continue;
                }
                (_, Style::Text) => Monomial::new([((Place::Group, format!("({})", write(&rest, style))), 1)]),
                (_, Style::Latex) => {
                    Monomial::new([((Place::Group, format!("\\left({}\\right)", write(&rest, style))), 1)])
                }
            };
            let product = common.times(&group).times(&moments);
            terms.push((negative, write(&Polynomial::term(product, number), style)));
        }
        join_terms(terms)
    }

    fn name(&self, symbol: &MomentSymbol, style: Style) -> String {
        let network = &self.network;
        let of_symbol = |symbol: Symbol| match style {
            Style::Text => network.text(symbol).into_owned(),
            Style::Latex => network.latex(symbol),
        };
        let of_moment = |index, form| match style {
            Style::Text => text_of_moment(index, form, &self.species_names()),
            Style::Latex => latex_of_moment(index, form, &self.species_names()),
        };
        match symbol {
            MomentSymbol::Parameter(p) => of_symbol(Symbol::Parameter(*p)),
            MomentSymbol::Compartment(c) => of_symbol(Symbol::Compartment(*c)),
            MomentSymbol::Clamped(s) => of_symbol(Symbol::Species(*s)),
            MomentSymbol::Constant(c) => match (&self.laws.constants[*c as usize], style) {
                (Expression::Symbol(s), _) => of_symbol(*s),
                (e, Style::Text) => format!("({})", e.display(network)),
                (e, Style::Latex) => format!("\\left({}\\right)", e.latex(network)),
            },
            MomentSymbol::Raw(index) => of_moment(index, Form::Raw),
            MomentSymbol::Central(index) => of_moment(index, Form::Central),
        }
    }

    /// Names of the species followed, in the order of the powers of each index.
    pub fn species_names(&self) -> Vec<String> {
        self.laws.species.iter().map(|s| self.network.species[s.index()].name.clone()).collect()
    }
}

fn write(polynomial: &Polynomial<Piece>, style: Style) -> String {
    match style {
        Style::Text => polynomial.to_text(&|(_, text)| text.clone()),
        Style::Latex => polynomial.to_latex(&|(_, text)| text.clone()),
    }
}
