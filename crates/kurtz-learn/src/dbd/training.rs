//! Trials: subnet and Fourier coefficients learned together.

use super::latents::FourierLatents;
use super::model::{Description, Kept, ReducedModel};
use super::scale::Scale;
use super::settings::{DbdSettings, Validation};
use crate::LearnError;
use crate::approximation::{CompiledInputs, InputMap};
use crate::courses::{CoursePoints, Courses, Split};
use crate::nn::safetensors::Tensors;
use crate::nn::{AdamSettings, Batch, Mlp, Trainer};
use kurtz_dynamics::progress::Progress;
use kurtz_dynamics::rng::{Purpose, SimRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Losses of a round: mean squared error of standardised changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Mean over the batches of the round, with dropout, as the weights moved.
    pub training: f64,
    /// Over the data set aside, after the round, nothing dropped; none without such data.
    pub validation: Option<f64>,
}

/// What one trial gave.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The model of the round with the lowest validation loss, if there was validation.
    pub best: Option<ReducedModel>,
    /// The model of the last round.
    pub last: ReducedModel,
    /// Losses by round.
    pub losses: Vec<Losses>,
}

impl Trial {
    /// One of the models; the last where there is no best one.
    pub fn model(&self, kept: Kept) -> &ReducedModel {
        match kept {
            Kept::Best => self.best.as_ref().unwrap_or(&self.last),
            Kept::Last => &self.last,
        }
    }
}

/// Learns the changes per step of the courses to learn from: `settings.trials` trials, side by side.
///
/// With a directory, the state of each trial is kept there after every tenth of its rounds, and taken up from there: an
/// interrupted run that is started again gives the same bits as one that was not interrupted.
///
/// # Errors
/// Settings out of range, courses that do not fit them, files that cannot be read or written, interruption.
pub fn train(
    courses: &Courses,
    settings: &DbdSettings,
    checkpoints: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Vec<Trial>, LearnError> {
    settings.check()?;
    let task = Task::new(courses, settings)?;
    progress.begin("training", (settings.trials * settings.rounds) as u64);
    let trial = |number: usize| {
        let file = checkpoints.map(|directory| directory.join(format!("trial-{number:03}.safetensors")));
        task.run(number, file, progress)
    };
    (0..settings.trials).into_par_iter().map(trial).collect()
}

/// What all trials share.
struct Task<'a> {
    courses: &'a Courses,
    settings: &'a DbdSettings,
    inputs: Arc<CompiledInputs>,
    train: Vec<usize>,
    period: f64,
    /// Of the courses: states of training on others are not taken up.
    digest: u64,
}

/// Points with standardised targets.
struct Points {
    points: CoursePoints,
    /// `[count x dynamic]`.
    targets: Vec<f32>,
}

/// Which points a trial learns from and validates with.
struct Sets {
    train: Points,
    validation: Option<Points>,
    scale: Scale,
}

/// A trial in progress.
struct State {
    trainer: Trainer,
    latents: FourierLatents,
    /// Means of gradients and of squares of the coefficients.
    averages: [Vec<f64>; 2],
    losses: Vec<Losses>,
    best: Option<(usize, f64, Mlp, FourierLatents)>,
}

impl<'a> Task<'a> {
    fn new(courses: &'a Courses, settings: &'a DbdSettings) -> Result<Self, LearnError> {
        let train = courses.of_split(Split::Train);
        if train.is_empty() {
            return Err(LearnError::Empty { what: "courses to learn from" });
        }
        if courses.dynamic.is_empty() {
            return Err(LearnError::Empty { what: "parameters that move" });
        }
        let inputs = settings.inputs.build()?;
        let (expected, found) = (courses.width(), inputs.shape().standard_count());
        if expected != found {
            return Err(LearnError::Length { what: "theta-hat as the candidates have it".into(), expected, found });
        }
        if matches!(settings.validation, Validation::LeaveOneOut) && train.len() < 2 {
            return Err(LearnError::NotIdentifiable {
                what: "a model with one condition left out".into(),
                reason: "there is only one condition; validate with `last-part`, or with nothing".into(),
            });
        }
        let period = courses.times(train[0]) as f64;
        Ok(Task { courses, settings, inputs: Arc::new(inputs), train, period, digest: courses.digest() })
    }

