//! Ranges of counts at all conditions (Fig. 3).

use super::learned::{Learned, quantile, word};
use super::sections::{Group, all_groups, pairs};
use super::settings::Settings;
use crate::Error;
use kurtz_learn::courses::Courses;
use kurtz_learn::dbd::range;
use kurtz_report::{Axis, Band, Cell, Check, DataTable, Figure, Line, Panel, Points, Section, Table};
use std::path::Path;

/// The published range of the ensembles, from other runs, of 100 s.
const PUBLISHED: &str = "../oscillation_range/vol_14_no_ip3r_100_n1200.txt";

/// Least and largest values at each group.
type Ends = Vec<[f64; 2]>;

/// A model of one kind and its distances to ranges: `[max, min][learned from, unseen]`.
struct Distance<'a> {
    learned: &'a Learned,
    kept: usize,
    to_courses: [[f64; 2]; 2],
    to_published: Option<[[f64; 2]; 2]>,
}

/// Shows ranges, and holds them against the bars of the published ones where these lie beside.
///
/// # Errors
/// Published ranges that cannot be read.
pub fn ranges(
    settings: &Settings,
    courses: &Courses,
    learned: &[Learned],
) -> Result<(Section, Vec<Check>, DataTable), Error> {
    let species = settings.shown;
    let (unit, molecules) = settings.unit.as_ref().map_or(("molecules", 1.0), |u| (u.name.as_str(), u.molecules));
    let groups = all_groups(courses);
    let x: Vec<f64> = groups.iter().map(|g| g.value).collect();
    let middle = |g: &Group| g.courses[g.courses.len() / 2];
    let truth: Ends = groups
        .iter()
        .map(|g| range(courses, &courses.courses[middle(g)].standard)[species].map(|n| n / molecules))
        .collect();
    let published = published(settings, courses, &groups)?;
    let name = &courses.condition_names[0];
    let mut data = DataTable::new("ranges").column(name.clone(), x.clone());
    let several = if courses.condition_names.len() > 1 { ", at the middle of what else is varied" } else { "" };
    let mut figure = Figure::new("ranges").columns(2).caption(format!(
        "Least mean - sd and largest mean + sd of {} over the last 300 times{several}: of the courses (points) and of the \
         reduced models of the last round, median over trials with quartiles (Fig. 3).",
        courses.visible[species]
    ));
    let most = truth.iter().fold(0.0_f64, |m, t| m.max(t[1]));
    let end_of = |truth: &Ends, end: usize| truth.iter().map(|t| t[end]).collect::<Vec<f64>>();
    let mut distances = Vec::new();
    for l in learned {
        let mut panel = Panel::new()
            .title(l.model.name.clone())
            .x(Axis::new(name.clone()))
            .y(Axis::new(courses.visible[species].clone()).unit(unit));
        for kept in 0..2 {
            let at = |end: usize, fraction: f64| -> Vec<f64> {
                let trials = |c: usize| l.predictions[kept].iter().map(move |p| p[c].range[species][end] / molecules);
                groups.iter().map(|g| quantile(&trials(middle(g)).collect::<Vec<_>>(), fraction)).collect()
            };
            if kept == 1 {
                let drawn = |v: Vec<f64>| {
                    v.into_iter().map(|v| if v.abs() > 3.0 * most { f64::NAN } else { v }).collect::<Vec<f64>>()
                };
                for (end, label) in [(1, "max"), (0, "min")] {
                    panel = panel
                        .with(Band::new(label, x.clone(), drawn(at(end, 0.25)), drawn(at(end, 0.75))))
                        .with(Line::new(label, x.clone(), drawn(at(end, 0.5))))
                        .with(Points::new("courses", x.clone(), end_of(&truth, end)).size(2.0));
                    data = data.column(format!("{} {label}", l.model.name), at(end, 0.5));
                }
            }
            let found = [at(0, 0.5), at(1, 0.5)];
            let distance = |truth: &Ends| {
                [1, 0].map(|end| {
                    [true, false].map(|is_train| {
                        let of: Vec<f64> = (0..groups.len())
                            .filter(|&i| groups[i].is_train == is_train && truth[i][end].is_finite())
                            .map(|i| (found[end][i] - truth[i][end]).abs())
                            .collect();
                        of.iter().sum::<f64>() / of.len().max(1) as f64
                    })
                })
            };
            let to_published = published.as_ref().map(distance);
            distances.push(Distance { learned: l, kept, to_courses: distance(&truth), to_published });
        }
        figure = figure.panel(panel);
    }
    for (end, label) in [(1, "courses max"), (0, "courses min")] {
        data = data.column(label, end_of(&truth, end));
    }
    let mut section = Section::new("Ranges").figure(figure).table(table(&distances, &|d| Some(d.to_courses)).caption(
        format!(
            "Mean absolute difference ({unit}) of the ends of the range between the courses learned from and models, median over \
             trials."
        ),
    ));
    let mut checks = Vec::new();
    if published.is_some() {
        section = section.table(table(&distances, &|d| d.to_published).caption(format!(
            "The same ({unit}) against the published ranges, of 1200 other runs of 100 s and their last 40 s. Published models (max/min): \
             learned from, reactions shallow 0.006/0.006, parameters shallow 0.011/0.015, reactions deep 0.010/0.015, parameters deep \
             0.010/0.010; unseen 0.028/0.014, 0.090/0.054, 0.023/0.013, 0.041/0.017."
        )));
        if settings.has_bars() {
            checks = bars(learned, &distances);
        }
    }
    Ok((section, checks, data))
}

