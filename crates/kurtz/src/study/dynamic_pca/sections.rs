//! What the study of dynamic PCA shows of its models: errors, ranges, courses.

use super::learned::{Learned, geometric, groups, mean_and_sd, median, pooled, quantile, word};
use super::reference::Columns;
use super::settings::{Inputs, Settings};
use crate::Error;
use kurtz_learn::courses::{Courses, Split};
use kurtz_learn::dbd::{Prediction, Validation};
use kurtz_report::{Axis, Band, Cell, Check, DataTable, Figure, Line, Panel, Reference, Section, Table};

/// A group of conditions with one value, and whether it was learned from.
pub struct Group {
    /// The value.
    pub value: f64,
    /// The courses with it.
    pub courses: Vec<usize>,
    /// Whether all of them were learned from.
    pub is_train: bool,
}

/// Groups in increasing order of the value.
pub fn all_groups(courses: &Courses) -> Vec<Group> {
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
    let trained: Vec<f64> = groups.iter().filter(|g| g.is_train).map(|g| g.value).collect();
    let x: Vec<f64> = groups.iter().map(|g| g.value).collect();
    let mut section = Section::new("Errors at all conditions");
    let mut depths: Vec<usize> = learned.iter().map(|l| l.model.subnet.depth).collect();
    depths.sort_unstable();
    depths.dedup();
    for &depth in &depths {
        let (file, which) = match depths[..] {
            [_] => ("errors".to_owned(), String::new()),
            _ => (
                format!("errors-{depth}"),
                format!(", of models with {depth} hidden layer{}", ["s", ""][usize::from(depth == 1)]),
            ),
        };
        let mut figure = Figure::new(file).columns(2).caption(format!(
            "Mean squared error of integrated parameters at each {name}{which}: median over {} trials with quartiles, of the best \
             validation and of the last round; dashed the published means (Fig. 4). Conditions between the marks were learned from.",
            settings.trials
        ));
        for kept in 0..2 {
            let mut panel =
                Panel::new().title(word(kept)).x(Axis::new(name.clone())).y(Axis::new("mean squared error").log());
            for l in learned.iter().filter(|l| l.model.subnet.depth == depth) {
                let at = |f: f64| {
                    groups.iter().map(|g| shown(quantile(&pooled(l, kept, &g.courses), f))).collect::<Vec<_>>()
                };
                let label = l.model.name.clone();
                panel = panel.with(Band::new(label.clone(), x.clone(), at(0.25), at(0.75))).with(Line::new(
                    label.clone(),
                    x.clone(),
                    at(0.5),
                ));
                let theirs: Vec<f64> = groups.iter().map(|g| reference(l, g.value).unwrap_or(f64::NAN)).collect();
                if theirs.iter().any(|v| v.is_finite()) {
                    let line = Line::new(label.clone(), x.clone(), theirs);
                    panel = panel.with(line.dash(kurtz_report::Dash::Dashed).width(0.8));
                }
                data = data.column(format!("{label} ({})", word(kept)), at(0.5));
            }
            for bound in [trained.first(), trained.last()].into_iter().flatten() {
                panel = panel.with(Reference::vertical(*bound));
            }
            figure = figure.panel(panel);
        }
        section = section.figure(figure);
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
    section = section.table(table);
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
    if !settings.has_bars() {
        return Ok((section, checks, data));
    }
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
pub fn pairs(learned: &[Learned]) -> Vec<(&Learned, &Learned)> {
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

/// Courses of the moving parameters (Fig. 4a).
///
/// With `has_bars`, those at 0.7 and 1.3 uM are held against the bar of the published ones.
pub fn followed(
    courses: &Courses,
    learned: &[Learned],
    has_bars: bool,
    time: &Axis,
) -> (Section, Vec<Check>, DataTable) {
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
                .x(time.clone())
                .y(Axis::new(names[p].clone()))
                .with(Line::new("data", times.clone(), of(&courses.courses[c].standard)).width(2.0).opacity(0.5));
            for l in in_figures(learned) {
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
    let mut checks = Vec::new();
    let shallow = |l: &&Learned| has_bars && l.model.published.as_deref() == Some("rxns_shallow");
    for l in learned.iter().filter(shallow) {
        for (name, value) in [("b_Ca", 0.7), ("W_Ca", 1.3)] {
            let place = names.iter().position(|n| n == name);
            let course = courses.courses.iter().position(|c| c.condition == [value]);
            let (Some(p), Some(c)) = (place, course) else { continue };
            let rms = |trial: &Vec<Prediction>| {
                let times = courses.times(c);
                let square = |t: usize| (trial[c].standard[t * width + p] - courses.standard(c, t)[p]).powi(2);
                ((0..times).map(square).sum::<f64>() / times as f64).sqrt()
            };
            let all: Vec<f64> = l.predictions[0].iter().map(rms).collect();
            let claim = format!("{}: rms difference of {name} at {value} (best validation, median)", l.model.name);
            checks.push(Check::at_most(claim, 0.03, median(&all)));
        }
    }
    (Section::new("Courses").figure(figure), checks, data)
}

/// The models that figures of single courses show: the published ones, or all if there are none.
pub fn in_figures(learned: &[Learned]) -> impl Iterator<Item = &Learned> {
    let is_compared = learned.iter().any(|l| l.model.published.is_some());
    learned.iter().filter(move |l| !is_compared || l.model.published.is_some())
}
