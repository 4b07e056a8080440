//! What a description leaves open, decided once for both renderers: ranges, colours, and whether it can be drawn.

use super::axis::{Axis, Scale};
use super::colour::{CYCLE, Colour, ColourMap};
use super::series::{Direction, HeatMap, Series};
use super::{ColourBars, Figure, Panel};
use crate::error::ReportError;

/// Decisions about a figure.
pub(crate) struct Resolved {
    pub(crate) panels: Vec<ResolvedPanel>,
    /// Colour of each label, in order of first appearance: also the order of the legend.
    pub(crate) labels: Vec<(String, Colour)>,
    pub(crate) columns: usize,
}

/// Decisions about a panel.
pub(crate) struct ResolvedPanel {
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    /// Of its heat map, if it has one.
    pub(crate) colours: Option<ResolvedColours>,
}

/// How values become colours in one panel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResolvedColours {
    pub(crate) map: ColourMap,
    pub(crate) scale: Scale,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) label: String,
    /// Whether this panel carries the colour bar.
    pub(crate) has_bar: bool,
}

impl ResolvedColours {
    /// The colour of a value; none where the map stays blank.
    pub(crate) fn of(&self, value: f64) -> Option<Colour> {
        let place = self.scale.forward(value);
        let (low, high) = (self.scale.forward(self.from), self.scale.forward(self.to));
        place.is_finite().then(|| self.map.at((place - low) / (high - low)))
    }
}

impl Figure {
    pub(crate) fn resolve(&self) -> Result<Resolved, ReportError> {
        if self.panels.is_empty() {
            return Err(ReportError::NoPanel { figure: self.name.clone() });
        }
        for panel in &self.panels {
            panel.series.iter().try_for_each(|series| validate(&self.name, series))?;
        }
        let default_columns = match self.panels.len() {
            n @ 1..=4 => n,
            5 | 6 | 9 => 3,
            _ => 4,
        };
        let columns = self.columns.unwrap_or(default_columns).clamp(1, self.panels.len());
        let mut panels = self.panels.iter().map(|p| self.resolve_panel(p)).collect::<Result<Vec<_>, _>>()?;
        if self.colour_bars == ColourBars::EachRow {
            panels.chunks_mut(columns).for_each(share_colours);
        }
        Ok(Resolved { panels, labels: self.label_colours(), columns })
    }

    fn resolve_panel(&self, panel: &Panel) -> Result<ResolvedPanel, ReportError> {
        let (x, y) = extent(panel);
        let tight = panel.series.iter().any(|s| matches!(s, Series::HeatMap(_)));
        let bars = panel.series.iter().any(|s| matches!(s, Series::Bars(_)));
        let points = panel.series.iter().any(|s| matches!(s, Series::Points(_)));
        let x_margin = if tight || !(points || bars) { 0.0 } else { 0.025 };
        let y_margin = if tight { 0.0 } else { 0.05 };
        let mut y_axis = panel.y.clone();
        y_axis.from_zero |= bars;
        let heat_map = panel.series.iter().find_map(|s| match s {
            Series::HeatMap(map) => Some(map),
            _ => None,
        });
        let colours = heat_map.map(|map| self.resolve_colours(map)).transpose()?;
        Ok(ResolvedPanel { x: self.range(&panel.x, x, x_margin)?, y: self.range(&y_axis, y, y_margin)?, colours })
    }

