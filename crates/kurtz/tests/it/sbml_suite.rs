//! Cases of the SBML Test Suite: copies of a few in the repository, and all that lie beside it, where they do.

use kurtz::Error;
use kurtz::dynamics::hybrid::Integrate;
use kurtz::dynamics::progress::Silent;
use kurtz::study::{ModelChoice, integrate, simulate};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What the suite says must be solved or refused: algebraic rules, delays, fast reactions, packages.
const SOLVED_OR_REFUSED: [&str; 8] = ["00567", "00674", "01160", "01344", "01407", "01551", "01571", "01592"];

/// A case: its folder and its settings.
struct Case {
    id: String,
    folder: PathBuf,
    settings: HashMap<String, String>,
}

impl Case {
    /// The cases of a folder, by number.
    fn all(folder: &Path) -> Vec<Case> {
        let Ok(entries) = std::fs::read_dir(folder) else {
            eprintln!("skipped: {} is not there", folder.display());
            return Vec::new();
        };
        let read = |folder: PathBuf| {
            let id = folder.file_name()?.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(folder.join(format!("{id}-settings.txt"))).ok()?;
            let line = |line: &str| line.split_once(':').map(|(k, v)| (k.trim().to_string(), v.trim().to_string()));
            Some(Case { id, folder, settings: text.lines().filter_map(line).collect() })
        };
        let mut cases: Vec<Case> = entries.flatten().filter_map(|entry| read(entry.path())).collect();
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        cases
    }

    fn number(&self, key: &str) -> f64 {
        self.settings.get(key).and_then(|text| text.parse().ok()).unwrap_or(0.0)
    }

    fn list(&self, key: &str) -> Vec<String> {
        let text = self.settings.get(key).map_or("", |text| text);
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect()
    }

    /// The model in every level that it is given in.
    fn models(&self) -> Vec<ModelChoice> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "xml")).collect();
        // Level 1 is not read.
        paths.retain(|path| !path.to_string_lossy().contains("-l1v"));
        paths.sort();
        paths.into_iter().map(|path| ModelChoice { path, ..ModelChoice::default() }).collect()
    }

    /// The columns of one of its tables; the first is the time.
    fn table(&self, what: &str) -> Vec<(String, Vec<f64>)> {
        let Ok(text) = std::fs::read_to_string(self.folder.join(format!("{}-{what}.csv", self.id))) else {
            return Vec::new();
        };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let header = lines.next().unwrap_or_default();
        let mut columns: Vec<(String, Vec<f64>)> = header.split(',').map(|n| (n.trim().to_string(), vec![])).collect();
        for line in lines {
            for (column, cell) in columns.iter_mut().zip(line.split(',')) {
                column.1.push(cell.trim().parse().unwrap_or(f64::NAN));
            }
        }
        columns
    }
}

