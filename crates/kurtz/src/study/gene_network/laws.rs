//! Table III: the rational model (16), learned as published and from relations in the data, with and without noise.

use super::Settings;
use super::network::GeneNetwork;
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_learn::invariants::{ConservedSum, ConstantProducts, Course, conserved_sums, constant_products};
use kurtz_learn::rational::{Law, PublishedRational, laws, published};
use kurtz_report::{Cell, Check, Section, Table};
use rayon::prelude::*;

/// Names of the five coefficients that are not 0, with beta_3 = 1.
const NAMES: [&str; 5] = ["β₁", "β₂", "α₁₁", "α₂₂", "α₃₃"];
/// Table III as printed: QSSA, ODENet.
const PRINTED: [[f64; 5]; 2] = [[0.53, 0.67, 0.0159, 0.0201, 0.03], [0.54, 0.66, 0.0163, 0.020, 0.03]];
/// What the published recipe gives on the window [10, 1000], and within what.
const EXPECTED: [(f64, f64); 5] = [(0.543, 5e-3), (0.665, 5e-3), (0.0163, 1e-4), (0.0200, 1e-4), (0.0300, 1e-4)];
/// Bounds on the root mean square errors of the robust way, by noise.
const BOUNDS: [(f64, f64); 2] = [(0.01, 0.005), (0.05, 0.01)];

/// What was learned.
pub struct Laws {
    exact: [f64; 5],
    published: PublishedRational,
    /// From the course without noise.
    sums: Vec<ConservedSum>,
    products: ConstantProducts,
    law: Law,
    noisy: Vec<Noisy>,
}

/// Many data sets with the same noise.
struct Noisy {
    noise: f64,
    replicates: u64,
    /// Root mean square relative errors of the five coefficients, of the data sets whose structure is exact.
    errors: [f64; 5],
    exact_structures: u64,
    published_structures: u64,
    /// Range of the starts of the windows.
    starts: (f64, f64),
}

/// Learns from the course, and from copies with noise.
pub fn run(
    settings: &Settings,
    network: &GeneNetwork,
    course: &Course,
    progress: &dyn Progress,
) -> Result<Laws, Error> {
    let total: f64 = course.values[2..5].iter().sum();
    let exact = network.table_three(total);
    let published_law = published(course, 5, &[2, 3, 4], 0, &settings.published)?;
    let record = network.record(course.clone())?;
    let sums = conserved_sums(&record, &settings.relations)?;
    let products = constant_products(&record, &settings.relations)?;
    let law =
        laws(&record, &sums, &products, &settings.relations)?.into_iter().next().ok_or_else(|| Error::Declined {
            method: "learning the reduced model".into(),
            reason:
                "the course shows no law by which the states of the gene follow the protein; record it at more times"
                    .into(),
        })?;
    progress.begin("noisy data sets", settings.replicates * settings.noise.len() as u64);
    let noisy = settings.noise.iter().map(|&noise| Noisy::new(settings, network, course, noise, exact, progress));
    let noisy = noisy.collect::<Result<_, _>>()?;
    Ok(Laws { exact, published: published_law, sums, products, law, noisy })
}

/// beta_1, beta_2, alpha_11, alpha_22, alpha_33 of a law, if it has exactly these terms.
fn five(law: &Law) -> Option<[f64; 5]> {
    let beta = law.denominator();
    let powers: Vec<&[u32]> = beta.iter().map(|(e, _)| e.as_slice()).collect();
    let numerators: Vec<_> = (0..law.members.len()).map(|m| law.numerator(m, 0)).collect();
    let is_diagonal = numerators.iter().enumerate().all(|(m, n)| n.len() == 1 && n[0].0 == [m as u32]);
    let members: Vec<usize> = law.members.iter().map(|m| m.0).collect();
    let is_exact = law.drivers == [0] && members == [2, 3, 4] && is_diagonal && powers == [&[0][..], &[1], &[2]];
    is_exact.then(|| [beta[0].1, beta[1].1, numerators[0][0].1, numerators[1][0].1, numerators[2][0].1])
}

