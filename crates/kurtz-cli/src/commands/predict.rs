//! `kurtz predict`.

use crate::arguments::Predict;
use crate::output::{check_table, write_table};
use anyhow::Result;
use kurtz::study::predict;

pub fn run(arguments: &Predict) -> Result<bool> {
    check_table(arguments.output.as_deref())?;
    let predicted = predict::run(&predict::Settings {
        models: arguments.models.clone(),
        means: arguments.mean.clone(),
        deviations: arguments.sd.clone(),
        end: arguments.end,
        adaptive: arguments.adaptive,
    })?;
    for remark in &predicted.remarks {
        eprintln!("warning: {remark}");
    }
    match &arguments.output {
        Some(path) => write_table(path, &predicted.table)?,
        None => predicted.table.write_csv(&mut std::io::stdout().lock())?,
    }
    Ok(true)
}
