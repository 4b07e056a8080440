//! Reduction of networks with two time scales.

use crate::model;
use kurtz_dynamics::progress::Silent;
use kurtz_learn::reduce::*;
use kurtz_model::{Kinetics, Network};

/// What was tried, for messages of tests.
fn told(outcome: &Outcome) -> String {
    let mut text = String::new();
    for split in &outcome.scales.splits {
        text += &format!(
            "split {} gap {:.3} layer {:?} pointers {:.3?} participation {:.3?}\n",
            split.fast, split.gap, split.layer_end, split.pointers, split.participation
        );
    }
    for (i, c) in outcome.candidates.iter().enumerate() {
        text += &format!(
            "{} {} {} {:?} window {:?} estimate {:.3e} measured {:.3e} layer {:?} {}\n",
            if outcome.chosen == Some(i) { "*" } else { " " },
            c.kind.name(),
            c.eliminated,
            c.fast,
            c.window.map(|w| (w.start, w.end)),
            c.estimate,
            c.measured,
            c.errors.as_ref().map(|e| e.layer_end),
            c.refusal.as_ref().map_or(String::new(), |r| r.to_string()),
        );
    }
    text + &format!("{:?} {:?}", outcome.behaviours, outcome.refusal)
}

fn reduced(network: &Network, settings: &ReduceSettings) -> Outcome {
    let kinetics = Kinetics::new(network).expect("good values");
    let flow = Flow::new(&kinetics).expect("one compartment");
    reduce(&flow, settings, &Silent).expect("a good request")
}

fn until(end: f64) -> ReduceSettings {
    ReduceSettings { scales: ScaleSettings { end: Some(end), ..ScaleSettings::default() }, ..ReduceSettings::default() }
}

fn enzyme(e0: f64, s0: f64, k1: f64, k_1: f64, k2: f64) -> Network {
    Network::builder()
        .volume(1e4)
        .species("S", format!("concentration({s0})"))
        .species("E", format!("concentration({e0})"))
        .species("ES", "concentration(0)")
        .species("P", "concentration(0)")
        .parameter("k1", k1)
        .parameter("k_1", k_1)
        .parameter("k2", k2)
        .reaction("binding, release: S + E <-> ES @ k1, k_1")
        .reaction("catalysis: ES -> E + P @ k2")
        .build()
        .expect("a good network")
}

/// Michaelis-Menten over two and a half decades of enzyme per substrate: whatever serves, its estimate of the error of P is
/// that against the full model.
#[test]
fn michaelis_menten_is_reduced_as_the_amount_of_enzyme_asks_and_the_error_is_known() {
    let mut chosen = Vec::new();
    for (k1, k_1, k2) in [(10.0, 5.0, 5.0), (1.0, 0.1, 10.0), (100.0, 5.0, 0.5), (3.0, 30.0, 3.0)] {
        for ratio in [0.01, 0.1, 0.3, 1.0, 2.0, 5.0] {
            let network = enzyme(ratio, 1.0, k1, k_1, k2);
            let settings = ReduceSettings { vars: vec!["P".into()], ..ReduceSettings::default() };
            let outcome = reduced(&network, &settings);
            for candidate in outcome.candidates.iter().filter(|c| c.refusal.is_none()) {
                let window = candidate.window.expect("it serves");
                let (estimate, truth) = candidate.errors.as_ref().expect("it serves").largest(3, &window);
                let is_near = truth < 1e-6 || (estimate < 3.0 * truth && truth < 3.0 * estimate);
                assert!(is_near, "{k1} {k_1} {k2} {ratio}: {estimate} {truth}\n{}", told(&outcome));
                assert!(estimate <= 0.05, "{estimate}");
            }
            let kind = outcome.best().map(|c| c.kind);
            // Binding is near equilibrium only where catalysis is much slower than release.
            if k2 > 0.5 * k_1 {
                assert_ne!(kind, Some(Kind::PartialEquilibrium), "{}", told(&outcome));
            }
            if ratio <= 0.01 {
                assert_eq!(kind, Some(Kind::Qssa), "{}", told(&outcome));
            }
            chosen.push(kind);
        }
    }
    // All three answers occur.
    for kind in [Some(Kind::Qssa), Some(Kind::TotalQssa), None] {
        assert!(chosen.contains(&kind), "{chosen:?}");
    }
}

