//! The mass-action equations: Kurtz's limit of a reaction network in large volumes.

use crate::moments::Sensitivity;
use crate::moments::program::with_scratch;
use crate::moments::sensitivity::{Response, distinct_symbols};
use kurtz_model::expression::Program;
use kurtz_model::kinetics::Law;
use kurtz_model::{Expression, Kinetics, RateLaw, ReactionId, Symbol};
use kurtz_ode::{Sparsity, VectorField};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What the state variables of [`MassAction`] are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Concentrations c, in molecules per volume unit of the network.
    #[default]
    Concentrations,
    /// Numbers of molecules n = c V, not rounded.
    Counts,
}

/// The deterministic equations dc_i/dt = sum_j u_ij phi_j(c), with the rates phi_j of [`Kinetics::rate`].
///
/// As the volume grows at fixed concentrations n / V converges to their solution in probability, uniformly over finite
/// times. They are also the moment equations of order 1 with everything dropped that vanishes in that limit, and exact
/// for the means if all reactions are of first order at most. Where species live in compartments of different sizes, an
/// event of reaction j in its compartment of size V_j changes c_i by u_ij / V_i: dc_i/dt = sum_j u_ij phi_j V_j / V_i.
/// Clamped species keep their value. A law given as a propensity a(n) counts as the rate a(V c) / V at the volume given.
///
/// The state has all species of the network, in its order.
///
/// # References
/// T. G. Kurtz, J. Chem. Phys. 57 (1972) 2976-2978; Yang, Peng, Zhu, Hong 2020, eq. 8.
#[derive(Clone, Debug)]
pub struct MassAction {
    kinetics: Kinetics,
    view: View,
    /// Size of the compartment of each species, `[species]`.
    volumes: Vec<f64>,
    reactions: Vec<Flow>,
    sparsity: Sparsity,
    /// The entry of the sparsity for each slope of each reaction and each species that it changes, in the order in which
    /// these are visited.
    places: Vec<u32>,
    sensitivity: Sensitivity,
    responses: Vec<Response>,
    /// How the rate of each reaction moves with each parameter at fixed concentrations, `[parameters][reactions]`.
    slopes: Vec<Vec<Program>>,
}

/// A reaction in the deterministic limit.
#[derive(Clone, Debug)]
struct Flow {
    rate: Rate,
    /// Size V_j of its compartment, and which that is.
    volume: f64,
    compartment: usize,
    /// Species that it changes, and by how much.
    change: Vec<(usize, f64)>,
}

#[derive(Clone, Debug)]
enum Rate {
    /// k, times `unit` = 1 / prod nu!, times the concentrations to their orders.
    MassAction { constant: f64, unit: f64, orders: Vec<(usize, i32)> },
    /// Any other.
    Law(Box<General>),
}

/// A law and its derivatives by the species that it reads, as functions of concentrations or of counts.
#[derive(Clone, Debug)]
struct General {
    law: Program,
    gradient: Program,
    /// The species that it reads, as the outputs of the gradient.
    species: Vec<usize>,
    of_counts: bool,
}

impl MassAction {
    /// The mass-action equations of a network with its numbers.
    pub fn new(kinetics: &Kinetics, view: View) -> Self {
        Self::with_sensitivity(kinetics, view, Sensitivity::None)
    }

    /// The mass-action equations with parameters to which sensitivities can be asked.
    pub fn with_sensitivity(kinetics: &Kinetics, view: View, sensitivity: Sensitivity) -> Self {
        let network = kinetics.network();
        let volumes = network.species.iter().map(|s| kinetics.volumes()[s.compartment.index()]).collect();
        let reactions: Vec<Flow> = (0..network.reactions.len()).map(|j| flow(kinetics, j.into())).collect();
        let (sparsity, places) = sparsity(network.species.len(), &reactions);
        let responses: Vec<_> = match &sensitivity {
            Sensitivity::Parameters(list) => list.iter().map(|&p| Response::new(kinetics, p)).collect(),
            _ => Vec::new(),
        };
        let slopes_by = |response: &Response| {
            let laws = network.reactions.iter().map(|r| match &r.rate {
                RateLaw::MassAction(law) | RateLaw::Rate(law) | RateLaw::Propensity(law) => {
                    let terms = response.of(law).into_iter();
                    let slope = terms.fold(Expression::Number(0.0), |sum, (change, slope)| sum + change * slope);
                    compile(kinetics, &[slope])
                }
            });
            laws.collect()
        };
        let slopes = responses.iter().map(slopes_by).collect();
        MassAction {
            kinetics: kinetics.clone(),
            view,
            volumes,
            reactions,
            sparsity,
            places,
            sensitivity,
            responses,
            slopes,
        }
    }

