//! The symbols of moment equations.

use crate::moment_series::MomentIndex;
use kurtz_model::polynomial::Polynomial;
use kurtz_model::{CompartmentId, ParameterId, SpeciesId};
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};

/// The highest order of moments whose equations we derive.
pub const MAX_ORDER: u32 = 8;

/// The highest degree of a rate law, in the counts, whose moment equations we derive.
pub const MAX_DEGREE: i32 = 12;

/// The largest number of moments whose equations we derive.
pub const MAX_MOMENTS: usize = 20_000;

/// Raw moments ⟨n^a⟩, or central moments ⟨(n - ⟨n⟩)^a⟩; the moments of order 1 are the means in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// ⟨n^a⟩.
    Raw,
    /// Means, and ⟨(n - ⟨n⟩)^a⟩ from order 2.
    Central,
}

/// What the polynomials of moment equations are made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MomentSymbol {
    /// A parameter of the network.
    Parameter(ParameterId),
    /// The size of a compartment.
    Compartment(CompartmentId),
    /// The number of molecules of a clamped species.
    Clamped(SpeciesId),
    /// A sub-expression free of fluctuating species that is no polynomial, or time, by its position in
    /// [`crate::moments::MomentHierarchy::constants`].
    Constant(u32),
    /// A raw moment; of order 1, a mean.
    Raw(MomentIndex),
    /// A central moment of order 2 or more.
    Central(MomentIndex),
}

/// A polynomial in parameters, compartment sizes and moments.
pub type MomentPolynomial = Polynomial<MomentSymbol>;

impl MomentSymbol {
    /// The moment of this index in a form; the mean if its order is 1.
    pub fn moment(index: MomentIndex, form: Form) -> Self {
        match form {
            Form::Central if index.order() > 1 => MomentSymbol::Central(index),
            _ => MomentSymbol::Raw(index),
        }
    }

    /// The mean of a species, by its position in the indices.
    pub fn mean(species: usize, species_count: usize) -> Self {
        MomentSymbol::Raw(unit_index(species, species_count))
    }

    /// The index, if this is a moment.
    pub fn index(&self) -> Option<&MomentIndex> {
        match self {
            MomentSymbol::Raw(index) | MomentSymbol::Central(index) => Some(index),
            _ => None,
        }
    }

    fn key(&self) -> (u8, u32, Option<Reverse<&[u8]>>, u8) {
        match self {
            MomentSymbol::Parameter(p) => (0, p.0, None, 0),
            MomentSymbol::Constant(c) => (1, *c, None, 0),
            MomentSymbol::Compartment(c) => (2, c.0, None, 0),
            MomentSymbol::Clamped(s) => (3, s.0, None, 0),
            MomentSymbol::Raw(i) => (4, i.order(), Some(Reverse(&i.0)), 0),
            MomentSymbol::Central(i) => (4, i.order(), Some(Reverse(&i.0)), 1),
        }
    }
}

/// Constants first, then moments in the order of [`MomentIndex::up_to`].
impl Ord for MomentSymbol {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for MomentSymbol {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The index of the mean of a species.
pub(crate) fn unit_index(species: usize, species_count: usize) -> MomentIndex {
    let mut powers = vec![0; species_count];
    powers[species] = 1;
    MomentIndex(powers)
}

/// All indices `d` with 0 <= d <= `index` in each species, with the product of binomials C(index, d).
pub(crate) fn below(index: &MomentIndex) -> Vec<(MomentIndex, i64)> {
    let mut all = vec![(Vec::with_capacity(index.0.len()), 1_i64)];
    for &power in &index.0 {
        let mut next = Vec::with_capacity(all.len() * (usize::from(power) + 1));
        for (head, factor) in all {
            let mut binomial = 1_i64;
            for d in 0..=power {
                let mut powers = head.clone();
                powers.push(d);
                next.push((powers, factor * binomial));
                binomial = binomial * i64::from(power - d) / i64::from(d + 1);
            }
        }
        all = next;
    }
    all.into_iter().map(|(powers, factor)| (MomentIndex(powers), factor)).collect()
}
