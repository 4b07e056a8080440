//! Tables and figures of a scan.

use super::{Condition, Counted, Course, Scan, Settings};
use kurtz_report::{Axis, Cell, DataTable, Figure, Line, Marker, Panel, Points, Section, Table};

/// Curves in one panel at most.
const MOST_CURVES: usize = 8;

/// One row a condition and variable.
pub(super) fn table(scan: &Scan) -> DataTable {
    let rows: Vec<(&Condition, &Course)> =
        scan.conditions.iter().flat_map(|c| c.courses.iter().map(move |course| (c, course))).collect();
    let numbers =
        |of: &dyn Fn(&Condition, &Course) -> f64| -> Vec<f64> { rows.iter().map(|(c, k)| of(c, k)).collect() };
    let mut table = DataTable::new("conditions");
    for (i, (name, _)) in scan.conditions.first().map_or(&[][..], |c| &c.point.values).iter().enumerate() {
        table = table.column(name.clone(), numbers(&|c, _| c.point.values[i].1));
    }
    let value = |counted: Option<Counted>| counted.map_or(f64::NAN, |c| c.value);
    let error = |counted: Option<Counted>| counted.map_or(f64::NAN, |c| c.error);
    let in_window = |c: &Condition, values: &[f64]| {
        let (first, end) = c.window;
        values[first..end].iter().sum::<f64>() / (end - first) as f64
    };
    table
        .column("variable", rows.iter().map(|(_, k)| k.name.clone()).collect::<Vec<_>>())
        .column("unit", rows.iter().map(|(_, k)| k.unit.clone()).collect::<Vec<_>>())
        .column("trajectories", rows.iter().map(|(c, _)| c.trajectories as i64).collect::<Vec<_>>())
        .column("mean", numbers(&|c, k| in_window(c, &k.mean)))
        .column("deviation", numbers(&|c, k| in_window(c, &k.deviation)))
        .column("low", numbers(&|_, k| k.range.low.value))
        .column("low-error", numbers(&|_, k| k.range.low.error))
        .column("low-error-normal", numbers(&|_, k| k.range.normal_low_error))
        .column("low-error-as-published", numbers(&|_, k| k.range.published_low_error))
        .column("low-error-bootstrap", numbers(&|_, k| k.range.low.bootstrap_error))
        .column("low-from", numbers(&|_, k| k.range.low.interval.0))
        .column("low-to", numbers(&|_, k| k.range.low.interval.1))
        .column("high", numbers(&|_, k| k.range.high.value))
        .column("high-error", numbers(&|_, k| k.range.high.error))
        .column("high-error-normal", numbers(&|_, k| k.range.normal_high_error))
        .column("high-error-bootstrap", numbers(&|_, k| k.range.high.bootstrap_error))
        .column("high-from", numbers(&|_, k| k.range.high.interval.0))
        .column("high-to", numbers(&|_, k| k.range.high.interval.1))
        .column("peaks", numbers(&|_, k| k.oscillation.peaks.value))
        .column("peaks-error", numbers(&|_, k| k.oscillation.peaks.error))
        .column("period", numbers(&|_, k| value(k.oscillation.period)))
        .column("period-error", numbers(&|_, k| error(k.oscillation.period)))
        .column("interval-variation", numbers(&|_, k| k.oscillation.variation.unwrap_or(f64::NAN)))
        .column("peak-height", numbers(&|_, k| value(k.oscillation.height)))
        .column("peak-height-error", numbers(&|_, k| error(k.oscillation.height)))
        .column("events", rows.iter().map(|(c, _)| c.events as i64).collect::<Vec<_>>())
        .column("seconds", numbers(&|c, _| c.seconds))
}

/// Columns that say which condition a row belongs to, `rows` of each.
fn keyed(name: &str, scan: &Scan, rows: impl Fn(&Condition) -> usize) -> DataTable {
    let mut table = DataTable::new(name);
    for (i, (key, _)) in scan.conditions.first().map_or(&[][..], |c| &c.point.values).iter().enumerate() {
        let column = scan.conditions.iter().flat_map(|c| std::iter::repeat_n(c.point.values[i].1, rows(c)));
        table = table.column(key.clone(), column.collect::<Vec<f64>>());
    }
    table
}

/// Means and standard deviations over time.
pub(super) fn courses(scan: &Scan) -> DataTable {
    let mut table = keyed("courses", scan, |c| c.times.len());
    table = table.column("time", scan.conditions.iter().flat_map(|c| c.times.clone()).collect::<Vec<f64>>());
    for k in 0..scan.conditions.first().map_or(0, |c| c.courses.len()) {
        let name = &scan.conditions[0].courses[k].name;
        let all = |of: fn(&Course) -> &Vec<f64>| -> Vec<f64> {
            scan.conditions.iter().flat_map(|c| of(&c.courses[k]).clone()).collect()
        };
        table = table.column(format!("{name}-mean"), all(|c| &c.mean));
        table = table.column(format!("{name}-sd"), all(|c| &c.deviation));
    }
    table
}

/// The trajectories that were kept, in the form that `kurtz spikes` and `kurtz learn` read.
pub(super) fn traces(scan: &Scan) -> DataTable {
    let kept = |c: &Condition| c.courses.first().map_or(0, |course| course.kept.len());
    let name = scan.conditions.iter().flat_map(|c| std::iter::repeat_n(c.point.name(), kept(c) * c.times.len()));
    let which =
        scan.conditions.iter().flat_map(|c| (0..kept(c)).flat_map(|i| std::iter::repeat_n(i as i64, c.times.len())));
    let when = scan.conditions.iter().flat_map(|c| (0..kept(c)).flat_map(|_| c.times.clone()));
    let mut table = DataTable::new("traces")
        .column("condition", name.collect::<Vec<String>>())
        .column("trajectory", which.collect::<Vec<i64>>())
        .column("time", when.collect::<Vec<f64>>());
    for k in 0..scan.conditions.first().map_or(0, |c| c.courses.len()) {
        let values = scan.conditions.iter().flat_map(|c| c.courses[k].kept.iter().flatten().copied());
        table = table.column(scan.conditions[0].courses[k].name.clone(), values.collect::<Vec<f64>>());
    }
    table
}

