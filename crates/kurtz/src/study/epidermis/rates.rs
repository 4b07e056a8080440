//! Rates by regression over reactions: which reactions the data ask for, how fast they are, and how sure that is.

use super::Settings;
use super::candidates::{Offer, free_parameters};
use super::sampling::{Sampled, exact_moments};
use crate::Error;
use crate::study::{ModelFile, output_times};
use kurtz_dynamics::{MomentSeries, Progress};
use kurtz_learn::fit::{FitSettings, ShootingSettings, WeightedData, Weighting};
use kurtz_learn::reactions::fit_parameters;
use kurtz_learn::{Condition, LearnReport, RateSettings, learn_reactions};
use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, Network};
use kurtz_report::{Cell, Check, Section, Table, plain};
use std::time::Instant;

/// The learned network and what is known about it.
pub struct Rates {
    /// The reactions chosen, at the rates learned.
    pub network: Network,
    /// Everything about the choice.
    pub report: LearnReport,
    /// Moments of the learned network over time.
    pub course: MomentSeries,
    /// The parameters of the model, if the reactions chosen are the model's: name, truth, estimate, standard error.
    parameters: Vec<(String, f64, f64, f64)>,
    /// Whether the reactions chosen are those of the model.
    exact: bool,
    /// Largest relative deviation of the learned means and variances from the sampled ones, and in standard errors.
    deviation: (f64, f64),
    seconds: f64,
}

/// Learns reactions and rates from the moments of the ensemble.
pub fn run(settings: &Settings, model: &ModelFile, sampled: &Sampled, progress: &dyn Progress) -> Result<Rates, Error> {
    progress.begin("learning reactions and rates", 1);
    let offer = Offer::new(settings, model)?;
    let volume = model.kinetics.volumes()[0];
    let begun = Instant::now();
    let learned = learn_reactions(
        std::slice::from_ref(&sampled.moments),
        volume,
        &offer.candidates,
        None,
        &RateSettings::default(),
    )?;
    let seconds = begun.elapsed().as_secs_f64();
    let chosen: Vec<bool> = learned.report.reactions.iter().map(|r| r.selected).collect();
    let exact = chosen.iter().enumerate().all(|(i, &selected)| selected == (i < offer.own));
    let parameters = if exact { model_parameters(model, sampled)? } else { Vec::new() };
    let kinetics = Kinetics::new(&learned.network)?;
    let fine = output_times(0.0, settings.end, 200)?;
    let at_data = exact_moments(&kinetics, &sampled.moments.times)?;
    progress.advance(1);
    Ok(Rates {
        deviation: largest_deviation(&at_data, &sampled.moments),
        course: exact_moments(&kinetics, &fine)?,
        network: learned.network,
        report: learned.report,
        parameters,
        exact,
        seconds,
    })
}

/// The parameters of the model fitted to the moments, from a start half as large again as the truth.
fn model_parameters(model: &ModelFile, sampled: &Sampled) -> Result<Vec<(String, f64, f64, f64)>, Error> {
    let network = model.kinetics.network();
    let free = free_parameters(network);
    let truth: Vec<f64> = free
        .iter()
        .map(|name| network.parameter_named(name).map_or(f64::NAN, |id| model.kinetics.parameters()[id.index()]))
        .collect();
    let away = free.iter().zip(&truth).map(|(name, value)| (name.clone(), 1.5 * value)).collect();
    let start = Kinetics::with_changes(network, &Changes { parameters: away, ..Changes::default() })?;
    let data = WeightedData::new(vec![Condition::from_moments("ensemble", &sampled.moments, 2)?], Weighting::Full)?;
    let fitted =
        fit_parameters(start.network(), &free, &data, 2, None, &FitSettings::default(), &ShootingSettings::default())?;
    let estimate = |i: usize| (fitted.fit.parameters[i], fitted.fit.standard_error(i));
    Ok(free.iter().enumerate().map(|(i, name)| (name.clone(), truth[i], estimate(i).0, estimate(i).1)).collect())
}

/// Largest deviation of the means and variances of a series from sampled ones after the start: relative, and in
/// standard errors of the sample.
fn largest_deviation(a: &MomentSeries, b: &MomentSeries) -> (f64, f64) {
    let mut largest: (f64, f64) = (0.0, 0.0);
    for (m, index) in b.indices.iter().enumerate() {
        if index.0.iter().filter(|&&e| e > 0).count() > 1 {
            continue;
        }
        let Some(place) = a.position(index) else { continue };
        for t in 1..b.times.len() {
            let (learned, sampled) = (a.value(t, place), b.value(t, m));
            let error = b.standard_error(t, m).unwrap_or(f64::INFINITY);
            largest.0 = largest.0.max((learned / sampled - 1.0).abs());
            largest.1 = largest.1.max((learned - sampled).abs() / error);
        }
    }
    largest
}

impl Rates {
    /// The learned network, bound to its numbers.
    pub fn kinetics(&self) -> Result<Kinetics, Error> {
        Ok(Kinetics::new(&self.network)?)
    }

