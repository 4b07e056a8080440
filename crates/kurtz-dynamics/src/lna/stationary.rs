//! Stationary fluctuations: covariance, autocovariance and power spectrum.

use super::field::Field;
use super::{LinearNoise, product};
use crate::error::DynamicsError;
use kurtz_model::Kinetics;
use kurtz_ode::dense::{ComplexLu, RealLu};
use kurtz_ode::{Integration, VectorField, solve};

/// Fluctuations around the steady state that the mass-action equations reach from the initial state.
#[derive(Clone, Debug, PartialEq)]
pub struct Stationary {
    /// Names of the species.
    pub species: Vec<String>,
    /// Macroscopic numbers of molecules, `[species]`.
    pub macroscopic: Vec<f64>,
    /// Covariance, `[species x species]`.
    pub covariance: Vec<f64>,
    /// J at the steady state, `[species x species]`, row-major.
    pub drift: Vec<f64>,
    /// D = sum_j v_j v_j^T f_j there, likewise.
    pub diffusion: Vec<f64>,
}

/// Doublings of the time after which it counts as never steady.
const DOUBLINGS: u32 = 80;

impl LinearNoise {
    /// Follows numbers and covariances from the initial state until they are stationary.
    ///
    /// Conserved sums keep their initial values and do not fluctuate.
    ///
    /// # Errors
    /// If they grow, oscillate or drift for ever: the reason names what still changes.
    pub fn stationary(&self, kinetics: &Kinetics) -> Result<Stationary, DynamicsError> {
        let field = Field::new(kinetics, false);
        let n = field.species();
        let mut state = field.initial_state();
        let mut rates = vec![0.0; field.dimension()];
        let (mut time, mut step) = (0.0, 1.0);
        field.evaluate(0.0, &state, &mut rates);
        let speed = (0..n).map(|i| rates[i].abs() / state[i].max(1.0)).fold(0.0, f64::max);
        if speed > 0.0 {
            step = 1.0 / speed;
        }
        for _ in 0..DOUBLINGS {
            let settings = Integration { first_time: time, ..self.integration(&field) };
            let solution = solve(&field, &state, &[time + step], &settings)?;
            if !solution.is_complete() {
                let reason = restless(&field, time, &state);
                let reason = reason.unwrap_or_else(|| solution.stop.describe(&field.state_names()));
                return Err(DynamicsError::LinearNoise { reason });
            }
            let next = solution.state(0).to_vec();
            // Nothing has moved, to some tolerances, while the time doubled.
            let moved = next.iter().zip(&state).any(|(a, b)| (a - b).abs() > 1e-6 * a.abs().max(1e-3));
            (time, step) = (time + step, 2.0 * step);
            state = next;
            if !moved {
                return Ok(field.with_values(time, &state, |laws, slopes, _| Stationary {
                    species: field.state_names()[..n].to_vec(),
                    macroscopic: state[..n].to_vec(),
                    covariance: field.covariance(&state),
                    drift: field.drift_matrix(slopes),
                    diffusion: field.diffusion_matrix(laws),
                }));
            }
        }
        let reason = restless(&field, time, &state);
        let reason = reason.unwrap_or_else(|| format!("covariances are not stationary by time {time:.3e}"));
        Err(DynamicsError::LinearNoise { reason })
    }
}

/// Which number still moves at `time`, having had all that time to come to rest; `None` if all of them hardly do.
fn restless(field: &Field, time: f64, state: &[f64]) -> Option<String> {
    let mut rates = vec![0.0; field.dimension()];
    field.evaluate(time, state, &mut rates);
    let change = |i: usize| rates[i].abs() * time / state[i].abs().max(1.0);
    let most = (0..field.species()).max_by(|&a, &b| change(a).total_cmp(&change(b)))?;
    (change(most) > 1e-2).then(|| {
        format!(
            "the equations never come to rest: at time {time:.3e} `{}` is {:.4e} and changes by {:.3e} a unit of time; \
             what grows or oscillates for ever has no stationary law to linearise about",
            field.state_names()[most],
            state[most],
            rates[most]
        )
    })
}

