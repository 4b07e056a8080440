//! `kurtz simulate --sensitivity`: how means depend on parameters.

use super::findings::{Findings, provenance};
use super::grid::output_times;
use super::simulate::halted;
use super::{ModelChoice, ModelFile};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::sensitivity::{
    CoupledDifferences, LikelihoodRatio, Sensitivities, coupled_differences, likelihood_ratios,
};
use kurtz_report::{Axis, Band, DataTable, Figure, Line, Panel, Report, Section};
use serde::{Deserialize, Serialize};

/// How derivatives of means are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// Pairs of trajectories at two values of each parameter.
    #[default]
    Coupled,
    /// How likely trajectories are at other values, from one ensemble for all parameters.
    LikelihoodRatio,
}

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// How derivatives are estimated. Default coupled.
    pub by: Estimator,
    /// Number of pairs of trajectories for each parameter, or of trajectories for all of them. Default 1000.
    pub samples: u64,
    /// First and last output time, in the model's unit; simulation begins at 0.
    pub start: f64,
    /// Last output time.
    pub end: f64,
    /// Number of output steps. Default 100.
    pub steps: usize,
    /// Seed. Default 1.
    pub seed: u64,
    /// Of coupled differences.
    pub differences: CoupledDifferences,
    /// Of likelihood ratios.
    pub likelihood: LikelihoodRatio,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            parameters: Vec::new(),
            by: Estimator::default(),
            samples: 1000,
            start: 0.0,
            end: 1.0,
            steps: 100,
            seed: 1,
            differences: CoupledDifferences::default(),
            likelihood: LikelihoodRatio::default(),
        }
    }
}

/// Derivatives of means.
#[derive(Debug)]
pub struct Derivatives {
    /// The model.
    pub model: ModelFile,
    /// The derivatives.
    pub sensitivities: Sensitivities,
}

/// Estimates derivatives of means by parameters, in the network's own units.
///
/// # Errors
/// Mistakes in the model or the settings; rules, events, rates that change in time; trajectories that cannot be
/// completed; interruption.
pub fn run(settings: &Settings, progress: &dyn Progress) -> Result<Derivatives, Error> {
    let model = settings.model.read()?;
    model.check_initial_state()?;
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let Settings { parameters, by, samples, seed, differences, likelihood, .. } = settings;
    let kinetics = &model.kinetics;
    let found = match by {
        Estimator::Coupled => coupled_differences(kinetics, parameters, &times, *samples, *seed, differences, progress),
        Estimator::LikelihoodRatio => {
            likelihood_ratios(kinetics, parameters, &times, *samples, *seed, likelihood, progress)
        }
    }?;
    if let Some(halt) = &found.halt {
        return Err(halted(halt, kinetics.network(), by.name()));
    }
    Ok(Derivatives { model, sensitivities: found })
}

impl Estimator {
    fn name(self) -> &'static str {
        match self {
            Estimator::Coupled => "coupled differences",
            Estimator::LikelihoodRatio => "likelihood ratios",
        }
    }
}

impl Derivatives {
    /// What was estimated, in one sentence.
    pub fn statement(&self, settings: &Settings) -> String {
        let from = match settings.by {
            Estimator::Coupled => format!("{} coupled pairs for each", settings.samples),
            Estimator::LikelihoodRatio => format!("{} trajectories by likelihood ratios", settings.samples),
        };
        format!("derivatives of mean numbers of molecules, per unit of each parameter, from {from}")
    }

    /// `time, parameter, X-derivative, X-derivative-se, ...`, in molecules per unit of the parameter in the network's units.
    pub fn table(&self, of: Option<&[String]>) -> DataTable {
        let found = &self.sensitivities;
        let (times, n) = (found.times.len(), found.species.len());
        let repeated = |_| found.times.iter().copied();
        let when: Vec<f64> = (0..found.parameters.len()).flat_map(repeated).collect();
        let which: Vec<String> = found.parameters.iter().flat_map(|p| std::iter::repeat_n(p.clone(), times)).collect();
        let mut table = DataTable::new("sensitivities").column("time", when).column("parameter", which);
        for (i, name) in found.species.iter().enumerate() {
            if of.is_some_and(|names| !names.contains(name)) {
                continue;
            }
            let column = |values: &[f64]| values.iter().skip(i).step_by(n).copied().collect::<Vec<f64>>();
            table = table
                .column(format!("{name}-derivative"), column(&found.derivatives))
                .column(format!("{name}-derivative-se"), column(&found.standard_errors));
        }
        table
    }

    /// The report, with its table.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance =
            provenance().seed(settings.seed).threads(rayon::current_num_threads()).settings(settings)?;
        self.model.record(&mut provenance);
        provenance.cite(match settings.by {
            Estimator::Coupled => "anderson2012coupled",
            Estimator::LikelihoodRatio => "plyasunov2007",
        });
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let report = Report::new(format!("Sensitivities of {title}"))
            .section(Section::new("Sensitivities of means").figure(self.figure()))
            .section(Section::new("Model").code(self.model.kinetics.network().to_crn()))
            .provenance(provenance);
        Ok(Findings { report, data: vec![self.table(None)], files: Vec::new() })
    }

    /// Relative to the parameter: p d<n>/dp, with two standard errors.
    fn figure(&self) -> Figure {
        let found = &self.sensitivities;
        let (times, n) = (found.times.len(), found.species.len());
        let mut figure = Figure::new("sensitivities").caption(
            "p d⟨n⟩/dp: the change of each mean for a relative change of a parameter, with two standard errors.",
        );
        for (i, name) in found.species.iter().enumerate() {
            let mut panel = Panel::new()
                .x(Axis::new("time").unit(self.model.time_unit()))
                .y(Axis::new(format!("sensitivity of {name}")).unit("molecules"));
            for (k, parameter) in found.parameters.iter().enumerate() {
                let scale = if found.values[k] == 0.0 { 1.0 } else { found.values[k] };
                let at = |values: &[f64], t: usize| scale * values[(k * times + t) * n + i];
                let middle: Vec<f64> = (0..times).map(|t| at(&found.derivatives, t)).collect();
                let edge = |sign: f64| -> Vec<f64> {
                    (0..times).map(|t| middle[t] + sign * 2.0 * at(&found.standard_errors, t).abs()).collect()
                };
                panel = panel
                    .with(Band::new(parameter.clone(), found.times.clone(), edge(-1.0), edge(1.0)))
                    .with(Line::new(parameter.clone(), found.times.clone(), middle));
            }
            figure = figure.panel(panel);
        }
        figure
    }
}
