//! Laws over counts: what the master equation gives and histograms estimate.

use crate::moment_series::{MomentIndex, MomentSeries};
use crate::stats::StatsError;
use std::sync::Arc;

/// A joint law over the counts of named species, stored for the states that matter.
///
/// The states are distinct and in lexicographic order. A law need not sum to one: what a finite state projection
/// has lost is missing from it, and [`Distribution::error_bound`] says how much that can be. A state that is not
/// stored has probability zero (up to that bound).
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    species: Arc<[String]>,
    states: Arc<Vec<i64>>,
    probabilities: Vec<f64>,
    error_bound: f64,
    samples: Option<u64>,
}

/// A two-dimensional table of probabilities, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct JointTable {
    /// The species along rows and along columns.
    pub species: [String; 2],
    /// The counts that the first row and the first column stand for.
    pub offsets: [i64; 2],
    /// Number of rows and of columns.
    pub shape: [usize; 2],
    /// Probabilities, `[rows x columns]`, row-major.
    pub values: Vec<f64>,
}

impl Distribution {
    /// A law from states `[states x species]`, row-major in any order, and their probabilities `[states]`.
    ///
    /// Probabilities of equal states are added.
    ///
    /// # Errors
    /// Lengths that do not fit, no species, probabilities that are negative or not finite, a sum above 1 (by more
    /// than rounding).
    pub fn new(species: &[String], states: Vec<i64>, probabilities: Vec<f64>) -> Result<Self, StatsError> {
        let width = species.len();
        if width == 0 {
            return Err(StatsError::NoSpecies);
        }
        if states.len() != width * probabilities.len() {
            return Err(StatsError::Shape { states: probabilities.len(), species: width, found: states.len() });
        }
        if let Some(i) = probabilities.iter().position(|p| !(p.is_finite() && *p >= 0.0)) {
            let state = states[i * width..(i + 1) * width].to_vec();
            return Err(StatsError::BadProbability { state, value: probabilities[i] });
        }
        let total: f64 = probabilities.iter().sum();
        if total > 1.0 + 1e-9 {
            return Err(StatsError::TooMuchMass { total });
        }
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        let row = |i: usize| &states[i * width..(i + 1) * width];
        order.sort_by(|&i, &j| row(i).cmp(row(j)));
        let mut sorted: Vec<i64> = Vec::with_capacity(states.len());
        let mut merged: Vec<f64> = Vec::with_capacity(probabilities.len());
        for i in order {
            match merged.last_mut() {
                Some(last) if sorted.ends_with(row(i)) => *last += probabilities[i],
                _ => {
                    sorted.extend_from_slice(row(i));
                    merged.push(probabilities[i]);
                }
            }
        }
        Ok(Self::from_sorted(species.into(), Arc::new(sorted), merged, 0.0))
    }

    /// A law whose states are already distinct and sorted.
    pub(crate) fn from_sorted(
        species: Arc<[String]>,
        states: Arc<Vec<i64>>,
        probabilities: Vec<f64>,
        error_bound: f64,
    ) -> Self {
        Distribution { species, states, probabilities, error_bound, samples: None }
    }

    /// The law that is certain of one state, `[species]`.
    ///
    /// # Errors
    /// A state of the wrong length, no species.
    pub fn certain(species: &[String], state: &[i64]) -> Result<Self, StatsError> {
        Self::new(species, state.to_vec(), vec![1.0])
    }

    /// The relative frequencies of observed states `[samples x species]`, row-major.
    ///
    /// # Errors
    /// No samples, no species, or a length that is not a multiple of the number of species.
    pub fn from_samples(species: &[String], samples: &[i64]) -> Result<Self, StatsError> {
        if species.is_empty() {
            return Err(StatsError::NoSpecies);
        }
        let number = samples.len() / species.len();
        if number == 0 {
            return Err(StatsError::NoSamples);
        }
        Self::from_counts(species, samples.to_vec(), &vec![1; number])
    }

