//! One description of a figure, drawn twice: as SVG (and PNG) for print, and by Plotly for looking closer.
//!
//! ```
//! use kurtz_report::{Axis, Band, Figure, Line, Panel, Points};
//!
//! let t = [0.0, 1.0, 2.0, 3.0];
//! let figure = Figure::new("means")
//!     .caption("Mean number of proliferating cells, sampled and learned.")
//!     .panel(
//!         Panel::new()
//!             .x(Axis::new("time").unit("week"))
//!             .y(Axis::new("mean count").from_zero())
//!             .with(Line::new("learned", t, [10.0, 10.1, 10.2, 10.3]))
//!             .with(Points::new("sampled", t, [10.0, 10.2, 10.1, 10.3]).error([0.0, 0.1, 0.1, 0.2])),
//!     );
//! let svg = figure.to_svg()?;
//! assert!(svg.contains("sampled"));
//! # Ok::<(), kurtz_report::ReportError>(())
//! ```

pub mod axis;
pub mod colour;
mod layout;
mod plotly;
mod raster;
mod resolve;
pub mod series;
mod svg;
pub(crate) mod text;
mod ticks;

use axis::Axis;
use serde::{Deserialize, Serialize};
use series::Series;

/// A figure: panels in a grid, a shared legend, a caption.
///
/// Labels everywhere understand `_{...}` and `^{...}` for subscripts and superscripts; an underscore without braces
/// is an underscore, so that names such as `Ca_cyt` stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Stem of the file names: letters, digits, `-` and `_`.
    pub name: String,
    /// What the figure shows; the paragraph markup of [`crate::Report`].
    pub caption: String,
    /// Panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row; default: all in one row up to 4.
    pub columns: Option<usize>,
    /// Width on paper in millimetres; default 88 (one column) for one panel, 180 (both columns) otherwise.
    pub width: Option<f64>,
    /// Height of the plotting area of a panel over its width; default 0.75, or 1 when all panels are heat maps.
    pub aspect: Option<f64>,
    /// Where the legend stands.
    pub legend: Legend,
    /// Who has a colour bar.
    pub colour_bars: ColourBars,
    /// Whether panels carry the letters a, b, c ...; by default when there is more than one.
    pub letters: Option<bool>,
}

/// Where the legend of a figure stands. All panels share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Legend {
    /// In a row (or several) above the panels.
    #[default]
    Above,
    /// In a row below the panels.
    Below,
    /// Nowhere.
    Hidden,
}

/// Which heat maps share a colour bar, and with it the range of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourBars {
    /// Each heat map has its own.
    #[default]
    EachPanel,
    /// The heat maps of a row share one at its end (those with the same colour map and scale).
    EachRow,
}

impl Figure {
    /// An empty figure; `name` becomes the stem of its file names.
    pub fn new(name: impl Into<String>) -> Figure {
        Figure {
            name: name.into(),
            caption: String::new(),
            panels: Vec::new(),
            columns: None,
            width: None,
            aspect: None,
            legend: Legend::default(),
            colour_bars: ColourBars::default(),
            letters: None,
        }
    }

    /// The same figure with a caption.
    pub fn caption(mut self, caption: impl Into<String>) -> Figure {
        self.caption = caption.into();
        self
    }

    /// The same figure with one more panel, to the right or in the next row.
    pub fn panel(mut self, panel: Panel) -> Figure {
        self.panels.push(panel);
        self
    }

    /// The same figure with `columns` panels in a row.
    pub fn columns(mut self, columns: usize) -> Figure {
        self.columns = Some(columns);
        self
    }

    /// The same figure, `millimetres` wide on paper.
    pub fn width(mut self, millimetres: f64) -> Figure {
        self.width = Some(millimetres);
        self
    }

    /// The same figure with plotting areas `aspect` times as high as wide.
    pub fn aspect(mut self, aspect: f64) -> Figure {
        self.aspect = Some(aspect);
        self
    }

    /// The same figure with its legend elsewhere.
    pub fn legend(mut self, legend: Legend) -> Figure {
        self.legend = legend;
        self
    }

    /// The same figure with colour bars shared or not.
    pub fn colour_bars(mut self, colour_bars: ColourBars) -> Figure {
        self.colour_bars = colour_bars;
        self
    }

    /// Width on paper in millimetres.
    pub(crate) fn paper_width(&self) -> f64 {
        self.width.unwrap_or(if self.panels.len() == 1 { 88.0 } else { 180.0 }).clamp(30.0, 1000.0)
    }

    /// The same figure without panel letters.
    pub fn without_letters(mut self) -> Figure {
        self.letters = Some(false);
        self
    }
}

/// One pair of axes and what is drawn in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Panel {
    /// Title above the plotting area, in label markup; empty for none.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
}

impl Panel {
    /// A panel without title, labels and content.
    pub fn new() -> Panel {
        Panel::default()
    }

    /// The same panel with a title.
    pub fn title(mut self, title: impl Into<String>) -> Panel {
        self.title = title.into();
        self
    }

    /// The same panel with another horizontal axis.
    pub fn x(mut self, axis: Axis) -> Panel {
        self.x = axis;
        self
    }

    /// The same panel with another vertical axis.
    pub fn y(mut self, axis: Axis) -> Panel {
        self.y = axis;
        self
    }

    /// The same panel with one more series.
    pub fn with(mut self, series: impl Into<Series>) -> Panel {
        self.series.push(series.into());
        self
    }
}
