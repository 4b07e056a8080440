//! What holds for every expression: values survive each transformation, and size costs no more than it must.

use super::*;
use crate::network::{Compartment, Initial, Network, Parameter, Quantity, Species, Value};
use crate::units::Unit;
use proptest::prelude::*;

fn species(i: u32) -> Symbol {
    Symbol::Species(SpeciesId(i))
}

fn var(i: u32) -> Expression {
    species(i).into()
}

fn parameter(i: u32) -> Expression {
    ParameterId(i).into()
}

fn number(x: f64) -> Expression {
    Expression::number(x)
}

fn network() -> Network {
    let value = || Value::Quantity(Quantity { value: 1.0, unit: Unit::unspecified() });
    let mut network = Network::default();
    for name in ["A", "B", "Ca_cyt"] {
        let (name, compartment) = (name.into(), CompartmentId(0));
        network.species.push(Species { name, compartment, initial: Initial::Count(value()), clamped: false });
    }
    for name in ["k", "r1", "lambda", "K_m"] {
        network.parameters.push(Parameter { name: name.into(), value: value() });
    }
    network.compartments.push(Compartment { name: "ER".into(), size: value() });
    network
}

fn text(expression: &Expression) -> String {
    expression.display(&network()).to_string()
}

/// The same cases in every run.
pub(crate) fn fixed_cases(cases: u32) -> ProptestConfig {
    let rng_seed = proptest::test_runner::RngSeed::Fixed(20);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// Any expression over three species, two parameters and time.
pub(super) fn any_expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        prop_oneof![
            Just(0.0),
            Just(1.0),
            Just(-1.0),
            Just(2.0),
            Just(3.0),
            Just(0.5),
            Just(-2.5),
            Just(1e-3),
            Just(0.1)
        ]
        .prop_map(number),
        (0u32..3).prop_map(var),
        (0u32..2).prop_map(parameter),
        Just(Symbol::Time.into()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let pair = || (inner.clone(), inner.clone());
        let call = prop::sample::select(Function::ALL.to_vec());
        prop_oneof![
            4 => pair().prop_map(|(a, b)| a + b),
            3 => pair().prop_map(|(a, b)| a - b),
            5 => pair().prop_map(|(a, b)| a * b),
            3 => pair().prop_map(|(a, b)| a / b),
            2 => inner.clone().prop_map(|a| -a),
            2 => (inner.clone(), prop::sample::select(vec![2.0, 3.0, -1.0, 0.5, 1.0, 0.0, -2.0, 1.5]))
                .prop_map(|(a, e)| a.pow(e)),
            1 => pair().prop_map(|(a, b)| a.pow(b)),
            1 => (pair(), prop::sample::select(vec![
                BinaryOperator::Less, BinaryOperator::LessEqual, BinaryOperator::Greater, BinaryOperator::GreaterEqual,
                BinaryOperator::Equal, BinaryOperator::NotEqual, BinaryOperator::And, BinaryOperator::Or,
            ])).prop_map(|((a, b), operator)| Expression::binary(operator, a, b)),
            1 => inner.clone().prop_map(|a| Expression::unary(UnaryOperator::Not, a)),
            2 => (call, pair()).prop_map(|(f, (a, b))| {
                let count = if f.takes_many() { 2 } else { 1 };
                Expression::call(f, [a, b].into_iter().take(count))
            }),
            1 => (pair(), pair()).prop_map(|((a, b), (c, d))| {
                Expression::piecewise([(a, Expression::binary(BinaryOperator::Less, b, c.clone()))], c + d)
            }),
        ]
    })
}

pub(super) fn any_point() -> impl Strategy<Value = [f64; 6]> {
    prop::array::uniform6(prop_oneof![0.1..3.0, Just(0.0), Just(1.0), -2.0..2.0])
}

