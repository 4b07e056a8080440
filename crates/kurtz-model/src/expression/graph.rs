//! Walking an expression as the graph it is: each shared node once, and never by recursion.

use super::Expression;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// A node still to be walked, and whether somebody else holds it too.
struct Child<'a> {
    node: &'a Expression,
    shared: bool,
}

impl Expression {
    /// Pushes the children, the first one last, so that a stack pops them in reading order.
    fn push_children<'a>(&'a self, mut push: impl FnMut(Child<'a>)) {
        fn of(node: &Arc<Expression>) -> Child<'_> {
            Child { node, shared: Arc::strong_count(node) > 1 }
        }
        match self {
            Expression::Number(_) | Expression::Symbol(_) => {}
            Expression::Unary(_, a) => push(of(a)),
            Expression::Binary(_, a, b) => {
                push(of(b));
                push(of(a));
            }
            Expression::Call(_, arguments) => {
                let shared = Arc::strong_count(arguments) > 1;
                arguments.iter().rev().for_each(|node| push(Child { node, shared }));
            }
            Expression::Piecewise(pieces, otherwise) => {
                push(of(otherwise));
                let shared = Arc::strong_count(pieces) > 1;
                for (value, condition) in pieces.iter().rev() {
                    push(Child { node: condition, shared });
                    push(Child { node: value, shared });
                }
            }
        }
    }

    fn child_count(&self) -> usize {
        match self {
            Expression::Number(_) | Expression::Symbol(_) => 0,
            Expression::Unary(..) => 1,
            Expression::Binary(..) => 2,
            Expression::Call(_, arguments) => arguments.len(),
            Expression::Piecewise(pieces, _) => 2 * pieces.len() + 1,
        }
    }

    fn is_leaf(&self) -> bool {
        matches!(self, Expression::Number(_) | Expression::Symbol(_))
    }

    /// Nodes of the tree this expression stands for, shared ones counted each time; `u64::MAX` if there are more.
    pub fn node_count(&self) -> u64 {
        fold(self, |_, counts: &mut [u64]| counts.iter().fold(1, |sum: u64, &n| sum.saturating_add(n)))
    }

    /// A number that equal expressions share and others hardly ever do.
    pub fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        fold(self, |node, children: &mut [u64]| {
            let mut hasher = DefaultHasher::new();
            std::mem::discriminant(node).hash(&mut hasher);
            match node {
                // 0 and -0 are equal.
                Expression::Number(x) => (x + 0.0).to_bits().hash(&mut hasher),
                Expression::Symbol(s) => s.hash(&mut hasher),
                Expression::Unary(operator, _) => operator.hash(&mut hasher),
                Expression::Binary(operator, ..) => operator.hash(&mut hasher),
                Expression::Call(function, _) => function.hash(&mut hasher),
                Expression::Piecewise(..) => {}
            }
            children.hash(&mut hasher);
            hasher.finish()
        })
    }

    /// Nodes held in memory, shared ones counted once.
    pub fn stored_nodes(&self) -> usize {
        let mut count = 0;
        visit(self, |_| count += 1);
        count
    }

    /// Nodes on the longest way from here to a number or name; 1 for those.
    pub fn depth(&self) -> usize {
        fold(self, |_, depths: &mut [usize]| 1 + depths.iter().max().copied().unwrap_or(0))
    }
}

/// Computes a value for each node from those of its children, from the leaves up.
///
/// `combine` gets a node and the values of its children in reading order (of a piecewise: value, condition, ...,
/// otherwise), which it may take. Shared nodes are computed once and their value cloned.
pub(crate) fn fold<T: Clone>(root: &Expression, mut combine: impl FnMut(&Expression, &mut [T]) -> T) -> T {
    fold_sharing(root, |node, children, _| combine(node, children))
}

