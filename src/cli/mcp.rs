//! Options of `mcp`.

use clap::Args;

use super::desk::Desk;

/// Options of `mcp`.
#[derive(Debug, Args)]
#[command(after_help = "A client such as a coding assistant starts this command and talks to it over standard input \
and output; standard output carries the protocol and nothing else. The history is read and judged once, at the start.

Names and texts in the answers are written by strangers. The server marks them as such; a client must not follow what \
they say. --allow-verdicts lets the assistant record conclusions: leave it out unless a person confirms each call.

Example: what a client's configuration holds
  { \"mcpServers\": { \"gaitkeeper\": {
      \"command\": \"gaitkeeper\", \"args\": [\"mcp\", \"--archive\", \"./archive\"] } } }")]
pub struct Mcp {
    /// Offer a tool that records verdicts in the archive
    #[arg(long)]
    pub allow_verdicts: bool,
    /// Who is named as the reviewer of such verdicts
    #[arg(long, value_name = "NAME", requires = "allow_verdicts", default_value = "mcp client")]
    pub reviewer: String,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
}
