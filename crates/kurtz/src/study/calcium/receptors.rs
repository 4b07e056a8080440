//! Figure 7: how many receptors a cell has; and what is conserved: totals in every run, receptors at the start.

use super::{Ensemble, Settings};
use crate::Error;
use crate::study::scan::{self, Varied};
use crate::study::{WholeModel, output_times};
use kurtz_dynamics::Progress;
use kurtz_dynamics::ensemble::{Ensemble as Trajectories, PathsRecorder};
use kurtz_dynamics::hybrid::{Hybrid, Partition, Preparation, Treatment, Variates, WithPreparation};
use kurtz_model::System;
use kurtz_model::kinetics::Changes;
use kurtz_report::{Axis, Cell, Check, Figure, HeatMap, Panel, Section, Table};
use std::f64::consts::PI;
use std::sync::Arc;

/// Volume of the store per volume of the cytosol.
const STORE: f64 = 0.185;

/// Number of receptor subunits on a store whose surface is `folding` times that of a sphere, with clusters of ten channels of
/// four subunits every `spacing` um (equation B22 of the paper; its volume of the store is c1 V):
/// 40 folding 4 pi (3 c1 V/(4 pi))^(2/3) / spacing^2, with the volume of the cytosol in litres.
pub(super) fn subunits(folding: f64, spacing: f64, volume: f64) -> f64 {
    // A litre is 1e15 cubic micrometres.
    let radius_squared = (3.0 * STORE * volume * 1e15 / (4.0 * PI)).powf(2.0 / 3.0);
    40.0 * folding * 4.0 * PI * radius_squared / (spacing * spacing)
}

/// What the six digits of the published numbers leave open: half a unit of the last.
const ROUNDING: f64 = 5e-6;

/// Folding, spacing, volume, number.
const KNOWN: [(f64, f64, f64, f64); 3] =
    [(10.0, 5.0, 1e-14, 116.605), (10.0, 3.0, 1e-14, 323.904), (10.0, 3.0, 1e-12, 6978.30)];

pub(super) fn map_section() -> Section {
    let edges =
        |from: f64, to: f64, n: usize| (0..=n).map(|i| from + (to - from) * i as f64 / n as f64).collect::<Vec<f64>>();
    let (x, y) = (edges(1.0, 7.0, 60), edges(1.0, 20.0, 57));
    let centres = |e: &[f64]| e.windows(2).map(|p| 0.5 * (p[0] + p[1])).collect::<Vec<f64>>();
    let mut figure = Figure::new("receptors").caption(
        "Figure 7: number of receptor subunits by the spacing of clusters and the folding of the store's surface (B22).",
    );
    for volume in [1e-14, 1e-12] {
        let values: Vec<f64> =
            centres(&y).iter().flat_map(|&f| centres(&x).into_iter().map(move |s| subunits(f, s, volume))).collect();
        let map = HeatMap::new(x.clone(), y.clone(), values).log().label("subunits");
        figure = figure.panel(
            Panel::new()
                .title(format!("{volume:e} L"))
                .x(Axis::new("spacing of clusters").unit("um"))
                .y(Axis::new("surface, in spheres"))
                .with(map),
        );
    }
    Section::new("How many receptors").figure(figure)
}

pub(super) fn map_checks() -> Vec<Check> {
    let check = |(folding, spacing, volume, expected): (f64, f64, f64, f64)| {
        let name = format!("subunits (B22) with λ = {folding}, Δx = {spacing} um, {volume:e} L");
        Check::relative(name, expected, subunits(folding, spacing, volume), ROUNDING)
    };
    KNOWN.into_iter().map(check).collect()
}

/// What was found about totals and the start.
pub(super) struct Totals {
    laws: Vec<Law>,
    /// Receptor states at the start: name, mean, standard error, published mean and sd.
    occupancies: Vec<(String, f64, f64, f64)>,
    runs: usize,
}

struct Law {
    name: String,
    /// Largest deviation from the value at the start of the same run, over all runs and times.
    largest: f64,
}

/// Receptor states at the start in the published runs: means and standard deviations of 100 runs.
const OCCUPANCY: [(&str, f64, f64); 8] = [
    ("S000", 10.29, 0.73),
    ("S001", 5.57, 0.95),
    ("S010", 31.74, 1.72),
    ("S011", 17.12, 2.50),
    ("S100", 8.09, 0.58),
    ("S101", 0.70, 0.46),
    ("S110", 24.86, 1.39),
    ("S111", 1.90, 0.44),
];