    fn sets(&self, trial: usize) -> Result<Sets, LearnError> {
        let at = |position: usize| {
            self.train.get(position).copied().ok_or(LearnError::BadValue {
                what: "a position of a condition set aside".into(),
                value: position as f64,
                expected: "it must be less than the number of conditions to learn from",
            })
        };
        let aside = match &self.settings.validation {
            Validation::LeaveOneOut => vec![self.train[trial % self.train.len()]],
            Validation::Conditions(positions) => positions.iter().map(|&p| at(p)).collect::<Result<_, _>>()?,
            Validation::Unseen => self.courses.of_split(Split::Unseen),
            Validation::LastPart(_) | Validation::Nothing => Vec::new(),
        };
        let train: Vec<usize> = self.train.iter().copied().filter(|c| !aside.contains(c)).collect();
        if train.is_empty() {
            return Err(LearnError::Empty { what: "courses left to learn from" });
        }
        let scale = Scale::of(self.courses, &train, &*self.inputs, self.settings.modes, self.period);
        let all = self.courses.points(&train);
        if let Validation::LastPart(fraction) = self.settings.validation {
            let first = |i: usize| {
                let steps = self.courses.times(all.course[i]) - 1;
                all.time[i] < steps - ((fraction * steps as f64) as usize).clamp(1, steps - 1)
            };
            let (early, late) = (0..all.count).partition(|&i| first(i));
            let train = self.points(select(&all, early), &scale);
            let validation = Some(self.points(select(&all, late), &scale));
            return Ok(Sets { train, validation, scale });
        }
        let validation = (!aside.is_empty()).then(|| self.points(self.courses.points(&aside), &scale));
        Ok(Sets { train: self.points(all, &scale), validation, scale })
    }

    fn points(&self, points: CoursePoints, scale: &Scale) -> Points {
        let dynamic = self.courses.dynamic.len();
        let target = |i: usize, o: usize| {
            ((points.targets[o * points.count + i] - scale.target_mean[o]) / scale.target_sd[o]) as f32
        };
        let targets = (0..points.count).flat_map(|i| (0..dynamic).map(move |o| (i, o))).map(|(i, o)| target(i, o));
        Points { targets: targets.collect(), points }
    }

    fn run(&self, number: usize, file: Option<PathBuf>, progress: &dyn Progress) -> Result<Trial, LearnError> {
        let sets = self.sets(number)?;
        let mut state = State::new(self, number);
        if let Some(file) = file.as_ref().filter(|file| file.exists()) {
            state.restore(file, self)?;
            progress.advance(state.losses.len() as u64);
        }
        let mut step = Step::new(self, &sets);
        let every = self.settings.rounds.div_ceil(10);
        while state.losses.len() < self.settings.rounds && !state.is_spent(self.settings.patience) {
            if progress.cancelled() {
                return Err(LearnError::Cancelled);
            }
            step.round(number, &sets, &mut state);
            progress.advance(1);
            let is_due = state.losses.len().is_multiple_of(every) || state.losses.len() == self.settings.rounds;
            if let Some(file) = file.as_ref().filter(|_| is_due) {
                state.save(file, self, number)?;
            }
        }
        progress.advance((self.settings.rounds - state.losses.len()) as u64);
        Ok(self.finish(number, &sets, state))
    }

    fn finish(&self, trial: usize, sets: &Sets, state: State) -> Trial {
        let common = |latents: FourierLatents| {
            let parts = (self.settings.inputs.clone(), self.settings.subnet.clone(), latents, sets.scale.clone());
            Description { trial, ..Description::of(self.courses, &self.train, parts) }
        };
        let model = |description, network| ReducedModel::new(description, self.inputs.clone(), network);
        let best = state.best.map(|(round, _, network, latents)| {
            model(Description { round, kept: Kept::Best, ..common(latents) }, network)
        });
        let round = state.losses.len();
        let description = Description { round, kept: Kept::Last, ..common(state.latents) };
        Trial { best, last: model(description, state.trainer.network().clone()), losses: state.losses }
    }
}

