//! Units: a scale and a dimension over amount, volume and time.
//!
//! Inside kurtz every number is in the coherent units of its network: molecules, the network's volume unit and
//! the network's time unit. A [`Unit`] remembers what the author wrote and how to get there.
//!
//! What may be written: `M`, `mol`, `L`, `m`, `s` with the prefixes `f p n u m c d k` (`uM`, `nmol`, `fL`, `um^3`),
//! `molecule(s)`, `min`, `hour(s)` or `h`, `day(s)` or `d`, `week(s)`, `year(s)` (365.25 days), `Hz`, `1`; products by a
//! space or `*`, quotients by `/`, integer powers by `^`, brackets.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// Molecules in a mole, exact since the SI of 2019.
pub const AVOGADRO: f64 = 6.022_140_76e23;

/// Exponents of amount, volume and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dimension {
    /// Exponent of amount (molecules, moles).
    pub amount: i8,
    /// Exponent of volume (litres, cubic metres).
    pub volume: i8,
    /// Exponent of time (seconds, weeks).
    pub time: i8,
}

impl Dimension {
    /// Of pure numbers.
    pub const NONE: Dimension = Dimension { amount: 0, volume: 0, time: 0 };
    /// Of numbers of molecules.
    pub const AMOUNT: Dimension = Dimension { amount: 1, volume: 0, time: 0 };
    /// Of sizes of compartments.
    pub const VOLUME: Dimension = Dimension { amount: 0, volume: 1, time: 0 };
    /// Of time.
    pub const TIME: Dimension = Dimension { amount: 0, volume: 0, time: 1 };
    /// Of concentrations.
    pub const CONCENTRATION: Dimension = Dimension { amount: 1, volume: -1, time: 0 };
    /// Of propensities.
    pub const PROPENSITY: Dimension = Dimension { amount: 0, volume: 0, time: -1 };
    /// Of rates: concentration per time.
    pub const RATE: Dimension = Dimension { amount: 1, volume: -1, time: -1 };

    /// Of the constant of a mass-action reaction of this order: amount^(1-n) volume^(n-1) / time; `None` beyond the
    /// range of exponents.
    pub fn of_mass_action(order: u32) -> Option<Dimension> {
        let n = i8::try_from(order).ok()?;
        Some(Dimension { amount: 1 - n, volume: n - 1, time: -1 })
    }

    /// Of a product; `None` beyond the range of exponents.
    pub fn times(self, other: Dimension) -> Option<Dimension> {
        Some(Dimension {
            amount: self.amount.checked_add(other.amount)?,
            volume: self.volume.checked_add(other.volume)?,
            time: self.time.checked_add(other.time)?,
        })
    }

    /// Of an integer power; `None` beyond the range of exponents.
    pub fn power(self, exponent: i32) -> Option<Dimension> {
        let scaled = |e: i8| i32::from(e).checked_mul(exponent).and_then(|e| i8::try_from(e).ok());
        Some(Dimension { amount: scaled(self.amount)?, volume: scaled(self.volume)?, time: scaled(self.time)? })
    }

    /// Of the square root; `None` if an exponent is odd.
    pub fn square_root(self) -> Option<Dimension> {
        let even = self.amount % 2 == 0 && self.volume % 2 == 0 && self.time % 2 == 0;
        even.then_some(Dimension { amount: self.amount / 2, volume: self.volume / 2, time: self.time / 2 })
    }
}

impl fmt::Display for Dimension {
    /// In words, e.g. `volume/(amount time)`; a pure number is `dimensionless`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bases = [("amount", self.amount), ("volume", self.volume), ("time", self.time)];
        let words = |sign: i8| -> Vec<String> {
            let of_sign = bases.iter().filter(|(_, e)| e.signum() == sign);
            of_sign
                .map(|(name, e)| if e.abs() == 1 { name.to_string() } else { format!("{name}^{}", e.abs()) })
                .collect()
        };
        let (above, below) = (words(1), words(-1));
        match (above.is_empty(), below.len()) {
            (true, 0) => write!(f, "dimensionless"),
            (_, 0) => write!(f, "{}", above.join(" ")),
            (no_numerator, n) => {
                let numerator = if no_numerator { "1".to_string() } else { above.join(" ") };
                let below = below.join(" ");
                if n == 1 { write!(f, "{numerator}/{below}") } else { write!(f, "{numerator}/({below})") }
            }
        }
    }
}

