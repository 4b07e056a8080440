//! Claims about the engine.

mod conservation;
mod equations;
mod events;
mod preparation;
mod stochastic;

use super::*;
use crate::progress::Silent;
use kurtz_model::expression::BinaryOperator as B;
use kurtz_model::{Event, Expression, Network, Rule, RuleKind, Symbol, System, Variable};

/// The network of a `.crn` text, to which rules and events are added by hand.
fn network(text: &str) -> Network {
    crate::testing::networks::network(text)
}

fn bound(network: &Network) -> System {
    System::new(network, &Default::default()).expect("the network is good")
}

/// A quantity by its name.
fn of(network: &Network, name: &str) -> Variable {
    let parameter = || network.parameter_named(name).map(Variable::Parameter);
    let compartment = || network.compartment_named(name).map(Variable::Compartment);
    let species = network.species_named(name).map(Variable::Species);
    species.or_else(parameter).or_else(compartment).expect("the name is known")
}

fn value_of(network: &Network, name: &str) -> Expression {
    Expression::Symbol(of(network, name).into())
}

fn time() -> Expression {
    Expression::Symbol(Symbol::Time)
}

fn at_least(a: impl Into<Expression>, b: impl Into<Expression>) -> Expression {
    Expression::binary(B::GreaterEqual, a, b)
}

/// An event as most are: not true before the start, persistent, at once.
fn event(network: &Network, name: &str, trigger: Expression, set: &[(&str, Expression)]) -> Event {
    Event {
        name: name.into(),
        trigger,
        initially_true: false,
        persistent: true,
        delay: None,
        priority: None,
        values_from_trigger_time: true,
        assignments: set.iter().map(|(name, e)| (of(network, name), e.clone())).collect(),
    }
}

fn rule(network: &mut Network, kind: RuleKind, name: &str, expression: Expression) {
    network.rules.push(Rule { variable: of(network, name), kind, expression });
}

/// The course of some quantities at `times`.
fn course(network: &Network, names: &[&str], times: &[f64]) -> Course {
    let system = bound(network);
    let observables: Vec<_> = names.iter().map(|name| system.observable(name).expect("known")).collect();
    let settings = Integrate { relative_tolerance: 1e-9, ..Integrate::default() };
    integrate(&system, times, &observables, &settings, &Silent).expect("good settings")
}

#[track_caller]
fn assert_near(value: f64, truth: f64, tolerance: f64) {
    assert!((value - truth).abs() <= tolerance * truth.abs().max(1e-3), "{value} but {truth} expected");
}
