//! Families against differences, and diagrams against closed forms and published numbers.

use super::*;
use crate::mass_action::{MassAction, View};
use crate::progress::Silent;
use crate::test_networks::kinetics;
use kurtz_model::Kinetics;
use kurtz_model::kinetics::Changes;
use kurtz_ode::VectorField;
use kurtz_ode::continuation::{Continuation, CycleEnd, CyclePoint, Family, Settled, SpecialKind, settle};
use std::path::{Path, PathBuf};

fn diagram(kinetics: &Kinetics, control: &str, from: f64, to: f64, at: Vec<f64>) -> Diagram {
    let family = NetworkFamily::new(kinetics, control).unwrap();
    let continuation = Continuation { from, to, at, ..Continuation::default() };
    Diagram::of(&family, &DiagramSettings { continuation, ..DiagramSettings::default() }, &Silent).unwrap()
}

/// Without cycles.
fn steady(kinetics: &Kinetics, control: &str, from: f64, to: f64) -> Diagram {
    let family = NetworkFamily::new(kinetics, control).unwrap();
    let continuation = Continuation { from, to, ..Continuation::default() };
    let settings = DiagramSettings { continuation, cycles: false, ..DiagramSettings::default() };
    Diagram::of(&family, &settings, &Silent).unwrap()
}

/// Special points of a kind, by parameter.
fn special(diagram: &Diagram, kind: SpecialKind) -> Vec<f64> {
    let all = diagram.steady.iter().flat_map(|branch| &branch.special);
    let mut found: Vec<f64> = all.filter(|s| s.kind == kind).map(|s| s.point.parameter).collect();
    found.sort_by(f64::total_cmp);
    found
}

const GENERAL: &str = "parameter w = 2, k = 0.3, K = 0.7, q = 2*k, total = 4\n\
    compartment cell = 3\ncompartment nucleus = w/4\n\
    species A in cell = 5, E in cell = concentration(total*k), EA in cell = 1\nspecies B in nucleus = 2*w\n\
    clamped species D in cell = concentration(1 + k)\n\
    A + E <-> EA @ q, k\nEA -> E + B @ rate(k*EA)\nA <-> B @ k, rate(q*B/(K + B))\n\
    D + A -> D + B @ k\nB -> A @ propensity(0.1*k*B*(B-1)/(1 + A/cell))\n";

#[test]
fn families_have_the_derivatives_of_their_equations_for_every_kind_of_control() {
    let kinetics = kinetics(GENERAL);
    for (control, at) in [("k", 0.3), ("w", 2.0), ("K", 0.7), ("cell", 3.0), ("D", 1.3), ("A", 5.0), ("E", 1.2)] {
        let family = NetworkFamily::new(&kinetics, control).unwrap();
        let n = family.dimension();
        // A + B + EA and E + EA are conserved.
        assert_eq!(n, 2, "{control}");
        let x: Vec<f64> = family.initial_state(at).iter().map(|x| 0.8 * x + 0.1).collect();
        let evaluate = |p: f64, x: &[f64]| {
            let mut dx = vec![0.0; n];
            family.evaluate(p, x, &mut dx);
            dx
        };
        let (mut jacobian, mut slope) = (vec![0.0; n * n], vec![0.0; n]);
        family.jacobian(at, &x, &mut jacobian);
        family.parameter_derivative(at, &x, &mut slope);
        let h = 1e-6;
        for j in 0..n {
            let shifted = |h: f64| (0..n).map(|i| if i == j { x[i] + h } else { x[i] }).collect::<Vec<_>>();
            let (up, down) = (evaluate(at, &shifted(h)), evaluate(at, &shifted(-h)));
            for i in 0..n {
                let difference = (up[i] - down[i]) / (2.0 * h);
                assert!(
                    (jacobian[i * n + j] - difference).abs() < 1e-7 * (1.0 + difference.abs()),
                    "{control} {i} {j}"
                );
            }
        }
        let (up, down) = (evaluate(at + h, &x), evaluate(at - h, &x));
        for i in 0..n {
            let difference = (up[i] - down[i]) / (2.0 * h);
            assert!((slope[i] - difference).abs() < 1e-7 * (1.0 + difference.abs()), "{control} {i}: {slope:?}");
        }
    }
}