/// A unit as written by an author: its text, its dimension, and its scale to molecules, litres and seconds.
///
/// `Unit::unspecified()` stands for "no unit written": such a number is taken as it is, in the network's own units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// The unit as written, e.g. `1/(uM s)`; empty if none was written.
    pub text: String,
    /// Its dimension; `None` if none was written.
    pub dimension: Option<Dimension>,
    /// How many base units (molecules, litres, seconds) one of it is; 1 if none was written.
    pub scale: f64,
}

impl Unit {
    /// The unit of a number written without one.
    pub fn unspecified() -> Self {
        Unit { text: String::new(), dimension: None, scale: 1.0 }
    }

    /// Whether an author wrote a unit.
    pub fn is_specified(&self) -> bool {
        self.dimension.is_some()
    }

    /// Reads a unit such as `uM`, `1/(uM s)` or `um^3`.
    ///
    /// # Errors
    /// A text that is not a unit; the place of the fault is given in bytes of `text`.
    ///
    /// # Example
    /// ```
    /// use kurtz_model::Unit;
    /// let unit = Unit::parse("1/(uM s)")?;
    /// assert_eq!(unit.dimension.map(|d| d.to_string()).as_deref(), Some("volume/(amount time)"));
    /// assert_eq!(Unit::parse("uM")?.scale, 6.02214076e17);
    /// # Ok::<(), kurtz_model::units::UnitError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Unit, UnitError> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let scale = reader.product()?;
        reader.skip_space();
        if reader.at < text.len() {
            return Err(UnitError::Unexpected { at: reader.at..text.len() });
        }
        let whole = 0..text.len();
        if scale.length % 3 != 0 {
            return Err(UnitError::Length { at: whole });
        }
        let exponent = |e: i32| i8::try_from(e).map_err(|_| UnitError::Range { at: 0..text.len() });
        let dimension = Dimension {
            amount: exponent(scale.amount)?,
            volume: exponent(scale.length / 3)?,
            time: exponent(scale.time)?,
        };
        let number = scale.number();
        if !number.is_normal() {
            return Err(UnitError::Range { at: whole });
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(Unit { text: words.join(" "), dimension: Some(dimension), scale: number })
    }

