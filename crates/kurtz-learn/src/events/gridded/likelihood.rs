//! The likelihood itself: products of transition probabilities of the master equation.

use crate::error::LearnError;
use crate::events::TraceSettings;
use crate::events::trace::{Intensities, Trace, free};
use crate::events::transitions::{Chain, Law, bounds};
use crate::series::Offer;
use kurtz_dynamics::rng::{Purpose, SimRng};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Below this a probability is lost in what the truncation neglects.
const SMALLEST: f64 = 1e-14;

/// A transition that occurred so many times.
struct Step {
    from: usize,
    to: usize,
    time: f64,
    times: f64,
}

pub(super) struct Likelihood<'a> {
    pub chain: Chain,
    /// Of traces that record all species.
    steps: Vec<Step>,
    /// Otherwise the traces themselves, each filtered from its first row on.
    hidden: Option<(&'a [Trace], &'a Offer)>,
    /// Transitions recorded, in all.
    pub transitions: usize,
}

/// A log-likelihood with its derivatives by the constants of `parameters`.
pub(super) struct Value {
    pub log: f64,
    pub gradient: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    pub fn new(
        traces: &'a [Trace],
        offer: &'a Offer,
        intensities: &Intensities,
        settings: &TraceSettings,
        margin: f64,
    ) -> Result<Self, LearnError> {
        let complete = traces.iter().all(|t| free(offer).iter().all(|s| t.recorded.contains(s)));
        let bounds = bounds(traces, offer, margin);
        let seeds: Vec<Vec<i64>> = match complete {
            true => traces.iter().flat_map(|t| (0..t.times.len()).map(|row| t.free_state(row, offer))).collect(),
            false => traces.iter().map(|t| first_state(t, offer)).collect::<Result<_, _>>()?,
        };
        let chain = Chain::new(offer, intensities, &seeds, &bounds, settings.max_states)?;
        let transitions = traces.iter().map(|t| t.times.len() - 1).sum();
        let mut grouped: BTreeMap<(usize, u64, usize), f64> = BTreeMap::new();
        if complete {
            for trace in traces {
                for row in 1..trace.times.len() {
                    let at = |row: usize| chain.index[&trace.free_state(row, offer)];
                    // Steps of a grid differ by rounding alone.
                    let time = trace.times[row] - trace.times[row - 1];
                    let rounded = f64::from_bits((time.to_bits() + (1 << 19)) & !((1 << 20) - 1));
                    *grouped.entry((at(row - 1), rounded.to_bits(), at(row))).or_default() += 1.0;
                }
            }
        }
        let step = |((from, time, to), times)| Step { from, to, time: f64::from_bits(time), times };
        let steps = grouped.into_iter().map(step).collect();
        Ok(Likelihood { chain, steps, hidden: (!complete).then_some((traces, offer)), transitions })
    }

    /// # Errors
    /// More work than allowed.
    pub fn affordable(&self, constants: &[f64], settings: &TraceSettings) -> Result<(), LearnError> {
        let work: f64 = match self.hidden {
            None => self.steps.iter().map(|s| self.chain.work(constants, s.time, 0)).sum(),
            Some((traces, _)) => {
                let span = |t: &Trace| self.chain.work(constants, t.times[t.times.len() - 1] - t.times[0], 0);
                traces.iter().map(span).sum()
            }
        };
        if work > settings.max_work {
            return Err(LearnError::Intractable {
                what: "the likelihood of the trace".into(),
                reason: format!(
                    "one evaluation over {} states would take {work:.1e} multiplications (at most {:.0e}); record every \
                     event, use a shorter trace, or give moments of many trajectories",
                    self.chain.states.len(),
                    settings.max_work
                ),
            });
        }
        Ok(())
    }

    pub fn evaluate(&self, constants: &[f64], parameters: &[usize]) -> Value {
        let (states, p) = (self.chain.states.len(), parameters.len());
        let sum = |a: Value, b: Value| Value {
            log: a.log + b.log,
            gradient: a.gradient.iter().zip(&b.gradient).map(|(x, y)| x + y).collect(),
        };
        let parts: Vec<Value> = match self.hidden {
            None => self
                .by_start()
                .into_par_iter()
                .map(|steps| {
                    let mut law = Law::certain(steps[0].from, states, p);
                    self.chain.propagate(&mut law, constants, parameters, steps[0].time);
                    let one = |s: &&Step| {
                        let chance = law.probabilities[s.to].max(SMALLEST);
                        let gradient = law.derivatives.iter().map(|d| s.times * d[s.to] / chance).collect();
                        Value { log: s.times * chance.ln(), gradient }
                    };
                    steps.iter().map(one).fold(Value { log: 0.0, gradient: vec![0.0; p] }, sum)
                })
                .collect(),
            Some((traces, offer)) => {
                traces.par_iter().map(|t| self.filter(t, offer, constants, parameters, &mut |_, _| {})).collect()
            }
        };
        parts.into_iter().fold(Value { log: 0.0, gradient: vec![0.0; p] }, sum)
    }

    /// Steps with the same beginning and length, together.
    fn by_start(&self) -> Vec<Vec<&Step>> {
        let mut groups: BTreeMap<(usize, u64), Vec<&Step>> = BTreeMap::new();
        for step in &self.steps {
            groups.entry((step.from, step.time.to_bits())).or_default().push(step);
        }
        groups.into_values().collect()
    }