    /// The relative frequencies of a histogram: states `[states x species]`, row-major, and how often each was seen.
    ///
    /// # Errors
    /// As [`Distribution::from_samples`].
    pub fn from_counts(species: &[String], states: Vec<i64>, counts: &[u64]) -> Result<Self, StatsError> {
        let number: u64 = counts.iter().sum();
        if number == 0 {
            return Err(StatsError::NoSamples);
        }
        // Whole numbers add up without rounding; one division at the end keeps n / N exact to the last bit.
        let width = species.len();
        if width == 0 {
            return Err(StatsError::NoSpecies);
        }
        if states.len() != width * counts.len() {
            return Err(StatsError::Shape { states: counts.len(), species: width, found: states.len() });
        }
        let scale = 0.5f64.powi(64 - number.leading_zeros() as i32);
        let weights = counts.iter().map(|&n| n as f64 * scale).collect();
        let mut law = Self::new(species, states, weights)?;
        law.probabilities.iter_mut().for_each(|p| *p = (*p / scale) / number as f64);
        law.samples = Some(number);
        Ok(law)
    }

    /// The same law with another bound on its error.
    pub fn with_error_bound(mut self, bound: f64) -> Self {
        self.error_bound = bound;
        self
    }

    /// Names of the species, in the order of the coordinates of a state.
    pub fn species(&self) -> &[String] {
        &self.species
    }

    /// Number of states stored.
    pub fn len(&self) -> usize {
        self.probabilities.len()
    }

    /// Whether no state is stored.
    pub fn is_empty(&self) -> bool {
        self.probabilities.is_empty()
    }

    /// The states, `[states x species]`, row-major, in lexicographic order.
    pub fn states(&self) -> &[i64] {
        &self.states
    }

    /// The probabilities, `[states]`.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The states and their probabilities, in lexicographic order.
    pub fn iter(&self) -> impl Iterator<Item = (&[i64], f64)> {
        self.states.chunks_exact(self.species.len()).zip(self.probabilities.iter().copied())
    }

    /// The 1-norm distance to the exact law is at most this; zero for a law given as exact and for histograms.
    pub fn error_bound(&self) -> f64 {
        self.error_bound
    }

    /// How many samples the law is the histogram of; `None` if it was computed.
    pub fn samples(&self) -> Option<u64> {
        self.samples
    }

    /// Sum of all probabilities stored.
    pub fn total(&self) -> f64 {
        self.probabilities.iter().sum()
    }

    /// The probability of one state, `[species]`; zero if it is not stored.
    pub fn probability(&self, state: &[i64]) -> f64 {
        self.position(state).map_or(0.0, |i| self.probabilities[i])
    }

    fn position(&self, state: &[i64]) -> Option<usize> {
        let width = self.species.len();
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.states[middle * width..(middle + 1) * width].cmp(state) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    fn species_named(&self, name: &str) -> Result<usize, StatsError> {
        self.species
            .iter()
            .position(|s| s == name)
            .ok_or_else(|| StatsError::UnknownSpecies { name: name.to_owned(), known: self.species.to_vec() })
    }

    /// The joint law of some of the species, in the order named. Its error bound is that of the whole.
    ///
    /// # Errors
    /// A name that is not among the species, no name.
    pub fn marginal(&self, species: &[&str]) -> Result<Distribution, StatsError> {
        let columns = species.iter().map(|name| self.species_named(name)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = species.iter().map(|&name| name.to_owned()).collect();
        let mut states = Vec::with_capacity(self.len() * columns.len());
        for (state, _) in self.iter() {
            states.extend(columns.iter().map(|&c| state[c]));
        }
        let mut law = Self::new(&names, states, self.probabilities.clone())?;
        law.error_bound = self.error_bound;
        law.samples = self.samples;
        Ok(law)
    }

    /// The joint law of two species as a dense table that just holds all states of positive probability.
    ///
    /// # Errors
    /// A name that is not among the species, a law without any mass.
    pub fn joint(&self, species: [&str; 2]) -> Result<JointTable, StatsError> {
        let law = self.marginal(&species)?;
        let mut low = [i64::MAX; 2];
        let mut high = [i64::MIN; 2];
        for (state, _) in law.iter().filter(|(_, p)| *p > 0.0) {
            for d in 0..2 {
                low[d] = low[d].min(state[d]);
                high[d] = high[d].max(state[d]);
            }
        }
        if low[0] > high[0] {
            return Err(StatsError::NoMass);
        }
        let shape = [0, 1].map(|d| (high[d] - low[d] + 1) as usize);
        let mut values = vec![0.0; shape[0] * shape[1]];
        for (state, p) in law.iter().filter(|(_, p)| *p > 0.0) {
            values[(state[0] - low[0]) as usize * shape[1] + (state[1] - low[1]) as usize] = p;
        }
        Ok(JointTable { species: species.map(str::to_owned), offsets: low, shape, values })
    }

    /// Means, `[species]`, of the law normalised to one.
    pub fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.species.len()];
        for (state, p) in self.iter() {
            mean.iter_mut().zip(state).for_each(|(m, &n)| *m += p * n as f64);
        }
        let total = self.total();
        mean.iter_mut().for_each(|m| *m /= total);
        mean
    }

