//! Builds URLs from values that come from outside.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// The characters that are encoded in a path segment: all except the unreserved ones.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A URL below `base`. No segment can leave `base`; the caller must not pass `.` or `..`.
pub(crate) fn append<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    let mut path = url.path().trim_end_matches('/').to_owned();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_below_its_base_whatever_the_segments() {
        for base in ["http://h/a", "http://h/a/"] {
            let url = append(&Url::parse(base).unwrap(), ["b/c", "d?e#f", "%2e.", "ž"]);
            assert_eq!(url.as_str(), "http://h/a/b%2Fc/d%3Fe%23f/%252e./%C5%BE");
        }
    }
}
