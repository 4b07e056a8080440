//! Mean and standard deviation over time against the published ones.

use super::published::{Published, PublishedCourse};
use super::{Sampled, Settings};
use crate::study::scan::Course;
use kurtz_report::{Axis, Band, Cell, Check, Colour, Figure, Line, Panel, Section, Table};

/// Published courses are of so many trajectories.
const PUBLISHED: f64 = 1200.0;
/// From so many trajectories on, differences must be of the size of the standard errors.
const ENOUGH: u64 = 1200;

/// Root mean squares of differences from a published course, and of the standard errors that both have together.
struct Comparison {
    mean: f64,
    mean_error: f64,
    deviation: f64,
    deviation_error: f64,
}

fn compare(times: &[f64], course: &Course, n: u64, published: &PublishedCourse) -> Comparison {
    let mut sums = [0.0; 4];
    let mut count = 0.0;
    for (k, &time) in published.times.iter().enumerate() {
        let Some(t) = times.iter().position(|t| (t - time).abs() < 1e-6) else { continue };
        let (s, both) = (course.deviation[t], 1.0 / n as f64 + 1.0 / PUBLISHED);
        sums[0] += (course.mean[t] - published.means[k]).powi(2);
        sums[1] += s * s * both;
        sums[2] += (s - published.deviations[k]).powi(2);
        // Of a normal law; the laws here are not far from it.
        sums[3] += 0.5 * s * s * both;
        count += 1.0;
    }
    let root = |sum: f64| (sum / count).sqrt();
    Comparison {
        mean: root(sums[0]),
        mean_error: root(sums[1]),
        deviation: root(sums[2]),
        deviation_error: root(sums[3]),
    }
}

/// Every condition with a published course: ligand, trajectories, times, course, published course.
fn pairs<'a>(
    settings: &'a Settings,
    sampled: &'a [Sampled],
    published: &'a Published,
) -> Vec<(f64, u64, &'a [f64], &'a Course, &'a PublishedCourse)> {
    let all = sampled.iter().flat_map(|s| s.points(&settings.ligand));
    all.filter_map(|(x, c, course)| Some((x, c.trajectories, &c.times[..], course, published.course(x)?))).collect()
}

pub(super) fn section(settings: &Settings, sampled: &[Sampled], published: &Published) -> Section {
    let mut table = Table::new([
        "IP3 (uM)",
        "trajectories",
        "rms difference of means",
        "expected",
        "rms difference of sd",
        "expected",
    ])
    .caption("In uM, from 10 to 49.9 s. Expected: by the standard errors of both sides, ours raw, the published ones of 1200 trajectories as if raw; smoothing has taken away part of theirs.");
    let mut figure = Figure::new("courses").columns(2).caption(
        "Mean of calcium (blue) with one standard deviation (band), and the published smoothed curves of both (orange).",
    );
    for (ligand, n, times, course, theirs) in pairs(settings, sampled, published) {
        let c = compare(times, course, n, theirs);
        table.push([
            Cell::from(ligand),
            Cell::Integer(n as i64),
            Cell::digits(c.mean, 3),
            Cell::digits(c.mean_error, 3),
            Cell::digits(c.deviation, 3),
            Cell::digits(c.deviation_error, 3),
        ]);
        let edge =
            |sign: f64| course.mean.iter().zip(&course.deviation).map(|(m, s)| m + sign * s).collect::<Vec<f64>>();
        let their =
            |sign: f64| theirs.means.iter().zip(&theirs.deviations).map(|(m, s)| m + sign * s).collect::<Vec<f64>>();
        let line = |y: Vec<f64>| Line::new("published, smoothed", theirs.times.clone(), y).colour(Colour::Orange);
        let panel = Panel::new()
            .title(format!("{} = {ligand} uM, {n} trajectories", settings.ligand))
            .x(Axis::new("time").unit("s"))
            .y(Axis::new(settings.observed.clone()).unit("uM").from_zero())
            .with(Band::new("mean ± sd", times.to_vec(), edge(-1.0), edge(1.0)).colour(Colour::SkyBlue))
            .with(Line::new("mean", times.to_vec(), course.mean.clone()).colour(Colour::Blue))
            .with(line(their(-1.0)))
            .with(line(their(0.0)))
            .with(line(their(1.0)));
        figure = figure.panel(panel);
    }
    let section = Section::new("Time courses").paragraph(
        "All trajectories begin alike and lose step within some 20 s: the mean has a common transient, its spikes fade.",
    );
    if figure.panels.is_empty() { section } else { section.table(table).figure(figure) }
}

pub(super) fn checks(settings: &Settings, sampled: &[Sampled], published: &Published) -> Vec<Check> {
    let mut checks = Vec::new();
    for (ligand, n, times, course, theirs) in pairs(settings, sampled, published) {
        let c = compare(times, course, n, theirs);
        let name = |what: &str| format!("course at {ligand} uM ({n} trajectories): rms difference of {what} (uM)");
        if n >= ENOUGH {
            checks.push(Check::at_most(name("means"), 1.5 * c.mean_error, c.mean));
            checks.push(Check::at_most(name("standard deviations"), 1.5 * c.deviation_error, c.deviation));
        } else {
            checks.push(Check::at_most(name("means"), 0.012, c.mean));
            checks.push(Check::at_most(name("standard deviations"), 0.012, c.deviation));
        }
    }
    checks
}
