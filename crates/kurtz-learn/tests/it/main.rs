//! Learning from simulated ensembles, end to end.

mod coverage;
mod epidermis;
mod reduce;
mod second_order;

use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::ssa::Direct;
use kurtz_dynamics::{Ensemble, MomentRecorder, MomentSeries};
use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, Network, format};

/// A model of the zoo.
fn model(name: &str) -> Network {
    let path = format!("{}/../../models/{name}.crn", env!("CARGO_MANIFEST_DIR"));
    format::crn::read(path).expect("the models of the zoo are sound").0
}

/// Moments up to `order` with their covariance, of simulated trajectories of a model.
fn simulate(
    network: &Network,
    changes: &Changes,
    trajectories: u64,
    seed: u64,
    end: f64,
    steps: usize,
    order: u32,
) -> MomentSeries {
    let kinetics = Kinetics::with_changes(network, changes).expect("the models of the zoo are sound");
    let method = Direct::default();
    let ensemble = Ensemble::new(&kinetics, &method, trajectories, seed, end, steps);
    let outcome = ensemble.run(MomentRecorder::new(order, order), &Silent).expect("the ensemble can be run");
    outcome.output.expect("the ensemble finished")
}
