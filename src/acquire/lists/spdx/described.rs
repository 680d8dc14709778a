//! Which elements of an SPDX document are what it describes.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::MapAccess;

use super::super::MAX_ENTRIES;
use super::super::streamed::{Members, Rows, Table, Text, each_item, skip};

/// The ids of what a document describes.
#[derive(Default)]
pub(super) struct Described(BTreeSet<String>);

impl Described {
    /// Whether the document describes the element with this id.
    pub(super) fn holds(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.0.contains(id))
    }

    /// Whether there are more ids than a document may have entries.
    pub(super) fn too_many(&self) -> bool {
        self.0.len() > MAX_ENTRIES
    }

    fn insert(&mut self, id: Option<&str>) {
        if let Some(id) = id
            && !self.too_many()
        {
            self.0.insert(id.to_owned());
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Relationship<'a> {
    #[serde(borrow, rename = "spdxElementId")]
    from: Text<'a>,
    #[serde(borrow, rename = "relationshipType")]
    kind: Text<'a>,
    #[serde(borrow, rename = "relatedSpdxElement")]
    to: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Collection<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    root_element: Rows<Text<'a>>,
}

impl<'de> Members<'de> for Described {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "documentDescribes" => {
                map.next_value_seed(each_item(|id: Text| self.insert(id.get())))?;
            }
            "relationships" => {
                map.next_value_seed(each_item(|relationship: Table<Relationship>| {
                    let relationship = relationship.0.unwrap_or_default();
                    match relationship.kind.get() {
                        Some("DESCRIBES") => self.insert(relationship.to.get()),
                        Some("DESCRIBED_BY") => self.insert(relationship.from.get()),
                        _ => {}
                    }
                }))?;
            }
            "@graph" => {
                map.next_value_seed(each_item(|collection: Table<Collection>| {
                    let collection = collection.0.unwrap_or_default();
                    if collection.kind.get() == Some("software_Sbom") {
                        collection.root_element.0.iter().for_each(|id| self.insert(id.get()));
                    }
                }))?;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}
