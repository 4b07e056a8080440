//! How far a noisy oscillation reaches: the lowest mean - sd and the highest mean + sd of an ensemble over a window.
//!
//! With m(t) and s(t) the mean and the standard deviation over n trajectories (divisor n - 1) at the recorded times,
//! low = min_t (m - s) and high = max_t (m + s): the statistic of O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E.
//! Mjolsness (2021), arXiv:2109.05053, figure 2c. As an extreme over many noisy points it is biased outwards, the more
//! the smaller n and the longer the window: compare only ranges of equal n and equal window. [`OscillationRange::bootstrap`]
//! measures that bias.

use super::StatsError;
use crate::rng::{Purpose, SimRng};

/// One edge of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// m - s or m + s there.
    pub value: f64,
    /// Its standard error at that time, by the delta method with the third and fourth moments of the sample:
    /// Var(m +- s) = s^2/n + (mu_4 - s^4)/(4 s^2 n) +- mu_3/(s n).
    pub error: f64,
    /// Position of its time in the window.
    pub time: usize,
}

impl Edge {
    /// Ends of the interval that covers the edge at its time with a probability of about 95 %: 1.96 standard errors. Of
    /// an exponential law it covers 92 % with 200 trajectories.
    pub fn interval(&self) -> (f64, f64) {
        (self.value - 1.96 * self.error, self.value + 1.96 * self.error)
    }
}

/// The range of an ensemble in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OscillationRange {
    /// The lowest mean - sd.
    pub low: Edge,
    /// The highest mean + sd.
    pub high: Edge,
    /// Number of trajectories.
    pub trajectories: usize,
    /// Number of times in the window.
    pub times: usize,
}

/// What resampling of trajectories says of one edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampled {
    /// Standard deviation of the edge over resamples, the time of the extreme free to move.
    pub error: f64,
    /// Mean of the edge over resamples less the edge: an estimate of its bias.
    pub bias: f64,
    /// Basic bootstrap interval of 95 %: the edge less the 97.5 % and the 2.5 % points of its deviations.
    pub interval: (f64, f64),
}

impl OscillationRange {
    /// The range of one variable, `values` being `[trajectories x times]`, row-major, in the window only.
    ///
    /// # Errors
    /// Fewer than two trajectories, no times, or values that do not fill the trajectories.
    pub fn of(values: &[f64], trajectories: usize) -> Result<OscillationRange, StatsError> {
        let times = check(values, trajectories)?;
        let chosen: Vec<usize> = (0..trajectories).collect();
        let (means, deviations) = moments(values, times, &chosen);
        let (low, high) = extremes(&means, &deviations);
        let edge = |time: usize, sign: f64| Edge {
            value: means[time] + sign * deviations[time],
            error: standard_error(values, times, time, means[time], deviations[time], sign),
            time,
        };
        Ok(OscillationRange { low: edge(low, -1.0), high: edge(high, 1.0), trajectories, times })
    }

    /// The same edges for ensembles drawn with replacement from the trajectories, each a block in which all times stay
    /// together: low, then high.
    ///
    /// # Errors
    /// As [`OscillationRange::of`].
    ///
    /// # References
    /// B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, Chapman & Hall (1993), chapters 10 and 13.
    pub fn bootstrap(
        values: &[f64],
        trajectories: usize,
        resamples: usize,
        seed: u64,
    ) -> Result<[Resampled; 2], StatsError> {
        let range = OscillationRange::of(values, trajectories)?;
        let mut edges = [Vec::with_capacity(resamples), Vec::with_capacity(resamples)];
        for resample in 0..resamples {
            let mut rng = SimRng::new(seed, resample as u64, Purpose::Resampling);
            let draw = |_| ((rng.uniform() * trajectories as f64) as usize).min(trajectories - 1);
            let chosen: Vec<usize> = (0..trajectories).map(draw).collect();
            let (means, deviations) = moments(values, range.times, &chosen);
            let (low, high) = extremes(&means, &deviations);
            edges[0].push(means[low] - deviations[low]);
            edges[1].push(means[high] + deviations[high]);
        }
        let [low, high] = edges;
        Ok([resampled(low, range.low.value), resampled(high, range.high.value)])
    }
}

