//! The zip in a request: the part `file` of a multipart form, whose file name ends with `.zip`.

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::{Constraints, Field, Multipart, SizeLimit};

use crate::error::Error;

/// The largest size, in bytes, of a part that is not the file.
const OTHER_PARTS: u64 = 64 * 1024;

/// The size, in bytes, of the pieces that the form's parser receives.
const PIECE: usize = 64 * 1024;

/// Whether the request's content type is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers)
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn content_type(headers: &HeaderMap) -> &str {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Extracts the zip from a form.
///
/// # Errors
/// `OMPSExpectedFileError` if the form has no file, `OMPSUploadedFileError` if its name does not end with `.zip`.
pub async fn zip_of_form(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Error> {
    let content_type = content_type(headers);
    let boundary = multer::parse_boundary(content_type).map_err(|_| {
        let content_type: String = content_type.chars().take(100).collect();
        no_file(&format!(
            "the content type is '{content_type}', not multipart/form-data with a boundary"
        ))
    })?;
    let size = body.len();
    let limits = SizeLimit::new()
        .for_field("file", u64::MAX)
        .per_field(OTHER_PARTS);
    // In pieces: otherwise the form's parser would keep a copy of the whole body.
    let pieces = (0..size)
        .step_by(PIECE)
        .map(move |from| body.slice(from..size.min(from + PIECE)));
    let body = stream::iter(pieces.map(Ok::<_, std::convert::Infallible>));
    let mut form =
        Multipart::with_constraints(body, boundary, Constraints::new().size_limit(limits));
    while let Some(part) = form.next_field().await.map_err(|error| malformed(&error))? {
        match (part.name(), part.file_name()) {
            (Some("file"), Some("")) => {
                return Err(Error::ExpectedFile(
                    "No selected \"file\" in the form".to_owned(),
                ));
            }
            (Some("file"), Some(name)) => {
                let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
                if !extension.eq_ignore_ascii_case("zip") {
                    let name: String = name.chars().take(100).collect();
                    let message = format!(
                        "Uploaded file {name:?} has the wrong file extension; allowed: .zip"
                    );
                    return Err(Error::UploadedFile(message));
                }
                return content(part, size).await;
            }
            _ => {}
        }
    }
    Err(no_file("no part of the form has that name and a file name"))
}

/// The content of a part, which is nearly the whole body.
async fn content(mut part: Field<'_>, body_size: usize) -> Result<Bytes, Error> {
    let mut content = Vec::with_capacity(body_size);
    while let Some(piece) = part.chunk().await.map_err(|error| malformed(&error))? {
        content.extend_from_slice(&piece);
    }
    Ok(content.into())
}

fn no_file(found: &str) -> Error {
    Error::ExpectedFile(format!(
        "No field \"file\" with a zip in the request: {found}"
    ))
}

fn malformed(error: &multer::Error) -> Error {
    no_file(&format!("the form cannot be read: {error}"))
}
