//! Courses from ensembles: standardise, analyse, orient, smooth and differentiate.

use super::{Course, Courses, Split, Standardisation};
use crate::approximation::standard_names;
use crate::derivative::{Amount, Derivative, Smoothed, SmoothingSpline, TotalVariation};
use crate::error::LearnError;
use crate::frame::Standard;
use crate::latent::{Components, Orientation, Snapshots, gaussian_sampling_covariance, orient, rotate_towards};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How courses are made from means and covariances.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CourseSettings {
    /// Names of the hidden species, at least one, fewer than visible ones. Default `["X"]`.
    pub hidden: Vec<String>,
    /// How the signs of W-hat are chosen.
    pub orientation: Orientation,
    /// Names of the parameters that move, in the order of the targets, such as `b_Ca`, `W_Ca`. Default: all.
    pub dynamic: Option<Vec<String>>,
    /// Values of parameters that do not move; those not named are the mean over time of each condition.
    pub constants: BTreeMap<String, f64>,
    /// Visible species that do not fluctuate, and the variance, in standardised units, that they are given.
    pub fixed: BTreeMap<String, f64>,
    /// How the parameters that move are smoothed and differentiated. `chosen` takes for each parameter the method that, from
    /// one half of the trajectories, best predicts the other half, over the conditions to learn from; see [`CourseSettings::choices`].
    pub derivative: Derivative,
    /// Where > 0, `total-variation` and `smoothing-spline` smooth each series as much as leaves it within so many of its
    /// sampling errors (root mean square of the differences; median of the errors), whatever amount they name. Default 1; 0, as
    /// published, for the amount that they name: that is right for one system at one step only.
    pub within_errors: f64,
    /// Changes per step that are smaller than this are set to 0. Default 0; published 1e-5.
    pub threshold: f64,
}

impl Default for CourseSettings {
    fn default() -> Self {
        CourseSettings {
            hidden: vec!["X".into()],
            orientation: Orientation::default(),
            dynamic: None,
            constants: BTreeMap::new(),
            fixed: BTreeMap::new(),
            derivative: Derivative::default(),
            within_errors: 1.0,
            threshold: 0.0,
        }
    }
}

/// One condition as recorded.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The values of the condition.
    pub condition: Vec<f64>,
    /// What it is for.
    pub split: Split,
    /// Means and covariances of counts.
    pub snapshots: Snapshots,
    /// The same of two halves of the trajectories, if they are known: what [`Derivative::Chosen`] chooses by.
    pub halves: Option<Box<[Snapshots; 2]>>,
}

/// How a parameter is smoothed, chosen by held-out error.
#[derive(Clone, Debug, PartialEq)]
pub struct DerivativeChoice {
    /// What was compared: names, and mean squares of what is held out, over the conditions to learn from.
    pub errors: Vec<(String, f64)>,
    /// The settings with the best of them.
    pub best: CourseSettings,
}

/// The parameters of one condition before they are smoothed.
#[derive(Clone, Debug, PartialEq)]
pub struct RawCourse {
    /// theta-hat at each time, `[times x standard parameters]`.
    pub standard: Vec<f64>,
    /// Their sampling errors, likewise; of a sampling covariance where it is known, else those of normal samples.
    pub errors: Vec<f64>,
}

impl CourseSettings {
    /// The settings of Ernst et al. (2021) for calcium (`Ca`, `IP3`): b_Ca and W_Ca move, W_Ca < 0.
    pub fn published() -> Self {
        CourseSettings {
            orientation: Orientation::Ones { positive: false },
            dynamic: Some(vec!["b_Ca".into(), "W_Ca".into()]),
            constants: BTreeMap::from([("W_IP3".into(), 5e-5), ("sigma2".into(), 1.5e-6)]),
            within_errors: 0.0,
            threshold: 1e-5,
            ..CourseSettings::default()
        }
    }

    /// Checks the names used here against the visible species.
    ///
    /// # Errors
    /// The first name that does not exist; no hidden species, or as many as visible ones.
    pub fn check(&self, visible: &[String]) -> Result<(), LearnError> {
        if self.hidden.is_empty() || self.hidden.len() >= visible.len() {
            return Err(LearnError::BadValue {
                what: "the number of hidden species".into(),
                value: self.hidden.len() as f64,
                expected: "it must be at least 1 and less than that of visible ones",
            });
        }
        let names = standard_names(visible, &self.hidden);
        for name in self.dynamic.iter().flatten().chain(self.constants.keys()) {
            position(&names, name, "parameter")?;
        }
        for name in self.fixed.keys() {
            position(visible, name, "visible species")?;
        }
        Ok(())
    }

    /// The parameters at each time, from snapshots of counts.
    ///
    /// # Errors
    /// Species named here that the snapshots lack; as [`Components::new`].
    pub fn raw(&self, snapshots: &Snapshots, by: &Standardisation) -> Result<RawCourse, LearnError> {
        self.raw_beside(snapshots, by, None)
    }