#[test]
fn a_family_is_the_mass_action_equations_of_the_changed_network() {
    let (network, _) = kurtz_model::format::crn::parse(GENERAL, "general").unwrap();
    let kinetics = Kinetics::new(&network).unwrap();
    let changed = |changes: Changes| Kinetics::with_changes(&network, &changes).unwrap();
    let cases = [
        ("k", 0.45, changed(Changes { parameters: vec![("k".into(), 0.45)], ..Changes::default() })),
        ("w", 1.5, changed(Changes { parameters: vec![("w".into(), 1.5)], ..Changes::default() })),
        ("cell", 4.0, changed(Changes { volume: Some(4.0), ..Changes::default() })),
        ("D", 2.5, changed(Changes { initial: vec![("D".into(), 2.5)], ..Changes::default() })),
        ("A", 7.0, changed(Changes { initial: vec![("A".into(), 7.0)], ..Changes::default() })),
    ];
    for (control, value, kinetics_there) in cases {
        let family = NetworkFamily::new(&kinetics, control).unwrap();
        let field = MassAction::new(&kinetics_there, View::Concentrations);
        let (x, full) = (family.initial_state(value), field.initial_state());
        let mut observed = vec![0.0; family.observed_count()];
        family.observe(value, &x, &mut observed);
        for (a, b) in observed.iter().zip(&full) {
            assert!((a - b).abs() < 1e-12, "{control}: {observed:?} {full:?}");
        }
        let (mut dx, mut all) = (vec![0.0; x.len()], vec![0.0; full.len()]);
        family.evaluate(value, &x, &mut dx);
        field.evaluate(0.0, &full, &mut all);
        for (d, s) in dx.iter().zip(family.independent()) {
            assert!((d - all[s.index()]).abs() < 1e-12, "{control}");
        }
    }
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let kinetics = kinetics(GENERAL);
    assert!(matches!(NetworkFamily::new(&kinetics, "nobody"), Err(BifurcationError::Unknown { .. })));
    let spare = crate::test_networks::kinetics("species A = 1\nparameter k = 1, spare = 2\n0 <-> A @ k, k");
    assert!(matches!(NetworkFamily::new(&spare, "spare"), Err(BifurcationError::NoEffect { .. })));
    // A is in no conserved total: how much there is at the start does not matter.
    assert!(matches!(NetworkFamily::new(&spare, "A"), Err(BifurcationError::NoEffect { .. })));
    let timed =
        crate::test_networks::kinetics("species A = 1\nparameter k = 1\n0 -> A @ rate(k*(1 + sin(time)))\nA -> 0 @ k");
    assert!(matches!(NetworkFamily::new(&timed, "k"), Err(BifurcationError::TimeDependent { .. })));
    let held = crate::test_networks::kinetics("clamped species A = 1\nparameter k = 1\nA -> 0 @ k");
    assert!(matches!(NetworkFamily::new(&held, "k"), Err(BifurcationError::NothingChanges)));
}

