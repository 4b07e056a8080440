//! Published models in three levels of SBML, typed in from their papers, against libRoadRunner (CVODE at a relative
//! tolerance of 1e-12); see `data/published/README.md`.

use kurtz::dynamics::hybrid::Integrate;
use kurtz::dynamics::progress::Silent;
use kurtz::study::{ModelChoice, integrate};
use std::path::PathBuf;

/// Of the larger of the value and a millionth of the largest one of its column.
const RELATIVE: f64 = 1e-6;

fn agrees(name: &str) {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", "published"].iter().collect();
    let text = std::fs::read_to_string(folder.join(format!("{name}.csv"))).expect("reference values");
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().expect("a header").split(',').skip(1).map(str::to_string).collect();
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect()).collect();
    let settings = integrate::Settings {
        model: ModelChoice { path: folder.join(format!("{name}.xml")), ..ModelChoice::default() },
        variables: Some(names.clone()),
        end: rows.last().expect("rows")[0],
        steps: rows.len() - 1,
        integration: Integrate { relative_tolerance: 1e-10, ..Integrate::default() },
        ..integrate::Settings::default()
    };
    let course = integrate::run(&settings, &Silent).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (i, row) in rows.iter().enumerate() {
        for (j, expected) in row[1..].iter().enumerate() {
            let value = course.values[i * names.len() + j];
            let largest = rows.iter().map(|row| row[j + 1].abs()).fold(0.0, f64::max);
            let bound = RELATIVE * expected.abs().max(1e-6 * largest);
            let what = format!("{name}: {} at {} is {value}, not {expected}", names[j], row[0]);
            assert!((value - expected).abs() <= bound, "{what}");
        }
    }
}

#[test]
fn the_repressilator_of_level_1_agrees() {
    agrees("repressilator-elowitz-2000");
}

#[test]
fn the_mapk_cascade_of_level_1_agrees() {
    agrees("cascade-kholodenko-2000");
}

#[test]
fn the_per_clock_of_level_2_agrees() {
    agrees("clock-goldbeter-1995");
}

#[test]
fn the_per_tim_clock_of_level_2_agrees() {
    agrees("clock-leloup-1999");
}

#[test]
fn the_genetic_oscillator_of_level_3_agrees() {
    agrees("oscillator-vilar-2002");
}

#[test]
fn the_axon_of_level_2_with_its_events_agrees() {
    agrees("axon-hodgkin-huxley-1952");
}
