//! A report as one HTML file.

use super::{Block, Report, Section};
use crate::bibliography::Bibliography;
use crate::error::ReportError;
use crate::figure::Figure;
use crate::figure::text::font_faces;
use crate::formula::display_mathml;
use crate::html::{escape, inline};
use crate::number::significant;
use crate::provenance::Provenance;
use crate::table::{Cell, Table};
use std::fmt::Write;

const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = include_str!("../../assets/report.js");
const PLOTLY: &str = include_str!("../../assets/plotly/plotly-cartesian.min.js");

pub(super) fn render(report: &Report, bibliography: &Bibliography) -> Result<String, ReportError> {
    let mut names: Vec<&str> = report.figures().map(|f| f.name.as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(ReportError::DuplicateFigure { figure: pair[0].into() });
    }
    let mut page = Page::default();
    page.summary(report);
    for section in &report.sections {
        page.section(section)?;
    }
    if let Some(provenance) = &report.provenance {
        page.provenance(provenance);
    }
    let used = report.provenance.iter().flat_map(|p| &p.references);
    let (body, references) = cited(&page.body, report.references.iter().chain(used), bibliography)?;
    let mut contents = page.contents;
    let mut references_html = String::new();
    if !references.is_empty() {
        contents.push(("references".into(), "References".into()));
        references_html += "<section><h2 id=\"references\">References</h2>\n<ol class=\"references\">\n";
        for key in references {
            let entry = bibliography.entry(&key)?;
            let _ = writeln!(references_html, "<li id=\"reference-{}\">{}</li>", escape(&key), entry.to_html());
        }
        references_html += "</ol></section>\n";
    }
    let links: String =
        contents.iter().map(|(id, heading)| format!("<li><a href=\"#{id}\">{heading}</a></li>\n")).collect();
    let subtitle = match report.subtitle.as_str() {
        "" => String::new(),
        text => format!("<p class=\"subtitle\">{}</p>\n", inline(text)),
    };
    let scripts = if names.is_empty() {
        String::new()
    } else {
        format!("<script>{PLOTLY}</script>\n<script>{SCRIPT}</script>\n")
    };
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>\n{}{STYLE}</style>\n</head>\n<body>\n<nav><p>Contents</p>\n<ol>\n{links}</ol></nav>\n<main>\n\
         <header>\n<h1>{}</h1>\n{subtitle}</header>\n{body}{references_html}</main>\n{scripts}</body>\n</html>\n",
        escape(&report.title),
        font_faces(),
        inline(&report.title),
    ))
}

/// Replaces marks of citations by numbers in the order of first appearance; then come the keys cited elsewhere.
fn cited<'a>(
    body: &str,
    further: impl Iterator<Item = &'a String>,
    bibliography: &Bibliography,
) -> Result<(String, Vec<String>), ReportError> {
    const OPEN: &str = "<cite data-key=\"";
    const CLOSE: &str = "\"></cite>";
    let mut keys: Vec<String> = Vec::new();
    let mut html = String::with_capacity(body.len());
    let mut rest = body;
    let mut number = |key: &str| -> Result<usize, ReportError> {
        bibliography.entry(key)?;
        Ok(keys.iter().position(|k| k == key).unwrap_or_else(|| {
            keys.push(key.to_owned());
            keys.len() - 1
        }) + 1)
    };
    while let Some(start) = rest.find(OPEN) {
        html += &rest[..start];
        let mut numbers = Vec::new();
        // Marks that stand together share a pair of brackets.
        rest = &rest[start..];
        while let Some(after) = rest.strip_prefix(OPEN) {
            let Some(end) = after.find(CLOSE) else { break };
            let key = &after[..end];
            numbers.push(format!("<a href=\"#reference-{key}\">{}</a>", number(key)?));
            rest = &after[end + CLOSE.len()..];
        }
        let _ = write!(html, "<span class=\"cite\">[{}]</span>", numbers.join(", "));
    }
    html += rest;
    for key in further {
        number(key)?;
    }
    Ok((html, keys))
}

#[derive(Default)]
struct Page {
    body: String,
    /// Identifier and heading of each section.
    contents: Vec<(String, String)>,
    figures: usize,
    tables: usize,
}

