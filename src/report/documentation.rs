//! The signal table as documentation: for the terminal and for the README.

use std::fmt::Write;

use crate::archive::columns::COLUMNS;
use crate::archive::table::kind_name;
use crate::detect::evidence::{Group, Signal};
use crate::detect::signals::SIGNALS;

/// The table, for reading.
#[must_use]
pub fn signals() -> String {
    let mut out = String::new();
    for group in Group::ALL {
        let bold = anstyle::Style::new().bold();
        let _ = writeln!(out, "{bold}{}{bold:#}", group.name());
        for signal in SIGNALS.iter().filter(|s| s.group == group) {
            let _ = writeln!(out, "  {:<25} {:<8} {}", signal.id, signal.entity.name(), signal.question);
        }
    }
    let _ = writeln!(out, "\n{} signals; `gaitkeeper signals ID` explains one.", SIGNALS.len());
    out
}

/// Everything about one signal.
#[must_use]
pub fn signal(signal: &Signal) -> String {
    let mut out = String::new();
    let bold = anstyle::Style::new().bold();
    let _ = writeln!(out, "{bold}{}{bold:#}  ({})\n{}\n", signal.id, signal.group.name(), signal.question);
    let _ = writeln!(out, "Why      {}", signal.why);
    let _ = writeln!(out, "Benign   {}", signal.benign);
    let _ = writeln!(
        out,
        "Reads    the {}'s baseline; needs {} past publishes and the {}",
        signal.entity.name(),
        signal.needs.history,
        signal.needs.fact.name()
    );
    let _ = writeln!(out, "Says     {}", signal.sentence);
    for example in signal.examples {
        let _ = writeln!(out, "{:<8} {}", if example.fires { "Fires" } else { "Quiet" }, example.says);
    }
    out
}

/// The table as Markdown, as it stands in the README.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "| signal | group | baseline | question | also has innocent causes |\n| --- | --- | --- | --- | --- |\n",
    );
    for signal in SIGNALS {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            signal.id,
            signal.group.name(),
            signal.entity.name(),
            signal.question,
            signal.benign
        );
    }
    out
}

/// The columns of an event table.
#[must_use]
pub fn columns() -> String {
    let mut out = String::new();
    for column in COLUMNS {
        let need = if column.required { "required" } else { "" };
        let _ = writeln!(out, "{:<24} {:<9} {} ({})", column.name, need, column.doc, kind_name(column.field));
    }
    out
}
