//! What distinguishes the methods that leap.

/// How one of them goes about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub name: &'static str,
    /// Bound on the relative change of propensities in a leap.
    pub epsilon: f64,
    pub noise: Noise,
    pub exact: Exactness,
    pub scheme: Scheme,
    pub stiff: Option<Stiffness>,
    /// Leaps after which a trajectory is given up.
    pub max_leaps: u64,
}

/// The law of the number of events in a time of constant rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    /// Whole numbers.
    Poisson,
    /// Real numbers of the same mean and variance.
    Gaussian,
}

/// Which reactions happen one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Exactness {
    /// None.
    Never,
    /// Those that fewer events than this would use up the reactants of.
    Critical(f64),
    /// Those that need or change a species of which there are fewer than this.
    Small(f64),
}

/// How rates within a leap follow the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// They stay as they are at its start: order 1.
    Euler,
    /// In the second half they are 2 a(y) - a(x), with y the state in the middle: order 2 in law.
    #[default]
    Trapezoidal,
}

/// When and how leaps are implicit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stiffness {
    /// A reversible pair is in partial equilibrium if its propensities differ by at most this fraction.
    pub equilibrium: f64,
    /// Leaps are implicit where they can be this many times longer.
    pub gain: f64,
}

/// Events of one exact stretch, and events in a leap below which a stretch is taken instead (Cao et al. 2006).
pub(super) const BURST: u64 = 100;
pub(super) const WORTHWHILE: f64 = 10.0;
