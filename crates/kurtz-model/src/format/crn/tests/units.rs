//! Units, by numbers computed by hand.

use super::*;
use crate::units::Dimension;

/// A reaction of this rate in a network with units; `k1` in 1/s, `k2` in 1/(uM s), `K` in uM, `r` without unit.
fn with_units(reaction: &str) -> String {
    format!(
        "time s\nvolume 1e-14 L\nspecies A = 100, B = 0.5 uM\n\
         parameter k1 = 2 1/s, k2 = 3 1/(uM s), K = 4 uM, r = 5, hour_rate = 1 1/hour\n{reaction}"
    )
}

fn wrong_dimension(reaction: &str) -> (String, String) {
    let found = problems(&with_units(reaction));
    match &found[..] {
        [Problem::WrongDimension { found, expected, .. }] => (found.to_string(), expected.to_string()),
        [Problem::Mismatch { left, right, .. }] => (left.to_string(), right.to_string()),
        other => panic!("{reaction}: {other:?}"),
    }
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 4e-16 * 4.0, "{found} is not {expected}");
}

#[test]
fn a_model_in_micromolar_and_seconds_comes_out_to_all_digits() {
    let kinetics = kinetics(&with_units("A + B -> 0 @ k2\n2 A -> 0 @ k2\n0 -> A @ 7 uM/s\nA -> 0 @ hour_rate"));
    // One uM in 1e-14 L is 6.02214076e17 x 1e-14 = 6022.14076 molecules.
    let micromolar = 6022.14076;
    assert_eq!(kinetics.initial()[0], 100.0);
    close(kinetics.initial()[1], 0.5 * micromolar);
    // Propensities: k V (nA/V) (nB/V) with V = 6022.14076 molecules/uM.
    let counts = [100.0, 50.0];
    let a = |i: u32| kinetics.propensity(ReactionId(i), 0.0, &counts);
    close(a(0), 3.0 * 100.0 * 50.0 / micromolar);
    close(a(1), 3.0 * 100.0 * 99.0 / 2.0 / micromolar);
    close(a(2), 7.0 * micromolar);
    close(a(3), 100.0 / 3600.0);
}

#[test]
fn the_unit_of_volume_of_the_network_changes_no_propensity() {
    let text = |volume: &str| {
        format!(
            "time min\nvolume {volume}\nspecies A = 0.5 uM\nparameter k = 3 1/(uM s), K = 0.25 uM\n\
             2 A -> 0 @ k\nA -> 0 @ rate(k*K*A/(1 + A/K))"
        )
    };
    let reference = kinetics(&text("1e-15 L"));
    for volume in ["1 fL", "1 um^3", "1e-15 L in fL", "1e-18 m^3", "1 fL in um^3"] {
        let other = kinetics(&text(volume));
        for i in 0..2 {
            let (a, b) = (ReactionId(i), [301.0]);
            close(other.propensity(a, 0.0, &b), reference.propensity(a, 0.0, &b));
        }
    }
    // By hand: V = 602.214076 molecules/uM, per minute.
    close(reference.propensity(ReactionId(0), 0.0, &[301.0]), 60.0 * 3.0 * 301.0 * 300.0 / 2.0 / 602.214076);
    let c = 301.0 / 602.214076;
    let expected = 602.214076 * 60.0 * 3.0 * 0.25 * c / (1.0 + c / 0.25);
    close(reference.propensity(ReactionId(1), 0.0, &[301.0]), expected);
}

#[test]
fn amounts_are_counts_in_any_unit() {
    let kinetics = kinetics("volume 1 fL\nspecies A = 3 molecules, B = 2 amol, C = 1 mM\nA + B + C -> 0 @ 1");
    close(kinetics.initial()[1], 2e-18 * AVOGADRO);
    close(kinetics.initial()[2], 602214.076);
    assert_eq!(kinetics.initial()[0], 3.0);
}

