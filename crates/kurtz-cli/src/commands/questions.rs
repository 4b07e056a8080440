//! What `kurtz simulate` is asked beside moments over time: first-passage times, sensitivities, the law at rest.

use super::simulate::{named, refuse};
use super::{directory, in_pool, print_warnings};
use crate::arguments::{Record, SensitivityEstimator, Simulate, SimulationMethod};
use crate::output::{check_directory, check_table, is_table, write_table};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use clap::ValueEnum;
use kurtz::report::DataTable;
use kurtz::study::{Findings, forward, passage, sensitivity, stationary};

/// Whether one of them is asked.
pub fn are_asked(arguments: &Simulate) -> bool {
    arguments.until.is_some() || arguments.sensitivity.is_some() || arguments.stationary
}

/// Answers the one that is asked.
pub fn run(arguments: &Simulate) -> Result<bool> {
    let option = if arguments.until.is_some() {
        "--until"
    } else if arguments.stationary {
        "--stationary"
    } else {
        "--sensitivity"
    };
    let is_sensitivity = arguments.sensitivity.is_some();
    let is_forward = is_sensitivity && matches!(arguments.method, SimulationMethod::Ode);
    refuse(
        &[
            ("--amount", arguments.amount.is_some()),
            ("--concentration", arguments.concentration.is_some()),
            ("--rtol", arguments.rtol.is_some() && !is_forward),
            ("--atol", arguments.atol.is_some()),
            ("--trajectories", arguments.trajectories.is_some() && is_forward),
            ("--sensitivity-by", arguments.sensitivity_by.is_some() && is_forward),
            ("--continuous", arguments.continuous.is_some()),
            ("--order", arguments.order.is_some()),
            ("--covariance", arguments.covariance.is_some()),
            ("--draw", !arguments.draw.is_empty()),
            ("--until-error", arguments.until_error.is_some()),
            ("--checkpoint", arguments.checkpoint.is_some()),
            ("--stream", arguments.stream.is_some()),
            ("--epsilon", arguments.epsilon.is_some()),
            ("--error", arguments.error.is_some()),
            ("--corrected-means", arguments.corrected_means),
            ("--record", arguments.record != Vec::<Record>::new()),
            ("--vars", arguments.vars.is_some() && !is_sensitivity),
            ("--start", arguments.start != 0.0 && !is_sensitivity),
        ],
        &format!("does not go with {option}"),
    )?;
    if let Some(file) = arguments.output.as_deref().filter(|path| is_table(path)) {
        bail!("--output {} names a file; {option} needs a directory there, or --summary FILE", file.display());
    }
    check_table(arguments.summary.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    match &arguments.until {
        Some(condition) => until(arguments, condition),
        None if arguments.stationary => at_rest(arguments),
        None if is_forward => forward_derivatives(arguments),
        None => derivatives(arguments),
    }
}

/// The name of the method as typed.
fn method(arguments: &Simulate) -> Result<String> {
    if matches!(arguments.method, SimulationMethod::Ode | SimulationMethod::Lna) {
        bail!("the equations have no trajectories; choose another --method");
    }
    let value = arguments.method.to_possible_value();
    Ok(value.map_or_else(String::new, |value| value.get_name().to_owned()))
}

fn until(arguments: &Simulate, condition: &str) -> Result<bool> {
    let default = passage::Settings::default();
    let settings = passage::Settings {
        model: arguments.model.choice(),
        method: method(arguments)?,
        until: condition.to_owned(),
        trajectories: arguments.trajectories.unwrap_or(default.trajectories),
        end: arguments.end,
        steps: arguments.steps,
        seed: arguments.seed.unwrap_or(default.seed),
    };
    let terminal = Terminal::new(arguments.running.quiet);
    let waiting = in_pool(arguments.running.threads, || passage::run(&settings, &terminal))?;
    terminal.clear();
    let waiting = waiting?;
    print_warnings(&waiting.model.warnings);
    answer(arguments, &waiting.statement(&settings), &waiting.table(), || Ok(waiting.findings(&settings)?))
}

fn derivatives(arguments: &Simulate) -> Result<bool> {
    if !matches!(arguments.method, SimulationMethod::Auto | SimulationMethod::Direct) {
        bail!(
            "--sensitivity has an exact method of its own for means, and --method ode for the equations; leave --method out"
        );
    }
    let default = sensitivity::Settings::default();
    let parameters = named(&arguments.sensitivity).unwrap_or_default();
    if parameters.is_empty() {
        bail!("--sensitivity names no parameter");
    }
    let settings = sensitivity::Settings {
        model: arguments.model.choice(),
        parameters,
        by: arguments.sensitivity_by.map_or(default.by, SensitivityEstimator::choice),
        samples: arguments.trajectories.unwrap_or(default.samples),
        start: arguments.start,
        end: arguments.end,
        steps: arguments.steps,
        seed: arguments.seed.unwrap_or(default.seed),
        differences: default.differences,
        likelihood: default.likelihood,
    };
    let of = named(&arguments.vars);
    let terminal = Terminal::new(arguments.running.quiet);
    let found = in_pool(arguments.running.threads, || sensitivity::run(&settings, &terminal))?;
    terminal.clear();
    let found = found?;
    print_warnings(&found.model.warnings);
    for name in of.iter().flatten() {
        found.model.species(name)?;
    }
    let statement = found.statement(&settings);
    answer(arguments, &statement, &found.table(of.as_deref()), || Ok(found.findings(&settings)?))
}

/// Derivatives of the solution of the equations.
fn forward_derivatives(arguments: &Simulate) -> Result<bool> {
    let default = forward::Settings::default();
    let parameters = named(&arguments.sensitivity).unwrap_or_default();
    if parameters.is_empty() {
        bail!("--sensitivity names no parameter");
    }
    let settings = forward::Settings {
        model: arguments.model.choice(),
        parameters,
        start: arguments.start,
        end: arguments.end,
        steps: arguments.steps,
        relative_tolerance: arguments.rtol.unwrap_or(default.relative_tolerance),
    };
    let of = named(&arguments.vars);
    let found = forward::run(&settings)?;
    print_warnings(&found.model.warnings);
    for name in of.iter().flatten() {
        found.model.species(name)?;
    }
    let statement = "derivatives of numbers of molecules by the equations, per unit of each parameter";
    answer(arguments, statement, &found.table(of.as_deref()), || Ok(found.findings(&settings)?))
}

fn at_rest(arguments: &Simulate) -> Result<bool> {
    let mut settings = stationary::Settings {
        model: arguments.model.choice(),
        method: method(arguments)?,
        end: arguments.end,
        seed: arguments.seed.unwrap_or(1),
        ..stationary::Settings::default()
    };
    if let Some(trajectories) = arguments.trajectories {
        settings.stationarity.trajectories = trajectories;
    }
    let terminal = Terminal::new(arguments.running.quiet);
    let rest = in_pool(arguments.running.threads, || stationary::run(&settings, &terminal))?;
    terminal.clear();
    let rest = rest?;
    print_warnings(&rest.model.warnings);
    answer(arguments, &rest.statement(), &rest.table(), || Ok(rest.findings(&settings)?))
}

/// Writes a table and a report where they are wanted.
fn answer(
    arguments: &Simulate,
    statement: &str,
    table: &DataTable,
    findings: impl FnOnce() -> Result<Findings>,
) -> Result<bool> {
    if !arguments.running.quiet {
        eprintln!("note: {statement}");
    }
    if let Some(path) = &arguments.summary {
        write_table(path, table)?;
    }
    if let Some(path) = &arguments.output {
        let report = findings()?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    if arguments.summary.is_none() && arguments.output.is_none() {
        table.write_csv(&mut std::io::stdout().lock())?;
    }
    Ok(true)
}
