//! Reads objects in buckets: whole, up to a size limit, and only the requested revision.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::aws::Aws;

/// An object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The revision of the object; absent: the present one.
    #[serde(skip)]
    pub revision: Option<Revision>,
}

/// Distinguishes objects that had the same key at different times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The version, in a bucket with versioning.
    Version(String),
    /// The entity tag, without quotes.
    Etag(String),
}

impl Revision {
    /// The version if S3 reports one, otherwise the entity tag.
    pub fn new(version: Option<String>, etag: Option<String>) -> Option<Self> {
        let etag = || etag.map(|etag| Revision::Etag(etag.trim_matches('"').to_owned()));
        version.map(Revision::Version).or_else(etag)
    }
}

/// Where objects are stored.
pub enum Objects {
    /// In S3.
    S3(S3),
    /// In a folder, which is used for every bucket.
    Folder(PathBuf),
}

/// A client of S3, which connects when it is first needed.
pub struct S3 {
    aws: Arc<Aws>,
    client: OnceCell<Client>,
}

/// Why an object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The object does not exist, or not any more.
    #[error("There is no object '{0}'")]
    NotFound(String),
    /// Another revision has replaced the requested one.
    #[error("The object '{0}' has been replaced since")]
    Replaced(String),
    /// S3 refused the request.
    #[error("The object '{key}' could not be read: S3 answered {code}")]
    Refused {
        /// The key.
        key: String,
        /// The error code of S3.
        code: String,
    },
    /// The object is larger than allowed.
    #[error("The object '{key}' has {size} bytes, of {limit} that are allowed")]
    TooLarge {
        /// The key.
        key: String,
        /// The size of the object, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// S3 did not answer, or it failed temporarily.
    #[error("The object '{key}' could not be read: {problem}")]
    Unreachable {
        /// The key.
        key: String,
        /// What happened.
        problem: String,
    },
}

impl Objects {
    /// S3, as the environment says.
    pub fn in_s3(aws: Arc<Aws>) -> Self {
        Objects::S3(S3::new(aws))
    }

    /// The present revision of the object.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn revision(&self, object: &Object) -> Result<Option<Revision>, ObjectError> {
        match self {
            Objects::S3(s3) => s3.revision(object).await,
            Objects::Folder(folder) => {
                Ok(Some(revision_of(&path_in_folder(folder, object)?, object)?))
            }
        }
    }

    /// The content of an object, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn read(&self, object: &Object, limit: usize) -> Result<Bytes, ObjectError> {
        match self {
            Objects::S3(s3) => s3.read(object, limit, None).await,
            Objects::Folder(folder) => read_file(&path_in_folder(folder, object)?, object, limit),
        }
    }
}

impl S3 {
    /// S3, as the environment says.
    pub fn new(aws: Arc<Aws>) -> Self {
        S3 {
            aws,
            client: OnceCell::new(),
        }
    }

    /// The client.
    pub async fn client(&self) -> &Client {
        let connect = async || Client::new(self.aws.config().await);
        self.client.get_or_init(connect).await
    }

    async fn revision(&self, object: &Object) -> Result<Option<Revision>, ObjectError> {
        let head = self.client().await.head_object();
        let head = head.bucket(&object.bucket).key(&object.key).send().await;
        let head = head.map_err(|error| object_error(object, &error))?;
        Ok(Revision::new(head.version_id, head.e_tag))
    }

