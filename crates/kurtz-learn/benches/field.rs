//! Reduced models: one evaluation of the field beside a bare chain of matrix-vector products, many trajectories at once, and
//! trials on two threads.
//!
//! `cargo bench -p kurtz-learn --bench field`. Wanted: shallow at most 2 us, deep at most 1.2 times the bare chain, a trajectory
//! of a batch cheaper than one alone, trials 1.9 times as fast on two cores. Both sides of each comparison take turns; medians.

use kurtz_learn::approximation::{CandidateSet, InputSettings};
use kurtz_learn::courses::{Course, Courses, Split, Standardisation};
use kurtz_learn::dbd::{DbdSettings, ReducedModel, Validation, train};
use kurtz_learn::nn::{Activation, AdamSettings, MlpSettings};
use kurtz_ode::VectorField;
use std::hint::black_box;
use std::time::Instant;

const TIMES: usize = 401;
const BLOCKS: usize = 15;

fn main() {
    let courses = courses();
    let shallow = MlpSettings { width: 25, depth: 1, activation: Activation::Relu, dropout: 0.5 };
    let deep = MlpSettings { width: 500, depth: 8, activation: Activation::Prelu, dropout: 0.3 };
    println!("medians of {BLOCKS} blocks");
    for (name, subnet, evaluations) in [("1 x 25", &shallow, 20_000), ("8 x 500", &deep, 200)] {
        let model = model(&courses, subnet);
        beside_products(name, &model, evaluations);
        batches(name, &model, evaluations);
    }
    threads(&courses, &shallow);
}

/// Courses that swing, seven of them.
fn courses() -> Courses {
    let words = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    let course = |c: usize| {
        let a = 0.02 + 0.005 * c as f64;
        let row =
            |t: usize| [-0.4 - 0.1 * (a * t as f64).sin(), 1e-4, 0.3 * (a * t as f64).cos(), c as f64 / 7.0, 1e-6];
        Course {
            condition: vec![c as f64],
            split: Split::Train,
            standard: (0..TIMES).flat_map(row).collect(),
            change: (1..TIMES).flat_map(|t| (0..5).map(move |p| row(t)[p] - row(t - 1)[p])).collect(),
        }
    };
    Courses {
        visible: words(&["Ca", "IP3"]),
        hidden: words(&["X"]),
        condition_names: words(&["c"]),
        start: 0.0,
        step: 0.1,
        dynamic: vec![2, 0],
        standardisation: Standardisation { shift: vec![0.0; 2], scale: vec![1.0; 2] },
        courses: (0..7).map(course).collect(),
    }
}

fn settings(courses: &Courses, subnet: &MlpSettings) -> DbdSettings {
    let candidates = CandidateSet::lotka_volterra(&courses.visible, &courses.hidden);
    DbdSettings {
        subnet: subnet.clone(),
        adam: AdamSettings::default(),
        rounds: 1,
        trials: 1,
        validation: Validation::Nothing,
        ..DbdSettings::new(InputSettings::reactions(candidates))
    }
}

fn model(courses: &Courses, subnet: &MlpSettings) -> ReducedModel {
    let trials = train(courses, &settings(courses, subnet), None, &kurtz_dynamics::progress::Silent);
    trials.expect("the courses fit").remove(0).last
}

/// Median seconds of both works, in turn.
fn in_turn(mut one: impl FnMut(), mut other: impl FnMut()) -> [f64; 2] {
    let seconds = |work: &mut dyn FnMut()| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..=BLOCKS {
        first.push(seconds(&mut one));
        second.push(seconds(&mut other));
    }
    [first, second].map(|mut all| {
        all.remove(0);
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    })
}

