//! What the study of dynamic PCA shows: errors, ranges, courses, latents, terms.

use super::learned::{Learned, geometric, groups, mean_and_sd, median, pooled, quantile, word};
use super::reference::Columns;
use super::settings::{Inputs, Settings};
use crate::Error;
use kurtz_learn::courses::{Courses, Split};
use kurtz_learn::dbd::{Validation, range};
use kurtz_report::{Axis, Band, Cell, Check, DataTable, Figure, Line, Panel, Points, Reference, Section, Table};
use std::path::Path;

/// A group of conditions with one value, and whether it was learned from.
struct Group {
    value: f64,
    courses: Vec<usize>,
    is_train: bool,
}

fn all_groups(courses: &Courses) -> Vec<Group> {
    let is_train = |list: &[usize]| list.iter().all(|&c| courses.courses[c].split == Split::Train);
    groups(courses).into_iter().map(|(value, list)| Group { value, is_train: is_train(&list), courses: list }).collect()
}

/// Names of files of the published errors and the column of the condition.
fn published_errors(settings: &Settings, receptors: bool) -> Result<Option<Columns>, Error> {
    let Some(directory) = settings.reference.as_deref().filter(|d| d.exists()) else { return Ok(None) };
    let name = if receptors { "fig4c_mse_ip3r.csv" } else { "fig4b_mse_ip3.csv" };
    Columns::read(&directory.join(name)).map(Some)
}

/// The published error of a model at a condition.
fn published_error(table: &Columns, receptors: bool, model: &str, value: f64) -> Option<f64> {
    let x = table.get(if receptors { "n_ip3r" } else { "ip3_uM" })?;
    let at = x.iter().position(|x| (x - value).abs() < 1e-9)?;
    table.get(&format!("{model}_mean")).map(|column| column[at])
}

