//! The search for the endpoint of a request, and the spellings of its path.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use super::{Endpoint, ROUTES, Route, nearest};
use crate::error::Error;

/// A path for logs: without the id of an upload, because anybody who knows the id can put a zip there.
pub fn without_upload_id(path: &str) -> Cow<'_, str> {
    match segments(path).as_slice() {
        [v2, organization, uploads, _, ..] if is(v2, "v2") && is(uploads, "uploads") => {
            format!("/v2/{organization}/uploads/…").into()
        }
        _ => path.into(),
    }
}

/// The one spelling of a path: decoded, and without the empty segments that mean nothing.
pub(in crate::http) fn canonical(path: &str) -> String {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments = segments(path).into_iter().map(decoded);
    segments.fold(String::new(), |path, segment| path + "/" + &segment)
}

/// Whether a path belongs to the deprecated version of the API.
pub(in crate::http) fn is_v1(path: &str) -> bool {
    matches!(segments(path).as_slice(), [v1, _, ..] if is(v1, "v1"))
}

/// The segments of a path. Empty ones are skipped, as OMPS's router did and proxies do, but for the last one.
pub(super) fn segments(path: &str) -> Vec<&str> {
    let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
    let mut segments: Vec<&str> = before
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    segments.push(last);
    segments
}

/// Whether a segment is this word, once it is decoded.
fn is(segment: &str, word: &str) -> bool {
    percent_decode_str(segment).eq(word.bytes())
}

/// The result of the search for a method and a path.
#[derive(Debug)]
pub enum Found {
    /// An endpoint, with the values in the path.
    Endpoint(Endpoint, Params),
    /// The method is OPTIONS: the methods that the path accepts.
    Options(String),
}

