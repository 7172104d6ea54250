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

/// A text without its escapes.
pub(super) struct Decoded {
    text: String,
    /// Where each byte of it comes from in the source, and the source's end.
    places: Vec<usize>,
}

impl Decoded {
    /// Where the source has a secret. A secret may itself look like an escape.
    pub(super) fn find(&self, secret: &str) -> Vec<Range<usize>> {
        let places_of = |secret: &str| -> Vec<Range<usize>> {
            let found = self.text.match_indices(secret);
            let place = |at: usize| self.places[at]..self.places[at + secret.len()];
            found.map(|(at, _)| place(at)).collect()
        };
        let mut places = places_of(secret);
        if may_escape(secret) {
            places.extend(places_of(&decode(secret).text));
        }
        places
    }
}

/// Replaces every escape by what it stands for.
pub(super) fn decode(source: &str) -> Decoded {
    let bytes = source.as_bytes();
    let (mut text, mut places) = (Vec::with_capacity(bytes.len()), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        if let Some((decoded, length)) = decoded(&bytes[at..]) {
            places.extend(decoded.iter().map(|_| at));
            text.extend(decoded);
            at += length;
        } else {
            places.push(at);
            text.push(bytes[at]);
            at += 1;
        }
    }
    places.push(source.len());
    // Whole characters replace whole characters, so that this is always UTF-8.
    let text = String::from_utf8_lossy(&text).into_owned();
    Decoded { text, places }
}

/// Whether a text may contain escapes at all.
pub(super) fn may_escape(text: &str) -> bool {
    text.contains(['%', '&', '\\'])
}

/// What an escape at the beginning of a text stands for, and its length.
fn decoded(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    match text.first()? {
        b'%' => percent(text),
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

/// A character in as many bytes as it has, each with its percent sign.
fn percent(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let byte = |escape: &[u8]| match escape.split_first()? {
        (b'%', digits) => u8::try_from(number(digits, 16)?).ok(),
        _ => None,
    };
    let mut bytes = Vec::new();
    for escape in text.chunks_exact(3).take(4) {
        bytes.push(byte(escape)?);
        if std::str::from_utf8(&bytes).is_ok() {
            let length = 3 * bytes.len();
            return Some((bytes, length));
        }
    }
    None
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
            let text = format!("%2 &x; \\q %ff {escaped}.");
            let places = decode(&text).find(secret);
            let found = places.first().map(|place| &text[place.clone()]);
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
            assert!(decode(text).find("secret").is_empty(), "{text}");
        }
        assert_eq!(
            decode("&amp; secret, secret").find("secret"),
            [6..12, 14..20]
        );
    }
}