/// Errors of all models at all conditions (Figs. 4b, 4c).
pub fn errors(
    settings: &Settings,
    courses: &Courses,
    learned: &[Learned],
) -> Result<(Section, Vec<Check>, DataTable), Error> {
    let groups = all_groups(courses);
    let receptors = courses.condition_names.len() > 1;
    let published = published_errors(settings, receptors)?;
    let name = &courses.condition_names[0];
    let reference = |l: &Learned, value: f64| {
        let model = l.model.published.as_deref()?;
        published_error(published.as_ref()?, receptors, model, value)
    };
    let mut data = DataTable::new("errors").column(name.clone(), groups.iter().map(|g| g.value).collect::<Vec<_>>());
    let mut figure = Figure::new("errors").caption(format!(
        "Mean squared error of integrated parameters at each {name}: median over {} trials with quartiles, of the models with \
         the best validation and of the last round; dashed the published means (Fig. 4). Conditions between the marks were \
         learned from.",
        settings.trials
    ));
    let trained: Vec<f64> = groups.iter().filter(|g| g.is_train).map(|g| g.value).collect();
    let x: Vec<f64> = groups.iter().map(|g| g.value).collect();
    for kept in 0..2 {
        let mut panel =
            Panel::new().title(word(kept)).x(Axis::new(name.clone())).y(Axis::new("mean squared error").log());
        for l in learned {
            let at =
                |f: f64| groups.iter().map(|g| shown(quantile(&pooled(l, kept, &g.courses), f))).collect::<Vec<_>>();
            panel = panel.with(Band::new(l.model.name.clone(), x.clone(), at(0.25), at(0.75))).with(Line::new(
                l.model.name.clone(),
                x.clone(),
                at(0.5),
            ));
            let theirs: Vec<f64> = groups.iter().map(|g| reference(l, g.value).unwrap_or(f64::NAN)).collect();
            if theirs.iter().any(|v| v.is_finite()) {
                let line = Line::new(l.model.name.clone(), x.clone(), theirs);
                panel = panel.with(line.dash(kurtz_report::Dash::Dashed).width(0.8));
            }
            data = data.column(format!("{} ({})", l.model.name, word(kept)), at(0.5));
        }
        for bound in [trained.first(), trained.last()].into_iter().flatten() {
            panel = panel.with(Reference::vertical(*bound));
        }
        figure = figure.panel(panel);
    }
    let mut headings = vec![name.clone()];
    for l in learned {
        headings.extend((0..2).map(|k| format!("{}, {}", l.model.name, word(k))));
        if l.model.published.is_some() && published.is_some() {
            headings.push(format!("{}, published mean", l.model.name));
        }
    }
    let mut table = Table::new(headings).caption(
        "Mean squared error, median over trials (the mean is not used: it is infinite where a single trial diverges), beside the \
         published means over trials.",
    );
    for g in &groups {
        let mut row = vec![Cell::text(format!("{}{}", g.value, if g.is_train { " (learned from)" } else { "" }))];
        for l in learned {
            row.extend((0..2).map(|k| Cell::digits(median(&pooled(l, k, &g.courses)), 2)));
            if l.model.published.is_some() && published.is_some() {
                row.push(reference(l, g.value).map_or(Cell::text("-"), |v| Cell::digits(v, 2)));
            }
        }
        table.push(row);
    }
    let mut section = Section::new("Errors at all conditions").figure(figure).table(table);
    let mut means = Table::new([
        "model",
        "kept",
        "learned from",
        "unseen",
        "published, learned from",
        "published, unseen",
        "trials that diverge somewhere",
    ])
    .caption("Geometric means over conditions of the medians over trials.");
    let mean = |l: &Learned, kept: usize, is_train: bool| {
        let of: Vec<f64> =
            groups.iter().filter(|g| g.is_train == is_train).map(|g| median(&pooled(l, kept, &g.courses))).collect();
        geometric(&of)
    };
    for l in learned {
        for kept in 0..2 {
            let theirs = |is_train: bool| {
                let of: Option<Vec<f64>> =
                    groups.iter().filter(|g| g.is_train == is_train).map(|g| reference(l, g.value)).collect();
                of.filter(|v| !v.is_empty()).map_or(Cell::text("-"), |v| Cell::digits(geometric(&v), 2))
            };
            let wild = l.predictions[kept]
                .iter()
                .filter(|p| p.iter().any(|p| p.mean_squared_error.is_nan() || p.mean_squared_error > 10.0));
            means.push([
                Cell::text(l.model.name.clone()),
                Cell::text(word(kept)),
                Cell::digits(mean(l, kept, true), 2),
                Cell::digits(mean(l, kept, false), 2),
                theirs(true),
                theirs(false),
                Cell::number(wild.count() as f64),
            ]);
        }
    }
    section = section.table(means);
    let mut checks = Vec::new();
    for (reactions, parameters) in pairs(learned) {
        let subnet = &reactions.model.name;
        if receptors {
            let ratios: Vec<f64> = groups
                .iter()
                .filter(|g| g.value >= 2000.0)
                .map(|g| median(&pooled(parameters, 0, &g.courses)) / median(&pooled(reactions, 0, &g.courses)))
                .collect();
            if !ratios.is_empty() {
                checks.push(Check::at_least(
                    format!("{subnet}: errors of the twin over its errors, least at N >= 2000"),
                    2.0,
                    quantile(&ratios, 0.0),
                ));
            }
            continue;
        }
        let bound = if reactions.model.subnet.depth > 1 { 1.0 } else { 3.0 };
        // As published: the mean over trials.
        let published_mean = |l: &Learned| {
            let mean = |g: &Group| mean_and_sd(&pooled(l, 0, &g.courses)).0;
            geometric(&groups.iter().filter(|g| g.is_train).map(mean).collect::<Vec<_>>())
        };
        let ratio = published_mean(parameters) / published_mean(reactions);
        checks.push(Check::at_least(
            format!("{subnet}: twin's error over its error, learned from (best validation, means over trials)"),
            bound,
            ratio,
        ));
        let unseen: Vec<&Group> = groups.iter().filter(|g| !g.is_train).collect();
        let better = unseen
            .iter()
            .filter(|g| median(&pooled(reactions, 0, &g.courses)) < median(&pooled(parameters, 0, &g.courses)));
        checks.push(Check::at_least(
            format!("{subnet}: unseen conditions (of {}) with less error than the twin", unseen.len()),
            (10.0 * unseen.len() as f64 / 13.0).floor(),
            better.count() as f64,
        ));
    }
    for l in learned.iter().filter(|l| l.model.published.as_deref().is_some_and(|p| p == "rxns_shallow" || p == "rxns"))
    {
        let near = groups.iter().filter(|g| g.is_train || receptors).filter_map(|g| Some((g, reference(l, g.value)?)));
        let ratios: Vec<f64> = near.map(|(g, theirs)| median(&pooled(l, 0, &g.courses)) / theirs).collect();
        if !ratios.is_empty() {
            let within = ratios.iter().filter(|r| **r < 3.0).count() as f64;
            checks.push(Check::at_least(
                format!("{}: conditions (of {}) with at most 3 times the published error", l.model.name, ratios.len()),
                if receptors { ratios.len() as f64 } else { 5.0 },
                within,
            ));
        }
    }
    Ok((section, checks, data))
}

