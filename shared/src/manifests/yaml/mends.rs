//! Places where libyaml stops and PyYAML goes on, each written in another way once it is met: a colon that touches a comma
//! or bracket in flow style, as in `{a:}`, gets a space behind it; a tab that a literal block starts with, a stand-in.

use std::borrow::Cow;

use libyaml_safer::{Error, Event, EventData, Mark, ScalarStyle};

use super::{Problem, ReadError};

/// What stands for a tab.
const STAND_IN: &str = "x";

/// A text as libyaml is to see it, and how its events get back the places that the text has.
pub struct Mended<'a> {
    /// The text with all that was mended so far.
    pub text: Cow<'a, str>,
    /// Where it has spaces that were added, in order.
    spaces: Vec<Mark>,
    /// Where it has stand-ins for tabs.
    tabs: Vec<u64>,
}

impl<'a> Mended<'a> {
    /// A text of which nothing is known to stop libyaml.
    pub fn new(text: &'a str) -> Self {
        Mended {
            text: Cow::Borrowed(text),
            spaces: Vec::new(),
            tabs: Vec::new(),
        }
    }

    /// Writes the place of an error in another way; no when it is none of those that PyYAML reads.
    pub fn mend(&mut self, error: &Error) -> bool {
        let Some(mark) = error.problem_mark() else {
            return false;
        };
        let Ok(at) = usize::try_from(mark.index) else {
            return false;
        };
        let found = self.text.get(at..at + 1);
        if error.problem() == "found unexpected ':'" && found == Some(":") {
            self.text.to_mut().insert(at + 1, ' ');
            let mut space = mark;
            space.index += 1;
            self.spaces.push(space);
            return true;
        }
        let starts_literal = || {
            let start = usize::try_from(error.context_mark()?.index).ok()?;
            let (header, blank) = self.text.get(start..at)?.split_once(['\n', '\r'])?;
            let header = header.split('#').next()?;
            let is_blank = blank.trim_start_matches([' ', '\r', '\n']).is_empty();
            Some(matches!(header.trim_end(), "|" | "|-" | "|+") && is_blank)
        };
        let is_tab = error
            .problem()
            .starts_with("found a tab character where an indentation");
        if is_tab && found == Some("\t") && starts_literal() == Some(true) {
            self.text.to_mut().replace_range(at..at + 1, STAND_IN);
            self.tabs.push(mark.index);
            return true;
        }
        false
    }

    /// Gives an event what it has in the text that was not mended.
    ///
    /// # Errors
    /// A tab turned out to start something else than a literal block.
    pub fn restore(&self, event: &mut Event) -> Result<(), ReadError> {
        let within = event.start_mark.index..event.end_mark.index;
        let has_tab = self.tabs.iter().any(|tab| within.contains(tab));
        if has_tab && let EventData::Scalar { value, style, .. } = &mut event.data {
            let text = value.trim_start_matches(['\n', '\u{2028}', '\u{2029}']);
            let at = value.len() - text.len();
            if *style != ScalarStyle::Literal || !text.starts_with(STAND_IN) {
                return Err(ReadError {
                    position: self.original(event.start_mark).into(),
                    problem: Problem::Tab,
                });
            }
            value.replace_range(at..at + 1, "\t");
        }
        event.start_mark = self.original(event.start_mark);
        event.end_mark = self.original(event.end_mark);
        Ok(())
    }

    /// Where a place of the mended text is in the text that was not.
    pub fn original(&self, mut mark: Mark) -> Mark {
        let behind = self
            .spaces
            .partition_point(|space| space.index < mark.index);
        let spaces = self.spaces[..behind].iter().rev();
        let on_line = spaces.take_while(|space| space.line == mark.line).count();
        mark.index -= behind as u64;
        mark.column -= on_line as u64;
        mark
    }
}
