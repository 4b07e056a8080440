//! The first example of Yang, Peng, Zhu, Hong, J. Chem. Phys. 153 (2020) 094117: the epidermis model, end to end.
//!
//! A network is sampled; its moments are learned from, as published and by regression over reactions; what was
//! learned is a network again, whose law is compared with that of the truth. Nothing but the defaults is special to the
//! epidermis: any network of two species whose moments close will do.

mod accuracy;
mod candidates;
mod laws;
mod published;
mod rates;
mod sampling;
mod structure;

use super::findings::{Findings, provenance};
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::moments::{Form, MomentHierarchy};
use kurtz_model::Network;
use kurtz_report::{Cell, Report, Section, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Seed of all random numbers. Default 1.
    pub seed: u64,
    /// Trajectories of the ensemble. Default 1 000 000, as published.
    pub trajectories: u64,
    /// Last time, in the model's unit. Default 20.
    pub end: f64,
    /// Times at which moments are kept, after the start. Default 20.
    pub steps: usize,
    /// Times at which whole laws are compared; each must be one of the output times. Default 1, 5, 10, 20.
    pub snapshots: Vec<f64>,
    /// Trajectories shown. Default 10.
    pub shown: u64,
    /// Trajectories of the comparison with the first-reaction method. Default 100 000.
    pub comparison: u64,
    /// Initial counts of the first species when the same number of trajectories is split over several initial states.
    /// Default 5, 10, 20.
    pub founders: Vec<u32>,
    /// Reactions that could be there, offered beside the model's own: name of the rate constant, reaction.
    pub candidates: BTreeMap<String, String>,
    /// Synthetic data sets behind each row of the table of accuracy versus method. Default 30.
    pub replicates: u32,
    /// The published training.
    pub published: published::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            seed: 1,
            trajectories: 1_000_000,
            end: 20.0,
            steps: 20,
            snapshots: vec![1.0, 5.0, 10.0, 20.0],
            shown: 10,
            comparison: 100_000,
            founders: vec![5, 10, 20],
            candidates: BTreeMap::new(),
            replicates: 30,
            published: published::Settings::default(),
        }
    }
}

/// Runs the study.
///
/// # Errors
/// Mistakes in the model or settings; networks that the study does not fit; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Findings, Error> {
    let model = settings.model.read()?;
    let hierarchy = applicable(&model)?;
    // Mistakes in the candidates are better heard of before the simulation.
    candidates::Offer::new(settings, &model)?;
    let mut provenance = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
    model.record(&mut provenance);
    for key in ["yang2020", "clayton2007", "gillespie1976", "gillespie1977", "munsky2006"] {
        provenance.cite(key);
    }

    let sampled = provenance.timed("simulation", || sampling::run(settings, &model, progress))?;
    let truth = provenance.timed("master equation", || laws::truth(settings, &model, progress))?;
    let published =
        provenance.timed("learning as published", || published::run(settings, &model, &sampled, progress))?;
    let structure = provenance.timed("structure", || structure::run(settings, &model, &sampled, progress))?;
    let rates = provenance.timed("rates", || rates::run(settings, &model, &sampled, progress))?;
    let learned = provenance.timed("law of the learned network", || {
        laws::compare(settings, &model, &sampled, &truth, &rates, &published, progress)
    })?;
    let accuracy =
        provenance.timed("accuracy of the methods", || accuracy::run(settings, &model, &sampled, progress))?;

    let title = model.network.name.clone().unwrap_or_else(|| model.name.clone());
    let mut report = Report::new(title).subtitle(
        "From a reaction network to an ensemble, its moments, the reactions and rates learned from them, and back to \
         the law of the counts",
    );
    report.summary = vec![rates.summary(), structure.summary(), published.summary()];
    let parts = [
        model_section(&model, &hierarchy),
        sampled.section(&model, &rates),
        published.section(&rates),
        structure.section(),
        rates.section(),
        learned.section(&model),
        accuracy.section(),
    ];
    report.sections.extend(parts);
    let checks = [sampled.checks(), structure.checks(), rates.checks(), learned.checks()];
    report.checks.extend(checks.into_iter().flatten());
    report.provenance = Some(provenance);
    let mut findings = Findings { report, data: sampled.tables(), files: Vec::new() };
    findings.data.extend(learned.tables());
    findings.files.push(("model.crn".into(), model.kinetics.network().to_crn().into_bytes()));
    findings.files.push(("learned.crn".into(), rates.network.to_crn().into_bytes()));
    Ok(findings)
}

/// The moment equations of a network that the study fits.
fn applicable(model: &ModelFile) -> Result<MomentHierarchy, Error> {
    let network: &Network = model.kinetics.network();
    let decline = |reason: String| Error::Declined { method: "the epidermis study".into(), reason };
    if network.species.len() != 2 {
        let n = network.species.len();
        return Err(decline(format!("it is made for two species, and the model has {n}; see `kurtz learn`")));
    }
    let hierarchy = MomentHierarchy::derive(network, 2, Form::Central).map_err(|e| decline(e.to_string()))?;
    if !hierarchy.closes() {
        return Err(decline("the moments of this model do not close; see `kurtz learn`".into()));
    }
    Ok(hierarchy)
}

fn model_section(model: &ModelFile, hierarchy: &MomentHierarchy) -> Section {
    let network = model.kinetics.network();
    let mut values = Table::new(["parameter", "value", "unit"]);
    for (parameter, value) in network.parameters.iter().zip(model.kinetics.parameters()) {
        let unit = match &parameter.value {
            kurtz_model::Value::Quantity(q) => q.unit.text.clone(),
            kurtz_model::Value::Expression(_) => String::new(),
        };
        values.push([Cell::text(parameter.name.clone()), Cell::digits(*value, 6), Cell::text(unit)]);
    }
    Section::new("The model and its moments")
        .code(network.to_crn())
        .table(values)
        .paragraph(
            "All reactions are of first order, so the equations of the means and of the variances and covariance close \
             exactly (eq. 13 of [@yang2020], derived here from the network):",
        )
        .formula(hierarchy.to_latex(None))
}
