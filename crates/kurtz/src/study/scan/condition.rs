//! What is kept of one condition: moments over time, how far they reach, peaks and periods, some trajectories.

use super::grid::Point;
use kurtz_dynamics::stats::oscillation_range::{OscillationRange, PublishedRange, Resampled};
use kurtz_dynamics::stats::spikes::{SpikeSettings, Spikes};
use serde::{Deserialize, Serialize};

/// The result of one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Everything that the result depends on.
    pub identity: serde_json::Value,
    /// Version of kurtz.
    pub version: String,
    /// Values of what is varied.
    pub point: Point,
    /// Trajectories.
    pub trajectories: u64,
    /// Reactions that happened one by one, in all trajectories, after the start.
    pub events: u64,
    /// Seconds that threads spent on it, preparation included.
    pub seconds: f64,
    /// Output times.
    pub times: Vec<f64>,
    /// First and one past the last output time in the window.
    pub window: (usize, usize),
    /// Of each variable, what was found.
    pub courses: Vec<Course>,
}

/// One variable of a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Its name.
    pub name: String,
    /// The unit of all values.
    pub unit: String,
    /// Mean over trajectories, `[times]`.
    pub mean: Vec<f64>,
    /// Standard deviation over trajectories (divisor n - 1), `[times]`.
    pub deviation: Vec<f64>,
    /// How far it reaches in the window.
    pub range: Range,
    /// Its peaks in the window.
    pub oscillation: Oscillation,
    /// Mean, standard deviation and number of peaks of each trajectory in the window for single trajectories.
    pub traces: Vec<Trace>,
    /// The first trajectories, `[kept][times]`.
    pub kept: Vec<Vec<f64>>,
}

/// The lowest mean - sd and the highest mean + sd in the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The lowest m - s.
    pub low: Edge,
    /// The highest m + s.
    pub high: Edge,
    /// Errors as published: those of a normal law, s (1/n + 1/(2 (n - 1)))^(1/2); the one of the lower edge was taken where
    /// m - s is highest.
    pub published_low_error: f64,
    /// The same where m - s is lowest.
    pub normal_low_error: f64,
    /// That of the upper edge.
    pub normal_high_error: f64,
}

/// One edge of a range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Where it is.
    pub value: f64,
    /// Standard error at its time, from the third and fourth moments of the sample.
    pub error: f64,
    /// Standard deviation over bootstrap resamples of trajectories, the time of the extreme free to move.
    pub bootstrap_error: f64,
    /// Bias of the extreme, estimated by the same.
    pub bootstrap_bias: f64,
    /// Basic bootstrap interval of 95 %.
    pub interval: (f64, f64),
}

/// A number with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The number.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// Peaks of all trajectories in the window. Ratios over trajectories have the error of the ratio estimator, trajectories being
/// independent (W. G. Cochran, Sampling Techniques, 3rd ed., Wiley 1977, section 2.11).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oscillation {
    /// Peaks of a trajectory.
    pub peaks: Counted,
    /// Interval between successive peaks; none if there are fewer than two.
    pub period: Option<Counted>,
    /// Standard deviation of intervals over their mean.
    pub variation: Option<f64>,
    /// Height of peaks.
    pub height: Option<Counted>,
}

/// A trajectory in the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Mean over the window.
    pub mean: f64,
    /// Standard deviation over the window.
    pub deviation: f64,
    /// Number of peaks.
    pub peaks: usize,
}

/// What to make of values.
pub(super) struct Reduction<'a> {
    pub times: &'a [f64],
    pub window: (usize, usize),
    pub trace_window: (usize, usize),
    pub ceiling: f64,
    pub prominence: Option<f64>,
    pub resamples: usize,
    pub keep: usize,
    pub seed: u64,
}

