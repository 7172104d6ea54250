//! A document as a tree in which every value knows its place in the file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::rc::Rc;

use super::{Position, scalar};

/// A value and where it is written.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it starts.
    pub position: Position,
    /// Its bytes in the file, anchor and tag included. A block value may end behind the blank lines that follow it; an
    /// empty value has no bytes.
    pub span: Range<usize>,
    /// Whether it has an anchor.
    pub(crate) anchored: bool,
    /// Whether it is a scalar with a tag other than `!`.
    pub(crate) tagged: bool,
    /// Values in it, itself included, with aliases expanded.
    pub(super) size: u32,
    /// Levels of lists and maps in it, itself included, with aliases expanded.
    pub(super) levels: usize,
}

/// A value of YAML.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `~`, `null`.
    Null,
    /// `true` and its synonyms.
    Bool(bool),
    /// A whole number in decimal digits.
    Int(String),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A date or a moment, as Python writes it.
    Timestamp(String),
    /// A list.
    Sequence(Vec<Rc<Node>>),
    /// A map, with duplicate keys and merges resolved.
    Mapping(Mapping),
    /// What is kept of a value that is too large to keep: its kind.
    Other(&'static str),
    /// An alias to a collection that contains the alias.
    Recursive,
}

/// A map of a document.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its entries, in the order in which their keys came first.
    pub entries: Vec<MapEntry>,
    /// Written as `{…}`.
    pub flow: bool,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct MapEntry {
    /// The key: a scalar.
    pub key: Rc<Node>,
    /// The value.
    pub value: Rc<Node>,
    /// The bytes of the value as written here: those of the alias, where it is one.
    pub site: Range<usize>,
    /// Whether `<<` merged it from another map.
    pub(crate) merged: bool,
    /// Whether a `<<` behind it brings the same key: here, and in PyYAML, the own value wins; in Go's yaml.v2 the merged.
    pub(crate) overruled: bool,
}

impl Node {
    /// A value that is in no file.
    pub(crate) fn without_place(value: Value) -> Node {
        Node {
            value,
            position: Position::START,
            span: 0..0,
            anchored: false,
            tagged: false,
            size: 1,
            levels: 0,
        }
    }

    /// The value of `key`, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &*entry.value)
    }

    /// The entry of `key`, when this is a map that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&MapEntry> {
        let Value::Mapping(mapping) = &self.value else {
            return None;
        };
        mapping
            .entries
            .iter()
            .find(|entry| entry.key.as_str() == Some(key))
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Value {
    /// The kind of value, for messages: `a string`, `a list`, `null`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::String(_) => "a string",
            Value::Timestamp(_) => "a date",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
            Value::Other(kind) => kind,
            Value::Recursive => "a value that contains itself",
        }
    }

    /// A scalar as Python's `str()` writes it; nothing for collections, and for numbers of more than 128 bits that are not
    /// written in decimal digits.
    pub(crate) fn to_python(&self) -> Option<String> {
        Some(match self {
            Value::Null => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(digits) if digits.contains(':') => return None,
            Value::Int(digits) => digits.clone(),
            Value::Float(number) => scalar::python_float(*number),
            Value::String(text) | Value::Timestamp(text) => text.clone(),
            _ => return None,
        })
    }
}

impl Value {
    /// A number that equal values share, and different ones hardly ever. It compares large trees of which only one is in
    /// memory at a time.
    pub(crate) fn fingerprint(&self, state: &RandomState) -> u64 {
        match self {
            Value::Sequence(items) => {
                let items = items.iter().map(|item| item.value.fingerprint(state));
                items.fold(state.hash_one("list"), |all, item| {
                    state.hash_one((all, item))
                })
            }
            Value::Mapping(map) => {
                let entries = map.entries.iter().map(|entry| {
                    let [key, value] =
                        [&entry.key, &entry.value].map(|node| node.value.fingerprint(state));
                    state.hash_one((key, value))
                });
                state.hash_one(("map", entries.fold(0, u64::wrapping_add))) // in whatever order
            }
            Value::Other(kind) => state.hash_one(("other", kind)),
            Value::Recursive => state.hash_one("recursive"),
            scalar => state.hash_one(identity(scalar)),
        }
    }
}

/// Equality as Python's `==` sees it: `1`, `1.0` and `true` are one key.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Sequence(ours), Value::Sequence(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(a, b)| a.value == b.value)
            }
            (Value::Mapping(ours), Value::Mapping(theirs)) => {
                let by_key: HashMap<_, _> = theirs
                    .entries
                    .iter()
                    .map(|e| (identity(&e.key.value), e))
                    .collect();
                ours.entries.len() == theirs.entries.len()
                    && ours.entries.iter().all(|entry| {
                        by_key
                            .get(&identity(&entry.key.value))
                            .is_some_and(|e| e.value.value == entry.value.value)
                    })
            }
            (Value::Other(ours), Value::Other(theirs)) => ours == theirs,
            (Value::Recursive, Value::Recursive) => true,
            (Value::Float(number), _) | (_, Value::Float(number)) if number.is_nan() => false,
            _ => identity(self).is_some() && identity(self) == identity(other),
        }
    }
}

/// What makes two scalars the same key; nothing for collections, which cannot be keys.
pub(crate) fn identity(value: &Value) -> Option<Identity<'_>> {
    Some(match value {
        Value::Null => Identity::Null,
        Value::Bool(true) => Identity::Number(Cow::Borrowed("1")),
        Value::Bool(false) => Identity::Number(Cow::Borrowed("0")),
        Value::Int(digits) => Identity::Number(Cow::Borrowed(digits)),
        // Larger ones have up to 309 digits, which would be written for every comparison.
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e38 => {
            Identity::Number(Cow::Owned(format!("{:.0}", number + 0.0)))
        }
        Value::Float(number) => Identity::Float(number.to_bits()),
        Value::String(text) => Identity::Text(text),
        Value::Timestamp(text) => Identity::Moment(text),
        Value::Sequence(_) | Value::Mapping(_) | Value::Other(_) | Value::Recursive => return None,
    })
}

#[derive(PartialEq, Eq, Hash)]
pub(crate) enum Identity<'a> {
    Null,
    Number(Cow<'a, str>),
    Float(u64),
    Text(&'a str),
    Moment(&'a str),
}
