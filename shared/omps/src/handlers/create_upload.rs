//! `POST /v2/{organization}/uploads`: a place for a zip that is too big for a request.

use super::query;
use crate::api::CreateUpload;
use crate::app::App;
use crate::call::Call;
use crate::error::Error;
use crate::http::{Answer, Reply, Request};

/// Makes a place for an upload of a caller whom the registry knows.
///
/// # Errors
/// `NotFound` for a service that takes no uploads; what a push says of a token that the registry refuses.
pub async fn create_upload(app: &App, request: Request) -> Answer {
    query::only(&request, &[])?;
    let organization = super::organization(app, &request.params)?;
    let uploads = app.uploads.as_ref();
    let uploads = uploads.ok_or_else(|| Error::NotFound(format!("/v2/{organization}/uploads")))?;
    let wanted: CreateUpload = match request.body.is_empty() {
        true => CreateUpload::default(),
        false => super::json_in(&request.body)?,
    };
    let (call, token) = (Call::new(app, request.deadline), super::token(&request)?);
    let known = call.try_token(&organization, &token).await;
    known.map_err(|error| Error::pushing(&error))?;
    let limit = app.config.max_archive_size();
    Reply::ok(&uploads.create(&organization, wanted.size, limit).await?)
}
