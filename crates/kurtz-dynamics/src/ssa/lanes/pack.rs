//! A vector of lanes, each a trajectory of its own: the few operations that the engine needs of it.
//!
//! All of them are exactly rounded, lane by lane, so that every implementation gives the same bits: a single number,
//! eight numbers that the compiler vectorises as it can, or a register of AVX-512.

use super::logarithm;

/// Numbers side by side.
pub(super) trait Pack: Copy + Send + std::fmt::Debug {
    /// How many.
    const LANES: usize;
    /// 64 bits in every lane.
    type Bits: Copy + Send + std::fmt::Debug;
    /// A claim in every lane.
    type Mask: Copy + Send + std::fmt::Debug;
    /// A small number from 0 on in every lane.
    type Index: Copy + Send + std::fmt::Debug;

    fn splat(x: f64) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// The smaller; of something and NaN, anything.
    fn min(self, other: Self) -> Self;
    fn get(&self, lane: usize) -> f64;
    fn set(&mut self, lane: usize, x: f64);

    /// Where this <= other; nowhere where one is NaN.
    fn at_most(self, other: Self) -> Self::Mask;
    /// Adds `x` where `mask` holds.
    fn add_where(self, mask: Self::Mask, x: f64) -> Self;
    /// `self` where `mask` holds, else `other`.
    fn select(self, mask: Self::Mask, other: Self) -> Self;
    /// A mask that holds everywhere.
    fn everywhere() -> Self::Mask;
    /// Where `a` holds and `b` does not.
    fn and_not(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn set_mask(mask: &mut Self::Mask, lane: usize, holds: bool);
    /// A bit for each lane, the first lowest.
    fn mask_bits(mask: Self::Mask) -> u32;

    /// 0 in every lane.
    fn zero() -> Self::Index;
    /// One more where `mask` holds.
    fn count(index: Self::Index, mask: Self::Mask) -> Self::Index;
    fn set_index(index: &mut Self::Index, lane: usize, value: usize);
    /// `table[index]` in every lane.
    fn lookup(table: &[f64; 8], index: Self::Index) -> Self;

    fn no_bits() -> Self::Bits;
    fn set_bits(bits: &mut Self::Bits, lane: usize, value: u64);
    /// A step of xoshiro256++ in every lane.
    fn next_bits(state: &mut [Self::Bits; 4]) -> Self::Bits;
    /// As [`SimRng::uniform`](crate::rng::SimRng::uniform) makes it of bits.
    fn open_unit(bits: Self::Bits) -> Self;
    /// As [`logarithm::take_apart`].
    fn take_apart(self) -> [Self; 4];
}

/// One step of xoshiro256++.
#[inline(always)]
fn next_bits(state: &mut [u64; 4]) -> u64 {
    let s = state;
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

#[inline(always)]
fn open_unit(bits: u64) -> f64 {
    f64::from_bits(0x3ff0_0000_0000_0000 | bits >> 12) - (1.0 - f64::EPSILON / 2.0)
}

impl Pack for f64 {
    const LANES: usize = 1;
    type Bits = u64;
    type Mask = bool;
    type Index = usize;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self - other
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self / other
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
    #[inline(always)]
    fn get(&self, _: usize) -> f64 {
        *self
    }
    #[inline(always)]
    fn set(&mut self, _: usize, x: f64) {
        *self = x;
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> bool {
        self <= other
    }
    #[inline(always)]
    fn add_where(self, mask: bool, x: f64) -> Self {
        self + if mask { x } else { 0.0 }
    }
    #[inline(always)]
    fn select(self, mask: bool, other: Self) -> Self {
        if mask { self } else { other }
    }
    #[inline(always)]
    fn everywhere() -> bool {
        true
    }
    #[inline(always)]
    fn and_not(a: bool, b: bool) -> bool {
        a & !b
    }
    #[inline(always)]
    fn set_mask(mask: &mut bool, _: usize, holds: bool) {
        *mask = holds;
    }
    #[inline(always)]
    fn mask_bits(mask: bool) -> u32 {
        mask.into()
    }
    #[inline(always)]
    fn zero() -> usize {
        0
    }
    #[inline(always)]
    fn count(index: usize, mask: bool) -> usize {
        index + usize::from(mask)
    }
    #[inline(always)]
    fn set_index(index: &mut usize, _: usize, value: usize) {
        *index = value;
    }
    #[inline(always)]
    fn lookup(table: &[f64; 8], index: usize) -> Self {
        table[index & 7]
    }
    #[inline(always)]
    fn no_bits() -> u64 {
        0
    }
    #[inline(always)]
    fn set_bits(bits: &mut u64, _: usize, value: u64) {
        *bits = value;
    }
    #[inline(always)]
    fn next_bits(state: &mut [u64; 4]) -> u64 {
        next_bits(state)
    }
    #[inline(always)]
    fn open_unit(bits: u64) -> Self {
        open_unit(bits)
    }
    #[inline(always)]
    fn take_apart(self) -> [Self; 4] {
        logarithm::take_apart(self)
    }
}

/// Eight numbers, each operation a loop that the compiler vectorises for the processor it compiles for.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Eight([f64; 8]);

impl Eight {
    #[inline(always)]
    fn map(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Eight(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

/// All bits of a lane, as a claim.
#[inline(always)]
fn truth(claim: bool) -> u64 {
    if claim { u64::MAX } else { 0 }
}

impl Pack for Eight {
    const LANES: usize = 8;
    type Bits = [u64; 8];
    type Mask = [u64; 8];
    type Index = [u64; 8];

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Eight([x; 8])
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.map(other, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.map(other, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.map(other, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.map(other, |a, b| a / b)
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.map(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn get(&self, lane: usize) -> f64 {
        self.0[lane]
    }
    #[inline(always)]
    fn set(&mut self, lane: usize, x: f64) {
        self.0[lane] = x;
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> Self::Mask {
        std::array::from_fn(|l| truth(self.0[l] <= other.0[l]))
    }
    #[inline(always)]
    fn add_where(self, mask: Self::Mask, x: f64) -> Self {
        Eight(std::array::from_fn(|l| self.0[l] + f64::from_bits(x.to_bits() & mask[l])))
    }
    #[inline(always)]
    fn select(self, mask: Self::Mask, other: Self) -> Self {
        Eight(std::array::from_fn(|l| f64::from_bits(self.0[l].to_bits() & mask[l] | other.0[l].to_bits() & !mask[l])))
    }
    #[inline(always)]
    fn everywhere() -> Self::Mask {
        [u64::MAX; 8]
    }
    #[inline(always)]
    fn and_not(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        std::array::from_fn(|l| a[l] & !b[l])
    }
    #[inline(always)]
    fn set_mask(mask: &mut Self::Mask, lane: usize, holds: bool) {
        mask[lane] = truth(holds);
    }
    #[inline(always)]
    fn mask_bits(mask: Self::Mask) -> u32 {
        (0..8).fold(0, |bits, l| bits | ((mask[l] & 1) as u32) << l)
    }
    #[inline(always)]
    fn zero() -> Self::Index {
        [0; 8]
    }
    #[inline(always)]
    fn count(index: Self::Index, mask: Self::Mask) -> Self::Index {
        std::array::from_fn(|l| index[l].wrapping_sub(mask[l]))
    }
    #[inline(always)]
    fn set_index(index: &mut Self::Index, lane: usize, value: usize) {
        index[lane] = value as u64;
    }
    #[inline(always)]
    fn lookup(table: &[f64; 8], index: Self::Index) -> Self {
        Eight(std::array::from_fn(|l| table[index[l] as usize & 7]))
    }
    #[inline(always)]
    fn no_bits() -> Self::Bits {
        [0; 8]
    }
    #[inline(always)]
    fn set_bits(bits: &mut Self::Bits, lane: usize, value: u64) {
        bits[lane] = value;
    }
    #[inline(always)]
    fn next_bits(state: &mut [Self::Bits; 4]) -> Self::Bits {
        let mut result = [0; 8];
        let [a, b, c, d] = state;
        for l in 0..8 {
            let mut s = [a[l], b[l], c[l], d[l]];
            result[l] = next_bits(&mut s);
            (a[l], b[l], c[l], d[l]) = (s[0], s[1], s[2], s[3]);
        }
        result
    }
    #[inline(always)]
    fn open_unit(bits: Self::Bits) -> Self {
        Eight(bits.map(open_unit))
    }
    #[inline(always)]
    fn take_apart(self) -> [Self; 4] {
        let mut parts = [Eight([0.0; 8]); 4];
        for l in 0..8 {
            let [k, z, inverse, logarithm] = logarithm::take_apart(self.0[l]);
            (parts[0].0[l], parts[1].0[l], parts[2].0[l], parts[3].0[l]) = (k, z, inverse, logarithm);
        }
        parts
    }
}