/// A -> B @ 100, B -> 0 @ 1: eigenvalues -100 and -1, the fast direction is A alone, and the distance from the slow line is
/// 100/99 e^(-100 t) of B.
#[test]
fn a_linear_chain_has_its_known_scales_and_layer() {
    let network = Network::builder()
        .volume(1e3)
        .species("A", "concentration(1)")
        .species("B", "concentration(0)")
        .reaction("A -> B @ 100")
        .reaction("B -> 0 @ 1")
        .build()
        .expect("a good network");
    let outcome = reduced(&network, &until(5.0));
    let split = &outcome.scales.splits[0];
    for values in &outcome.scales.spectra {
        assert!((values[0].0 + 100.0).abs() < 1e-9 && (values[1].0 + 1.0).abs() < 1e-9, "{values:?}");
    }
    assert!((split.gap - 100.0).abs() < 1e-9 && split.fast == 1);
    assert!((split.pointers[0] - 1.0).abs() < 1e-9 && split.pointers[1].abs() < 1e-9, "{:?}", split.pointers);
    // All times after the layer alike: only A -> B is fast.
    assert!((split.participation[0] - 1.0).abs() < 1e-6, "{:?}", split.participation);
    let size = outcome.scales.sizes[1];
    let end = (100.0 / 99.0 / size / 1e-3).ln() / 100.0;
    let found = split.layer_end.expect("it ends");
    // Times are 9 % apart.
    assert!(found >= end && found < 1.1 * end, "{found} {end}");
    // The full solution is B = 100/99 (e^-t - e^-100t).
    for (k, t) in outcome.scales.times.iter().enumerate() {
        let b = 100.0 / 99.0 * ((-t).exp() - (-100.0 * t).exp());
        assert!((outcome.scales.state(k)[1] - b).abs() < 1e-8, "{t}");
    }
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    // A is there at the start: to set its equation to 0 would lose it, so A + B is the slow variable.
    assert_eq!((best.kind, best.fast.as_slice()), (Kind::TotalQssa, ["reaction_1".to_string()].as_slice()));
}

/// A pair A <-> B of rates a, b beside a slow outflow of B at rate k: the total decays at the slow root of
/// s^2 + (a + b + k) s + a k, by partial equilibrium at k a/(a + b).
#[test]
fn a_fast_equilibrium_is_found_and_decays_at_its_known_rate() {
    let (a, b, k) = (300.0, 100.0, 1.0);
    let network = Network::builder()
        .volume(1e3)
        .species("A", "concentration(1)")
        .species("B", "concentration(0)")
        .species("C", "concentration(0)")
        .parameter("a", a)
        .parameter("b", b)
        .parameter("k", k)
        .reaction("there, back: A <-> B @ a, b")
        .reaction("out: B -> C @ k")
        .build()
        .expect("a good network");
    let outcome = reduced(&network, &ReduceSettings { kind: Some(Kind::PartialEquilibrium), ..until(5.0) });
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    assert_eq!(best.fast, ["there", "back"]);
    let text = best.reduction.as_ref().expect("written").network.to_crn();
    assert!(text.contains("out: A_total -> C @ rate(a*k*A_total/(a + b))"), "{text}");
    let sum = a + b + k;
    let slow = (sum - (sum * sum - 4.0 * a * k).sqrt()) / 2.0;
    let last = &outcome.scales.spectra[10];
    assert!((last[1].0 + slow).abs() < 1e-9, "{last:?} {slow}");
}

