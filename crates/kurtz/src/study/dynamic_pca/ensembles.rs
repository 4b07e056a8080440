//! Ensembles at several conditions, as means and covariances over time: what courses of parameters are made of.

use crate::Error;
use crate::study::scan;
use crate::study::simulate::halted;
use kurtz_dynamics::ensemble::{Halves, PathsRecorder};
use kurtz_dynamics::{Ensemble, MomentRecorder, Progress};
use kurtz_learn::courses::{Recording, Split};
use kurtz_learn::latent::Snapshots;
use kurtz_report::ReportError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Which ensembles to record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model, its conditions (`vary`), how they are simulated (`method`, `continuous`, `current_step`, `preparation`), and
    /// `trajectories`, `end`, `steps`, `seed`; `variables` are the visible species. All else is not used.
    pub scan: scan::Settings,
    /// First time that is kept, in the model's unit; before it the initial state is forgotten. Default 0.
    pub from: f64,
    /// For each of what is varied: the values of conditions to learn from. A condition is unseen if one of its values is not
    /// among them. Default: all are to learn from.
    pub train: Vec<Vec<f64>>,
    /// Trajectories of each condition that are kept whole, for figures. Default 0.
    pub keep: u64,
    /// Whether two halves of the trajectories are recorded by themselves too. Default false.
    pub halves: bool,
}

/// What was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What a condition consists of.
    pub condition_names: Vec<String>,
    /// All conditions, in the order of the grid.
    pub recordings: Vec<Recording>,
    /// Trajectories kept whole, `[condition][species][trajectory]` of counts at the times of the snapshots.
    pub trajectories: Vec<Vec<Vec<Vec<f64>>>>,
}

/// A condition as it is kept in a file. Numbers that are not whole are kept by their bits, since reading decimal digits
/// may round them.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    identity: serde_json::Value,
    count: u64,
    times: Vec<u64>,
    mean: Vec<u64>,
    covariance: Vec<u64>,
    /// Numbers of trajectories, means and covariances of the halves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    halves: Vec<(u64, Vec<u64>, Vec<u64>)>,
    trajectories: Vec<Vec<Vec<f64>>>,
}

impl Kept {
    fn new(
        identity: serde_json::Value,
        snapshots: &Snapshots,
        halves: &[Snapshots],
        trajectories: Vec<Vec<Vec<f64>>>,
    ) -> Self {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        Kept {
            identity,
            count: snapshots.count,
            times: bits(&snapshots.times),
            mean: bits(&snapshots.mean),
            covariance: bits(&snapshots.covariance),
            halves: halves.iter().map(|half| (half.count, bits(&half.mean), bits(&half.covariance))).collect(),
            trajectories,
        }
    }

    fn snapshots(&self, visible: &[String]) -> Snapshots {
        self.of(visible, self.count, &self.mean, &self.covariance)
    }

    fn halves(&self, visible: &[String]) -> Option<Box<[Snapshots; 2]>> {
        match &self.halves[..] {
            [one, other] => Some(Box::new([one, other].map(|half| self.of(visible, half.0, &half.1, &half.2)))),
            _ => None,
        }
    }

    fn of(&self, visible: &[String], count: u64, mean: &[u64], covariance: &[u64]) -> Snapshots {
        let numbers = |bits: &[u64]| bits.iter().map(|&b| f64::from_bits(b)).collect();
        Snapshots {
            visible: visible.to_vec(),
            times: numbers(&self.times),
            mean: numbers(mean),
            covariance: numbers(covariance),
            count,
            sampling: None,
        }
    }
}

