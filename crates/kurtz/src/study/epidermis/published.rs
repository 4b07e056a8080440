//! Learning as published: ODENet for the means, the second moments in the form that follows, rates by least squares.

use super::Settings as StudySettings;
use super::candidates::{Offer, reaction_of};
use super::rates::Rates;
use super::sampling::Sampled;
use super::structure::{NOTHING, true_coefficients};
use crate::Error;
use crate::study::ModelFile;
use kurtz_dynamics::Progress;
use kurtz_learn::Condition;
use kurtz_learn::library::{Library, PolynomialLibrary};
use kurtz_learn::methods::{RateMethod, RateMethods};
use kurtz_learn::odenet::{Trained, TrainingSettings, TrainingStop, train};
use kurtz_model::Kinetics;
use kurtz_model::kinetics::Changes;
use kurtz_report::{Axis, Cell, Figure, Line, Panel, Section, Table, plain};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings of the published way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The training of the equations of the means (11) from all ten terms.
    pub training: TrainingSettings,
    /// Coefficients (equation, monomial) that the published linear system (14) leaves out.
    pub left_out: Vec<(String, String)>,
    /// The values learned in the paper (Table I), by parameter; shown beside ours.
    pub table: BTreeMap<String, f64>,
}

impl Default for Settings {
    fn default() -> Self {
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        Settings {
            training: TrainingSettings::default(),
            left_out: vec![pair("Var(B)", "Var(B)"), pair("Var(B)", "Cov(A,B)")],
            table: BTreeMap::new(),
        }
    }
}

/// What the published way finds in our ensemble.
pub struct Published {
    names: Vec<String>,
    trained: Trained,
    finds_truth: bool,
    parameters: Vec<String>,
    truth: Vec<f64>,
    /// By the published pipeline, its minima reached.
    found: Vec<f64>,
    printed: BTreeMap<String, f64>,
    extra: Vec<String>,
    threshold: f64,
}

/// Trains the means, and runs the pipeline from moments to rates.
pub fn run(
    settings: &StudySettings,
    model: &ModelFile,
    sampled: &Sampled,
    progress: &dyn Progress,
) -> Result<Published, Error> {
    progress.begin("learning as published", 2);
    let species = &sampled.moments.species;
    let library = PolynomialLibrary::full(species.clone(), 1, 2);
    let means = Condition::from_moments("ensemble", &sampled.moments, 1)?;
    let trained = train(&library, &[means], &settings.published.training)?;
    progress.advance(1);
    if progress.cancelled() {
        return Err(Error::Interrupted);
    }
    let offer = Offer::new(settings, model)?;
    let volume = model.kinetics.volumes()[0];
    let methods = RateMethods::new(species, &offer.candidates, volume, &settings.published.left_out)?;
    let moments = Condition::from_moments("ensemble", &sampled.moments, 2)?;
    let rates = methods.rates(RateMethod::Published, &[moments])?;
    progress.advance(1);
    let truth = true_coefficients(model, &library)?;
    let true_terms: Vec<usize> = (0..truth.len()).filter(|&j| truth[j].abs() > NOTHING).collect();
    Ok(Published {
        finds_truth: trained.terms == true_terms,
        names: library.term_names(),
        trained,
        found: offer.parameters_at(&rates)?,
        parameters: offer.parameters,
        truth: offer.truth,
        printed: settings.published.table.clone(),
        extra: settings.candidates.keys().cloned().collect(),
        threshold: settings.published.training.threshold,
    })
}

impl Published {
    /// Networks that the published way leads to, with the further reactions deleted and the rest not fitted again, as
    /// the paper reads its Table I.
    pub fn networks(&self, model: &ModelFile) -> Result<Vec<(String, Kinetics)>, Error> {
        let network = model.kinetics.network();
        let own = |name: &String| !self.extra.contains(name);
        let bind = |values: Vec<(String, f64)>| {
            Ok::<_, Error>(Kinetics::with_changes(network, &Changes { parameters: values, ..Changes::default() })?)
        };
        let ours = self.parameters.iter().zip(&self.found).filter(|(name, _)| own(name));
        let ours: Vec<(String, f64)> = ours.map(|(name, value)| (name.clone(), *value)).collect();
        let mut all = Vec::new();
        if ours.iter().all(|(_, value)| *value >= 0.0) {
            let name = format!("published pipeline on our ensemble, {} deleted", self.extra.join(", "));
            all.push((name, bind(ours)?));
        }
        let printed: Vec<(String, f64)> =
            self.printed.iter().filter(|(name, _)| own(name)).map(|(name, value)| (name.clone(), *value)).collect();
        if !printed.is_empty() {
            all.push((format!("Table I as printed, {} deleted", self.extra.join(", ")), bind(printed)?));
        }
        Ok(all)
    }

