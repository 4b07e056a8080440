//! The hierarchy against literature, against any law on a lattice, and against exactly solved networks.

use super::closure::{self, Closure, CumulantNeglect, DerivativeMatching, Gaussian, LogNormal, ZeroCentral};
use super::conversion::{central_in_raw, raw_in_central};
use super::*;
use crate::moment_series::MomentIndex;
use crate::test_networks::{jacobian_error, kinetics, network, parameter_jacobian_error};
use kurtz_model::polynomial::{Monomial, Polynomial};
use kurtz_model::{Kinetics, ParameterId, ReactionId};
use kurtz_ode::{Integration, VectorField, solve};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// SPCM with its two candidates and the rates u of Yang et al. 2020, eq. 14: r1 lambda, r2 lambda, k1, k2, lambda, Gamma.
const SPCM: &str = "species A = 10, B = 0\n\
    parameter p1 = 0.09196, p2 = 0.08404, k1 = 0, k2 = 0, lambda = 1.1, Gamma = 0.31\n\
    A -> 2 A @ p1\nA -> A + B @ lambda - p1 - p2\nA -> 2 B @ p2\nB -> 0 @ Gamma\nA -> 0 @ k1\nA -> B @ k2\n";

const LOTKA_VOLTERRA: &str = "species A = 20, B = 10\nparameter k1 = 1, k2 = 0.1, k3 = 0.8\nvolume 2\n\
    A -> 2 A @ k1\nA + B -> 2 B @ k2\nB -> 0 @ k3\n";

/// Everything at once: compartments, a clamped species, a law of each kind, orders 0 to 3, a constant that is no
/// polynomial, parameters defined by others, time.
const GENERAL: &str = "parameter w = 2, k = 0.03, E = 0.7, q = 2*k\n\
    compartment cell = 3\ncompartment nucleus = w/4\n\
    species A in cell = 5\nspecies B in nucleus = 2*w\nclamped species D in cell = w + 1\n\
    0 -> A @ k + q\nA + B -> 2 B @ q*exp(-E)\nD + A -> D + B @ k\n2 D -> 3 B + 2 D @ k/(1 + E)\n\
    A -> B @ rate(k*A*(1 + 2*A)*B*D*(1 + 0.5*sin(time)))\nA -> 0 @ rate(k*A*D/(1 + D^2))\nB -> 0 @ propensity(k*B*(B-1)/w)\n3 A -> B @ k\n";

fn central(powers: &[u8]) -> MomentSymbol {
    MomentSymbol::moment(MomentIndex(powers.to_vec()), Form::Central)
}

fn monomial(symbols: &[MomentSymbol]) -> Monomial<MomentSymbol> {
    Monomial::new(symbols.iter().map(|s| (s.clone(), 1)))
}

/// The coefficient of a product of moments in an equation, a polynomial in parameters.
fn coefficient(equation: &MomentPolynomial, of: &[MomentSymbol]) -> MomentPolynomial {
    let collected = equation.collected(|s| s.index().is_some());
    collected.into_iter().find(|(m, _)| *m == monomial(of)).map(|(_, c)| c).unwrap_or_default()
}

/// The coefficients of eq. 13: a11, a21, a22, b11, b12, b21, b22, b31, b32, b33, b23, b24.
fn spcm_coefficients() -> Vec<MomentPolynomial> {
    let hierarchy = MomentHierarchy::derive(&network(SPCM), 2, Form::Central).unwrap();
    assert!(hierarchy.closes());
    let equation = |powers: &[u8]| hierarchy.equation(&MomentIndex(powers.to_vec())).unwrap();
    let (a, b, va, c, vb) = ([1, 0], [0, 1], [2, 0], [1, 1], [0, 2]);
    let list =
        [(a, a), (b, a), (b, b), (va, a), (va, va), (vb, a), (vb, b), (c, a), (c, va), (c, c), (vb, vb), (vb, c)];
    // Nothing else stands in the equations.
    let all: usize = hierarchy.equations().iter().map(|e| e.collected(|s| s.index().is_some()).len()).sum();
    assert_eq!(all, list.len());
    list.iter().map(|(of, with)| coefficient(equation(of), &[central(with)])).collect()
}

