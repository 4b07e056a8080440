//! Whether a reduced network also has the right noise: both networks simulated exactly, means and standard deviations of
//! the slow variables compared.
//!
//! A reduction that holds for the deterministic equations need not hold for molecules: its rates are averages over the
//! fast fluctuations only if these do not correlate with the slow ones (P. Thomas, A. V. Straube, R. Grima, BMC Syst.
//! Biol. 6 (2012) 39; J. K. Kim, K. Josic, M. R. Bennett, Biophys. J. 107 (2014) 783-793).

use super::ReduceError;
use super::flow::Flow;
use super::reduction::Reduction;
use super::scales::Scales;
use kurtz_dynamics::ensemble::PathsRecorder;
use kurtz_dynamics::{Ensemble, Progress, method_named};
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};

/// Settings of the comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StochasticSettings {
    /// Number of trajectories of each network. Default none: as many as make 2e7 reactions, up to 4000.
    pub trajectories: Option<u64>,
    /// Seed. Default 1.
    pub seed: u64,
    /// Number of times, in equal steps of the window. Default 5.
    pub times: usize,
    /// Relative difference of standard deviations that is warned of. Default 0.1.
    pub tolerance: f64,
}

impl Default for StochasticSettings {
    fn default() -> Self {
        StochasticSettings { trajectories: None, seed: 1, times: 5, tolerance: 0.1 }
    }
}

/// A slow variable at one time in both networks.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its name in the reduced network.
    pub variable: String,
    /// The time.
    pub time: f64,
    /// Means, full and reduced, in molecules.
    pub means: (f64, f64),
    /// Their difference in standard errors.
    pub mean_z: f64,
    /// Standard deviations.
    pub deviations: (f64, f64),
    /// The difference of the variances in standard errors.
    pub variance_z: f64,
}

impl Comparison {
    /// Relative difference of the standard deviations.
    pub fn deviation_change(&self) -> f64 {
        self.deviations.1 / self.deviations.0 - 1.0
    }
}

/// What the simulations of both networks say.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Trajectories of each.
    pub trajectories: u64,
    /// Each slow variable at each time.
    pub comparisons: Vec<Comparison>,
    /// What differs, in a sentence; none if nothing does.
    pub warning: Option<String>,
}

/// Reactions that the default number of trajectories makes.
const EVENTS: f64 = 2e7;
const MOST: u64 = 4000;
/// Fewer say too little about a variance.
const FEWEST: u64 = 200;
/// A difference of that many standard errors is none by chance (1e-6, two-sided).
const SIGNIFICANT: f64 = 4.9;

/// Simulates both networks over a window.
///
/// # Errors
/// Networks of which exact trajectories cannot be made, or not enough of them in reasonable time; interruption.
pub fn compare_noise(
    flow: &Flow,
    scales: &Scales,
    reduction: &Reduction,
    window: (f64, f64),
    settings: &StochasticSettings,
    progress: &dyn Progress,
) -> Result<Noise, ReduceError> {
    let trajectories = match settings.trajectories {
        Some(n) => n,
        None => {
            let n = (EVENTS / events(flow, scales).max(1.0)) as u64;
            if n < FEWEST {
                let reason = format!(
                    "one trajectory makes about {:.0e} reactions; name the number of trajectories to simulate all the same",
                    events(flow, scales)
                );
                return Err(ReduceError::NotValid { reason });
            }
            n.min(MOST)
        }
    };
    let count = settings.times.max(1);
    let times: Vec<f64> = (1..=count).map(|i| window.0 + (window.1 - window.0) * i as f64 / count as f64).collect();
    let reduced = Kinetics::new(&reduction.network)?;
    let slow_of_full = |c: &[f64]| reduction.slow_values(c);
    let slow_of_reduced = |c: &[f64]| reduction.slow.iter().map(|s| c[s.index()]).collect::<Vec<f64>>();
    let full = sample(flow.kinetics, trajectories, settings.seed, &times, &slow_of_full, progress)?;
    let other = sample(&reduced, trajectories, settings.seed.wrapping_add(1), &times, &slow_of_reduced, progress)?;
    let mut comparisons = Vec::new();
    for (t, &time) in times.iter().enumerate() {
        for (k, id) in reduction.slow.iter().enumerate() {
            let (a, b) = (&full[t][k], &other[t][k]);
            let z = |x: f64, y: f64, u: f64, v: f64| {
                let error = (u + v).sqrt();
                if error > 0.0 { (y - x) / error } else { 0.0 }
            };
            comparisons.push(Comparison {
                variable: reduction.network.species[id.index()].name.clone(),
                time,
                means: (a.mean, b.mean),
                mean_z: z(a.mean, b.mean, a.mean_error, b.mean_error),
                deviations: (a.variance.sqrt(), b.variance.sqrt()),
                variance_z: z(a.variance, b.variance, a.variance_error, b.variance_error),
            });
        }
    }
    let warning = warning(&comparisons, settings.tolerance);
    Ok(Noise { trajectories, comparisons, warning })
}

