//! `kurtz reduce`.

use super::{directory, in_pool, print_warnings};
use crate::arguments::{Reduce, ReductionMethod};
use crate::output::{check_directory, check_file, write_file};
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use kurtz::learn::reduce::{Kind, ReduceSettings, ScaleSettings, StochasticSettings};
use kurtz::model::format::Format;
use kurtz::study::ModelChoice;
use kurtz::study::reduce::{self, Settings};
use std::path::Path;

pub fn run(arguments: &Reduce) -> Result<bool> {
    if !arguments.data.is_empty() {
        return super::reduce_data::run(arguments);
    }
    check_file(arguments.network.as_deref())?;
    check_file(arguments.json.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    let format = arguments.network.as_deref().map(format_of).transpose()?;
    let settings = settings(arguments);
    let terminal = Terminal::new(arguments.running.quiet);
    let reduced = in_pool(arguments.running.threads, || reduce::run(&settings, &terminal))?;
    terminal.clear();
    let reduced = reduced?;
    print_warnings(&reduced.model.warnings);
    let Some((_, reduction, _)) = reduced.chosen() else {
        // Why nothing was reduced is worth a report, but no network.
        if let Some(path) = &arguments.json {
            write_file(path, reduced.json()?.as_bytes())?;
        }
        if let Some(path) = &arguments.output {
            reduced.findings(&settings)?.write(directory(path)?)?;
        }
        eprint!("{}", explanation(&reduced));
        return match reduced.refusal() {
            Some(refusal) => Err(refusal.into()),
            None => Ok(true),
        };
    };
    for table in reduced.scales() {
        println!("{}", table.to_text());
    }
    println!("{}", reduced.candidates().to_text());
    for sentence in reduced.summary() {
        println!("{sentence}");
    }
    println!("\n{}", reduction.network.to_crn());
    if arguments.latex {
        reduction.latex().iter().for_each(|line| println!("{line}"));
    }
    println!("{}", reduced.errors().to_text());
    if let (Some(path), Some(format)) = (&arguments.network, format) {
        let text = match format {
            Format::Crn => reduced.crn()?,
            Format::Sbml => reduced.sbml()?,
        };
        write_file(path, text.as_bytes())?;
        println!("network: {}", path.display());
    }
    if let Some(path) = &arguments.json {
        write_file(path, reduced.json()?.as_bytes())?;
        println!("result: {}", path.display());
    }
    if let Some(path) = &arguments.output {
        let report = reduced.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    Ok(true)
}

fn format_of(path: &Path) -> Result<Format> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "crn" => Ok(Format::Crn),
        "xml" | "sbml" => Ok(Format::Sbml),
        _ => bail!("cannot tell how to write `{}`: end its name in .crn, .xml or .sbml", path.display()),
    }
}

fn settings(arguments: &Reduce) -> Settings {
    let kind = arguments.method.map(|method| match method {
        ReductionMethod::Qssa => Kind::Qssa,
        ReductionMethod::PartialEquilibrium => Kind::PartialEquilibrium,
        ReductionMethod::TotalQssa => Kind::TotalQssa,
    });
    Settings {
        model: ModelChoice { path: arguments.path.clone().unwrap_or_default(), changes: arguments.changes.changes() },
        reduction: ReduceSettings {
            scales: ScaleSettings { end: arguments.end, gap: arguments.gap, ..ScaleSettings::default() },
            fast_species: arguments.fast_species.clone(),
            fast_reactions: arguments.fast_reactions.clone(),
            kind,
            vars: arguments.vars.clone(),
            tolerance: arguments.tolerance,
            from: arguments.from,
            ..ReduceSettings::default()
        },
        noise: StochasticSettings {
            trajectories: arguments.trajectories,
            seed: arguments.seed,
            ..StochasticSettings::default()
        },
        without_noise: arguments.trajectories == Some(0),
    }
}

/// What was found of time scales and tried in vain.
fn explanation(reduced: &reduce::Reduced) -> String {
    let mut text = String::new();
    for table in reduced.scales() {
        text += &format!("{}\n", table.to_text());
    }
    if !reduced.outcome.candidates.is_empty() {
        text += &format!("{}\n", reduced.candidates().to_text());
    }
    text
}
