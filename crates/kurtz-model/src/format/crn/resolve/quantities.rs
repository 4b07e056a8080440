//! Sizes, parameters and initial amounts.

use super::{ABSENT, Resolver, bare};
use crate::diagnostic::{NameKind, Problem};
use crate::format::crn::resolve::expressions::Scope;
use crate::format::crn::syntax::*;
use crate::network::*;
use crate::units::Dimension;

impl Resolver<'_> {
    pub(super) fn sizes(&mut self) -> Vec<Option<Value>> {
        let mut sizes = Vec::new();
        for compartment in self.ordered_compartments() {
            let what = compartment.name.as_ref().map_or("the volume".into(), |n| format!("the size of `{}`", n.text));
            let fits = match &compartment.size {
                Some(ValueText::Quantity { unit, .. }) => self.expect_dimension(&what, unit, Dimension::VOLUME),
                _ => true,
            };
            let size = match &compartment.size {
                None => Some(bare(1.0)),
                Some(size) if fits => self.value(size),
                Some(_) => None,
            };
            let name = compartment.name.as_ref().map_or("volume", |n| &n.text).to_string();
            self.network.compartments.push(Compartment { name, size: size.clone().unwrap_or(ABSENT) });
            sizes.push(size);
        }
        if sizes.is_empty() {
            self.network.compartments = Network::default().compartments;
            sizes.push(Some(self.network.compartments[0].size.clone()));
        }
        sizes
    }

    pub(super) fn parameters(&mut self) -> Vec<Option<Value>> {
        let mut values = Vec::new();
        for parameter in &self.text.parameters {
            let value = match &parameter.value {
                None => Some(bare(0.0)),
                Some(value) => self.value(value),
            };
            let name = parameter.name.text.clone();
            self.network.parameters.push(Parameter { name, value: value.clone().unwrap_or(ABSENT) });
            values.push(value);
        }
        values
    }

    pub(super) fn initials(&mut self) -> Vec<Option<Initial>> {
        let mut initials = Vec::new();
        for (i, species) in self.text.species.iter().enumerate() {
            let compartment = self.homes[i];
            let initial = match &species.initial {
                None => Some(Initial::Count(bare(0.0))),
                Some((form, text)) => self.value(text).map(|value| match (form, text) {
                    (InitialForm::Concentration, _) => Initial::Concentration(value),
                    (InitialForm::Plain, ValueText::Quantity { unit, .. })
                        if unit.unit.dimension == Some(Dimension::CONCENTRATION) =>
                    {
                        Initial::Concentration(value)
                    }
                    (InitialForm::Plain | InitialForm::Amount, _) => Initial::Count(value),
                }),
            };
            let stored = initial.clone().unwrap_or(Initial::Count(bare(0.0)));
            let name = species.name.text.clone();
            self.network.species.push(Species { name, compartment, initial: stored, clamped: species.clamped });
            initials.push(initial);
        }
        initials
    }

    pub(super) fn compartment_of(&mut self, species: &SpeciesText) -> CompartmentId {
        if let Some(name) = &species.compartment {
            let index = self.look_up(name, NameKind::Compartment, "a compartment").unwrap_or(0);
            return CompartmentId::from(index);
        }
        let named = self.text.compartments.iter().filter(|c| c.name.is_some()).count();
        if named > 1 && named == self.text.compartments.len() {
            let name = &species.name;
            let help = format!(
                "name one, as in `{} in {}`",
                name.text,
                self.text.compartments[0].name.as_ref().map_or("volume", |n| &n.text)
            );
            self.fault(Problem::NoCompartment { name: name.text.clone() }, &name.span, Some(help));
        }
        CompartmentId(0)
    }

    /// A value; `None` if something in it has been reported.
    fn value(&mut self, text: &ValueText) -> Option<Value> {
        match text {
            ValueText::Quantity { value, unit, .. } => {
                self.check_reference(unit).then(|| Value::Quantity(Quantity { value: *value, unit: unit.unit.clone() }))
            }
            ValueText::Expression(node) => self.lower(node, Scope::Amounts).map(Value::Expression),
        }
    }

    /// Whether the network says the units that this one is to be converted to.
    pub(super) fn check_reference(&mut self, unit: &UnitText) -> bool {
        let Some(dimension) = unit.unit.dimension else {
            return true;
        };
        let without_time = dimension.time != 0 && !self.network.time_unit.is_specified();
        let without_volume = dimension.volume != 0 && !self.network.volume_unit.is_specified();
        if without_time {
            let problem = Problem::NoReferenceUnit { unit: unit.unit.text.clone(), what: "time" };
            self.fault(problem, &unit.span, Some("begin with a line such as `time s`".into()));
        }
        if without_volume {
            let problem = Problem::NoReferenceUnit { unit: unit.unit.text.clone(), what: "volume" };
            self.fault(problem, &unit.span, Some("begin with a line such as `volume 1e-14 L`".into()));
        }
        !without_time && !without_volume
    }
}
