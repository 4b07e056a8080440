//! Many trajectories of counts: their moments with the sampling covariance across times, then as moments.
//!
//! Each trajectory contributes z_a = (n - m)^a - mu_a - sum_i a_i mu_(a - e_i) (n_i - m_i) to the error of the central
//! moment a (its influence), so that the covariance of all estimates is the sum of z z^T over N^2.

use super::frame::{Frame, Values};
use super::{Kind, Learned, Settings, moments};
use crate::Error;
use kurtz_dynamics::data::Series;
use kurtz_dynamics::{MomentIndex, MomentSeries, Progress};
use kurtz_learn::report::{Level, Verdict};

/// Most rows of the covariance.
const ROWS: usize = 400;

pub(super) fn learn(
    settings: &Settings,
    frame: Frame,
    values: Values,
    progress: &dyn Progress,
) -> Result<Learned, Error> {
    // Where second-order reactions are possible the third moments are called for.
    let linear = match &frame.model {
        Some(model) => model.network.reactions.iter().all(|r| r.order() <= 1),
        None => settings.candidates.is_none() && settings.order == 1,
    };
    let order = if linear { 2 } else { 3 };
    let mut verdicts = Vec::new();
    let named = values
        .conditions()
        .into_iter()
        .map(|condition| {
            let trajectories: Vec<&Series> = values.series.iter().filter(|s| s.condition == condition).collect();
            let (series, thinned) = reduce(&trajectories, &values.species, order);
            if let Some(kept) = thinned {
                let message = format!("of the times of `{condition}` only {kept} were used: more would be too many for the covariance of their moments");
                verdicts.push(Verdict::new(Level::Caution, message));
            }
            (condition, series)
        })
        .collect();
    moments::learn(settings, frame, named, Kind::Ensemble, verdicts, progress)
}

/// Moments of trajectories on a common grid, and how many times were kept if not all.
fn reduce(trajectories: &[&Series], species: &[String], order: u32) -> (MomentSeries, Option<usize>) {
    let width = species.len();
    let indices = MomentIndex::up_to(width, order);
    let all = trajectories[0].times.len();
    let most = (ROWS / indices.len()).max(4);
    let kept: Vec<usize> =
        if all <= most { (0..all).collect() } else { (0..most).map(|i| i * (all - 1) / (most - 1)).collect() };
    let n = trajectories.len() as f64;
    let (t, m) = (kept.len(), indices.len());
    let count = |s: &Series, row: usize, i: usize| s.values[kept[row] * width + i];
    let mut means = vec![0.0; t * width];
    for s in trajectories {
        (0..t * width).for_each(|e| means[e] += count(s, e / width, e % width) / n);
    }
    let power = |d: &[f64], index: &MomentIndex| -> f64 {
        d.iter().zip(&index.0).map(|(d, &a)| d.powi(i32::from(a))).product()
    };
    let deviation = |s: &Series, row: usize| -> Vec<f64> {
        (0..width).map(|i| count(s, row, i) - means[row * width + i]).collect()
    };
    let mut values = vec![0.0; t * m];
    for s in trajectories {
        for row in 0..t {
            let d = deviation(s, row);
            indices.iter().enumerate().for_each(|(k, index)| values[row * m + k] += power(&d, index) / n);
        }
    }
    // What the mean of each central moment is, order 1 being zero.
    let central = |row: usize, powers: &[u8]| {
        let index = MomentIndex(powers.to_vec());
        if index.order() < 2 {
            0.0
        } else {
            indices.iter().position(|i| *i == index).map_or(0.0, |k| values[row * m + k])
        }
    };
    let mut covariance = vec![0.0; t * m * t * m];
    let mut influence = vec![0.0; t * m];
    for s in trajectories {
        for row in 0..t {
            let d = deviation(s, row);
            for (k, index) in indices.iter().enumerate() {
                let mut z = power(&d, index);
                if index.order() > 1 {
                    z -= values[row * m + k];
                    for i in (0..width).filter(|&i| index.0[i] > 0) {
                        let mut lower = index.0.clone();
                        lower[i] -= 1;
                        z -= f64::from(index.0[i]) * central(row, &lower) * d[i];
                    }
                }
                influence[row * m + k] = z;
            }
        }
        for (a, x) in influence.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            let scaled = x / (n * n);
            let row = &mut covariance[a * t * m..(a + 1) * t * m];
            row.iter_mut().zip(&influence).for_each(|(c, y)| *c += scaled * y);
        }
    }
    for row in 0..t {
        // Means take the place of the first central moments, which are zero.
        (0..width).for_each(|i| values[row * m + i] = means[row * width + i]);
    }
    let series = MomentSeries {
        species: species.to_vec(),
        times: kept.iter().map(|&row| trajectories[0].times[row]).collect(),
        covariance_moments: m,
        indices,
        values,
        trajectories: Some(trajectories.len() as u64),
        covariance: Some(covariance),
    };
    (series, (kept.len() < all).then_some(kept.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::ensemble::{Ensemble, MomentRecorder, PathsRecorder};
    use kurtz_dynamics::progress::Silent;
    use kurtz_dynamics::ssa::Direct;
    use kurtz_model::Kinetics;
    use kurtz_model::format::crn;

    #[test]
    fn rows_reduce_to_what_the_recorder_of_moments_gives() {
        let text = "species A = 12, B = 3\nA -> B @ 0.7\nB -> 0 @ 0.4\nA + B -> A @ 0.05";
        let kinetics = Kinetics::new(&crn::parse(text, "x").unwrap().0).unwrap();
        let method = Direct::default();
        let times = vec![0.0, 0.5, 1.0, 2.0];
        let ensemble = Ensemble::at(&kinetics, &method, 300, 4, times.clone());
        let recorders = (MomentRecorder::new(3, 3), PathsRecorder::new(300));
        let (expected, paths) = ensemble.run(recorders, &Silent).unwrap().output.unwrap();
        let series: Vec<Series> = paths
            .values
            .chunks(8)
            .map(|values| Series {
                condition: "a".into(),
                trajectory: String::new(),
                times: times.clone(),
                values: values.to_vec(),
                standard_errors: None,
            })
            .collect();
        let (found, thinned) = reduce(&series.iter().collect::<Vec<_>>(), &expected.species, 3);
        assert_eq!(thinned, None);
        assert_eq!(found.indices, expected.indices);
        let near = |a: &[f64], b: &[f64]| {
            let scale = b.iter().fold(0.0f64, |m, x| m.max(x.abs()));
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-10 * scale)
        };
        assert!(near(&found.values, &expected.values));
        assert!(near(&found.covariance.unwrap(), &expected.covariance.unwrap()));
    }
}
