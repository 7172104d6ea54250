//! Values of headers with parameters: `form-data; name="file"; filename="m.zip"`.

use percent_encoding::percent_decode_str;

/// A header's value: the part before the first semicolon, and the parameters behind it.
#[derive(Debug)]
pub(super) struct Parameters {
    /// The first part, in lower case.
    pub essence: String,
    /// The parameters, their names in lower case.
    parameters: Vec<(String, String)>,
}

impl Parameters {
    /// Reads a value. What is not a parameter is skipped.
    pub(super) fn of(value: &str) -> Self {
        let mut pieces = pieces(value).into_iter();
        let essence = pieces.next().unwrap_or_default();
        let parameter = |piece: &str| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
        };
        Parameters {
            essence: essence.trim().to_ascii_lowercase(),
            parameters: pieces.filter_map(parameter).collect(),
        }
    }

    /// The parameter with this name in lower case. `name*`, which can hold any character (RFC 5987), wins over `name`.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let find = |name: &str| {
            let mut found = self.parameters.iter().filter(|(known, _)| known == name);
            found.next().map(|(_, value)| value)
        };
        let extended = find(&format!("{name}*")).and_then(|value| decoded(value));
        extended.or_else(|| find(name).cloned())
    }
}

/// Splits a value at the semicolons outside quotes.
fn pieces(value: &str) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => {
                pieces.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&value[start..]);
    pieces
}

/// A value without its quotes. A backslash stays unless it stands before a quote or a backslash: some browsers send
/// `C:\folder\m.zip`.
fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .map(|rest| rest.strip_suffix('"').unwrap_or(rest));
    match inner {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    }
}

/// The text of a value such as `utf-8''%C3%BCber.zip`.
fn decoded(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    Some(match charset.eq_ignore_ascii_case("iso-8859-1") {
        true => bytes.iter().map(|byte| char::from(*byte)).collect(),
        false => String::from_utf8_lossy(&bytes).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_found_however_clients_write_it() {
        for (value, wanted) in [
            ("form-data; name=\"file\"; filename=\"m.zip\"", "m.zip"),
            ("form-data; name=file; filename=m.zip", "m.zip"),
            ("Form-Data;NAME=file;FileName = m.zip", "m.zip"),
            ("form-data; filename*=utf-8''%C3%BCber.zip", "über.zip"),
            ("form-data; filename*=UTF-8'de'%C3%BCber.zip", "über.zip"),
            ("form-data; filename*=iso-8859-1''%FCber.zip", "über.zip"),
            (
                "form-data; filename=\"ueber.zip\"; filename*=utf-8''%C3%BCber.zip",
                "über.zip",
            ),
            ("form-data; filename*=nonsense; filename=m.zip", "m.zip"),
            ("form-data; filename=\"a;b\\\"c.zip\"", "a;b\"c.zip"),
            ("form-data; filename=\"C:\\x\\m.zip\"", "C:\\x\\m.zip"),
            ("form-data; filename=\"\"", ""),
            ("form-data; filename=\"m.zip", "m.zip"),
        ] {
            let found = Parameters::of(value).get("filename");
            assert_eq!(found.as_deref(), Some(wanted), "{value}");
        }
        for value in [
            "",
            "form-data",
            "form-data; name=\"filename=m.zip\"",
            ";;filename",
        ] {
            assert_eq!(Parameters::of(value).get("filename"), None, "{value}");
        }
        assert_eq!(Parameters::of(" Form-Data ; x=1").essence, "form-data");
    }
}
