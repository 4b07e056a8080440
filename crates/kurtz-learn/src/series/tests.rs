//! Networks whose courses are known are learned back from noisy data.

use super::*;
use crate::LearnError;
use crate::reactions::{Amounts, Candidate, CandidateSettings, enumerate_candidates};
use crate::testing::normal;
use kurtz_dynamics::data::Series;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_ode::{Integration, solve};

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_string()).collect()
}

fn candidate(species: &[String], reactants: &[u32], products: &[u32]) -> Candidate {
    Candidate::new(species, Stoichiometry { reactants: reactants.to_vec(), products: products.to_vec() })
}

fn every_candidate(species: &[String]) -> Vec<Candidate> {
    let settings = CandidateSettings { order: 2, inflow: true, ..CandidateSettings::default() };
    enumerate_candidates(species, &settings).unwrap()
}

/// Noise added to exact values.
#[derive(Clone, Copy)]
enum Noise {
    Relative(f64),
    Additive(f64),
}

/// A network with constants, and an experiment with it.
struct Truth {
    offer: Offer,
    constants: Vec<f64>,
}

impl Truth {
    fn new(species: &[&str], reactions: &[(&[u32], &[u32], f64)]) -> Self {
        let species = names(species);
        let candidates = reactions.iter().map(|(r, p, _)| candidate(&species, r, p)).collect();
        let offer = Offer::new(species, candidates, Amounts::Concentrations, 1.0);
        Truth { offer, constants: reactions.iter().map(|r| r.2).collect() }
    }

    fn lotka_volterra() -> Self {
        Truth::new(&["X", "Y"], &[(&[1, 0], &[2, 0], 1.0), (&[1, 1], &[0, 2], 0.6), (&[0, 1], &[0, 0], 0.8)])
    }

    fn michaelis_menten() -> Self {
        Truth::new(
            &["S", "E", "ES", "P"],
            &[
                (&[1, 1, 0, 0], &[0, 0, 1, 0], 1.0),
                (&[0, 0, 1, 0], &[1, 1, 0, 0], 0.5),
                (&[0, 0, 1, 0], &[0, 1, 0, 1], 0.4),
            ],
        )
    }

    fn series(&self, condition: &str, initial: &[f64], times: &[f64], noise: Noise, seed: u64) -> Series {
        let equations = RateEquations::new(&self.offer);
        let field = equations.at(&self.constants, &[]);
        let settings = Integration { first_time: times[0], ..Integration::default() };
        let exact = solve(&field, initial, times, &settings).unwrap().states;
        let mut rng = SimRng::new(seed, 0, Purpose::Noise);
        let noisy = |x: &f64| match noise {
            Noise::Relative(s) => x * (1.0 + s * normal(&mut rng)),
            Noise::Additive(s) => x + s * normal(&mut rng),
        };
        Series {
            condition: condition.into(),
            trajectory: seed.to_string(),
            times: times.to_vec(),
            values: exact.iter().map(noisy).collect(),
            standard_errors: None,
        }
    }

    fn offering(&self, candidates: Vec<Candidate>) -> Offer {
        Offer::new(self.offer.species.clone(), candidates, Amounts::Concentrations, 1.0)
    }

    /// Errors of the constants in standard errors, after checking that just the true reactions were chosen.
    fn scores(&self, learned: &LearnedCourses) -> Vec<f64> {
        let chosen: Vec<&str> =
            learned.report.reactions.iter().filter(|r| r.selected).map(|r| r.equation.as_str()).collect();
        let mut expected: Vec<&str> = self.offer.candidates.iter().map(|c| c.equation.as_str()).collect();
        let mut sorted = chosen.clone();
        expected.sort_unstable();
        sorted.sort_unstable();
        assert_eq!(sorted, expected, "{:#?}", learned.report.verdicts);
        let truth = |equation: &str| {
            let place = self.offer.candidates.iter().position(|c| c.equation == equation).unwrap();
            self.constants[place]
        };
        let reactions = learned.report.reactions.iter().filter(|r| r.selected);
        reactions.map(|r| (r.rate.value - truth(&r.equation)) / r.rate.standard_error.unwrap()).collect()
    }
}

