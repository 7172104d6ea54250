//! Edits a manifest by splicing bytes: every byte that no rule is about stays. The result is read again and compared with
//! what it must be.

mod annotations;
mod splices;
#[cfg(test)]
mod tests;

use std::hash::RandomState;
use std::rc::Rc;

use crate::report::{Location, ValidationInfo};
use crate::yaml::{self, Budget, MapEntry, Mapping, Node, Position, ReadError, Value, YamlVersion};
use annotations::annotate;
use splices::set_scalar;

/// Why a file cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file is not one YAML document.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// An anchor, an alias or a merge ties the field to another, which must not change with it.
    #[error(
        "{field} cannot be set without changing other fields; write it out instead of using an anchor or alias"
    )]
    Entangled { field: String, position: Position },
    /// There is a value of another type where a map belongs.
    #[error("annotations cannot be set: {field} must be a map, found {found}")]
    NoMap {
        field: &'static str,
        position: Position,
        found: &'static str,
    },
}

impl EditError {
    /// Where in a file it is, and what to do.
    pub(crate) fn validation_info(&self, file: &str) -> ValidationInfo {
        let (field, position, found) = match self {
            EditError::Unreadable(error) => return ValidationInfo::unreadable(file, error),
            EditError::Entangled { field, position } => {
                (field.as_str(), *position, "a value that is tied to others")
            }
            EditError::NoMap {
                field,
                position,
                found,
            } => (*field, *position, *found),
        };
        let location = Location {
            file: file.into(),
            position,
            field: field.to_owned(),
            found: found.to_owned(),
        };
        ValidationInfo::rule_not_applied(&location, &self.to_string())
    }
}

/// Sets an existing key of the root map to a text. The file is read as YAML 1.2.
///
/// # Errors
/// The file cannot be read, or the key's value is tied to other fields. Then the bytes must not be used.
pub fn set_root_text(
    bytes: &mut Vec<u8>,
    key: &str,
    text: &str,
    budget: &mut Budget,
) -> Result<(), EditError> {
    let root = yaml::read(bytes, YamlVersion::V1_2, budget)?;
    let entangled = |position| EditError::Entangled {
        field: key.to_owned(),
        position,
    };
    let entry = root.entry(key).ok_or_else(|| entangled(root.position))?;
    let position = entry.key.position;
    let state = RandomState::new();
    let expected = with(&root.value, &[key], text).fingerprint(&state);
    let splices = set_scalar(bytes, &root, entry, text);
    splices::apply(bytes, splices);
    match reads_as(bytes, (expected, &state), YamlVersion::V1_2, budget)? {
        Some(root) if has_one_reading(&root, &[key]) => Ok(()),
        _ => Err(entangled(position)),
    }
}

/// Sets annotations of a ClusterServiceVersion, and creates `metadata.annotations` where it is absent or null. Returns
/// `false` for any other file, and leaves it alone.
///
/// # Errors
/// The annotations are tied to other fields, something else stands where they belong, or the push reads too much. Then the
/// bytes must not be used.
pub fn set_annotations(
    bytes: &mut Vec<u8>,
    annotations: &[(&str, String)],
    budget: &mut Budget,
) -> Result<bool, EditError> {
    if !may_have(bytes, "ClusterServiceVersion") {
        return Ok(false);
    }
    let root = match read(bytes, YamlVersion::V1_1, budget) {
        Ok(root) => root,
        Err(error) if error.ends_all() => return Err(error.into()),
        Err(_) => return Ok(false),
    };
    if root.get("kind").and_then(Node::as_str) != Some("ClusterServiceVersion") {
        return Ok(false);
    }
    let splices = annotate(bytes, &root, annotations)?;
    let entangled = EditError::Entangled {
        field: "metadata.annotations".to_owned(),
        position: annotations::place(&root),
    };
    splices::apply(bytes, splices);
    let state = RandomState::new();
    let expected = annotations
        .iter()
        .fold(root.value.clone(), |value, (name, text)| {
            with(&value, &["metadata", "annotations", name], text)
        })
        .fingerprint(&state);
    drop(root); // two trees at once would cost twice the memory
    match reads_as(bytes, (expected, &state), YamlVersion::V1_1, budget)? {
        Some(root)
            if annotations
                .iter()
                .all(|(name, _)| has_one_reading(&root, &["metadata", "annotations", name])) =>
        {
            Ok(true)
        }
        _ => Err(entangled),
    }
}

/// Whether a scalar of the file can be this word; other than by escapes it must be there as it is.
pub(crate) fn may_have(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find(bytes, word.as_bytes()).is_some() || memchr::memchr(b'\\', bytes).is_some()
}

/// Whether no key on the way to a field stands before a `<<` that brings it, too: Go would read the merged value.
fn has_one_reading(root: &Node, path: &[&str]) -> bool {
    let Some((key, rest)) = path.split_first() else {
        return true;
    };
    root.entry(key)
        .is_some_and(|entry| !entry.overruled && has_one_reading(&entry.value, rest))
}

/// Reads a document; JSON may be indented by tabs.
fn read(bytes: &[u8], version: YamlVersion, budget: &mut Budget) -> Result<Rc<Node>, ReadError> {
    yaml::read(&yaml::without_json_tabs(bytes), version, budget)
}

/// The document, if it has this fingerprint. An error means that the push may not read any more.
fn reads_as(
    bytes: &[u8],
    (expected, state): (u64, &RandomState),
    version: YamlVersion,
    budget: &mut Budget,
) -> Result<Option<Rc<Node>>, ReadError> {
    match read(bytes, version, budget) {
        Ok(root) => Ok(Some(root).filter(|root| root.value.fingerprint(state) == expected)),
        Err(error) if error.ends_all() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The value with the text at `path`: what the edited file must read as.
fn with(value: &Value, path: &[&str], text: &str) -> Value {
    let Some((key, rest)) = path.split_first() else {
        return Value::String(text.to_owned());
    };
    let mut entries = match value {
        Value::Mapping(map) => map.entries.clone(),
        _ => Vec::new(),
    };
    let new = |value| Rc::new(Node::without_place(value));
    match entries
        .iter_mut()
        .find(|entry| entry.key.as_str() == Some(key))
    {
        Some(entry) => entry.value = new(with(&entry.value.value, rest, text)),
        None => entries.push(MapEntry {
            key: new(Value::String((*key).to_owned())),
            value: new(with(&Value::Null, rest, text)),
            site: 0..0,
            merged: false,
            overruled: false,
        }),
    }
    Value::Mapping(Mapping {
        entries,
        flow: false,
    })
}