    /// How many coherent units (molecules, `volume`, `time`) one of this unit is; 1 if no unit was written.
    pub fn coherent_scale(&self, volume: &Unit, time: &Unit) -> f64 {
        let Some(dimension) = self.dimension else {
            return 1.0;
        };
        self.scale / volume.scale.powi(dimension.volume.into()) / time.scale.powi(dimension.time.into())
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is not a unit. `at` is the place in it, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// A word that is no unit.
    #[error("there is no unit `{name}`")]
    Unknown {
        /// The word.
        name: String,
        /// Its place.
        at: Range<usize>,
    },
    /// Something that cannot stand in a unit.
    #[error("this cannot stand in a unit")]
    Unexpected {
        /// Its place.
        at: Range<usize>,
    },
    /// Nothing where a unit should be.
    #[error("a unit is missing here")]
    Missing {
        /// The place.
        at: Range<usize>,
    },
    /// `1/uM s`: readers disagree on what the slash covers.
    #[error("it is not clear whether the last factor is above or below the slash; use brackets, as in `1/(uM s)`")]
    Ambiguous {
        /// The factor after the space.
        at: Range<usize>,
    },
    /// A power that is not a small whole number.
    #[error("the power of a unit is a whole number from -30 to 30")]
    Power {
        /// The power.
        at: Range<usize>,
    },
    /// A length that does not combine to a volume.
    #[error("a length counts only as a volume, as in `um^3`")]
    Length {
        /// The whole unit.
        at: Range<usize>,
    },
    /// A unit whose size or powers are beyond all use.
    #[error("this unit is too large, too small or too high a power")]
    Range {
        /// The whole unit.
        at: Range<usize>,
    },
}

impl UnitError {
    /// The place of the fault, in bytes of the text.
    pub fn at(&self) -> Range<usize> {
        match self {
            UnitError::Unknown { at, .. }
            | UnitError::Unexpected { at }
            | UnitError::Missing { at }
            | UnitError::Ambiguous { at }
            | UnitError::Power { at }
            | UnitError::Length { at }
            | UnitError::Range { at } => at.clone(),
        }
    }
}

/// Names of common units, offered where somebody misspells one.
pub(crate) const COMMON_UNITS: &[&str] = &[
    "M",
    "mM",
    "uM",
    "nM",
    "pM",
    "mol",
    "L",
    "mL",
    "uL",
    "nL",
    "pL",
    "fL",
    "molecule",
    "molecules",
    "s",
    "sec",
    "second",
    "ms",
    "us",
    "ns",
    "min",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "year",
    "years",
    "Hz",
];

/// A product of powers with its size, kept as numerator x 10^exponent / denominator so that powers of ten are exact.
#[derive(Clone, Copy)]
struct Scale {
    numerator: f64,
    denominator: f64,
    exponent: i32,
    amount: i32,
    length: i32,
    time: i32,
}

const ONE: Scale = Scale { numerator: 1.0, denominator: 1.0, exponent: 0, amount: 0, length: 0, time: 0 };

impl Scale {
    fn number(self) -> f64 {
        let above: f64 = format!("{}e{}", self.numerator, self.exponent).parse().unwrap_or(f64::NAN);
        above / self.denominator
    }

    fn times(self, other: Scale) -> Scale {
        Scale {
            numerator: self.numerator * other.numerator,
            denominator: self.denominator * other.denominator,
            exponent: self.exponent.saturating_add(other.exponent),
            amount: self.amount.saturating_add(other.amount),
            length: self.length.saturating_add(other.length),
            time: self.time.saturating_add(other.time),
        }
    }

    fn inverse(self) -> Scale {
        Scale {
            numerator: self.denominator,
            denominator: self.numerator,
            exponent: -self.exponent,
            amount: -self.amount,
            length: -self.length,
            time: -self.time,
        }
    }

