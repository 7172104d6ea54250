//! The rules of entry names.

use super::Limits;
use super::entry::Entry;
use super::error::{ArchiveError, EntryName, Flaw};
use super::header::Header;

/// The directory that an archive is extracted to.
const HERE: &str = "./";

/// The name of an entry, which is sure to stay below the directory it is extracted to. A
/// directory's ends with `/`.
pub(super) fn parse<'a>(header: &Header<'a>, limits: &Limits) -> Result<&'a str, Flaw> {
    if !header.is_utf8() && !header.name.is_ascii() {
        return Err(Flaw::NotAscii);
    }
    let name = from_here(str::from_utf8(header.name).map_err(|_| Flaw::NotUtf8)?);
    let path = path(name);
    if name.is_empty() {
        return Err(Flaw::NoName);
    }
    if name.contains(char::is_control) {
        return Err(Flaw::ControlCharacter);
    }
    if name.contains('\\') {
        return Err(Flaw::Backslash);
    }
    if name.starts_with('/') {
        return Err(Flaw::Absolute);
    }
    if let [b'A'..=b'Z' | b'a'..=b'z', b':', ..] = name.as_bytes() {
        return Err(Flaw::DriveLetter);
    }
    let (found, limit) = (path.len(), limits.path);
    if found > limit {
        return Err(Flaw::PathTooLong { found, limit });
    }
    let (found, limit) = (path.split('/').count(), limits.depth);
    if found > limit {
        return Err(Flaw::TooDeep { found, limit });
    }
    if name == HERE {
        return Ok(name);
    }
    for segment in path.split('/') {
        let (found, limit) = (segment.len(), limits.segment);
        match segment {
            ".." => return Err(Flaw::ParentSegment),
            "" | "." => return Err(Flaw::EmptySegment),
            _ if found > limit => return Err(Flaw::SegmentTooLong { found, limit }),
            _ => {}
        }
    }
    Ok(name)
}

/// Refuses two entries that would be one on some file system: the same name, if only but for
/// case, and a file where another entry needs a directory.
pub(super) fn all_distinct(entries: &[Entry]) -> Result<(), ArchiveError> {
    let mut by_path: Vec<_> = entries
        .iter()
        .map(|entry| (sort_key(entry.name), entry))
        .collect();
    by_path.sort_by(|(one, _), (other, _)| one.cmp(other));

    for [(path, entry), (next_path, next)] in by_path.array_windows() {
        let Some(below) = next_path.strip_prefix(path.as_str()) else {
            continue;
        };
        let is_same = below.is_empty();
        if is_same && entry.is_directory() == next.is_directory() {
            return Err(next.refuse(Flaw::Duplicate(EntryName::new(entry.header.name))));
        }
        if is_same || below.starts_with('\0') && !entry.is_directory() {
            return Err(entry.refuse(Flaw::FileAndDirectory));
        }
    }
    Ok(())
}

/// A name without the `./` that some archivers write before every name.
fn from_here(name: &str) -> &str {
    match name.trim_start_matches("./") {
        "" if !name.is_empty() => HERE,
        rest => rest,
    }
}

fn path(name: &str) -> &str {
    name.strip_suffix('/').unwrap_or(name)
}

/// A path without its case, and with NUL, which no name has, for `/`: so that it sorts right
/// before all that is below it.
fn sort_key(name: &str) -> String {
    let path = path(name).replace('/', "\0");
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    // By way of upper case, since some letters have two lower ones, as sigma does.
    path.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}
