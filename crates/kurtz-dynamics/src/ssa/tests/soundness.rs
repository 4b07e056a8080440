//! What could go wrong only seldom: extreme random numbers, long times, many events, large counts.

use super::*;
use crate::ssa::propensities::Propensities;
use crate::ssa::sparse::{Sparse, Sums};
use crate::ssa::sum_tree::SumTree;

/// The state of xoshiro256++ before `state`.
fn one_step_back([s0, s1, s2, s3]: [u64; 4]) -> [u64; 4] {
    let s3 = s3.rotate_right(45);
    // s1 = y ^ s1 << 17.
    let y = s1 ^ s2;
    let before1 = (0..4).fold(y, |x, _| y ^ x << 17);
    let middle2 = s2 ^ before1 << 17;
    let before0 = s0 ^ s3;
    [before0, before1, middle2 ^ before0, s3 ^ before1]
}

/// A stream whose draw number `position` (from 0) is 0 or, if `ones`, all bits.
fn forced(position: usize, ones: bool) -> SimRng {
    let extreme = if ones { [u64::MAX, 0x1234_5678_9abc_def0, 7, 1] } else { [0, 0x1234_5678_9abc_def0, 7, 0] };
    let state = (0..position).fold(extreme, |state, _| one_step_back(state));
    let mut check = SimRng::from_state(state);
    (0..position).for_each(|_| _ = check.bits());
    assert_eq!(check.bits(), if ones { u64::MAX } else { 0 });
    SimRng::from_state(state)
}

#[test]
fn extreme_random_numbers_never_choose_what_cannot_happen() {
    // Reactions of propensity 0 before, between and after those that can happen; small, of some dozens, and large.
    let small = "species A = 5, B = 0\n B -> 0 @ 1\n A -> 2 A @ 1e-9\n B -> A @ 1\n A -> A + B @ 3\n B -> 2 B @ 1";
    let idle: String = (0..40).map(|i| format!("\n B -> {} B @ {}", i % 3 + 2, i + 1)).collect();
    let dozens = format!("{small}{idle}");
    let many: String = (0..150).map(|i| format!("\n B -> {} B @ {}", i % 3 + 2, i + 1)).collect();
    let large = format!("{small}{many}");
    for text in [small, &dozens, &large] {
        let kinetics = kinetics(text);
        for method in methods() {
            for (position, ones) in (0..4).flat_map(|position| [(position, false), (position, true)]) {
                let mut sampler = method.sampler(&kinetics).expect("good");
                sampler.start(0.0, &[5, 0], forced(position, ones));
                let event = sampler.next_event(f64::MAX).expect("something can happen");
                let what = format!("{}, draw {position}, {ones}: {event:?}", method.name());
                assert!([1, 3].contains(&event.reaction.index()), "{what}");
                // -ln u of a number of 2^-53 at most; the first of two draws is a sum for some methods.
                assert!(event.time > 0.0 && event.time < 200.0 / 15.0 * 1e3, "{what}");
            }
        }
    }
}

#[test]
fn times_reach_a_billion() {
    let kinetics = immigration_death(1e-8, 1e-9, 0);
    let law = oracle::immigration_death(1e-8, 1e-9, 0, 1e9);
    for method in methods() {
        let series = moments(&*method, &kinetics, 4_000, 1e9, 1);
        assert_moments(&sampled(&series, 0, 1), &[law], LINE);
    }
}

#[test]
fn counts_too_large_to_be_exact_are_refused_by_every_method() {
    let kinetics = kinetics("species A = 9e15\n A -> 0 @ 1e-20");
    for method in methods() {
        let mut sampler = method.sampler(&kinetics).expect("good");
        sampler.start(0.0, &[9_000_000_000_000_000], SimRng::new(1, 0, Purpose::Events));
        assert!(matches!(sampler.advance_to(1.0, &Silent), Stop::CountOverflow { .. }), "{}", method.name());
        let refused = Ensemble::new(&kinetics, &*method, 30, 1, 1.0, 1).run((), &Silent);
        assert!(matches!(refused, Err(DynamicsError::Kinetics(_))), "{}", method.name());
    }
    // It grows beyond on its way: in 30 trajectories side by side as in one.
    let growing = kinetics_from(1 << 52);
    for method in methods() {
        let outcome = Ensemble::new(&growing, &*method, 30, 1, 1.0, 1).run((), &Silent).expect("it starts well");
        let stop = outcome.halt.expect("it cannot go on").stop;
        assert!(matches!(stop, Stop::CountOverflow { .. }), "{}: {stop:?}", method.name());
    }
}

