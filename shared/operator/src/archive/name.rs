//! Entry names: in which encoding they are, and the rules for them.
//!
//! Only a name that is marked as UTF-8 says its encoding. What archivers write without the mark: Info-ZIP and macOS UTF-8,
//! Windows the code page 437 of DOS (or another; nothing says which), WinRAR and Info-ZIP a second name in the Unicode path
//! extra field.

use std::borrow::Cow;

use crate::limits::Limits;

use super::entry::Entry;
use super::error::{ArchiveError, EntryName, Flaw};
use super::header::{Fields, Header};

/// The directory that an archive is extracted to.
const HERE: &str = "./";
/// What the bytes from 0x80 on are in code page 437.
const CODE_PAGE_437: &str = "\
ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name in a header: by its Unicode path field, or by its mark as UTF-8, or what its bytes look like.
pub(super) fn decode<'a>(header: &Header<'a>) -> Result<Cow<'a, str>, Flaw> {
    if let Some(name) = in_unicode_path(header)? {
        return Ok(name);
    }
    match str::from_utf8(header.name) {
        Ok(name) => Ok(name.into()),
        Err(_) if header.is_utf8() => Err(Flaw::NotUtf8),
        Err(_) => Ok(header
            .name
            .iter()
            .map(|byte| code_page_437(*byte))
            .collect()),
    }
}

/// The name in the Unicode path field of a header (4.6.9), where it is another than the plain one.
///
/// Readers that know the field read that name, others the plain one. So it must be what an archiver makes of it: the plain
/// name, but for characters that DOS lacks.
pub(super) fn in_unicode_path<'a>(header: &Header<'a>) -> Result<Option<Cow<'a, str>>, Flaw> {
    const UNICODE_PATH: u16 = 0x7075;
    const VERSION: u8 = 1;
    for field in header.extra_fields() {
        let (UNICODE_PATH, data) = field? else {
            continue;
        };
        let mut fields = Fields(data);
        let version = fields.array().map(|[version]| version);
        let crc = fields.u32().ok_or(Flaw::ExtraFields)?;
        let bytes = fields.0;
        if bytes == header.name {
            continue;
        }
        let is_current = version == Some(VERSION) && crc == crc32fast::hash(header.name);
        let is_plain_certain = header.is_utf8() || (header.name.is_ascii() && !is_current);
        match str::from_utf8(bytes) {
            Ok(name) if is_current && !is_plain_certain && is_spelled_as(name, header.name) => {
                return Ok(Some(name.into()));
            }
            _ if is_current || is_plain_certain => {
                return Err(Flaw::UnicodePath(EntryName::new(bytes)));
            }
            // Of a name that the entry had once: the format says to ignore it.
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a plain name can be what is left of a Unicode name that has characters beyond ASCII: the rest of it is there, in
/// order, with the same segments.
fn is_spelled_as(name: &str, plain: &[u8]) -> bool {
    let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
    let mut plain_bytes = plain.iter();
    !name.is_ascii()
        && slashes(name.as_bytes()) == slashes(plain)
        && name
            .bytes()
            .filter(u8::is_ascii)
            .all(|byte| plain_bytes.any(|plain| *plain == byte))
}

fn code_page_437(byte: u8) -> char {
    let beyond_ascii = byte
        .checked_sub(0x80)
        .and_then(|at| CODE_PAGE_437.chars().nth(at.into()));
    beyond_ascii.unwrap_or(char::from(byte))
}

/// The name of an entry, which is sure to stay below the directory it is extracted to. A directory's ends with `/`.
pub(super) fn parse<'a>(name: Cow<'a, str>, limits: &Limits) -> Result<Cow<'a, str>, Flaw> {
    let name = without_here_owned(name);
    check(&name, limits)?;
    Ok(name)
}

fn check(name: &str, limits: &Limits) -> Result<(), Flaw> {
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
    let (found, limit) = (path.len(), limits.path_length);
    if found > limit {
        return Err(Flaw::PathTooLong { found, limit });
    }
    let (found, limit) = (path.split('/').count(), limits.path_segments);
    if found > limit {
        return Err(Flaw::TooDeep { found, limit });
    }
    if name == HERE {
        return Ok(());
    }
    for segment in path.split('/') {
        let (found, limit) = (segment.len(), limits.segment_length);
        match segment {
            ".." => return Err(Flaw::ParentSegment),
            "" | "." => return Err(Flaw::EmptySegment),
            _ if found > limit => return Err(Flaw::SegmentTooLong { found, limit }),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses two entries that would be one: a file that is there twice, and a file where another entry needs a directory. A
/// directory may be there twice: some archivers write one each time that they add a file to it.
pub(super) fn all_distinct(entries: &[Entry]) -> Result<(), ArchiveError> {
    let mut by_path: Vec<_> = entries
        .iter()
        .map(|entry| (sort_key(&entry.name), entry))
        .collect();
    by_path.sort_by(|(one, _), (other, _)| one.cmp(other));

    for [(path, entry), (next_path, next)] in by_path.array_windows() {
        let Some(below) = next_path.strip_prefix(path.as_str()) else {
            continue;
        };
        let is_same = below.is_empty();
        match (entry.is_directory(), next.is_directory()) {
            (true, true) => {}
            (false, false) if is_same => {
                return Err(next.refuse(Flaw::Duplicate(EntryName::new(entry.name.as_bytes()))));
            }
            (is_directory, _) if is_same || below.starts_with('\0') && !is_directory => {
                return Err(entry.refuse(Flaw::FileAndDirectory));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A name without the `./` that some archivers write before every name.
pub(super) fn without_here(name: &str) -> &str {
    match name.trim_start_matches("./") {
        "" if !name.is_empty() => HERE,
        rest => rest,
    }
}

fn without_here_owned(name: Cow<'_, str>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => without_here(name).into(),
        Cow::Owned(name) => without_here(&name).to_owned().into(),
    }
}

fn path(name: &str) -> &str {
    name.strip_suffix('/').unwrap_or(name)
}

/// A path with NUL, which no name has, for `/`: so that it sorts right before all that is below it.
fn sort_key(name: &str) -> String {
    path(name).replace('/', "\0")
}
