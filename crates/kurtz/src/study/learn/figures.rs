//! Data beside what was learned.

use super::{Fit, Kind, Learned};
use kurtz_report::{Axis, Band, Bars, DataTable, Figure, Line, Panel, Points, Reference, plain};

/// With more points than this their errors are shown as a band.
const BARS: usize = 40;
/// Conditions shown.
const SHOWN: usize = 6;

/// Data with error bars and learned curves, a figure for each condition.
pub(super) fn fits(learned: &Learned) -> Vec<Figure> {
    let time = &learned.units.time;
    let of = |(i, condition): (usize, &String)| {
        let caption = match learned.fits.iter().any(|f| !f.curve.is_empty()) {
            true => format!(
                "`{}`: data (points, with one standard error) and the learned network (line).",
                plain(condition)
            ),
            false => format!("`{}`: the counts.", plain(condition)),
        };
        let mut figure = Figure::new(format!("fit-{}", i + 1)).caption(caption);
        for fit in learned.fits.iter().filter(|f| f.condition == *condition) {
            let mut panel = Panel::new()
                .x(Axis::new("time").unit(time.clone()))
                .y(Axis::new(fit.observable.clone()).unit(fit.unit.clone()));
            if fit.curve.is_empty() && fit.predicted.is_empty() {
                panel = panel.with(Line::steps("", fit.times.clone(), fit.values.clone()));
            } else {
                let (times, values, errors) = measured(fit);
                let many = times.len() > BARS;
                if many && !errors.is_empty() {
                    let edge = |sign: f64| values.iter().zip(&errors).map(|(v, e)| v + sign * e).collect::<Vec<f64>>();
                    panel = panel.with(Band::new("data", times.clone(), edge(-1.0), edge(1.0)));
                }
                let mut points = Points::new("data", times, values).size(if many { 1.8 } else { 3.0 });
                if !many && !errors.is_empty() {
                    points = points.error(errors);
                }
                panel = panel.with(points).with(Line::new("learned", fit.curve_times.clone(), fit.curve.clone()));
            }
            figure = figure.panel(panel);
        }
        figure
    };
    conditions(learned).iter().take(SHOWN).enumerate().map(of).collect()
}

/// Residuals in standard errors over time, of all conditions; none where there are no standard errors.
pub(super) fn residuals(learned: &Learned) -> Option<Figure> {
    let mut figure = Figure::new("residuals")
        .caption(match learned.kind {
            Kind::Moments | Kind::Ensemble => "Measured less learned values, in standard errors: around zero and mostly within two, if the fit is good; values at neighbouring times come from the same trajectories and stray together.",
            _ => "Measured less learned values, in standard errors: evenly around zero and mostly within two, if the fit is good.",
        });
    let mut names: Vec<&String> = Vec::new();
    for fit in &learned.fits {
        if !names.contains(&&fit.observable) {
            names.push(&fit.observable);
        }
    }
    let mut any = false;
    for name in names {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        for fit in
            learned.fits.iter().filter(|f| f.observable == *name && !f.errors.is_empty() && !f.predicted.is_empty())
        {
            for t in 0..fit.times.len() {
                let z = (fit.values[t] - fit.predicted[t]) / fit.errors[t];
                if z.is_finite() {
                    times.push(fit.times[t]);
                    values.push(z);
                }
            }
        }
        any |= !values.is_empty();
        let panel = Panel::new()
            .x(Axis::new("time").unit(learned.units.time.clone()))
            .y(Axis::new(name.clone()))
            .with(Reference::horizontal(0.0))
            .with(Points::new("", times, values).size(2.5));
        figure = figure.panel(panel);
    }
    any.then_some(figure)
}

/// How evenly residuals of traces are spread.
pub(super) fn evenness(learned: &Learned) -> Option<Figure> {
    let n = learned.uniform.len();
    if n < 20 {
        return None;
    }
    let bins = (n / 20).clamp(5, 20);
    let mut counts = vec![0.0; bins];
    for u in &learned.uniform {
        counts[((u * bins as f64) as usize).min(bins - 1)] += 1.0;
    }
    let edges: Vec<f64> = (0..=bins).map(|i| i as f64 / bins as f64).collect();
    let panel = Panel::new()
        .x(Axis::new("residual").range(0.0, 1.0))
        .y(Axis::new("events").from_zero())
        .with(Bars::new("", edges, counts))
        .with(Reference::horizontal(n as f64 / bins as f64));
    let caption = "Residuals of the trace (rescaled waiting times, or ranks of transitions): evenly spread along the line, if the \
                   learned network is right.";
    Some(Figure::new("evenness").caption(caption).panel(panel))
}

fn conditions(learned: &Learned) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for fit in &learned.fits {
        if !names.contains(&fit.condition) {
            names.push(fit.condition.clone());
        }
    }
    names
}

/// The values that were measured, with their errors.
fn measured(fit: &Fit) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let rows: Vec<usize> = (0..fit.times.len()).filter(|&t| fit.values[t].is_finite()).collect();
    let pick = |values: &[f64]| -> Vec<f64> {
        if values.is_empty() { Vec::new() } else { rows.iter().map(|&t| values[t]).collect() }
    };
    (pick(&fit.times), pick(&fit.values), pick(&fit.errors))
}

/// Data and predictions as a table.
pub(super) fn table(learned: &Learned) -> DataTable {
    let rows = || learned.fits.iter().flat_map(|f| (0..f.times.len()).map(move |t| (f, t)));
    let number = |of: fn(&Fit) -> &Vec<f64>| -> Vec<f64> {
        rows().map(|(f, t)| of(f).get(t).copied().unwrap_or(f64::NAN)).collect()
    };
    DataTable::new("fit")
        .column("condition", rows().map(|(f, _)| f.condition.clone()).collect::<Vec<String>>())
        .column("observable", rows().map(|(f, _)| f.observable.clone()).collect::<Vec<String>>())
        .column("time", number(|f| &f.times))
        .column("measured", number(|f| &f.values))
        .column("standard-error", number(|f| &f.errors))
        .column("learned", number(|f| &f.predicted))
}
