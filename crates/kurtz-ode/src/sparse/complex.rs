//! Complex numbers, and what factorisations ask of numbers.

use std::ops::{Add, Mul, Sub};

/// re + i im.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Complex {
    pub re: f64,
    pub im: f64,
}

impl Add for Complex {
    type Output = Complex;
    fn add(self, other: Complex) -> Complex {
        Complex { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Complex;
    fn sub(self, other: Complex) -> Complex {
        Complex { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Complex;
    fn mul(self, other: Complex) -> Complex {
        Complex { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

/// A real or complex number.
pub(crate) trait Number: Copy + Default + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// The number that is real.
    fn real(value: f64) -> Self;
    /// Its size for the choice of pivots: |re| + |im|.
    fn size(self) -> f64;
    /// 1 / self.
    fn inverse(self) -> Self;
}

impl Number for f64 {
    fn real(value: f64) -> Self {
        value
    }
    fn size(self) -> f64 {
        self.abs()
    }
    fn inverse(self) -> Self {
        1.0 / self
    }
}

impl Number for Complex {
    fn real(value: f64) -> Self {
        Complex { re: value, im: 0.0 }
    }
    fn size(self) -> f64 {
        self.re.abs() + self.im.abs()
    }
    fn inverse(self) -> Self {
        let square = self.re * self.re + self.im * self.im;
        Complex { re: self.re / square, im: -self.im / square }
    }
}
