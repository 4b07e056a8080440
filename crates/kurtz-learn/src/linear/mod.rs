//! Small dense linear algebra, single-threaded: what the fits need and no more.
//!
//! Problems here have at most some thousand rows and some ten columns; thread pools would make them slower.

mod cholesky;
mod compressed;
mod matrix;
mod nnls;
mod svd;

pub(crate) use cholesky::Cholesky;
pub(crate) use compressed::Compressed;
pub(crate) use matrix::Matrix;
pub(crate) use nnls::non_negative;
pub(crate) use svd::Svd;
