//! Rate laws as formulas: the propensity and the concentration rate of each reaction, and the two conventions for the
//! constant of a mass-action law.

use crate::expression::Expression;
use crate::kinetics::each_species;
use crate::network::{Network, RateLaw, ReactionId, SpeciesId};

/// What the constant k of a mass-action law means where a species reacts with itself.
///
/// The two differ by the factor prod_l nu_l!, which is 2 for 2A. Ours is [`MassActionConvention::Binomial`] throughout;
/// readers of formats that use the other convert constants on entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MassActionConvention {
    /// Rate k prod c^nu / nu!, propensity k V prod V^-nu C(n, nu): for 2A, k c^2/2 and k n(n-1)/(2V). A pair of molecules
    /// reacts with probability k/V per time (Yang, Peng, Zhu, Hong 2020, eq. 5 and 8). What [`crate::Kinetics`] uses.
    #[default]
    Binomial,
    /// Rate k prod c^nu, propensity k V prod V^-nu n!/(n-nu)!: for 2A, k c^2 and k n(n-1)/V. Most textbooks of chemistry.
    Power,
}

impl MassActionConvention {
    /// What a constant in this convention must be multiplied by to give the same law in `other`, for a reaction with
    /// these reactant orders.
    pub fn factor_to(self, other: MassActionConvention, orders: impl IntoIterator<Item = u32>) -> f64 {
        let factorials: f64 = orders.into_iter().map(|nu| (2..=nu).map(f64::from).product::<f64>()).product();
        match (self, other) {
            (Self::Power, Self::Binomial) => factorials,
            (Self::Binomial, Self::Power) => 1.0 / factorials,
            (Self::Binomial, Self::Binomial) | (Self::Power, Self::Power) => 1.0,
        }
    }

    /// A constant in this convention, converted to `other`.
    ///
    /// ```
    /// use kurtz_model::MassActionConvention::{Binomial, Power};
    /// // 2A -> 0 with dc/dt = -2 * 0.3 c^2: our k, of the rate k c^2/2, is twice as large.
    /// assert_eq!(Power.convert(0.3, Binomial, [2]), 0.6);
    /// ```
    pub fn convert(self, constant: f64, other: MassActionConvention, orders: impl IntoIterator<Item = u32>) -> f64 {
        constant * self.factor_to(other, orders)
    }
}

impl Network {
    /// The propensity of a reaction, events per time, as a formula in which a species stands for its count.
    ///
    /// Mass action is written out, k V prod_l V_l^(-nu_l) n (n-1) ... (n-nu+1) / nu!, with V the sizes of compartments;
    /// `rate(phi)` is V phi(n/V); `propensity(a)` is a. Simplified.
    ///
    /// # Panics
    /// If the network has no such reaction.
    pub fn propensity_expression(&self, reaction: ReactionId) -> Expression {
        let description = &self.reactions[reaction.index()];
        let volume = || Expression::from(description.compartment);
        let formula = match &description.rate {
            RateLaw::MassAction(k) => {
                let mut divisor = Expression::number(1.0);
                let mut product = k * volume();
                for &(species, order) in &description.reactants {
                    for i in 0..order {
                        let n = Expression::from(species);
                        product = product * if i == 0 { n } else { n - f64::from(i) };
                        divisor = divisor * f64::from(i + 1) * self.size_around(species);
                    }
                }
                product / divisor
            }
            RateLaw::Rate(phi) => volume() * each_species(phi, |s| Expression::from(s) / self.size_around(s)),
            RateLaw::Propensity(a) => a.clone(),
        };
        formula.simplify()
    }

    /// The concentration rate of a reaction as a formula in which a species stands for its concentration.
    ///
    /// Mass action is k prod_l c_l^nu_l / nu_l!; `rate(phi)` is phi; `propensity(a)` is a(c V) / V. Simplified.
    ///
    /// # Panics
    /// If the network has no such reaction.
    pub fn rate_expression(&self, reaction: ReactionId) -> Expression {
        let description = &self.reactions[reaction.index()];
        let formula = match &description.rate {
            RateLaw::MassAction(k) => {
                let orders = description.reactants.iter().map(|&(_, order)| order);
                let convention = MassActionConvention::Power;
                let factorials = convention.factor_to(MassActionConvention::Binomial, orders);
                let powers = description.reactants.iter().map(|&(s, order)| Expression::from(s).pow(f64::from(order)));
                powers.fold(k.clone(), |product, power| product * power) / factorials
            }
            RateLaw::Rate(phi) => phi.clone(),
            RateLaw::Propensity(a) => {
                each_species(a, |s| Expression::from(s) * self.size_around(s))
                    / Expression::from(description.compartment)
            }
        };
        formula.simplify()
    }

    /// The size of the compartment of a species.
    fn size_around(&self, species: SpeciesId) -> Expression {
        self.species[species.index()].compartment.into()
    }
}

#[cfg(test)]
mod tests;
