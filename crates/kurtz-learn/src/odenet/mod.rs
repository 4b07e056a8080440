//! ODENet as published: Yang, Peng, Zhu, Hong, J. Chem. Phys. (2020), arXiv:2006.00700, after Hu, Yang, Zhu, Hong,
//! arXiv:2005.04849.
//!
//! 1. The means: polynomial right-hand sides (eq. 11), their weights trained by back-propagation through the solver on
//!    |y - y_hat| + epsilon |theta|_1 (eq. 2), small weights removed, the rest trained again: [`train`].
//! 2. The second moments, with the terms that follow from the reactions (eq. 13): [`MomentEquations`].
//! 3. Rate constants by least squares from the coefficients of both (eq. 14): [`MomentEquations::rates`].
//!
//! It is here to be compared with [`crate::learn_reactions`]. What to expect of it: from one initial condition of the
//! epidermis model the library is collinear to one part in 1e5, and no setting tried of step 1 found the terms that are
//! there; given the right terms, step 3 multiplies the errors of step 2, so that r2 comes out with some 5 % where
//! the data hold 0.1 %.

mod adam;
mod adjoint;
mod moment_equations;
mod pipeline;
mod training;

pub use adam::{Adam, AdamSettings};
pub use adjoint::{Loss, loss_and_gradient};
pub use moment_equations::{Coefficient, MomentEquations, RatesFromCoefficients};
pub use pipeline::{Optimiser, PipelineResult, PipelineSettings, run_pipeline};
pub use training::{Trained, TrainingSettings, TrainingStop, train};
