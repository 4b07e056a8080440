//! Formulas recorded as a graph in which equal parts are one: to differentiate, to count, to print, to compile.

use crate::frame::{Scalar, sealed};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::{Add, Div, Mul, Sub};

/// What a node of a [`Graph`] computes, from earlier nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Input(u32),
    /// The bits of a number.
    Number(u64),
    Add(u32, u32),
    Subtract(u32, u32),
    Multiply(u32, u32),
    Divide(u32, u32),
    SquareRoot(u32),
}

impl Operation {
    pub(crate) fn number(value: f64) -> Self {
        Operation::Number(value.to_bits())
    }

    pub(crate) fn operands(self) -> impl Iterator<Item = u32> {
        let (a, b) = match self {
            Operation::Input(_) | Operation::Number(_) => (None, None),
            Operation::SquareRoot(a) => (Some(a), None),
            Operation::Add(a, b) | Operation::Subtract(a, b) | Operation::Multiply(a, b) | Operation::Divide(a, b) => {
                (Some(a), Some(b))
            }
        };
        a.into_iter().chain(b)
    }
}

/// Nodes in an order in which each comes after its operands.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: RefCell<Vec<Operation>>,
    positions: RefCell<HashMap<Operation, u32>>,
}

/// A number, or the value of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Node<'g> {
    Number(f64),
    At(&'g Graph, u32),
}

impl Graph {
    pub(crate) fn input(&self, position: usize) -> Node<'_> {
        self.node(Operation::Input(u32::try_from(position).expect("formulas have few inputs")))
    }

    fn node(&self, operation: Operation) -> Node<'_> {
        let mut nodes = self.nodes.borrow_mut();
        let id = *self.positions.borrow_mut().entry(operation).or_insert_with(|| {
            nodes.push(operation);
            u32::try_from(nodes.len() - 1).expect("graphs have fewer than 2^32 nodes")
        });
        Node::At(self, id)
    }

    fn operation(&self, id: u32) -> Operation {
        self.nodes.borrow()[id as usize]
    }

    /// The nodes so far.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        self.nodes.borrow().clone()
    }

    /// The place of a node; that of a number is made.
    pub(crate) fn place(&self, node: Node<'_>) -> u32 {
        match node {
            Node::At(_, id) => id,
            Node::Number(value) => match self.node(Operation::number(value)) {
                Node::At(_, id) => id,
                Node::Number(_) => unreachable!("made nodes have a place"),
            },
        }
    }

    /// The derivative of each output by one input, by forward accumulation over the graph.
    pub(crate) fn derivatives<'g>(&'g self, outputs: &[Node<'g>], input: usize) -> Vec<Node<'g>> {
        let operations = self.operations();
        let mut tangents: Vec<Node<'g>> = Vec::with_capacity(operations.len());
        for (id, operation) in operations.iter().enumerate() {
            let t = |a: u32| tangents[a as usize];
            let v = |a: u32| match operations[a as usize] {
                Operation::Number(bits) => Node::Number(f64::from_bits(bits)),
                _ => Node::At(self, a),
            };
            tangents.push(match *operation {
                Operation::Input(i) => Node::Number(if i as usize == input { 1.0 } else { 0.0 }),
                Operation::Number(_) => Node::Number(0.0),
                Operation::Add(a, b) => t(a) + t(b),
                Operation::Subtract(a, b) => t(a) - t(b),
                Operation::Multiply(a, b) => t(a) * v(b) + v(a) * t(b),
                Operation::Divide(a, b) => (t(a) - Node::At(self, id as u32) * t(b)) / v(b),
                Operation::SquareRoot(a) => Node::Number(0.5) * t(a) / Node::At(self, id as u32),
            });
        }
        let tangent = |output: &Node<'g>| match output {
            Node::Number(_) => Node::Number(0.0),
            Node::At(_, id) => tangents[*id as usize],
        };
        outputs.iter().map(tangent).collect()
    }

    fn binary<'g>(&'g self, operation: fn(u32, u32) -> Operation, a: Node<'g>, b: Node<'g>) -> Node<'g> {
        self.node(operation(self.place(a), self.place(b)))
    }

    /// As [`Graph::binary`], for operations that commute.
    fn symmetric<'g>(&'g self, operation: fn(u32, u32) -> Operation, a: Node<'g>, b: Node<'g>) -> Node<'g> {
        let (a, b) = (self.place(a), self.place(b));
        self.node(operation(a.min(b), a.max(b)))
    }
}

