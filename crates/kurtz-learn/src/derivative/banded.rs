//! Symmetric positive definite matrices with two diagonals beside the main one: factored, solved and, in part, inverted in
//! time proportional to their size.

/// A symmetric matrix with five diagonals.
#[derive(Clone, Debug)]
pub(super) struct Pentadiagonal {
    /// `[n]`.
    pub main: Vec<f64>,
    /// Entries (i + 1, i), `[n]`, the last unused.
    pub first: Vec<f64>,
    /// Entries (i + 2, i), `[n]`, the last two unused.
    pub second: Vec<f64>,
}

impl Pentadiagonal {
    pub fn zeros(n: usize) -> Self {
        Pentadiagonal { main: vec![0.0; n], first: vec![0.0; n], second: vec![0.0; n] }
    }

    /// Makes it `diagonal` I + D^T diag(weights) D, where D is the second difference, `[n - 2 x n]`.
    pub fn set_second_differences(&mut self, diagonal: f64, weights: &[f64]) {
        self.main.fill(diagonal);
        self.first.fill(0.0);
        self.second.fill(0.0);
        for (i, w) in weights.iter().enumerate() {
            self.main[i] += w;
            self.main[i + 1] += 4.0 * w;
            self.main[i + 2] += w;
            self.first[i] -= 2.0 * w;
            self.first[i + 1] -= 2.0 * w;
            self.second[i] += w;
        }
    }

    /// Factors it in place: L D L^T, with the reciprocals of D in `main` and the columns of L in `first` and `second`.
    /// The rows before `start` are left out.
    pub fn factor(mut self, start: usize) -> Factored {
        let n = self.main.len();
        let (mut l1, mut l2, mut d) = (0.0, [0.0; 2], [0.0; 2]);
        // l2, d: of the two columns before, nearest first.
        for i in start..n {
            let pivot = self.main[i] - l1 * l1 * d[0] - l2[1] * l2[1] * d[1];
            let reciprocal = 1.0 / pivot;
            let below = (self.first[i] - l2[0] * d[0] * l1) * reciprocal;
            let far = self.second[i] * reciprocal;
            self.main[i] = reciprocal;
            self.first[i] = below;
            self.second[i] = far;
            (l1, l2, d) = (below, [far, l2[0]], [pivot, d[0]]);
        }
        Factored { matrix: self, start }
    }
}

/// The factors of a [`Pentadiagonal`] without its first rows.
#[derive(Clone, Debug)]
pub(super) struct Factored {
    matrix: Pentadiagonal,
    start: usize,
}

impl Factored {
    /// Solves for the right-hand side `x`, `[n]`, in place; entries before the start stay.
    pub fn solve(&self, x: &mut [f64]) {
        let Pentadiagonal { main, first, second } = &self.matrix;
        let n = main.len();
        // What the two values before take from the next.
        let (mut before, mut earlier) = (0.0, 0.0);
        for i in self.start..n {
            let value = x[i] - before;
            x[i] = value;
            before = first[i] * value + earlier;
            earlier = second[i] * value;
        }
        let (mut after, mut later) = (0.0, 0.0);
        for i in (self.start..n).rev() {
            let value = x[i] * main[i] - first[i] * after - second[i] * later;
            x[i] = value;
            (after, later) = (value, after);
        }
    }

    /// The diagonal of the inverse; 0 before the start.
    pub fn inverse_diagonal(&self) -> Vec<f64> {
        let [main, ..] = self.inverse_band();
        main
    }

    /// The entries (i, i), (i + 1, i) and (i + 2, i) of the inverse, each `[n]`; 0 before the start (Takahashi's recurrence).
    pub fn inverse_band(&self) -> [Vec<f64>; 3] {
        let Pentadiagonal { main, first, second } = &self.matrix;
        let n = main.len();
        let [mut diagonal, mut beside, mut beyond] = [vec![0.0; n + 2], vec![0.0; n + 2], vec![0.0; n + 2]];
        for i in (self.start..n).rev() {
            let (l1, l2) = (if i + 1 < n { first[i] } else { 0.0 }, if i + 2 < n { second[i] } else { 0.0 });
            beside[i] = -l1 * diagonal[i + 1] - l2 * beside[i + 1];
            beyond[i] = -l1 * beside[i + 1] - l2 * diagonal[i + 2];
            diagonal[i] = main[i] - l1 * beside[i] - l2 * beyond[i];
        }
        [diagonal, beside, beyond].map(|mut band| {
            band.truncate(n);
            band
        })
    }

    /// The matrix, to be filled again.
    pub fn into_matrix(self) -> Pentadiagonal {
        self.matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(matrix: &Pentadiagonal) -> Vec<Vec<f64>> {
        let n = matrix.main.len();
        let mut a = vec![vec![0.0; n]; n];
        for i in 0..n {
            a[i][i] = matrix.main[i];
            if i + 1 < n {
                (a[i][i + 1], a[i + 1][i]) = (matrix.first[i], matrix.first[i]);
            }
            if i + 2 < n {
                (a[i][i + 2], a[i + 2][i]) = (matrix.second[i], matrix.second[i]);
            }
        }
        a
    }

    #[test]
    fn solutions_and_the_diagonal_of_the_inverse_are_right() {
        let n = 9;
        let mut matrix = Pentadiagonal::zeros(n);
        let weights: Vec<f64> = (0..n - 2).map(|i| 1.0 + (i as f64).sin().abs() * 5.0).collect();
        matrix.set_second_differences(0.7, &weights);
        let a = dense(&matrix);
        for start in [0, 1, 2] {
            let factored = matrix.clone().factor(start);
            let diagonal = factored.inverse_diagonal();
            for k in start..n {
                let mut x = vec![0.0; n];
                x[k] = 1.0;
                factored.solve(&mut x);
                assert!((x[k] - diagonal[k]).abs() < 1e-13, "{start} {k}");
                for i in start..n {
                    let sum: f64 = (start..n).map(|j| a[i][j] * x[j]).sum();
                    assert!((sum - if i == k { 1.0 } else { 0.0 }).abs() < 1e-12);
                }
            }
        }
    }
}
