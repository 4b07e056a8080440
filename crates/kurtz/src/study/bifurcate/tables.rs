//! The numbers of a diagram as tables.

use super::shown::Shown;
use kurtz_dynamics::bifurcation::{Attractor, Diagram};
use kurtz_ode::continuation::{CyclePoint, CycleSpecialKind, SpecialKind, SpecialPoint, SteadyPoint};
use kurtz_report::{Cell, DataTable, Table};

fn heading(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.into() } else { format!("{name} ({unit})") }
}

/// What a special point of steady states is called.
pub(super) fn kind_of(special: &SpecialPoint) -> &'static str {
    match special.kind {
        SpecialKind::Fold => "fold",
        SpecialKind::BranchPoint => "branch point",
        SpecialKind::Hopf => match special.hopf.as_ref().and_then(|h| h.is_supercritical()) {
            Some(true) => "Hopf, supercritical",
            Some(false) => "Hopf, subcritical",
            None => "Hopf",
        },
        _ => "special point",
    }
}

pub(super) fn kind_of_cycle(kind: CycleSpecialKind) -> &'static str {
    match kind {
        CycleSpecialKind::Fold => "fold of cycles",
        CycleSpecialKind::PeriodDoubling => "period doubling",
        CycleSpecialKind::Torus => "torus",
        CycleSpecialKind::BranchPoint => "branch point of cycles",
        _ => "special cycle",
    }
}

/// Special points, by parameter.
pub(super) fn special_points(diagram: &Diagram, shown: &Shown) -> Table {
    let few = &shown.species[..shown.species.len().min(4)];
    let headings = ["".to_string(), heading(&shown.parameter, &shown.unit), heading("period", &shown.time_unit)];
    let mut table = Table::new(headings.into_iter().chain(few.iter().map(|q| heading(&q.name, &q.unit))));
    let mut rows: Vec<(f64, Vec<Cell>)> = Vec::new();
    for special in diagram.steady.iter().flat_map(|b| &b.special) {
        let period = special.hopf.as_ref().map_or(Cell::Empty, |h| Cell::digits(h.period(), 5));
        let mut row = vec![Cell::text(kind_of(special)), Cell::digits(special.point.parameter, 6), period];
        row.extend(few.iter().map(|q| Cell::digits(q.of(&special.point.observed), 5)));
        rows.push((special.point.parameter, row));
    }
    for special in diagram.cycles.iter().flat_map(|b| &b.special) {
        let point = &special.point;
        let mut row = vec![
            Cell::text(kind_of_cycle(special.kind)),
            Cell::digits(point.parameter, 6),
            Cell::digits(point.period, 5),
        ];
        let range = |low: f64, high: f64| {
            Cell::text(format!("{} to {}", Cell::digits(low, 4).to_text(), Cell::digits(high, 4).to_text()))
        };
        row.extend(few.iter().map(|q| range(q.of(&point.minimum), q.of(&point.maximum))));
        rows.push((point.parameter, row));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, row) in rows {
        table.push(row);
    }
    table
}

/// Branches of steady states: `branch, <parameter>, stable, unstable-directions, eigenvalue-re, eigenvalue-im, X, ...`.
pub(super) fn steady(diagram: &Diagram, shown: &Shown) -> DataTable {
    let points: Vec<(usize, &SteadyPoint)> =
        diagram.steady.iter().enumerate().flat_map(|(b, branch)| branch.points.iter().map(move |p| (b, p))).collect();
    let leading = |p: &SteadyPoint| p.eigenvalues.first().copied().unwrap_or((f64::NAN, f64::NAN));
    let integers = |f: &dyn Fn(&(usize, &SteadyPoint)) -> i64| points.iter().map(f).collect::<Vec<i64>>();
    let numbers = |f: &dyn Fn(&SteadyPoint) -> f64| points.iter().map(|(_, p)| f(p)).collect::<Vec<f64>>();
    let mut table = DataTable::new("steady")
        .column("branch", integers(&|(b, _)| *b as i64 + 1))
        .column(shown.parameter.clone(), numbers(&|p| p.parameter))
        .column("stable", integers(&|(_, p)| i64::from(p.is_stable())))
        .column("unstable-directions", integers(&|(_, p)| p.unstable as i64))
        .column("eigenvalue-re", numbers(&|p| leading(p).0))
        .column("eigenvalue-im", numbers(&|p| leading(p).1.abs()));
    for quantity in &shown.species {
        table = table.column(quantity.name.clone(), numbers(&|p| quantity.of(&p.observed)));
    }
    table
}

