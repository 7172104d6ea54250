//! One entry: its record in the directory, and its data with the header beside it.

use std::borrow::Cow;

use crate::limits::Limits;

use super::error::{ArchiveError, EntryName, Flaw};
use super::header::{Fields, Header, wide};
use super::name;

/// An entry's record in the central directory (4.3.12), not yet checked.
pub(super) struct Record<'a> {
    header: Header<'a>,
    system: u8,
    disk: u16,
    attributes: u32,
    offset: u32,
}

impl<'a> Record<'a> {
    pub(crate) const SIGNATURE: &'static [u8] = b"PK\x01\x02";

    pub(crate) fn read(records: &mut Fields<'a>) -> Option<Self> {
        records.signature(Self::SIGNATURE)?;
        let [_version, system] = records.array()?;
        let (header, mut own) = Header::read(records, 14)?;
        let comment_length = own.u16()?;
        let disk = own.u16()?;
        let _internal_attributes = own.u16()?;
        let attributes = own.u32()?;
        let offset = own.u32()?;
        records.bytes(comment_length.into())?;
        Some(Self {
            header,
            system,
            disk,
            attributes,
            offset,
        })
    }
}

/// An entry as the directory describes it, checked as far as that goes.
pub(super) struct Entry<'a> {
    /// Relative and safe; a directory's ends with `/`.
    pub name: Cow<'a, str>,
    pub header: Header<'a>,
    /// Where the local header is.
    pub offset: usize,
}

/// An entry's data as they are in the archive.
pub(super) struct Data<'a> {
    pub bytes: &'a [u8],
    /// Where the entry ends, its data descriptor included.
    pub end: usize,
}

impl<'a> Entry<'a> {
    /// Checks a record of an archive that was appended to `prefix` bytes.
    pub(crate) fn new(
        record: Record<'a>,
        prefix: usize,
        limits: &Limits,
    ) -> Result<Self, ArchiveError> {
        let name = record.header.name;
        Self::check(record, prefix, limits).map_err(|flaw| ArchiveError::entry(name, flaw))
    }

    pub(crate) fn refuse(&self, flaw: Flaw) -> ArchiveError {
        ArchiveError::entry(self.name.as_bytes(), flaw)
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }

    /// Finds the entry's data: the local header before it must say what the directory says.
    pub(crate) fn data(&self, body: &'a [u8]) -> Result<Data<'a>, Flaw> {
        let mut fields = Fields(body.get(self.offset..).unwrap_or_default());
        fields.signature(b"PK\x03\x04").ok_or(Flaw::NoLocalHeader)?;
        let (local, _) = Header::read(&mut fields, 0).ok_or(Flaw::PastEnd)?;
        self.check_local(local)?;

        let length = usize::try_from(self.header.compressed).map_err(|_| Flaw::PastEnd)?;
        let bytes = fields.bytes(length).ok_or(Flaw::PastEnd)?;
        if self.header.has_descriptor() {
            fields = self.skip_descriptor(fields).ok_or(Flaw::Descriptor)?;
        }
        Ok(Data {
            bytes,
            end: body.len() - fields.0.len(),
        })
    }

    fn check(record: Record<'a>, prefix: usize, limits: &Limits) -> Result<Self, Flaw> {
        let Record {
            mut header,
            system,
            disk,
            attributes,
            offset,
        } = record;
        let name = name::decode(&header)?;
        let name = name::parse(name, limits)?;
        header.check()?;
        let mut zip64 = header.widen()?;
        let offset = wide(offset.into(), &mut zip64)?;
        let disk = match &mut zip64 {
            Some(fields) if disk == u16::MAX => fields.u32().ok_or(Flaw::ExtraFields)?,
            _ => disk.into(),
        };
        if disk != 0 {
            return Err(Flaw::OtherDisk(disk));
        }
        let offset = usize::try_from(offset)
            .ok()
            .and_then(|at| at.checked_add(prefix));
        let offset = offset.ok_or(Flaw::NoLocalHeader)?;

        let entry = Self {
            name,
            header,
            offset,
        };
        entry.check_mode(system, attributes >> 16)?;
        let (found, declared) = (entry.header.compressed, entry.header.uncompressed);
        if entry.is_directory() && declared != 0 {
            return Err(Flaw::DirectoryWithData(declared));
        }
        if entry.header.method == Header::STORED && found != declared {
            return Err(Flaw::Uncompressed { found, declared });
        }
        Ok(entry)
    }

    /// Checks the type in a Unix mode, which only some systems have in the attributes (4.4.2).
    fn check_mode(&self, system: u8, mode: u32) -> Result<(), Flaw> {
        const UNIX: u8 = 3;
        const MACOS: u8 = 19;
        const DIRECTORY: u32 = 0o040_000;
        const REGULAR: u32 = 0o100_000;
        if !matches!(system, UNIX | MACOS) {
            return Ok(());
        }
        match mode & 0o170_000 {
            0 => Ok(()),
            DIRECTORY if self.is_directory() => Ok(()),
            REGULAR if !self.is_directory() => Ok(()),
            DIRECTORY | REGULAR => Err(Flaw::NameAgainstMode(mode)),
            _ => Err(Flaw::SpecialFile { mode }),
        }
    }

    fn check_local(&self, mut local: Header) -> Result<(), Flaw> {
        let header = &self.header;
        if local.name != header.name {
            return Err(Flaw::LocalName(EntryName::new(local.name)));
        }
        local.check()?;
        if let Some(name) = name::in_unicode_path(&local)?
            && name::without_here(&name) != self.name
        {
            return Err(Flaw::UnicodePath(EntryName::new(name.as_bytes())));
        }
        local.widen()?;
        let later = header.has_descriptor();
        for (field, local, directory, may_be_zero) in [
            (
                "flags",
                local.flags_but_level().into(),
                header.flags_but_level().into(),
                false,
            ),
            ("method", local.method.into(), header.method.into(), false),
            ("CRC", local.crc.into(), header.crc.into(), later),
            (
                "compressed size",
                local.compressed,
                header.compressed,
                later,
            ),
            (
                "uncompressed size",
                local.uncompressed,
                header.uncompressed,
                later,
            ),
        ] {
            if local != directory && !(may_be_zero && local == 0) {
                return Err(Flaw::LocalField {
                    field,
                    local,
                    directory,
                });
            }
        }
        Ok(())
    }

    /// Skips the data descriptor (4.3.9), which may lack its signature, and have wide sizes
    /// without saying so.
    fn skip_descriptor(&self, fields: Fields<'a>) -> Option<Fields<'a>> {
        let signed = fields.0.strip_prefix(b"PK\x07\x08").map(Fields);
        let narrow = |fields: &mut Fields| fields.u32().map(u64::from);
        let wide = |fields: &mut Fields| fields.u64();
        let mut readings = signed.into_iter().chain([fields]);
        readings.find_map(|fields| {
            let read_as_narrow = self.skip_sizes(fields, narrow);
            read_as_narrow.or_else(|| self.skip_sizes(fields, wide))
        })
    }

    fn skip_sizes(
        &self,
        mut fields: Fields<'a>,
        size: impl Fn(&mut Fields) -> Option<u64>,
    ) -> Option<Fields<'a>> {
        let agrees = fields.u32()? == self.header.crc
            && size(&mut fields)? == self.header.compressed
            && size(&mut fields)? == self.header.uncompressed;
        agrees.then_some(fields)
    }
}
