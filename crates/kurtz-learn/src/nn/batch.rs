//! Values of a batch of samples, forward through a network.
//!
//! A batch runs along rows, `[units x batch]`, padded to whole vectors.

use super::aligned::{Aligned, LANES, padded};
use super::dropout::{Mask, Masks};
use super::mlp::Mlp;
use super::product::{Left, Shape, Tile, Vectorised, product, vectorised};

/// Largest batch: gradients are summed over it in one piece.
pub const MAX_BATCH: usize = 1024;

/// Index of a unit's entry for a sample in its layer's mask, whatever the batch.
#[inline(always)]
pub(crate) fn entry(unit: usize, sample: usize) -> u32 {
    (unit * MAX_BATCH + sample) as u32
}

/// Values of a batch in all layers of a network.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Columns, padded.
    pub(crate) columns: usize,
    /// For each layer: what enters it, `[inputs x columns]`.
    pub(crate) values: Vec<Aligned>,
    /// For each layer: its sums z, `[outputs x columns]`.
    pub(crate) sums: Vec<Aligned>,
}

impl Batch {
    /// Space for at most `size` samples in a network of this shape.
    ///
    /// # Panics
    /// If `size` is 0 or above [`MAX_BATCH`].
    pub fn new(network: &Mlp, size: usize) -> Self {
        assert!((1..=MAX_BATCH).contains(&size), "a batch of 1 to {MAX_BATCH}");
        let columns = padded(size);
        let layers = &network.layers;
        Batch {
            columns,
            values: layers.iter().map(|l| Aligned::zeros(l.inputs * columns)).collect(),
            sums: layers.iter().map(|l| Aligned::zeros(l.outputs * columns)).collect(),
        }
    }

    /// Input `k` of the next batch, by sample, to be written.
    pub fn input_mut(&mut self, k: usize) -> &mut [f32] {
        &mut self.values[0][k * self.columns..][..self.columns]
    }

    /// Output `o` by sample, after [`Batch::forward`].
    pub fn output(&self, o: usize) -> &[f32] {
        &self.sums.last().expect("a last layer")[o * self.columns..][..self.columns]
    }

    /// Computes the outputs of the first `count` samples; `network` must have the shape this was made for.
    pub fn forward(&mut self, network: &Mlp, count: usize) {
        self.forward_masked(network, count, None);
    }

    /// The same with units dropped by masks, of a step, with a probability.
    pub(crate) fn forward_masked(&mut self, network: &Mlp, count: usize, masks: Option<(Masks, u64, f64)>) {
        vectorised(Forward { batch: self, network, count, masks });
    }
}

struct Forward<'a> {
    batch: &'a mut Batch,
    network: &'a Mlp,
    count: usize,
    masks: Option<(Masks, u64, f64)>,
}

impl Vectorised for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Forward { batch: Batch { columns, values, sums }, network, count, masks } = self;
        let (columns, width) = (*columns, padded(count));
        for (number, layer) in network.layers.iter().enumerate() {
            let shape = Shape { m: layer.outputs, n: width, k: layer.inputs, b_stride: columns };
            let left = Left::Rows(&layer.weights, layer.stride);
            let mut tile = Sums { out: &mut sums[number], columns, bias: &layer.bias };
            product::<FUSED, _>(shape, left, &values[number], &mut tile);
            let Some(out) = values.get_mut(number + 1) else { return };
            let mask = masks.map(|(masks, step, p)| masks.layer(step, number as u64, p));
            for unit in 0..layer.outputs {
                let slope = layer.slopes.get(unit).copied().unwrap_or(0.0);
                let z = &sums[number][unit * columns..][..width];
                activate(z, slope, mask, unit, &mut out[unit * columns..][..width]);
            }
        }
    }
}

/// a = factor f(z) of one unit.
#[inline(always)]
fn activate(z: &[f32], slope: f32, mask: Option<Mask>, unit: usize, out: &mut [f32]) {
    let f = |z: f32| if z > 0.0 { z } else { slope * z };
    match mask {
        Some(mask) => {
            for (i, (out, z)) in out.iter_mut().zip(z).enumerate() {
                *out = mask.factor(entry(unit, i)) * f(*z);
            }
        }
        None => out.iter_mut().zip(z).for_each(|(out, z)| *out = f(*z)),
    }
}

/// Stores sums, `[.. x columns]`, that start from biases, or from zero if there are none.
pub(crate) struct Sums<'a> {
    pub out: &'a mut [f32],
    pub columns: usize,
    pub bias: &'a [f32],
}

impl Tile for Sums<'_> {
    const WHOLE: bool = false;

    #[inline(always)]
    fn begin(&self, row: usize, column: usize, first: bool) -> [f32; LANES] {
        if first {
            [self.bias.get(row).copied().unwrap_or(0.0); LANES]
        } else {
            *self.out[row * self.columns + column..].first_chunk().expect("a whole vector")
        }
    }

    #[inline(always)]
    fn end(&mut self, row: usize, column: usize, sums: [f32; LANES]) {
        self.out[row * self.columns + column..][..LANES].copy_from_slice(&sums);
    }
}