/// Spec of the gene network: QSSA is (17)-(18) of Yang, Peng, Zhu, Hong 2020 exactly, and both reductions have the errors
/// that an independent integration gave.
#[test]
fn the_gene_network_is_reduced_as_published() {
    let network = model("gene-network");
    let index = |name: &str| network.species_named(name).expect("it is there").index();
    let names = ["P", "M", "G", "GP", "GP2"];
    // Largest relative errors from t0 on.
    type Row = (f64, [f64; 5]);
    let tables: [(Kind, &[Row]); 2] = [
        (
            Kind::Qssa,
            &[
                (2.0, [0.20, 0.0046, 0.022, 0.072, 0.19]),
                (5.0, [0.072, 0.0046, 0.022, 0.017, 0.017]),
                (10.0, [0.018, 0.0046, 0.022, 0.014, 0.017]),
                (20.0, [0.0091, 0.0046, 0.022, 0.0057, 0.013]),
                (50.0, [0.0089, 0.0046, 0.018, 0.0057, 0.0044]),
            ],
        ),
        (
            Kind::TotalQssa,
            &[
                (2.0, [0.0059, 5e-5, 0.030, 0.13, 0.24]),
                (5.0, [0.0034, 5e-5, 0.030, 0.060, 0.11]),
                (10.0, [0.0013, 5e-5, 0.027, 0.019, 0.038]),
                (20.0, [0.0003, 5e-5, 0.016, 0.0026, 0.009]),
            ],
        ),
    ];
    for (kind, rows) in tables {
        let mut settings = ReduceSettings { kind: Some(kind), ..until(1000.0) };
        settings.scales.points = 400;
        let outcome = reduced(&network, &settings);
        let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
        let (reduction, errors) = (best.reduction.as_ref().expect("written"), best.errors.as_ref().expect("followed"));
        // (17) at some P.
        let kinetics = Kinetics::new(&reduction.network).expect("good values");
        let of = |name: &str, p: f64| {
            let value = |_| p;
            reduction.species[index(name)].evaluate(&|s| kinetics.value_of(s, 0.0, &value))
        };
        for p in [0.01, 0.3, 2.0, 5.2] {
            let omega = 0.8 * 2.0 / 3.0 + 2.0 / 3.0 * p + p * p;
            for (name, expected) in [("G", 0.03 * 0.8 * 2.0 / 3.0), ("GP", 0.03 * 2.0 / 3.0 * p), ("GP2", 0.03 * p * p)]
            {
                assert!((of(name, p) - expected / omega).abs() < 1e-15, "{name} at {p}");
            }
        }
        for (t0, expected) in rows {
            for (name, expected) in names.iter().zip(expected) {
                let i = index(name);
                let mut worst = 0.0f64;
                for (k, t) in outcome.scales.times.iter().enumerate().filter(|(_, t)| *t >= t0) {
                    let truth = outcome.scales.state(k)[i];
                    let _ = t;
                    worst = worst.max((errors.reduced[k * errors.width + i] - truth).abs() / truth);
                }
                println!("{kind:?} {t0} {name} {worst:.5} {expected}");
                // The printed numbers have two digits, one where they are 5e-5 or 0.0003. At 2, errors fall by a factor of
                // 12 in a unit of time, and times are 3.5 % apart.
                let slack = if *expected <= 3e-4 || *t0 == 2.0 { 0.2 } else { 0.1 };
                assert!((worst / expected - 1.0).abs() < slack, "{kind:?} {t0} {name}: {worst} {expected}");
                if kind == Kind::TotalQssa && *name == "P" && *t0 >= 10.0 {
                    assert!(worst < 2e-3);
                }
            }
        }
    }
}

#[test]
fn in_robertsons_problem_the_intermediate_is_fast_over_nine_decades_of_rates() {
    let outcome = reduced(&model("robertson"), &until(1e9));
    let split = &outcome.scales.splits[0];
    assert!(split.fast == 1 && split.pointers[1] > 0.999, "{}", told(&outcome));
    let n = 3;
    let after = outcome.scales.times.iter().position(|t| *t >= split.layer_end.expect("it ends")).expect("a time");
    for k in after..outcome.scales.times.len() {
        assert!(split.pointers_over_time[k * n + 1] > 0.99, "{}", outcome.scales.times[k]);
    }
    // The layer: B reaches 3.65e-5 at the rate 2 sqrt(k1 k2) = 2190.
    let layer = split.layer_end.expect("it ends");
    assert!((1e-3..2e-2).contains(&layer), "{layer}");
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    assert_eq!((best.kind, best.fast.as_slice()), (Kind::Qssa, ["B".to_string()].as_slice()));
    let text = best.reduction.as_ref().expect("written").network.to_crn();
    assert!(text.contains("pairing: A -> C @ rate(k2*B^2)") && text.contains("sqrt("), "{text}");
}

