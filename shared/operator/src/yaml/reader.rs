//! From libyaml's events to a tree.

use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::{Event, EventData, MappingStyle, Mark, ScalarStyle, SequenceStyle};

use super::error::short;
use super::events::{self, Step};
use super::scalar;
use super::tree::{Anchored, Content, Open, Tree};
use super::{Budget, Mapping, Node, Position, Problem, ReadError, Value, Version};
use super::{collections, lenience, tabs};

/// The tag of `=`, which as a key is text.
const VALUE_TAG: &str = "tag:yaml.org,2002:value";

/// The tag of `<<`.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// Bytes that cost as much as a value when they are read again.
const BYTES_AGAIN: u32 = 2;

/// Characters of a tag, which a directive can make long for every value that has it.
const MAX_TAG: usize = 1_000;

/// Bytes of a scalar that count as another value where aliases are expanded: texts are hashed and compared.
const BYTES_EXPANDED: usize = 256;

/// Lines of one file that may start with a percent sign.
const MAX_DIRECTIVES: usize = 100;

/// Reads one document. An empty file is null, as for the reference.
///
/// # Errors
/// [`ReadError`] for everything that the reference cannot read, and for what passes a limit.
pub fn read(bytes: &[u8], version: Version, budget: &mut Budget) -> Result<Rc<Node>, ReadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError {
        position: Position::behind(&bytes[..error.valid_up_to()]),
        problem: match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Problem::Utf16,
            _ => Problem::NotUtf8,
        },
    })?;
    refuse_directives(text)?;
    // libyaml counts bytes from behind a byte order mark.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        text: body,
        offset: text.len() - body.len(),
        version,
        scalars_1_1: version == Version::V1_1,
        tree: Tree::new(version, budget.limits.clone()),
        budget,
        seen_to: 0,
    };
    reader.run()?;
    let nothing = || Rc::new(reader.node(Value::Null, Mark::default(), Mark::default(), false, 1));
    Ok(reader.tree.root().unwrap_or_else(nothing))
}

/// What libyaml does with directives takes time by the square of their number.
fn refuse_directives(text: &str) -> Result<(), ReadError> {
    let line_ends = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let starts_line = |at: &usize| text[..*at].ends_with(line_ends);
    let mut directives = memchr::memchr_iter(b'%', text.as_bytes()).filter(starts_line);
    match directives.nth(MAX_DIRECTIVES) {
        None => Ok(()),
        Some(at) => Err(ReadError {
            position: Position::behind(&text.as_bytes()[..at]),
            problem: Problem::TooManyDirectives(MAX_DIRECTIVES),
        }),
    }
}