    /// A sentence for the summary.
    pub fn summary(&self) -> String {
        format!(
            "As published: training all ten terms of (11) from one initial state {} the true terms; the staged pipeline, \
             with every minimum reached, has its errors in Table I below.",
            if self.finds_truth { "finds exactly" } else { "does not find" }
        )
    }

    /// The section of the report.
    pub fn section(&self, rates: &Rates) -> Section {
        let mut terms = Table::new(["term", "weight after training, pruning and refit"]);
        for (j, name) in self.names.iter().enumerate() {
            let left = self.trained.terms.contains(&j);
            let cell = if left { Cell::digits(self.trained.weights[j], 4) } else { Cell::text("removed") };
            terms.push([Cell::text(plain(name)), cell]);
        }
        let mut headings =
            vec!["", "true", "learned here", "its error", "published pipeline, our ensemble", "its error"];
        if !self.printed.is_empty() {
            headings.extend(["paper, Table I", "its error"]);
        }
        let mut table = Table::new(headings);
        let error = |value: f64, truth: f64| match truth {
            0.0 => Cell::text("–"),
            _ => Cell::percentage((value / truth - 1.0).abs()),
        };
        for ((name, &truth), &found) in self.parameters.iter().zip(&self.truth).zip(&self.found) {
            let mut row = vec![Cell::text(plain(name)), Cell::digits(truth, 5)];
            match rates.parameter(name).or_else(|| rates.rate_of(&reaction_of(name))) {
                Some(ours) => row.extend([Cell::digits(ours, 5), error(ours, truth)]),
                None => row.extend([Cell::text("–"), Cell::text("–")]),
            }
            row.extend([Cell::digits(found, 5), error(found, truth)]);
            if let Some(&printed) = self.printed.get(name) {
                row.extend([Cell::digits(printed, 5), error(printed, truth)]);
            } else if !self.printed.is_empty() {
                row.extend([Cell::Empty, Cell::Empty]);
            }
            table.push(row);
        }
        let (steps, loss): (Vec<f64>, Vec<f64>) =
            self.trained.history.iter().filter(|(_, l)| *l > 0.0).map(|&(n, l)| (n as f64, l)).unzip();
        let figure = Figure::new("odenet-training")
            .caption("Loss of the published training over its optimisation steps; jumps are rounds of pruning.")
            .panel(
                Panel::new()
                    .x(Axis::new("optimisation step"))
                    .y(Axis::new("loss (mean absolute error)").log())
                    .with(Line::new("loss", steps, loss)),
            );
        Section::new("Learning as published")
            .paragraph(format!(
                "ODENet: the weights of all ten terms of the means (11) are trained from zero by back-propagation through \
                 a Runge-Kutta solver on the absolute error plus an L1 penalty; weights below {} are removed and the rest \
                 trained again [@yang2020]. From one initial state the terms are collinear to about one part in 1e5. The \
                 result is shown as it is: the training {} the true terms; it ended {} with a loss of {}.",
                self.threshold,
                if self.finds_truth { "finds exactly" } else { "does not find" },
                match self.trained.stop {
                    TrainingStop::Settled => "with no weight left to remove,",
                    TrainingStop::StillPruning => "while weights were still being removed,",
                    TrainingStop::NothingLeft => "with every weight removed,",
                    TrainingStop::Diverged => "because the solution blew up,",
                },
                Cell::digits(self.trained.loss, 3).to_text()
            ))
            .table(terms.caption("Equations of the means, after the published training."))
            .figure(figure)
            .paragraph(
                "The pipeline from moments to rates, given the true terms and with every minimum reached (so that what is \
                 left is the error of the method, not of the optimiser): means first, then the second moments (13), nothing \
                 weighed, then the ten equations (14) by least squares.",
            )
            .table(table.caption("Table I of the paper with ours beside it. Learned here: by regression over reactions (below), where the rates of \
             reactions that the evidence removes are 0. Published pipeline: nothing keeps rates from being negative."))
    }
}