#[test]
fn a_quasi_steady_state_that_stops_an_oscillator_is_refused() {
    let outcome = reduced(&model("goodwin"), &ReduceSettings::default());
    assert!(matches!(outcome.refusal, Some(ReduceError::NoGap { .. })), "{}", told(&outcome));
    let by_hand =
        ReduceSettings { fast_species: vec!["X".into()], kind: Some(Kind::Qssa), ..ReduceSettings::default() };
    let outcome = reduced(&model("goodwin"), &by_hand);
    assert!(outcome.chosen.is_none());
    let refusal = outcome.refusal.as_ref().expect("refused").to_string();
    assert!(refusal.contains("oscillates with period 4") && refusal.contains("comes to rest"), "{refusal}");
}

#[test]
fn a_quasi_steady_state_that_hurries_the_circadian_clock_is_refused() {
    let outcome = reduced(&model("circadian-per"), &ReduceSettings::default());
    assert!(matches!(outcome.refusal, Some(ReduceError::NoGap { .. })), "{}", told(&outcome));
    let by_hand =
        ReduceSettings { fast_species: vec!["PN".into()], kind: Some(Kind::Qssa), ..ReduceSettings::default() };
    let outcome = reduced(&model("circadian-per"), &by_hand);
    let refusal = outcome.refusal.as_ref().expect("refused").to_string();
    assert!(refusal.contains("oscillates with period 23.") && refusal.contains("period 17."), "{refusal}");
}

#[test]
fn a_futile_cycle_follows_michaelis_and_menten_and_a_wrong_choice_is_not_confirmed() {
    let outcome = reduced(&model("futile-cycle"), &ReduceSettings::default());
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    let text = best.reduction.as_ref().expect("written").network.to_crn();
    assert!(text.contains("modification: W -> Wp @ rate(a1*k1*E_total*W/(d1 + k1 + a1*W))"), "{text}");
    assert!(text.contains("restoration: Wp -> W @ rate(a2*k2*F_total*Wp/(d2 + k2 + a2*Wp))"), "{text}");
    assert!((best.estimate / best.measured - 1.0).abs() < 0.1 && best.measured < 0.06, "{}", told(&outcome));
    // One enzyme with its catalysis, the other not: the estimate is a third of the truth, and the full model tells.
    let by_hand = ReduceSettings {
        fast_reactions: ["binding_1", "release_1", "modification"].map(String::from).to_vec(),
        kind: Some(Kind::TotalQssa),
        ..ReduceSettings::default()
    };
    let outcome = reduced(&model("futile-cycle"), &by_hand);
    let refusal = outcome.refusal.as_ref().expect("refused").to_string();
    assert!(refusal.contains("is not confirmed: against the full model it is"), "{refusal}");
}

/// Dimers form within hundredths of a time in which nothing else happens: the state then looks at rest.
#[test]
fn fast_dimerisation_beside_slow_turnover_is_reduced_over_the_slow_time() {
    let network = Network::builder()
        .volume(1e3)
        .species("A", "concentration(2)")
        .species("D", "concentration(0)")
        .parameter("decay", 0.1)
        .reaction("there, back: 2 A <-> D @ 100, 50")
        .reaction("loss: A -> 0 @ decay")
        .reaction("loss_of_D: D -> 0 @ 0.05")
        .reaction("supply: 0 -> A @ 0.05")
        .build()
        .expect("a good network");
    let outcome = reduced(&network, &ReduceSettings::default());
    assert!(outcome.scales.end() > 30.0, "{}", outcome.scales.end());
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    assert_eq!(best.eliminated, 1);
    assert!(best.measured < 0.06 && best.window.expect("a window").start < 5.0, "{}", told(&outcome));
}

