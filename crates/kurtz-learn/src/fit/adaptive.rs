//! Integration with steps that follow the error, implicit where the model is stiff.

use super::model::Model;
use super::trajectory::{Blowup, Trajectory};
use kurtz_ode::{Integration, OdeError, Sensitivities, Tolerance, VectorField, solve};

/// How accurately to integrate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Accuracy {
    pub relative: f64,
    /// One for each state.
    pub absolute: Vec<f64>,
    pub max_steps: usize,
}

/// As [`super::trajectory::integrate`], with steps of any size; derivatives are as accurate as the states.
pub(crate) fn integrate_adaptively(
    model: &dyn Model,
    parameters: &[f64],
    initial: &[f64],
    times: &[f64],
    accuracy: &Accuracy,
    by: &[usize],
    by_initial: &[usize],
) -> Result<Trajectory, Blowup> {
    let n = model.dimension();
    let field = Field { model, parameters, by };
    let settings = Integration {
        relative_tolerance: accuracy.relative,
        absolute_tolerance: Tolerance::Each(accuracy.absolute.clone()),
        first_time: times[0],
        max_steps: accuracy.max_steps,
        sensitivities: match (by.is_empty(), by_initial.is_empty()) {
            (true, true) => Sensitivities::None,
            (false, true) => Sensitivities::Parameters,
            (true, false) => Sensitivities::InitialValues,
            (false, false) => Sensitivities::Both,
        },
        ..Integration::default()
    };
    let failed = |_: OdeError| Blowup { time: times[0] };
    let solution = solve(&field, initial, times, &settings).map_err(failed)?;
    if !solution.is_complete() {
        return Err(Blowup { time: solution.final_time });
    }
    // The integrator differentiates by all initial values; those asked for are picked out.
    let (given, q) = (solution.directions, by.len() + by_initial.len());
    let column = |k: usize| if k < by.len() { k } else { by.len() + by_initial[k - by.len()] };
    let derivatives = match q {
        0 => Vec::new(),
        _ => (0..times.len() * n * q).map(|e| solution.sensitivities[(e / q) * given + column(e % q)]).collect(),
    };
    Ok(Trajectory { states: solution.states, derivatives })
}

struct Field<'a> {
    model: &'a dyn Model,
    parameters: &'a [f64],
    by: &'a [usize],
}

impl Field<'_> {
    /// df/dx and df/dtheta.
    fn derivatives(&self, x: &[f64], by_state: &mut [f64], by: &[usize], by_parameter: &mut [f64]) {
        let mut dx = vec![0.0; self.model.dimension()];
        self.model.linearise(self.parameters, x, by, &mut Vec::new(), &mut dx, by_state, by_parameter);
    }
}

impl VectorField for Field<'_> {
    fn dimension(&self) -> usize {
        self.model.dimension()
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        self.model.evaluate(self.parameters, x, &mut Vec::new(), dx);
    }

    fn jacobian(&self, _time: f64, x: &[f64], jacobian: &mut [f64]) -> bool {
        self.derivatives(x, jacobian, &[], &mut []);
        true
    }

    fn parameter_count(&self) -> usize {
        self.by.len()
    }

    fn parameter_jacobian(&self, _time: f64, x: &[f64], out: &mut [f64]) {
        let mut by_state = vec![0.0; x.len() * x.len()];
        self.derivatives(x, &mut by_state, self.by, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{LibraryModel, integrate};
    use crate::library::PolynomialLibrary;

    #[test]
    fn it_agrees_with_many_fixed_steps_in_states_and_derivatives() {
        let library = PolynomialLibrary::full(vec!["A".into(), "B".into()], 1, 2);
        let model = LibraryModel(&library);
        let theta = [0.2, -0.1, -0.03, 0.02, 0.01, 0.5, -0.3, 0.01, -0.02, 0.015];
        let (times, initial) = ([0.0, 0.7, 2.0], [1.5, 0.4]);
        let accuracy = Accuracy { relative: 1e-10, absolute: vec![1e-10; 2], max_steps: 10_000 };
        for (by, by_initial) in [(vec![], vec![]), (vec![3, 5], vec![]), (vec![], vec![1]), (vec![0, 9], vec![1])] {
            let fixed = integrate(&model, &theta, &initial, &times, &[200, 200], &by, &by_initial).unwrap();
            let found = integrate_adaptively(&model, &theta, &initial, &times, &accuracy, &by, &by_initial).unwrap();
            let near = |a: &[f64], b: &[f64]| {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-8 * (1.0 + y.abs()))
            };
            assert!(near(&found.states, &fixed.states) && near(&found.derivatives, &fixed.derivatives));
        }
        let explosive = PolynomialLibrary::full(vec!["A".into()], 2, 2);
        let accuracy = Accuracy { absolute: vec![1e-10], ..accuracy };
        let end = integrate_adaptively(&LibraryModel(&explosive), &[1.0], &[1.0], &[0.0, 9.0], &accuracy, &[], &[]);
        assert!(matches!(end, Err(Blowup { time }) if (0.9..=1.0).contains(&time)), "{end:?}");
    }
}
