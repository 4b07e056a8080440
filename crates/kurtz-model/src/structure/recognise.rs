//! Mass action behind explicit rate laws, such as those of SBML: `k*A*(A - 1)/2`, `k*A^2`, `cell*k*(A/cell)*(B/cell)`.

use super::kinds::Kind;
use crate::expression::{Expression, Symbol};
use crate::network::{Network, RateLaw, ReactionId, RuleKind, SpeciesId};
use crate::polynomial::{Atom, MOST_WORK, Monomial, Polynomial};
use crate::rational::Rational;
use std::collections::HashMap;

/// What a rate law is, whatever way it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognised {
    /// What kind of function of the counts the propensity is.
    pub form: LawForm,
    /// If it is mass action: of which species, and their orders nu_l, by increasing species.
    pub orders: Vec<(SpeciesId, u32)>,
    /// k, if the propensity is k V prod_l V_l^(-nu_l) C(n_l, nu_l): mass action of single molecules.
    pub discrete: Option<Expression>,
    /// k, if the propensity is k V prod_l (n_l/V_l)^nu_l / nu_l!: mass action of concentrations.
    pub continuous: Option<Expression>,
    /// Whether it was not looked at to the end, since writing it out would take too long.
    pub too_large: bool,
}

/// What kind of function a law is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LawForm {
    /// A polynomial of the counts of this degree, clamped species being constants.
    Polynomial(u32),
    /// A quotient of polynomials.
    Rational,
    /// Any other function of the counts.
    General,
    /// A function of time too.
    TimeDependent,
}

/// What a polynomial of a law is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Constant(Symbol),
    /// A sub-expression of constants that is no polynomial, by its place in a list.
    Opaque(usize),
    Species(SpeciesId),
}

/// Mass action of more molecules is not looked for.
const MOST_MOLECULES: i32 = 12;

impl Network {
    /// What the law of a reaction is: mass action in the discrete or the continuous reading, or what else.
    ///
    /// Mass action written as such (`@ k`) is discrete; where no species reacts with itself the two readings are one.
    /// Parameters count as constants, also if rules or events change them, but not those that an assignment rule
    /// computes from species.
    ///
    /// Laws that are too large to be written out are not recognised; see [`Network::recognise_within`].
    ///
    /// # Panics
    /// If the network has no such reaction.
    pub fn recognise(&self, reaction: ReactionId) -> Recognised {
        self.recognise_within(reaction, &mut { MOST_WORK })
    }

