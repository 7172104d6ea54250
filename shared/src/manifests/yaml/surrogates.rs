//! Characters written as JSON writes them beyond U+FFFF, as two escapes of half a character each: `"\ud83d\ude00"`.
//!
//! libyaml refuses such escapes. Before it reads a text, `\ud…` becomes `\ue…`, the escape of a private character, and the
//! values get back what was meant. That takes a text without those characters; any other stays as it is, and is refused.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The private characters that stand for halves.
const PRIVATE: RangeInclusive<char> = '\u{e000}'..='\u{edff}';
/// The second digit of a half's escape, and the one that stands for it.
const DIGITS: [(&str, &str); 14] = [
    ("8", "0"),
    ("9", "1"),
    ("a", "2"),
    ("b", "3"),
    ("c", "4"),
    ("d", "5"),
    ("e", "6"),
    ("f", "7"),
    ("A", "8"),
    ("B", "9"),
    ("C", "a"),
    ("D", "b"),
    ("E", "c"),
    ("F", "d"),
];

static HALF: LazyLock<Regex> = LazyLock::new(|| pattern(r"\\u(d|D)([89a-fA-F])([[:xdigit:]]{2})"));
static STAND_IN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\\u(e|E)([0-9a-d])([[:xdigit:]]{2})"));
static PRIVATE_ESCAPE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\\(u|U0000)[eE][0-9a-dA-D]"));

#[expect(
    clippy::unwrap_used,
    reason = "the patterns above are constant and compiled by every test"
)]
fn pattern(source: &str) -> Regex {
    Regex::new(source).unwrap()
}

/// The text with stand-ins for halves, of the same length; nothing when it has no halves, or no room for stand-ins.
pub fn hidden(text: &str) -> Option<String> {
    if !HALF.is_match(text)
        || PRIVATE_ESCAPE.is_match(text)
        || text.contains(|char| PRIVATE.contains(&char))
    {
        return None;
    }
    let hide = |found: &Captures<'_>| {
        let first = if &found[1] == "d" { "e" } else { "E" };
        let second = DIGITS.iter().find(|(digit, _)| *digit == &found[2]);
        format!(
            r"\u{first}{}{}",
            second.map_or("", |(_, digit)| digit),
            &found[3]
        )
    };
    Some(HALF.replace_all(text, hide).into_owned())
}

/// A value of such a text as it was meant.
///
/// # Errors
/// Half a character without its other half.
pub fn shown(value: &str) -> Result<String, &'static str> {
    let value = escapes_shown(value);
    let mut shown = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(char) = rest.next() {
        if !PRIVATE.contains(&char) {
            shown.push(char);
            continue;
        }
        let pair = [Some(half(char)), rest.next().map(half)].map(Option::unwrap_or_default);
        match char::decode_utf16(pair).next() {
            Some(Ok(whole)) => shown.push(whole),
            _ => return Err("half a surrogate pair"),
        }
    }
    Ok(shown)
}

/// Escapes that are none, as in a literal block, are text.
fn escapes_shown(value: &str) -> Cow<'_, str> {
    STAND_IN.replace_all(value, |found: &Captures<'_>| {
        let first = if &found[1] == "e" { "d" } else { "D" };
        let second = DIGITS.iter().find(|(_, digit)| *digit == &found[2]);
        format!(
            r"\u{first}{}{}",
            second.map_or("", |(digit, _)| digit),
            &found[3]
        )
    })
}

/// The half that a private character stands for; any other character is none.
fn half(char: char) -> u16 {
    let code = u32::from(char);
    let index = usize::try_from((code >> 8) & 0xf).unwrap_or_default();
    let digit = PRIVATE.contains(&char).then(|| DIGITS.get(index)).flatten();
    let digit = digit.and_then(|(digit, _)| u16::from_str_radix(digit, 16).ok());
    digit.map_or(0, |digit| 0xd000 | digit << 8 | (code & 0xff) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_characters_and_text_stays_text() {
        let text = r#"["\ud83d\ude00", "\uD83D\uDE00", '\ud83d', "\\uDe00"]"#;
        let hidden = hidden(text).unwrap();
        assert_eq!(hidden.len(), text.len());
        assert!(!HALF.is_match(&hidden));
        assert_eq!(shown(&hidden).as_deref(), Ok(text));

        assert_eq!(shown("a\u{e03d}\u{e600}b").as_deref(), Ok("a😀b"));
        assert_eq!(shown("\u{e83d}\u{ec00}").as_deref(), Ok("😀"));
        for halves in [
            "\u{e03d}",
            "\u{e600}\u{e03d}",
            "\u{e03d}a",
            "\u{e03d}\u{e03d}",
        ] {
            assert!(shown(halves).is_err(), "{halves:?}");
        }
    }

    #[test]
    fn a_text_with_private_characters_is_left_alone() {
        for text in [
            "\"\\ud83d\\ude00\u{e000}\"",
            r#""\ud83d\ude00\ue000""#,
            "\\u00e9",
        ] {
            assert_eq!(hidden(text), None, "{text}");
        }
    }
}
