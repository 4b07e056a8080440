//! The mass-action equations of candidate reactions, linear in their rate constants.

use super::offer::Offer;
use crate::library::Library;
use crate::reactions::Amounts;
use kurtz_ode::VectorField;

/// dx_i/dt = sum_j k_j u_ij w prod_l x_l^nu_l / nu_l!, with w = 1 for concentrations and V^(1 - sum nu) for counts (Yang
/// et al. 2020, eq. 8): Kurtz's limit of the candidates of an [`Offer`], over the species that can change.
#[derive(Clone, Debug)]
pub struct RateEquations {
    species: Vec<String>,
    names: Vec<String>,
    flows: Vec<Flow>,
}

#[derive(Clone, Debug)]
struct Flow {
    unit: f64,
    orders: Vec<(usize, i32)>,
    change: Vec<(usize, f64)>,
}

impl RateEquations {
    /// The equations of all candidates; the amounts of clamped species are part of the terms.
    pub fn new(offer: &Offer) -> Self {
        let free: Vec<usize> = (0..offer.species.len()).filter(|&s| offer.clamped[s].is_none()).collect();
        let flow = |j: usize| {
            let reactants = &offer.candidates[j].stoichiometry.reactants;
            let mut unit = 1.0;
            for (&nu, clamped) in reactants.iter().zip(&offer.clamped) {
                unit /= (1..=nu).map(f64::from).product::<f64>();
                unit *= clamped.map_or(1.0, |x| x.powi(nu as i32));
            }
            if offer.amounts == Amounts::Counts {
                unit *= offer.volume.powi(1 - reactants.iter().sum::<u32>() as i32);
            }
            let change = offer.change(j);
            let place = free.iter().enumerate();
            Flow {
                unit,
                orders: place
                    .clone()
                    .filter(|(_, s)| reactants[**s] > 0)
                    .map(|(i, &s)| (i, reactants[s] as i32))
                    .collect(),
                change: place.filter(|(_, s)| change[**s] != 0).map(|(i, &s)| (i, change[s] as f64)).collect(),
            }
        };
        RateEquations {
            species: free.iter().map(|&s| offer.species[s].clone()).collect(),
            names: offer.names(),
            flows: (0..offer.candidates.len()).map(flow).collect(),
        }
    }

    /// The species that can change.
    pub fn species(&self) -> &[String] {
        &self.species
    }

    /// The equations at given rate constants, with derivatives by those listed in `by`.
    pub fn at<'a>(&'a self, constants: &'a [f64], by: &'a [usize]) -> impl VectorField + 'a {
        let active = (0..constants.len()).filter(|&j| constants[j] != 0.0).collect();
        AtConstants { equations: self, constants, by, active }
    }
}

impl Flow {
    fn rate(&self, x: &[f64]) -> f64 {
        self.orders.iter().fold(self.unit, |rate, &(i, nu)| rate * x[i].powi(nu))
    }

    fn for_each_slope(&self, x: &[f64], mut add: impl FnMut(usize, f64)) {
        for &(l, power) in &self.orders {
            let others = self.orders.iter().map(|&(i, nu)| x[i].powi(if i == l { nu - 1 } else { nu }));
            add(l, self.unit * f64::from(power) * others.product::<f64>());
        }
    }
}

impl Library for RateEquations {
    fn dimension(&self) -> usize {
        self.species.len()
    }

    fn term_count(&self) -> usize {
        self.flows.len()
    }

    fn evaluate(&self, x: &[f64], out: &mut [f64]) {
        let (n, p) = (self.species.len(), self.flows.len());
        out[..n * p].fill(0.0);
        for (j, flow) in self.flows.iter().enumerate() {
            let rate = flow.rate(x);
            flow.change.iter().for_each(|&(i, u)| out[i * p + j] = u * rate);
        }
    }

    fn jacobian(&self, x: &[f64], out: &mut [f64]) {
        let (n, p) = (self.species.len(), self.flows.len());
        out[..n * p * n].fill(0.0);
        for (j, flow) in self.flows.iter().enumerate() {
            flow.for_each_slope(x, |l, slope| {
                flow.change.iter().for_each(|&(i, u)| out[(i * p + j) * n + l] = u * slope);
            });
        }
    }

