use super::*;
use crate::frame::Standard;
use crate::testing::noise;

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|&s| s.into()).collect()
}

const MEAN: [f64; 3] = [0.4, -1.0, 2.0];
const LOADINGS: [f64; 3] = [-0.8, 0.3, 0.1];
const NOISE: f64 = 0.09;

fn exact() -> Standard {
    Standard { mean: MEAN.to_vec(), loadings: LOADINGS.to_vec(), noise: NOISE }
}

fn samples(count: usize, seed: u64) -> Vec<f64> {
    let mut next = noise(seed);
    (0..count)
        .flat_map(|_| {
            let h = next();
            [0, 1, 2].map(|i| MEAN[i] + LOADINGS[i] * h + NOISE.sqrt() * next())
        })
        .collect()
}

#[test]
fn exact_moments_give_the_parameters_back() {
    let components = Components::new(&MEAN, &exact().visible_covariance(), 1).unwrap();
    let mut course = [components.standard.clone()];
    orient(&mut course, Orientation::Species { species: 0, positive: false });
    let agree = course[0].to_flat().iter().zip(exact().to_flat()).all(|(a, b)| (a - b).abs() < 1e-14);
    assert!(agree, "{course:?}");
    let size: f64 = LOADINGS.iter().map(|w| w * w).sum();
    assert!((components.eigenvalues[0] - NOISE - size).abs() < 1e-14);
}

#[test]
fn parameters_change_with_the_moments_as_stated() {
    let covariance = [1.3, 0.4, -0.2, 0.4, 0.8, 0.1, -0.2, 0.1, 0.5];
    let (d_mean, d) = ([0.1, 0.2, -0.3], [0.3, -0.1, 0.2, -0.1, 0.4, 0.05, 0.2, 0.05, -0.2]);
    for hidden in [1, 2] {
        let at = |h: f64| {
            let moved = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(x, y)| x + h * y).collect() };
            let components = Components::new(&moved(&MEAN, &d_mean), &moved(&covariance, &d), hidden).unwrap();
            let mut course = [components.standard];
            orient(&mut course, Orientation::Ones { positive: true });
            course[0].to_flat()
        };
        let components = Components::new(&MEAN, &covariance, hidden).unwrap();
        let mut sign = [components.standard.clone()];
        orient(&mut sign, Orientation::Ones { positive: true });
        let change = components.change(&d_mean, &d);
        let (up, down) = (at(1e-5), at(-1e-5));
        for (p, exact) in change.to_flat().iter().enumerate() {
            let found = (up[p] - down[p]) / 2e-5;
            // A column may have come out with the other sign.
            let flip = if p < 3 * hidden { sign[0].to_flat()[p] / components.standard.to_flat()[p] } else { 1.0 };
            assert!((found - exact * flip).abs() < 1e-8, "{hidden} hidden, {p}: {found} {exact}");
        }
    }
}

#[test]
fn sampling_errors_are_those_of_repeated_samples() {
    // 400 repetitions of 500 samples: 7 variances with relative standard error sqrt(2 / 399) = 0.071; 7 means.
    let (repetitions, count) = (400, 500);
    let times = [0.0, 1.0, 2.0, 3.0];
    let mut sums = [[0.0; 2]; 7];
    for r in 0..repetitions / 4 {
        let samples: Vec<Vec<f64>> = (0..4).map(|t| samples(count, 1000 + 4 * r + t)).collect();
        let snapshots = Snapshots::from_samples(&words(&["A", "B", "C"]), &times, &samples).unwrap();
        for t in 0..4 {
            let components = Components::new(snapshots.mean_at(t), snapshots.covariance_at(t), 1).unwrap();
            let mut course = [components.standard];
            orient(&mut course, Orientation::Species { species: 0, positive: false });
            for (p, (found, exact)) in course[0].to_flat().iter().zip(exact().to_flat()).enumerate() {
                sums[p][0] += found - exact;
                sums[p][1] += (found - exact).powi(2);
            }
        }
    }
    let components = Components::new(&MEAN, &exact().visible_covariance(), 1).unwrap();
    let errors = components.errors(&gaussian_sampling_covariance(&exact().visible_covariance(), 3, count as u64));
    for (p, [sum, squares]) in sums.iter().enumerate() {
        let n = repetitions as f64;
        let z = sum / n / (errors[p] / n.sqrt());
        // W and sigma^2 are biased by O(1/500), less than a tenth of their error.
        assert!(z.abs() < 4.9 + 2.0, "mean of parameter {p}: z = {z}");
        let ratio = squares / n / errors[p].powi(2);
        assert!((ratio - 1.0).abs() < 4.9 * 0.071, "variance of parameter {p}: ratio {ratio}");
    }
}

