//! From libyaml's events to a tree.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::{Event, EventData, MappingStyle, Mark, ScalarStyle, SequenceStyle};

use super::events::{self, Step};
use super::node::identity;
use super::scalar::{self, YAML_TAG};
use super::{Budget, Entry, Mapping, Node, Position, Problem, ReadError, Value, Version};
use super::{collections, lenience, tabs};

/// The tag of `=`, which as a key is text.
const VALUE_TAG: &str = "tag:yaml.org,2002:value";

/// Bytes that cost as much as a value when they are read again.
const BYTES_AGAIN: u32 = 2;

/// Characters of an anchor, of which each copy would cost memory.
const MAX_ANCHOR: usize = 1_000;

/// Lines of one file that may start with a percent sign.
const MAX_DIRECTIVES: usize = 100;

/// Reads one document. An empty file is null, as for the reference.
///
/// # Errors
/// [`ReadError`] for everything that the reference cannot read, and for what passes a limit.
pub fn read(bytes: &[u8], version: Version, budget: &mut Budget) -> Result<Rc<Node>, ReadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError {
        position: Position::behind(&bytes[..error.valid_up_to()]),
        problem: Problem::NotUtf8,
    })?;
    refuse_directives(text)?;
    // libyaml counts bytes from behind a byte order mark.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        text: body,
        offset: text.len() - body.len(),
        version,
        scalars_1_1: version == Version::V1_1,
        budget,
        anchors: HashMap::new(),
        open: Vec::new(),
        seen_to: 0,
        root: None,
    };
    reader.run()?;
    let nothing = || Rc::new(reader.node(Value::Null, Mark::default(), Mark::default(), false, 1));
    Ok(reader.root.clone().unwrap_or_else(nothing))
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
    anchors: HashMap<String, Anchored>,
    open: Vec<Open>,
    /// Bytes of `text` in which tabs were looked for.
    seen_to: usize,
    root: Option<Rc<Node>>,
}

enum Anchored {
    Open,
    Done(Rc<Node>),
}

/// A collection whose end has not come yet.
struct Open {
    start: Mark,
    anchor: Option<String>,
    tag: Option<String>,
    flow: bool,
    size: u32,
    content: Content,
}