/// Models of reactions with their twins: same subnet and validation.
fn pairs(learned: &[Learned]) -> Vec<(&Learned, &Learned)> {
    let twin = |r: &Learned| {
        learned.iter().find(|p| {
            p.model.inputs == Inputs::Parameters
                && p.model.subnet == r.model.subnet
                && p.model.validation == r.model.validation
                && p.model.modes == r.model.modes
        })
    };
    // The bars are those of the published models.
    let claimed = |l: &&Learned| {
        let is_published = l.model.published.is_some() && l.model.validation == Validation::Unseen;
        l.model.inputs == Inputs::Reactions && is_published
    };
    learned.iter().filter(claimed).filter_map(|r| Some((r, twin(r)?))).collect()
}

/// Values that leave the figure are not drawn.
fn shown(value: f64) -> f64 {
    if value > 1.0 { f64::NAN } else { value }
}

/// Ranges of the counts at all conditions (Fig. 3).
pub fn ranges(settings: &Settings, courses: &Courses, learned: &[Learned]) -> (Section, DataTable) {
    let species = settings.shown;
    let (unit, molecules) = settings.unit.as_ref().map_or(("molecules", 1.0), |u| (u.name.as_str(), u.molecules));
    let groups = all_groups(courses);
    let x: Vec<f64> = groups.iter().map(|g| g.value).collect();
    let truth = |end: usize| -> Vec<f64> {
        groups
            .iter()
            .map(|g| range(courses, &courses.courses[g.courses[0]].standard)[species][end] / molecules)
            .collect()
    };
    let name = &courses.condition_names[0];
    let mut data = DataTable::new("ranges").column(name.clone(), x.clone());
    let mut figure = Figure::new("ranges").columns(2).caption(format!(
        "Least mean - sd and largest mean + sd of {} over the last 300 times: of the courses (points) and of the reduced models \
         of the last round, median over trials with quartiles (Fig. 3).",
        courses.visible[species]
    ));
    let mut table = Table::new([
        "model",
        "kept",
        "max, learned from",
        "min, learned from",
        "max, unseen",
        "min, unseen",
    ])
    .caption(format!(
        "Mean absolute difference ({unit}) of the ends of the range between courses and models, median over trials."
    ));
    for l in learned {
        let mut panel = Panel::new()
            .title(l.model.name.clone())
            .x(Axis::new(name.clone()))
            .y(Axis::new(courses.visible[species].clone()).unit(unit));
        for kept in 0..2 {
            let ends = |g: &Group, end: usize, f: f64| {
                let all: Vec<f64> =
                    l.predictions[kept].iter().map(|p| p[g.courses[0]].range[species][end] / molecules).collect();
                quantile(&all, f)
            };
            let at = |end: usize, f: f64| groups.iter().map(|g| ends(g, end, f)).collect::<Vec<_>>();
            if kept == 1 {
                for (end, label) in [(1, "max"), (0, "min")] {
                    let finite = |v: Vec<f64>| {
                        v.into_iter()
                            .map(|v| if v.abs() > 3.0 * truth(1)[groups.len() - 1] { f64::NAN } else { v })
                            .collect::<Vec<_>>()
                    };
                    panel = panel
                        .with(Band::new(label, x.clone(), finite(at(end, 0.25)), finite(at(end, 0.75))))
                        .with(Line::new(label, x.clone(), finite(at(end, 0.5))))
                        .with(Points::new("courses", x.clone(), truth(end)).size(2.0));
                    data = data.column(format!("{} {label}", l.model.name), at(end, 0.5));
                }
            }
            let difference = |end: usize, is_train: bool| {
                let (found, truth) = (at(end, 0.5), truth(end));
                let of: Vec<f64> = (0..groups.len())
                    .filter(|&i| groups[i].is_train == is_train)
                    .map(|i| (found[i] - truth[i]).abs())
                    .collect();
                Cell::digits(of.iter().sum::<f64>() / of.len().max(1) as f64, 2)
            };
            table.push([
                Cell::text(l.model.name.clone()),
                Cell::text(word(kept)),
                difference(1, true),
                difference(0, true),
                difference(1, false),
                difference(0, false),
            ]);
        }
        figure = figure.panel(panel);
    }
    for (end, label) in [(1, "courses max"), (0, "courses min")] {
        data = data.column(label, truth(end));
    }
    let section = Section::new("Ranges").figure(figure);
    if learned.iter().all(|l| l.model.published.is_none()) {
        return (section.table(table), data);
    }
    let published = "Published for calcium, against ranges of other runs of 100 s: learned from, reactions shallow 0.006/0.006, \
                     parameters shallow 0.011/0.015, reactions deep 0.010/0.015, parameters deep 0.010/0.010; unseen \
                     0.028/0.014, 0.090/0.054, 0.023/0.013, 0.041/0.017 uM (max/min).";
    (section.paragraph(published).table(table), data)
}

