//! Eigenvalues of dense real matrices, and the eigenvectors that go with given ones.
//!
//! The matrix is balanced, brought to Hessenberg form by elimination and then to quasi-triangular form by shifted QR
//! steps with two shifts at once, after J. G. F. Francis, Comput. J. 4 (1961) 265-271 and 332-345,
//! doi:10.1093/comjnl/4.3.265. Made for the Jacobians and monodromy matrices of some hundreds of variables.

use crate::dense::ComplexLu;

/// A complex number (real part, imaginary part).
pub(crate) type Complex = (f64, f64);

/// The eigenvalues of a matrix, `[n x n]` row-major, by falling real part; conjugates follow each other.
///
/// `None` if the matrix is not finite, or if the iteration does not converge (it does, but for made-up matrices).
pub(crate) fn eigenvalues(matrix: &[f64], n: usize) -> Option<Vec<Complex>> {
    if matrix.iter().any(|a| !a.is_finite()) {
        return None;
    }
    let mut a = matrix.to_vec();
    balance(&mut a, n);
    reduce(&mut a, n);
    let mut values = quasi_triangular(&mut a, n)?;
    values.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)));
    Some(values)
}

/// Scales rows and columns by powers of two until they are of similar size; eigenvalues stay.
fn balance(a: &mut [f64], n: usize) {
    loop {
        let mut is_done = true;
        for i in 0..n {
            let others =
                |index: &dyn Fn(usize) -> usize| -> f64 { (0..n).filter(|&j| j != i).map(|j| a[index(j)].abs()).sum() };
            let (column, row) = (others(&|j| j * n + i), others(&|j| i * n + j));
            if column == 0.0 || row == 0.0 {
                continue;
            }
            let factor = (0.5 * (row / column).log2()).round().clamp(-400.0, 400.0).exp2();
            if column * factor + row / factor < 0.95 * (column + row) {
                is_done = false;
                for j in 0..n {
                    a[i * n + j] /= factor;
                    a[j * n + i] *= factor;
                }
            }
        }
        if is_done {
            return;
        }
    }
}

/// To upper Hessenberg form by stabilised elementary similarity transformations.
fn reduce(a: &mut [f64], n: usize) {
    for k in 1..n.saturating_sub(1) {
        let mut pivot = k;
        for i in k + 1..n {
            if a[i * n + k - 1].abs() > a[pivot * n + k - 1].abs() {
                pivot = i;
            }
        }
        let value = a[pivot * n + k - 1];
        if value == 0.0 {
            continue;
        }
        if pivot != k {
            for j in 0..n {
                a.swap(pivot * n + j, k * n + j);
            }
            for i in 0..n {
                a.swap(i * n + pivot, i * n + k);
            }
        }
        for i in k + 1..n {
            let factor = a[i * n + k - 1] / value;
            if factor != 0.0 {
                for j in 0..n {
                    a[i * n + j] -= factor * a[k * n + j];
                }
                for r in 0..n {
                    a[r * n + k] += factor * a[r * n + i];
                }
            }
            a[i * n + k - 1] = 0.0;
        }
    }
}

/// Eigenvalues of an upper Hessenberg matrix by implicit double-shift QR steps with deflation.
fn quasi_triangular(a: &mut [f64], n: usize) -> Option<Vec<Complex>> {
    let norm: f64 = a.iter().map(|x| x.abs()).fold(0.0, f64::max);
    let mut values = Vec::with_capacity(n);
    let mut end = n;
    let mut iterations = 0;
    while end > 0 {
        // The block that ends at `end` and whose subdiagonal has no negligible entry begins at `start`.
        let mut start = end - 1;
        while start > 0 {
            let neighbours = a[(start - 1) * n + start - 1].abs() + a[start * n + start].abs();
            let size = if neighbours == 0.0 { norm } else { neighbours };
            if a[start * n + start - 1].abs() <= f64::EPSILON * size {
                a[start * n + start - 1] = 0.0;
                break;
            }
            start -= 1;
        }
        match end - start {
            1 => {
                values.push((a[start * n + start], 0.0));
                (end, iterations) = (start, 0);
            }
            2 => {
                values.extend(of_two_by_two(a, n, start));
                (end, iterations) = (start, 0);
            }
            _ => {
                iterations += 1;
                if iterations > 60 {
                    return None;
                }
                double_step(a, n, start, end, iterations % 10 == 0);
            }
        }
    }
    Some(values)
}

