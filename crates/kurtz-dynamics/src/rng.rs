//! Random numbers: one stream per trajectory, the same on every machine.
//!
//! A stream is xoshiro256++ (Blackman & Vigna 2021, doi:10.1145/3460772) whose state Philox4x32-10 (Salmon, Moraes,
//! Dror & Shaw 2011, doi:10.1145/2063384.2063405) derives from (seed, trajectory, purpose). Counter-based derivation
//! makes streams of neighbouring trajectories unrelated; xoshiro then costs a nanosecond a number. Everything here
//! uses only operations that IEEE 754 rounds exactly, never the system's `exp` or `ln`, so the bits agree everywhere.

/// What a stream is for: one trajectory can draw from several streams that have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Purpose {
    /// The events of a trajectory.
    Events = 0,
    /// Random initial states.
    InitialState = 1,
    /// Measurement noise added to results.
    Noise = 2,
    /// Resampling of results (bootstrap).
    Resampling = 3,
    /// The events of a phase before the start.
    Preparation = 4,
    /// What happened within a leap, for those who look at times inside it.
    Bridge = 5,
    /// Exact stretches between leaps.
    Burst = 6,
    /// Parameters drawn for a trajectory.
    Parameters = 7,
    /// Trajectories from which the error of a method is estimated.
    Pilot = 8,
    /// Rounding of real numbers of events to whole ones.
    Rounding = 9,
    /// Pairs of trajectories at two values of a parameter.
    Pair = 10,
}

/// Raised whenever sampled values change: results that are kept to go on from are those of one version.
pub const VERSION: u32 = 2;

/// The random numbers of one trajectory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimRng {
    state: [u64; 4],
}

impl SimRng {
    /// The stream of `trajectory` under `seed` for `purpose`.
    pub fn new(seed: u64, trajectory: u64, purpose: Purpose) -> Self {
        let key = [low(seed), high(seed)];
        let block = |i| philox4x32_10([low(trajectory), high(trajectory), purpose as u32, i], key);
        let word = |lo: u32, hi: u32| u64::from(lo) | u64::from(hi) << 32;
        let ([a, b, c, d], [e, f, g, h]) = (block(0), block(1));
        let state = [word(a, b), word(c, d), word(e, f), word(g, h)];
        // The one state that xoshiro cannot leave, met once in 2^256 streams.
        SimRng { state: if state == [0; 4] { [1, 2, 3, 4] } else { state } }
    }

    /// A stream that goes on from a state of xoshiro, not all 0.
    #[cfg(test)]
    pub(crate) fn from_state(state: [u64; 4]) -> Self {
        SimRng { state }
    }

    /// The state, from which vectors of lanes go on.
    pub(crate) fn state(&self) -> [u64; 4] {
        self.state
    }

    /// 64 random bits (xoshiro256++).
    #[inline(always)]
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in the open interval (0, 1): one of the 2^52 numbers (i + 1/2) 2^-52, from 2^-53 to 1 - 2^-53.
    #[inline(always)]
    pub fn uniform(&mut self) -> f64 {
        open_unit(self.bits())
    }

    /// [`SimRng::exponential`], if it lies inside a layer (99.7 %). If not, nothing of use has been drawn.
    #[inline(always)]
    pub(crate) fn exponential_inside(&mut self) -> Option<f64> {
        let bits = self.bits();
        let layer = (bits % LAYERS as u64) as usize;
        let x = open_unit(bits) * ZIGGURAT.x[layer];
        (x < ZIGGURAT.x[layer + 1]).then_some(x)
    }

    /// Exponential with mean 1, always > 0 (ziggurat of 1024 layers).
    #[inline(always)]
    pub fn exponential(&mut self) -> f64 {
        let bits = self.bits();
        let layer = (bits % LAYERS as u64) as usize;
        let x = open_unit(bits) * ZIGGURAT.x[layer];
        if x < ZIGGURAT.x[layer + 1] {
            return x;
        }
        // By value, so that the state can stay in registers.
        let (rng, x) = exponential_outside(self.clone(), layer, x);
        *self = rng;
        x
    }
}

/// The 0.3 % of exponential variates that do not lie inside a layer.
#[cold]
#[inline(never)]
fn exponential_outside(mut rng: SimRng, mut layer: usize, mut x: f64) -> (SimRng, f64) {
    let ZigguratTable { x: edge, f } = &ZIGGURAT;
    // What the tail adds: beyond R the law starts anew.
    let mut beyond = 0.0;
    loop {
        if x < edge[layer + 1] {
            return (rng, beyond + x);
        }
        if layer == 0 {
            beyond += ZIGGURAT_R;
        } else if f[layer] + (f[layer + 1] - f[layer]) * rng.uniform() < exp_of_minus(x) {
            return (rng, beyond + x);
        }
        let bits = rng.bits();
        layer = (bits % LAYERS as u64) as usize;
        x = open_unit(bits) * edge[layer];
    }
}

