//! `kurtz reduce`: the time scales of a network, and a smaller network for the slow ones.

mod figures;
mod tables;

use super::findings::{Findings, provenance};
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::reduce::{
    Behaviour, Behaviours, Candidate, Flow, Noise, Outcome, ReduceError, ReduceSettings, Reduction, StochasticSettings,
    Window, compare_noise, describe,
};
use kurtz_model::format::sbml;
use kurtz_report::{Cell, DataTable, Report, Section, Table};
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// What is taken as fast, and what error is accepted.
    pub reduction: ReduceSettings,
    /// The comparison of noise.
    pub noise: StochasticSettings,
    /// Leave it out.
    pub without_noise: bool,
}

/// A reduced model and what is known of it.
#[derive(Debug)]
pub struct Reduced {
    /// The full model.
    pub model: ModelFile,
    /// Diagnosis, candidates and choice.
    pub outcome: Outcome,
    /// The noise of both networks, or why it was not compared.
    pub noise: Result<Noise, String>,
}

/// Diagnoses a model, reduces it and checks the reduction.
///
/// # Errors
/// Mistakes in the model or the settings, networks that reduction does not apply to, interruption. That no reduction
/// serves is an error too, by [`Reduced::refusal`], once the diagnosis has been shown.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Reduced, Error> {
    let model = settings.model.read()?;
    let (outcome, noise) = {
        let flow = Flow::new(&model.kinetics)?;
        let outcome = kurtz_learn::reduce::reduce(&flow, &settings.reduction, progress)?;
        let noise = match outcome.best() {
            _ if settings.without_noise => Err("it was not asked for".into()),
            Some(Candidate { reduction: Some(reduction), window: Some(window), .. }) => {
                let range = (window.start, window.end);
                match compare_noise(&flow, &outcome.scales, reduction, range, &settings.noise, progress) {
                    Err(ReduceError::Cancelled) => return Err(Error::Interrupted),
                    result => result.map_err(|e| e.to_string()),
                }
            }
            _ => Err("there is no reduced network".into()),
        };
        (outcome, noise)
    };
    Ok(Reduced { model, outcome, noise })
}

impl Reduced {
    /// The reduction that was chosen, with the window in which it holds.
    pub fn chosen(&self) -> Option<(&Candidate, &Reduction, Window)> {
        let candidate = self.outcome.best()?;
        Some((candidate, candidate.reduction.as_ref()?, candidate.window?))
    }

    /// Why there is none, if so.
    pub fn refusal(&self) -> Option<Error> {
        let refusal = self.outcome.refusal.as_ref()?;
        Some(Error::Declined { method: "reduction".into(), reason: refusal.to_string() })
    }

    /// Who is fast: species and reactions of each split.
    pub fn scales(&self) -> Vec<Table> {
        tables::scales(self)
    }

    /// What was tried.
    pub fn candidates(&self) -> Table {
        tables::candidates(self)
    }

    /// Errors of each species in the window.
    pub fn errors(&self) -> Table {
        tables::errors(self)
    }

    /// What was found, in sentences.
    pub fn summary(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        let unit = self.model.time_unit();
        let time = |t: f64| format!("{} {unit}", Cell::digits(t, 3).to_text()).trim_end().to_string();
        match self.chosen() {
            Some((candidate, reduction, window)) => {
                sentences.push(format!(
                    "Reduced by {} with {} fast: {} of {} species remain.",
                    candidate.kind.name(),
                    candidate.fast.join(", "),
                    reduction.slow.len(),
                    reduction.slow.len().max(self.model.network.species.iter().filter(|s| !s.clamped).count()),
                ));
                let names: Vec<&str> = candidate
                    .observed
                    .iter()
                    .map(|i| self.model.kinetics.network().species[*i].name.as_str())
                    .collect();
                sentences.push(format!(
                    "It holds from time {} to {}: the estimated relative error of {} is at most {}; against the full model it \
                     is {}.",
                    Cell::digits(window.start, 3).to_text(),
                    time(window.end),
                    names.join(", "),
                    Cell::digits(candidate.estimate, 2).to_text(),
                    Cell::digits(candidate.measured, 2).to_text(),
                ));
                if let Some(species) = &reduction.plan.representatives {
                    let totals = reduction.plan.slow.iter().zip(species).filter(|(y, _)| y.as_single().is_none());
                    let network = self.model.kinetics.network();
                    for (total, i) in totals {
                        sentences.push(format!(
                            "{} is the slow variable; its equation is written for {}.",
                            total.text(network),
                            network.species[*i].name
                        ));
                    }
                }
            }
            None => sentences.push("No reduction serves.".into()),
        }
        // What neither rests nor oscillates in the time followed tells nothing.
        let tells = |b: &&Behaviours| [b.full, b.reduced].iter().any(|b| *b != Behaviour::Other);
        if let Some(behaviours) = self.outcome.behaviours.as_ref().filter(tells) {
            sentences.push(format!(
                "In the long run the full model {}, the reduced one {}.",
                describe(&behaviours.full),
                describe(&behaviours.reduced)
            ));
        }
        match &self.noise {
            Ok(Noise { warning: Some(warning), .. }) => sentences.push(format!("Warning: {warning}.")),
            Ok(noise) => sentences.push(format!(
                "Noise: means and standard deviations of {} exact trajectories of both networks agree.",
                noise.trajectories
            )),
            Err(reason) if self.outcome.chosen.is_some() => {
                sentences.push(format!("Noise was not compared: {reason}."));
            }
            Err(_) => {}
        }
        sentences
    }