impl Reduction<'_> {
    /// Reduces the values of one variable, `[trajectories x times]`.
    pub fn course(&self, name: &str, unit: &str, values: &[f64], trajectories: usize) -> Result<Course, crate::Error> {
        let times = self.times.len();
        let (first, end) = self.window;
        let path = |i: usize| &values[i * times..][..times];
        if let Some(bad) = values.iter().position(|x| !x.is_finite()) {
            let (trajectory, time) = (bad / times, self.times[bad % times]);
            let reason = format!("`{name}` is {} in trajectory {trajectory} at time {time}", values[bad]);
            return Err(crate::Error::Stopped { method: "the scan".into(), reason });
        }
        let n = trajectories as f64;
        let at = |t: usize| (0..trajectories).map(move |i| values[i * times + t]);
        let mean: Vec<f64> = (0..times).map(|t| at(t).sum::<f64>() / n).collect();
        let deviation: Vec<f64> =
            (0..times).map(|t| (at(t).map(|x| (x - mean[t]).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()).collect();
        let inside: Vec<f64> = (0..trajectories).flat_map(|i| path(i)[first..end].iter().copied()).collect();
        let range = OscillationRange::of(&inside, trajectories)?;
        let [low, high] = OscillationRange::bootstrap(&inside, trajectories, self.resamples, self.seed)?;
        let published = PublishedRange::of(&mean[first..end], &deviation[first..end], trajectories);
        let settings = SpikeSettings { prominence: self.prominence };
        // Fewer than three values have no peaks; a trace that is not finite was refused above.
        let spikes_of = |times: &[f64], values: &[f64]| Spikes::of(times, values, &settings).ok();
        let spikes: Vec<Option<Spikes>> =
            (0..trajectories).map(|i| spikes_of(&self.times[first..end], &path(i)[first..end])).collect();
        let (first, end) = self.trace_window;
        let cut = |i: usize| path(i)[first..end].iter().map(|x| x.min(self.ceiling)).collect::<Vec<f64>>();
        let traces =
            (0..trajectories).map(cut).map(|values| trace(&values, spikes_of(&self.times[first..end], &values)));
        let traces = traces.collect();
        let normal = |f: fn(&PublishedRange) -> f64| published.as_ref().map_or(f64::NAN, f);
        Ok(Course {
            name: name.into(),
            unit: unit.into(),
            range: Range {
                low: edge(range.low, low),
                high: edge(range.high, high),
                published_low_error: normal(|r| r.low_error),
                normal_low_error: normal(|r| r.low_error_corrected),
                normal_high_error: normal(|r| r.high_error),
            },
            oscillation: oscillation(&spikes),
            traces,
            kept: (0..trajectories.min(self.keep)).map(|i| path(i).to_vec()).collect(),
            mean,
            deviation,
        })
    }
}

fn edge(edge: kurtz_dynamics::stats::oscillation_range::Edge, resampled: Resampled) -> Edge {
    Edge {
        value: edge.value,
        error: edge.error,
        bootstrap_error: resampled.error,
        bootstrap_bias: resampled.bias,
        interval: resampled.interval,
    }
}

fn trace(values: &[f64], spikes: Option<Spikes>) -> Trace {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    Trace { mean, deviation: square.sqrt(), peaks: spikes.map_or(0, |s| s.peaks.len()) }
}

fn oscillation(spikes: &[Option<Spikes>]) -> Oscillation {
    let all = || spikes.iter().flatten();
    let sums = |of: fn(&Spikes) -> (f64, f64)| -> Vec<(f64, f64)> { all().map(of).collect() };
    let intervals = sums(|s| (s.intervals.iter().sum(), s.intervals.len() as f64));
    let heights = sums(|s| (s.peaks.iter().map(|p| p.height).sum(), s.peaks.len() as f64));
    let peaks = sums(|s| (s.peaks.len() as f64, 1.0));
    let period = ratio(&intervals);
    let variation = period.filter(|_| all().map(|s| s.intervals.len()).sum::<usize>() > 1).map(|period| {
        let each: Vec<f64> = all().flat_map(|s| s.intervals.iter().copied()).collect();
        let square = each.iter().map(|x| (x - period.value).powi(2)).sum::<f64>() / (each.len() as f64 - 1.0);
        square.sqrt() / period.value
    });
    let peaks = ratio(&peaks).unwrap_or(Counted { value: 0.0, error: 0.0 });
    Oscillation { peaks, period, variation, height: ratio(&heights) }
}

/// Sum of the first over sum of the second, with its standard error over the pairs.
fn ratio(pairs: &[(f64, f64)]) -> Option<Counted> {
    let n = pairs.len() as f64;
    let (above, below) = pairs.iter().fold((0.0, 0.0), |(a, b), pair| (a + pair.0, b + pair.1));
    if below == 0.0 || pairs.len() < 2 {
        return None;
    }
    let value = above / below;
    let square: f64 = pairs.iter().map(|(a, b)| (a - value * b).powi(2)).sum();
    Some(Counted { value, error: (square * n / (n - 1.0)).sqrt() / below })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_the_error_of_their_pairs() {
        // Means of equal weights: the ordinary standard error.
        let counted = ratio(&[(1.0, 1.0), (2.0, 1.0), (6.0, 1.0)]).unwrap();
        assert_eq!(counted.value, 3.0);
        assert!((counted.error - (7.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!(ratio(&[(0.0, 0.0), (0.0, 0.0)]).is_none());
    }

    #[test]
    fn sines_of_known_period_are_reduced_to_it() {
        let times: Vec<f64> = (0..=400).map(|i| f64::from(i) * 0.1).collect();
        let values: Vec<f64> = (0..5)
            .flat_map(|i| times.iter().map(move |t| 2.0 + (1.0 + 0.1 * f64::from(i)) * (t - 0.3 * f64::from(i)).sin()))
            .collect();
        let reduction = Reduction {
            times: &times,
            window: (0, 401),
            trace_window: (0, 401),
            ceiling: 9.0,
            prominence: None,
            resamples: 50,
            keep: 2,
            seed: 1,
        };
        let course = reduction.course("X", "uM", &values, 5).unwrap();
        let period = course.oscillation.period.unwrap();
        assert!((period.value - std::f64::consts::TAU).abs() < 1e-3 && period.error < 1e-3, "{period:?}");
        assert!((course.oscillation.height.unwrap().value - 3.2).abs() < 0.01);
        assert_eq!(course.kept.len(), 2);
        assert!(course.traces.iter().all(|t| t.peaks >= 5), "{:?}", course.traces);
        let text = serde_json::to_string(&course).unwrap();
        assert_eq!(serde_json::from_str::<Course>(&text).unwrap(), course);
    }
}
