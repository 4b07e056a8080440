//! LU factorisations of dense real and complex matrices, with partial pivoting.
//!
//! Row-major, right-looking; zero multipliers are skipped, so that matrices with structure cost less. Made for the
//! small and middle sizes of iteration matrices; they allocate nothing after construction.

/// P A = L U of a real matrix.
#[derive(Clone)]
pub struct RealLu {
    n: usize,
    lu: Vec<f64>,
    inverse_pivots: Vec<f64>,
    swaps: Vec<usize>,
}

impl RealLu {
    /// Room for matrices of n rows.
    pub fn new(n: usize) -> Self {
        RealLu { n, lu: vec![0.0; n * n], inverse_pivots: vec![0.0; n], swaps: vec![0; n] }
    }

    /// Factorises shift I - jacobian. False if it is singular.
    pub fn factorise_shifted(&mut self, shift: f64, jacobian: &[f64]) -> bool {
        let n = self.n;
        for (a, j) in self.lu.iter_mut().zip(jacobian) {
            *a = -j;
        }
        for i in 0..n {
            self.lu[i * n + i] += shift;
        }
        self.eliminate()
    }

    /// Factorises `matrix`. False if it is singular.
    pub fn factorise(&mut self, matrix: &[f64]) -> bool {
        self.lu.copy_from_slice(matrix);
        self.eliminate()
    }

    /// Whether the determinant of what was factorised is negative.
    pub fn determinant_is_negative(&self) -> bool {
        let swapped = self.swaps.iter().enumerate().filter(|&(k, &pivot)| k != pivot).count();
        let negative = self.inverse_pivots.iter().filter(|p| **p < 0.0).count();
        (swapped + negative) % 2 == 1
    }

    fn eliminate(&mut self) -> bool {
        let n = self.n;
        for k in 0..n {
            let mut pivot = k;
            for i in k + 1..n {
                if self.lu[i * n + k].abs() > self.lu[pivot * n + k].abs() {
                    pivot = i;
                }
            }
            self.swaps[k] = pivot;
            let value = self.lu[pivot * n + k];
            if value == 0.0 || !value.is_finite() {
                return false;
            }
            let (above, below) = self.lu.split_at_mut((k + 1) * n);
            let row = &mut above[k * n..];
            if pivot != k {
                row.swap_with_slice(&mut below[(pivot - k - 1) * n..(pivot - k) * n]);
            }
            let inverse = 1.0 / value;
            self.inverse_pivots[k] = inverse;
            for other in below.chunks_exact_mut(n) {
                let factor = other[k] * inverse;
                other[k] = factor;
                if factor != 0.0 {
                    for (a, b) in other[k + 1..].iter_mut().zip(&row[k + 1..]) {
                        *a -= factor * b;
                    }
                }
            }
        }
        true
    }

    /// Overwrites `b` with the solution.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.n;
        for (k, &pivot) in self.swaps.iter().enumerate() {
            b.swap(k, pivot);
        }
        for (i, row) in self.lu.chunks_exact(n).enumerate() {
            let sum: f64 = row[..i].iter().zip(&b[..i]).map(|(l, x)| l * x).sum();
            b[i] -= sum;
        }
        for (i, row) in self.lu.chunks_exact(n).enumerate().rev() {
            let sum: f64 = row[i + 1..].iter().zip(&b[i + 1..]).map(|(u, x)| u * x).sum();
            b[i] = (b[i] - sum) * self.inverse_pivots[i];
        }
    }
}

impl RealLu {
    /// Overwrites `b`, `[n x q]` row-major, with the solutions for its q columns.
    pub fn solve_columns(&self, b: &mut [f64], q: usize) {
        let n = self.n;
        for (k, &pivot) in self.swaps.iter().enumerate() {
            swap_rows(b, q, k, pivot);
        }
        for i in 0..n {
            let (above, below) = b.split_at_mut(i * q);
            for (l, row) in self.lu[i * n..i * n + i].iter().zip(above.chunks_exact(q)) {
                subtract(&mut below[..q], *l, row);
            }
        }
        for i in (0..n).rev() {
            let (above, below) = b.split_at_mut((i + 1) * q);
            let out = &mut above[i * q..];
            for (u, row) in self.lu[i * n + i + 1..(i + 1) * n].iter().zip(below.chunks_exact(q)) {
                subtract(out, *u, row);
            }
            out.iter_mut().for_each(|x| *x *= self.inverse_pivots[i]);
        }
    }
}

/// P A = L U of a complex matrix, real and imaginary parts apart.
pub struct ComplexLu {
    n: usize,
    re: Vec<f64>,
    im: Vec<f64>,
    inverse_pivots: Vec<(f64, f64)>,
    swaps: Vec<usize>,
}