pub(super) fn at(point: &[f64; 6]) -> impl Fn(Symbol) -> f64 {
    move |s| match s {
        Symbol::Species(i) => point[i.index()],
        Symbol::Parameter(i) => point[3 + i.index()],
        Symbol::Compartment(_) => 2.0,
        Symbol::Time => point[5],
    }
}

/// A value and a bound on its error by rounding, generous by a factor of about a thousand; `None` where a part is not
/// a finite number of ordinary size, or a step could go either way.
fn bounded(e: &Expression, value_of: &impl Fn(Symbol) -> f64) -> Option<(f64, f64)> {
    const UNIT: f64 = 1e-13;
    let (x, error) = match e {
        Expression::Number(x) => (*x, 0.0),
        Expression::Symbol(s) => (value_of(*s), 0.0),
        Expression::Unary(operator, a) => {
            let (a, da) = bounded(a, value_of)?;
            match operator {
                UnaryOperator::Negate => (-a, da),
                UnaryOperator::Not if a == 0.0 && da == 0.0 || a.abs() > da => (operator.apply(a), 0.0),
                UnaryOperator::Not => return None,
            }
        }
        Expression::Binary(operator, a, b) => {
            let ((a, da), (b, db)) = (bounded(a, value_of)?, bounded(b, value_of)?);
            let x = operator.apply(a, b);
            let error = match operator {
                BinaryOperator::Add | BinaryOperator::Subtract => da + db + (a.abs() + b.abs()) * UNIT,
                BinaryOperator::Multiply => da * (b.abs() + db) + db * a.abs(),
                BinaryOperator::Divide if b.abs() > 2.0 * db => 2.0 * (da + x.abs() * db) / b.abs(),
                BinaryOperator::Power => {
                    let near = |da: f64, db: f64| (power(a + da, b + db) - x).abs();
                    let whole = db == 0.0 && b == b.trunc();
                    if !whole && a <= 2.0 * da || whole && b < 0.0 && a.abs() <= 2.0 * da {
                        return None;
                    }
                    2.0 * (near(da, 0.0) + near(-da, 0.0) + near(0.0, db) + near(0.0, -db)) + x.abs() * b.abs() * UNIT
                }
                BinaryOperator::And | BinaryOperator::Or => {
                    let sure = |a: f64, da: f64| a == 0.0 && da == 0.0 || a.abs() > da;
                    if !sure(a, da) || !sure(b, db) {
                        return None;
                    }
                    return Some((x, 0.0));
                }
                BinaryOperator::Divide => return None,
                _ if (a - b).abs() > da + db + (a.abs() + b.abs()) * UNIT || da == 0.0 && db == 0.0 => {
                    return Some((x, 0.0));
                }
                _ => return None,
            };
            (x, error)
        }
        Expression::Call(function, arguments) => {
            let arguments = arguments.iter().map(|a| bounded(a, value_of)).collect::<Option<Vec<_>>>()?;
            let values: Vec<f64> = arguments.iter().map(|&(a, _)| a).collect();
            let x = function.apply(&values);
            let error = match function {
                Function::Min | Function::Max => arguments.iter().map(|&(_, da)| da).fold(0.0, f64::max),
                _ => {
                    let (a, da) = arguments[0];
                    let da = da + a.abs() * UNIT;
                    let (low, high) = (function.apply(&[a - da]), function.apply(&[a + da]));
                    2.0 * ((low - x).abs() + (high - x).abs())
                }
            };
            // Next to a step the value may jump.
            if matches!(function, Function::Floor | Function::Ceil | Function::Factorial) && error > 0.0 {
                return None;
            }
            (x, error)
        }
        Expression::Piecewise(pieces, otherwise) => {
            // All parts must be defined: the rules of simplify speak of all parts.
            let otherwise = bounded(otherwise, value_of)?;
            let mut chosen = None;
            for (value, condition) in pieces.iter() {
                let value = bounded(value, value_of)?;
                let (condition, d) = bounded(condition, value_of)?;
                if d != 0.0 && condition.abs() <= d {
                    return None;
                }
                if chosen.is_none() && condition != 0.0 {
                    chosen = Some(value);
                }
            }
            chosen.unwrap_or(otherwise)
        }
    };
    let error = error + x.abs() * UNIT;
    (x.is_finite() && error.is_finite() && x.abs() < 1e100 && (x == 0.0 || x.abs() > 1e-100)).then_some((x, error))
}

