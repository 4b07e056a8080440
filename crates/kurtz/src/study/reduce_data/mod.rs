//! `kurtz reduce --data`: fast relations and reduced laws from recorded courses.

mod network;
mod shown;

use super::findings::{Findings, provenance};
use super::learn::{Input, Source};
use crate::Error;
use kurtz_learn::invariants::{
    ConservedSum, ConstantProducts, Record, RelationSettings, conserved_sums, constant_products,
};
use kurtz_learn::rational::{Law, choose, laws};
use kurtz_learn::series::NoiseModel;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settings of [`run`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Tables of courses: a column `time`, one column a species; see docs/reference/reduce-data.md.
    pub data: Vec<PathBuf>,
    /// How relations are searched for.
    pub relations: RelationSettings,
}

/// What the data show.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The courses.
    pub record: Record,
    /// Where they come from.
    pub sources: Vec<Source>,
    /// Noise of each species.
    pub noise: Vec<NoiseModel>,
    /// Conserved sums.
    pub sums: Vec<ConservedSum>,
    /// Constant products, and the window.
    pub products: ConstantProducts,
    /// Laws by which parts of totals follow other species.
    pub laws: Vec<Law>,
    /// How many of these follow from products; the rest was chosen among polynomials.
    pub derived: usize,
}

/// Looks for conserved sums, fast relations and the laws that follow from them.
///
/// # Errors
/// Files that cannot be read or have mistakes, files of moments, different species in different files, settings out of range.
pub fn run(settings: &Settings) -> Result<Reduced, Error> {
    let (mut species, mut series, mut sources): (Vec<String>, Vec<_>, Vec<_>) = (vec![], vec![], vec![]);
    for path in &settings.data {
        let input = Input::read(path)?;
        sources.push(input.source().clone());
        let name = path.display().to_string();
        let Input::Table { file, .. } = input else {
            let reason = format!("`{name}` holds an ensemble; give a table with a column `time` and one a species");
            return Err(Error::Declined { method: "reduction from data".into(), reason });
        };
        if file.series.is_empty() {
            let reason = format!("`{name}` holds moments; give the courses of concentrations or counts");
            return Err(Error::Declined { method: "reduction from data".into(), reason });
        }
        if species.is_empty() {
            species = file.species.clone();
        }
        if species != file.species {
            let found = format!("{} in `{name}`", file.species.join(", "));
            let expected = "all files must have the same species in the same order";
            return Err(Error::Setting { setting: "the list of species", found, expected });
        }
        series.extend(file.series);
    }
    let record = Record::from_series(species, &series)?;
    examine(record, sources, &settings.relations)
}

fn examine(record: Record, sources: Vec<Source>, settings: &RelationSettings) -> Result<Reduced, Error> {
    let noise = record.noise(settings.noise);
    let sums = conserved_sums(&record, settings)?;
    let products = constant_products(&record, settings)?;
    let mut found = laws(&record, &sums, &products, settings)?;
    // What depends on fewest species, by the lowest powers, explains most; in one course everything may follow much else.
    let degree = |law: &Law| law.terms.iter().map(|t| t.exponents.iter().sum::<u32>()).max().unwrap_or(0);
    found.sort_by_key(|law| (law.drivers.len(), degree(law)));
    let derived = found.len();
    if derived == 0 {
        found.extend(chosen(&record, &sums, &products, settings)?);
    }
    Ok(Reduced { record, sources, noise, sums, products, laws: found, derived })
}

/// A law of more than this many terms a part describes a course, but explains nothing.
const MOST_TERMS: usize = 2;

/// The simplest law of polynomials by which the parts of a total follow another species, in case no products tell one.
///
/// In a single course without an initial layer everything follows everything: then none.
fn chosen(
    record: &Record,
    sums: &[ConservedSum],
    products: &ConstantProducts,
    settings: &RelationSettings,
) -> Result<Option<Law>, Error> {
    if record.courses.len() < 2 && products.window.left_out == 0 && settings.start.is_none() {
        return Ok(None);
    }
    let mut best: Option<Law> = None;
    for sum in sums.iter().filter(|sum| sum.is_total()) {
        for driver in (0..record.species.len()).filter(|&i| sum.coefficients[i] == 0) {
            let Some(law) = choose(record, sum, driver, products.window.start, settings)? else { continue };
            let is_simple = law.terms.len() <= MOST_TERMS * law.members.len();
            if is_simple && best.as_ref().is_none_or(|b| law.terms.len() < b.terms.len()) {
                best = Some(law);
            }
        }
    }
    Ok(best)
}

impl Reduced {
    /// Why nothing can be reduced, if so.
    pub fn refusal(&self) -> Option<Error> {
        if !self.laws.is_empty() || !self.products.products.is_empty() {
            return None;
        }
        let mut reason = String::from(
            "no product of powers of the species stays constant after an initial layer, so no fast relation is seen",
        );
        if let Some((exponents, why)) = self.products.refused.first() {
            let name = kurtz_learn::invariants::describe(exponents, &self.record.species);
            reason += &format!(" (nearest: `{name}`, but {why})");
        }
        reason += "; record longer, or from several initial states";
        Some(Error::Declined { method: "reduction from data".into(), reason })
    }

    /// The report.
    ///
    /// # Errors
    /// Settings that cannot be written down.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut provenance = provenance().settings(settings)?;
        for source in &self.sources {
            provenance.model(source.file.clone(), source.sha256.clone());
        }
        for key in ["gasser1986", "boggs1987", "yang2020"] {
            provenance.cite(key);
        }
        let mut report = self.report();
        report.provenance = Some(provenance);
        let files = self.network().map(|text| ("reduced.crn".to_string(), text.into_bytes()));
        Ok(Findings { report, data: self.tables(), files: files.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests;
