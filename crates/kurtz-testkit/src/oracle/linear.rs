//! dy/dt = A y by the matrix exponential: scaling, Taylor's series, squaring. Plain and slow.

use std::ops::{Index, IndexMut};

/// A square matrix, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    size: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// All zero, `size` by `size`.
    pub fn zeros(size: usize) -> Self {
        Matrix { size, values: vec![0.0; size * size] }
    }

    /// From its rows.
    ///
    /// # Panics
    /// If it is not square.
    pub fn from_rows(rows: &[&[f64]]) -> Self {
        assert!(rows.iter().all(|r| r.len() == rows.len()));
        Matrix { size: rows.len(), values: rows.concat() }
    }

    /// This times a number.
    pub fn scaled(&self, by: f64) -> Self {
        Matrix { size: self.size, values: self.values.iter().map(|x| x * by).collect() }
    }

    /// This times another.
    pub fn times(&self, other: &Self) -> Self {
        let n = self.size;
        let mut product = Matrix::zeros(n);
        for i in 0..n {
            for k in 0..n {
                let a = self[(i, k)];
                if a != 0.0 {
                    for j in 0..n {
                        product[(i, j)] += a * other[(k, j)];
                    }
                }
            }
        }
        product
    }

    /// This times a vector.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.values.chunks(self.size).map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum()).collect()
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;
    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.values[i * self.size + j]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.values[i * self.size + j]
    }
}

/// exp(A).
pub fn matrix_exponential(a: &Matrix) -> Matrix {
    let n = a.size;
    let norm = (0..n).map(|j| (0..n).map(|i| a[(i, j)].abs()).sum::<f64>()).fold(0.0, f64::max);
    let halvings = (norm / 0.5).log2().ceil().max(0.0) as i32;
    let small = a.scaled(0.5f64.powi(halvings));
    let mut term = Matrix::zeros(n);
    (0..n).for_each(|i| term[(i, i)] = 1.0);
    let mut sum = term.clone();
    for k in 1..=18 {
        term = term.times(&small).scaled(1.0 / f64::from(k));
        sum.values.iter_mut().zip(&term.values).for_each(|(s, t)| *s += t);
    }
    for _ in 0..halvings {
        sum = sum.times(&sum);
    }
    sum
}

/// y(t) of dy/dt = A y.
pub fn solve_linear(a: &Matrix, y: &[f64], time: f64) -> Vec<f64> {
    matrix_exponential(&a.scaled(time)).apply(y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_of_a_rotation_rotates() {
        let turn = matrix_exponential(&Matrix::from_rows(&[&[0.0, -3.0], &[3.0, 0.0]]));
        let (sin, cos) = 3.0f64.sin_cos();
        for (i, j, x) in [(0, 0, cos), (0, 1, -sin), (1, 0, sin), (1, 1, cos)] {
            assert!((turn[(i, j)] - x).abs() < 1e-14);
        }
    }
}
