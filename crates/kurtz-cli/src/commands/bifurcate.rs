//! `kurtz bifurcate`.

use super::{directory, print_warnings};
use crate::arguments::Bifurcate;
use crate::output::{check_directory, check_table, write_table};
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::study::bifurcate::{self, Settings};

pub fn run(arguments: &Bifurcate) -> Result<bool> {
    check_table(arguments.summary.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    let settings = Settings {
        model: arguments.model.choice(),
        parameter: arguments.parameter.clone(),
        from: arguments.from,
        to: arguments.to,
        vars: arguments.vars.clone(),
        steps: arguments.steps,
        starts: arguments.starts,
        cycles: !arguments.no_cycles,
        largest_step: arguments.largest_step,
    };
    let terminal = Terminal::new(arguments.quiet);
    let found = bifurcate::run(&settings, &terminal);
    terminal.clear();
    let found = found?;
    print_warnings(&found.model.warnings);
    let table = found.special_points();
    if !table.rows.is_empty() {
        println!("{}", table.to_text());
    }
    for sentence in found.summary() {
        println!("{sentence}");
    }
    if let Some(path) = &arguments.summary {
        write_table(path, &found.attractors())?;
        println!("attractors: {}", path.display());
    }
    if let Some(path) = &arguments.output {
        let report = found.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    Ok(true)
}
