//! What is wrong with a configuration: every problem, with the place where it is.

use std::collections::BTreeMap;
use std::fmt;

/// Where values come from: lines of the file, and variables, both by the value's key (`organizations.my-org.public`).
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Counted from one.
    pub lines: BTreeMap<String, usize>,
    /// The variables that won over the file.
    pub variables: BTreeMap<String, String>,
}

/// A list of problems: first those of no line, then by their lines.
#[derive(Debug, Default)]
pub struct Problems {
    pub(super) places: Places,
    found: BTreeMap<usize, Vec<String>>,
}

impl Problems {
    /// Adds what is wrong with the value of a key.
    pub(super) fn add(&mut self, key: &str, problem: impl fmt::Display) {
        let (line, place) = match (self.places.variables.get(key), self.line(key)) {
            (Some(variable), _) => (0, format!("{variable}: ")),
            (None, Some(line)) => (line, format!("line {line}: ")),
            (None, None) => (0, String::new()),
        };
        let problem = format!("{place}{key}: {problem}");
        self.found.entry(line).or_default().push(problem);
    }

    /// Adds a problem that belongs to no key.
    pub(super) fn add_text(&mut self, problem: String) {
        self.found.entry(0).or_default().push(problem);
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The problems, one text each.
    pub fn texts(&self) -> Vec<&str> {
        self.found.values().flatten().map(String::as_str).collect()
    }

    /// The line of a key, or of the table in which it is missing.
    fn line(&self, key: &str) -> Option<usize> {
        let of_table = || self.line(key.rsplit_once('.')?.0);
        self.places.lines.get(key).copied().or_else(of_table)
    }
}

/// One problem stands behind the colon; several stand in lines of their own.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.texts().as_slice() {
            [problem] => write!(f, " {problem}"),
            problems => problems
                .iter()
                .try_for_each(|problem| write!(f, "\n  {problem}")),
        }
    }
}
