//! The joint law of the counts: true, sampled and learned (Fig. 3).

use super::Settings;
use super::published::Published;
use super::rates::Rates;
use super::sampling::Sampled;
use crate::Error;
use crate::study::ModelFile;
use kurtz_dynamics::fsp::{FspSettings, FspSolution, Stop, solve_from};
use kurtz_dynamics::stats::{hellinger, kullback_leibler, sampling_floor, total_variation};
use kurtz_dynamics::{Distribution, Progress};
use kurtz_model::Kinetics;
use kurtz_report::{Axis, Cell, Check, ColourBars, DataTable, Figure, HeatMap, Panel, Section, Table};

/// The laws at the snapshots, and how far they are apart.
pub struct Laws {
    times: Vec<f64>,
    truth: Vec<Distribution>,
    sampled: Vec<Distribution>,
    learned: Vec<Distribution>,
    distances: Table,
    /// Total variation between learned and true law at each snapshot.
    total_variation: Vec<f64>,
    leaked: f64,
    trajectories: u64,
}

/// The true law at the snapshots.
pub fn truth(settings: &Settings, model: &ModelFile, progress: &dyn Progress) -> Result<FspSolution, Error> {
    law_of(&model.kinetics, &settings.snapshots, progress)
}

/// The law of a network at some times.
fn law_of(kinetics: &Kinetics, times: &[f64], progress: &dyn Progress) -> Result<FspSolution, Error> {
    let solution = solve_from(kinetics, None, times, &FspSettings::default(), progress)?;
    match &solution.stop {
        Stop::Finished => Ok(solution),
        Stop::Cancelled { .. } => Err(Error::Interrupted),
        stop => Err(Error::Stopped { method: "finite state projection".into(), reason: stop.to_string() }),
    }
}

/// Compares the law of the learned network with the truth, the sample, and what was published.
pub fn compare(
    settings: &Settings,
    model: &ModelFile,
    sampled: &Sampled,
    truth: &FspSolution,
    rates: &Rates,
    published: &Published,
    progress: &dyn Progress,
) -> Result<Laws, Error> {
    let times = &settings.snapshots;
    let learned = law_of(&rates.kinetics()?, times, progress)?;
    let histogram = sampled_laws(sampled)?;
    let mut headings = vec!["law, compared with the true one".to_string(), "distance".to_string()];
    headings.extend(times.iter().map(|t| format!("t = {t} {}", model.time_unit())));
    let mut distances = Table::new(headings).caption(
        "Distances of whole laws from the true law, by finite state projection. TV: total variation; H: Hellinger; KL: \
         Kullback-Leibler divergence of the true law from the other, in nats. A sample cannot come closer to its own law \
         than the floor.",
    );
    let mut compared = vec![
        ("learned here".to_string(), learned.distributions.clone()),
        (format!("sample of {} trajectories", sampled.trajectories), histogram.clone()),
    ];
    for (name, kinetics) in published.networks(model)? {
        compared.push((name, law_of(&kinetics, times, progress)?.distributions));
    }
    for (name, laws) in &compared {
        let mut rows = [vec![], vec![], vec![]];
        for (law, true_law) in laws.iter().zip(&truth.distributions) {
            rows[0].push(Cell::digits(total_variation(true_law, law)?.value, 2));
            rows[1].push(Cell::digits(hellinger(true_law, law)?.value, 2));
            rows[2].push(Cell::digits(kullback_leibler(true_law, law)?.value, 2));
        }
        for (which, row) in ["TV", "H", "KL"].into_iter().zip(rows) {
            let name = if which == "TV" { Cell::text(name.clone()) } else { Cell::Empty };
            distances.push([name, Cell::text(which)].into_iter().chain(row));
        }
    }
    let floor = truth.distributions.iter().map(|law| Cell::digits(sampling_floor(law, sampled.trajectories), 2));
    distances.push([Cell::text("floor of such a sample"), Cell::text("TV")].into_iter().chain(floor));
    let distance = |(law, true_law): (&Distribution, &Distribution)| Ok(total_variation(true_law, law)?.value);
    let total_variation = learned.distributions.iter().zip(&truth.distributions).map(distance);
    Ok(Laws {
        times: times.clone(),
        total_variation: total_variation.collect::<Result<_, Error>>()?,
        truth: truth.distributions.clone(),
        sampled: histogram,
        learned: learned.distributions,
        distances,
        trajectories: sampled.trajectories,
        leaked: truth.leaked.last().copied().unwrap_or(0.0),
    })
}

fn sampled_laws(sampled: &Sampled) -> Result<Vec<Distribution>, Error> {
    let histogram = &sampled.histogram;
    let law = |states: &std::collections::BTreeMap<Vec<i64>, u64>| {
        let counts: Vec<u64> = states.values().copied().collect();
        Ok(Distribution::from_counts(&histogram.species, states.keys().flatten().copied().collect(), &counts)?)
    };
    histogram.states.iter().map(law).collect()
}

