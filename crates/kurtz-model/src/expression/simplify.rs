//! Simplification: sums and products collected, constants folded.
//!
//! Every node is brought into one of two forms, a sum of terms with numeric coefficients or a product of powers with
//! one numeric coefficient, and stored once (hash-consing). Like terms are then terms of equal number in the store,
//! in whatever order they were written.

mod coefficient;
mod node;
mod rebuild;

use super::{BinaryOperator as B, Expression, Function, UnaryOperator, graph, power};
use coefficient::Coefficient;
use node::{Form, Id, Key, Node, Product, Sum};
use std::collections::{HashMap, HashSet};

impl Expression {
    /// An expression of the same value, usually shorter.
    ///
    /// It folds constants, drops 0 and 1 where they do nothing, collects numeric factors, like terms and powers of the
    /// same base (A*B + B*A is 2*A*B, x/x^3 is 1/x^2), and removes pieces that cannot be chosen. It multiplies nothing
    /// out and keeps the order in which things were written. Simplifying twice changes nothing more.
    ///
    /// Wherever the expression and all its parts are finite numbers, the value stays the same up to rounding (and up to
    /// overflow or underflow of intermediate results, as sums and products are regrouped). Elsewhere the result may be
    /// defined where the expression was not: 0*x becomes 0 and x/x becomes 1 for every x, also where x is infinite, not
    /// a number, or 0.
    ///
    /// # Complexity
    /// In proportion to the stored nodes. For that, a sum or product of more than 32 terms that is shared is left whole
    /// rather than copied into each longer one of which it is part (should only one of these be left in the end,
    /// simplifying again would merge it).
    pub fn simplify(&self) -> Expression {
        let mut store = Store::default();
        let form = graph::fold_sharing(self, |node, children: &mut [Form], shared| {
            let form = store.form(node, children);
            if shared && form.len() > MERGED_TERMS { store.whole(form) } else { form }
        });
        let root = store.store(form);
        store.expression(root)
    }
}

/// Shared sums and products longer than this are not copied into others.
const MERGED_TERMS: usize = 32;

#[derive(Default)]
struct Store {
    nodes: Vec<Node>,
    ids: HashMap<Key, Id>,
}

impl Store {
    fn intern(&mut self, node: Node) -> Id {
        let next = self.nodes.len();
        *self.ids.entry(node.key()).or_insert_with(|| {
            self.nodes.push(node);
            next
        })
    }

    fn one(&mut self) -> Id {
        self.intern(Node::Number(1.0))
    }

    /// The form of a stored node.
    fn open(&mut self, id: Id) -> Form {
        match self.nodes[id].clone() {
            Node::Sum(terms) => {
                let place = terms.iter().enumerate().rev().map(|(i, &(_, id))| (id, i)).collect();
                Form::Sum(Sum { terms, place })
            }
            _ => Form::Product(self.open_product(id)),
        }
    }

    /// A stored node as a product; a sum is its only factor.
    fn open_product(&mut self, id: Id) -> Product {
        match self.nodes[id].clone() {
            Node::Number(x) => match Coefficient::checked(x, true) {
                Some(coefficient) => Product::number(coefficient),
                None => self.one_factor(id, 1.0),
            },
            Node::Product(coefficient, factors) => {
                let place = factors.iter().enumerate().rev().map(|(i, &(id, _))| (id, i)).collect();
                Product { coefficient, factors, place }
            }
            Node::Binary(B::Divide, rest, zero) if self.as_number(rest).is_none_or(|x| x != 0.0) => {
                let mut product = self.open_product(rest);
                product.push(zero, -1.0);
                product
            }
            _ => self.one_factor(id, 1.0),
        }
    }

    fn one_factor(&mut self, id: Id, exponent: f64) -> Product {
        let mut product = Product::number(Coefficient::ONE);
        product.push(id, exponent);
        product
    }

    /// The form of one factor, whatever is in it.
    fn whole(&mut self, form: Form) -> Form {
        let id = self.store(form);
        match self.nodes[id] {
            Node::Number(_) => self.open(id),
            _ => Form::Product(self.one_factor(id, 1.0)),
        }
    }

