use super::*;
use crate::courses::{CoursePoints, Courses, Split};
use crate::testing::{published_learning_data, published_vector};
use std::f64::consts::TAU;

/// The latents of the published bootstrap at each point: only the highest frequency, with both coefficients 1.
fn bootstrap_latents(points: &CoursePoints) -> Vec<f64> {
    let s = |t: &usize| {
        let phase = TAU * 6.0 / 401.0 * *t as f64;
        (phase.sin() + phase.cos()) / (2.0 + 1e-8)
    };
    points.time.iter().map(s).chain(points.time.iter().map(|t| 1.01 + s(t))).collect()
}

/// Mean and standard deviation (n - 1) of each input.
fn moments_of_inputs(map: &CompiledInputs, points: &CoursePoints) -> Vec<(f64, f64)> {
    let mut values = vec![0.0; map.input_count() * points.count];
    map.evaluate(points.count, &points.standard, &bootstrap_latents(points), &mut values, None, None);
    let n = points.count as f64;
    let of = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / n;
        (mean, (row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
    };
    values.chunks_exact(points.count).map(of).collect()
}

#[test]
fn published_input_moments_of_the_ip3_model_are_reproduced() {
    let Some(directory) = published_learning_data() else { return };
    let courses = Courses::published_ip3(&directory).unwrap();
    let points = courses.all_points(&courses.of_split(Split::Train));
    assert_eq!(points.count, 2807);
    let reactions =
        InputSettings::reactions(CandidateSet::lotka_volterra(&courses.visible, &courses.hidden)).build().unwrap();
    let parameters = InputSettings::parameters(&courses.visible, &courses.hidden).build().unwrap();
    for (map, stem, count) in [(&reactions, "ip3_rxns", 60), (&parameters, "ip3_params", 7)] {
        let (means, deviations) = (
            published_vector(&directory, &format!("{stem}_input_mean.txt")),
            published_vector(&directory, &format!("{stem}_input_std.txt")),
        );
        assert_eq!((map.input_count(), means.len(), deviations.len()), (count, count, count));
        let mut worst: f64 = 0.0;
        for (i, (mean, deviation)) in moments_of_inputs(map, &points).into_iter().enumerate() {
            // As stored: what is smaller than 1e-5 is set to 0 (mean) or 1 (standard deviation).
            let mean = if mean.abs() < 1e-5 { 0.0 } else { mean };
            let deviation = if deviation.abs() < 1e-5 { 1.0 } else { deviation };
            let name = &map.input_names()[i];
            assert!((mean - means[i]).abs() < 1e-6, "mean of {name}: {mean}, stored {}", means[i]);
            assert!((deviation - deviations[i]).abs() < 1e-6, "sd of {name}: {deviation}, stored {}", deviations[i]);
            worst = worst.max((mean - means[i]).abs()).max((deviation - deviations[i]).abs());
        }
        eprintln!("{stem}: largest difference {worst:e}");
    }
}

#[test]
fn published_input_moments_of_the_receptor_model_are_within_their_sampling_error() {
    let Some(directory) = published_learning_data() else { return };
    let courses = Courses::published_receptors(&directory).unwrap();
    let points = courses.all_points(&courses.of_split(Split::Train));
    let set = CandidateSet::conserving(&courses.visible, &courses.hidden, &[2]);
    let map = InputSettings::reactions(set).build().unwrap();
    let (means, deviations) = (
        published_vector(&directory, "ip3r_rxns_input_mean.txt"),
        published_vector(&directory, "ip3r_rxns_input_std.txt"),
    );
    assert_eq!((map.input_count(), means.len(), points.count), (105, 105, 16842));
    let (mut largest, mut ratios, mut active) = (0.0_f64, (1.0_f64, 1.0_f64), 0);
    for (i, (mean, deviation)) in moments_of_inputs(&map, &points).into_iter().enumerate() {
        let name = &map.input_names()[i];
        // 4000 of the 16842 points were drawn; what is smaller than 1e-3 is set to 0 or 1.
        if deviation < 1e-3 {
            assert_eq!(deviations[i], 1.0, "{name} is not active: {deviation}");
            continue;
        }
        active += 1;
        assert_ne!(deviations[i], 1.0, "{name} is active");
        let error = deviation * ((1.0 - 4000.0 / 16842.0) / 4000.0_f64).sqrt();
        let mean = if mean.abs() < 1e-3 && means[i] == 0.0 { 0.0 } else { mean };
        let z = (mean - means[i]) / error;
        let ratio = deviation / deviations[i];
        assert!(z.abs() < 4.0, "{name}: z = {z}");
        assert!((0.95..1.05).contains(&ratio), "{name}: ratio of standard deviations {ratio}");
        largest = largest.max(z.abs());
        ratios = (ratios.0.min(ratio), ratios.1.max(ratio));
    }
    assert_eq!(active, deviations.iter().filter(|d| **d != 1.0).count());
    eprintln!("{active} active inputs, largest |z| {largest:.2}, ratios of standard deviations {ratios:?}");
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|&s| s.into()).collect()
}