#[test]
fn spcm_equations_are_those_of_yang_et_al_13_symbolically_and_in_numbers() {
    let coefficients = spcm_coefficients();
    let names = ["p1", "p2", "k1", "k2", "lambda", "Gamma"];
    let text = |p: &MomentPolynomial| {
        p.to_text(&|s| match s {
            MomentSymbol::Parameter(p) => names[p.index()].to_owned(),
            other => format!("{other:?}"),
        })
    };
    let expected = [
        ("p1 - p2 - k1 - k2", 0.00792),
        ("p2 - p1 + k2 + lambda", 1.09208),
        ("-Gamma", -0.31),
        ("p1 + p2 + k1 + k2", 0.176),
        ("2*p1 - 2*p2 - 2*k1 - 2*k2", 0.01584),
        ("3*p2 - p1 + k2 + lambda", 1.26016),
        ("Gamma", 0.31),
        ("-2*p2 - k2", -0.16808),
        ("p2 - p1 + k2 + lambda", 1.09208),
        ("p1 - p2 - k1 - k2 - Gamma", -0.30208),
        ("-2*Gamma", -0.62),
        ("2*p2 - 2*p1 + 2*k2 + 2*lambda", 2.18416),
    ];
    let kinetics = kinetics(SPCM);
    for (found, (formula, value)) in coefficients.iter().zip(expected) {
        assert_eq!(text(found), formula);
        let number = found.evaluate(|s| match s {
            MomentSymbol::Parameter(p) => kinetics.parameters()[p.index()],
            _ => f64::NAN,
        });
        assert!((number - value).abs() < 1e-14, "{formula}: {number}");
    }
}

