//! Where the archive of a push is: it came with the request, waits as an upload or as an object in a bucket, or was made
//! by a build in Koji.

use bytes::Bytes;

use crate::call::Call;
use crate::digest::sha256;
use crate::error::Error;
use crate::names::{Nvr, OrganizationName};
use crate::objects::{Object, Revision};
use crate::uploads::{UploadError, UploadId};

/// An archive that is still to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It came with the request.
    Zip(Bytes),
    /// It was uploaded before.
    Upload(UploadId),
    /// It is in a bucket.
    Object(Object),
    /// A build in Koji made it.
    Build(Nvr),
}

impl Source {
    /// The build, if there is one.
    pub fn nvr(&self) -> Option<&Nvr> {
        match self {
            Source::Build(nvr) => Some(nvr),
            Source::Zip(_) | Source::Upload(_) | Source::Object(_) => None,
        }
    }

    /// Fetches the archive. That of a build is downloaded before Greenwave is asked.
    ///
    /// # Errors
    /// Those of the place where it is, and of Greenwave.
    pub async fn fetch(
        &self,
        call: Call<'_>,
        organization: &OrganizationName,
    ) -> Result<Bytes, Error> {
        let limit = call.app.config.max_archive_size();
        match self {
            Source::Zip(zip) => Ok(zip.clone()),
            Source::Upload(id) => {
                let uploads = call.app.uploads.as_ref();
                let uploads = uploads.ok_or_else(|| UploadError::NotFound(id.to_string()))?;
                Ok(uploads.read(organization, *id, limit).await?)
            }
            Source::Object(object) => Ok(call.app.objects.read(object, limit).await?),
            Source::Build(nvr) => {
                let zip = call.koji().archive(nvr, limit).await?;
                if let Some(greenwave) = call.greenwave() {
                    greenwave.check(nvr).await?;
                }
                Ok(zip)
            }
        }
    }

    /// What the archive is, as far as it is known before it is fetched: the same text for the same archive.
    pub fn name(&self) -> String {
        match self {
            Source::Zip(zip) => format!("zip/{}", sha256(zip)),
            Source::Upload(id) => format!("upload/{id}"),
            Source::Object(Object {
                bucket,
                key,
                revision,
            }) => {
                let revision = revision.as_ref().map_or("", |revision| match revision {
                    Revision::Version(version) => version,
                    Revision::Etag(etag) => etag,
                });
                format!("s3/{bucket}/{key}/{revision}")
            }
            Source::Build(nvr) => format!("koji/{nvr}"),
        }
    }

    /// Removes what a successful push has used up.
    pub async fn use_up(&self, call: Call<'_>, organization: &OrganizationName) {
        if let (Source::Upload(id), Some(uploads)) = (self, &call.app.uploads) {
            uploads.remove(organization, *id).await;
        }
    }
}
