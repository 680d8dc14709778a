//! Stage 6: what people conclude about alerts. [`store`] keeps verdicts for good.

pub mod store;
