//! What can be drawn in a panel.

use super::axis::Scale;
use super::colour::{Colour, ColourMap};
use serde::{Deserialize, Serialize};

/// Missing values travel as `null` in JSON, which knows no NaN.
mod numbers {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let values: Vec<Option<f64>> = values.iter().map(|v| v.is_finite().then_some(*v)).collect();
        values.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }
}

/// How a line is drawn; dashes also tell lines apart in grey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDot,
}

/// The sign drawn at a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marker {
    /// Filled circle.
    #[default]
    Circle,
    /// Circle with a white inside.
    OpenCircle,
    /// Filled square.
    Square,
    /// Filled diamond.
    Diamond,
    /// Filled triangle, apex up.
    Triangle,
    /// Diagonal cross.
    Cross,
}

/// A curve through points, or (see [`Line::steps`]) a function that jumps at them. NaN interrupts it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Name in the legend; empty for none. Equal names share a legend entry and a colour.
    pub label: String,
    /// Abscissae.
    #[serde(with = "numbers")]
    pub x: Vec<f64>,
    /// Ordinates, as many.
    #[serde(with = "numbers")]
    pub y: Vec<f64>,
    /// Each value holds until the next abscissa, as in a trajectory of a jump process.
    pub stepped: bool,
    /// Dash pattern.
    pub dash: Dash,
    /// Width in points; default 1.2.
    pub width: f64,
    /// Opacity from 0 to 1; default 1.
    pub opacity: f64,
    /// Colour; by label when absent.
    pub colour: Option<Colour>,
}

impl Line {
    /// A solid curve through the points (x, y).
    pub fn new(label: impl Into<String>, x: impl Into<Vec<f64>>, y: impl Into<Vec<f64>>) -> Line {
        Line {
            label: label.into(),
            x: x.into(),
            y: y.into(),
            stepped: false,
            dash: Dash::Solid,
            width: 1.2,
            opacity: 1.0,
            colour: None,
        }
    }

    /// A line that keeps each value until the next abscissa and then jumps.
    pub fn steps(label: impl Into<String>, x: impl Into<Vec<f64>>, y: impl Into<Vec<f64>>) -> Line {
        Line { stepped: true, width: 0.9, ..Line::new(label, x, y) }
    }

    /// The same line with another dash pattern.
    pub fn dash(mut self, dash: Dash) -> Line {
        self.dash = dash;
        self
    }

    /// The same line, `points` wide.
    pub fn width(mut self, points: f64) -> Line {
        self.width = points;
        self
    }

    /// The same line, more or less transparent.
    pub fn opacity(mut self, opacity: f64) -> Line {
        self.opacity = opacity;
        self
    }

    /// The same line in a given colour.
    pub fn colour(mut self, colour: Colour) -> Line {
        self.colour = Some(colour);
        self
    }
}

/// Points, with error bars if errors are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// Name in the legend; empty for none.
    pub label: String,
    /// Abscissae.
    #[serde(with = "numbers")]
    pub x: Vec<f64>,
    /// Ordinates, as many.
    #[serde(with = "numbers")]
    pub y: Vec<f64>,
    /// Half lengths of the vertical error bars, as many, or none at all.
    #[serde(with = "numbers")]
    pub error: Vec<f64>,
    /// The sign drawn.
    pub marker: Marker,
    /// Diameter in points; default 4.
    pub size: f64,
    /// Colour; by label when absent.
    pub colour: Option<Colour>,
}

impl Points {
    /// Filled circles at (x, y).
    pub fn new(label: impl Into<String>, x: impl Into<Vec<f64>>, y: impl Into<Vec<f64>>) -> Points {
        Points {
            label: label.into(),
            x: x.into(),
            y: y.into(),
            error: Vec::new(),
            marker: Marker::Circle,
            size: 4.0,
            colour: None,
        }
    }

    /// The same points with error bars y ± error.
    pub fn error(mut self, error: impl Into<Vec<f64>>) -> Points {
        self.error = error.into();
        self
    }

    /// The same points with another sign.
    pub fn marker(mut self, marker: Marker) -> Points {
        self.marker = marker;
        self
    }

    /// The same points, `points` in diameter.
    pub fn size(mut self, points: f64) -> Points {
        self.size = points;
        self
    }

    /// The same points in a given colour.
    pub fn colour(mut self, colour: Colour) -> Points {
        self.colour = Some(colour);
        self
    }
}

/// The region between two curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Name in the legend; empty for none. Give it the label of its line to share the entry and the colour.
    pub label: String,
    /// Abscissae.
    #[serde(with = "numbers")]
    pub x: Vec<f64>,
    /// Lower curve, as many values.
    #[serde(with = "numbers")]
    pub lower: Vec<f64>,
    /// Upper curve, as many values.
    #[serde(with = "numbers")]
    pub upper: Vec<f64>,
    /// Opacity from 0 to 1; default 0.22.
    pub opacity: f64,
    /// Colour; by label when absent.
    pub colour: Option<Colour>,
}

