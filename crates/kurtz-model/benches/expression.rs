//! Speed of general rate laws: a network of 20 Hill-type laws, evaluated for one state and for a batch of states.
//!
//! `cargo bench -p kurtz-model --bench expression`

use divan::{Bencher, black_box, counter::ItemsCount};
use kurtz_model::expression::{Expression, Program, Symbol};
use kurtz_model::network::SpeciesId;

const LAWS: u32 = 20;

fn main() {
    divan::main();
}

fn var(i: u32) -> Expression {
    SpeciesId(i % LAWS).into()
}

/// Constants v and K of a law.
fn constants(i: u32) -> (f64, f64) {
    (1.0 + f64::from(i), 10.0 + f64::from(i))
}

/// v x^2 / (K^2 + x^2), each of another species: 20 divisions, which no evaluation can do without.
fn hill_laws() -> Vec<Expression> {
    (0..LAWS)
        .map(|i| {
            let ((v, k), x) = (constants(i), var(i).powi(2));
            v * &x / (k.powi(2) + x)
        })
        .collect()
}

fn program(outputs: &[Expression]) -> Program {
    let inputs: Vec<Symbol> = (0..LAWS).map(|i| Symbol::Species(SpeciesId(i))).collect();
    Program::compile(outputs, &inputs, |_| None).expect("all symbols are inputs")
}

fn state() -> Vec<f64> {
    (0..LAWS).map(|i| 3.0 + f64::from(i * 7 % 11)).collect()
}

#[divan::bench]
fn hill_scalar(bencher: Bencher) {
    let program = program(&hill_laws());
    let (inputs, mut registers) = (state(), vec![0.0; program.register_count()]);
    let mut outputs = vec![0.0; LAWS as usize];
    bencher.counter(ItemsCount::new(LAWS)).bench_local(|| {
        program.evaluate(black_box(&inputs), &mut registers, &mut outputs);
        black_box(&outputs);
    });
}

/// The floor: the same laws as compiled code.
#[divan::bench]
fn hill_by_hand(bencher: Bencher) {
    let (inputs, mut outputs) = (state(), vec![0.0; LAWS as usize]);
    let constants: Vec<(f64, f64)> = (0..LAWS).map(constants).map(|(v, k)| (v, k * k)).collect();
    bencher.counter(ItemsCount::new(LAWS)).bench_local(|| {
        for ((y, x), (v, k)) in outputs.iter_mut().zip(black_box(&inputs)).zip(&constants) {
            *y = v * (x * x) / (k + x * x);
        }
        black_box(&outputs);
    });
}

type Law = Box<dyn Fn(&[f64]) -> f64>;

/// Laws known when this was compiled, each behind a pointer.
#[divan::bench]
fn hill_closures(bencher: Bencher) {
    let (inputs, mut outputs) = (state(), vec![0.0; LAWS as usize]);
    let laws: Vec<Law> = (0..LAWS)
        .map(|i| {
            let ((v, k), i) = (constants(i), i as usize);
            Box::new(move |x: &[f64]| v * x[i].powi(2) / (k.powi(2) + x[i].powi(2))) as Law
        })
        .collect();
    bencher.counter(ItemsCount::new(LAWS)).bench_local(|| {
        for (y, law) in outputs.iter_mut().zip(black_box(&laws)) {
            *y = law(black_box(&inputs));
        }
        black_box(&outputs);
    });
}

#[divan::bench(consts = [4, 8, 16])]
fn hill_lanes<const L: usize>(bencher: Bencher) {
    let program = program(&hill_laws());
    let inputs: Vec<[f64; L]> = state().iter().map(|&x| std::array::from_fn(|l| x + l as f64)).collect();
    let mut registers = vec![[0.0; L]; program.register_count()];
    let mut outputs = vec![[0.0; L]; LAWS as usize];
    bencher.counter(ItemsCount::new(L)).bench_local(|| {
        program.evaluate_lanes(black_box(&inputs), &mut registers, &mut outputs);
        black_box(&outputs);
    });
}

#[divan::bench]
fn hill_jacobian_scalar(bencher: Bencher) {
    let derivatives: Vec<Expression> =
        hill_laws().iter().zip(0..).map(|(law, i)| law.derivative(Symbol::Species(SpeciesId(i)))).collect();
    let program = program(&derivatives);
    let (inputs, mut registers) = (state(), vec![0.0; program.register_count()]);
    let mut outputs = vec![0.0; LAWS as usize];
    bencher.bench_local(|| {
        program.evaluate(black_box(&inputs), &mut registers, &mut outputs);
        black_box(&outputs);
    });
}

#[divan::bench]
fn hill_tree(bencher: Bencher) {
    let (laws, inputs) = (hill_laws(), state());
    bencher.bench_local(|| {
        let value_of = |s| match s {
            Symbol::Species(i) => inputs[i.index()],
            _ => 0.0,
        };
        laws.iter().map(|law| law.evaluate(&value_of)).sum::<f64>()
    });
}

#[divan::bench]
fn hill_derivative(bencher: Bencher) {
    let laws = hill_laws();
    bencher.bench_local(|| laws[0].derivative(Symbol::Species(SpeciesId(0))));
}

#[divan::bench]
fn hill_compile(bencher: Bencher) {
    let laws = hill_laws();
    bencher.bench_local(|| program(&laws));
}
