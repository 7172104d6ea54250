//! Finds a secret in a text that escapes it: with percent signs, as HTML, or as JSON. Any character may be escaped or not.

use std::ops::Range;

/// The characters that HTML has names for, of those that may be in a token.
const NAMED: [(&str, char); 12] = [
    ("&amp;", '&'),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&plus;", '+'),
    ("&equals;", '='),
    ("&sol;", '/'),
    ("&colon;", ':'),
    ("&dollar;", '$'),
    ("&lowbar;", '_'),
    ("&period;", '.'),
];
/// The longest number of a character, as HTML or JSON write it.
const LONGEST_NUMBER: usize = 7;

/// Where a text has the secret, escaped or not, from a place on.
pub(super) fn find(text: &str, secret: &str, from: usize) -> Option<Range<usize>> {
    let first = *secret.as_bytes().first()?;
    let bytes = text.as_bytes();
    let mut starts = (from..bytes.len())
        .filter(|start| bytes[*start] == first || matches!(bytes[*start], b'%' | b'&' | b'\\'));
    starts.find_map(|start| Some(start..start + matched(&bytes[start..], secret.as_bytes())?))
}

/// Whether a text may contain escapes at all.
pub(super) fn may_escape(text: &str) -> bool {
    text.contains(['%', '&', '\\'])
}

/// How many bytes of the text are the secret, if the text begins with it.
fn matched(text: &[u8], secret: &[u8]) -> Option<usize> {
    let (mut at, mut found) = (0, 0);
    while found < secret.len() {
        let (rest, wanted) = (&text[at..], &secret[found..]);
        let escaped = decoded(rest).filter(|(bytes, _)| wanted.starts_with(bytes));
        let (length, taken) = match escaped {
            Some((bytes, taken)) => (bytes.len(), taken),
            None if rest.first() == wanted.first() => (1, 1),
            None => return None,
        };
        (found, at) = (found + length, at + taken);
    }
    Some(at)
}

/// What an escape at the beginning of a text stands for, and its length.
fn decoded(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text.first()? {
        b'%' => Some((vec![u8::try_from(number(text.get(1..3)?, 16)?).ok()?], 3)),
        b'\\' => match text.get(1)? {
            b'u' => Some((utf8(number(text.get(2..6)?, 16)?)?, 6)),
            char @ (b'"' | b'\\' | b'/' | b'\'') => Some((vec![*char], 2)),
            _ => None,
        },
        b'&' if text.get(1) == Some(&b'#') => {
            let end = text
                .iter()
                .take(LONGEST_NUMBER + 4)
                .position(|byte| *byte == b';')?;
            let code = match text.get(2)? {
                b'x' | b'X' => number(text.get(3..end)?, 16)?,
                _ => number(text.get(2..end)?, 10)?,
            };
            Some((utf8(code)?, end + 1))
        }
        b'&' => NAMED
            .iter()
            .find(|(name, _)| text.starts_with(name.as_bytes()))
            .map(|(name, char)| (char.to_string().into_bytes(), name.len())),
        _ => None,
    }
}

/// A number that is written with nothing but digits.
fn number(digits: &[u8], base: u32) -> Option<u32> {
    let are_digits = digits.iter().all(|digit| char::from(*digit).is_digit(base));
    let digits = std::str::from_utf8(digits).ok().filter(|_| are_digits)?;
    u32::from_str_radix(digits, base).ok()
}

fn utf8(code: u32) -> Option<Vec<u8>> {
    Some(char::from_u32(code)?.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_however_it_is_escaped() {
        let secret = "a+b/c=\"\u{e9}\\%41";
        for (case, escaped) in [
            ("plain", secret),
            ("percent", "a%2Bb%2fc%3D%22%C3%A9%5C%2541"),
            (
                "percent, all of it",
                "%61%2B%62%2F%63%3D%22%C3%A9%5C%25%34%31",
            ),
            ("HTML", "a&plus;b&sol;c&equals;&quot;&#233;\\%41"),
            (
                "HTML, by numbers",
                "a&#43;b&#x2F;c&#061;&#x22;&#xe9;&#92;&#37;41",
            ),
            ("JSON", "a\\u002bb\\/c=\\\"\\u00E9\\\\%41"),
        ] {
            let text = format!("%2 &x; \\q {escaped}.");
            let place = find(&text, secret, 0);
            let found = place.map(|place| &text[place]);
            assert_eq!(found, Some(escaped), "{case}");
        }
    }

    #[test]
    fn what_is_not_the_secret_is_not_found() {
        for text in [
            "",
            "%",
            "%2",
            "&#",
            "&#;",
            "&#x110000;",
            "\\u00",
            "\\",
            "secre%2",
            "%zzecret",
        ] {
            assert_eq!(find(text, "secret", 0), None, "{text}");
        }
        assert_eq!(find("secret, secret", "secret", 1), Some(8..14));
    }
}
