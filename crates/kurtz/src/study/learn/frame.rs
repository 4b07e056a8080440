//! Units: what data and model have in common, and the data in it.
//!
//! With a model everything is in its units, in molecules. Without one the data keep theirs: counts, or concentrations in
//! the unit of the first column that has one.

use super::{Input, Quantity, Settings, Source};
use crate::Error;
use crate::study::{ModelChoice, ModelFile};
use kurtz_dynamics::MomentSeries;
use kurtz_dynamics::data::{DataError, DataFile, Series};
use kurtz_learn::reactions::Amounts;
use kurtz_model::Kinetics;
use kurtz_model::Unit;
use kurtz_model::units::Dimension;

/// The units in which everything is learned.
#[derive(Debug)]
pub(super) struct Frame {
    pub model: Option<ModelFile>,
    pub amounts: Amounts,
    pub volume: f64,
    /// Whether somebody gave the volume.
    pub volume_given: bool,
    pub volume_unit: Unit,
    pub time_unit: Unit,
    /// Unit of concentrations where the data give one and there is no model.
    pub concentration_unit: Unit,
    pub sources: Vec<Source>,
    /// Units of the data per unit of the frame, for additive noise; none if columns differ.
    pub amount_scale: Option<f64>,
}

/// The data in a frame.
pub(super) enum Data {
    Moments(Vec<(String, MomentSeries)>),
    Values(Values),
}

/// Series of values over the same species.
pub(super) struct Values {
    pub species: Vec<String>,
    pub series: Vec<Series>,
}

impl Values {
    /// Names of the conditions, in order of first appearance.
    pub fn conditions(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for s in &self.series {
            if !names.contains(&s.condition) {
                names.push(s.condition.clone());
            }
        }
        names
    }
}

impl Frame {
    /// Reads the model and brings the data into one frame.
    ///
    /// # Errors
    /// Units that contradict each other or the model; values of which nothing says what they are; moments beside values;
    /// species that the model does not have.
    pub fn new(settings: &Settings, inputs: Vec<Input>) -> Result<(Frame, Data), Error> {
        if inputs.is_empty() {
            return Err(Error::Setting { setting: "DATA", found: "empty".into(), expected: "give at least one file" });
        }
        let sources: Vec<Source> = inputs.iter().map(|i| i.source().clone()).collect();
        let model = read_model(settings)?;
        let mut frame = Frame {
            amounts: Amounts::Counts,
            volume: settings.changes.volume.unwrap_or(1.0),
            volume_given: settings.changes.volume.is_some(),
            volume_unit: Unit::unspecified(),
            time_unit: Unit::unspecified(),
            concentration_unit: Unit::unspecified(),
            sources,
            amount_scale: Some(1.0),
            model,
        };
        if !(frame.volume > 0.0 && frame.volume.is_finite()) {
            let expected = "it must be a positive number";
            return Err(Error::Setting { setting: "--volume", found: frame.volume.to_string(), expected });
        }
        let networks = inputs.iter().filter_map(|i| match i {
            Input::Ensemble { network: Some(network), .. } => Some(network),
            _ => None,
        });
        let beside = networks.map(|n| Kinetics::new(n)).next().transpose()?;
        if let Some(kinetics) = frame.model.as_ref().map(|m| &m.kinetics).or(beside.as_ref()) {
            let network = kinetics.network();
            if kinetics.volumes().len() > 1 {
                let reason = "the model has several compartments; only networks in one volume can be learned so far";
                return Err(Error::Declined { method: "learning".into(), reason: reason.into() });
            }
            frame.time_unit = network.time_unit.clone();
            frame.volume_unit = network.volume_unit.clone();
            if frame.model.is_some() || !frame.volume_given {
                frame.volume = kinetics.volumes()[0];
            }
            frame.volume_given = true;
        }
        let is_table_of_values = |i: &Input| matches!(i, Input::Table { file, .. } if file.moments.is_empty());
        let values = inputs.iter().filter(|i| is_table_of_values(i)).count();
        if values != 0 && values != inputs.len() {
            let odd = inputs.iter().find(|i| is_table_of_values(i)).map_or("", |i| &i.source().file);
            let message = "holds values, other files moments; learn from one kind at a time";
            return Err(DataError::new(odd, message).into());
        }
        let data = if values == 0 {
            Data::Moments(frame.moments(settings, inputs)?)
        } else {
            frame.values(settings, inputs)?
        };
        Ok((frame, data))
    }

    /// The unit of time in words, empty if none was given.
    pub fn time_words(&self) -> &str {
        &self.time_unit.text
    }

    /// The unit of amounts in words.
    pub fn amount_words(&self) -> &str {
        match self.amounts {
            Amounts::Counts => "molecules",
            Amounts::Concentrations => &self.concentration_unit.text,
        }
    }

