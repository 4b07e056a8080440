//! The automatic choice of an exact method.

use super::{CompositionRejection, LARGEST_IN_LANES, Lanes};
use crate::method::Method;
use kurtz_model::Kinetics;

/// What laws given as expressions may cost together where all of them are computed after every event: a law counts 1, a
/// function such as `exp` in it 2 more, a power that is not a small whole one 4. Beyond, it is cheaper to compute the few
/// that depend on the event, one by one.
const LARGEST_COST: usize = 50;

/// The exact method that is fastest for a network of constant rate laws, by its size and the cost of its laws; the
/// measurements behind it are in `docs/reference/methods.md`.
///
/// It does not depend on the number of trajectories, so that a longer ensemble extends a shorter one.
pub fn automatic(kinetics: &Kinetics) -> Box<dyn Method> {
    let (functions, powers) = kinetics.general_program().call_counts();
    let cost = kinetics.general_reactions().len() + 2 * functions + 4 * powers;
    if kinetics.network().reactions.len() <= LARGEST_IN_LANES && cost <= LARGEST_COST {
        Box::new(Lanes::default())
    } else {
        Box::new(CompositionRejection::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::networks::*;

    #[test]
    fn small_networks_of_cheap_laws_go_in_lanes() {
        let ring = |n: usize, law: &str| {
            let species: Vec<String> = (0..n).map(|i| format!("X{i} = 20")).collect();
            let law = |i: usize| law.replace('X', &format!("X{i}"));
            let reactions = (0..n).map(|i| format!("X{i} -> X{} @ propensity({})\n", (i + 1) % n, law(i)));
            kinetics(&format!("species {}\n{}", species.join(", "), reactions.collect::<String>()))
        };
        let hill = |n| ring(n, "X/(1 + X/20)");
        for (kinetics, expected) in [
            (epidermis(), "lanes"),
            (chain(65, 100), "lanes"),
            (chain(66, 100), "composition-rejection"),
            (hill(32), "lanes"),
            (hill(64), "composition-rejection"),
            (ring(16, "X*exp(-X/10)"), "lanes"),
            (ring(32, "X*exp(-X/10)"), "composition-rejection"),
            (ring(8, "X^1.5"), "lanes"),
            (ring(16, "X^1.5"), "composition-rejection"),
        ] {
            assert_eq!(automatic(&kinetics).name(), expected, "{} reactions", kinetics.laws().len());
        }
    }
}
