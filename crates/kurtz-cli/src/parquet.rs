//! Parquet beside CSV, for those who read their tables with pandas, polars or R.
//!
//! Only plain columns are needed, so the low-level writer serves and Arrow is not built.

use anyhow::{Context, Result};
use parquet::basic::{Compression, Repetition, Type as PhysicalType};
use parquet::data_type::DoubleType;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::types::Type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The bytes of a Parquet file of `columns`, all of one length, as required doubles (a gap is NaN), Snappy-compressed.
pub fn encode(names: &[String], columns: &[&[f64]]) -> Result<Vec<u8>> {
    let fields = names
        .iter()
        .map(|name| {
            Type::primitive_type_builder(name, PhysicalType::DOUBLE)
                .with_repetition(Repetition::REQUIRED)
                .build()
                .map(Arc::new)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("kurtz").with_fields(fields).build()?);
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties)?;
    let mut group = writer.next_row_group()?;
    for values in columns {
        let mut column = group.next_column()?.context("as many columns as names")?;
        column.typed::<DoubleType>().write_batch(values, None, None)?;
        column.close()?;
    }
    group.close()?;
    Ok(writer.into_inner()?)
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
        let (time, a) = ([0.0, 0.1, 0.30000000000000004], [1e-308, f64::MAX, -2.5]);
        let bytes = encode(&["time".into(), "A-mean".into()], &[&time, &a]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.parquet");
        std::fs::write(&path, bytes).unwrap();
        let cells = read_cells(&path).unwrap();
        assert_eq!(cells[0], ["time", "A-mean"]);
        for (i, row) in cells[1..].iter().enumerate() {
            assert_eq!(row[0].parse::<f64>().unwrap(), time[i]);
            assert_eq!(row[1].parse::<f64>().unwrap(), a[i]);
        }
    }
}
