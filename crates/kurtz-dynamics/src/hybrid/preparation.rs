//! How every trajectory's initial state comes about: amounts drawn at random, and a phase before the start in which some
//! species are held while the others find their balance.
//!
//! As in O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness, arXiv:2109.05053, and their program: there calcium and
//! IP3 are normal, and receptors are followed for 10 s with both held; rows of the last 6 s are averaged and rounded, each
//! species by itself, so that the number of receptors is no longer exactly conserved in the phase. Without averaging the last
//! state is taken, and it is.

use super::fixed::Currents;
use super::plan::Plan;
use super::process::Process;
use super::rows::Rows;
use super::sampler::Hybrid;
use crate::error::DynamicsError;
use crate::method::Stop;
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use kurtz_model::kinetics::Changes;
use kurtz_model::{Initial, Network, SpeciesId, System, Value, Variable};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What happens before time 0 of every trajectory. Default: nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preparation {
    /// Initial amounts that are drawn from a normal law around that of the model, and rounded (never below 0).
    pub draw: Vec<Spread>,
    /// Which of them share a standard normal variate. Default: none.
    pub variates: Variates,
    /// A phase of simulation with some species held, after the draw. Default: none.
    pub phase: Option<Phase>,
}

/// A random initial amount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The species.
    pub species: String,
    /// Standard deviation, in the unit in which the model gives the species.
    pub deviation: f64,
}

/// Where standard normal variates of initial amounts come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variates {
    /// One for each species and trajectory, all independent.
    #[default]
    Each,
    /// One for each trajectory, the same for all species.
    Trajectory,
    /// One for all trajectories and species, drawn with the seed.
    Ensemble,
    /// This one for all.
    Given(f64),
}

/// A phase of simulation before the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Species that keep their amounts, however much of them reacts.
    pub hold: Vec<String>,
    /// How long it lasts, in the model's unit of time.
    pub duration: f64,
    /// Take the average over the rest of the phase from this time on, rounded to whole molecules for each species by
    /// itself, instead of the last state. Default: the last state.
    #[serde(default)]
    pub average_from: Option<f64>,
    /// Time between the states that are averaged, both ends included. Default 0.1.
    #[serde(default = "tenth")]
    pub every: f64,
}

fn tenth() -> f64 {
    0.1
}

/// A preparation bound to a network.
#[derive(Debug)]
pub struct Prepared {
    /// Position in the state, species, and standard deviation in molecules.
    draws: Vec<(usize, SpeciesId, f64)>,
    variates: Variates,
    phase: Option<BoundPhase>,
}

#[derive(Debug)]
struct BoundPhase {
    /// The network in molecules: held species clamped, reactions that change nothing else left out.
    network: Network,
    method: Hybrid,
    times: Vec<f64>,
    /// Positions in the whole state of the species that are held.
    held: Vec<(usize, SpeciesId)>,
    /// Positions in the whole state of the species that are not held, in the order in which they are recorded.
    free: Vec<usize>,
    names: Vec<String>,
    /// Whether what is drawn is held, so that every trajectory has its own propensities.
    is_particular: bool,
}

impl Preparation {
    /// Whether anything happens.
    pub fn is_none(&self) -> bool {
        *self == Preparation::default()
    }

    /// Binds to `network`, in its own units and with its changes made, and to `system`, the same in molecules.
    ///
    /// # Errors
    /// Species that are not there or do not change, deviations or times that are not positive.
    pub fn bind(&self, network: &Network, system: &System, method: &Hybrid) -> Result<Prepared, DynamicsError> {
        let mut draws = Vec::new();
        for spread in &self.draw {
            let id = species_named(network, &spread.species)?;
            let expected = "it must be a finite number >= 0";
            check(
                "the deviation of an initial amount",
                spread.deviation,
                (0.0..f64::INFINITY).contains(&spread.deviation),
                expected,
            )?;
            let Some(position) = system.position(Variable::Species(id)) else {
                let known = system.state_names();
                return Err(DynamicsError::UnknownSpecies { name: spread.species.clone(), known });
            };
            // What an initial amount as large as the deviation would be in molecules.
            let changes = Changes { initial: vec![(spread.species.clone(), spread.deviation)], ..Changes::default() };
            let deviation =
                System::new(&System::new(network, &changes)?.network().in_molecules(), &Changes::default())?;
            draws.push((position, id, deviation.initial_value(Variable::Species(id))));
        }
        if let Variates::Given(z) = self.variates {
            check("the given variate", z, z.is_finite(), "it must be a finite number")?;
        }
        let phase = self.phase.as_ref().map(|phase| phase.bind(system, method, &draws)).transpose()?;
        Ok(Prepared { draws, variates: self.variates, phase })
    }
}