impl Page {
    fn open(&mut self, id: &str, heading: &str) {
        self.contents.push((id.to_owned(), heading.to_owned()));
        let _ = writeln!(self.body, "<section><h2 id=\"{id}\">{heading}</h2>");
    }

    fn close(&mut self) {
        self.body += "</section>\n";
    }

    fn summary(&mut self, report: &Report) {
        if !report.summary.is_empty() {
            self.open("summary", "Summary");
            for paragraph in &report.summary {
                let _ = writeln!(self.body, "<p>{}</p>", inline(paragraph));
            }
            self.close();
        }
        if !report.checks.is_empty() {
            self.open("checks", "What was compared to what");
            let failed = report.checks.iter().filter(|check| !check.passed).count();
            let all = report.checks.len();
            let line = match failed {
                0 => format!("<p class=\"outcome passed\">All {all} comparisons passed.</p>\n"),
                n => format!("<p class=\"outcome failed\">{n} of {all} comparisons failed.</p>\n"),
            };
            self.body += &line;
            self.table(&report.verdicts());
            self.close();
        }
    }

    fn section(&mut self, section: &Section) -> Result<(), ReportError> {
        let id = format!("section-{}", self.contents.len() + 1);
        self.open(&id, &inline(&section.heading));
        for block in &section.blocks {
            match block {
                Block::Subheading(text) => {
                    let _ = writeln!(self.body, "<h3>{}</h3>", inline(text));
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(self.body, "<p>{}</p>", inline(text));
                }
                Block::List(points) => {
                    let points: String = points.iter().map(|p| format!("<li>{}</li>\n", inline(p))).collect();
                    let _ = writeln!(self.body, "<ul>\n{points}</ul>");
                }
                Block::Table(table) => self.table(table),
                Block::Figure(figure) => self.figure(figure)?,
                Block::Formula(latex) => {
                    let _ = writeln!(
                        self.body,
                        "<div class=\"formula\">{}<details><summary>LaTeX</summary><pre>{}</pre></details></div>",
                        display_mathml(latex),
                        escape(latex)
                    );
                }
                Block::Code(text) => {
                    let _ = writeln!(self.body, "<pre>{}</pre>", escape(text));
                }
            }
        }
        self.close();
        Ok(())
    }

    fn table(&mut self, table: &Table) {
        let mut table = table.clone();
        if !table.caption.is_empty() {
            self.tables += 1;
            table.caption = format!("**Table {}.** {}", self.tables, table.caption);
        }
        let _ = writeln!(self.body, "<div class=\"table\">{}</div>", table.to_html());
    }

    fn figure(&mut self, figure: &Figure) -> Result<(), ReportError> {
        self.figures += 1;
        let name = escape(&figure.name);
        // The specification stands in a script element, which ends at the first `</`.
        let specification = figure.to_plotly()?.replace('<', "\\u003c");
        let width = figure.paper_width();
        let _ = writeln!(
            self.body,
            "<figure id=\"figure-{name}\" style=\"--width:{width:.0}mm\">\n<div class=\"static\">{}</div>\n\
             <div class=\"interactive\" hidden></div>\n\
             <script type=\"application/json\" data-name=\"{name}\">{specification}</script>\n\
             <figcaption><b>Figure {}.</b> {} <span class=\"files\"><a href=\"figures/{name}.svg\">SVG</a> \
             <a href=\"figures/{name}.png\">PNG</a></span></figcaption>\n</figure>",
            figure.to_inline_svg()?,
            self.figures,
            inline(&figure.caption),
        );
        Ok(())
    }

