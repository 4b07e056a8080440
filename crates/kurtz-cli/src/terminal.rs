//! Progress on a terminal, none in a pipe; and what Ctrl-C does.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kurtz::dynamics::progress::Progress;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// A progress bar on standard error if that is a terminal; cancelled by the first Ctrl-C.
pub struct Terminal {
    bar: Mutex<ProgressBar>,
    quiet: bool,
}

impl Terminal {
    /// A terminal that listens to Ctrl-C: the first asks the work to stop, the second ends the program at once.
    pub fn new(quiet: bool) -> Self {
        // An earlier handler can only be our own; it does the same.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTS.fetch_add(1, Ordering::SeqCst) > 0 {
                std::process::exit(130);
            }
        });
        Terminal { bar: Mutex::new(ProgressBar::hidden()), quiet }
    }

    /// Removes the bar, so that what is printed next stands alone.
    pub fn clear(&self) {
        self.with_bar(|bar| bar.finish_and_clear());
    }

    fn with_bar<T>(&self, act: impl FnOnce(&ProgressBar) -> T) -> T {
        act(&self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Progress for Terminal {
    fn begin(&self, what: &str, total: u64) {
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = ProgressStyle::with_template("{msg:38} {wide_bar} {percent:>3} %  {elapsed} (left: {eta})")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_message(what.to_string());
        let mut current = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        current.finish_and_clear();
        *current = bar;
    }

    fn advance(&self, steps: u64) {
        self.with_bar(|bar| bar.inc(steps));
    }

    fn message(&self, text: &str) {
        self.with_bar(|bar| bar.println(text));
    }

    fn cancelled(&self) -> bool {
        INTERRUPTS.load(Ordering::SeqCst) > 0
    }
}
