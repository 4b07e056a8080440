//! Poisson variates.

use super::logarithm::ln;
use super::saddle::ln_poisson;
use crate::rng::{SimRng, exp_of_minus};

/// Means below which the law is inverted term by term.
const INVERTED: f64 = 10.0;
/// P(k > 110) at the largest inverted mean is below 1e-60.
const LARGEST_INVERTED: f64 = 110.0;

/// A Poisson variate with this mean >= 0 (up to about 1e15, where counts are still exact), as a whole number.
///
/// By inversion for small means, else by transformed rejection with squeeze (PTRS), whose decision uses probabilities
/// without cancellation; exact in law for all means.
///
/// # Complexity
/// Some mean + 1 multiplications below 10, else constant.
///
/// # References
/// W. Hoermann, Insurance Math. Econom. 12 (1993) 39-45, doi:10.1016/0167-6687(93)90997-4.
#[inline]
pub fn poisson(mean: f64, rng: &mut SimRng) -> f64 {
    if mean >= INVERTED {
        return rejected(mean, rng);
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let mut left = rng.uniform();
    let mut p = exp_of_minus(mean);
    let mut k = 0.0;
    while left > p && k < LARGEST_INVERTED {
        left -= p;
        k += 1.0;
        p *= mean / k;
    }
    k
}

fn rejected(mean: f64, rng: &mut SimRng) -> f64 {
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = rng.uniform() - 0.5;
        let v = rng.uniform();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if us >= 0.07 && v <= v_r {
            return k;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        if ln(v * inverse_alpha / (a / (us * us) + b)) <= ln_poisson(k, mean) {
            return k;
        }
    }
}
