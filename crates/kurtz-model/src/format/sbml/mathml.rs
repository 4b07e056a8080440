//! MathML, as far as SBML allows it, to parts of mathematics.

use super::graph::{Graph, Id, MOST_PARTS, Part};
use super::names::{Kind, Names};
use super::problem::SbmlProblem;
use super::xml::{self, Finding, MATHML};
use crate::expression::{BinaryOperator as B, Function as F, UnaryOperator as U};
use roxmltree::Node;
use std::collections::HashMap;

/// SBML's number of molecules in a mole, fixed since Level 3 Version 1 (CODATA 2006).
pub(super) const AVOGADRO: f64 = 6.022_141_79e23;

/// What a function definition gives.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub id: String,
    pub arguments: usize,
    /// None if the definition is empty.
    pub body: Option<Id>,
}

/// What names mean where the mathematics stands.
pub(super) enum Scope<'a> {
    /// What has an id in the model.
    Model,
    /// The arguments of a function definition and nothing else.
    Arguments(&'a HashMap<String, u32>),
    /// Local parameters first, by their places in the list of all things.
    Local(&'a HashMap<String, u32>),
}

/// Reads mathematics of one model.
pub(super) struct MathReader<'a> {
    pub graph: &'a mut Graph,
    pub names: &'a Names,
    pub functions: &'a [Definition],
}

enum Task<'a, 'i> {
    Open(Node<'a, 'i>),
    /// The element, its operator, and how many values there were before its operands.
    Close(Node<'a, 'i>, usize),
}

/// The operator of an `apply`.
enum Operator<'a> {
    Named(&'a str),
    /// By its place in the list of functions.
    Defined(usize),
    RateOf,
}

