//! The published numbers, from the files beside the study.

use crate::Error;
use kurtz_dynamics::data::{Cells, DataError};
use std::path::Path;

/// A published range at one value of the ligand.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublishedPoint {
    pub ligand: f64,
    pub low: f64,
    /// As published: taken where mean - sd is highest.
    pub low_error: f64,
    pub high: f64,
    pub high_error: f64,
}

/// A published course: times, means, standard deviations.
#[derive(Clone, Debug)]
pub(super) struct PublishedCourse {
    pub ligand: f64,
    pub times: Vec<f64>,
    pub means: Vec<f64>,
    pub deviations: Vec<f64>,
}

/// A published trajectory; NaN where it was cut off.
#[derive(Clone, Debug)]
pub(super) struct PublishedTrace {
    pub volume: f64,
    pub receptors: f64,
    pub ligand: f64,
    pub times: Vec<f64>,
    pub values: Vec<f64>,
}

pub(super) struct Published {
    ranges: Vec<(String, PublishedPoint)>,
    /// Ligand, lowest, highest.
    pub deterministic: Vec<[f64; 3]>,
    pub courses: Vec<PublishedCourse>,
    pub traces: Vec<PublishedTrace>,
}

impl Published {
    pub fn read(directory: &Path) -> Result<Published, Error> {
        let ranges = Cells::read_csv(&directory.join("ranges.csv"))?;
        let names = text(&ranges, "file")?;
        let [ligand, low, low_error, high, high_error] =
            ["IP3", "low", "low_error", "high", "high_error"].map(|name| numbers(&ranges, name));
        let (ligand, low, low_error, high, high_error) = (ligand?, low?, low_error?, high?, high_error?);
        let point = |i: usize| PublishedPoint {
            ligand: ligand[i],
            low: low[i],
            low_error: low_error[i],
            high: high[i],
            high_error: high_error[i],
        };
        let curve = Cells::read_csv(&directory.join("deterministic.csv"))?;
        let (x, low, high) = (numbers(&curve, "IP3")?, numbers(&curve, "low")?, numbers(&curve, "high")?);
        Ok(Published {
            ranges: names.into_iter().enumerate().map(|(i, name)| (name, point(i))).collect(),
            deterministic: (0..x.len()).map(|i| [x[i], low[i], high[i]]).collect(),
            courses: courses(&Cells::read_csv(&directory.join("courses.csv"))?)?,
            traces: traces(&Cells::read_csv(&directory.join("traces.csv"))?)?,
        })
    }

    /// The ranges of one of the published files.
    pub fn ranges<'a>(&'a self, name: &'a str) -> impl Iterator<Item = PublishedPoint> + 'a {
        self.ranges.iter().filter(move |(file, _)| file == name).map(|(_, point)| *point)
    }

    /// The course at a value of the ligand.
    pub fn course(&self, ligand: f64) -> Option<&PublishedCourse> {
        self.courses.iter().find(|c| (c.ligand - ligand).abs() < 1e-9)
    }
}

fn column(cells: &Cells, name: &str) -> Result<usize, Error> {
    let missing = || DataError::new(&cells.file, format!("it has no column `{name}`"));
    Ok(cells.header.iter().position(|h| h == name).ok_or_else(missing)?)
}

fn text(cells: &Cells, name: &str) -> Result<Vec<String>, Error> {
    let k = column(cells, name)?;
    Ok(cells.rows.iter().map(|row| row[k].clone()).collect())
}

/// Numbers of a column; empty cells are NaN.
fn numbers(cells: &Cells, name: &str) -> Result<Vec<f64>, Error> {
    let k = column(cells, name)?;
    let number = |(row, line): (&Vec<String>, &u64)| {
        let cell = row[k].trim();
        if cell.is_empty() {
            return Ok(f64::NAN);
        }
        cell.parse().map_err(|_| {
            let message = format!("line {line}, column `{name}`: `{cell}` is not a number");
            DataError::new(&cells.file, message).into()
        })
    };
    cells.rows.iter().zip(&cells.lines).map(number).collect()
}

fn courses(cells: &Cells) -> Result<Vec<PublishedCourse>, Error> {
    let (ligand, times) = (numbers(cells, "IP3")?, numbers(cells, "time")?);
    let (means, deviations) = (numbers(cells, "mean")?, numbers(cells, "deviation")?);
    let mut courses: Vec<PublishedCourse> = Vec::new();
    for i in 0..ligand.len() {
        if courses.last().is_none_or(|c| c.ligand != ligand[i]) {
            let none = Vec::new;
            courses.push(PublishedCourse { ligand: ligand[i], times: none(), means: none(), deviations: none() });
        }
        if let Some(course) = courses.last_mut() {
            course.times.push(times[i]);
            course.means.push(means[i]);
            course.deviations.push(deviations[i]);
        }
    }
    Ok(courses)
}

/// Columns `v1e-14_n100_ip3_0.5`, ...
fn traces(cells: &Cells) -> Result<Vec<PublishedTrace>, Error> {
    let times = numbers(cells, "t")?;
    let mut traces = Vec::new();
    for name in cells.header.iter().filter(|h| *h != "t") {
        let parts: Vec<&str> = name.split('_').collect();
        let parsed = match parts[..] {
            [v, n, "ip3", c] => (|| {
                let number = |text: &str, prefix: &str| text.strip_prefix(prefix)?.parse::<f64>().ok();
                Some((number(v, "v")?, number(n, "n")?, c.parse::<f64>().ok()?))
            })(),
            _ => None,
        };
        let Some((volume, receptors, ligand)) = parsed else {
            let message = format!("column `{name}` is not named v<volume>_n<subunits>_ip3_<concentration>");
            return Err(DataError::new(&cells.file, message).into());
        };
        traces.push(PublishedTrace { volume, receptors, ligand, times: times.clone(), values: numbers(cells, name)? });
    }
    Ok(traces)
}
