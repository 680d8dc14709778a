//! Stage 6: what people conclude about alerts, and what they do not want to be troubled with.
//!
//! [`store`] keeps verdicts for good; [`desk`] is where they are given, in a browser on this machine; [`sheet`] is the
//! same queue as a spreadsheet, out and back in; [`suppressions`] keeps findings quiet, by name and until a day.

pub mod desk;
pub mod sheet;
pub mod store;
pub mod suppressions;
