//! The organization's rules over the files: registries replaced, annotations set.

use crate::archive::Files;
use crate::manifests::edit::{self, EditError};
use crate::manifests::report::ValidationInfo;
use crate::manifests::yaml::Budget;
use crate::organization::{Annotation, Replacement};
use crate::pattern::{self, ReplaceError, Stopwatch};

/// A file that a rule cannot be applied to.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TransformError {
    file: String,
    problem: TransformProblem,
}

impl TransformError {
    /// Where the file cannot be read.
    pub fn validation_info(&self) -> ValidationInfo {
        match &self.problem {
            TransformProblem::Edit(EditError::Unreadable(error)) => {
                ValidationInfo::unreadable(&self.file, error)
            }
            _ => ValidationInfo::default(),
        }
    }
}

/// What stands in a rule's way.
#[derive(Debug, thiserror::Error)]
pub enum TransformProblem {
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    #[error("{0}")]
    Replace(ReplaceError),
    #[error("grows past {0} bytes, all files together, when registries are replaced")]
    TooLarge(usize),
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Applies `replace_registry`, in order, to every YAML file at any depth; all files together may grow to `max_size` bytes.
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
    let time = Stopwatch::start(pattern::ALLOWED);
    let mut size: usize = files.values().map(Vec::len).sum();
    for (path, bytes) in files
        .iter_mut()
        .filter(|(path, _)| is_yaml_in_any_case(path))
    {
        size -= bytes.len();
        let failed = |problem| TransformError {
            file: path.clone(),
            problem,
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|error| failed(TransformProblem::NotUtf8(error.valid_up_to())))?;
        let mut replaced: Option<String> = None;
        for rule in rules {
            let current = replaced.as_deref().unwrap_or(text);
            let room = max_size.saturating_sub(size);
            let next = apply(rule, current, room, &time).map_err(|error| {
                failed(match error {
                    ReplaceError::Room(_) => TransformProblem::TooLarge(max_size),
                    other => TransformProblem::Replace(other),
                })
            })?;
            replaced = next.or(replaced);
        }
        if let Some(replaced) = replaced {
            *bytes = replaced.into_bytes();
        }
        size += bytes.len();
    }
    Ok(())
}

/// The text after one rule, which has `room` and `time`; nothing when the rule does not touch it.
fn apply(
    rule: &Replacement,
    text: &str,
    room: usize,
    time: &Stopwatch,
) -> Result<Option<String>, ReplaceError> {
    if time.left().is_zero() {
        return Err(ReplaceError::Time);
    }
    match rule {
        Replacement::Text { old, new } => match text.matches(old.as_str()).count() {
            0 => Ok(None),
            count if text.len() - count * old.len() + count * new.len() > room => {
                Err(ReplaceError::Room(room))
            }
            _ => Ok(Some(text.replace(old, new))),
        },
        Replacement::Regex { old, new } => old.replace(text, new, room, time),
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
        edit::set_annotations(bytes, &annotations, budget).map_err(|error| TransformError {
            file: path.clone(),
            problem: error.into(),
        })?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_rule_is_applied_when_the_time_is_over() {
        let rule = Replacement::Text {
            old: "a".to_owned(),
            new: "b".to_owned(),
        };
        let applied = |allowed| apply(&rule, "a", 10, &Stopwatch::start(allowed));
        assert!(matches!(applied(Duration::MAX), Ok(Some(text)) if text == "b"));
        assert!(matches!(applied(Duration::ZERO), Err(ReplaceError::Time)));
    }
}
