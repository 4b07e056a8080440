//! Learning from courses over time, from data to report.

use super::conditions::{Experiment, experiments};
use super::equations::RateEquations;
use super::hidden::fit_all;
use super::noise::{NoiseModel, NoiseSource, from_replicates, from_residuals, from_roughness};
use super::offer::Offer;
use super::report::{Findings, learn_report};
use super::search::{Selected, Selection};
use super::shooting::{CourseShooting, Start};
use super::start::integral_starts;
use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{FitSettings, Predictor, WeightedData, Weighting};
use crate::linear::non_negative;
use crate::report::{LearnReport, Level, Route, Verdict};
use crate::structure::{SelectionSettings, extended};
use kurtz_dynamics::Progress;
use kurtz_dynamics::data::Series;
use serde::{Deserialize, Serialize};

/// Settings of [`learn_courses`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CourseSettings {
    /// Standard error of each measurement; by default from the data.
    pub noise: Option<NoiseModel>,
    /// Confidence of the intervals, in (0, 1). Default 0.95.
    pub confidence: f64,
    /// How reactions are chosen; its penalty is replaced by `penalty`.
    pub selection: SelectionSettings,
    /// What a reaction must gain in chi-square to be kept, >= 0. Default ln N + 2 ln p for N values and p candidates (the
    /// extended criterion of J. Chen, Z. Chen, Biometrika 95 (2008) 759-771, for many candidates).
    pub penalty: Option<f64>,
    /// How each structure is fitted.
    pub fit: FitSettings,
    /// Seed of the starts that are tried where species are not observed. Default 1.
    pub seed: u64,
}

impl Default for CourseSettings {
    fn default() -> Self {
        CourseSettings {
            noise: None,
            confidence: 0.95,
            selection: SelectionSettings { max_refits: 60, max_subsets: 20_000, ..SelectionSettings::default() },
            penalty: None,
            fit: FitSettings::default(),
            seed: 1,
        }
    }
}

/// The learned equations from the start of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Times, evenly from first to last measurement.
    pub times: Vec<f64>,
    /// All species, `[times x species]`.
    pub values: Vec<f64>,
}

/// A network learned from courses.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedCourses {
    /// What is known about its reactions.
    pub report: LearnReport,
    /// Rate constants of all candidates, zero for those left out.
    pub constants: Vec<f64>,
    /// Species that can change, in the order of `initial` and `curves`.
    pub species: Vec<String>,
    /// Estimated amounts at the first time, `[conditions][species]`.
    pub initial: Vec<Vec<f64>>,
    /// The averaged data with their standard errors.
    pub conditions: Vec<Condition>,
    /// Predictions of these values, `[conditions][times x observables]`.
    pub predictions: Vec<Vec<f64>>,
    /// The learned equations beside the data.
    pub curves: Vec<Curve>,
    /// Where the standard errors come from.
    pub noise_source: NoiseSource,
    /// The noise of each observable, where it is a model.
    pub noise: Vec<NoiseModel>,
}

/// Times of a [`Curve`].
const CURVE: usize = 241;

/// Learns the reactions of an offer, and their constants, from series of some of its species.
///
/// # Errors
/// Data that do not fit together; constants that the data do not determine; interruption.
pub fn learn_courses(
    series: &[Series],
    observed: &[String],
    offer: &Offer,
    settings: &CourseSettings,
    progress: &dyn Progress,
) -> Result<LearnedCourses, LearnError> {
    offer.check()?;
    let equations = RateEquations::new(offer);
    let job =
        Job { observed, offer, settings, progress, equations: &equations, experiments: experiments(series, observed)? };
    job.run()
}

struct Job<'a> {
    observed: &'a [String],
    offer: &'a Offer,
    settings: &'a CourseSettings,
    progress: &'a dyn Progress,
    equations: &'a RateEquations,
    experiments: Vec<Experiment>,
}

/// The state of the search between rounds of weighing.
struct Round {
    selected: Selected,
    data: WeightedData,
    starts: Vec<Vec<Start>>,
    predictions: Vec<Vec<f64>>,
}

