//! `kurtz simulate --stationary`: the law at rest.

use super::findings::{Findings, provenance};
use super::simulate::{chosen_method, halted};
use super::{ModelChoice, WholeModel};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::stationary::{Stationarity, StationaryLaw, stationary};
use kurtz_model::System;
use kurtz_model::kinetics::Changes;
use kurtz_report::{Axis, Bars, DataTable, Figure, Panel, Report, Section};
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Name of the method; default `auto`.
    pub method: String,
    /// The time of the first attempt, in the model's unit.
    pub end: f64,
    /// Seed. Default 1.
    pub seed: u64,
    /// How rest is found.
    pub stationarity: Stationarity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            method: "auto".into(),
            end: 1.0,
            seed: 1,
            stationarity: Stationarity::default(),
        }
    }
}

/// A law at rest.
#[derive(Debug)]
pub struct Rest {
    /// The model.
    pub model: WholeModel,
    /// The law.
    pub law: StationaryLaw,
    /// Names of references to cite.
    pub references: Vec<&'static str>,
}

/// Looks for the stationary law.
///
/// # Errors
/// Mistakes in the model or the settings; a process that does not come to rest; trajectories that cannot be completed;
/// interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Rest, Error> {
    let model = settings.model.read_whole()?;
    if !(settings.end > 0.0 && settings.end.is_finite()) {
        return Err(Error::Setting {
            setting: "end",
            found: settings.end.to_string(),
            expected: "it must be a finite time > 0",
        });
    }
    let molecules = System::new(&model.system.network().in_molecules(), &Changes::default())?;
    let engine = System::new(&molecules.network().in_mass_action(), &Changes::default())?;
    let (method, kinetics) = chosen_method(&settings.method, &engine)?;
    let Settings { end, seed, stationarity, .. } = settings;
    let law = match &kinetics {
        Some(kinetics) => stationary(kinetics, &*method, *end, *seed, stationarity, progress)?,
        None => stationary(&engine, &*method, *end, *seed, stationarity, progress)?,
    };
    if let Some(halt) = &law.halt {
        return Err(halted(halt, engine.network(), method.name()));
    }
    if !law.is_stationary {
        let worst = law.quantities.iter().max_by(|a, b| a.agreement.total_cmp(&b.agreement));
        let drifting = law.quantities.iter().max_by(|a, b| a.drift.abs().total_cmp(&b.drift.abs()));
        let (worst, drifting) = (worst.expect("quantities"), drifting.expect("quantities"));
        return Err(Error::Declined {
            method: "the search for a stationary law".into(),
            reason: format!(
                "by time {} the mean of `{}` still moves by {:.1} standard errors between the last two quarters, and \
                 trajectories differ in `{}` by {:.2} times what each fluctuates; begin with a later --end, or it never \
                 rests",
                law.time, drifting.name, drifting.drift, worst.name, worst.agreement
            ),
        });
    }
    Ok(Rest { references: method.references().to_vec(), model, law })
}

impl Rest {
    /// When it was at rest, in a sentence.
    pub fn statement(&self) -> String {
        let law = &self.law;
        format!(
            "at rest from time {} on; averages to time {} over {} trajectories, standard errors from their scatter",
            law.time / 2.0,
            law.time,
            law.trajectories
        )
    }

    /// `species, mean, mean-se, sd, sd-se, drift, agreement`.
    pub fn table(&self) -> DataTable {
        let of = |get: fn(&kurtz_dynamics::stationary::Quantity) -> f64| -> Vec<f64> {
            self.law.quantities.iter().map(get).collect()
        };
        let names: Vec<String> = self.law.quantities.iter().map(|q| q.name.clone()).collect();
        DataTable::new("stationary")
            .column("species", names)
            .column("mean", of(|q| q.mean))
            .column("mean-se", of(|q| q.mean_error))
            .column("sd", of(|q| q.deviation))
            .column("sd-se", of(|q| q.deviation_error))
            .column("drift", of(|q| q.drift))
            .column("agreement", of(|q| q.agreement))
    }

    /// The report, with its tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance =
            provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
        self.model.record(&mut provenance);
        self.references.iter().for_each(|key| provenance.cite(*key));
        ["geweke1992", "gelman1992"].iter().for_each(|key| provenance.cite(*key));
        let mut figure = Figure::new("laws").caption("Stationary law of each species.");
        let (mut names, mut counts, mut fractions) = (Vec::new(), Vec::new(), Vec::new());
        for quantity in &self.law.quantities {
            let total: u64 = quantity.law.values().sum();
            for (&count, &n) in &quantity.law {
                names.push(quantity.name.clone());
                counts.push(count);
                fractions.push(n as f64 / total as f64);
            }
            let (Some((&first, _)), Some((&last, _))) = (quantity.law.first_key_value(), quantity.law.last_key_value())
            else {
                continue;
            };
            let at = |n: i64| quantity.law.get(&n).map_or(0.0, |&k| k as f64 / total as f64);
            let heights: Vec<f64> = (first..=last.min(first + 100_000)).map(at).collect();
            let panel = Panel::new()
                .x(Axis::new(quantity.name.clone()).unit("molecules"))
                .y(Axis::new("probability").from_zero())
                .with(Bars::of_counts("", first, heights));
            figure = figure.panel(panel);
        }
        let law =
            DataTable::new("law").column("species", names).column("molecules", counts).column("probability", fractions);
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let report = Report::new(format!("Stationary law of {title}"))
            .section(Section::new("Stationary law").paragraph(format!("{}.", self.statement())).figure(figure))
            .section(Section::new("Model").code(self.model.network.to_crn()))
            .provenance(provenance);
        Ok(Findings { report, data: vec![self.table(), law], files: Vec::new() })
    }
}
