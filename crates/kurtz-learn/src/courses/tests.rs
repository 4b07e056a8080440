use super::*;
use crate::derivative::Derivative;
use crate::latent::Snapshots;
use crate::testing::published_learning_data;

#[test]
fn published_courses_are_sums_of_their_changes() {
    let Some(directory) = published_learning_data() else { return };
    let ip3 = Courses::published_ip3(&directory).unwrap();
    assert_eq!((ip3.courses.len(), ip3.of_split(Split::Train).len()), (20, 7));
    let receptors = Courses::published_receptors(&directory).unwrap();
    assert_eq!((receptors.courses.len(), receptors.of_split(Split::Train).len()), (63, 42));
    // The second file has ten digits of each number.
    for (courses, rounding) in [(ip3, 1e-11), (receptors, 1.5e-9)] {
        let width = courses.width();
        for (c, course) in courses.courses.iter().enumerate() {
            assert_eq!((courses.times(c), course.change.len()), (401, 400 * width));
            for t in 0..400 {
                for p in 0..width {
                    let next = courses.standard(c, t)[p] + course.change[t * width + p];
                    assert!((next - courses.standard(c, t + 1)[p]).abs() < rounding, "course {c}, time {t}, {p}");
                }
            }
        }
    }
}

#[test]
fn targets_of_the_published_courses_have_the_stored_moments() {
    let Some(directory) = published_learning_data() else { return };
    let courses = Courses::published_ip3(&directory).unwrap();
    let points = courses.points(&courses.of_split(Split::Train));
    assert_eq!(points.count, 2800);
    let read = |name: &str| crate::testing::published_vector(&directory, name);
    let (means, deviations) = (read("ip3_out_mean.txt"), read("ip3_out_std.txt"));
    for (k, row) in points.targets.chunks_exact(points.count).enumerate() {
        let mean = row.iter().sum::<f64>() / 2800.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2799.0;
        assert!((mean - means[k]).abs() < 1e-9, "{mean} {}", means[k]);
        assert!((variance.sqrt() - deviations[k]).abs() < 1e-9);
    }
}

/// Exact snapshots of counts whose standardised parameters move slowly: b_A = sin, W_A = -(0.5 + 0.1 cos), the rest constant.
fn moving(by: &Standardisation, phase: f64) -> Snapshots {
    let times: Vec<f64> = (0..200).map(|t| 10.0 + 0.1 * f64::from(t)).collect();
    let (mut mean, mut covariance) = (Vec::new(), Vec::new());
    for t in &times {
        let y = Standard {
            mean: vec![0.3 * (0.4 * t + phase).sin(), 0.2],
            loadings: vec![-(0.5 + 0.1 * (0.4 * t + phase).cos()), 1e-4],
            noise: 1e-6,
        };
        mean.extend((0..2).map(|i| by.shift[i] + by.scale[i] * y.mean[i]));
        let c = y.visible_covariance();
        covariance.extend((0..4).map(|e| c[e] * by.scale[e / 2] * by.scale[e % 2]));
    }
    let visible = vec!["A".into(), "B".into()];
    Snapshots { visible, times, mean, covariance, count: 1000, sampling: None }
}

