//! Search for structure in integral form alone: for equations that read measured moments which have no equation, and so
//! cannot be integrated.

use super::SelectionSettings;
use super::search::{Structure, StructureSet};
use super::subsets::{Subset, best_subsets};
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{Fit, IntegralForm, IntegralSettings, WeightedData, Weighting, fit_integral};
use crate::library::Library;
use crate::linear::Compressed;

const ROUNDS: usize = 5;

/// Chooses terms as [`super::select_terms`] does, but in integral form; also returns the problem, for intervals.
///
/// The weights depend on the coefficients, so subsets are compared at equal weights: those of the best structure.
pub(crate) fn select_terms_in_integral_form(
    library: &dyn Library,
    conditions: &[Condition],
    non_negative: &[bool],
    settings: &SelectionSettings,
) -> Result<(StructureSet, Compressed), LearnError> {
    let p = library.term_count();
    let data = WeightedData::new(conditions.to_vec(), Weighting::Full)?;
    let penalty = settings.penalty.per_term(&data, p);
    let form = IntegralForm::new(library, conditions)?;
    // With every sign allowed dependent terms would stop the first fit; their bounds do no harm to weights.
    let first = fit_integral(library, conditions, &vec![true; p], &IntegralSettings::default())?;
    let mut coefficients = first.coefficients;
    let mut round = 0;
    loop {
        round += 1;
        let (problem, independent) = form.compressed(&coefficients, Weighting::Full)?;
        let (subsets, complete) = best_subsets(&problem, non_negative, penalty, settings.window, settings.max_subsets);
        let Some(best) = subsets.first().filter(|s| !s.terms.is_empty()) else {
            return Err(LearnError::NotIdentifiable {
                what: "any reaction".into(),
                reason: "nothing changes in the data beyond their noise".into(),
            });
        };
        let next = best.spread(p);
        let moved = next.iter().zip(&coefficients).any(|(a, b)| (a - b).abs() > 1e-6 * (a.abs() + b.abs()));
        if moved && round < ROUNDS {
            coefficients = next;
            continue;
        }
        let structures =
            subsets.iter().map(|s| structure(&problem, s, s.score - best.score, penalty, independent)).collect();
        return Ok((StructureSet { structures, penalty, complete }, problem));
    }
}

fn structure(problem: &Compressed, subset: &Subset, score: f64, penalty: f64, independent: usize) -> Structure {
    let (p, k) = (problem.terms(), subset.terms.len());
    let mut covariance = vec![0.0; p * p];
    if let Some(inverse) = problem.inverse_information(&subset.terms) {
        for (a, &i) in subset.terms.iter().enumerate() {
            subset.terms.iter().enumerate().for_each(|(b, &j)| covariance[i * p + j] = inverse[(a, b)]);
        }
    }
    let fit = Fit {
        parameters: subset.spread(p),
        covariance,
        chi2: subset.score - penalty * k as f64,
        degrees_of_freedom: independent.saturating_sub(k),
        converged: true,
        iterations: 1,
    };
    Structure { terms: subset.terms.clone(), fit, score }
}
