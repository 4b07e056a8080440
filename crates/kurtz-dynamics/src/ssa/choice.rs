//! The automatic choice of an exact method.

use super::{CompositionRejection, LARGEST_IN_LANES, Lanes};
use crate::method::Method;
use kurtz_model::Kinetics;

/// The exact method that is fastest for a network of constant rate laws, by its size; the measurements behind it are in
/// `docs/reference/methods.md`.
///
/// It does not depend on the number of trajectories, so that a longer ensemble extends a shorter one.
pub fn automatic(kinetics: &Kinetics) -> Box<dyn Method> {
    if kinetics.network().reactions.len() <= LARGEST_IN_LANES {
        Box::new(Lanes::default())
    } else {
        Box::new(CompositionRejection::default())
    }
}