#[test]
fn courses_of_ensembles_follow_the_parameters() {
    let by = Standardisation { shift: vec![2000.0, 6000.0], scale: vec![1900.0, 5700.0] };
    let settings = CourseSettings {
        dynamic: Some(vec!["b_A".into(), "W_A".into()]),
        constants: [("sigma2".to_string(), 2e-6)].into(),
        derivative: Derivative::SmoothingSpline(crate::derivative::SmoothingSpline {
            lambda: crate::derivative::Amount::Fixed(1e-4),
        }),
        orientation: crate::latent::Orientation::Species { species: 0, positive: false },
        within_errors: 0.0,
        ..Default::default()
    };
    let recordings: Vec<Recording> = [(0.0, Split::Train), (1.0, Split::Unseen)]
        .map(|(phase, split)| Recording { condition: vec![phase], split, snapshots: moving(&by, phase), halves: None })
        .into();
    let courses = settings.courses(&["phase".into()], &recordings, &by).unwrap();
    assert_eq!((courses.dynamic.as_slice(), courses.start), (&[2, 0][..], 10.0));
    for (c, phase) in [0.0, 1.0].into_iter().enumerate() {
        for t in 0..200 {
            let [w, w_b, b, b_b, noise] = courses.standard(c, t).try_into().unwrap();
            let angle = 0.4 * (10.0 + 0.1 * t as f64) + phase;
            assert!((b - 0.3 * angle.sin()).abs() < 2e-3 && (w + 0.5 + 0.1 * angle.cos()).abs() < 2e-3, "{t}: {b} {w}");
            // In y units the loading of B is 1e-4 at all times, and the noise the value given.
            assert!((w_b - 1e-4).abs() < 1e-10 && (b_b - 0.2).abs() < 1e-12 && noise == 2e-6);
            if t < 199 {
                let change = &courses.courses[c].change[t * 5..][..5];
                for p in 0..5 {
                    let next = courses.standard(c, t)[p] + change[p];
                    assert!((next - courses.standard(c, t + 1)[p]).abs() < 1e-15);
                }
                // The mean slope over the step is that at its middle, up to 1e-4 of it; ends are less sharp.
                let exact = 0.3 * 0.4 * (angle + 0.02).cos() * 0.1;
                if (10..190).contains(&t) {
                    assert!((change[2] - exact).abs() < 1e-4, "{t}: {}", change[2]);
                }
            }
        }
    }
    let wrong = CourseSettings { dynamic: Some(vec!["b_Z".into()]), ..settings.clone() };
    assert!(wrong.courses(&["phase".into()], &recordings, &by).unwrap_err().to_string().contains("b_A"));
    assert!(settings.courses(&["phase".into()], &[], &by).is_err());
}

/// Means that swing with a period of 40 steps, of 400 normal samples: smoothing stays within their errors and finds the slope;
/// the amount published for calcium would flatten them.
#[test]
fn smoothing_stays_within_sampling_errors() {
    let mut rng = kurtz_dynamics::rng::SimRng::new(5, 0, kurtz_dynamics::rng::Purpose::Noise);
    let mut normal = || (0..12).map(|_| rng.uniform()).sum::<f64>() - 6.0;
    let exact = |t: usize| (t as f64 * std::f64::consts::TAU / 40.0).sin();
    let series: Vec<f64> = (0..200).map(|t| exact(t) + 0.03 * normal()).collect();
    let errors = vec![0.03; 200];
    let rms = |of: &dyn Fn(usize) -> f64| ((0..199).map(|t| of(t).powi(2)).sum::<f64>() / 199.0).sqrt();
    let within = CourseSettings::default().smooth(&series, &errors, 0.1).unwrap();
    assert!((rms(&|t| within.values[t] - series[t]) / 0.03 - 1.0).abs() < 0.05);
    // What is left of noise and what is smoothed away are together less than the noise was.
    assert!(rms(&|t| within.values[t] - exact(t)) < 0.03);
    let published = CourseSettings { within_errors: 0.0, ..CourseSettings::default() };
    let flat = published.smooth(&series, &errors, 0.1).unwrap();
    assert!(rms(&|t| flat.values[t] - exact(t)) > 0.3);
    let slope = |t: usize| (exact(t + 1) - exact(t)) / 0.1;
    assert!(rms(&|t| within.slopes[t] - slope(t)) < 0.5 * rms(&|t| flat.slopes[t] - slope(t)));
}

