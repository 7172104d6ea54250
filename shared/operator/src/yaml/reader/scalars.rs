//! Scalars: what is refused of them, and what they mean.

use std::rc::Rc;

use libyaml_safer::{Mark, ScalarStyle};

use super::{Reader, index};
use crate::yaml::dialect::{block_scalars, flow};
use crate::yaml::{Node, Problem, ReadError, Value, YamlVersion, collections, scalar};

/// The tag of `=`, which as a key is text.
const VALUE_TAG: &str = "tag:yaml.org,2002:value";

/// The tag of `<<`.
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

/// Bytes of a scalar that count as another value where aliases are expanded: texts are hashed and compared.
const BYTES_EXPANDED: usize = 256;

/// What a date costs beside the value that it is: four times as much time as another scalar.
const DATE: u32 = 3;

/// A scalar as libyaml reports it.
pub(super) struct Scalar {
    pub(super) tag: Option<String>,
    pub(super) text: String,
    /// Plain, and without a tag.
    pub(super) is_plain: bool,
    /// Not plain, and without a tag.
    pub(super) is_quoted: bool,
    pub(super) style: ScalarStyle,
}

impl Reader<'_> {
    /// Takes a scalar of a document's content.
    pub(super) fn scalar(
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
        let tagged = scalar.tag.as_deref().is_some_and(|tag| tag != "!");
        let is_merge = is_key && (has_merge_tag || scalar.is_plain && scalar.text == "<<");
        let value = match is_merge {
            true => Value::String(scalar.text),
            false => self.meaning(scalar, is_key, start)?,
        };
        if matches!(value, Value::Timestamp(_)) {
            self.spend(DATE, start)?;
        }
        let node = Node {
            tagged,
            ..self.node(value, start, end, anchor.is_some(), size)
        };
        let node = Rc::new(node);
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
}
