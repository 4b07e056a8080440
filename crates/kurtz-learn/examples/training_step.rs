//! Times training steps on demand, for `benches/steps_beside_torch.py`: reads lines `width depth inputs dropout steps`, answers each
//! with the milliseconds of one step (forward, backward, Adam, dropout, clipping; batch 64, two outputs).
//!
//! `echo 500 8 60 0.3 50 | cargo run --release -p kurtz-learn --example training_step`

use kurtz_learn::nn::{Activation, AdamSettings, Mlp, MlpSettings, Trainer};
use std::io::{BufRead, Write};
use std::time::Instant;

const BATCH: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [width, depth, inputs, dropout, steps] = numbers[..] else {
            return Err("give: width depth inputs dropout steps".into());
        };
        let activation = if width == 500.0 { Activation::Prelu } else { Activation::Relu };
        let settings = MlpSettings { width: width as usize, depth: depth as usize, activation, dropout };
        let inputs = inputs as usize;
        let network = Mlp::random(inputs, 2, &settings, 1, 0);
        let mut trainer = Trainer::new(network, AdamSettings::default(), dropout, BATCH, 1);
        let targets: Vec<f32> = (0..2 * BATCH).map(|i| (i as f32).sin()).collect();
        let samples: Vec<f32> = (0..BATCH * inputs).map(|i| (3.0 * i as f32).cos()).collect();
        let mut step = || {
            for (k, samples) in samples.chunks_exact(BATCH).enumerate() {
                trainer.input_mut(k).copy_from_slice(samples);
            }
            trainer.step(BATCH, &targets)
        };
        (0..steps as usize / 10 + 1).for_each(|_| {
            step();
        });
        let start = Instant::now();
        let loss = (0..steps as usize).fold(0.0, |_, _| step());
        let milliseconds = start.elapsed().as_secs_f64() * 1e3 / steps;
        println!("{milliseconds} {loss}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
