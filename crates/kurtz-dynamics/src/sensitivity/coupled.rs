//! Coupled finite differences.
//!
//! For each parameter p pairs of exact trajectories run at p (1 - h) and p (1 + h). Every reaction is split into events of
//! both, at the smaller of their propensities, and events of one of them (Anderson 2012): each has exactly its own law,
//! and their difference, divided by 2 h p, has the mean `d<n>/dp` up to h^2 and a variance that stays small where that of
//! independent pairs grows as 1 / h^2. What remains of the bias is a relative h^2 times third derivatives: 1e-4 at the
//! default.

use super::{BLOCK, STRIDE, Sensitivities, check_times, parameter_named};
use crate::error::DynamicsError;
use crate::method::{Halt, Stop};
use crate::progress::Progress;
use crate::rng::{Purpose, SimRng};
use crate::ssa::watch::MAX_COUNT;
use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, Network, ReactionId, SpeciesId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Settings of [`coupled_differences`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoupledDifferences {
    /// h, the relative change of each parameter, in [1e-6, 0.3]; of a parameter that is 0, the change itself. Default 0.01.
    pub step: f64,
    /// Events of a pair after which it is given up. Default 1e9.
    pub max_events: u64,
}

impl Default for CoupledDifferences {
    fn default() -> Self {
        CoupledDifferences { step: 0.01, max_events: 1_000_000_000 }
    }
}

/// Estimates how the means of the counts of all species at `times` depend on the parameters of these names, from `pairs`
/// coupled pairs of exact trajectories for each.
///
/// Parameters that others are defined by move these too. The same numbers on any number of threads.
///
/// # Errors
/// A parameter that the network does not have or that defines nothing but itself by a fixed definition; laws that depend on
/// time; counts that are not whole; times that do not increase.
///
/// # References
/// D. F. Anderson, SIAM J. Numer. Anal. 50 (2012) 2237-2258, doi:10.1137/110849079.
pub fn coupled_differences(
    kinetics: &Kinetics,
    parameters: &[String],
    times: &[f64],
    pairs: u64,
    seed: u64,
    settings: &CoupledDifferences,
    progress: &dyn Progress,
) -> Result<Sensitivities, DynamicsError> {
    if !(1e-6..=0.3).contains(&settings.step) {
        let expected = "it must be from 1e-6 to 0.3";
        return Err(DynamicsError::BadSetting { setting: "step", value: settings.step, expected });
    }
    if pairs < 2 {
        let expected = "it must be at least 2";
        return Err(DynamicsError::BadSetting { setting: "the number of pairs", value: pairs as f64, expected });
    }
    check_times(times)?;
    crate::ssa::refuse_time_dependence("coupled differences", kinetics)?;
    let network = kinetics.network();
    let mut found = Sensitivities::empty(network, parameters, times, pairs);
    let ends = parameters.iter().map(|name| at_both_sides(kinetics, name, settings.step));
    let ends = ends.collect::<Result<Vec<_>, DynamicsError>>()?;
    progress.begin("pairs of trajectories", pairs * parameters.len() as u64);
    for (k, (value, change, sides)) in ends.iter().enumerate() {
        let sums = match sampled(sides, times, pairs, seed, k as u64, settings, progress)? {
            Ok(sums) => sums,
            Err(halt) => {
                found.halt = Some(halt);
                return Ok(found);
            }
        };
        found.values.push(*value);
        let n = pairs as f64;
        for (i, [sum, difference, square]) in sums.into_iter().enumerate() {
            let mean = difference / n;
            let variance = (square / n - mean * mean).max(0.0) * n / (n - 1.0);
            found.derivatives.push(mean / (2.0 * change));
            found.standard_errors.push((variance / n).sqrt() / (2.0 * change));
            found.means[i] += sum / (2.0 * n) / parameters.len() as f64;
        }
    }
    Ok(found)
}

/// A parameter's value, its change, and the kinetics below and above.
type Sides = (f64, f64, [Kinetics; 2]);

fn at_both_sides(kinetics: &Kinetics, name: &str, step: f64) -> Result<Sides, DynamicsError> {
    let network: &Network = kinetics.network();
    let id = parameter_named(network, name)?;
    let value = kinetics.parameters()[id.index()];
    let change = if value == 0.0 { step } else { step * value.abs() };
    // In the network's own units, whatever the unit that the parameter was written in.
    let at = |value: f64| {
        let mut network = network.clone();
        let unit = kurtz_model::Unit::unspecified();
        network.parameters[id.index()].value = kurtz_model::Value::Quantity(kurtz_model::Quantity { value, unit });
        Kinetics::with_changes(&network, &Changes::default())
    };
    Ok((value, change, [at(value - change)?, at(value + change)?]))
}

/// Of each time and species: sums over pairs of both counts, of their difference, and of its square.
fn sampled(
    sides: &[Kinetics; 2],
    times: &[f64],
    pairs: u64,
    seed: u64,
    parameter: u64,
    settings: &CoupledDifferences,
    progress: &dyn Progress,
) -> Result<Result<Vec<[f64; 3]>, Halt>, DynamicsError> {
    let initial = [sides[0].initial_counts()?, sides[1].initial_counts()?];
    let size = times.len() * initial[0].len();
    let block = |first: u64| -> Result<Vec<[f64; 3]>, Halt> {
        let mut pair = Pair::new(sides);
        let mut sums = vec![[0.0; 3]; size];
        let mut rows = [vec![0.0; size], vec![0.0; size]];
        for trajectory in first..(first + BLOCK).min(pairs) {
            let rng = SimRng::new(seed.wrapping_add(parameter << 32), trajectory, Purpose::Pair);
            let followed = pair.run(&initial, rng, times, &mut rows, settings.max_events, progress);
            followed.map_err(|stop| Halt { trajectory, stop })?;
            for ((sum, below), above) in sums.iter_mut().zip(&rows[0]).zip(&rows[1]) {
                let difference = above - below;
                *sum = [sum[0] + below + above, sum[1] + difference, sum[2] + difference * difference];
            }
            progress.advance(1);
        }
        Ok(sums)
    };
    let starts: Vec<u64> = (0..pairs).step_by(BLOCK as usize).collect();
    let blocks: Vec<Result<Vec<[f64; 3]>, Halt>> = starts.into_par_iter().map(block).collect();
    let mut total = vec![[0.0; 3]; size];
    for block in blocks {
        match block {
            Ok(sums) => {
                for (total, sum) in total.iter_mut().zip(sums) {
                    (0..3).for_each(|k| total[k] += sum[k]);
                }
            }
            Err(halt) => return Ok(Err(halt)),
        }
    }
    Ok(Ok(total))
}

/// Two trajectories of one network at two values of a parameter.
struct Pair<'a> {
    sides: &'a [Kinetics; 2],
    states: [Vec<f64>; 2],
    propensities: [Vec<f64>; 2],
}

