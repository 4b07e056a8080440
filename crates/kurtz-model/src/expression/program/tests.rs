use super::super::tests::{any_expression, any_point, at, fixed_cases};
use super::super::{Expression, Function, Symbol};
use super::*;
use crate::network::{ParameterId, SpeciesId};
use proptest::prelude::*;

const INPUTS: [Symbol; 4] =
    [Symbol::Species(SpeciesId(0)), Symbol::Species(SpeciesId(1)), Symbol::Species(SpeciesId(2)), Symbol::Time];

fn var(i: u32) -> Expression {
    SpeciesId(i).into()
}

fn compile(outputs: &[Expression], point: &[f64; 6]) -> Program {
    let constant = |s| match s {
        Symbol::Parameter(_) | Symbol::Compartment(_) => Some(at(point)(s)),
        _ => None,
    };
    Program::compile(outputs, &INPUTS, constant).expect("every symbol is bound")
}

fn run(program: &Program, inputs: &[f64]) -> Vec<f64> {
    let mut outputs = vec![0.0; program.output_count()];
    program.evaluate(inputs, &mut vec![f64::NAN; program.register_count()], &mut outputs);
    outputs
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

proptest! {
    #![proptest_config(fixed_cases(700))]

    #[test]
    fn a_program_has_the_bits_of_the_tree(
        expressions in prop::collection::vec(any_expression(), 1..5),
        point in any_point(),
    ) {
        let program = compile(&expressions, &point);
        let outputs = run(&program, &[point[0], point[1], point[2], point[5]]);
        for (e, y) in expressions.iter().zip(outputs) {
            let expected = e.evaluate(&at(&point));
            prop_assert!(same(y, expected), "{e:?} is {expected}, not {y}");
        }
    }

    #[test]
    fn every_lane_has_the_bits_of_a_single_evaluation(
        expressions in prop::collection::vec(any_expression(), 1..4),
        points in prop::collection::vec(any_point(), 8),
    ) {
        let program = compile(&expressions, &points[0]);
        let input = |i: usize| [0, 1, 2, 5][i];
        let mut outputs = vec![[0.0; 8]; expressions.len()];
        let lanes = |i: usize| std::array::from_fn(|l| points[l][input(i)]);
        program.evaluate_lanes_from(lanes, &mut vec![[f64::NAN; 8]; program.register_count()], &mut outputs);
        for (l, point) in points.iter().enumerate() {
            let single = run(&program, &[point[0], point[1], point[2], point[5]]);
            for (y, lane) in single.iter().zip(&outputs) {
                prop_assert!(same(*y, lane[l]));
            }
        }
    }
}

#[test]
fn equal_parts_of_several_outputs_are_computed_once() {
    let shared = || (var(0) * var(1)).powi(2) / (1.0 + (var(1) * var(0)).powi(2));
    let one = compile(&[shared()], &[1.0; 6]);
    let three = compile(&[shared(), shared() * 2.0, shared() + var(2)], &[1.0; 6]);
    assert_eq!(one.instruction_count(), 4);
    assert_eq!(three.instruction_count(), 6);
}

#[test]
fn registers_are_used_again() {
    let long = (0..500).fold(var(0), |e, i| (e + f64::from(i)) / var(1));
    let program = compile(&[long], &[1.0; 6]);
    assert_eq!(program.instruction_count(), 1000);
    assert!(program.register_count() <= 4, "{}", program.register_count());
}

#[test]
fn a_shared_graph_compiles_in_its_own_size() {
    let huge = (0..100).fold(var(0), |e, _| &e * &e - &e / 3.0);
    assert_eq!(compile(&[huge], &[1.0; 6]).instruction_count(), 300);
}

#[test]
fn what_is_not_a_number_stays_in_the_piece_that_was_not_chosen() {
    let bad = Expression::call(Function::Log, [var(0)]);
    let guarded = Expression::piecewise(
        [(bad.clone(), Expression::binary(super::super::BinaryOperator::Greater, var(0), 0.0))],
        7.0,
    );
    let program = compile(&[guarded, bad], &[1.0; 6]);
    let outputs = run(&program, &[-1.0, 0.0, 0.0, 0.0]);
    assert_eq!(outputs[0], 7.0);
    assert!(outputs[1].is_nan());
}

#[test]
fn outputs_may_be_inputs_constants_and_each_other() {
    let program = compile(&[var(1), Expression::number(2.0), var(1), var(0) - var(0)], &[1.0; 6]);
    assert_eq!(run(&program, &[3.0, 4.0, 5.0, 6.0]), [4.0, 2.0, 4.0, 0.0]);
    assert_eq!(run(&compile(&[], &[1.0; 6]), &[0.0; 4]), [0.0; 0]);
}

#[test]
fn a_symbol_without_a_value_is_named() {
    let symbol = Symbol::Parameter(ParameterId(3));
    let error = Program::compile(&[symbol.into()], &INPUTS, |_| None);
    assert_eq!(error, Err(UnboundSymbol { symbol }));
}
