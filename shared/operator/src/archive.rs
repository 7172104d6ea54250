//! A zip archive, read whole: bytes and [`Limits`] in, [`Files`] out, or the way in which the archive contradicts itself.
//!
//! Attacks on zip readers work where two of them, or two parts of one, read the same bytes differently. So this one reads an
//! archive once, and takes only what has a single reading: everything that is there twice (in the directory and beside the
//! data, in a narrow and in a wide field) must agree, and no size is believed before its bytes have been counted. One thing
//! has to be guessed, because real archivers do not say it: the encoding of a name (`archive/name.rs`).
//!
//! The format is PKWARE's [APPNOTE.TXT](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT);
//! section numbers in this module are its own.

mod content;
mod directory;
mod entry;
mod error;
mod header;
mod macos;
mod magic;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use content::Contents;
use directory::Directory;
pub use error::{ArchiveError, EntryName, Flaw};
pub(crate) use macos::is_of_macos;
pub use magic::Format;

use crate::limits::Limits;

/// The files of an archive by relative path, with `/` between segments; no directories.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The name of a file, without its folders.
pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
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
    let mut contents = Contents::new(limits.uncompressed_size, &entries)?;
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
            files.insert(entry.name.to_string(), content);
        }
    }
    Ok(files)
}
