//! Uploads in a directory: `<directory>/<organization>/<id>` is the zip, `<id>.place` says that one is expected.

use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use super::{KEPT, PUT_WITHIN, UploadError, UploadId};
use crate::names::OrganizationName;
use crate::url::append;

/// How many uploads may wait: with their largest size, this bounds the room that they take.
const MOST: usize = 100;

/// A directory.
pub struct Spool {
    directory: PathBuf,
    public_url: Url,
}

/// An upload that is being put.
pub struct Arrival {
    file: tokio::fs::File,
    written_to: NamedTempFile,
    arrives_at: PathBuf,
    /// Bytes that it may have: those that were promised, or all that are allowed.
    pub limit: usize,
}

impl Spool {
    /// Uploads in that directory, which are put to the service itself at `public_url`.
    pub fn new(directory: PathBuf, public_url: Url) -> Self {
        Spool {
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
        if self.sweep().map_err(|error| unavailable(&error))? >= MOST {
            let problem = "Too many uploads wait to be pushed; come back later";
            return Err(UploadError::Unavailable(problem.to_owned()));
        }
        let promise = size.map(|size| size.to_string()).unwrap_or_default();
        let zip = self.zip(organization, id);
        let made = fs::create_dir_all(self.of(organization))
            .and_then(|()| fs::write(place(&zip), promise));
        made.map_err(|error| unavailable(&error))?;
        let path = ["v2", organization.as_str(), "uploads", &id.to_string()];
        Ok(append(&self.public_url, path).into())
    }

    /// Takes what is put to a place. It is there once it is whole.
    ///
    /// # Errors
    /// [`UploadError`], when nothing is expected there.
    pub fn receive(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        limit: usize,
    ) -> Result<Arrival, UploadError> {
        let arrives_at = self.zip(organization, id);
        let promise = young(&place(&arrives_at), PUT_WITHIN)
            .and_then(|mut place| io::read_to_string(&mut place))
            .map_err(|error| lost(id, &error))?;
        let written_to = tempfile::Builder::new()
            .prefix(".")
            .tempfile_in(self.of(organization))
            .map_err(|error| unavailable(&error))?;
        let file = written_to.reopen().map_err(|error| unavailable(&error))?;
        Ok(Arrival {
            file: file.into(),
            written_to,
            arrives_at,
            limit: promise.parse().unwrap_or(limit).min(limit),
        })
    }

    pub(super) fn read(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        limit: usize,
    ) -> Result<Bytes, UploadError> {
        let file = young(&self.zip(organization, id), KEPT).map_err(|error| lost(id, &error))?;
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
        // What cannot be removed now is swept later.
        drop(fs::remove_file(place(&zip)));
        drop(fs::remove_file(zip));
    }

    /// Removes what is too old, and counts the rest: places, each with its zip or still without.
    fn sweep(&self) -> io::Result<usize> {
        let mut waiting = 0;
        for organization in entries(&self.directory)? {
            for entry in entries(&organization.path())? {
                let path = entry.path();
                let is_place = path
                    .extension()
                    .is_some_and(|extension| extension == "place");
                let kept = match is_place && !path.with_extension("").exists() {
                    true => PUT_WITHIN,
                    false => KEPT,
                };
                if entry.metadata().is_ok_and(|file| !is_young(&file, kept)) {
                    drop(fs::remove_file(path));
                } else if is_place {
                    waiting += 1;
                }
            }
        }
        Ok(waiting)
    }

    /// Neither an organization's name nor an id leads out of the directory.
    fn of(&self, organization: &OrganizationName) -> PathBuf {
        self.directory.join(organization.as_str())
    }

    fn zip(&self, organization: &OrganizationName, id: UploadId) -> PathBuf {
        self.of(organization).join(id.to_string())
    }
}

impl Arrival {
    /// Writes a piece.
    ///
    /// # Errors
    /// [`UploadError::Unavailable`]
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), UploadError> {
        let written = self.file.write_all(piece).await;
        written.map_err(|error| unavailable(&error))
    }

    /// The last piece was written: the upload is there.
    ///
    /// # Errors
    /// [`UploadError::Unavailable`]
    pub async fn finish(mut self) -> Result<(), UploadError> {
        let flushed = self.file.flush().await;
        flushed.map_err(|error| unavailable(&error))?;
        let arrived = self.written_to.persist(self.arrives_at);
        arrived.map_err(|error| unavailable(&error.error))?;
        Ok(())
    }
}

fn place(zip: &Path) -> PathBuf {
    zip.with_extension("place")
}

/// Opens a file that is not too old.
fn young(path: &Path, kept: Duration) -> io::Result<File> {
    let file = File::open(path)?;
    match is_young(&file.metadata()?, kept) {
        true => Ok(file),
        false => Err(ErrorKind::NotFound.into()),
    }
}

/// A file from the future is young.
fn is_young(file: &Metadata, kept: Duration) -> bool {
    let age = file.modified().map(|modified| modified.elapsed());
    age.is_ok_and(|age| age.unwrap_or_default() <= kept)
}

/// What is in a directory, if that is there.
fn entries(directory: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect(),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn lost(id: UploadId, error: &io::Error) -> UploadError {
    match error.kind() {
        ErrorKind::NotFound => UploadError::NotFound(id.to_string()),
        _ => unavailable(error),
    }
}

/// Where exactly uploads are is nobody's business but the log's.
fn unavailable(error: &io::Error) -> UploadError {
    tracing::error!(%error, "the directory of uploads cannot be used");
    UploadError::Unavailable("Uploads cannot be kept at the moment".to_owned())
}
