//! Expressions: names become symbols.

use super::Resolver;
use crate::diagnostic::{NameKind, Problem};
use crate::expression::{BinaryOperator, Expression, Symbol};
use crate::format::crn::lexer::Span;
use crate::format::crn::syntax::*;
use crate::network::*;
use std::f64::consts::PI;
use std::sync::Arc;

/// What the names of species stand for in an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Their amounts, or in a value their initial amounts.
    Amounts,
    /// Their concentrations, in `rate(...)`.
    Concentrations,
    /// Nothing: a constant of mass action depends on no species, nor by itself on time.
    Constant,
}

impl Resolver<'_> {
    /// An expression with its names resolved; `None` if something in it has been reported.
    pub(super) fn lower(&mut self, node: &Node, scope: Scope) -> Option<Expression> {
        Some(match &node.kind {
            NodeKind::Number(value) => Expression::Number(*value),
            NodeKind::Name(name) => return self.lower_name(name, &node.span, scope),
            NodeKind::Concentration(name) => return self.concentration(name, &node.span, scope),
            NodeKind::Unary(operator, a) => Expression::Unary(*operator, Arc::new(self.lower(a, scope)?)),
            NodeKind::Binary(operator, a, b) => {
                // Both sides are looked at, so that all problems are found.
                let (a, b) = (self.lower(a, scope), self.lower(b, scope));
                Expression::Binary(*operator, Arc::new(a?), Arc::new(b?))
            }
            NodeKind::Call(function, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|a| self.lower(a, scope)).collect();
                Expression::Call(*function, arguments.into_iter().collect::<Option<Vec<_>>>()?.into())
            }
            NodeKind::Piecewise(pieces, otherwise) => {
                let pieces: Vec<_> = pieces.iter().map(|(v, c)| (self.lower(v, scope), self.lower(c, scope))).collect();
                let otherwise = self.lower(otherwise, scope);
                let pieces = pieces.into_iter().map(|(v, c)| Some((v?, c?))).collect::<Option<Vec<_>>>()?;
                Expression::Piecewise(pieces.into(), Arc::new(otherwise?))
            }
        })
    }

    /// `[A]`.
    fn concentration(&mut self, name: &str, span: &Span, scope: Scope) -> Option<Expression> {
        let inner = span.start + 1..span.end - 1;
        let name = Name { text: unquoted(name).to_string(), span: inner };
        let index = self.look_up(&name, NameKind::Species, "a species")?;
        let species = Symbol::Species(SpeciesId::from(index));
        if scope == Scope::Constant {
            return self.not_constant(species, &name.text, span);
        }
        let species = Arc::new(Expression::Symbol(species));
        if scope == Scope::Concentrations {
            return Some((*species).clone());
        }
        let size = Arc::new(Expression::Symbol(Symbol::Compartment(self.homes[index])));
        Some(Expression::Binary(BinaryOperator::Divide, species, size))
    }

    pub(super) fn lower_name(&mut self, name: &str, span: &Span, scope: Scope) -> Option<Expression> {
        let plain = unquoted(name);
        // A word of the format keeps its meaning, even if something has its name in quotes.
        let declared = match plain == name && is_reserved(name) && name != "volume" {
            true => None,
            false => self.names.get(plain).map(|&(kind, index, _)| (kind, index)),
        };
        let symbol = match (name, declared) {
            (_, Some((NameKind::Parameter, i))) => Symbol::Parameter(ParameterId::from(i)),
            (_, Some((NameKind::Compartment, i))) => Symbol::Compartment(CompartmentId::from(i)),
            (_, Some((NameKind::Species, i))) => Symbol::Species(SpeciesId::from(i)),
            (_, Some((found @ (NameKind::Reaction | NameKind::Event), _))) => {
                let problem = Problem::WrongKind { name: plain.into(), found, expected: "a value" };
                self.fault(problem, span, None);
                return None;
            }
            ("time", None) => Symbol::Time,
            ("pi", None) => return Some(Expression::Number(PI)),
            _ => {
                self.unknown_name(name, span, scope);
                return None;
            }
        };
        match (symbol, scope) {
            (Symbol::Species(_) | Symbol::Time, Scope::Constant) => self.not_constant(symbol, plain, span),
            _ => Some(Expression::Symbol(symbol)),
        }
    }

    fn not_constant(&mut self, symbol: Symbol, name: &str, span: &Span) -> Option<Expression> {
        let on = if symbol == Symbol::Time { "time".into() } else { format!("species `{name}`") };
        let help = "write the whole rate in `rate(...)` (concentrations) or `propensity(...)` (counts)";
        self.fault(Problem::ConstantDepends { on }, span, Some(help.into()));
        None
    }

    fn unknown_name(&mut self, name: &str, span: &Span, scope: Scope) {
        if matches!(name.to_ascii_lowercase().as_str(), "nan" | "inf" | "infinity") {
            self.fault(Problem::NotFinite { name: name.into() }, span, None);
            return;
        }
        if name == "volume" {
            let names = self.names_of(&[NameKind::Compartment]).join("`, `");
            let help = format!("the compartments are `{names}`");
            self.fault(Problem::UnknownName { name: name.into() }, span, Some(help));
            return;
        }
        if is_reserved(name) {
            self.fault(Problem::Reserved { name: name.into() }, span, None);
            return;
        }
        let name = unquoted(name);
        if !self.reported.insert(name.to_string()) {
            return;
        }
        let mut kinds = vec![NameKind::Parameter, NameKind::Compartment];
        if scope != Scope::Constant {
            kinds.push(NameKind::Species);
        }
        let help = match self.meant(name, &kinds) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it, as in `parameter {name} = 1`"),
        };
        self.fault(Problem::UnknownName { name: name.into() }, span, Some(help));
    }
}
