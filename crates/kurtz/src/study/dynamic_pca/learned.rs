//! Trained models and what they predict.

use super::settings::{Model, Settings};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::courses::Courses;
use kurtz_learn::dbd::{Kept, Prediction, ReducedModel, Trial, predict, train};

/// One of the models after training.
pub struct Learned {
    /// Its settings.
    pub model: Model,
    /// Its trials.
    pub trials: Vec<Trial>,
    /// Predictions of the best and of the last model of each trial, `[2][trials][courses]`.
    pub predictions: [Vec<Vec<Prediction>>; 2],
    /// Seconds of training.
    pub seconds: f64,
}

/// Both kinds of models kept, in the order of [`Learned::predictions`].
pub const KEPT: [Kept; 2] = [Kept::Best, Kept::Last];

/// The word for a kind.
pub fn word(kept: usize) -> &'static str {
    ["best validation", "last round"][kept]
}

impl Learned {
    /// Trains one model and follows it at all conditions.
    pub fn new(settings: &Settings, model: &Model, courses: &Courses, progress: &dyn Progress) -> Result<Self, Error> {
        let begun = std::time::Instant::now();
        let kept = settings.kept(model);
        if let Some(directory) = &kept {
            std::fs::create_dir_all(directory)
                .map_err(|source| kurtz_report::ReportError::Write { path: directory.clone(), source })?;
        }
        let trials =
            train(courses, &settings.training(model, &courses.visible, &courses.hidden)?, kept.as_deref(), progress)?;
        let seconds = begun.elapsed().as_secs_f64();
        let all: Vec<usize> = (0..courses.courses.len()).collect();
        progress.begin("following the reduced models", 2 * trials.len() as u64);
        let follow = |kept: Kept| {
            use rayon::prelude::*;
            let one = |trial: &Trial| {
                let found = predict(trial.model(kept), courses, &all);
                progress.advance(1);
                found
            };
            trials.par_iter().map(one).collect::<Vec<_>>()
        };
        let predictions = KEPT.map(follow);
        Ok(Learned { model: model.clone(), trials, predictions, seconds })
    }

    /// Errors of the trials at a condition.
    pub fn errors(&self, kept: usize, course: usize) -> Vec<f64> {
        self.predictions[kept].iter().map(|p| p[course].mean_squared_error).collect()
    }

    /// Reduced models of a kind.
    pub fn models(&self, kept: usize) -> impl Iterator<Item = &ReducedModel> {
        self.trials.iter().map(move |t| t.model(KEPT[kept]))
    }
}

/// Courses with the same first value of their condition, in increasing order: value and courses.
pub fn groups(courses: &Courses) -> Vec<(f64, Vec<usize>)> {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for (c, course) in courses.courses.iter().enumerate() {
        let value = course.condition[0];
        match groups.iter_mut().find(|(v, _)| *v == value) {
            Some((_, list)) => list.push(c),
            None => groups.push((value, vec![c])),
        }
    }
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    groups
}

/// Mean over courses of the errors of each trial, `[trials]`.
pub fn pooled(learned: &Learned, kept: usize, group: &[usize]) -> Vec<f64> {
    let mean = |p: &Vec<Prediction>| group.iter().map(|&c| p[c].mean_squared_error).sum::<f64>() / group.len() as f64;
    learned.predictions[kept].iter().map(mean).collect()
}

/// Quantile of values, NaN counting as largest.
pub fn quantile(values: &[f64], fraction: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|v| if v.is_nan() { f64::INFINITY } else { *v }).collect();
    sorted.sort_by(f64::total_cmp);
    let place = fraction * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    if low == high { low } else { low + (high - low) * place.fract() }
}

/// Median of values.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Mean and standard deviation (n - 1).
pub fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt())
}

/// Geometric mean.
pub fn geometric(values: &[f64]) -> f64 {
    (values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64).exp()
}
