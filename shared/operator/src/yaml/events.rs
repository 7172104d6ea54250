//! libyaml's events for a text.

use std::borrow::Cow;
use std::io::{BufReader, Chain, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Encoding, Error, Event, EventData, Mark, Parser, ScalarStyle};

use super::dialect::{last_line, surrogates};
use super::{Position, Problem, ReadError};

/// Bytes that the parser takes at a time; it keeps four bytes for each character of them.
const BUFFER: usize = 4096;

/// The text, and a line end behind it where it needs one.
type Input<'a> = BufReader<Chain<Cursor<Cow<'a, [u8]>>, &'static [u8]>>;

/// The events of a text that has no byte order mark. The last one is the end of the stream or an error.
pub struct Events<'a> {
    text: &'a str,
    parser: Parser<Input<'a>>,
    has_hidden_surrogates: bool,
    /// Where the last event ended.
    reached: Mark,
    is_done: bool,
}

impl<'a> Events<'a> {
    /// The events of a text, from its start.
    pub fn new(text: &'a str) -> Self {
        let has_hidden_surrogates = surrogates::can_hide(text);
        let bytes = match has_hidden_surrogates {
            true => Cow::Owned(surrogates::hidden(text.to_owned()).into_bytes()),
            false => Cow::Borrowed(text.as_bytes()),
        };
        let input = Cursor::new(bytes).chain(last_line::missing_end(text));
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8); // a guess would take a first character like U+F900 for a byte order mark
        parser.set_input(BufReader::with_capacity(BUFFER, input));
        Events {
            text,
            parser,
            has_hidden_surrogates,
            reached: Mark::default(),
            is_done: false,
        }
    }

    fn parse(&mut self) -> Result<Event, ReadError> {
        // libyaml-safer panics on some texts that are not YAML, as on a tag before a comma.
        let parsed = catch_unwind(AssertUnwindSafe(|| self.parser.parse()));
        let mut event = match parsed {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => return Err(self.refusal(&error)),
            Err(_) => return Err(last_line::panic(self.text, self.reached)),
        };
        self.reached = event.end_mark;
        let end = event.end_mark.index;
        if let EventData::Scalar { value, style, .. } = &mut event.data {
            if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
                && end > self.text.len() as u64
            {
                last_line::remove_added_end(value);
            }
            if self.has_hidden_surrogates {
                *value = surrogates::shown(std::mem::take(value))
                    .map_err(|problem| ReadError::at(event.start_mark, problem))?;
            }
        }
        Ok(event)
    }

    /// Why libyaml refuses the text, and what to write instead where that is known.
    fn refusal(&self, error: &Error) -> ReadError {
        let Some(mark) = error.problem_mark() else {
            return self.control_character();
        };
        let found = usize::try_from(mark.index)
            .ok()
            .and_then(|at| self.text.get(at..)?.chars().next());
        let problem = match (error.problem(), found) {
            ("found character that cannot start any token", Some('\t')) => Problem::Tab,
            ("found character that cannot start any token", Some(found)) => {
                Problem::CannotStartText(found)
            }
            ("found a tab character where an indentation space is expected", _) => {
                Problem::TabInBlock
            }
            ("found unexpected ':'", _) => Problem::Colon,
            ("found unknown directive name" | "found incompatible YAML document", _) => {
                let start = error.context_mark().unwrap_or(mark);
                return ReadError::at(start, Problem::UnknownDirective);
            }
            _ => syntax(error, mark.into()),
        };
        ReadError::at(mark, problem)
    }

    /// The first character that YAML calls unprintable: the one problem for which libyaml names no place.
    fn control_character(&self) -> ReadError {
        let is_printable = |char: char| matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
        let mut chars = self.text.char_indices();
        let found = chars.find(|(_, char)| !is_printable(*char));
        let (at, char) = found.unwrap_or_default();
        ReadError {
            position: Position::after(&self.text.as_bytes()[..at]),
            problem: Problem::Control(u32::from(char)),
        }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let event = self.parse();
        self.is_done = match &event {
            Ok(event) => event.data == EventData::StreamEnd,
            Err(_) => true,
        };
        Some(event)
    }
}

/// libyaml's own words, and where the part began that it could not read.
fn syntax(error: &Error, position: Position) -> Problem {
    let mut problem = error.problem().to_owned();
    if let Some(context) = error.context() {
        problem = format!("{problem} {context}");
    }
    let start = error.context_mark().map(Position::from);
    if let Some(start) = start.filter(|start| *start != position) {
        problem = format!("{problem} from {start} on");
    }
    Problem::Syntax(problem)
}