    /// The content of an object, of at most `limit` bytes. The size is checked before the content is read. An object
    /// that was put before `since` counts as missing.
    ///
    /// # Errors
    /// [`ObjectError`]
    pub async fn read(
        &self,
        object: &Object,
        limit: usize,
        since: Option<SystemTime>,
    ) -> Result<Bytes, ObjectError> {
        let get = self.client().await.get_object();
        let get = get.bucket(&object.bucket).key(&object.key);
        let get = get.set_if_modified_since(since.map(DateTime::from));
        let get = match &object.revision {
            Some(Revision::Version(version)) => get.version_id(version),
            Some(Revision::Etag(etag)) => get.if_match(format!("\"{etag}\"")),
            None => get,
        };
        let answer = get
            .send()
            .await
            .map_err(|error| object_error(object, &error))?;
        let size = answer.content_length.unwrap_or_default();
        let size = u64::try_from(size).unwrap_or_default();
        if size > limit as u64 {
            return Err(too_large(object, size, limit));
        }
        collect(answer.body, object, limit).await
    }
}

async fn collect(
    mut body: ByteStream,
    object: &Object,
    limit: usize,
) -> Result<Bytes, ObjectError> {
    let mut content = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| ObjectError::Unreachable {
            key: object.key.clone(),
            problem: format!("the content ended early: {error}"),
        })?;
        if content.len() + piece.len() > limit {
            return Err(too_large(
                object,
                (content.len() + piece.len()) as u64,
                limit,
            ));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content.into())
}

fn too_large(object: &Object, size: u64, limit: usize) -> ObjectError {
    let key = object.key.clone();
    ObjectError::TooLarge { key, size, limit }
}

/// The error for a failed call to S3. An answer to HEAD has no body, so its only error code is the status.
fn object_error<E: ProvideErrorMetadata + std::error::Error + 'static>(
    object: &Object,
    error: &SdkError<E>,
) -> ObjectError {
    let key = object.key.clone();
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let code = error.code().map(str::to_owned);
    match status {
        // 304: the object was put before `since`.
        Some(304 | 404) => ObjectError::NotFound(key),
        Some(412) => ObjectError::Replaced(key),
        Some(status @ 400..=499) if status != 429 => {
            let code = code.unwrap_or_else(|| status.to_string());
            ObjectError::Refused { key, code }
        }
        _ => {
            tracing::error!(key, cause = %DisplayErrorContext(error), "a call to S3 failed");
            let problem = match code {
                Some(code) => format!("S3 answered {code}"),
                None => "S3 could not be reached".to_owned(),
            };
            ObjectError::Unreachable { key, problem }
        }
    }
}

/// The path of an object in the folder. A key that would leave the folder is not found.
fn path_in_folder(folder: &Path, object: &Object) -> Result<PathBuf, ObjectError> {
    let path = Path::new(&object.key);
    let is_below = |part| matches!(part, Component::Normal(_));
    match path.components().all(is_below) {
        true => Ok(folder.join(path)),
        false => Err(ObjectError::NotFound(object.key.clone())),
    }
}

/// The revision of a file: a file has no version, so size and modification time are used as the entity tag.
fn revision_of(path: &Path, object: &Object) -> Result<Revision, ObjectError> {
    let metadata = path.metadata();
    let metadata = metadata.map_err(|error| unreadable(object, &error))?;
    let changed = metadata.modified().ok();
    let changed = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let changed = changed.unwrap_or_default().as_nanos();
    Ok(Revision::Etag(format!("{}-{changed}", metadata.len())))
}

fn read_file(path: &Path, object: &Object, limit: usize) -> Result<Bytes, ObjectError> {
    if let Some(wanted) = &object.revision
        && *wanted != revision_of(path, object)?
    {
        return Err(ObjectError::Replaced(object.key.clone()));
    }
    let size = path
        .metadata()
        .map_err(|error| unreadable(object, &error))?;
    if size.len() > limit as u64 {
        return Err(too_large(object, size.len(), limit));
    }
    let content = std::fs::read(path).map_err(|error| unreadable(object, &error))?;
    Ok(content.into())
}

fn unreadable(object: &Object, error: &std::io::Error) -> ObjectError {
    let key = object.key.clone();
    match error.kind() {
        std::io::ErrorKind::NotFound => ObjectError::NotFound(key),
        _ => ObjectError::Unreachable {
            key,
            problem: error.to_string(),
        },
    }
}
