//! The desk over HTTP: which address shows what, and what a form does.
#![allow(clippy::unused_async, reason = "a handler is called as a future, whether or not it waits for anything")]

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Form, Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::alert_page::Alert;
use super::answers::{answer, missing, page, refuse, see, stranger};
use super::door::Door;
use super::pages::{self, Entrance, Frame, Help, History, Queue, Whole};
use super::{Decision, Desk, Held, Scored, Standing};
use crate::error::{Kind, Result};
use crate::names::ReleaseId;

/// Bytes of a form at most: a reason of the longest kind, escaped, and the rest.
const LARGEST_FORM: usize = 32 * 1024;
const TOO_LARGE: &str = "It has more than 32 KiB. Shorten the reason; nothing was recorded.";
/// Only what this desk serves itself: no script or style in a page, no other host, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = concat!(include_str!("../../report/style.css"), include_str!("desk.css"));
const SCRIPT: &str = include_str!("desk.js");
const ICON: &str = include_str!("icon.svg");

/// What a request needs.
pub struct Served {
    /// The desk.
    pub desk: Desk,
    /// Who may come in.
    pub door: Door,
}

type Shared = State<Arc<Served>>;

/// The whole desk.
pub fn router(served: Arc<Served>) -> Router {
    Router::new()
        .route("/", get(queue))
        .route("/done", get(done))
        .route("/alert/{id}", get(alert).post(decide))
        .route("/campaign/{id}", get(campaign).post(decide_campaign))
        .route("/history", get(history))
        .route("/score-again", post(score_again))
        .route("/help", get(help))
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn_with_state(served.clone(), let_in))
        .route("/style.css", get(|| asset("text/css; charset=utf-8", STYLE)))
        .route("/desk.js", get(|| asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/icon.svg", get(|| asset("image/svg+xml", ICON)))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn_with_state(served.clone(), guard))
        .with_state(served)
}

/// What an address may carry.
#[derive(Default, Deserialize)]
struct Asked {
    token: Option<String>,
    q: Option<String>,
    before: Option<i64>,
    recorded: Option<i64>,
}

/// A form that gives a verdict.
#[derive(Deserialize)]
struct Given {
    csrf: String,
    #[serde(default)]
    seen: i64,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Plain {
    csrf: String,
}

/// What every answer carries, and the first question: is this desk meant at all?
async fn guard(State(served): Shared, request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut response = if length.is_some_and(|length| length > LARGEST_FORM as u64) {
        // Nobody waits for what is refused anyway.
        refuse(StatusCode::PAYLOAD_TOO_LARGE, "This form is too large", TOO_LARGE)
    } else if served.door.is_addressed(request.headers()) {
        next.run(request).await
    } else {
        refuse(StatusCode::MISDIRECTED_REQUEST, "This is another address", "Open the address that was printed.")
    };
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 7] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Shows pages only to who has the cookie, and gives it to who has the token.
async fn let_in(State(served): Shared, request: Request, next: Next) -> Response {
    let token = match (request.method().as_str(), request.uri().path()) {
        ("GET", "/") => Query::<Asked>::try_from_uri(request.uri()).ok().and_then(|asked| asked.0.token),
        _ => None,
    };
    match token {
        Some(token) => match served.door.admit(&token).and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            Some(cookie) => {
                let mut response = page(StatusCode::OK, &Entrance);
                response.headers_mut().insert(SET_COOKIE, cookie);
                response
            }
            None => stranger(),
        },
        None if served.door.is_let_in(request.headers()) => next.run(request).await,
        None => stranger(),
    }
}

async fn queue(state: Shared, asked: std::result::Result<Query<Asked>, QueryRejection>) -> Response {
    list(&state.0, asked, false)
}

async fn done(state: Shared, asked: std::result::Result<Query<Asked>, QueryRejection>) -> Response {
    list(&state.0, asked, true)
}

fn list(served: &Served, asked: std::result::Result<Query<Asked>, QueryRejection>, is_done: bool) -> Response {
    let asked = asked.map(|asked| asked.0).unwrap_or_default();
    answer(|| {
        let (scored, held) = (served.desk.scored(), served.desk.held()?);
        let mut frame = frame(if is_done { "Done" } else { "Queue" }, served, &scored, &held);
        frame.notice = notice(&held, asked.recorded);
        let filter = asked.q.unwrap_or_default();
        Ok(page(StatusCode::OK, &Queue::new(frame, &scored, &held, is_done, &filter)))
    })
}

async fn alert(
    State(served): Shared,
    Path(id): Path<String>,
    asked: std::result::Result<Query<Asked>, QueryRejection>,
) -> Response {
    let recorded = asked.ok().and_then(|asked| asked.0.recorded);
    answer(|| {
        let (scored, held) = (served.desk.scored(), served.desk.held()?);
        let Some(finding) = scored.finding(&id) else { return Ok(missing()) };
        let mut frame = frame(&finding.release.to_string(), &served, &scored, &held);
        frame.notice = notice(&held, recorded);
        Ok(page(StatusCode::OK, &Alert::new(frame, &scored, &held, finding)))
    })
}

/// A verdict that came from one of the desk's own pages, with what is shown by then.
fn given(
    served: &Served,
    headers: &HeaderMap,
    form: std::result::Result<Form<Given>, FormRejection>,
    decide: impl FnOnce(&Given, &Scored, &Held) -> Result<Response>,
) -> Response {
    match own(served, headers, form, |given| &given.csrf) {
        Ok(given) => answer(|| decide(&given, &served.desk.scored(), &*served.desk.held()?)),
        Err(refusal) => refusal,
    }
}

async fn decide(
    State(served): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: std::result::Result<Form<Given>, FormRejection>,
) -> Response {
    given(&served, &headers, form, |given, scored, held| {
        let Some(finding) = scored.finding(&id) else { return Ok(missing()) };
        let after = next_open(scored, held, &[&id]);
        let trouble = match attempt(&served.desk, std::slice::from_ref(&finding.release), given)? {
            Attempt::Recorded(number) => return Ok(see_next(after.as_deref(), number)),
            Attempt::Not(status, trouble) => (status, trouble),
        };
        let held = served.desk.held()?;
        let mut alert = Alert::new(frame("Not recorded", &served, scored, &held), scored, &held, finding);
        alert.form = refilled(alert.form, given, &trouble.1);
        Ok(page(trouble.0, &alert))
    })
}

async fn campaign(State(served): Shared, Path(id): Path<String>) -> Response {
    answer(|| {
        let (scored, held) = (served.desk.scored(), served.desk.held()?);
        let page = whole(&served, &scored, &held, &id).map(|whole| page(StatusCode::OK, &whole));
        Ok(page.unwrap_or_else(missing))
    })
}

async fn decide_campaign(
    State(served): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    form: std::result::Result<Form<Given>, FormRejection>,
) -> Response {
    given(&served, &headers, form, |given, scored, held| {
        let bundles = scored.bundles(|_| true);
        let Some(bundle) = bundles.iter().find(|b| b.campaign.is_some_and(|c| c.id == id)) else {
            return Ok(missing());
        };
        // What was done when the page was shown keeps its verdict; what somebody did since then stops everything.
        let left: Vec<ReleaseId> = bundle
            .findings
            .iter()
            .filter(|f| match held.standing(f) {
                Standing::Done(kept) => kept.id > given.seen,
                Standing::Open | Standing::Unsure(_) => true,
            })
            .map(|finding| finding.release.clone())
            .collect();
        let ids: Vec<String> = bundle.findings.iter().map(|finding| finding.id()).collect();
        let after = next_open(scored, held, &ids.iter().collect::<Vec<_>>());
        let trouble = match attempt(&served.desk, &left, given)? {
            Attempt::Recorded(number) => return Ok(see_next(after.as_deref(), number)),
            Attempt::Not(status, trouble) => (status, trouble),
        };
        let held = served.desk.held()?;
        let Some(mut whole) = whole(&served, scored, &held, &id) else { return Ok(missing()) };
        whole.form = refilled(whole.form, given, &trouble.1);
        Ok(page(trouble.0, &whole))
    })
}

async fn history(State(served): Shared, asked: std::result::Result<Query<Asked>, QueryRejection>) -> Response {
    let asked = asked.map(|asked| asked.0).unwrap_or_default();
    answer(|| {
        let (scored, held) = (served.desk.scored(), served.desk.held()?);
        let frame = frame("History", &served, &scored, &held);
        Ok(page(StatusCode::OK, &History::new(frame, &scored, &held, asked.before, &asked.q.unwrap_or_default())))
    })
}

async fn help(State(served): Shared) -> Response {
    answer(|| {
        let (scored, held) = (served.desk.scored(), served.desk.held()?);
        Ok(page(StatusCode::OK, &Help { frame: frame("Keys", &served, &scored, &held) }))
    })
}

async fn score_again(
    State(served): Shared,
    headers: HeaderMap,
    form: std::result::Result<Form<Plain>, FormRejection>,
) -> Response {
    match own(&served, &headers, form, |plain| &plain.csrf) {
        Ok(_) => answer(|| served.desk.score_again().map(|()| see("/"))),
        Err(refusal) => refusal,
    }
}

async fn nothing() -> Response {
    missing()
}

async fn not_so() -> Response {
    refuse(StatusCode::METHOD_NOT_ALLOWED, "Not in this way", "Pages are read, and forms are sent from them.")
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind)], text).into_response()
}