    /// What the state variables are.
    pub fn view(&self) -> View {
        self.view
    }

    /// The initial state of the kinetics, `[species]`, as the view has it.
    pub fn initial_state(&self) -> Vec<f64> {
        let scale = |(n, v): (&f64, &f64)| if self.view == View::Counts { *n } else { n / v };
        self.kinetics.initial().iter().zip(&self.volumes).map(scale).collect()
    }

    /// Absolute tolerances that correspond to a number of molecules, `[species]`, as the view has it.
    pub fn tolerances(&self, molecules: f64) -> Vec<f64> {
        let scale = |v: &f64| if self.view == View::Counts { molecules } else { molecules / v };
        self.volumes.iter().map(scale).collect()
    }

    /// Reads the concentration of a species off the state.
    fn concentration(&self, x: &[f64], species: usize) -> f64 {
        match self.view {
            View::Concentrations => x[species],
            View::Counts => x[species] / self.volumes[species],
        }
    }

    /// How much dx_i/dt is per unit of a reaction's rate and of its net change of i.
    fn weight(&self, flow: &Flow, species: usize) -> f64 {
        match self.view {
            View::Concentrations => flow.volume / self.volumes[species],
            View::Counts => flow.volume,
        }
    }

    /// Lends the values of expressions over concentrations, or over counts.
    fn with_values<T>(
        &self,
        program: &Program,
        time: f64,
        x: &[f64],
        of_counts: bool,
        work: impl FnOnce(&[f64]) -> T,
    ) -> T {
        let input = |i: usize| {
            if i == self.volumes.len() {
                return time;
            }
            let c = self.concentration(x, i);
            if of_counts { c * self.volumes[i] } else { c }
        };
        with_scratch(program.register_count() + program.output_count(), |room| {
            let (outputs, registers) = room.split_at_mut(program.output_count());
            program.evaluate_from(input, registers, outputs);
            work(outputs)
        })
    }

    fn rate(&self, flow: &Flow, time: f64, x: &[f64]) -> f64 {
        let factor = if let Rate::MassAction { constant, .. } = &flow.rate { *constant } else { 1.0 };
        factor * self.unit_rate(flow, time, x)
    }

    /// The rate at unit rate constant; that of another law than mass action as a whole.
    fn unit_rate(&self, flow: &Flow, time: f64, x: &[f64]) -> f64 {
        match &flow.rate {
            Rate::MassAction { unit, orders, .. } => {
                orders.iter().fold(*unit, |phi, &(i, nu)| phi * self.concentration(x, i).powi(nu))
            }
            Rate::Law(general) => {
                let value = self.with_values(&general.law, time, x, general.of_counts, |v| v[0]);
                if general.of_counts { value / flow.volume } else { value }
            }
        }
    }

    /// Calls `add` with each species i and each l that acts on it through a reaction, and what df_i/dx_l has from it.
    fn for_each_derivative(&self, time: f64, x: &[f64], mut add: impl FnMut(usize, usize, f64)) {
        for flow in &self.reactions {
            self.for_each_slope(flow, time, x, |l, slope| {
                let slope = if self.view == View::Counts { slope / self.volumes[l] } else { slope };
                for &(i, change) in &flow.change {
                    add(i, l, change * self.weight(flow, i) * slope);
                }
            });
        }
    }

    /// Calls `add` with each species that a rate depends on, and the derivative by its concentration.
    fn for_each_slope(&self, flow: &Flow, time: f64, x: &[f64], mut add: impl FnMut(usize, f64)) {
        match &flow.rate {
            Rate::MassAction { constant, unit, orders } => {
                for &(l, nu) in orders {
                    let factor =
                        |&(i, nu): &(usize, i32)| self.concentration(x, i).powi(if i == l { nu - 1 } else { nu });
                    add(l, constant * unit * f64::from(nu) * orders.iter().map(factor).product::<f64>());
                }
            }
            Rate::Law(general) => {
                self.with_values(&general.gradient, time, x, general.of_counts, |slopes| {
                    for (&l, slope) in general.species.iter().zip(slopes) {
                        add(l, if general.of_counts { slope * self.volumes[l] / flow.volume } else { *slope });
                    }
                });
            }
        }
    }

