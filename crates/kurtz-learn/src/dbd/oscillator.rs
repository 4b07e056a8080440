//! Reduced models without a subnet: parameters that relax to levels with hidden partners, fitted to whole courses.
//!
//! Each moving parameter y has a hidden partner u that flows instead of following a clock:
//! y' = -g (y - y_inf) + w u, u' = -g u - w (y - y_inf), from the y of the condition and u_0 = a(c) |W_0|: fluctuations at
//! the start are what oscillates together. The levels y_inf, the rates g, w and the amplitudes a are polynomials of a
//! saturating function c / (c + K) of the condition c. Levels of means stay above the mean that counts of zero have, levels
//! of loadings keep their sign. The loss is that of whole courses, not of their derivatives; the solution is in closed form.

use crate::LearnError;
use crate::courses::Courses;
use kurtz_dynamics::rng::{Purpose, SimRng};
use kurtz_ode::VectorField;
use serde::{Deserialize, Serialize};

/// Settings of an ensemble of [`Oscillator`]s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OscillatorSettings {
    /// Members, each with its own K and weights of stretches of time. Default 10.
    pub members: usize,
    /// Seed; member k is a function of (seed, k) alone. Default 1.
    pub seed: u64,
    /// Bounds of K over the median of the conditions learned from, > 0; members draw from between, uniform in ln K.
    /// Default 0.4 to 3.
    pub saturation: [f64; 2],
    /// Degrees of the polynomials of levels, of rates and of amplitudes. Default 2, 1, 1.
    pub degrees: [usize; 3],
    /// Size of the error of a course, in standardised units, against which the next setting counts. Default 0.017.
    pub noise: f64,
    /// Weight of the squares of the coefficients of degree 1, 2 ..., times their degree squared. Default 1.
    pub ridge: f64,
}

impl Default for OscillatorSettings {
    fn default() -> Self {
        OscillatorSettings {
            members: 10,
            seed: 1,
            saturation: [0.4, 3.0],
            degrees: [2, 1, 1],
            noise: 0.017,
            ridge: 1.0,
        }
    }
}

/// How a level comes from its polynomial v.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Link {
    /// Where v = -infinity leads.
    least: f64,
    /// 1 or -1.
    sign: f64,
}

/// Steepness of the bend of links.
const STEEPNESS: f64 = 8.0;
/// Every so many rows of a course are fitted.
const STRIDE: usize = 5;
/// Stretches of time with weights of their own.
const STRETCHES: usize = 8;

impl Link {
    /// least + sign ln(1 + e^(8 v)) / 8: v itself where it is well above 0.
    fn level(&self, v: f64) -> f64 {
        let x = STEEPNESS * v;
        self.least + self.sign * (x.max(0.0) + (-x.abs()).exp().ln_1p()) / STEEPNESS
    }
}

/// One reduced model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oscillator {
    dynamic: Vec<usize>,
    /// Positions of W in theta-hat: 0 .. this.
    loadings: usize,
    links: Vec<Link>,
    /// K, and centre and half width of c / (c + K) over the conditions learned from.
    saturation: [f64; 3],
    degrees: [usize; 3],
    /// Levels by parameter, ln g, w, amplitudes by parameter.
    coefficients: Vec<f64>,
}

/// A condition: c, theta-hat at its start.
#[derive(Clone, Copy, Debug)]
struct At<'a> {
    condition: f64,
    start: &'a [f64],
}

impl Oscillator {
    /// [levels, g, w, u_0] at a condition.
    fn numbers(&self, at: At<'_>) -> (Vec<f64>, f64, f64, Vec<f64>) {
        let [k, centre, half] = self.saturation;
        let z = (at.condition / (at.condition + k) - centre) / half;
        let mut rest = &self.coefficients[..];
        let mut next = |degree: usize| {
            let (mine, others) = rest.split_at(degree + 1);
            rest = others;
            mine.iter().rev().fold(0.0, |sum, a| sum * z + a)
        };
        let [levels, rates, amplitudes] = self.degrees;
        let level: Vec<f64> = self.links.iter().map(|link| link.level(next(levels))).collect();
        let (damping, frequency) = (next(rates).exp(), next(rates));
        let size = at.start[..self.loadings].iter().map(|w| w * w).sum::<f64>().sqrt();
        let partner = self.links.iter().map(|_| size * next(amplitudes)).collect();
        (level, damping, frequency, partner)
    }

