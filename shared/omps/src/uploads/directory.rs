//! Uploads in a directory: `<directory>/<organization>/<id>` is the zip; the marker `<id>.place` beside it says that
//! the upload was created, and is locked while a zip arrives for it. [`stock`] counts and removes.
//!
//! Several processes may use one directory. What they know of each other is in the file system.

mod stock;

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use super::{
    MAX_OF_ORGANIZATION, MAX_UPLOADS, UPLOAD_LIFETIME, URL_LIFETIME, UploadError, UploadId,
};
use crate::names::OrganizationName;
use crate::url::append;

/// The directory, and the service's own URL.
pub struct Directory {
    directory: PathBuf,
    public_url: Url,
    /// Held while something is counted and then added, so that two requests do not both take the last place.
    adding: Mutex<()>,
}

/// An upload whose zip the client is sending.
pub struct Arrival {
    file: tokio::fs::File,
    temporary: NamedTempFile,
    destination: PathBuf,
    /// The marker, which is locked.
    place: File,
    id: UploadId,
    written: u64,
    /// The largest size in bytes: the size that the client announced, or the general limit.
    pub limit: usize,
}

impl Directory {
    /// Uploads in this directory. Clients put them to this service, which they reach at `public_url`.
    pub fn new(directory: PathBuf, public_url: Url) -> Self {
        Directory {
            directory,
            public_url,
            adding: Mutex::default(),
        }
    }

    pub(super) fn create(
        &self,
        organization: &OrganizationName,
        id: UploadId,
        size: Option<u64>,
    ) -> Result<String, UploadError> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let stock = stock::sweep(&self.directory).map_err(|error| unavailable(&error))?;
        if stock.places.values().sum::<usize>() >= MAX_UPLOADS {
            let problem = "Too many uploads are waiting to be pushed; try again later";
            return Err(UploadError::Unavailable(problem.to_owned()));
        }
        let of_organization = stock.places.get(organization.as_str());
        if of_organization.is_some_and(|places| *places >= MAX_OF_ORGANIZATION) {
            return Err(UploadError::Unavailable(format!(
                "Too many uploads of organization {organization} are waiting to be pushed: {MAX_OF_ORGANIZATION}; push them, or try again later"
            )));
        }
        let announced = size.map(|size| size.to_string()).unwrap_or_default();
        let marker = marker(&self.zip(organization, id));
        let made = self.make(organization, &marker, &announced);
        made.map_err(|error| unavailable(&error))?;
        let path = ["v2", organization.as_str(), "uploads", &id.to_string()];
        Ok(append(&self.public_url, path).into())
    }

    /// Writes a marker. Another process may remove the folder, which is still empty, in between.
    fn make(
        &self,
        organization: &OrganizationName,
        marker: &Path,
        announced: &str,
    ) -> io::Result<()> {
        let make = || {
            fs::create_dir_all(self.folder_of(organization))?;
            fs::write(marker, announced)
        };
        match make() {
            Err(error) if error.kind() == ErrorKind::NotFound => make(),
            made => made,
        }
    }

    /// Starts to receive the zip of an upload. The zip can be read only after it is complete. Until then, nobody else can
    /// put one there.
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
        let mut place = open_recent(&marker(&destination), URL_LIFETIME)
            .map_err(|error| not_found_or_unavailable(id, &error))?;
        place.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => UploadError::Unavailable(
                "The zip of this upload is arriving with another request".to_owned(),
            ),
            TryLockError::Error(error) => unavailable(&error),
        })?;
        let announced = io::read_to_string(&mut place).map_err(|error| unavailable(&error))?;
        let most = announced.parse().unwrap_or(limit).min(limit);
        let temporary = self.temporary(organization, most, limit)?;
        let file = temporary.reopen().map_err(|error| unavailable(&error))?;
        Ok(Arrival {
            file: file.into(),
            temporary,
            destination,
            place,
            id,
            written: 0,
            limit: most,
        })
    }

    /// A file for a zip that arrives. It has its largest length from the beginning, so that all processes count it.
    fn temporary(
        &self,
        organization: &OrganizationName,
        most: usize,
        limit: usize,
    ) -> Result<NamedTempFile, UploadError> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let stock = stock::sweep(&self.directory).map_err(|error| unavailable(&error))?;
        if stock.bytes + most as u64 > (MAX_UPLOADS * limit) as u64 {
            let problem =
                "Uploads that wait to be pushed, or arrive, take up all space; try again later";
            return Err(UploadError::Unavailable(problem.to_owned()));
        }
        let temporary = tempfile::Builder::new()
            .prefix(stock::TEMPORARY)
            .tempfile_in(self.folder_of(organization))
            .map_err(|error| unavailable(&error))?;
        let reserved = temporary.as_file().set_len(most as u64);
        reserved.map_err(|error| unavailable(&error))?;
        Ok(temporary)
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
        // Only an empty folder can be removed.
        drop(fs::remove_dir(self.folder_of(organization)));
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
        self.written += piece.len() as u64;
        let written = self.file.write_all(piece).await;
        written.map_err(|error| unavailable(&error))
    }

    /// Completes the upload after the last piece: from then on, it survives a crash of the machine.
    ///
    /// # Errors
    /// [`UploadError::NotFound`] if the upload expired or was pushed meanwhile, or [`UploadError::Unavailable`].
    pub async fn finish(mut self) -> Result<(), UploadError> {
        let stored = self.store().await;
        stored.map_err(|error| unavailable(&error))?;
        if !is_at(&self.place, &marker(&self.destination)) {
            return Err(UploadError::NotFound(self.id.to_string()));
        }
        let arrived = self.temporary.persist(&self.destination);
        arrived.map_err(|error| unavailable(&error.error))?;
        // It may have lost its place in this moment. Then nobody would count it.
        if !is_at(&self.place, &marker(&self.destination)) {
            drop(fs::remove_file(&self.destination));
            return Err(UploadError::NotFound(self.id.to_string()));
        }
        let folder = self.destination.parent().unwrap_or(&self.destination);
        let synced = async { tokio::fs::File::open(folder).await?.sync_all().await };
        synced.await.map_err(|error| unavailable(&error))
    }

    /// Lets the zip go to a device that takes nothing.
    #[cfg(test)]
    pub(super) fn write_to_a_full_disk(&mut self) {
        let full = File::options().write(true).open("/dev/full");
        self.file = full.unwrap().into();
    }

    async fn store(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.set_len(self.written).await?;
        self.file.sync_all().await
    }
}

/// Whether a path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    let number = |file: Metadata| (file.dev(), file.ino());
    let there = fs::metadata(path).map(number);
    there.is_ok_and(|there| file.metadata().map(number).is_ok_and(|this| this == there))
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

fn not_found_or_unavailable(id: UploadId, error: &io::Error) -> UploadError {
    match error.kind() {
        ErrorKind::NotFound => UploadError::NotFound(id.to_string()),
        _ => unavailable(error),
    }
}

/// The log has the cause, which may contain paths; the client does not see it.
fn unavailable(error: &io::Error) -> UploadError {
    tracing::error!(%error, "the directory of uploads cannot be used");
    let problem = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "The disk for uploads is full",
        _ => "Uploads cannot be stored at the moment",
    };
    UploadError::Unavailable(problem.to_owned())
}
