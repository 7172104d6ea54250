//! A manifest of a bundle: its bytes, and what they say.

use std::rc::Rc;
use std::sync::Arc;

use super::splitting::only_document;
use crate::archive::name_of;
use crate::go_keys::folds_to;
use crate::report::{Field, Location};
use crate::yaml::{self, Budget, Node, ReadError, Value, YamlVersion};

/// A file of `manifests/`: one Kubernetes object.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Path in the archive.
    pub(crate) path: Arc<str>,
    /// Its bytes as they are shipped.
    pub(crate) bytes: Arc<[u8]>,
    root: Rc<Node>,
    kind: String,
}

/// The file at which an upload had read all that it may.
#[derive(Debug)]
pub(crate) struct Exhausted {
    /// Its path.
    pub(crate) file: Arc<str>,
    /// Where reading ended.
    pub(crate) error: ReadError,
}

impl Exhausted {
    /// An error of a file, when no other file may be read after it.
    pub(crate) fn at(file: &Arc<str>, error: ReadError) -> Result<ReadError, Exhausted> {
        let file = file.clone();
        if error.ends_all() {
            return Err(Exhausted { file, error });
        }
        Ok(error)
    }
}

/// Why a file is no manifest.
#[derive(Debug)]
pub(crate) struct NoManifest {
    /// The file, and where in it.
    pub(crate) location: Location,
    /// What is wrong, in opm's words.
    pub(crate) problem: String,
}

impl Document {
    /// Reads a file as YAML 1.1, as opm and OLM do.
    ///
    /// # Errors
    /// The outer one when this upload may read no more; the inner one when this file is no manifest.
    pub(crate) fn read(
        path: &Arc<str>,
        bytes: &Arc<[u8]>,
        budget: &mut Budget,
    ) -> Result<Result<Document, NoManifest>, Exhausted> {
        let root = match read(bytes, budget) {
            Ok(root) => root,
            Err(error) => {
                let error = Exhausted::at(path, error)?;
                return Ok(Err(NoManifest::unreadable(path, &error)));
            }
        };
        let kind = match root.get("kind").and_then(Node::as_str) {
            Some(kind) if !kind.is_empty() => kind.to_owned(),
            _ => return Ok(Err(NoManifest::without_kind(path, &root))),
        };
        Ok(Ok(Document {
            path: path.clone(),
            bytes: bytes.clone(),
            root,
            kind,
        }))
    }

    /// The name of the file, without its directories.
    pub(crate) fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// `kind`
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// `apiVersion`, when it is a text.
    pub(crate) fn api_version(&self) -> &str {
        self.root
            .get("apiVersion")
            .and_then(Node::as_str)
            .unwrap_or("")
    }

    /// Whether this is a ClusterServiceVersion.
    pub(crate) fn is_csv(&self) -> bool {
        self.kind == "ClusterServiceVersion"
    }

    /// Whether this is a CustomResourceDefinition.
    pub(crate) fn is_crd(&self) -> bool {
        self.kind == "CustomResourceDefinition"
    }

    /// The document's root.
    pub(crate) fn place(&self) -> Field<'_> {
        Field::root(&self.path, &self.root)
    }

    /// The value at a path such as `spec.install.spec`.
    pub(crate) fn at(&self, path: &str) -> Option<Field<'_>> {
        at(&self.place(), path)
    }

    /// `metadata.name`; empty where there is none.
    pub(crate) fn object_name(&self) -> &str {
        let name = self
            .root
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        name.and_then(Node::as_str).unwrap_or("")
    }

    /// The document as a whole.
    pub(crate) fn location(&self) -> Location {
        self.place().location()
    }
}

/// One document of YAML 1.1. JSON may be indented by tabs, YAML not.
pub(crate) fn read(bytes: &[u8], budget: &mut Budget) -> Result<Rc<Node>, ReadError> {
    let text = only_document(bytes);
    let text = yaml::without_json_tabs(&text);
    yaml::read(&text, YamlVersion::V1_1, budget)
}

impl NoManifest {
    fn unreadable(path: &Arc<str>, error: &ReadError) -> Self {
        NoManifest {
            location: Location {
                file: path.clone(),
                position: error.position,
                field: String::new(),
                found: error.problem.to_string(),
            },
            problem: format!(" is not supported type for registryV1 bundle: {path}: {error}"),
        }
    }

    fn without_kind(path: &Arc<str>, root: &Node) -> Self {
        let problem = match &root.value {
            Value::Mapping(_) => format!("Object 'Kind' is missing in {path}"),
            _ => format!(" is not supported type for registryV1 bundle: {path}"),
        };
        NoManifest {
            location: Field::root(path, root).location(),
            problem,
        }
    }
}

/// The value at a path such as `spec.install.spec` below a place.
///
/// Go finds a structure's fields in any case, so `minkubeVersion` is `minKubeVersion`; but not the keys of maps.
pub(crate) fn at<'a>(place: &Field<'a>, path: &str) -> Option<Field<'a>> {
    let (mut place, mut is_map) = (place.clone(), false);
    for key in path.split('.') {
        let found = place.get(key);
        place = match is_map {
            true => found?,
            false => found.or_else(|| in_any_case(&place, key))?,
        };
        is_map = matches!(key, "annotations" | "labels");
    }
    Some(place)
}

fn in_any_case<'a>(place: &Field<'a>, key: &str) -> Option<Field<'a>> {
    let Value::Mapping(map) = place.value() else {
        return None;
    };
    let mut keys = map.entries.iter().filter_map(|entry| entry.key.as_str());
    place.get(keys.find(|known| folds_to(known, key))?)
}

/// The text at a path; dates are text to Go.
pub(crate) fn text<'a>(place: &Field<'a>, path: &str) -> Option<&'a str> {
    text_of(at(place, path)?.value())
}

/// A value that Go reads as a text.
pub(crate) fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) | Value::Timestamp(text) => Some(text),
        _ => None,
    }
}

/// The items of the list at a path; none where there is no list.
pub(crate) fn items<'a>(place: &Field<'a>, path: &str) -> Vec<Field<'a>> {
    let items = at(place, path).and_then(|list| list.items().map(Iterator::collect));
    items.unwrap_or_default()
}

/// The texts of the list at a path.
pub(crate) fn texts<'a>(place: &Field<'a>, path: &str) -> Vec<&'a str> {
    let items = items(place, path).into_iter();
    items.filter_map(|item| text_of(item.value())).collect()
}

/// Whether Go sees nothing here: absent, null, empty, zero.
pub(crate) fn is_empty(place: Option<&Field<'_>>) -> bool {
    place.is_none_or(|place| match place.value() {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(map) => map.entries.is_empty(),
        _ => false,
    })
}

/// Where a field would be that is absent: the innermost map on the way to it that is there.
pub(crate) fn absent(place: &Field<'_>, field: &str) -> Location {
    let mut innermost = place.clone();
    for key in field.split('.') {
        match innermost.get(key) {
            Some(inner) => innermost = inner,
            None => break,
        }
    }
    let field = match place.location().field.as_str() {
        "" => field.to_owned(),
        parent => format!("{parent}.{field}"),
    };
    Location {
        field,
        found: "nothing".to_owned(),
        ..innermost.location()
    }
}

/// Whether a file may be a manifest by its name: `.yaml`, `.yml` or `.json`, in any case.
pub(crate) fn may_be_manifest(path: &str) -> bool {
    let extension = name_of(path)
        .rsplit_once('.')
        .map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}
