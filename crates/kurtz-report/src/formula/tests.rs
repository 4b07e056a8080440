use super::*;
use resvg::usvg::roxmltree::Document;

/// The element tree without attributes, in short: `frac(a b)`.
fn shape(latex: &str) -> String {
    fn show(node: resvg::usvg::roxmltree::Node<'_, '_>) -> String {
        if node.is_text() {
            return node.text().unwrap_or_default().to_owned();
        }
        let inner: Vec<String> = node.children().map(show).collect();
        let name = node.tag_name().name();
        match name {
            "mi" | "mn" | "mo" | "mtext" => inner.concat(),
            _ => format!("{}({})", name.trim_start_matches('m'), inner.join(" ")),
        }
    }
    let mathml = inline_mathml(latex);
    let document = Document::parse(&mathml).unwrap_or_else(|e| panic!("{latex}: {e}\n{mathml}"));
    document.root_element().children().map(show).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_moment_equation_keeps_its_structure() {
    assert_eq!(
        shape(r"\frac{\mathrm{d}\langle A\rangle}{\mathrm{d}t} = \lambda\left(r_1 - r_2\right)\langle A\rangle"),
        "row(frac(row(d ⟨ A ⟩) row(d t)) = λ row(( sub(r 1) − sub(r 2) )) ⟨ A ⟩)"
    );
}

#[test]
fn scripts_bind_to_one_element_in_either_order() {
    assert_eq!(shape("x_1^{2n}"), "subsup(x 1 row(2 n))");
    assert_eq!(shape("x^{2n}_1"), "subsup(x 1 row(2 n))");
    assert_eq!(shape("x^12"), "row(sup(x 1) 2)");
    assert_eq!(shape("k_{\\mathrm{on}} x'"), "row(sub(k on) sup(x ′))");
    assert_eq!(shape("\\sum_{i=1}^n x_i"), "row(underover(∑ row(i = 1) n) sub(x i))");
}

#[test]
fn numbers_are_numbers_and_minus_is_minus() {
    assert_eq!(shape("-1.25 x"), "row(− 1.25 x)");
    assert_eq!(shape("a = 3."), "row(a = 3 .)");
}

#[test]
fn roots_accents_text_and_binomials() {
    assert_eq!(shape("\\sqrt[3]{\\hat\\theta}"), "root(over(θ ^) 3)");
    assert_eq!(shape("\\binom{n}{\\nu}"), "row(( frac(n ν) ))");
    assert_eq!(shape("x \\text{ if } n_A > 0"), "row(x  if  sub(n A) > 0)");
    assert_eq!(shape("\\mathrm{Ca\\_cyt}"), "Ca_cyt");
}

#[test]
fn environments_become_tables() {
    assert_eq!(
        shape("\\begin{aligned} a &= b \\\\ c &= d \\\\ \\end{aligned}"),
        "table(tr(td(a) td(row(= b))) tr(td(c) td(row(= d))))"
    );
    assert_eq!(shape("a &= b \\\\ c &= d"), shape("\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}"));
    assert_eq!(shape("\\begin{cases} 1 & x \\\\ 0 & y \\end{cases}"), "row({ table(tr(td(1) td(x)) tr(td(0) td(y))) )");
}

#[test]
fn unknown_commands_are_shown_by_name() {
    assert_eq!(shape("\\foo x"), "row(\\foo x)");
}

#[test]
fn broken_formulas_still_give_well_formed_mathml() {
    for latex in [
        "",
        "{",
        "}",
        "^",
        "_",
        "x^",
        "x_",
        "\\frac",
        "\\frac{a",
        "\\left(",
        "\\right)",
        "\\begin{cases}",
        "&",
        "\\\\",
        "\\",
        "\\sqrt[3",
        "a & {b & c} \\\\",
        "\\text{",
        "<script>&\"",
        "\\mathrm{<b>}",
        "x^{^{^{}}}",
        "\\end{a}",
        "\\left",
    ] {
        shape(latex);
        assert!(!inline_mathml(latex).contains("<script"), "{latex}");
    }
    shape(&"{".repeat(10_000));
    shape(&"\\left(".repeat(10_000));
    shape(&"x^{".repeat(10_000));
    shape(&"\\sqrt".repeat(10_000));
}
