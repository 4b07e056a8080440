//! Single trajectories of counts, by likelihood.

use super::courses::unit_volume;
use super::frame::{Frame, Values};
use super::network::{network, present, rate_units};
use super::offer::{offer, volume_matters};
use super::{Fit, Kind, Learned, Settings, Units};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::events::{Resolution, TraceSettings, learn_traces};

pub(super) fn learn(
    settings: &Settings,
    frame: Frame,
    values: Values,
    progress: &dyn Progress,
) -> Result<Learned, Error> {
    let offer = offer(settings, &frame, &values.species)?;
    let trace = TraceSettings { seed: settings.seed, ..TraceSettings::default() };
    let learned = learn_traces(&values.series, &values.species, &offer, &trace, progress)?;
    let mut report = learned.report;
    let chosen: Vec<bool> = report.reactions.iter().map(|r| r.selected).collect();
    if !frame.volume_given && volume_matters(&offer, &chosen) {
        report.verdicts.push(unit_volume());
    }
    let units = rate_units(&frame, &offer);
    present(&mut report, &units);
    let width = values.species.len();
    let first = &values.series[0];
    let start: Vec<f64> = (offer.species.iter().enumerate())
        .map(|(s, name)| {
            let o = values.species.iter().position(|v| v == name);
            o.map(|o| first.values[o]).or(offer.clamped[s]).or(offer.initial[s]).unwrap_or(0.0)
        })
        .collect();
    let fit = |s: &kurtz_dynamics::data::Series, o: usize| Fit {
        condition: if s.trajectory.is_empty() {
            s.condition.clone()
        } else {
            format!("{}, {}", s.condition, s.trajectory)
        },
        observable: values.species[o].clone(),
        unit: "molecules".into(),
        times: s.times.clone(),
        values: s.values.iter().skip(o).step_by(width).copied().collect(),
        errors: Vec::new(),
        predicted: Vec::new(),
        curve_times: Vec::new(),
        curve: Vec::new(),
    };
    let fits =
        values.series.iter().take(6).flat_map(|s| (0..width).map(move |o| (s, o))).map(|(s, o)| fit(s, o)).collect();
    Ok(Learned {
        kind: Kind::Trace,
        network: network(&frame, &offer, &report, &units, &start),
        rate_units: units.into_iter().map(|u| u.unit.text).collect(),
        units: Units { time: frame.time_words().into(), amount: "molecules".into() },
        fits,
        noise: None,
        uniform: learned.uniform,
        references: match learned.resolution {
            Resolution::Events => vec!["wilkinson2018", "brown2002", "chen2008"],
            Resolution::Grid => vec!["munsky2006", "chen2008"],
        },
        report,
        sources: frame.sources,
        model: frame.model,
    })
}