impl<'a> Pair<'a> {
    fn new(sides: &'a [Kinetics; 2]) -> Self {
        let (n, m) = (sides[0].network().species.len(), sides[0].laws().len());
        Pair { sides, states: [vec![0.0; n], vec![0.0; n]], propensities: [vec![0.0; m], vec![0.0; m]] }
    }

    fn run(
        &mut self,
        initial: &[Vec<i64>; 2],
        mut rng: SimRng,
        times: &[f64],
        rows: &mut [Vec<f64>; 2],
        max_events: u64,
        progress: &dyn Progress,
    ) -> Result<(), Stop> {
        let n = initial[0].len();
        for (state, initial) in self.states.iter_mut().zip(initial) {
            state.iter_mut().zip(initial).for_each(|(x, &n)| *x = n as f64);
        }
        let (mut time, mut row, mut events) = (0.0, 0, 0u64);
        self.renew(0, time)?;
        self.renew(1, time)?;
        while row < times.len() {
            let [a, b] = &self.propensities;
            let total: f64 = a.iter().zip(b).map(|(a, b)| a.max(*b)).sum();
            let wait = if total > 0.0 { rng.exponential() / total } else { f64::INFINITY };
            while row < times.len() && times[row] < time + wait {
                for (rows, state) in rows.iter_mut().zip(&self.states) {
                    rows[row * n..][..n].copy_from_slice(state);
                }
                row += 1;
            }
            if row == times.len() {
                return Ok(());
            }
            time += wait;
            let mut left = rng.uniform() * total;
            let mut chosen = 0;
            for (j, (a, b)) in a.iter().zip(b).enumerate() {
                let either = a.max(*b);
                if either > 0.0 {
                    chosen = j;
                    if left < either {
                        break;
                    }
                    left -= either;
                }
            }
            // `left` is uniform on the larger propensity: both have the event where it is below both.
            let happens = [0, 1].map(|k| left.max(0.0) < self.propensities[k][chosen]);
            for k in (0..2).filter(|&k| happens[k]) {
                let id = ReactionId::from(chosen);
                for &(s, change) in self.sides[k].state_change(id) {
                    let x = &mut self.states[k][s.index()];
                    *x += change as f64;
                    if *x < 0.0 || *x > MAX_COUNT {
                        return Err(self.out_of_range(k, time, id, s));
                    }
                }
                self.renew(k, time)?;
            }
            events += 1;
            if events.is_multiple_of(STRIDE) && progress.cancelled() {
                return Err(Stop::Cancelled);
            }
            if events >= max_events {
                return Err(Stop::EventLimit { time, events });
            }
        }
        Ok(())
    }

