//! What was recorded: courses of the same species, with their noise.

use super::noise;
use crate::LearnError;
use crate::series::NoiseModel;
use kurtz_dynamics::data::Series;

/// Species over time, in one experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// What it is called.
    pub name: String,
    /// Times, increasing, `[times]`.
    pub times: Vec<f64>,
    /// Values, `[times x species]`, row-major.
    pub values: Vec<f64>,
}

/// Courses of the same species.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Their names, `[species]`.
    pub species: Vec<String>,
    /// The experiments.
    pub courses: Vec<Course>,
}

/// A course needs at least this many times.
const FEWEST_TIMES: usize = 12;

impl Record {
    /// Takes courses.
    ///
    /// # Errors
    /// Lengths that do not fit, times that do not increase, values that are not numbers, too few of anything.
    pub fn new(species: Vec<String>, courses: Vec<Course>) -> Result<Self, LearnError> {
        if species.len() < 2 {
            return Err(LearnError::Length {
                what: "species to relate (two or more)".into(),
                expected: 2,
                found: species.len(),
            });
        }
        if courses.is_empty() {
            return Err(LearnError::Empty { what: "courses" });
        }
        for course in &courses {
            let n = course.times.len();
            let expected = n * species.len();
            if course.values.len() != expected {
                let what = format!("course `{}`", course.name);
                return Err(LearnError::Length { what, expected, found: course.values.len() });
            }
            if n < FEWEST_TIMES {
                let what = format!("the number of times of course `{}`", course.name);
                return Err(LearnError::BadValue { what, value: n as f64, expected: "relations need at least 12" });
            }
            if let Some(t) = (1..n).find(|&t| !(course.times[t] > course.times[t - 1] && course.times[t].is_finite())) {
                let what = format!("time {} of course `{}`", t + 1, course.name);
                return Err(LearnError::BadValue { what, value: course.times[t], expected: "times must increase" });
            }
            if let Some(at) = course.values.iter().position(|x| !x.is_finite()) {
                let (time, name) = (course.times[at / species.len()], &species[at % species.len()]);
                let what = format!("`{name}` at time {time} of course `{}`", course.name);
                let expected = "all species must be measured at all times";
                return Err(LearnError::BadValue { what, value: course.values[at], expected });
            }
        }
        Ok(Record { species, courses })
    }

    /// Takes the series of a data file.
    ///
    /// # Errors
    /// As [`Record::new`].
    pub fn from_series(species: Vec<String>, series: &[Series]) -> Result<Self, LearnError> {
        let course = |(k, s): (usize, &Series)| {
            let name = [&s.condition, &s.trajectory].into_iter().find(|name| !name.is_empty());
            let name = name.cloned().unwrap_or_else(|| (k + 1).to_string());
            Course { name, times: s.times.clone(), values: s.values.clone() }
        };
        Record::new(species, series.iter().enumerate().map(course).collect())
    }

    /// The noise of each species: `given` as a fraction of the value, or estimated from how rough the courses are.
    pub fn noise(&self, given: Option<f64>) -> Vec<NoiseModel> {
        let n = self.species.len();
        match given {
            Some(fraction) => vec![NoiseModel::Relative(fraction.max(noise::FLOOR)); n],
            None => (0..n).map(|i| noise::estimate(self, i)).collect(),
        }
    }

    /// One species of a course over its times.
    pub(crate) fn column<'a>(&'a self, course: &'a Course, species: usize) -> impl Iterator<Item = f64> + 'a {
        course.values.iter().skip(species).step_by(self.species.len()).copied()
    }
}
