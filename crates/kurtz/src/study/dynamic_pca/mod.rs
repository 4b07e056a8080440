//! Physics-based dynamic PCA: reduced models of the law of a few species, learned with what reactions would do to their
//! parameters (O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness, arXiv:2109.05053).

mod beyond;
pub mod ensembles;
pub mod frames;
mod learned;
mod reference;
mod sections;
pub mod settings;

pub use settings::Settings;

use super::findings::{Findings, provenance};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::approximation::CandidateSet;
use kurtz_learn::courses::Split;
use kurtz_report::{Cell, Report, Section, Table};
use learned::Learned;

/// Runs the study.
///
/// # Errors
/// Data that cannot be read or made; settings that do not fit them; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Findings, Error> {
    let mut provenance = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
    provenance.cite("ernst2021");
    let courses = provenance.timed("courses", || settings.data.courses(settings.seed, progress))?;
    let mut learned = Vec::new();
    for model in &settings.models {
        let trained = provenance
            .timed(format!("training of {}", model.name), || Learned::new(settings, model, &courses, progress))?;
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
    let (visible, hidden) = (&courses.visible, &courses.hidden);
    if let Some(l) = learned.iter().find(|l| l.model.inputs == settings::Inputs::Reactions) {
        let conserved: Vec<usize> = (0..visible.len()).filter(|&i| settings.conserved.contains(&visible[i])).collect();
        let candidates = CandidateSet::conserving(visible, hidden, &conserved);
        let train = courses.of_split(Split::Train);
        let at = (train[train.len() / 2], 49.min(courses.times(0) - 2));
        let published = settings.reference.as_deref().filter(|d| d.exists());
        let part = frames::inputs(&courses, &candidates, at, l.model.modes, published)?;
        report.sections.push(part.section);
        report.checks.extend(part.checks);
        findings.data.extend(part.data);
    }
    let (section, checks, data) = sections::errors(settings, &courses, &learned)?;
    report.sections.push(section);
    report.checks.extend(checks);
    findings.data.push(data);
    let (section, data) = sections::ranges(settings, &courses, &learned);
    report.sections.push(section);
    findings.data.push(data);
    let (section, data) = sections::followed(&courses, &learned);
    report.sections.push(section);
    findings.data.push(data);
    let reference = settings.reference.as_deref().filter(|d| d.exists());
    let (section, checks, data) = sections::latents(&courses, &learned, reference);
    report.sections.push(section);
    report.checks.extend(checks);
    findings.data.push(data);
    if let Some(oscillators) = &settings.oscillators {
        let (section, checks, data) = beyond::compare(settings, oscillators, &courses, &learned)?;
        report.sections.push(section);
        report.checks.extend(checks);
        findings.data.push(data);
    }
    // One model of each kind, to predict with.
    for l in &learned {
        let name: String = l.model.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        for (k, trial) in l.trials.iter().enumerate() {
            findings.files.push((format!("models/{name}-{k}.safetensors"), trial.last.to_bytes()));
            findings.files.push((format!("models/{name}-{k}.onnx"), trial.last.network().to_onnx()));
        }
    }
    report.provenance = Some(provenance);
    findings.report = report;
    Ok(findings)
}