    /// The same; W-hat oriented as that of another course of the same times, if one is given.
    fn raw_beside(
        &self,
        snapshots: &Snapshots,
        by: &Standardisation,
        beside: Option<&RawCourse>,
    ) -> Result<RawCourse, LearnError> {
        let mut snapshots = snapshots.standardised(by);
        for (species, &variance) in &self.fixed {
            let place = position(&snapshots.visible, species, "visible species")?;
            snapshots = snapshots.with_fixed(place, variance);
        }
        let (n, hidden) = (snapshots.visible.len(), self.hidden.len());
        let (mut course, mut errors) = (Vec::new(), Vec::new());
        for t in 0..snapshots.len() {
            let covariance = snapshots.covariance_at(t);
            let components = Components::new(snapshots.mean_at(t), covariance, hidden)?;
            errors.extend(match &snapshots.sampling {
                Some(sampling) => components.errors(&sampling[t]),
                None => components.errors(&gaussian_sampling_covariance(covariance, n, snapshots.count)),
            });
            course.push(components.standard);
        }
        match beside {
            None => orient(&mut course, self.orientation),
            Some(other) => {
                let width = Standard::<f64>::length(n, hidden);
                for (standard, other) in course.iter_mut().zip(other.standard.chunks_exact(width)) {
                    rotate_towards(&mut standard.loadings, &other[..n * hidden], n, hidden);
                }
            }
        }
        Ok(RawCourse { standard: course.iter().flat_map(Standard::to_flat).collect(), errors })
    }

    /// Smooths and differentiates one parameter, given at each time with its sampling errors.
    ///
    /// # Errors
    /// As [`Derivative::differentiate`].
    pub fn smooth(&self, series: &[f64], errors: &[f64], step: f64) -> Result<Smoothed, LearnError> {
        let mut sorted = errors.to_vec();
        sorted.sort_by(f64::total_cmp);
        let error = self.within_errors * sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
        let within = |derivative: &Derivative| match derivative.clone() {
            // The first value is as uncertain as all others.
            Derivative::TotalVariation(method) => {
                let alpha = Amount::Discrepancy(error);
                Derivative::TotalVariation(TotalVariation { alpha, anchored: false, ..method })
            }
            Derivative::SmoothingSpline(_) => {
                Derivative::SmoothingSpline(SmoothingSpline { lambda: Amount::Discrepancy(error) })
            }
            other => other,
        };
        let is_known = error.is_finite() && error > 0.0;
        let derivative = if is_known { within(&self.derivative) } else { self.derivative.clone() };
        let mut smoothed = derivative.differentiate(series, step)?;
        if self.threshold > 0.0 {
            smoothed.slopes.iter_mut().filter(|s| (**s * step).abs() < self.threshold).for_each(|s| *s = 0.0);
        }
        Ok(smoothed)
    }

    /// What `chosen` means for each of the parameters `dynamic` (positions in theta-hat): every method as it is, and those that
    /// can be kept within sampling errors so too, smooth the parameter from one half of the trajectories and are compared with
    /// the other half; of recordings without halves, each value with what the curve without it says. Recordings to be predicted
    /// have no say, if there are others. None unless `derivative` is `chosen`.
    ///
    /// # Errors
    /// As [`CourseSettings::raw`] and [`CourseSettings::smooth`].
    pub fn choices(
        &self,
        recordings: &[Recording],
        by: &Standardisation,
        dynamic: &[usize],
    ) -> Result<Option<Vec<DerivativeChoice>>, LearnError> {
        if self.derivative != Derivative::Chosen {
            return Ok(None);
        }
        let plain = CourseSettings { within_errors: 0.0, threshold: 0.0, ..self.clone() };
        let mut methods: Vec<(String, CourseSettings)> = Vec::new();
        for derivative in Derivative::all() {
            let name = derivative.name().to_string();
            let can_keep = matches!(derivative, Derivative::TotalVariation(_) | Derivative::SmoothingSpline(_));
            if self.within_errors > 0.0 && can_keep {
                let within = CourseSettings { derivative: derivative.clone(), threshold: 0.0, ..self.clone() };
                methods.push((format!("{name}, within errors"), within));
            }
            methods.push((name, CourseSettings { derivative, ..plain.clone() }));
        }
        let mut sums = vec![vec![0.0; methods.len()]; dynamic.len()];
        let train: Vec<&Recording> = recordings.iter().filter(|r| r.split == Split::Train).collect();
        let asked = if train.is_empty() { recordings.iter().collect() } else { train };
        for recording in &asked {
            let snapshots = &recording.snapshots;
            let step = step_of(&snapshots.times);
            let width = Standard::<f64>::length(by.shift.len(), self.hidden.len());
            let column = |rows: &[f64], p: usize| rows.iter().skip(p).step_by(width).copied().collect::<Vec<f64>>();
            // Pairs of what is smoothed and what it is compared with.
            let pairs = match recording.halves.as_deref() {
                Some([one, other]) => {
                    let whole = self.raw(snapshots, by)?;
                    let [one, other] = [one, other].map(|half| self.raw_beside(half, by, Some(&whole)));
                    let (one, other) = (one?, other?);
                    vec![(one.clone(), Some(other.clone())), (other, Some(one))]
                }
                None => vec![(self.raw(snapshots, by)?, None)],
            };
            for (raw, other) in &pairs {
                for (&p, sums) in dynamic.iter().zip(&mut sums) {
                    let (series, errors) = (column(&raw.standard, p), column(&raw.errors, p));
                    let other = other.as_ref().map(|other| column(&other.standard, p));
                    for ((_, settings), sum) in methods.iter().zip(sums) {
                        let smoothed = settings.smooth(&series, &errors, step)?;
                        let error = match &other {
                            Some(other) => smoothed.error_against(other),
                            None => smoothed.left_out_error(&series),
                        };
                        // What is no number is never the best.
                        *sum += if error.is_nan() { f64::INFINITY } else { error / pairs.len() as f64 };
                    }
                }
            }
        }
        let choice = |sums: Vec<f64>| {
            let best = (0..sums.len()).min_by(|&i, &j| sums[i].total_cmp(&sums[j])).unwrap_or(0);
            let of_all = |sum: f64| sum / asked.len().max(1) as f64;
            DerivativeChoice {
                errors: methods.iter().zip(&sums).map(|((name, _), &sum)| (name.clone(), of_all(sum))).collect(),
                best: CourseSettings { threshold: self.threshold, ..methods[best].1.clone() },
            }
        };
        Ok(Some(sums.into_iter().map(choice).collect()))
    }

