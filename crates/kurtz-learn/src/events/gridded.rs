//! The likelihood of realisations recorded on a grid: products of transition probabilities, or, where species were not
//! recorded, of the probabilities of each row given all before.

use super::report::{Found, Parts, report};
use super::trace::{Intensities, Trace, change, free};
use super::transitions::{Chain, Law, bounds};
use super::{LearnedTraces, Resolution, TraceSettings};
use crate::error::LearnError;
use crate::identifiability::Identifiability;
use crate::linear::{Cholesky, Compressed, Matrix, non_negative};
use crate::report::{Estimate, Level, Route, Verdict, finite};
use crate::series::{Given, Offer};
use kurtz_dynamics::Progress;
use kurtz_dynamics::rng::{Purpose, SimRng};
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};
use std::collections::BTreeMap;

/// Most candidates whose constants are sought.
const MOST: usize = 12;
/// Share of the probability that may leave the states, per transition.
const LEAK: f64 = 1e-4;
/// Below this a probability is lost in what the truncation neglects.
const SMALLEST: f64 = 1e-14;

pub(super) fn learn(
    traces: &[Trace],
    offer: &Offer,
    settings: &TraceSettings,
    progress: &dyn Progress,
) -> Result<LearnedTraces, LearnError> {
    let open = offer.open();
    if open.len() > MOST {
        return Err(LearnError::Intractable {
            what: "the likelihood of a trace on a grid".into(),
            reason: format!(
                "{} candidate reactions are too many for the master equation (at most {MOST}); offer fewer with --model or \
                 --candidates, or record every event",
                open.len()
            ),
        });
    }
    let intensities = Intensities::new(offer)?;
    let start = start(traces, offer, &intensities)?;
    let mut margin = 4.0;
    loop {
        let likelihood = Likelihood::new(traces, offer, &intensities, settings, margin)?;
        likelihood.affordable(&start, settings)?;
        let search = Search { likelihood: &likelihood, offer, settings, progress };
        let found = search.run(&start)?;
        if likelihood.leak(&found.constants) < LEAK || margin > 30.0 {
            return search.conclude(traces, found);
        }
        margin *= 2.0;
    }
}

/// A transition that occurred so many times.
struct Step {
    from: usize,
    to: usize,
    time: f64,
    times: f64,
}

struct Likelihood<'a> {
    chain: Chain,
    /// Of traces that record all species.
    steps: Vec<Step>,
    /// Otherwise the traces themselves, each filtered from its first row on.
    hidden: Option<(&'a [Trace], &'a Offer)>,
    transitions: usize,
}