/// The same of the published recipe.
fn five_published(law: &PublishedRational) -> Option<[f64; 5]> {
    let removed = law.numerators.iter().flatten().filter(|a| **a == 0.0).count();
    let found =
        [law.denominator[0], law.denominator[1], law.numerators[0][0], law.numerators[1][1], law.numerators[2][2]];
    (removed == 6 && found.iter().all(|x| *x != 0.0)).then_some(found)
}

impl Noisy {
    fn new(
        settings: &Settings,
        network: &GeneNetwork,
        course: &Course,
        noise: f64,
        exact: [f64; 5],
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        type One = (Option<[f64; 5]>, bool, f64);
        let one = |replicate: u64| -> Result<One, Error> {
            if progress.cancelled() {
                return Err(Error::Interrupted);
            }
            let mut rng = SimRng::new(settings.seed, replicate, Purpose::Noise);
            let mut normal = || (-2.0 * rng.uniform().ln()).sqrt() * (std::f64::consts::TAU * rng.uniform()).cos();
            let values = course.values.iter().map(|x| x * (1.0 + noise * normal())).collect();
            let record = network.record(Course { values, ..course.clone() })?;
            let sums = conserved_sums(&record, &settings.relations)?;
            let products = constant_products(&record, &settings.relations)?;
            let found = laws(&record, &sums, &products, &settings.relations)?;
            let as_published = published(&record.courses[0], 5, &[2, 3, 4], 0, &settings.published);
            let is_published = as_published.is_ok_and(|law| five_published(&law).is_some());
            progress.advance(1);
            let only = if found.len() == 1 { five(&found[0]) } else { None };
            Ok((only, is_published, products.window.start))
        };
        let all: Vec<One> = (0..settings.replicates).into_par_iter().map(one).collect::<Result<_, _>>()?;
        let found: Vec<[f64; 5]> = all.iter().filter_map(|one| one.0).collect();
        let square = |i: usize| found.iter().map(|f| (f[i] / exact[i] - 1.0).powi(2)).sum::<f64>() / found.len() as f64;
        let starts = all.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), one| (l.min(one.2), h.max(one.2)));
        Ok(Noisy {
            noise,
            replicates: settings.replicates,
            errors: std::array::from_fn(|i| square(i).sqrt()),
            exact_structures: found.len() as u64,
            published_structures: all.iter().filter(|one| one.1).count() as u64,
            starts,
        })
    }

    fn worst(&self) -> f64 {
        self.errors.iter().copied().fold(0.0, |a: f64, b| if b.is_nan() { b } else { a.max(b) })
    }
}

impl Laws {
    /// G, GP, GP2 at P by the law learned from the course.
    pub fn learned(&self, p: f64) -> [f64; 3] {
        let mut y = [0.0; 3];
        self.law.evaluate(&[p], self.law.totals[0], &mut y);
        y
    }

    /// G, GP, GP2 at P by the published regression.
    pub fn published(&self, p: f64) -> [f64; 3] {
        let mut y = [0.0; 3];
        self.published.evaluate(p, &mut y);
        y
    }

    pub fn summary(&self) -> String {
        let parts: Vec<String> = self
            .noisy
            .iter()
            .map(|n| {
                format!(
                    "at {:.0} % noise {} of {} data sets, with errors of {:.2} % at most (root mean square)",
                    100.0 * n.noise,
                    n.exact_structures,
                    n.replicates,
                    100.0 * n.worst()
                )
            })
            .collect();
        format!(
            "The published regression gives Table III on data without noise and breaks at a percent; constant products and \
             orthogonal regression find the exact structure of (16): {}.",
            parts.join(", ")
        )
    }

