//! A network as leaps see it: propensities, changes, and how sensitive propensities are to each species.

use crate::mass_action::compile;
use crate::method::Stop;
use kurtz_model::expression::Program;
use kurtz_model::{Kinetics, ReactionId, Symbol};

/// Everything about a network that does not change while it runs.
#[derive(Debug)]
pub(super) struct Network {
    pub kinetics: Kinetics,
    pub species: usize,
    pub reactions: usize,
    /// (species, change) of reaction j at `change_start[j]..change_start[j + 1]`.
    changes: Vec<(u32, f64)>,
    change_start: Vec<u32>,
    /// Molecules that reaction j needs: (species, order), for mass action; what it takes, for other laws.
    needs: Vec<Vec<(usize, f64)>>,
    /// How propensities bend with each species.
    bends: Vec<Vec<Bend>>,
    /// The reaction that undoes each, if there is one.
    pub reverse: Vec<Option<usize>>,
    /// The derivatives that are not 0: reaction, species.
    pub slopes: Vec<(u32, u32)>,
    gradient: Program,
    registers: Vec<f64>,
    /// Whether some law is none of mass action.
    has_general: bool,
}

/// A way in which propensities of one form depend on a species: by at most `factor` sum_(k < order) x / (x - k) times its
/// relative change.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bend {
    factor: f64,
    order: u32,
}

/// Where derivatives are computed.
#[derive(Clone, Debug, Default)]
pub(super) struct Workspace {
    registers: Vec<f64>,
    /// Derivatives in the order of [`Network::slopes`].
    pub slopes: Vec<f64>,
}

impl Network {
    pub fn new(kinetics: &Kinetics) -> Self {
        let network = kinetics.network();
        let (species, reactions) = (network.species.len(), network.reactions.len());
        let (mut changes, mut change_start) = (Vec::new(), vec![0]);
        let mut needs = Vec::with_capacity(reactions);
        let mut bends: Vec<Vec<Bend>> = vec![Vec::new(); species];
        let (mut slopes, mut derivatives) = (Vec::new(), Vec::new());
        let table = kinetics.mass_action();
        for j in 0..reactions {
            let id = ReactionId::from(j);
            let change = kinetics.state_change(id);
            changes.extend(change.iter().map(|&(s, n)| (s.0, n as f64)));
            change_start.push(changes.len() as u32);
            let law = network.propensity_expression(id);
            for &s in kinetics.species_read_by(id) {
                slopes.push((j as u32, s.0));
                derivatives.push(law.derivative(Symbol::Species(s)));
            }
            if let Ok(i) = table.reactions.binary_search(&id) {
                let reactants = table.reactants_of(i);
                let total: u32 = reactants.iter().map(|&(_, nu)| nu).sum();
                for &(s, nu) in reactants {
                    bends[s.index()].push(Bend { factor: f64::from(total) / f64::from(nu), order: nu });
                }
                needs.push(reactants.iter().map(|&(s, nu)| (s.index(), f64::from(nu))).collect());
            } else {
                let reads = kinetics.species_read_by(id);
                for s in reads {
                    bends[s.index()].push(Bend { factor: reads.len() as f64, order: 1 });
                }
                let taken = change.iter().filter(|&&(_, n)| n < 0);
                needs.push(taken.map(|&(s, n)| (s.index(), -n as f64)).collect());
            }
        }
        for bends in &mut bends {
            bends.sort_by(|a, b| (a.order, a.factor).partial_cmp(&(b.order, b.factor)).expect("numbers"));
            // Of one order the largest factor alone counts.
            bends.dedup_by(|next, kept| {
                let same = next.order == kept.order;
                kept.factor = if same { kept.factor.max(next.factor) } else { kept.factor };
                same
            });
        }
        // A species that nothing changes needs no watch.
        let mut is_changed = vec![false; species];
        changes.iter().for_each(|&(s, _)| is_changed[s as usize] = true);
        bends.iter_mut().zip(&is_changed).filter(|(_, changed)| !**changed).for_each(|(b, _)| b.clear());
        let gradient = compile(kinetics, &derivatives);
        Network {
            reverse: reverses(kinetics),
            kinetics: kinetics.clone(),
            species,
            reactions,
            changes,
            change_start,
            needs,
            bends,
            slopes,
            registers: vec![0.0; gradient.register_count()],
            gradient,
            has_general: !kinetics.general_reactions().is_empty(),
        }
    }

    pub fn workspace(&self) -> Workspace {
        Workspace { registers: self.registers.clone(), slopes: vec![0.0; self.slopes.len()] }
    }

    /// Net change of the species in one event of reaction j.
    #[inline]
    pub fn change(&self, j: usize) -> &[(u32, f64)] {
        &self.changes[self.change_start[j] as usize..self.change_start[j + 1] as usize]
    }

    /// How often reaction j could happen, at most, before a reactant is used up; infinite if it uses none up.
    pub fn possible(&self, j: usize, state: &[f64]) -> f64 {
        let taken = self.change(j).iter().filter(|&&(_, n)| n < 0.0);
        taken.map(|&(s, n)| (state[s as usize] / -n).floor()).fold(f64::INFINITY, f64::min)
    }

    /// Whether the molecules that reaction j needs are there.
    pub fn is_possible(&self, j: usize, state: &[f64]) -> bool {
        self.needs[j].iter().all(|&(s, n)| state[s] >= n)
    }

    /// The smallest amount among what reaction j needs and what it changes.
    pub fn smallest(&self, j: usize, state: &[f64]) -> f64 {
        let changed = self.change(j).iter().map(|&(s, _)| state[s as usize]);
        changed.chain(self.needs[j].iter().map(|&(s, _)| state[s])).fold(f64::INFINITY, f64::min)
    }

