//! Networks are learned back from single realisations.

use super::*;
use crate::reactions::{Amounts, Candidate, CandidateSettings, candidates_of, enumerate_candidates};
use crate::series::{Given, Offer};
use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::ssa::{Direct, Trace};
use kurtz_model::Kinetics;
use kurtz_model::format::crn;

fn kinetics(text: &str) -> Kinetics {
    Kinetics::new(&crn::parse(text, "test").unwrap().0).unwrap()
}

fn offer(kinetics: &Kinetics, candidates: Vec<Candidate>) -> Offer {
    let species = kinetics.network().species.iter().map(|s| s.name.clone()).collect();
    Offer::new(species, candidates, Amounts::Counts, kinetics.volumes()[0])
}

/// The reactions of a network.
fn own(kinetics: &Kinetics) -> Vec<Candidate> {
    let species: Vec<String> = kinetics.network().species.iter().map(|s| s.name.clone()).collect();
    candidates_of(kinetics.network(), &species).unwrap()
}

/// Every event, then the state at `end`.
fn recorded(kinetics: &Kinetics, seed: u64, end: f64) -> Series {
    let trace = Trace::sample(&Direct::default(), kinetics, seed, 0, end, 1_000_000).unwrap();
    let (mut times, mut values) = (trace.times.clone(), trace.counts.iter().map(|&n| n as f64).collect::<Vec<_>>());
    times.push(end);
    values.extend(trace.at(end).iter().map(|&n| n as f64));
    Series { condition: "a".into(), trajectory: String::new(), times, values, standard_errors: None }
}

fn on_grid(kinetics: &Kinetics, seed: u64, end: f64, steps: usize, of: &[usize]) -> Series {
    let trace = Trace::sample(&Direct::default(), kinetics, seed, 0, end, 10_000_000).unwrap();
    let times: Vec<f64> = (0..=steps).map(|i| end * i as f64 / steps as f64).collect();
    let values = times.iter().flat_map(|&t| of.iter().map(|&s| trace.at(t)[s] as f64).collect::<Vec<_>>()).collect();
    Series { condition: "a".into(), trajectory: String::new(), times, values, standard_errors: None }
}

fn learn(series: &[Series], observed: &[&str], offer: &Offer) -> Result<LearnedTraces, crate::LearnError> {
    let observed: Vec<String> = observed.iter().map(|s| (*s).to_string()).collect();
    learn_traces(series, &observed, offer, &TraceSettings::default(), &Silent)
}

/// The chosen reactions are just those of the network, with constants within 4.9 standard errors.
fn assert_learned(learned: &LearnedTraces, truth: &[(&str, f64)]) {
    let chosen: Vec<_> = learned.report.reactions.iter().filter(|r| r.selected).collect();
    let equations: Vec<&str> = chosen.iter().map(|r| r.equation.as_str()).collect();
    assert_eq!(equations.len(), truth.len(), "{equations:?}");
    for (equation, value) in truth {
        let r = chosen.iter().find(|r| r.equation == *equation).unwrap_or_else(|| panic!("{equation}: {equations:?}"));
        let z = (r.rate.value - value) / r.rate.standard_error.unwrap();
        assert!(z.abs() < 4.9, "{equation}: {z} standard errors, {:?}", r.rate);
    }
    assert!(learned.report.goodness.p_value > 1e-6, "{:?}", learned.report.goodness);
}

const LOTKA_VOLTERRA: &str = "species X = 100, Y = 100\n\
    birth: X -> 2 X @ 1.0\npredation: X + Y -> 2 Y @ 0.01\ndeath: Y -> 0 @ 1.0";

#[test]
fn lotka_volterra_is_found_among_all_reactions_from_its_events() {
    let truth = kinetics(LOTKA_VOLTERRA);
    let species = vec!["X".to_string(), "Y".to_string()];
    let settings = CandidateSettings { order: 2, inflow: true, ..CandidateSettings::default() };
    let offer = offer(&truth, enumerate_candidates(&species, &settings).unwrap());
    for seed in 0..3 {
        let learned = learn(&[recorded(&truth, seed, 15.0)], &["X", "Y"], &offer).unwrap();
        assert_eq!(learned.resolution, Resolution::Events);
        assert!(learned.unexplained.is_empty());
        assert_learned(&learned, &[("X -> 2 X", 1.0), ("X + Y -> 2 Y", 0.01), ("Y -> 0", 1.0)]);
    }
}

