//! The ids of all errors with their status, as the OpenAPI document lists them. `error.rs` decides; the end-to-end tests
//! compare each answer with this list.

use std::collections::BTreeMap;

/// An id that an answer can have.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErrorId {
    /// The id.
    pub id: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// When an answer has it.
    pub when: &'static str,
}

impl ErrorId {
    const fn new(id: &'static str, status: u16, when: &'static str) -> Self {
        ErrorId { id, status, when }
    }

    /// Whether its answer can have the header `Retry-After`.
    pub(super) fn asks_to_retry(&self) -> bool {
        matches!(self.status, 408 | 409 | 503)
    }
}

/// What every endpoint can answer.
pub(super) const ALWAYS: &[ErrorId] = &[
    ErrorId::new(
        "BadRequest",
        400,
        "a value in the path, the query, a header or the body is not valid",
    ),
    ErrorId::new(
        "NotFound",
        404,
        "no endpoint has the path, or the server has not configured it",
    ),
    ErrorId::new("MethodNotAllowed", 405, "the path has other methods"),
    ErrorId::new("RequestTimeout", 408, "the request came too slowly"),
    ErrorId::new("UnsupportedMediaType", 415, "the request is compressed"),
    ErrorId::new(
        "RequestEntityTooLarge",
        413,
        "the body, or the zip, is too large",
    ),
    ErrorId::new(
        "InternalServerError",
        500,
        "a defect of omps; the log has its cause",
    ),
    ErrorId::new("ServiceUnavailable", 503, "omps cannot do it now"),
];

/// What every endpoint can answer that needs a token.
pub(super) const TOKEN: &[ErrorId] = &[
    ErrorId::new(
        "OMPSAuthorizationHeaderRequired",
        403,
        "the request has no token",
    ),
    ErrorId::new(
        "QuayAuthorizationError",
        403,
        "the registry refused the token",
    ),
];

/// What a zip can be refused for.
pub(super) const ZIP: &[ErrorId] = &[
    ErrorId::new("OMPSExpectedFileError", 400, "the form has no file"),
    ErrorId::new(
        "OMPSUploadedFileError",
        400,
        "the file is no zip that omps opens",
    ),
    ErrorId::new("PackageValidationError", 400, "the manifests are not valid"),
];

/// What can happen to any push.
pub(super) const PUSH: &[ErrorId] = &[
    ErrorId::new(
        "OMPSUploadedFileError",
        400,
        "the archive is no zip that omps opens",
    ),
    ErrorId::new("PackageValidationError", 400, "the manifests are not valid"),
    ErrorId::new("OMPSInvalidVersionFormat", 400, "the version is not x.y.z"),
    ErrorId::new(
        "IdempotencyKeyInUse",
        409,
        "a push with this key is running",
    ),
    ErrorId::new(
        "IdempotencyKeyReuse",
        422,
        "the key was used for another push",
    ),
    ErrorId::new(
        "QuayCourierError",
        500,
        "the release was not pushed, for example because it exists",
    ),
    ErrorId::new(
        "QuayPackageError",
        500,
        "the releases cannot be listed, or the repository cannot be made public",
    ),
];

/// What can happen when the registry is asked whether it knows the caller.
pub(super) const TRIED_TOKEN: ErrorId = ErrorId::new(
    "QuayPackageError",
    500,
    "the registry cannot be asked whether it accepts the token",
);

/// What can happen to the push of a build.
pub(super) const KOJI: &[ErrorId] = &[
    ErrorId::new("KojiNotAnOperatorImage", 400, "the build has no operator"),
    ErrorId::new("GreenwaveUnsatisfiedError", 400, "Greenwave does not agree"),
    ErrorId::new("KojiNVRBuildNotFound", 404, "Koji has no such build"),
    ErrorId::new(
        "KojiManifestsArchiveNotFound",
        500,
        "the build has no archive with manifests",
    ),
    ErrorId::new(
        "KojiError",
        500,
        "Koji cannot be asked, or the archive cannot be fetched",
    ),
    ErrorId::new("GreenwaveError", 500, "Greenwave cannot be asked"),
];

/// What can happen when releases are listed or deleted.
pub(super) const RELEASES: &[ErrorId] = &[
    ErrorId::new("OMPSInvalidVersionFormat", 400, "the version is not x.y.z"),
    ErrorId::new("QuayPackageNotFound", 404, "there is no such release"),
    ErrorId::new(
        "QuayPackageError",
        500,
        "the releases cannot be listed or deleted",
    ),
];

/// Each id once, by status.
pub(super) fn by_status(errors: Vec<ErrorId>) -> BTreeMap<u16, Vec<ErrorId>> {
    let mut by_status = BTreeMap::<u16, Vec<ErrorId>>::new();
    for error in errors {
        let of_status = by_status.entry(error.status).or_default();
        if of_status.iter().all(|known| known.id != error.id) {
            of_status.push(error);
        }
    }
    by_status
}