fn of_two_by_two(a: &[f64], n: usize, i: usize) -> [Complex; 2] {
    let (p, q, r, s) = (a[i * n + i], a[i * n + i + 1], a[(i + 1) * n + i], a[(i + 1) * n + i + 1]);
    let (middle, half) = (0.5 * (p + s), 0.5 * (p - s));
    let square = half * half + q * r;
    if square < 0.0 {
        return [(middle, (-square).sqrt()), (middle, -(-square).sqrt())];
    }
    // The larger one by a sum without cancellation, the other from the determinant.
    let larger = half.abs() + square.sqrt();
    let signed = if half < 0.0 { -larger } else { larger };
    let first = s + signed;
    let second = if signed == 0.0 { s } else { s - q * r / signed };
    [(first, 0.0), (second, 0.0)]
}

/// One QR step on rows and columns start..end, with the eigenvalues of the last two rows as shifts.
fn double_step(a: &mut [f64], n: usize, start: usize, end: usize, is_exceptional: bool) {
    let at = |a: &[f64], i: usize, j: usize| a[i * n + j];
    let m = end - 1;
    let (trace, determinant) = if is_exceptional {
        let size = at(a, m, m - 1).abs() + at(a, m - 1, m - 2).abs();
        (1.5 * size, size * size)
    } else {
        let (p, q) = (at(a, m - 1, m - 1), at(a, m - 1, m));
        let (r, s) = (at(a, m, m - 1), at(a, m, m));
        (p + s, p * s - q * r)
    };
    // First column of (A - s1)(A - s2).
    let (h00, h01) = (at(a, start, start), at(a, start, start + 1));
    let (h10, h11) = (at(a, start + 1, start), at(a, start + 1, start + 1));
    let mut column = [
        h00 * h00 + h01 * h10 - trace * h00 + determinant,
        h10 * (h00 + h11 - trace),
        h10 * at(a, start + 2, start + 1),
    ];
    for k in start..m {
        let size = if k + 2 < end { 3 } else { 2 };
        if k > start {
            for (i, c) in column.iter_mut().enumerate().take(size) {
                *c = at(a, k + i, k - 1);
            }
        }
        let length = column[..size].iter().map(|c| c * c).sum::<f64>().sqrt();
        if length == 0.0 {
            continue;
        }
        // Householder: I - 2 v v^T / v^T v maps the column to a multiple of the first unit vector.
        let mut v = [0.0; 3];
        v[..size].copy_from_slice(&column[..size]);
        v[0] += if column[0] < 0.0 { -length } else { length };
        let square: f64 = v.iter().map(|x| x * x).sum();
        let from = if k > start { k - 1 } else { start };
        for j in from..n {
            let dot: f64 = (0..size).map(|i| v[i] * a[(k + i) * n + j]).sum::<f64>() * 2.0 / square;
            for i in 0..size {
                a[(k + i) * n + j] -= dot * v[i];
            }
        }
        for i in 0..end.min(k + size + 1) {
            let dot: f64 = (0..size).map(|j| v[j] * a[i * n + k + j]).sum::<f64>() * 2.0 / square;
            for j in 0..size {
                a[i * n + k + j] -= dot * v[j];
            }
        }
        if k > start {
            for i in 1..size {
                a[(k + i) * n + k - 1] = 0.0;
            }
        }
    }
}

