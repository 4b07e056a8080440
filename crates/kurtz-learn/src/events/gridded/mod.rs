//! The likelihood of realisations recorded on a grid: products of transition probabilities, or, where species were not
//! recorded, of the probabilities of each row given all before.

mod conclusion;
mod likelihood;
mod search;

use super::trace::{Intensities, Trace, change, free};
use super::{LearnedTraces, TraceSettings};
use crate::error::LearnError;
use crate::linear::{Compressed, Matrix, non_negative};
use crate::series::Offer;
use conclusion::conclude;
use kurtz_dynamics::Progress;
use likelihood::Likelihood;
use search::Search;

/// Most candidates whose constants are sought.
const MOST: usize = 12;
/// Share of the probability that may leave the states, per transition, before more of them are taken.
const LEAK: f64 = 1e-4;
/// The same where no more are taken: an error of the log-likelihood of one in a thousand per transition.
const TOLERABLE: f64 = 1e-3;
/// Standard deviations around the trace beyond which no states are added.
const WIDEST: f64 = 30.0;

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
        let leak = likelihood.leak(&found.chosen().constants);
        if leak < LEAK || margin > WIDEST && leak < TOLERABLE {
            return conclude(&search, traces, &found, leak);
        }
        if margin > WIDEST {
            return Err(LearnError::Intractable {
                what: "the likelihood of the trace".into(),
                reason: format!(
                    "at the constants found {:.1} % of the probability leaves the states near the trace in each \
                     transition, as if counts grew without bound; offer other reactions, or record more often",
                    100.0 * leak
                ),
            });
        }
        margin *= 2.0;
    }
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