    /// As [`Self::recognise`], where the work of this and other calls together stays within what `work` says, and what
    /// was needed is taken off it. A law for which nothing is left is not recognised.
    ///
    /// # Panics
    /// If the network has no such reaction.
    pub fn recognise_within(&self, reaction: ReactionId, work: &mut usize) -> Recognised {
        let description = &self.reactions[reaction.index()];
        if let RateLaw::MassAction(k) = &description.rate {
            let mut orders = description.reactants.clone();
            orders.sort_unstable();
            let form = self.degree(reaction).map_or(LawForm::General, LawForm::Polynomial);
            let continuous = orders.iter().all(|&(_, nu)| nu <= 1).then(|| k.clone());
            return Recognised { form, orders, discrete: Some(k.clone()), continuous, too_large: false };
        }
        let law = self.written_out(&self.propensity_expression(reaction));
        let form = match Kind::of(&law, &|s| self.species[s.index()].clamped) {
            _ if law.depends_on(Symbol::Time) => LawForm::TimeDependent,
            Kind::Polynomial(degree) => LawForm::Polynomial(degree),
            Kind::Rational => LawForm::Rational,
            Kind::General => LawForm::General,
        };
        let none = Recognised { form, orders: Vec::new(), discrete: None, continuous: None, too_large: false };
        let mut opaque: Vec<Expression> = Vec::new();
        let name = &mut |atom: Atom<'_>| match atom {
            Atom::Symbol(Symbol::Time) => None,
            Atom::Symbol(Symbol::Species(s)) => Some(Part::Species(s)),
            Atom::Symbol(constant) => Some(Part::Constant(constant)),
            Atom::Opaque(e) if e.symbols().iter().any(|s| matches!(s, Symbol::Species(_) | Symbol::Time)) => None,
            Atom::Opaque(e) => Some(Part::Opaque(opaque.iter().position(|known| known == e).unwrap_or_else(|| {
                opaque.push(e.clone());
                opaque.len() - 1
            }))),
        };
        let Some(law) = Polynomial::from_expression_within(&law, name, work) else {
            return Recognised { too_large: *work == 0, ..none };
        };
        let Some((monomial, coefficient)) = leading(&law) else {
            return none;
        };
        let orders: Vec<(SpeciesId, u32)> = monomial
            .factors()
            .iter()
            .filter_map(|&(part, nu)| match part {
                Part::Species(s) => Some((s, nu.unsigned_abs())),
                _ => None,
            })
            .collect();
        let is_product = |product: &Polynomial<Part>| product == &law;
        let discrete = is_product(&(&coefficient * &falling(&orders)));
        let continuous = is_product(&coefficient.times_monomial(&monomial));
        if !discrete && !continuous {
            return none;
        }
        // k = a V^-1 prod_l V_l^nu_l nu_l!, with a what stands before the product of the counts.
        let size = |c| Part::Constant(Symbol::Compartment(c));
        let around = |s: SpeciesId| size(self.species[s.index()].compartment);
        let sizes = orders.iter().map(|&(s, nu)| (around(s), nu as i32));
        let sizes = Monomial::new(sizes.chain([(size(description.compartment), -1)]));
        let factorials: i64 = orders.iter().map(|&(_, nu)| (1..=i64::from(nu)).product::<i64>()).product();
        let k =
            coefficient.times_monomial(&sizes).scaled(&Rational::from(factorials)).to_expression(&|part| match part {
                Part::Constant(symbol) => Expression::Symbol(*symbol),
                Part::Opaque(i) => opaque[*i].clone(),
                Part::Species(s) => Expression::from(*s),
            });
        let (discrete, continuous) = (discrete.then(|| k.clone()), continuous.then_some(k));
        Recognised { form, orders, discrete, continuous, too_large: false }
    }

    /// This network with every explicit law that is discrete mass action of the reaction's own reactants written as
    /// mass action: the same propensities up to rounding, by faster kernels.
    ///
    /// Its deterministic limit is another where a species reacts with itself (n (n-1) becomes c^2), so this is for
    /// methods that count molecules.
    pub fn in_mass_action(&self) -> Network {
        let mut network = self.clone();
        let mut work = 10 * MOST_WORK;
        for (i, reaction) in network.reactions.iter_mut().enumerate() {
            if matches!(reaction.rate, RateLaw::MassAction(_)) || !reaction.yields.is_empty() {
                continue;
            }
            let found = self.recognise_within(ReactionId::from(i), &mut work);
            let mut reactants = reaction.reactants.clone();
            reactants.sort_unstable();
            if let Some(k) = found.discrete.filter(|_| found.orders == reactants) {
                reaction.rate = RateLaw::MassAction(k);
            }
        }
        network
    }

    /// A law in which no parameter is left that an assignment rule computes.
    fn written_out(&self, law: &Expression) -> Expression {
        if self.rules.is_empty() {
            return law.clone();
        }
        let assigned = self.rules.iter().filter(|rule| rule.kind == RuleKind::Assignment);
        let rules: HashMap<Symbol, &Expression> = assigned.map(|r| (Symbol::from(r.variable), &r.expression)).collect();
        let needs = |e: &Expression| e.symbols().into_iter().filter(|s| rules.contains_key(s)).collect::<Vec<Symbol>>();
        // From the innermost rule outwards, so that what a rule stands for is shared by all who use it.
        let mut known: HashMap<Symbol, Expression> = HashMap::new();
        let mut open: Vec<(Symbol, Vec<Symbol>)> = Vec::new();
        let mut pending = needs(law);
        loop {
            match pending.pop() {
                // Rules do not go in circles.
                Some(next) if known.contains_key(&next) || open.iter().any(|&(symbol, _)| symbol == next) => {}
                Some(next) => open.push((next, std::mem::replace(&mut pending, needs(rules[&next])))),
                None => match open.pop() {
                    Some((symbol, rest)) => {
                        known.insert(symbol, rules[&symbol].substitute(|s| known.get(&s).cloned()));
                        pending = rest;
                    }
                    None => return law.substitute(|s| known.get(&s).cloned()),
                },
            }
        }
    }
}

