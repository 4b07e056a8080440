//! The data and the inputs of the net, before anything is learned: Figs. 8 to 10, 12 and 13 of Ernst et al. (2021).

use crate::Error;
use kurtz_learn::approximation::{CandidateSet, InputMap, InputSettings};
use kurtz_learn::courses::{Courses, Recording, Split, Standardisation};
use kurtz_learn::latent::Components;
use kurtz_report::{Axis, Bars, Cell, Check, DataTable, Figure, HeatMap, Line, Panel, Section, Table};
use std::f64::consts::TAU;
use std::path::Path;

/// A part of a report.
#[derive(Clone, Debug)]
pub struct Part {
    /// What is shown.
    pub section: Section,
    /// What was compared.
    pub checks: Vec<Check>,
    /// The numbers behind.
    pub data: Vec<DataTable>,
}

/// How far counts are from standardised variables, and how the parameters of both change the inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct JacobianSizes {
    /// Largest ln |d input / d parameter|.
    pub largest_logarithm: f64,
    /// Square root of the sum of squares.
    pub frobenius: f64,
}

/// The derivatives of inputs by standard parameters at one point, `[inputs x standard parameters]`.
pub fn jacobian(map: &dyn InputMap, standard: &[f64], latents: &[f64]) -> Vec<f64> {
    let shape = map.shape();
    let mut values = vec![0.0; map.input_count()];
    let mut by_standard = vec![0.0; map.input_count() * shape.standard_count()];
    map.evaluate(1, standard, latents, &mut values, None, Some(&mut by_standard));
    by_standard
}

/// The standard parameters of the counts behind standardised ones: components of the covariance of the counts.
///
/// # Errors
/// As [`Components::new`].
pub fn of_counts(courses: &Courses, standard: &[f64]) -> Result<Vec<f64>, Error> {
    let (n, hidden) = (courses.visible.len(), courses.hidden.len());
    let y = kurtz_learn::frame::Standard::from_flat(standard, n, hidden);
    let Standardisation { shift, scale } = &courses.standardisation;
    let mean: Vec<f64> = (0..n).map(|i| shift[i] + scale[i] * y.mean[i]).collect();
    let covariance = y.visible_covariance();
    let covariance: Vec<f64> = (0..n * n).map(|e| covariance[e] * scale[e / n] * scale[e % n]).collect();
    Ok(Components::new(&mean, &covariance, hidden)?.standard.to_flat())
}

impl JacobianSizes {
    /// Of a matrix of derivatives.
    pub fn of(jacobian: &[f64]) -> Self {
        let largest = jacobian.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let squares: f64 = jacobian.iter().map(|x| x * x).sum();
        JacobianSizes { largest_logarithm: largest.ln(), frobenius: squares.sqrt() }
    }
}

