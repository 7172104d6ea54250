//! YAML as the verdict needs it: one document as a tree in which every value knows its place in the file.
//!
//! The events are libyaml-safer's; what they mean (scalars, merges, duplicate keys) is decided here as PyYAML's
//! `safe_load` decides it, or as ruamel.yaml does where the package name is looked up under YAML 1.2.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::{Event, EventData, MappingStyle, Mark, Parser, ScalarStyle};

use super::scalar::{self, ScalarError, YAML_TAG};
use super::tabs;

/// What one file may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Events of the parser: about one a scalar, two a list or map.
    pub events: usize,
    /// Values, when every alias is replaced by what it stands for.
    pub expanded: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: 128,
            events: 500_000,
            expanded: 1_000_000,
        }
    }
}

/// Which YAML a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// As PyYAML's `safe_load`: the last of duplicate keys wins, unknown tags are an error.
    V1_1,
    /// As ruamel.yaml's round-trip loader: duplicate keys are an error, unknown tags are fine.
    V1_2,
}

/// A place in a file, both counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl From<Mark> for Position {
    fn from(mark: Mark) -> Self {
        let count = |from_zero: u64| u32::try_from(from_zero + 1).unwrap_or(u32::MAX);
        Position {
            line: count(mark.line),
            column: count(mark.column),
        }
    }
}

/// Why a file cannot be read as one YAML document.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct ReadError {
    /// Where the reader gave up.
    pub position: Position,
    /// What it found there.
    pub problem: Problem,
}

/// What the reader found wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("not UTF-8")]
    NotUtf8,
    #[error("{0}")]
    Syntax(String),
    #[error(transparent)]
    Scalar(#[from] ScalarError),
    #[error("more than one document in the file")]
    SeveralDocuments,
    #[error("a tab where YAML wants a space")]
    Tab,
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    #[error("more than {0} values in one file")]
    TooManyEvents(usize),
    #[error("aliases expand to more than {0} values")]
    TooManyExpanded(u32),
    #[error("undefined alias *{0}")]
    UndefinedAlias(String),
    #[error("anchor &{0} is defined twice")]
    DuplicateAnchor(String),
    #[error("{0} as a key; keys must be scalars")]
    UnhashableKey(&'static str),
    #[error("duplicate key {0}")]
    DuplicateKey(String),
    #[error("`<<` wants a map or a list of maps, found {0}")]
    BadMerge(&'static str),
    #[error("{0} is no {1}")]
    WrongTag(&'static str, String),
}

/// A value and where it is written.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it starts.
    pub position: Position,
    /// Its bytes in the file, anchor and tag included. A block value's end may lie behind following blank lines; an
    /// empty value has no bytes.
    pub span: Range<usize>,
    /// Whether an anchor stands before it.
    pub anchored: bool,
    /// Values in it and below, aliases expanded.
    size: u32,
}

/// What YAML can say.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `~`, `null`.
    Null,
    /// `true` and its synonyms.
    Bool(bool),
    /// A whole number in decimal digits.
    Int(String),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A date or a moment, as Python writes it.
    Timestamp(String),
    /// `!!binary`.
    Binary(Vec<u8>),
    /// A list.
    Sequence(Vec<Rc<Node>>),
    /// A map: later keys have won, merges are done.
    Mapping(Mapping),
    /// `!!set`, or an item of `!!omap` and `!!pairs`: nothing that the rules look into.
    Other(&'static str),
    /// An alias to a collection that contains it.
    Recursive,
}

/// A map of a document.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its entries, in the order in which their keys came first.
    pub entries: Vec<Entry>,
    /// Written as `{…}`.
    pub flow: bool,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key: a scalar.
    pub key: Rc<Node>,
    /// The value.
    pub value: Rc<Node>,
    /// The bytes of the value as written here: the alias, where it is one.
    pub site: Range<usize>,
    /// Came by `<<` from another map.
    pub merged: bool,
}

impl Node {
    /// A value that stands in no file.
    pub(super) fn made(value: Value, position: Position) -> Node {
        Node {
            value,
            position,
            span: 0..0,
            anchored: false,
            size: 1,
        }
    }

    /// The value of `key`, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &*entry.value)
    }

    /// The entry of `key`, when this is a map that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        let Value::Mapping(mapping) = &self.value else {
            return None;
        };
        mapping
            .entries
            .iter()
            .find(|entry| entry.key.as_str() == Some(key))
    }

    /// The text, when this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Value {
    /// What this is, for messages: `a string`, `a list`, `null`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::String(_) => "a string",
            Value::Timestamp(_) => "a date",
            Value::Binary(_) => "binary data",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
            Value::Other(kind) => kind,
            Value::Recursive => "a value that contains itself",
        }
    }

    /// A scalar as Python's `str()` writes it; nothing for collections.
    pub fn to_python(&self) -> Option<String> {
        Some(match self {
            Value::Null => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(digits) => digits.clone(),
            Value::Float(number) => scalar::python_float(*number),
            Value::String(text) | Value::Timestamp(text) => text.clone(),
            _ => return None,
        })
    }
}

