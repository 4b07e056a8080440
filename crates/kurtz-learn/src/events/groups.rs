//! Events by the change they make: candidates of different changes do not compete.

use super::maximum::{Maximum, Process};
use super::trace::{Intensities, Trace, change};
use crate::linear::Matrix;
use crate::series::{Given, Offer};
use std::collections::BTreeMap;

/// Beyond so many candidates of one change not all subsets are tried.
const EXHAUSTIVE: usize = 10;

/// The candidates that make the same change, and all events with it.
pub(super) struct Group {
    /// Positions in the offer.
    pub candidates: Vec<usize>,
    /// Those whose constants are open or known, as positions in `candidates`.
    pub process: Process,
    /// Constants of fixed candidates times their exposures.
    fixed: f64,
    given: Vec<Given>,
}

/// A choice of candidates of a group.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub maximum: Maximum,
    /// Minus twice the log-likelihood.
    pub deviance: f64,
    /// With the penalty of those chosen.
    pub score: f64,
}

/// Groups of candidates with their events, and the changes that no candidate makes.
pub(super) fn groups(
    traces: &[Trace],
    offer: &Offer,
    intensities: &Intensities,
) -> (Vec<Group>, Vec<(Vec<i64>, usize)>) {
    let mut members: BTreeMap<Vec<i64>, Vec<usize>> = BTreeMap::new();
    for j in 0..offer.candidates.len() {
        let change = change(offer, j);
        if change.iter().any(|d| *d != 0) {
            members.entry(change).or_default().push(j);
        }
    }
    let mut events: BTreeMap<Vec<i64>, Vec<Vec<i64>>> = BTreeMap::new();
    let mut exposures = vec![0.0; offer.candidates.len()];
    let mut unexplained: BTreeMap<Vec<i64>, usize> = BTreeMap::new();
    for trace in traces {
        for row in 1..trace.times.len() {
            let before = trace.state(row - 1, offer);
            let dwell = trace.times[row] - trace.times[row - 1];
            for (j, exposure) in exposures.iter_mut().enumerate() {
                *exposure += dwell * intensities.of(j, &before);
            }
            let jump = trace.jump(row, offer);
            let possible = |j: &usize| intensities.of(*j, &before) > 0.0;
            match members.get(&jump) {
                Some(list) if list.iter().any(possible) => events.entry(jump).or_default().push(before),
                _ if jump.iter().all(|d| *d == 0) => {}
                _ => *unexplained.entry(jump).or_default() += 1,
            }
        }
    }
    let none = Vec::new();
    let group = |(jump, candidates): (&Vec<i64>, &Vec<usize>)| {
        let states = events.get(jump).unwrap_or(&none);
        let fixed = |j: usize| if let Given::Fixed(k) = offer.given[j] { Some(k) } else { None };
        let known = |state: &Vec<i64>| {
            candidates.iter().filter_map(|&j| fixed(j).map(|k| k * intensities.of(j, state))).sum::<f64>()
        };
        Group {
            process: Process {
                intensities: Matrix::from_fn(states.len(), candidates.len(), |e, j| {
                    intensities.of(candidates[j], &states[e])
                }),
                exposures: candidates.iter().map(|&j| exposures[j]).collect(),
                base: states.iter().map(known).collect(),
            },
            fixed: candidates.iter().filter_map(|&j| fixed(j).map(|k| k * exposures[j])).sum(),
            given: candidates.iter().map(|&j| offer.given[j]).collect(),
            candidates: candidates.clone(),
        }
    };
    (members.iter().map(group).collect(), unexplained.into_iter().collect())
}

impl Group {
    /// Choices among the open candidates within `window` of the best, best first, and whether all were tried. None if
    /// nothing can have made the events.
    pub fn choices(&self, penalty: f64, window: f64) -> (Vec<Choice>, bool) {
        let which = |wanted: fn(&Given) -> bool| -> Vec<usize> {
            let usable = |&j: &usize| wanted(&self.given[j]) && self.process.exposures[j] > 0.0;
            (0..self.given.len()).filter(usable).collect()
        };
        let (open, known) = (which(|g| *g == Given::Open), which(|g| *g == Given::Known));
        if self.process.events() == 0 {
            return (self.choice(&known, penalty, known.len()).into_iter().collect(), true);
        }
        let exhaustive = open.len() <= EXHAUSTIVE;
        let mut found: Vec<Choice> = Vec::new();
        if exhaustive {
            for mask in 0u32..1 << open.len() {
                let chosen: Vec<usize> = (0..open.len()).filter(|i| mask >> i & 1 == 1).map(|i| open[i]).collect();
                let all: Vec<usize> = chosen.iter().chain(&known).copied().collect();
                found.extend(self.choice(&all, penalty, known.len()));
            }
        } else {
            self.forward(&open, &known, penalty, &mut found);
        }
        found.sort_by(|a, b| a.score.total_cmp(&b.score));
        if let Some(best) = found.first().map(|c| c.score) {
            found.retain(|c| c.score <= best + window);
        }
        (found, exhaustive)
    }

    /// Adds the candidate that gains most, until none gains its penalty.
    fn forward(&self, open: &[usize], known: &[usize], penalty: f64, found: &mut Vec<Choice>) {
        let mut chosen: Vec<usize> = known.to_vec();
        let mut best = f64::INFINITY;
        loop {
            let left = open.iter().filter(|j| !chosen.contains(j));
            let tried =
                left.map(|&j| [&chosen[..], &[j]].concat()).filter_map(|c| self.choice(&c, penalty, known.len()));
            let Some(next) = tried.min_by(|a, b| a.score.total_cmp(&b.score)) else { return };
            let (score, terms) = (next.score, next.maximum.candidates.clone());
            found.push(next);
            if score >= best {
                return;
            }
            (best, chosen) = (score, terms);
        }
    }

    /// A subset at its largest likelihood; `None` if it cannot have made the events, or if a chosen constant is zero.
    fn choice(&self, candidates: &[usize], penalty: f64, known: usize) -> Option<Choice> {
        let maximum = self.process.maximise(candidates)?;
        let is_known = |i: usize| self.given[maximum.candidates[i]] == Given::Known;
        if (0..candidates.len()).any(|i| maximum.constants[i] == 0.0 && !is_known(i) && self.process.events() > 0) {
            return None;
        }
        let deviance = 2.0 * self.fixed - 2.0 * maximum.log_likelihood;
        let score = deviance + penalty * (candidates.len() - known) as f64;
        Some(Choice { maximum, deviance, score })
    }
}
