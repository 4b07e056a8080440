use super::*;
use crate::expression::Function;
use crate::network::{ParameterId, SpeciesId};
use proptest::prelude::*;

type P = Polynomial<char>;

fn x() -> P {
    P::symbol('x')
}

fn y() -> P {
    P::symbol('y')
}

fn text(p: &P) -> String {
    p.to_text(&|c| c.to_string())
}

#[test]
fn a_binomial_expands_and_prints_in_reading_order() {
    let square = (&(&x() + &y()) - &P::one()).power(2).unwrap();
    assert_eq!(text(&square), "1 - 2*x - 2*y + x^2 + 2*x*y + y^2");
    assert_eq!(text(&(&square - &square)), "0");
    assert_eq!(text(&-(&x() - &y())), "y - x");
    assert_eq!(text(&-x()), "-x");
    assert_eq!(x().power(0), Some(P::one()));
}

#[test]
fn laurent_terms_print_as_fractions() {
    let p = P::term(Monomial::new([('x', 2), ('V', -1)]), Rational::ratio(-3, 2).unwrap());
    assert_eq!(text(&p), "-3*x^2/(2*V)");
    assert_eq!(p.to_latex(&|c| c.to_string()), "-\\frac{3 x^{2}}{2 V}");
    assert_eq!(x().scaled(&Rational::ratio(1, 2).unwrap()).to_latex(&|c| c.to_string()), "\\frac{1}{2} x");
    assert_eq!(text(&x().power(-1).unwrap()), "1/x");
    assert_eq!((&x() + &y()).power(-1), None);
    assert_eq!(P::zero().power(-1), None);
    assert_eq!(x().power(-1).unwrap().substitute(|_| P::zero()), None);
}

#[test]
fn factoring_takes_out_what_all_terms_share() {
    let p = &(&x() * &y()).scaled(&2.into()) - &x().power(2).unwrap().scaled(&2.into());
    let (common, number, rest) = p.factored();
    assert_eq!((common, number), (Monomial::new([('x', 1)]), 2.into()));
    assert_eq!(text(&rest), "y - x");
    let inverse = &x().power(-1).unwrap() + &y();
    assert_eq!(inverse.factored(), (Monomial::one(), Rational::one(), inverse.clone()));
}

#[test]
fn collecting_separates_coefficients_from_what_they_multiply() {
    let p = &(&x() * &P::symbol('k')) + &(&(&x() * &P::symbol('q')) - &y());
    let collected: Vec<_> = p.collected(|s| "xy".contains(*s)).iter().map(|(m, c)| (m.clone(), text(c))).collect();
    assert_eq!(collected, [(Monomial::new([('x', 1)]), "k + q".into()), (Monomial::new([('y', 1)]), "-1".into())]);
}

fn species() -> Expression {
    Expression::Symbol(Symbol::Species(SpeciesId(0)))
}

fn parameter(i: u32) -> Expression {
    Expression::Symbol(Symbol::Parameter(ParameterId(i)))
}

/// Species are x, parameters a, b, ...; what is free of species becomes K, L, ...
fn read(expression: &Expression) -> Option<(P, Vec<Expression>)> {
    let mut constants = Vec::new();
    let polynomial = P::from_expression(expression, &mut |atom| match atom {
        Atom::Symbol(Symbol::Species(_)) => Some('x'),
        Atom::Symbol(Symbol::Parameter(p)) => char::from_digit(10 + p.0, 36),
        Atom::Symbol(_) => None,
        Atom::Opaque(e) => {
            let mut free = true;
            e.for_each_symbol(&mut |s| free &= !matches!(s, Symbol::Species(_)));
            free.then(|| {
                constants.push(e.clone());
                char::from_u32('K' as u32 + constants.len() as u32 - 1).unwrap()
            })
        }
    });
    polynomial.map(|p| (p, constants))
}

#[test]
fn expressions_become_polynomials_with_what_is_free_of_species_kept_whole() {
    let exp = |e: Expression| Expression::call(Function::Exp, [e]);
    let (p, constants) = read(&(parameter(0) * exp(parameter(1) + 1.0) * species().powi(2) * 0.25)).unwrap();
    assert_eq!(text(&p), "K*a*x^2/4");
    assert_eq!(constants, [exp(parameter(1) + 1.0)]);
    let (p, constants) = read(&(species() / (1.0 + parameter(0)))).unwrap();
    assert_eq!((text(&p), constants), ("x/K".into(), vec![1.0 + parameter(0)]));
    let (p, _) = read(&(species() * (species() - 1.0) / parameter(1))).unwrap();
    assert_eq!(text(&p), "x^2/b - x/b");
    assert_eq!(read(&(species() / (species() + 1.0))), None);
    assert_eq!(read(&exp(species())), None);
    assert_eq!(read(&species().pow(parameter(0))), None);
    assert_eq!(read(&Expression::Number(f64::NAN)), None);
    assert_eq!(text(&read(&species().powi(-2)).unwrap().0), "1/x^2");
}