/// The eigenvector (real parts, imaginary parts), of length 1, of the eigenvalue nearest to `value`, by inverse
/// iteration. `None` if it does not converge.
pub(crate) fn eigenvector(matrix: &[f64], n: usize, value: Complex) -> Option<(Vec<f64>, Vec<f64>)> {
    let size = matrix.iter().map(|x| x.abs()).fold(f64::MIN_POSITIVE, f64::max);
    let mut lu = ComplexLu::new(n);
    // A shift a little off the eigenvalue keeps the matrix regular without slowing the iteration.
    if !lu.factorise_shifted(value.0 + 1e-10 * size, value.1, matrix) {
        return None;
    }
    let mut re: Vec<f64> = (0..n).map(|i| 1.0 + 0.1 * (i % 7) as f64).collect();
    let mut im: Vec<f64> = (0..n).map(|i| 0.3 - 0.1 * (i % 5) as f64).collect();
    for _ in 0..6 {
        lu.solve(&mut re, &mut im);
        let length = re.iter().chain(&im).map(|x| x * x).sum::<f64>().sqrt();
        if !length.is_finite() || length == 0.0 {
            return None;
        }
        re.iter_mut().chain(&mut im).for_each(|x| *x /= length);
    }
    Some((re, im))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_values(matrix: &[f64], expected: &[Complex], tolerance: f64) {
        let found = eigenvalues(matrix, expected.len()).unwrap();
        for (f, e) in found.iter().zip(expected) {
            assert!((f.0 - e.0).hypot(f.1 - e.1) < tolerance, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn small_matrices_have_their_known_eigenvalues() {
        assert_values(&[3.0], &[(3.0, 0.0)], 1e-15);
        assert_values(&[0.0, -1.0, 1.0, 0.0], &[(0.0, 1.0), (0.0, -1.0)], 1e-15);
        assert_values(&[2.0, 1.0, 1.0, 2.0], &[(3.0, 0.0), (1.0, 0.0)], 1e-14);
        // The companion matrix of (x - 1)(x - 2)(x - 3)(x^2 + 4).
        let mut companion = vec![0.0; 25];
        // x^5 - 6 x^4 + 15 x^3 - 30 x^2 + 44 x - 24.
        companion[..5].copy_from_slice(&[6.0, -15.0, 30.0, -44.0, 24.0]);
        for i in 1..5 {
            companion[i * 5 + i - 1] = 1.0;
        }
        assert_values(&companion, &[(3.0, 0.0), (2.0, 0.0), (1.0, 0.0), (0.0, 2.0), (0.0, -2.0)], 1e-10);
    }

    #[test]
    fn the_second_difference_has_cosines() {
        let n = 40;
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            matrix[i * n + i] = -2.0;
            if i > 0 {
                matrix[i * n + i - 1] = 1.0;
                matrix[(i - 1) * n + i] = 1.0;
            }
        }
        let angle = std::f64::consts::PI / (n + 1) as f64;
        let expected: Vec<_> = (1..=n).map(|k| (-2.0 + 2.0 * (k as f64 * angle).cos(), 0.0)).collect();
        assert_values(&matrix, &expected, 1e-12);
    }

    /// For matrices without structure: sum and product are trace and determinant, and each value has a vector.
    #[test]
    fn eigenvalues_and_vectors_of_matrices_without_structure_fit() {
        let mut state = 12345u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        for n in [3, 6, 11, 24, 60] {
            let matrix: Vec<f64> = (0..n * n).map(|_| next()).collect();
            let values = eigenvalues(&matrix, n).unwrap();
            let trace: f64 = (0..n).map(|i| matrix[i * n + i]).sum();
            assert!((values.iter().map(|v| v.0).sum::<f64>() - trace).abs() < 1e-11, "{n}");
            assert!(values.iter().map(|v| v.1).sum::<f64>().abs() < 1e-12);
            for &value in &values {
                let (x, y) = eigenvector(&matrix, n, value).unwrap();
                for i in 0..n {
                    let row = &matrix[i * n..(i + 1) * n];
                    let (a, b): (f64, f64) =
                        (0..n).fold((0.0, 0.0), |(a, b), j| (a + row[j] * x[j], b + row[j] * y[j]));
                    let (c, d) = (value.0 * x[i] - value.1 * y[i], value.0 * y[i] + value.1 * x[i]);
                    assert!((a - c).hypot(b - d) < 1e-8, "{n} {value:?}");
                }
            }
        }
    }

    #[test]
    fn badly_scaled_matrices_are_balanced() {
        assert_values(&[1.0, 1e12, 1e-12, 1.0], &[(2.0, 0.0), (0.0, 0.0)], 1e-12);
        assert_eq!(eigenvalues(&[f64::NAN], 1), None);
        assert_values(&[0.0; 9], &[(0.0, 0.0); 3], 1e-300);
    }
}
