//! Jacobians with few entries: where these are, and LU factorisations that keep to them.
//!
//! When: networks of some tens of species and more. A species reacts with few others, so that almost all of the Jacobian is
//! zero, and an elimination in a good order leaves most of it so.
//!
//! # References
//! T. A. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006.
//! T. A. Davis, E. Palamadai Natarajan, ACM TOMS 37 (2010) 36, doi:10.1145/1824801.1824814 (pivots kept from one
//! factorisation to the next).

mod complex;
mod lu;
mod ordering;

pub(crate) use complex::Complex;
pub(crate) use lu::SparseLu;

use std::sync::Arc;

/// Where a Jacobian can be other than zero, with an order of elimination that fills in little.
///
/// Analysed once, shared by all integrations of a field (cloning is cheap).
///
/// # Example
/// ```
/// use kurtz_ode::Sparsity;
///
/// // A chain of five: each variable acts on itself and on the next.
/// let entries = (0..5).flat_map(|i| [(i, i), ((i + 1) % 5, i)]).collect();
/// let sparsity = Sparsity::new(5, entries);
/// assert_eq!((sparsity.dimension(), sparsity.entries().len()), (5, 10));
/// ```
#[derive(Clone, Debug)]
pub struct Sparsity(Arc<Analysis>);

#[derive(Debug)]
struct Analysis {
    entries: Vec<(usize, usize)>,
    /// Variables in the order in which they are eliminated, `[n]`.
    order: Vec<usize>,
    /// Multiplications of an elimination in that order without exchanges of rows.
    work: f64,
    /// The matrix by columns, each with its diagonal: `starts`, `[n + 1]`, rows, and the entry, if any, that is there.
    starts: Vec<usize>,
    rows: Vec<usize>,
    sources: Vec<Option<usize>>,
}

/// A multiplication by way of indices is counted as this many in a row of a dense matrix.
///
/// Measured (`what_an_index_costs` below; factorisations and solutions of a step with five stages): both take equally long
/// where the work is equal, since dense elimination skips zeros, but not their search; at half the work of a dense one the
/// sparse one takes 0.8 to 0.9 of the time, at a tenth a third.
const INDEXING: f64 = 2.0;

impl Sparsity {
    /// Of the Jacobian of n variables that can be other than zero at `entries`, (row, column), and nowhere else.
    ///
    /// # Panics
    /// If an entry lies outside the matrix.
    pub fn new(n: usize, entries: Vec<(usize, usize)>) -> Self {
        assert!(entries.iter().all(|&(i, j)| i < n && j < n), "entries lie within the matrix");
        let mut columns: Vec<Vec<(usize, Option<usize>)>> = (0..n).map(|j| vec![(j, None)]).collect();
        for (source, &(i, j)) in entries.iter().enumerate() {
            columns[j].push((i, Some(source)));
        }
        let (mut starts, mut rows, mut sources) = (vec![0], Vec::new(), Vec::new());
        for column in &mut columns {
            column.sort_unstable();
            for &(i, source) in column.iter() {
                rows.push(i);
                sources.push(source);
            }
            starts.push(rows.len());
        }
        let (order, work) = ordering::minimum_degree(n, &entries);
        Sparsity(Arc::new(Analysis { entries, order, work, starts, rows, sources }))
    }

    /// Number n of variables.
    pub fn dimension(&self) -> usize {
        self.0.order.len()
    }

    /// Positions (row, column), in the order in which a field writes their values.
    pub fn entries(&self) -> &[(usize, usize)] {
        &self.0.entries
    }

    /// Multiplications of a factorisation that keeps to the entries, as many of a dense one as it takes the time of.
    pub(crate) fn work(&self) -> f64 {
        INDEXING * (self.0.work + self.0.rows.len() as f64)
    }

    /// Whether factorisations that keep to the entries take less work than dense ones.
    pub(crate) fn pays_off(&self) -> bool {
        let n = self.dimension() as f64;
        self.work() < n * n * n / 3.0
    }
}

