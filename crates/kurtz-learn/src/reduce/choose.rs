//! Choosing a reduction: candidates from the diagnosis or by hand, each with its error, and the simplest that serves.

use super::ReduceError;
use super::behaviour::{Behaviour, Behaviours};
use super::estimate::{Errors, Window};
use super::flow::Flow;
use super::plan::{Kind, Plan, Weights, pairs};
use super::reduction::Reduction;
use super::scales::{ScaleSettings, Scales, Split};
use kurtz_dynamics::Progress;
use serde::{Deserialize, Serialize};

/// Settings of a reduction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReduceSettings {
    /// The diagnosis of time scales.
    pub scales: ScaleSettings,
    /// Species to take as fast, by name. Default none: chosen by the diagnosis.
    pub fast_species: Vec<String>,
    /// Reactions to take as fast, by name; a reversible one counts in both directions. Default none.
    pub fast_reactions: Vec<String>,
    /// How fast species are eliminated. Default none: all ways are tried.
    pub kind: Option<Kind>,
    /// Species whose errors count. Default none: all that are not fast.
    pub vars: Vec<String>,
    /// Largest relative error accepted, in (0, 1). Default 0.05.
    pub tolerance: f64,
    /// Time from which on the error must be within the tolerance. Default none: whenever it is, but within the first
    /// `latest_start` of the time followed.
    pub from: Option<f64>,
    /// Part of the time followed within which the window of validity must begin, in (0, 1]. Default 0.2.
    pub latest_start: f64,
}

impl Default for ReduceSettings {
    fn default() -> Self {
        ReduceSettings {
            scales: ScaleSettings::default(),
            fast_species: Vec::new(),
            fast_reactions: Vec::new(),
            kind: None,
            vars: Vec::new(),
            tolerance: 0.05,
            from: None,
            latest_start: 0.2,
        }
    }
}

/// A reduction that was tried.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What was taken as fast, and how; for plans that failed, as far as known.
    pub kind: Kind,
    /// Names of fast species (QSSA) or reactions.
    pub fast: Vec<String>,
    /// Number of fast equations.
    pub eliminated: usize,
    /// The gap between time scales behind it; infinite where it was chosen by hand.
    pub gap: f64,
    /// The reduced network, if it could be written.
    pub reduction: Option<Reduction>,
    /// Its errors, if it could be followed.
    pub errors: Option<Errors>,
    /// Species whose errors count.
    pub observed: Vec<usize>,
    /// Where the estimated errors of these are within the tolerance.
    pub window: Option<Window>,
    /// Largest estimated error of these in the window; NaN without one.
    pub estimate: f64,
    /// Largest measured error of these in the window.
    pub measured: f64,
    /// Of partial equilibrium, the largest |v - v'|/(v + v') of its reversible reactions after the layer; else 0.
    pub imbalance: f64,
    /// Why it does not serve; none if it does.
    pub refusal: Option<ReduceError>,
}

impl Candidate {
    /// Order among those that eliminate as much: QSSA, partial equilibrium, total QSSA; equilibria that are none come last,
    /// though their error may happen to be small.
    fn simplicity(&self) -> (bool, Kind) {
        (self.imbalance > BALANCED, self.kind)
    }
}

/// What came of a reduction.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The diagnosis.
    pub scales: Scales,
    /// What was tried.
    pub candidates: Vec<Candidate>,
    /// The one that was chosen; none if none serves.
    pub chosen: Option<usize>,
    /// Where the full and the chosen (or else the last one looked at) reduced model go in the long run.
    pub behaviours: Option<Behaviours>,
    /// Why nothing was chosen, if so.
    pub refusal: Option<ReduceError>,
}

impl Outcome {
    /// The candidate that was chosen.
    pub fn best(&self) -> Option<&Candidate> {
        self.chosen.map(|i| &self.candidates[i])
    }
}

/// Most splits and most candidates looked at.
const MOST_SPLITS: usize = 4;
const MOST_COMBINATIONS: usize = 10;
/// A reduction whose error against the full model is this many times the accepted one is refused whatever the estimate says.
const UNCONFIRMED: f64 = 1.5;
/// A gap that is less than this part of the widest one is no reason to eliminate more.
const CLEAR: f64 = 0.1;
/// A simpler reduction that holds only so many times later than another is not preferred, unless that is within such a part
/// of the whole time.
const LATE: f64 = 3.0;
const LATE_AT_ALL: f64 = 0.02;
/// Reversible reactions whose rates differ by more than this part are in no equilibrium.
const BALANCED: f64 = 0.02;
/// Reactions that take less part than this in the fast modes are not fast.
const LEAST_PARTICIPATION: f64 = 0.01;

