//! Bifurcation diagrams: steady branches with their special points, and branches of cycles.

use divan::Bencher;
use kurtz_dynamics::bifurcation::{Diagram, DiagramSettings, NetworkFamily};
use kurtz_dynamics::progress::Silent;
use kurtz_model::Kinetics;
use kurtz_model::format::crn;
use kurtz_ode::continuation::Continuation;

fn main() {
    divan::main();
}

fn diagram(bencher: Bencher, text: &str, parameter: &str, from: f64, to: f64, cycles: bool) {
    let network = crn::parse(text, "bench").expect("the text is a model").0;
    let kinetics = Kinetics::new(&network).expect("the values are good");
    let family = NetworkFamily::new(&kinetics, parameter).expect("the model has this parameter");
    let continuation = Continuation { from, to, ..Continuation::default() };
    let settings = DiagramSettings { continuation, cycles, ..DiagramSettings::default() };
    bencher.bench(|| Diagram::of(&family, &settings, &Silent));
}

/// 9 variables, 2 conservation laws: steady states alone, and with cycles.
#[divan::bench(args = [false, true], sample_count = 10)]
fn de_young_keizer(bencher: Bencher, cycles: bool) {
    let text = include_str!("../../../models/de-young-keizer-limit.crn");
    diagram(bencher, text, "IP3", 0.05, 1.2, cycles);
}

#[divan::bench(args = [false, true], sample_count = 10)]
fn brusselator(bencher: Bencher, cycles: bool) {
    diagram(bencher, include_str!("../../../models/brusselator.crn"), "B", 0.5, 4.0, cycles);
}

/// Two folds.
#[divan::bench(sample_count = 10)]
fn schloegl(bencher: Bencher) {
    diagram(bencher, include_str!("../../../models/schloegl.crn"), "A", 70_000.0, 130_000.0, true);
}
