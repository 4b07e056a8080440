//! Where everything in a figure goes, in points (1/72 inch), the same for print and for the interactive view.

use super::axis::{Axis, Scale};
use super::colour::Colour;
use super::resolve::Resolved;
use super::series::Series;
use super::text::{width, wrapped};
use super::ticks::{Ticks, ticks};
use super::{Figure, Legend};
use crate::number::MINUS;

/// Sizes of letters, in points; journals ask for 6 to 8 at final size.
pub(crate) const TICK_SIZE: f64 = 6.8;
pub(crate) const LABEL_SIZE: f64 = 7.6;
pub(crate) const TITLE_SIZE: f64 = 7.8;
pub(crate) const LETTER_SIZE: f64 = 9.5;
/// Length of a major tick.
pub(crate) const TICK: f64 = 2.8;
/// Width of a colour bar.
pub(crate) const BAR: f64 = 6.5;

const POINTS_PER_MILLIMETRE: f64 = 72.0 / 25.4;
const LINE_HEIGHT: f64 = 1.22;
const LEGEND_SAMPLE: f64 = 17.0;
const LEGEND_ROW: f64 = 11.0;

/// A rectangle; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Places of everything in a figure.
pub(crate) struct Layout {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) panels: Vec<PanelLayout>,
    pub(crate) legend: Vec<LegendEntry>,
}

/// Places of everything in a panel.
pub(crate) struct PanelLayout {
    /// The plotting area.
    pub(crate) frame: Rect,
    pub(crate) x_ticks: Ticks,
    pub(crate) y_ticks: Ticks,
    /// Titles of the axes; empty where a neighbour says the same.
    pub(crate) x_title: String,
    pub(crate) y_title: String,
    /// Where the axis titles stand: baseline of x, and the middle line of y.
    pub(crate) x_title_y: f64,
    pub(crate) y_title_x: f64,
    /// Lines of the panel title and the baseline of the last.
    pub(crate) title: Vec<String>,
    pub(crate) title_y: f64,
    /// The letter of the panel and where it starts.
    pub(crate) letter: Option<(String, f64)>,
    pub(crate) bar: Option<BarLayout>,
}

/// Places of a colour bar.
pub(crate) struct BarLayout {
    pub(crate) frame: Rect,
    pub(crate) ticks: Ticks,
    pub(crate) title: String,
    pub(crate) title_x: f64,
}

/// One name in the legend, with the left end and the middle height of its sample.
pub(crate) struct LegendEntry {
    pub(crate) label: String,
    pub(crate) colour: Colour,
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Length of the sample; the text starts 4 points behind it.
    pub(crate) sample: f64,
}