/// Diagnoses a network, tries reductions, and chooses.
///
/// # Errors
/// Names and settings that are wrong, and networks that cannot be diagnosed. That nothing serves is part of the outcome.
pub fn reduce(flow: &Flow, settings: &ReduceSettings, progress: &dyn Progress) -> Result<Outcome, ReduceError> {
    check(settings)?;
    let network = flow.network();
    let species_named = |name: &String| {
        network.species_named(name).map(|s| s.index()).ok_or_else(|| ReduceError::Unknown {
            kind: "species",
            name: name.clone(),
            known: flow.names(0..flow.dimension()),
        })
    };
    let reaction_named = |name: &String| {
        network.reaction_named(name).map(|r| r.index()).ok_or_else(|| ReduceError::Unknown {
            kind: "reaction",
            name: name.clone(),
            known: network.reactions.iter().map(|r| r.name.clone()).collect(),
        })
    };
    let fast_species = settings.fast_species.iter().map(species_named).collect::<Result<Vec<_>, _>>()?;
    let fast_reactions = settings.fast_reactions.iter().map(reaction_named).collect::<Result<Vec<_>, _>>()?;
    let vars = settings.vars.iter().map(species_named).collect::<Result<Vec<_>, _>>()?;
    let scales = Scales::of(flow, &settings.scales)?;
    let is_by_hand = !fast_species.is_empty() || !fast_reactions.is_empty();
    let plans = if is_by_hand {
        by_hand(flow, &scales, &fast_species, &fast_reactions, settings.kind)
    } else {
        automatic(flow, &scales, settings.kind)
    };
    progress.begin("reductions", plans.len() as u64);
    let mut candidates = Vec::new();
    for attempt in plans {
        if progress.cancelled() {
            return Err(ReduceError::Cancelled);
        }
        candidates.push(attempt.carry_out(flow, &scales, settings, &vars));
        progress.advance(1);
    }
    // What rests on a clear gap first, then most eliminated, then what holds early, then the simplest kind, then what holds
    // earliest, then the most accurate.
    let mut order: Vec<usize> = (0..candidates.len()).filter(|i| candidates[*i].refusal.is_none()).collect();
    let serving: Vec<&Candidate> = order.iter().map(|i| &candidates[*i]).collect();
    let widest = serving.iter().map(|c| c.gap).filter(|g| g.is_finite()).fold(0.0, f64::max);
    let start = |c: &Candidate| c.window.map_or(f64::INFINITY, |w| w.start);
    let group = |c: &Candidate| (c.gap < CLEAR * widest, std::cmp::Reverse(c.eliminated));
    let is_late = |c: &Candidate| {
        let earliest = serving.iter().filter(|d| group(d) == group(c)).map(|d| start(d)).fold(f64::INFINITY, f64::min);
        start(c) > (LATE * earliest).max(LATE_AT_ALL * scales.end())
    };
    let key = |c: &Candidate| (group(c), is_late(c), c.simplicity());
    order.sort_by(|a, b| {
        let (x, y) = (&candidates[*a], &candidates[*b]);
        key(x).cmp(&key(y)).then(start(x).total_cmp(&start(y))).then(x.estimate.total_cmp(&y.estimate))
    });
    let mut outcome = Outcome { scales, candidates, chosen: None, behaviours: None, refusal: None };
    // The first that also does the same in the long run; by hand what was asked for is told of in any case.
    let asked = outcome.candidates.iter().position(|c| is_by_hand && c.reduction.is_some());
    let shown: Vec<usize> = if order.is_empty() { asked.into_iter().collect() } else { order.clone() };
    for i in shown {
        let Some(reduction) = &outcome.candidates[i].reduction else { continue };
        let behaviours = Behaviours::of(flow, &reduction.network)?;
        outcome.behaviours = Some(behaviours);
        match behaviours.contradiction() {
            Some(reason) => outcome.candidates[i].refusal = Some(ReduceError::NotValid { reason }),
            None => {
                outcome.chosen = order.contains(&i).then_some(i);
                break;
            }
        }
    }
    if outcome.chosen.is_none() {
        outcome.refusal = Some(refusal(&outcome, is_by_hand, settings.scales.gap));
    }
    Ok(outcome)
}

