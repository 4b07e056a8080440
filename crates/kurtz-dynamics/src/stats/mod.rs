//! Laws over counts and how far they are apart; how far oscillations reach, and their peaks and periods.

pub mod chi_square;
pub mod distance;
pub mod distribution;
pub mod oscillation_range;
pub mod sampling_floor;
pub mod spikes;

pub use chi_square::{ChiSquare, ChiSquareSettings, chi_square, chi_square_two_samples};
pub use distance::{Divergence, Interval, hellinger, kullback_leibler, total_variation};
pub use distribution::{Distribution, JointTable};
pub use oscillation_range::{OscillationRange, PublishedRange};
pub use sampling_floor::sampling_floor;
pub use spikes::{SpikeSettings, Spikes};

/// Why a law or a comparison of laws could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A law over nothing.
    #[error("a law needs at least one species")]
    NoSpecies,
    /// Nothing was observed.
    #[error("there are no samples; give at least one")]
    NoSamples,
    /// All probabilities are zero.
    #[error("the law has no mass anywhere")]
    NoMass,
    /// Lengths that do not fit.
    #[error("{states} states of {species} species need {} counts, found {found}", states * species)]
    Shape {
        /// Number of states.
        states: usize,
        /// Number of species.
        species: usize,
        /// Number of counts found.
        found: usize,
    },
    /// Numbers of times and of laws that differ.
    #[error("there are {times} times for {laws} laws; each law needs its time")]
    Times {
        /// Number of times.
        times: usize,
        /// Number of laws.
        laws: usize,
    },
    /// Too few trajectories to know a standard deviation, or none recorded.
    #[error("a range needs at least two trajectories with recorded values, found {found}")]
    TooFewTrajectories {
        /// Number of trajectories.
        found: usize,
    },
    /// Values that do not fill the trajectories.
    #[error("{values} values do not make {trajectories} trajectories of equal length")]
    Ragged {
        /// Number of values.
        values: usize,
        /// Number of trajectories.
        trajectories: usize,
    },
    /// A trace that cannot be searched for peaks.
    #[error("a trace needs as many finite values as times, increasing times, and a prominence of at least 0")]
    BadTrace,
    /// A probability below zero or not a number.
    #[error("the probability of state {state:?} is {value}; it must be a finite number >= 0")]
    BadProbability {
        /// The state.
        state: Vec<i64>,
        /// The value found.
        value: f64,
    },
    /// Probabilities that sum to more than one.
    #[error("the probabilities sum to {total}; they must not exceed 1")]
    TooMuchMass {
        /// The sum.
        total: f64,
    },
    /// A name that is not among the species.
    #[error("there is no species `{name}` in this law; it has {}", known.join(", "))]
    UnknownSpecies {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Laws over different species cannot be compared.
    #[error("one law is over {}, the other over {}; take marginals over the same species in the same order", left.join(", "), right.join(", "))]
    DifferentSpecies {
        /// Species of the first law.
        left: Vec<String>,
        /// Species of the second law.
        right: Vec<String>,
    },
    /// A test that needs samples was given a computed law.
    #[error("the {which} law was computed, not sampled; a chi-square test needs the number of samples")]
    NotSampled {
        /// `first` or `second`.
        which: &'static str,
    },
    /// Too few bins are left after pooling.
    #[error(
        "{bins} bins with an expected count of at least {minimum_expected} do not suffice for a test with {fitted} fitted parameters; sample more"
    )]
    TooFewBins {
        /// Bins left.
        bins: usize,
        /// The expected count each bin must reach.
        minimum_expected: f64,
        /// Parameters fitted to the same samples.
        fitted: usize,
    },
}
