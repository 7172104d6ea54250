//! What libyaml takes for a scalar and the reference does not, tabs aside.

/// Why PyYAML refuses a plain scalar between brackets: it takes a question mark for a key's.
pub fn in_flow(value: &str) -> Option<&'static str> {
    value
        .contains('?')
        .then_some("`?` in a plain scalar between brackets; write it in quotes")
}

/// Why a block scalar is refused: the comment behind its indicators wants a space before it.
pub fn in_block(written: &str) -> Option<&'static str> {
    let (_, behind) = written.split_once(['|', '>'])?;
    behind
        .trim_start_matches(|char: char| matches!(char, '+' | '-') || char.is_ascii_digit())
        .starts_with('#')
        .then_some("a comment that touches the indicator of a block scalar")
}
