//! The solver against closed forms, and its promises.

use super::*;
use crate::moment_series::MomentIndex;

use kurtz_model::{
    CompartmentId, Expression, Initial, Network, Quantity, RateLaw, Reaction, Species, SpeciesId, Unit, Value,
};
use statrs::distribution::{Binomial, Discrete, Poisson};

/// A network of mass-action reactions: species with their counts; reactants and products as lists of species letters.
fn network(volume: f64, species: &[(&str, f64)], reactions: &[(&str, &str, f64)]) -> Network {
    let quantity = |value| Value::Quantity(Quantity { value, unit: Unit::unspecified() });
    let mut network = Network::default();
    network.compartments[0].size = quantity(volume);
    network.species = species
        .iter()
        .map(|&(name, n)| Species {
            name: name.to_owned(),
            compartment: CompartmentId(0),
            initial: Initial::Count(quantity(n)),
            clamped: false,
        })
        .collect();
    let side = |text: &str| -> Vec<(SpeciesId, u32)> {
        let mut terms: Vec<(SpeciesId, u32)> = Vec::new();
        for letter in text.chars() {
            let id = SpeciesId::from(species.iter().position(|s| s.0 == letter.to_string()).unwrap());
            match terms.iter_mut().find(|t| t.0 == id) {
                Some(term) => term.1 += 1,
                None => terms.push((id, 1)),
            }
        }
        terms
    };
    network.reactions = reactions
        .iter()
        .map(|&(reactants, products, k)| Reaction {
            name: format!("{reactants} -> {products}"),
            reactants: side(reactants),
            products: side(products),
            rate: RateLaw::MassAction(Expression::Number(k)),
            compartment: CompartmentId(0),
            reverse_of: None,
        })
        .collect();
    network
}

fn kinetics(volume: f64, species: &[(&str, f64)], reactions: &[(&str, &str, f64)]) -> Kinetics {
    Kinetics::new(&network(volume, species, reactions)).unwrap()
}

fn with(tolerance: f64, propagation: Propagation) -> FspSettings {
    FspSettings { tolerance, propagation, ..FspSettings::default() }
}

const BOTH: [Propagation; 2] = [Propagation::Uniformisation, Propagation::Krylov];

/// SPCM (Clayton et al. 2007; spec of the paper's table I): r1, r2, lambda, Gamma.
fn epidermis(r1: f64, r2: f64, lambda: f64, gamma: f64) -> Kinetics {
    let r = 1.0 - r1 - r2;
    let reactions = [("A", "AA", r1 * lambda), ("A", "AB", r * lambda), ("A", "BB", r2 * lambda), ("B", "", gamma)];
    kinetics(1.0, &[("A", 10.0), ("B", 0.0)], &reactions)
}

#[test]
fn immigration_and_death_give_the_poisson_law_within_the_bound() {
    let (k, d) = (30.0, 0.7);
    let kinetics = kinetics(1.0, &[("A", 0.0)], &[("", "A", k), ("A", "", d)]);
    for propagation in BOTH {
        let times = [0.1, 1.0, 3.0, 20.0];
        let solution = solve(&kinetics, &times, &with(1e-9, propagation)).unwrap();
        assert_eq!(solution.stop, Stop::Finished);
        for (t, law) in times.iter().zip(&solution.distributions) {
            let exact = Poisson::new(k / d * (1.0 - (-d * t).exp())).unwrap();
            let error: f64 = law.iter().map(|(n, p)| (p - exact.pmf(n[0] as u64)).abs()).sum::<f64>()
                + (1.0 - law.iter().map(|(n, _)| exact.pmf(n[0] as u64)).sum::<f64>());
            assert!(law.error_bound() <= 1e-9);
            // statrs gives the reference to about 1e-13.
            assert!(error <= law.error_bound() + 1e-12, "{propagation:?} t {t}: {error:e} {:e}", law.error_bound());
        }
    }
}

