//! What the text of a pattern with look-around or back-references says of where it matches and how far it looks.

use super::syntax::{Kind, Token, translate_token};

/// The group of [`Shape::candidates`] at whose start a match may begin: its only one.
pub(super) const CANDIDATE: usize = 1;
/// What [`Shape::candidates`] are where nothing is known.
pub(super) const EVERYWHERE: &str = "()";

/// The flag that changes nothing of what is said here.
const IGNORING_CASE: &str = "(?i)";

/// The shape of a pattern.
#[derive(Debug)]
pub(super) struct Shape {
    /// Whether nothing in it can match a line end or look past one.
    pub stays_in_line: bool,
    /// Whether it matches and looks at a bounded number of characters.
    pub is_bounded: bool,
    /// A pattern without look-around and back-references, in Rust's syntax. It matches wherever the pattern does, and its
    /// group [`CANDIDATE`] begins where that match begins.
    pub candidates: String,
    /// Bytes by which a match of `candidates` may begin before that group.
    pub longest_lead: usize,
}

impl Shape {
    /// Reads the shape of a pattern.
    ///
    /// # Errors
    /// What makes the pattern's cost unbounded, however few steps there are.
    pub(crate) fn of(tokens: &[Token]) -> Result<Self, &'static str> {
        check_repeated_looks(tokens)?;
        let stays_in_line = all_stay_in_line(tokens);
        let (candidates, longest_lead) =
            candidates(tokens, stays_in_line).unwrap_or_else(|| (EVERYWHERE.to_owned(), 0));
        Ok(Shape {
            stays_in_line,
            is_bounded: !tokens.iter().any(may_match_far),
            candidates,
            longest_lead,
        })
    }
}

/// A group whose end is still to come.
#[derive(Default)]
struct Group {
    is_look_around: bool,
    /// Whether something in it may match any number of characters.
    matches_far: bool,
    /// Whether a look-around in it may.
    looks_far: bool,
}

/// Refuses a look-around that may look far in something that is repeated: it may look far from each character, in a single
/// step of the engine.
fn check_repeated_looks(tokens: &[Token]) -> Result<(), &'static str> {
    let mut open = vec![Group::default()];
    let mut closed = Group::default();
    for token in tokens {
        let repeated = std::mem::take(&mut closed);
        match token.kind {
            Kind::Open | Kind::OpenLookAround => open.push(Group {
                is_look_around: token.kind == Kind::OpenLookAround,
                ..Group::default()
            }),
            // The group of a condition has a `)` of its own.
            Kind::Other if token.text.starts_with("(?(") => open.push(Group::default()),
            Kind::Close => {
                closed = open.pop().unwrap_or_default();
                closed.looks_far |= closed.is_look_around && closed.matches_far;
                if let Some(outer) = open.last_mut() {
                    outer.matches_far |= closed.matches_far;
                    outer.looks_far |= closed.looks_far;
                }
            }
            Kind::Repeat if repeated.looks_far && may_match_far(token) => {
                return Err("repeats a look-around that may look at any number of characters");
            }
            _ => {}
        }
        if let Some(group) = open.last_mut() {
            group.matches_far |= may_match_far(token);
        }
    }
    Ok(())
}

/// Whether a token may match more than a few characters.
fn may_match_far(token: &Token) -> bool {
    match token.kind {
        Kind::BackReference => true,
        Kind::Repeat => match token.text.strip_prefix('{') {
            // One digit, or two with a comma.
            Some(bounds) => {
                !matches!(
                    bounds.trim_end_matches(['?', '+', '}']).as_bytes(),
                    [_] | [b',', _] | [_, b',', _]
                ) || bounds.contains(",}")
            }
            None => !token.text.starts_with('?'),
        },
        _ => false,
    }
}

/// Whether nothing in a pattern can match a line end or look past one.
pub(super) fn all_stay_in_line(tokens: &[Token]) -> bool {
    tokens.iter().all(stays_in_line)
}

