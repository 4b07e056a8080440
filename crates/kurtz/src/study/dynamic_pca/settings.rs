//! Settings of the study of dynamic PCA.

use crate::Error;
use crate::study::{ModelChoice, simulate};
use kurtz_dynamics::Progress;
use kurtz_learn::approximation::{CandidateSet, InputSettings};
use kurtz_learn::courses::{CourseSettings, Courses, Recording, Split};
use kurtz_learn::dbd::{DbdSettings, OscillatorSettings, Validation};
use kurtz_learn::latent::Snapshots;
use kurtz_learn::nn::{AdamSettings, MlpSettings};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// Models without subnets, to stand beside the best of the others; none if absent.
    #[serde(default)]
    pub oscillators: Option<OscillatorSettings>,
    /// Position of the species whose range is shown. Default 0.
    #[serde(default)]
    pub shown: usize,
    /// Unit of what is shown, and counts in one unit. Default molecules.
    #[serde(default)]
    pub unit: Option<Unit>,
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

/// Ensembles of one model at several conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// The model.
    pub model: ModelChoice,
    /// Method, as of `kurtz simulate`. Default `auto`.
    #[serde(default = "auto")]
    pub method: String,
    /// Reactions that flow.
    #[serde(default)]
    pub continuous: Vec<String>,
    /// Step of flows by whole molecules.
    #[serde(default)]
    pub current_step: Option<f64>,
    /// Trajectories of each condition.
    pub trajectories: u64,
    /// The visible species.
    pub visible: Vec<String>,
    /// First time of the courses.
    pub from: f64,
    /// Last time of the courses.
    pub to: f64,
    /// Rows of a course after the first.
    pub steps: usize,
    /// What the conditions differ in: a species (its initial value) or a parameter of the model.
    pub varied: String,
    /// Values of the conditions to learn from.
    pub train: Vec<f64>,
    /// Values of the conditions to be predicted.
    pub unseen: Vec<f64>,
    /// How courses are made. Default as published for calcium.
    #[serde(default = "CourseSettings::published")]
    pub courses: CourseSettings,
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

fn auto() -> String {
    "auto".into()
}

fn unseen() -> Validation {
    Validation::Unseen
}

impl Settings {
    /// The training of one of the models.
    pub fn training(&self, model: &Model, courses: &Courses) -> Result<DbdSettings, Error> {
        let (visible, hidden) = (&courses.visible, &courses.hidden);
        let conserved: Vec<usize> = self
            .conserved
            .iter()
            .map(|name| {
                visible.iter().position(|v| v == name).ok_or_else(|| kurtz_learn::LearnError::UnobservedSpecies {
                    species: name.clone(),
                    known: visible.clone(),
                })
            })
            .collect::<Result<_, _>>()?;
        let inputs = match model.inputs {
            Inputs::Reactions => InputSettings::reactions(CandidateSet::conserving(visible, hidden, &conserved)),
            Inputs::Parameters => InputSettings::parameters(visible, hidden),
            Inputs::Polynomial => InputSettings { polynomial_degree: 2, ..InputSettings::parameters(visible, hidden) },
        };
        let mut settings = DbdSettings::new(inputs);
        settings.subnet = model.subnet.clone();
        settings.adam = AdamSettings { clip: model.clip, ..AdamSettings::default() };
        settings.rounds = model.rounds;
        settings.modes = model.modes;
        settings.trials = self.trials;
        settings.seed = self.seed;
        settings.validation = model.validation.clone();
        Ok(settings)
    }
}

impl Data {
    /// Reads or makes the courses.
    ///
    /// # Errors
    /// Files that cannot be read; models that cannot be simulated; ensembles that cannot be analysed; interruption.
    pub fn courses(&self, seed: u64, progress: &dyn Progress) -> Result<Courses, Error> {
        match self {
            Data::PublishedIp3(directory) => Ok(Courses::published_ip3(directory)?),
            Data::PublishedReceptors(directory) => Ok(Courses::published_receptors(directory)?),
            Data::Sampled(sampling) => sampling.courses(seed, progress),
        }
    }

    /// The directory that a path in a study file is relative to.
    pub fn relative_to(&mut self, resolve: &dyn Fn(&std::path::Path) -> PathBuf) {
        match self {
            Data::PublishedIp3(path) | Data::PublishedReceptors(path) => *path = resolve(path),
            Data::Sampled(sampling) => sampling.model.path = resolve(&sampling.model.path),
        }
    }
}

impl Sampling {
    fn courses(&self, seed: u64, progress: &dyn Progress) -> Result<Courses, Error> {
        let network = self.model.read_whole()?.network;
        let is_species = network.species_named(&self.varied).is_some();
        let conditions =
            self.train.iter().map(|&v| (v, Split::Train)).chain(self.unseen.iter().map(|&v| (v, Split::Unseen)));
        let mut recordings = Vec::new();
        for (value, split) in conditions {
            let mut model = self.model.clone();
            let changed = if is_species { &mut model.changes.initial } else { &mut model.changes.parameters };
            changed.push((self.varied.clone(), value));
            let settings = simulate::Settings {
                model,
                method: self.method.clone(),
                continuous: self.continuous.clone(),
                current_step: self.current_step,
                variables: self.visible.clone(),
                trajectories: self.trajectories,
                start: self.from,
                end: self.to,
                steps: self.steps,
                seed,
                ..simulate::Settings::default()
            };
            let moments = simulate::run(&settings, progress)?.moments;
            let snapshots = Snapshots::from_moments(&moments, &self.visible, self.from, self.to)?;
            recordings.push(Recording { condition: vec![value], split, snapshots });
        }
        // As published: the extremes of all conditions set the scale, (C3) and (C4).
        let by_value = |r: &&Recording| r.condition[0];
        let least = recordings.iter().min_by(|a, b| by_value(a).total_cmp(&by_value(b)));
        let most = recordings.iter().max_by(|a, b| by_value(a).total_cmp(&by_value(b)));
        let (Some(least), Some(most)) = (least, most) else {
            return Err(kurtz_learn::LearnError::Empty { what: "conditions" }.into());
        };
        let by = Snapshots::standardisation(&[&least.snapshots, &most.snapshots])?;
        Ok(self.courses.courses(std::slice::from_ref(&self.varied), &recordings, &by)?)
    }
}