/// A log-likelihood with its derivatives by the constants of `parameters`.
struct Value {
    log: f64,
    gradient: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    fn new(
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
    fn affordable(&self, constants: &[f64], settings: &TraceSettings) -> Result<(), LearnError> {
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

    fn evaluate(&self, constants: &[f64], parameters: &[usize]) -> Value {
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
    fn leak(&self, constants: &[f64]) -> f64 {
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
    fn uniform(&self, constants: &[f64], traces: &[Trace], offer: &Offer, seed: u64) -> Vec<f64> {
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

/// Constants to start from: those of the offer, else least squares of the changes on propensities times time.
fn start(traces: &[Trace], offer: &Offer, intensities: &Intensities) -> Result<Vec<f64>, LearnError> {
    let complete = traces.iter().all(|t| free(offer).iter().all(|s| t.recorded.contains(s)));
    let p = offer.candidates.len();
    let with_fixed = |mut k: Vec<f64>| {
        offer.fixed().into_iter().for_each(|(j, value)| k[j] = value);
        k
    };
    if !complete {
        let hidden = free(offer).into_iter().find(|s| !traces.iter().all(|t| t.recorded.contains(s)));
        return offer.start.clone().map(with_fixed).ok_or_else(|| LearnError::UnobservedSpecies {
            species: hidden.map_or(String::new(), |s| offer.species[s].clone()),
            known: traces[0].recorded.iter().map(|&s| offer.species[s].clone()).collect(),
        });
    }
    let changes: Vec<Vec<i64>> = (0..p).map(|j| change(offer, j)).collect();
    let (mut rows, mut span, mut exposures) = (Vec::new(), 0.0, vec![0.0; p]);
    for trace in traces {
        for row in 1..trace.times.len() {
            let (before, after) = (trace.state(row - 1, offer), trace.state(row, offer));
            let time = trace.times[row] - trace.times[row - 1];
            span += time;
            let middle = |j: usize| 0.5 * (intensities.of(j, &before) + intensities.of(j, &after));
            let h: Vec<f64> = (0..p).map(|j| time * middle(j)).collect();
            exposures.iter_mut().zip(&h).for_each(|(e, h)| *e += h);
            for (i, d) in trace.jump(row, offer).into_iter().enumerate() {
                let weight = 1.0 / (1.0 + d.unsigned_abs() as f64).sqrt();
                rows.extend((0..p).map(|j| weight * h[j] * changes[j][i] as f64));
                rows.push(weight * d as f64);
            }
        }
    }
    let problem = Compressed::new(&Matrix::from_rows(rows.len() / (p + 1), p + 1, rows));
    let all: Vec<usize> = (0..p).collect();
    let mut k = non_negative(&problem, &all, &vec![true; p]);
    debug_assert!(span > 0.0);
    let moves = traces.iter().map(|t| t.times.len() as f64).sum::<f64>();
    for j in 0..p {
        // None may start at zero, from where its logarithm does not come back.
        let least = if exposures[j] > 0.0 { 0.1 * moves / (p as f64 * exposures[j]) } else { 0.0 };
        k[j] = k[j].max(least);
    }
    Ok(with_fixed(k))
}

struct Search<'a> {
    likelihood: &'a Likelihood<'a>,
    offer: &'a Offer,
    settings: &'a TraceSettings,
    progress: &'a dyn Progress,
}

/// A set of candidates at its largest likelihood.
#[derive(Clone)]
struct Fitted {
    /// Candidates whose constants were sought.
    terms: Vec<usize>,
    constants: Vec<f64>,
    log: f64,
}

struct Best {
    constants: Vec<f64>,
    fits: Vec<Fitted>,
    penalty: f64,
}

impl Search<'_> {
    fn run(&self, start: &[f64]) -> Result<Best, LearnError> {
        let open = self.offer.open();
        let n = self.likelihood.transitions as f64;
        let penalty = self.settings.penalty.unwrap_or(n.max(3.0).ln() + 2.0 * (open.len() as f64).max(1.0).ln());
        let mut current = self.climb(&open, start)?;
        let mut fits = vec![current.clone()];
        // Backward elimination: the candidate that is missed least goes first.
        loop {
            let optional: Vec<usize> =
                current.terms.iter().copied().filter(|&j| self.offer.given[j] == Given::Open).collect();
            let mut tried = Vec::new();
            for &j in &optional {
                let terms: Vec<usize> = current.terms.iter().copied().filter(|&t| t != j).collect();
                if terms.is_empty() {
                    continue;
                }
                let mut from = current.constants.clone();
                from[j] = 0.0;
                tried.push(self.climb(&terms, &from)?);
            }
            let Some(best) = tried.iter().max_by(|a, b| a.log.total_cmp(&b.log)).cloned() else { break };
            let gained = 2.0 * (best.log - current.log) + penalty;
            fits.extend(tried);
            if gained < 0.0 {
                break;
            }
            current = best;
        }
        let optional = |f: &Fitted| f.terms.iter().filter(|j| self.offer.given[**j] == Given::Open).count() as f64;
        let score = |f: &Fitted| penalty * optional(f) - 2.0 * f.log;
        // What was dropped early may replace what is left.
        loop {
            let mut tried = Vec::new();
            for &out in current.terms.iter().filter(|&&j| self.offer.given[j] == Given::Open) {
                for &inside in open.iter().filter(|&j| !current.terms.contains(j)) {
                    let mut terms: Vec<usize> =
                        current.terms.iter().copied().filter(|&j| j != out).chain([inside]).collect();
                    terms.sort_unstable();
                    if fits.iter().chain(&tried).any(|f| f.terms == terms) {
                        continue;
                    }
                    let mut from = current.constants.clone();
                    (from[out], from[inside]) = (0.0, start[inside]);
                    tried.push(self.climb(&terms, &from)?);
                }
            }
            let best = tried.iter().min_by(|a, b| score(a).total_cmp(&score(b))).cloned();
            fits.extend(tried);
            match best {
                Some(best) if score(&best) < score(&current) => current = best,
                _ => break,
            }
        }
        fits.sort_by(|a, b| score(a).total_cmp(&score(b)));
        Ok(Best { constants: fits[0].constants.clone(), fits, penalty })
    }

    /// Quasi-Newton ascent in the logarithms of the constants of `terms`.
    fn climb(&self, terms: &[usize], start: &[f64]) -> Result<Fitted, LearnError> {
        let p = terms.len();
        let mut constants = start.to_vec();
        let spread = |x: &[f64], constants: &mut Vec<f64>| {
            terms.iter().zip(x).for_each(|(&j, x)| constants[j] = x.clamp(-700.0, 700.0).exp());
        };
        let mut x: Vec<f64> = terms.iter().map(|&j| constants[j].max(1e-12).ln()).collect();
        spread(&x, &mut constants);
        let value = |constants: &[f64]| {
            let v = self.likelihood.evaluate(constants, terms);
            let gradient: Vec<f64> = terms.iter().zip(&v.gradient).map(|(&j, g)| constants[j] * g).collect();
            (v.log, gradient)
        };
        let (mut log, mut gradient) = value(&constants);
        let mut inverse = Matrix::from_fn(p, p, |i, j| if i == j { 1.0 / (1.0 + gradient[i].abs()) } else { 0.0 });
        for _ in 0..100 {
            if self.progress.cancelled() {
                return Err(LearnError::Cancelled);
            }
            let mut direction = inverse.times_vector(&gradient);
            let largest = direction.iter().fold(0.0f64, |m, d| m.max(d.abs()));
            if largest > 1.5 {
                direction.iter_mut().for_each(|d| *d *= 1.5 / largest);
            }
            let slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
            if slope < 1e-9 * (1.0 + log.abs() * 1e-6) {
                break;
            }
            let mut step = 1.0;
            let next = loop {
                let trial: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + step * d).collect();
                spread(&trial, &mut constants);
                let (reached, slopes) = value(&constants);
                if reached >= log + 1e-4 * step * slope {
                    break Some((trial, reached, slopes));
                }
                step *= 0.4;
                if step < 1e-6 {
                    break None;
                }
            };
            let Some((trial, reached, slopes)) = next else { break };
            let s: Vec<f64> = trial.iter().zip(&x).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = gradient.iter().zip(&slopes).map(|(a, b)| a - b).collect();
            update(&mut inverse, &s, &y);
            (x, log, gradient) = (trial, reached, slopes);
        }
        spread(&x, &mut constants);
        Ok(Fitted { terms: terms.to_vec(), constants, log })
    }

    /// Covariance of the logarithms of the constants, from differences of exact gradients; `None` if some direction is
    /// open.
    fn covariance(&self, fitted: &Fitted) -> Option<Matrix> {
        let (p, h) = (fitted.terms.len(), 1e-3);
        let gradient = |i: usize, sign: f64| -> Vec<f64> {
            let mut k = fitted.constants.clone();
            k[fitted.terms[i]] *= (sign * h).exp();
            let v = self.likelihood.evaluate(&k, &fitted.terms);
            fitted.terms.iter().zip(&v.gradient).map(|(&j, g)| k[j] * g).collect()
        };
        let columns: Vec<(Vec<f64>, Vec<f64>)> = (0..p).map(|i| (gradient(i, 1.0), gradient(i, -1.0))).collect();
        let slope = |i: usize, j: usize| -(columns[i].0[j] - columns[i].1[j]) / (2.0 * h);
        let information = Matrix::from_fn(p, p, |i, j| 0.5 * (slope(i, j) + slope(j, i)));
        let factor = Cholesky::new(&information)?;
        let mut half = Matrix::identity(p);
        factor.whiten(&mut half);
        Some(half.transposed().times(&half))
    }

    fn conclude(&self, traces: &[Trace], best: Best) -> Result<LearnedTraces, LearnError> {
        let offer = self.offer;
        let chosen = &best.fits[0];
        let covariance = self.covariance(chosen);
        let normal = Normal::standard();
        let two_sided = normal.inverse_cdf(0.5 + 0.5 * self.settings.confidence);
        let of = |fit: &Fitted, covariance: &Option<Matrix>, j: usize| {
            let value = fit.constants[j];
            let place = fit.terms.iter().position(|&t| t == j);
            match (offer.given[j], place) {
                (Given::Fixed(k), _) => Estimate { value: k, standard_error: None, lower: Some(k), upper: Some(k) },
                (_, Some(i)) => {
                    let relative = covariance.as_ref().map(|c| c[(i, i)].sqrt());
                    let bound = |sign: f64| relative.and_then(|r| finite(value * (sign * two_sided * r).exp()));
                    Estimate {
                        value,
                        standard_error: relative.and_then(|r| finite(value * r)),
                        lower: bound(-1.0).or(Some(0.0)),
                        upper: bound(1.0),
                    }
                }
                (_, None) => Estimate { value: 0.0, standard_error: None, lower: Some(0.0), upper: None },
            }
        };
        let p = offer.candidates.len();
        let full = best.fits.iter().max_by_key(|f| f.terms.len()).expect("the full fit is among them");
        let full_covariance = if full.terms == chosen.terms { covariance.clone() } else { self.covariance(full) };
        let scores = self.scores(&best);
        let structure = |(fit, score): (&Fitted, f64)| {
            let mut terms: Vec<usize> =
                fit.terms.iter().copied().chain(offer.fixed().into_iter().map(|f| f.0)).collect();
            terms.sort_unstable();
            let covariance = if fit.terms == chosen.terms { covariance.clone() } else { self.covariance(fit) };
            Found {
                constants: terms.iter().map(|&j| fit.constants[j]).collect(),
                errors: terms.iter().map(|&j| of(fit, &covariance, j).standard_error.unwrap_or(0.0)).collect(),
                deviance: -2.0 * fit.log,
                terms,
                score,
            }
        };
        let within = best.fits.iter().zip(scores).filter(|(_, s)| *s <= self.settings.window).take(20);
        let structures: Vec<Found> = within.map(structure).collect();
        let uniform = self.likelihood.uniform(&chosen.constants, traces, offer, self.settings.seed);
        let mut verdicts = vec![Verdict::new(
            Level::Good,
            format!(
                "the trace is on a grid: transition probabilities are from the master equation on {} states ({:.1e} of the \
                 probability lost per transition)",
                self.likelihood.chain.states.len(),
                self.likelihood.leak(&chosen.constants)
            ),
        )];
        if offer.given.contains(&Given::Open) {
            let words = "reactions were left out and exchanged one by one, so that not every set of them was tried";
            verdicts.push(Verdict::new(Level::Good, words));
        }
        let names = full.terms.iter().map(|&j| offer.candidates[j].name.clone()).collect::<Vec<_>>();
        let information = match &full_covariance {
            // Any square root of the information has its singular values.
            Some(c) => Cholesky::new(c).map(|f| {
                let mut root = Matrix::identity(names.len());
                f.whiten(&mut root);
                let k = &full.constants;
                Matrix::from_fn(names.len(), names.len() + 1, |i, j| match j < names.len() {
                    true => root[(i, j)] / k[full.terms[j]],
                    false => 0.0,
                })
            }),
            None => None,
        };
        let Some(rows) = information else {
            return Err(LearnError::NotIdentifiable {
                what: format!("all of the constants of `{}`", names.join("`, `")),
                reason: "the likelihood is flat in some combination of them; fix one with --fix REACTION=VALUE, offer fewer \
                         reactions, or record more"
                    .into(),
            });
        };
        let parts = Parts {
            traces,
            offer,
            route: Route::MasterEquation,
            values: self.likelihood.transitions,
            estimates: (0..p).map(|j| of(chosen, &covariance, j)).collect(),
            without_selection: (0..p).map(|j| of(full, &full_covariance, j)).collect(),
            structures,
            complete: !offer.given.contains(&Given::Open) || offer.open().len() <= 2,
            penalty: best.penalty,
            uniform: &uniform,
            identifiability: Identifiability::of(&Compressed::new(&rows), &names),
            verdicts,
        };
        let constants = (0..p)
            .map(|j| {
                if chosen.terms.contains(&j) || !matches!(offer.given[j], Given::Open) {
                    chosen.constants[j]
                } else {
                    0.0
                }
            })
            .collect();
        Ok(LearnedTraces {
            report: report(parts),
            constants,
            resolution: Resolution::Grid,
            uniform,
            unexplained: Vec::new(),
        })
    }

    /// Of each fit, relative to the best.
    fn scores(&self, best: &Best) -> Vec<f64> {
        let optional = |f: &Fitted| f.terms.iter().filter(|j| self.offer.given[**j] == Given::Open).count() as f64;
        let score = |f: &Fitted| best.penalty * optional(f) - 2.0 * f.log;
        let first = score(&best.fits[0]);
        best.fits.iter().map(|f| score(f) - first).collect()
    }
}

/// The inverse Hessian of Broyden, Fletcher, Goldfarb and Shanno after a step `s` that changed the gradient by `-y`.
fn update(inverse: &mut Matrix, s: &[f64], y: &[f64]) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let sy = dot(s, y);
    if sy <= 1e-12 * (dot(s, s) * dot(y, y)).sqrt() {
        return;
    }
    let by = inverse.times_vector(y);
    let factor = (1.0 + dot(y, &by) / sy) / sy;
    for (i, j) in (0..s.len() * s.len()).map(|e| (e / s.len(), e % s.len())) {
        inverse[(i, j)] += factor * s[i] * s[j] - (by[i] * s[j] + s[i] * by[j]) / sy;
    }
}
