//! Rates to start from, by the integral form: it needs no start itself.

use super::equations::RateEquations;
use super::offer::{Given, Offer};
use super::search::restrict;
use super::subsets::best_non_negative_subsets;
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{IntegralForm, IntegralSettings, Weighting, fit_integral};
use crate::library::Library;
use crate::linear::non_negative;

/// Times that are used of each condition.
const TIMES: usize = 120;
/// A value laid between its neighbours counts as this many standard errors worse.
const FILLED: f64 = 9.0;
const SUBSETS: usize = 5;
const NODES: usize = 3000;

/// Sets of rate constants of all candidates, the likeliest first: the leading structures, then the densest.
///
/// # Errors
/// Species that are not observed; covariances that are none.
pub(crate) fn integral_starts(
    equations: &RateEquations,
    offer: &Offer,
    conditions: &[Condition],
    penalty: f64,
) -> Result<Vec<Vec<f64>>, LearnError> {
    let order = |species: &String| conditions[0].observables.iter().position(|o| o == species);
    let Some(order) = equations.species().iter().map(order).collect::<Option<Vec<usize>>>() else {
        let missing = equations.species().iter().find(|s| order(s).is_none());
        return Err(LearnError::UnobservedSpecies {
            species: missing.cloned().unwrap_or_default(),
            known: conditions[0].observables.clone(),
        });
    };
    let filled: Vec<Condition> = conditions.iter().map(|c| fill(&thin(c).select(&order))).collect();
    let p = equations.term_count();
    let coarse = IntegralSettings { reweightings: 2, ..IntegralSettings::default() };
    let dense = fit_integral(equations, &filled, &vec![true; p], &coarse)?.coefficients;
    let form = IntegralForm::new(equations, &filled)?;
    let (problem, _) = form.compressed(&dense, Weighting::Full)?;
    let optional: Vec<usize> = (0..p).filter(|&j| offer.given[j] == Given::Open).collect();
    let known: Vec<usize> = (0..p).filter(|&j| offer.given[j] == Given::Known).collect();
    let open: Vec<usize> = optional.iter().chain(&known).copied().collect();
    let open_problem = restrict(&problem, &open, &offer.fixed());
    let all: Vec<usize> = (0..open.len()).collect();
    let everything = non_negative(&open_problem, &all, &vec![true; open.len()]);
    let spread = |optional_values: &dyn Fn(usize) -> f64| {
        let mut constants = vec![0.0; p];
        offer.fixed().into_iter().for_each(|(j, k)| constants[j] = k);
        optional.iter().enumerate().for_each(|(i, &j)| constants[j] = optional_values(i));
        known.iter().enumerate().for_each(|(i, &j)| constants[j] = everything[optional.len() + i]);
        constants
    };
    let mut starts = Vec::new();
    if !optional.is_empty() {
        let problem = open_problem.without_trailing(optional.len());
        let (subsets, _) = best_non_negative_subsets(&problem, penalty, 30.0, NODES);
        for subset in subsets.iter().take(SUBSETS) {
            let values = subset.spread(optional.len());
            starts.push(spread(&|i| values[i]));
        }
    }
    starts.push(spread(&|i| everything[i]));
    Ok(starts)
}

/// Some of the times of a long condition: means over bins of neighbours.
fn thin(condition: &Condition) -> Condition {
    let (times, width) = (condition.times.len(), condition.width());
    if times <= TIMES {
        return condition.clone();
    }
    // The start stays; the others are put into bins of equal numbers.
    let bins = TIMES - 1;
    let mut thinned = Condition {
        times: vec![condition.times[0]],
        values: condition.values[..width].to_vec(),
        covariance: (0..width).map(|i| condition.variance(i)).collect(),
        ..condition.clone()
    };
    for bin in 0..bins {
        let rows = 1 + bin * (times - 1) / bins..1 + (bin + 1) * (times - 1) / bins;
        let count = rows.len() as f64;
        thinned.times.push(rows.clone().map(|t| condition.times[t]).sum::<f64>() / count);
        for o in 0..width {
            let entries: Vec<usize> =
                rows.clone().map(|t| t * width + o).filter(|&i| condition.values[i].is_finite()).collect();
            let n = entries.len() as f64;
            thinned.values.push(entries.iter().map(|&i| condition.values[i]).sum::<f64>() / n);
            thinned.covariance.push(entries.iter().map(|&i| condition.variance(i)).sum::<f64>() / (n * n).max(1.0));
        }
    }
    thinned
}

/// Lays values between their neighbours where nothing was measured.
fn fill(condition: &Condition) -> Condition {
    let width = condition.width();
    let mut filled = condition.clone();
    filled.covariance = (0..condition.values.len()).map(|i| condition.variance(i)).collect();
    for o in 0..width {
        let rows: Vec<usize> =
            (0..condition.times.len()).filter(|t| condition.values[t * width + o].is_finite()).collect();
        let typical = rows.iter().map(|t| condition.variance(t * width + o)).sum::<f64>() / rows.len().max(1) as f64;
        let value = |t: usize| condition.values[t * width + o];
        for t in (0..condition.times.len()).filter(|t| !rows.contains(t)) {
            let after = rows.partition_point(|&r| r < t);
            let (left, right) = (after.checked_sub(1).map(|i| rows[i]), rows.get(after).copied());
            filled.values[t * width + o] = match (left, right) {
                (Some(a), Some(b)) => {
                    let w = (condition.times[t] - condition.times[a]) / (condition.times[b] - condition.times[a]);
                    (1.0 - w) * value(a) + w * value(b)
                }
                (Some(a), None) | (None, Some(a)) => value(a),
                (None, None) => 0.0,
            };
            filled.covariance[t * width + o] = FILLED * typical;
        }
    }
    filled
}