    pub fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let found = five_published(&self.published);
        checks.push(Check::claim(
            "Table III, published recipe: the six superfluous terms are removed, the others kept",
            "exactly",
            if found.is_some() { "exactly" } else { "another structure" },
            "the same terms",
            found.is_some(),
        ));
        for (i, (expected, band)) in EXPECTED.iter().enumerate() {
            let value = found.map_or(f64::NAN, |f| f[i]);
            checks.push(Check::absolute(format!("Table III, published recipe: {}", NAMES[i]), *expected, value, *band));
        }
        for noisy in &self.noisy {
            let percent = 100.0 * noisy.noise;
            checks.push(Check::at_least(
                format!("exact structure at {percent:.0} % noise, of {}", noisy.replicates),
                noisy.replicates as f64,
                noisy.exact_structures as f64,
            ));
            if let Some((_, bound)) = BOUNDS.iter().find(|(noise, _)| *noise == noisy.noise) {
                let name = format!("largest rms error of a coefficient at {percent:.0} % noise");
                checks.push(Check::at_most(name, *bound, noisy.worst()));
            }
        }
        checks
    }

    pub fn section(&self) -> Section {
        let published = five_published(&self.published);
        let learned = five(&self.law);
        let mut table = Table::new([
            "",
            "exact QSSA",
            "QSSA, printed",
            "ODENet, printed",
            "published recipe here",
            "difference from exact",
            "from relations",
            "difference from exact",
        ]);
        for i in 0..5 {
            let cell = |value: Option<f64>| value.map_or(Cell::text("–"), |v| Cell::digits(v, 4));
            let error =
                |value: Option<f64>| value.map_or(Cell::text("–"), |v| Cell::percentage(v / self.exact[i] - 1.0));
            table.push([
                Cell::text(NAMES[i]),
                Cell::digits(self.exact[i], 5),
                Cell::digits(PRINTED[0][i], 3),
                Cell::digits(PRINTED[1][i], 3),
                cell(published.map(|p| p[i])),
                error(published.map(|p| p[i])),
                cell(learned.map(|l| l[i])),
                error(learned.map(|l| l[i])),
            ]);
        }
        let species = &self.law.species;
        let mut relations = Table::new(["relation", "value", "largest departure", "before the window"]);
        for sum in &self.sums {
            let text = Cell::text(sum.describe(species));
            relations.push([
                text,
                Cell::digits(sum.totals[0], 5),
                Cell::percentage(sum.departure),
                Cell::text("holds"),
            ]);
        }
        for product in &self.products.products {
            let before =
                if product.before.is_finite() { Cell::digits(product.before, 2) } else { Cell::text("not defined") };
            relations.push([
                Cell::text(product.describe(species)),
                Cell::digits(product.value, 5),
                Cell::percentage(product.departure),
                before,
            ]);
        }
        let mut noise = Table::new(
            ["noise", "data sets", "exact structure", "published recipe: exact structure", "window begins at"]
                .into_iter()
                .map(String::from)
                .chain(NAMES.iter().map(|n| format!("rms error of {n}"))),
        );
        for noisy in &self.noisy {
            let cells = [
                Cell::percentage(noisy.noise),
                Cell::Integer(noisy.replicates as i64),
                Cell::Integer(noisy.exact_structures as i64),
                Cell::Integer(noisy.published_structures as i64),
                Cell::text(format!("{} to {}", noisy.starts.0, noisy.starts.1)),
            ];
            noise.push(cells.into_iter().chain(noisy.errors.iter().map(|e| Cell::percentage(*e))));
        }
        Section::new("The rational model")
            .formula(
                r"H(c_G)=\frac{\Omega_1}{\Omega},\quad H(c_{GP})=\frac{\Omega_2}{\Omega},\quad H(c_{GP_2})=\frac{\Omega_3}{\Omega},\qquad \Omega=\beta_1+\beta_2c_P+c_P^2",
            )
            .table(table.caption(
                "Table III of [@yang2020]: coefficients of (16). The published recipe regresses eleven coefficients on \
                 t in [10, 1000], removes small ones, and weighs rows by the denominator [@sanathanan1963]; its 1 to 2 % are the \
                 error of the quasi-steady state itself, by which the data differ from it.",
            ))
            .table(relations.caption(format!(
                "Relations found in the course without noise; window from {}: {}.",
                self.products.window.start, self.products.window.reason
            )))
            .paragraph(
                "The two constant products are the equilibria K1 = G P/GP and K2 = P GP/GP2; with the conserved total they give \
                 (16) with its five terms and no others. The coefficients are then fitted with errors in all species \
                 [@boggs1987], the total being kept.",
            )
            .table(noise.caption(
                "Multiplicative noise in all species: how often the structure is exactly that of (17), and root mean square \
                 errors against the exact quasi-steady state.",
            ))
    }
}
