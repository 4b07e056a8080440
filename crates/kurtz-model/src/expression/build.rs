//! Building expressions: operators, functions, substitution.

use super::{BinaryOperator, Expression, Function, Symbol, UnaryOperator, graph};
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::Arc;

impl From<f64> for Expression {
    fn from(number: f64) -> Self {
        Expression::Number(number)
    }
}

impl From<Symbol> for Expression {
    fn from(symbol: Symbol) -> Self {
        Expression::Symbol(symbol)
    }
}

macro_rules! from_id {
    ($($id:ident => $symbol:ident),*) => {$(
        impl From<crate::network::$id> for Expression {
            fn from(id: crate::network::$id) -> Self {
                Expression::Symbol(Symbol::$symbol(id))
            }
        }
    )*};
}
from_id!(SpeciesId => Species, ParameterId => Parameter, CompartmentId => Compartment);

impl Expression {
    /// A number.
    pub fn number(value: f64) -> Self {
        Expression::Number(value)
    }

    /// An operator with one operand.
    pub fn unary(operator: UnaryOperator, a: impl Into<Expression>) -> Self {
        Expression::Unary(operator, Arc::new(a.into()))
    }

    /// An operator with two operands.
    pub fn binary(operator: BinaryOperator, a: impl Into<Expression>, b: impl Into<Expression>) -> Self {
        Expression::Binary(operator, Arc::new(a.into()), Arc::new(b.into()))
    }

    /// This to the power `exponent`.
    pub fn pow(&self, exponent: impl Into<Expression>) -> Self {
        Self::binary(BinaryOperator::Power, self.clone(), exponent)
    }

    /// This to a whole power.
    pub fn powi(&self, exponent: i32) -> Self {
        self.pow(f64::from(exponent))
    }

    /// A function of its arguments: one, or one or more where [`Function::takes_many`].
    pub fn call(function: Function, arguments: impl IntoIterator<Item = Expression>) -> Self {
        Expression::Call(function, arguments.into_iter().collect())
    }

    /// The value of the first of the pairs (value, condition) whose condition holds, else `otherwise`.
    pub fn piecewise(
        pieces: impl IntoIterator<Item = (Expression, Expression)>,
        otherwise: impl Into<Expression>,
    ) -> Self {
        Expression::Piecewise(pieces.into_iter().collect(), Arc::new(otherwise.into()))
    }

    /// Replaces symbols: `replacement` of one, or the symbol itself where that is `None`.
    ///
    /// Parts in which nothing is replaced stay shared with this expression.
    pub fn substitute(&self, replacement: impl Fn(Symbol) -> Option<Expression>) -> Expression {
        self.replace(|node| match node {
            Expression::Symbol(s) => replacement(*s),
            _ => None,
        })
    }

    /// Replaces parts: `replacement` of one as it stands here, or the part itself (with its own parts replaced) where
    /// that is `None`. Shared parts are asked for once.
    pub fn replace(&self, mut replacement: impl FnMut(&Expression) -> Option<Expression>) -> Expression {
        // For each node what replaces it, or `None` if it stays.
        let changed = graph::fold(self, |node, children: &mut [Option<Arc<Expression>>]| {
            if let Some(new) = replacement(node) {
                return Some(Arc::new(new));
            }
            if children.iter().all(Option::is_none) {
                return None;
            }
            let mut children = children.iter_mut().map(Option::take);
            let mut next = |old: &Arc<Expression>| children.next().flatten().unwrap_or_else(|| Arc::clone(old));
            Some(Arc::new(match node {
                Expression::Number(_) | Expression::Symbol(_) => node.clone(),
                Expression::Unary(operator, a) => Expression::Unary(*operator, next(a)),
                Expression::Binary(operator, a, b) => {
                    let a = next(a);
                    Expression::Binary(*operator, a, next(b))
                }
                Expression::Call(function, arguments) => {
                    let mut next = |old: &Expression| children.next().flatten().map_or(old.clone(), unwrap);
                    Expression::Call(*function, arguments.iter().map(&mut next).collect())
                }
                Expression::Piecewise(pieces, otherwise) => {
                    let mut next = |old: &Expression| children.next().flatten().map_or(old.clone(), unwrap);
                    let pieces = pieces.iter().map(|(value, condition)| (next(value), next(condition))).collect();
                    let otherwise = next(otherwise);
                    Expression::Piecewise(pieces, Arc::new(otherwise))
                }
            }))
        });
        changed.map_or_else(|| self.clone(), unwrap)
    }
}

/// The expression behind a pointer, without a copy of more than its top node.
pub(super) fn unwrap(node: Arc<Expression>) -> Expression {
    Arc::try_unwrap(node).unwrap_or_else(|node| (*node).clone())
}

macro_rules! operators {
    ($($trait:ident $method:ident $operator:ident),*) => {$(
        operators!(@ $trait $method $operator Expression, Expression);
        operators!(@ $trait $method $operator Expression, &Expression);
        operators!(@ $trait $method $operator &Expression, Expression);
        operators!(@ $trait $method $operator &Expression, &Expression);
        operators!(@ $trait $method $operator Expression, f64);
        operators!(@ $trait $method $operator &Expression, f64);
        operators!(@ $trait $method $operator f64, Expression);
        operators!(@ $trait $method $operator f64, &Expression);
    )*};
    (@ $trait:ident $method:ident $operator:ident $left:ty, $right:ty) => {
        impl $trait<$right> for $left {
            type Output = Expression;
            fn $method(self, other: $right) -> Expression {
                Expression::binary(BinaryOperator::$operator, self, other)
            }
        }
    };
}
operators!(Add add Add, Sub sub Subtract, Mul mul Multiply, Div div Divide);

impl From<&Expression> for Expression {
    fn from(expression: &Expression) -> Self {
        expression.clone()
    }
}

impl Neg for Expression {
    type Output = Expression;
    fn neg(self) -> Expression {
        Expression::unary(UnaryOperator::Negate, self)
    }
}

impl Neg for &Expression {
    type Output = Expression;
    fn neg(self) -> Expression {
        -self.clone()
    }
}
