//! Cumulant neglect.

use super::cumulants::Truncated;
use super::{Closure, Form, MomentIndex, MomentPolynomial};

/// Closes the moment hierarchy by setting to zero all cumulants above the order of the equations.
///
/// At order 2 it is the [`super::Gaussian`] closure; at order 3 it keeps the skewness:
/// ⟨x^4⟩ = 3 V^2, ⟨x^5⟩ = 10 V ⟨x^3⟩, and so on. No law but the Gaussian has finitely many cumulants, so at higher
/// order the closed moments need not belong to any law.
///
/// # References
/// P. Whittle, J. R. Stat. Soc. B 19 (1957) 268-281; T. I. Matis, I. G. Guardiola, Math. J. 12 (2010).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CumulantNeglect;

impl Closure for CumulantNeglect {
    fn name(&self) -> &'static str {
        "cumulant-neglect"
    }

    fn form(&self) -> Form {
        Form::Central
    }

    fn close(&self, moment: &MomentIndex, order: u32) -> MomentPolynomial {
        Truncated::new(order).central_moment(moment)
    }
}
