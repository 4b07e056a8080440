//! The slow manifold of a reduction in numbers, and its first correction.
//!
//! With slow variables y = B c and the manifold c = H(y) the reduced model is dy/dt = B f(H(y)). On the true slow manifold
//! c = H(y) + K d, with B K = 0, and its invariance asks for
//!
//! f(H + K d) = (DH) B f(H + K d) + higher order.
//!
//! Where species z stand for the totals, c = h(z) is known instead; then DH = Dh A^-1 and dz/dt = A^-1 dy/dt with
//! A = B Dh, and z follows from y by Newton's method. (With y itself as coordinates A = 1.)
//!
//! Newton's method on the rows of the fast species gives d: to first order the residual of H divided by the fast part of
//! the Jacobian. With it, dy/dt = B f(H + K d) is the corrected model, whose distance from the reduced one is the
//! estimate of the reduced model's error.
//!
//! # References
//! S. J. Fraser, J. Chem. Phys. 88 (1988) 4732-4738, doi:10.1063/1.454686 (the iteration of which this is one step).

use super::ReduceError;
use super::flow::Flow;
use super::reduction::Reduction;
use kurtz_model::expression::Program;
use kurtz_model::{Expression, Kinetics, Symbol};
use kurtz_ode::VectorField;
use kurtz_ode::spectrum::solve_linear;

/// c = H(y) with its derivative, on the flow of the full network.
pub struct Manifold<'a> {
    flow: &'a Flow<'a>,
    /// B, `[slow][species]`.
    slow: Vec<Vec<f64>>,
    /// Fast species in whose direction the manifold is corrected.
    fast: Vec<usize>,
    /// K, `[species x fast]`: how all species move with the fast ones at fixed slow variables and conserved totals.
    shift: Vec<f64>,
    /// h and Dh, of the coordinates.
    values: Program,
    slopes: Program,
    /// What gives the coordinates at a state, up to how far it is off the manifold.
    guess: Reduction,
}

/// A state on the manifold, corrected.
pub struct Corrected {
    /// H(y), `[species]`.
    pub plain: Vec<f64>,
    /// H(y) + K d, `[species]`.
    pub corrected: Vec<f64>,
    /// K d after the first step alone, `[species]`.
    pub first: Vec<f64>,
}

impl<'a> Manifold<'a> {
    /// The manifold of a reduction of the flow's network.
    ///
    /// # Errors
    /// If the fast species do not determine the eliminated ones.
    pub fn new(flow: &'a Flow<'a>, reduction: &Reduction) -> Result<Self, ReduceError> {
        let n = flow.dimension();
        let plan = &reduction.plan;
        let row = |coefficients: &[(usize, i64)]| {
            let mut row = vec![0.0; n];
            coefficients.iter().for_each(|&(i, a)| row[i] = a as f64);
            row
        };
        let slow: Vec<Vec<f64>> = plan.slow.iter().map(|y| row(&y.coefficients)).collect();
        let fast = plan.coordinates().to_vec();
        let fixed: Vec<Vec<f64>> =
            slow.iter().cloned().chain(plan.conserved.iter().map(|y| row(&y.coefficients))).collect();
        let others: Vec<usize> = flow.free.iter().copied().filter(|i| !fast.contains(i)).collect();
        let (q, m) = (fast.len(), others.len());
        let mut shift = vec![0.0; n * q];
        for (k, &i) in fast.iter().enumerate() {
            shift[i * q + k] = 1.0;
        }
        let singular = || ReduceError::Singular { unknowns: flow.names(others.iter().copied()) };
        if fixed.len() != m {
            return Err(singular());
        }
        if m > 0 {
            let matrix: Vec<f64> = fixed.iter().flat_map(|r| others.iter().map(|&i| r[i])).collect();
            let mut right: Vec<f64> = fixed.iter().flat_map(|r| fast.iter().map(|&i| -r[i])).collect();
            if !solve_linear(&matrix, m, &mut right) {
                return Err(singular());
            }
            for (a, &i) in others.iter().enumerate() {
                shift[i * q..(i + 1) * q].copy_from_slice(&right[a * q..(a + 1) * q]);
            }
        }
        let kinetics = Kinetics::new(&reduction.network)?;
        let inputs: Vec<Symbol> = reduction.slow.iter().map(|s| Symbol::Species(*s)).collect();
        let compile = |expressions: &[Expression]| {
            let constant = |s: Symbol| match s {
                Symbol::Species(i) => Some(kinetics.initial()[i.index()] / kinetics.volume_of(i)),
                Symbol::Time => None,
                other => Some(kinetics.value_of(other, f64::NAN, &|_| f64::NAN)),
            };
            Program::compile(expressions, &inputs, constant)
                .map_err(|e| ReduceError::NotValid { reason: e.to_string() })
        };
        let slopes: Vec<Expression> =
            reduction.species.iter().flat_map(|h| inputs.iter().map(|s| h.derivative(*s))).collect();
        let (values, slopes) = (compile(&reduction.species)?, compile(&slopes)?);
        Ok(Manifold { flow, slow, fast, shift, values, slopes, guess: reduction.clone() })
    }

