//! What is taken as fast, and what follows from it: slow variables, fast equations, and which reactions remain.

use super::ReduceError;
use super::flow::{Flow, rows};
use kurtz_model::rational::Rational;
use kurtz_model::{Network, SpeciesId};
use serde::{Deserialize, Serialize};

/// How fast species are eliminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Quasi-steady state: the fast species' equations are set to 0, the other species are the slow variables.
    Qssa,
    /// Partial equilibrium: fast reactions are in balance, what they conserve are the slow variables.
    PartialEquilibrium,
    /// Total quasi-steady state: what the fast reactions conserve are the slow variables, and the equations of fast
    /// species, slow reactions included, are set to 0.
    TotalQssa,
}

impl Kind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Qssa => "QSSA",
            Kind::PartialEquilibrium => "partial equilibrium",
            Kind::TotalQssa => "total QSSA",
        }
    }
}

/// A combination of species, such as S + ES.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    /// Coefficients, by increasing species.
    pub coefficients: Vec<(usize, i64)>,
}

impl Combination {
    fn single(species: usize) -> Self {
        Combination { coefficients: vec![(species, 1)] }
    }

    /// The species it is, if it is one alone.
    pub fn as_single(&self) -> Option<usize> {
        match self.coefficients[..] {
            [(species, 1)] => Some(species),
            _ => None,
        }
    }

    /// Its value at concentrations of all species.
    pub fn value(&self, c: &[f64]) -> f64 {
        self.coefficients.iter().map(|&(i, a)| a as f64 * c[i]).sum()
    }

    /// Its change by an effect.
    fn change(&self, effect: &[(usize, f64)]) -> f64 {
        let coefficient = |i: usize| self.coefficients.iter().find(|(s, _)| *s == i).map_or(0.0, |(_, a)| *a as f64);
        effect.iter().map(|&(i, u)| coefficient(i) * u).sum()
    }

    /// As text, such as `P + GP + 2 GP2`.
    pub fn text(&self, network: &Network) -> String {
        let term = |&(i, a): &(usize, i64)| {
            let name = &network.species[i].name;
            if a.abs() == 1 { (a < 0, name.clone()) } else { (a < 0, format!("{} {name}", a.abs())) }
        };
        kurtz_model::polynomial::join_terms(self.coefficients.iter().map(term))
    }
}

/// A fast equation that is set to 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Balance {
    /// The derivative of a species by these reactions.
    Species(usize, Vec<usize>),
    /// The net rate of a reaction and its reverse.
    Pair(usize, usize),
}

/// What remains of a reaction: its rate, and what it does to the slow variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Remaining {
    /// The reaction whose rate it is.
    pub reaction: usize,
    /// Change of each slow variable, (slow variable, number).
    pub change: Vec<(usize, Rational)>,
}

/// A way to reduce a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How.
    pub kind: Kind,
    /// Fast species: those whose derivatives are set to 0, and what follows from them by conservation.
    pub fast: Vec<usize>,
    /// Fast reactions, ascending; in QSSA those that change fast species.
    pub reactions: Vec<usize>,
    /// Slow variables.
    pub slow: Vec<Combination>,
    /// Species that stand for the slow variables, one for each, if these are not used themselves: the fast equations then
    /// need not be solved for totals, whose equations are carried over to these species instead.
    pub representatives: Option<Vec<usize>>,
    /// Conserved combinations that determine species.
    pub conserved: Vec<Combination>,
    /// Fast equations.
    pub balances: Vec<Balance>,
    /// What remains of reactions.
    pub remaining: Vec<Remaining>,
}

impl Plan {
    /// Species that are no slow variable themselves.
    pub fn eliminated(&self, flow: &Flow) -> Vec<usize> {
        let kept = match &self.representatives {
            Some(species) => species.clone(),
            None => self.slow.iter().filter_map(Combination::as_single).collect(),
        };
        flow.free.iter().copied().filter(|i| !kept.contains(i)).collect()
    }

    /// Species whose derivatives are set to 0.
    pub fn coordinates(&self) -> &[usize] {
        &self.fast[..self.balances.len()]
    }

