//! The ensemble: its moments against the exact ones, its trajectories, and the two exact methods against each other.

use super::Settings;
use super::rates::Rates;
use crate::Error;
use crate::study::simulate::halted;
use crate::study::{ModelFile, output_times, summary};
use kurtz_dynamics::ensemble::{Ensemble, Histogram, HistogramRecorder, MomentRecorder};
use kurtz_dynamics::method::method_named;
use kurtz_dynamics::moments::{ClosedMoments, Form, MomentHierarchy, Sensitivity};
use kurtz_dynamics::ssa::Trace;
use kurtz_dynamics::{MomentIndex, MomentSeries, Progress};
use kurtz_learn::Condition;
use kurtz_learn::fit::{WeightedData, Weighting};
use kurtz_model::Kinetics;
use kurtz_ode::{Integration, solve};
use kurtz_report::{Axis, Cell, Check, Colour, DataTable, Figure, Line, Panel, Points, Section, Table};
use std::time::Instant;

/// What was sampled, and what should have come out.
pub struct Sampled {
    /// Moments with their sampling covariance.
    pub moments: MomentSeries,
    /// The joint law at the snapshots.
    pub histogram: Histogram,
    /// Events in all trajectories.
    pub events: u64,
    /// Trajectories.
    pub trajectories: u64,
    /// The exact moments at the same times.
    pub exact: MomentSeries,
    /// Chi-square of all moments against the exact ones, and its degrees of freedom.
    pub chi_square: (f64, usize),
    /// Largest |z| between the moments of the two methods, and how many were compared.
    pub between_methods: (f64, usize),
    seconds: f64,
    traces: Vec<Trace>,
    snapshots: Vec<f64>,
}

/// Colours of single trajectories, which need no legend.
const COLOURS: [Colour; 6] =
    [Colour::Blue, Colour::Vermillion, Colour::Green, Colour::Purple, Colour::Orange, Colour::SkyBlue];

/// Samples the ensemble with the direct method, and a smaller one with the first-reaction method.
pub fn run(settings: &Settings, model: &ModelFile, progress: &dyn Progress) -> Result<Sampled, Error> {
    let kinetics = &model.kinetics;
    let times = output_times(0.0, settings.end, settings.steps)?;
    let places = snapshot_places(settings, &times)?;
    let direct = method_named("direct")?;
    let begun = Instant::now();
    let ensemble = Ensemble::at(kinetics, direct.as_ref(), settings.trajectories, settings.seed, times.clone());
    let recorders = (MomentRecorder::new(2, 2), HistogramRecorder::new(Vec::new(), places));
    let outcome = ensemble.run(recorders, progress)?;
    if let Some(halt) = &outcome.halt {
        return Err(halted(halt, &model.network, direct.name()));
    }
    let Some((moments, histogram)) = outcome.output else { return Err(Error::Interrupted) };
    let seconds = begun.elapsed().as_secs_f64();
    let exact = exact_moments(kinetics, &times)?;
    let data = WeightedData::new(vec![Condition::from_moments("ensemble", &moments, 2)?], Weighting::Full)?;
    let chi_square = data.chi_square(std::slice::from_ref(&exact.values))?;
    let between_methods = compare_methods(settings, model, &times, &moments, progress)?;
    let traces = (0..settings.shown)
        .map(|i| Trace::sample(direct.as_ref(), kinetics, settings.seed, i, settings.end, usize::MAX))
        .collect::<Result<_, _>>()?;
    Ok(Sampled {
        moments,
        histogram,
        events: outcome.events,
        trajectories: outcome.trajectories,
        exact,
        chi_square,
        between_methods,
        seconds,
        traces,
        snapshots: settings.snapshots.clone(),
    })
}

fn snapshot_places(settings: &Settings, times: &[f64]) -> Result<Vec<usize>, Error> {
    let near = |t: f64| times.iter().position(|&x| (x - t).abs() <= 1e-9 * settings.end);
    settings
        .snapshots
        .iter()
        .map(|&t| {
            near(t).ok_or_else(|| Error::Setting {
                setting: "snapshots",
                found: t.to_string(),
                expected: "each must be one of the output times",
            })
        })
        .collect()
}

