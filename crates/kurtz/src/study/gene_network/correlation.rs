//! Table II: correlations between time derivatives.

use super::network::{GeneNetwork, SPECIES};
use kurtz_learn::invariants::Course;
use kurtz_report::{Cell, Check, Section, Table};

/// Table II as printed: upper triangle, row by row.
const PRINTED: [f64; 10] = [0.9681, 0.5020, 0.4228, 0.4215, 0.2743, 0.1832, 0.1820, 0.9892, 0.9812, 0.9956];

/// Correlation coefficients of derivatives on the output times, upper triangles.
pub struct Correlations {
    /// Of |dc/dt|, t = 0 included: what is printed.
    sizes: [f64; 10],
    /// Of dc/dt.
    signed: [f64; 10],
    /// Of |dc/dt| without t = 0.
    later: [f64; 10],
}

impl Correlations {
    pub fn new(network: &GeneNetwork, course: &Course) -> Self {
        let derivatives: Vec<[f64; 5]> = course.values.chunks_exact(5).map(|c| network.derivatives(c)).collect();
        let sizes: Vec<[f64; 5]> = derivatives.iter().map(|d| d.map(f64::abs)).collect();
        Correlations { sizes: triangle(&sizes), signed: triangle(&derivatives), later: triangle(&sizes[1..]) }
    }

    fn largest_difference(&self) -> f64 {
        self.sizes.iter().zip(PRINTED).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    pub fn summary(&self) -> String {
        format!(
            "Table II holds the correlations of the sizes |dc/dt| on t = 0, 1, ..., 1000 (largest difference {:.4}), not of the \
             signed derivatives, three of which add up to zero.",
            self.largest_difference()
        )
    }

    pub fn checks(&self) -> Vec<Check> {
        vec![Check::at_most("Table II: largest difference of an entry from print", 0.003, self.largest_difference())]
    }

    pub fn section(&self) -> Section {
        let mut table =
            Table::new(["pair", "printed", "|dc/dt|", "difference", "dc/dt, signed", "|dc/dt| without t = 0"]);
        let pairs = (0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j)));
        for (k, (i, j)) in pairs.enumerate() {
            table.push([
                Cell::text(format!("{}, {}", SPECIES[i], SPECIES[j])),
                Cell::digits(PRINTED[k], 4),
                Cell::digits(self.sizes[k], 4),
                Cell::digits(self.sizes[k] - PRINTED[k], 2),
                Cell::digits(self.signed[k], 3),
                Cell::digits(self.later[k], 3),
            ]);
        }
        Section::new("Correlations of derivatives")
            .table(table.caption("Table II of [@yang2020] and ours, from exact right-hand sides along the course."))
            .paragraph(
                "As signed coefficients the printed ones are impossible: dG/dt + dGP/dt + dGP2/dt = 0, and three numbers that \
                 add up to zero cannot all go together. The fast group of the table rests on one sample, t = 0, in the initial \
                 layer: without it the coefficients are those of the last column, and no group is left. Correlation on a \
                 coarse grid is no detector of time scales; `kurtz reduce` looks at the Jacobian instead.",
            )
    }
}

fn triangle(rows: &[[f64; 5]]) -> [f64; 10] {
    let n = rows.len() as f64;
    let mean: [f64; 5] = std::array::from_fn(|i| rows.iter().map(|r| r[i]).sum::<f64>() / n);
    let covariance = |i: usize, j: usize| rows.iter().map(|r| (r[i] - mean[i]) * (r[j] - mean[j])).sum::<f64>();
    let mut pairs = (0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j)));
    std::array::from_fn(|_| match pairs.next() {
        Some((i, j)) => covariance(i, j) / (covariance(i, i) * covariance(j, j)).sqrt(),
        None => f64::NAN,
    })
}
