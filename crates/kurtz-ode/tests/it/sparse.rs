//! Fields that know where their Jacobian has entries, beside the same fields that do not say so.

use kurtz_ode::{Integration, OdeMethod, Sensitivities, Sparsity, VectorField, solve};

/// A ring of reversible steps, with pairs that return to the first variable; parameters are the two rates of all steps.
struct Ring {
    n: usize,
    rates: [f64; 2],
    sparsity: Option<Sparsity>,
}

impl Ring {
    fn new(n: usize, says_so: bool) -> Self {
        let mut ring = Ring { n, rates: [30.0, 20.0], sparsity: None };
        if says_so {
            ring.sparsity = Some(Sparsity::new(n, ring.terms(&vec![1.0; n]).iter().map(|t| (t.0, t.1)).collect()));
        }
        ring
    }

    fn initial(&self) -> Vec<f64> {
        (0..self.n).map(|i| if i % 7 == 0 { 1.0 } else { 0.0 }).collect()
    }

    /// Row, column and value of each entry of the Jacobian, some of them in several parts.
    fn terms(&self, x: &[f64]) -> Vec<(usize, usize, f64)> {
        let mut terms = Vec::new();
        for i in 0..self.n {
            let next = (i + 1) % self.n;
            terms.extend([(i, i, -self.rates[0]), (next, i, self.rates[0])]);
            terms.extend([(next, next, -self.rates[1]), (i, next, self.rates[1])]);
            terms.extend([(i, i, -2.0 * x[i]), (0, i, 2.0 * x[i])]);
        }
        terms
    }
}

impl VectorField for Ring {
    fn dimension(&self) -> usize {
        self.n
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        dx.fill(0.0);
        for i in 0..self.n {
            let next = (i + 1) % self.n;
            let flow = self.rates[0] * x[i] - self.rates[1] * x[next];
            dx[i] -= flow + x[i] * x[i];
            dx[next] += flow;
            dx[0] += x[i] * x[i];
        }
    }

    fn jacobian(&self, _time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        jacobian.fill(0.0);
        self.terms(x).iter().for_each(|&(i, j, value)| jacobian[i * self.n + j] += value);
        true
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        self.sparsity.as_ref()
    }

    fn jacobian_entries(&self, _time: f64, x: &[f64], values: &mut [f64]) {
        values.iter_mut().zip(self.terms(x)).for_each(|(value, term)| *value = term.2);
    }

    fn parameter_count(&self) -> usize {
        2
    }

    fn parameter_jacobian(&self, _time: f64, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for i in 0..self.n {
            let next = (i + 1) % self.n;
            for (k, flow) in [x[i], -x[next]].into_iter().enumerate() {
                out[2 * i + k] -= flow;
                out[2 * next + k] += flow;
            }
        }
    }
}

#[test]
fn sparse_and_dense_jacobians_give_the_same_solution_and_sensitivities() {
    let times = [0.1, 1.0, 10.0];
    for (r, method) in
        [(1e-3, OdeMethod::Stiff), (1e-7, OdeMethod::Stiff), (1e-12, OdeMethod::Stiff), (1e-7, OdeMethod::Auto)]
    {
        let settings = Integration::with_tolerances(r, 1e-3 * r).with_method(method);
        let settings = settings.with_sensitivities(Sensitivities::Parameters);
        let [dense, sparse] = [false, true].map(|says_so| {
            let ring = Ring::new(40, says_so);
            solve(&ring, &ring.initial(), &times, &settings).unwrap()
        });
        assert!(dense.is_complete() && sparse.is_complete());
        // The same steps, but for rounding in another order. The automatic choice goes over earlier where implicit steps cost
        // less: then the same solution within its tolerance.
        let is_same = method == OdeMethod::Stiff;
        if is_same {
            assert_eq!(dense.statistics.accepted, sparse.statistics.accepted, "{r:e} {method:?}");
        }
        let part = if is_same { 0.1 } else { 30.0 };
        let near = |a: &[f64], b: &[f64]| {
            let size = a.iter().fold(0.0_f64, |m, a| m.max(a.abs()));
            a.iter().zip(b).all(|(a, b)| (a - b).abs() < (part * r).max(1e-11) * size)
        };
        assert!(
            near(&dense.states, &sparse.states) && near(&dense.sensitivities, &sparse.sensitivities),
            "{r:e} {method:?}"
        );
    }
}

#[test]
fn a_thousand_variables_keep_their_sum() {
    let ring = Ring::new(1000, true);
    let settings = Integration::with_tolerances(1e-6, 1e-9).with_method(OdeMethod::Stiff);
    let solution = solve(&ring, &ring.initial(), &[50.0], &settings).unwrap();
    assert!(solution.is_complete());
    let sum: f64 = solution.final_state.iter().sum();
    assert!((sum - 143.0).abs() < 1e-6, "{sum}");
}
