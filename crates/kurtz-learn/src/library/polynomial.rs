//! Monomials in one equation each: the library of Yang et al. 2020, eq. 11 and 13.

use super::Library;

/// A monomial in one equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Position of the equation.
    pub equation: usize,
    /// Power of each state, `[states]`.
    pub powers: Vec<u32>,
}

/// Monomials, each in one equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolynomialLibrary {
    states: Vec<String>,
    terms: Vec<Term>,
}

impl PolynomialLibrary {
    /// A library of given terms over named states.
    ///
    /// # Panics
    /// If a term names an equation or a state that is not there.
    pub fn new(states: Vec<String>, terms: Vec<Term>) -> Self {
        let n = states.len();
        assert!(terms.iter().all(|t| t.equation < n && t.powers.len() == n), "terms are over the states");
        PolynomialLibrary { states, terms }
    }

    /// All monomials of degrees `lowest` to `order` in every equation: by equation, then degree, then the first state
    /// first (A, B, AA, AB, BB). Degrees 1 to 2 over two means give eq. 11 of Yang et al. 2020.
    pub fn full(states: Vec<String>, lowest: u32, order: u32) -> Self {
        fn extend(n: usize, left: u32, powers: &mut Vec<u32>, all: &mut Vec<Vec<u32>>) {
            if powers.len() + 1 == n {
                powers.push(left);
                all.push(powers.clone());
                powers.pop();
                return;
            }
            for e in (0..=left).rev() {
                powers.push(e);
                extend(n, left - e, powers, all);
                powers.pop();
            }
        }
        let mut monomials = Vec::new();
        if !states.is_empty() {
            (lowest..=order).for_each(|degree| extend(states.len(), degree, &mut Vec::new(), &mut monomials));
        }
        let terms = (0..states.len())
            .flat_map(|equation| monomials.iter().map(move |powers| Term { equation, powers: powers.clone() }))
            .collect();
        PolynomialLibrary { states, terms }
    }

    /// The terms, `[terms]`.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The library with some terms only (positions).
    pub fn select(&self, terms: &[usize]) -> Self {
        PolynomialLibrary { states: self.states.clone(), terms: terms.iter().map(|&j| self.terms[j].clone()).collect() }
    }

    /// The library over the first `states` states, whose terms must be about these alone.
    ///
    /// # Panics
    /// If a term is about other states.
    pub fn restricted_to(&self, states: usize) -> Self {
        let inside = |t: &Term| t.equation < states && t.powers[states..].iter().all(|&p| p == 0);
        assert!(self.terms.iter().all(inside), "the terms are about these states alone");
        let cut = |t: &Term| Term { equation: t.equation, powers: t.powers[..states].to_vec() };
        PolynomialLibrary { states: self.states[..states].to_vec(), terms: self.terms.iter().map(cut).collect() }
    }

    /// The monomial of a term in words, e.g. `A B`, `A^2`; `1` for the constant.
    pub fn monomial_name(&self, term: usize) -> String {
        let powers = self.terms[term].powers.iter().zip(&self.states).filter(|(p, _)| **p > 0);
        let factors: Vec<String> = powers.map(|(&p, s)| if p == 1 { s.clone() } else { format!("{s}^{p}") }).collect();
        if factors.is_empty() { "1".into() } else { factors.join(" ") }
    }
}

impl Library for PolynomialLibrary {
    fn dimension(&self) -> usize {
        self.states.len()
    }

    fn term_count(&self) -> usize {
        self.terms.len()
    }

    fn evaluate(&self, x: &[f64], out: &mut [f64]) {
        let p = self.terms.len();
        out[..self.states.len() * p].fill(0.0);
        for (j, term) in self.terms.iter().enumerate() {
            let mut value = 1.0;
            for (&power, &state) in term.powers.iter().zip(x) {
                for _ in 0..power {
                    value *= state;
                }
            }
            out[term.equation * p + j] = value;
        }
    }

    fn jacobian(&self, x: &[f64], out: &mut [f64]) {
        let (n, p) = (self.states.len(), self.terms.len());
        out[..n * p * n].fill(0.0);
        for (j, term) in self.terms.iter().enumerate() {
            for k in (0..n).filter(|&k| term.powers[k] > 0) {
                let mut value = f64::from(term.powers[k]);
                for (l, (&power, &state)) in term.powers.iter().zip(x).enumerate() {
                    for _ in 0..power - u32::from(l == k) {
                        value *= state;
                    }
                }
                out[(term.equation * p + j) * n + k] = value;
            }
        }
    }

