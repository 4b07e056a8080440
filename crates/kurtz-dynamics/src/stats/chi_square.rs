//! Pearson's chi-square: samples against a law, and samples against samples.

use crate::stats::StatsError;
use crate::stats::distribution::{Distribution, paired, same_species};
use serde::{Deserialize, Serialize};
use statrs::function::gamma::gamma_ur;

/// Settings of chi-square tests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChiSquareSettings {
    /// States are pooled until each bin expects at least this many samples; above 0. Default 10.
    pub minimum_expected: f64,
    /// Number of parameters of the law that were fitted to the same samples; they reduce the degrees of freedom.
    /// Default 0.
    pub fitted_parameters: usize,
}

impl Default for ChiSquareSettings {
    fn default() -> Self {
        ChiSquareSettings { minimum_expected: 10.0, fitted_parameters: 0 }
    }
}

/// The outcome of a chi-square test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquare {
    /// Sum over bins of (observed - expected)^2 / expected.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: usize,
    /// Probability of a statistic at least this large if the samples do follow the law.
    pub p_value: f64,
    /// Bins left after pooling.
    pub bins: usize,
}

impl ChiSquare {
    fn new(statistic: f64, bins: usize, settings: &ChiSquareSettings) -> Result<Self, StatsError> {
        let fitted = settings.fitted_parameters;
        if bins < fitted + 2 {
            return Err(StatsError::TooFewBins { bins, minimum_expected: settings.minimum_expected, fitted });
        }
        let degrees_of_freedom = bins - 1 - fitted;
        let p_value = if statistic <= 0.0 { 1.0 } else { gamma_ur(0.5 * degrees_of_freedom as f64, 0.5 * statistic) };
        Ok(ChiSquare { statistic, degrees_of_freedom, p_value, bins })
    }
}

/// Tests whether samples follow a law.
///
/// A state that expects enough samples is a bin of its own; the others are pooled in lexicographic order, together
/// with everything outside the states of the law, so that the bins depend on the law and the number of samples
/// alone. What the law is missing ([`Distribution::error_bound`]) should be far below 1 / samples.
///
/// # Errors
/// Laws over different species, a first law that is no histogram, too few bins.
pub fn chi_square(
    sampled: &Distribution,
    law: &Distribution,
    settings: &ChiSquareSettings,
) -> Result<ChiSquare, StatsError> {
    same_species(sampled, law)?;
    let n = sampled.samples().ok_or(StatsError::NotSampled { which: "first" })? as f64;
    // Everything where the law stores nothing is one state, which expects what the law is missing.
    let mut outside = ([0.0], n * (1.0 - law.total()).max(0.0));
    let mut states = Vec::with_capacity(law.len() + 1);
    for (f, p) in paired(sampled, law) {
        if p > 0.0 {
            states.push(([n * f], n * p));
        } else {
            outside.0[0] += n * f;
        }
    }
    states.push(outside);
    let bins = pool(states.into_iter(), settings.minimum_expected);
    let statistic = bins.iter().map(|&([observed], expected)| (observed - expected).powi(2) / expected).sum();
    ChiSquare::new(statistic, bins.len(), settings)
}

/// Tests whether two independent samples follow the same law.
///
/// The expected counts come from both samples together; states are pooled as in [`chi_square`] until the smaller
/// sample expects enough in each bin.
///
/// # Errors
/// Laws over different species, a law that is no histogram, too few bins.
pub fn chi_square_two_samples(
    first: &Distribution,
    second: &Distribution,
    settings: &ChiSquareSettings,
) -> Result<ChiSquare, StatsError> {
    same_species(first, second)?;
    let n = first.samples().ok_or(StatsError::NotSampled { which: "first" })? as f64;
    let m = second.samples().ok_or(StatsError::NotSampled { which: "second" })? as f64;
    let smaller = n.min(m) / (n + m);
    let states = paired(first, second).map(|(f, g)| ([n * f, m * g], smaller * (n * f + m * g)));
    let bins = pool(states, settings.minimum_expected);
    let statistic = bins
        .iter()
        .map(|&(observed, _)| {
            let both = observed[0] + observed[1];
            let expected = [both * n / (n + m), both * m / (n + m)];
            (0..2).map(|s| (observed[s] - expected[s]).powi(2) / expected[s]).sum::<f64>()
        })
        .sum();
    ChiSquare::new(statistic, bins.len(), settings)
}

