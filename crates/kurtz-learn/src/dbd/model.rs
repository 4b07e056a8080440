//! A reduced model: what was learned, as a vector field.

use super::latents::FourierLatents;
use super::scale::Scale;
use crate::LearnError;
use crate::approximation::{CompiledInputs, InputMap, InputSettings};
use crate::courses::{Courses, Standardisation};
use crate::nn::safetensors::Tensors;
use crate::nn::{Batch, Mlp, MlpSettings};
use kurtz_ode::VectorField;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::sync::Arc;

/// Which state of a trial a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// The round with the lowest validation loss.
    Best,
    /// The last round.
    Last,
}

/// All of a reduced model but the weights of its subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What the subnet sees.
    pub inputs: InputSettings,
    /// The subnet.
    pub subnet: MlpSettings,
    /// The law of the hidden species.
    pub latents: FourierLatents,
    /// Means and standard deviations of inputs and targets.
    pub scale: Scale,
    /// Time at which the latents' phase is 0.
    pub start: f64,
    /// Time of one step.
    pub step: f64,
    /// Steps in a course learned from.
    pub steps: usize,
    /// Positions in theta-hat of the parameters that move.
    pub dynamic: Vec<usize>,
    /// From counts to the variables described.
    pub standardisation: Standardisation,
    /// Means of theta-hat at the start of the courses learned from.
    pub typical: Vec<f64>,
    /// Least and largest value of each standard parameter in the courses learned from, `[standard parameters]`.
    pub seen: Vec<[f64; 2]>,
    /// The trial, from 0.
    pub trial: usize,
    /// The round, from 1.
    pub round: usize,
    /// Which one that was.
    pub kept: Kept,
}

/// What was learned: d theta-hat / dt = f(theta-hat, t).
///
/// Of theta-hat = [W^T, b, sigma^2] some parameters move, all others are constants of a condition.
#[derive(Clone, Debug)]
pub struct ReducedModel {
    description: Description,
    inputs: Arc<CompiledInputs>,
    network: Mlp,
}

/// Space for evaluations of a [`ReducedModel`] at many points.
#[derive(Clone, Debug)]
pub struct Space {
    batch: Batch,
    size: usize,
    waves: Vec<f64>,
    latents: Vec<f64>,
    values: Vec<f64>,
}

impl ReducedModel {
    pub(super) fn new(description: Description, inputs: Arc<CompiledInputs>, network: Mlp) -> Self {
        ReducedModel { description, inputs, network }
    }

    /// All but the weights.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The subnet.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// The map to the inputs of the subnet.
    pub fn inputs(&self) -> &CompiledInputs {
        &self.inputs
    }

    /// Names of the visible species.
    pub fn visible(&self) -> &[String] {
        &self.description.inputs.candidates.visible
    }

    /// Space for at most `size` points at once.
    pub fn space(&self, size: usize) -> Space {
        Space {
            batch: Batch::new(&self.network, size),
            size,
            waves: vec![0.0; self.description.latents.frequencies().len() * 2],
            latents: vec![0.0; self.description.latents.count() * size],
            values: vec![0.0; self.inputs.input_count() * size],
        }
    }

    /// Writes the change per step of the moving parameters, `[dynamic x count]`, at `count` points: `standard` is
    /// `[standard parameters x count]`, `steps` are their times in steps from the start, `[count]`.
    ///
    /// # Panics
    /// If a slice has another length, or `count` exceeds the space.
    pub fn changes(&self, standard: &[f64], steps: &[f64], out: &mut [f64], space: &mut Space) {
        let (count, scale, latents) = (steps.len(), &self.description.scale, &self.description.latents);
        assert!(count <= space.size, "at most as many points as there is space for");
        for (i, &step) in steps.iter().enumerate() {
            latents.waves(step, &mut space.waves);
            for k in 0..latents.count() {
                space.latents[k * count + i] = latents.value(k, &space.waves);
            }
        }
        let values = &mut space.values[..self.inputs.input_count() * count];
        self.inputs.evaluate(count, standard, &space.latents[..latents.count() * count], values, None, None);
        for (k, values) in values.chunks_exact(count).enumerate() {
            space.batch.input_mut(k).iter_mut().zip(values).for_each(|(z, v)| *z = scale.input(k, *v));
        }
        space.batch.forward(&self.network, count);
        for (o, out) in out.chunks_exact_mut(count).enumerate() {
            let (mean, sd) = (scale.target_mean[o], scale.target_sd[o]);
            out.iter_mut().zip(space.batch.output(o)).for_each(|(out, y)| *out = mean + sd * f64::from(*y));
        }
    }

