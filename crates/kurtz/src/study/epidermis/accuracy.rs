//! Accuracy versus method: the same synthetic data by every way from moments to rates.

use super::Settings;
use super::candidates::Offer;
use super::sampling::Sampled;
use crate::Error;
use crate::study::{ModelFile, output_times};
use kurtz_dynamics::Progress;
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_learn::methods::{RateMethod, RateMethods};
use kurtz_learn::synthetic::{ExactMoments, FirstOrderNetwork};
use kurtz_report::{Cell, Section, Table, plain};
use rayon::prelude::*;
use std::time::Instant;

/// The errors of each method over many data sets.
pub struct Accuracy {
    parameters: Vec<String>,
    truth: Vec<f64>,
    rows: Vec<Row>,
    replicates: u32,
    trajectories: u64,
    dense: usize,
}

struct Row {
    label: &'static str,
    dense: bool,
    /// Root mean square error of each parameter.
    rms: Vec<f64>,
    /// Data sets that the method failed on.
    failures: usize,
    milliseconds: f64,
}

/// Times of methods that integrate sampled values, for each time of the others.
const DENSER: usize = 4;

/// Draws data sets from the exact sampling covariance and learns from each by every method.
pub fn run(
    settings: &Settings,
    model: &ModelFile,
    sampled: &Sampled,
    progress: &dyn Progress,
) -> Result<Accuracy, Error> {
    let offer = Offer::new(settings, model)?;
    let species = &sampled.moments.species;
    let volume = model.kinetics.volumes()[0];
    let methods = RateMethods::new(species, &offer.candidates, volume, &settings.published.left_out)?;
    let true_rates = offer.expressions.rates(&offer.truth);
    let reactions: Vec<Stoichiometry> = offer.candidates.iter().map(|c| c.stoichiometry.clone()).collect();
    let network = FirstOrderNetwork { species: species.clone(), reactions, rates: true_rates, volume };
    let source = |steps: usize| -> Result<ExactMoments, Error> {
        let times = output_times(0.0, settings.end, steps)?;
        Ok(ExactMoments::new(&network, model.kinetics.initial(), &times)?)
    };
    let (weekly, dense) = (source(settings.steps)?, source(settings.steps * DENSER)?);
    progress.begin("accuracy of the methods", RateMethod::TABLE.len() as u64 * u64::from(settings.replicates));
    let rows = RateMethod::TABLE.iter().map(|&method| {
        let exact = if method.needs_dense_times() { &dense } else { &weekly };
        let one = |replicate: u32| -> Option<(Vec<f64>, f64)> {
            if progress.cancelled() {
                return None;
            }
            let seed = settings.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(replicate));
            let data = exact.draw_condition(settings.trajectories, seed, 2).ok()?;
            let begun = Instant::now();
            let rates = methods.rates(method, &[data]).ok();
            let seconds = begun.elapsed().as_secs_f64();
            progress.advance(1);
            Some((offer.parameters_at(&rates?).ok()?, seconds))
        };
        let found: Vec<(Vec<f64>, f64)> = (0..settings.replicates).into_par_iter().filter_map(one).collect();
        let n = found.len() as f64;
        let rms = (0..offer.truth.len()).map(|p| {
            let squares: f64 = found.iter().map(|(values, _)| (values[p] - offer.truth[p]).powi(2)).sum();
            (squares / n).sqrt()
        });
        Row {
            label: method.label(),
            dense: method.needs_dense_times(),
            rms: rms.collect(),
            failures: settings.replicates as usize - found.len(),
            milliseconds: 1e3 * found.iter().map(|(_, seconds)| seconds).sum::<f64>() / n,
        }
    });
    let rows = rows.collect();
    if progress.cancelled() {
        return Err(Error::Interrupted);
    }
    Ok(Accuracy {
        parameters: offer.parameters,
        truth: offer.truth,
        rows,
        replicates: settings.replicates,
        trajectories: settings.trajectories,
        dense: settings.steps * DENSER,
    })
}

impl Accuracy {
    /// The section of the report.
    pub fn section(&self) -> Section {
        let mut headings = vec!["method".to_string()];
        headings.extend(self.parameters.iter().map(|name| plain(name)));
        headings.extend(["failed".into(), "time per data set (ms)".into()]);
        let mut table = Table::new(headings);
        for row in &self.rows {
            let label = if row.dense { format!("{} ({} times)", row.label, self.dense) } else { row.label.to_string() };
            let error = |(&rms, &truth): (&f64, &f64)| match truth {
                0.0 => Cell::digits(rms, 2),
                _ => Cell::percentage(rms / truth),
            };
            let cells = row.rms.iter().zip(&self.truth).map(error);
            let ends = [Cell::Integer(row.failures as i64), Cell::digits(row.milliseconds, 2)];
            table.push([Cell::text(label)].into_iter().chain(cells).chain(ends));
        }
        Section::new("Accuracy versus method")
            .paragraph(format!(
                "Root mean square errors over {} synthetic data sets, drawn from the exact sampling covariance of the \
                 moments of {} trajectories: relative for parameters of the model, absolute for the rates of reactions that \
                 are not there.",
                self.replicates, self.trajectories
            ))
            .table(table.caption("Errors of the rates by method."))
    }
}
