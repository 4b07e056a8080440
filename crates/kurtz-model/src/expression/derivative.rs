//! Exact derivatives.

use super::{BinaryOperator as B, Expression, Function, Symbol, UnaryOperator, graph};

impl Expression {
    /// The partial derivative, simplified; all other symbols are held fixed.
    ///
    /// Where there is none the derivative is chosen so: steps (comparisons, logic, `floor`, `ceil`, `factorial`) have derivative 0;
    /// `abs` has 0 at 0; `min` and `max` have that of the first argument that attains the value; a piecewise has, piece
    /// by piece, the derivative of its values, with the conditions unchanged. u^v is differentiated as v u^(v-1) u'
    /// where v does not depend on the symbol, as u^v log(u) v' where u does not, and as the sum of both otherwise (then
    /// u must be positive).
    ///
    /// # Complexity
    /// In proportion to the stored nodes.
    pub fn derivative(&self, with_respect_to: Symbol) -> Expression {
        let derivative = graph::fold(self, |node, children: &mut [Option<Expression>]| {
            differentiate(node, children, with_respect_to)
        });
        derivative.map_or(Expression::Number(0.0), |d| d.simplify())
    }
}

/// The derivative of a node given those of its children; `None` stands for 0.
fn differentiate(node: &Expression, d: &[Option<Expression>], symbol: Symbol) -> Option<Expression> {
    match node {
        Expression::Number(_) => None,
        Expression::Symbol(s) => (*s == symbol).then_some(Expression::Number(1.0)),
        Expression::Unary(UnaryOperator::Negate, _) => d[0].as_ref().map(|da| -da),
        Expression::Unary(UnaryOperator::Not, _) => None,
        Expression::Binary(operator, a, b) => binary(*operator, a, b, d[0].as_ref(), d[1].as_ref()),
        Expression::Call(function @ (Function::Min | Function::Max), arguments) => {
            extremum(*function, node, arguments, d)
        }
        Expression::Call(function, arguments) => {
            let (Some(a), Some(Some(da))) = (arguments.first(), d.first()) else {
                return None;
            };
            outer(*function, node, a, da)
        }
        Expression::Piecewise(pieces, _) => {
            let (values, otherwise) = d.as_chunks::<2>();
            if values.iter().all(|[value, _]| value.is_none()) && otherwise[0].is_none() {
                return None;
            }
            let or_zero = |d: &Option<Expression>| d.clone().unwrap_or(Expression::Number(0.0));
            let pieces = pieces.iter().zip(values).map(|((_, condition), [da, _])| (or_zero(da), condition.clone()));
            Some(Expression::piecewise(pieces, or_zero(&otherwise[0])))
        }
    }
}

fn sum(a: Option<Expression>, b: Option<Expression>) -> Option<Expression> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

fn binary(
    operator: B,
    a: &Expression,
    b: &Expression,
    da: Option<&Expression>,
    db: Option<&Expression>,
) -> Option<Expression> {
    match operator {
        B::Add => sum(da.cloned(), db.cloned()),
        B::Subtract => sum(da.cloned(), db.map(|db| -db)),
        B::Multiply => sum(da.map(|da| da * b), db.map(|db| a * db)),
        B::Divide => sum(da.map(|da| da / b), db.map(|db| -(a * db) / b.powi(2))),
        B::Power => {
            let from_base = da.map(|da| {
                let lower = match b {
                    Expression::Number(b) => Expression::Number(b - 1.0),
                    b => b - 1.0,
                };
                b * a.pow(lower) * da
            });
            let from_exponent = db.map(|db| a.pow(b) * Expression::call(Function::Log, [a.clone()]) * db);
            sum(from_base, from_exponent)
        }
        _ => None,
    }
}

/// The chain rule: f'(a) da.
fn outer(function: Function, node: &Expression, a: &Expression, da: &Expression) -> Option<Expression> {
    let of_a = |f: Function| Expression::call(f, [a.clone()]);
    Some(match function {
        Function::Exp => node * da,
        Function::Log => da / a,
        Function::Log10 => da / (a * std::f64::consts::LN_10),
        Function::Sqrt => da / (2.0 * node),
        Function::Abs => Expression::piecewise(
            [(da.clone(), Expression::binary(B::Greater, a, 0.0)), (-da, Expression::binary(B::Less, a, 0.0))],
            0.0,
        ),
        Function::Sin => of_a(Function::Cos) * da,
        Function::Cos => -of_a(Function::Sin) * da,
        Function::Tan => (1.0 + node.powi(2)) * da,
        Function::Asin => da / Expression::call(Function::Sqrt, [1.0 - a.powi(2)]),
        Function::Acos => -da / Expression::call(Function::Sqrt, [1.0 - a.powi(2)]),
        Function::Atan => da / (1.0 + a.powi(2)),
        Function::Sinh => of_a(Function::Cosh) * da,
        Function::Cosh => of_a(Function::Sinh) * da,
        Function::Tanh => (1.0 - node.powi(2)) * da,
        Function::Asinh => da / Expression::call(Function::Sqrt, [1.0 + a.powi(2)]),
        // Two roots: that of a^2 - 1 would also be defined below -1, where the function is not.
        Function::Acosh => {
            da / (Expression::call(Function::Sqrt, [a - 1.0]) * Expression::call(Function::Sqrt, [a + 1.0]))
        }
        Function::Atanh => da / (1.0 - a.powi(2)),
        Function::Factorial | Function::Floor | Function::Ceil | Function::Min | Function::Max => return None,
    })
}

/// The derivative of the first argument that attains the minimum or maximum.
fn extremum(
    function: Function,
    node: &Expression,
    arguments: &[Expression],
    d: &[Option<Expression>],
) -> Option<Expression> {
    if d.iter().all(Option::is_none) {
        return None;
    }
    let attains = if function == Function::Min { B::LessEqual } else { B::GreaterEqual };
    let mut pieces: Vec<(Expression, Expression)> = arguments
        .iter()
        .zip(d)
        .map(|(a, da)| (da.clone().unwrap_or(Expression::Number(0.0)), Expression::binary(attains, a, node)))
        .collect();
    let (last, _) = pieces.pop()?;
    Some(Expression::piecewise(pieces, last))
}
