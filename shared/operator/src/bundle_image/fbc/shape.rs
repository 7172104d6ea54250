//! Values as Go writes them: known fields alone, absent ones as zero or left out.

use serde_json::{Map, Number, Value as Json};

use super::written;
use crate::bundle_image::document::at;
use crate::report::Field;
use crate::yaml::{Node, Value};

/// How a value is written.
pub(super) enum Shape {
    Text,
    Truth,
    /// As it is.
    Raw,
    /// A map of texts.
    Texts,
    List(&'static Shape),
    /// A structure: its fields, and whether each is left out when empty.
    Fields(&'static [(&'static str, Shape, Empty)]),
}

/// What becomes of an empty field.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Empty {
    Kept,
    LeftOut,
}

impl Shape {
    /// Writes a value.
    pub(super) fn write(&self, place: Option<&Field<'_>>, source: &[u8]) -> Json {
        let raw = || place.map_or(Json::Null, |place| to_json(place.node(), source));
        match self {
            Shape::Text => match raw() {
                Json::String(text) => text.into(),
                _ => "".into(),
            },
            Shape::Truth => matches!(place.map(Field::value), Some(Value::Bool(true))).into(),
            Shape::Raw => raw(),
            Shape::Texts => match raw() {
                Json::Object(map) => {
                    let entries = map.into_iter();
                    entries
                        .map(|(key, value)| (key, if value.is_null() { "".into() } else { value }))
                        .collect()
                }
                _ => Json::Null,
            },
            Shape::List(shape) => match place.and_then(Field::items) {
                Some(items) => items.map(|item| shape.write(Some(&item), source)).collect(),
                None => Json::Null,
            },
            Shape::Fields(fields) => write_fields(fields, place, source),
        }
    }

    /// Go leaves out empty texts, lists and maps, and never a structure.
    pub(super) fn is_left_out(&self, value: &Json) -> bool {
        match value {
            Json::Null | Json::Bool(false) => true,
            Json::String(text) => text.is_empty(),
            Json::Array(items) => items.is_empty(),
            Json::Object(map) => map.is_empty() && !matches!(self, Shape::Fields(_)),
            _ => false,
        }
    }
}

fn write_fields(fields: &[(&str, Shape, Empty)], place: Option<&Field<'_>>, source: &[u8]) -> Json {
    let mut object = Map::new();
    for (key, shape, empty) in fields {
        let value = shape.write(place.and_then(|place| at(place, key)).as_ref(), source);
        if *empty == Empty::Kept || !shape.is_left_out(&value) {
            object.insert((*key).to_owned(), value);
        }
    }
    object.into()
}

/// A value as JSON; `source` is the text that it was read from.
pub(crate) fn to_json(node: &Node, source: &[u8]) -> Json {
    match &node.value {
        Value::Null | Value::Other(_) | Value::Recursive => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(digits) => match digits.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => digits.parse().ok().and_then(Number::from_f64).into(),
        },
        Value::Float(number) => Number::from_f64(*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Timestamp(text) => written(node, source).unwrap_or(text).into(),
        Value::Sequence(items) => items.iter().map(|item| to_json(item, source)).collect(),
        Value::Mapping(map) => {
            let entries = map.entries.iter().filter_map(|entry| {
                let key = crate::bundle_image::annotations::go_text(&entry.key.value)?;
                Some((key, to_json(&entry.value, source)))
            });
            entries.collect()
        }
    }
}
