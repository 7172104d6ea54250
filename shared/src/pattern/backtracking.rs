//! Patterns with look-around or back-references, of which a search may take any time: it gets steps, and more of them for
//! as long as there is time.

use std::iter;
use std::sync::OnceLock;

use fancy_regex::{CaptureNames, Captures, Error, Regex, RegexBuilder};

use super::stopwatch::Stopwatch;
use super::{ReplaceError, SIZE_LIMIT};

/// Steps of the shortest search: so few that even steps that look at all of a text are soon done.
const FEWEST_STEPS: usize = 16;
/// How many times as many steps the next longer search has.
const GROWTH: u32 = 4;
/// Steps of the longer searches; the last takes a second.
const LONGER: [usize; 11] = [
    1 << 6,
    1 << 8,
    1 << 10,
    1 << 12,
    1 << 14,
    1 << 16,
    1 << 18,
    1 << 20,
    1 << 22,
    1 << 24,
    1 << 26,
];

/// A pattern, compiled anew for each limit of steps that is needed, as the engine keeps the limit with the pattern.
#[derive(Debug)]
pub struct Backtracking {
    pattern: String,
    shortest: Regex,
    longer: [OnceLock<Option<Regex>>; LONGER.len()],
}

impl Backtracking {
    /// Compiles a pattern in Rust's syntax.
    ///
    /// # Errors
    /// The engine's.
    pub fn parse(pattern: String) -> Result<Self, Box<Error>> {
        Ok(Backtracking {
            shortest: compile(&pattern, FEWEST_STEPS)?,
            longer: Default::default(),
            pattern,
        })
    }

    /// The first match from a place on.
    ///
    /// # Errors
    /// [`ReplaceError::Time`]
    pub fn captures_from<'t>(
        &self,
        text: &'t str,
        from: usize,
        time: &Stopwatch,
    ) -> Result<Option<Captures<'t, str>>, ReplaceError> {
        for regex in self.by_length() {
            let left = time.left();
            if left.is_zero() {
                break;
            }
            if let Ok(found) = regex.captures_from_pos(text, from) {
                return Ok(found);
            }
            let took = left.saturating_sub(time.left());
            if took * GROWTH > time.left() {
                break;
            }
        }
        Err(ReplaceError::Time)
    }

    /// Names of the groups, the whole match first.
    pub fn capture_names(&self) -> CaptureNames<'_> {
        self.shortest.capture_names()
    }

    /// The pattern with more and more steps.
    fn by_length(&self) -> impl Iterator<Item = &Regex> {
        let longer = self.longer.iter().zip(LONGER).map_while(|(regex, steps)| {
            let compiled = regex.get_or_init(|| compile(&self.pattern, steps).ok());
            compiled.as_ref()
        });
        iter::once(&self.shortest).chain(longer)
    }
}

fn compile(pattern: &str, steps: usize) -> Result<Regex, Box<Error>> {
    RegexBuilder::new(pattern)
        .backtrack_limit(steps)
        .delegate_size_limit(SIZE_LIMIT)
        .build()
        .map_err(Box::new)
}
