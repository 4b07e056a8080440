//! What a law says.

use std::collections::BTreeMap;

/// A monomial theta D^e in the numerator of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Whose numerator: a place among the members.
    pub member: usize,
    /// Exponents of the drivers, `[drivers]`.
    pub exponents: Vec<u32>,
    /// theta, positive. That of the term of highest degree is 1.
    pub coefficient: f64,
    /// Standard error of theta by the noise alone, as a fraction of it; 0 for the one that is 1.
    pub standard_error: f64,
}

/// y_i = c N_i(D) / sum_j w_j N_j(D).
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// The species y, and their weights w in the total.
    pub members: Vec<(usize, f64)>,
    /// The species D.
    pub drivers: Vec<usize>,
    /// The terms of all N.
    pub terms: Vec<Term>,
    /// The total c in each course.
    pub totals: Vec<f64>,
    /// Standard errors of the totals by the noise alone, as fractions.
    pub total_errors: Vec<f64>,
    /// Largest departure of a block mean of a member from the law within the window, as a fraction, beyond what noise
    /// explains, and whose.
    pub departure: (f64, usize),
    /// The species in the order of the record, for descriptions.
    pub species: Vec<String>,
}

impl Law {
    /// Writes the members at given drivers, `[drivers]`, for a total c, into `out`, `[members]`.
    pub fn evaluate(&self, drivers: &[f64], total: f64, out: &mut [f64]) {
        out.fill(0.0);
        for term in &self.terms {
            out[term.member] += term.coefficient * monomial(&term.exponents, drivers);
        }
        let denominator: f64 = out.iter().zip(&self.members).map(|(n, (_, w))| n * w).sum();
        out.iter_mut().for_each(|n| *n *= total / denominator);
    }

    /// The coefficients beta of the denominator by exponents of the drivers, that of highest degree being 1: lowest first.
    pub fn denominator(&self) -> Vec<(Vec<u32>, f64)> {
        let mut beta: BTreeMap<(u32, Vec<u32>), f64> = BTreeMap::new();
        for term in &self.terms {
            let key = (term.exponents.iter().sum(), term.exponents.clone());
            *beta.entry(key).or_default() += self.members[term.member].1 * term.coefficient;
        }
        let scale = self.scale();
        beta.into_iter().map(|((_, exponents), b)| (exponents, b / scale)).collect()
    }

    /// The same with names: `beta_0`, `beta_1`, ... in order.
    pub fn denominator_names(&self) -> Vec<(String, Vec<u32>, f64)> {
        self.denominator()
            .into_iter()
            .enumerate()
            .map(|(k, (exponents, b))| (format!("beta_{k}"), exponents, b))
            .collect()
    }

    /// The coefficients alpha of the numerator of a member in one course, where the denominator is scaled as in
    /// [`Law::denominator`].
    pub fn numerator(&self, member: usize, course: usize) -> Vec<(Vec<u32>, f64)> {
        let factor = self.totals[course] / self.scale();
        let of = self.terms.iter().filter(|t| t.member == member);
        of.map(|t| (t.exponents.clone(), factor * t.coefficient)).collect()
    }

    /// What the term of highest degree contributes to the denominator.
    fn scale(&self) -> f64 {
        let highest = self.terms.iter().max_by_key(|t| (t.exponents.iter().sum::<u32>(), t.exponents.clone()));
        let Some(highest) = highest else { return 1.0 };
        let same = self.terms.iter().filter(|t| t.exponents == highest.exponents);
        same.map(|t| self.members[t.member].1 * t.coefficient).sum()
    }

    /// A monomial in the names of the drivers, in the syntax of models: `P^2`; `1` if it is constant.
    pub fn monomial(&self, exponents: &[u32]) -> String {
        let factors = self.drivers.iter().zip(exponents).filter(|(_, e)| **e > 0);
        let factors: Vec<String> = factors
            .map(|(&d, &e)| if e == 1 { self.species[d].clone() } else { format!("{}^{e}", self.species[d]) })
            .collect();
        if factors.is_empty() { "1".into() } else { factors.join("*") }
    }
}

/// prod D^e.
pub(super) fn monomial(exponents: &[u32], drivers: &[f64]) -> f64 {
    exponents.iter().zip(drivers).map(|(&e, d)| d.powi(e as i32)).product()
}
