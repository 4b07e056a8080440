//! One trajectory of 50 s of the De Young-Keizer model at 0.7 uM IP3, in both treatments of its currents: how cost grows
//! with the number of subunits N and the volume V.
//!
//! `cargo bench -p kurtz-dynamics --bench hybrid`; one item is one reaction, so that throughput is reactions per second.

use divan::Bencher;
use divan::counter::ItemsCount;
use kurtz_dynamics::hybrid::{Hybrid, Partition, Treatment};
use kurtz_dynamics::method::{BatchSampler, Block, BlockTask, Method};
use kurtz_dynamics::progress::Silent;
use kurtz_model::System;
use kurtz_model::format::crn;
use kurtz_model::kinetics::Changes;

fn main() {
    divan::main();
}

const MODEL: &str = include_str!("../../../models/de-young-keizer.crn");

fn follow(bencher: Bencher, treatment: Treatment, subunits: u32, volume: f64) {
    let network = crn::parse(MODEL, "bench").expect("the text is a model").0;
    let changes = Changes {
        parameters: vec![("subunits".into(), f64::from(subunits))],
        initial: vec![("IP3".into(), 0.7)],
        volume: Some(volume),
    };
    let changed = System::new(&network, &changes).expect("the values are good");
    let system = System::new(&changed.network().in_molecules(), &Changes::default()).expect("the same in molecules");
    let flowing =
        changed.network().reactions.iter().map(|r| r.name.clone()).filter(|n| n.contains("leak") || n == "pump");
    let method = Hybrid { partition: Partition::Mixed(flowing.collect()), treatment, ..Hybrid::default() };
    let mut sampler = method.system_sampler(&system, &system.amounts()).expect("a network for this method");
    let mut block = Block::default();
    let times: Vec<f64> = (0..=500).map(|i| f64::from(i) * 0.1).collect();
    let mut run = |sampler: &mut dyn BatchSampler| {
        let task = BlockTask { seed: 1, first: 0, trajectories: 1, start: 0.0, times: &times };
        sampler.sample(&task, &mut block, &Silent).expect("it can be followed");
        block.events[0]
    };
    let events = run(&mut *sampler);
    bencher.counter(ItemsCount::new(events)).bench_local(|| run(&mut *sampler));
}

/// As published: steps of 1 ms, whole molecules.
#[divan::bench(args = [(100, 1e-14), (200, 1e-14), (500, 1e-14), (1000, 1e-14), (100, 1e-13), (100, 1e-12), (1000, 1e-12)], sample_count = 10)]
fn fixed_steps(bencher: Bencher, (subunits, volume): (u32, f64)) {
    follow(bencher, Treatment::FixedSteps(1e-3), subunits, volume);
}

/// Integrated to the tolerance 1e-6.
#[divan::bench(args = [(100, 1e-14), (200, 1e-14), (500, 1e-14), (1000, 1e-14), (100, 1e-13), (100, 1e-12), (1000, 1e-12)], sample_count = 10)]
fn integrated(bencher: Bencher, (subunits, volume): (u32, f64)) {
    follow(bencher, Treatment::Integrated, subunits, volume);
}