proptest! {
    #![proptest_config(fixed_cases(1000))]

    #[test]
    fn simplify_keeps_the_value(e in any_expression(), point in any_point()) {
        if let Some((value, error)) = bounded(&e, &at(&point)) {
            let simple = e.simplify().evaluate(&at(&point));
            prop_assert!((simple - value).abs() <= error + 1e-300, "{} is {value}, {} is {simple}", text(&e), text(&e.simplify()));
        }
    }

    #[test]
    fn simplify_twice_changes_nothing_more(e in any_expression()) {
        let once = e.simplify();
        let twice = once.simplify();
        prop_assert_eq!(text(&once), text(&twice));
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn simplify_never_enlarges_by_much(e in any_expression()) {
        prop_assert!(e.simplify().node_count() <= 2 * e.node_count());
    }

    #[test]
    fn derivative_agrees_with_central_differences(e in any_expression(), point in prop::array::uniform6(-2.0..3.0)) {
        let h = 1e-5;
        let symbol = species(0);
        let value = |step: f64| {
            let mut point = point;
            point[0] += step;
            e.evaluate(&at(&point))
        };
        let central = |h: f64| (value(h) - value(-h)) / (2.0 * h);
        let (fine, coarse) = (central(h), central(4.0 * h));
        // Only where the differences have converged, and no kink or step is near, which would move one side alone.
        let sides = (value(h) - value(0.0)) / h - (value(0.0) - value(-h)) / h;
        let scale = 1.0 + fine.abs() + value(0.0).abs();
        if (fine - coarse).abs() < 1e-6 * scale && sides.abs() < 1e-3 * scale && scale < 1e6 {
            let exact = e.derivative(symbol).evaluate(&at(&point));
            // The rules speak of points where all parts are finite; roots and quotients may have no derivative there.
            let spoken_of = bounded(&e, &at(&point)).is_some() && exact.is_finite();
            prop_assert!(!spoken_of || (exact - fine).abs() < 1e-4 * scale, "d/dA {} = {}: {exact} against {fine}", text(&e), text(&e.derivative(symbol)));
        }
    }

    #[test]
    fn evaluation_agrees_with_plain_recursion(e in any_expression(), point in any_point()) {
        prop_assert_eq!(e.evaluate(&at(&point)).to_bits(), recursive(&e, &at(&point)).to_bits());
    }

    #[test]
    fn text_reads_back_to_the_same_tree(e in any_expression()) {
        let text = text(&e);
        let back = Reader::read(&text);
        prop_assert!(back == e, "{text} reads as {back:?}, was {e:?}");
    }

    #[test]
    fn no_parentheses_are_superfluous(e in any_expression()) {
        let text = text(&e);
        let opening: Vec<usize> = text.match_indices('(').map(|(i, _)| i).collect();
        for open in opening {
            let called = text[..open].ends_with(|c: char| c.is_alphanumeric());
            // Around negative numbers and signs we keep those that only make reading easier.
            if called || text[open + 1..].starts_with(['-', '!']) || text[..open].ends_with(['-', '!']) {
                continue;
            }
            let mut depth = 0;
            let close = text[open..].find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let close = open + close.expect("each parenthesis is closed");
            let without = format!("{}{}{}", &text[..open], &text[open + 1..close], &text[close + 1..]);
            prop_assert!(Reader::try_read(&without).as_ref() != Some(&e), "{text} could be {without}");
        }
    }
}

fn recursive(e: &Expression, value_of: &impl Fn(Symbol) -> f64) -> f64 {
    match e {
        Expression::Number(x) => *x,
        Expression::Symbol(s) => value_of(*s),
        Expression::Unary(operator, a) => operator.apply(recursive(a, value_of)),
        Expression::Binary(operator, a, b) => operator.apply(recursive(a, value_of), recursive(b, value_of)),
        Expression::Call(f, arguments) => {
            f.apply(&arguments.iter().map(|a| recursive(a, value_of)).collect::<Vec<f64>>())
        }
        Expression::Piecewise(pieces, otherwise) => {
            for (value, condition) in pieces.iter() {
                if recursive(condition, value_of) != 0.0 {
                    return recursive(value, value_of);
                }
            }
            recursive(otherwise, value_of)
        }
    }
}

/// A reader of the grammar that [`Expression::display`] promises, one method a level.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn read(text: &'a str) -> Expression {
        Self::try_read(text).unwrap_or_else(|| panic!("cannot read {text}"))
    }

    fn try_read(text: &'a str) -> Option<Expression> {
        let mut reader = Reader { rest: text };
        let e = reader.level(0)?;
        reader.rest.is_empty().then_some(e)
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.rest = self.rest.trim_start();
        let eaten = self.rest.strip_prefix(sign);
        self.rest = eaten.unwrap_or(self.rest).trim_start();
        eaten.is_some()
    }

    fn level(&mut self, level: usize) -> Option<Expression> {
        use BinaryOperator as B;
        let levels: [&[B]; 5] = [
            &[B::Or],
            &[B::And],
            &[B::LessEqual, B::GreaterEqual, B::Equal, B::NotEqual, B::Less, B::Greater],
            &[B::Add, B::Subtract],
            &[B::Multiply, B::Divide],
        ];
        let Some(operators) = levels.get(level) else {
            return self.sign();
        };
        let mut a = self.level(level + 1)?;
        while let Some(&operator) = operators.iter().find(|operator| self.eat(operator.sign())) {
            a = Expression::binary(operator, a, self.level(level + 1)?);
            if level == 2 {
                break;
            }
        }
        Some(a)
    }

    fn sign(&mut self) -> Option<Expression> {
        if self.eat("!") {
            return Some(Expression::unary(UnaryOperator::Not, self.sign()?));
        }
        if !self.eat("-") {
            return self.power();
        }
        let literal = self.rest.starts_with(|c: char| c.is_ascii_digit());
        match self.sign()? {
            Expression::Number(x) if literal => Some(number(-x)),
            a => Some(-a),
        }
    }

    fn power(&mut self) -> Option<Expression> {
        let a = self.whole()?;
        if self.eat("^") { Some(a.pow(self.sign()?)) } else { Some(a) }
    }

    fn whole(&mut self) -> Option<Expression> {
        if self.eat("(") {
            let a = self.level(0)?;
            return self.eat(")").then_some(a);
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let exponent = |i: usize| i > 0 && self.rest[..i].ends_with('e') && self.rest[i..].starts_with('-');
            let end = self.rest.char_indices().find(|&(i, c)| !(c.is_ascii_alphanumeric() || c == '.' || exponent(i)));
            let (digits, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(i, _)| i));
            self.rest = rest;
            return digits.parse().ok().map(number);
        }
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        let symbols = [
            species(0),
            species(1),
            species(2),
            Symbol::Parameter(ParameterId(0)),
            Symbol::Parameter(ParameterId(1)),
            Symbol::Time,
        ];
        if let Some(&s) = symbols.iter().find(|&&s| network().text(s) == name) {
            return Some(s.into());
        }
        let mut arguments = Vec::new();
        while self.eat(if arguments.is_empty() { "(" } else { "," }) {
            arguments.push(self.level(0)?);
        }
        if !self.eat(")") {
            return None;
        }
        if name == "piecewise" {
            let otherwise = arguments.pop()?;
            let (pairs, _) = arguments.as_chunks::<2>();
            return Some(Expression::piecewise(pairs.iter().cloned().map(|[v, c]| (v, c)), otherwise));
        }
        Some(Expression::call(Function::named(name)?, arguments))
    }
}