    /// Covariances, `[species x species]`, row-major, of the law normalised to one.
    pub fn covariance(&self) -> Vec<f64> {
        let width = self.species.len();
        let mean = self.mean();
        let mut covariance = vec![0.0; width * width];
        for (state, p) in self.iter() {
            for a in 0..width {
                let weighted = p * (state[a] as f64 - mean[a]);
                for b in 0..width {
                    covariance[a * width + b] += weighted * (state[b] as f64 - mean[b]);
                }
            }
        }
        let total = self.total();
        covariance.iter_mut().for_each(|c| *c /= total);
        covariance
    }

    /// Means (order 1) and central moments (higher orders) of the law normalised to one, in the order of
    /// [`MomentIndex::up_to`].
    pub fn moments(&self, order: u32) -> Vec<f64> {
        let width = self.species.len();
        let indices = MomentIndex::up_to(width, order);
        let mean = self.mean();
        let stride = order as usize + 1;
        let mut powers = vec![1.0; width * stride];
        let mut values = vec![0.0; indices.len()];
        for (state, p) in self.iter().filter(|(_, p)| *p > 0.0) {
            for s in 0..width {
                let deviation = state[s] as f64 - mean[s];
                for e in 1..stride {
                    powers[s * stride + e] = powers[s * stride + e - 1] * deviation;
                }
            }
            for (value, index) in values.iter_mut().zip(&indices) {
                *value +=
                    p * index.0.iter().enumerate().map(|(s, &e)| powers[s * stride + e as usize]).product::<f64>();
            }
        }
        let total = self.total();
        values.iter_mut().for_each(|v| *v /= total);
        if order > 0 {
            values[..width].copy_from_slice(&mean);
        }
        values
    }

    /// The moments up to `order` of a law that changes with time.
    ///
    /// # Errors
    /// As many times as laws are needed, at least one, all over the same species.
    pub fn moment_series(times: &[f64], laws: &[Distribution], order: u32) -> Result<MomentSeries, StatsError> {
        let first = laws.first().ok_or(StatsError::NoSamples)?;
        if times.len() != laws.len() {
            return Err(StatsError::Times { times: times.len(), laws: laws.len() });
        }
        for law in laws {
            same_species(first, law)?;
        }
        Ok(MomentSeries {
            species: first.species.to_vec(),
            times: times.to_vec(),
            indices: MomentIndex::up_to(first.species.len(), order),
            values: laws.iter().flat_map(|law| law.moments(order)).collect(),
            trajectories: first.samples,
            covariance: None,
            covariance_moments: 0,
        })
    }
}

/// Refuses two laws over different species.
pub(crate) fn same_species(p: &Distribution, q: &Distribution) -> Result<(), StatsError> {
    if p.species != q.species {
        return Err(StatsError::DifferentSpecies { left: p.species.to_vec(), right: q.species.to_vec() });
    }
    Ok(())
}

