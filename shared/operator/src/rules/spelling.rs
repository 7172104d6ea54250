//! Images that `replace_registry` would change but for how they are written: rules read a file's text, where escapes and
//! line breaks can hide what a cluster reads.

use std::sync::Arc;

use super::pattern::{ReplaceError, Steps};
use super::{Replacement, RuleError, RuleProblem, replace};
use crate::archive::Files;
use crate::bundle_image::{image_fields, may_be_manifest, only_document};
use crate::edit::may_have;
use crate::limits::Limits;
use crate::report::{Field, Report, rules};
use crate::yaml::{self, Budget, Node, Value, YamlVersion};

/// Images that are noted: more than any CSV has.
const MAX_NOTES: usize = 100;

/// Looks at every known place of an image in the CSVs, after the rules were applied.
///
/// # Errors
/// [`RuleError`] names the file at which the push may read, or compare, no more.
pub(crate) fn check(
    files: &Files,
    rules: &[Replacement],
    limits: &Limits,
    budget: &mut Budget,
    report: &mut Report,
) -> Result<(), RuleError> {
    if rules.is_empty() {
        return Ok(());
    }
    let csvs = || {
        let files = files.iter();
        files.filter(|(path, bytes)| {
            // An image is one word: without a backslash it is written as it is read.
            may_be_manifest(path)
                && memchr::memchr(b'\\', bytes).is_some()
                && may_have(bytes, "ClusterServiceVersion")
        })
    };
    let mut steps = Steps::new(limits, csvs().map(|(_, bytes)| bytes.len()).sum());
    for (path, bytes) in csvs() {
        check_file(path, bytes, rules, (&mut steps, budget), report).map_err(|problem| {
            RuleError {
                file: path.clone(),
                problem,
            }
        })?;
    }
    Ok(())
}

fn check_file(
    path: &str,
    bytes: &[u8],
    rules: &[Replacement],
    (steps, budget): (&mut Steps, &mut Budget),
    report: &mut Report,
) -> Result<(), RuleProblem> {
    let text = only_document(bytes);
    let text = yaml::without_json_tabs(&text);
    let root = match yaml::read(&text, YamlVersion::V1_1, budget) {
        Ok(root) => root,
        Err(error) if error.ends_all() => return Err(RuleProblem::Edit(error.into())),
        Err(_) => return Ok(()), // for the verdict
    };
    if root.get("kind").and_then(Node::as_str) != Some("ClusterServiceVersion") {
        return Ok(());
    }
    let file: Arc<str> = path.into();
    for field in image_fields(&Field::root(&file, &root)) {
        let Value::String(image) = field.value() else {
            continue;
        };
        let written = text.get(field.node().span.clone()).unwrap_or_default();
        let written = str::from_utf8(written).unwrap_or_default();
        if written.contains(image.as_str()) || report.notes.len() >= MAX_NOTES {
            continue; // the rules have seen it
        }
        let mut changes = |text: &str| -> Result<bool, ReplaceError> {
            let replaced = replace(text, rules, usize::MAX, steps)?;
            Ok(replaced.is_some_and(|replaced| replaced != text))
        };
        // Where a rule changes its own result again, it did see the text.
        let is_missed = changes(image).and_then(|would| Ok(would && !changes(written)?));
        if is_missed.map_err(RuleProblem::Replace)? {
            let location = field.location();
            let values = [path, location.field.as_str(), image.as_str()];
            report.note(&rules::IMAGE_SPELLING, &location, &values);
        }
    }
    Ok(())
}
