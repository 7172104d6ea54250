//! An organization's rules: what a push changes in the manifests before the verdict.

mod annotation;
mod pattern;
mod replacement;
mod spelling;

pub use annotation::Annotation;
pub use replacement::Replacement;
pub(crate) use spelling::check as check_spelling;

use crate::archive::Files;
use crate::bundle_image::may_be_manifest;
use crate::edit::{self, EditError};
use crate::limits::Limits;
use crate::report::ValidationInfo;
use crate::yaml::Budget;
use pattern::{ReplaceError, Steps};

/// What an organization changes in every operator, in the order in which it is applied.
#[derive(Debug, Default)]
pub struct Rules {
    /// `package_name_suffix`: the end that a package's name gets, unless it has it already.
    pub package_name_suffix: Option<String>,
    /// `replace_registry`: what to replace in every YAML file, in order.
    pub replace_registry: Vec<Replacement>,
    /// `csv_annotations`: what to set in every ClusterServiceVersion.
    pub csv_annotations: Vec<Annotation>,
}

impl Rules {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.package_name_suffix.is_none()
            && self.replace_registry.is_empty()
            && self.csv_annotations.is_empty()
    }

    /// The name that a package gets: its own, with the suffix at its end.
    pub fn package_name(&self, name: &str) -> String {
        match &self.package_name_suffix {
            Some(suffix) if !name.ends_with(suffix.as_str()) => format!("{name}{suffix}"),
            _ => name.to_owned(),
        }
    }
}

/// A file to which a rule cannot be applied.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct RuleError {
    file: String,
    #[source]
    problem: RuleProblem,
}

impl RuleError {
    /// Where the file cannot be read.
    pub fn validation_info(&self) -> ValidationInfo {
        match &self.problem {
            RuleProblem::Edit(error) => error.validation_info(&self.file),
            _ => ValidationInfo::default(),
        }
    }
}

/// What prevents a rule from being applied.
#[derive(Debug, thiserror::Error)]
enum RuleProblem {
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    #[error(transparent)]
    Replace(ReplaceError),
    #[error("grows past {0} bytes, all files together, when registries are replaced")]
    TooLarge(usize),
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Applies `replace_registry`, in order, to every file of `files` that may be a manifest by its name, at any depth, which is
/// more than the verdict reads. All files together may grow to the limit for an archive.
///
/// # Errors
/// [`RuleError`] names the file.
pub(crate) fn replace_registries(
    files: &mut Files,
    rules: &[Replacement],
    limits: &Limits,
) -> Result<(), RuleError> {
    if rules.is_empty() {
        return Ok(());
    }
    let max_size = usize::try_from(limits.uncompressed_size).unwrap_or(usize::MAX);
    let mut size: usize = files.values().map(Vec::len).sum();
    let yaml = files.iter().filter(|(path, _)| may_be_manifest(path));
    let mut steps = Steps::new(limits, yaml.map(|(_, bytes)| bytes.len()).sum());
    for (path, bytes) in files.iter_mut().filter(|(path, _)| may_be_manifest(path)) {
        size -= bytes.len();
        let failed = |problem| RuleError {
            file: path.clone(),
            problem,
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|error| failed(RuleProblem::NotUtf8(error.valid_up_to())))?;
        let room = max_size.saturating_sub(size);
        let replaced = replace(text, rules, room, &mut steps).map_err(|error| {
            failed(match error {
                ReplaceError::Room(_) => RuleProblem::TooLarge(max_size),
                ReplaceError::Steps => RuleProblem::Replace(error),
            })
        })?;
        if let Some(replaced) = replaced {
            *bytes = replaced.into_bytes();
        }
        size += bytes.len();
    }
    Ok(())
}

/// The text after all rules; `None` when none of them touches it.
fn replace(
    text: &str,
    rules: &[Replacement],
    room: usize,
    steps: &mut Steps,
) -> Result<Option<String>, ReplaceError> {
    let mut replaced: Option<String> = None;
    for rule in rules {
        let current = replaced.as_deref().unwrap_or(text);
        let next = rule.apply(current, room, steps)?;
        replaced = next.or(replaced);
    }
    Ok(replaced)
}

/// Sets `csv_annotations` in every ClusterServiceVersion at any depth.
///
/// # Errors
/// [`RuleError`] names the file.
pub(crate) fn set_annotations(
    files: &mut Files,
    rules: &[Annotation],
    package_name: &str,
    budget: &mut Budget,
) -> Result<(), RuleError> {
    if rules.is_empty() {
        return Ok(());
    }
    let annotations: Vec<(&str, String)> = rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule.value(package_name)))
        .collect();
    for (path, bytes) in files.iter_mut().filter(|(path, _)| may_be_manifest(path)) {
        edit::set_annotations(bytes, &annotations, budget).map_err(|error| RuleError {
            file: path.clone(),
            problem: error.into(),
        })?;
    }
    Ok(())
}

/// Whether a file is a manifest in a bundle alone: App Registry's rules, which are OMPS's, leave JSON as it is.
pub(crate) fn is_json(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}