fn low(x: u64) -> u32 {
    x as u32
}

fn high(x: u64) -> u32 {
    (x >> 32) as u32
}

/// (i + 1/2) 2^-52 of the upper 52 bits i, without rounding.
#[inline(always)]
pub(crate) fn open_unit(bits: u64) -> f64 {
    // A number of [1, 2) less 1 - 2^-53; the difference has 53 bits and is exact.
    f64::from_bits(0x3ff0_0000_0000_0000 | bits >> 12) - (1.0 - f64::EPSILON / 2.0)
}

/// Philox4x32 with 10 rounds: a bijection of `counter`, chosen by `key`.
fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
        }
        let [c0, c1, c2, c3] = counter;
        let p0 = u64::from(c0) * 0xd251_1f53;
        let p1 = u64::from(c2) * 0xcd9e_8d57;
        counter = [high(p1) ^ c1 ^ key[0], low(p1), high(p0) ^ c3 ^ key[1], low(p0)];
    }
    counter
}

/// Layers of the ziggurat of exp(-x) (Marsaglia & Tsang 2000, doi:10.18637/jss.v005.i08): four times the usual number, which
/// takes 2 to 4 % off exact methods and hybrids.
const LAYERS: usize = 1024;
/// Where its tail begins.
const ZIGGURAT_R: f64 = 9.256_164_544_265_544;

/// Layer edges x (decreasing, `x[0]` the width of the base layer as if it were a rectangle) and f = exp(-x).
struct ZigguratTable {
    x: [f64; LAYERS + 1],
    f: [f64; LAYERS + 1],
}

static ZIGGURAT: ZigguratTable = ziggurat();

const fn ziggurat() -> ZigguratTable {
    let mut table = ZigguratTable { x: [0.0; LAYERS + 1], f: [1.0; LAYERS + 1] };
    let f_r = exp_of_minus(ZIGGURAT_R);
    // Area of every layer; that of the base includes the tail, whose area is exp(-R) too.
    let area = ZIGGURAT_R * f_r + f_r;
    table.x[0] = area / f_r;
    table.f[0] = exp_of_minus(table.x[0]);
    table.x[1] = ZIGGURAT_R;
    table.f[1] = f_r;
    let mut i = 2;
    while i < LAYERS {
        let f = area / table.x[i - 1] + table.f[i - 1];
        // Solve exp(-x) = f by Newton's iteration from the edge before.
        let mut x = table.x[i - 1];
        let mut step = 0;
        while step < 12 {
            x += 1.0 - f / exp_of_minus(x);
            step += 1;
        }
        table.x[i] = x;
        table.f[i] = f;
        i += 1;
    }
    table
}

