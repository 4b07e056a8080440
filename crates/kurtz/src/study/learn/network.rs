//! The learned network, with units as far as data or model have them.

use super::frame::Frame;
use kurtz_learn::LearnReport;
use kurtz_learn::reactions::{Amounts, free_name};
use kurtz_learn::series::Offer;
use kurtz_model::{
    Compartment, CompartmentId, Expression, Initial, Network, Parameter, ParameterId, Quantity, RateLaw, Reaction,
    Species, SpeciesId, Symbol, Unit, Value,
};

/// The unit in which a rate constant is shown, and how many of the frame's units one of it is.
pub(super) struct RateUnit {
    pub unit: Unit,
    pub scale: f64,
}

/// The unit of the constant of each candidate: that of the model's parameter where a constant is one, else that which
/// follows from the units of amount, volume and time.
pub(super) fn rate_units(frame: &Frame, offer: &Offer) -> Vec<RateUnit> {
    let of = |j: usize| {
        let candidate = &offer.candidates[j];
        of_model(frame, &candidate.name).unwrap_or_else(|| {
            let order = candidate.stoichiometry.reactants.iter().sum::<u32>();
            let unit = Unit::parse(&derived(frame, order)).unwrap_or_else(|_| Unit::unspecified());
            RateUnit { unit, scale: 1.0 }
        })
    };
    (0..offer.candidates.len()).map(of).collect()
}

fn of_model(frame: &Frame, reaction: &str) -> Option<RateUnit> {
    let network = frame.model.as_ref()?.kinetics.network();
    let RateLaw::MassAction(Expression::Symbol(Symbol::Parameter(id))) =
        &network.reactions[network.reaction_named(reaction)?.index()].rate
    else {
        return None;
    };
    match &network.parameters[id.index()].value {
        Value::Quantity(q) if q.unit.is_specified() => Some(RateUnit {
            scale: q.unit.coherent_scale(&network.volume_unit, &network.time_unit),
            unit: q.unit.clone(),
        }),
        _ => None,
    }
}

/// amount^(1-n) volume^(n-1) / time in words that `.crn` reads; empty if some part has no unit.
fn derived(frame: &Frame, order: u32) -> String {
    let word = |text: &str| match text.chars().all(char::is_alphanumeric) {
        true => text.to_string(),
        false => format!("({text})"),
    };
    let power = |text: &str, n: u32| if n == 1 { word(text) } else { format!("{}^{n}", word(text)) };
    let time = word(frame.time_words());
    let volume = match frame.amounts {
        Amounts::Counts => frame.volume_unit.text.as_str(),
        Amounts::Concentrations => frame.amount_words(),
    };
    match (frame.amounts, order) {
        _ if frame.time_words().is_empty() => String::new(),
        (_, 1) => format!("1/{time}"),
        _ if volume.is_empty() => String::new(),
        (Amounts::Concentrations, 0) => format!("{}/{time}", word(volume)),
        (Amounts::Concentrations, n) => format!("1/({} {time})", power(volume, n - 1)),
        (Amounts::Counts, 0) => format!("molecules/({} {time})", word(volume)),
        (Amounts::Counts, n) => format!("{}/({} {time})", power(volume, n - 1), power("molecules", n - 1)),
    }
}

/// Brings the rates of a report from the frame's units into those shown.
pub(super) fn present(report: &mut LearnReport, units: &[RateUnit]) {
    let names: Vec<String> = report.reactions.iter().map(|r| r.name.clone()).collect();
    for (reaction, unit) in report.reactions.iter_mut().zip(units).filter(|(_, u)| u.scale != 1.0) {
        for estimate in [&mut reaction.rate, &mut reaction.without_selection] {
            estimate.value /= unit.scale;
            for part in [&mut estimate.standard_error, &mut estimate.lower, &mut estimate.upper] {
                *part = part.map(|x| x / unit.scale);
            }
        }
    }
    for structure in &mut report.structures {
        for (i, term) in structure.terms.iter().enumerate() {
            let scale = names.iter().position(|n| n == term).map_or(1.0, |j| units[j].scale);
            structure.coefficients[i] /= scale;
            structure.standard_errors[i] /= scale;
        }
    }
}

