//! Findings as they are made: each thing once, and not without end.

use std::collections::HashSet;
use std::sync::Arc;

use super::rule::Rule;
use crate::report::{Finding, Location, MAX_FINDINGS, MAX_TEXT, OfBundle, Severity, shortened};

/// What has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    seen: HashSet<Said>,
    bytes: usize,
    /// Refusals, errors and warnings that are listed.
    counts: [usize; 3],
    /// The bundle that is looked at.
    bundle: Option<Arc<str>>,
    refused: bool,
    has_errors: bool,
}

/// What is said once: rule, level, message, file and bundle.
type Said = (&'static str, Severity, String, Arc<str>, Option<Arc<str>>);

/// Characters of a message: the longest of the sources' own have 500.
const MAX_MESSAGE: usize = 2_000;

/// Characters of a bundle's name: no object in a cluster has more than 253.
const MAX_NAME: usize = 300;

impl Findings {
    /// What follows is said of this bundle.
    pub(crate) fn of_bundle(&mut self, name: Option<&str>) {
        let name = name.filter(|name| !name.is_empty());
        self.bundle = name.map(|name| shortened(name, MAX_NAME).into());
    }

    /// `rule` is broken at `location`. What was said before of the same file is not said again.
    pub(crate) fn say(&mut self, rule: &Rule, location: Location, message: impl Into<String>) {
        self.refused |= rule.severity == Severity::Refused;
        self.has_errors |= rule.severity == Severity::Error;
        let count = self.counts[rule.severity as usize];
        let has_room = count < MAX_FINDINGS && self.bytes < MAX_TEXT;
        // Where there is one, one of each level is listed.
        if !has_room && count > 0 {
            return;
        }
        let message = message.into();
        let message = shortened(&message, MAX_MESSAGE).into_owned();
        let key = (
            rule.id,
            rule.severity,
            message.clone(),
            location.file.clone(),
            self.bundle.clone(),
        );
        if !self.seen.insert(key) {
            return;
        }
        self.counts[rule.severity as usize] += 1;
        let bundle = self.bundle.as_deref().unwrap_or_default();
        let texts = [&message, &location.field, &location.found];
        self.bytes += texts.map(String::len).iter().sum::<usize>();
        self.bytes += location.file.len() + bundle.len();
        self.list.push(Finding {
            severity: rule.severity,
            rule: rule.id,
            file: location.file,
            line: location.position.line,
            column: location.position.column,
            field: location.field,
            found: location.found,
            message,
            advice: rule.advice,
            of_bundle: Some(OfBundle {
                bundle: self.bundle.clone(),
                says: rule.says,
            }),
        });
    }

    /// Whether something is refused.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// Whether operator-sdk would say error.
    pub(crate) fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// All of them, the worst first.
    pub(crate) fn into_list(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| finding.severity);
        self.list
    }
}
