//! What a scalar means: PyYAML's resolver and constructors for YAML 1.1, ruamel.yaml's resolver for YAML 1.2.

mod number;
#[cfg(test)]
mod tests;
mod timestamp;

use std::sync::LazyLock;

use regex::Regex;

use super::Value;
pub(crate) use number::python_float;
use number::{float, int};
use timestamp::timestamp;

/// Why a scalar has no value. The reference cannot construct it either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScalarError {
    /// The text cannot be of the type that the tag asks for.
    #[error("{text:?} is not a valid {tag}")]
    Invalid {
        /// The type, as in `!!int`.
        tag: &'static str,
        /// The text, shortened.
        text: String,
    },
    /// PyYAML knows no constructor for the plain scalars `=` and `<<`.
    #[error("a plain `{0}` has no value in YAML 1.1; write it in quotes")]
    Indicator(&'static str),
    /// A tag outside YAML 1.1's own.
    #[error("unknown tag {0}")]
    UnknownTag(String),
    /// A tag of YAML 1.1 whose values a cluster, which works with JSON, does not have.
    #[error("`!!{0}`, for which JSON has no value; write a list, a map or a text without this tag")]
    UnsupportedTag(String),
}

/// Characters of a number or a date. The longest that Python reads is a number of 4,300 digits.
const MAX_NUMBER: usize = 5_000;

/// The prefix of YAML's own tags, for which `!!` is short.
pub(super) const YAML_TAG: &str = "tag:yaml.org,2002:";

fn pattern(source: &str) -> Regex {
    #[expect(
        clippy::unwrap_used,
        reason = "the patterns are constant, and every test compiles them"
    )]
    Regex::new(&format!("^(?:{source})$")).unwrap()
}

// The patterns of PyYAML 6 (resolver.py), in the order in which it tries them.
static FLOAT_1_1: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    )
});
static INT_1_1: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
    )
});
// The patterns of ruamel.yaml for YAML 1.2.
static FLOAT_1_2: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    )
});
static INT_1_2: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+"));

/// Resolves a plain scalar as PyYAML's `safe_load` does; nothing when it is text.
///
/// # Errors
/// Where PyYAML finds a type by the scalar's form and then cannot construct it (`2020-13-45`, `0x_`, `=`).
pub(crate) fn plain_1_1(text: &str) -> Result<Option<Value>, ScalarError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Value::Null)),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Some(Value::Bool(true)));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Some(Value::Bool(false)));
        }
        "=" => return Err(ScalarError::Indicator("=")),
        "<<" => return Err(ScalarError::Indicator("<<")),
        _ => {}
    }
    if text.starts_with(|first: char| matches!(first, '-' | '+' | '.' | '0'..='9')) {
        if FLOAT_1_1.is_match(text) {
            return float(text).map(Some);
        }
        if INT_1_1.is_match(text) {
            return int(text).map(Some);
        }
        if timestamp::is_plain(text) {
            return timestamp(text).map(Some);
        }
    }
    Ok(None)
}

/// Resolves a plain scalar as ruamel.yaml does under YAML 1.2; nothing when it is text.
///
/// # Errors
/// Where a type is found by the scalar's form and then cannot be constructed (`2020-13-45`).
pub(super) fn plain_1_2(text: &str) -> Result<Option<Value>, ScalarError> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Some(Value::Null)),
        "true" | "True" | "TRUE" => return Ok(Some(Value::Bool(true))),
        "false" | "False" | "FALSE" => return Ok(Some(Value::Bool(false))),
        _ => {}
    }
    if text.starts_with(|first: char| matches!(first, '-' | '+' | '.' | '0'..='9')) {
        if FLOAT_1_2.is_match(text) {
            return float(text).map(Some);
        }
        if INT_1_2.is_match(text) {
            return whole_1_2(text).map(Some);
        }
        if timestamp::is_plain(text) {
            return timestamp(text).map(Some);
        }
    }
    Ok(None)
}

/// A whole number, in which a leading zero means nothing: octal is `0o7`.
fn whole_1_2(text: &str) -> Result<Value, ScalarError> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut prefixes = ["0b", "0o", "0x"].into_iter();
    let prefix = prefixes.find(|prefix| unsigned.starts_with(prefix));
    let digits = unsigned.trim_start_matches(prefix.unwrap_or_default());
    if digits.bytes().all(|byte| byte == b'_') {
        return Err(invalid("!!int", text));
    }
    let digits = text.trim_start_matches(['-', '+', '0', '_']);
    let is_decimal = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    if !digits.bytes().all(is_decimal) {
        return int(&text.replacen("0o", "0", 1));
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let digits = if digits.is_empty() { "0" } else { digits };
    int(&format!("{sign}{digits}"))
}

/// Constructs a scalar whose tag is written in the file.
///
/// # Errors
/// [`ScalarError`] when the tag is not one of YAML 1.1's own, or its text cannot be of that type.
pub(super) fn tagged(tag: &str, text: String) -> Result<Value, ScalarError> {
    match tag.strip_prefix(YAML_TAG) {
        Some("str") => Ok(Value::String(text)),
        Some("null") => Ok(Value::Null),
        Some("bool") => match text.to_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err(invalid("!!bool", &text)),
        },
        Some("int") => int(text.trim()),
        Some("float") => float(&text),
        Some("timestamp") => timestamp(&text),
        _ => Err(unknown_tag(tag)),
    }
}

/// As [`tagged`], for ruamel.yaml under YAML 1.2, where numbers have no parts.
///
/// # Errors
/// [`ScalarError`]
pub(super) fn tagged_1_2(tag: &str, text: String) -> Result<Value, ScalarError> {
    match tag.strip_prefix(YAML_TAG) {
        Some("int") if text.contains(':') => Err(invalid("!!int", &text)),
        Some("float") if text.contains(':') => Err(invalid("!!float", &text)),
        Some("bool") if matches!(text.as_str(), "y" | "Y") => Ok(Value::Bool(true)),
        Some("bool") if matches!(text.as_str(), "n" | "N") => Ok(Value::Bool(false)),
        _ => tagged(tag, text),
    }
}

/// Whether [`tagged`] knows a tag.
pub(super) fn is_known(tag: &str) -> bool {
    let types = ["str", "null", "bool", "int", "float", "timestamp"];
    tag.strip_prefix(YAML_TAG)
        .is_some_and(|name| types.contains(&name))
}

/// The error for a tag that is not read, with an unknown tag shortened.
pub(super) fn unknown_tag(tag: &str) -> ScalarError {
    match tag.strip_prefix(YAML_TAG) {
        Some(name @ ("binary" | "set" | "omap" | "pairs")) => {
            ScalarError::UnsupportedTag(name.to_owned())
        }
        _ => ScalarError::UnknownTag(tag.chars().take(60).collect()),
    }
}

fn invalid(tag: &'static str, text: &str) -> ScalarError {
    ScalarError::Invalid {
        tag,
        text: text.chars().take(60).collect(),
    }
}
