//! `kurtz learn`.

use super::{directory, in_pool, print_warnings};
use crate::arguments::{Learn, Quantity};
use crate::output::{check_directory, check_file, write_file};
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::study::learn::{self, Input, Learned, Settings};
use std::path::Path;

pub fn run(arguments: &Learn) -> Result<bool> {
    check_file(arguments.output.as_deref())?;
    check_file(arguments.json.as_deref())?;
    check_directory(arguments.report.as_deref())?;
    let settings = settings(arguments);
    let inputs = arguments.data.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let terminal = Terminal::new(arguments.running.quiet);
    let learned = in_pool(arguments.running.threads, || learn::run(&settings, inputs, &terminal))?;
    terminal.clear();
    let learned = learned?;
    if let Some(model) = &learned.model {
        print_warnings(&model.warnings);
    }
    print(&learned);
    if let Some(path) = &arguments.output {
        write_file(path, learned.network.to_crn().as_bytes())?;
        println!("network: {}", path.display());
    }
    if let Some(path) = &arguments.json {
        write_file(path, learned.json(&settings)?.as_bytes())?;
        println!("result: {}", path.display());
    }
    if let Some(path) = &arguments.report {
        let report = learned.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    Ok(true)
}

fn settings(arguments: &Learn) -> Settings {
    Settings {
        data: arguments.data.clone(),
        model: arguments.model.clone(),
        changes: arguments.changes.changes(),
        candidates: arguments.candidates.clone(),
        order: arguments.order,
        quantity: arguments.quantity.map(|quantity| match quantity {
            Quantity::Counts => learn::Quantity::Counts,
            Quantity::Concentration => learn::Quantity::Concentration,
        }),
        noise: arguments.noise,
        trajectories: arguments.trajectories,
        fix: arguments.fix.clone(),
        known: arguments.known.clone(),
        seed: arguments.seed,
    }
}

fn read(path: &Path) -> Result<Input> {
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        return Ok(Input::read(path)?);
    }
    read_parquet(path)
}

#[cfg(feature = "parquet")]
fn read_parquet(path: &Path) -> Result<Input> {
    use anyhow::Context;
    use kurtz::dynamics::data::Cells;
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let rows = (1..).zip(crate::parquet::read_cells(path)?).collect();
    let cells = Cells::from_records(&path.display().to_string(), rows).map_err(kurtz::Error::from)?;
    Ok(Input::from_cells(&cells, &bytes)?)
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(path: &Path) -> Result<Input> {
    anyhow::bail!(
        "{}: this kurtz was built without Parquet; give CSV, or build it with `--features parquet`",
        path.display()
    )
}

/// Reactions with their rates, and what to think of them.
fn print(learned: &Learned) {
    println!("Learned from {}.\n", learned.kind.describe());
    print!("{}", learned.table().to_text());
    let others = learned.report.structures.len().saturating_sub(1);
    println!("\n{} candidates left out; {others} other structures not excluded.", learned.left_out());
    for verdict in learned.verdicts() {
        println!("{verdict}");
    }
}
