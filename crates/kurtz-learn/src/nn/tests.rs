//! The fast step against the same mathematics written plainly in double precision, and that against differences.

use super::dropout::Masks;
use super::*;

/// W, b, slopes.
type PlainLayer = (Vec<Vec<f64>>, Vec<f64>, Vec<f64>);

/// A network in double precision.
#[derive(Clone)]
struct Plain {
    layers: Vec<PlainLayer>,
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

impl Plain {
    fn new(network: &Mlp) -> Self {
        let layer = |l: &super::mlp::Layer| {
            ((0..l.outputs).map(|i| doubles(l.row(i))).collect(), doubles(&l.bias), doubles(&l.slopes))
        };
        Plain { layers: network.layers.iter().map(layer).collect() }
    }

    /// All weights, as references.
    fn weights(&mut self) -> Vec<&mut f64> {
        self.layers.iter_mut().flat_map(|(w, b, s)| w.iter_mut().flatten().chain(b).chain(s)).collect()
    }

    /// Values entering each layer and sums of each, for one sample; `mask(layer, unit)` are the factors.
    fn forward(&self, x: &[f64], mask: &dyn Fn(usize, usize) -> f64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let (mut values, mut sums) = (vec![x.to_vec()], Vec::new());
        for (number, (w, b, s)) in self.layers.iter().enumerate() {
            let x = &values[number];
            let z: Vec<f64> =
                w.iter().zip(b).map(|(row, b)| b + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()).collect();
            if number + 1 < self.layers.len() {
                let slope = |u: usize| s.get(u).copied().unwrap_or(0.0);
                let f = |(u, z): (usize, &f64)| mask(number, u) * if *z > 0.0 { *z } else { slope(u) * z };
                values.push(z.iter().enumerate().map(f).collect());
            }
            sums.push(z);
        }
        (values, sums)
    }

    fn loss(&self, batch: &Samples) -> f64 {
        let mut total = 0.0;
        for (i, (x, t)) in batch.inputs.iter().zip(&batch.targets).enumerate() {
            let (_, sums) = self.forward(x, &|l, u| batch.mask(l, u, i));
            total += sums.last().unwrap().iter().zip(t).map(|(y, t)| (y - t).powi(2)).sum::<f64>();
        }
        total / (batch.inputs.len() * batch.targets[0].len()) as f64
    }

    /// Gradient with respect to the weights, in a network of the same shape, and to the inputs.
    fn gradient(&self, batch: &Samples) -> (Plain, Vec<Vec<f64>>) {
        let mut gradient = self.clone();
        gradient.weights().into_iter().for_each(|g| *g = 0.0);
        let mut inputs = Vec::new();
        let scale = 2.0 / (batch.inputs.len() * batch.targets[0].len()) as f64;
        for (i, (x, t)) in batch.inputs.iter().zip(&batch.targets).enumerate() {
            let (values, sums) = self.forward(x, &|l, u| batch.mask(l, u, i));
            let mut error: Vec<f64> = sums.last().unwrap().iter().zip(t).map(|(y, t)| scale * (y - t)).collect();
            for number in (0..self.layers.len()).rev() {
                let (w, _, _) = &self.layers[number];
                let (gw, gb, _) = &mut gradient.layers[number];
                let mut below = vec![0.0; values[number].len()];
                for (u, e) in error.iter().enumerate() {
                    gb[u] += e;
                    for (k, x) in values[number].iter().enumerate() {
                        gw[u][k] += e * x;
                        below[k] += e * w[u][k];
                    }
                }
                if number > 0 {
                    let (_, _, s) = &self.layers[number - 1];
                    let (_, _, gs) = &mut gradient.layers[number - 1];
                    for (u, e) in below.iter_mut().enumerate() {
                        *e *= batch.mask(number - 1, u, i);
                        let z = sums[number - 1][u];
                        if z <= 0.0 {
                            if let Some(gs) = gs.get_mut(u) {
                                *gs += *e * z;
                            }
                            *e *= s.get(u).copied().unwrap_or(0.0);
                        }
                    }
                }
                error = below;
            }
            inputs.push(error);
        }
        (gradient, inputs)
    }
}

struct Samples {
    inputs: Vec<Vec<f64>>,
    targets: Vec<Vec<f64>>,
    masks: Masks,
    step: u64,
    dropout: f64,
}

impl Samples {
    fn new(samples: usize, inputs: usize, outputs: usize, dropout: f64, seed: u64) -> Self {
        // Numbers that f32 holds exactly.
        let number = |i: usize, k: usize, a: f64| f64::from((a * ((i * 31 + k * 17) as f64).sin()) as f32);
        let rows = |n: usize, a: f64| (0..samples).map(|i| (0..n).map(|k| number(i, k, a)).collect()).collect();
        Samples { inputs: rows(inputs, 1.3), targets: rows(outputs, 0.7), masks: Masks::new(seed), step: 0, dropout }
    }

