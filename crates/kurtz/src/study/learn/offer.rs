//! The reactions offered to the learner: those of a model, of a file, or all up to an order.

use super::Settings;
use super::frame::Frame;
use crate::Error;
use kurtz_learn::reactions::{Amounts, Candidate, CandidateSettings, candidates_of, enumerate_candidates};
use kurtz_learn::series::{Given, Offer};
use kurtz_model::diagnostic::Diagnostics;
use kurtz_model::format::crn;
use kurtz_model::kinetics::Law;
use kurtz_model::{Kinetics, Network};
use std::collections::HashSet;
use std::path::Path;

/// Beyond so many candidates nothing can be told apart, and nothing ends.
const MOST: usize = 250;

/// What may be in the network, with what the user knows of it.
///
/// # Errors
/// Candidates with mistakes; reactions to fix or known to be there that nothing has.
pub(super) fn offer(settings: &Settings, frame: &Frame, observed: &[String]) -> Result<Offer, Error> {
    let mut offer = match (&frame.model, &settings.candidates) {
        (Some(model), _) => of_network(&model.kinetics, frame)?,
        (None, Some(path)) => of_file(path, observed, frame)?,
        (None, None) => {
            let order = CandidateSettings { order: settings.order, inflow: true, ..CandidateSettings::default() };
            let candidates = enumerate_candidates(observed, &order)?;
            if candidates.len() > MOST {
                return Err(Error::Declined {
                    method: "a search among all reactions".into(),
                    reason: format!(
                        "there are {} of order {} between {} species (at most {MOST}); offer fewer with --candidates, --model \
                         or --order",
                        candidates.len(),
                        settings.order,
                        observed.len()
                    ),
                });
            }
            Offer::new(observed.to_vec(), candidates, frame.amounts, frame.volume)
        }
    };
    unique_names(&mut offer.candidates);
    for text in &settings.known {
        let place = place_or_add(&mut offer, text)?;
        offer.given[place] = Given::Known;
    }
    for (text, value) in &settings.fix {
        let place = place_or_add(&mut offer, text)?;
        if !value.is_finite() || *value < 0.0 {
            let expected = "a rate constant must be >= 0 and finite";
            return Err(Error::Setting { setting: "--fix", found: format!("{text}={value}"), expected });
        }
        offer.given[place] = Given::Fixed(*value);
    }
    Ok(offer)
}

fn of_network(kinetics: &Kinetics, frame: &Frame) -> Result<Offer, Error> {
    let network = kinetics.network();
    let species: Vec<String> = network.species.iter().map(|s| s.name.clone()).collect();
    let candidates = candidates_of(network, &species)?;
    let mut offer = Offer::new(species, candidates, frame.amounts, frame.volume);
    let amounts: Vec<f64> = kinetics.initial().to_vec();
    for (s, species) in network.species.iter().enumerate() {
        if species.clamped {
            offer.clamped[s] = Some(amounts[s]);
        }
        offer.initial[s] = Some(amounts[s]);
    }
    let constant = |law: &Law| if let Law::MassAction { constant, .. } = law { *constant } else { 0.0 };
    offer.start = Some(kinetics.laws().iter().map(constant).collect());
    Ok(offer)
}

