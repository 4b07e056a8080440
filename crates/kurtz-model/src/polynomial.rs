//! Sparse multivariate Laurent polynomials with exact rational coefficients.
//!
//! The moment hierarchy, mass-action kinetics and their derivatives are sums of products of species, parameters,
//! compartment sizes and moments; here such a sum is kept exactly, in normal form, so that two formulas are equal
//! if and only if their polynomials are.

mod division;

use crate::expression::{BinaryOperator, Expression, Symbol, UnaryOperator, graph};
use crate::rational::Rational;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// A product of powers of symbols; exponents are not 0 and may be negative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monomial<S>(Vec<(S, i32)>);

impl<S: Ord + Clone> Monomial<S> {
    /// The empty product.
    pub fn one() -> Self {
        Monomial(Vec::new())
    }

    /// The product of `factors`, in any order; equal symbols are joined.
    pub fn new(factors: impl IntoIterator<Item = (S, i32)>) -> Self {
        let mut sorted = BTreeMap::new();
        for (symbol, exponent) in factors {
            *sorted.entry(symbol).or_insert(0) += exponent;
        }
        Monomial(sorted.into_iter().filter(|&(_, e)| e != 0).collect())
    }

    /// Symbols and their exponents, in the order of the symbols.
    pub fn factors(&self) -> &[(S, i32)] {
        &self.0
    }

    /// Sum of the exponents.
    pub fn degree(&self) -> i32 {
        self.0.iter().map(|&(_, e)| e).sum()
    }

    /// The exponent of a symbol; 0 if it does not occur.
    pub fn exponent(&self, symbol: &S) -> i32 {
        self.0.binary_search_by(|(s, _)| s.cmp(symbol)).map_or(0, |i| self.0[i].1)
    }

    /// The product of two monomials.
    pub fn times(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut product = Vec::with_capacity(self.0.len() + other.0.len());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => a.0.cmp(&b.0),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return Monomial(product),
            };
            match order {
                std::cmp::Ordering::Less => product.extend(left.next().cloned()),
                std::cmp::Ordering::Greater => product.extend(right.next().cloned()),
                std::cmp::Ordering::Equal => {
                    if let (Some((symbol, a)), Some((_, b))) = (left.next(), right.next())
                        && a + b != 0
                    {
                        product.push((symbol.clone(), a + b));
                    }
                }
            }
        }
    }

    /// The monomial to a whole power.
    pub fn power(&self, exponent: i32) -> Self {
        if exponent == 0 {
            return Self::one();
        }
        Monomial(self.0.iter().map(|(s, e)| (s.clone(), e * exponent)).collect())
    }
}

/// A sum of monomials with rational coefficients, exact and in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polynomial<S> {
    terms: BTreeMap<Monomial<S>, Rational>,
}

/// A part of an expression that a caller of [`Polynomial::from_expression`] names, or refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Atom<'a> {
    /// A symbol of the expression.
    Symbol(Symbol),
    /// A sub-expression that is no polynomial. If it is free of the caller's variables it can be a constant.
    Opaque(&'a Expression),
}

/// How far the reading of a sub-expression has come.
#[derive(Clone, Default)]
enum Reading<S> {
    /// It is this polynomial.
    Polynomial(Polynomial<S>),
    /// It is to be named as a whole, unless it is part of something larger that is.
    #[default]
    Later,
    /// The caller refused a part.
    Refused,
}

impl<S: Ord + Clone> Reading<S> {
    fn resolve(self, expression: &Expression, name: &mut impl FnMut(Atom<'_>) -> Option<S>) -> Option<Polynomial<S>> {
        match (self, expression) {
            (Reading::Polynomial(polynomial), _) => Some(polynomial),
            (Reading::Later, Expression::Symbol(s)) => name(Atom::Symbol(*s)).map(Polynomial::symbol),
            (Reading::Later, e) => name(Atom::Opaque(e)).map(Polynomial::symbol),
            (Reading::Refused, _) => None,
        }
    }
}

impl<S> From<Polynomial<S>> for Reading<S> {
    fn from(polynomial: Polynomial<S>) -> Self {
        Reading::Polynomial(polynomial)
    }
}

impl<S> From<Option<Polynomial<S>>> for Reading<S> {
    fn from(polynomial: Option<Polynomial<S>>) -> Self {
        polynomial.map_or(Reading::Refused, Reading::Polynomial)
    }
}

impl<S: Ord + Clone> Default for Polynomial<S> {
    fn default() -> Self {
        Self::zero()
    }
}

impl<S: Ord + Clone> Polynomial<S> {
    /// 0.
    pub fn zero() -> Self {
        Polynomial { terms: BTreeMap::new() }
    }

