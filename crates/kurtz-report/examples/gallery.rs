//! Every kind of series, table and block, to be looked at: `cargo run -p kurtz-report --example gallery -- out/gallery`.
//!
//! The numbers are closed forms of toy processes (birth-death, correlated normal laws), not results.

use kurtz_report::*;
use std::f64::consts::PI;

/// Deterministic noise in (-1, 1), so that the gallery is the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Nearly normal: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() / 2.0
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "out/gallery".into());
    let mut output = OutputDirectory::create(path)?;
    let mut provenance = Provenance::new("gallery", env!("CARGO_PKG_VERSION"))
        .command(std::env::args())
        .seed(7)
        .settings(&[("trajectories", 1_000_000), ("weeks", 20)])?;
    provenance.model("epidermis", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    provenance.cite("gillespie1977");

    let figures = provenance.timed("figures", || [moments(), trajectories(), joint(), convergence(), laws(), single()]);
    let [moments, trajectories, joint, convergence, laws, single] = figures;
    let bibliography = Bibliography::parse(include_str!("../../../references.bib"))?;

    let rates = Table::new(["rate", "true", "learned", "relative error", "interval covers"])
        .caption("Rates of the epidermis model, learned from moments (numbers of this gallery are made up).")
        .row([
            Cell::text("$\\lambda$"),
            1.1.into(),
            Cell::estimate(1.10042, 0.00093),
            Cell::percentage(0.00038),
            true.into(),
        ])
        .row([
            Cell::text("$r_1$"),
            0.0836.into(),
            Cell::estimate(0.08353, 0.00021),
            Cell::percentage(-0.00084),
            true.into(),
        ])
        .row([
            Cell::text("$r_2$"),
            0.0764.into(),
            Cell::estimate(0.07712, 0.00021),
            Cell::percentage(0.0094),
            false.into(),
        ])
        .row([Cell::text("$k_1$"), 0.0.into(), Cell::estimate(-2.31e-7, 1.2e-6), Cell::Empty, true.into()]);
    print!("{}", rates.to_text());
    output.write("data/rates.md", rates.to_markdown().as_bytes())?;
    let t: Vec<f64> = (0..=20).map(f64::from).collect();
    let mean: Vec<f64> = t.iter().map(|t| 10.0 * (0.00792 * t).exp()).collect();
    output.write_data(&DataTable::new("means").column("time", t).column("A-mean", mean))?;

    let report = Report::new("Gallery")
        .subtitle("Every kind of figure, table and block")
        .summary("This page shows what `kurtz-report` can draw. The layout of print and of the interactive view is the \
                  same; hover over a figure for its numbers, drag to enlarge a part, double-click to return.")
        .summary("Formulas stand in the text, $\\langle A\\rangle = \\langle A\\rangle_0\\,e^{(r_1 - r_2)\\lambda t}$, and so do \
                  references: stochastic simulation [@gillespie1976; @gillespie1977], the model [@clayton2007].")
        .check(Check::relative("$\\lambda$ after selection", 1.1, 1.10042, 0.003))
        .check(Check::within_errors("$r_2$", 0.0764, 0.07712, 0.00021, 2.0))
        .check(Check::at_most("TV(learned, true), 20 weeks", 0.001, 4.1e-4))
        .check(Check::claim("structure", "A -> 2 A, A -> A + B", "the same", "equal", true))
        .section(
            Section::new("Moments")
                .paragraph("The means and the second moments close, because every reaction is of first order [@mcquarrie1967]:")
                .formula(
                    r"\begin{aligned}
\frac{\mathrm{d}\langle A\rangle}{\mathrm{d}t} &= \left(r_1 - r_2\right)\lambda\langle A\rangle, \\
\frac{\mathrm{d}\langle A^2\rangle}{\mathrm{d}t} &= 2\left(r_1 - r_2\right)\lambda\langle A^2\rangle + \left(r_1 + r_2\right)\lambda\langle A\rangle, \\
\frac{\mathrm{d}\langle AB\rangle}{\mathrm{d}t} &= \sum_{i=1}^{2} \beta_i\,\langle A\rangle^i - \Gamma\langle AB\rangle + \sqrt{\frac{\sigma_{AB}}{\hat\theta}}
\end{aligned}",
                )
                .figure(moments)
                .table(rates),
        )
        .section(Section::new("Trajectories").figure(trajectories).figure(single))
        .section(Section::new("Joint distributions").figure(joint))
        .section(
            Section::new("Accuracy")
                .list(["errors fall as $N^{-1/2}$", "the published pipeline is **noisier** than least squares"])
                .figure(convergence)
                .subheading("Laws of counts")
                .figure(laws)
                .code("division:  A -> 2 A     @ r1*lambda\nleakage:   B -> 0       @ Gamma"),
        )
        .provenance(provenance.clone());
    output.write_report(&report, &bibliography)?;
    output.write_provenance(&provenance)?;
    eprintln!("{}", output.report_path().display());
    Ok(())
}