/// Branches of cycles: `branch, <parameter>, stable, period, multiplier (the largest, absolute), X-min, X-max, ...`.
pub(super) fn cycles(diagram: &Diagram, shown: &Shown) -> DataTable {
    let points: Vec<(usize, &CyclePoint)> =
        diagram.cycles.iter().enumerate().flat_map(|(b, branch)| branch.points.iter().map(move |p| (b, p))).collect();
    let largest = |p: &CyclePoint| p.multipliers.first().map_or(0.0, |m| m.0.hypot(m.1));
    let numbers = |f: &dyn Fn(&CyclePoint) -> f64| points.iter().map(|(_, p)| f(p)).collect::<Vec<f64>>();
    let mut table = DataTable::new("cycles")
        .column("branch", points.iter().map(|(b, _)| *b as i64 + 1).collect::<Vec<i64>>())
        .column(shown.parameter.clone(), numbers(&|p| p.parameter))
        .column("stable", points.iter().map(|(_, p)| i64::from(p.is_stable())).collect::<Vec<i64>>())
        .column("period", numbers(&|p| p.period))
        .column("multiplier", numbers(&largest));
    for quantity in &shown.species {
        table = table.column(format!("{}-min", quantity.name), numbers(&|p| quantity.of(&p.minimum)));
        table = table.column(format!("{}-max", quantity.name), numbers(&|p| quantity.of(&p.maximum)));
    }
    table
}

/// Hopf points: `<parameter>, period, lyapunov, X, ...`.
pub(super) fn hopf_points(diagram: &Diagram, shown: &Shown) -> DataTable {
    let points: Vec<&SpecialPoint> =
        diagram.steady.iter().flat_map(|b| &b.special).filter(|s| s.hopf.is_some()).collect();
    let of_hopf = |f: &dyn Fn(&kurtz_ode::continuation::HopfPoint) -> f64| -> Vec<f64> {
        points.iter().map(|s| s.hopf.as_ref().map_or(f64::NAN, f)).collect()
    };
    let mut table = DataTable::new("hopf")
        .column(shown.parameter.clone(), points.iter().map(|s| s.point.parameter).collect::<Vec<f64>>())
        .column("period", of_hopf(&|h| h.period()))
        .column("lyapunov", of_hopf(&|h| h.lyapunov.unwrap_or(f64::NAN)));
    for quantity in &shown.species {
        let values: Vec<f64> = points.iter().map(|s| quantity.of(&s.point.observed)).collect();
        table = table.column(quantity.name.clone(), values);
    }
    table
}

/// What attracts at each of some values of the parameter; several rows where there are several attractors.
pub(super) fn attractors(diagram: &Diagram, shown: &Shown, values: &[f64]) -> DataTable {
    let found: Vec<(f64, Attractor)> =
        values.iter().flat_map(|&p| diagram.attractors_at(p).into_iter().map(move |a| (p, a))).collect();
    let kind = |a: &Attractor| match a {
        Attractor::Steady(_) => "steady".to_string(),
        Attractor::Cycle(_) => "cycle".to_string(),
    };
    let period = |a: &Attractor| match a {
        Attractor::Steady(_) => f64::NAN,
        Attractor::Cycle(cycle) => cycle.period,
    };
    let mut table = DataTable::new("attractors")
        .column(shown.parameter.clone(), found.iter().map(|(p, _)| *p).collect::<Vec<f64>>())
        .column("kind", found.iter().map(|(_, a)| kind(a)).collect::<Vec<String>>())
        .column("period", found.iter().map(|(_, a)| period(a)).collect::<Vec<f64>>());
    for quantity in &shown.species {
        let low = found.iter().map(|(_, a)| match a {
            Attractor::Steady(point) => quantity.of(&point.observed),
            Attractor::Cycle(cycle) => quantity.of(&cycle.minimum),
        });
        let high = found.iter().map(|(_, a)| match a {
            Attractor::Steady(point) => quantity.of(&point.observed),
            Attractor::Cycle(cycle) => quantity.of(&cycle.maximum),
        });
        table = table.column(format!("{}-min", quantity.name), low.collect::<Vec<f64>>());
        table = table.column(format!("{}-max", quantity.name), high.collect::<Vec<f64>>());
    }
    table
}