#[test]
fn orientations_undo_flips_and_rotations() {
    let angle = |t: usize| 0.02 * t as f64;
    let exact = |t: usize| -> Vec<f64> {
        let (s, c) = angle(t).sin_cos();
        // Two columns of 3 loadings that turn slowly.
        vec![c, -s, s, 0.5 * c, 0.3, 0.4]
    };
    let mut course: Vec<Standard> = (0..60)
        .map(|t| {
            let w = exact(t);
            let mut random = noise(t as u64);
            let (s, c) = (7.0 * random()).sin_cos();
            let flip = if random() > 0.0 { 1.0 } else { -1.0 };
            let loadings = (0..3)
                .flat_map(|i| [flip * (c * w[2 * i] - s * w[2 * i + 1]), s * w[2 * i] + c * w[2 * i + 1]])
                .collect();
            Standard { mean: vec![0.0; 3], loadings, noise: 0.1 }
        })
        .collect();
    let covariances: Vec<Vec<f64>> = course.iter().map(Standard::visible_covariance).collect();
    orient(&mut course, Orientation::default());
    for t in 1..60 {
        let step =
            course[t].loadings.iter().zip(&course[t - 1].loadings).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(step < 0.03, "time {t}: {step}");
    }
    for (standard, before) in course.iter().zip(covariances) {
        assert!(standard.visible_covariance().iter().zip(before).all(|(a, b)| (a - b).abs() < 1e-13));
    }
    let sum: f64 = course.iter().map(|s| s.loadings[0]).sum();
    assert!(sum > 0.0);
}

#[test]
fn pooled_counts_are_standardised_and_constants_can_be_fixed() {
    let times = [0.0, 0.1, 0.2, 0.3];
    let make = |shift: f64, seed: u64| {
        let data: Vec<Vec<f64>> = (0..4)
            .map(|t| samples(50, seed + t).iter().enumerate().map(|(e, x)| x * 3.0 + shift * (e % 3) as f64).collect())
            .collect();
        (Snapshots::from_samples(&words(&["A", "B", "C"]), &times, &data).unwrap(), data)
    };
    let ((low, a), (high, b)) = (make(1.0, 1), make(10.0, 50));
    let by = Snapshots::standardisation(&[&low, &high]).unwrap();
    for i in 0..3 {
        let y: Vec<f64> = a
            .iter()
            .chain(&b)
            .flat_map(|s| s.iter().skip(i).step_by(3))
            .map(|n| (n - by.shift[i]) / by.scale[i])
            .collect();
        let n = y.len() as f64;
        let mean = y.iter().sum::<f64>() / n;
        assert!(mean.abs() < 1e-13 && (y.iter().map(|x| x * x).sum::<f64>() / n - 1.0).abs() < 1e-13);
    }
    let constant = low.standardised(&by).with_constant("N", -0.5).with_fixed(3, 1e-7);
    assert_eq!((constant.visible.len(), constant.mean_at(2)[3], constant.covariance_at(2)[15]), (4, -0.5, 1e-7));
    let components = Components::new(constant.mean_at(0), constant.covariance_at(0), 1).unwrap();
    assert!(components.standard.loadings[3].abs() < 1e-12);
    assert!(Snapshots::standardisation(&[]).is_err());
    let uneven = Snapshots::from_samples(&words(&["A", "B", "C"]), &[0.0, 0.1, 0.3, 0.4], &a);
    assert!(uneven.is_err());
}
