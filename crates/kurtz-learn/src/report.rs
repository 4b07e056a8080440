//! What was learned, as data: the content of `result.json`.

use crate::condition::Condition;
use crate::fit::WeightedData;
use crate::identifiability::Identifiability;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

/// Everything learned from one set of data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnReport {
    /// Species, in the order of the data.
    pub species: Vec<String>,
    /// Volume, in the unit of the network; 1 where counts are all that matters.
    pub volume: f64,
    /// The data used.
    pub data: DataSummary,
    /// How the moment equations were closed.
    pub route: Route,
    /// Every candidate reaction, chosen or not.
    pub reactions: Vec<ReactionReport>,
    /// Parameters of a given network, if such were fitted.
    pub parameters: Vec<ParameterReport>,
    /// The chosen structure and those that the data cannot tell from it, the best first.
    pub structures: Vec<StructureReport>,
    /// Whether all structures were searched.
    pub structures_complete: bool,
    /// What each term had to gain in chi-square to be kept.
    pub penalty_per_term: f64,
    /// How well the chosen structure describes the data.
    pub goodness: Goodness,
    /// What the data determine of all candidates together.
    pub identifiability: Identifiability,
    /// If a closure was used: the same fit under every closure.
    pub closures: Vec<ClosureReport>,
    /// Conclusions, in words.
    pub verdicts: Vec<Verdict>,
}

/// Rate constants under one closure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosureReport {
    /// The closure.
    pub closure: String,
    /// The reactions fitted.
    pub reactions: Vec<String>,
    /// Their rate constants.
    pub rates: Vec<f64>,
    /// How far each lies from the reference, in standard errors.
    pub shifts: Vec<f64>,
    /// Chi-square.
    pub chi2: f64,
}

/// The data behind a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSummary {
    /// Each condition: name, number of times after the start, repetitions.
    pub conditions: Vec<ConditionSummary>,
    /// What was observed.
    pub observables: Vec<String>,
    /// Independent values in all.
    pub independent_values: usize,
}

/// One condition of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionSummary {
    /// Its name.
    pub name: String,
    /// Number of times after the start.
    pub times: usize,
    /// Independent repetitions.
    pub repetitions: f64,
}

/// How the equations of the moments were closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// They close exactly.
    Exact,
    /// The higher moments that they call for were measured.
    MeasuredMoments,
    /// A closure supplied them.
    Closure(String),
    /// No moments but concentrations: mass action, the limit of large volume.
    MassAction,
    /// No equations of moments: the master equation was solved.
    MasterEquation,
    /// No equations: the likelihood of every event.
    Events,
}

/// A number with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Best value.
    pub value: f64,
    /// Standard error; `None` where the data leave it open or the value is at its bound.
    pub standard_error: Option<f64>,
    /// Lower end of the interval; `None` if there is none.
    pub lower: Option<f64>,
    /// Upper end of the interval; `None` if there is none.
    pub upper: Option<f64>,
}

/// One candidate reaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactionReport {
    /// Its name.
    pub name: String,
    /// The reaction.
    pub equation: String,
    /// Whether the evidence asks for it.
    pub selected: bool,
    /// Its rate constant, 95 % interval in the chosen structure; for one left out: 0, and the one-sided upper limit.
    pub rate: Estimate,
    /// The same if no reaction is left out.
    pub without_selection: Estimate,
}

/// One parameter of a given network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterReport {
    /// Its name.
    pub name: String,
    /// Its value, 95 % interval.
    pub estimate: Estimate,
}

/// One structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructureReport {
    /// Its terms or reactions.
    pub terms: Vec<String>,
    /// Their coefficients.
    pub coefficients: Vec<f64>,
    /// Standard errors of these.
    pub standard_errors: Vec<f64>,
    /// Chi-square.
    pub chi2: f64,
    /// Independent values less coefficients.
    pub degrees_of_freedom: usize,
    /// Chi-square plus penalties, less that of the best.
    pub score: f64,
    /// Share of the evidence among the structures listed, exp(-score/2) normalised.
    pub weight: f64,
}

/// How well a fit describes the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goodness {
    /// Chi-square.
    pub chi2: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: usize,
    /// Probability of a larger chi-square if the model is right.
    pub p_value: f64,
}

/// How serious a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Good,
    /// To be kept in mind.
    Caution,
    /// Do not rely on the result.
    Bad,
}

/// A conclusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// How serious it is.
    pub level: Level,
    /// What it says.
    pub message: String,
}

impl Verdict {
    /// A verdict.
    pub fn new(level: Level, message: impl Into<String>) -> Self {
        Verdict { level, message: message.into() }
    }
}

impl Goodness {
    /// The probability of a larger chi-square, from the law of chi-square.
    pub fn new(chi2: f64, degrees_of_freedom: usize) -> Self {
        let p_value = match ChiSquared::new(degrees_of_freedom as f64) {
            Ok(law) if chi2.is_finite() => law.sf(chi2),
            _ => 1.0,
        };
        Goodness { chi2, degrees_of_freedom, p_value }
    }

    /// The same where the covariance behind chi-square was estimated from `repetitions`, over `values` values, and its
    /// inverse corrected on average: (N - 1) / (N - q - 2) chi-square is then Hotelling's statistic.
    pub(crate) fn sampled(chi2: f64, degrees_of_freedom: usize, values: f64, repetitions: f64) -> Self {
        let (d, n) = (degrees_of_freedom as f64, repetitions);
        let t2 = chi2 * (n - 1.0) / (n - values - 2.0);
        let p_value = match FisherSnedecor::new(d, n - d) {
            Ok(law) if chi2.is_finite() => law.sf(t2 * (n - d) / (d * (n - 1.0))),
            _ => 1.0,
        };
        Goodness { chi2, degrees_of_freedom, p_value }
    }

    /// The verdict on it.
    pub fn verdict(&self) -> Verdict {
        let Goodness { chi2, degrees_of_freedom, p_value } = self;
        let numbers = format!("chi-square {chi2:.1} for {degrees_of_freedom} degrees of freedom (p = {p_value:.2e})");
        match *p_value {
            p if p < 1e-6 => Verdict::new(
                Level::Bad,
                format!(
                    "{numbers}: the chosen structure does not describe the data; candidates are missing or the noise is understated"
                ),
            ),
            p if p < 1e-3 => Verdict::new(Level::Caution, format!("{numbers}: a poor description of the data")),
            _ => Verdict::new(Level::Good, numbers),
        }
    }
}

impl DataSummary {
    /// Summarises weighted data.
    pub fn of(data: &WeightedData) -> Self {
        let conditions: Vec<ConditionSummary> = data.conditions().iter().map(ConditionSummary::of).collect();
        let observables = data.conditions().first().map(|c| c.observables.clone()).unwrap_or_default();
        DataSummary { conditions, observables, independent_values: data.independent_values() }
    }
}

impl ConditionSummary {
    fn of(condition: &Condition) -> Self {
        ConditionSummary {
            name: condition.name.clone(),
            times: condition.times.len() - 1,
            repetitions: condition.repetitions,
        }
    }
}

/// A number that may be infinite, as JSON can hold it.
pub(crate) fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
