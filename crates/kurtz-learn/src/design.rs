//! What to measure next: which further experiment would tell apart the structures that are left, and which would
//! determine all terms best.
//!
//! For a proposed experiment, what each structure predicts is compared with what the other could at best imitate after
//! fitting the data at hand and the new ones together: with the difference d of the predictions, the sensitivities S of
//! the imitating structure and the noise C of the experiment, the expected gain of chi-square is
//! min over e of (d - S e)^T C^-1 (d - S e) + e^T I e, where I is the information that the data at hand already hold
//! on its coefficients (A. C. Atkinson, V. V. Fedorov, Biometrika 62 (1975) 57-70: T-optimality). For the information on
//! all terms together: log det (I + S^T C^-1 S) - log det I (D-optimality).

use crate::condition::Condition;
use crate::error::LearnError;
use crate::fit::{LibraryModel, Prediction, Predictor, Shooting, ShootingSettings, WeightedData, Weighting, linearise};
use crate::library::Library;
use crate::linear::{Compressed, Matrix};
use crate::structure::StructureSet;
use serde::{Deserialize, Serialize};

/// An experiment that could be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its name, for the table.
    pub name: String,
    /// Values of all observables at the start, known exactly.
    pub start: Vec<f64>,
    /// Times, increasing; the first is the start.
    pub times: Vec<f64>,
    /// Independent repetitions.
    pub repetitions: f64,
}

/// What a proposed experiment can be expected to bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// The experiment.
    pub proposal: Proposal,
    /// Expected gain of chi-square of the best structure over each other one (in the order of the set, without the
    /// best), if the best is true. `None` for one that contains the best: it can always imitate it, and loses by its
    /// superfluous terms alone.
    pub separations: Vec<Option<f64>>,
    /// The least of them; `None` if there is nothing left to separate.
    pub least_separation: Option<f64>,
    /// Gain of the logarithm of the determinant of the information on all terms.
    pub information_gain: f64,
}

/// Rates proposed experiments, the most telling first: by the structure that they separate worst, then by information.
///
/// The noise of an experiment is taken from the conditions at hand, the variance of each observable growing in
/// proportion to its predicted value (as it does for counts of independent clones) and falling with the repetitions.
/// Where the proposal has other times, that of the nearest time is used, with its correlations: a guide, not a promise.
///
/// # Errors
/// Proposals with other observables. Those in which the best structure runs away are left out.
pub fn rate_proposals(
    library: &dyn Library,
    data: &WeightedData,
    structures: &StructureSet,
    proposals: &[Proposal],
    shooting: &ShootingSettings,
) -> Result<Vec<Advice>, LearnError> {
    let model = LibraryModel(library);
    let p = library.term_count();
    let best = &structures.best().fit.parameters;
    let at_hand = |parameters: &[f64]| -> Result<Compressed, LearnError> {
        let fitted = Shooting::new(&model, data.conditions())?.refined_at(parameters, shooting)?;
        let all: Vec<usize> = (0..parameters.len()).collect();
        Ok(linearise(&fitted, data, parameters, &all)?.without_trailing(p))
    };
    let known: Vec<Compressed> =
        structures.structures.iter().map(|s| at_hand(&s.fit.parameters)).collect::<Result<_, _>>()?;
    let mut advice = Vec::new();
    for proposal in proposals {
        let condition = match imagine(&model, data, best, proposal, shooting) {
            // Where the best structure itself runs away nothing can be promised.
            Err(LearnError::Diverged { .. }) => continue,
            other => other?,
        };
        let imagined = WeightedData::new(vec![condition], Weighting::Full)?;
        let predict = |parameters: &[f64]| -> Option<Prediction> {
            let all: Vec<usize> = (0..p).collect();
            let s = Shooting::new(&model, imagined.conditions()).ok()?.refined_at(parameters, shooting).ok()?;
            s.predict(0, &parameters[..p], &all).ok()
        };
        let Some(truth) = predict(best) else { continue };
        let mut separations = Vec::new();
        for (structure, information) in structures.structures.iter().zip(&known).skip(1) {
            let contains_best = structures.best().terms.iter().all(|j| structure.terms.contains(j));
            // A structure that cannot even be integrated there is told apart by anything.
            separations.push(match predict(&structure.fit.parameters) {
                _ if contains_best => None,
                Some(other) => Some(separation(&imagined, &truth, &other, information, &structure.terms)),
                None => Some(CERTAIN),
            });
        }
        let all: Vec<usize> = (0..p).collect();
        let new = joined(&imagined, &truth, &truth, &known[0], &all);
        advice.push(Advice {
            proposal: proposal.clone(),
            least_separation: separations.iter().copied().flatten().reduce(f64::min),
            separations,
            information_gain: 2.0 * (log_determinant(&new) - log_determinant(&known[0])),
        });
    }
    let key = |a: &Advice| a.least_separation.unwrap_or(0.0);
    advice.sort_by(|a, b| key(b).total_cmp(&key(a)).then(b.information_gain.total_cmp(&a.information_gain)));
    Ok(advice)
}