/// exp(-x) for 0 <= x < 16, by halving and Taylor's series: the same bits everywhere, also at compile time.
pub(crate) const fn exp_of_minus(x: f64) -> f64 {
    // 1 / k!, k = 0 to 14.
    const COEFFICIENTS: [f64; 15] = {
        let mut c = [1.0; 15];
        let mut k = 1;
        while k < 15 {
            c[k] = c[k - 1] / k as f64;
            k += 1;
        }
        c
    };
    let y = -x / 32.0;
    let mut sum = 0.0;
    let mut k = 15;
    while k > 0 {
        k -= 1;
        sum = sum * y + COEFFICIENTS[k];
    }
    let mut i = 0;
    while i < 5 {
        sum *= sum;
        i += 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_test_vectors() {
        // Random123, kat_vectors, "philox4x32 10".
        assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox4x32_10([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox4x32_10([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn xoshiro_gives_the_reference_sequence() {
        // The reference implementation in C, from the state 1, 2, 3, 4.
        let mut rng = SimRng { state: [1, 2, 3, 4] };
        let expected =
            [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205];
        assert_eq!([(); 5].map(|()| rng.bits()), expected);
    }

    #[test]
    fn streams_keep_their_values() {
        // A change here changes every sampled trajectory: list it in CHANGELOG.md and raise `VERSION`.
        let mut rng = SimRng::new(42, 7, Purpose::Events);
        let bits = [(); 2].map(|()| rng.bits());
        let drawn = [rng.uniform().to_bits(), rng.exponential().to_bits(), rng.exponential().to_bits()];
        assert_eq!((bits, drawn), VALUES);
    }
    const VALUES: ([u64; 2], [u64; 3]) = (
        [159_805_064_417_708_366, 1_032_280_436_394_815_881],
        [4_607_165_908_403_036_483, 4_604_338_600_031_997_349, 4_571_179_926_526_113_069],
    );

    #[test]
    fn uniforms_stay_inside_the_open_interval() {
        assert_eq!(open_unit(0), f64::EPSILON / 2.0);
        assert_eq!(open_unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(open_unit(1 << 63), 0.5 + f64::EPSILON / 2.0);
    }

    #[test]
    fn the_ziggurat_closes_at_the_top() {
        let ZigguratTable { x, f } = &ZIGGURAT;
        assert!(x.windows(2).all(|e| e[0] > e[1]));
        assert!(x.iter().zip(f).all(|(x, f)| (f / (-x).exp() - 1.0).abs() < 1e-13));
        // The last layer reaches exp(0) = 1 exactly when R and the area belong together.
        let area = ZIGGURAT_R * f[1] + f[1];
        assert!((area / x[LAYERS - 1] + f[LAYERS - 1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn exponentials_follow_their_law() {
        // Moments 1-4 are 1, 2, 6, 24; variances 1, 20, 684, 39744. Four comparisons at 1e-6.
        let mut rng = SimRng::new(1, 0, Purpose::Events);
        let n = 1_000_000;
        let mut sums = [0.0; 4];
        let mut tail = 0u32;
        let mut bins = [0u32; 50];
        for _ in 0..n {
            let x = rng.exponential();
            assert!(x > 0.0);
            (0..4).for_each(|p| sums[p] += x.powi(p as i32 + 1));
            tail += u32::from(x > ZIGGURAT_R);
            bins[((1.0 - (-x).exp()) * 50.0) as usize] += 1;
        }
        let expected: [(f64, f64); 4] = [(1.0, 1.0), (2.0, 20.0), (6.0, 684.0), (24.0, 39_744.0)];
        for ((mean, variance), sum) in expected.into_iter().zip(sums) {
            let z = (sum / f64::from(n) - mean) / (variance / f64::from(n)).sqrt();
            assert!(z.abs() < 4.9, "moment {mean}: z = {z}");
        }
        let p = (-ZIGGURAT_R).exp();
        let z = (f64::from(tail) - p * f64::from(n)) / (p * f64::from(n)).sqrt();
        assert!(z.abs() < 4.9, "tail: z = {z}");
        // 49 degrees of freedom: P(chi2 > 109) = 1e-6 (z = 4.75 by Wilson-Hilferty).
        let expected = f64::from(n) / 50.0;
        let chi2: f64 = bins.iter().map(|&k| (f64::from(k) - expected).powi(2) / expected).sum();
        assert!(chi2 < 109.0, "chi2 = {chi2}");
    }

    #[test]
    fn long_streams_of_neighbours_are_uncorrelated_at_every_lag() {
        // Eight streams side by side, as in the lanes of a vector, each against the next at lags -3 to 3: 49 comparisons.
        let n = 20_000;
        let draw = |i| {
            let mut rng = SimRng::new(11, i, Purpose::Events);
            (0..n).map(|_| rng.uniform() - 0.5).collect::<Vec<_>>()
        };
        let streams: Vec<Vec<f64>> = (0..8).map(draw).collect();
        for pair in streams.windows(2) {
            for lag in -3..=3i64 {
                let (a, b) = (&pair[0][lag.max(0) as usize..], &pair[1][(-lag).max(0) as usize..]);
                let products: Vec<f64> = a.iter().zip(b).map(|(a, b)| a * b).collect();
                let z = products.iter().sum::<f64>() * 12.0 / (products.len() as f64).sqrt();
                assert!(z.abs() < 4.9, "lag {lag}: z = {z}");
            }
        }
    }

    #[test]
    fn streams_of_neighbours_are_uncorrelated() {
        // Correlation of u between trajectory i and i + 1, between seeds, and between purposes: 3 comparisons.
        let n = 100_000u64;
        let first = |seed, i, purpose| SimRng::new(seed, i, purpose).uniform() - 0.5;
        let z = |other: &dyn Fn(u64) -> f64| {
            (0..n).map(|i| first(3, i, Purpose::Events) * other(i)).sum::<f64>() * 12.0 / (n as f64).sqrt()
        };
        assert!(z(&|i| first(3, i + 1, Purpose::Events)).abs() < 4.9);
        assert!(z(&|i| first(4, i, Purpose::Events)).abs() < 4.9);
        assert!(z(&|i| first(3, i, Purpose::Noise)).abs() < 4.9);
    }
}