    /// The moving parameters at `times` from the start, `[times x dynamic]`, at a condition with theta-hat `start`.
    pub fn solution(&self, condition: f64, start: &[f64], times: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let (level, damping, frequency, partner) = self.numbers(At { condition, start });
        let mut out = Vec::new();
        for t in times {
            let envelope = (-damping * t).exp();
            let (sine, cosine) = (frequency * t).sin_cos();
            for (o, &p) in self.dynamic.iter().enumerate() {
                out.push(level[o] + envelope * ((start[p] - level[o]) * cosine + partner[o] * sine));
            }
        }
        out
    }

    /// theta-hat at every row of a course, from its start, `[times x standard parameters]`.
    pub fn course(&self, courses: &Courses, course: usize) -> Vec<f64> {
        let (start, times) = (courses.standard(course, 0), courses.times(course));
        let moving = self.solution(courses.courses[course].condition[0], start, grid(courses, times, 1));
        let mut out = Vec::with_capacity(times * start.len());
        for moving in moving.chunks_exact(self.dynamic.len()) {
            let row = out.len();
            out.extend_from_slice(start);
            self.dynamic.iter().zip(moving).for_each(|(&p, y)| out[row + p] = *y);
        }
        out
    }

    /// The field at one condition; its state are the moving parameters, then their partners.
    pub fn field(&self, condition: f64, start: &[f64]) -> OscillatorField {
        let (level, damping, frequency, partner) = self.numbers(At { condition, start });
        let state = self.dynamic.iter().map(|&p| start[p]).chain(partner).collect();
        OscillatorField { level, damping, frequency, state }
    }
}

/// An [`Oscillator`] at one condition.
#[derive(Clone, Debug)]
pub struct OscillatorField {
    level: Vec<f64>,
    damping: f64,
    frequency: f64,
    /// The state at the start.
    pub state: Vec<f64>,
}

impl VectorField for OscillatorField {
    fn dimension(&self) -> usize {
        self.state.len()
    }

    fn evaluate(&self, _time: f64, x: &[f64], dx: &mut [f64]) {
        let n = self.level.len();
        for o in 0..n {
            let away = x[o] - self.level[o];
            dx[o] = -self.damping * away + self.frequency * x[n + o];
            dx[n + o] = -self.damping * x[n + o] - self.frequency * away;
        }
    }
}

fn grid(courses: &Courses, times: usize, stride: usize) -> impl Iterator<Item = f64> {
    let step = courses.step;
    (0..times).step_by(stride).map(move |t| t as f64 * step)
}

/// Several [`Oscillator`]s with a band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OscillatorEnsemble {
    /// The members.
    pub members: Vec<Oscillator>,
    /// Error that members share, in standardised units, by moving parameter: root mean square of the errors at conditions
    /// left out.
    pub shared: Vec<f64>,
    /// Half width of a 95 % band over the root of (spread of members squared + shared error squared).
    pub factor: f64,
}

/// What an ensemble says about one condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Banded {
    /// Mean of the members, `[times x dynamic]`.
    pub mean: Vec<f64>,
    /// Half width of the band, `[times x dynamic]`.
    pub half_width: Vec<f64>,
}

impl OscillatorEnsemble {
    /// Fits members to some courses. The width of the band is set so that it covers 95 % of the points of these courses
    /// when each is predicted by members fitted to the others.
    ///
    /// # Errors
    /// Conditions that are not one positive number each; fewer than four; settings out of range.
    pub fn fit(courses: &Courses, which: &[usize], settings: &OscillatorSettings) -> Result<Self, LearnError> {
        let members = fit_members(courses, which, settings)?;
        let dynamic = courses.dynamic.len();
        let mut errors: Vec<Vec<(f64, f64)>> = vec![Vec::new(); dynamic];
        for &left in which {
            let others: Vec<usize> = which.iter().copied().filter(|&c| c != left).collect();
            let (mean, spread) = mean_and_spread(&fit_members(courses, &others, settings)?, courses, left);
            for (i, (mean, spread)) in mean.iter().zip(&spread).enumerate() {
                let truth = courses.standard(left, i / dynamic)[courses.dynamic[i % dynamic]];
                errors[i % dynamic].push((mean - truth, *spread));
            }
        }
        let root_mean_square =
            |e: &Vec<(f64, f64)>| (e.iter().map(|(e, _)| e * e).sum::<f64>() / e.len() as f64).sqrt();
        let shared: Vec<f64> = errors.iter().map(root_mean_square).collect();
        let ratio = |(e, shared): (&Vec<(f64, f64)>, &f64)| {
            e.iter().map(|(e, s)| e.abs() / (s * s + shared * shared).sqrt().max(f64::MIN_POSITIVE)).collect::<Vec<_>>()
        };
        let mut ratios: Vec<f64> = errors.iter().zip(&shared).flat_map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let factor = ratios[((0.95 * ratios.len() as f64) as usize).min(ratios.len() - 1)];
        Ok(OscillatorEnsemble { members, shared, factor })
    }

