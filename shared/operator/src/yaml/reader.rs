//! From libyaml's events to a tree.

mod scalars;

use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::{Event, EventData, MappingStyle, Mark, SequenceStyle};

use super::dialect::tabs::Tabs;
use super::dialect::{characters, flow};
use super::error::short;
use super::tree::{Anchored, Content, Open, OpenMap, Tree};
use super::{Budget, Events, Mapping, Node, Position, Problem, ReadError, Value, YamlVersion};
use super::{collections, directives};
use scalars::Scalar;

/// Characters of a tag. A directive can make the tag of every value long.
const MAX_TAG: usize = 1_000;

/// Reads one document. An empty file is null, as for the reference.
///
/// # Errors
/// [`ReadError`] for what the reference cannot read, for what YAML readers read differently, and for what passes a
/// limit.
pub fn read(
    bytes: &[u8],
    version: YamlVersion,
    budget: &mut Budget,
) -> Result<Rc<Node>, ReadError> {
    let text = decode(bytes)?;
    // libyaml counts bytes from behind a byte order mark.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    characters::refuse_ambiguous(body)?;
    directives::refuse_many(body)?;
    let mut reader = Reader {
        text: body,
        offset: text.len() - body.len(),
        version,
        has_1_1_scalars: version == YamlVersion::V1_1,
        tree: Tree::new(version, budget.limits.clone()),
        budget,
        tabs: Tabs::new(body),
    };
    reader.run()?;
    let start = Mark::default();
    let null = || Rc::new(reader.node(Value::Null, start, start, false, 1));
    Ok(reader.tree.root().unwrap_or_else(null))
}

fn decode(bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|error| ReadError {
        position: Position::after(&bytes[..error.valid_up_to()]),
        problem: match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Problem::Utf16,
            _ => Problem::NotUtf8,
        },
    })
}

