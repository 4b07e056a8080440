//! Rates of change in symbols: for `rateOf`, and for amounts where a concentration has a rate rule in a compartment
//! that grows.

use super::document::{Reading, Stoichiometry};
use super::names::Kind;
use super::problem::SbmlProblem;
use super::xml::{self, Finding};
use crate::expression::{Expression, Symbol};
use crate::network::{CompartmentId, SpeciesId};

/// Rates may need each other this deep.
const DEEPEST: usize = 300;
/// Derivatives of quantities that assignment rules give have no more parts than this.
const MOST_PARTS: usize = 20_000;

impl Reading<'_, '_> {
    /// The derivative by time of what the id of a thing stands for (section 3.4.6.2).
    pub fn rate_of(&mut self, thing: u32) -> Result<Expression, Finding> {
        if let Some(known) = self.rates.get(&thing) {
            return Ok(known.clone());
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            let what = format!("the rate of change of {}", self.describe(thing));
            return Err(Finding::new(SbmlProblem::RatesTooDeep { what, limit: DEEPEST }, self.names.get(thing).at));
        }
        self.rated.push(thing);
        let rate = match self.names.get(thing).kind {
            Kind::Species(species) if self.species[species.index()].in_concentration => {
                // (n/V)' = (n' - n/V V') / V
                let compartment = self.network.species[species.index()].compartment;
                let (volume, growth) = (Expression::from(compartment), self.growth(compartment)?);
                let change = self.amount_rate(species)?;
                match growth {
                    None => change / volume,
                    Some(growth) => (change - Expression::from(species) / &volume * growth) / volume,
                }
            }
            Kind::Species(species) => self.amount_rate(species)?,
            Kind::Reaction(reaction) => match self.reactions[reaction.index()].law {
                Some(law) => {
                    let law = self.expression(law)?;
                    self.derivative(&law)?
                }
                None => Expression::number(0.0),
            },
            _ => match (self.rate.get(&thing), self.assignment.get(&thing)) {
                (Some(rule), _) => self.expression(rule.formula)?,
                (None, Some(rule)) => {
                    let value = self.expression(rule.formula)?;
                    self.derivative(&value)?
                }
                (None, None) => Expression::number(0.0),
            },
        };
        self.depth -= 1;
        self.rated.pop();
        self.rates.insert(thing, rate.clone());
        Ok(rate)
    }

    /// The rate at which a compartment grows; none if it does not.
    pub fn growth(&mut self, compartment: CompartmentId) -> Result<Option<Expression>, Finding> {
        let growth = self.rate_of(self.compartments[compartment.index()].thing)?;
        Ok(Some(growth).filter(|g| g.as_number() != Some(0.0)))
    }

    /// The derivative of the amount of a species by time.
    pub fn amount_rate(&mut self, species: SpeciesId) -> Result<Expression, Finding> {
        if let Some(known) = self.amount_rates.get(&species) {
            return Ok(known.clone());
        }
        let rate = self.work_out_amount_rate(species)?;
        self.amount_rates.insert(species, rate.clone());
        Ok(rate)
    }

    fn work_out_amount_rate(&mut self, species: SpeciesId) -> Result<Expression, Finding> {
        let facts = &self.species[species.index()];
        let (thing, fixed, in_concentration) = (facts.thing, facts.fixed, facts.in_concentration);
        let compartment = self.network.species[species.index()].compartment;
        let volume = Expression::from(compartment);
        if let Some(rule) = self.rate.get(&thing) {
            let law = self.expression(rule.formula)?;
            if !in_concentration {
                return Ok(law);
            }
            // n' = (c V)' = c' V + n/V V'
            return Ok(match self.growth(compartment)? {
                None => law * volume,
                Some(growth) => law * &volume + Expression::from(species) / volume * growth,
            });
        }
        if let Some(rule) = self.assignment.get(&thing) {
            let value = self.expression(rule.formula)?;
            return self.derivative(&if in_concentration { value * volume } else { value });
        }
        if fixed {
            return Ok(Expression::number(0.0));
        }
        let mut rate: Option<Expression> = None;
        for (reaction, term) in self.changes[species.index()].clone() {
            let Some(law) = self.reactions[reaction].law else {
                continue;
            };
            let change = self.change(reaction, term)? * self.expression(law)?;
            rate = Some(match rate {
                None => change,
                Some(rate) => rate + change,
            });
        }
        Ok(rate.unwrap_or(Expression::number(0.0)))
    }

    /// How much of its species a term of a reaction makes in one extent, conversion factor included; not evaluated.
    pub fn change(&mut self, reaction: usize, term: usize) -> Result<Expression, Finding> {
        let term = &self.reactions[reaction].terms[term];
        let (species, is_product) = (term.species, term.is_product);
        let count = match term.stoichiometry {
            Stoichiometry::Number(x) => Expression::number(x),
            Stoichiometry::Reference(thing) => match self.names.get(thing).kind {
                Kind::Reference(p) => p.into(),
                _ => Expression::number(f64::NAN),
            },
            Stoichiometry::Formula(formula) => self.expression(formula)?,
            Stoichiometry::Math(_) => Expression::number(f64::NAN),
        };
        let count = match self.species[species.index()].conversion.map(|thing| self.names.get(thing).kind) {
            Some(Kind::Parameter(factor)) => count * Expression::from(factor),
            _ => count,
        };
        Ok(match (is_product, count) {
            (true, count) => count,
            (false, Expression::Number(x)) => Expression::number(-x),
            (false, count) => -count,
        })
    }

    /// The derivative by time of an expression over quantities that change, by the chain rule.
    fn derivative(&mut self, expression: &Expression) -> Result<Expression, Finding> {
        let mut sum: Option<Expression> = None;
        for symbol in expression.symbols() {
            let inner = match symbol {
                Symbol::Time => Expression::number(1.0),
                Symbol::Species(s) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return self.rate_of(self.species[s.index()].thing);
                    }
                    let rate = self.amount_rate(s)?;
                    self.depth -= 1;
                    rate
                }
                Symbol::Parameter(p) => self.rate_of(self.parameters[p.index()])?,
                Symbol::Compartment(c) => self.rate_of(self.compartments[c.index()].thing)?,
            };
            if inner.as_number() == Some(0.0) {
                continue;
            }
            let term = expression.derivative(symbol) * inner;
            if term.stored_nodes() > MOST_PARTS {
                let what = "the derivative of an assignment rule".to_string();
                return Err(Finding::new(SbmlProblem::TooLarge { what, limit: MOST_PARTS }, xml::at(self.model)));
            }
            sum = Some(match sum {
                None => term,
                Some(sum) => sum + term,
            });
        }
        Ok(sum.map_or(Expression::number(0.0), |sum| sum.simplify()))
    }
}
