//! Finds the route that a client meant whose path or method no route has.

use http::Method;
use percent_encoding::percent_decode_str;

use super::{Endpoint, ROUTES, Route};
use crate::nearest::distance;

/// What it costs that a path lacks a segment of the route, or has one more.
const SEGMENT: usize = 3;
/// What it costs that a path lacks a value at a place where the route has a name.
const VALUE: usize = 2;
/// What it costs that a route has another method.
const METHOD: usize = 2;
/// Up to this cost, a route with the same method is like a path that another method has.
const ALIKE: usize = 3;
/// Up to this cost, a route is like a path that no route has.
const ROUGHLY_ALIKE: usize = 7;
/// The most segments that are compared.
const MOST_SEGMENTS: usize = 10;

/// The route with this method that is most like the path.
pub(super) fn with_method(method: &Method, segments: &[&str]) -> Option<String> {
    let routes = ROUTES.iter().filter(|route| route.method == *method);
    nearest(routes.map(|route| (0, route)), segments, ALIKE)
}

/// The route that is most like the path and the method.
pub(super) fn of_any_method(method: &Method, segments: &[&str]) -> Option<String> {
    if segments.iter().all(|segment| segment.is_empty()) {
        return None;
    }
    let other_method = |route: &Route| if route.method == *method { 0 } else { METHOD };
    // The paths of documents are so short that nearly every short path is like them.
    let routes = ROUTES
        .iter()
        .filter(|route| route.endpoint != Endpoint::Page)
        .map(|route| (other_method(route), route));
    // A path of one segment says little of what was meant.
    let most = ROUGHLY_ALIKE.min(2 + 2 * segments.len());
    nearest(routes, segments, most)
}

/// The route with the lowest cost, if that is at most `most`. Each comes with what it costs before its path is compared.
fn nearest<'a>(
    routes: impl Iterator<Item = (usize, &'a Route)>,
    segments: &[&str],
    most: usize,
) -> Option<String> {
    let segments: Vec<String> = segments
        .iter()
        .filter(|segment| !segment.is_empty())
        .take(MOST_SEGMENTS)
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let (_, route) = routes
        .map(|(before, route)| (before + cost(route.path, &segments), route))
        .filter(|(cost, _)| *cost <= most)
        .min_by_key(|(cost, _)| *cost)?;
    Some(format!("{} {}", route.method, route.path))
}

/// What it costs to make the path of a route's path: added, removed and replaced segments.
fn cost(route: &str, segments: &[String]) -> usize {
    let additions = (0..=segments.len()).map(|count| count * SEGMENT);
    let mut row: Vec<usize> = additions.collect();
    for part in route.split('/').skip(1) {
        let mut diagonal = row[0];
        let is_value = part.starts_with('{');
        let missing = if is_value { VALUE } else { SEGMENT };
        row[0] += missing;
        for (place, segment) in segments.iter().enumerate() {
            // A value fits everywhere, so a word that fits is the better sign.
            let replaced = diagonal + if is_value { 1 } else { distance(part, segment) };
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + SEGMENT).min(diagonal + missing);
        }
    }
    row[segments.len()]
}

#[cfg(test)]
mod tests {
    use super::super::search::segments;
    use super::*;

    #[test]
    fn what_a_client_meant_is_found() {
        for (method, path, wanted) in [
            (
                Method::POST,
                "/testorg/zipfile",
                "POST /v2/{organization}/zipfile",
            ),
            (
                Method::POST,
                "/v3/testorg/zipfile",
                "POST /v2/{organization}/zipfile",
            ),
            (
                Method::POST,
                "/api/v2/testorg/zipfile",
                "POST /v2/{organization}/zipfile",
            ),
            (
                Method::POST,
                "/v2/testorg/zipfile/",
                "POST /v2/{organization}/zipfile",
            ),
            (
                Method::POST,
                "/v2/testorg",
                "POST /v2/{organization}/zipfile",
            ),
            (Method::GET, "/v2/abuot/", "GET /v2/about"),
            (Method::GET, "/health/ping", "GET /v2/health/ping"),
            (
                Method::POST,
                "/v1/testorg/repo/zip/1.0.0",
                "POST /v1/{organization}/{repo}/zipfile/{version}",
            ),
        ] {
            let found = of_any_method(&method, &segments(path));
            assert_eq!(found.as_deref(), Some(wanted), "{method} {path}");
        }
        for path in [
            "/",
            "//",
            "/wp-admin/setup/install.php",
            &"/a".repeat(50_000),
        ] {
            assert_eq!(
                of_any_method(&Method::GET, &segments(path)),
                None,
                "{path:.40}"
            );
        }
    }

    #[test]
    fn what_a_client_meant_by_a_path_that_deletes_is_found() {
        for (method, path, wanted) in [
            (
                Method::POST,
                "/v2/testorg/validat",
                Some("POST /v2/{organization}/validate"),
            ),
            (
                Method::POST,
                "/v2/testorg/zipfiles",
                Some("POST /v2/{organization}/zipfile"),
            ),
            (
                Method::POST,
                "/v2/testorg/koji",
                Some("POST /v2/{organization}/koji/{nvr}"),
            ),
            (
                Method::POST,
                "/v1/testorg/zipfile",
                Some("POST /v2/{organization}/zipfile"),
            ),
            (Method::POST, "/v2/about", None),
            (Method::GET, "/v2/testorg/zipfile", None),
            (Method::PUT, "/v2/testorg/anything", None),
        ] {
            let found = with_method(&method, &segments(path));
            assert_eq!(found.as_deref(), wanted, "{method} {path}");
        }
    }
}
