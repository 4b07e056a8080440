//! Files that hold networks.

pub mod crn;
pub mod sbml;

use crate::diagnostic::{Diagnostic, Diagnostics, Problem, Severity};
use crate::network::{Initial, Network};
use sbml::Notes;
use std::io::Read;
use std::path::Path;

/// A way to write networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The text format of kurtz.
    Crn,
    /// SBML.
    Sbml,
}

impl Format {
    /// The format that the name of a file stands for: `.crn`, or `.xml` and `.sbml`.
    pub fn of_name(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "crn" => Some(Format::Crn),
            "xml" | "sbml" => Some(Format::Sbml),
            _ => None,
        }
    }
}

/// A network from a file, whatever its format.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The format.
    pub format: Format,
    /// The network.
    pub network: Network,
    /// Whether results for a species are concentrations unless one asks for amounts, `[species]`.
    pub in_concentration: Vec<bool>,
    /// What is odd about it but not wrong.
    pub warnings: Vec<Diagnostic>,
}

/// Larger files are not models but mistakes.
const LARGEST_FILE: u64 = 64 << 20;

/// Reads the model at `path`: SBML if its name ends in `.xml` or `.sbml` or its text begins with `<`, else `.crn`.
///
/// # Errors
/// Everything that is wrong with the file, at once.
pub fn read(path: impl AsRef<Path>) -> Result<Source, Diagnostics> {
    let path = path.as_ref();
    let file = path.display().to_string();
    let refuse = |problem| {
        let diagnostic = Diagnostic { severity: Severity::Error, problem, place: None, help: None };
        Diagnostics { list: vec![diagnostic], omitted: 0 }
    };
    let unreadable =
        |error: std::io::Error| refuse(Problem::Unreadable { file: file.clone(), reason: error.to_string() });
    let mut bytes = Vec::new();
    // Some files say that they are empty and never end.
    let file_read = std::fs::File::open(path).and_then(|f| f.take(LARGEST_FILE + 1).read_to_end(&mut bytes));
    if file_read.map_err(unreadable)? as u64 > LARGEST_FILE {
        let size = std::fs::metadata(path).map_or(0, |m| m.len()).max(LARGEST_FILE + 1);
        let megabytes = usize::try_from(size.div_ceil(1 << 20)).unwrap_or(usize::MAX);
        return Err(refuse(Problem::HugeFile { megabytes, limit: (LARGEST_FILE >> 20) as usize }));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    if Format::of_name(path) == Some(Format::Sbml) || text.starts_with(b"<") {
        let (network, notes) = sbml::read(&bytes, &file)?;
        let Notes { in_concentration, warnings, .. } = notes;
        return Ok(Source { format: Format::Sbml, network, in_concentration, warnings });
    }
    let (network, warnings) = crn::parse_bytes(&bytes, &file)?;
    let given = network.species.iter().map(|s| matches!(s.initial, Initial::Concentration(_)));
    Ok(Source { format: Format::Crn, in_concentration: given.collect(), network, warnings })
}
