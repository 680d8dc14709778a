//! Pages as answers, and the answers for what did not go.

use askama::Template;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::task::block_in_place;

use super::pages::Trouble;
use crate::error::{Error, Result};

/// Runs what reads and scores where it holds up no other request, and shows what went wrong.
pub(super) fn answer(work: impl FnOnce() -> Result<Response>) -> Response {
    block_in_place(work).unwrap_or_else(|error| trouble(StatusCode::INTERNAL_SERVER_ERROR, &Trouble::of(&error)))
}

pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(e) => trouble(
            StatusCode::INTERNAL_SERVER_ERROR,
            &Trouble::of(&Error::tool(format!("the page cannot be written: {e}"))),
        ),
    }
}

pub(super) fn trouble(status: StatusCode, trouble: &Trouble) -> Response {
    let html = trouble.render().unwrap_or_else(|_| trouble.what.replace(['<', '&'], " "));
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

pub(super) fn refuse(status: StatusCode, title: &str, remedy: &str) -> Response {
    trouble(status, &Trouble { title: title.to_owned(), what: String::new(), remedy: remedy.to_owned() })
}

pub(super) fn stranger() -> Response {
    let remedy = "Open the address that the program printed when it was started: it holds a token.";
    refuse(StatusCode::UNAUTHORIZED, "This desk does not know your browser", remedy)
}

pub(super) fn missing() -> Response {
    let remedy = "It may have left the window when the desk scored again. The queue shows what there is.";
    refuse(StatusCode::NOT_FOUND, "There is nothing here", remedy)
}

pub(super) fn see(place: &str) -> Response {
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response()
}
