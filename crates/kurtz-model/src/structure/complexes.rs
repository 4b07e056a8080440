//! Complexes, linkage classes and deficiency (M. Feinberg, Foundations of Chemical Reaction Network Theory, Springer
//! 2019, doi:10.1007/978-3-030-03858-8, chapters 3 and 6).

use crate::network::{Network, SpeciesId};
use std::collections::HashMap;

/// One side of a reaction: species and their numbers, by increasing species; empty for the empty side.
pub type Complex = Vec<(SpeciesId, u32)>;

/// The graph of complexes of a network. Clamped species are left out of complexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complexes {
    /// The complexes, in order of appearance.
    pub complexes: Vec<Complex>,
    /// Positions of the reactant and the product complex, `[reactions]`.
    pub reactions: Vec<(usize, usize)>,
    /// Sets of connected complexes, each by increasing position.
    pub linkage_classes: Vec<Vec<usize>>,
    /// Rank of the stoichiometry matrix.
    pub rank: usize,
    /// Whether within each linkage class every complex can be reached from every other.
    pub is_weakly_reversible: bool,
}

impl Complexes {
    /// Number of complexes less that of linkage classes less the rank.
    ///
    /// A weakly reversible mass-action network of deficiency zero has, for each total of its conserved amounts, exactly
    /// one steady state, and a stationary law of product form.
    pub fn deficiency(&self) -> usize {
        // Never negative: within a linkage class of m complexes the reactions span at most m - 1 directions.
        self.complexes.len().saturating_sub(self.linkage_classes.len() + self.rank)
    }
}

impl Network {
    /// The graph of complexes.
    ///
    /// # Example
    /// ```
    /// use kurtz_model::Network;
    /// let network = Network::builder()
    ///     .species("E", 1).species("S", 9).species("ES", 0).species("P", 0)
    ///     .reaction("E + S <-> ES @ 1, 1")
    ///     .reaction("ES <-> E + P @ 1, 1")
    ///     .build()?;
    /// let graph = network.complexes();
    /// assert_eq!((graph.complexes.len(), graph.linkage_classes.len(), graph.deficiency()), (3, 1, 0));
    /// assert!(graph.is_weakly_reversible);
    /// # Ok::<(), kurtz_model::diagnostic::Diagnostics>(())
    /// ```
    pub fn complexes(&self) -> Complexes {
        self.complexes_of_rank(self.rank())
    }

    /// As [`Self::complexes`], given the rank of the stoichiometry matrix, which takes longer than all else.
    pub fn complexes_of_rank(&self, rank: usize) -> Complexes {
        let mut complexes: Vec<Complex> = Vec::new();
        let mut positions: HashMap<Complex, usize> = HashMap::new();
        let mut position = |side: &[(SpeciesId, u32)]| {
            let free = side.iter().filter(|(s, _)| !self.species[s.index()].clamped);
            let mut complex: Complex = free.copied().collect();
            complex.sort_unstable();
            *positions.entry(complex).or_insert_with_key(|complex| {
                complexes.push(complex.clone());
                complexes.len() - 1
            })
        };
        let reactions: Vec<(usize, usize)> =
            self.reactions.iter().map(|r| (position(&r.reactants), position(&r.products))).collect();
        let count = complexes.len();
        let linkage_classes = classes(&components(count, &reactions));
        let strong = classes(&strong_components(count, &reactions));
        Complexes {
            complexes,
            rank,
            is_weakly_reversible: strong.len() == linkage_classes.len(),
            linkage_classes,
            reactions,
        }
    }
}

/// The sets of positions with equal labels, by their first position.
fn classes(labels: &[usize]) -> Vec<Vec<usize>> {
    let mut place: HashMap<usize, usize> = HashMap::new();
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for (i, label) in labels.iter().enumerate() {
        let at = *place.entry(*label).or_insert_with(|| {
            classes.push(Vec::new());
            classes.len() - 1
        });
        classes[at].push(i);
    }
    classes
}

