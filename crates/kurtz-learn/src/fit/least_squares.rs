//! Levenberg-Marquardt with non-negative parameters, on whitened residuals.
//!
//! D. W. Marquardt, SIAM J. Appl. Math. 11 (1963) 431-441; the steps are solved by orthogonal factors and, where
//! parameters are bounded, by the active set of Lawson and Hanson, so that a bound is met exactly.

use super::predictor::Predictor;
use super::weights::WeightedData;
use crate::error::LearnError;
use crate::linear::{Compressed, Matrix, non_negative};
use serde::{Deserialize, Serialize};

/// Settings of the nonlinear least-squares fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Most steps that are tried. Default 60.
    pub max_iterations: usize,
    /// A fit has converged when a step promises less than this fraction of chi-square. Default 1e-7.
    pub tolerance: f64,
}

impl Default for FitSettings {
    fn default() -> Self {
        FitSettings { max_iterations: 60, tolerance: 1e-7 }
    }
}

/// A fit: parameters with their covariance, and how well they describe the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Parameters, `[parameters]`; those not fitted have the value they were given.
    pub parameters: Vec<f64>,
    /// Covariance of the parameters, `[parameters x parameters]`; zero for those not fitted or held at a bound.
    /// It accounts for the true covariance of the data also where they are weighed otherwise.
    pub covariance: Vec<f64>,
    /// Sum of squared whitened residuals.
    pub chi2: f64,
    /// Independent values less parameters fitted.
    pub degrees_of_freedom: usize,
    /// Whether the steps came to rest.
    pub converged: bool,
    /// Steps tried.
    pub iterations: usize,
}

impl Fit {
    /// Standard error of a parameter (position).
    pub fn standard_error(&self, j: usize) -> f64 {
        self.covariance[j * self.parameters.len() + j].sqrt()
    }
}

/// Which parameters are free, and which of them must not be negative.
#[derive(Clone, Debug)]
pub(crate) struct Restriction {
    pub free: Vec<usize>,
    pub bounded: Vec<bool>,
}

/// Fits all parameters, those marked in `non_negative` subject to >= 0, from a start.
///
/// # Errors
/// A start from which the model cannot be evaluated; lists of wrong length.
pub fn fit(
    predictor: &dyn Predictor,
    data: &WeightedData,
    start: &[f64],
    non_negative: &[bool],
    settings: &FitSettings,
) -> Result<Fit, LearnError> {
    let expected = predictor.parameter_count();
    for (what, found) in [("start values", start.len()), ("marks of non-negative parameters", non_negative.len())] {
        if found != expected {
            return Err(LearnError::Length { what: what.into(), expected, found });
        }
    }
    let restriction = Restriction { free: (0..expected).collect(), bounded: non_negative.to_vec() };
    fit_restricted(predictor, data, start, &restriction, settings)
}

/// The whitened problem around given parameters, in terms of steps of the free ones.
pub(crate) fn linearise(
    predictor: &dyn Predictor,
    data: &WeightedData,
    parameters: &[f64],
    free: &[usize],
) -> Result<Compressed, LearnError> {
    Ok(Compressed::new(&whitened_rows(predictor, data, parameters, free)?))
}

fn whitened_rows(
    predictor: &dyn Predictor,
    data: &WeightedData,
    parameters: &[f64],
    free: &[usize],
) -> Result<Matrix, LearnError> {
    let q = free.len();
    let mut all = Vec::new();
    for (c, condition) in data.conditions().iter().enumerate() {
        let prediction = predictor.predict(c, parameters, free)?;
        let rows = data.rows(c);
        let mut block = Matrix::from_fn(rows.len(), q + 1, |r, j| match j == q {
            true => condition.values[rows[r]] - prediction.values[rows[r]],
            false => prediction.by_parameter[rows[r] * q + j],
        });
        data.whiten(c, &mut block);
        all.extend(block.into_data());
    }
    Ok(Matrix::from_rows(all.len() / (q + 1), q + 1, all))
}

fn chi2(predictor: &dyn Predictor, data: &WeightedData, parameters: &[f64]) -> Result<f64, LearnError> {
    let rows = whitened_rows(predictor, data, parameters, &[])?;
    let sum: f64 = rows.as_slice().iter().map(|r| r * r).sum();
    Ok(if sum.is_nan() { f64::INFINITY } else { sum })
}