/// Three coupled totals make a law that nobody could read: it is declined, not written.
#[test]
fn the_total_quasi_steady_state_of_the_mapk_tier_is_declined_by_its_size() {
    let complexes = ["MK", "MpK", "MppF", "MpF", "MpFd", "MF"].map(String::from).to_vec();
    let settings = ReduceSettings { fast_species: complexes, kind: Some(Kind::TotalQssa), ..ReduceSettings::default() };
    let outcome = reduced(&model("mapk-tier"), &settings);
    let refusal = outcome.refusal.as_ref().expect("refused");
    assert!(matches!(refusal, ReduceError::NotSolvable { .. }), "{refusal}");
    assert!(refusal.to_string().contains("would have more than 60 terms"), "{refusal}");
}

/// The estimate is right also where it says no: with enzymes a tenth and a fifth of their substrate a third of it is bound.
#[test]
fn a_mapk_tier_of_eleven_species_is_reduced_where_enzymes_are_scarce_and_refused_where_not() {
    let complexes = ["MK", "MpK", "MppF", "MpF", "MpFd", "MF"].map(String::from).to_vec();
    let settings = ReduceSettings { fast_species: complexes, kind: Some(Kind::Qssa), ..ReduceSettings::default() };
    let outcome = reduced(&model("mapk-tier"), &settings);
    assert!(outcome.chosen.is_none(), "{}", told(&outcome));
    let errors = outcome.candidates[0].errors.as_ref().expect("followed");
    for i in 0..3 {
        let last = errors.estimated.len() - errors.width + i;
        let (estimate, truth) = (errors.estimated[last], errors.measured[last]);
        assert!(truth > 0.3 && (estimate / truth - 1.0).abs() < 0.01, "{estimate} {truth}");
    }
    let text = model("mapk-tier").to_crn().replace("K = 50 nM", "K = 0.5 nM").replace("F = 100 nM", "F = 1 nM");
    let network = kurtz_model::format::crn::parse(&text, "scarce").expect("a good network").0;
    let outcome = reduced(&network, &settings);
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    let reduction = best.reduction.as_ref().expect("written");
    assert_eq!(reduction.slow.len(), 3);
    assert!(best.estimate < 0.05 && best.measured < 0.05, "{}", told(&outcome));
    // Goldbeter and Koshland's kinase, with two substrates that compete.
    let text = reduction.network.to_crn();
    assert!(text.contains("kinase_1: M -> Mp @ rate(k1*k2*K_total*M*(km3 + k4)/("), "{text}");
}

#[test]
fn requests_that_make_no_sense_are_told() {
    let network = enzyme(0.1, 1.0, 10.0, 5.0, 5.0);
    let kinetics = Kinetics::new(&network).expect("good values");
    let flow = Flow::new(&kinetics).expect("one compartment");
    let with = |change: &dyn Fn(&mut ReduceSettings)| {
        let mut settings = ReduceSettings::default();
        change(&mut settings);
        reduce(&flow, &settings, &Silent)
    };
    let is_bad = |result: Result<Outcome, ReduceError>| result.is_err_and(|e| e.is_bad_input());
    assert!(is_bad(with(&|s| s.fast_species = vec!["X".into()])));
    assert!(is_bad(with(&|s| s.fast_reactions = vec!["X".into()])));
    assert!(is_bad(with(&|s| s.vars = vec!["X".into()])));
    assert!(is_bad(with(&|s| s.tolerance = 0.0)));
    assert!(is_bad(with(&|s| s.scales.end = Some(-1.0))));
    assert!(is_bad(with(&|s| s.scales.gap = f64::NAN)));
    // Everything fast: nothing slow is left.
    let outcome = with(&|s| (s.fast_species, s.kind) = (vec!["S".into(), "ES".into()], Some(Kind::Qssa)));
    let outcome = outcome.expect("a good request");
    assert!(outcome.refusal.expect("refused").to_string().contains("nothing is left that is slow"));
}

