use super::*;
use kurtz_dynamics::moments::Dual;
use proptest::prelude::*;

const VISIBLE: usize = 3;
const HIDDEN: usize = 2;

/// Random theta and latent law, and a random change of both.
#[derive(Clone, Debug)]
struct Case {
    theta: Parameters,
    latent: Latent,
    change: Parameters,
    moving: LatentChange,
}

fn cases(diagonal: bool) -> impl Strategy<Value = Case> {
    prop::collection::vec(-1.0..1.0f64, 40).prop_map(move |x| {
        let mut x = x.into_iter();
        let mut next = |n: usize| x.by_ref().take(n).collect::<Vec<f64>>();
        let theta = |v: Vec<f64>| Parameters {
            bias: v[..VISIBLE].to_vec(),
            weights: v[VISIBLE..VISIBLE * (1 + HIDDEN)].to_vec(),
            noise: 1.1 + v[VISIBLE * (1 + HIDDEN)],
        };
        let (mut theta, change) = (theta(next(10)), theta(next(10)));
        theta.noise *= 0.3;
        let (mean, s, d) = (next(HIDDEN), next(3), next(3));
        let off = if diagonal { 0.0 } else { 0.5 * s[2] };
        let covariance = [1.3 + s[0], off, off, 1.4 + s[1]];
        let latent = if diagonal {
            Latent::diagonal(mean, &[covariance[0], covariance[3]])
        } else {
            let least = 0.05 - (covariance[0] * covariance[3] - off * off).min(0.0);
            let covariance = [covariance[0] + least, off, off, covariance[3] + least];
            Latent::with_covariance(mean, &covariance).expect("positive definite")
        };
        // The change of a diagonal covariance need not be diagonal.
        let moving = LatentChange { mean: next(HIDDEN), covariance: vec![d[0], d[2], d[2], d[1]] };
        Case { theta, latent, change, moving }
    })
}

fn moved(theta: &Parameters, change: &Parameters, h: f64) -> Parameters {
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x + h * y).collect();
    Parameters {
        bias: add(&theta.bias, &change.bias),
        weights: add(&theta.weights, &change.weights),
        noise: theta.noise + h * change.noise,
    }
}

fn flat(o: &Observables) -> Vec<f64> {
    [o.visible_mean.clone(), o.cross_covariance.clone(), vec![o.visible_trace]].concat()
}

fn flat_parameters(p: &Parameters) -> Vec<f64> {
    [p.bias.clone(), p.weights.clone(), vec![p.noise]].concat()
}

