//! Function definitions, read so that each comes after those it calls.

use super::graph::Graph;
use super::mathml::{Definition, MathReader, Scope};
use super::names::{Kind, Names};
use super::problem::SbmlProblem;
use super::xml::{self, Finding};
use roxmltree::Node;
use std::collections::HashMap;

/// Reads all definitions; they have been named already, in this order.
pub(super) fn read(nodes: &[Node], names: &Names, graph: &mut Graph, findings: &mut Vec<Finding>) -> Vec<Definition> {
    let id = |i: usize| nodes[i].attribute("id").unwrap_or("").trim().to_string();
    let mut functions: Vec<Definition> =
        (0..nodes.len()).map(|i| Definition { id: id(i), arguments: 0, body: None }).collect();
    let order = match order(nodes, names) {
        Ok(order) => order,
        Err(cycle) => {
            let through: Vec<String> = cycle.iter().take(20).map(|&i| id(i)).collect();
            let what = format!("function `{}`", id(cycle[0]));
            findings.push(Finding::new(SbmlProblem::Cycle { what, through }, xml::at(nodes[cycle[0]])));
            return functions;
        }
    };
    for i in order {
        match one(nodes[i], &functions, names, graph) {
            Ok((arguments, body)) => {
                functions[i].arguments = arguments;
                functions[i].body = body;
            }
            // Those that call it would only repeat this.
            Err(finding) => {
                findings.push(finding);
                break;
            }
        }
    }
    functions
}

/// The `lambda` of a definition.
fn lambda<'a, 'i>(node: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    let mut inner = xml::elements(xml::math(node)?).next()?;
    while inner.tag_name().name() == "semantics" {
        inner = xml::elements(inner).next()?;
    }
    Some(inner)
}

fn one(
    node: Node,
    functions: &[Definition],
    names: &Names,
    graph: &mut Graph,
) -> Result<(usize, Option<super::graph::Id>), Finding> {
    let what = format!("function `{}`", node.attribute("id").unwrap_or(""));
    let fault =
        |reason: &str| Finding::new(SbmlProblem::Math { what: what.clone(), reason: reason.into() }, xml::at(node));
    let Some(lambda) = lambda(node) else {
        return Ok((0, None));
    };
    if lambda.tag_name().name() != "lambda" {
        return Err(fault("its mathematics is not a `lambda`"));
    }
    let mut arguments = HashMap::new();
    let mut body = None;
    for part in xml::elements(lambda) {
        if part.tag_name().name() == "bvar" {
            let name = xml::elements(part).next().map(|ci| xml::content(ci).into_owned()).unwrap_or_default();
            if arguments.insert(name.clone(), arguments.len() as u32).is_some() {
                return Err(fault(&format!("two arguments are called `{name}`")));
            }
        } else if body.replace(part).is_some() {
            return Err(fault("its `lambda` has more than one body"));
        }
    }
    let body = body.ok_or_else(|| fault("its `lambda` has no body"))?;
    let body = MathReader { graph, names, functions }.read(body, &Scope::Arguments(&arguments), &what)?;
    Ok((arguments.len(), Some(body)))
}

/// An order in which every function comes after those it calls, or functions that call each other in a circle.
fn order(nodes: &[Node], names: &Names) -> Result<Vec<usize>, Vec<usize>> {
    let calls = |i: usize| -> Vec<usize> {
        let heads = nodes[i].descendants().filter(|n| n.tag_name().name() == "apply");
        let heads = heads.filter_map(|n| xml::elements(n).next()).filter(|n| n.tag_name().name() == "ci");
        let called = heads.filter_map(|head| match names.get(names.find(&xml::content(head))?).kind {
            Kind::Function(called) => Some(called),
            _ => None,
        });
        called.collect()
    };
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    for start in 0..nodes.len() {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        let mut path = vec![(start, calls(start))];
        while let Some((i, pending)) = path.last_mut() {
            let i = *i;
            match pending.pop() {
                None => {
                    state[i] = State::Done;
                    order.push(i);
                    path.pop();
                }
                Some(called) if state[called] == State::Open => {
                    let from = path.iter().position(|&(i, _)| i == called).unwrap_or(0);
                    return Err(path[from..].iter().map(|&(i, _)| i).chain([called]).collect());
                }
                Some(called) if state[called] == State::New => {
                    state[called] = State::Open;
                    path.push((called, calls(called)));
                }
                Some(_) => {}
            }
        }
    }
    Ok(order)
}
