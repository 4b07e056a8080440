//! Factorisations of the iteration matrices gamma/h I - J and (alpha + i beta)/h I - J, dense or sparse.

use super::tables::Table;
use crate::dense::{ComplexLu, RealLu};
use crate::sparse::{Complex, SparseLu, Sparsity};

pub(super) enum Factors {
    Dense { real: RealLu, complex: Vec<ComplexLu> },
    Sparse(Box<SparseFactors>),
}

pub(super) struct SparseFactors {
    real: SparseLu<f64>,
    complex: Vec<SparseLu<Complex>>,
    /// Right-hand sides in progress.
    work: Vec<f64>,
    columns: Vec<Complex>,
    complex_work: Vec<Complex>,
}

impl Factors {
    /// Room for the matrices of n variables and a method with this many stages.
    pub fn new(n: usize, stages: usize, sparsity: Option<&Sparsity>) -> Self {
        let pairs = 0..stages / 2;
        match sparsity {
            None => Factors::Dense { real: RealLu::new(n), complex: pairs.map(|_| ComplexLu::new(n)).collect() },
            Some(sparsity) => Factors::Sparse(Box::new(SparseFactors {
                real: SparseLu::new(sparsity),
                complex: pairs.map(|_| SparseLu::new(sparsity)).collect(),
                work: Vec::new(),
                columns: Vec::new(),
                complex_work: Vec::new(),
            })),
        }
    }

    /// Factorises all matrices of a step h; `jacobian` is `[n x n]`, or the values of the sparsity's entries. False if one
    /// is singular.
    pub fn factorise<const S: usize>(&mut self, table: &Table<S>, h: f64, jacobian: &[f64]) -> bool {
        let pairs = table.alpha.iter().zip(&table.beta).map(|(a, b)| (a / h, b / h));
        match self {
            Factors::Dense { real, complex } => {
                real.factorise_shifted(table.gamma / h, jacobian)
                    && complex.iter_mut().zip(pairs).all(|(lu, (re, im))| lu.factorise_shifted(re, im, jacobian))
            }
            Factors::Sparse(sparse) => {
                let mut complex = sparse.complex.iter_mut().zip(pairs);
                sparse.real.factorise_shifted(table.gamma / h, jacobian)
                    && complex.all(|(lu, (re, im))| lu.factorise_shifted(Complex { re, im }, jacobian))
            }
        }
    }

    /// Overwrites `b`, `[n x q]` row-major, with the solutions of the real systems.
    pub fn solve_real(&mut self, b: &mut [f64], q: usize) {
        match self {
            Factors::Dense { real, .. } if q == 1 => real.solve(b),
            Factors::Dense { real, .. } => real.solve_columns(b, q),
            Factors::Sparse(sparse) => {
                sparse.work.resize(b.len(), 0.0);
                if q == 1 {
                    sparse.real.solve(b, &mut sparse.work);
                } else {
                    sparse.real.solve_columns(b, &mut sparse.work, q);
                }
            }
        }
    }

    /// Overwrites `re + i im`, each `[n x q]` row-major, with the solutions of the systems of the `pair`-th eigenvalue.
    pub fn solve_complex(&mut self, pair: usize, re: &mut [f64], im: &mut [f64], q: usize) {
        match self {
            Factors::Dense { complex, .. } if q == 1 => complex[pair].solve(re, im),
            Factors::Dense { complex, .. } => complex[pair].solve_columns(re, im, q),
            Factors::Sparse(sparse) => {
                let SparseFactors { complex, columns, complex_work, .. } = &mut **sparse;
                columns.clear();
                columns.extend(re.iter().zip(&*im).map(|(&re, &im)| Complex { re, im }));
                complex_work.resize(columns.len(), Complex::default());
                if q == 1 {
                    complex[pair].solve(columns, complex_work);
                } else {
                    complex[pair].solve_columns(columns, complex_work, q);
                }
                for ((re, im), z) in re.iter_mut().zip(im).zip(columns) {
                    (*re, *im) = (z.re, z.im);
                }
            }
        }
    }
}