/// The smallest box that holds every state more likely than one in a million.
fn frame(laws: &[&Distribution]) -> [(i64, i64); 2] {
    let mut frame = [(i64::MAX, i64::MIN); 2];
    for law in laws {
        for (state, _) in law.iter().filter(|&(_, p)| p > 1e-6) {
            for (range, &n) in frame.iter_mut().zip(state) {
                *range = (range.0.min(n), range.1.max(n));
            }
        }
    }
    frame
}

/// A law within a frame, first species along x, second along y.
fn heat_map(frame: [(i64, i64); 2], probability: impl Fn(&[i64]) -> f64) -> HeatMap {
    let [(x0, x1), (y0, y1)] = frame;
    let values: Vec<f64> = (y0..=y1).flat_map(|y| (x0..=x1).map(move |x| [x, y])).map(|s| probability(&s)).collect();
    HeatMap::of_counts((x0, y0), (x1 - x0 + 1) as usize, values)
}

impl Laws {
    /// What the laws were compared with.
    pub fn checks(&self) -> Vec<Check> {
        // A thousandth for a million trajectories; the rates, and with them the law, are known less well from fewer.
        let line = 1e-3 * (1e6 / self.trajectories as f64).sqrt().max(1.0);
        let mut checks: Vec<Check> = self
            .times
            .iter()
            .zip(&self.total_variation)
            .map(|(t, tv)| Check::at_most(format!("total variation, learned against true law, t = {t}"), line, *tv))
            .collect();
        checks.push(Check::at_most("mass leaked by finite state projection", 1e-6, self.leaked));
        checks
    }

    /// The section of the report.
    pub fn section(&self, model: &ModelFile) -> Section {
        Section::new("The law of the counts")
            .paragraph(
                "The learned network is a network like any other: its master equation is solved by finite state \
                 projection and its joint law laid beside that of the truth and of the sample (Fig. 3 of [@yang2020]).",
            )
            .figure(self.figure(model))
            .table(self.distances.clone())
    }

    fn figure(&self, model: &ModelFile) -> Figure {
        let mut figure = Figure::new("fig-3-laws").columns(self.times.len()).colour_bars(ColourBars::EachPanel).caption(format!(
            "Joint law of the counts at four times (t in the unit of the model{}): true (first row), learned (second), sampled \
             (third), learned less true (fourth) and sampled less true (fifth). Every panel has its own scale.",
            if model.time_unit().is_empty() { String::new() } else { format!(", {}", model.time_unit()) }
        ));
        let species = self.truth[0].species().to_vec();
        let frames: Vec<_> = self.truth.iter().zip(&self.sampled).map(|(a, b)| frame(&[a, b])).collect();
        let panel = |title: String, map: HeatMap| {
            Panel::new()
                .title(title)
                .x(Axis::new(format!("n_{{{}}}", species[0])))
                .y(Axis::new(format!("n_{{{}}}", species[1])))
                .with(map)
        };
        for (name, laws) in [("true", &self.truth), ("learned", &self.learned), ("sampled", &self.sampled)] {
            for (i, law) in laws.iter().enumerate() {
                let title = format!("{name}, t = {}", self.times[i]);
                figure = figure.panel(panel(title, heat_map(frames[i], |s| law.probability(s))));
            }
        }
        for (name, laws) in [("learned − true", &self.learned), ("sampled − true", &self.sampled)] {
            for (i, law) in laws.iter().enumerate() {
                let difference = |s: &[i64]| law.probability(s) - self.truth[i].probability(s);
                figure = figure.panel(panel(name.into(), heat_map(frames[i], difference).diverging()));
            }
        }
        figure
    }

    /// The numbers behind the figure.
    pub fn tables(&self) -> Vec<DataTable> {
        let mut table = DataTable::new("laws");
        let (mut times, mut truth, mut learned, mut sampled) = (vec![], vec![], vec![], vec![]);
        let mut counts = [vec![], vec![]];
        for (i, law) in self.truth.iter().enumerate() {
            for (state, p) in law.iter().filter(|&(_, p)| p > 1e-12) {
                times.push(self.times[i]);
                counts.iter_mut().zip(state).for_each(|(column, &n)| column.push(n));
                truth.push(p);
                learned.push(self.learned[i].probability(state));
                sampled.push(self.sampled[i].probability(state));
            }
        }
        table = table.column("time", times);
        for (name, column) in self.truth[0].species().iter().zip(counts) {
            table = table.column(name.clone(), column);
        }
        vec![table.column("true", truth).column("learned", learned).column("sampled", sampled)]
    }
}
