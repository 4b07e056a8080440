//! Products and solutions of small dense matrices, row-major, of any [`Scalar`].

use super::scalar::Scalar;

pub(super) fn zero<S: Scalar>() -> S {
    S::from(0.0)
}

/// A B for A `[n x k]` and B `[k x m]`.
pub(super) fn times<S: Scalar>(a: &[S], b: &[S], n: usize, k: usize, m: usize) -> Vec<S> {
    let entry = |i: usize, j: usize| (0..k).fold(zero(), |sum: S, l| sum + a[i * k + l] * b[l * m + j]);
    (0..n * m).map(|e| entry(e / m, e % m)).collect()
}

/// A B^T for A `[n x k]` and B `[m x k]`.
pub(super) fn times_transposed<S: Scalar>(a: &[S], b: &[S], n: usize, k: usize, m: usize) -> Vec<S> {
    let entry = |i: usize, j: usize| (0..k).fold(zero(), |sum: S, l| sum + a[i * k + l] * b[j * k + l]);
    (0..n * m).map(|e| entry(e / m, e % m)).collect()
}

/// The sum of the products of all pairs of entries, Tr(A^T B).
pub(super) fn inner<S: Scalar>(a: &[S], b: &[S]) -> S {
    a.iter().zip(b).fold(zero(), |sum, (&x, &y)| sum + x * y)
}

pub(super) fn minus<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(&x, &y)| x - y).collect()
}

pub(super) fn plus<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(&x, &y)| x + y).collect()
}

/// Solves A X = B for a positive definite A `[n x n]` and B `[n x m]`; without pivots, which it does not need.
pub(super) fn solve<S: Scalar>(a: &[S], b: &[S], n: usize, m: usize) -> Vec<S> {
    let (mut a, mut x) = (a.to_vec(), b.to_vec());
    for k in 0..n {
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            for j in k + 1..n {
                a[i * n + j] = a[i * n + j] - factor * a[k * n + j];
            }
            for j in 0..m {
                x[i * m + j] = x[i * m + j] - factor * x[k * m + j];
            }
        }
    }
    for k in (0..n).rev() {
        for j in 0..m {
            let sum = (k + 1..n).fold(x[k * m + j], |sum, l| sum - a[k * n + l] * x[l * m + j]);
            x[k * m + j] = sum / a[k * n + k];
        }
    }
    x
}

/// Eigenvalues, falling, and unit eigenvectors as rows, of a symmetric matrix `[n x n]`; cyclic Jacobi rotations.
pub(crate) fn symmetric_eigen(matrix: &[f64], n: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut a = matrix.to_vec();
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    for _sweep in 0..60 {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let off = a[p * n + q];
                // Relative to the diagonal, so that small eigenvalues of graded matrices keep their digits.
                if off.abs() <= 1e-17 * (a[p * n + p] * a[q * n + q]).abs().sqrt() || off == 0.0 {
                    continue;
                }
                rotated = true;
                let zeta = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
                let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let c = 1.0 / (1.0 + t * t).sqrt();
                let s = c * t;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (v[p * n + k], v[q * n + k]);
                    (v[p * n + k], v[q * n + k]) = (c * x - s * y, s * x + c * y);
                }
                (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
            }
        }
        if !rotated {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let vectors = order.iter().map(|&i| v[i * n..(i + 1) * n].to_vec()).collect();
    (values, vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_rebuild_the_matrix_and_elimination_solves_it() {
        let a = [4.0, 1.0, -0.5, 1.0, 3.0, 0.25, -0.5, 0.25, 1e-6];
        let a: Vec<f64> = a.iter().enumerate().map(|(e, x)| if e == 8 { x + 0.2 } else { *x }).collect();
        let (values, vectors) = symmetric_eigen(&a, 3);
        assert!(values.windows(2).all(|w| w[0] >= w[1]));
        for i in 0..3 {
            for j in 0..3 {
                let sum: f64 = (0..3).map(|k| values[k] * vectors[k][i] * vectors[k][j]).sum();
                assert!((sum - a[i * 3 + j]).abs() < 1e-14);
            }
        }
        let b = [1.0, 2.0, -1.0, 0.5, 3.0, 0.0];
        let x = solve(&a, &b, 3, 2);
        assert!(times(&a, &x, 3, 3, 2).iter().zip(b).all(|(p, q)| (p - q).abs() < 1e-13));
    }
}
