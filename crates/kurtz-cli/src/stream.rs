//! Trajectories to a file while they come, in groups of rows, none kept.

use crate::output::{check_table, is_table};
use anyhow::{Context, Result, bail};
use kurtz::dynamics::ensemble::PathSink;
use kurtz::report::DataTable;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Rows that are gathered before they are written: a megabyte or so a column.
const ROWS: usize = 1 << 17;

/// A CSV or Parquet file of trajectories, under a temporary name until it is complete.
pub struct TrajectoryFile {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<Writer>,
    variables: Vec<String>,
    times: Vec<f64>,
    which: Vec<i64>,
    when: Vec<f64>,
    columns: Vec<Vec<f64>>,
    /// What went wrong first.
    failure: Option<anyhow::Error>,
}

enum Writer {
    Csv {
        out: BufWriter<File>,
        has_header: bool,
    },
    #[cfg(feature = "parquet")]
    Unopened(File),
    #[cfg(feature = "parquet")]
    Parquet(parquet::file::writer::SerializedFileWriter<File>),
}

impl TrajectoryFile {
    /// A file to be at `path`; its extension says how.
    pub fn create(path: &Path) -> Result<Self> {
        check_table(Some(path))?;
        if !is_table(path) {
            bail!("--stream {} must end in .csv or .parquet", path.display());
        }
        let name = path.file_name().with_context(|| format!("`{}` is not a file name", path.display()))?;
        let temporary = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        let file = File::create(&temporary).with_context(|| format!("cannot write `{}`", path.display()))?;
        let is_csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        #[cfg(feature = "parquet")]
        let writer =
            if is_csv { Writer::Csv { out: BufWriter::new(file), has_header: false } } else { Writer::Unopened(file) };
        #[cfg(not(feature = "parquet"))]
        let writer = {
            debug_assert!(is_csv, "what is not built in is refused before");
            Writer::Csv { out: BufWriter::new(file), has_header: false }
        };
        Ok(TrajectoryFile {
            path: path.into(),
            temporary,
            writer: Some(writer),
            variables: Vec::new(),
            times: Vec::new(),
            which: Vec::new(),
            when: Vec::new(),
            columns: Vec::new(),
            failure: None,
        })
    }

    /// Completes the file.
    pub fn finish(&mut self) -> Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure.context(format!("cannot write `{}`", self.path.display())));
        }
        if !self.which.is_empty() {
            self.write_rows()?;
        }
        let file = match self.writer.take() {
            Some(Writer::Csv { out, .. }) => out.into_inner()?,
            #[cfg(feature = "parquet")]
            Some(Writer::Parquet(writer)) => writer.into_inner()?,
            _ => bail!("no trajectory came for `{}`", self.path.display()),
        };
        file.sync_all()?;
        std::fs::rename(&self.temporary, &self.path).with_context(|| format!("cannot write `{}`", self.path.display()))
    }

    /// Writes the rows gathered so far.
    fn write_rows(&mut self) -> Result<()> {
        let mut table = DataTable::new("trajectories")
            .column("trajectory", std::mem::take(&mut self.which))
            .column("time", std::mem::take(&mut self.when));
        for (name, column) in self.variables.iter().zip(&mut self.columns) {
            table = table.column(name.clone(), std::mem::take(column));
        }
        match self.writer.take() {
            Some(Writer::Csv { mut out, has_header }) => {
                let mut bytes = Vec::new();
                table.write_csv(&mut bytes)?;
                let begin = if has_header { bytes.iter().position(|&b| b == b'\n').map_or(0, |i| i + 1) } else { 0 };
                out.write_all(&bytes[begin..])?;
                self.writer = Some(Writer::Csv { out, has_header: true });
            }
            #[cfg(feature = "parquet")]
            Some(Writer::Unopened(file)) => {
                let mut writer = crate::parquet::writer_for(&table, file)?;
                crate::parquet::write_group(&mut writer, &table)?;
                self.writer = Some(Writer::Parquet(writer));
            }
            #[cfg(feature = "parquet")]
            Some(Writer::Parquet(mut writer)) => {
                crate::parquet::write_group(&mut writer, &table)?;
                self.writer = Some(Writer::Parquet(writer));
            }
            None => {}
        }
        Ok(())
    }
}

impl PathSink for TrajectoryFile {
    fn begin(&mut self, variables: &[String], times: &[f64]) {
        self.variables = variables.to_vec();
        self.times = times.to_vec();
        self.columns = vec![Vec::new(); variables.len()];
    }

    fn write(&mut self, first: u64, values: &[f64]) {
        let width = self.variables.len();
        if self.failure.is_some() || width == 0 {
            return;
        }
        for (i, trajectory) in values.chunks_exact(width * self.times.len()).enumerate() {
            for (row, &time) in trajectory.chunks_exact(width).zip(&self.times) {
                self.which.push((first + i as u64) as i64);
                self.when.push(time);
                self.columns.iter_mut().zip(row).for_each(|(column, &x)| column.push(x));
            }
            if self.which.len() >= ROWS {
                self.failure = self.write_rows().err();
            }
        }
    }
}

impl Drop for TrajectoryFile {
    fn drop(&mut self) {
        // Of a complete file there is none under this name any more.
        let _ = std::fs::remove_file(&self.temporary);
    }
}
