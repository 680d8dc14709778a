//! Where baselines and detection run over a history: [`embedded`] in this process, event by event, and [`recent`] only as far as the end of it needs; [`backtest`] and [`evaluate`] put known attacks
//! into it, [`peers`] holds the rules that others use, [`columns`] keeps surprises for those of them that learn, and
//! [`train`] learns a model.
//! [`window`] looks at a stretch of it as a whole: [`campaign`] groups alerts, [`second_look`] and [`surge`] raise what is part of an
//! act and was below the budget alone, [`trace`] is what is kept of a publish for that.
//! [`sweep`] goes over a table that may be larger than memory, account by account and package by package, with the [`kernel`] of each; so
//! does what takes in a [`partition`] that another engine cut.
//! [`moments`] are what both read a table in, [`shelve`] puts one on a shelf by package, and
//! [`shelved`] finds there what `investigate` needs.
//! [`simulate`] makes a registry that never was.
//! [`investigate`] looks at one release, through the [`excerpt`] of the history on which it depends.

pub mod backtest;
pub mod campaign;
pub mod columns;
pub mod embedded;
pub mod evaluate;
pub mod excerpt;
pub mod investigate;
pub mod kernel;
pub mod moments;
pub mod partition;
pub mod peers;
pub mod policy;
pub mod recent;
pub mod second_look;
pub mod shelve;
pub mod shelved;
pub mod simulate;
pub mod surge;
pub mod survey;
pub mod sweep;
pub mod trace;
pub mod train;
pub mod window;
