//! The numbers of a reduction as tables, and for programs.

use super::Reduced;
use crate::Error;
use kurtz_learn::reduce::{Noise, ReduceError, pairs};
use kurtz_report::{Cell, DataTable, Table};
use serde_json::{Value, json};

/// Pointers and participations below this are not shown.
const LEAST: f64 = 0.01;

/// Of each split, species and reactions that take part in its fast modes.
pub(super) fn scales(reduced: &Reduced) -> Vec<Table> {
    let network = reduced.model.kinetics.network();
    let scales = &reduced.outcome.scales;
    let mut tables = Vec::new();
    for split in &scales.splits {
        let layer = split.layer_end.unwrap_or(f64::NAN);
        let last = &scales.spectra[scales.spectra.len() / 2];
        let rate = -last[split.fast - 1].0;
        let mut table = Table::new(["", "share in the fast modes", "kind"]).caption(format!(
            "{} fast mode{} (slowest of them: {} at half time), {} times faster than the rest; initial layer until {}.",
            split.fast,
            if split.fast == 1 { "" } else { "s" },
            Cell::digits(rate, 3).to_text(),
            Cell::digits(split.gap, 2).to_text(),
            Cell::digits(layer, 2).to_text()
        ));
        let mut rows: Vec<(f64, String, &str)> = Vec::new();
        for (i, &pointer) in split.pointers.iter().enumerate().filter(|(_, p)| **p >= LEAST) {
            rows.push((pointer, network.species[i].name.clone(), "species"));
        }
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut reactions: Vec<(f64, String, &str)> = Vec::new();
        for (j, &share) in split.participation.iter().enumerate().filter(|(_, p)| **p >= LEAST) {
            reactions.push((share, network.reactions[j].name.clone(), "reaction"));
        }
        reactions.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (share, name, kind) in rows.into_iter().chain(reactions) {
            table.push([Cell::text(name), Cell::digits(share, 2), Cell::text(kind)]);
        }
        tables.push(table);
    }
    tables.extend(equilibria(reduced));
    tables
}