/// Means and variances with errors: 2 x 2.
fn moments() -> Figure {
    let mut noise = Noise(3);
    let fine: Vec<f64> = (0..=100).map(|i| 0.2 * f64::from(i)).collect();
    let weeks: Vec<f64> = (0..=20).map(f64::from).collect();
    let mut panel = |title: &str, label: &str, f: &dyn Fn(f64) -> f64, relative: f64| {
        let exact: Vec<f64> = fine.iter().map(|t| f(*t)).collect();
        let error: Vec<f64> = weeks.iter().map(|t| relative * f(*t) * (t / 20.0).sqrt()).collect();
        let sampled: Vec<f64> = weeks.iter().zip(&error).map(|(t, e)| f(*t) + e * noise.normal()).collect();
        let band = |sign: f64| -> Vec<f64> {
            fine.iter().zip(&exact).map(|(t, v)| v * (1.0 + sign * 2.0 * relative * (t / 20.0).sqrt())).collect()
        };
        Panel::new()
            .title(title)
            .x(Axis::new("time").unit("week"))
            .y(Axis::new(label))
            .with(Band::new("learned", fine.clone(), band(-1.0), band(1.0)))
            .with(Line::new("learned", fine.clone(), exact.clone()))
            .with(
                Line::new("mass action", fine.clone(), exact.iter().map(|v| 0.97 * v).collect::<Vec<_>>())
                    .dash(Dash::Dashed),
            )
            .with(
                Points::new("sampled", weeks.clone(), sampled)
                    .error(error)
                    .marker(Marker::OpenCircle)
                    .colour(Colour::Black),
            )
    };
    let a = |t: f64| 10.0 * (0.00792 * t).exp();
    let b = |t: f64| 35.5 * (1.0 - (-0.31 * t).exp());
    Figure::new("moments")
        .caption(
            "**Means and variances** of proliferating ($A$) and differentiated cells ($B$): sampled (circles, one \
                  standard error), learned (line, band of two standard errors) and mass action (dashed).",
        )
        .columns(2)
        .panel(panel("Proliferating cells", "mean count ⟨A⟩", &a, 0.02))
        .panel(panel("Differentiated cells", "mean count ⟨B⟩", &b, 0.03))
        .panel(panel("", "variance σ^{2}_{A}", &|t| 1.76 * t * (1.0 + 0.004 * t), 0.05))
        .panel(panel("", "variance σ^{2}_{B}", &|t| b(t) * (1.0 + 0.1 * t), 0.05))
        .aspect(0.6)
}

