//! The Gaussian (normal) closure.

use super::cumulants::Truncated;
use super::{Closure, Form, MomentIndex, MomentPolynomial};

/// Closes the moment hierarchy by assuming a Gaussian law: all cumulants above the second vanish.
///
/// Odd central moments vanish, even ones are sums over pairings (Isserlis): with covariance C,
/// ⟨xyzw⟩ = C_xy C_zw + C_xz C_yw + C_xw C_yz. For third raw moments,
/// ⟨n_x n_y n_z⟩ = m_x m_y m_z + m_x C_yz + m_y C_xz + m_z C_xy.
///
/// Poor for bimodal laws and for means near zero, where the closed variance can turn negative.
///
/// # References
/// P. Whittle, J. R. Stat. Soc. B 19 (1957) 268-281.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaussian;

impl Closure for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn form(&self) -> Form {
        Form::Central
    }

    fn close(&self, moment: &MomentIndex, order: u32) -> MomentPolynomial {
        Truncated::new(order.min(2)).central_moment(moment)
    }
}
