//! Dynamic Boltzmann distributions: reduced models of counts that are normal at each time, with parameters that flow.
//!
//! The visible species are described by theta-hat, the parameters of probabilistic principal component analysis
//! ([`crate::frame`]). A subnet maps the effects that candidate reactions would have on theta-hat
//! ([`crate::approximation`]), which depend on a latent law of hidden species with learned Fourier coefficients, to the
//! change of theta-hat. It is trained on changes at several conditions ([`crate::courses`]) and then integrated at others.
//!
//! [`train`] gives [`Trial`]s, each a [`ReducedModel`] of the best and of the last round; a reduced model at one condition is
//! a [`kurtz_ode::VectorField`].
//!
//! [`OscillatorEnsemble`] learns without a subnet, from whole courses, what relaxes and oscillates: fewer numbers, which hold
//! farther from the conditions learned from.
//!
//! # References
//! O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness (2021), arXiv:2109.05053, sections II C, D and appendix D.

mod latents;
mod model;
mod oscillator;
mod scale;
mod score;
mod settings;
mod training;

pub use latents::FourierLatents;
pub use model::{Description, Kept, ReducedField, ReducedModel, Space, counts};
pub use oscillator::{Banded, Oscillator, OscillatorEnsemble, OscillatorField, OscillatorSettings, fit_members};
pub use scale::Scale;
pub use score::{Prediction, predict, range};
pub use settings::{DbdSettings, Validation};
pub use training::{Losses, Trial, train};

#[cfg(test)]
mod tests;
