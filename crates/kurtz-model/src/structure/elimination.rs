//! Exact integer elimination on sparse rows.

use num_bigint::BigInt;
use num_traits::{CheckedMul, CheckedSub, One, Signed, Zero};
use std::fmt::Debug;
use std::ops::Rem;

/// Integers that elimination runs on: `i128`, which may overflow, and then [`BigInt`], which cannot.
pub(super) trait Integer:
    Clone + Debug + PartialEq + Zero + One + Signed + CheckedMul + CheckedSub + Rem<Output = Self> + From<i64>
{
}

impl Integer for i128 {}
impl Integer for BigInt {}

/// A row: (column, entry) by increasing column, no zeros.
pub(super) type Row<T> = Vec<(usize, T)>;

fn gcd<T: Integer>(a: &T, b: &T) -> T {
    let (mut a, mut b) = (a.abs(), b.abs());
    while !b.is_zero() {
        (a, b) = (b.clone(), a % b);
    }
    a
}

pub(super) fn entry<T: Integer>(row: &Row<T>, column: usize) -> Option<&T> {
    row.binary_search_by_key(&column, |(c, _)| *c).ok().map(|i| &row[i].1)
}

/// a `row` - b `other`, divided by the common divisor of its entries; `None` on overflow.
pub(super) fn combine<T: Integer>(a: &T, row: &Row<T>, b: &T, other: &Row<T>) -> Option<Row<T>> {
    let zero = T::zero();
    let mut result = Vec::with_capacity(row.len() + other.len());
    let (mut i, mut j) = (0, 0);
    while i < row.len() || j < other.len() {
        let left = row.get(i).map_or(usize::MAX, |e| e.0);
        let right = other.get(j).map_or(usize::MAX, |e| e.0);
        let column = left.min(right);
        let x = if left == column { &row[i].1 } else { &zero };
        let y = if right == column { &other[j].1 } else { &zero };
        let value = a.checked_mul(x)?.checked_sub(&b.checked_mul(y)?)?;
        if !value.is_zero() {
            result.push((column, value));
        }
        i += usize::from(left == column);
        j += usize::from(right == column);
    }
    let divisor = result.iter().fold(T::zero(), |g, (_, v)| if g.is_one() { g } else { gcd(&g, v) });
    if !divisor.is_zero() && !divisor.is_one() {
        for (_, value) in &mut result {
            *value = value.clone() / divisor.clone();
        }
    }
    Some(result)
}

/// Makes the entry of `row` in `column` zero with the help of `pivot`, which has one there.
fn eliminate<T: Integer>(row: &Row<T>, pivot: &Row<T>, column: usize) -> Option<Row<T>> {
    match (entry(pivot, column), entry(row, column)) {
        (Some(p), Some(a)) => {
            let g = gcd(p, a);
            combine(&(p.clone() / g.clone()), row, &(a.clone() / g), pivot)
        }
        _ => Some(row.clone()),
    }
}

/// Rows brought to echelon form one by one.
pub(super) struct Echelon<T> {
    /// (leading column, row), by increasing leading column.
    rows: Vec<(usize, Row<T>)>,
}

impl<T: Integer> Echelon<T> {
    pub fn new() -> Self {
        Echelon { rows: Vec::new() }
    }

    /// Adds a row if it is independent of those before; `None` on overflow.
    pub fn insert(&mut self, mut row: Row<T>) -> Option<bool> {
        while let Some((lead, _)) = row.first() {
            let lead = *lead;
            match self.rows.binary_search_by_key(&lead, |(c, _)| *c) {
                Ok(i) => row = eliminate(&row, &self.rows[i].1, lead)?,
                Err(i) => {
                    self.rows.insert(i, (lead, row));
                    return Some(true);
                }
            }
        }
        Some(false)
    }
}

pub(super) fn convert<T: Integer>(rows: &[Row<i64>]) -> Vec<Row<T>> {
    rows.iter().map(|row| row.iter().map(|&(c, v)| (c, T::from(v))).collect()).collect()
}

/// Rank of a matrix of rows.
pub(super) fn rank(rows: &[Row<i64>]) -> usize {
    fn attempt<T: Integer>(rows: &[Row<i64>]) -> Option<usize> {
        let mut echelon = Echelon::<T>::new();
        for row in convert(rows) {
            echelon.insert(row)?;
        }
        Some(echelon.rows.len())
    }
    attempt::<i128>(rows).or_else(|| attempt::<BigInt>(rows)).unwrap_or(0)
}

/// Left null space: combinations of the rows that vanish, as a basis of primitive integer vectors `[rows]`.
pub(super) fn left_null_space<T: Integer>(rows: &[Row<i64>], columns: usize) -> Option<Vec<Row<T>>> {
    // Each row carries, behind its own columns, how it was combined.
    let mut open: Vec<Row<T>> = convert(rows);
    for (i, row) in open.iter_mut().enumerate() {
        row.push((columns + i, T::one()));
    }
    let mut kernel = Vec::new();
    // Take the open row that begins in the earliest column and is shortest as pivot for that column.
    loop {
        let (done, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|row| row[0].0 >= columns);
        kernel.extend(done);
        open = rest;
        let lead = open.iter().map(|row| (row[0].0, row.len())).min();
        let Some((column, length)) = lead else {
            break;
        };
        let at = open.iter().position(|row| (row[0].0, row.len()) == (column, length))?;
        let pivot = open.swap_remove(at);
        for row in open.iter_mut().filter(|row| row[0].0 == column) {
            *row = eliminate(row, &pivot, column)?;
        }
    }
    let shift = |row: Row<T>| row.into_iter().map(|(c, v)| (c - columns, v)).collect();
    Some(kernel.into_iter().map(shift).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elimination_is_exact_beyond_i128() {
        // Entries of the null vector grow as 10^(6 k): A1 -> 10^6 A2, A2 -> 10^6 A3, ...
        let n = 9;
        let rows: Vec<Row<i64>> = (0..n)
            .map(|i| {
                let made = (i > 0).then(|| (i - 1, 1_000_000));
                let taken = (i + 1 < n).then_some((i, -1));
                made.into_iter().chain(taken).collect()
            })
            .collect();
        assert_eq!(left_null_space::<i128>(&rows, n - 1), None);
        let kernel = left_null_space::<BigInt>(&rows, n - 1).expect("no overflow");
        assert_eq!(kernel.len(), 1);
        let largest = kernel[0].iter().map(|(_, v)| v.abs()).max().expect("not empty");
        assert_eq!(largest, BigInt::from(10).pow(48));
        assert_eq!(rank(&rows), n - 1);
    }
}
