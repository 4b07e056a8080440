//! The second example of Yang, Peng, Zhu, Hong, J. Chem. Phys. 153 (2020) 094117: the autoregulated gene network, reduced.
//!
//! The equations (15) are integrated; correlations of derivatives are taken as published (Table II); the rational model (16)
//! is learned from the course as published (Table III), and by relations that hold in the data, with noise too; the reduced
//! models are compared with the full one (Fig. 4), and with quasi-steady states in closed form (17)-(18).

mod correlation;
mod laws;
mod network;
mod reduced;

use super::ModelChoice;
use super::findings::{Findings, provenance};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::invariants::RelationSettings;
use kurtz_learn::rational::PublishedSettings;
use kurtz_report::Report;
use serde::{Deserialize, Serialize};

/// Settings of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model: species P, M, G, GP, GP2 and parameters k1, km1, k2, km2, k0, ks, kdM.
    pub model: ModelChoice,
    /// Seed of the noise. Default 1.
    pub seed: u64,
    /// Last time. Default 1000.
    pub end: f64,
    /// Times, after the start. Default 1000, as published tables need them.
    pub steps: usize,
    /// Multiplicative noise, as fractions of the values. Default 0.01 and 0.05.
    pub noise: Vec<f64>,
    /// Noisy data sets of each kind. Default 20.
    pub replicates: u64,
    /// The published regression.
    pub published: PublishedSettings,
    /// The search for relations.
    pub relations: RelationSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            seed: 1,
            end: 1000.0,
            steps: 1000,
            noise: vec![0.01, 0.05],
            replicates: 20,
            published: PublishedSettings::default(),
            relations: RelationSettings::default(),
        }
    }
}

/// Runs the study.
///
/// # Errors
/// Mistakes in the model or settings; models that are not this network; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Findings, Error> {
    let model = settings.model.read()?;
    let network = network::GeneNetwork::new(&model)?;
    let mut provenance = provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
    model.record(&mut provenance);
    for key in ["yang2020", "hairer1996", "boggs1987", "sanathanan1963"] {
        provenance.cite(key);
    }
    let course = provenance.timed("integration", || network.course(settings))?;
    let correlation = correlation::Correlations::new(&network, &course);
    let laws = provenance.timed("learning", || laws::run(settings, &network, &course, progress))?;
    let reduced = provenance.timed("reduced models", || reduced::run(&network, &course, &laws))?;

    let title = model.network.name.clone().unwrap_or_else(|| model.name.clone());
    let mut report = Report::new(title).subtitle(
        "Two time scales: what correlations show, the reduced model learned from the course with and without noise, and \
         how far each reduced model is from the full one",
    );
    report.summary = vec![correlation.summary(), laws.summary(), reduced.summary()];
    report.sections.extend([network.section(&course), correlation.section(), laws.section(), reduced.section(&course)]);
    report.checks.extend([correlation.checks(), laws.checks(), reduced.checks()].into_iter().flatten());
    report.provenance = Some(provenance);
    let data = vec![network.table(&course), reduced.table(&course)];
    Ok(Findings { report, data, files: vec![("model.crn".into(), model.network.to_crn().into_bytes())] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::progress::Silent;

    #[test]
    fn the_study_passes_its_own_checks() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/gene-network.crn");
        let model = ModelChoice { path, ..ModelChoice::default() };
        let findings = run(&Settings { model, replicates: 2, ..Settings::default() }, &Silent).unwrap();
        assert!(findings.report.passed(), "{}", findings.report.verdicts().to_text());
    }

    #[test]
    fn other_models_are_declined() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/telegraph.crn");
        let model = ModelChoice { path, ..ModelChoice::default() };
        let error = run(&Settings { model, ..Settings::default() }, &Silent).unwrap_err();
        assert!(matches!(error, Error::Declined { .. }), "{error}");
    }
}