#[test]
fn constants_from_events_have_the_errors_they_claim() {
    let truth = kinetics(LOTKA_VOLTERRA);
    let offer = offer(&truth, own(&truth));
    let (mut squares, mut covered, seeds) = (0.0, 0, 60);
    for seed in 0..seeds {
        let learned = learn(&[recorded(&truth, 100 + seed, 3.0)], &["X", "Y"], &offer).unwrap();
        for (r, value) in learned.report.reactions.iter().zip([1.0, 0.01, 1.0]) {
            squares += ((r.rate.value - value) / r.rate.standard_error.unwrap()).powi(2);
            covered += u32::from(r.rate.lower.unwrap() < value && value < r.rate.upper.unwrap());
        }
    }
    let n = 3.0 * seeds as f64;
    // 180 squared scores have mean 1 +- 0.105, and 171 +- 2.9 intervals hold the truth.
    assert!((squares / n - 1.0).abs() < 4.9 * (2.0 / n).sqrt(), "{}", squares / n);
    assert!((f64::from(covered) - 0.95 * n).abs() < 4.9 * (0.95 * 0.05 * n).sqrt(), "{covered}");
}

#[test]
fn changes_that_no_candidate_makes_are_named() {
    let truth = kinetics("species A = 50\nbirth: 0 -> A @ 50\ndeath: A -> 0 @ 1\nburst: 0 -> 3 A @ 1");
    let mut candidates = own(&truth);
    candidates.pop();
    let learned = learn(&[recorded(&truth, 1, 20.0)], &["A"], &offer(&truth, candidates)).unwrap();
    assert_eq!(learned.unexplained.len(), 1);
    assert_eq!(learned.unexplained[0].0, [3]);
    let bad = learned.report.verdicts.iter().find(|v| v.message.contains("A +3"));
    assert!(bad.is_some(), "{:?}", learned.report.verdicts);
}

const TELEGRAPH: &str = "species off = 1, on = 0, mRNA = 0\n\
    switch_on: off -> on @ 1.0\nswitch_off: on -> off @ 2.0\ntranscription: on -> on + mRNA @ 20\ndecay: mRNA -> 0 @ 1.0";

#[test]
fn a_telegraph_on_a_grid_is_learned_by_the_master_equation() {
    let truth = kinetics(TELEGRAPH);
    let offer = offer(&truth, own(&truth));
    let learned = learn(&[on_grid(&truth, 3, 100.0, 250, &[0, 1, 2])], &["off", "on", "mRNA"], &offer).unwrap();
    assert_eq!(learned.resolution, Resolution::Grid);
    assert_learned(&learned, &[("off -> on", 1.0), ("on -> off", 2.0), ("on -> on + mRNA", 20.0), ("mRNA -> 0", 1.0)]);
}

#[test]
fn a_telegraph_is_learned_from_its_messengers_alone() {
    let truth = kinetics(TELEGRAPH);
    let mut offer = offer(&truth, own(&truth));
    offer.given.fill(Given::Known);
    offer.start = Some(vec![0.5, 0.5, 10.0, 0.5]);
    offer.initial = vec![Some(1.0), Some(0.0), Some(0.0)];
    let learned = learn(&[on_grid(&truth, 4, 50.0, 125, &[2])], &["mRNA"], &offer).unwrap();
    assert_learned(&learned, &[("off -> on", 1.0), ("on -> off", 2.0), ("on -> on + mRNA", 20.0), ("mRNA -> 0", 1.0)]);
}

#[test]
fn the_true_reactions_are_among_the_structures_that_a_trace_on_a_grid_leaves_open() {
    // Births 8 with deaths 1 and births 5.5 with divisions and more deaths have nearly the same law of transitions: one
    // trace cannot tell them apart for certain, and must say so.
    let truth = kinetics("species A = 0\nbirth: 0 -> A @ 8\ndeath: A -> 0 @ 1");
    let settings = CandidateSettings { order: 2, inflow: true, ..CandidateSettings::default() };
    let offer = offer(&truth, enumerate_candidates(&["A".to_string()], &settings).unwrap());
    let learned = learn(&[on_grid(&truth, 5, 150.0, 400, &[0])], &["A"], &offer).unwrap();
    let reactions = &learned.report.reactions;
    let is_true = |r: &&crate::report::ReactionReport| ["0 -> A", "A -> 0"].contains(&r.equation.as_str());
    let names: Vec<&String> = reactions.iter().filter(is_true).map(|r| &r.name).collect();
    let structures: Vec<&Vec<String>> = learned.report.structures.iter().map(|s| &s.terms).collect();
    let holds = |s: &&Vec<String>| s.len() == 2 && names.iter().all(|n| s.contains(n));
    assert_eq!(names.len(), 2);
    assert!(structures.iter().any(holds), "{names:?} not among {structures:?}");
}

