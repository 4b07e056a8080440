use super::*;
use crate::approximation::{CandidateSet, InputMap, InputSettings};
use crate::courses::{Course, Courses, Split, Standardisation};
use crate::nn::{Activation, MlpSettings};
use kurtz_dynamics::progress::{Progress, Silent};
use kurtz_ode::{Integration, OdeMethod, VectorField, solve};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| s.to_string()).collect()
}

/// b_A relaxes to b_B, which differs between conditions, and W_A to -0.3 - b_B / 10; the latter is also what is learned.
fn relaxation(conditions: &[(f64, Split)], times: usize) -> Courses {
    let course = |&(level, split): &(f64, Split)| {
        let (mut b, mut w) = (level - 1.0, -0.6 + 0.2 * level);
        let (mut standard, mut change) = (Vec::new(), Vec::new());
        for time in 0..times {
            standard.extend([w, 1e-4, b, level, 1e-3]);
            let (db, dw) = (0.06 * (level - b), 0.04 * (-0.3 - 0.1 * level - w));
            if time + 1 < times {
                change.extend([dw, 0.0, db, 0.0, 0.0]);
            }
            (b, w) = (b + db, w + dw);
        }
        Course { condition: vec![level], split, standard, change }
    };
    Courses {
        visible: words(&["A", "B"]),
        hidden: words(&["X"]),
        condition_names: words(&["B"]),
        start: 2.0,
        step: 0.5,
        dynamic: vec![2, 0],
        standardisation: Standardisation { shift: vec![100.0, 50.0], scale: vec![40.0, 20.0] },
        courses: conditions.iter().map(course).collect(),
    }
}

fn small() -> Courses {
    let train = Split::Train;
    relaxation(&[(-0.6, train), (0.0, train), (0.5, train), (0.3, Split::Unseen), (0.8, Split::Unseen)], 60)
}

fn parameters(courses: &Courses) -> DbdSettings {
    let mut settings = DbdSettings::new(InputSettings::parameters(&courses.visible, &courses.hidden));
    settings.subnet = MlpSettings { width: 24, depth: 1, dropout: 0.0, ..Default::default() };
    (settings.trials, settings.batch) = (2, 32);
    settings
}

fn reactions(courses: &Courses) -> DbdSettings {
    let candidates = CandidateSet::lotka_volterra(&courses.visible, &courses.hidden);
    let mut settings = DbdSettings::new(InputSettings::reactions(candidates));
    settings.subnet = MlpSettings { width: 10, depth: 2, activation: Activation::Prelu, dropout: 0.2 };
    (settings.trials, settings.batch, settings.rounds, settings.modes) = (2, 32, 6, 2);
    settings
}

#[test]
fn a_relaxation_is_learned_and_holds_at_other_conditions() {
    let courses = small();
    let mut settings = parameters(&courses);
    (settings.rounds, settings.adam.learning_rate, settings.validation) = (300, 3e-3, Validation::Nothing);
    let trials = train(&courses, &settings, None, &Silent).unwrap();
    for trial in &trials {
        assert!(trial.best.is_none() && trial.losses.len() == 300);
        let found = predict(&trial.last, &courses, &[0, 1, 2, 3]);
        // Deviations from the end values begin at 1 and 0.35.
        let errors: Vec<f64> = found.iter().map(|p| p.mean_squared_error).collect();
        assert!(errors.iter().all(|e| *e < 1e-3), "{errors:?}");
        assert!(found.iter().all(|p| p.is_positive_definite && !p.has_negative_mean));
    }
}

