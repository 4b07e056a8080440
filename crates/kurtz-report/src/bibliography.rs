//! References: the part of BibTeX that `references.bib` uses, and formatted entries.

use crate::error::{BibliographyProblem, ReportError};
use crate::html::escape;
use std::collections::BTreeMap;

/// Entries of a `references.bib`, by key.
///
/// ```
/// use kurtz_report::Bibliography;
///
/// let bibliography = Bibliography::parse(
///     "@article{gillespie1977, author = {Gillespie, Daniel T.}, title = {Exact stochastic simulation},
///       journal = {J. Phys. Chem.}, volume = 81, pages = {2340--2361}, year = 1977}",
/// )?;
/// let entry = bibliography.get("gillespie1977").expect("it is there");
/// assert_eq!(entry.to_text(), "D. T. Gillespie. Exact stochastic simulation. J. Phys. Chem. 81, 2340–2361 (1977).");
/// # Ok::<(), kurtz_report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bibliography {
    entries: BTreeMap<String, Entry>,
}

/// One entry: its kind, key and fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// `article`, `book`, ...; lower case.
    pub kind: String,
    /// The key it is cited by.
    pub key: String,
    /// Fields by lower-case name, LaTeX resolved to plain text.
    pub fields: BTreeMap<String, String>,
}

impl Bibliography {
    /// Reads entries `@kind{key, field = {value} or "value" or number, ...}`; text between entries is a comment.
    ///
    /// # Errors
    /// [`ReportError::Bibliography`] with the line of the first malformed entry.
    pub fn parse(text: &str) -> Result<Bibliography, ReportError> {
        let mut entries = BTreeMap::new();
        let mut reader = Reader { text, place: 0 };
        while reader.skip_to_entry() {
            let line = reader.line();
            let failed = |problem| ReportError::Bibliography { line, problem };
            let entry = reader.entry().map_err(failed)?;
            let Some(entry) = entry else { continue };
            let key = entry.key.clone();
            if entries.insert(key, entry).is_some() {
                return Err(failed(BibliographyProblem::DuplicateKey));
            }
        }
        Ok(Bibliography { entries })
    }

    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The entry of a key that must exist.
    ///
    /// # Errors
    /// [`ReportError::UnknownReference`].
    pub fn entry(&self, key: &str) -> Result<&Entry, ReportError> {
        self.get(key).ok_or_else(|| ReportError::UnknownReference { key: key.into() })
    }

    /// All keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

impl Entry {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Authors as `D. T. Gillespie, L. R. Petzold`; more than six end in `et al.`
    pub fn authors(&self) -> String {
        let people: Vec<String> = self.field("author").split(" and ").map(abbreviated).collect();
        let mut text = people.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
        if people.len() > 6 || people.last().is_some_and(|p| p == "others") {
            text = text.trim_end_matches(", others").to_owned() + " et al.";
        }
        text
    }

    /// Where it appeared: `J. Phys. Chem. 81, 2340–2361 (1977)`.
    fn place(&self, emphasise: impl Fn(&str) -> String, strong: impl Fn(&str) -> String) -> String {
        let venue = ["journal", "booktitle", "publisher", "school", "howpublished"]
            .into_iter()
            .map(|name| self.field(name))
            .find(|v| !v.is_empty());
        let mut text = venue.map(emphasise).unwrap_or_default();
        if !self.field("volume").is_empty() {
            text += &format!(" {}", strong(self.field("volume")));
        }
        if !self.field("pages").is_empty() {
            text += &format!(", {}", self.field("pages"));
        }
        if !self.field("year").is_empty() {
            text += &format!(" ({})", self.field("year"));
        }
        text.trim_start_matches([',', ' ']).to_owned()
    }

    /// The reference as plain text.
    pub fn to_text(&self) -> String {
        let place = self.place(str::to_owned, str::to_owned);
        let mut text = sentences(&[&self.authors(), self.field("title"), &place]);
        if !self.field("doi").is_empty() {
            text += &format!(" doi:{}", self.field("doi"));
        }
        text
    }

