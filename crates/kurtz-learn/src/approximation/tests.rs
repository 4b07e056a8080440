use super::*;
use crate::courses::{CoursePoints, Courses, Split};
use crate::testing::{published_learning_data, published_vector};
use std::f64::consts::TAU;

/// The latents of the published bootstrap at each point: only the highest frequency, with both coefficients 1.
fn bootstrap_latents(points: &CoursePoints) -> Vec<f64> {
    let s = |t: &usize| {
        let phase = TAU * 6.0 / 401.0 * *t as f64;
        (phase.sin() + phase.cos()) / (2.0 + 1e-8)
    };
    points.time.iter().map(s).chain(points.time.iter().map(|t| 1.01 + s(t))).collect()
}

/// Mean and standard deviation (n - 1) of each input.
fn moments_of_inputs(map: &CompiledInputs, points: &CoursePoints) -> Vec<(f64, f64)> {
    let mut values = vec![0.0; map.input_count() * points.count];
    map.evaluate(points.count, &points.standard, &bootstrap_latents(points), &mut values, None, None);
    let n = points.count as f64;
    let of = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / n;
        (mean, (row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
    };
    values.chunks_exact(points.count).map(of).collect()
}

#[test]
fn published_input_moments_of_the_ip3_model_are_reproduced() {
    let Some(directory) = published_learning_data() else { return };
    let courses = Courses::published_ip3(&directory).unwrap();
    let points = courses.all_points(&courses.of_split(Split::Train));
    assert_eq!(points.count, 2807);
    let reactions =
        InputSettings::reactions(CandidateSet::lotka_volterra(&courses.visible, &courses.hidden)).build().unwrap();
    let parameters = InputSettings::parameters(&courses.visible, &courses.hidden).build().unwrap();
    for (map, stem, count) in [(&reactions, "ip3_rxns", 60), (&parameters, "ip3_params", 7)] {
        let (means, deviations) = (
            published_vector(&directory, &format!("{stem}_input_mean.txt")),
            published_vector(&directory, &format!("{stem}_input_std.txt")),
        );
        assert_eq!((map.input_count(), means.len(), deviations.len()), (count, count, count));
        let mut worst: f64 = 0.0;
        for (i, (mean, deviation)) in moments_of_inputs(map, &points).into_iter().enumerate() {
            // As stored: what is smaller than 1e-5 is set to 0 (mean) or 1 (standard deviation).
            let mean = if mean.abs() < 1e-5 { 0.0 } else { mean };
            let deviation = if deviation.abs() < 1e-5 { 1.0 } else { deviation };
            let name = &map.input_names()[i];
            assert!((mean - means[i]).abs() < 1e-6, "mean of {name}: {mean}, stored {}", means[i]);
            assert!((deviation - deviations[i]).abs() < 1e-6, "sd of {name}: {deviation}, stored {}", deviations[i]);
            worst = worst.max((mean - means[i]).abs()).max((deviation - deviations[i]).abs());
        }
        eprintln!("{stem}: largest difference {worst:e}");
    }
}

#[test]
fn published_input_moments_of_the_receptor_model_are_within_their_sampling_error() {
    let Some(directory) = published_learning_data() else { return };
    let courses = Courses::published_receptors(&directory).unwrap();
    let points = courses.all_points(&courses.of_split(Split::Train));
    let set = CandidateSet::conserving(&courses.visible, &courses.hidden, &[2]);
    let map = InputSettings::reactions(set).build().unwrap();
    let (means, deviations) = (
        published_vector(&directory, "ip3r_rxns_input_mean.txt"),
        published_vector(&directory, "ip3r_rxns_input_std.txt"),
    );
    assert_eq!((map.input_count(), means.len(), points.count), (105, 105, 16842));
    let (mut largest, mut ratios, mut active) = (0.0_f64, (1.0_f64, 1.0_f64), 0);
    for (i, (mean, deviation)) in moments_of_inputs(&map, &points).into_iter().enumerate() {
        let name = &map.input_names()[i];
        // 4000 of the 16842 points were drawn; what is smaller than 1e-3 is set to 0 or 1.
        if deviation < 1e-3 {
            assert_eq!(deviations[i], 1.0, "{name} is not active: {deviation}");
            continue;
        }
        active += 1;
        assert_ne!(deviations[i], 1.0, "{name} is active");
        let error = deviation * ((1.0 - 4000.0 / 16842.0) / 4000.0_f64).sqrt();
        let mean = if mean.abs() < 1e-3 && means[i] == 0.0 { 0.0 } else { mean };
        let z = (mean - means[i]) / error;
        let ratio = deviation / deviations[i];
        assert!(z.abs() < 4.0, "{name}: z = {z}");
        assert!((0.95..1.05).contains(&ratio), "{name}: ratio of standard deviations {ratio}");
        largest = largest.max(z.abs());
        ratios = (ratios.0.min(ratio), ratios.1.max(ratio));
    }
    assert_eq!(active, deviations.iter().filter(|d| **d != 1.0).count());
    eprintln!("{active} active inputs, largest |z| {largest:.2}, ratios of standard deviations {ratios:?}");
}