    /// Quasi-steady state of some species; `weights`, `[species]`, say which of them are fast most of all.
    ///
    /// A species that a conservation law gives in terms of fast ones alone is taken with them.
    ///
    /// # Errors
    /// Species that reactions do not change, and choices that leave nothing slow.
    pub fn qssa(flow: &Flow, species: &[usize], weights: &Weights) -> Result<Plan, ReduceError> {
        let what = || flow.names(species.iter().copied()).join(", ");
        let network_laws = combinations(flow);
        let mut fast: Vec<usize> = species.to_vec();
        if let Some(&idle) = fast.iter().find(|i| !flow.free.contains(i)) {
            let reason = format!("no reaction changes `{}`", flow.network().species[idle].name);
            return Err(ReduceError::NotFast { what: what(), reason });
        }
        loop {
            let outside = |law: &Combination| {
                let mut outside = law.coefficients.iter().map(|(i, _)| *i).filter(|i| !fast.contains(i));
                (outside.next(), outside.next())
            };
            let Some(next) = network_laws.iter().find_map(|law| match outside(law) {
                (Some(one), None) => Some(one),
                _ => None,
            }) else {
                break;
            };
            fast.push(next);
        }
        let slow: Vec<Combination> =
            flow.free.iter().copied().filter(|i| !fast.contains(i)).map(Combination::single).collect();
        if slow.is_empty() {
            return Err(ReduceError::NothingSlow { what: what() });
        }
        let inside = |law: &&Combination| law.coefficients.iter().all(|(i, _)| fast.contains(i));
        let conserved: Vec<Combination> = network_laws.iter().filter(inside).cloned().collect();
        let all: Vec<usize> = (0..flow.effects.len()).collect();
        let order = independent_rows(flow, &fast, &all, weights);
        let rank = order.iter().take_while(|(_, is_independent)| *is_independent).count();
        if rank + conserved.len() != fast.len() {
            let reason = "conservation laws with slow species determine some of them".into();
            return Err(ReduceError::NotFast { what: what(), reason });
        }
        let fast: Vec<usize> = order.into_iter().map(|(i, _)| i).collect();
        let balances = fast[..rank].iter().map(|&i| Balance::Species(i, all.clone())).collect();
        let reactions =
            all.iter().copied().filter(|&j| flow.effects[j].iter().any(|(i, _)| fast.contains(i))).collect();
        let remaining = independent_fluxes(flow, &fast[..rank], &slow, weights);
        let representatives = None;
        Ok(Plan { kind: Kind::Qssa, fast, reactions, slow, representatives, conserved, balances, remaining })
    }

    /// Partial equilibrium or total quasi-steady state of some reactions; a reversible one counts in both directions.
    ///
    /// # Errors
    /// Reactions that leave nothing slow, or of which none changes anything.
    pub fn totals(flow: &Flow, kind: Kind, reactions: &[usize], weights: &Weights) -> Result<Plan, ReduceError> {
        let network = flow.network();
        let name = |j: &usize| network.reactions[*j].name.clone();
        let what = || reactions.iter().map(name).collect::<Vec<_>>().join(", ");
        let mut fast_network = network.clone();
        fast_network.reactions = reactions.iter().map(|j| network.reactions[*j].clone()).collect();
        let of_free = |c: &Combination| c.coefficients.iter().all(|(i, _)| flow.free.contains(i));
        let laws: Vec<Combination> = fast_network.conservation_laws().iter().map(combination).filter(of_free).collect();
        let (conserved, slow): (Vec<_>, Vec<_>) =
            laws.into_iter().partition(|law| flow.effects.iter().all(|effect| law.change(effect) == 0.0));
        let rank = flow.free.len().saturating_sub(conserved.len() + slow.len());
        if rank == 0 {
            let reason = "together they change nothing".into();
            return Err(ReduceError::NotFast { what: what(), reason });
        }
        if slow.is_empty() {
            return Err(ReduceError::NothingSlow { what: what() });
        }
        let touched: Vec<usize> = flow
            .free
            .iter()
            .copied()
            .filter(|i| reactions.iter().any(|&j| flow.effects[j].iter().any(|(s, _)| s == i)))
            .collect();
        let order = independent_rows(flow, &touched, reactions, weights);
        let fast: Vec<usize> = order.into_iter().map(|(i, _)| i).collect();
        let pairs = pairs(network);
        let balanced: Vec<(usize, usize)> =
            pairs.iter().copied().filter(|(a, b)| reactions.contains(a) && reactions.contains(b)).collect();
        if let Some(j) = reactions
            .iter()
            .find(|j| kind == Kind::PartialEquilibrium && !balanced.iter().any(|(a, b)| a == *j || b == *j))
        {
            let reason = format!("`{}` is not reversible, so it has no equilibrium", network.reactions[*j].name);
            return Err(ReduceError::NotFast { what: what(), reason });
        }
        let balances = match kind {
            Kind::PartialEquilibrium if balanced.len() == rank && 2 * rank == reactions.len() => {
                balanced.into_iter().map(|(a, b)| Balance::Pair(a, b)).collect()
            }
            Kind::PartialEquilibrium => fast[..rank].iter().map(|&i| Balance::Species(i, reactions.to_vec())).collect(),
            _ => fast[..rank].iter().map(|&i| Balance::Species(i, (0..flow.effects.len()).collect())).collect(),
        };
        let change = |effect: &Vec<(usize, f64)>| -> Vec<(usize, Rational)> {
            let of = |(k, y): (usize, &Combination)| (k, Rational::from(y.change(effect).round() as i64));
            slow.iter().enumerate().map(of).filter(|(_, u)| !u.is_zero()).collect()
        };
        let remaining = flow.effects.iter().map(change).enumerate();
        let remaining =
            remaining.filter(|(_, c)| !c.is_empty()).map(|(reaction, change)| Remaining { reaction, change });
        Ok(Plan {
            kind,
            fast,
            reactions: reactions.to_vec(),
            conserved,
            balances,
            remaining: remaining.collect(),
            slow,
            representatives: None,
        })
    }

