//! `kurtz simulate`.

use super::{directory, in_pool, print_warnings, questions};
use crate::arguments::{Record, Simulate, SimulationMethod};
use crate::output::{check_directory, check_file, check_table, is_table, write_table};
use crate::stream::TrajectoryFile;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use kurtz::dynamics::hybrid::Integrate;
use kurtz::dynamics::lna::LinearNoise;
use kurtz::study::leaping::Leaping;
use kurtz::study::{integrate, linear_noise, simulate, summary};
use std::sync::{Arc, Mutex};

pub fn run(arguments: &Simulate) -> Result<bool> {
    if questions::are_asked(arguments) {
        return questions::run(arguments);
    }
    match arguments.method {
        SimulationMethod::Ode => run_ode(arguments),
        SimulationMethod::Auto => run_ensemble(arguments, "auto"),
        SimulationMethod::Hybrid => run_ensemble(arguments, "hybrid"),
        SimulationMethod::Direct => run_ensemble(arguments, "direct"),
        SimulationMethod::Lanes => run_ensemble(arguments, "lanes"),
        SimulationMethod::NextReaction => run_ensemble(arguments, "next-reaction"),
        SimulationMethod::SortingDirect => run_ensemble(arguments, "sorting-direct"),
        SimulationMethod::CompositionRejection => run_ensemble(arguments, "composition-rejection"),
        SimulationMethod::Rejection => run_ensemble(arguments, "rejection"),
        SimulationMethod::FirstReaction => run_ensemble(arguments, "first-reaction"),
        SimulationMethod::TauLeap => run_ensemble(arguments, "tau-leap"),
        SimulationMethod::ImplicitTauLeap => run_ensemble(arguments, "implicit-tau-leap"),
        SimulationMethod::Langevin => run_ensemble(arguments, "langevin"),
        SimulationMethod::AdaptiveHybrid => run_ensemble(arguments, "adaptive-hybrid"),
        SimulationMethod::Lna => run_linear_noise(arguments),
    }
}

