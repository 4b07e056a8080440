//! Networks for tests, benches and examples: those of `models/`, and some that take numbers.

#![allow(dead_code, reason = "each place uses some of them")]

use kurtz_model::{Kinetics, Network};

/// The network of a `.crn` text.
pub fn network(text: &str) -> Network {
    match kurtz_model::format::crn::parse(text, "test") {
        Ok((network, _)) => network,
        Err(problems) => panic!("{problems}"),
    }
}

/// The network of a `.crn` text with its own values.
pub fn kinetics(text: &str) -> Kinetics {
    Kinetics::new(&network(text)).expect("the values are good")
}

/// The single proliferative compartment model of epidermis.
pub fn epidermis() -> Kinetics {
    kinetics(include_str!("../../../models/epidermis.crn"))
}

/// 0 -> A at `k`, A -> 0 at `d` a molecule, from `initial`.
pub fn immigration_death(k: f64, d: f64, initial: u32) -> Kinetics {
    kinetics(&format!("species A = {initial}\n 0 -> A @ {k}\n A -> 0 @ {d}"))
}

/// 2A <-> B; propensities `k` n (n-1) / 2 and `d` n_B.
pub fn dimerisation(k: f64, d: f64, a: u32) -> Kinetics {
    kinetics(&format!("species A = {a}, B = 0\n A + A -> B @ {k}\n B -> A + A @ {d}"))
}

/// Prey X -> 2X, X + Y -> 2Y, Y -> 0.
pub fn lotka_volterra() -> Kinetics {
    kinetics("species X = 1000, Y = 1000\n X -> 2 X @ 10\n X + Y -> 2 Y @ 0.01\n Y -> 0 @ 10")
}

/// Schloegl's bistable network; propensities 0.03 n (n-1) / 2, 1e-4 n (n-1) (n-2) / 6, 200, 3.5 n.
pub fn schloegl() -> Kinetics {
    kinetics("species X = 250\n 2 X -> 3 X @ 0.03\n 3 X -> 2 X @ 1e-4\n 0 -> X @ 200\n X -> 0 @ 3.5")
}

/// A gene switching on and off, transcribed while on, its transcripts decaying.
pub fn telegraph(on: f64, off: f64, k: f64, d: f64) -> Kinetics {
    kinetics(&format!(
        "species Off = 1, On = 0, M = 0\n Off -> On @ {on}\n On -> Off @ {off}\n On -> On + M @ {k}\n M -> 0 @ {d}"
    ))
}

/// As [`chain`], from `each` molecules of every isomer.
pub fn chain_of(n: usize, each: u32) -> Kinetics {
    let species: Vec<String> = (0..n).map(|i| format!("X{i} = {each}")).collect();
    let reactions = (1..n).map(|i| format!("X{} <-> X{i} @ 1, 1\n", i - 1));
    kinetics(&format!("species {}\n{}", species.join(", "), reactions.collect::<String>()))
}

/// A closed chain of `n` isomers X0 <-> X1 <-> ..., 2 (n - 1) reactions, at constants 1.
pub fn chain(n: usize, total: u32) -> Kinetics {
    let mut text = format!("species X0 = {total}");
    (1..n).for_each(|i| text += &format!(", X{i} = 0"));
    for i in 1..n {
        text += &format!("\n X{} -> X{i} @ 1\n X{i} -> X{} @ 1", i - 1, i - 1);
    }
    kinetics(&text)
}
