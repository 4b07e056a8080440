//! The network (15), its course, and its quasi-steady state in closed form (17)-(18).

use super::Settings;
use crate::Error;
use crate::study::{ModelFile, output_times};
use kurtz_dynamics::{MassAction, View};
use kurtz_learn::invariants::{Course, Record};
use kurtz_ode::{Integration, OdeMethod, VectorField, solve};
use kurtz_report::{Axis, DataTable, Figure, Line, Panel, Section};

/// Names of the species, in the order of the paper.
pub const SPECIES: [&str; 5] = ["P", "M", "G", "GP", "GP2"];
const PARAMETERS: [&str; 7] = ["k1", "km1", "k2", "km2", "k0", "ks", "kdM"];

/// The network with its constants.
pub struct GeneNetwork {
    field: MassAction,
    /// Place of each species of [`SPECIES`] in the model.
    places: [usize; 5],
    /// k1, km1, k2, km2, k0, ks, kdM.
    pub constants: [f64; 7],
    crn: String,
}

impl GeneNetwork {
    /// Takes a model that has the names of the paper.
    pub fn new(model: &ModelFile) -> Result<Self, Error> {
        let network = model.kinetics.network();
        let lacks = |what: &str, name: &str| Error::Declined {
            method: "the gene-network study".into(),
            reason: format!("the model has no {what} `{name}`; the study is made for models/gene-network.crn"),
        };
        let mut places = [0; 5];
        for (place, name) in places.iter_mut().zip(SPECIES) {
            *place = network.species_named(name).ok_or_else(|| lacks("species", name))?.index();
        }
        let mut constants = [0.0; 7];
        for (constant, name) in constants.iter_mut().zip(PARAMETERS) {
            let id = network.parameter_named(name).ok_or_else(|| lacks("parameter", name))?;
            *constant = model.kinetics.parameters()[id.index()];
        }
        if network.species.len() != SPECIES.len() {
            return Err(Error::Declined {
                method: "the gene-network study".into(),
                reason: format!(
                    "it is made for the five species of the paper, and the model has {}",
                    network.species.len()
                ),
            });
        }
        let field = MassAction::new(&model.kinetics, View::Concentrations);
        Ok(GeneNetwork { field, places, constants, crn: network.to_crn() })
    }

    /// Concentrations over time, columns as in [`SPECIES`].
    pub fn course(&self, settings: &Settings) -> Result<Course, Error> {
        let times = output_times(0.0, settings.end, settings.steps)?;
        let integration = Integration::with_tolerances(1e-11, 1e-14).with_method(OdeMethod::Stiff);
        let solution = solve(&self.field, &self.field.initial_state(), &times, &integration)?;
        if !solution.is_complete() {
            let reason = solution.stop.describe(&self.field.names());
            return Err(Error::Stopped { method: "the integration of the equations".into(), reason });
        }
        let order = |row: &[f64]| self.places.map(|i| row[i]);
        let values = solution.states.chunks_exact(5).flat_map(order).collect();
        Ok(Course { name: "full model".into(), times, values })
    }

    /// The course as a record of five species.
    pub fn record(&self, course: Course) -> Result<Record, Error> {
        Ok(Record::new(SPECIES.map(String::from).to_vec(), vec![course])?)
    }

    /// dc/dt at concentrations, both as in [`SPECIES`].
    pub fn derivatives(&self, c: &[f64]) -> [f64; 5] {
        let (mut x, mut dx) = ([0.0; 5], [0.0; 5]);
        self.places.iter().zip(c).for_each(|(&i, c)| x[i] = *c);
        self.field.evaluate(0.0, &x, &mut dx);
        self.places.map(|i| dx[i])
    }

    /// K1, K2 and K3 = K1 K2 of (17).
    pub fn equilibria(&self) -> [f64; 3] {
        let [k1, k_1, k2, k_2, ..] = self.constants;
        [k_1 / k1, k_2 / k2, k_1 / k1 * k_2 / k2]
    }

    /// G, GP, GP2 of the quasi-steady state (17) at a concentration of P and a total of the gene.
    pub fn quasi_steady(&self, p: f64, total: f64) -> [f64; 3] {
        let [_, k2, k3] = self.equilibria();
        let omega = k3 + k2 * p + p * p;
        [total * k3 / omega, total * k2 * p / omega, total * p * p / omega]
    }

    /// beta_1, beta_2, alpha_11, alpha_22, alpha_33 of Table III in the quasi-steady state.
    pub fn table_three(&self, total: f64) -> [f64; 5] {
        let [_, k2, k3] = self.equilibria();
        [k3, k2, total * k3, total * k2, total]
    }

    /// The section of the report.
    pub fn section(&self, course: &Course) -> Section {
        let panel = |title: &str, species: std::ops::Range<usize>| {
            let mut panel = Panel::new().title(title).x(Axis::new("time").log()).y(Axis::new("concentration"));
            for i in species {
                let rows = course.times.iter().zip(course.values.chunks_exact(5)).filter(|(t, _)| **t > 0.0);
                let (t, y): (Vec<f64>, Vec<f64>) = rows.map(|(t, row)| (*t, row[i])).unzip();
                panel = panel.with(Line::new(SPECIES[i], t, y));
            }
            panel
        };
        let figure = Figure::new("course")
            .caption("The full model (15): protein and mRNA change slowly, the states of the gene follow the protein.")
            .panel(panel("slow", 0..2))
            .panel(panel("fast", 2..5));
        Section::new("The network").code(self.crn.clone()).figure(figure).paragraph(
            "Nothing degrades the protein, so that there is no steady state. G + GP + GP2 is conserved; P + GP + 2 GP2, the \
             total protein, changes by translation alone and is the slow variable proper.",
        )
    }

    /// The course as data.
    pub fn table(&self, course: &Course) -> DataTable {
        let mut table = DataTable::new("full-model").column("time", course.times.clone());
        for (i, name) in SPECIES.iter().enumerate() {
            let column: Vec<f64> = course.values.iter().skip(i).step_by(5).copied().collect();
            table = table.column(*name, column);
        }
        table
    }
}
