//! One training step: forward with dropout, backward, Adam and clipping, in passes that fit the caches.
//!
//! A batch runs along rows, `[units x batch]`, padded to whole vectors; beside it each layer keeps its values
//! `[batch x units]`, which is what the gradient of the weights reads. Going back, a layer first hands the error down
//! through its old weights; then each tile of the gradient is used up by Adam while it is still in registers, so that
//! gradients are never stored.

use super::adam::{AdamSettings, AdamStep};
use super::aligned::{Aligned, LANES, padded};
use super::dropout::{Mask, Masks};
use super::mlp::{Layer, Mlp};
use super::product::{Left, Shape, Tile, Vectorised, product, vectorised};

/// Largest batch: gradients are summed over it in one piece.
pub const MAX_BATCH: usize = 1024;

/// A network in training: weights, state of Adam, and the space that a step needs.
#[derive(Clone, Debug)]
pub struct Trainer {
    network: Mlp,
    adam: AdamSettings,
    masks: Masks,
    dropout: f64,
    /// Steps taken.
    steps: u64,
    averages: Vec<Averages>,
    space: Space,
}

/// Means of gradients and of their squares of one layer, as its weights are stored.
#[derive(Clone, Debug)]
pub(crate) struct Averages {
    pub weights: [Aligned; 2],
    pub bias: [Vec<f32>; 2],
    pub slopes: [Vec<f32>; 2],
}

impl Averages {
    fn zeros(layer: &Layer) -> Self {
        let vectors = |n: usize| [vec![0.0; n], vec![0.0; n]];
        Averages {
            weights: [Aligned::zeros(layer.weights.len()), Aligned::zeros(layer.weights.len())],
            bias: vectors(layer.bias.len()),
            slopes: vectors(layer.slopes.len()),
        }
    }
}

/// Gradients of the loss, as the weights are stored.
#[derive(Clone, Debug)]
pub(crate) struct Gradient {
    pub weights: Aligned,
    pub bias: Vec<f32>,
    pub slopes: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Space {
    /// Columns of the batch, padded.
    columns: usize,
    /// For each layer: what enters it, `[inputs x columns]`.
    values: Vec<Aligned>,
    /// The same, `[columns x stride]`.
    transposed: Vec<Aligned>,
    /// For each layer: its sums z, `[outputs x columns]`.
    sums: Vec<Aligned>,
    /// The error of the layer at hand and of the one below, `[units x columns]`.
    errors: [Aligned; 2],
}

impl Trainer {
    /// Prepares training in batches of at most `batch` samples; masks are those of (seed, trial).
    ///
    /// # Panics
    /// If `batch` is 0 or above [`MAX_BATCH`].
    pub fn new(network: Mlp, adam: AdamSettings, dropout: f64, batch: usize, seed: u64) -> Self {
        assert!((1..=MAX_BATCH).contains(&batch), "a batch of 1 to {MAX_BATCH}");
        let columns = padded(batch);
        let layers = &network.layers;
        let largest = layers.iter().map(|l| l.inputs.max(l.outputs)).max().expect("a layer");
        let space = Space {
            columns,
            values: layers.iter().map(|l| Aligned::zeros(l.inputs * columns)).collect(),
            transposed: layers.iter().map(|l| Aligned::zeros(columns * l.stride)).collect(),
            sums: layers.iter().map(|l| Aligned::zeros(l.outputs * columns)).collect(),
            errors: [Aligned::zeros(largest * columns), Aligned::zeros(largest * columns)],
        };
        let averages = layers.iter().map(Averages::zeros).collect();
        Trainer { network, adam, masks: Masks::new(seed), dropout, steps: 0, averages, space }
    }

    /// The network as it is now.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Input `k` of the next batch, by sample, `[batch]`, to be written.
    pub fn input_mut(&mut self, k: usize) -> &mut [f32] {
        let columns = self.space.columns;
        &mut self.space.values[0][k * columns..][..columns]
    }

