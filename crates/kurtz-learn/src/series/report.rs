//! A selection among candidates as a [`LearnReport`].

use super::offer::{Given, Offer};
use super::search::{Selected, restrict};
use crate::fit::WeightedData;
use crate::identifiability::Identifiability;
use crate::linear::{Compressed, non_negative};
use crate::reactions::{Range, profile, structure_reports, structure_verdicts};
use crate::report::{DataSummary, Estimate, LearnReport, Level, ReactionReport, Route, Verdict, finite};
use statrs::distribution::{ContinuousCDF, Normal};

/// Beyond so many candidates the intervals without selection are not computed: they take the cube of their number.
const PROFILED: usize = 16;

/// What a report is made of.
pub(crate) struct Findings<'a> {
    pub offer: &'a Offer,
    pub route: Route,
    pub data: &'a WeightedData,
    pub selected: &'a Selected,
    pub confidence: f64,
    /// Whether chi-square was scaled to fit, so that it says nothing.
    pub noise_from_residuals: bool,
}

/// The report of a selection; verdicts on what it was made of come after its own.
pub(crate) fn learn_report(findings: &Findings, more: Vec<Verdict>) -> LearnReport {
    let Findings { offer, selected, .. } = findings;
    let names = offer.names();
    let best = selected.structures.best();
    let goodness = findings.data.goodness(best.fit.chi2, best.fit.degrees_of_freedom);
    let open_names: Vec<String> = selected.open.iter().map(|&j| names[j].clone()).collect();
    let identifiability = Identifiability::of(&selected.problem, &open_names);
    let mut verdicts = Vec::new();
    if !findings.noise_from_residuals {
        verdicts.push(goodness.verdict());
    }
    if offer.given.contains(&Given::Open) {
        verdicts.extend(structure_verdicts(&selected.structures, "reactions"));
    }
    if !identifiability.is_full() {
        let message = format!(
            "the data determine {} combinations of the {} candidate rates; the others follow from the choice of \
             structure alone",
            identifiability.rank, identifiability.coefficients
        );
        verdicts.push(Verdict::new(Level::Caution, message));
    }
    verdicts.extend(more);
    LearnReport {
        species: offer.species.clone(),
        volume: offer.volume,
        data: DataSummary::of(findings.data),
        route: findings.route.clone(),
        reactions: reactions(findings),
        parameters: Vec::new(),
        structures: structure_reports(&selected.structures, &names),
        structures_complete: selected.structures.complete,
        penalty_per_term: selected.structures.penalty,
        goodness,
        identifiability,
        closures: Vec::new(),
        verdicts,
    }
}

fn reactions(findings: &Findings) -> Vec<ReactionReport> {
    let Findings { offer, selected, confidence, .. } = findings;
    let normal = Normal::standard();
    let (two_sided, one_sided) = (normal.inverse_cdf(0.5 + 0.5 * confidence), normal.inverse_cdf(*confidence));
    // The linearised problem takes the covariance of the data for known.
    let excess = findings.data.excess_variance(selected.structures.best().terms.len()).sqrt();
    let best = selected.structures.best();
    let place = |j: usize| selected.open.iter().position(|&o| o == j);
    let chosen: Vec<usize> = best.terms.iter().filter_map(|&j| place(j)).collect();
    let everything = without_selection(&selected.problem, two_sided * excess);
    let report = |(j, candidate): (usize, &crate::reactions::Candidate)| {
        let exactly = |value| Estimate { value, standard_error: None, lower: Some(value), upper: Some(value) };
        let rate = match (offer.given[j], place(j)) {
            (Given::Fixed(value), _) => exactly(value),
            (_, Some(at)) if !best.terms.contains(&j) => {
                // Upper limit with this one reaction more.
                let with: Vec<usize> = chosen.iter().copied().chain([at]).collect();
                let problem = restrict(&selected.problem, &with, &[]);
                let x = non_negative(&problem, &(0..with.len()).collect::<Vec<_>>(), &vec![true; with.len()]);
                let range =
                    profile(&problem, &vec![true; with.len()], &x, with.len() - 1, (one_sided * excess).powi(2));
                Estimate { value: 0.0, standard_error: None, lower: Some(0.0), upper: finite(range.upper) }
            }
            _ => {
                let (value, error) = (best.fit.parameters[j], best.fit.standard_error(j));
                let half = two_sided * error;
                let at_bound = value == 0.0;
                Estimate {
                    value,
                    standard_error: finite(error).filter(|_| !at_bound),
                    lower: Some((value - half).max(0.0)).filter(|x| x.is_finite()),
                    upper: finite(value + half).filter(|_| !at_bound),
                }
            }
        };
        ReactionReport {
            name: candidate.name.clone(),
            equation: candidate.equation.clone(),
            selected: best.terms.contains(&j),
            rate,
            without_selection: place(j).map_or(rate, |at| everything[at]),
        }
    };
    offer.candidates.iter().enumerate().map(report).collect()
}

fn without_selection(problem: &Compressed, two_sided: f64) -> Vec<Estimate> {
    let p = problem.terms();
    let (all, bounded): (Vec<usize>, Vec<bool>) = ((0..p).collect(), vec![true; p]);
    let x = non_negative(problem, &all, &bounded);
    let estimate = |j: usize| {
        if p > PROFILED {
            return Estimate { value: x[j], standard_error: None, lower: None, upper: None };
        }
        let Range { best, lower, upper } = profile(problem, &bounded, &x, j, two_sided.powi(2));
        let half = (lower > 0.0).then(|| 0.5 * (upper - lower) / two_sided);
        Estimate { value: best, standard_error: half.and_then(finite), lower: finite(lower), upper: finite(upper) }
    };
    (0..p).map(estimate).collect()
}
