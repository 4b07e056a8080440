//! `kurtz spikes`.

use crate::arguments::Spikes;
use crate::output::{check_table, write_table};
use anyhow::Result;
use kurtz::study::spikes::{self, Settings};

pub fn run(arguments: &Spikes) -> Result<bool> {
    check_table(arguments.summary.as_deref())?;
    check_table(arguments.output.as_deref())?;
    let found = spikes::run(&Settings {
        data: arguments.data.clone(),
        variables: arguments.vars.clone(),
        from: arguments.from,
        to: arguments.to,
        prominence: arguments.prominence,
    })?;
    match &arguments.summary {
        Some(path) => write_table(path, &found.summary)?,
        None => found.summary.write_csv(&mut std::io::stdout().lock())?,
    }
    if let Some(path) = &arguments.output {
        write_table(path, &found.peaks)?;
    }
    Ok(true)
}
