//! The part of a network that moments, the master equation and learning follow: its reactions, without what only looks
//! at them.

use super::{Role, System};
use crate::expression::{Expression, Symbol};
use crate::kinetics::{Changes, KineticsError};
use crate::network::*;
use crate::units::Unit;
use std::collections::{HashMap, HashSet};

impl Network {
    /// The reactions of this network and what their rates read, and the names of what is left out: quantities that rules
    /// or events change and that no rate reads, such as `total := A + B`. Species with an assignment rule that rates do
    /// read are written out in them.
    ///
    /// A network without rules and events is returned as it is.
    ///
    /// # Errors
    /// As [`System::new`]; and [`KineticsError::NeedsSystem`], naming a rate rule, an event or a changing compartment
    /// that the rates do depend on.
    pub fn followed(&self) -> Result<(Network, Vec<String>), KineticsError> {
        if self.rules.is_empty() && self.events.is_empty() {
            return Ok((self.clone(), Vec::new()));
        }
        let system = System::new(self, &Changes::default())?;
        let laws: Vec<Expression> = (0..self.reactions.len()).map(|r| system.propensity(ReactionId::from(r))).collect();
        let read: HashSet<Variable> = laws.iter().flat_map(Expression::symbols).filter_map(Variable::of).collect();
        let counted = self.counted();
        let is_followed = |v: Variable| read.contains(&v) || matches!(v, Variable::Species(s) if counted[s.index()]);
        self.refuse(&system, is_followed)?;

        let is_assigned = |v: Variable| matches!(system.role(v), Role::Assigned(e) if !e.is_constant());
        let by_rule = |s: &Symbol| Variable::of(*s).is_some_and(is_assigned);
        let mut network = self.clone();
        let mut used: Vec<Variable> = Vec::new();
        for (reaction, law) in network.reactions.iter_mut().zip(laws) {
            // What takes part by mass action is read without being named.
            let taking_part = reaction.reactants.iter().map(|&(s, _)| Symbol::Species(s));
            let (RateLaw::MassAction(e) | RateLaw::Rate(e) | RateLaw::Propensity(e)) = &reaction.rate;
            let named: Vec<Symbol> = taking_part.chain(e.symbols()).collect();
            if named.iter().any(by_rule) {
                reaction.rate = RateLaw::Propensity(law);
            }
            used.extend(named.into_iter().filter_map(Variable::of));
        }
        let used = self.with_what_rules_read(used);
        let changed = |v: Variable| is_assigned(v) || system.position(v).is_some();
        let is_seen = |v: Variable| used.contains(&v) && !matches!(v, Variable::Species(_));
        let left_out: Vec<Variable> =
            self.variables().filter(|&v| changed(v) && !is_followed(v) && !is_seen(v)).collect();
        network.events.clear();
        network.rules.clear();
        network.settle(&system);
        let names = left_out.iter().map(|&v| self.variable_name(v).to_owned()).collect();
        let gone: HashSet<SpeciesId> = left_out
            .into_iter()
            .filter_map(|v| match v {
                Variable::Species(s) => Some(s),
                _ => None,
            })
            .collect();
        Ok((network.without(&gone), names))
    }

    /// Quantities, and all that those of them read that assignment rules give.
    fn with_what_rules_read(&self, mut open: Vec<Variable>) -> HashSet<Variable> {
        let rules = self.rules.iter().filter(|rule| rule.kind == RuleKind::Assignment);
        let rules: HashMap<Variable, &Expression> = rules.map(|rule| (rule.variable, &rule.expression)).collect();
        let mut all = HashSet::new();
        while let Some(variable) = open.pop() {
            if all.insert(variable)
                && let Some(e) = rules.get(&variable)
            {
                open.extend(e.symbols().into_iter().filter_map(Variable::of));
            }
        }
        all
    }

    /// Which species reactions change, `[species]`.
    fn counted(&self) -> Vec<bool> {
        let mut counted = vec![false; self.species.len()];
        for reaction in &self.reactions {
            let whole = reaction.net_change().into_iter().map(|(s, _)| s);
            for s in whole.chain(reaction.yields.iter().map(|&(s, _)| s)) {
                counted[s.index()] |= !self.species[s.index()].clamped;
            }
        }
        counted
    }