    /// Output `o` of sample `i` at the last [`Trainer::forward`] or [`Trainer::step`].
    pub fn output(&self, o: usize, i: usize) -> f32 {
        self.space.sums.last().expect("a last layer")[o * self.space.columns + i]
    }

    /// Gradient of the loss with respect to input `k`, by sample, at the last step, before its update, `[batch]`.
    pub fn input_gradient(&self, k: usize) -> &[f32] {
        &self.space.errors[0][k * self.space.columns..][..self.space.columns]
    }

    /// Computes the outputs of `batch` samples, nothing dropped.
    pub fn forward(&mut self, batch: usize) {
        vectorised(Forward { trainer: self, batch, training: false });
    }

    /// One step: takes the loss 1/(batch x outputs) sum (output - target)^2 down; returns it as it was before.
    ///
    /// `targets` is `[batch x outputs]`. The gradient of the inputs is then at [`Trainer::input_gradient`].
    ///
    /// # Panics
    /// If `targets` has another length.
    pub fn step(&mut self, batch: usize, targets: &[f32]) -> f64 {
        let loss = self.forward_and_error(batch, targets);
        self.steps += 1;
        let adam = self.adam.at(self.steps);
        vectorised(Backward { trainer: self, batch, adam, gradients: None });
        loss
    }

    /// The loss of [`Trainer::step`] and its gradient with respect to all weights, which stay.
    #[cfg(test)]
    pub(crate) fn gradient(&mut self, batch: usize, targets: &[f32]) -> (f64, Vec<Gradient>) {
        let loss = self.forward_and_error(batch, targets);
        let zeros = |l: &Layer| Gradient {
            weights: Aligned::zeros(l.weights.len()),
            bias: vec![0.0; l.bias.len()],
            slopes: vec![0.0; l.slopes.len()],
        };
        let mut gradients: Vec<Gradient> = self.network.layers.iter().map(zeros).collect();
        let adam = self.adam.at(1);
        vectorised(Backward { trainer: self, batch, adam, gradients: Some(&mut gradients) });
        (loss, gradients)
    }

    fn forward_and_error(&mut self, batch: usize, targets: &[f32]) -> f64 {
        let outputs = self.network.outputs();
        assert_eq!(targets.len(), batch * outputs, "one target for each output of each sample");
        vectorised(Forward { trainer: self, batch, training: true });
        let columns = self.space.columns;
        let last = self.space.sums.last().expect("a last layer");
        let mut loss = 0.0;
        let scale = 2.0 / (batch * outputs) as f32;
        for o in 0..outputs {
            let error = &mut self.space.errors[0][o * columns..][..columns];
            error.fill(0.0);
            for i in 0..batch {
                let difference = last[o * columns + i] - targets[i * outputs + o];
                loss += f64::from(difference).powi(2);
                error[i] = scale * difference;
            }
        }
        loss / (batch * outputs) as f64
    }

    /// The mask of hidden layer `layer` in the step to come.
    fn mask(&self, layer: usize, training: bool) -> Option<Mask> {
        (training && self.dropout > 0.0).then(|| self.masks.layer(self.steps, layer as u64, self.dropout))
    }
}

/// Index of a unit's entry for a sample in its layer's mask, whatever the batch.
#[inline(always)]
fn entry(unit: usize, sample: usize) -> u32 {
    (unit * MAX_BATCH + sample) as u32
}

struct Forward<'a> {
    trainer: &'a mut Trainer,
    batch: usize,
    training: bool,
}