    fn number(&mut self, x: f64) -> Form {
        let id = self.intern(Node::Number(x));
        self.open(id)
    }

    fn as_number(&self, id: Id) -> Option<f64> {
        match self.nodes[id] {
            Node::Number(x) => Some(x),
            _ => None,
        }
    }

    /// The form of a node of an expression, given those of its children.
    fn form(&mut self, node: &Expression, children: &mut [Form]) -> Form {
        let mut next = children.iter_mut().map(std::mem::take);
        let mut take = || next.next().unwrap_or_default();
        match node {
            Expression::Number(x) => self.number(*x),
            Expression::Symbol(s) => {
                let id = self.intern(Node::Symbol(*s));
                self.open(id)
            }
            Expression::Unary(UnaryOperator::Negate, _) => self.scaled(take(), Coefficient::MINUS_ONE),
            Expression::Unary(UnaryOperator::Not, _) => {
                let a = self.store(take());
                let id = self.not(a);
                self.open(id)
            }
            Expression::Binary(operator, ..) => {
                let (a, b) = (take(), take());
                match operator {
                    B::Add => self.sum(a, b, Coefficient::ONE),
                    B::Subtract => self.sum(a, b, Coefficient::MINUS_ONE),
                    B::Multiply => self.product(a, b, 1.0),
                    B::Divide => self.product(a, b, -1.0),
                    B::Power => self.raised(a, b),
                    _ => {
                        let (a, b) = (self.store(a), self.store(b));
                        let id = self.logic(*operator, a, b);
                        self.open(id)
                    }
                }
            }
            Expression::Call(function, _) => {
                let arguments: Vec<Id> = next.map(|argument| self.store(argument)).collect();
                let id = self.call(*function, arguments);
                self.open(id)
            }
            Expression::Piecewise(pieces, _) => {
                let pieces = (0..pieces.len()).map(|_| (self.store(take()), self.store(take()))).collect();
                let otherwise = self.store(take());
                let id = self.piecewise(pieces, otherwise);
                self.open(id)
            }
        }
    }

    fn sum_of(&mut self, form: Form) -> Sum {
        match form {
            Form::Sum(sum) => sum,
            Form::Product(product) => {
                let mut sum = Sum::default();
                self.push_product(&mut sum, product);
                sum
            }
        }
    }

    fn product_of(&mut self, form: Form) -> Product {
        match form {
            Form::Product(product) => product,
            sum => {
                let id = self.store(sum);
                self.open_product(id)
            }
        }
    }

    fn push_product(&mut self, sum: &mut Sum, mut product: Product) {
        let coefficient = std::mem::replace(&mut product.coefficient, Coefficient::ONE);
        let id = self.store(Form::Product(product));
        self.push_term(sum, coefficient, id);
    }

    /// Adds coefficient * node; where the node is itself a sum or has a coefficient, these are merged.
    fn push_term(&mut self, sum: &mut Sum, coefficient: Coefficient, id: Id) {
        match &self.nodes[id] {
            Node::Sum(terms) if coefficient.is_unit() && terms.len() <= MERGED_TERMS => {
                for (c, id) in terms.clone() {
                    let c = if coefficient.is_one() { c } else { c.negated() };
                    self.push_term(sum, c, id);
                }
            }
            Node::Number(x) if *x != 1.0 => match Coefficient::checked(*x, true).and_then(|x| x.times(coefficient)) {
                Some(value) => {
                    let one = self.one();
                    sum.push(value, one);
                }
                None => sum.push(coefficient, id),
            },
            Node::Product(inner, factors) if !inner.is_one() => match inner.times(coefficient) {
                Some(outer) => {
                    let rest = Node::Product(Coefficient::ONE, factors.clone());
                    let id = self.store_product(rest);
                    sum.push(outer, id);
                }
                None => sum.push(coefficient, id),
            },
            _ => sum.push(coefficient, id),
        }
    }

