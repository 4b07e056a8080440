//! Where a result comes from: enough to repeat it.

use crate::error::ReportError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The record of one run, written as `provenance.json` and shown at the end of a report.
///
/// The JSON has these keys, in this order (schema 1):
///
/// | key | type | meaning |
/// |---|---|---|
/// | `schema` | integer | version of this table |
/// | `program`, `version` | string | what was run |
/// | `command` | array of strings | command line, program name first; empty when called as a library |
/// | `started` | string | UTC, RFC 3339 (`2026-11-21T18:44:52Z`) |
/// | `seed` | integer or null | seed of all random numbers |
/// | `threads` | integer | threads used |
/// | `platform` | object | `system`, `architecture`, `instructions` (widest vector instructions found) |
/// | `settings` | any | all settings of the run, defaults included |
/// | `models` | object | name of each model -> its hash |
/// | `references` | array of strings | keys of `references.bib` for the methods and data used |
/// | `timings` | array | `{stage, seconds}` in the order of the stages, wall time |
/// | `files` | array of strings | files written, relative to the output directory |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the schema above.
    pub schema: u32,
    /// Name of the program.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Command line, program name first.
    pub command: Vec<String>,
    /// When the run began: UTC, RFC 3339.
    pub started: String,
    /// Seed of all random numbers, if any were drawn.
    pub seed: Option<u64>,
    /// Threads used.
    pub threads: usize,
    /// The machine.
    pub platform: Platform,
    /// All settings, as JSON.
    settings: serde_json::Value,
    /// Hash of each model, by name.
    pub models: BTreeMap<String, String>,
    /// Keys of the references used, in order of first use.
    pub references: Vec<String>,
    /// Wall time of each stage.
    pub timings: Vec<Timing>,
    /// Files written, relative to the output directory.
    pub files: Vec<String>,
}

/// The machine, as far as it can matter to results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Operating system.
    pub system: String,
    /// Processor architecture.
    pub architecture: String,
    /// Widest vector instructions found at run time; bits of linear algebra may depend on them.
    pub instructions: String,
}

impl Platform {
    /// The machine this runs on.
    pub fn current() -> Platform {
        Platform {
            system: std::env::consts::OS.into(),
            architecture: std::env::consts::ARCH.into(),
            instructions: vector_instructions().into(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn vector_instructions() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx512f") {
        "avx512"
    } else if std::arch::is_x86_feature_detected!("avx2") {
        "avx2"
    } else {
        "sse2"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vector_instructions() -> &'static str {
    if cfg!(target_arch = "aarch64") { "neon" } else { "none" }
}

/// Wall time of one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// What was done.
    pub stage: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Provenance {
    /// A record that starts now, on this machine, with one thread and nothing else known.
    pub fn new(program: impl Into<String>, version: impl Into<String>) -> Provenance {
        Provenance {
            schema: 1,
            program: program.into(),
            version: version.into(),
            command: Vec::new(),
            started: rfc3339(SystemTime::now()),
            seed: None,
            threads: 1,
            platform: Platform::current(),
            settings: serde_json::Value::Null,
            models: BTreeMap::new(),
            references: Vec::new(),
            timings: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The same record with a command line.
    pub fn command<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Provenance {
        self.command = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// The same record with a seed.
    pub fn seed(mut self, seed: u64) -> Provenance {
        self.seed = Some(seed);
        self
    }

    /// The same record with a number of threads.
    pub fn threads(mut self, threads: usize) -> Provenance {
        self.threads = threads;
        self
    }

    /// The same record with all settings of the run: any serde value.
    ///
    /// # Errors
    /// [`ReportError::Json`] if the settings have no form in JSON.
    pub fn settings(mut self, settings: &impl Serialize) -> Result<Provenance, ReportError> {
        self.settings =
            serde_json::to_value(settings).map_err(|source| ReportError::Json { name: "settings".into(), source })?;
        Ok(self)
    }

    /// Notes the hash of a model.
    pub fn model(&mut self, name: impl Into<String>, hash: impl Into<String>) {
        self.models.insert(name.into(), hash.into());
    }

    /// Notes that a reference was used; a key noted before stays where it is.
    pub fn cite(&mut self, key: impl Into<String>) {
        let key = key.into();
        if !self.references.contains(&key) {
            self.references.push(key);
        }
    }

    /// Notes how long a stage took.
    pub fn timing(&mut self, stage: impl Into<String>, duration: Duration) {
        self.timings.push(Timing { stage: stage.into(), seconds: duration.as_secs_f64() });
    }

    /// Does the work of a stage and notes how long it took.
    pub fn timed<T>(&mut self, stage: impl Into<String>, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.timing(stage, start.elapsed());
        result
    }

    /// The record as JSON, indented.
    ///
    /// # Errors
    /// [`ReportError::Json`] if a timing is not finite.
    pub fn to_json(&self) -> Result<String, ReportError> {
        serde_json::to_string_pretty(self)
            .map(|json| json + "\n")
            .map_err(|source| ReportError::Json { name: "provenance".into(), source })
    }

    /// The settings as indented JSON; empty if none were given.
    pub fn settings_json(&self) -> String {
        if self.settings.is_null() { String::new() } else { format!("{:#}", self.settings) }
    }
}

/// A time as RFC 3339 in UTC, to the second. Days to civil date after H. Hinnant, `chrono`-compatible algorithms (2013).
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let shifted = days + 719_468; // days since 0000-03-01
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn json_reads_back_to_the_same_record_with_the_documented_keys() {
        let mut record = Provenance::new("kurtz", "0.1.0")
            .command(["kurtz", "run", "a b.toml"])
            .seed(u64::MAX)
            .threads(2)
            .settings(&vec![("epsilon", 0.03)])
            .expect("settings are plain");
        record.model("epidermis", "sha256:00ff");
        record.cite("gillespie1977");
        record.cite("gillespie1977");
        assert_eq!(record.timed("ensemble", || 7), 7);
        let json = record.to_json().expect("all numbers are finite");
        assert_eq!(serde_json::from_str::<Provenance>(&json).expect("our own JSON"), record);
        let keys = [
            "schema",
            "program",
            "version",
            "command",
            "started",
            "seed",
            "threads",
            "platform",
            "settings",
            "models",
            "references",
            "timings",
            "files",
        ];
        let places: Vec<usize> =
            keys.iter().map(|k| json.find(&format!("\n  \"{k}\":")).unwrap_or_else(|| panic!("no {k}"))).collect();
        assert!(places.is_sorted());
        assert_eq!(record.references, ["gillespie1977"]);
    }
}