    /// Follows several conditions by Euler's method with the step of the data, as published: `starts` are theta-hat at the
    /// start of each, the results `[(steps + 1) x standard parameters]` for each.
    ///
    /// Values that are not finite end a course; they stay in the result.
    pub fn euler(&self, starts: &[&[f64]], steps: usize) -> Vec<Vec<f64>> {
        let (count, dynamic) = (starts.len(), &self.description.dynamic);
        let mut courses: Vec<Vec<f64>> = starts.iter().map(|s| s.to_vec()).collect();
        if count == 0 {
            return courses;
        }
        let width = starts[0].len();
        let mut standard: Vec<f64> = (0..width).flat_map(|p| starts.iter().map(move |s| s[p])).collect();
        let mut space = self.space(count);
        let mut changes = vec![0.0; dynamic.len() * count];
        for step in 0..steps {
            self.changes(&standard, &vec![step as f64; count], &mut changes, &mut space);
            for (&p, changes) in dynamic.iter().zip(changes.chunks_exact(count)) {
                standard[p * count..][..count].iter_mut().zip(changes).for_each(|(s, c)| *s += c);
            }
            for (i, course) in courses.iter_mut().enumerate() {
                course.extend((0..width).map(|p| standard[p * count + i]));
            }
        }
        courses
    }

    /// The field at one condition: its state are the moving parameters, its constants those of `standard`, which is
    /// theta-hat at any time.
    ///
    /// # Errors
    /// `standard` has another length.
    pub fn field(&self, standard: &[f64]) -> Result<ReducedField<'_>, LearnError> {
        let expected = self.inputs.shape().standard_count();
        if standard.len() != expected {
            return Err(LearnError::Length { what: "theta-hat".into(), expected, found: standard.len() });
        }
        Ok(ReducedField { model: self, constants: standard.to_vec() })
    }

    /// Means and standard deviations of the counts of the visible species, `[2 x visible]`, where theta-hat is `standard`:
    /// E y_i = b_i, Var y_i = sum_h W_ih^2 + sigma^2, n = shift + scale y.
    pub fn counts(&self, standard: &[f64]) -> Vec<f64> {
        counts(standard, &self.description.standardisation, self.inputs.shape().hidden)
    }

    /// A file: weights as safetensors, everything else in its notes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tensors = Tensors::default();
        self.network.write("layer.", &mut tensors);
        let mut description = self.description.clone();
        for (name, values) in description.doubles() {
            tensors.push_doubles(name, values.clone());
        }
        let text = serde_json::to_string(&self.description).expect("plain data");
        tensors.notes.insert(NOTE.into(), text);
        tensors.to_bytes()
    }

    /// Reads what [`ReducedModel::to_bytes`] wrote.
    ///
    /// # Errors
    /// A file that is not of a reduced model, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LearnError> {
        let tensors = Tensors::from_bytes(bytes)?;
        let unreadable = |reason: String| LearnError::File { path: "the model".into(), reason };
        let text = tensors.notes.get(NOTE).ok_or_else(|| unreadable(format!("it has no note `{NOTE}`")))?;
        let mut description: Description =
            serde_json::from_str(text).map_err(|e| unreadable(format!("its note `{NOTE}` cannot be read: {e}")))?;
        for (name, values) in description.doubles() {
            let length = values.len();
            values.copy_from_slice(tensors.doubles(name, length)?);
        }
        let inputs = Arc::new(description.inputs.build()?);
        let shape = inputs.shape();
        let (n, outputs) = (inputs.input_count(), description.dynamic.len());
        let lengths = [
            ("input means", description.scale.input_mean.len(), n),
            ("input standard deviations", description.scale.input_sd.len(), n),
            ("target means", description.scale.target_mean.len(), outputs),
            ("target standard deviations", description.scale.target_sd.len(), outputs),
            ("typical parameters", description.typical.len(), shape.standard_count()),
            ("ranges of parameters", description.seen.len(), shape.standard_count()),
            ("latents", description.latents.count(), shape.latent_count()),
            ("shifts", description.standardisation.shift.len(), shape.visible),
            ("scales", description.standardisation.scale.len(), shape.visible),
        ];
        for (what, found, expected) in lengths {
            if found != expected {
                return Err(LearnError::Length { what: format!("{what} of the model"), expected, found });
            }
        }
        let mut network = Mlp::zeros(n, outputs, &description.subnet);
        network.read("layer.", &tensors)?;
        Ok(ReducedModel { description, inputs, network })
    }
}

/// The note that describes a model.
const NOTE: &str = "kurtz reduced model";

/// Means and standard deviations of counts, as [`ReducedModel::counts`].
pub fn counts(standard: &[f64], standardisation: &Standardisation, hidden: usize) -> Vec<f64> {
    let visible = standardisation.shift.len();
    let (weights, rest) = standard.split_at(visible * hidden);
    let noise = rest[visible];
    let mean = |i: usize| standardisation.shift[i] + standardisation.scale[i] * rest[i];
    let variance = |i: usize| (0..hidden).map(|h| weights[h * visible + i].powi(2)).sum::<f64>() + noise;
    let sd = |i: usize| standardisation.scale[i] * variance(i).max(0.0).sqrt();
    (0..visible).map(mean).chain((0..visible).map(sd)).collect()
}