    /// Follows the law of all species through the rows of a trace; `visit` sees it before each row, with the row.
    fn filter(
        &self,
        trace: &Trace,
        offer: &Offer,
        constants: &[f64],
        parameters: &[usize],
        visit: &mut dyn FnMut(&Law, usize),
    ) -> Value {
        let (states, p) = (self.chain.states.len(), parameters.len());
        let first = first_state(trace, offer).expect("checked when the states were made");
        let mut law = Law::certain(self.chain.index[&first], states, p);
        let mut value = Value { log: 0.0, gradient: vec![0.0; p] };
        for row in 1..trace.times.len() {
            self.chain.propagate(&mut law, constants, parameters, trace.times[row] - trace.times[row - 1]);
            visit(&law, row);
            for s in 0..states {
                if !agrees(trace, row, offer, &self.chain.states[s]) {
                    law.probabilities[s] = 0.0;
                    law.derivatives.iter_mut().for_each(|d| d[s] = 0.0);
                }
            }
            let chance = law.probabilities.iter().sum::<f64>();
            if chance < SMALLEST {
                value.log += SMALLEST.ln() * (trace.times.len() - row) as f64;
                return value;
            }
            value.log += chance.ln();
            law.probabilities.iter_mut().for_each(|x| *x /= chance);
            law.derivatives.iter_mut().for_each(|d| d.iter_mut().for_each(|x| *x /= chance));
        }
        // Scaled by the product of all chances, the derivatives now sum to those of the logarithm.
        value.gradient = law.derivatives.iter().map(|d| d.iter().sum()).collect();
        value
    }

    /// Probability that left the states, per transition.
    pub fn leak(&self, constants: &[f64]) -> f64 {
        let states = self.chain.states.len();
        let lost: f64 = match self.hidden {
            None => {
                let of = |steps: Vec<&Step>| {
                    let mut law = Law::certain(steps[0].from, states, 0);
                    self.chain.propagate(&mut law, constants, &[], steps[0].time);
                    let times: f64 = steps.iter().map(|s| s.times).sum();
                    times * (1.0 - law.probabilities.iter().sum::<f64>())
                };
                self.by_start().into_iter().map(of).sum()
            }
            Some((traces, offer)) => {
                let mut lost = 0.0;
                for trace in traces {
                    self.filter(trace, offer, constants, &[], &mut |law, _| {
                        lost += 1.0 - law.probabilities.iter().sum::<f64>();
                    });
                }
                lost
            }
        };
        lost / self.transitions as f64
    }

    /// For each transition the probability of outcomes less likely than the one that occurred, ties split at random:
    /// evenly spread over [0, 1] if the model is right.
    pub fn uniform(&self, constants: &[f64], traces: &[Trace], offer: &Offer, seed: u64) -> Vec<f64> {
        let mut rng = SimRng::new(seed, 0, Purpose::Resampling);
        let mut uniform = Vec::new();
        let mut rank = |outcomes: &mut dyn Iterator<Item = f64>, chance: f64, times: usize| {
            let (mut below, mut ties) = (0.0, 0.0);
            for p in outcomes {
                if (p - chance).abs() <= 1e-9 * chance {
                    ties += p;
                } else if p < chance {
                    below += p;
                }
            }
            (0..times).for_each(|_| uniform.push((below + ties * rng.uniform()).clamp(0.0, 1.0)));
        };
        match self.hidden {
            None => {
                for steps in self.by_start() {
                    let mut law = Law::certain(steps[0].from, self.chain.states.len(), 0);
                    self.chain.propagate(&mut law, constants, &[], steps[0].time);
                    for s in steps {
                        rank(&mut law.probabilities.iter().copied(), law.probabilities[s.to], s.times as usize);
                    }
                }
            }
            Some(_) => {
                for trace in traces {
                    self.filter(trace, offer, constants, &[], &mut |law, row| {
                        let mut outcomes: BTreeMap<Vec<i64>, f64> = BTreeMap::new();
                        for (state, p) in self.chain.states.iter().zip(&law.probabilities) {
                            *outcomes.entry(recorded_part(trace, offer, state)).or_default() += p;
                        }
                        let width = trace.recorded.len();
                        let seen = recorded_row(trace, offer, &trace.counts[row * width..(row + 1) * width]);
                        let chance = outcomes.get(&seen).copied().unwrap_or(0.0);
                        rank(&mut outcomes.values().copied(), chance, 1);
                    });
                }
            }
        }
        uniform
    }
}

/// Counts of the species that can change at the first row; those not recorded as the offer says.
fn first_state(trace: &Trace, offer: &Offer) -> Result<Vec<i64>, LearnError> {
    let count = |s: usize| match trace.recorded.iter().position(|&r| r == s) {
        Some(o) => Ok(trace.counts[o]),
        None => offer.initial[s].map(|x| x.round() as i64).ok_or_else(|| LearnError::UnobservedSpecies {
            species: offer.species[s].clone(),
            known: trace.recorded.iter().map(|&r| offer.species[r].clone()).collect(),
        }),
    };
    free(offer).into_iter().map(count).collect()
}

/// Whether a state agrees with what was recorded at a row.
fn agrees(trace: &Trace, row: usize, offer: &Offer, state: &[i64]) -> bool {
    let width = trace.recorded.len();
    recorded_part(trace, offer, state) == recorded_row(trace, offer, &trace.counts[row * width..(row + 1) * width])
}

/// Of a state, the species that are recorded.
fn recorded_part(trace: &Trace, offer: &Offer, state: &[i64]) -> Vec<i64> {
    let places = free(offer);
    let seen = trace.recorded.iter().filter_map(|s| places.iter().position(|p| p == s));
    seen.map(|i| state[i]).collect()
}

/// Of a row, the species that can change.
fn recorded_row(trace: &Trace, offer: &Offer, row: &[i64]) -> Vec<i64> {
    let kept = trace.recorded.iter().zip(row).filter(|(s, _)| offer.clamped[**s].is_none());
    kept.map(|(_, &n)| n).collect()
}
