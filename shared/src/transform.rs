//! The organization's rules over the files: registries replaced, annotations set.

use crate::archive::Files;
use crate::manifests::edit::{self, EditError};
use crate::manifests::yaml::Budget;
use crate::organization::{Annotation, Replacement};
use crate::pattern::StepLimit;

/// A file that a rule cannot be applied to.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TransformError {
    file: String,
    problem: TransformProblem,
}

/// What stands in a rule's way.
#[derive(Debug, thiserror::Error)]
pub enum TransformProblem {
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    #[error(transparent)]
    StepLimit(#[from] StepLimit),
    #[error("grows past {0} bytes when registries are replaced")]
    TooLarge(usize),
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Applies `replace_registry`, in order, to every YAML file at any depth; a file may grow to `max_size` bytes.
///
/// # Errors
/// [`TransformError`] names the file.
pub fn replace_registries(
    files: &mut Files,
    rules: &[Replacement],
    max_size: usize,
) -> Result<(), TransformError> {
    if rules.is_empty() {
        return Ok(());
    }
    for (path, bytes) in files
        .iter_mut()
        .filter(|(path, _)| is_yaml_in_any_case(path))
    {
        let failed = |problem| TransformError {
            file: path.clone(),
            problem,
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|error| failed(TransformProblem::NotUtf8(error.valid_up_to())))?;
        let mut replaced: Option<String> = None;
        for rule in rules {
            let current = replaced.as_deref().unwrap_or(text);
            let next = apply(rule, current).map_err(|error| failed(error.into()))?;
            if next.as_ref().is_some_and(|next| next.len() > max_size) {
                return Err(failed(TransformProblem::TooLarge(max_size)));
            }
            replaced = next.or(replaced);
        }
        if let Some(replaced) = replaced {
            *bytes = replaced.into_bytes();
        }
    }
    Ok(())
}

/// The text after one rule; nothing when the rule does not touch it.
fn apply(rule: &Replacement, text: &str) -> Result<Option<String>, StepLimit> {
    match rule {
        Replacement::Text { old, new } => {
            Ok(text.contains(old.as_str()).then(|| text.replace(old, new)))
        }
        Replacement::Regex { old, new } => old.replace(text, new),
    }
}

/// Sets `csv_annotations` in every ClusterServiceVersion at any depth.
///
/// # Errors
/// [`TransformError`] names the file.
pub fn set_annotations(
    files: &mut Files,
    rules: &[Annotation],
    package_name: &str,
    budget: &mut Budget,
) -> Result<(), TransformError> {
    if rules.is_empty() {
        return Ok(());
    }
    let annotations: Vec<(&str, String)> = rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule.value(package_name)))
        .collect();
    for (path, bytes) in files
        .iter_mut()
        .filter(|(path, _)| is_yaml_in_any_case(path))
    {
        let edited =
            edit::set_annotations(bytes, &annotations, budget).map_err(|error| TransformError {
                file: path.clone(),
                problem: error.into(),
            })?;
        if let Some(edited) = edited {
            *bytes = edited;
        }
    }
    Ok(())
}

/// Rules touch more files than the verdict reads: any depth, the extension in any case.
fn is_yaml_in_any_case(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
    })
}
