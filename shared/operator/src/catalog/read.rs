//! Reading the text of a catalog: as opm does, JSON or YAML, any number of objects; or strictly, what omps wrote.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use crate::bundle_image::document;
use crate::bundle_image::fbc::to_json;
use crate::bundle_image::{documents, fresh_budget};
use crate::yaml::ReadLimits;

/// Bytes of the largest catalog file that is read.
const MAX_BYTES: usize = 256 << 20;

/// A text that is no catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub(super) String);

/// The objects of a catalog file, JSON or YAML, as opm takes them.
///
/// # Errors
/// [`ReadError`] where there is text that is neither, that is nested too deep or too long.
pub fn read_objects(bytes: &[u8]) -> Result<Vec<Json>, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError(format!(
            "the file has more than {MAX_BYTES} bytes"
        )));
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        let mut objects = Vec::new();
        let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>();
        loop {
            match stream.next() {
                None => return Ok(objects),
                Some(Ok(object)) => objects.push(object),
                Some(Err(error)) => {
                    // opm goes on in YAML, which takes more.
                    let rest = &bytes[stream.byte_offset()..];
                    let others = read_yaml(rest).map_err(|_| ReadError(error.to_string()))?;
                    objects.extend(others);
                    return Ok(objects);
                }
            }
        }
    }
    read_yaml(bytes)
}

fn read_yaml(bytes: &[u8]) -> Result<Vec<Json>, ReadError> {
    let mut budget = fresh_budget(ReadLimits::default().total);
    let documents = documents(bytes).into_iter().map(|range| {
        let source = &bytes[range];
        let root = document::read(source, &mut budget);
        let root = root.map_err(|error| ReadError(error.to_string()))?;
        Ok(to_json(&root, source))
    });
    documents.collect()
}

/// The objects of a file that omps wrote: JSON alone, one object a line, no key twice.
pub(super) fn read_strictly(bytes: &[u8]) -> Result<Vec<Json>, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError(format!(
            "the file has more than {MAX_BYTES} bytes"
        )));
    }
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty());
    let objects = lines.map(|(index, line)| {
        let Single(object) = serde_json::from_slice(line)
            .map_err(|error| ReadError(format!("line {}: {error}", index + 1)))?;
        Ok(object)
    });
    objects.collect()
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