fn beside_products(name: &str, model: &ReducedModel, evaluations: usize) {
    let field = model.field(&[-0.4, 1e-4, 0.3, 0.5, 1e-6]).expect("theta-hat of the model");
    let mut dx = [0.0; 2];
    let layers = bare(model);
    let (mut here, mut next) = (vec![0.5_f32; 512], vec![0.5_f32; 512]);
    let [ours, products] = in_turn(
        || {
            for i in 0..evaluations {
                field.evaluate(0.001 * i as f64, black_box(&[0.3, -0.4]), &mut dx);
            }
        },
        || {
            for _ in 0..evaluations {
                for layer in &layers {
                    layer.multiply(black_box(&here), &mut next);
                    std::mem::swap(&mut here, &mut next);
                }
            }
        },
    );
    let each = |seconds: f64| seconds / evaluations as f64 * 1e6;
    println!(
        "{name}: one evaluation {:.3} us, bare products {:.3} us: {:.2} times as long",
        each(ours),
        each(products),
        ours / products
    );
}

fn batches(name: &str, model: &ReducedModel, evaluations: usize) {
    let starts: Vec<Vec<f64>> = (0..64).map(|i| vec![-0.4, 1e-4, 0.3, i as f64 / 64.0, 1e-6]).collect();
    let starts: Vec<&[f64]> = starts.iter().map(Vec::as_slice).collect();
    let steps = evaluations.min(400);
    let [one, many] =
        in_turn(|| drop(black_box(model.euler(&starts[..1], steps))), || drop(black_box(model.euler(&starts, steps))));
    let each = |seconds: f64, count: f64| seconds / steps as f64 / count * 1e6;
    println!(
        "{name}: a step of one trajectory {:.3} us, of one of 64 at once {:.3} us",
        each(one, 1.0),
        each(many, 64.0)
    );
}

fn threads(courses: &Courses, subnet: &MlpSettings) {
    let settings = DbdSettings { trials: 4, rounds: 40, ..settings(courses, subnet) };
    let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let run = |pool: &rayon::ThreadPool| {
        pool.install(|| train(courses, &settings, None, &kurtz_dynamics::progress::Silent)).expect("the courses fit");
    };
    let (single, double) = (pool(1), pool(2));
    let [one, two] = in_turn(|| run(&single), || run(&double));
    println!("4 trials: {:.3} s on one thread, {:.3} s on two: {:.2} times as fast", one, two, one / two);
}

/// The weights of a layer, `[outputs x stride]`, rows padded to whole vectors.
struct Layer {
    weights: Vec<f32>,
    stride: usize,
}

const LANES: usize = 16;

/// The matrices of a subnet, and nothing else.
fn bare(model: &ReducedModel) -> Vec<Layer> {
    let subnet = &model.description().subnet;
    let mut sizes = vec![model.network().inputs()];
    sizes.extend(std::iter::repeat_n(subnet.width, subnet.depth));
    sizes.push(model.network().outputs());
    let layer = |pair: &[usize]| {
        let stride = pair[0].next_multiple_of(LANES);
        Layer { weights: (0..pair[1] * stride).map(|i| (i as f32).sin() * 0.05).collect(), stride }
    };
    sizes.windows(2).map(layer).collect()
}

impl Layer {
    #[allow(unsafe_code)]
    fn multiply(&self, x: &[f32], y: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
            fn avx512(layer: &Layer, x: &[f32], y: &mut [f32]) {
                layer.rows::<true>(x, y);
            }
            if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vl") {
                // SAFETY: the processor has these features, as just asked.
                return unsafe { avx512(self, x, y) };
            }
        }
        self.rows::<false>(x, y);
    }

    /// Eight rows at a time, a vector of sums for each.
    #[inline(always)]
    fn rows<const FUSED: bool>(&self, x: &[f32], y: &mut [f32]) {
        const ROWS: usize = 8;
        let (x, _) = x[..self.stride].as_chunks::<LANES>();
        for (rows, y) in self.weights.chunks(ROWS * self.stride).zip(y.chunks_mut(ROWS)) {
            let mut sums = [[0.0_f32; LANES]; ROWS];
            for (row, sums) in rows.chunks_exact(self.stride).zip(&mut sums) {
                for (w, x) in row.as_chunks::<LANES>().0.iter().zip(x) {
                    for l in 0..LANES {
                        sums[l] = if FUSED { w[l].mul_add(x[l], sums[l]) } else { w[l] * x[l] + sums[l] };
                    }
                }
            }
            y.iter_mut().zip(&sums).for_each(|(y, sums)| *y = sums.iter().sum());
        }
    }
}
