//! The `.crn` text format: what a chemist would write on a board, one reaction a line.
//!
//! ```
//! use kurtz_model::format::crn;
//! let text = r#"
//! time week
//! species A = 10, B = 0
//! parameter lambda = 1.1 1/week, r1 = 0.0836, r2 = 0.0764, Gamma = 0.31 1/week
//! division:        A -> 2 A    @ r1*lambda
//! asymmetric:      A -> A + B  @ (1 - r1 - r2)*lambda
//! differentiation: A -> 2 B    @ r2*lambda
//! leakage:         B -> 0      @ Gamma
//! "#;
//! let (network, warnings) = crn::parse(text, "epidermis.crn")?;
//! assert_eq!(network.reactions.len(), 4);
//! assert!(warnings.is_empty());
//! assert_eq!(crn::parse(&network.to_crn(), "printed")?.0, network);
//! # Ok::<(), kurtz_model::diagnostic::Diagnostics>(())
//! ```
//!
//! The format is described in `docs/reference/crn.md`. In short: text is cut into tokens (`lexer`), statements and
//! expressions are read (`parser`, `pratt`), names become symbols (`resolve`), values and units are checked
//! (`values`, `dimensions`). Everything found wrong is reported at once.

mod dimensions;
mod lexer;
mod parser;
mod pratt;
mod print;
mod resolve;
mod syntax;
#[cfg(test)]
mod tests;
mod validate;
mod values;

use crate::diagnostic::{Diagnostic, Diagnostics, Lines, Place, Problem, Severity};
use crate::expression::Expression;
use crate::network::Network;
use lexer::Fault;
use std::path::Path;

/// Larger files are not models but mistakes.
const LARGEST_FILE: usize = 64 << 20;

/// Reads the `.crn` file at `path`; the second value are warnings.
///
/// # Errors
/// Everything that is wrong with the file, at once.
pub fn read(path: impl AsRef<Path>) -> Result<(Network, Vec<Diagnostic>), Diagnostics> {
    let path = path.as_ref();
    let file = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => parse_bytes(&bytes, &file),
        Err(error) => Err(refusal(Problem::Unreadable { file, reason: error.to_string() }, None)),
    }
}

/// Reads a condition over the quantities of `network`, as in the `when` of an event: `A >= 100 && B == 0`.
///
/// # Errors
/// Everything that is wrong with it; the place is that in the network's own text, with the condition in its last line.
pub fn condition(text: &str, network: &Network) -> Result<Expression, Diagnostics> {
    // A condition ends where the phrases of an event or its assignments would begin.
    let text = text.trim();
    let refused =
        |problem: &str| refusal(Problem::Unreadable { file: format!("`{text}`"), reason: problem.into() }, None);
    let Some(species) = network.species.first() else { return Err(refused("there is no species to watch")) };
    if text.is_empty() || text.contains(['\n', '\r', ':', '#']) {
        return Err(refused("a condition is one expression, such as `A >= 100`"));
    }
    let events = network.events.len();
    let target = format!("`{}`", species.name);
    let model = format!("{}\nwhen {text}: {target} = {target}\n", network.to_crn());
    let (mut network, _) = parse(&model, "the condition")?;
    match network.events.pop() {
        Some(event) if network.events.len() == events && event.delay.is_none() && event.priority.is_none() => {
            Ok(event.trigger)
        }
        _ => Err(refused("a condition is one expression, such as `A >= 100`")),
    }
}

/// Reads a model from the bytes of a file called `file_name`, which appears in messages.
///
/// # Errors
/// As [`parse`], and bytes that are not UTF-8 text.
pub fn parse_bytes(bytes: &[u8], file_name: &str) -> Result<(Network, Vec<Diagnostic>), Diagnostics> {
    let file = file_name.to_string();
    if bytes.len() > LARGEST_FILE {
        let problem = Problem::HugeFile { megabytes: bytes.len() >> 20, limit: LARGEST_FILE >> 20 };
        return Err(refusal(problem, None));
    }
    // Text in UTF-16 begins with a byte order mark, or has every other byte 0.
    let zero_at = |i: usize| bytes.get(i) == Some(&0);
    let bare_utf16 = bytes.len() >= 4 && ((zero_at(0) && zero_at(2)) != (zero_at(1) && zero_at(3)));
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bare_utf16 {
        return Err(refusal(Problem::Utf16 { file }, Some("save it as UTF-8")));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text, file_name),
        Err(error) => {
            let problem = Problem::NotUtf8 { file, offset: error.valid_up_to() };
            Err(refusal(problem, Some("save it as UTF-8")))
        }
    }
}

/// Reads a model from a text; `file_name` appears in messages. The second value are warnings.
///
/// # Errors
/// Everything that is wrong with the text, at once.
///
/// # Example
/// ```
/// let wrong = kurtz_model::format::crn::parse("species A = 10\nA -> B @ 0.1", "decay.crn").unwrap_err();
/// assert_eq!(wrong.to_string(), "\
/// error: species `B` is not declared
///  --> decay.crn:2:6
/// 2 | A -> B @ 0.1
///   |      ^ declare it, as in `species B = 0`");
/// ```
pub fn parse(text: &str, file_name: &str) -> Result<(Network, Vec<Diagnostic>), Diagnostics> {
    let file = || file_name.to_string();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return Err(refusal(Problem::NulByte { file: file() }, None));
    }
    let begin = text.trim_start();
    if begin.starts_with("<?xml") || begin.starts_with("<sbml") {
        let at = text.len() - begin.len();
        let help = "an SBML model is read from a file that ends in `.xml` or `.sbml`";
        let fault = Fault::new(Problem::Xml, at..at + 5).help(help);
        return Err(Diagnostics { list: diagnostics(vec![fault], Severity::Error, file_name, text), omitted: 0 });
    }
    let normalised;
    let text = if text.contains('\r') {
        normalised = text.replace("\r\n", "\n").replace('\r', "\n");
        normalised.as_str()
    } else {
        text
    };
    let mut faults = Vec::new();
    let model = parser::parse_statements(text, &mut faults);
    if faults.is_empty() && model.says_nothing() {
        let help = "a model has at least a species and a reaction, as in `species A = 10` and `A -> 0 @ 0.1`";
        let problem = if model.is_empty() { Problem::EmptyFile { file: file() } } else { Problem::NoSpecies };
        return Err(refusal(problem, Some(help)));
    }
    let found = resolve::resolve(text, &model, &mut faults);
    if faults.is_empty() {
        return Ok((found.network, diagnostics(found.warnings, Severity::Warning, file_name, text)));
    }
    faults.sort_by_key(|f| f.span.start);
    let omitted = faults.len().saturating_sub(Diagnostics::MOST);
    faults.truncate(Diagnostics::MOST);
    Err(Diagnostics { list: diagnostics(faults, Severity::Error, file_name, text), omitted })
}

fn diagnostics(faults: Vec<Fault>, severity: Severity, file: &str, text: &str) -> Vec<Diagnostic> {
    let lines = Lines::new(text);
    let with_place = |f: Fault| {
        let place = Some(Place::new(file, text, f.span, &lines));
        Diagnostic { severity, problem: f.problem, place, help: f.help }
    };
    faults.into_iter().map(with_place).collect()
}

/// A problem of the whole file.
fn refusal(problem: Problem, help: Option<&str>) -> Diagnostics {
    let help = help.map(str::to_string);
    Diagnostics { list: vec![Diagnostic { severity: Severity::Error, problem, place: None, help }], omitted: 0 }
}
