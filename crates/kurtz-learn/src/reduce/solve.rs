//! Solving the fast equations in closed form: one linear unknown after the other, and quadratics by their root.

use super::ReduceError;
use kurtz_model::expression::Function;
use kurtz_model::polynomial::Polynomial;
use kurtz_model::quotient::Quotient;
use kurtz_model::{Expression, SpeciesId, Symbol};
use std::cmp::Ordering;

/// What the equations are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// A symbol of the network; a species stands for its concentration.
    Symbol(Symbol),
    /// A slow total, by its place among the slow variables.
    Total(usize),
    /// A conserved total, by its place among them.
    Conserved(usize),
    /// A sub-expression that is no rational function, by its place in a list.
    Opaque(usize),
}

/// Constants first, as they are written before species.
impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |rank: u64, index: usize| (rank << 32) | index as u64;
        let key = |term: &Term| match term {
            Term::Symbol(Symbol::Parameter(p)) => place(0, p.index()),
            Term::Symbol(Symbol::Compartment(c)) => place(1, c.index()),
            Term::Symbol(Symbol::Time) => place(2, 0),
            Term::Conserved(m) => place(3, *m),
            Term::Opaque(i) => place(4, *i),
            Term::Total(k) => place(5, *k),
            Term::Symbol(Symbol::Species(s)) => place(6, s.index()),
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Term {
    /// The concentration of a species.
    pub fn species(id: usize) -> Term {
        Term::Symbol(Symbol::Species(SpeciesId::from(id)))
    }
}

/// What a species is in terms of what stays and of species solved before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Solved {
    /// A rational function.
    Rational(Quotient<Term>),
    /// A root of a x^2 + b x + c = 0.
    Root(Box<Root>),
}

/// The root (-b + s sqrt(b^2 - 4ac)) / 2a, s = 1 or -1.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// Coefficients a, b, c.
    pub coefficients: [Polynomial<Term>; 3],
    /// Whether s = 1.
    pub is_upper: bool,
    /// Written as 2c / (-b - s sqrt(b^2 - 4ac)), which does not cancel where -b and s differ in sign.
    pub is_inverted: bool,
}

impl Solved {
    /// As an expression, given one for each term.
    pub fn to_expression(&self, of: &impl Fn(&Term) -> Expression) -> Expression {
        match self {
            Solved::Rational(quotient) => quotient.to_expression(of),
            Solved::Root(root) => root.to_expression(of),
        }
    }
}

impl Root {
    fn to_expression(&self, of: &impl Fn(&Term) -> Expression) -> Expression {
        let [a, b, c] = &self.coefficients;
        let expression = |p: &Polynomial<Term>| Quotient::from(p.clone()).to_expression(of);
        let root = |b: Expression| {
            let discriminant = b.powi(2) - 4.0 * expression(a) * expression(c);
            Expression::call(Function::Sqrt, [discriminant.simplify()])
        };
        let minus_b = expression(&-b.clone());
        let (minus_b, root) = (minus_b.clone(), root(minus_b));
        let (above, below) = match (self.is_inverted, self.is_upper) {
            (false, true) => (minus_b + root, 2.0 * expression(a)),
            (false, false) => (minus_b - root, 2.0 * expression(a)),
            // -b - s sqrt, and both signs turned if that is negative throughout.
            (true, true) => (-2.0 * expression(c), expression(b) + root),
            (true, false) => (2.0 * expression(c), minus_b + root),
        };
        (above / below).simplify()
    }

    /// Both roots, the lower sign of s first, from values of the terms.
    fn values(coefficients: &[Polynomial<Term>; 3], value: &impl Fn(&Term) -> f64) -> [f64; 2] {
        let [a, b, c] = [0, 1, 2].map(|i| coefficients[i].evaluate(value));
        let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
        let stable = |s: f64| {
            if b * s <= 0.0 { (-b + s * root) / (2.0 * a) } else { 2.0 * c / (-b - s * root) }
        };
        [stable(-1.0), stable(1.0)]
    }
}

/// States at which branches of roots are told apart: the values of all terms at each.
pub struct Samples<'a> {
    /// Number of them.
    pub count: usize,
    /// The value of a term at one of them.
    pub value: &'a dyn Fn(usize, &Term) -> f64,
}

