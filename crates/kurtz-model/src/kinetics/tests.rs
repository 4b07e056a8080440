use super::*;
use proptest::prelude::*;

fn network(text: &str) -> Network {
    crate::format::crn::parse(text, "test.crn").unwrap_or_else(|problems| panic!("{text}\n{problems}")).0
}

fn kinetics(text: &str) -> Kinetics {
    Kinetics::new(&network(text)).unwrap_or_else(|error| panic!("{error}"))
}

/// A network whose description is put together wrongly by hand, which the text format would refuse.
fn broken(text: &str, breaking: impl Fn(&mut Network)) -> KineticsError {
    let mut network = network(text);
    breaking(&mut network);
    Kinetics::new(&network).expect_err("it is broken")
}

const MIXED: &str = "
    volume 3
    species A = 12, B = 5, C = 2
    clamped species E = 4
    parameter k = 0.7, K = 2.5
    a: 0 -> A @ k
    b: A -> B @ k
    c: 2 A -> C @ k
    d: A + B + E -> C + E @ k
    e: B -> C @ rate(k*B*E/(K + B))
    f: C -> A @ propensity(k*C*(1 + sin(time)))
    g: E -> E + B @ k
    h: B -> B + E @ k
    i: 0 -> C @ propensity(k*max(0, A - 3))";

proptest! {
    #![proptest_config(crate::expression::tests::fixed_cases(256))]

    #[test]
    fn all_ways_to_a_propensity_give_the_same_bits(
        states in prop::array::uniform8(prop::array::uniform4(0.0..30.0f64)),
        times in prop::array::uniform8(0.0..9.0f64),
    ) {
        let kinetics = kinetics(MIXED);
        let count = kinetics.laws().len();
        let lanes: Vec<[f64; 8]> = (0..4).map(|s| std::array::from_fn(|l| states[l][s])).collect();
        let mut batch = vec![[0.0; 8]; count];
        kinetics.propensities_lanes(times, &lanes, &mut Vec::new(), &mut batch);
        for l in 0..8 {
            let (mut all, mut rates) = (vec![0.0; count], vec![0.0; count]);
            kinetics.propensities_into(times[l], &states[l], &mut all);
            kinetics.rates_into(times[l], &states[l], &mut rates);
            for i in 0..count {
                let reaction = ReactionId::from(i);
                prop_assert_eq!(all[i].to_bits(), kinetics.propensity(reaction, times[l], &states[l]).to_bits());
                prop_assert_eq!(all[i].to_bits(), batch[i][l].to_bits());
                prop_assert_eq!(rates[i].to_bits(), kinetics.rate(reaction, times[l], &states[l]).to_bits());
            }
        }
    }
}

#[test]
fn propensities_follow_the_definition() {
    let kinetics = kinetics(MIXED);
    let (k, v) = (0.7, 3.0);
    let (a, b, c, e) = (12.0, 5.0, 2.0, 4.0);
    let time: f64 = 1.25;
    let expected = [
        k * v,
        k * a,
        k * a * (a - 1.0) / (2.0 * v),
        k * a * b * e / (v * v),
        v * k * (b / v) * (e / v) / (2.5 + b / v),
        k * c * (1.0 + time.sin()),
        k * e,
        k * b,
        k * (a - 3.0),
    ];
    let mut found = [0.0; 9];
    kinetics.propensities_into(time, kinetics.initial(), &mut found);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-13 * expected, "{found} against {expected}");
    }
    assert_eq!(kinetics.check_state(time, kinetics.initial()), Ok(()));
}

#[test]
fn mass_action_stands_in_flat_arrays() {
    let kinetics = kinetics(MIXED);
    let table = kinetics.mass_action();
    let names: Vec<&str> =
        table.reactions.iter().map(|r| kinetics.network().reactions[r.index()].name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "g", "h"]);
    assert_eq!(table.starts, [0, 0, 1, 2, 5, 6, 7]);
    assert_eq!(table.reactants_of(2), [(SpeciesId(0), 2)]);
    let counts = kinetics.initial();
    for (i, &reaction) in table.reactions.iter().enumerate() {
        let mut a = table.constants[i];
        for &(s, order) in table.reactants_of(i) {
            for used in 0..order {
                a *= counts[s.index()] - f64::from(used);
            }
        }
        assert_eq!(a, kinetics.propensity(reaction, 0.0, counts));
    }
    assert_eq!(kinetics.general_reactions(), [ReactionId(4), ReactionId(5), ReactionId(8)]);
    assert_eq!(kinetics.general_program().input_count(), 5);
}