struct Reader<'a> {
    /// The file without its byte order mark.
    text: &'a str,
    /// Length of the byte order mark.
    offset: usize,
    version: YamlVersion,
    /// Plain scalars mean what they mean in YAML 1.1.
    has_1_1_scalars: bool,
    budget: &'a mut Budget,
    tree: Tree,
    tabs: Tabs<'a>,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), ReadError> {
        let (mut events, mut documents) = (0, 0);
        for event in Events::new(self.text) {
            let event = event?;
            events += 1;
            self.refuse_costly(&event, events)?;
            match event.data {
                EventData::StreamEnd => self.tabs.refuse_between_values(self.text.len())?,
                EventData::DocumentStart { .. } if documents > 0 => {
                    return Err(ReadError::at(event.start_mark, Problem::SeveralDocuments));
                }
                EventData::DocumentStart {
                    version_directive, ..
                } => {
                    documents += 1;
                    // ruamel.yaml, too, reads a file as YAML 1.1 that has `%YAML 1.1`.
                    self.has_1_1_scalars |=
                        version_directive.is_some_and(|directive| directive.minor == 1);
                }
                EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => {}
                _ => self.value(event)?,
            }
        }
        Ok(())
    }

    fn refuse_costly(&mut self, event: &Event, events: usize) -> Result<(), ReadError> {
        let (start, most) = (event.start_mark, self.budget.limits.events);
        if events > most {
            return Err(ReadError::at(start, Problem::TooManyEvents(most)));
        }
        if tag_of(&event.data).is_some_and(|tag| tag.len() > MAX_TAG) {
            return Err(ReadError::at(start, Problem::LongTag(MAX_TAG)));
        }
        self.spend(1, start)
    }

    fn spend(&mut self, values: u32, start: Mark) -> Result<(), ReadError> {
        let spent = self.budget.spend(values);
        spent.map_err(|problem| ReadError::at(start, problem))
    }

    /// Takes one event of a document's content.
    fn value(&mut self, event: Event) -> Result<(), ReadError> {
        let (start, end) = (event.start_mark, event.end_mark);
        match event.data {
            EventData::Alias { anchor } => self.alias(&anchor, start, end),
            EventData::Scalar {
                anchor,
                tag,
                value,
                plain_implicit,
                quoted_implicit,
                style,
            } => {
                let scalar = Scalar {
                    tag,
                    text: value,
                    is_plain: plain_implicit,
                    is_quoted: quoted_implicit,
                    style,
                };
                self.scalar(scalar, anchor, start, end)
            }
            EventData::SequenceStart {
                anchor, tag, style, ..
            } => {
                let flow = style == SequenceStyle::Flow;
                let content = Content::Sequence(Vec::new());
                self.begin(Open::new(start, anchor, tag, flow, content))
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                let flow = style == MappingStyle::Flow;
                let content = Content::Mapping(OpenMap::default());
                self.begin(Open::new(start, anchor, tag, flow, content))
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(end),
            _ => Ok(()),
        }
    }

    fn alias(&mut self, anchor: &str, start: Mark, end: Mark) -> Result<(), ReadError> {
        let node = match self.tree.anchored(anchor) {
            Some(Anchored::Done(node)) => node.clone(),
            Some(Anchored::Open) => Rc::new(self.node(Value::Recursive, start, end, false, 1)),
            None => {
                let problem = Problem::UndefinedAlias(short(anchor));
                return Err(ReadError::at(start, problem));
            }
        };
        self.tree.refuse_deep(&node, start)?;
        self.spend(node.size, start)?;
        self.spend(self.tree.cost_of_placing(&node), start)?;
        self.tree.place(node, self.span(start, end), false)
    }

    fn begin(&mut self, collection: Open) -> Result<(), ReadError> {
        let start = collection.start;
        self.tabs_before(start)?;
        let is_map = matches!(collection.content, Content::Mapping(_));
        if is_map && self.tree.expects_key() && self.version == YamlVersion::V1_1 {
            let before = self.text.get(..index(start)).unwrap_or_default();
            flow::map_as_key(before).map_err(|problem| ReadError::at(start, problem))?;
        }
        self.tree.begin(collection)
    }

    fn end(&mut self, end: Mark) -> Result<(), ReadError> {
        if self.tree.is_in_flow() {
            self.tabs_before(end)?;
        }
        let Some(open) = self.tree.end() else {
            return Ok(());
        };
        let value = match open.content {
            Content::Sequence(items) => Value::Sequence(items),
            Content::Mapping(map) => Value::Mapping(Mapping {
                entries: map.into_entries(self.version)?,
                flow: open.flow,
            }),
        };
        let value = match open.tag {
            // `!` alone asks for what the collection is anyway.
            Some(tag) if tag != "!" => self.retagged(value, &tag, open.start)?,
            _ => value,
        };
        let node = Node {
            levels: open.levels,
            ..self.node(value, open.start, end, open.anchor.is_some(), open.size)
        };
        let (node, site) = (Rc::new(node), self.span(open.start, end));
        self.spend(self.tree.cost_of_placing(&node), open.start)?;
        self.tree.finish(node, open.anchor, site, false)
    }

    fn retagged(&self, value: Value, tag: &str, start: Mark) -> Result<Value, ReadError> {
        if self.version == YamlVersion::V1_2 && collections::is_ignored_in_1_2(tag) {
            return Ok(value);
        }
        collections::retag(value, tag).map_err(|problem| ReadError::at(start, problem))
    }

    /// Refuses a tab between the last value and a mark.
    fn tabs_before(&mut self, mark: Mark) -> Result<(), ReadError> {
        // ruamel.yaml takes tabs for blanks within flow style.
        if self.version == YamlVersion::V1_2 && self.tree.is_in_flow() {
            self.tabs.skip_to(index(mark));
            return Ok(());
        }
        self.tabs.refuse_between_values(index(mark))
    }

    fn node(&self, value: Value, start: Mark, end: Mark, anchored: bool, size: u32) -> Node {
        Node {
            value,
            position: start.into(),
            span: self.span(start, end),
            anchored,
            tagged: false,
            size,
            levels: 0,
        }
    }

    fn span(&self, start: Mark, end: Mark) -> Range<usize> {
        let place = |mark| index(mark).min(self.text.len()) + self.offset;
        place(start)..place(end)
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

/// The byte of a text that a mark is at.
fn index(mark: Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}