/// What remains to be solved.
struct Open {
    equations: Vec<Polynomial<Term>>,
    unknowns: Vec<usize>,
}

/// Solves equations = 0 for species (their indices), those of `last` as late as possible. The result is in an order in
/// which each needs only what stays and those before it.
///
/// # Errors
/// Equations that leave something undetermined or have no solution in closed form; a quadratic whose branch changes.
pub fn solve(
    equations: Vec<Polynomial<Term>>,
    unknowns: &[usize],
    last: &[usize],
    samples: &Samples,
    name: &dyn Fn(usize) -> String,
) -> Result<Vec<(usize, Solved)>, ReduceError> {
    let mut open = Open { equations, unknowns: unknowns.to_vec() };
    // Each in terms of unknowns solved later in this list.
    let mut steps: Vec<(usize, Solved)> = Vec::new();
    while !open.unknowns.is_empty() {
        open.equations.retain(|e| !e.is_zero());
        let Some((equation, unknown, kind)) = open.next(last) else {
            return Err(open.refusal(name));
        };
        let polynomial = open.equations.swap_remove(equation);
        open.unknowns.retain(|u| *u != unknown);
        let term = Term::species(unknown);
        let mut parts = polynomial.coefficients_of(&term);
        let mut part = |power: i32| parts.remove(&power).unwrap_or_default();
        if kind == Step::Root {
            let coefficients = [part(2), part(1), part(0)];
            steps.push((unknown, Solved::Root(Box::new(choose(coefficients, unknown, samples, name)?))));
            continue;
        }
        let solution = Quotient::new(-part(0), part(1)).expect("its coefficient is not 0");
        let size = solution.numerator().terms().len() + solution.denominator().terms().len();
        for other in &mut open.equations {
            let degree = other.degree_of(&term);
            if degree > 0 && size.pow(degree.unsigned_abs().min(4)) * other.terms().len() > MOST_PRODUCTS {
                return Err(too_long(&[unknown], name));
            }
            if degree > 0 {
                *other = solution.put_into(other, &term).ok_or_else(|| too_long(&[unknown], name))?;
            }
        }
        steps.push((unknown, Solved::Rational(solution)));
    }
    back_substitute(steps, name)
}

/// Puts what was solved later into what was solved before, so that rational solutions contain roots at most.
fn back_substitute(
    steps: Vec<(usize, Solved)>,
    name: &dyn Fn(usize) -> String,
) -> Result<Vec<(usize, Solved)>, ReduceError> {
    // Roots read what stays and earlier roots alone.
    let (mut roots, rational): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(_, s)| matches!(s, Solved::Root(_)));
    let mut done: Vec<(usize, Solved)> = Vec::new();
    for (unknown, solved) in rational.into_iter().rev() {
        let solved = match solved {
            Solved::Rational(quotient) => {
                let replaced = quotient.substitute(&|t| {
                    done.iter().find_map(|(u, s)| match s {
                        Solved::Rational(q) if Term::species(*u) == *t => Some(q.clone()),
                        _ => None,
                    })
                });
                Solved::Rational(replaced.ok_or_else(|| open_refusal(&[unknown], name))?)
            }
            root @ Solved::Root(_) => root,
        };
        done.push((unknown, solved));
    }
    roots.extend(done);
    Ok(roots)
}

fn too_long(unknowns: &[usize], name: &dyn Fn(usize) -> String) -> ReduceError {
    let names: Vec<String> = unknowns.iter().map(|u| name(*u)).collect();
    ReduceError::NotSolvable {
        reason: format!("their solution for {} would have more than {MOST_TERMS} terms", names.join(", ")),
    }
}

fn open_refusal(unknowns: &[usize], name: &dyn Fn(usize) -> String) -> ReduceError {
    ReduceError::Singular { unknowns: unknowns.iter().map(|u| name(*u)).collect() }
}

/// What is done with an equation, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Linear, and what stands before the unknown is known.
    Linear,
    /// A quadratic without other unknowns.
    Root,
    /// Linear, other unknowns standing before the unknown.
    Fraction,
}

/// Of equations and unknowns, the smallest first: the step, unknowns in the equation, whether what stands before the unknown
/// is no constant, whether it is to be solved last, terms.
type Preference = (Step, usize, bool, bool, usize);

