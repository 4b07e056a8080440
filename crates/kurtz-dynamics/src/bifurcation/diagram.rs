//! All branches that can be found in a range.

use super::{BifurcationError, NetworkFamily};
use crate::Progress;
use kurtz_ode::continuation::{
    Continuation, ContinuationError, CycleBranch, CycleEnd, CyclePoint, Family, Settled, SpecialKind, SteadyBranch,
    SteadyPoint, cycle_branch, cycle_from, settle, steady_branch, steady_state,
};
use serde::{Deserialize, Serialize};

/// Settings of [`Diagram::of`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiagramSettings {
    /// How branches are followed; its range is that of the diagram.
    pub continuation: Continuation,
    /// States spread over the compatibility class from which Newton's method seeks further steady states, at each of
    /// both ends and the middle of the range. Default 30.
    pub starts: usize,
    /// Follow limit cycles. Default true.
    pub cycles: bool,
}

impl Default for DiagramSettings {
    fn default() -> Self {
        DiagramSettings { continuation: Continuation::default(), starts: 30, cycles: true }
    }
}

/// The branches found in a range of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagram {
    /// Species, in the order in which points report concentrations.
    pub species: Vec<String>,
    /// Branches of steady states.
    pub steady: Vec<SteadyBranch>,
    /// Branches of limit cycles.
    pub cycles: Vec<CycleBranch>,
}

/// What attracts at one parameter value.
#[derive(Clone, Debug, PartialEq)]
pub enum Attractor<'a> {
    /// A stable steady state.
    Steady(&'a SteadyPoint),
    /// A stable limit cycle.
    Cycle(&'a CyclePoint),
}

impl Diagram {
    /// The bifurcation diagram of a family.
    ///
    /// Branches of steady states are sought from where solutions from the initial state settle, and by Newton's method
    /// from states spread evenly in logarithm, at both ends and the middle of the range. Limit cycles are followed from
    /// every Hopf point, and from the cycles to which solutions settle. What neither reaches, such as an isolated
    /// branch within the range, is not found.
    ///
    /// # Errors
    /// Settings that are not valid; interruption. A diagram without branches is no error.
    pub fn of(
        family: &NetworkFamily,
        settings: &DiagramSettings,
        progress: &dyn Progress,
    ) -> Result<Diagram, BifurcationError> {
        let mut family = family.clone();
        let (from, to) = (settings.continuation.from, settings.continuation.to);
        let places = [from, to, 0.5 * (from + to)];
        resize(&mut family, &places, &settings.continuation)?;
        let mut search = Search { family, settings, steady: Vec::new(), cycles: Vec::new(), progress };
        let mut settled_cycles = Vec::new();
        for parameter in places {
            match settle(&search.family, parameter, &search.family.initial_state(parameter), &settings.continuation)? {
                Settled::Steady(state) => search.add_steady(parameter, &state)?,
                Settled::Cycle { state, period, .. } => settled_cycles.push((parameter, state, period)),
                _ => {}
            }
            for state in search.spread() {
                search.add_steady(parameter, &state)?;
            }
        }
        if settings.cycles {
            search.add_cycles_of_hopf_points()?;
            for (parameter, state, period) in settled_cycles {
                search.add_cycle(parameter, &state, period)?;
            }
        }
        Ok(Diagram { species: search.family.species().to_vec(), steady: search.steady, cycles: search.cycles })
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.steady.is_empty() && self.cycles.is_empty()
    }

    /// What attracts at a parameter value that was among those wanted
    /// ([`Continuation::at`](kurtz_ode::continuation::Continuation)).
    pub fn attractors_at(&self, parameter: f64) -> Vec<Attractor<'_>> {
        let steady = self.steady.iter().flat_map(|branch| &branch.points);
        let steady = steady.filter(|point| point.parameter == parameter && point.is_stable()).map(Attractor::Steady);
        let cycles = self.cycles.iter().flat_map(|branch| &branch.points);
        let cycles = cycles.filter(|point| point.parameter == parameter && point.is_stable()).map(Attractor::Cycle);
        steady.chain(cycles).collect()
    }
}

/// Typical sizes from where solutions settle.
fn resize(family: &mut NetworkFamily, places: &[f64], settings: &Continuation) -> Result<(), BifurcationError> {
    // Twice, since the tolerances of the first integrations are in units of the sizes of before.
    for _ in 0..2 {
        let mut sizes = vec![0.0_f64; family.dimension()];
        for &parameter in places {
            let (Settled::Steady(x) | Settled::Cycle { largest: x, .. }) =
                settle(&*family, parameter, &family.initial_state(parameter), settings)?
            else {
                continue;
            };
            sizes.iter_mut().zip(&x).for_each(|(s, x)| *s = s.max(x.abs()));
        }
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return Ok(());
        }
        family.set_sizes(sizes.iter().map(|s| s.max(1e-4 * largest)).collect());
    }
    Ok(())
}

struct Search<'a> {
    family: NetworkFamily,
    settings: &'a DiagramSettings,
    steady: Vec<SteadyBranch>,
    cycles: Vec<CycleBranch>,
    progress: &'a dyn Progress,
}

