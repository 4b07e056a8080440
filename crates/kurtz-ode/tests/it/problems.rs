//! Problems with known answers.

use kurtz_ode::VectorField;

/// f(t, x, p, out).
type Function = fn(f64, &[f64], &[f64], &mut [f64]);

/// A field given by plain functions: f(t, x; p), its Jacobian and its parameter Jacobian.
pub struct Problem {
    pub x0: Vec<f64>,
    pub parameters: Vec<f64>,
    pub rate: Function,
    pub jacobian: Option<Function>,
    pub parameter_jacobian: Option<Function>,
}

impl VectorField for Problem {
    fn dimension(&self) -> usize {
        self.x0.len()
    }

    fn evaluate(&self, time: f64, x: &[f64], dx: &mut [f64]) {
        (self.rate)(time, x, &self.parameters, dx);
    }

    fn jacobian(&self, time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        let Some(write) = self.jacobian else { return false };
        jacobian.fill(0.0);
        write(time, x, &self.parameters, jacobian);
        true
    }

    fn parameter_count(&self) -> usize {
        if self.parameter_jacobian.is_some() { self.parameters.len() } else { 0 }
    }

    fn parameter_jacobian(&self, time: f64, x: &[f64], out: &mut [f64]) {
        if let Some(write) = self.parameter_jacobian {
            out.fill(0.0);
            write(time, x, &self.parameters, out);
        }
    }
}

/// x' = -k x.
pub fn decay(k: f64) -> Problem {
    Problem {
        x0: vec![1.0],
        parameters: vec![k],
        rate: |_, x, p, dx| dx[0] = -p[0] * x[0],
        jacobian: Some(|_, _, p, j| j[0] = -p[0]),
        parameter_jacobian: Some(|_, x, _, out| out[0] = -x[0]),
    }
}

/// x' = v, v' = -x, from (0, 1): x = sin t.
pub fn oscillator() -> Problem {
    Problem {
        x0: vec![0.0, 1.0],
        parameters: vec![],
        rate: |_, x, _, dx| {
            dx[0] = x[1];
            dx[1] = -x[0];
        },
        jacobian: Some(|_, _, _, j| {
            j[1] = 1.0;
            j[2] = -1.0;
        }),
        parameter_jacobian: None,
    }
}

/// x' = r x (1 - x / K), parameters (r, K).
pub fn logistic(x0: f64, r: f64, k: f64) -> Problem {
    Problem {
        x0: vec![x0],
        parameters: vec![r, k],
        rate: |_, x, p, dx| dx[0] = p[0] * x[0] * (1.0 - x[0] / p[1]),
        jacobian: Some(|_, x, p, j| j[0] = p[0] * (1.0 - 2.0 * x[0] / p[1])),
        parameter_jacobian: Some(|_, x, p, out| {
            out[0] = x[0] * (1.0 - x[0] / p[1]);
            out[1] = p[0] * x[0] * x[0] / (p[1] * p[1]);
        }),
    }
}

/// The solution of [`logistic`] and its derivatives by r, K and x0.
pub fn logistic_solution(t: f64, x0: f64, r: f64, k: f64) -> (f64, [f64; 3]) {
    let e = (-r * t).exp();
    let d = x0 + (k - x0) * e;
    let x = k * x0 / d;
    let by_r = k * x0 * (k - x0) * t * e / (d * d);
    let by_k = x0 / d - k * x0 * e / (d * d);
    let by_x0 = k / d - k * x0 * (1.0 - e) / (d * d);
    (x, [by_r, by_k, by_x0])
}

/// Robertson's autocatalytic reaction (1966), the classical stiff kinetics; parameters (k1, k2, k3).
pub fn robertson() -> Problem {
    Problem {
        x0: vec![1.0, 0.0, 0.0],
        parameters: vec![0.04, 1e4, 3e7],
        rate: |_, x, p, dx| {
            let (a, b, c) = (p[0] * x[0], p[1] * x[1] * x[2], p[2] * x[1] * x[1]);
            dx[0] = -a + b;
            dx[1] = a - b - c;
            dx[2] = c;
        },
        jacobian: Some(|_, x, p, j| {
            let (b, c) = (p[1], 2.0 * p[2] * x[1]);
            j.copy_from_slice(&[-p[0], b * x[2], b * x[1], p[0], -b * x[2] - c, -b * x[1], 0.0, c, 0.0]);
        }),
        parameter_jacobian: Some(|_, x, _, out| {
            let (a, b, c) = (x[0], x[1] * x[2], x[1] * x[1]);
            out.copy_from_slice(&[-a, b, 0.0, a, -b, -c, 0.0, 0.0, c]);
        }),
    }
}

/// Van der Pol's oscillator x'' = mu (1 - x^2) x' - x, parameter mu, from (2, 0).
pub fn van_der_pol(mu: f64) -> Problem {
    Problem {
        x0: vec![2.0, 0.0],
        parameters: vec![mu],
        rate: |_, x, p, dx| {
            dx[0] = x[1];
            dx[1] = p[0] * (1.0 - x[0] * x[0]) * x[1] - x[0];
        },
        jacobian: Some(|_, x, p, j| {
            j.copy_from_slice(&[0.0, 1.0, -2.0 * p[0] * x[0] * x[1] - 1.0, p[0] * (1.0 - x[0] * x[0])]);
        }),
        parameter_jacobian: Some(|_, x, _, out| out[1] = (1.0 - x[0] * x[0]) * x[1]),
    }
}

