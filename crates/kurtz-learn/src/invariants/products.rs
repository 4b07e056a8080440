//! Products of powers that do not change once an initial layer is over.

use super::blocks::{Block, blocks};
use super::vectors::{quotients, rank, size};
use super::{Record, RelationSettings};
use crate::LearnError;
use std::collections::BTreeSet;

/// A product prod_i x_i^e_i that does not change after some time.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantProduct {
    /// The exponents e, `[species]`.
    pub exponents: Vec<i32>,
    /// Its value in the window.
    pub value: f64,
    /// Standard error of that by the noise alone, as a fraction of it.
    pub standard_error: f64,
    /// Largest departure of a block mean from the value within the window, as a fraction, beyond what noise explains.
    pub departure: f64,
    /// Largest departure before the window, as a factor; 1 if nothing is seen there.
    pub before: f64,
    /// From this time on it passes as constant; the window may begin later.
    pub settled: f64,
    /// By how much its weakest term changes from then on, in units of what the product itself could change by unseen.
    pub evidence: f64,
}

/// The part of the courses in which the relations hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Samples from this time on are used.
    pub start: f64,
    /// How many samples of how many are left out before it.
    pub left_out: usize,
    /// Samples in all.
    pub samples: usize,
    /// Why it begins there.
    pub reason: String,
}

/// Independent products that are constant in a common window.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantProducts {
    /// The simplest ones; further ones are products of their powers.
    pub products: Vec<ConstantProduct>,
    /// Where they are constant.
    pub window: Window,
    /// The most nearly constant products that were refused, simplest first, with the reason.
    pub refused: Vec<(Vec<i32>, String)>,
}

/// A block mean may be off by this many standard errors, beyond the discrepancy.
const STANDARD_ERRORS: f64 = 4.5;
/// The terms must change by this (in logarithms), or that their product is constant says little.
const LEAST_CHANGE: f64 = 0.2;
/// ... and by this many times the departures that are allowed to the product.
const POWER: f64 = 10.0;
/// The window begins within this fraction of the span of time of a course: what settles later is the end of a slow relaxation.
const LATEST_START: f64 = 0.15;
/// ... and takes in at least this fraction of the samples, which may be dense at the start.
const LEAST_WINDOW: f64 = 0.25;
/// A trend over the window may be this many standard errors, beyond the discrepancy.
const TREND: f64 = 2.5;
/// What settles later than after this fraction of the span of time ...
const LATE: f64 = 0.05;
/// ... and whose terms then change by less than this fraction of what those of the best do, is not taken beside it.
const EVIDENCE: f64 = 0.5;
/// Moving the start of the window may move a value by this fraction of the allowed discrepancy, beyond noise.
const DRIFT: f64 = 0.1;

/// Finds the simplest independent quotients of products of up to two species that are constant in a window: what the
/// equilibria of elementary reactions, and quasi-steady states that one production and one loss balance, leave constant.
///
/// # Errors
/// Settings out of their range.
pub fn constant_products(record: &Record, settings: &RelationSettings) -> Result<ConstantProducts, LearnError> {
    settings.validate()?;
    let blocks = blocks(record, &record.noise(settings.noise));
    Ok(Search { record, blocks, settings }.run())
}

struct Search<'a> {
    record: &'a Record,
    blocks: Vec<Block>,
    settings: &'a RelationSettings,
}

/// The logarithm of a product in the blocks from some time on.
struct Level {
    mean: f64,
    /// Standard error by noise alone.
    error: f64,
    /// Largest departure of a block beyond its noise.
    departure: f64,
    /// Typical standard error of a block.
    block_error: f64,
    /// Whether all blocks agree with the mean, and show no trend, within noise and discrepancy.
    is_constant: bool,
}