/// Every state stored in either law, with its probability in each (zero where it is not stored), in order.
pub(crate) fn paired<'a>(p: &'a Distribution, q: &'a Distribution) -> impl Iterator<Item = (f64, f64)> + 'a {
    let (mut i, mut j) = (0, 0);
    let width = p.species.len();
    std::iter::from_fn(move || {
        let left = (i < p.len()).then(|| &p.states[i * width..(i + 1) * width]);
        let right = (j < q.len()).then(|| &q.states[j * width..(j + 1) * width]);
        let order = match (left, right) {
            (None, None) => return None,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        let mut pair = (0.0, 0.0);
        if order.is_le() {
            pair.0 = p.probabilities[i];
            i += 1;
        }
        if order.is_ge() {
            pair.1 = q.probabilities[j];
            j += 1;
        }
        Some(pair)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&s| s.to_owned()).collect()
    }

    fn law() -> Distribution {
        Distribution::new(&names(&["A", "B"]), vec![1, 5, 0, 2, 1, 5, 3, 2], vec![0.25, 0.5, 0.125, 0.125]).unwrap()
    }

    #[test]
    fn states_are_sorted_and_equal_ones_added() {
        let law = law();
        assert_eq!(law.states(), &[0, 2, 1, 5, 3, 2]);
        assert_eq!(law.probabilities(), &[0.5, 0.375, 0.125]);
        assert_eq!(law.probability(&[1, 5]), 0.375);
        assert_eq!(law.probability(&[1, 4]), 0.0);
    }

    #[test]
    fn marginals_and_tables_agree_with_the_joint_law() {
        let law = law();
        let b = law.marginal(&["B"]).unwrap();
        assert_eq!(b.states(), &[2, 5]);
        assert_eq!(b.probabilities(), &[0.625, 0.375]);
        let table = law.joint(["B", "A"]).unwrap();
        assert_eq!((table.offsets, table.shape), ([2, 0], [4, 4]));
        assert_eq!(table.values[3 * 4 + 1], 0.375);
        assert_eq!(table.values.iter().sum::<f64>(), 1.0);
        assert!(matches!(law.marginal(&["C"]), Err(StatsError::UnknownSpecies { name, .. }) if name == "C"));
    }

    #[test]
    fn moments_agree_with_sums_by_hand() {
        // A is 0, 1, 3 with 1/2, 3/8, 1/8: mean 3/4, variance 3/8 + 9/8 - 9/16 = 15/16.
        let law = law();
        assert_eq!(law.mean(), [0.75, 2.0 * 0.625 + 5.0 * 0.375]);
        assert!((law.covariance()[0] - 15.0 / 16.0).abs() < 1e-15);
        let moments = law.moments(4);
        let indices = MomentIndex::up_to(2, 4);
        for (index, value) in indices.iter().zip(&moments).skip(2) {
            let by_hand: f64 = law
                .iter()
                .map(|(n, p)| {
                    (0..2).map(|s| (n[s] as f64 - law.mean()[s]).powi(i32::from(index.0[s]))).product::<f64>() * p
                })
                .sum();
            assert!((value - by_hand).abs() < 1e-13, "{index:?}: {value} {by_hand}");
        }
    }

    #[test]
    fn samples_become_frequencies() {
        let law = Distribution::from_samples(&names(&["X"]), &[3, 1, 3, 3, 2, 1]).unwrap();
        assert_eq!(law.states(), &[1, 2, 3]);
        assert_eq!(law.probabilities(), &[2.0 / 6.0, 1.0 / 6.0, 3.0 / 6.0]);
        assert_eq!(law.samples(), Some(6));
    }

    #[test]
    fn what_is_no_law_is_refused() {
        let x = names(&["X"]);
        assert!(matches!(Distribution::new(&x, vec![1, 2], vec![1.0]), Err(StatsError::Shape { .. })));
        assert!(matches!(Distribution::new(&x, vec![1], vec![-0.1]), Err(StatsError::BadProbability { .. })));
        assert!(matches!(Distribution::new(&x, vec![1], vec![f64::NAN]), Err(StatsError::BadProbability { .. })));
        assert!(matches!(Distribution::new(&x, vec![1, 2], vec![0.9, 0.2]), Err(StatsError::TooMuchMass { .. })));
        assert!(matches!(Distribution::from_samples(&x, &[]), Err(StatsError::NoSamples)));
    }
}