    /// The moving parameters of a course with their band.
    pub fn predict(&self, courses: &Courses, course: usize) -> Banded {
        let (mean, spread) = mean_and_spread(&self.members, courses, course);
        let shared = |i: usize| self.shared[i % self.shared.len()];
        let half = |(i, s): (usize, &f64)| self.factor * (s * s + shared(i) * shared(i)).sqrt();
        Banded { half_width: spread.iter().enumerate().map(half).collect(), mean }
    }
}

fn mean_and_spread(members: &[Oscillator], courses: &Courses, course: usize) -> (Vec<f64>, Vec<f64>) {
    let (start, times) = (courses.standard(course, 0), courses.times(course));
    let condition = courses.courses[course].condition[0];
    let all: Vec<Vec<f64>> = members.iter().map(|m| m.solution(condition, start, grid(courses, times, 1))).collect();
    let n = all.len() as f64;
    let mean: Vec<f64> = (0..all[0].len()).map(|i| all.iter().map(|a| a[i]).sum::<f64>() / n).collect();
    let spread =
        |(i, mean): (usize, &f64)| (all.iter().map(|a| (a[i] - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
    (mean.clone(), mean.iter().enumerate().map(spread).collect())
}

/// Fits the members of an ensemble.
///
/// # Errors
/// As [`OscillatorEnsemble::fit`].
pub fn fit_members(
    courses: &Courses,
    which: &[usize],
    settings: &OscillatorSettings,
) -> Result<Vec<Oscillator>, LearnError> {
    let declined =
        |reason: &str| LearnError::NotIdentifiable { what: "levels and rates".into(), reason: reason.into() };
    let mut conditions = Vec::new();
    for &c in which {
        match courses.courses[c].condition[..] {
            [value] if value > 0.0 && value.is_finite() => conditions.push(value),
            _ => return Err(declined("a condition must be one positive number")),
        }
    }
    if conditions.len() <= settings.degrees.into_iter().max().unwrap_or(0) + 1 {
        return Err(declined("there are too few conditions for polynomials of this degree"));
    }
    let [low, high] = settings.saturation;
    if !(low > 0.0 && high >= low && settings.noise > 0.0 && settings.members > 0) {
        return Err(LearnError::BadValue {
            what: "a setting of the oscillators".into(),
            value: low,
            expected: "saturation must be two increasing numbers > 0, noise > 0, members at least 1",
        });
    }
    let mut sorted = conditions.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let member = |number: usize| {
        let mut rng = SimRng::new(settings.seed, number as u64, Purpose::Resampling);
        let k = median * (low.ln() + rng.uniform() * (high / low).ln()).exp();
        let weights: Vec<f64> = (0..STRETCHES).map(|_| rng.exponential()).collect();
        Fit::new(courses, which, settings, k, &weights).run()
    };
    Ok((0..settings.members).map(member).collect())
}

/// The least-squares problem of one member.
struct Fit<'a> {
    courses: &'a Courses,
    which: &'a [usize],
    settings: &'a OscillatorSettings,
    weights: &'a [f64],
    model: Oscillator,
    /// Degree of each coefficient.
    powers: Vec<f64>,
    start: Vec<f64>,
}

impl<'a> Fit<'a> {
    fn new(
        courses: &'a Courses,
        which: &'a [usize],
        settings: &'a OscillatorSettings,
        k: f64,
        weights: &'a [f64],
    ) -> Self {
        let (visible, hidden) = (courses.visible.len(), courses.hidden.len());
        let loadings = visible * hidden;
        // The mean over the last quarter of the courses, and the level's polynomial there.
        let late = |p: usize| {
            let rows = which.iter().flat_map(|&c| (3 * courses.times(c) / 4..courses.times(c)).map(move |t| (c, t)));
            let (sum, count) = rows.fold((0.0, 0.0), |(s, n), (c, t)| (s + courses.standard(c, t)[p], n + 1.0));
            sum / count
        };
        let link = |&p: &usize| {
            if p >= loadings && p < loadings + visible {
                let i = p - loadings;
                Link { least: -courses.standardisation.shift[i] / courses.standardisation.scale[i], sign: 1.0 }
            } else {
                Link { least: 0.0, sign: if late(p) < 0.0 { -1.0 } else { 1.0 } }
            }
        };
        let links: Vec<Link> = courses.dynamic.iter().map(link).collect();
        let q = |c: &usize| courses.courses[*c].condition[0] / (courses.courses[*c].condition[0] + k);
        let (least, largest) = which.iter().map(q).fold((f64::INFINITY, 0.0_f64), |(l, h), q| (l.min(q), h.max(q)));
        let mut start = Vec::new();
        let mut powers = Vec::new();
        let mut push = |value: f64, degree: usize| {
            start.push(value);
            start.resize(start.len() + degree, 0.0);
            powers.extend((0..=degree).map(|j| j as f64));
        };
        let [levels, rates, amplitudes] = settings.degrees;
        for (&p, link) in courses.dynamic.iter().zip(&links) {
            push(((late(p) - link.least) / link.sign).max(0.05), levels);
        }
        push(0.0, rates);
        push(0.0, rates);
        courses.dynamic.iter().for_each(|_| push(0.0, amplitudes));
        let model = Oscillator {
            dynamic: courses.dynamic.clone(),
            loadings,
            links,
            saturation: [k, (least + largest) / 2.0, ((largest - least) / 2.0).max(1e-9)],
            degrees: settings.degrees,
            coefficients: start.clone(),
        };
        Fit { courses, which, settings, weights, model, powers, start }
    }

    /// Whitened differences to the courses, then what the ridge asks.
    fn residuals(&self, model: &Oscillator) -> Vec<f64> {
        let mut out = Vec::new();
        for &c in self.which {
            let (start, times) = (self.courses.standard(c, 0), self.courses.times(c));
            let condition = self.courses.courses[c].condition[0];
            let found = model.solution(condition, start, grid(self.courses, times, STRIDE));
            for (row, found) in found.chunks_exact(model.dynamic.len()).enumerate() {
                let weight = self.weights[row * STRIDE * self.weights.len() / times].sqrt() / self.settings.noise;
                let truth = self.courses.standard(c, row * STRIDE);
                out.extend(model.dynamic.iter().zip(found).map(|(&p, y)| weight * (y - truth[p])));
            }
        }
        let ridge = self.settings.ridge.sqrt();
        out.extend(model.coefficients.iter().zip(&self.powers).map(|(a, power)| ridge * power * a));
        out
    }

    /// The best of fits from several frequencies.
    fn run(self) -> Oscillator {
        let duration = self.courses.times(self.which[0]) as f64 * self.courses.step;
        let rates = self.model.dynamic.len() * (self.settings.degrees[0] + 1);
        let mut best = (f64::INFINITY, self.model.clone());
        for periods in [0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0] {
            let mut model = self.model.clone();
            model.coefficients.copy_from_slice(&self.start);
            model.coefficients[rates] = (4.0 / duration).ln();
            model.coefficients[rates + self.settings.degrees[1] + 1] = std::f64::consts::TAU * periods / duration;
            let found = self.minimise(model, 25);
            if found.0 < best.0 {
                best = found;
            }
        }
        self.minimise(best.1, 60).1
    }

    /// Levenberg-Marquardt with differences (Marquardt 1963).
    fn minimise(&self, mut model: Oscillator, steps: usize) -> (f64, Oscillator) {
        let square = |r: &[f64]| r.iter().map(|r| r * r).sum::<f64>();
        let mut residuals = self.residuals(&model);
        let mut loss = square(&residuals);
        let mut damping = 1e-2;
        let n = model.coefficients.len();
        for _ in 0..steps {
            let columns: Vec<Vec<f64>> = (0..n)
                .map(|j| {
                    let mut other = model.clone();
                    other.coefficients[j] += 1e-6;
                    self.residuals(&other).iter().zip(&residuals).map(|(a, b)| (a - b) / 1e-6).collect()
                })
                .collect();
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let normal: Vec<f64> = (0..n * n).map(|e| dot(&columns[e / n], &columns[e % n])).collect();
            let slope: Vec<f64> = columns.iter().map(|c| dot(c, &residuals)).collect();
            let before = loss;
            while damping < 1e10 {
                let step = solve(&normal, &slope, damping);
                let mut other = model.clone();
                other.coefficients.iter_mut().zip(&step).for_each(|(a, s)| *a -= s);
                let tried = self.residuals(&other);
                let found = square(&tried);
                if found < loss {
                    (model, residuals, loss) = (other, tried, found);
                    damping = (damping / 5.0).max(1e-9);
                    break;
                }
                damping *= 6.0;
            }
            if before - loss <= 1e-6 * before {
                break;
            }
        }
        (loss, model)
    }
}

/// (A + damping diag A)^-1 b for symmetric positive A, `[n x n]`, by Cholesky.
fn solve(a: &[f64], b: &[f64], damping: f64) -> Vec<f64> {
    let n = b.len();
    let mut l = a.to_vec();
    for i in 0..n {
        l[i * n + i] += damping * a[i * n + i] + 1e-12;
        for j in 0..=i {
            let sum = l[i * n + j] - (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum::<f64>();
            l[i * n + j] = if i == j { sum.max(1e-300).sqrt() } else { sum / l[j * n + j] };
        }
    }
    let mut x = b.to_vec();
    for i in 0..n {
        x[i] = (x[i] - (0..i).map(|k| l[i * n + k] * x[k]).sum::<f64>()) / l[i * n + i];
    }
    for i in (0..n).rev() {
        x[i] = (x[i] - (i + 1..n).map(|k| l[k * n + i] * x[k]).sum::<f64>()) / l[i * n + i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courses::{Course, Split, Standardisation};
    use kurtz_ode::{Integration, solve as integrate};

    /// Courses of a known oscillator at c = 1 .. 6: levels, damping and frequency bend with c.
    fn courses() -> Courses {
        let words = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        let truth = Oscillator {
            dynamic: vec![2, 0],
            loadings: 2,
            links: vec![Link { least: -2.0, sign: 1.0 }, Link { least: 0.0, sign: -1.0 }],
            saturation: [2.0, 0.5, 0.25],
            degrees: [1, 1, 0],
            coefficients: vec![1.5, 0.4, 0.6, 0.2, -1.6, 0.2, 0.9, 0.2, 0.3, -0.1],
        };
        let course = |c: usize| {
            let start = [-0.3 - 0.03 * c as f64, 1e-3, -0.4, c as f64, 1e-4];
            let moving = truth.solution(c as f64, &start, (0..200).map(|t| 0.1 * f64::from(t)));
            let row = |m: &[f64]| [m[1], start[1], m[0], start[3], start[4]];
            let standard: Vec<f64> = moving.chunks_exact(2).flat_map(row).collect();
            let change = standard.windows(6).map(|w| w[5] - w[0]).collect();
            Course { condition: vec![c as f64], split: Split::Train, standard, change }
        };
        Courses {
            visible: words(&["A", "B"]),
            hidden: words(&["X"]),
            condition_names: words(&["c"]),
            start: 0.0,
            step: 0.1,
            dynamic: vec![2, 0],
            standardisation: Standardisation { shift: vec![20.0, 1.0], scale: vec![10.0, 1.0] },
            courses: (1..=8).map(course).collect(),
        }
    }

    #[test]
    fn an_oscillator_is_found_again_and_predicts_beyond_its_conditions() {
        let courses = courses();
        let settings = OscillatorSettings { members: 4, ..Default::default() };
        let ensemble = OscillatorEnsemble::fit(&courses, &[0, 1, 2, 3, 4, 5], &settings).unwrap();
        for course in 0..8 {
            let found = ensemble.predict(&courses, course);
            let truth = (0..200).flat_map(|t| [courses.standard(course, t)[2], courses.standard(course, t)[0]]);
            let error = found.mean.iter().zip(truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 400.0;
            // Amplitudes are 0.5 and more.
            assert!(error.sqrt() < if course < 6 { 5e-3 } else { 0.03 }, "{course}: {}", error.sqrt());
        }
        let again = fit_members(&courses, &[0, 1, 2, 3, 4, 5], &settings).unwrap();
        assert_eq!(again, ensemble.members);
        assert!(fit_members(&courses, &[0, 1], &settings).is_err());
    }

    #[test]
    fn the_closed_form_solves_the_field() {
        let courses = courses();
        let members = fit_members(&courses, &[0, 1, 2, 3], &OscillatorSettings { members: 1, ..Default::default() });
        let model = &members.unwrap()[0];
        let start = courses.standard(1, 0);
        let field = model.field(2.0, start);
        let times: Vec<f64> = (0..10).map(f64::from).collect();
        let solution = integrate(&field, &field.state, &times, &Integration::default()).unwrap();
        let expected = model.solution(2.0, start, times);
        for (t, expected) in expected.chunks_exact(2).enumerate() {
            assert!(expected.iter().zip(solution.state(t)).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }
}
