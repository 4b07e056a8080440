//! Where the ticks of an axis stand and what they say.

use super::axis::Scale;
use crate::number::{MINUS, significant};

/// Ticks of one axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ticks {
    /// Places and labels (in label markup) of the major ticks.
    pub(crate) major: Vec<(f64, String)>,
    /// Places of the minor ticks, which have no label.
    pub(crate) minor: Vec<f64>,
    /// Labels are to be read times ten to this power; it belongs into the title of the axis.
    pub(crate) power: i32,
}

/// Ticks for the range from `from` < `to`, at most about `most` with a label.
pub(crate) fn ticks(scale: Scale, from: f64, to: f64, most: usize) -> Ticks {
    let most = most.max(2);
    match scale {
        Scale::Linear => linear(from, to, most),
        Scale::Log => logarithmic(from, to, most),
    }
}

fn linear(from: f64, to: f64, most: usize) -> Ticks {
    // The finest of the steps 1, 2, 5 times a power of ten that leaves at most `most` ticks in the range.
    let power = 10f64.powf(((to - from) / most as f64).log10().floor());
    let (mut step, mut places) = (power, Vec::new());
    for candidate in [1.0, 2.0, 5.0, 10.0, 20.0].map(|factor| factor * power) {
        let found = multiples(candidate, from, to);
        if found.len() < 2 {
            // One tick alone would not show the scale: some of the finer step are better.
            places = places.iter().copied().step_by(places.len().div_ceil(most)).collect::<Vec<f64>>();
            break;
        }
        let fits = found.len() <= most;
        (step, places) = (candidate, found);
        if fits {
            break;
        }
    }
    let largest = places.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let exponent = largest.log10().floor() as i32;
    let power = if (-3..5).contains(&exponent) { 0 } else { exponent };
    let unit = 10f64.powi(power);
    let decimals = (-((step / unit).log10() + 1e-9).floor()).clamp(0.0, 15.0) as usize;
    let major = places.into_iter().map(|v| (v, minus(&format!("{:.decimals$}", v / unit)))).collect();
    Ticks { major, minor: Vec::new(), power }
}

fn multiples(step: f64, from: f64, to: f64) -> Vec<f64> {
    let slack = 1e-9 * (to - from);
    let first = ((from - slack) / step).ceil() as i64;
    let last = ((to + slack) / step).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

fn logarithmic(from: f64, to: f64, most: usize) -> Ticks {
    let (low, high) = (from.log10(), to.log10());
    let (first, last) = ((low - 1e-9).ceil() as i32, (high + 1e-9).floor() as i32);
    let decades = last - first + 1;
    let power_label = |k: i32| format!("10^{{{}}}", minus(&k.to_string()));
    let within = |v: f64| v >= from * (1.0 - 1e-9) && v <= to * (1.0 + 1e-9);
    if decades >= 2 {
        let every = (1..).find(|e| (decades - 1) / e < most as i32).unwrap_or(1);
        let major = (first..=last).filter(|k| k % every == 0).map(|k| (10f64.powi(k), power_label(k))).collect();
        let minor = if every == 1 {
            let digits = (first - 1..=last).flat_map(|k| (2..10).map(move |d| f64::from(d) * 10f64.powi(k)));
            digits.filter(|v| within(*v)).collect()
        } else {
            (first..=last).filter(|k| k % every != 0).map(|k| 10f64.powi(k)).collect()
        };
        return Ticks { major, minor, power: 0 };
    }
    // Less than two powers of ten in sight: 1, 2, 5 are labelled in full, or the places of a linear axis.
    let candidates = (first - 1..=last + 1).flat_map(|k| [1.0, 2.0, 5.0].map(|d| d * 10f64.powi(k)));
    let major: Vec<(f64, String)> = candidates.filter(|v| within(*v)).map(|v| (v, minus(&significant(v, 1)))).collect();
    if major.len() >= 2 {
        let minor = (first - 1..=last + 1).flat_map(|k| (1..10).map(move |d| f64::from(d) * 10f64.powi(k)));
        return Ticks { major, minor: minor.filter(|v| within(*v)).collect(), power: 0 };
    }
    linear(from, to, most)
}

fn minus(text: &str) -> String {
    // A rounded -0.0 is plain zero.
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text.replace('-', &MINUS.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, from: f64, to: f64, most: usize) -> Vec<String> {
        ticks(scale, from, to, most).major.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_multiples_of_one_two_five() {
        assert_eq!(labels(Scale::Linear, 0.0, 20.0, 5), ["0", "5", "10", "15", "20"]);
        assert_eq!(labels(Scale::Linear, -0.31, 0.29, 5), ["−0.2", "0.0", "0.2"]);
        assert_eq!(labels(Scale::Linear, 9.83, 10.41, 5), ["10.0", "10.2", "10.4"]);
        assert_eq!(labels(Scale::Linear, 0.0, 1.0, 6), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn far_from_one_the_power_goes_to_the_title() {
        let t = ticks(Scale::Linear, 0.0, 3.1e-7, 5);
        assert_eq!((t.power, t.major[1].1.as_str()), (-7, "1"));
        let t = ticks(Scale::Linear, -2.0e6, 2.0e6, 5);
        assert_eq!(t.power, 6);
        assert_eq!(t.major.iter().map(|m| m.1.as_str()).collect::<Vec<_>>(), ["−2", "−1", "0", "1", "2"]);
    }

    #[test]
    fn every_range_has_two_to_most_ticks_inside_it_with_distinct_labels() {
        let mut state: u64 = 7;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for _ in 0..3000 {
            let size = 10f64.powf(24.0 * uniform() - 12.0);
            let from = (uniform() - 0.5) * 4.0 * size;
            let to = from + size * (0.1 + uniform());
            for most in 2..9 {
                let t = ticks(Scale::Linear, from, to, most);
                assert!(t.major.len() >= 2 && t.major.len() <= most, "{from} {to} {most}: {t:?}");
                assert!(t.major.iter().all(|(v, _)| *v >= from - 1e-6 * size && *v <= to + 1e-6 * size));
                let mut names: Vec<&String> = t.major.iter().map(|m| &m.1).collect();
                names.dedup();
                assert_eq!(names.len(), t.major.len(), "{from} {to}: {t:?}");
            }
        }
    }

    #[test]
    fn log_ticks_are_powers_of_ten_thinned_when_there_are_many() {
        assert_eq!(labels(Scale::Log, 1e-3, 1e1, 6), ["10^{−3}", "10^{−2}", "10^{−1}", "10^{0}", "10^{1}"]);
        assert_eq!(labels(Scale::Log, 1e-12, 1e0, 5), ["10^{−12}", "10^{−9}", "10^{−6}", "10^{−3}", "10^{0}"]);
        assert_eq!(labels(Scale::Log, 0.15, 6.0, 6), ["0.2", "0.5", "1", "2", "5"]);
        assert_eq!(labels(Scale::Log, 1.02, 1.09, 4), ["1.02", "1.04", "1.06", "1.08"]);
        assert_eq!(ticks(Scale::Log, 1.0, 100.0, 5).minor.len(), 16);
    }
}
