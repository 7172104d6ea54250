//! Reads the parts of a multipart form (RFC 7578) that is in memory. Lines end with CRLF, or with LF alone, as OMPS took
//! them too. No crate reads such lines, or gives the headers on which `filename*` and base64 depend.

use std::ops::Range;

use memchr::memmem::Finder;

/// The most headers of one part.
const MOST_HEADERS: usize = 100;
/// The most bytes of one part's headers.
const HEADERS_LIMIT: usize = 8 << 10;

/// One part of a form.
#[derive(Debug)]
pub(super) struct Part {
    /// The headers, their names in lower case.
    headers: Vec<(String, String)>,
    /// Where the content is in the body.
    pub content: Range<usize>,
}

impl Part {
    /// The value of a header; empty if it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map_or("", |(_, value)| value)
    }
}

/// The parts of a form, one after the other. After an error there are no more.
pub(super) struct Parts<'a> {
    body: &'a [u8],
    /// `--` and the boundary.
    delimiter: Vec<u8>,
    /// The start of the next part, or `None` at the end of the form.
    next: Option<usize>,
}

impl<'a> Parts<'a> {
    /// The parts of a body with this boundary.
    ///
    /// # Errors
    /// The body has no line with the boundary.
    pub(super) fn of(body: &'a [u8], boundary: &str) -> Result<Self, String> {
        let delimiter = format!("--{boundary}").into_bytes();
        let mut parts = Parts {
            body,
            delimiter,
            next: None,
        };
        let first = parts.delimiter_from(0);
        let first = first.ok_or_else(|| {
            let boundary: String = boundary.chars().take(70).collect();
            format!("no line is --{boundary}, the boundary in the content type")
        })?;
        parts.next = first.next;
        Ok(parts)
    }

    /// The first line with the boundary that starts at `from` or later. `from` is the start of a line.
    fn delimiter_from(&self, from: usize) -> Option<Delimiter> {
        let finder = Finder::new(&self.delimiter);
        let found = finder.find_iter(&self.body[from..]).map(|at| at + from);
        found
            .filter(|at| *at == from || self.body[at - 1] == b'\n')
            .find_map(|at| self.delimiter_at(at, from))
    }

    /// The delimiter at this place, if the rest of its line shows that it is one.
    fn delimiter_at(&self, at: usize, from: usize) -> Option<Delimiter> {
        let behind = at + self.delimiter.len();
        let rest = &self.body[behind..];
        let next = match rest.strip_prefix(b"--") {
            Some(_) => None,
            None => {
                let padding = rest.iter().take_while(|byte| b" \t".contains(byte)).count();
                let line_end = line_end(&rest[padding..])?;
                Some(behind + padding + line_end)
            }
        };
        // The line end before the delimiter belongs to it.
        let before = &self.body[from..at];
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        Some(Delimiter {
            content_end: from + before.len(),
            next,
        })
    }

    fn part(&mut self, start: usize) -> Result<Part, String> {
        let (headers, content) = headers(self.body, start)?;
        let end = self.delimiter_from(content);
        let end = end.ok_or("the form ends inside a part: its last line is not the boundary")?;
        self.next = end.next;
        Ok(Part {
            headers,
            content: content..end.content_end,
        })
    }
}

impl Iterator for Parts<'_> {
    type Item = Result<Part, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next.take()?;
        Some(self.part(start))
    }
}

/// A line with the boundary.
struct Delimiter {
    /// Where the content before it ends.
    content_end: usize,
    /// Where the part behind it starts, unless it ends the form.
    next: Option<usize>,
}

/// The length of the line end with which a text starts.
fn line_end(text: &[u8]) -> Option<usize> {
    match text {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        _ => None,
    }
}

type Headers = Vec<(String, String)>;