/// out += J s, for `s` and `out`, `[n x q]`, row-major, and the values of the entries of J.
pub(crate) fn multiply_add(sparsity: &Sparsity, values: &[f64], q: usize, s: &[f64], out: &mut [f64]) {
    for (&(i, j), value) in sparsity.entries().iter().zip(values) {
        for (out, s) in out[i * q..(i + 1) * q].iter_mut().zip(&s[j * q..(j + 1) * q]) {
            *out += value * s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense::{ComplexLu, RealLu};
    use std::hint::black_box;
    use std::time::Instant;

    /// Least time of a call in many, in seconds.
    fn least(mut call: impl FnMut()) -> f64 {
        let mut best = f64::INFINITY;
        for _ in 0..30 {
            let start = Instant::now();
            (0..20).for_each(|_| call());
            best = best.min(start.elapsed().as_secs_f64() / 20.0);
        }
        best
    }

    #[test]
    #[ignore = "a measurement, of INDEXING: cargo test --release -p kurtz-ode --lib -- --ignored index --nocapture"]
    fn what_an_index_costs() {
        println!("{:>4} {:>5} {:>10} {:>10} {:>8} {:>8}", "n", "extra", "dense us", "sparse us", "ratio", "INDEXING");
        for n in [4, 6, 8, 12, 16, 24, 40, 64] {
            for extra in [1, 2, 4, 8] {
                if extra >= n {
                    continue;
                }
                // Every variable acts on itself, its neighbour and some others.
                let mut entries: Vec<(usize, usize)> = (0..n).flat_map(|j| [(j, j), ((j + 1) % n, j)]).collect();
                entries.extend((0..n).flat_map(|j| (1..extra).map(move |k| ((j * j + 5 * k + 3) % n, j))));
                entries.sort_unstable();
                entries.dedup();
                let values: Vec<f64> = entries.iter().map(|(i, j)| ((3 * i + 7 * j) % 11) as f64 - 5.0).collect();
                let mut jacobian = vec![0.0; n * n];
                entries.iter().zip(&values).for_each(|((i, j), v)| jacobian[i * n + j] = *v);
                let sparsity = Sparsity::new(n, entries);
                let shift = Complex { re: 60.0, im: 30.0 };
                let (mut real, mut complex) = (RealLu::new(n), ComplexLu::new(n));
                let (mut sparse_real, mut sparse) =
                    (SparseLu::<f64>::new(&sparsity), SparseLu::<Complex>::new(&sparsity));
                let (mut re, mut im) = (vec![1.0; n], vec![0.0; n]);
                // One real and two complex factorisations, as of a step with five stages, and four solutions of each.
                let dense = least(|| {
                    black_box(real.factorise_shifted(60.0, &jacobian));
                    for _ in 0..2 {
                        black_box(complex.factorise_shifted(shift.re, shift.im, &jacobian));
                    }
                    for _ in 0..4 {
                        re.fill(1.0);
                        im.fill(0.0);
                        complex.solve(&mut re, &mut im);
                        complex.solve(&mut re, &mut im);
                        real.solve(&mut im);
                    }
                });
                let (mut b, mut work) = (vec![Complex::default(); n], vec![Complex::default(); n]);
                let (mut c, mut real_work) = (vec![0.0; n], vec![0.0; n]);
                let few = least(|| {
                    black_box(sparse_real.factorise_shifted(60.0, &values));
                    for _ in 0..2 {
                        black_box(sparse.factorise_shifted(shift, &values));
                    }
                    for _ in 0..4 {
                        b.fill(Complex { re: 1.0, im: 0.0 });
                        sparse.solve(&mut b, &mut work);
                        sparse.solve(&mut b, &mut work);
                        c.iter_mut().zip(&b).for_each(|(c, b)| *c = b.im);
                        sparse_real.solve(&mut c, &mut real_work);
                    }
                });
                assert!((0..n).all(|i| (c[i] - im[i]).abs() < 1e-9 * (1.0 + im[i].abs())), "the same solutions");
                let (full, kept) = ((n * n * n) as f64 / 3.0, sparsity.0.work + sparsity.0.rows.len() as f64);
                let ratio = dense / few;
                println!(
                    "{n:4} {extra:5} {:10.2} {:10.2} {ratio:8.2} {:8.1}",
                    1e6 * dense,
                    1e6 * few,
                    full / kept / ratio
                );
            }
        }
    }
}