    fn mask(&self, layer: usize, unit: usize, sample: usize) -> f64 {
        let mask = self.masks.layer(self.step, layer as u64, self.dropout);
        f64::from(mask.factor((unit * MAX_BATCH + sample) as u32))
    }

    fn load(&self, trainer: &mut Trainer) -> Vec<f32> {
        for (i, x) in self.inputs.iter().enumerate() {
            x.iter().enumerate().for_each(|(k, x)| trainer.input_mut(k)[i] = *x as f32);
        }
        self.targets.iter().flatten().map(|t| *t as f32).collect()
    }
}

fn settings(width: usize, depth: usize, activation: Activation) -> MlpSettings {
    MlpSettings { width, depth, activation, dropout: 0.3 }
}

/// Shapes that meet every tail of the tiles: rows beyond sixes, columns beyond fours of vectors, sums beyond one part.
fn cases() -> Vec<(usize, usize, MlpSettings, usize)> {
    vec![
        (60, 2, settings(25, 1, Activation::Relu), 64),
        (7, 3, settings(39, 3, Activation::Prelu), 37),
        (150, 2, settings(20, 2, Activation::Prelu), 48),
        (5, 1, settings(1, 0, Activation::Relu), 16),
        (3, 2, settings(140, 2, Activation::Relu), 9),
    ]
}

/// Largest difference relative to the largest value.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(1e-12, |m: f64, b| m.max(b.abs()));
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / size
}

#[test]
fn plain_gradients_agree_with_differences() {
    let network = Mlp::random(6, 2, &settings(9, 2, Activation::Prelu), 3, 0);
    let plain = Plain::new(&network);
    let batch = Samples::new(5, 6, 2, 0.3, 11);
    let (mut gradient, _) = plain.gradient(&batch);
    let expected: Vec<f64> = gradient.weights().into_iter().map(|g| *g).collect();
    for (at, expected) in expected.iter().enumerate() {
        let shifted = |h: f64| {
            let mut other = plain.clone();
            *other.weights()[at] += h;
            other.loss(&batch)
        };
        let found = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
        assert!((found - expected).abs() < 1e-8, "{at}: {found} {expected}");
    }
}

#[test]
fn gradients_agree_with_plain_double_precision() {
    for (inputs, outputs, settings, samples) in cases() {
        let network = Mlp::random(inputs, outputs, &settings, 5, 1);
        let plain = Plain::new(&network);
        let batch = Samples::new(samples, inputs, outputs, settings.dropout, 4);
        let mut trainer = Trainer::new(network, AdamSettings::default(), settings.dropout, samples, 4);
        let targets = batch.load(&mut trainer);
        let (loss, found) = trainer.gradient(samples, &targets);
        let (expected, expected_inputs) = plain.gradient(&batch);
        assert!((loss / plain.loss(&batch) - 1.0).abs() < 1e-5, "{loss} {}", plain.loss(&batch));
        for ((found, (w, b, s)), layer) in found.iter().zip(&expected.layers).zip(&trainer.network().layers) {
            let rows = found.weights.chunks_exact(layer.stride);
            let weights: Vec<f64> = rows.clone().flat_map(|row| doubles(&row[..layer.inputs])).collect();
            assert!(difference(&weights, &w.concat()) < 1e-5);
            assert!(difference(&doubles(&found.bias), b) < 1e-5);
            assert!(difference(&doubles(&found.slopes), s) < 1e-5);
            assert!(rows.flat_map(|row| &row[layer.inputs..]).all(|g| *g == 0.0), "padding has no gradient");
        }
        for k in 0..inputs {
            let expected: Vec<f64> = expected_inputs.iter().map(|x| x[k]).collect();
            let size = expected_inputs.iter().flatten().fold(0.0, |m: f64, x| m.max(x.abs()));
            let found = doubles(&trainer.input_gradient(k)[..samples]);
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5 * size));
        }
    }
}

