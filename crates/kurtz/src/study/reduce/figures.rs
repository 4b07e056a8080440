//! The figures of a reduction: rates over time, both models, and the error estimated and measured.

use super::Reduced;
use kurtz_learn::reduce::{Candidate, Window};
use kurtz_report::{Axis, Band, Colour, Dash, Figure, Line, Panel, Reference};

/// Species shown unless fewer were asked for.
const MOST_PANELS: usize = 6;

const COLOURS: [Colour; 6] =
    [Colour::Blue, Colour::Vermillion, Colour::Green, Colour::Purple, Colour::Orange, Colour::SkyBlue];

fn time_axis(reduced: &Reduced) -> Axis {
    Axis::new("time").unit(reduced.model.time_unit()).log()
}

/// Sizes of eigenvalues over time, and the gap of the split in use.
pub(super) fn spectrum(reduced: &Reduced) -> Figure {
    let scales = &reduced.outcome.scales;
    let after_zero: Vec<usize> = (0..scales.times.len()).filter(|k| scales.times[*k] > 0.0).collect();
    let times: Vec<f64> = after_zero.iter().map(|k| scales.times[*k]).collect();
    let unit = reduced.model.time_unit();
    let per = if unit.is_empty() { String::new() } else { format!("1/{unit}") };
    let mut panel = Panel::new().x(time_axis(reduced)).y(Axis::new("rate").unit(per).log());
    for m in 0..scales.spectra.first().map_or(0, Vec::len) {
        let decay = |k: &usize| scales.spectra[*k].get(m).map_or(f64::NAN, |v| if v.0 < 0.0 { -v.0 } else { f64::NAN });
        let growth = |k: &usize| scales.spectra[*k].get(m).map_or(f64::NAN, |v| if v.0 > 0.0 { v.0 } else { f64::NAN });
        let values: Vec<f64> = after_zero.iter().map(decay).collect();
        panel = panel.with(Line::new("decay", times.clone(), values).colour(Colour::Black));
        let values: Vec<f64> = after_zero.iter().map(growth).collect();
        if values.iter().any(|v| v.is_finite()) {
            panel =
                panel.with(Line::new("growth", times.clone(), values).colour(Colour::Vermillion).dash(Dash::Dashed));
        }
    }
    let mut figure = Figure::new("time-scales");
    let chosen = reduced.outcome.best().map(|c| c.eliminated);
    let split = scales.splits.iter().find(|s| chosen == Some(s.fast)).or(scales.splits.first());
    let mut caption =
        "Rates of decay (eigenvalues of the Jacobian within the stoichiometric class) along the trajectory."
            .to_string();
    if let Some(split) = split {
        if let Some(end) = split.layer_end {
            panel = panel.with(Reference::vertical(end).label("end of the initial layer"));
        }
        let n = reduced.model.kinetics.network().species.len();
        let mut pointers =
            Panel::new().x(time_axis(reduced)).y(Axis::new("share in the fast modes").range(-0.05, 1.05));
        let mut order: Vec<usize> = (0..n).filter(|i| split.pointers[*i] > 0.05).collect();
        order.sort_by(|a, b| split.pointers[*b].total_cmp(&split.pointers[*a]));
        for (i, colour) in order.into_iter().zip(COLOURS) {
            let values: Vec<f64> = after_zero.iter().map(|k| split.pointers_over_time[k * n + i]).collect();
            let name = reduced.model.kinetics.network().species[i].name.clone();
            pointers = pointers.with(Line::new(name, times.clone(), values).colour(colour));
        }
        caption += &format!(
            " Right: how much of a displacement of a species decays in the {} fastest mode{}.",
            split.fast,
            if split.fast == 1 { "" } else { "s" }
        );
        figure = figure.panel(panel).panel(pointers);
    } else {
        figure = figure.panel(panel);
    }
    figure.caption(caption)
}

/// Both models, a panel for each species.
pub(super) fn trajectories(reduced: &Reduced, candidate: &Candidate) -> Figure {
    let scales = &reduced.outcome.scales;
    let network = reduced.model.kinetics.network();
    let mut figure = Figure::new("trajectories").caption("The full model and the reduced one.");
    let Some(errors) = &candidate.errors else { return figure };
    let shown: Vec<usize> =
        (0..network.species.len()).filter(|i| !network.species[*i].clamped).take(MOST_PANELS).collect();
    let kept: Vec<usize> = (0..scales.times.len()).filter(|k| scales.times[*k] > 0.0).collect();
    let times: Vec<f64> = kept.iter().map(|k| scales.times[*k]).collect();
    for i in &shown {
        let full: Vec<f64> = kept.iter().map(|k| scales.state(*k)[*i]).collect();
        let other: Vec<f64> = kept.iter().map(|k| errors.reduced[k * errors.width + i]).collect();
        figure = figure.panel(
            Panel::new()
                .x(time_axis(reduced))
                .y(Axis::new(format!("[{}]", network.species[*i].name)).from_zero())
                .with(Line::new("full", times.clone(), full).colour(Colour::Black).width(1.6))
                .with(Line::new("reduced", times.clone(), other).colour(Colour::Vermillion).dash(Dash::Dashed)),
        );
    }
    if shown.len() > 3 { figure.columns(3) } else { figure }
}

/// Estimated and measured errors over time, with the window.
pub(super) fn errors(reduced: &Reduced, candidate: &Candidate, window: &Window) -> Figure {
    let scales = &reduced.outcome.scales;
    let network = reduced.model.kinetics.network();
    let mut figure = Figure::new("errors").caption(
        "Relative error of the reduced model: estimated from the slow manifold, and against the full model. Shaded: where it \
         holds.",
    );
    let Some(errors) = &candidate.errors else { return figure };
    let shown: Vec<usize> = candidate.observed.iter().copied().take(MOST_PANELS).collect();
    let kept: Vec<usize> = (0..scales.times.len()).filter(|k| scales.times[*k] > 0.0).collect();
    let times: Vec<f64> = kept.iter().map(|k| scales.times[*k]).collect();
    // Zero has no logarithm, and what is below the tolerance of integration says nothing.
    let visible = |x: f64| if x > 1e-9 { x } else { f64::NAN };
    for i in &shown {
        let of = |values: &[f64]| -> Vec<f64> { kept.iter().map(|k| visible(values[k * errors.width + i])).collect() };
        let (estimated, measured) = (of(&errors.estimated), of(&errors.measured));
        let all = estimated.iter().chain(&measured).copied().filter(|x| x.is_finite());
        let (low, high) = all.fold((f64::INFINITY, 0.0f64), |(l, h), x| (l.min(x), h.max(x)));
        let mut panel = Panel::new()
            .title(network.species[*i].name.clone())
            .x(time_axis(reduced))
            .y(Axis::new("relative error").log());
        if low < high {
            let edges = vec![window.start, window.end];
            panel = panel
                .with(Band::new("holds", edges, vec![low, low], vec![high, high]).colour(Colour::Grey).opacity(0.12));
        }
        figure = figure.panel(
            panel
                .with(Line::new("against the full model", times.clone(), measured).colour(Colour::Black).width(1.6))
                .with(Line::new("estimated", times.clone(), estimated).colour(Colour::Vermillion).dash(Dash::Dashed)),
        );
    }
    if shown.len() > 3 { figure.columns(3) } else { figure }
}