/// Means, variances and covariance by the moment equations, which close.
pub fn exact_moments(kinetics: &Kinetics, times: &[f64]) -> Result<MomentSeries, Error> {
    let hierarchy = MomentHierarchy::derive(kinetics.network(), 2, Form::Central)?;
    let field = ClosedMoments::new(&hierarchy, kinetics, None, Sensitivity::None)?;
    let solution = solve(&field, &field.initial_state(), times, &Integration::with_tolerances(1e-12, 1e-12))?;
    Ok(field.series(&solution.times, &solution.states)?)
}

fn compare_methods(
    settings: &Settings,
    model: &ModelFile,
    times: &[f64],
    moments: &MomentSeries,
    progress: &dyn Progress,
) -> Result<(f64, usize), Error> {
    let method = method_named("first-reaction")?;
    // Another seed: the two methods share their streams of random numbers, and must be independent here.
    let seed = settings.seed.wrapping_add(1);
    let ensemble = Ensemble::at(&model.kinetics, method.as_ref(), settings.comparison, seed, times.to_vec());
    let outcome = ensemble.run(MomentRecorder::new(2, 2), progress)?;
    if let Some(halt) = &outcome.halt {
        return Err(halted(halt, &model.network, method.name()));
    }
    let Some(other) = outcome.output else { return Err(Error::Interrupted) };
    let mut largest: f64 = 0.0;
    let mut compared = 0;
    for t in 1..times.len() {
        for m in 0..moments.indices.len() {
            let (Some(a), Some(b)) = (moments.standard_error(t, m), other.standard_error(t, m)) else { continue };
            largest = largest.max((moments.value(t, m) - other.value(t, m)).abs() / a.hypot(b));
            compared += 1;
        }
    }
    Ok((largest, compared))
}

/// A moment as readers know it: `A`, `Var A`, `Cov A B`.
pub fn moment_label(index: &MomentIndex, species: &[String]) -> String {
    let of: Vec<&str> =
        (0..species.len()).flat_map(|s| std::iter::repeat_n(species[s].as_str(), index.0[s].into())).collect();
    match of.as_slice() {
        [x] => format!("⟨{x}⟩"),
        [x, y] if x == y => format!("Var {x}"),
        _ => format!("Cov {}", of.join(" ")),
    }
}

impl Sampled {
    /// The largest |z| of the moments at the snapshots.
    fn largest_z(&self) -> (f64, usize) {
        let mut largest: f64 = 0.0;
        let mut compared = 0;
        for (t, time) in self.moments.times.iter().enumerate() {
            if !self.snapshots.contains(time) {
                continue;
            }
            for m in 0..self.moments.indices.len() {
                if let Some(error) = self.moments.standard_error(t, m).filter(|e| *e > 0.0) {
                    largest = largest.max((self.moments.value(t, m) - self.exact.value(t, m)).abs() / error);
                    compared += 1;
                }
            }
        }
        (largest, compared)
    }

    /// What the ensemble was compared with.
    pub fn checks(&self) -> Vec<Check> {
        let (largest, compared) = self.largest_z();
        let (chi_square, freedom) = self.chi_square;
        // Chi-square has mean n and variance 2n: four and a half standard deviations for 100 are [36, 164]; the line of
        // the specification, [60, 145], is about three.
        let spread = 3.0 * (2.0 * freedom as f64).sqrt();
        vec![
            Check::at_most(format!("largest |z| of {compared} sampled moments against the exact ones"), 4.0, largest),
            Check::absolute(
                format!("χ² of all {freedom} moments, full covariance"),
                freedom as f64,
                chi_square,
                spread,
            ),
            Check::at_most(
                format!("largest |z| between direct and first-reaction method ({} moments)", self.between_methods.1),
                4.5,
                self.between_methods.0,
            ),
        ]
    }

