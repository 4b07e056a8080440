//! The smoothed parameters that Ernst et al. (2021) learned from, as decoded from their files.

use super::table::Columns;
use super::{Course, Courses, Split, Standardisation};
use crate::error::LearnError;
use std::path::Path;

/// W_IP3 and sigma^2 of all conditions of the IP3 model, set by hand.
const W_IP3: f64 = 5e-5;
const NOISE: f64 = 1.5e-6;

impl Courses {
    /// The IP3 model: `ip3_model_smoothed.csv` in a directory, 20 concentrations x 401 times from 10 s on.
    ///
    /// theta-hat is [W_Ca, W_IP3, b_Ca, b_IP3, sigma^2]; b_Ca and W_Ca move. The last row is the one before plus its change.
    ///
    /// # Errors
    /// A file that cannot be read, or whose columns are not those.
    pub fn published_ip3(directory: &Path) -> Result<Self, LearnError> {
        let table = Columns::read(&directory.join("ip3_model_smoothed.csv"))?;
        let series = series(&table, &["ip3_uM"])?;
        let b_ip3 = table.numbers("b_ip3")?;
        let courses = series.into_iter().map(|s| {
            let (first, rows) = (s.rows[0], &s.rows);
            s.course(rows, &table, &|b, w| vec![w, W_IP3, b, b_ip3[first], NOISE], &|b, w| vec![w, 0.0, b, 0.0, 0.0])
        });
        Ok(Courses {
            visible: words(&["Ca", "IP3"]),
            hidden: words(&["X"]),
            condition_names: words(&["IP3 (uM)"]),
            start: 10.0,
            step: 0.1,
            dynamic: vec![2, 0],
            standardisation: Standardisation {
                shift: vec![2118.57855361596, 6323.6072319202],
                scale: vec![1934.711856329346, 5726.045271865995],
            },
            courses: courses.collect::<Result<_, _>>()?,
        })
    }

    /// The model with receptors: `ip3r_model_smoothed.csv` and `ip3r_model_constants.csv` in a directory, 9 numbers of
    /// receptors x 7 concentrations x 401 times.
    ///
    /// theta-hat is [W_Ca, W_IP3, W_IP3R, b_Ca, b_IP3, b_IP3R, sigma^2]; b_Ca and W_Ca move.
    ///
    /// # Errors
    /// As [`Courses::published_ip3`].
    pub fn published_receptors(directory: &Path) -> Result<Self, LearnError> {
        let table = Columns::read(&directory.join("ip3r_model_smoothed.csv"))?;
        let constants = Columns::read(&directory.join("ip3r_model_constants.csv"))?;
        let (n, ip3) = (constants.numbers("n_ip3r")?, constants.numbers("ip3_uM")?);
        let [b_ip3, b_receptor, w_ip3, w_receptor, noise] =
            ["b_ip3", "b_ip3r", "w_ip3", "w_ip3r", "sigma2"].map(|name| constants.numbers(name));
        let (b_ip3, b_receptor, w_ip3, w_receptor, noise) = (b_ip3?, b_receptor?, w_ip3?, w_receptor?, noise?);
        let courses = series(&table, &["n_ip3r", "ip3_uM"])?.into_iter().map(|s| {
            let k = (0..n.len()).find(|&k| [n[k], ip3[k]] == s.condition[..]).ok_or_else(|| LearnError::File {
                path: directory.join("ip3r_model_constants.csv").display().to_string(),
                reason: format!("it has no row for {} receptors and {} uM", s.condition[0], s.condition[1]),
            })?;
            let standard = |b, w| vec![w, w_ip3[k], w_receptor[k], b, b_ip3[k], b_receptor[k], noise[k]];
            s.course(&s.rows, &table, &standard, &|b, w| vec![w, 0.0, 0.0, b, 0.0, 0.0, 0.0])
        });
        Ok(Courses {
            visible: words(&["Ca", "IP3", "IP3R"]),
            hidden: words(&["X"]),
            condition_names: words(&["receptors", "IP3 (uM)"]),
            start: 9.9,
            step: 0.1,
            dynamic: vec![3, 0],
            standardisation: Standardisation {
                shift: vec![1749.779301745636, 6454.461346633417, 2550.0],
                scale: vec![1392.372953384696, 5856.927201487018, 2450.0],
            },
            courses: courses.collect::<Result<_, _>>()?,
        })
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&s| s.to_owned()).collect()
}

/// The rows of one condition, in the order of time.
struct Series {
    condition: Vec<f64>,
    split: Split,
    rows: Vec<usize>,
}

impl Series {
    /// The course of (b_Ca, W_Ca) and their changes, put in their places by two functions.
    fn course(
        &self,
        rows: &[usize],
        table: &Columns,
        standard: &dyn Fn(f64, f64) -> Vec<f64>,
        change: &dyn Fn(f64, f64) -> Vec<f64>,
    ) -> Result<Course, LearnError> {
        let [b, w, db, dw] = ["b_ca", "w_ca", "db_ca_per_step", "dw_ca_per_step"].map(|name| table.numbers(name));
        let (b, w, db, dw) = (b?, w?, db?, dw?);
        let mut all: Vec<f64> = rows.iter().flat_map(|&r| standard(b[r], w[r])).collect();
        if let Some(&last) = rows.last() {
            all.extend(standard(b[last] + db[last], w[last] + dw[last]));
        }
        Ok(Course {
            condition: self.condition.clone(),
            split: self.split,
            standard: all,
            change: rows.iter().flat_map(|&r| change(db[r], dw[r])).collect(),
        })
    }
}

fn series(table: &Columns, conditions: &[&str]) -> Result<Vec<Series>, LearnError> {
    let columns: Vec<Vec<f64>> = conditions.iter().map(|c| table.numbers(c)).collect::<Result<_, _>>()?;
    let (split, time) = (table.words("split")?, table.numbers("tpt")?);
    let mut all: Vec<Series> = Vec::new();
    for r in 0..time.len() {
        let condition: Vec<f64> = columns.iter().map(|c| c[r]).collect();
        match all.iter_mut().find(|s| s.condition == condition) {
            Some(series) => series.rows.push(r),
            None => {
                let split = if split[r] == "train" { Split::Train } else { Split::Unseen };
                all.push(Series { condition, split, rows: vec![r] });
            }
        }
    }
    all.iter_mut().for_each(|s| s.rows.sort_by(|&i, &j| time[i].total_cmp(&time[j])));
    Ok(all)
}