/// The Brusselator as a network; in the convention of textbooks 2 X + Y -> 3 X has the rate x^2 y.
#[test]
fn the_brusselator_as_a_network_oscillates_beyond_one_plus_a_squared() {
    let model = "convention power\nspecies X = 0, Y = 0\nparameter A = 1.5, B = 2\n\
        0 -> X @ A\n2 X + Y -> 3 X @ 1\nX -> Y @ B\nX -> 0 @ 1\n";
    let diagram = diagram(&kinetics(model), "B", 0.5, 5.0, vec![4.0]);
    assert_eq!((diagram.steady.len(), diagram.cycles.len()), (1, 1));
    let hopf = special(&diagram, SpecialKind::Hopf);
    assert!(hopf.len() == 1 && (hopf[0] - 3.25).abs() < 1e-9, "{hopf:?}");
    let first = &diagram.cycles[0].points[0];
    assert!((first.period * 1.5 / std::f64::consts::TAU - 1.0).abs() < 1e-3);
    let [Attractor::Cycle(cycle)] = diagram.attractors_at(4.0)[..] else { panic!("{:?}", diagram.attractors_at(4.0)) };
    assert!(cycle.is_stable() && cycle.minimum[0] < 1.5 && cycle.maximum[0] > 1.5);
}

/// Schloegl's network: inflow - c4 x + c1 A x^2/2 - c2 x^3/6 = 0 is solved by A for each x; its folds are where dA/dx = 0.
#[test]
fn schloegl_has_its_two_folds() {
    let (network, _) = kurtz_model::format::crn::read(models().join("schloegl.crn")).unwrap();
    let diagram = diagram(&Kinetics::new(&network).unwrap(), "A", 70_000.0, 130_000.0, Vec::new());
    assert_eq!(diagram.steady.len(), 1);
    let a = |x: f64| (3.5 * x + 1e-4 * x.powi(3) / 6.0 - 200.0) * 2.0 / (3e-7 * x * x);
    let slope = |x: f64| {
        // d/dx of (3.5/x + 1e-4 x/6 - 200/x^2) 2/3e-7
        (-3.5 / (x * x) + 1e-4 / 6.0 + 400.0 / x.powi(3)) * 2.0 / 3e-7
    };
    let root = |mut low: f64, mut high: f64| {
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if slope(low) * slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        low
    };
    let mut expected = [a(root(50.0, 200.0)), a(root(200.0, 800.0))];
    expected.sort_by(f64::total_cmp);
    let found = special(&diagram, SpecialKind::Fold);
    assert_eq!(found.len(), 2, "{found:?}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f / e - 1.0).abs() < 1e-8, "{found:?} {expected:?}");
    }
    assert_eq!(diagram.cycles.len(), 0);
}

fn models() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "models"].iter().collect()
}

fn model(name: &str) -> Kinetics {
    let (network, _) = kurtz_model::format::crn::read(models().join(name)).unwrap();
    Kinetics::new(&network).unwrap()
}

/// Molecules per litre in one uM.
const MICROMOLAR: f64 = 6.02214076e17;

/// Lowest and highest concentration of calcium on what attracts, uM.
fn calcium(attractor: &Attractor) -> (f64, f64) {
    let (low, high) = match attractor {
        Attractor::Steady(point) => (point.observed[0], point.observed[0]),
        Attractor::Cycle(cycle) => (cycle.minimum[0], cycle.maximum[0]),
    };
    (low / MICROMOLAR, high / MICROMOLAR)
}

/// Columns: [IP3] uM, value; none where the reference is not there.
fn reference(name: &str) -> Option<Vec<(f64, f64)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ip3/oscillation_range").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    let row = |line: &str| {
        let mut words = line.split_whitespace().map(|w| w.parse().unwrap());
        (words.next().unwrap(), words.next().unwrap())
    };
    Some(text.lines().filter(|l| !l.trim().is_empty()).map(row).collect())
}

