//! Places where libyaml stops and PyYAML goes on, each written in another way once it is met: a colon that touches a comma
//! or bracket in flow style, as in `{a:}`, gets a space behind it; a tab that a literal block starts with, a stand-in.

use std::borrow::Cow;

use libyaml_safer::{Error, Event, EventData, Mark, ScalarStyle};

use super::{Problem, ReadError, Version};

/// What stands for a tab.
const STAND_IN: &str = "x";

/// A text as libyaml is to see it, and how its events get back the places that the text has.
pub struct Mended<'a> {
    /// The text with all that was mended so far.
    pub text: Cow<'a, str>,
    version: Version,
    /// Where it has spaces that were added, in order.
    spaces: Vec<Mark>,
    /// Where it has stand-ins for tabs.
    tabs: Vec<u64>,
}

impl<'a> Mended<'a> {
    /// A text of which nothing is known to stop libyaml.
    pub fn new(text: &'a str, version: Version) -> Self {
        Mended {
            text: Cow::Borrowed(text),
            version,
            spaces: Vec::new(),
            tabs: Vec::new(),
        }
    }

    /// Writes the place of an error in another way; no when it is none of those that PyYAML reads.
    pub fn mend(&mut self, error: &Error) -> bool {
        let place = error
            .problem_mark()
            .and_then(|mark| Some((mark, usize::try_from(mark.index).ok()?)));
        let Some((mark, at)) = place else {
            return false;
        };
        match error.problem() {
            "found unexpected ':'" if self.is_colon_of_a_key(at) => {
                self.text.to_mut().insert(at + 1, ' ');
                let mut space = mark;
                space.index += 1;
                self.spaces.push(space);
                true
            }
            "found a tab character where an indentation space is expected"
                if self.starts_literal_block(at, error) =>
            {
                self.text.to_mut().replace_range(at..at + 1, STAND_IN);
                self.tabs.push(mark.index);
                true
            }
            _ => false,
        }
    }

    /// Whether a key ends at a place: before any bracket for PyYAML, while ruamel.yaml wants the end of the value, too.
    fn is_colon_of_a_key(&self, at: usize) -> bool {
        match self.text.as_bytes().get(at..at + 2) {
            Some([b':', b',' | b']' | b'}']) => true,
            Some([b':', b'[' | b'{']) => self.version == Version::V1_1,
            _ => false,
        }
    }

    /// Whether a tab is the first character of a literal block that says nothing about its indentation.
    fn starts_literal_block(&self, tab: usize, error: &Error) -> bool {
        let start = error
            .context_mark()
            .and_then(|mark| usize::try_from(mark.index).ok());
        let before = start
            .and_then(|start| self.text.get(start..tab))
            .unwrap_or_default();
        let (header, blank) = before.split_once(['\n', '\r']).unwrap_or_default();
        let indicators = header.split('#').next().unwrap_or_default().trim_end();
        self.text.get(tab..tab + 1) == Some("\t")
            && matches!(indicators, "|" | "|-" | "|+")
            && blank
                .bytes()
                .all(|byte| matches!(byte, b' ' | b'\r' | b'\n'))
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
                return Err(ReadError::at(self.original(event.start_mark), Problem::Tab));
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