/// What became of a form.
enum Attempt {
    Recorded(i64),
    Not(StatusCode, String),
}

fn attempt(desk: &Desk, releases: &[ReleaseId], given: &Given) -> Result<Attempt> {
    let not = |what: &str| Ok(Attempt::Not(StatusCode::UNPROCESSABLE_ENTITY, what.to_owned()));
    let Ok(verdict) = given.verdict.parse() else { return not("Choose benign, malicious or unsure.") };
    if given.reason.trim().is_empty() {
        return not("Say why: the reason is what the next reader goes by.");
    }
    if releases.is_empty() {
        return not("Every publish of it is decided. One alone can be decided anew on its own page.");
    }
    match desk.decide(releases, verdict, &given.reason, given.seen) {
        Ok(Decision::Recorded(numbers)) => Ok(Attempt::Recorded(numbers.last().copied().unwrap_or_default())),
        Ok(Decision::Overtaken(kept)) => {
            let told = kept.iter().map(pages::Said::of);
            let told: Vec<String> =
                told.map(|s| format!("{} is {} by {} ({})", s.release, s.verdict, s.reviewer, s.reason)).collect();
            let what = format!("Decided in the meantime: {}. Send again to decide otherwise.", told.join("; "));
            Ok(Attempt::Not(StatusCode::CONFLICT, what))
        }
        Err(error) if error.kind == Kind::Usage => {
            not(&format!("{error}. {}", error.remedy.as_deref().unwrap_or_default()))
        }
        Err(error) => Err(error),
    }
}