/// Courses of the moving parameters (Fig. 4a).
pub fn followed(courses: &Courses, learned: &[Learned]) -> (Section, DataTable) {
    let pick = |split: Split| {
        let all = courses.of_split(split);
        all.get(all.len() / 2).copied()
    };
    let names = courses.parameter_names();
    let width = courses.width();
    let mut figure = Figure::new("courses").columns(2).caption(
        "Moving parameters in standardised units: data, and the reduced model of the last round with the median error (Fig. 4a).",
    );
    let mut data = DataTable::new("courses");
    for c in [pick(Split::Train), pick(Split::Unseen)].into_iter().flatten() {
        let times: Vec<f64> = (0..courses.times(c)).map(|t| courses.start + courses.step * t as f64).collect();
        let label = courses.courses[c].condition.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        let split = if courses.courses[c].split == Split::Train { "learned from" } else { "unseen" };
        for &p in &courses.dynamic {
            let of = |standard: &[f64]| standard.iter().skip(p).step_by(width).copied().collect::<Vec<f64>>();
            let mut panel = Panel::new()
                .title(format!("{} at {label} ({split})", names[p]))
                .x(Axis::new("time"))
                .y(Axis::new(names[p].clone()))
                .with(Line::new("data", times.clone(), of(&courses.courses[c].standard)).width(2.0).opacity(0.5));
            for l in learned {
                let errors = l.errors(1, c);
                let middle = median(&errors);
                let nearest = (0..errors.len())
                    .min_by(|&i, &j| (errors[i] - middle).abs().total_cmp(&(errors[j] - middle).abs()));
                let Some(nearest) = nearest else { continue };
                let values = of(&l.predictions[1][nearest][c].standard);
                panel = panel.with(Line::new(l.model.name.clone(), times.clone(), values.clone()));
                data = data.column(format!("{} at {label}: {}", names[p], l.model.name), values);
            }
            figure = figure.panel(panel);
        }
    }
    (Section::new("Courses").figure(figure), data)
}