/// Whether a token can neither match a line end nor look past one; not always found out where it is so.
fn stays_in_line(token: &Token) -> bool {
    match token.kind {
        Kind::Char => token.text != "\n",
        Kind::Escape => is_escape_in_line(token.text),
        Kind::Class => is_class_in_line(token.text),
        Kind::Other => token.text.starts_with("(?#") || token.text == IGNORING_CASE,
        _ => true,
    }
}

/// Words, digits, what is no space, boundaries of words, tabs and punctuation.
fn is_escape_in_line(escape: &str) -> bool {
    let letter = escape.chars().nth(1);
    letter.is_some_and(|letter| "wdSbBt".contains(letter) || letter.is_ascii_punctuation())
}

fn is_class_in_line(class: &str) -> bool {
    let is_negated = class.starts_with("[^");
    let (mut in_line, mut lists_line_end) = (true, false);
    let mut chars = class.chars();
    while let Some(char) = chars.next() {
        if char == '\\' {
            let escaped = chars.next().unwrap_or_default();
            in_line &= is_escape_in_line(&format!("\\{escaped}"))
                && !(escaped == 't' && chars.as_str().starts_with('-'));
            lists_line_end |= "nsWD".contains(escaped);
        } else {
            in_line &= !char.is_control();
            lists_line_end |= char == '\n';
        }
    }
    if is_negated { lists_line_end } else { in_line }
}

/// The pattern without look-around and back-references, and the bytes that its lead may have; nothing where that is not
/// simple. A look-behind at the very start is its lead: it must match there, and restricts best where a match may begin.
fn candidates(tokens: &[Token], stays_in_line: bool) -> Option<(String, usize)> {
    let (lead, rest) = split_lead(tokens);
    let any = if stays_in_line {
        "(?:[^\\n]*)"
    } else {
        "(?s:.*)"
    };
    let (lead, rest) = (without_looks(lead, any)?, without_looks(rest, any)?);
    let longest_lead = 4 * lead.len();
    Some((format!("(?:{lead})({rest})"), longest_lead))
}

/// The tokens in a positive look-behind at the very start of a pattern, and those behind it.
fn split_lead<'t, 'p>(tokens: &'t [Token<'p>]) -> (&'t [Token<'p>], &'t [Token<'p>]) {
    let none: (&[Token], _) = (&[], tokens);
    let mut depth = 0_usize;
    let mut end = None;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open | Kind::OpenLookAround => depth += 1,
            Kind::Other if token.text.starts_with("(?(") => depth += 1,
            Kind::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 && end.is_none() {
                    end = Some(at);
                }
            }
            Kind::Bar if depth == 0 => return none,
            _ => {}
        }
    }
    match (tokens, end) {
        ([first, ..], Some(end)) if first.text == "(?<=" && !is_repeated(tokens, end) => {
            let (lead, rest) = (&tokens[1..end], &tokens[end + 1..]);
            // Matches of one length begin in the order in which they end.
            let has_one_length = |token: &Token| {
                !matches!(token.kind, Kind::Repeat | Kind::Bar | Kind::BackReference)
            };
            if lead.iter().all(has_one_length) {
                (lead, rest)
            } else {
                none
            }
        }
        _ => none,
    }
}

fn is_repeated(tokens: &[Token], at: usize) -> bool {
    tokens
        .get(at + 1)
        .is_some_and(|next| next.kind == Kind::Repeat)
}