/// Starts at fractions and multiples of those at hand, and twice the time, each with as many repetitions as the data at
/// hand have in all.
pub fn usual_proposals(data: &WeightedData) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for condition in data.conditions() {
        for factor in [0.2, 0.5, 1.0, 2.0, 4.0] {
            for stretch in [1.0, 2.0] {
                let first = condition.times[0];
                let start: Vec<f64> = condition.start().iter().map(|v| (v * factor).round()).collect();
                let times = condition.times.iter().map(|t| first + stretch * (t - first)).collect();
                let span = stretch * (condition.times.last().copied().unwrap_or(first) - first);
                let name = format!("start at {factor} x `{}`, for {span}", condition.name);
                if start.iter().any(|v| *v > 0.0) {
                    proposals.push(Proposal { name, start, times, repetitions: data.repetitions() });
                }
            }
        }
    }
    proposals
}

/// Stands for a difference beyond measure.
const CERTAIN: f64 = 1e9;

/// Correlation in time left where an experiment has times closer than the data at hand.
const SHARED_MEMORY: f64 = 0.9;

/// The condition that an experiment would give: predicted values, and noise scaled from the nearest condition at hand.
fn imagine(
    model: &LibraryModel<'_>,
    data: &WeightedData,
    best: &[f64],
    proposal: &Proposal,
    shooting: &ShootingSettings,
) -> Result<Condition, LearnError> {
    let observables = data.conditions()[0].observables.clone();
    let (n, t) = (observables.len(), proposal.times.len());
    if proposal.start.len() != n {
        let what = format!("the start of proposal `{}`", proposal.name);
        return Err(LearnError::Length { what, expected: n, found: proposal.start.len() });
    }
    let distance = |c: &Condition| -> f64 {
        c.start().iter().zip(&proposal.start).map(|(a, b)| ((a + 1.0) / (b + 1.0)).ln().powi(2)).sum()
    };
    let near = data.conditions().iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let near = near.ok_or(LearnError::Empty { what: "conditions" })?;
    let mut values = proposal.start.clone();
    values.resize(n * t, 0.0);
    let name = proposal.name.clone();
    let repetitions = proposal.repetitions;
    let blank = Condition::new(
        name.clone(),
        proposal.times.clone(),
        observables.clone(),
        values,
        vec![0.0; (n * t).pow(2)],
        repetitions,
    )?;
    let blank = [blank];
    let p = model.0.term_count();
    let values = Shooting::new(model, &blank)?.refined_at(&best[..p], shooting)?.predict(0, &best[..p], &[])?.values;
    // The nearest time at hand, the start excepted.
    let place = |time: f64| {
        let first = near.times[0];
        let wanted = first + time - proposal.times[0];
        let distances = near.times.iter().map(|s| (s - wanted).abs()).enumerate().skip(1);
        distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1, |(i, _)| i)
    };
    let places: Vec<usize> = proposal.times.iter().map(|&time| place(time)).collect();
    let total = near.values.len();
    let scale = |row: usize| -> f64 {
        let there = near.values[places[row / n] * n + row % n].abs();
        let here = values[row].abs();
        (if there > 0.0 { (here / there).max(1e-6) } else { 1.0 } * near.repetitions / repetitions).sqrt()
    };
    // Times that share a place would be the same number twice; a common factor on all correlations in time keeps them
    // apart, and the matrix a covariance.
    let shared = places[1..].windows(2).any(|w| w[0] == w[1]);
    let memory = if shared { SHARED_MEMORY } else { 1.0 };
    let entry = |i: usize, j: usize| -> f64 {
        if i < n || j < n {
            return 0.0;
        }
        let (a, b) = (places[i / n], places[j / n]);
        let factor = if i / n == j / n { 1.0 } else { memory };
        factor * near.covariance[(a * n + i % n) * total + b * n + j % n] * scale(i) * scale(j)
    };
    let covariance = (0..(n * t).pow(2)).map(|e| entry(e / (n * t), e % (n * t))).collect();
    Condition::new(name, proposal.times.clone(), observables, values, covariance, repetitions)
}

