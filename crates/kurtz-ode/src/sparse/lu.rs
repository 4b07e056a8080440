//! LU factorisation by columns, whose pattern and pivots are kept while they serve.

use super::Sparsity;
use super::complex::Number;

/// The diagonal is the pivot if it is at least this fraction of the largest entry of its column.
const DIAGONAL: f64 = 0.1;
/// Pivots are kept while they are at least this fraction of the largest entry of their column.
const KEPT: f64 = 1e-3;
const NONE: usize = usize::MAX;

/// P A Q = L U, with the order Q of the sparsity and row exchanges P.
///
/// The first factorisation finds pattern and pivots column by column (Gilbert & Peierls); later ones only compute numbers,
/// until a pivot has become too small.
pub(crate) struct SparseLu<T> {
    sparsity: Sparsity,
    /// Below the diagonal, by columns, rows numbered by their pivots.
    lower: Columns<T>,
    /// Above the diagonal, by columns, rows ascending.
    upper: Columns<T>,
    inverse_pivots: Vec<T>,
    /// Row that is the k-th pivot, `[n]`; empty before the first factorisation.
    pivot_rows: Vec<usize>,
    /// For each entry of the matrix, the number of its row, in the order of the columns.
    places: Vec<usize>,
    /// One column in progress; zero between uses.
    column: Vec<T>,
}

struct Columns<T> {
    starts: Vec<usize>,
    rows: Vec<usize>,
    values: Vec<T>,
}

impl<T: Number> Columns<T> {
    fn new() -> Self {
        Columns { starts: vec![0], rows: Vec::new(), values: Vec::new() }
    }

    fn clear(&mut self) {
        self.starts.truncate(1);
        self.rows.clear();
        self.values.clear();
    }

    fn end_column(&mut self) {
        self.starts.push(self.rows.len());
    }

    fn range(&self, column: usize) -> std::ops::Range<usize> {
        self.starts[column]..self.starts[column + 1]
    }

    /// out -= factor times a column.
    fn subtract(&self, column: usize, factor: T, out: &mut [T]) {
        let range = self.range(column);
        for (&i, &value) in self.rows[range.clone()].iter().zip(&self.values[range]) {
            out[i] = out[i] - factor * value;
        }
    }

    /// out -= column times factors, in rows of q values, of which that with number `first` is the first in `out`.
    fn subtract_rows(&self, column: usize, factors: &[T], first: usize, out: &mut [T]) {
        let (range, q) = (self.range(column), factors.len());
        for (&i, &value) in self.rows[range.clone()].iter().zip(&self.values[range]) {
            let row = (i - first) * q;
            for (out, &factor) in out[row..row + q].iter_mut().zip(factors) {
                *out = *out - value * factor;
            }
        }
    }
}

impl<T: Number> SparseLu<T> {
    pub fn new(sparsity: &Sparsity) -> Self {
        let n = sparsity.dimension();
        SparseLu {
            sparsity: sparsity.clone(),
            lower: Columns::new(),
            upper: Columns::new(),
            inverse_pivots: vec![T::default(); n],
            pivot_rows: Vec::new(),
            places: Vec::new(),
            column: vec![T::default(); n],
        }
    }

    /// Factorises shift I - jacobian, whose `jacobian` entries are in the order of the sparsity. False if it is singular.
    pub fn factorise_shifted(&mut self, shift: T, jacobian: &[f64]) -> bool {
        if !self.pivot_rows.is_empty() && self.renew(shift, jacobian) {
            return true;
        }
        let is_regular = self.find(shift, jacobian);
        if !is_regular {
            self.pivot_rows.clear();
            self.column.fill(T::default());
        }
        is_regular
    }

