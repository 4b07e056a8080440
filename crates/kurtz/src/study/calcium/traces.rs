//! Figure 6: single trajectories, ours beside the published ones, and whether these are such as ours.

use super::published::{Published, PublishedTrace};
use super::{Sampled, Settings};
use crate::study::scan::{Course, Trace};
use kurtz_dynamics::stats::spikes::{SpikeSettings, Spikes};
use kurtz_report::{Axis, Cell, Check, Colour, Figure, Line, Panel, Section, Table};

/// The window in which trajectories are compared (that of [`super::Settings::scan`]), and where they are cut off.
const WINDOW: (f64, f64) = (10.1, 49.8);
const CEILING: f64 = 1.0;
/// Ensembles need so many trajectories to have an envelope.
const ENOUGH: u64 = 40;

/// Mean, standard deviation and number of peaks of a published trajectory; values cut off count as the ceiling.
fn statistics(trace: &PublishedTrace) -> [f64; 3] {
    let inside = |t: f64| (WINDOW.0 - 0.01..WINDOW.1 + 0.01).contains(&t);
    let pairs = trace.times.iter().zip(&trace.values).filter(|(t, _)| inside(**t));
    let (times, values): (Vec<f64>, Vec<f64>) =
        pairs.map(|(t, x)| (*t, if x.is_nan() { CEILING } else { x.min(CEILING) })).unzip();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let peaks = Spikes::of(&times, &values, &SpikeSettings::default()).map_or(0, |s| s.peaks.len());
    [mean, deviation, peaks as f64]
}

/// A published trajectory in the envelope of ours.
struct Comparison<'a> {
    trace: &'a PublishedTrace,
    statistics: [f64; 3],
    /// 2.5 % and 97.5 % points over ours.
    envelopes: [(f64, f64); 3],
}

impl Comparison<'_> {
    fn inside(&self) -> [bool; 3] {
        std::array::from_fn(|k| (self.envelopes[k].0..=self.envelopes[k].1).contains(&self.statistics[k]))
    }
}

fn envelope(traces: &[Trace], of: impl Fn(&Trace) -> f64) -> (f64, f64) {
    let mut values: Vec<f64> = traces.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let at = |p: f64| values[(p * (values.len() - 1) as f64).round() as usize];
    (at(0.025), at(0.975))
}

fn course_of<'a>(trace: &PublishedTrace, sampled: &'a [Sampled], ligand: &'a str) -> Option<(&'a [f64], &'a Course)> {
    let fits = |s: &&Sampled| {
        s.ensemble.volume == trace.volume
            && s.ensemble.receptors == trace.receptors
            && s.ensemble.trajectories >= ENOUGH
    };
    let mut points = sampled.iter().filter(fits).flat_map(|s| s.points(ligand));
    points.find(|(x, _, _)| (x - trace.ligand).abs() < 1e-9).map(|(_, c, course)| (&c.times[..], course))
}

fn comparisons<'a>(settings: &Settings, sampled: &[Sampled], published: &'a Published) -> Vec<Comparison<'a>> {
    let compare = |trace: &'a PublishedTrace| {
        let (_, course) = course_of(trace, sampled, &settings.ligand)?;
        Some(Comparison {
            trace,
            statistics: statistics(trace),
            envelopes: [
                envelope(&course.traces, |t| t.mean),
                envelope(&course.traces, |t| t.deviation),
                envelope(&course.traces, |t| t.peaks as f64),
            ],
        })
    };
    published.traces.iter().filter_map(compare).collect()
}

pub(super) fn section(settings: &Settings, sampled: &[Sampled], published: &Published) -> Section {
    let mut table =
        Table::new(["condition", "IP3 (uM)", "mean (uM)", "envelope", "sd (uM)", "envelope", "peaks", "envelope"])
            .caption("Published single trajectories (10.1 to 49.8 s, cut off at 1 uM) and the middle 95 % of ours.");
    let compared = comparisons(settings, sampled, published);
    for c in &compared {
        let shown = |(a, b): (f64, f64), digits: usize| Cell::text(format!("{a:.digits$} to {b:.digits$}"));
        table.push([
            Cell::text(super::label(c.trace.volume, c.trace.receptors)),
            Cell::from(c.trace.ligand),
            Cell::digits(c.statistics[0], 3),
            shown(c.envelopes[0], 3),
            Cell::digits(c.statistics[1], 3),
            shown(c.envelopes[1], 3),
            Cell::from(c.statistics[2]),
            shown(c.envelopes[2], 0),
        ]);
    }
    let (section, figure) = (Section::new("Single trajectories"), figure(settings, sampled, published));
    if figure.panels.is_empty() { section } else { section.figure(figure).table(table) }
}

fn figure(settings: &Settings, sampled: &[Sampled], published: &Published) -> Figure {
    let mut figure = Figure::new("traces").columns(2).caption(
        "Figure 6: calcium in single trajectories, ours (blue) above a published one (orange, cut off at 1 uM) of the same condition.",
    );
    let shown = published.traces.iter().filter(|t| t.volume == 1e-14 && [0.5, 2.0].contains(&t.ligand));
    for trace in shown {
        let Some((times, course)) = course_of(trace, sampled, &settings.ligand) else { continue };
        let Some(path) = course.kept.first() else { continue };
        let (x, y): (Vec<f64>, Vec<f64>) =
            times.iter().zip(path).filter(|(t, _)| **t <= 50.0).map(|(t, x)| (*t, *x)).unzip();
        let panel = Panel::new()
            .title(format!("{} subunits, {} uM", trace.receptors, trace.ligand))
            .x(Axis::new("time").unit("s"))
            .y(Axis::new(settings.observed.clone()).unit("uM").from_zero())
            .with(Line::new("published", trace.times.clone(), trace.values.clone()).colour(Colour::Orange).width(0.9))
            .with(Line::new("kurtz", x, y).colour(Colour::Blue).width(0.9));
        figure = figure.panel(panel);
    }
    figure
}

pub(super) fn checks(settings: &Settings, sampled: &[Sampled], published: &Published) -> Vec<Check> {
    let compared = comparisons(settings, sampled, published);
    let all = 3 * compared.len();
    if all == 0 {
        return Vec::new();
    }
    let inside: usize = compared.iter().flat_map(|c| c.inside()).filter(|x| *x).count();
    // Of 60 numbers, 3 are outside on average; 8 or more with a probability of 1 %.
    let name = format!("part of {all} statistics of published trajectories within the middle 95 % of ours");
    vec![Check::at_least(name, 0.87, inside as f64 / all as f64)]
}