#[test]
fn simplified_expressions_read_as_one_would_write_them() {
    let (a, b, k, r, l) = (var(0), var(1), parameter(0), parameter(1), parameter(2));
    for (e, expected) in [
        (&a + &a, "2*A"),
        (&a * &b + &b * &a, "2*A*B"),
        (&a - &a, "0"),
        (&a / a.powi(3), "1/A^2"),
        (1.0 - &r - &k, "1 - r1 - k"),
        ((1.0 - &r - &k) * &l * 1.0, "(1 - r1 - k)*lambda"),
        (-&a + &b, "B - A"),
        (&k * (&a * (&a - 1.0)) / 2.0, "k*A*(A - 1)/2"),
        (2.0 * (&a / 4.0), "A/2"),
        (-(&a / 3.0), "-A/3"),
        (-(&a - &b), "B - A"),
        (-2.0 * &a, "-2*A"),
        (&a * 0.1, "0.1*A"),
        (&a / 3.0 + &a / 6.0, "A/2"),
        (a.powi(2).pow(0.5), "(A^2)^0.5"),
        (a.pow(0.5).powi(2), "A"),
        ((&a * 2.0).powi(2), "4*A^2"),
        (0.0 * &a + 1.0, "1"),
        (number(1.0) / 0.0, "1/0"),
        (number(0.0) / 0.0, "0/0"),
        (1.0 / &a / (number(0.0) * 0.0), "1/A/0"),
        ((number(0.0) / 0.0).powi(-1), "1/(0/0)"),
        (1.0 / number(0.0).powi(-1).pow(1e-3), "0"),
        (number(1e200) * &a * 1e200, "1e200*A*1e200"),
        (3.0 * (&a + &b) - 2.0 * (&b + &a) + &k, "A + B + k"),
        (Expression::call(Function::Exp, [number(0.0)]) * &a, "A"),
        (Expression::piecewise([(a.clone(), number(0.0)), (b.clone(), number(1.0))], k.clone()), "B"),
    ] {
        assert_eq!(text(&e.simplify()), expected, "from {}", text(&e));
    }
}