    /// Computes the numbers for the pattern and pivots of before. False if a pivot has become too small.
    fn renew(&mut self, shift: T, jacobian: &[f64]) -> bool {
        let analysis = &self.sparsity.0;
        for (k, &variable) in analysis.order.iter().enumerate() {
            for at in analysis.starts[variable]..analysis.starts[variable + 1] {
                let place = self.places[at];
                match analysis.sources[at] {
                    Some(source) => self.column[place] = self.column[place] - T::real(jacobian[source]),
                    // The diagonal is listed once without a source.
                    None => self.column[place] = self.column[place] + shift,
                }
            }
            for at in self.upper.range(k) {
                let j = self.upper.rows[at];
                let factor = self.column[j];
                self.column[j] = T::default();
                self.upper.values[at] = factor;
                self.lower.subtract(j, factor, &mut self.column);
            }
            let pivot = self.column[k];
            self.column[k] = T::default();
            let inverse = pivot.inverse();
            let mut largest = 0.0_f64;
            for at in self.lower.range(k) {
                let i = self.lower.rows[at];
                largest = largest.max(self.column[i].size());
                self.lower.values[at] = self.column[i] * inverse;
                self.column[i] = T::default();
            }
            let size = pivot.size();
            // Not finite, or zero, or too small.
            if !(size > 0.0 && size < f64::INFINITY && size >= KEPT * largest) {
                self.column.fill(T::default());
                return false;
            }
            self.inverse_pivots[k] = inverse;
        }
        true
    }

    /// Finds pattern, pivots and numbers. False if the matrix is singular.
    fn find(&mut self, shift: T, jacobian: &[f64]) -> bool {
        let sparsity = self.sparsity.clone();
        let analysis = &sparsity.0;
        let n = analysis.order.len();
        self.lower.clear();
        self.upper.clear();
        self.pivot_rows.clear();
        // Number of each row once it is a pivot.
        let mut number = vec![NONE; n];
        let mut search = Search { seen: vec![NONE; n], stack: Vec::new(), found: Vec::new() };
        for (k, &variable) in analysis.order.iter().enumerate() {
            let entries = analysis.starts[variable]..analysis.starts[variable + 1];
            search.found.clear();
            for &row in &analysis.rows[entries.clone()] {
                search.reach(row, k, &self.lower, &number);
            }
            for at in entries {
                let row = analysis.rows[at];
                let value = analysis.sources[at].map_or(shift, |s| T::real(-jacobian[s]));
                self.column[row] = self.column[row] + value;
            }
            // Found in an order in which each row comes after all those that it changes.
            let (mut best, mut best_size, mut is_finite) = (NONE, 0.0, true);
            for &row in search.found.iter().rev() {
                let value = self.column[row];
                if number[row] != NONE {
                    self.upper.rows.push(number[row]);
                    self.upper.values.push(value);
                    self.lower.subtract(number[row], value, &mut self.column);
                    continue;
                }
                is_finite &= value.size().is_finite();
                if value.size() > best_size {
                    (best, best_size) = (row, value.size());
                }
            }
            if best == NONE || !is_finite {
                return false;
            }
            if number[variable] == NONE && self.column[variable].size() >= DIAGONAL * best_size {
                best = variable;
            }
            let inverse = self.column[best].inverse();
            self.inverse_pivots[k] = inverse;
            number[best] = k;
            self.pivot_rows.push(best);
            for &row in &search.found {
                if number[row] == NONE {
                    self.lower.rows.push(row);
                    self.lower.values.push(self.column[row] * inverse);
                }
                self.column[row] = T::default();
            }
            self.lower.end_column();
            self.upper.end_column();
        }
        self.lower.rows.iter_mut().for_each(|row| *row = number[*row]);
        self.places.clear();
        self.places.extend(analysis.rows.iter().map(|&row| number[row]));
        self.sort_upper();
        true
    }

    /// Sorts the columns of U by rows, the order in which they can be renewed.
    fn sort_upper(&mut self) {
        let mut pairs = Vec::new();
        for k in 0..self.pivot_rows.len() {
            let range = self.upper.range(k);
            pairs.clear();
            pairs.extend(range.clone().map(|at| (self.upper.rows[at], self.upper.values[at])));
            pairs.sort_unstable_by_key(|pair| pair.0);
            for (at, &(row, value)) in range.zip(&pairs) {
                (self.upper.rows[at], self.upper.values[at]) = (row, value);
            }
        }
    }

