//! What each candidate reaction, at unit rate constant, does to given moments.

use super::closure::{Closure, Definition, definitions};
use super::error::MomentsError;
use super::hierarchy::check_size;
use super::jump::{Jump, Variable, binomial};
use super::names::text_of_moment;
use super::program::{Compiler, Program};
use super::real::Real;
use super::symbol::{Form, MAX_DEGREE, MomentPolynomial, MomentSymbol};
use crate::moment_series::MomentIndex;
use kurtz_model::CompartmentId;
use kurtz_model::polynomial::{Monomial, Polynomial};
use kurtz_model::rational::Rational;
use kurtz_ode::VectorField;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A reaction known by its stoichiometry alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stoichiometry {
    /// Order in each reactant, `[species]`.
    pub reactants: Vec<u32>,
    /// Number made of each product, `[species]`.
    pub products: Vec<u32>,
}

/// The linear map from rate constants to the time derivatives of means and central moments.
///
/// Each reaction has mass-action kinetics at unit rate constant: propensity V prod_l V^(-nu_l) C(n_l, nu_l)
/// (Yang, Peng, Zhu, Hong 2020, eq. 5), so that dM/dt = sum_j k_j contribution_j(M) holds exactly, as long as the
/// moments that it needs are given; moments that are not are supplied by a closure.
#[derive(Clone, Debug)]
pub struct ReactionContributions {
    order: u32,
    available: Vec<MomentIndex>,
    indices: Vec<MomentIndex>,
    reactions: usize,
    higher: Vec<MomentIndex>,
    closed: Vec<MomentIndex>,
    effects: Vec<Vec<MomentPolynomial>>,
    definitions: Vec<Definition>,
    program: Program,
    coefficients: Vec<f64>,
}

impl ReactionContributions {
    /// Derives the contributions of `reactions` to the moments of orders 1 to `order` of `species_count` species in a
    /// volume of size `volume`.
    ///
    /// The caller will give moments of orders 1 to `available_order` (at least `order`; say, measured ones).
    /// Where still higher ones are needed they come from `closure`, applied to the moments available.
    ///
    /// # Errors
    /// [`MomentsError::NotClosed`] if higher moments are needed and there is no closure; lists of wrong length; orders
    /// that are 0 or too large; a volume that is not positive.
    pub fn new(
        species_count: usize,
        reactions: &[Stoichiometry],
        volume: f64,
        order: u32,
        available_order: u32,
        closure: Option<&dyn Closure>,
    ) -> Result<Self, MomentsError> {
        check(species_count, reactions, volume, order, available_order)?;
        let indices = MomentIndex::up_to(species_count, order);
        let available = MomentIndex::up_to(species_count, available_order);
        let effects: Vec<_> = reactions.iter().map(|r| jump(r).effects(&indices, Form::Central)).collect();
        let symbols: BTreeSet<&MomentSymbol> = effects.iter().flatten().flat_map(|p| p.symbols()).collect();
        let above = |order: u32| {
            let symbols = symbols.iter().filter(move |s| s.index().is_some_and(|i| i.order() > order));
            symbols.map(|s| (*s).clone()).collect::<Vec<_>>()
        };
        let indices_of = |symbols: &[MomentSymbol]| symbols.iter().filter_map(|s| s.index().cloned()).collect();
        let missing = above(available_order);
        if let (Some(last), None) = (missing.last(), closure) {
            let reaction = effects.iter().position(|e| e.iter().any(|p| p.symbols().contains(last)));
            let species: Vec<String> = (1..=species_count).map(|i| format!("n{i}")).collect();
            return Err(MomentsError::NotClosed {
                order,
                what: reaction.map_or_else(String::new, |r| format!("candidate reaction {}", r + 1)),
                names: missing
                    .iter()
                    .filter_map(MomentSymbol::index)
                    .map(|i| text_of_moment(i, Form::Central, &species))
                    .collect(),
                needed: last.index().map_or(0, MomentIndex::order),
            });
        }
        let (higher, closed) = (indices_of(&above(order)), indices_of(&missing));

        let mut compiler = Compiler::new(available.iter().map(|i| MomentSymbol::moment(i.clone(), Form::Central)));
        let definitions =
            closure.map_or_else(Vec::new, |closure| definitions(closure, missing, available_order, Form::Central));
        for (symbol, rule) in &definitions {
            compiler.define(symbol.clone(), rule);
        }
        for m in 0..indices.len() {
            effects.iter().for_each(|effect| compiler.output(&effect[m]));
        }
        let (program, coefficients) = compiler.finish();
        let coefficients = coefficients.iter().map(|c| c.evaluate(|_| volume)).collect();
        Ok(ReactionContributions {
            order,
            available,
            indices,
            reactions: reactions.len(),
            higher,
            closed,
            effects,
            definitions,
            program,
            coefficients,
        })
    }

