//! Singular values and right singular vectors by one-sided Jacobi rotations, accurate also for small values.
//!
//! J. Demmel, K. Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204-1245.

use super::matrix::Matrix;

/// Singular values, largest first, and right singular vectors.
#[derive(Clone, Debug)]
pub(crate) struct Svd {
    /// Singular values, decreasing, `[columns]`.
    pub values: Vec<f64>,
    /// Right singular vectors, one per row, in the order of the values.
    pub right: Matrix,
}

impl Svd {
    pub fn new(a: &Matrix) -> Self {
        let n = a.columns();
        let mut columns: Vec<Vec<f64>> = (0..n).map(|j| a.column(j)).collect();
        let mut right = Matrix::identity(n);
        for _sweep in 0..60 {
            let mut rotated = false;
            for p in 0..n {
                for q in p + 1..n {
                    let product = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(x, y)| x * y).sum::<f64>();
                    let (alpha, beta) = (product(&columns[p], &columns[p]), product(&columns[q], &columns[q]));
                    let gamma = product(&columns[p], &columns[q]);
                    if gamma.abs() <= 1e-15 * (alpha * beta).sqrt() {
                        continue;
                    }
                    rotated = true;
                    let zeta = (beta - alpha) / (2.0 * gamma);
                    let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                    let c = 1.0 / (1.0 + t * t).sqrt();
                    let s = c * t;
                    for i in 0..a.rows() {
                        let (x, y) = (columns[p][i], columns[q][i]);
                        (columns[p][i], columns[q][i]) = (c * x - s * y, s * x + c * y);
                    }
                    for i in 0..n {
                        let (x, y) = (right[(p, i)], right[(q, i)]);
                        (right[(p, i)], right[(q, i)]) = (c * x - s * y, s * x + c * y);
                    }
                }
            }
            if !rotated {
                break;
            }
        }
        let norms: Vec<f64> = columns.iter().map(|c| c.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| norms[j].total_cmp(&norms[i]));
        Svd { values: order.iter().map(|&i| norms[i]).collect(), right: right.select_rows(&order) }
    }

    /// Largest over smallest singular value; infinite if the smallest is zero.
    pub fn condition(&self) -> f64 {
        match (self.values.first(), self.values.last()) {
            (Some(largest), Some(smallest)) => largest / smallest,
            _ => 1.0,
        }
    }

    /// Number of singular values above `relative` times the largest.
    pub fn rank(&self, relative: f64) -> usize {
        let line = relative * self.values.first().copied().unwrap_or(0.0);
        self.values.iter().filter(|&&v| v > line).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_of_a_known_matrix() {
        // [[3, 0], [4, 5]] has singular values sqrt(45) and sqrt(5).
        let svd = Svd::new(&Matrix::from_rows(2, 2, vec![3.0, 0.0, 4.0, 5.0]));
        assert!((svd.values[0] - 45f64.sqrt()).abs() < 1e-14 && (svd.values[1] - 5f64.sqrt()).abs() < 1e-14);
        assert!((svd.condition() - 3.0).abs() < 1e-14);
    }

    #[test]
    fn a_null_direction_is_found() {
        // The third column is the first plus twice the second: null vector (1, 2, -1).
        let a = Matrix::from_fn(6, 3, |i, j| {
            let (x, y) = ((i as f64).sin(), (i as f64 + 0.5).cos());
            [x, y, x + 2.0 * y][j]
        });
        let svd = Svd::new(&a);
        assert_eq!(svd.rank(1e-10), 2);
        let null = svd.right.row(2);
        let scale = null[0];
        assert!((null[1] / scale - 2.0).abs() < 1e-12 && (null[2] / scale + 1.0).abs() < 1e-12);
    }
}
