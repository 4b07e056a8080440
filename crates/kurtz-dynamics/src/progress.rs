//! How long work reports on itself and is asked to stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// Hears how far a long computation is, and can ask it to stop. Called from several threads at once.
pub trait Progress: Sync {
    /// Work of `total` steps begins; `what` names it in a few words.
    fn begin(&self, _what: &str, _total: u64) {}

    /// That many more steps are done.
    fn advance(&self, _steps: u64) {}

    /// Something worth telling now.
    fn message(&self, _text: &str) {}

    /// True as soon as the work should stop; what is complete by then is kept.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody listens and nobody interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// Nobody listens, but work stops once [`Cancel::cancel`] was called, from any thread or a signal handler.
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// A flag not yet raised.
    pub const fn new() -> Self {
        Cancel(AtomicBool::new(false))
    }

    /// Asks the work to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Progress for Cancel {
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