struct Reader<'a> {
    /// The file without its byte order mark.
    text: &'a str,
    /// Length of the byte order mark.
    offset: usize,
    version: Version,
    /// Plain scalars mean what they mean in YAML 1.1.
    scalars_1_1: bool,
    budget: &'a mut Budget,
    tree: Tree,
    /// Bytes of `text` in which tabs were looked for.
    seen_to: usize,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), ReadError> {
        let (text, version) = (self.text, self.version);
        let (mut events, mut documents) = (0, 0);
        let take = |step: Step| {
            let event = match step {
                Step::Event(event) => event,
                Step::Again(bytes, place) => {
                    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                    return self.spend(bytes / BYTES_AGAIN, place);
                }
            };
            events += 1;
            let most = self.budget.limits.events;
            if events > most {
                return Err(ReadError::at(
                    event.start_mark,
                    Problem::TooManyEvents(most),
                ));
            }
            self.spend(1, event.start_mark)?;
            if tag_of(&event.data).is_some_and(|tag| tag.len() > MAX_TAG) {
                return Err(ReadError::at(event.start_mark, Problem::LongTag(MAX_TAG)));
            }
            match event.data {
                EventData::StreamEnd => {
                    self.refuse_tabs(text.len(), event.start_mark, Gap::Between)
                }
                EventData::DocumentStart { .. } if documents > 0 => {
                    Err(ReadError::at(event.start_mark, Problem::SeveralDocuments))
                }
                EventData::DocumentStart {
                    version_directive, ..
                } => {
                    documents += 1;
                    // ruamel.yaml, too, reads a file as YAML 1.1 that says it is.
                    self.scalars_1_1 |=
                        version_directive.is_some_and(|directive| directive.minor == 1);
                    Ok(())
                }
                EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => Ok(()),
                _ => self.value(event),
            }
        };
        events::each_step(text, version, take, std::convert::identity)
    }

    /// Takes one event of a document's content.
    fn value(&mut self, event: Event) -> Result<(), ReadError> {
        let (start, end) = (event.start_mark, event.end_mark);
        match event.data {
            EventData::Alias { anchor } => {
                let node = match self.tree.anchored(&anchor) {
                    Some(Anchored::Done(node)) => node.clone(),
                    Some(Anchored::Open) => {
                        Rc::new(self.node(Value::Recursive, start, end, false, 1))
                    }
                    None => {
                        return Err(ReadError::at(
                            start,
                            Problem::UndefinedAlias(short(&anchor)),
                        ));
                    }
                };
                self.spend(node.size, start)?;
                self.spend(self.tree.cost_of_placing(&node), start)?;
                self.tree.place(node, self.span(start, end), false)
            }
            EventData::Scalar {
                anchor,
                tag,
                value,
                plain_implicit,
                quoted_implicit,
                style,
            } => {
                self.refuse_scalar(&value, style, start, end)?;
                let size = 1 + u32::try_from(value.len() / BYTES_EXPANDED).unwrap_or(u32::MAX);
                self.tree.define(anchor.as_deref(), start)?;
                let is_key = self.tree.wants_key();
                let is_merge = plain_implicit && value == "<<" || tag.as_deref() == Some(MERGE_TAG);
                let merge = is_key && is_merge;
                let value = match tag.as_deref() {
                    _ if merge => Value::String(value),
                    _ if plain_implicit => self.plain(value, is_key, start)?,
                    Some("!") => self.plain(value, is_key, start)?,
                    _ if quoted_implicit => Value::String(value),
                    Some(VALUE_TAG) if is_key => Value::String(value),
                    tag => self.tagged(tag.unwrap_or_default(), value, start)?,
                };
                let node = Rc::new(self.node(value, start, end, anchor.is_some(), size));
                self.tree.finish(node, anchor, self.span(start, end), merge)
            }
            EventData::SequenceStart {
                anchor, tag, style, ..
            } => {
                let content = Content::Sequence(Vec::new());
                let flow = style == SequenceStyle::Flow;
                self.begin(Open::new(start, anchor, tag, flow, content))
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                let content = Content::Mapping {
                    merged: Vec::new(),
                    own: Vec::new(),
                    key: None,
                };
                let flow = style == MappingStyle::Flow;
                self.begin(Open::new(start, anchor, tag, flow, content))
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(end),
            _ => Ok(()),
        }
    }

    fn spend(&mut self, values: u32, start: Mark) -> Result<(), ReadError> {
        let spent = self.budget.spend(values);
        spent.map_err(|problem| ReadError::at(start, problem))
    }

    /// Refuses a scalar that is too long, or that libyaml takes and PyYAML does not.
    fn refuse_scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        start: Mark,
        end: Mark,
    ) -> Result<(), ReadError> {
        let most = self.budget.limits.scalar;
        if value.len() > most {
            return Err(ReadError::at(start, Problem::HugeScalar(value.len(), most)));
        }
        self.refuse_tabs(position(start), start, Gap::Between)?;
        self.refuse_tabs(position(end), start, Gap::Scalar(style))?;
        let problem = match style {
            ScalarStyle::Plain if self.tree.is_in_flow() && self.version == Version::V1_1 => {
                lenience::in_flow(value)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let written = position(start)..position(end).min(self.text.len());
                lenience::in_block(self.text.get(written).unwrap_or_default(), self.version)
            }
            _ => None,
        };
        match problem {
            Some(problem) => Err(ReadError::at(start, Problem::Syntax(problem.to_owned()))),
            None => Ok(()),
        }
    }

    fn plain(&self, text: String, is_key: bool, start: Mark) -> Result<Value, ReadError> {
        let resolved = match self.version {
            Version::V1_1 if is_key && text == "=" => return Ok(Value::String(text)),
            Version::V1_2 if matches!(text.as_str(), "=" | "<<") => return Ok(Value::String(text)),
            _ if self.scalars_1_1 => scalar::plain_1_1(&text),
            _ => scalar::plain_1_2(&text),
        };
        let resolved = resolved.map_err(|error| ReadError::at(start, error.into()))?;
        Ok(resolved.unwrap_or(Value::String(text)))
    }

    fn tagged(&self, tag: &str, text: String, start: Mark) -> Result<Value, ReadError> {
        if self.version == Version::V1_2
            && collections::means_nothing_in_1_2(tag)
            && !scalar::is_known(tag)
        {
            return Ok(Value::String(text));
        }
        let value = match self.scalars_1_1 {
            true => scalar::tagged(tag, text),
            false => scalar::tagged_1_2(tag, text),
        };
        value.map_err(|error| ReadError::at(start, error.into()))
    }

    fn begin(&mut self, collection: Open) -> Result<(), ReadError> {
        let start = collection.start;
        self.refuse_tabs(position(start), start, Gap::Between)?;
        // To PyYAML this is a map as a key, which it refuses, too.
        let is_template = matches!(collection.content, Content::Mapping { .. })
            && self.tree.wants_key()
            && self
                .text
                .get(..position(start))
                .is_some_and(|before| before.ends_with('{'));
        if is_template && self.version == Version::V1_1 {
            return Err(ReadError::at(start, Problem::Template));
        }
        self.tree.begin(collection)
    }

    fn end(&mut self, end: Mark) -> Result<(), ReadError> {
        if self.tree.is_in_flow() {
            self.refuse_tabs(position(end), end, Gap::Between)?;
        }
        let Some(Open {
            start,
            anchor,
            tag,
            flow,
            size,
            content,
        }) = self.tree.end()
        else {
            return Ok(());
        };
        let value = match content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping {
                merged: mut entries,
                own,
                ..
            } => {
                entries.extend(own); // behind what was merged, since the last of equal keys wins
                Value::Mapping(Mapping {
                    entries: collections::settle(entries, self.version)?,
                    flow,
                })
            }
        };
        let value = match tag {
            // `!` alone asks for what the collection is anyway.
            Some(tag) if tag != "!" => self.retagged(value, &tag, start)?,
            _ => value,
        };
        let node = Rc::new(self.node(value, start, end, anchor.is_some(), size));
        let span = self.span(start, end);
        self.spend(self.tree.cost_of_placing(&node), start)?;
        self.tree.finish(node, anchor, span, false)
    }

    fn retagged(&self, value: Value, tag: &str, start: Mark) -> Result<Value, ReadError> {
        if self.version == Version::V1_2 && collections::means_nothing_in_1_2(tag) {
            return Ok(value);
        }
        collections::retag(value, tag, self.version)
            .map_err(|problem| ReadError::at(start, problem))
    }

    fn node(&self, value: Value, start: Mark, end: Mark, anchored: bool, size: u32) -> Node {
        Node {
            value,
            position: start.into(),
            span: self.span(start, end),
            anchored,
            size,
        }
    }

    fn span(&self, start: Mark, end: Mark) -> Range<usize> {
        let place = |mark| position(mark).min(self.text.len()) + self.offset;
        place(start)..place(end)
    }

    /// Looks at the text up to `to` for tabs that PyYAML's scanner refuses and libyaml lets pass.
    fn refuse_tabs(&mut self, to: usize, start: Mark, gap: Gap) -> Result<(), ReadError> {
        let to = to.min(self.text.len());
        let text = self.text.get(self.seen_to..to).unwrap_or_default();
        let tab = match gap {
            // ruamel.yaml takes tabs for white space within flow style.
            Gap::Between if self.version == Version::V1_2 && self.tree.is_in_flow() => None,
            _ if memchr::memchr(b'\t', text.as_bytes()).is_none() => None,
            Gap::Between => tabs::between_values(text),
            Gap::Scalar(style) => tabs::in_scalar(text, style),
        };
        if let Some(tab) = tab {
            let position = Position::behind(&self.text.as_bytes()[..self.seen_to + tab]);
            return Err(ReadError {
                position,
                problem: Problem::Tab,
            });
        }
        self.seen_to = self.seen_to.max(to.max(position(start)));
        Ok(())
    }
}