/// Equations of more terms are not solved: nobody could read the result.
const MOST_TERMS: usize = 400;
/// Substitutions of more products of terms are not made.
const MOST_PRODUCTS: usize = 20_000;

impl Open {
    /// The equation and unknown to go on with.
    fn next(&self, last: &[usize]) -> Option<(usize, usize, Step)> {
        let mut best: Option<(Preference, usize, usize)> = None;
        for (e, equation) in self.equations.iter().enumerate() {
            if equation.terms().len() > MOST_TERMS {
                continue;
            }
            let inside: Vec<usize> =
                self.unknowns.iter().copied().filter(|u| equation.degree_of(&Term::species(*u)) > 0).collect();
            for &u in &inside {
                let degree = equation.degree_of(&Term::species(u));
                let before = equation.coefficients_of(&Term::species(u)).remove(&degree).unwrap_or_default();
                let is_known = inside.iter().all(|v| before.degree_of(&Term::species(*v)) == 0);
                let step = match (degree, is_known) {
                    (1, true) => Step::Linear,
                    (2, _) if inside.len() == 1 => Step::Root,
                    (1, false) => Step::Fraction,
                    _ => continue,
                };
                // Few unknowns and a constant before this one: complexes in terms of what is free, and totals last.
                let is_constant = before.symbols().iter().all(|t| matches!(t, Term::Symbol(Symbol::Parameter(_))));
                let key = (step, inside.len(), !is_constant, last.contains(&u), equation.terms().len());
                if best.as_ref().is_none_or(|(k, ..)| key < *k) {
                    best = Some((key, e, u));
                }
            }
        }
        best.map(|(key, e, u)| (e, u, key.0))
    }

    /// Why there is nothing to go on with.
    fn refusal(&self, name: &dyn Fn(usize) -> String) -> ReduceError {
        let names = |list: &[usize]| list.iter().map(|u| name(*u)).collect::<Vec<_>>();
        let occur = |u: &usize| self.equations.iter().any(|e| e.degree_of(&Term::species(*u)) > 0);
        let missing: Vec<usize> = self.unknowns.iter().copied().filter(|u| !occur(u)).collect();
        if !missing.is_empty() {
            return ReduceError::Singular { unknowns: names(&missing) };
        }
        let degree = |e: &Polynomial<Term>| self.unknowns.iter().map(|u| e.degree_of(&Term::species(*u))).max();
        let degree = self.equations.iter().filter_map(degree).max().unwrap_or(0);
        let terms = self.equations.iter().map(|e| e.terms().len()).max().unwrap_or(0);
        if terms > MOST_TERMS {
            return too_long(&self.unknowns, name);
        }
        let reason = format!(
            "{} remain in equations of degree {degree}, and only linear ones and single quadratics have a solution that can \
             be written as a rate law",
            names(&self.unknowns).join(", ")
        );
        ReduceError::NotSolvable { reason }
    }
}