    /// The value learned for a parameter of the model.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(n, ..)| n == name).map(|&(_, _, value, _)| value)
    }

    /// The rate constant learned for a candidate reaction; 0 if it was removed.
    pub fn rate_of(&self, reaction: &str) -> Option<f64> {
        self.report.reactions.iter().find(|r| r.name == reaction).map(|r| r.rate.value)
    }

    /// A sentence for the summary.
    pub fn summary(&self) -> String {
        let worst = self.parameters.iter().map(|(_, truth, value, _)| (value / truth - 1.0).abs()).fold(0.0, f64::max);
        let removed = self.report.reactions.iter().filter(|r| !r.selected).count();
        if self.exact {
            format!(
                "Regression over reactions finds the reactions of the model among {} candidates ({removed} removed by \
                 evidence) and its parameters to within {}, in {:.0} ms.",
                self.report.reactions.len(),
                Cell::percentage(worst).to_text(),
                1e3 * self.seconds
            )
        } else {
            "Regression over reactions does not choose the reactions of the model: see below.".into()
        }
    }

    /// What was compared with the truth.
    pub fn checks(&self) -> Vec<Check> {
        let removed: Vec<&str> =
            self.report.reactions.iter().filter(|r| !r.selected).map(|r| r.equation.as_str()).collect();
        let mut checks = vec![Check::claim(
            "reactions chosen among the candidates",
            "those of the model",
            format!("removed by evidence: {}", removed.join(", ")),
            "exactly",
            self.exact,
        )];
        for (name, truth, value, error) in &self.parameters {
            let z = ((value - truth) / error).abs();
            checks.push(Check::claim(
                format!("{name}, after selection"),
                *truth,
                Cell::estimate(*value, *error),
                "0.3 %, or 4 standard errors",
                (value / truth - 1.0).abs() <= 3e-3 || z <= 4.0,
            ));
        }
        let worst = self.parameters.iter().map(|(_, truth, value, error)| ((value - truth) / error).abs());
        checks.push(Check::at_most("largest |z| of the parameters learned", 4.0, worst.fold(0.0, f64::max)));
        let (relative, in_errors) = self.deviation;
        checks.push(Check::claim(
            "largest deviation of learned from sampled means and variances",
            "none",
            format!("{} ({in_errors:.1} standard errors)", Cell::percentage(relative).to_text()),
            "0.3 %, or 4 standard errors",
            relative <= 3e-3 || in_errors <= 4.0,
        ));
        checks.push(Check::at_least("p of χ² of the learned network", 1e-3, self.report.goodness.p_value));
        checks
    }

    /// The section of the report.
    pub fn section(&self) -> Section {
        let mut reactions = Table::new(["reaction", "chosen", "rate constant", "95 % interval", "all candidates kept"]);
        for r in &self.report.reactions {
            let side = |x: Option<f64>| x.map_or("∞".into(), |x| Cell::digits(x, 4).to_text());
            let lower = r.rate.lower.map_or("0".into(), |x| Cell::digits(x, 4).to_text());
            reactions.push([
                Cell::text(plain(&r.equation)),
                Cell::text(if r.selected { "yes" } else { "no" }),
                r.rate.standard_error.map_or(Cell::digits(r.rate.value, 4), |e| Cell::estimate(r.rate.value, e)),
                Cell::text(format!("[{lower}, {}]", side(r.rate.upper))),
                match r.without_selection.standard_error {
                    Some(e) => Cell::estimate(r.without_selection.value, e),
                    None => Cell::digits(r.without_selection.value, 4),
                },
            ]);
        }
        let mut parameters = Table::new(["parameter", "true", "learned", "error", "z"]);
        for (name, truth, value, error) in &self.parameters {
            parameters.push([
                Cell::text(plain(name)),
                Cell::digits(*truth, 6),
                Cell::estimate(*value, *error),
                Cell::percentage(value / truth - 1.0),
                Cell::digits((value - truth) / error, 2),
            ]);
        }
        let mut structures = Table::new(["reactions", "χ²", "degrees of freedom", "score", "share of the evidence"]);
        for s in self.report.structures.iter().take(12) {
            structures.push([
                Cell::text(plain(&s.terms.join(", "))),
                Cell::digits(s.chi2, 5),
                Cell::Integer(s.degrees_of_freedom as i64),
                Cell::digits(s.score, 3),
                Cell::digits(s.weight, 3),
            ]);
        }
        let mut section = Section::new("Rates by regression over reactions")
            .paragraph(
                "Given candidate reactions, the equations of all moments are linear in the rate constants. All candidates \
                 are fitted together to the means, variances and covariance, weighed by the sampling covariance across \
                 moments and times, with rates ≥ 0; reactions are kept only if the evidence asks for them, and the rest \
                 is fitted again. Nothing is left to a threshold.",
            )
            .table(reactions.caption("Candidate reactions. An interval that starts at 0 is one-sided."))
            .table(parameters.caption("Parameters of the model, fitted to the same moments after the selection."))
            .table(structures.caption("Sets of reactions by score (χ² plus the penalty of each reaction, less the best)."));
        let identifiability = &self.report.identifiability;
        section = section.paragraph(format!(
            "Identifiability of all candidates together: rank {} of {}{}.",
            identifiability.rank,
            identifiability.coefficients,
            identifiability
                .condition
                .map_or(String::new(), |c| format!(", condition number {}", Cell::digits(c, 3).to_text()))
        ));
        section.list(self.report.verdicts.iter().map(|v| plain(&v.message)))
    }
}
