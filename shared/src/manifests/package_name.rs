//! The package's name, found and changed as YAML 1.2: the one thing that is read before the verdict.

use super::edit::{self, EditError};
use super::report::ValidationInfo;
use super::yaml::{self, Budget, ReadError, Value, Version};
use crate::archive::Files;

/// A package name and the file that says it.
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
        error: Option<ReadError>,
    },
    #[error("{file}: packageName must be a string, found {found}")]
    NotText { file: String, found: &'static str },
    #[error("{file}: {error}")]
    Edit { file: String, error: EditError },
}

impl PackageNameError {
    /// Where a file cannot be read.
    pub fn validation_info(&self) -> ValidationInfo {
        match self {
            PackageNameError::Unreadable {
                file,
                error: Some(error),
            } => ValidationInfo::unreadable(file, error),
            _ => ValidationInfo::default(),
        }
    }
}

/// The first top-level YAML file, by name, whose map has `packageName`.
///
/// # Errors
/// A file before it that YAML 1.2 cannot read, or whose document is no list, map or text.
pub fn find(files: &Files, budget: &mut Budget) -> Result<PackageName, PackageNameError> {
    for (path, bytes) in files.iter().filter(|(path, _)| is_candidate(path)) {
        let unreadable = |error| PackageNameError::Unreadable {
            file: path.clone(),
            error,
        };
        let root =
            yaml::read(bytes, Version::V1_2, budget).map_err(|error| unreadable(Some(error)))?;
        let is_tagged = bytes.get(root.span.start) == Some(&b'!');
        match &root.value {
            Value::Mapping(_) => {}
            Value::Sequence(_) => continue,
            Value::String(_) if !is_tagged => continue,
            _ => return Err(unreadable(None)),
        }
        let Some(name) = root.get("packageName") else {
            continue;
        };
        let Some(name) = name.as_str() else {
            return Err(PackageNameError::NotText {
                file: path.clone(),
                found: name.value.kind(),
            });
        };
        return Ok(PackageName {
            file: path.clone(),
            name: name.to_owned(),
        });
    }
    Err(PackageNameError::Missing)
}

/// Top-level files named `*.yaml` or `*.yml`. Unlike the verdict, the lookup takes a hidden `.yaml`, too.
fn is_candidate(path: &str) -> bool {
    !path.contains('/') && (path.ends_with(".yaml") || path.ends_with(".yml"))
}

/// Appends the suffix in the package's file, unless the name ends so already.
///
/// # Errors
/// The file cannot be edited without changing more than the name.
pub fn add_suffix(
    package: &mut PackageName,
    suffix: &str,
    files: &mut Files,
    budget: &mut Budget,
) -> Result<(), PackageNameError> {
    if package.name.ends_with(suffix) {
        return Ok(());
    }
    package.name.push_str(suffix);
    let Some(bytes) = files.get_mut(&package.file) else {
        return Ok(());
    };
    edit::set_root_text(bytes, "packageName", &package.name, budget).map_err(|error| {
        PackageNameError::Edit {
            file: package.file.clone(),
            error,
        }
    })
}
