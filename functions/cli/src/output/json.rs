//! JSON for programs, which is still harmless on a terminal.

use std::fmt::Write;

use serde::Serialize;

use super::is_obeyed;

/// The value as lines of JSON. What a terminal would obey is escaped, in JSON's own way.
pub(crate) fn text(value: &impl Serialize) -> String {
    // Maps with text keys always become JSON.
    let json = serde_json::to_string_pretty(value)
        .unwrap_or_else(|error| format!("{:?}", error.to_string()));
    let mut text = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        match is_obeyed(character) && character != '\n' {
            // All of them are below U+10000: one unit of UTF-16.
            true => _ = write!(text, "\\u{:04x}", u32::from(character)),
            false => text.push(character),
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_reads_back_the_same() {
        let value = "\x1b[2J \u{9b}1m \u{202e} \n é";

        let text = text(&value);

        assert_eq!(text, "\"\\u001b[2J \\u009b1m \\u202e \\n é\"\n");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }
}
