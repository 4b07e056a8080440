use super::*;
use crate::Kinetics;
use crate::expression::Symbol;
use proptest::prelude::*;

fn network(text: &str) -> Network {
    crate::format::crn::parse(text, "test.crn").unwrap_or_else(|problems| panic!("{text}\n{problems}")).0
}

/// All three kinds of law, two compartments, orders up to three, time, shared parts.
fn all_laws() -> Network {
    network(
        "compartment cell = 2.5
         compartment ER = 0.75
         species A in cell = 10, B in cell = 4, C in ER = 7
         parameter k = 1.3, K = 2.1, r = 0.25, n = 1.5
         r0: 0 -> A @ k
         r1: A -> B @ (1 - r)*k
         r2: A + B -> 0 @ k
         r3: 2 A -> B @ k
         r4: 3 A + 2 C -> B @ k*r
         r5: A + C -> B @ k/cell
         r6: 2 A -> B @ rate(k*A^2)
         r7: 2 A -> B @ rate(k*A^2/2)
         r8: A -> B @ rate(k*A^n/(K^n + A^n)*(1 + r*sin(time)))
         r9: C -> B @ rate(k*C*max(A, B) + r)
         r10: 2 A -> B @ propensity(k*A*(A - 1)/2)
         r11: C -> A @ propensity(piecewise(k*C, A < 5, k*C/(1 + B), B > 2, 0)*exp(-r*time))",
    )
}

fn point() -> impl Strategy<Value = (f64, [f64; 3])> {
    (0.0..10.0, prop::array::uniform3(prop_oneof![0.0..20.0, (0..20).prop_map(f64::from)]))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * (a.abs() + b.abs() + 1.0)
}

proptest! {
    #![proptest_config(crate::expression::tests::fixed_cases(256))]

    #[test]
    fn formulas_agree_with_numbers_for_every_law((time, state) in point()) {
        let network = all_laws();
        let kinetics = Kinetics::new(&network).expect("a good network");
        let value_of = |s: Symbol| kinetics.value_of(s, time, &|i| state[i.index()]);
        for i in 0..network.reactions.len() {
            let reaction = ReactionId::from(i);
            let propensity = network.propensity_expression(reaction);
            let (formula, number) = (propensity.evaluate(&value_of), kinetics.propensity(reaction, time, &state));
            prop_assert!(close(formula, number), "{}: {formula} against {number}", propensity.display(&network));
            let rate = network.rate_expression(reaction);
            let (formula, number) = (rate.evaluate(&value_of), kinetics.rate(reaction, time, &state));
            prop_assert!(close(formula, number), "{}: {formula} against {number}", rate.display(&network));
        }
    }

    #[test]
    fn a_law_given_in_concentrations_is_volume_times_itself((time, state) in point()) {
        let network = all_laws();
        let kinetics = Kinetics::new(&network).expect("a good network");
        let in_counts: Vec<f64> = (0..3).map(|i| state[i] * kinetics.volume_of(SpeciesId::from(i))).collect();
        for i in 6..network.reactions.len() {
            let reaction = ReactionId::from(i);
            let v = kinetics.volumes()[network.reactions[i].compartment.index()];
            let (a, phi) = (kinetics.propensity(reaction, time, &in_counts), kinetics.rate(reaction, time, &state));
            // At a threshold rounding decides.
            let near_threshold = (in_counts[0] - 5.0).abs() < 1e-9 || (in_counts[1] - 2.0).abs() < 1e-9;
            prop_assert!(near_threshold || close(a, v * phi), "reaction {i}: {a} against {}", v * phi);
        }
    }
}

#[test]
fn formulas_read_as_on_a_board() {
    let network = all_laws();
    for (i, propensity, rate) in [
        (0, "k*cell", "k"),
        (1, "(1 - r)*k*A", "(1 - r)*k*A"),
        (2, "k*A*B/cell", "k*A*B"),
        (3, "k*A*(A - 1)/(2*cell)", "k*A^2/2"),
        (4, "k*r*A*(A - 1)*(A - 2)*C*(C - 1)/(12*cell^2*ER^2)", "k*r*A^3*C^2/12"),
        (5, "k*A*C/(cell*ER)", "k*A*C/cell"),
        (6, "k*A^2/cell", "k*A^2"),
        (7, "k*A^2/(2*cell)", "k*A^2/2"),
        (10, "k*A*(A - 1)/2", "k*A*(A*cell - 1)/2"),
    ] {
        let reaction = ReactionId::from(i);
        assert_eq!(network.propensity_expression(reaction).display(&network).to_string(), propensity);
        assert_eq!(network.rate_expression(reaction).display(&network).to_string(), rate);
    }
    let latex = network.propensity_expression(ReactionId(3)).latex(&network);
    assert_eq!(latex, r"\frac{k \, A \, \left(A - 1\right)}{2 \, \mathrm{cell}}");
}

#[test]
fn the_conventions_differ_by_the_factorials_of_the_orders() {
    use MassActionConvention::{Binomial, Power};
    assert_eq!(Power.convert(1.5, Binomial, [2]), 3.0);
    assert_eq!(Binomial.convert(3.0, Power, [2]), 1.5);
    assert_eq!(Power.convert(1.0, Binomial, [3, 2, 1, 0]), 12.0);
    assert_eq!(Power.convert(1.5, Power, [2]), 1.5);
    for orders in [vec![], vec![1], vec![1, 1]] {
        assert_eq!(Power.convert(0.7, Binomial, orders), 0.7);
    }
}

/// 2A -> 0 (spec: propensity k n(n-1)/(2V), rate k c^2/2), and the same reaction by the other convention.
#[test]
fn both_conventions_of_a_dimerisation_are_pinned() {
    let (k, v, n, c) = (0.8, 4.0, 7.0, 1.75);
    let kinetics = |rate: &str| {
        let text = format!("volume {v}\nspecies A = 7\nparameter k = {k}\ndimerise: 2 A -> 0 @ {rate}");
        Kinetics::new(&network(&text)).expect("a good network")
    };
    for (rate, propensity, phi) in [
        ("k", k * n * (n - 1.0) / (2.0 * v), k * c * c / 2.0),
        // Verbatim: no binomial.
        ("rate(k*A^2)", k * n * n / v, k * c * c),
        ("propensity(k*A*(A-1)/2)", k * n * (n - 1.0) / 2.0, k * c * (c * v - 1.0) / 2.0),
    ] {
        let kinetics = kinetics(rate);
        assert!(close(kinetics.propensity(ReactionId(0), 0.0, &[n]), propensity), "{rate}");
        assert!(close(kinetics.rate(ReactionId(0), 0.0, &[c]), phi), "{rate}");
    }
    let factor = MassActionConvention::Power.factor_to(MassActionConvention::Binomial, [2]);
    let power = kinetics(&format!("{factor}*k"));
    assert!(close(power.rate(ReactionId(0), 0.0, &[c]), k * c * c));
    assert!(close(power.propensity(ReactionId(0), 0.0, &[n]), k * n * (n - 1.0) / v));
}
