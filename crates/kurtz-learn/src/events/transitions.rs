//! The master equation between two rows, on a finite set of states, with derivatives by the rate constants.
//!
//! The generator is Q = sum_j k_j Q_j. With a rate lambda above all exit rates, exp(Q t) = sum_n Poisson(n; lambda t)
//! (1 + Q/lambda)^n (uniformisation); for fixed lambda the derivatives of the powers by k_j follow the same recursion, so
//! that those of the likelihood are exact. What leaves the set of states is lost, and counted.

use super::trace::{Intensities, Trace, change, free};
use crate::error::LearnError;
use crate::series::{Given, Offer};
use std::collections::{HashMap, VecDeque};

/// States and the transitions between them.
pub(super) struct Chain {
    /// Counts of the species that can change, `[states]`.
    pub states: Vec<Vec<i64>>,
    pub index: HashMap<Vec<i64>, usize>,
    /// Per state: candidate, state it leads to (none: outside), propensity at unit constant.
    edges: Vec<Vec<(usize, Option<usize>, f64)>>,
}

/// A law over the states, with its derivatives by constants.
#[derive(Clone, Debug)]
pub(super) struct Law {
    pub probabilities: Vec<f64>,
    /// `[parameters][states]`.
    pub derivatives: Vec<Vec<f64>>,
}

impl Chain {
    /// All states that the candidates can reach from `seeds` within bounds `[species][low, high]`.
    ///
    /// # Errors
    /// More states than allowed.
    pub fn new(
        offer: &Offer,
        intensities: &Intensities,
        seeds: &[Vec<i64>],
        bounds: &[[i64; 2]],
        max_states: usize,
    ) -> Result<Self, LearnError> {
        let places = free(offer);
        let active: Vec<usize> = (0..offer.candidates.len()).filter(|&j| offer.given[j] != Given::Fixed(0.0)).collect();
        let changes: Vec<Vec<i64>> = (0..offer.candidates.len()).map(|j| change(offer, j)).collect();
        let mut full: Vec<i64> = offer.clamped.iter().map(|x| x.unwrap_or(0.0).round() as i64).collect();
        let mut chain = Chain { states: Vec::new(), index: HashMap::new(), edges: Vec::new() };
        let mut queue = VecDeque::new();
        for seed in seeds {
            chain.add(seed.clone(), &mut queue);
        }
        while let Some(at) = queue.pop_front() {
            if chain.states.len() > max_states {
                return Err(LearnError::Intractable {
                    what: "the likelihood of the trace".into(),
                    reason: format!(
                        "its master equation needs more than {max_states} states; record every event, or give moments \
                         of many trajectories"
                    ),
                });
            }
            let state = chain.states[at].clone();
            places.iter().zip(&state).for_each(|(&s, &n)| full[s] = n);
            let mut edges = Vec::new();
            for &j in active.iter().filter(|&&j| changes[j].iter().any(|d| *d != 0)) {
                let h = intensities.of(j, &full);
                if h == 0.0 {
                    continue;
                }
                let next: Vec<i64> = state.iter().zip(&changes[j]).map(|(n, d)| n + d).collect();
                let inside = next.iter().zip(bounds).all(|(n, [low, high])| (*low..=*high).contains(n));
                let to = inside.then(|| chain.add(next, &mut queue));
                edges.push((j, to, h));
            }
            chain.edges[at] = edges;
        }
        Ok(chain)
    }

    fn add(&mut self, state: Vec<i64>, queue: &mut VecDeque<usize>) -> usize {
        if let Some(&at) = self.index.get(&state) {
            return at;
        }
        let at = self.states.len();
        self.index.insert(state.clone(), at);
        self.states.push(state);
        self.edges.push(Vec::new());
        queue.push_back(at);
        at
    }

    /// The largest exit rate.
    pub fn fastest(&self, constants: &[f64]) -> f64 {
        let exit =
            |edges: &Vec<(usize, Option<usize>, f64)>| edges.iter().map(|&(j, _, h)| constants[j] * h).sum::<f64>();
        self.edges.iter().map(exit).fold(0.0, f64::max)
    }

    /// Multiplications of one step in time of length `time`, roughly.
    pub fn work(&self, constants: &[f64], time: f64, parameters: usize) -> f64 {
        let mean = self.fastest(constants) * time;
        let edges: usize = self.edges.iter().map(Vec::len).sum();
        (mean + 6.0 * mean.sqrt() + 10.0) * (edges * (1 + 2 * parameters)) as f64
    }

