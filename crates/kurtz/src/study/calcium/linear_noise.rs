//! What the linear noise approximation says of one species at the steady state, the noise of some reactions left out.
//!
//! With f_j the rates and v_j the changes of reactions, J = sum_j v_j grad f_j at the steady state, the covariance C obeys
//! J C + C J^T + sum_j v_j v_j^T f_j = 0, the last sum over the reactions of single molecules (N. G. van Kampen, Stochastic
//! Processes in Physics and Chemistry, 3rd ed., 2007, section X.4). A current moves amounts but makes no noise.

use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::hybrid::{Integrate, integrate};
use kurtz_dynamics::lna::stationary_covariance;
use kurtz_model::kinetics::Changes;
use kurtz_model::{Initial, Network, ReactionId, System, Value, Variable};

/// The time after which amounts are taken for steady, in the model's unit.
const LONG: f64 = 5_000.0;

/// The network started in the balance that it finds while some species are held.
pub(super) fn balanced(network: &Network, hold: &[String], progress: &dyn Progress) -> Result<Network, Error> {
    let mut held = network.clone();
    for name in hold {
        if let Some(id) = held.species_named(name) {
            held.species[id.index()].clamped = true;
        }
    }
    let system = System::new(&held, &Changes::default())?;
    let amounts = settled(&system, progress)?;
    let mut balanced = network.clone();
    for (species, amount) in balanced.species.iter_mut().zip(amounts) {
        species.initial = Initial::Count(Value::Expression(amount.into()));
    }
    Ok(balanced)
}

/// Amounts of all species after a long time.
fn settled(system: &System, progress: &dyn Progress) -> Result<Vec<f64>, Error> {
    let course = integrate(system, &[LONG], &system.amounts(), &Integrate::default(), progress)?;
    match course.stop {
        None => Ok(course.values),
        Some(stop) => {
            let reason = stop.describe(system.network());
            Err(Error::Stopped { method: "the linear noise approximation".into(), reason })
        }
    }
}

/// The steady variance of a species, with the noise of those reactions of which `is_counted` holds.
pub(super) fn variance(
    network: &Network,
    species: &str,
    is_counted: impl Fn(&str) -> bool,
    progress: &dyn Progress,
) -> Result<f64, Error> {
    let system = System::new(network, &Changes::default())?;
    let amounts = settled(&system, progress)?;
    let n = system.state().len();
    let mut inputs = vec![0.0; n + 1];
    for (i, &variable) in system.state().iter().enumerate() {
        inputs[i] = match variable {
            Variable::Species(s) => amounts[s.index()],
            other => system.initial_value(other),
        };
    }
    let (mut drift, mut noise) = (vec![0.0; n * n], vec![0.0; n * n]);
    for (j, reaction) in network.reactions.iter().enumerate() {
        let rate = system.flow(ReactionId::from(j));
        let slopes = system.state().iter().map(|&v| rate.derivative(v.into()));
        let program = system.program(&std::iter::once(rate.clone()).chain(slopes).collect::<Vec<_>>());
        let mut values = vec![0.0; n + 1];
        program.evaluate(&inputs, &mut vec![0.0; program.register_count()], &mut values);
        let change: Vec<(usize, f64)> = reaction
            .net_change()
            .into_iter()
            .filter_map(|(s, d)| Some((system.position(Variable::Species(s))?, d as f64)))
            .collect();
        for &(i, d) in &change {
            (0..n).for_each(|k| drift[i * n + k] += d * values[1 + k]);
            if is_counted(&reaction.name) {
                change.iter().for_each(|&(k, e)| noise[i * n + k] += d * e * values[0]);
            }
        }
    }
    let covariance = stationary_covariance(&drift, &noise, n).unwrap_or_else(|| vec![f64::NAN; n * n]);
    let position = network.species_named(species).and_then(|id| system.position(Variable::Species(id)));
    Ok(position.map_or(f64::NAN, |i| covariance[i * n + i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::progress::Silent;

    #[test]
    fn linear_networks_have_their_exact_variances() {
        // X is Poisson with mean 20 and forgets at the rate 10; M' = X - M: 20/11, and 20 more with the noise of M itself.
        let text =
            "species X = 1, M = 3\n come: 0 -> X @ 200\n go: X -> 0 @ 10\n make: X -> X + M @ 1\n loss: M -> 0 @ 1";
        let network = kurtz_model::format::crn::parse(text, "test").unwrap().0;
        let current = variance(&network, "M", |name| name == "come" || name == "go", &Silent).unwrap();
        assert!((current / (20.0 / 11.0) - 1.0).abs() < 1e-6, "{current}");
        let all = variance(&network, "M", |_| true, &Silent).unwrap();
        assert!((all / (20.0 / 11.0 + 20.0) - 1.0).abs() < 1e-6, "{all}");
    }

    #[test]
    fn calcium_has_the_variance_of_single_molecules() {
        // Three conserved sums, which must not make it infinite.
        let text = include_str!("../../../../../models/de-young-keizer.crn");
        let network = kurtz_model::format::crn::parse(text, "test").unwrap().0;
        let variances = [1e-14, 1e-13].map(|volume| {
            let changes = Changes {
                parameters: vec![("subunits".into(), 1e16 * volume)],
                initial: vec![("IP3".into(), 0.1)],
                volume: Some(volume),
            };
            let changed = System::new(&network, &changes).unwrap();
            let hold = ["Ca", "IP3", "Ca_ER"].map(String::from);
            let network = balanced(&changed.network().in_molecules(), &hold, &Silent).unwrap();
            variance(&network, "Ca", |_| true, &Silent).unwrap()
        });
        // By exact simulation of all reactions (a hundred trajectories of 30 s, `[full.treatments]` of the study), uM^2.
        let (found, error) = (1.3745e-5, 3.2e-7);
        let z = (variances[0] / 6022.14_f64.powi(2) - found) / error;
        assert!(z.abs() < 4.0, "z = {z}");
        assert!((variances[1] / variances[0] / 10.0 - 1.0).abs() < 1e-6, "{variances:?}");
    }

    #[test]
    fn conserved_sums_stay_in_balance() {
        // A <-> B with A + B = 30: binomial with probability 2/3 for B. Held, A stays and B grows to 2 A.
        let text = "species A = 30, B = 0\n there: A -> B @ 2\n back: B -> A @ 1";
        let network = kurtz_model::format::crn::parse(text, "test").unwrap().0;
        let all = variance(&network, "A", |_| true, &Silent).unwrap();
        assert!((all / (30.0 * 2.0 / 9.0) - 1.0).abs() < 1e-6, "{all}");
        let held = balanced(&network, &["A".to_string()], &Silent).unwrap();
        let value = System::new(&held, &Changes::default()).unwrap().initial().to_vec();
        assert!((value[0] - 30.0).abs() < 1e-6 && (value[1] - 60.0).abs() < 1e-3, "{value:?}");
    }
}
