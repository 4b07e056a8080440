//! From the store back to expressions, written as one would write them.

use super::super::{BinaryOperator as B, Expression, UnaryOperator, build};
use super::Store;
use super::coefficient::Coefficient;
use super::node::{Id, Node};
use std::sync::Arc;

impl Store {
    /// The expression of a stored node, with all sharing that the store has found.
    pub(super) fn expression(&self, root: Id) -> Expression {
        let mut needed = vec![false; root + 1];
        needed[root] = true;
        for id in (0..=root).rev() {
            if needed[id] {
                self.for_each_child(id, |child| needed[child] = true);
            }
        }
        let mut built: Vec<Option<Arc<Expression>>> = vec![None; root + 1];
        for id in (0..=root).filter(|&id| needed[id]) {
            let get = |id: Id| built[id].clone().expect("children come before their parents");
            built[id] = Some(Arc::new(self.build(&self.nodes[id], &get)));
        }
        built[root].take().map(build::unwrap).expect("the root is needed")
    }

    fn for_each_child(&self, id: Id, mut see: impl FnMut(Id)) {
        match &self.nodes[id] {
            Node::Number(_) | Node::Symbol(_) => {}
            Node::Sum(terms) => terms.iter().for_each(|&(_, id)| see(id)),
            Node::Product(_, factors) => factors.iter().for_each(|&(id, _)| see(id)),
            Node::Not(a) => see(*a),
            Node::Binary(_, a, b) => [*a, *b].into_iter().for_each(see),
            Node::Call(_, arguments) => arguments.iter().copied().for_each(see),
            Node::Piecewise(pieces, otherwise) => {
                pieces.iter().for_each(|&(value, condition)| [value, condition].into_iter().for_each(&mut see));
                see(*otherwise);
            }
        }
    }

    fn build(&self, node: &Node, get: &impl Fn(Id) -> Arc<Expression>) -> Expression {
        let value = |id: Id| (*get(id)).clone();
        match node {
            Node::Number(x) => Expression::Number(*x),
            Node::Symbol(s) => Expression::Symbol(*s),
            Node::Sum(terms) => {
                let mut sum: Option<Expression> = None;
                for &(coefficient, id) in terms {
                    sum = Some(match sum {
                        None => self.term(coefficient, id, get),
                        Some(sum) if coefficient.numerator < 0.0 => sum - self.term(coefficient.negated(), id, get),
                        Some(sum) => sum + self.term(coefficient, id, get),
                    });
                }
                sum.unwrap_or(Expression::Number(0.0))
            }
            Node::Product(coefficient, factors) => self.fraction(*coefficient, factors, get),
            Node::Not(a) => Expression::Unary(UnaryOperator::Not, get(*a)),
            Node::Binary(operator, a, b) => Expression::Binary(*operator, get(*a), get(*b)),
            Node::Call(function, arguments) => Expression::call(*function, arguments.iter().map(|&a| value(a))),
            Node::Piecewise(pieces, otherwise) => {
                let pieces = pieces.iter().map(|&(v, condition)| (value(v), value(condition))).collect();
                Expression::Piecewise(pieces, get(*otherwise))
            }
        }
    }

    /// coefficient * node, as part of a sum.
    fn term(&self, coefficient: Coefficient, id: Id, get: &impl Fn(Id) -> Arc<Expression>) -> Expression {
        match &self.nodes[id] {
            Node::Number(x) => Expression::Number(coefficient.value() * x),
            Node::Product(inner, factors) if inner.is_one() => self.fraction(coefficient, factors, get),
            _ if coefficient.is_one() => (*get(id)).clone(),
            _ => self.fraction(coefficient, &[(id, 1.0)], get),
        }
    }

    /// The product of powers, written as one fraction.
    fn fraction(
        &self,
        coefficient: Coefficient,
        factors: &[(Id, f64)],
        get: &impl Fn(Id) -> Arc<Expression>,
    ) -> Expression {
        let raised = |id: Id, e: f64| {
            if e == 1.0 { get(id) } else { Arc::new(Expression::Binary(B::Power, get(id), Arc::new(e.into()))) }
        };
        let times = |product: Option<Arc<Expression>>, factor: Arc<Expression>| {
            Some(match product {
                None => factor,
                Some(product) => Arc::new(Expression::Binary(B::Multiply, product, factor)),
            })
        };
        let negative = coefficient.numerator < 0.0;
        let size = coefficient.numerator.abs();
        let first = factors.iter().find(|&&(_, e)| e > 0.0);
        // A minus sign goes to the number if there is one, else to the first factor, else before the whole product.
        let before_first =
            negative && size == 1.0 && first.is_some_and(|&(id, _)| !matches!(self.nodes[id], Node::Sum(_)));
        let before_all = negative && size == 1.0 && first.is_some() && !before_first;
        let mut numerator = None;
        if size != 1.0 || first.is_none() {
            numerator = Some(Arc::new(Expression::Number(coefficient.numerator)));
        }
        for &(id, e) in factors.iter().filter(|&&(_, e)| e > 0.0) {
            let mut factor = raised(id, e);
            if numerator.is_none() && before_first {
                factor = Arc::new(Expression::Unary(UnaryOperator::Negate, factor));
            }
            numerator = times(numerator, factor);
        }
        let mut denominator = None;
        if coefficient.denominator != 1.0 {
            denominator = Some(Arc::new(Expression::Number(coefficient.denominator)));
        }
        for &(id, e) in factors.iter().filter(|&&(_, e)| e < 0.0) {
            denominator = times(denominator, raised(id, -e));
        }
        let numerator = numerator.unwrap_or_else(|| Arc::new(Expression::Number(1.0)));
        let fraction = match denominator {
            None => build::unwrap(numerator),
            Some(denominator) => Expression::Binary(B::Divide, numerator, denominator),
        };
        if before_all { -fraction } else { fraction }
    }
}
