//! Characters written as JSON writes them beyond U+FFFF, as two escapes of half a character each: `"\ud83d\ude00"`.
//!
//! libyaml refuses such escapes. So `\ud…` becomes `\ue…`, the escape of a private character, and values get back what was
//! meant. That takes a text without those characters; any other stays as it is, and is refused.

use std::ops::RangeInclusive;

use memchr::memmem;

/// The private characters that stand for halves.
const PRIVATE: RangeInclusive<char> = '\u{e000}'..='\u{edff}';
/// What a half's escape has for a second digit, and what stands for it.
const SECOND: [&[u8; 14]; 2] = [b"89abcdefABCDEF", b"0123456789abcd"];

/// Whether a text has halves, and room for what stands for them.
pub fn can_hide(text: &str) -> bool {
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

/// The text with stand-ins for halves, of the same length.
pub fn hidden(text: String) -> String {
    exchanged(text, b'd', b'e', SECOND)
}

/// A value of such a text as it was meant.
///
/// # Errors
/// Half a character without its other half.
pub fn shown(value: String) -> Result<String, &'static str> {
    // Escapes that are none, as in a literal block, are text.
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
                    _ => return Err("half a surrogate pair"),
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
    String::from_utf8(bytes).unwrap_or_default() // of which a digit more or less makes nothing else
}

/// The place of an escape's second digit among `digits`, when its first is this one in either case.
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
        assert_eq!(shown(hidden).as_deref(), Ok(text));

        let shown = |value: &str| shown(value.to_owned());
        assert_eq!(shown("a\u{e03d}\u{e600}b").as_deref(), Ok("a😀b"));
        assert_eq!(shown("\u{e03d}\u{ec00}").as_deref(), Ok("😀"));
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
