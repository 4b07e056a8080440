//! Of which kind the rate laws of a network are; clamped species count as constants.

use crate::expression::{BinaryOperator, Expression, Symbol, UnaryOperator};
use crate::network::{Network, RateLaw, ReactionId};

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
            RateLaw::Rate(e) | RateLaw::Propensity(e) => self.degree_of(e),
        }
    }

    /// Largest order of a reaction by its reactants, 0 for a network without reactions.
    pub fn molecularity(&self) -> u32 {
        self.reactions.iter().map(|r| r.order()).max().unwrap_or(0)
    }

    fn degree_of(&self, e: &Expression) -> Option<u32> {
        let constant = |e: &Expression| self.degree_of(e).filter(|&d| d == 0);
        match e {
            Expression::Number(_) | Expression::Symbol(Symbol::Parameter(_) | Symbol::Compartment(_)) => Some(0),
            Expression::Symbol(Symbol::Species(s)) => Some(u32::from(!self.species[s.index()].clamped)),
            Expression::Symbol(Symbol::Time) => None,
            Expression::Unary(UnaryOperator::Negate, a) => self.degree_of(a),
            Expression::Unary(UnaryOperator::Not, a) => constant(a),
            Expression::Binary(operator, a, b) => match operator {
                BinaryOperator::Add | BinaryOperator::Subtract => Some(self.degree_of(a)?.max(self.degree_of(b)?)),
                BinaryOperator::Multiply => self.degree_of(a)?.checked_add(self.degree_of(b)?),
                BinaryOperator::Divide => constant(b).and(self.degree_of(a)),
                BinaryOperator::Power => match (self.degree_of(a)?, b.as_ref()) {
                    (0, b) => constant(b),
                    (d, Expression::Number(n)) if n.fract() == 0.0 && (0.0..=1000.0).contains(n) => {
                        d.checked_mul(*n as u32)
                    }
                    _ => None,
                },
                _ => constant(a).and(constant(b)),
            },
            Expression::Call(_, arguments) => arguments.iter().try_fold(0, |_, a| constant(a)),
            Expression::Piecewise(pieces, otherwise) => {
                let parts = pieces.iter().flat_map(|(v, c)| [v, c]);
                parts.chain([otherwise.as_ref()]).try_fold(0, |_, a| constant(a))
            }
        }
    }
}

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
