//! What the data determine: rank, condition and the directions in which nothing changes, in words.

use crate::linear::{Compressed, Matrix, Svd};
use serde::{Deserialize, Serialize};

/// Below this fraction of the largest, a singular value of the column-normalised sensitivities is rounding.
const NULL: f64 = 1e-9;

/// What the data determine of a set of coefficients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifiability {
    /// Number of coefficients asked for.
    pub coefficients: usize,
    /// Number of independent combinations that the data determine at all.
    pub rank: usize,
    /// Condition number of the whitened sensitivities, each scaled to unit length; `None` if the rank is not full.
    pub condition: Option<f64>,
    /// Combinations that change nothing that was measured.
    pub null_directions: Vec<Direction>,
    /// The combination that is determined worst, among those determined at all.
    pub weakest: Option<Direction>,
}

/// A combination of coefficients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    /// Names and weights of the coefficients that take part.
    pub weights: Vec<(String, f64)>,
    /// Standard error of the coefficients along it (of the first named, the others following); `None` if unbounded.
    pub standard_error: Option<f64>,
    /// The same in words.
    pub words: String,
}

impl Identifiability {
    /// Examines the sensitivities of a compressed problem.
    pub(crate) fn of(problem: &Compressed, names: &[String]) -> Self {
        let p = problem.terms();
        let norm = |j: usize| problem.r.column(j).iter().map(|v| v * v).sum::<f64>().sqrt();
        let norms: Vec<f64> = (0..p).map(norm).collect();
        let scaled = Matrix::from_fn(p, p, |i, j| if norms[j] > 0.0 { problem.r[(i, j)] / norms[j] } else { 0.0 });
        let svd = Svd::new(&scaled);
        let rank = svd.rank(NULL);
        let null: Vec<Vec<f64>> = (rank..p)
            .map(|k| (0..p).map(|j| svd.right[(k, j)] / if norms[j] > 0.0 { norms[j] } else { 1.0 }).collect())
            .collect();
        let null_directions = echelon(null).iter().map(|v| Direction::null(v, names)).collect();
        let weakest = rank.checked_sub(1).filter(|_| p > 1).map(|k| {
            let v: Vec<f64> = (0..p).map(|j| if norms[j] > 0.0 { svd.right[(k, j)] / norms[j] } else { 0.0 }).collect();
            Direction::weak(&v, svd.values[k], names)
        });
        let condition = (rank == p && p > 0).then(|| svd.condition());
        Identifiability { coefficients: p, rank, condition, null_directions, weakest }
    }

    /// Whether every coefficient is determined.
    pub fn is_full(&self) -> bool {
        self.rank == self.coefficients
    }
}

impl Direction {
    fn null(v: &[f64], names: &[String]) -> Self {
        let weights = tidy(v, names);
        let (up, down): (Vec<_>, Vec<_>) = weights.iter().partition(|(_, w)| *w > 0.0);
        let list = |part: &[&(String, f64)]| {
            let parts: Vec<String> = part.iter().map(|(n, w)| format!("`{n}` by {}", number(w.abs()))).collect();
            parts.join(" and ")
        };
        let words = match (up.is_empty(), down.is_empty()) {
            (_, true) => format!("changing {} changes nothing that was measured", list(&up)),
            (true, _) => format!("changing {} changes nothing that was measured", list(&down)),
            _ => format!("raising {} while lowering {} changes nothing that was measured", list(&up), list(&down)),
        };
        Direction { weights, standard_error: None, words }
    }

    fn weak(v: &[f64], singular: f64, names: &[String]) -> Self {
        let weights = tidy(v, names);
        // Moving by s along v changes chi-square by (s singular)^2: one standard error is s = 1 / singular.
        let size = v.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let error = size / singular;
        let list: Vec<String> = weights.iter().map(|(n, w)| format!("{} `{n}`", signed(*w))).collect();
        let words = format!("least well known is the direction {} ({} in its first)", list.join(" "), number(error));
        Direction { weights, standard_error: Some(error), words }
    }
}

/// Weights with the largest scaled to 1, the negligible left out, the largest first.
fn tidy(v: &[f64], names: &[String]) -> Vec<(String, f64)> {
    let largest = v.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
    if largest == 0.0 {
        return Vec::new();
    }
    let round = |w: f64| if (w - w.round()).abs() < 1e-7 { w.round() } else { w };
    let weights = names.iter().zip(v).map(|(n, x)| (n.clone(), round(x / largest)));
    let mut weights: Vec<(String, f64)> = weights.filter(|(_, w)| w.abs() > 0.02).collect();
    weights.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    weights
}

/// A basis of the same space with as many zeros as elimination gives, so that it can be read.
fn echelon(mut rows: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut done = 0;
    for j in 0..columns {
        let Some(pivot) = (done..rows.len()).max_by(|&a, &b| rows[a][j].abs().total_cmp(&rows[b][j].abs())) else {
            break;
        };
        let size = rows[pivot].iter().fold(0.0f64, |m, x| m.max(x.abs()));
        if rows[pivot][j].abs() <= 1e-6 * size {
            continue;
        }
        rows.swap(done, pivot);
        let head = rows[done].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != done) {
            let factor = row[j] / head[j];
            row.iter_mut().zip(&head).for_each(|(x, h)| *x -= factor * h);
        }
        done += 1;
    }
    for row in &mut rows {
        let size = row.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        row.iter_mut().filter(|x| x.abs() < 1e-7 * size).for_each(|x| *x = 0.0);
    }
    rows
}

fn number(x: f64) -> String {
    if x == x.round() && x.abs() < 1e6 { format!("{x}") } else { format!("{x:.2e}") }
}

fn signed(x: f64) -> String {
    if x < 0.0 { format!("- {:.2}", -x) } else { format!("+ {x:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_directions_are_told_in_words() {
        // Column 3 = column 1 + 2 x column 2.
        let rows = Matrix::from_fn(8, 4, |i, j| {
            let (a, b) = ((i as f64).sin(), (1.3 * i as f64).cos());
            [a, b, a + 2.0 * b, 0.1][j]
        });
        let names = ["a", "b", "c"].map(String::from);
        let found = Identifiability::of(&Compressed::new(&rows), &names);
        assert_eq!((found.rank, found.condition), (2, None));
        assert_eq!(found.null_directions.len(), 1);
        let words = &found.null_directions[0].words;
        assert!(words.contains("`b` by 1") && words.contains("`c` by 5.00e-1"), "{words}");
    }

    #[test]
    fn the_weakest_direction_carries_its_standard_error() {
        // Two orthogonal columns of lengths 100 and 0.01: the second is known to 100.
        let rows = Matrix::from_fn(2, 3, |i, j| [[100.0, 0.0, 1.0], [0.0, 0.01, 1.0]][i][j]);
        let found = Identifiability::of(&Compressed::new(&rows), &["a".into(), "b".into()]);
        assert!(found.is_full() && (found.condition.unwrap() - 1.0).abs() < 1e-12);
    }
}
