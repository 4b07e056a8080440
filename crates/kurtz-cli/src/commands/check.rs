//! `kurtz check`.

use super::print_warnings;
use crate::arguments::Check;
use anyhow::Result;
use kurtz::study::check;

pub fn run(arguments: &Check) -> Result<bool> {
    let description = check::run(&arguments.model.choice())?;
    print_warnings(&description.model.warnings);
    print!("{description}");
    Ok(true)
}
