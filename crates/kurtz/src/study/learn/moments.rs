//! Moments over ensembles, by the equations of the moments.

use super::courses::unit_volume;
use super::frame::Frame;
use super::network::{network, present, rate_units};
use super::offer::{offer, volume_matters};
use super::{Fit, Kind, Learned, Settings, Units};
use crate::Error;
use kurtz_dynamics::data::DataError;
use kurtz_dynamics::moments::closure::Gaussian;
use kurtz_dynamics::moments::{ClosedMoments, Form, MomentHierarchy, Sensitivity};
use kurtz_dynamics::{MomentIndex, MomentSeries, Progress};
use kurtz_learn::reactions::parameters_from_rates;
use kurtz_learn::report::{Level, Verdict};
use kurtz_learn::series::{Given, Offer, select_by_moments};
use kurtz_learn::{Condition, LearnReport, LearnedReactions, RateSettings, learn_reactions};
use kurtz_model::kinetics::Changes;
use kurtz_model::{Kinetics, Network};
use kurtz_ode::{Integration, solve};

/// A first-order structure that describes the data this well makes reactions of second order superfluous.
const GOOD_ENOUGH: f64 = 1e-3;

pub(super) fn learn(
    settings: &Settings,
    frame: Frame,
    named: Vec<(String, MomentSeries)>,
    kind: Kind,
    more: Vec<Verdict>,
    progress: &dyn Progress,
) -> Result<Learned, Error> {
    let (named, missing) = complete(named)?;
    let species = named[0].1.species.clone();
    if let Some((name, _)) = named.iter().find(|(_, s)| s.species != species) {
        let message = format!("its species are not those of the first file, `{}`", species.join("`, `"));
        return Err(DataError::new(name.clone(), message).into());
    }
    if let Some(model) = &frame.model
        && let Some(s) = model.network.species.iter().find(|s| s.clamped)
    {
        let reason = format!("`{}` is clamped; put its amount into the rate constants", s.name);
        return Err(Error::Declined { method: "learning from moments".into(), reason });
    }
    let mut offer = offer(settings, &frame, &species)?;
    in_order_of_data(&mut offer, &species)?;
    let series: Vec<MomentSeries> = named.iter().map(|(_, s)| s.clone()).collect();
    let rates = RateSettings { order: 2, ..RateSettings::default() };
    let enumerated = frame.model.is_none() && settings.candidates.is_none();
    let model = frame.model.as_ref().map(|m| m.kinetics.network());
    let (offer, mut report) = fit(&series, offer, model, &rates, enumerated && settings.order > 1, progress)?;
    report.verdicts.extend(more);
    report.verdicts.extend(missing);
    let chosen: Vec<bool> = report.reactions.iter().map(|r| r.selected).collect();
    if !frame.volume_given && volume_matters(&offer, &chosen) {
        report.verdicts.push(unit_volume());
    }
    let units = rate_units(&frame, &offer);
    let start: Vec<f64> = (0..species.len()).map(|s| mean(&series[0], 0, s)).collect();
    let bare = bare_network(&offer, &report, &start);
    let fits = fits(&bare, &named);
    present(&mut report, &units);
    Ok(Learned {
        kind,
        network: network(&frame, &offer, &report, &units, &start),
        rate_units: units.into_iter().map(|u| u.unit.text).collect(),
        units: Units { time: frame.time_words().into(), amount: "molecules".into() },
        fits,
        noise: None,
        uniform: Vec::new(),
        references: vec!["yang2020", "whittle1957", "percival2014"],
        report,
        sources: frame.sources,
        model: frame.model,
    })
}

/// The report, with the parameters of the model where all of its reactions were found.
fn with_parameters(learned: LearnedReactions, model: Option<&Network>) -> LearnReport {
    let LearnedReactions { mut report, structures, .. } = learned;
    let (fit, n) = (&structures.best().fit, report.reactions.len());
    let Some(model) = model.filter(|m| m.reactions.len() == n && report.reactions.iter().all(|r| r.selected)) else {
        return report;
    };
    let width = fit.parameters.len();
    let covariance: Vec<f64> = (0..n * n).map(|e| fit.covariance[(e / n) * width + e % n]).collect();
    match parameters_from_rates(model, &fit.parameters[..n], &covariance) {
        Ok(parameters) => report.parameters = parameters,
        Err(error) => report.verdicts.push(Verdict::new(Level::Caution, error.to_string())),
    }
    report
}

