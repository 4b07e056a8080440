//! Exact integer elimination on sparse rows.

use num_bigint::BigInt;
use num_traits::{CheckedMul, CheckedSub, One, Signed, Zero};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    divide_by_common(&mut result);
    Some(result)
}

/// Divides a row by the common divisor of its entries.
fn divide_by_common<T: Integer>(row: &mut Row<T>) {
    let divisor = row.iter().fold(T::zero(), |g, (_, v)| if g.is_one() { g } else { gcd(&g, v) });
    if !divisor.is_zero() && !divisor.is_one() {
        row.iter_mut().for_each(|(_, value)| *value = value.clone() / divisor.clone());
    }
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
    rank_within(rows, usize::MAX).unwrap_or(0)
}

/// Rank of a matrix of rows, if that takes no more than so many operations on entries: a matrix that is sparse can become
/// full on the way.
pub(super) fn rank_within(rows: &[Row<i64>], mut work: usize) -> Option<usize> {
    let kernel = match left_null_space_within::<i128>(rows, &mut work) {
        Some(kernel) => kernel.len(),
        None => left_null_space_within::<BigInt>(rows, &mut work)?.len(),
    };
    Some(rows.len() - kernel)
}

/// Left null space: combinations of the rows that vanish, as a basis of primitive integer vectors `[rows]`; `None` on
/// overflow.
///
/// Columns with few entries are eliminated first, and how rows were combined is kept as a graph, written out only for
/// what vanishes: a chain of 100,000 conversions takes time in proportion to its length.
pub(super) fn left_null_space<T: Integer>(rows: &[Row<i64>]) -> Option<Vec<Row<T>>> {
    left_null_space_within(rows, &mut { usize::MAX })
}

/// As [`left_null_space`]; `None` too once no `work`, operations on entries, is left.
fn left_null_space_within<T: Integer>(rows: &[Row<i64>], work: &mut usize) -> Option<Vec<Row<T>>> {
    let mut open: Vec<BTreeMap<usize, T>> = convert(rows).into_iter().map(|row| row.into_iter().collect()).collect();
    let mut history = Histories::of(rows.len());
    let mut members: HashMap<usize, BTreeSet<usize>> = HashMap::new();
    for (i, row) in open.iter().enumerate() {
        for &column in row.keys() {
            members.entry(column).or_default().insert(i);
        }
    }
    let mut kernel: Vec<Row<T>> =
        (0..open.len()).filter(|&i| open[i].is_empty()).map(|i| vec![(i, T::one())]).collect();
    let mut queue: BTreeSet<(usize, usize)> = members.iter().map(|(&c, rows)| (rows.len(), c)).collect();
    while let Some((_, column)) = queue.pop_first() {
        let holders = members.remove(&column).unwrap_or_default();
        let Some(&pivot) = holders.iter().min_by_key(|&&i| (open[i].len(), i)) else {
            continue;
        };
        // A row leaves or enters a column, which then has another place in the queue.
        let mut change = |c: usize, row: usize, enters: bool| {
            if let Some(rows) = members.get_mut(&c) {
                queue.remove(&(rows.len(), c));
                if enters {
                    rows.insert(row);
                } else {
                    rows.remove(&row);
                }
                queue.insert((rows.len(), c));
            }
        };
        let pivot_row = std::mem::take(&mut open[pivot]);
        pivot_row.keys().for_each(|&c| change(c, pivot, false));
        for &i in holders.iter().filter(|&&i| i != pivot) {
            *work = work.checked_sub(pivot_row.len() + open[i].len())?;
            let divisor = eliminate_in_place(&mut open[i], &pivot_row, column, |c, enters| change(c, i, enters))?;
            history.record(i, pivot, divisor)?;
            if open[i].is_empty() {
                kernel.push(history.write_out(i)?);
            }
        }
    }
    Some(kernel)
}

/// What was done to a row: it became (p row - a pivot) / divisor.
struct Step<T> {
    p: T,
    a: T,
    divisor: T,
}

