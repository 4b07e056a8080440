//! Composition-rejection: reactions are grouped by the size of their propensities; a group is chosen by its sum, a
//! reaction in it by rejection.

use super::DEFAULT_MAX_EVENTS;
use super::propensities::refuse_time_dependence;
use super::simulate::{Draw, Exact};
use super::sparse::{Sparse, Sums};
use crate::error::DynamicsError;
use crate::method::{Method, Sampler};
use crate::rng::SimRng;
use kurtz_model::Kinetics;
use serde::{Deserialize, Serialize};

/// Composition-rejection: reactions whose propensities lie in [2^e, 2^(e+1)) form a group. The next event is of a group
/// with probability in proportion to its sum, and of a reaction of that group that is drawn blindly and accepted with
/// probability a / 2^(e+1) >= 1/2 (Slepoy, Thompson & Plimpton 2008).
///
/// Exact; the method of choice for networks of several hundred reactions and more. Sums of groups are kept as whole
/// numbers of 128 bits, so that nothing is lost to rounding however long a trajectory is.
///
/// # Complexity
/// An event costs O(D + G), with D the number of propensities that depend on it and G the number of groups, that is the
/// binary logarithm of the largest over the smallest propensity; it does not depend on the number of reactions otherwise.
///
/// # References
/// A. Slepoy, A. P. Thompson, S. J. Plimpton, J. Chem. Phys. 128 (2008) 205101, doi:10.1063/1.2919546.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompositionRejection {
    /// Events after which a trajectory is given up, at least 1. Default 1e9.
    pub max_events: u64,
}

impl Default for CompositionRejection {
    fn default() -> Self {
        CompositionRejection { max_events: DEFAULT_MAX_EVENTS }
    }
}

impl Method for CompositionRejection {
    fn name(&self) -> &'static str {
        "composition-rejection"
    }

    fn references(&self) -> &'static [&'static str] {
        &["slepoy2008"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        refuse_time_dependence(self.name(), kinetics)?;
        let network = Sparse::<Groups>::new(kinetics);
        Ok(Box::new(Exact::<_, Rule>::new(network, self.max_events)))
    }
}

/// Bits of the fraction of a floating-point number.
const FRACTION: u32 = 52;

/// Propensities grouped by their binary exponents. Those below the smallest normal number count as 0.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    values: Vec<f64>,
    /// Place of each reaction among the members of its group.
    place: Vec<u32>,
    /// By biased exponent from `lowest` on.
    groups: Vec<Group>,
    lowest: usize,
    /// Sums of the groups, rounded from what is exact.
    sums: Vec<f64>,
    /// Number of propensities that are no finite numbers.
    bad: usize,
}

#[derive(Clone, Debug, Default)]
struct Group {
    members: Vec<u32>,
    /// Exact sum of the members in units of 2^(e - 52).
    exact: u128,
    unit: f64,
}

impl Group {
    fn sum(&self) -> f64 {
        const UPPER: f64 = 18_446_744_073_709_551_616.0;
        ((self.exact >> 64) as u64 as f64 * UPPER + self.exact as u64 as f64) * self.unit
    }
}

/// The biased exponent: 0 for what is no normal number, 2047 for what is no finite one.
fn exponent(value: f64) -> usize {
    (value.to_bits() >> FRACTION & 0x7ff) as usize
}

/// The number in units of the last place of its group.
fn mantissa(value: f64) -> u64 {
    value.to_bits() & ((1 << FRACTION) - 1) | 1 << FRACTION
}

impl Groups {
    fn remove(&mut self, i: usize, e: usize) {
        if e == 0 {
            return;
        }
        if e == 2047 {
            self.bad -= 1;
            return;
        }
        let at = e - self.lowest;
        let group = &mut self.groups[at];
        let place = self.place[i] as usize;
        group.members.swap_remove(place);
        if let Some(&moved) = group.members.get(place) {
            self.place[moved as usize] = place as u32;
        }
        group.exact -= u128::from(mantissa(self.values[i]));
        self.sums[at] = group.sum();
    }

    fn insert(&mut self, i: usize, value: f64, e: usize) {
        if e == 0 {
            return;
        }
        if e == 2047 {
            self.bad += 1;
            return;
        }
        let at = self.group_of(e);
        let group = &mut self.groups[at];
        self.place[i] = group.members.len() as u32;
        group.members.push(i as u32);
        group.exact += u128::from(mantissa(value));
        self.sums[at] = group.sum();
    }

    /// Position of the group of an exponent, which is made if there is none.
    fn group_of(&mut self, e: usize) -> usize {
        if self.groups.is_empty() {
            self.lowest = e;
        }
        let missing = self.lowest.saturating_sub(e);
        if missing > 0 {
            self.groups.splice(0..0, std::iter::repeat_n(Group::default(), missing));
            self.lowest = e;
        }
        if e - self.lowest >= self.groups.len() {
            self.groups.resize(e - self.lowest + 1, Group::default());
        }
        if self.sums.len() != self.groups.len() {
            for (k, group) in self.groups.iter_mut().enumerate() {
                // 2^(e - 1023 - 52), which may be subnormal, but not 0.
                group.unit = f64::from_bits(((self.lowest + k) as u64) << FRACTION) * f64::EPSILON;
            }
            self.sums = self.groups.iter().map(Group::sum).collect();
        }
        e - self.lowest
    }