#[test]
fn the_coefficients_as_functions_of_the_six_rates_are_the_matrix_14_of_rank_6_and_condition_14_57() {
    let signs = [1, 1, -1, 1, 1, 1, 1, -1, 1, 1];
    let rows: Vec<Vec<i64>> = spcm_coefficients()
        .iter()
        .zip(signs)
        .map(|(c, sign)| {
            let slope = |p: usize| c.derivative(&MomentSymbol::Parameter(p.into())).as_constant().unwrap();
            (0..6).map(|p| sign * slope(p).to_i64().unwrap()).collect()
        })
        .collect();
    let printed = [
        [1, -1, -1, -1, 0, 0],
        [-1, 1, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 0, 0],
        [2, -2, -2, -2, 0, 0],
        [-1, 3, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
        [0, 2, 0, 1, 0, 0],
        [-1, 1, 0, 1, 1, 0],
        [1, -1, -1, -1, 0, -1],
    ];
    assert_eq!(rows, printed);
    let singular = singular_values(&rows);
    // Full rank, since the least one is not 0 by far.
    assert!((singular[0] / singular[5] - 14.57).abs() < 0.005, "{singular:?}");
}

/// Singular values in falling order, by Jacobi rotations of the columns.
fn singular_values(rows: &[Vec<i64>]) -> Vec<f64> {
    let n = rows[0].len();
    let mut columns: Vec<Vec<f64>> = (0..n).map(|j| rows.iter().map(|r| r[j] as f64).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    for _ in 0..30 {
        for i in 0..n {
            for j in i + 1..n {
                let (a, b, c) =
                    (dot(&columns[i], &columns[i]), dot(&columns[j], &columns[j]), dot(&columns[i], &columns[j]));
                let (sin, cos) = (0.5 * (2.0 * c).atan2(a - b)).sin_cos();
                for k in 0..rows.len() {
                    let (x, y) = (columns[i][k], columns[j][k]);
                    (columns[i][k], columns[j][k]) = (cos * x + sin * y, cos * y - sin * x);
                }
            }
        }
    }
    let mut values: Vec<f64> = columns.iter().map(|c| dot(c, c).sqrt()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[test]
fn spcm_reads_well() {
    let text = "time week\nspecies A = 10, B = 0\n\
        parameter lambda = 1.1, r1 = 0.0836, r2 = 0.0764, Gamma = 0.31\n\
        A -> 2 A @ r1*lambda\nA -> A + B @ (1 - r1 - r2)*lambda\nA -> 2 B @ r2*lambda\nB -> 0 @ Gamma\n";
    let hierarchy = MomentHierarchy::derive(&network(text), 2, Form::Central).unwrap();
    assert_eq!(
        hierarchy.to_text(None),
        "d<A>/dt = lambda*(r1 - r2)*<A>\n\
         d<B>/dt = lambda*(1 - r1 + r2)*<A> - Gamma*<B>\n\
         dV[A]/dt = lambda*(r1 + r2)*<A> + 2*lambda*(r1 - r2)*V[A]\n\
         dC[A,B]/dt = -2*lambda*r2*<A> + lambda*(1 - r1 + r2)*V[A] + (lambda*r1 - Gamma - lambda*r2)*C[A,B]\n\
         dV[B]/dt = lambda*(1 - r1 + 3*r2)*<A> + Gamma*<B> + 2*lambda*(1 - r1 + r2)*C[A,B] - 2*Gamma*V[B]\n"
    );
    let latex = hierarchy.to_latex(None);
    assert!(latex.contains("\\frac{\\mathrm{d}\\langle A\\rangle}{\\mathrm{d}t} &= "), "{latex}");
    assert!(latex.contains("\\frac{\\mathrm{d}C_{AB}}{\\mathrm{d}t} &= "), "{latex}");
    assert!(latex.contains("2 \\lambda \\left(r_{1} - r_{2}\\right) V_{A}"), "{latex}");
}

#[test]
fn annihilation_of_pairs_has_the_equations_of_the_literature() {
    let text = "species A = 10\nparameter k = 1\nvolume 5\n2 A -> 0 @ k\n";
    let raw = MomentHierarchy::derive(&network(text), 2, Form::Raw).unwrap();
    assert_eq!(raw.higher_moments(), [MomentIndex(vec![3])]);
    assert_eq!(
        raw.to_text(None),
        "d<A>/dt = k*<A>/volume - k*<A^2>/volume\n\
         d<A^2>/dt = -2*k*<A>/volume + 4*k*<A^2>/volume - 2*k*<A^3>/volume\n"
    );
    let central = MomentHierarchy::derive(&network(text), 2, Form::Central).unwrap();
    assert_eq!(
        central.to_text(Some(&Gaussian)),
        "d<A>/dt = k*<A>/volume - k*V[A]/volume - k*<A>^2/volume\n\
         dV[A]/dt = -2*k*<A>/volume + 4*k*V[A]/volume - 2*k*M[A^3]/volume + 2*k*<A>^2/volume - 4*k*<A>*V[A]/volume\n\
         \nclosure gaussian:\nM[A^3] = 0\n"
    );
}

#[test]
fn lotka_volterra_has_the_equations_of_the_literature() {
    let raw = MomentHierarchy::derive(&network(LOTKA_VOLTERRA), 2, Form::Raw).unwrap();
    assert!(!raw.closes());
    assert_eq!(raw.higher_moments(), [MomentIndex(vec![2, 1]), MomentIndex(vec![1, 2])]);
    assert_eq!(
        raw.to_text(None),
        "d<A>/dt = k1*<A> - k2*<A B>/volume\n\
         d<B>/dt = -k3*<B> + k2*<A B>/volume\n\
         d<A^2>/dt = k1*<A> + 2*k1*<A^2> + k2*<A B>/volume - 2*k2*<A^2 B>/volume\n\
         d<A B>/dt = (k1 - k3 - k2/volume)*<A B> + k2*<A^2 B>/volume - k2*<A B^2>/volume\n\
         d<B^2>/dt = k3*<B> + k2*<A B>/volume - 2*k3*<B^2> + 2*k2*<A B^2>/volume\n"
    );
}

/// Moments of a law on a lattice of counts, and their exact rates of change by the master equation.
struct Lattice {
    states: Vec<(Vec<f64>, f64)>,
}

impl Lattice {
    /// Any law on 0..n of each species; clamped species have their own count.
    fn random(kinetics: &Kinetics, n: usize, rng: &mut Xoshiro256PlusPlus) -> Self {
        let species = &kinetics.network().species;
        let mut states = vec![Vec::new()];
        for (s, initial) in species.iter().zip(kinetics.initial()) {
            let counts: Vec<f64> = if s.clamped { vec![*initial] } else { (0..n).map(|c| c as f64).collect() };
            let longer = |head: &Vec<f64>| counts.iter().map(|&c| [head.as_slice(), &[c]].concat()).collect::<Vec<_>>();
            states = states.iter().flat_map(longer).collect();
        }
        let mut states: Vec<_> = states.into_iter().map(|n| (n, rng.random::<f64>())).collect();
        let total: f64 = states.iter().map(|(_, p)| p).sum();
        states.iter_mut().for_each(|(_, p)| *p /= total);
        Lattice { states }
    }

    fn mean(&self, f: impl Fn(&[f64]) -> f64) -> f64 {
        self.states.iter().map(|(n, p)| p * f(n)).sum()
    }
}

/// Product of powers of the species that fluctuate, around `centre`.
fn power(n: &[f64], centre: &[f64], index: &MomentIndex, fluctuating: &[usize]) -> f64 {
    let factors = index.0.iter().zip(fluctuating).zip(centre);
    factors.map(|((&e, &s), c)| (n[s] - c).powi(e.into())).product()
}

/// The derived equations hold for any law, initial or not: they are put to one chosen at random, with its own higher
/// moments, and compared with the direct sum over states and jumps.
fn check_equations_on_a_lattice(text: &str, order: u32, form: Form) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let kinetics = kinetics(text);
    let hierarchy = MomentHierarchy::derive(kinetics.network(), order, form).unwrap();
    let fluctuating: Vec<usize> = hierarchy.species().iter().map(|s| s.index()).collect();
    let law = Lattice::random(&kinetics, 5, &mut rng);
    let time = 0.37;
    let means: Vec<f64> = fluctuating.iter().map(|&s| law.mean(|n| n[s])).collect();
    let zero = vec![0.0; means.len()];
    let value = |symbol: &MomentSymbol| match symbol {
        MomentSymbol::Parameter(p) => kinetics.parameters()[p.index()],
        MomentSymbol::Compartment(c) => kinetics.volumes()[c.index()],
        MomentSymbol::Clamped(s) => kinetics.initial()[s.index()],
        MomentSymbol::Constant(c) => hierarchy.constants()[*c as usize]
            .evaluate(&|s| kinetics.value_of(s, time, &|i| kinetics.initial()[i.index()])),
        MomentSymbol::Raw(i) => law.mean(|n| power(n, &zero, i, &fluctuating)),
        MomentSymbol::Central(i) => law.mean(|n| power(n, &means, i, &fluctuating)),
    };
    // What the jumps do to the mean of f.
    let drift = |f: &dyn Fn(&[f64]) -> f64| {
        law.mean(|n| {
            let jump = |(j, reaction): (usize, &kurtz_model::Reaction)| {
                let mut after = n.to_vec();
                for (s, u) in reaction.net_change() {
                    if !kinetics.network().species[s.index()].clamped {
                        after[s.index()] += u as f64;
                    }
                }
                kinetics.propensity(ReactionId::from(j), time, n) * (f(&after) - f(n))
            };
            kinetics.network().reactions.iter().enumerate().map(jump).sum()
        })
    };
    for (index, equation) in hierarchy.indices().iter().zip(hierarchy.equations()) {
        let centre = if form == Form::Central && index.order() > 1 { &means } else { &zero };
        let mut expected = drift(&|n| power(n, centre, index, &fluctuating));
        if form == Form::Central && index.order() > 1 {
            for (i, &s) in fluctuating.iter().enumerate().filter(|(i, _)| index.0[*i] > 0) {
                let mut lower = index.clone();
                lower.0[i] -= 1;
                let moment = law.mean(|n| power(n, &means, &lower, &fluctuating));
                expected -= f64::from(index.0[i]) * moment * drift(&|n| n[s]);
            }
        }
        let found = equation.evaluate(value);
        assert!((found - expected).abs() < 1e-11 * (1.0 + expected.abs()), "{index:?}: {found} {expected}");
    }
}

#[test]
fn the_equations_of_any_network_hold_for_any_law() {
    for text in [SPCM, LOTKA_VOLTERRA, GENERAL, "species A = 3\n2 A -> 3 A @ 0.5\n3 A -> 0 @ 0.1\nvolume 1.7\n"] {
        for form in [Form::Raw, Form::Central] {
            check_equations_on_a_lattice(text, 4, form);
        }
    }
}

#[test]
fn contributions_agree_with_the_hierarchy() {
    let hierarchy = MomentHierarchy::derive(&network(LOTKA_VOLTERRA), 2, Form::Central).unwrap();
    let kinetics = kinetics(LOTKA_VOLTERRA);
    let field = ClosedMoments::new(&hierarchy, &kinetics, Some(&LogNormal), Sensitivity::Rates).unwrap();
    let reaction = |r: [u32; 2], p: [u32; 2]| Stoichiometry { reactants: r.to_vec(), products: p.to_vec() };
    let list = [reaction([1, 0], [2, 0]), reaction([1, 1], [0, 2]), reaction([0, 1], [0, 0])];
    let contributions = ReactionContributions::new(2, &list, 2.0, 2, 2, Some(&LogNormal)).unwrap();
    let x = [14.0, 9.0, 30.0, -4.0, 21.0];
    let (mut a, mut b) = ([0.0; 15], [0.0; 15]);
    field.parameter_jacobian(0.0, &x, &mut a);
    contributions.evaluate(&x, &mut b);
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + b.abs())), "{a:?} {b:?}");
}