#[test]
fn calcium_oscillates_between_the_published_hopf_points() {
    let kinetics = model("de-young-keizer-limit.crn");
    let (low, high) = (reference("diff_eq_min.txt"), reference("diff_eq_max.txt"));
    let at: Vec<f64> = low.as_ref().map_or(vec![0.5], |rows| rows.iter().map(|row| row.0).collect());
    let diagram = diagram(&kinetics, "IP3", 0.01, 2.1, at);
    let hopf = special(&diagram, SpecialKind::Hopf);
    println!("Hopf points {hopf:?}");
    assert_eq!(hopf.len(), 2);
    assert!((hopf[0] - 0.367).abs() < 0.005 && (hopf[1] - 0.616).abs() < 0.01, "{hopf:?}");
    assert_eq!((diagram.steady.len(), diagram.cycles.len()), (1, 1));
    assert_eq!(
        diagram.cycles[0].ends.map(|e| matches!(e, CycleEnd::Hopf(_))),
        [true; 2],
        "{:?}",
        diagram.cycles[0].ends
    );
    let cycles: Vec<&CyclePoint> = diagram.cycles[0].points.iter().collect();
    let [Attractor::Cycle(middle)] = diagram.attractors_at(0.5)[..] else { panic!("one attractor at 0.5 uM") };
    assert!((middle.period - 13.05).abs() < 0.01, "{}", middle.period);
    println!("{} steady points, {} cycles", diagram.steady[0].points.len(), cycles.len());
    let (Some(low), Some(high)) = (low, high) else { return };
    // Beyond the Hopf points the reference, integrated for some 400 s, had not settled: its swing about the steady state
    // decays at the rate of the leading eigenvalue.
    let mut swings: Vec<(f64, f64)> = Vec::new();
    let mut worst: f64 = 0.0;
    for (low, high) in low.iter().zip(&high) {
        let ip3 = low.0;
        let attractors = diagram.attractors_at(ip3);
        assert_eq!(attractors.len(), 1, "{ip3}: {attractors:?}");
        let found = calcium(&attractors[0]);
        let difference = (found.0 - low.1).abs().max((found.1 - high.1).abs());
        match attractors[0] {
            Attractor::Steady(point) if (0.61..0.645).contains(&ip3) => {
                assert!((found.0 - 0.5 * (low.1 + high.1)).abs() < 1e-3, "{ip3}: {found:?}");
                swings.push((point.eigenvalues[0].0, (high.1 - low.1).ln()));
            }
            _ => {
                assert!(difference < 1e-3, "{ip3}: {found:?}, {} {}", low.1, high.1);
                worst = worst.max(difference);
            }
        }
    }
    println!("largest difference from the reference where it had settled: {worst:.2e} uM");
    assert_eq!(swings.len(), 3);
    for pair in swings.windows(2) {
        let duration = (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0);
        assert!((350.0..500.0).contains(&duration), "{duration}");
    }
}

