//! Standard normal variates by the ziggurat.

use crate::rng::{SimRng, exp_of_minus};

/// Layers of the ziggurat.
const LAYERS: usize = 256;
/// Where the tail begins, for 256 layers (Marsaglia & Tsang 2000).
const EDGE: f64 = 3.654_152_885_361_009;

/// Layer edges (decreasing, the first the width of the base as if it were a rectangle) and exp(-x^2/2) there.
struct Table {
    x: [f64; LAYERS + 1],
    f: [f64; LAYERS + 1],
}

static TABLE: Table = table();

const fn table() -> Table {
    let mut table = Table { x: [0.0; LAYERS + 1], f: [1.0; LAYERS + 1] };
    let f_edge = exp_of_minus(EDGE * EDGE / 2.0);
    // Area of the tail: sqrt(pi / 2) erfc(EDGE / sqrt 2), from its continued fraction f / (x + 1/(x + 2/(x + ...))).
    let mut fraction = EDGE;
    let mut k = 60;
    while k > 0 {
        fraction = EDGE + k as f64 / fraction;
        k -= 1;
    }
    let area = EDGE * f_edge + f_edge / fraction;
    table.x[0] = area / f_edge;
    table.f[0] = 0.0;
    table.x[1] = EDGE;
    table.f[1] = f_edge;
    let mut i = 2;
    while i < LAYERS {
        let f = area / table.x[i - 1] + table.f[i - 1];
        // Solve exp(-x^2/2) = f by Newton's iteration from the edge before: x += (1 - f / exp(-x^2/2)) / x.
        let mut x = table.x[i - 1];
        let mut step = 0;
        while step < 20 {
            x += (1.0 - f / exp_of_minus(x * x / 2.0)) / x;
            step += 1;
        }
        table.x[i] = x;
        table.f[i] = f;
        i += 1;
    }
    table
}

/// A normal variate with mean 0 and variance 1.
///
/// # References
/// G. Marsaglia and W. W. Tsang, J. Stat. Softw. 5 (2000) 8, doi:10.18637/jss.v005.i08.
#[inline]
pub fn normal(rng: &mut SimRng) -> f64 {
    let Table { x: edge, f } = &TABLE;
    loop {
        let bits = rng.bits();
        let layer = (bits & 0xff) as usize;
        let sign = if bits & 0x100 == 0 { 1.0 } else { -1.0 };
        // (i + 1/2) 2^-52 of the upper bits: those of the layer and sign are not among the 43 that matter here.
        let x = crate::rng::open_unit(bits & !0xfff) * edge[layer];
        if x < edge[layer + 1] {
            return sign * x;
        }
        if layer == 0 {
            // Beyond the edge (Marsaglia 1964).
            loop {
                let beyond = rng.exponential() / EDGE;
                if 2.0 * rng.exponential() > beyond * beyond {
                    return sign * (EDGE + beyond);
                }
            }
        }
        if f[layer] + (f[layer + 1] - f[layer]) * rng.uniform() < exp_of_minus(x * x / 2.0) {
            return sign * x;
        }
    }
}
