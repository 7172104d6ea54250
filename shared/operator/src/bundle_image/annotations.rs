//! `metadata/annotations.yaml`: what tells a bundle's package and channels, and becomes the image's labels.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use super::document;
use crate::report::{Field, Location};
use crate::yaml::{Budget, Node, ReadError, Value};

/// The file of a bundle's annotations, in the bundle.
pub(crate) const ANNOTATIONS_FILE: &str = "metadata/annotations.yaml";

pub(crate) const MEDIATYPE: &str = "operators.operatorframework.io.bundle.mediatype.v1";
pub(crate) const MANIFESTS: &str = "operators.operatorframework.io.bundle.manifests.v1";
pub(crate) const METADATA: &str = "operators.operatorframework.io.bundle.metadata.v1";
pub(crate) const PACKAGE: &str = "operators.operatorframework.io.bundle.package.v1";
pub(crate) const CHANNELS: &str = "operators.operatorframework.io.bundle.channels.v1";
pub(crate) const DEFAULT_CHANNEL: &str = "operators.operatorframework.io.bundle.channel.default.v1";

/// The annotations of a bundle.
#[derive(Debug)]
pub(crate) struct Annotations {
    /// What says so: the file, or the channels of a package file.
    source: Location,
    values: BTreeMap<String, String>,
    /// The file's document, where it was uploaded.
    root: Option<Rc<Node>>,
}

impl Annotations {
    /// Those of a bundle that was made from package manifests.
    pub(crate) fn made(
        source: Location,
        package: &str,
        channels: &[String],
        default_channel: &str,
    ) -> Self {
        let values = [
            (MEDIATYPE, "registry+v1"),
            (MANIFESTS, "manifests/"),
            (METADATA, "metadata/"),
            (PACKAGE, package),
            (CHANNELS, &channels.join(",")),
            (DEFAULT_CHANNEL, default_channel),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Annotations {
            source,
            values: BTreeMap::from(values),
            root: None,
        }
    }

    /// Reads an uploaded file; nothing when it has no map of annotations.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(
        file: &Arc<str>,
        bytes: &[u8],
        budget: &mut Budget,
    ) -> Result<Option<Self>, ReadError> {
        let root = document::read(bytes, budget)?;
        let Some(Value::Mapping(map)) = root.get("annotations").map(|node| &node.value) else {
            return Ok(None);
        };
        let values = map
            .entries
            .iter()
            .filter_map(|entry| Some((go_text(&entry.key.value)?, go_text(&entry.value.value)?)));
        Ok(Some(Annotations {
            source: Location::start_of(file.clone(), "a map of annotations"),
            values: values.collect(),
            root: Some(root.clone()),
        }))
    }

    /// An annotation's value.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// All annotations.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The package that the bundle belongs to; empty where the file does not say.
    pub(crate) fn package(&self) -> &str {
        self.get(PACKAGE).unwrap_or("")
    }

    /// The channels, split at commas and not trimmed, as opm does.
    pub(crate) fn channels(&self) -> Vec<String> {
        match self.get(CHANNELS).unwrap_or("") {
            "" => Vec::new(),
            channels => channels.split(',').map(str::to_owned).collect(),
        }
    }

    /// The default channel, where the file names one.
    pub(crate) fn default_channel(&self) -> Option<&str> {
        self.get(DEFAULT_CHANNEL).filter(|name| !name.is_empty())
    }

    /// The image's labels: every annotation that is no command to Quay.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let values = self.values.iter().filter(|(key, _)| !commands_quay(key));
        values
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Where an annotation stands, or would.
    pub(crate) fn location(&self, key: &str) -> Location {
        let Some(root) = &self.root else {
            return self.source.clone();
        };
        let place = Field::root(&self.source.file, root);
        let map = place.get("annotations").unwrap_or(place);
        match map.get(key) {
            Some(place) => place.location(),
            None => document::absent(&map, key),
        }
    }

    /// The file's document, where it was uploaded.
    pub(crate) fn document(&self) -> Option<Field<'_>> {
        let root = self.root.as_deref()?;
        Some(Field::root(&self.source.file, root))
    }

    /// Annotations whose value is no text in the file, and is taken for one.
    pub(crate) fn no_texts(&self) -> Vec<&str> {
        let map = self
            .root
            .as_deref()
            .and_then(|root| root.get("annotations"));
        let Some(Value::Mapping(map)) = map.map(|map| &map.value) else {
            return Vec::new();
        };
        let numbers = map
            .entries
            .iter()
            .filter(|entry| document::text_of(&entry.value.value).is_none());
        numbers.filter_map(|entry| entry.key.as_str()).collect()
    }

    /// The file as omps writes it.
    pub(crate) fn to_yaml(&self) -> Vec<u8> {
        let mut text = "annotations:\n".to_owned();
        for key in [
            MEDIATYPE,
            MANIFESTS,
            METADATA,
            PACKAGE,
            CHANNELS,
            DEFAULT_CHANNEL,
        ] {
            if let Some(value) = self.get(key) {
                let _infallible = writeln!(text, "  {key}: {}", quoted(value));
            }
        }
        text.into_bytes()
    }
}

/// Whether a label would be taken for a command by Quay: `quay.expires-after` lets a tag expire.
pub(crate) fn commands_quay(key: &str) -> bool {
    key.starts_with("quay.")
}

/// A text in double quotes, as both JSON and YAML write it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A scalar as Go reads it where a text belongs; nothing for lists and maps.
pub(crate) fn go_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) | Value::Timestamp(text) | Value::Int(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Float(number) => number.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Annotations> {
        Annotations::read(&"a.yaml".into(), text.as_bytes(), &mut Budget::default()).unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let channels = ["4.10".to_owned(), "a: \"b\"".to_owned()];
        let made = Annotations::made(Location::start_of("p.yaml", ""), "p", &channels, "yes");
        let text = String::from_utf8(made.to_yaml()).unwrap();
        let read = read(&text).unwrap();
        assert_eq!(read.labels(), made.labels());
        assert_eq!(read.channels(), channels);
        assert!(read.no_texts().is_empty());
    }

    #[test]
    fn a_label_that_commands_quay_is_none() {
        let annotations = read("annotations: {quay.expires-after: 1d, com.example: x}").unwrap();
        let labels = annotations.labels();
        assert_eq!(labels.into_keys().collect::<Vec<_>>(), ["com.example"]);
    }

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let annotations = read("annotations: {a: 4.10, b: 4, c: yes, d: , e: 2020-01-02}").unwrap();
        let values: Vec<&str> = annotations.iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["4.1", "4", "true", "", "2020-01-02"]);
        assert_eq!(annotations.no_texts(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_file_without_a_map_of_annotations_is_none() {
        for text in ["", "annotations:", "annotations: []", "other: {}"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
