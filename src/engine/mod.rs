//! Where baselines and detection run over a history: [`embedded`] in this process, event by event; [`backtest`] and [`evaluate`] put known attacks
//! into it, and [`peers`] holds the rules that others use. [`columns`] keeps surprises for those of them that learn.

pub mod backtest;
pub mod columns;
pub mod embedded;
pub mod evaluate;
pub mod investigate;
pub mod peers;
pub mod survey;
pub mod train;
