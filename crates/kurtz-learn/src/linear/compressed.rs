//! A least-squares problem compressed to a triangle, on which every subset of its terms is solved cheaply.

use super::matrix::Matrix;

/// min |A x - b|^2 as min |R x - z|^2 + rest, with R square: the same problem for every subset of the terms.
#[derive(Clone, Debug)]
pub(crate) struct Compressed {
    /// Upper triangular, `[terms x terms]`.
    pub r: Matrix,
    /// Right-hand side, `[terms]`.
    pub z: Vec<f64>,
    /// What no choice of x can remove.
    pub rest: f64,
}

/// The solution on a subset.
#[derive(Clone, Debug)]
pub(crate) struct SubsetSolution {
    /// Values, in the order of the subset.
    pub x: Vec<f64>,
    /// |A x - b|^2, `rest` included.
    pub residual: f64,
}

impl Compressed {
    /// Compresses the rows [A | b], of which the last column is b, by Householder reflections.
    pub fn new(rows: &Matrix) -> Self {
        let p = rows.columns() - 1;
        let mut columns: Vec<Vec<f64>> = (0..=p).map(|j| rows.column(j)).collect();
        for column in &mut columns {
            column.resize(rows.rows().max(p), 0.0);
        }
        triangularise(&mut columns, p);
        let r = Matrix::from_fn(p, p, |i, j| if i <= j { columns[j][i] } else { 0.0 });
        let z = columns[p][..p].to_vec();
        let rest = columns[p][p..].iter().map(|v| v * v).sum();
        Compressed { r, z, rest }
    }

    pub fn terms(&self) -> usize {
        self.z.len()
    }

    /// |A x - b|^2.
    pub fn residual(&self, x: &[f64]) -> f64 {
        let fitted = self.r.times_vector(x);
        self.rest + fitted.iter().zip(&self.z).map(|(f, z)| (z - f).powi(2)).sum::<f64>()
    }

    /// Replaces b by b + A x: the problem for x + dx instead of dx.
    pub fn shifted(mut self, x: &[f64]) -> Self {
        let shift = self.r.times_vector(x);
        self.z.iter_mut().zip(shift).for_each(|(z, s)| *z += s);
        self
    }

    /// The problem for the first `terms` alone, the others always taken at their best.
    pub fn without_trailing(&self, terms: usize) -> Self {
        let (p, last) = (self.terms(), self.terms() - terms);
        // With the others first, their rows of the triangle can always be solved for, and drop out.
        let order: Vec<usize> = (terms..p).chain(0..terms).collect();
        let rows = Matrix::from_fn(p, p + 1, |i, j| if j < p { self.r[(i, order[j])] } else { self.z[i] });
        let all = Compressed::new(&rows);
        Compressed {
            r: Matrix::from_fn(terms, terms, |i, j| all.r[(i + last, j + last)]),
            z: all.z[last..].to_vec(),
            rest: all.rest + self.rest,
        }
    }

    /// The least-squares solution with all other terms zero; `None` if the subset is linearly dependent.
    pub fn solve(&self, subset: &[usize]) -> Option<SubsetSolution> {
        let (p, k) = (self.terms(), subset.len());
        // Columns of R in increasing order have zeros below their diagonal: rows after the last are only z.
        let mut columns: Vec<Vec<f64>> = subset.iter().map(|&j| self.r.column(j)).collect();
        let norms: Vec<f64> = columns.iter().map(|c| c.iter().map(|v| v * v).sum::<f64>().sqrt()).collect();
        columns.push(self.z.clone());
        triangularise(&mut columns, k);
        let mut x = columns[k][..k].to_vec();
        for i in (0..k).rev() {
            let diagonal = columns[i][i];
            if diagonal.abs() <= 1e-11 * norms[i] || norms[i] == 0.0 {
                return None;
            }
            x[i] /= diagonal;
            for j in 0..i {
                x[j] -= columns[i][j] * x[i];
            }
        }
        let residual = self.rest + columns[k][k..p].iter().map(|v| v * v).sum::<f64>();
        Some(SubsetSolution { x, residual })
    }

