//! `kurtz moments`: the moment equations of a network, printed and solved.

use super::grid::output_times;
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::MomentSeries;
use kurtz_dynamics::moments::closure::{self, Closure};
use kurtz_dynamics::moments::{ClosedMoments, Form, MomentHierarchy, MomentsError, Sensitivity};
use kurtz_ode::{Integration, VectorField, solve};
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Highest order of the moments, 1 to 6. Default 2.
    pub order: u32,
    /// Raw moments instead of central ones. Default false.
    pub raw: bool,
    /// Name of the closure, for networks whose moments do not close. Default none.
    pub closure: Option<String>,
    /// Last time to solve to, in the model's unit. Default none: the equations are only derived.
    pub end: Option<f64>,
    /// Number of output steps. Default 100.
    pub steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { model: ModelChoice::default(), order: 2, raw: false, closure: None, end: None, steps: 100 }
    }
}

/// The equations, and their solution if it was asked for.
#[derive(Debug)]
pub struct Equations {
    /// The model.
    pub model: ModelFile,
    /// The equations.
    pub hierarchy: MomentHierarchy,
    /// What closes them.
    pub closure: Option<Box<dyn Closure>>,
    /// Their solution.
    pub solution: Option<MomentSeries>,
}

impl Equations {
    /// The equations as text, one a line.
    pub fn text(&self) -> String {
        self.hierarchy.to_text(self.closure.as_deref())
    }

    /// The equations in LaTeX.
    pub fn latex(&self) -> String {
        self.hierarchy.to_latex(self.closure.as_deref())
    }
}

/// Derives the moment equations of a model and, given an end, solves them.
///
/// # Errors
/// Mistakes in the model or the settings; rate laws that are not polynomial; equations that do not close when no
/// closure is given; a closure whose solution ends before the end.
pub fn run(settings: &Settings) -> Result<Equations, Error> {
    let model = settings.model.read()?;
    let form = if settings.raw { Form::Raw } else { Form::Central };
    let decline = |reason: String| Error::Declined { method: "the moment hierarchy".into(), reason };
    let hierarchy =
        MomentHierarchy::derive(model.kinetics.network(), settings.order, form).map_err(|e| decline(e.to_string()))?;
    let closure = settings.closure.as_deref().map(closure_named).transpose()?;
    let mut equations = Equations { model, hierarchy, closure, solution: None };
    if let Some(end) = settings.end {
        equations.solution = Some(integrate(&equations, &output_times(0.0, end, settings.steps)?)?);
    }
    Ok(equations)
}

fn integrate(equations: &Equations, times: &[f64]) -> Result<MomentSeries, Error> {
    let decline = |reason: String| Error::Declined { method: "the moment hierarchy".into(), reason };
    let kinetics = &equations.model.kinetics;
    let field = ClosedMoments::new(&equations.hierarchy, kinetics, equations.closure.as_deref(), Sensitivity::None)
        .map_err(|e| match e {
            MomentsError::NotClosed { names, .. } => {
                let known: Vec<_> = closure::all().iter().map(|c| c.name()).collect();
                let missing = names.join(", ");
                decline(format!(
                    "the equations call for the higher moments {missing}; give a closure: {}",
                    known.join(", ")
                ))
            }
            e => decline(e.to_string()),
        })?;
    let settings = Integration::with_tolerances(1e-10, 1e-10);
    let solution = solve(&field, &field.initial_state(), times, &settings)?;
    if !solution.is_complete() {
        let method = "the integration of the moment equations".into();
        return Err(Error::Stopped { method, reason: solution.stop.describe(&field.names()) });
    }
    let series = field.series(&solution.times, &solution.states).map_err(|e| decline(e.to_string()))?;
    match impossible(&series) {
        Some(what) if equations.closure.is_some() => {
            Err(decline(format!("{what}, which no law has: the closure does not hold here; try another, or `solve`")))
        }
        _ => Ok(series),
    }
}

/// The first mean or variance that is clearly negative, in words.
fn impossible(series: &MomentSeries) -> Option<String> {
    // Integration leaves errors of some 1e-10 of the largest value of a moment.
    let largest = |m: usize| (0..series.times.len()).map(|t| series.value(t, m).abs()).fold(1.0, f64::max);
    let kinds = series.indices.iter().enumerate().filter_map(|(m, index)| {
        let one = |order| index.order() == order && index.0.contains(&(order as u8));
        let species = index.0.iter().position(|&n| n > 0)?;
        let kind = if one(1) {
            "mean"
        } else if one(2) {
            "variance"
        } else {
            return None;
        };
        Some((m, kind, &series.species[species], -1e-6 * largest(m)))
    });
    let kinds: Vec<_> = kinds.collect();
    (0..series.times.len()).find_map(|t| {
        let &(m, kind, species, _) = kinds.iter().find(|(m, _, _, least)| series.value(t, *m) < *least)?;
        Some(format!("the {kind} of {species} becomes {:.4} at time {}", series.value(t, m), series.times[t]))
    })
}

/// The closure of this name.
///
/// # Errors
/// If there is none.
pub fn closure_named(name: &str) -> Result<Box<dyn Closure>, Error> {
    closure::named(name).ok_or_else(|| {
        let known: Vec<_> = closure::all().iter().map(|c| c.name()).collect();
        Error::Unknown { kind: "closure", name: name.into(), known: known.join(", ") }
    })
}
