//! `POST /v2/{organization}/uploads`: a place for a zip that is too big for a request.

use super::query;
use crate::api::CreateUpload;
use crate::app::App;
use crate::call::Call;
use crate::error::Error;
use crate::http::{Answer, Reply, Request};

const NOT_CONFIGURED: &str = "This service takes no uploads, because neither upload_dir with public_url (the server) nor upload_bucket is configured; POST /v2/{organization}/zipfile takes a zip up to max_content_length";

/// Makes a place for an upload.
///
/// # Errors
/// `NotFound` for a service that takes no uploads; what a push says of a token that the registry refuses.
pub async fn create_upload(app: &App, request: Request) -> Answer {
    query::only(&request, &[])?;
    let organization = super::organization(app, &request.params)?;
    let uploads = app.uploads.as_ref();
    let uploads = uploads.ok_or_else(|| Error::NotFound(NOT_CONFIGURED.to_owned()))?;
    let wanted: CreateUpload = match request.body.is_empty() {
        true => CreateUpload::default(),
        false => super::json_in(&request.body)?,
    };
    let (call, token) = (Call::new(app, request.deadline), super::token(&request)?);
    let known = call.try_token(&organization, &token).await;
    known.map_err(|error| Error::trying_token(&error))?;
    let limit = app.config.max_archive_size();
    Reply::ok(&uploads.create(&organization, wanted.size, limit).await?)
}
