//! The moment equations of a network.

use super::error::MomentsError;
use super::laws::PolynomialLaws;
use super::symbol::{Form, MAX_MOMENTS, MAX_ORDER, MomentPolynomial, MomentSymbol};
use crate::moment_series::MomentIndex;
use kurtz_model::rational::Rational;
use kurtz_model::{Expression, Network, SpeciesId};
use std::collections::BTreeSet;

/// The exact equations of the moments of a network up to some order, as polynomials in parameters and moments.
///
/// Raw: d⟨n^a⟩/dt = sum_j ⟨((n + u_j)^a - n^a) Phi_j(n)⟩. Central, with x = n - ⟨n⟩:
/// d⟨x^a⟩/dt = sum_j ⟨((x + u_j)^a - x^a) Phi_j⟩ - sum_i a_i ⟨x^(a - e_i)⟩ d⟨n_i⟩/dt.
///
/// Clamped species do not fluctuate; their numbers stand in the equations as constants. The equations close by
/// themselves if every reaction is at most of first order; otherwise they call for
/// [`MomentHierarchy::higher_moments`], to be supplied by a [`super::Closure`].
///
/// # References
/// D. A. McQuarrie, J. Appl. Prob. 4 (1967) 413-478; Yang, Peng, Zhu, Hong 2020, eq. 13 (for the epidermis).
#[derive(Clone, Debug)]
pub struct MomentHierarchy {
    pub(super) network: Network,
    pub(super) laws: PolynomialLaws,
    pub(super) order: u32,
    pub(super) form: Form,
    pub(super) indices: Vec<MomentIndex>,
    pub(super) equations: Vec<MomentPolynomial>,
    /// Per reaction and moment, without the factor of the reaction.
    pub(super) effects: Vec<Vec<MomentPolynomial>>,
    higher: Vec<MomentIndex>,
}

impl MomentHierarchy {
    /// Derives the equations of all moments of orders 1 to `order` of the species that are not clamped.
    ///
    /// # Errors
    /// * [`MomentsError::NotPolynomial`] if a rate law is no polynomial in the counts;
    /// * [`MomentsError::Order`], [`MomentsError::Degree`], [`MomentsError::Size`] beyond what can be derived.
    ///
    /// # Complexity
    /// In proportion to moments x reactions x the terms of (n + u)^a Phi(n).
    pub fn derive(network: &Network, order: u32, form: Form) -> Result<Self, MomentsError> {
        check_size(network.species.iter().filter(|s| !s.clamped).count(), order)?;
        let laws = PolynomialLaws::new(network)?;
        let indices = MomentIndex::up_to(laws.species.len(), order);
        let effects: Vec<_> = laws.jumps.iter().map(|jump| jump.effects(&indices, form)).collect();
        let mut equations = vec![MomentPolynomial::zero(); indices.len()];
        for (effect, factor) in effects.iter().zip(&laws.factors) {
            for (equation, term) in equations.iter_mut().zip(effect) {
                equation.add_scaled(&(factor * term), &Rational::one());
            }
        }
        let moments: BTreeSet<_> = equations.iter().flat_map(|e| e.symbols()).filter_map(MomentSymbol::index).collect();
        let mut higher: Vec<_> = moments.into_iter().filter(|i| i.order() > order).cloned().collect();
        higher.sort_by_key(|i| MomentSymbol::Raw(i.clone()));
        Ok(MomentHierarchy { network: network.clone(), laws, order, form, indices, equations, effects, higher })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The species whose moments are followed, in the order of the powers of each index.
    pub fn species(&self) -> &[SpeciesId] {
        &self.laws.species
    }

    /// Highest order of the moments followed.
    pub fn order(&self) -> u32 {
        self.order
    }

    /// Raw or central.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The moments followed, `[moments]`: [`MomentIndex::up_to`] the order.
    pub fn indices(&self) -> &[MomentIndex] {
        &self.indices
    }

    /// The moments followed, as the symbols of the equations, `[moments]`.
    pub fn symbols(&self) -> Vec<MomentSymbol> {
        self.indices.iter().map(|i| MomentSymbol::moment(i.clone(), self.form)).collect()
    }

    /// The time derivative of each moment, `[moments]`.
    pub fn equations(&self) -> &[MomentPolynomial] {
        &self.equations
    }

    /// The time derivative of one moment.
    pub fn equation(&self, index: &MomentIndex) -> Option<&MomentPolynomial> {
        self.indices.iter().position(|i| i == index).map(|i| &self.equations[i])
    }

    /// What a reaction adds to the derivative of a moment (positions): of a mass-action reaction per unit rate
    /// constant, of another as a whole.
    pub fn effect(&self, moment: usize, reaction: usize) -> &MomentPolynomial {
        &self.effects[reaction][moment]
    }

    /// The expressions behind [`MomentSymbol::Constant`]: free of species that fluctuate, but no polynomials, or time.
    /// Clamped species stand in them as counts.
    pub fn constants(&self) -> &[Expression] {
        &self.laws.constants
    }

    /// Whether the equations determine the moments without a closure.
    pub fn closes(&self) -> bool {
        self.higher.is_empty()
    }

    /// The moments above the order that the equations call for.
    pub fn higher_moments(&self) -> &[MomentIndex] {
        &self.higher
    }
}

/// Refuses orders and numbers of moments that cannot be derived.
pub(super) fn check_size(species: usize, order: u32) -> Result<(), MomentsError> {
    if order == 0 || order > MAX_ORDER {
        return Err(MomentsError::Order { order, largest: MAX_ORDER });
    }
    // Indices of orders 0 to o: C(species + o, o).
    let moments = (1..=order as usize).fold(1.0, |c, i| c * (species + i) as f64 / i as f64) - 1.0;
    if moments > MAX_MOMENTS as f64 {
        return Err(MomentsError::Size { species, order, moments: moments.round(), largest: MAX_MOMENTS });
    }
    Ok(())
}