/// The inputs that candidate reactions give on some courses: their derivatives with and without the standardising
/// transformation (Fig. 10, at the row `time` of the course `course`, mu_h = 0, Sigma_h = 1.01), their sizes (Fig. 12), the
/// frequencies of the latents (Fig. 13) and the identity of the courses. `published` is the directory of the decoded
/// data, whose stored vectors are compared.
///
/// # Errors
/// Candidates that cannot be derived; stored vectors that cannot be read.
pub fn inputs(
    courses: &Courses,
    candidates: &CandidateSet,
    (course, time): (usize, usize),
    (frequencies, unit): (usize, &str),
    published: Option<&Path>,
) -> Result<Part, Error> {
    let settings = InputSettings::reactions(candidates.clone());
    let map = settings.build()?;
    let formulas = settings.formulas()?;
    let width = map.shape().standard_count();
    let mut checks = vec![identity(courses)];
    let mut data = Vec::new();

    let latents = [vec![0.0; map.shape().hidden], vec![1.01; map.shape().hidden]].concat();
    let standard = courses.standard(course, time);
    let after = jacobian(&map, standard, &latents);
    let before = jacobian(&map, &of_counts(courses, standard)?, &latents);
    let (large, small) = (JacobianSizes::of(&before), JacobianSizes::of(&after));
    let drop = large.largest_logarithm - small.largest_logarithm;
    // The bound is for the published figure, of the model without receptors.
    if published.is_some() && courses.visible.len() == 2 {
        checks.push(Check::at_least("drop of the largest ln |d input / d parameter| by standardising", 10.0, drop));
    }
    data.push(
        DataTable::new("jacobian")
            .column("input", (0..before.len()).map(|e| map.input_names()[e / width].clone()).collect::<Vec<_>>())
            .column(
                "parameter",
                (0..before.len()).map(|e| courses.parameter_names()[e % width].clone()).collect::<Vec<_>>(),
            )
            .column("of-counts", before.clone())
            .column("standardised", after.clone()),
    );

    let sizes = size_table(candidates, courses, &formulas);
    let nodes: u64 = formulas.iter().map(|f| f.tree_nodes).sum();
    let [values, by_latents, all] = map.operations();
    let mut section = Section::new("What the net sees")
        .paragraph(format!(
            "{} candidate reactions give {} inputs: what each would do to the {width} standard parameters, from the master \
             equation and the Gaussian closure (eqs. C9 to C16 of [@ernst2021], corrected).",
            candidates.motifs.len(),
            map.input_count(),
        ))
        .paragraph(format!(
            "Their derivatives by the standard parameters decide whether the learned equations can be integrated. In counts the \
             largest has ln |J| = {:.1} (Frobenius norm {:.2e}), in standardised variables {:.2} ({:.2}).{}",
            large.largest_logarithm,
            large.frobenius,
            small.largest_logarithm,
            small.frobenius,
            if published.is_some() { " The published figure, recomputed: 14.6 and 0.0." } else { "" }
        ))
        .figure(jacobian_figure(&before, &after, width, courses))
        .paragraph(format!(
            "The formulas have {nodes} nodes in all, {:.0} a reaction (Fig. 12; the published ones, between other frames and by \
             another algebra system: 1442 and 120). With equal parts computed once, a point takes {values} operations, {by_latents} with \
             the derivatives by the latents, {all} with all derivatives.",
            nodes as f64 / candidates.motifs.len().max(1) as f64
        ))
        .table(sizes)
        .figure(size_figure(candidates, &formulas, width));
    let points = courses.times(course);
    section = section
        .paragraph(format!(
            "The latents are sums of sines and cosines of {frequencies} frequencies f_{{l}} = 2π l / {points} per step (Fig. 13)."
        ));
    if frequencies > 0 {
        section = section.figure(frequency_figure(frequencies, points, courses.step, unit));
    }
    if let Some(directory) = published {
        let compared = stored_vectors(courses, &settings, directory, frequencies)?;
        section = section.table(compared.table);
        checks.extend(compared.checks);
    }
    Ok(Part { section, checks, data })
}

/// theta_(t+1) = theta_t + change_t (L0).
fn identity(courses: &Courses) -> Check {
    let width = courses.width();
    let worst = (0..courses.courses.len())
        .flat_map(|c| (0..courses.times(c) - 1).map(move |t| (c, t)))
        .flat_map(|(c, t)| (0..width).map(move |p| (c, t, p)))
        .map(|(c, t, p)| {
            let next = courses.standard(c, t)[p] + courses.courses[c].change[t * width + p];
            (next - courses.standard(c, t + 1)[p]).abs()
        })
        .fold(0.0, f64::max);
    Check::at_most("largest |θ_{t+1} - θ_{t} - change_{t}| of the courses", 2e-9, worst)
}

fn size_table(
    candidates: &CandidateSet,
    courses: &Courses,
    formulas: &[kurtz_learn::approximation::InputFormula],
) -> Table {
    let width = courses.width();
    let headings = ["reaction".to_string()].into_iter().chain(courses.parameter_names()).chain(["all".into()]);
    let mut table = Table::new(headings).caption("Nodes of the syntax tree of each input.");
    for (motif, inputs) in candidates.motifs.iter().zip(formulas.chunks_exact(width)) {
        let total: u64 = inputs.iter().map(|f| f.tree_nodes).sum();
        let nodes = inputs.iter().map(|f| Cell::number(f.tree_nodes as f64));
        table.push([Cell::text(motif.name.clone())].into_iter().chain(nodes).chain([Cell::number(total as f64)]));
    }
    table
}

fn size_figure(
    candidates: &CandidateSet,
    formulas: &[kurtz_learn::approximation::InputFormula],
    width: usize,
) -> Figure {
    let totals: Vec<f64> =
        formulas.chunks_exact(width).map(|inputs| inputs.iter().map(|f| f.tree_nodes as f64).sum()).collect();
    let names = candidates.motifs.iter().enumerate().map(|(i, m)| format!("{} {}", i + 1, m.name));
    Figure::new("sizes")
        .caption(format!("Size of the formulas of each reaction: {}.", names.collect::<Vec<_>>().join(", ")))
        .panel(Panel::new().x(Axis::new("reaction")).y(Axis::new("nodes").from_zero()).with(Bars::of_counts(
            "syntax tree",
            1,
            totals,
        )))
}