/// Largest difference between the raw equations and the central ones carried over by the chain rule.
fn raw_against_central(text: &str, order: u32, closure: Option<&dyn Closure>) -> f64 {
    let kinetics = kinetics(text);
    let field = |form| {
        let hierarchy = MomentHierarchy::derive(kinetics.network(), order, form).unwrap();
        ClosedMoments::new(&hierarchy, &kinetics, closure, Sensitivity::None).unwrap()
    };
    let (raw, central) = (field(Form::Raw), field(Form::Central));
    let n = raw.dimension();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let x: Vec<f64> = raw
        .indices()
        .iter()
        .map(|i| match i.order() {
            1 => 4.0 + rng.random::<f64>(),
            2 if i.0.contains(&2) => 3.0 + rng.random::<f64>(),
            _ => rng.random::<f64>() - 0.5,
        })
        .collect();
    let (mut dx, mut dy, mut carried) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    central.evaluate(0.2, &x, &mut dx);
    let y = raw.state_of(&x).unwrap();
    raw.evaluate(0.2, &y, &mut dy);
    let back = raw.central_moments(&y).unwrap();
    assert!(x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-9 * (1.0 + a.abs())), "{x:?} {back:?}");
    // d raw / d central, by differences of a polynomial map.
    let h = 1e-4;
    let moved =
        |sign: f64| raw.state_of(&x.iter().zip(&dx).map(|(x, d)| x + sign * h * d).collect::<Vec<_>>()).unwrap();
    let (up, down) = (moved(1.0), moved(-1.0));
    for i in 0..n {
        carried[i] = (up[i] - down[i]) / (2.0 * h);
    }
    dy.iter().zip(&carried).map(|(a, b)| (a - b).abs() / (1.0 + a.abs())).fold(0.0, f64::max)
}

