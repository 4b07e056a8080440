//! From the mathematics of SBML to expressions: what names stand for.

use super::document::{Progress, Reading};
use super::graph::{Id, Part};
use super::names::Kind;
use super::problem::SbmlProblem;
use super::xml::Finding;
use crate::expression::{Expression, Symbol};
use crate::network::SpeciesId;
use std::sync::Arc;

/// A part still to be translated, or to be put together from its translated operands.
enum Task {
    Open(Id),
    Close(Id),
}

impl Reading<'_, '_> {
    /// A formula in the terms of the network: species as amounts, laws for the ids of reactions, right-hand sides for
    /// `rateOf`. Parts that occur in several formulas are shared.
    pub fn expression(&mut self, formula: Id) -> Result<Expression, Finding> {
        let mut tasks = vec![Task::Open(formula)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Open(id) => match self.progress(id) {
                    Progress::Done(_) => {}
                    Progress::Open => return Err(self.circle(id, &tasks)),
                    Progress::New => {
                        *self.progress(id) = Progress::Open;
                        tasks.push(Task::Close(id));
                        self.operands(id, |operand| tasks.push(Task::Open(operand)));
                    }
                },
                Task::Close(id) => {
                    let expression = self.put_together(id)?;
                    *self.progress(id) = Progress::Done(expression);
                }
            }
        }
        Ok((*self.done(formula)).clone())
    }

    fn progress(&mut self, id: Id) -> &mut Progress {
        if self.translated.len() <= id as usize {
            self.translated.resize(id as usize + 1, Progress::New);
        }
        &mut self.translated[id as usize]
    }

    fn done(&self, id: Id) -> Arc<Expression> {
        match &self.translated[id as usize] {
            Progress::Done(expression) => Arc::clone(expression),
            _ => unreachable!("operands are translated first"),
        }
    }

    /// What must be translated before a part.
    fn operands(&self, id: Id, mut see: impl FnMut(Id)) {
        match self.graph.part(id) {
            Part::Thing(thing) => {
                if let Kind::Reaction(reaction) = self.names.get(*thing).kind
                    && let Some(law) = self.reactions[reaction.index()].law
                {
                    see(law);
                }
            }
            // Its argument is a name, not a value.
            Part::RateOf(_) => {}
            part => part.for_each_operand(see),
        }
    }

    fn put_together(&mut self, id: Id) -> Result<Arc<Expression>, Finding> {
        let value = |id: &Id| (*self.done(*id)).clone();
        Ok(Arc::new(match self.graph.part(id) {
            Part::Number(bits) => Expression::Number(f64::from_bits(*bits)),
            Part::Time => Symbol::Time.into(),
            Part::Thing(thing) => return self.named(*thing),
            Part::RateOf(target) => {
                let &Part::Thing(thing) = self.graph.part(*target) else {
                    let problem =
                        SbmlProblem::Math { what: "rateOf".into(), reason: "its argument is not a name".into() };
                    return Err(Finding::new(problem, super::xml::at(self.model)));
                };
                return self.rate_of(thing).map(Arc::new);
            }
            Part::Unary(operator, a) => Expression::Unary(*operator, self.done(*a)),
            Part::Binary(operator, a, b) => Expression::Binary(*operator, self.done(*a), self.done(*b)),
            Part::Call(function, operands) => Expression::Call(*function, operands.iter().map(value).collect()),
            Part::Piecewise(operands) => {
                let (pieces, otherwise) = operands.as_chunks::<2>();
                let pieces = pieces.iter().map(|[a, condition]| (value(a), value(condition))).collect();
                Expression::Piecewise(pieces, self.done(otherwise[0]))
            }
            Part::Argument(_) => unreachable!("functions are expanded"),
        }))
    }

    /// What the id of something stands for.
    fn named(&self, thing: u32) -> Result<Arc<Expression>, Finding> {
        let expression = match self.names.get(thing).kind {
            Kind::Compartment(c) => c.into(),
            Kind::Parameter(p) | Kind::Reference(p) => p.into(),
            Kind::Species(s) => self.quantity(s),
            Kind::Reaction(r) => match self.reactions[r.index()].law {
                Some(law) => return Ok(self.done(law)),
                None => {
                    let reason = "it has no kinetic law, so its id has no value".to_string();
                    let problem = SbmlProblem::Math { what: self.describe(thing), reason };
                    return Err(Finding::new(problem, self.names.get(thing).at));
                }
            },
            Kind::Function(_) | Kind::Event | Kind::Other => unreachable!("refused where the name was read"),
        };
        Ok(Arc::new(expression))
    }

    /// What the id of a species stands for: its amount, or its concentration.
    fn quantity(&self, species: SpeciesId) -> Expression {
        let amount = Expression::from(species);
        if !self.species[species.index()].in_concentration {
            return amount;
        }
        amount / Expression::from(self.network.species[species.index()].compartment)
    }

    /// The circle that closes where a part is needed for itself: the laws of reactions on the way.
    fn circle(&self, id: Id, tasks: &[Task]) -> Finding {
        let name = |id: Id| match self.graph.part(id) {
            Part::Thing(thing) => Some(*thing),
            Part::RateOf(target) => match self.graph.part(*target) {
                Part::Thing(thing) => Some(*thing),
                _ => None,
            },
            _ => None,
        };
        let open = tasks.iter().filter_map(|task| match task {
            Task::Close(id) => Some(*id),
            Task::Open(_) => None,
        });
        let mut things: Vec<u32> = open.skip_while(|&open| open != id).chain([id]).filter_map(name).collect();
        if things.is_empty() {
            // It closes through rates of change.
            things.clone_from(&self.rated);
        }
        let through = things.iter().take(20).map(|&thing| self.names.get(thing).id.clone()).collect();
        let first = things.first().copied();
        let what = first.map_or_else(|| "a formula".to_string(), |thing| self.describe(thing));
        let at = first.map_or(super::xml::at(self.model), |thing| self.names.get(thing).at);
        Finding::new(SbmlProblem::Cycle { what, through }, at)
    }
}
