//! Networks of any size and any rate laws: after an event only the propensities that depend on it are renewed.
//!
//! The dependency graph is that of Gibson & Bruck (2000, doi:10.1021/jp993732q); how sums of propensities are kept is up
//! to the method ([`Sums`]).

use super::propensities::Propensities;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};

/// Propensities, and their sum in the form that a method needs.
pub(super) trait Sums: Send {
    /// `count` zeros.
    fn new(count: usize) -> Self;
    /// The propensities; one that is bad is NaN.
    fn values(&self) -> &[f64];
    /// Forgets in which order things happened, before every number is put anew.
    fn clear(&mut self) {}
    /// Changes number `i`.
    fn put(&mut self, i: usize, value: f64);
    /// The sum; NaN if one is bad.
    fn total(&self) -> f64;
}

/// Propensities whose sum is seldom asked for.
#[derive(Clone, Debug)]
pub(super) struct Unsummed(Vec<f64>);

impl Sums for Unsummed {
    fn new(count: usize) -> Self {
        Unsummed(vec![0.0; count])
    }

    fn values(&self) -> &[f64] {
        &self.0
    }

    fn put(&mut self, i: usize, value: f64) {
        self.0[i] = value;
    }

    fn total(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// How the propensity of one reaction is computed.
#[derive(Clone, Debug)]
pub(super) enum Kernel {
    Constant(f64),
    First(f64, usize),
    Second(f64, usize, usize, f64),
    Product(f64, Box<[(usize, f64)]>),
    General(ReactionId),
}

/// The state of a network, its propensities and their sums.
#[derive(Clone, Debug)]
pub(super) struct Sparse<T> {
    kinetics: Kinetics,
    kernels: Vec<Kernel>,
    /// Net changes in flat form: (species, change) of reaction j at `change_start[j]..change_start[j + 1]`.
    changes: Vec<(u32, f64)>,
    change_start: Vec<u32>,
    /// Reactions to be renewed after reaction j, at `dependent_start[j]..dependent_start[j + 1]`.
    dependents: Vec<u32>,
    dependent_start: Vec<u32>,
    /// Whether the reaction could take what is not there.
    is_guarded: Vec<bool>,
    state: Vec<f64>,
    /// The propensities, `[reactions]`; one that is negative, or not a number, or of a state that cannot be, is NaN.
    pub(super) sums: T,
}

impl<T: Sums> Sparse<T> {
    /// The network in this form.
    pub fn new(kinetics: &Kinetics) -> Self {
        let reactions = kinetics.network().reactions.len();
        let kernels: Vec<Kernel> = (0..reactions).map(|j| Kernel::of(kinetics, ReactionId::from(j))).collect();
        let (mut changes, mut change_start) = (Vec::new(), vec![0]);
        let (mut dependents, mut dependent_start) = (Vec::new(), vec![0]);
        let mut is_guarded = Vec::with_capacity(reactions);
        for (j, kernel) in kernels.iter().enumerate() {
            let id = ReactionId::from(j);
            let change = kinetics.state_change(id);
            changes.extend(change.iter().map(|&(s, n)| (s.0, n as f64)));
            change_start.push(changes.len() as u32);
            dependents.extend(kinetics.dependents(id).iter().map(|d| d.0));
            dependent_start.push(dependents.len() as u32);
            is_guarded.push(matches!(kernel, Kernel::General(_)) && change.iter().any(|&(_, n)| n < 0));
        }
        Sparse {
            kinetics: kinetics.clone(),
            kernels,
            changes,
            change_start,
            dependents,
            dependent_start,
            is_guarded,
            state: vec![0.0; kinetics.network().species.len()],
            sums: T::new(reactions),
        }
    }

    /// The reactions that are renewed after this one.
    pub fn dependents(&self, reaction: usize) -> &[u32] {
        &self.dependents[self.dependent_start[reaction] as usize..self.dependent_start[reaction + 1] as usize]
    }

    fn compute(&self, reaction: usize) -> f64 {
        self.kernels[reaction].propensity(&self.kinetics, &self.state)
    }

    fn renew(&mut self, reaction: usize) {
        let a = self.compute(reaction);
        if a.to_bits() != self.sums.values()[reaction].to_bits() {
            self.sums.put(reaction, a);
        }
    }
}

impl Kernel {
    /// The propensity in the state `x`, NaN if it cannot be one.
    #[inline]
    pub fn propensity(&self, kinetics: &Kinetics, x: &[f64]) -> f64 {
        match self {
            Kernel::Constant(c) => *c,
            Kernel::First(c, s) => c * x[*s],
            Kernel::Second(c, s, t, offset) => c * x[*s] * (x[*t] - offset),
            Kernel::Product(c, factors) => factors.iter().fold(*c, |a, &(s, offset)| a * (x[s] - offset)),
            Kernel::General(id) => {
                let a = kinetics.propensity(*id, f64::NAN, x);
                if a >= 0.0 { a } else { f64::NAN }
            }
        }
    }

    /// Whether it is mass action, which never falls as counts rise.
    pub fn is_mass_action(&self) -> bool {
        !matches!(self, Kernel::General(_))
    }

    pub fn of(kinetics: &Kinetics, reaction: ReactionId) -> Self {
        let table = kinetics.mass_action();
        let Ok(i) = table.reactions.binary_search(&reaction) else {
            return Kernel::General(reaction);
        };
        let constant = table.constants[i];
        let factors = table.reactants_of(i).iter();
        let factors: Vec<(usize, f64)> =
            factors.flat_map(|&(s, order)| (0..order).map(move |used| (s.index(), f64::from(used)))).collect();
        match factors[..] {
            [] => Kernel::Constant(constant),
            [(s, _)] => Kernel::First(constant, s),
            [(s, _), (t, offset)] => Kernel::Second(constant, s, t, offset),
            _ => Kernel::Product(constant, factors.into()),
        }
    }
}

impl<T: Sums> Propensities for Sparse<T> {
    fn species(&self) -> usize {
        self.state.len()
    }

    fn load(&mut self, counts: &[i64]) {
        self.state.iter_mut().zip(counts).for_each(|(x, &n)| *x = n as f64);
        self.sums.clear();
        for j in 0..self.kernels.len() {
            let a = self.compute(j);
            self.sums.put(j, a);
        }
    }

    fn fire(&mut self, reaction: usize) {
        let range = |start: &[u32]| start[reaction] as usize..start[reaction + 1] as usize;
        let mut lowest = 0.0f64;
        for k in range(&self.change_start) {
            let (s, change) = self.changes[k];
            let x = &mut self.state[s as usize];
            *x += change;
            lowest = lowest.min(*x);
        }
        if lowest < 0.0 && self.is_guarded[reaction] {
            // Found by whoever draws the next event.
            self.sums.put(reaction, f64::NAN);
            return;
        }
        for k in range(&self.dependent_start) {
            self.renew(self.dependents[k] as usize);
        }
    }

    fn state(&self) -> &[f64] {
        &self.state
    }

    fn total(&self) -> f64 {
        self.sums.total()
    }

    fn bad_propensity(&self) -> Option<(ReactionId, f64)> {
        let j = self.sums.values().iter().position(|a| !(0.0..f64::INFINITY).contains(a))?;
        let id = ReactionId::from(j);
        Some((id, self.kinetics.propensity(id, f64::NAN, &self.state)))
    }

    fn negative(&self) -> Option<SpeciesId> {
        self.state.iter().position(|&x| x < 0.0).map(SpeciesId::from)
    }

    fn change(&self, reaction: usize) -> Vec<(SpeciesId, i64)> {
        self.kinetics.state_change(ReactionId::from(reaction)).to_vec()
    }
}
