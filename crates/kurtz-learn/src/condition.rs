//! What learning starts from: observables over time, their covariance, and where they started.

use crate::error::LearnError;
use kurtz_dynamics::{MomentIndex, MomentSeries};

/// One experiment: observables over time from one initial state.
///
/// The first time is the start. Entries of zero variance are known exactly (typically the whole start); a start with
/// variance is a measurement like any other, and the true initial values are then estimated along.
/// Values that were not measured are NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Name, for messages.
    pub name: String,
    /// Times, increasing, `[times]`; the first is the start.
    pub times: Vec<f64>,
    /// What is observed, `[observables]`.
    pub observables: Vec<String>,
    /// Observed values, `[times x observables]`, row-major.
    pub values: Vec<f64>,
    /// Their covariance, `[(times x observables) x (times x observables)]`, row-major; or, where the values are
    /// independent of each other, their variances alone, `[times x observables]`.
    pub covariance: Vec<f64>,
    /// Independent repetitions behind each value: trajectories, or 1 for a single measurement.
    pub repetitions: f64,
    /// Where the covariance comes from.
    pub origin: CovarianceOrigin,
}

/// Where the covariance of a condition comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CovarianceOrigin {
    /// It is known.
    #[default]
    Given,
    /// It was itself estimated from the repetitions (its inverse is then biased if they are few).
    Sampled,
    /// Nothing is known of it: that of independent normal samples was taken, uncorrelated in time.
    Assumed,
    /// It is that of a fitted network; `exact` unless its moment equations were closed by an assumption.
    Implied {
        /// Whether the equations are exact.
        exact: bool,
    },
}

/// With fewer repetitions than this for each value, a sampled covariance is too uncertain to be inverted.
pub(crate) const REPETITIONS_PER_VALUE: f64 = 10.0;

impl Condition {
    /// Checks shapes and numbers.
    ///
    /// # Errors
    /// Lists of wrong length; times that do not increase; values or variances that are not numbers.
    pub fn new(
        name: impl Into<String>,
        times: Vec<f64>,
        observables: Vec<String>,
        values: Vec<f64>,
        covariance: Vec<f64>,
        repetitions: f64,
    ) -> Result<Self, LearnError> {
        let name = name.into();
        if times.len() < 2 {
            return Err(LearnError::Empty { what: "times after the start" });
        }
        if observables.is_empty() {
            return Err(LearnError::Empty { what: "observables" });
        }
        let n = times.len() * observables.len();
        let full = if covariance.len() == n { n } else { n * n };
        for (what, expected, found) in [("values", n, values.len()), ("covariance", full, covariance.len())] {
            if expected != found {
                return Err(LearnError::Length { what: format!("the {what} of condition `{name}`"), expected, found });
            }
        }
        for pair in times.windows(2) {
            if !(pair[1] > pair[0] && pair[0].is_finite() && pair[1].is_finite()) {
                return Err(LearnError::BadValue {
                    what: format!("a time of condition `{name}` after {}", pair[0]),
                    value: pair[1],
                    expected: "times must increase",
                });
            }
        }
        let bad = |what: &str, value: f64, expected| LearnError::BadValue {
            what: format!("{what} of condition `{name}`"),
            value,
            expected,
        };
        if let Some(&value) = values.iter().find(|v| v.is_infinite()) {
            return Err(bad("a value", value, "it must be finite, or NaN where nothing was measured"));
        }
        if let Some(&value) = covariance.iter().find(|v| !v.is_finite()) {
            return Err(bad("an entry of the covariance", value, "it must be finite"));
        }
        let stride = if full == n { 1 } else { n + 1 };
        if let Some(&value) = covariance.iter().step_by(stride).find(|v| **v < 0.0) {
            return Err(bad("a variance", value, "it must be >= 0"));
        }
        if !(repetitions.is_finite() && repetitions >= 1.0) {
            return Err(bad("the number of repetitions", repetitions, "it must be at least 1"));
        }
        Ok(Condition { name, times, observables, values, covariance, repetitions, origin: CovarianceOrigin::Given })
    }

