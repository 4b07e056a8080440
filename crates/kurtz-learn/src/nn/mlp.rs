//! Multilayer perceptrons: what they are, and their value at one point.

use super::aligned::{Aligned, LANES, padded};
use super::product::{Vectorised, multiply_add, vectorised};
use super::safetensors::Tensors;
use crate::LearnError;
use kurtz_dynamics::rng::{Purpose, SimRng};
use serde::{Deserialize, Serialize};

/// What a hidden unit does with its sum z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(z, 0).
    #[default]
    Relu,
    /// z for z > 0, else s z with a slope s learned for each unit, at first 1/4 (He et al. 2015, arXiv:1502.01852).
    Prelu,
}

/// Slope of new parametric units below zero.
pub(crate) const FIRST_SLOPE: f32 = 0.25;

/// Settings of a perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpSettings {
    /// Units of each hidden layer, at least 1. Default 25.
    pub width: usize,
    /// Hidden layers; 0 is a linear map. Default 1.
    pub depth: usize,
    /// What hidden units do. Default `relu`.
    pub activation: Activation,
    /// Probability that a hidden unit drops out in a training step, in [0, 1). Default 0.5.
    pub dropout: f64,
}

impl Default for MlpSettings {
    fn default() -> Self {
        MlpSettings { width: 25, depth: 1, activation: Activation::Relu, dropout: 0.5 }
    }
}

impl MlpSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// A width of 0, a dropout outside [0, 1).
    pub fn check(&self) -> Result<(), LearnError> {
        let bad = |what: &str, value: f64, expected| Err(LearnError::BadValue { what: what.into(), value, expected });
        if self.depth > 0 && self.width == 0 {
            return bad("the width of the hidden layers", 0.0, "it must be at least 1");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return bad("the dropout probability", self.dropout, "it must be in [0, 1)");
        }
        Ok(())
    }
}

/// One layer: y = W x + b, and for hidden layers a = f(y).
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// Distance of rows of W: `inputs` rounded up to whole vectors.
    pub stride: usize,
    /// W, `[outputs x stride]`, zero beyond `inputs`.
    pub weights: Aligned,
    /// b, `[outputs]`.
    pub bias: Vec<f32>,
    /// Slopes below zero, `[outputs]`; empty unless parametric.
    pub slopes: Vec<f32>,
}

impl Layer {
    fn zeros(inputs: usize, outputs: usize, has_slopes: bool) -> Self {
        let stride = padded(inputs);
        Layer {
            inputs,
            outputs,
            stride,
            weights: Aligned::zeros(outputs * stride),
            bias: vec![0.0; outputs],
            slopes: vec![FIRST_SLOPE; if has_slopes { outputs } else { 0 }],
        }
    }

    #[cfg(test)]
    /// Row `i` of W, `[inputs]`.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.weights[i * self.stride..][..self.inputs]
    }
}

/// A multilayer perceptron in single precision.
///
/// Hidden layers compute f(W x + b), the last one W x + b.
#[derive(Clone, Debug)]
pub struct Mlp {
    pub(crate) layers: Vec<Layer>,
}

impl Mlp {
    /// A network of zeros with the shape that the settings ask for.
    pub fn zeros(inputs: usize, outputs: usize, settings: &MlpSettings) -> Self {
        let parametric = settings.activation == Activation::Prelu;
        let mut layers = Vec::with_capacity(settings.depth + 1);
        let mut width = inputs;
        for _ in 0..settings.depth {
            layers.push(Layer::zeros(width, settings.width, parametric));
            width = settings.width;
        }
        layers.push(Layer::zeros(width, outputs, false));
        Mlp { layers }
    }

    /// A new network: weights normal with variance 2 / inputs of the layer, zero biases, from the stream (seed, trial)
    /// (He et al. 2015, arXiv:1502.01852).
    pub fn random(inputs: usize, outputs: usize, settings: &MlpSettings, seed: u64, trial: u64) -> Self {
        let mut network = Mlp::zeros(inputs, outputs, settings);
        let mut rng = SimRng::new(seed, trial, Purpose::InitialState);
        for layer in &mut network.layers {
            let sd = (2.0 / layer.inputs as f64).sqrt();
            for row in layer.weights.chunks_exact_mut(layer.stride) {
                row[..layer.inputs].fill_with(|| (sd * normal(&mut rng)) as f32);
            }
        }
        network
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.layers.last().expect("a last layer").outputs
    }

    /// Number of trained numbers: weights, biases and slopes.
    pub fn weight_count(&self) -> usize {
        self.layers.iter().map(|l| l.inputs * l.outputs + l.bias.len() + l.slopes.len()).sum()
    }

    /// Adds all weights to `tensors`, as `{prefix}{layer}.weight` `[outputs x inputs]`, `.bias` and, if parametric, `.slope`.
    pub fn write(&self, prefix: &str, tensors: &mut Tensors) {
        for (number, layer) in self.layers.iter().enumerate() {
            let weights = layer.weights.chunks_exact(layer.stride).flat_map(|row| &row[..layer.inputs]).copied();
            tensors.push(format!("{prefix}{number}.weight"), &[layer.outputs, layer.inputs], weights.collect());
            tensors.push(format!("{prefix}{number}.bias"), &[layer.outputs], layer.bias.clone());
            if !layer.slopes.is_empty() {
                tensors.push(format!("{prefix}{number}.slope"), &[layer.outputs], layer.slopes.clone());
            }
        }
    }

