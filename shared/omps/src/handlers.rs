//! The endpoints. Each file has one handler, which receives a request and returns the body of the answer.

mod about;
mod catalog;
mod create_upload;
mod delete_release;
mod health;
mod page;
mod push;
mod put_upload;
mod query;
mod releases;
mod validate;

pub use about::about;
pub use catalog::{list_catalog, rebuild_catalog, show_package};
pub use create_upload::create_upload;
pub use delete_release::delete_release;
pub use health::health;
pub use page::page;
pub use push::{push_koji, push_zipfile};
pub use put_upload::{arrival, put_upload};
pub use releases::releases;
pub use validate::validate;

use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::Error;
use crate::http::Request;
use crate::http::routes::Params;
use crate::names::OrganizationName;
use crate::token::Token;

fn organization(app: &App, params: &Params) -> Result<OrganizationName, Error> {
    let name = params.get("organization").unwrap_or_default();
    Ok(app.organization_named(name)?)
}

fn token(request: &Request) -> Result<Token, Error> {
    request
        .token
        .clone()
        .ok_or_else(|| Error::AuthorizationRequired("this endpoint".to_owned()))
}

/// Parses a JSON body.
fn json_in<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::BadRequest(format!("the JSON in the body is not valid: {error}")))
}
