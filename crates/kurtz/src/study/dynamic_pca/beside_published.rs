//! Courses made here beside those that Ernst et al. (2021) learned from.

use super::frames::Part;
use super::settings::{Data, Settings};
use crate::Error;
use kurtz_learn::courses::Courses;
use kurtz_learn::dbd::counts;
use kurtz_report::{Axis, Cell, Check, Dash, Figure, Line, Panel, Section, Table};

/// Root mean square difference, in uM, that so many trajectories stay below.
const BAR: (f64, u64) = (0.012, 300);

/// Means and standard deviations of the shown species at the conditions that both have; nothing where there are none.
///
/// # Errors
/// Decoded files that cannot be read.
pub fn compare(settings: &Settings, courses: &Courses, time: &Axis) -> Result<Option<Part>, Error> {
    let Some(directory) = settings.reference.as_deref().filter(|d| d.exists()) else { return Ok(None) };
    let published = if courses.condition_names.len() == 1 {
        Courses::published_ip3(directory)?
    } else {
        Courses::published_receptors(directory)?
    };
    let (unit, molecules) = settings.unit.as_ref().map_or(("molecules", 1.0), |u| (u.name.as_str(), u.molecules));
    let species = settings.shown;
    // [mean, standard deviation] at each time.
    let of = |courses: &Courses, c: usize| -> [Vec<f64>; 2] {
        let visible = courses.visible.len();
        let row = |t: usize| counts(courses.standard(c, t), &courses.standardisation, courses.hidden.len());
        [0, visible].map(|at| (0..courses.times(c)).map(|t| row(t)[at + species] / molecules).collect())
    };
    let mut table = Table::new(["condition", "rms difference of means", "rms difference of standard deviations"])
        .caption(format!("Smoothed courses of {} here and as published ({unit}).", courses.visible[species]));
    let mut figure = Figure::new("beside-published").columns(2).caption(
        "Smoothed mean and standard deviation over time, here and as published (dashed), at the least and the largest condition \
         that both have.",
    );
    let alike = |c: &usize| {
        let found = courses.courses[*c].condition.iter();
        let near = |a: &f64, b: &f64| (a - b).abs() < 1e-9;
        published.courses.iter().position(|p| p.condition.iter().zip(found.clone()).all(|(a, b)| near(a, b)))
    };
    let both: Vec<(usize, usize)> = (0..courses.courses.len()).filter_map(|c| Some((c, alike(&c)?))).collect();
    let mut differences = [Vec::new(), Vec::new()];
    for (k, &(ours, theirs)) in both.iter().enumerate() {
        let (a, b) = (of(courses, ours), of(&published, theirs));
        let rms = |i: usize| {
            let squares: f64 = a[i].iter().zip(&b[i]).map(|(x, y)| (x - y).powi(2)).sum();
            (squares / a[i].len().min(b[i].len()) as f64).sqrt()
        };
        let label = courses.courses[ours].condition.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        table.push([Cell::text(label.clone()), Cell::digits(rms(0), 2), Cell::digits(rms(1), 2)]);
        differences.iter_mut().enumerate().for_each(|(i, d)| d.push(rms(i)));
        if k == 0 || k + 1 == both.len() {
            let times = |n: usize| (0..n).map(|t| courses.start + courses.step * t as f64).collect::<Vec<_>>();
            let mut panel =
                Panel::new().title(label).x(time.clone()).y(Axis::new(courses.visible[species].clone()).unit(unit));
            for ((name, a), b) in ["mean", "standard deviation"].iter().zip(a).zip(b) {
                panel = panel
                    .with(Line::new(*name, times(a.len()), a))
                    .with(Line::new(*name, times(b.len()), b).dash(Dash::Dashed));
            }
            figure = figure.panel(panel);
        }
    }
    if both.is_empty() {
        return Ok(None);
    }
    let checks = ["mean", "standard deviation"].iter().zip(&mut differences).map(|(name, differences)| {
        differences.sort_by(f64::total_cmp);
        let middle = differences[differences.len() / 2];
        Check::at_most(format!("rms difference of the {name} to the published course ({unit}), median"), BAR.0, middle)
    });
    let enough = |data: &Data| matches!(data, Data::Sampled(sampling) if sampling.trajectories >= BAR.1);
    let checks = checks.filter(|_| enough(&settings.data) && courses.condition_names.len() == 1).collect();
    let section = Section::new("Courses beside the published ones").figure(figure).table(table);
    Ok(Some(Part { section, checks, data: Vec::new() }))
}