/// Ten thousand molecules come into a crowd.
fn kinetics_from(n: i64) -> Kinetics {
    kinetics(&format!("species A = {n}\n 0 -> A @ 10000"))
}

/// Sums that are kept while reactions happen are those of the state, to the last bit: they are computed from what
/// they sum, or are whole numbers, so that no error gathers.
fn keeps_its_sums<T: Sums + Clone>(events: u64) {
    let kinetics = kinetics(
        "species A = 1000, B = 3, C = 0\n A + A -> B @ 1e-3\n B -> A + A @ 0.7\n B -> C @ 1e-3\n C -> B @ 1e3\n 0 -> A @ 13.7
         A -> 0 @ 0.01\n A + B -> C @ 3e-7\n C -> A + B @ 1.1e-5",
    );
    let mut network = Sparse::<T>::new(&kinetics);
    network.load(&[1000, 3, 0]);
    let (mut rng, mut counts) = (SimRng::new(9, 0, Purpose::Events), [0; 3]);
    for _ in 0..events {
        let mut target = rng.uniform() * network.total();
        let values = network.sums.values();
        let mut chosen = 0;
        for (j, &a) in values.iter().enumerate().filter(|&(_, &a)| a > 0.0) {
            chosen = j;
            if target < a {
                break;
            }
            target -= a;
        }
        network.fire(chosen);
    }
    network.copy_counts(&mut counts);
    let mut anew = Sparse::<T>::new(&kinetics);
    anew.load(&counts);
    assert_eq!(network.sums.values(), anew.sums.values());
    assert_eq!(network.total().to_bits(), anew.total().to_bits());
}

#[test]
fn sums_do_not_drift_in_a_million_events() {
    keeps_its_sums::<SumTree>(1_000_000);
    keeps_its_sums::<crate::ssa::composition_rejection::Groups>(1_000_000);
}

#[test]
#[ignore = "minutes: two billion events; cargo test --release -p kurtz-dynamics -- --ignored billion"]
fn sums_do_not_drift_in_a_billion_events() {
    keeps_its_sums::<SumTree>(1_000_000_000);
    keeps_its_sums::<crate::ssa::composition_rejection::Groups>(1_000_000_000);
}

// A drift of sums or of waiting times would move the mean over a hundred million events, which is known.
#[test]
#[ignore = "a minute: a hundred million events a method; cargo test --release -p kurtz-dynamics -- --ignored million"]
fn the_mean_over_a_hundred_million_events_does_not_drift() {
    let (k, d) = (100.0, 1.0);
    let kinetics = immigration_death(k, d, 100);
    for method in methods() {
        let mut sampler = method.sampler(&kinetics).expect("good");
        sampler.start(0.0, &[100], SimRng::new(4, 0, Purpose::Events));
        let (mut sum, mut counts, samples) = (0.0, [0], 100_000);
        // States five lifetimes apart are independent but for exp(-5).
        for i in 1..=samples {
            assert_eq!(sampler.advance_to(5.0 * f64::from(i), &Silent), Stop::Horizon);
            sampler.copy_counts(&mut counts);
            sum += counts[0] as f64;
        }
        assert!(sampler.events() > 90_000_000);
        let correlation = (-5.0f64).exp();
        let error = (k / d * (1.0 + correlation) / (1.0 - correlation) / f64::from(samples)).sqrt();
        assert_z(method.name(), sum / f64::from(samples), k / d, error, LINE);
    }
}