    /// Order of the moments whose derivatives are given.
    pub fn order(&self) -> u32 {
        self.order
    }

    /// The moments whose derivatives are given, `[moments]`: [`MomentIndex::up_to`] the order.
    pub fn indices(&self) -> &[MomentIndex] {
        &self.indices
    }

    /// The moments that the caller gives, `[available]`: [`MomentIndex::up_to`] the available order.
    pub fn available(&self) -> &[MomentIndex] {
        &self.available
    }

    /// Number of reactions.
    pub fn reaction_count(&self) -> usize {
        self.reactions
    }

    /// The moments above the order that the contributions read, given or closed; none if the equations close exactly.
    pub fn higher_moments(&self) -> &[MomentIndex] {
        &self.higher
    }

    /// Those of [`ReactionContributions::higher_moments`] that the closure supplies; none if everything is exact.
    pub fn closed_moments(&self) -> &[MomentIndex] {
        &self.closed
    }

    /// What the closure puts in the place of the moments it supplies, each in terms of means, moments available and
    /// earlier definitions; none if everything is exact.
    pub fn definitions(&self) -> &[(MomentSymbol, MomentPolynomial)] {
        &self.definitions
    }

    /// The contribution of a reaction to the derivative of a moment (positions), as a polynomial in means, central
    /// moments and the volume, which is the symbol `Compartment(0)`.
    pub fn polynomial(&self, moment: usize, reaction: usize) -> &MomentPolynomial {
        &self.effects[reaction][moment]
    }

    /// Writes the derivative of each moment by time per unit rate constant of each reaction into `out`,
    /// `[moments x reactions]`, row-major; `moments` are means and central moments, `[available]`.
    ///
    /// # Panics
    /// If a slice is shorter than that.
    pub fn evaluate(&self, moments: &[f64], out: &mut [f64]) {
        self.program.evaluate(&moments[..self.available.len()], &self.coefficients, out);
    }

    /// As [`ReactionContributions::evaluate`], over numbers that may carry a derivative.
    ///
    /// # Panics
    /// If a slice is shorter than that.
    pub fn evaluate_real<R: Real>(&self, moments: &[R], out: &mut [R]) {
        self.program.evaluate_real(&moments[..self.available.len()], &self.coefficients, out);
    }

    /// Writes the derivative of each entry of [`ReactionContributions::evaluate`] by each given moment into `out`,
    /// `[moments x reactions x available]`, row-major.
    ///
    /// # Panics
    /// If a slice is shorter than that.
    pub fn jacobian(&self, moments: &[f64], out: &mut [f64]) {
        self.program.jacobian(&moments[..self.available.len()], &self.coefficients, out);
    }
}

fn check(
    species_count: usize,
    reactions: &[Stoichiometry],
    volume: f64,
    order: u32,
    available_order: u32,
) -> Result<(), MomentsError> {
    check_size(species_count, order)?;
    check_size(species_count, available_order)?;
    if available_order < order {
        return Err(MomentsError::BadValue {
            what: "the order of the moments available".into(),
            value: available_order.into(),
            expected: "it must be at least the order of the equations",
        });
    }
    if !(volume.is_finite() && volume > 0.0) {
        return Err(MomentsError::BadValue {
            what: "the volume".into(),
            value: volume,
            expected: "it must be a finite number > 0",
        });
    }
    for (j, reaction) in reactions.iter().enumerate() {
        for found in [reaction.reactants.len(), reaction.products.len()] {
            if found != species_count {
                let what = format!("stoichiometry of candidate reaction {}", j + 1);
                return Err(MomentsError::Length { what, expected: species_count, found });
            }
        }
        let degree = reaction.reactants.iter().fold(0, |sum: u32, &nu| sum.saturating_add(nu));
        if degree > MAX_DEGREE.unsigned_abs() {
            let reaction = format!("candidate reaction {}", j + 1);
            return Err(MomentsError::Degree { reaction, degree, largest: MAX_DEGREE.unsigned_abs() });
        }
    }
    Ok(())
}

/// The jump of a reaction at unit rate constant, with the propensity V prod_l V^(-nu_l) C(n_l, nu_l).
fn jump(reaction: &Stoichiometry) -> Jump {
    let order: u32 = reaction.reactants.iter().sum();
    let volume = Variable::Fixed(MomentSymbol::Compartment(CompartmentId(0)));
    let exponent = 1 - i32::try_from(order).expect("orders are small");
    let mut propensity = Polynomial::term(Monomial::new([(volume, exponent)]), Rational::one());
    for (i, &nu) in reaction.reactants.iter().enumerate() {
        propensity = &propensity * &binomial(Variable::Count(i), nu);
    }
    let change = reaction.products.iter().zip(&reaction.reactants).map(|(&p, &r)| i64::from(p) - i64::from(r));
    Jump { change: change.collect(), propensity }
}

