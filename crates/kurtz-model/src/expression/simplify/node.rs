//! What the store holds, and what is under construction.

use super::super::{BinaryOperator as B, Function, Symbol};
use super::coefficient::Coefficient;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Number of a node in the store.
pub(super) type Id = usize;

/// A node in the store; its children have smaller numbers.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Number(f64),
    Symbol(Symbol),
    /// Two or more terms, coefficients not 0; the term without a name is the number 1.
    Sum(Vec<(Coefficient, Id)>),
    /// A coefficient and powers; more than a bare number or node.
    Product(Coefficient, Vec<(Id, f64)>),
    Not(Id),
    Binary(B, Id, Id),
    Call(Function, Vec<Id>),
    Piecewise(Vec<(Id, Id)>, Id),
}

/// What makes two nodes the same: the node without the order of its terms or factors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Number(u64),
    Symbol(Symbol),
    Sum(Vec<(Id, (u64, u64))>),
    Product((u64, u64), Vec<(Id, u64)>),
    Not(Id),
    Binary(B, Id, Id),
    Call(Function, Vec<Id>),
    Piecewise(Vec<(Id, Id)>, Id),
}

impl Node {
    pub fn key(&self) -> Key {
        match self {
            Node::Number(x) => Key::Number(x.to_bits()),
            Node::Symbol(s) => Key::Symbol(*s),
            Node::Sum(terms) => {
                let mut key: Vec<_> = terms.iter().map(|&(c, id)| (id, c.bits())).collect();
                key.sort_unstable();
                Key::Sum(key)
            }
            Node::Product(coefficient, factors) => {
                let mut key: Vec<_> = factors.iter().map(|&(id, e)| (id, e.to_bits())).collect();
                key.sort_unstable();
                Key::Product(coefficient.bits(), key)
            }
            Node::Not(a) => Key::Not(*a),
            Node::Binary(operator, a, b) => Key::Binary(*operator, *a, *b),
            Node::Call(function, arguments) => Key::Call(*function, arguments.clone()),
            Node::Piecewise(pieces, otherwise) => Key::Piecewise(pieces.clone(), *otherwise),
        }
    }
}

/// Terms under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub terms: Vec<(Coefficient, Id)>,
    pub place: HashMap<Id, usize>,
}

impl Sum {
    pub fn push(&mut self, coefficient: Coefficient, id: Id) {
        if coefficient == Coefficient::ZERO {
            return;
        }
        match self.place.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(self.terms.len());
                self.terms.push((coefficient, id));
            }
            Entry::Occupied(entry) => {
                let term = &mut self.terms[*entry.get()].0;
                match term.plus(coefficient) {
                    Some(sum) => *term = sum,
                    None => self.terms.push((coefficient, id)),
                }
            }
        }
    }
}

/// Factors under construction.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub coefficient: Coefficient,
    pub factors: Vec<(Id, f64)>,
    pub place: HashMap<Id, usize>,
}

impl Product {
    pub fn number(coefficient: Coefficient) -> Self {
        Product { coefficient, factors: Vec::new(), place: HashMap::new() }
    }

    pub fn push(&mut self, id: Id, exponent: f64) {
        match self.place.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(self.factors.len());
                self.factors.push((id, exponent));
            }
            Entry::Occupied(entry) => self.factors[*entry.get()].1 += exponent,
        }
    }
}

/// A node under construction.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Sum(Sum),
    Product(Product),
}

impl Form {
    pub fn len(&self) -> usize {
        match self {
            Form::Sum(sum) => sum.terms.len(),
            Form::Product(product) => product.factors.len(),
        }
    }
}

impl Default for Form {
    fn default() -> Self {
        Form::Product(Product::number(Coefficient::ZERO))
    }
}
