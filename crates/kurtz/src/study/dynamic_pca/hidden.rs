//! What was learned about the hidden species: latents over the trials, and the terms of a mean's change (Figs. 14 and 15).

use super::learned::{Learned, mean_and_sd, word};
use super::sections::{in_figures, pairs};
use kurtz_learn::courses::{Courses, Split};
use kurtz_learn::dbd::{FourierLatents, ReducedModel};
use kurtz_report::{Axis, Band, Cell, Check, DataTable, Figure, Line, Panel, Section, Table};

/// The latents over the trials (Fig. 14) and the terms of the mean's change (Fig. 15).
///
/// With `has_bars`, the terms are held against the bars of the published ones.
pub fn latents(
    courses: &Courses,
    learned: &[Learned],
    has_bars: bool,
    time: &Axis,
) -> (Section, Vec<Check>, DataTable) {
    let times: Vec<f64> = (0..courses.times(0)).map(|t| courses.start + courses.step * t as f64).collect();
    let mut figure = Figure::new("latents").columns(2).caption(
        "Mean and variance of the hidden species over time: mean over trials of the best validation, band one standard deviation; \
         signs such that the first cosine of the mean is positive (Fig. 14).",
    );
    let mut table = Table::new([
        "model",
        "kept",
        "coherence of mu_h",
        "coherence of Sigma_h",
        "published, mu_h",
        "published, Sigma_h",
    ])
    .caption("Mean correlation over time between the latents of two trials.");
    let mut data = DataTable::new("latents").column("time", times.clone());
    let mut panels =
        [Panel::new().x(time.clone()).y(Axis::new("mu_h")), Panel::new().x(time.clone()).y(Axis::new("Sigma_h"))];
    let mut coherences = Vec::new();
    for (l, kept) in with_clock(learned) {
        let latents: Vec<&FourierLatents> = l.models(kept).map(|m| &m.description().latents).collect();
        let hidden = courses.hidden.len();
        let curves = [0, 1].map(|k| -> Vec<Vec<f64>> {
            let curve = |latents: &&FourierLatents| {
                let sign = if k == 0 { sign_of_mean(latents) } else { 1.0 };
                (0..times.len()).map(|t| sign * latents.at(t as f64)[k * hidden]).collect()
            };
            latents.iter().map(curve).collect()
        });
        let is_drawn = kept == 0 && in_figures(learned).any(|m| std::ptr::eq(m, l));
        if is_drawn {
            for ((k, panel), curves) in panels.iter_mut().enumerate().zip(&curves) {
                let column = |t: usize| mean_and_sd(&curves.iter().map(|c| c[t]).collect::<Vec<_>>());
                let (mean, sd): (Vec<f64>, Vec<f64>) = (0..times.len()).map(column).unzip();
                let bound = |sign: f64| mean.iter().zip(&sd).map(|(m, s)| m + sign * s).collect::<Vec<_>>();
                *panel = std::mem::take(panel)
                    .with(Band::new(l.model.name.clone(), times.clone(), bound(-1.0), bound(1.0)).opacity(0.12))
                    .with(Line::new(l.model.name.clone(), times.clone(), mean.clone()));
                data = data.column(format!("{} {}", l.model.name, ["mu_h", "Sigma_h"][k]), mean);
            }
        }
        let found = curves.map(|curves| {
            let mut pairs = Vec::new();
            for (i, a) in curves.iter().enumerate() {
                pairs.extend(curves[..i].iter().map(|b| correlation(a, b)));
            }
            pairs.iter().sum::<f64>() / pairs.len().max(1) as f64
        });
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
            Cell::text(word(kept)),
            Cell::digits(found[0], 2),
            Cell::digits(found[1], 2),
            cell(theirs[0]),
            cell(theirs[1]),
        ]);
        coherences.push((l, kept, found));
    }
    let mut checks = Vec::new();
    let mut section = Section::new("What was learned about the hidden species");
    if coherences.is_empty() {
        return (section.paragraph("No model has a clock: its latents are constants."), checks, data);
    }
    // Of models with a clock the figures may show none.
    let is_drawn = in_figures(learned).any(|l| l.model.modes > 0);
    let [a, b] = panels;
    figure = figure.panel(a).panel(b);
    if is_drawn {
        section = section.figure(figure);
    }
    section = section.table(table);
    let of = |l: &Learned| coherences.iter().find(|(m, k, _)| std::ptr::eq(*m, l) && *k == 0).map(|(.., f)| f[0]);
    for (reactions, parameters) in pairs(learned).into_iter().filter(|_| has_bars) {
        if let (Some(r), Some(p)) = (of(reactions), of(parameters)) {
            let name = format!("{}: coherence of mu_h (best validation)", reactions.model.name);
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
        let (figure, table, more) = terms(courses, learned, has_bars, time);
        if is_drawn {
            section = section.figure(figure);
        }
        section = section.table(table);
        checks.extend(more);
    }
    (section, checks, data)
}

