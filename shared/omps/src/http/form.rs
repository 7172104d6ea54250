//! The zip in a request: the part `file` of a multipart form, whose file name ends with `.zip`.

mod header;
mod parts;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::error::Error;
use header::Parameters;
use parts::{Part, Parts};

/// base64, with or without padding at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether the request's content type is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    Parameters::of(&content_type(headers)).essence == "application/json"
}

/// Whether the request's content type is that of a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    Parameters::of(&content_type(headers)).essence == "multipart/form-data"
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    String::from_utf8_lossy(value).into_owned()
}

/// Extracts the zip from a form.
///
/// # Errors
/// `OMPSExpectedFileError` if the form has no file, `OMPSUploadedFileError` if its name does not end with `.zip`.
pub fn zip_of_form(headers: &HeaderMap, body: &Bytes) -> Result<Bytes, Error> {
    let boundary = boundary(&content_type(headers))?;
    let malformed = |problem: String| no_file(&format!("the form cannot be read: {problem}"));
    for part in Parts::of(body, &boundary).map_err(malformed)? {
        let part = part.map_err(malformed)?;
        let disposition = Parameters::of(part.header("content-disposition"));
        if disposition.get("name").as_deref() != Some("file") {
            continue;
        }
        // A part without a file name is a plain field.
        if let Some(name) = disposition.get("filename") {
            check_name(&name)?;
            return content(&part, body);
        }
    }
    Err(no_file("no part of the form has that name and a file name"))
}

fn boundary(content_type: &str) -> Result<String, Error> {
    let parameters = Parameters::of(content_type);
    let boundary = parameters
        .get("boundary")
        .filter(|boundary| !boundary.is_empty());
    match boundary {
        Some(boundary) if parameters.essence == "multipart/form-data" => Ok(boundary),
        _ => {
            let content_type: String = content_type.chars().take(100).collect();
            Err(no_file(&format!(
                "the content type is '{content_type}', not multipart/form-data with a boundary"
            )))
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::ExpectedFile(
            "No selected \"file\" in the form".to_owned(),
        ));
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if extension.eq_ignore_ascii_case("zip") {
        return Ok(());
    }
    let name: String = name.chars().take(100).collect();
    Err(Error::UploadedFile(format!(
        "Uploaded file {name:?} has the wrong file extension; allowed: .zip"
    )))
}

/// The content of a part, decoded if the part says that it is encoded.
fn content(part: &Part, body: &Bytes) -> Result<Bytes, Error> {
    let content = body.slice(part.content.clone());
    let encoding = part.header("content-transfer-encoding");
    match encoding.to_ascii_lowercase().as_str() {
        "" | "binary" | "7bit" | "8bit" => Ok(content),
        "base64" => {
            let mut text = content.to_vec();
            text.retain(|byte| !byte.is_ascii_whitespace());
            let decoded = BASE64.decode(text).map_err(|error| {
                Error::UploadedFile(format!("The part \"file\" is not valid base64: {error}"))
            })?;
            Ok(decoded.into())
        }
        _ => {
            let encoding: String = encoding.chars().take(40).collect();
            Err(Error::UploadedFile(format!(
                "The part \"file\" has the Content-Transfer-Encoding {encoding:?}; send the zip as it is, or in base64"
            )))
        }
    }
}

fn no_file(found: &str) -> Error {
    Error::ExpectedFile(format!(
        "No field \"file\" with a zip in the request: {found}"
    ))
}