/// The latents over the trials (Fig. 14) and the terms of the mean's change (Fig. 15).
pub fn latents(courses: &Courses, learned: &[Learned], reference: Option<&Path>) -> (Section, Vec<Check>, DataTable) {
    let times: Vec<f64> = (0..courses.times(0)).map(|t| courses.step * t as f64).collect();
    let mut figure = Figure::new("latents").columns(2).caption(
        "Mean and variance of the hidden species over time: mean over trials of the last round, band one standard deviation; \
         signs such that the first cosine of the mean is positive (Fig. 14).",
    );
    let mut table =
        Table::new(["model", "coherence of mu_h", "coherence of Sigma_h", "published, mu_h", "published, Sigma_h"])
            .caption("Mean correlation over time between the latents of two trials.");
    let mut data = DataTable::new("latents").column("time", times.clone());
    let mut panels = [
        Panel::new().x(Axis::new("time")).y(Axis::new("mu_h")),
        Panel::new().x(Axis::new("time")).y(Axis::new("Sigma_h")),
    ];
    let mut coherences = Vec::new();
    for l in learned.iter().filter(|l| l.model.modes > 0) {
        let mut found = [0.0; 2];
        for (k, panel) in panels.iter_mut().enumerate() {
            let curves: Vec<Vec<f64>> = l
                .models(1)
                .map(|m| {
                    let latents = &m.description().latents;
                    let sign = if k == 0 && latents.coefficients()[0] < 0.0 { -1.0 } else { 1.0 };
                    let at = k * courses.hidden.len();
                    (0..times.len()).map(|t| sign * latents.at(t as f64)[at]).collect()
                })
                .collect();
            let column = |t: usize| mean_and_sd(&curves.iter().map(|c| c[t]).collect::<Vec<_>>());
            let (mean, sd): (Vec<f64>, Vec<f64>) = (0..times.len()).map(column).unzip();
            let bound = |sign: f64| mean.iter().zip(&sd).map(|(m, s)| m + sign * s).collect::<Vec<_>>();
            *panel = std::mem::take(panel)
                .with(Band::new(l.model.name.clone(), times.clone(), bound(-1.0), bound(1.0)).opacity(0.12))
                .with(Line::new(l.model.name.clone(), times.clone(), mean.clone()));
            data = std::mem::replace(&mut data, DataTable::new("latents"))
                .column(format!("{} {}", l.model.name, ["mu_h", "Sigma_h"][k]), mean);
            let mut pairs = Vec::new();
            for (i, a) in curves.iter().enumerate() {
                pairs.extend(curves[..i].iter().map(|b| correlation(a, b)));
            }
            found[k] = pairs.iter().sum::<f64>() / pairs.len().max(1) as f64;
        }
        let theirs = match l.model.published.as_deref() {
            Some("rxns_deep") => [0.91, f64::NAN],
            Some("params_deep") => [0.55, f64::NAN],
            Some("rxns_shallow") => [0.85, 0.49],
            Some("params_shallow") => [0.73, 0.67],
            _ => [f64::NAN; 2],
        };
        let cell = |v: f64| if v.is_nan() { Cell::text("-") } else { Cell::digits(v, 2) };
        table.push([
            Cell::text(l.model.name.clone()),
            Cell::digits(found[0], 2),
            Cell::digits(found[1], 2),
            cell(theirs[0]),
            cell(theirs[1]),
        ]);
        coherences.push((l, found));
    }
    let [a, b] = panels;
    figure = figure.panel(a).panel(b);
    let mut section = Section::new("What was learned about the hidden species").figure(figure).table(table);
    let mut checks = Vec::new();
    let of = |l: &Learned| coherences.iter().find(|(m, _)| std::ptr::eq(*m, l)).map(|(_, f)| f[0]);
    for (reactions, parameters) in pairs(learned) {
        if let (Some(r), Some(p)) = (of(reactions), of(parameters)) {
            let name = format!("{}: coherence of mu_h", reactions.model.name);
            checks.push(Check::claim(
                name,
                Cell::text(format!("> {p:.2} (twin), > 0.7")),
                r,
                "one-sided",
                r > p && r > 0.7,
            ));
        }
    }
    if courses.hidden.len() == 1 {
        let (figure, table, more) = terms(courses, learned, reference.is_some());
        section = section.figure(figure).table(table);
        checks.extend(more);
    }
    (section, checks, data)
}