/// The branch of a quadratic that the states lie on, and the form that does not cancel there.
fn choose(
    coefficients: [Polynomial<Term>; 3],
    unknown: usize,
    samples: &Samples,
    name: &dyn Fn(usize) -> String,
) -> Result<Root, ReduceError> {
    let term = Term::species(unknown);
    let (mut votes, mut cancels) = ([0usize; 2], [0usize; 2]);
    for k in 0..samples.count {
        let value = |t: &Term| (samples.value)(k, t);
        let roots = Root::values(&coefficients, &value);
        let truth = value(&term);
        let off = roots.map(|r| if r.is_finite() { (r - truth).abs() } else { f64::INFINITY });
        // A state at which both roots are as near tells nothing.
        let chosen = usize::from(off[1] < off[0]);
        if off[chosen] < 0.2 * off[1 - chosen] {
            votes[chosen] += 1;
        }
        let b = coefficients[1].evaluate(value);
        // (-b + s root)/2a cancels where -b and s differ in sign.
        cancels[0] += usize::from(-b > 0.0);
        cancels[1] += usize::from(-b < 0.0);
    }
    let chosen = usize::from(votes[1] > votes[0]);
    if votes[chosen] == 0 || votes[1 - chosen] * 20 > votes[chosen] {
        let reason =
            format!("`{}` is a root of a quadratic, and the trajectory is on neither branch throughout", name(unknown));
        return Err(ReduceError::NotSolvable { reason });
    }
    let is_inverted = cancels[chosen] * 2 > samples.count;
    Ok(Root { coefficients, is_upper: chosen == 1, is_inverted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kurtz_model::rational::Rational;

    fn x(i: usize) -> Polynomial<Term> {
        Polynomial::symbol(Term::species(i))
    }

    fn number(n: i64) -> Polynomial<Term> {
        Polynomial::integer(n)
    }

    /// Solves for species 0, 1, ..., near the given values, and evaluates with species 5 = 7.
    fn solved(equations: Vec<Polynomial<Term>>, near: &[f64]) -> Result<Vec<f64>, ReduceError> {
        let value = |_: usize, t: &Term| match t {
            Term::Symbol(Symbol::Species(s)) if s.index() < near.len() => near[s.index()],
            _ => 7.0,
        };
        let unknowns: Vec<usize> = (0..near.len()).collect();
        let name = |i: usize| format!("x{i}");
        let steps = solve(equations, &unknowns, &[], &Samples { count: 1, value: &value }, &name)?;
        let mut values = vec![f64::NAN; near.len()];
        for (unknown, solved) in steps {
            let known = |t: &Term| {
                Expression::number(match t {
                    Term::Symbol(Symbol::Species(s)) if s.index() < values.len() => values[s.index()],
                    _ => 7.0,
                })
            };
            values[unknown] = solved.to_expression(&known).evaluate(&|_| f64::NAN);
        }
        Ok(values)
    }

    fn times(a: &Polynomial<Term>, b: &Polynomial<Term>) -> Polynomial<Term> {
        a * b
    }

    fn sum(parts: &[Polynomial<Term>]) -> Polynomial<Term> {
        parts.iter().fold(Polynomial::zero(), |a, b| &a + b)
    }

    #[test]
    fn linear_systems_are_solved_exactly() {
        // x0 + x1 = 10, x5 x0 = 3 x1: x0 = 3, x1 = 7.
        let equations =
            vec![sum(&[x(0), x(1), number(-10)]), sum(&[times(&x(5), &x(0)), x(1).scaled(&Rational::from(-3))])];
        let values = solved(equations, &[3.0, 7.0]).unwrap();
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 7.0).abs() < 1e-14, "{values:?}");
    }

    #[test]
    fn the_branch_of_a_quadratic_is_that_of_the_states() {
        // x0^2 - 5 x0 + 6 = 0, then x1 = x0 + 7.
        let quadratic = sum(&[times(&x(0), &x(0)), x(0).scaled(&Rational::from(-5)), number(6)]);
        let other = sum(&[x(1), -x(0), -x(5)]);
        for root in [2.0, 3.0] {
            let values = solved(vec![quadratic.clone(), other.clone()], &[root + 0.1, root + 7.0]).unwrap();
            assert!((values[0] - root).abs() < 1e-14 && (values[1] - root - 7.0).abs() < 1e-14, "{values:?}");
        }
    }

    #[test]
    fn small_roots_do_not_cancel() {
        // x0^2 + 1e9 x0 - 1 = 0: the root near 1e-9.
        let quadratic = sum(&[times(&x(0), &x(0)), x(0).scaled(&Rational::from(1_000_000_000)), number(-1)]);
        let value = solved(vec![quadratic], &[1e-9]).unwrap()[0];
        assert!((value - 1e-9).abs() < 1e-24, "{value:e}");
    }

    #[test]
    fn what_is_undetermined_or_of_high_degree_is_refused() {
        let undetermined = vec![sum(&[x(0), x(1), number(-10)]), sum(&[x(0), x(1), number(-10)])];
        assert!(matches!(solved(undetermined, &[3.0, 7.0]), Err(ReduceError::Singular { .. })));
        let cubic = vec![sum(&[x(0).power(3).unwrap(), x(0), number(-10)])];
        assert!(matches!(solved(cubic, &[2.0]), Err(ReduceError::NotSolvable { .. })));
        let two = vec![
            sum(&[times(&x(0), &x(0)), times(&x(1), &x(1)), number(-10)]),
            sum(&[times(&times(&x(0), &x(0)), &x(1)), number(-10)]),
        ];
        assert!(matches!(solved(two, &[1.0, 3.0]), Err(ReduceError::NotSolvable { .. })));
    }
}