    /// Takes all weights from `tensors`, as [`Mlp::write`] left them.
    ///
    /// # Errors
    /// Arrays that are missing or of another length.
    pub fn read(&mut self, prefix: &str, tensors: &Tensors) -> Result<(), LearnError> {
        for (number, layer) in self.layers.iter_mut().enumerate() {
            let weights = tensors.singles(&format!("{prefix}{number}.weight"), layer.outputs * layer.inputs)?;
            for (row, from) in layer.weights.chunks_exact_mut(layer.stride).zip(weights.chunks_exact(layer.inputs)) {
                row[..layer.inputs].copy_from_slice(from);
            }
            layer.bias.copy_from_slice(tensors.singles(&format!("{prefix}{number}.bias"), layer.outputs)?);
            if !layer.slopes.is_empty() {
                layer.slopes.copy_from_slice(tensors.singles(&format!("{prefix}{number}.slope"), layer.outputs)?);
            }
        }
        Ok(())
    }

    /// Length of the scratch space of [`Mlp::evaluate`].
    pub fn scratch_len(&self) -> usize {
        2 * self.layers.iter().map(|l| l.stride.max(padded(l.outputs))).max().unwrap_or(0)
    }

    /// Writes the outputs at `x` into `y`, nothing dropped; `scratch` is `[scratch_len]`, of any content.
    ///
    /// # Panics
    /// If a slice has another length.
    ///
    /// # Complexity
    /// One pass over the weights; of the order of their memory bandwidth for large networks.
    pub fn evaluate(&self, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        assert_eq!((x.len(), y.len()), (self.inputs(), self.outputs()));
        assert_eq!(scratch.len(), self.scratch_len());
        vectorised(Evaluation { network: self, x, y, scratch });
    }
}

struct Evaluation<'a> {
    network: &'a Mlp,
    x: &'a [f32],
    y: &'a mut [f32],
    scratch: &'a mut [f32],
}

impl Vectorised for Evaluation<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let half = self.scratch.len() / 2;
        let (mut here, mut next) = self.scratch.split_at_mut(half);
        let layers = &self.network.layers;
        here[..self.x.len()].copy_from_slice(self.x);
        for (number, layer) in layers.iter().enumerate() {
            // Weights beyond the inputs are zero, but zero times a stale infinity is not.
            here[layer.inputs..layer.stride].fill(0.0);
            let is_last = number + 1 == layers.len();
            let out = if is_last { &mut *self.y } else { &mut next[..layer.outputs] };
            multiply::<FUSED>(layer, &here[..layer.stride], out);
            if !is_last {
                activate(&layer.slopes, out);
            }
            std::mem::swap(&mut here, &mut next);
        }
    }
}

/// Applies a hidden layer's function, parametric if there are slopes.
#[inline(always)]
fn activate(slopes: &[f32], values: &mut [f32]) {
    if slopes.is_empty() {
        values.iter_mut().for_each(|z| *z = z.max(0.0));
    } else {
        values.iter_mut().zip(slopes).for_each(|(z, s)| *z = if *z > 0.0 { *z } else { s * *z });
    }
}

/// Rows of W that are multiplied together: as many sums as hide how long one product takes to be added.
const ROWS: usize = 8;

/// y = W x + b.
#[inline(always)]
fn multiply<const FUSED: bool>(layer: &Layer, x: &[f32], y: &mut [f32]) {
    let (x, _) = x.as_chunks::<LANES>();
    let blocks = layer.weights.chunks(ROWS * layer.stride).zip(layer.bias.chunks(ROWS)).zip(y.chunks_mut(ROWS));
    for ((rows, bias), y) in blocks {
        let mut sums = [[0.0; LANES]; ROWS];
        for (row, sums) in rows.chunks_exact(layer.stride).zip(&mut sums) {
            *sums = dot::<FUSED>(row.as_chunks::<LANES>().0, x);
        }
        // By way of memory: seeing what becomes of the lanes, the compiler takes two at a time from the start.
        let sums = std::hint::black_box(sums);
        for ((y, bias), sums) in y.iter_mut().zip(bias).zip(&sums) {
            *y = bias + sum(sums);
        }
    }
}

/// The product of two vectors, lane by lane.
#[inline(always)]
fn dot<const FUSED: bool>(a: &[[f32; LANES]], b: &[[f32; LANES]]) -> [f32; LANES] {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            sums[l] = multiply_add::<FUSED>(a[l], b[l], sums[l]);
        }
    }
    sums
}

/// The sum of the lanes, halving.
#[inline(always)]
fn sum(lanes: &[f32; LANES]) -> f32 {
    let mut eight = [0.0_f32; 8];
    for i in 0..8 {
        eight[i] = lanes[i] + lanes[i + 8];
    }
    let mut four = [0.0_f32; 4];
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

/// A standard normal variate (Box & Muller 1958).
fn normal(rng: &mut SimRng) -> f64 {
    let radius = (-2.0 * rng.uniform().ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.uniform()).cos()
}
