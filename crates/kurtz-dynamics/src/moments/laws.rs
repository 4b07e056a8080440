//! The rate laws of a network as polynomials in the counts.

use super::error::MomentsError;
use super::jump::{Jump, Variable, binomial};
use super::symbol::{MAX_DEGREE, MomentPolynomial, MomentSymbol};
use kurtz_model::polynomial::{Atom, MOST_WORK, Monomial, Polynomial};
use kurtz_model::rational::Rational;
use kurtz_model::{Expression, Network, RateLaw, Reaction, SpeciesId, Symbol};

/// Characters of a law that a message shows.
const LONGEST_LAW: usize = 200;

/// A network's jumps, each with a factor taken out of its propensity.
#[derive(Clone, Debug)]
pub(crate) struct PolynomialLaws {
    /// The species that reactions can change, in the order of the powers of a moment index.
    pub species: Vec<SpeciesId>,
    /// Jumps at unit rate constant (mass action), or with their whole propensity (other laws), `[reactions]`.
    pub jumps: Vec<Jump>,
    /// The rate constants of mass action, 1 for other laws, `[reactions]`.
    pub factors: Vec<MomentPolynomial>,
    /// Sub-expressions free of fluctuating species that are no polynomials (clamped species are counts), and time: what [`MomentSymbol::Constant`] refers to.
    pub constants: Vec<Expression>,
    /// How much may still be done to write laws out as polynomials.
    work: usize,
}

impl PolynomialLaws {
    /// Reads the rate laws of a network.
    ///
    /// # Errors
    /// [`MomentsError::NotPolynomial`], [`MomentsError::Degree`].
    pub(crate) fn new(network: &Network) -> Result<Self, MomentsError> {
        let dynamic = network.species.iter().enumerate().filter(|(_, s)| !s.clamped);
        let species = dynamic.map(|(i, _)| SpeciesId::from(i)).collect();
        let work = 3 * MOST_WORK;
        let mut laws = PolynomialLaws { species, jumps: Vec::new(), factors: Vec::new(), constants: Vec::new(), work };
        for reaction in &network.reactions {
            let (factor, propensity) = laws.read(network, reaction)?;
            let degree = propensity.degree_in(|v| matches!(v, Variable::Count(_)));
            if degree > MAX_DEGREE {
                let (reaction, degree) = (reaction.name.clone(), degree.unsigned_abs());
                return Err(MomentsError::Degree { reaction, degree, largest: MAX_DEGREE.unsigned_abs() });
            }
            let mut change = vec![0; laws.species.len()];
            for (species, net) in reaction.net_change() {
                if let Some(i) = laws.position(species) {
                    change[i] = net;
                }
            }
            laws.jumps.push(Jump { change, propensity });
            laws.factors.push(factor);
        }
        Ok(laws)
    }

    fn position(&self, species: SpeciesId) -> Option<usize> {
        self.species.binary_search(&species).ok()
    }

    /// Factor and propensity of a reaction.
    fn read(
        &mut self,
        network: &Network,
        reaction: &Reaction,
    ) -> Result<(MomentPolynomial, Polynomial<Variable>), MomentsError> {
        match &reaction.rate {
            RateLaw::MassAction(k) => {
                let factor = self.polynomial(k).ok_or_else(|| not_polynomial(network, reaction, k))?;
                let fixed = |v: &Variable| match v {
                    Variable::Fixed(symbol) => Some(symbol.clone()),
                    _ => None,
                };
                if factor.symbols().into_iter().any(|v| fixed(v).is_none()) {
                    return Err(not_polynomial(network, reaction, k));
                }
                let factor = factor.renamed(|v| fixed(v).expect("checked just before"));
                Ok((factor, self.unit_mass_action(network, reaction)?))
            }
            RateLaw::Rate(phi) => {
                // Clamped species as counts, the others below.
                let clamped_as_counts = phi.substitute(|s| match s {
                    Symbol::Species(i) if network.species[i.index()].clamped => {
                        let volume = Expression::Symbol(Symbol::Compartment(compartment(network, i)));
                        Some(Expression::Symbol(s) / volume)
                    }
                    _ => None,
                });
                let phi_of_c = self.polynomial(&clamped_as_counts);
                let phi_of_c = phi_of_c.ok_or_else(|| not_polynomial(network, reaction, phi))?;
                let per_volume = |v: &Variable, species: SpeciesId| {
                    let volume = Variable::Fixed(MomentSymbol::Compartment(compartment(network, species)));
                    Polynomial::term(Monomial::new([(v.clone(), 1), (volume, -1)]), Rational::one())
                };
                let phi_of_n = phi_of_c.substitute(|v| match v {
                    Variable::Count(i) => per_volume(v, self.species[*i]),
                    other => Polynomial::symbol(other.clone()),
                });
                let phi_of_n = phi_of_n.ok_or_else(|| not_polynomial(network, reaction, phi))?;
                let volume = Variable::Fixed(MomentSymbol::Compartment(reaction.compartment));
                Ok((Polynomial::one(), phi_of_n.times_monomial(&Monomial::new([(volume, 1)]))))
            }
            RateLaw::Propensity(a) => {
                let propensity = self.polynomial(a).ok_or_else(|| not_polynomial(network, reaction, a))?;
                Ok((Polynomial::one(), propensity))
            }
        }
    }

