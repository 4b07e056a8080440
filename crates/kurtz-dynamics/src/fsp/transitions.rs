//! What one event does to a state: the reactions of a network, grouped by their net change.

use crate::error::DynamicsError;
use kurtz_model::kinetics::Law;
use kurtz_model::{Kinetics, RateLaw, ReactionId, SpeciesId, Symbol};

/// Reactions with the same net change are one transition: the master equation cannot tell them apart.
pub(super) struct Transitions<'a> {
    kinetics: &'a Kinetics,
    /// The species that can change, in the order of the network.
    species: Vec<SpeciesId>,
    jumps: Vec<Jump>,
}

struct Jump {
    /// Net change, `[species]`.
    change: Vec<i64>,
    reactions: Vec<ReactionId>,
}

impl<'a> Transitions<'a> {
    pub(super) fn new(kinetics: &'a Kinetics) -> Result<Self, DynamicsError> {
        let network = kinetics.network();
        let species: Vec<SpeciesId> =
            (0..network.species.len()).filter(|&i| !network.species[i].clamped).map(SpeciesId::from).collect();
        if species.is_empty() {
            return Err(DynamicsError::NothingChanges);
        }
        let mut jumps: Vec<Jump> = Vec::new();
        for (i, reaction) in network.reactions.iter().enumerate() {
            if let RateLaw::Rate(law) | RateLaw::Propensity(law) = &reaction.rate {
                let mut depends_on_time = false;
                law.for_each_symbol(&mut |s| depends_on_time |= s == Symbol::Time);
                if depends_on_time {
                    return Err(DynamicsError::TimeDependent {
                        method: "finite-state-projection",
                        reaction: reaction.name.clone(),
                    });
                }
            }
            if matches!(kinetics.laws()[i], Law::MassAction { constant: 0.0, .. }) {
                continue;
            }
            let mut change = vec![0; species.len()];
            for (id, n) in reaction.net_change() {
                if let Ok(position) = species.binary_search(&id) {
                    change[position] = n;
                }
            }
            if change.iter().all(|&n| n == 0) {
                continue;
            }
            match jumps.iter_mut().find(|jump| jump.change == change) {
                Some(jump) => jump.reactions.push(ReactionId::from(i)),
                None => jumps.push(Jump { change, reactions: vec![ReactionId::from(i)] }),
            }
        }
        Ok(Transitions { kinetics, species, jumps })
    }

    /// Number of species that can change.
    pub(super) fn width(&self) -> usize {
        self.species.len()
    }

    /// Number of distinct net changes.
    pub(super) fn len(&self) -> usize {
        self.jumps.len()
    }

    /// Net change of a transition, `[species]`.
    pub(super) fn change(&self, jump: usize) -> &[i64] {
        &self.jumps[jump].change
    }

    /// Names of the species that can change.
    pub(super) fn names(&self) -> Vec<String> {
        let network = self.kinetics.network();
        self.species.iter().map(|id| network.species[id.index()].name.clone()).collect()
    }

    /// The initial state of the network, which must be of whole numbers.
    pub(super) fn initial(&self) -> Result<Vec<i64>, DynamicsError> {
        let counts = self.kinetics.initial_counts()?;
        Ok(self.species.iter().map(|id| counts[id.index()]).collect())
    }

    /// Room for the counts of all species, clamped ones at their values.
    pub(super) fn scratch(&self) -> Vec<f64> {
        self.kinetics.initial().to_vec()
    }

    /// Appends the propensity of each transition in `state` to `out`.
    pub(super) fn propensities(
        &self,
        state: &[i64],
        scratch: &mut [f64],
        out: &mut Vec<f64>,
    ) -> Result<(), DynamicsError> {
        for (id, &n) in self.species.iter().zip(state) {
            scratch[id.index()] = n as f64;
        }
        for jump in &self.jumps {
            let mut sum = 0.0;
            for &reaction in &jump.reactions {
                let propensity = self.kinetics.propensity(reaction, 0.0, scratch);
                if !(propensity.is_finite() && propensity >= 0.0) {
                    let (reaction, state) = self.name(reaction, state);
                    return Err(DynamicsError::BadPropensity { reaction, state, value: propensity });
                }
                sum += propensity;
            }
            if sum > 0.0 && jump.change.iter().zip(state).any(|(d, n)| n + d < 0) {
                let (reaction, state) = self.name(jump.reactions[0], state);
                return Err(DynamicsError::MissingReactants { reaction, state, propensity: sum });
            }
            out.push(sum);
        }
        Ok(())
    }

    /// A reaction and a state in words.
    fn name(&self, reaction: ReactionId, state: &[i64]) -> (String, String) {
        let at: Vec<String> = self.names().iter().zip(state).map(|(name, n)| format!("{name} = {n}")).collect();
        (self.kinetics.network().reactions[reaction.index()].name.clone(), at.join(", "))
    }
}
