//! A writer of zip archives that lies wherever it is told to.

use std::io::Write as _;

use flate2::{Compression, write::DeflateEncoder};

/// What a local header and a directory record have in common.
#[derive(Clone)]
pub(crate) struct Header {
    pub version: u16,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub compressed: u32,
    pub uncompressed: u32,
    pub name: Vec<u8>,
    pub extra: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    /// Bytes before the local header that belong to no entry.
    pub gap: Vec<u8>,
    pub local: Header,
    pub data: Vec<u8>,
    pub descriptor: Vec<u8>,
    pub central: Header,
    pub system: u8,
    pub disk: u16,
    pub mode: u32,
    /// Where the directory says that the local header is; the truth if `None`.
    pub offset: Option<u32>,
    pub comment: Vec<u8>,
}

impl Entry {
    /// A directory, if the name ends with `/`; then it should have no content.
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        Self::new(name, content, 0, content.to_vec())
    }

    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        Self::new(name, content, 8, deflate(content))
    }

    fn new(name: &str, content: &[u8], method: u16, data: Vec<u8>) -> Self {
        let header = Header {
            version: 20,
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            method,
            crc: crc32fast::hash(content),
            compressed: data.len().try_into().unwrap(),
            uncompressed: content.len().try_into().unwrap(),
            name: name.into(),
            extra: vec![],
        };
        Self {
            gap: vec![],
            local: header.clone(),
            data,
            descriptor: vec![],
            central: header,
            system: 3,
            disk: 0,
            mode: if name.ends_with('/') {
                0o040_755
            } else {
                0o100_644
            },
            offset: None,
            comment: vec![],
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Changes both headers alike.
    pub(crate) fn both(mut self, change: impl Fn(&mut Header)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }

    /// Moves CRC and sizes from the local header to a data descriptor.
    pub(crate) fn streamed(self, descriptor: &[u8]) -> Self {
        self.both(|header| header.flags |= 1 << 3).with(|entry| {
            entry.local.crc = 0;
            entry.local.compressed = 0;
            entry.local.uncompressed = 0;
            entry.descriptor = descriptor.into();
        })
    }

    pub(crate) fn zip(self) -> Vec<u8> {
        zip([self])
    }
}

pub(crate) struct Archive {
    pub entries: Vec<Entry>,
    /// Bytes that the archive is appended to.
    pub stub: Vec<u8>,
    /// Whether the offsets count the stub.
    pub stub_counts: bool,
    pub comment: Vec<u8>,
    pub zip64: bool,
    pub end: fn(&mut End),
    pub zip64_end: fn(&mut Zip64End),
}

/// The end record. With zip64, the numbers here are all ones.
pub(crate) struct End {
    pub disk: u16,
    pub directory_disk: u16,
    pub count_on_disk: u16,
    pub count: u16,
    pub size: u32,
    pub offset: u32,
    pub comment_length: u16,
}

/// The zip64 end record and its locator.
pub(crate) struct Zip64End {
    pub length: u64,
    pub disk: u32,
    pub count: u64,
    pub size: u64,
    pub offset: u64,
    pub extensible: Vec<u8>,
    pub locator_disk: u32,
    pub locator_offset: u64,
    pub disks: u32,
}

pub(crate) fn zip(entries: impl IntoIterator<Item = Entry>) -> Vec<u8> {
    Archive::of(entries).bytes()
}

impl Archive {
    pub(crate) fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            stub: vec![],
            stub_counts: false,
            comment: vec![],
            zip64: false,
            end: |_| {},
            zip64_end: |_| {},
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let origin = if self.stub_counts { 0 } else { self.stub.len() };
        let position = |out: &Vec<u8>| out.len() - origin;

        let mut out = self.stub.clone();
        let mut directory = vec![];
        for entry in &self.entries {
            out.extend(&entry.gap);
            let offset = entry.offset.unwrap_or(position(&out).try_into().unwrap());
            out.extend(b"PK\x03\x04");
            out.extend(fixed(&entry.local));
            out.extend(&entry.local.name);
            out.extend(&entry.local.extra);
            out.extend(&entry.data);
            out.extend(&entry.descriptor);

            directory.extend(b"PK\x01\x02");
            directory.extend([63, entry.system]);
            directory.extend(fixed(&entry.central));
            directory.extend(u16::try_from(entry.comment.len()).unwrap().to_le_bytes());
            directory.extend(entry.disk.to_le_bytes());
            directory.extend([0, 0]);
            directory.extend((entry.mode << 16).to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(&entry.central.name);
            directory.extend(&entry.central.extra);
            directory.extend(&entry.comment);
        }

        let count = self.entries.len();
        let offset = position(&out);
        let size = directory.len();
        out.extend(directory);
        if self.zip64 {
            let mut end = Zip64End {
                length: 44,
                disk: 0,
                count: count as u64,
                size: size as u64,
                offset: offset as u64,
                extensible: vec![],
                locator_disk: 0,
                locator_offset: position(&out) as u64,
                disks: 1,
            };
            (self.zip64_end)(&mut end);
            out.extend(end.bytes());
        }
        let ones = |value: usize| if self.zip64 { usize::MAX } else { value };
        let mut end = End {
            disk: 0,
            directory_disk: 0,
            count_on_disk: low16(ones(count)),
            count: low16(ones(count)),
            size: low32(ones(size)),
            offset: low32(ones(offset)),
            comment_length: low16(self.comment.len()),
        };
        (self.end)(&mut end);
        out.extend(end.bytes());
        out.extend(&self.comment);
        out
    }
}

impl End {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [
            b"PK\x05\x06",
            &self.disk.to_le_bytes()[..],
            &self.directory_disk.to_le_bytes(),
            &self.count_on_disk.to_le_bytes(),
            &self.count.to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.offset.to_le_bytes(),
            &self.comment_length.to_le_bytes(),
        ]
        .concat()
    }
}

