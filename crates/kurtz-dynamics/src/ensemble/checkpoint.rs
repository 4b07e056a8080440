//! Long ensembles that can be stopped and go on.
//!
//! What is kept is the sum over whole blocks merged in order, and how many these are. Blocks are functions of the seed
//! and their index, and sums are taken up bit for bit: an ensemble that was stopped any number of times gives the same
//! bits as one that was not.

/// Where the state of an ensemble is kept between runs.
pub trait Checkpoint: Sync {
    /// What was kept last, if anything.
    fn load(&self) -> Option<Vec<u8>>;

    /// Keeps a state in the place of the last one.
    fn save(&self, state: &[u8]);
}

/// Appends a whole number.
pub(super) fn put_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Takes a whole number from the front.
pub(super) fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*head))
}

/// Appends floating-point numbers, every bit of them, and how many they are.
pub(super) fn put_values(out: &mut Vec<u8>, values: &[f64]) {
    put_number(out, values.len() as u64);
    values.iter().for_each(|x| out.extend_from_slice(&x.to_bits().to_le_bytes()));
}

/// Takes what [`put_values`] wrote.
pub(super) fn take_values(bytes: &mut &[u8]) -> Option<Vec<f64>> {
    let count = usize::try_from(take_number(bytes)?).ok()?;
    if count > bytes.len() / 8 {
        return None;
    }
    (0..count).map(|_| take_number(bytes).map(f64::from_bits)).collect()
}