    fn out_of_range(&self, side: usize, time: f64, reaction: ReactionId, species: SpeciesId) -> Stop {
        let mut counts: Vec<i64> = self.states[side].iter().map(|&x| x as i64).collect();
        if counts[species.index()] > 0 {
            return Stop::CountOverflow { time, species };
        }
        let changes = self.sides[side].state_change(reaction).iter();
        changes.take_while(|(s, _)| *s <= species).for_each(|&(s, n)| counts[s.index()] -= n);
        Stop::NegativeCount { time, reaction, species, counts }
    }

    /// Computes all propensities of one side anew.
    fn renew(&mut self, side: usize, time: f64) -> Result<(), Stop> {
        let (state, out) = (&self.states[side], &mut self.propensities[side]);
        self.sides[side].propensities_into(f64::NAN, state, out);
        match out.iter().position(|a| !(0.0..f64::INFINITY).contains(a)) {
            None => Ok(()),
            Some(j) => {
                let counts = state.iter().map(|&x| x as i64).collect();
                Err(Stop::BadPropensity { time, reaction: ReactionId::from(j), propensity: out[j], counts })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fsp::{self, FspSettings};
    use crate::progress::Silent;
    use crate::testing::networks::*;
    use kurtz_testkit::FalsePositive;
    use kurtz_testkit::statistics::assert_z;

    const LINE: FalsePositive = FalsePositive(1e-6);

    fn of(kinetics: &Kinetics, names: &[&str], times: &[f64], pairs: u64) -> Sensitivities {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let found = coupled_differences(kinetics, &names, times, pairs, 3, &CoupledDifferences::default(), &Silent);
        let found = found.expect("good");
        assert_eq!(found.halt, None);
        found
    }

    #[test]
    fn immigration_and_death_have_the_derivatives_of_the_closed_form() {
        let (k, d, n0) = (20.0, 0.5, 10.0);
        let kinetics = kinetics("species A = 10\n parameter k = 20, d = 0.5\n 0 -> A @ k\n A -> 0 @ d");
        let times = [1.0, 4.0];
        let found = of(&kinetics, &["k", "d"], &times, 10_000);
        for (t, &time) in times.iter().enumerate() {
            let p = (-d * time).exp();
            let by_k = (1.0 - p) / d;
            let by_d = -n0 * time * p - k / (d * d) * (1.0 - p) + k / d * time * p;
            assert_z("k", found.derivatives[t], by_k, found.standard_errors[t], LINE);
            assert_z("d", found.derivatives[2 + t], by_d, found.standard_errors[2 + t], LINE);
            // Pairs that are not coupled would have 2 Var(n) / (2 h k)^2 / N: 30 times these errors and more.
            let variance = n0 * p * (1.0 - p) + k / d * (1.0 - p);
            let independent = (2.0 * variance / 10_000.0).sqrt() / (2.0 * 0.01 * k);
            assert!(found.standard_errors[t] < independent / 5.0, "{} {independent}", found.standard_errors[t]);
        }
    }

    #[test]
    fn a_dimer_has_the_derivatives_of_the_master_equation() {
        let text = |on: f64| format!("species A = 40, B = 0\n parameter on = {on}\n 2 A -> B @ on\n B -> 2 A @ 0.3");
        let mean = |on: f64| {
            let exact =
                fsp::solve(&kinetics(&text(on)), &[1.0], &FspSettings { tolerance: 1e-12, ..Default::default() });
            exact.expect("small").moments(1).expect("good").value(0, 0)
        };
        let exact = (mean(0.0202) - mean(0.0198)) / 0.0004;
        let found = of(&kinetics(&text(0.02)), &["on"], &[1.0], 20_000);
        assert_z("on", found.derivatives[0], exact, found.standard_errors[0], LINE);
    }

    #[test]
    fn what_a_parameter_defines_moves_with_it() {
        let kinetics = kinetics("species A = 0\n parameter k = 10, twice = 2*k\n 0 -> A @ twice\n A -> 0 @ 1");
        let found = of(&kinetics, &["k"], &[30.0], 2_000);
        assert_z("k", found.derivatives[0], 2.0, found.standard_errors[0], LINE);
    }

    #[test]
    fn bad_requests_are_refused() {
        let kinetics = kinetics("species A = 10\n parameter k = 20\n 0 -> A @ k");
        let ask = |name: &str, times: &[f64], step: f64| {
            let settings = CoupledDifferences { step, ..CoupledDifferences::default() };
            coupled_differences(&kinetics, &[name.to_owned()], times, 100, 1, &settings, &Silent)
        };
        assert!(
            ask("j", &[1.0], 0.01).is_err() && ask("k", &[1.0, 1.0], 0.01).is_err() && ask("k", &[1.0], 0.5).is_err()
        );
        assert!(ask("k", &[1.0], 0.01).is_ok());
    }
}
