//! Values with measurement noise, by the mass-action equations.

use super::frame::{Frame, Values};
use super::network::{network, present, rate_units};
use super::offer::{offer, volume_matters};
use super::{Fit, Kind, Learned, Settings, Units};
use crate::Error;
use kurtz_dynamics::Progress;
use kurtz_learn::report::{Level, Verdict};
use kurtz_learn::series::{CourseSettings, LearnedCourses, NoiseModel, Offer, learn_courses};

pub(super) fn learn(
    settings: &Settings,
    frame: Frame,
    values: Values,
    progress: &dyn Progress,
) -> Result<Learned, Error> {
    let offer = offer(settings, &frame, &values.species)?;
    let noise = match (settings.noise, frame.amount_scale) {
        (Some(NoiseModel::Additive(s)), Some(scale)) => Some(NoiseModel::Additive(s * scale)),
        (Some(NoiseModel::Additive(_)), None) => {
            return Err(Error::Setting {
                setting: "--noise",
                found: "additive, of columns in different units".into(),
                expected: "give standard errors in columns `X-se`, or one unit to all columns",
            });
        }
        (other, _) => other,
    };
    let course = CourseSettings { noise, seed: settings.seed, ..CourseSettings::default() };
    let learned = learn_courses(&values.series, &values.species, &offer, &course, progress)?;
    let units = rate_units(&frame, &offer);
    let mut report = learned.report.clone();
    present(&mut report, &units);
    let chosen: Vec<bool> = report.reactions.iter().map(|r| r.selected).collect();
    if !frame.volume_given && volume_matters(&offer, &chosen) {
        report.verdicts.push(unit_volume());
    }
    let start = start(&offer, &learned);
    Ok(Learned {
        kind: Kind::Courses,
        network: network(&frame, &offer, &report, &units, &start),
        rate_units: units.into_iter().map(|u| u.unit.text).collect(),
        units: Units { time: frame.time_words().into(), amount: frame.amount_words().into() },
        fits: fits(&frame, &learned),
        noise: Some((learned.noise_source, values.species.iter().cloned().zip(learned.noise.clone()).collect())),
        uniform: Vec::new(),
        references: vec!["kurtz1972", "chen2008", "craciun2008"],
        report,
        sources: frame.sources,
        model: frame.model,
    })
}

/// What constants mean where nobody gave a volume.
pub(super) fn unit_volume() -> Verdict {
    Verdict::new(
        Level::Caution,
        "no volume was given: constants are for volume 1, that is per pair of molecules; --volume V gives them per \
         concentration",
    )
}

/// Amounts at the first time of the first condition, of all species of the offer.
fn start(offer: &Offer, learned: &LearnedCourses) -> Vec<f64> {
    let of = |(s, name): (usize, &String)| {
        let place = learned.species.iter().position(|l| l == name);
        place.map(|p| learned.initial[0][p]).or(offer.clamped[s]).unwrap_or(0.0)
    };
    offer.species.iter().enumerate().map(of).collect()
}

fn fits(frame: &Frame, learned: &LearnedCourses) -> Vec<Fit> {
    let mut fits = Vec::new();
    for (c, condition) in learned.conditions.iter().enumerate() {
        let (width, curve) = (condition.width(), &learned.curves[c]);
        for (o, name) in condition.observables.iter().enumerate() {
            let column = |values: &[f64]| -> Vec<f64> { values.iter().skip(o).step_by(width).copied().collect() };
            let s = learned.species.iter().position(|s| s == name).unwrap_or(o);
            fits.push(Fit {
                condition: condition.name.clone(),
                observable: name.clone(),
                unit: frame.amount_words().into(),
                times: condition.times.clone(),
                values: column(&condition.values),
                errors: (0..condition.times.len()).map(|t| condition.variance(t * width + o).sqrt()).collect(),
                predicted: column(&learned.predictions[c]),
                curve_times: curve.times.clone(),
                curve: curve.values.iter().skip(s).step_by(learned.species.len()).copied().collect(),
            });
        }
    }
    fits
}