impl Job<'_> {
    fn run(&self) -> Result<LearnedCourses, LearnError> {
        let (source, mut models) = self.noise();
        let is_relative = |m: &NoiseModel| matches!(m, NoiseModel::Relative(_));
        let rounds = match source {
            NoiseSource::Columns => 1,
            NoiseSource::Residuals => 3,
            // A fraction of the true value: the predicted one comes closer to it than the measured one.
            NoiseSource::Setting | NoiseSource::Replicates => 1 + usize::from(models.iter().any(is_relative)),
        };
        let width = self.observed.len();
        let mut reference: Vec<Vec<f64>> = self.experiments.iter().map(|e| e.reference(width)).collect();
        let mut round: Option<Round> = None;
        for _ in 0..rounds {
            let next = self.round(&models, &reference, round.as_ref())?;
            if source == NoiseSource::Residuals {
                models = self.models_of_residuals(&next);
            }
            reference.clone_from(&next.predictions);
            round = Some(next);
        }
        let mut round = round.expect("there is at least one round");
        if source == NoiseSource::Residuals {
            // Once more with the final weights, so that errors and evidence are theirs.
            round = self.round(&models, &reference, Some(&round))?;
        }
        self.conclude(round, source, models)
    }

    fn noise(&self) -> (NoiseSource, Vec<NoiseModel>) {
        let width = self.observed.len();
        if let Some(model) = self.settings.noise {
            return (NoiseSource::Setting, vec![model; width]);
        }
        if self.experiments.iter().all(|e| e.given.is_some()) {
            return (NoiseSource::Columns, vec![NoiseModel::Additive(0.0); width]);
        }
        match from_replicates(&self.experiments, width) {
            Some(models) => (NoiseSource::Replicates, models),
            None => (NoiseSource::Residuals, from_roughness(&self.experiments, width)),
        }
    }

    /// One search at given weights.
    fn round(
        &self,
        models: &[NoiseModel],
        reference: &[Vec<f64>],
        before: Option<&Round>,
    ) -> Result<Round, LearnError> {
        let condition = |(e, reference): (&Experiment, &Vec<f64>)| {
            let mut e = e.clone();
            if self.settings.noise.is_some() {
                e.given = None;
            }
            e.condition(self.observed, models, reference)
        };
        let conditions = self.experiments.iter().zip(reference).map(condition).collect::<Result<Vec<_>, _>>()?;
        let data = WeightedData::new(conditions, Weighting::Full)?;
        let mut starts = self.starts(&data)?;
        if let Some(before) = before {
            self.carry_over(before, &data, &mut starts)?;
        }
        let shooting = CourseShooting::new(self.equations, data.conditions(), starts.clone())?;
        let open = self.offer.open().len();
        let (values, free) = (data.independent_values(), shooting.parameter_count() - self.offer.candidates.len());
        if values <= free {
            return Err(LearnError::NotIdentifiable {
                what: "any rate constant".into(),
                reason: format!("{values} values are as many as unknown initial values; measure more times"),
            });
        }
        let penalty = self.settings.penalty.unwrap_or_else(|| extended(values as f64, open));
        let selection = Selection {
            predictor: &shooting,
            data: &data,
            offer: self.offer,
            penalty,
            settings: &self.settings.selection,
            fits: &self.settings.fit,
            progress: self.progress,
        };
        let selected = if self.has_hidden() {
            let hidden = self.equations.species().iter().find(|s| !self.observed.contains(s));
            let start = self.offer.start.clone().ok_or_else(|| self.unobserved(hidden.map_or("", |s| s)))?;
            let start = before.map_or(start, |b| self.constants(&b.selected));
            fit_all(&selection, &shooting.with_initial_values(&start), self.settings.seed)?
        } else {
            let mut from: Vec<Vec<f64>> = match before {
                None => integral_starts(self.equations, self.offer, data.conditions(), penalty)?,
                Some(before) => {
                    let leading = before.selected.structures.structures.iter().take(5);
                    leading.map(|s| s.fit.parameters[..self.offer.candidates.len()].to_vec()).collect()
                }
            };
            from.extend(self.offer.start.clone().filter(|_| before.is_none()));
            let from: Vec<Vec<f64>> = from.iter().map(|k| shooting.with_initial_values(k)).collect();
            selection.run(&from)?
        };
        let parameters = &selected.structures.best().fit.parameters;
        let predict = |c| shooting.predict(c, parameters, &[]).map(|p| p.values);
        let predictions = (0..data.conditions().len()).map(predict).collect::<Result<_, _>>()?;
        Ok(Round { selected, starts, predictions, data })
    }

    fn has_hidden(&self) -> bool {
        self.equations.species().iter().any(|s| !self.observed.contains(s))
    }

    fn unobserved(&self, species: &str) -> LearnError {
        LearnError::UnobservedSpecies { species: species.into(), known: self.observed.to_vec() }
    }

    /// Where each species of each condition starts.
    fn starts(&self, data: &WeightedData) -> Result<Vec<Vec<Start>>, LearnError> {
        let of = |condition: &Condition| -> Result<Vec<Start>, LearnError> {
            let start = |name: &String| {
                let given = || {
                    let s = self.offer.species.iter().position(|s| s == name);
                    s.and_then(|s| self.offer.initial[s])
                };
                let Some(o) = condition.observables.iter().position(|o| o == name) else {
                    return given().map(Start::At).ok_or_else(|| self.unobserved(name));
                };
                let width = condition.width();
                let first = condition.values[o];
                if first.is_nan() {
                    let later = condition.values.iter().skip(o).step_by(width).find(|x| x.is_finite());
                    return Ok(Start::Near(later.copied().or_else(given).unwrap_or(0.0).max(0.0)));
                }
                // Measured values can be negative by noise; amounts are not.
                Ok(if condition.variance(o) > 0.0 { Start::Near(first.max(0.0)) } else { Start::At(first.max(0.0)) })
            };
            self.equations.species().iter().map(start).collect()
        };
        data.conditions().iter().map(of).collect()
    }

    /// Takes the initial values found before as guesses.
    fn carry_over(&self, before: &Round, data: &WeightedData, starts: &mut [Vec<Start>]) -> Result<(), LearnError> {
        let shooting = CourseShooting::new(self.equations, data.conditions(), before.starts.clone())?;
        for (c, starts) in starts.iter_mut().enumerate() {
            let found = shooting.initial(c, &before.selected.structures.best().fit.parameters);
            for (start, x) in starts.iter_mut().zip(found) {
                if let Start::Near(guess) = start {
                    *guess = x;
                }
            }
        }
        Ok(())
    }

    fn constants(&self, selected: &Selected) -> Vec<f64> {
        selected.structures.best().fit.parameters[..self.offer.candidates.len()].to_vec()
    }

    /// The noise that a round leaves over, with all candidates allowed.
    fn models_of_residuals(&self, round: &Round) -> Vec<NoiseModel> {
        let fit = &round.selected.structures.best().fit;
        let values = round.data.independent_values() as f64;
        let free = |k: usize| (values - k as f64).max(1.0);
        let unknown = fit.parameters.len() - self.offer.candidates.len();
        let used = round.selected.structures.best().terms.len() + unknown;
        // The best structure may leave something out; the fit of all candidates, to the linearised problem, does not.
        let problem = &round.selected.problem;
        let all: Vec<usize> = (0..problem.terms()).collect();
        let x = non_negative(problem, &all, &vec![true; all.len()]);
        let with_all = x.iter().filter(|k| **k > 0.0).count() + unknown;
        let ratio = (problem.residual(&x) / free(with_all)) / (fit.chi2 / free(used)).max(f64::MIN_POSITIVE);
        let scale = if ratio.is_finite() { ratio.clamp(1e-12, 1.0).sqrt() } else { 1.0 };
        let left = free(used) / values;
        let models = from_residuals(&self.experiments, &round.predictions, self.observed.len(), left);
        let scaled = |m: NoiseModel| match m {
            NoiseModel::Additive(s) => NoiseModel::Additive(s * scale),
            NoiseModel::Relative(s) => NoiseModel::Relative((s * scale).max(1e-6)),
        };
        models.into_iter().map(scaled).collect()
    }

    fn conclude(
        &self,
        round: Round,
        source: NoiseSource,
        models: Vec<NoiseModel>,
    ) -> Result<LearnedCourses, LearnError> {
        let Round { selected, data, starts, predictions } = round;
        let shooting = CourseShooting::new(self.equations, data.conditions(), starts)?;
        let parameters = &selected.structures.best().fit.parameters;
        let curve = |(c, condition): (usize, &Condition)| {
            let (first, last) = (condition.times[0], condition.times[condition.times.len() - 1]);
            let step = (last - first) / (CURVE - 1) as f64;
            let times: Vec<f64> =
                (0..CURVE).map(|i| if i + 1 == CURVE { last } else { first + step * i as f64 }).collect();
            shooting.course(c, parameters, &times).map(|values| Curve { times, values })
        };
        let curves = data.conditions().iter().enumerate().map(curve).collect::<Result<_, _>>()?;
        let initial = (0..data.conditions().len()).map(|c| shooting.initial(c, parameters)).collect();
        let findings = Findings {
            offer: self.offer,
            route: Route::MassAction,
            data: &data,
            selected: &selected,
            confidence: self.settings.confidence,
            noise_from_residuals: source == NoiseSource::Residuals,
        };
        let report = learn_report(&findings, self.verdicts(source, &models));
        Ok(LearnedCourses {
            report,
            constants: self.constants(&selected),
            species: self.equations.species().to_vec(),
            initial,
            predictions,
            curves,
            conditions: data.conditions().to_vec(),
            noise_source: source,
            noise: models,
        })
    }

    fn verdicts(&self, source: NoiseSource, models: &[NoiseModel]) -> Vec<Verdict> {
        let list = || {
            let each = self.observed.iter().zip(models).map(|(o, m)| format!("{o}: {}", m.describe()));
            each.collect::<Vec<_>>().join(", ")
        };
        let mut verdicts = Vec::new();
        match source {
            NoiseSource::Columns | NoiseSource::Setting => {}
            NoiseSource::Replicates => verdicts.push(Verdict::new(
                Level::Good,
                format!("standard errors are from the spread of replicates ({})", list()),
            )),
            NoiseSource::Residuals => verdicts.push(Verdict::new(
                Level::Caution,
                format!(
                    "standard errors were estimated from what the fit leaves over ({}), so that the fit itself is not \
                     tested; measure replicates, or say with --noise how precise the values are",
                    list()
                ),
            )),
        }
        if self.has_hidden() {
            let hidden = self.equations.species().iter().filter(|s| !self.observed.contains(s));
            let hidden: Vec<&str> = hidden.map(String::as_str).collect();
            verdicts.push(Verdict::new(
                Level::Caution,
                format!(
                    "{} not measured: all reactions of the model were taken to be there, and the model's initial \
                     amounts of {} to be right",
                    if hidden.len() == 1 {
                        format!("`{}` was", hidden[0])
                    } else {
                        format!("`{}` were", hidden.join("`, `"))
                    },
                    if hidden.len() == 1 { "it" } else { "them" }
                ),
            ));
        }
        verdicts
    }
}
