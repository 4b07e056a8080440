//! The engine as a method of ensembles.

use super::fixed::Currents;
use super::partition::{Partition, Treatment};
use super::plan::Plan;
use super::preparation::{Prepared, Preparing};
use super::process::{Numerics, Process};
use super::rows::Rows;
use crate::error::DynamicsError;
use crate::method::{BatchSampler, Block, BlockTask, Halt, Method, Sampler};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::{DEFAULT_MAX_EVENTS, Direct};
use kurtz_model::kinetics::Changes;
use kurtz_model::system::Observable;
use kurtz_model::{Kinetics, ReactionId, System};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Stochastic simulation of whole networks: exact where reactions are discrete, by error-controlled integration where
/// something flows. See [the module](super).
///
/// With nothing but discrete reactions of constant rates it is [`Direct`].
///
/// # Complexity
/// While nothing flows and no propensity changes by itself an event costs O(D log M), as in [`Direct`]. Else every event
/// costs at least one step of the integrator, some ten evaluations of the right-hand sides.
///
/// # References
/// M. H. A. Davis, J. R. Stat. Soc. B 46 (1984) 353-376 (piecewise-deterministic processes); D. T. Gillespie,
/// J. Phys. Chem. 81 (1977) 2340-2361, doi:10.1021/j100540a008.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hybrid {
    /// Which reactions flow. Default: none.
    pub partition: Partition,
    /// How what flows is followed. Default: by integration.
    pub treatment: Treatment,
    /// Relative tolerance of the integration, in [1e-14, 1). Default 1e-6: far below sampling errors.
    pub relative_tolerance: f64,
    /// Absolute tolerance, times the size of each quantity up to 1. Default: a thousandth of the relative tolerance,
    /// times the size of each quantity.
    pub absolute_tolerance: Option<f64>,
    /// Discrete reactions after which a trajectory is given up, at least 1. Default 1e9.
    pub max_events: u64,
    /// Steps of the integrator after which a trajectory is given up. Default 1e8.
    pub max_steps: usize,
}

impl Default for Hybrid {
    fn default() -> Self {
        Hybrid {
            partition: Partition::Discrete,
            treatment: Treatment::Integrated,
            relative_tolerance: 1e-6,
            absolute_tolerance: None,
            max_events: DEFAULT_MAX_EVENTS,
            max_steps: 100_000_000,
        }
    }
}

impl Hybrid {
    /// Whether for these rate laws the method is nothing but [`Direct`].
    fn is_direct(&self, kinetics: &Kinetics) -> bool {
        let reactions = 0..kinetics.network().reactions.len();
        self.partition == Partition::Discrete
            && !reactions.map(ReactionId::from).any(|reaction| kinetics.depends_on_time(reaction))
    }

    fn check(&self) -> Result<Numerics, DynamicsError> {
        check_tolerances(self.relative_tolerance, self.absolute_tolerance)?;
        Ok(Numerics {
            relative_tolerance: self.relative_tolerance,
            absolute_tolerance: self.absolute_tolerance,
            max_steps: self.max_steps,
            max_events: self.max_events,
        })
    }
}

/// Refuses tolerances that the integrator would refuse.
pub(super) fn check_tolerances(relative: f64, absolute: Option<f64>) -> Result<(), DynamicsError> {
    if !(1e-14..1.0).contains(&relative) {
        let expected = "it must be at least 1e-14 and below 1";
        return Err(DynamicsError::BadSetting { setting: "the relative tolerance", value: relative, expected });
    }
    if let Some(value) = absolute.filter(|a| !(*a > 0.0 && a.is_finite())) {
        let expected = "it must be a positive number";
        return Err(DynamicsError::BadSetting { setting: "the absolute tolerance", value, expected });
    }
    Ok(())
}

impl Method for Hybrid {
    fn name(&self) -> &'static str {
        "hybrid"
    }

    fn references(&self) -> &'static [&'static str] {
        &["gillespie1977", "davis1984"]
    }

    fn sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        if self.is_direct(kinetics) {
            return Direct { max_events: self.max_events }.sampler(kinetics);
        }
        Err(DynamicsError::NoSingleEvents { method: self.name() })
    }

    fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        if self.is_direct(kinetics) {
            return Direct { max_events: self.max_events }.batch_sampler(kinetics);
        }
        let system = System::new(kinetics.network(), &Changes::default())?;
        self.system_sampler(&system, &system.amounts())
    }

    fn system_sampler(
        &self,
        system: &System,
        observables: &[Observable],
    ) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        // Nothing but mass action: the direct method has better kernels for it.
        if let Ok(kinetics) = Kinetics::new(system.network())
            && kinetics.general_reactions().is_empty()
            && self.is_direct(&kinetics)
        {
            self.check()?;
            return Direct { max_events: self.max_events }.system_sampler(system, observables);
        }
        let (process, currents) = self.engine(system, observables)?;
        Ok(Box::new(HybridSampler { process, currents, preparing: None, initial: Vec::new() }))
    }
}

