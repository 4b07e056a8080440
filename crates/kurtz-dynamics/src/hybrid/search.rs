//! Finding, within a step of the integrator, when something happens.

use super::schedule::Schedule;
use super::stretch::Field;
use kurtz_ode::Stepper;

/// A step is looked at in so many parts.
const PARTS: usize = 4;
/// Probes for a minimum between two points.
const PROBES: usize = 40;

/// When variable `k`, which never decreases, reaches `level` within the last step.
pub(super) fn crossing(stepper: &mut Stepper, k: usize, level: f64) -> Option<f64> {
    if stepper.state()[k] < level {
        return None;
    }
    let (mut low, mut high) = (stepper.previous_time(), stepper.time());
    let mut y = vec![0.0; stepper.state().len()];
    let mut at = |time: f64| {
        stepper.write_state_at(time, &mut y);
        y[k] - level
    };
    let (mut below, mut above) = (at(low).min(0.0), at(high));
    // Regula falsi, halving the weight of the end that stays (Illinois).
    for _ in 0..100 {
        let middle = (high - above * (high - low) / (above - below)).clamp(low, high);
        let middle = if middle > low && middle < high { middle } else { low + (high - low) / 2.0 };
        if middle <= low || middle >= high || above == 0.0 || (high - low) < 1e-15 * high.abs() {
            break;
        }
        let value = at(middle);
        if value >= 0.0 {
            (high, above) = (middle, value);
            below /= 2.0;
        } else {
            (low, below) = (middle, value);
            above /= 2.0;
        }
    }
    Some(high)
}

/// Looks along the solution for switches that change.
pub(super) struct Probe<'a> {
    field: &'a Field<'a>,
    schedule: &'a Schedule,
    inputs: Vec<f64>,
    y: Vec<f64>,
    /// Values of the switches up to where everything has been looked at.
    values: Vec<f64>,
    found: Vec<f64>,
    arguments: [Vec<f64>; 4],
    triggers: Vec<f64>,
}

impl<'a> Probe<'a> {
    /// Begins at the state and time of `held`.
    pub fn new(field: &'a Field<'a>, schedule: &'a Schedule, held: &[f64]) -> Self {
        let dense = &field.plan.switches.dense;
        let count = dense.is_mode.len();
        let mut values = vec![0.0; count];
        dense.values.evaluate(held, &mut values);
        Probe {
            field,
            schedule,
            inputs: held.to_vec(),
            y: vec![0.0; kurtz_ode::VectorField::dimension(field)],
            found: vec![0.0; count],
            arguments: std::array::from_fn(|_| vec![0.0; count]),
            triggers: vec![0.0; field.plan.events.len()],
            values,
        }
    }

    /// The first time in the last step, not after `end`, at which a mode or the value of a condition changes.
    pub fn first_change(&mut self, stepper: &mut Stepper, end: f64) -> Option<f64> {
        if self.values.is_empty() {
            return None;
        }
        let mut low = stepper.previous_time();
        let part = (end - low) / PARTS as f64;
        let start = low;
        for i in 1..=PARTS {
            let high = if i == PARTS { end } else { start + part * i as f64 };
            while low < high {
                let suspect = if self.differs(stepper, high) { Some(high) } else { self.dip(stepper, low, high) };
                let Some(suspect) = suspect else { break };
                let change = self.boundary(stepper, low, suspect);
                if self.matters(stepper, change) {
                    return Some(change);
                }
                self.values.copy_from_slice(&self.found);
                low = change;
            }
            low = high;
        }
        None
    }

    /// Whether something of what was found last has its new value at the very place where it changes, as `x >= 1` has
    /// where x is 1, unlike `x > 1`.
    pub fn is_new_at_change(&self) -> bool {
        let at_change = &self.field.plan.switches.dense.at_change;
        let all = self.values.iter().zip(&self.found).zip(at_change);
        all.into_iter().any(|((&a, &b), at)| a != b && at.is_new(a, b))
    }

