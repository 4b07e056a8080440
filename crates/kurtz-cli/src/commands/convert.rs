//! `kurtz convert`.

use super::print_warnings;
use crate::arguments::{Convert, ModelFormat};
use crate::output::{check_file, write_file};
use anyhow::{Context, Result};
use kurtz::model::format::Format;
use kurtz::study::convert;

pub fn run(arguments: &Convert) -> Result<bool> {
    let path = &arguments.output;
    check_file(Some(path))?;
    let format = match arguments.to {
        Some(ModelFormat::Crn) => Format::Crn,
        Some(ModelFormat::Sbml) => Format::Sbml,
        None => Format::of_name(path).with_context(|| {
            format!("cannot tell how to write `{}`: end its name in .crn, .xml or .sbml, or say --to", path.display())
        })?,
    };
    let converted = convert::run(&arguments.model.choice(), format, &path.display().to_string())?;
    print_warnings(&converted.model.warnings);
    write_file(path, converted.text.as_bytes())?;
    Ok(true)
}
