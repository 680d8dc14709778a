//! Questions to a log, before anything is sent.

/// One question: what to ask for below a log's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Path and query below the log's address, without a slash at its beginning.
    pub path: String,
    /// The `Accept` header.
    pub accept: &'static str,
    /// JSON that makes it a POST.
    pub body: Option<Vec<u8>>,
}

impl Question {
    /// A GET of JSON.
    pub(super) fn json(path: String) -> Self {
        Self { path, accept: "application/json", body: None }
    }

    /// A GET of anything else.
    pub(super) fn any(path: String) -> Self {
        Self { path, accept: "*/*", body: None }
    }

    /// A POST of JSON that answers with JSON.
    pub(super) fn post(path: &str, body: &serde_json::Value) -> Self {
        Self { path: path.to_owned(), accept: "application/json", body: Some(body.to_string().into_bytes()) }
    }
}