    /// (A_s^T A_s)^-1 of a subset, `[k x k]`; `None` if it is linearly dependent.
    pub fn inverse_information(&self, subset: &[usize]) -> Option<Matrix> {
        let k = subset.len();
        let mut columns: Vec<Vec<f64>> = subset.iter().map(|&j| self.r.column(j)).collect();
        let norms: Vec<f64> = columns.iter().map(|c| c.iter().map(|v| v * v).sum::<f64>().sqrt()).collect();
        triangularise(&mut columns, k);
        // Invert the triangle: T^-1, then T^-1 T^-T.
        let mut inverse = Matrix::zeros(k, k);
        for j in 0..k {
            if columns[j][j].abs() <= 1e-11 * norms[j] || norms[j] == 0.0 {
                return None;
            }
            inverse[(j, j)] = 1.0 / columns[j][j];
            for i in (0..j).rev() {
                let sum: f64 = (i + 1..=j).map(|l| columns[l][i] * inverse[(l, j)]).sum();
                inverse[(i, j)] = -sum / columns[i][i];
            }
        }
        Some(inverse.times_transposed(&inverse))
    }
}

/// Makes the first `k` columns upper triangular by Householder reflections, which are applied to all columns.
fn triangularise(columns: &mut [Vec<f64>], k: usize) {
    for j in 0..k {
        let (left, right) = columns.split_at_mut(j + 1);
        let pivot = &mut left[j];
        let norm = pivot[j..].iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm == 0.0 {
            continue;
        }
        let diagonal = if pivot[j] > 0.0 { -norm } else { norm };
        let mut v = pivot[j..].to_vec();
        v[0] -= diagonal;
        let scale = 2.0 / v.iter().map(|x| x * x).sum::<f64>();
        pivot[j] = diagonal;
        pivot[j + 1..].fill(0.0);
        for column in right {
            let sum: f64 = v.iter().zip(&column[j..]).map(|(a, b)| a * b).sum();
            let factor = scale * sum;
            column[j..].iter_mut().zip(&v).for_each(|(c, a)| *c -= factor * a);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem() -> (Matrix, Compressed) {
        let rows = Matrix::from_fn(9, 5, |i, j| ((i * 7 + j * 3) as f64).sin() + if i == j { 1.0 } else { 0.0 });
        let compressed = Compressed::new(&rows);
        (rows, compressed)
    }

    #[test]
    fn subsets_satisfy_the_normal_equations_of_the_uncompressed_rows() {
        let (rows, compressed) = problem();
        for subset in [vec![0, 1, 2, 3], vec![1, 3], vec![2], vec![]] {
            let solution = compressed.solve(&subset).unwrap();
            let residual: Vec<f64> = (0..9)
                .map(|i| rows[(i, 4)] - subset.iter().zip(&solution.x).map(|(&j, x)| rows[(i, j)] * x).sum::<f64>())
                .collect();
            assert!((residual.iter().map(|r| r * r).sum::<f64>() - solution.residual).abs() < 1e-12);
            for &j in &subset {
                assert!(residual.iter().enumerate().map(|(i, r)| r * rows[(i, j)]).sum::<f64>().abs() < 1e-12);
            }
        }
    }

    #[test]
    fn inverse_information_is_the_inverse_of_the_normal_matrix() {
        let (rows, compressed) = problem();
        let subset = [0, 2, 3];
        let a = Matrix::from_fn(3, 9, |j, i| rows[(i, subset[j])]);
        let normal = a.times_transposed(&a);
        let product = normal.times(&compressed.inverse_information(&subset).unwrap());
        let identity = Matrix::identity(3);
        assert!(product.as_slice().iter().zip(identity.as_slice()).all(|(x, y)| (x - y).abs() < 1e-12));
    }

    #[test]
    fn dependent_terms_are_refused_and_a_shift_moves_the_solution() {
        let rows = Matrix::from_fn(6, 4, |i, j| [1.0, i as f64, 1.0 + i as f64, (i as f64).cos()][j]);
        let compressed = Compressed::new(&rows);
        assert!(compressed.solve(&[0, 1, 2]).is_none());
        let before = compressed.solve(&[0, 1]).unwrap().x;
        let after = compressed.shifted(&[2.0, -1.0, 0.0]).solve(&[0, 1]).unwrap().x;
        assert!((after[0] - before[0] - 2.0).abs() < 1e-12 && (after[1] - before[1] + 1.0).abs() < 1e-12);
    }
}
