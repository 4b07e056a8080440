//! `kurtz predict`: what reduced models say about a condition that need not be in their data.

use crate::Error;
use kurtz_learn::LearnError;
use kurtz_learn::approximation::InputMap;
use kurtz_learn::courses::Standardisation;
use kurtz_learn::dbd::ReducedModel;
use kurtz_ode::{Integration, OdeMethod, solve};
use kurtz_report::DataTable;
use std::path::PathBuf;

/// Settings of [`run`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Files of reduced models, trials of one another.
    pub models: Vec<PathBuf>,
    /// Means of counts of visible species at the start; those not named are typical of the data.
    pub means: Vec<(String, f64)>,
    /// Standard deviations of counts at the start, likewise.
    pub deviations: Vec<(String, f64)>,
    /// Last time, from the start on, in the unit of the data; default the end of the data.
    pub end: Option<f64>,
    /// Integrate with error control instead of Euler's method with the step of the data, as published.
    pub adaptive: bool,
}

/// A prediction.
#[derive(Clone, Debug)]
pub struct Predicted {
    /// time; mean, standard deviation and spread of the mean over models, of each visible species.
    pub table: DataTable,
    /// What is to be known about it, a sentence each.
    pub remarks: Vec<String>,
}

/// Follows reduced models from one start.
///
/// # Errors
/// Files that cannot be read or belong to different data; species they do not have; values out of range.
pub fn run(settings: &Settings) -> Result<Predicted, Error> {
    let mut models = Vec::new();
    for path in &settings.models {
        let file = |reason: String| LearnError::File { path: path.display().to_string(), reason };
        let bytes = std::fs::read(path).map_err(|e| file(e.to_string()))?;
        let model = ReducedModel::from_bytes(&bytes).map_err(|e| match e {
            LearnError::File { reason, .. } => file(reason),
            other => file(other.to_string()),
        })?;
        models.push(model);
    }
    let Some(first) = models.first() else { return Err(LearnError::Empty { what: "models to predict with" }.into()) };
    let description = first.description();
    for (model, path) in models.iter().zip(&settings.models) {
        let other = model.description();
        if other.dynamic != description.dynamic || model.visible() != first.visible() || other.step != description.step
        {
            let reason = "it was learned from other data than the first model; predict with each alone".into();
            return Err(LearnError::File { path: path.display().to_string(), reason }.into());
        }
    }
    let start = start(first, settings)?;
    let end = settings.end.unwrap_or(description.step * (description.steps - 1) as f64);
    let steps = (end / description.step).round();
    if !(1.0..=1e7).contains(&steps) {
        return Err(LearnError::BadValue {
            what: "the last time".into(),
            value: end,
            expected: "it must be at least one step of the data, and at most ten million",
        }
        .into());
    }
    let steps = steps as usize;
    let times: Vec<f64> = (0..=steps).map(|t| t as f64 * description.step).collect();
    let (visible, width) = (first.visible().len(), start.len());
    let mut remarks = outside(first, &start);
    if steps >= description.steps {
        let data_end = description.step * (description.steps - 1) as f64;
        remarks
            .push(format!("after {data_end}, where the data end, the law of the hidden species only repeats itself"));
    }
    let (mut courses, mut failed, mut negative) = (Vec::new(), 0, 0);
    for model in &models {
        let standard = if settings.adaptive {
            let field = model.field(&start)?;
            let integration = Integration { method: OdeMethod::Auto, ..Integration::default() };
            let solution = solve(&field, &field.state(&start), &times, &integration)?;
            if !solution.is_complete() {
                failed += 1;
                continue;
            }
            (0..times.len()).flat_map(|t| field.standard(solution.state(t))).collect()
        } else {
            model.euler(&[&start], steps).remove(0)
        };
        if standard.iter().any(|v| !v.is_finite()) {
            failed += 1;
            continue;
        }
        let counts: Vec<f64> = standard.chunks_exact(width).flat_map(|row| model.counts(row)).collect();
        negative += usize::from(counts.chunks_exact(2 * visible).any(|row| row[..visible].iter().any(|m| *m < 0.0)));
        courses.push(counts);
    }
    if failed > 0 {
        remarks.push(format!("{failed} of {} models run away from this start and are left out", models.len()));
    }
    if negative > 0 {
        remarks.push(format!("{negative} of {} models give negative means of counts on the way", models.len()));
    }
    if courses.is_empty() {
        let reason = "every model runs away from this start; it is too far from the data".into();
        return Err(Error::Declined { method: "prediction".into(), reason });
    }
    let n = courses.len() as f64;
    let mut table = DataTable::new("prediction").column("time", times.clone());
    for (i, name) in first.visible().iter().enumerate() {
        let value = |t: usize, k: usize, c: &Vec<f64>| c[t * 2 * visible + k * visible + i];
        let mean = |t: usize, k: usize| courses.iter().map(|c| value(t, k, c)).sum::<f64>() / n;
        let spread = |t: usize| {
            let m = mean(t, 0);
            (courses.iter().map(|c| (value(t, 0, c) - m).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
        };
        let column = |f: &dyn Fn(usize) -> f64| (0..times.len()).map(f).collect::<Vec<f64>>();
        table = table
            .column(format!("mean({name})"), column(&|t| mean(t, 0)))
            .column(format!("sd({name})"), column(&|t| mean(t, 1)));
        if courses.len() > 1 {
            table = table.column(format!("spread(mean({name}))"), column(&spread));
        }
    }
    Ok(Predicted { table, remarks })
}

/// What at the start is outside of the data learned from.
fn outside(model: &ReducedModel, start: &[f64]) -> Vec<String> {
    let Standardisation { shift, scale } = &model.description().standardisation;
    let loadings = model.visible().len() * model.inputs().shape().hidden;
    let mut remarks = Vec::new();
    for (i, name) in model.visible().iter().enumerate() {
        let count = |y: f64| shift[i] + scale[i] * y;
        let p = loadings + i;
        let [least, most] = model.description().seen[p];
        let slack = 1e-9 * (most - least);
        if !(least - slack..=most + slack).contains(&start[p]) {
            remarks.push(format!(
                "a mean of {:.1} of {name} at the start is outside of what the models learned from ({:.1} to {:.1})",
                count(start[p]),
                count(least),
                count(most)
            ));
        }
    }
    remarks
}

/// theta-hat at the start.
fn start(model: &ReducedModel, settings: &Settings) -> Result<Vec<f64>, Error> {
    let description = model.description();
    let (visible, hidden) = (model.visible(), model.inputs().shape().hidden);
    let mut start = description.typical.clone();
    let loadings = visible.len() * hidden;
    let noise = start[start.len() - 1];
    let find = |name: &String| {
        visible.iter().position(|v| v == name).ok_or_else(|| LearnError::UnknownName {
            what: "visible species",
            name: name.clone(),
            known: visible.to_vec(),
        })
    };
    let by = &description.standardisation;
    for (name, mean) in &settings.means {
        let i = find(name)?;
        if !(mean.is_finite() && *mean >= 0.0) {
            return Err(bad(format!("the mean of {name}"), *mean, "it must be a number of molecules, at least 0"));
        }
        start[loadings + i] = (mean - by.shift[i]) / by.scale[i];
    }
    for (name, sd) in &settings.deviations {
        let i = find(name)?;
        let excess = (sd / by.scale[i]).powi(2) - noise;
        if !(sd.is_finite() && *sd >= 0.0 && excess >= 0.0) {
            return Err(bad(
                format!("the standard deviation of {name}"),
                *sd,
                "its square, in standardised units, must be at least sigma^2 of the model",
            ));
        }
        // The row of W-hat keeps its direction and gets the length that gives this variance.
        let row = |h: usize| h * visible.len() + i;
        let length = (0..hidden).map(|h| start[row(h)].powi(2)).sum::<f64>().sqrt();
        for h in 0..hidden {
            let direction = if length > 0.0 { start[row(h)] / length } else { f64::from(u8::from(h == 0)) };
            start[row(h)] = direction * excess.sqrt();
        }
    }
    Ok(start)
}

fn bad(what: String, value: f64, expected: &'static str) -> Error {
    LearnError::BadValue { what, value, expected }.into()
}