    /// V prod_l V_l^(-nu_l) C(n_l, nu_l).
    fn unit_mass_action(&self, network: &Network, reaction: &Reaction) -> Result<Polynomial<Variable>, MomentsError> {
        let order: u64 = reaction.reactants.iter().map(|&(_, nu)| u64::from(nu)).sum();
        if order > MAX_DEGREE.unsigned_abs().into() {
            let degree = u32::try_from(order).unwrap_or(u32::MAX);
            let (reaction, largest) = (reaction.name.clone(), MAX_DEGREE.unsigned_abs());
            return Err(MomentsError::Degree { reaction, degree, largest });
        }
        let volume = |c| Variable::Fixed(MomentSymbol::Compartment(c));
        let mut propensity = Polynomial::symbol(volume(reaction.compartment));
        for &(species, nu) in &reaction.reactants {
            let count = match self.position(species) {
                Some(i) => Variable::Count(i),
                None => Variable::Fixed(MomentSymbol::Clamped(species)),
            };
            let exponent = i32::try_from(nu).expect("checked above");
            propensity = &propensity * &binomial(count, nu);
            propensity =
                propensity.times_monomial(&Monomial::new([(volume(compartment(network, species)), -exponent)]));
        }
        Ok(propensity)
    }

    /// An expression as a polynomial without negative powers of counts, if it is one.
    fn polynomial(&mut self, expression: &Expression) -> Option<Polynomial<Variable>> {
        let (species, constants) = (&self.species, &mut self.constants);
        let mut intern = |e: &Expression| {
            let position = constants.iter().position(|c| c == e).unwrap_or_else(|| {
                constants.push(e.clone());
                constants.len() - 1
            });
            Variable::Fixed(MomentSymbol::Constant(u32::try_from(position).expect("few constants")))
        };
        let mut name = |atom: Atom<'_>| match atom {
            Atom::Symbol(Symbol::Species(s)) => Some(match species.binary_search(&s) {
                Ok(i) => Variable::Count(i),
                Err(_) => Variable::Fixed(MomentSymbol::Clamped(s)),
            }),
            Atom::Symbol(Symbol::Parameter(p)) => Some(Variable::Fixed(MomentSymbol::Parameter(p))),
            Atom::Symbol(Symbol::Compartment(c)) => Some(Variable::Fixed(MomentSymbol::Compartment(c))),
            Atom::Symbol(Symbol::Time) => Some(intern(&Expression::Symbol(Symbol::Time))),
            Atom::Opaque(e) => is_fixed(e, species).then(|| intern(e)),
        };
        let polynomial = Polynomial::from_expression_within(expression, &mut name, &mut self.work)?;
        let negative = |(v, e): &(Variable, i32)| *e < 0 && matches!(v, Variable::Count(_));
        let has_negative = polynomial.terms().any(|(m, _)| m.factors().iter().any(negative));
        (!has_negative).then_some(polynomial)
    }
}

fn compartment(network: &Network, species: SpeciesId) -> kurtz_model::CompartmentId {
    network.species[species.index()].compartment
}

/// Whether an expression is free of species that fluctuate.
fn is_fixed(expression: &Expression, fluctuating: &[SpeciesId]) -> bool {
    let mut fixed = true;
    expression.for_each_symbol(&mut |s| fixed &= !matches!(s, Symbol::Species(s) if fluctuating.contains(&s)));
    fixed
}

fn not_polynomial(network: &Network, reaction: &Reaction, law: &Expression) -> MomentsError {
    let mut law = law.display(network).to_string();
    // Laws of assignment rules, written out, may fill pages.
    if let Some((end, _)) = law.char_indices().nth(LONGEST_LAW) {
        law.truncate(end);
        law.push_str(" ...");
    }
    MomentsError::NotPolynomial { reaction: reaction.name.clone(), law }
}