/// The rows of a new experiment below the information at hand, for steps of some terms of the other structure.
fn joined(
    imagined: &WeightedData,
    truth: &Prediction,
    other: &Prediction,
    at_hand: &Compressed,
    terms: &[usize],
) -> Compressed {
    let (k, p) = (terms.len(), at_hand.terms());
    let rows = imagined.rows(0);
    let mut new = Matrix::from_fn(rows.len(), k + 1, |r, j| match j == k {
        true => truth.values[rows[r]] - other.values[rows[r]],
        false => other.by_parameter[rows[r] * p + terms[j]],
    });
    imagined.whiten(0, &mut new);
    // The other structure rests at its optimum on the data at hand: steps cost, and nothing pulls.
    let old = (0..p).flat_map(|i| {
        let row = terms.iter().map(move |&j| at_hand.r[(i, j)]);
        row.chain([0.0]).collect::<Vec<f64>>()
    });
    let all: Vec<f64> = new.as_slice().iter().copied().chain(old).collect();
    Compressed::new(&Matrix::from_rows(rows.len() + p, k + 1, all))
}

fn separation(
    imagined: &WeightedData,
    truth: &Prediction,
    other: &Prediction,
    at_hand: &Compressed,
    terms: &[usize],
) -> f64 {
    joined(imagined, truth, other, at_hand, terms).rest
}

/// The logarithm of the determinant of a triangle, directions that are not determined at all counted as 1e-12.
fn log_determinant(problem: &Compressed) -> f64 {
    (0..problem.terms()).map(|j| problem.r[(j, j)].abs().max(1e-12).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::FitSettings;
    use crate::library::PolynomialLibrary;
    use crate::structure::{SelectionSettings, select_terms};
    use crate::testing;

    #[test]
    fn another_initial_state_is_advised_and_does_what_it_promises() {
        // With 1e4 trajectories from ten cells A and A^2 in dA/dt look alike.
        let library = PolynomialLibrary::full(testing::species(), 1, 2);
        let first = testing::exact(10.0, 20, 1).draw_condition(10_000, 7, 1).unwrap();
        let search = |conditions: Vec<Condition>| {
            let data = WeightedData::new(conditions, Weighting::Full).unwrap();
            let (selection, fits, steps) =
                (SelectionSettings::default(), FitSettings::default(), ShootingSettings::default());
            let set = select_terms(&library, &data, &[false; 10], &selection, &fits, &steps).unwrap();
            (data, set)
        };
        let (data, set) = search(vec![first.clone()]);
        assert!(set.structures.len() > 1, "there is something to separate");
        let advice =
            rate_proposals(&library, &data, &set, &usual_proposals(&data), &ShootingSettings::default()).unwrap();
        let of = |factor: &str, span: &str| {
            let name = format!("start at {factor} x `{}`, for {span}", first.name);
            advice.iter().find(|a| a.proposal.name == name).unwrap()
        };
        // The same again separates little; four times the cells tell at once.
        let (again, other) = (of("1", "20"), of("4", "20"));
        assert!(other.least_separation.unwrap() > 10.0 * again.least_separation.unwrap(), "{again:?} {other:?}");
        assert!(other.information_gain > again.information_gain);
        assert!(advice[0].least_separation.unwrap() > 30.0, "{:?}", advice[0]);

        let second = testing::exact(40.0, 20, 1).draw_condition(10_000, 8, 1).unwrap();
        let (_, after) = search(vec![first, second]);
        assert_eq!(after.best().terms, [0, 5, 6]);
        assert!(after.structures.len() < set.structures.len());
    }
}