fn random(seed: &mut u64) -> f64 {
    // A Weyl sequence: any numbers will do.
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
}

/// Points of a shape, `[standard x count]` and `[latents x count]`, with positive noise and variances.
fn points(shape: Shape, count: usize) -> (Vec<f64>, Vec<f64>) {
    let mut seed = 7;
    let mut standard: Vec<f64> = (0..shape.standard_count() * count).map(|_| random(&mut seed)).collect();
    standard[(shape.standard_count() - 1) * count..].iter_mut().for_each(|x| *x = 0.6 + 0.5 * *x);
    // Means away from zero, where the log-normal closure divides by them.
    let means = shape.visible * shape.hidden * count..(shape.standard_count() - 1) * count;
    standard[means].iter_mut().for_each(|x| *x += 3.0);
    let mut latents: Vec<f64> = (0..shape.latent_count() * count).map(|_| random(&mut seed)).collect();
    latents[..shape.hidden * count].iter_mut().for_each(|x| *x += 3.0);
    let variances = &mut latents[shape.hidden * count..];
    match shape.latent_form {
        LatentForm::Diagonal => variances.iter_mut().for_each(|x| *x = 1.1 + 0.9 * *x),
        LatentForm::Root => {
            let mut row = 0;
            for i in 0..shape.hidden {
                for j in 0..=i {
                    let values = &mut variances[row * count..(row + 1) * count];
                    values.iter_mut().for_each(|x| *x = if i == j { 1.2 + 0.3 * *x } else { 0.3 * *x });
                    row += 1;
                }
            }
        }
    }
    (standard, latents)
}

/// Every kind of map: closures, numbers of species, forms of the latents.
fn maps() -> Vec<InputSettings> {
    let mut third = CandidateSet::lotka_volterra(&names(&["A", "B"]), &names(&["X"]));
    let reaction = |reactants: [u32; 3], products: [u32; 3], weight: f64| MotifReaction {
        reactants: reactants.to_vec(),
        products: products.to_vec(),
        weight,
    };
    third.motifs.push(Motif { name: "third order".into(), reactions: vec![reaction([2, 1, 0], [1, 1, 2], 1.0)] });
    let pair = vec![reaction([1, 0, 1], [0, 1, 1], 0.7), reaction([0, 1, 0], [1, 0, 0], -1.3)];
    third.motifs.push(Motif { name: "pair".into(), reactions: pair });
    let closures = kurtz_dynamics::moments::closure::all().iter().map(|c| c.name().to_owned()).collect();
    let wide = CandidateSet::conserving(&names(&["A", "B", "C"]), &names(&["X", "Y"]), &[2]);
    let polynomial =
        InputSettings { polynomial_degree: 2, ..InputSettings::parameters(&names(&["A", "B"]), &names(&["X"])) };
    vec![
        InputSettings { closures, ..InputSettings::reactions(third) },
        InputSettings::reactions(wide.clone()),
        InputSettings { latent_form: LatentForm::Root, parameters: true, ..InputSettings::reactions(wide) },
        polynomial,
    ]
}