/// Rates that are no rational functions of fast species cannot be solved, those of slow ones do no harm.
#[test]
fn laws_that_are_not_rational_are_refused_where_they_would_have_to_be_solved() {
    let network = |law: &str| {
        Network::builder()
            .volume(1e3)
            .species("A", "concentration(1)")
            .species("B", "concentration(0)")
            .parameter("n", 1.5)
            .reaction(&format!("make: A -> A + B @ rate({law})"))
            .reaction("lose: B -> 0 @ 100")
            .reaction("slow: A -> 0 @ rate(0.5*A*B)")
            .build()
            .expect("a good network")
    };
    let settings = ReduceSettings { fast_species: vec!["B".into()], kind: Some(Kind::Qssa), ..until(10.0) };
    let outcome = reduced(&network("100*A^n"), &settings);
    let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
    let text = best.reduction.as_ref().expect("written").network.to_crn();
    assert!(text.contains("slow: A -> 0 @ rate(A^n*A/2)"), "{text}");
    let outcome = reduced(&network("100*A/(1 + B^n)"), &settings);
    let refusal = outcome.refusal.expect("refused").to_string();
    assert!(refusal.contains("no rational function of the fast species `B`"), "{refusal}");
}

/// A substrate that flows in and is consumed by ten enzymes, half saturated, in a steady state. For the deterministic
/// equations the law of Michaelis and Menten holds; its noise does only if most complexes fall apart again. If none does,
/// consumption takes two steps of equal rate, and its events are more regular than single ones by the Fano factor
/// F = 1 - 2 k1 S k2/(k1 S + k_1 + k2)^2 = 1/2: the variance of S is (1 + F)/2 = 3/4 of that of the reduced network, which
/// has S (K + S)/K = 200. (P. Thomas, A. V. Straube, R. Grima, BMC Syst. Biol. 6 (2012) 39.)
#[test]
fn a_reduction_with_the_wrong_noise_is_warned_of() {
    let inflow = |k1: f64, k_1: f64| {
        Network::builder()
            .species("S", 100)
            .species("E", 5)
            .species("ES", 5)
            .parameter("k", 500)
            .parameter("k1", k1)
            .parameter("k_1", k_1)
            .parameter("k2", 100)
            .reaction("inflow: 0 -> S @ k")
            .reaction("binding, release: S + E <-> ES @ k1, k_1")
            .reaction("catalysis: ES -> E @ k2")
            .build()
            .expect("a good network")
    };
    for (k1, k_1, fano, is_warned) in [(1.0, 0.0, 0.5, true), (4.0, 300.0, 0.875, false)] {
        let network = inflow(k1, k_1);
        let kinetics = Kinetics::new(&network).expect("good values");
        let flow = Flow::new(&kinetics).expect("one compartment");
        let settings = ReduceSettings { kind: Some(Kind::Qssa), vars: vec!["S".into()], ..until(2.0) };
        let outcome = reduce(&flow, &settings, &Silent).expect("a good request");
        let best = outcome.best().unwrap_or_else(|| panic!("{}", told(&outcome)));
        // At rest both models agree.
        assert!(best.measured < 1e-6, "{}", told(&outcome));
        let reduction = best.reduction.as_ref().expect("written");
        let trajectories = 3000;
        let noise = StochasticSettings { trajectories: Some(trajectories), times: 1, ..StochasticSettings::default() };
        let found = compare_noise(&flow, &outcome.scales, reduction, (0.0, 2.0), &noise, &Silent).expect("simulated");
        assert_eq!(found.warning.is_some(), is_warned, "{found:?}");
        // The linear noise approximation, good to some percent here, within the sampling error of a variance (2.6 %).
        let comparison = &found.comparisons[0];
        let (full, reduced) = (comparison.deviations.0.powi(2), comparison.deviations.1.powi(2));
        assert!((reduced / 200.0 - 1.0).abs() < 0.2, "{reduced}");
        assert!((full / (100.0 * (1.0 + fano)) - 1.0).abs() < 0.2, "{full} {fano}");
        assert!(comparison.mean_z.abs() < 4.9, "{comparison:?}");
    }
}
