//! Moment equations with free coefficients (eq. 13), and the linear system from coefficients to rate constants (eq. 14),
//! both derived from the reactions.

use crate::error::LearnError;
use crate::library::{Library, PolynomialLibrary, ReactionLibrary, Term};
use crate::linear::{Cholesky, Compressed, Matrix, Svd};
use crate::reactions::Candidate;
use kurtz_dynamics::moments::{MomentSymbol, Stoichiometry};

/// A coefficient of the moment equations.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficient {
    /// The moment whose derivative it is in, e.g. `Var(B)`.
    pub equation: String,
    /// The monomial of moments that it multiplies, e.g. `Cov(A,B)`.
    pub monomial: String,
    /// What one unit of each rate constant adds to it, `[reactions]`: a row of eq. 14.
    pub by_rate: Vec<f64>,
}

/// The moment equations of candidate reactions, one coefficient per monomial that some reaction brings in.
#[derive(Clone, Debug)]
pub struct MomentEquations {
    library: PolynomialLibrary,
    coefficients: Vec<Coefficient>,
    reactions: usize,
}

/// Rate constants by least squares from coefficients (eq. 14).
#[derive(Clone, Debug, PartialEq)]
pub struct RatesFromCoefficients {
    /// Rate constants, `[reactions]`; nothing keeps them from being negative.
    pub rates: Vec<f64>,
    /// Rank of the system.
    pub rank: usize,
    /// Its condition number.
    pub condition: f64,
}

impl MomentEquations {
    /// Derives the equations of the moments of orders 1 to `order`.
    ///
    /// # Errors
    /// Equations that do not close; candidates over other species.
    pub fn new(species: &[String], candidates: &[Candidate], volume: f64, order: u32) -> Result<Self, LearnError> {
        let stoichiometries: Vec<Stoichiometry> = candidates.iter().map(|c| c.stoichiometry.clone()).collect();
        let names = candidates.iter().map(|c| c.name.clone()).collect();
        let reactions = ReactionLibrary::new(species, names, &stoichiometries, volume, order, order, None)?;
        let contributions = reactions.contributions();
        let states = reactions.state_names();
        let n = states.len();
        let mut terms: Vec<Term> = Vec::new();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for equation in 0..n {
            for j in 0..candidates.len() {
                for (monomial, factor) in contributions.polynomial(equation, j).terms() {
                    let (mut powers, mut value) = (vec![0; n], factor.to_f64());
                    for (symbol, exponent) in monomial.factors() {
                        let place = symbol.index().and_then(|i| contributions.indices().iter().position(|m| m == i));
                        match (place, symbol) {
                            (Some(place), _) => powers[place] = u32::try_from(*exponent).unwrap_or(0),
                            (None, MomentSymbol::Compartment(_)) => value *= volume.powi(*exponent),
                            (None, _) => {}
                        }
                    }
                    let term = Term { equation, powers };
                    let place = terms.iter().position(|t| *t == term).unwrap_or_else(|| {
                        terms.push(term);
                        rows.push(vec![0.0; candidates.len()]);
                        terms.len() - 1
                    });
                    rows[place][j] += value;
                }
            }
        }
        // Within an equation in the order of the moments, as one writes them.
        let mut order: Vec<usize> = (0..terms.len()).collect();
        order.sort_by(|&a, &b| {
            terms[a].equation.cmp(&terms[b].equation).then_with(|| terms[b].powers.cmp(&terms[a].powers))
        });
        let library = PolynomialLibrary::new(states.clone(), order.iter().map(|&k| terms[k].clone()).collect());
        let coefficients = order.iter().enumerate().map(|(place, &k)| Coefficient {
            equation: states[terms[k].equation].clone(),
            monomial: library.monomial_name(place),
            by_rate: rows[k].clone(),
        });
        Ok(MomentEquations { coefficients: coefficients.collect(), library, reactions: candidates.len() })
    }

    /// The equations as a library, one term per coefficient.
    pub fn library(&self) -> &PolynomialLibrary {
        &self.library
    }

    /// The coefficients, in the order of the library.
    pub fn coefficients(&self) -> &[Coefficient] {
        &self.coefficients
    }

    /// Positions of all coefficients but those given as (equation, monomial).
    pub fn without(&self, left_out: &[(String, String)]) -> Vec<usize> {
        let is_out = |c: &Coefficient| left_out.iter().any(|(e, m)| *e == c.equation && *m == c.monomial);
        (0..self.coefficients.len()).filter(|&k| !is_out(&self.coefficients[k])).collect()
    }

    /// The coefficients that follow from rate constants.
    pub fn coefficients_at(&self, rates: &[f64]) -> Vec<f64> {
        self.coefficients.iter().map(|c| c.by_rate.iter().zip(rates).map(|(b, k)| b * k).sum()).collect()
    }

    /// The system of eq. 14 on some coefficients, row-major, in other unknowns u where the rate constants are
    /// `rates_by_unknown` u, `[reactions x unknowns]`.
    pub fn system(&self, rows: &[usize], rates_by_unknown: &[f64]) -> Vec<f64> {
        let unknowns = rates_by_unknown.len() / self.reactions;
        let entry = |row: &Coefficient, u: usize| -> f64 {
            (0..self.reactions).map(|j| row.by_rate[j] * rates_by_unknown[j * unknowns + u]).sum()
        };
        rows.iter().flat_map(|&k| (0..unknowns).map(move |u| entry(&self.coefficients[k], u))).collect()
    }