/// What was published, by group, in the unit shown; NaN where there is none.
fn published(settings: &Settings, courses: &Courses, groups: &[Group]) -> Result<Option<Ends>, Error> {
    let path = settings.reference.as_deref().map(|d: &Path| d.join(PUBLISHED)).filter(|p| p.exists());
    let Some(path) = path.filter(|_| courses.condition_names.len() == 1) else { return Ok(None) };
    let wrong = |message: String| Error::StudyFile { path: path.clone(), message };
    let text = std::fs::read_to_string(&path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let mut rows = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers.as_deref() {
            Ok([ip3, min, _, max, _]) => rows.push((*ip3, [*min, *max])),
            _ => return Err(wrong(format!("`{line}` is not five numbers"))),
        }
    }
    let of = |g: &Group| rows.iter().find(|(v, _)| (v - g.value).abs() < 1e-9).map_or([f64::NAN; 2], |(_, ends)| *ends);
    Ok(Some(groups.iter().map(of).collect()))
}

fn table(distances: &[Distance<'_>], of: &dyn Fn(&Distance<'_>) -> Option<[[f64; 2]; 2]>) -> Table {
    let mut table =
        Table::new(["model", "kept", "max, learned from", "min, learned from", "max, unseen", "min, unseen"]);
    for d in distances {
        let Some([[max_train, max_unseen], [min_train, min_unseen]]) = of(d) else { continue };
        let cells = [max_train, min_train, max_unseen, min_unseen].map(|v| Cell::digits(v, 2));
        let names = [Cell::text(d.learned.model.name.clone()), Cell::text(word(d.kept))];
        table.push(names.into_iter().chain(cells));
    }
    table
}

/// The bars of the mode that reproduces the paper: best validation.
fn bars(learned: &[Learned], distances: &[Distance<'_>]) -> Vec<Check> {
    let of = |l: &Learned| {
        let found = distances.iter().find(|d| std::ptr::eq(d.learned, l) && d.kept == 0);
        found.and_then(|d| d.to_published)
    };
    let mut checks = Vec::new();
    for (reactions, parameters) in pairs(learned) {
        let (Some(ours), Some(twin)) = (of(reactions), of(parameters)) else { continue };
        let name = &reactions.model.name;
        for (e, end, bars) in [(0, "max", [0.02, 0.06]), (1, "min", [0.02, 0.03])] {
            if reactions.model.subnet.depth == 1 {
                for (s, split) in ["learned from", "unseen"].iter().enumerate() {
                    let claim = format!("{name}: error of the {end} of the range, {split} (uM, best validation)");
                    checks.push(Check::at_most(claim, bars[s], ours[e][s]));
                }
            }
            let claim = format!("{name}: error of the {end} of the range, unseen, less than the twin's (uM)");
            checks.push(Check::at_most(claim, twin[e][1], ours[e][1]));
        }
    }
    checks
}
