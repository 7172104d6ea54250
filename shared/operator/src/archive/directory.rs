//! The end record, and the central directory it leads to.

use crate::limits::Limits;

use super::entry::{Entry, Record};
use super::error::ArchiveError;
use super::header::Fields;
use super::magic::Format;

const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const ZIP64_END: &[u8] = b"PK\x06\x06";
const ZIP64_END_LENGTH: usize = 56;
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
const ZIP64_LOCATOR_LENGTH: usize = 20;

/// The central directory of an archive, found and not yet read.
pub(super) struct Directory<'a> {
    /// What is before the directory: the entries, and whatever the archive was appended to.
    pub body: &'a [u8],
    records: &'a [u8],
    /// How many bytes the archive was appended to, if its offsets do not count them.
    prefix: usize,
    count: u64,
}

impl<'a> Directory<'a> {
    /// Finds the directory, which ends where the end records begin.
    pub(crate) fn find(zip: &'a [u8]) -> Result<Self, ArchiveError> {
        let (before, end) = split_end(zip)?;
        let (before, end) = split_zip64_end(before, end)?;
        if end.disk != 0 || end.directory_disk != 0 || end.count_on_disk != end.count {
            return Err(ArchiveError::MultiDisk);
        }

        let elsewhere = || ArchiveError::DirectoryBounds {
            size: end.size,
            offset: end.offset,
            end: before.len(),
        };
        let start = back_by(before.len(), end.size).ok_or_else(elsewhere)?;
        let prefix = back_by(start, end.offset).ok_or_else(elsewhere)?;
        let (body, records) = before.split_at(start);
        // Some readers look at the offset itself first, and only then for a prefix.
        if prefix > 0 && is_directory_at(body, start.checked_sub(prefix)) {
            return Err(ArchiveError::Ambiguous("central directories"));
        }
        let count = end.count;
        Ok(Self {
            body,
            records,
            prefix,
            count,
        })
    }

    /// The entries in the order of the directory.
    pub(crate) fn entries(&self, limits: &Limits) -> Result<Vec<Entry<'a>>, ArchiveError> {
        let mut entries = Vec::new();
        let mut records = Fields(self.records);
        while !records.0.is_empty() {
            if entries.len() == limits.entries {
                let limit = limits.entries;
                return Err(ArchiveError::TooManyEntries { limit });
            }
            let number = entries.len() + 1;
            let record = Record::read(&mut records);
            let record = record.ok_or(ArchiveError::DirectoryRecord { number })?;
            entries.push(Entry::new(record, self.prefix, limits)?);
        }
        let (declared, found) = (self.count, entries.len());
        if declared != found as u64 {
            return Err(ArchiveError::EntryCount { declared, found });
        }
        Ok(entries)
    }
}

/// What an end record says.
struct End {
    disk: u64,
    directory_disk: u64,
    count_on_disk: u64,
    count: u64,
    size: u64,
    offset: u64,
}

impl End {
    /// Reads an end record (4.3.16); with it comes the length of its comment.
    fn read(record: &[u8]) -> Option<(Self, usize)> {
        let mut fields = Fields(record.strip_prefix(END)?);
        let end = Self {
            disk: fields.u16()?.into(),
            directory_disk: fields.u16()?.into(),
            count_on_disk: fields.u16()?.into(),
            count: fields.u16()?.into(),
            size: fields.u32()?.into(),
            offset: fields.u32()?.into(),
        };
        Some((end, fields.u16()?.into()))
    }

    /// Reads a zip64 end record (4.3.14), one without extensible data.
    fn read_zip64(record: &[u8]) -> Option<Self> {
        let mut fields = Fields(record.strip_prefix(ZIP64_END)?);
        let length = fields.u64()?;
        let _versions = fields.u32()?;
        let end = Self {
            disk: fields.u32()?.into(),
            directory_disk: fields.u32()?.into(),
            count_on_disk: fields.u64()?,
            count: fields.u64()?,
            size: fields.u64()?,
            offset: fields.u64()?,
        };
        // The length does not count itself and what is before it.
        (length == ZIP64_END_LENGTH as u64 - 12).then_some(end)
    }