/// Makes the entry of `row` in `column` zero with the help of `pivot`; says which columns it leaves and enters. Where
/// the row needs no factor only the entries of the pivot are touched, so that long rows cost no more than short ones.
fn eliminate_in_place<T: Integer>(
    row: &mut BTreeMap<usize, T>,
    pivot: &BTreeMap<usize, T>,
    column: usize,
    mut change: impl FnMut(usize, bool),
) -> Option<Step<T>> {
    let (Some(p), Some(a)) = (pivot.get(&column), row.get(&column)) else {
        return Some(Step { p: T::one(), a: T::zero(), divisor: T::one() });
    };
    let g = gcd(p, a);
    let (p, a) = (p.clone() / g.clone(), a.clone() / g);
    let (p, a) = if p.is_negative() { (-p, -a) } else { (p, a) };
    if !p.is_one() {
        for value in row.values_mut() {
            *value = value.checked_mul(&p)?;
        }
    }
    for (&c, value) in pivot {
        let product = a.checked_mul(value)?;
        let before = row.remove(&c);
        let after = before.clone().unwrap_or_else(T::zero).checked_sub(&product)?;
        match (before.is_some(), after.is_zero()) {
            (true, true) => change(c, false),
            (false, false) => change(c, true),
            _ => {}
        }
        if !after.is_zero() {
            row.insert(c, after);
        }
    }
    let mut divisor = T::one();
    if !p.is_one() {
        let common = row.values().fold(T::zero(), |g, v| if g.is_one() { g } else { gcd(&g, v) });
        if !common.is_zero() && !common.is_one() {
            row.values_mut().for_each(|value| *value = value.clone() / common.clone());
            divisor = common;
        }
    }
    Some(Step { p, a, divisor })
}

/// How each row came about from the rows given: a graph of combinations.
struct Histories<T> {
    /// Of each combination: what it was made of, with factors. The first nodes, left out, are the rows given.
    nodes: Vec<[(usize, T); 2]>,
    given: usize,
    /// Of each row: its present node, and how many times the row that combination is.
    rows: Vec<(usize, T)>,
}

impl<T: Integer> Histories<T> {
    fn of(given: usize) -> Self {
        Histories { nodes: Vec::new(), given, rows: (0..given).map(|i| (i, T::one())).collect() }
    }

    /// Notes what was done to row `i` with the help of `pivot`.
    fn record(&mut self, i: usize, pivot: usize, step: Step<T>) -> Option<()> {
        // The combinations are `mine` and `theirs` times the rows: p theirs (mine row) - a mine (theirs pivot).
        let ((own, mine), (other, theirs)) = (self.rows[i].clone(), self.rows[pivot].clone());
        let common = gcd(&mine, &theirs);
        let (mine, theirs) = (mine / common.clone(), theirs / common.clone());
        self.nodes.push([(own, step.p.checked_mul(&theirs)?), (other, -step.a.checked_mul(&mine)?)]);
        let times = mine.checked_mul(&theirs)?.checked_mul(&common)?.checked_mul(&step.divisor)?;
        self.rows[i] = (self.given + self.nodes.len() - 1, times);
        Some(())
    }

    /// The combination of the rows given that row `i` now is, without common divisor.
    fn write_out(&self, i: usize) -> Option<Row<T>> {
        let mut open: BTreeMap<usize, T> = BTreeMap::from([(self.rows[i].0, T::one())]);
        let mut row = Row::new();
        // A node is younger than what it was made of, so that the youngest has got all its contributions.
        while let Some((node, factor)) = open.pop_last() {
            if node < self.given {
                row.push((node, factor));
                continue;
            }
            for (part, times) in &self.nodes[node - self.given] {
                let so_far = open.remove(part).unwrap_or_else(T::zero);
                let sum = so_far.checked_sub(&(-factor.checked_mul(times)?))?;
                if !sum.is_zero() {
                    open.insert(*part, sum);
                }
            }
        }
        row.reverse();
        divide_by_common(&mut row);
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vanishes_is_found_in_a_long_chain_and_beside_hubs() {
        // S0 -> S1 -> ... -> S29999, each conversion with the help of one E that it takes and gives to F.
        let n = 30_000;
        let mut rows: Vec<Row<i64>> = (0..n)
            .map(|i| {
                let made = (i > 0).then(|| (i - 1, 1));
                let taken = (i + 1 < n).then_some((i, -1));
                made.into_iter().chain(taken).collect()
            })
            .collect();
        rows.push((0..n - 1).map(|c| (c, -1)).collect());
        rows.push((0..n - 1).map(|c| (c, 2)).collect());
        let kernel = left_null_space::<i128>(&rows).expect("no overflow");
        // Besides: E counts down as the chain moves on, so that sum i S_i + E is constant.
        assert_eq!(kernel.len(), 3);
        for law in &kernel {
            let mut sums: HashMap<usize, i128> = HashMap::new();
            for (i, a) in law {
                rows[*i].iter().for_each(|&(c, v)| *sums.entry(c).or_default() += a * i128::from(v));
            }
            assert!(sums.values().all(|&sum| sum == 0));
        }
        assert_eq!(rank(&rows), n - 1);
    }

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
        assert_eq!(left_null_space::<i128>(&rows), None);
        let kernel = left_null_space::<BigInt>(&rows).expect("no overflow");
        assert_eq!(kernel.len(), 1);
        let largest = kernel[0].iter().map(|(_, v)| v.abs()).max().expect("not empty");
        assert_eq!(largest, BigInt::from(10).pow(48));
        assert_eq!(rank(&rows), n - 1);
    }
}