#[test]
fn derivatives_read_as_one_would_write_them() {
    let (a, b, k) = (var(0), var(1), parameter(0));
    for (e, expected) in [
        (&k * a.powi(2), "2*k*A"),
        (&a / (&k + &a), "1/(k + A) - A/(k + A)^2"),
        (Expression::call(Function::Exp, [-&a]), "-exp(-A)"),
        (Expression::call(Function::Abs, [a.clone()]), "piecewise(1, A > 0, -1, A < 0, 0)"),
        (Expression::call(Function::Floor, [a.clone()]), "0"),
        (&b * &k, "0"),
        (a.pow(&b), "B*A^(B - 1)"),
        (b.pow(&a), "B^A*ln(B)"),
        (Expression::call(Function::Min, [a.clone(), b.clone()]), "piecewise(1, A <= min(A, B), 0)"),
        (Expression::call(Function::Log10, [a.clone()]), "0.43429448190325176/A"),
    ] {
        assert_eq!(text(&e.derivative(species(0))), expected, "from {}", text(&e));
    }
}

#[test]
fn text_has_the_parentheses_it_needs() {
    let (a, b) = (var(0), var(1));
    for (e, expected) in [
        (-a.powi(2), "-A^2"),
        ((-&a).powi(2), "(-A)^2"),
        (number(-2.0).powi(2), "(-2)^2"),
        (-number(2.0), "-(2)"),
        (a.powi(2).powi(3), "(A^2)^3"),
        (a.pow(b.powi(2)), "A^B^2"),
        (a.powi(-2), "A^(-2)"),
        (&a - (&b - 1.0), "A - (B - 1)"),
        ((&a - &b) - 1.0, "A - B - 1"),
        (&a / (&b * 2.0), "A/(B*2)"),
        (&a * (&b / 2.0), "A*(B/2)"),
        (-(&a * &b), "-(A*B)"),
        ((-&a) * &b, "-A*B"),
        (number(1e-14) + 1e22 + 0.1, "1e-14 + 1e22 + 0.1"),
    ] {
        assert_eq!(text(&e), expected);
    }
}