    /// The reference as HTML, its DOI (or address) as a link.
    pub fn to_html(&self) -> String {
        let place = self.place(|venue| format!("<em>{}</em>", escape(venue)), |v| format!("<b>{}</b>", escape(v)));
        let mut html = sentences(&[&escape(&self.authors()), &escape(self.field("title")), &place]);
        let (doi, url) = (self.field("doi"), self.field("url"));
        if !doi.is_empty() {
            html += &format!(" <a href=\"https://doi.org/{0}\">doi:{0}</a>", escape(doi));
        } else if url.starts_with("https://") || url.starts_with("http://") {
            html += &format!(" <a href=\"{0}\">{0}</a>", escape(url));
        }
        html
    }
}

fn sentences(parts: &[&str]) -> String {
    let ended = |part: &&&str| if part.ends_with(['.', '?', '!']) { part.to_string() } else { format!("{part}.") };
    parts.iter().filter(|p| !p.is_empty()).map(|p| ended(&p)).collect::<Vec<_>>().join(" ")
}

/// `Gillespie, Daniel T.` and `Daniel T. Gillespie` as `D. T. Gillespie`.
fn abbreviated(person: &str) -> String {
    let person = person.trim();
    let (given, family) = match person.split_once(',') {
        Some((family, given)) => (given.trim().to_owned(), family.trim().to_owned()),
        None => match person.rsplit_once(' ') {
            Some((given, family)) => (given.to_owned(), family.to_owned()),
            None => return person.to_owned(),
        },
    };
    let initials: Vec<String> = given
        .split_whitespace()
        .map(|name| {
            let parts = name.split('-').filter_map(|part| part.chars().next());
            parts.map(|c| format!("{c}.")).collect::<Vec<_>>().join("-")
        })
        .collect();
    format!("{} {family}", initials.join(" "))
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.place..]
    }

    fn line(&self) -> usize {
        self.text[..self.place].matches('\n').count() + 1
    }

    fn skip_space(&mut self) {
        self.place += self.rest().len() - self.rest().trim_start().len();
    }

    fn next_is(&mut self, sign: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(sign);
        self.place += if found { sign.len_utf8() } else { 0 };
        found
    }

    /// Goes to the next `@` that starts a line.
    fn skip_to_entry(&mut self) -> bool {
        loop {
            self.skip_space();
            if self.rest().starts_with('@') {
                return true;
            }
            match self.rest().find('\n') {
                Some(end) => self.place += end + 1,
                None => return false,
            }
        }
    }

    fn word(&mut self) -> String {
        self.skip_space();
        let end = self.rest().find(|c: char| c.is_whitespace() || "{},=\"#@".contains(c)).unwrap_or(self.rest().len());
        let word = self.rest()[..end].to_owned();
        self.place += end;
        word
    }

    fn entry(&mut self) -> Result<Option<Entry>, BibliographyProblem> {
        self.place += 1; // the @
        let kind = self.word().to_lowercase();
        if matches!(kind.as_str(), "comment" | "preamble" | "string") {
            self.value()?;
            return Ok(None);
        }
        if kind.is_empty() || !self.next_is('{') {
            return Err(BibliographyProblem::Head);
        }
        let key = self.word();
        if key.is_empty() {
            return Err(BibliographyProblem::Head);
        }
        let mut fields = BTreeMap::new();
        loop {
            let comma = self.next_is(',');
            if self.next_is('}') {
                return Ok(Some(Entry { kind, key, fields }));
            }
            self.skip_space();
            if self.rest().is_empty() || self.rest().starts_with('@') {
                return Err(BibliographyProblem::Unclosed);
            }
            let name = self.word().to_lowercase();
            if !comma || name.is_empty() || !self.next_is('=') {
                return Err(BibliographyProblem::Field);
            }
            fields.insert(name, plain_text(&self.value()?));
        }
    }

    /// A value in braces or quotation marks, or a bare word.
    fn value(&mut self) -> Result<String, BibliographyProblem> {
        self.skip_space();
        let close = match self.rest().chars().next() {
            Some('{') => '}',
            Some('"') => '"',
            _ => {
                let word = self.word();
                return if word.is_empty() { Err(BibliographyProblem::Field) } else { Ok(word) };
            }
        };
        self.place += 1;
        let mut depth = 0;
        let end = self.rest().char_indices().find_map(|(i, c)| {
            if c == close && depth == 0 {
                return Some(i);
            }
            depth += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            None
        });
        let end = end.ok_or(BibliographyProblem::Unclosed)?;
        let value = self.rest()[..end].to_owned();
        self.place += end + 1;
        Ok(value)
    }
}

