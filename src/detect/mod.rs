//! Stage 4: how unusual an event is, and why.
//!
//! [`signals`] is the table of what is looked at; each row turns a [`Look`](crate::baseline::Look)
//! into [`evidence`]; [`surprise`] turns evidence and a prior into bits; [`columns`] sets them beside the
//! circumstances; the [`forest`] of a [`model`] weighs them; [`score`] adds up, with prereleases set on the scale of the others by [`equate`], and [`apart`] does so where the two entities of an event are not at hand at once; [`calibration`] says how rare
//! a score is; [`alert`] puts it in words, and [`raised`] says what a later publish made of an earlier one.
//! [`scene`] makes the small histories that serve the signals as examples.

pub mod alert;
pub mod apart;
pub mod calibration;
pub mod columns;
pub mod equate;
pub mod evidence;
pub mod forest;
pub mod model;
pub mod raised;
pub mod scene;
pub mod score;
pub mod signals;
pub mod surprise;
pub mod wording;