    /// Refuses rate rules and events for what is followed, and sizes that change around it.
    fn refuse(&self, system: &System, is_followed: impl Fn(Variable) -> bool) -> Result<(), KineticsError> {
        let needs = |what: String| Err(KineticsError::NeedsSystem { what });
        for event in &self.events {
            if event.assignments.iter().any(|&(v, _)| is_followed(v)) {
                return needs(format!("event `{}`", event.name));
            }
        }
        for rule in &self.rules {
            let name = self.variable_name(rule.variable);
            match (rule.kind, rule.variable) {
                (RuleKind::Rate, v) if is_followed(v) => return needs(format!("the rate rule for `{name}`")),
                (_, Variable::Compartment(c)) => {
                    let varies = !matches!(system.role(rule.variable), Role::Constant(_))
                        && !matches!(system.role(rule.variable), Role::Assigned(e) if e.is_constant());
                    let around =
                        |(i, s): (usize, &Species)| s.compartment == c && is_followed(Variable::Species(i.into()));
                    if varies && self.species.iter().enumerate().any(around) {
                        return needs(format!("the rule for `{name}`"));
                    }
                }
                _ => {}
            }
        }
        let set = self.events.iter().flat_map(|e| e.assignments.iter().map(move |&(v, _)| (v, e)));
        for (variable, event) in set {
            let Variable::Compartment(c) = variable else { continue };
            let around = |(i, s): (usize, &Species)| s.compartment == c && is_followed(Variable::Species(i.into()));
            if self.species.iter().enumerate().any(around) {
                return needs(format!("event `{}`", event.name));
            }
        }
        Ok(())
    }

    /// Puts numbers for initial values that rules give, or that are worked out from species.
    fn settle(&mut self, system: &System) {
        let number = |value| Value::Quantity(Quantity { value, unit: Unit::unspecified() });
        let reads_species = |value: &Value| matches!(value, Value::Expression(e) if e.symbols().iter().any(|s| !matches!(s, Symbol::Parameter(_))));
        let ruled: HashSet<Variable> = system.network().rules.iter().map(|rule| rule.variable).collect();
        for (i, compartment) in self.compartments.iter_mut().enumerate() {
            let variable = Variable::Compartment(i.into());
            if ruled.contains(&variable) || reads_species(&compartment.size) {
                compartment.size = number(system.initial_value(variable));
            }
        }
        for (i, parameter) in self.parameters.iter_mut().enumerate() {
            let variable = Variable::Parameter(i.into());
            // What nothing can read any more may have no value.
            if ruled.contains(&variable) || reads_species(&parameter.value) {
                let value = system.initial_value(variable);
                parameter.value = number(if value.is_finite() { value } else { 0.0 });
            }
        }
        for (i, species) in self.species.iter_mut().enumerate() {
            let variable = Variable::Species(i.into());
            let (Initial::Count(value) | Initial::Concentration(value)) = &species.initial;
            if ruled.contains(&variable) || reads_species(value) {
                let amount = system.initial_value(variable);
                let size = system.initial_value(Variable::Compartment(species.compartment));
                species.initial = match species.initial {
                    Initial::Count(_) => Initial::Count(number(amount)),
                    Initial::Concentration(_) => Initial::Concentration(number(amount / size)),
                };
            }
        }
    }

    /// This network without these species, which no law reads.
    fn without(&self, gone: &HashSet<SpeciesId>) -> Network {
        if gone.is_empty() {
            return self.clone();
        }
        let mut place = vec![None; self.species.len()];
        let mut kept = 0;
        for (i, place) in place.iter_mut().enumerate() {
            if !gone.contains(&SpeciesId::from(i)) {
                *place = Some(SpeciesId::from(kept));
                kept += 1;
            }
        }
        let renamed = |e: &Expression| {
            e.substitute(|symbol| match symbol {
                Symbol::Species(s) => place[s.index()].map(Expression::from),
                _ => None,
            })
        };
        let mut network = self.clone();
        network.species =
            self.species.iter().zip(&place).filter(|(_, p)| p.is_some()).map(|(s, _)| s.clone()).collect();
        for reaction in &mut network.reactions {
            let moved = |(s, n): (SpeciesId, u32)| place[s.index()].map(|s| (s, n));
            reaction.reactants = std::mem::take(&mut reaction.reactants).into_iter().filter_map(moved).collect();
            reaction.products = std::mem::take(&mut reaction.products).into_iter().filter_map(moved).collect();
            reaction.yields = std::mem::take(&mut reaction.yields)
                .into_iter()
                .filter_map(|(s, e)| place[s.index()].map(|s| (s, renamed(&e))))
                .collect();
            reaction.rate = match &reaction.rate {
                RateLaw::MassAction(e) => RateLaw::MassAction(renamed(e)),
                RateLaw::Rate(e) => RateLaw::Rate(renamed(e)),
                RateLaw::Propensity(e) => RateLaw::Propensity(renamed(e)),
            };
        }
        network
    }
}

