//! Physics-based dynamic PCA: reduced models of the law of a few species, learned with what reactions would do to their
//! parameters (O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness, arXiv:2109.05053).

pub mod ensembles;
pub mod frames;
