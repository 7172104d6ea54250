//! Base64 as Go's standard encoding takes it: padded, with line ends anywhere.

/// Whether Go takes a text.
///
/// # Errors
/// What Go says of it.
pub(super) fn check(text: &str) -> Result<(), String> {
    let bytes = || text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let letters = bytes().take_while(is_letter).count();
    let padding = bytes()
        .skip(letters)
        .take_while(|byte| *byte == b'=')
        .count();
    let is_whole = letters + padding == bytes().count();
    if is_whole && padding <= 2 && (letters + padding) % 4 == 0 {
        return Ok(());
    }
    Err(format!("illegal base64 data at input byte {letters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_needed_and_line_ends_are_not_counted() {
        for text in ["", "bmV3", "bm8=", "bm9v\nbm9v\r\n", "aA=="] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
        for text in ["bm8", "%", "bm8=bm8=", "bm 8=", "A===", "bm-_"] {
            let message = check(text).unwrap_err();
            assert!(
                message.starts_with("illegal base64 data at input byte "),
                "{text:?}: {message}"
            );
        }
    }
}
