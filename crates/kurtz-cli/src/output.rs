//! Tables to files: CSV or Parquet by the extension, complete or not at all.

use anyhow::{Context, Result, bail};
use kurtz::report::DataTable;
use std::io::Write;
use std::path::Path;

/// Writes to the standard output. Where nobody reads on, the text is dropped and the work goes on; where it cannot be
/// written, as on a full disk, the command ends with a message.
pub fn to_stdout(text: std::fmt::Arguments) {
    use std::io::ErrorKind::BrokenPipe;
    if let Err(error) = std::io::stdout().write_fmt(text)
        && error.kind() != BrokenPipe
    {
        eprintln!("error: cannot write to the standard output: {error}");
        std::process::exit(i32::from(crate::BAD_INPUT));
    }
}

/// Whether a path names a table rather than a directory.
pub fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("parquet"))
}

/// How a table is written.
enum Format {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Format> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Ok(Format::Csv),
            #[cfg(feature = "parquet")]
            "parquet" => Ok(Format::Parquet),
            #[cfg(not(feature = "parquet"))]
            "parquet" => {
                bail!("this kurtz was built without Parquet; write .csv, or build it with `--features parquet`")
            }
            _ => bail!("cannot tell how to write `{}`: end its name in .csv or .parquet", path.display()),
        }
    }
}

/// Refuses a place for a table where none can be written, before the work that would be lost.
pub fn check_table(path: Option<&Path>) -> Result<()> {
    path.map(Format::of).transpose()?;
    check_file(path)
}

/// Refuses a place for a file where none can be written, before the work that would be lost.
pub fn check_file(path: Option<&Path>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    if path.is_dir() {
        bail!("`{}` is a directory; name a file in it", path.display());
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        bail!("cannot write `{}`: there is no directory `{}`", path.display(), parent.display());
    }
    Ok(())
}

/// Refuses a place for a directory where none can be made, before the work that would be lost.
pub fn check_directory(path: Option<&Path>) -> Result<()> {
    // The first of them that exists is where the directory has its place.
    let existing = path.and_then(|path| path.ancestors().find(|p| p.exists()));
    if let Some(file) = existing.filter(|p| !p.is_dir()) {
        bail!("`{}` exists and is not a directory: choose another output directory", file.display());
    }
    Ok(())
}

/// Writes a table to `path`; the extension says how.
pub fn write_table(path: &Path, table: &DataTable) -> Result<()> {
    let bytes = match Format::of(path)? {
        Format::Csv => {
            let mut bytes = Vec::new();
            table.write_csv(&mut bytes)?;
            bytes
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => crate::parquet::encode(table)?,
    };
    write_file(path, &bytes)
}

/// Writes a file under a temporary name beside its place and renames it.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().with_context(|| format!("`{}` is not a file name", path.display()))?;
    let temporary = directory.join(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().with_context(|| format!("cannot write `{}`", path.display())).inspect_err(|_| {
        // What is left of a failed write is of no use; that it cannot be removed is no news.
        let _ = std::fs::remove_file(&temporary);
    })
}
