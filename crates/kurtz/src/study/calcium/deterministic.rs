//! The two deterministic limits along the ligand: what the equations settle to, and where oscillations begin and end.

use super::Settings;
use super::published::Published;
use crate::Error;
use crate::study::ModelChoice;
use crate::study::bifurcate::{self, Bifurcations};
use kurtz_dynamics::Progress;
use kurtz_dynamics::bifurcation::Attractor;
use kurtz_ode::continuation::SpecialKind;
use kurtz_report::{Axis, Cell, Check, Colour, Dash, DataTable, Figure, Line, Panel, Section, Table};

/// Where the published curve was integrated for too short a time, near the Hopf points.
const SLOW: [(f64, f64); 2] = [(0.355, 0.375), (0.61, 0.645)];
/// A steady state that is published as a range wider than this (uM) was not reached.
const UNSETTLED: f64 = 1e-3;

/// A limit: attractors along the ligand, Hopf points, the period in the middle.
pub(super) struct Limit {
    pub name: &'static str,
    /// Ligand, lowest, highest.
    pub attractors: Vec<[f64; 3]>,
    pub hopf: Vec<f64>,
    /// At 0.5 of the ligand's unit, if it oscillates there.
    pub period: Option<f64>,
}

pub(super) struct Curves {
    pub vanishing: Limit,
    pub finite: Limit,
    ligand: String,
    observed: String,
}

pub(super) fn run(settings: &Settings, progress: &dyn Progress) -> Result<Curves, Error> {
    let limit = ModelChoice { path: settings.limit.clone(), ..ModelChoice::default() };
    let mut finite = settings.model.clone();
    finite.changes.parameters.push((settings.receptors.clone(), settings.finite));
    Ok(Curves {
        vanishing: follow(settings, "receptors per ligand → 0", limit, progress)?,
        finite: follow(settings, "receptors per ligand as simulated", finite, progress)?,
        ligand: settings.ligand.clone(),
        observed: settings.observed.clone(),
    })
}

fn follow(
    settings: &Settings,
    name: &'static str,
    model: ModelChoice,
    progress: &dyn Progress,
) -> Result<Limit, Error> {
    let (from, to, steps) = settings.deterministic;
    let wanted = bifurcate::Settings {
        model,
        parameter: settings.ligand.clone(),
        from,
        to,
        vars: Some(vec![settings.observed.clone()]),
        steps,
        ..bifurcate::Settings::default()
    };
    let found = bifurcate::run(&wanted, progress)?;
    let factor = factor(&found, settings)?;
    let observed = found.diagram.species.iter().position(|s| *s == settings.observed).unwrap_or(0);
    let mut attractors = Vec::new();
    let mut period = None;
    for &value in &found.values {
        for attractor in found.diagram.attractors_at(value) {
            attractors.push(match attractor {
                Attractor::Steady(point) => {
                    [value, factor * point.observed[observed], factor * point.observed[observed]]
                }
                Attractor::Cycle(cycle) => {
                    if (value - 0.5).abs() < 1e-6 {
                        period = Some(cycle.period);
                    }
                    [value, factor * cycle.minimum[observed], factor * cycle.maximum[observed]]
                }
            });
        }
    }
    let special = found.diagram.steady.iter().flat_map(|b| &b.special);
    let mut hopf: Vec<f64> = special.filter(|s| s.kind == SpecialKind::Hopf).map(|s| s.point.parameter).collect();
    hopf.sort_by(f64::total_cmp);
    Ok(Limit { name, attractors, hopf, period })
}

/// What concentrations of the diagram are multiplied by to be in the unit in which the model gives the observed species.
fn factor(found: &Bifurcations, settings: &Settings) -> Result<f64, Error> {
    let network = found.model.kinetics.network();
    let id = found.model.species(&settings.observed)?;
    Ok(match &network.species[id.index()].initial {
        kurtz_model::Initial::Concentration(kurtz_model::Value::Quantity(q)) => 1.0 / network.own_units_in(&q.unit),
        _ => 1.0,
    })
}

impl Curves {
    /// Largest distance to the published curve, away from the Hopf points and near them; points compared; and points left out
    /// because the published curve was still settling: it oscillates where the equations have a stable steady state alone.
    fn distance(&self, published: &Published) -> (f64, f64, usize, usize) {
        let (mut far, mut near, mut compared, mut unsettled) = (0.0f64, 0.0f64, 0, 0);
        for &[x, low, high] in &published.deterministic {
            let at = self.vanishing.attractors.iter().find(|a| (a[0] - x).abs() < 1e-6);
            let Some(&[_, ours_low, ours_high]) = at else { continue };
            if ours_low == ours_high && high - low > UNSETTLED {
                unsettled += 1;
                continue;
            }
            let distance = (ours_low - low).abs().max((ours_high - high).abs());
            if SLOW.iter().any(|&(a, b)| (a..=b).contains(&x)) {
                near = near.max(distance);
            } else {
                far = far.max(distance);
            }
            compared += 1;
        }
        (far, near, compared, unsettled)
    }

