//! The published way from moments to rate constants, in its three steps, with a choice of optimiser and weights.

use super::moment_equations::MomentEquations;
use super::training::{TrainingSettings, train, train_holding};
use crate::condition::{Condition, check_conditions};
use crate::error::LearnError;
use crate::fit::{
    FitSettings, IntegralSettings, LibraryModel, Restriction, Shooting, ShootingSettings, WeightedData, Weighting,
    fit_integral, fit_restricted,
};
use crate::library::Library;
use serde::{Deserialize, Serialize};

/// What minimises the distance to the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimiser {
    /// Adam from zero, as published.
    Adam(TrainingSettings),
    /// Least squares by Levenberg-Marquardt with forward sensitivities: the same minimum for squared loss, reached.
    LeastSquares(Weighting),
}

/// Settings of [`run_pipeline`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineSettings {
    /// What minimises.
    pub optimiser: Optimiser,
    /// Whether means come first and second moments then follow with the coefficients of the means held (as published), or
    /// all coefficients are fitted together. Default staged.
    pub staged: bool,
    /// Coefficients (equation, monomial) that eq. 14 leaves out. Default none.
    pub left_out: Vec<(String, String)>,
    /// Whether eq. 14 is weighed by the covariance of the coefficients. Default false, as published.
    pub weigh_coefficients: bool,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        PipelineSettings {
            optimiser: Optimiser::LeastSquares(Weighting::Unweighted),
            staged: true,
            left_out: Vec::new(),
            weigh_coefficients: false,
        }
    }
}

/// The result of [`run_pipeline`].
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineResult {
    /// Coefficients of eq. 13, in the order of [`MomentEquations::coefficients`].
    pub coefficients: Vec<f64>,
    /// Rate constants by eq. 14, `[reactions]`; nothing keeps them from being negative.
    pub rates: Vec<f64>,
    /// Whether the optimiser came to rest in every step.
    pub converged: bool,
}

/// Fits the coefficients of the moment equations to conditions that observe the moments, then the rate constants to the
/// coefficients.
///
/// # Errors
/// Conditions that observe something else; coefficients that do not determine the rate constants.
pub fn run_pipeline(
    equations: &MomentEquations,
    species: usize,
    conditions: &[Condition],
    settings: &PipelineSettings,
) -> Result<PipelineResult, LearnError> {
    check_conditions(conditions)?;
    let library = equations.library();
    let of_means: Vec<usize> = (0..library.term_count()).filter(|&k| library.terms()[k].equation < species).collect();
    let others: Vec<usize> = (0..library.term_count()).filter(|k| !of_means.contains(k)).collect();
    let (values, covariance, converged) = match settings.optimiser {
        Optimiser::Adam(training) => {
            let trained = adam_in_stages(equations, species, conditions, &of_means, &training)?;
            (trained.0, None, trained.1)
        }
        Optimiser::LeastSquares(weighting) => {
            let stages =
                if settings.staged { vec![of_means, others] } else { vec![(0..library.term_count()).collect()] };
            least_squares(equations, species, conditions, &stages, weighting)?
        }
    };
    let rows = equations.without(&settings.left_out);
    let weights = covariance.as_deref().filter(|_| settings.weigh_coefficients);
    let rates = equations.rates(&values, &rows, weights)?.rates;
    Ok(PipelineResult { coefficients: values, rates, converged })
}

/// Coefficients, their covariance over all coefficients (of a single stage), and whether every stage converged.
type Coefficients = (Vec<f64>, Option<Vec<f64>>, bool);

fn least_squares(
    equations: &MomentEquations,
    species: usize,
    conditions: &[Condition],
    stages: &[Vec<usize>],
    weighting: Weighting,
) -> Result<Coefficients, LearnError> {
    let library = equations.library();
    let model = LibraryModel(library);
    let p = library.term_count();
    let start = IntegralSettings { weighting: Weighting::Unweighted, reweightings: 0 };
    let mut values = fit_integral(library, conditions, &vec![false; p], &start)?.coefficients;
    let (mut covariance, mut converged) = (None, true);
    for (stage, free) in stages.iter().enumerate() {
        // Each stage sees the moments it is about: means first, then second moments.
        let seen = |o: &usize| stages.len() == 1 || (*o < species) == (stage == 0);
        let observed: Vec<usize> = (0..library.dimension()).filter(seen).collect();
        let data = WeightedData::new(conditions.iter().map(|c| hide_all_but(c, &observed)).collect(), weighting)?;
        let shooting = Shooting::new(&model, data.conditions())?
            .refined_at(&values, &ShootingSettings { tolerance: 0.01, ..Default::default() })?;
        let restriction = Restriction { free: free.clone(), bounded: vec![false; p] };
        let fit = fit_restricted(&shooting, &data, &values, &restriction, &FitSettings::default())?;
        converged &= fit.converged;
        values.clone_from(&fit.parameters);
        covariance = Some(fit.covariance);
    }
    Ok((values, covariance.filter(|_| stages.len() == 1), converged))
}

/// The condition with the values of other observables counted as not measured, except at the start.
fn hide_all_but(condition: &Condition, observed: &[usize]) -> Condition {
    let mut hidden = condition.clone();
    let width = condition.width();
    for (i, value) in hidden.values.iter_mut().enumerate().skip(width) {
        if !observed.contains(&(i % width)) {
            *value = f64::NAN;
        }
    }
    hidden
}

/// Means first; then the second moments, whose equations read the means learned.
fn adam_in_stages(
    equations: &MomentEquations,
    species: usize,
    conditions: &[Condition],
    of_means: &[usize],
    training: &TrainingSettings,
) -> Result<(Vec<f64>, bool), LearnError> {
    let library = equations.library();
    let observed: Vec<usize> = (0..species).collect();
    let means: Vec<Condition> = conditions.iter().map(|c| c.select(&observed)).collect();
    let settings = TrainingSettings { l1: 0.0, threshold: 0.0, rounds: 1, ..*training };
    let first = train(&library.select(of_means).restricted_to(species), &means, &settings)?;
    let mut held = vec![None; library.term_count()];
    of_means.iter().zip(&first.weights).for_each(|(&k, &w)| held[k] = Some(w));
    let second = train_holding(library, conditions, &settings, &held)?;
    Ok((second.weights, first.loss.is_finite() && second.loss.is_finite()))
}