    /// A reaction, with probability in proportion to its propensity; `total` is their sum.
    fn choose(&self, total: f64, rng: &mut SimRng) -> usize {
        let mut target = rng.uniform() * total;
        let mut chosen = 0;
        for (k, &sum) in self.sums.iter().enumerate().rev() {
            if sum > 0.0 {
                // Also should rounding lead beyond the last.
                chosen = k;
                if target < sum {
                    break;
                }
                target -= sum;
            }
        }
        let members = &self.groups[chosen].members;
        loop {
            // The upper part of the product is a member, the lower a uniform number that has nothing to do with it.
            let product = u128::from(rng.bits()) * members.len() as u128;
            let member = members[(product >> 64) as usize] as usize;
            if (product as u64) >> (63 - FRACTION) < mantissa(self.values[member]) {
                return member;
            }
        }
    }
}

impl Sums for Groups {
    fn new(count: usize) -> Self {
        Groups {
            values: vec![0.0; count],
            place: vec![0; count],
            groups: Vec::new(),
            lowest: 0,
            sums: Vec::new(),
            bad: 0,
        }
    }

    fn values(&self) -> &[f64] {
        &self.values
    }

    fn clear(&mut self) {
        // Where members stand in their groups decides which is drawn: a trajectory must not depend on the one before.
        self.values.fill(0.0);
        self.sums.fill(0.0);
        self.bad = 0;
        for group in &mut self.groups {
            group.members.clear();
            group.exact = 0;
        }
    }

    #[inline]
    fn put(&mut self, i: usize, value: f64) {
        let before = self.values[i];
        let (from, to) = (exponent(before), exponent(value));
        if from == to && from != 0 && from != 2047 {
            let group = &mut self.groups[to - self.lowest];
            group.exact = group.exact + u128::from(mantissa(value)) - u128::from(mantissa(before));
            self.sums[to - self.lowest] = group.sum();
        } else {
            self.remove(i, from);
            self.insert(i, value, to);
        }
        self.values[i] = value;
    }

    fn total(&self) -> f64 {
        if self.bad > 0 { f64::NAN } else { self.sums.iter().rev().sum() }
    }
}

/// The next event by groups.
#[derive(Default)]
struct Rule;

impl Draw<Sparse<Groups>> for Rule {
    #[inline]
    fn draw(&mut self, network: &mut Sparse<Groups>, _: Option<usize>, time: f64, rng: &mut SimRng) -> (f64, usize) {
        let total = network.sums.total();
        // See the direct method.
        if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&total) {
            return (if total < 1.0 { f64::INFINITY } else { f64::NAN }, 0);
        }
        let next = time + rng.exponential() / total;
        (next, network.sums.choose(total, rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    #[test]
    fn sums_of_groups_are_exact_after_a_million_changes() {
        let mut rng = SimRng::new(3, 0, Purpose::Events);
        let mut groups = Groups::new(50);
        for _ in 0..1_000_000 {
            let i = (rng.uniform() * 50.0) as usize;
            let value = if rng.uniform() < 0.1 { 0.0 } else { (60.0 * (rng.uniform() - 0.5)).exp2() };
            groups.put(i, value);
        }
        let mut anew = Groups::new(50);
        (0..50).for_each(|i| anew.put(i, groups.values[i]));
        let sum = |g: &Groups, e: usize| e.checked_sub(g.lowest).and_then(|k| g.groups.get(k)).map_or(0, |g| g.exact);
        assert!((0..2047).all(|e| sum(&groups, e) == sum(&anew, e)));
        assert_eq!(groups.total(), anew.total());
        let plain: f64 = groups.values.iter().sum();
        assert!((groups.total() / plain - 1.0).abs() < 1e-14);
    }

    #[test]
    fn reactions_are_chosen_in_proportion() {
        let weights = [3.0, 0.0, 1.5, 2.0 - 1e-9, 0.3, 1e-3, 40.0];
        let mut groups = Groups::new(weights.len());
        weights.iter().enumerate().for_each(|(i, &w)| groups.put(i, w));
        let (mut rng, n, mut found) = (SimRng::new(5, 0, Purpose::Events), 400_000, [0u32; 7]);
        let total = groups.total();
        (0..n).for_each(|_| found[groups.choose(total, &mut rng)] += 1);
        for (&w, &k) in weights.iter().zip(&found) {
            let p = w / total;
            let z = (f64::from(k) - p * f64::from(n)) / (p * (1.0 - p) * f64::from(n)).sqrt().max(1e-300);
            assert!(z.abs() < 4.9 || (w == 0.0 && k == 0), "{w}: {k}, z = {z}");
        }
    }
}
