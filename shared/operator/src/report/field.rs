//! Fields of manifests, as rules look at them and as findings name them.

use std::borrow::Cow;
use std::sync::Arc;

use super::Report;
use super::rules::Rule;
use crate::yaml::{MapEntry, Node, Position, Value};

/// Characters of a key that is wrong, in the path of a field.
const MAX_KEY: usize = 100;

/// Characters of any other key there: no annotation's has more than 317.
const MAX_KNOWN_KEY: usize = 400;

/// Where a finding points, and what is there. It is kept after the file's tree is gone.
#[derive(Debug, Clone)]
pub struct Location {
    /// Path in the archive.
    pub file: Arc<str>,
    /// Where the value starts.
    pub position: Position,
    /// The field, as in `spec.install`.
    pub field: String,
    /// The value in a few words.
    pub found: String,
}

impl Location {
    /// The start of a file.
    pub(crate) fn start_of(file: impl Into<Arc<str>>, found: impl Into<String>) -> Self {
        Location {
            file: file.into(),
            position: Position::START,
            field: String::new(),
            found: found.into(),
        }
    }
}

/// A field of a manifest: its value, and the path that leads to it.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    file: &'a Arc<str>,
    node: &'a Node,
    path: Cow<'a, str>,
}

impl<'a> Field<'a> {
    /// The root of a file's document.
    pub(crate) fn root(file: &'a Arc<str>, node: &'a Node) -> Self {
        Field {
            file,
            node,
            path: Cow::Borrowed(""),
        }
    }

    /// The field of `key`, when this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<Field<'a>> {
        let node = self.node.get(key)?;
        Some(Field {
            file: self.file,
            node,
            path: Cow::Owned(self.path_of(&shortened(key, MAX_KNOWN_KEY))),
        })
    }

    /// The field of `key`. If it is missing, that breaks `rule`.
    pub(crate) fn require(&self, key: &str, rule: &Rule, report: &mut Report) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            report.missing(rule, self, key);
        }
        field
    }

    /// The field of `key`, which must be a map. If it is missing, that breaks `rule`.
    pub(crate) fn require_map(
        &self,
        key: &str,
        rule: &Rule,
        report: &mut Report,
    ) -> Option<Field<'a>> {
        let field = self.require(key, rule, report)?;
        field.is_map(report).then_some(field)
    }

    /// Whether this is a map; if not, that is reported.
    pub(crate) fn is_map(&self, report: &mut Report) -> bool {
        let is_map = matches!(self.node.value, Value::Mapping(_));
        if !is_map {
            report.wrong_type(self, "a map");
        }
        is_map
    }

    /// The items, when this is a list.
    pub(crate) fn items(&self) -> Option<impl ExactSizeIterator<Item = Field<'a>>> {
        let Value::Sequence(items) = &self.node.value else {
            return None;
        };
        let (file, path) = (self.file, self.path.clone());
        Some(items.iter().enumerate().map(move |(index, node)| Field {
            file,
            node,
            path: Cow::Owned(format!("{path}[{index}]")),
        }))
    }

    /// Path in the archive.
    pub(crate) fn file(&self) -> Arc<str> {
        self.file.clone()
    }

    /// The value.
    pub(crate) fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// The value, with its place in the file.
    pub(crate) fn node(&self) -> &'a Node {
        self.node
    }

    /// Where this is, to be kept.
    pub(crate) fn location(&self) -> Location {
        Location {
            file: self.file.clone(),
            position: self.node.position,
            field: self.path.clone().into_owned(),
            found: describe(&self.node.value),
        }
    }

    /// Where the key of an entry of this map is.
    pub(crate) fn location_of(&self, entry: &MapEntry) -> Location {
        let key = &entry.key.value;
        let name = key.to_python().unwrap_or_else(|| key.kind().to_owned());
        Location {
            file: self.file.clone(),
            position: entry.key.position,
            field: self.path_of(&shortened(&name, MAX_KEY)),
            found: describe(&entry.value.value),
        }
    }

    /// Where `key` is missing.
    pub(super) fn location_without(&self, key: &str) -> Location {
        Location {
            file: self.file.clone(),
            position: self.node.position,
            field: self.path_of(key),
            found: "nothing".to_owned(),
        }
    }

    fn path_of(&self, key: &str) -> String {
        match &*self.path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }
}

/// The start of a text, and an ellipsis where there is more.
pub(crate) fn shortened(text: &str, length: usize) -> Cow<'_, str> {
    match text.char_indices().nth(length) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// A value in a few words: `the string "Deployment"`, `a list of 2`, `a map of name, served`, `null`.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Sequence(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Sequence(items) => format!("a list of {}", items.len()),
        Value::Mapping(map) if map.entries.is_empty() => "an empty map".to_owned(),
        Value::Mapping(map) => {
            let keys = map.entries.iter().map(|entry| &*entry.key);
            let known = keys.take(5).filter_map(Node::as_str);
            let known: Vec<_> = known.map(|key| shortened(key, 60)).collect();
            let listed = known.join(", ");
            format!("a map of {}", shortened(&listed, 60))
        }
        Value::String(text) => {
            let short = shortened(text, 60);
            format!("the string {short:?}")
        }
        Value::Bool(truth) => format!("the boolean {truth}"),
        Value::Int(_) | Value::Float(_) => {
            let digits = value.to_python().unwrap_or_default();
            format!("the number {}", shortened(&digits, 60))
        }
        Value::Timestamp(moment) => format!("the date {moment}"),
        other => other.kind().to_owned(),
    }
}
