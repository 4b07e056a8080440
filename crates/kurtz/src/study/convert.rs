//! `kurtz convert`: a model in another format.

use super::{ModelChoice, WholeModel};
use crate::Error;
use kurtz_model::format::{Format, crn, sbml};
use kurtz_model::{CompartmentId, Network, RateLaw};

/// A model as the text of a file.
#[derive(Debug)]
pub struct Converted {
    /// The model.
    pub model: WholeModel,
    /// Its text in the format asked for.
    pub text: String,
}

/// Writes the model of a file, with its changes, in another format; `file` is what it will be called.
///
/// # Errors
/// Mistakes in the model, changes to what it does not have, and networks that the format cannot hold.
pub fn run(choice: &ModelChoice, format: Format, file: &str) -> Result<Converted, Error> {
    let model = choice.read_whole()?;
    let network = model.system.network();
    let text = match format {
        Format::Crn => as_crn(network, file)?,
        Format::Sbml => sbml::write(network)
            .map_err(|error| Error::NotExpressible { file: file.to_string(), reason: error.to_string() })?,
    };
    Ok(Converted { model, text })
}

/// The network as `.crn` text, if that says all of it.
fn as_crn(network: &Network, file: &str) -> Result<String, Error> {
    let mut network = network.clone();
    for reaction in network.reactions.iter_mut().filter(|r| matches!(r.rate, RateLaw::Propensity(_))) {
        // Such a law does not ask for the compartment, which in text is always that of the first species.
        let whole = reaction.reactants.first().or(reaction.products.first()).map(|&(s, _)| s);
        let first = whole.or(reaction.yields.first().map(|&(s, _)| s));
        reaction.compartment = first.map_or(CompartmentId(0), |s| network.species[s.index()].compartment);
    }
    network.validate().map_err(|problems| {
        let reason = problems.list.first().map_or(String::new(), |d| d.problem.to_string());
        Error::NotExpressible { file: file.to_string(), reason }
    })?;
    let text = network.to_crn();
    crn::parse(&text, file)?;
    Ok(text)
}