/// Room that a panel needs around its plotting area.
#[derive(Clone, Copy, Default)]
struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Margins {
    fn largest(self, other: Margins) -> Margins {
        Margins {
            left: self.left.max(other.left),
            right: self.right.max(other.right),
            top: self.top.max(other.top),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// The title of an axis with the power of ten that its ticks leave to it: `time (10³ s)`.
fn axis_title(axis: &Axis, power: i32) -> String {
    titled(&axis.label, &axis.unit, power)
}

fn titled(label: &str, unit: &str, power: i32) -> String {
    let factor = match power {
        0 => String::new(),
        p => format!("10^{{{}}}", p.to_string().replace('-', &MINUS.to_string())),
    };
    let inside = [factor.as_str(), unit].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ");
    match (label.is_empty(), inside.is_empty()) {
        (_, true) => label.to_owned(),
        (true, false) => format!("({inside})"),
        (false, false) => format!("{label} ({inside})"),
    }
}

impl Figure {
    pub(crate) fn layout(&self, resolved: &Resolved) -> Layout {
        let columns = resolved.columns;
        let rows = self.panels.len().div_ceil(columns);
        let only_maps = self.panels.iter().all(|p| p.series.iter().any(|s| matches!(s, Series::HeatMap(_))));
        let total = self.paper_width() * POINTS_PER_MILLIMETRE;
        let default_aspect = if only_maps { 1.0 } else { 0.75 };
        let aspect = self.aspect.unwrap_or(default_aspect).clamp(0.05, 20.0);

        // Ticks depend on the size of a panel, its size on the room for tick labels: two rounds settle it.
        let mut panel_width = total / columns as f64 * 0.7;
        let mut panels = Vec::new();
        let (mut lefts, mut rights) = (vec![0.0; columns], vec![0.0; columns]);
        let mut row_margins = vec![Margins::default(); rows];
        for _ in 0..3 {
            let size = (panel_width, panel_width * aspect);
            panels = (0..self.panels.len()).map(|i| self.prepare(resolved, i, size)).collect::<Vec<_>>();
            (lefts, rights) = (vec![0.0; columns], vec![0.0; columns]);
            row_margins = vec![Margins::default(); rows];
            for (i, (margins, _)) in panels.iter().enumerate() {
                lefts[i % columns] = f64::max(lefts[i % columns], margins.left);
                rights[i % columns] = f64::max(rights[i % columns], margins.right);
                row_margins[i / columns] = row_margins[i / columns].largest(*margins);
            }
            let gaps = 9.0 * (columns - 1) as f64;
            let taken: f64 = lefts.iter().sum::<f64>() + rights.iter().sum::<f64>() + gaps;
            panel_width = ((total - taken) / columns as f64).max(12.0);
        }
        let panel_height = panel_width * aspect;

        let legend_above = self.legend == Legend::Above;
        let mut legend =
            if self.legend == Legend::Hidden { Vec::new() } else { self.legend_rows(resolved, total, lefts[0]) };
        let legend_height = legend.last().map_or(0.0, |last: &LegendEntry| last.y + LEGEND_ROW / 2.0 + 0.5);
        let mut y = 2.0 + if legend_above { legend_height } else { 0.0 };
        let mut placed = Vec::new();
        for (i, (_, mut panel)) in panels.into_iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            if column == 0 && row > 0 {
                y += row_margins[row - 1].top + panel_height + row_margins[row - 1].bottom + 4.0;
            }
            let before: f64 = (0..column).map(|c| lefts[c] + rights[c] + panel_width + 9.0).sum();
            let frame = Rect {
                x: before + lefts[column],
                y: y + row_margins[row].top,
                width: panel_width,
                height: panel_height,
            };
            panel.place(frame, before);
            placed.push(panel);
        }
        let mut height = y + row_margins[rows - 1].top + panel_height + row_margins[rows - 1].bottom + 2.0;
        if !legend_above && !legend.is_empty() {
            legend.iter_mut().for_each(|entry| entry.y += height + 2.0);
            height += legend_height + 2.0;
        }
        Layout { width: total, height, panels: placed, legend }
    }

    /// Ticks, titles and the room a panel needs, for a plotting area of a given size.
    fn prepare(&self, resolved: &Resolved, index: usize, (width_, height_): (f64, f64)) -> (Margins, PanelLayout) {
        let panel = &self.panels[index];
        let ranges = &resolved.panels[index];
        let columns = resolved.columns;
        let x_ticks = fitted_ticks(panel.x.scale, ranges.x, width_);
        let y_ticks = ticks(panel.y.scale, ranges.y.0, ranges.y.1, ((height_ / 19.0) as usize).clamp(3, 8));
        let widest = y_ticks.major.iter().map(|(_, l)| width(l, TICK_SIZE, false)).fold(0.0, f64::max);

        // A title that the neighbour to the left or below repeats is written once.
        let mut x_title = axis_title(&panel.x, x_ticks.power);
        let mut y_title = axis_title(&panel.y, y_ticks.power);
        if let Some(below) = self.panels.get(index + columns) {
            let theirs = fitted_ticks(below.x.scale, resolved.panels[index + columns].x, width_);
            if axis_title(&below.x, theirs.power) == x_title {
                x_title.clear();
            }
        }
        if !index.is_multiple_of(columns) {
            let left = &self.panels[index - 1];
            let range = resolved.panels[index - 1].y;
            let theirs = ticks(left.y.scale, range.0, range.1, ((height_ / 19.0) as usize).clamp(3, 8));
            if axis_title(&left.y, theirs.power) == y_title {
                y_title.clear();
            }
        }

        let has_letter = self.letters.unwrap_or(self.panels.len() > 1);
        let letter = has_letter.then(|| (letter(index), 0.0));
        let title = if panel.title.is_empty() { Vec::new() } else { wrapped(&panel.title, TITLE_SIZE, width_) };
        let title_height = title.len() as f64 * TITLE_SIZE * LINE_HEIGHT;
        let top = (title_height + 4.0).max(if has_letter { LETTER_SIZE + 3.0 } else { 4.0 });
        let bottom = TICK + 2.0 + TICK_SIZE + if x_title.is_empty() { 2.0 } else { LABEL_SIZE * LINE_HEIGHT + 3.0 };
        let left = TICK + 2.5 + widest + if y_title.is_empty() { 1.0 } else { LABEL_SIZE * LINE_HEIGHT + 2.0 };
        // Half of the last tick label may stand out to the right.
        let mut right = x_ticks.major.last().map_or(0.0, |(v, label)| {
            let place = fraction(panel.x.scale, ranges.x, *v);
            (width(label, TICK_SIZE, false) / 2.0 - (1.0 - place) * width_ + 1.0).max(2.0)
        });
        let bar = ranges.colours.as_ref().filter(|c| c.has_bar).map(|colours| {
            let range = (colours.from, colours.to);
            let ticks = ticks(colours.scale, range.0, range.1, ((height_ / 17.0) as usize).clamp(3, 7));
            let widest = ticks.major.iter().map(|(_, l)| width(l, TICK_SIZE, false)).fold(0.0, f64::max);
            let title = titled(&colours.label, "", ticks.power);
            right =
                5.0 + BAR + TICK + 2.5 + widest + if title.is_empty() { 2.0 } else { LABEL_SIZE * LINE_HEIGHT + 3.0 };
            let title_x = right - 0.5 * LABEL_SIZE - 1.0;
            BarLayout { frame: Rect::default(), ticks, title, title_x }
        });
        let layout = PanelLayout {
            frame: Rect::default(),
            x_ticks,
            y_ticks,
            x_title,
            y_title,
            x_title_y: TICK + 2.0 + TICK_SIZE + LABEL_SIZE * 1.05 + 1.0,
            y_title_x: TICK + 2.5 + widest + 0.5 * LABEL_SIZE + 1.5,
            title,
            title_y: 4.5,
            letter,
            bar,
        };
        (Margins { left, right, top, bottom }, layout)
    }

    /// Entries from left to right, row by row, beginning at y = 0.
    fn legend_rows(&self, resolved: &Resolved, total: f64, start: f64) -> Vec<LegendEntry> {
        let mut entries: Vec<LegendEntry> = Vec::new();
        let (mut x, mut y) = (start, LEGEND_ROW / 2.0 + 1.0);
        for (label, colour) in &resolved.labels {
            let all = self.panels.iter().flat_map(|p| &p.series).filter(|s| s.label() == label);
            let only_points = all.into_iter().all(|s| matches!(s, Series::Points(_)));
            let sample = if only_points { 6.0 } else { LEGEND_SAMPLE };
            let room = sample + 4.0 + width(label, LABEL_SIZE, false);
            if x > start && x + room > total {
                (x, y) = (start, y + LEGEND_ROW);
            }
            entries.push(LegendEntry { label: label.clone(), colour: *colour, x, y, sample });
            x += room + 13.0;
        }
        entries
    }
}

impl PanelLayout {
    /// From places relative to the plotting area to places in the figure.
    fn place(&mut self, frame: Rect, cell_left: f64) {
        self.frame = frame;
        self.x_title_y += frame.y + frame.height;
        self.y_title_x = frame.x - self.y_title_x;
        self.title_y = frame.y - self.title_y;
        if let Some((_, x)) = &mut self.letter {
            *x = cell_left;
        }
        if let Some(bar) = &mut self.bar {
            bar.frame = Rect { x: frame.x + frame.width + 5.0, width: BAR, ..frame };
            bar.title_x += frame.x + frame.width;
        }
    }
}

/// a to z, then aa, ab, ...
fn letter(index: usize) -> String {
    let sign = |i: usize| char::from(b'a' + (i % 26) as u8);
    if index < 26 { sign(index).to_string() } else { format!("{}{}", sign(index / 26 - 1), sign(index)) }
}

/// Place of a value along its axis, from 0 to 1.
pub(crate) fn fraction(scale: Scale, (from, to): (f64, f64), value: f64) -> f64 {
    let (low, high) = (scale.forward(from), scale.forward(to));
    (scale.forward(value) - low) / (high - low)
}

/// As many ticks as stand side by side without touching.
fn fitted_ticks(scale: Scale, range: (f64, f64), room: f64) -> Ticks {
    let mut most = ((room / 16.0) as usize).clamp(3, 8);
    loop {
        let ticks = ticks(scale, range.0, range.1, most);
        let is_free = ticks.major.windows(2).all(|pair| {
            let half = |label: &str| width(label, TICK_SIZE, false) / 2.0;
            let distance = (fraction(scale, range, pair[1].0) - fraction(scale, range, pair[0].0)) * room;
            half(&pair[0].1) + half(&pair[1].1) + 5.0 <= distance
        });
        if is_free || most <= 2 {
            return ticks;
        }
        most -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Panel;
    use super::super::series::Line;
    use super::*;

    #[test]
    fn tick_labels_of_an_axis_do_not_touch() {
        for (from, to) in [(0.0, 20.0), (-1e-3, 1e-3), (0.0, 123456.0), (99.991, 99.999)] {
            for room in [20.0, 40.0, 80.0, 200.0] {
                let ticks = fitted_ticks(Scale::Linear, (from, to), room);
                if ticks.major.len() > 2 {
                    for pair in ticks.major.windows(2) {
                        let distance = (pair[1].0 - pair[0].0) / (to - from) * room;
                        let mean = (width(&pair[0].1, TICK_SIZE, false) + width(&pair[1].1, TICK_SIZE, false)) / 2.0;
                        assert!(mean < distance, "{from} {to} {room}: {ticks:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn titles_of_a_row_stay_clear_of_the_ticks_above() {
        let panel =
            || Panel::new().title("a title that is far too long for one line of so narrow a panel, and a second");
        let figure = (0..12).fold(Figure::new("f").columns(4), |f, _| {
            f.panel(panel().x(Axis::new("x")).y(Axis::new("y")).with(Line::new("a", [0.0, 1.0], [0.0, 1.0])))
        });
        let layout = figure.layout(&figure.resolve().expect("valid"));
        for (above, below) in layout.panels.iter().zip(&layout.panels[4..]) {
            let first_line = below.title_y - (below.title.len() - 1) as f64 * TITLE_SIZE * LINE_HEIGHT - TITLE_SIZE;
            assert!(below.title.len() > 1 && first_line > above.frame.y + above.frame.height + TICK + TICK_SIZE);
        }
    }

    #[test]
    fn panels_stay_inside_the_figure_and_apart() {
        let panel = || {
            Panel::new().title("t").x(Axis::new("time")).y(Axis::new("y")).with(Line::new("a", [0.0, 1.0], [0.0, 1e-9]))
        };
        let figure = (0..7).fold(Figure::new("f").columns(3), |f, _| f.panel(panel()));
        let layout = figure.layout(&figure.resolve().expect("valid"));
        for (i, a) in layout.panels.iter().enumerate() {
            assert!(a.frame.x > 0.0 && a.frame.x + a.frame.width <= layout.width);
            assert!(a.frame.y > 0.0 && a.frame.y + a.frame.height <= layout.height);
            for b in &layout.panels[i + 1..] {
                let beside = a.frame.x + a.frame.width < b.frame.x || b.frame.x + b.frame.width < a.frame.x;
                assert!(beside || a.frame.y + a.frame.height < b.frame.y);
            }
        }
        let written = |title: fn(&PanelLayout) -> &str| layout.panels.iter().filter(|p| !title(p).is_empty()).count();
        assert_eq!(written(|p| &p.x_title), 3, "only the lowest panel of each column names x");
        assert_eq!(written(|p| &p.y_title), 3, "only the first panel of each row names y");
    }

    #[test]
    fn powers_of_ten_stand_before_the_unit() {
        assert_eq!(titled("time", "s", 3), "time (10^{3} s)");
        assert_eq!(titled("density", "", -5), "density (10^{−5})");
        assert_eq!(titled("", "", 0), "");
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 25, 26, 27, 52].map(letter), ["a", "z", "aa", "ab", "ba"]);
    }
}
