//! `tokens`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Options of `tokens`.
#[derive(Debug, Args)]
pub struct Tokens {
    /// What to do.
    #[command(subcommand)]
    pub action: TokensAction,
}

/// What can be done about tokens.
#[derive(Debug, Subcommand)]
pub enum TokensAction {
    /// Read token inventories and audit logs, and join them to the publishes of your archive
    #[command(
        after_help = "Takes `npm token list --json`, GitHub audit-log exports (JSON, JSON Lines, CSV) and CSV with \
        time,actor,action,package,version,token,country,ip. No token is ever kept or shown whole.

Example: gaitkeeper tokens import --archive ./archive tokens.json audit-log.json"
    )]
    Import {
        /// Inventories and audit logs
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the tokens to rotate, with the reason
    #[command(after_help = "Example: gaitkeeper tokens report --archive ./archive --policy 30")]
    Report {
        /// Days after which a token should be rotated
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        policy: u32,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}