fn resampled(mut edges: Vec<f64>, edge: f64) -> Resampled {
    let n = edges.len() as f64;
    let mean = edges.iter().sum::<f64>() / n;
    let error = (edges.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    edges.sort_by(f64::total_cmp);
    let quantile = |p: f64| edges.get((p * (n - 1.0)).round() as usize).copied().unwrap_or(f64::NAN);
    Resampled { error, bias: mean - edge, interval: (2.0 * edge - quantile(0.975), 2.0 * edge - quantile(0.025)) }
}

fn check(values: &[f64], trajectories: usize) -> Result<usize, StatsError> {
    if trajectories < 2 || values.is_empty() {
        return Err(StatsError::TooFewTrajectories { found: trajectories });
    }
    let times = values.len() / trajectories;
    if times * trajectories != values.len() {
        return Err(StatsError::Ragged { values: values.len(), trajectories });
    }
    Ok(times)
}

/// Mean and standard deviation (divisor n - 1) of the chosen trajectories at each time.
fn moments(values: &[f64], times: usize, chosen: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let n = chosen.len() as f64;
    let (mut means, mut squares) = (vec![0.0; times], vec![0.0; times]);
    for &i in chosen {
        let path = &values[i * times..(i + 1) * times];
        means.iter_mut().zip(path).for_each(|(m, x)| *m += x / n);
    }
    for &i in chosen {
        let path = &values[i * times..(i + 1) * times];
        squares.iter_mut().zip(path.iter().zip(&means)).for_each(|(s, (x, m))| *s += (x - m) * (x - m));
    }
    (means, squares.into_iter().map(|s| (s / (n - 1.0)).sqrt()).collect())
}

/// Where mean - sd is lowest and mean + sd is highest.
fn extremes(means: &[f64], deviations: &[f64]) -> (usize, usize) {
    let edge = |t: usize, sign: f64| means[t] + sign * deviations[t];
    let times = || 0..means.len();
    let low = times().min_by(|&a, &b| edge(a, -1.0).total_cmp(&edge(b, -1.0))).unwrap_or(0);
    let high = times().max_by(|&a, &b| edge(a, 1.0).total_cmp(&edge(b, 1.0))).unwrap_or(0);
    (low, high)
}

fn standard_error(values: &[f64], times: usize, time: usize, mean: f64, deviation: f64, sign: f64) -> f64 {
    let n = (values.len() / times) as f64;
    if deviation == 0.0 {
        return 0.0;
    }
    let central = |power: i32| values.iter().skip(time).step_by(times).map(|x| (x - mean).powi(power)).sum::<f64>() / n;
    let square = deviation * deviation;
    let variance = (square + (central(4) - square * square) / (4.0 * square) + sign * central(3) / deviation) / n;
    variance.max(0.0).sqrt()
}

/// The range as published, from means and standard deviations alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedRange {
    /// The lowest m - s.
    pub low: f64,
    /// Its error as published: taken where m - s is *highest*.
    pub low_error: f64,
    /// Its error where it is lowest.
    pub low_error_corrected: f64,
    /// The highest m + s.
    pub high: f64,
    /// Its error.
    pub high_error: f64,
}