/// The three terms of d b-hat = F_b + mu F_W + W F_mu (Fig. 15) along the integrated middle course.
fn terms(courses: &Courses, learned: &[Learned], is_compared: bool) -> (Figure, Table, Vec<Check>) {
    let train = courses.of_split(Split::Train);
    let course = train[train.len() / 2];
    let (width, visible) = (courses.width(), courses.visible.len());
    let b = courses.dynamic[0];
    let w = b.saturating_sub(visible);
    let mut figure = Figure::new("terms").columns(2).caption(
        "Terms of the change per step of the mean of the first moving species at the middle condition: by the bias F_b, by the \
         loadings mu F_W, by the hidden mean W F_mu; mean over trials of the last round (Fig. 15).",
    );
    let mut table = Table::new([
        "model",
        "correlation of W F_mu with F_b",
        "rms of W F_mu",
        "published correlation",
        "published rms",
    ]);
    let mut found = Vec::new();
    for l in learned.iter().filter(|l| l.model.modes > 0) {
        let mut sums = [const { Vec::new() }; 3];
        for (model, predicted) in l.models(1).zip(&l.predictions[1]) {
            let standard = &predicted[course].standard;
            if standard.iter().any(|v| !v.is_finite()) {
                continue;
            }
            let latents = &model.description().latents;
            let rows = standard.len() / width - 1;
            let mut terms = [vec![0.0; rows], vec![0.0; rows], vec![0.0; rows]];
            for t in 0..rows {
                let change = |p: usize| standard[(t + 1) * width + p] - standard[t * width + p];
                let (at, before, after) =
                    (latents.at(t as f64), latents.at(t as f64 - 0.5), latents.at(t as f64 + 0.5));
                let (mu, root) = (at[0], at[1].sqrt());
                let (dmu, dsigma) = (after[0] - before[0], after[1] - before[1]);
                let loading = standard[t * width + w] / root;
                // d W-hat = dW S^(1/2) + W dS / (2 S^(1/2)).
                let dloading = (change(w) - loading * dsigma / (2.0 * root)) / root;
                (terms[1][t], terms[2][t]) = (mu * dloading, loading * dmu);
                terms[0][t] = change(b) - terms[1][t] - terms[2][t];
            }
            sums.iter_mut().zip(terms).for_each(|(s, t)| s.push(t));
        }
        let rows = sums[0].first().map_or(0, Vec::len);
        let mean = |all: &[Vec<f64>]| {
            (0..rows).map(|t| all.iter().map(|v| v[t]).sum::<f64>() / all.len() as f64).collect::<Vec<f64>>()
        };
        let [f_b, f_w, f_mu] = [mean(&sums[0]), mean(&sums[1]), mean(&sums[2])];
        let times: Vec<f64> = (0..rows).map(|t| courses.step * t as f64).collect();
        let panel = Panel::new()
            .title(l.model.name.clone())
            .x(Axis::new("time"))
            .y(Axis::new("change per step"))
            .with(Line::new("F_b", times.clone(), f_b.clone()))
            .with(Line::new("mu F_W", times.clone(), f_w))
            .with(Line::new("W F_mu", times, f_mu.clone()));
        figure = figure.panel(panel);
        let rms = (f_mu.iter().map(|v| v * v).sum::<f64>() / rows.max(1) as f64).sqrt();
        let theirs = match l.model.published.as_deref() {
            Some("rxns_shallow") => Some((-0.91, 0.0057)),
            Some("params_shallow") => Some((-0.87, 0.0036)),
            Some("rxns_deep") => Some((-0.82, 0.0028)),
            Some("params_deep") => Some((-0.70, 0.0015)),
            _ => None,
        };
        let cells =
            theirs.map_or([Cell::text("-"), Cell::text("-")], |(c, r)| [Cell::digits(c, 2), Cell::digits(r, 2)]);
        let r = correlation(&f_mu, &f_b);
        let [c, d] = cells;
        table.push([Cell::text(l.model.name.clone()), Cell::digits(r, 2), Cell::digits(rms, 2), c, d]);
        found.push((l, r, rms));
    }
    let mut checks = Vec::new();
    let of = |l: &Learned| found.iter().find(|(m, ..)| std::ptr::eq(*m, l)).map(|(_, r, rms)| (*r, *rms));
    for (reactions, parameters) in pairs(learned).into_iter().filter(|_| is_compared) {
        if let (Some((r, size)), Some((_, twin))) = (of(reactions), of(parameters)) {
            checks.push(Check::at_most(format!("{}: correlation of W F_mu with F_b", reactions.model.name), -0.5, r));
            checks.push(Check::at_least(
                format!("{}: rms of W F_mu over the twin's", reactions.model.name),
                1.0,
                size / twin,
            ));
        }
    }
    (figure, table, checks)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((ma, sa), (mb, sb)) = (mean_and_sd(a), mean_and_sd(b));
    let product = a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>() / (a.len() as f64 - 1.0);
    product / (sa * sb)
}
