//! Keys as Go's encoding/json takes them: it finds the field of a structure in any case.

/// Whether Go takes a key for a field, whose name has ASCII letters: of all other characters two alone fold to ASCII, the
/// Kelvin sign and the long s.
pub(crate) fn folds_to(key: &str, field: &str) -> bool {
    if key.is_ascii() {
        return key.eq_ignore_ascii_case(field);
    }
    let fold = |letter: char| match letter {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        letter => letter.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(field.chars().map(fold))
}

#[cfg(test)]
mod tests {
    use super::folds_to;

    #[test]
    fn case_the_kelvin_sign_and_the_long_s_make_no_other_key() {
        for key in ["skips", "SKIPS", "\u{17f}kips", "s\u{212a}ip\u{17f}"] {
            assert!(folds_to(key, "skips"), "{key}");
        }
        for key in ["skip", "skipss", "\u{e4}kips", "s\u{3ba}ips", ""] {
            assert!(!folds_to(key, "skips"), "{key}");
        }
    }
}
