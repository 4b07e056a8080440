//! Closures: what to put in the place of moments of higher order than the equations follow. One closure, one file.

mod cumulant_neglect;
mod cumulants;
mod derivative_matching;
mod gaussian;
mod log_normal;
mod zero_central;

pub use cumulant_neglect::CumulantNeglect;
pub use derivative_matching::DerivativeMatching;
pub use gaussian::Gaussian;
pub use log_normal::LogNormal;
pub use zero_central::ZeroCentral;

use super::conversion::{central_in_raw, raw_in_central};
use super::symbol::{Form, MomentPolynomial, MomentSymbol};
use crate::moment_series::MomentIndex;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// A rule that gives each moment of higher order from those of lower order.
pub trait Closure: Debug + Send + Sync {
    /// Its name, as in `--closure gaussian`.
    fn name(&self) -> &'static str;

    /// The form in which the rule is stated.
    fn form(&self) -> Form;

    /// A moment of an order above `order`, in [`Closure::form`], as a Laurent polynomial in means and moments of that
    /// form of orders up to `order`, with numbers as coefficients.
    fn close(&self, moment: &MomentIndex, order: u32) -> MomentPolynomial;
}

/// The closures there are, for a given name.
pub fn named(name: &str) -> Option<Box<dyn Closure>> {
    all().into_iter().find(|c| c.name() == name)
}

/// All closures.
pub fn all() -> Vec<Box<dyn Closure>> {
    vec![
        Box::new(Gaussian),
        Box::new(CumulantNeglect),
        Box::new(ZeroCentral),
        Box::new(LogNormal),
        Box::new(DerivativeMatching),
    ]
}

/// A symbol and what stands in its place, in terms of the state and of earlier definitions.
pub(crate) type Definition = (MomentSymbol, MomentPolynomial);

/// Definitions of `needed` (moments above `order`, in `form`) in terms of the moments up to `order` in `form`.
///
/// A closure stated in the other form brings the conversions it needs.
pub(crate) fn definitions(
    closure: &dyn Closure,
    needed: impl IntoIterator<Item = MomentSymbol>,
    order: u32,
    form: Form,
) -> Vec<Definition> {
    let mut list = Vec::new();
    let mut known = BTreeSet::new();
    for symbol in needed {
        define(closure, symbol, order, form, &mut known, &mut list);
    }
    list
}

fn define(
    closure: &dyn Closure,
    symbol: MomentSymbol,
    order: u32,
    form: Form,
    known: &mut BTreeSet<MomentSymbol>,
    list: &mut Vec<Definition>,
) {
    let Some(index) = symbol.index().cloned() else {
        return;
    };
    let symbol_form = if matches!(symbol, MomentSymbol::Central(_)) { Form::Central } else { Form::Raw };
    let is_state = index.order() == 1 || (index.order() <= order && symbol_form == form);
    if is_state || !known.insert(symbol.clone()) {
        return;
    }
    let rule = if index.order() > order && symbol_form == closure.form() {
        closure.close(&index, order)
    } else if symbol_form == Form::Central {
        central_in_raw(&index)
    } else {
        raw_in_central(&index)
    };
    for part in rule.symbols() {
        define(closure, part.clone(), order, form, known, list);
    }
    list.push((symbol, rule));
}
