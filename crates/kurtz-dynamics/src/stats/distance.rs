//! Distances between laws: total variation, Hellinger, Kullback-Leibler.

use crate::stats::StatsError;
use crate::stats::distribution::{Distribution, paired, same_species};

/// A distance known up to what the two laws are missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The distance between the stored probabilities.
    pub value: f64,
    /// The distance between the exact laws is at least this.
    pub lower: f64,
    /// The distance between the exact laws is at most this.
    pub upper: f64,
}

impl Interval {
    fn around(value: f64, error: f64) -> Self {
        Interval { value, lower: (value - error).max(0.0), upper: (value + error).min(1.0) }
    }
}

/// A Kullback-Leibler divergence and the mass it says nothing about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// The divergence in nats; infinite if the second law, given as exact, lacks a state of the first.
    pub value: f64,
    /// Mass of the first law on states where the second has none; if the second law is known up to an error only,
    /// this mass is left out of `value` instead of making it infinite.
    pub uncovered: f64,
}

/// Total variation, 1/2 sum |p - q|, in [0, 1].
///
/// A state that one law does not store counts with probability zero there. With the bounds e_p, e_q on the 1-norm
/// errors of the two laws, the distance of the exact laws is within (e_p + e_q) / 2 of the value.
///
/// # Errors
/// Laws over different species.
pub fn total_variation(p: &Distribution, q: &Distribution) -> Result<Interval, StatsError> {
    same_species(p, q)?;
    let value = 0.5 * paired(p, q).map(|(a, b)| (a - b).abs()).sum::<f64>();
    Ok(Interval::around(value, 0.5 * (p.error_bound() + q.error_bound())))
}

/// Hellinger distance, sqrt(1/2 sum (sqrt p - sqrt q)^2), in [0, 1].
///
/// It is a metric and at most the square root of the total variation, so the distance of the exact laws is within
/// sqrt(e_p / 2) + sqrt(e_q / 2) of the value, e being the bounds on the 1-norm errors.
///
/// # Errors
/// Laws over different species.
pub fn hellinger(p: &Distribution, q: &Distribution) -> Result<Interval, StatsError> {
    same_species(p, q)?;
    let squared = 0.5 * paired(p, q).map(|(a, b)| (a.sqrt() - b.sqrt()).powi(2)).sum::<f64>();
    Ok(Interval::around(squared.sqrt(), (0.5 * p.error_bound()).sqrt() + (0.5 * q.error_bound()).sqrt()))
}

/// Kullback-Leibler divergence of `q` from `p`, sum p ln(p / q) - p + q, in nats.
///
/// The last two terms vanish for laws that sum to one; with them every state contributes a non-negative amount,
/// also where mass is missing. A state without mass in `p` contributes q; one without mass in `q` makes the
/// divergence infinite if `q` is exact ([`Distribution::error_bound`] of zero), and is reported as uncovered if not.
///
/// # Errors
/// Laws over different species.
pub fn kullback_leibler(p: &Distribution, q: &Distribution) -> Result<Divergence, StatsError> {
    same_species(p, q)?;
    let mut value = 0.0;
    let mut uncovered = 0.0;
    for (a, b) in paired(p, q) {
        if b == 0.0 {
            uncovered += a;
        } else if a == 0.0 {
            value += b;
        } else {
            let excess = (a - b) / b;
            let term = if excess.abs() < 0.1 { a * excess.ln_1p() } else { a * (a / b).ln() };
            value += (term - (a - b)).max(0.0);
        }
    }
    if uncovered > 0.0 && q.error_bound() == 0.0 {
        value = f64::INFINITY;
    }
    Ok(Divergence { value, uncovered })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(pairs: &[(i64, f64)]) -> Distribution {
        let states = pairs.iter().map(|&(n, _)| n).collect();
        Distribution::new(&["X".to_owned()], states, pairs.iter().map(|&(_, p)| p).collect()).unwrap()
    }

    #[test]
    fn distances_of_two_coins_are_those_by_hand() {
        let p = law(&[(0, 0.5), (1, 0.5)]);
        let q = law(&[(0, 0.25), (1, 0.75)]);
        assert!((total_variation(&p, &q).unwrap().value - 0.25).abs() < 1e-15);
        let overlap = 0.125f64.sqrt() + 0.375f64.sqrt();
        assert!((hellinger(&p, &q).unwrap().value - (1.0 - overlap).sqrt()).abs() < 1e-15);
        let by_hand = 0.5 * 2.0f64.ln() + 0.5 * (2.0f64 / 3.0).ln();
        assert!((kullback_leibler(&p, &q).unwrap().value - by_hand).abs() < 1e-15);
        assert_eq!(kullback_leibler(&p, &p).unwrap(), Divergence { value: 0.0, uncovered: 0.0 });
    }

    #[test]
    fn laws_with_disjoint_supports_are_at_distance_one_and_infinite_divergence() {
        let p = law(&[(0, 1.0)]);
        let q = law(&[(7, 1.0)]);
        assert_eq!(total_variation(&p, &q).unwrap().value, 1.0);
        assert_eq!(hellinger(&p, &q).unwrap().value, 1.0);
        assert_eq!(kullback_leibler(&p, &q).unwrap().value, f64::INFINITY);
    }

    #[test]
    fn missing_mass_widens_the_interval_and_keeps_the_divergence_finite() {
        let p = law(&[(0, 0.5), (1, 0.5)]);
        let q = law(&[(0, 0.5), (2, 0.49)]).with_error_bound(0.01);
        let distance = total_variation(&p, &q).unwrap();
        assert!((distance.upper - distance.value - 0.005).abs() < 1e-15);
        assert!((distance.value - distance.lower - 0.005).abs() < 1e-15);
        let divergence = kullback_leibler(&p, &q).unwrap();
        assert_eq!(divergence.uncovered, 0.5);
        assert!((divergence.value - 0.49).abs() < 1e-15);
    }

    #[test]
    fn tiny_divergences_are_not_lost_in_rounding() {
        // p = 1/2 +- d: the divergence from the fair coin is 2 d^2 + O(d^4).
        let d = 1e-6;
        let p = law(&[(0, 0.5 - d), (1, 0.5 + d)]);
        let q = law(&[(0, 0.5), (1, 0.5)]);
        let value = kullback_leibler(&p, &q).unwrap().value;
        assert!((value / (2.0 * d * d) - 1.0).abs() < 1e-3, "{value}");
    }

    #[test]
    fn laws_over_different_species_are_not_compared() {
        let p = law(&[(0, 1.0)]);
        let q = Distribution::certain(&["Y".to_owned()], &[0]).unwrap();
        assert!(matches!(total_variation(&p, &q), Err(StatsError::DifferentSpecies { .. })));
    }
}
