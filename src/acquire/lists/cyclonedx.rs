//! CycloneDX bills of materials in JSON, versions 1.4 to 1.6: `components[]` with `purl`, `version` and `hashes`,
//! which may hold components of their own. `metadata.component` is the project itself and is passed over.

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess};

use super::gather::{Gather, UNREADABLE};
use super::integrity::Integrity;
use super::streamed::{Items, Members, Object, Sequence, Table, Text, each_item, skip};
use super::{List, ListFormat, is_object, purl, syntax};
use crate::error::{self, Error};

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "cyclonedx",
    files: "bom.json, *.cdx.json",
    recognises: |name, text| {
        let name = name.to_ascii_lowercase();
        name == "bom.json" || name.ends_with(".cdx.json") || is_object(text) && text.contains("\"bomFormat\"")
    },
    read,
};

const REMAKE: &str = "the tool that exported it, as JSON";

#[derive(Default)]
struct Bill {
    format: Option<String>,
    gather: Gather,
}

fn read(text: &str) -> error::Result<List> {
    let mut bill = Bill::default();
    syntax::json(text, Object(&mut bill), REMAKE)?;
    match bill.format.as_deref() {
        Some("CycloneDX") => bill.gather.finish(),
        Some(_) => Err(Error::tool("`bomFormat` is not CycloneDX").remedy("export it as CycloneDX or SPDX in JSON")),
        None => Err(syntax::other_kind("a CycloneDX bill of materials", "`bomFormat`", REMAKE)),
    }
}

impl<'de> Members<'de> for Bill {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "bomFormat" => self.format = map.next_value::<Text>()?.get().map(str::to_owned),
            "components" => {
                map.next_value_seed(Sequence(&mut Components(&mut self.gather)))?;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

struct Components<'a>(&'a mut Gather);

impl<'de> Items<'de> for Components<'_> {
    fn item<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error> {
        let mut component =
            Component { gather: self.0, purl: None, name: None, version: None, integrity: Integrity::default() };
        match list.next_element_seed(Object(&mut component))? {
            Some(true) => component.take(),
            Some(false) => component.gather.leave("components[]", UNREADABLE),
            None => return Ok(false),
        }
        Ok(true)
    }
}

struct Component<'a> {
    gather: &'a mut Gather,
    purl: Option<String>,
    name: Option<String>,
    version: Option<String>,
    integrity: Integrity,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hash<'a> {
    #[serde(borrow)]
    alg: Text<'a>,
    #[serde(borrow)]
    content: Text<'a>,
}

impl<'de> Members<'de> for Component<'_> {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let mut text = || map.next_value::<Text>().map(|text| text.get().map(str::to_owned));
        match name {
            "purl" => self.purl = text()?,
            "name" => self.name = text()?,
            "version" => self.version = text()?,
            "hashes" => {
                map.next_value_seed(each_item(|hash: Table<Hash>| {
                    let hash = hash.0.unwrap_or_default();
                    if let (Some(kind), Some(digest)) = (hash.alg.get(), hash.content.get()) {
                        self.integrity = std::mem::take(&mut self.integrity).hex(kind, digest);
                    }
                }))?;
            }
            "components" => {
                map.next_value_seed(Sequence(&mut Components(self.gather)))?;
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl Component<'_> {
    fn take(self) {
        match &self.purl {
            Some(purl) => purl::want(self.gather, purl, self.version.as_deref(), self.integrity),
            None => self.gather.leave(self.name.as_deref().unwrap_or("components[]"), "has no package URL"),
        }
    }
}
