//! Options of `train`.

use std::path::PathBuf;

use clap::Args;

/// Options of `train`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gaitkeeper train --events data/history.parquet --attacks data/attacks.parquet --out models"
)]
pub struct Train {
    /// Event table (Parquet or CSV)
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
    /// Table of attacks (Parquet: the same columns, campaign, instance, fold)
    #[arg(long, value_name = "FILE")]
    pub attacks: PathBuf,
    /// Folder for model.toml, scores.parquet and MODEL_CARD.md; what it holds of these is replaced
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub out: PathBuf,
    /// Seed of every random choice
    #[arg(long, value_name = "N", default_value_t = crate::engine::train::GROWTH.seed)]
    pub seed: u64,
    /// Trees
    #[arg(long, value_name = "N", default_value_t = crate::engine::train::GROWTH.trees)]
    pub trees: usize,
    /// Levels of splits in a tree
    #[arg(long, value_name = "N", default_value_t = crate::engine::train::GROWTH.depth, value_parser = depth)]
    pub depth: usize,
    /// Share of each step that is taken
    #[arg(long, value_name = "SHARE", default_value_t = crate::engine::train::GROWTH.rate)]
    pub rate: f64,
    /// Leave campaigns out in so many groups instead of one at a time: faster, and harsher
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..))]
    pub groups: Option<u8>,
    /// Also measure without each group of signals: takes several times as long
    #[arg(long)]
    pub ablate: bool,
}

fn depth(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(depth @ 1..=8) => Ok(depth),
        _ => Err("a tree has 1 to 8 levels".to_owned()),
    }
}
