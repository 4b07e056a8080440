//! Axes: what is plotted, in which unit, on which scale, over which range.

use serde::{Deserialize, Serialize};

/// How numbers turn into places along an axis or a colour bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are equally far apart; values that are not positive are not drawn.
    Log,
}

impl Scale {
    /// The coordinate in which this scale is even: the number itself, or its decimal logarithm (NaN unless positive).
    pub(crate) fn forward(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log => f64::NAN,
        }
    }

    /// The inverse of [`Scale::forward`].
    pub(crate) fn backward(self, coordinate: f64) -> f64 {
        match self {
            Scale::Linear => coordinate,
            Scale::Log => 10f64.powf(coordinate),
        }
    }
}

/// One axis of a panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Axis {
    /// The quantity, in label markup (`k_{1}`, `10^{3}`); empty for none.
    pub label: String,
    /// Its unit, shown in parentheses after the label; empty for none.
    pub unit: String,
    /// Linear (default) or logarithmic.
    pub scale: Scale,
    /// Lowest and highest value shown; chosen from the data when absent.
    pub range: Option<(f64, f64)>,
    /// The range chosen from the data always contains zero (linear axes only).
    pub from_zero: bool,
}

impl Axis {
    /// A linear axis with a range chosen from the data.
    pub fn new(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), ..Axis::default() }
    }

    /// The same axis with a unit.
    pub fn unit(mut self, unit: impl Into<String>) -> Axis {
        self.unit = unit.into();
        self
    }

    /// The same axis on a logarithmic scale.
    pub fn log(mut self) -> Axis {
        self.scale = Scale::Log;
        self
    }

    /// The same axis with a fixed range.
    pub fn range(mut self, from: f64, to: f64) -> Axis {
        self.range = Some((from, to));
        self
    }

    /// The same axis, its range extended to contain zero.
    pub fn from_zero(mut self) -> Axis {
        self.from_zero = true;
        self
    }
}
