//! The published recipe: model (16) by sparse regression of a rational function.

use crate::LearnError;
use crate::invariants::Course;
use crate::linear::{Compressed, Matrix};
use serde::{Deserialize, Serialize};

/// Settings of [`published`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishedSettings {
    /// First and last time of the samples used. Default 10 and 1000.
    pub window: (f64, f64),
    /// Coefficients below this are removed, in units of beta_3. Default 0.002.
    pub threshold: f64,
}

impl Default for PublishedSettings {
    fn default() -> Self {
        PublishedSettings { window: (10.0, 1000.0), threshold: 2e-3 }
    }
}

/// Coefficients of y_i = sum_k alpha_ki x^k / sum_k beta_k x^k, k = 0, 1, 2, with beta_2 = 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedRational {
    /// beta by power.
    pub denominator: [f64; 3],
    /// alpha by member and power; 0 where a term was removed.
    pub numerators: Vec<[f64; 3]>,
}

/// Learns the laws of `members` over `driver` from one course, in the columns of that course, `[times x width]`.
///
/// The equations y_i (beta_0 + beta_1 x + x^2) - sum_k alpha_ki x^k = 0 are linear in the coefficients. Terms are removed by
/// sequentially thresholded least squares on them; what is left is fitted with each row divided by the denominator of the
/// round before (C. K. Sanathanan, J. Koerner, IEEE Trans. Autom. Control 8 (1963) 56-58), so that the residuals are those of
/// the rational function. Noise of a percent destroys this: see [`super::laws`].
///
/// # Errors
/// Too few samples in the window; data that do not determine the coefficients.
pub fn published(
    course: &Course,
    width: usize,
    members: &[usize],
    driver: usize,
    settings: &PublishedSettings,
) -> Result<PublishedRational, LearnError> {
    let inside = |t: &&usize| (settings.window.0..=settings.window.1).contains(&course.times[**t]);
    let all: Vec<usize> = (0..course.times.len()).collect();
    let samples: Vec<usize> = all.iter().filter(inside).copied().collect();
    let unknowns = 2 + 3 * members.len();
    if samples.len() < unknowns {
        let what = "the number of samples in the window".to_string();
        return Err(LearnError::BadValue {
            what,
            value: samples.len() as f64,
            expected: "more than coefficients are needed",
        });
    }
    let solve = |terms: &[usize], beta: [f64; 3]| -> Result<Vec<f64>, LearnError> {
        let value = |t: usize, i: usize| course.values[t * width + i];
        let rows = samples.len() * members.len();
        let matrix = Matrix::from_fn(rows, unknowns + 1, |row, column| {
            let (t, m) = (samples[row / members.len()], row % members.len());
            let (x, y) = (value(t, driver), value(t, members[m]));
            let unit = 1.0 / (beta[0] + beta[1] * x + beta[2] * x * x);
            unit * match column {
                0 => y,
                1 => y * x,
                c if c == unknowns => -y * x * x,
                c if (c - 2) / 3 == m => -x.powi(((c - 2) % 3) as i32),
                _ => 0.0,
            }
        });
        let solution = Compressed::new(&matrix).solve(terms).ok_or_else(|| LearnError::NotIdentifiable {
            what: "the coefficients of the rational model".into(),
            reason: "its terms are linearly dependent on these data".into(),
        })?;
        let mut x = vec![0.0; unknowns];
        terms.iter().zip(solution.x).for_each(|(&k, value)| x[k] = value);
        Ok(x)
    };
    let mut terms: Vec<usize> = (0..unknowns).collect();
    let mut x;
    loop {
        x = solve(&terms, [1.0, 0.0, 0.0])?;
        let kept: Vec<usize> = terms.iter().copied().filter(|&k| x[k].abs() >= settings.threshold).collect();
        if kept.len() == terms.len() || kept.is_empty() {
            break;
        }
        terms = kept;
    }
    for _ in 0..100 {
        let next = solve(&terms, [x[0], x[1], 1.0])?;
        let change = next.iter().zip(&x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        x = next;
        if change < 1e-12 {
            break;
        }
    }
    let numerators = (0..members.len()).map(|m| [x[2 + 3 * m], x[3 + 3 * m], x[4 + 3 * m]]).collect();
    Ok(PublishedRational { denominator: [x[0], x[1], 1.0], numerators })
}

impl PublishedRational {
    /// Writes the members at a value of the driver.
    pub fn evaluate(&self, x: f64, out: &mut [f64]) {
        let of = |c: &[f64; 3]| c[0] + c[1] * x + c[2] * x * x;
        out.iter_mut().zip(&self.numerators).for_each(|(y, n)| *y = of(n) / of(&self.denominator));
    }
}