    /// The derivative of a rate by a parameter at fixed concentrations.
    fn rate_response(&self, reaction: usize, parameter: usize, time: f64, x: &[f64]) -> f64 {
        let (flow, response) = (&self.reactions[reaction], &self.responses[parameter]);
        let of_counts = matches!(&flow.rate, Rate::Law(general) if general.of_counts);
        let explicit = self.with_values(&self.slopes[parameter][reaction], time, x, of_counts, |v| v[0]);
        match &flow.rate {
            Rate::MassAction { .. } => explicit * self.unit_rate(flow, time, x),
            Rate::Law(_) if !of_counts => explicit,
            Rate::Law(_) => {
                // a(V c) / V: the counts move with the sizes of their compartments.
                let mut change = explicit / flow.volume;
                self.for_each_slope(flow, time, x, |l, slope| {
                    change += slope * self.concentration(x, l) * self.volume_response(response, l) / self.volumes[l];
                });
                change - self.rate(flow, time, x) * response.volumes[flow.compartment] / flow.volume
            }
        }
    }

    /// How the size of the compartment of a species moves.
    fn volume_response(&self, response: &Response, species: usize) -> f64 {
        response.volumes[self.kinetics.network().species[species].compartment.index()]
    }
}

impl VectorField for MassAction {
    fn dimension(&self) -> usize {
        self.volumes.len()
    }

    fn evaluate(&self, time: f64, x: &[f64], dx: &mut [f64]) {
        dx.fill(0.0);
        for flow in &self.reactions {
            let phi = self.rate(flow, time, x);
            for &(i, change) in &flow.change {
                dx[i] += change * self.weight(flow, i) * phi;
            }
        }
    }

    fn jacobian(&self, time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        let n = self.dimension();
        jacobian.fill(0.0);
        self.for_each_derivative(time, x, |i, l, derivative| jacobian[i * n + l] += derivative);
        true
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        Some(&self.sparsity)
    }

    fn jacobian_entries(&self, time: f64, x: &[f64], values: &mut [f64]) {
        values.fill(0.0);
        let mut places = self.places.iter();
        self.for_each_derivative(time, x, |_, _, derivative| {
            if let Some(&place) = places.next() {
                values[place as usize] += derivative;
            }
        });
    }

    fn parameter_count(&self) -> usize {
        match &self.sensitivity {
            Sensitivity::None => 0,
            Sensitivity::Parameters(list) => list.len(),
            Sensitivity::Rates => self.reactions.len(),
        }
    }

    fn parameter_jacobian(&self, time: f64, x: &[f64], out: &mut [f64]) {
        let p = self.parameter_count();
        out.fill(0.0);
        for (j, flow) in self.reactions.iter().enumerate() {
            if self.sensitivity == Sensitivity::Rates {
                let per_unit = self.unit_rate(flow, time, x);
                for &(i, change) in &flow.change {
                    out[i * p + j] += change * self.weight(flow, i) * per_unit;
                }
                continue;
            }
            for k in 0..p {
                let response = &self.responses[k];
                let mut direct = self.rate_response(j, k, time, x);
                if self.view == View::Counts {
                    // c = n / V at fixed n.
                    self.for_each_slope(flow, time, x, |l, slope| {
                        direct -=
                            slope * self.concentration(x, l) * self.volume_response(response, l) / self.volumes[l];
                    });
                }
                let phi = self.rate(flow, time, x);
                let own = response.volumes[flow.compartment] / flow.volume;
                for &(i, change) in &flow.change {
                    let other = match self.view {
                        View::Concentrations => self.volume_response(response, i) / self.volumes[i],
                        View::Counts => 0.0,
                    };
                    out[i * p + k] += change * self.weight(flow, i) * (direct + phi * (own - other));
                }
            }
        }
    }

    fn names(&self) -> Vec<String> {
        self.kinetics.network().species.iter().map(|s| s.name.clone()).collect()
    }
}

/// Which species act on which, and the entry for each of these in the order of [`MassAction::for_each_derivative`].
fn sparsity(species: usize, reactions: &[Flow]) -> (Sparsity, Vec<u32>) {
    let (mut entries, mut places) = (Vec::new(), Vec::new());
    let mut known = HashMap::new();
    for flow in reactions {
        let read: Vec<usize> = match &flow.rate {
            Rate::MassAction { orders, .. } => orders.iter().map(|&(l, _)| l).collect(),
            Rate::Law(general) => general.species.clone(),
        };
        for l in read {
            for &(i, _) in &flow.change {
                let place = *known.entry((i, l)).or_insert_with(|| {
                    entries.push((i, l));
                    entries.len() as u32 - 1
                });
                places.push(place);
            }
        }
    }
    (Sparsity::new(species, entries), places)
}

