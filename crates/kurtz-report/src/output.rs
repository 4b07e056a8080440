//! One directory for everything a run produces.
//!
//! ```text
//! report.html            the document, self-contained
//! figures/<name>.svg     each figure for print
//! figures/<name>.png     the same at 300 dots per inch
//! data/<name>.csv        each data table (and further formats that were registered)
//! provenance.json        where the results come from
//! ```
//!
//! A file appears under its name only when it is complete: it is written beside its place under a temporary name and
//! renamed. Running again into the same directory replaces file by file; what else lies there is left alone.

use crate::bibliography::Bibliography;
use crate::data::DataTable;
use crate::document::Report;
use crate::error::ReportError;
use crate::figure::Figure;
use crate::provenance::Provenance;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Component, Path, PathBuf};

/// A further format for data tables, for instance Parquet.
pub trait DataFormat {
    /// Extension of its files, without the dot: `parquet`.
    fn extension(&self) -> &str;

    /// Writes the table to an empty file. The columns have equal length; the file is renamed afterwards.
    ///
    /// # Errors
    /// Whatever keeps the file from being complete; it is then discarded.
    fn write(&self, table: &DataTable, file: &mut File) -> std::io::Result<()>;
}

/// The directory of a run.
///
/// ```
/// use kurtz_report::{DataTable, OutputDirectory};
///
/// # let somewhere = tempfile::tempdir()?;
/// # let path = somewhere.path().join("out");
/// let mut output = OutputDirectory::create(&path)?;
/// output.write_data(&DataTable::new("means").column("time", vec![0.0, 0.1]).column("A-mean", vec![10.0, 1.0 / 3.0]))?;
/// assert_eq!(std::fs::read_to_string(path.join("data/means.csv"))?, "time,A-mean\n0,10\n0.1,0.3333333333333333\n");
/// assert_eq!(output.files(), ["data/means.csv"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OutputDirectory {
    path: PathBuf,
    formats: Vec<Box<dyn DataFormat>>,
    files: Vec<String>,
}

impl std::fmt::Debug for OutputDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let formats: Vec<&str> = self.formats.iter().map(|format| format.extension()).collect();
        f.debug_struct("OutputDirectory").field("path", &self.path).field("formats", &formats).finish_non_exhaustive()
    }
}