/// As [`fold`]; `combine` also hears whether the value is going to be cloned.
pub(super) fn fold_sharing<T: Clone>(
    root: &Expression,
    mut combine: impl FnMut(&Expression, &mut [T], bool) -> T,
) -> T {
    enum Task<'a> {
        Open(Child<'a>),
        Close(Child<'a>),
    }
    let mut tasks = vec![Task::Open(Child { node: root, shared: false })];
    let mut values: Vec<T> = Vec::new();
    let mut known: HashMap<*const Expression, T> = HashMap::new();
    while let Some(task) = tasks.pop() {
        match task {
            Task::Open(Child { node, .. }) if node.is_leaf() => values.push(combine(node, &mut [], false)),
            Task::Open(Child { node, shared }) => match known.get(&std::ptr::from_ref(node)) {
                Some(value) if shared => values.push(value.clone()),
                _ => {
                    tasks.push(Task::Close(Child { node, shared }));
                    node.push_children(|child| tasks.push(Task::Open(child)));
                }
            },
            Task::Close(Child { node, shared }) => {
                let first = values.len() - node.child_count();
                let value = combine(node, &mut values[first..], shared);
                values.truncate(first);
                if shared {
                    known.insert(std::ptr::from_ref(node), value.clone());
                }
                values.push(value);
            }
        }
    }
    values.pop().expect("one value is left for the root")
}

/// Visits each stored node once, in reading order.
pub(super) fn visit<'a>(root: &'a Expression, mut see: impl FnMut(&'a Expression)) {
    let mut stack = vec![Child { node: root, shared: false }];
    let mut seen: HashSet<*const Expression> = HashSet::new();
    while let Some(Child { node, shared }) = stack.pop() {
        if !shared || seen.insert(std::ptr::from_ref(node)) {
            see(node);
            node.push_children(|child| stack.push(child));
        }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = vec![(self, other)];
        let mut seen: HashSet<(*const Expression, *const Expression)> = HashSet::new();
        while let Some((a, b)) = pairs.pop() {
            if std::ptr::eq(a, b) {
                continue;
            }
            match (a, b) {
                (Expression::Number(x), Expression::Number(y)) if x == y || x.is_nan() && y.is_nan() => continue,
                (Expression::Symbol(x), Expression::Symbol(y)) if x == y => continue,
                (Expression::Unary(f, _), Expression::Unary(g, _)) if f == g => {}
                (Expression::Binary(f, ..), Expression::Binary(g, ..)) if f == g => {}
                (Expression::Call(f, x), Expression::Call(g, y)) if f == g && x.len() == y.len() => {}
                (Expression::Piecewise(x, _), Expression::Piecewise(y, _)) if x.len() == y.len() => {}
                _ => return false,
            }
            let first = pairs.len();
            let mut shared = Vec::with_capacity(a.child_count());
            a.push_children(|x| {
                pairs.push((x.node, x.node));
                shared.push(x.shared);
            });
            let mut i = 0;
            b.push_children(|y| {
                pairs[first + i].1 = y.node;
                shared[i] &= y.shared;
                i += 1;
            });
            // Only where both sides are shared can the same pair come up more than a few times.
            let mut kept = first;
            for i in 0..shared.len() {
                let (x, y) = pairs[first + i];
                if !shared[i] || seen.insert((std::ptr::from_ref(x), std::ptr::from_ref(y))) {
                    pairs[kept] = (x, y);
                    kept += 1;
                }
            }
            pairs.truncate(kept);
        }
        true
    }
}

/// Drops long chains by a loop: the derived way would recurse, and overflow the stack on a sum of many terms.
impl Drop for Expression {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.take_children(&mut pending);
        while let Some(mut node) = pending.pop() {
            node.take_children(&mut pending);
        }
    }
}

impl Expression {
    fn take_children(&mut self, pending: &mut Vec<Expression>) {
        fn take(node: &mut Expression, pending: &mut Vec<Expression>) {
            if !node.is_leaf() {
                pending.push(std::mem::replace(node, Expression::Number(0.0)));
            }
        }
        fn take_arc(node: &mut Arc<Expression>, pending: &mut Vec<Expression>) {
            if let Some(node) = Arc::get_mut(node) {
                take(node, pending);
            }
        }
        match self {
            Expression::Number(_) | Expression::Symbol(_) => {}
            Expression::Unary(_, a) => take_arc(a, pending),
            Expression::Binary(_, a, b) => {
                take_arc(a, pending);
                take_arc(b, pending);
            }
            Expression::Call(_, arguments) => {
                let arguments = Arc::get_mut(arguments).into_iter().flatten();
                arguments.for_each(|node| take(node, pending));
            }
            Expression::Piecewise(pieces, otherwise) => {
                take_arc(otherwise, pending);
                for (value, condition) in Arc::get_mut(pieces).into_iter().flatten() {
                    take(value, pending);
                    take(condition, pending);
                }
            }
        }
    }
}

/// Trees of more nodes than this are not written out by `{:?}`.
const DEBUG_NODES: u64 = 1000;

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.node_count();
        if nodes > DEBUG_NODES {
            return write!(f, "[expression of {nodes} nodes]");
        }
        match self {
            Expression::Number(x) => write!(f, "{x:?}"),
            Expression::Symbol(s) => write!(f, "{s:?}"),
            Expression::Unary(operator, a) => write!(f, "{operator:?}({a:?})"),
            Expression::Binary(operator, a, b) => write!(f, "{operator:?}({a:?}, {b:?})"),
            Expression::Call(function, arguments) => {
                write!(f, "{function:?}")?;
                f.debug_list().entries(arguments.iter()).finish()
            }
            Expression::Piecewise(pieces, otherwise) => write!(f, "Piecewise({pieces:?}, {otherwise:?})"),
        }
    }
}
