//! The given cases of the SBML Test Suite, where they are present.

use crate::format::sbml::read;
use crate::format::sbml::values::start;
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

#[test]
fn given_cases_are_read_or_refused_by_name() {
    let mut faults = Vec::new();
    for path in files("sbml-semantic").into_iter().chain(files("dsmts")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).expect("it is there");
        match read(&bytes, &name) {
            Ok((network, _)) => {
                start(&network).map_err(|circle| format!("{circle:?}")).expect("no circles");
            }
            Err(_) if REFUSED.iter().any(|case| name.starts_with(case)) || name.contains("l1v2") => {}
            Err(error) => faults.push(error.to_string()),
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