#[test]
fn raw_and_central_equations_say_the_same() {
    assert!(raw_against_central(SPCM, 3, None) < 1e-6);
    for closure in closure::all() {
        for text in [LOTKA_VOLTERRA, GENERAL] {
            let error = raw_against_central(text, 2, Some(&*closure));
            assert!(error < 1e-6, "{}: {error}", closure.name());
        }
    }
    assert!(raw_against_central(LOTKA_VOLTERRA, 3, Some(&CumulantNeglect)) < 1e-6);
}

#[test]
fn conversions_undo_each_other() {
    for index in MomentIndex::up_to(2, 4) {
        let there = raw_in_central(&index);
        let back = there
            .substitute(|s| match s {
                MomentSymbol::Central(i) => central_in_raw(i),
                other => Polynomial::symbol(other.clone()),
            })
            .unwrap();
        assert_eq!(back, Polynomial::symbol(MomentSymbol::Raw(index)));
    }
}

/// A closed moment as text; species x, y, z, w.
fn closed(closure: &dyn Closure, powers: &[u8], order: u32) -> String {
    let species: Vec<String> = ["x", "y", "z", "w"].iter().map(|&s| s.into()).collect();
    closure.close(&MomentIndex(powers.to_vec()), order).to_text(&|s| match s {
        MomentSymbol::Raw(i) => names::text_of_moment(i, Form::Raw, &species),
        MomentSymbol::Central(i) => names::text_of_moment(i, Form::Central, &species),
        other => format!("{other:?}"),
    })
}

#[test]
fn closures_are_the_formulas_of_the_literature() {
    assert_eq!(closed(&Gaussian, &[1, 1, 1, 0], 2), "0");
    assert_eq!(closed(&Gaussian, &[1, 1, 1, 1], 2), "C[x,y]*C[z,w] + C[x,z]*C[y,w] + C[x,w]*C[y,z]");
    assert_eq!(closed(&Gaussian, &[2, 2], 2), "V[x]*V[y] + 2*C[x,y]^2");
    assert_eq!(closed(&Gaussian, &[4], 2), "3*V[x]^2");
    assert_eq!(closed(&Gaussian, &[6], 2), "15*V[x]^3");
    assert_eq!(closed(&Gaussian, &[5], 3), "0");
    assert_eq!(closed(&CumulantNeglect, &[4], 3), "3*V[x]^2");
    assert_eq!(closed(&CumulantNeglect, &[5], 3), "10*V[x]*M[x^3]");
    // kappa_6 = 0: M6 = 15 M4 V + 10 M3^2 - 30 V^3.
    assert_eq!(closed(&CumulantNeglect, &[6], 4), "15*V[x]*M[x^4] + 10*M[x^3]^2 - 30*V[x]^3");
    assert_eq!(closed(&ZeroCentral, &[2, 2], 2), "0");
    assert_eq!(closed(&LogNormal, &[3], 2), "<x^2>^3/<x>^3");
    assert_eq!(closed(&LogNormal, &[2, 1], 2), "<x^2>*<x y>^2/(<x>^2*<y>)");
    assert_eq!(closed(&LogNormal, &[1, 1, 1], 2), "<x y>*<x z>*<y z>/(<x>*<y>*<z>)");
    assert_eq!(closed(&LogNormal, &[2, 1], 1), "<x>^2*<y>");
    for powers in [vec![3], vec![2, 1], vec![1, 1, 1], vec![2, 2], vec![4, 1]] {
        assert_eq!(closed(&DerivativeMatching, &powers, 2), closed(&LogNormal, &powers, 2));
    }
    assert_eq!(closed(&DerivativeMatching, &[4], 3), "<x>^4*<x^3>^4/<x^2>^6");
    for closure in closure::all() {
        assert_eq!(closure::named(closure.name()).unwrap().name(), closure.name());
    }
    assert!(closure::named("no such closure").is_none());
}

