//! What both propagators take and give: one window of time on a fixed set of states.

use crate::fsp::generator::Generator;
use crate::progress::Progress;

/// One window of time to be crossed on a fixed set of states.
pub(super) struct Window<'a> {
    pub(super) generator: &'a Generator,
    /// The law at the start.
    pub(super) start: &'a [f64],
    /// Times after the start at which the law is wanted, increasing; the last is the end of the window.
    pub(super) offsets: &'a [f64],
    /// Mass that may leak out of the states by the end.
    pub(super) leak_allowed: f64,
    /// Error that the propagator may make by the end, in the 1-norm.
    pub(super) error_allowed: f64,
    pub(super) progress: &'a dyn Progress,
}

/// The law at one offset.
pub(super) struct Crossed {
    pub(super) law: Vec<f64>,
    /// Mass that leaked since the start of the window.
    pub(super) leaked: f64,
    /// The propagator's own error since the start of the window, in the 1-norm.
    pub(super) error: f64,
    /// Sum of the negative probabilities that were set to zero; part of `error`.
    pub(super) negativity: f64,
    /// The law was found to change no more.
    pub(super) at_rest: bool,
}

/// How the crossing of a window ended.
pub(super) enum Outcome {
    /// The law at each offset.
    Crossed(Vec<Crossed>),
    /// More leaked than allowed: roughly how much through each boundary state, in the order of
    /// [`Generator::boundary`].
    Leaking(Vec<f64>),
    /// Interrupted from outside.
    Cancelled,
}