    /// The same plan with a species in the place of each slow total: one that is not made by joining others.
    ///
    /// None if the slow variables are species anyway, or if a total has no such member.
    pub fn with_representatives(&self, flow: &Flow) -> Option<Plan> {
        if self.slow.iter().all(|y| y.as_single().is_some()) {
            return None;
        }
        let mut representatives: Vec<usize> = Vec::new();
        for y in &self.slow {
            let members = || y.coefficients.iter().map(|(i, _)| *i);
            let is_free = |i: &usize| !representatives.contains(i) && !self.is_joined(flow.network(), *i);
            representatives.push(y.as_single().or_else(|| members().find(is_free))?);
        }
        Some(Plan { representatives: Some(representatives), ..self.clone() })
    }

    /// Whether a fast reaction makes this species by joining several molecules.
    pub fn is_joined(&self, network: &Network, species: usize) -> bool {
        self.reactions
            .iter()
            .map(|j| &network.reactions[*j])
            .any(|r| r.order() > 1 && r.products.len() == 1 && r.products.iter().any(|(s, _)| s.index() == species))
    }
}

/// How fast species and reactions are, for preferences: radical pointers and participation.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// `[species]`.
    pub species: Vec<f64>,
    /// `[reactions]`.
    pub reactions: Vec<f64>,
}

fn combination(law: &kurtz_model::structure::ConservationLaw) -> Combination {
    Combination { coefficients: law.coefficients.iter().map(|&(s, a): &(SpeciesId, i64)| (s.index(), a)).collect() }
}

/// Conservation laws of the free species.
fn combinations(flow: &Flow) -> Vec<Combination> {
    let laws = flow.network().conservation_laws();
    debug_assert!(rows(&laws, flow.dimension()).len() >= flow.laws.len());
    let of_free = |c: &Combination| c.coefficients.iter().all(|(i, _)| flow.free.contains(i));
    laws.iter().map(combination).filter(of_free).collect()
}

/// Pairs of a reaction and its reverse: declared so, or with opposite sides.
pub fn pairs(network: &Network) -> Vec<(usize, usize)> {
    let same = |a: &[(SpeciesId, u32)], b: &[(SpeciesId, u32)]| {
        let sorted = |side: &[(SpeciesId, u32)]| {
            let mut side = side.to_vec();
            side.sort_unstable();
            side
        };
        sorted(a) == sorted(b)
    };
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (j, reaction) in network.reactions.iter().enumerate() {
        let declared = reaction.reverse_of.map(|forward| forward.index());
        let opposite = || {
            (0..j).find(|&i| {
                let other = &network.reactions[i];
                same(&other.reactants, &reaction.products) && same(&other.products, &reaction.reactants)
            })
        };
        if let Some(i) = declared.or_else(opposite)
            && !pairs.iter().any(|(a, b)| [*a, *b].iter().any(|x| [i, j].contains(x)))
        {
            pairs.push((i, j));
        }
    }
    pairs
}