/// The product of counts of highest degree and what stands before it, if there is one, and it is no quotient.
fn leading(law: &Polynomial<Part>) -> Option<(Monomial<Part>, Polynomial<Part>)> {
    let mut groups = law.collected(|part| matches!(part, Part::Species(_)));
    if groups.is_empty() {
        return Some((Monomial::one(), Polynomial::zero()));
    }
    let highest = groups.iter().map(|(monomial, _)| monomial.degree()).max()?;
    groups.retain(|(monomial, _)| monomial.degree() == highest);
    let is_product = |monomial: &Monomial<Part>| monomial.factors().iter().all(|&(_, nu)| nu > 0);
    match groups.pop() {
        Some((monomial, k)) if groups.is_empty() && is_product(&monomial) && highest <= MOST_MOLECULES => {
            Some((monomial, k))
        }
        _ => None,
    }
}

/// prod_l n_l (n_l - 1) ... (n_l - nu_l + 1).
fn falling(orders: &[(SpeciesId, u32)]) -> Polynomial<Part> {
    let mut product = Polynomial::one();
    for &(species, nu) in orders {
        for i in 0..nu {
            let mut factor = Polynomial::symbol(Part::Species(species));
            factor.add_term(Monomial::one(), &Rational::from(-i64::from(i)));
            product = &product * &factor;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::crn;
    use crate::kinetics::Kinetics;

    const HEADER: &str = "compartment cell = 2, ER = 3\nspecies A in cell = 7, B in cell = 5, C in ER = 4\n\
        clamped species S in cell = 6\nparameter k = 0.3, j = 2, n = 2, ratio := k/j, seen := k*A\n";

    fn network(reaction: &str) -> Network {
        let text = format!("{HEADER}{reaction}");
        crn::parse(&text, "test").unwrap_or_else(|e| panic!("{e}")).0
    }

    #[test]
    fn rules_that_double_are_written_out_at_once() {
        let rules: String = (1..60).map(|i| format!("parameter p{i} := p{0} + p{0}\n", i - 1)).collect();
        let text = format!("species A = 7\nparameter p0 := 2*A\n{rules}A -> 0 @ propensity(p59)\n");
        let network = crn::parse(&text, "test").unwrap_or_else(|e| panic!("{e}")).0;
        assert_eq!(network.recognise(ReactionId(0)).orders, [(SpeciesId(0), 1)]);
    }

    /// Kind, and the constants in the discrete and the continuous reading.
    fn recognised(reaction: &str) -> (LawForm, Option<String>, Option<String>) {
        let network = network(reaction);
        let found = network.recognise(ReactionId(0));
        let text = |e: Option<Expression>| e.map(|e| e.simplify().display(&network).to_string());
        (found.form, text(found.discrete), text(found.continuous))
    }

    #[test]
    fn laws_are_recognised_however_they_are_written() {
        use LawForm::{General, Polynomial, Rational, TimeDependent};
        type Row = (&'static str, LawForm, Option<&'static str>, Option<&'static str>);
        let table: &[Row] = &[
            ("A -> 0 @ k", Polynomial(1), Some("k"), Some("k")),
            ("2 A -> 0 @ k", Polynomial(2), Some("k"), None),
            ("A -> 0 @ propensity(k*A)", Polynomial(1), Some("k"), Some("k")),
            ("A -> 0 @ propensity(cell*k*[A])", Polynomial(1), Some("k"), Some("k")),
            ("A -> 0 @ rate(k*A)", Polynomial(1), Some("k"), Some("k")),
            ("A -> 0 @ propensity(A*exp(k)/(j + k))", Polynomial(1), Some("exp(k)/(j + k)"), Some("exp(k)/(j + k)")),
            ("0 -> A @ propensity(k)", Polynomial(0), Some("k/cell"), Some("k/cell")),
            ("0 -> A @ propensity(k - k)", Polynomial(0), Some("0"), Some("0")),
            ("2 A -> 0 @ propensity(k*A*(A - 1)/2)", Polynomial(2), Some("k*cell"), None),
            ("2 A -> 0 @ propensity(0.5*k*(A^2 - A))", Polynomial(2), Some("k*cell"), None),
            ("2 A -> 0 @ propensity(k*A^2)", Polynomial(2), None, Some("2*k*cell")),
            ("2 A -> 0 @ rate(k*A^2)", Polynomial(2), None, Some("2*k")),
            ("A + B -> 0 @ propensity(k*A*B)", Polynomial(2), Some("k*cell"), Some("k*cell")),
            ("A + B -> 0 @ propensity(k*A*B/cell)", Polynomial(2), Some("k"), Some("k")),
            ("A + B -> 0 @ propensity(cell*(k*[A]*[B]))", Polynomial(2), Some("k"), Some("k")),
            ("A + C -> 0 @ propensity(k*A*C)", Polynomial(2), Some("k*ER"), Some("k*ER")),
            ("3 A -> 0 @ propensity(k*A*(A - 1)*(A - 2)/6)", Polynomial(3), Some("k*cell^2"), None),
            ("2 A + B -> 0 @ propensity(k*A*(A - 1)*B)", Polynomial(3), Some("2*k*cell^2"), None),
            ("S -> A @ propensity(k*S)", Polynomial(0), Some("k"), Some("k")),
            ("A -> 0 @ propensity(ratio*A)", Polynomial(1), Some("k/j"), Some("k/j")),
            ("A -> 0 @ propensity(seen)", Polynomial(1), Some("k"), Some("k")),
            ("A -> 0 @ propensity(k*A*(A - 2))", Polynomial(2), None, None),
            ("A -> 0 @ propensity(k*A + j*B)", Polynomial(1), None, None),
            ("A -> 0 @ propensity(k*A/(j + A))", Rational, None, None),
            ("A -> 0 @ propensity(k/A)", Rational, None, None),
            ("A -> 0 @ propensity(k*A^n)", General, None, None),
            ("A -> 0 @ propensity(if(A > 3, k, j))", General, None, None),
            ("A -> 0 @ propensity(k*A*time)", TimeDependent, None, None),
        ];
        for &(reaction, form, discrete, continuous) in table {
            let expected = (form, discrete.map(str::to_string), continuous.map(str::to_string));
            assert_eq!(recognised(reaction), expected, "{reaction}");
        }
    }

    #[test]
    fn a_law_of_other_species_is_their_mass_action() {
        let network = network("A -> C @ propensity(k*A*B)");
        assert_eq!(network.recognise(ReactionId(0)).orders, [(SpeciesId(0), 1), (SpeciesId(1), 1)]);
        assert_eq!(network.in_mass_action(), network);
    }

    #[test]
    fn mass_action_in_its_own_words_has_the_same_propensity() {
        let reactions = [
            "2 A -> 0 @ propensity(k*A*(A - 1)/2)",
            "A + 2 C -> 0 @ propensity(k*A*C*(C - 1)/cell)",
            "B + A -> 0 @ rate(k*A*B)",
            "0 -> A @ propensity(k*j)",
        ];
        for reaction in reactions {
            let network = network(reaction);
            let recognised = network.in_mass_action();
            assert!(matches!(recognised.reactions[0].rate, RateLaw::MassAction(_)), "{reaction}");
            let (before, after) = (Kinetics::new(&network).expect("good"), Kinetics::new(&recognised).expect("good"));
            for counts in [[7.0, 5.0, 4.0, 6.0], [1.0, 1.0, 1.0, 6.0], [0.0, 0.0, 0.0, 6.0]] {
                let (a, b) =
                    (before.propensity(ReactionId(0), 0.0, &counts), after.propensity(ReactionId(0), 0.0, &counts));
                assert!((a - b).abs() <= 1e-14 * a.abs(), "{reaction}: {a} is not {b}");
            }
        }
        let square = network("2 A -> 0 @ propensity(k*A^2)");
        assert_eq!(square.in_mass_action(), square);
    }
}
