//! A figure for looking closer: the same description as a Plotly specification.
//!
//! Panels, titles and colour bars stand where [`Figure::to_svg`] puts them, and an axis title that carries a power of
//! ten in print carries it here, the numbers being divided by it. All lengths are in points of the printed
//! figure; the page multiplies them by the ratio of the room it has to the printed width.

use super::axis::Scale;
use super::colour::{Colour, ColourMap};
use super::layout::{BarLayout, LABEL_SIZE, LETTER_SIZE, Layout, PanelLayout, TICK, TICK_SIZE, TITLE_SIZE, fraction};
use super::resolve::{Resolved, ResolvedColours, ResolvedPanel};
use super::series::{
    Anchor, Annotation, Band, Bars, Dash, Direction, HeatMap, Line, Marker, Points, Reference, Series,
};
use super::svg::{rank, runs, thinned};
use super::text::{FAMILY, html_label};
use super::{Figure, Legend, Panel};
use crate::error::ReportError;
use serde_json::{Map, Value, json};

/// Points along an axis between which a long line is thinned: more than a screen has pixels.
const RESOLUTION: f64 = 3000.0;

impl Figure {
    /// The figure as JSON with the keys `width` and `height` (points), `data` and `layout` (of Plotly 2 and later).
    ///
    /// Numbers are rounded to seven digits and long lines thinned to what a screen can show; the data files have all.
    ///
    /// # Errors
    /// As [`Figure::to_svg`].
    pub fn to_plotly(&self) -> Result<String, ReportError> {
        let resolved = self.resolve()?;
        let layout = self.layout(&resolved);
        let mut data = Vec::new();
        let mut scene = Scene::new(self, &layout);
        let mut listed: Vec<&str> = Vec::new();
        for (i, panel) in self.panels.iter().enumerate() {
            let mut ordered: Vec<&Series> = panel.series.iter().collect();
            ordered.sort_by_key(|series| rank(series));
            scene.axes(i, panel, &resolved.panels[i], &layout.panels[i]);
            for series in ordered {
                let axes = Axes {
                    number: i,
                    panel,
                    ranges: &resolved.panels[i],
                    bar: layout.panels[i].bar.as_ref(),
                    units: [&layout.panels[i].x_ticks, &layout.panels[i].y_ticks].map(|t| 10f64.powi(t.power)),
                };
                let mut traces = axes.traces(series, resolved.colour(series), &layout, &mut scene);
                if !series.label().is_empty() {
                    for trace in &mut traces {
                        trace["name"] = html_label(series.label()).into();
                        trace["legendgroup"] = series.label().into();
                    }
                    let is_sample = self.is_sample(series) && !listed.contains(&series.label());
                    if let (true, Some(first)) = (is_sample, traces.first_mut()) {
                        listed.push(series.label());
                        first["showlegend"] = true.into();
                        first["legendrank"] = rank_in_legend(&resolved, series).into();
                    }
                }
                data.append(&mut traces);
            }
        }
        let specification = json!({ "width": number(layout.width), "height": number(layout.height), "data": data, "layout": scene.finish() });
        Ok(specification.to_string())
    }

    /// Whether this kind of series stands for its label in the legend: of those that share it, the latest drawn.
    fn is_sample(&self, series: &Series) -> bool {
        let alike = self.panels.iter().flat_map(|p| &p.series).filter(|s| s.label() == series.label());
        alike.map(rank).max() == Some(rank(series))
    }
}

fn rank_in_legend(resolved: &Resolved, series: &Series) -> usize {
    resolved.labels.iter().position(|(label, _)| label == series.label()).unwrap_or(0) + 1
}

/// A number for the page: seven digits, `null` where there is none.
fn number(value: f64) -> Value {
    if !value.is_finite() {
        return Value::Null;
    }
    let rounded: f64 = format!("{value:.6e}").parse().unwrap_or(value);
    // Whole numbers need no `.0`.
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 { json!(rounded as i64) } else { json!(rounded) }
}

fn numbers(values: &[f64]) -> Value {
    values.iter().map(|v| number(*v)).collect()
}

