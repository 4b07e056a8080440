//! Propagation by uniformisation: a Poisson number of steps of a discrete chain.

use crate::fsp::poisson::PoissonWeights;
use crate::fsp::propagation::{Crossed, Outcome, Window};

/// How many steps pass between looks at whether the chain has come to rest, or at the cancel flag.
const STEPS_BETWEEN_LOOKS: usize = 16;

/// Crosses a window by exp(A t) = sum_k e^-q q^k / k! P^k with q = rate t (Jensen 1953; Grassmann 1977).
///
/// All terms are non-negative and so is the result; it is a lower bound of the exact law, state by state, unless the
/// chain is found to be at rest: when |P x - x| times the number of steps left is below the allowed error, the rest
/// of the sum is taken at x, an error no larger than that because P is a contraction in the 1-norm. A step that
/// moves less than rounding does is taken for rest, too: like rounding itself, that is not part of the bound.
/// Counts products in `products`.
pub(super) fn cross(window: &Window, products: &mut u64) -> Outcome {
    let generator = window.generator;
    let n = generator.len();
    let weights: Vec<PoissonWeights> =
        window.offsets.iter().map(|t| PoissonWeights::new(generator.rate() * t, 0.5 * window.error_allowed)).collect();
    let mass: f64 = window.start.iter().sum();
    let last = weights.last().expect("a window has an end");
    let steps = last.right();
    let tails = last.tails();
    let mut crossed: Vec<Crossed> = weights
        .iter()
        .map(|w| Crossed { law: vec![0.0; n], leaked: 0.0, error: w.dropped * mass, negativity: 0.0, at_rest: false })
        .collect();
    let mut x = window.start.to_vec();
    let mut next = vec![0.0; n];
    let mut sink = 0.0;
    let mut flux = vec![0.0; generator.boundary().len()];
    for k in 0..=steps {
        for (w, sum) in weights.iter().zip(&mut crossed) {
            let weight = w.weight(k);
            if weight > 0.0 {
                sum.law.iter_mut().zip(&x).for_each(|(s, x)| *s += weight * x);
                sum.leaked += weight * sink;
            }
        }
        if k == steps {
            break;
        }
        let mut leaving = 0.0;
        for (f, &(i, rate)) in flux.iter_mut().zip(generator.boundary()) {
            let step = rate * x[i as usize];
            *f += step;
            leaving += step;
        }
        sink += leaving;
        if sink * tails[(k + 1).saturating_sub(last.left)] > window.leak_allowed {
            return Outcome::Leaking(flux);
        }
        generator.multiply(&x, &mut next);
        *products += 1;
        std::mem::swap(&mut x, &mut next);
        if k % STEPS_BETWEEN_LOOKS == 0 {
            if window.progress.cancelled() {
                return Outcome::Cancelled;
            }
            let left = (steps - k) as f64;
            let moved = x.iter().zip(&next).map(|(a, b)| (a - b).abs()).sum::<f64>();
            let is_rest = moved + leaving <= f64::EPSILON * mass;
            let error = if is_rest { 0.0 } else { (moved + leaving) * left };
            if is_rest || error <= 0.5 * window.error_allowed {
                for (w, sum) in weights.iter().zip(&mut crossed) {
                    let weight = w.tail(k + 1);
                    sum.law.iter_mut().zip(&x).for_each(|(s, x)| *s += weight * x);
                    sum.leaked += weight * (sink + leaving * left);
                    sum.error += error;
                    sum.at_rest = true;
                }
                break;
            }
        }
    }
    if crossed.last().expect("a window has an end").leaked > window.leak_allowed {
        return Outcome::Leaking(flux);
    }
    Outcome::Crossed(crossed)
}
