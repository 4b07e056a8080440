//! SBML, the exchange format of systems biology: Level 3 (Versions 1 and 2) and Levels 1 and 2 (all versions) are read.
//!
//! What an SBML model says is expressed in the terms of [`Network`], where a species always stands for its amount:
//! in a kinetic law `[S]` becomes S / V, and the law, which is an extent per time, becomes
//! [`RateLaw::Propensity`](crate::RateLaw::Propensity) as it stands. Rules and events that set concentrations set the
//! amounts instead; local parameters get names of their own; functions are expanded, sharing what is equal; the id of a
//! reaction stands for its law, and `rateOf` for the right-hand side of what it asks for.
//!
//! What is not supported (algebraic rules, `delay`, fast reactions, packages that change the meaning) is refused by
//! name, with the element and its line.
//!
//! M. Hucka et al., The Systems Biology Markup Language (SBML): Language Specification for Level 3 Version 2 Core,
//! J. Integr. Bioinform. 16 (2019) 20190021, doi:10.1515/jib-2019-0021; section numbers in the code are of this text.

mod assemble;
mod declarations;
mod document;
mod dynamics;
mod events;
mod formula;
mod functions;
mod grammar;
mod graph;
mod mathml;
mod names;
mod problem;
mod rates;
mod scan;
mod stoichiometry;
#[cfg(test)]
mod tests;
mod translate;
mod units;
mod write;
mod xml;

pub use problem::SbmlProblem;
pub use write::{WriteError, write};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::network::Network;

/// What an SBML file says beside the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Notes {
    /// Level of SBML.
    pub level: u32,
    /// Version within the level.
    pub version: u32,
    /// Whether results for a species are concentrations unless one asks for amounts, `[species]`: true for species
    /// without `hasOnlySubstanceUnits`, in compartments that have a size.
    pub in_concentration: Vec<bool>,
    /// What was noticed, and does not keep the model from being used.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a model from the bytes of a file called `file`, which appears in messages.
///
/// # Errors
/// Everything that is wrong with the file or not supported, as much at once as can be told.
///
/// # Example
/// ```
/// let text = r#"<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"><model>
///   <listOfCompartments><compartment id="V" size="2" constant="true"/></listOfCompartments>
///   <listOfSpecies><species id="A" compartment="V" initialAmount="10" hasOnlySubstanceUnits="false"
///     boundaryCondition="false" constant="false"/></listOfSpecies>
///   <listOfReactions><reaction id="decay" reversible="false">
///     <listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
///     <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML">
///       <apply><times/><cn>0.1</cn><ci>V</ci><ci>A</ci></apply>
///     </math></kineticLaw></reaction></listOfReactions></model></sbml>"#;
/// let (network, notes) = kurtz_model::format::sbml::read(text.as_bytes(), "decay.xml")?;
/// assert_eq!(network.propensity_expression(kurtz_model::ReactionId(0)).display(&network).to_string(), "0.1*A");
/// assert_eq!(notes.in_concentration, [true]);
/// # Ok::<(), kurtz_model::Diagnostics>(())
/// ```
pub fn read(bytes: &[u8], file: &str) -> Result<(Network, Notes), Diagnostics> {
    let text = xml::text(bytes, file)?;
    let tree = xml::tree(text, file)?;
    match document::read(&tree, text) {
        Err(findings) => Err(xml::diagnostics(findings, Severity::Error, file, text)),
        Ok(found) => {
            let warnings = xml::diagnostics(found.warnings, Severity::Warning, file, text).list;
            let notes = Notes {
                level: found.level,
                version: found.version,
                in_concentration: found.in_concentration,
                warnings,
            };
            Ok((found.network, notes))
        }
    }
}
