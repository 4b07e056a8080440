//! Gamma variates.

use super::logarithm::{exp, ln};
use super::normal::normal;
use crate::rng::SimRng;

/// A gamma variate of this shape > 0 and scale 1: mean and variance are the shape.
///
/// # References
/// G. Marsaglia and W. W. Tsang, ACM Trans. Math. Softw. 26 (2000) 363-372, doi:10.1145/358407.358414.
pub fn gamma(shape: f64, rng: &mut SimRng) -> f64 {
    if shape < 1.0 {
        // Gamma(shape + 1) U^(1 / shape).
        let larger = gamma(shape + 1.0, rng);
        return larger * exp((ln(rng.uniform()) / shape).max(-700.0));
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = rng.uniform();
        if ln(u) < 0.5 * x * x + d - d * v + d * ln(v) {
            return d * v;
        }
    }
}