/// Stepped traces of a birth-death process, in one row.
fn trajectories() -> Figure {
    let mut noise = Noise(11);
    let mut trace = |rate: f64| {
        let (mut t, mut n, mut times, mut counts) = (0.0, 10.0, vec![0.0], vec![10.0]);
        while t < 20.0 && n > 0.0 {
            t += -(0.5 * (noise.next() + 1.0)).max(1e-12).ln() / (rate * n);
            n += if noise.next() > -0.02 { 1.0 } else { -1.0 };
            times.push(t);
            counts.push(n);
        }
        (times, counts)
    };
    let mut panels = Vec::new();
    for (title, rate) in [("A", 0.18), ("B", 0.4)] {
        let mut panel = Panel::new()
            .title(title)
            .x(Axis::new("time").unit("week").range(0.0, 20.0))
            .y(Axis::new("count").from_zero());
        for _ in 0..6 {
            let (t, n) = trace(rate);
            panel = panel.with(Line::steps("single trajectories", t, n).colour(Colour::SkyBlue).opacity(0.8));
        }
        let t: Vec<f64> = (0..=40).map(|i| 0.5 * f64::from(i)).collect();
        let mean: Vec<f64> = t.iter().map(|t| 10.0 * (0.02 * rate * t).exp()).collect();
        panels.push(
            panel
                .with(Line::new("mean", t, mean).colour(Colour::Black))
                .with(Reference::horizontal(10.0).label("start")),
        );
    }
    panels
        .into_iter()
        .fold(Figure::new("trajectories").caption("Single trajectories of a birth-death process."), Figure::panel)
}

/// Joint distributions at four times and their differences: 2 x 4 heat maps.
fn joint() -> Figure {
    let mut noise = Noise(5);
    let mut figure = Figure::new("joint")
        .caption(
            "**Joint distributions** $P(A, B)$ after 1, 5, 10 and 20 weeks (above) and what the learned network \
                  differs from it (below).",
        )
        .columns(4)
        .colour_bars(ColourBars::EachRow);
    let laws: Vec<(usize, Vec<f64>, Vec<f64>)> = [1.0, 5.0, 10.0, 20.0]
        .into_iter()
        .map(|t: f64| {
            let (ma, mb) = (10.0 + 0.1 * t, 36.0 * (1.0 - (-0.31 * t).exp()));
            let (sa, sb, rho) = ((1.8 * t).sqrt(), (mb * (1.0 + 0.08 * t)).sqrt(), 0.25);
            let (columns, rows) = (32, 72);
            let mut p = Vec::new();
            for j in 0..rows {
                for i in 0..columns {
                    let (u, v) = ((i as f64 - ma) / sa, (j as f64 - mb) / sb);
                    let q = (u * u - 2.0 * rho * u * v + v * v) / (2.0 * (1.0 - rho * rho));
                    p.push((-q).exp() / (2.0 * PI * sa * sb * (1.0 - rho * rho).sqrt()));
                }
            }
            let d = p.iter().map(|p| 2e-2 * noise.normal() * p.sqrt() * 0.05).collect();
            (columns, p, d)
        })
        .collect();
    for (t, (columns, p, _)) in [1, 5, 10, 20].into_iter().zip(&laws) {
        let title = if t == 1 { "1 week".into() } else { format!("{t} weeks") };
        let map = HeatMap::of_counts((0, 0), *columns, p.clone()).log().label("probability");
        figure =
            figure.panel(Panel::new().title(title).x(Axis::new("count of A")).y(Axis::new("count of B")).with(map));
    }
    for (columns, _, d) in &laws {
        let map = HeatMap::of_counts((0, 0), *columns, d.clone()).diverging().label("learned − true");
        figure = figure.panel(Panel::new().x(Axis::new("count of A")).y(Axis::new("count of B")).with(map));
    }
    figure
}

/// Error against number of trajectories, both axes logarithmic.
fn convergence() -> Figure {
    let n: Vec<f64> = (2..=7).map(|k| 10f64.powi(k)).collect();
    let mut noise = Noise(17);
    let mut points = |factor: f64| -> (Vec<f64>, Vec<f64>) {
        let y: Vec<f64> = n.iter().map(|n| factor / n.sqrt() * (1.0 + 0.15 * noise.normal())).collect();
        let e = y.iter().map(|y| 0.25 * y).collect();
        (y, e)
    };
    let ((y1, e1), (y2, e2), (y3, e3)) = (points(0.9), points(12.0), points(60.0));
    Figure::new("convergence")
        .caption("Root mean square error of $r_1$ against the number of trajectories $N$.")
        .width(120.0)
        .panel(
            Panel::new()
                .x(Axis::new("trajectories N").log())
                .y(Axis::new("relative error of r_{1}").log())
                .with(Points::new("least squares", n.clone(), y1).error(e1))
                .with(Points::new("integral form", n.clone(), y2).error(e2).marker(Marker::Square))
                .with(Points::new("published pipeline", n.clone(), y3).error(e3).marker(Marker::Diamond))
                .with(
                    Line::new("N^{−1/2}", n.clone(), n.iter().map(|n| 0.9 / n.sqrt()).collect::<Vec<_>>())
                        .dash(Dash::Dotted)
                        .colour(Colour::Grey),
                )
                .with(Reference::horizontal(3e-3).label("goal"))
                .with(Annotation::new("0.3 %", 1.3e2, 3e-3)),
        )
}