/// Models whose latents move, with each kind that is kept.
fn with_clock(learned: &[Learned]) -> impl Iterator<Item = (&Learned, usize)> {
    learned.iter().filter(|l| l.model.modes > 0).flat_map(|l| [(l, 0), (l, 1)])
}

/// The three terms of d b-hat = F_b + mu F_W + W F_mu (Fig. 15) along the integrated middle course.
fn terms(courses: &Courses, learned: &[Learned], has_bars: bool, time: &Axis) -> (Figure, Table, Vec<Check>) {
    let train = courses.of_split(Split::Train);
    let course = train[train.len() / 2];
    let rms = |terms: &[f64]| (terms.iter().map(|v| v * v).sum::<f64>() / terms.len().max(1) as f64).sqrt();
    let mut figure = Figure::new("terms").columns(2).caption(
        "Terms of the change per step of the mean of the first moving species at the middle condition: by the bias F_b, by the \
         loadings mu F_W, by the hidden mean W F_mu; mean over trials of the best validation, the sign of mu_h as in Fig. 14 \
         (Fig. 15).",
    );
    let mut table = Table::new([
        "model",
        "kept",
        "correlation of W F_mu with F_b",
        "rms of W F_mu",
        "published correlation",
        "published rms",
        "trials with the other sign",
        "rms of W F_mu of one trial",
    ])
    .caption(
        "Correlation and root mean square of means over trials, as published; then what these hide: how many trials had the other \
         sign of mu_h, and the size in single trials (mean).",
    );
    let mut found = Vec::new();
    for (l, kept) in with_clock(learned) {
        let followed = l.models(kept).zip(&l.predictions[kept]).map(|(model, p)| (model, &p[course].standard));
        let all: Vec<Terms> = followed.filter_map(|(model, standard)| Terms::of(courses, model, standard)).collect();
        let rows = all.first().map_or(0, |t| t.by_bias.len());
        let mean = |of: &dyn Fn(&Terms) -> &[f64]| -> Vec<f64> {
            (0..rows).map(|t| all.iter().map(|terms| of(terms)[t]).sum::<f64>() / all.len() as f64).collect()
        };
        let [f_b, f_w, f_mu] = [mean(&|t| &t.by_bias), mean(&|t| &t.by_loadings), mean(&|t| &t.by_mean)];
        let (r, size) = (correlation(&f_mu, &f_b), rms(&f_mu));
        if kept == 0 && in_figures(learned).any(|m| std::ptr::eq(m, l)) {
            let times: Vec<f64> = (0..rows).map(|t| courses.start + courses.step * t as f64).collect();
            let panel = Panel::new()
                .title(l.model.name.clone())
                .x(time.clone())
                .y(Axis::new("change per step"))
                .with(Line::new("F_b", times.clone(), f_b))
                .with(Line::new("mu F_W", times.clone(), f_w))
                .with(Line::new("W F_mu", times, f_mu));
            figure = figure.panel(panel);
        }
        let theirs = match l.model.published.as_deref() {
            Some("rxns_shallow") => Some((-0.91, 0.0057)),
            Some("params_shallow") => Some((-0.87, 0.0036)),
            Some("rxns_deep") => Some((-0.82, 0.0028)),
            Some("params_deep") => Some((-0.70, 0.0015)),
            _ => None,
        };
        let [theirs_r, theirs_size] =
            theirs.map_or([Cell::text("-"), Cell::text("-")], |(c, r)| [Cell::digits(c, 2), Cell::digits(r, 2)]);
        let single = all.iter().map(|t| rms(&t.by_mean)).sum::<f64>() / all.len() as f64;
        table.push([
            Cell::text(l.model.name.clone()),
            Cell::text(word(kept)),
            Cell::digits(r, 2),
            Cell::digits(size, 2),
            theirs_r,
            theirs_size,
            Cell::text(format!("{} of {}", all.iter().filter(|t| t.is_flipped).count(), all.len())),
            Cell::digits(single, 2),
        ]);
        found.push((l, kept, r, size));
    }
    let mut checks = Vec::new();
    let of =
        |l: &Learned| found.iter().find(|(m, k, ..)| std::ptr::eq(*m, l) && *k == 0).map(|(_, _, r, size)| (*r, *size));
    for (reactions, parameters) in pairs(learned).into_iter().filter(|_| has_bars) {
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

/// The terms of d b-hat in one trial, `[times - 1]` each.
struct Terms {
    by_bias: Vec<f64>,
    by_loadings: Vec<f64>,
    by_mean: Vec<f64>,
    /// Whether mu_h was taken with the other sign.
    is_flipped: bool,
}

impl Terms {
    /// Along a course that a model was followed on; none where it ran away.
    fn of(courses: &Courses, model: &ReducedModel, standard: &[f64]) -> Option<Self> {
        if standard.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let width = courses.width();
        let (visible, hidden) = (courses.visible.len(), courses.hidden.len());
        let is_mean = |p: &usize| (visible * hidden..visible * (hidden + 1)).contains(p);
        let b = courses.dynamic.iter().copied().find(is_mean)?;
        let w = b - visible;
        let latents = &model.description().latents;
        let sign = sign_of_mean(latents);
        let rows = standard.len() / width - 1;
        let zeros = || vec![0.0; rows];
        let mut terms = Terms { by_bias: zeros(), by_loadings: zeros(), by_mean: zeros(), is_flipped: sign < 0.0 };
        for t in 0..rows {
            let change = |p: usize| standard[(t + 1) * width + p] - standard[t * width + p];
            let (at, before, after) = (latents.at(t as f64), latents.at(t as f64 - 0.5), latents.at(t as f64 + 0.5));
            let (mu, root) = (sign * at[0], at[1].sqrt());
            let (dmu, dsigma) = (sign * (after[0] - before[0]), after[1] - before[1]);
            let loading = standard[t * width + w] / root;
            // d W-hat = dW S^(1/2) + W dS / (2 S^(1/2)).
            let dloading = (change(w) - loading * dsigma / (2.0 * root)) / root;
            (terms.by_loadings[t], terms.by_mean[t]) = (mu * dloading, loading * dmu);
            terms.by_bias[t] = change(b) - terms.by_loadings[t] - terms.by_mean[t];
        }
        Some(terms)
    }
}

/// What makes the first cosine of the hidden mean positive.
fn sign_of_mean(latents: &FourierLatents) -> f64 {
    if latents.coefficients().first().is_some_and(|a| *a < 0.0) { -1.0 } else { 1.0 }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((ma, sa), (mb, sb)) = (mean_and_sd(a), mean_and_sd(b));
    let product = a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>() / (a.len() as f64 - 1.0);
    product / (sa * sb)
}