#[test]
fn derivatives_of_inputs_agree_with_finite_differences() {
    for settings in maps() {
        let map = settings.build().unwrap();
        let (shape, n, count) = (map.shape(), map.input_count(), 3);
        let (p, q) = (shape.standard_count(), shape.latent_count());
        let (standard, latents) = points(shape, count);
        let value = |standard: &[f64], latents: &[f64]| {
            let mut values = vec![0.0; n * count];
            map.evaluate(count, standard, latents, &mut values, None, None);
            values
        };
        let (mut values, mut by_latents, mut by_standard) =
            (vec![0.0; n * count], vec![0.0; n * q * count], vec![0.0; n * p * count]);
        map.evaluate(count, &standard, &latents, &mut values, Some(&mut by_latents), Some(&mut by_standard));
        assert_eq!(values, value(&standard, &latents));
        let mut alone = vec![0.0; n * q * count];
        map.evaluate(count, &standard, &latents, &mut values, Some(&mut alone), None);
        assert_eq!(alone, by_latents);
        let all = [standard.clone(), latents.clone()].concat();
        for input in 0..p + q {
            let at = |h: f64| {
                let mut moved = all.clone();
                moved[input * count..(input + 1) * count].iter_mut().for_each(|x| *x += h);
                value(&moved[..p * count], &moved[p * count..])
            };
            let h = 2e-4;
            let central = |h: f64| -> Vec<f64> { at(h).iter().zip(at(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect() };
            let (fine, coarse) = (central(h / 2.0), central(h));
            for e in 0..n * count {
                let (i, point) = (e / count, e % count);
                let exact = if input < p {
                    by_standard[(i * p + input) * count + point]
                } else {
                    by_latents[(i * q + input - p) * count + point]
                };
                let found = (4.0 * fine[e] - coarse[e]) / 3.0;
                let scale = 1.0 + exact.abs() + values[e].abs();
                assert!((found - exact).abs() < 1e-7 * scale, "{}, {input}: {found} {exact}", map.input_names()[i]);
            }
        }
    }
}

#[test]
fn points_do_not_depend_on_how_many_are_evaluated_together() {
    let map = maps()[0].build().unwrap();
    let (shape, n, count) = (map.shape(), map.input_count(), 67);
    let (standard, latents) = points(shape, count);
    let mut all = vec![0.0; n * count];
    map.evaluate(count, &standard, &latents, &mut all, None, None);
    for (first, some) in [(0, 1), (3, 7), (10, 8), (20, 9), (0, 32), (1, 33), (2, 65)] {
        let part = |rows: &[f64]| -> Vec<f64> {
            rows.chunks_exact(count).flat_map(|r| r[first..first + some].iter().copied()).collect()
        };
        let mut values = vec![0.0; n * some];
        map.evaluate(some, &part(&standard), &part(&latents), &mut values, None, None);
        assert_eq!(values, part(&all));
    }
}

#[test]
fn inputs_are_the_same_by_way_of_the_parameters() {
    // The published way: theta-hat -> theta -> moments -> their changes -> changes of theta -> of theta-hat.
    use crate::frame::{JointMoments, Latent, Standard};
    use kurtz_dynamics::moments::closure::Gaussian;
    use kurtz_dynamics::moments::{ReactionContributions, Stoichiometry};
    let set = CandidateSet::conserving(&names(&["A", "B", "C"]), &names(&["X", "Y"]), &[2]);
    let map = InputSettings::reactions(set.clone()).build().unwrap();
    let (shape, n) = (map.shape(), map.input_count());
    let (standard, latents) = points(shape, 1);
    let mut values = vec![0.0; n];
    map.evaluate(1, &standard, &latents, &mut values, None, None);
    let latent = Latent::diagonal(latents[..2].to_vec(), &latents[2..]);
    let theta = Standard::from_flat(&standard, 3, 2).to_parameters(&latent);
    let joint = theta.to_standard(&latent).joint_moments(&latent);
    let reactions: Vec<Stoichiometry> = set
        .motifs
        .iter()
        .map(|m| Stoichiometry {
            reactants: m.reactions[0].reactants.clone(),
            products: m.reactions[0].products.clone(),
        })
        .collect();
    let contributions = ReactionContributions::new(5, &reactions, 1.0, 2, 2, Some(&Gaussian)).unwrap();
    let places = |index: &kurtz_dynamics::MomentIndex| -> Vec<usize> {
        index.0.iter().enumerate().flat_map(|(i, &e)| vec![i; e.into()]).collect()
    };
    let moments: Vec<f64> = contributions
        .available()
        .iter()
        .map(|i| match places(i)[..] {
            [a] => joint.mean[a],
            [a, b] => joint.covariance[a * 5 + b],
            _ => unreachable!("orders 1 and 2"),
        })
        .collect();
    let mut effects = vec![0.0; contributions.indices().len() * reactions.len()];
    contributions.evaluate(&moments, &mut effects);
    for r in 0..reactions.len() {
        let mut change = JointMoments { mean: vec![0.0; 5], covariance: vec![0.0; 25] };
        for (m, index) in contributions.indices().iter().enumerate() {
            let value = effects[m * reactions.len() + r];
            match places(index)[..] {
                [a] => change.mean[a] = value,
                [a, b] => {
                    change.covariance[a * 5 + b] = value;
                    change.covariance[b * 5 + a] = value;
                }
                _ => unreachable!("orders 1 and 2"),
            }
        }
        let (observables, moving) = (change.observables(3), change.latent_change(3));
        let d_theta = theta.observables(&latent).parameters_change(&latent, &observables, &moving);
        let expected = theta.standard_change(&latent, &d_theta, &moving).to_flat();
        for (e, x) in expected.iter().enumerate() {
            let found = values[r * expected.len() + e];
            assert!((found - x).abs() < 1e-12 * (1.0 + x.abs()), "{}: {found} {x}", map.input_names()[r * 10 + e]);
        }
    }
}

#[test]
fn first_order_reactions_have_their_closed_forms() {
    let map =
        InputSettings::reactions(CandidateSet::lotka_volterra(&names(&["A", "B"]), &names(&["X"]))).build().unwrap();
    let (w, b, noise, mu, s) = ([0.4, -0.7], [0.3, -0.2], 0.15, 0.35, 1.4);
    let mut values = vec![0.0; 60];
    map.evaluate(1, &[w[0], w[1], b[0], b[1], noise], &[mu, s], &mut values, None, None);
    let of = |name: &str| {
        let first = map.input_names().iter().position(|n| n.starts_with(name)).unwrap();
        values[first..first + 5].to_vec()
    };
    let near = |a: &[f64], b: &[f64]| assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-15), "{a:?} {b:?}");
    let size: f64 = w.iter().map(|x| x * x).sum();
    let k = mu / (2.0 * s);
    near(&of("death(X)"), &[-k * w[0], -k * w[1], 0.0, 0.0, k * size]);
    // Births: dSigma = 2 Sigma + mu, dC_vh = C_vh.
    near(&of("birth(X)"), &[-k * w[0], -k * w[1], 0.0, 0.0, k * size]);
    near(&of("birth(A)")[2..4], &[b[0], 0.0]);
    near(&of("death(B)")[2..4], &[0.0, -b[1]]);
    // dVar(A) = -2 Var(A) + <A>, dCov(A, X) = -Cov(A, X): dW_A = -W_A, and the trace gives the noise.
    let trace = -2.0 * (w[0] * w[0] + noise) + b[0];
    near(&of("death(A)"), &[-w[0], 0.0, -b[0], 0.0, (trace + 2.0 * w[0] * w[0]) / 2.0]);
}

