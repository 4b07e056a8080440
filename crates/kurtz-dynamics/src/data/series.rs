//! Numbers with meaning: series of values, or of moments, grouped by experiment and realisation.

use super::cells::{Cells, DataError, whole};
use super::header::{Column, Role};
use crate::moment_series::{MomentIndex, MomentSeries};

/// Values of some species over time in one realisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name of the experiment; the file's name where it has no such column.
    pub condition: String,
    /// Name of the realisation; empty where the file has no such column.
    pub trajectory: String,
    /// Times, strictly increasing, `[times]`.
    pub times: Vec<f64>,
    /// Values, NaN where there is a gap, `[times x species]`, row-major.
    pub values: Vec<f64>,
    /// Standard errors of the values, `[times x species]`, where the file has a column of them for every species.
    pub standard_errors: Option<Vec<f64>>,
}

/// What a data file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    /// The file, as it was named.
    pub file: String,
    /// Species, in the order of their columns.
    pub species: Vec<String>,
    /// Unit of each species' column as written, `[species]`.
    pub units: Vec<Option<String>>,
    /// Unit of the time column as written.
    pub time_unit: Option<String>,
    /// The first negative value, as the error that it is unless the values are said to be noisy.
    pub negative: Option<DataError>,
    /// Series of values, one for each experiment and realisation; empty in a file of moments.
    pub series: Vec<Series>,
    /// Moments over ensembles with the name of each experiment; empty in a file of series. They carry no covariance.
    pub moments: Vec<(String, MomentSeries)>,
}

impl DataFile {
    /// Reads numbers and meaning from a table.
    ///
    /// # Errors
    /// No time column; no species; cells that are not numbers; times that do not increase within a series; negative
    /// standard errors, means or variances; standard errors or moments of some species only; moments mixed with values.
    pub fn from_cells(cells: &Cells) -> Result<Self, DataError> {
        let layout = Layout::of(cells)?;
        let mut data = DataFile {
            file: cells.file.clone(),
            species: layout.species.clone(),
            units: layout.units.clone(),
            time_unit: layout.columns[layout.time].unit.clone(),
            negative: layout.negative(cells)?,
            series: Vec::new(),
            moments: Vec::new(),
        };
        for (condition, trajectory, rows) in layout.groups(cells) {
            let times = layout.times(cells, &rows)?;
            if layout.has_moments {
                data.moments.push((condition, layout.moments(cells, &rows, times)?));
            } else {
                data.series.push(layout.series(cells, &rows, times, condition, trajectory)?);
            }
        }
        let observed = |i: usize| {
            data.series.iter().any(|s| s.values.iter().skip(i).step_by(data.species.len()).any(|x| !x.is_nan()))
        };
        if let Some(i) = (0..data.species.len()).find(|&i| !layout.has_moments && !observed(i)) {
            let message = format!("species `{}` has no value in any row; leave its column out", data.species[i]);
            return Err(whole(&cells.file, message));
        }
        Ok(data)
    }
}

/// Where everything stands in a table.
struct Layout {
    columns: Vec<Column>,
    species: Vec<String>,
    units: Vec<Option<String>>,
    time: usize,
    has_moments: bool,
}

impl Layout {
    fn of(cells: &Cells) -> Result<Self, DataError> {
        let columns: Vec<Column> = cells.header.iter().map(|name| Column::of(name)).collect();
        let is_time = |c: &Column| c.role == Role::Time;
        let time = columns.iter().position(is_time).ok_or_else(|| {
            let names = cells.header.join("`, `");
            whole(&cells.file, format!("there is no column `time` (or `t`); the columns are `{names}`"))
        })?;
        if let Some(second) = columns.iter().skip(time + 1).position(is_time) {
            return Err(cells.column_error(time + 1 + second, "is a second column of times".into()));
        }
        let (mut species, mut units) = (Vec::new(), Vec::new());
        for (i, column) in columns.iter().enumerate() {
            if let Role::Value(name) | Role::Mean(name) = &column.role {
                if species.contains(name) {
                    return Err(cells.column_error(i, format!("is a second column of `{name}`")));
                }
                species.push(name.clone());
                units.push(column.unit.clone());
            }
        }
        if species.is_empty() {
            return Err(whole(&cells.file, "there is no column of a species, such as `A` or `A-mean`".into()));
        }
        let has_moments = columns.iter().any(|c| matches!(c.role, Role::Mean(_)));
        let layout = Layout { columns, species, units, time, has_moments };
        layout.check(cells)?;
        Ok(layout)
    }

