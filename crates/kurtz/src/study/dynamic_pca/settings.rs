//! Settings of the study of dynamic PCA.

use super::sampling::{Material, Sampling};
use crate::Error;
use crate::study::ModelChoice;
use kurtz_dynamics::Progress;
use kurtz_learn::LearnError;
use kurtz_learn::approximation::{CandidateSet, InputSettings};
use kurtz_learn::courses::Courses;
use kurtz_learn::dbd::{DbdSettings, OscillatorSettings, Validation};
use kurtz_learn::derivative::Derivative;
use kurtz_learn::nn::{AdamSettings, MlpSettings};
use kurtz_model::kinetics::Changes;
use kurtz_report::Axis;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Settings of the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Title of the report.
    pub title: String,
    /// Seed. Default 1.
    #[serde(default = "one")]
    pub seed: u64,
    /// Trials of each model. Default 10.
    #[serde(default = "ten")]
    pub trials: usize,
    /// Where the courses come from.
    pub data: Data,
    /// Visible species that no candidate reaction changes.
    #[serde(default)]
    pub conserved: Vec<String>,
    /// The models that are compared.
    pub models: Vec<Model>,
    /// Directory of the decoded results of Ernst et al. (2021), to stand beside ours where it exists.
    #[serde(default)]
    pub reference: Option<PathBuf>,
    /// Whether the results are held against the bars of the published ones (best validation, as there). Default: where the data
    /// are those learned from there; fewer trajectories than there do not reach them.
    #[serde(default)]
    pub bars: Option<bool>,
    /// Models without subnets, to stand beside the best of the others; none if absent.
    #[serde(default)]
    pub oscillators: Option<OscillatorSettings>,
    /// Position of the species whose range is shown. Default 0.
    #[serde(default)]
    pub shown: usize,
    /// Unit of what is shown, and counts in one unit. Default molecules.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// Where finished conditions and the state of training are kept: the directory of the report. Empty for nowhere.
    #[serde(skip)]
    pub directory: PathBuf,
}

/// A unit of counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its name, such as `uM`.
    pub name: String,
    /// Molecules in one unit.
    pub molecules: f64,
}

/// Where courses come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Data {
    /// The decoded courses of the IP3 model in a directory.
    PublishedIp3(PathBuf),
    /// The decoded courses of the receptor model in a directory.
    PublishedReceptors(PathBuf),
    /// Ensembles sampled here.
    Sampled(Box<Sampling>),
}

/// What a subnet sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inputs {
    /// The effects of candidate reactions.
    Reactions,
    /// The parameters alone.
    Parameters,
    /// The parameters and products of two of them.
    Polynomial,
}

/// A model that is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name in tables and figures.
    pub name: String,
    /// What the subnet sees.
    pub inputs: Inputs,
    /// The subnet.
    pub subnet: MlpSettings,
    /// Clipping of weights.
    pub clip: f64,
    /// Rounds of training.
    pub rounds: usize,
    /// Fourier modes of the latents; 0 holds them fixed. Default 6.
    #[serde(default = "six")]
    pub modes: usize,
    /// What decides which round is best. Default `unseen`, as published.
    #[serde(default = "unseen")]
    pub validation: Validation,
    /// Reactions to offer instead of all of Lotka-Volterra form: a `.crn` file with the species of the courses; reactions with
    /// one parameter as constant are one candidate. Default: those of Lotka-Volterra form.
    #[serde(default)]
    pub candidates: Option<PathBuf>,
    /// Closures of the moments that candidates need; each offers all of them. Default `gaussian`.
    #[serde(default)]
    pub closures: Option<Vec<String>>,
    /// Rounds without a better validation after which training ends. Default: never.
    #[serde(default)]
    pub patience: Option<usize>,
    /// Column of the decoded results of Ernst et al. (2021) to stand beside, such as `rxns_shallow`.
    #[serde(default)]
    pub published: Option<String>,
}

fn one() -> u64 {
    1
}

fn ten() -> usize {
    10
}

fn six() -> usize {
    6
}

