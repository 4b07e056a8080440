//! Dynamic PCA: a study of one's own, and what its models say.

use crate::{Place, columns, model};

const STUDY: &str = r#"
study = "dynamic-pca"
title = "small"
trials = 2

[data.sampled]
model = { path = "m.crn", changes = { parameters = [], initial = [], volume = 50 } }
trajectories = 40
visible = ["X", "Y"]
from = 1
to = 5
steps = 20
vary = [{ name = "B", train = [1.5, 2.0, 2.5], unseen = [1.8] }]
courses = { hidden = ["H"], orientation = { rule = "species", species = 0, positive = true }, dynamic = ["b_X", "W_X"] }

[[models]]
name = "reactions"
inputs = "reactions"
subnet = { width = 5, depth = 1, activation = "relu", dropout = 0.2 }
clip = 1.0
rounds = 10
"#;

fn learned() -> Place {
    let place = Place::with("m.crn", model("brusselator.crn"));
    place.write("study.toml", STUDY);
    place.succeeds("run study.toml --quiet --output out");
    place
}

#[test]
fn models_of_a_study_predict_from_another_start() {
    let place = learned();
    let files = place.files();
    for name in ["out/report.html", "out/models/reactions-0.onnx", "out/models/reactions-1.safetensors"] {
        assert!(files.iter().any(|f| f == name), "{name} in {files:?}");
    }
    let both = "predict out/models/reactions-0.safetensors out/models/reactions-1.safetensors";
    let found = columns(&place.succeeds(&format!("{both} --mean X=60 --sd X=9")).stdout);
    let value = |name: &str, row: usize| found.iter().find(|(n, _)| n == name).expect("a column").1[row];
    assert_eq!((value("time", 0), value("time", 20), found[0].1.len()), (0.0, 4.0, 21));
    assert!((value("mean(X)", 0) - 60.0).abs() < 1e-9 && (value("sd(X)", 0) - 9.0).abs() < 1e-9);
    assert!(value("spread(mean(X))", 0) < 1e-9 && value("spread(mean(X))", 20) > 0.0);
    // One trial, in finer steps and to a file: near to it.
    let one = "predict out/models/reactions-0.safetensors --mean X=60 --sd X=9";
    place.succeeds(&format!("{one} --adaptive --output adaptive.csv"));
    let euler = columns(&place.succeeds(one).stdout);
    let fine = columns(&place.read("adaptive.csv"));
    let last = |all: &[(String, Vec<f64>)]| all.iter().find(|(n, _)| n == "mean(X)").expect("a column").1[20];
    assert!((last(&euler) / last(&fine) - 1.0).abs() < 0.1, "{} {}", last(&euler), last(&fine));
}

#[test]
fn a_start_or_an_end_beyond_the_data_is_told() {
    let place = learned();
    let predict = "predict out/models/reactions-0.safetensors";
    assert_eq!(place.succeeds(predict).stderr, "");
    let far = place.succeeds(&format!("{predict} --mean Y=300 --end 9"));
    assert!(far.stderr.contains("Y") && far.stderr.contains("outside"), "{}", far.stderr);
    assert!(far.stderr.contains("after 4"), "{}", far.stderr);
}

#[test]
fn mistakes_of_a_prediction_are_told() {
    let place = learned();
    let predict = "predict out/models/reactions-0.safetensors";
    place.fails(&format!("{predict} --mean Z=1"), 2, &["Z", "X, Y"]);
    place.fails(&format!("{predict} --mean X=-1"), 2, &["mean of X", "-1"]);
    place.fails(&format!("{predict} --sd X=0"), 2, &["standard deviation of X"]);
    place.fails(&format!("{predict} --end 0"), 2, &["last time"]);
    place.fails("predict nowhere.safetensors", 2, &["nowhere.safetensors"]);
    place.fails("predict study.toml", 2, &["study.toml"]);
    place.write("cut.safetensors", &std::fs::read(place.path("out/models/reactions-0.safetensors")).unwrap()[..700]);
    place.fails("predict cut.safetensors", 2, &["cut.safetensors"]);
    place.fails(&format!("{predict} --output x.txt"), 2, &["x.txt"]);
}

#[test]
fn mistakes_in_a_study_are_told() {
    let place = Place::with("m.crn", model("brusselator.crn"));
    let told = |from: &str, to: &str, parts: &[&str]| {
        assert!(STUDY.contains(from), "{from}");
        place.write("study.toml", STUDY.replacen(from, to, 1));
        place.fails("run study.toml --output out", 2, parts);
    };
    told("m.crn", "n.crn", &["n.crn"]);
    told("\"B\"", "\"C\"", &["C"]);
    told("\"X\", \"Y\"", "\"X\", \"Q\"", &["Q"]);
    told("\"X\", \"Y\"", "\"X\"", &["hidden species", "less than"]);
    told("trials = 2", "trials = 0", &["trials"]);
    told("trajectories = 40", "trajectories = 1", &["trajectories"]);
    told("rounds = 10", "rouns = 10", &["rouns"]);
    told("dropout = 0.2", "dropout = 1.2", &["1.2"]);
    told("\"W_X\"]", "\"W_Z\"]", &["W_Z", "W_X"]);
    told("inputs = \"reactions\"", "inputs = \"physics\"", &["physics"]);
    // Changes reach the model.
    place.write("study.toml", STUDY);
    place.fails("run study.toml --set D=1 --output out", 2, &["D"]);
}
