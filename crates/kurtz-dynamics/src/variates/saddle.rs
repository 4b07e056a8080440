//! Logarithms of factorials and deviances without cancellation, for probabilities of large counts (C. Loader, Fast and
//! accurate computation of binomial probabilities, 2000).

use super::logarithm::ln;

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// ln k! - ((k + 1/2) ln k - k + ln(2 pi)/2) for whole k >= 1: what Stirling's formula leaves.
pub(super) fn stirling_rest(k: f64) -> f64 {
    if k < 16.0 {
        // k! is below 2^53 up to 18.
        let factorial = (2..=k as u32).fold(1.0, |f, i| f * f64::from(i));
        return ln(factorial) - ((k + 0.5) * ln(k) - k + HALF_LN_TWO_PI);
    }
    let square = k * k;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / k
}

/// k ln(k / mean) + mean - k, for k > 0: how far k is from its mean.
pub(super) fn deviance(k: f64, mean: f64) -> f64 {
    let difference = k - mean;
    let v = difference / (k + mean);
    if v.abs() > 0.1 {
        return k * ln(k / mean) - difference;
    }
    let mut sum = difference * v;
    let mut term = 2.0 * k * v;
    let square = v * v;
    let mut j = 3.0;
    loop {
        term *= square;
        let next = sum + term / j;
        if next == sum {
            return sum;
        }
        sum = next;
        j += 2.0;
    }
}

/// ln of the Poisson probability of whole k >= 0.
pub(super) fn ln_poisson(k: f64, mean: f64) -> f64 {
    if k == 0.0 {
        return -mean;
    }
    -deviance(k, mean) - stirling_rest(k) - HALF_LN_TWO_PI - 0.5 * ln(k)
}

/// ln of the binomial probability of k of n trials at p, without the terms that depend on n alone; `q` is 1 - p.
pub(super) fn ln_binomial(k: f64, n: f64, p: f64, q: f64) -> f64 {
    // k! k^-k e^k and the like, with 0! = 1.
    let part = |k: f64, mean: f64| {
        if k == 0.0 { -mean } else { -deviance(k, mean) - stirling_rest(k) - HALF_LN_TWO_PI - 0.5 * ln(k) }
    };
    part(k, n * p) + part(n - k, n * q)
}
