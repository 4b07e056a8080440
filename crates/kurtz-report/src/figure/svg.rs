//! A figure for print, as SVG.
//!
//! The writer is our own. Of the libraries at hand (judged by their sources), `plotters` has no superscripts and no
//! colour bars; `kuva` has panel letters and shared legends, but one colour bar a panel, no shared colour range, and it
//! keeps to itself where it put the panels, which the interactive twin of a figure must know. In such figures the
//! layout is the work (`layout.rs`), and the drawing that is left is this file.

use super::colour::Colour;
use super::layout::{
    BarLayout, LABEL_SIZE, LETTER_SIZE, Layout, LegendEntry, PanelLayout, Rect, TICK, TICK_SIZE, TITLE_SIZE, fraction,
};
use super::raster::heat_map_png;
use super::resolve::{Resolved, ResolvedColours, ResolvedPanel};
use super::series::{Anchor, Annotation, Band, Bars, Dash, Direction, Line, Marker, Points, Reference, Series};
use super::text::{FAMILY, base64, font_faces, svg_label, width};
use super::{Figure, Panel};
use crate::error::ReportError;
use crate::html::escape;
use std::fmt::Write;

/// Width of axes and ticks, in points.
const AXIS: f64 = 0.6;

impl Figure {
    /// The figure as an SVG file, its fonts inside, sized for print.
    ///
    /// # Errors
    /// [`ReportError::Lengths`], [`ReportError::Edges`], [`ReportError::Range`] or [`ReportError::NoPanel`] if the
    /// description cannot be drawn.
    pub fn to_svg(&self) -> Result<String, ReportError> {
        let millimetres = |points: f64| points * 25.4 / 72.0;
        self.svg(&format!("<style>{}</style>\n", font_faces()), |layout| {
            format!(" width=\"{:.2}mm\" height=\"{:.2}mm\"", millimetres(layout.width), millimetres(layout.height))
        })
    }

    /// The figure as an SVG element for a page that has the fonts.
    pub(crate) fn to_inline_svg(&self) -> Result<String, ReportError> {
        self.svg("", |_| String::new())
    }

    fn svg(&self, style: &str, size: impl Fn(&Layout) -> String) -> Result<String, ReportError> {
        let resolved = self.resolve()?;
        let layout = self.layout(&resolved);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"{} viewBox=\"0 0 {:.2} {:.2}\" font-family=\"{FAMILY}\" \
             role=\"img\">\n<title>{}</title>\n{style}",
            size(&layout),
            layout.width,
            layout.height,
            escape(&self.name)
        );
        for (i, panel) in self.panels.iter().enumerate() {
            let canvas = Canvas {
                clip: format!("{}-{i}", escape(&self.name)),
                panel,
                ranges: &resolved.panels[i],
                layout: &layout.panels[i],
                resolved: &resolved,
            };
            canvas.draw(&mut svg);
        }
        for entry in &layout.legend {
            self.legend_entry(entry, &mut svg);
        }
        svg += "</svg>\n";
        Ok(svg)
    }

    /// One name with a sample of everything that carries it.
    fn legend_entry(&self, entry: &LegendEntry, svg: &mut String) {
        let of_label = || self.panels.iter().flat_map(|p| &p.series).filter(|s| s.label() == entry.label);
        let colour = entry.colour.hex();
        let (left, right) = (entry.x, entry.x + entry.sample);
        let mut drawn: Vec<std::mem::Discriminant<Series>> = Vec::new();
        let mut samples: Vec<(u8, String)> = Vec::new();
        for series in of_label() {
            let kind = std::mem::discriminant(series);
            if drawn.contains(&kind) {
                continue;
            }
            drawn.push(kind);
            let mut sample = String::new();
            let place = match series {
                Series::Band(Band { opacity, .. }) | Series::Bars(Bars { opacity, .. }) => {
                    let area = Rect { x: left, y: entry.y - 3.4, width: entry.sample, height: 6.8 };
                    rectangle(&mut sample, area, &format!("fill=\"{colour}\" fill-opacity=\"{opacity}\""));
                    0
                }
                Series::Line(line) => {
                    let style = stroke(entry.colour, line.width.max(0.9), line.dash, line.opacity.max(0.6));
                    segment(&mut sample, (left, entry.y), (right, entry.y), &style);
                    1
                }
                Series::Reference(line) => {
                    let style = stroke(entry.colour, 0.8, line.dash, 1.0);
                    segment(&mut sample, (left, entry.y), (right, entry.y), &style);
                    1
                }
                Series::Points(points) => {
                    let middle = (left + right) / 2.0;
                    if !points.error.is_empty() {
                        let style = stroke(entry.colour, 0.7, Dash::Solid, 1.0);
                        segment(&mut sample, (middle, entry.y - 4.2), (middle, entry.y + 4.2), &style);
                    }
                    marker(&mut sample, points.marker, (middle, entry.y), points.size.clamp(2.5, 5.0), &colour);
                    2
                }
                Series::HeatMap(_) | Series::Annotation(_) => continue,
            };
            samples.push((place, sample));
        }
        samples.sort_by_key(|(place, _)| *place);
        svg.extend(samples.into_iter().map(|(_, sample)| sample));
        let text = Text::new(&entry.label, LABEL_SIZE).at(right + 4.0, entry.y + 0.35 * LABEL_SIZE);
        text.draw(svg);
    }
}

