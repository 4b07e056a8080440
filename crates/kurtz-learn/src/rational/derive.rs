//! Laws that follow from conserved sums and constant products.

use super::fit::{Problem, Shape};
use super::law::Law;
use crate::LearnError;
use crate::invariants::{ConservedSum, ConstantProducts, Record, RelationSettings};

/// The laws of all totals whose parts are linked by constant products, with coefficients fitted to the record in the window.
///
/// # Errors
/// Settings out of their range.
pub fn laws(
    record: &Record,
    sums: &[ConservedSum],
    products: &ConstantProducts,
    settings: &RelationSettings,
) -> Result<Vec<Law>, LearnError> {
    settings.validate()?;
    let problem = Problem::new(record, settings, products.window.start);
    let shapes = sums.iter().filter(|sum| sum.is_total()).filter_map(|sum| shape(sum, products));
    Ok(shapes.filter_map(|shape| problem.fit(&shape)).collect())
}

/// How the parts of a total follow from each other and from other species: y_i = y_ref K D^e for each part.
fn shape(sum: &ConservedSum, products: &ConstantProducts) -> Option<Shape> {
    let members: Vec<(usize, f64)> =
        sum.coefficients.iter().enumerate().filter(|(_, w)| **w != 0).map(|(i, &w)| (i, f64::from(w))).collect();
    let n = sum.coefficients.len();
    let outside: Vec<usize> = (0..n).filter(|&i| sum.coefficients[i] == 0).collect();
    let mut logs = vec![0.0];
    let mut exponents = vec![vec![0_i32; n]];
    for k in 1..members.len() {
        // Powers of the products whose members are y_k / y_0.
        let wanted = |i: usize| {
            if i == members[k].0 {
                1.0
            } else if i == members[0].0 {
                -1.0
            } else {
                0.0
            }
        };
        let rows = members
            .iter()
            .map(|&(i, _)| products.products.iter().map(|p| f64::from(p.exponents[i])).chain([wanted(i)]).collect());
        let powers = solve(rows.collect())?;
        let mut of = vec![0_i32; n];
        for &i in &outside {
            let e: f64 = products.products.iter().zip(&powers).map(|(p, a)| a * f64::from(p.exponents[i])).sum();
            if (e - e.round()).abs() > 1e-9 {
                return None;
            }
            of[i] = -(e.round() as i32);
        }
        exponents.push(of);
        logs.push(products.products.iter().zip(&powers).map(|(p, a)| a * p.value.ln()).sum());
    }
    let drivers: Vec<usize> = outside.into_iter().filter(|&i| exponents.iter().any(|e| e[i] != 0)).collect();
    if drivers.is_empty() {
        return None;
    }
    let lowest = |i: usize| exponents.iter().map(|e| e[i]).min().unwrap_or(0);
    let terms = exponents.iter().enumerate().map(|(member, e)| {
        let shifted = drivers.iter().map(|&i| (e[i] - lowest(i)) as u32).collect();
        (member, shifted, logs[member])
    });
    Some(Shape { terms: terms.collect(), members, drivers, totals: sum.totals.clone() })
}

/// One solution of rows (a | b), free unknowns 0; none if there is none.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let unknowns = rows.first()?.len() - 1;
    let (mut pivots, mut done) = (Vec::new(), 0);
    for column in 0..unknowns {
        let best = (done..rows.len()).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        if rows[best][column].abs() < 1e-9 {
            continue;
        }
        rows.swap(done, best);
        for r in 0..rows.len() {
            if r != done {
                let factor = rows[r][column] / rows[done][column];
                for k in column..=unknowns {
                    rows[r][k] -= factor * rows[done][k];
                }
            }
        }
        pivots.push(column);
        done += 1;
        if done == rows.len() {
            break;
        }
    }
    if rows[done..].iter().any(|row| row[unknowns].abs() > 1e-9) {
        return None;
    }
    let mut x = vec![0.0; unknowns];
    for (row, &column) in rows.iter().zip(&pivots) {
        x[column] = row[unknowns] / row[column];
    }
    Some(x)
}