impl Vectorised for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Forward { trainer, batch, training } = self;
        let columns = trainer.space.columns;
        let width = padded(batch);
        let (count, inputs, stride) = {
            let layers = &trainer.network.layers;
            (layers.len(), layers[0].inputs, layers[0].stride)
        };
        transpose(&trainer.space.values[0], columns, inputs, &mut trainer.space.transposed[0], stride);
        for number in 0..count {
            let mask = trainer.mask(number, training);
            let layer = &trainer.network.layers[number];
            let shape = Shape { m: layer.outputs, n: width, k: layer.inputs, b_stride: columns };
            let left = Left::Rows(&layer.weights, layer.stride);
            let values = &trainer.space.values[number];
            let mut tile = Sums { out: &mut trainer.space.sums[number], columns, bias: &layer.bias };
            product::<FUSED, _>(shape, left, values, &mut tile);
            if number + 1 < count {
                let sums = &trainer.space.sums[number];
                let out = &mut trainer.space.values[number + 1];
                for unit in 0..layer.outputs {
                    let slope = layer.slopes.get(unit).copied().unwrap_or(0.0);
                    let z = &sums[unit * columns..][..width];
                    activate(z, slope, mask, unit, &mut out[unit * columns..][..width]);
                }
                let stride = trainer.network.layers[number + 1].stride;
                transpose(out, columns, layer.outputs, &mut trainer.space.transposed[number + 1], stride);
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

/// Copies the first `rows` rows of `from`, `[.. x from_stride]`, to columns of `to`, `[.. x to_stride]`.
#[inline(always)]
fn transpose(from: &[f32], from_stride: usize, rows: usize, to: &mut [f32], to_stride: usize) {
    let columns = to.len() / to_stride;
    for first in (0..rows).step_by(LANES) {
        let rows = LANES.min(rows - first);
        for column in (0..columns.min(from_stride)).step_by(LANES) {
            let width = LANES.min(columns - column).min(from_stride - column);
            for c in column..column + width {
                let out = &mut to[c * to_stride + first..][..rows];
                for (r, out) in out.iter_mut().enumerate() {
                    *out = from[(first + r) * from_stride + c];
                }
            }
        }
    }
}

struct Backward<'a> {
    trainer: &'a mut Trainer,
    batch: usize,
    adam: AdamStep,
    /// Where to write gradients instead of using them.
    gradients: Option<&'a mut Vec<Gradient>>,
}

impl Vectorised for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let Backward { trainer, batch, adam, gradients } = &mut self;
        let (batch, columns) = (*batch, trainer.space.columns);
        let width = padded(batch);
        for number in (0..trainer.network.layers.len()).rev() {
            let mask = if number > 0 { trainer.mask_of_step(number - 1, gradients.is_some()) } else { None };
            let layers = &mut trainer.network.layers;
            let [errors, below] = &mut trainer.space.errors;
            let layer = &layers[number];
            // W^T e, through the weights as they were.
            let shape = Shape { m: layer.inputs, n: width, k: layer.outputs, b_stride: columns };
            let left = Left::Columns(&layer.weights, layer.stride);
            product::<FUSED, _>(shape, left, errors, &mut Sums { out: below, columns, bias: &[] });
            // The gradient of W is e a^T.
            let layer = &mut layers[number];
            let shape = Shape { m: layer.outputs, n: layer.stride, k: batch, b_stride: layer.stride };
            let left = Left::Rows(errors, columns);
            let values = &trainer.space.transposed[number];
            let averages = &mut trainer.averages[number];
            match gradients {
                None => {
                    let [m, v] = &mut averages.weights;
                    let mut tile =
                        Update::<FUSED> { weights: &mut layer.weights, m, v, stride: layer.stride, adam: *adam };
                    product::<FUSED, _>(shape, left, values, &mut tile);
                }
                Some(gradients) => {
                    let mut tile = Whole { out: &mut gradients[number].weights, stride: layer.stride };
                    product::<FUSED, _>(shape, left, values, &mut tile);
                }
            }
            for unit in 0..layer.outputs {
                let g = total(&errors[unit * columns..][..width]);
                match gradients {
                    None => {
                        let [m, v] = &mut averages.bias;
                        adam.update::<FUSED>(&mut layer.bias[unit], &mut m[unit], &mut v[unit], g);
                    }
                    Some(gradients) => gradients[number].bias[unit] = g,
                }
            }
            if number == 0 {
                trainer.space.errors.swap(0, 1);
                return;
            }
            // Through the function and the mask of the layer below.
            let layer = &mut layers[number - 1];
            let sums = &trainer.space.sums[number - 1];
            let averages = &mut trainer.averages[number - 1];
            for unit in 0..layer.outputs {
                let slope = layer.slopes.get(unit).copied();
                let z = &sums[unit * columns..][..width];
                let e = &mut below[unit * columns..][..width];
                if let Some(mask) = mask {
                    e.iter_mut().enumerate().for_each(|(i, e)| *e *= mask.factor(entry(unit, i)));
                }
                let Some(slope) = slope else {
                    e.iter_mut().zip(z).for_each(|(e, z)| *e = if *z > 0.0 { *e } else { 0.0 });
                    continue;
                };
                let mut lanes = [0.0_f32; LANES];
                for (e, z) in e.as_chunks::<LANES>().0.iter().zip(z.as_chunks::<LANES>().0) {
                    for l in 0..LANES {
                        lanes[l] += if z[l] > 0.0 { 0.0 } else { e[l] * z[l] };
                    }
                }
                let g = total(&lanes);
                e.iter_mut().zip(z).for_each(|(e, z)| *e = if *z > 0.0 { *e } else { slope * *e });
                match gradients {
                    None => {
                        let [m, v] = &mut averages.slopes;
                        adam.update::<FUSED>(&mut layer.slopes[unit], &mut m[unit], &mut v[unit], g);
                    }
                    Some(gradients) => gradients[number - 1].slopes[unit] = g,
                }
            }
            trainer.space.errors.swap(0, 1);
        }
    }
}

