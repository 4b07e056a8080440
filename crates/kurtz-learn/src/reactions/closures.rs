//! What a closure does to rate constants: the same fit under every closure, compared.

use super::data::ReactionData;
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{FitSettings, LibraryModel, Shooting, ShootingSettings, WeightedData, Weighting, fit};
use crate::library::ReactionLibrary;
use crate::report::ClosureReport;
use kurtz_dynamics::MomentIndex;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::moments::closure::all;

/// Fits the chosen candidates (positions), all >= 0, to moments up to the order of the data under every closure there
/// is, and gives how far each rate then lies from `reference`, in standard errors of that fit.
///
/// With a reference from the master equation ([`super::fit_master_equation`]) or from measured higher moments this is
/// the bias of each closure; among closures, their disagreement is a lower bound on it. Closures whose equations cannot
/// be integrated on these data are left out.
///
/// # Errors
/// Data that are not moments, or have no variance.
pub fn compare_closures(
    data: &ReactionData,
    chosen: &[usize],
    reference: &[f64],
    fits: &FitSettings,
    shooting: &ShootingSettings,
) -> Result<Vec<ClosureReport>, LearnError> {
    compare_closures_on(data, &data.conditions, chosen, reference, fits, shooting)
}

/// The same, with conditions that may have other weights than those of the data.
pub(super) fn compare_closures_on(
    data: &ReactionData,
    conditions: &[Condition],
    chosen: &[usize],
    reference: &[f64],
    fits: &FitSettings,
    shooting: &ShootingSettings,
) -> Result<Vec<ClosureReport>, LearnError> {
    let width = conditions[0].width();
    let species = &data.species;
    let order = (1..=4).find(|&o| MomentIndex::up_to(species.len(), o).len() == width);
    let order = order.ok_or_else(|| LearnError::NotIdentifiable {
        what: "the bias of closures".into(),
        reason: "the data are not moments of counts".into(),
    })?;
    let stoichiometries: Vec<Stoichiometry> =
        chosen.iter().map(|&j| data.candidates[j].stoichiometry.clone()).collect();
    let names: Vec<String> = chosen.iter().map(|&j| data.candidates[j].name.clone()).collect();
    let weighted = WeightedData::new(conditions.to_vec(), Weighting::Full)?;
    let mut reports = Vec::new();
    for closure in all() {
        let library =
            ReactionLibrary::new(species, names.clone(), &stoichiometries, data.volume, order, order, Some(&*closure))?;
        let model = LibraryModel(&library);
        let bare = Shooting::new(&model, weighted.conditions())?;
        let start = bare.with_initial_values(reference);
        let bounded: Vec<bool> = (0..start.len()).map(|j| j < chosen.len()).collect();
        let found = bare.refined_at(&start, shooting).and_then(|s| fit(&s, &weighted, &start, &bounded, fits));
        let Ok(found) = found else { continue };
        let shift = |j: usize| (found.parameters[j] - reference[j]) / found.standard_error(j);
        let shifts: Vec<f64> = (0..chosen.len()).map(shift).collect();
        if shifts.iter().all(|s| s.is_finite()) {
            reports.push(ClosureReport {
                closure: closure.name().into(),
                reactions: names.clone(),
                rates: found.parameters[..chosen.len()].to_vec(),
                shifts,
                chi2: found.chi2,
            });
        }
    }
    Ok(reports)
}
