use super::*;
use crate::series::NoiseModel;
use crate::testing::{course, gene_network, noisy};

fn times(step: f64, count: usize) -> Vec<f64> {
    (0..=count).map(|i| step * i as f64).collect()
}

fn sums(record: &Record) -> Vec<String> {
    let found = conserved_sums(record, &RelationSettings::default()).unwrap();
    found.iter().map(|s| s.describe(&record.species)).collect()
}

fn products(record: &Record) -> ConstantProducts {
    constant_products(record, &RelationSettings::default()).unwrap()
}

fn names(record: &Record, found: &ConstantProducts) -> Vec<String> {
    found.products.iter().map(|p| p.describe(&record.species)).collect()
}

/// Two substrates compete for an enzyme.
const COMPETITION: &str = "volume 1\nspecies E = concentration(0.005), S = concentration(3), T = concentration(1.5)\n\
    species ES = concentration(0), ET = concentration(0), P = concentration(0), Q = concentration(0)\n\
    E + S <-> ES @ 50, 20\nES -> E + P @ 10\nE + T <-> ET @ 40, 30\nET -> E + Q @ 2\n";

/// A + B <-> C -> D, nothing fast.
const SLOW: &str = "volume 1\nspecies A = concentration(1), B = concentration(1.5), C = 0, D = 0\n\
    A + B <-> C @ 0.02, 0.01\nC -> D @ 0.03\n";

#[test]
fn noise_is_estimated_with_its_kind() {
    let record = gene_network();
    for noise in record.noise(None) {
        assert!(matches!(noise, NoiseModel::Relative(s) if s < 1e-4), "{noise:?}");
    }
    for noise in noisy(&record, 0.05, 1).noise(None) {
        assert!(matches!(noise, NoiseModel::Relative(s) if (0.045..0.055).contains(&s)), "{noise:?}");
    }
    let mut record = record;
    let mut rng = kurtz_dynamics::rng::SimRng::new(1, 0, kurtz_dynamics::rng::Purpose::Noise);
    record.courses[0].values.iter_mut().for_each(|x| *x += 0.02 * crate::testing::normal(&mut rng));
    let noise = record.noise(None);
    for i in [0, 1] {
        assert!(matches!(noise[i], NoiseModel::Additive(s) if (0.018..0.022).contains(&s)), "{:?}", noise[i]);
    }
}

#[test]
fn conserved_sums_of_the_gene_network_are_found_at_all_noises() {
    for (noise, seed) in [(0.0, 0), (0.01, 1), (0.01, 2), (0.05, 3), (0.05, 4)] {
        let record = noisy(&gene_network(), noise, seed);
        assert_eq!(sums(&record), ["G + GP + GP2"], "{noise}");
    }
    let exact = &conserved_sums(&gene_network(), &RelationSettings::default()).unwrap()[0];
    assert!((exact.totals[0] - 0.03).abs() < 1e-8 && exact.is_total());
}

#[test]
fn totals_of_an_enzyme_and_its_substrates_are_found() {
    let record = course(COMPETITION, &times(0.5, 400), None);
    for noise in [0.0, 0.01] {
        let mut found = sums(&noisy(&record, noise, 5));
        found.sort();
        if noise == 0.0 {
            assert_eq!(found, ["E + ES + ET", "S + ES + P", "T + ET + Q"]);
        } else {
            // What a percent of the complexes adds to the substrates is not seen.
            assert!(found.contains(&"E + ES + ET".to_string()), "{found:?}");
        }
    }
}

#[test]
fn products_of_the_gene_network_are_its_two_equilibria() {
    for (noise, seed) in [(0.0, 0), (0.01, 1), (0.01, 2), (0.05, 3), (0.05, 4)] {
        let record = noisy(&gene_network(), noise, seed);
        let found = products(&record);
        let mut names = names(&record, &found);
        names.sort();
        assert_eq!(names, ["P G/GP", "P GP/GP2"], "{noise} {seed} {:?}", found.window);
        assert!((2.0..60.0).contains(&found.window.start), "{:?}", found.window);
        for product in &found.products {
            let exact = if product.exponents[2] == 1 { 0.8 } else { 2.0 / 3.0 };
            assert!((product.value / exact - 1.0).abs() < 0.002 + 4.0 * product.standard_error, "{product:?}");
        }
    }
}

#[test]
fn michaelis_constants_of_competing_substrates_are_found() {
    let record = noisy(&course(COMPETITION, &times(0.5, 400), None), 0.01, 9);
    let found = products(&record);
    let value = |name: &str| {
        let at = names(&record, &found).iter().position(|n| n == name);
        found.products[at.unwrap_or_else(|| panic!("{name}: {found:#?}"))].value
    };
    // (20 + 10) / 50 and (30 + 2) / 40.
    assert!((value("E S/ES") / 0.6 - 1.0).abs() < 0.02);
    assert!((value("E T/ET") / 0.8 - 1.0).abs() < 0.02);
}

#[test]
fn nothing_is_found_where_nothing_is_fast() {
    for noise in [0.0, 0.01, 0.05] {
        let record = noisy(&course(SLOW, &times(0.1, 500), None), noise, 2);
        let found = products(&record);
        assert!(found.products.is_empty(), "{noise}: {:?}", names(&record, &found));
    }
    let oscillator = "volume 1\nspecies X = concentration(1), Y = concentration(0.5)\n\
        X -> 2 X @ 1\nX + Y -> 2 Y @ 0.6\nY -> 0 @ 0.8\n";
    let record = course(oscillator, &times(0.1, 500), None);
    assert!(products(&record).products.is_empty() && sums(&record).is_empty());
}

#[test]
fn coincidences_of_one_course_fall_to_a_second_one() {
    // A decays twice as fast as B: A/B^2 is constant in one course, but it is another constant in another.
    let model = "volume 1\nspecies A = concentration(1), B = concentration(1)\nA -> 0 @ 0.2\nB -> 0 @ 0.1\n";
    let mut record = course(model, &times(0.1, 100), None);
    assert_eq!(names(&record, &products(&record)), ["B^2/A"]);
    record.courses.extend(course(model, &times(0.1, 100), Some(&[1.0, 2.0])).courses);
    assert!(products(&record).products.is_empty());
}

#[test]
fn bad_input_is_named() {
    let two = || vec!["A".to_string(), "B".to_string()];
    let course = |times: Vec<f64>, values: Vec<f64>| Course { name: "x".into(), times, values };
    assert!(Record::new(vec!["A".into()], vec![]).is_err());
    assert!(Record::new(two(), vec![]).is_err());
    assert!(Record::new(two(), vec![course(times(1.0, 3), vec![1.0; 8])]).is_err());
    assert!(Record::new(two(), vec![course(vec![0.0; 20], vec![1.0; 40])]).is_err());
    let mut values = vec![1.0; 42];
    values[7] = f64::NAN;
    let error = Record::new(two(), vec![course(times(1.0, 20), values)]).unwrap_err().to_string();
    assert!(error.contains("`B` at time 3 of course `x`"), "{error}");
    let record = Record::new(two(), vec![course(times(1.0, 20), vec![1.0; 42])]).unwrap();
    let settings = RelationSettings { discrepancy: 0.0, ..RelationSettings::default() };
    assert!(constant_products(&record, &settings).is_err());
}