impl Band {
    /// The region between `lower` and `upper`.
    pub fn new(
        label: impl Into<String>,
        x: impl Into<Vec<f64>>,
        lower: impl Into<Vec<f64>>,
        upper: impl Into<Vec<f64>>,
    ) -> Band {
        Band { label: label.into(), x: x.into(), lower: lower.into(), upper: upper.into(), opacity: 0.22, colour: None }
    }

    /// The same band, more or less transparent.
    pub fn opacity(mut self, opacity: f64) -> Band {
        self.opacity = opacity;
        self
    }

    /// The same band in a given colour.
    pub fn colour(mut self, colour: Colour) -> Band {
        self.colour = Some(colour);
        self
    }
}

/// A histogram: bars that touch, between edges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bars {
    /// Name in the legend; empty for none.
    pub label: String,
    /// Edges of the bins, one more than heights, increasing.
    pub edges: Vec<f64>,
    /// Heights of the bars.
    #[serde(with = "numbers")]
    pub heights: Vec<f64>,
    /// Part of the bin that the bar fills, from 0 to 1; default 1.
    pub fill: f64,
    /// Opacity from 0 to 1; default 0.55.
    pub opacity: f64,
    /// Colour; by label when absent.
    pub colour: Option<Colour>,
}

impl Bars {
    /// Bars of the given heights between the given edges.
    pub fn new(label: impl Into<String>, edges: impl Into<Vec<f64>>, heights: impl Into<Vec<f64>>) -> Bars {
        Bars {
            label: label.into(),
            edges: edges.into(),
            heights: heights.into(),
            fill: 1.0,
            opacity: 0.55,
            colour: None,
        }
    }

    /// Bars centred at the integers first, first + 1, ...: the law of a count.
    pub fn of_counts(label: impl Into<String>, first: i64, heights: impl Into<Vec<f64>>) -> Bars {
        let heights = heights.into();
        let edges: Vec<f64> = (0..=heights.len()).map(|i| first as f64 + i as f64 - 0.5).collect();
        Bars { fill: 0.86, ..Bars::new(label, edges, heights) }
    }

    /// The same bars, filling a part of each bin.
    pub fn fill(mut self, part: f64) -> Bars {
        self.fill = part;
        self
    }

    /// The same bars, more or less transparent.
    pub fn opacity(mut self, opacity: f64) -> Bars {
        self.opacity = opacity;
        self
    }

    /// The same bars in a given colour.
    pub fn colour(mut self, colour: Colour) -> Bars {
        self.colour = Some(colour);
        self
    }
}

/// How the values of a heat map become colours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColourScale {
    /// The colour map.
    pub map: ColourMap,
    /// Linear or logarithmic; a diverging map is always linear.
    pub scale: Scale,
    /// Lowest and highest value; from the data when absent. Made symmetric about zero for a diverging map.
    pub range: Option<(f64, f64)>,
    /// Label of the colour bar.
    pub label: String,
}

/// A matrix of values shown as colours, with a colour bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// Edges of the cells along x, one more than columns, increasing.
    pub x_edges: Vec<f64>,
    /// Edges of the cells along y, one more than rows, increasing.
    pub y_edges: Vec<f64>,
    /// Values `[rows × columns]`, row by row from the lowest y; NaN stays blank.
    #[serde(with = "numbers")]
    pub values: Vec<f64>,
    /// How values become colours.
    pub colour: ColourScale,
}

impl HeatMap {
    /// A heat map with a sequential, linear colour scale.
    pub fn new(x_edges: impl Into<Vec<f64>>, y_edges: impl Into<Vec<f64>>, values: impl Into<Vec<f64>>) -> HeatMap {
        HeatMap {
            x_edges: x_edges.into(),
            y_edges: y_edges.into(),
            values: values.into(),
            colour: ColourScale::default(),
        }
    }

    /// A law of two counts that start at `first = (x, y)`: cells centred at integers, `columns` values a row.
    pub fn of_counts(first: (i64, i64), columns: usize, values: impl Into<Vec<f64>>) -> HeatMap {
        let values = values.into();
        let rows = values.len().checked_div(columns).unwrap_or(0);
        let edges = |first: i64, n: usize| (0..=n).map(|i| first as f64 + i as f64 - 0.5).collect::<Vec<f64>>();
        HeatMap::new(edges(first.0, columns), edges(first.1, rows), values)
    }

