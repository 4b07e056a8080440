//! Conservation laws: integer combinations of counts that no reaction changes.
//!
//! They are the left null space of the stoichiometry matrix. Where it has a basis of non-negative vectors (totals of
//! conserved moieties), that is given: the minimal ones are found by the algorithm of Farkas, as used for the
//! invariants of Petri nets (J. M. Colom, M. Silva, Advances in Petri Nets 1990, LNCS 483, 79-112,
//! doi:10.1007/3-540-53863-1_22).

use super::elimination::{Echelon, Integer, Row, combine, convert, entry, left_null_space};
use crate::network::{Network, ReactionId, SpeciesId};
use num_bigint::BigInt;
use num_traits::ToPrimitive;

/// A sum of counts that stays what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConservationLaw {
    /// Species and their coefficients, by increasing species, without common divisor, the first positive.
    pub coefficients: Vec<(SpeciesId, i64)>,
}

impl ConservationLaw {
    /// The conserved amount at `counts`, `[species]`.
    pub fn total(&self, counts: &[f64]) -> f64 {
        self.coefficients.iter().map(|&(s, a)| a as f64 * counts[s.index()]).sum()
    }

    /// Whether it is a total of parts, no coefficient being negative.
    pub fn is_non_negative(&self) -> bool {
        self.coefficients.iter().all(|&(_, a)| a > 0)
    }
}

/// Rows of the stoichiometry matrix.
pub(super) fn rows(network: &Network) -> Vec<Row<i64>> {
    let mut rows: Vec<Row<i64>> = vec![Vec::new(); network.species.len()];
    for r in 0..network.reactions.len() {
        for (s, change) in network.effect(ReactionId::from(r)) {
            rows[s.index()].push((r, change));
        }
    }
    rows
}

impl Network {
    /// A basis of the conservation laws, the non-negative and short ones first (in networks of up to 1000 species).
    ///
    /// Clamped species are constant by themselves and appear in none. So is a species that no reaction changes, which
    /// has a law of its own. A law whose coefficients exceed the range of `i64` is left out.
    ///
    /// # Example
    /// ```
    /// use kurtz_model::Network;
    /// let network = Network::builder()
    ///     .species("A", 40)
    ///     .species("B", 0)
    ///     .reaction("2 A <-> B @ 1, 1")
    ///     .build()?;
    /// let laws = network.conservation_laws();
    /// assert_eq!(laws.len(), 1);
    /// assert_eq!(laws[0].total(&[40.0, 0.0]), laws[0].total(&[0.0, 20.0]));
    /// # Ok::<(), kurtz_model::diagnostic::Diagnostics>(())
    /// ```
    pub fn conservation_laws(&self) -> Vec<ConservationLaw> {
        // Clamped species take no part: only the rows of the others are combined.
        let free: Vec<usize> = (0..self.species.len()).filter(|&s| !self.species[s].clamped).collect();
        let all = rows(self);
        let rows: Vec<Row<i64>> = free.iter().map(|&s| all[s].clone()).collect();
        let columns = self.reactions.len();
        let basis = basis::<i128>(&rows, columns).map(|b| to_i64(&b));
        let basis = basis.or_else(|| self::basis::<BigInt>(&rows, columns).map(|b| to_i64(&b))).unwrap_or_default();
        let law = |row: Row<i64>| {
            let sign = row.first().map_or(1, |(_, v)| v.signum());
            let coefficients = row.into_iter().map(|(i, v)| (SpeciesId::from(free[i]), sign * v)).collect();
            ConservationLaw { coefficients }
        };
        basis.into_iter().map(law).collect()
    }
}

/// Rows that fit into `i64`, sign change included.
fn to_i64<T: Integer + ToPrimitive>(rows: &[Row<T>]) -> Vec<Row<i64>> {
    let convert = |row: &Row<T>| {
        row.iter().map(|(c, v)| v.to_i64().filter(|v| *v != i64::MIN).map(|v| (*c, v))).collect::<Option<Row<i64>>>()
    };
    rows.iter().filter_map(convert).collect()
}

