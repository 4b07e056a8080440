//! One training step: forward with dropout, backward, Adam and clipping, in passes that fit the caches.
//!
//! A batch runs along rows, `[units x batch]`, padded to whole vectors; beside it each layer keeps its values
//! `[batch x units]`, which is what the gradient of the weights reads. Going back, a layer first hands the error down
//! through its old weights; then each tile of the gradient is used up by Adam while it is still in registers, so that
//! gradients are never stored.

use super::adam::{AdamSettings, AdamStep};
use super::aligned::{Aligned, LANES, padded};
use super::batch::{Batch, MAX_BATCH, Sums, entry};
use super::dropout::{Mask, Masks};
use super::mlp::{Layer, Mlp};
use super::product::{Left, Shape, Tile, Vectorised, product, vectorised};
use super::safetensors::Tensors;
use crate::LearnError;

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
    batch: Batch,
    /// What entered the layer at hand, `[batch x stride]`.
    transposed: Aligned,
    /// The error of the layer at hand and of the one below, `[units x columns]`.
    errors: [Aligned; 2],
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

impl Trainer {
    /// Prepares training in batches of at most `batch` samples; masks are those of (seed, trial).
    ///
    /// # Panics
    /// If `batch` is 0 or above [`MAX_BATCH`].
    pub fn new(network: Mlp, adam: AdamSettings, dropout: f64, batch: usize, seed: u64) -> Self {
        assert!((1..=MAX_BATCH).contains(&batch), "a batch of 1 to {MAX_BATCH}");
        let layers = &network.layers;
        let largest = layers.iter().map(|l| l.inputs.max(l.outputs)).max().expect("a layer");
        let space = Batch::new(&network, batch);
        let errors = || Aligned::zeros(largest * space.columns);
        Trainer {
            masks: Masks::new(seed),
            steps: 0,
            averages: layers.iter().map(Averages::zeros).collect(),
            transposed: Aligned::zeros(space.columns * layers.iter().map(|l| l.stride).max().expect("a layer")),
            errors: [errors(), errors()],
            batch: space,
            network,
            adam,
            dropout,
        }
    }

    /// The network as it is now.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// Adds all that the next step depends on to `tensors`, under `prefix`.
    pub fn write(&self, prefix: &str, tensors: &mut Tensors) {
        self.network.write(prefix, tensors);
        tensors.notes.insert(format!("{prefix}steps"), self.steps.to_string());
        for (number, averages) in self.averages.iter().enumerate() {
            for (order, name) in ["mean", "square"].into_iter().enumerate() {
                let all = [&averages.weights[order][..], &averages.bias[order], &averages.slopes[order]].concat();
                tensors.push(format!("{prefix}{number}.{name}"), &[all.len()], all);
            }
        }
    }

    /// Takes up where [`Trainer::write`] left off.
    ///
    /// # Errors
    /// Arrays that are missing or of another length.
    pub fn read(&mut self, prefix: &str, tensors: &Tensors) -> Result<(), LearnError> {
        self.network.read(prefix, tensors)?;
        let steps = tensors.notes.get(&format!("{prefix}steps")).and_then(|s| s.parse().ok());
        self.steps = steps.ok_or_else(|| LearnError::File {
            path: "the file of arrays".into(),
            reason: "it does not say how many steps were taken".into(),
        })?;
        for (number, averages) in self.averages.iter_mut().enumerate() {
            for (order, name) in ["mean", "square"].into_iter().enumerate() {
                let (weights, bias) = (&mut averages.weights[order], &mut averages.bias[order]);
                let slopes = &mut averages.slopes[order];
                let length = weights.len() + bias.len() + slopes.len();
                let all = tensors.singles(&format!("{prefix}{number}.{name}"), length)?;
                let (first, rest) = all.split_at(weights.len());
                let (second, third) = rest.split_at(bias.len());
                weights.copy_from_slice(first);
                bias.copy_from_slice(second);
                slopes.copy_from_slice(third);
            }
        }
        Ok(())
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Input `k` of the next batch, by sample, `[batch]`, to be written.
    pub fn input_mut(&mut self, k: usize) -> &mut [f32] {
        self.batch.input_mut(k)
    }

    /// Output `o` by sample at the last [`Trainer::forward`] or [`Trainer::step`].
    pub fn output(&self, o: usize) -> &[f32] {
        self.batch.output(o)
    }

    /// Gradient of the loss with respect to input `k`, by sample, at the last step, before its update, `[batch]`.
    pub fn input_gradient(&self, k: usize) -> &[f32] {
        &self.errors[0][k * self.batch.columns..][..self.batch.columns]
    }

    /// Computes the outputs of `batch` samples, nothing dropped.
    pub fn forward(&mut self, batch: usize) {
        self.batch.forward(&self.network, batch);
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
        let masks = (self.dropout > 0.0).then_some((self.masks, self.steps, self.dropout));
        self.batch.forward_masked(&self.network, batch, masks);
        let columns = self.batch.columns;
        let mut loss = 0.0;
        let scale = 2.0 / (batch * outputs) as f32;
        for o in 0..outputs {
            let outputs_now = self.batch.output(o);
            let error = &mut self.errors[0][o * columns..][..columns];
            error.fill(0.0);
            for i in 0..batch {
                let difference = outputs_now[i] - targets[i * outputs + o];
                loss += f64::from(difference).powi(2);
                error[i] = scale * difference;
            }
        }
        loss / (batch * outputs) as f64
    }
}

/// Copies the first `rows` rows of `from`, `[.. x from_stride]`, to columns of `to`, `[.. x to_stride]`, and puts zeros in
/// the columns beyond.
#[inline(always)]
fn transpose(from: &[f32], from_stride: usize, rows: usize, to: &mut [f32], to_stride: usize) {
    let columns = to.len() / to_stride;
    for row in to.chunks_exact_mut(to_stride) {
        row[rows..].fill(0.0);
    }
    for first in (0..rows).step_by(LANES) {
        let rows = LANES.min(rows - first);
        for column in (0..columns).step_by(LANES) {
            let width = LANES.min(columns - column);
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
        let (batch, columns) = (*batch, trainer.batch.columns);
        let width = padded(batch);
        for number in (0..trainer.network.layers.len()).rev() {
            let mask = if number > 0 { trainer.mask_of_step(number - 1, gradients.is_some()) } else { None };
            let layers = &mut trainer.network.layers;
            let [errors, below] = &mut trainer.errors;
            let layer = &layers[number];
            // W^T e, through the weights as they were.
            let shape = Shape { m: layer.inputs, n: width, k: layer.outputs, b_stride: columns };
            let left = Left::Columns(&layer.weights, layer.stride);
            product::<FUSED, _>(shape, left, errors, &mut Sums { out: below, columns, bias: &[] });
            // The gradient of W is e a^T.
            let layer = &mut layers[number];
            let shape = Shape { m: layer.outputs, n: layer.stride, k: batch, b_stride: layer.stride };
            let left = Left::Rows(errors, columns);
            let values = &mut trainer.transposed[..batch * layer.stride];
            transpose(&trainer.batch.values[number], columns, layer.inputs, values, layer.stride);
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
                trainer.errors.swap(0, 1);
                return;
            }
            // Through the function and the mask of the layer below.
            let layer = &mut layers[number - 1];
            let sums = &trainer.batch.sums[number - 1];
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
            trainer.errors.swap(0, 1);
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