/// A text and how it is set.
struct Text<'a> {
    label: &'a str,
    size: f64,
    x: f64,
    y: f64,
    anchor: &'static str,
    extra: String,
}

impl<'a> Text<'a> {
    fn new(label: &'a str, size: f64) -> Text<'a> {
        Text { label, size, x: 0.0, y: 0.0, anchor: "start", extra: String::new() }
    }

    fn at(self, x: f64, y: f64) -> Text<'a> {
        Text { x, y, ..self }
    }

    fn middle(self) -> Text<'a> {
        Text { anchor: "middle", ..self }
    }

    fn end(self) -> Text<'a> {
        Text { anchor: "end", ..self }
    }

    /// Turned to be read from below, about its own place.
    fn upwards(self) -> Text<'a> {
        let extra = format!(" transform=\"rotate(-90 {:.2} {:.2})\"", self.x, self.y);
        Text { extra, ..self }
    }

    fn with(self, extra: &str) -> Text<'a> {
        Text { extra: self.extra + " " + extra, ..self }
    }

    /// Smaller if the room demands it, down to what can still be read.
    fn within(self, room: f64) -> Text<'a> {
        let needed = width(self.label, self.size, false);
        let size = if needed > room { (self.size * room / needed).max(5.0) } else { self.size };
        Text { size, ..self }
    }

    fn draw(&self, svg: &mut String) {
        if self.label.is_empty() {
            return;
        }
        let anchor = if self.anchor == "start" { String::new() } else { format!(" text-anchor=\"{}\"", self.anchor) };
        let _ = writeln!(
            svg,
            "<text x=\"{:.2}\" y=\"{:.2}\" font-size=\"{:.2}\"{anchor}{}>{}</text>",
            self.x,
            self.y,
            self.size,
            self.extra,
            svg_label(self.label, self.size)
        );
    }
}

fn rectangle(svg: &mut String, area: Rect, style: &str) {
    let Rect { x, y, width, height } = area;
    let _ = writeln!(svg, "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" {style}/>");
}

fn segment(svg: &mut String, from: (f64, f64), to: (f64, f64), style: &str) {
    let _ = writeln!(svg, "<path d=\"M{:.2} {:.2}L{:.2} {:.2}\" {style}/>", from.0, from.1, to.0, to.1);
}

fn stroke(colour: Colour, width: f64, dash: Dash, opacity: f64) -> String {
    let mut style = format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{width:.2}\"", colour.hex());
    let unit = width.max(0.7);
    let pattern = match dash {
        Dash::Solid => &[][..],
        Dash::Dashed => &[4.0, 2.2],
        Dash::Dotted => &[1.0, 1.8],
        Dash::DashDot => &[4.5, 1.8, 1.0, 1.8],
    };
    if !pattern.is_empty() {
        let lengths: Vec<String> = pattern.iter().map(|l| format!("{:.2}", l * unit)).collect();
        let _ = write!(style, " stroke-dasharray=\"{}\"", lengths.join(" "));
    }
    if opacity < 1.0 {
        let _ = write!(style, " stroke-opacity=\"{opacity}\"");
    }
    style
}

