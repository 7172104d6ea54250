//! From libyaml's events to a tree.

use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::{Event, EventData, MappingStyle, Mark, ScalarStyle, SequenceStyle};

use super::dialect::tabs::Tabs;
use super::dialect::{block_scalars, characters, flow};
use super::error::short;
use super::scalar;
use super::tree::{Anchored, Content, Open, Tree};
use super::{Budget, Events, Mapping, Node, Position, Problem, ReadError, Value, YamlVersion};
use super::{collections, directives};

/// The tag of `=`, which as a key is text.
const VALUE_TAG: &str = "tag:yaml.org,2002:value";

/// The tag of `<<`.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// Characters of a tag. A directive can make the tag of every value long.
const MAX_TAG: usize = 1_000;

/// Bytes of a scalar that count as another value where aliases are expanded: texts are hashed and compared.
const BYTES_EXPANDED: usize = 256;

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

/// A scalar as libyaml reports it.
struct Scalar {
    tag: Option<String>,
    text: String,
    /// Plain, and without a tag.
    is_plain: bool,
    /// Not plain, and without a tag.
    is_quoted: bool,
    style: ScalarStyle,
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
                let content = Content::empty_mapping();
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
        self.spend(node.size, start)?;
        self.spend(self.tree.cost_of_placing(&node), start)?;
        self.tree.place(node, self.span(start, end), false)
    }

    fn scalar(
        &mut self,
        scalar: Scalar,
        anchor: Option<String>,
        start: Mark,
        end: Mark,
    ) -> Result<(), ReadError> {
        self.refuse_scalar(&scalar, start, end)?;
        let size = 1 + u32::try_from(scalar.text.len() / BYTES_EXPANDED).unwrap_or(u32::MAX);
        self.tree.define(anchor.as_deref(), start)?;
        let is_key = self.tree.expects_key();
        let has_merge_tag = scalar.tag.as_deref() == Some(MERGE_TAG);
        let is_merge = is_key && (has_merge_tag || scalar.is_plain && scalar.text == "<<");
        let value = match is_merge {
            true => Value::String(scalar.text),
            false => self.meaning(scalar, is_key, start)?,
        };
        let node = Rc::new(self.node(value, start, end, anchor.is_some(), size));
        let site = self.span(start, end);
        self.tree.finish(node, anchor, site, is_merge)
    }

    /// Refuses a scalar that is too long, or that libyaml takes and the reference does not.
    fn refuse_scalar(&mut self, scalar: &Scalar, start: Mark, end: Mark) -> Result<(), ReadError> {
        let (length, most) = (scalar.text.len(), self.budget.limits.scalar);
        if length > most {
            return Err(ReadError::at(start, Problem::HugeScalar(length, most)));
        }
        self.tabs_before(start)?;
        self.tabs.refuse_in_scalar(index(end), scalar.style)?;
        let refused = match scalar.style {
            ScalarStyle::Plain if self.tree.is_in_flow() && self.version == YamlVersion::V1_1 => {
                flow::plain_scalar(&scalar.text)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let written = index(start)..index(end).min(self.text.len());
                let written = self.text.get(written).unwrap_or_default();
                block_scalars::refuse(written, self.version)
            }
            _ => Ok(()),
        };
        refused.map_err(|problem| ReadError::at(start, problem))
    }

    /// The value that a scalar's text and tag mean.
    fn meaning(&self, scalar: Scalar, is_key: bool, start: Mark) -> Result<Value, ReadError> {
        let text = scalar.text;
        match scalar.tag.as_deref() {
            _ if scalar.is_plain => self.plain(text, is_key, start),
            Some("!") => self.plain(text, is_key, start),
            _ if scalar.is_quoted => Ok(Value::String(text)),
            Some(VALUE_TAG) if is_key => Ok(Value::String(text)),
            tag => self.tagged(tag.unwrap_or_default(), text, start),
        }
    }

    fn plain(&self, text: String, is_key: bool, start: Mark) -> Result<Value, ReadError> {
        let resolved = match self.version {
            YamlVersion::V1_1 if is_key && text == "=" => return Ok(Value::String(text)),
            YamlVersion::V1_2 if matches!(text.as_str(), "=" | "<<") => {
                return Ok(Value::String(text));
            }
            _ if self.has_1_1_scalars => scalar::plain_1_1(&text),
            _ => scalar::plain_1_2(&text),
        };
        let resolved = resolved.map_err(|error| ReadError::at(start, error.into()))?;
        Ok(resolved.unwrap_or(Value::String(text)))
    }

    fn tagged(&self, tag: &str, text: String, start: Mark) -> Result<Value, ReadError> {
        if self.version == YamlVersion::V1_2
            && collections::is_ignored_in_1_2(tag)
            && !scalar::is_known(tag)
        {
            return Ok(Value::String(text));
        }
        let value = match self.has_1_1_scalars {
            true => scalar::tagged(tag, text),
            false => scalar::tagged_1_2(tag, text),
        };
        value.map_err(|error| ReadError::at(start, error.into()))
    }

    fn begin(&mut self, collection: Open) -> Result<(), ReadError> {
        let start = collection.start;
        self.tabs_before(start)?;
        let is_map = matches!(collection.content, Content::Mapping { .. });
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
            Content::Mapping {
                merged: mut entries,
                own,
                ..
            } => {
                entries.extend(own); // behind what was merged, since the last of equal keys wins
                Value::Mapping(Mapping {
                    entries: collections::resolve_duplicates(entries, self.version)?,
                    flow: open.flow,
                })
            }
        };
        let value = match open.tag {
            // `!` alone asks for what the collection is anyway.
            Some(tag) if tag != "!" => self.retagged(value, &tag, open.start)?,
            _ => value,
        };
        let node = self.node(value, open.start, end, open.anchor.is_some(), open.size);
        let (node, site) = (Rc::new(node), self.span(open.start, end));
        self.spend(self.tree.cost_of_placing(&node), open.start)?;
        self.tree.finish(node, open.anchor, site, false)
    }

    fn retagged(&self, value: Value, tag: &str, start: Mark) -> Result<Value, ReadError> {
        if self.version == YamlVersion::V1_2 && collections::is_ignored_in_1_2(tag) {
            return Ok(value);
        }
        collections::retag(value, tag, self.version)
            .map_err(|problem| ReadError::at(start, problem))
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
            size,
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