    /// 1.
    pub fn one() -> Self {
        Self::constant(Rational::one())
    }

    /// A number.
    pub fn constant(value: Rational) -> Self {
        Self::term(Monomial::one(), value)
    }

    /// A whole number.
    pub fn integer(value: i64) -> Self {
        Self::constant(value.into())
    }

    /// A symbol.
    pub fn symbol(symbol: S) -> Self {
        Self::term(Monomial(vec![(symbol, 1)]), Rational::one())
    }

    /// A monomial with its coefficient.
    pub fn term(monomial: Monomial<S>, coefficient: Rational) -> Self {
        let mut polynomial = Self::zero();
        polynomial.add_term(monomial, &coefficient);
        polynomial
    }

    /// Adds `coefficient` times `monomial`.
    pub fn add_term(&mut self, monomial: Monomial<S>, coefficient: &Rational) {
        use std::collections::btree_map::Entry;
        if coefficient.is_zero() {
            return;
        }
        match self.terms.entry(monomial) {
            Entry::Vacant(entry) => {
                entry.insert(coefficient.clone());
            }
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += coefficient;
                if entry.get().is_zero() {
                    entry.remove();
                }
            }
        }
    }

    /// Monomials and their coefficients, none of them 0.
    pub fn terms(&self) -> impl ExactSizeIterator<Item = (&Monomial<S>, &Rational)> {
        self.terms.iter()
    }

