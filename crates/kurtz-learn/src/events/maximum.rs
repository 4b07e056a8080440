//! The likelihood of point processes whose intensities are sums of constants times known functions.
//!
//! For events e and intensities lambda_e = b_e + sum_j k_j h_ej, ln L = sum_e ln lambda_e - sum_j k_j H_j with
//! H_j the integral of h_j over time. It is concave in k; Newton steps keep k >= 0 by an active set.

use crate::linear::{Compressed, Matrix, non_negative};

/// The events of one kind and the candidates that may have made them.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// h of each event and candidate, `[events x candidates]`.
    pub intensities: Matrix,
    /// Integral of h of each candidate, `[candidates]`.
    pub exposures: Vec<f64>,
    /// Intensity that is known, `[events]`.
    pub base: Vec<f64>,
}

/// Where the likelihood of some candidates is largest.
#[derive(Clone, Debug)]
pub(super) struct Maximum {
    /// Candidates, as positions in the process.
    pub candidates: Vec<usize>,
    /// Their constants.
    pub constants: Vec<f64>,
    pub log_likelihood: f64,
    /// Covariance of the constants, `[candidates x candidates]`; zero for those at the bound.
    pub covariance: Matrix,
}

impl Process {
    pub fn events(&self) -> usize {
        self.intensities.rows()
    }

    /// Intensity of each event.
    pub fn total(&self, candidates: &[usize], constants: &[f64]) -> Vec<f64> {
        let sum = |e: usize| candidates.iter().zip(constants).map(|(&j, k)| k * self.intensities[(e, j)]).sum::<f64>();
        (0..self.events()).map(|e| self.base[e] + sum(e)).collect()
    }

    fn log_likelihood(&self, candidates: &[usize], constants: &[f64]) -> f64 {
        let paid: f64 = candidates.iter().zip(constants).map(|(&j, k)| k * self.exposures[j]).sum();
        self.total(candidates, constants).iter().map(|l| l.ln()).sum::<f64>() - paid
    }

    /// Rows h / lambda of the events: their cross products are the observed information.
    pub fn rows(&self, candidates: &[usize], total: &[f64], columns: &[usize]) -> Matrix {
        debug_assert!(candidates.len() <= self.exposures.len());
        Matrix::from_fn(self.events(), columns.len(), |e, c| self.intensities[(e, columns[c])] / total[e])
    }

