//! What likelihoods say, as a report.

use super::trace::Trace;
use crate::identifiability::Identifiability;
use crate::report::{
    ConditionSummary, DataSummary, Estimate, Goodness, LearnReport, Level, ReactionReport, Route, StructureReport,
    Verdict,
};
use crate::series::{Given, Offer};

/// One structure: candidates that are there with constants and standard errors.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub terms: Vec<usize>,
    pub constants: Vec<f64>,
    pub errors: Vec<f64>,
    pub deviance: f64,
    pub score: f64,
}

/// The parts of a report on traces.
pub(super) struct Parts<'a> {
    pub traces: &'a [Trace],
    pub offer: &'a Offer,
    pub route: Route,
    /// Events or transitions.
    pub values: usize,
    /// The best first; scores are relative to it.
    pub structures: Vec<Found>,
    pub complete: bool,
    pub penalty: f64,
    /// Of every candidate.
    pub estimates: Vec<Estimate>,
    pub without_selection: Vec<Estimate>,
    /// Numbers that are evenly spread over [0, 1] if the model is right.
    pub uniform: &'a [f64],
    pub identifiability: Identifiability,
    pub verdicts: Vec<Verdict>,
}

pub(super) fn report(parts: Parts) -> LearnReport {
    let names = parts.offer.names();
    let goodness = evenness(parts.uniform);
    let total: f64 = parts.structures.iter().map(|s| (-0.5 * s.score).exp()).sum();
    let best = &parts.structures[0];
    let reaction = |(j, candidate): (usize, &crate::reactions::Candidate)| ReactionReport {
        name: candidate.name.clone(),
        equation: candidate.equation.clone(),
        selected: best.terms.contains(&j),
        rate: parts.estimates[j],
        without_selection: parts.without_selection[j],
    };
    let structure = |s: &Found| StructureReport {
        terms: s.terms.iter().map(|&j| names[j].clone()).collect(),
        coefficients: s.constants.clone(),
        standard_errors: s.errors.clone(),
        chi2: s.deviance,
        degrees_of_freedom: parts.values.saturating_sub(s.terms.len()),
        score: s.score,
        weight: (-0.5 * s.score).exp() / total,
    };
    let mut verdicts = vec![goodness_verdict(&goodness)];
    if parts.offer.given.contains(&Given::Open) && parts.structures.len() > 1 {
        let odds = (0.5 * parts.structures[1].score).exp();
        let level = if odds < 20.0 { Level::Caution } else { Level::Good };
        let others = parts.structures.len() - 1;
        verdicts.push(Verdict::new(
            level,
            format!("{others} other structures are not excluded; the next has odds of 1 to {odds:.3}"),
        ));
    }
    verdicts.extend(parts.verdicts);
    let summary = |t: &Trace| ConditionSummary { name: t.name.clone(), times: t.times.len() - 1, repetitions: 1.0 };
    LearnReport {
        species: parts.offer.species.clone(),
        volume: parts.offer.volume,
        data: DataSummary {
            conditions: parts.traces.iter().map(summary).collect(),
            observables: parts.traces[0].recorded.iter().map(|&s| parts.offer.species[s].clone()).collect(),
            independent_values: parts.values,
        },
        route: parts.route,
        reactions: parts.offer.candidates.iter().enumerate().map(reaction).collect(),
        parameters: Vec::new(),
        structures: parts.structures.iter().map(structure).collect(),
        structures_complete: parts.complete,
        penalty_per_term: parts.penalty,
        goodness,
        identifiability: parts.identifiability,
        closures: Vec::new(),
        verdicts,
    }
}

/// Chi-square of numbers that should be evenly spread over [0, 1], in bins of at least ten.
fn evenness(uniform: &[f64]) -> Goodness {
    let bins = (uniform.len() / 10).min(50);
    if bins < 2 {
        return Goodness { chi2: 0.0, degrees_of_freedom: 0, p_value: 1.0 };
    }
    let mut counts = vec![0.0; bins];
    for u in uniform {
        counts[((u * bins as f64) as usize).min(bins - 1)] += 1.0;
    }
    let expected = uniform.len() as f64 / bins as f64;
    Goodness::new(counts.iter().map(|c: &f64| (c - expected).powi(2) / expected).sum(), bins - 1)
}

fn goodness_verdict(goodness: &Goodness) -> Verdict {
    let Goodness { chi2, degrees_of_freedom, p_value } = goodness;
    if *degrees_of_freedom == 0 {
        return Verdict::new(Level::Caution, "too few events to test the fit");
    }
    let numbers = format!(
        "residuals are evenly spread with chi-square {chi2:.1} for {degrees_of_freedom} degrees of freedom (p = {p_value:.2e})"
    );
    match *p_value {
        p if p < 1e-6 => Verdict::new(
            Level::Bad,
            format!("{numbers}: the chosen reactions do not describe the trace; candidates are missing"),
        ),
        p if p < 1e-3 => Verdict::new(Level::Caution, format!("{numbers}: a poor description of the trace")),
        _ => Verdict::new(Level::Good, numbers),
    }
}