    fn store_product(&mut self, node: Node) -> Id {
        let Node::Product(coefficient, factors) = node else {
            return self.intern(node);
        };
        let place = factors.iter().enumerate().rev().map(|(i, &(id, _))| (id, i)).collect();
        self.store(Form::Product(Product { coefficient, factors, place }))
    }

    /// a + sign b.
    fn sum(&mut self, a: Form, b: Form, sign: Coefficient) -> Form {
        let mut sum = self.sum_of(a);
        match b {
            Form::Sum(b) => {
                for (coefficient, id) in b.terms {
                    sum.push(if sign.is_one() { coefficient } else { coefficient.negated() }, id);
                }
            }
            Form::Product(b) => {
                let b =
                    Product { coefficient: if sign.is_one() { b.coefficient } else { b.coefficient.negated() }, ..b };
                self.push_product(&mut sum, b);
            }
        }
        Form::Sum(sum)
    }

    /// coefficient * a, for a coefficient of 1 or -1.
    fn scaled(&mut self, a: Form, coefficient: Coefficient) -> Form {
        match a {
            Form::Sum(mut sum) => {
                sum.terms.iter_mut().for_each(|(c, _)| *c = if coefficient.is_one() { *c } else { c.negated() });
                Form::Sum(sum)
            }
            Form::Product(product) => {
                let c = if coefficient.is_one() { product.coefficient } else { product.coefficient.negated() };
                Form::Product(Product { coefficient: c, ..product })
            }
        }
    }

    /// a b^exponent, for an exponent of 1 or -1.
    fn product(&mut self, a: Form, b: Form, exponent: f64) -> Form {
        let mut product = self.product_of(a);
        let b = self.product_of(b);
        self.multiply(&mut product, b, exponent);
        Form::Product(product)
    }

    fn multiply(&mut self, product: &mut Product, b: Product, exponent: f64) {
        self.multiply_number(product, b.coefficient, exponent);
        for (id, e) in b.factors {
            product.push(id, e * exponent);
        }
    }

    /// Multiplies by a power of a number; one that overflows, or 1/0, stays a factor.
    fn multiply_number(&mut self, product: &mut Product, number: Coefficient, exponent: f64) {
        match number.to(exponent).and_then(|c| product.coefficient.times(c)) {
            Some(c) => product.coefficient = c,
            None => {
                let id = self.intern(Node::Number(number.value()));
                product.push(id, exponent);
            }
        }
    }

    /// a^b.
    fn raised(&mut self, a: Form, b: Form) -> Form {
        let (a, b) = (self.store(a), self.store(b));
        let Some(exponent) = self.as_number(b).filter(|e| e.is_finite()) else {
            if self.as_number(a) == Some(1.0) {
                return self.number(1.0);
            }
            let id = self.intern(Node::Binary(B::Power, a, b));
            return self.open(id);
        };
        if exponent == 0.0 {
            return self.number(1.0);
        }
        let mut base = self.open_product(a);
        let whole = exponent == exponent.trunc();
        if base.factors.is_empty() {
            let x = base.coefficient.value();
            let folded = Coefficient::checked(power(x, exponent), x == 0.0);
            if whole && exponent.abs() <= 64.0 {
                let mut product = Product::number(Coefficient::ONE);
                self.multiply_number(&mut product, base.coefficient, exponent);
                return Form::Product(product);
            }
            return match folded {
                Some(c) => Form::Product(Product::number(c)),
                None => Form::Product(self.one_factor(a, exponent)),
            };
        }
        // (x^a)^b is x^(a b) unless a is even and b is not whole: (x^2)^0.5 is |x|.
        let single = match base.factors[..] {
            [(_, inner)] => base.coefficient.is_one() && (inner != inner.trunc() || inner % 2.0 != 0.0),
            _ => false,
        };
        if single {
            base.factors.iter_mut().for_each(|(_, e)| *e *= exponent);
            return Form::Product(base);
        }
        if whole {
            let mut product = Product::number(Coefficient::ONE);
            self.multiply(&mut product, base, exponent);
            return Form::Product(product);
        }
        Form::Product(self.one_factor(a, exponent))
    }