fn unseen() -> Validation {
    Validation::Unseen
}

impl Settings {
    /// The training of one of the models.
    ///
    /// # Errors
    /// As [`Settings::candidates`]; settings out of their ranges.
    pub fn training(&self, model: &Model, visible: &[String], hidden: &[String]) -> Result<DbdSettings, Error> {
        let mut inputs = match model.inputs {
            Inputs::Reactions => InputSettings::reactions(self.candidates(model, visible, hidden)?),
            Inputs::Parameters => InputSettings::parameters(visible, hidden),
            Inputs::Polynomial => InputSettings { polynomial_degree: 2, ..InputSettings::parameters(visible, hidden) },
        };
        inputs.closures = model.closures.clone().unwrap_or(inputs.closures);
        let mut settings = DbdSettings::new(inputs);
        settings.subnet = model.subnet.clone();
        settings.adam = AdamSettings { clip: model.clip, ..AdamSettings::default() };
        settings.rounds = model.rounds;
        settings.modes = model.modes;
        settings.trials = self.trials;
        settings.seed = self.seed;
        settings.validation = model.validation.clone();
        settings.patience = model.patience;
        settings.check()?;
        Ok(settings)
    }

    /// The reactions that a model is offered.
    ///
    /// # Errors
    /// Names of conserved species, or of species in a file of candidates, that the courses do not have.
    pub fn candidates(&self, model: &Model, visible: &[String], hidden: &[String]) -> Result<CandidateSet, Error> {
        if let Some(path) = &model.candidates {
            let choice = ModelChoice { path: path.clone(), ..ModelChoice::default() };
            let set = CandidateSet::from_network(&choice.read_whole()?.network, visible)?;
            if set.hidden != hidden {
                let expected =
                    "its species that are not visible must be the hidden ones of the courses, in their order";
                return Err(Error::Setting { setting: "candidates", found: set.hidden.join(", "), expected });
            }
            return Ok(set);
        }
        let place = |name: &String| {
            let what = "visible species";
            let unknown = || LearnError::UnknownName { what, name: name.clone(), known: visible.to_vec() };
            visible.iter().position(|v| v == name).ok_or_else(unknown)
        };
        let conserved: Vec<usize> = self.conserved.iter().map(place).collect::<Result<_, _>>()?;
        Ok(CandidateSet::conserving(visible, hidden, &conserved))
    }

    /// The directory that paths in a study file are relative to.
    pub fn relative_to(&mut self, resolve: &dyn Fn(&Path) -> PathBuf) {
        match &mut self.data {
            Data::PublishedIp3(path) | Data::PublishedReceptors(path) => *path = resolve(path),
            Data::Sampled(sampling) => sampling.model.path = resolve(&sampling.model.path),
        }
        self.reference = self.reference.as_deref().map(resolve);
        for model in &mut self.models {
            model.candidates = model.candidates.as_deref().map(resolve);
        }
    }
}

impl Settings {
    /// Checks what can be told before anything is sampled.
    pub(super) fn check(&self) -> Result<(), Error> {
        let bad = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if self.models.is_empty() {
            return bad("models", "none".into(), "give at least one table `[[models]]`");
        }
        if self.trials == 0 {
            return bad("trials", "0".into(), "there must be at least one");
        }
        let names: Vec<String> = self.models.iter().map(Model::file_name).collect();
        if let Some(i) = (0..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return bad(
                "models",
                self.models[i].name.clone(),
                "each needs a name of its own, letters and digits counting",
            );
        }
        let Data::Sampled(sampling) = &self.data else { return Ok(()) };
        if self.shown >= sampling.visible.len() {
            return bad("shown", self.shown.to_string(), "it is the position of a visible species, from 0");
        }
        if let Some(name) = sampling.courses.hidden.iter().find(|name| sampling.visible.contains(name)) {
            return bad(
                "hidden",
                name.clone(),
                "hidden species need names that no visible one has, `courses = { hidden = [\"H\"] }`",
            );
        }
        if let Some(varied) = sampling.vary.iter().find(|v| v.train.is_empty()) {
            return bad("vary", varied.name.clone(), "give values to learn from, `train = [..]`");
        }
        if sampling.vary.is_empty() {
            return bad("vary", "nothing".into(), "name what the conditions differ in, `[[data.sampled.vary]]`");
        }
        if sampling.trajectories < 2 {
            return bad("trajectories", sampling.trajectories.to_string(), "covariances need at least 2");
        }
        if sampling.courses.derivative == Derivative::Chosen && sampling.trajectories < 4 {
            let expected = "two halves of them need at least 4, `derivative = { method = \"chosen\" }`";
            return bad("trajectories", sampling.trajectories.to_string(), expected);
        }
        sampling.courses.check(&sampling.visible)?;
        for model in &self.models {
            self.training(model, &sampling.visible, &sampling.courses.hidden)?.inputs.build()?;
        }
        Ok(())
    }

