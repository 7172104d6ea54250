//! What the query of a request asks for.

use omps_operator::bundle_image::Validation;
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::http::Request;

/// Refuses a request with other parameters than these: nothing that a caller asks for is ignored.
pub(super) fn only(request: &Request, known: &[&str]) -> Result<(), Error> {
    let query = request.query.as_deref().unwrap_or_default();
    let names = query.split('&').filter(|pair| !pair.is_empty());
    let mut names = names.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let Some(unknown) = names.find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let unknown: String = unknown.chars().take(40).collect();
    let known = match known {
        [] => "this endpoint has no query parameters".to_owned(),
        known => format!("this endpoint knows {}", known.join(", ")),
    };
    Err(Error::BadRequest(format!(
        "The query parameter {unknown:?} is unknown; {known}"
    )))
}

/// Whether a request asks for what `name=value` stands for. The parameter has no other value.
pub(super) fn asks_for(request: &Request, name: &str, value: &str) -> Result<bool, Error> {
    let query = request.query.as_deref().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    match pairs.find(|(found, _)| *found == name) {
        None => Ok(false),
        Some((_, found)) if found == value => Ok(true),
        Some((_, other)) => {
            let other: String = other.chars().take(40).collect();
            Err(Error::BadRequest(format!(
                "{name}={other:?} is not known; wanted {name}={value}"
            )))
        }
    }
}

/// The value of a parameter, decoded.
pub(super) fn value(request: &Request, name: &str) -> Result<Option<String>, Error> {
    let query = request.query.as_deref().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.find(|(found, _)| *found == name) else {
        return Ok(None);
    };
    let value = percent_decode_str(value).decode_utf8();
    let value =
        value.map_err(|_| Error::BadRequest(format!("{name} in the query is not UTF-8")))?;
    Ok(Some(value.into_owned()))
}

/// What refuses an operator by the request: `?validation=strict` makes its organization stricter, and nothing makes it less
/// strict.
pub(super) fn validation(request: &Request) -> Result<Validation, Error> {
    Ok(match asks_for(request, "validation", "strict")? {
        true => Validation::Strict,
        false => Validation::Normal,
    })
}
