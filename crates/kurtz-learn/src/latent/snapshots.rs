//! Means and covariances of the visible species over time.

use crate::courses::Standardisation;
use crate::error::LearnError;
use kurtz_dynamics::{MomentIndex, MomentSeries};
use serde::{Deserialize, Serialize};

/// Means and covariances of the visible species of an ensemble at each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshots {
    /// Names of the visible species.
    pub visible: Vec<String>,
    /// Times, with equal steps, `[times]`.
    pub times: Vec<f64>,
    /// `[times x visible]`.
    pub mean: Vec<f64>,
    /// Divided by N - 1, `[times x visible x visible]`.
    pub covariance: Vec<f64>,
    /// Number N of independent trajectories, at least 2.
    pub count: u64,
    /// Sampling covariance of the moments at each time (means, then C_11, C_12, ..; `[times][moments x moments]`), if it is known.
    pub sampling: Option<Vec<Vec<f64>>>,
}

impl Snapshots {
    /// From moments of orders 1 and 2 as ensembles record them, at times from `from` to `to`.
    ///
    /// # Errors
    /// Species or moments that the series lacks, fewer than 4 times, times with unequal steps, fewer than 2 trajectories.
    pub fn from_moments(series: &MomentSeries, visible: &[String], from: f64, to: f64) -> Result<Self, LearnError> {
        let all = &series.species;
        let places: Vec<usize> = visible
            .iter()
            .map(|v| {
                let unobserved = || LearnError::UnobservedSpecies { species: v.clone(), known: all.clone() };
                all.iter().position(|s| s == v).ok_or_else(unobserved)
            })
            .collect::<Result<_, _>>()?;
        let count = series.trajectories.filter(|&n| n > 1).ok_or(LearnError::BadValue {
            what: "the number of trajectories behind the moments".into(),
            value: series.trajectories.unwrap_or(0) as f64,
            expected: "it must be at least 2",
        })?;
        let position = |species: &[usize]| {
            let mut powers = vec![0; all.len()];
            species.iter().for_each(|&s| powers[s] += 1);
            let index = MomentIndex(powers);
            series.position(&index).ok_or_else(|| LearnError::MissingMoment {
                missing: format!("{:?}", index.0),
                species: all.clone(),
                order: 2,
            })
        };
        let n = visible.len();
        let means: Vec<usize> = places.iter().map(|&p| position(&[p])).collect::<Result<_, _>>()?;
        let pairs: Vec<usize> =
            (0..n * n).map(|e| position(&[places[e / n], places[e % n]])).collect::<Result<_, _>>()?;
        // Half a step of slack for rounded times.
        let slack = 0.5 * series.times.windows(2).map(|t| t[1] - t[0]).fold(f64::INFINITY, f64::min);
        let kept: Vec<usize> =
            (0..series.times.len()).filter(|&t| (from - slack..=to + slack).contains(&series.times[t])).collect();
        let times: Vec<f64> = kept.iter().map(|&t| series.times[t]).collect();
        check_times(&times)?;
        let bessel = count as f64 / (count as f64 - 1.0);
        let mean = kept.iter().flat_map(|&t| means.iter().map(move |&m| series.value(t, m))).collect();
        let covariance = kept.iter().flat_map(|&t| pairs.iter().map(move |&m| bessel * series.value(t, m))).collect();
        let ordered: Vec<usize> = means
            .iter()
            .copied()
            .chain((0..n).flat_map(|i| (i..n).map(move |j| i * n + j)).map(|e| pairs[e]))
            .collect();
        let known = series.covariance.as_ref().filter(|_| ordered.iter().all(|&m| m < series.covariance_moments));
        let sampling = known.map(|all| {
            let (k, width) = (series.covariance_moments, series.covariance_moments * series.times.len());
            let block = |&t: &usize| {
                let entry = |a: usize, b: usize| all[(t * k + a) * width + t * k + b];
                ordered.iter().flat_map(|&a| ordered.iter().map(move |&b| entry(a, b))).collect()
            };
            kept.iter().map(block).collect()
        });
        Ok(Snapshots { visible: visible.to_vec(), times, mean, covariance, count, sampling })
    }

