//! Candidates joined to data: which equations are fitted to which values.

use super::candidates::Candidate;
use super::implied::{Rated, with_implied_covariance};
use super::network::{Amounts, network_of};
use crate::condition::{Condition, check_conditions};
use crate::error::LearnError;
use crate::library::{Library, MassActionLibrary, ReactionLibrary};
use crate::report::Route;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::moments::closure::{Closure, all};
use kurtz_dynamics::{MomentIndex, MomentSeries};
use kurtz_model::Network;

/// Candidate reactions and the data that are to choose among them.
pub struct ReactionData {
    pub(super) species: Vec<String>,
    pub(super) volume: f64,
    pub(super) amounts: Amounts,
    pub(super) candidates: Vec<Candidate>,
    pub(super) library: Box<dyn Library>,
    pub(super) conditions: Vec<Condition>,
    pub(super) route: Route,
}

impl ReactionData {
    /// Means and central moments of counts, of orders 1 to `order`, one series per initial state.
    ///
    /// # Errors
    /// No series or candidates; candidates over other species than the data's; equations that call for moments that are
    /// neither measured with their covariance nor closed; moments that are missing.
    pub fn from_moments(
        series: &[MomentSeries],
        volume: f64,
        candidates: &[Candidate],
        closure: Option<&dyn Closure>,
        order: u32,
    ) -> Result<Self, LearnError> {
        if series.is_empty() {
            return Err(LearnError::Empty { what: "moment series" });
        }
        let (library, available, route) = choose_equations(series, volume, candidates, closure, order)?;
        Self::of_moments(series, volume, candidates, library, available, route)
    }

    /// As [`ReactionData::from_moments`], with the equations closed by `closure` also where measured moments would do:
    /// all moments up to the order are then fitted, at the price of the closure's bias.
    ///
    /// # Errors
    /// As [`ReactionData::from_moments`].
    pub fn closed(
        series: &[MomentSeries],
        volume: f64,
        candidates: &[Candidate],
        closure: &dyn Closure,
        order: u32,
    ) -> Result<Self, LearnError> {
        let first = series.first().ok_or(LearnError::Empty { what: "moment series" })?;
        let (names, stoichiometries) = names_and_stoichiometries(candidates)?;
        let library =
            ReactionLibrary::new(&first.species, names, &stoichiometries, volume, order, order, Some(closure))?;
        let route = match library.contributions().closed_moments().is_empty() {
            true => Route::Exact,
            false => Route::Closure(closure.name().into()),
        };
        Self::of_moments(series, volume, candidates, library, order, route)
    }

    fn of_moments(
        series: &[MomentSeries],
        volume: f64,
        candidates: &[Candidate],
        library: ReactionLibrary,
        available: u32,
        route: Route,
    ) -> Result<Self, LearnError> {
        let condition = |s: &MomentSeries| Condition::from_moments(start_name(s), s, available);
        let conditions: Vec<Condition> = series.iter().map(condition).collect::<Result<_, _>>()?;
        check_conditions(&conditions)?;
        Ok(ReactionData {
            species: series[0].species.clone(),
            volume,
            amounts: Amounts::Counts,
            candidates: candidates.to_vec(),
            library: Box::new(library),
            conditions,
            route,
        })
    }

    /// Concentrations of all species over time, as mass action has them in the limit of large volume (Kurtz): the
    /// observables of the conditions are the species.
    ///
    /// # Errors
    /// No conditions or candidates; candidates over other species than the data's.
    pub fn from_concentrations(conditions: Vec<Condition>, candidates: &[Candidate]) -> Result<Self, LearnError> {
        check_conditions(&conditions)?;
        if candidates.is_empty() {
            return Err(LearnError::Empty { what: "candidate reactions" });
        }
        let species = conditions[0].observables.clone();
        Ok(ReactionData {
            library: Box::new(MassActionLibrary::new(&species, candidates)?),
            species,
            volume: 1.0,
            amounts: Amounts::Concentrations,
            candidates: candidates.to_vec(),
            conditions,
            route: Route::MassAction,
        })
    }

