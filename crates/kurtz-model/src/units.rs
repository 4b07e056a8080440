//! Units: a scale and a dimension over amount, volume and time.
//!
//! Inside kurtz every number is in the coherent units of its network: molecules, the network's volume unit and
//! the network's time unit. A [`Unit`] remembers what the author wrote and how to get there.

use serde::{Deserialize, Serialize};

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
}
