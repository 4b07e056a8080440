//! The given cases of the SBML Test Suite, where they are present.

use crate::format::sbml::{Notes, read};
use crate::kinetics::Changes;
use crate::network::Network;
use crate::system::System;
use std::path::{Path, PathBuf};

/// All files of a folder beside the repository, or nothing, with a message, where it is absent.
fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference").join(folder);
    let Ok(cases) = std::fs::read_dir(&root) else {
        eprintln!("skipped: {} is not there", root.display());
        return Vec::new();
    };
    let inside = cases.flatten().filter_map(|case| std::fs::read_dir(case.path()).ok());
    let mut found: Vec<PathBuf> = inside.flatten().flatten().map(|file| file.path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "xml"));
    found.sort();
    found
}

/// What the suite's README says is to be solved or refused: algebraic rules, delays, fast reactions, packages.
const REFUSED: [&str; 8] = ["00567", "00674", "01160", "01344", "01407", "01551", "01571", "01592"];

/// All models that are to be read, with the paths of their files.
pub(super) fn models(faults: &mut Vec<String>) -> Vec<(PathBuf, Network, Notes)> {
    let mut models = Vec::new();
    for path in files("sbml-semantic").into_iter().chain(files("dsmts")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("it is there");
        match read(&bytes, &name) {
            Ok((network, notes)) => models.push((path, network, notes)),
            Err(_) if REFUSED.iter().any(|case| name.starts_with(case)) => {}
            Err(error) => faults.push(error.to_string()),
        }
    }
    models
}

/// A file of the case that a model belongs to.
fn beside(path: &Path, ending: &str) -> Option<String> {
    let folder = path.parent()?;
    let case = folder.file_name()?.to_string_lossy();
    std::fs::read_to_string(folder.join(format!("{case}-{ending}"))).ok()
}

#[test]
fn given_cases_are_read_or_refused_by_name() {
    let mut faults = Vec::new();
    models(&mut faults);
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn given_cases_start_with_the_values_of_the_suite() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for (path, network, notes) in models(&mut faults) {
        let (Some(settings), Some(results)) = (beside(&path, "settings.txt"), beside(&path, "results.csv")) else {
            continue;
        };
        let listed = |key: &str| {
            let line = settings.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':'));
            line.unwrap_or("").split(',').map(|s| s.trim().to_string()).filter(|s| !s.is_empty()).collect::<Vec<_>>()
        };
        // Events may happen at the start.
        if listed("start") != ["0"] || network.events.iter().any(|event| !event.initially_true) {
            continue;
        }
        let system = match System::new(&network, &Changes::default()) {
            Ok(system) => system,
            Err(error) => {
                faults.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        let mut lines = results.lines();
        let header: Vec<&str> = lines.next().unwrap_or("").split(',').map(str::trim).collect();
        let first: Vec<f64> =
            lines.next().unwrap_or("").split(',').map(|x| x.trim().parse().unwrap_or(f64::NAN)).collect();
        let (amounts, concentrations) = (listed("amount"), listed("concentration"));
        for (name, &expected) in header.iter().zip(&first).skip(1) {
            let name = name.trim_end_matches("-mean");
            if name.ends_with("-sd") {
                continue;
            }
            let by_default = network.species_named(name).is_some_and(|s| notes.in_concentration[s.index()]);
            let is_in = |list: &[String]| list.iter().any(|n| n == name);
            let in_concentration = is_in(&concentrations) || by_default && !is_in(&amounts);
            let observable = if in_concentration { system.concentration(name) } else { system.observable(name) };
            let Ok(observable) = observable else {
                faults.push(format!("{}: there is no {name}", path.display()));
                continue;
            };
            let value = system.resolve(&observable.expression).evaluate(&|symbol| {
                crate::network::Variable::of(symbol).map_or(0.0, |variable| system.initial_value(variable))
            });
            compared += 1;
            let same = (value - expected).abs() <= 1e-6 * expected.abs() + 1e-12
                || value == expected
                || value.is_nan() && expected.is_nan();
            if !same {
                faults.push(format!("{}: {name} is {value}, not {expected}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    println!("{compared} values agree");
}
