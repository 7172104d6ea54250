//! Bodies of forms, including bodies that no library would send.

const BOUNDARY: &str = "omps-tests-boundary";

/// The `Content-Type` of a [`form`].
pub fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// The body of a form whose parts are these heads, without line ends behind them, and these contents. `line_end` ends its
/// lines.
pub fn form_of(parts: &[(&str, &[u8])], line_end: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend(format!("--{BOUNDARY}{line_end}{head}{line_end}{line_end}").into_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(line_end.as_bytes());
    }
    body.extend(format!("--{BOUNDARY}--{line_end}").into_bytes());
    body
}

/// The body of a form with one part.
pub fn form(name: &str, filename: Option<&str>, content: &[u8]) -> Vec<u8> {
    let filename =
        filename.map_or_else(String::new, |filename| format!("; filename=\"{filename}\""));
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}