impl MathReader<'_> {
    /// Reads the content of a `math` element or of a part of it. `what` says whose it is.
    pub fn read(&mut self, root: Node, scope: &Scope, what: &str) -> Result<Id, Finding> {
        let mut tasks = vec![Task::Open(root)];
        let mut values: Vec<Id> = Vec::new();
        while let Some(task) = tasks.pop() {
            match task {
                Task::Open(node) => {
                    if node.tag_name().namespace() != Some(MATHML) {
                        let name = node.tag_name().name().to_string();
                        let problem = SbmlProblem::UnknownMath { what: what.into(), name };
                        return Err(Finding::new(problem, xml::at(node)).help("it is not in the namespace of MathML"));
                    }
                    match node.tag_name().name() {
                        "apply" | "piecewise" => {
                            tasks.push(Task::Close(node, values.len()));
                            let operands = operands(node, what)?;
                            tasks.extend(operands.into_iter().rev().map(Task::Open));
                        }
                        "math" | "semantics" => {
                            let mut inner = xml::elements(node);
                            let first = inner.next();
                            let alone = node.tag_name().name() == "semantics" || inner.next().is_none();
                            match first {
                                Some(first) if alone => tasks.push(Task::Open(first)),
                                _ => return Err(fault(node, what, "it must hold exactly one expression")),
                            }
                        }
                        _ => {
                            let leaf = self.leaf(node, scope, what)?;
                            values.push(leaf);
                        }
                    }
                }
                Task::Close(node, first) => {
                    let operands = values.split_off(first);
                    let value = if node.tag_name().name() == "piecewise" {
                        self.piecewise(node, operands)
                    } else {
                        self.apply(node, operands, what)?
                    };
                    values.push(value);
                }
            }
            if self.graph.is_full() {
                return Err(too_large(xml::at(root), what));
            }
        }
        values.pop().ok_or_else(|| fault(root, what, "there is no expression"))
    }

    fn leaf(&mut self, node: Node, scope: &Scope, what: &str) -> Result<Id, Finding> {
        let constant = match node.tag_name().name() {
            "cn" => number(node, what)?,
            "ci" => return self.quantity(&xml::content(node), xml::at(node), scope, what),
            "csymbol" => {
                return match symbol(node, what)? {
                    "time" => Ok(self.graph.store(Part::Time)),
                    "avogadro" => Ok(self.graph.number(AVOGADRO)),
                    name => Err(fault(node, what, &format!("`{name}` is a function and needs an argument"))),
                };
            }
            "true" => 1.0,
            "false" => 0.0,
            "pi" => std::f64::consts::PI,
            "exponentiale" => std::f64::consts::E,
            "infinity" => f64::INFINITY,
            "notanumber" => f64::NAN,
            name => {
                let problem = SbmlProblem::UnknownMath { what: what.into(), name: name.into() };
                return Err(Finding::new(problem, xml::at(node)));
            }
        };
        Ok(self.graph.number(constant))
    }

    /// What a name stands for that is mentioned `at` that place.
    pub fn quantity(&mut self, id: &str, at: usize, scope: &Scope, what: &str) -> Result<Id, Finding> {
        let unknown = |near: Option<&str>| {
            let problem = SbmlProblem::Dangling { what: what.into(), expected: "quantity", id: id.to_string() };
            let finding = Finding::new(problem, at);
            match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding,
            }
        };
        if let Scope::Arguments(arguments) = scope {
            return match arguments.get(id) {
                Some(&i) => Ok(self.graph.store(Part::Argument(i))),
                None => Err(unknown(None).help("a function sees only its own arguments")),
            };
        }
        if let Scope::Local(local) = scope
            && let Some(&thing) = local.get(id)
        {
            return Ok(self.graph.store(Part::Thing(thing)));
        }
        let Some(thing) = self.names.find(id) else {
            return Err(unknown(self.names.near(id)));
        };
        match self.names.get(thing).kind {
            kind @ (Kind::Function(_) | Kind::Event | Kind::Other) => {
                let reason = format!("`{id}` names {}, which has no value", kind.with_article());
                Err(Finding::new(SbmlProblem::Math { what: what.into(), reason }, at))
            }
            _ => Ok(self.graph.store(Part::Thing(thing))),
        }
    }

    fn piecewise(&mut self, node: Node, mut operands: Vec<Id>) -> Id {
        let pieces = xml::elements(node).filter(|n| n.tag_name().name() == "piece").count();
        if operands.len() == 2 * pieces {
            // Without an `otherwise` the value is undefined where no condition holds.
            operands.push(self.graph.number(f64::NAN));
        }
        match operands[..] {
            [only] => only,
            _ => self.graph.store(Part::Piecewise(operands.into())),
        }
    }

    fn apply(&mut self, node: Node, operands: Vec<Id>, what: &str) -> Result<Id, Finding> {
        let Some(head) = xml::elements(node).next() else {
            return Err(fault(node, what, "an `apply` is empty"));
        };
        let qualified = qualifier(node).is_some();
        let operator = match head.tag_name().name() {
            "ci" => {
                let id = xml::content(head);
                match self.names.find(&id).map(|thing| self.names.get(thing).kind) {
                    Some(Kind::Function(i)) => Operator::Defined(i),
                    _ => {
                        let id = id.to_string();
                        let problem = SbmlProblem::Dangling { what: what.into(), expected: "function", id };
                        return Err(Finding::new(problem, xml::at(head)));
                    }
                }
            }
            "csymbol" => match symbol(head, what)? {
                "rateOf" => Operator::RateOf,
                name => return Err(fault(head, what, &format!("`{name}` is no function"))),
            },
            name => Operator::Named(name),
        };
        let count = operands.len();
        let arguments = |expected: &str, name: &str| {
            let problem = SbmlProblem::Arguments {
                what: what.into(),
                operator: name.into(),
                expected: expected.into(),
                found: count,
            };
            Finding::new(problem, xml::at(node))
        };
        match operator {
            Operator::RateOf => match operands[..] {
                [a] => Ok(self.graph.store(Part::RateOf(a))),
                _ => Err(arguments("1 argument", "rateOf")),
            },
            Operator::Defined(i) => {
                let function = &self.functions[i];
                if count != function.arguments {
                    let n = function.arguments;
                    let expected = if n == 1 { "1 argument".into() } else { format!("{n} arguments") };
                    return Err(arguments(&expected, &function.id));
                }
                let Some(body) = function.body else {
                    return Err(fault(node, what, &format!("function `{}` is not defined", function.id)));
                };
                Ok(self.graph.expand(body, &operands))
            }
            Operator::Named(name) => match self.operation(name, &operands, qualified) {
                Some(Ok(id)) => Ok(id),
                Some(Err(expected)) => Err(arguments(expected, name)),
                None => {
                    let problem = SbmlProblem::UnknownMath { what: what.into(), name: name.into() };
                    Err(Finding::new(problem, xml::at(head)))
                }
            },
        }
    }

    /// An operation of MathML. `None` if there is none of that name, an error saying what it takes.
    pub fn operation(&mut self, name: &str, x: &[Id], qualified: bool) -> Option<Result<Id, &'static str>> {
        let g = &mut *self.graph;
        if let Some((function, inverse_argument, inverse_value)) = one_argument(name) {
            let &[a] = x else {
                return Some(Err("1 argument"));
            };
            let one = g.number(1.0);
            let a = if inverse_argument { g.binary(B::Divide, one, a) } else { a };
            let value = g.call(function, a);
            return Some(Ok(if inverse_value { g.binary(B::Divide, one, value) } else { value }));
        }
        Some(Ok(match (name, x) {
            ("plus", _) => self.chain(B::Add, 0.0, x),
            ("times", _) => self.chain(B::Multiply, 1.0, x),
            ("minus", &[a]) => g.unary(U::Negate, a),
            ("minus", &[a, b]) => g.binary(B::Subtract, a, b),
            ("divide", &[a, b]) => g.binary(B::Divide, a, b),
            ("power", &[a, b]) => g.binary(B::Power, a, b),
            ("root", &[a]) => g.call(F::Sqrt, a),
            ("root", &[degree, a]) if qualified => self.root(degree, a),
            ("log", &[a]) => g.call(F::Log10, a),
            ("log", &[base, a]) if qualified => self.logarithm(base, a),
            ("quotient", &[a, b]) => self.quotient(a, b),
            ("rem", &[a, b]) => {
                let quotient = self.quotient(a, b);
                let whole = self.graph.binary(B::Multiply, b, quotient);
                self.graph.binary(B::Subtract, a, whole)
            }
            ("min" | "max", [_, ..]) => {
                let function = if name == "min" { F::Min } else { F::Max };
                g.store(Part::Call(function, x.into()))
            }
            ("not", &[a]) => g.unary(U::Not, a),
            ("and", _) => self.chain(B::And, 1.0, x),
            ("or", _) => self.chain(B::Or, 0.0, x),
            ("xor", _) => {
                // What it compares must be 0 or 1.
                let truths: Vec<Id> = x.iter().map(|&a| self.truth(a)).collect();
                self.chain(B::NotEqual, 0.0, &truths)
            }
            ("implies", &[a, b]) => {
                let not = g.unary(U::Not, a);
                g.binary(B::Or, not, b)
            }
            ("neq", &[a, b]) => g.binary(B::NotEqual, a, b),
            ("eq" | "lt" | "leq" | "gt" | "geq", _) => {
                let operator = match name {
                    "eq" => B::Equal,
                    "lt" => B::Less,
                    "leq" => B::LessEqual,
                    "gt" => B::Greater,
                    _ => B::GreaterEqual,
                };
                let pairs: Vec<Id> = x.windows(2).map(|pair| g.binary(operator, pair[0], pair[1])).collect();
                self.chain(B::And, 1.0, &pairs)
            }
            ("minus", _) => return Some(Err("1 or 2 arguments")),
            ("divide" | "power" | "quotient" | "rem" | "implies" | "neq", _) => return Some(Err("2 arguments")),
            ("root" | "log" | "not", _) => return Some(Err("1 argument")),
            ("min" | "max", _) => return Some(Err("1 argument or more")),
            _ => return None,
        }))
    }

    /// An operation on any number of operands: from the left, `neutral` of none.
    fn chain(&mut self, operator: B, neutral: f64, x: &[Id]) -> Id {
        match *x {
            [] => self.graph.number(neutral),
            [only] if matches!(operator, B::And | B::Or) => self.truth(only),
            [first, ref rest @ ..] => rest.iter().fold(first, |sum, &a| self.graph.binary(operator, sum, a)),
        }
    }

    /// 1 for what is not 0. Comparisons and logic are that already.
    fn truth(&mut self, a: Id) -> Id {
        let already = match self.graph.part(a) {
            Part::Unary(operator, _) => *operator == U::Not,
            Part::Binary(operator, ..) => operator.is_comparison() || matches!(operator, B::And | B::Or),
            Part::Number(bits) => [0.0, 1.0].contains(&f64::from_bits(*bits)),
            _ => false,
        };
        if already {
            return a;
        }
        let zero = self.graph.number(0.0);
        self.graph.binary(B::NotEqual, a, zero)
    }

    /// a / b without its fraction: rounded towards 0, as MathML defines it.
    fn quotient(&mut self, a: Id, b: Id) -> Id {
        let g = &mut *self.graph;
        let (zero, ratio) = (g.number(0.0), g.binary(B::Divide, a, b));
        let (down, up) = (g.call(F::Floor, ratio), g.call(F::Ceil, ratio));
        let positive = g.binary(B::GreaterEqual, ratio, zero);
        g.store(Part::Piecewise([down, positive, up].into()))
    }

    /// The real root, of negative numbers too where the degree is an odd number.
    fn root(&mut self, degree: Id, a: Id) -> Id {
        let g = &mut *self.graph;
        let n = match *g.part(degree) {
            Part::Number(bits) => f64::from_bits(bits),
            _ => f64::NAN,
        };
        if n == 2.0 {
            return g.call(F::Sqrt, a);
        }
        let one = g.number(1.0);
        let exponent = g.binary(B::Divide, one, degree);
        let root = g.binary(B::Power, a, exponent);
        if n % 2.0 != 1.0 && n % 2.0 != -1.0 {
            return root;
        }
        let zero = g.number(0.0);
        let negative = g.binary(B::Less, a, zero);
        let opposite = g.unary(U::Negate, a);
        let mirrored = g.binary(B::Power, opposite, exponent);
        let mirrored = g.unary(U::Negate, mirrored);
        g.store(Part::Piecewise([mirrored, negative, root].into()))
    }

    fn logarithm(&mut self, base: Id, a: Id) -> Id {
        let g = &mut *self.graph;
        if *g.part(base) == Part::Number(10f64.to_bits()) {
            return g.call(F::Log10, a);
        }
        let (above, below) = (g.call(F::Log, a), g.call(F::Log, base));
        g.binary(B::Divide, above, below)
    }
}