    /// Stores a form, bringing it into its final shape.
    fn store(&mut self, form: Form) -> Id {
        match form {
            Form::Sum(sum) => self.store_sum(sum),
            Form::Product(product) => self.store_whole_product(product),
        }
    }

    fn store_sum(&mut self, mut sum: Sum) -> Id {
        // Terms whose coefficient has become 1 may be sums to be merged; each round takes one level of them away.
        loop {
            sum.terms.retain(|(c, _)| *c != Coefficient::ZERO);
            let nested = |(c, id): &(Coefficient, Id)| {
                c.is_unit() && matches!(&self.nodes[*id], Node::Sum(terms) if terms.len() <= MERGED_TERMS)
            };
            if !sum.terms.iter().any(nested) {
                break;
            }
            let mut merged = Sum::default();
            for (c, id) in sum.terms {
                self.push_term(&mut merged, c, id);
            }
            sum = merged;
        }
        // Subtraction reads better than a sum that begins with a minus sign.
        if let Some(positive) = sum.terms.iter().position(|(c, _)| c.numerator > 0.0) {
            sum.terms[..=positive].rotate_right(1);
        }
        match sum.terms[..] {
            [] => self.intern(Node::Number(0.0)),
            [(coefficient, id)] => {
                let mut product = self.open_product(id);
                self.multiply_number(&mut product, coefficient, 1.0);
                self.store_whole_product(product)
            }
            _ => self.intern(Node::Sum(sum.terms)),
        }
    }

    fn store_whole_product(&mut self, mut product: Product) -> Id {
        // Factors whose exponent has become whole may be products or numbers to be merged.
        loop {
            product.factors.retain(|&(_, e)| e != 0.0);
            let nested = |&(id, e): &(Id, f64)| match &self.nodes[id] {
                Node::Product(_, factors) if factors.len() > MERGED_TERMS => false,
                Node::Product(c, factors) => {
                    e == e.trunc() && c.to(e).is_some() || factors.len() == 1 && c.is_one() && factors[0].1 % 2.0 != 0.0
                }
                Node::Number(x) => raised_number(*x, e).and_then(|c| c.times(product.coefficient)).is_some(),
                _ => false,
            };
            let Some(at) = product.factors.iter().position(nested) else {
                break;
            };
            let (id, exponent) = product.factors[at];
            let inner = self.open_product(id);
            let mut merged = Product::number(product.coefficient);
            for (i, &(id, e)) in product.factors.iter().enumerate() {
                if i == at && inner.factors.is_empty() {
                    let number = raised_number(inner.coefficient.value(), exponent).unwrap_or(Coefficient::ONE);
                    self.multiply_number(&mut merged, number, 1.0);
                } else if i == at {
                    self.multiply_number(&mut merged, inner.coefficient, exponent);
                    inner.factors.iter().for_each(|&(id, e)| merged.push(id, e * exponent));
                } else {
                    merged.push(id, e);
                }
            }
            product = merged;
        }
        // A division by zero stays what it is, around all the rest.
        let zero = self.ids.get(&Key::Number(0)).copied();
        if let Some(at) = product.factors.iter().position(|&(id, e)| Some(id) == zero && e < 0.0) {
            let (zero, _) = product.factors.remove(at);
            let rest = self.store_whole_product(product);
            return self.intern(Node::Binary(B::Divide, rest, zero));
        }
        if product.coefficient == Coefficient::ZERO {
            return self.intern(Node::Number(0.0));
        }
        // Numerators first, as they will be read.
        product.factors.sort_by_key(|&(_, e)| e < 0.0);
        match product.factors[..] {
            [] => self.intern(Node::Number(product.coefficient.value())),
            [(id, 1.0)] if product.coefficient.is_one() => id,
            [(id, 1.0)] if product.coefficient == Coefficient::MINUS_ONE && matches!(self.nodes[id], Node::Sum(_)) => {
                let form = self.open(id);
                let negated = self.scaled(form, Coefficient::MINUS_ONE);
                self.store(negated)
            }
            _ => self.intern(Node::Product(product.coefficient, product.factors)),
        }
    }

