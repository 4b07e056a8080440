//! The equations of the linear noise approximation as a vector field: numbers, covariances, corrections.

use super::LinearNoiseSolution;
use crate::mass_action::compile;
use crate::moments::program::with_scratch;
use kurtz_model::expression::Program;
use kurtz_model::kinetics::{Changes, Law};
use kurtz_model::{Expression, Kinetics, ReactionId, Symbol, System};
use kurtz_ode::{Solution, VectorField};

/// Macroscopic propensities with their first and second derivatives.
pub(super) struct Field {
    names: Vec<String>,
    initial: Vec<f64>,
    /// Net change of the species in each reaction.
    changes: Vec<Vec<(usize, f64)>>,
    /// f_j, then the first derivatives, then the second ones.
    program: Program,
    first: Vec<(usize, usize)>,
    /// Reaction, two species (the first not after the second), and whether the reaction is one of mass action.
    second: Vec<(usize, usize, usize, bool)>,
    is_corrected: bool,
}

impl Field {
    pub fn new(kinetics: &Kinetics, is_corrected: bool) -> Self {
        let network = kinetics.network();
        let system = System::new(network, &Changes::default()).expect("what is bound as kinetics is a system too");
        let (mut laws, mut slopes, mut bends) = (Vec::new(), Vec::new(), Vec::new());
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut changes = Vec::new();
        for j in 0..network.reactions.len() {
            let id = ReactionId::from(j);
            let is_mass_action = matches!(kinetics.laws()[j], Law::MassAction { .. });
            let law = system.flow(id);
            let mut species: Vec<usize> = kinetics.species_read_by(id).iter().map(|s| s.index()).collect();
            species.dedup();
            for (k, &i) in species.iter().enumerate() {
                let slope = law.derivative(Symbol::Species(i.into()));
                for &l in species[k..].iter().filter(|_| is_corrected) {
                    let bend = slope.derivative(Symbol::Species(l.into()));
                    if bend.as_number() != Some(0.0) {
                        second.push((j, i, l, is_mass_action));
                        bends.push(bend);
                    }
                }
                first.push((j, i));
                slopes.push(slope);
            }
            laws.push(law);
            changes.push(kinetics.state_change(id).iter().map(|&(s, n)| (s.index(), n as f64)).collect());
        }
        let all: Vec<Expression> = laws.into_iter().chain(slopes).chain(bends).collect();
        Field {
            names: network.species.iter().map(|s| s.name.clone()).collect(),
            initial: kinetics.initial().to_vec(),
            changes,
            program: compile(kinetics, &all),
            first,
            second,
            is_corrected,
        }
    }

    pub fn species(&self) -> usize {
        self.names.len()
    }

    /// Names of the whole state.
    pub fn state_names(&self) -> Vec<String> {
        self.names()
    }

    /// The initial numbers, known exactly.
    pub fn initial_state(&self) -> Vec<f64> {
        let mut state = vec![0.0; self.dimension()];
        state[..self.species()].copy_from_slice(&self.initial);
        state
    }

    /// Absolute tolerances: what is below a thousandth of a molecule, or its square, counts as nothing.
    pub fn tolerances(&self, relative: f64) -> Vec<f64> {
        vec![1e-3 * relative; self.dimension()]
    }

    /// Where C_il is in the state.
    fn place(&self, i: usize, l: usize) -> usize {
        let n = self.species();
        let (i, l) = (i.min(l), i.max(l));
        // Rows before row i hold n + (n - 1) + ... numbers.
        n + i * (2 * n + 1 - i) / 2 + l - i
    }

    /// Numbers, first derivatives and second ones at `x`.
    pub fn with_values<T>(&self, time: f64, x: &[f64], work: impl FnOnce(&[f64], &[f64], &[f64]) -> T) -> T {
        let n = self.species();
        with_scratch(self.program.register_count() + self.program.output_count(), |room| {
            let (outputs, registers) = room.split_at_mut(self.program.output_count());
            self.program.evaluate_from(|i| if i < n { x[i] } else { time }, registers, outputs);
            let (laws, rest) = outputs.split_at(self.changes.len());
            let (slopes, bends) = rest.split_at(self.first.len());
            work(laws, slopes, bends)
        })
    }