    /// The range shown: as asked for, or that of the data with a margin.
    fn range(&self, axis: &Axis, data: Extent, margin: f64) -> Result<(f64, f64), ReportError> {
        if let Some((from, to)) = axis.range {
            let (a, b) = (axis.scale.forward(from), axis.scale.forward(to));
            if !(a.is_finite() && b.is_finite() && a < b && (b - a).is_finite()) {
                return Err(ReportError::Range { figure: self.name.clone(), axis: axis.label.clone(), from, to });
            }
            return Ok((from, to));
        }
        let (mut low, mut high) = match axis.scale {
            Scale::Linear => (data.low, data.high),
            Scale::Log => (data.low_positive.log10(), data.high.log10()),
        };
        if !(low.is_finite() && high.is_finite()) || low > high {
            return Ok(if axis.scale == Scale::Log { (0.1, 10.0) } else { (0.0, 1.0) });
        }
        let from_zero = axis.from_zero && axis.scale == Scale::Linear;
        if from_zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if high - low <= 1e-12 * low.abs().max(high.abs()) {
            let half = if low == 0.0 || axis.scale == Scale::Log { 0.5 } else { 0.05 * low.abs() };
            (low, high) = (low - half, high + half);
        }
        let span = (high - low) * margin;
        let (touches_low, touches_high) = (from_zero && low == 0.0, from_zero && high == 0.0);
        low -= if touches_low { 0.0 } else { span };
        high += if touches_high { 0.0 } else { span };
        Ok((axis.scale.backward(low), axis.scale.backward(high)))
    }

    fn resolve_colours(&self, map: &HeatMap) -> Result<ResolvedColours, ReportError> {
        let scale = if map.colour.map == ColourMap::Diverging { Scale::Linear } else { map.colour.scale };
        let mut data = Extent::default();
        map.values.iter().for_each(|v| data.include(*v));
        let (mut from, mut to) = match (map.colour.range, scale) {
            (Some(range), _) => range,
            (None, Scale::Log) => (data.low_positive.max(data.high / DECADES_SHOWN), data.high),
            (None, Scale::Linear) if data.low >= 0.0 && data.low < 0.5 * data.high => (0.0, data.high),
            (None, Scale::Linear) => (data.low, data.high),
        };
        if map.colour.map == ColourMap::Diverging {
            let largest = from.abs().max(to.abs());
            (from, to) = (-largest, largest);
        }
        if map.colour.range.is_none() {
            if !(from.is_finite() && to.is_finite()) || from > to {
                (from, to) = if scale == Scale::Log { (0.1, 1.0) } else { (0.0, 1.0) };
            }
            if from == to {
                (from, to) = match scale {
                    Scale::Log => (from / 10.0, to),
                    Scale::Linear if from == 0.0 && map.colour.map == ColourMap::Diverging => (-1.0, 1.0),
                    Scale::Linear => (from.min(0.0), if to > 0.0 { to } else { from.min(0.0) + 1.0 }),
                };
            }
        }
        let (a, b) = (scale.forward(from), scale.forward(to));
        if !(a.is_finite() && b.is_finite() && a < b && (b - a).is_finite()) {
            let axis = if map.colour.label.is_empty() { "colour" } else { &map.colour.label };
            return Err(ReportError::Range { figure: self.name.clone(), axis: axis.into(), from, to });
        }
        Ok(ResolvedColours { map: map.colour.map, scale, from, to, label: map.colour.label.clone(), has_bar: true })
    }

    /// Each label once, with the colour some series asks for or the next free one.
    fn label_colours(&self) -> Vec<(String, Colour)> {
        let all = || self.panels.iter().flat_map(|p| &p.series);
        let asked: Vec<Colour> = all().filter_map(Series::own_colour).collect();
        let mut free = CYCLE.into_iter().filter(|c| !asked.contains(c)).chain(CYCLE).cycle();
        let mut labels: Vec<(String, Colour)> = Vec::new();
        for series in all().filter(|s| !s.label().is_empty()) {
            if labels.iter().any(|(label, _)| label == series.label()) {
                continue;
            }
            let own = all().filter(|s| s.label() == series.label()).find_map(Series::own_colour);
            let colour = own.or_else(|| free.next()).unwrap_or(Colour::Black);
            labels.push((series.label().to_owned(), colour));
        }
        labels
    }
}

impl Resolved {
    /// The colour a series is drawn in.
    pub(crate) fn colour(&self, series: &Series) -> Colour {
        let by_label = || self.labels.iter().find(|(label, _)| label == series.label()).map(|(_, colour)| *colour);
        series.own_colour().or_else(by_label).unwrap_or(CYCLE[0])
    }
}

/// Tails of a distribution fall for hundreds of decades; six are what a reader can use.
const DECADES_SHOWN: f64 = 1e6;

