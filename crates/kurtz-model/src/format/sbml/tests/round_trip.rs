//! What is written means what was meant.

use super::cases;
use crate::expression::{Expression, Symbol};
use crate::format::sbml::{read, write};
use crate::kinetics::Changes;
use crate::network::{Network, ReactionId};
use crate::system::System;
use std::path::Path;

/// Some value of ordinary size for each quantity.
fn value(symbol: Symbol, round: u64) -> f64 {
    let seed = match symbol {
        Symbol::Species(s) => s.0,
        Symbol::Parameter(p) => 1000 + p.0,
        Symbol::Compartment(c) => 2000 + c.0,
        Symbol::Time => 3000,
    };
    let mixed = (u64::from(seed) + 1 + 7919 * round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let fraction = (mixed >> 11) as f64 / (1u64 << 53) as f64;
    // Amounts are whole and large enough that a law of several molecules of a species is positive.
    if matches!(symbol, Symbol::Species(_)) { (5.0 + 50.0 * fraction).floor() } else { 0.2 + fraction }
}

fn evaluate(system: &System, expression: &Expression, round: u64) -> f64 {
    system.resolve(expression).evaluate(&|symbol| value(symbol, round))
}

fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Everything that happens in a network, in numbers, at some state.
fn dynamics(network: &Network, round: u64) -> Result<Vec<(String, f64)>, String> {
    let system = System::new(network, &Changes::default()).map_err(|e| e.to_string())?;
    let mut all = Vec::new();
    for (i, reaction) in network.reactions.iter().enumerate() {
        let propensity = system.propensity(ReactionId::from(i));
        all.push((format!("law {i}"), evaluate(&system, &propensity, round)));
        let mut change = vec![0.0; network.species.len()];
        reaction.net_change().iter().for_each(|&(s, n)| change[s.index()] += n as f64);
        for (s, amount) in &reaction.yields {
            change[s.index()] += evaluate(&system, amount, round);
        }
        let free = change.iter().enumerate().filter(|(s, _)| !network.species[*s].clamped);
        all.extend(free.map(|(s, &x)| (format!("change {i} of {s}"), x)));
    }
    let mut rules: Vec<(String, f64)> = Vec::new();
    for rule in &network.rules {
        rules.push((format!("{:?} {:?}", rule.variable, rule.kind), evaluate(&system, &rule.expression, round)));
    }
    rules.sort_by(|a, b| a.0.cmp(&b.0));
    all.extend(rules);
    for (i, event) in network.events.iter().enumerate() {
        let flags = [event.initially_true, event.persistent, event.values_from_trigger_time];
        all.extend(flags.map(|flag| (format!("flag of event {i}"), f64::from(u8::from(flag)))));
        let parts = [Some(&event.trigger), event.delay.as_ref(), event.priority.as_ref()];
        for part in parts {
            all.push((format!("part of event {i}"), part.map_or(-1.0, |part| evaluate(&system, part, round))));
        }
        for (variable, expression) in &event.assignments {
            all.push((format!("event {i} sets {variable:?}"), evaluate(&system, expression, round)));
        }
    }
    for variable in network.variables() {
        all.push((format!("start of {variable:?}"), system.initial_value(variable)));
    }
    Ok(all)
}

/// What is different after writing and reading, if anything.
fn difference(network: &Network) -> Result<(), String> {
    let text = write(network).map_err(|e| e.to_string())?;
    let (back, _) = read(text.as_bytes(), "written").map_err(|e| format!("{e}\n{text}"))?;
    for round in 0..3 {
        let before = dynamics(network, round)?;
        let mut after = dynamics(&back, round)?;
        // Stoichiometries that are expressions have become parameters with rules.
        let known: std::collections::HashSet<&String> = before.iter().map(|(what, _)| what).collect();
        after.retain(|(what, _)| known.contains(what) || !what.contains("Parameter"));
        if before.len() != after.len() {
            return Err(format!("{} numbers became {}\n{text}", before.len(), after.len()));
        }
        for ((what, a), (other, b)) in before.iter().zip(&after) {
            if what != other || !same(*a, *b) {
                return Err(format!("{what} is {a}; {other} is {b}\n{text}"));
            }
        }
    }
    Ok(())
}

#[test]
fn all_given_cases_mean_the_same_after_writing_and_reading() {
    let mut ignored = Vec::new();
    let mut faults = Vec::new();
    for (path, network, _) in cases::models(&mut ignored) {
        if let Err(fault) = difference(&network) {
            faults.push(format!("{}: {fault}", path.display()));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn all_models_of_the_zoo_mean_the_same_after_writing_and_reading() {
    let mut seen = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the zoo is there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "crn") {
                let (network, _) = crate::format::crn::read(&path).expect("a good model");
                difference(&network).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "{seen} models");
}