#[test]
fn a_model_is_the_same_field_in_batches_alone_and_after_a_file() {
    let courses = small();
    let mut settings = reactions(&courses);
    settings.rounds = 2;
    let trial = &train(&courses, &settings, None, &Silent).unwrap()[0];
    let model = trial.model(Kept::Best);
    let again = ReducedModel::from_bytes(&model.to_bytes()).unwrap();
    assert_eq!(model.description(), again.description());
    assert!(ReducedModel::from_bytes(&model.to_bytes()[..900]).is_err());

    let start = courses.standard(4, 0);
    let euler = model.euler(&[start, courses.standard(0, 0)], 20);
    assert_eq!(euler[0], again.euler(&[start], 20)[0]);
    let field = model.field(start).unwrap();
    let times: Vec<f64> = (0..=20).map(|t| 0.5 * f64::from(t)).collect();
    let integration = Integration { method: OdeMethod::Euler { step: 0.5 }, ..Default::default() };
    let solution = solve(&field, &field.state(start), &times, &integration).unwrap();
    for (time, row) in euler[0].chunks_exact(courses.width()).enumerate() {
        let expected = field.state(row);
        let found = solution.state(time);
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
    }
    assert_eq!(field.names(), ["b_A", "W_A"]);
    // mean = shift + scale b, variance = scale^2 (W^2 + sigma^2).
    let counts = model.counts(&[-0.5, 0.0, 1.0, 0.0, 0.11]);
    let expected = [140.0, 50.0, 40.0 * 0.6, 20.0 * 0.11_f64.sqrt()];
    assert!(counts.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{counts:?}");
}

/// Cancels after a number of rounds.
struct After(AtomicU64);

impl Progress for After {
    fn advance(&self, steps: u64) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(steps), Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[test]
fn training_resumes_with_the_same_bits_and_does_not_depend_on_threads() {
    let courses = small();
    let settings = reactions(&courses);
    let files = |trials: Vec<Trial>| -> Vec<Vec<u8>> {
        let bytes = |t: &Trial| [t.last.to_bytes(), t.model(Kept::Best).to_bytes()].concat();
        trials.iter().map(bytes).collect()
    };
    let whole = files(train(&courses, &settings, None, &Silent).unwrap());
    let directory = std::env::temp_dir().join(format!("kurtz-resume-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let interrupted = one.install(|| train(&courses, &settings, Some(&directory), &After(AtomicU64::new(8))));
    assert_eq!(interrupted.unwrap_err(), crate::LearnError::Cancelled);
    let resumed = train(&courses, &settings, Some(&directory), &Silent).unwrap();
    assert_eq!(resumed[0].losses.len(), 6);
    assert!(files(resumed) == whole);
    let other = DbdSettings { seed: 2, ..settings };
    let refused = train(&courses, &other, Some(&directory), &Silent).unwrap_err().to_string();
    assert!(refused.contains("other settings"), "{refused}");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn what_is_set_aside_is_not_learned_from() {
    let courses = small();
    let mut settings = parameters(&courses);
    (settings.rounds, settings.trials) = (1, 3);
    // Trial k leaves out condition k: its targets do not enter the scales.
    let trials = train(&courses, &settings, None, &Silent).unwrap();
    let mean = |of: &[usize]| {
        let targets = courses.points(of).targets;
        targets[..targets.len() / 2].iter().sum::<f64>() / (targets.len() / 2) as f64
    };
    for (trial, left) in trials.iter().zip([[1, 2], [0, 2], [0, 1]]) {
        let found = trial.last.description().scale.target_mean[0];
        assert!((found - mean(&left)).abs() < 1e-12);
        assert!(trial.losses[0].validation.is_some());
    }
    settings.validation = Validation::Conditions(vec![3]);
    assert!(train(&courses, &settings, None, &Silent).unwrap_err().to_string().contains("condition"));
    settings.validation = Validation::LastPart(0.25);
    assert!(train(&courses, &settings, None, &Silent).is_ok());
    settings.batch = 0;
    assert!(train(&courses, &settings, None, &Silent).is_err());
}

#[test]
fn training_stops_when_patience_is_spent() {
    let courses = small();
    let mut settings = parameters(&courses);
    (settings.rounds, settings.patience, settings.adam.learning_rate) = (200, Some(3), 0.5);
    let trials = train(&courses, &settings, None, &Silent).unwrap();
    for trial in trials {
        let best = trial.best.expect("validation").description().round;
        assert!(trial.losses.len() < 200 && trial.losses.len() - best == 3);
    }
}

/// The published means and standard deviations of 60 inputs and 2 targets (F1).
#[test]
fn scales_of_the_published_data_are_the_published_ones() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ip3/learning");
    if !directory.exists() {
        eprintln!("skipped: no published data at {}", directory.display());
        return;
    }
    let courses = Courses::published_ip3(&directory).unwrap();
    let read = |name: &str| -> Vec<f64> {
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        text.split_whitespace().map(|word| word.parse().unwrap()).collect()
    };
    let close = |a: &[f64], b: &[f64], tolerance: f64| {
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance), "{a:?}\n{b:?}");
    };
    let candidates = CandidateSet::lotka_volterra(&courses.visible, &courses.hidden);
    let twin = InputSettings::parameters(&courses.visible, &courses.hidden);
    for (settings, name) in [(InputSettings::reactions(candidates), "rxns"), (twin, "params")] {
        let inputs = settings.build().unwrap();
        let scale = Scale::of(&courses, &courses.of_split(Split::Train), &inputs, 6, 401.0);
        assert_eq!(scale.input_mean.len(), inputs.input_count());
        close(&scale.input_mean, &read(&format!("ip3_{name}_input_mean.txt")), 1e-6);
        close(&scale.input_sd, &read(&format!("ip3_{name}_input_std.txt")), 1e-6);
        close(&scale.target_mean, &read("ip3_out_mean.txt"), 1e-8);
        close(&scale.target_sd, &read("ip3_out_std.txt"), 1e-8);
    }
}