pub(super) fn sections(scan: &Scan, settings: &Settings) -> Vec<Section> {
    let (events, seconds) = scan.cost();
    let cost = Table::new(["conditions", "trajectories of each", "events", "seconds of threads", "events per second"])
        .row([
            Cell::Integer(scan.conditions.len() as i64),
            Cell::Integer(settings.trajectories as i64),
            Cell::Integer(events as i64),
            Cell::digits(seconds, 3),
            Cell::digits(events as f64 / seconds, 3),
        ]);
    let mut section = Section::new("Conditions").table(cost);
    let axis = settings.vary.iter().max_by_key(|v| v.values.len()).map(|v| v.name.clone());
    if let Some(axis) = axis.filter(|_| scan.conditions.len() > 1) {
        section = section.figure(ranges(scan, &axis)).figure(periods(scan, &axis));
    }
    section = section.figure(paths(scan));
    vec![section, Section::new("Model").code(scan.model.network.to_crn())]
}

/// A value with its name, short.
fn shown(name: &str, value: f64) -> String {
    let is_plain = value == 0.0 || (1e-3..1e5).contains(&value.abs());
    if is_plain { format!("{name} = {value}") } else { format!("{name} = {value:e}") }
}

/// Conditions that differ in `axis` alone, each group with a name.
fn groups<'a>(scan: &'a Scan, axis: &str) -> Vec<(String, Vec<&'a Condition>)> {
    let mut groups: Vec<(String, Vec<&Condition>)> = Vec::new();
    for condition in &scan.conditions {
        let others = condition.point.values.iter().filter(|(name, _)| name != axis);
        let key = others.map(|(name, value)| shown(name, *value)).collect::<Vec<_>>().join(", ");
        match groups.iter_mut().find(|(name, _)| *name == key) {
            Some((_, members)) => members.push(condition),
            None => groups.push((key, vec![condition])),
        }
    }
    groups.truncate(MOST_CURVES);
    groups
}

fn ranges(scan: &Scan, axis: &str) -> Figure {
    let mut figure = Figure::new("ranges").caption(
        "Lowest mean - sd (open) and highest mean + sd (filled) over the window; bars are 1.96 standard errors.",
    );
    for k in 0..scan.conditions[0].courses.len() {
        let course = &scan.conditions[0].courses[k];
        let mut panel =
            Panel::new().x(Axis::new(axis)).y(Axis::new(course.name.clone()).unit(course.unit.clone()).from_zero());
        for (label, members) in groups(scan, axis) {
            let x: Vec<f64> = members.iter().filter_map(|c| c.point.value(axis)).collect();
            let of = |f: &dyn Fn(&Course) -> f64| -> Vec<f64> { members.iter().map(|c| f(&c.courses[k])).collect() };
            let edge = |name: &str| if label.is_empty() { name.into() } else { format!("{label}: {name}") };
            let high = Points::new(edge("highest mean + sd"), x.clone(), of(&|c| c.range.high.value));
            panel = panel.with(high.error(of(&|c| 1.96 * c.range.high.error)).marker(Marker::Circle));
            let low = Points::new(edge("lowest mean - sd"), x, of(&|c| c.range.low.value));
            panel = panel.with(low.error(of(&|c| 1.96 * c.range.low.error)).marker(Marker::OpenCircle));
        }
        figure = figure.panel(panel);
    }
    figure
}

fn periods(scan: &Scan, axis: &str) -> Figure {
    let mut figure =
        Figure::new("periods").caption("Mean interval between peaks in the window; bars are 1.96 standard errors.");
    for k in 0..scan.conditions[0].courses.len() {
        let mut panel =
            Panel::new()
                .title(scan.conditions[0].courses[k].name.clone())
                .x(Axis::new(axis))
                .y(Axis::new("period").unit(scan.model.time_unit()).from_zero());
        for (label, members) in groups(scan, axis) {
            let known =
                || members.iter().filter_map(|c| Some((c.point.value(axis)?, c.courses[k].oscillation.period?)));
            let (x, period): (Vec<f64>, Vec<Counted>) = known().unzip();
            let points = Points::new(label, x, period.iter().map(|p| p.value).collect::<Vec<_>>());
            panel = panel.with(points.error(period.iter().map(|p| 1.96 * p.error).collect::<Vec<_>>()));
        }
        figure = figure.panel(panel);
    }
    figure
}

/// One trajectory of some conditions.
fn paths(scan: &Scan) -> Figure {
    let mut figure = Figure::new("paths").caption("The first trajectory of some conditions.").columns(2);
    let few = scan.conditions.len().min(6);
    for i in 0..few {
        let condition = &scan.conditions[i * (scan.conditions.len() - 1) / (few - 1).max(1)];
        let course = &condition.courses[0];
        let title = condition.point.values.iter().map(|(n, v)| shown(n, *v)).collect::<Vec<_>>().join(", ");
        let mut panel = Panel::new().title(title).x(Axis::new("time").unit(scan.model.time_unit())).y(Axis::new(
            course.name.clone(),
        )
        .unit(course.unit.clone())
        .from_zero());
        if let Some(path) = course.kept.first() {
            panel = panel.with(Line::new("", condition.times.clone(), path.clone()).width(0.7));
        }
        figure = figure.panel(panel);
    }
    figure
}