    /// The whole of it for programs.
    ///
    /// # Errors
    /// Numbers that JSON cannot hold never occur: those that are not finite are null.
    pub fn json(&self) -> Result<String, Error> {
        tables::json(self)
    }

    /// The reduced network as SBML.
    ///
    /// # Errors
    /// If there is none, or SBML cannot hold it.
    pub fn sbml(&self) -> Result<String, Error> {
        let (_, reduction, _) = self.chosen().ok_or_else(|| self.no_network())?;
        sbml::write(&reduction.network)
            .map_err(|error| Error::NotExpressible { file: "SBML".into(), reason: error.to_string() })
    }

    /// The reduced network as `.crn` text, with where it comes from and where it holds above it.
    ///
    /// # Errors
    /// If there is none.
    pub fn crn(&self) -> Result<String, Error> {
        let (_, reduction, _) = self.chosen().ok_or_else(|| self.no_network())?;
        let comment: Vec<String> = self.summary().iter().map(|s| format!("# {s}\n")).collect();
        Ok(format!("# Reduced from {}.\n{}\n{}", self.model.name, comment.concat(), reduction.network.to_crn()))
    }

    fn no_network(&self) -> Error {
        self.refusal().unwrap_or(Error::Interrupted)
    }

    /// The report, with its figures and tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance = provenance().seed(settings.noise.seed).settings(settings)?;
        self.model.record(&mut provenance);
        for key in ["lam1994", "fraser1988"] {
            provenance.cite(key);
        }
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let mut report = Report::new(format!("Reduction of {title}"));
        for sentence in self.summary() {
            report = report.summary(sentence);
        }
        if let Some(refusal) = &self.outcome.refusal {
            report = report.summary(format!("Why: {refusal}"));
        }
        let mut section = Section::new("Time scales").figure(figures::spectrum(self));
        for table in self.scales() {
            section = section.table(table);
        }
        report = report.section(section);
        let mut files = Vec::new();
        if let Some((candidate, reduction, window)) = self.chosen() {
            let mut section = Section::new("Reduced model");
            for line in reduction.latex() {
                section = section.formula(line);
            }
            report = report.section(section.code(reduction.network.to_crn()));
            let mut section = Section::new("How far it holds")
                .figure(figures::trajectories(self, candidate))
                .figure(figures::errors(self, candidate, &window))
                .table(self.errors());
            if let Ok(noise) = &self.noise {
                section = section.table(tables::noise(noise));
            }
            report = report.section(section);
            files.push(("reduced.crn".to_string(), self.crn()?.into_bytes()));
            if let Ok(sbml) = self.sbml() {
                files.push(("reduced.xml".to_string(), sbml.into_bytes()));
            }
        }
        report = report
            .section(Section::new("What was tried").table(self.candidates()))
            .section(Section::new("Full model").code(self.model.kinetics.network().to_crn()))
            .provenance(provenance);
        Ok(Findings { report, data: self.data(), files })
    }

    /// Eigenvalues over time, and both models' courses with their errors.
    fn data(&self) -> Vec<DataTable> {
        tables::data(self)
    }
}
