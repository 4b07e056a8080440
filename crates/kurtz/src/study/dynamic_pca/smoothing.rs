//! What smoothing does to the parameters that move.

use super::frames::Part;
use crate::Error;
use kurtz_learn::courses::{CourseSettings, Courses, Recording, Split};
use kurtz_report::{Axis, Band, Cell, Figure, Line, Panel, Section, Table};

/// From so many sampling errors on, smoothing takes away what is there.
const TOO_MANY: f64 = 2.0;

/// Parameters before and after smoothing at the middle condition, and how far they are apart at all.
///
/// # Errors
/// As [`CourseSettings::raw`].
pub fn compare(
    settings: &CourseSettings,
    courses: &Courses,
    recordings: &[Recording],
    time: &Axis,
) -> Result<Part, Error> {
    let (names, width) = (courses.parameter_names(), courses.width());
    let column = |rows: &[f64], p: usize| rows.iter().skip(p).step_by(width).copied().collect::<Vec<f64>>();
    let train = courses.of_split(Split::Train);
    let middle = train[train.len() / 2];
    let mut figure = Figure::new("smoothing").columns(2).caption(
        "Parameters that move, before (with their sampling errors) and after smoothing, at the condition in the middle.",
    );
    let mut largest = vec![0.0_f64; courses.dynamic.len()];
    for (c, recording) in recordings.iter().enumerate() {
        let raw = settings.raw(&recording.snapshots, &courses.standardisation)?;
        for (&p, largest) in courses.dynamic.iter().zip(&mut largest) {
            let (values, errors) = (column(&raw.standard, p), column(&raw.errors, p));
            let smoothed = column(&courses.courses[c].standard, p);
            let n = values.len() as f64;
            let rms = (values.iter().zip(&smoothed).map(|(x, s)| (x - s).powi(2)).sum::<f64>() / n).sqrt();
            let mut sorted = errors.clone();
            sorted.sort_by(f64::total_cmp);
            *largest = largest.max(rms / sorted[sorted.len() / 2].max(f64::MIN_POSITIVE));
            if c == middle {
                let times: Vec<f64> = (0..values.len()).map(|t| courses.start + courses.step * t as f64).collect();
                let bound = |sign: f64| values.iter().zip(&errors).map(|(x, e)| x + sign * e).collect::<Vec<f64>>();
                let panel = Panel::new()
                    .x(time.clone())
                    .y(Axis::new(names[p].clone()))
                    .with(Band::new("data", times.clone(), bound(-1.0), bound(1.0)))
                    .with(Line::new("data", times.clone(), values).width(0.8))
                    .with(Line::new("smoothed", times, smoothed));
                figure = figure.panel(panel);
            }
        }
    }
    let mut table = Table::new(["parameter", "largest difference in sampling errors"]).caption(
        "Root mean square of smoothed less raw values over the median sampling error, largest over the conditions.",
    );
    for (&p, largest) in courses.dynamic.iter().zip(&largest) {
        table.push([Cell::text(names[p].clone()), Cell::digits(*largest, 2)]);
    }
    let mut section = Section::new("Smoothing");
    if largest.iter().any(|l| *l > TOO_MANY) {
        section = section.paragraph(
            "**Smoothing takes away more than sampling errors explain**: what is learned below is not what the trajectories do. Take \
             a smaller amount, or leave the choice to `within_errors`.",
        );
    }
    section = section.figure(figure).table(table);
    if let Some(choices) = settings.choices(recordings, &courses.standardisation, &courses.dynamic)? {
        let mut errors = Table::new(["parameter", "method", "held-out error"]).caption(
            "Methods to smooth and differentiate: mean squares of what one half of the trajectories, smoothed, differs from the other \
             half, over the conditions to learn from; * is what was taken.",
        );
        for (&p, choice) in courses.dynamic.iter().zip(&choices) {
            let least = choice.errors.iter().map(|(_, e)| *e).fold(f64::INFINITY, f64::min);
            for (method, error) in &choice.errors {
                let mark = if *error == least { " *" } else { "" };
                let method = format!("{method}{mark}");
                errors.push([Cell::text(names[p].clone()), Cell::text(method), Cell::digits(*error, 4)]);
            }
        }
        section = section.table(errors);
    }
    Ok(Part { section, checks: Vec::new(), data: Vec::new() })
}
