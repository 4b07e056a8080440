//! Parquet beside CSV, for those who read their tables with pandas, polars or R.
//!
//! Only plain columns are needed, so the low-level writer serves and Arrow is not built.

use anyhow::{Context, Result, bail};
use kurtz::report::{DataFormat, DataTable, Values};
use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::types::Type;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Parquet as a format for the tables of a run.
pub struct Parquet;

impl DataFormat for Parquet {
    fn extension(&self) -> &str {
        "parquet"
    }

    fn write(&self, table: &DataTable, file: &mut File) -> std::io::Result<()> {
        file.write_all(&encode(table).map_err(std::io::Error::other)?)
    }
}

/// The bytes of a Parquet file of a table, Snappy-compressed: doubles (a gap is NaN), 64-bit integers, UTF-8 texts.
pub fn encode(table: &DataTable) -> Result<Vec<u8>> {
    let mut writer = writer_for(table, Vec::new())?;
    write_group(&mut writer, table)?;
    Ok(writer.into_inner()?)
}

/// A writer of tables with the columns of this one.
pub fn writer_for<W: Write + Send>(table: &DataTable, out: W) -> Result<SerializedFileWriter<W>> {
    let fields = table
        .columns
        .iter()
        .map(|column| {
            let physical = match &column.values {
                Values::Integers(_) => PhysicalType::INT64,
                Values::Texts(_) => PhysicalType::BYTE_ARRAY,
                _ => PhysicalType::DOUBLE,
            };
            let field = Type::primitive_type_builder(&column.name, physical).with_repetition(Repetition::REQUIRED);
            let is_text = physical == PhysicalType::BYTE_ARRAY;
            field.with_logical_type(is_text.then_some(LogicalType::String)).build().map(Arc::new)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("kurtz").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(provenance()))
        .build();
    let properties = Arc::new(properties);
    Ok(SerializedFileWriter::new(out, schema, properties)?)
}

/// Where a table comes from, for who finds it without its report.
fn provenance() -> Vec<KeyValue> {
    let quoted = |argument: &str| {
        let is_plain =
            !argument.is_empty() && !argument.contains(|c: char| c.is_whitespace() || "'\"$&;|<>*?()\\".contains(c));
        if is_plain { argument.to_owned() } else { format!("'{}'", argument.replace('\'', "'\\''")) }
    };
    let command: Vec<String> = std::env::args_os().map(|a| quoted(&a.to_string_lossy())).collect();
    vec![
        KeyValue::new("program".to_owned(), concat!("kurtz ", env!("CARGO_PKG_VERSION")).to_owned()),
        KeyValue::new("command".to_owned(), command.join(" ")),
    ]
}

/// Writes a table as one more row group.
pub fn write_group<W: Write + Send>(writer: &mut SerializedFileWriter<W>, table: &DataTable) -> Result<()> {
    let mut group = writer.next_row_group()?;
    for column in &table.columns {
        let mut out = group.next_column()?.context("as many columns as names")?;
        match &column.values {
            Values::Numbers(values) => out.typed::<DoubleType>().write_batch(values, None, None)?,
            Values::Integers(values) => out.typed::<Int64Type>().write_batch(values, None, None)?,
            Values::Texts(values) => {
                let values: Vec<ByteArray> = values.iter().map(|text| text.as_str().into()).collect();
                out.typed::<ByteArrayType>().write_batch(&values, None, None)?
            }
            other => bail!("a column of {} values cannot be written", other.len()),
        };
        out.close()?;
    }
    group.close()?;
    Ok(())
}

/// The header and the rows of a Parquet file as text cells, as a CSV file would give them; nulls are empty.
pub fn read_cells(path: &Path) -> Result<Vec<Vec<String>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reader =
        SerializedFileReader::new(file).with_context(|| format!("{} is not a Parquet file", path.display()))?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let mut cells = vec![schema.get_fields().iter().map(|f| f.name().to_string()).collect::<Vec<_>>()];
    for row in reader.get_row_iter(None)? {
        let row = row.with_context(|| format!("{} cannot be read", path.display()))?;
        cells.push(row.get_column_iter().map(|(_, field)| cell(field)).collect());
    }
    Ok(cells)
}

fn cell(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Double(x) => x.to_string(),
        Field::Float(x) => x.to_string(),
        Field::Str(s) => s.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_to_the_last_bit() {
        let (time, a) = (vec![0.0, 0.1, 0.30000000000000004], vec![1e-308, f64::MAX, -2.5]);
        let table = DataTable::new("x")
            .column("time", time.clone())
            .column("A-mean", a.clone())
            .column("n", vec![1_i64, -2, i64::MAX])
            .column("condition", vec!["low".to_string(), "ä".into(), String::new()]);
        let bytes = encode(&table).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.parquet");
        std::fs::write(&path, bytes).unwrap();
        let cells = read_cells(&path).unwrap();
        assert_eq!(cells[0], ["time", "A-mean", "n", "condition"]);
        assert_eq!(cells[2][2..], ["-2", "ä"]);
        for (i, row) in cells[1..].iter().enumerate() {
            assert_eq!(row[0].parse::<f64>().unwrap(), time[i]);
            assert_eq!(row[1].parse::<f64>().unwrap(), a[i]);
        }
    }
}
