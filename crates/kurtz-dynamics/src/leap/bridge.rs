//! How often reactions happened by a time within a hold, given how often they did in all of it.
//!
//! Both laws are those of a process of constant rate pinned at its end. The answer is a function of the hold's random bits
//! and of the time alone, so that a trajectory does not depend on where, or how often, one looks at it.

use crate::rng::{Purpose, SimRng};
use crate::variates::{binomial, normal};

/// Below this many events each has its own uniform time.
const SINGLE: f64 = 16.0;
/// Halvings of the hold at which Brownian motion counts as straight.
const HALVINGS: u32 = 30;

fn stream(key: u64, reaction: usize, node: u64) -> SimRng {
    SimRng::new(key.wrapping_add((reaction as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)), node, Purpose::Bridge)
}

/// Of `count` events of a Poisson process, those in the first `fraction` of the hold.
///
/// The hold is halved again and again, each half getting a binomial share, until few events are left.
pub(super) fn poisson_bridge(mut count: f64, mut fraction: f64, key: u64, reaction: usize) -> f64 {
    let (mut before, mut node) = (0.0, 1u64);
    while count > SINGLE {
        let first = binomial(count, 0.5, &mut stream(key, reaction, node));
        if fraction < 0.5 {
            (count, fraction, node) = (first, 2.0 * fraction, 2 * node);
        } else {
            before += first;
            (count, fraction, node) = (count - first, 2.0 * fraction - 1.0, 2 * node + 1);
        }
    }
    let mut rng = stream(key, reaction, node);
    before + (0..count as u32).filter(|_| rng.uniform() < fraction).count() as f64
}

/// A Brownian bridge on [0, 1], 0 at both ends, at `fraction`: mean 0, variance fraction (1 - fraction).
pub(super) fn brownian_bridge(mut fraction: f64, key: u64, reaction: usize) -> f64 {
    let (mut left, mut right, mut half, mut node) = (0.0, 0.0, 0.5, 1u64);
    for _ in 0..HALVINGS {
        if fraction == 0.0 {
            return left;
        }
        // Between points 2 h apart the middle has variance h / 2.
        let middle = 0.5 * (left + right) + (0.5f64 * half).sqrt() * normal(&mut stream(key, reaction, node));
        if fraction < 0.5 {
            (right, fraction, node) = (middle, 2.0 * fraction, 2 * node);
        } else {
            (left, fraction, node) = (middle, 2.0 * fraction - 1.0, 2 * node + 1);
        }
        half *= 0.5;
    }
    left + fraction * (right - left)
}