/// The stationary covariance of a linear law: C of J C + C J^T = -D on the space that D spans, `[n x n]`; what is conserved does
/// not fluctuate. `None` if there is none.
pub fn stationary_covariance(drift: &[f64], diffusion: &[f64], n: usize) -> Option<Vec<f64>> {
    let place = |i: usize, l: usize| {
        let (i, l) = (i.min(l), i.max(l));
        i * (2 * n + 1 - i) / 2 + l - i
    };
    let size = n * (n + 1) / 2;
    // What is conserved does not fluctuate: a little decay of it makes the equations regular and changes nothing.
    let shift = 1e-9 * (0..n).map(|i| drift[i * n + i].abs()).fold(0.0, f64::max);
    let mut matrix = vec![0.0; size * size];
    let mut c = vec![0.0; size];
    for i in 0..n {
        for l in i..n {
            let row = place(i, l);
            c[row] = -diffusion[i * n + l];
            for k in 0..n {
                matrix[row * size + place(k, l)] += drift[i * n + k] - if k == i { shift } else { 0.0 };
                matrix[row * size + place(i, k)] += drift[l * n + k] - if k == l { shift } else { 0.0 };
            }
        }
    }
    let mut lu = RealLu::new(size);
    if !lu.factorise(&matrix) {
        return None;
    }
    lu.solve(&mut c);
    Some((0..n * n).map(|k| c[place(k / n, k % n)]).collect())
}

impl Stationary {
    /// Autocovariances C(s) = exp(J s) C, with C(s)_il = <xi_i(t + s) xi_l(t)>, at `lags` >= 0, increasing,
    /// `[lags x species x species]`.
    ///
    /// # Errors
    /// Lags that do not increase.
    pub fn autocovariance(&self, lags: &[f64]) -> Result<Vec<f64>, DynamicsError> {
        let flow = Linear { n: self.species.len(), drift: &self.drift };
        let largest = self.covariance.iter().fold(1e-300f64, |m, c| m.max(c.abs()));
        let settings = Integration::with_tolerances(1e-9, 1e-10 * largest);
        let solution = solve(&flow, &self.covariance, lags, &settings)?;
        if !solution.is_complete() {
            return Err(DynamicsError::LinearNoise { reason: solution.stop.describe(&flow.names()) });
        }
        Ok((0..lags.len()).flat_map(|k| solution.state(k).to_vec()).collect())
    }

    /// Power spectral densities of the fluctuations of each species at angular frequencies, which are not 0,
    /// `[frequencies x species]`: the diagonal of (i w - J)^-1 D (i w - J)^-H / (2 pi), whose integral over all w is the
    /// variance (Gardiner 2009, eq. 4.5.67).
    pub fn spectrum(&self, frequencies: &[f64]) -> Vec<f64> {
        let n = self.species.len();
        let mut lu = ComplexLu::new(n);
        let mut spectrum = Vec::with_capacity(frequencies.len() * n);
        for &w in frequencies {
            if !lu.factorise_shifted(0.0, w, &self.drift) {
                spectrum.extend(std::iter::repeat_n(f64::NAN, n));
                continue;
            }
            // X = (i w - J)^-1, whose rows give (X D X^H)_ii.
            let (mut re, mut im) = (vec![0.0; n * n], vec![0.0; n * n]);
            (0..n).for_each(|i| re[i * n + i] = 1.0);
            lu.solve_columns(&mut re, &mut im, n);
            let (left, right) = (product(&re, &self.diffusion, n), product(&im, &self.diffusion, n));
            for i in 0..n {
                let row = i * n..(i + 1) * n;
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let power = dot(&left[row.clone()], &re[row.clone()]) + dot(&right[row.clone()], &im[row]);
                spectrum.push(power / std::f64::consts::TAU);
            }
        }
        spectrum
    }
}

/// dX/dt = J X.
struct Linear<'a> {
    n: usize,
    drift: &'a [f64],
}

impl VectorField for Linear<'_> {
    fn dimension(&self) -> usize {
        self.n * self.n
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        dx.copy_from_slice(&product(self.drift, x, self.n));
    }
}