/// Labels of connected components, by union and find.
fn components(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    fn root(parent: &mut [usize], mut i: usize) -> usize {
        while parent[i] != i {
            parent[i] = parent[parent[i]];
            i = parent[i];
        }
        i
    }
    let mut parent: Vec<usize> = (0..count).collect();
    for &(a, b) in edges {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        parent[a.max(b)] = a.min(b);
    }
    (0..count).map(|i| root(&mut parent, i)).collect()
}

/// Labels of strongly connected components: two passes of depth-first search (S. R. Kosaraju, unpublished 1978;
/// M. Sharir, Comput. Math. Appl. 7 (1981) 67-72), without recursion.
fn strong_components(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let (mut forward, mut backward) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for &(a, b) in edges {
        forward[a].push(b);
        backward[b].push(a);
    }
    let mut seen = vec![false; count];
    let mut finished = Vec::with_capacity(count);
    for start in 0..count {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut stack = vec![(start, 0)];
        while let Some((node, next)) = stack.last_mut() {
            match forward[*node].get(*next) {
                Some(&child) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[child], true) {
                        stack.push((child, 0));
                    }
                }
                None => {
                    finished.push(*node);
                    stack.pop();
                }
            }
        }
    }
    let mut label = vec![usize::MAX; count];
    for &start in finished.iter().rev() {
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            if label[node] == usize::MAX {
                label[node] = start;
                stack.extend(backward[node].iter().filter(|&&n| label[n] == usize::MAX));
            }
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use crate::network::Network;
    use crate::structure::zoo;

    /// Complexes, linkage classes, rank, deficiency, weakly reversible.
    fn summary(network: &Network) -> (usize, usize, usize, usize, bool) {
        let graph = network.complexes();
        let (n, l) = (graph.complexes.len(), graph.linkage_classes.len());
        (n, l, graph.rank, graph.deficiency(), graph.is_weakly_reversible)
    }

    #[test]
    fn textbook_networks_have_their_deficiency() {
        // E + S <-> ES -> E + P: 3 complexes in 1 class, rank 2.
        assert_eq!(summary(&zoo::michaelis_menten()), (3, 1, 2, 0, false));
        // 0 <-> X -> Y, 2X + Y -> 3X: 5 complexes in 2 classes, rank 2.
        assert_eq!(summary(&zoo::brusselator()), (5, 2, 2, 1, false));
        // A -> 2A, A -> A + B, A -> 2B | B -> 0: 6 complexes in 2 classes, rank 2.
        assert_eq!(summary(&zoo::epidermis()), (6, 2, 2, 2, false));
        assert_eq!(summary(&zoo::closed_cycle()), (3, 1, 2, 0, true));
        // Feinberg's example of Edelstein's network: deficiency 1, reversible.
        assert_eq!(summary(&zoo::edelstein()), (5, 2, 2, 1, true));
        // S + K <-> SK -> P + K, P + F <-> PF -> S + F: 6 complexes in 2 classes, rank 3.
        assert_eq!(summary(&zoo::futile_cycle()), (6, 2, 3, 1, false));
        assert_eq!(summary(&zoo::network(&["A -> B", "B -> C", "C -> A"])), (3, 1, 2, 0, true));
        assert_eq!(summary(&zoo::network(&["0 -> A", "2 A -> 0"])), (3, 1, 1, 1, false));
    }

    #[test]
    fn clamped_species_are_left_out_of_complexes() {
        let mut network = zoo::network(&["A + 2 X <-> 3 X", "B <-> X"]);
        for name in ["A", "B"] {
            let s = network.species_named(name).expect("it is there");
            network.species[s.index()].clamped = true;
        }
        // 2X <-> 3X, 0 <-> X
        assert_eq!(summary(&network), (4, 2, 1, 1, true));
    }

    #[test]
    fn a_long_chain_does_not_exhaust_the_stack() {
        let chain: Vec<String> = (0..3000).map(|i| format!("A{i} -> A{}", i + 1)).collect();
        let chain: Vec<&str> = chain.iter().map(String::as_str).collect();
        assert_eq!(summary(&zoo::network(&chain)), (3001, 1, 3000, 0, false));
    }
}