    /// Carries a law over `time`; derivatives are by the constants of `parameters` (candidates).
    pub fn propagate(&self, law: &mut Law, constants: &[f64], parameters: &[usize], time: f64) {
        let rate = 1.02 * self.fastest(constants);
        if rate == 0.0 {
            return;
        }
        let mean = rate * time;
        // exp(-mean) underflows beyond some 700: long steps are cut.
        let pieces = (mean / 200.0).ceil().max(1.0) as usize;
        for _ in 0..pieces {
            self.piece(law, constants, parameters, rate, mean / pieces as f64);
        }
    }

    fn piece(&self, law: &mut Law, constants: &[f64], parameters: &[usize], rate: f64, mean: f64) {
        let slot: Vec<Option<usize>> = (0..constants.len()).map(|j| parameters.iter().position(|&p| p == j)).collect();
        let n = self.states.len();
        let mut weight = (-mean).exp();
        let mut total = weight;
        let mut power = law.clone();
        let scale = |x: &mut Vec<f64>, w: f64| x.iter_mut().for_each(|v| *v *= w);
        scale(&mut law.probabilities, weight);
        law.derivatives.iter_mut().for_each(|d| scale(d, weight));
        let mut next = Law { probabilities: vec![0.0; n], derivatives: vec![vec![0.0; n]; parameters.len()] };
        let mut step = 0.0;
        while 1.0 - total > 1e-12 && step < mean + 12.0 * mean.sqrt() + 40.0 {
            step += 1.0;
            weight *= mean / step;
            total += weight;
            self.multiply(&power, &mut next, constants, &slot, rate);
            std::mem::swap(&mut power, &mut next);
            let add = |to: &mut Vec<f64>, from: &Vec<f64>| to.iter_mut().zip(from).for_each(|(a, b)| *a += weight * b);
            add(&mut law.probabilities, &power.probabilities);
            law.derivatives.iter_mut().zip(&power.derivatives).for_each(|(a, b)| add(a, b));
        }
    }

    /// One factor 1 + Q / rate, from the left.
    fn multiply(&self, from: &Law, to: &mut Law, constants: &[f64], slot: &[Option<usize>], rate: f64) {
        to.probabilities.fill(0.0);
        to.derivatives.iter_mut().for_each(|d| d.fill(0.0));
        for (s, edges) in self.edges.iter().enumerate() {
            let p = from.probabilities[s];
            if p == 0.0 && from.derivatives.iter().all(|d| d[s] == 0.0) {
                continue;
            }
            let mut stay = 1.0;
            for &(j, next, h) in edges {
                let flow = constants[j] * h / rate;
                stay -= flow;
                if let Some(next) = next {
                    to.probabilities[next] += flow * p;
                    for (to, from) in to.derivatives.iter_mut().zip(&from.derivatives) {
                        to[next] += flow * from[s];
                    }
                }
                if let Some(i) = slot[j] {
                    let move_ = h / rate * p;
                    to.derivatives[i][s] -= move_;
                    if let Some(next) = next {
                        to.derivatives[i][next] += move_;
                    }
                }
            }
            to.probabilities[s] += stay * p;
            for (to, from) in to.derivatives.iter_mut().zip(&from.derivatives) {
                to[s] += stay * from[s];
            }
        }
    }
}

impl Law {
    /// Certainty of one state.
    pub fn certain(state: usize, states: usize, parameters: usize) -> Self {
        let mut probabilities = vec![0.0; states];
        probabilities[state] = 1.0;
        Law { probabilities, derivatives: vec![vec![0.0; states]; parameters] }
    }
}

/// Bounds around the counts of traces, `margin` standard deviations of a Poisson law wide; hidden species may go from 0
/// to as far above their start.
pub(super) fn bounds(traces: &[Trace], offer: &Offer, margin: f64) -> Vec<[i64; 2]> {
    let around = |low: i64, high: i64| {
        let spread = |n: i64| (margin * ((n as f64).sqrt() + 2.0)).ceil() as i64;
        [(low - spread(low)).max(0), high + spread(high)]
    };
    let of = |s: usize| {
        let column = |t: &Trace| -> Vec<i64> {
            let o = t.recorded.iter().position(|&r| r == s);
            o.map_or_else(Vec::new, |o| t.counts.iter().skip(o).step_by(t.recorded.len()).copied().collect())
        };
        let seen: Vec<i64> = traces.iter().flat_map(column).collect();
        match (seen.iter().min(), seen.iter().max()) {
            (Some(&low), Some(&high)) => around(low, high),
            _ => [0, around(0, offer.initial[s].unwrap_or(0.0).round() as i64 + 5)[1]],
        }
    };
    free(offer).into_iter().map(of).collect()
}
