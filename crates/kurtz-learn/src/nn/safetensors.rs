//! Named arrays in one file, in the safetensors format: 8 bytes of length, a JSON header, the numbers, little-endian.

use crate::LearnError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Numbers of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

/// Named arrays with notes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    /// Shape, row-major, and numbers.
    pub arrays: BTreeMap<String, (Vec<usize>, Values)>,
    /// Notes, by name.
    pub notes: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

const NOTES: &str = "__metadata__";

impl Tensors {
    /// Adds an array of single precision.
    ///
    /// # Panics
    /// If the shape does not fit.
    pub fn push(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        self.arrays.insert(name.into(), (shape.to_vec(), Values::F32(values)));
    }

    /// Adds a list of double precision.
    pub fn push_doubles(&mut self, name: impl Into<String>, values: Vec<f64>) {
        self.arrays.insert(name.into(), (vec![values.len()], Values::F64(values)));
    }

    /// The numbers of an array of single precision with this length.
    ///
    /// # Errors
    /// There is no such array, or it has another length or precision.
    pub fn singles(&self, name: &str, length: usize) -> Result<&[f32], LearnError> {
        match self.arrays.get(name) {
            Some((_, Values::F32(values))) if values.len() == length => Ok(values),
            _ => Err(unreadable(format!("it has no array `{name}` of {length} numbers in single precision"))),
        }
    }

    /// The numbers of a list of double precision with this length.
    ///
    /// # Errors
    /// As [`Tensors::singles`].
    pub fn doubles(&self, name: &str, length: usize) -> Result<&[f64], LearnError> {
        match self.arrays.get(name) {
            Some((_, Values::F64(values))) if values.len() == length => Ok(values),
            _ => Err(unreadable(format!("it has no list `{name}` of {length} numbers in double precision"))),
        }
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut header = serde_json::Map::new();
        let mut data = Vec::new();
        if !self.notes.is_empty() {
            header.insert(NOTES.into(), serde_json::to_value(&self.notes).expect("strings"));
        }
        for (name, (shape, values)) in &self.arrays {
            let begin = data.len();
            let dtype = match values {
                Values::F32(values) => {
                    values.iter().for_each(|v| data.extend(v.to_le_bytes()));
                    "F32"
                }
                Values::F64(values) => {
                    values.iter().for_each(|v| data.extend(v.to_le_bytes()));
                    "F64"
                }
            };
            let entry = Entry { dtype: dtype.into(), shape: shape.clone(), data_offsets: [begin, data.len()] };
            header.insert(name.clone(), serde_json::to_value(entry).expect("plain data"));
        }
        let mut text = serde_json::Value::Object(header).to_string().into_bytes();
        // Readers map the numbers where they lie: they begin at a multiple of 8.
        text.resize(text.len().next_multiple_of(8), b' ');
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text);
        bytes.extend(data);
        bytes
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is no file of this format, or has arrays of other types than F32 and F64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LearnError> {
        let (length, rest) =
            bytes.split_first_chunk::<8>().ok_or_else(|| unreadable("it is too short for safetensors".into()))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let header =
            rest.get(..length).ok_or_else(|| unreadable("its header is cut off; is it safetensors?".into()))?;
        let data = &rest[length..];
        let header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(header).map_err(|e| unreadable(format!("its header is no JSON: {e}")))?;
        let mut tensors = Tensors::default();
        for (name, value) in header {
            let bad = |reason: String| unreadable(format!("array `{name}`: {reason}"));
            if name == NOTES {
                tensors.notes = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
                continue;
            }
            let entry: Entry = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
            let [begin, end] = entry.data_offsets;
            let data = data.get(begin..end).ok_or_else(|| bad("its numbers are cut off".into()))?;
            let values = match entry.dtype.as_str() {
                "F32" => Values::F32(data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
                "F64" => Values::F64(data.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()),
                other => return Err(bad(format!("numbers of type {other} are not read, only F32 and F64"))),
            };
            let found = match &values {
                Values::F32(v) => v.len(),
                Values::F64(v) => v.len(),
            };
            let expected = entry.shape.iter().try_fold(1_usize, |n, s| n.checked_mul(*s));
            if expected != Some(found) {
                return Err(bad(format!("its shape {:?} does not fit its {found} numbers", entry.shape)));
            }
            tensors.arrays.insert(name, (entry.shape, values));
        }
        Ok(tensors)
    }
}

fn unreadable(reason: String) -> LearnError {
    LearnError::File { path: "the file of arrays".into(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let mut tensors = Tensors::default();
        tensors.push("b.weight", &[2, 3], vec![1.0, -2.5, f32::MIN_POSITIVE, 0.1, 5.0, 6.0]);
        tensors.push_doubles("a", vec![0.1, f64::MAX]);
        tensors.push("empty", &[0], vec![]);
        tensors.notes.insert("note".into(), "say \"x\"".into());
        let bytes = tensors.to_bytes();
        assert_eq!(bytes.len() % 8, 0);
        assert_eq!(Tensors::from_bytes(&bytes).unwrap(), tensors);
    }

    #[test]
    fn damaged_files_are_refused() {
        let mut tensors = Tensors::default();
        tensors.push("w", &[3], vec![1.0, 2.0, 3.0]);
        let bytes = tensors.to_bytes();
        for cut in [0, 7, 20, bytes.len() - 1] {
            assert!(Tensors::from_bytes(&bytes[..cut]).is_err());
        }
        let huge = [&[0xff; 8], &bytes[8..]].concat();
        assert!(Tensors::from_bytes(&huge).is_err());
    }
}
