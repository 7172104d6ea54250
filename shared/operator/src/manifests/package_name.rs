//! The package's name: found, and changed, before the verdict, in files that are read as YAML 1.2.

use crate::archive::Files;
use crate::edit::{self, EditError};
use crate::report::rules;
use crate::report::{Field, Location, ValidationInfo};
use crate::yaml::{self, Budget, Node, ReadError, Value, YamlVersion};

/// A package name and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageName {
    /// Path of the package file.
    pub file: String,
    /// `packageName` in it.
    pub name: String,
}

/// Why no package name was found.
#[derive(Debug, thiserror::Error)]
pub enum PackageNameError {
    #[error("Could not find packageName in manifests.")]
    Missing,
    #[error("Failed to process yaml file /{file}")]
    Unreadable {
        file: String,
        #[source]
        error: ReadError,
    },
    #[error("Failed to process yaml file /{}", .0.file)]
    NoManifest(Box<Location>),
    #[error("{}: packageName must be a string, found {found}", .location.file)]
    NotText {
        location: Box<Location>,
        found: &'static str,
    },
    #[error("{file}: {error}")]
    Edit {
        file: String,
        #[source]
        error: EditError,
    },
}

impl PackageNameError {
    /// Where it is, when it is in a file.
    pub(crate) fn validation_info(&self) -> ValidationInfo {
        match self {
            PackageNameError::Unreadable { file, error } => ValidationInfo::unreadable(file, error),
            PackageNameError::Edit { file, error } => error.validation_info(file),
            PackageNameError::NoManifest(location) => {
                ValidationInfo::layout(&rules::NO_MANIFEST, location, location.found.clone())
            }
            PackageNameError::NotText { location, .. } => {
                ValidationInfo::wrong_type(location, "a string")
            }
            PackageNameError::Missing => ValidationInfo::default(),
        }
    }
}

/// The first top-level YAML file, by name, whose map has `packageName`.
///
/// # Errors
/// A file before it that cannot be read as YAML 1.2, or whose document is not a list, a map or a text.
pub(crate) fn find(files: &Files, budget: &mut Budget) -> Result<PackageName, PackageNameError> {
    for (path, bytes) in files.iter().filter(|(path, _)| is_candidate(path)) {
        let root = yaml::read(bytes, YamlVersion::V1_2, budget).map_err(|error| {
            let file = path.clone();
            PackageNameError::Unreadable { file, error }
        })?;
        let file = path.as_str().into();
        let document = Field::root(&file, &root);
        match &root.value {
            Value::Mapping(_) => {}
            Value::Sequence(_) => continue,
            Value::String(_) if !is_tagged(bytes, &root) => continue,
            _ => return Err(PackageNameError::NoManifest(Box::new(document.location()))),
        }
        // To ruamel.yaml a key that has a tag is another key.
        let entry = root.entry("packageName");
        let Some(entry) = entry.filter(|entry| !is_tagged(bytes, &entry.key)) else {
            continue;
        };
        let Some(name) = entry.value.as_str() else {
            let location = document.get("packageName").unwrap_or(document).location();
            return Err(PackageNameError::NotText {
                location: Box::new(location),
                found: entry.value.value.kind(),
            });
        };
        return Ok(PackageName {
            file: path.clone(),
            name: name.to_owned(),
        });
    }
    Err(PackageNameError::Missing)
}

/// Whether a scalar has a tag, with an anchor before it or without. `!` asks for what the scalar is anyway.
fn is_tagged(bytes: &[u8], node: &Node) -> bool {
    let written = bytes.get(node.span.clone()).unwrap_or_default();
    let mut words = written.split(u8::is_ascii_whitespace);
    let word = words.find(|word| !word.is_empty() && !word.starts_with(b"&"));
    word.is_some_and(|word| word.starts_with(b"!") && word != b"!")
}

/// Whether a file is at the top level and named `*.yaml` or `*.yml`. Unlike the verdict, the lookup takes a hidden
/// `.yaml`, too.
fn is_candidate(path: &str) -> bool {
    !path.contains('/') && (path.ends_with(".yaml") || path.ends_with(".yml"))
}

/// Sets the package's name in its file.
///
/// # Errors
/// The file cannot be edited without changing more than the name.
pub(crate) fn set(
    package: &mut PackageName,
    name: String,
    files: &mut Files,
    budget: &mut Budget,
) -> Result<(), PackageNameError> {
    if package.name == name {
        return Ok(());
    }
    package.name = name;
    let bytes = files
        .get_mut(&package.file)
        .ok_or(PackageNameError::Missing)?;
    edit::set_root_text(bytes, "packageName", &package.name, budget).map_err(|error| {
        PackageNameError::Edit {
            file: package.file.clone(),
            error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_tag_of_its_own_is_another_key() {
        let found = |text: &str| {
            let files = Files::from([("a.yaml".to_owned(), text.into())]);
            find(&files, &mut Budget::default()).map(|package| package.name)
        };
        for text in [
            "packageName: a",
            "! packageName: a",
            "&x packageName: a",
            "\"packageName\": a",
        ] {
            assert_eq!(found(text).unwrap(), "a", "{text}");
        }
        for text in [
            "!!str packageName: a",
            "&x !!str packageName: a",
            "!x packageName: a",
        ] {
            assert!(
                matches!(found(text), Err(PackageNameError::Missing)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_finding_has_the_place_of_what_prevents_a_name() {
        for (text, message, rule, line, found) in [
            (
                "# nothing\n",
                "Failed to process yaml file /a.yaml",
                "no-manifest",
                1,
                "null",
            ),
            (
                "a: b\npackageName: 5",
                "a.yaml: packageName must be a string, found a number",
                "type",
                2,
                "the number 5",
            ),
            (
                "a: b\na: c",
                "Failed to process yaml file /a.yaml",
                "yaml",
                2,
                "duplicate key \"a\"",
            ),
        ] {
            let files = Files::from([("a.yaml".to_owned(), text.into())]);
            let error = find(&files, &mut Budget::default()).unwrap_err();
            assert_eq!(error.to_string(), message);
            let finding = error.validation_info().findings.remove(0);
            assert_eq!(
                (finding.rule, finding.line, &*finding.found),
                (rule, line, found)
            );
        }
    }
}
