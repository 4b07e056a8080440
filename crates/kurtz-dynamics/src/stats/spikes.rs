//! Peaks of a trace, the intervals between them, and its period.
//!
//! A *peak* is a highest recorded value (of a plateau its middle) that stands out: to reach a higher value on either side,
//! or the end of the trace, one must descend by at least its required *prominence*. Its time and height are those of the
//! parabola through it and its two neighbours. An *inter-spike interval* is the time between two successive peaks; the
//! *period* is their mean.

use super::StatsError;
use serde::{Deserialize, Serialize};

/// What counts as a peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpikeSettings {
    /// Least prominence of a peak, in units of the trace. Default none: half the distance between the 5 % and the 95 %
    /// quantile of the trace.
    pub prominence: Option<f64>,
}

/// A peak of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// When, between the recorded times.
    pub time: f64,
    /// How high.
    pub height: f64,
    /// How far one must descend from it before a higher value.
    pub prominence: f64,
}

/// A number with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimated {
    /// The number.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// Peaks of a trace and the intervals between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spikes {
    /// Peaks in order of time.
    pub peaks: Vec<Peak>,
    /// Times between successive peaks, one fewer.
    pub intervals: Vec<f64>,
}

impl Spikes {
    /// The peaks of `values` recorded at increasing `times`.
    ///
    /// A peak needs a recorded value on either side, so that none is at an end of the trace.
    ///
    /// # Errors
    /// Lengths that differ; times that do not increase; values or a prominence that are not usable.
    pub fn of(times: &[f64], values: &[f64], settings: &SpikeSettings) -> Result<Spikes, StatsError> {
        let increases = times.windows(2).all(|pair| pair[0] < pair[1]);
        if times.len() != values.len()
            || values.is_empty()
            || !increases
            || values.iter().chain(times).any(|x| !x.is_finite())
        {
            return Err(StatsError::BadTrace);
        }
        let least = settings.prominence.unwrap_or_else(|| 0.5 * spread(values));
        if least.is_nan() || least < 0.0 {
            return Err(StatsError::BadTrace);
        }
        let (before, after) = (descents(values.iter().copied()), descents(values.iter().rev().copied()));
        let n = values.len();
        let mut peaks = Vec::new();
        let mut i = 1;
        while i + 1 < n {
            let begin = i;
            while i + 1 < n && values[i + 1] == values[begin] {
                i += 1;
            }
            let is_top = values[begin] > values[begin - 1] && i + 1 < n && values[begin] > values[i + 1];
            let prominence = before[begin].min(after[n - 1 - i]);
            if is_top && prominence >= least && prominence > 0.0 {
                let (time, height) = if begin == i {
                    parabola(&times[i - 1..=i + 1], &values[i - 1..=i + 1])
                } else {
                    (0.5 * (times[begin] + times[i]), values[begin])
                };
                peaks.push(Peak { time, height, prominence });
            }
            i += 1;
        }
        let intervals = peaks.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
        Ok(Spikes { peaks, intervals })
    }

    /// Mean interval, with its standard error s/k^(1/2) (1 + 2 r)^(1/2) over k intervals of standard deviation s, r their
    /// correlation with the next (0 if negative, or from fewer than ten). None from fewer than two intervals.
    pub fn period(&self) -> Option<Estimated> {
        let (mean, deviation) = mean_and_deviation(&self.intervals)?;
        let k = self.intervals.len() as f64;
        let inflation = 1.0 + 2.0 * self.correlation().filter(|_| k >= 10.0).unwrap_or(0.0).max(0.0);
        Some(Estimated { value: mean, error: deviation / k.sqrt() * inflation.sqrt() })
    }

    /// Coefficient of variation of the intervals: 0 for a clock, 1 for a Poisson process. Its standard error is that for
    /// intervals of a normal law, cv ((1/2 + cv^2)/k)^(1/2). None from fewer than two intervals.
    pub fn variation(&self) -> Option<Estimated> {
        let (mean, deviation) = mean_and_deviation(&self.intervals)?;
        let (cv, k) = (deviation / mean, self.intervals.len() as f64);
        Some(Estimated { value: cv, error: cv * ((0.5 + cv * cv) / k).sqrt() })
    }

    /// Mean height of the peaks, with its standard error. None from fewer than two peaks.
    pub fn height(&self) -> Option<Estimated> {
        let heights: Vec<f64> = self.peaks.iter().map(|p| p.height).collect();
        let (value, deviation) = mean_and_deviation(&heights)?;
        Some(Estimated { value, error: deviation / (heights.len() as f64).sqrt() })
    }

    /// Correlation of successive intervals; none from fewer than three, or if they are all equal.
    pub fn correlation(&self) -> Option<f64> {
        let (mean, deviation) = mean_and_deviation(&self.intervals)?;
        if self.intervals.len() < 3 || deviation == 0.0 {
            return None;
        }
        let sum: f64 = self.intervals.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
        Some(sum / (deviation * deviation * (self.intervals.len() - 1) as f64))
    }
}

fn mean_and_deviation(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    Some((mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()))
}

/// Distance between the 5 % and the 95 % quantile.
fn spread(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| sorted[(p * (sorted.len() - 1) as f64).round() as usize];
    at(0.95) - at(0.05)
}

/// Of each value, how far one descends from it going back before meeting a higher one (or the beginning).
fn descents(values: impl Iterator<Item = f64>) -> Vec<f64> {
    // Values not yet exceeded, falling, each with the lowest value since the one before it on the stack.
    let mut stack: Vec<(f64, f64)> = Vec::new();
    values
        .map(|value| {
            let mut lowest = value;
            while let Some(&(top, since)) = stack.last() {
                if top > value {
                    break;
                }
                lowest = lowest.min(since);
                stack.pop();
            }
            stack.push((value, lowest));
            value - lowest
        })
        .collect()
}

