//! libyaml's events for a text, where libyaml differs from PyYAML by accident.

use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Encoding, Error, Event, EventData, Mark, Parser, ScalarStyle};

use super::stand_ins::Disguised;
use super::{Position, Problem, ReadError, Version};

/// Gives every event of a text without a byte order mark to `take`.
///
/// # Errors
/// What `take` answers, or what `fail` makes of a text that is not YAML.
pub fn each<E>(
    text: &str,
    version: Version,
    mut take: impl FnMut(Event) -> Result<(), E>,
    fail: impl FnOnce(ReadError) -> E,
) -> Result<(), E> {
    // libyaml-safer panics at the end of a text whose last line is a block scalar's and has no line end.
    let is_open = !text.is_empty() && !text.ends_with(['\n', '\r']);
    let last_line_counts = is_open
        && text
            .rsplit(['\n', '\r'])
            .next()
            .is_some_and(|line| !line.trim_ascii().is_empty());
    let directives = without_unknown_directives(text, version);
    let disguised = match Disguised::new(text, version) {
        Ok(disguised) => disguised,
        Err(problem) => return Err(fail(not_text(Mark::default(), problem))),
    };
    let text = &disguised.text;
    let input = directives
        .as_bytes()
        .chain(&text.as_bytes()[directives.len()..])
        .chain(if is_open { b"\n".as_slice() } else { b"" });
    // The parser takes all that a reader has ready, at four bytes a character.
    let mut input = BufReader::with_capacity(4096, input);
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8); // a guess would take a first character like U+F900 for a byte order mark
    parser.set_input(&mut input);
    let mut reached = Mark::default();
    loop {
        // libyaml-safer has panics of its own for texts that are not YAML, as for a tag before a comma.
        let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse()));
        let mut event = match parsed {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => return Err(fail(syntax(&error))),
            Err(_) => return Err(fail(gave_up(reached))),
        };
        reached = event.end_mark;
        if let EventData::Scalar {
            value,
            style: ScalarStyle::Literal | ScalarStyle::Folded,
            ..
        } = &mut event.data
            && last_line_counts
            && event.end_mark.index > text.len() as u64
            && value.ends_with('\n')
        {
            value.pop(); // the line end that was added
        }
        if let EventData::Scalar { value, .. } = &mut event.data {
            match disguised.shown(std::mem::take(value)) {
                Ok(shown) => *value = shown,
                Err(problem) => return Err(fail(not_text(event.start_mark, problem))),
            }
        }
        let is_last = event.data == EventData::StreamEnd;
        take(event)?;
        if is_last {
            return Ok(());
        }
    }
}

fn syntax(error: &Error) -> ReadError {
    let position = error
        .problem_mark()
        .map_or(Position { line: 1, column: 1 }, Position::from);
    ReadError {
        position,
        problem: Problem::Syntax(error.to_string()),
    }
}

fn not_text(start: Mark, problem: &str) -> ReadError {
    ReadError {
        position: start.into(),
        problem: Problem::Syntax(problem.to_owned()),
    }
}

fn gave_up(reached: Mark) -> ReadError {
    ReadError {
        position: reached.into(),
        problem: Problem::Syntax("the YAML parser cannot go on behind this place".to_owned()),
    }
}

/// What stands before a document's marker, its directives made comments that libyaml refuses and others pass over:
/// unknown names, and for PyYAML versions 1.x other than 1.1 and 1.2. Not a byte more or less.
fn without_unknown_directives(text: &str, version: Version) -> String {
    let mut head = String::new();
    if !text.starts_with('%') && !text.contains("\n%") {
        return head;
    }
    for line in text.split_inclusive('\n') {
        match line.trim_end_matches(['\r', '\n']) {
            // A document that directives precede has a marker.
            marker if marker == "---" || marker.starts_with("--- ") => return head,
            directive if is_unknown(directive, version) => {
                head.push('#');
                head.push_str(&line[1..]);
            }
            other if other.starts_with('%') || other.trim_start_matches(' ').starts_with('#') => {
                head.push_str(line);
            }
            blank if blank.trim_start_matches(' ').is_empty() => head.push_str(line),
            _ => break,
        }
    }
    String::new()
}

/// Whether a line is a directive to pass over.
fn is_unknown(line: &str, version: Version) -> bool {
    let Some(directive) = line.strip_prefix('%') else {
        return false;
    };
    let (name, value) = directive.split_once(' ').unwrap_or((directive, ""));
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    match name {
        "TAG" => false,
        "YAML" if version == Version::V1_1 => {
            let minor = value
                .split_ascii_whitespace()
                .next()
                .and_then(|number| number.strip_prefix("1."));
            minor.is_some_and(|minor| !matches!(minor, "1" | "2") && minor.parse::<u32>().is_ok())
        }
        "YAML" => false,
        _ => !name.is_empty() && name.chars().all(is_name),
    }
}
