//! Rational laws with a shared denominator: how the parts of a conserved total follow other species.
//!
//! y_i = c N_i(D) / sum_j w_j N_j(D), with the total c = sum_i w_i y_i, polynomials N_i >= 0 of the driving species D, and
//! the same denominator for all parts, so that they add up to the total by construction (quasi-steady states and partial
//! equilibria of mass-action networks have this form). The structure follows from conserved sums and constant products
//! ([`laws`]), or is chosen among polynomials ([`choose`]); the coefficients are found with errors in all species, the
//! driving ones too, by orthogonal regression. [`published`] is the recipe of the paper instead.
//!
//! # References
//! W. Yang, L. Peng, Y. Zhu, L. Hong, J. Chem. Phys. 153 (2020) 094117, equations (16)-(18), Table III.
//! P. T. Boggs, R. H. Byrd, R. B. Schnabel, SIAM J. Sci. Stat. Comput. 8 (1987) 1052-1078, doi:10.1137/0908085 (orthogonal
//! distance regression; each sample's true drivers are unknowns, eliminated one sample at a time).

mod choose;
mod derive;
mod fit;
mod law;
mod published;

pub use choose::choose;
pub use derive::laws;
pub use law::{Law, Term};
pub use published::{PublishedRational, PublishedSettings, published};

#[cfg(test)]
mod tests;
