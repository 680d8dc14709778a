//! One host: how fast it may be asked, whether it asked to be left alone, and when it is given up.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use crate::error::Error;

/// Questions in a row that failed for good before a host is asked nothing more in this run.
const PATIENCE: u32 = 5;

/// What is known of one host.
pub(super) struct Host {
    limiter: Option<DefaultDirectRateLimiter>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    silent_until: Option<Instant>,
    failures: u32,
    last: Option<Error>,
}

impl Host {
    /// A host that may be asked so many times a second, or as fast as it answers.
    pub(super) fn new(per_second: Option<u32>) -> Self {
        let quota = per_second.and_then(NonZeroU32::new).map(|n| Quota::per_second(n).allow_burst(NonZeroU32::MIN));
        Self { limiter: quota.map(RateLimiter::direct), state: Mutex::default() }
    }

    /// Waits until the host may be asked.
    pub(super) async fn turn(&self) {
        loop {
            let until = self.state().silent_until;
            match until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => break,
            }
        }
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
    }

    /// Nobody asks the host before the pause is over: as long as it asks for, or else `first` doubled
    /// with each repetition, and up to half of that more so that not everybody comes back at once.
    pub(super) fn throttle(&self, asked: Option<Duration>, repetition: u32, first: Duration) -> Duration {
        let pause = asked.unwrap_or_else(|| first.saturating_mul(1 << repetition.min(10)));
        let pause = pause + pause.mul_f64(jitter() / 2.0);
        let until = Instant::now() + pause;
        let mut state = self.state();
        state.silent_until = Some(state.silent_until.map_or(until, |known| known.max(until)));
        pause
    }

    /// A question was answered.
    pub(super) fn answered(&self) {
        self.state().failures = 0;
    }

    /// A question failed for good; the error is handed back.
    pub(super) fn failed(&self, error: Error) -> Error {
        let mut state = self.state();
        state.failures += 1;
        state.last = Some(error.clone());
        error
    }

    /// Why the host is not asked any more, if it is not.
    pub(super) fn given_up(&self) -> Option<Error> {
        let state = self.state();
        let last = state.last.as_ref().filter(|_| state.failures >= PATIENCE)?;
        let mut error = last.clone();
        error.what = format!("not asked, after {PATIENCE} failures in a row: {}", error.what);
        Some(error)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number from 0 to 1 that differs between callers; where the system gives none, the middle.
fn jitter() -> f64 {
    getrandom::u32().map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}
