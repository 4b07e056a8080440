//! What a training run is.

use crate::LearnError;
use crate::approximation::InputSettings;
use crate::nn::{AdamSettings, MAX_BATCH, MlpSettings};
use serde::{Deserialize, Serialize};

/// Which data decide when a network is best.
///
/// Time points of a smoothed curve say nothing about their neighbours' errors, so that only whole conditions or long stretches
/// are set aside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Validation {
    /// Trial k sets aside condition k (modulo their number) of those to learn from: honest.
    #[default]
    LeaveOneOut,
    /// These conditions of those to learn from, by their position among them, are set aside: honest.
    Conditions(Vec<usize>),
    /// The last part of every course, a fraction in (0, 1), is set aside: honest for later times only.
    LastPart(f64),
    /// The conditions on which generalisation is claimed. This is what was published; errors on them then are after
    /// selection on them.
    Unseen,
    /// None: there is no best network, only a last one.
    Nothing,
}

/// Settings of learning a reduced model (dynamic Boltzmann distribution).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbdSettings {
    /// What the subnet sees.
    pub inputs: InputSettings,
    /// The subnet.
    #[serde(default)]
    pub subnet: MlpSettings,
    /// The optimiser.
    #[serde(default)]
    pub adam: AdamSettings,
    /// Points in a batch, 1 to 1024. Default 64.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Passes through the data. Default 200, as published for the shallow subnet.
    #[serde(default = "default_rounds")]
    pub rounds: usize,
    /// Fourier modes of each latent; 0 holds the latents fixed, which leaves the model without a clock. Default 6.
    #[serde(default = "default_modes")]
    pub modes: usize,
    /// Trials, each with its own initial weights, batches and masks. Default 10.
    #[serde(default = "default_trials")]
    pub trials: usize,
    /// Seed; trial k is a function of (seed, k) alone. Default 1.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// What decides which round is best.
    #[serde(default)]
    pub validation: Validation,
    /// Stop when so many rounds brought no better validation; none goes on to the end. Default none.
    #[serde(default)]
    pub patience: Option<usize>,
}

fn default_batch() -> usize {
    64
}

fn default_rounds() -> usize {
    200
}

fn default_modes() -> usize {
    6
}

fn default_trials() -> usize {
    10
}

fn default_seed() -> u64 {
    1
}

impl DbdSettings {
    /// Default settings with these inputs.
    pub fn new(inputs: InputSettings) -> Self {
        DbdSettings {
            inputs,
            subnet: MlpSettings::default(),
            adam: AdamSettings::default(),
            batch: default_batch(),
            rounds: default_rounds(),
            modes: default_modes(),
            trials: default_trials(),
            seed: default_seed(),
            validation: Validation::default(),
            patience: None,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting outside its range.
    pub fn check(&self) -> Result<(), LearnError> {
        self.subnet.check()?;
        self.adam.check()?;
        let bad = |what: &str, value: f64, expected| Err(LearnError::BadValue { what: what.into(), value, expected });
        if !(1..=MAX_BATCH).contains(&self.batch) {
            return bad("the batch", self.batch as f64, "it must be 1 to 1024");
        }
        for (what, value) in [("the number of rounds", self.rounds), ("the number of trials", self.trials)] {
            if value == 0 {
                return bad(what, 0.0, "it must be at least 1");
            }
        }
        match &self.validation {
            Validation::LastPart(fraction) if !(*fraction > 0.0 && *fraction < 1.0) => {
                bad("the part set aside for validation", *fraction, "it must be between 0 and 1")
            }
            _ => Ok(()),
        }
    }
}
