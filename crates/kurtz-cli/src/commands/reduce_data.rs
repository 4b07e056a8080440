//! `kurtz reduce --data`.

use super::directory;
use crate::arguments::Reduce;
use crate::output::{check_directory, check_file, write_file};
use anyhow::{Result, bail};
use kurtz::learn::invariants::RelationSettings;
use kurtz::study::reduce_data::{self, Settings};

pub fn run(arguments: &Reduce) -> Result<bool> {
    check_file(arguments.network.as_deref())?;
    check_directory(arguments.output.as_deref())?;
    if let Some(path) = arguments.network.as_deref().filter(|p| p.extension().is_none_or(|e| e != "crn")) {
        bail!("a network learned from data is written as text: end the name of `{}` in .crn", path.display());
    }
    let default = RelationSettings::default();
    let settings = Settings {
        data: arguments.data.clone(),
        relations: RelationSettings {
            noise: arguments.noise,
            discrepancy: arguments.discrepancy.unwrap_or(default.discrepancy),
            start: arguments.from,
            ..default
        },
    };
    let reduced = reduce_data::run(&settings)?;
    println!("{}", reduced.noise_table().to_text());
    if !reduced.sums.is_empty() || !reduced.products.products.is_empty() {
        println!("{}", reduced.relations().to_text());
    }
    if let Some(refusal) = reduced.refusal() {
        if let Some(path) = &arguments.output {
            reduced.findings(&settings)?.write(directory(path)?)?;
        }
        return Err(refusal.into());
    }
    println!("{}", reduced.window());
    for law in &reduced.laws {
        println!("\n{}", reduced.law_table(law).to_text());
    }
    reduced.sentences().iter().for_each(|sentence| println!("{sentence}"));
    let network = reduced.network();
    if let Some(text) = &network {
        println!("\n{text}");
    }
    if let (Some(path), Some(text)) = (&arguments.network, &network) {
        write_file(path, text.as_bytes())?;
        println!("network: {}", path.display());
    }
    if let Some(path) = &arguments.output {
        let report = reduced.findings(&settings)?.write(directory(path)?)?;
        println!("report: {}", report.display());
    }
    Ok(true)
}
