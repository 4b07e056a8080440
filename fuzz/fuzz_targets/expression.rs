//! Expressions put together by bytes as by a pocket calculator: programs give the values of the plain reference, text
//! is read back, and nothing else goes wrong.
#![no_main]

use kurtz_model::expression::{BinaryOperator as B, Expression, Function, Program, Symbol, UnaryOperator as U};
use kurtz_model::format::crn;
use kurtz_model::{CompartmentId, ParameterId, SpeciesId};
use libfuzzer_sys::fuzz_target;

const OPERATORS: [B; 13] = [
    B::Add,
    B::Subtract,
    B::Multiply,
    B::Divide,
    B::Power,
    B::Less,
    B::LessEqual,
    B::Greater,
    B::GreaterEqual,
    B::Equal,
    B::NotEqual,
    B::And,
    B::Or,
];

/// The expression left on the stack, and the bytes are used up.
fn expression(bytes: &[u8]) -> Expression {
    let mut stack: Vec<Expression> = Vec::new();
    let mut bytes = bytes.iter().copied();
    while let Some(byte) = bytes.next() {
        let mut pop = || stack.pop().unwrap_or(Expression::number(1.0));
        let next = match byte {
            0..=31 => Expression::number(f64::from(byte) - 8.0),
            32..=47 => Symbol::Species(SpeciesId(u32::from(byte) % 2)).into(),
            48..=63 => Symbol::Parameter(ParameterId(u32::from(byte) % 2)).into(),
            64..=67 => Symbol::Compartment(CompartmentId(0)).into(),
            68..=71 => Symbol::Time.into(),
            72..=79 => Expression::number(f64::from_le_bytes(std::array::from_fn(|_| bytes.next().unwrap_or(0)))),
            80..=95 => {
                let top = pop();
                stack.push(top.clone());
                top
            }
            96..=103 => Expression::unary(U::Negate, pop()),
            104..=107 => Expression::unary(U::Not, pop()),
            108..=115 => Expression::piecewise([(pop(), pop())], pop()),
            116..=123 => Expression::call(Function::Min, [pop(), pop()]),
            124..=127 => Expression::call(Function::Max, [pop(), pop(), pop()]),
            128..=171 => {
                let function = Function::ALL[usize::from(byte - 128) % Function::ALL.len()];
                Expression::call(function, [pop()])
            }
            172..=255 => Expression::binary(OPERATORS[usize::from(byte - 172) % OPERATORS.len()], pop(), pop()),
        };
        stack.push(next);
    }
    stack.pop().unwrap_or(Expression::number(0.0))
}

fn value_of(symbol: Symbol) -> f64 {
    match symbol {
        Symbol::Species(s) => 2.0 + f64::from(s.0),
        Symbol::Parameter(p) => 0.5 + f64::from(p.0),
        Symbol::Compartment(_) => 1.5,
        Symbol::Time => 0.25,
    }
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

fuzz_target!(|bytes: &[u8]| {
    let e = expression(bytes);
    let value = e.evaluate(&value_of);
    let program = Program::compile(std::slice::from_ref(&e), &[], |s| Some(value_of(s))).expect("all is given");
    let mut output = [0.0];
    program.evaluate(&[], &mut vec![0.0; program.register_count()], &mut output);
    assert!(same(value, output[0]), "{value} is not {} of {e:?}", output[0]);
    // What simplifying keeps is a matter of tests with bounds on rounding; here it must only come to an end.
    let simple = e.simplify();
    assert!(simple.stored_nodes() <= 20 * e.stored_nodes() + 100);
    for symbol in e.symbols() {
        let derivative = e.derivative(symbol);
        assert!(derivative.stored_nodes() <= 200 * e.stored_nodes() + 1000);
    }
    let _ = e.substitute(|s| matches!(s, Symbol::Time).then(|| e.clone()));
    if e.node_count() < 10_000 {
        let model = "species A = 2, B = 3\nparameter k = 0.5, l = 1.5\nvolume 1.5\nA -> B @ k*l\n";
        let (mut network, _) = crn::parse(model, "model").expect("a good model");
        network.reactions[0].rate = kurtz_model::RateLaw::Propensity(e.clone());
        if let Ok((read, _)) = crn::parse(&network.to_crn(), "printed") {
            let kurtz_model::RateLaw::Propensity(again) = &read.reactions[0].rate else { panic!("another law") };
            assert!(same(value, again.evaluate(&value_of)), "{}", network.to_crn());
        }
        let _ = e.latex(&network).to_string();
    }
});
