//! Figure 2c: how far oscillations reach, along the ligand.

use super::deterministic::Curves;
use super::published::{Published, PublishedPoint};
use super::{Ensemble, Sampled, Settings};
use crate::study::scan::Course;
use kurtz_report::{Axis, Cell, Check, Colour, Dash, DataTable, Figure, Marker, Panel, Points, Section, Table};

/// As many as the study has ensembles: the usual ones, then indigo, olive, wine and teal.
const COLOURS: [Colour; 10] = [
    Colour::Blue,
    Colour::Vermillion,
    Colour::Green,
    Colour::Purple,
    Colour::Orange,
    Colour::SkyBlue,
    Colour::Rgb(51, 34, 136),
    Colour::Rgb(153, 153, 51),
    Colour::Rgb(136, 34, 85),
    Colour::Rgb(68, 170, 153),
];

/// Both edges of a published point against ours.
struct Comparison {
    ligand: f64,
    /// z of the lower and the upper edge.
    z: [f64; 2],
}

/// The comparisons of an ensemble. Errors are those of a normal law at the extreme; the published lower one was taken at the
/// wrong time, so that ours stands for both.
fn comparisons(sampled: &Sampled, ligand: &str, published: &Published) -> Vec<Comparison> {
    let theirs: Vec<PublishedPoint> = published.ranges(&sampled.ensemble.published).collect();
    let mut found = Vec::new();
    for (value, _, course) in sampled.points(ligand) {
        let Some(i) = theirs.iter().position(|p| (p.ligand - value).abs() < 1e-9) else { continue };
        let shared = sampled.ensemble.shared;
        let slope = |of: fn(&PublishedPoint) -> f64| {
            let (a, b) = (theirs[i.saturating_sub(1)], theirs[(i + 1).min(theirs.len() - 1)]);
            if a.ligand == b.ligand { 0.0 } else { (of(&b) - of(&a)) / (b.ligand - a.ligand) }
        };
        let range = &course.range;
        let z = |ours: f64, theirs: f64, errors: [f64; 2], slope: f64| {
            (ours - theirs) / (errors[0].powi(2) + errors[1].powi(2) + (slope * shared).powi(2)).sqrt()
        };
        let (low, high) = (range.normal_low_error, range.normal_high_error);
        found.push(Comparison {
            ligand: value,
            z: [
                z(range.low.value, theirs[i].low, [low, low], slope(|p| p.low)),
                z(range.high.value, theirs[i].high, [high, theirs[i].high_error], slope(|p| p.high)),
            ],
        });
    }
    found
}

/// Ensembles of one volume and number of receptors.
fn groups<'a, 'b>(sampled: &'a [Sampled<'b>]) -> Vec<(String, Vec<&'a Sampled<'b>>)> {
    let mut groups: Vec<(String, Vec<&Sampled>)> = Vec::new();
    for s in sampled {
        match groups.iter_mut().find(|(label, _)| *label == s.label()) {
            Some((_, members)) => members.push(s),
            None => groups.push((s.label(), vec![s])),
        }
    }
    groups
}

pub(super) fn section(settings: &Settings, sampled: &[Sampled], curves: &Curves, published: &Published) -> Section {
    let mut volumes: Vec<f64> = sampled.iter().map(|s| s.ensemble.volume).collect();
    volumes.sort_by(f64::total_cmp);
    volumes.dedup();
    let mut figure = Figure::new("ranges").caption(
        "Figure 2c: lowest mean - sd (open) and highest mean + sd (filled) of calcium over the window, with intervals of 95 % \
         (1.96 standard errors), and the published values (crosses); lines are the deterministic limits.",
    );
    for volume in volumes {
        figure = figure.panel(panel(settings, sampled, curves, published, volume));
    }
    Section::new("How far oscillations reach")
        .paragraph(
            "At every output time of the window, mean m and standard deviation s over the trajectories; the range is from the \
             lowest m - s to the highest m + s. As an extreme over many noisy points it is biased outwards, so that only \
             ensembles of equal size and window compare. Its standard error as published is that of a normal law; the \
             tables give it, that with the moments of the sample, and the bootstrap over trajectories, which also sees the \
             bias. z compares with the published value, both errors taken into account.",
        )
        .figure(figure)
        .table(summary(settings, sampled, published))
        .table(rows(settings, sampled, published))
}