#[test]
fn third_raw_moments_of_a_gaussian_law_are_m3_plus_three_m_c() {
    let third = raw_in_central(&MomentIndex(vec![1, 1, 1]));
    let gaussian = third.substitute(|s| match s {
        MomentSymbol::Central(i) if i.order() > 2 => Gaussian.close(i, 2),
        other => Polynomial::symbol(other.clone()),
    });
    let species: Vec<String> = ["x", "y", "z"].iter().map(|&s| s.into()).collect();
    let text = gaussian.unwrap().to_text(&|s| names::text_of_moment(s.index().unwrap(), Form::Central, &species));
    assert_eq!(text, "<x>*C[y,z] + <y>*C[x,z] + <z>*C[x,y] + <x>*<y>*<z>");
}

#[test]
fn a_log_normal_law_has_the_closed_moments() {
    // ln <n^a> = a.mu + a.S.a / 2.
    let (mu, s) = ([0.3, -0.2], [[0.2, 0.05], [0.05, 0.4]]);
    let moment = |i: &MomentIndex| {
        let a = [f64::from(i.0[0]), f64::from(i.0[1])];
        let quadratic: f64 = (0..2).flat_map(|i| (0..2).map(move |j| a[i] * s[i][j] * a[j])).sum();
        (a[0] * mu[0] + a[1] * mu[1] + quadratic / 2.0).exp()
    };
    for index in MomentIndex::up_to(2, 4).into_iter().filter(|i| i.order() > 2) {
        let closed = LogNormal.close(&index, 2).evaluate(|s| moment(s.index().unwrap()));
        assert!((closed / moment(&index) - 1.0).abs() < 1e-13);
    }
}

#[test]
fn immigration_and_death_from_zero_stay_poisson_in_all_moments() {
    let kinetics = kinetics("species A = 0\nparameter k = 3, g = 0.5\nvolume 2\n0 -> A @ k\nA -> 0 @ g\n");
    for form in [Form::Raw, Form::Central] {
        let hierarchy = MomentHierarchy::derive(kinetics.network(), 4, form).unwrap();
        let field = ClosedMoments::new(&hierarchy, &kinetics, None, Sensitivity::None).unwrap();
        assert!(field.is_exact());
        let times = [0.5, 2.0, 10.0];
        let settings = Integration::with_tolerances(1e-11, 1e-13);
        let solution = solve(&field, &field.initial_state(), &times, &settings).unwrap();
        let series = field.series(&times, &solution.states).unwrap();
        assert_eq!((series.species.as_slice(), series.indices.len()), (["A".to_owned()].as_slice(), 4));
        for (t, time) in times.iter().enumerate() {
            let mean = 3.0 * 2.0 / 0.5 * (1.0 - (-0.5 * time).exp());
            let poisson = [mean, mean, mean, mean + 3.0 * mean * mean];
            for (m, expected) in poisson.iter().enumerate() {
                assert!((series.value(t, m) / expected - 1.0).abs() < 1e-8, "{form:?} {time} {m}");
            }
        }
    }
}