/// Equality as Python's `==` sees it: `1`, `1.0` and `true` are one key.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Sequence(ours), Value::Sequence(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(a, b)| a.value == b.value)
            }
            (Value::Mapping(ours), Value::Mapping(theirs)) => {
                let by_key: HashMap<_, _> = theirs
                    .entries
                    .iter()
                    .map(|e| (identity(&e.key.value), e))
                    .collect();
                ours.entries.len() == theirs.entries.len()
                    && ours.entries.iter().all(|entry| {
                        by_key
                            .get(&identity(&entry.key.value))
                            .is_some_and(|e| e.value.value == entry.value.value)
                    })
            }
            (Value::Other(ours), Value::Other(theirs)) => ours == theirs,
            (Value::Recursive, Value::Recursive) => true,
            _ => identity(self).is_some() && identity(self) == identity(other),
        }
    }
}

/// What tells two scalars apart as keys; nothing for collections, which cannot be keys.
fn identity(value: &Value) -> Option<Identity<'_>> {
    Some(match value {
        Value::Null => Identity::Null,
        Value::Bool(true) => Identity::Number("1".to_owned()),
        Value::Bool(false) => Identity::Number("0".to_owned()),
        Value::Int(digits) => Identity::Number(digits.clone()),
        Value::Float(number) if number.fract() == 0.0 => Identity::Number(format!("{number:.0}")),
        Value::Float(number) => Identity::Number(number.to_string()),
        Value::String(text) => Identity::Text(text),
        Value::Timestamp(text) => Identity::Moment(text),
        Value::Binary(bytes) => Identity::Bytes(bytes),
        Value::Sequence(_) | Value::Mapping(_) | Value::Other(_) | Value::Recursive => return None,
    })
}

#[derive(PartialEq, Eq, Hash)]
enum Identity<'a> {
    Null,
    Number(String),
    Text(&'a str),
    Moment(&'a str),
    Bytes(&'a [u8]),
}

/// Reads one document. An empty file is null, as for the reference.
///
/// # Errors
/// [`ReadError`] for everything that the reference cannot read, and for what passes a limit.
pub fn read(bytes: &[u8], version: Version, limits: &Limits) -> Result<Rc<Node>, ReadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError {
        position: position_of(&bytes[..error.valid_up_to()]),
        problem: Problem::NotUtf8,
    })?;
    // libyaml counts bytes from behind a byte order mark.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        text: body,
        offset: text.len() - body.len(),
        version,
        limits,
        anchors: HashMap::new(),
        open: Vec::new(),
        seen_to: 0,
        root: None,
    };
    reader.run()?;
    let nothing = || Rc::new(reader.node(Value::Null, Mark::default(), Mark::default(), false, 1));
    Ok(reader.root.clone().unwrap_or_else(nothing))
}

/// Where the text behind `before` starts.
fn position_of(before: &[u8]) -> Position {
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let count = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
    Position {
        line: count(memchr::memchr_iter(b'\n', before).count()),
        column: count(
            String::from_utf8_lossy(&before[line_start..])
                .chars()
                .count(),
        ),
    }
}

struct Reader<'a> {
    /// The file without its byte order mark.
    text: &'a str,
    /// Length of the byte order mark.
    offset: usize,
    version: Version,
    limits: &'a Limits,
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
    size: u32,
    content: Content,
}

