//! How residuals are weighed: the factor of the sampling covariance.

use crate::condition::{Condition, CovarianceOrigin, REPETITIONS_PER_VALUE, check_conditions};
use crate::error::LearnError;
use crate::linear::{Cholesky, Matrix};
use crate::report::Goodness;
use serde::{Deserialize, Serialize};

/// How residuals are weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// By the full sampling covariance, across times and observables (generalised least squares).
    #[default]
    Full,
    /// By the variances alone.
    Diagonal,
    /// Not at all: large observables dominate. As in the published pipeline.
    Unweighted,
}

/// Fraction of each variance added to it, so that exactly redundant rows (conserved totals) weigh much, not infinitely.
const FLOOR: f64 = 1e-8;
/// A row whose variance given the rows before it is below this fraction carries no information of its own.
const REDUNDANT: f64 = 1e-6;
/// Of an experiment whose covariance rests on few repetitions, so many times are used at least.
const LEAST_TIMES: usize = 4;

/// Conditions, checked, with the factors that turn their residuals into independent ones of unit variance.
#[derive(Clone, Debug)]
pub struct WeightedData {
    conditions: Vec<Condition>,
    weighting: Weighting,
    factors: Vec<Factor>,
}

/// The weights of one condition.
#[derive(Clone, Debug)]
struct Factor {
    /// Which values are used: measured, and not known exactly.
    rows: Vec<usize>,
    whitening: Whitening,
    rank: usize,
    exact: bool,
    /// Repetitions behind the covariance, if it was estimated and is used as it is.
    sample: Option<f64>,
}

#[derive(Clone, Debug)]
enum Whitening {
    Scaled(Vec<f64>),
    Full(Cholesky),
}

impl WeightedData {
    /// Checks the conditions and factorises their covariances.
    ///
    /// # Errors
    /// No conditions, conditions that observe different things, covariances that are none.
    pub fn new(conditions: Vec<Condition>, weighting: Weighting) -> Result<Self, LearnError> {
        check_conditions(&conditions)?;
        let factors = conditions.iter().map(|c| Factor::new(c, weighting)).collect::<Result<_, _>>()?;
        Ok(WeightedData { conditions, weighting, factors })
    }

    /// The conditions.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// How residuals are weighed.
    pub fn weighting(&self) -> Weighting {
        self.weighting
    }

    /// Number of independent values: redundant ones (conserved totals) are not counted.
    pub fn independent_values(&self) -> usize {
        self.factors.iter().map(|f| f.rank).sum()
    }

    /// Independent repetitions behind the data, in all.
    pub fn repetitions(&self) -> f64 {
        self.conditions.iter().map(|c| c.repetitions).sum()
    }

    /// Whether some sampled covariance had to be shrunk because it rests on few repetitions.
    pub fn is_shrunk(&self) -> bool {
        self.weighting == Weighting::Full && self.factors.iter().any(|f| !f.exact)
    }

    /// By how much the covariance of so many fitted parameters exceeds that which a known covariance of the data would
    /// give (Percival et al. 2014, MNRAS 439, 2531, eq. 18, for an inverse corrected as here).
    pub fn excess_variance(&self, parameters: usize) -> f64 {
        match self.sample() {
            Some((q, n)) if n > q + 5.0 => {
                let p = (parameters as f64).min(q);
                let (a, b) = (2.0 / ((n - q - 1.0) * (n - q - 4.0)), (n - q - 2.0) / ((n - q - 1.0) * (n - q - 4.0)));
                (1.0 + b * (q - p)) / (1.0 + a + b * (p + 1.0))
            }
            _ => 1.0,
        }
    }

    /// How well a fit describes the data; with an estimated covariance, chi-square follows the law of Hotelling.
    pub fn goodness(&self, chi2: f64, degrees_of_freedom: usize) -> Goodness {
        match self.sample() {
            Some((q, n)) if n > q + 5.0 => Goodness::sampled(chi2, degrees_of_freedom, q, n),
            _ => Goodness::new(chi2, degrees_of_freedom),
        }
    }

    /// Values and repetitions of the conditions whose covariance was estimated, in all; of several, the sum of their
    /// statistics has nearly the law of one with the totals.
    fn sample(&self) -> Option<(f64, f64)> {
        let sampled = self.factors.iter().filter_map(|f| f.sample.map(|n| (f.rank as f64, n)));
        sampled.reduce(|a, b| (a.0 + b.0, a.1 + b.1))
    }

    /// Chi-square of predicted values, one list `[times x observables]` for each condition, and how many values it sums.
    ///
    /// # Errors
    /// Lists of wrong length.
    pub fn chi_square(&self, predicted: &[Vec<f64>]) -> Result<(f64, usize), LearnError> {
        let mut sum = 0.0;
        for (c, condition) in self.conditions.iter().enumerate() {
            let (expected, found) = (condition.values.len(), predicted.get(c).map_or(0, Vec::len));
            if expected != found {
                return Err(LearnError::Length { what: "the predicted values".into(), expected, found });
            }
            let rows = self.rows(c);
            let mut residuals =
                Matrix::from_fn(rows.len(), 1, |i, _| condition.values[rows[i]] - predicted[c][rows[i]]);
            self.whiten(c, &mut residuals);
            sum += residuals.as_slice().iter().map(|r| r * r).sum::<f64>();
        }
        Ok((sum, self.independent_values()))
    }