/// The range of calcium at 0.6 uM with 100 subunits in 1e-14 L, whose binding consumes ligands. Before the start ligands
/// bind without being consumed, so that what is bound comes on top.
#[test]
fn receptors_that_consume_ligands_narrow_the_oscillation() {
    let (network, _) = kurtz_model::format::crn::read(models().join("de-young-keizer.crn")).unwrap();
    let bound = |initial: Vec<(String, f64)>| {
        Kinetics::with_changes(&network, &Changes { initial, ..Changes::default() }).unwrap()
    };
    let mut held = network.clone();
    held.species.iter_mut().take(3).for_each(|ligand| ligand.clamped = true);
    let held = Kinetics::new(&held).unwrap();
    let family = NetworkFamily::new(&held, "IP3").unwrap();
    let Settled::Steady(x) = settle(&family, 0.6, &family.initial_state(0.6), &Continuation::default()).unwrap() else {
        panic!("receptors alone settle");
    };
    let mut observed = vec![0.0; 11];
    family.observe(0.6, &x, &mut observed);
    let initial = network.species.iter().zip(&observed).skip(3).map(|(s, c)| (s.name.clone(), c * 1e-14));
    let consumed = diagram(&bound(initial.collect()), "IP3", 0.3, 0.8, vec![0.6]);
    let [Attractor::Cycle(cycle)] = consumed.attractors_at(0.6)[..] else {
        panic!("{:?}", special(&consumed, SpecialKind::Hopf));
    };
    let (low, high) = calcium(&Attractor::Cycle(cycle));
    println!("{low} {high} {:?}", special(&consumed, SpecialKind::Hopf));
    assert!((low - 0.206).abs() < 0.001 && (high - 0.418).abs() < 0.001, "{low} {high}");

    // With ever fewer subunits it becomes the model that consumes none.
    let few = Changes { parameters: vec![("subunits".into(), 1e-3)], ..Changes::default() };
    let few = steady(&Kinetics::with_changes(&network, &few).unwrap(), "IP3", 0.3, 0.8);
    let limit = steady(&model("de-young-keizer-limit.crn"), "IP3", 0.3, 0.8);
    let (a, b) = (special(&few, SpecialKind::Hopf), special(&limit, SpecialKind::Hopf));
    assert!(a.len() == 2 && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
}

/// Goldbeter, Dupont and Berridge (1990): with f the net flux into the store, the trace of the two-variable system vanishes
/// at two values of beta, found here by bisection on the formulas of the paper.
#[test]
fn the_two_stores_of_goldbeter_oscillate_where_the_trace_is_positive() {
    let hopf = special(&steady(&model("goldbeter-calcium.crn"), "beta", 0.0, 1.0), SpecialKind::Hopf);
    let trace = |beta: f64| {
        let z = (1.0 + 7.3 * beta) / 10.0;
        let v2 = 65.0 * z * z / (1.0 + z * z);
        let gate = z.powi(4) / (0.9_f64.powi(4) + z.powi(4));
        let release = |y: f64| 500.0 * y * y / (4.0 + y * y) * gate + y;
        let (mut low, mut high) = (0.0, 100.0);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if release(middle) < v2 { low = middle } else { high = middle }
        }
        let (y, h) = (low, 1e-6);
        let slope = |f: &dyn Fn(f64) -> f64, x: f64| (f(x + h) - f(x - h)) / (2.0 * h);
        let by_z = slope(
            &|z| {
                500.0 * y * y / (4.0 + y * y) * z.powi(4) / (0.9_f64.powi(4) + z.powi(4)) - 65.0 * z * z / (1.0 + z * z)
            },
            z,
        );
        by_z - 10.0 - slope(&release, y)
    };
    let root = |mut low: f64, mut high: f64| {
        let sign = trace(low);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if trace(middle) * sign > 0.0 { low = middle } else { high = middle }
        }
        low
    };
    let expected = [root(0.1, 0.5), root(0.5, 1.0)];
    assert_eq!(hopf.len(), 2, "{hopf:?}");
    for (h, e) in hopf.iter().zip(expected) {
        assert!((h - e).abs() < 1e-6, "{hopf:?} {expected:?}");
    }
}

/// Tyson (1991): oscillations at k6 = 1 with a period of 35 min; steady at small and at large k6.
#[test]
fn the_cell_cycle_of_tyson_takes_35_minutes() {
    let diagram = diagram(&model("tyson-cell-cycle.crn"), "k6", 0.1, 4.0, vec![0.2, 1.0, 3.0]);
    // One branch of cycles joins the two Hopf points, through a canard explosion at the second.
    let hopf = special(&diagram, SpecialKind::Hopf);
    assert_eq!((hopf.len(), diagram.cycles.len()), (2, 1), "{hopf:?}");
    assert!(diagram.cycles[0].ends.contains(&CycleEnd::Hopf(hopf[1])), "{:?}", diagram.cycles[0].ends);
    let [Attractor::Cycle(cycle)] = diagram.attractors_at(1.0)[..] else { panic!("{:?}", diagram.attractors_at(1.0)) };
    assert!((cycle.period - 35.6).abs() < 0.1, "{}", cycle.period);
    for k6 in [0.2, 3.0] {
        assert!(matches!(diagram.attractors_at(k6)[..], [Attractor::Steady(_)]), "{k6}");
    }
}
