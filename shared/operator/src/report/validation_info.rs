//! `validation_info` of an answer.

use serde::Serialize;

use super::rules::{self, Rule};
use super::{Finding, Location, Report};
use crate::archive;
use crate::yaml::{Problem, ReadError};

/// The lists that clients of OMPS know, and the findings beside them. An answer always has all three.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ValidationInfo {
    /// Messages that make the manifests invalid; empty where operator-courier stops before it checks its rules.
    pub errors: Vec<String>,
    /// Messages that do not.
    pub warnings: Vec<String>,
    /// Where it is, what was found, what to do.
    pub findings: Vec<Finding>,
}

impl ValidationInfo {
    /// A file that cannot be read.
    pub(crate) fn unreadable(file: &str, error: &ReadError) -> Self {
        let rule = match &error.problem {
            Problem::SeveralDocuments => &rules::YAML_DOCUMENTS,
            _ if archive::is_of_macos(file) => &rules::MACOS_FILE,
            problem if problem.is_limit() => &rules::YAML_LIMIT,
            _ => &rules::YAML,
        };
        let location = Location {
            file: file.into(),
            position: error.position,
            field: String::new(),
            found: error.problem.to_string(),
        };
        let message = error.to_string();
        Self::without_lists(|report| report.add(rule, &location, &[file, &message]))
    }

    /// A value of a wrong type before the rules are checked.
    pub(crate) fn wrong_type(location: &Location, expected: &str) -> Self {
        Self::without_lists(|report| report.wrong_type_at(location, expected))
    }

    /// A file that has no place among the others, with what was found instead.
    pub(crate) fn layout(rule: &Rule, location: &Location, found: String) -> Self {
        let location = Location {
            found,
            ..location.clone()
        };
        Self::without_lists(|report| report.add(rule, &location, &[]))
    }

    /// An organization's rule that cannot be applied to a file.
    pub(crate) fn rule_not_applied(location: &Location, problem: &str) -> Self {
        let values = [&*location.file, problem];
        Self::without_lists(|report| report.add(&rules::RULE_NOT_APPLIED, location, &values))
    }

    /// What a report has, before the rules are checked.
    pub(crate) fn before_rules(report: &Report) -> Self {
        ValidationInfo {
            findings: report.validation_info().findings,
            ..ValidationInfo::default()
        }
    }

    /// A finding before the rules are checked: then operator-courier has no lists.
    fn without_lists(add: impl FnOnce(&mut Report)) -> Self {
        let mut report = Report::default();
        add(&mut report);
        ValidationInfo {
            findings: report.findings,
            ..ValidationInfo::default()
        }
    }
}
