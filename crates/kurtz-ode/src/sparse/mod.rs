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

/// A multiplication by way of indices is counted as this many in a row of a dense matrix: a choice, not a measurement.
const INDEXING: f64 = 6.0;

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

    /// Whether factorisations that keep to the entries take less work than dense ones.
    pub(crate) fn pays_off(&self) -> bool {
        let n = self.dimension() as f64;
        INDEXING * (self.0.work + self.0.rows.len() as f64) < n * n * n / 3.0
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
