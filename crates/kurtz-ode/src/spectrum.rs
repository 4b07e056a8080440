//! Eigenvalues, and the parts of space that belong to fast ones: what the diagnosis of time scales needs of a Jacobian.

use crate::continuation::eigen;
use crate::dense::RealLu;

/// The eigenvalues (real part, imaginary part) of a matrix, `[n x n]` row-major, by falling real part; conjugates follow
/// each other. `None` if the matrix is not finite.
pub fn eigenvalues(matrix: &[f64], n: usize) -> Option<Vec<(f64, f64)>> {
    eigen::eigenvalues(matrix, n)
}

/// Solves `matrix` x = `b` in place, with `b` `[n x q]` row-major. False if the matrix is singular.
pub fn solve_linear(matrix: &[f64], n: usize, b: &mut [f64]) -> bool {
    let mut lu = RealLu::new(n);
    if n == 0 || !lu.factorise(matrix) {
        return n == 0;
    }
    lu.solve_columns(b, b.len() / n);
    b.iter().all(|x| x.is_finite())
}

/// The projector P, `[n x n]` row-major, on the directions that decay faster than `rate`: it commutes with the matrix,
/// keeps the invariant subspace of eigenvalues with real part below -`rate`, and removes that of all others.
///
/// P = (1 - sign(J + rate))/2 with the sign of a matrix by Newton's iteration (J. D. Roberts, Int. J. Control 32 (1980)
/// 677-687, doi:10.1080/00207178008922881), which needs no eigenvectors and so does not mind equal eigenvalues. `None`
/// if an eigenvalue is too near to -`rate`.
///
/// # Example
/// ```
/// use kurtz_ode::spectrum::fast_projector;
/// // x decays with rate 100 towards y, which is slow: the fast direction is x alone.
/// let p = fast_projector(&[-100.0, 100.0, 0.0, -1.0], 2, 10.0).unwrap();
/// assert!((p[0] - 1.0).abs() < 1e-12 && p[2].abs() < 1e-12 && p[3].abs() < 1e-12);
/// ```
pub fn fast_projector(matrix: &[f64], n: usize, rate: f64) -> Option<Vec<f64>> {
    const MOST: usize = 100;
    let mut x = matrix.to_vec();
    for i in 0..n {
        x[i * n + i] += rate;
    }
    let mut lu = RealLu::new(n);
    for _ in 0..MOST {
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            inverse[i * n + i] = 1.0;
        }
        if !lu.factorise(&x) {
            return None;
        }
        lu.solve_columns(&mut inverse, n);
        let size = |m: &[f64]| m.iter().map(|v| v * v).sum::<f64>().sqrt();
        // Scaling brings all eigenvalues near the unit circle first.
        let scale = (size(&inverse) / size(&x)).sqrt();
        if !scale.is_finite() {
            return None;
        }
        let scale = if (scale - 1.0).abs() < 0.1 { 1.0 } else { scale };
        let mut change = 0.0;
        for (a, b) in x.iter_mut().zip(&inverse) {
            let next = 0.5 * (scale * *a + b / scale);
            change += (next - *a).powi(2);
            *a = next;
        }
        if change.sqrt() <= 1e-13 * n as f64 * size(&x) {
            break;
        }
    }
    let mut projector: Vec<f64> = x.iter().map(|s| -0.5 * s).collect();
    for i in 0..n {
        projector[i * n + i] += 0.5;
    }
    // A sign squares to 1; what does not has not converged.
    let trace: f64 = (0..n).map(|i| projector[i * n + i]).sum();
    (projector.iter().all(|p| p.is_finite()) && (trace - trace.round()).abs() < 1e-3).then_some(projector)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V diag(values) V^-1 with a matrix V without structure.
    fn with_eigenvalues(values: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let n = values.len();
        let v: Vec<f64> = (0..n * n)
            .map(|i| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0 + if i % (n + 1) == 0 { 2.0 } else { 0.0 })
            .collect();
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            inverse[i * n + i] = 1.0;
        }
        assert!(solve_linear(&v, n, &mut inverse));
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                matrix[i * n + j] = (0..n).map(|k| v[i * n + k] * values[k] * inverse[k * n + j]).sum();
            }
        }
        (matrix, v, inverse)
    }

    #[test]
    fn the_projector_keeps_fast_directions_and_removes_slow_ones() {
        // Two equal fast ones, a growing one, and a zero.
        let values = [-1e6, -400.0, -400.0, -1.0, 0.0, 0.5];
        let n = values.len();
        let (matrix, v, _) = with_eigenvalues(&values);
        for (rate, fast) in [(1e4, 1), (20.0, 3)] {
            let p = fast_projector(&matrix, n, rate).expect("a gap");
            for k in 0..n {
                let kept = if k < fast { 1.0 } else { 0.0 };
                for i in 0..n {
                    let image: f64 = (0..n).map(|j| p[i * n + j] * v[j * n + k]).sum();
                    assert!((image - kept * v[i * n + k]).abs() < 1e-8, "{rate} {k}: {image}");
                }
            }
        }
    }
}
