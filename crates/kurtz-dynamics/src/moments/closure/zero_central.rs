//! Central moment neglect.

use super::{Closure, Form, MomentIndex, MomentPolynomial};

/// Closes the moment hierarchy by setting to zero all central moments above the order of the equations.
///
/// For laws of small dispersion (large volumes). At order 2 it agrees with the Gaussian closure for third moments and
/// differs for fourth ones. At order 1 it gives the mean-field equations with the falling factorials kept.
///
/// # References
/// J. Hespanha, 3rd Int. Symp. Communications, Control and Signal Processing (2008) 142-147 (low dispersion closure).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZeroCentral;

impl Closure for ZeroCentral {
    fn name(&self) -> &'static str {
        "zero-central"
    }

    fn form(&self) -> Form {
        Form::Central
    }

    fn close(&self, _moment: &MomentIndex, _order: u32) -> MomentPolynomial {
        MomentPolynomial::zero()
    }
}
