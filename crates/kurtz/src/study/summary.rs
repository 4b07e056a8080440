//! Moments and solutions as columns for files.

use kurtz_dynamics::{MomentIndex, MomentSeries};
use kurtz_report::DataTable;

/// Means and standard deviations: `time, X-mean, X-sd, ...` in molecules, for the species `of` (names; all if `None`).
///
/// The standard deviation of a sample divides by N - 1; it is NaN (an empty cell) for a single trajectory, and where a
/// closure gives a negative variance.
pub fn means_and_deviations(name: &str, series: &MomentSeries, of: Option<&[String]>) -> DataTable {
    let mut table = DataTable::new(name).column("time", series.times.clone());
    let correction = series.trajectories.map_or(1.0, |n| if n > 1 { n as f64 / (n as f64 - 1.0) } else { f64::NAN });
    let wanted: Vec<&String> = of.map_or_else(|| series.species.iter().collect(), |names| names.iter().collect());
    for species in wanted {
        let Some(s) = series.species.iter().position(|x| x == species) else { continue };
        let column = |power: u8| series.position(&single(series.species.len(), s, power)).map(|m| moment(series, m));
        if let Some(mean) = column(1) {
            table = table.column(format!("{species}-mean"), mean);
        }
        if let Some(variance) = column(2) {
            let deviation: Vec<f64> = variance.iter().map(|v| (v * correction).sqrt()).collect();
            table = table.column(format!("{species}-sd"), deviation);
        }
    }
    table
}

/// All moments of orders 1 and 2 in the columns that `kurtz learn` reads: `time, X-mean, X-var, X-Y-cov, trajectories`.
/// Variances and covariances divide by the number of trajectories.
pub fn moments(name: &str, series: &MomentSeries) -> DataTable {
    moments_up_to(2, name, series)
}

/// Moments up to an order; those above the second are central ones in columns `X-X-Y-moment`.
pub fn moments_up_to(order: u32, name: &str, series: &MomentSeries) -> DataTable {
    let mut table = DataTable::new(name).column("time", series.times.clone());
    for (m, index) in series.indices.iter().enumerate().filter(|(_, i)| i.order() <= order) {
        table = table.column(column_name(index, &series.species), moment(series, m));
    }
    if let Some(n) = series.trajectories {
        table = table.column("trajectories", vec![i64::try_from(n).unwrap_or(i64::MAX); series.times.len()]);
    }
    table
}

/// The values of one moment over time.
pub fn moment(series: &MomentSeries, m: usize) -> Vec<f64> {
    series.values.iter().skip(m).step_by(series.indices.len()).copied().collect()
}

/// The name of a moment as a column.
fn column_name(index: &MomentIndex, species: &[String]) -> String {
    let of: Vec<&str> =
        (0..species.len()).flat_map(|s| std::iter::repeat_n(species[s].as_str(), index.0[s].into())).collect();
    match of.as_slice() {
        [x] => format!("{x}-mean"),
        [x, y] if x == y => format!("{x}-var"),
        [_, _] => format!("{}-cov", of.join("-")),
        _ => format!("{}-moment", of.join("-")),
    }
}

/// The power `power` of one species.
pub fn single(species: usize, which: usize, power: u8) -> MomentIndex {
    let mut powers = vec![0; species];
    powers[which] = power;
    MomentIndex(powers)
}