/// HIRES, high irradiance responses of photomorphogenesis (Schaefer 1975; Hairer & Wanner II, IV.10): 8 species.
pub fn hires() -> Problem {
    Problem {
        x0: vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057],
        parameters: vec![],
        rate: |_, y, _, dy| {
            dy[0] = -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007;
            dy[1] = 1.71 * y[0] - 8.75 * y[1];
            dy[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4];
            dy[3] = 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3];
            dy[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6];
            dy[5] = -280.0 * y[5] * y[7] + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6];
            dy[6] = 280.0 * y[5] * y[7] - 1.81 * y[6];
            dy[7] = -dy[6];
        },
        jacobian: None,
        parameter_jacobian: None,
    }
}

/// The gene network of the ODENet paper, equations (15): species P, M, G, GP, GP2; parameters k1, k-1, k2, k-2, k0, ks,
/// kd.
pub fn gene_network() -> Problem {
    Problem {
        x0: vec![0.0, 5.0, 0.01, 0.01, 0.01],
        parameters: vec![3.0, 2.4, 9.0, 6.0, 0.05, 0.01, 0.01],
        rate: |_, x, k, dx| {
            let v1 = k[0] * x[2] * x[0] - k[1] * x[3];
            let v2 = k[2] * x[0] * x[3] - k[3] * x[4];
            dx[0] = k[5] * x[1] - v1 - v2;
            dx[1] = k[4] * (x[2] + x[3]) - k[6] * x[1];
            dx[2] = -v1;
            dx[3] = v1 - v2;
            dx[4] = v2;
        },
        jacobian: Some(|_, x, k, j| {
            let v1 = [k[0] * x[2], 0.0, k[0] * x[0], -k[1], 0.0];
            let v2 = [k[2] * x[3], 0.0, 0.0, k[2] * x[0], -k[3]];
            for i in 0..5 {
                j[i] = -v1[i] - v2[i];
                j[10 + i] = -v1[i];
                j[15 + i] = v1[i] - v2[i];
                j[20 + i] = v2[i];
            }
            j[1] += k[5];
            j[6] = -k[6];
            j[7] = k[4];
            j[8] = k[4];
        }),
        parameter_jacobian: Some(|_, x, _, out| {
            let v1 = [x[2] * x[0], -x[3], 0.0, 0.0];
            let v2 = [0.0, 0.0, x[0] * x[3], -x[4]];
            for k in 0..4 {
                out[k] = -v1[k] - v2[k];
                out[14 + k] = -v1[k];
                out[21 + k] = v1[k] - v2[k];
                out[28 + k] = v2[k];
            }
            out[5] = x[1];
            out[7 + 4] = x[2] + x[3];
            out[7 + 6] = -x[1];
        }),
    }
}

/// First and second moments of a two-type branching process (A -> 2A, A + B, 2B; B -> 0), linear with constant
/// coefficients: variables <A>, <B>, Var A, Cov, Var B; parameters (a, b, g) the rates of the divisions, (d) of loss.
pub fn moments() -> Problem {
    Problem {
        x0: vec![10.0, 0.0, 0.0, 0.0, 0.0],
        parameters: vec![0.092, 0.924, 0.084, 0.31],
        rate: |_, x, p, dx| {
            let (growth, shed) = (p[0] - p[2], p[1] + 2.0 * p[2]);
            dx[0] = growth * x[0];
            dx[1] = shed * x[0] - p[3] * x[1];
            dx[2] = 2.0 * growth * x[2] + (p[0] + p[2]) * x[0];
            dx[3] = (growth - p[3]) * x[3] + shed * x[2] - 2.0 * p[2] * x[0];
            dx[4] = 2.0 * shed * x[3] - 2.0 * p[3] * x[4] + (p[1] + 4.0 * p[2]) * x[0] + p[3] * x[1];
        },
        jacobian: Some(|_, _, p, j| {
            let (growth, shed) = (p[0] - p[2], p[1] + 2.0 * p[2]);
            j[0] = growth;
            j[5] = shed;
            j[6] = -p[3];
            j[10] = p[0] + p[2];
            j[12] = 2.0 * growth;
            j[15] = -2.0 * p[2];
            j[17] = shed;
            j[18] = growth - p[3];
            j[20] = p[1] + 4.0 * p[2];
            j[21] = p[3];
            j[23] = 2.0 * shed;
            j[24] = -2.0 * p[3];
        }),
        parameter_jacobian: Some(|_, x, _, out| {
            out[0..4].copy_from_slice(&[x[0], 0.0, -x[0], 0.0]);
            out[4..8].copy_from_slice(&[0.0, x[0], 2.0 * x[0], -x[1]]);
            out[8..12].copy_from_slice(&[2.0 * x[2] + x[0], 0.0, -2.0 * x[2] + x[0], 0.0]);
            out[12..16].copy_from_slice(&[x[3], x[2], -x[3] + 2.0 * x[2] - 2.0 * x[0], -x[3]]);
            out[16..20].copy_from_slice(&[0.0, 2.0 * x[3] + x[0], 4.0 * x[3] + 4.0 * x[0], -2.0 * x[4] + x[1]]);
        }),
    }
}
