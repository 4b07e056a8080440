//! Arrays of numbers that begin on a cache line, so that vector loads never straddle two.

use std::ops::{Deref, DerefMut};

/// Lanes of the widest vectors used, and the multiple to which rows are padded.
pub(crate) const LANES: usize = 16;

/// `length` rounded up to whole vectors.
pub(crate) fn padded(length: usize) -> usize {
    length.next_multiple_of(LANES)
}

/// A fixed number of f32 whose first one lies on a boundary of 64 bytes.
#[derive(Debug)]
pub(crate) struct Aligned {
    buffer: Vec<f32>,
    offset: usize,
    length: usize,
}

impl Aligned {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        let buffer = vec![0.0_f32; length + LANES];
        let offset = buffer.as_ptr().align_offset(64).min(LANES);
        Aligned { buffer, offset, length }
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Aligned::zeros(self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Aligned {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        &self.buffer[self.offset..self.offset + self.length]
    }
}

impl DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[self.offset..self.offset + self.length]
    }
}
