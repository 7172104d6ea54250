//! What a directory record and a local header have in common.

use super::error::Flaw;

/// Little-endian fields, read one after the other; `None` where the bytes end.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(crate) fn signature(&mut self, wanted: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// The fields that both kinds of header hold, in this order (4.3.7, 4.3.12).
pub(super) struct Header<'a> {
    version: u16,
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub compressed: u64,
    pub uncompressed: u64,
    pub name: &'a [u8],
    extra: &'a [u8],
}

impl<'a> Header<'a> {
    pub(crate) const STORED: u16 = 0;
    pub(crate) const DEFLATED: u16 = 8;

    const ENCRYPTED: u16 = 1;
    const DEFLATE_OPTIONS: u16 = 0b11 << 1;
    const DESCRIPTOR: u16 = 1 << 3;
    const STRONGLY_ENCRYPTED: u16 = 1 << 6;
    const UTF8: u16 = 1 << 11;
    const MASKED: u16 = 1 << 13;
    /// AES by the convention of `WinZip`: the true method is in an extra field.
    const AES: u16 = 99;

    /// Reads a header; `own` is how many bytes of its own its kind has before the name.
    pub(crate) fn read(fields: &mut Fields<'a>, own: usize) -> Option<(Self, Fields<'a>)> {
        let version = fields.u16()?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        let _time_and_date = fields.u32()?;
        let crc = fields.u32()?;
        let compressed = fields.u32()?.into();
        let uncompressed = fields.u32()?.into();
        let name_length = fields.u16()?;
        let extra_length = fields.u16()?;
        let own = Fields(fields.bytes(own)?);
        let name = fields.bytes(name_length.into())?;
        let extra = fields.bytes(extra_length.into())?;
        let header = Self {
            version,
            flags,
            method,
            crc,
            compressed,
            uncompressed,
            name,
            extra,
        };
        Some((header, own))
    }

    pub(crate) fn has_descriptor(&self) -> bool {
        self.flags & Self::DESCRIPTOR != 0
    }

    pub(crate) fn is_utf8(&self) -> bool {
        self.flags & Self::UTF8 != 0
    }

    /// The flags without those that say how hard the archiver tried to compress, which archivers set in one header only.
    pub(crate) fn flags_but_level(&self) -> u16 {
        self.flags & !Self::DEFLATE_OPTIONS
    }

    /// Refuses what this reader does not read.
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        const ENCRYPTION: u16 = Header::ENCRYPTED | Header::STRONGLY_ENCRYPTED | Header::MASKED;
        const KNOWN: u16 = Header::DEFLATE_OPTIONS | Header::DESCRIPTOR | Header::UTF8;
        // The high byte is a system, and says nothing about the format (4.4.3).
        let [version, _] = self.version.to_le_bytes();

        if self.flags & ENCRYPTION != 0 || self.method == Self::AES {
            return Err(Flaw::Encrypted);
        }
        if self.flags & !KNOWN != 0 {
            return Err(Flaw::Flags(self.flags));
        }
        if !matches!(self.method, Self::STORED | Self::DEFLATED) {
            return Err(Flaw::Method(self.method));
        }
        // Up to 4.5 is zip64, 6.3 the newest there is: what these add are methods and encryption, refused above.
        if version > 63 {
            return Err(Flaw::Version(version));
        }
        Ok(())
    }

    /// Reads the extra fields, and the sizes out of the zip64 field if there is one. What follows
    /// the sizes in that field is handed back.
    pub(crate) fn widen(&mut self) -> Result<Option<Fields<'a>>, Flaw> {
        let mut zip64 = self.zip64_field()?;
        self.uncompressed = wide(self.uncompressed, &mut zip64)?;
        self.compressed = wide(self.compressed, &mut zip64)?;
        Ok(zip64)
    }

    /// Checks the extra fields and returns the zip64 one.
    fn zip64_field(&self) -> Result<Option<Fields<'a>>, Flaw> {
        const ZIP64: u16 = 0x0001;
        const STRONG_ENCRYPTION: u16 = 0x0017;
        const AES: u16 = 0x9901;

        let mut zip64 = None;
        for field in self.extra_fields() {
            let (id, data) = field?;
            match id {
                ZIP64 if zip64.is_some() => return Err(Flaw::ExtraFields),
                ZIP64 => zip64 = Some(Fields(data)),
                STRONG_ENCRYPTION | AES => return Err(Flaw::Encrypted),
                _ => {}
            }
        }
        Ok(zip64)
    }

    /// The extra fields, by their ids. Zeros that are too few for a field are padding, as some archivers write it.
    pub(crate) fn extra_fields(&self) -> impl Iterator<Item = Result<(u16, &'a [u8]), Flaw>> {
        const SHORTEST: usize = 4;
        let mut extra = Fields(self.extra);
        std::iter::from_fn(move || {
            let is_padding = extra.0.len() < SHORTEST && extra.0.iter().all(|byte| *byte == 0);
            if is_padding {
                return None;
            }
            let field = extra_field(&mut extra);
            if field.is_none() {
                extra.0 = &[];
            }
            Some(field.ok_or(Flaw::ExtraFields))
        })
    }
}

fn extra_field<'a>(extra: &mut Fields<'a>) -> Option<(u16, &'a [u8])> {
    let id = extra.u16()?;
    let length = extra.u16()?;
    Some((id, extra.bytes(length.into())?))
}

/// A field of 32 bits, or the next one of the zip64 field, to which all ones refer (4.5.3).
pub(super) fn wide(narrow: u64, zip64: &mut Option<Fields>) -> Result<u64, Flaw> {
    match zip64 {
        Some(fields) if narrow == u64::from(u32::MAX) => fields.u64().ok_or(Flaw::ExtraFields),
        _ => Ok(narrow),
    }
}
