//! `kurtz simulate --method lna`: means and covariances by the linear noise approximation.

use super::findings::{Findings, provenance};
use super::grid::output_times;
use super::simulate::mean_figure;
use super::{ModelChoice, ModelFile, summary};
use crate::Error;
use kurtz_dynamics::MomentSeries;
use kurtz_dynamics::lna::{LinearNoise, REFERENCES, Stationary};
use kurtz_report::{Axis, Cell, DataTable, Figure, Line, Panel, Report, Section, Table};
use serde::{Deserialize, Serialize};

/// Settings of [`run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The model.
    pub model: ModelChoice,
    /// First output time, in the model's unit; the initial state, known exactly, is that of time 0.
    pub start: f64,
    /// Last output time.
    pub end: f64,
    /// Number of output steps. Default 100.
    pub steps: usize,
    /// How the equations are solved.
    pub linear_noise: LinearNoise,
    /// Covariances between all pairs of output times too. Default false.
    pub correlations: bool,
    /// The stationary covariance and power spectrum too. Default false.
    pub spectrum: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: ModelChoice::default(),
            start: 0.0,
            end: 1.0,
            steps: 100,
            linear_noise: LinearNoise::default(),
            correlations: false,
            spectrum: false,
        }
    }
}

/// What the approximation gives.
#[derive(Debug)]
pub struct Noise {
    /// The model.
    pub model: ModelFile,
    /// Means and covariances over time.
    pub moments: MomentSeries,
    /// Covariances between output times, `[times x times x species x species]`, if asked for.
    pub correlations: Option<Vec<f64>>,
    /// Stationary fluctuations, if asked for.
    pub stationary: Option<Stationary>,
}

/// Angular frequencies of the spectrum.
const FREQUENCIES: usize = 200;
/// Numbers in the table of correlations at most.
const MOST_CORRELATIONS: usize = 20_000_000;

/// Solves the equations of the approximation.
///
/// # Errors
/// Mistakes in the model or the settings; rules and events; equations that end before the last time.
pub fn run(settings: &Settings) -> Result<Noise, Error> {
    let model = settings.model.read()?;
    let times = output_times(settings.start, settings.end, settings.steps)?;
    let solution = settings.linear_noise.solve(&model.kinetics, &times)?;
    let method = || "the linear noise approximation".to_owned();
    if let Some(stop) = &solution.stop {
        return Err(Error::Stopped { method: method(), reason: stop.describe(&solution.species) });
    }
    let pairs = (times.len() * model.network.species.len()).pow(2);
    if settings.correlations && pairs > MOST_CORRELATIONS {
        return Err(Error::Setting {
            setting: "correlations",
            found: format!("{pairs} numbers"),
            expected: "take fewer steps",
        });
    }
    let correlations =
        settings.correlations.then(|| settings.linear_noise.correlations(&model.kinetics, &times)).transpose()?;
    let stationary = settings.spectrum.then(|| settings.linear_noise.stationary(&model.kinetics)).transpose();
    let stationary = stationary.map_err(|error| match error {
        kurtz_dynamics::DynamicsError::LinearNoise { reason } => {
            Error::Declined { method: "the spectrum of stationary noise".into(), reason }
        }
        other => other.into(),
    })?;
    Ok(Noise { moments: solution.series(), model, correlations, stationary })
}

