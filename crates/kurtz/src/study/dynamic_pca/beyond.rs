//! Oscillators with hidden partners beside the best of the published kind, on conditions that neither has seen.

use super::learned::{Learned, geometric, median, word};
use super::settings::{Inputs, Settings};
use crate::Error;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_learn::courses::{Courses, Split};
use kurtz_learn::dbd::{OscillatorEnsemble, OscillatorSettings, Prediction, Validation};
use kurtz_report::{Axis, Band, Cell, Check, DataTable, Figure, Line, Panel, Section, Table};

/// Resamples of trials behind an interval.
const RESAMPLES: usize = 2000;

/// Fits oscillators and compares.
///
/// # Errors
/// Courses that they do not fit.
pub fn compare(
    settings: &Settings,
    oscillators: &OscillatorSettings,
    courses: &Courses,
    learned: &[Learned],
    time: &Axis,
) -> Result<(Section, Vec<Check>, DataTable), Error> {
    let (train, unseen) = (courses.of_split(Split::Train), courses.of_split(Split::Unseen));
    let ensemble = OscillatorEnsemble::fit(courses, &train, oscillators)?;
    let errors = |c: usize| -> Vec<f64> {
        ensemble.members.iter().map(|m| Prediction::of(courses, c, m.course(courses, c)).mean_squared_error).collect()
    };
    let ours: Vec<Vec<f64>> = unseen.iter().map(|&c| errors(c)).collect();
    let score = |all: &[Vec<f64>]| geometric(&all.iter().map(|e| median(e)).collect::<Vec<_>>());
    // Honest models of reactions: no word of unseen conditions in their choice.
    let mut peers = Vec::new();
    for l in learned.iter().filter(|l| l.model.inputs == Inputs::Reactions && l.model.modes > 0) {
        for kept in 0..2 {
            if kept == 1 || l.model.validation != Validation::Unseen {
                let all: Vec<Vec<f64>> = unseen.iter().map(|&c| l.errors(kept, c)).collect();
                peers.push((format!("{}, {}", l.model.name, word(kept)), all));
            }
        }
    }
    // Where the median trial runs away there is nothing to compare; that counts first.
    let held = |all: &[Vec<f64>]| {
        (0..all.len()).filter(|&i| median(&all[i]).is_finite() && median(&ours[i]).is_finite()).collect::<Vec<usize>>()
    };
    let at = |all: &[Vec<f64>], held: &[usize]| held.iter().map(|&i| all[i].clone()).collect::<Vec<_>>();
    let rank = |all: &[Vec<f64>]| (all.len() - held(all).len(), score(&at(all, &held(all))));
    peers.sort_by(|(_, a), (_, b)| {
        let ((a, x), (b, y)) = (rank(a), rank(b));
        a.cmp(&b).then(x.total_cmp(&y))
    });
    let shown = |x: f64| if x.is_finite() { format!("{x:.2e}") } else { "running away".to_owned() };
    let mut table =
        Table::new(["model", "conditions", "error at unseen conditions", "95 % interval", "over the oscillators'"])
            .caption(
                "Geometric mean over unseen conditions of the median over trials or members; intervals by resampling these. Conditions \
                 at which the median runs away are left out, for both.",
            );
    let mut push = |name: &str, all: &[Vec<f64>]| {
        let held = held(all);
        let (here, oscillators) = (at(all, &held), at(&ours, &held));
        if held.is_empty() {
            table.push([Cell::text(name), Cell::number(0.0), Cell::text("running away"), Cell::Empty, Cell::Empty]);
            return;
        }
        let (low, high) = interval(&[&here], settings.seed, &|a| score(&a[0]));
        table.push([
            Cell::text(name),
            Cell::text(format!("{} of {}", held.len(), all.len())),
            Cell::digits(score(&here), 2),
            Cell::text(format!("{} to {}", shown(low), shown(high))),
            Cell::digits(score(&here) / score(&oscillators), 3),
        ]);
    };
    push("oscillators", &ours);
    peers.iter().for_each(|(name, all)| push(name, all));
    let mut section = Section::new("Beyond: hidden partners instead of a clock")
        .paragraph(format!(
            "Each moving parameter relaxes to a level with a hidden partner that flows; levels, rates and amplitudes are \
             polynomials of degrees {:?} of c/(c + K), fitted to whole courses ({} members, each with its own K). The form was chosen \
             by leaving out one, and blocks of, the conditions learned from; see the reference on dynamic PCA for what else was tried.",
            oscillators.degrees,
            ensemble.members.len()
        ))
        .table(table);
    let mut checks = Vec::new();
    if let Some((name, best)) = peers.first() {
        let held = held(best);
        let pair = [at(best, &held), at(&ours, &held)];
        let over = |a: &[Errors]| score(&a[0]) / score(&a[1]);
        let text = match held.len() {
            0 => format!("The best honest model of reactions ({name}) runs away at all unseen conditions."),
            count => {
                let (low, high) = interval(&[&pair[0], &pair[1]], settings.seed, &over);
                let [low, high] =
                    [low, high].map(|x| if x.is_finite() { format!("{x:.2}") } else { "running away".to_owned() });
                let away = match best.len() - count {
                    0 => String::new(),
                    away => format!(", but for {away} at which it runs away"),
                };
                format!(
                    "The best honest model of reactions ({name}) has {:.2} times the error of the oscillators at unseen conditions{away} \
                     (95 % interval {low} to {high}).",
                    over(&pair)
                )
            }
        };
        section = section.paragraph(text);
        if settings.has_bars() {
            let name = format!("error of the best honest model of reactions ({name}) over that of oscillators, unseen");
            // One that runs away somewhere is no baseline.
            let ratio = if held.len() == best.len() { over(&pair) } else { f64::NAN };
            checks.push(Check::at_least(name, 3.0, ratio));
        }
    }
    // Coverage of the bands.
    let dynamic = courses.dynamic.len();
    let mut covered = Table::new([courses.condition_names[0].as_str(), "points in the 95 % band"]);
    let mut data = DataTable::new("oscillators");
    let mut figure = Figure::new("bands")
        .columns(2)
        .caption("Courses (thick) and oscillators with 95 % bands at unseen conditions.");
    let (mut inside, mut all) = (0.0, 0.0);
    let shown = [0, unseen.len() / 3, 2 * unseen.len() / 3, unseen.len().saturating_sub(1)];
    for (number, &c) in unseen.iter().enumerate() {
        let banded = ensemble.predict(courses, c);
        let truth: Vec<f64> =
            (0..banded.mean.len()).map(|i| courses.standard(c, i / dynamic)[courses.dynamic[i % dynamic]]).collect();
        let hits =
            (0..truth.len()).filter(|&i| (banded.mean[i] - truth[i]).abs() <= banded.half_width[i]).count() as f64;
        inside += hits;
        all += truth.len() as f64;
        let value = courses.courses[c].condition[0];
        covered.push([Cell::number(value), Cell::percentage(hits / truth.len() as f64)]);
        let of = |values: &[f64]| values.iter().step_by(dynamic).copied().collect::<Vec<f64>>();
        data = data
            .column(format!("mean at {value}"), of(&banded.mean))
            .column(format!("half width at {value}"), of(&banded.half_width));
        if shown.contains(&number) {
            let times: Vec<f64> = (0..courses.times(c)).map(|t| courses.start + courses.step * t as f64).collect();
            let (mean, half) = (of(&banded.mean), of(&banded.half_width));
            let bound = |sign: f64| mean.iter().zip(&half).map(|(m, h)| m + sign * h).collect::<Vec<_>>();
            figure = figure.panel(
                Panel::new()
                    .title(format!("{} = {value}", courses.condition_names[0]))
                    .x(time.clone())
                    .y(Axis::new(courses.parameter_names()[courses.dynamic[0]].clone()))
                    .with(Line::new("course", times.clone(), of(&truth)).width(2.0).opacity(0.5))
                    .with(Band::new("oscillators", times.clone(), bound(-1.0), bound(1.0)))
                    .with(Line::new("oscillators", times, mean)),
            );
        }
    }
    section = section
        .paragraph(format!(
            "The bands are set so that they cover 95 % of the points of conditions left out of those learned from; at unseen \
             conditions they cover {:.1} %.",
            100.0 * inside / all
        ))
        .table(covered)
        .figure(figure);
    Ok((section, checks, data))
}

/// Errors, `[conditions][trials]`.
type Errors = Vec<Vec<f64>>;

/// 2.5 % and 97.5 % of a statistic over resampled trials, the same at all conditions.
fn interval(samples: &[&[Vec<f64>]], seed: u64, statistic: &dyn Fn(&[Errors]) -> f64) -> (f64, f64) {
    let mut rng = SimRng::new(seed, 0, Purpose::Resampling);
    let mut found: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resampled: Vec<Errors> = samples
                .iter()
                .map(|all| {
                    let n = all[0].len();
                    let chosen: Vec<usize> = (0..n).map(|_| (n as f64 * rng.uniform()) as usize).collect();
                    all.iter().map(|e| chosen.iter().map(|&i| e[i]).collect()).collect()
                })
                .collect();
            // Where both run away.
            Some(statistic(&resampled)).filter(|x| !x.is_nan()).unwrap_or(f64::INFINITY)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    (found[RESAMPLES / 40], found[RESAMPLES - RESAMPLES / 40 - 1])
}