/// Some of the points.
fn select(points: &CoursePoints, at: Vec<usize>) -> CoursePoints {
    let rows = |values: &[f64]| {
        values.chunks_exact(points.count).flat_map(|row| at.iter().map(move |&i| row[i])).collect::<Vec<f64>>()
    };
    CoursePoints {
        count: at.len(),
        standard: rows(&points.standard),
        targets: rows(&points.targets),
        course: at.iter().map(|&i| points.course[i]).collect(),
        time: at.iter().map(|&i| points.time[i]).collect(),
    }
}

impl State {
    fn new(task: &Task<'_>, number: usize) -> Self {
        let settings = task.settings;
        let (inputs, outputs) = (task.inputs.input_count(), task.courses.dynamic.len());
        let network = Mlp::random(inputs, outputs, &settings.subnet, settings.seed, number as u64);
        // A stream of its own for the masks of this trial.
        let masks = SimRng::new(settings.seed, number as u64, Purpose::Noise).bits();
        let latents = FourierLatents::zeros(task.inputs.shape(), settings.modes, task.period);
        let zeros = vec![0.0; latents.coefficients.len()];
        State {
            trainer: Trainer::new(network, settings.adam.clone(), settings.subnet.dropout, settings.batch, masks),
            latents,
            averages: [zeros.clone(), zeros],
            losses: Vec::new(),
            best: None,
        }
    }

    /// Whether so many rounds brought nothing better.
    fn is_spent(&self, patience: Option<usize>) -> bool {
        let (Some(patience), Some((round, ..))) = (patience, &self.best) else { return false };
        self.losses.len() - round >= patience
    }

    fn save(&self, file: &Path, task: &Task<'_>, number: usize) -> Result<(), LearnError> {
        let mut tensors = Tensors::default();
        self.trainer.write("trainer.", &mut tensors);
        tensors.notes.insert("settings".into(), identity(task, number));
        tensors.push_doubles("latents", self.latents.coefficients.clone());
        let [mean, square] = &self.averages;
        tensors.push_doubles("latents.mean", mean.clone());
        tensors.push_doubles("latents.square", square.clone());
        let loss = |l: &Losses| [l.training, l.validation.unwrap_or(f64::NAN)];
        tensors.push_doubles("losses", self.losses.iter().flat_map(loss).collect());
        if let Some((round, loss, network, latents)) = &self.best {
            network.write("best.", &mut tensors);
            tensors.push_doubles("best", [&[*round as f64, *loss], &latents.coefficients[..]].concat());
        }
        let failed = |e: std::io::Error| LearnError::File { path: file.display().to_string(), reason: e.to_string() };
        let temporary = file.with_extension("partial");
        std::fs::write(&temporary, tensors.to_bytes()).map_err(failed)?;
        std::fs::rename(&temporary, file).map_err(failed)
    }

    fn restore(&mut self, file: &Path, task: &Task<'_>) -> Result<(), LearnError> {
        let failed = |reason: String| LearnError::File { path: file.display().to_string(), reason };
        let bytes = std::fs::read(file).map_err(|e| failed(e.to_string()))?;
        let number = file.file_stem().and_then(|s| s.to_str()?.strip_prefix("trial-")?.parse().ok()).unwrap_or(0);
        let tensors = Tensors::from_bytes(&bytes).map_err(|e| failed(e.to_string()))?;
        if tensors.notes.get("settings") != Some(&identity(task, number)) {
            return Err(failed("it was made with other settings or data; delete it, or give another directory".into()));
        }
        self.trainer.read("trainer.", &tensors)?;
        let count = self.latents.coefficients.len();
        self.latents.coefficients.copy_from_slice(tensors.doubles("latents", count)?);
        for (averages, name) in self.averages.iter_mut().zip(["latents.mean", "latents.square"]) {
            averages.copy_from_slice(tensors.doubles(name, count)?);
        }
        let losses = match tensors.arrays.get("losses") {
            Some((shape, _)) => tensors.doubles("losses", shape[0])?,
            None => return Err(failed("it has no losses".into())),
        };
        let loss = |l: &[f64; 2]| Losses { training: l[0], validation: (!l[1].is_nan()).then_some(l[1]) };
        self.losses = losses.as_chunks::<2>().0.iter().map(loss).collect();
        if tensors.arrays.contains_key("best") {
            let best = tensors.doubles("best", count + 2)?;
            let mut network = self.trainer.network().clone();
            network.read("best.", &tensors)?;
            let mut latents = self.latents.clone();
            latents.coefficients.copy_from_slice(&best[2..]);
            self.best = Some((best[0] as usize, best[1], network, latents));
        }
        Ok(())
    }
}

