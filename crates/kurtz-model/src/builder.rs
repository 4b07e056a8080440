//! Networks put together by a program.
//!
//! Every call adds one line of `.crn` text, so that what is built is checked exactly as what is read, and a problem is
//! shown with the line that causes it.

use crate::diagnostic::Diagnostics;
use crate::expression::print::shortest;
use crate::format::crn::parse;
use crate::network::Network;
use std::fmt::Write;

/// A value as the text format writes it: a number, a number with its unit, or an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueSource(String);

impl From<f64> for ValueSource {
    fn from(value: f64) -> Self {
        ValueSource(shortest(value))
    }
}

impl From<i32> for ValueSource {
    fn from(value: i32) -> Self {
        ValueSource(value.to_string())
    }
}

impl From<i64> for ValueSource {
    fn from(value: i64) -> Self {
        ValueSource(value.to_string())
    }
}

impl From<&str> for ValueSource {
    fn from(text: &str) -> Self {
        ValueSource(one_line(text))
    }
}

impl From<String> for ValueSource {
    fn from(text: String) -> Self {
        ValueSource(one_line(&text))
    }
}

/// A network in the making; see [`Network::builder`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    text: String,
}

impl Network {
    /// Begins an empty network, to which species, parameters and reactions are added one by one, in any order.
    ///
    /// # Example
    /// ```
    /// use kurtz_model::Network;
    /// let network = Network::builder()
    ///     .time("hour")
    ///     .species("A", 40)
    ///     .species("B", 0)
    ///     .parameter("kf", "1 1/hour")
    ///     .reaction("pairing: 2 A -> B @ kf")
    ///     .mass_action("decay", &[("B", 1)], &[], 0.4)
    ///     .build()?;
    /// assert_eq!(network.reactions[1].name, "decay");
    /// # Ok::<(), kurtz_model::diagnostic::Diagnostics>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// The title.
    pub fn name(self, title: &str) -> Self {
        let title = title.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        self.line(format_args!("model \"{title}\""))
    }

    /// The unit of time, such as `week`.
    pub fn time(self, unit: &str) -> Self {
        self.line(format_args!("time {}", one_line(unit)))
    }

    /// The volume, such as `20.0` or `"1e-14 L"`.
    pub fn volume(self, size: impl Into<ValueSource>) -> Self {
        self.line(format_args!("volume {}", size.into().0))
    }

    /// A named compartment.
    pub fn compartment(self, name: &str, size: impl Into<ValueSource>) -> Self {
        self.line(format_args!("compartment {} = {}", one_line(name), size.into().0))
    }

    /// A species and its initial amount: a count, a concentration such as `"0.25 uM"` or `"concentration(0.5)"`.
    pub fn species(self, name: &str, initial: impl Into<ValueSource>) -> Self {
        self.line(format_args!("species {} = {}", one_line(name), initial.into().0))
    }

    /// A species in a named compartment.
    pub fn species_in(self, compartment: &str, name: &str, initial: impl Into<ValueSource>) -> Self {
        self.line(format_args!("species {} in {} = {}", one_line(name), one_line(compartment), initial.into().0))
    }

    /// A species held at its initial amount.
    pub fn clamped_species(self, name: &str, initial: impl Into<ValueSource>) -> Self {
        self.line(format_args!("clamped species {} = {}", one_line(name), initial.into().0))
    }

    /// A parameter: a number, a number with its unit such as `"1.1 1/week"`, or an expression such as `"2*k"`.
    pub fn parameter(self, name: &str, value: impl Into<ValueSource>) -> Self {
        self.line(format_args!("parameter {} = {}", one_line(name), value.into().0))
    }

    /// A reaction as text, such as `"decay: A -> 0 @ k"` or `"A + B <-> C @ rate(k*A*B), k2"`.
    pub fn reaction(self, text: &str) -> Self {
        self.line(format_args!("{}", one_line(text)))
    }

    /// What a parameter, compartment or clamped species is at all times, such as `rule("total", "A + B")`.
    pub fn rule(self, variable: &str, law: impl Into<ValueSource>) -> Self {
        self.line(format_args!("{} := {}", one_line(variable), law.into().0))
    }