    /// Every column must fit the kind of the file, and name a species it has.
    fn check(&self, cells: &Cells) -> Result<(), DataError> {
        for (i, column) in self.columns.iter().enumerate() {
            let known = |name: &String| {
                if self.species.contains(name) {
                    return Ok(());
                }
                let kind = if self.has_moments { "-mean" } else { "" };
                Err(cells.column_error(i, format!("there is no column `{name}{kind}` that it could belong to")))
            };
            match &column.role {
                Role::Value(_) if self.has_moments => {
                    let message = "is a column of values among moments; give values and moments in separate files";
                    return Err(cells.column_error(i, message.into()));
                }
                Role::StandardError(x) => {
                    known(x)?;
                    let own = self.species.iter().position(|s| s == x).and_then(|s| self.units[s].clone());
                    if column.unit.is_some() && column.unit != own {
                        return Err(cells.column_error(i, format!("must be in the unit of column `{x}`")));
                    }
                }
                Role::Variance(x) | Role::StandardDeviation(x) => known(x)?,
                Role::Covariance(x, y) => {
                    known(x)?;
                    known(y)?;
                }
                Role::Value(x) => {
                    let error = Role::StandardError(x.clone());
                    let others = self
                        .columns
                        .iter()
                        .any(|c| matches!(&c.role, Role::StandardError(x) if self.species.contains(x)));
                    if others && self.position(&error).is_none() {
                        let message = format!("has no standard errors although others do; add a column `{x}-se`");
                        return Err(cells.column_error(i, message));
                    }
                }
                Role::Time | Role::Condition | Role::Trajectory | Role::Trajectories | Role::Mean(_) => {}
            }
        }
        Ok(())
    }

    /// The first negative value of a species.
    fn negative(&self, cells: &Cells) -> Result<Option<DataError>, DataError> {
        for row in 0..cells.rows.len() {
            for column in (0..self.columns.len()).filter(|&c| matches!(self.columns[c].role, Role::Value(_))) {
                let x = cells.number(row, column)?;
                if x < 0.0 {
                    let message = format!(
                        "{x} is negative; an amount cannot be (if it is a noisy measurement, give standard errors in \
                         a column `X-se`, or --noise additive:S)"
                    );
                    return Ok(Some(cells.error(row, column, message)));
                }
            }
        }
        Ok(None)
    }

    fn position(&self, role: &Role) -> Option<usize> {
        self.columns.iter().position(|c| c.role == *role)
    }

    /// Rows of one experiment and realisation, in order of first appearance: (condition, trajectory, rows).
    fn groups(&self, cells: &Cells) -> Vec<(String, String, Vec<usize>)> {
        let condition = self.position(&Role::Condition);
        let trajectory = self.position(&Role::Trajectory);
        let stem = std::path::Path::new(&cells.file).file_stem().map(|s| s.to_string_lossy().into_owned());
        let mut place = std::collections::HashMap::new();
        let mut groups: Vec<(String, String, Vec<usize>)> = Vec::new();
        for (row, text) in cells.rows.iter().enumerate() {
            let c = condition.map_or_else(|| stem.clone().unwrap_or_default(), |c| text[c].clone());
            let t = trajectory.map_or_else(String::new, |t| text[t].clone());
            let at = *place.entry((c.clone(), t.clone())).or_insert(groups.len());
            if at == groups.len() {
                groups.push((c, t, Vec::new()));
            }
            groups[at].2.push(row);
        }
        groups
    }