/// The tokens in Rust's syntax, without look-around, and with something that matches `any` text for back-references.
fn without_looks(tokens: &[Token], any: &str) -> Option<String> {
    let mut kept = String::new();
    // Of each open group, whether it is left out.
    let mut left_out: Vec<bool> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_left_out = left_out.last() == Some(&true);
        match token.kind {
            Kind::OpenLookAround => left_out.push(true),
            Kind::Open => {
                left_out.push(is_left_out);
                if !is_left_out {
                    kept.push_str("(?:");
                }
            }
            Kind::Close => {
                let was_left_out = left_out.pop()?;
                if !was_left_out {
                    kept.push(')');
                } else if is_repeated(tokens, at) && left_out.last() != Some(&true) {
                    return None;
                }
            }
            Kind::Other if token.text.starts_with("(?#") => {}
            Kind::Other if token.text == IGNORING_CASE && at == 0 => kept.push_str(token.text),
            Kind::Other => return None,
            _ if is_left_out => {}
            Kind::BackReference => kept.push_str(any),
            Kind::Escape if token.text == "\\G" => return None,
            _ => kept.push_str(&translate_token(token)),
        }
    }
    left_out.is_empty().then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::super::syntax::tokens;
    use super::*;

    fn shape(pattern: &str) -> Shape {
        Shape::of(&tokens(pattern)).unwrap()
    }

    #[test]
    fn a_pattern_without_looks_finds_where_it_may_match() {
        for (pattern, wanted) in [
            ("(?<![\\w.-])quay\\.io/(?!approved/)", "(?:)(quay\\.io/)"),
            ("(?<=quay\\.io/)(a|b)+", "(?:quay\\.io/)((?:a|b)+)"),
            ("(?<=a)b|c", "(?:)(b|c)"),
            ("(\\w+)-\\1{2}", "(?:)((?:\\w+)-(?:[^\\n]*){2})"),
            ("(?:(?!a(?=b)|c).)*d", "(?:)((?:.)*d)"),
            ("a(?=b)*", "()"),
            ("(a)?(?(1)b|c)", "()"),
            ("(?i)a(?!b)", "(?:)((?i)a)"),
            ("(?<=a|bc)d", "(?:)(d)"),
        ] {
            assert_eq!(shape(pattern).candidates, wanted, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_stays_in_its_line_if_nothing_in_it_matches_a_line_end() {
        for pattern in [
            "(?<![\\w.-])quay\\.io/(?!approved/)",
            "^(?!#)[ \\t]*image: \\S+$",
            "(?=[^/\\n]*z)[^\\s\"]",
            "[]a-z-](?=\\b.)",
        ] {
            assert!(shape(pattern).stays_in_line, "{pattern}");
        }
        for pattern in [
            "(?!a)\\s",
            "(?=[^z]*z)[^z]",
            "(?!a)[\\t-a]",
            "(?!a)\\Z",
            "(?s)(?!a).",
            "(?<=\\n)a",
            "(?!a)[\\s]",
            "(?!a)[\\x00-z]",
            "\n(?!a)",
            "(?!a)\\W",
            "(?!a)[^\\S]",
        ] {
            assert!(!shape(pattern).stays_in_line, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_is_bounded_if_nothing_in_it_repeats_for_long() {
        for pattern in ["(?!a)b?c{2}d{1,3}", "(?!a)e{,3}f??"] {
            assert!(shape(pattern).is_bounded, "{pattern}");
        }
        for pattern in [
            "(?!a)b*",
            "(?!a+)b",
            "(a)\\1",
            "(?!a)b{2,}",
            "(?!a)b{10}",
            "(?!a)b{1,10}",
        ] {
            assert!(!shape(pattern).is_bounded, "{pattern}");
        }
    }

    #[test]
    fn what_no_number_of_steps_bounds_is_refused() {
        for (pattern, wanted) in [
            ("(?:(?=[^z]*z)[^z])*", "repeats a look-around"),
            ("(?:a(?:(?!b+)c){2}d)+", "repeats a look-around"),
            ("(x*)(?:(?=\\1)x){1000}", "repeats a look-around"),
        ] {
            let problem = Shape::of(&tokens(pattern)).unwrap_err();
            assert!(problem.contains(wanted), "{pattern}: {problem}");
        }
        assert!(Shape::of(&tokens("(?:(?!foo).)*b(?=c+)")).is_ok());
    }
}
