//! Why a file cannot be read, and where.

use libyaml_safer::Mark;

use super::Position;
use super::scalar::ScalarError;

/// Why a file cannot be read as one YAML document.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct ReadError {
    /// Where the reader gave up.
    pub position: Position,
    /// What it found there.
    pub problem: Problem,
}

impl ReadError {
    /// A problem of what starts at a mark.
    pub(super) fn at(start: Mark, problem: Problem) -> Self {
        let position = start.into();
        ReadError { position, problem }
    }

    /// Whether this push may not read any more files.
    pub fn ends_all(&self) -> bool {
        matches!(self.problem, Problem::TooManyInAll(_))
    }
}

/// What the reader found wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("not UTF-8")]
    NotUtf8,
    #[error("UTF-16, wanted UTF-8")]
    Utf16,
    #[error("control character U+{0:04X}")]
    Control(u32),
    #[error("{0}")]
    Syntax(String),
    #[error(transparent)]
    Scalar(#[from] ScalarError),
    #[error("more than one document in the file")]
    SeveralDocuments,
    #[error("a tab where YAML wants a space")]
    Tab,
    #[error("more than {0} directives")]
    TooManyDirectives(usize),
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    #[error("a scalar of {0} bytes, of which {1} are allowed")]
    HugeScalar(usize, usize),
    #[error("more than {0} values in one file")]
    TooManyEvents(usize),
    #[error("aliases expand to more than {0} values")]
    TooManyExpanded(u32),
    #[error("more than {0} values in all files together, aliases expanded")]
    TooManyInAll(u32),
    #[error("a tag of more than {0} characters")]
    LongTag(usize),
    #[error("an anchor of more than {0} characters")]
    LongAnchor(usize),
    #[error("`{{{{` of a template that is not filled in")]
    Template,
    #[error("undefined alias *{0}")]
    UndefinedAlias(String),
    #[error("anchor &{0} is defined twice")]
    DuplicateAnchor(String),
    #[error("{0} as a key; keys must be scalars")]
    UnhashableKey(&'static str),
    #[error("duplicate key {0}")]
    DuplicateKey(String),
    #[error("`<<` wants a map or a list of maps, found {0}")]
    BadMerge(&'static str),
    #[error("{0} is no {1}")]
    WrongTag(&'static str, String),
}

impl Problem {
    /// Whether it is YAML all the same, and more of it than is read.
    pub fn is_limit(&self) -> bool {
        use Problem::*;
        matches!(
            self,
            TooManyDirectives(_)
                | TooDeep(_)
                | HugeScalar(..)
                | TooManyEvents(_)
                | TooManyExpanded(_)
                | TooManyInAll(_)
                | LongAnchor(_)
                | LongTag(_)
        )
    }
}

/// The start of a name, for a message.
pub(super) fn short(name: &str) -> String {
    name.chars().take(60).collect()
}