    /// From samples, `[times][samples x visible]`.
    ///
    /// # Errors
    /// Lists of wrong length, fewer than 4 times, times with unequal steps, fewer than 2 samples.
    pub fn from_samples(visible: &[String], times: &[f64], samples: &[Vec<f64>]) -> Result<Self, LearnError> {
        let n = visible.len();
        check_times(times)?;
        if samples.len() != times.len() {
            let what = "the list of samples".into();
            return Err(LearnError::Length { what, expected: times.len(), found: samples.len() });
        }
        let rows = samples.first().map_or(0, Vec::len) / n.max(1);
        if rows < 2 {
            let what = "the samples of a time".into();
            return Err(LearnError::Length { what, expected: 2 * n, found: samples.first().map_or(0, Vec::len) });
        }
        let (mut mean, mut covariance) = (Vec::new(), Vec::new());
        for samples in samples {
            if samples.len() != rows * n {
                let what = "the samples of a time".into();
                return Err(LearnError::Length { what, expected: rows * n, found: samples.len() });
            }
            let m: Vec<f64> = (0..n).map(|i| samples.iter().skip(i).step_by(n).sum::<f64>() / rows as f64).collect();
            let entry = |i: usize, j: usize| -> f64 {
                samples.chunks_exact(n).map(|x| (x[i] - m[i]) * (x[j] - m[j])).sum::<f64>() / (rows as f64 - 1.0)
            };
            covariance.extend((0..n * n).map(|e| entry(e / n, e % n)));
            mean.extend(m);
        }
        let (visible, times, count) = (visible.to_vec(), times.to_vec(), rows as u64);
        Ok(Snapshots { visible, times, mean, covariance, count, sampling: None })
    }

    /// Adds a visible species that has the same number in all trajectories at all times, such as a total.
    pub fn with_constant(mut self, name: &str, value: f64) -> Self {
        let n = self.visible.len();
        let width = n + 1;
        self.visible.push(name.into());
        self.mean = self.mean.chunks_exact(n).flat_map(|row| row.iter().copied().chain([value])).collect();
        let wider = |block: &[f64]| -> Vec<f64> {
            (0..width * width)
                .map(|e| if e / width < n && e % width < n { block[e / width * n + e % width] } else { 0.0 })
                .collect()
        };
        self.covariance = self.covariance.chunks_exact(n * n).flat_map(wider).collect();
        self.sampling = None;
        self
    }

    /// The same with the visible species in another order; names that are not there are left out.
    pub fn ordered(&self, visible: &[String]) -> Self {
        let n = self.visible.len();
        let places: Vec<usize> =
            visible.iter().filter_map(|v| self.visible.iter().position(|other| other == v)).collect();
        if places.iter().copied().eq(0..n) {
            return self.clone();
        }
        let means = self.mean.chunks_exact(n).flat_map(|row| places.iter().map(|&p| row[p]));
        let pair = |block: &[f64], i: usize| places.iter().map(|&j| block[i * n + j]).collect::<Vec<_>>();
        let covariances =
            self.covariance.chunks_exact(n * n).flat_map(|block| places.iter().flat_map(|&i| pair(block, i)));
        Snapshots {
            visible: places.iter().map(|&p| self.visible[p].clone()).collect(),
            times: self.times.clone(),
            mean: means.collect(),
            covariance: covariances.collect(),
            count: self.count,
            sampling: None,
        }
    }

    /// Number of times.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are no times.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Means at a time, `[visible]`.
    pub fn mean_at(&self, time: usize) -> &[f64] {
        &self.mean[time * self.visible.len()..][..self.visible.len()]
    }

    /// Covariance at a time, `[visible x visible]`.
    pub fn covariance_at(&self, time: usize) -> &[f64] {
        let size = self.visible.len() * self.visible.len();
        &self.covariance[time * size..][..size]
    }