/// The closed moment equations of candidate reactions at given rate constants.
///
/// State: the moments of the contributions, means and central moments; parameters: the rate constants.
#[derive(Clone, Debug)]
pub struct RatedReactions {
    contributions: Arc<ReactionContributions>,
    rates: Vec<f64>,
}

impl RatedReactions {
    /// Joins contributions to rate constants, `[reactions]`.
    ///
    /// # Errors
    /// If the contributions read moments of higher order than they give derivatives of (their available order is above
    /// their order): those would have no equation. If the number of rates is not that of the reactions.
    pub fn new(contributions: Arc<ReactionContributions>, rates: Vec<f64>) -> Result<Self, MomentsError> {
        if contributions.available.len() != contributions.indices.len() {
            return Err(MomentsError::Length {
                what: "moments available (they must be those of the equations)".into(),
                expected: contributions.indices.len(),
                found: contributions.available.len(),
            });
        }
        if rates.len() != contributions.reactions {
            let expected = contributions.reactions;
            return Err(MomentsError::Length { what: "rate constants".into(), expected, found: rates.len() });
        }
        Ok(RatedReactions { contributions, rates })
    }

    /// The rate constants, `[reactions]`.
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// The rate constants, to be changed.
    pub fn rates_mut(&mut self) -> &mut [f64] {
        &mut self.rates
    }
}

impl VectorField for RatedReactions {
    fn dimension(&self) -> usize {
        self.contributions.indices.len()
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        self.contributions.program.evaluate_grouped(x, &self.contributions.coefficients, &self.rates, dx);
    }

    fn jacobian(&self, _time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        self.contributions.program.jacobian_grouped(x, &self.contributions.coefficients, &self.rates, jacobian);
        true
    }

    fn parameter_count(&self) -> usize {
        self.rates.len()
    }

    fn parameter_jacobian(&self, _time: f64, x: &[f64], out: &mut [f64]) {
        self.contributions.evaluate(x, out);
    }

