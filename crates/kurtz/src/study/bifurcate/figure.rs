//! The figure of a diagram: branches of each species, and periods.

use super::shown::{Quantity, Shown};
use super::tables::{kind_of, kind_of_cycle};
use kurtz_dynamics::bifurcation::Diagram;
use kurtz_ode::continuation::{CycleEnd, CyclePoint};
use kurtz_report::{Axis, Colour, Dash, Figure, Line, Marker, Panel, Points};

/// Panels for species unless some were asked for.
const MOST_PANELS: usize = 4;

/// One panel a species, and one for the period if there are cycles.
pub(super) fn diagram(diagram: &Diagram, shown: &Shown, range: (f64, f64)) -> Figure {
    let species = &shown.species[..shown.species.len().min(MOST_PANELS)];
    let mut figure = Figure::new("bifurcations").caption(format!(
        "Steady states along {}, and the lowest and highest values on limit cycles.",
        shown.parameter
    ));
    for quantity in species {
        figure = figure.panel(panel(diagram, shown, quantity, range));
    }
    if !diagram.cycles.is_empty() {
        figure = figure.panel(periods(diagram, shown, range));
    }
    let panels = figure.panels.len();
    if panels > 3 { figure.columns(panels.div_ceil(2).min(3)) } else { figure }
}

/// A curve in two styles: pairs of neighbours that are both stable, and all others.
struct Split {
    x: Vec<f64>,
    stable: Vec<f64>,
    unstable: Vec<f64>,
}

impl Split {
    fn new(points: &[(f64, f64, bool)]) -> Split {
        let mut split = Split { x: Vec::new(), stable: Vec::new(), unstable: Vec::new() };
        let mut add = |x: f64, y: f64, stable: bool, unstable: bool| {
            split.x.push(x);
            split.stable.push(if stable { y } else { f64::NAN });
            split.unstable.push(if unstable { y } else { f64::NAN });
        };
        for (i, &(x, y, stable)) in points.iter().enumerate() {
            // Where the style changes, the unstable part takes the stretch between the two points.
            let before = i.checked_sub(1).map(|j| points[j].2);
            let after = points.get(i + 1).map(|p| p.2);
            let touches_unstable = !stable || before == Some(false) || after == Some(false);
            add(x, y, stable, touches_unstable);
        }
        split
    }
}

fn add_curve(mut panel: Panel, points: &[(f64, f64, bool)], labels: [&str; 2], colour: Colour) -> Panel {
    let split = Split::new(points);
    let has = |values: &[f64]| values.iter().any(|v| v.is_finite());
    if has(&split.stable) {
        panel = panel.with(Line::new(labels[0], split.x.clone(), split.stable).width(1.4).colour(colour));
    }
    if has(&split.unstable) {
        let line = Line::new(labels[1], split.x, split.unstable).dash(Dash::Dashed).width(0.9);
        panel = panel.with(line.colour(colour));
    }
    panel
}

const STEADY: [&str; 2] = ["steady, stable", "steady, unstable"];
const CYCLE: [&str; 2] = ["cycle, stable", "cycle, unstable"];

fn axis(name: &str, unit: &str) -> Axis {
    Axis::new(name).unit(unit)
}

fn panel(diagram: &Diagram, shown: &Shown, quantity: &Quantity, range: (f64, f64)) -> Panel {
    let mut panel = Panel::new().x(axis(&shown.parameter, &shown.unit).range(range.0, range.1)).y(axis(
        &quantity.name,
        &quantity.unit,
    )
    .from_zero());
    for branch in &diagram.steady {
        let points: Vec<_> =
            branch.points.iter().map(|p| (p.parameter, quantity.of(&p.observed), p.is_stable())).collect();
        panel = add_curve(panel, &points, STEADY, Colour::Blue);
    }
    for branch in &diagram.cycles {
        // Cycles shrink to the steady state at the Hopf points where they end.
        let hopf = |end: CycleEnd| {
            let CycleEnd::Hopf(at) = end else { return None };
            let place = diagram.steady.iter().flat_map(|b| &b.special).find(|s| s.point.parameter == at)?;
            Some((at, quantity.of(&place.point.observed)))
        };
        let edge = |of: &dyn Fn(&CyclePoint) -> f64| -> Vec<(f64, f64, bool)> {
            let stable_at = |c: Option<&CyclePoint>| c.is_some_and(CyclePoint::is_stable);
            let first = hopf(branch.ends[0]).map(|(p, y)| (p, y, stable_at(branch.points.first())));
            let last = hopf(branch.ends[1]).map(|(p, y)| (p, y, stable_at(branch.points.last())));
            let points = branch.points.iter().map(|c| (c.parameter, of(c), c.is_stable()));
            first.into_iter().chain(points).chain(last).collect()
        };
        panel = add_curve(panel, &edge(&|c| quantity.of(&c.minimum)), CYCLE, Colour::Vermillion);
        panel = add_curve(panel, &edge(&|c| quantity.of(&c.maximum)), CYCLE, Colour::Vermillion);
    }
    let special = diagram.steady.iter().flat_map(|b| &b.special);
    for (label, marker) in [
        ("fold", Marker::Square),
        ("branch point", Marker::Diamond),
        ("Hopf, supercritical", Marker::Circle),
        ("Hopf, subcritical", Marker::OpenCircle),
        ("Hopf", Marker::Circle),
    ] {
        let places: Vec<(f64, f64)> = special
            .clone()
            .filter(|s| kind_of(s) == label)
            .map(|s| (s.point.parameter, quantity.of(&s.point.observed)))
            .collect();
        panel = add_points(panel, label, marker, &places);
    }
    let special = diagram.cycles.iter().flat_map(|b| &b.special);
    for (label, marker) in [
        ("fold of cycles", Marker::Square),
        ("period doubling", Marker::Triangle),
        ("torus", Marker::Cross),
        ("branch point of cycles", Marker::Diamond),
    ] {
        let of_kind = special.clone().filter(|s| kind_of_cycle(s.kind) == label);
        let places: Vec<(f64, f64)> = of_kind
            .flat_map(|s| [&s.point.minimum, &s.point.maximum].map(|edge| (s.point.parameter, quantity.of(edge))))
            .collect();
        panel = add_points(panel, label, marker, &places);
    }
    panel
}

fn add_points(panel: Panel, label: &str, marker: Marker, places: &[(f64, f64)]) -> Panel {
    if places.is_empty() {
        return panel;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = places.iter().copied().unzip();
    panel.with(Points::new(label, x, y).marker(marker).colour(Colour::Black))
}

fn periods(diagram: &Diagram, shown: &Shown, range: (f64, f64)) -> Panel {
    let mut panel =
        Panel::new()
            .x(axis(&shown.parameter, &shown.unit).range(range.0, range.1))
            .y(axis("period", &shown.time_unit).from_zero());
    for branch in &diagram.cycles {
        let points: Vec<_> = branch.points.iter().map(|c| (c.parameter, c.period, c.is_stable())).collect();
        panel = add_curve(panel, &points, CYCLE, Colour::Vermillion);
    }
    panel
}
