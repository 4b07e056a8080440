//! Claims about ensembles.

use super::*;
use crate::method::{Block, Stop, methods};
use crate::progress::{Cancel, Progress, Silent};
use crate::ssa::Direct;
use crate::testing::networks::*;
use crate::{MomentIndex, MomentSeries};
use kurtz_model::SpeciesId;
use kurtz_testkit::oracle;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

fn on_threads<T: Send>(threads: usize, job: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(job)
}

#[test]
fn one_two_and_seven_threads_give_the_same_bits() {
    let kinetics = epidermis();
    for method in methods() {
        let run = |threads| {
            on_threads(threads, || {
                let recorders =
                    (MomentRecorder::new(4, 2), HistogramRecorder::default(), FinalsRecorder, PathsRecorder::new(300));
                Ensemble::new(&kinetics, &*method, 2_000, 3, 5.0, 5).run(recorders, &Silent).expect("good")
            })
        };
        let one = run(1);
        assert_eq!(one.trajectories, 2_000);
        assert_eq!(one, run(2));
        assert_eq!(one, run(7));
    }
}

#[test]
fn a_longer_ensemble_extends_the_shorter() {
    let kinetics = epidermis();
    for method in methods() {
        let finals = |n| {
            let run = Ensemble::new(&kinetics, &*method, n, 3, 5.0, 1).run(FinalsRecorder, &Silent);
            run.expect("good").output.expect("finished")
        };
        // Blocks of 1 and of 3 trajectories.
        let (short, long) = (finals(150), finals(900));
        assert_eq!(short.values, long.values[..300]);
        assert_eq!(short.events, long.events[..150]);
    }
}

#[test]
fn halves_are_the_even_and_the_odd_trajectories() {
    let kinetics = epidermis();
    for n in [7, 900, 2_001] {
        let method = Direct::default();
        let ensemble = Ensemble::new(&kinetics, &method, n, 3, 5.0, 2);
        let recorders = (Halves::new(MomentRecorder::new(2, 0)), PathsRecorder::new(n));
        let (halves, paths) = ensemble.run(recorders, &Silent).expect("good").output.expect("finished");
        let width = paths.times.len() * paths.variables.len();
        for (parity, half) in halves.iter().enumerate() {
            let own: Vec<&[f64]> = paths.values.chunks_exact(width).skip(parity).step_by(2).collect();
            assert_eq!(half.trajectories, Some(own.len() as u64));
            for v in 0..paths.variables.len() {
                let last = 2 * paths.variables.len() + v;
                let mean = own.iter().map(|path| path[last]).sum::<f64>() / own.len() as f64;
                let mut powers = vec![0; paths.variables.len()];
                powers[v] = 1;
                let place = half.position(&MomentIndex(powers)).expect("a mean");
                assert!((half.value(2, place) - mean).abs() < 1e-9 * mean.max(1.0), "{n}, {parity}, {v}");
            }
        }
    }
}

/// Lets whoever samples first wait for a second thread.
#[derive(Default)]
struct Together {
    seen: Mutex<std::collections::HashSet<std::thread::ThreadId>>,
    came: Condvar,
    was_alone: AtomicBool,
}

impl Progress for Together {
    fn cancelled(&self) -> bool {
        let mut seen = self.seen.lock().unwrap();
        if seen.insert(std::thread::current().id()) {
            self.came.notify_all();
            let wait = std::time::Duration::from_secs(60);
            let (_seen, waited) = self.came.wait_timeout_while(seen, wait, |seen| seen.len() < 2).unwrap();
            self.was_alone.fetch_or(waited.timed_out(), Ordering::Relaxed);
        }
        false
    }
}

#[test]
fn all_threads_begin_at_once() {
    let (kinetics, method, together) = (epidermis(), Direct::default(), Together::default());
    on_threads(2, || Ensemble::new(&kinetics, &method, 2, 3, 5.0, 1).run(FinalsRecorder, &together)).expect("good");
    assert!(!together.was_alone.into_inner());
}

