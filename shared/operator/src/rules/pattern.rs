//! Python's regular expressions, for `replace_registry`: in linear time where possible, and never more steps than allowed.

mod backtracking;
mod linear;
mod shape;
mod steps;
mod syntax;
mod template;
#[cfg(test)]
mod tests;

use std::ops::Range;

use backtracking::{Backtracking, char_length_at};
use linear::Linear;
use shape::Shape;
pub(crate) use steps::{BYTES_COMPARED, OutOfSteps, Steps};
pub(crate) use template::Template;

/// Bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 4 << 20;

/// A multi-line pattern whose `^` and `$` take CRLF, too, for a line end.
#[derive(Debug)]
pub enum Pattern {
    /// Matched in linear time.
    Linear(Box<Linear>),
    /// With look-around or back-references.
    Backtracking(Box<Backtracking>),
}

/// Where a match and its groups are; a group that took no part in it is nowhere.
type Groups = Vec<Option<Range<usize>>>;

/// A pattern or replacement that Python would refuse, or that no engine here can run.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error("the pattern {pattern:?} does not compile: {problem}")]
    Pattern { pattern: String, problem: String },
    #[error("the replacement {template:?} {problem}")]
    Template { template: String, problem: String },
}

/// A replacement that took more than it may.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    #[error(
        "a replacement rule ran past its step limit: it can match this text in too many ways. Its pattern should match \
         less at a time (`[ \\t]*` rather than `\\s*`, `[^/\\n]*` rather than `[^/]*`), and have fewer repetitions, \
         look-arounds and back-references"
    )]
    Steps,
    #[error("the text grows past {0} bytes")]
    Room(usize),
}

impl From<OutOfSteps> for ReplaceError {
    fn from(_: OutOfSteps) -> Self {
        ReplaceError::Steps
    }
}

impl Pattern {
    /// Compiles a pattern as Python's `re` reads it.
    ///
    /// # Errors
    /// [`PatternError::Pattern`]
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let tokens = syntax::tokens(pattern);
        let translated = syntax::translate(&tokens);
        if let Ok(linear) = Linear::parse(&translated, shape::all_stay_in_line(&tokens)) {
            return Ok(Pattern::Linear(Box::new(linear)));
        }
        Shape::of(&tokens)
            .map_err(str::to_owned)
            .and_then(|shape| Backtracking::parse(translated, shape))
            .map(|pattern| Pattern::Backtracking(Box::new(pattern)))
            .map_err(|problem| PatternError::Pattern {
                pattern: pattern.to_owned(),
                problem,
            })
    }

    /// The text with every match replaced, as Python's `re.sub` does it; nothing when there is none. There is `room` for
    /// that many bytes.
    ///
    /// # Errors
    /// [`ReplaceError`]
    pub fn replace(
        &self,
        text: &str,
        template: &Template,
        room: usize,
        steps: &mut Steps,
    ) -> Result<Option<String>, ReplaceError> {
        let mut search = self.search(text);
        let (mut replaced, mut copied, mut from) = (None, 0, 0);
        while from <= text.len() {
            let Some(groups) = search.groups_from(from, steps)? else {
                break;
            };
            let Some(Some(found)) = groups.first().cloned() else {
                break;
            };
            let output = replaced.get_or_insert_with(|| String::with_capacity(text.len()));
            output.push_str(&text[copied..found.start]);
            template.write(text, &groups, output);
            copied = found.end;
            if output.len() + text.len() - copied > room {
                return Err(ReplaceError::Room(room));
            }
            // Behind an empty match one character is passed, or it would be found again.
            from = match found.is_empty() {
                true => found.end + char_length_at(text, found.end),
                false => found.end,
            };
        }
        Ok(replaced.map(|output| output + &text[copied..]))
    }

    fn search<'a>(&'a self, text: &'a str) -> Search<'a> {
        match self {
            Pattern::Linear(pattern) => Search::Linear(pattern.search(text)),
            Pattern::Backtracking(pattern) => Search::Backtracking(pattern.search(text)),
        }
    }

    /// The number of the group that a replacement names.
    fn group(&self, name: &str) -> Option<usize> {
        let names = match self {
            Pattern::Linear(pattern) => pattern.names(),
            Pattern::Backtracking(pattern) => pattern.names(),
        };
        match name.parse::<usize>() {
            Ok(number) => (number < names.len()).then_some(number),
            Err(_) => names.iter().position(|other| *other == Some(name)),
        }
    }
}

/// A search for a pattern in one text.
enum Search<'a> {
    Linear(linear::Search<'a>),
    Backtracking(backtracking::Search<'a>),
}

impl Search<'_> {
    /// The groups of the first match from a place on, the whole match first.
    fn groups_from(
        &mut self,
        from: usize,
        steps: &mut Steps,
    ) -> Result<Option<Groups>, OutOfSteps> {
        match self {
            Search::Backtracking(search) => search.groups_from(from, steps),
            Search::Linear(search) => {
                let found = search.find_from(from, steps)?;
                Ok(found.map(|found| search.groups_of(found)))
            }
        }
    }
}