/// A basis of the left null space, non-negative as far as it can be.
fn basis<T: Integer>(rows: &[Row<i64>], columns: usize) -> Option<Vec<Row<T>>> {
    let kernel = left_null_space::<T>(rows)?;
    if kernel.is_empty() || rows.len() > LARGEST_FOR_RAYS {
        return Some(kernel);
    }
    let mut candidates = non_negative::<T>(rows, columns)?;
    let support = |row: &Row<T>| row.iter().map(|(c, _)| *c).collect::<Vec<_>>();
    candidates.sort_by_key(|row| (row.len(), support(row)));
    let (mut echelon, mut basis) = (Echelon::new(), Vec::new());
    for row in candidates.into_iter().chain(kernel.iter().cloned()) {
        if basis.len() < kernel.len() && echelon.insert(row.clone())? {
            basis.push(row);
        }
    }
    Some(basis)
}

/// The search for non-negative laws takes time in proportion to the square of the species at least; with more of them
/// laws stay as elimination finds them.
const LARGEST_FOR_RAYS: usize = 1000;

/// The cone of non-negative laws can have very many extreme rays; beyond this many no more are sought.
const MOST_RAYS: usize = 1000;

/// Non-negative vectors of minimal support in the left null space; empty if there are too many on the way.
fn non_negative<T: Integer>(rows: &[Row<i64>], columns: usize) -> Option<Vec<Row<T>>> {
    // Each row carries, behind its own columns, how it was combined.
    let mut rays: Vec<Row<T>> = convert(rows);
    for (i, row) in rays.iter_mut().enumerate() {
        row.push((columns + i, T::one()));
    }
    let mut left: Vec<usize> = (0..columns).collect();
    loop {
        // The column whose elimination makes fewest new rows.
        let mut signs = vec![(0usize, 0usize); columns];
        for (column, value) in rays.iter().flatten().filter(|(c, _)| *c < columns) {
            if value.is_positive() {
                signs[*column].0 += 1;
            } else {
                signs[*column].1 += 1;
            }
        }
        left.retain(|&c| signs[c] != (0, 0));
        let Some(&column) = left.iter().min_by_key(|&&c| signs[c].0 * signs[c].1) else {
            break;
        };
        let (with, mut kept): (Vec<_>, Vec<_>) = rays.into_iter().partition(|row| entry(row, column).is_some());
        let (positive, negative): (Vec<_>, Vec<_>) =
            with.into_iter().partition(|row| entry(row, column).is_some_and(|v| v.is_positive()));
        if positive.len() * negative.len() + kept.len() > MOST_RAYS.max(rows.len()) {
            return Some(Vec::new());
        }
        for p in &positive {
            for n in &negative {
                if let (Some(a), Some(b)) = (entry(p, column), entry(n, column)) {
                    kept.push(combine(&b.abs(), p, &(-a.clone()), n)?);
                }
            }
        }
        rays = minimal(kept, columns);
    }
    let shift = |row: Row<T>| row.into_iter().map(|(c, v)| (c - columns, v)).collect();
    Some(rays.into_iter().map(shift).collect())
}

