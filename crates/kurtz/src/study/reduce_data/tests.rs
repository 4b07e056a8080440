use super::*;

fn write(folder: &std::path::Path, model: &str, times: impl Iterator<Item = f64>) -> PathBuf {
    use kurtz_dynamics::{MassAction, View};
    use kurtz_ode::{Integration, VectorField, solve};
    let (network, _) = kurtz_model::format::crn::parse(model, "test").unwrap();
    let field = MassAction::new(&kurtz_model::Kinetics::new(&network).unwrap(), View::Concentrations);
    let times: Vec<f64> = times.collect();
    let solution = solve(&field, &field.initial_state(), &times, &Integration::with_tolerances(1e-10, 1e-13)).unwrap();
    let mut text = format!("time,{}\n", field.names().join(","));
    for (k, time) in times.iter().enumerate() {
        let row: Vec<String> = solution.state(k).iter().map(|x| format!("{x:e}")).collect();
        text += &format!("{time},{}\n", row.join(","));
    }
    let path = folder.join("series.csv");
    std::fs::write(&path, text).unwrap();
    path
}

const ENZYME: &str = "volume 1\nspecies E = concentration(0.01), S = concentration(2), ES = 0, P = 0\n\
    E + S <-> ES @ 100, 40\nES -> E + P @ 10\n";

#[test]
fn an_enzyme_is_reduced_to_michaelis_and_menten_and_the_model_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), ENZYME, (0..=300).map(|i| 0.1 * f64::from(i)));
    let settings = Settings { data: vec![path], ..Settings::default() };
    let reduced = run(&settings).unwrap();
    assert!(reduced.refusal().is_none());
    assert_eq!((reduced.laws.len(), reduced.derived), (1, 1));
    let beta = reduced.laws[0].denominator();
    // K_M = (40 + 10) / 100.
    assert!((beta[0].1 / 0.5 - 1.0).abs() < 0.01, "{beta:?}");
    let text = reduced.network().unwrap();
    let (network, _) = kurtz_model::format::crn::parse(&text, "reduced").unwrap_or_else(|e| panic!("{text}\n{e}"));
    assert_eq!(network.species.len(), 3);
    // Each constant is written once.
    for parameter in &network.parameters {
        let value = text.split(&format!("{} = ", parameter.name)).nth(1).expect("it has a value");
        let value = value.split([',', '\n']).next().expect("digits");
        assert!(value == "1" || text.matches(value).count() == 1, "{value} stands twice in\n{text}");
    }
    let findings = reduced.findings(&settings).unwrap();
    assert!(findings.report.sections.len() == 3 && findings.files[0].0 == "reduced.crn");
    let html = findings.report.to_html(&kurtz_report::Bibliography::parse(crate::REFERENCES).unwrap()).unwrap();
    assert!(html.contains("Michaelis") || html.contains("Relations"));
}

#[test]
fn an_intermediate_of_a_cascade_follows_though_no_total_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let model =
        "volume 1\nspecies A = concentration(1), B = 0, C = 0, D = 0\nA -> B @ 0.05\nB -> C @ 5\nC -> D @ 0.02\n";
    let path = write(folder.path(), model, (0..=400).map(|i| 0.5 * f64::from(i)));
    // D was not recorded.
    let text = std::fs::read_to_string(&path).unwrap();
    let cut: Vec<&str> = text.lines().map(|line| line.rsplit_once(',').expect("columns").0).collect();
    std::fs::write(&path, cut.join("\n")).unwrap();
    let reduced = run(&Settings { data: vec![path], ..Settings::default() }).unwrap();
    assert!(reduced.laws.is_empty() && reduced.refusal().is_none());
    let text = reduced.network().unwrap();
    // B = 0.05/(5 - 0.05) A.
    let value: f64 = text.split("K1 = ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    let k = 0.05 / 4.95;
    assert!(text.contains("B := K1*A") && (value / k - 1.0).abs() < 1e-3, "{text}");
    kurtz_model::format::crn::parse(&text, "reduced").unwrap_or_else(|e| panic!("{text}\n{e}"));
}

#[test]
fn nothing_fast_is_declined_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let model = "volume 1\nspecies A = concentration(1), B = 0, C = 0\nA -> B @ 0.3\nB -> C @ 0.2\n";
    let path = write(folder.path(), model, (0..=200).map(|i| 0.05 * f64::from(i)));
    let reduced = run(&Settings { data: vec![path], ..Settings::default() }).unwrap();
    assert_eq!(reduced.sums.len(), 1);
    let refusal = reduced.refusal().unwrap();
    assert!(matches!(refusal, Error::Declined { .. }), "{refusal}");
    assert!(refusal.to_string().contains("no fast relation is seen"), "{refusal}");
    assert!(reduced.network().is_none());
}
