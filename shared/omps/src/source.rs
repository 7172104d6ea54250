//! The source of the archive of a push: the request itself, an earlier upload, an object in a bucket, or a build in
//! Koji.

use bytes::Bytes;

use crate::call::Call;
use crate::digest::sha256;
use crate::error::Error;
use crate::koji::Archive;
use crate::names::{Nvr, OrganizationName};
use crate::objects::{Object, Revision};
use crate::uploads::{UploadError, UploadId};

/// Where the archive of a push is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The archive came with the request.
    Zip(Bytes),
    /// The client uploaded it before.
    Upload(UploadId),
    /// It is an object in a bucket.
    Object(Object),
    /// It belongs to a build in Koji.
    Build(Nvr),
}

/// An archive that was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The zip.
    pub zip: Bytes,
    /// The N-V-R that Koji gives the build, if the source is a build.
    pub nvr: Option<Nvr>,
}

impl From<Bytes> for Fetched {
    fn from(zip: Bytes) -> Self {
        Fetched { zip, nvr: None }
    }
}

impl Source {
    /// The N-V-R that was asked for, if the source is a build.
    pub fn nvr(&self) -> Option<&Nvr> {
        match self {
            Source::Build(nvr) => Some(nvr),
            Source::Zip(_) | Source::Upload(_) | Source::Object(_) => None,
        }
    }

    /// Fetches the archive. The archive of a build is downloaded before Greenwave is asked about the build, by the name that
    /// Koji gives it: a caller cannot choose another one.
    ///
    /// # Errors
    /// The errors of the source, and of Greenwave.
    pub async fn fetch(
        &self,
        call: Call<'_>,
        organization: &OrganizationName,
    ) -> Result<Fetched, Error> {
        let limit = call.app.config.max_archive_size();
        match self {
            Source::Zip(zip) => Ok(zip.clone().into()),
            Source::Upload(id) => {
                let uploads = call.app.uploads.as_ref();
                let uploads = uploads.ok_or_else(|| UploadError::NotFound(id.to_string()))?;
                Ok(uploads.read(organization, *id, limit).await?.into())
            }
            Source::Object(object) => Ok(call.app.objects.read(object, limit).await?.into()),
            Source::Build(nvr) => {
                let Archive { nvr, zip } = call.koji().archive(nvr, limit).await?;
                if let Some(greenwave) = call.greenwave() {
                    greenwave.check(&nvr).await?;
                }
                Ok(Fetched {
                    zip,
                    nvr: Some(nvr),
                })
            }
        }
    }

    /// A name for the archive that is known before it is fetched. The same archive always has the same name.
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

    /// Removes the upload after a successful push.
    pub async fn use_up(&self, call: Call<'_>, organization: &OrganizationName) {
        if let (Source::Upload(id), Some(uploads)) = (self, &call.app.uploads) {
            uploads.remove(organization, *id).await;
        }
    }
}
