//! What a learner may choose from: species, candidate reactions, and what is known beforehand.

use crate::error::LearnError;
use crate::reactions::{Amounts, Candidate, network_of};
use kurtz_model::Kinetics;

/// What is known beforehand of a candidate reaction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Given {
    /// Nothing: the data decide whether it is there.
    #[default]
    Open,
    /// It is there; its rate constant is to be found.
    Known,
    /// It is there, with this rate constant.
    Fixed(f64),
}

/// What a learner may choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Species, in the order of the candidates' stoichiometries.
    pub species: Vec<String>,
    /// The constant amount of each species that reactions see but do not change, `[species]`.
    pub clamped: Vec<Option<f64>>,
    /// Reactions to choose from.
    pub candidates: Vec<Candidate>,
    /// What is known of each, `[candidates]`.
    pub given: Vec<Given>,
    /// Rate constants to start from where the search needs a start, `[candidates]`.
    pub start: Option<Vec<f64>>,
    /// Amount of each species at the first time, for those that are not measured, `[species]`.
    pub initial: Vec<Option<f64>>,
    /// What all amounts are in.
    pub amounts: Amounts,
    /// The volume, which turns counts into concentrations.
    pub volume: f64,
}

impl Offer {
    /// Candidates of which nothing is known, over species that all can change.
    pub fn new(species: Vec<String>, candidates: Vec<Candidate>, amounts: Amounts, volume: f64) -> Self {
        Offer {
            clamped: vec![None; species.len()],
            given: vec![Given::Open; candidates.len()],
            start: None,
            initial: vec![None; species.len()],
            species,
            candidates,
            amounts,
            volume,
        }
    }

    /// Checks lengths and numbers.
    ///
    /// # Errors
    /// Lists of wrong length, no candidates, a volume or a fixed constant that is no positive number.
    pub fn check(&self) -> Result<(), LearnError> {
        let (species, candidates) = (self.species.len(), self.candidates.len());
        if candidates == 0 {
            return Err(LearnError::Empty { what: "candidate reactions" });
        }
        let lengths = [
            ("the clamped amounts", species, self.clamped.len()),
            ("the initial amounts", species, self.initial.len()),
            ("what is known of the candidates", candidates, self.given.len()),
            ("the start of the rate constants", candidates, self.start.as_ref().map_or(candidates, Vec::len)),
        ];
        for (what, expected, found) in lengths {
            if expected != found {
                return Err(LearnError::Length { what: what.into(), expected, found });
            }
        }
        for candidate in &self.candidates {
            let found = candidate.stoichiometry.reactants.len();
            if found != species || candidate.stoichiometry.products.len() != species {
                let what = format!("the stoichiometry of `{}`", candidate.name);
                return Err(LearnError::Length { what, expected: species, found });
            }
        }
        if !(self.volume > 0.0 && self.volume.is_finite()) {
            let expected = "it must be a positive number";
            return Err(LearnError::BadValue { what: "the volume".into(), value: self.volume, expected });
        }
        for (candidate, given) in self.candidates.iter().zip(&self.given) {
            if let Given::Fixed(value) = *given
                && !(value >= 0.0 && value.is_finite())
            {
                let what = format!("the constant fixed for `{}`", candidate.name);
                return Err(LearnError::BadValue { what, value, expected: "it must be a number >= 0" });
            }
        }
        Ok(())
    }

    /// Positions of the candidates whose constants are to be found.
    pub fn open(&self) -> Vec<usize> {
        (0..self.given.len()).filter(|&j| !matches!(self.given[j], Given::Fixed(_))).collect()
    }

    /// Constants fixed, with the positions of their candidates.
    pub fn fixed(&self) -> Vec<(usize, f64)> {
        let fixed = |(j, given): (usize, &Given)| if let Given::Fixed(k) = given { Some((j, *k)) } else { None };
        self.given.iter().enumerate().filter_map(fixed).collect()
    }

    /// Names of the candidates.
    pub fn names(&self) -> Vec<String> {
        self.candidates.iter().map(|c| c.name.clone()).collect()
    }

    /// The candidates as a network, each with rate constant 1.
    ///
    /// # Errors
    /// A volume or clamped amounts that no network can have.
    pub fn at_unit_constants(&self) -> Result<Kinetics, LearnError> {
        let candidates: Vec<(&Candidate, f64)> = self.candidates.iter().map(|c| (c, 1.0)).collect();
        let initial: Vec<f64> = self.clamped.iter().map(|x| x.unwrap_or(0.0)).collect();
        Ok(Kinetics::new(&network_of(&self.species, &initial, Amounts::Counts, self.volume, &candidates))?)
    }

    /// Net change of each species in one event of a candidate, clamped species left out.
    pub fn change(&self, candidate: usize) -> Vec<i64> {
        let s = &self.candidates[candidate].stoichiometry;
        let net = s.reactants.iter().zip(&s.products).zip(&self.clamped);
        net.map(|((&r, &p), clamped)| if clamped.is_some() { 0 } else { i64::from(p) - i64::from(r) }).collect()
    }
}
