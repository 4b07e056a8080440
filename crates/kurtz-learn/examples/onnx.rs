//! Writes subnets as ONNX files, with an input and what comes out of it here, for `tests/onnx_by_onnxruntime.py` to judge.
//!
//! `cargo run --release -p kurtz-learn --example onnx DIRECTORY`

use kurtz_learn::nn::{Activation, Mlp, MlpSettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("give a directory")?;
    let subnet = |width, depth, activation| MlpSettings { width, depth, activation, dropout: 0.0 };
    let cases = [
        ("shallow", 60, subnet(25, 1, Activation::Relu)),
        ("deep", 60, subnet(150, 8, Activation::Prelu)),
        ("receptors", 105, subnet(150, 5, Activation::Relu)),
        ("linear", 7, subnet(1, 0, Activation::Relu)),
    ];
    for (name, inputs, settings) in cases {
        let network = Mlp::random(inputs, 2, &settings, 5, 1);
        let x: Vec<f32> = (0..inputs).map(|i| (0.3 * i as f32).sin()).collect();
        let (mut y, mut scratch) = (vec![0.0; 2], vec![0.0; network.scratch_len()]);
        network.evaluate(&x, &mut y, &mut scratch);
        std::fs::write(format!("{directory}/{name}.onnx"), network.to_onnx())?;
        std::fs::write(format!("{directory}/{name}.json"), serde_json::to_string(&(x, y))?)?;
    }
    Ok(())
}
