//! What a subnet may see: candidate reactions, or small motifs of several reactions that act as one.

use crate::error::LearnError;
use crate::reactions::{Candidate, candidates_of};
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_model::{Network, RateLaw, Symbol};
use serde::{Deserialize, Serialize};

/// One reaction of a [`Motif`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MotifReaction {
    /// Order in each reactant, `[species]`.
    pub reactants: Vec<u32>,
    /// Number made of each product, `[species]`.
    pub products: Vec<u32>,
    /// Its rate constant in the motif, finite.
    pub weight: f64,
}

/// One or several reactions whose joint effect is one candidate: the sum of their effects times their weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Motif {
    /// Unique name, such as `eat(Ca, IP3)`.
    pub name: String,
    /// The reactions.
    pub reactions: Vec<MotifReaction>,
}

/// Visible and hidden species with the candidates among them. The species of stoichiometries are the visible, then the
/// hidden ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateSet {
    /// Names of the visible species.
    pub visible: Vec<String>,
    /// Names of the hidden species, at least one.
    pub hidden: Vec<String>,
    /// The candidates, in the order of their inputs.
    pub motifs: Vec<Motif>,
}

impl CandidateSet {
    /// `lotka-volterra`: for each pair i < j of species, i eats j (i + j -> 2 i) and j eats i; then births P -> 2 P; then
    /// deaths P -> 0. Hidden species come last (Ernst et al. 2021, Fig. 11b).
    pub fn lotka_volterra(visible: &[String], hidden: &[String]) -> Self {
        Self::conserving(visible, hidden, &[])
    }

    /// `conserving`: as [`CandidateSet::lotka_volterra`], but no reaction changes the species at positions `conserved`.
    /// Such a species c acts on each other one P by c + P -> c, which takes the place of both eating each other; two of
    /// them do not act on each other (Ernst et al. 2021, Fig. 11c).
    pub fn conserving(visible: &[String], hidden: &[String], conserved: &[usize]) -> Self {
        let species = [visible, hidden].concat();
        let n = species.len();
        let free: Vec<usize> = (0..n).filter(|i| !conserved.contains(i)).collect();
        let counts = |of: &[usize]| {
            let mut counts = vec![0; n];
            of.iter().for_each(|&i| counts[i] += 1);
            counts
        };
        let motif = |name: String, reactants: &[usize], products: &[usize]| {
            let reaction = MotifReaction { reactants: counts(reactants), products: counts(products), weight: 1.0 };
            Motif { name, reactions: vec![reaction] }
        };
        let eat = |h: usize, p: usize| motif(format!("eat({}, {})", species[h], species[p]), &[h, p], &[h, h]);
        let annihilate =
            |c: usize, p: usize| motif(format!("annihilate({}, {})", species[c], species[p]), &[c, p], &[c]);
        let mut motifs = Vec::new();
        for i in 0..n {
            for j in i + 1..n {
                match (conserved.contains(&i), conserved.contains(&j)) {
                    (false, false) => motifs.extend([eat(i, j), eat(j, i)]),
                    (true, false) => motifs.push(annihilate(i, j)),
                    (false, true) => motifs.push(annihilate(j, i)),
                    (true, true) => {}
                }
            }
        }
        motifs.extend(free.iter().map(|&p| motif(format!("birth({})", species[p]), &[p], &[p, p])));
        motifs.extend(free.iter().map(|&p| motif(format!("death({})", species[p]), &[p], &[])));
        CandidateSet { visible: visible.to_vec(), hidden: hidden.to_vec(), motifs }
    }

    /// The candidates of a network, say from a `.crn` file, of which `visible` are the visible species and all others
    /// hidden. Reactions whose constant is the same parameter are one motif, named after it; every other reaction is a
    /// candidate by itself. All have unit rate constants: what a parameter is worth is not read.
    ///
    /// # Errors
    /// Visible species that the network does not have; no hidden species; reactions that are not mass action.
    pub fn from_network(network: &Network, visible: &[String]) -> Result<Self, LearnError> {
        let all: Vec<String> = network.species.iter().map(|s| s.name.clone()).collect();
        if let Some(species) = visible.iter().find(|v| !all.contains(v)) {
            return Err(LearnError::UnobservedSpecies { species: species.clone(), known: all });
        }
        let hidden: Vec<String> = all.into_iter().filter(|s| !visible.contains(s)).collect();
        if hidden.is_empty() {
            return Err(LearnError::Empty { what: "hidden species among the candidates (species that the data lack)" });
        }
        let candidates = candidates_of(network, &[visible, &hidden].concat())?;
        let mut motifs: Vec<(Option<usize>, Motif)> = Vec::new();
        for (candidate, reaction) in candidates.into_iter().zip(&network.reactions) {
            let Candidate { name, stoichiometry: Stoichiometry { reactants, products }, .. } = candidate;
            let parameter = match &reaction.rate {
                RateLaw::MassAction(kurtz_model::Expression::Symbol(Symbol::Parameter(p))) => Some(p.index()),
                _ => None,
            };
            let reaction = MotifReaction { reactants, products, weight: 1.0 };
            match motifs.iter_mut().find(|(p, _)| p.is_some() && *p == parameter) {
                Some((_, motif)) => {
                    motif.name = parameter.map_or(name, |p| network.parameters[p].name.clone());
                    motif.reactions.push(reaction);
                }
                None => motifs.push((parameter, Motif { name, reactions: vec![reaction] })),
            }
        }
        Ok(CandidateSet { visible: visible.to_vec(), hidden, motifs: motifs.into_iter().map(|(_, m)| m).collect() })
    }

    /// Names of the visible, then the hidden species.
    pub fn species(&self) -> Vec<String> {
        [self.visible.clone(), self.hidden.clone()].concat()
    }
}
