//! Fig. 4: reduced models beside the full one.

use super::laws::Laws;
use super::network::{GeneNetwork, SPECIES};
use crate::Error;
use kurtz_learn::invariants::Course;
use kurtz_ode::{Integration, OdeMethod, VectorField, solve};
use kurtz_report::{Axis, Cell, Check, DataTable, Figure, Line, Marker, Panel, Points, Section, Table};

/// Errors are taken from these times on.
const FROM: [f64; 5] = [2.0, 5.0, 10.0, 20.0, 50.0];
/// Largest relative errors of P, M, G, GP, GP2 from these times on, measured by an independent program (SciPy's Radau).
const EXPECTED: [[[f64; 5]; 5]; 2] = [
    [
        [0.20, 0.0046, 0.022, 0.072, 0.19],
        [0.072, 0.0046, 0.022, 0.017, 0.017],
        [0.018, 0.0046, 0.022, 0.014, 0.017],
        [0.0091, 0.0046, 0.022, 0.0057, 0.013],
        [0.0089, 0.0046, 0.018, 0.0057, 0.0044],
    ],
    [
        [0.0059, 5e-5, 0.030, 0.13, 0.24],
        [0.0034, 5e-5, 0.030, 0.060, 0.11],
        [0.0013, 5e-5, 0.027, 0.019, 0.038],
        [0.0003, 5e-5, 0.016, 0.0026, 0.009],
        [3e-5, 5e-5, 0.0045, 0.0003, 0.0007],
    ],
];

/// How a reduced model goes on: its two slow variables are protein (or total protein) and mRNA.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// dP/dt = ks M (18): the bound protein is not missed.
    QuasiSteady,
    /// The slow variable is the total protein P + GP + 2 GP2.
    Total,
    /// (16) with the learned law, the underlined terms included.
    Learned,
    /// (16) by the published regression.
    Published,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::QuasiSteady, "QSSA (18)"),
    (Kind::Total, "total QSSA"),
    (Kind::Learned, "(16), law from relations"),
    (Kind::Published, "(16), published regression"),
];

/// Courses of the reduced models, `[times x 5]` each, as in [`KINDS`].
pub struct Reduced {
    courses: Vec<Vec<f64>>,
    /// Largest relative errors from each of [`FROM`] on.
    errors: Vec<[[f64; 5]; 5]>,
}

struct Model<'a> {
    network: &'a GeneNetwork,
    laws: &'a Laws,
    total: f64,
    kind: Kind,
}

impl Model<'_> {
    fn fast(&self, p: f64) -> [f64; 3] {
        match self.kind {
            Kind::QuasiSteady | Kind::Total => self.network.quasi_steady(p, self.total),
            Kind::Learned => self.laws.learned(p),
            Kind::Published => self.laws.published(p),
        }
    }

    /// The free protein for the first slow variable.
    fn protein(&self, slow: f64) -> f64 {
        if self.kind != Kind::Total {
            return slow;
        }
        // P + GP + 2 GP2 grows with P, between P and P + 2 total: bisection, then the root to rounding.
        let excess = |p: f64| {
            let [_, gp, gp2] = self.fast(p);
            p + gp + 2.0 * gp2 - slow
        };
        let (mut low, mut high) = ((slow - 2.0 * self.total).max(0.0), slow.max(0.0));
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if excess(middle) < 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

impl VectorField for Model<'_> {
    fn dimension(&self) -> usize {
        2
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        let [k1, k_1, k2, k_2, k0, ks, kd] = self.network.constants;
        let p = self.protein(x[0]);
        let [g, gp, gp2] = self.fast(p);
        dx[0] = ks * x[1];
        if matches!(self.kind, Kind::Learned | Kind::Published) {
            dx[0] += -k1 * p * g + k_1 * gp - k2 * p * gp + k_2 * gp2;
        }
        dx[1] = k0 * (g + gp) - kd * x[1];
    }
}

/// Integrates the reduced models from the state of the full one.
pub fn run(network: &GeneNetwork, course: &Course, laws: &Laws) -> Result<Reduced, Error> {
    let total: f64 = course.values[2..5].iter().sum();
    let (mut courses, mut errors) = (Vec::new(), Vec::new());
    for (kind, _) in KINDS {
        let model = Model { network, laws, total, kind };
        let start = &course.values[..5];
        let slow = if kind == Kind::Total { start[0] + start[3] + 2.0 * start[4] } else { start[0] };
        let settings = Integration::with_tolerances(1e-10, 1e-13).with_method(OdeMethod::Stiff);
        let solution = solve(&model, &[slow, start[1]], &course.times, &settings)?;
        if !solution.is_complete() {
            let reason = solution.stop.describe(&["P".into(), "M".into()]);
            return Err(Error::Stopped { method: "the integration of a reduced model".into(), reason });
        }
        let row = |x: &[f64]| {
            let p = model.protein(x[0]);
            let [g, gp, gp2] = model.fast(p);
            [p, x[1], g, gp, gp2]
        };
        let values: Vec<f64> = solution.states.chunks_exact(2).flat_map(row).collect();
        errors.push(FROM.map(|from| largest_errors(course, &values, from)));
        courses.push(values);
    }
    Ok(Reduced { courses, errors })
}