impl PublishedRange {
    /// The range of `means` and `deviations` (divisor n - 1), both `[times]`, of n trajectories; errors are those of a
    /// normal law, (s^2/n + s^2/(2 (n - 1)))^(1/2).
    ///
    /// None without times.
    pub fn of(means: &[f64], deviations: &[f64], trajectories: usize) -> Option<PublishedRange> {
        let n = trajectories as f64;
        let error = |t: usize| deviations[t] * (1.0 / n + 0.5 / (n - 1.0)).sqrt();
        let lower = |t: usize| means[t] - deviations[t];
        let misplaced = (0..means.len()).max_by(|&a, &b| lower(a).total_cmp(&lower(b)))?;
        let (low, high) = extremes(means, deviations);
        Some(PublishedRange {
            low: lower(low),
            low_error: error(misplaced),
            low_error_corrected: error(low),
            high: means[high] + deviations[high],
            high_error: error(high),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal variates by the polar method (G. Marsaglia, T. A. Bray 1964).
    fn normal(rng: &mut SimRng) -> f64 {
        loop {
            let (a, b) = (2.0 * rng.uniform() - 1.0, 2.0 * rng.uniform() - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                return a * (-2.0 * square.ln() / square).sqrt();
            }
        }
    }

    /// Ensembles at a single time, where nothing is selected: edges must lie at m -+ s, and their errors be the standard
    /// deviation over ensembles, for a symmetric law and for one with a long tail.
    #[test]
    fn errors_of_edges_are_their_deviations_over_ensembles() {
        let (ensembles, n) = (2000, 200);
        // Exponential with mean 1: m = s = 1; normal: m = 0, s = 1. Edges m - s, m + s.
        for (is_skewed, expected) in [(false, [-1.0, 1.0]), (true, [0.0, 2.0])] {
            let mut sums = [[0.0; 3]; 2];
            let mut covered = [0usize; 2];
            for ensemble in 0..ensembles {
                let mut rng = SimRng::new(7, ensemble, Purpose::Resampling);
                let draw = |_| if is_skewed { rng.exponential() } else { normal(&mut rng) };
                let values: Vec<f64> = (0..n).map(draw).collect();
                let range = OscillationRange::of(&values, n).unwrap();
                for (k, edge) in [range.low, range.high].into_iter().enumerate() {
                    sums[k][0] += edge.value;
                    sums[k][1] += edge.value * edge.value;
                    sums[k][2] += edge.error;
                    let (a, b) = edge.interval();
                    covered[k] += usize::from(a < expected[k] && expected[k] < b);
                }
            }
            let e = ensembles as f64;
            for k in 0..2 {
                let mean = sums[k][0] / e;
                let deviation = (sums[k][1] / e - mean * mean).sqrt();
                // 2000 ensembles give a standard deviation to 1.6 to 2.5 %; the bias of s is of order 1/n.
                let error = sums[k][2] / e;
                assert!((error / deviation - 1.0).abs() < 0.12, "{is_skewed} {k}: {error} {deviation}");
                assert!(
                    (mean - expected[k]).abs() < 5.0 * deviation / e.sqrt() + 1.5 / n as f64,
                    "{is_skewed} {k}: {mean}"
                );
                let part = covered[k] as f64 / e;
                // Long tails slow the approach to a normal law: 92 % there with 200 trajectories.
                let least = if is_skewed { 0.89 } else { 0.93 };
                assert!((least..0.97).contains(&part), "{is_skewed} {k}: {part}");
            }
        }
    }

    #[test]
    fn resampled_trajectories_give_the_same_error_where_nothing_is_selected() {
        let n = 300;
        let mut rng = SimRng::new(3, 0, Purpose::Resampling);
        let values: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let range = OscillationRange::of(&values, n).unwrap();
        let [low, high] = OscillationRange::bootstrap(&values, n, 2000, 5).unwrap();
        for (edge, resampled) in [(range.low, low), (range.high, high)] {
            assert!((resampled.error / edge.error - 1.0).abs() < 0.1, "{edge:?} {resampled:?}");
            assert!(resampled.bias.abs() < 0.2 * edge.error, "{resampled:?}");
            assert!(resampled.interval.0 < edge.value && edge.value < resampled.interval.1);
        }
    }

    /// Over many independent times the extreme lies outside the truth, and the bootstrap sees it.
    #[test]
    fn the_extreme_over_many_times_is_biased_outwards() {
        let (n, times) = (100, 200);
        let mut rng = SimRng::new(4, 0, Purpose::Resampling);
        let values: Vec<f64> = (0..n * times).map(|_| normal(&mut rng)).collect();
        let range = OscillationRange::of(&values, n).unwrap();
        assert!(range.high.value > 1.2 && range.low.value < -1.2, "{range:?}");
        let [low, high] = OscillationRange::bootstrap(&values, n, 300, 5).unwrap();
        assert!(high.bias > 0.05 && low.bias < -0.05, "{high:?} {low:?}");
        // The basic interval moves back towards the truth.
        assert!(high.interval.0 < range.high.value - high.bias);
    }

    #[test]
    fn what_is_no_ensemble_is_refused() {
        assert!(OscillationRange::of(&[1.0], 1).is_err());
        assert!(OscillationRange::of(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(PublishedRange::of(&[], &[], 3).is_none());
        assert_eq!(OscillationRange::of(&[1.0, 1.0], 2).unwrap().low.error, 0.0);
    }

    /// The published table was made from 100 runs whose means and standard deviations are known.
    #[test]
    fn the_published_range_comes_out_digit_by_digit() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../shared/reference/ip3/trajectories/v1e-12_ip3r100_ip3_0p1_T50_summary100.csv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return;
        };
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
        let (mean, deviation) = (column("mean_ca2i"), column("sd_ca2i"));
        let micromolar = 602214.076;
        let rows: Vec<(f64, f64)> = lines
            .map(|line| {
                let cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
                (cells[mean] / micromolar, cells[deviation] / micromolar)
            })
            .collect();
        let last = &rows[rows.len() - 400..];
        let (means, deviations): (Vec<f64>, Vec<f64>) = last.iter().copied().unzip();
        let range = PublishedRange::of(&means, &deviations, 100).unwrap();
        // The summary has six digits.
        let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-5;
        assert!(close(range.low, 0.0584419) && close(range.low_error, 0.000273281), "{range:?}");
        assert!(close(range.high, 0.0656253) && close(range.high_error, 0.000401149), "{range:?}");
        assert!(close(range.low_error_corrected, 0.000280426), "{range:?}");
    }
}
