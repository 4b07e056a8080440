//! The exact likelihood of realisations of which every event was recorded.

use super::groups::{Choice, Group, groups};
use super::report::{Found, Parts, report};
use super::trace::{Intensities, Trace, change, free};
use super::{LearnedTraces, Resolution, TraceSettings};
use crate::error::LearnError;
use crate::identifiability::Identifiability;
use crate::linear::{Compressed, Matrix};
use crate::report::{Estimate, Level, Route, Verdict, finite};
use crate::series::{Given, Offer};
use crate::structure::extended;
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// Most structures that are listed.
const LISTED: usize = 50;

pub(super) fn learn(traces: &[Trace], offer: &Offer, settings: &TraceSettings) -> Result<LearnedTraces, LearnError> {
    let intensities = Intensities::new(offer)?;
    let (groups, unexplained) = groups(traces, offer, &intensities);
    let events: usize = groups.iter().map(|g| g.process.events()).sum();
    let open = offer.open().len();
    let penalty = settings.penalty.unwrap_or_else(|| extended(events as f64, open));
    let mut complete = true;
    let mut choices: Vec<Vec<Choice>> = Vec::new();
    for group in &groups {
        let (found, all) = group.choices(penalty, settings.window);
        complete &= all;
        if found.is_empty() {
            let names: Vec<&str> = group.candidates.iter().map(|&j| offer.candidates[j].equation.as_str()).collect();
            return Err(LearnError::NotIdentifiable {
                what: format!("the constants of `{}`", names.join("`, `")),
                reason: "no choice among them can have made all of their events; offer other candidates".into(),
            });
        }
        choices.push(found);
    }
    let structures = structures(&groups, &choices, offer, settings.window);
    let mut constants = vec![0.0; offer.candidates.len()];
    for (&j, &k) in structures[0].terms.iter().zip(&structures[0].constants) {
        constants[j] = k;
    }
    let uniform = rescaled(traces, offer, &intensities, &constants);
    let estimates = estimates(&groups, &choices, offer, settings.confidence);
    let without_selection = without_selection(&groups, offer, settings.confidence);
    let parts = Parts {
        traces,
        offer,
        route: Route::Events,
        values: events,
        identifiability: identifiability(&groups, &choices, offer),
        verdicts: verdicts(&unexplained, events, offer),
        structures,
        complete,
        penalty,
        estimates,
        without_selection,
        uniform: &uniform,
    };
    Ok(LearnedTraces { report: report(parts), constants, resolution: Resolution::Events, uniform, unexplained })
}

/// Structures put together from the choices of each group, the best first.
fn structures(groups: &[Group], choices: &[Vec<Choice>], offer: &Offer, window: f64) -> Vec<Found> {
    // Which choice in each group; changed in one group at a time, then in pairs, as far as the window reaches.
    let mut picks: Vec<(f64, Vec<usize>)> = vec![(0.0, vec![0; groups.len()])];
    for (g, list) in choices.iter().enumerate() {
        let mut more = Vec::new();
        for (score, pick) in &picks {
            for (c, choice) in list.iter().enumerate() {
                let score = score + choice.score - list[0].score;
                if score <= window {
                    let mut pick = pick.clone();
                    pick[g] = c;
                    more.push((score, pick));
                }
            }
        }
        more.sort_by(|a, b| a.0.total_cmp(&b.0));
        more.truncate(LISTED);
        picks = more;
    }
    let found = |(score, pick): &(f64, Vec<usize>)| {
        let mut terms: Vec<(usize, f64, f64)> = offer.fixed().into_iter().map(|(j, k)| (j, k, 0.0)).collect();
        let mut deviance = 0.0;
        for (g, group) in groups.iter().enumerate() {
            let choice = &choices[g][pick[g]];
            deviance += choice.deviance;
            let list = choice.maximum.candidates.iter().enumerate();
            terms.extend(list.map(|(i, &j)| {
                (group.candidates[j], choice.maximum.constants[i], choice.maximum.covariance[(i, i)].sqrt())
            }));
        }
        terms.sort_by_key(|t| t.0);
        Found {
            terms: terms.iter().map(|t| t.0).collect(),
            constants: terms.iter().map(|t| t.1).collect(),
            errors: terms.iter().map(|t| t.2).collect(),
            deviance,
            score: *score,
        }
    };
    picks.iter().map(found).collect()
}

