//! What was found, in tables and a report.

use super::Reduced;
use kurtz_learn::rational::Law;
use kurtz_report::{Axis, Cell, DataTable, Figure, Line, Panel, Points, Report, Section, Table};

/// Points shown of each course.
const SHOWN: usize = 120;

impl Reduced {
    /// The noise of each species.
    pub fn noise_table(&self) -> Table {
        let mut table = Table::new(["species", "noise"]);
        for (name, noise) in self.record.species.iter().zip(&self.noise) {
            table.push([Cell::text(name.clone()), Cell::text(noise.describe())]);
        }
        table.caption("Standard deviation of the noise, as given or as estimated from the roughness of the courses.")
    }

    /// Conserved sums and constant products.
    pub fn relations(&self) -> Table {
        let species = &self.record.species;
        let mut table = Table::new(["relation", "value", "departs by at most", "before the window"]);
        for sum in &self.sums {
            let value = match sum.totals.as_slice() {
                [total] => Cell::estimate(*total, sum.standard_errors[0]),
                totals => {
                    Cell::text(totals.iter().map(|t| Cell::digits(*t, 4).to_text()).collect::<Vec<_>>().join(", "))
                }
            };
            let text = Cell::text(sum.describe(species));
            table.push([text, value, Cell::percentage(sum.departure), Cell::text("conserved")]);
        }
        for product in &self.products.products {
            let before = match product.before {
                b if !b.is_finite() => Cell::text("some species are not there yet"),
                b if b <= 1.0 => Cell::text("the same"),
                b => Cell::text(format!("off by a factor of {}", Cell::digits(b, 2).to_text())),
            };
            table.push([
                Cell::text(product.describe(species)),
                Cell::estimate(product.value, product.standard_error * product.value),
                Cell::percentage(product.departure),
                before,
            ]);
        }
        table.caption("What stays constant: sums throughout, products within the window.")
    }

    /// The window in words.
    pub fn window(&self) -> String {
        let window = &self.products.window;
        format!(
            "Window: from {} on ({} of {} samples are left out): {}.",
            window.start, window.left_out, window.samples, window.reason
        )
    }

    /// The coefficients of a law: those of the denominator, and what stands above it.
    pub fn law_table(&self, law: &Law) -> Table {
        let mut table = Table::new(["coefficient", "of", "value", "relative standard error"]);
        let errors = |exponents: &[u32]| {
            let squares = law.terms.iter().filter(|t| t.exponents == exponents).map(|t| t.standard_error.powi(2));
            squares.sum::<f64>().sqrt()
        };
        for (exponents, beta) in law.denominator() {
            table.push([
                Cell::text("denominator"),
                Cell::text(law.monomial(&exponents)),
                Cell::digits(beta, 5),
                Cell::percentage(errors(&exponents)),
            ]);
        }
        for (m, &(member, _)) in law.members.iter().enumerate() {
            for (exponents, alpha) in law.numerator(m, 0) {
                table.push([
                    Cell::text(format!("numerator of {}", law.species[member])),
                    Cell::text(law.monomial(&exponents)),
                    Cell::digits(alpha, 5),
                    Cell::percentage(errors(&exponents).hypot(law.total_errors[0])),
                ]);
            }
        }
        table
    }

