//! The ways in which an archive is broken or contradicts itself.

use std::fmt;

use super::magic::Format;

/// Why an archive was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("not a zip file: {0}")]
    NotAZip(Format),
    #[error(
        "not a zip file that ends where it says: \
         the comment should be {declared} bytes, {found} bytes follow the end record. Send the file as the archiver wrote \
         it: nothing may be added to its end or cut off"
    )]
    Comment { declared: usize, found: usize },
    #[error("archive can be read in two ways: it has two {0}")]
    Ambiguous(&'static str),
    #[error("archive spans several disks, wanted one file")]
    MultiDisk,
    #[error("zip64 end record is broken, misplaced or disagrees with the end record")]
    Zip64,
    #[error(
        "central directory is not where the end record says: \
         {size} bytes from byte {offset}, but it must end at byte {end}"
    )]
    DirectoryBounds { size: u64, offset: u64, end: usize },
    #[error("central directory is broken at its entry number {number}")]
    DirectoryRecord { number: usize },
    #[error("end record counts {declared} entries, the central directory holds {found}")]
    EntryCount { declared: u64, found: usize },
    #[error("archive has more than {limit} entries")]
    TooManyEntries { limit: usize },
    #[error("uncompressed archive is larger than allowed: {found} B > {limit} B")]
    TooLarge { found: u64, limit: u64 },
    #[error("entry {name} {flaw}")]
    Entry { name: EntryName, flaw: Flaw },
}

impl ArchiveError {
    pub(super) fn entry(name: &[u8], flaw: Flaw) -> Self {
        Self::Entry {
            name: EntryName::new(name),
            flaw,
        }
    }
}

/// What is wrong with one entry; reads on from its name.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    #[error("has no name")]
    NoName,
    #[error("has a name that is marked as UTF-8 and is not")]
    NotUtf8,
    #[error("has a control character in its name")]
    ControlCharacter,
    #[error(
        "has a backslash in its name, wanted `/` between segments: make the zip with PowerShell 7, `zip -r` or `jar`"
    )]
    Backslash,
    #[error("has an absolute name, wanted a relative one")]
    Absolute,
    #[error("has a drive letter in its name, wanted a relative one")]
    DriveLetter,
    #[error("climbs out with a `..` segment")]
    ParentSegment,
    #[error("has an empty or `.` segment")]
    EmptySegment,
    #[error("has a segment longer than allowed: {found} B > {limit} B")]
    SegmentTooLong { found: usize, limit: usize },
    #[error("has a name longer than allowed: {found} B > {limit} B")]
    PathTooLong { found: usize, limit: usize },
    #[error("is nested deeper than allowed: {found} levels > {limit}")]
    TooDeep { found: usize, limit: usize },
    #[error("has the name of another entry, {0}")]
    Duplicate(EntryName),
    #[error("is both a file and a directory")]
    FileAndDirectory,
    #[error("has another name in its Unicode path extra field: {0}")]
    UnicodePath(EntryName),

    #[error(
        "is {} (mode {mode:o}), wanted a file or a directory: {}",
        special_file(*.mode),
        if .mode & 0o170_000 == 0o120_000 { "`zip -r` without `-y` stores the file that it leads to" }
        else { "leave it out of the zip" }
    )]
    SpecialFile { mode: u32 },
    #[error("is a directory by name or by mode ({0:o}), but not by both")]
    NameAgainstMode(u32),
    #[error("is a directory and has data: {0} bytes")]
    DirectoryWithData(u64),

    #[error("is encrypted")]
    Encrypted,
    #[error("has flags set that are not supported: {0:#06x}")]
    Flags(u16),
    #[error("needs version {}.{} of the format, at most 6.3 is supported", .0 / 10, .0 % 10)]
    Version(u8),
    #[error(
        "is compressed with method {0}{name}, wanted 0 (stored) or 8 (deflated): make the zip with `zip -r`, or with \
         `7z a -tzip -mm=Deflate`",
        name = method_name(*.0)
    )]
    Method(u16),
    #[error("has broken extra fields")]
    ExtraFields,

    #[error("is on disk {0}, wanted one file")]
    OtherDisk(u32),
    #[error("has no local header where the central directory says")]
    NoLocalHeader,
    #[error("has another name in its local header: {0}")]
    LocalName(EntryName),
    #[error("has {field} {local} in its local header, {directory} in the central directory")]
    LocalField {
        field: &'static str,
        local: u64,
        directory: u64,
    },
    #[error("overlaps the entry before it")]
    Overlap,
    #[error("runs into the central directory")]
    PastEnd,
    #[error("has a data descriptor that differs from the central directory")]
    Descriptor,

    #[error("is broken: {0}")]
    Stream(flate2::DecompressError),
    #[error("is broken: its data ends too soon")]
    Truncated,
    #[error("has {found} bytes of compressed data, the central directory says {declared}")]
    Compressed { found: u64, declared: u64 },
    #[error("has {found} bytes of uncompressed data, the central directory says {declared}")]
    Uncompressed { found: u64, declared: u64 },
    #[error("has CRC {found:08x}, the central directory says {declared:08x}")]
    Crc { found: u32, declared: u32 },
}

/// What a Unix mode says that is neither a file nor a directory.
fn special_file(mode: u32) -> &'static str {
    match mode & 0o170_000 {
        0o010_000 => "a FIFO",
        0o020_000 | 0o060_000 => "a device",
        0o120_000 => "a symbolic link",
        0o140_000 => "a socket",
        _ => "of an unknown type",
    }
}

/// The methods that archivers offer (4.4.5).
fn method_name(method: u16) -> &'static str {
    match method {
        9 => " (Deflate64)",
        12 => " (bzip2)",
        14 => " (LZMA)",
        93 => " (zstd)",
        95 => " (xz)",
        98 => " (PPMd)",
        _ => "",
    }
}

/// An entry's name as a message may show it: quoted, escaped, cut after 255 characters.
#[derive(Clone, Debug)]
pub struct EntryName(String);

impl EntryName {
    pub(super) fn new(raw: &[u8]) -> Self {
        const MOST: usize = 255;
        let mut shown = format!("{:?}", String::from_utf8_lossy(raw));
        if let Some((end, _)) = shown.char_indices().nth(MOST) {
            shown.truncate(end);
            shown.push('…');
        }
        Self(shown)
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
