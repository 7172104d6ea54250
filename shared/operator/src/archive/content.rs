//! What is in an entry, counted and checked.

use flate2::{Decompress, FlushDecompress, Status};

use super::entry::Entry;
use super::error::{ArchiveError, Flaw};
use super::header::Header;

/// Reads entries one after the other, up to a limit for all of them.
pub(super) struct Contents {
    inflater: Decompress,
    limit: u64,
    read: u64,
}

impl Contents {
    /// Refuses at once what admits that it is too large.
    pub(crate) fn new(limit: u64, entries: &[Entry]) -> Result<Self, ArchiveError> {
        let sizes = entries.iter().map(|entry| entry.header.uncompressed);
        let found = sizes.fold(0, u64::saturating_add);
        if found > limit {
            return Err(ArchiveError::TooLarge { found, limit });
        }
        let inflater = Decompress::new(false);
        Ok(Self {
            inflater,
            limit,
            read: 0,
        })
    }

    /// The content of an entry, from its data in the archive.
    pub(crate) fn read(&mut self, entry: &Entry, data: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        let content = match entry.header.method {
            Header::STORED => data.to_vec(),
            _ => self.inflate(entry, data)?,
        };
        let (found, declared) = (content.len() as u64, entry.header.uncompressed);
        if found != declared {
            return Err(entry.refuse(Flaw::Uncompressed { found, declared }));
        }
        let (found, declared) = (crc32fast::hash(&content), entry.header.crc);
        if found != declared {
            return Err(entry.refuse(Flaw::Crc { found, declared }));
        }
        self.read += content.len() as u64;
        Ok(content)
    }

    fn inflate(&mut self, entry: &Entry, data: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        const STEP: usize = 4096;
        /// No deflate stream grows by more than this.
        const RATIO: u64 = 1032;
        let declared = entry.header.uncompressed;
        let likely = declared.min(RATIO.saturating_mul(data.len() as u64));
        let left = self.limit.saturating_sub(self.read);
        // One byte more, to see whether a stream ends there or goes on.
        let room = |size: u64| usize::try_from(size.saturating_add(1)).unwrap_or(usize::MAX);
        let mut content = Vec::with_capacity(room(likely.min(left)));

        self.inflater.reset(false);
        loop {
            let taken = usize::try_from(self.inflater.total_in()).unwrap_or(usize::MAX);
            let rest = data.get(taken..).unwrap_or_default();
            let status = self
                .inflater
                .decompress_vec(rest, &mut content, FlushDecompress::Finish)
                .map_err(|error| entry.refuse(Flaw::Stream(error)))?;
            if content.len() as u64 > left {
                let (found, limit) = (self.read + content.len() as u64, self.limit);
                return Err(ArchiveError::TooLarge { found, limit });
            }
            if status == Status::StreamEnd {
                break;
            }
            if content.len() < content.capacity() {
                return Err(entry.refuse(Flaw::Truncated));
            }
            content.reserve_exact(content.len().max(STEP).min(room(left) - content.len()));
        }

        let (found, declared) = (self.inflater.total_in(), entry.header.compressed);
        if found != declared {
            return Err(entry.refuse(Flaw::Compressed { found, declared }));
        }
        Ok(content)
    }
}
