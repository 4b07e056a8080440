//! Matrix products for batches of a few dozen columns: C = A B, tile by tile, with something done to each finished tile.
//!
//! The batch (or the inputs of a layer, for gradients) runs along rows that are padded to whole vectors. A tile of C is
//! up to 6 rows by 4 vectors, which just fills the registers of AVX-512; the rows of A are read as scalars, from either
//! of its two layouts, so that weights are never transposed. B stays in the first cache, [`DEPTH`] rows at a time.

use super::aligned::LANES;

/// Rows of a tile.
const ROWS: usize = 6;
/// Vectors of a tile.
const VECTORS: usize = 4;
/// Rows of B treated at once: `DEPTH` x 64 f32 are 32 kB.
const DEPTH: usize = 128;

/// The left factor A, `[m x k]`.
#[derive(Clone, Copy)]
pub(crate) enum Left<'a> {
    /// Stored as `[m x stride]`.
    Rows(&'a [f32], usize),
    /// Stored as its transpose, `[k x stride]`.
    Columns(&'a [f32], usize),
}

/// The shape of a product.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C that are treated; a multiple of [`LANES`].
    pub n: usize,
    /// Columns of A, rows of B.
    pub k: usize,
    /// Distance of rows of B.
    pub b_stride: usize,
}

/// What becomes of a tile of the product.
///
/// `begin` gives the values that the sum starts from, `end` takes the sums: row by row, `LANES` columns from `column`
/// on. With more than [`DEPTH`] terms this happens once for each part of the sum, so that what `end` took `begin` must
/// give again; [`Tile::WHOLE`] sums forbid this and are never split.
pub(crate) trait Tile {
    /// Whether a sum must come in one piece.
    const WHOLE: bool;

    /// The values to add to; `first` before the first part of the sum.
    fn begin(&self, row: usize, column: usize, first: bool) -> [f32; LANES];

    /// Takes the sums.
    fn end(&mut self, row: usize, column: usize, sums: [f32; LANES]);
}

/// a b + c: fused where the processor does so.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Code compiled for the widest vectors the processor has.
///
/// `run` is compiled three times; FUSED says that it may fuse products with sums.
pub(crate) trait Vectorised {
    /// What `run` returns.
    type Output;

    /// The work; must be `#[inline(always)]`.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs `work` with the widest vectors there are.
///
/// # SAFETY of the calls within
/// Each is made only after the processor was asked for the feature. Measured at 8 x 500 units, a training step: 9 ms
/// with AVX-512, 13 ms with AVX2, 60 ms with neither.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn vectorised<W: Vectorised>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
        fn avx512<W: Vectorised>(work: W) -> W::Output {
            work.run::<true>()
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<W: Vectorised>(work: W) -> W::Output {
            work.run::<true>()
        }
        if std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512bw")
        {
            // SAFETY: the processor has these features, as just asked.
            return unsafe { avx512(work) };
        }
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            // SAFETY: the processor has these features, as just asked.
            return unsafe { avx2(work) };
        }
    }
    work.run::<false>()
}

/// C = A B with `tile` at both ends of each sum; to be called from [`Vectorised`] work.
///
/// # Complexity
/// m n k fused operations.
#[inline(always)]
pub(crate) fn product<const FUSED: bool, T: Tile>(shape: Shape, a: Left<'_>, b: &[f32], tile: &mut T) {
    let depth = if T::WHOLE { shape.k.max(1) } else { DEPTH };
    let mut column = 0;
    while column < shape.n {
        let vectors = ((shape.n - column) / LANES).min(VECTORS);
        let mut k = 0;
        loop {
            let terms = depth.min(shape.k - k);
            let part = Part { column, k, terms };
            match vectors {
                4 => strip::<FUSED, 4, T>(shape, a, b, tile, part),
                3 => strip::<FUSED, 3, T>(shape, a, b, tile, part),
                2 => strip::<FUSED, 2, T>(shape, a, b, tile, part),
                _ => strip::<FUSED, 1, T>(shape, a, b, tile, part),
            }
            k += terms;
            if k >= shape.k {
                break;
            }
        }
        column += vectors * LANES;
    }
}

/// Columns of C from `column` on, and `terms` terms of the sums from `k` on.
#[derive(Clone, Copy)]
struct Part {
    column: usize,
    k: usize,
    terms: usize,
}

#[inline(always)]
fn strip<const FUSED: bool, const V: usize, T: Tile>(shape: Shape, a: Left<'_>, b: &[f32], tile: &mut T, part: Part) {
    let mut row = 0;
    while row + ROWS <= shape.m {
        rows::<FUSED, ROWS, V, T>(shape, a, b, tile, part, row);
        row += ROWS;
    }
    while row + 2 <= shape.m {
        rows::<FUSED, 2, V, T>(shape, a, b, tile, part, row);
        row += 2;
    }
    if row < shape.m {
        rows::<FUSED, 1, V, T>(shape, a, b, tile, part, row);
    }
}

#[inline(always)]
fn rows<const FUSED: bool, const R: usize, const V: usize, T: Tile>(
    shape: Shape,
    a: Left<'_>,
    b: &[f32],
    tile: &mut T,
    part: Part,
    row: usize,
) {
    let Part { column, k, terms } = part;
    let mut sums = [[[0.0_f32; LANES]; V]; R];
    for (r, sums) in sums.iter_mut().enumerate() {
        for (v, sums) in sums.iter_mut().enumerate() {
            *sums = tile.begin(row + r, column + v * LANES, k == 0);
        }
    }
    let b = b[k * shape.b_stride..].chunks(shape.b_stride).take(terms);
    match a {
        Left::Rows(a, stride) => {
            let a: [&[f32]; R] = std::array::from_fn(|r| &a[(row + r) * stride + k..][..terms]);
            for (i, b) in b.enumerate() {
                accumulate::<FUSED, R, V>(&mut sums, &std::array::from_fn(|r| a[r][i]), b, column);
            }
        }
        Left::Columns(a, stride) => {
            for (a, b) in a[k * stride..].chunks(stride).zip(b) {
                let a: &[f32; R] = a[row..].first_chunk().expect("a row of every column");
                accumulate::<FUSED, R, V>(&mut sums, a, b, column);
            }
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        for (v, sums) in sums.into_iter().enumerate() {
            tile.end(row + r, column + v * LANES, sums);
        }
    }
}

#[inline(always)]
fn accumulate<const FUSED: bool, const R: usize, const V: usize>(
    sums: &mut [[[f32; LANES]; V]; R],
    a: &[f32; R],
    b: &[f32],
    column: usize,
) {
    let b = &b[column..column + V * LANES];
    let (b, _) = b.as_chunks::<LANES>();
    let b: &[[f32; LANES]; V] = b.first_chunk().expect("as many vectors as were cut");
    for r in 0..R {
        for v in 0..V {
            for l in 0..LANES {
                sums[r][v][l] = multiply_add::<FUSED>(a[r], b[v][l], sums[r][v][l]);
            }
        }
    }
}