#[test]
fn an_event_concerns_those_who_read_what_it_changes() {
    let kinetics = kinetics(MIXED);
    let name = |r: &ReactionId| kinetics.network().reactions[r.index()].name.clone();
    let dependents = |i: u32| kinetics.dependents(ReactionId(i)).iter().map(name).collect::<String>();
    // A is read by b, c, d, i; B by d, e, h; C by f; E, clamped, by d, e, g, which never hear of it.
    assert_eq!(dependents(0), "bcdi");
    assert_eq!(dependents(1), "bcdehi");
    assert_eq!(dependents(2), "bcdfi");
    assert_eq!(dependents(4), "defh");
    assert_eq!(dependents(5), "bcdfi");
    assert_eq!(dependents(6), "deh");
    assert_eq!(dependents(7), "");
    assert_eq!(dependents(8), "f");
    assert_eq!(kinetics.state_change(ReactionId(7)), []);
    assert_eq!(kinetics.state_change(ReactionId(2)), [(SpeciesId(0), -2), (SpeciesId(2), 1)]);
    assert_eq!(kinetics.species_read_by(ReactionId(4)), [SpeciesId(1), SpeciesId(3)]);
    let timed: Vec<bool> = (0..9).map(|i| kinetics.depends_on_time(ReactionId(i))).collect();
    assert_eq!(timed, [false, false, false, false, false, true, false, false, false]);
}

#[test]
fn a_dependent_is_exactly_one_whose_propensity_changes() {
    let kinetics = kinetics(MIXED);
    // A state without accidental equalities.
    let before = [17.0, 11.0, 7.0, 4.0];
    for i in 0..9 {
        let mut after = before;
        for &(s, change) in kinetics.state_change(ReactionId(i)) {
            after[s.index()] += change as f64;
        }
        let changed: Vec<ReactionId> = (0..9)
            .map(ReactionId)
            .filter(|&r| kinetics.propensity(r, 0.5, &before) != kinetics.propensity(r, 0.5, &after))
            .collect();
        assert_eq!(kinetics.dependents(ReactionId(i)), changed);
    }
}

#[test]
fn a_mass_action_constant_must_be_constant() {
    let text = "species A = 1, B = 1\nparameter k = 1\nr: A -> B @ k";
    let b = Expression::from(SpeciesId(1));
    for (extra, on) in [(b, "B"), (Symbol::Time.into(), "time")] {
        let error = broken(text, |network| {
            network.reactions[0].rate = crate::RateLaw::MassAction(2.0 * &extra);
        });
        assert_eq!(error, KineticsError::NotConstant { reaction: "r".into(), on: on.into() });
        assert!(error.to_string().contains("write `rate(...)`"), "{error}");
    }
}

#[test]
fn bad_numbers_are_refused() {
    let text = "volume 2\nspecies A = 1\nparameter k = 1\nr: A -> 0 @ k";
    let changed = |name: &str, to: f64| {
        let changes = Changes { parameters: vec![(name.into(), to)], ..Changes::default() };
        Kinetics::with_changes(&network(text), &changes).expect_err("it is bad")
    };
    assert_eq!(changed("k", -1.0), KineticsError::BadConstant { reaction: "r".into(), value: -1.0 });
    assert!(matches!(changed("k", f64::NAN), KineticsError::BadValue { .. }));
    assert_eq!(changed("q", 1.0).to_string(), "there is no parameter `q`; the network has k");
    for volume in [0.0, -1.0, f64::INFINITY] {
        let changes = Changes { volume: Some(volume), ..Changes::default() };
        assert!(matches!(Kinetics::with_changes(&network(text), &changes), Err(KineticsError::BadValue { .. })));
    }
    let changes = Changes { initial: vec![("A".into(), -2.0)], ..Changes::default() };
    let error = Kinetics::with_changes(&network(text), &changes).expect_err("it is bad");
    assert_eq!(error.to_string(), "the initial amount of `A` is -2; it must be a finite number >= 0");
}

#[test]
fn values_that_define_each_other_are_refused_and_long_chains_are_not() {
    let text = "species A = 1\nparameter p = 1, q = 2\nr: A -> 0 @ q";
    let parameter = |i: u32| Expression::from(crate::ParameterId(i));
    let error = broken(text, |network| {
        network.parameters[0].value = crate::Value::Expression(parameter(1) + 1.0);
        network.parameters[1].value = crate::Value::Expression(parameter(0) * 2.0);
    });
    let through = ["p", "q", "p"].map(String::from).to_vec();
    assert_eq!(error, KineticsError::Cycle { name: "p".into(), through });
    // A species stands for its number at the start.
    let mut initial = network(text);
    initial.parameters[0].value = crate::Value::Expression(SpeciesId(0).into());
    assert_eq!(Kinetics::new(&initial).expect("it is known").parameters(), [1.0, 2.0]);

    let mut long = network(text);
    for i in 2..50_000u32 {
        let value = crate::Value::Expression(parameter(if i == 49_999 { 1 } else { i + 1 }) + 1.0);
        long.parameters.push(crate::Parameter { name: format!("p{i}"), value });
    }
    let kinetics = Kinetics::new(&long).expect("a long chain is no circle");
    assert_eq!(kinetics.parameters()[2], 50_000.0);
}