/// Bins of observed and expected counts: large states alone, small ones pooled in the order given.
fn pool<const K: usize>(states: impl Iterator<Item = ([f64; K], f64)>, minimum: f64) -> Vec<([f64; K], f64)> {
    fn add<const K: usize>(bin: &mut ([f64; K], f64), observed: [f64; K], expected: f64) {
        bin.0.iter_mut().zip(observed).for_each(|(sum, o)| *sum += o);
        bin.1 += expected;
    }
    let mut bins = Vec::new();
    let mut open = ([0.0; K], 0.0);
    let mut last_pooled = None;
    for (observed, expected) in states {
        if expected >= minimum {
            bins.push((observed, expected));
            continue;
        }
        add(&mut open, observed, expected);
        if open.1 >= minimum {
            last_pooled = Some(bins.len());
            bins.push(std::mem::replace(&mut open, ([0.0; K], 0.0)));
        }
    }
    // The remainder joins the last pool, or else the smallest bin.
    let smallest = || (0..bins.len()).min_by(|&i, &j| bins[i].1.total_cmp(&bins[j].1));
    if let Some(i) = last_pooled.or_else(smallest) {
        add(&mut bins[i], open.0, open.1);
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x() -> Vec<String> {
        vec!["X".to_owned()]
    }

    #[test]
    fn a_die_thrown_sixty_times_gives_the_textbook_statistic() {
        // 5, 8, 9, 8, 10, 20 against 10 each: 25+4+1+4+0+100 over 10 = 13.4; P(chi2_5 >= 13.4) = 0.01990...
        let law = Distribution::new(&x(), (1..=6).collect(), vec![1.0 / 6.0; 6]).unwrap();
        let thrown = Distribution::from_counts(&x(), (1..=6).collect(), &[5, 8, 9, 8, 10, 20]).unwrap();
        let settings = ChiSquareSettings { minimum_expected: 9.0, ..Default::default() };
        let test = chi_square(&thrown, &law, &settings).unwrap();
        assert!((test.statistic - 13.4).abs() < 1e-12);
        assert_eq!(test.degrees_of_freedom, 5);
        assert!((test.p_value - 0.0199).abs() < 5e-5, "{}", test.p_value);
    }

    #[test]
    fn pooling_keeps_every_sample_and_reaches_the_minimum() {
        let counts = [3.0, 50.0, 4.0, 4.0, 4.0, 2.0, 30.0, 1.0];
        let bins = pool(counts.iter().map(|&c| ([c], c)), 10.0);
        assert_eq!(bins.iter().map(|b| b.0[0]).sum::<f64>(), counts.iter().sum::<f64>());
        assert!(bins.iter().all(|b| b.1 >= 10.0), "{bins:?}");
        assert_eq!(bins.len(), 3);
    }

    #[test]
    fn equal_samples_have_statistic_zero_and_shifted_ones_are_told_apart() {
        let first = Distribution::from_counts(&x(), vec![0, 1, 2], &[100, 200, 100]).unwrap();
        let other = Distribution::from_counts(&x(), vec![0, 1, 2], &[160, 180, 60]).unwrap();
        let same = chi_square_two_samples(&first, &first, &ChiSquareSettings::default()).unwrap();
        assert_eq!((same.statistic, same.p_value, same.degrees_of_freedom), (0.0, 1.0, 2));
        // By hand: sums 260, 380, 160; expected halves; 2 (30^2/130 + 10^2/190 + 20^2/80) = 24.8988...
        let test = chi_square_two_samples(&first, &other, &ChiSquareSettings::default()).unwrap();
        assert!((test.statistic - 2.0 * (900.0 / 130.0 + 100.0 / 190.0 + 400.0 / 80.0)).abs() < 1e-12);
        assert!(test.p_value < 1e-5);
    }

    #[test]
    fn samples_outside_the_law_count_against_it() {
        let law = Distribution::new(&x(), vec![0, 1], vec![0.5, 0.35]).unwrap();
        let sampled = Distribution::from_counts(&x(), vec![0, 1, 9], &[50, 35, 15]).unwrap();
        let test = chi_square(&sampled, &law, &ChiSquareSettings::default()).unwrap();
        assert_eq!(test.bins, 3);
        assert!(test.statistic < 1e-20);
    }

    #[test]
    fn computed_laws_and_tiny_samples_are_refused() {
        let law = Distribution::new(&x(), vec![0, 1], vec![0.5, 0.5]).unwrap();
        let few = Distribution::from_counts(&x(), vec![0, 1], &[3, 2]).unwrap();
        let settings = ChiSquareSettings::default();
        assert!(matches!(chi_square(&law, &law, &settings), Err(StatsError::NotSampled { .. })));
        assert!(matches!(chi_square(&few, &law, &settings), Err(StatsError::TooFewBins { .. })));
    }
}
