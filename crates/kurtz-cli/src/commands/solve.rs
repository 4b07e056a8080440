//! `kurtz solve`.

use super::{directory, in_pool, print_warnings};
use crate::arguments::Solve;
use crate::output::{check_directory, check_table, write_table};
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::dynamics::fsp::FspSettings;
use kurtz::report::{Cell, Table};
use kurtz::study::{solve, summary};

pub fn run(arguments: &Solve) -> Result<bool> {
    check_table(arguments.summary.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    let settings = solve::Settings {
        model: arguments.model.choice(),
        end: arguments.end,
        steps: arguments.steps,
        projection: FspSettings {
            tolerance: arguments.tolerance,
            max_states: arguments.max_states,
            ..FspSettings::default()
        },
    };
    let terminal = Terminal::new(arguments.running.quiet);
    let law = in_pool(arguments.running.threads, || solve::run(&settings, &terminal))?;
    terminal.clear();
    let law = law?;
    print_warnings(&law.model.warnings);
    let moments = law.moments();
    let table = summary::means_and_deviations("summary", &moments, None);
    if let Some(path) = &arguments.summary {
        write_table(path, &table)?;
    }
    if let Some(path) = &arguments.output {
        let report = law.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    if arguments.summary.is_none() && arguments.output.is_none() {
        table.write_csv(&mut std::io::stdout().lock())?;
    }
    let last = law.solution.distributions.last();
    let bound = last.map_or(0.0, |law| law.error_bound());
    let note = Table::new(["states", "bound on the error of the probabilities at the end (1-norm; not of the means)"])
        .row([Cell::from(law.solution.statistics.most_states as f64), Cell::digits(bound, 2)]);
    eprint!("{}", note.to_text());
    Ok(true)
}