fn grid(end: f64, steps: usize) -> Vec<f64> {
    (0..=steps).map(|i| end * i as f64 / steps as f64).collect()
}

fn with_noise(noise: NoiseModel) -> CourseSettings {
    CourseSettings { noise: Some(noise), ..CourseSettings::default() }
}

fn learn(series: &[Series], offer: &Offer, settings: &CourseSettings) -> Result<LearnedCourses, LearnError> {
    learn_courses(series, &offer.species, offer, settings, &Silent)
}

#[test]
fn lotka_volterra_is_found_among_all_reactions_of_second_order() {
    let truth = Truth::lotka_volterra();
    let offer = truth.offering(every_candidate(&truth.offer.species));
    assert_eq!(offer.candidates.len(), 27);
    for seed in 0..3 {
        let series = truth.series("a", &[2.0, 1.0], &grid(20.0, 80), Noise::Relative(0.02), seed);
        let learned = learn(&[series], &offer, &with_noise(NoiseModel::Relative(0.02))).unwrap();
        let scores = truth.scores(&learned);
        assert!(scores.iter().all(|z| z.abs() < 4.9), "seed {seed}: {scores:?}");
        assert!(learned.report.goodness.p_value > 1e-6);
    }
}

#[test]
#[ignore = "a minute: 60 seeds; cargo test -p kurtz-learn -- --ignored coverage_of_courses"]
fn coverage_of_courses() {
    let truth = Truth::lotka_volterra();
    let offer = truth.offering(every_candidate(&truth.offer.species));
    let (mut exact, mut inside, mut covered, mut total) = (0, 0, 0, 0);
    for seed in 0..60 {
        let series = truth.series("a", &[2.0, 1.0], &grid(20.0, 80), Noise::Relative(0.02), seed);
        let learned = learn(&[series], &offer, &with_noise(NoiseModel::Relative(0.02))).unwrap();
        let chosen: Vec<&str> =
            learned.report.reactions.iter().filter(|r| r.selected).map(|r| r.equation.as_str()).collect();
        let right = chosen.len() == 3 && truth.offer.candidates.iter().all(|c| chosen.contains(&c.equation.as_str()));
        exact += u32::from(right);
        let names: Vec<String> = truth.offer.candidates.iter().map(|c| c.name.clone()).collect();
        let holds =
            |s: &crate::report::StructureReport| s.terms.len() == 3 && names.iter().all(|n| s.terms.contains(n));
        inside += u32::from(learned.report.structures.iter().any(holds));
        if right {
            for z in truth.scores(&learned) {
                total += 1;
                covered += u32::from(z.abs() < 1.96);
            }
        }
    }
    println!("exact {exact}/60, among equivalent {inside}/60, covered {covered}/{total}");
    assert!(exact >= 54 && inside >= 58);
    // 95 % of some 180, less 4.9 standard errors.
    assert!(f64::from(covered) > 0.87 * f64::from(total));
}

