//! Selection by moments where some candidates are known to be there or have fixed constants.

use super::offer::Offer;
use super::report::{Findings, learn_report};
use super::search::{Selected, Selection};
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{IntegralSettings, LibraryModel, Predictor, Shooting, WeightedData, Weighting, fit_integral};
use crate::library::ReactionLibrary;
use crate::reactions::{REWEIGHTINGS, RateSettings, Rated, covariance_verdicts, is_settled, with_implied_covariance};
use crate::report::{LearnReport, Route};
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::{MomentSeries, Progress};

/// As [`crate::learn_reactions`] where the moment equations close exactly, for an offer in which something is known.
///
/// # Errors
/// As [`crate::learn_reactions`]; candidates whose moment equations do not close.
pub fn select_by_moments(
    series: &[MomentSeries],
    offer: &Offer,
    settings: &RateSettings,
    progress: &dyn Progress,
) -> Result<LearnReport, LearnError> {
    offer.check()?;
    let reactions: Vec<Stoichiometry> = offer.candidates.iter().map(|c| c.stoichiometry.clone()).collect();
    let order = settings.order;
    let library = ReactionLibrary::new(&offer.species, offer.names(), &reactions, offer.volume, order, order, None)?;
    let condition = |(i, s): (usize, &MomentSeries)| Condition::from_moments(format!("series {}", i + 1), s, order);
    let conditions = series.iter().enumerate().map(condition).collect::<Result<Vec<_>, _>>()?;
    let mut data = WeightedData::new(conditions.clone(), Weighting::Full)?;
    let mut selected = select(&library, &data, offer, settings, progress)?;
    // Weights from the fitted network, then the fit again: as `learn_from` does.
    for _ in 0..REWEIGHTINGS {
        let rates = &selected.structures.best().fit.parameters[..offer.candidates.len()];
        let there: Vec<usize> = (0..rates.len()).filter(|&j| rates[j] > 0.0).collect();
        let rated = Rated {
            species: &offer.species,
            reactions: &there.iter().map(|&j| reactions[j].clone()).collect::<Vec<_>>(),
            rates: &there.iter().map(|&j| rates[j]).collect::<Vec<_>>(),
            volume: offer.volume,
        };
        let Ok(Some(conditions)) = with_implied_covariance(&conditions, &rated, None) else { break };
        let Ok(next) = WeightedData::new(conditions, Weighting::Full) else { break };
        let found = select(&library, &next, offer, settings, progress)?;
        let settled = is_settled(&selected.structures, &found.structures);
        (data, selected) = (next, found);
        if settled {
            break;
        }
    }
    let findings = Findings {
        offer,
        route: Route::Exact,
        data: &data,
        selected: &selected,
        confidence: settings.confidence,
        noise_from_residuals: false,
    };
    Ok(learn_report(&findings, covariance_verdicts(&data)))
}

fn select(
    library: &ReactionLibrary,
    data: &WeightedData,
    offer: &Offer,
    settings: &RateSettings,
    progress: &dyn Progress,
) -> Result<Selected, LearnError> {
    let p = offer.candidates.len();
    let filled: Vec<Condition> = data.conditions().iter().map(Condition::with_missing_covariances_at_zero).collect();
    let coarse = fit_integral(library, &filled, &vec![true; p], &IntegralSettings::default())?;
    let mut start = coarse.coefficients;
    offer.fixed().into_iter().for_each(|(j, k)| start[j] = k);
    let model = LibraryModel(library);
    let first = Shooting::new(&model, data.conditions())?;
    let start = first.with_initial_values(&start);
    let shooting = first.refined_at(&start, &settings.shooting)?;
    debug_assert_eq!(shooting.parameter_count(), start.len());
    let selection = Selection {
        predictor: &shooting,
        data,
        offer,
        penalty: settings.selection.penalty.per_term(data, offer.open().len()),
        settings: &settings.selection,
        fits: &settings.fit,
        progress,
    };
    selection.run(&[start])
}
