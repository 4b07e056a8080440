//! Studies in TOML files: which job, and its settings, with a longer version under `[full]`.
//!
//! ```toml
//! study = "epidermis"        # which job
//! trajectories = 1_000_000   # its settings ...
//!
//! [full]                     # ... and what `kurtz run --full` changes in them
//! replicates = 200
//! ```

use super::findings::Findings;
use super::{calcium, dynamic_pca, epidermis, gene_network};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_model::kinetics::Changes;
use std::path::{Path, PathBuf};

/// A study, ready to run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Study {
    /// The epidermis study (Yang, Peng, Zhu, Hong 2020, first example).
    Epidermis(Box<epidermis::Settings>),
    /// Ranges of calcium oscillations (Ernst, Bartol, Sejnowski, Mjolsness 2021).
    CalciumRange(Box<calcium::Settings>),
    /// The gene-network study (the same, second example).
    GeneNetwork(Box<gene_network::Settings>),
    /// Physics-based dynamic PCA (Ernst, Bartol, Sejnowski, Mjolsness 2021).
    DynamicPca(Box<dynamic_pca::Settings>),
}

/// What a run may change in a study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choices {
    /// The long version.
    pub full: bool,
    /// Another seed.
    pub seed: Option<u64>,
    /// Changes to the model.
    pub changes: Changes,
    /// Where the report will be; studies that can go on after an interruption keep what is finished there.
    pub directory: PathBuf,
}

impl Study {
    /// Reads a study file. Paths in it are relative to the directory it is in.
    ///
    /// # Errors
    /// Files that cannot be read, are not TOML, name no study that there is, or hold settings that it does not have.
    pub fn read(path: &Path, choices: &Choices) -> Result<Study, Error> {
        let wrong = |message: String| Error::StudyFile { path: path.into(), message: message.trim_end().into() };
        let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))?;
        if let Some(full) = table.remove("full") {
            let toml::Value::Table(full) = full else {
                return Err(wrong("`full` must be a table of settings, as in `[full]`".into()));
            };
            // Mistakes in the long version are told in the short one too, not after hours.
            let mut long = table.clone();
            overlay(&mut long, full);
            if choices.full {
                table = long;
            } else {
                settings_of(long).map_err(|message| wrong(format!("in `[full]`: {message}")))?;
            }
        } else if choices.full {
            return Err(wrong("has no long version: there is no table `[full]`".into()));
        }
        let mut study = settings_of(table).map_err(wrong)?;
        match &mut study {
            Study::Epidermis(settings) => {
                settings.model.path = relative(path, &settings.model.path);
                settings.model.changes = choices.changes.clone();
                settings.seed = choices.seed.unwrap_or(settings.seed);
            }
            Study::CalciumRange(settings) => {
                for file in [&mut settings.model.path, &mut settings.limit, &mut settings.published] {
                    *file = relative(path, file);
                }
                settings.model.changes = choices.changes.clone();
                settings.seed = choices.seed.unwrap_or(settings.seed);
                settings.directory = choices.directory.clone();
            }
            Study::GeneNetwork(settings) => {
                settings.model.path = relative(path, &settings.model.path);
                settings.model.changes = choices.changes.clone();
                settings.seed = choices.seed.unwrap_or(settings.seed);
            }
            Study::DynamicPca(settings) => {
                settings.relative_to(&|p| relative(path, p));
                settings.seed = choices.seed.unwrap_or(settings.seed);
                settings.directory = choices.directory.clone();
                settings.change(&choices.changes).map_err(|message| wrong(message.into()))?;
            }
        }
        Ok(study)
    }

    /// Runs the study.
    ///
    /// # Errors
    /// Whatever keeps it from its end.
    pub fn run(&self, progress: &dyn Progress) -> Result<Findings, Error> {
        match self {
            Study::Epidermis(settings) => epidermis::run(settings, progress),
            Study::CalciumRange(settings) => calcium::run(settings, progress),
            Study::GeneNetwork(settings) => gene_network::run(settings, progress),
            Study::DynamicPca(settings) => dynamic_pca::run(settings, progress),
        }
    }
}

/// The study that a table describes, or what is wrong with it.
fn settings_of(mut table: toml::Table) -> Result<Study, String> {
    let kind = table.remove("study");
    match kind.as_ref().and_then(toml::Value::as_str) {
        Some("epidermis") => {
            let settings: epidermis::Settings = table.try_into().map_err(|e: toml::de::Error| e.to_string())?;
            if settings.model.path.as_os_str().is_empty() {
                return Err("names no model; add `path = \"....crn\"` under `[model]`".into());
            }
            Ok(Study::Epidermis(Box::new(settings)))
        }
        Some("dynamic-pca") => {
            let settings = table.try_into().map_err(|e: toml::de::Error| e.to_string())?;
            Ok(Study::DynamicPca(Box::new(settings)))
        }
        Some("calcium-range") => {
            let settings: calcium::Settings = table.try_into().map_err(|e: toml::de::Error| e.to_string())?;
            settings.check()?;
            Ok(Study::CalciumRange(Box::new(settings)))
        }
        Some("gene-network") => {
            let settings: gene_network::Settings = table.try_into().map_err(|e: toml::de::Error| e.to_string())?;
            if settings.model.path.as_os_str().is_empty() {
                return Err("names no model; add `path = \"....crn\"` under `[model]`".into());
            }
            Ok(Study::GeneNetwork(Box::new(settings)))
        }
        Some(other) => Err(format!(
            "there is no study `{other}`; there are `epidermis`, `calcium-range`, `dynamic-pca` and `gene-network`"
        )),
        None => Err("does not say which study it is; begin with `study = \"epidermis\"`".into()),
    }
}

fn relative(study: &Path, path: &Path) -> PathBuf {
    study.parent().unwrap_or(Path::new("")).join(path)
}

/// Puts the values of `over` in the place of those of `base`, table by table.
fn overlay(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
