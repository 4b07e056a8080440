//! `kurtz bench`.

use super::{directory, in_pool};
use crate::arguments::Bench;
use crate::output::{check_directory, check_table, is_table, write_table};
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::study::bench;

pub fn run(arguments: &Bench) -> Result<bool> {
    match &arguments.output {
        Some(path) if is_table(path) => check_table(Some(path))?,
        path => check_directory(path.as_deref())?,
    }
    let default = bench::Settings::default();
    let settings = bench::Settings {
        models: arguments.models.clone().unwrap_or(default.models),
        methods: arguments.methods.clone().unwrap_or(default.methods),
        seconds: arguments.seconds,
        seed: arguments.seed,
    };
    let terminal = Terminal::new(arguments.quiet);
    let measurements = in_pool(Some(arguments.threads), || bench::run(&settings, &terminal))?;
    terminal.clear();
    let measurements = measurements?;
    print!("{}", bench::table(&measurements).to_text());
    match &arguments.output {
        Some(path) if is_table(path) => write_table(path, &bench::data(&measurements))?,
        Some(path) => {
            let report = bench::findings(&measurements, &settings)?.write(directory(path)?)?;
            println!("report: {}", report.display());
        }
        None => {}
    }
    Ok(true)
}
