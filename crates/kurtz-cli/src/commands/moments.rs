//! `kurtz moments`.

use super::print_warnings;
use crate::arguments::Moments;
use crate::output::{check_table, write_table};
use anyhow::Result;
use kurtz::study::{moments, summary};

pub fn run(arguments: &Moments) -> Result<bool> {
    check_table(arguments.output.as_deref())?;
    let equations = moments::run(&moments::Settings {
        model: arguments.model.choice(),
        order: arguments.order,
        raw: arguments.raw,
        closure: arguments.closure.clone(),
        end: arguments.end,
        steps: arguments.steps,
    })?;
    print_warnings(&equations.model.warnings);
    match (&equations.solution, &arguments.output) {
        (Some(solution), Some(path)) => {
            write_table(path, &summary::moments_up_to(arguments.order, "moments", solution))?
        }
        (Some(solution), None) => {
            summary::moments_up_to(arguments.order, "moments", solution).write_csv(&mut std::io::stdout().lock())?
        }
        (None, _) if arguments.latex => print!("{}", equations.latex()),
        (None, _) => print!("{}", equations.text()),
    }
    Ok(true)
}
