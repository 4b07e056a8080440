//! The `kurtz` command: translates arguments and settings files into the jobs of [`kurtz::study`], never computes.

// As those of the standard library, which panic where nobody reads on, as in `kurtz check MODEL | head`.
macro_rules! print {
    ($($text:tt)*) => { $crate::output::to_stdout(format_args!($($text)*)) };
}
macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}

mod arguments;
mod commands;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod stream;
mod terminal;

use kurtz::{Class, Error};
use std::process::ExitCode;

/// Everything was done and every check passed.
const GOOD: u8 = 0;
/// Everything was done, a check failed.
const CHECK_FAILED: u8 = 1;
/// The input is at fault.
const BAD_INPUT: u8 = 2;
/// The method declines: it does not apply, or the data cannot tell.
const DECLINED: u8 = 3;
/// The user interrupted.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let command = arguments::Cli::read();
    match commands::run(command) {
        Ok(true) => GOOD.into(),
        Ok(false) => CHECK_FAILED.into(),
        Err(error) => {
            eprintln!("{}", message(&error));
            match error.downcast_ref::<Error>().map_or(Class::BadInput, Error::class) {
                Class::BadInput => BAD_INPUT,
                Class::Declined => DECLINED,
                Class::Interrupted => INTERRUPTED,
            }
            .into()
        }
    }
}

/// One message: diagnostics bring their own `error:`, everything else gets one.
fn message(error: &anyhow::Error) -> String {
    use std::io::IsTerminal;
    match error.downcast_ref::<Error>() {
        Some(Error::Model(problems)) if std::io::stderr().is_terminal() => problems.coloured(),
        Some(Error::Model(problems)) => problems.to_string(),
        _ => format!("error: {error:#}"),
    }
}