fn jacobian_figure(before: &[f64], after: &[f64], width: usize, courses: &Courses) -> Figure {
    let inputs = before.len() / width;
    let edges = |n: usize| (0..=n).map(|i| i as f64 + 0.5).collect::<Vec<f64>>();
    // Inputs along x, parameters along y.
    let map = |jacobian: &[f64]| {
        let logarithm = |e: usize| match jacobian[e % inputs * width + e / inputs].abs() {
            // Zeros up to rounding.
            x if x < 1e-13 => f64::NAN,
            x => x.ln(),
        };
        let values: Vec<f64> = (0..inputs * width).map(logarithm).collect();
        HeatMap::new(edges(inputs), edges(width), values).range(-16.0, 16.0).diverging().label("ln |J|")
    };
    let panel = |title: &str, jacobian: &[f64]| {
        Panel::new().title(title).x(Axis::new("input")).y(Axis::new("parameter")).with(map(jacobian))
    };
    let names = courses.parameter_names().iter().enumerate().map(|(i, n)| format!("{} {n}", i + 1)).collect::<Vec<_>>();
    Figure::new("jacobian")
        .caption(format!(
            "Derivatives of the inputs by the standard parameters ({}), before and after the standardising transformation; \
             zeros (below 1e-13) are blank.",
            names.join(", ")
        ))
        .columns(1)
        .aspect(0.22)
        .panel(panel("of counts", before))
        .panel(panel("standardised", after))
}

fn frequency_figure(frequencies: usize, points: usize, step: f64, unit: &str) -> Figure {
    let mut panel = Panel::new().x(Axis::new("time after the start").unit(unit)).y(Axis::new("cos f_{l} t"));
    for l in 1..=frequencies {
        let phase = |t: usize| TAU * l as f64 / points as f64 * t as f64;
        let time: Vec<f64> = (0..points).map(|t| t as f64 * step).collect();
        panel =
            panel.with(Line::new(format!("l = {l}"), time, (0..points).map(|t| phase(t).cos()).collect::<Vec<_>>()));
    }
    Figure::new("frequencies").caption("The cosines of which the latents are made.").panel(panel)
}

struct Compared {
    table: Table,
    checks: Vec<Check>,
}

