//! How moments are called, as text and in LaTeX.

use super::symbol::Form;
use crate::moment_series::MomentIndex;
use kurtz_model::expression::latex_of_name;

/// The name of a moment as text: `<A>`, raw `<A^2 B>`, central `V[A]`, `C[A,B]` and `M[A^2 B]`.
pub fn text_of_moment(index: &MomentIndex, form: Form, species: &[String]) -> String {
    let power = |name: &str, e: u8| if e == 1 { name.to_owned() } else { format!("{name}^{e}") };
    let product = |between: &str| {
        let factors = index.0.iter().zip(species).filter(|(e, _)| **e > 0);
        factors.map(|(&e, name)| power(name, e)).collect::<Vec<_>>().join(between)
    };
    match (form, index.order(), variance_of(index)) {
        (Form::Raw, ..) | (_, 0 | 1, _) => format!("<{}>", product(" ")),
        (_, 2, Some(i)) => format!("V[{}]", species[i]),
        (_, 2, None) => format!("C[{}]", product(",")),
        _ => format!("M[{}]", product(" ")),
    }
}

/// The name of a moment in LaTeX: `\langle A\rangle`, raw `\langle A^{2} B\rangle`, central `V_{A}`, `C_{AB}` and
/// `M_{A^{2} B}`.
pub fn latex_of_moment(index: &MomentIndex, form: Form, species: &[String]) -> String {
    let powers = || {
        let factors = index.0.iter().zip(species).filter(|(e, _)| **e > 0);
        factors.map(|(&e, name)| match (e, latex_of_name(name)) {
            (1, name) => name,
            // Braces keep the power of a name with a subscript apart from it.
            (e, name) if name.contains('_') => format!("{{{name}}}^{{{e}}}"),
            (e, name) => format!("{name}^{{{e}}}"),
        })
    };
    match (form, index.order(), variance_of(index)) {
        (Form::Raw, ..) | (_, 0 | 1, _) => format!("\\langle {}\\rangle", powers().collect::<Vec<_>>().join(" ")),
        (_, 2, Some(i)) => format!("V_{{{}}}", latex_of_name(&species[i])),
        (_, 2, None) => {
            let names: Vec<_> = powers().collect();
            let between = if names.iter().all(|n| n.chars().count() == 1) { "" } else { "," };
            format!("C_{{{}}}", names.join(between))
        }
        _ => format!("M_{{{}}}", powers().collect::<Vec<_>>().join(" ")),
    }
}

/// The species whose variance this is.
fn variance_of(index: &MomentIndex) -> Option<usize> {
    index.0.iter().position(|&e| e == 2)
}