    /// J at values of the first derivatives, `[n x n]` row-major.
    pub fn drift_matrix(&self, slopes: &[f64]) -> Vec<f64> {
        let n = self.species();
        let mut matrix = vec![0.0; n * n];
        for (&(j, l), slope) in self.first.iter().zip(slopes) {
            for &(i, v) in &self.changes[j] {
                matrix[i * n + l] += v * slope;
            }
        }
        matrix
    }

    /// D = sum_j v_j v_j^T f_j, `[n x n]`.
    pub fn diffusion_matrix(&self, laws: &[f64]) -> Vec<f64> {
        let n = self.species();
        let mut matrix = vec![0.0; n * n];
        for (changes, law) in self.changes.iter().zip(laws) {
            for &(i, v) in changes {
                for &(l, w) in changes {
                    matrix[i * n + l] += v * w * law;
                }
            }
        }
        matrix
    }

    /// The covariance of a state, `[n x n]`.
    pub fn covariance(&self, x: &[f64]) -> Vec<f64> {
        let n = self.species();
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            for l in 0..n {
                covariance[i * n + l] = x[self.place(i, l)];
            }
        }
        covariance
    }

    pub fn solution(&self, solution: &Solution) -> LinearNoiseSolution {
        let n = self.species();
        let (mut macroscopic, mut correction, mut covariance) = (Vec::new(), Vec::new(), Vec::new());
        for t in 0..solution.times.len() {
            let x = solution.state(t);
            macroscopic.extend_from_slice(&x[..n]);
            covariance.extend(self.covariance(x));
            if self.is_corrected {
                correction.extend_from_slice(&x[self.dimension() - n..]);
            }
        }
        LinearNoiseSolution {
            species: self.names.clone(),
            times: solution.times.clone(),
            macroscopic,
            correction,
            covariance,
            stop: (!solution.is_complete()).then_some(solution.stop),
        }
    }
}

impl VectorField for Field {
    fn dimension(&self) -> usize {
        let n = self.species();
        n + n * (n + 1) / 2 + if self.is_corrected { n } else { 0 }
    }

    fn evaluate(&self, time: f64, x: &[f64], dx: &mut [f64]) {
        let n = self.species();
        dx.fill(0.0);
        self.with_values(time, x, |laws, slopes, bends| {
            for (changes, law) in self.changes.iter().zip(laws) {
                for &(i, v) in changes {
                    dx[i] += v * law;
                    for &(l, w) in changes.iter().filter(|(l, _)| *l >= i) {
                        dx[self.place(i, l)] += v * w * law;
                    }
                }
            }
            let corrections = self.dimension() - n;
            // (J C)_il = sum_k J_ik C_kl, and its transpose.
            for (&(j, k), slope) in self.first.iter().zip(slopes) {
                for &(i, v) in &self.changes[j] {
                    let entry = v * slope;
                    for l in 0..n {
                        let twice = if l == i { 2.0 } else { 1.0 };
                        dx[self.place(i, l)] += twice * entry * x[self.place(k, l)];
                    }
                    if self.is_corrected {
                        dx[corrections + i] += entry * x[corrections + k];
                    }
                }
            }
            for (&(j, k, l, is_mass_action), bend) in self.second.iter().zip(bends) {
                let mut term = bend * x[self.place(k, l)];
                if k == l {
                    term *= 0.5;
                    if is_mass_action {
                        term -= 0.5 * bend * x[k];
                    }
                }
                for &(i, v) in &self.changes[j] {
                    dx[corrections + i] += v * term;
                }
            }
        });
    }

    fn names(&self) -> Vec<String> {
        let n = self.species();
        let mut names = self.names.clone();
        for i in 0..n {
            names.extend((i..n).map(|l| format!("covariance of {} and {}", self.names[i], self.names[l])));
        }
        if self.is_corrected {
            names.extend(self.names.iter().map(|name| format!("correction of {name}")));
        }
        names
    }
}
