//! Uploads in S3. Clients put them to a presigned URL; a lifecycle rule of the bucket deletes them after a day.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::presigning::PresigningConfig;
use bytes::Bytes;

use super::{UPLOAD_LIFETIME, URL_LIFETIME, UploadError, UploadId};
use crate::aws::Aws;
use crate::names::OrganizationName;
use crate::objects::{Object, ObjectError, S3};

/// The bucket for uploads.
pub struct Bucket {
    name: String,
    s3: S3,
}

impl Bucket {
    /// The bucket with this name.
    pub fn new(name: String, aws: Arc<Aws>) -> Self {
        Bucket {
            name,
            s3: S3::new(aws),
        }
    }

    /// A URL that accepts one upload of this size. The size is part of the signature, so that S3 accepts no other: without
    /// one, it would accept 5 GiB.
    pub(super) async fn create(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        size: u64,
    ) -> Result<String, UploadError> {
        let failed = |problem| {
            UploadError::Unavailable(format!(
                "The URL for the upload could not be signed: {problem}"
            ))
        };
        let within = PresigningConfig::expires_in(URL_LIFETIME);
        let within = within.map_err(|error| failed(error.to_string()))?;
        let object = self.object(organization, id);
        let client = self.s3.client().await;
        let size = i64::try_from(size).map_err(|error| failed(error.to_string()))?;
        let request = client
            .put_object()
            .bucket(object.bucket)
            .key(object.key)
            .content_length(size)
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
        // S3 may delete an expired object late: treat it as deleted.
        let since = SystemTime::now().checked_sub(UPLOAD_LIFETIME);
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
            tracing::warn!(cause = %DisplayErrorContext(&error), "an upload could not be removed; it expires later");
        }
    }

    /// The object of an upload. Its prefix differs from the one whose objects are pushed automatically.
    fn object(&self, organization: &OrganizationName, id: UploadId) -> Object {
        Object {
            bucket: self.name.clone(),
            key: format!("uploads/{organization}/{id}"),
            revision: None,
        }
    }
}