    /// Positions of the values of a condition that are used.
    pub(crate) fn rows(&self, condition: usize) -> &[usize] {
        &self.factors[condition].rows
    }

    /// Whitens rows that correspond to [`WeightedData::rows`].
    pub(crate) fn whiten(&self, condition: usize, rows: &mut Matrix) {
        self.factors[condition].whitening.apply(rows);
    }

    /// The covariance of the whitened residuals where it is not the identity.
    pub(crate) fn whitened_covariance(&self, condition: usize) -> Option<Matrix> {
        let factor = &self.factors[condition];
        if self.weighting == Weighting::Full && factor.exact {
            return None;
        }
        let mut half = covariance(&self.conditions[condition], &factor.rows);
        factor.whitening.apply(&mut half);
        let mut whole = half.transposed();
        factor.whitening.apply(&mut whole);
        Some(whole)
    }
}

impl Factor {
    fn new(condition: &Condition, weighting: Weighting) -> Result<Self, LearnError> {
        let mut rows = condition.measured();
        if weighting == Weighting::Full && condition.rests_on_few() {
            rows = fewer_times(condition, rows);
        }
        if rows.is_empty() {
            return Err(LearnError::NotIdentifiable {
                what: format!("anything from condition `{}`", condition.name),
                reason: "no value has a variance; give standard errors".into(),
            });
        }
        let not_a_covariance = || LearnError::NotACovariance { condition: condition.name.clone() };
        let sampled = weighting == Weighting::Full && condition.origin == CovarianceOrigin::Sampled;
        let (whitening, rank, exact) = match weighting {
            Weighting::Unweighted => (Whitening::Scaled(vec![1.0; rows.len()]), rows.len(), true),
            // Independent values need no factor.
            Weighting::Full if condition.is_independent() => {
                let scales = rows.iter().map(|&i| 1.0 / condition.variance(i).sqrt()).collect();
                (Whitening::Scaled(scales), rows.len(), true)
            }
            Weighting::Diagonal => {
                let scales = rows.iter().map(|&i| 1.0 / condition.variance(i).sqrt()).collect();
                (Whitening::Scaled(scales), rows.len(), true)
            }
            Weighting::Full => {
                let mut c = covariance(condition, &rows);
                let (m, repetitions) = (rows.len() as f64, condition.repetitions);
                let few = sampled && repetitions < REPETITIONS_PER_VALUE * m;
                let shrinkage = if few { (m / repetitions).min(1.0) } else { 0.0 };
                // The inverse of a sampled covariance is too large on average (Hartlap et al. 2007, A&A 464, 399).
                let inflation = match sampled && !few {
                    true => (repetitions - 1.0) / (repetitions - m - 2.0),
                    false => 1.0,
                };
                let n = rows.len();
                for (i, j) in (0..n * n).map(|e| (e / n, e % n)) {
                    c[(i, j)] *= if i == j { 1.0 + FLOOR } else { 1.0 - shrinkage } * inflation;
                }
                let factor = Cholesky::new(&c).ok_or_else(not_a_covariance)?;
                let l = factor.factor();
                let rank = (0..rows.len()).filter(|&i| l[(i, i)].powi(2) > REDUNDANT * c[(i, i)]).count();
                (Whitening::Full(factor), rank, !few)
            }
        };
        let sample = (sampled && exact).then_some(condition.repetitions);
        Ok(Factor { rows, whitening, rank, exact, sample })
    }
}

/// Rows at times spread evenly over those of a condition, as few as its repetitions can bear. Neighbouring times say
/// nearly the same, as they come from the same trajectories; little is lost.
fn fewer_times(condition: &Condition, rows: Vec<usize>) -> Vec<usize> {
    let width = condition.width();
    let mut times: Vec<usize> = rows.iter().map(|i| i / width).collect();
    times.dedup();
    let per_time = rows.len() as f64 / times.len() as f64;
    let most = ((condition.repetitions / (REPETITIONS_PER_VALUE * per_time)) as usize).max(LEAST_TIMES);
    if times.len() <= most {
        return rows;
    }
    // The last time is kept, the first of them one stride after the start.
    let kept: Vec<usize> = (1..=most).map(|k| times[(k * times.len()).div_ceil(most) - 1]).collect();
    rows.into_iter().filter(|i| kept.contains(&(i / width))).collect()
}

impl Whitening {
    fn apply(&self, rows: &mut Matrix) {
        match self {
            Whitening::Scaled(scales) => {
                scales.iter().enumerate().for_each(|(i, s)| rows.row_mut(i).iter_mut().for_each(|v| *v *= s));
            }
            Whitening::Full(factor) => factor.whiten(rows),
        }
    }
}

fn covariance(condition: &Condition, rows: &[usize]) -> Matrix {
    Matrix::from_fn(rows.len(), rows.len(), |i, j| condition.covariance_of(rows[i], rows[j]))
}