    fn provenance(&mut self, record: &Provenance) {
        self.open("provenance", "Provenance");
        let code = |text: &str| Cell::Text(format!("`{}`", text.replace('`', "'")));
        let mut table = Table::new(["", ""]);
        table
            .push([Cell::text("program"), Cell::Text(crate::plain(&format!("{} {}", record.program, record.version)))]);
        if !record.command.is_empty() {
            table.push([Cell::text("command"), code(&record.command.join(" "))]);
        }
        table.push([Cell::text("started"), Cell::Text(record.started.clone())]);
        if let Some(seed) = record.seed {
            table.push([Cell::text("seed"), Cell::Text(seed.to_string())]);
        }
        table.push([Cell::text("threads"), Cell::Text(record.threads.to_string())]);
        let platform = &record.platform;
        let machine = format!("{}, {}, {}", platform.system, platform.architecture, platform.instructions);
        table.push([Cell::text("platform"), Cell::Text(machine)]);
        for (name, hash) in &record.models {
            table.push([Cell::Text(format!("model {}", crate::plain(name))), code(hash)]);
        }
        self.table(&table);
        if !record.timings.is_empty() {
            let mut timings = Table::new(["stage", "wall time (s)"]);
            for timing in &record.timings {
                timings.push([Cell::Text(crate::plain(&timing.stage)), Cell::Text(significant(timing.seconds, 3))]);
            }
            self.table(&timings);
        }
        let settings = record.settings_json();
        if !settings.is_empty() {
            let _ =
                writeln!(self.body, "<details><summary>Settings</summary><pre>{}</pre></details>", escape(&settings));
        }
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Check;
    use super::*;
    use crate::figure::series::Line;
    use crate::figure::{Figure, Panel};

    fn bibliography() -> Bibliography {
        Bibliography::parse("@misc{a, author={A B}, title={T}, year=1}\n@misc{b, title={U}, year=2}")
            .expect("well formed")
    }

    fn figure(name: &str) -> Figure {
        Figure::new(name).caption("</script> $x$").panel(Panel::new().title("</script><b>").with(Line::new(
            "l</script>",
            [0.0, 1.0],
            [0.0, 1.0],
        )))
    }

    #[test]
    fn the_page_is_self_contained_and_below_three_megabytes() {
        let report = Report::new("T").section(Section::new("S").figure(figure("f")));
        let html = report.to_html(&bibliography()).expect("it renders");
        assert!(html.len() < 3_000_000, "{}", html.len());
        let page = html.replace(PLOTLY, "");
        for outside in ["<link", "src=\"http", "@import", "url(http", "url(//"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(SCRIPT.contains("showSendToCloud: false, plotlyServerURL: \"\""), "nothing offers to upload the data");
        assert!(!PLOTLY.contains("</script"), "the library stands inside a script element");
    }

    #[test]
    fn foreign_words_cannot_break_out() {
        let report = Report::new("<i>T</i>")
            .summary("<script>")
            .section(Section::new("<u>").figure(figure("f")).code("</pre><script>"));
        let html = report.to_html(&bibliography()).expect("it renders").replace(PLOTLY, "");
        assert_eq!(html.matches("<script").count(), 3, "specification, library, and our own");
        assert_eq!(html.matches("</script").count(), 3);
        for raw in ["<i>T", "<u>", "</pre><script>"] {
            assert!(!html.contains(raw), "{raw}");
        }
    }

    #[test]
    fn references_are_numbered_by_appearance_and_those_of_the_provenance_follow() {
        let mut record = Provenance::new("p", "0");
        record.cite("a");
        let report = Report::new("T").summary("x [@b] y [@b]").provenance(record);
        let html = report.to_html(&bibliography()).expect("it renders");
        assert!(html.contains("x <span class=\"cite\">[<a href=\"#reference-b\">1</a>]</span> y"));
        let place = |id: &str| html.find(&format!("<li id=\"reference-{id}\">")).expect("listed");
        assert!(place("b") < place("a"));
        let unknown = Report::new("T").summary("[@nobody]").to_html(&bibliography());
        assert!(matches!(unknown, Err(ReportError::UnknownReference { key }) if key == "nobody"));
    }

    #[test]
    fn failed_checks_are_counted() {
        let report =
            Report::new("T").check(Check::absolute("x", 1.0, 1.2, 0.1)).check(Check::at_most("y", 1.0, f64::NAN));
        assert!(!report.passed());
        let html = report.to_html(&bibliography()).expect("it renders");
        assert!(html.contains("2 of 2 comparisons failed"));
    }

    #[test]
    fn two_figures_of_one_name_are_refused() {
        let report = Report::new("T").section(Section::new("S").figure(figure("f")).figure(figure("f")));
        assert!(matches!(report.to_html(&bibliography()), Err(ReportError::DuplicateFigure { .. })));
    }
}