    /// The same heat map with a diverging colour map, symmetric about zero.
    pub fn diverging(mut self) -> HeatMap {
        self.colour.map = ColourMap::Diverging;
        self
    }

    /// The same heat map with logarithmic colours.
    pub fn log(mut self) -> HeatMap {
        self.colour.scale = Scale::Log;
        self
    }

    /// The same heat map with a fixed range of values.
    pub fn range(mut self, from: f64, to: f64) -> HeatMap {
        self.colour.range = Some((from, to));
        self
    }

    /// The same heat map with a label at its colour bar.
    pub fn label(mut self, label: impl Into<String>) -> HeatMap {
        self.colour.label = label.into();
        self
    }
}

/// Direction of a reference line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// At one x, over all y.
    Vertical,
    /// At one y, over all x.
    Horizontal,
}

/// A straight line across the whole panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Name in the legend; empty for none.
    pub label: String,
    /// Vertical or horizontal.
    pub direction: Direction,
    /// The x of a vertical line, the y of a horizontal one.
    pub at: f64,
    /// Dash pattern; default dashed.
    pub dash: Dash,
    /// Colour; grey when absent.
    pub colour: Option<Colour>,
}

impl Reference {
    /// A vertical line at x.
    pub fn vertical(at: f64) -> Reference {
        Reference { label: String::new(), direction: Direction::Vertical, at, dash: Dash::Dashed, colour: None }
    }

    /// A horizontal line at y.
    pub fn horizontal(at: f64) -> Reference {
        Reference { direction: Direction::Horizontal, ..Reference::vertical(at) }
    }

    /// The same line with a name in the legend.
    pub fn label(mut self, label: impl Into<String>) -> Reference {
        self.label = label.into();
        self
    }

    /// The same line with another dash pattern.
    pub fn dash(mut self, dash: Dash) -> Reference {
        self.dash = dash;
        self
    }

    /// The same line in a given colour.
    pub fn colour(mut self, colour: Colour) -> Reference {
        self.colour = Some(colour);
        self
    }
}

/// Where a text lies relative to the point it belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// Centred above the point.
    #[default]
    Above,
    /// Centred below the point.
    Below,
    /// To its left.
    Left,
    /// To its right.
    Right,
}

/// A short text at a point of the panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// The text, in label markup.
    pub text: String,
    /// Place of the point, in units of the axes.
    pub x: f64,
    /// Place of the point, in units of the axes.
    pub y: f64,
    /// Where the text lies relative to the point.
    pub anchor: Anchor,
    /// Colour; black when absent.
    pub colour: Option<Colour>,
}

impl Annotation {
    /// A text centred above the point (x, y).
    pub fn new(text: impl Into<String>, x: f64, y: f64) -> Annotation {
        Annotation { text: text.into(), x, y, anchor: Anchor::Above, colour: None }
    }

    /// The same text on another side of its point.
    pub fn anchor(mut self, anchor: Anchor) -> Annotation {
        self.anchor = anchor;
        self
    }

    /// The same text in a given colour.
    pub fn colour(mut self, colour: Colour) -> Annotation {
        self.colour = Some(colour);
        self
    }
}

/// One thing drawn in a panel. Drawn in the order given, heat maps, bands and bars of it first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Series {
    /// A curve or a step line.
    Line(Line),
    /// Points, with or without error bars.
    Points(Points),
    /// A region between two curves.
    Band(Band),
    /// A histogram.
    Bars(Bars),
    /// A matrix of colours.
    HeatMap(HeatMap),
    /// A straight line across the panel.
    Reference(Reference),
    /// A text.
    Annotation(Annotation),
}

impl Series {
    /// Name in the legend; empty for none.
    pub fn label(&self) -> &str {
        match self {
            Series::Line(s) => &s.label,
            Series::Points(s) => &s.label,
            Series::Band(s) => &s.label,
            Series::Bars(s) => &s.label,
            Series::Reference(s) => &s.label,
            Series::HeatMap(_) | Series::Annotation(_) => "",
        }
    }

    /// The colour asked for, if any.
    pub(crate) fn own_colour(&self) -> Option<Colour> {
        match self {
            Series::Line(s) => s.colour,
            Series::Points(s) => s.colour,
            Series::Band(s) => s.colour,
            Series::Bars(s) => s.colour,
            Series::Reference(s) => Some(s.colour.unwrap_or(Colour::Grey)),
            Series::Annotation(s) => Some(s.colour.unwrap_or(Colour::Black)),
            Series::HeatMap(_) => None,
        }
    }
}

macro_rules! series_from {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Series {
            fn from(series: $kind) -> Series {
                Series::$kind(series)
            }
        }
    )*};
}
series_from!(Line, Points, Band, Bars, HeatMap, Reference, Annotation);