/// Follows some trajectories with all species, checks every conservation law of the network in each, and looks at the start.
pub(super) fn totals(settings: &Settings, model: &WholeModel, progress: &dyn Progress) -> Result<Totals, Error> {
    let run =
        |ensemble: &Ensemble, runs: u64, end: f64, steps: usize| -> Result<(Vec<String>, Vec<f64>, System), Error> {
            let scan = settings.scan(ensemble);
            let one = |v: &Varied| (v.name.clone(), v.values[0]);
            let point = scan::Point { values: scan.vary.iter().map(one).collect() };
            let changed = System::new(&model.network, &point.changes(&model.network, &settings.model.changes))?;
            let molecules = System::new(&changed.network().in_molecules(), &Changes::default())?;
            let method = Hybrid {
                partition: Partition::Mixed(settings.continuous.clone()),
                treatment: Treatment::FixedSteps(settings.current_step),
                ..Hybrid::default()
            };
            let preparation =
                Preparation { draw: settings.draw.clone(), variates: ensemble.variates, phase: settings.phase.clone() };
            let prepared = Arc::new(preparation.bind(changed.network(), &molecules, &method)?);
            let method = WithPreparation { method, prepared };
            let times = output_times(0.0, end, steps)?;
            let outcome = Trajectories::at(&molecules, &method, runs, settings.seed, times)
                .observing(molecules.amounts())
                .run(PathsRecorder::new(runs), progress)?;
            if let Some(halt) = &outcome.halt {
                return Err(crate::study::simulate::halted(halt, molecules.network(), "hybrid"));
            }
            let paths = outcome.output.ok_or(Error::Interrupted)?;
            Ok((paths.variables, paths.values, molecules))
        };
    let usual = Ensemble { ligand: "0.7".into(), ..Ensemble::default() };
    let (runs, steps) = (20, 200);
    let (names, values, system) = run(&usual, runs, 20.0, steps)?;
    let laws = system.network().conservation_laws();
    let width = names.len();
    let laws = laws.iter().map(|law| {
        let total = |row: &[f64]| law.total(row);
        let per_run = values.chunks((steps + 1) * width);
        let deviation = per_run.flat_map(|run| {
            let first = total(&run[..width]);
            run.chunks(width).map(move |row| (total(row) - first).abs())
        });
        let named = law.coefficients.iter().map(|(s, c)| (*c, &names[s.index()]));
        let name = named.map(|(c, name)| if c == 1 { name.clone() } else { format!("{c} {name}") });
        Law { name: name.collect::<Vec<_>>().join(" + "), largest: deviation.fold(0.0, f64::max) }
    });
    let laws = laws.collect();
    // The published runs whose start is known share z = 2.07.
    let start =
        Ensemble { volume: 1e-12, ligand: "0.1".into(), variates: Variates::Given(2.0714), ..Ensemble::default() };
    let starts = 400;
    let (names, values, _) = run(&start, starts, 1e-3, 1)?;
    let width = names.len();
    let mut occupancies = Vec::new();
    for (name, published, deviation) in OCCUPANCY {
        let Some(s) = names.iter().position(|n| n == name) else { continue };
        let at_start: Vec<f64> = values.chunks(2 * width).map(|run| run[s]).collect();
        let n = at_start.len() as f64;
        let mean = at_start.iter().sum::<f64>() / n;
        let variance = at_start.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        occupancies.push((name.to_owned(), mean, (variance / n + deviation * deviation / 100.0).sqrt(), published));
    }
    Ok(Totals { laws, occupancies, runs: runs as usize })
}

impl Totals {
    pub fn checks(&self) -> Vec<Check> {
        let runs = self.runs;
        let mut checks: Vec<Check> = self
            .laws
            .iter()
            .map(|law| Check::at_most(format!("largest change of {} in {runs} runs", law.name), 0.0, law.largest))
            .collect();
        let largest = self.occupancies.iter().map(|(_, m, e, p)| ((m - p) / e).abs()).fold(0.0, f64::max);
        let name = format!("receptor states at the start: largest of {} |z|", self.occupancies.len());
        checks.push(Check::at_most(name, 4.0, largest));
        checks
    }

    pub fn section(&self) -> Section {
        let mut laws = Table::new(["conserved", "largest change in any run (molecules)"]);
        for law in &self.laws {
            laws.push([Cell::text(law.name.clone()), Cell::from(law.largest)]);
        }
        let mut start = Table::new(["receptor state", "mean at the start", "published", "z"])
            .caption("After the phase before the start, at 1e-12 L and 0.1 uM with the variate 2.07 that the published runs share.");
        for (name, mean, error, published) in &self.occupancies {
            start.push([
                Cell::text(name.clone()),
                Cell::estimate(*mean, *error),
                Cell::digits(*published, 4),
                Cell::digits((mean - published) / error, 2),
            ]);
        }
        Section::new("What is conserved, and the start").table(laws).table(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_of_subunits_come_out() {
        for (folding, spacing, volume, expected) in KNOWN {
            assert!((subunits(folding, spacing, volume) / expected - 1.0).abs() < ROUNDING);
        }
    }
}