    /// Laws in words.
    pub fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (k, law) in self.laws.iter().enumerate() {
            let name = |i: usize| self.record.species[i].clone();
            let members: Vec<String> = law.members.iter().map(|m| name(m.0)).collect();
            let drivers: Vec<String> = law.drivers.iter().map(|d| name(*d)).collect();
            let origin = if k < self.derived { "by the constant products" } else { "chosen among polynomials" };
            all.push(format!(
                "{} follow {} ({origin}); within the window {} departs most, by {} beyond noise.",
                members.join(", "),
                drivers.join(", "),
                name(law.departure.1),
                Cell::percentage(law.departure.0).to_text()
            ));
        }
        if self.laws.is_empty() && !self.products.products.is_empty() {
            all.push(
                "No conserved total links the parts of these relations, so each is written for the least abundant of its species; \
                 which of them is fast the data do not tell."
                    .into(),
            );
        }
        if self.record.courses.len() == 1 {
            all.push(
                "One course shows what follows what, not why: a second one from another initial state would rule out \
                 coincidences."
                    .into(),
            );
        }
        all
    }

    pub(super) fn report(&self) -> Report {
        let mut report =
            Report::new("Reduction from data").subtitle("Relations that hold in the courses, and laws that follow");
        report.summary = self.sentences();
        let mut section =
            Section::new("Relations").table(self.noise_table()).paragraph(self.window()).table(self.relations());
        if !self.products.refused.is_empty() {
            let list = self.products.refused.iter().map(|(exponents, why)| {
                format!("{}: {why}", kurtz_learn::invariants::describe(exponents, &self.record.species))
            });
            section = section.paragraph("Nearly constant, but refused:").list(list);
        }
        report.sections.push(section);
        for law in &self.laws {
            report.sections.push(
                Section::new("Law")
                    .formula(latex(law))
                    .table(
                        self.law_table(law)
                            .caption("Coefficients, that of the highest degree in the denominator being 1."),
                    )
                    .figure(self.figure(law)),
            );
        }
        if let Some(network) = self.network() {
            report.sections.push(Section::new("As a model").code(network));
        }
        report
    }

    /// Members over the first driver: data, and the law.
    fn figure(&self, law: &Law) -> Figure {
        let n = self.record.species.len();
        let mut figure = Figure::new("law")
            .columns(law.members.len().min(3))
            .caption("Samples in the window (points) and the law (line), over the driving species.");
        let course = &self.record.courses[0];
        let inside: Vec<usize> =
            (0..course.times.len()).filter(|&t| course.times[t] >= self.products.window.start).collect();
        let step = (inside.len() / SHOWN).max(1);
        let driver = law.drivers[0];
        let mut rows: Vec<&[f64]> = inside.iter().step_by(step).map(|&t| &course.values[t * n..(t + 1) * n]).collect();
        rows.sort_by(|a, b| a[driver].total_cmp(&b[driver]));
        let x: Vec<f64> = rows.iter().map(|row| row[driver]).collect();
        for (m, &(member, _)) in law.members.iter().enumerate() {
            let data: Vec<f64> = rows.iter().map(|row| row[member]).collect();
            let line: Vec<f64> = rows
                .iter()
                .map(|row| {
                    let drivers: Vec<f64> = law.drivers.iter().map(|&d| row[d]).collect();
                    let mut y = vec![0.0; law.members.len()];
                    law.evaluate(&drivers, law.totals[0], &mut y);
                    y[m]
                })
                .collect();
            figure = figure.panel(
                Panel::new()
                    .x(Axis::new(law.species[driver].clone()))
                    .y(Axis::new(law.species[member].clone()))
                    .with(Points::new("data", x.clone(), data))
                    .with(Line::new("law", x.clone(), line)),
            );
        }
        figure
    }

    pub(super) fn tables(&self) -> Vec<DataTable> {
        let mut tables = Vec::new();
        for (k, law) in self.laws.iter().enumerate() {
            let n = self.record.species.len();
            let course = &self.record.courses[0];
            let mut columns = vec![Vec::new(); law.members.len()];
            for row in course.values.chunks_exact(n) {
                let drivers: Vec<f64> = law.drivers.iter().map(|&d| row[d]).collect();
                let mut y = vec![0.0; law.members.len()];
                law.evaluate(&drivers, law.totals[0], &mut y);
                columns.iter_mut().zip(y).for_each(|(column, y)| column.push(y));
            }
            let mut table = DataTable::new(format!("law-{}", k + 1)).column("time", course.times.clone());
            for (&(member, _), column) in law.members.iter().zip(columns) {
                table = table.column(law.species[member].clone(), column);
            }
            tables.push(table);
        }
        tables
    }
}

/// The law as LaTeX.
fn latex(law: &Law) -> String {
    let symbol = |i: usize| format!(r"\mathrm{{{}}}", law.species[i].replace('_', r"\_"));
    let monomial = |exponents: &[u32]| -> String {
        let factors = law.drivers.iter().zip(exponents).filter(|(_, e)| **e > 0);
        factors
            .map(|(&d, &e)| if e == 1 { symbol(d) } else { format!("{}^{{{e}}}", symbol(d)) })
            .collect::<Vec<_>>()
            .join(r"\,")
    };
    let term = |(e, value): &(Vec<u32>, f64)| {
        let number = Cell::digits(*value, 4).to_text();
        match (monomial(e), *value == 1.0) {
            (m, _) if m.is_empty() => number,
            (m, true) => m,
            (m, false) => format!(r"{number}\,{m}"),
        }
    };
    let sum = |terms: &[(Vec<u32>, f64)]| terms.iter().map(term).collect::<Vec<_>>().join(" + ");
    let laws: Vec<String> = law
        .members
        .iter()
        .enumerate()
        .map(|(m, &(member, _))| format!(r"{} = \frac{{{}}}{{\Omega}}", symbol(member), sum(&law.numerator(m, 0))))
        .collect();
    format!(r"{},\qquad \Omega = {}", laws.join(r",\quad "), sum(&law.denominator()))
}
