//! How symbols are written: names as text and as LaTeX.

use super::Symbol;
use crate::network::Network;
use std::borrow::Cow;

/// How the symbols of an expression are called.
pub trait Names {
    /// The name as plain text, as the text format reads it back.
    fn text(&self, symbol: Symbol) -> Cow<'_, str>;

    /// The name in LaTeX math mode; by default [`latex_of_name`] of the text.
    fn latex(&self, symbol: Symbol) -> String {
        latex_of_name(&self.text(symbol))
    }
}

/// The names that the network's author gave; time is `time`.
impl Names for Network {
    fn text(&self, symbol: Symbol) -> Cow<'_, str> {
        let name = match symbol {
            Symbol::Species(i) => self.species.get(i.index()).map(|s| &s.name),
            Symbol::Parameter(i) => self.parameters.get(i.index()).map(|p| &p.name),
            Symbol::Compartment(i) => self.compartments.get(i.index()).map(|c| &c.name),
            Symbol::Time => return Cow::Borrowed("time"),
        };
        // A symbol of some other network has no name here; say which it is rather than fail.
        name.map_or_else(|| Cow::Owned(format!("{symbol:?}")), |name| Cow::Borrowed(name.as_str()))
    }

    /// As text, but time is t and the compartment that the author did not name is V.
    fn latex(&self, symbol: Symbol) -> String {
        match (symbol, self.text(symbol)) {
            (Symbol::Compartment(_), Cow::Borrowed("volume")) => "V".into(),
            (Symbol::Time, _) => "t".into(),
            (_, name) => latex_of_name(&name),
        }
    }
}

/// Letters that LaTeX has a command of the same name for.
const GREEK: [&str; 34] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi",
    "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
];

/// A name in LaTeX math mode.
///
/// * the part before the first underscore is the letter, each part behind one a subscript: `k_on` is k_{\mathrm{on}},
///   `Ca_cyt` is \mathrm{Ca}_{\mathrm{cyt}}, `k_1_2` is k_{1,2};
/// * digits at the end of the letter are its first subscript: `r1` is r_{1};
/// * Greek names become letters: `lambda` is \lambda; one letter is italic, several are upright;
/// * what LaTeX would read as a command is escaped.
///
/// Different names can look the same: `k1` and `k_1` are both k_{1}.
pub fn latex_of_name(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let Some(first) = parts.next() else {
        return word(name);
    };
    let letter = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let (letter, digits) = if letter.is_empty() { (first, "") } else { first.split_at(letter.len()) };
    let mut subscripts = Vec::new();
    if !digits.is_empty() {
        subscripts.push(digits.to_owned());
    }
    subscripts.extend(parts.map(word));
    if subscripts.is_empty() { word(letter) } else { format!("{}_{{{}}}", word(letter), subscripts.join(",")) }
}

/// A word without subscripts.
fn word(word: &str) -> String {
    if GREEK.contains(&word) {
        return format!("\\{word}");
    }
    let escaped: String = word
        .chars()
        .map(|c| match c {
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => format!("\\{c}"),
            '\\' => "\\backslash ".into(),
            '^' => "\\hat{\\ }".into(),
            '~' => "\\sim ".into(),
            c => c.to_string(),
        })
        .collect();
    let plain = word.chars().count() == 1 || word.chars().all(|c| c.is_ascii_digit());
    if plain { escaped } else { format!("\\mathrm{{{escaped}}}") }
}
