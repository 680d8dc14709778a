//! `mcp`: the Model Context Protocol over standard input and output, for assistants that look into alerts.
//!
//! [`judged`] holds the history, judged once; [`asked`] and [`answers`] are what the tools take and give; [`tools`]
//! is the server. What strangers wrote stands in fields of its own, bounded and without control characters.

mod answers;
mod asked;
mod judged;
mod tools;

use std::sync::Arc;

use rmcp::ServiceExt;

use self::judged::Judged;
use self::tools::Server;
use super::{Means, desk};
use crate::archive::store::Archive;
use crate::cli::mcp::Mcp;
use crate::error::{Error, Result, exit};

pub(super) fn mcp(options: &Mcp, means: &Means) -> Result<u8> {
    if options.allow_verdicts
        && let Archive::Box = means.archive
    {
        return Err(Error::usage("verdicts cannot be recorded in the data in the box")
            .remedy("name an archive of your own: --archive DIR"));
    }
    let model = means.model()?;
    let history = means.archive.load()?;
    if history.events.is_empty() {
        return Err(Error::no_input("the archive holds no publishes")
            .remedy("put some into it: gaitkeeper pull --archive DIR PACKAGE"));
    }
    let policy = desk::policy(&options.desk, &history, means)?;
    let judged = Arc::new(Judged::new(history, model, policy, means.source()));
    let reviewer = options.allow_verdicts.then(|| options.reviewer.clone());
    let server = Server::new(judged, means.archive.clone(), reviewer, means.clock);
    let failed = |what: String| Error::tool(what).remedy("start this command from an MCP client; see docs/mcp.md");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::tool(format!("cannot start: {e}")).remedy("check the limits on threads and memory"))?;
    let ended = runtime.block_on(async {
        let serving = match server.serve(rmcp::transport::stdio()).await {
            Ok(serving) => serving,
            // A client that goes away before it has said anything is no error.
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(failed(format!("the client did not begin as the protocol says: {error}"))),
        };
        serving.waiting().await.map(drop).map_err(|e| failed(format!("the server ended: {e}")))
    });
    // A read of standard input cannot be cancelled: it is left behind instead of waited for.
    runtime.shutdown_background();
    ended.map(|()| exit::CLEAN)
}
