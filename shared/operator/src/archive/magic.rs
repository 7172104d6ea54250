//! What a file is that is no zip: by its first bytes.

use std::fmt;

/// A format that uploads have under a zip's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No byte.
    Empty,
    /// A zip without its end.
    CutZip,
    /// Of this name.
    Other(&'static str),
    /// Nothing that is known here.
    Unknown,
}

/// The first bytes of formats, and what these are called.
const MAGIC: [(&[u8], &str); 10] = [
    (b"\x1f\x8b", "a gzip file, as a .tar.gz is"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"--", "a multipart form, or text"),
    (b"{", "JSON"),
    (b"<", "HTML or XML"),
    (b"apiVersion:", "YAML"),
];

/// How many of them, from the first, are archives or compressed.
const ARCHIVES: usize = 6;

impl Format {
    /// What a file is that is an archive itself.
    pub(crate) fn of_archive(bytes: &[u8]) -> Option<&'static str> {
        match Format::of(bytes) {
            Format::CutZip => Some("a zip"),
            Format::Other("a tar archive") => Some("a tar archive"),
            Format::Other(name) => {
                let mut archives = MAGIC.iter().take(ARCHIVES);
                archives.any(|(_, known)| *known == name).then_some(name)
            }
            Format::Empty | Format::Unknown => None,
        }
    }

    /// The format of a file that has no end of a zip.
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Format::Empty;
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return Format::CutZip;
        }
        if bytes.get(257..262) == Some(b"ustar") {
            return Format::Other("a tar archive");
        }
        let known = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
        known.map_or(Format::Unknown, |(_, name)| Format::Other(name))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Format::Empty => f.write_str("it is empty"),
            Format::CutZip => f.write_str(
                "it begins like one, but its last 65557 bytes have no end record: the end of the file is missing",
            ),
            Format::Other(name) => {
                write!(f, "it is {name}; make a zip of the files themselves, for example with `zip -r`")
            }
            Format::Unknown => f.write_str("no end record in its last 65557 bytes"),
        }
    }
}
