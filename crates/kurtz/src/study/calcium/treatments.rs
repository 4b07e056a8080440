//! What the treatment of currents does: by whole molecules in fixed steps as published, integrated, or as reactions of single
//! molecules like all others.

use super::{Ensemble, Settings as Study, linear_noise};
use crate::Error;
use crate::study::scan::{self, Condition, Trace};
use kurtz_dynamics::Progress;
use kurtz_model::System;
use kurtz_report::{Cell, Check, DataTable, Section, Table};
use serde::{Deserialize, Serialize};

/// Which comparisons to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Volumes of the cytosol; receptors grow along. Default 1e-14, 1e-13.
    pub volumes: Vec<f64>,
    /// Receptor subunits per 1e-14 of volume. Default 100.
    pub receptors: f64,
    /// Values of the ligand. Default 0.1, 0.7.
    pub ligand: Vec<f64>,
    /// Trajectories of each. Default 100.
    pub trajectories: u64,
    /// Last time. Default 50.
    pub end: f64,
    /// Begin of the window. Default 20.
    pub from: f64,
    /// Length of the longer steps that are shown too. Default 0.02 s.
    pub long_step: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            volumes: vec![1e-14, 1e-13],
            receptors: 100.0,
            ligand: vec![0.1, 0.7],
            trajectories: 100,
            end: 50.0,
            from: 20.0,
            long_step: 0.02,
        }
    }
}

const NAMES: [&str; 4] = ["in steps, as published", "in longer steps", "integrated", "single molecules"];

/// Mean and variance in the window at one condition under one treatment, with standard errors.
struct Row {
    volume: f64,
    ligand: f64,
    treatment: usize,
    mean: [f64; 2],
    variance: [f64; 2],
    nanoseconds: f64,
}

/// The part of the variance that single molecules add to integrated currents.
struct Gap {
    volume: f64,
    ligand: f64,
    mean: f64,
    found: [f64; 2],
    /// As the linear noise approximation predicts.
    predicted: f64,
}

/// What was found about treatments.
pub struct Treatments {
    rows: Vec<Row>,
    gaps: Vec<Gap>,
}

pub(super) fn run(study: &Study, settings: &Settings, progress: &dyn Progress) -> Result<Treatments, Error> {
    let mut rows = Vec::new();
    for &volume in &settings.volumes {
        let ensemble = Ensemble {
            name: format!("treatments-{volume:e}"),
            volume,
            receptors: (settings.receptors * volume / 1e-14).round(),
            ligand: settings.ligand.iter().map(f64::to_string).collect::<Vec<_>>().join(","),
            trajectories: settings.trajectories,
            end: settings.end,
            window: [settings.from, settings.end],
            ..Ensemble::default()
        };
        for (treatment, name) in NAMES.iter().enumerate() {
            let mut scan = study.scan(&ensemble);
            scan.trace_window = None;
            scan.trace_ceiling = None;
            scan.keep = 0;
            match treatment {
                0 => {}
                1 => scan.current_step = Some(settings.long_step),
                2 => scan.current_step = None,
                _ => (scan.current_step, scan.continuous) = (None, Vec::new()),
            }
            progress.message(&format!("currents {name}, {volume:e} L"));
            let directory = study.directory.join("conditions").join(format!("{}-{treatment}", ensemble.name));
            let found = scan::run(&scan, &directory, false, progress)?;
            rows.extend(found.conditions.iter().filter_map(|c| row(study, c, volume, treatment)));
        }
    }
    let mut gaps = Vec::new();
    for single in rows.iter().filter(|r: &&Row| r.treatment == 3) {
        let same = |r: &&Row| r.treatment == 2 && r.volume == single.volume && r.ligand == single.ligand;
        let Some(integrated) = rows.iter().find(same) else { continue };
        let difference = single.variance[0] - integrated.variance[0];
        gaps.push(Gap {
            volume: single.volume,
            ligand: single.ligand,
            mean: single.mean[0],
            found: [difference, single.variance[1].hypot(integrated.variance[1])],
            predicted: predicted_gap(study, settings, single, progress)?,
        });
    }
    Ok(Treatments { rows, gaps })
}

/// The same difference by the linear noise approximation around the steady state, in the unit of the species squared.
fn predicted_gap(study: &Study, settings: &Settings, row: &Row, progress: &dyn Progress) -> Result<f64, Error> {
    let model = study.model.read_whole()?;
    let receptors = (settings.receptors * row.volume / 1e-14).round();
    let values = vec![
        ("volume".to_owned(), row.volume),
        (study.receptors.clone(), receptors),
        (study.ligand.clone(), row.ligand),
    ];
    let changes = scan::Point { values }.changes(&model.network, &study.model.changes);
    let changed = System::new(&model.network, &changes)?;
    let (_, unit) = scan::unit_of(changed.network(), &study.observed)?;
    let hold = study.phase.as_ref().map_or(&[][..], |p| &p.hold);
    let network = linear_noise::balanced(&changed.network().in_molecules(), hold, progress)?;
    let with = linear_noise::variance(&network, &study.observed, |_| true, progress)?;
    let is_counted = |name: &str| !study.continuous.iter().any(|c| c == name);
    let without = linear_noise::variance(&network, &study.observed, is_counted, progress)?;
    Ok((with - without) / (unit * unit))
}