/// Functions of one argument: ours, whether of its inverse, whether the inverse of its value.
fn one_argument(name: &str) -> Option<(F, bool, bool)> {
    let plain = |f| Some((f, false, false));
    let of_inverse = |f| Some((f, true, false));
    let inverse = |f| Some((f, false, true));
    match name {
        "abs" => plain(F::Abs),
        "exp" => plain(F::Exp),
        "ln" => plain(F::Log),
        "floor" => plain(F::Floor),
        "ceiling" => plain(F::Ceil),
        "factorial" => plain(F::Factorial),
        "sin" => plain(F::Sin),
        "cos" => plain(F::Cos),
        "tan" => plain(F::Tan),
        "sec" => inverse(F::Cos),
        "csc" => inverse(F::Sin),
        "cot" => inverse(F::Tan),
        "sinh" => plain(F::Sinh),
        "cosh" => plain(F::Cosh),
        "tanh" => plain(F::Tanh),
        "sech" => inverse(F::Cosh),
        "csch" => inverse(F::Sinh),
        "coth" => inverse(F::Tanh),
        "arcsin" => plain(F::Asin),
        "arccos" => plain(F::Acos),
        "arctan" => plain(F::Atan),
        "arcsec" => of_inverse(F::Acos),
        "arccsc" => of_inverse(F::Asin),
        "arccot" => of_inverse(F::Atan),
        "arcsinh" => plain(F::Asinh),
        "arccosh" => plain(F::Acosh),
        "arctanh" => plain(F::Atanh),
        "arcsech" => of_inverse(F::Acosh),
        "arccsch" => of_inverse(F::Asinh),
        "arccoth" => of_inverse(F::Atanh),
        _ => None,
    }
}