    fn check_species(&self, file: &str, species: &[String]) -> Result<(), Error> {
        let Some(model) = &self.model else { return Ok(()) };
        let known = || model.network.species.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join("`, `");
        match species.iter().find(|s| model.network.species_named(s).is_none()) {
            Some(name) => {
                let message = format!("column `{name}` is no species of the model, which has `{}`", known());
                Err(DataError::new(file, message).into())
            }
            None => Ok(()),
        }
    }

    /// What one unit of a time column is in the frame's; the first column that has a unit sets that of the frame.
    fn time_scale(&mut self, file: &str, unit: Option<&str>, first: bool) -> Result<f64, Error> {
        let fault = |message: String| Err(DataError::new(file, format!("column `time`: {message}")).into());
        let Some(text) = unit else {
            if self.model.is_none() && !first && self.time_unit.is_specified() {
                return fault(format!("has no unit, but that of another file is `{}`; add it", self.time_unit.text));
            }
            return Ok(1.0);
        };
        let unit = match Unit::parse(text) {
            Ok(unit) => unit,
            Err(e) => return fault(format!("`{text}` is not a unit: {e}")),
        };
        if unit.dimension != Some(Dimension::TIME) {
            return fault(format!("`{text}` is no unit of time"));
        }
        if !self.time_unit.is_specified() {
            if self.model.is_some() {
                return fault(format!("is in `{text}`, but the model has no unit of time; add `time {text}` to it"));
            }
            if !first {
                return fault(format!("is in `{text}`, but that of another file has no unit; add it"));
            }
            self.time_unit = unit;
            return Ok(1.0);
        }
        Ok(unit.scale / self.time_unit.scale)
    }

    fn moments(&mut self, settings: &Settings, inputs: Vec<Input>) -> Result<Vec<(String, MomentSeries)>, Error> {
        let mut all: Vec<(String, MomentSeries)> = Vec::new();
        for (i, input) in inputs.into_iter().enumerate() {
            match input {
                Input::Ensemble { name, moments, .. } => all.push((name, moments)),
                Input::Table { file, .. } => {
                    let scale = self.time_scale(&file.file, file.time_unit.as_deref(), i == 0)?;
                    for (species, unit) in file.species.iter().zip(&file.units) {
                        let Some(text) = unit else { continue };
                        let is_count =
                            Unit::parse(text).is_ok_and(|u| u.dimension == Some(Dimension::AMOUNT) && u.scale == 1.0);
                        if !is_count {
                            let message = format!("column `{species}-mean`: moments are of counts, not in `{text}`");
                            return Err(DataError::new(&file.file, message).into());
                        }
                    }
                    for (condition, mut moments) in file.moments {
                        moments.times.iter_mut().for_each(|t| *t *= scale);
                        all.push((condition, moments));
                    }
                }
            }
            let (name, species) = all.last().map(|(n, m)| (n.clone(), m.species.clone())).unwrap_or_default();
            self.check_species(&name, &species)?;
        }
        for (name, series) in &mut all {
            if let Some(n) = settings.trajectories {
                series.trajectories.get_or_insert(n);
            }
            if series.trajectories.is_none() {
                let message = "nothing says how many trajectories are behind these moments; add a column `trajectories`, or \
                               --trajectories N";
                return Err(DataError::new(name.clone(), message).into());
            }
        }
        Ok(all)
    }

    fn values(&mut self, settings: &Settings, inputs: Vec<Input>) -> Result<Data, Error> {
        let files: Vec<DataFile> = inputs
            .into_iter()
            .filter_map(|i| if let Input::Table { file, .. } = i { Some(file) } else { None })
            .collect();
        let mut species: Vec<String> = Vec::new();
        for file in &files {
            self.check_species(&file.file, &file.species)?;
            for name in file.species.iter().filter(|s| self.changes(s)) {
                if !species.contains(name) {
                    species.push(name.clone());
                }
            }
        }
        if let Some(model) = &self.model {
            // In the order of the model.
            species.sort_by_key(|s| model.network.species_named(s));
        }
        let several = files.len() > 1;
        let (mut series, mut scales) = (Vec::new(), Vec::new());
        for (i, file) in files.iter().enumerate() {
            let noisy = settings.noise.is_some() || file.series.iter().all(|s| s.standard_errors.is_some());
            if let Some(negative) = file.negative.clone().filter(|_| !noisy) {
                return Err(negative.into());
            }
            let time = self.time_scale(&file.file, file.time_unit.as_deref(), i == 0)?;
            let amounts = self.amount_scales(settings, file, i == 0)?;
            scales.extend(amounts.iter().copied());
            series.extend(file.series.iter().map(|s| self.in_frame(s, file, &species, time, &amounts, several)));
        }
        self.amount_scale = scales.windows(2).all(|w| w[0] == w[1]).then(|| scales[0]);
        Ok(Data::Values(Values { species, series }))
    }

    /// Whether a species is not clamped.
    fn changes(&self, name: &str) -> bool {
        let species = self.model.as_ref().and_then(|m| m.network.species.iter().find(|s| s.name == name));
        species.is_none_or(|s| !s.clamped)
    }