fn row(study: &Study, condition: &Condition, volume: f64, treatment: usize) -> Option<Row> {
    let traces = &condition.courses.first()?.traces;
    let mean = estimate(traces.iter().map(|t: &Trace| t.mean));
    let variance = estimate(traces.iter().map(|t| t.deviation.powi(2) + (t.mean - mean[0]).powi(2)));
    let nanoseconds = 1e9 * condition.seconds / condition.events as f64;
    Some(Row { volume, ligand: condition.point.value(&study.ligand)?, treatment, mean, variance, nanoseconds })
}

/// Mean of independent values and its standard error.
fn estimate(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    [mean, (values.map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()]
}

fn z(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]) / a[1].hypot(b[1])
}

impl Treatments {
    fn other(&self, row: &Row, treatment: usize) -> Option<&Row> {
        self.rows.iter().find(|r| r.volume == row.volume && r.ligand == row.ligand && r.treatment == treatment)
    }

    pub fn checks(&self) -> Vec<Check> {
        let mut largest: f64 = 0.0;
        let mut compared = 0;
        for row in self.rows.iter().filter(|r| r.treatment == 0) {
            let Some(integrated) = self.other(row, 2) else { continue };
            largest = largest.max(z(row.mean, integrated.mean).abs()).max(z(row.variance, integrated.variance).abs());
            compared += 2;
        }
        if compared == 0 {
            return Vec::new();
        }
        let name = format!("currents in steps of 1 ms against integrated ones: largest of {compared} |z|");
        let mut checks = vec![Check::at_most(name, 4.0, largest)];
        // Where the steady state is stable and amounts are many; at 0.7 uM noise makes spikes, which nothing linear has.
        for gap in self.gaps.iter().filter(|g| g.ligand <= 0.15) {
            let name =
                format!("variance that single molecules add at {} uM, {:e} L, by linear noise", gap.ligand, gap.volume);
            checks.push(Check::within_errors(
                name,
                gap.predicted,
                gap.found[0],
                gap.found[1].hypot(0.1 * gap.predicted),
                4.0,
            ));
        }
        checks
    }

    fn gap_table(&self) -> Table {
        let mut table =
            Table::new(["volume (L)", "IP3 (uM)", "added variance (uM²)", "linear noise (uM²)", "of the mean squared"])
                .caption("Variance with single molecules less that with integrated currents.");
        for gap in &self.gaps {
            table.push([
                Cell::text(format!("{:e}", gap.volume)),
                Cell::from(gap.ligand),
                Cell::estimate(gap.found[0], gap.found[1]),
                Cell::digits(gap.predicted, 3),
                Cell::digits(gap.found[0] / (gap.mean * gap.mean), 2),
            ]);
        }
        table
    }

    pub fn section(&self) -> Section {
        let mut table =
            Table::new(["volume (L)", "IP3 (uM)", "currents", "mean (uM)", "z", "variance (uM²)", "z", "ns per event"])
                .caption("Calcium over trajectories and the window; z against integrated currents.");
        for row in &self.rows {
            let reference = self.other(row, 2).filter(|_| row.treatment != 2);
            let score =
                |of: fn(&Row) -> [f64; 2]| reference.map_or(Cell::Empty, |r| Cell::digits(z(of(row), of(r)), 2));
            table.push([
                Cell::text(format!("{:e}", row.volume)),
                Cell::from(row.ligand),
                Cell::text(NAMES[row.treatment]),
                Cell::estimate(row.mean[0], row.mean[1]),
                score(|r| r.mean),
                Cell::estimate(row.variance[0], row.variance[1]),
                score(|r| r.variance),
                Cell::digits(row.nanoseconds, 3),
            ]);
        }
        Section::new("What the treatment of currents does")
            .paragraph(
                "Currents in fixed steps pass by whole molecules and are not seen by the reaction that is awaited: an error of \
                 the order of the step. Integrated currents have no step. Neither has the shot noise of the currents, which \
                 single molecules have: it matters where calcium is low and little else makes noise, and shrinks as the volume \
                 grows.",
            )
            .table(table)
            .table(self.gap_table())
    }

    pub fn table(&self) -> DataTable {
        let numbers = |f: &dyn Fn(&Row) -> f64| self.rows.iter().map(f).collect::<Vec<f64>>();
        DataTable::new("treatments")
            .column("volume", numbers(&|r| r.volume))
            .column("ligand", numbers(&|r| r.ligand))
            .column("currents", self.rows.iter().map(|r| NAMES[r.treatment].to_owned()).collect::<Vec<String>>())
            .column("mean", numbers(&|r| r.mean[0]))
            .column("mean-error", numbers(&|r| r.mean[1]))
            .column("variance", numbers(&|r| r.variance[0]))
            .column("variance-error", numbers(&|r| r.variance[1]))
            .column("nanoseconds-per-event", numbers(&|r| r.nanoseconds))
    }
}