#[test]
fn michaelis_menten_is_found_in_a_given_superset_with_gaps_and_replicates() {
    let truth = Truth::michaelis_menten();
    let species = truth.offer.species.clone();
    let mut candidates = truth.offer.candidates.clone();
    for (r, p) in [
        ([1, 0, 0, 0], [0, 0, 0, 1]),
        ([0, 1, 0, 0], [0, 0, 0, 0]),
        ([1, 0, 0, 0], [0, 0, 0, 0]),
        ([0, 1, 0, 1], [0, 0, 1, 0]),
        ([0, 0, 0, 2], [1, 0, 0, 0]),
    ] {
        candidates.push(candidate(&species, &r, &p));
    }
    let offer = truth.offering(candidates);
    let mut series: Vec<Series> = (0..4)
        .map(|k| truth.series("low", &[2.0, 1.0, 0.0, 0.0], &grid(12.0, 24), Noise::Additive(0.02), 10 + k))
        .chain(
            (0..4).map(|k| truth.series("high", &[6.0, 1.0, 0.0, 0.0], &grid(16.0, 20), Noise::Additive(0.02), 20 + k)),
        )
        .collect();
    // Gaps: one in nine values, and one whole row at the start.
    for (k, s) in series.iter_mut().enumerate() {
        s.values.iter_mut().skip(k).step_by(9).for_each(|x| *x = f64::NAN);
    }
    series[3].values[..4].fill(f64::NAN);
    let learned = learn(&series, &offer, &CourseSettings::default()).unwrap();
    assert_eq!(learned.noise_source, NoiseSource::Replicates);
    for noise in &learned.noise {
        // Some 70 squares each: 0.02 within 4.9 standard errors of 8 %.
        assert!(matches!(noise, NoiseModel::Additive(s) if (s / 0.02 - 1.0).abs() < 0.45), "{noise:?}");
    }
    let scores = truth.scores(&learned);
    assert!(scores.iter().all(|z| z.abs() < 4.9), "{scores:?}");
}

#[test]
fn unknown_noise_is_estimated_from_what_the_fit_leaves_over() {
    let truth = Truth::lotka_volterra();
    let offer = truth.offering(every_candidate(&truth.offer.species));
    let series = truth.series("a", &[2.0, 1.0], &grid(20.0, 100), Noise::Additive(0.03), 5);
    let learned = learn(&[series], &offer, &CourseSettings::default()).unwrap();
    assert_eq!(learned.noise_source, NoiseSource::Residuals);
    for noise in &learned.noise {
        assert!(matches!(noise, NoiseModel::Additive(s) if (s / 0.03 - 1.0).abs() < 0.35), "{noise:?}");
    }
    let scores = truth.scores(&learned);
    assert!(scores.iter().all(|z| z.abs() < 4.9), "{scores:?}");
}

#[test]
fn exact_courses_give_exact_constants() {
    let truth = Truth::lotka_volterra();
    let offer = truth.offering(every_candidate(&truth.offer.species));
    let series = truth.series("a", &[2.0, 1.0], &grid(12.0, 60), Noise::Additive(0.0), 5);
    let learned = learn(&[series], &offer, &CourseSettings::default()).unwrap();
    truth.scores(&learned);
    for r in learned.report.reactions.iter().filter(|r| r.selected) {
        let place = truth.offer.candidates.iter().position(|c| c.equation == r.equation).unwrap();
        assert!((r.rate.value / truth.constants[place] - 1.0).abs() < 1e-4, "{r:?}");
    }
}

#[test]
fn known_and_fixed_reactions_stay() {
    let truth = Truth::lotka_volterra();
    let mut offer = truth.offering(every_candidate(&truth.offer.species));
    let place = |equation: &str| offer.candidates.iter().position(|c| c.equation == equation).unwrap();
    let (fixed, known) = (place("X + Y -> 2 Y"), place("Y -> X"));
    offer.given[fixed] = Given::Fixed(0.6);
    offer.given[known] = Given::Known;
    let series = truth.series("a", &[2.0, 1.0], &grid(20.0, 80), Noise::Relative(0.02), 1);
    let learned = learn(&[series], &offer, &with_noise(NoiseModel::Relative(0.02))).unwrap();
    assert_eq!(learned.constants[fixed], 0.6);
    assert!(learned.report.reactions[known].selected);
    // Not there in truth: its interval holds zero.
    assert_eq!(learned.report.reactions[known].rate.lower, Some(0.0));
    for (name, value) in [("X -> 2 X", 1.0), ("Y -> 0", 0.8)] {
        let r = learned.report.reactions.iter().find(|r| r.equation == name).unwrap();
        assert!(((r.rate.value - value) / r.rate.standard_error.unwrap()).abs() < 4.9, "{r:?}");
    }
}