    /// Number of slow variables.
    pub fn slow_count(&self) -> usize {
        self.slow.len()
    }

    /// B x.
    fn totals(&self, x: &[f64]) -> Vec<f64> {
        self.slow.iter().map(|row| row.iter().zip(x).map(|(b, x)| b * x).sum()).collect()
    }

    /// The coordinates z of the state on the manifold with the slow variables of `c`; none if there is none near.
    pub fn coordinates(&self, c: &[f64]) -> Option<Vec<f64>> {
        let y = self.totals(c);
        let mut z = self.guess.slow_values(c);
        if self.guess.plan.representatives.is_none() {
            return Some(z);
        }
        let size = y.iter().fold(f64::MIN_POSITIVE, |m: f64, v| m.max(v.abs()));
        for _ in 0..60 {
            let mut off: Vec<f64> = self.totals(&self.at(&z)).iter().zip(&y).map(|(a, b)| a - b).collect();
            let (matrix, _) = self.turned(&z);
            if !solve_linear(&matrix, z.len(), &mut off) {
                return None;
            }
            // Half way to zero at most, so that concentrations stay positive.
            let mut moved = 0.0f64;
            for (z, step) in z.iter_mut().zip(&off) {
                let next = if *z > 0.0 { (*z - step).max(0.1 * *z) } else { *z - step };
                moved = moved.max((next - *z).abs());
                *z = next;
            }
            if moved <= 1e-14 * size {
                return Some(z);
            }
        }
        z.iter().all(|x| x.is_finite()).then_some(z)
    }

    /// A = B Dh, `[slow x slow]`, and Dh, `[species x slow]`.
    fn turned(&self, z: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let m = z.len();
        let slopes = run(&self.slopes, z);
        let mut matrix = vec![0.0; m * m];
        for (t, row) in self.slow.iter().enumerate() {
            for (i, b) in row.iter().enumerate().filter(|(_, b)| **b != 0.0) {
                for k in 0..m {
                    matrix[t * m + k] += b * slopes[i * m + k];
                }
            }
        }
        (matrix, slopes)
    }

    /// dz/dt = A^-1 B f of the coordinates, at f(c).
    fn flow_of(&self, z: &[f64], f: &[f64]) -> Option<Vec<f64>> {
        let mut dy = self.totals(f);
        let (matrix, _) = self.turned(z);
        solve_linear(&matrix, z.len(), &mut dy).then_some(dy)
    }

    /// h(z), `[species]`.
    pub fn at(&self, z: &[f64]) -> Vec<f64> {
        run(&self.values, z)
    }

    /// K d.
    fn shifted(&self, d: &[f64]) -> Vec<f64> {
        self.shift.chunks_exact(d.len()).map(|row| row.iter().zip(d).map(|(k, d)| k * d).sum()).collect()
    }

    /// How far a state is off the manifold at its slow variables: in the first fast species, `[fast]`.
    pub fn fast_distance(&self, c: &[f64], plain: &[f64]) -> Vec<f64> {
        self.fast.iter().map(|&i| c[i] - plain[i]).collect()
    }