#[test]
fn latex_is_what_one_would_typeset() {
    let network = network();
    let (a, b, ca, k, r, l) = (var(0), var(1), var(2), parameter(0), parameter(1), parameter(2));
    let km = parameter(3);
    let volume: Expression = CompartmentId(0).into();
    for (e, expected) in [
        (&k * &a * (&a - 1.0) / (2.0 * &volume), r"\frac{k \, A \, \left(A - 1\right)}{2 \, V}"),
        ((1.0 - &r) * &l * &ca, r"\left(1 - r_{1}\right) \, \lambda \, \mathrm{Ca}_{\mathrm{cyt}}"),
        (a.powi(2) / (km.powi(2) + a.powi(2)), r"\frac{A^{2}}{K_{m}^{2} + A^{2}}"),
        (&k * 2.0 * 1.5e-7, r"k \cdot 2 \cdot 1.5 \cdot 10^{-7}"),
        ((&a / &b).powi(2), r"\left(\frac{A}{B}\right)^{2}"),
        (Expression::call(Function::Sqrt, [a.clone()]).powi(2), r"\left(\sqrt{A}\right)^{2}"),
        (&a - (-&b), r"A - \left(-B\right)"),
        (-(&a + &b), r"-\left(A + B\right)"),
        (&a * number(-2.0), r"A \, \left(-2\right)"),
        (
            Expression::piecewise([(a.clone(), Expression::binary(BinaryOperator::LessEqual, Symbol::Time, 2.0))], 0.0),
            r"\begin{cases} A & \text{if } t \le 2 \\ 0 & \text{otherwise} \end{cases}",
        ),
    ] {
        assert_eq!(e.latex(&network), expected);
    }
}

#[test]
fn names_become_letters_with_subscripts() {
    for (name, expected) in [
        ("A", "A"),
        ("k_1", "k_{1}"),
        ("r1", "r_{1}"),
        ("lambda", r"\lambda"),
        ("Gamma", r"\Gamma"),
        ("lambda_on", r"\lambda_{\mathrm{on}}"),
        ("Ca_cyt", r"\mathrm{Ca}_{\mathrm{cyt}}"),
        ("k1_alpha_2", r"k_{1,\alpha,2}"),
        ("IP3", r"\mathrm{IP}_{3}"),
        ("_", r"\_"),
        ("10", "10"),
        ("50%", r"\mathrm{50\%}"),
    ] {
        assert_eq!(latex_of_name(name), expected);
    }
}

/// x_39 = x_38 + x_38 * x_38 and so on: 40 stored nodes and 2^39 in the tree.
fn doubling(levels: u32) -> Expression {
    (0..levels).fold(var(0), |e, _| {
        let e = Arc::new(e);
        Expression::Binary(BinaryOperator::Subtract, Arc::clone(&e), Arc::new(Expression::Unary(UnaryOperator::Not, e)))
    })
}

