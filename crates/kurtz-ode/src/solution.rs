//! What an integration gives back.

use serde::{Deserialize, Serialize};

/// How an integration ended. Part of the result, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stop {
    /// The last output time was reached.
    End,
    /// A variable grows without bound in finite time: its time scale |x_i / f_i| fell below the resolution of time.
    BlowUp {
        /// Last time reached, within rounding of the singularity.
        time: f64,
        /// The variable that grows.
        variable: usize,
    },
    /// No step, however small, met the tolerance (a singularity, a discontinuity met head-on, noise in the field).
    StepTooSmall {
        /// Last time reached.
        time: f64,
        /// The step that was refused.
        step: f64,
        /// The variable that changes fastest in units of its tolerance.
        variable: usize,
    },
    /// The field or the state is NaN or infinite beyond this time.
    NotFinite {
        /// Last time reached.
        time: f64,
        /// The first variable concerned.
        variable: usize,
    },
    /// As many steps were tried as the settings allow.
    MaxSteps {
        /// Last time reached.
        time: f64,
    },
    /// The caller asked to stop.
    Cancelled {
        /// Last time reached.
        time: f64,
    },
}

impl Stop {
    /// What happened and what to do, in a sentence that names variables by `names`, `[n]`.
    pub fn describe(&self, names: &[String]) -> String {
        let name = |i: &usize| names.get(*i).map_or("?", String::as_str);
        match self {
            Stop::End => "the last time was reached".into(),
            Stop::BlowUp { time, variable } => {
                format!("`{}` grows without bound at time {}; end before that time", name(variable), short(*time))
            }
            Stop::StepTooSmall { time, step, variable } => format!(
                "at time {} even a step of {step:e} misses the tolerance, most of all of `{}`; the equations may \
                 be singular there, else allow a larger tolerance",
                short(*time),
                name(variable)
            ),
            Stop::NotFinite { time, variable } => {
                format!(
                    "`{}` is not a finite number after time {}; its equations must be defined there",
                    name(variable),
                    short(*time)
                )
            }
            Stop::MaxSteps { time } => {
                let time = short(*time);
                format!("only time {time} was reached in the steps allowed; allow more steps or a larger tolerance")
            }
            Stop::Cancelled { time } => format!("interrupted at time {}", short(*time)),
        }
    }
}

/// A time without hundreds of zeros.
fn short(time: f64) -> String {
    let has_few_digits = time == 0.0 || (1e-6..1e16).contains(&time.abs());
    if has_few_digits { time.to_string() } else { format!("{time:e}") }
}

/// Work done by an integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Steps accepted.
    pub accepted: usize,
    /// Steps rejected because of their error, of values that were not finite, or of an iteration that did not converge.
    pub rejected: usize,
    /// Evaluations of f. Those made for difference Jacobians are included.
    pub evaluations: usize,
    /// Evaluations of the Jacobian df/dx.
    pub jacobians: usize,
    /// Matrix factorisations; the real one and the complex ones of one step size count as one.
    pub factorisations: usize,
    /// Newton iterations of implicit steps.
    pub newton_iterations: usize,
    /// Steps rejected because the Newton iteration did not converge.
    pub newton_failures: usize,
    /// Time at which [`OdeMethod::Auto`](crate::OdeMethod) went over to the stiff method, if it did.
    pub switched_to_stiff: Option<f64>,
    /// The explicit method saw that its step follows a mode much faster than the solution.
    pub looks_stiff: bool,
}

/// Polynomial of one step, for all components.
///
/// With s = (t - start) / step, component i is sum_m c_(m,i) s^m.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Interpolant {
    pub start: f64,
    pub step: f64,
    /// Number of components.
    pub width: usize,
    /// `[degree + 1, width]`, row-major.
    pub coefficients: Vec<f64>,
}

impl Interpolant {
    /// Empties the polynomial and makes room for one of this degree.
    pub fn reset(&mut self, start: f64, step: f64, width: usize, degree: usize) {
        (self.start, self.step, self.width) = (start, step, width);
        self.coefficients.clear();
        self.coefficients.resize((degree + 1) * width, 0.0);
    }

    /// Writes the components from `first` on into `out`.
    pub fn write(&self, time: f64, first: usize, out: &mut [f64]) {
        let s = (time - self.start) / self.step;
        let degree = self.coefficients.len() / self.width - 1;
        for (i, value) in out.iter_mut().enumerate() {
            let mut sum = 0.0;
            for m in (0..=degree).rev() {
                sum = sum * s + self.coefficients[m * self.width + first + i];
            }
            *value = sum;
        }
    }
}

/// A solution at the times asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The output times that were reached, `[times]`: all of them if [`Solution::stop`] is [`Stop::End`].
    pub times: Vec<f64>,
    /// States at these times, `[times x n]`, row-major.
    pub states: Vec<f64>,
    /// Derivatives dx_i/dq_k at these times, `[times x n x q]`, row-major. The q directions are the parameters, then the
    /// initial values, as far as asked for; empty if none were.
    pub sensitivities: Vec<f64>,
    /// Number n of variables.
    pub dimension: usize,
    /// Number q of directions of the sensitivities.
    pub directions: usize,
    /// Last time reached.
    pub final_time: f64,
    /// State at the last time reached, `[n]`.
    pub final_state: Vec<f64>,
    /// How it ended.
    pub stop: Stop,
    /// Work done.
    pub statistics: Statistics,
    pub(crate) interpolants: Vec<Interpolant>,
}

impl Solution {
    /// Whether the last output time was reached.
    pub fn is_complete(&self) -> bool {
        self.stop == Stop::End
    }

    /// The state at the `index`-th output time, `[n]`.
    ///
    /// # Panics
    /// If that time was not reached.
    pub fn state(&self, index: usize) -> &[f64] {
        &self.states[index * self.dimension..(index + 1) * self.dimension]
    }

    /// The sensitivities at the `index`-th output time, `[n x q]`, row-major.
    ///
    /// # Panics
    /// If that time was not reached.
    pub fn sensitivity(&self, index: usize) -> &[f64] {
        let size = self.dimension * self.directions;
        &self.sensitivities[index * size..(index + 1) * size]
    }

    /// One variable over the output times, `[times]`.
    pub fn variable(&self, variable: usize) -> Vec<f64> {
        self.states.iter().skip(variable).step_by(self.dimension.max(1)).copied().collect()
    }

    /// Beginnings of the steps, ascending: where the solution changes quickly they are close.
    ///
    /// Empty if [`Integration::continuous`](crate::Integration) was not set.
    pub fn step_times(&self) -> impl Iterator<Item = f64> + '_ {
        self.interpolants.iter().map(|step| step.start)
    }

    /// The state at any time between the first and the last reached, `[n]`.
    ///
    /// None outside, and if [`Integration::continuous`](crate::Integration) was not set.
    pub fn at(&self, time: f64) -> Option<Vec<f64>> {
        let first = self.interpolants.first()?;
        if !(first.start <= time && time <= self.final_time) {
            return None;
        }
        if time == self.final_time {
            return Some(self.final_state.clone());
        }
        let index = self.interpolants.partition_point(|step| step.start <= time) - 1;
        let mut state = vec![0.0; self.dimension];
        self.interpolants[index].write(time, 0, &mut state);
        Some(state)
    }
}