/// What a checkpoint must agree in.
fn identity(task: &Task<'_>, number: usize) -> String {
    let text = serde_json::to_string(&DbdSettings { trials: 1, ..task.settings.clone() }).expect("plain data");
    format!("trial {number} of {text} from {:016x}", task.digest)
}

/// The space of a step and its points.
struct Step<'a> {
    task: &'a Task<'a>,
    scale: &'a Scale,
    /// Waves at every step of a course, `[times x 2 L]`.
    waves: Vec<f64>,
    width: usize,
    standard: Vec<f64>,
    latents: Vec<f64>,
    values: Vec<f64>,
    by_latents: Vec<f64>,
    targets: Vec<f32>,
    by_latent: Vec<f64>,
    gradient: Vec<f64>,
    validation: Batch,
}

impl<'a> Step<'a> {
    fn new(task: &'a Task<'a>, sets: &'a Sets) -> Self {
        let (settings, shape) = (task.settings, task.inputs.shape());
        let latents = FourierLatents::zeros(shape, settings.modes, task.period);
        let width = 2 * settings.modes;
        let times = (0..task.courses.courses.len()).map(|c| task.courses.times(c)).max().unwrap_or(0);
        let mut waves = vec![0.0; times * width];
        if width > 0 {
            waves.chunks_exact_mut(width).enumerate().for_each(|(t, waves)| latents.waves(t as f64, waves));
        }
        let (batch, inputs, dynamic) = (settings.batch, task.inputs.input_count(), task.courses.dynamic.len());
        let network = Mlp::zeros(inputs, dynamic, &settings.subnet);
        Step {
            task,
            scale: &sets.scale,
            waves,
            width,
            standard: vec![0.0; shape.standard_count() * batch],
            latents: vec![0.0; latents.count() * batch],
            values: vec![0.0; inputs * batch],
            by_latents: vec![0.0; inputs * latents.count() * batch],
            targets: vec![0.0; dynamic * batch],
            by_latent: vec![0.0; batch],
            gradient: vec![0.0; latents.coefficients.len()],
            validation: Batch::new(&network, batch),
        }
    }

    fn waves_at(&self, time: usize) -> &[f64] {
        &self.waves[time * self.width..][..self.width]
    }

    /// Computes the inputs at some points, and their derivatives by the latents if these are learned.
    fn inputs(&mut self, points: &CoursePoints, at: &[usize], latents: &FourierLatents, is_training: bool) {
        let count = at.len();
        for (row, from) in self.standard.chunks_exact_mut(count).zip(points.standard.chunks_exact(points.count)) {
            row.iter_mut().zip(at).for_each(|(to, &i)| *to = from[i]);
        }
        for k in 0..latents.count() {
            for (j, &i) in at.iter().enumerate() {
                self.latents[k * count + j] = latents.value(k, self.waves_at(points.time[i]));
            }
        }
        let inputs = &self.task.inputs;
        let (p, q, n) = (inputs.shape().standard_count(), latents.count(), inputs.input_count());
        let by_latents = (is_training && self.width > 0).then(|| &mut self.by_latents[..n * q * count]);
        let (standard, latents) = (&self.standard[..p * count], &self.latents[..q * count]);
        inputs.evaluate(count, standard, latents, &mut self.values[..n * count], by_latents, None);
    }

