//! What a subnet sees, as a differentiable map from standard parameters and latents: the seam between the mathematics of
//! reactions and the net.

use super::graph::{Graph, Node};
use super::motif::CandidateSet;
use super::program::Program;
use super::reactions::reaction_inputs;
use crate::error::LearnError;
use crate::frame::{Latent, Standard};
use kurtz_dynamics::moments::closure;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// How the covariance of the hidden species is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatentForm {
    /// By the variances of independent hidden species, the diagonal of Sigma_h.
    #[default]
    Diagonal,
    /// By the lower triangle, row by row, of the symmetric square root R of Sigma_h = R R.
    Root,
}

/// Numbers of species, and what a latent law is given by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of visible species.
    pub visible: usize,
    /// Number of hidden species.
    pub hidden: usize,
    /// How Sigma_h is given.
    pub latent_form: LatentForm,
}

impl Shape {
    /// Number of standard parameters: [W-hat^T (hidden x visible), b-hat (visible), sigma^2].
    pub fn standard_count(&self) -> usize {
        Standard::<f64>::length(self.visible, self.hidden)
    }

    /// Number of latents: [mu_h (hidden), Sigma_h by its [`LatentForm`]].
    pub fn latent_count(&self) -> usize {
        self.hidden
            + match self.latent_form {
                LatentForm::Diagonal => self.hidden,
                LatentForm::Root => self.hidden * (self.hidden + 1) / 2,
            }
    }

    /// The latent law that latents stand for.
    pub(super) fn latent<S: crate::frame::Scalar>(&self, latents: &[S]) -> Latent<S> {
        let (mean, rest) = latents.split_at(self.hidden);
        match self.latent_form {
            LatentForm::Diagonal => Latent::diagonal(mean.to_vec(), rest),
            LatentForm::Root => {
                let entry = |e: usize| {
                    let (i, j) = (e / self.hidden, e % self.hidden);
                    let (low, high) = (i.min(j), i.max(j));
                    rest[high * (high + 1) / 2 + low]
                };
                Latent::from_root(mean.to_vec(), (0..self.hidden * self.hidden).map(entry).collect())
            }
        }
    }
}

/// A differentiable map from standard parameters and latents at one time to the inputs of a subnet.
///
/// All arrays hold one row per quantity and in it one value per point (a point is one condition at one time), so that rows
/// are contiguous: `standard` is `[standard parameters x count]`, `latents` `[latents x count]`.
pub trait InputMap: Debug + Send + Sync {
    /// Numbers of species and form of the latents.
    fn shape(&self) -> Shape;

    /// Number of inputs.
    fn input_count(&self) -> usize;

    /// A name for each input.
    fn input_names(&self) -> &[String];

    /// Writes the inputs at `count` points into `values`, `[inputs x count]`, and where wanted their derivatives by the
    /// latents into `by_latents`, `[inputs x latents x count]`, and by the standard parameters into `by_standard`,
    /// `[inputs x standard parameters x count]`. Exact derivatives; nothing is allocated after a thread's first call.
    ///
    /// Where Sigma_h is not positive definite, the values are NaN or infinite.
    ///
    /// # Panics
    /// If a slice has another length.
    fn evaluate(
        &self,
        count: usize,
        standard: &[f64],
        latents: &[f64],
        values: &mut [f64],
        by_latents: Option<&mut [f64]>,
        by_standard: Option<&mut [f64]>,
    );
}

/// Which inputs a subnet gets: a complete description, from which the map is built again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSettings {
    /// The species, and the candidate reactions; these may be none.
    pub candidates: CandidateSet,
    /// The moment closures under which the effect of each candidate is taken; with several, each candidate is offered
    /// once per closure. Default: `["gaussian"]`, the closure that suits a normal law (Ernst et al. 2021, eq. C12).
    #[serde(default = "gaussian")]
    pub closures: Vec<String>,
    /// Whether the parameters themselves are inputs, in the order [W^T, Sigma_h, sigma^2, mu_h, b], not standard: the
    /// physics-free twin if there are no candidates. Default false.
    #[serde(default)]
    pub parameters: bool,
    /// Products of up to so many of the parameters, too; 0 and 1 add none. Default 0.
    #[serde(default)]
    pub polynomial_degree: u32,
    /// How the covariance of the hidden species is given. Default diagonal.
    #[serde(default)]
    pub latent_form: LatentForm,
}

fn gaussian() -> Vec<String> {
    vec!["gaussian".into()]
}

impl InputSettings {
    /// The effects of these candidates under the Gaussian closure.
    pub fn reactions(candidates: CandidateSet) -> Self {
        let closures = gaussian();
        InputSettings {
            candidates,
            closures,
            parameters: false,
            polynomial_degree: 0,
            latent_form: LatentForm::Diagonal,
        }
    }

