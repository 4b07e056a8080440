//! Cholesky factor of a covariance matrix.

use super::matrix::{Matrix, dot};

/// The lower triangular L of a symmetric positive definite matrix L L^T.
#[derive(Clone, Debug)]
pub(crate) struct Cholesky {
    l: Matrix,
}

impl Cholesky {
    /// Factorises a symmetric matrix; `None` if it is not positive definite to rounding.
    pub fn new(a: &Matrix) -> Option<Self> {
        let n = a.rows();
        let mut l = Matrix::zeros(n, n);
        for i in 0..n {
            for j in 0..=i {
                let sum = a[(i, j)] - dot(&l.row(i)[..j], &l.row(j)[..j]);
                if i == j {
                    if sum.is_nan() || sum <= 0.0 {
                        return None;
                    }
                    l[(i, i)] = sum.sqrt();
                } else {
                    l[(i, j)] = sum / l[(j, j)];
                }
            }
        }
        Some(Cholesky { l })
    }

    pub fn factor(&self) -> &Matrix {
        &self.l
    }

    /// Replaces the rows of `b` by those of L^-1 b.
    pub fn whiten(&self, b: &mut Matrix) {
        let columns = b.columns();
        for i in 0..b.rows() {
            let l = self.l.row(i);
            let mut row = b.row(i).to_vec();
            for k in 0..i {
                let factor = l[k];
                row.iter_mut().zip(b.row(k)).for_each(|(x, y)| *x -= factor * y);
            }
            for j in 0..columns {
                b[(i, j)] = row[j] / l[i];
            }
        }
    }

    /// L x: from independent unit variates to correlated ones.
    pub fn colour(&self, x: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|i| dot(&self.l.row(i)[..=i], &x[..=i])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitening_undoes_colouring() {
        let a =
            Matrix::from_fn(5, 5, |i, j| (-(i as f64 - j as f64).abs() / 3.0).exp() + if i == j { 0.1 } else { 0.0 });
        let factor = Cholesky::new(&a).unwrap();
        let rebuilt = factor.factor().times_transposed(factor.factor());
        assert!(rebuilt.as_slice().iter().zip(a.as_slice()).all(|(x, y)| (x - y).abs() < 1e-14));
        let x = [1.0, -2.0, 0.5, 3.0, 0.25];
        let mut b = Matrix::from_rows(5, 1, factor.colour(&x));
        factor.whiten(&mut b);
        assert!(b.as_slice().iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        assert!(Cholesky::new(&Matrix::from_rows(2, 2, vec![1.0, 2.0, 2.0, 1.0])).is_none());
    }
}
