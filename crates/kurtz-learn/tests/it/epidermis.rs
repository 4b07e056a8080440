//! The epidermis model from real trajectories.

use crate::{model, simulate};
use kurtz_learn::fit::{FitSettings, ShootingSettings, WeightedData, Weighting};
use kurtz_learn::reactions::{Candidate, candidates_of, enumerate_candidates, fit_parameters};
use kurtz_learn::{Condition, EquationSettings, LearnReport, RateSettings, learn_equations, learn_reactions};
use kurtz_model::kinetics::Changes;

const TRUTH: [(&str, f64); 4] = [("A -> 2 A", 0.09196), ("A -> A + B", 0.924), ("A -> 2 B", 0.08404), ("B -> 0", 0.31)];

fn from(n: f64) -> Changes {
    Changes { initial: vec![("A".into(), n)], ..Changes::default() }
}

#[test]
fn reactions_and_parameters_are_learned_from_simulated_trajectories() {
    let network = model("epidermis");
    let species = ["A", "B"].map(String::from);
    let series = simulate(&network, &from(10.0), 20_000, 1, 20.0, 20, 2);
    // All reactions of first order are offered, not only those of the model.
    let all: Vec<Candidate> = enumerate_candidates(&species, &Default::default()).unwrap();
    let learned = learn_reactions(std::slice::from_ref(&series), 1.0, &all, None, &RateSettings::default()).unwrap();
    for reaction in &learned.report.reactions {
        match TRUTH.iter().find(|(equation, _)| *equation == reaction.equation) {
            Some((equation, rate)) => {
                let z = (reaction.rate.value - rate) / reaction.rate.standard_error.unwrap();
                assert!(reaction.selected && z.abs() < 4.9, "{equation}: {z} standard errors");
            }
            None => assert!(!reaction.selected && reaction.rate.upper.unwrap() < 0.02, "{reaction:?}"),
        }
    }
    assert!(learned.report.goodness.p_value > 1e-6);

    // The network's own parameters, from a start that is far off.
    let mut far = network.clone();
    for (parameter, value) in far.parameters.iter_mut().zip([0.5, 0.2, 0.3, 1.0]) {
        if let kurtz_model::Value::Quantity(q) = &mut parameter.value {
            q.value = value;
        }
    }
    let condition = Condition::from_moments("A=10", &series, 2).unwrap();
    let data = WeightedData::new(vec![condition], Weighting::Full).unwrap();
    let free: Vec<String> = network.parameters.iter().map(|p| p.name.clone()).collect();
    let (fits, steps) = (FitSettings::default(), ShootingSettings::default());
    let found = fit_parameters(&far, &free, &data, 2, None, &fits, &steps).unwrap();
    let true_values = kurtz_model::Kinetics::new(&network).unwrap().parameters().to_vec();
    for (k, truth) in true_values.iter().enumerate() {
        let z = (found.fit.parameters[k] - truth) / found.fit.standard_error(k);
        assert!(z.abs() < 4.9, "{}: {z} standard errors", free[k]);
    }
}

#[test]
fn structure_is_exact_from_three_initial_states() {
    let network = model("epidermis");
    for seed in 0..2 {
        let conditions: Vec<Condition> = [5.0, 10.0, 20.0]
            .iter()
            .map(|&n| {
                let series = simulate(&network, &from(n), 10_000, seed, 20.0, 20, 1);
                Condition::from_moments(format!("A={n}"), &series, 1).unwrap()
            })
            .collect();
        let learned = learn_equations(&conditions, &EquationSettings::default()).unwrap();
        assert_eq!(learned.structures.best().terms, [0, 5, 6], "seed {seed}");
    }
}

#[test]
#[ignore = "minutes: ten times a million trajectories; cargo test --release -p kurtz-learn -- --ignored ten_seeds"]
fn structure_is_exact_in_ten_seeds_of_a_million_simulated_trajectories() {
    let network = model("epidermis");
    let exact = (0..10).filter(|&seed| {
        let runs = [(5.0, 333_333), (10.0, 333_333), (20.0, 333_334)];
        let condition = |(n, trajectories): (f64, u64)| {
            let series = simulate(&network, &from(n), trajectories, seed, 20.0, 20, 1);
            Condition::from_moments(format!("A={n}"), &series, 1).unwrap()
        };
        let learned = learn_equations(&runs.map(condition), &EquationSettings::default()).unwrap();
        println!("seed {seed}: {:?}", learned.structures.best().terms);
        learned.structures.best().terms == [0, 5, 6]
    });
    assert!(exact.count() >= 9);
}

#[test]
fn a_report_survives_json() {
    let network = model("epidermis");
    let species = ["A", "B"].map(String::from);
    let series = simulate(&network, &from(10.0), 2_000, 3, 20.0, 10, 2);
    let candidates = candidates_of(&network, &species).unwrap();
    let learned = learn_reactions(&[series], 1.0, &candidates, None, &RateSettings::default()).unwrap();
    let text = serde_json::to_string(&learned.report).unwrap();
    let back: LearnReport = serde_json::from_str(&text).unwrap();
    // Numbers come back to the last digit but one.
    for (a, b) in back.reactions.iter().zip(&learned.report.reactions) {
        assert_eq!((&a.name, a.selected), (&b.name, b.selected));
        assert!((a.rate.value - b.rate.value).abs() <= 1e-15 && a.rate.upper.is_some());
    }
    assert_eq!(back.verdicts, learned.report.verdicts);
}
