//! -ln(u) of a uniform number, by exactly rounded operations only: the same bits in every lane and on any machine.
//!
//! u = 2^k z with z in [11/16, 11/8); the range of z is cut into 16 intervals, each with a number c near 1/z, and
//! ln u = k ln 2 - ln c + ln(1 + r) with r = z c - 1, |r| <= 1/32. The last interval below 1 has c = 1, where r is exact:
//! the relative error stays below 1e-14 also where ln u is near 0.

use super::pack::Pack;

/// Bits of 11/16.
const LOWEST: u64 = 0x3fe6_0000_0000_0000;
/// What is added to the exponent so that it is never negative: more than the 53 that a uniform number can have.
const BIAS: u64 = 64;
/// Coefficients of ln(1 + r) / r, minimax on [-1/32, 1/32] by Remez's exchange: relative error 8e-16.
const COEFFICIENTS: [f64; 8] = [
    0.999_999_999_999_999_2,
    -0.499_999_999_999_997_06,
    0.333_333_333_359_247,
    -0.250_000_000_041_479_7,
    0.199_999_867_346_766_14,
    -0.166_666_510_090_024_64,
    0.143_074_400_699_565_17,
    -0.125_217_294_939_968_42,
];

/// The numbers c of the 16 intervals, and ln c.
pub(in crate::ssa) struct Table {
    pub inverse: [f64; 16],
    pub logarithm: [f64; 16],
}

pub(in crate::ssa) static TABLE: Table = {
    let mut table = Table { inverse: [1.0; 16], logarithm: [0.0; 16] };
    let mut i = 0;
    while i < 16 {
        if i != 9 {
            // Ten intervals of width 1/32 below 1, six of width 1/16 from 1 on.
            let middle = if i < 10 { (45 + 2 * i) as f64 / 64.0 } else { (13 + 2 * i) as f64 / 32.0 };
            table.inverse[i] = 1.0 / middle;
            table.logarithm[i] = -ln_near_one(middle);
        }
        i += 1;
    }
    table
};

/// ln x by the series of the inverse hyperbolic tangent, for x in (0.6, 1.5).
const fn ln_near_one(x: f64) -> f64 {
    let s = (x - 1.0) / (x + 1.0);
    let mut sum = 0.0;
    let mut k = 24;
    while k > 0 {
        k -= 1;
        sum = sum * s * s + 1.0 / (2 * k + 1) as f64;
    }
    2.0 * s * sum
}

/// A uniform number taken apart: k, z, c and ln c.
#[inline(always)]
pub(super) fn take_apart(u: f64) -> [f64; 4] {
    let bits = u.to_bits();
    let above = bits.wrapping_sub(LOWEST).wrapping_add(BIAS << 52);
    let interval = (above >> 48 & 15) as usize;
    let z = f64::from_bits(bits.wrapping_sub(above & 0xfff0_0000_0000_0000).wrapping_add(BIAS << 52));
    // The exponent as the low bits of a number near 2^52.
    let k = f64::from_bits(0x4330_0000_0000_0000 | above >> 52) - (4_503_599_627_370_496.0 + BIAS as f64);
    [k, z, TABLE.inverse[interval], TABLE.logarithm[interval]]
}

/// -ln u, for u in (0, 1) not below 2^-53; it is > 0.
#[inline(always)]
pub(super) fn exponential<V: Pack>(u: V) -> V {
    let [k, z, inverse, logarithm] = u.take_apart();
    let r = z.mul(inverse).sub(V::splat(1.0));
    let c = |i: usize| V::splat(COEFFICIENTS[i]);
    let pair = |i: usize| c(i).add(c(i + 1).mul(r));
    let (square, fourth) = (r.mul(r), r.mul(r).mul(r.mul(r)));
    let low = pair(0).add(pair(2).mul(square));
    let high = pair(4).add(pair(6).mul(square));
    let near = low.add(high.mul(fourth)).mul(r);
    logarithm.sub(k.mul(V::splat(std::f64::consts::LN_2))).sub(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm_to_a_few_roundings() {
        let uniform = |i: u64| (i as f64 + 0.5) / (1u64 << 52) as f64;
        let last = (1u64 << 52) - 1;
        let spread = (0..200_000u64).map(|i| uniform(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 12));
        let ends = (0..2000).flat_map(|i| [uniform(i), uniform(last - i), uniform(i << 30), uniform(last - (i << 30))]);
        for u in spread.chain(ends) {
            let (found, exact) = (exponential(u), -u.ln());
            assert!(found > 0.0 && (found / exact - 1.0).abs() < 1e-14, "-ln {u} = {exact}, not {found}");
        }
        // The ends of what can be drawn: 53 ln 2 and 2^-53.
        assert!((exponential(f64::EPSILON / 2.0) - 53.0 * std::f64::consts::LN_2).abs() < 1e-13);
        assert!((exponential(1.0 - f64::EPSILON / 2.0) / (f64::EPSILON / 2.0) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn intervals_meet_where_they_should() {
        for i in 0..16u64 {
            for bits in [LOWEST + (i << 48), LOWEST + (i << 48) + (1 << 48) - 1] {
                let z = f64::from_bits(bits);
                let [k, same, inverse, _] = take_apart(z);
                assert_eq!((k, same), (0.0, z));
                // Only -1 <= k is ever met at z >= 1, but r must be small there too.
                assert!((z * inverse - 1.0).abs() <= 0.031_25 + 1e-15, "interval {i}: {}", z * inverse - 1.0);
            }
        }
    }
}