fn rgba(colour: Colour, opacity: f64) -> String {
    let [r, g, b] = colour.components();
    format!("rgba({r},{g},{b},{opacity})")
}

fn dash(dash: Dash) -> &'static str {
    match dash {
        Dash::Solid => "solid",
        Dash::Dashed => "dash",
        Dash::Dotted => "dot",
        Dash::DashDot => "dashdot",
    }
}

/// The `layout` in the making.
struct Scene {
    entries: Map<String, Value>,
    annotations: Vec<Value>,
    shapes: Vec<Value>,
    width: f64,
    height: f64,
}

impl Scene {
    fn new(figure: &Figure, layout: &Layout) -> Scene {
        let (width, height) = (layout.width, layout.height);
        let mut entries = Map::new();
        entries.insert("font".into(), json!({ "family": FAMILY, "size": TICK_SIZE, "color": "#000" }));
        entries.insert("margin".into(), json!({ "l": 0, "r": 0, "t": 0, "b": 0 }));
        entries.insert("paper_bgcolor".into(), json!("#fff"));
        entries.insert("plot_bgcolor".into(), json!("rgba(0,0,0,0)"));
        entries.insert("hovermode".into(), json!("closest"));
        entries.insert("barmode".into(), json!("overlay"));
        entries.insert("showlegend".into(), json!(!layout.legend.is_empty()));
        if let Some(first) = layout.legend.first() {
            let (y, anchor) = match figure.legend {
                Legend::Below => (0.0, "bottom"),
                _ => (1.0, "top"),
            };
            let legend = json!({
                "orientation": "h", "x": number(first.x / width), "xanchor": "left", "y": y, "yanchor": anchor,
                "font": { "size": LABEL_SIZE }, "bgcolor": "rgba(0,0,0,0)", "itemwidth": 30, "traceorder": "normal",
                "tracegroupgap": 0,
            });
            entries.insert("legend".into(), legend);
        }
        Scene { entries, annotations: Vec::new(), shapes: Vec::new(), width, height }
    }

    /// The two axes of a panel, its title and its letter.
    fn axes(&mut self, index: usize, panel: &Panel, ranges: &ResolvedPanel, layout: &PanelLayout) {
        let (width, height) = (self.width, self.height);
        let frame = layout.frame;
        let is_map = ranges.colours.is_some();
        let domain_x = [number(frame.x / width), number((frame.x + frame.width) / width)];
        let domain_y = [number(1.0 - (frame.y + frame.height) / height), number(1.0 - frame.y / height)];
        for (kind, other, axis, range, domain, printed, ticks) in [
            ("x", "y", &panel.x, ranges.x, domain_x, &layout.x_title, &layout.x_ticks),
            ("y", "x", &panel.y, ranges.y, domain_y, &layout.y_title, &layout.y_ticks),
        ] {
            let is_log = axis.scale == Scale::Log;
            let unit = 10f64.powi(ticks.power);
            let (from, to) = (axis.scale.forward(range.0 / unit), axis.scale.forward(range.1 / unit));
            let mut value = json!({
                "domain": domain,
                "anchor": axis_name(other, index),
                "type": if is_log { "log" } else { "linear" },
                "range": [number(from), number(to)],
                "title": { "text": html_label(printed), "font": { "size": LABEL_SIZE }, "standoff": 2.0 },
                "showgrid": false, "zeroline": false, "showline": true, "linecolor": "#000", "linewidth": 0.6,
                "mirror": is_map, "ticks": "outside", "ticklen": TICK, "tickwidth": 0.6, "tickcolor": "#000",
                "tickfont": { "size": TICK_SIZE }, "nticks": ticks.major.len() + 2, "automargin": false,
                "ticklabeloverflow": "allow", "exponentformat": "power", "hoverformat": ".5~g",
            });
            if is_log && to - from >= 2.0 {
                // Whole powers of ten, thinned as in print; the page goes back to free ticks when a reader zooms in.
                let places: Vec<f64> = ticks.major.iter().take(2).map(|(v, _)| v.log10()).collect();
                let every = if places.len() == 2 { (places[1] - places[0]).round().max(1.0) } else { 1.0 };
                value["tickmode"] = "linear".into();
                value["dtick"] = number(every);
                value["tick0"] = number(places.first().map_or(0.0, |p| p.round()));
                let digits = json!({ "ticks": "outside", "ticklen": 0.55 * TICK, "tickwidth": 0.6, "dtick": "D1" });
                value["minor"] = if every == 1.0 { digits } else { json!({ "ticks": "" }) };
            }
            self.entries.insert(format!("{kind}axis{}", suffix(index)), value);
        }
        let mut text = |text: String, x: f64, y: f64, anchor: &str, size: f64| {
            self.annotations.push(json!({
                "text": text, "x": number(x / width), "y": number(1.0 - y / height), "xref": "paper", "yref": "paper",
                "xanchor": anchor, "yanchor": "bottom", "showarrow": false, "font": { "size": size }, "borderpad": 0,
            }));
        };
        if !layout.title.is_empty() {
            let lines: Vec<String> = layout.title.iter().map(|line| html_label(line)).collect();
            text(lines.join("<br>"), frame.x + frame.width / 2.0, layout.title_y + 2.5, "center", TITLE_SIZE);
        }
        if let Some((letter, x)) = &layout.letter {
            text(format!("<b>{letter}</b>"), *x, layout.title_y + 2.5, "left", LETTER_SIZE);
        }
    }

