//! Mean and standard deviation over time against the published ones.

use super::published::{Published, PublishedCourse};
use super::{Sampled, Settings};
use crate::Error;
use crate::study::scan::{Condition, Course};
use kurtz_learn::derivative::TotalVariation;
use kurtz_report::{Axis, Band, Cell, Check, Colour, Figure, Line, Panel, Section, Table};

/// Published courses are of so many trajectories.
const PUBLISHED: f64 = 1200.0;
/// From so many trajectories on, differences must be of the size of the standard errors.
const ENOUGH: u64 = 1200;

/// The published standardisation: mean and standard deviation in molecules, and the variance of the noise of the reduced model.
const STANDARD: (f64, f64, f64) = (2118.57855361596, 1934.711856329346, 1.5e-6);
/// Slopes per step below this were set to 0.
const SMALLEST_SLOPE: f64 = 1e-5;
/// Molecules per uM and litre.
const PER_LITRE: f64 = 6.02214076e17;

/// Root mean squares of differences from a published course, and of the standard errors that both have together.
struct Comparison {
    mean: f64,
    mean_error: f64,
    deviation: f64,
    deviation_error: f64,
    /// The same differences after the smoothing that the published course went through.
    smoothed_mean: f64,
    smoothed_deviation: f64,
}

/// A course smoothed as the published ones were: mean and the square root of the excess variance, standardised, are differentiated by
/// total variation (alpha = 100, in steps) and summed up again.
fn smoothed(means: &[f64], deviations: &[f64], molecules: f64) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let (mean, deviation, noise) = STANDARD;
    let smooth = |series: Vec<f64>| -> Result<Vec<f64>, Error> {
        let slopes = TotalVariation::default().differentiate(&series, 1.0)?.slopes;
        let mut sum = series[0];
        let steps = slopes.iter().map(|&u| if u.abs() < SMALLEST_SLOPE { 0.0 } else { u });
        Ok(std::iter::once(sum)
            .chain(steps.map(|u| {
                sum += u;
                sum
            }))
            .collect())
    };
    let b = smooth(means.iter().map(|m| (m * molecules - mean) / deviation).collect())?;
    let w =
        smooth(deviations.iter().map(|s| -((s * molecules / deviation).powi(2) - noise).max(0.0).sqrt()).collect())?;
    let means = b.iter().map(|b| (mean + deviation * b) / molecules).collect();
    Ok((means, w.iter().map(|w| deviation * (w * w + noise).sqrt() / molecules).collect()))
}

fn rms(differences: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = differences.fold((0.0, 0.0), |(sum, count), d| (sum + d * d, count + 1.0));
    (sum / count).sqrt()
}

fn compare(
    times: &[f64],
    course: &Course,
    n: u64,
    published: &PublishedCourse,
    molecules: f64,
) -> Result<Comparison, Error> {
    let place = |time: f64| times.iter().position(|t| (t - time).abs() < 1e-6);
    let places: Vec<usize> = published.times.iter().filter_map(|&time| place(time)).collect();
    if places.len() != published.times.len() {
        let reason = "the course does not have the published output times".into();
        return Err(Error::Declined { method: "the comparison of courses".into(), reason });
    }
    let ours: Vec<f64> = places.iter().map(|&t| course.mean[t]).collect();
    let spread: Vec<f64> = places.iter().map(|&t| course.deviation[t]).collect();
    let (smooth, smooth_spread) = smoothed(&ours, &spread, molecules)?;
    let from = |ours: &[f64], theirs: &[f64]| rms(ours.iter().zip(theirs).map(|(a, b)| a - b));
    let both = (1.0 / n as f64 + 1.0 / PUBLISHED).sqrt();
    Ok(Comparison {
        mean: from(&ours, &published.means),
        mean_error: rms(spread.iter().map(|s| s * both)),
        deviation: from(&spread, &published.deviations),
        // Of a normal law; the laws here are not far from it.
        deviation_error: rms(spread.iter().map(|s| s * both / std::f64::consts::SQRT_2)),
        smoothed_mean: from(&smooth, &published.means),
        smoothed_deviation: from(&smooth_spread, &published.deviations),
    })
}

