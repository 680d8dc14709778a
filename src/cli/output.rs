//! Options that say where findings go, and what others are asked of them.

use std::path::PathBuf;

use clap::Args;

/// Where findings are written besides standard output.
#[derive(Debug, Args)]
pub struct Output {
    /// Write into a file instead of to standard output; what it held stays until everything is written
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write every format as well, each as a file of this folder (findings.txt, findings.csv, signals.csv, findings.jsonl,
    /// findings.sarif, findings.md, findings.html)
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
}

/// Whom to ask besides.
#[derive(Debug, Args)]
pub struct Others {
    /// Show what others say beside each finding; never part of the score (may be repeated): OSV records (JSON, or a folder of
    /// them), or CSV with purl or registry,package,version, then verdict or result, and if you like source and note
    #[arg(long, value_name = "FILE")]
    pub corroborate: Vec<PathBuf>,
}

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what: findings are the lines of `score`, `watch` and `investigate` with `--format jsonl`
    #[arg(value_name = "WHAT", value_parser = ["findings"])]
    pub what: String,
}
