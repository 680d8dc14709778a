//! Where baselines and detection run over a history: [`embedded`] in this process, event by event.

pub mod embedded;
