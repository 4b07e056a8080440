//! Networks of any size and any rate laws: after an event only the propensities that depend on it are renewed.
//!
//! The dependency graph is that of Gibson & Bruck (2000, doi:10.1021/jp993732q); sums are kept in a [`SumTree`].

use super::propensities::Propensities;
use super::sum_tree::SumTree;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};

/// How the propensity of one reaction is computed.
#[derive(Clone, Debug)]
enum Kernel {
    Constant(f64),
    First(f64, usize),
    Second(f64, usize, usize, f64),
    Product(f64, Box<[(usize, f64)]>),
    General(ReactionId),
}

/// The state of a network, its propensities and their sums.
#[derive(Clone, Debug)]
pub(super) struct Sparse {
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
    sums: SumTree,
}

impl Sparse {
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
            sums: SumTree::new(reactions),
        }
    }

    /// The propensities, `[reactions]`; one that is negative, or not a number, or of a state that cannot be, is NaN.
    pub fn propensities(&self) -> &[f64] {
        self.sums.values()
    }

    /// The reaction in which a point `target` of the line from 0 to [`Propensities::total`] falls.
    pub fn choose(&self, target: f64) -> usize {
        self.sums.choose(target)
    }

    fn compute(&self, reaction: usize) -> f64 {
        let x = &self.state;
        match &self.kernels[reaction] {
            Kernel::Constant(c) => *c,
            Kernel::First(c, s) => c * x[*s],
            Kernel::Second(c, s, t, offset) => c * x[*s] * (x[*t] - offset),
            Kernel::Product(c, factors) => factors.iter().fold(*c, |a, &(s, offset)| a * (x[s] - offset)),
            Kernel::General(id) => {
                let a = self.kinetics.propensity(*id, f64::NAN, x);
                if a >= 0.0 { a } else { f64::NAN }
            }
        }
    }

    fn renew(&mut self, reaction: usize) {
        let a = self.compute(reaction);
        if a.to_bits() != self.sums.values()[reaction].to_bits() {
            self.sums.put(reaction, a);
        }
    }
}

impl Kernel {
    fn of(kinetics: &Kinetics, reaction: ReactionId) -> Self {
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

impl Propensities for Sparse {
    fn species(&self) -> usize {
        self.state.len()
    }

    fn load(&mut self, counts: &[i64]) {
        self.state.iter_mut().zip(counts).for_each(|(x, &n)| *x = n as f64);
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

    fn copy_counts(&self, counts: &mut [i64]) {
        counts.iter_mut().zip(&self.state).for_each(|(n, &x)| *n = x as i64);
    }

    fn copy_values(&self, values: &mut [f64]) {
        values.copy_from_slice(&self.state);
    }

    fn for_each_count(&self, visit: &mut dyn FnMut(SpeciesId, f64)) {
        self.state.iter().enumerate().for_each(|(s, &x)| visit(SpeciesId::from(s), x));
    }

    fn total(&self) -> f64 {
        self.sums.total()
    }

    fn bad_propensity(&self) -> Option<(ReactionId, f64)> {
        let j = self.propensities().iter().position(|a| !(0.0..f64::INFINITY).contains(a))?;
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
