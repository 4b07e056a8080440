//! Averages over windows of time, trajectory by trajectory, and the law over the last of them.

use super::recorder::{Layout, Recorder};
use crate::method::Block;
use std::collections::BTreeMap;

/// Averages each trajectory over equal windows of grid times, counted from the second grid time on.
#[derive(Clone, Debug)]
pub struct WindowsRecorder {
    /// Number of windows.
    pub windows: usize,
    layout: Option<Layout>,
}

/// Time averages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    /// Names of what is observed.
    pub variables: Vec<String>,
    /// Number of windows.
    pub windows: usize,
    /// Averages of each variable, `[trajectories x windows x variables]`.
    pub means: Vec<f64>,
    /// Averages of its square, likewise.
    pub squares: Vec<f64>,
    /// How often each rounded value was found at grid times of the later half of the windows, `[variables]`.
    pub laws: Vec<BTreeMap<i64, u64>>,
}

impl WindowsRecorder {
    /// Averages over so many windows.
    pub fn new(windows: usize) -> Self {
        WindowsRecorder { windows: windows.max(1), layout: None }
    }
}

impl Recorder for WindowsRecorder {
    type Part = Windows;
    type Total = Windows;
    type Output = Windows;

    fn begin(&mut self, layout: &Layout, _first: &Block) -> Windows {
        self.layout = Some(layout.clone());
        Windows {
            variables: layout.variables.clone(),
            windows: self.windows,
            laws: vec![BTreeMap::new(); layout.variables.len()],
            ..Windows::default()
        }
    }

    fn reduce(&self, block: &Block) -> Windows {
        let n = block.variables;
        let per_window = (block.times.saturating_sub(1) / self.windows).max(1);
        let mut part = Windows { windows: self.windows, laws: vec![BTreeMap::new(); n], ..Windows::default() };
        for i in 0..block.trajectories() {
            let rows = block.trajectory(i);
            for w in 0..self.windows {
                let first = 1 + w * per_window;
                let (mut sums, mut squares) = (vec![0.0; n], vec![0.0; n]);
                for row in rows[first * n..].chunks_exact(n).take(per_window) {
                    for (v, &x) in row.iter().enumerate() {
                        sums[v] += x;
                        squares[v] += x * x;
                        if 2 * w >= self.windows {
                            *part.laws[v].entry(x.round() as i64).or_insert(0) += 1;
                        }
                    }
                }
                part.means.extend(sums.iter().map(|s| s / per_window as f64));
                part.squares.extend(squares.iter().map(|s| s / per_window as f64));
            }
        }
        part
    }

    fn merge(&self, total: &mut Windows, part: Windows) {
        total.means.extend(part.means);
        total.squares.extend(part.squares);
        for (total, part) in total.laws.iter_mut().zip(part.laws) {
            for (value, n) in part {
                *total.entry(value).or_insert(0) += n;
            }
        }
    }

    fn finish(self, total: Windows, _trajectories: u64) -> Windows {
        total
    }
}