/// The headers of the part that starts here, and the start of its content.
fn headers(body: &[u8], start: usize) -> Result<(Headers, usize), String> {
    let mut headers: Headers = Vec::new();
    let mut at = start;
    loop {
        let length = memchr::memchr(b'\n', &body[at..]);
        let length = length.ok_or("the form ends inside the headers of a part")?;
        let line = &body[at..at + length];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += length + 1;
        if at - start > HEADERS_LIMIT {
            return Err(format!(
                "a part has headers of more than {HEADERS_LIMIT} bytes"
            ));
        }
        if line.is_empty() {
            return Ok((headers, at));
        }
        let line = String::from_utf8_lossy(line);
        // A line that starts with a space continues the header before it.
        if line.starts_with([' ', '\t'])
            && let Some((_, value)) = headers.last_mut()
        {
            value.push_str(&line);
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            let line: String = line.chars().take(60).collect();
            return Err(format!(
                "a part has the header {line:?}, which has no colon"
            ));
        };
        if headers.len() == MOST_HEADERS {
            return Err(format!("a part has more than {MOST_HEADERS} headers"));
        }
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts' contents, or what is wrong.
    fn contents(body: &str) -> Result<Vec<&str>, String> {
        let parts = Parts::of(body.as_bytes(), "b")?;
        parts
            .map(|part| part.map(|part| &body[part.content]))
            .collect()
    }

    #[test]
    fn contents_are_found_whatever_ends_the_lines() {
        for (case, body, wanted) in [
            ("CRLF", "--b\r\na: 1\r\n\r\nx\r\n--b--\r\n", vec!["x"]),
            ("LF", "--b\na: 1\n\nx\n--b--\n", vec!["x"]),
            ("mixed", "--b\r\na: 1\n\r\nx\n--b--", vec!["x"]),
            (
                "two",
                "--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--",
                vec!["x", "y"],
            ),
            (
                "text before and behind",
                "hi\r\n--b\r\n\r\nx\r\n--b--\r\nbye",
                vec!["x"],
            ),
            ("padding", "--b \t\r\n\r\nx\r\n--b--", vec!["x"]),
            ("empty", "--b\r\n\r\n\r\n--b--", vec![""]),
            (
                "nothing, not even its line end",
                "--b\r\n\r\n--b--",
                vec![""],
            ),
            ("no part", "--b--", vec![]),
            (
                "what looks like a boundary",
                "--b\r\n\r\nx--b\r\n--bb\r\n--b x\r\n--b--",
                vec!["x--b\r\n--bb\r\n--b x"],
            ),
            (
                "line ends at the end",
                "--b\r\n\r\nx\r\n\r\n--b--",
                vec!["x\r\n"],
            ),
        ] {
            assert_eq!(contents(body), Ok(wanted), "{case}");
        }
    }

    #[test]
    fn a_form_that_is_cut_off_is_refused() {
        for (body, wanted) in [
            ("", "no line is --b"),
            ("x--b\r\n", "no line is --b"),
            ("--b\r\na: 1", "ends inside the headers"),
            ("--b\r\n\r\nx", "ends inside a part"),
            ("--b\r\n\r\nx\r\n--b", "ends inside a part"),
            (
                "--b\r\nnonsense\r\n\r\nx\r\n--b--",
                "\"nonsense\", which has no colon",
            ),
        ] {
            let found = contents(body).unwrap_err();
            assert!(found.contains(wanted), "{body:?}: {found}");
        }
    }

    #[test]
    fn a_part_has_at_most_100_headers() {
        let body = |headers: usize| format!("--b\r\n{}\r\nx\r\n--b--", "a: 1\r\n".repeat(headers));
        assert_eq!(contents(&body(100)), Ok(vec!["x"]));
        let found = contents(&body(101)).unwrap_err();
        assert_eq!(found, "a part has more than 100 headers");
    }

    #[test]
    fn a_parts_headers_have_at_most_8_kib() {
        for line in ["a: ", " "] {
            let body = |bytes: usize| format!("--b\na: 1\n{line}{}\n\nx\n--b--", "1".repeat(bytes));
            assert_eq!(contents(&body(8_000)), Ok(vec!["x"]));
            let found = contents(&body(8_192)).unwrap_err();
            assert_eq!(found, "a part has headers of more than 8192 bytes");
        }
    }

    #[test]
    fn headers_may_go_on_in_the_next_line() {
        let body = b"--b\r\nContent-Disposition: form-data;\r\n name=\"file\"\r\n\r\nx\r\n--b--";
        let part = Parts::of(body, "b").unwrap().next().unwrap().unwrap();
        assert_eq!(
            part.header("content-disposition"),
            "form-data; name=\"file\""
        );
        assert_eq!(part.header("content-type"), "");
    }
}