/// Expectations under a discrete normal law on the integers around the mean. By Poisson summation its moments differ from
/// those of the normal law by exp(-2 pi^2 lambda), lambda the least eigenvalue of the covariance.
struct Lattice {
    states: Vec<([i64; 3], f64)>,
}

impl Lattice {
    fn new(mean: &[f64], covariance: &[f64]) -> Self {
        let c = |i: usize, j: usize| covariance[i * 3 + j];
        let minor = |i: usize, j: usize| {
            let (a, b) = ((i + 1) % 3, (i + 2) % 3);
            let (d, e) = ((j + 1) % 3, (j + 2) % 3);
            c(a, d) * c(b, e) - c(a, e) * c(b, d)
        };
        let determinant: f64 = (0..3).map(|j| c(0, j) * minor(0, j)).sum();
        let range = |i: usize| {
            let reach = 9.5 * c(i, i).sqrt();
            (mean[i] - reach).floor() as i64..=(mean[i] + reach).ceil() as i64
        };
        let mut states = Vec::new();
        for x in range(0) {
            for y in range(1) {
                for z in range(2) {
                    let d = [x as f64 - mean[0], y as f64 - mean[1], z as f64 - mean[2]];
                    let form: f64 =
                        (0..3).flat_map(|i| (0..3).map(move |j| (i, j))).map(|(i, j)| d[i] * d[j] * minor(i, j)).sum();
                    states.push(([x, y, z], (-0.5 * form / determinant).exp()));
                }
            }
        }
        let total: f64 = states.iter().map(|s| s.1).sum();
        states.iter_mut().for_each(|s| s.1 /= total);
        Lattice { states }
    }