fn flow(kinetics: &Kinetics, reaction: ReactionId) -> Flow {
    let network = kinetics.network();
    let description = &network.reactions[reaction.index()];
    let law = |law: &Expression, of_counts| {
        let (species, gradient): (Vec<_>, Vec<_>) = distinct_symbols(law)
            .into_iter()
            .filter_map(|s| match s {
                Symbol::Species(i) => Some((i.index(), law.derivative(s))),
                _ => None,
            })
            .unzip();
        let gradient = compile(kinetics, &gradient);
        let law = compile(kinetics, std::slice::from_ref(law));
        Rate::Law(Box::new(General { law, gradient, species, of_counts }))
    };
    let rate = match &kinetics.laws()[reaction.index()] {
        Law::MassAction { constant, .. } => {
            let orders = description.reactants.iter();
            let orders: Vec<_> = orders.map(|&(s, nu)| (s.index(), i32::try_from(nu).unwrap_or(i32::MAX))).collect();
            let unit = orders.iter().flat_map(|&(_, nu)| 1..=nu).fold(1.0, |f, i| f / f64::from(i));
            Rate::MassAction { constant: *constant, unit, orders }
        }
        Law::Rate { phi, .. } => law(phi, false),
        Law::Propensity(a) => law(a, true),
    };
    let change = description.net_change().into_iter().filter(|(s, _)| !network.species[s.index()].clamped);
    Flow {
        rate,
        volume: kinetics.volumes()[description.compartment.index()],
        compartment: description.compartment.index(),
        change: change.map(|(s, u)| (s.index(), u as f64)).collect(),
    }
}

