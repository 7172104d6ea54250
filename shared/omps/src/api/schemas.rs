//! The schemas of what the pure crate and `names.rs` bring into bodies. They know no schemas themselves.

use schemars::{Schema, SchemaGenerator, json_schema};

/// A text whose form `names.rs` checks.
pub(crate) fn name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string"})
}

/// As `name`, where it may be absent.
pub(crate) fn maybe_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "null"]})
}

/// The findings of the pure crate.
pub(crate) fn findings(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "items": finding()})
}

/// What rules change, as the pure crate shows it.
pub(crate) fn changes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "items": {
        "type": "object",
        "properties": {
            "file": {"type": "string", "description": "The path in the zip."},
            "diff": {"type": "string", "description": "A unified diff from the file in the zip to the one that is released."},
            "cut": {"type": "boolean", "description": "True where the diff lacks lines, or the ends of long lines."},
        },
        "required": ["file", "diff"],
    }})
}

/// The lists of the pure crate's verdict.
pub(crate) fn validation_info(_: &mut SchemaGenerator) -> Schema {
    let mut schema = json_schema!({
        "type": "object",
        "description": "What is wrong with the manifests: messages as operator-courier's, and findings with file and line.",
        "properties": {
            "errors": {"type": "array", "items": {"type": "string"}},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "findings": {"type": "array", "items": finding()},
        },
        "required": ["errors", "warnings", "findings"],
        "additionalProperties": false,
    });
    schema.insert("title".to_owned(), "ValidationInfo".into());
    schema
}

fn finding() -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "severity": {"enum": ["refused", "error", "warning", "hint"]},
            "rule": {"type": "string", "description": "The id of the rule."},
            "message": {"type": "string"},
            "file": {"type": "string", "description": "The path in the zip; empty for the zip as a whole."},
            "line": {"type": "integer", "description": "From 1."},
            "column": {"type": "integer", "description": "In characters, from 1."},
            "field": {"type": "string"},
            "found": {"type": "string"},
            "advice": {"type": "string", "description": "What to do."},
            "bundle": {"type": ["string", "null"], "description": "The name of the bundle's CSV."},
            "says": {"type": "array", "items": {"type": "string"}, "description": "The programs that would say the same."},
        },
        "required": ["severity", "rule", "message", "file", "line", "column", "field", "found", "advice"],
    })
}
