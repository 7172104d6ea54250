//! What an organization's rules changed, as a coloured diff.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Escaped, STRONG};
use crate::report::Change;

const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// The diffs of all files.
pub(crate) fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    for line in changes.iter().flat_map(|change| change.diff.lines()) {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => STRONG,
            [b'@', b'@', ..] => PLACE,
            [b'+', ..] => ADDED,
            [b'-', ..] => REMOVED,
            _ => Style::new(),
        };
        // A tab is wanted in a diff.
        let line = line.replace('\t', "    ");
        let _ = writeln!(text, "{style}{}{style:#}", Escaped(&line));
    }
    text
}
