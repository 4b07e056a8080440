//! The whole study on a small system.

use super::*;
use kurtz_dynamics::progress::{Progress, Silent};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const STUDY: &str = r#"
title = "small"
trials = 2
conserved = ["A"]

[data.sampled]
model = { path = "", changes = { parameters = [], initial = [], volume = 50 } }
trajectories = 30
visible = ["A", "X", "Y"]
from = 1
to = 5
steps = 20
vary = [{ name = "B", train = [1.5, 2.0, 2.5], unseen = [1.8] }, { name = "A", train = [1.0, 1.1] }]
courses = { hidden = ["H"], orientation = { rule = "species", species = 1, positive = true }, dynamic = ["b_X", "W_X"], fixed = { A = 1e-6 } }

[[models]]
name = "reactions"
inputs = "reactions"
subnet = { width = 5, depth = 1, activation = "relu", dropout = 0.2 }
clip = 1.0
rounds = 12
validation = "leave-one-out"

[[models]]
name = "parameters"
inputs = "parameters"
subnet = { width = 5, depth = 1, activation = "relu", dropout = 0.2 }
clip = 1.0
rounds = 12
"#;

fn settings(directory: &Path) -> Settings {
    let mut settings: Settings = toml::from_str(STUDY).unwrap();
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    settings.relative_to(&|path| if path.as_os_str().is_empty() { zoo.join("brusselator.crn") } else { path.into() });
    settings.directory = directory.into();
    settings
}

/// Stops after so many advances.
struct Impatient(AtomicU64);

impl Progress for Impatient {
    fn advance(&self, done: u64) {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(done))).unwrap();
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[test]
fn a_study_that_was_interrupted_gives_the_same_models() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = run(&settings(whole.path()), &Silent).unwrap();
    assert!(expected.data.iter().any(|table| table.name == "errors"));
    // Six ensembles of 30, then 48 rounds: stopped in sampling, in the first training, in the second.
    let mut stopped = 0;
    for patience in [70, 100, 20, 40] {
        stopped += usize::from(run(&settings(parts.path()), &Impatient(AtomicU64::new(patience))).is_err());
    }
    assert!(stopped > 2 && parts.path().join("conditions").is_dir());
    let found = run(&settings(parts.path()), &Silent).unwrap();
    assert_eq!(found.files.len(), expected.files.len());
    for (a, b) in found.files.iter().zip(&expected.files) {
        assert!(a == b, "{} differs", a.0);
    }
    // The states of training are gone, the conditions stay.
    assert!(!parts.path().join("training").exists());
    // Another seed, other models.
    let other = Settings { seed: 2, ..settings(whole.path()) };
    assert!(run(&other, &Silent).unwrap().files != expected.files);
}

#[test]
fn varied_numbers_stand_among_the_visible_species() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings(directory.path());
    let material = settings.data.courses(1, directory.path(), &Silent).unwrap();
    let courses = &material.courses;
    assert_eq!(courses.visible, ["A", "X", "Y"]);
    assert_eq!((courses.of_split(Split::Train).len(), courses.of_split(Split::Unseen).len()), (6, 2));
    let place = courses.parameter_names().iter().position(|n| n == "b_A").unwrap();
    let by = &courses.standardisation;
    for (c, course) in courses.courses.iter().enumerate() {
        let [_, a] = course.condition[..] else { panic!("two numbers") };
        assert!((by.shift[0] + by.scale[0] * courses.standard(c, 3)[place] - a).abs() < 1e-12);
    }
    let recorded = material.recorded.unwrap();
    assert!(recorded.trajectories.iter().all(|t| t[0].is_empty() && t[1].len() == 5 && t[2].len() == 5));
}

#[test]
fn candidates_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("candidates.crn");
    let candidates = "species A = 1, X = 1, Y = 1, H = 1\nparameter k = 1, l = 1\n\
                      0 -> X @ k\n2 X + Y -> 3 X @ l\nX -> Y @ l\nX + H -> 2 H @ 1\n";
    std::fs::write(&file, candidates).unwrap();
    let mut settings = settings(directory.path());
    settings.models[0].candidates = Some(file.clone());
    settings.models.truncate(1);
    settings.models[0].closures = Some(vec!["gaussian".into(), "log-normal".into()]);
    settings.models[0].patience = Some(3);
    let courses = settings.data.courses(1, directory.path(), &Silent).unwrap().courses;
    let training = settings.training(&settings.models[0], &courses.visible, &courses.hidden).unwrap();
    let motifs = &training.inputs.candidates.motifs;
    assert_eq!(motifs.iter().map(|m| m.reactions.len()).collect::<Vec<_>>(), [1, 2, 1]);
    let error = settings.candidates(&settings.models[0], &courses.visible, &["Z".into()]).unwrap_err().to_string();
    assert!(error.contains("candidates") && error.contains('H'), "{error}");
    let findings = run(&settings, &Silent).unwrap();
    assert_eq!(findings.files.iter().filter(|(name, _)| name.ends_with(".onnx")).count(), 1);
}

#[test]
fn mistakes_are_told_before_anything_is_sampled() {
    let directory = tempfile::tempdir().unwrap();
    let told = |change: &dyn Fn(&mut Settings), words: &str| {
        let mut settings = settings(directory.path());
        change(&mut settings);
        let message = run(&settings, &Silent).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
        assert!(!directory.path().join("conditions").exists());
    };
    let sampling = |s: &mut Settings, change: &dyn Fn(&mut sampling::Sampling)| match &mut s.data {
        Data::Sampled(sampling) => change(sampling),
        _ => panic!("sampled"),
    };
    told(&|s| s.models[1].name = "Reactions".to_lowercase(), "name of its own");
    told(&|s| s.models.clear(), "[[models]]");
    told(&|s| s.trials = 0, "at least one");
    told(&|s| s.conserved = vec!["Z".into()], "Z");
    told(&|s| s.shown = 3, "shown");
    told(&|s| s.models[1].clip = 0.0, "clipping");
    told(&|s| s.models[0].closures = Some(vec!["gauss".into()]), "gaussian");
    told(&|s| s.models[0].candidates = Some("nowhere.crn".into()), "nowhere.crn");
    told(&|s| sampling(s, &|d| d.trajectories = 1), "trajectories");
    told(&|s| sampling(s, &|d| d.courses.dynamic = Some(vec!["b_Z".into()])), "b_X");
    told(&|s| sampling(s, &|d| d.courses.fixed = [("Z".into(), 1e-6)].into()), "Z");
    told(&|s| sampling(s, &|d| d.courses.hidden = vec!["Y".into()]), "hidden");
    told(&|s| sampling(s, &|d| d.vary[0].name = "C".into()), "C");
    told(&|s| sampling(s, &|d| d.vary[0].train.clear()), "train");
    told(&|s| sampling(s, &|d| d.vary.clear()), "vary");
    told(&|s| sampling(s, &|d| d.visible[1] = "Z".into()), "Z");
    let mut published = settings(directory.path());
    published.data = Data::PublishedIp3("nowhere".into());
    let changes = kurtz_model::kinetics::Changes { volume: Some(1.0), ..Default::default() };
    assert!(published.change(&changes).is_err());
    assert!(run(&published, &Silent).unwrap_err().to_string().contains("nowhere"));
}
