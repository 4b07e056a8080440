//! Of which kind the rate laws of a network are; clamped species count as constants.

use crate::expression::{BinaryOperator, Expression, Symbol, UnaryOperator, graph};
use crate::network::{Network, RateLaw, ReactionId, SpeciesId};

impl Network {
    /// Whether all reactions follow mass action by declaration (`@ k`).
    pub fn is_mass_action(&self) -> bool {
        self.reactions.iter().all(|r| matches!(r.rate, RateLaw::MassAction(_)))
    }

    /// Whether all propensities are polynomials of the counts with constant coefficients.
    pub fn is_polynomial(&self) -> bool {
        (0..self.reactions.len()).all(|r| self.degree(ReactionId::from(r)).is_some())
    }

    /// Whether all propensities are polynomials of at most first degree: moment equations then close exactly.
    pub fn is_first_order(&self) -> bool {
        (0..self.reactions.len()).all(|r| self.degree(ReactionId::from(r)).is_some_and(|d| d <= 1))
    }

    /// Degree of the propensity of a reaction as a polynomial of the counts; `None` if it is none, as far as its form
    /// shows (`A^2/A` is not recognised), or if it depends on time.
    pub fn degree(&self, reaction: ReactionId) -> Option<u32> {
        let reaction = &self.reactions[reaction.index()];
        match &reaction.rate {
            RateLaw::MassAction(_) => {
                let free = reaction.reactants.iter().filter(|(s, _)| !self.species[s.index()].clamped);
                Some(free.map(|&(_, nu)| nu).fold(0, u32::saturating_add))
            }
            RateLaw::Rate(e) | RateLaw::Propensity(e) => Kind::of(e, &|s| self.species[s.index()].clamped).degree(),
        }
    }

    /// Largest order of a reaction by its reactants, 0 for a network without reactions.
    pub fn molecularity(&self) -> u32 {
        self.reactions.iter().map(|r| r.order()).max().unwrap_or(0)
    }
}

/// What kind of function an expression is, as far as its form shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A polynomial of this degree; a constant is one of degree 0.
    Polynomial(u32),
    /// A quotient of polynomials.
    Rational,
    /// Anything else, functions of time included.
    General,
}

impl Kind {
    /// The kind of an expression of the species of which `is_constant` does not hold.
    pub(super) fn of(e: &Expression, is_constant: &impl Fn(SpeciesId) -> bool) -> Kind {
        graph::fold(e, |node, children: &mut [Kind]| match node {
            Expression::Number(_) | Expression::Symbol(Symbol::Parameter(_) | Symbol::Compartment(_)) => CONSTANT,
            Expression::Symbol(Symbol::Species(s)) => Kind::Polynomial(u32::from(!is_constant(*s))),
            Expression::Symbol(Symbol::Time) => Kind::General,
            Expression::Unary(UnaryOperator::Negate, _) => children[0],
            Expression::Binary(operator, _, b) => Kind::of_binary(*operator, children[0], children[1], b),
            _ if children.iter().all(|&kind| kind == CONSTANT) => CONSTANT,
            _ => Kind::General,
        })
    }

    fn of_binary(operator: BinaryOperator, left: Kind, right: Kind, exponent: &Expression) -> Kind {
        use Kind::{General, Polynomial, Rational};
        let polynomial = |degree: Option<u32>| degree.map_or(General, Polynomial);
        match (operator, left, right) {
            (_, CONSTANT, CONSTANT) => CONSTANT,
            (BinaryOperator::Power, base, CONSTANT) => match (base, exponent) {
                (General, _) => General,
                (Polynomial(d), Expression::Number(n)) if n.fract() == 0.0 && (0.0..=1000.0).contains(n) => {
                    polynomial(d.checked_mul(*n as u32))
                }
                (_, Expression::Number(n)) if n.fract() == 0.0 && n.abs() <= 1000.0 => Rational,
                _ => General,
            },
            (_, General, _) | (_, _, General) => General,
            (BinaryOperator::Add | BinaryOperator::Subtract, Polynomial(a), Polynomial(b)) => Polynomial(a.max(b)),
            (BinaryOperator::Multiply, Polynomial(a), Polynomial(b)) => polynomial(a.checked_add(b)),
            (BinaryOperator::Divide, kind, CONSTANT) => kind,
            (
                BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply | BinaryOperator::Divide,
                ..,
            ) => Rational,
            _ => General,
        }
    }

    /// The degree of a polynomial.
    fn degree(self) -> Option<u32> {
        match self {
            Kind::Polynomial(degree) => Some(degree),
            _ => None,
        }
    }
}

const CONSTANT: Kind = Kind::Polynomial(0);

#[cfg(test)]
mod tests {
    use crate::format::crn;
    use crate::network::{Network, ReactionId};
    use crate::structure::zoo;

    fn degree_of(rate: &str) -> Option<u32> {
        let text = format!("species A, B\nclamped species C = 2\nparameter k = 1\nA + B -> 0 @ {rate}");
        let network = crn::parse(&text, "test").unwrap_or_else(|e| panic!("{e}")).0;
        network.degree(ReactionId(0))
    }

    fn kinds(network: &Network) -> (bool, bool, bool) {
        (network.is_mass_action(), network.is_polynomial(), network.is_first_order())
    }

    #[test]
    fn degrees_of_rate_laws() {
        let table = [
            ("k", Some(2)),
            ("rate(k*A*B)", Some(2)),
            ("rate(k*A*C^3)", Some(1)),
            ("rate(k*A*(B + A^2)/2)", Some(3)),
            ("propensity(k*A*(A - 1)/2)", Some(2)),
            ("propensity(exp(k)*volume)", Some(0)),
            ("rate(k*A/(1 + A))", None),
            ("rate(A^0.5)", None),
            ("rate(A^k)", None),
            ("rate(2^A)", None),
            ("rate(k*time)", None),
            ("rate(if(A > 1, A, B))", None),
            ("rate(if(k > 1, 1, 2)*A)", Some(1)),
        ];
        for (rate, degree) in table {
            assert_eq!(degree_of(rate), degree, "{rate}");
        }
    }

    #[test]
    fn kinds_of_textbook_networks() {
        assert_eq!(kinds(&zoo::epidermis()), (true, true, true));
        assert_eq!(kinds(&zoo::michaelis_menten()), (true, true, false));
        assert_eq!(zoo::brusselator().molecularity(), 3);
        let (hill, _) = crn::parse("species A\n0 -> A @ rate(1/(1 + A^2))", "test").expect("a good network");
        assert_eq!(kinds(&hill), (false, false, false));
    }
}
