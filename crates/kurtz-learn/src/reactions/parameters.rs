//! Parameters of a given network, where rate constants are expressions of them (r1*lambda, say).

use super::candidates::candidates_of;
use crate::error::LearnError;
use crate::fit::{
    Fit, FitSettings, LibraryModel, Prediction, Predictor, Shooting, ShootingSettings, WeightedData, fit,
};
use crate::library::ReactionLibrary;
use crate::linear::{Cholesky, Compressed, Matrix};
use crate::report::{Estimate, ParameterReport, finite};
use kurtz_dynamics::moments::Stoichiometry;
use kurtz_dynamics::moments::closure::Closure;
use kurtz_model::kinetics::Changes;
use kurtz_model::{Expression, Kinetics, Network, Parameter, ParameterId, RateLaw, Reaction, Symbol, Value};

/// The rate constants of a network as functions of some of its parameters, the others at their values.
#[derive(Clone, Debug)]
pub struct RateExpressions {
    names: Vec<String>,
    ids: Vec<ParameterId>,
    /// Values of all parameters; the free ones are replaced.
    values: Vec<f64>,
    volumes: Vec<f64>,
    constants: Vec<Expression>,
    /// dk_j/dp_i, `[reactions x free]`.
    derivatives: Vec<Expression>,
    /// Coherent units per unit in which the network gives each free parameter.
    scales: Vec<f64>,
}

impl RateExpressions {
    /// Reads the rate constants of a network in the parameters named.
    ///
    /// # Errors
    /// Reactions that are not of mass action; unknown parameters, or ones that are defined by others.
    pub fn new(network: &Network, free: &[String]) -> Result<Self, LearnError> {
        let kinetics = Kinetics::new(network)?;
        let independent = |p: &&Parameter| matches!(p.value, Value::Quantity(_));
        let find = |name: &String| {
            let id = network.parameter_named(name);
            id.filter(|id| independent(&&network.parameters[id.index()])).ok_or_else(|| LearnError::UnknownParameter {
                name: name.clone(),
                known: network.parameters.iter().filter(independent).map(|p| p.name.clone()).collect(),
            })
        };
        let ids: Vec<ParameterId> = free.iter().map(find).collect::<Result<_, _>>()?;
        let constant = |r: &Reaction| match &r.rate {
            RateLaw::MassAction(k) => Ok(in_independent_parameters(network, k)),
            RateLaw::Rate(_) | RateLaw::Propensity(_) => Err(LearnError::NotMassAction { reaction: r.name.clone() }),
        };
        let constants: Vec<Expression> = network.reactions.iter().map(constant).collect::<Result<_, _>>()?;
        let slope = |k: &Expression, id: ParameterId| k.derivative(Symbol::Parameter(id)).simplify();
        Ok(RateExpressions {
            names: free.to_vec(),
            derivatives: constants.iter().flat_map(|k| ids.iter().map(|&id| slope(k, id))).collect(),
            scales: ids.iter().map(|&id| scale_of(network, id)).collect::<Result<_, _>>()?,
            ids,
            values: kinetics.parameters().to_vec(),
            volumes: kinetics.volumes().to_vec(),
            constants,
        })
    }

    /// Values of the free parameters in the network, in its coherent units.
    pub fn start(&self) -> Vec<f64> {
        self.ids.iter().map(|id| self.values[id.index()]).collect()
    }

    /// The rate constants at given values of the free parameters, `[reactions]`.
    pub fn rates(&self, parameters: &[f64]) -> Vec<f64> {
        self.constants.iter().map(|k| self.evaluate(k, parameters)).collect()
    }

    /// dk_j/dp_i at given values, `[reactions x free]`.
    pub fn derivatives(&self, parameters: &[f64]) -> Vec<f64> {
        self.derivatives.iter().map(|k| self.evaluate(k, parameters)).collect()
    }