fn warning(comparisons: &[Comparison], tolerance: f64) -> Option<String> {
    let worst = comparisons
        .iter()
        .filter(|c| c.variance_z.abs() > SIGNIFICANT && c.deviation_change().abs() > tolerance)
        .max_by(|a, b| a.variance_z.abs().total_cmp(&b.variance_z.abs()));
    if let Some(c) = worst {
        let change = c.deviation_change();
        let how = if change > 0.0 { "larger" } else { "smaller" };
        return Some(format!(
            "the reduced network has the wrong noise: at time {:.4} the standard deviation of {} is {:.3} instead of {:.3} \
             molecules ({:.0} % {how}, {:.1} standard errors of the variances)",
            c.time,
            c.variable,
            c.deviations.1,
            c.deviations.0,
            100.0 * change.abs(),
            c.variance_z
        ));
    }
    let worst = comparisons
        .iter()
        .filter(|c| c.mean_z.abs() > SIGNIFICANT && (c.means.1 - c.means.0).abs() > tolerance * c.means.0.abs())
        .max_by(|a, b| a.mean_z.abs().total_cmp(&b.mean_z.abs()));
    worst.map(|c| {
        format!(
            "the reduced network has other means of molecules: at time {:.4} that of {} is {:.4} instead of {:.4} ({:.1} \
             standard errors)",
            c.time, c.variable, c.means.1, c.means.0, c.mean_z
        )
    })
}

/// Reactions in one trajectory of the full network, by its mass-action equations.
fn events(flow: &Flow, scales: &Scales) -> f64 {
    let volume = flow.kinetics.volumes()[flow.network().species[flow.free[0]].compartment.index()];
    let rate = |k: usize| flow.reaction_rates(scales.state(k)).iter().sum::<f64>() * volume;
    let steps = scales.times.windows(2).enumerate();
    steps.map(|(k, t)| 0.5 * (rate(k) + rate(k + 1)) * (t[1] - t[0])).sum()
}

/// Sample moments of one variable, with the squares of their standard errors.
struct Sampled {
    mean: f64,
    mean_error: f64,
    variance: f64,
    variance_error: f64,
}

/// Moments of the slow variables, `[times][slow]`.
fn sample(
    kinetics: &Kinetics,
    trajectories: u64,
    seed: u64,
    times: &[f64],
    slow: &dyn Fn(&[f64]) -> Vec<f64>,
    progress: &dyn Progress,
) -> Result<Vec<Vec<Sampled>>, ReduceError> {
    let method = method_named("direct").expect("the direct method is one");
    let ensemble = Ensemble::at(kinetics, method.as_ref(), trajectories, seed, times.to_vec());
    let outcome = ensemble.run(PathsRecorder::new(trajectories), progress)?;
    if let Some(halt) = outcome.halt {
        return match outcome.output {
            _ if progress.cancelled() => Err(ReduceError::Cancelled),
            _ => Err(ReduceError::NotValid { reason: format!("a trajectory could not be completed: {halt:?}") }),
        };
    }
    let paths = outcome.output.expect("nothing halted");
    let (count, width) = (paths.times.len(), paths.variables.len());
    let at = |i: usize, t: usize| slow(&paths.values[(i * count + t) * width..(i * count + t + 1) * width]);
    let n = paths.trajectories;
    let moments = (0..count).map(|t| {
        let values: Vec<Vec<f64>> = (0..n).map(|i| at(i, t)).collect();
        let of = |k: usize| {
            let size = n as f64;
            let mean = values.iter().map(|v| v[k]).sum::<f64>() / size;
            let central = |p: i32| values.iter().map(|v| (v[k] - mean).powi(p)).sum::<f64>() / size;
            let (second, fourth) = (central(2), central(4));
            Sampled {
                mean,
                mean_error: second / size,
                variance: second * size / (size - 1.0).max(1.0),
                variance_error: (fourth - second * second).max(0.0) / size,
            }
        };
        (0..values[0].len()).map(of).collect()
    });
    Ok(moments.collect())
}
