//! A zip archive, read whole: bytes and [`Limits`] in, [`Files`] out, or the way in which the
//! archive lies.
//!
//! Zip readers are fooled where two of them, or two parts of one, read the same bytes
//! differently. So this one reads an archive once and takes only what has a single reading:
//! everything that is said twice (in the directory and beside the data, in a narrow and in a wide
//! field) must agree, and no size is believed before its bytes have been counted.
//!
//! The format is PKWARE's [APPNOTE.TXT](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT);
//! section numbers in this module are its own.

mod content;
mod directory;
mod entry;
mod error;
mod header;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use content::Contents;
use directory::Directory;
pub use error::{ArchiveError, EntryName, Flaw};

/// The files of an archive by relative path, with `/` between segments; no directories.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What an archive may cost; a value equal to its limit passes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of all files together, uncompressed.
    pub uncompressed: u64,
    /// Entries, directories among them.
    pub entries: usize,
    /// Segments of a path: `a/b` has two.
    pub depth: usize,
    /// Bytes of one segment.
    pub segment: usize,
    /// Bytes of a path.
    pub path: usize,
}

impl Limits {
    /// Room for `uncompressed` bytes, in 10,000 entries with names that any file system can hold.
    #[must_use]
    pub fn new(uncompressed: u64) -> Self {
        Self {
            uncompressed,
            entries: 10_000,
            depth: 20,
            segment: 255,
            path: 1024,
        }
    }
}

/// Reads every file of an archive.
///
/// # Errors
///
/// When the bytes are not a zip archive, when it exceeds a limit, and when it, or one of its
/// entries, can be read in more than one way.
pub fn extract(zip: &[u8], limits: &Limits) -> Result<Files, ArchiveError> {
    let directory = Directory::find(zip)?;
    let mut entries = directory.entries(limits)?;
    name::all_distinct(&entries)?;

    entries.sort_unstable_by_key(|entry| entry.offset);
    let mut contents = Contents::new(limits.uncompressed, &entries)?;
    let mut files = Files::new();
    let mut end_of_last = 0;
    for entry in &entries {
        if entry.offset < end_of_last {
            return Err(entry.refuse(Flaw::Overlap));
        }
        let data = entry
            .data(directory.body)
            .map_err(|flaw| entry.refuse(flaw))?;
        end_of_last = data.end;
        let content = contents.read(entry, data.bytes)?;
        if !entry.is_directory() {
            files.insert(entry.name.to_owned(), content);
        }
    }
    Ok(files)
}
