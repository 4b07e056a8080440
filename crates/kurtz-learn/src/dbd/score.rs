//! Reduced models against the courses they should reproduce.

use super::model::{ReducedModel, counts};
use crate::courses::Courses;

/// One model's course at one condition, from the condition's own start.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// theta-hat, `[times x standard parameters]`.
    pub standard: Vec<f64>,
    /// Mean over the parameters that move and over times of the squared difference to the course.
    pub mean_squared_error: f64,
    /// The least mean - standard deviation and the largest mean + standard deviation of the count of each visible species,
    /// over the last `RANGE_TIMES` times, `[visible x 2]`.
    pub range: Vec<[f64; 2]>,
    /// Whether sigma^2 > 0 at all times, so that the covariance is positive definite.
    pub is_positive_definite: bool,
    /// Whether some mean is negative, and so no mean of counts.
    pub has_negative_mean: bool,
}

/// Times at the end over which ranges are taken, as published.
const RANGE_TIMES: usize = 300;

/// Follows a model by Euler's method at some of the conditions: theta-hat at the start and the parameters that do not move
/// are those of the data.
pub fn predict(model: &ReducedModel, courses: &Courses, which: &[usize]) -> Vec<Prediction> {
    let starts: Vec<&[f64]> = which.iter().map(|&c| courses.standard(c, 0)).collect();
    let steps = which.iter().map(|&c| courses.times(c) - 1).max().unwrap_or(0);
    let found = model.euler(&starts, steps);
    which.iter().zip(found).map(|(&c, standard)| Prediction::of(courses, c, standard)).collect()
}

impl Prediction {
    /// Compares theta-hat, `[times x standard parameters]`, with a course.
    pub fn of(courses: &Courses, course: usize, mut standard: Vec<f64>) -> Self {
        let (width, times) = (courses.width(), courses.times(course));
        standard.truncate(times * width);
        let mut total = 0.0;
        for (time, found) in standard.chunks_exact(width).enumerate() {
            let expected = courses.standard(course, time);
            total += courses.dynamic.iter().map(|&p| (found[p] - expected[p]).powi(2)).sum::<f64>();
        }
        let range = range(courses, &standard);
        let visible = courses.visible.len();
        let is_negative = |row: &[f64]| {
            counts(row, &courses.standardisation, courses.hidden.len())[..visible].iter().any(|m| *m < 0.0)
        };
        Prediction {
            mean_squared_error: total / (times * courses.dynamic.len()) as f64,
            range,
            is_positive_definite: standard.chunks_exact(width).all(|row| row[width - 1] > 0.0),
            has_negative_mean: standard.chunks_exact(width).any(is_negative),
            standard,
        }
    }
}

/// The range of counts of each visible species over the last times.
pub fn range(courses: &Courses, standard: &[f64]) -> Vec<[f64; 2]> {
    let (width, visible) = (courses.width(), courses.visible.len());
    let times = standard.len() / width;
    let mut range = vec![[f64::INFINITY, f64::NEG_INFINITY]; visible];
    for row in standard.chunks_exact(width).skip(times.saturating_sub(RANGE_TIMES)) {
        let counts = counts(row, &courses.standardisation, courses.hidden.len());
        for (i, [least, largest]) in range.iter_mut().enumerate() {
            *least = least.min(counts[i] - counts[visible + i]);
            *largest = largest.max(counts[i] + counts[visible + i]);
        }
    }
    range
}
