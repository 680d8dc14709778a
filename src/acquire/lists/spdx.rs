//! SPDX bills of materials in JSON: versions 2.2 and 2.3 (`packages[]` with a purl in `externalRefs`) and 3.0
//! (JSON-LD, `@graph` with elements of the type `software_Package`).
//!
//! What the document describes is the project itself and is left out: `documentDescribes` and the relationship
//! `DESCRIBES` in 2, the `rootElement` of a `software_Sbom` in 3. Both may stand behind the packages, so the
//! document is read twice.

mod described;
mod package;

use serde::de::MapAccess;

use self::described::Described;
use self::package::{Element, Package};
use super::gather::Gather;
use super::streamed::{Members, Object, Table, each_item, skip};
use super::{List, ListFormat, is_object, syntax};
use crate::error::{self, Error};

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "spdx",
    files: "*.spdx.json",
    recognises: |name, text| {
        name.to_ascii_lowercase().ends_with(".spdx.json")
            || is_object(text)
                && (text.contains("\"spdxVersion\"") || text.contains("\"@graph\"") && text.contains("/rdf/3."))
    },
    read,
};

const REMAKE: &str = "the tool that exported it, as JSON";

struct Bill {
    described: Described,
    known: bool,
    gather: Gather,
}

fn read(text: &str) -> error::Result<List> {
    let mut described = Described::default();
    syntax::json(text, Object(&mut described), REMAKE)?;
    if described.too_many() {
        return Err(Error::tool("says of more than 200000 elements that it describes them")
            .remedy("export the bill of materials anew"));
    }
    let mut bill = Bill { described, known: false, gather: Gather::default() };
    syntax::json(text, Object(&mut bill), REMAKE)?;
    if !bill.known {
        return Err(syntax::other_kind("an SPDX bill of materials", "`spdxVersion` and no `@graph`", REMAKE));
    }
    bill.gather.finish()
}

impl<'de> Members<'de> for Bill {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let Self { described, gather, .. } = self;
        match name {
            "spdxVersion" => {
                self.known = true;
                skip(map)?;
            }
            "packages" => {
                let take = |package: Table<Package>| package.0.unwrap_or_default().take(gather, described);
                map.next_value_seed(each_item(take))?;
            }
            "@graph" => {
                let take = |element: Table<Element>| element.0.unwrap_or_default().take(gather, described);
                self.known = map.next_value_seed(each_item(take))?;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}