pub(crate) fn fit_restricted(
    predictor: &dyn Predictor,
    data: &WeightedData,
    start: &[f64],
    restriction: &Restriction,
    settings: &FitSettings,
) -> Result<Fit, LearnError> {
    let free = &restriction.free;
    let bounded: Vec<bool> = free.iter().map(|&j| restriction.bounded[j]).collect();
    let mut parameters = start.to_vec();
    free.iter().zip(&bounded).filter(|(_, b)| **b).for_each(|(&j, _)| parameters[j] = parameters[j].max(0.0));
    let mut problem = linearise(predictor, data, &parameters, free)?;
    let mut current = problem.residual(&vec![0.0; free.len()]);
    let mut damping = 0.0f64;
    let (mut converged, mut iterations) = (free.is_empty(), 0);
    while !converged && iterations < settings.max_iterations {
        iterations += 1;
        let here: Vec<f64> = free.iter().map(|&j| parameters[j]).collect();
        let next = step(&problem, &here, &bounded, damping);
        let promised = current - problem.residual(&next.iter().zip(&here).map(|(a, b)| a - b).collect::<Vec<_>>());
        if promised <= settings.tolerance * current + 1e-13 {
            converged = true;
            break;
        }
        let mut trial = parameters.clone();
        free.iter().zip(&next).for_each(|(&j, &value)| trial[j] = value);
        let reached = chi2(predictor, data, &trial).unwrap_or(f64::INFINITY);
        if reached < current {
            damping = if current - reached > 0.3 * promised { damping / 10.0 } else { damping };
            damping = if damping < 1e-9 { 0.0 } else { damping };
            parameters = trial;
            problem = linearise(predictor, data, &parameters, free)?;
            current = problem.residual(&vec![0.0; free.len()]);
        } else if damping > 1e12 {
            break;
        } else {
            damping = (damping * 10.0).max(1e-6);
        }
    }
    let mut covariance = covariance(predictor, data, &parameters, restriction, &problem)?;
    let excess = data.excess_variance(free.len());
    covariance.iter_mut().for_each(|c| *c *= excess);
    let degrees_of_freedom = data.independent_values().saturating_sub(free.len());
    Ok(Fit { parameters, covariance, chi2: current, degrees_of_freedom, converged, iterations })
}

/// The parameters that minimise the linearised problem, kept near `here` by `damping` in units of each column's size.
fn step(problem: &Compressed, here: &[f64], bounded: &[bool], damping: f64) -> Vec<f64> {
    let p = problem.terms();
    let all: Vec<usize> = (0..p).collect();
    let mut damping = damping;
    loop {
        let about = if damping == 0.0 {
            problem.clone().shifted(here)
        } else {
            let norm = |j: usize| (0..=j).map(|i| problem.r[(i, j)].powi(2)).sum::<f64>().sqrt();
            let root = damping.sqrt();
            Compressed::new(&Matrix::from_fn(2 * p, p + 1, |i, j| match (i < p, j == p) {
                (true, true) => problem.z[i],
                (true, false) => problem.r[(i, j)],
                (false, false) if i - p == j => root * norm(j).max(1e-300),
                (false, _) => 0.0,
            }))
            .shifted(here)
        };
        if bounded.iter().any(|b| *b) {
            return non_negative(&about, &all, bounded);
        }
        match about.solve(&all) {
            Some(solution) => return solution.x,
            None if damping > 1e6 => return here.to_vec(),
            None => damping = (damping * 10.0).max(1e-10),
        }
    }
}

