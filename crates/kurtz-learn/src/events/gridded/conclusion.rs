//! What the likelihoods say, as a report.

use super::LEAK;
use super::search::{Best, Fitted, Search};
use crate::error::LearnError;
use crate::events::report::{Found, Parts, report};
use crate::events::trace::Trace;
use crate::events::{LearnedTraces, Resolution};
use crate::identifiability::Identifiability;
use crate::linear::{Cholesky, Compressed, Matrix};
use crate::report::{Estimate, Level, Route, Verdict, finite};
use crate::series::Given;
use statrs::distribution::{ContinuousCDF, Normal};

/// # Errors
/// Constants that the traces do not determine.
pub(super) fn conclude(search: &Search, traces: &[Trace], best: &Best, leak: f64) -> Result<LearnedTraces, LearnError> {
    let offer = search.offer;
    let chosen = best.chosen();
    let covariance = search.covariance(chosen);
    let normal = Normal::standard();
    let two_sided = normal.inverse_cdf(0.5 + 0.5 * search.settings.confidence);
    let of = |fit: &Fitted, covariance: &Option<Matrix>, j: usize| {
        let value = fit.constants[j];
        let place = fit.terms.iter().position(|&t| t == j);
        match (offer.given[j], place) {
            (Given::Fixed(k), _) => Estimate { value: k, standard_error: None, lower: Some(k), upper: Some(k) },
            (_, Some(i)) => {
                let relative = covariance.as_ref().map(|c| c[(i, i)].sqrt());
                let bound = |sign: f64| relative.and_then(|r| finite(value * (sign * two_sided * r).exp()));
                Estimate {
                    value,
                    standard_error: relative.and_then(|r| finite(value * r)),
                    lower: bound(-1.0).or(Some(0.0)),
                    upper: bound(1.0),
                }
            }
            (_, None) => Estimate { value: 0.0, standard_error: None, lower: Some(0.0), upper: None },
        }
    };
    let p = offer.candidates.len();
    let full = best.fits.iter().max_by_key(|f| f.terms.len()).expect("the full fit is among them");
    let full_covariance = if full.terms == chosen.terms { covariance.clone() } else { search.covariance(full) };
    let scores = scores(search, best);
    let structure = |(fit, score): (&Fitted, f64)| {
        let mut terms: Vec<usize> = fit.terms.iter().copied().chain(offer.fixed().into_iter().map(|f| f.0)).collect();
        terms.sort_unstable();
        let covariance = if fit.terms == chosen.terms { covariance.clone() } else { search.covariance(fit) };
        Found {
            constants: terms.iter().map(|&j| fit.constants[j]).collect(),
            errors: terms.iter().map(|&j| of(fit, &covariance, j).standard_error.unwrap_or(0.0)).collect(),
            deviance: -2.0 * fit.log,
            terms,
            score,
        }
    };
    let within = best.fits.iter().zip(scores).filter(|(_, s)| *s <= search.settings.window).take(20);
    let structures: Vec<Found> = within.map(structure).collect();
    let uniform = search.likelihood.uniform(&chosen.constants, traces, offer, search.settings.seed);
    let mut verdicts = vec![Verdict::new(
        Level::Good,
        format!(
            "the trace is on a grid: transition probabilities are from the master equation on {} states ({:.1e} of the \
             probability lost per transition)",
            search.likelihood.chain.states.len(),
            leak
        ),
    )];
    if leak > LEAK {
        verdicts.push(Verdict::new(
            Level::Caution,
            "more of the probability leaves the states near the trace than should; constants may be off by as much",
        ));
    }
    if best.fits.iter().any(|f| search.score(f, best.penalty) < search.score(chosen, best.penalty)) {
        verdicts.push(Verdict::new(
            Level::Caution,
            "larger structures describe the trace a little better; the smallest that the evidence does not exclude was chosen",
        ));
    }
    if !best.complete {
        let words = "reactions were left out and exchanged one by one, so that not every set of them was tried";
        verdicts.push(Verdict::new(Level::Good, words));
    }
    let names = full.terms.iter().map(|&j| offer.candidates[j].name.clone()).collect::<Vec<_>>();
    let information = match &full_covariance {
        // Any square root of the information has its singular values.
        Some(c) => Cholesky::new(c).map(|f| {
            let mut root = Matrix::identity(names.len());
            f.whiten(&mut root);
            let k = &full.constants;
            Matrix::from_fn(names.len(), names.len() + 1, |i, j| match j < names.len() {
                true => root[(i, j)] / k[full.terms[j]],
                false => 0.0,
            })
        }),
        None => None,
    };
    let Some(rows) = information else {
        return Err(LearnError::NotIdentifiable {
            what: format!("all of the constants of `{}`", names.join("`, `")),
            reason:
                "the likelihood is flat in some combination of them; fix one with --fix REACTION=VALUE, offer fewer \
                     reactions, or record more"
                    .into(),
        });
    };
    let parts = Parts {
        traces,
        offer,
        route: Route::MasterEquation,
        values: search.likelihood.transitions,
        estimates: (0..p).map(|j| of(chosen, &covariance, j)).collect(),
        without_selection: (0..p).map(|j| of(full, &full_covariance, j)).collect(),
        structures,
        complete: best.complete,
        penalty: best.penalty,
        uniform: &uniform,
        identifiability: Identifiability::of(&Compressed::new(&rows), &names),
        verdicts,
    };
    let constants = (0..p)
        .map(|j| {
            if chosen.terms.contains(&j) || !matches!(offer.given[j], Given::Open) { chosen.constants[j] } else { 0.0 }
        })
        .collect();
    Ok(LearnedTraces {
        report: report(parts),
        constants,
        resolution: Resolution::Grid,
        uniform,
        unexplained: Vec::new(),
    })
}

/// Of each fit, relative to the best.
fn scores(search: &Search, best: &Best) -> Vec<f64> {
    let scores: Vec<f64> = best.fits.iter().map(|f| search.score(f, best.penalty)).collect();
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    scores.into_iter().map(|s| s - least).collect()
}
