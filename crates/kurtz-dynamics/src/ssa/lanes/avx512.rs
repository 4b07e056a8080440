//! Lanes in registers of AVX-512.
//!
//! `unsafe` here has two reasons, both measured: a register is read lane by lane through its memory, and the intrinsics
//! are called from functions that are not marked with their features themselves, since only such functions can implement
//! a trait and still be inlined. The compiler alone, left to vectorise [`Eight`](super::pack::Eight), is several times
//! slower (see `docs/reference/methods.md`).
#![allow(unsafe_code, reason = "measured: several times as fast as what the compiler makes of plain loops")]

use super::logarithm::TABLE;
use super::pack::Pack;
use std::arch::x86_64::*;

/// Eight numbers in one register.
///
/// Only functions that [`super::isa`] calls after it has found AVX-512 in the processor may touch one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Register(__m512d);

/// Calls an intrinsic.
macro_rules! op {
    ($call:expr) => {
        // SAFETY: a `Register` exists only where the processor has the features; see its documentation.
        unsafe { $call }
    };
}

impl Pack for Register {
    const LANES: usize = 8;
    type Bits = __m512i;
    type Mask = __mmask8;
    type Index = __m512i;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Register(op!(_mm512_set1_pd(x)))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Register(op!(_mm512_add_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Register(op!(_mm512_sub_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Register(op!(_mm512_mul_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Register(op!(_mm512_div_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Register(op!(_mm512_min_pd(self.0, other.0)))
    }
    #[inline(always)]
    fn get(&self, lane: usize) -> f64 {
        // SAFETY: the register is 64 bytes of memory in which any bits are eight numbers.
        let lanes: &[f64; 8] = unsafe { &*std::ptr::from_ref(&self.0).cast() };
        lanes[lane]
    }
    #[inline(always)]
    fn set(&mut self, lane: usize, x: f64) {
        // Not through memory: reading all of a register of which a part was just written stalls.
        self.0 = op!(_mm512_mask_mov_pd(self.0, 1 << lane, _mm512_set1_pd(x)));
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> __mmask8 {
        op!(_mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0))
    }
    #[inline(always)]
    fn add_where(self, mask: __mmask8, x: f64) -> Self {
        Register(op!(_mm512_mask_add_pd(self.0, mask, self.0, _mm512_set1_pd(x))))
    }
    #[inline(always)]
    fn select(self, mask: __mmask8, other: Self) -> Self {
        Register(op!(_mm512_mask_blend_pd(mask, other.0, self.0)))
    }
    #[inline(always)]
    fn everywhere() -> __mmask8 {
        0xff
    }
    #[inline(always)]
    fn and_not(a: __mmask8, b: __mmask8) -> __mmask8 {
        a & !b
    }
    #[inline(always)]
    fn set_mask(mask: &mut __mmask8, lane: usize, holds: bool) {
        *mask = *mask & !(1 << lane) | u8::from(holds) << lane;
    }
    #[inline(always)]
    fn mask_bits(mask: __mmask8) -> u32 {
        mask.into()
    }
    #[inline(always)]
    fn zero() -> __m512i {
        op!(_mm512_setzero_si512())
    }
    #[inline(always)]
    fn count(index: __m512i, mask: __mmask8) -> __m512i {
        op!(_mm512_mask_add_epi64(index, mask, index, _mm512_set1_epi64(1)))
    }
    #[inline(always)]
    fn set_index(index: &mut __m512i, lane: usize, value: usize) {
        Self::set_bits(index, lane, value as u64);
    }
    #[inline(always)]
    fn lookup(table: &[f64; 8], index: __m512i) -> Self {
        Register(op!(_mm512_permutexvar_pd(index, _mm512_loadu_pd(table.as_ptr()))))
    }
    #[inline(always)]
    fn no_bits() -> __m512i {
        Self::zero()
    }
    #[inline(always)]
    fn set_bits(bits: &mut __m512i, lane: usize, value: u64) {
        *bits = op!(_mm512_mask_mov_epi64(*bits, 1 << lane, _mm512_set1_epi64(value as i64)));
    }
    #[inline(always)]
    fn next_bits(s: &mut [__m512i; 4]) -> __m512i {
        op!({
            let sum = _mm512_add_epi64(s[0], s[3]);
            let result = _mm512_add_epi64(_mm512_rol_epi64::<23>(sum), s[0]);
            let t = _mm512_slli_epi64::<17>(s[1]);
            s[2] = _mm512_xor_si512(s[2], s[0]);
            s[3] = _mm512_xor_si512(s[3], s[1]);
            s[1] = _mm512_xor_si512(s[1], s[2]);
            s[0] = _mm512_xor_si512(s[0], s[3]);
            s[2] = _mm512_xor_si512(s[2], t);
            s[3] = _mm512_rol_epi64::<45>(s[3]);
            result
        })
    }
    #[inline(always)]
    fn open_unit(bits: __m512i) -> Self {
        op!({
            let one = _mm512_set1_epi64(0x3ff0_0000_0000_0000);
            let from_one = _mm512_castsi512_pd(_mm512_or_si512(_mm512_srli_epi64::<12>(bits), one));
            Register(_mm512_sub_pd(from_one, _mm512_set1_pd(1.0 - f64::EPSILON / 2.0)))
        })
    }
    #[inline(always)]
    fn take_apart(self) -> [Self; 4] {
        op!({
            let bits = _mm512_castpd_si512(self.0);
            let above = _mm512_sub_epi64(bits, _mm512_set1_epi64(0x3fe6_0000_0000_0000));
            let exponent = _mm512_and_si512(above, _mm512_set1_epi64(0xfff0_0000_0000_0000_u64 as i64));
            let z = _mm512_castsi512_pd(_mm512_sub_epi64(bits, exponent));
            let k = _mm512_cvtepi64_pd(_mm512_srai_epi64::<52>(above));
            // Only the four lowest bits of an index count.
            let interval = _mm512_srli_epi64::<48>(above);
            let from = |table: &[f64; 16]| {
                let (low, high) = (_mm512_loadu_pd(table.as_ptr()), _mm512_loadu_pd(table.as_ptr().add(8)));
                Register(_mm512_permutex2var_pd(low, interval, high))
            };
            [Register(k), Register(z), from(&TABLE.inverse), from(&TABLE.logarithm)]
        })
    }
}
