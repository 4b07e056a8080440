//! Why moment equations could not be had.

/// Why moment equations could not be derived, closed or evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MomentsError {
    /// Order 0 was asked for, or one beyond [`crate::moments::symbol::MAX_ORDER`].
    #[error("moments of order {order} cannot be derived; choose an order from 1 to {largest}")]
    Order {
        /// The order asked for.
        order: u32,
        /// The largest there is.
        largest: u32,
    },
    /// A rate law that is no polynomial in the counts.
    #[error(
        "the rate of reaction `{reaction}`, {law}, is not a polynomial in the numbers of molecules, so its moment \
         equations do not exist in closed form; use stochastic simulation, the master equation (finite state \
         projection) or, for large volumes, the mass-action equations"
    )]
    NotPolynomial {
        /// Name of the reaction.
        reaction: String,
        /// Its rate law, in words or symbols.
        law: String,
    },
    /// A rate law of too high a degree.
    #[error("the rate of reaction `{reaction}` has degree {degree}; moment equations are derived up to {largest}")]
    Degree {
        /// Name of the reaction.
        reaction: String,
        /// Degree in the numbers of molecules.
        degree: u32,
        /// The largest there is.
        largest: u32,
    },
    /// Too many moments.
    #[error("{species} species have {moments} moments up to order {order}, more than {largest}; choose a lower order")]
    Size {
        /// Number of species.
        species: usize,
        /// The order asked for.
        order: u32,
        /// Number of moments.
        moments: f64,
        /// The largest number.
        largest: usize,
    },
    /// Moment equations and a [`kurtz_model::Kinetics`] of different networks.
    #[error(
        "the kinetics have {found} {part}, the network of the moment equations {expected}; derive the equations \
             from the network of the kinetics"
    )]
    OtherNetwork {
        /// Species, reactions or parameters.
        part: &'static str,
        /// How many the equations' network has.
        expected: usize,
        /// How many the kinetics have.
        found: usize,
    },
    /// Equations that call for moments that are neither given nor closed.
    #[error(
        "the moment equations of order {order} of {what} need the higher moments {}; give a closure, or moments up to \
         order {needed}", names.join(", ")
    )]
    NotClosed {
        /// The order of the equations.
        order: u32,
        /// Whose equations, in words.
        what: String,
        /// The moments that are missing.
        names: Vec<String>,
        /// The highest order among them.
        needed: u32,
    },
    /// A list of another length than the species, reactions or moments ask for.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which list, in words.
        what: String,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A number out of its range.
    #[error("{what} is {value}; {expected}")]
    BadValue {
        /// Which value, in words.
        what: String,
        /// The value found.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
}