impl Hybrid {
    /// The engine for a system, with its currents if they are followed in fixed steps; without any where nothing flows and
    /// counting alone will do.
    pub(super) fn engine(
        &self,
        system: &System,
        observables: &[Observable],
    ) -> Result<(Process, Option<Currents>), DynamicsError> {
        let numerics = self.check()?;
        let unit = &system.network().amount_unit;
        if unit.is_specified() && unit.scale != 1.0 {
            return Err(DynamicsError::NotMolecules { unit: unit.text.clone() });
        }
        let plan = Arc::new(Plan::new(system, &self.partition, observables)?);
        let continuous = self.partition.continuous(system.network())?;
        let currents = match self.treatment {
            Treatment::FixedSteps(step) if step.is_finite() => Some(Currents::new(system, &plan, &continuous, step)?),
            Treatment::FixedSteps(step) => {
                let expected = "it must be a positive time";
                return Err(DynamicsError::BadSetting { setting: "the step of the currents", value: step, expected });
            }
            Treatment::Integrated if continuous.contains(&true) => None,
            Treatment::Integrated => Currents::new(system, &plan, &continuous, f64::INFINITY).ok(),
        };
        Ok((Process::new(plan, numerics), currents))
    }
}

/// The hybrid method with a preparation of every trajectory's initial state.
#[derive(Debug)]
pub struct WithPreparation {
    /// The method.
    pub method: Hybrid,
    /// What happens before the start, bound to the network in molecules.
    pub prepared: Arc<Prepared>,
}

impl Method for WithPreparation {
    fn name(&self) -> &'static str {
        self.method.name()
    }

    fn references(&self) -> &'static [&'static str] {
        self.method.references()
    }

    fn sampler(&self, _: &Kinetics) -> Result<Box<dyn Sampler>, DynamicsError> {
        Err(DynamicsError::NoSingleEvents { method: self.name() })
    }

    fn batch_sampler(&self, kinetics: &Kinetics) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        let system = System::new(kinetics.network(), &Changes::default())?;
        self.system_sampler(&system, &system.amounts())
    }

    fn system_sampler(
        &self,
        system: &System,
        observables: &[Observable],
    ) -> Result<Box<dyn BatchSampler>, DynamicsError> {
        let (process, currents) = self.method.engine(system, observables)?;
        let preparing = Some(Preparing::new(Arc::clone(&self.prepared)));
        Ok(Box::new(HybridSampler { process, currents, preparing, initial: Vec::new() }))
    }
}

/// Blocks of trajectories, one after the other.
struct HybridSampler {
    process: Process,
    currents: Option<Currents>,
    preparing: Option<Preparing>,
    initial: Vec<f64>,
}

impl BatchSampler for HybridSampler {
    fn sample(&mut self, task: &BlockTask<'_>, block: &mut Block, progress: &dyn Progress) -> Result<(), Halt> {
        let variables = self.process.plan.observables.count();
        block.reset(task, variables);
        let size = task.times.len() * variables;
        for i in 0..task.trajectories {
            let trajectory = task.first + i as u64;
            let rng = SimRng::new(task.seed, trajectory, Purpose::Events);
            let mut rows = Rows::new(task.times, variables, &mut block.values[i * size..][..size]);
            self.initial.clone_from(&self.process.plan.initial);
            let prepared = match &mut self.preparing {
                None => Ok(()),
                Some(preparing) => preparing.prepare(task.seed, trajectory, &mut self.initial, progress),
            };
            let (process, initial) = (&mut self.process, &self.initial);
            let followed = prepared.and_then(|()| match &self.currents {
                None => process.run(task.start, initial, rng, &mut rows, progress),
                Some(currents) => process.run_with_currents(currents, task.start, initial, rng, &mut rows, progress),
            });
            followed.map_err(|stop| Halt { trajectory, stop })?;
            block.events[i] = self.process.events;
            block.absorbed[i] = self.process.absorbed;
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.process.plan.observes_counts
    }
}
