//! The XML of an SBML file: a tree with places, and what is refused before anybody looks at its meaning.

use super::problem::SbmlProblem;
use crate::diagnostic::{Diagnostic, Diagnostics, Lines, Place, Problem, Severity};
use roxmltree::{Document, Node, ParsingOptions};

/// Larger files are not models but mistakes.
const LARGEST_FILE: usize = 128 << 20;
/// A tree of this many nodes takes some 300 MB.
const MOST_NODES: u32 = 3_000_000;
/// Programs write sums as nested pairs, but not this many.
pub(super) const DEEPEST: usize = 5_000;
/// The namespace of MathML.
pub(super) const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// Something found in the file, with its place in bytes.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub problem: Problem,
    pub at: usize,
    pub help: Option<String>,
}

impl Finding {
    pub fn new(problem: SbmlProblem, at: usize) -> Finding {
        Finding { problem: problem.into(), at, help: None }
    }

    pub fn help(self, help: impl Into<String>) -> Finding {
        Finding { help: Some(help.into()), ..self }
    }

    /// With its place in the text, marked from the opening bracket of an element to the end of the name.
    fn diagnostic(self, severity: Severity, file: &str, text: &str, lines: &Lines) -> Diagnostic {
        let rest = &text[self.at.min(text.len())..];
        let name =
            rest.strip_prefix('<').map_or(0, |r| r.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(0) + 1);
        let place = Some(Place::new(file, text, self.at..self.at + name, lines));
        Diagnostic { severity, problem: self.problem, place, help: self.help }
    }
}

/// Findings as what is shown to the user.
pub(super) fn diagnostics(mut found: Vec<Finding>, severity: Severity, file: &str, text: &str) -> Diagnostics {
    found.sort_by_key(|f| f.at);
    let omitted = found.len().saturating_sub(Diagnostics::MOST);
    found.truncate(Diagnostics::MOST);
    let lines = Lines::new(if found.is_empty() { "" } else { text });
    Diagnostics { list: found.into_iter().map(|f| f.diagnostic(severity, file, text, &lines)).collect(), omitted }
}

/// A problem of the whole file.
fn refusal(problem: Problem, help: Option<&str>) -> Diagnostics {
    let help = help.map(str::to_string);
    Diagnostics { list: vec![Diagnostic { severity: Severity::Error, problem, place: None, help }], omitted: 0 }
}

/// The text of a file, without its byte order mark.
pub(super) fn text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, Diagnostics> {
    if bytes.len() > LARGEST_FILE {
        let problem = Problem::HugeFile { megabytes: bytes.len() >> 20, limit: LARGEST_FILE >> 20 };
        return Err(refusal(problem, None));
    }
    let file = || file.to_string();
    let zero_at = |i: usize| bytes.get(i) == Some(&0);
    let bare_utf16 = bytes.len() >= 4 && ((zero_at(0) && zero_at(2)) != (zero_at(1) && zero_at(3)));
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bare_utf16 {
        return Err(refusal(Problem::Utf16 { file: file() }, Some("SBML is UTF-8; save it as that")));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let problem = Problem::NotUtf8 { file: file(), offset: error.valid_up_to() };
        refusal(problem, Some("SBML is UTF-8; save it as that"))
    })?;
    match text.trim() {
        "" => Err(refusal(Problem::EmptyFile { file: file() }, None)),
        _ => Ok(text),
    }
}

/// The tree of a text.
pub(super) fn tree<'a>(text: &'a str, file: &str) -> Result<Document<'a>, Diagnostics> {
    let fault =
        |problem: SbmlProblem, at: usize| diagnostics(vec![Finding::new(problem, at)], Severity::Error, file, text);
    super::scan::scan(text).map_err(|finding| diagnostics(vec![finding], Severity::Error, file, text))?;
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let problem = match error {
            roxmltree::Error::DtdDetected => SbmlProblem::DocumentType,
            roxmltree::Error::NodesLimitReached => {
                SbmlProblem::Unreadable { reason: format!("it has more than {MOST_NODES} parts") }
            }
            // The message ends with the place, which is shown anyway.
            _ => {
                let message = error.to_string();
                let reason = message.rfind(" at ").map_or(message.as_str(), |end| &message[..end]);
                SbmlProblem::Unreadable { reason: reason.to_string() }
            }
        };
        let place = error.pos();
        let at = match problem {
            SbmlProblem::DocumentType => text.find("<!DOCTYPE").unwrap_or(0),
            _ => offset(text, place.row, place.col),
        };
        fault(problem, at)
    })?;
    // Nodes come in the order of the text, parents before children.
    let mut depth: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    for node in document.descendants().filter(Node::has_children) {
        let above = node.parent().and_then(|p| depth.get(&p.id().get_usize())).copied().unwrap_or(0);
        if above >= DEEPEST {
            return Err(fault(SbmlProblem::NestedTooDeep { limit: DEEPEST }, node.range().start));
        }
        depth.insert(node.id().get_usize(), above + 1);
    }
    Ok(document)
}

/// The byte of a line and a column in characters, both from 1.
fn offset(text: &str, row: u32, column: u32) -> usize {
    let line: usize = text.split_inclusive('\n').take(row.saturating_sub(1) as usize).map(str::len).sum();
    let within =
        text[line..].char_indices().nth(column.saturating_sub(1) as usize).map_or(text.len() - line, |(i, _)| i);
    line + within
}

/// Element children.
pub(super) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The child in the same namespace with this name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    elements(node).find(|c| c.tag_name().name() == name && c.tag_name().namespace() == node.tag_name().namespace())
}

/// The `math` child.
pub(super) fn math<'a, 'i>(node: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    elements(node).find(|c| c.tag_name().name() == "math")
}

/// Where an element begins, in bytes.
pub(super) fn at(node: Node) -> usize {
    node.range().start
}

/// The text directly in an element, without white space around it.
pub(super) fn content<'a>(node: Node<'a, '_>) -> std::borrow::Cow<'a, str> {
    let mut parts = node.children().filter(Node::is_text).filter_map(|n| n.text());
    let first = parts.next().unwrap_or("");
    match parts.next() {
        None => first.trim().into(),
        Some(second) => {
            let whole = [first, second].into_iter().chain(parts).collect::<String>();
            whole.trim().to_string().into()
        }
    }
}

/// A number in decimals, or one of the words for infinity and for none. None too of what is beyond the largest number.
pub(super) fn real(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = text.parse::<f64>().ok()?;
    let is_beyond = number.is_infinite() && text.contains(|c: char| c.is_ascii_digit());
    (!is_beyond).then_some(number)
}
