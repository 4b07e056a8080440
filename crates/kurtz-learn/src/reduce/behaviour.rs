//! Where the full and the reduced model go in the long run: a reduction that turns an oscillation into rest is wrong
//! however small its error is for a while.

use super::ReduceError;
use super::choose::describe;
use super::flow::Flow;
use kurtz_dynamics::bifurcation::NetworkFamily;
use kurtz_model::{Kinetics, Network, Value};
use kurtz_ode::continuation::{Continuation, Settled, settle};

/// What a network does in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behaviour {
    /// It comes to rest.
    Rest,
    /// It goes round a cycle.
    Cycle {
        /// Its period, to about three digits.
        period: f64,
    },
    /// Neither within the work allowed: it grows, drifts, or is not periodic.
    Other,
}

/// The long run of both models from their initial states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviours {
    /// That of the full model.
    pub full: Behaviour,
    /// That of the reduced model.
    pub reduced: Behaviour,
}

/// Periods that differ by more than this part are not the same.
const PERIOD: f64 = 0.2;

impl Behaviours {
    /// Follows both.
    ///
    /// # Errors
    /// A reduced network that cannot be bound to numbers.
    pub fn of(flow: &Flow, reduced: &Network) -> Result<Behaviours, ReduceError> {
        let kinetics = Kinetics::new(reduced)?;
        Ok(Behaviours { full: behaviour(flow.kinetics), reduced: behaviour(&kinetics) })
    }

    /// How the two differ, if they do.
    pub fn contradiction(&self) -> Option<String> {
        let told = || {
            format!(
                "in the long run the full model {} and the reduced one {}",
                describe(&self.full),
                describe(&self.reduced)
            )
        };
        match (self.full, self.reduced) {
            (Behaviour::Cycle { period: a }, Behaviour::Cycle { period: b }) => ((a - b).abs() > PERIOD * a).then(told),
            (Behaviour::Cycle { .. }, Behaviour::Rest) | (Behaviour::Rest, Behaviour::Cycle { .. }) => Some(told()),
            _ => None,
        }
    }
}

/// The long run of a network from its initial state.
pub fn behaviour(kinetics: &Kinetics) -> Behaviour {
    let network = kinetics.network();
    // Nothing is varied, but a family needs something that could be.
    let parameters = network.parameters.iter().filter_map(|p| match &p.value {
        Value::Quantity(q) => Some((p.name.as_str(), q.value)),
        Value::Expression(_) => None,
    });
    let species = network.species.iter().filter_map(|s| match &s.initial {
        kurtz_model::Initial::Count(Value::Quantity(q)) | kurtz_model::Initial::Concentration(Value::Quantity(q)) => {
            Some((s.name.as_str(), q.value))
        }
        _ => None,
    });
    let family = parameters.chain(species).find_map(|(name, value)| {
        let family = NetworkFamily::new(kinetics, name).ok()?;
        Some((family, value))
    });
    let Some((family, value)) = family else { return Behaviour::Other };
    let margin = 0.5 * value.abs().max(1e-6);
    let settings = Continuation { from: value - margin, to: value + margin, ..Continuation::default() };
    match settle(&family, value, &family.initial_state(value), &settings) {
        Ok(Settled::Steady(_)) => Behaviour::Rest,
        Ok(Settled::Cycle { period, .. }) => Behaviour::Cycle { period },
        _ => Behaviour::Other,
    }
}
