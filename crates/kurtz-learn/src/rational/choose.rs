//! The structure of a law, where no products tell it.

use super::fit::{Problem, Shape};
use super::law::Law;
use crate::LearnError;
use crate::invariants::{ConservedSum, Record, RelationSettings};

/// Terms that are offered to each numerator: powers of the driver up to this.
const DEGREE: u32 = 2;

/// Chooses the terms of the law by which the parts of a total follow one driving species, from all powers up to the second in
/// each numerator.
///
/// Terms are taken out one by one, the rest fitted again, while that does not worsen misfit + (number of terms) ln(number of
/// block means). The misfit is that of means over blocks of samples, whose variance is that of the noise plus the square of
/// the allowed discrepancy: what a reduced description misses anyway, however exactly it was measured, speaks for no term.
/// None if even all terms together do not describe the course within noise and discrepancy.
///
/// # Errors
/// Settings out of their range; a sum that is no total of parts; a driver that is one of the parts.
pub fn choose(
    record: &Record,
    sum: &ConservedSum,
    driver: usize,
    start: f64,
    settings: &RelationSettings,
) -> Result<Option<Law>, LearnError> {
    settings.validate()?;
    if !sum.is_total() || sum.coefficients[driver] != 0 {
        let what = format!("the sum {}", sum.describe(&record.species));
        return Err(LearnError::Intractable {
            what,
            reason: "it must be a total of parts other than the driver".into(),
        });
    }
    let problem = Problem::new(record, settings, start);
    let members: Vec<(usize, f64)> =
        sum.coefficients.iter().enumerate().filter(|(_, w)| **w != 0).map(|(i, &w)| (i, f64::from(w))).collect();
    let terms = (0..members.len()).flat_map(|m| (0..=DEGREE).map(move |e| (m, vec![e], 0.0))).collect();
    let mut shape = Shape { members, drivers: vec![driver], terms, totals: sum.totals.clone() };
    let Some(mut best) = problem.fit(&shape) else { return Ok(None) };
    let score = |shape: &Shape, law: &Law| {
        let (misfit, blocks) = problem.misfit(shape, law);
        (misfit + shape.terms.len() as f64 * (blocks as f64).ln(), misfit, blocks)
    };
    let (mut best_score, misfit, blocks) = score(&shape, &best);
    let degrees = blocks as f64;
    if misfit.is_nan() || misfit > degrees + 5.0 * (2.0 * degrees).sqrt() {
        return Ok(None);
    }
    loop {
        let mut leading: Option<(f64, Shape, Law)> = None;
        for left_out in 0..shape.terms.len() {
            let mut smaller = shape.clone();
            let (member, _, _) = smaller.terms.remove(left_out);
            if !smaller.terms.iter().any(|t| t.0 == member) {
                continue;
            }
            // From where the larger law was; what vanishes there starts at a moderate size again.
            let found = best.terms.iter().enumerate().filter(|(t, _)| *t != left_out).map(|(_, t)| t.coefficient.ln());
            let floor = best.terms.iter().map(|t| t.coefficient.ln()).fold(f64::NEG_INFINITY, f64::max) - 12.0;
            smaller.terms.iter_mut().zip(found).for_each(|(t, found)| t.2 = found.max(floor));
            let Some(law) = problem.fit(&smaller) else { continue };
            let (score, _, _) = score(&smaller, &law);
            if score.is_finite() && leading.as_ref().is_none_or(|l| score < l.0) {
                leading = Some((score, smaller, law));
            }
        }
        match leading {
            Some((score, smaller, law)) if score <= best_score => (best_score, shape, best) = (score, smaller, law),
            _ => return Ok(Some(best)),
        }
    }
}