impl Search<'_> {
    /// States between a thousandth and three times the typical sizes, evenly spread in logarithm by multiples of
    /// irrational numbers (an additive recurrence; H. Niederreiter 1978), the same in each run.
    fn spread(&self) -> Vec<Vec<f64>> {
        let sizes = self.family.sizes();
        let n = sizes.len();
        // The root of x^(n+1) = x + 1, whose powers are as badly approximated by fractions as can be.
        let mut root: f64 = 1.5;
        for _ in 0..60 {
            root = (1.0 + root).powf(1.0 / (n as f64 + 1.0));
        }
        let at = |k: usize, i: usize| (0.5 + (k + 1) as f64 / root.powi(i as i32 + 1)).fract();
        let value = |k: usize, i: usize| sizes[i] * 10.0_f64.powf(-3.0 + 3.5 * at(k, i));
        (0..self.settings.starts).map(|k| (0..n).map(|i| value(k, i)).collect()).collect()
    }

    /// Adds the branch of the steady state near a state, unless it is there or there is none.
    fn add_steady(&mut self, parameter: f64, near: &[f64]) -> Result<(), BifurcationError> {
        let continuation = &self.settings.continuation;
        let point = match steady_state(&self.family, parameter, near, continuation) {
            Ok(point) => point,
            Err(ContinuationError::NoSteadyState { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if self.steady.iter().any(|branch| self.passes_through(branch, &point)) {
            return Ok(());
        }
        match steady_branch(&self.family, parameter, &point.state, continuation) {
            Ok(branch) => self.steady.push(branch),
            Err(ContinuationError::NoSteadyState { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.check_cancelled()
    }

    /// Between branches is where work can be stopped.
    fn check_cancelled(&self) -> Result<(), BifurcationError> {
        if self.progress.cancelled() { Err(BifurcationError::Cancelled) } else { Ok(()) }
    }

    /// Root mean square difference of two states in typical sizes.
    fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        let sizes = self.family.sizes();
        let sum: f64 = a.iter().zip(b).zip(&sizes).map(|((a, b), s)| ((a - b) / s).powi(2)).sum();
        (sum / sizes.len() as f64).sqrt()
    }

    /// Whether a branch has this steady state at this parameter value.
    fn passes_through(&self, branch: &SteadyBranch, point: &SteadyPoint) -> bool {
        let p = point.parameter;
        branch.points.windows(2).any(|pair| {
            let (a, b) = (&pair[0], &pair[1]);
            if !(a.parameter.min(b.parameter) <= p && p <= a.parameter.max(b.parameter)) {
                return false;
            }
            let part = if a.parameter == b.parameter { 0.0 } else { (p - a.parameter) / (b.parameter - a.parameter) };
            let guess: Vec<f64> = a.state.iter().zip(&b.state).map(|(a, b)| a + part * (b - a)).collect();
            let found = steady_state(&self.family, p, &guess, &self.settings.continuation);
            found.is_ok_and(|found| self.distance(&found.state, &point.state) < 1e-6)
        })
    }

    fn add_cycles_of_hopf_points(&mut self) -> Result<(), BifurcationError> {
        let points = self.steady.iter().flat_map(|branch| &branch.special);
        let mut hopf: Vec<_> = points.filter(|s| s.kind == SpecialKind::Hopf).filter_map(|s| s.hopf.clone()).collect();
        while !hopf.is_empty() {
            let start = hopf.remove(0);
            match cycle_branch(&self.family, &start, &self.settings.continuation) {
                Ok(mut branch) => {
                    // The branch ends a little before the Hopf point; that itself is known exactly.
                    if let CycleEnd::Hopf(end) = &mut branch.ends[1] {
                        let nearest = (0..hopf.len()).min_by(|&a, &b| {
                            (hopf[a].parameter - *end).abs().total_cmp(&(hopf[b].parameter - *end).abs())
                        });
                        if let Some(nearest) = nearest {
                            *end = hopf.remove(nearest).parameter;
                        }
                    }
                    // A branch that was cut short may be met again from its other end: keep the complete one.
                    let middle = &branch.points[branch.points.len() / 2];
                    match self.branch_with_cycle(middle.parameter, middle.period) {
                        None => self.cycles.push(branch),
                        Some(known) if is_cut(&self.cycles[known]) && !is_cut(&branch) => self.cycles[known] = branch,
                        Some(_) => {}
                    }
                }
                Err(ContinuationError::NoCycle { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            self.check_cancelled()?;
        }
        Ok(())
    }

    /// The branch that has a cycle with about this period at this parameter value.
    fn branch_with_cycle(&self, parameter: f64, period: f64) -> Option<usize> {
        let has = |pair: &[CyclePoint]| {
            let (a, b) = (&pair[0], &pair[1]);
            let is_between = a.parameter.min(b.parameter) <= parameter && parameter <= a.parameter.max(b.parameter);
            let (low, high) = (a.period.min(b.period), a.period.max(b.period));
            is_between && (0.97 * low..1.03 * high).contains(&period)
        };
        self.cycles.iter().position(|branch| branch.points.windows(2).any(has))
    }

    /// Adds the branch of a cycle unless it is there.
    fn add_cycle(&mut self, parameter: f64, state: &[f64], period: f64) -> Result<(), BifurcationError> {
        if self.branch_with_cycle(parameter, period).is_some() {
            return Ok(());
        }
        match cycle_from(&self.family, parameter, state, period, &self.settings.continuation) {
            Ok(branch) => self.cycles.push(branch),
            Err(ContinuationError::NoCycle { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.check_cancelled()
    }
}

/// Whether a branch of cycles ended for no reason of its own.
fn is_cut(branch: &CycleBranch) -> bool {
    branch.ends.iter().any(|end| matches!(end, CycleEnd::NotConverged | CycleEnd::MostPoints))
}