    /// The section of the report.
    pub fn section(&self, model: &ModelFile, rates: &Rates) -> Section {
        let speed = Table::new(["trajectories", "events", "wall time (s)", "million events per second"]).row([
            Cell::Integer(self.trajectories as i64),
            Cell::Integer(self.events as i64),
            Cell::digits(self.seconds, 3),
            Cell::digits(1e-6 * self.events as f64 / self.seconds, 3),
        ]);
        let mut table = Table::new(["time", "moment", "sampled", "exact", "z"]);
        for (t, time) in self.moments.times.iter().enumerate().filter(|(_, time)| self.snapshots.contains(time)) {
            for (m, index) in self.moments.indices.iter().enumerate() {
                let error = self.moments.standard_error(t, m).unwrap_or(f64::NAN);
                let (sampled, exact) = (self.moments.value(t, m), self.exact.value(t, m));
                table.push([
                    Cell::from(*time),
                    Cell::text(moment_label(index, &self.moments.species)),
                    Cell::estimate(sampled, error),
                    Cell::digits(exact, 7),
                    Cell::digits((sampled - exact) / error, 2),
                ]);
            }
        }
        Section::new("The ensemble")
            .table(speed.caption("The ensemble, recorded with the covariance of its moments across all times."))
            .figure(self.trajectory_figure(model))
            .figure(self.moment_figure(model, rates))
            .table(table.caption("Sampled moments with their standard errors, and the exact ones."))
    }

    fn trajectory_figure(&self, model: &ModelFile) -> Figure {
        let mut figure = Figure::new("fig-2bc-trajectories").caption(format!(
            "{} typical trajectories, every event shown (Fig. 2b, c of [@yang2020]).",
            self.traces.len()
        ));
        for (s, name) in self.moments.species.iter().enumerate() {
            let mut panel = axes(model, &format!("n_{{{name}}}"));
            for (trace, colour) in self.traces.iter().zip(COLOURS.into_iter().cycle()) {
                let counts: Vec<f64> = trace.counts.iter().skip(s).step_by(trace.species).map(|&n| n as f64).collect();
                panel = panel.with(Line::steps("", trace.times.clone(), counts).width(0.6).colour(colour));
            }
            figure = figure.panel(panel);
        }
        figure
    }

    fn moment_figure(&self, model: &ModelFile, rates: &Rates) -> Figure {
        let mut figure = Figure::new("fig-2de-moments").columns(3).caption(
            "Means, variances and covariance: sampled (points; the bars are ten standard errors) and by the network learned from \
             them (lines) (Fig. 2d, e of [@yang2020]).",
        );
        for (m, index) in self.moments.indices.iter().enumerate() {
            let values = summary::moment(&self.moments, m);
            let errors: Vec<f64> = (0..self.moments.times.len())
                .map(|t| 10.0 * self.moments.standard_error(t, m).unwrap_or(0.0))
                .collect();
            let label = moment_label(index, &self.moments.species);
            figure = figure.panel(
                axes(model, &label)
                    .with(Points::new("sampled", self.moments.times.clone(), values).error(errors))
                    .with(Line::new("learned", rates.course.times.clone(), summary::moment(&rates.course, m))),
            );
        }
        figure
    }

    /// The numbers behind the figures.
    pub fn tables(&self) -> Vec<DataTable> {
        let mut errors = DataTable::new("moments-standard-errors").column("time", self.moments.times.clone());
        for (m, index) in self.moments.indices.iter().enumerate() {
            let column: Vec<f64> =
                (0..self.moments.times.len()).map(|t| self.moments.standard_error(t, m).unwrap_or(f64::NAN)).collect();
            errors = errors.column(moment_label(index, &self.moments.species), column);
        }
        vec![summary::moments("moments", &self.moments), summary::moments("moments-exact", &self.exact), errors]
    }
}

fn axes(model: &ModelFile, label: &str) -> Panel {
    Panel::new().x(Axis::new("time").unit(model.time_unit())).y(Axis::new(label))
}