    /// Maximises over the constants of some candidates; `None` if some event has no chance.
    pub fn maximise(&self, candidates: &[usize]) -> Option<Maximum> {
        let n = self.events() as f64;
        let usable = |j: &usize| self.exposures[*j] > 0.0;
        if !candidates.iter().all(usable) {
            return None;
        }
        let parts = candidates.len() as f64;
        let mut k: Vec<f64> = candidates.iter().map(|&j| n / (parts * self.exposures[j])).collect();
        let mut reached = self.log_likelihood(candidates, &k);
        if !reached.is_finite() {
            return None;
        }
        let p = candidates.len();
        let all: Vec<usize> = (0..p).collect();
        let single = p == 1 && self.base.iter().all(|b| *b == 0.0);
        for _ in 0..if single || n == 0.0 { 0 } else { 200 } {
            let total = self.total(candidates, &k);
            let rows = self.rows(candidates, &total, candidates);
            let gradient: Vec<f64> =
                (0..p).map(|j| rows.column(j).iter().sum::<f64>() - self.exposures[candidates[j]]).collect();
            let next = newton(&rows, &gradient, &k, &all)?;
            let gain = |at: &[f64]| self.log_likelihood(candidates, at) - reached;
            let mut step = 1.0;
            let mut trial = next.clone();
            let is_worse = |gained: f64| gained.is_nan() || gained < 0.0;
            while is_worse(gain(&trial)) && step > 1e-9 {
                step *= 0.5;
                trial = k.iter().zip(&next).map(|(a, b)| a + step * (b - a)).collect();
            }
            let gained = gain(&trial);
            if gained.is_nan() || gained <= 0.0 {
                break;
            }
            k = trial;
            reached += gained;
            if gained < 1e-10 * (1.0 + reached.abs()) {
                break;
            }
        }
        // A step towards the bound may end a rounding error before it.
        for j in 0..p {
            let mut without = k.clone();
            without[j] = 0.0;
            if k[j] * self.exposures[candidates[j]] < 1e-6
                && self.log_likelihood(candidates, &without) >= reached - 1e-6
            {
                k[j] = 0.0;
            }
        }
        let inside: Vec<usize> = (0..p).filter(|&j| k[j] > 0.0).collect();
        let total = self.total(candidates, &k);
        let columns: Vec<usize> = inside.iter().map(|&j| candidates[j]).collect();
        let mut covariance = Matrix::zeros(p, p);
        if n > 0.0 && !inside.is_empty() {
            let rows = self.rows(candidates, &total, &columns);
            let padded =
                Matrix::from_fn(
                    rows.rows(),
                    columns.len() + 1,
                    |e, c| if c < columns.len() { rows[(e, c)] } else { 0.0 },
                );
            let places: Vec<usize> = (0..columns.len()).collect();
            let inverse = Compressed::new(&padded).inverse_information(&places)?;
            for (a, &i) in inside.iter().enumerate() {
                inside.iter().enumerate().for_each(|(b, &j)| covariance[(i, j)] = inverse[(a, b)]);
            }
        }
        Some(Maximum { candidates: candidates.to_vec(), log_likelihood: reached, constants: k, covariance })
    }
}

/// The constants that maximise the quadratic model around `k`, none negative.
fn newton(rows: &Matrix, gradient: &[f64], k: &[f64], all: &[usize]) -> Option<Vec<f64>> {
    let p = k.len();
    let padded = Matrix::from_fn(rows.rows(), p + 1, |e, c| if c < p { rows[(e, c)] } else { 0.0 });
    let mut problem = Compressed::new(&padded);
    // R^T z = R^T R k + g, solved forward.
    let here = problem.r.times_vector(k);
    let mut right: Vec<f64> =
        (0..p).map(|j| (0..=j).map(|i| problem.r[(i, j)] * here[i]).sum::<f64>() + gradient[j]).collect();
    for j in 0..p {
        let known: f64 = (0..j).map(|i| problem.r[(i, j)] * right[i]).sum();
        let diagonal = problem.r[(j, j)];
        if diagonal.abs() < 1e-12 * problem.r.column(j).iter().map(|x| x * x).sum::<f64>().sqrt() || diagonal == 0.0 {
            return None;
        }
        right[j] = (right[j] - known) / diagonal;
    }
    problem.z = right;
    Some(non_negative(&problem, all, &vec![true; p]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_candidate_is_counts_over_exposure() {
        let process = Process {
            intensities: Matrix::from_fn(50, 1, |e, _| 1.0 + e as f64),
            exposures: vec![25.0],
            base: vec![0.0; 50],
        };
        let found = process.maximise(&[0]).unwrap();
        assert!((found.constants[0] - 2.0).abs() < 1e-12);
        assert!((found.covariance[(0, 0)].sqrt() - 50f64.sqrt() / 25.0).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_zero_at_the_maximum_of_two() {
        let intensities = Matrix::from_fn(200, 2, |e, j| if j == 0 { 1.0 } else { (e % 7) as f64 });
        let process = Process { intensities, exposures: vec![100.0, 250.0], base: vec![0.0; 200] };
        let found = process.maximise(&[0, 1]).unwrap();
        let total = process.total(&[0, 1], &found.constants);
        for j in 0..2 {
            let slope: f64 =
                (0..200).map(|e| process.intensities[(e, j)] / total[e]).sum::<f64>() - process.exposures[j];
            assert!(slope.abs() < 1e-6, "{slope}");
        }
    }
}
