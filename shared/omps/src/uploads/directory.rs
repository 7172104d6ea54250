//! Uploads in a directory: `<directory>/<organization>/<id>` is the zip; the marker `<id>.place` beside it says that
//! the upload was created.

use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use super::{UPLOAD_LIFETIME, URL_LIFETIME, UploadError, UploadId};
use crate::names::OrganizationName;
use crate::url::append;

/// The largest number of uploads: together with their largest size, it limits the disk space that they use.
const MAX_UPLOADS: usize = 100;

/// The directory, and the service's own URL.
pub struct Directory {
    directory: PathBuf,
    public_url: Url,
}

/// An upload whose zip the client is sending.
pub struct Arrival {
    file: tokio::fs::File,
    temporary: NamedTempFile,
    destination: PathBuf,
    /// The largest size in bytes: the size that the client announced, or the general limit.
    pub limit: usize,
}

impl Directory {
    /// Uploads in this directory. Clients put them to this service, which they reach at `public_url`.
    pub fn new(directory: PathBuf, public_url: Url) -> Self {
        Directory {
            directory,
            public_url,
        }
    }

    pub(super) fn create(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        size: Option<u64>,
    ) -> Result<String, UploadError> {
        if self.remove_expired().map_err(|error| unavailable(&error))? >= MAX_UPLOADS {
            let problem = "Too many uploads are waiting to be pushed; try again later";
            return Err(UploadError::Unavailable(problem.to_owned()));
        }
        let announced = size.map(|size| size.to_string()).unwrap_or_default();
        let zip = self.zip(organization, id);
        let made = fs::create_dir_all(self.folder_of(organization))
            .and_then(|()| fs::write(marker(&zip), announced));
        made.map_err(|error| unavailable(&error))?;
        let path = ["v2", organization.as_str(), "uploads", &id.to_string()];
        Ok(append(&self.public_url, path).into())
    }

    /// Starts to receive the zip of an upload. The zip can be read only after it is complete.
    ///
    /// # Errors
    /// [`UploadError`], for example if the upload was not created.
    pub fn receive(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        limit: usize,
    ) -> Result<Arrival, UploadError> {
        let destination = self.zip(organization, id);
        let announced = open_recent(&marker(&destination), URL_LIFETIME)
            .and_then(|mut marker| io::read_to_string(&mut marker))
            .map_err(|error| not_found_or_unavailable(id, &error))?;
        let temporary = tempfile::Builder::new()
            .prefix(".")
            .tempfile_in(self.folder_of(organization))
            .map_err(|error| unavailable(&error))?;
        let file = temporary.reopen().map_err(|error| unavailable(&error))?;
        Ok(Arrival {
            file: file.into(),
            temporary,
            destination,
            limit: announced.parse().unwrap_or(limit).min(limit),
        })
    }

    pub(super) fn read(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        limit: usize,
    ) -> Result<Bytes, UploadError> {
        let file = open_recent(&self.zip(organization, id), UPLOAD_LIFETIME)
            .map_err(|error| not_found_or_unavailable(id, &error))?;
        let size = file.metadata().map_err(|error| unavailable(&error))?.len();
        if size > limit as u64 {
            return Err(UploadError::TooLarge { size, limit });
        }
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        let read = file.take(size).read_to_end(&mut content);
        read.map_err(|error| unavailable(&error))?;
        Ok(content.into())
    }

    pub(super) fn remove(&self, organization: &OrganizationName, id: UploadId) {
        let zip = self.zip(organization, id);
        // A file that cannot be removed now expires later.
        drop(fs::remove_file(marker(&zip)));
        drop(fs::remove_file(zip));
    }

    /// Removes expired files, and counts the uploads that remain, with or without their zips.
    fn remove_expired(&self) -> io::Result<usize> {
        let mut waiting = 0;
        for organization in entries(&self.directory)? {
            for entry in entries(&organization.path())? {
                let path = entry.path();
                let is_marker = path
                    .extension()
                    .is_some_and(|extension| extension == "place");
                let lifetime = match is_marker && !path.with_extension("").exists() {
                    true => URL_LIFETIME,
                    false => UPLOAD_LIFETIME,
                };
                if entry
                    .metadata()
                    .is_ok_and(|file| !is_recent(&file, lifetime))
                {
                    drop(fs::remove_file(path));
                } else if is_marker {
                    waiting += 1;
                }
            }
        }
        Ok(waiting)
    }

    /// The names of organizations and the ids are safe in a path: they cannot leave the directory.
    fn folder_of(&self, organization: &OrganizationName) -> PathBuf {
        self.directory.join(organization.as_str())
    }

    fn zip(&self, organization: &OrganizationName, id: UploadId) -> PathBuf {
        self.folder_of(organization).join(id.to_string())
    }
}

impl Arrival {
    /// Writes the next piece of the zip.
    ///
    /// # Errors
    /// [`UploadError::Unavailable`]
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), UploadError> {
        let written = self.file.write_all(piece).await;
        written.map_err(|error| unavailable(&error))
    }

    /// Completes the upload after the last piece.
    ///
    /// # Errors
    /// [`UploadError::Unavailable`]
    pub async fn finish(mut self) -> Result<(), UploadError> {
        let flushed = self.file.flush().await;
        flushed.map_err(|error| unavailable(&error))?;
        let arrived = self.temporary.persist(self.destination);
        arrived.map_err(|error| unavailable(&error.error))?;
        Ok(())
    }
}

fn marker(zip: &Path) -> PathBuf {
    zip.with_extension("place")
}

/// Opens a file unless it is older than `lifetime`.
fn open_recent(path: &Path, lifetime: Duration) -> io::Result<File> {
    let file = File::open(path)?;
    match is_recent(&file.metadata()?, lifetime) {
        true => Ok(file),
        false => Err(ErrorKind::NotFound.into()),
    }
}

/// Whether a file is not older than `lifetime`. A file whose time is in the future counts as recent.
fn is_recent(file: &Metadata, lifetime: Duration) -> bool {
    let age = file.modified().map(|modified| modified.elapsed());
    age.is_ok_and(|age| age.unwrap_or_default() <= lifetime)
}

/// The entries of a directory; none if the directory does not exist.
fn entries(directory: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect(),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn not_found_or_unavailable(id: UploadId, error: &io::Error) -> UploadError {
    match error.kind() {
        ErrorKind::NotFound => UploadError::NotFound(id.to_string()),
        _ => unavailable(error),
    }
}

/// The log has the cause, which may contain paths; the client does not see it.
fn unavailable(error: &io::Error) -> UploadError {
    tracing::error!(%error, "the directory of uploads cannot be used");
    UploadError::Unavailable("Uploads cannot be stored at the moment".to_owned())
}