/// The decoded values in a path, by their names in the route.
#[derive(Debug, Default)]
pub struct Params(Vec<(&'static str, String)>);

impl Params {
    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Finds the endpoint of a request.
///
/// # Errors
/// `NotFound`, `MethodNotAllowed`, or `BadRequest` if the path is not UTF-8.
pub fn find(method: &Method, path: &str) -> Result<Found, Error> {
    let segments = segments(path);
    let matching = || ROUTES.iter().filter(|route| matches(route.path, &segments));
    if matching().next().is_none() {
        return Err(Error::NotFound(unknown(method, path, &segments)));
    }
    if method == Method::OPTIONS {
        return Ok(Found::Options(allow(matching())));
    }
    let asked = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    match matching().find(|route| route.method == *asked) {
        Some(route) => Ok(Found::Endpoint(
            route.endpoint,
            params(route.path, &segments)?,
        )),
        None => Err(Error::MethodNotAllowed {
            path: path.chars().take(200).collect(),
            method: method.as_str().chars().take(40).collect(),
            allow: allow(matching()),
            nearest: nearest::with_method(method, &segments),
        }),
    }
}

/// The message for a path that no endpoint has.
fn unknown(method: &Method, path: &str, segments: &[&str]) -> String {
    let path: String = path.chars().take(200).collect();
    let nearest = nearest::of_any_method(method, segments);
    let nearest = match &nearest {
        Some(route) => format!("the nearest is {route}"),
        None => "all paths start with /v1 or /v2, for example POST /v2/{organization}/zipfile"
            .to_owned(),
    };
    format!("No endpoint has the path '{path}'; {nearest}")
}

fn matches(route: &str, segments: &[&str]) -> bool {
    let mut parts = route.split('/').skip(1);
    let fits = segments.iter().all(|segment| {
        parts
            .next()
            .is_some_and(|part| is(segment, part) || part.starts_with('{') && !segment.is_empty())
    });
    fits && parts.next().is_none()
}

fn params(route: &'static str, segments: &[&str]) -> Result<Params, Error> {
    let named = route
        .split('/')
        .skip(1)
        .zip(segments)
        .filter_map(|(part, segment)| {
            let name = part.strip_prefix('{')?.strip_suffix('}')?;
            Some((name, segment))
        });
    let decode = |(name, segment): (&'static str, &&str)| {
        let decoded = percent_decode_str(segment).decode_utf8();
        let value =
            decoded.map_err(|_| Error::BadRequest(format!("{name} in the path is not UTF-8")))?;
        Ok((name, value.into_owned()))
    };
    named.map(decode).collect::<Result<_, _>>().map(Params)
}

/// The value of the header `Allow` for the routes of one path.
fn allow<'a>(routes: impl Iterator<Item = &'a Route>) -> String {
    let mut methods: Vec<&str> = routes.map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(method: &str, path: &str) -> String {
        match find(&method.parse().unwrap(), path) {
            Ok(Found::Endpoint(endpoint, params)) => {
                let values: Vec<String> = params
                    .0
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                format!("{endpoint:?} {}", values.join(" "))
                    .trim_end_matches(' ')
                    .to_owned()
            }
            Ok(Found::Options(allow)) => format!("options {allow}"),
            Err(Error::NotFound(_)) => "404".to_owned(),
            Err(Error::MethodNotAllowed { allow, .. }) => format!("405 {allow}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_path_in_the_log_has_no_upload_id() {
        for path in [
            "/v2/org/uploads/3f2a",
            "/v2/org/uploads/3f2a/",
            "//v2//org/uploads//3f2a",
            "/%762/org/upl%6fads/3f2a",
        ] {
            assert_eq!(without_upload_id(path), "/v2/org/uploads/…");
        }
        for path in [
            "/v2/org/uploads",
            "/v2/org/zipfile/1.0.0",
            "/v1/org/uploads/1.0.0",
        ] {
            assert_eq!(without_upload_id(path), path);
        }
    }

    #[test]
    fn spellings_of_one_path_are_the_same_to_a_key() {
        for path in [
            "/v2/org/zipfile/1.0.0",
            "//v2/org//zipfile/1%2E0.0",
            "/v2/%6frg/zipfile/1.0.0",
        ] {
            assert_eq!(canonical(path), "/v2/org/zipfile/1.0.0");
        }
        assert!(
            is_v1("//v1/org/repo")
                && is_v1("/%761/org/repo")
                && !is_v1("/v2/org/repo")
                && !is_v1("/v1")
        );
    }

    #[test]
    fn every_path_has_the_endpoint_that_the_contract_names() {
        let cases = [
            ("POST", "/v2/org/zipfile", "PushZipfile organization=org"),
            (
                "POST",
                "/v2/org/zipfile/1.0.0",
                "PushZipfile organization=org version=1.0.0",
            ),
            (
                "POST",
                "/v1/org/repo/zipfile/1.0.0",
                "PushZipfile organization=org repo=repo version=1.0.0",
            ),
            (
                "DELETE",
                "/v2/org/zipfile",
                "DeleteRelease organization=org repo=zipfile",
            ),
            (
                "DELETE",
                "/v2/health/ping",
                "DeleteRelease organization=health repo=ping",
            ),
            (
                "DELETE",
                "/v2/org/koji/n-v-r",
                "DeleteRelease organization=org repo=koji version=n-v-r",
            ),
            (
                "DELETE",
                "/v1/org/repo/zipfile",
                "DeleteRelease organization=org repo=repo version=zipfile",
            ),
            ("DELETE", "/v1/org/repo/zipfile/1.0.0", "405 OPTIONS, POST"),
            (
                "GET",
                "/v2/org/repo/releases",
                "Releases organization=org repo=repo",
            ),
            (
                "DELETE",
                "/v2/org/repo/releases",
                "DeleteRelease organization=org repo=repo version=releases",
            ),
            ("GET", "/v1/org/repo/releases", "405 DELETE, OPTIONS"),
            (
                "POST",
                "/v2/org/koji/n-1~a^b+c-1,2",
                "PushKoji organization=org nvr=n-1~a^b+c-1,2",
            ),
            (
                "POST",
                "/v2/org/koji/n-v-r/1.0.0",
                "PushKoji organization=org nvr=n-v-r version=1.0.0",
            ),
            (
                "POST",
                "/v1/org/repo/koji/n-v-r",
                "PushKoji organization=org repo=repo nvr=n-v-r",
            ),
            (
                "POST",
                "/v1/org/repo/koji/n-v-r/1.0.0",
                "PushKoji organization=org repo=repo nvr=n-v-r version=1.0.0",
            ),
            ("POST", "/v2/org/uploads", "CreateUpload organization=org"),
            (
                "PUT",
                "/v2/org/uploads/1",
                "PutUpload organization=org upload=1",
            ),
            ("GET", "/v2/org/uploads/1", "405 DELETE, OPTIONS, PUT"),
            ("POST", "/v2/org/koji", "405 DELETE, OPTIONS"),
            ("POST", "/v2/org/koji/", "404"),
            ("POST", "/v2/org/koji/n-v-r/1.0.0/", "404"),
            ("GET", "/v2/org/koji/n-v-r", "405 DELETE, OPTIONS, POST"),
            ("DELETE", "/v2/org/koji/n-v-r/1.0.0", "405 OPTIONS, POST"),
            ("DELETE", "/v1/org/repo/koji/n-v-r", "405 OPTIONS, POST"),
            (
                "DELETE",
                "/v1/org/repo/koji/n-v-r/1.0.0",
                "405 OPTIONS, POST",
            ),
            (
                "DELETE",
                "/v1/org/repo/koji",
                "DeleteRelease organization=org repo=repo version=koji",
            ),
            ("GET", "/v2/health/ping", "Health"),
            ("HEAD", "/v1/health/ping", "Health"),
            ("POST", "/v2/health/ping", "405 DELETE, GET, HEAD, OPTIONS"),
            ("GET", "/v2/health/pong", "405 DELETE, OPTIONS"),
            ("GET", "/v2/health/ping/", "404"),
            ("GET", "/v2/about", "About"),
            ("HEAD", "/v1/about", "About"),
            ("OPTIONS", "/v2/about", "options GET, HEAD, OPTIONS"),
            (
                "OPTIONS",
                "/v2/org/zipfile",
                "options DELETE, OPTIONS, POST",
            ),
            ("GET", "/v2/org/zipfile", "405 DELETE, OPTIONS, POST"),
            ("HEAD", "/v2/org/zipfile", "405 DELETE, OPTIONS, POST"),
            ("BREW", "/v2/about", "405 GET, HEAD, OPTIONS"),
            ("GET", "/v2/a/b", "405 DELETE, OPTIONS"),
            ("GET", "/v1/a/b/c", "405 DELETE, OPTIONS"),
            ("GET", "/", "Page"),
            ("GET", "/docs", "Page"),
            ("GET", "/v2/openapi.json", "Page"),
            ("GET", "/docs/", "404"),
            ("GET", "/v2", "404"),
            ("GET", "/v2/a", "404"),
            ("GET", "/v2/about/", "404"),
            ("POST", "/v2/org/zipfile/", "404"),
            ("POST", "/v2//zipfile", "404"),
            ("POST", "/v3/org/zipfile", "404"),
            ("POST", "//v2/org/zipfile", "PushZipfile organization=org"),
            (
                "POST",
                "/v2//org///zipfile//1.0.0",
                "PushZipfile organization=org version=1.0.0",
            ),
            ("POST", "/v2/org/zipfile//", "404"),
            ("GET", "//", "Page"),
            (
                "POST",
                "/v2/priv%6frg/zip%66ile/1%2E0.0",
                "PushZipfile organization=privorg version=1.0.0",
            ),
            ("GET", "/%762/%61bout", "About"),
            ("POST", "/v2/org/zip%2Ffile", "405 DELETE, OPTIONS"),
            ("DELETE", "/v2/a/b/c/d", "404"),
            ("POST", "/v2/o%2Fx/zipfile", "PushZipfile organization=o/x"),
            (
                "POST",
                "/v2/org/zipfile/1.0.0%0A",
                "PushZipfile organization=org version=1.0.0\n",
            ),
            ("DELETE", "/v2/org/%ff", "repo in the path is not UTF-8"),
        ];
        for (method, path, wanted) in cases {
            assert_eq!(
                outcome(method, path),
                wanted.trim_end_matches(' '),
                "{method} {path}"
            );
        }
    }
}
