//! Whether a text is JSON as Python's `json.loads` takes it: `NaN`, the infinities and lone surrogates included.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde::de::IgnoredAny;

/// Nesting at which Python's own reader gives up.
const MAX_DEPTH: usize = 990;
/// Digits of the longest whole number that Python reads.
const MAX_DIGITS: usize = 4300;

/// What Python reads otherwise than serde_json, and the strings, in which all of that is text.
#[expect(
    clippy::expect_used,
    reason = "the pattern is constant, and a test runs it"
)]
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    let (string, constant) = (r#""(?:[^"\\]|\\.)*"?"#, "-?Infinity|NaN");
    let number = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?";
    Regex::new(&format!(r"(?s){string}|{constant}|[\[\]{{}}]|{number}")).expect("it compiles")
});

/// Whether `json.loads` would take the text.
///
/// # Errors
/// The byte that it would not take; the text's length where it ends too early.
pub(super) fn check(text: &str) -> Result<(), usize> {
    let text = without_constants(text)?;
    let Err(error) = serde_json::from_str::<IgnoredAny>(&text) else {
        return Ok(());
    };
    if error.is_eof() {
        return Err(text.len());
    }
    let lines_before = text.split_inclusive('\n').take(error.line() - 1);
    let line_start: usize = lines_before.map(str::len).sum();
    let at = text.floor_char_boundary(line_start + error.column().saturating_sub(1));
    // A word that is none is wrong from its first letter on.
    let before = text[..at].trim_end_matches(|char: char| char.is_ascii_alphabetic());
    Err(before.len())
}

/// The text with an empty list for each of the constants that Python's reader knows beside those of JSON: no list is a key,
/// and none goes on with what is before it.
fn without_constants(text: &str) -> Result<String, usize> {
    let (mut standard, mut depth) = (String::with_capacity(text.len()), 0_usize);
    for token in TOKENS.find_iter(text) {
        match token.as_str() {
            "[" | "{" if depth >= MAX_DEPTH && !is_empty_at(text, token.range()) => {
                return Err(token.start());
            }
            "[" | "{" => depth += 1,
            "]" | "}" => depth = depth.saturating_sub(1),
            "NaN" | "Infinity" | "-Infinity" => {
                standard.push_str(&text[standard.len()..token.start()]);
                standard.push_str(&format!("{:1$}", "[]", token.len()));
            }
            number
                if number.len() > MAX_DIGITS
                    && number.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                return Err(token.start());
            }
            _ => {}
        }
    }
    standard.push_str(&text[standard.len()..]);
    Ok(standard)
}

/// Whether the bracket that opens at a place closes at once.
fn is_empty_at(text: &str, bracket: Range<usize>) -> bool {
    let inside = text[bracket.end..].trim_start_matches([' ', '\t', '\n', '\r']);
    inside.starts_with(if &text[bracket] == "[" { ']' } else { '}' })
}

#[cfg(test)]
mod tests {
    use super::check;

    fn is_valid(text: &str) -> bool {
        check(text).is_ok()
    }

    #[test]
    fn the_byte_that_is_wrong_is_reported() {
        for (text, wanted) in [
            ("{\"a\": 1,\n}", 9),
            ("[1 2]", 3),
            ("[]]", 2),
            ("[nul]", 1),
            ("[", 1),
            ("", 0),
            ("[NaN, nan]", 6),
            ("[NaN,\n Infinity,\n ä]", 18),
            ("{NaN: 1}", 1),
        ] {
            assert_eq!(check(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn json_is_what_python_takes() {
        for text in [
            "[]",
            " {\"a\": [1, -2.5e-3, true, null]}\n",
            "NaN",
            "[-Infinity, Infinity]",
            r#""\ud800""#,
            "0",
            "-0",
            "{}",
            r#"["NaN", "\\\"", NaN, "]"]"#,
            "1e5",
            r#"[{"a":{}},[[]],"\n"]"#,
        ] {
            assert!(is_valid(text), "{text}");
        }
        for text in [
            "",
            "[",
            "[1,]",
            "{\"a\"}",
            "{a: 1}",
            "01",
            "1.",
            ".5",
            "-",
            "+1",
            "'a'",
            "\"\n\"",
            r#""\x41""#,
            r#""\u12""#,
            "[]]",
            "nul",
            "\u{feff}[]",
            "[1 2]",
            "{\"a\":1,}",
            "]",
            "1e",
            "-NaN",
            "1NaN",
            "NaN1",
            "NaNNaN",
            "[NaN Infinity]",
            "{\"a\": 1, Infinity: 2}",
            "\"",
            "\"a\\",
            "nan",
            "+Infinity",
        ] {
            assert!(!is_valid(text), "{text}");
        }
        assert!(is_valid(&format!("{}{}", "[".repeat(900), "]".repeat(900))));
        assert!(!is_valid(&"[".repeat(100_000)));
    }

    #[test]
    fn nesting_and_whole_numbers_have_python_s_limits() {
        let nested = |depth, inside| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            check(&format!("{open}{inside}{close}"))
        };
        assert_eq!(nested(990, "1"), Ok(()));
        assert_eq!(nested(990, "{ }"), Ok(()));
        assert_eq!(nested(991, "1"), Err(990));
        assert_eq!(nested(1, &format!("\"{}\"", "[".repeat(2_000))), Ok(()));

        let digits = |count| "9".repeat(count);
        assert_eq!(check(&digits(4_300)), Ok(()));
        assert_eq!(check(&format!("[-{}]", digits(4_301))), Err(2));
        assert_eq!(check(&format!("{}.0", digits(5_000))), Ok(()));
        assert_eq!(check(&format!("1e{}", digits(5_000))), Ok(()));
    }
}