#[test]
fn shared_parts_cost_their_memory_not_their_tree() {
    let e = doubling(100);
    assert_eq!(e.node_count(), u64::MAX);
    assert_eq!(e.stored_nodes(), 201);
    assert_eq!(e.depth(), 201);
    assert_eq!(e.evaluate(&|_| 5.0), 5.0);
    assert_eq!(e.symbols(), [species(0)]);
    assert!(e == e.clone() && e == doubling(100) && e != doubling(99));
    for work in [|e: &Expression| e.simplify(), |e: &Expression| e.derivative(species(0))] {
        let (short, long) = (work(&doubling(200)).stored_nodes(), work(&doubling(400)).stored_nodes());
        assert!(long < 3 * short.max(1000), "{short} nodes for 200 levels, {long} for 400");
    }
    let replaced = e.substitute(|_| Some(number(3.0)));
    assert!(replaced.stored_nodes() <= 301, "{}", replaced.stored_nodes());
    assert!(text(&e).starts_with("[expression of "));
    assert!(format!("{e:?}").starts_with("[expression of "));
    assert!(e.latex(&network()).contains("nodes"));
}

#[test]
fn sums_of_shared_sums_keep_few_terms() {
    let doubled = (0..39).fold(var(0), |e, _| &e + &e);
    assert_eq!(text(&doubled.simplify()), "549755813888*A");
    let squared = (0..39).fold(var(0), |e, _| &e * &e);
    assert_eq!(text(&squared.simplify()), "A^549755813888");
}

#[test]
fn long_sums_overflow_no_stack() {
    let long = (0..200_000u32).fold(var(0), |e, i| e + var(i % 3));
    assert_eq!(long.evaluate(&|_| 1.0), 200_001.0);
    assert_eq!(long.depth(), 200_001);
    assert_eq!(text(&long.simplify()), "66668*A + 66667*B + 66666*Ca_cyt");
    assert_eq!(long.derivative(species(0)), number(66668.0));
    let deep = (0..200_000u32).fold(var(0), |e, i| 1.0 / (e + f64::from(i)));
    assert!(deep.evaluate(&|_| 1.0).is_finite());
    assert!(deep == deep.substitute(|s| Some(s.into())));
    assert!(deep.simplify().stored_nodes() > 200_000);
    assert!(text(&deep).ends_with(')'));
}

#[test]
fn whole_powers_are_products_close_to_powf() {
    for n in -8..=8 {
        for x in [0.3, 1.7, -2.1, 1e20, 3e-20] {
            let (product, accurate) = (power(x, f64::from(n)), x.powf(f64::from(n)));
            assert!((product - accurate).abs() <= 8e-16 * accurate.abs(), "{x}^{n}: {product} against {accurate}");
        }
    }
    assert_eq!(power(0.0, 0.0), 1.0);
    assert_eq!(power(2.0, 0.5), 2f64.powf(0.5));
}

#[test]
fn minimum_and_maximum_do_not_hide_what_is_not_a_number() {
    for f in [Function::Min, Function::Max] {
        assert!(f.apply(&[f64::NAN, 1.0]).is_nan());
        assert!(f.apply(&[1.0, f64::NAN]).is_nan());
        assert!(f.apply(&[]).is_nan());
    }
    assert_eq!(Function::Min.apply(&[3.0, 1.0, 2.0]), 1.0);
    assert_eq!(Function::Max.apply(&[1.0, 3.0, 2.0]), 3.0);
}

#[test]
fn substitution_keeps_what_it_does_not_touch() {
    let untouched = Arc::new(var(1) + parameter(0));
    let e = Expression::Binary(BinaryOperator::Multiply, Arc::new(var(0)), Arc::clone(&untouched));
    let replaced = e.substitute(|s| (s == species(0)).then(|| number(2.0)));
    assert_eq!(text(&replaced), "2*(B + k)");
    assert!(matches!(&replaced, Expression::Binary(_, _, b) if Arc::ptr_eq(b, &untouched)));
    let all = Expression::piecewise([(var(0), var(1))], Expression::call(Function::Max, [var(0), var(2)]));
    let swapped = all.substitute(|s| (s == species(0)).then(|| var(1)));
    assert_eq!(text(&swapped), "piecewise(B, B, max(B, Ca_cyt))");
}
