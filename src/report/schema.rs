//! The JSON Schema of JSON Lines, made from the structures that write them.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::jsonl::v1::{Line, SCHEMA_VERSION, StandingLine, Summary, SuppressedLine, SurroundingsLine};

/// The schema (draft 2020-12) of one line of `score --format jsonl` and of `investigate --format jsonl`. Lines may gain properties; none is taken away.
#[must_use]
pub fn findings() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let finding = generator.subschema_for::<Line<'static>>();
    let summary = generator.subschema_for::<Summary<'static>>();
    let suppressed = generator.subschema_for::<SuppressedLine<'static>>();
    let standing = generator.subschema_for::<StandingLine<'static>>();
    let surroundings = generator.subschema_for::<SurroundingsLine<'static>>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:gaitkeeper:schema:findings:{SCHEMA_VERSION}"),
        "title": "A line of gaitkeeper's findings",
        "description": "One object a line: a finding each, then what is kept quiet, and last a summary; where one release is investigated, what surrounds it follows. Readers leave out properties that they do not know.",
        "oneOf": [finding, suppressed, standing, summary, surroundings],
        "$defs": generator.take_definitions(true),
    })
}
