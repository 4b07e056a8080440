//! `kurtz spikes`: peaks of traces, the intervals between them, and periods.

use crate::Error;
use kurtz_dynamics::data::{Cells, DataError, DataFile, Series};
use kurtz_dynamics::stats::StatsError;
use kurtz_dynamics::stats::spikes::{Estimated, SpikeSettings, Spikes};
use kurtz_report::DataTable;
use std::path::PathBuf;

/// Settings of [`run`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The file of traces.
    pub data: PathBuf,
    /// Columns to look at; all if empty.
    pub variables: Vec<String>,
    /// First time looked at.
    pub from: Option<f64>,
    /// Last time looked at.
    pub to: Option<f64>,
    /// Least prominence of a peak, in the unit of the values; by default half the distance between the 5 % and the 95 %
    /// quantile of each trace.
    pub prominence: Option<f64>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// One row a trace: peaks, period, variation of intervals, height, each with its standard error.
    pub summary: DataTable,
    /// One row a peak: time, height, prominence, interval since the one before.
    pub peaks: DataTable,
}

/// Columns of [`Found::summary`].
const NUMBERS: [&str; 7] = [
    "period",
    "period-error",
    "interval-variation",
    "interval-variation-error",
    "height",
    "height-error",
    "prominence",
];

/// Finds the peaks of all traces of a file.
///
/// # Errors
/// Files that cannot be read or hold no traces; columns that are not there; times that leave fewer than three values.
pub fn run(settings: &Settings) -> Result<Found, Error> {
    let file = DataFile::from_cells(&Cells::read_csv(&settings.data)?)?;
    let place = |name: &String| {
        file.species.iter().position(|s| s == name).ok_or_else(|| Error::Unknown {
            kind: "column",
            name: name.clone(),
            known: file.species.join(", "),
        })
    };
    let wanted: Vec<usize> = if settings.variables.is_empty() {
        (0..file.species.len()).collect()
    } else {
        settings.variables.iter().map(place).collect::<Result<_, _>>()?
    };
    if file.series.is_empty() {
        return Err(DataError::new(&file.file, "it holds moments, not traces; give single trajectories").into());
    }
    let mut table = Tables::default();
    for series in &file.series {
        for &v in &wanted {
            let (times, values) = cut(series, v, file.species.len(), settings);
            if times.len() < 3 {
                let message = format!("fewer than 3 values of `{}` lie between the times asked for", file.species[v]);
                return Err(DataError::new(&file.file, message).into());
            }
            let spikes = Spikes::of(&times, &values, &SpikeSettings { prominence: settings.prominence });
            let spikes = spikes.map_err(|error| match error {
                StatsError::BadTrace => {
                    let name = &file.species[v];
                    Error::from(DataError::new(
                        &file.file,
                        format!("the trace of `{name}` has gaps, or the prominence is negative"),
                    ))
                }
                other => other.into(),
            })?;
            table.add(series, &file.species[v], &spikes);
        }
    }
    Ok(table.finish())
}

/// Times and values of one variable in the window.
fn cut(series: &Series, variable: usize, width: usize, settings: &Settings) -> (Vec<f64>, Vec<f64>) {
    let from = settings.from.unwrap_or(f64::NEG_INFINITY);
    let to = settings.to.unwrap_or(f64::INFINITY);
    let values = series.values.iter().skip(variable).step_by(width.max(1));
    series.times.iter().zip(values).filter(|(t, _)| (from..=to).contains(*t)).map(|(t, x)| (*t, *x)).unzip()
}

#[derive(Default)]
struct Tables {
    traces: [Vec<String>; 3],
    counts: Vec<i64>,
    numbers: [Vec<f64>; NUMBERS.len()],
    peaks: [Vec<String>; 3],
    of_peaks: [Vec<f64>; 4],
}

impl Tables {
    fn add(&mut self, series: &Series, variable: &str, spikes: &Spikes) {
        let key = [series.condition.clone(), series.trajectory.clone(), variable.to_owned()];
        self.traces.iter_mut().zip(&key).for_each(|(column, value)| column.push(value.clone()));
        self.counts.push(spikes.peaks.len() as i64);
        let estimates = [spikes.period(), spikes.variation(), spikes.height()];
        let pair = |e: Option<Estimated>| e.map_or([f64::NAN; 2], |e| [e.value, e.error]);
        let least = spikes.peaks.iter().map(|p| p.prominence).fold(f64::INFINITY, f64::min);
        let least = if least.is_finite() { least } else { f64::NAN };
        let row = estimates.into_iter().flat_map(pair).chain([least]);
        self.numbers.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        for (i, peak) in spikes.peaks.iter().enumerate() {
            self.peaks.iter_mut().zip(&key).for_each(|(column, value)| column.push(value.clone()));
            let interval = i.checked_sub(1).map_or(f64::NAN, |before| spikes.intervals[before]);
            let row = [peak.time, peak.height, peak.prominence, interval];
            self.of_peaks.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }

    fn finish(self) -> Found {
        let keyed = |name: &str, keys: [Vec<String>; 3]| {
            let columns = ["condition", "trajectory", "variable"].into_iter().zip(keys);
            columns.fold(DataTable::new(name), |table, (name, values)| table.column(name, values))
        };
        let mut summary = keyed("spikes", self.traces).column("peaks", self.counts);
        for (name, values) in NUMBERS.into_iter().zip(self.numbers) {
            let name = if name == "prominence" { "least-prominence" } else { name };
            summary = summary.column(name, values);
        }
        let mut peaks = keyed("peaks", self.peaks);
        for (name, values) in ["time", "height", "prominence", "interval"].into_iter().zip(self.of_peaks) {
            peaks = peaks.column(name, values);
        }
        Found { summary, peaks }
    }
}