#[cfg(test)]
mod tests {
    use crate::format::crn;
    use crate::kinetics::{Kinetics, KineticsError};
    use crate::network::{Network, ReactionId};

    fn network(text: &str) -> Network {
        crn::parse(text, "test").unwrap_or_else(|e| panic!("{e}")).0
    }

    #[test]
    fn what_only_looks_at_the_reactions_is_left_out() {
        let text = "species A = 10, B = 5\nclamped species total = 0, seen = 1\nparameter k = 0.5, y = 0, z = 3\n\
                    A -> B @ k\nB -> A @ propensity(2*k*B)\ntotal := A + B\ny := A^2\ndz/dt = y\n\
                    E: when A > 3: seen = 7\n";
        let (followed, left_out) = network(text).followed().expect("rules are outputs only");
        assert_eq!(left_out, ["total", "seen", "y", "z"]);
        let names: Vec<&str> = followed.species.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
        let kinetics = Kinetics::new(&followed).expect("only reactions are left");
        assert_eq!(kinetics.propensity(ReactionId(0), 0.0, &[10.0, 5.0]), 5.0);
        assert_eq!(kinetics.propensity(ReactionId(1), 0.0, &[10.0, 5.0]), 5.0);
        let plain = network("species A = 1\nA -> 0 @ 2");
        assert_eq!(plain.followed().expect("nothing to do"), (plain.clone(), Vec::new()));
    }

    #[test]
    fn species_given_by_rules_are_written_out_where_rates_read_them() {
        let text = "compartment cell = 2\nspecies A = 10, B = 5\nclamped species S = 0, T = 0\nparameter k = 0.5\n\
                    S + A -> B @ k\nB -> A @ rate(k*S)\nB -> 0 @ propensity(k*T)\nS := A + 2*B\nT := S/2\n";
        let whole = network(text);
        let (followed, left_out) = whole.followed().expect("rules can be written out");
        assert_eq!(left_out, ["S", "T"]);
        let kinetics = Kinetics::new(&followed).expect("only reactions are left");
        // S = 20: k S A / V, V k S/V, k S/2.
        let propensities = [0, 1, 2].map(|r| kinetics.propensity(ReactionId(r), 0.0, &[10.0, 5.0]));
        assert_eq!(propensities, [50.0, 10.0, 5.0]);
    }

    #[test]
    fn what_the_rates_depend_on_is_refused_by_name() {
        let refused = |text: &str| match network(text).followed() {
            Err(KineticsError::NeedsSystem { what }) => what,
            other => panic!("{other:?}"),
        };
        let model = "compartment cell = 2\nspecies A = 10\nparameter k = 0.5, j = 1\nA -> 0 @ propensity(k*A)\n";
        assert!(refused(&format!("{model}dk/dt = 1\n")).contains("`k`"));
        assert!(refused(&format!("{model}E: when A < 3: A = 10\n")).contains("`E`"));
        assert!(refused(&format!("{model}E: when A < 3: k = 1\n")).contains("`E`"));
        assert!(refused(&format!("{model}cell := 2 + j*time\n")).contains("`cell`"));
        assert!(refused(&format!("{model}E: when A < 3: cell = 1\n")).contains("`E`"));
        // A size that a rule gives once and for all is a number.
        let (followed, left_out) = network(&format!("{model}cell := 4*j\n")).followed().expect("a constant size");
        assert!(left_out.is_empty());
        assert_eq!(Kinetics::new(&followed).expect("good").volumes(), [4.0]);
    }
}