    fn apply(&self, theta: &[f64], x: &[f64], _scratch: &mut Vec<f64>, dx: &mut [f64]) {
        dx.fill(0.0);
        for (term, theta) in self.terms.iter().zip(theta) {
            let mut value = *theta;
            for (&power, &state) in term.powers.iter().zip(x) {
                for _ in 0..power {
                    value *= state;
                }
            }
            dx[term.equation] += value;
        }
    }

    fn pull_back(
        &self,
        theta: &[f64],
        x: &[f64],
        by_slope: &[f64],
        _scratch: &mut Vec<f64>,
        by_state: &mut [f64],
        by_theta: &mut [f64],
    ) {
        by_state.fill(0.0);
        for (j, term) in self.terms.iter().enumerate() {
            let b = by_slope[term.equation];
            let mut value = b;
            for (k, (&power, &state)) in term.powers.iter().zip(x).enumerate().filter(|(_, (p, _))| **p > 0) {
                // The factor of this state, and of all others, for the derivative by this one.
                let mut slope = b * theta[j] * f64::from(power);
                for (l, (&power, &state)) in term.powers.iter().zip(x).enumerate() {
                    for _ in 0..power - u32::from(l == k) {
                        slope *= state;
                    }
                }
                by_state[k] += slope;
                for _ in 0..power {
                    value *= state;
                }
            }
            by_theta[j] += value;
        }
    }

    fn state_names(&self) -> Vec<String> {
        self.states.clone()
    }

    fn term_names(&self) -> Vec<String> {
        (0..self.terms.len())
            .map(|j| format!("d{}/dt: {}", self.states[self.terms[j].equation], self.monomial_name(j)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_library_of_order_two_is_that_of_eq_11() {
        let library = PolynomialLibrary::full(vec!["A".into(), "B".into()], 1, 2);
        let names: Vec<String> = (0..5).map(|j| library.monomial_name(j)).collect();
        assert_eq!(names, ["A", "B", "A^2", "A B", "B^2"]);
        assert_eq!(library.term_count(), 10);
        let mut out = [0.0; 20];
        library.evaluate(&[2.0, 3.0], &mut out);
        assert_eq!(out[..10], [2.0, 3.0, 4.0, 6.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(out[15..], [2.0, 3.0, 4.0, 6.0, 9.0]);
    }

    #[test]
    fn pulling_back_agrees_with_the_jacobian() {
        let library = PolynomialLibrary::full(vec!["A".into(), "B".into()], 0, 3);
        let (n, p, x, by_slope) = (2, library.term_count(), [0.7, -1.3], [0.4, -2.0]);
        let theta: Vec<f64> = (0..p).map(|j| (j as f64).sin()).collect();
        let (mut terms, mut jacobian) = (vec![0.0; n * p], vec![0.0; n * p * n]);
        library.evaluate(&x, &mut terms);
        library.jacobian(&x, &mut jacobian);
        let (mut by_state, mut by_theta) = ([0.0; 2], vec![0.0; p]);
        library.pull_back(&theta, &x, &by_slope, &mut Vec::new(), &mut by_state, &mut by_theta);
        for j in 0..p {
            let expected: f64 = (0..n).map(|i| by_slope[i] * terms[i * p + j]).sum();
            assert!((by_theta[j] - expected).abs() < 1e-14);
        }
        for k in 0..n {
            let entry = |e: usize| by_slope[e / p] * theta[e % p] * jacobian[e * n + k];
            assert!((by_state[k] - (0..n * p).map(entry).sum::<f64>()).abs() < 1e-13);
        }
        let (mut dx, mut scratch) = ([0.0; 2], Vec::new());
        library.apply(&theta, &x, &mut scratch, &mut dx);
        let expected: f64 = (0..p).map(|j| theta[j] * terms[p + j]).sum();
        assert!((dx[1] - expected).abs() < 1e-14);
    }

    #[test]
    fn jacobian_agrees_with_central_differences() {
        let library = PolynomialLibrary::full(vec!["A".into(), "B".into()], 0, 3);
        let (n, p, x, h) = (2, library.term_count(), [0.7, -1.3], 1e-5);
        let mut jacobian = vec![0.0; n * p * n];
        library.jacobian(&x, &mut jacobian);
        for k in 0..n {
            let at = |sign: f64| {
                let mut out = vec![0.0; n * p];
                let mut x = x;
                x[k] += sign * h;
                library.evaluate(&x, &mut out);
                out
            };
            for (e, (up, down)) in at(1.0).iter().zip(at(-1.0)).enumerate() {
                assert!((jacobian[e * n + k] - (up - down) / (2.0 * h)).abs() < 1e-9);
            }
        }
    }
}