    /// Courses of all conditions.
    ///
    /// # Errors
    /// No conditions; conditions with different species or times; names that do not exist; as [`CourseSettings::raw`] and
    /// [`CourseSettings::smooth`].
    pub fn courses(
        &self,
        condition_names: &[String],
        recordings: &[Recording],
        by: &Standardisation,
    ) -> Result<Courses, LearnError> {
        let Some(first) = recordings.first() else { return Err(LearnError::Empty { what: "conditions" }) };
        let (visible, times) = (&first.snapshots.visible, &first.snapshots.times);
        let step = step_of(times);
        let mut courses = Courses {
            visible: visible.clone(),
            hidden: self.hidden.clone(),
            condition_names: condition_names.to_vec(),
            start: times[0],
            step,
            dynamic: Vec::new(),
            standardisation: by.clone(),
            courses: Vec::new(),
        };
        let names = courses.parameter_names();
        let place = |name: &String| position(&names, name, "parameter");
        courses.dynamic = match &self.dynamic {
            Some(dynamic) => dynamic.iter().map(place).collect::<Result<_, _>>()?,
            None => (0..names.len()).collect(),
        };
        let mut given = vec![None; names.len()];
        for (name, &value) in &self.constants {
            given[place(name)?] = Some(value);
        }
        for Recording { condition, snapshots, halves, .. } in recordings {
            let all = std::iter::once(snapshots).chain(halves.iter().flat_map(|halves| halves.iter()));
            for snapshots in all {
                if &snapshots.visible != visible {
                    return Err(LearnError::Observables {
                        condition: format!("{condition:?}"),
                        found: snapshots.visible.clone(),
                        expected: visible.clone(),
                    });
                }
                let found = snapshots.times.len();
                if found != times.len() {
                    return Err(LearnError::Length {
                        what: format!("times of {condition:?}"),
                        expected: times.len(),
                        found,
                    });
                }
            }
        }
        let choices = self.choices(recordings, by, &courses.dynamic)?;
        for Recording { condition, split, snapshots, .. } in recordings {
            let found = snapshots.times.len();
            let raw = self.raw(snapshots, by)?;
            let width = names.len();
            let (mut standard, mut change) = (vec![0.0; width * found], vec![0.0; width * (found - 1)]);
            for p in 0..width {
                let column = |rows: &[f64]| rows.iter().skip(p).step_by(width).copied().collect::<Vec<f64>>();
                let series = column(&raw.standard);
                if let Some(k) = courses.dynamic.iter().position(|&d| d == p) {
                    let settings = choices.as_ref().map_or(self, |choices| &choices[k].best);
                    let smoothed = settings.smooth(&series, &column(&raw.errors), step)?;
                    let mut value = smoothed.values[0];
                    for t in 0..found {
                        standard[t * width + p] = value;
                        if t + 1 < found {
                            change[t * width + p] = smoothed.slopes[t] * step;
                            value += smoothed.slopes[t] * step;
                        }
                    }
                } else {
                    let value = given[p].unwrap_or_else(|| series.iter().sum::<f64>() / found as f64);
                    (0..found).for_each(|t| standard[t * width + p] = value);
                }
            }
            courses.courses.push(Course { condition: condition.clone(), split: *split, standard, change });
        }
        Ok(courses)
    }
}

fn step_of(times: &[f64]) -> f64 {
    (times[times.len() - 1] - times[0]) / (times.len() - 1) as f64
}

fn position(names: &[String], name: &String, what: &'static str) -> Result<usize, LearnError> {
    let unknown = || LearnError::UnknownName { what, name: name.clone(), known: names.to_vec() };
    names.iter().position(|n| n == name).ok_or_else(unknown)
}