#[test]
fn descriptions_that_refer_to_nothing_are_refused() {
    let text = "species A = 1, B = 1\nparameter k = 1\nr: A -> B @ k\ns: B -> A @ k";
    assert!(matches!(
        broken(text, |network| network.reactions[0].reactants[0].0 = SpeciesId(9)),
        KineticsError::OutOfRange { kind: "species", index: 9, available: 2, .. }
    ));
    assert!(matches!(
        broken(text, |network| network.reactions[1].rate = crate::RateLaw::Rate(crate::ParameterId(1).into())),
        KineticsError::OutOfRange { kind: "parameter", .. }
    ));
    assert!(matches!(
        broken(text, |network| network.species[1].name = "A".into()),
        KineticsError::Duplicate { kind: "species", .. }
    ));
    assert!(matches!(
        broken(text, |network| network.compartments.clear()),
        KineticsError::OutOfRange { kind: "compartment", .. }
    ));
}

#[test]
fn a_change_of_volume_scales_concentrations_and_not_counts() {
    let text = "volume 2 L\nspecies A = 10, B = concentration(3)\nparameter k = 1\nr: A -> B @ k";
    let changes = Changes { volume: Some(5.0), ..Changes::default() };
    assert_eq!(kinetics(text).initial(), [10.0, 6.0]);
    let larger = Kinetics::with_changes(&network(text), &changes).expect("a good volume");
    assert_eq!(larger.initial(), [10.0, 15.0]);
    let changes = Changes { initial: vec![("A".into(), 4.0), ("B".into(), 0.5)], volume: Some(4.0), ..changes };
    let changed = Kinetics::with_changes(&network(text), &changes).expect("good amounts");
    assert_eq!(changed.initial(), [4.0, 2.0]);
}

#[test]
fn a_changed_value_is_in_the_declared_unit() {
    let text = "time min\nvolume 1 L\nspecies A = 1\nparameter k = 2 1/s\nr: A -> 0 @ k";
    assert!((kinetics(text).parameters()[0] - 120.0).abs() < 1e-12);
    let changes = Changes { parameters: vec![("k".into(), 3.0)], ..Changes::default() };
    let changed = Kinetics::with_changes(&network(text), &changes).expect("a good value");
    assert!((changed.parameters()[0] - 180.0).abs() < 1e-12);
}

#[test]
fn counts_are_whole_and_concentrations_are_rounded() {
    let initial = |text: &str| kinetics(&format!("volume 10\n{text}\nr: A -> 0 @ 1")).initial_counts();
    // The text format would refuse these at once.
    let changed = |to: f64| {
        let changes = Changes { initial: vec![("A".into(), to)], ..Changes::default() };
        let network = network("species A = 12\nr: A -> 0 @ 1");
        Kinetics::with_changes(&network, &changes).expect("binding takes real amounts").initial_counts()
    };
    assert_eq!(initial("species A = 12"), Ok(vec![12]));
    assert_eq!(initial("species A = concentration(0.26)"), Ok(vec![3]));
    assert_eq!(initial("species A = concentration(0.01)"), Ok(vec![0]));
    let error = changed(10.5).expect_err("not whole");
    assert_eq!(error, KineticsError::FractionalCount { species: "A".into(), value: 10.5 });
    assert!(error.to_string().starts_with("`A` starts with 10.5 molecules"));
    assert!(matches!(changed(1e17), Err(KineticsError::HugeCount { .. })));
    assert_eq!(changed(4_503_599_627_370_496.0), Ok(vec![1 << 52]));
}

#[test]
fn a_bad_propensity_is_reported_with_its_state() {
    let kinetics = kinetics("species A = 3, B = 1\nr: A -> B @ propensity(A - 2*B)\ns: B -> A @ rate(ln(B - 1))");
    assert_eq!(
        kinetics.check_state(0.0, &[3.0, 2.0]).map_err(|e| e.to_string()),
        Err("the propensity of reaction `r` is -1 at time 0 with A = 3, B = 2; it must be a finite number >= 0".into())
    );
    assert!(
        matches!(kinetics.check_state(0.0, &[3.0, 0.0]), Err(KineticsError::BadPropensity { reaction, .. }) if reaction == "s")
    );
    assert_eq!(kinetics.check_state(0.0, &[9.0, 4.0]), Ok(()));
}