/// The stored means and standard deviations of the inputs (F1) and the stored frequencies.
fn stored_vectors(
    courses: &Courses,
    settings: &InputSettings,
    directory: &Path,
    frequencies: usize,
) -> Result<Compared, Error> {
    let read = |name: &str| -> Result<Vec<f64>, Error> {
        let path = directory.join(name);
        let shown = path.display().to_string();
        let problem = |reason: String| kurtz_learn::LearnError::File { path: shown.clone(), reason };
        let text = std::fs::read_to_string(&path).map_err(|e| problem(e.to_string()))?;
        let number = |w: &str| w.parse().map_err(|_| problem(format!("`{w}` is not a number")).into());
        text.split_whitespace().map(number).collect()
    };
    let receptors = courses.visible.len() > 2;
    let stem = if receptors { "ip3r" } else { "ip3" };
    let points = courses.all_points(&courses.of_split(Split::Train));
    let latent = |t: &usize| {
        let phase = TAU * frequencies as f64 / courses.times(0) as f64 * *t as f64;
        (phase.sin() + phase.cos()) / (2.0 + 1e-8)
    };
    let latents: Vec<f64> =
        points.time.iter().map(latent).chain(points.time.iter().map(|t| 1.01 + latent(t))).collect();
    let mut table = Table::new([
        "inputs",
        "points",
        "largest difference of means",
        "of standard deviations",
        "largest |z|",
    ])
    .caption(
        "Means and standard deviations of the inputs with the bootstrap latents (only the highest frequency, both \
             coefficients 1) against those stored by the authors.",
    );
    let mut checks = Vec::new();
    let parameters = InputSettings::parameters(&courses.visible, &courses.hidden);
    for (which, settings) in [("rxns", settings), ("params", &parameters)] {
        let map = settings.build()?;
        let (means, deviations) =
            (read(&format!("{stem}_{which}_input_mean.txt"))?, read(&format!("{stem}_{which}_input_std.txt"))?);
        if means.len() != map.input_count() || deviations.len() != map.input_count() {
            continue;
        }
        let mut values = vec![0.0; map.input_count() * points.count];
        map.evaluate(points.count, &points.standard, &latents, &mut values, None, None);
        let (mut largest, mut z) = ([0.0_f64; 2], 0.0_f64);
        // The receptor model stored those of 4000 points drawn from all; small ones were set to 0 and 1.
        let line = if receptors { 1e-3 } else { 1e-5 };
        for (i, row) in values.chunks_exact(points.count).enumerate() {
            // The receptor model stored its parameters as [W^T, Sigma_h, mu_h, b, sigma^2].
            let place = if receptors && which == "params" { [0, 1, 2, 3, 8, 4, 5, 6, 7][i] } else { i };
            let (stored_mean, stored_deviation) = (means[place], deviations[place]);
            let n = points.count as f64;
            let mean = row.iter().sum::<f64>() / n;
            let deviation = (row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            let active = deviation >= line;
            let shown = [if mean.abs() < line { 0.0 } else { mean }, if active { deviation } else { 1.0 }];
            largest[0] = largest[0].max((shown[0] - stored_mean).abs());
            largest[1] = largest[1].max((shown[1] - stored_deviation).abs());
            if active {
                z = z.max(
                    ((shown[0] - stored_mean) / (deviation * ((1.0 - 4000.0 / n).max(0.0) / 4000.0).sqrt())).abs(),
                );
            }
        }
        let mut row = vec![
            Cell::text(if which == "rxns" { "reactions" } else { "parameters" }),
            Cell::number(points.count as f64),
            Cell::digits(largest[0], 2),
            Cell::digits(largest[1], 2),
        ];
        let name = if which == "rxns" { "reactions" } else { "parameters" };
        if receptors {
            row.push(Cell::digits(z, 3));
            checks.push(Check::at_most(format!("largest |z| of stored means of inputs ({name})"), 4.0, z));
        } else {
            row.push(Cell::Empty);
            let worst = largest[0].max(largest[1]);
            checks.push(Check::at_most(
                format!("largest difference to stored moments of inputs ({name})"),
                1e-6,
                worst,
            ));
        }
        table.push(row);
    }
    let stored = read("ip3_freqs.txt")?;
    let difference = stored
        .iter()
        .enumerate()
        .map(|(l, f)| (f - TAU * (l + 1) as f64 / courses.times(0) as f64).abs())
        .fold(0.0, f64::max);
    checks.push(Check::at_most("largest difference to the stored frequencies", 1e-15, difference));
    Ok(Compared { table, checks })
}

/// What standardising does to ensembles of counts (Figs. 8 and 9): the map of the courses, made of the `pooled` conditions,
/// and single trajectories of the middle condition before and after, `[condition][species][trajectory]` of values at the
/// times of the snapshots.
///
/// # Errors
/// As [`kurtz_learn::latent::Snapshots::standardisation`].
pub fn standardising(
    recordings: &[Recording],
    pooled: &[usize],
    by: &Standardisation,
    trajectories: &[Vec<Vec<Vec<f64>>>],
    (names, time): (&[String], &Axis),
) -> Result<Part, Error> {
    let train: Vec<usize> = (0..recordings.len()).filter(|&c| recordings[c].split == Split::Train).collect();
    let shown = train.get(train.len() / 2).copied().unwrap_or(0);
    let trajectories = trajectories.get(shown).map_or(&[][..], Vec::as_slice);
    let visible = &recordings[shown].snapshots.visible;
    let n = visible.len();
    let mut table = Table::new(["species", "mean at the low end", "mean at the high end", "m", "s"]).caption(
        "The standardising transformation y = (n - m) / s: m is the mean of the pooled ends of the range of conditions, s their \
         standard deviation; in molecules.",
    );
    let mean = |c: usize, i: usize| {
        let snapshots = &recordings[c].snapshots;
        (0..snapshots.len()).map(|t| snapshots.mean_at(t)[i]).sum::<f64>() / snapshots.len() as f64
    };
    for i in 0..n {
        let ends = [pooled.first(), pooled.last()].map(|c| c.map_or(f64::NAN, |&c| mean(c, i)));
        table.push(
            [Cell::text(visible[i].clone())]
                .into_iter()
                .chain(ends.into_iter().chain([by.shift[i], by.scale[i]]).map(|x| Cell::digits(x, 6))),
        );
    }
    let times = &recordings[shown].snapshots.times;
    let mut figure = Figure::new("standardised").columns(2).caption(
        "Single trajectories of the condition in the middle before and after the transformation, with the mean of the ensemble.",
    );
    for i in 0..n {
        for standardised in [false, true] {
            let scaled = |x: f64| if standardised { (x - by.shift[i]) / by.scale[i] } else { x };
            let axis = if standardised {
                Axis::new(format!("y of {}", visible[i]))
            } else {
                Axis::new(format!("{} (molecules)", visible[i]))
            };
            let mut panel = Panel::new().x(time.clone()).y(axis);
            for trajectory in trajectories.get(i).into_iter().flatten() {
                let values: Vec<f64> = trajectory.iter().map(|&x| scaled(x)).collect();
                panel = panel.with(Line::new("trajectories", times.clone(), values).width(0.5).opacity(0.6));
            }
            let snapshots = &recordings[shown].snapshots;
            let middle: Vec<f64> = (0..times.len()).map(|t| scaled(snapshots.mean_at(t)[i])).collect();
            panel = panel.with(Line::new("mean", times.clone(), middle).width(1.5));
            figure = figure.panel(panel);
        }
    }
    let mut spread = Figure::new("pooled").columns(2).caption(
        "Means (lines) and standard deviations (bands) at the ends of the range of conditions, from which the transformation is \
         made.",
    );
    for i in 0..n {
        let mut panel = Panel::new().x(time.clone()).y(Axis::new(format!("{} (molecules)", visible[i])));
        for &c in pooled {
            let snapshots = &recordings[c].snapshots;
            let values = names.iter().zip(&recordings[c].condition).map(|(name, value)| format!("{name} = {value}"));
            let label = values.collect::<Vec<_>>().join(", ");
            let (mut middle, mut low, mut high) = (Vec::new(), Vec::new(), Vec::new());
            for t in 0..snapshots.len() {
                let (m, s) = (snapshots.mean_at(t)[i], snapshots.covariance_at(t)[i * n + i].sqrt());
                middle.push(m);
                low.push(m - s);
                high.push(m + s);
            }
            let times = snapshots.times.clone();
            panel = panel
                .with(kurtz_report::Band::new(label.clone(), times.clone(), low, high))
                .with(Line::new(label, times, middle));
        }
        spread = spread.panel(panel);
    }
    let section = Section::new("Standardising").table(table).figure(spread).figure(figure);
    Ok(Part { section, checks: Vec::new(), data: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Option<std::path::PathBuf> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ip3/learning");
        if !directory.is_dir() {
            eprintln!("skipped: no {}", directory.display());
            return None;
        }
        Some(directory)
    }

    #[test]
    fn standardising_lowers_the_published_jacobian_as_published() {
        let Some(directory) = published() else { return };
        let courses = Courses::published_ip3(&directory).unwrap();
        let at = courses.courses.iter().position(|c| c.condition == [0.7]).unwrap();
        let set = CandidateSet::lotka_volterra(&courses.visible, &courses.hidden);
        let map = InputSettings::reactions(set.clone()).build().unwrap();
        let standard = courses.standard(at, 49);
        let small = JacobianSizes::of(&jacobian(&map, standard, &[0.0, 1.01]));
        let large = JacobianSizes::of(&jacobian(&map, &of_counts(&courses, standard).unwrap(), &[0.0, 1.01]));
        // Recomputed from the published figure: 14.6 and 0.0; Frobenius norms 3.3e6 and 5.5.
        assert!((large.largest_logarithm - 14.6).abs() < 0.1 && (small.largest_logarithm - 0.0).abs() < 0.1);
        assert!((large.frobenius / 3.3e6 - 1.0).abs() < 0.05 && (small.frobenius / 5.5 - 1.0).abs() < 0.05);
        let part = inputs(&courses, &set, (at, 49), (6, "s"), Some(&directory)).unwrap();
        assert!(part.checks.iter().all(|c| c.passed), "{:?}", part.checks);
        assert_eq!(part.checks.len(), 5);
    }

    #[test]
    fn inputs_of_the_receptor_model_pass_their_checks() {
        let Some(directory) = published() else { return };
        let courses = Courses::published_receptors(&directory).unwrap();
        let set = CandidateSet::conserving(&courses.visible, &courses.hidden, &[2]);
        let part = inputs(&courses, &set, (0, 49), (6, "s"), Some(&directory)).unwrap();
        assert!(part.checks.iter().all(|c| c.passed), "{:?}", part.checks);
        assert_eq!(part.checks.len(), 4);
    }
}