    pub fn checks(&self, published: &Published) -> Vec<Check> {
        let (far, near, compared, unsettled) = self.distance(published);
        let hopf = |i: usize| self.vanishing.hopf.get(i).copied().unwrap_or(f64::NAN);
        vec![
            Check::at_least("deterministic curve: published points compared", 190.0, compared as f64),
            Check::at_most(
                "published points that oscillate beyond the second Hopf point, not settled",
                2.0,
                unsettled as f64,
            ),
            Check::at_most("deterministic curve: largest distance from the published one (uM)", 1e-3, far),
            Check::at_most("the same near the Hopf points, where the published one is still settling (uM)", 1e-2, near),
            Check::absolute("first Hopf point (uM)", 0.367, hopf(0), 0.005),
            Check::absolute("second Hopf point (uM)", 0.616, hopf(1), 0.01),
            Check::absolute("period at 0.5 uM (s)", 13.05, self.vanishing.period.unwrap_or(f64::NAN), 0.02),
        ]
    }

    pub fn section(&self, published: &Published) -> Section {
        let mut table =
            Table::new(["limit", "first Hopf point (uM)", "second (uM)", "range at 0.6 uM", "period at 0.5 uM (s)"]);
        for limit in [&self.vanishing, &self.finite] {
            let range = limit.attractors.iter().find(|a| (a[0] - 0.6).abs() < 1e-6);
            let hopf = |i: usize| limit.hopf.get(i).map_or(Cell::Empty, |&x| Cell::digits(x, 5));
            table.push([
                Cell::text(limit.name),
                hopf(0),
                hopf(1),
                range.map_or(Cell::Empty, |a| Cell::text(format!("{:.4} to {:.4}", a[1], a[2]))),
                limit.period.map_or(Cell::Empty, |p| Cell::digits(p, 5)),
            ]);
        }
        let x: Vec<f64> = published.deterministic.iter().map(|p| p[0]).collect();
        let edge = |k: usize| published.deterministic.iter().map(|p| p[k]).collect::<Vec<f64>>();
        let mut panel = Panel::new()
            .x(Axis::new(self.ligand.clone()).unit("uM"))
            .y(Axis::new(self.observed.clone()).unit("uM").from_zero())
            .with(Line::new("published", x.clone(), edge(1)).colour(Colour::Orange).width(3.0).opacity(0.5))
            .with(Line::new("published", x, edge(2)).colour(Colour::Orange).width(3.0).opacity(0.5));
        panel = self.vanishing.draw(panel, Colour::Black, Dash::Solid);
        panel = self.finite.draw(panel, Colour::Blue, Dash::Dashed);
        Section::new("The two deterministic limits")
            .paragraph(
                "Kurtz's limit lets volume and molecules grow together. With the number of receptors growing along, binding \
                 consumes ligands as in the simulation; with receptors growing more slowly than the volume it consumes none, \
                 and receptors are gates. The published curve is the second one.",
            )
            .table(table)
            .figure(Figure::new("deterministic").panel(panel).caption(
                "Lowest and highest calcium that the equations settle to, in both limits, and the published curve.",
            ))
    }

    pub fn table(&self) -> DataTable {
        let all: Vec<(&Limit, &[f64; 3])> = [&self.vanishing, &self.finite]
            .into_iter()
            .flat_map(|l| l.attractors.iter().map(move |a| (l, a)))
            .collect();
        let column = |k: usize| all.iter().map(|(_, a)| a[k]).collect::<Vec<f64>>();
        DataTable::new("deterministic")
            .column("limit", all.iter().map(|(l, _)| l.name.to_owned()).collect::<Vec<String>>())
            .column(self.ligand.clone(), column(0))
            .column("low", column(1))
            .column("high", column(2))
    }
}

impl Limit {
    /// Adds both edges to a panel.
    pub fn draw(&self, panel: Panel, colour: Colour, dash: Dash) -> Panel {
        let column = |k: usize| self.attractors.iter().map(|a| a[k]).collect::<Vec<f64>>();
        let line = |k: usize| Line::new(self.name, column(0), column(k)).colour(colour).dash(dash).width(1.2);
        panel.with(line(1)).with(line(2))
    }
}