impl ComplexLu {
    /// Room for matrices of n rows.
    pub fn new(n: usize) -> Self {
        ComplexLu {
            n,
            re: vec![0.0; n * n],
            im: vec![0.0; n * n],
            inverse_pivots: vec![(0.0, 0.0); n],
            swaps: vec![0; n],
        }
    }

    /// Factorises (re + i im) I - jacobian. False if it is singular.
    pub fn factorise_shifted(&mut self, re: f64, im: f64, jacobian: &[f64]) -> bool {
        let n = self.n;
        for (a, j) in self.re.iter_mut().zip(jacobian) {
            *a = -j;
        }
        self.im.fill(0.0);
        for i in 0..n {
            self.re[i * n + i] += re;
            self.im[i * n + i] = im;
        }
        for k in 0..n {
            let size = |i: usize| self.re[i * n + k].abs() + self.im[i * n + k].abs();
            let mut pivot = k;
            for i in k + 1..n {
                if size(i) > size(pivot) {
                    pivot = i;
                }
            }
            self.swaps[k] = pivot;
            let (a, b) = (self.re[pivot * n + k], self.im[pivot * n + k]);
            let square = a * a + b * b;
            if square == 0.0 || !square.is_finite() {
                return false;
            }
            let (re_above, re_below) = self.re.split_at_mut((k + 1) * n);
            let (im_above, im_below) = self.im.split_at_mut((k + 1) * n);
            let (re_row, im_row) = (&mut re_above[k * n..], &mut im_above[k * n..]);
            if pivot != k {
                let span = (pivot - k - 1) * n..(pivot - k) * n;
                re_row.swap_with_slice(&mut re_below[span.clone()]);
                im_row.swap_with_slice(&mut im_below[span]);
            }
            let inverse = (a / square, -b / square);
            self.inverse_pivots[k] = inverse;
            for (re, im) in re_below.chunks_exact_mut(n).zip(im_below.chunks_exact_mut(n)) {
                let (f, g) = multiply((re[k], im[k]), inverse);
                (re[k], im[k]) = (f, g);
                if f != 0.0 || g != 0.0 {
                    let values = re[k + 1..].iter_mut().zip(&mut im[k + 1..]);
                    for ((x, y), (u, v)) in values.zip(re_row[k + 1..].iter().zip(&im_row[k + 1..])) {
                        *x -= f * u - g * v;
                        *y -= f * v + g * u;
                    }
                }
            }
        }
        true
    }

    /// Overwrites `x + i y` with the solution.
    pub fn solve(&self, x: &mut [f64], y: &mut [f64]) {
        let n = self.n;
        for (k, &pivot) in self.swaps.iter().enumerate() {
            x.swap(k, pivot);
            y.swap(k, pivot);
        }
        let dot = |i: usize, span: std::ops::Range<usize>, x: &[f64], y: &[f64]| {
            let row = i * n + span.start..i * n + span.end;
            let (mut a, mut b) = (0.0, 0.0);
            let values = x[span.clone()].iter().zip(&y[span]);
            for ((re, im), (x, y)) in self.re[row.clone()].iter().zip(&self.im[row]).zip(values) {
                a += re * x - im * y;
                b += re * y + im * x;
            }
            (a, b)
        };
        for i in 0..n {
            let (a, b) = dot(i, 0..i, x, y);
            x[i] -= a;
            y[i] -= b;
        }
        for i in (0..n).rev() {
            let (a, b) = dot(i, i + 1..n, x, y);
            (x[i], y[i]) = multiply((x[i] - a, y[i] - b), self.inverse_pivots[i]);
        }
    }
}

impl ComplexLu {
    /// Overwrites `x + i y`, each `[n x q]` row-major, with the solutions for the q columns.
    pub fn solve_columns(&self, x: &mut [f64], y: &mut [f64], q: usize) {
        let n = self.n;
        for (k, &pivot) in self.swaps.iter().enumerate() {
            swap_rows(x, q, k, pivot);
            swap_rows(y, q, k, pivot);
        }
        for i in 0..n {
            let (x_above, x_below) = x.split_at_mut(i * q);
            let (y_above, y_below) = y.split_at_mut(i * q);
            for j in 0..i {
                let rows = (&x_above[j * q..(j + 1) * q], &y_above[j * q..(j + 1) * q]);
                let factor = (self.re[i * n + j], self.im[i * n + j]);
                subtract_complex(&mut x_below[..q], &mut y_below[..q], factor, rows);
            }
        }
        for i in (0..n).rev() {
            let (x_above, x_below) = x.split_at_mut((i + 1) * q);
            let (y_above, y_below) = y.split_at_mut((i + 1) * q);
            let (x_out, y_out) = (&mut x_above[i * q..], &mut y_above[i * q..]);
            for (m, j) in (i + 1..n).enumerate() {
                let rows = (&x_below[m * q..(m + 1) * q], &y_below[m * q..(m + 1) * q]);
                let factor = (self.re[i * n + j], self.im[i * n + j]);
                subtract_complex(x_out, y_out, factor, rows);
            }
            for (x, y) in x_out.iter_mut().zip(y_out) {
                (*x, *y) = multiply((*x, *y), self.inverse_pivots[i]);
            }
        }
    }
}