impl Search<'_> {
    fn run(&self) -> ConstantProducts {
        let starts = self.starts();
        let n = self.record.species.len();
        let usable: Vec<usize> =
            (0..n).filter(|&i| self.log_change(i, starts.first().copied()) >= LEAST_CHANGE).collect();
        let (mut found, mut refused) = (Vec::<ConstantProduct>::new(), Vec::new());
        for exponents in quotients(n, &usable) {
            match self.examine(&exponents, &starts) {
                Ok(product) => found.push(product),
                Err(Some(reason)) => refused.push((exponents, reason)),
                Err(None) => {}
            }
        }
        let most = found.iter().map(|p| p.evidence).fold(0.0, f64::max);
        let early = self.within(LATE);
        let (mut found, weak): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|p| p.settled <= early || p.evidence >= EVIDENCE * most);
        refused.extend(weak.into_iter().map(|p| {
            let reason = format!("it settles only at {}, and its terms change little from then on", p.settled);
            (p.exponents, reason)
        }));
        found.sort_by(|a: &ConstantProduct, b| {
            let key = |p: &ConstantProduct| (size(&p.exponents), p.departure);
            let (a, b) = (key(a), key(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let mut products: Vec<ConstantProduct> = Vec::new();
        for product in found {
            let known: Vec<Vec<i32>> =
                products.iter().map(|p| p.exponents.clone()).chain([product.exponents.clone()]).collect();
            if rank(&known) == known.len() {
                products.push(product);
            }
        }
        refused.truncate(8);
        let window = self.window(&products, &starts);
        for product in &mut products {
            let level = self.level(&product.exponents, window.start);
            product.value = level.mean.exp();
            product.standard_error = level.error;
            product.departure = level.departure;
            let before = self.blocks.iter().filter(|b| b.start < window.start);
            let apart = before.map(|b| {
                let (value, error) = self.value(b, &product.exponents);
                // No logarithm: some of the species are not there yet.
                if value.is_nan() {
                    f64::INFINITY
                } else {
                    ((value - level.mean).abs() - STANDARD_ERRORS * error).max(0.0)
                }
            });
            product.before = apart.fold(0.0, f64::max).exp();
        }
        ConstantProducts { products, window, refused }
    }

    /// Times at which a window may begin: those of blocks, while enough samples are left.
    fn starts(&self) -> Vec<f64> {
        if let Some(start) = self.settings.start {
            return vec![start];
        }
        let mut times: Vec<f64> = self.blocks.iter().map(|b| b.start).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let all: usize = self.blocks.iter().map(|b| b.samples).sum();
        let left = |time: f64| -> usize { self.blocks.iter().filter(|b| b.start >= time).map(|b| b.samples).sum() };
        let latest = self.within(LATEST_START);
        times.retain(|&time| time <= latest && left(time) as f64 >= LEAST_WINDOW * all as f64);
        times
    }

    /// The time after a fraction of the span of the courses, of the earliest of them.
    fn within(&self, fraction: f64) -> f64 {
        let times =
            self.record.courses.iter().map(|c| c.times[0] + fraction * (c.times[c.times.len() - 1] - c.times[0]));
        times.fold(f64::INFINITY, f64::min)
    }

    /// By how much the logarithm of a species changes from a time on.
    fn log_change(&self, species: usize, from: Option<f64>) -> f64 {
        let logs = self.blocks.iter().filter(|b| from.is_none_or(|from| b.start >= from)).map(|b| b.log[species]);
        let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        if low.is_finite() { high - low } else { 0.0 }
    }

    /// The logarithm of a product in a block, and its standard error.
    fn value(&self, block: &Block, exponents: &[i32]) -> (f64, f64) {
        let terms = || exponents.iter().enumerate().filter(|(_, e)| **e != 0).map(|(i, &e)| (i, f64::from(e)));
        let variance: f64 = terms().map(|(i, e)| e * e * block.log_variance[i]).sum();
        (terms().map(|(i, e)| e * block.log[i]).sum(), variance.sqrt())
    }

    /// The product from a time on.
    fn level(&self, exponents: &[i32], start: f64) -> Level {
        let allowed = self.settings.discrepancy;
        let inside: Vec<&Block> = self.blocks.iter().filter(|b| b.start >= start).collect();
        let values: Vec<(f64, f64)> = inside.iter().map(|b| self.value(b, exponents)).collect();
        // All samples count alike: noise is a fraction of the value. The discrepancy is shared by the samples of a block.
        let weights: Vec<f64> =
            values.iter().map(|(_, error)| 1.0 / (error * error + 0.01 * allowed * allowed)).collect();
        let weight: f64 = weights.iter().sum();
        let mean = values.iter().zip(&weights).map(|(v, w)| v.0 * w).sum::<f64>() / weight;
        let variance: f64 = values.iter().zip(&weights).map(|(v, w)| (v.1 * w / weight).powi(2)).sum();
        let (mut departure, mut is_constant) = (0.0_f64, !values.is_empty());
        for (value, error) in &values {
            let apart = (value - mean).abs();
            departure = departure.max(apart - STANDARD_ERRORS * error);
            // False for NaN.
            is_constant &= apart <= STANDARD_ERRORS * error + allowed;
        }
        is_constant &= self.trend(&inside, &values, &weights) <= 0.0;
        let block_error = (variance * values.len() as f64).sqrt();
        Level { mean, error: variance.sqrt(), departure: departure.max(0.0), block_error, is_constant }
    }

    /// By how much the product drifts over a window, linearly in the number of the block of its course, beyond noise and
    /// discrepancy: positive if it does.
    fn trend(&self, blocks: &[&Block], values: &[(f64, f64)], weights: &[f64]) -> f64 {
        let mut places = Vec::new();
        for (k, block) in blocks.iter().enumerate() {
            let is_next = k > 0 && blocks[k - 1].course == block.course;
            places.push(if is_next { places[k - 1] + 1.0 } else { 0.0 });
        }
        let weight: f64 = weights.iter().sum();
        let centre = places.iter().zip(weights).map(|(u, w)| u * w).sum::<f64>() / weight;
        let spread: f64 = places.iter().zip(weights).map(|(u, w)| w * (u - centre).powi(2)).sum();
        if spread == 0.0 {
            return 0.0;
        }
        let longest = places.iter().fold(0.0, |m: f64, u| m.max(*u));
        let factor = |u: f64, w: f64| longest * w * (u - centre) / spread;
        let terms = || places.iter().zip(weights).map(|(u, w)| factor(*u, *w)).zip(values);
        let drift: f64 = terms().map(|(f, (value, _))| f * value).sum();
        let error = terms().map(|(f, (_, error))| (f * error).powi(2)).sum::<f64>().sqrt();
        drift.abs() - TREND * error - self.settings.discrepancy
    }

    /// The product if it is constant from one of the times on; else why a nearly constant one is refused.
    fn examine(&self, exponents: &[i32], starts: &[f64]) -> Result<ConstantProduct, Option<String>> {
        let settled = starts.iter().copied().find(|&start| self.level(exponents, start).is_constant).ok_or(None)?;
        let level = self.level(exponents, settled);
        let change = |i: usize, e: i32| f64::from(e.abs()) * self.log_change(i, Some(settled));
        let mut changes: Vec<f64> =
            exponents.iter().enumerate().filter(|(_, e)| **e != 0).map(|(i, &e)| change(i, e)).collect();
        changes.sort_by(|a, b| b.total_cmp(a));
        // The weakest of its terms must be seen to take part.
        let weakest = changes.last().copied().unwrap_or(0.0);
        let unseen = self.settings.discrepancy.max(2.0 * level.block_error);
        let needed = LEAST_CHANGE.max(POWER * unseen);
        if changes.get(1).copied().unwrap_or(0.0) < needed || weakest < POWER * unseen {
            let change = changes.get(1).copied().unwrap_or(0.0).min(weakest);
            return Err(Some(format!(
                "its terms change too little to tell (by {:.1} %, and {:.1} % would be needed)",
                100.0 * change.exp_m1(),
                100.0 * needed.exp_m1()
            )));
        }
        Ok(ConstantProduct {
            exponents: exponents.to_vec(),
            value: level.mean.exp(),
            standard_error: level.error,
            departure: level.departure,
            before: 1.0,
            settled,
            evidence: weakest / unseen,
        })
    }

    /// The window of all products: where all are constant, and where beginning later moves no value by more than noise.
    fn window(&self, products: &[ConstantProduct], starts: &[f64]) -> Window {
        let samples: usize = self.blocks.iter().map(|b| b.samples).sum();
        let finish = |start: f64, reason: String| {
            let left_out = self.blocks.iter().filter(|b| b.start < start).map(|b| b.samples).sum();
            Window { start, left_out, samples, reason }
        };
        let first = starts.first().copied().unwrap_or(0.0);
        if self.settings.start.is_some() {
            return finish(first, "it was given".into());
        }
        let Some(last) = products.iter().max_by(|a, b| a.settled.total_cmp(&b.settled)) else {
            return finish(first, "no product of powers is constant".into());
        };
        let candidates: Vec<f64> = starts.iter().copied().filter(|&s| s >= last.settled).collect();
        let drift = DRIFT * self.settings.discrepancy;
        let is_stable = |start: f64| {
            products.iter().all(|product| {
                let here = self.level(&product.exponents, start);
                candidates.iter().filter(|&&later| later > start).all(|&later| {
                    let there = self.level(&product.exponents, later);
                    let error = (there.error.powi(2) - here.error.powi(2)).max(0.0).sqrt();
                    (there.mean - here.mean).abs() <= 2.0 * error + drift
                })
            })
        };
        let start = candidates.iter().copied().find(|&start| is_stable(start));
        let start = start.unwrap_or_else(|| candidates.last().copied().unwrap_or(last.settled));
        let name = describe(&last.exponents, &self.record.species);
        let mut reason = if last.settled <= self.record.courses.iter().map(|c| c.times[0]).fold(f64::INFINITY, f64::min)
        {
            "all products are constant from the first sample on".to_string()
        } else {
            let percent = 100.0 * self.settings.discrepancy;
            format!(
                "before {} `{name}` departs from what it is later by more than {percent:.2} % and noise",
                last.settled
            )
        };
        if start > last.settled {
            reason += &format!(
                "; between {} and {start} the values still drift by more than {:.2} % and two standard errors",
                last.settled,
                100.0 * drift
            );
        }
        finish(start, reason)
    }
}

/// A product of powers as a formula, as `G P/GP`.
pub fn describe(exponents: &[i32], species: &[String]) -> String {
    let side = |sign: i32| -> Vec<String> {
        let terms = species.iter().zip(exponents).filter(|(_, e)| **e * sign > 0);
        terms.map(|(name, e)| if e.abs() == 1 { name.clone() } else { format!("{name}^{}", e.abs()) }).collect()
    };
    let (above, below) = (side(1), side(-1));
    let numerator = if above.is_empty() { "1".to_string() } else { above.join(" ") };
    match below.len() {
        0 => numerator,
        1 => format!("{numerator}/{}", below[0]),
        _ => format!("{numerator}/({})", below.join(" ")),
    }
}

impl ConstantProduct {
    /// The product as a formula, as `G P/GP`.
    pub fn describe(&self, species: &[String]) -> String {
        describe(&self.exponents, species)
    }

    /// The species in it.
    pub fn species(&self) -> BTreeSet<usize> {
        self.exponents.iter().enumerate().filter(|(_, e)| **e != 0).map(|(i, _)| i).collect()
    }
}
