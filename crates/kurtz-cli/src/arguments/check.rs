//! Arguments of `kurtz check`.

use super::Model;
use clap::Args;

/// `kurtz check`.
#[derive(Args, Debug)]
pub struct Check {
    #[command(flatten)]
    pub model: Model,
}