#[test]
fn the_telegraph_gene_has_its_known_stationary_noise() {
    let (on, off, make, decay) = (0.3, 0.7, 12.0, 0.9);
    let kinetics = kinetics(&format!(
        "species G = 0, I = 1, M = 0\nI -> G @ {on}\nG -> I @ {off}\nG -> G + M @ {make}\nM -> 0 @ {decay}\n"
    ));
    let hierarchy = MomentHierarchy::derive(kinetics.network(), 2, Form::Central).unwrap();
    let field = ClosedMoments::new(&hierarchy, &kinetics, None, Sensitivity::None).unwrap();
    // Peccoud, Ycart, Theor. Popul. Biol. 48 (1995) 222-234.
    let p = on / (on + off);
    let (mean, variance) = (make * p / decay, p * (1.0 - p));
    let covariance = make * variance / (on + off + decay);
    let noise = mean + make * covariance / decay;
    let value = |i: &MomentIndex| match i.0[..] {
        [1, 0, 0] => p,
        [0, 1, 0] => 1.0 - p,
        [0, 0, 1] => mean,
        [2, 0, 0] | [0, 2, 0] => variance,
        [1, 1, 0] => -variance,
        [1, 0, 1] => covariance,
        [0, 1, 1] => -covariance,
        _ => noise,
    };
    let stationary: Vec<f64> = field.indices().iter().map(value).collect();
    let settings = Integration::with_tolerances(1e-10, 1e-12);
    let solution = solve(&field, &field.initial_state(), &[60.0], &settings).unwrap();
    for (found, expected) in solution.state(0).iter().zip(&stationary) {
        assert!((found - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{found} {expected}");
    }
}

#[test]
fn spcm_moments_are_those_of_the_reference_within_its_sampling_error() {
    // Means, variances and covariance of 10^6 runs with their standard errors (spec table), at 1, 5, 10, 20 weeks.
    let hierarchy = MomentHierarchy::derive(&network(SPCM), 2, Form::Central).unwrap();
    let field = ClosedMoments::new(&hierarchy, &kinetics(SPCM), None, Sensitivity::None).unwrap();
    let times = [1.0, 5.0, 10.0, 20.0];
    let settings = Integration::with_tolerances(1e-10, 1e-12);
    let solution = solve(&field, &field.initial_state(), &times, &settings).unwrap();
    let sampled = [
        [(10.0780, 0.0013), (9.4336, 0.0031), (1.7821, 0.0029), (-0.5830, 0.0044), (9.894, 0.014)],
        [(10.4014, 0.0031), (28.4483, 0.0072), (9.346, 0.014), (11.673, 0.027), (52.15, 0.08)],
        [(10.8206, 0.0045), (35.6231, 0.0123), (19.820, 0.032), (42.27, 0.08), (150.83, 0.24)],
        [(11.7162, 0.0067), (40.1728, 0.0208), (44.716, 0.078), (124.39, 0.22), (430.7, 0.7)],
    ];
    for (t, row) in sampled.iter().enumerate() {
        for (x, (mean, error)) in solution.state(t).iter().zip(row) {
            assert!((x - mean).abs() < 4.9 * error, "{x} {mean}");
        }
    }
}

#[test]
fn jacobians_agree_with_differences() {
    let spcm = SPCM.replace("k1 = 0, k2 = 0", "k1 = 0.2, k2 = 0.3");
    for text in [&spcm, LOTKA_VOLTERRA, GENERAL] {
        let kinetics = kinetics(text);
        let parameters: Vec<_> = (0..kinetics.parameters().len()).map(ParameterId::from).collect();
        for (closure, form) in [
            (Box::new(Gaussian) as Box<dyn Closure>, Form::Central),
            (Box::new(Gaussian), Form::Raw),
            (Box::new(LogNormal), Form::Central),
            (Box::new(DerivativeMatching), Form::Raw),
        ] {
            let hierarchy = MomentHierarchy::derive(kinetics.network(), 2, form).unwrap();
            let make = |k: &Kinetics| {
                let by = Sensitivity::Parameters(parameters.clone());
                ClosedMoments::new(&hierarchy, k, Some(&*closure), by).unwrap()
            };
            let field = make(&kinetics);
            let central = [4.0, 3.0, 3.0, -0.4, 2.0];
            let x = field.state_of(&central).unwrap();
            assert!(jacobian_error(&field, 0.3, &x) < 1e-6, "{}", closure.name());
            assert!(parameter_jacobian_error(&kinetics, &make, 0.3, &x) < 1e-6, "{}", closure.name());
            // By rates: the sum over reactions of rate times derivative is the field itself.
            let mut rated = ClosedMoments::new(&hierarchy, &kinetics, Some(&*closure), Sensitivity::Rates).unwrap();
            let (n, r) = (rated.dimension(), rated.parameter_count());
            let (mut dx, mut other, mut by_rate) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * r]);
            field.evaluate(0.3, &x, &mut dx);
            rated.evaluate(0.3, &x, &mut other);
            rated.parameter_jacobian(0.3, &x, &mut by_rate);
            assert!(jacobian_error(&rated, 0.3, &x) < 1e-6);
            for i in 0..n {
                let sum: f64 = rated.rates().iter().zip(&by_rate[i * r..]).map(|(k, s)| k * s).sum();
                assert!((dx[i] - other[i]).abs() < 1e-11 * (1.0 + dx[i].abs()));
                assert!((dx[i] - sum).abs() < 1e-11 * (1.0 + dx[i].abs()));
            }
            rated.rates_mut().unwrap().fill(0.0);
            rated.evaluate(0.3, &x, &mut other);
            assert!(other.iter().all(|&d| d == 0.0));
        }
    }
}