impl<'g> Node<'g> {
    fn graph(self, other: Node<'g>) -> &'g Graph {
        match (self, other) {
            (Node::At(graph, _), _) | (_, Node::At(graph, _)) => graph,
            _ => unreachable!("numbers are computed with at once"),
        }
    }

    fn same(self, other: Node<'g>) -> bool {
        matches!((self, other), (Node::At(_, a), Node::At(_, b)) if a == b)
    }

    fn operation(self) -> Option<(&'g Graph, Operation)> {
        match self {
            Node::At(graph, id) => Some((graph, graph.operation(id))),
            Node::Number(_) => None,
        }
    }

    /// x of a node that is -1 * x.
    fn negated(self) -> Option<Node<'g>> {
        match self.operation()? {
            (graph, Operation::Multiply(a, b)) => {
                let minus_one = Operation::number(-1.0);
                if graph.operation(a) == minus_one {
                    Some(Node::At(graph, b))
                } else if graph.operation(b) == minus_one {
                    Some(Node::At(graph, a))
                } else {
                    None
                }
            }
            _ => None,
        }
    }
}

impl sealed::Sealed for Node<'_> {}

impl From<f64> for Node<'_> {
    fn from(value: f64) -> Self {
        Node::Number(value)
    }
}

impl<'g> Add for Node<'g> {
    type Output = Node<'g>;
    fn add(self, b: Node<'g>) -> Node<'g> {
        match (self, b) {
            (Node::Number(x), Node::Number(y)) => Node::Number(x + y),
            (Node::Number(0.0), other) | (other, Node::Number(0.0)) => other,
            (a, b) => match (a.negated(), b.negated()) {
                (_, Some(b)) => a - b,
                (Some(a), None) => b - a,
                (None, None) => a.graph(b).symmetric(Operation::Add, a, b),
            },
        }
    }
}

impl<'g> Sub for Node<'g> {
    type Output = Node<'g>;
    fn sub(self, b: Node<'g>) -> Node<'g> {
        match (self, b) {
            (Node::Number(x), Node::Number(y)) => Node::Number(x - y),
            (a, Node::Number(0.0)) => a,
            (Node::Number(0.0), b) => Node::Number(-1.0) * b,
            (a, b) if a.same(b) => Node::Number(0.0),
            (a, b) => match b.negated() {
                Some(b) => a + b,
                None => a.graph(b).binary(Operation::Subtract, a, b),
            },
        }
    }
}

impl<'g> Mul for Node<'g> {
    type Output = Node<'g>;
    fn mul(self, b: Node<'g>) -> Node<'g> {
        match (self, b) {
            (Node::Number(x), Node::Number(y)) => Node::Number(x * y),
            (Node::Number(0.0), _) | (_, Node::Number(0.0)) => Node::Number(0.0),
            (Node::Number(1.0), other) | (other, Node::Number(1.0)) => other,
            (Node::Number(-1.0), other) | (other, Node::Number(-1.0)) if other.negated().is_some() => {
                other.negated().expect("just asked")
            }
            (a, b) => {
                if let (true, Some((graph, Operation::SquareRoot(x)))) = (a.same(b), a.operation()) {
                    return Node::At(graph, x);
                }
                match (a.negated(), b.negated()) {
                    (Some(a), Some(b)) => a * b,
                    (Some(a), None) => Node::Number(-1.0) * (a * b),
                    (None, Some(b)) => Node::Number(-1.0) * (a * b),
                    (None, None) => a.graph(b).symmetric(Operation::Multiply, a, b),
                }
            }
        }
    }
}

impl<'g> Div for Node<'g> {
    type Output = Node<'g>;
    fn div(self, b: Node<'g>) -> Node<'g> {
        match (self, b) {
            (Node::Number(x), Node::Number(y)) => Node::Number(x / y),
            (Node::Number(0.0), _) => Node::Number(0.0),
            (a, Node::Number(1.0)) => a,
            (a, b) if a.same(b) => Node::Number(1.0),
            (a, b) => {
                // (x y) / y = x; the products of loadings and roots are such.
                if let Some((graph, Operation::Multiply(x, y))) = a.operation() {
                    for (kept, cancelled) in [(x, y), (y, x)] {
                        if Node::At(graph, cancelled).same(b) {
                            return Node::At(graph, kept);
                        }
                    }
                }
                match a.negated() {
                    Some(a) => Node::Number(-1.0) * (a / b),
                    None => a.graph(b).binary(Operation::Divide, a, b),
                }
            }
        }
    }
}

impl Scalar for Node<'_> {
    fn square_root(self) -> Self {
        match self {
            Node::Number(x) => Node::Number(x.sqrt()),
            Node::At(graph, id) => graph.node(Operation::SquareRoot(id)),
        }
    }
}
