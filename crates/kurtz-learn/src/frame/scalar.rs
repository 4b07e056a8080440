//! The numbers that conversions between frames are written for.

use kurtz_dynamics::moments::Dual;
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Sub};

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for kurtz_dynamics::moments::Dual {}
}

/// `f64`, [`Dual`] (a derivative comes along), or the quantities of a formula that is being recorded. Sealed.
pub trait Scalar:
    sealed::Sealed
    + Copy
    + Debug
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The square root.
    fn square_root(self) -> Self;
}

impl Scalar for f64 {
    fn square_root(self) -> Self {
        self.sqrt()
    }
}

impl Scalar for Dual {
    fn square_root(self) -> Self {
        let value = self.value.sqrt();
        Dual { value, tangent: self.tangent / (2.0 * value) }
    }
}