#[test]
fn initial_states_and_their_sensitivities_follow_the_kinetics() {
    let kinetics = kinetics(GENERAL);
    let w = kinetics.network().parameter_named("w").unwrap();
    for form in [Form::Raw, Form::Central] {
        let hierarchy = MomentHierarchy::derive(kinetics.network(), 2, form).unwrap();
        let make = |k: &Kinetics| {
            ClosedMoments::new(&hierarchy, k, Some(&Gaussian), Sensitivity::Parameters(vec![w])).unwrap()
        };
        let (field, h) = (make(&kinetics), 1e-5);
        let expected = if form == Form::Raw { [5.0, 4.0, 25.0, 20.0, 16.0] } else { [5.0, 4.0, 0.0, 0.0, 0.0] };
        assert_eq!(field.initial_state(), expected);
        let at = |by: f64| make(&crate::test_networks::moved(&kinetics, w.index(), by)).initial_state();
        let (up, down) = (at(h), at(-h));
        for (i, exact) in field.initial_sensitivity().iter().enumerate() {
            assert!((exact - (up[i] - down[i]) / (2.0 * h)).abs() < 1e-8);
        }
    }
}

#[test]
fn networks_beyond_moments_are_refused_with_the_reaction_and_what_to_do() {
    let derive = |text: &str, order| MomentHierarchy::derive(&network(text), order, Form::Central).unwrap_err();
    let hill = derive("species A = 1\nparameter K = 2\nmake: 0 -> A @ rate(A/(K + A))\n", 2);
    let message = hill.to_string();
    assert!(matches!(hill, MomentsError::NotPolynomial { .. }));
    assert!(
        message.contains("`make`") && message.contains("A/(K + A)") && message.contains("master equation"),
        "{message}"
    );
    let inverse = derive("species A = 1\n0 -> A @ propensity(1/A)\n", 2);
    assert!(matches!(inverse, MomentsError::NotPolynomial { .. }));
    let degree = derive("species A = 1\n40 A -> 0 @ 1\n", 2);
    assert!(matches!(degree, MomentsError::Degree { degree: 40, .. }));
    assert!(matches!(derive(SPCM, 0), MomentsError::Order { .. }));
    assert!(matches!(derive(SPCM, 9), MomentsError::Order { .. }));
    let many: String = (0..60).map(|i| format!("S{i} -> 0 @ 1\n")).collect();
    let names: Vec<String> = (0..60).map(|i| format!("S{i} = 0")).collect();
    let many = derive(&format!("species {}\n{many}", names.join(", ")), 4);
    assert!(matches!(many, MomentsError::Size { .. }), "{many}");
    let hierarchy = MomentHierarchy::derive(&network(LOTKA_VOLTERRA), 2, Form::Central).unwrap();
    let open = ClosedMoments::new(&hierarchy, &kinetics(LOTKA_VOLTERRA), None, Sensitivity::None).unwrap_err();
    assert!(open.to_string().contains("M[A^2 B], M[A B^2]"), "{open}");
    let other = ClosedMoments::new(&hierarchy, &kinetics(SPCM), None, Sensitivity::None).unwrap_err();
    assert!(matches!(other, MomentsError::OtherNetwork { .. }));
}

#[test]
fn gaussian_closure_is_close_to_the_truth_where_counts_are_large() {
    // 0 -> A (k0 = 1), 2A -> 0 (k = 1): <n>/V = c + bias/V, bias(t=5) = 0.125053, variance/V -> 0.75002.
    let kinetics = kinetics("species A = 300\nvolume 100\n0 -> A @ 1\n2 A -> 0 @ 1\n");
    let hierarchy = MomentHierarchy::derive(kinetics.network(), 2, Form::Central).unwrap();
    let field = ClosedMoments::new(&hierarchy, &kinetics, Some(&Gaussian), Sensitivity::None).unwrap();
    let settings = Integration::with_tolerances(1e-11, 1e-11);
    let times = [0.5, 1.0, 2.0, 5.0];
    let moments = solve(&field, &field.initial_state(), &times, &settings).unwrap();
    let limit = crate::MassAction::new(&kinetics, crate::View::Concentrations);
    let limit = solve(&limit, &limit.initial_state(), &times, &settings).unwrap();
    // Exact master equation at V = 100: bias and its variance limit.
    let (bias, variance) = ([0.1881, 0.1582, 0.1333, 0.1253], [0.97833, 0.82755, 0.75948, 0.75002]);
    for t in 0..4 {
        let found = (moments.state(t)[0] / 100.0 - limit.state(t)[0]) * 100.0;
        assert!((found - bias[t]).abs() < 2e-3, "{found} {}", bias[t]);
        assert!((moments.state(t)[1] / 100.0 - variance[t]).abs() < 1e-2);
    }
}
