//! libyaml's events for a text, where libyaml differs from PyYAML by accident.

use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Encoding, Error, Event, EventData, Mark, Parser, ScalarStyle};

use super::mends::Mended;
use super::stand_ins::Disguised;
use super::{Position, Problem, ReadError, Version};

/// What a text is read by.
pub enum Step {
    /// The next event.
    Event(Event),
    /// The text, of so many bytes, is read once more, up to the place at which the last reading stopped.
    Again(usize, Mark),
}

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
    let events = |step| match step {
        Step::Event(event) => take(event),
        Step::Again(..) => Ok(()),
    };
    each_step(text, version, events, fail)
}

/// As [`each`], for whoever counts what it costs.
///
/// # Errors
/// As [`each`].
pub fn each_step<E>(
    text: &str,
    version: Version,
    mut take: impl FnMut(Step) -> Result<(), E>,
    fail: impl FnOnce(ReadError) -> E,
) -> Result<(), E> {
    let disguised = match Disguised::new(text, version) {
        Ok(disguised) => disguised,
        Err(problem) => return Err(fail(not_text(Mark::default(), problem))),
    };
    let directives = without_unknown_directives(text, version);
    let mut mended = Mended::new(&disguised.text, version);
    // A last line of spaces alone is no line of a block scalar, unless libyaml-safer panics at its end.
    let is_open = !text.is_empty() && !text.ends_with(['\n', '\r']);
    let last_line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    let mut closed = is_open && !last_line.trim_start_matches(' ').is_empty();
    let mut taken = 0;
    loop {
        let mut passed = 0;
        let stop = events(&mended, &directives, closed, |mut event| {
            passed += 1;
            if passed <= taken {
                return Ok(());
            }
            taken = passed;
            mended.restore(&mut event).map_err(Stop::Unreadable)?;
            if let EventData::Scalar { value, .. } = &mut event.data {
                let shown = disguised.shown(std::mem::take(value));
                *value = shown
                    .map_err(|problem| Stop::Unreadable(not_text(event.start_mark, problem)))?;
            }
            take(Step::Event(event)).map_err(Stop::Taker)
        });
        match stop {
            Ok(()) => return Ok(()),
            Err(Stop::Taker(error)) => return Err(error),
            Err(Stop::Unreadable(error)) => return Err(fail(error)),
            Err(Stop::Syntax(error)) if mended.mend(&error) => {
                let place = mended.original(error.problem_mark().unwrap_or_default());
                take(Step::Again(mended.text.len(), place))?;
            }
            Err(Stop::Syntax(error)) => return Err(fail(syntax(&error, text, &mended))),
            Err(Stop::Panic(reached)) if is_open && !closed => {
                closed = true;
                take(Step::Again(mended.text.len(), reached))?;
            }
            Err(Stop::Panic(reached)) => {
                let problem = "the YAML parser cannot go on behind this place";
                return Err(fail(not_text(reached, problem)));
            }
        }
    }
}

/// Why a text is not read on.
enum Stop<E> {
    /// Whoever takes the events wants no more.
    Taker(E),
    /// libyaml gave up.
    Syntax(Error),
    /// libyaml-safer panicked behind a place.
    Panic(Mark),
    /// It is not YAML for a reason of ours.
    Unreadable(ReadError),
}

/// Gives libyaml's events to `take`, of a text whose first bytes are replaced by `directives`, and that is closed by a line
/// end where it has none: libyaml-safer panics at the end of a text whose last line is a block scalar's and is open.
fn events<E>(
    mended: &Mended<'_>,
    directives: &str,
    closed: bool,
    mut take: impl FnMut(Event) -> Result<(), Stop<E>>,
) -> Result<(), Stop<E>> {
    let text = &mended.text;
    let input = directives
        .as_bytes()
        .chain(&text.as_bytes()[directives.len()..])
        .chain(if closed { b"\n".as_slice() } else { b"" });
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
            Ok(Err(error)) => return Err(Stop::Syntax(error)),
            Err(_) => return Err(Stop::Panic(mended.original(reached))),
        };
        reached = event.end_mark;
        if let EventData::Scalar {
            value,
            style: ScalarStyle::Literal | ScalarStyle::Folded,
            ..
        } = &mut event.data
            && closed
            && event.end_mark.index > text.len() as u64
            && value.ends_with('\n')
        {
            value.pop(); // the line end that was added
        }
        let is_last = event.data == EventData::StreamEnd;
        take(event)?;
        if is_last {
            return Ok(());
        }
    }
}

/// What libyaml says, in our words for places.
fn syntax(error: &Error, text: &str, mended: &Mended<'_>) -> ReadError {
    let place = |mark| Position::from(mended.original(mark));
    let Some(position) = error.problem_mark().map(place) else {
        return control_character(text);
    };
    if error.problem() == "found character that cannot start any token"
        && let Some(found) = error.problem_mark().and_then(|mark| mended.char_at(mark))
    {
        let problem = match found {
            '\t' => Problem::Tab,
            found => Problem::Syntax(format!("{found:?} cannot start a text; write it in quotes")),
        };
        return ReadError { position, problem };
    }
    let mut problem = error.problem().to_owned();
    problem.extend(
        error
            .context()
            .into_iter()
            .flat_map(|context| [" ", context]),
    );
    if let Some(start) = error
        .context_mark()
        .map(place)
        .filter(|start| *start != position)
    {
        problem.push_str(&format!(" from {start} on"));
    }
    ReadError {
        position,
        problem: Problem::Syntax(problem),
    }
}

/// The first character that YAML calls unprintable.
fn control_character(text: &str) -> ReadError {
    let is_printable = |char: char| matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    let found = text.char_indices().find(|(_, char)| !is_printable(*char));
    let (at, char) = found.unwrap_or_default();
    ReadError {
        position: Position::behind(&text.as_bytes()[..at]),
        problem: Problem::Control(u32::from(char)),
    }
}

fn not_text(start: Mark, problem: &str) -> ReadError {
    ReadError::at(start, Problem::Syntax(problem.to_owned()))
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
