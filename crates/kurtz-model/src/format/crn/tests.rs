use super::*;
use crate::kinetics::Kinetics;
use crate::network::*;

fn network(text: &str) -> Network {
    match parse(text, "test.crn") {
        Ok((network, _)) => network,
        Err(problems) => panic!("{text}\n{problems}"),
    }
}

fn problems(text: &str) -> String {
    match parse(text, "test.crn") {
        Ok((network, _)) => panic!("{text}\nis read as\n{}", network.to_crn()),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn the_epidermis_model_is_read_with_its_propensities() {
    let network = network(include_str!("../../../../../models/epidermis.crn"));
    let kinetics = Kinetics::new(&network).expect("a good model");
    assert_eq!(kinetics.initial(), [10.0, 0.0]);
    let expected = [0.09196 * 10.0, 0.924 * 10.0, 0.08404 * 10.0, 0.31 * 3.0];
    for (i, expected) in expected.into_iter().enumerate() {
        let found = kinetics.propensity(ReactionId::from(i), 0.0, &[10.0, 3.0]);
        assert!((found - expected).abs() < 1e-14, "{i}: {found} is not {expected}");
    }
    assert_eq!(super::parse(&network.to_crn(), "printed").expect("canonical text").0, network);
}
