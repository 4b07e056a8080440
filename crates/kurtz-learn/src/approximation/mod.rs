//! Reaction approximations: what each candidate reaction would do to the parameters of a reduced model, and from them the
//! inputs of a subnet.
//!
//! One derivation serves every reaction and closure: standard parameters and latents give the moments of a normal law; the
//! chemical master equation says how a reaction changes these; a closure supplies the moments above the second; the changes
//! of as many observables as there are parameters are converted back to changes of standard parameters. The derivation is
//! carried out once, on recorded formulas, which are then differentiated and compiled ([`CompiledInputs`]). This is the map
//! of O. K. Ernst, T. M. Bartol, T. J. Sejnowski, E. Mjolsness (2021), arXiv:2109.05053, appendix C 3, corrected as in
//! [`crate::frame`].
//!
//! ```
//! use kurtz_learn::approximation::{CandidateSet, InputMap, InputSettings};
//!
//! let names = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
//! let candidates = CandidateSet::lotka_volterra(&names(&["Ca", "IP3"]), &names(&["X"]));
//! let inputs = InputSettings::reactions(candidates).build()?;
//! assert_eq!(inputs.input_count(), 60);
//! // One point: [W_Ca, W_IP3, b_Ca, b_IP3, sigma^2] and [mu_h, Sigma_h].
//! let (standard, latents) = ([-0.5, -2e-5, -0.1, 0.3, 1e-6], [0.2, 1.1]);
//! let (mut values, mut by_latents) = (vec![0.0; 60], vec![0.0; 60 * 2]);
//! inputs.evaluate(1, &standard, &latents, &mut values, Some(&mut by_latents), None);
//! // Deaths of the hidden species: dW = -mu W / (2 Sigma), db = 0.
//! let death = inputs.input_names().iter().position(|n| n == "death(X): W_Ca").unwrap();
//! assert!((values[death] - 0.2 * 0.5 / 2.2).abs() < 1e-15);
//! assert!((by_latents[2 * death] - 0.5 / 2.2).abs() < 1e-15);
//! # Ok::<(), kurtz_learn::LearnError>(())
//! ```

mod formula;
mod graph;
mod inputs;
mod motif;
mod program;
mod reactions;
#[cfg(test)]
mod tests;

pub use formula::InputFormula;
pub(crate) use inputs::standard_names;
pub use inputs::{CompiledInputs, InputMap, InputSettings, LatentForm, Shape};
pub use motif::{CandidateSet, Motif, MotifReaction};