/// Gives the heat maps of a row that show the same kind of value one range, and the last of them the bar.
fn share_colours(row: &mut [ResolvedPanel]) {
    let alike = |a: &ResolvedColours, b: &ResolvedColours| (a.map, a.scale, &a.label) == (b.map, b.scale, &b.label);
    let all: Vec<Option<ResolvedColours>> = row.iter().map(|p| p.colours.clone()).collect();
    for (i, panel) in row.iter_mut().enumerate() {
        let Some(own) = &mut panel.colours else { continue };
        let kind = own.clone();
        for other in all.iter().flatten().filter(|o| alike(o, &kind)) {
            (own.from, own.to) = (own.from.min(other.from), own.to.max(other.to));
        }
        if own.scale == Scale::Log {
            own.from = own.from.max(own.to / DECADES_SHOWN);
        }
        own.has_bar = !all[i + 1..].iter().flatten().any(|later| alike(later, &kind));
    }
}

/// Smallest and largest finite values seen.
#[derive(Clone, Copy)]
struct Extent {
    low: f64,
    high: f64,
    low_positive: f64,
}

impl Default for Extent {
    fn default() -> Extent {
        Extent { low: f64::INFINITY, high: f64::NEG_INFINITY, low_positive: f64::INFINITY }
    }
}

impl Extent {
    fn include(&mut self, value: f64) {
        if value.is_finite() {
            self.low = self.low.min(value);
            self.high = self.high.max(value);
            if value > 0.0 {
                self.low_positive = self.low_positive.min(value);
            }
        }
    }

    fn include_all(&mut self, values: &[f64]) {
        values.iter().for_each(|v| self.include(*v));
    }
}

fn extent(panel: &Panel) -> (Extent, Extent) {
    let (mut x, mut y) = (Extent::default(), Extent::default());
    for series in &panel.series {
        match series {
            Series::Line(s) => {
                x.include_all(&s.x);
                y.include_all(&s.y);
            }
            Series::Points(s) => {
                x.include_all(&s.x);
                y.include_all(&s.y);
                for (value, error) in s.y.iter().zip(&s.error) {
                    y.include(value - error);
                    y.include(value + error);
                }
            }
            Series::Band(s) => {
                x.include_all(&s.x);
                y.include_all(&s.lower);
                y.include_all(&s.upper);
            }
            Series::Bars(s) => {
                x.include_all(&s.edges);
                y.include_all(&s.heights);
            }
            Series::HeatMap(s) => {
                x.include_all(&s.x_edges);
                y.include_all(&s.y_edges);
            }
            Series::Reference(s) => match s.direction {
                Direction::Vertical => x.include(s.at),
                Direction::Horizontal => y.include(s.at),
            },
            Series::Annotation(s) => {
                x.include(s.x);
                y.include(s.y);
            }
        }
    }
    (x, y)
}

