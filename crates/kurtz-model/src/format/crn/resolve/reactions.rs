//! Reactions and their rate laws.

use super::expressions::Scope;
use super::{Half, Resolver};
use crate::diagnostic::{NameKind, Problem};
use crate::expression::{BinaryOperator, Expression, UnaryOperator};
use crate::format::crn::lexer::Span;
use crate::format::crn::syntax::*;
use crate::network::*;
use crate::rate_law::MassActionConvention;
use std::collections::HashMap;
use std::sync::Arc;

/// More molecules of one species than this in one reaction are a mistake.
const MOST_MOLECULES: u32 = 1_000_000;

/// One side of a reaction.
struct Side {
    /// Whole numbers of molecules; each species once.
    whole: Vec<(SpeciesId, u32)>,
    /// Numbers that are no constant whole ones.
    yields: Vec<(SpeciesId, Expression)>,
    /// The first species, if it has been read.
    first: Option<SpeciesId>,
}

impl Resolver<'_> {
    /// The rate laws of all reactions as values to be checked, and what their units are checked against.
    pub(super) fn reactions(&mut self) -> (Vec<Option<RateLaw>>, Vec<Half>) {
        let (mut laws, mut halves) = (Vec::new(), Vec::new());
        for (line, text) in self.text.reactions.iter().enumerate() {
            let name = text.name.as_ref().map_or_else(|| format!("reaction_{}", line + 1), |n| n.text.clone());
            let left = self.side(&text.left, &name);
            let right = self.side(&text.right, &name);
            let forward = self.law(&text.forward, &left, &text.left);
            let forward_id = ReactionId::from(self.network.reactions.len());
            self.automatic_name(&name, text.name.is_some(), &text.span, NameKind::Reaction);
            self.push_reaction(name.clone(), &left, &right, &forward, None);
            halves.push(Half { line, backward: false, order: order(&left.whole) });
            laws.push(forward);
            if let Some(backward) = &text.backward {
                let given = text.backward_name.as_ref().map(|n| n.text.clone());
                let law = self.law(backward, &right, &text.right);
                let back_name = given.clone().unwrap_or_else(|| format!("{name}_reverse"));
                self.automatic_name(&back_name, given.is_some(), &text.span, NameKind::Reaction);
                self.push_reaction(back_name, &right, &left, &law, Some(forward_id));
                halves.push(Half { line, backward: true, order: order(&right.whole) });
                laws.push(law);
            }
        }
        (laws, halves)
    }

    /// A name that nobody wrote can still be one that somebody wrote elsewhere.
    pub(super) fn automatic_name(&mut self, name: &str, given: bool, span: &Span, kind: NameKind) {
        if given {
            return;
        }
        if let Some((other, _, first)) = self.names.get(name) {
            let (other, line) = (*other, self.lines.of(first.start));
            let problem = if other == kind {
                Problem::Duplicate { kind, name: name.into(), line }
            } else {
                Problem::UsedForTwoThings { name: name.into(), kind, other, line }
            };
            self.fault(
                problem,
                span,
                Some(format!("this is the automatic name of this {kind}; give it one: `name: ...`")),
            );
        }
    }

    fn push_reaction(
        &mut self,
        name: String,
        from: &Side,
        to: &Side,
        rate: &Option<RateLaw>,
        reverse_of: Option<ReactionId>,
    ) {
        let whole = from.whole.first().or(to.whole.first()).map(|&(s, _)| s);
        let (left, right) = if reverse_of.is_none() { (from, to) } else { (to, from) };
        let first = whole.or(left.first).or(right.first);
        // What is taken is a negative yield. Yields are in the order of the text, whichever way the reaction goes.
        let taken = from.yields.iter().map(|(s, e)| (*s, negated(e)));
        let made = to.yields.iter().cloned();
        let yields = if reverse_of.is_none() { taken.chain(made).collect() } else { made.chain(taken).collect() };
        self.network.reactions.push(Reaction {
            name,
            reactants: from.whole.clone(),
            products: to.whole.clone(),
            rate: rate.clone().unwrap_or(RateLaw::MassAction(Expression::Number(0.0))),
            compartment: first.map_or(CompartmentId(0), |s| self.homes[s.index()]),
            reverse_of,
            yields,
        });
    }

    fn side(&mut self, terms: &[Term], reaction: &str) -> Side {
        let mut side: Vec<(SpeciesId, u64, &Term)> = Vec::new();
        let mut yields = Vec::new();
        let mut first = None;
        let mut places: HashMap<SpeciesId, usize> = HashMap::new();
        for term in terms {
            let Some(index) = self.look_up(&term.species, NameKind::Species, "a species") else {
                continue;
            };
            let species = SpeciesId::from(index);
            first.get_or_insert(species);
            let count = match &term.count {
                Coefficient::Whole(count) => *count,
                other => {
                    yields.extend(self.coefficient(other).map(|e| (species, e)));
                    continue;
                }
            };
            match places.get(&species) {
                Some(&i) => side[i] = (species, side[i].1.saturating_add(count), term),
                None => {
                    places.insert(species, side.len());
                    side.push((species, count, term));
                }
            }
        }
        let mut counts = Vec::new();
        for (species, count, term) in side {
            match u32::try_from(count).ok().filter(|&c| c <= MOST_MOLECULES) {
                Some(count) => counts.push((species, count)),
                None => {
                    let (reaction, species) = (reaction.to_string(), term.species.text.clone());
                    let problem = Problem::HugeStoichiometry { reaction, species, count, limit: MOST_MOLECULES };
                    self.fault(problem, &term.span, None);
                }
            }
        }
        Side { whole: counts, yields, first }
    }

    /// What stands before a species that is no plain whole number.
    fn coefficient(&mut self, coefficient: &Coefficient) -> Option<Expression> {
        let name = match coefficient {
            Coefficient::Whole(count) => return Some(Expression::Number(*count as f64)),
            Coefficient::Yield(node) => return self.lower(node, Scope::Amounts),
            Coefficient::Named(name) => name,
        };
        if let Some((NameKind::Species, ..)) = self.names.get(unquoted(&name.text)) {
            let found = format!("the species `{}`", unquoted(&name.text));
            let problem = Problem::Unexpected { expected: "a number of molecules".into(), found };
            self.fault(problem, &name.span, Some("species are joined by `+`".into()));
            return None;
        }
        self.lower_name(&name.text, &name.span, Scope::Amounts)
    }

    fn law(&mut self, text: &RateText, from: &Side, terms: &[Term]) -> Option<RateLaw> {
        let fraction = terms.iter().find(|t| !matches!(t.count, Coefficient::Whole(_)));
        if let (RateForm::MassAction, Some(term), false) = (text.form, fraction, from.yields.is_empty()) {
            let written = term.span.start..term.species.span.start;
            let name = term.species.text.clone();
            let help =
                "mass action needs whole numbers of reactants; give the rate by `rate(...)` or `propensity(...)`";
            self.fault(Problem::FractionalOrder { name }, &written, Some(help.into()));
            return None;
        }
        let scope = match text.form {
            RateForm::MassAction => Scope::Constant,
            RateForm::Rate => Scope::Concentrations,
            RateForm::Propensity => Scope::Amounts,
        };
        let expression = match &text.value {
            ValueText::Expression(node) => self.lower(node, scope)?,
            ValueText::Quantity { value, unit, .. } => {
                if !self.check_reference(unit) {
                    return None;
                }
                Expression::Number(value * self.network.own_units_in(&unit.unit))
            }
        };
        Some(match text.form {
            RateForm::MassAction => RateLaw::MassAction(self.as_binomial(expression, &from.whole, &text.span)?),
            RateForm::Rate => RateLaw::Rate(expression),
            RateForm::Propensity => RateLaw::Propensity(expression),
        })
    }

    /// The constant in our convention. Under `convention power` it was meant for phi = k prod c^nu.
    fn as_binomial(&mut self, k: Expression, reactants: &[(SpeciesId, u32)], span: &Span) -> Option<Expression> {
        let written = self.text.convention.as_ref().map_or(MassActionConvention::Binomial, |(c, _)| *c);
        let factor = written.factor_to(MassActionConvention::Binomial, reactants.iter().map(|&(_, nu)| nu));
        if !factor.is_finite() {
            let text = "the factorial of a stoichiometric coefficient".into();
            self.fault(Problem::NumberTooLarge { text }, span, None);
            return None;
        }
        Some(match k {
            k if factor == 1.0 => k,
            Expression::Number(k) => Expression::Number(factor * k),
            k => Expression::Binary(BinaryOperator::Multiply, Arc::new(Expression::Number(factor)), Arc::new(k)),
        })
    }
}

fn order(side: &[(SpeciesId, u32)]) -> u32 {
    side.iter().map(|&(_, nu)| nu).fold(0, u32::saturating_add)
}

/// -e, such that twice is nothing.
pub(in crate::format::crn) fn negated(e: &Expression) -> Expression {
    match e {
        Expression::Number(x) => Expression::Number(-x),
        Expression::Unary(UnaryOperator::Negate, a) if a.as_number().is_none() => (**a).clone(),
        e => Expression::Unary(UnaryOperator::Negate, Arc::new(e.clone())),
    }
}