/// Fits an offer; candidates that were enumerated are first tried in first order alone, whose equations are exact.
fn fit(
    series: &[MomentSeries],
    offer: Offer,
    model: Option<&Network>,
    settings: &RateSettings,
    in_stages: bool,
    progress: &dyn Progress,
) -> Result<(Offer, LearnReport), Error> {
    let one = |offer: &Offer| -> Result<LearnReport, Error> {
        if offer.given.iter().all(|g| *g == Given::Open) {
            let learned = learn_reactions(series, offer.volume, &offer.candidates, Some(&Gaussian), settings)?;
            return Ok(with_parameters(learned, model));
        }
        Ok(select_by_moments(series, offer, settings, progress)?)
    };
    if in_stages {
        let keep: Vec<usize> = (0..offer.candidates.len())
            .filter(|&j| {
                let order = offer.candidates[j].stoichiometry.reactants.iter().sum::<u32>();
                order <= 1 || offer.given[j] != Given::Open
            })
            .collect();
        let linear = Offer {
            candidates: keep.iter().map(|&j| offer.candidates[j].clone()).collect(),
            given: keep.iter().map(|&j| offer.given[j]).collect(),
            start: None,
            ..offer.clone()
        };
        if let Ok(mut report) = one(&linear)
            && report.goodness.p_value > GOOD_ENOUGH
        {
            report.verdicts.push(Verdict::new(
                Level::Good,
                "reactions of first order describe the data, so that none of second order were tried",
            ));
            return Ok((linear, report));
        }
    }
    let report = one(&offer)?;
    Ok((offer, report))
}

/// Of moments that come without all covariances, so many are taken at most: means and variances as well as covariances.
const MOST_MOMENTS: usize = 5000;

/// Series with every moment of orders 1 and 2, and what to say about those not measured.
type Completed = (Vec<(String, MomentSeries)>, Option<Verdict>);

/// Marks covariances that the data lack as not measured (NaN): the fitted network supplies them.
fn complete(mut named: Vec<(String, MomentSeries)>) -> Result<Completed, Error> {
    let mut missing = None;
    for (name, series) in &mut named {
        let needed = MomentIndex::up_to(series.species.len(), 2);
        if needed.iter().all(|i| series.position(i).is_some()) {
            continue;
        }
        for (s, x) in series.species.iter().enumerate() {
            let mut powers = vec![0; series.species.len()];
            powers[s] = 2;
            if series.position(&MomentIndex(powers)).is_none() {
                let message = format!("there is no variance of `{x}`; add a column `{x}-var` or `{x}-sd`");
                return Err(DataError::new(name.clone(), message).into());
            }
        }
        let times = series.times.len();
        let value = |t: usize, i: &MomentIndex| series.position(i).map_or(f64::NAN, |m| series.value(t, m));
        let values = (0..times).flat_map(|t| needed.iter().map(move |i| (t, i))).map(|(t, i)| value(t, i)).collect();
        *series = MomentSeries { values, indices: needed, covariance: None, covariance_moments: 0, ..series.clone() };
        check_followed(name, series)?;
        missing = Some(Verdict::new(
            Level::Caution,
            "covariances between species (`A-B-cov`) are missing: means and variances were fitted, and the fitted network \
             supplied the covariances; with them (`data/moments.csv` of `kurtz simulate --output`) the data would tell more",
        ));
    }
    Ok((named, missing))
}

/// Declines where species vary together at the start and nothing says how, and where there is too much to follow.
fn check_followed(name: &str, series: &MomentSeries) -> Result<(), Error> {
    let declined = |reason| Error::Declined { method: "learning from moments".into(), reason };
    let (moments, times) = (series.indices.len(), series.times.len());
    if moments * times > MOST_MOMENTS {
        let most = MOST_MOMENTS / moments;
        return Err(declined(format!("{moments} moments at {times} times are too many; give at most {most} times")));
    }
    let start = Condition::from_moments(name, series, 2)?;
    let unknown = series.indices.iter().zip(start.start()).find(|(_, v)| v.is_nan());
    let Some((index, _)) = unknown else { return Ok(()) };
    let pair: Vec<&str> =
        index.0.iter().zip(&series.species).filter(|(p, _)| **p > 0).map(|(_, s)| s.as_str()).collect();
    Err(declined(format!(
        "nothing says how `{}` vary together at the start; add a column `{}-cov` (`data/moments.csv` of \
         `kurtz simulate --output` has it)",
        pair.join("` and `"),
        pair.join("-")
    )))
}

/// Puts the species of an offer in the order of the data.
fn in_order_of_data(offer: &mut Offer, species: &[String]) -> Result<(), Error> {
    let place = |name: &String| offer.species.iter().position(|s| s == name);
    if let Some(hidden) = offer.species.iter().find(|s| !species.contains(s)) {
        return Err(
            kurtz_learn::LearnError::UnobservedSpecies { species: hidden.clone(), known: species.to_vec() }.into()
        );
    }
    let order: Vec<usize> = species.iter().filter_map(place).collect();
    for candidate in &mut offer.candidates {
        let s = &mut candidate.stoichiometry;
        s.reactants = order.iter().map(|&i| s.reactants[i]).collect();
        s.products = order.iter().map(|&i| s.products[i]).collect();
    }
    offer.initial = order.iter().map(|&i| offer.initial[i]).collect();
    offer.clamped = order.iter().map(|&i| offer.clamped[i]).collect();
    offer.species = species.to_vec();
    Ok(())
}

fn mean(series: &MomentSeries, t: usize, s: usize) -> f64 {
    let mut powers = vec![0; series.species.len()];
    powers[s] = 1;
    series.position(&MomentIndex(powers)).map_or(0.0, |m| series.value(t, m))
}