    fn times(&self, cells: &Cells, rows: &[usize]) -> Result<Vec<f64>, DataError> {
        let mut times: Vec<f64> = Vec::with_capacity(rows.len());
        for &row in rows {
            let t = cells.number(row, self.time)?;
            if t.is_nan() {
                return Err(cells.error(row, self.time, "a time is missing".into()));
            }
            if let Some(&last) = times.last().filter(|&&last| t <= last) {
                let what = if t == last { "is given twice" } else { "comes after a later one" };
                let message = format!(
                    "time {t} {what}; times must increase within a series (a column `trajectory` or `condition` \
                     separates several series in one file)"
                );
                return Err(cells.error(row, self.time, message));
            }
            times.push(t);
        }
        Ok(times)
    }

    /// A number that must not be negative; NaN for a gap.
    fn amount(&self, cells: &Cells, row: usize, column: usize, what: &str) -> Result<f64, DataError> {
        let x = cells.number(row, column)?;
        if x < 0.0 {
            return Err(cells.error(row, column, format!("{x} is negative; {what} cannot be")));
        }
        Ok(x)
    }

    fn series(
        &self,
        cells: &Cells,
        rows: &[usize],
        times: Vec<f64>,
        condition: String,
        trajectory: String,
    ) -> Result<Series, DataError> {
        let columns = |role: fn(String) -> Role| {
            self.species.iter().map(|s| self.position(&role(s.clone()))).collect::<Option<Vec<usize>>>()
        };
        let read = |columns: Vec<usize>, number: &dyn Fn(usize, usize) -> Result<f64, DataError>| {
            let entries = rows.iter().flat_map(|&row| columns.iter().map(move |&column| (row, column)));
            entries.map(|(row, column)| number(row, column)).collect::<Result<Vec<f64>, DataError>>()
        };
        let values = columns(Role::Value).expect("a species is a value column here");
        let values = read(values, &|row, column| cells.number(row, column))?;
        let standard_errors = columns(Role::StandardError)
            .map(|columns| read(columns, &|row, column| self.amount(cells, row, column, "a standard error")))
            .transpose()?;
        Ok(Series { condition, trajectory, times, values, standard_errors })
    }

    fn moments(&self, cells: &Cells, rows: &[usize], times: Vec<f64>) -> Result<MomentSeries, DataError> {
        let (mut indices, mut columns) = (Vec::new(), Vec::new());
        for index in MomentIndex::up_to(self.species.len(), 2) {
            let of: Vec<&String> = (0..self.species.len())
                .flat_map(|s| std::iter::repeat_n(&self.species[s], index.0[s].into()))
                .collect();
            let (column, square) = match of.as_slice() {
                [x] => (self.position(&Role::Mean((*x).clone())), false),
                [x, y] if x == y => match self.position(&Role::Variance((*x).clone())) {
                    Some(column) => (Some(column), false),
                    None => (self.position(&Role::StandardDeviation((*x).clone())), true),
                },
                [x, y] => {
                    let one_way = self.position(&Role::Covariance((*x).clone(), (*y).clone()));
                    (one_way.or_else(|| self.position(&Role::Covariance((*y).clone(), (*x).clone()))), false)
                }
                _ => unreachable!("moments of order 1 and 2"),
            };
            if let Some(column) = column {
                indices.push(index);
                columns.push((column, square));
            }
        }
        let mut values = Vec::with_capacity(rows.len() * indices.len());
        for &row in rows {
            for (index, &(column, square)) in indices.iter().zip(&columns) {
                let mixed = index.order() == 2 && index.0.iter().all(|&e| e < 2);
                let x = if mixed { cells.number(row, column)? } else { self.amount(cells, row, column, "this")? };
                if x.is_nan() {
                    return Err(cells.error(row, column, "a moment is missing; leave the whole row out".into()));
                }
                values.push(if square { x * x } else { x });
            }
        }
        Ok(MomentSeries {
            species: self.species.clone(),
            times,
            indices,
            values,
            trajectories: self.trajectories(cells, rows)?,
            covariance: None,
            covariance_moments: 0,
        })
    }

