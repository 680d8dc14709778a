//! Who published a version and who owned the package, in every shape that documents have used.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use super::decode::MAX_NAMES;
use super::decode::{Fit, MAX_TEXT, Notes, Reader, Scalar, TOO_LONG, TWICE, With, drain, skip};
use crate::acquire::raw::RawRelease;

/// Reads `_npmUser`: an object, or a `name <mail>` string.
pub(super) struct UserReader<'r> {
    pub release: &'r mut RawRelease,
    pub notes: &'r mut Notes,
}

impl<'de> Reader<'de> for UserReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "name" => {
                let name = self.notes.text("_npmUser.name", object.next_value()?);
                self.keep("_npmUser.name", name, |release| &mut release.publisher);
            }
            "email" => {
                let email = self.notes.text("_npmUser.email", object.next_value()?);
                self.keep("_npmUser.email", email, |release| &mut release.publisher_email);
            }
            "trustedPublisher" => {
                let fit = object.next_value_seed(With(&mut TrustReader(self)))?;
                self.notes.add_misfit("_npmUser.trustedPublisher", fit);
            }
            "approver" => {
                let fit = object.next_value_seed(With(&mut ApproverReader(self)))?;
                self.notes.add_misfit("_npmUser.approver", fit);
            }
            _ => skip(object)?,
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Fit {
        if text.len() > MAX_TEXT {
            self.notes.add("_npmUser", TOO_LONG);
            return Fit::Taken;
        }
        self.release.publisher = names(text).into_iter().next();
        let inside = text.split_once('<').map_or(text, |(_, rest)| rest);
        let email = inside.split('>').next().unwrap_or_default().trim();
        self.release.publisher_email = email.contains('@').then(|| email.to_owned());
        Fit::Taken
    }
}

impl UserReader<'_> {
    /// Keeps the first non-empty value of a field.
    fn keep(
        &mut self,
        field: &'static str,
        value: Option<String>,
        slot: impl Fn(&mut RawRelease) -> &mut Option<String>,
    ) {
        let slot = slot(self.release);
        if slot.is_some() {
            self.notes.add(field, TWICE);
        } else {
            *slot = value.filter(|text| !text.is_empty());
        }
    }
}

/// Reads `trustedPublisher`: an object, or the provider's bare name.
struct TrustReader<'u, 'r>(&'u mut UserReader<'r>);

impl<'de> Reader<'de> for TrustReader<'_, '_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "id" => {
                let id = self.0.notes.text("trustedPublisher.id", object.next_value()?);
                self.0.keep("trustedPublisher.id", id, |release| &mut release.trusted_publisher);
            }
            "oidcConfigId" => {
                let field = "trustedPublisher.oidcConfigId";
                let id = self.0.notes.text(field, object.next_value()?);
                let bare = id.map(|id| id.strip_prefix("oidc:").map(str::to_owned).unwrap_or(id));
                self.0.keep(field, bare, |release| &mut release.oidc_config_id);
            }
            _ => skip(object)?,
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Fit {
        if text.len() > MAX_TEXT {
            return Fit::Misfit;
        }
        self.0.keep("trustedPublisher.id", Some(text.to_owned()), |release| &mut release.trusted_publisher);
        Fit::Taken
    }
}

/// Reads `approver`: an object, or a bare account name.
struct ApproverReader<'u, 'r>(&'u mut UserReader<'r>);

impl<'de> Reader<'de> for ApproverReader<'_, '_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key == "name" {
            let name = self.0.notes.text("approver.name", object.next_value()?);
            self.0.keep("approver.name", name, |release| &mut release.approver);
            return Ok(());
        }
        skip(object)
    }

    fn text(&mut self, text: &str) -> Fit {
        if text.len() > MAX_TEXT {
            return Fit::Misfit;
        }
        self.0.keep("approver.name", names(text).into_iter().next(), |release| &mut release.approver);
        Fit::Taken
    }
}

/// Reads `maintainers` into account names: an array of objects or strings, one object, or one string.
/// Addresses are dropped.
#[derive(Default)]
pub(super) struct OwnersReader {
    names: Vec<String>,
    /// Some entry gave no account name, or there were too many.
    incomplete: bool,
    /// It was an array, which may well be empty.
    is_list: bool,
}

impl OwnersReader {
    /// The names read, sorted and each once; notes what could not be read.
    pub(super) fn finish(mut self, notes: &mut Notes) -> Option<Vec<String>> {
        let found = self.is_list || !self.names.is_empty();
        if self.incomplete || !found {
            notes.add("maintainers", "has entries without an account name");
        }
        self.names.sort_unstable();
        self.names.dedup();
        self.names.shrink_to_fit();
        found.then_some(self.names)
    }

    fn push(&mut self, name: String) {
        if self.names.len() < MAX_NAMES {
            self.names.push(name);
        } else {
            self.incomplete = true;
        }
    }
}

impl<'de> Reader<'de> for OwnersReader {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key != "name" {
            return skip(object);
        }
        match object.next_value()? {
            Scalar::Text(name) if !name.is_empty() && name.len() <= MAX_TEXT => self.push(name.into_owned()),
            _ => self.incomplete = true,
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Fit {
        if text.len() > MAX_TEXT {
            self.incomplete = true;
            return Fit::Taken;
        }
        let found = names(text);
        self.incomplete |= found.is_empty();
        for name in found {
            self.push(name);
        }
        Fit::Taken
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<Fit, A::Error> {
        self.is_list = true;
        loop {
            let before = self.names.len();
            let mut owner = OwnerReader(self);
            match list.next_element_seed(With(&mut owner))? {
                None => return Ok(Fit::Taken),
                Some(Fit::Taken) if self.names.len() > before => {}
                Some(_) => self.incomplete = true,
            }
        }
    }
}

/// Reads one element of `maintainers`; an array inside the array says nothing.
struct OwnerReader<'o>(&'o mut OwnersReader);

impl<'de> Reader<'de> for OwnerReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        self.0.member(key, object)
    }

    fn text(&mut self, text: &str) -> Fit {
        self.0.text(text)
    }

    fn list<A: SeqAccess<'de>>(&mut self, list: A) -> Result<Fit, A::Error> {
        drain(list)?;
        Ok(Fit::Misfit)
    }
}

/// The names in `name <mail> (site)` text that may hold several people. A bare address, and the second of
/// two addresses glued together, is no name.
fn names(text: &str) -> Vec<String> {
    text.split('>')
        .filter_map(|person| person.split('<').next())
        .flat_map(|before| before.split([',', ';']))
        .filter_map(|part| part.split('(').next())
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.contains('@'))
        .map(str::to_owned)
        .collect()
}
