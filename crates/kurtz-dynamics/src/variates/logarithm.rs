//! Logarithm and exponential by exactly rounded operations, so that their bits are the same on every machine.

/// ln 2 in two parts; the first has 32 significant bits, so that its products with exponents are exact.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// ln x of a normal number x > 0, to some units in the last place.
///
/// x = 2^e m with m from 0.71 to 1.42, and ln m = 2 artanh((m - 1) / (m + 1)).
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) as i64) - 1023;
    let mut m = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let e = exponent as f64;
    e * LN2_HIGH + (twice_artanh((m - 1.0) / (m + 1.0)) + e * LN2_LOW)
}

/// ln(1 + x) for -0.5 <= x <= 0.5.
pub(super) fn ln_1p(x: f64) -> f64 {
    if x.abs() > 0.3 { ln(1.0 + x) } else { twice_artanh(x / (2.0 + x)) }
}

/// 2 artanh(s) for |s| < 0.18: 2 (s + s^3/3 + s^5/5 + ...), cut where terms are below 2^-56 of the first.
fn twice_artanh(s: f64) -> f64 {
    let square = s * s;
    let mut sum = 0.0;
    let mut k = 23.0;
    while k > 1.0 {
        sum = (sum + 1.0 / k) * square;
        k -= 2.0;
    }
    2.0 * (s + s * sum)
}

/// exp x for |x| <= 700, to some units in the last place.
pub fn exp(x: f64) -> f64 {
    let halves = (x * std::f64::consts::LOG2_E).round();
    // |r| <= ln 2 / 2.
    let r = (x - halves * LN2_HIGH) - halves * LN2_LOW;
    let mut sum = 1.0;
    for k in (1..=14).rev() {
        sum = 1.0 + sum * r / f64::from(k);
    }
    let power = (halves as i64).clamp(-1022, 1023);
    sum * f64::from_bits(((power + 1023) as u64) << 52)
}