impl Noise {
    /// The report, with its tables.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance = provenance().settings(settings)?;
        self.model.record(&mut provenance);
        REFERENCES.iter().for_each(|key| provenance.cite(*key));
        let title = self.model.network.name.clone().unwrap_or_else(|| self.model.name.clone());
        let mut section =
            Section::new("Means and deviations").figure(mean_figure(&self.moments, self.model.time_unit()));
        let mut data = vec![
            summary::means_and_deviations("summary", &self.moments, None),
            summary::moments("moments", &self.moments),
        ];
        if let Some(correlations) = &self.correlations {
            data.push(self.correlation_table(correlations));
        }
        if let Some(stationary) = &self.stationary {
            let mut table = Table::new(["species", "stationary mean", "standard deviation"]);
            for (i, name) in stationary.species.iter().enumerate() {
                let variance = stationary.covariance[i * (stationary.species.len() + 1)];
                table.push([
                    Cell::from(name.as_str()),
                    Cell::digits(stationary.macroscopic[i], 6),
                    Cell::digits(variance.max(0.0).sqrt(), 6),
                ]);
            }
            let spectrum = spectrum_table(stationary);
            section = section.table(table).figure(spectrum_figure(stationary, &spectrum, self.model.time_unit()));
            data.push(spectrum);
        }
        let report = Report::new(format!("Linear noise approximation of {title}"))
            .section(section)
            .section(Section::new("Model").code(self.model.kinetics.network().to_crn()))
            .provenance(provenance);
        Ok(Findings { report, data, files: Vec::new() })
    }

    /// `time, later, X-Y-cov, ...`: the covariance of X at `later` with Y at `time`.
    fn correlation_table(&self, correlations: &[f64]) -> DataTable {
        let (times, n) = (&self.moments.times, self.moments.species.len());
        let (mut first, mut later) = (Vec::new(), Vec::new());
        let mut columns = vec![Vec::new(); n * n];
        for t in 0..times.len() {
            for u in t..times.len() {
                first.push(times[t]);
                later.push(times[u]);
                for (k, column) in columns.iter_mut().enumerate() {
                    column.push(correlations[(u * times.len() + t) * n * n + k]);
                }
            }
        }
        let mut table = DataTable::new("correlations").column("time", first).column("later", later);
        for (k, column) in columns.into_iter().enumerate() {
            let (x, y) = (&self.moments.species[k / n], &self.moments.species[k % n]);
            table = table.column(format!("{x}-{y}-cov"), column);
        }
        table
    }
}

/// Power spectral densities over three decades around the rates of the Jacobian.
fn spectrum_table(stationary: &Stationary) -> DataTable {
    let n = stationary.species.len();
    let rates = (0..n).map(|i| stationary.drift[i * n + i].abs()).filter(|r| *r > 0.0);
    let (slowest, fastest) = rates.fold((f64::INFINITY, 0.0f64), |(a, b), r| (a.min(r), b.max(r)));
    let (low, high) = if fastest > 0.0 { (slowest / 100.0, fastest * 30.0) } else { (0.01, 100.0) };
    let at = |k: usize| low * (high / low).powf(k as f64 / (FREQUENCIES - 1) as f64);
    let frequencies: Vec<f64> = (0..FREQUENCIES).map(at).collect();
    let power = stationary.spectrum(&frequencies);
    let mut table = DataTable::new("spectrum").column("angular-frequency", frequencies);
    for (i, name) in stationary.species.iter().enumerate() {
        let column: Vec<f64> = power.iter().skip(i).step_by(n).copied().collect();
        table = table.column(format!("{name}-power"), column);
    }
    table
}

fn spectrum_figure(stationary: &Stationary, table: &DataTable, time_unit: &str) -> Figure {
    let numbers = |k: usize| match &table.columns[k].values {
        kurtz_report::Values::Numbers(values) => values.clone(),
        _ => Vec::new(),
    };
    let unit = if time_unit.is_empty() { String::new() } else { format!("1/{time_unit}") };
    let mut figure = Figure::new("spectrum").caption("Power spectral density of the stationary fluctuations.");
    for (i, name) in stationary.species.iter().enumerate() {
        if stationary.covariance[i * (stationary.species.len() + 1)] <= 0.0 {
            continue;
        }
        let panel = Panel::new()
            .x(Axis::new("angular frequency").unit(unit.clone()).log())
            .y(Axis::new(format!("power of {name}")).log())
            .with(Line::new("", numbers(0), numbers(i + 1)));
        figure = figure.panel(panel);
    }
    figure
}
