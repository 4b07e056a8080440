//! Binomial variates.

use super::logarithm::{ln, ln_1p};
use super::saddle::ln_binomial;
use crate::rng::{SimRng, exp_of_minus};

/// Means below which the law is inverted term by term.
const INVERTED: f64 = 10.0;

/// The number of successes in `n` trials (a whole number up to 2^52) of probability p from 0 to 1.
///
/// By inversion where n p or n (1 - p) is below 10, else by transformed rejection with squeeze (BTRS); exact in law.
///
/// # References
/// W. Hoermann, J. Stat. Comput. Simul. 46 (1993) 101-110, doi:10.1080/00949659308811496.
#[inline]
pub fn binomial(n: f64, p: f64, rng: &mut SimRng) -> f64 {
    if n <= 0.0 || p <= 0.0 {
        0.0
    } else if p >= 1.0 {
        n
    } else if p > 0.5 {
        n - at_most_half(n, 1.0 - p, rng)
    } else {
        at_most_half(n, p, rng)
    }
}

fn at_most_half(n: f64, p: f64, rng: &mut SimRng) -> f64 {
    if n * p >= INVERTED {
        return rejected(n, p, rng);
    }
    // (1 - p)^n, at least exp(-14).
    let mut term = exp_of_minus(-n * ln_1p(-p));
    let odds = p / (1.0 - p);
    let mut left = rng.uniform();
    let mut k = 0.0;
    // P(k > 150) at a mean of 10 is below 1e-100.
    while left > term && k < n && k < 150.0 {
        left -= term;
        term *= odds * (n - k) / (k + 1.0);
        k += 1.0;
    }
    k
}

fn rejected(n: f64, p: f64, rng: &mut SimRng) -> f64 {
    let q = 1.0 - p;
    let spread = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let mode = ((n + 1.0) * p).floor();
    let mut at_mode = f64::NAN;
    loop {
        let u = rng.uniform() - 0.5;
        let v = rng.uniform();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + c).floor();
        if us >= 0.07 && v <= v_r {
            return k;
        }
        if k < 0.0 || k > n {
            continue;
        }
        if at_mode.is_nan() {
            at_mode = ln_binomial(mode, n, p, q);
        }
        let alpha = (2.83 + 5.1 / b) * spread;
        if ln(v * alpha / (a / (us * us) + b)) <= ln_binomial(k, n, p, q) - at_mode {
            return k;
        }
    }
}