enum Content {
    Sequence(Vec<Rc<Node>>),
    Mapping {
        merged: Vec<Entry>,
        own: Vec<Entry>,
        /// A key whose value has not come yet, and whether it is `<<`.
        key: Option<(Rc<Node>, bool)>,
    },
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
                return Err(at(event.start_mark, Problem::TooManyEvents(most)));
            }
            self.spend(1, event.start_mark)?;
            match event.data {
                EventData::StreamEnd => {
                    self.refuse_tabs(text.len(), event.start_mark, Gap::Between)
                }
                EventData::DocumentStart { .. } if documents > 0 => {
                    Err(at(event.start_mark, Problem::SeveralDocuments))
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
                let node = match self.anchors.get(&anchor) {
                    Some(Anchored::Done(node)) => node.clone(),
                    Some(Anchored::Open) => {
                        Rc::new(self.node(Value::Recursive, start, end, false, 1))
                    }
                    None => return Err(at(start, Problem::UndefinedAlias(anchor))),
                };
                self.spend(node.size, start)?;
                self.place(node, self.span(start, end), false)
            }
            EventData::Scalar {
                anchor,
                tag,
                value,
                plain_implicit,
                quoted_implicit,
                style,
            } => {
                let most = self.budget.limits.scalar;
                if value.len() > most {
                    return Err(at(start, Problem::HugeScalar(value.len(), most)));
                }
                self.refuse_tabs(position(start), start, Gap::Between)?;
                self.refuse_tabs(position(end), start, Gap::Scalar(style))?;
                self.refuse_lenience(&value, style, start, end)?;
                self.define(anchor.as_deref(), start)?;
                let in_key_place = matches!(
                    self.open.last(),
                    Some(Open {
                        content: Content::Mapping { key: None, .. },
                        ..
                    })
                );
                let merge = in_key_place && plain_implicit && value == "<<"
                    || in_key_place
                        && tag.as_deref().and_then(|tag| tag.strip_prefix(YAML_TAG))
                            == Some("merge");
                let is_plain = plain_implicit || tag.as_deref() == Some("!");
                let value = if merge {
                    Value::String(value)
                } else if is_plain {
                    self.plain(value, in_key_place, start)?
                } else if quoted_implicit || in_key_place && tag.as_deref() == Some(VALUE_TAG) {
                    Value::String(value)
                } else {
                    self.tagged(tag.as_deref().unwrap_or_default(), value, start)?
                };
                let node = Rc::new(self.node(value, start, end, anchor.is_some(), 1));
                self.finish(node, anchor, self.span(start, end), merge)
            }
            EventData::SequenceStart {
                anchor, tag, style, ..
            } => {
                let flow = style == SequenceStyle::Flow;
                let content = Content::Sequence(Vec::new());
                self.begin(Open {
                    start,
                    anchor,
                    tag,
                    flow,
                    size: 1,
                    content,
                })
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                let flow = style == MappingStyle::Flow;
                let (merged, own) = (Vec::new(), Vec::new());
                let content = Content::Mapping {
                    merged,
                    own,
                    key: None,
                };
                self.begin(Open {
                    start,
                    anchor,
                    tag,
                    flow,
                    size: 1,
                    content,
                })
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(end),
            _ => Ok(()),
        }
    }

    fn spend(&mut self, values: u32, start: Mark) -> Result<(), ReadError> {
        let spent = self.budget.spend(values);
        spent.map_err(|problem| at(start, problem))
    }

    /// Refuses a scalar that libyaml takes and PyYAML does not.
    fn refuse_lenience(
        &self,
        value: &str,
        style: ScalarStyle,
        start: Mark,
        end: Mark,
    ) -> Result<(), ReadError> {
        let problem = match style {
            ScalarStyle::Plain if self.is_in_flow() && self.version == Version::V1_1 => {
                lenience::in_flow(value)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let written = self
                    .text
                    .get(position(start)..position(end).min(self.text.len()));
                lenience::in_block(written.unwrap_or_default())
            }
            _ => None,
        };
        problem.map_or(Ok(()), |problem| {
            Err(at(start, Problem::Syntax(problem.to_owned())))
        })
    }

    fn plain(&self, text: String, is_key: bool, start: Mark) -> Result<Value, ReadError> {
        let resolved = match self.version {
            Version::V1_1 if is_key && text == "=" => return Ok(Value::String(text)),
            Version::V1_2 if matches!(text.as_str(), "=" | "<<") => return Ok(Value::String(text)),
            _ if self.scalars_1_1 => scalar::plain_1_1(&text),
            _ => scalar::plain_1_2(&text),
        };
        let resolved = resolved.map_err(|error| at(start, error.into()))?;
        Ok(resolved.unwrap_or(Value::String(text)))
    }

    fn tagged(&self, tag: &str, text: String, start: Mark) -> Result<Value, ReadError> {
        if self.version == Version::V1_2 && !scalar::is_known(tag) {
            return Ok(Value::String(text));
        }
        let value = match self.scalars_1_1 {
            true => scalar::tagged(tag, text),
            false => scalar::tagged_1_2(tag, text),
        };
        value.map_err(|error| at(start, error.into()))
    }

    fn begin(&mut self, collection: Open) -> Result<(), ReadError> {
        let start = collection.start;
        self.refuse_tabs(position(start), start, Gap::Between)?;
        if self.open.len() >= self.budget.limits.depth {
            return Err(at(start, Problem::TooDeep(self.budget.limits.depth)));
        }
        self.define(collection.anchor.as_deref(), start)?;
        self.open.push(collection);
        Ok(())
    }

    fn end(&mut self, end: Mark) -> Result<(), ReadError> {
        if self.is_in_flow() {
            self.refuse_tabs(position(end), end, Gap::Between)?;
        }
        let Some(Open {
            start,
            anchor,
            tag,
            flow,
            size,
            content,
        }) = self.open.pop()
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
        self.finish(node, anchor, span, false)
    }

    fn retagged(&self, value: Value, tag: &str, start: Mark) -> Result<Value, ReadError> {
        if self.version == Version::V1_2 && collections::means_nothing_in_1_2(tag) {
            return Ok(value);
        }
        collections::retag(value, tag).map_err(|problem| at(start, problem))
    }

    /// Notes an anchor whose value is about to come.
    fn define(&mut self, anchor: Option<&str>, start: Mark) -> Result<(), ReadError> {
        let Some(anchor) = anchor else { return Ok(()) };
        if anchor.len() > MAX_ANCHOR {
            return Err(at(start, Problem::LongAnchor(MAX_ANCHOR)));
        }
        let twice = self
            .anchors
            .insert(anchor.to_owned(), Anchored::Open)
            .is_some();
        if twice && self.version == Version::V1_1 {
            return Err(at(start, Problem::DuplicateAnchor(anchor.to_owned())));
        }
        Ok(())
    }

    fn finish(
        &mut self,
        node: Rc<Node>,
        anchor: Option<String>,
        site: Range<usize>,
        merge: bool,
    ) -> Result<(), ReadError> {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Anchored::Done(node.clone()));
        }
        self.place(node, site, merge)
    }

    /// Puts a value where the document has it: an item, a key, a key's value, or the root.
    fn place(&mut self, node: Rc<Node>, site: Range<usize>, merge: bool) -> Result<(), ReadError> {
        let limit = self.budget.limits.expanded;
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.size = parent.size.saturating_add(node.size);
        if parent.size > limit {
            return Err(ReadError {
                position: node.position,
                problem: Problem::TooManyExpanded(limit),
            });
        }
        match &mut parent.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping {
                merged, own, key, ..
            } => match key.take() {
                Some((key, false)) => own.push(Entry {
                    key,
                    value: node,
                    site,
                    merged: false,
                }),
                Some((key, true)) if self.version == Version::V1_2 && !merged.is_empty() => {
                    let problem = Problem::DuplicateKey("<<".to_owned());
                    return Err(ReadError {
                        position: key.position,
                        problem,
                    });
                }
                Some((_, true)) => {
                    let position = node.position;
                    collections::merge_into(merged, &node)
                        .map_err(|problem| ReadError { position, problem })?;
                }
                None if self.version == Version::V1_1 && identity(&node.value).is_none() => {
                    let problem = Problem::UnhashableKey(node.value.kind());
                    return Err(ReadError {
                        position: node.position,
                        problem,
                    });
                }
                None => *key = Some((node, merge)),
            },
        }
        Ok(())
    }

    fn is_in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.flow)
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
            Gap::Between if self.version == Version::V1_2 && self.is_in_flow() => None,
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

#[derive(Clone, Copy)]
enum Gap {
    Between,
    Scalar(ScalarStyle),
}

fn at(mark: Mark, problem: Problem) -> ReadError {
    ReadError {
        position: mark.into(),
        problem,
    }
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