    /// One pass through the data, and validation.
    fn round(&mut self, number: usize, sets: &Sets, state: &mut State) {
        let settings = self.task.settings;
        let round = state.losses.len();
        let mut order: Vec<usize> = (0..sets.train.points.count).collect();
        shuffle(&mut order, settings.seed, number, round);
        let (mut total, mut batches) = (0.0, 0.0);
        for at in order.chunks(settings.batch) {
            total += self.step(&sets.train, at, state);
            batches += 1.0;
        }
        let validation = sets.validation.as_ref().map(|points| self.loss(points, state));
        state.losses.push(Losses { training: total / batches, validation });
        if let Some(loss) = validation
            && state.best.as_ref().is_none_or(|(_, best, ..)| loss < *best)
        {
            state.best = Some((round + 1, loss, state.trainer.network().clone(), state.latents.clone()));
        }
    }

    /// One batch.
    fn step(&mut self, points: &Points, at: &[usize], state: &mut State) -> f64 {
        let count = at.len();
        self.inputs(&points.points, at, &state.latents, true);
        for (k, values) in self.values.chunks_exact(count).take(self.scale.input_mean.len()).enumerate() {
            let scale = self.scale;
            state.trainer.input_mut(k).iter_mut().zip(values).for_each(|(z, v)| *z = scale.input(k, *v));
        }
        let dynamic = self.task.courses.dynamic.len();
        for (targets, &i) in self.targets.chunks_exact_mut(dynamic).zip(at) {
            targets.copy_from_slice(&points.targets[i * dynamic..][..dynamic]);
        }
        let loss = state.trainer.step(count, &self.targets[..count * dynamic]);
        if self.width > 0 {
            self.move_latents(&points.points, at, state);
        }
        loss
    }

    /// Takes the gradient of the loss through the inputs to the coefficients, and steps.
    fn move_latents(&mut self, points: &CoursePoints, at: &[usize], state: &mut State) {
        let (count, latents) = (at.len(), state.latents.count());
        self.gradient.fill(0.0);
        for k in 0..latents {
            let mut by_latent = std::mem::take(&mut self.by_latent);
            by_latent[..count].fill(0.0);
            for (input, sd) in self.scale.input_sd.iter().enumerate() {
                let gradient = state.trainer.input_gradient(input);
                let values = &self.values[input * count..][..count];
                let slopes = &self.by_latents[(input * latents + k) * count..][..count];
                for j in 0..count {
                    // Inputs that were set to zero do not depend on latents.
                    let is_moving = self.scale.input(input, values[j]) != 0.0;
                    by_latent[j] += if is_moving { f64::from(gradient[j]) * slopes[j] / sd } else { 0.0 };
                }
            }
            let waves =
                |(j, &i): (usize, &usize)| (by_latent[j], &self.waves[points.time[i] * self.width..][..self.width]);
            let gradient = &mut self.gradient[k * self.width..][..self.width];
            state.latents.add_gradient(k, at.iter().enumerate().map(waves), gradient);
            self.by_latent = by_latent;
        }
        let adam = &self.task.settings.adam;
        move_by_adam(adam, state.trainer.steps(), &mut state.latents.coefficients, &mut state.averages, &self.gradient);
    }

    /// The loss over points, nothing dropped.
    fn loss(&mut self, points: &Points, state: &State) -> f64 {
        let dynamic = self.task.courses.dynamic.len();
        let mut total = 0.0;
        let all: Vec<usize> = (0..points.points.count).collect();
        for at in all.chunks(self.task.settings.batch) {
            self.inputs(&points.points, at, &state.latents, false);
            for (k, values) in self.values.chunks_exact(at.len()).take(self.scale.input_mean.len()).enumerate() {
                let scale = self.scale;
                self.validation.input_mut(k).iter_mut().zip(values).for_each(|(z, v)| *z = scale.input(k, *v));
            }
            self.validation.forward(state.trainer.network(), at.len());
            for o in 0..dynamic {
                let outputs = self.validation.output(o);
                let squares =
                    at.iter().zip(outputs).map(|(&i, y)| f64::from(y - points.targets[i * dynamic + o]).powi(2));
                total += squares.sum::<f64>();
            }
        }
        total / (points.points.count * dynamic) as f64
    }
}

