//! `PUT /v2/{organization}/uploads/{upload}`: the zip arrives. Only the server has this endpoint; in AWS, zips go to S3.

use http::HeaderMap;

use crate::api::PutUploadAnswer;
use crate::app::App;
use crate::error::Error;
use crate::http::routes::Params;
use crate::http::{Answer, Reply, Request, form, refuse_compressed};
use crate::uploads::{Arrival, UploadError, UploadId, Uploads};

const A_FORM: &str =
    "The request is a form; an upload takes the zip itself: curl -T manifests.zip URL, not curl -F";

/// Where the body is to go, before it is read.
///
/// # Errors
/// `OMPSUploadedFileError` when nothing is expected there, or the body is a form; `UnsupportedMediaType`.
pub fn arrival(app: &App, headers: &HeaderMap, params: &Params) -> Result<Arrival, Error> {
    refuse_compressed(headers)?;
    if form::is_form(headers) {
        return Err(Error::UploadedFile(A_FORM.to_owned()));
    }
    let param = |name| params.get(name).unwrap_or_default();
    let organization = super::organization(app, params)?;
    let upload = param("upload");
    let unknown = || UploadError::NotFound(upload.escape_debug().collect());
    match (UploadId::parse(upload), &app.uploads) {
        (Some(id), Some(Uploads::Directory(directory))) => {
            Ok(directory.receive(&organization, id, app.config.max_archive_size())?)
        }
        _ => Err(unknown().into()),
    }
}

/// Answers once the body has arrived.
///
/// # Errors
/// None.
pub async fn put_upload(request: Request) -> Answer {
    let upload = request.params.get("upload").unwrap_or_default().to_owned();
    Reply::ok(&PutUploadAnswer { upload })
}
