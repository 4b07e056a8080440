//! Courses from ensembles that are sampled here.

use super::ensembles::{self, Recorded};
use crate::Error;
use crate::study::{ModelChoice, scan};
use kurtz_dynamics::Progress;
use kurtz_dynamics::hybrid::Preparation;
use kurtz_learn::LearnError;
use kurtz_learn::courses::{CourseSettings, Courses, Recording, Standardisation};
use kurtz_learn::derivative::Derivative;
use kurtz_learn::latent::Snapshots;
use kurtz_report::{Axis, Check};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Ensembles of one model at several conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// The model.
    pub model: ModelChoice,
    /// Method, as of `kurtz simulate`. Default `auto`.
    #[serde(default = "auto")]
    pub method: String,
    /// Reactions that flow. Default: none.
    #[serde(default)]
    pub continuous: Vec<String>,
    /// Step of flows by whole molecules. Default: integrate.
    #[serde(default)]
    pub current_step: Option<f64>,
    /// What happens before the start of every trajectory. Default: nothing.
    #[serde(default)]
    pub preparation: Preparation,
    /// Trajectories of each condition.
    pub trajectories: u64,
    /// The visible species. What is varied and no species may stand among them: a number that stays what it is.
    pub visible: Vec<String>,
    /// First time of the courses.
    pub from: f64,
    /// Last time of the courses.
    pub to: f64,
    /// Rows of a course after the first.
    pub steps: usize,
    /// What the conditions differ in; every combination of the values is one. Errors are shown along the first.
    pub vary: Vec<Varied>,
    /// How courses are made. Default: all parameters move.
    #[serde(default)]
    pub courses: CourseSettings,
    /// A standardising transformation to compare with (Fig. 9). Default: none.
    #[serde(default)]
    pub published_scale: Option<PublishedScale>,
}

/// Something that is varied: a parameter of the model, the initial value of a species, or `volume`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Varied {
    /// Its name.
    pub name: String,
    /// Values to learn from.
    pub train: Vec<f64>,
    /// Values to be predicted: a condition with one of them is not learned from. Default: none.
    #[serde(default)]
    pub unseen: Vec<f64>,
}

/// The published m and s of each visible species, in molecules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedScale {
    /// m, by visible species.
    pub shift: Vec<f64>,
    /// s, by visible species.
    pub scale: Vec<f64>,
    /// How far ours may be from them, relatively: what the number of trajectories allows.
    pub tolerance: f64,
}

/// Courses, and the ensembles they come from if these were sampled here.
pub struct Material {
    /// The courses.
    pub courses: Courses,
    /// Their ensembles.
    pub recorded: Option<Recorded>,
    /// The axis of time, with its unit.
    pub time: Axis,
}

/// Trajectories of a condition that are kept for figures.
const KEPT: u64 = 5;

fn auto() -> String {
    "auto".into()
}

impl Sampling {
    fn ensembles(&self, seed: u64) -> Result<ensembles::Settings, Error> {
        let network = self.model.read_whole()?.network;
        let is_constant = |v: &&String| network.species_named(v).is_none() && self.vary.iter().any(|w| &&w.name == v);
        let variables = self.visible.iter().filter(|v| !is_constant(v)).cloned().collect();
        let vary = |v: &Varied| {
            let mut values = [&v.train[..], &v.unseen[..]].concat();
            values.sort_by(f64::total_cmp);
            scan::Varied { name: v.name.clone(), values }
        };
        let scan = scan::Settings {
            model: self.model.clone(),
            vary: self.vary.iter().map(vary).collect(),
            method: self.method.clone(),
            continuous: self.continuous.clone(),
            current_step: self.current_step,
            preparation: self.preparation.clone(),
            variables,
            trajectories: self.trajectories,
            end: self.to,
            steps: self.steps,
            seed,
            ..scan::Settings::default()
        };
        let train = self.vary.iter().map(|v| v.train.clone()).collect();
        let halves = self.courses.derivative == Derivative::Chosen;
        Ok(ensembles::Settings { scan, from: self.from, train, keep: KEPT, halves })
    }

    /// Samples the ensembles, or reads those that are finished already, and makes courses of them.
    ///
    /// # Errors
    /// Models that cannot be simulated; ensembles that cannot be analysed; interruption.
    pub(super) fn courses(&self, seed: u64, directory: &Path, progress: &dyn Progress) -> Result<Material, Error> {
        let kept = (!directory.as_os_str().is_empty()).then(|| directory.join("conditions"));
        let mut recorded = ensembles::record(&self.ensembles(seed)?, kept.as_deref(), progress)?;
        let sampled = recorded.recordings.first().map_or(Vec::new(), |r| r.snapshots.visible.clone());
        for recording in &mut recorded.recordings {
            let halves = recording.halves.iter_mut().flat_map(|halves| halves.iter_mut());
            for snapshots in std::iter::once(&mut recording.snapshots).chain(halves) {
                *snapshots = self.with_constants(snapshots, &recording.condition, &recorded.condition_names);
            }
        }
        let place = |v: &String| sampled.iter().position(|s| s == v);
        for kept in &mut recorded.trajectories {
            *kept = self.visible.iter().map(|v| place(v).map_or(Vec::new(), |p| kept[p].clone())).collect();
        }
        let by = Snapshots::standardisation(&ends(&recorded.recordings)?.map(|c| &recorded.recordings[c].snapshots))?;
        let network = self.model.read_whole()?.network;
        let with_unit = |name: &String| match scan::unit_of(&network, name) {
            Ok((unit, _)) if !unit.is_empty() => format!("{name} ({unit})"),
            _ => name.clone(),
        };
        let names: Vec<String> = recorded.condition_names.iter().map(with_unit).collect();
        let courses = self.courses.courses(&names, &recorded.recordings, &by)?;
        let time = Axis::new("time").unit(network.time_unit.text);
        Ok(Material { courses, recorded: Some(recorded), time })
    }

    /// The visible species in their order, with those that are constants of a condition.
    fn with_constants(&self, snapshots: &Snapshots, condition: &[f64], names: &[String]) -> Snapshots {
        let mut snapshots = snapshots.clone();
        for (name, &value) in names.iter().zip(condition) {
            if self.visible.contains(name) && !snapshots.visible.contains(name) {
                snapshots = snapshots.with_constant(name, value);
            }
        }
        snapshots.ordered(&self.visible)
    }
}

/// The least and the largest condition, which set the scale as published, (C3) and (C4).
pub(super) fn ends(recordings: &[Recording]) -> Result<[usize; 2], Error> {
    let order = |a: &usize, b: &usize| {
        let pairs = recordings[*a].condition.iter().zip(&recordings[*b].condition);
        pairs.map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    let all = 0..recordings.len();
    match (all.clone().min_by(order), all.max_by(order)) {
        (Some(least), Some(most)) => Ok([least, most]),
        _ => Err(LearnError::Empty { what: "conditions" }.into()),
    }
}

/// What is compared with a published transformation.
impl PublishedScale {
    pub(super) fn checks(&self, visible: &[String], by: &Standardisation) -> Vec<Check> {
        let one = |what: &str, theirs: &[f64], ours: &[f64]| {
            let check = |((name, theirs), ours): ((&String, &f64), &f64)| {
                let claim = format!("standardising transformation, {what} of {name} (molecules)");
                Check::relative(claim, *theirs, *ours, self.tolerance)
            };
            visible.iter().zip(theirs).zip(ours).map(check).collect::<Vec<_>>()
        };
        [one("m", &self.shift, &by.shift), one("s", &self.scale, &by.scale)].concat()
    }
}