/// Adam in double precision, for a few numbers.
fn move_by_adam(adam: &AdamSettings, step: u64, values: &mut [f64], averages: &mut [Vec<f64>; 2], gradient: &[f64]) {
    let corrected = |beta: f64| 1.0 - beta.powf(step as f64);
    let (first, second) = (corrected(adam.beta1), corrected(adam.beta2));
    let [means, squares] = averages;
    for (((x, m), v), g) in values.iter_mut().zip(means).zip(squares).zip(gradient) {
        *m = adam.beta1 * *m + (1.0 - adam.beta1) * g;
        *v = adam.beta2 * *v + (1.0 - adam.beta2) * g * g;
        let moved = *x - adam.learning_rate * (*m / first) / ((*v / second).sqrt() + adam.epsilon);
        *x = moved.clamp(-adam.clip, adam.clip);
    }
}

/// A random order, a function of (seed, trial, round) alone (Fisher & Yates).
fn shuffle(order: &mut [usize], seed: u64, trial: usize, round: usize) {
    let mut rng = SimRng::new(seed, (trial as u64) << 32 | round as u64, Purpose::Resampling);
    for i in (1..order.len()).rev() {
        order.swap(i, ((i + 1) as f64 * rng.uniform()) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approximation::{CandidateSet, InputSettings};
    use crate::courses::{Course, Standardisation};
    use crate::nn::MlpSettings;

    /// Two courses that bend, one step of training without dropout: the gradient by the coefficients, through all inputs,
    /// against differences of the loss. Single precision leaves about 1e-3.
    #[test]
    fn the_gradient_by_fourier_coefficients_agrees_with_differences() {
        let course = |a: f64| {
            let row = |t: usize| [-0.5 + 0.02 * (a * t as f64).sin(), 0.1, 0.3 * (a * t as f64).cos(), a, 0.01];
            Course {
                condition: vec![a],
                split: Split::Train,
                standard: (0..33).flat_map(row).collect(),
                change: (0..32).flat_map(|t| (0..5).map(move |p| row(t + 1)[p] - row(t)[p])).collect(),
            }
        };
        let words = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        let courses = Courses {
            visible: words(&["A", "B"]),
            hidden: words(&["X"]),
            condition_names: words(&["a"]),
            start: 0.0,
            step: 1.0,
            dynamic: vec![2, 0],
            standardisation: Standardisation { shift: vec![0.0; 2], scale: vec![1.0; 2] },
            courses: vec![course(0.2), course(0.4)],
        };
        let candidates = CandidateSet::lotka_volterra(&courses.visible, &courses.hidden);
        let mut settings = DbdSettings::new(InputSettings::reactions(candidates));
        // Linear, without kinks.
        settings.subnet = MlpSettings { depth: 0, dropout: 0.0, ..Default::default() };
        (settings.validation, settings.modes) = (Validation::Nothing, 2);
        // A step that moves nothing.
        settings.adam.learning_rate = 1e-30;
        let task = Task::new(&courses, &settings).unwrap();
        let sets = task.sets(0).unwrap();
        let mut state = State::new(&task, 0);
        let coefficients = [0.4, -0.3, 0.2, 0.5, -0.2, 0.3, 0.1, -0.1];
        state.latents.coefficients.copy_from_slice(&coefficients);
        let mut step = Step::new(&task, &sets);
        let at: Vec<usize> = (0..sets.train.points.count).collect();
        step.step(&sets.train, &at, &mut state);
        let found = step.gradient.clone();
        let size = found.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        for (i, found) in found.iter().enumerate() {
            let mut shifted = |h: f64| {
                state.latents.coefficients.copy_from_slice(&coefficients);
                state.latents.coefficients[i] += h;
                step.loss(&sets.train, &state)
            };
            let expected = (shifted(1e-3) - shifted(-1e-3)) / 2e-3;
            assert!((found - expected).abs() < 5e-3 * size, "{i}: {found} {expected}");
        }
    }
}