/// Candidates from a file: lines of reactions, or a whole model.
fn of_file(path: &Path, observed: &[String], frame: &Frame) -> Result<Offer, Error> {
    let name = path.display().to_string();
    let bytes =
        std::fs::read(path).map_err(|e| kurtz_dynamics::data::DataError::new(&name, format!("cannot be read: {e}")))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text,
        // The reader of models has the words for it.
        Ok(text) => return Err(crn::parse(&text, &name).err().map_or(Error::Interrupted, Error::Model)),
        Err(e) => return Err(crn::parse_bytes(e.as_bytes(), &name).err().map_or(Error::Interrupted, Error::Model)),
    };
    let network = parse_reactions(&text, &name, observed)?;
    let species: Vec<String> = network.species.iter().map(|s| s.name.clone()).collect();
    if network.reactions.is_empty() {
        let message = "there is no reaction in this file; write one a line, such as `A + B -> C`";
        return Err(kurtz_dynamics::data::DataError::new(&name, message).into());
    }
    let mut candidates = candidates_of(&network, &species)?;
    let automatic = |name: &str| {
        let number = name.strip_prefix("reaction_").map(|rest| rest.trim_end_matches("_reverse"));
        number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
    };
    // Lines without a name are called after what they say, not after where they stand.
    for candidate in candidates.iter_mut().filter(|c| automatic(&c.name)) {
        *candidate = Candidate::new(&species, candidate.stoichiometry.clone());
    }
    Ok(Offer::new(species, candidates, frame.amounts, frame.volume))
}

/// Reads reactions without rates: each line that lacks one gets `@ 1`; species that are not declared but observed are
/// declared.
fn parse_reactions(text: &str, name: &str, observed: &[String]) -> Result<Network, Diagnostics> {
    let mut complete = String::new();
    let mut declared: HashSet<String> = HashSet::new();
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or("").split('#').next().unwrap_or("");
        if let Some((_, list)) = code.split_once("species ") {
            let names = list.split(',').map(|s| s.split(['=', ' ']).find(|w| !w.is_empty()).unwrap_or("").to_string());
            declared.extend(names);
        }
        complete += code.trim_end();
        if code.contains("->") && !code.contains('@') {
            complete += if code.contains("<->") { " @ 1, 1" } else { " @ 1" };
        }
        complete.push('\n');
    }
    for species in observed.iter().filter(|s| !declared.contains(*s)) {
        complete += &format!("species {species} = 0\n");
    }
    Ok(crn::parse(&complete, name)?.0)
}

/// The place of a candidate by name or equation; an equation that is not offered yet is added.
fn place_or_add(offer: &mut Offer, text: &str) -> Result<usize, Error> {
    if let Some(place) = offer.candidates.iter().position(|c| c.name == text) {
        return Ok(place);
    }
    let unknown = |offer: &Offer| Error::Unknown {
        kind: "candidate reaction",
        name: text.into(),
        known: offer
            .candidates
            .iter()
            .take(12)
            .map(|c| format!("{} ({})", c.name, c.equation))
            .collect::<Vec<_>>()
            .join(", ")
            + if offer.candidates.len() > 12 { ", ..." } else { "" },
    };
    if !text.contains("->") || text.contains("<->") {
        return Err(unknown(offer));
    }
    let network = parse_reactions(text, "--known or --fix", &offer.species)?;
    let Some(candidate) = candidates_of(&network, &offer.species)?.into_iter().next() else {
        return Err(unknown(offer));
    };
    if let Some(place) = offer.candidates.iter().position(|c| c.stoichiometry == candidate.stoichiometry) {
        return Ok(place);
    }
    offer.candidates.push(Candidate::new(&offer.species, candidate.stoichiometry));
    offer.given.push(Given::Open);
    if let Some(start) = &mut offer.start {
        start.push(0.0);
    }
    unique_names(&mut offer.candidates);
    Ok(offer.candidates.len() - 1)
}

fn unique_names(candidates: &mut [Candidate]) {
    let mut seen: HashSet<String> = HashSet::new();
    for candidate in candidates {
        let base = candidate.name.clone();
        let mut number = 2;
        while !seen.insert(candidate.name.clone()) {
            candidate.name = format!("{base}_{number}");
            number += 1;
        }
    }
}

/// Whether the order of some candidate makes its constant depend on the volume.
pub(super) fn volume_matters(offer: &Offer, chosen: &[bool]) -> bool {
    let counts = offer.amounts == Amounts::Counts;
    let candidates = offer.candidates.iter().zip(chosen).filter(|(_, c)| **c);
    counts && candidates.into_iter().any(|(c, _)| c.stoichiometry.reactants.iter().sum::<u32>() != 1)
}