#[test]
fn powers_too_large_to_expand_are_refused_or_kept_whole() {
    let sum = parameter(0) + parameter(1) + parameter(2) + parameter(3) + 1.0;
    assert_eq!(text(&read(&(sum.powi(64) * species())).unwrap().0), "K*x");
    assert_eq!(read(&(sum + species()).powi(64)), None);
    assert_eq!(read(&species().powi(65)), None);
}

#[test]
fn a_sum_of_many_terms_is_read_without_recursion() {
    let sum = (0..100_000).fold(species(), |sum, _| sum + species());
    assert_eq!(text(&read(&sum).unwrap().0), "100001*x");
}

fn small() -> impl Strategy<Value = P> {
    let term = (prop::collection::vec(0..4_i32, 3), -3..4_i64, 1..4_i64);
    prop::collection::vec(term, 0..5).prop_map(|terms| {
        let mut p = P::zero();
        for (e, n, d) in terms {
            let monomial = Monomial::new(['x', 'y', 'z'].into_iter().zip(e));
            p.add_term(monomial, &Rational::ratio(n, d).unwrap());
        }
        p
    })
}

proptest! {
    #[test]
    fn polynomials_form_a_ring(a in small(), b in small(), c in small()) {
        prop_assert_eq!(&(&a + &b) * &c, &(&a * &c) + &(&b * &c));
        prop_assert_eq!(&a * &b, &b * &a);
        prop_assert_eq!(&(&a * &b) * &c, &a * &(&b * &c));
        prop_assert!((&a - &a).is_zero());
    }

    #[test]
    fn the_derivative_obeys_the_product_rule(a in small(), b in small()) {
        let rule = &(&a.derivative(&'x') * &b) + &(&a * &b.derivative(&'x'));
        prop_assert_eq!((&a * &b).derivative(&'x'), rule);
    }

    #[test]
    fn shifting_there_and_back_changes_nothing(a in small(), by in -5..5_i64) {
        let there = a.shifted(&'x', &by.into()).unwrap();
        prop_assert_eq!(there.shifted(&'x', &(-by).into()).unwrap(), a.clone());
        let at = |p: &P, x: f64| p.evaluate(|s| match s { 'x' => x, 'y' => 0.3, _ => -1.7 });
        let (shifted, direct) = (at(&there, 0.6), at(&a, 0.6 + by as f64));
        prop_assert!((shifted - direct).abs() < 1e-9 * (1.0 + direct.abs()));
    }

    #[test]
    fn expressions_and_polynomials_convert_into_each_other(a in small()) {
        let id = |c: &char| Expression::Symbol(Symbol::Species(SpeciesId(*c as u32)));
        let expression = a.to_expression(&id);
        let back = P::from_expression(&expression, &mut |atom| match atom {
            Atom::Symbol(Symbol::Species(s)) => char::from_u32(s.0),
            _ => None,
        });
        // Thirds are not decimals, so coefficients agree to rounding only.
        let back = back.unwrap();
        for (m, c) in a.terms() {
            prop_assert!((back.coefficient(m).to_f64() - c.to_f64()).abs() < 1e-15);
        }
        prop_assert_eq!(back.terms().len(), a.terms().len());
    }
}

#[test]
fn work_is_what_is_done() {
    let species = |i: u32| Expression::from(SpeciesId(i));
    let powers = |i: u32| (1..=60).map(move |k| Expression::binary(BinaryOperator::Power, species(i), f64::from(k)));
    let sum = |i: u32| powers(i).reduce(|a, b| Expression::binary(BinaryOperator::Add, a, b)).unwrap();
    let mut name = |atom: Atom<'_>| match atom {
        Atom::Symbol(Symbol::Species(s)) => Some(if s.index() == 0 { 'x' } else { 'y' }),
        _ => Some('z'),
    };
    // A sum that is divided by is one symbol: 60 terms, not 60 x 60.
    let quotient = Expression::binary(BinaryOperator::Divide, sum(0), sum(1));
    assert!(P::from_expression_within(&quotient, &mut name, &mut 2_500).is_some());
    let product = Expression::binary(BinaryOperator::Multiply, sum(0), sum(1));
    assert!(P::from_expression_within(&product, &mut name, &mut 2_500).is_none());
    // Coefficients of thousands of digits are work, too.
    let chain = |n: usize| (0..n).fold(species(0), |e, _| Expression::binary(BinaryOperator::Multiply, e, 1.001));
    assert!(P::from_expression_within(&chain(50), &mut name, &mut 10_000).is_some());
    assert!(P::from_expression_within(&chain(3_000), &mut name, &mut MOST_WORK.clone()).is_none());
}
