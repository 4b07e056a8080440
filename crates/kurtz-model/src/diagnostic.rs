//! What is wrong with a model file, with its place: every problem at once, each with a caret and a way out.
//!
//! ```text
//! error: species `Ca_cyt` is not declared
//!   --> de-young-keizer.crn:14:18
//! 14 |   leak: Ca_er -> Ca_cyt @ k_leak
//!    |                  ^^^^^^ did you mean `Ca_cyto`?
//! ```

mod problem;

pub use problem::{Direction, NameKind, Problem};

use std::fmt;
use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// There is no network.
    Error,
    /// There is a network, perhaps not the one that was meant.
    Warning,
}

/// A place in a file, with the line it is on, so that it can be shown without the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the file as the reader was given it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Number of characters meant, at least 1; a place that spans lines ends with its first.
    pub width: usize,
    /// The line; of a very long one the part around the place.
    pub excerpt: String,
    /// How many characters of the excerpt come before the place.
    pub indent: usize,
}

/// Where the lines of a text end.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub fn new(text: &str) -> Lines {
        Lines(text.bytes().enumerate().filter(|&(_, b)| b == b'\n').map(|(i, _)| i).collect())
    }

    /// The line, from 1, of a byte.
    pub fn of(&self, byte: usize) -> usize {
        self.0.partition_point(|&end| end < byte) + 1
    }
}

/// Characters of a line that are shown.
const SHOWN: usize = 120;
/// Characters shown before the place in a line that is longer than that.
const BEFORE: usize = 60;

impl Place {
    /// The place `bytes` in `text`, which is the contents of `file`.
    pub(crate) fn new(file: &str, text: &str, bytes: Range<usize>, lines: &Lines) -> Place {
        let start = bytes.start.min(text.len());
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let indent = text[line_start..start].chars().count();
        let width = text[start..bytes.end.clamp(start, line_end)].trim_end().chars().count().max(1);
        let line = text[line_start..line_end].trim_end();
        let length = line.chars().count();
        let first = if length > SHOWN { indent.saturating_sub(BEFORE) } else { 0 };
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let mut excerpt: String = line.chars().skip(first).take(SHOWN).map(clean).collect();
        if first > 0 {
            excerpt.replace_range(..excerpt.chars().take(3).map(char::len_utf8).sum::<usize>(), "...");
        }
        if first + SHOWN < length {
            excerpt.push_str("...");
        }
        Place {
            file: file.to_string(),
            line: lines.of(start),
            column: indent + 1,
            width: width.min(SHOWN - (indent - first).min(SHOWN - 1)),
            excerpt,
            indent: indent - first,
        }
    }
}

/// One problem of a model, where it is, and what to do about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Whether the model can still be used.
    pub severity: Severity,
    /// What is wrong.
    pub problem: Problem,
    /// Where; `None` if it concerns no place in a text (a file that cannot be read).
    pub place: Option<Place>,
    /// What to do about it, if known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The text shown on a terminal that knows colours.
    pub fn coloured(&self) -> String {
        self.render(&Palette::COLOUR)
    }

    fn render(&self, palette: &Palette) -> String {
        let (word, colour) = match self.severity {
            Severity::Error => ("error", palette.error),
            Severity::Warning => ("warning", palette.warning),
        };
        let Palette { bold, quiet, off, .. } = palette;
        let mut text = format!("{colour}{word}{off}{bold}: {}{off}\n", self.problem);
        let Some(place) = &self.place else {
            if let Some(help) = &self.help {
                text += &format!("  {help}\n");
            }
            return text;
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        text += &format!("{margin}{quiet}-->{off} {}:{}:{}\n", place.file, place.line, place.column);
        text += &format!("{quiet}{number} |{off} {}\n", place.excerpt);
        let carets = "^".repeat(place.width);
        text += &format!("{quiet}{margin} |{off} {}{colour}{carets}{off}", " ".repeat(place.indent));
        if let Some(help) = &self.help {
            text += &format!(" {colour}{help}{off}");
        }
        text.push('\n');
        text
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Palette::PLAIN))
    }
}

/// Escape sequences; all empty for plain text.
struct Palette {
    error: &'static str,
    warning: &'static str,
    bold: &'static str,
    quiet: &'static str,
    off: &'static str,
}