impl Phase {
    fn bind(
        &self,
        system: &System,
        method: &Hybrid,
        draws: &[(usize, SpeciesId, f64)],
    ) -> Result<BoundPhase, DynamicsError> {
        let (duration, every) = (self.duration, self.every);
        check(
            "the duration of the phase",
            duration,
            duration > 0.0 && duration.is_finite(),
            "it must be a positive time",
        )?;
        check(
            "the time between averaged states",
            every,
            every > 0.0 && every <= duration,
            "it must be positive and at most the phase",
        )?;
        let from = self.average_from.unwrap_or(duration);
        check("the begin of the average", from, (0.0..=duration).contains(&from), "it must be within the phase")?;
        let mut network = system.network().clone();
        for name in &self.hold {
            let id = species_named(&network, name)?;
            network.species[id.index()].clamped = true;
        }
        let is_free = |s: SpeciesId| !network.species[s.index()].clamped;
        let mut kept = network.reactions.clone();
        kept.retain(|r| r.net_change().iter().any(|&(s, n)| n != 0 && is_free(s)) || !r.yields.is_empty());
        network.reactions = kept;
        let mut method = method.clone();
        if let super::Partition::Mixed(names) = &mut method.partition {
            names.retain(|name| network.reaction_named(name).is_some());
        }
        let steps = (duration / every).round().max(1.0) as usize;
        let time = |i: usize| duration * i as f64 / steps as f64;
        let times = if self.average_from.is_none() {
            vec![duration]
        } else {
            (0..=steps).map(time).filter(|&t| t >= from - 1e-9 * duration).collect()
        };
        let (mut held, mut free, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (s, species) in network.species.iter().enumerate() {
            match system.position(Variable::Species(SpeciesId::from(s))) {
                Some(position) if species.clamped => held.push((position, SpeciesId::from(s))),
                Some(position) => {
                    free.push(position);
                    names.push(species.name.clone());
                }
                None => {}
            }
        }
        let is_particular = draws.iter().any(|(_, s, _)| network.species[s.index()].clamped);
        Ok(BoundPhase { network, method, times, held, free, names, is_particular })
    }
}

fn species_named(network: &Network, name: &str) -> Result<SpeciesId, DynamicsError> {
    network.species_named(name).ok_or_else(|| DynamicsError::UnknownSpecies {
        name: name.to_owned(),
        known: network.species.iter().map(|s| s.name.clone()).collect(),
    })
}

fn check(setting: &'static str, value: f64, is_good: bool, expected: &'static str) -> Result<(), DynamicsError> {
    if is_good { Ok(()) } else { Err(DynamicsError::BadSetting { setting, value, expected }) }
}

/// A preparation in progress: one trajectory after the other.
pub(super) struct Preparing {
    prepared: Arc<Prepared>,
    /// The engine of the phase, if it can be used again.
    engine: Option<(Process, Option<Currents>)>,
    values: Vec<f64>,
}

impl Preparing {
    pub fn new(prepared: Arc<Prepared>) -> Self {
        Preparing { prepared, engine: None, values: Vec::new() }
    }

    /// Puts the initial state of a trajectory in the place of that of the model.
    pub fn prepare(
        &mut self,
        seed: u64,
        trajectory: u64,
        state: &mut [f64],
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let prepared = Arc::clone(&self.prepared);
        let mut rng = SimRng::new(seed, trajectory, Purpose::InitialState);
        let shared = match prepared.variates {
            Variates::Each => None,
            Variates::Trajectory => Some(normal(&mut rng)),
            Variates::Ensemble => Some(normal(&mut SimRng::new(seed, u64::MAX, Purpose::InitialState))),
            Variates::Given(z) => Some(z),
        };
        for &(position, _, deviation) in &prepared.draws {
            let z = shared.unwrap_or_else(|| normal(&mut rng));
            state[position] = (state[position] + deviation * z).round().max(0.0);
        }
        let Some(phase) = &prepared.phase else { return Ok(()) };
        let rng = SimRng::new(seed, trajectory, Purpose::Preparation);
        self.follow(phase, rng, state, progress)
    }

    fn follow(
        &mut self,
        phase: &BoundPhase,
        rng: SimRng,
        state: &mut [f64],
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        if phase.is_particular || self.engine.is_none() {
            let mut network = phase.network.clone();
            for &(position, species) in &phase.held {
                network.species[species.index()].initial = Initial::Count(Value::Expression(state[position].into()));
            }
            let unusable = |error: DynamicsError| Stop::Unprepared { reason: error.to_string() };
            let system = System::new(&network, &Changes::default()).map_err(|e| unusable(e.into()))?;
            let observables = phase.names.iter().map(|name| system.observable(name));
            let observables: Vec<_> = observables.collect::<Result<_, _>>().map_err(|e| unusable(e.into()))?;
            self.engine = Some(phase.method.engine(&system, &observables).map_err(unusable)?);
        }
        let Some((process, currents)) = &mut self.engine else { return Ok(()) };
        let (rows, width) = (phase.times.len(), phase.free.len());
        self.values.clear();
        self.values.resize(rows * width, 0.0);
        let initial = initial_of(&process.plan, &phase.names, phase, state);
        let mut out = Rows::new(&phase.times, width, &mut self.values);
        match currents {
            Some(currents) => process.run_with_currents(currents, 0.0, &initial, rng, &mut out, progress)?,
            None => process.run(0.0, &initial, rng, &mut out, progress)?,
        }
        for (k, &position) in phase.free.iter().enumerate() {
            let mean = self.values.iter().skip(k).step_by(width).sum::<f64>() / rows as f64;
            state[position] = mean.round();
        }
        Ok(())
    }
}

/// The state at the start of a phase, in the order of its own system.
fn initial_of(plan: &Plan, names: &[String], phase: &BoundPhase, state: &[f64]) -> Vec<f64> {
    let mut initial = plan.initial.clone();
    for (name, &from) in names.iter().zip(&phase.free) {
        let id = phase.network.species_named(name);
        if let Some(position) = id.and_then(|id| plan.system.position(Variable::Species(id))) {
            initial[position] = state[from];
        }
    }
    initial
}

/// A standard normal variate: a radius whose square is twice exponential, in a random direction. Nothing but operations that
/// every machine rounds alike.
fn normal(rng: &mut SimRng) -> f64 {
    loop {
        let (a, b) = (2.0 * rng.uniform() - 1.0, 2.0 * rng.uniform() - 1.0);
        let square = a * a + b * b;
        if square > 0.0 && square < 1.0 {
            return a * (2.0 * rng.exponential() / square).sqrt();
        }
    }
}
