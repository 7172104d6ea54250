//! Places where libyaml stops and PyYAML goes on, each written in another way once it is met: a colon that touches a comma
//! or bracket in flow style, as in `{a:}`, gets a space behind it; a block scalar that starts with a tab says how deep it is.

use std::borrow::Cow;

use libyaml_safer::{Error, Event, EventData, Mark};

use super::{Problem, ReadError, Version};

/// A text as libyaml is to see it, and how its events get back the places that the text has.
pub struct Mended<'a> {
    /// The text with all that was mended so far.
    pub text: Cow<'a, str>,
    version: Version,
    /// Where it has characters that were added, in order.
    added: Vec<Mark>,
    /// Where block scalars start that were told how deep they are.
    told: Vec<u64>,
}

impl<'a> Mended<'a> {
    /// A text of which nothing is known to stop libyaml.
    pub fn new(text: &'a str, version: Version) -> Self {
        Mended {
            text: Cow::Borrowed(text),
            version,
            added: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Writes the place of an error in another way; no when it is none of those that PyYAML reads.
    pub fn mend(&mut self, error: &Error) -> bool {
        let Some((mark, at)) = error.problem_mark().and_then(with_index) else {
            return false;
        };
        match error.problem() {
            "found unexpected ':'" if self.is_colon_of_a_key(at) => {
                self.add(' ', mark, at);
                true
            }
            "found a tab character where an indentation space is expected" => {
                let Some((start, header)) = error.context_mark().and_then(with_index) else {
                    return false;
                };
                let depth = self.depth_of_block(header, at);
                if let Some(depth) = depth {
                    self.add(depth, start, header);
                    self.told.push(start.index);
                }
                depth.is_some()
            }
            _ => false,
        }
    }

    /// Puts a character behind the one at a place.
    fn add(&mut self, char: char, mut mark: Mark, at: usize) {
        self.text.to_mut().insert(at + 1, char);
        mark.index += 1;
        self.added.push(mark);
    }

    /// Whether a key ends at a place: before any bracket for PyYAML, while ruamel.yaml wants the end of the value, too.
    fn is_colon_of_a_key(&self, at: usize) -> bool {
        match self.text.as_bytes().get(at..at + 2) {
            Some([b':', b',' | b']' | b'}']) => true,
            Some([b':', b'[' | b'{']) => self.version == Version::V1_1,
            _ => false,
        }
    }

    /// How many columns a block scalar is deeper than what it belongs to, as its header would say it, when its text starts
    /// with a tab and the header does not say it. A guess, which [`Mended::restore`] checks.
    fn depth_of_block(&self, header: usize, tab: usize) -> Option<char> {
        let (line, behind) = self.text.get(header..tab)?.split_once(['\n', '\r'])?;
        let indicators = line.split('#').next()?.trim_end();
        let is_blank = behind.trim_start_matches([' ', '\r', '\n']).is_empty();
        if !matches!(indicators, "|" | "|-" | "|+" | ">" | ">-" | ">+") || !is_blank {
            return None;
        }
        let before = self.text.get(..header)?;
        let line = before.rsplit(['\n', '\r']).next()?;
        // A block belongs to the innermost of the lists and maps that its line is in.
        let owner = line.trim_start_matches([' ', '-', '?', ':']);
        let owner = match owner {
            "" if line.trim().is_empty() || line.starts_with("---") => 0,
            "" => line
                .trim_end_matches([' ', '?', ':'])
                .len()
                .checked_sub(1)?,
            key => line.len() - key.len(),
        };
        let column = self.text.get(..tab)?.rsplit(['\n', '\r']).next()?.len();
        let depth = u32::try_from(column.checked_sub(owner)?).ok()?;
        char::from_digit(depth, 10).filter(|depth| *depth != '0')
    }

    /// Gives an event what it has in the text that was not mended.
    ///
    /// # Errors
    /// A block that should start with a tab does not.
    pub fn restore(&self, event: &mut Event) -> Result<(), ReadError> {
        let within = event.start_mark.index..event.end_mark.index;
        if let EventData::Scalar { value, .. } = &event.data
            && self.told.iter().any(|start| within.contains(start))
            && !value
                .trim_start_matches(['\n', '\u{2028}', '\u{2029}'])
                .starts_with('\t')
        {
            return Err(ReadError::at(self.original(event.start_mark), Problem::Tab));
        }
        event.start_mark = self.original(event.start_mark);
        event.end_mark = self.original(event.end_mark);
        Ok(())
    }

    /// The character at a place of the mended text.
    pub fn char_at(&self, mark: Mark) -> Option<char> {
        let (_, at) = with_index(mark)?;
        self.text.get(at..)?.chars().next()
    }

    /// Where a place of the mended text is in the text that was not.
    pub fn original(&self, mut mark: Mark) -> Mark {
        let before = self.added.partition_point(|added| added.index < mark.index);
        let added = self.added[..before].iter().rev();
        let on_line = added.take_while(|added| added.line == mark.line).count();
        mark.index -= before as u64;
        mark.column -= on_line as u64;
        mark
    }
}

fn with_index(mark: Mark) -> Option<(Mark, usize)> {
    Some((mark, usize::try_from(mark.index).ok()?))
}