    /// Overwrites `b` with the solution; `work` has the same length.
    pub fn solve(&self, b: &mut [T], work: &mut [T]) {
        for (x, &row) in work.iter_mut().zip(&self.pivot_rows) {
            *x = b[row];
        }
        let n = self.pivot_rows.len();
        for k in 0..n {
            let x = work[k];
            self.lower.subtract(k, x, work);
        }
        for k in (0..n).rev() {
            let x = work[k] * self.inverse_pivots[k];
            work[k] = x;
            self.upper.subtract(k, x, work);
        }
        for (&variable, &x) in self.sparsity.0.order.iter().zip(work.iter()) {
            b[variable] = x;
        }
    }

    /// Overwrites `b`, `[n x q]` row-major, with the solutions for its q columns; `work` has the same length.
    pub fn solve_columns(&self, b: &mut [T], work: &mut [T], q: usize) {
        for (x, &row) in work.chunks_exact_mut(q).zip(&self.pivot_rows) {
            x.copy_from_slice(&b[row * q..(row + 1) * q]);
        }
        let n = self.pivot_rows.len();
        for k in 0..n {
            let (above, below) = work.split_at_mut((k + 1) * q);
            self.lower.subtract_rows(k, &above[k * q..], k + 1, below);
        }
        for k in (0..n).rev() {
            let (above, below) = work.split_at_mut(k * q);
            let row = &mut below[..q];
            row.iter_mut().for_each(|x| *x = *x * self.inverse_pivots[k]);
            self.upper.subtract_rows(k, row, 0, above);
        }
        for (&variable, x) in self.sparsity.0.order.iter().zip(work.chunks_exact(q)) {
            b[variable * q..(variable + 1) * q].copy_from_slice(x);
        }
    }
}

/// Depth-first search for the rows that a column gets entries in.
struct Search {
    /// Column in which a row was last met.
    seen: Vec<usize>,
    /// Rows on the way, with how much of their column has been looked at.
    stack: Vec<(usize, usize)>,
    /// Rows after all that they lead to.
    found: Vec<usize>,
}