    /// The coefficient of a monomial; 0 if it does not occur.
    pub fn coefficient(&self, monomial: &Monomial<S>) -> Rational {
        self.terms.get(monomial).cloned().unwrap_or_else(Rational::zero)
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// The number it is, if no symbol occurs.
    pub fn as_constant(&self) -> Option<Rational> {
        match self.terms.len() {
            0 => Some(Rational::zero()),
            1 => self.terms.get(&Monomial::one()).cloned(),
            _ => None,
        }
    }

    /// The symbols that occur.
    pub fn symbols(&self) -> BTreeSet<&S> {
        self.terms.keys().flat_map(|m| m.0.iter().map(|(s, _)| s)).collect()
    }

    /// The largest sum of the exponents of the symbols that satisfy `counts`, over all terms; 0 of the zero polynomial.
    pub fn degree_in(&self, counts: impl Fn(&S) -> bool) -> i32 {
        let degree = |m: &Monomial<S>| m.0.iter().filter(|(s, _)| counts(s)).map(|&(_, e)| e).sum();
        self.terms.keys().map(degree).max().unwrap_or(0)
    }

    /// The polynomial times a number.
    pub fn scaled(&self, factor: &Rational) -> Self {
        if factor.is_zero() {
            return Self::zero();
        }
        Polynomial { terms: self.terms.iter().map(|(m, c)| (m.clone(), c * factor)).collect() }
    }

    /// The polynomial times a monomial.
    pub fn times_monomial(&self, monomial: &Monomial<S>) -> Self {
        Polynomial { terms: self.terms.iter().map(|(m, c)| (m.times(monomial), c.clone())).collect() }
    }

    /// Adds `factor` times `other`.
    pub fn add_scaled(&mut self, other: &Self, factor: &Rational) {
        for (monomial, coefficient) in &other.terms {
            self.add_term(monomial.clone(), &(coefficient * factor));
        }
    }

    /// The polynomial to a whole power; a negative one only of a single term, else `None`.
    pub fn power(&self, exponent: i32) -> Option<Self> {
        if self.terms.len() == 1 {
            let (monomial, coefficient) = self.terms.iter().next()?;
            return Some(Self::term(monomial.power(exponent), coefficient.power(exponent)?));
        }
        if exponent < 0 {
            return None;
        }
        let (mut result, mut square, mut left) = (Self::one(), self.clone(), exponent);
        while left > 0 {
            if left & 1 == 1 {
                result = &result * &square;
            }
            left >>= 1;
            if left > 0 {
                square = &square * &square;
            }
        }
        Some(result)
    }

    /// Puts `replacement(s)` in the place of each symbol s.
    ///
    /// `None` if a symbol with a negative exponent would be replaced by 0 or by more than one term.
    pub fn substitute<T: Ord + Clone>(&self, replacement: impl Fn(&S) -> Polynomial<T>) -> Option<Polynomial<T>> {
        let mut sum = Polynomial::zero();
        for (monomial, coefficient) in &self.terms {
            let mut product = Polynomial::constant(coefficient.clone());
            for (symbol, exponent) in &monomial.0 {
                product = &product * &replacement(symbol).power(*exponent)?;
            }
            sum += &product;
        }
        Some(sum)
    }

    /// Puts `symbol + by` in the place of a symbol, as in p(n + u). `None` if the symbol has a negative exponent.
    pub fn shifted(&self, symbol: &S, by: &Rational) -> Option<Self> {
        self.substitute(|s| {
            let mut replacement = Self::symbol(s.clone());
            if s == symbol {
                replacement.add_term(Monomial::one(), by);
            }
            replacement
        })
    }

    /// Renames the symbols; two may become one.
    pub fn renamed<T: Ord + Clone>(&self, name: impl Fn(&S) -> T) -> Polynomial<T> {
        let mut renamed = Polynomial::zero();
        for (monomial, coefficient) in &self.terms {
            renamed.add_term(Monomial::new(monomial.0.iter().map(|(s, e)| (name(s), *e))), coefficient);
        }
        renamed
    }

    /// The partial derivative by a symbol.
    pub fn derivative(&self, symbol: &S) -> Self {
        let mut sum = Self::zero();
        let less_one = Monomial(vec![(symbol.clone(), -1)]);
        for (monomial, coefficient) in &self.terms {
            let exponent = monomial.exponent(symbol);
            if exponent != 0 {
                sum.add_term(monomial.times(&less_one), &(coefficient * &Rational::from(i64::from(exponent))));
            }
        }
        sum
    }

    /// The value, given the value of each symbol.
    pub fn evaluate(&self, value_of: impl Fn(&S) -> f64) -> f64 {
        let value = |m: &Monomial<S>| m.0.iter().map(|(s, e)| value_of(s).powi(*e)).product::<f64>();
        self.terms.iter().map(|(m, c)| c.to_f64() * value(m)).sum()
    }

    /// Writes the polynomial as a sum over products of the symbols that satisfy `outside`, each with its coefficient,
    /// a polynomial in the other symbols. Ordered by degree, then by symbol.
    pub fn collected(&self, outside: impl Fn(&S) -> bool) -> Vec<(Monomial<S>, Polynomial<S>)> {
        let mut groups: BTreeMap<Monomial<S>, Polynomial<S>> = BTreeMap::new();
        for (monomial, coefficient) in &self.terms {
            let (out, inside): (Vec<_>, Vec<_>) = monomial.0.iter().cloned().partition(|(s, _)| outside(s));
            groups.entry(Monomial(out)).or_default().add_term(Monomial(inside), coefficient);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by(|(a, _), (b, _)| reading_order(a, b));
        groups
    }

    /// Reads an expression as a polynomial, with each number taken as the decimal that was written.
    ///
    /// `name` turns an [`Atom`] into a symbol of the polynomial, or refuses it by `None`: each symbol of the expression,
    /// and each largest sub-expression that is no polynomial, such as exp(E) in k exp(E), or 1 + K in v / (1 + K).
    /// The result is `None` if anything was refused, or if writing the expression out takes more than [`MOST_WORK`]
    /// products of terms: a page of text can stand for a polynomial that no memory holds.
    pub fn from_expression(expression: &Expression, name: &mut impl FnMut(Atom<'_>) -> Option<S>) -> Option<Self> {
        Self::from_expression_within(expression, name, &mut { MOST_WORK })
    }

    /// As [`Self::from_expression`], where the work of this and others must stay within what `work` says; what was
    /// needed is taken off it.
    pub fn from_expression_within(
        expression: &Expression,
        name: &mut impl FnMut(Atom<'_>) -> Option<S>,
        work: &mut usize,
    ) -> Option<Self> {
        let read = graph::fold(expression, |node, children| Self::read_node(node, children, name, work));
        read.resolve(expression, name)
    }

    /// How many terms it has, those with long coefficients counted by their length.
    fn weight(&self) -> usize {
        self.terms.values().map(Rational::words).sum()
    }

    /// What bringing a product of its coefficients with others to lowest terms takes, beside [`Self::weight`]: it is
    /// quadratic in their length.
    fn length_squared(&self) -> usize {
        let longest = self.terms.values().map(Rational::words).max().unwrap_or(0);
        longest.saturating_mul(longest) / 16
    }

    /// Whether exponents grow beyond all sense when it is raised to a power.
    fn degrees_overflow(&self, power: i64) -> bool {
        let largest = self.terms.keys().flat_map(|m| m.0.iter().map(|(_, e)| e.unsigned_abs())).max().unwrap_or(0);
        u64::from(largest).saturating_mul(power.unsigned_abs()) > MOST_DEGREE
    }

    /// Reads a node whose children have been read.
    fn read_node(
        node: &Expression,
        children: &mut [Reading<S>],
        name: &mut impl FnMut(Atom<'_>) -> Option<S>,
        work: &mut usize,
    ) -> Reading<S> {
        let mut spend = |steps: usize| {
            let left = work.checked_sub(steps);
            *work = left.unwrap_or(0);
            left.is_some()
        };
        let mut child = |i: usize, expression: &Expression| std::mem::take(&mut children[i]).resolve(expression, name);
        match node {
            Expression::Number(x) => Rational::from_decimal(*x).map_or(Reading::Refused, |x| Self::constant(x).into()),
            Expression::Unary(UnaryOperator::Negate, a) => child(0, a).map(|a| -a).into(),
            Expression::Binary(operator, a, b) => {
                let arithmetic = matches!(
                    operator,
                    BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply | BinaryOperator::Divide
                );
                if arithmetic {
                    let (Some(mut left), Some(right)) = (child(0, a), child(1, b)) else { return Reading::Refused };
                    return match operator {
                        BinaryOperator::Add | BinaryOperator::Subtract => {
                            if !spend(left.weight().min(MAX_TERMS) / 16 + right.weight() + right.length_squared()) {
                                return Reading::Refused;
                            }
                            // In place, so that a sum of many terms takes no quadratic time.
                            let sign = if *operator == BinaryOperator::Add { 1 } else { -1 };
                            left.add_scaled(&right, &Rational::from(sign));
                            left.into()
                        }
                        BinaryOperator::Multiply | BinaryOperator::Divide
                            if left.degrees_overflow(1) || right.degrees_overflow(1) =>
                        {
                            Reading::Refused
                        }
                        BinaryOperator::Multiply if left.weight() * right.weight() > MAX_TERMS => Reading::Later,
                        // A sum that is divided by becomes one symbol.
                        BinaryOperator::Divide if right.terms.len() > 1 && !spend(left.weight()) => Reading::Refused,
                        BinaryOperator::Multiply | BinaryOperator::Divide
                            if (*operator == BinaryOperator::Multiply || right.terms.len() <= 1)
                                && !spend(
                                    left.weight() * right.weight() + left.length_squared() + right.length_squared(),
                                ) =>
                        {
                            Reading::Refused
                        }
                        BinaryOperator::Multiply => (&left * &right).into(),
                        _ => match right.power(-1).or_else(|| Self::symbol(name(Atom::Opaque(b))?).power(-1)) {
                            Some(inverse) => (&left * &inverse).into(),
                            None => Reading::Refused,
                        },
                    };
                }
                let exponent = match (operator, &children[1]) {
                    (BinaryOperator::Power, Reading::Polynomial(b)) => b.as_constant().and_then(|b| b.to_i64()),
                    _ => None,
                };
                let Some(exponent) = exponent.filter(|e| e.abs() <= MAX_POWER) else { return Reading::Later };
                let Some(base) = std::mem::take(&mut children[0]).resolve(a, name) else { return Reading::Refused };
                if base.terms.len() > 1 && binomial_above(base.terms.len(), exponent, MAX_TERMS) {
                    return Reading::Later;
                }
                let steps = if base.terms.len() > 1 {
                    base.weight().saturating_pow(2) * exponent.unsigned_abs() as usize
                } else {
                    1
                };
                if base.degrees_overflow(exponent) || !spend(steps) {
                    return Reading::Refused;
                }
                base.power(i32::try_from(exponent).expect("at most MAX_POWER")).map_or(Reading::Later, Into::into)
            }
            _ => Reading::Later,
        }
    }

    /// The polynomial as an expression, given one for each symbol.
    pub fn to_expression(&self, symbol: &impl Fn(&S) -> Expression) -> Expression {
        use std::sync::Arc;
        let binary = |op, a: Expression, b: Expression| Expression::Binary(op, Arc::new(a), Arc::new(b));
        let mut sum: Option<Expression> = None;
        for (monomial, coefficient) in self.in_reading_order() {
            let negative = coefficient.is_negative() && sum.is_some();
            let number = if negative { coefficient.abs() } else { coefficient.clone() };
            let mut product = (!number.is_one()).then(|| Expression::Number(number.to_f64()));
            let mut divisor: Option<Expression> = None;
            for (s, e) in &monomial.0 {
                let side = if *e > 0 { &mut product } else { &mut divisor };
                let power = match e.unsigned_abs() {
                    1 => symbol(s),
                    e => binary(BinaryOperator::Power, symbol(s), Expression::Number(f64::from(e))),
                };
                *side = Some(match side.take() {
                    Some(left) => binary(BinaryOperator::Multiply, left, power),
                    None => power,
                });
            }
            let mut term = product.unwrap_or(Expression::Number(1.0));
            if let Some(divisor) = divisor {
                term = binary(BinaryOperator::Divide, term, divisor);
            }
            sum = Some(match sum {
                None => term,
                Some(left) if negative => binary(BinaryOperator::Subtract, left, term),
                Some(left) => binary(BinaryOperator::Add, left, term),
            });
        }
        sum.unwrap_or(Expression::Number(0.0))
    }

    /// Terms by degree, then by symbol, a positive one first if there is one.
    fn in_reading_order(&self) -> Vec<(&Monomial<S>, &Rational)> {
        let mut terms: Vec<_> = self.terms.iter().collect();
        terms.sort_by(|(a, _), (b, _)| reading_order(a, b));
        if let Some(first) = terms.iter().position(|(_, c)| !c.is_negative()) {
            terms[..=first].rotate_right(1);
        }
        terms
    }

    /// A monomial and a positive number that divide every term, and what remains.
    pub fn factored(&self) -> (Monomial<S>, Rational, Polynomial<S>) {
        let mut terms = self.terms.iter();
        let Some((first, coefficient)) = terms.next() else {
            return (Monomial::one(), Rational::one(), Self::zero());
        };
        let (mut common, mut number) = (first.clone(), coefficient.abs());
        for (monomial, coefficient) in terms {
            let least = |(s, e): &(S, i32)| {
                let other = monomial.exponent(s);
                let least = if *e > 0 { (*e).min(other).max(0) } else { (*e).max(other).min(0) };
                (least != 0).then(|| (s.clone(), least))
            };
            common = Monomial(common.0.iter().filter_map(least).collect());
            if coefficient.abs() != number {
                number = Rational::one();
            }
        }
        let inverse = number.reciprocal().unwrap_or_else(Rational::one);
        (common.clone(), number, self.times_monomial(&common.power(-1)).scaled(&inverse))
    }

    /// The polynomial as text, e.g. `2*k*A^2 - A/V`, given the text of each symbol.
    pub fn to_text(&self, symbol: &impl Fn(&S) -> String) -> String {
        join_terms(self.in_reading_order().into_iter().map(|(m, c)| (c.is_negative(), text_term(m, &c.abs(), symbol))))
    }

    /// The polynomial in LaTeX, given the LaTeX of each symbol.
    pub fn to_latex(&self, symbol: &impl Fn(&S) -> String) -> String {
        join_terms(self.in_reading_order().into_iter().map(|(m, c)| (c.is_negative(), latex_term(m, &c.abs(), symbol))))
    }
}

/// Powers beyond this are not expanded.
const MAX_POWER: i64 = 64;

/// Products and powers of more terms are not expanded.
const MAX_TERMS: usize = 20_000;

/// Terms may be multiplied or added so many times while one expression is read.
pub const MOST_WORK: usize = 2_000_000;

/// Larger exponents are not read.
const MOST_DEGREE: u64 = 1_000_000;

/// Whether a sum of `terms` terms has more than `limit` terms when raised to a power.
fn binomial_above(terms: usize, exponent: i64, limit: usize) -> bool {
    let mut count = 1.0;
    for i in 1..=exponent.unsigned_abs() {
        count *= (terms as f64 - 1.0 + i as f64) / i as f64;
    }
    count > limit as f64
}

/// A product as spelled out: A^2 B is A A B, so that A^2 sorts before A B.
fn spelled<S>(monomial: &Monomial<S>) -> impl Iterator<Item = &S> {
    monomial.0.iter().flat_map(|(s, e)| (0..e.unsigned_abs()).map(move |_| s))
}

/// Constants first, then by degree, then by symbol.
fn reading_order<S: Ord>(a: &Monomial<S>, b: &Monomial<S>) -> std::cmp::Ordering {
    let size = |m: &Monomial<S>| m.0.iter().map(|(_, e)| e.unsigned_abs()).sum::<u32>();
    size(a).cmp(&size(b)).then_with(|| spelled(a).cmp(spelled(b)))
}

/// Joins terms given as (is negative, text of the absolute value).
pub fn join_terms(terms: impl IntoIterator<Item = (bool, String)>) -> String {
    let mut text = String::new();
    for (negative, term) in terms {
        text.push_str(match (text.is_empty(), negative) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        });
        text.push_str(&term);
    }
    if text.is_empty() { "0".into() } else { text }
}

fn text_term<S: Ord + Clone>(monomial: &Monomial<S>, coefficient: &Rational, symbol: &impl Fn(&S) -> String) -> String {
    let power = |(s, e): &(S, i32)| match e.unsigned_abs() {
        1 => symbol(s),
        e => format!("{}^{e}", symbol(s)),
    };
    let (numerator, denominator) = coefficient.parts();
    let mut above: Vec<String> = monomial.0.iter().filter(|f| f.1 > 0).map(power).collect();
    let mut below: Vec<String> = monomial.0.iter().filter(|f| f.1 < 0).map(power).collect();
    if numerator != "1" || above.is_empty() {
        above.insert(0, numerator);
    }
    if denominator != "1" {
        below.insert(0, denominator);
    }
    match below.len() {
        0 => above.join("*"),
        1 => format!("{}/{}", above.join("*"), below[0]),
        _ => format!("{}/({})", above.join("*"), below.join("*")),
    }
}

fn latex_term<S: Ord + Clone>(
    monomial: &Monomial<S>,
    coefficient: &Rational,
    symbol: &impl Fn(&S) -> String,
) -> String {
    let power = |(s, e): &(S, i32)| match e.unsigned_abs() {
        1 => symbol(s),
        e => latex_power(&symbol(s), e),
    };
    let (numerator, denominator) = coefficient.parts();
    let mut above: Vec<String> = monomial.0.iter().filter(|f| f.1 > 0).map(power).collect();
    let mut below: Vec<String> = monomial.0.iter().filter(|f| f.1 < 0).map(power).collect();
    if below.is_empty() && denominator != "1" {
        // A number apart reads better: \frac{3}{2} k A.
        above.insert(0, format!("\\frac{{{numerator}}}{{{denominator}}}"));
        return above.join(" ");
    }
    if numerator != "1" || above.is_empty() {
        above.insert(0, numerator);
    }
    if denominator != "1" {
        below.insert(0, denominator);
    }
    if below.is_empty() { above.join(" ") } else { format!("\\frac{{{}}}{{{}}}", above.join(" "), below.join(" ")) }
}

/// A base that already has a superscript, or is long, goes into braces.
fn latex_power(base: &str, exponent: u32) -> String {
    if base.contains('^') { format!("\\left({base}\\right)^{{{exponent}}}") } else { format!("{base}^{{{exponent}}}") }
}

impl<S: Ord + Clone> AddAssign<&Polynomial<S>> for Polynomial<S> {
    fn add_assign(&mut self, other: &Polynomial<S>) {
        for (monomial, coefficient) in &other.terms {
            self.add_term(monomial.clone(), coefficient);
        }
    }
}

impl<S: Ord + Clone> Add<&Polynomial<S>> for &Polynomial<S> {
    type Output = Polynomial<S>;
    fn add(self, other: &Polynomial<S>) -> Polynomial<S> {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl<S: Ord + Clone> Sub<&Polynomial<S>> for &Polynomial<S> {
    type Output = Polynomial<S>;
    fn sub(self, other: &Polynomial<S>) -> Polynomial<S> {
        let mut difference = self.clone();
        difference.add_scaled(other, &Rational::from(-1));
        difference
    }
}

impl<S: Ord + Clone> Mul<&Polynomial<S>> for &Polynomial<S> {
    type Output = Polynomial<S>;
    fn mul(self, other: &Polynomial<S>) -> Polynomial<S> {
        let mut product = Polynomial::zero();
        for (a, x) in &self.terms {
            for (b, y) in &other.terms {
                product.add_term(a.times(b), &(x * y));
            }
        }
        product
    }
}

impl<S: Ord + Clone> Neg for Polynomial<S> {
    type Output = Polynomial<S>;
    fn neg(mut self) -> Polynomial<S> {
        for coefficient in self.terms.values_mut() {
            *coefficient = -coefficient.clone();
        }
        self
    }
}

#[cfg(test)]
mod tests;
