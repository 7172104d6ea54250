//! A tree while its values come: which collections are open, which value each anchor has, and where a value goes.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use libyaml_safer::Mark;

use super::error::short;
use super::node::identity;
use super::{MapEntry, Node, Problem, ReadError, ReadLimits, Value, YamlVersion, collections};

/// Characters of an anchor: each copy costs memory.
const MAX_ANCHOR: usize = 1_000;

/// A document of which some values have come.
pub(super) struct Tree {
    version: YamlVersion,
    limits: ReadLimits,
    anchors: HashMap<String, Anchored>,
    open: Vec<Open>,
    root: Option<Rc<Node>>,
}

/// The value of an anchor.
pub(super) enum Anchored {
    /// A collection whose end has not come yet.
    Open,
    /// This value.
    Done(Rc<Node>),
}

/// A collection whose end has not come yet.
pub(super) struct Open {
    pub(super) start: Mark,
    pub(super) anchor: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) flow: bool,
    pub(super) size: u32,
    pub(super) levels: usize,
    pub(super) content: Content,
}

/// The part of a collection that has come.
pub(super) enum Content {
    Sequence(Vec<Rc<Node>>),
    Mapping(OpenMap),
}

/// The part of a map that has come.
#[derive(Default)]
pub(super) struct OpenMap {
    merged: Vec<MapEntry>,
    own: Vec<MapEntry>,
    /// For each `<<`, how many entries there were behind it: merged ones, and own ones.
    merges: Vec<(usize, usize)>,
    /// A key whose value has not come yet, and whether it is `<<`.
    key: Option<(Rc<Node>, bool)>,
}

impl OpenMap {
    /// All entries, each key once: the own ones count behind the merged ones, since the last of equal keys wins.
    pub(super) fn into_entries(mut self, version: YamlVersion) -> Result<Vec<MapEntry>, ReadError> {
        collections::mark_overruled(&self.merged, &mut self.own, &self.merges);
        let mut entries = self.merged;
        entries.extend(self.own);
        collections::resolve_duplicates(entries, version)
    }

    /// Takes a key, or the value of the last key. `merge` says that a key is `<<`.
    fn place(
        &mut self,
        node: Rc<Node>,
        site: Range<usize>,
        merge: bool,
        version: YamlVersion,
    ) -> Result<(), ReadError> {
        let refuse = |position, problem| Err(ReadError { position, problem });
        match self.key.take() {
            Some((key, false)) => self.own.push(MapEntry {
                key,
                value: node,
                site,
                merged: false,
                overruled: false,
            }),
            Some((key, true)) if version == YamlVersion::V1_2 && !self.merged.is_empty() => {
                return refuse(key.position, Problem::DuplicateKey("<<".to_owned()));
            }
            Some((_, true)) => {
                let merged = collections::merge_into(&mut self.merged, &node);
                self.merges.push((self.merged.len(), self.own.len()));
                return merged.or_else(|problem| refuse(node.position, problem));
            }
            None if version == YamlVersion::V1_1 && identity(&node.value).is_none() => {
                let problem = Problem::UnhashableKey(node.value.kind());
                return refuse(node.position, problem);
            }
            None => self.key = Some((node, merge)),
        }
        Ok(())
    }
}

impl Open {
    /// A collection of which nothing has come.
    pub(super) fn new(
        start: Mark,
        anchor: Option<String>,
        tag: Option<String>,
        flow: bool,
        content: Content,
    ) -> Self {
        Open {
            start,
            anchor,
            tag,
            flow,
            size: 1,
            levels: 1,
            content,
        }
    }
}

impl Tree {
    /// A document of which nothing has come.
    pub(super) fn new(version: YamlVersion, limits: ReadLimits) -> Self {
        Tree {
            version,
            limits,
            anchors: HashMap::new(),
            open: Vec::new(),
            root: None,
        }
    }

    /// The document, once its end has come.
    pub(super) fn root(&self) -> Option<Rc<Node>> {
        self.root.clone()
    }

    /// Whether the innermost collection is written in brackets.
    pub(super) fn is_in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.flow)
    }

    /// Whether the next value is a map's key.
    pub(super) fn expects_key(&self) -> bool {
        let content = self.open.last().map(|open| &open.content);
        matches!(content, Some(Content::Mapping(map)) if map.key.is_none())
    }

    /// Values that are copied when the next value is placed: a merge takes over whole maps.
    pub(super) fn cost_of_placing(&self, node: &Node) -> u32 {
        let content = self.open.last().map(|open| &open.content);
        let is_merge = matches!(
            content,
            Some(Content::Mapping(map)) if matches!(map.key, Some((_, true)))
        );
        if !is_merge {
            return 0;
        }
        match &node.value {
            Value::Mapping(map) => u32::try_from(map.entries.len()).unwrap_or(u32::MAX),
            Value::Sequence(maps) => maps.iter().fold(0, |sum, map| map.size.saturating_add(sum)),
            _ => 0,
        }
    }

    /// The value that an alias refers to.
    pub(super) fn anchored(&self, anchor: &str) -> Option<&Anchored> {
        self.anchors.get(anchor)
    }

    /// Refuses an alias whose value would lie deeper than collections may: what walks through a tree calls itself at each
    /// level, and its stack is bounded.
    pub(super) fn refuse_deep(&self, node: &Node, start: Mark) -> Result<(), ReadError> {
        let depth = self.limits.depth;
        match self.open.len() + node.levels > depth {
            true => Err(ReadError::at(start, Problem::TooDeep(depth))),
            false => Ok(()),
        }
    }

    /// Opens a collection.
    pub(super) fn begin(&mut self, collection: Open) -> Result<(), ReadError> {
        let (start, depth) = (collection.start, self.limits.depth);
        if self.open.len() >= depth {
            return Err(ReadError::at(start, Problem::TooDeep(depth)));
        }
        self.define(collection.anchor.as_deref(), start)?;
        self.open.push(collection);
        Ok(())
    }

    /// Closes the innermost collection.
    pub(super) fn end(&mut self) -> Option<Open> {
        self.open.pop()
    }

    /// Remembers an anchor whose value comes next.
    pub(super) fn define(&mut self, anchor: Option<&str>, start: Mark) -> Result<(), ReadError> {
        let Some(anchor) = anchor else { return Ok(()) };
        if anchor.len() > MAX_ANCHOR {
            return Err(ReadError::at(start, Problem::LongAnchor(MAX_ANCHOR)));
        }
        let twice = self
            .anchors
            .insert(anchor.to_owned(), Anchored::Open)
            .is_some();
        if twice && self.version == YamlVersion::V1_1 {
            return Err(ReadError::at(
                start,
                Problem::DuplicateAnchor(short(anchor)),
            ));
        }
        Ok(())
    }

    /// Places a value, and remembers it for the aliases of its anchor.
    pub(super) fn finish(
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

    /// Places a value in the innermost collection, as item, key or a key's value, or as the root.
    pub(super) fn place(
        &mut self,
        node: Rc<Node>,
        site: Range<usize>,
        merge: bool,
    ) -> Result<(), ReadError> {
        let limit = self.limits.expanded;
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.levels = parent.levels.max(1 + node.levels);
        parent.size = parent.size.saturating_add(node.size);
        if parent.size > limit {
            return Err(ReadError {
                position: node.position,
                problem: Problem::TooManyExpanded(limit),
            });
        }
        match &mut parent.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping(map) => map.place(node, site, merge, self.version)?,
        }
        Ok(())
    }
}