/// Panics on every thread but that which begins, which waits for this to happen.
#[derive(Default)]
struct Panics {
    first: Mutex<Option<std::thread::ThreadId>>,
    has_panicked: AtomicBool,
}

impl Progress for Panics {
    fn begin(&self, _: &str, _: u64) {
        *self.first.lock().unwrap() = Some(std::thread::current().id());
    }

    fn cancelled(&self) -> bool {
        let is_first = *self.first.lock().unwrap() == Some(std::thread::current().id());
        if !is_first {
            self.has_panicked.store(true, Ordering::Relaxed);
            panic!("on purpose");
        }
        for _ in 0..60_000 {
            if self.has_panicked.load(Ordering::Relaxed) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        false
    }
}

#[test]
fn a_panic_ends_the_work_of_all() {
    let (kinetics, method) = (epidermis(), Direct::default());
    let run = || {
        let progress = Panics::default();
        on_threads(2, || Ensemble::new(&kinetics, &method, 2_000, 3, 5.0, 1).run(FinalsRecorder, &progress).map(|_| ()))
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
}

/// Cancels after a number of trajectories.
struct After {
    left: AtomicU64,
    cancel: Cancel,
}

impl Progress for After {
    fn advance(&self, steps: u64) {
        if self.left.fetch_sub(steps, Ordering::Relaxed) <= steps {
            self.cancel.cancel();
        }
    }
    fn cancelled(&self) -> bool {
        self.cancel.cancelled()
    }
}

#[test]
fn an_interrupted_ensemble_gives_the_blocks_finished_so_far() {
    let kinetics = epidermis();
    let method = Direct::default();
    for threads in [1, 3] {
        let after = After { left: AtomicU64::new(500), cancel: Cancel::new() };
        let outcome = on_threads(threads, || {
            Ensemble::new(&kinetics, &method, 2_560, 3, 5.0, 2).run((MomentRecorder::default(), FinalsRecorder), &after)
        })
        .expect("good");
        assert_eq!(outcome.halt.expect("interrupted").stop, Stop::Cancelled);
        let n = outcome.trajectories;
        assert!((500..2_560).contains(&n) && n % 10 == 0, "{n}");
        let (series, finals) = outcome.output.expect("some blocks");
        assert_eq!((series.trajectories, finals.events.len()), (Some(n), n as usize));
        let all = Ensemble::new(&kinetics, &method, 2_560, 3, 5.0, 2).run(FinalsRecorder, &Silent).expect("good");
        assert_eq!(all.output.expect("finished").values[..2 * n as usize], finals.values);
    }
}

#[test]
fn a_trajectory_that_fails_is_named_whatever_the_number_of_threads() {
    // A reaches 12 in some trajectories only, where the law turns negative.
    let kinetics = kinetics("species A = 0\n 0 -> A @ propensity(if(A < 12, 1, -1))\n A -> 0 @ 0.2");
    let run = |threads| {
        on_threads(threads, || {
            Ensemble::new(&kinetics, &Direct::default(), 5_000, 1, 10.0, 1).run(FinalsRecorder, &Silent)
        })
        .expect("good")
    };
    let one = run(1);
    let halt = one.halt.clone().expect("one of them fails");
    assert!(matches!(halt.stop, Stop::BadPropensity { .. }));
    // Whole blocks of 19 before it.
    assert_eq!(one.trajectories, halt.trajectory / 19 * 19);
    assert_eq!(one, run(7));
}

#[test]
fn bad_grids_and_empty_ensembles_are_refused() {
    let kinetics = epidermis();
    let method = Direct::default();
    let mut ensemble = Ensemble::new(&kinetics, &method, 10, 1, 5.0, 5);
    for (times, at) in [(vec![0.0, 1.0, 1.0], 2), (vec![-1.0], 0), (vec![0.0, f64::NAN], 1)] {
        ensemble.times = times;
        let refused = ensemble.run((), &Silent);
        assert!(matches!(refused, Err(DynamicsError::BadGrid { index, .. }) if index == at), "{refused:?}");
    }
    ensemble.trajectories = 0;
    assert!(matches!(ensemble.run((), &Silent), Err(DynamicsError::BadSetting { .. })));
}

/// A block of made-up counts, two species.
fn made_up(trajectories: usize, offset: i64) -> (Layout, Block) {
    let times = 3;
    let value = |i: usize| (offset + (i * i * 7919 % 101) as i64 % 23) as f64;
    let values = (0..trajectories * times * 2).map(value).collect();
    let layout = Layout {
        variables: vec!["A".into(), "B".into()],
        times: vec![0.0, 1.0, 2.0],
        trajectories: trajectories as u64,
    };
    let block = Block {
        first: 0,
        times,
        variables: 2,
        values,
        events: vec![0; trajectories],
        absorbed: vec![f64::INFINITY; trajectories],
    };
    (layout, block)
}

fn recorded(mut recorder: MomentRecorder, layout: &Layout, block: &Block) -> MomentSeries {
    let mut total = recorder.begin(layout, block);
    let part = recorder.reduce(block);
    recorder.merge(&mut total, part);
    recorder.finish(total, block.trajectories() as u64)
}

/// Two passes: central moments, then the covariance of the influence functions written out.
fn plain(block: &Block, series: &MomentSeries) -> (Vec<f64>, Vec<f64>) {
    let n = block.trajectories();
    let count = |i: usize, t: usize, s: usize| block.trajectory(i)[t * 2 + s];
    let mean = |t, s| (0..n).map(|i| count(i, t, s)).sum::<f64>() / n as f64;
    let product =
        |i, t, powers: &[u8]| (0..2).map(|s| (count(i, t, s) - mean(t, s)).powi(powers[s].into())).product::<f64>();
    let central = |t, powers: &[u8]| (0..n).map(|i| product(i, t, powers)).sum::<f64>() / n as f64;
    let rows: Vec<(usize, &[u8])> =
        (0..3).flat_map(|t| series.indices.iter().map(move |index| (t, &index.0[..]))).collect();
    let values = rows
        .iter()
        .map(|&(t, p)| if p.iter().sum::<u8>() == 1 { mean(t, usize::from(p[1])) } else { central(t, p) })
        .collect();
    let influence: Vec<Vec<f64>> = rows
        .iter()
        .map(|&(t, p)| {
            let slopes = [0, 1].map(|s| {
                if p[s] == 0 || p.iter().sum::<u8>() == 1 {
                    return 0.0;
                }
                let mut lower = p.to_vec();
                lower[s] -= 1;
                f64::from(p[s]) * central(t, &lower)
            });
            let centre = central(t, p);
            (0..n)
                .map(|i| {
                    let shift: f64 = (0..2).map(|s| slopes[s] * (count(i, t, s) - mean(t, s))).sum();
                    product(i, t, p) - centre - shift
                })
                .collect()
        })
        .collect();
    let mut covariance = Vec::new();
    for a in &influence {
        for b in &influence {
            covariance.push(a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / (n * n) as f64);
        }
    }
    (values, covariance)
}

#[test]
fn one_pass_moments_and_covariance_agree_with_two_passes() {
    let (layout, block) = made_up(75, 0);
    let series = recorded(MomentRecorder::new(4, 4), &layout, &block);
    let (values, covariance) = plain(&block, &series);
    for (a, b) in series.values.iter().zip(&values) {
        assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{a} {b}");
    }
    let found = series.covariance.as_ref().expect("asked for");
    assert_eq!(found.len(), covariance.len());
    let size = values.len();
    for (k, (a, b)) in found.iter().zip(&covariance).enumerate() {
        let scale = (covariance[k / size * (size + 1)] * covariance[k % size * (size + 1)]).sqrt();
        assert!((a - b).abs() <= 1e-11 * scale, "{k}: {a} {b}");
    }
}

#[test]
fn large_counts_lose_nothing_to_cancellation() {
    let [near, far] = [0, 1_000_000_000_000].map(|offset| {
        let (layout, block) = made_up(75, offset);
        recorded(MomentRecorder::new(4, 4), &layout, &block)
    });
    let central = |series: &MomentSeries| -> Vec<f64> {
        series.values.chunks(series.indices.len()).flat_map(|values| values[2..].to_vec()).collect()
    };
    assert_eq!(central(&near), central(&far));
    assert_eq!(near.covariance, far.covariance);
}

#[test]
fn chosen_species_are_recorded_in_the_order_asked_for() {
    let (layout, block) = made_up(40, 5);
    let both = recorded(MomentRecorder::new(2, 2), &layout, &block);
    let only = recorded(MomentRecorder::new(2, 1).with_species(vec![SpeciesId(1)]), &layout, &block);
    assert_eq!((only.species, only.covariance_moments), (vec!["B".to_owned()], 1));
    for t in 0..3 {
        assert!((only.values[2 * t] - both.value(t, 1)).abs() < 1e-12);
        assert!((only.values[2 * t + 1] - both.value(t, 4)).abs() < 1e-12);
    }
}

// The sampling covariance is itself sampled: with N = 20 000, an entry's standard error is about
// sqrt((C_ii C_jj + C_ij^2) / N) for means; the line is 5 of them.
#[test]
fn the_covariance_of_means_across_time_is_the_autocovariance() {
    let kinetics = immigration_death(3.0, 0.5, 20);
    let method = Direct::default();
    let n = 20_000.0f64;
    let run = Ensemble::new(&kinetics, &method, n as u64, 8, 4.0, 4).run(MomentRecorder::new(2, 2), &Silent);
    let series = run.expect("good").output.expect("finished");
    let covariance = series.covariance.as_ref().expect("recorded");
    let exact = |s: f64, t: f64| oracle::immigration_death_autocovariance(3.0, 0.5, 20, s.min(t), s.max(t));
    for (i, &s) in series.times.iter().enumerate() {
        for (j, &t) in series.times.iter().enumerate() {
            let found = covariance[2 * i * 10 + 2 * j] * n;
            let error = ((exact(s, s) * exact(t, t) + exact(s, t).powi(2)) / n).sqrt();
            assert!((found - exact(s, t)).abs() <= 5.0 * error, "{s} {t}: {found} {}", exact(s, t));
        }
        // Variance of the variance: mu_4 - mu_2^2; its own relative error here is below 3 %.
        let law = oracle::immigration_death(3.0, 0.5, 20, s);
        let found = covariance[(2 * i + 1) * 11] * n;
        let expected = law.fourth() - law.variance.powi(2);
        assert!((found - expected).abs() <= 0.15 * expected, "{s}: {found} {expected}");
        // Covariance of mean and variance: mu_3, that of the Poisson and binomial parts.
        let p = (-0.5 * s).exp();
        let third = 6.0 * (1.0 - p) + 20.0 * p * (1.0 - p) * (1.0 - 2.0 * p);
        let found = covariance[2 * i * 10 + 2 * i + 1] * n;
        let error = (6.0 * law.variance.powi(3) * 2.0 / n).sqrt();
        assert!((found - third).abs() <= 5.0 * error, "{s}: {found} {third}");
    }
}

#[test]
fn histograms_and_moments_tell_the_same() {
    let kinetics = epidermis();
    let method = Direct::default();
    let recorders =
        (MomentRecorder::default(), Some(HistogramRecorder::new(vec![], vec![2])), vec![PathsRecorder::new(7)]);
    let run = Ensemble::new(&kinetics, &method, 1_000, 8, 4.0, 2).run(recorders, &Silent);
    let (series, histogram, paths) = run.expect("good").output.expect("finished");
    let histogram = histogram.expect("asked for");
    assert_eq!((histogram.times.clone(), histogram.species.clone()), (vec![4.0], series.species.clone()));
    assert_eq!(histogram.states[0].values().sum::<u64>(), 1_000);
    let mean = |p: usize| histogram.marginal(0, p).iter().map(|(&n, &k)| n as f64 * k as f64).sum::<f64>() / 1_000.0;
    assert!((mean(0) - series.value(2, 0)).abs() < 1e-9);
    assert!((mean(1) - series.value(2, 1)).abs() < 1e-9);
    assert_eq!((paths[0].trajectories, paths[0].values.len()), (7, 7 * 3 * 2));
    let state: Vec<i64> = paths[0].values[4..6].iter().map(|&x| x as i64).collect();
    assert!(histogram.frequency(0, &state) >= 1e-3);
}

/// A checkpoint in memory.
#[derive(Default)]
struct Memory(std::sync::Mutex<Option<Vec<u8>>>);

impl Checkpoint for Memory {
    fn load(&self) -> Option<Vec<u8>> {
        self.0.lock().expect("nobody panics").clone()
    }
    fn save(&self, state: &[u8]) {
        *self.0.lock().expect("nobody panics") = Some(state.to_vec());
    }
}

#[test]
fn an_ensemble_that_was_stopped_twice_gives_the_bits_of_one_that_was_not() {
    let kinetics = epidermis();
    let method = Direct::default();
    let ensemble = Ensemble::new(&kinetics, &method, 2_560, 3, 5.0, 2);
    let recorders = || (MomentRecorder::new(3, 2), HistogramRecorder::default(), PathsRecorder::new(700));
    let whole = ensemble.run(recorders(), &Silent).expect("good");
    let memory = Memory::default();
    for trajectories in [300, 900] {
        let after = After { left: AtomicU64::new(trajectories), cancel: Cancel::new() };
        let part = on_threads(2, || ensemble.run_from(recorders(), Some(&memory), &after)).expect("good");
        assert_eq!(part.halt.expect("interrupted").stop, Stop::Cancelled);
        assert!(memory.load().is_some());
    }
    let resumed = on_threads(3, || ensemble.run_from(recorders(), Some(&memory), &Silent)).expect("good");
    assert_eq!(resumed, whole);
    // One of another ensemble, or damaged, is not taken.
    let other = Ensemble::new(&kinetics, &method, 2_560, 3, 5.0, 7);
    assert!(matches!(other.run_from(recorders(), Some(&memory), &Silent), Err(DynamicsError::BadCheckpoint)));
    let cut = memory.load().expect("there is one");
    memory.save(&cut[..cut.len() - 3]);
    assert!(matches!(ensemble.run_from(recorders(), Some(&memory), &Silent), Err(DynamicsError::BadCheckpoint)));
}

/// Keeps what it is given, and checks the order.
#[derive(Default)]
struct Kept {
    values: Vec<f64>,
    next: u64,
    per_trajectory: usize,
}

impl PathSink for Kept {
    fn begin(&mut self, variables: &[String], times: &[f64]) {
        self.per_trajectory = variables.len() * times.len();
    }
    fn write(&mut self, first: u64, values: &[f64]) {
        assert_eq!(first, self.next);
        self.next += (values.len() / self.per_trajectory) as u64;
        self.values.extend_from_slice(values);
    }
}

#[test]
fn streamed_trajectories_are_those_that_are_kept() {
    let kinetics = epidermis();
    let method = Direct::default();
    let kept = std::sync::Arc::new(std::sync::Mutex::new(Kept::default()));
    let recorders = (StreamRecorder::new(kept.clone()), PathsRecorder::new(600));
    let run = on_threads(3, || Ensemble::new(&kinetics, &method, 600, 8, 4.0, 2).run(recorders, &Silent));
    let ((), paths) = run.expect("good").output.expect("finished");
    assert_eq!(kept.lock().expect("nobody panics").values, paths.values);
}
