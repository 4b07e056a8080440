//! How residuals are weighed: the factor of the sampling covariance.

use crate::condition::{Condition, check_conditions};
use crate::error::LearnError;
use crate::linear::{Cholesky, Matrix};
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
/// With fewer repetitions than this per row, a sampled correlation matrix is shrunk towards the identity.
const REPETITIONS_PER_ROW: f64 = 10.0;

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
        let rows: Vec<usize> = (0..condition.values.len())
            .filter(|&i| condition.values[i].is_finite() && condition.variance(i) > 0.0)
            .collect();
        if rows.is_empty() {
            return Err(LearnError::NotIdentifiable {
                what: format!("anything from condition `{}`", condition.name),
                reason: "no value has a variance; give standard errors".into(),
            });
        }
        let not_a_covariance = || LearnError::NotACovariance { condition: condition.name.clone() };
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
                let few = condition.sampled_covariance && repetitions < REPETITIONS_PER_ROW * m;
                let shrinkage = if few { (m / repetitions).min(1.0) } else { 0.0 };
                // The inverse of a sampled covariance is too large on average (Hartlap et al. 2007, A&A 464, 399).
                let inflation = match condition.sampled_covariance && !few {
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
        Ok(Factor { rows, whitening, rank, exact })
    }
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
