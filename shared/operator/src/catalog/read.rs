//! Reading the text of a catalog: as opm does, JSON or YAML, any number of objects; or strictly, what omps wrote.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use crate::bundle_image::document;
use crate::bundle_image::fbc::to_json;
use crate::bundle_image::{documents, fresh_budget};
use crate::limits::CatalogLimits;
use crate::yaml::ReadLimits;

/// A text that is no catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub(super) String);

/// The objects of a catalog file, JSON or YAML, as opm takes them.
///
/// # Errors
/// [`ReadError`] where there is text that is neither, that is nested too deep or too long.
pub fn read_objects(bytes: &[u8], limits: &CatalogLimits) -> Result<Vec<Json>, ReadError> {
    refuse_large(bytes, limits)?;
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return read_yaml(bytes, limits);
    }
    let mut objects = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>();
    while let Some(object) = stream.next() {
        match object {
            Ok(object) => objects.push(object),
            Err(error) => {
                // opm goes on in YAML, which takes more.
                let rest = &bytes[stream.byte_offset()..];
                let others = read_yaml(rest, limits).map_err(|_| ReadError(error.to_string()))?;
                objects.extend(others);
                break;
            }
        }
        refuse_many(objects.len(), limits)?;
    }
    refuse_many(objects.len(), limits)?;
    Ok(objects)
}

fn read_yaml(bytes: &[u8], limits: &CatalogLimits) -> Result<Vec<Json>, ReadError> {
    let mut budget = fresh_budget(ReadLimits::default().total);
    let ranges = documents(bytes);
    refuse_many(ranges.len(), limits)?;
    let documents = ranges.into_iter().map(|range| {
        let source = &bytes[range];
        if let Some(object) = first_behind_mark(source) {
            return Ok(object);
        }
        let root = document::read(source, &mut budget);
        let root = root.map_err(|error| ReadError(error.to_string()))?;
        Ok(to_json(&root, source))
    });
    documents.collect()
}

/// The first object behind a byte order mark: opm takes such a text for YAML, and drops what follows the object.
fn first_behind_mark(source: &[u8]) -> Option<Json> {
    let text = source.strip_prefix("\u{feff}".as_bytes())?;
    let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<Json>();
    stream.next()?.ok().filter(Json::is_object)
}

fn refuse_large(bytes: &[u8], limits: &CatalogLimits) -> Result<(), ReadError> {
    let size = limits.file_size;
    match bytes.len() as u64 > size {
        true => Err(ReadError(format!("the file has more than {size} bytes"))),
        false => Ok(()),
    }
}

fn refuse_many(count: usize, limits: &CatalogLimits) -> Result<(), ReadError> {
    let most = limits.objects;
    match count > most {
        true => Err(ReadError(format!("the file has more than {most} objects"))),
        false => Ok(()),
    }
}

/// The objects of a file that omps wrote: JSON alone, one object a line, no key twice.
pub(super) fn read_strictly(bytes: &[u8], limits: &CatalogLimits) -> Result<Vec<Json>, ReadError> {
    refuse_large(bytes, limits)?;
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty());
    refuse_many(lines.clone().count(), limits)?;
    let objects = lines.map(|(index, line)| {
        let Single(object) = serde_json::from_slice(line)
            .map_err(|error| ReadError(format!("line {}: {error}", index + 1)))?;
        Ok(object)
    });
    objects.collect()
}

/// One value of JSON, no key twice.
pub(super) fn read_single(bytes: &[u8]) -> Result<Json, ReadError> {
    let read = serde_json::from_slice(bytes);
    let Single(value) = read.map_err(|error| ReadError(error.to_string()))?;
    Ok(value)
}

/// JSON without a key that stands twice.
struct Single(Json);

impl<'de> Deserialize<'de> for Single {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SingleVisitor).map(Single)
    }
}

struct SingleVisitor;

impl<'de> Visitor<'de> for SingleVisitor {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(Single(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(key) = pairs.next_key::<String>()? {
            let Single(value) = pairs.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice")));
            }
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

/// Refuses keys other than these.
pub(super) fn only_keys(object: &Json, allowed: &[&str]) -> Result<(), ReadError> {
    let map = object.as_object();
    let map = map.ok_or_else(|| ReadError(format!("{object} is no object")))?;
    let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
    match map.keys().find(|key| !allowed.contains(key.as_str())) {
        None => Ok(()),
        Some(key) => Err(ReadError(format!(
            "the key {key:?} is none that omps writes"
        ))),
    }
}