/// The `degree` or `logbase` of an `apply`.
fn qualifier<'a, 'i>(node: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    xml::elements(node).find(|n| matches!(n.tag_name().name(), "degree" | "logbase"))
}

/// The expressions to be read for an `apply` (qualifier first) or a `piecewise` (value, condition, ..., otherwise).
fn operands<'a, 'i>(node: Node<'a, 'i>, what: &str) -> Result<Vec<Node<'a, 'i>>, Finding> {
    let inside = |part: Node<'a, 'i>, count: usize| {
        let inner: Vec<_> = xml::elements(part).collect();
        if inner.len() == count {
            Ok(inner)
        } else {
            let problem = SbmlProblem::Arguments {
                what: what.into(),
                operator: part.tag_name().name().into(),
                expected: if count == 1 { "1 expression".into() } else { format!("{count} expressions") },
                found: inner.len(),
            };
            Err(Finding::new(problem, xml::at(part)))
        }
    };
    if node.tag_name().name() == "apply" {
        let qualifier = qualifier(node);
        let mut found = match qualifier {
            Some(qualifier) => inside(qualifier, 1)?,
            None => Vec::new(),
        };
        found.extend(xml::elements(node).skip(1).filter(|n| Some(*n) != qualifier));
        return Ok(found);
    }
    let (mut found, mut otherwise) = (Vec::new(), None);
    for part in xml::elements(node) {
        match part.tag_name().name() {
            "piece" => found.extend(inside(part, 2)?),
            "otherwise" if otherwise.is_none() => otherwise = Some(inside(part, 1)?),
            name => {
                let problem = SbmlProblem::UnknownMath { what: what.into(), name: name.into() };
                return Err(Finding::new(problem, xml::at(part)));
            }
        }
    }
    found.extend(otherwise.into_iter().flatten());
    if found.is_empty() {
        return Err(fault(node, what, "a `piecewise` is empty"));
    }
    Ok(found)
}

