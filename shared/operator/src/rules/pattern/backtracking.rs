//! Patterns with look-around or back-references.
//!
//! Where a match may begin is found in linear time first, by the pattern without them ([`Shape::candidates`]). Only there
//! the engine tries the pattern itself, and its steps are counted.

use std::cell::Cell;
use std::ops::Range;

use fancy_regex::{Error, Input, Regex, RegexBuilder, RegexInput};

use super::linear::{self, Linear};
use super::shape::{CANDIDATE, EVERYWHERE, Shape};
use super::steps::{BYTES_PASSED, OutOfSteps, Steps};
use super::{Groups, SIZE_LIMIT};

/// Bytes of the longest text that the engine is given without being compiled for it.
const USUAL_WINDOW: usize = 8 << 10;
/// How often a try in such a text may backtrack.
const USUAL_BACKTRACKS: usize = 10_000;
/// How often any may. Each time the engine may read the text to its end: their product is bounded.
const FEWEST_BACKTRACKS: usize = 64;
/// Steps that count for a pattern that is compiled for one text.
const COMPILE: u64 = 10_000;

/// A pattern in Rust's syntax that compiles.
#[derive(Debug)]
pub struct Backtracking {
    pattern: String,
    usual: Regex,
    candidates: Linear,
    shape: Shape,
}

impl Backtracking {
    /// Compiles a pattern of a known shape.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(pattern: String, shape: Shape) -> Result<Self, String> {
        let usual = compile(&pattern, USUAL_BACKTRACKS).map_err(|error| error.to_string())?;
        let candidates = Linear::parse(&shape.candidates, shape.stays_in_line)
            .or_else(|_| Linear::parse(EVERYWHERE, true))?;
        Ok(Backtracking {
            pattern,
            usual,
            candidates,
            shape,
        })
    }

    /// The names of the groups, the whole match first.
    pub fn names(&self) -> Vec<Option<&str>> {
        self.usual.capture_names().collect()
    }

    /// What finds the pattern in a text.
    pub fn search<'a>(&'a self, text: &'a str) -> Search<'a> {
        let has_lines = self.shape.stays_in_line && !text.contains('\r');
        Search {
            pattern: self,
            text,
            has_lines,
            window: if has_lines { 0..0 } else { 0..text.len() },
            candidates: self.candidates.search(text),
            compiled: None,
        }
    }
}

/// A search in one text.
pub struct Search<'a> {
    pattern: &'a Backtracking,
    text: &'a str,
    /// Whether each line can be searched by itself.
    has_lines: bool,
    /// What is searched: the line of the last candidate, or all of the text.
    window: Range<usize>,
    candidates: linear::Search<'a>,
    /// The pattern compiled for an unusually long text of this length. The engine keeps what it noted there: it is dropped
    /// with the search.
    compiled: Option<(usize, Regex)>,
}

impl Search<'_> {
    /// The groups of the first match from a place on.
    ///
    /// # Errors
    /// [`OutOfSteps`]
    pub fn groups_from(
        &mut self,
        from: usize,
        steps: &mut Steps,
    ) -> Result<Option<Groups>, OutOfSteps> {
        let lead = self.pattern.shape.longest_lead;
        let mut search_from = self.text.floor_char_boundary(from.saturating_sub(lead));
        while search_from <= self.text.len() {
            let Some(found) = self.candidates.find_from(search_from, steps)? else {
                return Ok(None);
            };
            let start = found.start;
            let candidate = self.candidate(found);
            if candidate >= from
                && let Some(groups) = self.groups_at(candidate, steps)?
            {
                return Ok(Some(groups));
            }
            search_from = start + char_length_at(self.text, start);
        }
        Ok(None)
    }

    /// Where a match may begin if `candidates` match.
    fn candidate(&self, found: Range<usize>) -> usize {
        let start = found.start;
        if self.pattern.shape.longest_lead == 0 {
            return start;
        }
        let groups = self.candidates.groups_of(found);
        let group = groups.get(CANDIDATE).cloned().flatten();
        group.map_or(start, |group| group.start)
    }

    /// The groups of a match that begins at a place.
    fn groups_at(&mut self, at: usize, steps: &mut Steps) -> Result<Option<Groups>, OutOfSteps> {
        if self.has_lines && (at < self.window.start || self.window.end <= at) {
            self.window = line_around(self.text, at);
        }
        let window = self.window.clone();
        let counted = Counted {
            text: &self.text[window.clone()],
            looks: Cell::new(1),
        };
        let regex = self.regex_for(counted.text.len(), steps)?;
        let input = RegexInput::new(&counted)
            .from_pos(at - window.start)
            .anchored(true);
        let found = regex.captures_input(input);
        // A look at the text may read a text to its end, unless the pattern has no repetition.
        let reach = match self.pattern.shape.is_bounded {
            true => 1,
            false => 1 + (window.end - at) / BYTES_PASSED,
        };
        steps.take(counted.looks.get().saturating_mul(reach as u64))?;
        let groups = |found: fancy_regex::Captures<'_, Counted<'_>>| {
            let moved = |group: Range<usize>| window.start + group.start..window.start + group.end;
            found.iter().map(|group| group.map(moved)).collect()
        };
        match found {
            Ok(found) => Ok(found.map(groups)),
            Err(_) => Err(OutOfSteps),
        }
    }

    /// The pattern, with a limit of backtracks for texts of a length.
    fn regex_for(&mut self, length: usize, steps: &mut Steps) -> Result<&Regex, OutOfSteps> {
        if length <= USUAL_WINDOW {
            return Ok(&self.pattern.usual);
        }
        let known = self.compiled.take().filter(|(known, _)| *known == length);
        let compiled = match known {
            Some(compiled) => compiled,
            None => {
                steps.take(COMPILE)?;
                let backtracks = USUAL_BACKTRACKS * USUAL_WINDOW / length;
                let regex = compile(&self.pattern.pattern, backtracks.max(FEWEST_BACKTRACKS));
                (length, regex.map_err(|_| OutOfSteps)?)
            }
        };
        Ok(&self.compiled.insert(compiled).1)
    }
}

/// A text that counts how often the engine looks at it, which is about once for each of its instructions.
struct Counted<'a> {
    text: &'a str,
    looks: Cell<u64>,
}

impl Input for Counted<'_> {
    type Match<'t>
        = Range<usize>
    where
        Self: 't;

    fn len(&self) -> usize {
        self.text.len()
    }

    fn as_bytes(&self) -> &[u8] {
        self.looks.set(self.looks.get() + 1);
        self.text.as_bytes()
    }

    fn is_char_boundary(&self, at: usize) -> bool {
        self.text.is_char_boundary(at)
    }

    fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    fn prev_codepoint_ix(&self, at: usize) -> usize {
        self.looks.set(self.looks.get() + 1);
        self.text.floor_char_boundary(at - 1)
    }

    fn make_match(&self, start: usize, end: usize) -> Range<usize> {
        start..end
    }

    fn advance_position(&self, at: usize) -> usize {
        at + char_length_at(self.text, at)
    }
}

/// The line that a place is in, without its end.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    start..end
}

/// The length of the character at a place; 1 at the text's end.
pub(super) fn char_length_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

fn compile(pattern: &str, backtracks: usize) -> Result<Regex, Box<Error>> {
    RegexBuilder::new(pattern)
        .multi_line(true)
        .crlf(true)
        .backtrack_limit(backtracks)
        .delegate_size_limit(SIZE_LIMIT)
        .build()
        .map_err(Box::new)
}
