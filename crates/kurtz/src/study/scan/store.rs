//! Finished conditions, each in a file of its own.

use super::condition::Condition;
use super::grid::Point;
use crate::Error;
use kurtz_report::ReportError;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The directory of a scan's conditions.
pub(super) struct Store {
    directory: PathBuf,
}

impl Store {
    /// Takes a directory, or makes it.
    pub fn open(directory: &Path) -> Result<Store, Error> {
        let failed = |source| ReportError::Write { path: directory.into(), source };
        if directory.exists() && !directory.is_dir() {
            return Err(ReportError::NotADirectory { path: directory.into() }.into());
        }
        std::fs::create_dir_all(directory).map_err(failed)?;
        Ok(Store { directory: directory.into() })
    }

    fn path(&self, point: &Point) -> PathBuf {
        // What may not be in a file's name becomes `-`.
        let is_good = |c: char| c.is_ascii_alphanumeric() || "=._+-".contains(c);
        let name: String = point.name().chars().map(|c| if is_good(c) { c } else { '-' }).collect();
        self.directory.join(format!("{name}.json"))
    }

    /// The condition if it is there; one of other settings is an error, or nothing if it is to be replaced.
    pub fn read(&self, point: &Point, identity: &Value, replace: bool) -> Result<Option<Condition>, Error> {
        let path = self.path(point);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ReportError::Write { path, source }.into()),
        };
        let Ok(condition) = serde_json::from_slice::<Condition>(&bytes) else {
            let reason = "it is no condition of a scan (or one of an older format)".to_string();
            return if replace { Ok(None) } else { Err(Error::OtherScan { path, reason }) };
        };
        if condition.identity == *identity {
            return Ok(Some(condition));
        }
        if replace {
            return Ok(None);
        }
        Err(Error::OtherScan { path, reason: difference(&condition.identity, identity) })
    }

    /// Writes a condition: under a temporary name first, so that it is complete or absent.
    pub fn write(&self, condition: &Condition) -> Result<(), Error> {
        let path = self.path(&condition.point);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let temporary = self.directory.join(format!(".{name}.{}", std::process::id()));
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::File::create(&temporary)?;
            file.write_all(&serde_json::to_vec(condition).map_err(std::io::Error::from)?)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)
        };
        write().map_err(|source| {
            let _ = std::fs::remove_file(&temporary);
            ReportError::Write { path: path.clone(), source }.into()
        })
    }
}

/// The first setting that differs, in words.
fn difference(there: &Value, here: &Value) -> String {
    let (Value::Object(there), Value::Object(here)) = (there, here) else {
        return "its settings differ".into();
    };
    let differs = here.iter().find(|(key, value)| there.get(*key) != Some(value));
    match differs {
        Some((key, _)) if key == "model" => "it is of another model, or of the same with other values".into(),
        Some((key, value)) => {
            let before = there.get(key).map_or("absent".to_owned(), Value::to_string);
            format!("`{key}` was {before} and is now {value}")
        }
        None => "it has settings that are no longer known".into(),
    }
}