/// Histograms with laws over them, and one on a logarithmic axis with tiny numbers.
fn laws() -> Figure {
    let poisson = |m: f64| -> Vec<f64> {
        let mut p = vec![(-m).exp()];
        for k in 1..30 {
            p.push(p[k - 1] * m / k as f64);
        }
        p
    };
    let mut noise = Noise(23);
    let exact = poisson(9.0);
    let sampled: Vec<f64> = exact.iter().map(|p| (p + 0.006 * p.sqrt() * noise.normal()).max(0.0)).collect();
    let counts: Vec<f64> = (0..30).map(f64::from).collect();
    let edges: Vec<f64> = (0..=24).map(|i| 1e-6 * f64::from(i)).collect();
    let heights: Vec<f64> = (0..24).map(|i| 2.5e5 * (-f64::from(i) / 6.0).exp()).collect();
    Figure::new("laws")
        .caption("Laws of counts: sampled (bars) and exact (points); right, numbers far from one.")
        .aspect(0.8)
        .panel(
            Panel::new()
                .title("Immigration and death")
                .x(Axis::new("count"))
                .y(Axis::new("probability"))
                .with(Bars::of_counts("sampled", 0, sampled.clone()))
                .with(Points::new("exact", counts.clone(), exact.clone()).size(2.8).colour(Colour::Black))
                .with(Reference::vertical(9.0).label("mean"))
                .with(Annotation::new("λ/γ = 9", 9.0, 0.13).anchor(Anchor::Right)),
        )
        .panel(
            Panel::new()
                .title("The same, tails")
                .x(Axis::new("count"))
                .y(Axis::new("probability").log())
                .with(Bars::of_counts("sampled", 0, sampled))
                .with(Points::new("exact", counts, exact).size(2.8).colour(Colour::Black)),
        )
        .panel(
            Panel::new()
                .title("Waiting times of a very fast reaction with a title of two lines")
                .x(Axis::new("waiting time").unit("s"))
                .y(Axis::new("density").unit("s^{−1}"))
                .with(Bars::new("density", edges, heights).colour(Colour::Green)),
        )
}

/// One panel at column width, with signs that need the second font.
fn single() -> Figure {
    let x: Vec<f64> = (0..=200).map(|i| f64::from(i) / 20.0).collect();
    let wave = |k: f64| -> Vec<f64> { x.iter().map(|x| 1e-5 * (k * x).sin() * (-0.2 * x).exp()).collect() };
    let line = |label: &str, k: f64, dash: Dash| Line::new(label, x.clone(), wave(k)).dash(dash);
    Figure::new("single").caption("Four dash patterns; ticks far from one leave their power of ten to the axis.").panel(
        Panel::new()
            .x(Axis::new("time t").unit("µs"))
            .y(Axis::new("flux ∂c/∂t").unit("mol L^{−1} s^{−1}"))
            .with(line("k_{1} ≤ 1", 1.0, Dash::Solid))
            .with(line("k_{2} → ∞", 1.6, Dash::Dashed))
            .with(line("θ̂ ∈ ℓ", 2.2, Dash::Dotted))
            .with(line("⟨xy⟩", 2.8, Dash::DashDot))
            .with(Reference::horizontal(0.0).dash(Dash::Solid)),
    )
}
