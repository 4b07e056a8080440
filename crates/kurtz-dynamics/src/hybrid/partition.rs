//! Which reactions flow.

use crate::error::DynamicsError;
use kurtz_model::Network;
use serde::{Deserialize, Serialize};

/// Which reactions happen molecule by molecule, and which flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// All reactions are discrete.
    #[default]
    Discrete,
    /// All reactions flow.
    Continuous,
    /// The reactions of these names flow, the others are discrete.
    Mixed(Vec<String>),
}

/// How continuous reactions are followed beside discrete ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// By integration, with controlled error; discrete reactions see every moment of the flow.
    #[default]
    Integrated,
    /// In steps of this length, in the network's unit of time, by whole molecules with the remainder carried along: for
    /// comparison with published work.
    FixedSteps(f64),
}

impl Partition {
    /// Of each reaction, whether it flows.
    ///
    /// # Errors
    /// A name that no reaction has.
    pub fn continuous(&self, network: &Network) -> Result<Vec<bool>, DynamicsError> {
        let mut continuous = vec![*self == Partition::Continuous; network.reactions.len()];
        if let Partition::Mixed(names) = self {
            for name in names {
                let Some(id) = network.reaction_named(name) else {
                    let known = network.reactions.iter().map(|r| r.name.clone()).collect();
                    return Err(DynamicsError::UnknownReaction { name: name.clone(), known });
                };
                continuous[id.index()] = true;
            }
        }
        Ok(continuous)
    }
}