/// The chosen reactions in the frame's own numbers, for predictions.
fn bare_network(offer: &Offer, report: &LearnReport, start: &[f64]) -> Network {
    let chosen: Vec<_> = offer
        .candidates
        .iter()
        .zip(&report.reactions)
        .filter(|(_, r)| r.selected)
        .map(|(c, r)| (c, r.rate.value))
        .collect();
    kurtz_learn::reactions::network_of(&offer.species, start, offer.amounts, offer.volume, &chosen)
}

/// Means and variances beside those of the learned network (closed by a Gaussian where they do not close).
/// Covariances between species are shown only if they were measured.
fn fits(network: &Network, named: &[(String, MomentSeries)]) -> Vec<Fit> {
    let mut fits = Vec::new();
    for (name, series) in named {
        let condition = named_by_start(name, series);
        let curve = curve(network, series).ok();
        // Without a covariance the errors of independent normal samples.
        let assumed = Condition::from_moments("", series, 2).ok().filter(|_| series.trajectories.is_some());
        let error = |t: usize, m: usize| -> Option<f64> {
            let assumed = || assumed.as_ref().map(|c| c.variance(t * c.width() + m).sqrt());
            series.standard_error(t, m).or_else(assumed)
        };
        for (m, index) in series.indices.iter().enumerate().filter(|(_, i)| i.order() <= 2) {
            if (0..series.times.len()).any(|t| series.value(t, m).is_nan()) {
                continue;
            }
            let errors: Vec<f64> = (0..series.times.len()).filter_map(|t| error(t, m)).collect();
            let of = |predicted: &MomentSeries, times: &[f64]| -> Option<Vec<f64>> {
                let place = predicted.position(index)?;
                let at = |t: &f64| predicted.times.iter().position(|p| p == t).map(|row| predicted.value(row, place));
                times.iter().map(at).collect()
            };
            let grid = curve.as_ref().map(|c| c.times.clone()).unwrap_or_default();
            fits.push(Fit {
                condition: condition.clone(),
                observable: observable(index, &series.species),
                unit: if index.order() == 1 { "molecules".into() } else { String::new() },
                times: series.times.clone(),
                values: (0..series.times.len()).map(|t| series.value(t, m)).collect(),
                errors: if errors.len() == series.times.len() { errors } else { Vec::new() },
                predicted: curve.as_ref().and_then(|c| of(c, &series.times)).unwrap_or_default(),
                curve: curve.as_ref().and_then(|c| of(c, &grid)).unwrap_or_default(),
                curve_times: grid,
            });
        }
    }
    fits
}

fn named_by_start(name: &str, series: &MomentSeries) -> String {
    let start: Vec<String> =
        series.species.iter().enumerate().map(|(s, x)| format!("{x} = {}", mean(series, 0, s))).collect();
    if name.is_empty() { start.join(", ") } else { format!("{name} ({})", start.join(", ")) }
}

fn observable(index: &MomentIndex, species: &[String]) -> String {
    let of: Vec<&str> =
        (0..species.len()).flat_map(|s| std::iter::repeat_n(species[s].as_str(), index.0[s].into())).collect();
    match of.as_slice() {
        [x] => format!("mean of {x}"),
        [x, y] if x == y => format!("variance of {x}"),
        _ => format!("covariance of {}", of.join(" and ")),
    }
}

/// Moments of the learned network from the moments at the start of a series, on a grid that holds its times.
fn curve(network: &Network, series: &MomentSeries) -> Result<MomentSeries, Error> {
    let hierarchy = MomentHierarchy::derive(network, 2, Form::Central)?;
    let initial = series.species.iter().enumerate().map(|(s, x)| (x.clone(), mean(series, 0, s))).collect();
    let kinetics = Kinetics::with_changes(network, &Changes { initial, ..Changes::default() })?;
    let exact = ClosedMoments::new(&hierarchy, &kinetics, None, Sensitivity::None);
    let field = exact.or_else(|_| ClosedMoments::new(&hierarchy, &kinetics, Some(&Gaussian), Sensitivity::None))?;
    // A covariance that was not measured is zero at the start: one of the two does not vary there.
    let at_start =
        |i: &MomentIndex| series.position(i).map(|m| series.value(0, m)).filter(|v| !v.is_nan()).unwrap_or(0.0);
    let state = field.state_of(&field.indices().iter().map(at_start).collect::<Vec<_>>())?;
    let (first, last) = (series.times[0], series.times[series.times.len() - 1]);
    let mut times: Vec<f64> = (0..=200).map(|i| first + (last - first) * f64::from(i) / 200.0).collect();
    times.extend(&series.times);
    times.retain(|t| *t <= last);
    times.sort_by(f64::total_cmp);
    times.dedup();
    let settings = Integration { first_time: first, ..Integration::with_tolerances(1e-8, 1e-8) };
    let solution = solve(&field, &state, &times, &settings)?;
    Ok(field.series(&solution.times, &solution.states)?)
}
