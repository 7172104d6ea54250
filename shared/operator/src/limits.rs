//! What one operator may cost.

use crate::archive;

/// The limits of one operator. A value equal to its limit passes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// What the archive may hold.
    pub archive: archive::Limits,
}

impl Limits {
    /// Room for `uncompressed` bytes in all files together; the rules may not let them grow past that either.
    #[must_use]
    pub fn new(uncompressed: u64) -> Self {
        Limits {
            archive: archive::Limits::new(uncompressed),
        }
    }
}
