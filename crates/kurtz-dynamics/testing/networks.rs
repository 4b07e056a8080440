//! Networks for tests and benches, built without a parser: species with counts, reactions as (reactants, products,
//! deterministic constant), volume 1.

use kurtz_model::expression::Expression;
use kurtz_model::network::{CompartmentId, Initial, Network, Quantity, RateLaw, Reaction, Species, SpeciesId, Value};
use kurtz_model::{Kinetics, Unit};

/// A reaction side such as `&["A", "A"]`.
pub type Side<'a> = &'a [&'a str];

/// A mass-action network of these species (name, initial count) and reactions (reactants, products, k).
pub fn mass_action(species: &[(&str, f64)], reactions: &[(Side<'_>, Side<'_>, f64)]) -> Network {
    let with_law: Vec<_> =
        reactions.iter().map(|&(r, p, k)| (r, p, RateLaw::MassAction(Expression::Number(k)))).collect();
    network(species, &with_law)
}

/// A network of these species (name, initial count) and reactions (reactants, products, law).
pub fn network(species: &[(&str, f64)], reactions: &[(Side<'_>, Side<'_>, RateLaw)]) -> Network {
    let mut network = Network::default();
    for &(name, count) in species {
        let value = Value::Quantity(Quantity { value: count, unit: Unit::unspecified() });
        network.species.push(Species {
            name: name.into(),
            compartment: CompartmentId(0),
            initial: Initial::Count(value),
            clamped: false,
        });
    }
    for (i, (reactants, products, rate)) in reactions.iter().enumerate() {
        let side = |names: Side<'_>| {
            let mut side: Vec<(SpeciesId, u32)> = Vec::new();
            for name in names {
                let id = network.species_named(name).expect("declared");
                match side.iter_mut().find(|(s, _)| *s == id) {
                    Some((_, n)) => *n += 1,
                    None => side.push((id, 1)),
                }
            }
            side
        };
        let (reactants, products) = (side(reactants), side(products));
        network.reactions.push(Reaction {
            name: format!("r{}", i + 1),
            reactants,
            products,
            rate: rate.clone(),
            compartment: CompartmentId(0),
            reverse_of: None,
        });
    }
    network
}

fn bound(species: &[(&str, f64)], reactions: &[(Side<'_>, Side<'_>, f64)]) -> Kinetics {
    Kinetics::new(&mass_action(species, reactions)).expect("valid numbers")
}

/// The single proliferative compartment model of epidermis (Clayton et al. 2007), time in weeks.
pub fn epidermis() -> Kinetics {
    let (lambda, r1, r2, gamma) = (1.1, 0.0836, 0.0764, 0.31);
    bound(
        &[("A", 10.0), ("B", 0.0)],
        &[
            (&["A"], &["A", "A"], r1 * lambda),
            (&["A"], &["A", "B"], (1.0 - r1 - r2) * lambda),
            (&["A"], &["B", "B"], r2 * lambda),
            (&["B"], &[], gamma),
        ],
    )
}

/// 0 -> A at `k`, A -> 0 at `d` a molecule, from `initial`.
pub fn immigration_death(k: f64, d: f64, initial: f64) -> Kinetics {
    bound(&[("A", initial)], &[(&[], &["A"], k), (&["A"], &[], d)])
}

/// 2A <-> B; propensities `k` n (n-1) / 2 and `d` n_B.
pub fn dimerisation(k: f64, d: f64, a: f64, b: f64) -> Kinetics {
    bound(&[("A", a), ("B", b)], &[(&["A", "A"], &["B"], k), (&["B"], &["A", "A"], d)])
}

/// Prey X -> 2X, X + Y -> 2Y, Y -> 0.
pub fn lotka_volterra() -> Kinetics {
    bound(
        &[("X", 1000.0), ("Y", 1000.0)],
        &[(&["X"], &["X", "X"], 10.0), (&["X", "Y"], &["Y", "Y"], 0.01), (&["Y"], &[], 10.0)],
    )
}

/// Schloegl's bistable network; propensities 3e-2 n (n-1) / 2 (A = 1e5 held), 1e-4 n (n-1) (n-2) / 6, 200, 3.5 n.
pub fn schloegl() -> Kinetics {
    bound(
        &[("X", 250.0)],
        &[
            (&["X", "X"], &["X", "X", "X"], 0.03),
            (&["X", "X", "X"], &["X", "X"], 1e-4),
            (&[], &["X"], 200.0),
            (&["X"], &[], 3.5),
        ],
    )
}

/// A gene switching on and off, transcribed while on, its transcripts decaying.
pub fn telegraph(on: f64, off: f64, k: f64, d: f64) -> Kinetics {
    bound(
        &[("Off", 1.0), ("On", 0.0), ("M", 0.0)],
        &[(&["Off"], &["On"], on), (&["On"], &["Off"], off), (&["On"], &["On", "M"], k), (&["M"], &[], d)],
    )
}

/// A closed chain of `n` isomers X_0 <-> X_1 <-> ... <-> X_(n-1), 2 (n - 1) reactions.
pub fn chain(n: usize, total: f64) -> Kinetics {
    let names: Vec<String> = (0..n).map(|i| format!("X{i}")).collect();
    let species: Vec<(&str, f64)> =
        names.iter().enumerate().map(|(i, s)| (s.as_str(), if i == 0 { total } else { 0.0 })).collect();
    let pairs: Vec<[&str; 2]> = names.windows(2).map(|p| [p[0].as_str(), p[1].as_str()]).collect();
    let mut reactions: Vec<(Side<'_>, Side<'_>, f64)> = Vec::new();
    for pair in &pairs {
        reactions.push((&pair[..1], &pair[1..], 1.0));
        reactions.push((&pair[1..], &pair[..1], 1.0));
    }
    bound(&species, &reactions)
}