fn tag_of(event: &EventData) -> Option<&str> {
    match event {
        EventData::Scalar { tag, .. }
        | EventData::SequenceStart { tag, .. }
        | EventData::MappingStart { tag, .. } => tag.as_deref(),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Gap {
    Between,
    Scalar(ScalarStyle),
}

fn position(mark: Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_that_would_cost_time_by_the_square_are_refused_at_every_line_end() {
        for end in ["\n", "\r", "\r\n", "\u{85}", "\u{2028}"] {
            let text = format!(
                "{}--- a",
                format!("%TAG !a! b{end}").repeat(MAX_DIRECTIVES + 2)
            );
            let read = read(text.as_bytes(), Version::V1_1, &mut Budget::default());
            let problem = read.map(|_| ()).unwrap_err().problem;
            assert!(matches!(problem, Problem::TooManyDirectives(_)), "{end:?}");
        }
    }

    #[test]
    fn what_the_parser_panics_on_is_unreadable() {
        // Found by fuzzing: a tag before a comma, and a block scalar without a last line end, which is YAML.
        for text in ["[!,", "a: [!, b]", "!!str {!a,b: c}"] {
            let read = read(text.as_bytes(), Version::V1_1, &mut Budget::default());
            assert!(
                matches!(
                    read,
                    Err(ReadError {
                        problem: Problem::Syntax(_),
                        ..
                    })
                ),
                "{text}"
            );
        }
        let read = read(b"a: |\n  b", Version::V1_1, &mut Budget::default()).unwrap();
        assert_eq!(read.get("a").and_then(Node::as_str), Some("b"));
    }
}
