//! The page `docs/reference/crn.md`, tested by its examples.

use super::*;
use crate::System;
use crate::expression::Function;
use crate::kinetics::Changes;

const PAGE: &str = include_str!("../../../../../../docs/reference/crn.md");

/// The contents of the blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let parts = PAGE.split("```").skip(1).step_by(2);
    parts.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

#[test]
fn the_examples_of_the_reference_are_models() {
    let examples = blocks("crn");
    assert!(examples.len() >= 7, "only {} examples found", examples.len());
    for example in examples {
        let (network, warnings) = parse(example, "example").unwrap_or_else(|e| panic!("{e}"));
        assert!(warnings.is_empty(), "{}", warnings[0]);
        assert_eq!(self::network(&network.to_crn()), network);
        System::new(&network, &Changes::default()).unwrap_or_else(|e| panic!("{example}\n{e}"));
    }
}

#[test]
fn the_examples_mean_what_the_reference_says() {
    let examples = blocks("crn");
    let example = |word: &str| kinetics(examples.iter().find(|e| e.contains(word)).expect("an example"));
    let rates = example("each half in its own way");
    let expected = [0.1 * 40.0 * 39.0 / 40.0, 20.0 * 2.0 * 2.0 / 2.5, 0.1 * 45.0, 0.1 * 40.0, 20.0 * 0.1 * 0.25];
    for (i, expected) in (0..).zip(expected) {
        let found = rates.propensity(ReactionId(i), 0.0, &[40.0, 10.0]);
        assert!((found / expected - 1.0).abs() < 1e-14, "{i}: {found} is not {expected}");
    }
    let power = example("convention power");
    let found = power.propensity(ReactionId(0), 0.0, &[40.0]);
    assert!((found - 0.1 * 40.0 * 39.0 / 20.0).abs() < 1e-12, "{found}");
    let names = example("fold, unfold");
    let names: Vec<&str> = names.network().reactions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["synthesis", "pairing", "binding", "binding_reverse", "fold", "unfold", "reaction_5"]);
}

#[test]
fn the_reference_names_all_functions_and_words() {
    for name in Function::ALL.into_iter().map(Function::name).chain(syntax::STATEMENTS.iter().copied()) {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
}
