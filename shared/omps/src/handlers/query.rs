//! What the query of a request asks for.

use omps_operator::bundle_image::Validation;

use crate::error::Error;
use crate::http::Request;

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

/// What refuses an operator by the request: `?validation=strict` makes its organization stricter, and nothing makes it less
/// strict.
pub(super) fn validation(request: &Request) -> Result<Validation, Error> {
    Ok(match asks_for(request, "validation", "strict")? {
        true => Validation::Strict,
        false => Validation::Normal,
    })
}