fn panel(settings: &Settings, sampled: &[Sampled], curves: &Curves, published: &Published, volume: f64) -> Panel {
    let mut panel = Panel::new()
        .title(format!("{volume:e} L"))
        .x(Axis::new(settings.ligand.clone()).unit("uM").range(0.0, 2.05))
        .y(Axis::new(settings.observed.clone()).unit("uM").range(0.0, 0.9));
    panel = curves.vanishing.draw(panel, Colour::Black, Dash::Solid);
    if sampled.iter().any(|s| s.ensemble.volume == volume && s.ensemble.receptors == settings.finite) {
        panel = curves.finite.draw(panel, Colour::Black, Dash::Dotted);
    }
    for (g, (label, members)) in groups(sampled).into_iter().enumerate() {
        if members[0].ensemble.volume != volume {
            continue;
        }
        let colour = COLOURS[g % COLOURS.len()];
        let points = || members.iter().flat_map(|s| s.points(&settings.ligand));
        let x: Vec<f64> = points().map(|(x, _, _)| x).collect();
        let of = |f: &dyn Fn(&Course) -> f64| points().map(|(_, _, c)| f(c)).collect::<Vec<f64>>();
        let high = Points::new(label.clone(), x.clone(), of(&|c| c.range.high.value)).size(2.5);
        panel = panel.with(high.error(of(&|c| 1.96 * c.range.high.error)).colour(colour));
        let low = Points::new(label, x, of(&|c| c.range.low.value)).size(2.5).marker(Marker::OpenCircle);
        panel = panel.with(low.error(of(&|c| 1.96 * c.range.low.error)).colour(colour));
        let theirs: Vec<PublishedPoint> = published.ranges(&members[0].ensemble.published).collect();
        for edge in [|p: &PublishedPoint| p.low, |p: &PublishedPoint| p.high] {
            let (x, y): (Vec<f64>, Vec<f64>) = theirs.iter().map(|p| (p.ligand, edge(p))).unzip();
            panel = panel.with(Points::new("published", x, y).marker(Marker::Cross).size(2.5).colour(colour));
        }
    }
    panel
}

/// What fraction must lie within how many standard errors, and the furthest that any may.
fn lines(ensemble: &Ensemble) -> (f64, f64, f64) {
    if ensemble.approximate { (0.90, 2.5, f64::INFINITY) } else { (0.95, 2.0, 4.0) }
}

fn summary(settings: &Settings, sampled: &[Sampled], published: &Published) -> Table {
    let mut table = Table::new(["", "conditions", "edges compared", "|z| < 2", "|z| < 2.5", "largest |z|", "mean z²"])
        .caption("Against the published ranges.");
    for (label, members) in groups(sampled) {
        let z: Vec<f64> =
            members.iter().flat_map(|s| comparisons(s, &settings.ligand, published)).flat_map(|c| c.z).collect();
        let conditions: usize = members.iter().map(|s| s.conditions.len()).sum();
        let n = z.len() as f64;
        let within = |limit: f64| z.iter().filter(|z| z.abs() < limit).count() as f64;
        let mut row = vec![Cell::text(label), Cell::Integer(conditions as i64), Cell::Integer(z.len() as i64)];
        if z.is_empty() {
            row.extend([Cell::text("not published"), Cell::Empty, Cell::Empty, Cell::Empty]);
        } else {
            row.extend([
                Cell::percentage(within(2.0) / n),
                Cell::percentage(within(2.5) / n),
                Cell::digits(z.iter().fold(0.0, |a: f64, z| a.max(z.abs())), 3),
                Cell::digits(z.iter().map(|z| z * z).sum::<f64>() / n, 3),
            ]);
        }
        table.push(row);
    }
    table
}

fn rows(settings: &Settings, sampled: &[Sampled], published: &Published) -> Table {
    let mut table = Table::new([
        "",
        "IP3 (uM)",
        "lowest",
        "error",
        "as published",
        "bootstrap",
        "published",
        "z",
        "highest",
        "error",
        "bootstrap",
        "published",
        "z",
    ])
    .caption("Calcium in uM. Errors: of a normal law at the extreme; as published (at the wrong time); by bootstrap.");
    for s in sampled {
        let compared = comparisons(s, &settings.ligand, published);
        for (ligand, _, course) in s.points(&settings.ligand) {
            let theirs = published.ranges(&s.ensemble.published).find(|p| (p.ligand - ligand).abs() < 1e-9);
            let z = compared.iter().find(|c| c.ligand == ligand);
            let range = &course.range;
            let cell = |value: Option<f64>, digits: usize| value.map_or(Cell::Empty, |v| Cell::digits(v, digits));
            table.push([
                Cell::text(s.label()),
                Cell::from(ligand),
                Cell::digits(range.low.value, 4),
                Cell::digits(range.normal_low_error, 2),
                Cell::digits(range.published_low_error, 2),
                Cell::digits(range.low.bootstrap_error, 2),
                theirs.map_or(Cell::Empty, |p| Cell::estimate(p.low, p.low_error)),
                cell(z.map(|c| c.z[0]), 2),
                Cell::digits(range.high.value, 4),
                Cell::digits(range.normal_high_error, 2),
                Cell::digits(range.high.bootstrap_error, 2),
                theirs.map_or(Cell::Empty, |p| Cell::estimate(p.high, p.high_error)),
                cell(z.map(|c| c.z[1]), 2),
            ]);
        }
    }
    table
}