    /// Whether there are published results to hold ours against.
    pub(super) fn has_bars(&self) -> bool {
        let is_there = self.reference.as_deref().is_some_and(Path::exists);
        is_there && self.bars.unwrap_or(!matches!(self.data, Data::Sampled(_)))
    }

    /// Makes changes to the model that is sampled, on top of those in the study.
    pub fn change(&mut self, changes: &Changes) -> Result<(), &'static str> {
        match &mut self.data {
            Data::Sampled(sampling) => {
                let all = &mut sampling.model.changes;
                all.parameters.retain(|(name, _)| changes.parameters.iter().all(|(other, _)| other != name));
                all.parameters.extend(changes.parameters.iter().cloned());
                all.initial.retain(|(name, _)| changes.initial.iter().all(|(other, _)| other != name));
                all.initial.extend(changes.initial.iter().cloned());
                all.volume = changes.volume.or(all.volume);
                Ok(())
            }
            _ if *changes == Changes::default() => Ok(()),
            _ => Err("learns from data that are there already: changes of a model cannot change them"),
        }
    }

    /// Removes the states of training, which are large.
    pub(super) fn forget(&self) {
        let kept: Vec<PathBuf> = self.models.iter().filter_map(|model| self.kept(model)).collect();
        for directory in &kept {
            for trial in 0..self.trials {
                let _ = std::fs::remove_file(directory.join(format!("trial-{trial:03}.safetensors")));
            }
            let _ = std::fs::remove_dir(directory);
        }
        if let Some(parent) = kept.first().and_then(|directory| directory.parent()) {
            let _ = std::fs::remove_dir(parent);
        }
    }

    /// Where the training of a model keeps its state.
    pub(super) fn kept(&self, model: &Model) -> Option<PathBuf> {
        if self.directory.as_os_str().is_empty() {
            return None;
        }
        // With other settings begins another training (FNV-1a).
        let text = serde_json::to_string(&(self.seed, model, &self.data, &self.conserved)).unwrap_or_default();
        let digest = text.bytes().fold(0x811c_9dc5, |h: u32, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        Some(self.directory.join("training").join(format!("{}-{digest:08x}", model.file_name())))
    }
}

impl Model {
    /// The name as part of a file's name.
    pub(super) fn file_name(&self) -> String {
        let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
        self.name.chars().map(plain).collect()
    }
}

impl Data {
    /// Reads or makes the courses; ensembles keep their finished conditions in `directory`.
    ///
    /// # Errors
    /// Files that cannot be read; models that cannot be simulated; ensembles that cannot be analysed; interruption.
    pub fn courses(&self, seed: u64, directory: &Path, progress: &dyn Progress) -> Result<Material, Error> {
        let read = |courses| Ok(Material { courses, recorded: None, time: Axis::new("time").unit("s") });
        match self {
            Data::PublishedIp3(directory) => read(Courses::published_ip3(directory)?),
            Data::PublishedReceptors(directory) => read(Courses::published_receptors(directory)?),
            Data::Sampled(sampling) => sampling.courses(seed, directory, progress),
        }
    }
}