/// The species in an order of falling weight, but those first whose rows of the stoichiometry (of these reactions) are
/// independent of the rows before.
fn independent_rows(flow: &Flow, species: &[usize], reactions: &[usize], weights: &Weights) -> Vec<(usize, bool)> {
    let mut order = species.to_vec();
    order.sort_by(|a, b| weights.species[*b].total_cmp(&weights.species[*a]));
    let mut echelon: Vec<(usize, Vec<Rational>)> = Vec::new();
    let mut marked: Vec<(usize, bool)> = Vec::new();
    for i in order {
        let entry = |j: &usize| {
            let change = flow.effects[*j].iter().find(|(s, _)| *s == i).map_or(0.0, |(_, u)| *u);
            Rational::from(change as i64)
        };
        let mut row: Vec<Rational> = reactions.iter().map(entry).collect();
        for (pivot, other) in &echelon {
            subtract(&mut row, other, *pivot);
        }
        let pivot = row.iter().position(|x| !x.is_zero());
        if let Some(pivot) = pivot {
            let inverse = row[pivot].reciprocal().expect("it is not 0");
            row.iter_mut().for_each(|x| *x = &*x * &inverse);
            echelon.push((pivot, row));
        }
        marked.push((i, pivot.is_some()));
    }
    marked.sort_by_key(|(_, is_independent)| !is_independent);
    marked
}

/// row -= row[pivot] other, whose entry at `pivot` is 1.
fn subtract(row: &mut [Rational], other: &[Rational], pivot: usize) {
    let factor = row[pivot].clone();
    if !factor.is_zero() {
        row.iter_mut().zip(other).for_each(|(a, b)| *a = &*a - &(&factor * b));
    }
}

/// With the derivatives of `fast` set to 0 some rates follow from others: those of one reaction for each, the one that
/// makes it and is fastest. What the independent rates then do to the slow variables.
fn independent_fluxes(flow: &Flow, fast: &[usize], slow: &[Combination], weights: &Weights) -> Vec<Remaining> {
    let reactions = flow.effects.len();
    let row = |i: &usize| -> Vec<Rational> {
        let entry = |effect: &Vec<(usize, f64)>| {
            Rational::from(effect.iter().find(|(s, _)| s == i).map_or(0.0, |(_, u)| *u) as i64)
        };
        flow.effects.iter().map(entry).collect()
    };
    let mut rows: Vec<Vec<Rational>> = fast.iter().map(row).collect();
    let mut pivots: Vec<usize> = Vec::new();
    for m in 0..rows.len() {
        let preference = |j: &usize| (!rows[m][*j].is_negative(), weights.reactions[*j]);
        let candidates = (0..reactions).filter(|j| !rows[m][*j].is_zero());
        let Some(pivot) = candidates.max_by(|a, b| {
            let (x, y) = (preference(a), preference(b));
            x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)).then(b.cmp(a))
        }) else {
            continue;
        };
        let inverse = rows[m][pivot].reciprocal().expect("it is not 0");
        rows[m].iter_mut().for_each(|x| *x = &*x * &inverse);
        let own = rows[m].clone();
        for (k, other) in rows.iter_mut().enumerate() {
            if k != m {
                subtract(other, &own, pivot);
            }
        }
        pivots.push(pivot);
    }
    let change_by = |reaction: usize, y: &Combination| Rational::from(y.change(&flow.effects[reaction]) as i64);
    let mut remaining = Vec::new();
    for j in (0..reactions).filter(|j| !pivots.contains(j)) {
        let mut change = Vec::new();
        for (k, y) in slow.iter().enumerate() {
            let mut sum = change_by(j, y);
            for (row, &pivot) in rows.iter().zip(&pivots) {
                sum = &sum - &(&row[j] * &change_by(pivot, y));
            }
            if !sum.is_zero() {
                change.push((k, sum));
            }
        }
        if !change.is_empty() {
            remaining.push(Remaining { reaction: j, change });
        }
    }
    remaining
}