fn run_ensemble(arguments: &Simulate, method: &str) -> Result<bool> {
    if arguments.output.is_none() && !arguments.record.is_empty() {
        bail!("--record keeps data for a directory: say which with --output DIR");
    }
    refuse(
        &[
            ("--corrected-means", arguments.corrected_means),
            ("--record correlations", arguments.record.contains(&Record::Correlations)),
            ("--record spectrum", arguments.record.contains(&Record::Spectrum)),
        ],
        "belongs to --method lna",
    )?;
    refuse(
        &[
            ("--amount", arguments.amount.is_some()),
            ("--concentration", arguments.concentration.is_some()),
            ("--rtol", arguments.rtol.is_some()),
            ("--atol", arguments.atol.is_some()),
        ],
        "belongs to --method ode; ensembles are exact and written in molecules",
    )?;
    if let Some(file) = arguments.output.as_deref().filter(|path| is_table(path)) {
        bail!("--output {} names a file; an ensemble needs a directory there, or --summary FILE", file.display());
    }
    check_table(arguments.summary.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    let of = named(&arguments.vars);
    if let Some(names) = &of {
        each_once(names)?;
    }
    let default = simulate::Settings::default();
    let covariance = arguments.covariance.unwrap_or(default.covariance);
    let settings = simulate::Settings {
        model: arguments.model.choice(),
        method: method.into(),
        continuous: arguments.continuous.clone().unwrap_or_default(),
        current_step: arguments.current_step,
        variables: of.clone().unwrap_or_default(),
        trajectories: arguments.trajectories.unwrap_or(default.trajectories),
        start: arguments.start,
        end: arguments.end,
        steps: arguments.steps,
        seed: arguments.seed.unwrap_or(default.seed),
        // The covariance of a moment is that of moments that are kept.
        order: arguments.order.unwrap_or(default.order).max(covariance),
        covariance,
        leaping: leaping(arguments)?,
        draws: arguments.draw.clone(),
        precision: arguments.until_error.clone(),
        checkpoint: arguments.checkpoint.clone(),
        record_trajectories: arguments.record.contains(&Record::Trajectories),
        record_histograms: arguments.record.contains(&Record::Histograms),
    };
    let terminal = Terminal::new(arguments.running.quiet);
    check_table(arguments.stream.as_deref())?;
    check_file(arguments.checkpoint.as_deref())?;
    let stream = arguments.stream.as_deref().map(TrajectoryFile::create).transpose()?;
    let stream = stream.map(|file| Arc::new(Mutex::new(file)));
    let sample = in_pool(arguments.running.threads, || match &stream {
        None => simulate::run(&settings, &terminal),
        Some(file) => simulate::run_into(&settings, file.clone(), &terminal),
    })?;
    terminal.clear();
    let sample = sample?;
    if let Some(file) = stream {
        file.lock().expect("no writer panics").finish()?;
    }
    print_warnings(&sample.model.warnings);
    if let Some(precision) = settings.precision.as_ref().filter(|_| !arguments.running.quiet) {
        eprintln!("note: {}", precision.statement(&sample)?);
    }
    if let Some(statement) = sample.statement(&settings).filter(|_| !arguments.running.quiet) {
        eprintln!("note: {statement}");
    }
    let table = summary::means_and_deviations("summary", &sample.moments, of.as_deref());
    if let Some(path) = &arguments.summary {
        write_table(path, &table)?;
    }
    if let Some(path) = &arguments.output {
        let report = sample.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    if arguments.summary.is_none() && arguments.output.is_none() {
        table.write_csv(&mut std::io::stdout().lock())?;
    }
    sample.remove_checkpoint();
    Ok(true)
}

/// Whether a method leaps.
fn leaps(method: SimulationMethod) -> bool {
    use SimulationMethod::{AdaptiveHybrid, ImplicitTauLeap, Langevin, TauLeap};
    matches!(method, TauLeap | ImplicitTauLeap | Langevin | AdaptiveHybrid)
}

fn leaping(arguments: &Simulate) -> Result<Leaping> {
    if !leaps(arguments.method) {
        let only = "belongs to methods that leap: tau-leap, implicit-tau-leap, langevin, adaptive-hybrid";
        refuse(&[("--epsilon", arguments.epsilon.is_some()), ("--error", arguments.error.is_some())], only)?;
    }
    let mut leaping = Leaping { epsilon: arguments.epsilon, ..Leaping::default() };
    if let Some(tolerance) = arguments.error {
        leaping.pilot.tolerance = tolerance;
    }
    Ok(leaping)
}

fn run_linear_noise(arguments: &Simulate) -> Result<bool> {
    refuse(
        &[
            ("--checkpoint", arguments.checkpoint.is_some()),
            ("--stream", arguments.stream.is_some()),
            ("--draw", !arguments.draw.is_empty()),
            ("--until-error", arguments.until_error.is_some()),
            ("--trajectories", arguments.trajectories.is_some()),
            ("--continuous", arguments.continuous.is_some()),
            ("--seed", arguments.seed.is_some()),
            ("--order", arguments.order.is_some()),
            ("--covariance", arguments.covariance.is_some()),
            ("--amount", arguments.amount.is_some()),
            ("--concentration", arguments.concentration.is_some()),
            ("--atol", arguments.atol.is_some()),
            ("--record trajectories", arguments.record.contains(&Record::Trajectories)),
            ("--record histograms", arguments.record.contains(&Record::Histograms)),
        ],
        "does not belong to --method lna, which gives means and covariances in molecules",
    )?;
    leaping(arguments)?;
    if arguments.output.is_none() && !arguments.record.is_empty() {
        bail!("--record keeps data for a directory: say which with --output DIR");
    }
    if let Some(file) = arguments.output.as_deref().filter(|path| is_table(path)) {
        bail!("--output {} names a file; --method lna needs a directory there, or --summary FILE", file.display());
    }
    check_table(arguments.summary.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    let of = named(&arguments.vars);
    if let Some(names) = &of {
        each_once(names)?;
    }
    let mut linear_noise = LinearNoise { corrected_means: arguments.corrected_means, ..LinearNoise::default() };
    if let Some(tolerance) = arguments.rtol {
        linear_noise.relative_tolerance = tolerance;
    }
    let settings = linear_noise::Settings {
        model: arguments.model.choice(),
        start: arguments.start,
        end: arguments.end,
        steps: arguments.steps,
        linear_noise,
        correlations: arguments.record.contains(&Record::Correlations),
        spectrum: arguments.record.contains(&Record::Spectrum),
    };
    let noise = linear_noise::run(&settings)?;
    print_warnings(&noise.model.warnings);
    for name in of.iter().flatten() {
        noise.model.species(name)?;
    }
    let table = summary::means_and_deviations("summary", &noise.moments, of.as_deref());
    if let Some(path) = &arguments.summary {
        write_table(path, &table)?;
    }
    if let Some(path) = &arguments.output {
        let report = noise.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    if arguments.summary.is_none() && arguments.output.is_none() {
        table.write_csv(&mut std::io::stdout().lock())?;
    }
    Ok(true)
}

fn run_ode(arguments: &Simulate) -> Result<bool> {
    refuse(
        &[
            ("--record", !arguments.record.is_empty()),
            ("--summary", arguments.summary.is_some()),
            ("--trajectories", arguments.trajectories.is_some()),
            ("--continuous", arguments.continuous.is_some()),
            ("--seed", arguments.seed.is_some()),
            ("--order", arguments.order.is_some()),
            ("--covariance", arguments.covariance.is_some()),
            ("--corrected-means", arguments.corrected_means),
            ("--checkpoint", arguments.checkpoint.is_some()),
            ("--stream", arguments.stream.is_some()),
            ("--draw", !arguments.draw.is_empty()),
            ("--until-error", arguments.until_error.is_some()),
        ],
        "belongs to ensembles; --method ode gives one course, written with --output FILE.csv",
    )?;
    leaping(arguments)?;
    check_table(arguments.output.as_deref())?;
    let variables = named(&arguments.vars);
    if let Some(names) = &variables {
        each_once(names)?;
    }
    let mut integration = Integrate { absolute_tolerance: arguments.atol, ..Integrate::default() };
    if let Some(tolerance) = arguments.rtol {
        integration.relative_tolerance = tolerance;
    }
    let settings = integrate::Settings {
        model: arguments.model.choice(),
        variables,
        amount: named(&arguments.amount).unwrap_or_default(),
        concentration: named(&arguments.concentration).unwrap_or_default(),
        start: arguments.start,
        end: arguments.end,
        steps: arguments.steps,
        integration,
    };
    let terminal = Terminal::new(arguments.running.quiet);
    let course = integrate::run(&settings, &terminal);
    terminal.clear();
    let course = course?;
    print_warnings(&course.model.warnings);
    let table = course.table();
    match &arguments.output {
        Some(path) => write_table(path, &table)?,
        None => table.write_csv(&mut std::io::stdout().lock())?,
    }
    Ok(true)
}

/// A list of names as typed; an empty text is an empty list.
pub(super) fn named(list: &Option<Vec<String>>) -> Option<Vec<String>> {
    list.as_ref().map(|names| names.iter().filter(|n| !n.is_empty()).cloned().collect())
}

/// Options that mean nothing to the method chosen are refused, not ignored.
pub(super) fn refuse(options: &[(&str, bool)], reason: &str) -> Result<()> {
    match options.iter().find(|(_, given)| *given) {
        Some((option, _)) => bail!("{option} {reason}"),
        None => Ok(()),
    }
}

fn each_once(names: &[String]) -> Result<()> {
    match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        Some((_, name)) => bail!("--vars names `{name}` twice"),
        None => Ok(()),
    }
}
