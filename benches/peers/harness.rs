// Times kurtz and rebop on one network in one process; written to a project of its own by run.py.
//
// harness MODEL.crn WHAT TRAJECTORIES END SEED SECONDS: prints seconds of processor time a pass (the mean of several), events, means, variances.

use kurtz_dynamics::ensemble::Ensemble;
use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::ssa::automatic;
use kurtz_dynamics::{Method, MomentRecorder, method_named};
use kurtz_model::{Kinetics, ReactionId};

/// Seconds of processor time of all threads so far.
fn processor_time() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let spent = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    spent.map(|line| line.split(' ').next().expect("a number").parse::<f64>().expect("nanoseconds")).sum::<f64>() / 1e9
}

struct Sums(Vec<f64>, Vec<f64>);

impl Sums {
    fn add(&mut self, x: &[f64]) {
        self.0.resize(x.len(), 0.0);
        self.1.resize(x.len(), 0.0);
        for (i, x) in x.iter().enumerate() {
            self.0[i] += x;
            self.1[i] += x * x;
        }
    }

    fn moments(&self, n: f64) -> (Vec<f64>, Vec<f64>) {
        let means: Vec<f64> = self.0.iter().map(|s| s / n).collect();
        let variances = self.1.iter().zip(&means).map(|(q, m)| q / n - m * m).collect();
        (means, variances)
    }
}

fn rebop_api(kinetics: &Kinetics, initial: &[i64], seed: u64, trajectories: u64, end: f64, sums: &mut Sums) {
    use rebop::gillespie::{Gillespie, Rate};
    let counts: Vec<isize> = initial.iter().map(|&n| n as isize).collect();
    let mut system = Gillespie::new_with_seed(&counts, counts.len() > 20, seed);
    let table = kinetics.mass_action();
    for i in 0..table.len() {
        let mut order = vec![0u32; counts.len()];
        table.reactants_of(i).iter().for_each(|&(s, n)| order[s.index()] += n);
        let mut change = vec![0isize; counts.len()];
        kinetics.state_change(ReactionId::from(table.reactions[i].index())).iter().for_each(|&(s, n)| change[s.index()] = n as isize);
        system.add_reaction(Rate::lma(table.constants[i], order), change);
    }
    let mut values = vec![0.0; counts.len()];
    for _ in 0..trajectories {
        system.set_species(&counts);
        system.set_time(0.0);
        system.advance_until(end);
        values.iter_mut().enumerate().for_each(|(s, x)| *x = system.get_species(s) as f64);
        sums.add(&values);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize| arguments[i].parse::<f64>().expect("a number");
    let (what, trajectories, end, seed, least) = (&arguments[2], number(3) as u64, number(4), number(5) as u64, number(6));
    let text = std::fs::read_to_string(&arguments[1]).expect("a model");
    let Ok((network, _)) = kurtz_model::format::crn::parse(&text, &arguments[1]) else { panic!("a good model") };
    let kinetics = Kinetics::new(&network).expect("good numbers");
    let initial = kinetics.initial_counts().expect("whole counts");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let (mut passes, begun) = (0, processor_time());
    let mut found = (0, Vec::new(), Vec::new());
    // At least one pass, more until it has taken long enough to be timed.
    while passes == 0 || processor_time() - begun < least {
        if let Some(name) = what.strip_prefix("kurtz-") {
            let method: Box<dyn Method> = if name == "auto" { automatic(&kinetics) } else { method_named(name).expect("a method") };
            let recorder = MomentRecorder::new(2, 0);
            let outcome = if initial.len() <= 20 {
                let ensemble = Ensemble::at(&kinetics, &*method, trajectories, seed, vec![end]);
                pool.install(|| ensemble.run(recorder, &Silent)).map(|o| (o.events, o.output))
            } else {
                // Not the moments of all pairs of very many species.
                let watched: Vec<_> = [0, initial.len() / 2].map(kurtz_model::SpeciesId::from).into();
                let ensemble = Ensemble::at(&kinetics, &*method, trajectories, seed, vec![end]);
                pool.install(|| ensemble.run(recorder.with_species(watched), &Silent)).map(|o| (o.events, o.output))
            };
            let (events, series) = outcome.expect("it applies");
            let series = series.expect("it ends");
            let mean = |m: usize| series.value(0, m);
            let single = |s: usize| series.indices.iter().position(|i| i.0.iter().enumerate().all(|(t, &p)| p == if t == s { 2 } else { 0 })).expect("kept");
            let n = series.species.len();
            found = (events, (0..n).map(mean).collect(), (0..n).map(|s| mean(single(s))).collect());
        } else {
            let mut sums = Sums(Vec::new(), Vec::new());
            match what.as_str() {
                "rebop-api" => rebop_api(&kinetics, &initial, seed, trajectories, end, &mut sums),
                name => macros(name, seed, trajectories, end, &mut sums),
            }
            let (means, variances) = sums.moments(trajectories as f64);
            found = (0, means, variances);
        }
        passes += 1;
    }
    let seconds = (processor_time() - begun) / f64::from(passes);
    let list = |x: &[f64]| x.iter().map(|x| format!("{x:e}")).collect::<Vec<_>>().join(",");
    println!("{:e};{};{};{}", seconds, found.0, list(&found.1), list(&found.2));
}
