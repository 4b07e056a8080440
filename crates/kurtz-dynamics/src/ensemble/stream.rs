//! Trajectories written away while the ensemble runs, none of them kept.

use super::recorder::{Layout, Recorder};
use crate::method::Block;
use std::sync::{Arc, Mutex};

/// Where trajectories go.
pub trait PathSink: Send {
    /// What there will be: names of the variables, and the grid.
    fn begin(&mut self, variables: &[String], times: &[f64]);

    /// Trajectories from index `first` on, `[trajectories x times x variables]`; called in order. A sink that fails keeps its
    /// error for its owner and takes no more.
    fn write(&mut self, first: u64, values: &[f64]);
}

/// Hands every trajectory on the grid to a sink, in order.
#[derive(Clone)]
pub struct StreamRecorder {
    sink: Arc<Mutex<dyn PathSink>>,
}

impl StreamRecorder {
    /// Hands trajectories to `sink`.
    pub fn new(sink: Arc<Mutex<dyn PathSink>>) -> Self {
        StreamRecorder { sink }
    }
}

impl Recorder for StreamRecorder {
    type Part = (u64, Vec<f64>);
    type Total = ();
    type Output = ();

    fn begin(&mut self, layout: &Layout, _first: &Block) {
        self.sink.lock().expect("no sink panics").begin(&layout.variables, &layout.times);
    }

    fn reduce(&self, block: &Block) -> Self::Part {
        (block.first, block.values.clone())
    }

    fn merge(&self, _total: &mut (), (first, values): Self::Part) {
        self.sink.lock().expect("no sink panics").write(first, &values);
    }

    fn finish(self, _total: (), _trajectories: u64) {}
}