impl OutputDirectory {
    /// Creates the directory (and those above it), or takes the existing one.
    ///
    /// # Errors
    /// [`ReportError::NotADirectory`] if a file has this name, [`ReportError::Write`] if it cannot be created.
    pub fn create(path: impl Into<PathBuf>) -> Result<OutputDirectory, ReportError> {
        let path = path.into();
        if path.exists() && !path.is_dir() {
            return Err(ReportError::NotADirectory { path });
        }
        std::fs::create_dir_all(&path).map_err(|source| ReportError::Write { path: path.clone(), source })?;
        Ok(OutputDirectory { path, formats: Vec::new(), files: Vec::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the report is.
    pub fn report_path(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// From now on data tables are written in this format too.
    pub fn register(&mut self, format: impl DataFormat + 'static) {
        self.formats.push(Box::new(format));
    }

    /// Files written so far, relative to the directory, in order, each once.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Writes one file; `name` is relative, its folders are separated by `/` and are created.
    ///
    /// # Errors
    /// [`ReportError::FileName`] if the name leaves the directory or is not portable, [`ReportError::Write`] if
    /// writing fails; an earlier file of that name is then still complete.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
        self.write_by(name, |file| file.write_all(bytes))
    }

    /// Writes any serde value as indented JSON.
    ///
    /// # Errors
    /// [`ReportError::Json`] if the value has no form in JSON; as [`OutputDirectory::write`].
    pub fn write_json(&mut self, name: &str, value: &impl Serialize) -> Result<(), ReportError> {
        let json =
            serde_json::to_string_pretty(value).map_err(|source| ReportError::Json { name: name.into(), source })?;
        self.write(name, (json + "\n").as_bytes())
    }

    /// Writes `data/<name>.csv` and the same table in each registered format.
    ///
    /// # Errors
    /// [`ReportError::Columns`] if columns differ in length; as [`OutputDirectory::write`].
    pub fn write_data(&mut self, table: &DataTable) -> Result<(), ReportError> {
        table.rows()?;
        let stem = format!("data/{}", table.name);
        self.write_by(&format!("{stem}.csv"), |file| {
            let mut buffer = BufWriter::new(file);
            table.write_csv(&mut buffer).map_err(|error| match error {
                ReportError::Write { source, .. } => source,
                other => std::io::Error::other(other),
            })?;
            buffer.flush()
        })?;
        let formats = std::mem::take(&mut self.formats);
        let written = formats.iter().try_for_each(|format| {
            self.write_by(&format!("{stem}.{}", format.extension()), |file| format.write(table, file))
        });
        self.formats = formats;
        written
    }

    /// Writes `figures/<name>.svg` and `figures/<name>.png` (300 dots per inch).
    ///
    /// # Errors
    /// As [`Figure::to_svg`], [`Figure::to_png`] and [`OutputDirectory::write`].
    pub fn write_figure(&mut self, figure: &Figure) -> Result<(), ReportError> {
        let (svg, png) = (figure.to_svg()?, figure.to_png(300.0 / 96.0)?);
        self.write(&format!("figures/{}.svg", figure.name), svg.as_bytes())?;
        self.write(&format!("figures/{}.png", figure.name), &png)
    }

    /// Writes all figures of a report, then `report.html`.
    ///
    /// # Errors
    /// [`ReportError::DuplicateFigure`] if two figures share a name; as [`OutputDirectory::write_figure`] and
    /// [`Report::to_html`].
    pub fn write_report(&mut self, report: &Report, bibliography: &Bibliography) -> Result<(), ReportError> {
        let html = report.to_html(bibliography)?;
        report.figures().try_for_each(|figure| self.write_figure(figure))?;
        self.write("report.html", html.as_bytes())
    }

    /// Writes `provenance.json`, with the list of all files of this run; call it last.
    ///
    /// # Errors
    /// As [`OutputDirectory::write`].
    pub fn write_provenance(&mut self, provenance: &Provenance) -> Result<(), ReportError> {
        let mut complete = provenance.clone();
        complete.files = self.files.clone();
        if !complete.files.iter().any(|f| f == "provenance.json") {
            complete.files.push("provenance.json".into());
        }
        self.write("provenance.json", complete.to_json()?.as_bytes())
    }

    /// Fills a temporary file beside the place of `name`, then renames it.
    fn write_by(&mut self, name: &str, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<(), ReportError> {
        if !is_usable(name) {
            return Err(ReportError::FileName { name: name.into() });
        }
        let path = self.path.join(name);
        let failed = |source| ReportError::Write { path: path.clone(), source };
        let folder = path.parent().expect("the path has at least the output directory above it");
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".kurtz-").suffix(".part");
        // What the user's umask allows, as for any new file; without this only the owner could read the results.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temporary = builder.tempfile_in(folder).map_err(failed)?;
        fill(temporary.as_file_mut()).map_err(failed)?;
        temporary.as_file().sync_data().map_err(failed)?;
        temporary.persist(&path).map_err(|error| failed(error.error))?;
        if !self.files.iter().any(|f| f == name) {
            self.files.push(name.into());
        }
        Ok(())
    }
}

/// Relative, inside the directory, and the same on all file systems.
fn is_usable(name: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && part.chars().all(|c| c.is_alphanumeric() || "-_.+=,".contains(c))
    };
    name.split('/').all(is_plain) && Path::new(name).components().all(|c| matches!(c, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Failing;

    impl DataFormat for Failing {
        fn extension(&self) -> &str {
            "bin"
        }

        fn write(&self, _: &DataTable, file: &mut File) -> std::io::Result<()> {
            file.write_all(b"half")?;
            Err(std::io::Error::other("disk on fire"))
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("the folder exists")
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_leaves_the_earlier_file_and_no_other() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut output = OutputDirectory::create(place.path()).expect("it exists");
        output.write("data/x.bin", b"complete").expect("writable");
        output.register(Failing);
        let error = output.write_data(&DataTable::new("x").column("a", vec![1.0])).expect_err("it fails");
        assert!(error.to_string().contains("disk on fire"), "{error}");
        assert_eq!(fs::read(place.path().join("data/x.bin")).expect("still there"), b"complete");
        assert_eq!(names(&place.path().join("data")), ["x.bin", "x.csv"]);
    }

    #[test]
    fn a_second_run_replaces_its_files_and_leaves_foreign_ones() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("deep/out");
        OutputDirectory::create(&path).expect("created").write("a.txt", b"first").expect("writable");
        fs::write(path.join("notes.md"), "mine").expect("writable");
        let mut again = OutputDirectory::create(&path).expect("it exists");
        again.write("a.txt", b"second").expect("writable");
        assert_eq!(fs::read(path.join("a.txt")).expect("there"), b"second");
        assert_eq!(fs::read(path.join("notes.md")).expect("there"), b"mine");
        assert_eq!(again.files(), ["a.txt"]);
    }

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut output = OutputDirectory::create(place.path()).expect("it exists");
        for name in ["../x", "/etc/x", "a/../../x", "", "a//b", ".hidden", "a\\b", "C:x", "a b", "x/"] {
            assert!(matches!(output.write(name, b""), Err(ReportError::FileName { .. })), "{name}");
        }
        assert!(names(place.path()).is_empty());
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("file");
        fs::write(&path, "x").expect("writable");
        assert!(matches!(OutputDirectory::create(&path), Err(ReportError::NotADirectory { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn files_have_the_permissions_of_ordinary_files() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().expect("a temporary directory");
        let ordinary = place.path().join("ordinary");
        fs::write(&ordinary, "x").expect("writable");
        OutputDirectory::create(place.path()).expect("there").write("ours", b"x").expect("writable");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&place.path().join("ours")), mode(&ordinary));
    }

    #[test]
    fn provenance_lists_all_files_including_itself() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut output = OutputDirectory::create(place.path()).expect("there");
        output.write("data/a.csv", b"x\n").expect("writable");
        output.write_provenance(&Provenance::new("kurtz", "0")).expect("writable");
        let json = fs::read_to_string(place.path().join("provenance.json")).expect("there");
        let read: Provenance = serde_json::from_str(&json).expect("our own JSON");
        assert_eq!(read.files, ["data/a.csv", "provenance.json"]);
    }
}