/// Integrates a case and compares every value; the error is what is wrong.
fn deterministic(case: &Case, model: ModelChoice) -> Result<(), String> {
    let variables = case.list("variables");
    let settings = integrate::Settings {
        model,
        variables: Some(variables.clone()),
        amount: case.list("amount"),
        concentration: case.list("concentration"),
        start: case.number("start"),
        end: case.number("start") + case.number("duration"),
        steps: case.number("steps") as usize,
        integration: Integrate { absolute_tolerance: Some(1e-12), ..Integrate::default() },
    };
    let course = match integrate::run(&settings, &Silent) {
        Ok(course) => course,
        Err(Error::Model(_) | Error::Kinetics(_)) if SOLVED_OR_REFUSED.contains(&case.id.as_str()) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let (absolute, relative) = (case.number("absolute"), case.number("relative"));
    for (v, (name, expected)) in case.table("results").iter().skip(1).enumerate() {
        for (t, &expected) in expected.iter().enumerate() {
            let found = course.values[t * variables.len() + v];
            let same = found == expected || (found.is_nan() && expected.is_nan());
            let close = (found - expected).abs() <= absolute + relative * expected.abs();
            if !same && !close {
                return Err(format!("{name} is {found} at {}, not {expected}", course.times[t]));
            }
        }
    }
    Ok(())
}

/// Samples a case; means and variances must lie within their standard errors, the latter from the exact kurtosis.
fn stochastic(case: &Case, model: ModelChoice, trajectories: u64) -> Result<(), String> {
    let variables = case.list("variables");
    let settings = simulate::Settings {
        model,
        variables: variables.clone(),
        trajectories,
        end: case.number("duration"),
        steps: case.number("steps") as usize,
        ..simulate::Settings::default()
    };
    let sample = simulate::run(&settings, &Silent).map_err(|error| error.to_string())?;
    let table = kurtz::study::summary::means_and_deviations("summary", &sample.moments, Some(&variables));
    let mut bytes = Vec::new();
    table.write_csv(&mut bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().unwrap_or(f64::NAN)).collect()).collect();
    let (results, kurtosis) = (case.table("results"), case.table("kurtosis"));
    let exact = |name: String| results.iter().find(|(n, _)| *n == name).map(|(_, values)| values);
    for (i, name) in variables.iter().enumerate() {
        let (Some(means), Some(deviations)) = (exact(format!("{name}-mean")), exact(format!("{name}-sd"))) else {
            return Err(format!("no results for {name}"));
        };
        let fourth = kurtosis.iter().find(|(n, _)| n == name).map(|(_, values)| values);
        for (t, row) in rows.iter().enumerate() {
            let (mean, sd) = (row[1 + 2 * i], row[2 + 2 * i]);
            if deviations[t] == 0.0 {
                if (mean - means[t]).abs() > 1e-9 * means[t].abs() || sd > 1e-9 {
                    return Err(format!("{name} is {mean} +- {sd} at {t}, where it is certainly {}", means[t]));
                }
                continue;
            }
            let n = trajectories as f64;
            let z = n.sqrt() * (mean - means[t]) / deviations[t];
            let fourth = fourth.map_or(3.0, |values| values[t]).max(1.01);
            let y = (n / (fourth - 1.0)).sqrt() * ((sd / deviations[t]).powi(2) - 1.0);
            // 51 times, mean and variance, of one or two variables: each beyond these lines less than once in a million.
            if z.abs() > 4.9 || y.abs() > 6.5 {
                return Err(format!("{name} at {t}: the mean is {z:.2} standard errors off, the variance {y:.2}"));
            }
        }
    }
    Ok(())
}

/// Every fault of some cases, each with its case and file.
fn faults(cases: &[Case], test: impl Fn(&Case, ModelChoice) -> Result<(), String>) -> Vec<String> {
    let mut faults = Vec::new();
    for case in cases {
        for model in case.models() {
            let file = model.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Err(fault) = test(case, model) {
                faults.push(format!("{file}: {fault}"));
            }
        }
    }
    faults
}

fn copies(kind: &str) -> Vec<Case> {
    let cases =
        Case::all(&[env!("CARGO_MANIFEST_DIR"), "tests", "data", "sbml-test-suite", kind].iter().collect::<PathBuf>());
    assert!(!cases.is_empty(), "the copies are there");
    cases
}

fn beside(folder: &str) -> Vec<Case> {
    Case::all(
        &[env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "shared", "reference", folder].iter().collect::<PathBuf>(),
    )
}

#[test]
fn copied_deterministic_cases_are_within_the_suites_tolerances() {
    let faults = faults(&copies("semantic"), deterministic);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn copied_stochastic_cases_have_the_exact_means_and_variances() {
    let faults = faults(&copies("stochastic"), |case, model| stochastic(case, model, 2000));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "a minute: all given deterministic cases in all their levels"]
fn given_deterministic_cases_are_solved_or_refused_by_name() {
    let faults = faults(&beside("sbml-semantic"), deterministic);
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
#[ignore = "minutes: all given stochastic cases in all their levels, 10 000 trajectories each"]
fn given_stochastic_cases_have_the_exact_means_and_variances() {
    let faults = faults(&beside("dsmts"), |case, model| stochastic(case, model, 10_000));
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