    /// Adds `extent` events of reaction j.
    #[inline]
    pub fn add(&self, j: usize, extent: f64, state: &mut [f64]) {
        for &(s, n) in self.change(j) {
            state[s as usize] += n * extent;
        }
    }

    /// All propensities, `[reactions]`.
    ///
    /// Of amounts that are not whole, those that are negative (as n (n - 1) is for n < 1) count as 0.
    pub fn propensities(&self, time: f64, state: &[f64], is_whole: bool, out: &mut [f64]) -> Result<(), Stop> {
        self.kinetics.propensities_into(f64::NAN, state, out);
        for j in 0..out.len() {
            let a = out[j];
            if !(0.0..f64::INFINITY).contains(&a) {
                if a < 0.0 && !is_whole {
                    out[j] = 0.0;
                    continue;
                }
                let counts = state.iter().map(|&x| x as i64).collect();
                return Err(Stop::BadPropensity { time, reaction: ReactionId::from(j), propensity: a, counts });
            }
        }
        Ok(())
    }

    /// Derivatives of all propensities, into [`Workspace::slopes`].
    pub fn slopes_into(&self, state: &[f64], room: &mut Workspace) {
        let input = |i: usize| if i < state.len() { state[i] } else { f64::NAN };
        self.gradient.evaluate_from(input, &mut room.registers, &mut room.slopes);
    }

    /// One step of the power method for the Jacobian of the drift, from [`Network::slopes_into`]: replaces `vector` by J
    /// times it, normalised, and gives the factor by which its length grew, an estimate of the spectral radius.
    pub fn power_step(&self, room: &Workspace, vector: &mut [f64], image: &mut [f64]) -> f64 {
        image.fill(0.0);
        for (&(j, l), slope) in self.slopes.iter().zip(&room.slopes) {
            let by = slope * vector[l as usize];
            for &(i, v) in self.change(j as usize) {
                image[i as usize] += v * by;
            }
        }
        let length = image.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length > 0.0 && length.is_finite() {
            vector.iter_mut().zip(image.iter()).for_each(|(v, x)| *v = x / length);
        }
        length
    }

    /// The fastest rate at which a species relaxes by itself through reactions that are not marked.
    pub fn fastest_own(&self, room: &Workspace, is_marked: &[bool], sums: &mut [f64]) -> f64 {
        sums.fill(0.0);
        for (&(j, i), slope) in self.slopes.iter().zip(&room.slopes) {
            if !is_marked[j as usize] {
                let own = self.change(j as usize).iter().find(|(s, _)| *s == i);
                sums[i as usize] += own.map_or(0.0, |(_, n)| (n * slope).abs());
            }
        }
        sums.iter().copied().fold(0.0, f64::max)
    }

    /// By how much an event of each reaction lowers its own propensity, `[reactions]`, from [`Network::slopes_into`].
    pub fn relaxations(&self, room: &Workspace, out: &mut [f64]) {
        out.fill(0.0);
        for (&(j, i), slope) in self.slopes.iter().zip(&room.slopes) {
            let own = self.change(j as usize).iter().find(|(s, _)| *s == i);
            out[j as usize] -= own.map_or(0.0, |(_, n)| n * slope);
        }
    }

    /// g_i of every species, `[species]`: propensities change by at most about g_i times the relative change of species i
    /// (Cao, Gillespie & Petzold 2006, section IV, of any order); 0 of a species that no propensity reads or nothing
    /// changes.
    ///
    /// A mass-action propensity of total order h, nu of it in i, has h / nu sum_(k < nu) x / (x - k): the h factors share
    /// the change allowed. Of other laws the elasticity |x a'/a| at this state counts, if it is above 1, times the number
    /// of species that they read.
    /// The derivatives are left in `room`.
    pub fn rigidities(&self, state: &[f64], propensities: &[f64], room: &mut Workspace, out: &mut [f64]) {
        for (i, bends) in self.bends.iter().enumerate() {
            let x = state[i];
            out[i] = bends.iter().fold(0.0, |g: f64, bend| {
                let sum = (0..bend.order).map(|k| x / (x - f64::from(k)).max(1.0)).sum::<f64>().max(1.0);
                g.max(bend.factor * sum)
            });
        }
        self.slopes_into(state, room);
        if !self.has_general {
            return;
        }
        for (&(j, i), slope) in self.slopes.iter().zip(&room.slopes) {
            let (j, i) = (j as usize, i as usize);
            if out[i] == 0.0 || propensities[j] == 0.0 {
                continue;
            }
            if self.kinetics.mass_action().reactions.binary_search(&ReactionId::from(j)).is_err() {
                let reads = self.kinetics.species_read_by(ReactionId::from(j)).len() as f64;
                let elasticity = (state[i] * slope / propensities[j]).abs();
                if elasticity.is_finite() {
                    out[i] = out[i].max(reads * elasticity);
                }
            }
        }
    }
}

/// Of each reaction, the first that takes what it makes and makes what it takes.
fn reverses(kinetics: &Kinetics) -> Vec<Option<usize>> {
    let count = kinetics.network().reactions.len();
    let mut by_change = std::collections::HashMap::new();
    for j in (0..count).rev() {
        by_change.insert(kinetics.state_change(ReactionId::from(j)).to_vec(), j);
    }
    let opposite =
        |j: usize| -> Vec<_> { kinetics.state_change(ReactionId::from(j)).iter().map(|&(s, n)| (s, -n)).collect() };
    (0..count).map(|j| by_change.get(&opposite(j)).copied().filter(|&k| k != j)).collect()
}
