//! A first look over the tags of a file, for what would take a parser of XML forever: the time it takes to tell
//! attributes and prefixes apart grows with the square of their number.

use super::problem::SbmlProblem;
use super::xml::Finding;
use std::collections::HashSet;

/// Attributes of one element; SBML has ten at most.
const MOST_ATTRIBUTES: usize = 500;
/// Different prefixes in a file; one for each package and vocabulary.
const MOST_PREFIXES: usize = 100;

/// Refuses elements of very many attributes and files of very many prefixes. What is not well-formed passes.
pub(super) fn scan(text: &str) -> Result<(), Finding> {
    let mut prefixes: HashSet<&str> = HashSet::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        // What can hold anything but tags.
        let other = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((_, end)) = other.into_iter().find(|(begin, _)| rest.starts_with(begin)) {
            let Some(length) = rest.find(end) else { return Ok(()) };
            at = start + length + end.len();
            continue;
        }
        let mut attributes = 0;
        let mut inside = start + 1;
        loop {
            let Some(next) = text[inside..].find(['"', '\'', '>']) else { return Ok(()) };
            let here = inside + next;
            let sign = &text[here..=here];
            if sign == ">" {
                at = here + 1;
                break;
            }
            attributes += 1;
            if let Some((_, name)) = text[inside..here].rsplit_once("xmlns:") {
                prefixes.insert(name);
            }
            if attributes > MOST_ATTRIBUTES || prefixes.len() > MOST_PREFIXES {
                let reason = if attributes > MOST_ATTRIBUTES {
                    format!("an element has more than {MOST_ATTRIBUTES} attributes")
                } else {
                    format!("it has more than {MOST_PREFIXES} prefixes of namespaces")
                };
                return Err(Finding::new(SbmlProblem::Unreadable { reason }, start));
            }
            let Some(length) = text[here + 1..].find(sign) else { return Ok(()) };
            inside = here + 1 + length + 1;
        }
    }
    Ok(())
}
