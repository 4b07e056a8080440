//! `kurtz bench`.

use super::in_pool;
use crate::arguments::Bench;
use crate::output::{check_table, write_table};
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::study::bench;

pub fn run(arguments: &Bench) -> Result<bool> {
    check_table(arguments.output.as_deref())?;
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
    if let Some(path) = &arguments.output {
        write_table(path, &bench::data(&measurements))?;
    }
    print!("{}", bench::table(&measurements).to_text());
    Ok(true)
}