/// (A^T A)^-1, or A^+ C A^+^T where the whitened residuals have a covariance C other than the identity.
fn covariance(
    predictor: &dyn Predictor,
    data: &WeightedData,
    parameters: &[f64],
    restriction: &Restriction,
    problem: &Compressed,
) -> Result<Vec<f64>, LearnError> {
    let p = parameters.len();
    let inside: Vec<usize> = (0..restriction.free.len())
        .filter(|&k| !restriction.bounded[restriction.free[k]] || parameters[restriction.free[k]] > 0.0)
        .collect();
    let free: Vec<usize> = inside.iter().map(|&k| restriction.free[k]).collect();
    let k = free.len();
    let mut covariance = vec![0.0; p * p];
    let Some(mut inverse) = problem.inverse_information(&inside) else {
        // The data leave a direction open: nothing can be said about the parameters in it.
        free.iter().for_each(|&j| covariance[j * p + j] = f64::INFINITY);
        return Ok(covariance);
    };
    let plain: Vec<Option<Matrix>> = (0..data.conditions().len()).map(|c| data.whitened_covariance(c)).collect();
    if plain.iter().any(Option::is_some) {
        let rows = whitened_rows(predictor, data, parameters, &free)?;
        let (mut middle, mut first) = (Matrix::zeros(k, k), 0);
        for (c, noise) in plain.iter().enumerate() {
            let count = data.rows(c).len();
            let block = Matrix::from_fn(k, count, |j, r| rows[(first + r, j)]);
            let right = noise.as_ref().map_or(block.clone(), |noise| block.times(noise));
            let sum = right.times_transposed(&block);
            middle = Matrix::from_fn(k, k, |i, j| middle[(i, j)] + sum[(i, j)]);
            first += count;
        }
        inverse = inverse.times(&middle).times(&inverse);
    }
    for (a, &i) in free.iter().enumerate() {
        free.iter().enumerate().for_each(|(b, &j)| covariance[i * p + j] = inverse[(a, b)]);
    }
    Ok(covariance)
}

#[cfg(test)]
mod tests {
    use crate::fit::{
        FitSettings, IntegralSettings, LibraryModel, Shooting, ShootingSettings, WeightedData, Weighting, fit,
        fit_integral,
    };
    use crate::testing;

    #[test]
    fn direct_rates_have_the_errors_they_claim() {
        let (exact, library) = (testing::exact(10.0, 20, 1), testing::library());
        let model = LibraryModel(&library);
        let mut squares = [0.0; 6];
        let mut chi2 = 0.0;
        let seeds = 20;
        for seed in 0..seeds {
            let data =
                WeightedData::new(vec![exact.draw_condition(1_000_000, seed, 2).unwrap()], Weighting::Full).unwrap();
            let start = [0.1, 0.8, 0.1, 0.3, 0.05, 0.05];
            let shooting = Shooting::new(&model, data.conditions())
                .unwrap()
                .refined_at(&start, &ShootingSettings::default())
                .unwrap();
            let found = fit(&shooting, &data, &start, &[false; 6], &FitSettings::default()).unwrap();
            assert!(found.converged && found.degrees_of_freedom == 94, "{found:?}");
            chi2 += found.chi2;
            for j in 0..6 {
                let z = (found.parameters[j] - testing::RATES[j]) / found.standard_error(j);
                assert!(z.abs() < 4.9, "seed {seed}, rate {j}: {z} standard errors");
                squares[j] += z * z;
            }
        }
        // 20 draws of z^2 have mean 1 +- 0.32; 4.9 standard errors are 1.55.
        assert!(squares.iter().all(|s| s / (seeds as f64) < 2.6), "{squares:?}");
        assert!((chi2 / seeds as f64 - 94.0).abs() < 4.9 * (2.0 * 94.0 / seeds as f64).sqrt(), "{chi2}");
    }

    #[test]
    fn integral_form_agrees_with_shooting_on_a_fine_grid() {
        let (exact, library) = (testing::exact(10.0, 8, 4), testing::library());
        let condition = exact.draw_condition(1_000_000, 5, 2).unwrap();
        let integral =
            fit_integral(&library, std::slice::from_ref(&condition), &[false; 6], &IntegralSettings::default())
                .unwrap();
        for j in 0..6 {
            let se = integral.covariance[j * 7].sqrt();
            let z = (integral.coefficients[j] - testing::RATES[j]) / se;
            assert!(z.abs() < 4.9, "rate {j}: {} +- {se}", integral.coefficients[j]);
        }
        assert!(integral.chi2 < 154.0 + 4.9 * (2.0f64 * 154.0).sqrt(), "{}", integral.chi2);
    }
}