    /// Species in whose direction the manifold is corrected.
    pub fn fast(&self) -> &[usize] {
        &self.fast
    }

    /// H(y) and its correction; none where the fast equations have no regular solution.
    pub fn corrected(&self, y: &[f64]) -> Option<Corrected> {
        let (n, m, q) = (self.flow.dimension(), self.slow.len(), self.fast.len());
        let plain = self.at(y);
        // DH = Dh A^-1, that is A^T DH^T = Dh^T.
        let (matrix, h) = self.turned(y);
        let transposed = |x: &[f64], rows: usize, columns: usize| -> Vec<f64> {
            (0..rows * columns).map(|e| x[(e % rows) * columns + e / rows]).collect()
        };
        let mut slopes = transposed(&h, n, m);
        if !solve_linear(&transposed(&matrix, m, m), m, &mut slopes) {
            return None;
        }
        let slopes = transposed(&slopes, m, n);
        // Rows of (1 - DH B) for the fast species, `[fast x species]`.
        let mut rows = vec![0.0; q * n];
        for (a, &i) in self.fast.iter().enumerate() {
            rows[a * n + i] = 1.0;
            for (k, b) in self.slow.iter().enumerate() {
                let slope = slopes[i * m + k];
                for l in 0..n {
                    rows[a * n + l] -= slope * b[l];
                }
            }
        }
        let residual = |c: &[f64]| -> Vec<f64> {
            let f = self.flow.rates_of_change(c);
            rows.chunks_exact(n).map(|row| row.iter().zip(&f).map(|(r, f)| r * f).sum()).collect()
        };
        let mut d = vec![0.0; q];
        let mut c = plain.clone();
        let mut first = Vec::new();
        for step in 0..4 {
            let jacobian = self.flow.jacobian(&c);
            let mut matrix = vec![0.0; q * q];
            for a in 0..q {
                for l in 0..n {
                    let factor = rows[a * n + l];
                    if factor != 0.0 {
                        for j in 0..n {
                            let slope = factor * jacobian[l * n + j];
                            if slope != 0.0 {
                                for b in 0..q {
                                    matrix[a * q + b] += slope * self.shift[j * q + b];
                                }
                            }
                        }
                    }
                }
            }
            let mut change = residual(&c);
            if !solve_linear(&matrix, q, &mut change) {
                return None;
            }
            d.iter_mut().zip(&change).for_each(|(d, x)| *d -= x);
            let moved = self.shifted(&d);
            if step == 0 {
                first.clone_from(&moved);
            }
            c = plain.iter().zip(&moved).map(|(h, x)| h + x).collect();
            let size = |v: &[f64]| v.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            if size(&change) <= 1e-9 * size(&d) {
                break;
            }
        }
        c.iter().all(|x| x.is_finite()).then_some(Corrected { plain, corrected: c, first })
    }
}

fn run(program: &Program, y: &[f64]) -> Vec<f64> {
    let mut registers = vec![0.0; program.register_count()];
    let mut outputs = vec![0.0; program.output_count()];
    program.evaluate(y, &mut registers, &mut outputs);
    outputs
}

/// dy/dt = B f(H(y)), or with the correction dy/dt = B f(H + K d).
pub struct SlowFlow<'a> {
    /// The manifold.
    pub manifold: &'a Manifold<'a>,
    /// With the correction.
    pub is_corrected: bool,
}

impl VectorField for SlowFlow<'_> {
    fn dimension(&self) -> usize {
        self.manifold.slow_count()
    }

    fn evaluate(&self, _time: f64, y: &[f64], dy: &mut [f64]) {
        let state =
            if self.is_corrected { self.manifold.corrected(y).map(|c| c.corrected) } else { Some(self.manifold.at(y)) };
        match state.and_then(|c| self.manifold.flow_of(y, &self.manifold.flow.rates_of_change(&c))) {
            Some(flow) => dy.copy_from_slice(&flow),
            None => dy.fill(f64::NAN),
        }
    }
}