enum Content {
    Sequence(Vec<Rc<Node>>),
    Mapping {
        merged: Vec<Entry>,
        own: Vec<Entry>,
        key: Option<(Rc<Node>, bool)>,
        flow: bool,
    },
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), ReadError> {
        let mut input = self.text.as_bytes();
        let mut parser = Parser::new();
        parser.set_input(&mut input);
        let (mut events, mut documents) = (0, 0);
        loop {
            let event = parser.parse().map_err(|error| self.syntax(&error))?;
            events += 1;
            if events > self.limits.events {
                return Err(at(
                    event.start_mark,
                    Problem::TooManyEvents(self.limits.events),
                ));
            }
            match event.data {
                EventData::StreamEnd => {
                    return self.refuse_tabs(self.text.len(), event.start_mark, Gap::Between);
                }
                EventData::DocumentStart { .. } if documents > 0 => {
                    return Err(at(event.start_mark, Problem::SeveralDocuments));
                }
                EventData::DocumentStart { .. } => documents += 1,
                EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => {}
                _ => self.value(event)?,
            }
        }
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
                self.refuse_tabs(position(start), start, Gap::Between)?;
                self.refuse_tabs(position(end), start, Gap::Scalar(style))?;
                self.define(anchor.as_deref(), start)?;
                let in_key_place = matches!(
                    self.open.last(),
                    Some(Open {
                        content: Content::Mapping { key: None, .. },
                        ..
                    })
                );
                let merge = in_key_place && plain_implicit && value == "<<"
                    || in_key_place && tag.as_deref() == Some(&format!("{YAML_TAG}merge"));
                let value = if merge {
                    Value::String(value)
                } else if plain_implicit {
                    self.plain(value, in_key_place, start)?
                } else if quoted_implicit {
                    Value::String(value)
                } else {
                    self.tagged(tag.as_deref().unwrap_or_default(), value, start)?
                };
                let node = Rc::new(self.node(value, start, end, anchor.is_some(), 1));
                self.finish(node, anchor, self.span(start, end), merge)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.begin(start, anchor, tag, Content::Sequence(Vec::new()))
            }
            EventData::MappingStart {
                anchor, tag, style, ..
            } => {
                let flow = style == MappingStyle::Flow;
                self.begin(
                    start,
                    anchor,
                    tag,
                    Content::Mapping {
                        merged: Vec::new(),
                        own: Vec::new(),
                        key: None,
                        flow,
                    },
                )
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(end),
            _ => Ok(()),
        }
    }

    fn plain(&self, text: String, is_key: bool, start: Mark) -> Result<Value, ReadError> {
        match self.version {
            Version::V1_2 => Ok(scalar::plain_1_2(&text)),
            Version::V1_1 if is_key && text == "=" => Ok(Value::String(text)),
            Version::V1_1 => scalar::plain_1_1(&text).map_err(|error| at(start, error.into())),
        }
    }

    fn tagged(&self, tag: &str, text: String, start: Mark) -> Result<Value, ReadError> {
        match scalar::tagged(tag, &text) {
            Err(_) if self.version == Version::V1_2 => Ok(Value::String(text)),
            result => result.map_err(|error| at(start, error.into())),
        }
    }

    fn begin(
        &mut self,
        start: Mark,
        anchor: Option<String>,
        tag: Option<String>,
        content: Content,
    ) -> Result<(), ReadError> {
        self.refuse_tabs(position(start), start, Gap::Between)?;
        if self.open.len() >= self.limits.depth {
            return Err(at(start, Problem::TooDeep(self.limits.depth)));
        }
        self.define(anchor.as_deref(), start)?;
        self.open.push(Open {
            start,
            anchor,
            tag,
            size: 1,
            content,
        });
        Ok(())
    }

    fn end(&mut self, end: Mark) -> Result<(), ReadError> {
        let Some(Open {
            start,
            anchor,
            tag,
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
                flow,
                ..
            } => {
                entries.extend(own); // behind what was merged, since the last of equal keys wins
                Value::Mapping(Mapping {
                    entries: self.settle(entries)?,
                    flow,
                })
            }
        };
        let value = match tag {
            Some(tag) if self.version == Version::V1_1 => {
                retag(value, &tag).map_err(|problem| at(start, problem))?
            }
            _ => value,
        };
        let node = Rc::new(self.node(value, start, end, anchor.is_some(), size));
        let span = self.span(start, end);
        self.finish(node, anchor, span, false)
    }

    /// Notes an anchor whose value is about to come.
    fn define(&mut self, anchor: Option<&str>, start: Mark) -> Result<(), ReadError> {
        let Some(anchor) = anchor else { return Ok(()) };
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
        let limit = self.limits.expanded;
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
                Some((_, true)) => {
                    let position = node.position;
                    merge_into(merged, &node).map_err(|problem| ReadError { position, problem })?;
                }
                None if identity(&node.value).is_none() => {
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

    /// Lets the last of duplicate keys win (YAML 1.1), or refuses them (YAML 1.2).
    fn settle(&self, entries: Vec<Entry>) -> Result<Vec<Entry>, ReadError> {
        let mut places = HashMap::with_capacity(entries.len());
        let mut order: Vec<usize> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            match places.entry(identity(&entry.key.value)) {
                Vacant(place) => {
                    place.insert(order.len());
                    order.push(index);
                }
                Occupied(place) => {
                    let earlier = std::mem::replace(&mut order[*place.get()], index);
                    if self.version == Version::V1_2 && !entries[earlier].merged && !entry.merged {
                        let key = entry.key.value.to_python().unwrap_or_default();
                        let problem = Problem::DuplicateKey(format!("{key:?}"));
                        return Err(ReadError {
                            position: entry.key.position,
                            problem,
                        });
                    }
                }
            }
        }
        if order.len() == entries.len() {
            return Ok(entries);
        }
        Ok(order
            .into_iter()
            .map(|index| entries[index].clone())
            .collect())
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
        position(start) + self.offset..position(end) + self.offset
    }

    /// Looks at the text up to `to` for tabs that PyYAML's scanner refuses and libyaml lets pass.
    fn refuse_tabs(&mut self, to: usize, start: Mark, gap: Gap) -> Result<(), ReadError> {
        let text = self.text.get(self.seen_to..to).unwrap_or_default();
        let tab = match gap {
            _ if self.version == Version::V1_2
                || memchr::memchr(b'\t', text.as_bytes()).is_none() =>
            {
                None
            }
            Gap::Between => tabs::between_values(text),
            Gap::Scalar(style) => tabs::in_scalar(text, style),
        };
        if let Some(tab) = tab {
            let position = position_of(&self.text.as_bytes()[..self.seen_to + tab]);
            return Err(ReadError {
                position,
                problem: Problem::Tab,
            });
        }
        self.seen_to = self.seen_to.max(to.max(position(start)));
        Ok(())
    }

    fn syntax(&self, error: &libyaml_safer::Error) -> ReadError {
        let position = error
            .problem_mark()
            .map_or(Position { line: 1, column: 1 }, Position::from);
        ReadError {
            position,
            problem: Problem::Syntax(error.to_string()),
        }
    }
}

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