/// Place and height of the top of the parabola through three points.
fn parabola(t: &[f64], y: &[f64]) -> (f64, f64) {
    let (left, right) = ((y[1] - y[0]) / (t[1] - t[0]), (y[2] - y[1]) / (t[2] - t[1]));
    let curvature = (right - left) / (t[2] - t[0]);
    if curvature >= 0.0 {
        return (t[1], y[1]);
    }
    // y = y0 + left (x - t0) + curvature (x - t0)(x - t1)
    let top = 0.5 * (t[0] + t[1] - left / curvature);
    let height = y[0] + left * (top - t[0]) + curvature * (top - t[0]) * (top - t[1]);
    (top, height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, SimRng};

    fn grid(n: usize, step: f64) -> Vec<f64> {
        (0..n).map(|i| i as f64 * step).collect()
    }

    #[test]
    fn a_sine_has_its_period_and_height() {
        let times = grid(2001, 0.1);
        let values: Vec<f64> = times.iter().map(|t| 3.0 + 2.0 * (std::f64::consts::TAU * t / 13.05).sin()).collect();
        let spikes = Spikes::of(&times, &values, &SpikeSettings::default()).unwrap();
        // Tops at (1/4 + k) 13.05 up to 200; from the sixteenth the trace does not descend far enough.
        assert_eq!(spikes.peaks.len(), 15);
        let period = spikes.period().unwrap();
        assert!((period.value - 13.05).abs() < 1e-5 && period.error < 1e-4, "{period:?}");
        assert!((spikes.peaks[0].time - 13.05 / 4.0).abs() < 1e-4);
        assert!((spikes.height().unwrap().value - 5.0).abs() < 1e-5);
        assert!(spikes.variation().unwrap().value < 1e-4);
    }

    #[test]
    fn ripples_are_no_peaks_and_plateaus_are_one() {
        let values = [0.0, 5.0, 4.5, 5.5, 1.0, 2.0, 1.5, 9.0, 9.0, 9.0, 0.0, 1.0];
        let times = grid(values.len(), 1.0);
        let of = |prominence| Spikes::of(&times, &values, &SpikeSettings { prominence: Some(prominence) }).unwrap();
        let heights = |spikes: &Spikes| spikes.peaks.iter().map(|p| p.prominence).collect::<Vec<_>>();
        assert_eq!(heights(&of(0.0)), [0.5, 4.5, 0.5, 9.0]);
        let large = of(4.0);
        assert_eq!(heights(&large), [4.5, 9.0]);
        assert_eq!(large.peaks[1].time, 8.0);
        assert!(of(10.0).peaks.is_empty());
    }

    /// Spikes at the times of a renewal process with intervals 10 + Exp(5): mean 15, variation 1/3, known to their standard
    /// errors.
    #[test]
    fn intervals_of_a_renewal_process_have_its_mean_and_variation() {
        let mut rng = SimRng::new(11, 0, Purpose::Resampling);
        let mut at = 5.0;
        let mut spikes_at = Vec::new();
        while at < 60_000.0 {
            spikes_at.push(at);
            at += 10.0 + 5.0 * rng.exponential();
        }
        let times = grid(600_000, 0.1);
        let mut next = 0;
        let values: Vec<f64> = times
            .iter()
            .map(|t| {
                while next + 1 < spikes_at.len() && spikes_at[next + 1] - t < t - spikes_at[next] {
                    next += 1;
                }
                (-0.5 * (t - spikes_at[next]).powi(2)).exp()
            })
            .collect();
        // The spikes are narrow: half the distance of the quantiles would be nearly nothing.
        let spikes = Spikes::of(&times, &values, &SpikeSettings { prominence: Some(0.5) }).unwrap();
        assert_eq!(spikes.peaks.len(), spikes_at.len());
        let (period, variation) = (spikes.period().unwrap(), spikes.variation().unwrap());
        assert!((period.value - 15.0).abs() < 4.9 * period.error, "{period:?}");
        assert!((period.error * (spikes.intervals.len() as f64).sqrt() / 5.0 - 1.0).abs() < 0.1, "{period:?}");
        // The error assumes a normal law; the fourth moment of the exponential makes it about twice as large.
        assert!((variation.value - 1.0 / 3.0).abs() < 4.9 * 2.0 * variation.error, "{variation:?}");
        assert!(spikes.correlation().unwrap().abs() < 4.9 / (spikes.intervals.len() as f64).sqrt());
    }

    #[test]
    fn traces_without_peaks_have_none_and_bad_traces_are_refused() {
        let flat = Spikes::of(&grid(5, 1.0), &[1.0; 5], &SpikeSettings::default()).unwrap();
        assert!(flat.peaks.is_empty() && flat.period().is_none() && flat.height().is_none());
        let rising = Spikes::of(&grid(4, 1.0), &[1.0, 2.0, 3.0, 4.0], &SpikeSettings::default()).unwrap();
        assert!(rising.peaks.is_empty());
        assert!(Spikes::of(&[0.0, 0.0], &[1.0, 2.0], &SpikeSettings::default()).is_err());
        assert!(Spikes::of(&[0.0, 1.0], &[1.0, f64::NAN], &SpikeSettings::default()).is_err());
        assert!(Spikes::of(&[0.0], &[1.0, 2.0], &SpikeSettings::default()).is_err());
    }
}