fn marker(svg: &mut String, marker: Marker, (x, y): (f64, f64), size: f64, colour: &str) {
    let r = size / 2.0;
    let closed = |points: &[(f64, f64)]| {
        let places: Vec<String> = points.iter().map(|(a, b)| format!("{:.2} {:.2}", x + a * r, y + b * r)).collect();
        format!("<path d=\"M{}Z\" fill=\"{colour}\"/>\n", places.join("L"))
    };
    *svg += &match marker {
        Marker::Circle => format!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{r:.2}\" fill=\"{colour}\"/>\n"),
        Marker::OpenCircle => format!(
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{:.2}\" fill=\"#fff\" stroke=\"{colour}\" stroke-width=\"0.8\"/>\n",
            r - 0.2
        ),
        Marker::Square => closed(&[(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]),
        Marker::Diamond => closed(&[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)]),
        Marker::Triangle => closed(&[(0.0, -1.15), (1.1, 0.8), (-1.1, 0.8)]),
        Marker::Cross => format!(
            "<path d=\"M{:.2} {:.2}l{size:.2} {size:.2}m0 -{size:.2}l-{size:.2} {size:.2}\" fill=\"none\" \
             stroke=\"{colour}\" stroke-width=\"0.9\"/>\n",
            x - r,
            y - r
        ),
    };
}

/// One panel in the making.
struct Canvas<'a> {
    /// Name of its clipping region, unique in a page.
    clip: String,
    panel: &'a Panel,
    ranges: &'a ResolvedPanel,
    layout: &'a PanelLayout,
    resolved: &'a Resolved,
}

