//! Patterns that a finite automaton can run: one search is linear in the text, and what all searches of a text read is
//! counted.
//!
//! A single search may read to the end of the text, and still find a match that ends at once (`[x\n]*y|x`): many such
//! searches are quadratic. So before each one, the automaton is run byte by byte, which shows how far the search reads.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

use super::steps::{BYTES_PASSED, BYTES_READ, OutOfSteps, SEARCH, Steps};
use super::{Groups, SIZE_LIMIT};

/// Fewer bytes for each state that the automaton builds, and it is too slow to go on with.
const FEWEST_BYTES_PER_STATE: usize = 10;

/// A multi-line pattern without look-around and back-references, whose `^` and `$` take CRLF, too, for a line end.
#[derive(Debug)]
pub struct Linear {
    regex: Regex,
    automaton: DFA,
    /// Whether no match has a line end in it.
    stays_in_line: bool,
}

impl Linear {
    /// Compiles a pattern in Rust's syntax.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(pattern: &str, stays_in_line: bool) -> Result<Self, String> {
        let regex = RegexBuilder::new(pattern)
            .multi_line(true)
            .crlf(true)
            .size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| error.to_string())?;
        let automaton = DFA::builder()
            .configure(
                DFA::config()
                    .unicode_word_boundary(true)
                    .skip_cache_capacity_check(true)
                    .minimum_cache_clear_count(Some(3))
                    .minimum_bytes_per_state(Some(FEWEST_BYTES_PER_STATE)),
            )
            .syntax(syntax::Config::new().multi_line(true).crlf(true))
            .thompson(thompson::Config::new().nfa_size_limit(Some(SIZE_LIMIT)))
            .build(pattern)
            .map_err(|error| error.to_string())?;
        Ok(Linear {
            regex,
            automaton,
            stays_in_line,
        })
    }

    /// The names of the groups, the whole match first.
    pub fn names(&self) -> Vec<Option<&str>> {
        self.regex.capture_names().collect()
    }

    /// What finds the pattern in a text.
    pub fn search<'a>(&'a self, text: &'a str) -> Search<'a> {
        Search {
            pattern: self,
            text,
            cache: self.automaton.create_cache(),
        }
    }
}

/// A search in one text.
pub struct Search<'a> {
    pattern: &'a Linear,
    text: &'a str,
    cache: Cache,
}

impl Search<'_> {
    /// Where the first match from a place on is.
    ///
    /// # Errors
    /// [`OutOfSteps`]
    pub fn find_from(
        &mut self,
        from: usize,
        steps: &mut Steps,
    ) -> Result<Option<Range<usize>>, OutOfSteps> {
        let regex = &self.pattern.regex;
        steps.take(SEARCH)?;
        let Some(end) = regex.shortest_match_at(self.text, from) else {
            steps.read(self.text.len() - from, BYTES_PASSED)?;
            return Ok(None);
        };
        steps.read(end - from, BYTES_PASSED)?;
        // What begins in a line before has been given up at its end.
        let line_start = match self.pattern.stays_in_line {
            true => self.text[from..end]
                .rfind('\n')
                .map_or(from, |at| from + at + 1),
            false => from,
        };
        let affordable = steps
            .left()
            .saturating_add(1)
            .saturating_mul(BYTES_READ as u64);
        let most = usize::try_from(affordable).unwrap_or(usize::MAX);
        let bytes = self.bytes_read(line_start, most);
        steps.read(bytes, BYTES_READ)?;
        Ok(regex
            .find_at(self.text, line_start)
            .map(|found| found.range()))
    }

    /// The groups of the match that was found at a place, the whole match first.
    pub fn groups_of(&self, found: Range<usize>) -> Groups {
        let regex = &self.pattern.regex;
        if regex.captures_len() == 1 {
            return vec![Some(found)];
        }
        let captures = regex.captures_at(self.text, found.start);
        captures.map_or_else(Vec::new, |captures| {
            let groups = captures.iter();
            groups
                .map(|group| group.map(|group| group.range()))
                .collect()
        })
    }

    /// How many bytes a search from a place on reads until it knows the match, or `most`. Where the automaton cannot tell,
    /// all there are.
    fn bytes_read(&mut self, from: usize, most: usize) -> usize {
        let (automaton, cache) = (&self.pattern.automaton, &mut self.cache);
        let rest = &self.text.as_bytes()[from..];
        let input = Input::new(self.text).range(from..);
        let Ok(mut state) = automaton.start_state_forward(cache, &input) else {
            return rest.len();
        };
        cache.search_start(from);
        for (count, byte) in rest.iter().enumerate().take(most) {
            cache.search_update(from + count);
            match automaton.next_state(cache, state, *byte) {
                Ok(next) if next.is_quit() => return rest.len(),
                Ok(next) if next.is_dead() => return count + 1,
                Ok(next) => state = next,
                Err(_) => return rest.len(),
            }
        }
        rest.len().min(most)
    }
}
