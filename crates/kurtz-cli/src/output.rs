//! Tables to files: CSV or Parquet by the extension, complete or not at all.

use anyhow::{Context, Result, bail};
use kurtz::report::DataTable;
use std::io::Write;
use std::path::Path;

/// Whether a path names a table rather than a directory.
pub fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("parquet"))
}

/// Writes a table to `path`; the extension says how.
pub fn write_table(path: &Path, table: &DataTable) -> Result<()> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let bytes = match extension.as_str() {
        "csv" => {
            let mut bytes = Vec::new();
            table.write_csv(&mut bytes)?;
            bytes
        }
        #[cfg(feature = "parquet")]
        "parquet" => crate::parquet::encode(table)?,
        #[cfg(not(feature = "parquet"))]
        "parquet" => bail!("this kurtz was built without Parquet; write .csv, or build it with `--features parquet`"),
        _ => bail!("cannot tell how to write `{}`: end its name in .csv or .parquet", path.display()),
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