    /// The moments of orders 1 to `order` of a series, as one condition.
    ///
    /// Without a sampling covariance, that of independent Gaussian samples is used, with no correlation in time:
    /// Var(mean) = C/N, Cov(C_ij, C_kl) = (C_ik C_jl + C_il C_jk)/N, until a fitted network gives a better one.
    ///
    /// Covariances between species may be NaN, not measured: a fit by shooting follows them without comparing them with
    /// anything, and the network supplies what they are. Where one of the two does not vary they are known to be 0; at
    /// the start they have to be known.
    ///
    /// # Errors
    /// Moments that are missing, no number of trajectories, and the errors of [`Condition::new`].
    pub fn from_moments(name: impl Into<String>, series: &MomentSeries, order: u32) -> Result<Self, LearnError> {
        let indices = MomentIndex::up_to(series.species.len(), order);
        let positions: Vec<usize> = indices.iter().map(|i| position(series, i, order)).collect::<Result<_, _>>()?;
        let (t, m) = (series.times.len(), positions.len());
        let value = |k: usize| match series.value(k / m, positions[k % m]) {
            v if v.is_nan() && vanishes(series, k / m, &indices[k % m]) => 0.0,
            v => v,
        };
        let values = (0..t * m).map(value).collect();
        let repetitions = series.trajectories.unwrap_or(1) as f64;
        let covers = positions.iter().all(|&p| p < series.covariance_moments);
        let observables = indices.iter().map(|i| moment_name(i, &series.species)).collect();
        let covariance = match series.covariance.as_ref().filter(|_| covers) {
            Some(c) => {
                let k = series.covariance_moments;
                let place = |i: usize| (i / m) * k + positions[i % m];
                (0..t * m * t * m).map(|e| c[place(e / (t * m)) * t * k + place(e % (t * m))]).collect()
            }
            None => gaussian_covariance(series, &indices, order, repetitions)?,
        };
        let mut condition = Condition::new(name, series.times.clone(), observables, values, covariance, repetitions)?;
        condition.origin = match (covers && series.covariance.is_some(), series.trajectories) {
            (true, Some(_)) => CovarianceOrigin::Sampled,
            (true, None) => CovarianceOrigin::Given,
            (false, _) => CovarianceOrigin::Assumed,
        };
        Ok(condition)
    }

    /// Number of observables.
    pub fn width(&self) -> usize {
        self.observables.len()
    }

    /// Observed values at the start.
    pub fn start(&self) -> &[f64] {
        &self.values[..self.width()]
    }

    /// Observed values at a time.
    pub fn at(&self, time: usize) -> &[f64] {
        &self.values[time * self.width()..(time + 1) * self.width()]
    }

    /// Whether the values are independent of each other, so that only their variances are kept.
    pub fn is_independent(&self) -> bool {
        self.covariance.len() == self.values.len()
    }

    /// Variance of entry `i` of the values.
    pub fn variance(&self, i: usize) -> f64 {
        self.covariance[if self.is_independent() { i } else { i * self.values.len() + i }]
    }

    /// Covariance of entries `i` and `j` of the values.
    pub fn covariance_of(&self, i: usize, j: usize) -> f64 {
        match self.is_independent() {
            true if i == j => self.covariance[i],
            true => 0.0,
            false => self.covariance[i * self.values.len() + j],
        }
    }

    /// The condition with some observables only (positions).
    pub fn select(&self, observables: &[usize]) -> Condition {
        let (n, m) = (self.width(), observables.len());
        let place = |i: usize| (i / m) * n + observables[i % m];
        let rows = self.times.len() * m;
        Condition {
            name: self.name.clone(),
            times: self.times.clone(),
            observables: observables.iter().map(|&o| self.observables[o].clone()).collect(),
            values: (0..rows).map(|i| self.values[place(i)]).collect(),
            covariance: match self.is_independent() {
                true => (0..rows).map(|i| self.covariance[place(i)]).collect(),
                false => (0..rows * rows).map(|e| self.covariance_of(place(e / rows), place(e % rows))).collect(),
            },
            repetitions: self.repetitions,
            origin: self.origin,
        }
    }

    /// The condition with covariances between species that were not measured at zero, uncertain by what they can be at
    /// most: for a first look at the others.
    pub(crate) fn with_missing_covariances_at_zero(&self) -> Condition {
        let rows = self.values.len();
        let missing = |i: usize| self.values[i].is_nan() && self.observables[i % self.width()].starts_with("Cov(");
        let mut filled = self.clone();
        for i in (0..rows).filter(|&i| missing(i)) {
            filled.values[i] = 0.0;
            if self.is_independent() {
                filled.covariance[i] *= self.repetitions;
                continue;
            }
            // Its sampling variance is C_AA C_BB / N, and |C_AB| is at most the root of C_AA C_BB.
            let most = self.repetitions * self.variance(i);
            (0..rows).for_each(|j| (filled.covariance[i * rows + j], filled.covariance[j * rows + i]) = (0.0, 0.0));
            filled.covariance[i * rows + i] = most;
        }
        filled
    }

