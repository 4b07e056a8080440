//! From series to experiments: replicates averaged, every value with its standard error.

use super::noise::NoiseModel;
use crate::condition::Condition;
use crate::error::LearnError;
use kurtz_dynamics::data::Series;

/// The replicates of one experiment, averaged.
#[derive(Clone, Debug)]
pub(crate) struct Experiment {
    pub name: String,
    pub times: Vec<f64>,
    /// Means of the replicates, NaN where nothing was measured, `[times x observed]`.
    pub values: Vec<f64>,
    /// How many replicates are behind each value.
    pub repeats: Vec<f64>,
    /// Sum of squared deviations of the replicates from their mean.
    pub squares: Vec<f64>,
    /// Standard errors of the means, where the data bring them.
    pub given: Option<Vec<f64>>,
}

/// Groups series of the same condition, in order of first appearance; replicates may have different times.
///
/// # Errors
/// No series; fewer than two times; values without a standard error where others have one.
pub(crate) fn experiments(series: &[Series], observed: &[String]) -> Result<Vec<Experiment>, LearnError> {
    if series.is_empty() {
        return Err(LearnError::Empty { what: "series of values" });
    }
    let mut names: Vec<&str> = Vec::new();
    for s in series {
        if !names.contains(&s.condition.as_str()) {
            names.push(&s.condition);
        }
    }
    let of = |name: &&str| {
        let replicates: Vec<&Series> = series.iter().filter(|s| s.condition == *name).collect();
        Experiment::new(name, &replicates, observed.len())
    };
    names.iter().map(of).collect()
}

impl Experiment {
    fn new(name: &str, replicates: &[&Series], width: usize) -> Result<Self, LearnError> {
        let mut times: Vec<f64> = replicates.iter().flat_map(|s| s.times.iter().copied()).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        if times.len() < 2 {
            return Err(LearnError::Empty { what: "times after the start" });
        }
        let size = times.len() * width;
        let (mut weights, mut sums, mut values) = (vec![0.0; size], vec![0.0; size], vec![f64::NAN; size]);
        let mut experiment = Experiment {
            name: name.into(),
            repeats: vec![0.0; size],
            squares: vec![0.0; size],
            given: None,
            times: times.clone(),
            values: Vec::new(),
        };
        let with_errors = replicates.iter().all(|s| s.standard_errors.is_some());
        let entries = || {
            replicates.iter().flat_map(|s| {
                let rows = s.times.iter().enumerate();
                rows.flat_map(move |(row, time)| (0..width).map(move |o| (s, row * width + o, *time, o)))
            })
        };
        let place = |time: f64, o: usize| times.partition_point(|&t| t < time) * width + o;
        for (s, from, time, o) in entries().filter(|(s, from, ..)| s.values[*from].is_finite()) {
            let at = place(time, o);
            let error = s.standard_errors.as_ref().filter(|_| with_errors).map_or(1.0, |e| e[from]);
            if error.is_nan() || (error == 0.0 && time > times[0]) {
                return Err(LearnError::BadValue {
                    what: format!("the standard error of a value at time {time} of condition `{name}`"),
                    value: error,
                    expected: "every value after the start needs a positive one",
                });
            }
            let weight = if error > 0.0 { 1.0 / (error * error) } else { 1e300 };
            weights[at] += weight;
            sums[at] += weight * s.values[from];
            experiment.repeats[at] += 1.0;
        }
        for at in (0..size).filter(|&at| weights[at] > 0.0) {
            values[at] = sums[at] / weights[at];
        }
        for (s, from, time, o) in entries().filter(|(s, from, ..)| s.values[*from].is_finite()) {
            let at = place(time, o);
            experiment.squares[at] += (s.values[from] - values[at]).powi(2);
        }
        if with_errors {
            let error = |w: &f64| if *w > 1e200 || *w == 0.0 { 0.0 } else { 1.0 / w.sqrt() };
            experiment.given = Some(weights.iter().map(error).collect());
        }
        experiment.values = values;
        Ok(experiment)
    }

    /// The experiment with the standard errors that a model of the noise gives, `[observed]`, at `reference` values.
    ///
    /// # Errors
    /// As [`Condition::new`].
    pub fn condition(
        &self,
        observed: &[String],
        models: &[NoiseModel],
        reference: &[f64],
    ) -> Result<Condition, LearnError> {
        let width = observed.len();
        let variance = |at: usize| {
            if self.values[at].is_nan() {
                return 0.0;
            }
            if let Some(given) = &self.given {
                return given[at].powi(2);
            }
            // Replicates that all start at the same value were put there.
            let prepared = at < width && self.repeats[at] > 1.0 && self.squares[at] == 0.0;
            if prepared { 0.0 } else { models[at % width].error(reference[at]).powi(2) / self.repeats[at] }
        };
        let variances = (0..self.values.len()).map(variance).collect();
        let (name, times) = (self.name.clone(), self.times.clone());
        Condition::new(name, times, observed.to_vec(), self.values.clone(), variances, 1.0)
    }

    /// Values to take noise from before anything is fitted: those measured, small ones lifted a little.
    pub fn reference(&self, width: usize) -> Vec<f64> {
        let largest = |o: usize| {
            let column = self.values.iter().skip(o).step_by(width).filter(|x| x.is_finite());
            column.fold(0.0f64, |m, x| m.max(x.abs()))
        };
        let largest: Vec<f64> = (0..width).map(largest).collect();
        let value = |(at, &x): (usize, &f64)| if at < width { x } else { x.abs().max(1e-3 * largest[at % width]) };
        self.values.iter().enumerate().map(value).collect()
    }
}
