//! Networks of any size and any rate laws: after an event only the propensities that depend on it are renewed.
//!
//! The dependency graph is that of Gibson & Bruck (2000, doi:10.1021/jp993732q). Sums of propensities form a tree of
//! fan-out 8 in which every inner node is the sum of its children, always computed in the same order from the
//! children themselves: nothing drifts however long a trajectory is, and choosing a reaction costs O(log M).

use super::propensities::Propensities;
use kurtz_model::{Kinetics, ReactionId, SpeciesId};

const FAN: usize = 8;

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
    /// `levels[0]` are the propensities, `levels[l][i]` the sum of `levels[l - 1][8 i .. 8 i + 8]`; padded with 0.
    levels: Vec<Vec<f64>>,
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
        let mut levels = vec![vec![0.0; reactions.next_multiple_of(FAN).max(FAN)]];
        while levels[levels.len() - 1].len() > FAN {
            let above = levels[levels.len() - 1].len() / FAN;
            levels.push(vec![0.0; above.next_multiple_of(FAN)]);
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
            levels,
        }
    }

    /// The propensities, `[reactions]`; one that is negative, or not a number, or of a state that cannot be, is NaN.
    pub fn propensities(&self) -> &[f64] {
        &self.levels[0][..self.kernels.len()]
    }

    /// The reaction in which a point `target` of the line from 0 to [`Propensities::total`] falls.
    pub fn choose(&self, mut target: f64) -> usize {
        let mut node = 0;
        for level in self.levels.iter().rev() {
            let children = &level[node * FAN..][..FAN];
            // The last child with a positive sum, should rounding lead beyond it.
            let mut last = 0;
            let mut chosen = None;
            for (i, &a) in children.iter().enumerate() {
                if a > 0.0 {
                    last = i;
                    if target < a {
                        chosen = Some(i);
                        break;
                    }
                    target -= a;
                }
            }
            let chosen = chosen.unwrap_or_else(|| {
                target = children[last];
                last
            });
            node = node * FAN + chosen;
        }
        node
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
        if a.to_bits() != self.levels[0][reaction].to_bits() {
            self.put(reaction, a);
        }
    }

    fn put(&mut self, reaction: usize, propensity: f64) {
        self.levels[0][reaction] = propensity;
        let mut i = reaction / FAN;
        for l in 1..self.levels.len() {
            let (below, level) = self.levels.split_at_mut(l);
            level[0][i] = sum(&below[l - 1][i * FAN..][..FAN]);
            i /= FAN;
        }
    }
}

/// The sum of eight numbers, in an order that needs few steps.
#[inline(always)]
fn sum(a: &[f64]) -> f64 {
    ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]))
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
            self.put(j, a);
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
            self.put(reaction, f64::NAN);
            return;
        }
        for k in range(&self.dependent_start) {
            self.renew(self.dependents[k] as usize);
        }
    }

    fn copy_counts(&self, counts: &mut [i64]) {
        counts.iter_mut().zip(&self.state).for_each(|(n, &x)| *n = x as i64);
    }

    fn for_each_count(&self, visit: &mut dyn FnMut(SpeciesId, f64)) {
        self.state.iter().enumerate().for_each(|(s, &x)| visit(SpeciesId::from(s), x));
    }

    fn total(&self) -> f64 {
        sum(&self.levels[self.levels.len() - 1])
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
