//! The constants of a given network of which not every species was measured.

use super::offer::{Given, Offer};
use super::search::{Selected, Selection};
use crate::error::LearnError;
use crate::fit::Fit;
use crate::identifiability::Identifiability;
use crate::report::Goodness;
use kurtz_dynamics::rng::{Purpose, SimRng};

/// Starts that are tried beside the one given.
const STARTS: u64 = 6;
/// Spread of their logarithms.
const SPREAD: f64 = 1.5;
/// Beyond this condition number of the scaled sensitivities a direction is as good as open: the sensitivities
/// themselves are known to about this accuracy.
const WORST_CONDITION: f64 = 1e6;
/// A constant with a standard error of so many times its value is not determined.
const WORST_ERROR: f64 = 10.0;

/// Fits the constants of all candidates of `selection` (none is left out) from those of its offer, and from others
/// around them.
///
/// # Errors
/// Constants that the data do not determine, in words.
pub(crate) fn fit_all(selection: &Selection, start: &[f64], seed: u64) -> Result<Selected, LearnError> {
    let mut offer: Offer = selection.offer.clone();
    for given in offer.given.iter_mut().filter(|g| **g == Given::Open) {
        *given = Given::Known;
    }
    let all = Selection { offer: &offer, penalty: 0.0, ..*selection };
    let mut best: Option<Selected> = None;
    let mut refusal = None;
    selection.progress.begin("fitting rate constants", STARTS + 1);
    for trial in 0..=STARTS {
        let mut rng = SimRng::new(seed, trial, Purpose::Noise);
        let mut from = start.to_vec();
        if trial > 0 {
            offer.open().into_iter().for_each(|j| from[j] *= (SPREAD * standard_normal(&mut rng)).exp());
        }
        match all.run(&[from]) {
            Ok(found) if best.as_ref().is_none_or(|b| chi2(&found) < chi2(b) - 1e-9) => best = Some(found),
            Ok(_) => {}
            Err(LearnError::Cancelled) => return Err(LearnError::Cancelled),
            Err(error) => refusal = Some(error),
        }
        selection.progress.advance(1);
        let good = |found: &Selected| {
            let fit = &found.structures.best().fit;
            fit.converged && Goodness::new(fit.chi2, fit.degrees_of_freedom).p_value > 0.01
        };
        if trial >= 1 && best.as_ref().is_some_and(good) {
            break;
        }
    }
    let best = best.ok_or_else(|| refusal.unwrap_or(LearnError::Empty { what: "starts of the fit" }))?;
    check(&best, &offer)?;
    Ok(best)
}

fn chi2(selected: &Selected) -> f64 {
    selected.structures.best().fit.chi2
}

/// Refuses constants that are not determined.
fn check(selected: &Selected, offer: &Offer) -> Result<(), LearnError> {
    let names: Vec<String> = selected.open.iter().map(|&j| offer.candidates[j].name.clone()).collect();
    let known = Identifiability::of(&selected.problem, &names);
    let fit: &Fit = &selected.structures.best().fit;
    let vague = |j: &&usize| {
        fit.parameters[**j] > 0.0 && {
            let error = fit.standard_error(**j);
            error.is_nan() || error > WORST_ERROR * fit.parameters[**j]
        }
    };
    let vague: Vec<&str> = selected.open.iter().filter(vague).map(|&j| offer.candidates[j].name.as_str()).collect();
    let weak = known.condition.is_none_or(|c| c > WORST_CONDITION);
    if !weak && vague.is_empty() {
        return Ok(());
    }
    let directions = known.null_directions.iter().chain(known.weakest.iter().filter(|_| known.is_full()));
    let words: Vec<&str> = directions.map(|d| d.words.as_str()).collect();
    let what = match vague.as_slice() {
        [] => "all rate constants of the model".to_string(),
        some => format!("the constants of `{}`", some.join("`, `")),
    };
    let reason = format!(
        "{}; measure one of the unobserved species, or fix a constant with --fix REACTION=VALUE",
        words.join("; ")
    );
    Err(LearnError::NotIdentifiable { what, reason })
}

/// A standard normal variate (Box & Muller 1958).
fn standard_normal(rng: &mut SimRng) -> f64 {
    (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos()
}