    /// The parameters at which the rate constants are nearest to `rates`, `[reactions]`, in the sense of least squares.
    ///
    /// # Errors
    /// [`LearnError::NotIdentifiable`] if the rate constants do not determine the parameters.
    pub fn parameters_at(&self, rates: &[f64]) -> Result<Vec<f64>, LearnError> {
        let undetermined = |reason: &str| LearnError::NotIdentifiable {
            what: "the parameters of the network".into(),
            reason: reason.into(),
        };
        let n = self.ids.len();
        let all: Vec<usize> = (0..n).collect();
        let mut parameters = self.start();
        for _ in 0..100 {
            let (now, slopes) = (self.rates(&parameters), self.derivatives(&parameters));
            let rows = Matrix::from_fn(rates.len(), n + 1, |j, i| match i == n {
                true => rates[j] - now[j],
                false => slopes[j * n + i],
            });
            let step = Compressed::new(&rows).solve(&all);
            let step = step.ok_or_else(|| undetermined("the rate constants depend on fewer combinations of them"))?.x;
            parameters.iter_mut().zip(&step).for_each(|(p, s)| *p += s);
            let size = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
            if size(&step) <= 1e-28 * size(&parameters) {
                return Ok(parameters);
            }
        }
        Err(undetermined("the search for them does not come to rest"))
    }

    fn evaluate(&self, expression: &Expression, parameters: &[f64]) -> f64 {
        expression.evaluate(&|symbol| match symbol {
            Symbol::Parameter(id) => match self.ids.iter().position(|i| *i == id) {
                Some(k) => parameters[k],
                None => self.values[id.index()],
            },
            Symbol::Compartment(c) => self.volumes[c.index()],
            Symbol::Species(_) | Symbol::Time => f64::NAN,
        })
    }
}

/// Predictions in the parameters of a network instead of its rate constants: by the chain rule,
/// d/dp = sum_j (d/dk_j) (dk_j/dp).
struct InParameters<'a> {
    shooting: &'a Shooting<'a>,
    rates: &'a RateExpressions,
}

impl InParameters<'_> {
    fn inner(&self, parameters: &[f64]) -> Vec<f64> {
        let (own, starts) = parameters.split_at(self.rates.ids.len());
        self.rates.rates(own).into_iter().chain(starts.iter().copied()).collect()
    }
}

impl Predictor for InParameters<'_> {
    fn parameter_count(&self) -> usize {
        self.shooting.parameter_count() - self.rates.constants.len() + self.rates.ids.len()
    }

    fn parameter_names(&self) -> Vec<String> {
        let starts = self.shooting.parameter_names().into_iter().skip(self.rates.constants.len());
        self.rates.names.iter().cloned().chain(starts).collect()
    }

    fn predict(&self, condition: usize, parameters: &[f64], by: &[usize]) -> Result<Prediction, LearnError> {
        let (reactions, free) = (self.rates.constants.len(), self.rates.ids.len());
        let inner = self.inner(parameters);
        if by.is_empty() {
            return self.shooting.predict(condition, &inner, &[]);
        }
        let slopes = self.rates.derivatives(&parameters[..free]);
        let all: Vec<usize> = (0..inner.len()).collect();
        let found = self.shooting.predict(condition, &inner, &all)?;
        let row = |r: usize| &found.by_parameter[r * all.len()..(r + 1) * all.len()];
        let entry = |r: usize, p: usize| match p < free {
            true => (0..reactions).map(|j| row(r)[j] * slopes[j * free + p]).sum(),
            false => row(r)[reactions + p - free],
        };
        let by_parameter = (0..found.values.len() * by.len()).map(|e| entry(e / by.len(), by[e % by.len()])).collect();
        Ok(Prediction { values: found.values, by_parameter })
    }
}

/// Parameters of a network, fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterFit {
    /// Names of the parameters fitted.
    pub names: Vec<String>,
    /// Their fit, in the network's coherent units.
    pub fit: Fit,
    /// The rate constants that follow, `[reactions]`.
    pub rates: Vec<f64>,
    /// The network with the fitted values.
    pub network: Network,
}