fn check(settings: &ReduceSettings) -> Result<(), ReduceError> {
    let bad = |setting, found, expected| Err(ReduceError::Setting { setting, found, expected });
    if !(settings.tolerance > 0.0 && settings.tolerance < 1.0) {
        return bad("tolerance", settings.tolerance, "it must be between 0 and 1");
    }
    if !(settings.latest_start > 0.0 && settings.latest_start <= 1.0) {
        return bad("latest_start", settings.latest_start, "it must be above 0 and at most 1");
    }
    if let Some(from) = settings.from.filter(|t| !(*t >= 0.0 && t.is_finite())) {
        return bad("from", from, "it must be a finite time >= 0");
    }
    if let (Some(from), Some(end)) = (settings.from, settings.scales.end)
        && from >= end
    {
        return bad("from", from, "it must be before the end");
    }
    if settings.scales.gap.is_nan() || settings.scales.gap <= 1.0 {
        return bad("gap", settings.scales.gap, "it must be above 1");
    }
    Ok(())
}

/// Why nothing was chosen.
fn refusal(outcome: &Outcome, is_by_hand: bool, gap: f64) -> ReduceError {
    if outcome.candidates.is_empty() {
        let ratio = outcome.scales.best_ratio();
        let reason = match outcome.scales.spectra[0].len() {
            1 => "there is a single mode, with nothing to be faster than".into(),
            _ if ratio >= gap => format!(
                "rates differ by a factor of {}, but the initial layer is not over at time {}, the last one followed",
                short(ratio),
                short(outcome.scales.end())
            ),
            _ if ratio == 0.0 => {
                "no mode decays by itself along the whole trajectory: modes oscillate together or grow".into()
            }
            _ => format!(
                "the largest ratio of neighbouring rates that lasts along the trajectory is {ratio:.2}; nothing is much \
                 faster than the rest"
            ),
        };
        return ReduceError::NoGap { reason };
    }
    let reasons: Vec<&ReduceError> = outcome.candidates.iter().filter_map(|c| c.refusal.as_ref()).collect();
    match reasons.as_slice() {
        [one] => (*one).clone(),
        _ if is_by_hand => {
            let told = |c: &Candidate| Some(format!("{}: {}", c.kind.name(), c.refusal.as_ref()?));
            let told: Vec<String> = outcome.candidates.iter().filter_map(told).collect();
            ReduceError::NotValid { reason: told.join("; ") }
        }
        _ => {
            // The one that came furthest.
            let best = outcome.candidates.iter().min_by(|a, b| rank(a).total_cmp(&rank(b)));
            let reason = best.and_then(|c| {
                let fast = c.fast.join(", ");
                Some(format!(
                    "of {} reductions tried none serves; the best, {} with {fast} fast: {}",
                    outcome.candidates.len(),
                    c.kind.name(),
                    c.refusal.as_ref()?
                ))
            });
            ReduceError::NotValid { reason: reason.unwrap_or_default() }
        }
    }
}

/// How far a candidate came: the smaller the further.
fn rank(candidate: &Candidate) -> f64 {
    match (&candidate.errors, candidate.window) {
        (Some(_), Some(window)) => window.start / window.end.max(f64::MIN_POSITIVE) - window.end.ln() * 1e-3,
        (Some(_), None) => 10.0,
        (None, _) if candidate.reduction.is_some() => 20.0,
        (None, _) => 30.0,
    }
}

/// A plan to be tried, or why there is none.
struct Attempt {
    kind: Kind,
    fast: Vec<String>,
    /// Number of fast modes that it stands for.
    modes: usize,
    plan: Result<Plan, ReduceError>,
    /// When the initial layer of its modes ends, and their gap.
    layer_end: f64,
    gap: f64,
    /// Species that the diagnosis calls fast.
    fast_species: Vec<usize>,
}

/// Groups of reactions that go together: a reaction with its reverse, or alone.
fn groups(flow: &Flow, weights: &Weights) -> Vec<(Vec<usize>, f64)> {
    let pairs = pairs(flow.network());
    let paired: Vec<usize> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let alone = (0..flow.effects.len()).filter(|j| !paired.contains(j) && !flow.effects[*j].is_empty());
    let mut groups: Vec<Vec<usize>> = pairs.iter().map(|(a, b)| vec![*a, *b]).chain(alone.map(|j| vec![j])).collect();
    let weight = |group: &Vec<usize>| group.iter().map(|j| weights.reactions[*j]).sum::<f64>();
    groups.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    groups.into_iter().map(|g| (weight(&g), g)).map(|(w, g)| (g, w)).collect()
}