    /// Positions of the values that were measured and are not known exactly.
    pub(crate) fn measured(&self) -> Vec<usize> {
        (0..self.values.len()).filter(|&i| self.values[i].is_finite() && self.variance(i) > 0.0).collect()
    }

    /// Whether the covariance was estimated from too few repetitions to be inverted as it is.
    pub(crate) fn rests_on_few(&self) -> bool {
        let rows = self.measured().len() as f64;
        self.origin == CovarianceOrigin::Sampled && self.repetitions < REPETITIONS_PER_VALUE * rows
    }
}

/// Checks that conditions observe the same things, and that there is one.
///
/// # Errors
/// No condition; observables that differ.
pub fn check_conditions(conditions: &[Condition]) -> Result<(), LearnError> {
    let first = conditions.first().ok_or(LearnError::Empty { what: "conditions" })?;
    match conditions.iter().find(|c| c.observables != first.observables) {
        Some(other) => Err(LearnError::Observables {
            condition: other.name.clone(),
            found: other.observables.clone(),
            expected: first.observables.clone(),
        }),
        None => Ok(()),
    }
}

/// A moment in words: `A` for a mean, `A A`, `A B` for central moments.
pub(crate) fn moment_name(index: &MomentIndex, species: &[String]) -> String {
    let powers = index.0.iter().zip(species);
    let factors: Vec<&str> = powers.flat_map(|(&p, s)| std::iter::repeat_n(s.as_str(), p.into())).collect();
    match factors.len() {
        1 => format!("<{}>", factors[0]),
        2 if factors[0] == factors[1] => format!("Var({})", factors[0]),
        2 => format!("Cov({})", factors.join(",")),
        _ => format!("M({})", factors.join(",")),
    }
}

fn position(series: &MomentSeries, index: &MomentIndex, order: u32) -> Result<usize, LearnError> {
    series.position(index).ok_or_else(|| LearnError::MissingMoment {
        missing: format!("{:?}", index.0),
        species: series.species.clone(),
        order,
    })
}

/// Whether a central moment is zero because a species in it does not vary.
fn vanishes(series: &MomentSeries, time: usize, index: &MomentIndex) -> bool {
    let is_constant = |s: usize| {
        let mut powers = vec![0; series.species.len()];
        powers[s] = 2;
        series.position(&MomentIndex(powers)).is_some_and(|p| series.value(time, p) == 0.0)
    };
    index.order() > 1 && (0..series.species.len()).any(|s| index.0[s] > 0 && is_constant(s))
}