    fn is_truth(&self, id: Id) -> bool {
        match self.nodes[id] {
            Node::Not(_) => true,
            Node::Binary(operator, ..) => !matches!(operator, B::Power | B::Divide),
            Node::Number(x) => x == 0.0 || x == 1.0,
            _ => false,
        }
    }

    fn not(&mut self, a: Id) -> Id {
        if let Some(x) = self.as_number(a) {
            return self.intern(Node::Number(UnaryOperator::Not.apply(x)));
        }
        match self.nodes[a] {
            Node::Not(inner) if self.is_truth(inner) => inner,
            _ => self.intern(Node::Not(a)),
        }
    }

    /// Comparisons and logic.
    fn logic(&mut self, operator: B, a: Id, b: Id) -> Id {
        let (x, y) = (self.as_number(a), self.as_number(b));
        if let (Some(x), Some(y)) = (x, y) {
            return self.intern(Node::Number(operator.apply(x, y)));
        }
        // One side of && or || can decide, or leave the decision to the other.
        let absorbing = match operator {
            B::And => Some(false),
            B::Or => Some(true),
            _ => None,
        };
        if let Some(absorbing) = absorbing {
            for (known, other) in [(x, b), (y, a)] {
                match known {
                    Some(known) if (known != 0.0) == absorbing => {
                        return self.intern(Node::Number(f64::from(u8::from(absorbing))));
                    }
                    Some(_) if self.is_truth(other) => return other,
                    _ => {}
                }
            }
            if a == b && self.is_truth(a) {
                return a;
            }
        }
        self.intern(Node::Binary(operator, a, b))
    }

    fn call(&mut self, function: Function, mut arguments: Vec<Id>) -> Id {
        let numbers: Option<Vec<f64>> = arguments.iter().map(|&a| self.as_number(a)).collect();
        if let Some(value) = numbers.map(|x| function.apply(&x)).filter(|x| x.is_finite()) {
            return self.intern(Node::Number(value));
        }
        if function.takes_many() {
            let mut kept: Vec<Id> = Vec::with_capacity(arguments.len());
            for a in arguments {
                match &self.nodes[a] {
                    Node::Call(inner, more) if *inner == function => kept.extend(more),
                    _ => kept.push(a),
                }
            }
            let mut seen = HashSet::new();
            kept.retain(|&a| seen.insert(a));
            arguments = kept;
            if let [only] = arguments[..] {
                return only;
            }
        }
        match (function, arguments.first().map(|&a| &self.nodes[a])) {
            (Function::Exp, Some(Node::Call(Function::Log, inner))) if inner.len() == 1 => inner[0],
            (Function::Log, Some(Node::Call(Function::Exp, inner))) if inner.len() == 1 => inner[0],
            _ => self.intern(Node::Call(function, arguments)),
        }
    }

    fn piecewise(&mut self, pieces: Vec<(Id, Id)>, mut otherwise: Id) -> Id {
        let mut kept = Vec::with_capacity(pieces.len());
        for (value, condition) in pieces {
            match self.as_number(condition) {
                Some(0.0) => {}
                Some(_) => {
                    otherwise = value;
                    break;
                }
                None => kept.push((value, condition)),
            }
        }
        while kept.last().is_some_and(|&(value, _)| value == otherwise) {
            kept.pop();
        }
        if kept.is_empty() { otherwise } else { self.intern(Node::Piecewise(kept, otherwise)) }
    }
}

/// x^e, unless it overflows, underflows or is not defined.
fn raised_number(x: f64, e: f64) -> Option<Coefficient> {
    if e == e.trunc() { Coefficient::checked(x, true)?.to(e) } else { Coefficient::checked(power(x, e), x == 0.0) }
}
