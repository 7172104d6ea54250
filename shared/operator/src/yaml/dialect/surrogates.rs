//! Characters beyond U+FFFF as JSON writes them: as a surrogate pair, two escapes of half a character each, as in
//! `"\ud83d\ude00"`.
//!
//! libyaml refuses such escapes. So the parser gets `\ue…`, the escape of a private character, for `\ud…`, and each value
//! is changed back. That requires a text without those private characters; any other stays as it is, and libyaml
//! refuses it.

use std::ops::RangeInclusive;

use memchr::memmem;

use super::super::Problem;

/// The private characters that stand for halves.
const PRIVATE: RangeInclusive<char> = '\u{e000}'..='\u{edff}';
/// The second digits of a half's escape, and at the same index what the parser gets for each.
const SECOND: [&[u8; 14]; 2] = [b"89abcdefABCDEF", b"0123456789abcd"];

/// Whether a text has halves, and none of the private characters that stand for them.
pub(in crate::yaml) fn can_hide(text: &str) -> bool {
    let is_private = |escape: &[u8]| {
        let code = escape
            .strip_prefix(b"\\u")
            .or(escape.strip_prefix(b"\\U0000"));
        matches!(
            code,
            Some([b'e' | b'E', b'0'..=b'9' | b'a'..=b'd' | b'A'..=b'D', ..])
        )
    };
    let escapes = || memchr::memchr_iter(b'\\', text.as_bytes()).map(|at| &text.as_bytes()[at..]);
    escapes().any(|escape| second(escape, b'd', SECOND[0]).is_some())
        && !escapes().any(is_private)
        && !text.contains(|char| PRIVATE.contains(&char))
}

/// The text with private characters for halves; its length stays.
pub(in crate::yaml) fn hidden(text: String) -> String {
    exchanged(text, b'd', b'e', SECOND)
}

/// A value of a hidden text with the characters that the file has.
///
/// # Errors
/// [`Problem::HalfSurrogate`] for half a character without its other half.
pub(in crate::yaml) fn shown(value: String) -> Result<String, Problem> {
    // What looks like an escape in a value, as in a literal block, is text.
    let value = exchanged(value, b'e', b'd', [SECOND[1], SECOND[0]]);
    if !value.contains(|char| PRIVATE.contains(&char)) {
        return Ok(value);
    }
    let mut shown = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(char) = rest.next() {
        match half(char) {
            None => shown.push(char),
            Some(first) => {
                let pair = [first, rest.next().and_then(half).unwrap_or_default()];
                match char::decode_utf16(pair).next() {
                    Some(Ok(whole)) => shown.push(whole),
                    _ => return Err(Problem::HalfSurrogate),
                }
            }
        }
    }
    Ok(shown)
}

/// The text with the first two digits of escapes exchanged.
fn exchanged(text: String, from: u8, to: u8, digits: [&[u8; 14]; 2]) -> String {
    let mut bytes = text.into_bytes();
    let (mut at, escape) = (0, memmem::Finder::new(b"\\u"));
    while let Some(found) = bytes.get(at..).and_then(|rest| escape.find(rest)) {
        at += found;
        if let Some(index) = second(&bytes[at..], from, digits[0]) {
            bytes[at + 2] ^= from ^ to; // in the same case
            bytes[at + 3] = digits[1][index];
        }
        at += 2;
    }
    #[expect(clippy::expect_used, reason = "ASCII was exchanged for ASCII")]
    String::from_utf8(bytes).expect("still UTF-8")
}

/// The index of an escape's second digit in `digits`, when its first digit is this one in either case.
fn second(escape: &[u8], first: u8, digits: &[u8; 14]) -> Option<usize> {
    let [b'\\', b'u', digit, second, third, fourth, ..] = escape else {
        return None;
    };
    let is_escape = digit.to_ascii_lowercase() == first
        && third.is_ascii_hexdigit()
        && fourth.is_ascii_hexdigit();
    digits
        .iter()
        .position(|digit| digit == second)
        .filter(|_| is_escape)
}

/// The half that a private character stands for.
fn half(char: char) -> Option<u16> {
    let code = u16::try_from(u32::from(char))
        .ok()
        .filter(|_| PRIVATE.contains(&char))?;
    let digit = char::from(*SECOND[0].get(usize::from(code >> 8 & 0xf))?).to_digit(16)?;
    Some(0xd000 | u16::try_from(digit).ok()? << 8 | code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_characters_and_text_stays_text() {
        let text = r#"["\ud83d\ude00", "\uD83D\uDE00", '\ud83d', "\\uDe00"]"#;
        assert!(can_hide(text));
        let hidden = hidden(text.to_owned());
        assert_eq!(
            hidden,
            r#"["\ue03d\ue600", "\uE03D\uEc00", '\ue03d', "\\uE600"]"#
        );
        assert_eq!(shown(hidden).unwrap(), text);

        let shown = |value: &str| shown(value.to_owned());
        assert_eq!(shown("a\u{e03d}\u{e600}b").unwrap(), "a😀b");
        assert_eq!(shown("\u{e03d}\u{ec00}").unwrap(), "😀");
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
    fn a_text_without_halves_or_with_private_characters_is_left_alone() {
        for text in [
            "\"\\ud83d\\ude00\u{e000}\"",
            r#""\ud83d\ude00\ue000""#,
            r#""\ud83d\U0000E000""#,
            r"\u00e9\ud8",
        ] {
            assert!(!can_hide(text), "{text}");
        }
    }
}
