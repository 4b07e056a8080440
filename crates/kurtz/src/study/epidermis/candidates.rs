//! The reactions offered to the learners: those of the model, and others that could be there.

use super::Settings;
use crate::Error;
use crate::study::ModelFile;
use kurtz_learn::Candidate;
use kurtz_learn::reactions::{RateExpressions, candidates_of};
use kurtz_model::format::crn;
use kurtz_model::{Network, RateLaw, Symbol, Value};

/// Candidate reactions, and what their rate constants are in terms of parameters.
pub struct Offer {
    /// The reactions of the model, then the others.
    pub candidates: Vec<Candidate>,
    /// How many of them are the model's.
    pub own: usize,
    /// Names of the parameters: the model's, then one for each other reaction.
    pub parameters: Vec<String>,
    /// Their true values; 0 for reactions that are not there.
    pub truth: Vec<f64>,
    /// The rate constants as functions of the parameters.
    pub expressions: RateExpressions,
}

impl Offer {
    /// The model's reactions and the further candidates of the settings.
    pub fn new(settings: &Settings, model: &ModelFile) -> Result<Offer, Error> {
        let network = model.kinetics.network();
        let extended = extended(settings, network)?;
        let species: Vec<String> = network.species.iter().map(|s| s.name.clone()).collect();
        let mut parameters = free_parameters(network);
        let mut truth: Vec<f64> = parameters
            .iter()
            .map(|name| network.parameter_named(name).map_or(0.0, |id| model.kinetics.parameters()[id.index()]))
            .collect();
        parameters.extend(settings.candidates.keys().cloned());
        truth.resize(parameters.len(), 0.0);
        Ok(Offer {
            candidates: candidates_of(&extended, &species)?,
            own: network.reactions.len(),
            expressions: RateExpressions::new(&extended, &parameters)?,
            parameters,
            truth,
        })
    }

    /// The parameters that give these rate constants.
    pub fn parameters_at(&self, rates: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(self.expressions.parameters_at(rates)?)
    }
}

/// The network with the further candidates, each at a rate constant of its own.
fn extended(settings: &Settings, network: &Network) -> Result<Network, Error> {
    let mut text = network.to_crn();
    for (name, equation) in &settings.candidates {
        text += &format!("parameter {name} = 0.01\n{}: {equation} @ {name}\n", reaction_of(name));
    }
    Ok(crn::parse(&text, "the model with the candidates of the study")?.0)
}

/// The name of the further candidate whose rate constant is called `name`.
pub fn reaction_of(name: &str) -> String {
    format!("{name}_reaction")
}

/// Parameters that rate constants depend on and that are given as numbers.
pub fn free_parameters(network: &Network) -> Vec<String> {
    let mut used = vec![false; network.parameters.len()];
    let mut open: Vec<_> = network
        .reactions
        .iter()
        .map(|r| match &r.rate {
            RateLaw::MassAction(e) | RateLaw::Rate(e) | RateLaw::Propensity(e) => e,
        })
        .collect();
    while let Some(expression) = open.pop() {
        expression.for_each_symbol(&mut |symbol| {
            if let Symbol::Parameter(p) = symbol
                && !std::mem::replace(&mut used[p.index()], true)
                && let Value::Expression(e) = &network.parameters[p.index()].value
            {
                open.push(e);
            }
        });
    }
    let is_free = |(i, p): &(usize, &kurtz_model::Parameter)| used[*i] && matches!(p.value, Value::Quantity(_));
    network.parameters.iter().enumerate().filter(is_free).map(|(_, p)| p.name.clone()).collect()
}