/// The meaning of a `csymbol` that is supported.
fn symbol<'a>(node: Node<'a, '_>, what: &str) -> Result<&'a str, Finding> {
    let url = node.attribute("definitionURL").unwrap_or("").trim();
    let meaning = url.strip_prefix("http://www.sbml.org/sbml/symbols/").unwrap_or("");
    match meaning {
        "time" | "avogadro" | "rateOf" => Ok(meaning),
        "delay" => {
            let problem = SbmlProblem::Unsupported { feature: "delays of quantities (`delay`)", what: what.into() };
            Err(Finding::new(problem, xml::at(node)))
        }
        _ => {
            let name = if url.is_empty() { "csymbol" } else { url };
            let problem = SbmlProblem::UnknownMath { what: what.into(), name: name.into() };
            Err(Finding::new(problem, xml::at(node)))
        }
    }
}

/// The value of a `cn`.
fn number(node: Node, what: &str) -> Result<f64, Finding> {
    let parse = xml::real;
    if node.attribute("base").is_some_and(|base| base.trim() != "10") {
        return Err(fault(node, what, "numbers in SBML have base 10"));
    }
    let mut parts = vec![String::new()];
    for part in node.children() {
        if part.is_element() {
            parts.push(String::new());
        } else if let (true, Some(text), Some(last)) = (part.is_text(), part.text(), parts.last_mut()) {
            last.push_str(text);
        }
    }
    let value = match (node.attribute("type").unwrap_or("real"), &parts[..]) {
        ("real" | "integer", [text]) => parse(text),
        // Together they are read as one decimal, which rounds once.
        ("e-notation", [mantissa, exponent]) => {
            let exponent = exponent.trim();
            exponent.parse::<i64>().ok().and_then(|e| parse(&format!("{}e{e}", mantissa.trim())))
        }
        ("rational", [above, below]) => parse(above).zip(parse(below)).map(|(a, b)| a / b),
        _ => None,
    };
    value.ok_or_else(|| fault(node, what, &format!("`{}` is not a number", parts.join(" ").trim())))
}

fn fault(node: Node, what: &str, reason: &str) -> Finding {
    Finding::new(SbmlProblem::Math { what: what.into(), reason: reason.into() }, xml::at(node))
}

pub(super) fn too_large(at: usize, what: &str) -> Finding {
    Finding::new(SbmlProblem::TooLarge { what: what.into(), limit: MOST_PARTS }, at)
}