fn weights(split: Option<&Split>, flow: &Flow) -> Weights {
    match split {
        Some(split) => Weights { species: split.pointers.clone(), reactions: split.participation.clone() },
        None => Weights { species: vec![0.0; flow.dimension()], reactions: vec![0.0; flow.effects.len()] },
    }
}

fn automatic(flow: &Flow, scales: &Scales, kind: Option<Kind>) -> Vec<Attempt> {
    let wanted = |k: Kind| kind.is_none_or(|kind| kind == k);
    let mut splits: Vec<&Split> = scales.splits.iter().collect();
    splits.sort_by(|a, b| b.gap.total_cmp(&a.gap));
    splits.truncate(MOST_SPLITS);
    let mut attempts: Vec<Attempt> = Vec::new();
    for split in splits {
        let weights = weights(Some(split), flow);
        let layer_end = split.layer_end.unwrap_or(0.0);
        let mut order = flow.free.clone();
        order.sort_by(|a, b| weights.species[*b].total_cmp(&weights.species[*a]));
        let choices = species_choices(&order, split.fast);
        let closed = Plan::qssa(flow, &choices[0], &weights).map(|p| p.fast).unwrap_or_else(|_| choices[0].clone());
        let mut add = |kind: Kind, fast: Vec<String>, plan: Result<Plan, ReduceError>| {
            let is_known = |a: &Attempt| match (&a.plan, &plan) {
                (Ok(x), Ok(y)) => x.kind == y.kind && x.slow == y.slow && x.balances == y.balances,
                _ => a.kind == kind && a.fast == fast,
            };
            if !attempts.iter().any(is_known) {
                let fast_species = closed.clone();
                attempts.push(Attempt { kind, fast, modes: split.fast, plan, layer_end, gap: split.gap, fast_species });
            }
        };
        if wanted(Kind::Qssa) {
            for choice in &choices {
                let plan = Plan::qssa(flow, choice, &weights).and_then(|p| sized(p, split.fast, flow));
                if plan.is_ok() || choice == &choices[0] {
                    let named = plan.as_ref().map_or_else(|_| choice.clone(), |p| p.fast.clone());
                    add(Kind::Qssa, flow.names(named), plan);
                }
            }
        }
        for reactions in reaction_choices(flow, &weights, split.fast) {
            let names: Vec<String> = reactions.iter().map(|j| flow.network().reactions[*j].name.clone()).collect();
            for kind in [Kind::PartialEquilibrium, Kind::TotalQssa] {
                if wanted(kind) {
                    let plan = Plan::totals(flow, kind, &reactions, &weights).and_then(|p| sized(p, split.fast, flow));
                    if plan.is_ok() {
                        add(kind, names.clone(), plan);
                    }
                }
            }
        }
    }
    attempts
}

/// A plan must have as many fast equations as there are fast modes.
fn sized(plan: Plan, modes: usize, flow: &Flow) -> Result<Plan, ReduceError> {
    if plan.balances.len() == modes {
        return Ok(plan);
    }
    let reason = format!("they make {} fast equations, and there are {modes} fast modes", plan.balances.len());
    Err(ReduceError::NotFast { what: flow.names(plan.fast).join(", "), reason })
}

/// Sets of as many species as there are fast modes: the fastest, and those with one of the next instead of one of them.
fn species_choices(order: &[usize], modes: usize) -> Vec<Vec<usize>> {
    let first = order[..modes.min(order.len())].to_vec();
    let mut choices = vec![first.clone()];
    for &next in order.iter().skip(modes).take(2) {
        for out in (0..first.len()).rev().take(2) {
            let mut choice = first.clone();
            choice[out] = next;
            choices.push(choice);
        }
    }
    choices
}

/// Sets of groups of reactions, the fastest first.
fn reaction_choices(flow: &Flow, weights: &Weights, modes: usize) -> Vec<Vec<usize>> {
    let groups: Vec<Vec<usize>> =
        groups(flow, weights).into_iter().filter(|(_, w)| *w >= LEAST_PARTICIPATION).map(|(g, _)| g).collect();
    let count = groups.len();
    let mut choices: Vec<Vec<usize>> = Vec::new();
    // Cycles have more reactions than modes: some more of the fastest.
    for more in 1..=3.min(count.saturating_sub(modes)) {
        let mut reactions: Vec<usize> = groups[..modes + more].concat();
        reactions.sort_unstable();
        choices.push(reactions);
    }
    let mut subset: Vec<usize> = (0..modes).collect();
    while modes <= count && choices.len() < MOST_COMBINATIONS + 3 {
        let mut reactions: Vec<usize> = subset.iter().flat_map(|g| groups[*g].iter().copied()).collect();
        reactions.sort_unstable();
        choices.push(reactions);
        // The next subset in the order in which later groups come last.
        let Some(place) = (0..modes).rev().find(|&i| subset[i] < count - modes + i) else { break };
        subset[place] += 1;
        for i in place + 1..modes {
            subset[i] = subset[i - 1] + 1;
        }
    }
    choices
}