    fn refers_to_zip64(&self) -> bool {
        self.count == u64::from(u16::MAX)
            || self.size == u64::from(u32::MAX)
            || self.offset == u64::from(u32::MAX)
    }

    /// Whether each field is said again in `wide`, or refers to it by being all ones (4.4.1.4).
    fn agrees_with(&self, wide: &Self) -> bool {
        let (short, long) = (u64::from(u16::MAX), u64::from(u32::MAX));
        [
            (self.disk, wide.disk, short),
            (self.directory_disk, wide.directory_disk, short),
            (self.count_on_disk, wide.count_on_disk, short),
            (self.count, wide.count, short),
            (self.size, wide.size, long),
            (self.offset, wide.offset, long),
        ]
        .iter()
        .all(|(narrow, wide, ones)| narrow == wide || narrow == ones)
    }
}

/// Splits off the end record: the last there is, whose comment must end with the archive.
fn split_end(zip: &[u8]) -> Result<(&[u8], End), ArchiveError> {
    let first = zip.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
    let mut ends = zip[first..]
        .windows(END_LENGTH)
        .enumerate()
        .filter_map(|(at, record)| {
            let (end, comment) = End::read(record)?;
            Some((first + at, end, comment))
        });
    let (at, end, declared) = ends
        .next_back()
        .ok_or_else(|| ArchiveError::NotAZip(Format::of(zip)))?;
    let found = zip.len() - at - END_LENGTH;
    if declared != found {
        return Err(ArchiveError::Comment { declared, found });
    }
    // Some readers take the first one that fits, in whose comment the last one would be.
    if ends.any(|(at, _, comment)| at + END_LENGTH + comment == zip.len()) {
        return Err(ArchiveError::Ambiguous("end records"));
    }
    Ok((&zip[..at], end))
}

/// Splits off the zip64 end record and its locator, if there is one before the end record.
fn split_zip64_end(zip: &[u8], narrow: End) -> Result<(&[u8], End), ArchiveError> {
    match split_last(zip, ZIP64_LOCATOR_LENGTH) {
        Some((before, locator)) if locator.starts_with(ZIP64_LOCATOR) => {
            let end = zip64_end(before, locator).filter(|(_, wide)| narrow.agrees_with(wide));
            // Some readers overlook this record when no field refers to it.
            let overlooked = back_by(zip.len(), narrow.size);
            if !narrow.refers_to_zip64() && is_directory_at(zip, overlooked) {
                return Err(ArchiveError::Ambiguous("central directories"));
            }
            end.ok_or(ArchiveError::Zip64)
        }
        _ => Ok((zip, narrow)),
    }
}

/// The zip64 end record that is right before its locator (4.3.15) and right after the directory.
fn zip64_end<'a>(before: &'a [u8], locator: &[u8]) -> Option<(&'a [u8], End)> {
    let (before, record) = split_last(before, ZIP64_END_LENGTH)?;
    let end = End::read_zip64(record)?;

    let mut locator = Fields(locator.strip_prefix(ZIP64_LOCATOR)?);
    let disk = locator.u32()?;
    let offset = locator.u64()?;
    let disks = locator.u32()?;
    let is_located = disk == 0 && disks <= 1 && Some(offset) == end.offset.checked_add(end.size);
    is_located.then_some((before, end))
}

fn is_directory_at(bytes: &[u8], position: Option<usize>) -> bool {
    let directory = position.and_then(|position| bytes.get(position..));
    directory.is_some_and(|directory| directory.starts_with(Record::SIGNATURE))
}

fn split_last(bytes: &[u8], count: usize) -> Option<(&[u8], &[u8])> {
    Some(bytes.split_at(bytes.len().checked_sub(count)?))
}

fn back_by(position: usize, count: u64) -> Option<usize> {
    position.checked_sub(usize::try_from(count).ok()?)
}