    fn expectation(&self, f: impl Fn([f64; 3]) -> f64) -> f64 {
        self.states.iter().map(|(n, p)| p * f(n.map(|x| x as f64))).sum()
    }
}

#[test]
fn a_third_order_reaction_agrees_with_the_master_equation_on_a_lattice() {
    use crate::frame::{Latent, Standard};
    // 2 A + B -> A + B + 2 X, with propensity A (A - 1)/2 B.
    let change = [-1.0, 0.0, 2.0];
    let propensity = |n: [f64; 3]| n[0] * (n[0] - 1.0) / 2.0 * n[1];
    let set = CandidateSet {
        visible: names(&["A", "B"]),
        hidden: names(&["X"]),
        motifs: vec![Motif {
            name: "third".into(),
            reactions: vec![MotifReaction { reactants: vec![2, 1, 0], products: vec![1, 1, 2], weight: 1.0 }],
        }],
    };
    let map = InputSettings::reactions(set).build().unwrap();
    let (flat, latents) = ([0.9, -0.7, 9.0, 8.0, 2.3], [10.0, 2.8]);
    let mut values = vec![0.0; 5];
    map.evaluate(1, &flat, &latents, &mut values, None, None);
    let latent = Latent::diagonal(vec![10.0], &[2.8]);
    let joint = Standard::from_flat(&flat, 2, 1).joint_moments(&latent);
    let lattice = Lattice::new(&joint.mean, &joint.covariance);
    // The law's own moments, then those a time h later, by the master equation applied to each moment.
    let moment = |i: usize, j: usize| lattice.expectation(|n| n[i] * n[j]);
    let rate = |f: &dyn Fn([f64; 3]) -> f64| {
        lattice.expectation(|n| propensity(n) * (f(std::array::from_fn(|i| n[i] + change[i])) - f(n)))
    };
    let (mut mean, mut raw) = ([0.0; 3], [0.0; 9]);
    let (mut d_mean, mut d_raw) = ([0.0; 3], [0.0; 9]);
    for i in 0..3 {
        mean[i] = lattice.expectation(|n| n[i]);
        d_mean[i] = rate(&|n| n[i]);
        assert!((mean[i] - joint.mean[i]).abs() < 1e-11);
    }
    for i in 0..3 {
        for j in 0..3 {
            raw[i * 3 + j] = moment(i, j);
            d_raw[i * 3 + j] = rate(&|n| n[i] * n[j]);
            let difference = raw[i * 3 + j] - mean[i] * mean[j] - joint.covariance[i * 3 + j];
            assert!(difference.abs() < 1e-10, "covariance of {i} and {j}: {difference}");
        }
    }
    // theta-hat at time h from the moments alone, by W-hat = C_vh / sqrt(Sigma), sigma^2 = (Tr C_v - |W-hat|^2) / 2.
    let later = |h: f64| -> Vec<f64> {
        let m: Vec<f64> = (0..3).map(|i| mean[i] + h * d_mean[i]).collect();
        let c = |i: usize, j: usize| raw[i * 3 + j] + h * d_raw[i * 3 + j] - m[i] * m[j];
        let root = c(2, 2).sqrt();
        let w = [c(0, 2) / root, c(1, 2) / root];
        vec![w[0], w[1], m[0], m[1], (c(0, 0) + c(1, 1) - w[0] * w[0] - w[1] * w[1]) / 2.0]
    };
    // The rates are some hundreds per time: steps of 1e-6 of it.
    let central = |h: f64| -> Vec<f64> { later(h).iter().zip(later(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect() };
    let (fine, coarse) = (central(5e-6), central(1e-5));
    for e in 0..5 {
        let found = (4.0 * fine[e] - coarse[e]) / 3.0;
        assert!((found - values[e]).abs() < 1e-7 * (1.0 + values[e].abs()), "{e}: {found} {}", values[e]);
    }
}

#[test]
fn candidates_of_a_file_share_a_parameter_to_be_one_motif() {
    let text = "time s\nspecies A = 1, B = 1, X = 1\nparameter k = 1 1/s, q = 2 1/s\nconvert: A -> B @ k\nback: B -> A @ k\nfeed: X -> 2 X @ q\n";
    let (network, _) = kurtz_model::format::crn::parse(text, "candidates.crn").unwrap();
    let set = CandidateSet::from_network(&network, &names(&["A", "B"])).unwrap();
    assert_eq!(set.hidden, ["X"]);
    assert_eq!(
        set.motifs.iter().map(|m| (m.name.as_str(), m.reactions.len())).collect::<Vec<_>>(),
        [("k", 2), ("feed", 1)]
    );
    let map = InputSettings::reactions(set).build().unwrap();
    let mut values = vec![0.0; 10];
    map.evaluate(1, &[0.5, -0.4, 3.0, 2.0, 0.1], &[0.0, 1.0], &mut values, None, None);
    assert!((values[2] + 1.0).abs() < 1e-15 && (values[3] - 1.0).abs() < 1e-15, "A -> B -> A: d<A> = B - A");
    assert!(matches!(
        CandidateSet::from_network(&network, &names(&["Z"])),
        Err(crate::LearnError::UnobservedSpecies { .. })
    ));
    assert!(matches!(
        CandidateSet::from_network(&network, &names(&["A", "B", "X"])),
        Err(crate::LearnError::Empty { .. })
    ));
}

#[test]
fn settings_survive_being_written_and_bad_ones_are_refused() {
    let settings = &maps()[2];
    let text = serde_json::to_string(settings).unwrap();
    assert_eq!(&serde_json::from_str::<InputSettings>(&text).unwrap(), settings);
    let unknown = InputSettings { closures: vec!["gausian".into()], ..settings.clone() };
    assert!(unknown.build().unwrap_err().to_string().contains("gaussian"));
    let mut heavy = settings.clone();
    heavy.candidates.motifs[0].reactions[0].reactants = vec![4, 0, 0, 0, 0];
    assert!(heavy.build().unwrap_err().to_string().contains("order 0 to 3"));
    let mut short = settings.clone();
    short.candidates.motifs[0].reactions[0].products = vec![1];
    assert!(short.build().is_err());
    let none = CandidateSet { motifs: vec![], ..settings.candidates.clone() };
    assert!(InputSettings::reactions(none).build().is_err());
}

#[test]
fn formulas_are_printed_and_their_size_counted() {
    let set = CandidateSet::lotka_volterra(&names(&["A", "B"]), &names(&["X"]));
    let formulas = InputSettings::reactions(set).formulas().unwrap();
    assert_eq!(formulas.len(), 60);
    let of = |name: &str| formulas.iter().find(|f| f.name == name).unwrap();
    assert_eq!(of("birth(A): b_A").latex, "\\hat{b}_{A}");
    assert_eq!(of("death(A): b_A").latex, "-\\hat{b}_{A}");
    assert_eq!((of("birth(A): b_A").tree_nodes, of("birth(A): b_B").tree_nodes), (1, 1));
    assert_eq!(of("eat(A, B): b_A").latex, "\\hat{W}_{A} \\hat{W}_{B} + \\hat{b}_{A} \\hat{b}_{B}");
    assert_eq!((of("eat(A, B): b_A").tree_nodes, of("eat(A, B): b_A").operations), (7, 3));
    assert!(of("eat(A, X): W_A").tree_nodes > of("birth(A): W_A").tree_nodes);
}