#[test]
fn rate_laws_with_right_units_are_accepted() {
    for reaction in [
        "A -> B @ k1",
        "A + B -> 0 @ k2",
        "2 A + B -> 0 @ k2/K",
        "0 -> A @ k1*K",
        "A -> B @ k1*k2*K/(k1 + k2*K)",
        "A -> B @ rate(k1*A)",
        "A -> B @ rate(k2*A*B)",
        "A -> B @ rate(k1*K*A/(K + A))",
        "A -> B @ rate(k1*A/(1 + (A/K)^2))",
        "A -> B @ rate(k1*A*exp(-A/K))",
        "A -> B @ rate(k1*sqrt(A*B))",
        "A -> B @ rate(k1*max(A - K, 0))",
        "A -> B @ rate(if(A > K, k1*A, k2*A^2))",
        "A -> B @ rate(k1*A*exp(-hour_rate*time))",
        "A -> B @ propensity(k1*A)",
        "A -> B @ propensity(k2*A*B/volume)",
        "A -> B @ propensity(k1*A*(A - 1)/2)",
        "A -> B @ propensity(k1)",
        "A -> B @ 2 1/min",
        // Numbers without a unit are in the units of the network: never an error.
        "A + B -> 0 @ r",
        "A -> B @ r*k2",
        "A -> B @ rate(3*A)",
        "A -> B @ rate(r*A + k1*A)",
        "A -> B @ 2",
    ] {
        network(&with_units(reaction));
    }
}

#[test]
fn rate_laws_with_wrong_units_are_refused_with_both_dimensions() {
    let table = [
        ("A -> B @ k2", "volume/(amount time)", "1/time"),
        ("A + B -> 0 @ k1", "1/time", "volume/(amount time)"),
        ("0 -> A @ k1", "1/time", "amount/(volume time)"),
        ("A -> B @ k1^2", "1/time^2", "1/time"),
        ("A -> B @ 2 uM", "amount/volume", "1/time"),
        ("A -> B @ rate(k1)", "1/time", "amount/(volume time)"),
        ("A -> B @ rate(k1*A*B)", "amount^2/(volume^2 time)", "amount/(volume time)"),
        ("A -> B @ propensity(k2*A*B)", "volume/time", "1/time"),
        ("A -> B @ propensity(A)", "dimensionless", "1/time"),
        ("A -> B @ k1 + k2", "1/time", "volume/(amount time)"),
        ("A -> B @ rate(k1*(A + time))", "amount/volume", "time"),
        ("A -> B @ rate(k1*A*exp(A))", "amount/volume", "dimensionless"),
        ("A -> B @ rate(k1*A*2^A)", "amount/volume", "dimensionless"),
        ("A -> B @ rate(if(A > k1, k1*A, 0))", "amount/volume", "1/time"),
        ("A -> B @ rate(if(A > K, k1*A, k1))", "amount/(volume time)", "1/time"),
        ("A -> B @ rate(k1*max(A, k1))", "amount/volume", "1/time"),
    ];
    for (reaction, found, expected) in table {
        assert_eq!(wrong_dimension(reaction), (found.to_string(), expected.to_string()), "{reaction}");
    }
}

#[test]
fn parameters_and_amounts_are_checked_too() {
    assert!(matches!(problems(&with_units("parameter q = k1 + K\nA -> B @ k1"))[0], Problem::Mismatch { .. }));
    for line in [
        "species C = k1",
        "species C = K",
        "species C = 3 s",
        "species C = concentration(k1)",
        "species C = concentration(5 molecules)",
    ] {
        let found = problems(&with_units(&format!("{line}\nA -> B @ k1")));
        assert!(matches!(found[..], [Problem::WrongDimension { .. }]), "{line}: {found:?}");
    }
    network(&with_units("species C = concentration(K/2), D = concentration(3), E = r\nA -> B @ k1"));
    assert!(matches!(problems("time s\nvolume V0\nparameter V0 = 1 s\nspecies A\nA -> 0 @ 1")[..], [_, ..]));
}

#[test]
fn a_network_of_bare_numbers_is_checked_for_time_alone() {
    network(
        "time s\nvolume 20\nspecies A = 5\nparameter k = 2 1/s, n = 5 molecules\n2 A -> 0 @ k\nA -> 0 @ rate(k*A*n)",
    );
    let found = problems("time s\nvolume 20\nspecies A = 5\nparameter k = 2 s\n2 A -> 0 @ k");
    assert!(matches!(found[..], [Problem::WrongDimension { found: Dimension::TIME, .. }]), "{found:?}");
}

#[test]
fn units_that_the_network_cannot_convert_are_refused() {
    let found = problems("species A\nparameter k = 1 1/s\nA -> 0 @ k");
    assert!(matches!(found[..], [Problem::NoReferenceUnit { what: "time", .. }]), "{found:?}");
    let found = problems("time s\nspecies A = 1 uM\nA -> 0 @ 1 1/s");
    assert!(matches!(found[..], [Problem::NoReferenceUnit { what: "volume", .. }]), "{found:?}");
}
