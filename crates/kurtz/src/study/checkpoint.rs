//! The state of a long ensemble in a file.

use crate::Error;
use kurtz_dynamics::ensemble::Checkpoint;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A checkpoint in a file, for one ensemble only.
#[derive(Debug)]
pub(super) struct CheckpointFile {
    path: PathBuf,
    /// What the ensemble is: version, model and settings.
    identity: String,
    state: Option<Vec<u8>>,
    /// Why the last state could not be kept.
    failure: Mutex<Option<String>>,
}

const MAGIC: &[u8] = b"kurtz checkpoint 1\n";

impl CheckpointFile {
    /// The checkpoint at `path` of the ensemble of this identity; there need be none yet.
    ///
    /// # Errors
    /// A file that cannot be read, is no checkpoint, or is one of another ensemble.
    pub fn open(path: &Path, identity: String) -> Result<Self, Error> {
        let wrong = |found: &str, expected| Error::Setting {
            setting: "checkpoint",
            found: format!("`{}`, {found}", path.display()),
            expected,
        };
        let state = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(wrong(&format!("which cannot be read ({error})"), "name another file")),
            Ok(bytes) => {
                let other = "name another file";
                let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| wrong("which is no checkpoint", other))?;
                let end = rest.iter().position(|&b| b == b'\n').ok_or_else(|| wrong("which is cut off", other))?;
                if rest[..end] != *identity.as_bytes() {
                    return Err(wrong(
                        "which is of another model, version or settings",
                        "go on with the settings it was begun with, or name another file",
                    ));
                }
                Some(rest[end + 1..].to_vec())
            }
        };
        Ok(CheckpointFile { path: path.into(), identity, state, failure: Mutex::new(None) })
    }

    /// Why states could not be kept, if so.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().ok().and_then(|failure| failure.clone())
    }

    /// Removes the file, once the ensemble is complete.
    pub fn remove(&self) {
        // That there is none is just as well.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Checkpoint for CheckpointFile {
    fn load(&self) -> Option<Vec<u8>> {
        self.state.clone()
    }

    fn save(&self, state: &[u8]) {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        let temporary = PathBuf::from(name);
        let bytes = [MAGIC, self.identity.as_bytes(), b"\n", state].concat();
        let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, &self.path));
        if let Ok(mut failure) = self.failure.lock() {
            *failure = written.err().map(|error| error.to_string());
        }
    }
}