    fn state_names(&self) -> Vec<String> {
        self.species.clone()
    }

    fn term_names(&self) -> Vec<String> {
        self.names.clone()
    }
}

struct AtConstants<'a> {
    equations: &'a RateEquations,
    constants: &'a [f64],
    by: &'a [usize],
    active: Vec<usize>,
}

impl VectorField for AtConstants<'_> {
    fn dimension(&self) -> usize {
        self.equations.species.len()
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        dx.fill(0.0);
        for &j in &self.active {
            let flow = &self.equations.flows[j];
            let rate = self.constants[j] * flow.rate(x);
            flow.change.iter().for_each(|&(i, u)| dx[i] += u * rate);
        }
    }

    fn jacobian(&self, _time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        let n = self.dimension();
        jacobian.fill(0.0);
        for &j in &self.active {
            let flow = &self.equations.flows[j];
            flow.for_each_slope(x, |l, slope| {
                flow.change.iter().for_each(|&(i, u)| jacobian[i * n + l] += self.constants[j] * u * slope);
            });
        }
        true
    }

    fn parameter_count(&self) -> usize {
        self.by.len()
    }

    fn parameter_jacobian(&self, _time: f64, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (k, &j) in self.by.iter().enumerate() {
            let flow = &self.equations.flows[j];
            let rate = flow.rate(x);
            flow.change.iter().for_each(|&(i, u)| out[i * self.by.len() + k] = u * rate);
        }
    }

    fn names(&self) -> Vec<String> {
        self.equations.species.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactions::{CandidateSettings, enumerate_candidates};

    fn equations(amounts: Amounts, volume: f64) -> RateEquations {
        let species = vec!["A".to_string(), "B".to_string()];
        let settings = CandidateSettings { order: 2, inflow: true, ..CandidateSettings::default() };
        let candidates = enumerate_candidates(&species, &settings).unwrap();
        RateEquations::new(&Offer::new(species, candidates, amounts, volume))
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        let equations = equations(Amounts::Counts, 3.0);
        let (n, p, x, h) = (2, equations.term_count(), [0.7, 1.3], 1e-5);
        let mut jacobian = vec![0.0; n * p * n];
        equations.jacobian(&x, &mut jacobian);
        let constants: Vec<f64> = (0..p).map(|j| 0.1 * j as f64).collect();
        let by: Vec<usize> = (0..p).collect();
        let field = equations.at(&constants, &by);
        let mut field_jacobian = vec![0.0; n * n];
        assert!(VectorField::jacobian(&field, 0.0, &x, &mut field_jacobian));
        for k in 0..n {
            let at = |sign: f64| {
                let mut y = x;
                y[k] += sign * h;
                let (mut terms, mut dx) = (vec![0.0; n * p], vec![0.0; n]);
                Library::evaluate(&equations, &y, &mut terms);
                VectorField::evaluate(&field, 0.0, &y, &mut dx);
                (terms, dx)
            };
            let (up, down) = (at(1.0), at(-1.0));
            for e in 0..n * p {
                assert!((jacobian[e * n + k] - (up.0[e] - down.0[e]) / (2.0 * h)).abs() < 1e-8);
            }
            for i in 0..n {
                assert!((field_jacobian[i * n + k] - (up.1[i] - down.1[i]) / (2.0 * h)).abs() < 1e-7);
            }
        }
        let mut by_constant = vec![0.0; n * p];
        field.parameter_jacobian(0.0, &x, &mut by_constant);
        let mut terms = vec![0.0; n * p];
        Library::evaluate(&equations, &x, &mut terms);
        assert_eq!(by_constant, terms);
    }

    #[test]
    fn counts_are_concentrations_times_the_volume() {
        let (concentrations, counts) = (equations(Amounts::Concentrations, 7.0), equations(Amounts::Counts, 7.0));
        let p = counts.term_count();
        let (mut c, mut n) = (vec![0.0; 2 * p], vec![0.0; 2 * p]);
        Library::evaluate(&concentrations, &[0.4, 1.1], &mut c);
        Library::evaluate(&counts, &[2.8, 7.7], &mut n);
        assert!(c.iter().zip(&n).all(|(c, n)| (7.0 * c - n).abs() < 1e-13));
    }
}
