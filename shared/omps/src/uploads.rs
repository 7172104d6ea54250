//! Zips that are too big for a request: put somewhere first, then pushed by their id.
//!
//! An id cannot be guessed, belongs to one organization, and is gone after a day. A push that succeeds uses it up; one that
//! fails leaves it, so that it can be pushed again once the cause is mended. The ledger sees to it that two pushes at
//! once do not both succeed.

mod bucket;
mod spool;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::names::OrganizationName;

pub use bucket::Bucket;
pub use spool::{Arrival, Spool};

/// How long something can be put to the place of an upload.
const PUT_WITHIN: Duration = Duration::from_secs(60 * 60);
/// How long an upload waits for its push.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Where uploads wait.
pub enum Uploads {
    /// In S3.
    Bucket(Bucket),
    /// In a directory of this machine.
    Spool(Spool),
}

/// Where to put a zip: the answer to the request for an upload.
#[derive(Debug, Serialize)]
pub struct Place {
    /// What to push it by.
    #[serde(rename = "upload")]
    pub id: UploadId,
    /// Where to `PUT` it; who has the URL may do so.
    pub url: String,
    /// For so many seconds.
    pub expires_in: u64,
    /// Bytes that are allowed.
    pub max_size: usize,
}

/// The id of an upload: a UUID of random numbers, which is safe in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UploadId(Uuid);

impl UploadId {
    fn new() -> Self {
        UploadId(Uuid::new_v4())
    }

    /// Reads an id exactly as it was given.
    pub fn parse(text: &str) -> Option<Self> {
        let id = UploadId(Uuid::try_parse(text).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Why there is no upload.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Nobody asked for it, nothing was put there, it was pushed, it is another organization's, or its time is up.
    #[error(
        "There is no upload {0} of this organization to push: uploads are gone once pushed, and after a day"
    )]
    NotFound(String),
    /// It is larger than allowed.
    #[error("The upload has {size} bytes, of {limit} that are allowed")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: usize,
    },
    /// Where uploads wait is full, or cannot be reached.
    #[error("{0}")]
    Unavailable(String),
}

impl Uploads {
    /// Makes a place for a zip of an organization, of so many bytes if that is known beforehand.
    ///
    /// # Errors
    /// [`UploadError`]
    pub async fn create(
        &self,
        organization: &OrganizationName,
        size: Option<u64>,
        limit: usize,
    ) -> Result<Place, UploadError> {
        if let Some(size) = size.filter(|size| *size > limit as u64) {
            return Err(UploadError::TooLarge { size, limit });
        }
        let id = UploadId::new();
        let url = match self {
            Uploads::Bucket(bucket) => bucket.create(organization, id, size).await?,
            Uploads::Spool(spool) => spool.create(organization, id, size)?,
        };
        Ok(Place {
            id,
            url,
            expires_in: PUT_WITHIN.as_secs(),
            max_size: limit,
        })
    }

    /// The zip that was put there.
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
            Uploads::Spool(spool) => spool.read(organization, id, limit),
        }
    }

    /// Removes what was pushed. Where that fails, its time does it.
    pub async fn remove(&self, organization: &OrganizationName, id: UploadId) {
        match self {
            Uploads::Bucket(bucket) => bucket.remove(organization, id).await,
            Uploads::Spool(spool) => spool.remove(organization, id),
        }
    }
}
