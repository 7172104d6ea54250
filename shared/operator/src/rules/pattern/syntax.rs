//! Python's syntax of regular expressions: its tokens, and how Rust's syntax writes them.

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'p> {
    pub kind: Kind,
    pub text: &'p str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A character that matches itself, or `.`, `^`, `$`.
    Char,
    /// A backslash and a character.
    Escape,
    /// `\1` or `(?P=name)`.
    BackReference,
    /// `[…]`
    Class,
    /// `(`, with what says of which sort the group is: `(?:`, `(?P<name>`.
    Open,
    /// `(?=`, `(?!`, `(?<=` or `(?<!`.
    OpenLookAround,
    /// `(?#…)`, `(?i)`, `(?(1)` and whatever else there is.
    Other,
    Close,
    Bar,
    /// `*`, `+`, `?` or bounds in braces, with a `?` or `+` behind them.
    Repeat,
}

/// The pieces of a pattern, in order; together they are all of it.
pub(super) fn tokens(pattern: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest) = (Vec::new(), pattern);
    while let Some(char) = rest.chars().next() {
        let (kind, length) = match char {
            '\\' => escape(rest),
            '[' => (Kind::Class, class_length(rest)),
            '(' => open(rest),
            ')' => (Kind::Close, 1),
            '|' => (Kind::Bar, 1),
            '*' | '+' | '?' => (Kind::Repeat, with_mode(rest, 1)),
            '{' => match bounds(rest) {
                Some(bounds) => (Kind::Repeat, with_mode(rest, bounds.len() + 2)),
                None => (Kind::Char, 1),
            },
            _ => (Kind::Char, char.len_utf8()),
        };
        let (text, behind) = rest.split_at(length);
        tokens.push(Token { kind, text });
        rest = behind;
    }
    tokens
}

/// The pattern in Rust's syntax.
pub(super) fn translate(tokens: &[Token]) -> String {
    tokens.iter().map(translate_token).collect()
}

pub(super) fn translate_token(token: &Token) -> String {
    match (token.kind, token.text) {
        (Kind::Escape, "\\Z") => "\\z".to_owned(),
        (Kind::Char, "{") => "\\{".to_owned(),
        (Kind::Repeat, text) if text.starts_with("{,") => text.replacen("{,", "{0,", 1),
        (Kind::Class, text) => translate_class(text),
        (_, text) => text.to_owned(),
    }
}

/// Sets within sets and operations on sets are Rust's alone.
fn translate_class(class: &str) -> String {
    let (head, mut rest) = class.split_at(class_head(class));
    let mut translated = head.replace("]", "\\]");
    while let Some(char) = rest.chars().next() {
        let behind = &rest[char.len_utf8()..];
        match char {
            '\\' => {
                let escaped = behind.chars().next().map_or(0, char::len_utf8);
                translated.push_str(&rest[..1 + escaped]);
                rest = &behind[escaped..];
                continue;
            }
            '[' => translated.push_str("\\["),
            '&' | '~' | '-' if behind.starts_with(char) => translated.extend(['\\', char]),
            _ => translated.push(char),
        }
        rest = behind;
    }
    translated
}

fn escape(rest: &str) -> (Kind, usize) {
    let escaped = rest[1..].chars().next();
    match escaped {
        Some('1'..='9') => {
            let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
            (Kind::BackReference, 1 + digits)
        }
        _ => (Kind::Escape, 1 + escaped.map_or(0, char::len_utf8)),
    }
}

/// `[`, `^`, and a `]` that is a member because it is the first.
fn class_head(class: &str) -> usize {
    let inside = &class[1..];
    let members = inside.strip_prefix('^').unwrap_or(inside);
    let members = members.strip_prefix(']').unwrap_or(members);
    class.len() - members.len()
}

fn class_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, char) in rest
        .char_indices()
        .skip_while(|(at, _)| *at < class_head(rest))
    {
        match char {
            ']' if !is_escaped => return at + 1,
            _ => is_escaped = char == '\\' && !is_escaped,
        }
    }
    rest.len()
}

fn open(rest: &str) -> (Kind, usize) {
    let up_to = |end: char| rest.find(end).map_or(rest.len(), |at| at + 1);
    for look_around in ["(?=", "(?!", "(?<=", "(?<!"] {
        if rest.starts_with(look_around) {
            return (Kind::OpenLookAround, look_around.len());
        }
    }
    if rest.starts_with("(?:") || rest.starts_with("(?>") {
        (Kind::Open, 3)
    } else if rest.starts_with("(?P<") || rest.starts_with("(?<") {
        (Kind::Open, up_to('>'))
    } else if rest.starts_with("(?P=") {
        (Kind::BackReference, up_to(')'))
    } else if rest.starts_with("(?") {
        (Kind::Other, up_to(')'))
    } else {
        (Kind::Open, 1)
    }
}

/// The length of a repetition that says in `length` bytes how often, with what says how greedy it is.
fn with_mode(rest: &str, length: usize) -> usize {
    length + usize::from(rest[length..].starts_with(['?', '+']))
}

/// What stands between the braces of a repetition: `2`, `2,`, `2,3` or `,3`. Other braces are text to Python.
fn bounds(rest: &str) -> Option<&str> {
    let (bounds, _) = rest[1..].split_once('}')?;
    let (from, to) = bounds.split_once(',').unwrap_or((bounds, "0"));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (number(from) && number(to) && bounds.bytes().any(|byte| byte.is_ascii_digit()))
        .then_some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tokens_of_a_pattern_are_all_of_it() {
        let cases: [(&str, &[&str]); 6] = [
            ("a.*?b", &["a", ".", "*?", "b"]),
            ("(?<![\\w.-])q\\.", &["(?<!", "[\\w.-]", ")", "q", "\\."]),
            ("[]a]{2,3}+|[^]\\]]", &["[]a]", "{2,3}+", "|", "[^]\\]]"]),
            (
                "(?P<x>a)(?P=x)\\12",
                &["(?P<x>", "a", ")", "(?P=x)", "\\12"],
            ),
            ("{a}(?#(c)", &["{", "a", "}", "(?#(c)"]),
            ("(?i)[a\\", &["(?i)", "[a\\"]),
        ];
        for (pattern, wanted) in cases {
            let found: Vec<&str> = tokens(pattern).iter().map(|token| token.text).collect();
            assert_eq!(found, wanted, "{pattern}");
        }
    }
}
