//! Physics-based dynamic PCA: reduced models of the law of a few species, learned with what reactions would do to their
//! parameters (O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness, arXiv:2109.05053).

mod beside_published;
mod beyond;
pub mod ensembles;
pub mod frames;
mod hidden;
mod learned;
mod ranges;
mod reference;
pub mod sampling;
mod sections;
pub mod settings;
mod smoothing;
#[cfg(test)]
mod tests;

pub use settings::{Data, Settings};

use super::findings::{Findings, provenance};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::courses::Split;
use kurtz_learn::dbd::Validation;
use kurtz_report::{Cell, Check, DataTable, Report, Section, Table};
use learned::Learned;

/// Runs the study.
///
/// # Errors
/// Data that cannot be read or made; settings that do not fit them; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Findings, Error> {
    let mut provenance = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
    provenance.cite("ernst2021");
    settings.check()?;
    let material =
        provenance.timed("courses", || settings.data.courses(settings.seed, &settings.directory, progress))?;
    let courses = &material.courses;
    let mut learned = Vec::new();
    for model in &settings.models {
        let trained = provenance
            .timed(format!("training of {}", model.name), || Learned::new(settings, model, courses, progress))?;
        learned.push(trained);
    }
    let mut report = Report::new(settings.title.clone()).subtitle(
        "Reduced models of counts that are normal at each time: learned at some conditions, followed at others",
    );
    let mut findings = Findings::default();
    let count = |split: Split| courses.of_split(split).len();
    let mut models = Table::new(["model", "inputs", "weights", "rounds", "validation", "seconds of training"]);
    for l in &learned {
        let network = l.trials[0].last.network();
        models.push([
            Cell::text(l.model.name.clone()),
            Cell::number(network.inputs() as f64),
            Cell::number(network.weight_count() as f64),
            Cell::number(l.model.rounds as f64),
            Cell::text(format!("{:?}", l.model.validation)),
            Cell::digits(l.seconds, 3),
        ]);
    }
    report.sections.push(
        Section::new("Data and models")
            .paragraph(format!(
                "Courses of theta-hat ([@ernst2021]) at {} conditions to learn from and {} unseen ones, {} rows each. Where validation \
                 is `Unseen`, as published, the best round was chosen on the unseen conditions, and errors there are after selection \
                 on them; the last round, and all other validation, knows nothing of them.",
                count(Split::Train),
                count(Split::Unseen),
                courses.times(0)
            ))
            .table(models),
    );
    if let Some(recorded) = &material.recorded {
        let ends = sampling::ends(&recorded.recordings)?;
        let part = frames::standardising(
            &recorded.recordings,
            &ends,
            &courses.standardisation,
            &recorded.trajectories,
            (&courses.condition_names, &material.time),
        )?;
        report.sections.push(part.section);
        if let Data::Sampled(sampling) = &settings.data {
            let recordings = &recorded.recordings;
            let part = smoothing::compare(&sampling.courses, courses, recordings, &material.time)?;
            report.sections.push(part.section);
            if let Some(published) = &sampling.published_scale {
                report.checks.extend(published.checks(&courses.visible, &courses.standardisation));
            }
        }
        if let Some(part) = beside_published::compare(settings, courses, &material.time)? {
            report.sections.push(part.section);
            report.checks.extend(part.checks);
        }
    }
    if let Some(l) = learned.iter().find(|l| l.model.inputs == settings::Inputs::Reactions) {
        let candidates = settings.candidates(&l.model, &courses.visible, &courses.hidden)?;
        let train = courses.of_split(Split::Train);
        let at = (train[train.len() / 2], 49.min(courses.times(0) - 2));
        // The stored vectors are those of the published courses.
        let is_published = !matches!(settings.data, Data::Sampled(_));
        let published = settings.reference.as_deref().filter(|d| is_published && d.exists());
        let part = frames::inputs(courses, &candidates, at, (l.model.modes, &material.time.unit), published)?;
        report.sections.push(part.section);
        report.checks.extend(part.checks);
        findings.data.extend(part.data);
        let formulas = settings.training(&l.model, &courses.visible, &courses.hidden)?.inputs.formulas()?;
        let lines = formulas.iter().map(|f| format!("% {}\n{}\n", f.name, f.latex));
        findings.files.push(("inputs.tex".into(), lines.collect::<String>().into_bytes()));
    }
    let has_bars = settings.has_bars();
    let mut add = |(section, checks, data): (Section, Vec<Check>, DataTable)| {
        report.sections.push(section);
        report.checks.extend(checks);
        findings.data.push(data);
    };
    add(sections::errors(settings, courses, &learned)?);
    add(ranges::ranges(settings, courses, &learned)?);
    add(sections::followed(courses, &learned, has_bars, &material.time));
    add(hidden::latents(courses, &learned, has_bars, &material.time));
    if let Some(oscillators) = &settings.oscillators {
        add(beyond::compare(settings, oscillators, courses, &learned, &material.time)?);
    }
    // Trials of one another, to predict with; for other programs the first one is enough.
    for l in &learned {
        let name = l.model.file_name();
        for (k, trial) in l.trials.iter().enumerate() {
            findings.files.push((format!("models/{name}-{k}.safetensors"), trial.last.to_bytes()));
            if let Some(best) = trial.best.as_ref().filter(|_| l.model.validation != Validation::Unseen) {
                findings.files.push((format!("models/best/{name}-{k}.safetensors"), best.to_bytes()));
            }
        }
        findings.files.push((format!("models/{name}-0.onnx"), l.trials[0].last.network().to_onnx()));
    }
    report.provenance = Some(provenance);
    findings.report = report;
    // What was finished is in the models now.
    settings.forget();
    Ok(findings)
}