/// LaTeX as plain text: accents become letters, braces go, dashes become dashes, white space becomes one space.
fn plain_text(latex: &str) -> String {
    let mut text = String::new();
    let mut characters = latex.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '{' | '}' => {}
            '~' => text.push(' '),
            '\\' => match characters.next() {
                Some(accent @ ('"' | '\'' | '`' | '^' | '~' | '=' | '.')) => {
                    while characters.next_if(|c| *c == '{' || *c == '\\').is_some() {}
                    if let Some(letter) = characters.next() {
                        text.push(accented(accent, letter));
                    }
                }
                Some(letter) if letter.is_ascii_alphabetic() => {
                    let mut name = String::from(letter);
                    while let Some(next) = characters.next_if(char::is_ascii_alphabetic) {
                        name.push(next);
                    }
                    while characters.next_if(|c| *c == ' ').is_some() {}
                    if matches!(name.as_str(), "v" | "c") {
                        while characters.next_if(|c| *c == '{').is_some() {}
                        let base = characters.next().unwrap_or(' ');
                        text.push(accented(letter, base));
                    } else {
                        text += match name.as_str() {
                            "ss" => "ß",
                            "o" => "ø",
                            "O" => "Ø",
                            "ae" => "æ",
                            "aa" => "å",
                            "l" => "ł",
                            "i" => "i",
                            other => other,
                        };
                    }
                }
                Some(sign) => text.push(sign),
                None => {}
            },
            c => text.push(c),
        }
    }
    let text = text.replace("---", "—").replace("--", "–");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The letter with its accent, where one character has both; otherwise the letter.
fn accented(accent: char, letter: char) -> char {
    let pairs = match accent {
        '"' => "aäeëiïoöuüyÿAÄEËIÏOÖUÜ",
        '\'' => "aáeéiíoóuúyýcćnńsśzźAÁEÉIÍOÓUÚSŚ",
        '`' => "aàeèiìoòuùAÀEÈ",
        '^' => "aâeêiîoôuûAÂEÊ",
        '~' => "aãnñoõNÑ",
        'v' => "cčsšzžrřeěCČSŠZŽRŘ",
        'c' => "cçsşCÇ",
        '.' => "zżZŻ",
        _ => "",
    };
    let letters: Vec<char> = pairs.chars().collect();
    letters.chunks(2).find(|pair| pair[0] == letter).map_or(letter, |pair| pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Bibliography {
        Bibliography::parse(include_str!("../../../references.bib")).expect("our own file is well formed")
    }

    #[test]
    fn our_references_have_what_a_reader_needs() {
        let bibliography = ours();
        assert!(bibliography.keys().count() >= 7);
        for key in bibliography.keys() {
            let entry = bibliography.get(key).expect("listed");
            for field in ["author", "title", "year"] {
                assert!(!entry.field(field).is_empty(), "{key} lacks {field}");
            }
            assert!(!entry.to_text().contains(['{', '}', '\\']), "{}", entry.to_text());
        }
    }

    #[test]
    fn entries_are_formatted() {
        assert_eq!(
            ours().get("munsky2006").expect("listed").to_text(),
            "B. Munsky, M. Khammash. The finite state projection algorithm for the solution of the chemical master \
             equation. The Journal of Chemical Physics 124, 044104 (2006). doi:10.1063/1.2145882"
        );
        let html = ours().get("gillespie1977").expect("listed").to_html();
        assert!(html.contains("<em>The Journal of Physical Chemistry</em> <b>81</b>, 2340–2361 (1977)."), "{html}");
        assert!(html.contains("href=\"https://doi.org/10.1021/j100540a008\""), "{html}");
    }

    #[test]
    fn names_and_accents() {
        let text = "@book{x, author = {M{\\\"u}ller, Jean-Paul A. and {\\v{S}}kola, Ana and others}, title = \"A {B} \\& C\", year = 2001}";
        let bibliography = Bibliography::parse(text).expect("well formed");
        let entry = bibliography.get("x").expect("listed");
        assert_eq!(entry.to_text(), "J.-P. A. Müller, A. Škola et al. A B & C. (2001).");
    }

    #[test]
    fn broken_entries_are_reported_with_their_line() {
        let problem = |text: &str| match Bibliography::parse(text) {
            Err(ReportError::Bibliography { line, problem }) => (line, problem),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(problem("\n\n@article{a, title = {x"), (3, BibliographyProblem::Unclosed));
        assert_eq!(problem("@article{a, title {x}}"), (1, BibliographyProblem::Field));
        assert_eq!(problem("@article"), (1, BibliographyProblem::Head));
        assert_eq!(problem("@a{k, title={x}}\n@a{k, title={y}}"), (2, BibliographyProblem::DuplicateKey));
        assert_eq!(problem("@a{k, title={x}\n@b{l, title={y}}"), (1, BibliographyProblem::Unclosed));
    }

    #[test]
    fn comments_between_entries_are_skipped() {
        let bibliography =
            Bibliography::parse("% a@b\ntext\n@comment{no}\n@misc{k, title = {t},}\n").expect("well formed");
        assert_eq!(bibliography.keys().collect::<Vec<_>>(), ["k"]);
        assert!(matches!(bibliography.entry("z"), Err(ReportError::UnknownReference { .. })));
    }
}
