//! A family in units of the typical sizes of its variables and of the range of its parameter.

use super::{Continuation, ContinuationError, Family};

/// y_i = x_i / size_i and q = (p - from) / (to - from), so that all that is followed is of order one.
pub(crate) struct Scaled<'a> {
    inner: &'a dyn Family,
    pub sizes: Vec<f64>,
    from: f64,
    span: f64,
}

impl<'a> Scaled<'a> {
    /// Checks the settings and the sizes.
    pub fn new(inner: &'a dyn Family, settings: &Continuation) -> Result<Self, ContinuationError> {
        settings.validate()?;
        let n = inner.dimension();
        if n == 0 {
            return Err(ContinuationError::NoVariables);
        }
        let sizes = inner.sizes();
        for variable in 0..n {
            let found = sizes.get(variable).copied().unwrap_or(f64::NAN);
            if !(found > 0.0 && found.is_finite()) {
                return Err(ContinuationError::Sizes { variable, found });
            }
        }
        Ok(Scaled { inner, sizes, from: settings.from, span: settings.span() })
    }

    /// A state in these units.
    pub fn scale(&self, x: &[f64]) -> Result<Vec<f64>, ContinuationError> {
        let expected = self.sizes.len();
        if x.len() != expected {
            return Err(ContinuationError::StateLength { expected, found: x.len() });
        }
        Ok(x.iter().zip(&self.sizes).map(|(x, s)| x / s).collect())
    }

    /// A state in its own units.
    pub fn unscale(&self, y: &[f64]) -> Vec<f64> {
        y.iter().zip(&self.sizes).map(|(y, s)| y * s).collect()
    }

    /// A parameter value in these units.
    pub fn place(&self, parameter: f64) -> f64 {
        (parameter - self.from) / self.span
    }

    /// A parameter value in its own units; the ends of the range exactly.
    pub fn parameter(&self, place: f64) -> f64 {
        if place == 1.0 { self.from + self.span } else { self.from + place * self.span }
    }
}

impl Family for Scaled<'_> {
    fn dimension(&self) -> usize {
        self.sizes.len()
    }

    fn evaluate(&self, place: f64, y: &[f64], dy: &mut [f64]) {
        self.inner.evaluate(self.parameter(place), &self.unscale(y), dy);
        dy.iter_mut().zip(&self.sizes).for_each(|(d, s)| *d /= s);
    }

    fn jacobian(&self, place: f64, y: &[f64], jacobian: &mut [f64]) {
        self.inner.jacobian(self.parameter(place), &self.unscale(y), jacobian);
        for (row, si) in jacobian.chunks_exact_mut(self.sizes.len()).zip(&self.sizes) {
            row.iter_mut().zip(&self.sizes).for_each(|(j, sj)| *j *= sj / si);
        }
    }

    fn parameter_derivative(&self, place: f64, y: &[f64], out: &mut [f64]) {
        self.inner.parameter_derivative(self.parameter(place), &self.unscale(y), out);
        out.iter_mut().zip(&self.sizes).for_each(|(d, s)| *d *= self.span / s);
    }

    fn observed_count(&self) -> usize {
        self.inner.observed_count()
    }

    /// In own units: what is reported is not followed.
    fn observe(&self, place: f64, y: &[f64], out: &mut [f64]) {
        self.inner.observe(self.parameter(place), &self.unscale(y), out);
    }

    fn is_admissible(&self, place: f64, y: &[f64]) -> bool {
        self.inner.is_admissible(self.parameter(place), &self.unscale(y))
    }
}