    /// The map that gives the pooled counts of some ensembles, over all times and each with the same weight, mean 0 and
    /// (population) variance 1 for each species: m is the mean of their means, v that of (n - m)^2 (Ernst et al. 2021, eq. C3,
    /// who pool the two ends of the range of conditions).
    ///
    /// # Errors
    /// No ensembles; a species that never varies.
    pub fn standardisation(pooled: &[&Snapshots]) -> Result<Standardisation, LearnError> {
        let Some(first) = pooled.first() else { return Err(LearnError::Empty { what: "ensembles to pool" }) };
        let n = first.visible.len();
        let average = |of: &dyn Fn(&Snapshots, usize) -> f64| -> f64 {
            let each = pooled.iter().map(|s| (0..s.len()).map(|t| of(s, t)).sum::<f64>() / s.len() as f64);
            each.sum::<f64>() / pooled.len() as f64
        };
        let shift: Vec<f64> = (0..n).map(|i| average(&|s, t| s.mean_at(t)[i])).collect();
        let scale: Vec<f64> = (0..n)
            .map(|i| {
                let square = |s: &Snapshots, t: usize| {
                    let population = s.covariance_at(t)[i * n + i] * (s.count as f64 - 1.0) / s.count as f64;
                    population + (s.mean_at(t)[i] - shift[i]).powi(2)
                };
                average(&square).sqrt()
            })
            .collect();
        match (0..n).find(|&i| scale[i] == 0.0) {
            Some(i) => Err(LearnError::BadValue {
                what: format!("the standard deviation of {} over the pooled ensembles", first.visible[i]),
                value: 0.0,
                expected: "it must be > 0; pool conditions in which it differs",
            }),
            None => Ok(Standardisation { shift, scale }),
        }
    }

    /// Means and covariances of y = (n - shift) / scale.
    pub fn standardised(&self, by: &Standardisation) -> Self {
        let n = self.visible.len();
        let mean = self.mean.iter().enumerate().map(|(e, m)| (m - by.shift[e % n]) / by.scale[e % n]).collect();
        let factor = |e: usize| 1.0 / (by.scale[e / n % n] * by.scale[e % n]);
        let covariance = self.covariance.iter().enumerate().map(|(e, c)| c * factor(e)).collect();
        let units: Vec<f64> = (0..n)
            .map(|i| 1.0 / by.scale[i])
            .chain((0..n).flat_map(|i| (i..n).map(move |j| i * n + j)).map(factor))
            .collect();
        let m = units.len();
        let scaled =
            |block: &Vec<f64>| block.iter().enumerate().map(|(e, s)| s * units[e / m] * units[e % m]).collect();
        let sampling = self.sampling.as_ref().map(|all| all.iter().map(scaled).collect());
        Snapshots { mean, covariance, sampling, ..self.clone() }
    }

    /// Takes a species to be uncorrelated with all others and of this variance at all times: for numbers that are conserved, so
    /// that they do not vary, where some variance is needed nevertheless.
    pub fn with_fixed(mut self, species: usize, variance: f64) -> Self {
        let n = self.visible.len();
        for block in self.covariance.chunks_exact_mut(n * n) {
            for i in 0..n {
                (block[i * n + species], block[species * n + i]) = (0.0, 0.0);
            }
            block[species * n + species] = variance;
        }
        self.sampling = None;
        self
    }
}

fn check_times(times: &[f64]) -> Result<(), LearnError> {
    if times.len() < 4 {
        let what = "the times of the snapshots".into();
        return Err(LearnError::Length { what, expected: 4, found: times.len() });
    }
    let step = (times[times.len() - 1] - times[0]) / (times.len() - 1) as f64;
    let uneven = times.windows(2).map(|t| t[1] - t[0]).find(|d| (d - step).abs() > 1e-6 * step || d.is_nan());
    match uneven {
        Some(value) => Err(LearnError::BadValue {
            what: "a step between times of snapshots".into(),
            value,
            expected: "all steps must be equal",
        }),
        None => Ok(()),
    }
}