fn gaussian_covariance(
    series: &MomentSeries,
    indices: &[MomentIndex],
    order: u32,
    repetitions: f64,
) -> Result<Vec<f64>, LearnError> {
    if series.trajectories.is_none() || order > 2 {
        return Err(LearnError::NotIdentifiable {
            what: "how precise the moments are".into(),
            reason: "they come without a sampling covariance; give it, or the number of trajectories and order 2"
                .into(),
        });
    }
    let species = series.species.len();
    let (t, m) = (series.times.len(), indices.len());
    let mut second = vec![usize::MAX; species * species];
    for (i, j) in (0..species * species).map(|k| (k / species, k % species)) {
        let mut powers = vec![0u8; species];
        powers[i] += 1;
        powers[j] += 1;
        second[i * species + j] = position(series, &MomentIndex(powers), 2)?;
    }
    let of = |index: &MomentIndex| -> Vec<usize> {
        index.0.iter().enumerate().flat_map(|(s, &p)| std::iter::repeat_n(s, p.into())).collect()
    };
    let mut covariance = vec![0.0; t * m * t * m];
    for time in 0..t {
        // Covariances that were not measured count as none.
        let c = |i: usize, j: usize| match series.value(time, second[i * species + j]) {
            v if v.is_nan() && i != j => 0.0,
            v => v,
        };
        for (a, b) in (0..m * m).map(|k| (k / m, k % m)) {
            let value = match (of(&indices[a]).as_slice(), of(&indices[b]).as_slice()) {
                (&[i], &[j]) => c(i, j),
                (&[i, j], &[k, l]) => c(i, k) * c(j, l) + c(i, l) * c(j, k),
                _ => 0.0,
            };
            covariance[(time * m + a) * t * m + time * m + b] = value / repetitions;
        }
    }
    Ok(covariance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(covariance: Option<Vec<f64>>) -> MomentSeries {
        MomentSeries {
            species: vec!["A".into()],
            times: vec![0.0, 1.0],
            indices: MomentIndex::up_to(1, 2),
            values: vec![10.0, 0.0, 8.0, 4.0],
            trajectories: Some(100),
            covariance,
            covariance_moments: 2,
        }
    }

    #[test]
    fn without_a_covariance_that_of_gaussian_samples_is_used() {
        let condition = Condition::from_moments("c", &series(None), 2).unwrap();
        assert_eq!(condition.observables, ["<A>", "Var(A)"]);
        let variances: Vec<f64> = (0..4).map(|i| condition.variance(i)).collect();
        assert_eq!(variances, [0.0, 0.0, 0.04, 0.32]);
        assert_eq!(condition.origin, CovarianceOrigin::Assumed);
    }

    #[test]
    fn covariances_that_were_not_measured_are_no_data_and_zero_where_a_species_does_not_vary() {
        let species: Vec<String> = ["A", "B"].map(String::from).to_vec();
        let indices = MomentIndex::up_to(2, 2);
        let names: Vec<String> = indices.iter().map(|i| moment_name(i, &species)).collect();
        let of = |name: &str| names.iter().position(|n| n == name).unwrap();
        let at = |a: f64, b: f64, var_a: f64, var_b: f64| {
            let mut values = vec![f64::NAN; 5];
            for (name, v) in [("<A>", a), ("<B>", b), ("Var(A)", var_a), ("Var(B)", var_b)] {
                values[of(name)] = v;
            }
            values
        };
        let series = MomentSeries {
            species: species.clone(),
            times: vec![0.0, 1.0],
            values: [at(10.0, 2.0, 0.0, 1.0), at(8.0, 4.0, 4.0, 9.0)].concat(),
            indices,
            trajectories: Some(100),
            covariance: None,
            covariance_moments: 0,
        };
        let condition = Condition::from_moments("c", &series, 2).unwrap();
        let missing = of("Cov(A,B)");
        assert_eq!(condition.at(0)[missing], 0.0);
        assert!(condition.at(1)[missing].is_nan() && !condition.measured().contains(&(5 + missing)));
        assert_eq!(condition.measured().len(), 6);
        // For a first look it is 0 +- sd(A) sd(B).
        let filled = condition.with_missing_covariances_at_zero();
        assert_eq!((filled.at(1)[missing], filled.variance(5 + missing)), (0.0, 36.0));
        assert_eq!(filled.select(&[of("<B>")]), condition.select(&[of("<B>")]));
    }

    #[test]
    fn the_covariance_of_means_is_cut_out_of_that_of_all_moments() {
        let covariance: Vec<f64> = (0..16).map(|k| if k % 5 == 0 { 1.0 + k as f64 } else { 0.5 }).collect();
        let condition = Condition::from_moments("c", &series(Some(covariance)), 1).unwrap();
        assert_eq!(condition.values, [10.0, 8.0]);
        assert_eq!(condition.covariance, [1.0, 0.5, 0.5, 11.0]);
    }

    #[test]
    fn bad_data_are_refused_with_their_place() {
        let names = || vec!["A".to_string()];
        let c = |times: Vec<f64>, values: Vec<f64>, covariance| {
            Condition::new("c", times, names(), values, covariance, 1.0)
        };
        assert!(matches!(c(vec![0.0, 0.0], vec![1.0; 2], vec![0.0; 4]), Err(LearnError::BadValue { .. })));
        assert!(matches!(c(vec![0.0, 1.0], vec![1.0; 3], vec![0.0; 4]), Err(LearnError::Length { .. })));
        assert!(matches!(c(vec![0.0, 1.0], vec![1.0; 2], vec![-1.0; 4]), Err(LearnError::BadValue { .. })));
        let error = Condition::from_moments("c", &series(None), 3).unwrap_err();
        assert!(matches!(error, LearnError::MissingMoment { order: 3, .. }), "{error}");
    }
}