/// The exact interval of a rate from `n` events in an exposure (F. Garwood, Biometrika 28 (1936) 437-442).
fn of_counts(n: usize, exposure: f64, confidence: f64) -> Estimate {
    let quantile = |probability: f64, freedom: usize| {
        ChiSquared::new(freedom as f64).map_or(f64::NAN, |law| 0.5 * law.inverse_cdf(probability) / exposure)
    };
    let tail = 0.5 * (1.0 - confidence);
    if n == 0 {
        let upper = -(1.0 - confidence).ln() / exposure;
        return Estimate { value: 0.0, standard_error: None, lower: Some(0.0), upper: finite(upper) };
    }
    Estimate {
        value: n as f64 / exposure,
        standard_error: Some((n as f64).sqrt() / exposure),
        lower: finite(quantile(tail, 2 * n)),
        upper: finite(quantile(1.0 - tail, 2 * n + 2)),
    }
}

fn estimates(groups: &[Group], choices: &[Vec<Choice>], offer: &Offer, confidence: f64) -> Vec<Estimate> {
    let normal = Normal::standard();
    let (two_sided, one_sided) = (normal.inverse_cdf(0.5 + 0.5 * confidence), normal.inverse_cdf(confidence));
    let unknown = Estimate { value: 0.0, standard_error: None, lower: Some(0.0), upper: None };
    let mut estimates = vec![unknown; offer.candidates.len()];
    for (group, list) in groups.iter().zip(choices) {
        let (process, best) = (&group.process, &list[0].maximum);
        let total = process.total(&best.candidates, &best.constants);
        for (at, &j) in group.candidates.iter().enumerate() {
            let exposure = process.exposures[at];
            let chosen = best.candidates.iter().position(|&c| c == at);
            let alone = process.base.iter().all(|b| *b == 0.0);
            estimates[j] = match (offer.given[j], chosen) {
                (Given::Fixed(k), _) => Estimate { value: k, standard_error: None, lower: Some(k), upper: Some(k) },
                _ if exposure == 0.0 => unknown,
                _ if process.events() == 0 => of_counts(0, exposure, confidence),
                (_, Some(_)) if best.candidates.len() == 1 && alone => {
                    of_counts(process.events(), exposure, confidence)
                }
                (_, Some(i)) => {
                    let (value, error) = (best.constants[i], best.covariance[(i, i)].sqrt());
                    let half = two_sided * error;
                    Estimate {
                        value,
                        standard_error: Some(error).filter(|e| *e > 0.0),
                        lower: Some((value - half).max(0.0)),
                        upper: Some(value + half).filter(|_| value > 0.0),
                    }
                }
                (_, None) => {
                    // The quadratic model of the likelihood at zero.
                    let slope = (0..total.len()).map(|e| process.intensities[(e, at)] / total[e]);
                    let gradient = slope.clone().sum::<f64>() - exposure;
                    let information = slope.map(|s| s * s).sum::<f64>();
                    let upper = (gradient / information).max(0.0) + one_sided / information.sqrt();
                    Estimate { upper: finite(upper), ..unknown }
                }
            };
        }
    }
    estimates
}

/// Constants with all candidates of each change allowed.
fn without_selection(groups: &[Group], offer: &Offer, confidence: f64) -> Vec<Estimate> {
    let two_sided = Normal::standard().inverse_cdf(0.5 + 0.5 * confidence);
    let mut estimates =
        vec![Estimate { value: 0.0, standard_error: None, lower: Some(0.0), upper: None }; offer.candidates.len()];
    for group in groups {
        let process = &group.process;
        let free: Vec<usize> = (0..group.candidates.len())
            .filter(|&at| process.exposures[at] > 0.0 && !matches!(offer.given[group.candidates[at]], Given::Fixed(_)))
            .collect();
        let found = process.maximise(&free);
        for (at, &j) in group.candidates.iter().enumerate() {
            let place = free.iter().position(|&f| f == at);
            if let Given::Fixed(k) = offer.given[j] {
                estimates[j] = Estimate { value: k, standard_error: None, lower: Some(k), upper: Some(k) };
            } else if let (Some(found), Some(i)) = (&found, place) {
                let (value, error) = (found.constants[i], found.covariance[(i, i)].sqrt());
                let half = two_sided * error;
                let bounded = error > 0.0;
                estimates[j] = Estimate {
                    value,
                    standard_error: Some(error).filter(|_| bounded),
                    lower: Some((value - half).max(0.0)),
                    upper: Some(value + half).filter(|_| bounded),
                };
            }
        }
    }
    estimates
}