/// The derivative at 0 by central differences of two step sizes, extrapolated: error h^4.
fn difference(f: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    let h = 2e-4;
    let central = |h: f64| -> Vec<f64> { f(h).iter().zip(f(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect() };
    central(h / 2.0).iter().zip(central(h)).map(|(fine, coarse)| (4.0 * fine - coarse) / 3.0).collect()
}

fn agree(found: &[f64], expected: &[f64]) -> Result<(), TestCaseError> {
    let scale = expected.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    for (a, b) in found.iter().zip(expected) {
        prop_assert!((a - b).abs() < 1e-7 * scale, "{a} and {b}");
    }
    Ok(())
}

fn conversions_hold(case: &Case) -> Result<(), TestCaseError> {
    let Case { theta, latent, change, moving } = case;
    let (n, h) = (VISIBLE, HIDDEN);
    let at = |step: f64| (moved(theta, change, step), latent.moved(moving, step).expect("still positive definite"));
    // Inverses.
    let standard = theta.to_standard(latent);
    let observables = theta.observables(latent);
    agree(&flat_parameters(&standard.to_parameters(latent)), &flat_parameters(theta))?;
    agree(&flat_parameters(&observables.to_parameters(latent)), &flat_parameters(theta))?;
    agree(&Standard::from_flat(&standard.to_flat(), n, h).to_flat(), &standard.to_flat())?;
    // The joint law: mean (b + W mu, mu), covariance [[W S W^T + s2, W S], [S W^T, S]].
    let joint = standard.joint_moments(latent);
    let s = latent.covariance();
    for i in 0..n {
        let mean = theta.bias[i] + (0..h).map(|k| theta.weights[i * h + k] * latent.mean[k]).sum::<f64>();
        agree(&joint.mean[i..=i], &[mean])?;
        for j in 0..n {
            let mut sum = if i == j { theta.noise } else { 0.0 };
            for k in 0..h {
                for l in 0..h {
                    sum += theta.weights[i * h + k] * s[k * h + l] * theta.weights[j * h + l];
                }
            }
            agree(&joint.covariance[i * (n + h) + j..][..1], &[sum])?;
        }
    }
    agree(&flat(&joint.observables(n)), &flat(&observables))?;
    // Derivatives: theta -> observables, theta -> standard, observables -> theta, observables -> standard.
    let d_observables = theta.observables_change(latent, change, moving);
    agree(
        &flat(&d_observables),
        &difference(|t| {
            let (p, l) = at(t);
            flat(&p.observables(&l))
        }),
    )?;
    let d_standard = theta.standard_change(latent, change, moving);
    agree(
        &d_standard.to_flat(),
        &difference(|t| {
            let (p, l) = at(t);
            p.to_standard(&l).to_flat()
        }),
    )?;
    let back = observables.parameters_change(latent, &d_observables, moving);
    agree(&flat_parameters(&back), &flat_parameters(change))?;
    agree(&standard.change(latent, &d_observables, moving).to_flat(), &d_standard.to_flat())?;
    // The root.
    let root = latent.root_change(&moving.covariance);
    agree(&root, &difference(|t| at(t).1.root().to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn conversions_and_their_derivatives_hold_for_diagonal_sigma(case in cases(true)) {
        conversions_hold(&case)?;
    }

    #[test]
    fn conversions_and_their_derivatives_hold_for_full_sigma(case in cases(false)) {
        conversions_hold(&case)?;
    }
}

#[test]
fn the_printed_form_of_c16_fails_where_the_latents_become_correlated() {
    // Ernst et al. (2021), eq. C16: dW-hat = dW R + (1/2) W Sigma^(-1/2) dSigma.
    let latent = Latent::diagonal(vec![0.2, -0.1], &[0.5, 2.0]);
    let theta = Parameters { bias: vec![0.0], weights: vec![0.7, -0.4], noise: 0.1 };
    let still = Parameters { bias: vec![0.0], weights: vec![0.0; 2], noise: 0.0 };
    let printed = |d: &[f64]| -> Vec<f64> {
        let r = [latent.root()[0], latent.root()[3]];
        (0..2).map(|j| 0.5 * (0..2).map(|k| theta.weights[k] / r[k] * d[k * 2 + j]).sum::<f64>()).collect()
    };
    let distance = |covariance: [f64; 4]| {
        let moving = LatentChange { mean: vec![0.0; 2], covariance: covariance.to_vec() };
        let ours = theta.standard_change(&latent, &still, &moving).loadings;
        ours.iter().zip(printed(&covariance)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(distance([0.3, 0.0, 0.0, -0.2]) < 1e-15);
    assert!(distance([0.3, 0.1, 0.1, -0.2]) > 0.01);
}

#[test]
fn dual_numbers_carry_the_same_derivatives() {
    let dual = |value: f64, tangent: f64| Dual { value, tangent };
    let latent = Latent::diagonal(vec![dual(0.2, 1.0)], &[dual(1.3, -0.5)]);
    let standard = Standard { mean: vec![dual(0.5, 0.3)], loadings: vec![dual(-0.6, 0.1)], noise: dual(0.01, 0.0) };
    let weights = standard.to_parameters(&latent).weights[0];
    let r = 1.3_f64.sqrt();
    assert!((weights.tangent - (0.1 / r + 0.6 * (-0.5) / (2.0 * r * 1.3))).abs() < 1e-15);
}

#[test]
fn a_latent_covariance_must_be_one() {
    assert!(Latent::with_covariance(vec![0.0; 2], &[1.0, 0.5, 0.5]).is_err());
    assert!(Latent::with_covariance(vec![0.0; 2], &[1.0, 2.0, 2.0, 1.0]).is_err());
    assert!(Latent::with_covariance(vec![0.0; 2], &[1.0, 0.2, 0.1, 1.0]).is_err());
    assert!(Latent::with_covariance(vec![0.0], &[f64::NAN]).is_err());
}