fn largest_errors(course: &Course, values: &[f64], from: f64) -> [f64; 5] {
    let mut largest = [0.0_f64; 5];
    let rows = course.values.chunks_exact(5).zip(values.chunks_exact(5));
    for ((full, reduced), _) in rows.zip(&course.times).filter(|(_, t)| **t >= from) {
        for i in 0..5 {
            largest[i] = largest[i].max((reduced[i] / full[i] - 1.0).abs());
        }
    }
    largest
}

impl Reduced {
    /// Largest difference of an error from the expected one, in parts of a tenth of it and its last printed digit.
    fn disagreement(&self, model: usize) -> f64 {
        let pairs = self.errors[model].iter().flatten().zip(EXPECTED[model].iter().flatten());
        pairs
            .map(|(found, expected)| (found - expected).abs() / (0.1 * expected + rounding(*expected)))
            .fold(0.0, f64::max)
    }

    pub fn summary(&self) -> String {
        format!(
            "From t = 10 on the protein is off by {} in the QSSA, {} with the total protein as slow variable, and {} by the law \
             learned from the data with the terms that the QSSA cancels.",
            Cell::percentage(self.errors[0][2][0]).to_text(),
            Cell::percentage(self.errors[1][2][0]).to_text(),
            Cell::percentage(self.errors[2][2][0]).to_text()
        )
    }

    pub fn checks(&self) -> Vec<Check> {
        vec![
            Check::at_most(
                "QSSA (18): errors of all species, in units of 10 % of what is expected",
                1.0,
                self.disagreement(0),
            ),
            Check::at_most(
                "total QSSA: errors of all species, in units of 10 % of what is expected",
                1.0,
                self.disagreement(1),
            ),
            Check::at_most("total QSSA: largest relative error of P from t = 10 on", 2e-3, self.errors[1][2][0]),
        ]
    }

    pub fn section(&self, course: &Course) -> Section {
        let mut table = Table::new(
            ["model", "from t ="].into_iter().map(String::from).chain(SPECIES.iter().map(|s| (*s).to_string())),
        );
        for ((_, name), errors) in KINDS.iter().zip(&self.errors) {
            for (from, errors) in FROM.iter().zip(errors) {
                let cells = [Cell::text(*name), Cell::from(*from)];
                table.push(cells.into_iter().chain(errors.iter().map(|e| Cell::digits(*e, 2))));
            }
        }
        Section::new("Reduced models beside the full one")
            .figure(self.figure(course))
            .table(table.caption(
                "Largest relative errors of the reduced models from a time on. In the initial layer (t < 2) no reduced model can \
                 follow the states of the gene.",
            ))
            .paragraph(
                "The four underlined terms of (16), which the QSSA cancels, are the protein that the gene binds: they are at most \
                 5 % of translation from t = 5 on, but they are there. With the total protein as slow variable they are kept \
                 exactly, and the protein is right to two parts in a thousand as soon as the initial layer is over.",
            )
    }

    fn figure(&self, course: &Course) -> Figure {
        let mut figure = Figure::new("fig-4-reduced").columns(3).caption(
            "Fig. 4 of [@yang2020]: the full model (15) (lines) and the reduced model (16) with the law learned from the course \
             (crosses).",
        );
        for (i, name) in SPECIES.iter().enumerate() {
            let column = |values: &[f64]| -> Vec<f64> { values.iter().skip(i).step_by(5).copied().collect() };
            let (full, reduced) = (column(&course.values), column(&self.courses[2]));
            let shown: Vec<usize> = (0..course.times.len()).step_by((course.times.len() / 25).max(1)).collect();
            let at = |values: &[f64]| -> Vec<f64> { shown.iter().map(|&t| values[t]).collect() };
            figure = figure.panel(
                Panel::new()
                    .x(Axis::new("time"))
                    .y(Axis::new(format!("c_{{{name}}}")))
                    .with(Line::new("full", course.times.clone(), full))
                    .with(Points::new("reduced (16)", at(&course.times), at(&reduced)).marker(Marker::Cross)),
            );
        }
        figure
    }

    /// The courses of the reduced models as data.
    pub fn table(&self, course: &Course) -> DataTable {
        let mut table = DataTable::new("reduced-models").column("time", course.times.clone());
        for ((_, name), values) in KINDS.iter().zip(&self.courses) {
            for (i, species) in SPECIES.iter().enumerate() {
                let column: Vec<f64> = values.iter().skip(i).step_by(5).copied().collect();
                table = table.column(format!("{species} {name}"), column);
            }
        }
        table
    }
}

/// Half a unit of the last digit of a number printed with two significant digits (or one, where that is all it has).
fn rounding(value: f64) -> f64 {
    let magnitude = 10.0_f64.powf(value.log10().floor());
    let mantissa = value / magnitude;
    if (mantissa - mantissa.round()).abs() < 1e-9 { 0.5 * magnitude } else { 0.05 * magnitude }
}