    /// The derivative by time of a parameter, compartment or clamped species.
    pub fn rate_rule(self, variable: &str, derivative: impl Into<ValueSource>) -> Self {
        self.line(format_args!("d{}/dt = {}", one_line(variable), derivative.into().0))
    }

    /// An event as text, such as `"dose: when time >= 10, after 2: A = A + 100"`.
    pub fn event(self, text: &str) -> Self {
        self.line(format_args!("{}", one_line(text)))
    }

    /// A mass-action reaction: reactants and products with their numbers of molecules, and the constant.
    pub fn mass_action(
        self,
        name: &str,
        reactants: &[(&str, u32)],
        products: &[(&str, u32)],
        constant: impl Into<ValueSource>,
    ) -> Self {
        let side = |terms: &[(&str, u32)]| match terms {
            [] => "0".to_string(),
            terms => {
                let terms = terms.iter().map(|(name, count)| format!("{count} {}", one_line(name)));
                terms.collect::<Vec<_>>().join(" + ")
            }
        };
        let (left, right) = (side(reactants), side(products));
        self.line(format_args!("{}: {left} -> {right} @ {}", one_line(name), constant.into().0))
    }

    /// The network.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once; places refer to the lines of text that the calls stand for.
    pub fn build(self) -> Result<Network, Diagnostics> {
        parse(&self.text, "builder").map(|(network, _)| network)
    }

    fn line(mut self, line: std::fmt::Arguments) -> Self {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
        self
    }
}

/// A call is one line whatever it is given.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinetics::Kinetics;
    use crate::network::{ReactionId, SpeciesId};

    #[test]
    fn what_is_built_equals_what_is_read() {
        let built = Network::builder()
            .name("A \"title\"")
            .time("s")
            .volume("1e-15 L")
            .compartment("ER", "1e-16 L")
            .species("A", "0.25 uM")
            .species_in("ER", "B", 3)
            .clamped_species("C", 5.0)
            .parameter("k", "2 1/(uM s)")
            .parameter("tiny", 1e-300)
            .reaction("A + C <-> B @ k, rate(tiny*B)")
            .mass_action("pairs", &[("A", 2)], &[("B", 1)], "2*k")
            .rule("tiny", "1e-300*time")
            .rate_rule("C", -0.5)
            .event("dose: when B > 5, after 2 s: B = 0")
            .build()
            .expect("a good network");
        let text = r#"
            model "A \"title\""
            time s
            volume 1e-15 L
            compartment ER = 1e-16 L
            species A = 0.25 uM, B in ER = 3
            clamped species C = 5
            parameter k = 2 1/(uM s), tiny = 1e-300
            A + C <-> B @ k, rate(tiny*B)
            pairs: 2 A -> B @ 2*k
            tiny := 1e-300*time
            dC/dt = -0.5
            dose: when B > 5, after 2 s:
                B = 0"#;
        assert_eq!(built, parse(text, "text").expect("a good network").0);
    }

    #[test]
    fn numbers_keep_all_their_digits() {
        let k = 0.1 + 0.2;
        let built = Network::builder().species("A", 1).mass_action("r", &[("A", 1)], &[], k).build();
        let kinetics = Kinetics::new(&built.expect("a good network")).expect("good values");
        assert_eq!(kinetics.propensity(ReactionId(0), 0.0, &[1.0]), k);
        assert_eq!(kinetics.initial()[SpeciesId(0).index()], 1.0);
    }

    #[test]
    fn what_is_built_is_checked_like_what_is_read() {
        let wrong = [
            Network::builder().species("A", f64::NAN).reaction("A -> 0 @ 1"),
            Network::builder().species("A", 1.5).reaction("A -> 0 @ 1"),
            Network::builder().species("A", 1).mass_action("r", &[("B", 1)], &[], 1.0),
            Network::builder().species("A", 1).mass_action("r", &[("A", 1)], &[], -1.0),
            Network::builder().species("A", 1).mass_action("r", &[("A", 0)], &[], 1.0),
            Network::builder().species("A\nspecies B", 1).reaction("A -> 0 @ 1"),
            Network::builder().species("two words", 1),
            Network::builder(),
        ];
        for (i, builder) in wrong.into_iter().enumerate() {
            assert!(builder.build().is_err(), "{i} was built");
        }
    }
}