/// Parameters that swing, of two halves with noise that lasts for 20 steps: chosen by the other half, a method comes nearer to
/// the truth than the one that left-out values prefer.
#[test]
fn methods_are_chosen_by_the_other_half() {
    let by = Standardisation { shift: vec![2000.0, 6000.0], scale: vec![1900.0, 5700.0] };
    let mut random = crate::testing::noise(9);
    let exact = moving(&by, 0.0);
    let mut half = || {
        let mut snapshots = exact.clone();
        let mut slow = 0.0;
        for mean in snapshots.mean.chunks_exact_mut(2) {
            slow = 0.95 * slow + 15.0 * random();
            mean[0] += slow;
        }
        Snapshots { count: 500, ..snapshots }
    };
    let halves = Box::new([half(), half()]);
    let whole = Snapshots {
        mean: halves[0].mean.iter().zip(&halves[1].mean).map(|(a, b)| 0.5 * (a + b)).collect(),
        ..exact.clone()
    };
    let settings = CourseSettings {
        dynamic: Some(vec!["b_A".into()]),
        derivative: Derivative::Chosen,
        orientation: crate::latent::Orientation::Species { species: 0, positive: false },
        ..Default::default()
    };
    let recordings = |halves| {
        let recording = Recording { condition: vec![0.0], split: Split::Train, snapshots: whole.clone(), halves };
        vec![recording]
    };
    let off = |halves: Option<Box<[Snapshots; 2]>>| {
        let courses = settings.courses(&["phase".into()], &recordings(halves), &by).unwrap();
        let part = |t: usize| (courses.standard(0, t)[2] - 0.3 * (0.4 * (10.0 + 0.1 * t as f64)).sin()).powi(2);
        ((0..200).map(part).sum::<f64>() / 200.0).sqrt()
    };
    let choices = settings.choices(&recordings(Some(halves.clone())), &by, &[2]).unwrap().unwrap();
    let [ref choice] = choices[..] else { panic!("one parameter") };
    assert_eq!(choice.errors.len(), 6);
    let least = choice.errors.iter().map(|(_, e)| *e).fold(f64::INFINITY, f64::min);
    let named = choice.errors.iter().find(|(_, e)| *e == least).unwrap();
    assert!(named.0.starts_with(choice.best.derivative.name()));
    assert!(off(Some(halves)) <= off(None));
    // Fixed methods are not chosen.
    let fixed = CourseSettings { derivative: Derivative::default(), ..settings.clone() };
    assert!(fixed.choices(&recordings(None), &by, &[2]).unwrap().is_none());
}

#[test]
fn moments_of_an_ensemble_become_snapshots() {
    use kurtz_dynamics::{Ensemble, MomentRecorder, method_named};
    let text = "time s\nspecies A = 20, B = 10\nbirth: 0 -> A @ 5 1/s\ndeath: A -> 0 @ 0.5 1/s\nmake: A -> A + B @ 0.3 1/s\nend: B -> 0 @ 1 1/s\n";
    let (network, _) = kurtz_model::format::crn::parse(text, "two.crn").unwrap();
    let kinetics = kurtz_model::Kinetics::new(&network).unwrap();
    let method = method_named("direct").unwrap();
    let ensemble = Ensemble::new(&kinetics, &*method, 64, 3, 2.0, 20);
    let outcome = ensemble.run(MomentRecorder::new(2, 2), &kurtz_dynamics::progress::Silent).unwrap();
    let series = outcome.output.unwrap();
    let visible = vec!["B".to_string(), "A".to_string()];
    let snapshots = Snapshots::from_moments(&series, &visible, 0.5, 2.0).unwrap();
    assert_eq!((snapshots.len(), snapshots.count, snapshots.mean_at(0).len()), (16, 64, 2));
    let a = series.position(&kurtz_dynamics::MomentIndex(vec![2, 0])).unwrap();
    assert!((snapshots.covariance_at(15)[3] - series.value(20, a) * 64.0 / 63.0).abs() < 1e-12);
    // Errors of the mean by the recorded covariance and by the normal law agree: Var / N, with N - 1 for N.
    let recorded = snapshots.sampling.as_ref().unwrap()[15][0];
    assert!((recorded / (snapshots.covariance_at(15)[0] / 64.0) - 1.0).abs() < 0.02);
    assert!(Snapshots::from_moments(&series, &["Z".to_string()], 0.0, 2.0).is_err());
}