impl Canvas<'_> {
    fn x(&self, value: f64) -> f64 {
        let frame = self.layout.frame;
        let place = frame.x + frame.width * fraction(self.panel.x.scale, self.ranges.x, value);
        // Far outside is as good as just outside, and keeps renderers out of trouble.
        place.clamp(frame.x - 4000.0, frame.x + frame.width + 4000.0)
    }

    fn y(&self, value: f64) -> f64 {
        let frame = self.layout.frame;
        let place = frame.y + frame.height * (1.0 - fraction(self.panel.y.scale, self.ranges.y, value));
        place.clamp(frame.y - 4000.0, frame.y + frame.height + 4000.0)
    }

    fn draw(&self, svg: &mut String) {
        let frame = self.layout.frame;
        let _ = writeln!(svg, "<clipPath id=\"{}\">", self.clip);
        rectangle(svg, frame, "");
        svg.push_str("</clipPath>\n");
        let mut ordered: Vec<&Series> = self.panel.series.iter().collect();
        ordered.sort_by_key(|series| rank(series));
        let _ = writeln!(svg, "<g clip-path=\"url(#{})\">", self.clip);
        // Points on the edge are drawn whole, so they come after the axes, outside of the clipped group.
        for series in ordered.iter().filter(|s| rank(s) < 5) {
            self.series(series, svg);
        }
        svg.push_str("</g>\n");
        self.axes(svg);
        for series in ordered.iter().filter(|s| rank(s) >= 5) {
            self.series(series, svg);
        }
        if let (Some(bar), Some(colours)) = (&self.layout.bar, &self.ranges.colours) {
            colour_bar(bar, colours, &format!("{}-bar", self.clip), svg);
        }
    }

    fn series(&self, series: &Series, svg: &mut String) {
        let colour = self.resolved.colour(series);
        match series {
            Series::Line(s) => self.line(s, colour, svg),
            Series::Points(s) => self.points(s, colour, svg),
            Series::Band(s) => self.band(s, colour, svg),
            Series::Bars(s) => self.bars(s, colour, svg),
            Series::Reference(s) => self.reference(s, colour, svg),
            Series::Annotation(s) => self.annotation(s, colour, svg),
            Series::HeatMap(s) => {
                let image = self.ranges.colours.as_ref().and_then(|c| heat_map_png(s, self.panel, self.ranges, c));
                let Some(image) = image else { return };
                let Rect { x, y, width, height } = self.layout.frame;
                let _ = writeln!(
                    svg,
                    "<image x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" \
                     preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" \
                     href=\"data:image/png;base64,{}\"/>",
                    base64(&image)
                );
            }
        }
    }

    fn line(&self, line: &Line, colour: Colour, svg: &mut String) {
        let mut path = String::new();
        for run in runs(&line.x, &line.y, |x, y| (self.x(x), self.y(y))) {
            let run = thinned(&run, |x| 4.0 * x);
            let _ = write!(path, "M{:.2} {:.2}", run[0].0, run[0].1);
            for (x, y) in &run[1..] {
                let _ = if line.stepped { write!(path, "H{x:.2}V{y:.2}") } else { write!(path, "L{x:.2} {y:.2}") };
            }
        }
        if !path.is_empty() {
            let style = stroke(colour, line.width, line.dash, line.opacity);
            let _ = writeln!(svg, "<path d=\"{path}\" {style} stroke-linejoin=\"round\"/>");
        }
    }

    fn points(&self, points: &Points, colour: Colour, svg: &mut String) {
        let frame = self.layout.frame;
        let (top, bottom) = (frame.y, frame.y + frame.height);
        let hex = colour.hex();
        let bar = stroke(colour, 0.7, Dash::Solid, 1.0);
        for (i, (x, y)) in points.x.iter().zip(&points.y).enumerate() {
            let (px, py) = (self.x(*x), self.y(*y));
            let is_inside = px >= frame.x - 0.1 && px <= frame.x + frame.width + 0.1;
            if !(is_inside && py.is_finite()) {
                continue;
            }
            if let Some(error) = points.error.get(i).filter(|e| e.is_finite() && **e > 0.0) {
                let high = self.y(y + error).clamp(top, bottom);
                // On a log axis the bar may reach below everything that can be shown.
                let low = self.y(y - error);
                let low = if low.is_finite() { low.clamp(top, bottom) } else { bottom };
                let cap = (0.42 * points.size).max(1.2);
                let _ = writeln!(
                    svg,
                    "<path d=\"M{px:.2} {high:.2}V{low:.2}M{0:.2} {high:.2}H{1:.2}M{0:.2} {low:.2}H{1:.2}\" {bar}/>",
                    px - cap,
                    px + cap
                );
            }
            if py >= top - 0.1 && py <= bottom + 0.1 {
                marker(svg, points.marker, (px, py), points.size, &hex);
            }
        }
    }

    fn band(&self, band: &Band, colour: Colour, svg: &mut String) {
        let frame = self.layout.frame;
        let floor = frame.y + frame.height;
        // A lower end that a log axis cannot show lies at the bottom.
        let lower: Vec<f64> = band.lower.iter().map(|v| if v.is_nan() { f64::NAN } else { self.y(*v) }).collect();
        let both: Vec<f64> =
            band.upper.iter().zip(&band.lower).map(|(u, l)| if l.is_nan() { *l } else { *u }).collect();
        let indexed: Vec<f64> = (0..band.x.len()).map(|i| i as f64).collect();
        for run in runs(&indexed, &both, |i, u| (i, self.y(u))) {
            let mut path = String::new();
            for (k, (i, upper)) in run.iter().enumerate() {
                let _ = write!(path, "{}{:.2} {upper:.2}", if k == 0 { 'M' } else { 'L' }, self.x(band.x[*i as usize]));
            }
            for (i, _) in run.iter().rev() {
                let low = lower[*i as usize];
                let low = if low.is_finite() { low } else { floor };
                let _ = write!(path, "L{:.2} {low:.2}", self.x(band.x[*i as usize]));
            }
            let _ = writeln!(svg, "<path d=\"{path}Z\" fill=\"{}\" fill-opacity=\"{}\"/>", colour.hex(), band.opacity);
        }
    }

    fn bars(&self, bars: &Bars, colour: Colour, svg: &mut String) {
        let frame = self.layout.frame;
        let zero = self.y(0.0);
        let zero = if zero.is_finite() { zero } else { frame.y + frame.height };
        let mut path = String::new();
        for (edges, height) in bars.edges.windows(2).zip(&bars.heights) {
            let (left, right, top) = (self.x(edges[0]), self.x(edges[1]), self.y(*height));
            if !(left.is_finite() && right.is_finite() && top.is_finite()) || *height == 0.0 {
                continue;
            }
            let inset = (right - left) * (1.0 - bars.fill.clamp(0.0, 1.0)) / 2.0;
            let _ = write!(path, "M{:.2} {zero:.2}V{top:.2}H{:.2}V{zero:.2}Z", left + inset, right - inset);
        }
        let hex = colour.hex();
        let opacity = bars.opacity;
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{hex}\" fill-opacity=\"{opacity}\"/>");
    }

    fn reference(&self, line: &Reference, colour: Colour, svg: &mut String) {
        let frame = self.layout.frame;
        let style = stroke(colour, 0.7, line.dash, 1.0);
        match line.direction {
            Direction::Vertical => {
                let x = self.x(line.at);
                if x.is_finite() {
                    segment(svg, (x, frame.y), (x, frame.y + frame.height), &style);
                }
            }
            Direction::Horizontal => {
                let y = self.y(line.at);
                if y.is_finite() {
                    segment(svg, (frame.x, y), (frame.x + frame.width, y), &style);
                }
            }
        }
    }

    fn annotation(&self, note: &Annotation, colour: Colour, svg: &mut String) {
        let (x, y) = (self.x(note.x), self.y(note.y));
        if !(x.is_finite() && y.is_finite()) {
            return;
        }
        let frame = self.layout.frame;
        let size = TICK_SIZE;
        let room = width(&note.text, size, false);
        let (left, base) = match note.anchor {
            Anchor::Above => (x - room / 2.0, y - 3.0),
            Anchor::Below => (x - room / 2.0, y + 3.0 + 0.72 * size),
            Anchor::Left => (x - room - 3.0, y + 0.35 * size),
            Anchor::Right => (x + 3.0, y + 0.35 * size),
        };
        // A text near the edge moves inside instead of being cut.
        let left = left.min(frame.x + frame.width - room - 1.5).max(frame.x + 1.5);
        let base = base.clamp(frame.y + size, (frame.y + frame.height - 2.5).max(frame.y + size));
        let style = format!(
            "fill=\"{}\" stroke=\"#fff\" stroke-width=\"1.6\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
            colour.hex()
        );
        Text::new(&note.text, size).at(left, base).with(&style).draw(svg);
    }

    /// Spines, ticks, tick labels and titles.
    fn axes(&self, svg: &mut String) {
        let Rect { x, y, width: w, height: h } = self.layout.frame;
        let axis = format!("fill=\"none\" stroke=\"#000\" stroke-width=\"{AXIS}\"");
        let is_map = self.ranges.colours.is_some();
        let spines = if is_map {
            format!("M{x:.2} {y:.2}h{w:.2}v{h:.2}h-{w:.2}Z")
        } else {
            format!("M{x:.2} {y:.2}v{h:.2}h{w:.2}")
        };
        let mut ticks = String::new();
        let (bottom, minor) = (y + h, 0.55 * TICK);
        for (place, _) in &self.layout.x_ticks.major {
            let _ = write!(ticks, "M{:.2} {bottom:.2}v{TICK}", self.x(*place));
        }
        for place in &self.layout.x_ticks.minor {
            let _ = write!(ticks, "M{:.2} {bottom:.2}v{minor:.2}", self.x(*place));
        }
        for (place, _) in &self.layout.y_ticks.major {
            let _ = write!(ticks, "M{x:.2} {:.2}h-{TICK}", self.y(*place));
        }
        for place in &self.layout.y_ticks.minor {
            let _ = write!(ticks, "M{x:.2} {:.2}h-{minor:.2}", self.y(*place));
        }
        let _ = writeln!(svg, "<path d=\"{spines}{ticks}\" {axis} stroke-linecap=\"square\"/>");
        for (place, label) in &self.layout.x_ticks.major {
            let base = bottom + TICK + 2.0 + 0.75 * TICK_SIZE;
            Text::new(label, TICK_SIZE).at(self.x(*place), base).middle().draw(svg);
        }
        for (place, label) in &self.layout.y_ticks.major {
            let base = self.y(*place) + 0.35 * TICK_SIZE;
            Text::new(label, TICK_SIZE).at(x - TICK - 2.0, base).end().draw(svg);
        }
        let across = x + w / 2.0;
        Text::new(&self.layout.x_title, LABEL_SIZE)
            .at(across, self.layout.x_title_y)
            .middle()
            .within(w + 20.0)
            .draw(svg);
        let place = (self.layout.y_title_x + 0.2 * LABEL_SIZE, y + h / 2.0);
        Text::new(&self.layout.y_title, LABEL_SIZE).at(place.0, place.1).middle().within(h + 16.0).upwards().draw(svg);
        for (line, title) in self.layout.title.iter().rev().enumerate() {
            let base = self.layout.title_y - line as f64 * TITLE_SIZE * 1.15;
            Text::new(title, TITLE_SIZE).at(across, base).middle().within(w + 8.0).draw(svg);
        }
        if let Some((letter, left)) = &self.layout.letter {
            let text = Text::new(letter, LETTER_SIZE).at(*left, self.layout.title_y + 0.3);
            text.with("font-weight=\"700\"").draw(svg);
        }
    }
}

