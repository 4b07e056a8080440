//! Propensities that are products of amounts less whole numbers, the kind that costs least.

use kurtz_model::expression::{BinaryOperator, Expression};
use kurtz_model::{System, Variable};

/// constant times the product of (input - offset).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Product {
    pub constant: f64,
    pub factors: Vec<(usize, f64)>,
}

/// Deeper laws are no products that somebody wrote.
const DEEPEST: usize = 40;
/// Nor are those of more parts, parts that are shared counted each time.
const MOST_PARTS: usize = 500;

impl Product {
    /// The product that a resolved expression is as it is written, if it is one.
    pub fn of(system: &System, expression: &Expression) -> Option<Product> {
        of(system, expression, DEEPEST, &mut { MOST_PARTS })
    }

    #[inline]
    pub fn value(&self, inputs: &[f64]) -> f64 {
        self.factors.iter().fold(self.constant, |a, &(i, offset)| a * (inputs[i] - offset))
    }

    fn times(mut self, other: Product) -> Product {
        self.constant *= other.constant;
        self.factors.extend(other.factors);
        self
    }
}

fn of(system: &System, expression: &Expression, deepest: usize, parts: &mut usize) -> Option<Product> {
    let deepest = deepest.checked_sub(1)?;
    *parts = parts.checked_sub(1)?;
    let mut part = |e: &Expression| of(system, e, deepest, parts);
    let number = |e: &Expression| e.is_constant().then(|| e.evaluate(&|_| f64::NAN));
    match expression {
        Expression::Number(constant) => Some(Product { constant: *constant, factors: Vec::new() }),
        Expression::Symbol(symbol) => {
            let position = system.position(Variable::of(*symbol)?)?;
            Some(Product { constant: 1.0, factors: vec![(position, 0.0)] })
        }
        Expression::Binary(BinaryOperator::Multiply, a, b) => Some(part(a)?.times(part(b)?)),
        Expression::Binary(BinaryOperator::Divide, a, b) => {
            let (mut a, b) = (part(a)?, number(b)?);
            a.constant /= b;
            Some(a)
        }
        Expression::Binary(BinaryOperator::Power, a, b) => {
            let (a, power) = (part(a)?, number(b)?);
            let is_small = (1.0..=6.0).contains(&power) && power.fract() == 0.0;
            is_small.then(|| (1..power as u32).fold(a.clone(), |product, _| product.times(a.clone())))
        }
        Expression::Binary(BinaryOperator::Subtract, a, b) => {
            let (mut a, b) = (part(a)?, number(b)?);
            let is_bare = a.constant == 1.0 && a.factors.len() == 1;
            a.factors.iter_mut().for_each(|(_, offset)| *offset += b);
            is_bare.then_some(a)
        }
        _ if expression.is_constant() => {
            Some(Product { constant: expression.evaluate(&|_| f64::NAN), factors: Vec::new() })
        }
        _ => None,
    }
}