#[test]
fn steps_are_those_of_adam_with_clipping() {
    let settings = settings(13, 2, Activation::Prelu);
    let adam = AdamSettings { learning_rate: 0.02, clip: 0.3, ..Default::default() };
    let network = Mlp::random(6, 2, &settings, 9, 0);
    let mut plain = Plain::new(&network);
    let mut batch = Samples::new(21, 6, 2, settings.dropout, 2);
    let mut trainer = Trainer::new(network, adam.clone(), settings.dropout, 21, 2);
    let count = plain.weights().len();
    let (mut m, mut v) = (vec![0.0; count], vec![0.0; count]);
    for step in 1..=20 {
        let targets = batch.load(&mut trainer);
        let loss = trainer.step(21, &targets);
        assert!((loss / plain.loss(&batch) - 1.0).abs() < 1e-4, "step {step}: {loss} {}", plain.loss(&batch));
        let (mut gradient, _) = plain.gradient(&batch);
        let gradient: Vec<f64> = gradient.weights().into_iter().map(|g| *g).collect();
        let corrected = |beta: f64| 1.0 - beta.powi(step);
        for (i, w) in plain.weights().into_iter().enumerate() {
            m[i] = 0.9 * m[i] + 0.1 * gradient[i];
            v[i] = 0.999 * v[i] + 0.001 * gradient[i].powi(2);
            let (mean, square): (f64, f64) = (m[i] / corrected(0.9), v[i] / corrected(0.999));
            *w = (*w - 0.02 * mean / (square.sqrt() + 1e-5)).clamp(-0.3, 0.3);
        }
        batch.step += 1;
    }
    let mut found = Plain::new(trainer.network());
    let found: Vec<f64> = found.weights().into_iter().map(|w| *w).collect();
    let expected: Vec<f64> = plain.weights().into_iter().map(|w| *w).collect();
    assert!(found.iter().any(|w| w.abs() == f64::from(0.3_f32)), "some weight meets the bound");
    assert!(difference(&found, &expected) < 2e-3, "{}", difference(&found, &expected));
}

#[test]
fn one_sample_alone_has_the_value_it_has_in_a_batch() {
    for (inputs, outputs, settings, samples) in cases() {
        let network = Mlp::random(inputs, outputs, &settings, 5, 1);
        let batch = Samples::new(samples, inputs, outputs, 0.0, 4);
        let mut trainer = Trainer::new(network.clone(), AdamSettings::default(), settings.dropout, samples, 4);
        batch.load(&mut trainer);
        trainer.forward(samples);
        let mut scratch = vec![f32::NAN; network.scratch_len()];
        for (i, x) in batch.inputs.iter().enumerate() {
            let x: Vec<f32> = x.iter().map(|x| *x as f32).collect();
            let mut y = vec![0.0; outputs];
            network.evaluate(&x, &mut y, &mut scratch);
            for (o, y) in y.iter().enumerate() {
                let other = trainer.output(o)[i];
                assert!((y - other).abs() < 1e-5 * (1.0 + y.abs()), "{y} {other}");
            }
        }
    }
}

#[test]
fn a_smaller_batch_ignores_what_the_larger_one_left() {
    let settings = settings(25, 1, Activation::Relu);
    let network = Mlp::random(4, 2, &settings, 5, 1);
    let small = Samples::new(17, 4, 2, 0.3, 4);
    let large = Samples::new(64, 4, 2, 0.3, 4);
    let adam = AdamSettings { learning_rate: 1e-30, ..Default::default() };
    let mut trainer = Trainer::new(network.clone(), adam.clone(), 0.3, 64, 4);
    let targets = large.load(&mut trainer);
    trainer.gradient(64, &targets);
    let targets = small.load(&mut trainer);
    let (loss, after) = trainer.gradient(17, &targets);
    let mut fresh = Trainer::new(network, adam, 0.3, 17, 4);
    small.load(&mut fresh);
    let (expected, alone) = fresh.gradient(17, &targets);
    assert_eq!(loss, expected);
    for (a, b) in after.iter().zip(&alone) {
        assert_eq!((&a.weights[..], &a.bias), (&b.weights[..], &b.bias));
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let bad = MlpSettings { dropout: 1.0, ..Default::default() };
    assert!(bad.check().unwrap_err().to_string().contains("dropout"));
    assert!(MlpSettings { width: 0, ..Default::default() }.check().is_err());
    assert!(AdamSettings { clip: -1.0, ..Default::default() }.check().is_err());
    assert!(AdamSettings { clip: f64::INFINITY, ..Default::default() }.check().is_ok());
}