    fn names(&self) -> Vec<String> {
        let species: Vec<String> =
            (1..=self.contributions.available.first().map_or(0, |i| i.0.len())).map(|i| format!("n{i}")).collect();
        let name = |i: &MomentIndex| text_of_moment(i, Form::Central, &species);
        self.contributions.indices.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::Dual;
    use crate::moments::closure::{Gaussian, all};

    /// The six candidate reactions of SPCM: A -> 2A, A -> A+B, A -> 2B, B -> 0, A -> 0, A -> B.
    pub(crate) fn spcm() -> Vec<Stoichiometry> {
        let reaction = |r: [u32; 2], p: [u32; 2]| Stoichiometry { reactants: r.to_vec(), products: p.to_vec() };
        vec![
            reaction([1, 0], [2, 0]),
            reaction([1, 0], [1, 1]),
            reaction([1, 0], [0, 2]),
            reaction([0, 1], [0, 0]),
            reaction([1, 0], [0, 0]),
            reaction([1, 0], [0, 1]),
        ]
    }

    #[test]
    fn spcm_candidates_give_the_moment_equations_of_yang_et_al_13() {
        let (r1, r2, lambda, gamma, k1, k2) = (0.0836, 0.0764, 1.1, 0.31, 0.013, 0.021);
        let rates = [r1 * lambda, (1.0 - r1 - r2) * lambda, r2 * lambda, gamma, k1, k2];
        let (a11, a21) = ((r1 - r2) * lambda - k1 - k2, k2 + (1.0 - r1 + r2) * lambda);
        let (a, b, va, c, vb) = (10.3, 28.4, 9.3, 11.7, 52.1);
        let expected = [
            a11 * a,
            a21 * a - gamma * b,
            (k1 + k2 + (r1 + r2) * lambda) * a + 2.0 * a11 * va,
            -(2.0 * r2 * lambda + k2) * a + a21 * va + (a11 - gamma) * c,
            (k2 + (1.0 - r1 + 3.0 * r2) * lambda) * a + gamma * b - 2.0 * gamma * vb + 2.0 * a21 * c,
        ];
        for volume in [1.0, 7.0] {
            let contributions = ReactionContributions::new(2, &spcm(), volume, 2, 2, None).unwrap();
            assert!(contributions.higher_moments().is_empty());
            let field = RatedReactions::new(Arc::new(contributions), rates.to_vec()).unwrap();
            let mut dx = [0.0; 5];
            field.evaluate(0.0, &[a, b, va, c, vb], &mut dx);
            for (found, expected) in dx.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-13 * (1.0 + expected.abs()), "{dx:?}");
            }
        }
    }

    #[test]
    fn dimerisation_needs_third_moments_and_takes_them_if_given() {
        let pair = [Stoichiometry { reactants: vec![2], products: vec![0] }];
        let error = ReactionContributions::new(1, &pair, 2.0, 2, 2, None).unwrap_err();
        assert!(matches!(&error, MomentsError::NotClosed { needed: 3, .. }), "{error}");
        // d<n> = -2 <n(n-1)>/(2V); dVar = 4 <a> - 4 <x a>, with <x n(n-1)> = M3 + (2m - 1) Var.
        let (m, v, m3) = (5.0, 3.0, 1.7);
        let expected = |m3: f64| {
            let a = (v + m * m - m) / 4.0;
            [-2.0 * a, 4.0 * a - 4.0 * (m3 + (2.0 * m - 1.0) * v) / 4.0]
        };
        let exact = ReactionContributions::new(1, &pair, 2.0, 2, 3, None).unwrap();
        assert_eq!(exact.higher_moments(), [MomentIndex(vec![3])]);
        assert!(exact.closed_moments().is_empty());
        let mut out = [0.0; 2];
        exact.evaluate(&[m, v, m3], &mut out);
        assert!(out.iter().zip(expected(m3)).all(|(a, b)| (a - b).abs() < 1e-13));
        let closed = ReactionContributions::new(1, &pair, 2.0, 2, 2, Some(&Gaussian)).unwrap();
        assert_eq!(closed.closed_moments(), [MomentIndex(vec![3])]);
        closed.evaluate(&[m, v], &mut out);
        assert!(out.iter().zip(expected(0.0)).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn jacobian_agrees_with_dual_numbers_for_every_closure() {
        let mut reactions = spcm();
        reactions.push(Stoichiometry { reactants: vec![1, 1], products: vec![0, 1] });
        reactions.push(Stoichiometry { reactants: vec![0, 2], products: vec![0, 0] });
        reactions.push(Stoichiometry { reactants: vec![0, 0], products: vec![1, 0] });
        let x = [4.0, 6.0, 3.0, -0.7, 5.0];
        let (n, r) = (5, reactions.len());
        for closure in all() {
            let contributions = ReactionContributions::new(2, &reactions, 3.0, 2, 2, Some(&*closure)).unwrap();
            let mut jacobian = vec![0.0; n * r * n];
            contributions.jacobian(&x, &mut jacobian);
            let mut plain = vec![0.0; n * r];
            contributions.evaluate(&x, &mut plain);
            for k in 0..n {
                let dual: Vec<Dual> = x
                    .iter()
                    .enumerate()
                    .map(|(i, &value)| Dual { value, tangent: if i == k { 1.0 } else { 0.0 } })
                    .collect();
                let mut out = vec![Dual::default(); n * r];
                contributions.evaluate_real(&dual, &mut out);
                let h = 1e-5;
                let (mut up, mut down) = (vec![0.0; n * r], vec![0.0; n * r]);
                contributions
                    .evaluate(&std::array::from_fn::<_, 5, _>(|i| x[i] + if i == k { h } else { 0.0 }), &mut up);
                contributions
                    .evaluate(&std::array::from_fn::<_, 5, _>(|i| x[i] - if i == k { h } else { 0.0 }), &mut down);
                for (e, dual) in out.iter().enumerate() {
                    assert_eq!(dual.value, plain[e]);
                    let scale = 1.0 + dual.tangent.abs();
                    assert!((dual.tangent - jacobian[e * n + k]).abs() < 1e-12 * scale, "{}", closure.name());
                    assert!((dual.tangent - (up[e] - down[e]) / (2.0 * h)).abs() < 1e-7 * scale, "{}", closure.name());
                }
            }
        }
    }

    #[test]
    fn wrong_input_is_refused() {
        let short = [Stoichiometry { reactants: vec![1], products: vec![0, 1] }];
        assert!(matches!(ReactionContributions::new(2, &short, 1.0, 2, 2, None), Err(MomentsError::Length { .. })));
        assert!(matches!(ReactionContributions::new(2, &spcm(), 0.0, 2, 2, None), Err(MomentsError::BadValue { .. })));
        assert!(matches!(ReactionContributions::new(2, &spcm(), 1.0, 0, 2, None), Err(MomentsError::Order { .. })));
        assert!(matches!(ReactionContributions::new(2, &spcm(), 1.0, 2, 1, None), Err(MomentsError::BadValue { .. })));
        let wide = ReactionContributions::new(2, &spcm(), 1.0, 2, 3, None).unwrap();
        assert!(RatedReactions::new(Arc::new(wide), vec![0.0; 6]).is_err());
    }
}
