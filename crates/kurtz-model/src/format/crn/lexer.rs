//! Words of the `.crn` format: text in, tokens with their places out.

use crate::diagnostic::Problem;
use std::ops::Range;

/// A place in the text, in bytes.
pub(super) type Span = Range<usize>;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    /// A name, in quotes if it begins with one.
    Name,
    Text(String),
    /// End of a line.
    Newline,
    /// `->`
    Arrow,
    /// `<->`
    BothWays,
    At,
    Colon,
    Comma,
    Equals,
    /// `:=`
    Becomes,
    Plus,
    Minus,
    Star,
    Slash,
    Caret,
    Open,
    Close,
    /// `[`
    OpenSquare,
    /// `]`
    CloseSquare,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Same,
    Different,
    And,
    Or,
    Not,
    /// `∅`
    EmptySet,
    /// An arrow of another format.
    WrongArrow,
    /// Characters of no meaning, already reported.
    Stray,
    /// End of the text.
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// A problem and its place.
pub(super) struct Fault {
    pub problem: Problem,
    pub span: Span,
    pub help: Option<String>,
}

impl Fault {
    pub fn new(problem: Problem, span: Span) -> Fault {
        Fault { problem, span, help: None }
    }

    pub fn help(self, help: impl Into<String>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }
}

/// Signs of more than one character first.
const SIGNS: &[(&str, Kind)] = &[
    ("<-->", Kind::WrongArrow),
    ("<==>", Kind::WrongArrow),
    ("<=>", Kind::WrongArrow),
    ("-->", Kind::WrongArrow),
    ("==>", Kind::WrongArrow),
    ("=>", Kind::WrongArrow),
    ("<->", Kind::BothWays),
    ("\u{21cc}", Kind::BothWays),
    ("\u{2194}", Kind::BothWays),
    ("->", Kind::Arrow),
    ("\u{2192}", Kind::Arrow),
    ("<=", Kind::LessEqual),
    ("\u{2264}", Kind::LessEqual),
    (">=", Kind::GreaterEqual),
    ("\u{2265}", Kind::GreaterEqual),
    ("==", Kind::Same),
    ("!=", Kind::Different),
    ("\u{2260}", Kind::Different),
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("<", Kind::Less),
    (">", Kind::Greater),
    (":=", Kind::Becomes),
    ("=", Kind::Equals),
    ("!", Kind::Not),
    ("@", Kind::At),
    (":", Kind::Colon),
    (",", Kind::Comma),
    ("+", Kind::Plus),
    ("-", Kind::Minus),
    ("\u{2212}", Kind::Minus),
    ("*", Kind::Star),
    ("\u{b7}", Kind::Star),
    ("\u{d7}", Kind::Star),
    ("/", Kind::Slash),
    ("^", Kind::Caret),
    ("(", Kind::Open),
    (")", Kind::Close),
    ("[", Kind::OpenSquare),
    ("]", Kind::CloseSquare),
    ("\u{2205}", Kind::EmptySet),
];

/// Cuts `text` into tokens; what cannot be a token is reported and left as [`Kind::Stray`].
pub(super) fn tokens(text: &str, faults: &mut Vec<Fault>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        let kind = if c == '\n' || c == '\r' {
            at += if rest.starts_with("\r\n") { 2 } else { 1 };
            Kind::Newline
        } else if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c == '#' || rest.starts_with("//") {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            continue;
        } else if c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|d: char| d.is_ascii_digit())) {
            at += number_length(rest);
            number(&text[start..at], start..at, faults)
        } else if c.is_alphabetic() || c == '_' {
            at += rest.find(|d: char| !(d.is_alphanumeric() || d == '_')).unwrap_or(rest.len());
            match &text[start..at] {
                "inf" => Kind::Number(f64::INFINITY),
                "nan" => Kind::Number(f64::NAN),
                _ => Kind::Name,
            }
        } else if let Some(length) = quoted_name_length(rest) {
            at += length;
            Kind::Name
        } else if c == '"' {
            let (length, kind) = quoted(rest, start, faults);
            at += length;
            kind
        } else if let Some((sign, kind)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            at += sign.len();
            kind.clone()
        } else {
            at += c.len_utf8();
            match tokens.last_mut() {
                // A run of such characters is one problem.
                Some(Token { kind: Kind::Stray, span }) if span.end == start => {
                    span.end = at;
                    continue;
                }
                _ => Kind::Stray,
            }
        };
        tokens.push(Token { kind, span: start..at });
    }
    for token in tokens.iter().filter(|t| t.kind == Kind::Stray) {
        faults.push(stray(text, token.span.clone()));
    }
    tokens.push(Token { kind: Kind::End, span: text.len()..text.len() });
    tokens
}

fn stray(text: &str, span: Span) -> Fault {
    let characters = &text[span.clone()];
    let mut shown: String = characters.chars().take(20).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if characters.chars().count() > 20 {
        shown.push_str("...");
    }
    let help = match characters.chars().next() {
        Some(';') => Some("one statement a line, without a `;`"),
        Some('{' | '}') => Some("use `(` and `)`"),
        Some('\'') => Some("a derivative is written `dA/dt`; a text stands in `\"`"),
        Some('`') => Some("a name that is a word of the format stands between two of these"),
        Some('&') => Some("`and` is written `&&`"),
        Some('|') => Some("`or` is written `||`"),
        Some('%') => Some("a comment begins with `#`"),
        _ => None,
    };
    let fault = Fault::new(Problem::StrayCharacters { text: shown }, span);
    Fault { help: help.map(str::to_string), ..fault }
}

/// How many bytes belong to the name in quotes that `rest` begins with: a word of the format as a name.
fn quoted_name_length(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix('`')?;
    let length = name.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (begins && name[length..].starts_with('`')).then_some(length + 2)
}

/// How many bytes belong to the number that `rest` begins with. An `e` counts only if digits follow it.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

fn number(text: &str, span: Span, faults: &mut Vec<Fault>) -> Kind {
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    if !value.is_finite() {
        let shown = if text.len() > 24 { format!("{}...", &text[..24]) } else { text.to_string() };
        faults.push(Fault::new(Problem::NumberTooLarge { text: shown }, span));
        return Kind::Number(1.0);
    }
    Kind::Number(value)
}

/// A text in quotes; `\"`, `\\` and `\n` stand for what they do elsewhere.
fn quoted(rest: &str, start: usize, faults: &mut Vec<Fault>) -> (usize, Kind) {
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((i, c)) = characters.next() {
        match c {
            '"' => return (i + 1, Kind::Text(value)),
            '\n' | '\r' => break,
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                Some((_, '\n' | '\r')) | None => break,
                Some((_, c)) => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    faults.push(Fault::new(Problem::UnterminatedText, start..start + length).help("end it with `\"`"));
    (length, Kind::Text(value))
}