fn by_hand(flow: &Flow, scales: &Scales, species: &[usize], reactions: &[usize], kind: Option<Kind>) -> Vec<Attempt> {
    let wanted = |k: Kind| kind.is_none_or(|kind| kind == k);
    let network = flow.network();
    let pairs = pairs(network);
    let modes = species.len().max(1);
    let near = |s: &&Split| s.fast.abs_diff(modes);
    let split = scales.splits.iter().min_by_key(near);
    let weights = weights(split, flow);
    let layer_end = split.and_then(|s| s.layer_end).unwrap_or(0.0);
    let mut attempts = Vec::new();
    let closed = Plan::qssa(flow, species, &weights).map(|p| p.fast).unwrap_or_else(|_| species.to_vec());
    let mut add = |kind: Kind, fast: Vec<String>, plan: Result<Plan, ReduceError>| {
        let modes = plan.as_ref().map_or(0, |p| p.balances.len());
        let fast_species = closed.clone();
        attempts.push(Attempt { kind, fast, modes, plan, layer_end, gap: f64::INFINITY, fast_species });
    };
    if !species.is_empty() && wanted(Kind::Qssa) {
        add(Kind::Qssa, flow.names(species.iter().copied()), Plan::qssa(flow, species, &weights));
    }
    let touches = |j: usize| flow.effects[j].iter().any(|(i, _)| species.contains(i));
    let mut chosen: Vec<usize> = reactions.to_vec();
    if chosen.is_empty() {
        // Reversible reactions of the fast species; where there are none, those that join two molecules to one of them.
        chosen = pairs.iter().filter(|(a, b)| touches(*a) || touches(*b)).flat_map(|(a, b)| [*a, *b]).collect();
        if chosen.is_empty() {
            let joins = |j: &usize| network.reactions[*j].order() > 1 && touches(*j);
            chosen = (0..flow.effects.len()).filter(joins).collect();
        }
    }
    for (a, b) in &pairs {
        if chosen.contains(a) != chosen.contains(b) {
            chosen.extend([*a, *b]);
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    let names: Vec<String> = chosen.iter().map(|j| network.reactions[*j].name.clone()).collect();
    for kind in [Kind::PartialEquilibrium, Kind::TotalQssa] {
        if !chosen.is_empty() && wanted(kind) {
            add(kind, names.clone(), Plan::totals(flow, kind, &chosen, &weights));
        }
    }
    if attempts.is_empty() {
        let what = flow.names(species.iter().copied()).join(", ");
        let reason = "no reversible or joining reaction of theirs can be taken as fast".into();
        let plan = Err(ReduceError::NotFast { what: what.clone(), reason });
        let kind = kind.unwrap_or(Kind::Qssa);
        let gap = f64::INFINITY;
        attempts.push(Attempt {
            kind,
            fast: vec![what],
            modes: 0,
            plan,
            layer_end,
            gap,
            fast_species: species.to_vec(),
        });
    }
    attempts
}

impl Attempt {
    fn carry_out(self, flow: &Flow, scales: &Scales, settings: &ReduceSettings, vars: &[usize]) -> Candidate {
        let observed = if vars.is_empty() {
            let slow: Vec<usize> = flow.free.iter().copied().filter(|i| !self.fast_species.contains(i)).collect();
            if slow.is_empty() { flow.free.clone() } else { slow }
        } else {
            vars.to_vec()
        };
        let mut candidate = Candidate {
            kind: self.kind,
            fast: self.fast,
            eliminated: self.modes,
            gap: self.gap,
            reduction: None,
            errors: None,
            observed,
            window: None,
            estimate: f64::NAN,
            measured: f64::NAN,
            imbalance: 0.0,
            refusal: None,
        };
        let result = self.plan.and_then(|plan| candidate.work_out(flow, scales, settings, &plan, self.layer_end));
        candidate.refusal = result.err();
        candidate
    }
}

impl Candidate {
    fn work_out(
        &mut self,
        flow: &Flow,
        scales: &Scales,
        settings: &ReduceSettings,
        plan: &Plan,
        layer_end: f64,
    ) -> Result<(), ReduceError> {
        let times = &scales.times;
        // States that tell branches of roots apart: some thirty after the layer.
        let first = times.iter().position(|t| *t >= layer_end && *t > 0.0).unwrap_or(0);
        let step = ((times.len() - first) / 30).max(1);
        let states: Vec<(f64, Vec<f64>)> =
            (first..times.len()).step_by(step).map(|k| (times[k], scales.state(k).to_vec())).collect();
        let reduction = match (Reduction::of(flow, plan, &states), plan.with_representatives(flow)) {
            // Equations that cannot be solved for totals may be solvable for species.
            (Err(ReduceError::NotSolvable { .. }), Some(plan)) => Reduction::of(flow, &plan, &states)?,
            (result, _) => result?,
        };
        let reduction = self.reduction.insert(reduction);
        let errors = self.errors.insert(Errors::of(flow, scales, reduction)?);
        if plan.kind == Kind::PartialEquilibrium {
            self.imbalance = imbalance(flow, scales, &plan.reactions, errors.layer_end);
        }
        let window = match settings.from {
            Some(from) => errors.window_from(times, from.max(errors.layer_end)),
            None => errors.window(times, &self.observed, settings.tolerance),
        };
        if let Some(from) = settings.from.filter(|from| *from >= scales.end()) {
            let end = short(scales.end());
            let reason = format!("it must be right from time {} on, but is followed only until {end}", short(from));
            return Err(ReduceError::NotValid { reason });
        }
        let Some(window) = window else {
            return Err(ReduceError::NotValid {
                reason: format!("the estimated error is above {} at all times", settings.tolerance),
            });
        };
        self.window = Some(window);
        let largest = |part: fn((f64, f64)) -> f64| {
            let values = self.observed.iter().map(|&i| part(errors.largest(i, &window)));
            values.fold(0.0, |m: f64, e| if e.is_nan() || m.is_nan() { f64::NAN } else { m.max(e) })
        };
        (self.estimate, self.measured) = (largest(|e| e.0), largest(|e| e.1));
        let end = scales.end();
        let refuse = |reason: String| Err(ReduceError::NotValid { reason });
        if self.estimate.is_nan() || self.estimate > settings.tolerance {
            return refuse(format!("the estimated error reaches {:.2e}, above {}", self.estimate, settings.tolerance));
        }
        if window.end < end {
            return refuse(format!(
                "the estimated error stays within {} only from time {} to {}, and not to the end {}",
                settings.tolerance,
                short(window.start),
                short(window.end),
                short(end)
            ));
        }
        if self.measured.is_nan() || self.measured > UNCONFIRMED * settings.tolerance.max(self.estimate) {
            return refuse(format!(
                "the estimated error {:.2e} is not confirmed: against the full model it is {:.2e}",
                self.estimate, self.measured
            ));
        }
        if settings.from.is_none() && window.start > settings.latest_start * end {
            return refuse(format!(
                "the estimated error is within {} only from time {} on, late in the time {} followed",
                settings.tolerance,
                short(window.start),
                short(end)
            ));
        }
        Ok(())
    }
}

/// The largest |v - v'|/(v + v') of reversible reactions from a time on.
fn imbalance(flow: &Flow, scales: &Scales, reactions: &[usize], from: f64) -> f64 {
    let pairs: Vec<(usize, usize)> = pairs(flow.network()).into_iter().filter(|(a, _)| reactions.contains(a)).collect();
    let mut worst = 0.0_f64;
    for (k, _) in scales.times.iter().enumerate().filter(|(_, t)| **t >= from) {
        let rates = flow.reaction_rates(scales.state(k));
        for &(a, b) in &pairs {
            let (off, sum) = ((rates[a] - rates[b]).abs(), rates[a] + rates[b]);
            if sum > 0.0 {
                worst = worst.max(off / sum);
            }
        }
    }
    worst
}

/// Three digits of a time.
fn short(x: f64) -> String {
    format!("{}", format!("{x:.2e}").parse::<f64>().unwrap_or(x))
}

/// For messages: what a network does in the long run.
pub fn describe(behaviour: &Behaviour) -> String {
    match behaviour {
        Behaviour::Rest => "comes to rest".into(),
        Behaviour::Cycle { period } => format!("oscillates with period {}", short(*period)),
        Behaviour::Other => "neither comes to rest nor oscillates in the time followed".into(),
    }
}
