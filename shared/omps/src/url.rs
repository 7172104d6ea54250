//! Builds URLs from values that come from outside.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use serde::{Deserialize, Deserializer, de};

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

/// Reads the base URL of a service.
///
/// # Errors
/// A text that is no URL of HTTP, or has a user, a query or a fragment.
pub(crate) fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |problem: &str| de::Error::custom(format!("{text:?} is not a base URL: {problem}"));
    let url = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err(wrong("it must not hold a user or password"))
        }
        _ if url.query().is_some() || url.fragment().is_some() => {
            Err(wrong("it must end with the path"))
        }
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err(wrong("wanted http://host or https://host")),
    }
}

/// Reads the base URL of a service that may be absent.
///
/// # Errors
/// As [`base_url`].
pub(crate) fn optional_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    base_url(deserializer).map(Some)
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