/// A condition with a published course.
struct Pair<'a> {
    ligand: f64,
    condition: &'a Condition,
    course: &'a Course,
    published: &'a PublishedCourse,
    comparison: Comparison,
}

fn pairs<'a>(settings: &'a Settings, sampled: &'a [Sampled], published: &'a Published) -> Result<Vec<Pair<'a>>, Error> {
    let mut pairs = Vec::new();
    for s in sampled {
        for (ligand, condition, course) in s.points(&settings.ligand) {
            let Some(theirs) = published.course(ligand) else { continue };
            let molecules = PER_LITRE * s.ensemble.volume;
            let comparison = compare(&condition.times, course, condition.trajectories, theirs, molecules)?;
            pairs.push(Pair { ligand, condition, course, published: theirs, comparison });
        }
    }
    Ok(pairs)
}

pub(super) fn section(settings: &Settings, sampled: &[Sampled], published: &Published) -> Result<Section, Error> {
    let mut table = Table::new([
        "IP3 (uM)",
        "trajectories",
        "means: raw",
        "smoothed alike",
        "expected",
        "sd: raw",
        "smoothed alike",
        "expected",
    ])
    .caption(
        "Root mean square differences from the published curves in uM, from 10 to 49.9 s: of our raw courses, and of ours after the \
         published smoothing, which flattens the first peaks. Expected: by the standard errors of both sides as if raw.",
    );
    let mut figure = Figure::new("courses").columns(2).caption(
        "Mean of calcium (blue) with one standard deviation (band), and the published smoothed curves of both (orange).",
    );
    for pair in pairs(settings, sampled, published)? {
        let (c, course, theirs, times) = (&pair.comparison, pair.course, pair.published, &pair.condition.times);
        table.push([
            Cell::from(pair.ligand),
            Cell::Integer(pair.condition.trajectories as i64),
            Cell::digits(c.mean, 3),
            Cell::digits(c.smoothed_mean, 3),
            Cell::digits(c.mean_error, 3),
            Cell::digits(c.deviation, 3),
            Cell::digits(c.smoothed_deviation, 3),
            Cell::digits(c.deviation_error, 3),
        ]);
        let edge =
            |sign: f64| course.mean.iter().zip(&course.deviation).map(|(m, s)| m + sign * s).collect::<Vec<f64>>();
        let their =
            |sign: f64| theirs.means.iter().zip(&theirs.deviations).map(|(m, s)| m + sign * s).collect::<Vec<f64>>();
        let line = |y: Vec<f64>| Line::new("published, smoothed", theirs.times.clone(), y).colour(Colour::Orange);
        let panel = Panel::new()
            .title(format!("{} = {} uM, {} trajectories", settings.ligand, pair.ligand, pair.condition.trajectories))
            .x(Axis::new("time").unit("s"))
            .y(Axis::new(settings.observed.clone()).unit("uM").from_zero())
            .with(Band::new("mean ± sd", times.clone(), edge(-1.0), edge(1.0)).colour(Colour::SkyBlue))
            .with(Line::new("mean", times.clone(), course.mean.clone()).colour(Colour::Blue))
            .with(line(their(-1.0)))
            .with(line(their(0.0)))
            .with(line(their(1.0)));
        figure = figure.panel(panel);
    }
    let section = Section::new("Time courses").paragraph(
        "All trajectories begin alike and lose step within some 20 s: the mean has a common transient, its spikes fade.",
    );
    Ok(if figure.panels.is_empty() { section } else { section.table(table).figure(figure) })
}

pub(super) fn checks(settings: &Settings, sampled: &[Sampled], published: &Published) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    for pair in pairs(settings, sampled, published)? {
        let (c, n, ligand) = (&pair.comparison, pair.condition.trajectories, pair.ligand);
        let name = |what: &str| {
            format!("course at {ligand} uM ({n} trajectories), smoothed alike: rms difference of {what} (uM)")
        };
        let lines = if n >= ENOUGH { (1.5 * c.mean_error, 1.5 * c.deviation_error) } else { (0.012, 0.012) };
        checks.push(Check::at_most(name("means"), lines.0, c.smoothed_mean));
        checks.push(Check::at_most(name("standard deviations"), lines.1, c.smoothed_deviation));
    }
    Ok(checks)
}
