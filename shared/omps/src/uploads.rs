//! Uploads: zips that are too large for one request. The client first puts the zip to a URL, then pushes it by its id.
//!
//! An id cannot be guessed, belongs to one organization, and expires after a day. A push that succeeds removes the
//! upload; a push that fails keeps it, so that the client can push it again after the cause is fixed. The ledger
//! ensures that of two pushes at the same time only one succeeds.

mod bucket;
mod directory;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::names::OrganizationName;

pub use bucket::Bucket;
pub use directory::{Arrival, Directory};

/// How long the client can put a zip to the URL of an upload.
const URL_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// The largest number of uploads in a directory: together with their largest size, it limits the disk space that they use.
const MAX_UPLOADS: usize = 100;
/// The largest number of one organization's uploads in a directory: others find places, too.
const MAX_OF_ORGANIZATION: usize = MAX_UPLOADS / 2;
/// How long an upload is kept for its push.
const UPLOAD_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Where uploads are stored.
pub enum Uploads {
    /// In S3.
    Bucket(Bucket),
    /// In a directory of this machine.
    Directory(Directory),
}

/// A new upload: the answer to the request for one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreatedUpload {
    /// The id with which to push the zip.
    #[serde(rename = "upload")]
    #[schemars(with = "String")]
    pub id: UploadId,
    /// The URL to which to `PUT` the zip. It requires no token.
    pub url: String,
    /// How long the URL is valid, in seconds.
    pub expires_in: u64,
    /// The largest size of the zip, in bytes.
    pub max_size: usize,
}

/// The id of an upload: a random UUID, which is safe in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UploadId(Uuid);

impl UploadId {
    fn new() -> Self {
        UploadId(Uuid::new_v4())
    }

    /// Parses an id. Only the form that the service itself writes is accepted.
    pub fn parse(text: &str) -> Option<Self> {
        let id = UploadId(Uuid::try_parse(text).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

/// A text without the ids of uploads, for the log: whoever knows an id can put a zip there.
pub fn without_ids(text: &str) -> Cow<'_, str> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    let id_at = |text: &str, from: usize| {
        let mut starts = from..text.len();
        starts.find(|start| {
            let id = text.get(*start..start + LENGTH);
            id.and_then(UploadId::parse).is_some()
        })
    };
    let mut hidden = Cow::Borrowed(text);
    let mut from = 0;
    while let Some(start) = id_at(&hidden, from) {
        hidden.to_mut().replace_range(start..start + LENGTH, "…");
        from = start;
    }
    hidden
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Why an upload cannot be created, received or read.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It was never created, no zip was put, it was already pushed, it belongs to another organization, or it expired.
    #[error(
        "There is no upload {0} of this organization to push: uploads are gone once pushed, and after a day"
    )]
    NotFound(String),
    /// The zip is larger than allowed.
    #[error("The upload has {size} bytes, of {limit} that are allowed")]
    TooLarge {
        /// The size of the zip, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// S3 takes a zip only with the size that was announced for it.
    #[error(
        "size is missing in the body; it must be the zip's size in bytes, {limit} at most: S3 accepts exactly that many"
    )]
    SizeMissing {
        /// The largest size, in bytes.
        limit: usize,
    },
    /// The storage for uploads is full, or cannot be reached.
    #[error("{0}")]
    Unavailable(String),
}

impl Uploads {
    /// Creates an upload for an organization. `size` is the size of the zip in bytes, if the client announced it.
    ///
    /// # Errors
    /// [`UploadError`]
    pub async fn create(
        &self,
        organization: &OrganizationName,
        size: Option<u64>,
        limit: usize,
    ) -> Result<CreatedUpload, UploadError> {
        if let Some(size) = size.filter(|size| *size > limit as u64) {
            return Err(UploadError::TooLarge { size, limit });
        }
        let id = UploadId::new();
        let url = match self {
            Uploads::Bucket(bucket) => {
                let size = size.ok_or(UploadError::SizeMissing { limit })?;
                bucket.create(organization, id, size).await?
            }
            Uploads::Directory(directory) => directory.create(organization, id, size)?,
        };
        Ok(CreatedUpload {
            id,
            url,
            expires_in: URL_LIFETIME.as_secs(),
            max_size: limit,
        })
    }

    /// Reads the zip of an upload.
    ///
    /// # Errors
    /// [`UploadError`]
    pub async fn read(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        limit: usize,
    ) -> Result<Bytes, UploadError> {
        match self {
            Uploads::Bucket(bucket) => bucket.read(organization, id, limit).await,
            Uploads::Directory(directory) => directory.read(organization, id, limit),
        }
    }

    /// Removes an upload after its push. If that fails, the upload expires later.
    pub async fn remove(&self, organization: &OrganizationName, id: UploadId) {
        match self {
            Uploads::Bucket(bucket) => bucket.remove(organization, id).await,
            Uploads::Directory(directory) => directory.remove(organization, id),
        }
    }
}