/// Records all conditions. Those that are in the directory `kept` already, from the same settings, are read; each other one is
/// written there as soon as it is finished.
///
/// # Errors
/// Mistakes in the model or settings; trajectories that cannot be completed; interruption, all finished conditions being
/// kept.
pub fn record(settings: &Settings, kept: Option<&Path>, progress: &dyn Progress) -> Result<Recorded, Error> {
    let scan = &settings.scan;
    let model = scan.model.read_whole()?;
    let visible = &scan.variables;
    if let Some(name) = visible.iter().find(|v| model.network.species_named(v).is_none()) {
        let known = model.network.species.iter().map(|s| s.name.clone()).collect::<Vec<_>>().join(", ");
        return Err(Error::Unknown { kind: "species", name: name.clone(), known });
    }
    if visible.len() < 2 {
        let expected = "name two visible species at least";
        return Err(Error::Setting { setting: "variables", found: visible.join(", "), expected });
    }
    if !settings.train.is_empty() && settings.train.len() != scan.vary.len() {
        let found = format!("{} lists for {} that vary", settings.train.len(), scan.vary.len());
        return Err(Error::Setting { setting: "train", found, expected: "give one list of values for each" });
    }
    let times = super::super::output_times(settings.from, scan.end, scan.steps)?;
    let points = scan::points(&model.network, &scan.vary)?;
    let mut recorded = Recorded {
        condition_names: scan.vary.iter().map(|v| v.name.clone()).collect(),
        recordings: Vec::new(),
        trajectories: Vec::new(),
    };
    for (i, point) in points.iter().enumerate() {
        let job = scan::job(scan, point.clone(), visible)?;
        let mut identity = serde_json::json!({
            "format": 1, "job": job.identity, "from": settings.from, "keep": settings.keep,
        });
        if settings.halves {
            identity["halves"] = true.into();
        }
        let path = kept.map(|directory| file_of(directory, &point.name()));
        let found = path.as_deref().and_then(|p| read(p, &identity));
        let condition = match found {
            Some(condition) => condition,
            None => {
                progress.message(&format!("condition {} of {}: {}", i + 1, points.len(), point.name()));
                let ensemble =
                    Ensemble::at(&job.system, job.method.as_ref(), scan.trajectories, job.seed, times.clone());
                let species: Vec<_> = visible.iter().filter_map(|v| job.system.network().species_named(v)).collect();
                let moments = MomentRecorder::new(2, 0).with_species(species);
                let halves = settings.halves.then(|| Halves::new(moments.clone()));
                let recorders = (moments, halves, PathsRecorder::new(settings.keep));
                let outcome = ensemble.run(recorders, progress)?;
                if let Some(halt) = &outcome.halt {
                    return Err(halted(halt, job.system.network(), job.method.name()));
                }
                let (moments, halves, paths) = outcome.output.ok_or(Error::Interrupted)?;
                let place = |v: &String| paths.variables.iter().position(|p| p == v);
                let (width, length) = (paths.variables.len(), paths.times.len());
                let of_species = |p: usize| -> Vec<Vec<f64>> {
                    let one = |k: usize| (0..length).map(|t| paths.values[(k * length + t) * width + p]).collect();
                    (0..paths.trajectories).map(one).collect()
                };
                let trajectories = visible.iter().filter_map(place).map(of_species).collect();
                let snapshots = |moments| Snapshots::from_moments(moments, visible, settings.from, scan.end);
                let halves = halves.iter().flatten().map(snapshots).collect::<Result<Vec<_>, _>>()?;
                let condition = Kept::new(identity, &snapshots(&moments)?, &halves, trajectories);
                if let Some(path) = &path {
                    write(path, &condition)?;
                }
                condition
            }
        };
        let trains = |(k, (_, value)): (usize, &(String, f64))| settings.train.get(k).is_none_or(|l| l.contains(value));
        let split = if point.values.iter().enumerate().all(trains) { Split::Train } else { Split::Unseen };
        let values = point.values.iter().map(|(_, v)| *v).collect();
        let (snapshots, halves) = (condition.snapshots(visible), condition.halves(visible));
        recorded.recordings.push(Recording { condition: values, split, snapshots, halves });
        recorded.trajectories.push(condition.trajectories);
    }
    Ok(recorded)
}

fn file_of(directory: &Path, name: &str) -> PathBuf {
    // What may not be in a file's name becomes `-`.
    let is_good = |c: char| c.is_ascii_alphanumeric() || "=._+-".contains(c);
    let name: String = name.chars().map(|c| if is_good(c) { c } else { '-' }).collect();
    directory.join(format!("{name}.json"))
}

/// A condition that is there and comes from the same settings.
fn read(path: &Path, identity: &serde_json::Value) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (kept.identity == *identity).then_some(kept)
}

/// Writes under a temporary name first, so that the file is complete or absent.
fn write(path: &Path, condition: &Kept) -> Result<(), Error> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let attempt = || -> std::io::Result<()> {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(&temporary, serde_json::to_vec(condition).map_err(std::io::Error::from)?)?;
        std::fs::rename(&temporary, path)
    };
    attempt().map_err(|source| {
        let _ = std::fs::remove_file(&temporary);
        ReportError::Write { path: path.into(), source }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::progress::Silent;

    fn zoo(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(name)
    }

    #[test]
    fn recordings_are_kept_and_found_again() {
        let mut scan = scan::Settings { trajectories: 20, end: 2.0, steps: 10, ..Default::default() };
        scan.model.path = zoo("lotka-volterra.crn");
        let model = scan.model.read_whole().unwrap();
        scan.variables = model.network.species.iter().map(|s| s.name.clone()).collect();
        let varied = model.network.species[0].name.clone();
        scan.vary = vec![scan::Varied { name: varied, values: vec![50.0, 60.0] }];
        let settings = Settings { scan, train: vec![vec![60.0]], keep: 2, halves: true, ..Default::default() };
        let directory = tempfile::tempdir().unwrap();
        let first = record(&settings, Some(directory.path()), &Silent).unwrap();
        assert_eq!((first.recordings[0].split, first.recordings[1].split), (Split::Unseen, Split::Train));
        assert_eq!((first.recordings[0].snapshots.len(), first.trajectories[1][0].len()), (11, 2));
        assert_eq!(first.trajectories[1][0][0][0], 60.0);
        let again = record(&settings, Some(directory.path()), &Silent).unwrap();
        assert_eq!(again.recordings[1].snapshots, first.recordings[1].snapshots);
        assert_eq!(again.recordings[1].halves, first.recordings[1].halves);
        let halves = first.recordings[1].halves.as_deref().unwrap();
        assert_eq!((halves[0].count, halves[1].count, halves[1].mean.len()), (10, 10, 22));
        let mean = 0.5 * (halves[0].mean[21] + halves[1].mean[21]);
        assert!((mean - first.recordings[1].snapshots.mean[21]).abs() < 1e-9);
        // Of other settings nothing is taken.
        let other = Settings { from: 1.0, ..settings.clone() };
        let other = record(&other, Some(directory.path()), &Silent).unwrap();
        assert_eq!(other.recordings[0].snapshots.times[0], 1.0);
        let unknown = Settings {
            train: vec![],
            scan: scan::Settings { variables: vec!["Z".into(), "Y".into()], ..settings.scan },
            ..Default::default()
        };
        assert!(record(&unknown, None, &Silent).unwrap_err().to_string().contains('Z'));
    }
}