#[test]
fn constants_are_found_though_the_complex_was_not_measured() {
    let truth = Truth::michaelis_menten();
    let mut offer = truth.offering(truth.offer.candidates.clone());
    offer.start = Some(vec![0.3, 0.3, 0.3]);
    offer.initial = vec![Some(2.0), Some(1.0), Some(0.0), Some(0.0)];
    let observed = names(&["S", "P"]);
    let cut = |s: Series| Series { values: s.values.chunks(4).flat_map(|x| [x[0], x[3]]).collect(), ..s };
    let series = cut(truth.series("a", &[2.0, 1.0, 0.0, 0.0], &grid(12.0, 48), Noise::Additive(0.01), 3));
    let learned =
        learn_courses(&[series], &observed, &offer, &with_noise(NoiseModel::Additive(0.01)), &Silent).unwrap();
    let scores = truth.scores(&learned);
    assert!(scores.iter().all(|z| z.abs() < 4.9), "{scores:?}");
    // Nothing was started from: refused by name.
    offer.initial[2] = None;
    let series = cut(truth.series("a", &[2.0, 1.0, 0.0, 0.0], &grid(12.0, 48), Noise::Additive(0.01), 3));
    let error = learn_courses(&[series], &observed, &offer, &CourseSettings::default(), &Silent).unwrap_err();
    assert!(matches!(error, LearnError::UnobservedSpecies { ref species, .. } if species == "ES"), "{error}");
}

#[test]
fn what_cannot_be_known_is_refused_by_name() {
    // A decays to B by two ways that are not told apart, with C not measured.
    let truth = Truth::new(&["A", "B", "C"], &[(&[1, 0, 0], &[0, 1, 0], 0.3), (&[1, 0, 0], &[0, 1, 1], 0.2)]);
    let mut offer = truth.offer.clone();
    offer.start = Some(vec![0.2, 0.2]);
    offer.initial = vec![Some(5.0), Some(0.0), Some(0.0)];
    let cut = |s: Series| Series { values: s.values.chunks(3).flat_map(|x| [x[0], x[1]]).collect(), ..s };
    let series = cut(truth.series("a", &[5.0, 0.0, 0.0], &grid(8.0, 30), Noise::Additive(0.02), 3));
    let settings = with_noise(NoiseModel::Additive(0.02));
    let error = learn_courses(&[series], &names(&["A", "B"]), &offer, &settings, &Silent).unwrap_err();
    assert!(matches!(error, LearnError::NotIdentifiable { .. }), "{error}");
    assert!(error.to_string().contains("A_to_B"), "{error}");
}

#[test]
fn stiff_networks_are_learned_from_their_slow_part() {
    // A fast equilibrium A <-> B (rates of 1e4) feeding a slow decay of B.
    let truth = Truth::new(&["A", "B"], &[(&[1, 0], &[0, 1], 2e4), (&[0, 1], &[1, 0], 1e4), (&[0, 1], &[0, 0], 0.5)]);
    let mut offer = truth.offer.clone();
    // The fast constants are seen only in their ratio: one is given.
    offer.given[1] = Given::Fixed(1e4);
    offer.given[0] = Given::Known;
    let series = truth.series("a", &[1.0, 2.0], &grid(10.0, 50), Noise::Relative(0.01), 4);
    let learned = learn(&[series], &offer, &with_noise(NoiseModel::Relative(0.01))).unwrap();
    for (j, value) in [(0, 2e4), (2, 0.5)] {
        let rate = learned.report.reactions[j].rate;
        assert!(((rate.value - value) / rate.standard_error.unwrap()).abs() < 4.9, "{rate:?}");
    }
}