    fn finish(mut self) -> Value {
        self.entries.insert("annotations".into(), Value::Array(self.annotations));
        self.entries.insert("shapes".into(), Value::Array(self.shapes));
        Value::Object(self.entries)
    }
}

/// Plotly counts axes x, x2, x3, ...
fn suffix(index: usize) -> String {
    if index == 0 { String::new() } else { (index + 1).to_string() }
}

fn axis_name(kind: &str, index: usize) -> String {
    format!("{kind}{}", suffix(index))
}

/// The axes that a trace belongs to.
struct Axes<'a> {
    number: usize,
    panel: &'a Panel,
    ranges: &'a ResolvedPanel,
    bar: Option<&'a BarLayout>,
    /// What x and y are divided by, as the titles of the axes say.
    units: [f64; 2],
}

impl Axes<'_> {
    fn traces(&self, series: &Series, colour: Colour, layout: &Layout, scene: &mut Scene) -> Vec<Value> {
        let mut traces = match series {
            Series::Line(line) => vec![self.line(line, colour)],
            Series::Points(points) => vec![self.points(points, colour)],
            Series::Band(band) => vec![self.band(band, colour)],
            Series::Bars(bars) => vec![self.bars(bars, colour)],
            Series::HeatMap(map) => {
                self.ranges.colours.iter().map(|colours| self.heat_map(map, colours, layout)).collect()
            }
            Series::Reference(reference) => {
                self.reference(reference, colour, scene);
                let line = json!({ "color": colour.hex(), "width": 0.8, "dash": dash(reference.dash) });
                let sample = json!({ "type": "scatter", "mode": "lines", "x": [null], "y": [null], "line": line });
                if reference.label.is_empty() { Vec::new() } else { vec![sample] }
            }
            Series::Annotation(note) => {
                self.annotation(note, colour, scene);
                Vec::new()
            }
        };
        for trace in &mut traces {
            trace["xaxis"] = axis_name("x", self.number).into();
            trace["yaxis"] = axis_name("y", self.number).into();
            trace["showlegend"] = false.into();
        }
        traces
    }

    fn x_numbers(&self, values: &[f64]) -> Value {
        values.iter().map(|v| number(v / self.units[0])).collect()
    }

    fn y_numbers(&self, values: &[f64]) -> Value {
        values.iter().map(|v| number(v / self.units[1])).collect()
    }

    fn line(&self, line: &Line, colour: Colour) -> Value {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let place = |v: f64| fraction(self.panel.x.scale, self.ranges.x, v);
        for run in runs(&line.x, &line.y, |x, y| (x, y)) {
            if !x.is_empty() {
                x.push(f64::NAN);
                y.push(f64::NAN);
            }
            for (a, b) in thinned(&run, |v| place(v) * RESOLUTION) {
                x.push(a);
                y.push(b);
            }
        }
        json!({
            "type": "scatter", "mode": "lines", "x": self.x_numbers(&x), "y": self.y_numbers(&y), "opacity": line.opacity,
            "line": {
                "color": colour.hex(), "width": line.width, "dash": dash(line.dash),
                "shape": if line.stepped { "hv" } else { "linear" },
            },
            "connectgaps": false,
        })
    }

    /// One closed outline for each stretch without gaps.
    fn band(&self, band: &Band, colour: Colour) -> Value {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let floor = self.ranges.y.0;
        let width: Vec<f64> = band.upper.iter().zip(&band.lower).map(|(u, l)| u - l).collect();
        let indexed: Vec<f64> = (0..band.x.len()).map(|i| i as f64).collect();
        for run in runs(&indexed, &width, |i, w| (i, w)) {
            let indices: Vec<usize> = run.iter().map(|(i, _)| *i as usize).collect();
            if !x.is_empty() {
                x.push(f64::NAN);
                y.push(f64::NAN);
            }
            for i in &indices {
                x.push(band.x[*i]);
                y.push(band.upper[*i]);
            }
            for i in indices.iter().rev() {
                x.push(band.x[*i]);
                let is_shown = self.panel.y.scale.forward(band.lower[*i]).is_finite();
                y.push(if is_shown { band.lower[*i] } else { floor });
            }
        }
        json!({
            "type": "scatter", "mode": "lines", "x": self.x_numbers(&x), "y": self.y_numbers(&y), "fill": "toself",
            "fillcolor": rgba(colour, band.opacity), "line": { "width": 0 }, "hoverinfo": "skip",
        })
    }

    fn heat_map(&self, map: &HeatMap, colours: &ResolvedColours, layout: &Layout) -> Value {
        let columns = map.x_edges.len().saturating_sub(1).max(1);
        let forward = |v: f64| colours.scale.forward(v);
        // Four digits are more than a colour shows; the data files have them all.
        let short = |v: f64| format!("{v:.3e}").parse().map_or(Value::Null, number);
        let rows: Vec<Value> =
            map.values.chunks(columns).map(|row| row.iter().map(|v| short(forward(*v))).collect()).collect();
        let stops: Vec<Value> = (0..=24)
            .map(|i| {
                let place = f64::from(i) / 24.0;
                json!([number(place), colours.map.at(place).hex()])
            })
            .collect();
        let what = if colours.label.is_empty() { "value" } else { &colours.label };
        // Colours of a log scale are logarithms; what the reader sees is the value.
        let value = if colours.scale == Scale::Log { "%{customdata:.3~g}" } else { "%{z:.4~g}" };
        let mut trace = json!({
            "type": "heatmap", "x": self.x_numbers(&map.x_edges), "y": self.y_numbers(&map.y_edges), "z": rows,
            "zmin": number(forward(colours.from)), "zmax": number(forward(colours.to)), "colorscale": stops,
            "showscale": false, "hoverongaps": false,
            "hovertemplate": format!("x %{{x}}<br>y %{{y}}<br>{} {value}<extra></extra>", html_label(what)),
        });
        if colours.scale == Scale::Log {
            let rounded = |v: &f64| format!("{v:.2e}").parse().map_or(Value::Null, number);
            let rows = map.values.chunks(columns).map(|row| row.iter().map(rounded).collect::<Value>());
            trace["customdata"] = rows.collect();
        }
        if colours.map == ColourMap::Diverging {
            trace["zmid"] = json!(0);
        }
        if let Some(bar) = self.bar {
            trace["showscale"] = true.into();
            trace["colorbar"] = colour_bar(bar, colours, layout);
        }
        trace
    }

    fn reference(&self, reference: &Reference, colour: Colour, scene: &mut Scene) {
        let (x, y) = (axis_name("x", self.number), axis_name("y", self.number));
        let at = number(match reference.direction {
            Direction::Vertical => reference.at / self.units[0],
            Direction::Horizontal => reference.at / self.units[1],
        });
        let line = json!({ "color": colour.hex(), "width": 0.7, "dash": dash(reference.dash) });
        scene.shapes.push(match reference.direction {
            Direction::Vertical => json!({
                "type": "line", "xref": x, "yref": format!("{y} domain"), "x0": at, "x1": at, "y0": 0, "y1": 1,
                "line": line, "layer": "below",
            }),
            Direction::Horizontal => json!({
                "type": "line", "xref": format!("{x} domain"), "yref": y, "x0": 0, "x1": 1, "y0": at, "y1": at,
                "line": line, "layer": "below",
            }),
        });
    }

    fn annotation(&self, note: &Annotation, colour: Colour, scene: &mut Scene) {
        let (x_anchor, y_anchor, x_shift, y_shift) = match note.anchor {
            Anchor::Above => ("auto", "bottom", 0.0, 2.0),
            Anchor::Below => ("auto", "top", 0.0, -2.0),
            Anchor::Left => ("right", "middle", -2.0, 0.0),
            Anchor::Right => ("left", "middle", 2.0, 0.0),
        };
        scene.annotations.push(json!({
            "text": html_label(&note.text), "xref": axis_name("x", self.number), "yref": axis_name("y", self.number),
            "x": number(self.panel.x.scale.forward(note.x / self.units[0])),
            "y": number(self.panel.y.scale.forward(note.y / self.units[1])),
            "showarrow": false, "xanchor": x_anchor, "yanchor": y_anchor, "xshift": x_shift, "yshift": y_shift,
            "font": { "size": TICK_SIZE, "color": colour.hex() },
        }));
    }

    fn points(&self, points: &Points, colour: Colour) -> Value {
        let symbol = match points.marker {
            Marker::Circle | Marker::OpenCircle => "circle",
            Marker::Square => "square",
            Marker::Diamond => "diamond",
            Marker::Triangle => "triangle-up",
            Marker::Cross => "x-thin-open",
        };
        let mut trace = json!({
            "type": "scatter", "mode": "markers", "x": self.x_numbers(&points.x), "y": self.y_numbers(&points.y), "cliponaxis": false,
            "marker": { "symbol": symbol, "size": points.size, "color": colour.hex(), "line": { "width": 0.8 } },
        });
        match points.marker {
            // White inside, as in print, and not transparent.
            Marker::OpenCircle => {
                trace["marker"]["color"] = "#fff".into();
                trace["marker"]["line"]["color"] = colour.hex().into();
            }
            Marker::Cross => {}
            _ => trace["marker"]["line"]["width"] = 0.into(),
        }
        if !points.error.is_empty() {
            trace["error_y"] = json!({
                "type": "data", "array": self.y_numbers(&points.error), "thickness": 0.7, "width": 0.42 * points.size,
                "color": colour.hex(),
            });
        }
        trace
    }

    fn bars(&self, bars: &Bars, colour: Colour) -> Value {
        let pairs = || bars.edges.windows(2);
        let centres: Vec<f64> = pairs().map(|e| (e[0] + e[1]) / 2.0).collect();
        let widths: Vec<f64> = pairs().map(|e| (e[1] - e[0]) * bars.fill).collect();
        json!({
            "type": "bar", "x": self.x_numbers(&centres), "y": self.y_numbers(&bars.heights), "width": self.x_numbers(&widths),
            "marker": { "color": rgba(colour, bars.opacity), "line": { "width": 0 } },
        })
    }
}