impl Trainer {
    /// The mask that the last forward pass used; a step has been counted since unless gradients alone were asked for.
    fn mask_of_step(&self, layer: usize, uncounted: bool) -> Option<Mask> {
        let step = if uncounted { self.steps } else { self.steps - 1 };
        (self.dropout > 0.0).then(|| self.masks.layer(step, layer as u64, self.dropout))
    }
}

/// The sum of whole vectors.
#[inline(always)]
fn total(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    for chunk in values.as_chunks::<LANES>().0 {
        for l in 0..LANES {
            lanes[l] += chunk[l];
        }
    }
    lanes.iter().sum()
}

/// Stores sums, `[.. x columns]`, that start from biases, or from zero if there are none.
struct Sums<'a> {
    out: &'a mut [f32],
    columns: usize,
    bias: &'a [f32],
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

/// Moves weights by Adam.
struct Update<'a, const FUSED: bool> {
    weights: &'a mut [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    stride: usize,
    adam: AdamStep,
}

impl<const FUSED: bool> Tile for Update<'_, FUSED> {
    const WHOLE: bool = true;

    #[inline(always)]
    fn begin(&self, _: usize, _: usize, _: bool) -> [f32; LANES] {
        [0.0; LANES]
    }

    #[inline(always)]
    fn end(&mut self, row: usize, column: usize, sums: [f32; LANES]) {
        let at = row * self.stride + column;
        let (w, m, v) = (&mut self.weights[at..], &mut self.m[at..], &mut self.v[at..]);
        self.adam.update_lanes::<FUSED>(w, m, v, &sums);
    }
}

/// Stores a gradient.
struct Whole<'a> {
    out: &'a mut [f32],
    stride: usize,
}

impl Tile for Whole<'_> {
    const WHOLE: bool = true;

    #[inline(always)]
    fn begin(&self, _: usize, _: usize, _: bool) -> [f32; LANES] {
        [0.0; LANES]
    }

    #[inline(always)]
    fn end(&mut self, row: usize, column: usize, sums: [f32; LANES]) {
        self.out[row * self.stride + column..][..LANES].copy_from_slice(&sums);
    }
}