/// A reduced model at one condition: x' = f(t, x), x the moving parameters, t in the unit of the data, from the
/// start of the courses on.
#[derive(Clone, Debug)]
pub struct ReducedField<'a> {
    model: &'a ReducedModel,
    constants: Vec<f64>,
}

impl ReducedField<'_> {
    /// theta-hat where the moving parameters are `x`.
    pub fn standard(&self, x: &[f64]) -> Vec<f64> {
        let mut standard = self.constants.clone();
        self.model.description.dynamic.iter().zip(x).for_each(|(&p, x)| standard[p] = *x);
        standard
    }

    /// The moving parameters of `standard`.
    pub fn state(&self, standard: &[f64]) -> Vec<f64> {
        self.model.description.dynamic.iter().map(|&p| standard[p]).collect()
    }
}

/// What one evaluation needs, kept by each thread.
#[derive(Default)]
struct Scratch {
    doubles: Vec<f64>,
    singles: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl VectorField for ReducedField<'_> {
    fn dimension(&self) -> usize {
        self.model.description.dynamic.len()
    }

    fn evaluate(&self, time: f64, x: &[f64], dx: &mut [f64]) {
        let Description { latents, scale, dynamic, step, .. } = &self.model.description;
        let (waves, count, inputs) =
            (latents.coefficients.len() / latents.count().max(1), latents.count(), scale.input_mean.len());
        SCRATCH.with_borrow_mut(|Scratch { doubles, singles }| {
            let network = &self.model.network;
            doubles.resize(self.constants.len() + waves + count + inputs, 0.0);
            singles.resize(inputs + x.len() + network.scratch_len(), 0.0);
            let (standard, rest) = doubles.split_at_mut(self.constants.len());
            let (waves, rest) = rest.split_at_mut(waves);
            let (law, values) = rest.split_at_mut(count);
            standard.copy_from_slice(&self.constants);
            dynamic.iter().zip(x).for_each(|(&p, x)| standard[p] = *x);
            latents.waves(time / step, waves);
            law.iter_mut().enumerate().for_each(|(k, law)| *law = latents.value(k, waves));
            self.model.inputs.evaluate(1, standard, law, values, None, None);
            let (z, rest) = singles.split_at_mut(inputs);
            let (y, scratch) = rest.split_at_mut(x.len());
            z.iter_mut().zip(values).enumerate().for_each(|(k, (z, v))| *z = scale.input(k, *v));
            network.evaluate(z, y, scratch);
            for (o, dx) in dx.iter_mut().enumerate() {
                *dx = (scale.target_mean[o] + scale.target_sd[o] * f64::from(y[o])) / step;
            }
        });
    }

    fn names(&self) -> Vec<String> {
        let candidates = &self.model.description.inputs.candidates;
        let names = crate::approximation::standard_names(&candidates.visible, &candidates.hidden);
        self.model.description.dynamic.iter().map(|&p| names[p].clone()).collect()
    }
}

impl Description {
    /// The lists whose last bits matter: text need not keep these.
    fn doubles(&mut self) -> [(&'static str, &mut Vec<f64>); 8] {
        let Scale { input_mean, input_sd, target_mean, target_sd } = &mut self.scale;
        [
            ("latents", &mut self.latents.coefficients),
            ("input_mean", input_mean),
            ("input_sd", input_sd),
            ("target_mean", target_mean),
            ("target_sd", target_sd),
            ("shift", &mut self.standardisation.shift),
            ("scale", &mut self.standardisation.scale),
            ("typical", &mut self.typical),
        ]
    }

    /// What a model learned from these courses has in common with its siblings.
    pub(super) fn of(
        courses: &Courses,
        train: &[usize],
        parts: (InputSettings, MlpSettings, FourierLatents, Scale),
    ) -> Self {
        let (inputs, subnet, latents, scale) = parts;
        let width = courses.width();
        let mean = |p: usize| train.iter().map(|&c| courses.standard(c, 0)[p]).sum::<f64>() / train.len() as f64;
        let rows = || train.iter().flat_map(|&c| courses.courses[c].standard.chunks_exact(width));
        let seen = |p: usize| {
            rows().fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], row| [least.min(row[p]), most.max(row[p])])
        };
        Description {
            inputs,
            subnet,
            latents,
            scale,
            start: courses.start,
            step: courses.step,
            steps: courses.times(train[0]),
            dynamic: courses.dynamic.clone(),
            standardisation: courses.standardisation.clone(),
            typical: (0..width).map(mean).collect(),
            seen: (0..width).map(seen).collect(),
            trial: 0,
            round: 0,
            kept: Kept::Last,
        }
    }
}