    /// The parameters alone: the twin without physics.
    pub fn parameters(visible: &[String], hidden: &[String]) -> Self {
        let candidates = CandidateSet { visible: visible.to_vec(), hidden: hidden.to_vec(), motifs: Vec::new() };
        InputSettings { parameters: true, ..Self::reactions(candidates) }
    }

    /// The numbers of species and the form of the latents.
    pub fn shape(&self) -> Shape {
        let CandidateSet { visible, hidden, .. } = &self.candidates;
        Shape { visible: visible.len(), hidden: hidden.len(), latent_form: self.latent_form }
    }

    /// Derives and compiles the map.
    ///
    /// # Errors
    /// No species or no inputs at all; a closure that does not exist; reactions that cannot be derived.
    pub fn build(&self) -> Result<CompiledInputs, LearnError> {
        CompiledInputs::new(self)
    }
}

/// Inputs of a subnet compiled from formulas: effects of reactions, parameters, products of parameters.
#[derive(Clone, Debug)]
pub struct CompiledInputs {
    settings: InputSettings,
    shape: Shape,
    names: Vec<String>,
    values: Program,
    with_latents: Program,
    with_all: Program,
}

/// The inputs of a subnet, recorded.
pub(super) struct Recorded<'g> {
    pub names: Vec<String>,
    pub nodes: Vec<Node<'g>>,
}

/// Records all inputs that the settings ask for, over the inputs [standard parameters, latents] of the graph.
pub(super) fn record<'g>(settings: &InputSettings, graph: &'g Graph) -> Result<Recorded<'g>, LearnError> {
    let shape = settings.shape();
    let CandidateSet { visible, hidden, motifs } = &settings.candidates;
    for (list, what) in [(visible, "visible species"), (hidden, "hidden species")] {
        if list.is_empty() {
            return Err(LearnError::Empty { what });
        }
    }
    let flat: Vec<Node<'g>> = (0..shape.standard_count()).map(|i| graph.input(i)).collect();
    let standard = Standard::from_flat(&flat, shape.visible, shape.hidden);
    let latents: Vec<Node<'g>> = (0..shape.latent_count()).map(|i| graph.input(flat.len() + i)).collect();
    let latent = shape.latent(&latents);
    let mut recorded = Recorded { names: Vec::new(), nodes: Vec::new() };
    if !motifs.is_empty() {
        for name in &settings.closures {
            let closure = closure::named(name).ok_or_else(|| LearnError::UnknownName {
                what: "moment closure",
                name: name.clone(),
                known: closure::all().iter().map(|c| c.name().to_owned()).collect(),
            })?;
            let inputs = reaction_inputs(&settings.candidates, &*closure, &standard, &latent)?;
            let suffix = if settings.closures.len() > 1 { format!(", {name}") } else { String::new() };
            for (motif, nodes) in motifs.iter().zip(inputs) {
                recorded
                    .names
                    .extend(standard_names(visible, hidden).iter().map(|n| format!("{}: {n}{suffix}", motif.name)));
                recorded.nodes.extend(nodes);
            }
        }
    }
    if settings.parameters || settings.polynomial_degree > 1 {
        let parameters = standard.to_parameters(&latent);
        let flat = Standard { mean: parameters.bias, loadings: parameters.weights, noise: parameters.noise }.to_flat();
        let (weights, rest) = flat.split_at(shape.visible * shape.hidden);
        let (bias, noise) = rest.split_at(shape.visible);
        let (mean, covariance) = latents.split_at(shape.hidden);
        let nodes = [weights, covariance, noise, mean, bias].concat();
        let names = parameter_names(settings);
        if settings.parameters {
            recorded.names.extend(names.iter().cloned());
            recorded.nodes.extend(nodes.iter().copied());
        }
        for degree in 2..=settings.polynomial_degree {
            for product in multisets(nodes.len(), degree as usize) {
                recorded.names.push(product.iter().map(|&i| names[i].as_str()).collect::<Vec<_>>().join(" "));
                let value = product.iter().fold(Node::Number(1.0), |product, &i| product * nodes[i]);
                recorded.nodes.push(value);
            }
        }
    }
    if recorded.nodes.is_empty() {
        return Err(LearnError::Empty { what: "inputs; give candidate reactions, or `parameters = true`" });
    }
    Ok(recorded)
}