    /// The data as conditions.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The candidates.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The equations that are fitted, one term per candidate.
    pub fn library(&self) -> &dyn Library {
        &*self.library
    }

    /// How the equations were closed.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The conditions with the covariance that the candidates at these rates imply, where they need one: see
    /// [`with_implied_covariance`]. `None` if they do not, or if the data are not moments of the species alone.
    pub(super) fn with_implied_covariance(&self, rates: &[f64]) -> Result<Option<Vec<Condition>>, LearnError> {
        let closures = all();
        let closure = match &self.route {
            Route::Exact => None,
            Route::Closure(name) => closures.iter().find(|c| c.name() == name).map(|c| &**c),
            _ => return Ok(None),
        };
        let (reactions, rates): (Vec<Stoichiometry>, Vec<f64>) = self
            .candidates
            .iter()
            .zip(rates)
            .filter(|(_, k)| **k > 0.0)
            .map(|(c, &k)| (c.stoichiometry.clone(), k))
            .unzip();
        let (species, volume) = (&self.species, self.volume);
        with_implied_covariance(
            &self.conditions,
            &Rated { species, reactions: &reactions, rates: &rates, volume },
            closure,
        )
    }

    /// The network of the candidates with positive rates, starting where the first condition does.
    pub fn network(&self, rates: &[f64]) -> Network {
        let chosen: Vec<(&Candidate, f64)> =
            self.candidates.iter().zip(rates.iter().copied()).filter(|(_, k)| *k > 0.0).collect();
        let initial = &self.conditions[0].start()[..self.species.len()];
        network_of(&self.species, initial, self.amounts, self.volume, &chosen)
    }
}

fn names_and_stoichiometries(candidates: &[Candidate]) -> Result<(Vec<String>, Vec<Stoichiometry>), LearnError> {
    if candidates.is_empty() {
        return Err(LearnError::Empty { what: "candidate reactions" });
    }
    Ok(candidates.iter().map(|c| (c.name.clone(), c.stoichiometry.clone())).unzip())
}

/// The equations, the order of the moments they read from the data, and how they close.
fn choose_equations(
    series: &[MomentSeries],
    volume: f64,
    candidates: &[Candidate],
    closure: Option<&dyn Closure>,
    order: u32,
) -> Result<(ReactionLibrary, u32, Route), LearnError> {
    let species = &series[0].species;
    let (names, stoichiometries) = names_and_stoichiometries(candidates)?;
    let library = |order, available, closure| {
        ReactionLibrary::new(species, names.clone(), &stoichiometries, volume, order, available, closure)
    };
    let refusal = match library(order, order, None) {
        Ok(library) => return Ok((library, order, Route::Exact)),
        Err(refusal) => refusal,
    };
    // Moments recorded, with their covariance, in every series.
    let covered = |available: u32| {
        let needed = MomentIndex::up_to(species.len(), available);
        series.iter().all(|s| {
            let covers = |i| s.position(i).is_some_and(|p| s.covariance.is_some() && p < s.covariance_moments);
            needed.iter().all(covers)
        })
    };
    let pairs = (1..=order).rev().flat_map(|o| (o + 1..=4).map(move |a| (o, a)));
    for (order, available) in pairs.filter(|&(_, a)| covered(a)) {
        if let Ok(library) = library(order, available, None) {
            return Ok((library, available, Route::MeasuredMoments));
        }
    }
    match closure {
        Some(closure) => Ok((library(order, order, Some(closure))?, order, Route::Closure(closure.name().into()))),
        None => Err(refusal),
    }
}

/// A series named by its initial state, e.g. `A=10, B=0`.
pub(crate) fn start_name(series: &MomentSeries) -> String {
    let mean = |s: usize| -> Option<f64> {
        let mut powers = vec![0; series.species.len()];
        powers[s] = 1;
        series.position(&MomentIndex(powers)).filter(|_| !series.times.is_empty()).map(|m| series.value(0, m))
    };
    let parts = series.species.iter().enumerate().map(|(i, s)| match mean(i) {
        Some(value) => format!("{s}={value}"),
        None => s.clone(),
    });
    parts.collect::<Vec<_>>().join(", ")
}
