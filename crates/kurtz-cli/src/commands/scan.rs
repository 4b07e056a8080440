//! `kurtz scan`.

use super::{directory, in_pool, print_warnings};
use crate::arguments::Scan;
use crate::output::check_directory;
use crate::terminal::Terminal;
use anyhow::Result;
use kurtz::dynamics::hybrid::{Phase, Preparation};
use kurtz::study::scan::{self, Settings};

pub fn run(arguments: &Scan) -> Result<bool> {
    check_directory(Some(&arguments.output))?;
    let phase = arguments.hold_for.map(|duration| Phase {
        hold: arguments.hold.clone(),
        duration,
        average_from: None,
        every: duration,
    });
    let settings = Settings {
        model: arguments.model.choice(),
        vary: arguments.vary.clone(),
        method: arguments.method.clone(),
        continuous: arguments.continuous.clone(),
        current_step: arguments.current_step,
        preparation: Preparation { phase, ..Preparation::default() },
        variables: arguments.vars.clone(),
        trajectories: arguments.trajectories,
        end: arguments.end,
        steps: arguments.steps,
        window: arguments.window.map(|from| [from, arguments.end]),
        prominence: arguments.prominence,
        keep: arguments.keep,
        seed: arguments.seed,
        ..Settings::default()
    };
    let terminal = Terminal::new(arguments.running.quiet);
    let kept = arguments.output.join("conditions");
    let scan = in_pool(arguments.running.threads, || scan::run(&settings, &kept, arguments.replace, &terminal))?;
    terminal.clear();
    let scan = scan?;
    print_warnings(&scan.model.warnings);
    let (events, seconds) = scan.cost();
    let rate = 1e-6 * events as f64 / seconds;
    println!(
        "{} conditions ({} were there already), {rate:.1} million events per second and thread",
        scan.conditions.len(),
        scan.found
    );
    let report = scan.findings(&settings)?.write(directory(&arguments.output)?)?;
    println!("report: {}", report.display());
    Ok(true)
}