    fn power(self, exponent: i32) -> Scale {
        let base = if exponent < 0 { self.inverse() } else { self };
        (0..exponent.unsigned_abs()).fold(ONE, |product, _| product.times(base))
    }
}

/// The unit of this name.
fn unit_named(name: &str) -> Option<Scale> {
    let time = |seconds: f64| Some(Scale { numerator: seconds, time: 1, ..ONE });
    match name {
        "molecule" | "molecules" => return Some(Scale { amount: 1, ..ONE }),
        "min" | "minute" | "minutes" => return time(60.0),
        "h" | "hr" | "hour" | "hours" => return time(3600.0),
        "d" | "day" | "days" => return time(86_400.0),
        "week" | "weeks" => return time(604_800.0),
        "year" | "years" => return time(31_557_600.0),
        "second" | "seconds" | "sec" => return time(1.0),
        "Hz" => return Some(Scale { time: -1, ..ONE }),
        _ => {}
    }
    // AVOGADRO is 602214076 x 10^15.
    let bases = [
        ("mol", Scale { numerator: 602_214_076.0, exponent: 15, amount: 1, ..ONE }),
        ("M", Scale { numerator: 602_214_076.0, exponent: 15, amount: 1, length: -3, ..ONE }),
        ("L", Scale { length: 3, ..ONE }),
        ("l", Scale { length: 3, ..ONE }),
        // A cubic metre is 1000 litres.
        ("m", Scale { exponent: 1, length: 1, ..ONE }),
        ("s", Scale { time: 1, ..ONE }),
    ];
    bases.iter().find_map(|&(base, scale)| {
        let exponent = match name.strip_suffix(base)? {
            "" => 0,
            "a" => -18,
            "f" => -15,
            "p" => -12,
            "n" => -9,
            "u" | "\u{b5}" | "\u{3bc}" => -6,
            "m" => -3,
            "c" => -2,
            "d" => -1,
            "k" => 3,
            _ => return None,
        };
        Some(Scale { exponent: scale.exponent + exponent, ..scale })
    })
}

/// Brackets may nest this deep.
const DEEPEST: usize = 20;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn here(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    fn product(&mut self) -> Result<Scale, UnitError> {
        let mut product = self.factor()?;
        let mut after_slash = false;
        loop {
            self.skip_space();
            match self.peek() {
                None | Some(')') => return Ok(product),
                Some('/') => {
                    self.at += 1;
                    product = product.times(self.factor()?.inverse());
                    after_slash = true;
                }
                Some(c @ ('*' | '\u{b7}' | '\u{d7}')) => {
                    self.at += c.len_utf8();
                    product = product.times(self.factor()?);
                }
                Some(_) => {
                    let start = self.at;
                    let factor = self.factor()?;
                    if after_slash {
                        return Err(UnitError::Ambiguous { at: start..self.at });
                    }
                    product = product.times(factor);
                }
            }
        }
    }

    fn factor(&mut self) -> Result<Scale, UnitError> {
        self.skip_space();
        let start = self.at;
        let base = match self.peek() {
            None => return Err(UnitError::Missing { at: self.here() }),
            Some('(') => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(UnitError::Unexpected { at: self.here() });
                }
                self.at += 1;
                let inner = self.product()?;
                self.depth -= 1;
                if self.peek() != Some(')') {
                    return Err(UnitError::Missing { at: self.here() });
                }
                self.at += 1;
                inner
            }
            Some('1') => {
                self.at += 1;
                if self.peek().is_some_and(|c| c.is_alphanumeric() || c == '.') {
                    return Err(UnitError::Unexpected { at: start..self.here().end });
                }
                ONE
            }
            Some(c) if c.is_alphabetic() || c == '_' => {
                let rest = &self.text[self.at..];
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                self.at += length;
                let name = &rest[..length];
                unit_named(name).ok_or(UnitError::Unknown { name: name.to_string(), at: start..self.at })?
            }
            Some(_) => return Err(UnitError::Unexpected { at: self.here() }),
        };
        self.skip_space();
        if self.peek() != Some('^') {
            return Ok(base);
        }
        self.at += 1;
        self.skip_space();
        let start = self.at;
        if let Some(c @ ('-' | '+' | '\u{2212}')) = self.peek() {
            self.at += c.len_utf8();
        }
        // A point belongs to what is refused.
        let digits = self.text[self.at..].bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        self.at += digits;
        let power = self.text[start..self.at].replace('\u{2212}', "-").parse::<i32>().ok();
        match power.filter(|p| p.abs() <= 30) {
            Some(power) => Ok(base.power(power)),
            None => Err(UnitError::Power { at: start..self.at.max(self.here().end) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        Unit::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn dimension(amount: i8, volume: i8, time: i8) -> Option<Dimension> {
        Some(Dimension { amount, volume, time })
    }

    #[test]
    fn units_have_their_dimension_and_their_exact_size() {
        let table = [
            ("uM", dimension(1, -1, 0), 6.02214076e17),
            ("\u{b5}M", dimension(1, -1, 0), 6.02214076e17),
            ("nM", dimension(1, -1, 0), 6.02214076e14),
            ("M", dimension(1, -1, 0), 6.02214076e23),
            ("mol/L", dimension(1, -1, 0), 6.02214076e23),
            ("L", dimension(0, 1, 0), 1.0),
            ("mL", dimension(0, 1, 0), 1e-3),
            ("fL", dimension(0, 1, 0), 1e-15),
            ("um^3", dimension(0, 1, 0), 1e-15),
            ("m^3", dimension(0, 1, 0), 1e3),
            ("dm^3", dimension(0, 1, 0), 1.0),
            ("s", dimension(0, 0, 1), 1.0),
            ("ms", dimension(0, 0, 1), 1e-3),
            ("min", dimension(0, 0, 1), 60.0),
            ("hour", dimension(0, 0, 1), 3600.0),
            ("day", dimension(0, 0, 1), 86400.0),
            ("week", dimension(0, 0, 1), 604800.0),
            ("year", dimension(0, 0, 1), 31557600.0),
            ("molecule", dimension(1, 0, 0), 1.0),
            ("molecules", dimension(1, 0, 0), 1.0),
            ("1", dimension(0, 0, 0), 1.0),
            ("1/week", dimension(0, 0, -1), 1.0 / 604800.0),
            ("1/(uM s)", dimension(-1, 1, -1), 1e-17 / 6.02214076),
            ("uM^-1 s^-1", dimension(-1, 1, -1), 1e-17 / 6.02214076),
            ("uM^-1*s^-1", dimension(-1, 1, -1), 1e-17 / 6.02214076),
            ("1/uM/s", dimension(-1, 1, -1), 1e-17 / 6.02214076),
            ("molecules/(um^3 ms)", dimension(1, -1, -1), 1e18),
            ("(uM s)^2", dimension(2, -2, 2), 6.02214076e17 * 6.02214076e17),
        ];
        for (text, dimension, scale) in table {
            let unit = unit(text);
            assert_eq!(unit.dimension, dimension, "{text}");
            assert!((unit.scale / scale - 1.0).abs() < 3e-16, "{text}: {} is not {scale}", unit.scale);
        }
    }

    #[test]
    fn powers_of_ten_are_exact() {
        assert_eq!(unit("uM").scale, 6.02214076e17);
        assert_eq!(unit("M").scale, AVOGADRO);
        assert_eq!(unit("um^3").scale, unit("fL").scale);
    }

    #[test]
    fn what_is_no_unit_is_refused_with_its_place() {
        let table = [
            ("uN", 0..2),
            ("1/(uM x)", 6..7),
            ("1/uM s", 5..6),
            ("um", 0..2),
            ("s^", 2..2),
            ("s^1.5", 2..5),
            ("s^100", 2..5),
            ("1/(s", 4..4),
            ("", 0..0),
            ("2", 0..1),
            ("1/", 2..2),
            ("s)", 1..2),
            ("(((((((((((((((((((((s", 20..21),
        ];
        for (text, at) in table {
            let error = Unit::parse(text).expect_err(text);
            assert_eq!(error.at(), at, "{text}: {error:?}");
        }
    }

    #[test]
    fn dimensions_are_written_in_words() {
        assert_eq!(Dimension::of_mass_action(0), Some(Dimension::RATE));
        let words: Vec<String> = (0..4).map(|n| Dimension::of_mass_action(n).expect("small").to_string()).collect();
        assert_eq!(words, ["amount/(volume time)", "1/time", "volume/(amount time)", "volume^2/(amount^2 time)"]);
        assert_eq!(Dimension::NONE.to_string(), "dimensionless");
    }

    #[test]
    fn a_unit_becomes_a_number_in_the_units_of_the_network() {
        let (volume, time) = (unit("fL"), unit("min"));
        // 1/(uM s) = 1 / (602.214076 molecules/fL x 1/60 min)
        let k = unit("1/(uM s)").coherent_scale(&volume, &time);
        assert!((k * 602.214076 / 60.0 - 1.0).abs() < 1e-15, "{k}");
        assert_eq!(Unit::unspecified().coherent_scale(&volume, &time), 1.0);
    }
}