fn swap_rows(b: &mut [f64], q: usize, i: usize, j: usize) {
    if i != j {
        let (above, below) = b.split_at_mut(j * q);
        above[i * q..(i + 1) * q].swap_with_slice(&mut below[..q]);
    }
}

/// out -= factor row.
fn subtract(out: &mut [f64], factor: f64, row: &[f64]) {
    for (x, b) in out.iter_mut().zip(row) {
        *x -= factor * b;
    }
}

/// x + i y -= (f + i g) (u + i v).
fn subtract_complex(x: &mut [f64], y: &mut [f64], (f, g): (f64, f64), (u, v): (&[f64], &[f64])) {
    for ((x, y), (u, v)) in x.iter_mut().zip(y).zip(u.iter().zip(v)) {
        *x -= f * u - g * v;
        *y -= f * v + g * u;
    }
}

fn multiply((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    (a * c - b * d, a * d + b * c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix without structure whose leading entries force pivoting.
    fn matrix(n: usize) -> Vec<f64> {
        let mut m: Vec<f64> = (0..n * n).map(|i| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0).collect();
        m[0] = 2.0;
        m
    }

    #[test]
    fn factorisations_solve_shifted_systems() {
        for n in [1, 2, 5, 17] {
            let j = matrix(n);
            let (x, y): (Vec<f64>, Vec<f64>) = (0..n).map(|i| (1.0 + i as f64, 0.5 - i as f64)).unzip();
            let (a, b) = (if n == 1 { 3.0 } else { 2.0 }, 0.7);
            let multiply_j = |v: &[f64]| -> Vec<f64> {
                j.chunks_exact(n).map(|row| row.iter().zip(v).map(|(j, v)| j * v).sum()).collect()
            };
            let (jx, jy) = (multiply_j(&x), multiply_j(&y));

            let mut real = RealLu::new(n);
            assert!(real.factorise_shifted(a, &j));
            let mut rhs: Vec<f64> = (0..n).map(|i| a * x[i] - jx[i]).collect();
            // Three columns: b, 2 b, 3 b.
            let triple = |b: &[f64]| -> Vec<f64> { b.iter().flat_map(|b| [*b, 2.0 * b, 3.0 * b]).collect() };
            let mut columns = triple(&rhs);
            real.solve_columns(&mut columns, 3);
            assert!(columns.iter().zip(triple(&x)).all(|(u, v)| (u - v).abs() < 1e-10), "{n}: {columns:?}");
            real.solve(&mut rhs);
            assert!(rhs.iter().zip(&x).all(|(u, v)| (u - v).abs() < 1e-11), "{n}: {rhs:?}");

            let mut complex = ComplexLu::new(n);
            assert!(complex.factorise_shifted(a, b, &j));
            let mut re: Vec<f64> = (0..n).map(|i| a * x[i] - b * y[i] - jx[i]).collect();
            let mut im: Vec<f64> = (0..n).map(|i| a * y[i] + b * x[i] - jy[i]).collect();
            let (mut re_columns, mut im_columns) = (triple(&re), triple(&im));
            complex.solve_columns(&mut re_columns, &mut im_columns, 3);
            assert!(re_columns.iter().zip(triple(&x)).all(|(u, v)| (u - v).abs() < 1e-10), "{n}: {re_columns:?}");
            assert!(im_columns.iter().zip(triple(&y)).all(|(u, v)| (u - v).abs() < 1e-10), "{n}: {im_columns:?}");
            complex.solve(&mut re, &mut im);
            assert!(re.iter().zip(&x).all(|(u, v)| (u - v).abs() < 1e-11), "{n}: {re:?}");
            assert!(im.iter().zip(&y).all(|(u, v)| (u - v).abs() < 1e-11), "{n}: {im:?}");
        }
    }

    #[test]
    fn singular_matrices_are_refused() {
        assert!(!RealLu::new(2).factorise_shifted(0.0, &[1.0, 2.0, 2.0, 4.0]));
        assert!(!RealLu::new(1).factorise_shifted(f64::NAN, &[0.0]));
        assert!(!ComplexLu::new(1).factorise_shifted(1.0, 0.0, &[1.0]));
    }
}