    fn trajectories(&self, cells: &Cells, rows: &[usize]) -> Result<Option<u64>, DataError> {
        let Some(column) = self.position(&Role::Trajectories) else {
            return Ok(None);
        };
        let mut count = None;
        for &row in rows {
            let n = cells.number(row, column)?;
            if n.is_nan() || n < 2.0 || n.fract() != 0.0 || n > 1e15 {
                return Err(cells.error(row, column, "must be a whole number of at least 2".into()));
            }
            let n = n as u64;
            if count.is_some_and(|c| c != n) {
                let message = "changes from row to row; moments of one series come from one ensemble".into();
                return Err(cells.error(row, column, message));
            }
            count = Some(n);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DataFile, DataError> {
        DataFile::from_cells(&Cells::parse_csv("x.csv", text.as_bytes())?)
    }

    fn message(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn series_are_grouped_by_condition_and_trajectory_and_keep_gaps() {
        let data = read("condition,trajectory,time [s],A [uM],B\nlow,1,0,1,2\nlow,2,0,1,\nlow,1,1,3,4\nhigh,1,0,9,9\n")
            .unwrap();
        assert_eq!(data.species, ["A", "B"]);
        assert_eq!(data.units, [Some("uM".into()), None]);
        assert_eq!(data.time_unit.as_deref(), Some("s"));
        let names: Vec<_> = data.series.iter().map(|s| (s.condition.as_str(), s.trajectory.as_str())).collect();
        assert_eq!(names, [("low", "1"), ("low", "2"), ("high", "1")]);
        assert_eq!(data.series[0].values, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn gaps_are_kept_as_nan() {
        let data = read("time,A\n0,1\n1,\n2,NA\n3,2\n").unwrap();
        assert!(data.series[0].values[1].is_nan() && data.series[0].values[2].is_nan());
    }

    #[test]
    fn negative_values_are_kept_and_told() {
        let data = read("time,A\n0,1\n1,-1\n").unwrap();
        assert_eq!(data.series[0].values, [1.0, -1.0]);
        let told = data.negative.unwrap().to_string();
        assert!(told.starts_with("x.csv:3: column `A`: -1 is negative; an amount cannot be"), "{told}");
    }

    #[test]
    fn moments_come_with_their_indices_and_standard_deviations_are_squared() {
        let data = read("time,A-mean,A-sd,B-mean,B-var,B-A-cov,trajectories\n0,1,3,2,4,-1,100\n").unwrap();
        let (name, moments) = &data.moments[0];
        assert_eq!(name, "x");
        assert_eq!(moments.indices, MomentIndex::up_to(2, 2));
        assert_eq!(moments.values, [1.0, 2.0, 9.0, -1.0, 4.0]);
        assert_eq!(moments.trajectories, Some(100));
    }

    #[test]
    fn bad_tables_are_refused_with_line_and_column() {
        assert_eq!(message("A,B\n1,2\n"), "x.csv: there is no column `time` (or `t`); the columns are `A`, `B`");
        assert!(message("time,A\n0,1\n0,2\n").starts_with("x.csv:3: column `time`: time 0 is given twice"));
        assert!(message("time,A\n1,1\n0,2\n").starts_with("x.csv:3: column `time`: time 0 comes after"));
        assert_eq!(message("time,A\n0,x\n"), "x.csv:2: column `A`: `x` is not a number; leave a gap empty");
        assert_eq!(message("time,A\n0,inf\n"), "x.csv:2: column `A`: `inf` is not a finite number; leave a gap empty");
        assert_eq!(message("time,A\n0,NaN\n"), "x.csv:2: column `A`: `NaN` is not a finite number; leave a gap empty");
        assert!(message("time,A,B,A-se\n0,1,2,3\n").starts_with("x.csv: column `B`: has no standard errors"));
        assert_eq!(message("time,A-mean,A-var\n0,1,-1\n"), "x.csv:2: column `A-var`: -1 is negative; this cannot be");
        assert!(message("time,A-mean,B\n0,1,1\n").contains("column `B`: is a column of values among moments"));
        assert!(message("time,A,B-se\n0,1,1\n").contains("there is no column `B` that it could belong to"));
        assert!(message("time,A-mean,trajectories\n0,1,1.5\n").contains("whole number"));
        assert!(message("time\n0\n").contains("no column of a species"));
    }
}