    /// Rate constants by least squares from the coefficients at `rows`, weighed by their covariance (over all
    /// coefficients) if one is given.
    ///
    /// # Errors
    /// [`LearnError::NotIdentifiable`] if the coefficients do not determine the rate constants.
    pub fn rates(
        &self,
        values: &[f64],
        rows: &[usize],
        covariance: Option<&[f64]>,
    ) -> Result<RatesFromCoefficients, LearnError> {
        let p = self.reactions;
        let mut system = Matrix::from_fn(rows.len(), p + 1, |i, j| match j == p {
            true => values[rows[i]],
            false => self.coefficients[rows[i]].by_rate[j],
        });
        let plain = Matrix::from_fn(rows.len(), p, |i, j| system[(i, j)]);
        let svd = Svd::new(&plain);
        if let Some(covariance) = covariance {
            let n = self.coefficients.len();
            let c = Matrix::from_fn(rows.len(), rows.len(), |i, j| covariance[rows[i] * n + rows[j]]);
            let factor = Cholesky::new(&c)
                .ok_or_else(|| LearnError::NotACovariance { condition: "the fitted coefficients".into() })?;
            factor.whiten(&mut system);
        }
        let problem = Compressed::new(&system);
        let solution = problem.solve(&(0..p).collect::<Vec<_>>()).ok_or_else(|| LearnError::NotIdentifiable {
            what: "the rate constants".into(),
            reason: format!("the coefficients determine {} combinations of {p}", svd.rank(1e-10)),
        })?;
        Ok(RatesFromCoefficients { rates: solution.x, rank: svd.rank(1e-10), condition: svd.condition() })
    }
}

/// Rank and condition number of a system, row-major.
#[cfg(test)]
fn rank_and_condition(rows: usize, system: &[f64]) -> (usize, f64) {
    let svd = Svd::new(&Matrix::from_rows(rows, system.len() / rows, system.to_vec()));
    (svd.rank(1e-10), svd.condition())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn equations() -> MomentEquations {
        let candidates: Vec<Candidate> =
            testing::candidates().into_iter().map(|s| Candidate::new(&testing::species(), s)).collect();
        MomentEquations::new(&testing::species(), &candidates, 1.0, 2).unwrap()
    }

    #[test]
    fn the_terms_are_those_of_eq_13() {
        let names: Vec<String> =
            equations().coefficients().iter().map(|c| format!("{}: {}", c.equation, c.monomial)).collect();
        assert_eq!(
            names,
            [
                "<A>: <A>",
                "<B>: <A>",
                "<B>: <B>",
                "Var(A): <A>",
                "Var(A): Var(A)",
                "Cov(A,B): <A>",
                "Cov(A,B): Var(A)",
                "Cov(A,B): Cov(A,B)",
                "Var(B): <A>",
                "Var(B): <B>",
                "Var(B): Cov(A,B)",
                "Var(B): Var(B)"
            ]
        );
    }

    #[test]
    fn coefficients_have_the_values_of_the_paper() {
        // a11 a21 a22 b11 b12 b31 b32 b33 b21 b22 b24 b23
        let expected =
            [0.00792, 1.09208, -0.31, 0.176, 0.01584, -0.16808, 1.09208, -0.30208, 1.26016, 0.31, 2.18416, -0.62];
        let found = equations().coefficients_at(&testing::RATES);
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn system_14_has_rank_6_and_condition_14_57() {
        // Unknowns r1 lambda, r2 lambda, k1, k2, lambda, Gamma; candidates A->2A, A->A+B, A->2B, B->0, A->0, A->B.
        #[rustfmt::skip]
        let rates_by_unknown = [
            1.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            -1.0, -1.0, 0.0, 0.0, 1.0, 0.0,
            0.0, 1.0, 0.0, 0.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 0.0, 0.0, 1.0,
            0.0, 0.0, 1.0, 0.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 1.0, 0.0, 0.0,
        ];
        let equations = equations();
        let left_out = [("Var(B)", "Var(B)"), ("Var(B)", "Cov(A,B)")].map(|(e, m)| (e.to_string(), m.to_string()));
        let rows = equations.without(&left_out);
        assert_eq!(rows.len(), 10);
        let system = equations.system(&rows, &rates_by_unknown);
        assert_eq!(system[..6], [1.0, -1.0, -1.0, -1.0, 0.0, 0.0]);
        assert_eq!(system[6..12], [-1.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
        let (rank, condition) = rank_and_condition(10, &system);
        assert_eq!(rank, 6);
        assert!((condition - 14.57).abs() < 0.005, "{condition}");
    }

    #[test]
    fn exact_coefficients_give_exact_rates() {
        let equations = equations();
        let values = equations.coefficients_at(&testing::RATES);
        let all: Vec<usize> = (0..12).collect();
        let found = equations.rates(&values, &all, None).unwrap();
        assert!(found.rates.iter().zip(testing::RATES).all(|(f, e)| (f - e).abs() < 1e-13), "{found:?}");
        // Means alone leave three directions open.
        assert!(matches!(equations.rates(&values, &[0, 1, 2], None), Err(LearnError::NotIdentifiable { .. })));
    }
}