/// Fits parameters of a network (all >= 0) to conditions that observe its moments of orders 1 to `order`, starting from
/// their values in the network.
///
/// # Errors
/// As [`RateExpressions::new`] and [`fit`].
pub fn fit_parameters(
    network: &Network,
    free: &[String],
    data: &WeightedData,
    order: u32,
    closure: Option<&dyn Closure>,
    fits: &FitSettings,
    shooting: &ShootingSettings,
) -> Result<ParameterFit, LearnError> {
    let rates = RateExpressions::new(network, free)?;
    let library = library_of(network, order, closure)?;
    let model = LibraryModel(&library);
    let conditions = data.conditions();
    let bare = Shooting::new(&model, conditions)?;
    let mut fitted = bare.with_initial_values(&rates.start());
    let non_negative: Vec<bool> = (0..fitted.len()).map(|j| j < free.len()).collect();
    let mut result = None;
    // The number of steps is chosen at the start and again where the fit ends.
    for _ in 0..2 {
        let (own, starts) = fitted.split_at(free.len());
        let inner: Vec<f64> = rates.rates(own).into_iter().chain(starts.iter().copied()).collect();
        let steps = Shooting::new(&model, conditions)?.refined_at(&inner, shooting)?;
        let found = fit(&InParameters { shooting: &steps, rates: &rates }, data, &fitted, &non_negative, fits)?;
        fitted.clone_from(&found.parameters);
        result = Some(found);
    }
    let fit = result.expect("fitted twice");
    let mut network = network.clone();
    for (k, id) in rates.ids.iter().enumerate() {
        if let Value::Quantity(q) = &mut network.parameters[id.index()].value {
            q.value = fit.parameters[k] / rates.scales[k];
        }
    }
    let constants = rates.rates(&fit.parameters[..free.len()]);
    Ok(ParameterFit { names: free.to_vec(), fit, rates: constants, network })
}

/// The parameters of a network at which its rate constants are nearest to fitted ones, with 95 % intervals, in the
/// network's own units; none if nothing but the constants themselves is in it.
///
/// `rates`, `[reactions]`, and their `covariance`, `[reactions x reactions]`, are in coherent units. Distances are those
/// of the covariance (generalised least squares), so that for small errors this is the fit of the parameters to the data.
///
/// # Errors
/// As [`RateExpressions::new`]; constants that do not determine the parameters.
pub fn parameters_from_rates(
    network: &Network,
    rates: &[f64],
    covariance: &[f64],
) -> Result<Vec<ParameterReport>, LearnError> {
    let independent = |p: &&Parameter| matches!(p.value, Value::Quantity(_));
    let all: Vec<String> = network.parameters.iter().filter(independent).map(|p| p.name.clone()).collect();
    let every = RateExpressions::new(network, &all)?;
    let (n, start) = (rates.len(), every.start());
    // Those that no constant depends on are not looked for.
    let slopes = every.derivatives(&start);
    let used = |i: &usize| (0..n).any(|j| slopes[j * all.len() + i] != 0.0);
    let free: Vec<String> = (0..all.len()).filter(used).map(|i| all[i].clone()).collect();
    if free.is_empty() {
        return Ok(Vec::new());
    }
    let expressions = RateExpressions::new(network, &free)?;
    let not_a_covariance = || LearnError::NotACovariance { condition: "the rate constants".into() };
    let factor = Cholesky::new(&Matrix::from_rows(n, n, covariance.to_vec())).ok_or_else(not_a_covariance)?;
    let k = free.len();
    let whitened = |parameters: &[f64]| {
        let (now, slopes) = (expressions.rates(parameters), expressions.derivatives(parameters));
        let mut rows = Matrix::from_fn(n, k + 1, |j, i| if i == k { rates[j] - now[j] } else { slopes[j * k + i] });
        factor.whiten(&mut rows);
        Compressed::new(&rows)
    };
    let undetermined = || LearnError::NotIdentifiable {
        what: "the parameters of the network".into(),
        reason: "the rate constants depend on fewer combinations of them".into(),
    };
    let everything: Vec<usize> = (0..k).collect();
    let mut parameters = expressions.parameters_at(rates)?;
    for _ in 0..20 {
        let step = whitened(&parameters).solve(&everything).ok_or_else(undetermined)?.x;
        parameters.iter_mut().zip(&step).for_each(|(p, s)| *p += s);
    }
    let inverse = whitened(&parameters).inverse_information(&everything).ok_or_else(undetermined)?;
    let report = |(i, name): (usize, &String)| {
        let scale = expressions.scales[i];
        let (value, error) = (parameters[i] / scale, inverse[(i, i)].sqrt() / scale);
        let half = NORMAL_95 * error;
        let (lower, upper) = (finite(value - half), finite(value + half));
        ParameterReport {
            name: name.clone(),
            estimate: Estimate { value, standard_error: finite(error), lower, upper },
        }
    };
    Ok(free.iter().enumerate().map(report).collect())
}