fn validate(figure: &str, series: &Series) -> Result<(), ReportError> {
    let label = series.label();
    let same = |what: &'static str, expected: usize, found: usize| {
        if expected == found {
            return Ok(());
        }
        Err(ReportError::Lengths { figure: figure.into(), series: label.into(), what, expected, found })
    };
    let increasing = |edges: &[f64]| match (0..edges.len())
        .find(|i| !edges[*i].is_finite() || (*i > 0 && edges[*i] <= edges[i - 1]))
    {
        None => Ok(()),
        Some(index) => Err(ReportError::Edges { figure: figure.into(), series: label.into(), index }),
    };
    match series {
        Series::Line(s) => same("y", s.x.len(), s.y.len()),
        Series::Points(s) => {
            same("y", s.x.len(), s.y.len())?;
            if s.error.is_empty() { Ok(()) } else { same("error", s.x.len(), s.error.len()) }
        }
        Series::Band(s) => {
            same("lower", s.x.len(), s.lower.len())?;
            same("upper", s.x.len(), s.upper.len())
        }
        Series::Bars(s) => {
            same("edges", s.heights.len() + 1, s.edges.len())?;
            increasing(&s.edges)
        }
        Series::HeatMap(s) => {
            let cells = s.x_edges.len().saturating_sub(1) * s.y_edges.len().saturating_sub(1);
            same("values", cells, s.values.len())?;
            increasing(&s.x_edges)?;
            increasing(&s.y_edges)
        }
        Series::Reference(_) | Series::Annotation(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::{Bars, Line, Points};
    use super::*;

    fn figure(panel: Panel) -> Figure {
        Figure::new("f").panel(panel)
    }

    #[test]
    fn ranges_contain_error_bars_and_start_at_zero_for_bars() {
        let points = Points::new("", [1.0, 2.0], [5.0, 6.0]).error([1.0, 4.0]);
        let resolved = figure(Panel::new().with(points)).resolve().expect("valid");
        let (low, high) = resolved.panels[0].y;
        assert!(low < 2.0 && low > 1.0 && high > 10.0 && high < 11.0, "{low} {high}");
        let bars = Bars::of_counts("", 3, [0.2, 0.5]);
        let resolved = figure(Panel::new().with(bars)).resolve().expect("valid");
        assert_eq!(resolved.panels[0].y.0, 0.0);
    }

    #[test]
    fn degenerate_data_still_have_a_range() {
        for y in [vec![], vec![f64::NAN], vec![0.0], vec![-3.0, -3.0], vec![f64::INFINITY]] {
            for axis in [Axis::new("y"), Axis::new("y").log(), Axis::new("y").from_zero()] {
                let x: Vec<f64> = y.iter().map(|_| 1.0).collect();
                let panel = Panel::new().y(axis).with(Line::new("", x, y.clone()));
                let (low, high) = figure(panel).resolve().expect("valid").panels[0].y;
                assert!(low < high && low.is_finite() && high.is_finite(), "{y:?}: {low} {high}");
            }
        }
    }

    #[test]
    fn impossible_descriptions_are_refused_by_name() {
        let message = |f: Figure| f.resolve().err().expect("refused").to_string();
        assert_eq!(
            message(figure(Panel::new().with(Line::new("a", [1.0], [1.0, 2.0])))),
            "figure `f`, series `a`: y has 2 values, expected 1"
        );
        assert_eq!(
            message(figure(Panel::new().x(Axis::new("t").log().range(0.0, 1.0)))),
            "figure `f`: axis `t` cannot run from 0 to 1"
        );
        assert!(message(figure(Panel::new().with(Bars::new("b", [0.0, 0.0], [1.0])))).contains("edges must be finite"));
        assert!(message(Figure::new("f")).contains("no panel"));
    }

    #[test]
    fn equal_labels_share_a_colour_and_explicit_colours_are_not_given_twice() {
        let figure = Figure::new("f")
            .panel(Panel::new().with(Line::new("a", [0.0], [0.0])).with(Line::new("b", [0.0], [0.0]).colour(CYCLE[0])))
            .panel(Panel::new().with(Points::new("a", [0.0], [0.0])));
        let resolved = figure.resolve().expect("valid");
        assert_eq!(resolved.labels, [("a".to_owned(), CYCLE[1]), ("b".to_owned(), CYCLE[0])]);
        assert_eq!(resolved.colour(&figure.panels[1].series[0]), CYCLE[1]);
    }

    #[test]
    fn diverging_colours_are_symmetric_and_rows_share_their_range() {
        let map = |values: [f64; 4]| HeatMap::of_counts((0, 0), 2, values).diverging();
        let figure = Figure::new("f")
            .panel(Panel::new().with(map([0.1, -0.2, 0.0, 0.1])))
            .panel(Panel::new().with(map([0.3, 0.1, 0.0, f64::NAN])))
            .colour_bars(ColourBars::EachRow);
        let resolved = figure.resolve().expect("valid");
        let colours: Vec<&ResolvedColours> = resolved.panels.iter().filter_map(|p| p.colours.as_ref()).collect();
        assert_eq!((colours[0].from, colours[0].to, colours[0].has_bar), (-0.3, 0.3, false));
        assert_eq!((colours[1].from, colours[1].to, colours[1].has_bar), (-0.3, 0.3, true));
        assert_eq!(colours[0].of(0.0).map(Colour::hex).as_deref(), Some("#ffffff"));
        assert_eq!(colours[0].of(f64::NAN), None);
    }
}
