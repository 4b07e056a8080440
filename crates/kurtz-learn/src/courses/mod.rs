//! Standard parameters over time at several conditions: what a reduced model is learned from and compared with.
//!
//! A [`Course`] holds, for one condition, the smoothed standard parameters theta-hat on a grid of equal steps and their change
//! per step; [`Courses`] holds all conditions, says which are to learn from and which parameters move. In all of them
//! theta_(t+1) = theta_t + change_t (Ernst et al. 2021, eqs. C7, C8).

mod published;
mod recorded;
mod table;
#[cfg(test)]
mod tests;

pub use recorded::{CourseSettings, DerivativeChoice, RawCourse, Recording};

use crate::approximation::standard_names;
use crate::frame::Standard;
use serde::{Deserialize, Serialize};

/// What a condition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// To learn from.
    Train,
    /// To be predicted.
    Unseen,
}

/// The standard parameters at one condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// The values of the condition, in the order of [`Courses::condition_names`].
    pub condition: Vec<f64>,
    /// What it is for.
    pub split: Split,
    /// theta-hat, `[times x standard parameters]`, each row in the order of [`Standard::to_flat`].
    pub standard: Vec<f64>,
    /// Its change per step, `[(times - 1) x standard parameters]`.
    pub change: Vec<f64>,
}

/// The map from counts to the variables that the parameters describe, y = (n - shift) / scale for each visible species
/// (Ernst et al. 2021, eqs. C3, C4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    /// Molecules, `[visible]`.
    pub shift: Vec<f64>,
    /// Molecules, `[visible]`, > 0.
    pub scale: Vec<f64>,
}

/// The standard parameters at all conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Courses {
    /// Names of the visible species.
    pub visible: Vec<String>,
    /// Names of the hidden species.
    pub hidden: Vec<String>,
    /// What a condition consists of, such as `IP3 (uM)`.
    pub condition_names: Vec<String>,
    /// Time of the first row.
    pub start: f64,
    /// Time from row to row.
    pub step: f64,
    /// Positions in theta-hat of the parameters that move, in the order of the targets; all others are constants.
    pub dynamic: Vec<usize>,
    /// From counts to the variables described.
    pub standardisation: Standardisation,
    /// One per condition.
    pub courses: Vec<Course>,
}

/// Points to learn from: rows per quantity, one value per point, as [`crate::approximation::InputMap`] takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct CoursePoints {
    /// Number of points.
    pub count: usize,
    /// theta-hat, `[standard parameters x count]`.
    pub standard: Vec<f64>,
    /// Change per step of the parameters that move, `[dynamic x count]`.
    pub targets: Vec<f64>,
    /// Which course a point is of, `[count]`.
    pub course: Vec<usize>,
    /// Which row of its course, from 0, `[count]`.
    pub time: Vec<usize>,
}

impl Courses {
    /// Number of standard parameters.
    pub fn width(&self) -> usize {
        Standard::<f64>::length(self.visible.len(), self.hidden.len())
    }

    /// Names of the standard parameters, such as `W_Ca`, in their order.
    pub fn parameter_names(&self) -> Vec<String> {
        standard_names(&self.visible, &self.hidden)
    }

    /// A number that differs, but by chance, if a bit of the numbers that are learned from does (FNV-1a).
    pub fn digest(&self) -> u64 {
        let split = |c: &Course| if c.split == Split::Train { 1.0 } else { 0.0 };
        let shape = self.dynamic.iter().map(|&p| p as f64).chain([self.width() as f64, self.step]);
        let values = self.courses.iter().flat_map(|c| [split(c)].into_iter().chain(c.standard.iter().copied()));
        let changes = self.courses.iter().flat_map(|c| c.change.iter().copied());
        let bytes = shape.chain(values).chain(changes).flat_map(|v| v.to_bits().to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
    }

    /// Number of rows of a course.
    pub fn times(&self, course: usize) -> usize {
        self.courses[course].standard.len() / self.width()
    }

    /// theta-hat of a course at a row.
    pub fn standard(&self, course: usize, time: usize) -> &[f64] {
        &self.courses[course].standard[time * self.width()..][..self.width()]
    }

    /// Positions of the courses of a split.
    pub fn of_split(&self, split: Split) -> Vec<usize> {
        (0..self.courses.len()).filter(|&c| self.courses[c].split == split).collect()
    }

    /// All rows of some courses that have a change, course by course.
    pub fn points(&self, courses: &[usize]) -> CoursePoints {
        self.gather(courses, |times| times - 1)
    }

    /// All rows of some courses, course by course; the last row of each, which has no change, gets that of the row before.
    pub fn all_points(&self, courses: &[usize]) -> CoursePoints {
        self.gather(courses, |times| times)
    }

    fn gather(&self, courses: &[usize], rows: impl Fn(usize) -> usize) -> CoursePoints {
        let width = self.width();
        let at: Vec<(usize, usize)> =
            courses.iter().flat_map(|&c| (0..rows(self.times(c))).map(move |t| (c, t))).collect();
        let standard = (0..width).flat_map(|p| at.iter().map(move |&(c, t)| self.standard(c, t)[p])).collect();
        let targets = self
            .dynamic
            .iter()
            .flat_map(|&p| at.iter().map(move |&(c, t)| self.courses[c].change[t.min(self.times(c) - 2) * width + p]));
        CoursePoints {
            count: at.len(),
            standard,
            targets: targets.collect(),
            course: at.iter().map(|&(c, _)| c).collect(),
            time: at.iter().map(|&(_, t)| t).collect(),
        }
    }
}
