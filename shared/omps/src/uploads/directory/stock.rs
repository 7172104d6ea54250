//! What is in the directory of uploads: counts it, and removes what has expired.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{UPLOAD_LIFETIME, URL_LIFETIME, is_recent};

/// What the name of a file begins with that is not complete yet. No id does.
pub(super) const TEMPORARY: &str = ".";
/// The extension of a marker.
const MARKER: &str = "place";

/// What is left after the sweep.
#[derive(Debug, Default)]
pub(super) struct Stock {
    /// The uploads of each organization, with or without their zips.
    pub places: BTreeMap<String, usize>,
    /// The size of all zips, those included that are arriving.
    pub bytes: u64,
}

/// Removes expired files and empty folders, and counts the rest.
pub(super) fn sweep(directory: &Path) -> io::Result<Stock> {
    let mut stock = Stock::default();
    for organization in entries(directory)? {
        let mut places = 0;
        for file in entries(&organization.path())? {
            places += usize::from(sweep_file(&file, &mut stock.bytes));
        }
        if places > 0 {
            let name = organization.file_name().to_string_lossy().into_owned();
            stock.places.insert(name, places);
        }
        // Only an empty folder can be removed.
        drop(fs::remove_dir(organization.path()));
    }
    Ok(stock)
}

/// Removes a file if it has expired. Otherwise adds its bytes, and says whether it stands for an upload: a marker does, and
/// so does a zip without one.
fn sweep_file(file: &DirEntry, bytes: &mut u64) -> bool {
    let path = file.path();
    let Ok(metadata) = file.metadata() else {
        return false;
    };
    let is_marker = path
        .extension()
        .is_some_and(|extension| extension == MARKER);
    let is_temporary = file.file_name().to_string_lossy().starts_with(TEMPORARY);
    let is_short_lived = is_temporary || (is_marker && !path.with_extension("").exists());
    let lifetime = match is_short_lived {
        true => URL_LIFETIME,
        false => UPLOAD_LIFETIME,
    };
    // A marker is locked while a zip arrives for it: then it stays.
    let is_locked = |marker: File| matches!(marker.try_lock(), Err(TryLockError::WouldBlock));
    let is_in_use = || is_marker && File::open(&path).is_ok_and(is_locked);
    if !is_recent(&metadata, lifetime) && !is_in_use() {
        drop(fs::remove_file(path));
        return false;
    }
    match is_marker {
        true => true,
        false => {
            *bytes += metadata.len();
            !is_temporary && !path.with_extension(MARKER).exists()
        }
    }
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
