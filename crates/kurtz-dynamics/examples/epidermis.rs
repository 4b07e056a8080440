//! A million trajectories of the epidermis network to 20 weeks, moments recorded weekly with their covariance.
//!
//! `cargo run --release -p kurtz-dynamics --example epidermis [trajectories] [method]`

#[path = "../testing/networks.rs"]
mod networks;

use kurtz_dynamics::progress::Silent;
use kurtz_dynamics::{Ensemble, MomentRecorder, method_named};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let trajectories = arguments.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let method = method_named(&arguments.next().unwrap_or("direct".into()))?;
    let kinetics = networks::epidermis();
    let ensemble = Ensemble::new(&kinetics, &*method, trajectories, 1, 20.0, 20);
    let begun = std::time::Instant::now();
    let outcome = ensemble.run(MomentRecorder::new(2, 2), &Silent)?;
    let seconds = begun.elapsed().as_secs_f64();
    let rate = outcome.events as f64 / seconds / 1e6;
    println!("{} events in {seconds:.2} s, {rate:.1} million a second", outcome.events);
    let moments = outcome.output.ok_or("no trajectory was finished")?;
    println!("week  <A> (se)  <B> (se)  <A,A> (se)  <A,B> (se)  <B,B> (se)");
    for t in [1, 5, 10, 20] {
        print!("{:4}", moments.times[t]);
        for m in 0..moments.indices.len() {
            print!("  {:.4} ({:.4})", moments.value(t, m), moments.standard_error(t, m).unwrap_or(f64::NAN));
        }
        println!();
    }
    Ok(())
}