/// Drops rays whose support contains that of another.
fn minimal<T: Integer>(mut rays: Vec<Row<T>>, columns: usize) -> Vec<Row<T>> {
    fn support<T>(row: &Row<T>, columns: usize) -> Vec<usize> {
        row.iter().map(|(c, _)| *c).filter(|c| *c >= columns).collect()
    }
    rays.sort_by_key(|row| support(row, columns).len());
    let mut kept: Vec<(Vec<usize>, Row<T>)> = Vec::new();
    for row in rays {
        let own = support(&row, columns);
        let contains = |other: &Vec<usize>| other.iter().all(|c| own.binary_search(c).is_ok());
        // Rays of a single species are all different, and contain no other.
        if own.len() == 1 || !kept.iter().any(|(other, _)| contains(other)) {
            kept.push((own, row));
        }
    }
    kept.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::zoo;

    /// Laws as text, such as `E + ES`.
    fn laws(network: &Network) -> Vec<String> {
        let term = |&(s, a): &(SpeciesId, i64)| {
            let name = &network.species[s.index()].name;
            if a == 1 { name.clone() } else { format!("{a} {name}") }
        };
        let text = |law: &ConservationLaw| law.coefficients.iter().map(term).collect::<Vec<_>>().join(" + ");
        network.conservation_laws().iter().map(text).collect()
    }

    #[test]
    fn textbook_networks_have_their_laws() {
        assert_eq!(laws(&zoo::michaelis_menten()), ["E + ES", "S + ES + P"]);
        assert_eq!(laws(&zoo::futile_cycle()), ["K + SK", "F + PF", "S + SK + P + PF"]);
        assert_eq!(laws(&zoo::edelstein()), ["B + C"]);
        assert_eq!(laws(&zoo::closed_cycle()), ["A + B + C"]);
        assert!(laws(&zoo::brusselator()).is_empty());
        assert!(laws(&zoo::epidermis()).is_empty());
        assert_eq!(laws(&zoo::network(&["2 A <-> B"])), ["A + 2 B"]);
        assert_eq!(laws(&zoo::network(&["2 A <-> 3 B"])), ["3 A + 2 B"]);
    }

    #[test]
    fn a_law_that_must_have_signs_has_them() {
        // A and B are made together: only their difference is conserved.
        assert_eq!(laws(&zoo::network(&["0 <-> A + B"])), ["A + -1 B"]);
        assert!(!zoo::network(&["0 <-> A + B"]).conservation_laws()[0].is_non_negative());
    }

    #[test]
    fn clamped_species_are_in_no_law() {
        let mut network = zoo::michaelis_menten();
        let s = network.species_named("S").expect("it is there");
        network.species[s.index()].clamped = true;
        assert_eq!(laws(&network), ["E + ES"]);
    }

    #[test]
    fn a_catalyst_is_conserved_alone() {
        assert_eq!(laws(&zoo::network(&["E + A -> E", "A -> 0"])), ["E"]);
    }

    #[test]
    fn laws_beyond_the_range_are_left_out() {
        let chain: Vec<String> = (0..5).map(|i| format!("A{i} -> 1000000 A{}", i + 1)).collect();
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        assert!(laws(&zoo::network(&chain)).is_empty());
        assert_eq!(laws(&zoo::network(&chain[..2])), ["1000000000000 A0 + 1000000 A1 + A2"]);
    }

    #[test]
    fn laws_of_random_networks_are_a_basis() {
        // A linear congruential generator is random enough to make networks.
        let mut state = 12345u64;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % n
        };
        for _ in 0..200 {
            let reactions: Vec<String> = (0..1 + next(6))
                .map(|_| {
                    let mut side = || format!("{} S{} + {} S{}", 1 + next(3), next(6), 1 + next(2), next(6));
                    format!("{} -> {}", side(), side())
                })
                .collect();
            let network = zoo::network(&reactions.iter().map(String::as_str).collect::<Vec<_>>());
            let laws = network.conservation_laws();
            assert_eq!(laws.len() + network.rank(), network.species.len(), "{reactions:?}");
            let rows: Vec<Row<i64>> =
                laws.iter().map(|l| l.coefficients.iter().map(|&(s, a)| (s.index(), a)).collect()).collect();
            assert_eq!(super::super::elimination::rank(&rows), laws.len());
            for r in 0..network.reactions.len() {
                let mut change = vec![0.0; network.species.len()];
                for (s, n) in network.effect(ReactionId::from(r)) {
                    change[s.index()] = n as f64;
                }
                assert!(laws.iter().all(|l| l.total(&change) == 0.0), "{reactions:?}");
            }
        }
    }
}