/// Reversible reactions and how near they are to equilibrium after the initial layer.
fn equilibria(reduced: &Reduced) -> Option<Table> {
    let network = reduced.model.kinetics.network();
    let scales = &reduced.outcome.scales;
    let first = scales.splits.first().and_then(|s| s.layer_end).unwrap_or(0.0);
    let mut table = Table::new(["reaction", "reverse", "largest |v - v'|/(v + v') after the layer"])
        .caption("Reversible reactions: 0 is equilibrium, 1 is one way only.");
    for (a, b) in pairs(network) {
        let imbalance = |k: usize| {
            let c = scales.state(k);
            let rate = |j: usize| reduced.model.kinetics.rate(j.into(), 0.0, c);
            let (v, w) = (rate(a), rate(b));
            if v + w > 0.0 { (v - w).abs() / (v + w) } else { 0.0 }
        };
        let largest = (0..scales.times.len()).filter(|k| scales.times[*k] >= first).map(imbalance).fold(0.0, f64::max);
        table.push([
            Cell::text(network.reactions[a].name.clone()),
            Cell::text(network.reactions[b].name.clone()),
            Cell::digits(largest, 2),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

pub(super) fn candidates(reduced: &Reduced) -> Table {
    let headings = ["", "kind", "fast", "from", "to", "estimated error", "against the full model", "why not"];
    let mut table = Table::new(headings);
    for (i, c) in reduced.outcome.candidates.iter().enumerate() {
        let number = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or(Cell::Empty, |x| Cell::digits(x, 3));
        table.push([
            Cell::text(if reduced.outcome.chosen == Some(i) { "chosen" } else { "" }),
            Cell::text(c.kind.name()),
            Cell::text(c.fast.join(", ")),
            number(c.window.map(|w| w.start)),
            number(c.window.map(|w| w.end)),
            number(Some(c.estimate)),
            number(Some(c.measured)),
            Cell::text(c.refusal.as_ref().map_or(String::new(), ReduceError::to_string)),
        ]);
    }
    table
}

pub(super) fn errors(reduced: &Reduced) -> Table {
    let mut table = Table::new(["species", "estimated error", "against the full model", "in the reduced model"])
        .caption(
            "Largest relative errors in the window; of a species past its peak relative to a tenth of that at least.",
        );
    if let Some((candidate, reduction, window)) = reduced.chosen()
        && let Some(errors) = &candidate.errors
    {
        let network = reduced.model.kinetics.network();
        for (i, species) in network.species.iter().enumerate().filter(|(_, s)| !s.clamped) {
            let (estimate, truth) = errors.largest(i, &window);
            let is_slow = reduction.formulas.iter().all(|(s, ..)| *s != i);
            table.push([
                Cell::text(species.name.clone()),
                Cell::digits(estimate, 2),
                Cell::digits(truth, 2),
                Cell::text(if is_slow { "slow variable" } else { "output" }),
            ]);
        }
    }
    table
}

pub(super) fn noise(noise: &Noise) -> Table {
    let headings = ["variable", "time", "mean, full", "reduced", "z", "sd, full", "reduced", "z of variances"];
    let mut table = Table::new(headings).caption(format!(
        "Exact trajectories of both networks, {} each: molecules, and differences in standard errors.",
        noise.trajectories
    ));
    for c in &noise.comparisons {
        table.push([
            Cell::text(c.variable.clone()),
            Cell::number(c.time),
            Cell::number(c.means.0),
            Cell::number(c.means.1),
            Cell::digits(c.mean_z, 2),
            Cell::number(c.deviations.0),
            Cell::number(c.deviations.1),
            Cell::digits(c.variance_z, 2),
        ]);
    }
    table
}

/// `eigenvalues`: time, rates and frequencies, fastest first. `courses`: of each species the full and the reduced
/// concentration, the estimated and the measured error.
pub(super) fn data(reduced: &Reduced) -> Vec<DataTable> {
    let scales = &reduced.outcome.scales;
    let mut table = DataTable::new("eigenvalues").column("time", scales.times.clone());
    for m in 0..scales.spectra.first().map_or(0, Vec::len) {
        let part = |f: fn(&(f64, f64)) -> f64| -> Vec<f64> {
            scales.spectra.iter().map(|v| v.get(m).map_or(f64::NAN, f)).collect()
        };
        table = table.column(format!("re-{}", m + 1), part(|v| v.0)).column(format!("im-{}", m + 1), part(|v| v.1));
    }
    let mut tables = vec![table];
    if let Some((candidate, ..)) = reduced.chosen()
        && let Some(errors) = &candidate.errors
    {
        let n = errors.width;
        let mut table = DataTable::new("courses").column("time", scales.times.clone());
        for (i, species) in reduced.model.kinetics.network().species.iter().enumerate() {
            let column = |values: &[f64]| values.iter().skip(i).step_by(n).copied().collect::<Vec<f64>>();
            table = table
                .column(format!("{}-full", species.name), scales.solution.variable(i))
                .column(format!("{}-reduced", species.name), column(&errors.reduced))
                .column(format!("{}-estimated-error", species.name), column(&errors.estimated))
                .column(format!("{}-error", species.name), column(&errors.measured));
        }
        tables.push(table);
    }
    tables
}

/// A number, or null.
fn number(x: f64) -> Value {
    if x.is_finite() { json!(x) } else { Value::Null }
}

pub(super) fn json(reduced: &Reduced) -> Result<String, Error> {
    let network = reduced.model.kinetics.network();
    let scales = &reduced.outcome.scales;
    let species = |values: &[f64]| -> Value {
        network
            .species
            .iter()
            .zip(values)
            .map(|(s, v)| (s.name.clone(), number(*v)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let splits: Vec<Value> = scales
        .splits
        .iter()
        .map(|s| {
            let reactions: serde_json::Map<String, Value> =
                network.reactions.iter().zip(&s.participation).map(|(r, p)| (r.name.clone(), number(*p))).collect();
            json!({
                "fast_modes": s.fast,
                "gap": number(s.gap),
                "layer_end": s.layer_end,
                "pointers": species(&s.pointers),
                "participation": reactions,
            })
        })
        .collect();
    let candidates: Vec<Value> = reduced
        .outcome
        .candidates
        .iter()
        .map(|c| {
            json!({
                "kind": c.kind,
                "fast": c.fast,
                "window": c.window.map(|w| [w.start, w.end]),
                "estimated_error": number(c.estimate),
                "measured_error": number(c.measured),
                "refusal": c.refusal.as_ref().map(ReduceError::to_string),
            })
        })
        .collect();
    let mut result = json!({
        "model": reduced.model.name,
        "end": scales.end(),
        "splits": splits,
        "candidates": candidates,
        "chosen": Value::Null,
        "refusal": reduced.outcome.refusal.as_ref().map(ReduceError::to_string),
        "summary": reduced.summary(),
    });
    if let Some((candidate, reduction, window)) = reduced.chosen()
        && let Some(errors) = &candidate.errors
    {
        let each: Vec<(f64, f64)> = (0..errors.width).map(|i| errors.largest(i, &window)).collect();
        let (estimated, measured): (Vec<f64>, Vec<f64>) = each.into_iter().unzip();
        result["chosen"] = json!({
            "kind": candidate.kind,
            "fast": candidate.fast,
            "window": [window.start, window.end],
            "layer_end": number(errors.layer_end),
            "estimated_error": species(&estimated),
            "measured_error": species(&measured),
            "equations": reduction.latex(),
            "network": reduction.network.to_crn(),
            "noise_warning": reduced.noise.as_ref().ok().and_then(|n| n.warning.clone()),
        });
    }
    Ok(format!("{result:#}\n"))
}