/// Waiting times in units of their expectation, as numbers evenly spread over [0, 1] (E. N. Brown et al., Neural
/// Comput. 14 (2002) 325-346).
fn rescaled(traces: &[Trace], offer: &Offer, intensities: &Intensities, constants: &[f64]) -> Vec<f64> {
    let mut uniform = Vec::new();
    for trace in traces {
        for row in 1..trace.times.len() {
            if trace.jump(row, offer).iter().all(|d| *d == 0) {
                continue;
            }
            let before = trace.state(row - 1, offer);
            let total: f64 = constants.iter().enumerate().map(|(j, k)| k * intensities.of(j, &before)).sum();
            uniform.push(1.0 - (-total * (trace.times[row] - trace.times[row - 1])).exp());
        }
    }
    uniform
}

fn identifiability(groups: &[Group], choices: &[Vec<Choice>], offer: &Offer) -> Identifiability {
    let order: Vec<usize> = groups.iter().flat_map(|g| g.candidates.iter().copied()).collect();
    let names: Vec<String> = order.iter().map(|&j| offer.candidates[j].name.clone()).collect();
    let p = order.len();
    let mut rows = Matrix::zeros(p.max(1), p + 1);
    let mut first = 0;
    for (group, list) in groups.iter().zip(choices) {
        let (process, best, size) = (&group.process, &list[0].maximum, group.candidates.len());
        if process.events() == 0 {
            // No event in an exposure H: the constant is known to about 1/H.
            (0..size).for_each(|i| rows[(first + i, first + i)] = process.exposures[i]);
        } else {
            let total = process.total(&best.candidates, &best.constants);
            let padded = Matrix::from_fn(process.events(), size + 1, |e, c| {
                if c < size { process.intensities[(e, c)] / total[e] } else { 0.0 }
            });
            let triangle = Compressed::new(&padded).r;
            (0..size).for_each(|i| (i..size).for_each(|k| rows[(first + i, first + k)] = triangle[(i, k)]));
        }
        first += size;
    }
    Identifiability::of(&Compressed::new(&rows), &names)
}

fn verdicts(unexplained: &[(Vec<i64>, usize)], events: usize, offer: &Offer) -> Vec<Verdict> {
    let mut verdicts = vec![Verdict::new(
        Level::Good,
        format!("every event was recorded ({events} of them): the likelihood is exact"),
    )];
    if !unexplained.is_empty() {
        let species: Vec<&str> = free(offer).into_iter().map(|s| offer.species[s].as_str()).collect();
        let words = |(jump, count): &(Vec<i64>, usize)| {
            let parts = jump.iter().zip(&species).filter(|(d, _)| **d != 0).map(|(d, s)| format!("{s} {d:+}"));
            format!("{} ({count} times)", parts.collect::<Vec<_>>().join(", "))
        };
        let list: Vec<String> = unexplained.iter().take(8).map(words).collect();
        verdicts.push(Verdict::new(
            Level::Bad,
            format!("no candidate makes these changes: {}; offer reactions that do", list.join("; ")),
        ));
    }
    let silent = |j: &usize| change(offer, *j).iter().all(|d| *d == 0);
    let silent: Vec<&str> =
        (0..offer.candidates.len()).filter(silent).map(|j| offer.candidates[j].equation.as_str()).collect();
    if !silent.is_empty() {
        let message = format!("`{}` change nothing, so nothing is known about them", silent.join("`, `"));
        verdicts.push(Verdict::new(Level::Caution, message));
    }
    verdicts
}