#[test]
fn independent_deaths_and_conversions_give_binomial_laws() {
    let kinetics = kinetics(1.0, &[("A", 50.0), ("B", 0.0)], &[("A", "B", 0.8), ("B", "A", 0.3)]);
    for propagation in BOTH {
        let solution = solve(&kinetics, &[0.5, 4.0], &with(1e-10, propagation)).unwrap();
        for (&t, law) in solution.times.iter().zip(&solution.distributions) {
            let stays = 0.3 / 1.1 + 0.8 / 1.1 * (-1.1 * t).exp();
            let exact = Binomial::new(stays, 50).unwrap();
            for n in 0..=50 {
                let error = law.probability(&[n, 50 - n]) - exact.pmf(n as u64);
                assert!(error.abs() < 1e-10, "{propagation:?} t {t} n {n}: {error:e}");
            }
        }
    }
    let death = kinetics_death();
    let law = &solve(&death, &[1.5], &with(1e-12, Propagation::Auto)).unwrap().distributions[0];
    let exact = Binomial::new((-1.5f64).exp(), 30).unwrap();
    assert!((0..=30).all(|n| (law.probability(&[n]) - exact.pmf(n as u64)).abs() < 1e-12));
}

fn kinetics_death() -> Kinetics {
    kinetics(1.0, &[("A", 30.0)], &[("A", "", 1.0)])
}

/// Means and second moments of SPCM by the five linear moment equations, by Runge-Kutta steps far below rounding.
fn epidermis_moments(r1: f64, r2: f64, lambda: f64, gamma: f64, t: f64) -> [f64; 5] {
    let (a11, a21, a22) = ((r1 - r2) * lambda, (1.0 - r1 + r2) * lambda, -gamma);
    let b11 = (r1 + r2) * lambda;
    let b21 = (1.0 - r1 + 3.0 * r2) * lambda;
    let flow = |x: [f64; 5]| {
        let [a, b, va, vb, c] = x;
        [
            a11 * a,
            a21 * a + a22 * b,
            b11 * a + 2.0 * a11 * va,
            b21 * a + gamma * b + 2.0 * a22 * vb + 2.0 * a21 * c,
            -2.0 * r2 * lambda * a + a21 * va + (a11 + a22) * c,
        ]
    };
    runge_kutta(flow, [10.0, 0.0, 0.0, 0.0, 0.0], t, 4000)
}

fn runge_kutta<const N: usize>(flow: impl Fn([f64; N]) -> [f64; N], start: [f64; N], t: f64, steps: usize) -> [f64; N] {
    let h = t / steps as f64;
    let along = |x: [f64; N], k: [f64; N], h: f64| std::array::from_fn(|i| x[i] + h * k[i]);
    let mut x = start;
    for _ in 0..steps {
        let k1 = flow(x);
        let k2 = flow(along(x, k1, 0.5 * h));
        let k3 = flow(along(x, k2, 0.5 * h));
        let k4 = flow(along(x, k3, h));
        x = std::array::from_fn(|i| x[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]));
    }
    x
}

#[test]
fn epidermis_moments_match_the_exact_linear_equations() {
    let kinetics = epidermis(0.0836, 0.0764, 1.1, 0.31);
    let times = [1.0, 5.0, 10.0, 20.0];
    for (propagation, tolerance, times) in
        [(Propagation::Uniformisation, 1e-13, &times[..]), (Propagation::Krylov, 1e-11, &times[..1])]
    {
        let solution = solve(&kinetics, times, &with(tolerance, propagation)).unwrap();
        println!("{:?}", solution.statistics);
        let moments = solution.moments(2).unwrap();
        for (i, &t) in times.iter().enumerate() {
            let exact = epidermis_moments(0.0836, 0.0764, 1.1, 0.31, t);
            let index = |a: u8, b: u8| moments.position(&MomentIndex(vec![a, b])).unwrap();
            let found = [(1, 0), (0, 1), (2, 0), (0, 2), (1, 1)].map(|(a, b)| moments.value(i, index(a, b)));
            for (x, y) in found.iter().zip(exact) {
                assert!((x - y).abs() < 1e-8 * y.abs(), "{propagation:?} t {t}: {found:?} {exact:?}");
            }
        }
    }
}
