//! Why a file cannot be read, and where.

use libyaml_safer::Mark;

use super::Position;
use super::scalar::ScalarError;

/// Why a file cannot be read as one YAML document.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct ReadError {
    /// Where the reader stopped.
    pub position: Position,
    /// What it found there.
    pub(crate) problem: Problem,
}

impl ReadError {
    /// A problem of what starts at a mark.
    pub(super) fn at(start: Mark, problem: Problem) -> Self {
        let position = start.into();
        ReadError { position, problem }
    }

    /// Whether no more files of this push may be read.
    pub(crate) fn ends_all(&self) -> bool {
        matches!(self.problem, Problem::TooManyInAll(_))
    }
}

/// What the reader found wrong. A message names what to write instead where YAML readers differ.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("not UTF-8")]
    NotUtf8,
    #[error("UTF-16, which must be UTF-8")]
    Utf16,
    #[error("control character U+{0:04X}")]
    Control(u32),
    #[error(
        "character U+{0:04X}, which only some YAML readers take for text; remove it, or write \\u{0:04X} in double quotes"
    )]
    Ambiguous(u32),
    #[error("{0}")]
    Syntax(String),
    #[error(
        "somewhere behind this place is what the YAML parser cannot read; often it is a tag without a space behind it"
    )]
    Unparsable,
    #[error("a last line of spaces without a line end; add a line end, or remove the spaces")]
    OpenLine,
    #[error("{0:?} cannot start a text; write it in quotes")]
    CannotStartText(char),
    #[error("a tab where YAML requires a space")]
    Tab,
    #[error(
        "a tab at the start of a block scalar; write how deep its text is indented, as in `|2`, or use spaces"
    )]
    TabInBlock,
    #[error(
        "`:` without a space after it; write the space, or write the text between brackets in quotes"
    )]
    Colon,
    #[error("`?` in a plain scalar between brackets; write it in quotes")]
    QuestionMark,
    #[error("`{{{{` of a template that is not filled in")]
    Template,
    #[error("a comment that touches the indicator of a block scalar; write a space before it")]
    CommentAtIndicator,
    #[error(
        "the first line of a block scalar is blank and has fewer spaces than its text; remove the spaces"
    )]
    ShortFirstLine,
    #[error("half a surrogate pair")]
    HalfSurrogate,
    #[error("a directive that only some YAML readers know; remove it")]
    UnknownDirective,
    #[error("more than {0} directives")]
    TooManyDirectives(usize),
    #[error(transparent)]
    Scalar(#[from] ScalarError),
    #[error("more than one document in the file")]
    SeveralDocuments,
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
    #[error("undefined alias *{0}")]
    UndefinedAlias(String),
    #[error("anchor &{0} is defined twice")]
    DuplicateAnchor(String),
    #[error("{0} as a key; keys must be scalars")]
    UnhashableKey(&'static str),
    #[error("duplicate key {0}")]
    DuplicateKey(String),
    #[error("`<<` requires a map or a list of maps, found {0}")]
    BadMerge(&'static str),
    #[error("{0} is not {1}")]
    WrongTag(&'static str, String),
}

impl Problem {
    /// Whether the file is YAML, but more of it than is read.
    pub(crate) fn is_limit(&self) -> bool {
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