/// Appends what `<<` brings: a map's entries, or those of several maps, of which the first wins.
fn merge_into(entries: &mut Vec<Entry>, from: &Node) -> Result<(), Problem> {
    let taken = |mapping: &Mapping| {
        mapping.entries.clone().into_iter().map(|entry| Entry {
            merged: true,
            ..entry
        })
    };
    match &from.value {
        Value::Mapping(mapping) => entries.extend(taken(mapping)),
        Value::Sequence(items) => {
            for item in items.iter().rev() {
                let Value::Mapping(mapping) = &item.value else {
                    return Err(Problem::BadMerge(item.value.kind()));
                };
                entries.extend(taken(mapping));
            }
        }
        other => return Err(Problem::BadMerge(other.kind())),
    }
    Ok(())
}

/// A collection under a tag of its own.
fn retag(value: Value, tag: &str) -> Result<Value, Problem> {
    let wrong = |value: &Value| Problem::WrongTag(value.kind(), format!("{tag:?}"));
    let one_pair =
        |item: &Rc<Node>| matches!(&item.value, Value::Mapping(pair) if pair.entries.len() == 1);
    match (tag.strip_prefix(YAML_TAG), value) {
        (Some("seq"), value @ Value::Sequence(_)) | (Some("map"), value @ Value::Mapping(_)) => {
            Ok(value)
        }
        (Some("set"), Value::Mapping(_)) => Ok(Value::Other("a set")),
        (Some("omap" | "pairs"), Value::Sequence(items)) if items.iter().all(one_pair) => {
            Ok(Value::Sequence(
                items
                    .iter()
                    .map(|item| {
                        let value = Value::Other("a pair");
                        Rc::new(Node {
                            value,
                            position: item.position,
                            span: item.span.clone(),
                            anchored: false,
                            size: 1,
                        })
                    })
                    .collect(),
            ))
        }
        (
            Some(
                "seq" | "map" | "set" | "omap" | "pairs" | "str" | "int" | "float" | "bool"
                | "null",
            ),
            value,
        ) => Err(wrong(&value)),
        _ => Err(Problem::Scalar(ScalarError::UnknownTag(tag.to_owned()))),
    }
}
