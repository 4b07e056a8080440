//! What the columns of a data file mean, read from their names.
//!
//! | name | meaning |
//! |---|---|
//! | `time` (or `t`) | time; required |
//! | `condition` | which experiment (initial state, dose): text or number |
//! | `trajectory` | which realisation of it |
//! | `trajectories` | number of independent trajectories behind the moments of this row |
//! | `X` | counts or concentrations of species X |
//! | `X-se` | standard error of the measurement in column X |
//! | `X-mean`, `X-var`, `X-sd`, `X-Y-cov` | moments of the counts of X and Y over an ensemble |
//!
//! A unit stands in brackets: `time [s]`, `A [uM]`, `A-mean [molecules]`.

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Time.
    Time,
    /// Name of the experiment.
    Condition,
    /// Name of the realisation.
    Trajectory,
    /// Number of trajectories behind moments.
    Trajectories,
    /// Values of a species.
    Value(String),
    /// Standard errors of a species' values.
    StandardError(String),
    /// Means of a species.
    Mean(String),
    /// Variances of a species.
    Variance(String),
    /// Standard deviations of a species.
    StandardDeviation(String),
    /// Covariances of two species.
    Covariance(String, String),
}

/// A column of a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it holds.
    pub role: Role,
    /// The unit in brackets, if one was written.
    pub unit: Option<String>,
}

impl Column {
    /// Reads a column name.
    pub fn of(name: &str) -> Column {
        let (name, unit) = match name.split_once('[') {
            Some((name, unit)) => (name.trim(), Some(unit.trim_end_matches(']').trim().to_string())),
            None => (name.trim(), None),
        };
        Column { role: Role::of(name), unit }
    }
}

impl Role {
    fn of(name: &str) -> Role {
        match name.to_ascii_lowercase().as_str() {
            "time" | "t" => return Role::Time,
            "condition" | "experiment" => return Role::Condition,
            "trajectory" | "run" | "replicate" => return Role::Trajectory,
            "trajectories" => return Role::Trajectories,
            _ => {}
        }
        let species = str::to_string;
        match name.rsplit_once('-') {
            Some((x, "se")) => Role::StandardError(species(x)),
            Some((x, "mean")) => Role::Mean(species(x)),
            Some((x, "var")) => Role::Variance(species(x)),
            Some((x, "sd")) => Role::StandardDeviation(species(x)),
            Some((xy, "cov")) => match xy.split_once('-') {
                Some((x, y)) if x == y => Role::Variance(species(x)),
                Some((x, y)) => Role::Covariance(species(x), species(y)),
                None => Role::Value(species(name)),
            },
            _ => Role::Value(species(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns_say_what_they_hold() {
        assert_eq!(Column::of("time [week]"), Column { role: Role::Time, unit: Some("week".into()) });
        assert_eq!(Column::of("Ca_cyt [uM]").role, Role::Value("Ca_cyt".into()));
        assert_eq!(Column::of("A-mean").role, Role::Mean("A".into()));
        assert_eq!(Column::of("A-B-cov").role, Role::Covariance("A".into(), "B".into()));
        assert_eq!(Column::of("A-A-cov").role, Role::Variance("A".into()));
        assert_eq!(Column::of("A-se").role, Role::StandardError("A".into()));
    }
}
