//! Small invented histories, written in one line each: the signals' examples and the tests.

use crate::archive::columns::PublishEvent;
use crate::archive::history::History;
use crate::baseline::stance::DAY;

/// Tuesday, 2024-01-02, 10:00 UTC.
const START: i64 = 1_704_189_600_000;

/// A recorded string.
#[must_use]
#[allow(clippy::unnecessary_wraps, reason = "it stands in for a column, which may be empty")]
pub fn said(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A history in the making. The last publish is the one that is judged.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The publishes so far.
    pub events: Vec<PublishEvent>,
}

impl Scene {
    /// `ann` publishes `pkg` every week, `n` times, the same way each time: 1.0.0, 1.0.1, ...
    #[must_use]
    pub fn steady(n: usize) -> Self {
        let mut scene = Self::default();
        for _ in 0..n {
            scene = scene.next(|_| {});
        }
        scene
    }

    /// `ann` publishes `pkg-0` to `pkg-(width-1)` together every week, `n` times.
    #[must_use]
    pub fn monorepo(width: usize, n: usize) -> Self {
        let mut scene = Self::default();
        for round in 0..n {
            for package in 0..width {
                let wait = if package == 0 { 7 * DAY } else { 10_000 };
                scene = scene.after(wait, |e| {
                    e.package = Some(format!("pkg-{package}"));
                    e.version = Some(format!("1.0.{round}"));
                });
            }
        }
        scene
    }

    /// `n` more patches, a week apart, each changed as `change` says.
    #[must_use]
    pub fn then(mut self, n: usize, change: impl Fn(&mut PublishEvent)) -> Self {
        for _ in 0..n {
            self = self.next(&change);
        }
        self
    }

    /// The next patch a week later, changed as `change` says.
    #[must_use]
    pub fn next(self, change: impl FnOnce(&mut PublishEvent)) -> Self {
        self.after(7 * DAY, change)
    }

    /// The next patch after `wait` milliseconds, changed as `change` says.
    #[must_use]
    pub fn after(mut self, wait: i64, change: impl FnOnce(&mut PublishEvent)) -> Self {
        let at = self.events.last().and_then(|e| e.published_at).map_or(START, |last| last + wait);
        let mut event = PublishEvent {
            registry: said("npm"),
            package: said("pkg"),
            version: Some(format!("1.0.{}", self.events.len())),
            published_at: Some(at),
            publisher: said("ann"),
            publisher_email_id: said("aaaaaaaaaaaa"),
            publisher_email_domain: said("ann.example"),
            auth_kind: said("account"),
            npm_version: said("10.8.2"),
            node_version: said("20.11.1"),
            git_head: Some(format!("{:012x}", self.events.len() + 1)),
            file_count: Some(10),
            unpacked_size: Some(100_000),
            dependencies: said("left|right"),
            maintainers: said("ann|bob"),
            repository: said("github.com/ann/pkg"),
            ..PublishEvent::default()
        };
        change(&mut event);
        self.events.push(event);
        self
    }

    /// Changes every publish so far.
    #[must_use]
    pub fn all(mut self, change: impl Fn(&mut PublishEvent)) -> Self {
        self.events.iter_mut().for_each(change);
        self
    }

    /// As a history, with the position of the judged publish.
    #[must_use]
    pub fn history(self) -> (History, usize) {
        let last = self.events.last().cloned().unwrap_or_default();
        let history = History::from_events(self.events);
        let text = |s: &Option<String>| s.clone().unwrap_or_default();
        let at = history.find(&text(&last.registry), &text(&last.package), &text(&last.version)).unwrap_or(0);
        (history, at)
    }
}

/// Makes a publish one by a trusted publisher, with provenance, as npm records it.
pub fn trusted(event: &mut PublishEvent) {
    event.publisher = said(crate::names::NPM_TRUSTED_PUBLISHER_ACCOUNT);
    event.publisher_email_id = said("bbbbbbbbbbbb");
    event.publisher_email_domain = said("github.com");
    event.auth_kind = said("trusted_publisher");
    event.trusted_publisher = said("github");
    event.oidc_config_id = said("c1");
    event.provenance = said("https://slsa.dev/provenance/v1");
    event.ci_workflow = said(".github/workflows/release.yml");
    event.ci_trigger = said("push");
    event.ci_ref_kind = said("tag");
    event.ci_runner = said("hosted");
}

/// Gives a publish certificate facts, as a log would.
pub fn certified(event: &mut PublishEvent) {
    event.cert_issuer = said("https://issuer.example");
    event.cert_repository_id = said("1");
}