    fn move_to(&mut self, stepper: &mut Stepper, time: f64) {
        stepper.write_state_at(time, &mut self.y);
        self.field.write_inputs(time, &self.y, &mut self.inputs);
    }

    /// Whether a switch has another value at `time`; the values there are then in `found`.
    fn differs(&mut self, stepper: &mut Stepper, time: f64) -> bool {
        self.move_to(stepper, time);
        self.field.plan.switches.dense.values.evaluate(&self.inputs, &mut self.found);
        self.values != self.found
    }

    /// The first time in (low, high] at which a switch differs, given that one does at `high`.
    fn boundary(&mut self, stepper: &mut Stepper, mut low: f64, mut high: f64) -> f64 {
        loop {
            let middle = low + (high - low) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if self.differs(stepper, middle) { high = middle } else { low = middle }
        }
        self.differs(stepper, high);
        high
    }

    /// Whether what was found at `time` is a change of a mode or of a condition.
    fn matters(&mut self, stepper: &mut Stepper, time: f64) -> bool {
        let dense = &self.field.plan.switches.dense;
        let changed = self.values.iter().zip(&self.found).zip(&dense.is_mode);
        if changed.into_iter().any(|((a, b), &is_mode)| is_mode && a != b) {
            return true;
        }
        self.move_to(stepper, time);
        self.field.plan.triggers.evaluate(&self.inputs, &mut self.triggers);
        self.schedule.differs(&self.triggers)
    }

    /// A time between `low` and `high`, at both of which all switches have their old values, where one has not: because
    /// the difference that a comparison looks at goes to zero and comes back.
    fn dip(&mut self, stepper: &mut Stepper, low: f64, high: f64) -> Option<f64> {
        let step = 1e-4 * (high - low);
        if low + step <= low {
            return None;
        }
        for (k, time) in [low, low + step, high - step, high].into_iter().enumerate() {
            self.write_arguments(stepper, time, k);
        }
        for w in 0..self.values.len() {
            let [a, after_a, before_b, b] = [0, 1, 2, 3].map(|k| self.arguments[k][w]);
            let comes_back = |sign: f64| {
                sign * a > 0.0 && sign * b > 0.0 && sign * (after_a - a) < 0.0 && sign * (b - before_b) > 0.0
            };
            if !self.field.plan.switches.dense.is_comparison[w] || !(comes_back(1.0) || comes_back(-1.0)) {
                continue;
            }
            if let Some(time) = self.golden(stepper, low, high, w, a.signum()) {
                return Some(time);
            }
        }
        None
    }

    fn write_arguments(&mut self, stepper: &mut Stepper, time: f64, k: usize) {
        self.move_to(stepper, time);
        self.field.plan.switches.dense.arguments.evaluate(&self.inputs, &mut self.arguments[k]);
    }

    /// Follows argument `w` to its minimum by golden sections; stops where a switch differs.
    fn golden(&mut self, stepper: &mut Stepper, mut low: f64, mut high: f64, w: usize, sign: f64) -> Option<f64> {
        let ratio = (5.0f64.sqrt() - 1.0) / 2.0;
        let mut value = |probe: &mut Self, time: f64| {
            let found = probe.differs(stepper, time).then_some(time);
            probe.field.plan.switches.dense.arguments.evaluate(&probe.inputs, &mut probe.arguments[0]);
            (sign * probe.arguments[0][w], found)
        };
        let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
        let (mut at_left, mut found_left) = value(self, left);
        let (mut at_right, mut found_right) = value(self, right);
        for _ in 0..PROBES {
            if let Some(time) = found_left.or(found_right) {
                return Some(time);
            }
            if at_left < at_right {
                (high, right, at_right) = (right, left, at_left);
                left = high - ratio * (high - low);
                (at_left, found_left) = value(self, left);
            } else {
                (low, left, at_left) = (left, right, at_right);
                right = low + ratio * (high - low);
                (at_right, found_right) = value(self, right);
            }
        }
        None
    }
}