/// Names of the standard parameters, in the order in which they stand.
pub(crate) fn standard_names(visible: &[String], hidden: &[String]) -> Vec<String> {
    let one = hidden.len() == 1;
    let weights = hidden
        .iter()
        .flat_map(|h| visible.iter().map(move |v| if one { format!("W_{v}") } else { format!("W_{v}_{h}") }));
    weights.chain(visible.iter().map(|v| format!("b_{v}"))).chain(["sigma2".into()]).collect()
}

fn parameter_names(settings: &InputSettings) -> Vec<String> {
    let CandidateSet { visible, hidden, .. } = &settings.candidates;
    let mut names = standard_names(visible, hidden);
    let (noise, bias) = (names.pop().unwrap_or_default(), names.split_off(visible.len() * hidden.len()));
    match settings.latent_form {
        LatentForm::Diagonal => names.extend(hidden.iter().map(|h| format!("Sigma_{h}"))),
        LatentForm::Root => {
            let pairs = (0..hidden.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
            names.extend(pairs.map(|(i, j)| format!("root_{}_{}", hidden[i], hidden[j])));
        }
    }
    names.push(noise);
    names.extend(hidden.iter().map(|h| format!("mu_{h}")));
    names.extend(bias);
    names
}

/// All ways to choose `size` of `kinds` things, with repetition, in order.
fn multisets(kinds: usize, size: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..size {
        let longer = |list: &Vec<usize>| {
            let first = list.last().copied().unwrap_or(0);
            (first..kinds).map(|i| [list.as_slice(), &[i]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

impl CompiledInputs {
    fn new(settings: &InputSettings) -> Result<Self, LearnError> {
        let (graph, shape) = (Graph::default(), settings.shape());
        let Recorded { names, nodes } = record(settings, &graph)?;
        let (standard, latents) = (shape.standard_count(), shape.latent_count());
        let gradient = |inputs: std::ops::Range<usize>| {
            let columns: Vec<Vec<Node<'_>>> = inputs.map(|i| graph.derivatives(&nodes, i)).collect();
            (0..nodes.len()).flat_map(|o| columns.iter().map(move |c| c[o]).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let by_latents = gradient(standard..standard + latents);
        let by_standard = gradient(0..standard);
        // Derivatives share their parts with the values, so that each program computes all of its outputs together.
        let compile = |outputs: &[Node<'_>]| Program::new(&graph, outputs);
        Ok(CompiledInputs {
            settings: settings.clone(),
            shape,
            values: compile(&nodes),
            with_latents: compile(&[nodes.as_slice(), &by_latents].concat()),
            with_all: compile(&[nodes.as_slice(), &by_latents, &by_standard].concat()),
            names,
        })
    }

    /// The settings it was built from.
    pub fn settings(&self) -> &InputSettings {
        &self.settings
    }

    /// Arithmetical operations a point: of the values, of values and derivatives by latents, of all derivatives.
    pub fn operations(&self) -> [usize; 3] {
        [self.values.operations(), self.with_latents.operations(), self.with_all.operations()]
    }
}

impl InputMap for CompiledInputs {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn input_count(&self) -> usize {
        self.names.len()
    }

    fn input_names(&self) -> &[String] {
        &self.names
    }

    fn evaluate(
        &self,
        count: usize,
        standard: &[f64],
        latents: &[f64],
        values: &mut [f64],
        by_latents: Option<&mut [f64]>,
        by_standard: Option<&mut [f64]>,
    ) {
        let (p, q, n) = (self.shape.standard_count(), self.shape.latent_count(), self.names.len());
        assert_eq!(standard.len(), p * count, "one value per standard parameter and point");
        assert_eq!(latents.len(), q * count, "one value per latent and point");
        assert_eq!(values.len(), n * count, "one value per input and point");
        assert!(by_latents.as_ref().is_none_or(|j| j.len() == n * q * count), "one value per input, latent and point");
        assert!(by_standard.as_ref().is_none_or(|j| j.len() == n * p * count), "one per input, parameter and point");
        let program = match (&by_latents, &by_standard) {
            (None, None) => &self.values,
            (Some(_), None) => &self.with_latents,
            (_, Some(_)) => &self.with_all,
        };
        let read = |i: usize| if i < p { &standard[i * count..] } else { &latents[(i - p) * count..] };
        let (mut by_latents, mut by_standard) = (by_latents, by_standard);
        program.evaluate(count, read, |row, at, found| {
            let (row, target) = if row < n {
                (row, Some(&mut *values))
            } else if row < n + n * q {
                (row - n, by_latents.as_deref_mut())
            } else {
                (row - n - n * q, by_standard.as_deref_mut())
            };
            if let Some(target) = target {
                target[row * count + at..][..found.len()].copy_from_slice(found);
            }
        });
    }
}
