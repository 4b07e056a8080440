//! Every lane on every kind of processor follows the trajectory that a single sampler follows.

use super::*;
use crate::progress::Silent;
use crate::testing::networks::*;

/// Networks of every form, among them laws given as expressions, reactions of order 0 to 4, and absorbing states.
fn networks() -> Vec<(Kinetics, f64)> {
    let many: String =
        (0..40).map(|i| format!("\n X{i} -> X{} @ {}", (i + 1) % 40, 0.3 + 0.01 * f64::from(i))).collect();
    let names: Vec<String> = (0..40).map(|i| format!("X{i} = {}", i % 3)).collect();
    let ring = format!("species {}{many}", names.join(", "));
    vec![
        (epidermis(), 8.0),
        (immigration_death(3.0, 0.5, 20), 9.0),
        (dimerisation(0.02, 1.0, 60), 3.0),
        (lotka_volterra(), 0.02),
        (schloegl(), 0.3),
        (telegraph(0.4, 0.7, 12.0, 0.9), 6.0),
        (chain(4, 40), 2.0),
        (chain(12, 60), 3.0),
        (
            kinetics("species A = 30, B = 20, C = 0\n 4 A -> B @ 1e-3\n A + B -> C @ 0.1\n C -> 4 A @ 1\n 0 -> A @ 3"),
            5.0,
        ),
        (kinetics("species A = 100\n 0 -> A @ rate(100/(1 + (A/200)^2))\n A -> 0 @ rate(0.5*A)"), 4.0),
        (kinetics("species A = 5, B = 3\n A -> B @ 1\n B -> 0 @ propensity(B*exp(-B/10))\n A + B -> 0 @ 0.2"), 50.0),
        (kinetics("species A = 4\n A -> 0 @ 1e-300"), 1.0),
        (kinetics(&ring), 4.0),
    ]
}

fn task(times: &[f64], trajectories: usize) -> BlockTask<'_> {
    BlockTask { seed: 7, first: 100, trajectories, start: 0.0, times }
}

#[test]
fn lanes_give_the_bits_of_single_trajectories_on_every_processor() {
    let method = Lanes::default();
    for (kinetics, end) in networks() {
        let times: Vec<f64> = (0..=20).map(|i| end * f64::from(i) / 20.0).collect();
        let form = Form::of(&kinetics).expect("small enough");
        let (mut expected, mut found) = (Block::default(), Block::default());
        for trajectories in [5, 16, 61] {
            let task = task(&times, trajectories);
            method
                .on(Isa::Plain, &kinetics, &form)
                .expect("good")
                .alone
                .sample(&task, &mut expected, &Silent)
                .expect("ends");
            assert!(expected.events.iter().sum::<u64>() > 0 || kinetics.laws().len() == 1);
            for isa in Isa::available() {
                let mut sampler = method.on(isa, &kinetics, &form).expect("good");
                // Twice: what a block leaves behind must not matter.
                for _ in 0..2 {
                    sampler.sample(&task, &mut found, &Silent).expect("it ends");
                    assert_eq!(found, expected, "{isa:?}, {:?}", kinetics.network());
                }
            }
        }
    }
}