    fn in_frame(
        &self,
        series: &Series,
        file: &DataFile,
        species: &[String],
        time: f64,
        amounts: &[f64],
        several: bool,
    ) -> Series {
        let width = file.species.len();
        let columns: Vec<Option<usize>> = species.iter().map(|s| file.species.iter().position(|f| f == s)).collect();
        let spread = |values: &[f64]| -> Vec<f64> {
            let rows = values.chunks(width);
            rows.flat_map(|row| columns.iter().map(|c| c.map_or(f64::NAN, |c| row[c] * amounts[c])).collect::<Vec<_>>())
                .collect()
        };
        // The same name in two files without a column `condition` is the file's own; with one it means the same experiment.
        let stem = std::path::Path::new(&file.file).file_stem().map(|s| s.to_string_lossy().into_owned());
        let own = several && stem.as_deref() == Some(series.condition.as_str());
        Series {
            condition: if own { file.file.clone() } else { series.condition.clone() },
            trajectory: series.trajectory.clone(),
            times: series.times.iter().map(|t| t * time).collect(),
            values: spread(&series.values),
            standard_errors: series.standard_errors.as_deref().map(spread),
        }
    }

    /// What one unit of each column of values is in the frame's.
    fn amount_scales(&mut self, settings: &Settings, file: &DataFile, first: bool) -> Result<Vec<f64>, Error> {
        let mut scales = Vec::new();
        for (i, (species, unit)) in file.species.iter().zip(&file.units).enumerate() {
            let fault = |message: String| -> Error {
                DataError::new(&file.file, format!("column `{species}`: {message}")).into()
            };
            let unit = match unit {
                Some(text) => Unit::parse(text).map_err(|e| fault(format!("`{text}` is not a unit: {e}")))?,
                None => Unit::unspecified(),
            };
            let quantity = match unit.dimension {
                Some(Dimension::AMOUNT) => Quantity::Counts,
                Some(Dimension::CONCENTRATION) => Quantity::Concentration,
                Some(_) => return Err(fault(format!("`{}` is neither an amount nor a concentration", unit.text))),
                None => self.quantity(settings).ok_or_else(|| {
                    fault(
                        "nothing says whether these are counts or concentrations; write a unit in the header, such as \
                         `[uM]` or `[molecules]`, or add --quantity counts or --quantity concentration"
                            .into(),
                    )
                })?,
            };
            scales.push(self.amount_scale_of(quantity, &unit, first && i == 0).map_err(fault)?);
        }
        Ok(scales)
    }

    /// What values without unit are: as the user says, or where a model leaves no difference.
    fn quantity(&self, settings: &Settings) -> Option<Quantity> {
        let same = self.model.is_some() && self.volume == 1.0 && !self.volume_unit.is_specified();
        settings.quantity.or(same.then_some(Quantity::Counts))
    }

    fn amount_scale_of(&mut self, quantity: Quantity, unit: &Unit, first: bool) -> Result<f64, String> {
        let with_model = self.model.is_some();
        match quantity {
            Quantity::Counts => {
                if !with_model && !first && self.amounts != Amounts::Counts {
                    return Err(
                        "holds counts, other columns concentrations; a --model with a volume relates them".into()
                    );
                }
                Ok(if unit.is_specified() { unit.scale } else { 1.0 })
            }
            Quantity::Concentration if with_model => {
                if unit.is_specified() && !self.volume_unit.is_specified() {
                    let text = &unit.text;
                    return Err(format!(
                        "is in `{text}`, but the volume of the model has no unit; give it one, as in `volume 1e-15 L`"
                    ));
                }
                let per_volume = if unit.is_specified() { unit.scale * self.volume_unit.scale } else { 1.0 };
                Ok(per_volume * self.volume)
            }
            Quantity::Concentration => {
                if first {
                    self.amounts = Amounts::Concentrations;
                    self.concentration_unit = unit.clone();
                    return Ok(1.0);
                }
                if self.amounts != Amounts::Concentrations {
                    return Err(
                        "holds concentrations, other columns counts; a --model with a volume relates them".into()
                    );
                }
                if unit.is_specified() != self.concentration_unit.is_specified() {
                    return Err("some columns have a unit and some have none; write them all".into());
                }
                Ok(unit.scale / self.concentration_unit.scale)
            }
        }
    }
}

fn read_model(settings: &Settings) -> Result<Option<ModelFile>, Error> {
    match &settings.model {
        Some(path) => {
            let choice = ModelChoice { path: path.clone(), changes: settings.changes.clone() };
            choice.read().map(Some)
        }
        None if !settings.changes.parameters.is_empty() || !settings.changes.initial.is_empty() => {
            Err(Error::Setting {
                setting: "--set or --init",
                found: "given without a model".into(),
                expected: "they change a model: add --model MODEL.crn",
            })
        }
        None => Ok(None),
    }
}
