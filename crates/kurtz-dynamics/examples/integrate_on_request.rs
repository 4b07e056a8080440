//! Integrates networks as told on standard input and says how long each took: what `benches/stiff/peers.py` talks to.
//!
//! `load MODEL` reads a model and answers `seconds seconds species`: for the
//! field, and for the system on top of reading. `run DOOR R A TIMES...` integrates it with relative tolerance R
//! and absolute tolerances A (comma-separated, or `-` for the door's own) and answers `seconds values...`, `[times x species]`,
//! as concentrations. DOOR is `system` (what `kurtz simulate --method ode` calls), `field` (the mass-action equations, stiff
//! method) or `sensitivities` (the same with derivatives by all rate constants; the values are those of the states). A line
//! that cannot be done is answered by `error` and the reason.

use kurtz_dynamics::hybrid::{Equations, Integrate};
use kurtz_dynamics::mass_action::{MassAction, View};
use kurtz_dynamics::moments::Sensitivity;
use kurtz_dynamics::progress::Silent;
use kurtz_model::{Kinetics, System};
use kurtz_ode::{Integration, OdeMethod, Sensitivities, Tolerance, solve};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

struct Loaded {
    equations: Equations,
    field: MassAction,
    with_rates: MassAction,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut loaded = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?, &mut loaded).unwrap_or_else(|error| format!("error {error}"));
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &str, loaded: &mut Option<Loaded>) -> Result<String, Box<dyn Error>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match (words.as_slice(), loaded) {
        (["load", path], loaded) => {
            let start = Instant::now();
            let text = std::fs::read_to_string(path)?;
            let (network, _) = kurtz_model::format::crn::parse(&text, path).map_err(|e| e.to_string())?;
            let kinetics = Kinetics::new(&network)?;
            let field = MassAction::new(&kinetics, View::Concentrations);
            let seconds = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let system = System::new(&network, &Default::default())?;
            let equations = Equations::new(&system, &system.amounts())?;
            let compiled = start.elapsed().as_secs_f64();
            let with_rates = MassAction::with_sensitivity(&kinetics, View::Concentrations, Sensitivity::Rates);
            *loaded = Some(Loaded { equations, field, with_rates });
            Ok(format!("{seconds:e} {compiled:e} {}", network.species.len()))
        }
        (["run", door, relative, absolute, times @ ..], Some(loaded)) => {
            let times: Vec<f64> = times.iter().map(|t| t.parse()).collect::<Result<_, _>>()?;
            let absolute = match *absolute {
                "-" => None,
                list => Some(list.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?),
            };
            let start = Instant::now();
            let values = run(loaded, door, relative.parse()?, absolute, &times)?;
            let seconds = start.elapsed().as_secs_f64();
            let values: Vec<String> = values.iter().map(|x| format!("{x:e}")).collect();
            Ok(format!("{seconds:e} {}", values.join(" ")))
        }
        _ => Err("say `load MODEL`, then `run DOOR R A TIMES...`".into()),
    }
}

fn run(
    loaded: &Loaded,
    door: &str,
    relative: f64,
    absolute: Option<Vec<f64>>,
    times: &[f64],
) -> Result<Vec<f64>, Box<dyn Error>> {
    if door == "system" {
        let settings = Integrate { relative_tolerance: relative, ..Integrate::default() };
        let course = loaded.equations.integrate(times, &settings, &Silent)?;
        return match course.stop {
            None => Ok(course.values),
            Some(_) => Err("the integration ended early".into()),
        };
    }
    let (field, sensitivities) = match door {
        "field" => (&loaded.field, Sensitivities::None),
        "sensitivities" => (&loaded.with_rates, Sensitivities::Parameters),
        _ => return Err(format!("no door `{door}`").into()),
    };
    let settings = Integration {
        method: OdeMethod::Stiff,
        relative_tolerance: relative,
        absolute_tolerance: absolute.map_or(Tolerance::Same(1e-3 * relative), Tolerance::Each),
        sensitivities,
        ..Integration::default()
    };
    let solution = solve(field, &field.initial_state(), times, &settings)?;
    if solution.is_complete() { Ok(solution.states) } else { Err("the integration ended early".into()) }
}
