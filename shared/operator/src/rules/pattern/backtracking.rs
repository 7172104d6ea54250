//! Patterns with look-around or back-references, of which a search may take any time: it gets steps, and more of them for
//! as long as there is time.

use fancy_regex::{Error, Regex, RegexBuilder, RuntimeError};

use super::stopwatch::Stopwatch;
use super::{Groups, ReplaceError, SIZE_LIMIT};

/// Bytes of the longest text that is searched, since the engine may note 40 bytes for each of it. No cluster takes an object
/// that is as large.
const LONGEST: usize = 2 << 20;
/// Steps of a first search: so few that even steps that look at all of a text are soon done.
const FEWEST_STEPS: usize = 64;
/// How many times as many steps the next longer search has.
const GROWTH: u16 = 4;

/// A pattern in Rust's syntax that compiles.
#[derive(Debug)]
pub struct Backtracking {
    pattern: String,
    /// Names of the groups, the whole match first.
    pub names: Vec<Option<String>>,
}

impl Backtracking {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The engine's.
    pub fn parse(pattern: String) -> Result<Self, Box<Error>> {
        let regex = compile(&pattern, FEWEST_STEPS)?;
        let names = regex
            .capture_names()
            .map(|name| name.map(str::to_owned))
            .collect();
        Ok(Backtracking { pattern, names })
    }

    /// What finds the pattern in a text.
    ///
    /// # Errors
    /// [`ReplaceError::TooLong`]
    pub fn search<'a>(&'a self, text: &'a str) -> Result<Search<'a>, ReplaceError> {
        match text.len() > LONGEST {
            true => Err(ReplaceError::TooLong(LONGEST)),
            false => Ok(Search {
                pattern: &self.pattern,
                text,
                steps: FEWEST_STEPS,
                regex: None,
            }),
        }
    }
}

/// A search in one text. The engine keeps the limit of steps with the compiled pattern, and what it noted, too: it is
/// compiled for one text, and anew for more steps.
pub struct Search<'a> {
    pattern: &'a str,
    text: &'a str,
    steps: usize,
    regex: Option<Regex>,
}

impl Search<'_> {
    /// The groups of the first match from a place on.
    ///
    /// # Errors
    /// [`ReplaceError::Time`] and [`ReplaceError::Memory`]
    pub fn groups_from(
        &mut self,
        from: usize,
        time: &Stopwatch,
    ) -> Result<Option<Groups>, ReplaceError> {
        loop {
            let left = time.left();
            let regex = match &mut self.regex {
                Some(regex) => regex,
                none => none
                    .insert(compile(self.pattern, self.steps).map_err(|_| ReplaceError::Memory)?),
            };
            match regex.captures_from_pos(self.text, from) {
                Ok(found) => {
                    let groups = |found: fancy_regex::Captures<'_, str>| {
                        let groups = found.iter();
                        groups
                            .map(|group| group.map(|group| group.range()))
                            .collect()
                    };
                    return Ok(found.map(groups));
                }
                Err(Error::RuntimeError(RuntimeError::BacktrackLimitExceeded)) => {}
                Err(_) => return Err(ReplaceError::Memory),
            }
            let took = left.saturating_sub(time.left());
            if took * u32::from(GROWTH) > time.left() {
                return Err(ReplaceError::Time);
            }
            self.steps = self.steps.saturating_mul(usize::from(GROWTH));
            self.regex = None;
        }
    }
}

fn compile(pattern: &str, steps: usize) -> Result<Regex, Box<Error>> {
    RegexBuilder::new(pattern)
        .backtrack_limit(steps)
        .delegate_size_limit(SIZE_LIMIT)
        .build()
        .map_err(Box::new)
}
