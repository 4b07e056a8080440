//! What is written is valid SBML, in the judgement of libSBML.

use kurtz_model::format::{crn, sbml};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files below a folder with this ending; none if it is not there.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

const EVERYTHING: &str = r#"
model "a title with <signs> & \"quotes\""
time min
amount mmol
volume 2 L in mL
compartment ER = 0.5*volume
species A = 10, B in ER = 0.5
clamped species C = 3, D = 1
parameter k = 0.1, f = 0.5, p = 2*k
A -> 2 B @ k
B + C -> A @ rate(k*B*C/(1 + B))
D := A + f*piecewise(1, A > 3*f && B < 2*f || !(C == f), 2)
df/dt = -f*k*time + 1e-300
dC/dt = f*(min(f, p, 3) + factorial(3) + asinh(f) - atanh(0.1))
when A > 5*f && time >= f, after 2*k, priority A, if it stays true, with new values: B = 3*A, k = k + f
"#;

#[test]
fn what_is_written_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::temp_dir().join(format!("kurtz-valid-sbml-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let mut networks = Vec::new();
    for path in files(&root.join("models"), "crn") {
        networks.push((path.clone(), crn::read(&path).expect("a good model").0));
    }
    networks.push(("everything.crn".into(), crn::parse(EVERYTHING, "everything").expect("a good model").0));
    for path in files(&root.join("../shared/reference"), "xml") {
        let bytes = std::fs::read(&path).expect("it is there");
        networks.extend(sbml::read(&bytes, "case").ok().map(|(network, _)| (path, network)));
    }
    for (path, network) in &networks {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = sbml::write(network).expect("a network of ordinary size");
        std::fs::write(folder.join(format!("{name}.xml")), text).expect("room for a small file");
    }
    let script = root.join("scripts/validate_sbml.py");
    let output = Command::new("python3").arg(script).arg(&folder).output();
    std::fs::remove_dir_all(&folder).expect("the folder was made here");
    match output {
        Ok(output) if output.status.code() == Some(77) => eprintln!("skipped: libSBML is not installed"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
            println!("{said}");
        }
        Err(error) => eprintln!("skipped: python3 cannot be run: {error}"),
    }
}
