//! Reactions as terms in concentrations.

use super::Library;
use crate::error::LearnError;
use crate::reactions::Candidate;

/// Candidate reactions acting on concentrations by mass action, dc_i/dt = sum_j u_ij k_j prod_l c_l^nu_lj / nu_lj!
/// (Yang et al. 2020, eq. 8).
#[derive(Clone, Debug)]
pub struct MassActionLibrary {
    species: Vec<String>,
    names: Vec<String>,
    /// Orders of the reactants, `[reactions x species]`.
    orders: Vec<Vec<u32>>,
    /// Net changes, `[reactions x species]`.
    changes: Vec<Vec<f64>>,
}

impl MassActionLibrary {
    /// A library of candidates over species.
    ///
    /// # Errors
    /// Candidates over another number of species.
    pub fn new(species: &[String], candidates: &[Candidate]) -> Result<Self, LearnError> {
        let n = species.len();
        for c in candidates {
            let found = c.stoichiometry.reactants.len();
            if found != n || c.stoichiometry.products.len() != n {
                let what = format!("the stoichiometry of candidate `{}`", c.name);
                return Err(LearnError::Length { what, expected: n, found });
            }
        }
        let change = |c: &Candidate| -> Vec<f64> {
            let pairs = c.stoichiometry.products.iter().zip(&c.stoichiometry.reactants);
            pairs.map(|(&p, &r)| f64::from(p) - f64::from(r)).collect()
        };
        Ok(MassActionLibrary {
            species: species.to_vec(),
            names: candidates.iter().map(|c| c.name.clone()).collect(),
            orders: candidates.iter().map(|c| c.stoichiometry.reactants.clone()).collect(),
            changes: candidates.iter().map(change).collect(),
        })
    }
}

/// c^order / order!, and its derivative.
fn power(c: f64, order: u32) -> (f64, f64) {
    let (mut value, mut slope) = (1.0, 0.0);
    for i in 1..=order {
        slope = value;
        value *= c / f64::from(i);
    }
    (value, slope)
}

impl Library for MassActionLibrary {
    fn dimension(&self) -> usize {
        self.species.len()
    }

    fn term_count(&self) -> usize {
        self.names.len()
    }

    fn evaluate(&self, x: &[f64], out: &mut [f64]) {
        let p = self.names.len();
        for (j, orders) in self.orders.iter().enumerate() {
            let rate: f64 = orders.iter().zip(x).map(|(&o, &c)| power(c, o).0).product();
            self.changes[j].iter().enumerate().for_each(|(i, u)| out[i * p + j] = u * rate);
        }
    }

    fn jacobian(&self, x: &[f64], out: &mut [f64]) {
        let (n, p) = (self.species.len(), self.names.len());
        for (j, orders) in self.orders.iter().enumerate() {
            for k in 0..n {
                let factor = |l: usize| if l == k { power(x[l], orders[l]).1 } else { power(x[l], orders[l]).0 };
                let slope = if orders[k] == 0 { 0.0 } else { (0..n).map(factor).product() };
                (0..n).for_each(|i| out[(i * p + j) * n + k] = self.changes[j][i] * slope);
            }
        }
    }

    fn state_names(&self) -> Vec<String> {
        self.species.clone()
    }

    fn term_names(&self) -> Vec<String> {
        self.names.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_dynamics::moments::Stoichiometry;

    #[test]
    fn pairs_react_at_half_the_square_and_jacobians_agree_with_differences() {
        let species = ["A".to_string(), "B".to_string()];
        let reaction = |r: [u32; 2], p: [u32; 2]| {
            Candidate::new(&species, Stoichiometry { reactants: r.to_vec(), products: p.to_vec() })
        };
        let candidates = [reaction([2, 0], [0, 1]), reaction([1, 1], [0, 0]), reaction([0, 0], [1, 0])];
        let library = MassActionLibrary::new(&species, &candidates).unwrap();
        let mut out = [0.0; 6];
        library.evaluate(&[3.0, 2.0], &mut out);
        // 2A -> B loses two A at c^2/2 each time.
        assert_eq!(out, [-9.0, -6.0, 1.0, 4.5, -6.0, 0.0]);
        let mut jacobian = [0.0; 12];
        library.jacobian(&[3.0, 2.0], &mut jacobian);
        for k in 0..2 {
            let at = |by: f64| {
                let (mut out, mut x) = ([0.0; 6], [3.0, 2.0]);
                x[k] += by;
                library.evaluate(&x, &mut out);
                out
            };
            for (e, (up, down)) in at(1e-5).iter().zip(at(-1e-5)).enumerate() {
                assert!((jacobian[e * 2 + k] - (up - down) / 2e-5).abs() < 1e-8);
            }
        }
    }
}