/// Expressions as functions of all species, then time, at the kinetics' values of everything else.
pub(crate) fn compile(kinetics: &Kinetics, expressions: &[Expression]) -> Program {
    let species = (0..kinetics.initial().len()).map(|i| Symbol::Species(i.into()));
    let inputs: Vec<_> = species.chain([Symbol::Time]).collect();
    let constant = |s| Some(kinetics.value_of(s, f64::NAN, &|_| f64::NAN));
    Program::compile(expressions, &inputs, constant).expect("species and time are inputs, all else has a value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::closure::ZeroCentral;
    use crate::moments::{ClosedMoments, Form, MomentHierarchy};
    use crate::test_networks::{jacobian_error, kinetics, parameter_jacobian_error};
    use kurtz_model::ParameterId;
    use kurtz_model::kinetics::Changes;
    use kurtz_ode::{Integration, solve};

    const DIMERISATION: &str = "species A = 40, B = 0\nparameter kf = 1, kr = 0.4\nvolume 20\n\
        2 A -> B @ kf\nB -> 2 A @ kr\n";

    /// Concentrations of A at 0.5, 1, 2, 5.
    fn dimerisation(model: &str) -> Vec<f64> {
        let field = MassAction::new(&kinetics(model), View::Concentrations);
        let settings = Integration::with_tolerances(1e-11, 1e-12);
        let solution = solve(&field, &field.initial_state(), &[0.5, 1.0, 2.0, 5.0], &settings).unwrap();
        assert!(solution.is_complete());
        solution.variable(0)
    }

    #[test]
    fn dimerisation_follows_the_half_k_c_squared_convention() {
        let expected = [1.07793, 0.84576, 0.73603, 0.71659];
        for (found, expected) in dimerisation(DIMERISATION).iter().zip(expected) {
            assert!((found - expected).abs() < 5.1e-6, "{found} {expected}");
        }
        // The other convention, phi = k c^2, is far off.
        let wrong = dimerisation(&DIMERISATION.replace("2 A -> B @ kf", "2 A -> B @ rate(kf*A^2)"));
        assert!(wrong.iter().zip(expected).all(|(w, e)| (w / e - 1.0).abs() > 0.2), "{wrong:?}");
        // Given as a propensity in the convention of this project, it agrees up to 1/V.
        let counts = DIMERISATION.replace("2 A -> B @ kf", "2 A -> B @ propensity(kf*A*A/(2*volume))");
        assert!(dimerisation(&counts).iter().zip(expected).all(|(w, e)| (w - e).abs() < 5.1e-6));
    }

    const GENERAL: &str = "parameter w = 2, k = 0.3, K = 0.7, q = 2*k, n = 2\n\
        compartment cell = 3\ncompartment nucleus = w/4\n\
        species A in cell = 5\nspecies B in nucleus = 2*w\nclamped species D in cell = 3\n\
        0 -> A @ k + q\nA + B -> 2 B @ q\nD + A -> D + B @ k\n\
        A -> B @ rate(k*A^n/(K + A^n) * (1 + 0.5*sin(time)))\nB -> 0 @ propensity(k*B*(B-1)/(1 + A/cell))\n\
        3 A -> B @ k\n";

    #[test]
    fn derivatives_agree_with_differences_for_general_laws_compartments_and_both_views() {
        let kinetics = kinetics(GENERAL);
        let parameters: Vec<_> = (0..kinetics.parameters().len()).map(ParameterId::from).collect();
        for view in [View::Concentrations, View::Counts] {
            let field = MassAction::new(&kinetics, view);
            let x = [1.3, 2.1, 0.9];
            assert!(jacobian_error(&field, 0.4, &x) < 1e-8);
            let (mut dense, mut entries) = (vec![0.0; 9], vec![0.0; field.sparsity().unwrap().entries().len()]);
            field.jacobian(0.4, &x, &mut dense);
            field.jacobian_entries(0.4, &x, &mut entries);
            for (&(i, l), value) in field.sparsity().unwrap().entries().iter().zip(entries) {
                assert_eq!(std::mem::take(&mut dense[3 * i + l]), value);
            }
            assert_eq!(dense, [0.0; 9]);
            let make =
                |k: &Kinetics| MassAction::with_sensitivity(k, view, Sensitivity::Parameters(parameters.clone()));
            assert!(parameter_jacobian_error(&kinetics, &make, 0.4, &x) < 1e-7);
        }
    }

    #[test]
    fn derivatives_by_rate_constants_are_rates_at_unit_constant() {
        let kinetics = kinetics(DIMERISATION);
        let field = MassAction::with_sensitivity(&kinetics, View::Concentrations, Sensitivity::Rates);
        let (x, mut dx, mut by_rate) = ([1.2, 0.7], [0.0; 2], [0.0; 4]);
        field.evaluate(0.0, &x, &mut dx);
        field.parameter_jacobian(0.0, &x, &mut by_rate);
        let rates = [1.0, 0.4];
        for i in 0..2 {
            let sum = by_rate[2 * i] * rates[0] + by_rate[2 * i + 1] * rates[1];
            assert!((sum - dx[i]).abs() < 1e-15);
        }
    }

    #[test]
    fn counts_are_concentrations_times_their_volumes() {
        let kinetics = kinetics(GENERAL);
        let (c, n) = (MassAction::new(&kinetics, View::Concentrations), MassAction::new(&kinetics, View::Counts));
        let volumes = [3.0, 0.5, 3.0];
        let (x, y) = (c.initial_state(), n.initial_state());
        assert_eq!(y, kinetics.initial());
        let (mut dx, mut dy) = ([0.0; 3], [0.0; 3]);
        c.evaluate(0.3, &x, &mut dx);
        n.evaluate(0.3, &y, &mut dy);
        for i in 0..3 {
            assert!((x[i] * volumes[i] - y[i]).abs() < 1e-14);
            assert!((dx[i] * volumes[i] - dy[i]).abs() < 1e-13);
        }
        assert_eq!(dx[2], 0.0);
        assert_eq!(n.tolerances(0.1), [0.1; 3]);
        assert_eq!(c.tolerances(0.3), [0.3 / 3.0, 0.3 / 0.5, 0.3 / 3.0]);
    }

    #[test]
    fn it_is_the_limit_of_the_means_without_fluctuations() {
        let (network, _) = kurtz_model::format::crn::parse(DIMERISATION, "dimerisation").unwrap();
        let hierarchy = MomentHierarchy::derive(&network, 1, Form::Central).unwrap();
        let distance = |volume: f64| {
            let changes = Changes { volume: Some(volume), ..Changes::default() };
            let kinetics = Kinetics::with_changes(&network, &changes).unwrap();
            let means = ClosedMoments::new(&hierarchy, &kinetics, Some(&ZeroCentral), Sensitivity::None).unwrap();
            let limit = MassAction::new(&kinetics, View::Counts);
            let (x, mut a, mut b) = ([1.7 * volume, 0.6 * volume], [0.0; 2], [0.0; 2]);
            means.evaluate(0.0, &x, &mut a);
            limit.evaluate(0.0, &x, &mut b);
            (a[0] - b[0]).abs() / volume
        };
        // k <n(n-1)>/V: the means feel the missing pair n/V^2, a concentration rate of kf c/V = 1.7/V.
        assert!((distance(10.0) * 10.0 - 1.7).abs() < 1e-12);
        assert!((distance(1e6) * 1e6 - 1.7).abs() < 1e-6);
    }
}