impl Search {
    fn reach<T: Number>(&mut self, row: usize, column: usize, lower: &Columns<T>, number: &[usize]) {
        if self.seen[row] == column {
            return;
        }
        self.seen[row] = column;
        self.stack.push((row, 0));
        while let Some((row, looked)) = self.stack.last_mut() {
            let below = if number[*row] == NONE { &[][..] } else { &lower.rows[lower.range(number[*row])] };
            match below.get(*looked) {
                Some(&next) => {
                    *looked += 1;
                    if self.seen[next] != column {
                        self.seen[next] = column;
                        self.stack.push((next, 0));
                    }
                }
                None => {
                    self.found.push(*row);
                    self.stack.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Complex;
    use super::*;

    /// A matrix with about `per_column` entries in each column, without structure; `diagonal` says whether it has one.
    fn matrix(n: usize, per_column: usize, has_diagonal: bool, seed: usize) -> (Sparsity, Vec<f64>) {
        let mut state = seed as u64 * 2 + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let mut entries = std::collections::BTreeSet::new();
        for j in 0..n {
            // A cycle, so that the matrix is regular even without a diagonal.
            entries.insert(((j + 1) % n, j));
            for _ in 1..per_column {
                entries.insert((next() % n, j));
            }
            if has_diagonal {
                entries.insert((j, j));
            }
        }
        let entries: Vec<_> = entries.into_iter().filter(|(i, j)| has_diagonal || i != j).collect();
        let values = entries.iter().map(|_| next() as f64 / (1u64 << 31) as f64 * 4.0 - 2.0).collect();
        (Sparsity::new(n, entries), values)
    }

    fn residual(sparsity: &Sparsity, values: &[f64], shift: Complex, x: &[Complex], b: &[Complex]) -> f64 {
        let mut left: Vec<Complex> = x.iter().map(|&x| shift * x).collect();
        for (&(i, j), &value) in sparsity.entries().iter().zip(values) {
            left[i] = left[i] - Complex::real(value) * x[j];
        }
        left.iter().zip(b).map(|(&l, &b)| (l - b).size()).fold(0.0, f64::max)
    }

    #[test]
    fn solutions_solve_before_and_after_renewal_and_with_exchanged_rows() {
        for (n, per_column, has_diagonal) in
            [(1, 1, true), (2, 1, false), (40, 3, true), (40, 3, false), (25, 25, true)]
        {
            let (sparsity, values) = matrix(n, per_column, has_diagonal, n + per_column);
            let shift = Complex { re: if n == 1 { 5.0 } else { 0.03 }, im: 0.02 };
            let mut real = SparseLu::<f64>::new(&sparsity);
            let mut complex = SparseLu::<Complex>::new(&sparsity);
            for turn in 0..4 {
                // Other numbers each time, the last ones with small diagonals that need other pivots.
                let values: Vec<f64> = sparsity
                    .entries()
                    .iter()
                    .zip(&values)
                    .enumerate()
                    .map(|(k, ((i, j), v))| {
                        let changed = v * (1.0 + 0.3 * ((k * 7 + turn * 3) % 11) as f64);
                        if turn == 3 && i == j { 1e-9 * changed } else { changed }
                    })
                    .collect();
                let b: Vec<Complex> = (0..n).map(|i| Complex { re: 1.0 + i as f64, im: 0.5 - i as f64 }).collect();
                assert!(complex.factorise_shifted(shift, &values), "{n} {turn}");
                let mut x = b.clone();
                complex.solve(&mut x, &mut vec![Complex::default(); n]);
                let size = x.iter().map(|x| x.size()).fold(1.0, f64::max);
                let error = residual(&sparsity, &values, shift, &x, &b);
                assert!(error < 1e-11 * size * n as f64, "{n} {turn}: {error:e} at {size:e}");

                assert!(real.factorise_shifted(shift.re, &values), "{n} {turn}");
                let mut x: Vec<f64> = b.iter().map(|b| b.re).collect();
                let mut columns: Vec<f64> = b.iter().flat_map(|b| [b.re, -2.0 * b.re, 0.0]).collect();
                real.solve(&mut x, &mut vec![0.0; n]);
                real.solve_columns(&mut columns, &mut vec![0.0; 3 * n], 3);
                let as_complex: Vec<Complex> = x.iter().map(|&x| Complex::real(x)).collect();
                let b_real: Vec<Complex> = b.iter().map(|b| Complex::real(b.re)).collect();
                let error = residual(&sparsity, &values, Complex::real(shift.re), &as_complex, &b_real);
                let size = x.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
                assert!(error < 1e-11 * size * n as f64, "{n} {turn}: {error:e} at {size:e}");
                for (x, c) in x.iter().zip(columns.chunks_exact(3)) {
                    let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * size;
                    assert!(near(c[0], *x) && near(c[1], -2.0 * x) && c[2] == 0.0);
                }
            }
        }
    }

    #[test]
    fn a_chain_has_no_more_entries_than_it_began_with() {
        let n = 200;
        let entries: Vec<_> = (0..n).flat_map(|i| [(i, i), ((i + 1).min(n - 1), i)]).filter(|(i, j)| i != j).collect();
        let sparsity = Sparsity::new(n, entries);
        assert!(sparsity.pays_off());
        let mut lu = SparseLu::<f64>::new(&sparsity);
        let values = vec![-1.0; sparsity.entries().len()];
        assert!(lu.factorise_shifted(2.0, &values));
        assert_eq!(lu.lower.rows.len() + lu.upper.rows.len(), n - 1);
    }

    #[test]
    fn singular_matrices_are_refused_and_what_follows_is_right() {
        let sparsity = Sparsity::new(2, vec![(0, 0), (0, 1), (1, 0), (1, 1)]);
        let mut lu = SparseLu::<f64>::new(&sparsity);
        assert!(!lu.factorise_shifted(0.0, &[1.0, 2.0, 2.0, 4.0]));
        assert!(!lu.factorise_shifted(0.0, &[1.0, f64::NAN, 2.0, 4.0]));
        assert!(lu.factorise_shifted(0.0, &[-1.0, 0.0, 0.0, -2.0]));
        let mut x = [3.0, 4.0];
        lu.solve(&mut x, &mut [0.0; 2]);
        assert_eq!(x, [3.0, 2.0]);
        assert!(!lu.factorise_shifted(0.0, &[0.0; 4]));
    }
}