/// The chosen reactions of a report whose rates are in `units`; without a model the first condition's start (in the
/// species of the offer) is the network's.
pub(super) fn network(
    frame: &Frame,
    offer: &Offer,
    report: &LearnReport,
    units: &[RateUnit],
    start: &[f64],
) -> Network {
    let mut network = match &frame.model {
        Some(model) => of_the_model(model.kinetics.network(), model.kinetics.initial(), model.kinetics.volumes()[0]),
        None => bare(frame, offer, start),
    };
    let side = |counts: &[u32]| -> Vec<(SpeciesId, u32)> {
        counts.iter().enumerate().filter(|(_, c)| **c > 0).map(|(i, &c)| (SpeciesId::from(i), c)).collect()
    };
    let names: Vec<&str> = offer.candidates.iter().map(|c| c.name.as_str()).collect();
    for (j, reaction) in report.reactions.iter().enumerate().filter(|(_, r)| r.selected) {
        let id = ParameterId::from(network.parameters.len());
        let name = free_name(&network, &names, &format!("k_{}", reaction.name));
        let unit = units[j].unit.clone();
        network
            .parameters
            .push(Parameter { name, value: Value::Quantity(Quantity { value: reaction.rate.value, unit }) });
        let stoichiometry = &offer.candidates[j].stoichiometry;
        network.reactions.push(Reaction {
            name: reaction.name.clone(),
            reactants: side(&stoichiometry.reactants),
            products: side(&stoichiometry.products),
            rate: RateLaw::MassAction(Expression::Symbol(Symbol::Parameter(id))),
            compartment: CompartmentId(0),
            reverse_of: None,
            yields: Vec::new(),
        });
    }
    network
}

fn plain(value: f64) -> Value {
    Value::Quantity(Quantity { value, unit: Unit::unspecified() })
}

/// The model without reactions and parameters, its sizes and initial amounts as numbers.
fn of_the_model(model: &Network, initial: &[f64], volume: f64) -> Network {
    let mut network = model.clone();
    network.name = model.name.as_ref().map(|name| format!("{name}, learned"));
    (network.parameters, network.reactions) = (Vec::new(), Vec::new());
    if let Value::Expression(_) = network.compartments[0].size {
        network.compartments[0].size = plain(volume);
    }
    for (species, &n) in network.species.iter_mut().zip(initial) {
        match &mut species.initial {
            Initial::Count(value @ Value::Expression(_)) => *value = plain(n),
            Initial::Concentration(value @ Value::Expression(_)) => *value = plain(n / volume),
            Initial::Count(_) | Initial::Concentration(_) => {}
        }
    }
    network
}

/// A network in the units of the data alone.
fn bare(frame: &Frame, offer: &Offer, start: &[f64]) -> Network {
    let concentration = frame.concentration_unit.clone();
    // Real units of concentration need a real volume.
    let litre = if concentration.is_specified() { Unit::parse("L").ok() } else { None };
    let volume_unit = litre.unwrap_or_else(|| frame.volume_unit.clone());
    let size = Value::Quantity(Quantity { value: frame.volume, unit: volume_unit.clone() });
    let species = |(name, &x): (&String, &f64)| Species {
        name: name.clone(),
        compartment: CompartmentId(0),
        initial: match offer.amounts {
            // A network starts from whole molecules.
            Amounts::Counts => Initial::Count(plain(x.round())),
            Amounts::Concentrations => {
                Initial::Concentration(Value::Quantity(Quantity { value: x, unit: concentration.clone() }))
            }
        },
        clamped: false,
    };
    let mut network = Network {
        time_unit: frame.time_unit.clone(),
        volume_unit,
        species: offer.species.iter().zip(start).map(species).collect(),
        compartments: Vec::new(),
        ..Network::default()
    };
    let name = free_name(&network, &[], "volume");
    network.compartments.push(Compartment { name, size });
    network
}
