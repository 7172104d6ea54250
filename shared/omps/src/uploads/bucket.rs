//! Uploads in S3: put by a presigned URL, deleted after a day by a rule of the bucket's.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::presigning::PresigningConfig;
use bytes::Bytes;

use super::{KEPT, PUT_WITHIN, UploadError, UploadId};
use crate::aws::Aws;
use crate::names::OrganizationName;
use crate::objects::{Object, ObjectError, S3};

/// A bucket.
pub struct Bucket {
    name: String,
    s3: S3,
}

impl Bucket {
    /// The bucket of that name.
    pub fn new(name: String, aws: Arc<Aws>) -> Self {
        Bucket {
            name,
            s3: S3::new(aws),
        }
    }

    /// A URL that takes one upload. A size that is known beforehand is part of what is signed: S3 takes no other.
    pub(super) async fn create(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        size: Option<u64>,
    ) -> Result<String, UploadError> {
        let failed = |problem| UploadError::Unavailable(format!("S3 signs nothing: {problem}"));
        let within = PresigningConfig::expires_in(PUT_WITHIN);
        let within = within.map_err(|error| failed(error.to_string()))?;
        let object = self.object(organization, id);
        let client = self.s3.client().await;
        let size = size.and_then(|size| i64::try_from(size).ok());
        let request = client
            .put_object()
            .bucket(object.bucket)
            .key(object.key)
            .set_content_length(size)
            .presigned(within)
            .await;
        match request {
            Ok(request) => Ok(request.uri().to_owned()),
            Err(error) => {
                tracing::error!(cause = %DisplayErrorContext(&error), "a URL could not be signed");
                Err(failed("no credentials".to_owned()))
            }
        }
    }

    pub(super) async fn read(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        limit: usize,
    ) -> Result<Bytes, UploadError> {
        // S3 deletes at its own pace: what is older than it may be is not there.
        let since = SystemTime::now().checked_sub(KEPT);
        let object = self.object(organization, id);
        let read = self.s3.read(&object, limit, since).await;
        read.map_err(|error| match error {
            ObjectError::NotFound(_) | ObjectError::Replaced(_) => {
                UploadError::NotFound(id.to_string())
            }
            ObjectError::TooLarge { size, limit, .. } => UploadError::TooLarge { size, limit },
            ObjectError::Refused { .. } | ObjectError::Unreachable { .. } => {
                UploadError::Unavailable(error.to_string())
            }
        })
    }

    pub(super) async fn remove(&self, organization: &OrganizationName, id: UploadId) {
        let Object { bucket, key, .. } = self.object(organization, id);
        let client = self.s3.client().await;
        if let Err(error) = client.delete_object().bucket(bucket).key(key).send().await {
            tracing::warn!(%id, cause = %DisplayErrorContext(&error), "an upload stays until its time is up");
        }
    }

    /// Outside the prefix whose objects are pushed by themselves.
    fn object(&self, organization: &OrganizationName, id: UploadId) -> Object {
        Object {
            bucket: self.name.clone(),
            key: format!("uploads/{organization}/{id}"),
            revision: None,
        }
    }
}