pub(super) fn checks(settings: &Settings, sampled: &[Sampled], published: &Published) -> Vec<Check> {
    let mut checks = Vec::new();
    for (label, members) in groups(sampled) {
        let z: Vec<f64> =
            members.iter().flat_map(|s| comparisons(s, &settings.ligand, published)).flat_map(|c| c.z).collect();
        if z.is_empty() {
            continue;
        }
        let (part, limit, furthest) = lines(members[0].ensemble);
        let within = z.iter().filter(|z| z.abs() < limit).count() as f64 / z.len() as f64;
        let name = format!("{label}: part of {} edges within {limit} standard errors of the published ones", z.len());
        checks.push(Check::at_least(name, part, within));
        if furthest.is_finite() {
            let largest = z.iter().fold(0.0, |a: f64, z| a.max(z.abs()));
            checks.push(Check::at_most(format!("{label}: largest |z|"), furthest, largest));
        }
    }
    checks.extend(widths(settings, sampled));
    checks
}

/// Widths at the highest ligand of the published trend: receptors, width.
const TREND: [(f64, f64); 3] = [(100.0, 0.43), (1000.0, 0.13), (5000.0, 0.05)];

fn widths(settings: &Settings, sampled: &[Sampled]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (receptors, width) in TREND {
        let members = sampled.iter().filter(|s| s.ensemble.receptors == receptors && s.ensemble.volume == 1e-14);
        let mut at = members.flat_map(|s| s.points(&settings.ligand)).filter(|(x, _, _)| (x - 2.0).abs() < 1e-9);
        if let Some((_, _, course)) = at.next() {
            let found = course.range.high.value - course.range.low.value;
            checks.push(Check::relative(format!("width at 2 uM with {receptors} subunits (uM)"), width, found, 0.15));
        }
    }
    checks
}

/// One condition in the table: its ensemble, ligand, course, reactions, seconds.
type Row<'a> = (&'a Sampled<'a>, f64, &'a Course, u64, f64);

pub(super) fn table(settings: &Settings, sampled: &[Sampled], published: &Published) -> DataTable {
    let rows: Vec<Row> = sampled
        .iter()
        .flat_map(|s| s.points(&settings.ligand).map(move |(x, c, course)| (s, x, course, c.events, c.seconds)))
        .collect();
    let numbers = |f: &dyn Fn(&Row) -> f64| rows.iter().map(f).collect::<Vec<f64>>();
    let z = |row: &Row, k: usize| {
        let all = comparisons(row.0, &settings.ligand, published);
        all.iter().find(|c| c.ligand == row.1).map_or(f64::NAN, |c| c.z[k])
    };
    DataTable::new("ranges")
        .column("ensemble", rows.iter().map(|r| r.0.ensemble.name.clone()).collect::<Vec<String>>())
        .column("volume", numbers(&|r| r.0.ensemble.volume))
        .column("subunits", numbers(&|r| r.0.ensemble.receptors))
        .column(settings.ligand.clone(), numbers(&|r| r.1))
        .column("trajectories", rows.iter().map(|r| r.0.ensemble.trajectories as i64).collect::<Vec<i64>>())
        .column("end", numbers(&|r| r.0.ensemble.end))
        .column("window-from", numbers(&|r| r.0.ensemble.window[0]))
        .column("low", numbers(&|r| r.2.range.low.value))
        .column("low-error", numbers(&|r| r.2.range.low.error))
        .column("low-error-normal", numbers(&|r| r.2.range.normal_low_error))
        .column("low-error-as-published", numbers(&|r| r.2.range.published_low_error))
        .column("low-error-bootstrap", numbers(&|r| r.2.range.low.bootstrap_error))
        .column("low-bias-bootstrap", numbers(&|r| r.2.range.low.bootstrap_bias))
        .column("low-z", numbers(&|r| z(r, 0)))
        .column("high", numbers(&|r| r.2.range.high.value))
        .column("high-error", numbers(&|r| r.2.range.high.error))
        .column("high-error-normal", numbers(&|r| r.2.range.normal_high_error))
        .column("high-error-bootstrap", numbers(&|r| r.2.range.high.bootstrap_error))
        .column("high-bias-bootstrap", numbers(&|r| r.2.range.high.bootstrap_bias))
        .column("high-z", numbers(&|r| z(r, 1)))
        .column("peaks", numbers(&|r| r.2.oscillation.peaks.value))
        .column("period", numbers(&|r| r.2.oscillation.period.map_or(f64::NAN, |p| p.value)))
        .column("period-error", numbers(&|r| r.2.oscillation.period.map_or(f64::NAN, |p| p.error)))
        .column("events", rows.iter().map(|r| r.3 as i64).collect::<Vec<i64>>())
        .column("seconds", numbers(&|r| r.4))
}