/// Half of a 95 % interval in standard errors.
const NORMAL_95: f64 = 1.959_964;

fn library_of(network: &Network, order: u32, closure: Option<&dyn Closure>) -> Result<ReactionLibrary, LearnError> {
    let species: Vec<String> = network.species.iter().map(|s| s.name.clone()).collect();
    let candidates = candidates_of(network, &species)?;
    let stoichiometries: Vec<Stoichiometry> = candidates.iter().map(|c| c.stoichiometry.clone()).collect();
    let names = candidates.into_iter().map(|c| c.name).collect();
    let volume = Kinetics::new(network)?.volumes()[0];
    ReactionLibrary::new(&species, names, &stoichiometries, volume, order, order, closure)
}

/// Replaces parameters that are defined by others until only independent ones are left.
fn in_independent_parameters(network: &Network, expression: &Expression) -> Expression {
    let mut expression = expression.clone();
    for _ in 0..=network.parameters.len() {
        let defined = |symbol: Symbol| match symbol {
            Symbol::Parameter(id) => match &network.parameters[id.index()].value {
                Value::Expression(e) => Some(e.clone()),
                Value::Quantity(_) => None,
            },
            _ => None,
        };
        if expression.symbols().into_iter().all(|s| defined(s).is_none()) {
            break;
        }
        expression = expression.substitute(defined);
    }
    expression
}

/// Coherent units in one of the unit in which the network gives a parameter.
fn scale_of(network: &Network, id: ParameterId) -> Result<f64, LearnError> {
    let parameter = &network.parameters[id.index()];
    let value = match &parameter.value {
        Value::Quantity(q) if q.value != 0.0 => q.value,
        // Small, so that constants which depend on it stay what they are.
        _ => 1e-9,
    };
    let changes = Changes { parameters: vec![(parameter.name.clone(), value)], ..Changes::default() };
    Ok(Kinetics::with_changes(network, &changes)?.parameters()[id.index()] / value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Weighting;
    use crate::testing;

    #[test]
    fn parameters_of_the_epidermis_are_found_from_a_far_start() {
        let network = testing::network([0.3, 0.3, 0.6, 0.6]);
        let condition = testing::exact(10.0, 20, 1).draw_condition(1_000_000, 3, 2).unwrap();
        let data = WeightedData::new(vec![condition], Weighting::Full).unwrap();
        let names = ["r1", "r2", "lambda", "Gamma"].map(String::from);
        let found =
            fit_parameters(&network, &names, &data, 2, None, &FitSettings::default(), &ShootingSettings::default())
                .unwrap();
        assert!(found.fit.converged && found.fit.degrees_of_freedom == 96);
        for (k, truth) in [testing::R1, testing::R2, testing::LAMBDA, testing::GAMMA].into_iter().enumerate() {
            let z = (found.fit.parameters[k] - truth) / found.fit.standard_error(k);
            assert!(z.abs() < 4.9, "{}: {z} standard errors", names[k]);
            assert!((found.fit.parameters[k] / truth - 1.0).abs() < 0.003, "{}", names[k]);
        }
        assert_eq!(Kinetics::new(&found.network).unwrap().parameters()[..4], found.fit.parameters);
        assert!((found.rates[1] - (1.0 - testing::R1 - testing::R2) * testing::LAMBDA).abs() < 0.003);
    }

    #[test]
    fn parameters_that_are_defined_by_others_cannot_be_fitted() {
        let network = testing::network([0.1; 4]);
        let error = RateExpressions::new(&network, &["mu".to_string()]).unwrap_err();
        assert!(matches!(&error, LearnError::UnknownParameter { known, .. } if known.len() == 4), "{error}");
    }
}