fn colour_bar(bar: &BarLayout, colours: &ResolvedColours, layout: &Layout) -> Value {
    let frame = bar.frame;
    let places: Vec<f64> = bar.ticks.major.iter().map(|(v, _)| colours.scale.forward(*v)).collect();
    let labels: Vec<String> = bar.ticks.major.iter().map(|(_, label)| html_label(label)).collect();
    json!({
        "x": number(frame.x / layout.width), "xref": "paper", "xanchor": "left", "xpad": 0,
        "y": number(1.0 - (frame.y + frame.height / 2.0) / layout.height), "yref": "paper", "yanchor": "middle",
        "ypad": 0, "lenmode": "fraction", "len": number(frame.height / layout.height), "thickness": frame.width,
        "outlinewidth": 0.6, "outlinecolor": "#000", "ticks": "outside", "ticklen": TICK, "tickwidth": 0.6,
        "tickmode": "array", "tickvals": numbers(&places), "ticktext": labels, "tickfont": { "size": TICK_SIZE },
        "title": { "text": html_label(&bar.title), "side": "right", "font": { "size": LABEL_SIZE } },
    })
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::*;

    fn parsed(figure: &Figure) -> Value {
        serde_json::from_str(&figure.to_plotly().expect("it can be drawn")).expect("valid JSON")
    }

    #[test]
    fn the_data_are_in_the_json() {
        let figure = Figure::new("f")
            .panel(
                Panel::new()
                    .with(Line::new("a", [0.0, 1.0, 2.0], [0.125, f64::NAN, 1.0 / 3.0]))
                    .with(Points::new("b", [1.0], [2.0]).error([0.5])),
            )
            .panel(Panel::new().with(HeatMap::of_counts((0, 0), 2, [0.1, 1e-3, 0.0, 1.0]).log()));
        let json = parsed(&figure);
        assert_eq!(json["data"][0]["x"], json!([0, null, 2]));
        assert_eq!(json["data"][0]["y"], json!([0.125, null, 0.3333333]));
        assert_eq!(json["data"][1]["error_y"]["array"], json!([0.5]));
        assert_eq!(json["data"][2]["z"], json!([[-1, -3], [null, 0]]));
        assert_eq!(json["data"][2]["xaxis"], "x2");
        assert_eq!(json["layout"]["xaxis2"]["range"], json!([-0.5, 1.5]));
    }

    #[test]
    fn a_power_of_ten_in_the_title_is_taken_out_of_the_numbers() {
        let figure = Figure::new("f").panel(
            Panel::new()
                .x(Axis::new("t").unit("s"))
                .with(Line::new("", [0.0, 4e-7], [0.0, 1.0]))
                .with(Reference::vertical(2e-7))
                .with(Annotation::new("here", 3e-7, 0.5)),
        );
        let json = parsed(&figure);
        assert_eq!(json["layout"]["xaxis"]["title"]["text"], "t (10<sup>−7</sup> s)");
        assert_eq!(json["layout"]["xaxis"]["range"], json!([0, 4]));
        assert_eq!(json["data"][0]["x"], json!([0, 4]));
        assert_eq!(json["layout"]["shapes"][0]["x0"], json!(2));
        assert_eq!(json["layout"]["annotations"][0]["x"], json!(3));
    }

    #[test]
    fn each_label_is_listed_once() {
        let panel = || {
            Panel::new()
                .with(Band::new("a", [0.0, 1.0], [0.0, 0.0], [1.0, 1.0]))
                .with(Line::new("a", [0.0, 1.0], [0.5, 0.5]))
                .with(Reference::vertical(0.5).label("here"))
        };
        let json = parsed(&Figure::new("f").panel(panel()).panel(panel()));
        let listed: Vec<&Value> =
            json["data"].as_array().expect("traces").iter().filter(|t| t["showlegend"] == true).collect();
        assert_eq!(listed.iter().map(|t| t["name"].as_str().unwrap_or("")).collect::<Vec<_>>(), ["here", "a"]);
        assert_eq!(json["layout"]["shapes"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn long_lines_are_thinned_for_the_screen() {
        let n = 300_000;
        let x: Vec<f64> = (0..n).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|v| (v * 0.77).sin()).collect();
        let length = Figure::new("f").panel(Panel::new().with(Line::new("", x, y))).to_plotly().expect("drawn").len();
        assert!(length < 400_000, "{length}");
    }
}
