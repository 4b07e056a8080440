//! The report of a learned network, and its short form for a terminal.

use super::{Learned, Settings, figures};
use crate::Error;
use crate::study::Findings;
use kurtz_learn::report::{Estimate, Level, ReactionReport, StructureReport};
use kurtz_report::{Cell, DataTable, Report, Section, Table, plain};

/// Structures listed in the report.
const LISTED: usize = 20;

impl Learned {
    /// The report, the data behind its figures, the network and `result.json`.
    ///
    /// # Errors
    /// Settings that cannot be recorded.
    pub fn findings(&self, settings: &Settings) -> Result<Findings, Error> {
        let mut report = Report::new("Learned reactions")
            .summary(format!("Learned from {}.", self.kind.describe()))
            .section(self.reactions_section())
            .section(self.fit_section());
        report = report
            .section(self.structures_section())
            .section(self.identifiability_section())
            .section(Section::new("Learned network").code(self.network.to_crn()))
            .section(self.sources_section())
            .provenance(self.provenance(settings)?);
        let files = vec![
            ("learned.crn".to_string(), self.network.to_crn().into_bytes()),
            ("result.json".to_string(), self.json(settings)?.into_bytes()),
        ];
        Ok(Findings { report, data: vec![self.rates_table(), figures::table(self)], files })
    }

    /// Reactions with their rates, for a terminal.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["reaction", "equation", "rate constant", "95 % interval", "unit"]);
        for (reaction, unit) in self.report.reactions.iter().zip(&self.rate_units).filter(|(r, _)| r.selected) {
            table.push([
                Cell::text(plain(&reaction.name)),
                Cell::text(plain(&reaction.equation)),
                rate(&reaction.rate),
                Cell::text(interval(&reaction.rate)),
                Cell::text(plain(unit)),
            ]);
        }
        table
    }

    /// Conclusions, one a line, the serious ones marked.
    pub fn verdicts(&self) -> Vec<String> {
        let mark = |level: Level| match level {
            Level::Good => "  ",
            Level::Caution => "! ",
            Level::Bad => "!!",
        };
        self.report.verdicts.iter().map(|v| format!("{} {}", mark(v.level), v.message)).collect()
    }

    /// Number of candidates that were left out.
    pub fn left_out(&self) -> usize {
        self.report.reactions.iter().filter(|r| !r.selected).count()
    }

    fn reactions_section(&self) -> Section {
        let left: Vec<(&ReactionReport, &String)> =
            self.report.reactions.iter().zip(&self.rate_units).filter(|(r, _)| !r.selected).collect();
        let mut section = Section::new("Reactions")
            .table(self.table().caption("Reactions that the data call for, with standard errors and 95 % intervals."))
            .list(self.verdicts().iter().map(|v| plain(v.trim())));
        if !left.is_empty() {
            let mut table = Table::new(["left out", "equation", "upper limit", "unit"])
                .caption("Candidates that the data do not call for, with one-sided 95 % upper limits.");
            for (reaction, unit) in left.iter().take(60) {
                let upper = reaction.rate.upper.map_or(Cell::text("none"), |u| Cell::digits(u, 2));
                let words = [&reaction.name, &reaction.equation].map(|t| Cell::text(plain(t)));
                table.push(words.into_iter().chain([upper, Cell::text(plain(unit))]));
            }
            section = section.table(table);
        }
        section
    }

    fn fit_section(&self) -> Section {
        let g = &self.report.goodness;
        let row = [
            Cell::digits(g.chi2, 4),
            Cell::from(g.degrees_of_freedom as i64),
            Cell::digits(g.p_value, 2),
            Cell::from(self.report.data.independent_values as i64),
        ];
        let mut section = Section::new("Fit")
            .table(Table::new(["chi-square", "degrees of freedom", "p", "independent values"]).row(row));
        for figure in figures::fits(self) {
            section = section.figure(figure);
        }
        for figure in figures::residuals(self).into_iter().chain(figures::evenness(self)) {
            section = section.figure(figure);
        }
        section
    }

    fn structures_section(&self) -> Section {
        let mut table = Table::new(["structure", "chi-square", "score", "share of the evidence"]).caption(format!(
            "Sets of reactions that the data cannot tell apart ({} in all{}); a reaction more must lower chi-square by {:.1}.",
            self.report.structures.len(),
            if self.report.structures_complete { "" } else { ", not all were tried" },
            self.report.penalty_per_term
        ));
        let name = |s: &StructureReport| plain(&s.terms.join(", "));
        for structure in self.report.structures.iter().take(LISTED) {
            table.push([
                Cell::text(name(structure)),
                Cell::digits(structure.chi2, 5),
                Cell::digits(structure.score, 3),
                Cell::percentage(structure.weight),
            ]);
        }
        Section::new("Equivalent structures").table(table)
    }

    fn identifiability_section(&self) -> Section {
        let known = &self.report.identifiability;
        let condition = known.condition.map_or("infinite".to_string(), |c| format!("{c:.3}"));
        let mut section = Section::new("Identifiability").paragraph(format!(
            "The data determine {} independent combinations of the {} open rate constants (condition number {condition}).",
            known.rank, known.coefficients
        ));
        let words: Vec<String> =
            known.null_directions.iter().chain(&known.weakest).take(12).map(|d| d.words.clone()).collect();
        if !words.is_empty() {
            section = section.list(words);
        }
        section
    }

    fn sources_section(&self) -> Section {
        let mut table = Table::new(["file", "SHA-256"]);
        for source in &self.sources {
            table.push([Cell::text(plain(&source.file)), Cell::text(source.sha256.clone())]);
        }
        Section::new("Data").table(table)
    }

    fn rates_table(&self) -> DataTable {
        let reactions = &self.report.reactions;
        let column = |of: &dyn Fn(&Estimate) -> Option<f64>| -> Vec<f64> {
            reactions.iter().map(|r| of(&r.rate).unwrap_or(f64::NAN)).collect()
        };
        DataTable::new("rates")
            .column("reaction", reactions.iter().map(|r| r.name.clone()).collect::<Vec<_>>())
            .column("equation", reactions.iter().map(|r| r.equation.clone()).collect::<Vec<_>>())
            .column("selected", reactions.iter().map(|r| i64::from(r.selected)).collect::<Vec<_>>())
            .column("rate", column(&|e| Some(e.value)))
            .column("standard-error", column(&|e| e.standard_error))
            .column("lower", column(&|e| e.lower))
            .column("upper", column(&|e| e.upper))
            .column("unit", self.rate_units.clone())
    }
}

fn rate(estimate: &Estimate) -> Cell {
    match estimate.standard_error {
        Some(error) if error > 0.0 => Cell::estimate(estimate.value, error),
        _ => Cell::digits(estimate.value, 5),
    }
}

fn interval(estimate: &Estimate) -> String {
    let number = |x: Option<f64>, open: &str| x.map_or(open.to_string(), |x| Cell::digits(x, 4).to_text());
    format!("{} to {}", number(estimate.lower, "?"), number(estimate.upper, "?"))
}