impl Zip64End {
    fn bytes(&self) -> Vec<u8> {
        [
            b"PK\x06\x06",
            &self.length.to_le_bytes()[..],
            &[45, 3, 45, 0],
            &self.disk.to_le_bytes(),
            &self.disk.to_le_bytes(),
            &self.count.to_le_bytes(),
            &self.count.to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.offset.to_le_bytes(),
            &self.extensible,
            b"PK\x06\x07",
            &self.locator_disk.to_le_bytes(),
            &self.locator_offset.to_le_bytes(),
            &self.disks.to_le_bytes(),
        ]
        .concat()
    }
}

fn fixed(header: &Header) -> Vec<u8> {
    [
        &header.version.to_le_bytes()[..],
        &header.flags.to_le_bytes(),
        &header.method.to_le_bytes(),
        // No clock shows 31:63:62 on the 31st of month 15.
        &[0xff; 4],
        &header.crc.to_le_bytes(),
        &header.compressed.to_le_bytes(),
        &header.uncompressed.to_le_bytes(),
        &low16(header.name.len()).to_le_bytes(),
        &low16(header.extra.len()).to_le_bytes(),
    ]
    .concat()
}

/// An extra field.
pub(crate) fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    [
        &id.to_le_bytes()[..],
        &low16(data.len()).to_le_bytes(),
        data,
    ]
    .concat()
}

/// A zip64 extra field.
pub(crate) fn zip64_extra(sizes: &[u64]) -> Vec<u8> {
    let data: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    extra(1, &data)
}

pub(crate) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(vec![], Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[expect(clippy::cast_possible_truncation, reason = "all ones stay all ones")]
fn low16(value: usize) -> u16 {
    value as u16
}

#[expect(clippy::cast_possible_truncation, reason = "all ones stay all ones")]
fn low32(value: usize) -> u32 {
    value as u32
}