/// A form that came from a page of this desk, or the refusal.
#[allow(clippy::result_large_err, reason = "the refusal is the answer, made once")]
fn own<T>(
    served: &Served,
    headers: &HeaderMap,
    form: std::result::Result<Form<T>, FormRejection>,
    csrf: impl Fn(&T) -> &String,
) -> std::result::Result<T, Response> {
    match form {
        Ok(Form(form)) if served.door.is_own_form(headers, csrf(&form)) => Ok(form),
        Ok(_) => Err(refuse(
            StatusCode::FORBIDDEN,
            "This form is not from here",
            "Nothing was recorded. Open the page again: the desk may have been started anew.",
        )),
        Err(rejection) => {
            let status = rejection.status();
            let what = if status == StatusCode::PAYLOAD_TOO_LARGE {
                TOO_LARGE
            } else {
                "It lacks something, or is no form at all; nothing was recorded. Open the page again."
            };
            Err(refuse(status, "This form cannot be read", what))
        }
    }
}

/// The open finding that follows these in the queue, or else the first one.
fn next_open(scored: &Scored, held: &Held, decided: &[&String]) -> Option<String> {
    let order = pages::order(scored, held);
    let last = order.iter().rposition(|id| decided.contains(&id));
    let rest = |ids: &[String]| ids.iter().find(|id| !decided.contains(id)).cloned();
    rest(&order[last.map_or(0, |at| at + 1)..]).or_else(|| rest(&order))
}

fn see_next(after: Option<&str>, number: i64) -> Response {
    see(&after.map_or_else(|| format!("/?recorded={number}"), |id| format!("/alert/{id}?recorded={number}")))
}

fn notice(held: &Held, recorded: Option<i64>) -> String {
    let kept = recorded.and_then(|number| held.all.iter().find(|kept| kept.id == number));
    kept.map_or_else(String::new, |kept| {
        let given = &kept.given;
        let together = held.all.iter().filter(|k| k.given.at == given.at && k.given.reason == given.reason).count();
        let others = if together > 1 { format!(" and {} more", together - 1) } else { String::new() };
        format!("Recorded: {}{others} is {}", given.release, given.verdict.name())
    })
}

fn refilled(mut form: pages::Form, given: &Given, trouble: &str) -> pages::Form {
    form.chosen.clone_from(&given.verdict);
    form.reason.clone_from(&given.reason);
    form.trouble = crate::error::printable(trouble);
    form
}

fn whole(served: &Served, scored: &Scored, held: &Held, id: &str) -> Option<Whole> {
    let bundles = scored.bundles(|_| true);
    let bundle = bundles.iter().find(|b| b.campaign.is_some_and(|c| c.id == id))?;
    Some(Whole::new(frame("Campaign", served, scored, held), held, bundle, bundle.campaign?))
}

fn frame(title: &str, served: &Served, scored: &Scored, held: &Held) -> Frame {
    Frame::new(title, &served.desk, scored, held, served.door.csrf())
}
