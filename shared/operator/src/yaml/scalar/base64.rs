//! Base64 as Python's decoder reads it: characters outside the alphabet are dropped, and complete padding ends it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes that a text encodes; nothing where padding is missing.
pub(super) fn decode(text: String) -> Option<Vec<u8>> {
    let (mut count, mut padding) = (0, 0);
    let mut data = text.into_bytes();
    data.retain(|byte| {
        let is_complete = padding > 0 && (count + padding) % 4 == 0;
        let is_data = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        match byte {
            _ if is_complete => return false,
            b'=' if count % 4 >= 2 => padding += 1,
            _ if is_data => (count, padding) = (count + 1, 0),
            _ => {}
        }
        is_data
    });
    let missing = data.len().next_multiple_of(4) - data.len();
    if padding < missing {
        return None;
    }
    data.resize(data.len() + missing, b'A'); // zeros
    let mut bytes = STANDARD.decode(data).ok()?;
    bytes.truncate(bytes.len() - missing);
    Some(bytes)
}