impl Palette {
    const PLAIN: Palette = Palette { error: "", warning: "", bold: "", quiet: "", off: "" };
    const COLOUR: Palette = Palette {
        error: "\u{1b}[1;31m",
        warning: "\u{1b}[1;33m",
        bold: "\u{1b}[1m",
        quiet: "\u{1b}[34m",
        off: "\u{1b}[0m",
    };
}

/// Everything found wrong with a model; at least one of them is an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostics {
    /// The problems, in order of place.
    pub list: Vec<Diagnostic>,
    /// How many more there were: a file of noise has no end of problems.
    pub omitted: usize,
}

impl Diagnostics {
    /// At most this many problems are kept.
    pub(crate) const MOST: usize = 50;

    /// The text shown on a terminal that knows colours.
    pub fn coloured(&self) -> String {
        self.render(&Palette::COLOUR)
    }

    fn render(&self, palette: &Palette) -> String {
        let shown: Vec<String> = self.list.iter().map(|d| d.render(palette)).collect();
        let mut text = shown.join("\n");
        if self.omitted > 0 {
            text += &format!("\n... and {} more\n", self.omitted);
        }
        text
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(&Palette::PLAIN).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

/// The name among `known` that `name` may have been meant to be: equal but for case, or at a small edit distance.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > 64 {
        return None;
    }
    let limit = if length < 3 { 0 } else { (length / 3).clamp(1, 3) };
    let distance = |candidate: &str| {
        if candidate.to_lowercase() == name.to_lowercase() { 0 } else { edit_distance(name, candidate).max(1) }
    };
    let near = known.into_iter().map(|k| (distance(k), k)).filter(|&(d, _)| d <= limit);
    near.min_by_key(|&(d, _)| d).map(|(_, k)| k)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(text: &str, bytes: Range<usize>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            problem: Problem::Undeclared { kind: NameKind::Species, name: "Ca_cyt".into() },
            place: Some(Place::new("model.crn", text, bytes, &Lines::new(text))),
            help: Some("did you mean `Ca_cyto`?".into()),
        }
    }

    #[test]
    fn a_problem_is_shown_with_its_line_and_a_caret() {
        let text = "\n".repeat(13) + "  leak: Ca_er -> Ca_cyt @ k_leak\n";
        let at = text.find("Ca_cyt").expect("it is there");
        let shown = example(&text, at..at + 6).to_string();
        assert_eq!(
            shown,
            "error: species `Ca_cyt` is not declared\n  --> model.crn:14:18\n14 |   leak: Ca_er -> Ca_cyt @ k_leak\n   |                  ^^^^^^ did you mean `Ca_cyto`?\n"
        );
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let diagnostic = example("Ca_cyt", 0..6);
        let mut stripped = diagnostic.coloured();
        for code in ["\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[34m", "\u{1b}[0m"] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(stripped, diagnostic.to_string());
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_place() {
        let text = "x".repeat(5000) + "here" + &"y".repeat(5000);
        let place = Place::new("f", &text, 5000..5004, &Lines::new(&text));
        assert_eq!((place.line, place.column, place.width), (1, 5001, 4));
        assert!(place.excerpt.len() < 200);
        assert_eq!(&place.excerpt[place.indent..place.indent + 4], "here");
    }

    #[test]
    fn carets_count_characters_not_bytes() {
        let place = Place::new("f", "λ -> ∅ @ γ", 12..14, &Lines::new("λ -> ∅ @ γ"));
        assert_eq!((place.column, place.indent, place.width), (10, 9, 1));
    }

    #[test]
    fn a_name_is_guessed_only_if_it_is_near() {
        let known = ["Ca_cyto", "Ca_er", "IP3", "k1", "lambda"];
        assert_eq!(closest("Ca_cyt", known), Some("Ca_cyto"));
        assert_eq!(closest("lamdba", known), Some("lambda"));
        assert_eq!(closest("ip3", known), Some("IP3"));
        assert_eq!(closest("K1", known), Some("k1"));
        assert_eq!(closest("k2", known), None);
        assert_eq!(closest("glucose", known), None);
    }
}