fn colour_bar(bar: &BarLayout, colours: &ResolvedColours, id: &str, svg: &mut String) {
    let Rect { x, y, width: w, height: h } = bar.frame;
    let _ = write!(svg, "<linearGradient id=\"{id}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">");
    for i in 0..=24 {
        let place = f64::from(i) / 24.0;
        let _ = write!(svg, "<stop offset=\"{place:.4}\" stop-color=\"{}\"/>", colours.map.at(place).hex());
    }
    svg.push_str("</linearGradient>\n");
    rectangle(svg, bar.frame, &format!("fill=\"url(#{id})\" stroke=\"#000\" stroke-width=\"{AXIS}\""));
    let place = |v: f64| y + h * (1.0 - fraction(colours.scale, (colours.from, colours.to), v));
    let mut ticks = String::new();
    for (value, _) in &bar.ticks.major {
        let _ = write!(ticks, "M{:.2} {:.2}h{TICK}", x + w, place(*value));
    }
    for value in &bar.ticks.minor {
        let _ = write!(ticks, "M{:.2} {:.2}h{:.2}", x + w, place(*value), 0.55 * TICK);
    }
    let _ = writeln!(svg, "<path d=\"{ticks}\" fill=\"none\" stroke=\"#000\" stroke-width=\"{AXIS}\"/>");
    for (value, label) in &bar.ticks.major {
        Text::new(label, TICK_SIZE).at(x + w + TICK + 2.0, place(*value) + 0.35 * TICK_SIZE).draw(svg);
    }
    let title = Text::new(&bar.title, LABEL_SIZE).at(bar.title_x + 0.3 * LABEL_SIZE, y + h / 2.0);
    title.middle().within(h + 16.0).upwards().draw(svg);
}

/// Order of drawing: what covers an area first, lines and points on it, texts last.
pub(super) fn rank(series: &Series) -> usize {
    match series {
        Series::HeatMap(_) => 0,
        Series::Bars(_) => 1,
        Series::Band(_) => 2,
        Series::Reference(_) => 3,
        Series::Line(_) => 4,
        Series::Points(_) => 5,
        Series::Annotation(_) => 6,
    }
}

/// Points in a row between interruptions, after `place`.
pub(super) fn runs(x: &[f64], y: &[f64], place: impl Fn(f64, f64) -> (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (x, y) in x.iter().zip(y) {
        let (px, py) = place(*x, *y);
        if px.is_finite() && py.is_finite() && x.is_finite() && y.is_finite() {
            runs.last_mut().expect("there is always a run").push((px, py));
        } else if runs.last().is_some_and(|run| !run.is_empty()) {
            runs.push(Vec::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// At most four points for each unit of `place` (first, lowest, highest, last): the same picture, any length.
pub(super) fn thinned(run: &[(f64, f64)], place: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    if run.len() < 2000 {
        return run.to_vec();
    }
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for bin in run.chunk_by(|a, b| place(a.0).floor() == place(b.0).floor()) {
        let by_height = |a: &(usize, &(f64, f64)), b: &(usize, &(f64, f64))| a.1.1.total_cmp(&b.1.1);
        let lowest = bin.iter().enumerate().min_by(by_height).map_or(0, |(i, _)| i);
        let highest = bin.iter().enumerate().max_by(by_height).map_or(0, |(i, _)| i);
        let mut chosen = [0, lowest, highest, bin.len() - 1];
        chosen.sort_unstable();
        let mut last = None;
        for i in chosen {
            if last != Some(i) {
                kept.push(bin[i]);
            }
            last = Some(i);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::super::series::HeatMap;
    use super::*;
    use resvg::usvg::roxmltree::Document;

    fn everything() -> Figure {
        let x: Vec<f64> = (0..20).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|v| (v / 3.0).sin() + 2.0).collect();
        Figure::new("all")
            .panel(
                Panel::new()
                    .title("a < b & \"c\"")
                    .x(Axis::new("k_{1}").unit("s^{−1}"))
                    .y(Axis::new("y").log())
                    .with(Line::new("line", x.clone(), y.clone()).dash(Dash::DashDot))
                    .with(Line::steps("steps <i>", x.clone(), y.clone()))
                    .with(Points::new("points", x.clone(), y.clone()).error(vec![5.0; 20]))
                    .with(Band::new("line", x.clone(), vec![-1.0; 20], y.clone()))
                    .with(Reference::vertical(3.0).label("here"))
                    .with(Annotation::new("peak <1>", 5.0, 3.0)),
            )
            .panel(Panel::new().with(HeatMap::of_counts((0, 0), 2, [0.0, 1e-9, f64::NAN, 1.0]).log().label("P")))
            .panel(Panel::new().with(Bars::of_counts("bars", 0, [0.1, f64::NAN, 0.3])))
    }

    #[test]
    fn svg_is_well_formed_and_says_everything() {
        let svg = everything().to_svg().expect("it can be drawn");
        let document = Document::parse(&svg).expect("well-formed XML");
        let text: String = document.descendants().filter_map(|n| n.text()).collect();
        for words in ["a < b & \"c\"", "steps <i>", "points", "here", "peak <1>", "bars"] {
            assert!(text.contains(words), "{words}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "no number is missing");
        let ids: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
    }

    #[test]
    fn png_has_the_size_of_the_paper_and_text_without_system_fonts() {
        let blank = Figure::new("f").width(50.8).panel(Panel::new());
        let size = |png: &[u8]| {
            let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
            (side(16), side(20))
        };
        let png = blank.to_png(3.125).expect("it can be drawn");
        assert_eq!(size(&png).0, 600, "50.8 mm are 2 inches of 300 dots");
        // The same figure with a title has the same frame but more ink above it.
        let dark = |figure: &Figure| {
            let image = Pixmap::decode_png(&figure.to_png(1.0).expect("drawn")).expect("our own image");
            image.pixels().iter().filter(|p| p.red() < 128).count()
        };
        let titled = Figure::new("f").width(50.8).panel(Panel::new().title("mmmmmmmm"));
        assert!(dark(&titled) > dark(&blank) + 60, "{} {}", dark(&titled), dark(&blank));
    }

    use resvg::tiny_skia::Pixmap;

    #[test]
    fn long_lines_are_thinned_without_losing_extremes() {
        let n = 200_000;
        let run: Vec<(f64, f64)> = (0..n)
            .map(|i| (100.0 * f64::from(i) / f64::from(n), if i == 77_777 { 9.0 } else { f64::from(i % 7) }))
            .collect();
        let kept = thinned(&run, |x| 4.0 * x);
        assert!(kept.len() <= 4 * 401, "{}", kept.len());
        assert!(kept.iter().any(|p| p.1 == 9.0));
        assert_eq!((kept[0], kept[kept.len() - 1]), (run[0], run[run.len() - 1]));
        assert!(kept.windows(2).all(|w| w[0].0 <= w[1].0));
    }

    #[test]
    fn nan_interrupts_a_line() {
        let found = runs(&[0.0, 1.0, 2.0, 3.0], &[0.0, f64::NAN, 1.0, 2.0], |x, y| (x, y));
        assert_eq!(found, [vec![(0.0, 0.0)], vec![(2.0, 1.0), (3.0, 2.0)]]);
    }
}