#[test]
fn of_structures_that_a_trace_on_a_grid_hardly_tells_apart_the_smallest_is_chosen() {
    let truth = kinetics("species A = 0\nbirth: 0 -> A @ 4\ndeath: A -> 0 @ 1");
    let wider = kinetics("species A = 0\nbirth: 0 -> A @ 4\ndeath: A -> 0 @ 1\ndivision: A -> 2 A @ 1");
    let offer = offer(&truth, own(&wider));
    // Without a penalty more reactions never score worse.
    let settings = TraceSettings { penalty: Some(0.0), ..TraceSettings::default() };
    let mut better = 0;
    for seed in 0..4 {
        let series = [on_grid(&truth, seed, 50.0, 100, &[0])];
        let learned = learn_traces(&series, &["A".to_string()], &offer, &settings, &Silent).unwrap();
        assert_learned(&learned, &[("0 -> A", 4.0), ("A -> 0", 1.0)]);
        let larger = |s: &crate::report::StructureReport| s.terms.len() == 3 && s.score == 0.0;
        better += usize::from(learned.report.structures.iter().any(larger));
    }
    assert!(better > 0, "no larger structure scored better");
}

/// What is learned of births and deaths where bursts at a given constant are taken for granted, of which none occurred.
fn with_bursts(size: u32, constant: f64) -> Result<LearnedTraces, crate::LearnError> {
    let truth = kinetics("species A = 0\nbirth: 0 -> A @ 2\ndeath: A -> 0 @ 1");
    let text = format!("species A = 0\nbirth: 0 -> A @ 2\ndeath: A -> 0 @ 1\nburst: 0 -> {size} A @ 1");
    let mut offer = offer(&truth, own(&kinetics(&text)));
    offer.given = vec![Given::Known, Given::Known, Given::Fixed(constant)];
    learn(&[on_grid(&truth, 1, 40.0, 80, &[0])], &["A"], &offer)
}

fn says(learned: &LearnedTraces, words: &str) -> bool {
    learned.report.verdicts.iter().any(|v| v.message.contains(words))
}

#[test]
fn states_are_added_until_the_law_of_a_transition_fits_in_them() {
    // 30 at once lead out of the states first taken, with a probability of 0.005 per transition, not of those then added.
    let learned = with_bursts(30, 0.01).unwrap();
    assert!(!says(&learned, "leaves the states"), "{:?}", learned.report.verdicts);
    let found = learned
        .report
        .verdicts
        .iter()
        .find_map(|v| v.message.split_once("equation on ")?.1.split_once(" states")?.0.parse::<usize>().ok());
    assert!(found.is_some_and(|n| (33..60).contains(&n)), "{found:?}");
}

#[test]
fn a_little_that_leaves_every_state_space_is_said_and_much_is_refused() {
    // 400 at once lead out of all of them: of each transition 0.0005 of the probability, or 0.025.
    assert!(says(&with_bursts(400, 0.001).unwrap(), "more of the probability leaves the states"));
    let error = with_bursts(400, 0.05).unwrap_err();
    assert!(error.to_string().contains("2.5 % of the probability leaves the states"), "{error}");
}

#[test]
fn large_state_spaces_are_refused_with_advice() {
    let truth = kinetics("species A = 5000, B = 5000\nA -> B @ 1\nB -> A @ 1\nA + B -> 0 @ 0.00001\n0 -> A @ 100");
    let offer = offer(&truth, own(&truth));
    let error = learn(&[on_grid(&truth, 1, 2.0, 20, &[0, 1])], &["A", "B"], &offer).unwrap_err();
    assert!(error.to_string().contains("record every event"), "{error}");
}

#[test]
fn the_gradient_of_the_transition_likelihood_is_exact_and_the_law_is_that_of_the_projection() {
    use super::trace::Intensities;
    use super::transitions::{Chain, Law};
    let truth = kinetics(TELEGRAPH);
    let offer = offer(&truth, own(&truth));
    let intensities = Intensities::new(&offer).unwrap();
    let chain = Chain::new(&offer, &intensities, &[vec![1, 0, 0]], &[[0, 1], [0, 1], [0, 60]], 1000).unwrap();
    let (constants, by, time, h) = ([1.0, 2.0, 20.0, 1.0], [0, 1, 2, 3], 0.7, 1e-5);
    let law = |constants: &[f64; 4]| {
        let mut law = Law::certain(0, chain.states.len(), 4);
        chain.propagate(&mut law, constants, &by, time);
        law
    };
    let here = law(&constants);
    for j in 0..4 {
        let at = |sign: f64| {
            let mut k = constants;
            k[j] += sign * h;
            law(&k).probabilities
        };
        for (s, (up, down)) in at(1.0).iter().zip(at(-1.0)).enumerate() {
            assert!((here.derivatives[j][s] - (up - down) / (2.0 * h)).abs() < 1e-7);
        }
    }
    let solution = kurtz_dynamics::fsp::solve(&truth, &[time], &Default::default()).unwrap();
    for (state, p) in solution.distributions[0].iter() {
        let ours = chain.index.get(state).map_or(0.0, |&i| here.probabilities[i]);
        assert!((ours - p).abs() < 1e-7, "{state:?}: {ours} {p}");
    }
}
